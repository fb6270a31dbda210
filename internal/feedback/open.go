package feedback

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// DoorOpen311 is the way in for other programs (Open311 GeoReport v2).
const DoorOpen311 Door = "open311"

// OpenCase is a published case as open data: masked words that a person confirmed, no code, no person, and the place only to
// about a hundred metres.
type OpenCase struct {
	ID         string
	Kind       Kind
	Category   string
	State      State
	Title      string
	Question   string
	Answer     string
	OriginID   string // unit that took it in
	UnitID     string // unit that answered
	HolderID   string // unit that holds it now
	Lat, Lon   float64
	ReceivedAt time.Time
	UpdatedAt  time.Time
	AnsweredAt time.Time
	Deadline   clock.Date
}

// HasPoint tells whether a point is known.
func (c OpenCase) HasPoint() bool { return c.Lat != 0 || c.Lon != 0 }

// OpenKind picks cases of a kind and category; Except picks every category of the kind but these.
type OpenKind struct {
	Kind     Kind
	Category string
	Except   []string
}

// OpenFilter narrows open data; zero values narrow nothing.
type OpenFilter struct {
	IDs      []string
	UnitID   string // the unit and everything below
	Kinds    []OpenKind
	Open     bool // with Closed: both
	Closed   bool
	From, To time.Time // when it was received
	Page     int       // from 1
	Per      int
}

// openRow is a published copy with what of its case is open.
type openRow struct {
	publicRow    `bun:",extend"`
	State        string
	Lat, Lon     float64
	ClosedAt     time.Time `bun:",nullzero"`
	HolderUnitID string
	HolderSince  time.Time
	Deadline     clock.Date
}

func (r openRow) domain() OpenCase {
	c := OpenCase{ID: r.ID, Kind: Kind(r.Kind), Category: r.Category, State: State(r.State), Title: r.Title, Question: r.Question, Answer: r.Answer,
		OriginID: r.OriginID, UnitID: r.UnitID, HolderID: r.HolderUnitID, Lat: math.Round(r.Lat*1000) / 1000, Lon: math.Round(r.Lon*1000) / 1000,
		ReceivedAt: r.ReceivedAt.UTC(), AnsweredAt: r.AnsweredAt.UTC(), Deadline: r.Deadline}
	for _, t := range []time.Time{r.ReceivedAt, r.HolderSince, r.AnsweredAt, r.ClosedAt} {
		if t.After(c.UpdatedAt) {
			c.UpdatedAt = t.UTC()
		}
	}
	return c
}

// OpenCases lists published cases, the newest received first, and counts those that fit, up to a thousand. It is public;
// complaints and denunciations are never among them.
func (s *Service) OpenCases(ctx context.Context, f OpenFilter) ([]OpenCase, int, error) {
	q := s.DB.Read()
	sel := f.narrow(q.NewSelect().Model((*publicRow)(nil)), s.below(f.UnitID), s.today())
	n, err := fewer(ctx, q, sel)
	if err != nil || n == 0 {
		return nil, 0, err
	}
	var page []string // what is sorted are ids, not whole answers
	err = sel.Column("p.id").OrderExpr("p.received_at DESC, p.id DESC").Limit(int64(f.Per)).Offset(int64((max(f.Page, 1)-1)*f.Per)).Scan(ctx, &page)
	if err != nil || len(page) == 0 {
		return nil, n, err
	}
	var rows []openRow
	err = q.NewSelect().Model(&rows).Join("JOIN feedback_case AS c ON c.id = p.id").Where("p.id IN (?)", bun.In(page)).
		Column("p.id", "p.unit_id", "p.origin_id", "p.title", "p.question", "p.answer", "p.answered_at", "p.received_at", "p.kind", "p.category").
		ColumnExpr("c.state, c.lat, c.lon, c.closed_at, c.holder_unit_id, c.holder_since, c.deadline").
		OrderExpr("p.received_at DESC, p.id DESC").Scan(ctx)
	out := make([]OpenCase, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, n, err
}

// OpenCounts counts the published cases that fit by the unit that took them in. It is public.
func (s *Service) OpenCounts(ctx context.Context, f OpenFilter) (map[string]int, error) {
	var rows []struct {
		OriginID string
		N        int
	}
	err := f.narrow(s.DB.Read().NewSelect().Model((*publicRow)(nil)), s.below(f.UnitID), s.today()).ColumnExpr("p.origin_id").ColumnExpr("COUNT(*) AS n").GroupExpr("p.origin_id").Scan(ctx, &rows)
	out := map[string]int{}
	for _, r := range rows {
		out[r.OriginID] = r.N
	}
	return out, err
}

// narrow applies the filter, of whose unit near lists all below when they are few; only the state is the case's own, all else stands with the published copy.
func (f OpenFilter) narrow(sel *bun.SelectQuery, near []string, on clock.Date) *bun.SelectQuery {
	sel = ofUnit(sel, f.UnitID, near, on).Where("p.kind IN (?)", bun.In([]string{string(Report), string(Petition)}))
	if len(f.IDs) > 0 {
		sel = sel.Where("p.id IN (?)", bun.In(f.IDs))
	}
	if len(f.Kinds) > 0 {
		sel = sel.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			for _, k := range f.Kinds {
				switch {
				case k.Category != "":
					q = q.WhereOr("p.kind = ? AND p.category = ?", string(k.Kind), k.Category)
				case len(k.Except) > 0:
					q = q.WhereOr("p.kind = ? AND p.category NOT IN (?)", string(k.Kind), bun.In(k.Except))
				default:
					q = q.WhereOr("p.kind = ?", string(k.Kind))
				}
			}
			return q
		})
	}
	open := bun.In([]string{string(StateReceived), string(StateWorking), string(StateReview)})
	if f.Open != f.Closed {
		sel = sel.Join("JOIN feedback_case AS c ON c.id = p.id")
	}
	if f.Open && !f.Closed {
		sel = sel.Where("c.state IN (?)", open)
	}
	if f.Closed && !f.Open {
		sel = sel.Where("c.state NOT IN (?)", open)
	}
	if !f.From.IsZero() {
		sel = sel.Where("p.received_at >= ?", f.From)
	}
	if !f.To.IsZero() {
		sel = sel.Where("p.received_at <= ?", f.To)
	}
	return sel
}

// OpenUpdate is one step of a published case that changed how it stands.
type OpenUpdate struct {
	ID     string
	CaseID string
	Step   Step
	At     time.Time
	UnitID string // who acts from then on
	Answer string // the masked answer, with the step that gave it
}

// openSteps are the steps that open data tells of. Reasons stay inside: nobody has looked whether they name a person.
var openSteps = []string{string(StepReceive), string(StepRoute), string(StepApprove), string(StepReopen), string(StepThank)}

// OpenUpdates lists the steps of published cases between From and To of the filter, oldest first. It is public.
func (s *Service) OpenUpdates(ctx context.Context, f OpenFilter) ([]OpenUpdate, error) {
	var rows []struct {
		eventRow `bun:",extend"`
		Answer   string
	}
	from, to := f.From, f.To
	f.From, f.To = time.Time{}, time.Time{}
	q := s.DB.Read()
	ids := f.narrow(q.NewSelect().Model((*publicRow)(nil)), s.below(f.UnitID), s.today()).Column("p.id")
	sel := q.NewSelect().TableExpr("feedback_event AS e").Join("JOIN feedback_public AS pub ON pub.id = e.case_id").ColumnExpr("e.*").ColumnExpr("pub.answer").
		Where("e.case_id IN (?)", ids).Where("e.step IN (?)", bun.In(openSteps))
	if !from.IsZero() {
		sel = sel.Where("e.at >= ?", from)
	}
	if !to.IsZero() {
		sel = sel.Where("e.at <= ?", to)
	}
	if err := sel.OrderExpr("e.at, e.id").Limit(int64(f.Per)).Offset(int64((max(f.Page, 1)-1)*f.Per)).Scan(ctx, &rows); err != nil {
		return nil, err
	}
	out := make([]OpenUpdate, len(rows))
	for i, r := range rows {
		out[i] = OpenUpdate{ID: r.ID, CaseID: r.CaseID, Step: Step(r.Step), At: r.At.UTC(), UnitID: r.UnitID}
		if r.ToUnitID != "" {
			out[i].UnitID = r.ToUnitID
		}
		if Step(r.Step) == StepApprove {
			out[i].Answer = r.Answer
		}
	}
	return out, nil
}

// Relay takes in what another program sends for a person. The actor is the house acting for the key that was checked;
// source names the sender and the sending: the same is taken in once.
func (s *Service) Relay(ctx context.Context, actor identity.Actor, in Intake, source string) (Case, error) {
	if actor.Kind != identity.ActorSystem {
		return Case{}, fault.New(fault.Forbidden, "identity.not_allowed")
	}
	if in.Kind.Secret() || source == "" {
		return Case{}, fault.Field("kind", "feedback.kind_unknown") // these need a person who can be asked back
	}
	in.Door, in.Return, in.SourceKey = DoorOpen311, Return{}, string(DoorOpen311)+":"+source
	return s.take(ctx, actor, in)
}

// Relayed gives a case that came in with a source of the prefix, to the house acting for that sender. A case that became a
// complaint or denunciation is no longer there for them.
func (s *Service) Relayed(ctx context.Context, actor identity.Actor, caseID, prefix string) (Case, error) {
	if actor.Kind != identity.ActorSystem {
		return Case{}, errNoCase()
	}
	var r caseRow
	err := s.DB.Read().NewSelect().Model(&r).Where("c.id = ?", caseID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (!strings.HasPrefix(r.SourceKey, string(DoorOpen311)+":"+prefix) || Kind(r.Kind).Secret()) {
		return Case{}, errNoCase()
	}
	if err != nil {
		return Case{}, err
	}
	return r.domain(), nil
}
