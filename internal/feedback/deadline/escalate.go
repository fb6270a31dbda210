package deadline

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Step is one step of escalation.
type Step struct {
	ID     string
	At     string // AtElapsed or AtLate
	Amount int    // percent of the working days given, or working days after the last one
	Told   string // ToldDesk, ToldLeader or ToldSuperior
	Active bool
}

// When a step is due, and who is told.
const (
	AtElapsed    = "elapsed"
	AtLate       = "late"
	ToldDesk     = "desk"     // the desk that works on the case
	ToldLeader   = "leader"   // the leader of that desk's unit
	ToldSuperior = "superior" // the leader of the unit above
)

// Steps lists the steps of escalation.
func (s *Service) Steps(ctx context.Context, actor identity.Actor) ([]Step, error) {
	if !s.Cases.Authz.CanSomewhere(actor, ActionEdit) {
		return nil, s.Cases.Authz.Check(actor, ActionEdit, s.scope(""))
	}
	return s.store.steps(ctx, s.db().Read())
}

// SaveStep adds a step, or changes whom an existing one tells and whether it is in use. They hold for every body.
func (s *Service) SaveStep(ctx context.Context, actor identity.Actor, st Step) error {
	if err := s.Cases.Authz.Check(actor, ActionEdit, s.scope("")); err != nil {
		return err
	}
	var fs fault.Fields
	fs.Check(st.At == AtElapsed || st.At == AtLate, "at", "deadline.step_at_bad")
	fs.Check(st.Amount >= 1 && (st.At == AtElapsed && st.Amount <= 99 || st.At == AtLate && st.Amount <= MaxDays), "amount", "deadline.step_amount_bad")
	fs.Check(slices.Contains([]string{ToldDesk, ToldLeader, ToldSuperior}, st.Told), "told", "deadline.step_told_bad")
	if err := fs.OrNil(); err != nil {
		return err
	}
	st.ID = st.At + "-" + strconv.Itoa(st.Amount)
	return s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.saveStep(ctx, tx, st); err != nil {
			return err
		}
		return s.Cases.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: s.Root, Action: "deadline.step", ResourceType: "Step", ResourceID: st.ID,
			Details: map[string]string{"told": st.Told, "active": strconv.FormatBool(st.Active)}})
	})
}

func (s *Service) work(ctx context.Context, _ *jobs.Job[sweepArgs]) error {
	if err := s.Escalate(ctx); err != nil {
		return err
	}
	return s.Tally(ctx)
}

const batch = 500

// Escalate tells who must know of the clocks that have come to a step, once for each step and last day. When a case has
// passed several steps at once only the gravest is told; the others are written down as seen. Safe to run at any time.
func (s *Service) Escalate(ctx context.Context) error {
	steps, err := s.store.steps(ctx, s.db().Read())
	if err != nil {
		return err
	}
	slices.SortStableFunc(steps, func(a, b Step) int { // the gravest first
		if a.At != b.At {
			if a.At == AtLate {
				return -1
			}
			return 1
		}
		return b.Amount - a.Amount
	})
	told := map[string]bool{}
	for _, st := range steps {
		if !st.Active {
			continue
		}
		if err := s.escalateStep(ctx, st, told); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) escalateStep(ctx context.Context, st Step, told map[string]bool) error {
	today := s.today()
	from, until := today, forever
	if st.At == AtLate {
		from, until = "", s.Cases.Calendar.Add(today, -st.Amount)
		for s.Cases.Calendar.Between(until, today) < st.Amount { // today is a day off
			until = until.AddDays(-1)
		}
	}
	after := ""
	for {
		rows, err := s.store.due(ctx, s.db().Read(), st.ID, from, until, after, batch)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1].ID
		rows = slices.DeleteFunc(rows, func(r running) bool { return st.At == AtElapsed && s.elapsed(r) < st.Amount })
		if len(rows) == 0 {
			continue
		}
		err = s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for _, r := range rows {
				if err := s.tell(ctx, tx, st, r, told[r.ID]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			told[r.ID] = true
		}
	}
}

// elapsed is the percent of the working days from receipt to the last day that have passed.
func (s *Service) elapsed(r running) int {
	received := clock.DateOf(r.ReceivedAt)
	given := s.Cases.Calendar.Between(received, r.Deadline)
	if given <= 0 {
		return 100
	}
	return s.Cases.Calendar.Between(received, s.today()) * 100 / given
}

func (s *Service) tell(ctx context.Context, tx db.Tx, st Step, r running, quiet bool) error {
	unit, told := s.audience(st.Told, r)
	row := noticeRow{ID: id.New(), CaseID: r.ID, StepID: st.ID, Deadline: r.Deadline, UnitID: unit, Told: told, At: s.now()}
	if quiet || unit == "" {
		row.SeenAt = s.now()
	}
	fresh, err := s.store.insertNotice(ctx, tx, row)
	if err != nil || !fresh || !row.SeenAt.IsZero() {
		return err
	}
	key := "deadline.event." + st.At
	_, err = s.Cases.Escalate(ctx, tx, r.ID, s.Cases.Words.T(key, "Amount", strconv.Itoa(st.Amount), "Told", s.Cases.Words.T("deadline.told."+told), "Unit", s.Cases.Unit(unit).FullName))
	return err
}

// audience says which unit's people are told. Of a complaint or denunciation only the leader of the very unit that holds it
// may know that there is one (Law on Denunciations 25/2018/QH14, article 9).
func (s *Service) audience(told string, r running) (unitID, who string) {
	if feedback.Kind(r.Kind).Secret() {
		return r.UnitID, ToldLeader
	}
	forest, today := s.Cases.Forest(), s.today()
	u, err := forest.Unit(r.UnitID, today)
	if err != nil {
		return r.UnitID, told
	}
	if u.ParentID != "" && (u.Kind == orgunit.KindAgency || u.Level == orgunit.LevelArea || u.Level == orgunit.LevelCluster) {
		u = s.Cases.Unit(u.ParentID)
	}
	if told != ToldSuperior {
		return u.ID, told
	}
	for _, above := range forest.Ancestors(u.ID, today) {
		if above.ID != u.ID && above.Kind == orgunit.KindFront {
			return above.ID, ToldSuperior
		}
	}
	return u.ID, ToldLeader // nobody stands above
}

// Notice is one nudge or notice to people of a unit.
type Notice struct {
	ID       string
	CaseID   string
	Code     string
	Title    string // first words of the case
	Step     Step
	UnitID   string // whose people are told
	HolderID string
	Deadline clock.Date
	At       time.Time
}

const noticeLimit = 100

// Notices lists the nudges and notices that the actor's units were told and nobody has marked as seen, newest first, of
// cases that are still open.
func (s *Service) Notices(ctx context.Context, actor identity.Actor) ([]Notice, error) {
	steps, err := s.store.steps(ctx, s.db().Read())
	if err != nil {
		return nil, err
	}
	byID := map[string]Step{}
	for _, st := range steps {
		byID[st.ID] = st
	}
	var rows []struct {
		noticeRow
		Code, Kind, Body, Holder string
	}
	audience := audienceOf(actor)
	if len(audience) == 0 {
		return nil, nil
	}
	err = s.db().Read().NewSelect().TableExpr("deadline_notice AS n").Join("JOIN feedback_case AS c ON c.id = n.case_id").
		ColumnExpr("n.id, n.case_id, n.step_id, n.deadline, n.unit_id, n.told, n.at").ColumnExpr("c.code, c.kind, c.body, c.holder_unit_id AS holder").
		Where("n.seen_at IS NULL").Where("c.state IN ('received', 'working', 'review')").Where("c.paused_at IS NULL").Where("c.deadline = n.deadline").
		WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for told, units := range audience {
				q = q.WhereOr("n.told = ? AND n.unit_id IN (?)", told, bun.In(units))
			}
			return q
		}).OrderExpr("n.at DESC, n.id DESC").Limit(noticeLimit).Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	var out []Notice
	for _, r := range rows {
		if feedback.Kind(r.Kind).Secret() && !actor.Has(identity.RoleLeader, r.Holder) {
			continue // it passed to another receiver after the notice
		}
		out = append(out, Notice{ID: r.ID, CaseID: r.CaseID, Code: r.Code, Title: vntext.Truncate(line(r.Body), 100), Step: byID[r.StepID], UnitID: r.UnitID,
			HolderID: r.Holder, Deadline: r.Deadline, At: r.At.UTC()})
	}
	return out, nil
}

// audienceOf lists, by who is told, the units in which the actor is meant.
func audienceOf(actor identity.Actor) map[string][]string {
	out := map[string][]string{}
	for _, g := range actor.Grants {
		switch g.Role {
		case identity.RoleDeskOfficer:
			out[ToldDesk] = append(out[ToldDesk], g.UnitID)
		case identity.RoleLeader:
			out[ToldLeader] = append(out[ToldLeader], g.UnitID)
			out[ToldSuperior] = append(out[ToldSuperior], g.UnitID)
		}
	}
	return out
}

// MarkSeen says that the actor has read a notice; it leaves the list of everybody in that part of the unit.
func (s *Service) MarkSeen(ctx context.Context, actor identity.Actor, noticeID string) error {
	mine, err := s.Notices(ctx, actor)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(mine, func(n Notice) bool { return n.ID == noticeID })
	if i < 0 {
		return fault.New(fault.NotFound, "deadline.notice_not_found")
	}
	return s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*noticeRow)(nil)).Set("seen_at = ?", s.now()).Set("seen_by = ?", actor.ID).Set("seen_by_name = ?", actor.Name).
			Where("id = ?", noticeID).Where("seen_at IS NULL").Exec(ctx)
		return err
	})
}
