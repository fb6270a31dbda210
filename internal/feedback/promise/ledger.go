package promise

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Filter narrows the ledger; zero values narrow nothing.
type Filter struct {
	UnitID    string // and below
	Standing  Standing
	Text      string
	Page, Per int // Page from 1
}

// List gives public promises, the next due first, and counts all that fit. It is public.
func (s *Service) List(ctx context.Context, f Filter) ([]Promise, int, error) {
	return s.store.list(ctx, s.DB.Read(), f, s.Today())
}

// Get gives a public promise; a NotFound fault for any other. It is public.
func (s *Service) Get(ctx context.Context, promiseID string) (Promise, error) {
	p, err := s.store.find(ctx, s.DB.Read(), promiseID)
	if err != nil || !p.Public || (p.State != StateOpen && p.State != StateKept) {
		if err == nil {
			err = errNone()
		}
		return Promise{}, err
	}
	return p, nil
}

// History gives the steps of a public promise, oldest first, without names, photos and the words of citizens. It is public.
func (s *Service) History(ctx context.Context, promiseID string) ([]Event, error) {
	if _, err := s.Get(ctx, promiseID); err != nil {
		return nil, err
	}
	all, err := s.store.events(ctx, s.DB.Read(), promiseID)
	var out []Event
	for _, e := range all {
		e.ActorName, e.PictureID = "", ""
		if e.Step == StepReopened {
			e.Words = ""
		}
		if e.Step != StepRemind {
			out = append(out, e)
		}
	}
	return out, err
}

// OfCase lists the promises of a case with their steps, for an official who may read it.
func (s *Service) OfCase(ctx context.Context, actor identity.Actor, caseID string) ([]Promise, map[string][]Event, error) {
	if _, err := s.Cases.Look(ctx, actor, caseID); err != nil {
		return nil, nil, err
	}
	decided, err := s.store.byMark(ctx, s.DB.Read(), caseID)
	if err != nil {
		return nil, nil, err
	}
	var out []Promise
	steps := map[string][]Event{}
	for _, p := range decided {
		if p.State != StateOpen && p.State != StateKept {
			continue
		}
		if steps[p.ID], err = s.store.events(ctx, s.DB.Read(), p.ID); err != nil {
			return nil, nil, err
		}
		out = append(out, p)
	}
	sortByDue(out)
	return out, steps, nil
}

// Tally is how the public promises of a unit stand today, as raw counts.
type Tally struct {
	UnitID  string
	Total   int
	Waiting int
	Kept    int
	Changed int
	Late    int
}

// Tallies counts by unit, for a unit and below; "" means everywhere. It is public.
func (s *Service) Tallies(ctx context.Context, unitID string) ([]Tally, error) {
	return s.store.tallies(ctx, s.DB.Read(), unitID, s.Today())
}

// weekDays is how far ahead "due this week" looks, in calendar days.
const weekDays = 7

// DueSoon lists the open promises of the actor's units whose day is within a week or has passed: for leaders and desk
// officers, by day.
func (s *Service) DueSoon(ctx context.Context, actor identity.Actor) ([]Promise, error) {
	var units []string
	for _, g := range actor.Grants {
		if g.Role == identity.RoleLeader || g.Role == identity.RoleDeskOfficer {
			units = append(units, g.UnitID)
		}
	}
	if len(units) == 0 {
		return nil, nil
	}
	return s.store.due(ctx, s.DB.Read(), s.Cases.DesksOf(units), s.Today().AddDays(weekDays))
}

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "promise.sweep" }

// remindDays is how many days before its day the owner of a promise is reminded.
const remindDays = 3

// Sweep reminds the owners of what is due in three days, and again when the day has passed: once each. Only the house itself
// may ask.
func (s *Service) Sweep(ctx context.Context, actor identity.Actor) error {
	if actor.Kind != identity.ActorSystem {
		return fault.New(fault.Forbidden, "identity.not_allowed")
	}
	list, err := s.store.due(ctx, s.DB.Read(), nil, s.Today().AddDays(remindDays))
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, p := range list {
			events, err := s.store.events(ctx, tx, p.ID)
			if err != nil {
				return err
			}
			late := p.Due < s.Today()
			if reminded(events, p.Due, late) {
				continue
			}
			mark := "due"
			if late {
				mark = "late"
			}
			if err := s.store.event(ctx, tx, p.ID, Event{Step: StepRemind, At: s.Clock.Now(), NewDue: p.Due, Words: mark}, identity.Actor{}); err != nil {
				return err
			}
		}
		return nil
	})
}

func reminded(events []Event, due clock.Date, late bool) bool {
	for _, e := range events {
		if e.Step == StepRemind && e.NewDue == due && (e.Words == "late") == late {
			return true
		}
	}
	return false
}

func errNone() *fault.Error { return fault.New(fault.NotFound, "promise.not_found") }

type itemRow struct {
	bun.BaseModel `bun:"table:promise_item,alias:p"`
	ID            string `bun:",pk"`
	CaseID        string
	Sentence      string
	Mark          string
	UnitID        string
	What          string
	Who           string
	Place         string
	Due           clock.Date
	FirstDue      clock.Date
	State         string
	Reason        string
	Public        bool
	MadeOn        clock.Date
	KeptOn        clock.Date
	Changes       int
	Reopened      int
	Search        string
	ByID          string
	At            time.Time
}

func (r itemRow) domain() Promise {
	return Promise{ID: r.ID, CaseID: r.CaseID, Mark: r.Mark, Sentence: r.Sentence, UnitID: r.UnitID, What: r.What, Who: r.Who, Place: r.Place, Due: r.Due, FirstDue: r.FirstDue,
		State: State(r.State), Reason: r.Reason, Public: r.Public, MadeOn: r.MadeOn, KeptOn: r.KeptOn, Changes: r.Changes, Reopened: r.Reopened}
}

func rowOf(p Promise, by string, at time.Time) *itemRow {
	return &itemRow{ID: p.ID, CaseID: p.CaseID, Sentence: p.Sentence, Mark: p.Mark, UnitID: p.UnitID, What: p.What, Who: p.Who, Place: p.Place, Due: p.Due, FirstDue: p.FirstDue,
		State: string(p.State), Reason: p.Reason, Public: p.Public, MadeOn: p.MadeOn, KeptOn: p.KeptOn, Changes: p.Changes, Reopened: p.Reopened,
		Search: vntext.Fold(p.What + " " + p.Who + " " + p.Place), ByID: by, At: at}
}

type eventRow struct {
	bun.BaseModel `bun:"table:promise_event"`
	ID            string `bun:",pk"`
	PromiseID     string
	Step          string
	At            time.Time
	ActorID       string
	ActorName     string
	OldDue        clock.Date
	NewDue        clock.Date
	Words         string
	PictureID     string
}

type store struct{}

func (store) find(ctx context.Context, q bun.IDB, promiseID string) (Promise, error) {
	var r itemRow
	err := q.NewSelect().Model(&r).Where("p.id = ?", promiseID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Promise{}, errNone()
	}
	return r.domain(), err
}

func (store) lock(ctx context.Context, tx db.Tx, promiseID string) (Promise, error) {
	var r itemRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("p.id = ?", promiseID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Promise{}, errNone()
	}
	return r.domain(), err
}

// byMark reads every decision of a case by the sentence it is about.
func (store) byMark(ctx context.Context, q bun.IDB, caseID string) (map[string]Promise, error) {
	var rows []itemRow
	err := q.NewSelect().Model(&rows).Where("p.case_id = ?", caseID).Scan(ctx)
	out := make(map[string]Promise, len(rows))
	for _, r := range rows {
		out[r.Mark] = r.domain()
	}
	return out, err
}

// decide writes a decision; one that stands in the ledger already is not touched.
func (store) decide(ctx context.Context, q bun.IDB, p Promise, by string, at time.Time) error {
	_, err := q.NewDelete().Model((*itemRow)(nil)).Where("case_id = ?", p.CaseID).Where("mark = ?", p.Mark).Where("state IN (?)", bun.In([]string{string(StateDraft), string(StateDismissed)})).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = q.NewInsert().Model(rowOf(p, by, at)).On("CONFLICT (case_id, mark) DO NOTHING").Exec(ctx)
	return err
}

func (store) update(ctx context.Context, q bun.IDB, p Promise) error {
	_, err := q.NewUpdate().Model(rowOf(p, "", time.Time{})).WherePK().Column("unit_id", "due", "state", "made_on", "kept_on", "changes", "reopened", "public").Exec(ctx)
	return err
}

func (store) drop(ctx context.Context, q bun.IDB, promiseID string) error {
	_, err := q.NewDelete().Model((*itemRow)(nil)).Where("id = ?", promiseID).Exec(ctx)
	return err
}

// forgetCase empties the words of a case's promises and takes them out of the public ledger.
func (store) forgetCase(ctx context.Context, q bun.IDB, caseID string) error {
	_, err := q.NewUpdate().Model((*itemRow)(nil)).Set("public = ?", false).Set("sentence = ''").Set("what = ''").Set("who = ''").Set("place = ''").Set("reason = ''").Set("search = ''").
		Set("state = ?", string(StateDismissed)).Where("case_id = ?", caseID).Exec(ctx)
	return err
}

func (store) event(ctx context.Context, q bun.IDB, promiseID string, e Event, actor identity.Actor) error {
	_, err := q.NewInsert().Model(&eventRow{ID: id.New(), PromiseID: promiseID, Step: string(e.Step), At: e.At, ActorID: actor.ID, ActorName: actor.Name, OldDue: e.OldDue, NewDue: e.NewDue,
		Words: e.Words, PictureID: e.PictureID}).Exec(ctx)
	return err
}

func (store) events(ctx context.Context, q bun.IDB, promiseID string) ([]Event, error) {
	var rows []eventRow
	err := q.NewSelect().Model(&rows).Where("promise_id = ?", promiseID).Order("at", "id").Scan(ctx)
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = Event{Step: Step(r.Step), At: r.At.UTC(), ActorName: r.ActorName, OldDue: r.OldDue, NewDue: r.NewDue, Words: r.Words, PictureID: r.PictureID}
	}
	return out, err
}

func (store) usedPictures(ctx context.Context, q bun.IDB, ids []string) (used []string, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	err = q.NewSelect().Model((*eventRow)(nil)).Column("picture_id").Where("picture_id IN (?)", bun.In(ids)).Scan(ctx, &used)
	return used, err
}

var given = []string{string(StateOpen), string(StateKept)}

// standing is the SQL of Promise.Stands.
func standing(q *bun.SelectQuery, st Standing, today clock.Date) *bun.SelectQuery {
	late := "((p.state = 'kept' AND p.kept_on > p.due) OR (p.state = 'open' AND p.due < ?))"
	switch st {
	case Late:
		return q.Where(late, today)
	case Changed:
		return q.Where("NOT "+late, today).Where("p.changes > 0")
	case Kept:
		return q.Where("NOT "+late, today).Where("p.changes = 0").Where("p.state = 'kept'")
	case Week:
		return q.Where("p.state = 'open'").Where("p.due >= ?", today).Where("p.due <= ?", today.AddDays(weekDays))
	case Waiting:
		return q.Where("NOT "+late, today).Where("p.changes = 0").Where("p.state = 'open'")
	}
	return q
}

func within(q *bun.SelectQuery, unitID string, on clock.Date) *bun.SelectQuery {
	if unitID == "" {
		return q
	}
	return orgunit.Within(q, "p.unit_id", []string{unitID}, on)
}

func (store) list(ctx context.Context, q bun.IDB, f Filter, today clock.Date) ([]Promise, int, error) {
	var rows []itemRow
	sel := standing(within(q.NewSelect().Model(&rows).Where("p.public").Where("p.state IN (?)", bun.In(given)), f.UnitID, today), f.Standing, today)
	for _, w := range vntext.Tokens(f.Text) {
		sel = sel.Where("p.search LIKE ?", "%"+w+"%")
	}
	n, err := sel.Clone().Count(ctx)
	if err != nil || n == 0 {
		return nil, 0, err
	}
	sel = sel.OrderExpr("CASE WHEN p.state = 'open' THEN 0 ELSE 1 END, p.due, p.id")
	if f.Per > 0 {
		sel = sel.Limit(int64(f.Per)).Offset(int64((max(f.Page, 1) - 1) * f.Per))
	}
	err = sel.Scan(ctx)
	return domains(rows), int(n), err
}

// due lists open promises up to a day; units nil means everywhere.
func (store) due(ctx context.Context, q bun.IDB, units []string, until clock.Date) ([]Promise, error) {
	var rows []itemRow
	sel := q.NewSelect().Model(&rows).Where("p.state = ?", string(StateOpen)).Where("p.due <= ?", until)
	if units != nil {
		sel = sel.Where("p.unit_id IN (?)", bun.In(units))
	}
	err := sel.Order("p.due", "p.id").Limit(500).Scan(ctx)
	return domains(rows), err
}

func (store) tallies(ctx context.Context, q bun.IDB, unitID string, today clock.Date) ([]Tally, error) {
	const late = "((p.state = 'kept' AND p.kept_on > p.due) OR (p.state = 'open' AND p.due < ?))"
	var out []Tally
	sel := q.NewSelect().TableExpr("promise_item AS p").ColumnExpr("p.unit_id").ColumnExpr("COUNT(*) AS total").
		ColumnExpr("SUM(CASE WHEN "+late+" THEN 1 ELSE 0 END) AS late", today).
		ColumnExpr("SUM(CASE WHEN NOT "+late+" AND p.changes > 0 THEN 1 ELSE 0 END) AS changed", today).
		ColumnExpr("SUM(CASE WHEN NOT "+late+" AND p.changes = 0 AND p.state = 'kept' THEN 1 ELSE 0 END) AS kept", today).
		ColumnExpr("SUM(CASE WHEN NOT "+late+" AND p.changes = 0 AND p.state = 'open' THEN 1 ELSE 0 END) AS waiting", today).
		Where("p.public").Where("p.state IN (?)", bun.In(given)).GroupExpr("p.unit_id").OrderExpr("COUNT(*) DESC, p.unit_id")
	err := within(sel, unitID, today).Scan(ctx, &out)
	return out, err
}

func domains(rows []itemRow) []Promise {
	out := make([]Promise, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out
}

// Open gives a promise with all its steps to an official who may read its case; edit tells whether they work on it.
func (s *Service) Open(ctx context.Context, actor identity.Actor, promiseID string) (p Promise, steps []Event, edit bool, err error) {
	if p, err = s.store.find(ctx, s.DB.Read(), promiseID); err != nil {
		return Promise{}, nil, false, err
	}
	c, err := s.Cases.Look(ctx, actor, p.CaseID)
	if err != nil || (p.State != StateOpen && p.State != StateKept) {
		return Promise{}, nil, false, errNone().Because(err)
	}
	steps, err = s.store.events(ctx, s.DB.Read(), p.ID)
	return p, steps, s.Cases.Check(actor, feedback.ActionWork, c) == nil, err
}
