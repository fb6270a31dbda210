package published

import (
	"context"
	"math"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
)

// Case is a published case as open data: masked words that a person confirmed, no code, no person, and the place only to
// about a hundred metres.
type Case struct {
	ID         string
	Kind       feedback.Kind
	Category   string
	State      feedback.State
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
func (c Case) HasPoint() bool { return c.Lat != 0 || c.Lon != 0 }

// Matter picks cases of a kind and category; Except picks every category of the kind but these.
type Matter struct {
	Kind     feedback.Kind
	Category string
	Except   []string
}

// Filter narrows open data; zero values narrow nothing.
type Filter struct {
	IDs      []string
	UnitID   string // the unit and everything below
	Kinds    []Matter
	Open     bool // with Closed: both
	Closed   bool
	From, To time.Time // when it was received
	Page     int       // from 1
	Per      int
}

// openRow is a published copy with what of its case is open.
type openRow struct {
	row          `bun:",extend"`
	State        string
	Lat, Lon     float64
	ClosedAt     time.Time `bun:",nullzero"`
	HolderUnitID string
	HolderSince  time.Time
	Deadline     clock.Date
}

func (r openRow) domain() Case {
	c := Case{ID: r.ID, Kind: feedback.Kind(r.Kind), Category: r.Category, State: feedback.State(r.State), Title: r.Title, Question: r.Question, Answer: r.Answer,
		OriginID: r.OriginID, UnitID: r.UnitID, HolderID: r.HolderUnitID, Lat: math.Round(r.Lat*1000) / 1000, Lon: math.Round(r.Lon*1000) / 1000,
		ReceivedAt: r.ReceivedAt.UTC(), AnsweredAt: r.AnsweredAt.UTC(), Deadline: r.Deadline}
	for _, t := range []time.Time{r.ReceivedAt, r.HolderSince, r.AnsweredAt, r.ClosedAt} {
		if t.After(c.UpdatedAt) {
			c.UpdatedAt = t.UTC()
		}
	}
	return c
}

// Cases lists published cases, the newest received first, and counts those that fit, up to feedback.CountedTo. It is public;
// complaints and denunciations are never among them.
func (r *Reader) Cases(ctx context.Context, f Filter) ([]Case, int, error) {
	q := r.db.Read()
	sel := f.narrow(q.NewSelect().Model((*row)(nil)), r.below(f.UnitID), r.today())
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
	out := make([]Case, len(rows))
	for i, one := range rows {
		out[i] = one.domain()
	}
	return out, n, err
}

// Counts counts the published cases that fit by the unit that took them in. It is public.
func (r *Reader) Counts(ctx context.Context, f Filter) (map[string]int, error) {
	var rows []struct {
		OriginID string
		N        int
	}
	err := f.narrow(r.db.Read().NewSelect().Model((*row)(nil)), r.below(f.UnitID), r.today()).ColumnExpr("p.origin_id").ColumnExpr("COUNT(*) AS n").GroupExpr("p.origin_id").Scan(ctx, &rows)
	out := map[string]int{}
	for _, one := range rows {
		out[one.OriginID] = one.N
	}
	return out, err
}

// narrow applies the filter, of whose unit near lists all below when they are few; only the state is the case's own, all else stands with the published copy.
func (f Filter) narrow(sel *bun.SelectQuery, near []string, on clock.Date) *bun.SelectQuery {
	sel = ofUnit(sel, f.UnitID, near, on).Where("p.kind IN (?)", bun.In([]string{string(feedback.Report), string(feedback.Petition)}))
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
	open := bun.In([]string{string(feedback.StateReceived), string(feedback.StateWorking), string(feedback.StateReview)})
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

// Update is one step of a published case that changed how it stands.
type Update struct {
	ID     string
	CaseID string
	Step   feedback.Step
	At     time.Time
	UnitID string // who acts from then on
	Answer string // the masked answer, with the step that gave it
}

// openSteps are the steps that open data tells of. Reasons stay inside: nobody has looked whether they name a person.
var openSteps = []string{string(feedback.StepReceive), string(feedback.StepRoute), string(feedback.StepApprove), string(feedback.StepReopen), string(feedback.StepThank)}

// Updates lists the steps of published cases between From and To of the filter, oldest first. It is public.
func (r *Reader) Updates(ctx context.Context, f Filter) ([]Update, error) {
	var rows []struct {
		ID       string
		CaseID   string
		Step     string
		At       time.Time
		UnitID   string
		ToUnitID string
		Answer   string
	}
	from, to := f.From, f.To
	f.From, f.To = time.Time{}, time.Time{}
	q := r.db.Read()
	ids := f.narrow(q.NewSelect().Model((*row)(nil)), r.below(f.UnitID), r.today()).Column("p.id")
	sel := q.NewSelect().TableExpr("feedback_event AS e").Join("JOIN feedback_public AS pub ON pub.id = e.case_id").ColumnExpr("e.id, e.case_id, e.step, e.at, e.unit_id, e.to_unit_id, pub.answer").
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
	out := make([]Update, len(rows))
	for i, e := range rows {
		out[i] = Update{ID: e.ID, CaseID: e.CaseID, Step: feedback.Step(e.Step), At: e.At.UTC(), UnitID: e.UnitID}
		if e.ToUnitID != "" {
			out[i].UnitID = e.ToUnitID
		}
		if feedback.Step(e.Step) == feedback.StepApprove {
			out[i].Answer = e.Answer
		}
	}
	return out, nil
}
