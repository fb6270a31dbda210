package feedback

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback/wordindex"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// scope is what an actor may see: ordinary cases held or taken in within Units and below, secret ones held by the very
// units of Secret.
type scope struct {
	Units  []string
	Near   []string // Units and all below by id, when they are few: the engines then go by index
	Secret []string
	On     clock.Date
	held   bool // only what the units hold is asked for
}

func (sc scope) empty() bool { return len(sc.Units) == 0 && len(sc.Secret) == 0 }

// known are the units whose cases are seen, when they are few.
func (sc scope) known() []string {
	if len(sc.Near) == 0 {
		return nil
	}
	return slices.Concat(sc.Near, sc.Secret)
}

// within narrows the scope to the unit of a filter that lies in it: what the unit holds is then found by index.
func (sc scope) within(forest *orgunit.Forest, f Filter) scope {
	if f.among == nil || !slices.ContainsFunc(sc.Units, func(top string) bool { return forest.Under(f.UnderUnitID, top, sc.On) }) {
		return sc
	}
	sc.Units, sc.Near, sc.held = []string{f.UnderUnitID}, f.among, true
	sc.Secret = slices.DeleteFunc(slices.Clone(sc.Secret), func(unit string) bool { return !slices.Contains(f.among, unit) })
	return sc
}

// apply limits a query on feedback_case (alias c) to the scope.
func (sc scope) apply(q *bun.SelectQuery) *bun.SelectQuery {
	if sc.empty() {
		return q.Where("1 = 0")
	}
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		if len(sc.Units) > 0 {
			q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
				q = q.Where("c.kind NOT IN (?)", bun.In(secretKinds))
				if len(sc.Near) > 0 {
					return q.Where("(c.holder_unit_id IN (?) OR c.origin_unit_id IN (?))", bun.In(sc.Near), bun.In(sc.Near))
				}
				return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
					return q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
						return orgunit.Within(q, "c.holder_unit_id", sc.Units, sc.On)
					}).WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
						return orgunit.Within(q, "c.origin_unit_id", sc.Units, sc.On)
					})
				})
			})
		}
		if len(sc.Secret) > 0 {
			q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("c.kind IN (?)", bun.In(secretKinds)).Where("c.holder_unit_id IN (?)", bun.In(sc.Secret))
			})
		}
		return q
	})
}

// parts splits the scope into queries that each go by one index: the ordinary cases that a few units hold, those they took
// in, and the secret ones. What two of them find counts once. The scope of many units stays one query, and so does what has
// an index of its own.
func (sc scope) parts(split bool, from func() *bun.SelectQuery) []*bun.SelectQuery {
	if len(sc.Near) == 0 || !split {
		return []*bun.SelectQuery{sc.apply(from())}
	}
	out := []*bun.SelectQuery{
		from().Where("c.kind NOT IN (?)", bun.In(secretKinds)).Where("c.holder_unit_id IN (?)", bun.In(sc.Near)),
	}
	if !sc.held {
		out = append(out, from().Where("c.kind NOT IN (?)", bun.In(secretKinds)).Where("c.origin_unit_id IN (?)", bun.In(sc.Near)))
	}
	if len(sc.Secret) > 0 {
		out = append(out, from().Where("c.kind IN (?)", bun.In(secretKinds)).Where("c.holder_unit_id IN (?)", bun.In(sc.Secret)))
	}
	return out
}

var (
	secretKinds = []string{string(Complaint), string(Denunciation)}
	openStates  = []string{string(StateReceived), string(StateWorking), string(StateReview)}
)

// caseWords finds cases by the words of their letters.
var caseWords = wordindex.Index{Table: "feedback_case", Latest: "id"}

// CountedTo is how far lists are counted: a number that reaches it means at least that.
const CountedTo = wordindex.Most

// list reads one page of the cases of a scope by deadline, open ones first, and counts all of them.
func (s store) list(ctx context.Context, q bun.IDB, sc scope, f Filter, today clock.Date) ([]Case, int, error) {
	var order string
	switch all := !f.Open && !f.Overdue && f.State == ""; {
	case all && f.Text == "" && sc.Near == nil: // too many to sort: the latest first, by index
		order = "c.deadline DESC, c.id DESC"
	case all:
		order = "CASE WHEN c.state IN ('received', 'working', 'review') THEN 0 ELSE 1 END, c.deadline, c.id"
	default:
		order = "c.deadline, c.id"
	}
	sorted := order // an expression keeps the engines from walking all open cases by their last day to find those of few units
	if sc.Near != nil || f.among != nil {
		sorted = strings.Replace(order, "c.deadline", "c.deadline || ''", 1)
	}
	var legs []*bun.SelectQuery
	for _, part := range sc.parts(f.Text == "", func() *bun.SelectQuery { return q.NewSelect().Model((*caseRow)(nil)) }) {
		legs = append(legs, filtered(part, f, today))
	}
	if f.Text != "" {
		near := f.among
		if near == nil {
			near = sc.known()
		}
		held, err := caseWords.Hold(ctx, q, legs[0], "c.id", vntext.Tokens(f.Text), near, today.AddDays(1).Time())
		if err != nil {
			return nil, 0, err
		}
		ids, total, err := wordindex.Page(ctx, held.Column("c.id").OrderExpr(order), f.Page, f.Per, CountedTo)
		if err != nil || len(ids) == 0 {
			return nil, total, err
		}
		out, err := s.casesByID(ctx, q, ids)
		return out, total, err
	}
	all := db.Union{Legs: legs, Columns: []string{"c.id", "c.state", "c.deadline"}, Sorted: sorted, Order: order} // what is sorted are ids, not whole letters
	total, err := all.Count(ctx, q, CountedTo)
	if err != nil || total == 0 {
		return nil, 0, err
	}
	page, err := all.Page(ctx, q, f.Page, f.Per)
	if err != nil || len(page) == 0 {
		return nil, total, err
	}
	out, err := s.casesByID(ctx, q, page)
	return out, total, err
}

// casesByID reads cases in the order of their ids; those that are not there are left out.
func (s store) casesByID(ctx context.Context, q bun.IDB, caseIDs []string) ([]Case, error) {
	var rows []caseRow
	for part := range slices.Chunk(caseIDs, 1000) {
		var some []caseRow
		if err := q.NewSelect().Model(&some).Where("c.id IN (?)", bun.In(part)).Scan(ctx); err != nil {
			return nil, err
		}
		rows = append(rows, some...)
	}
	at := make(map[string]int, len(caseIDs))
	for i, caseID := range caseIDs {
		at[caseID] = i
	}
	slices.SortFunc(rows, func(a, b caseRow) int { return at[a.ID] - at[b.ID] })
	return s.casesOf(rows)
}

func filtered(q *bun.SelectQuery, f Filter, today clock.Date) *bun.SelectQuery {
	if f.State != "" {
		q = q.Where("c.state = ?", string(f.State))
	}
	if f.Open {
		q = q.Where("c.state IN (?)", bun.In(openStates))
	}
	if f.Kind != "" {
		q = q.Where("c.kind = ?", string(f.Kind))
	}
	if f.Door != "" {
		q = q.Where("c.door = ?", string(f.Door))
	}
	if f.Category != "" {
		q = q.Where("c.category = ?", f.Category)
	}
	if f.HolderUnitID != "" {
		q = q.Where("c.holder_unit_id = ?", f.HolderUnitID)
	}
	if f.among != nil {
		q = q.Where("c.holder_unit_id || '' IN (?)", bun.In(f.among)) // an expression: the scope's own unit is looked up
	} else if f.UnderUnitID != "" {
		q = orgunit.Within(q, "c.holder_unit_id", []string{f.UnderUnitID}, today)
	}
	if f.ClaimedBy != "" {
		q = q.Where("c.claimed_by = ?", f.ClaimedBy)
	}
	if f.OriginUnitID != "" {
		q = q.Where("c.origin_unit_id = ?", f.OriginUnitID)
	}
	if f.From != "" {
		q = q.Where("c.received_at >= ?", f.From.Time().UTC())
	}
	if f.Until != "" {
		q = q.Where("c.received_at < ?", f.Until.AddDays(1).Time().UTC())
	}
	if f.Overdue {
		q = q.Where("c.state IN (?)", bun.In(openStates)).Where("c.deadline < ?", today).Where("c.paused_at IS NULL")
	}
	if f.Bounced {
		q = q.Where("c.state IN (?)", bun.In(openStates)).
			Where("(SELECT COUNT(*) FROM feedback_event AS e WHERE e.case_id = c.id AND e.step = ?) >= 2", string(StepRoute))
	}
	if f.Rating != 0 {
		q = q.Where("c.rating = ?", f.Rating)
	}
	return q
}

func (store) ratings(ctx context.Context, q bun.IDB, sc scope, f Filter, today clock.Date) (out [4]int, err error) {
	var rows []struct{ Rating, N int }
	err = filtered(sc.apply(q.NewSelect().TableExpr("feedback_case AS c")), f, today).Where("c.answered_at IS NOT NULL").
		ColumnExpr("c.rating").ColumnExpr("COUNT(*) AS n").GroupExpr("c.rating").Scan(ctx, &rows)
	for _, r := range rows {
		out[min(max(r.Rating, 0), 3)] += r.N
	}
	return out, err
}

// waiting reads the open cases that wait for an action of the units' desks, approvers and leaders.
func (s store) waiting(ctx context.Context, q bun.IDB, sc scope, held []string, states []State, overdue bool, today clock.Date, limit int) ([]Case, error) {
	if len(held) == 0 {
		return nil, nil
	}
	var rows []caseRow
	sel := sc.apply(q.NewSelect().Model(&rows)).Where("c.state IN (?)", bun.In(states))
	if overdue {
		sel = orgunit.Within(sel, "c.holder_unit_id", held, today).Where("c.deadline < ?", today).Where("c.paused_at IS NULL")
	} else {
		sel = sel.Where("c.holder_unit_id IN (?)", bun.In(held))
	}
	if err := sel.Order("c.deadline", "c.id").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, err
	}
	return s.casesOf(rows)
}

// counts groups the cases of a scope by the unit that holds them.
func (store) counts(ctx context.Context, q bun.IDB, sc scope, today clock.Date) ([]UnitCount, error) {
	var rows []struct {
		UnitID   string
		Waiting  int
		Overdue  int
		Answered int
	}
	err := sc.apply(q.NewSelect().TableExpr("feedback_case AS c")).
		ColumnExpr("c.holder_unit_id AS unit_id").
		ColumnExpr("SUM(CASE WHEN c.state IN (?) THEN 1 ELSE 0 END) AS waiting", bun.In(openStates)).
		ColumnExpr("SUM(CASE WHEN c.state IN (?) AND c.deadline < ? AND c.paused_at IS NULL THEN 1 ELSE 0 END) AS overdue", bun.In(openStates), today).
		ColumnExpr("SUM(CASE WHEN c.answered_at IS NOT NULL THEN 1 ELSE 0 END) AS answered").
		GroupExpr("c.holder_unit_id").OrderExpr("c.holder_unit_id").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	out := make([]UnitCount, len(rows))
	for i, r := range rows {
		out[i] = UnitCount(r)
	}
	return out, nil
}

func (store) dueOverdue(ctx context.Context, q bun.IDB, today clock.Date, limit int) ([]string, error) {
	return ids(ctx, q.NewSelect().Model((*caseRow)(nil)).Where("c.state IN (?)", bun.In(openStates)).
		Where("c.deadline < ?", today).Where("c.overdue_at IS NULL").Where("c.paused_at IS NULL").Limit(int64(limit)))
}

// dueReminder finds open cases whose last day is near or past and whose desk was not reminded.
func (store) dueReminder(ctx context.Context, q bun.IDB, near clock.Date, limit int) ([]string, error) {
	return ids(ctx, q.NewSelect().Model((*caseRow)(nil)).Where("c.state IN (?)", bun.In(openStates)).
		Where("c.deadline <= ?", near).Where("c.reminded_at IS NULL").Where("c.paused_at IS NULL").Limit(int64(limit)))
}

func (store) dueExpiry(ctx context.Context, q bun.IDB, answeredBefore time.Time, limit int) ([]string, error) {
	return ids(ctx, q.NewSelect().Model((*caseRow)(nil)).Where("c.state = ?", string(StateAnswered)).
		Where("c.answered_at < ?", answeredBefore).Limit(int64(limit)))
}

func ids(ctx context.Context, q *bun.SelectQuery) ([]string, error) {
	var out []string
	err := q.Column("c.id").Order("c.id").Scan(ctx, &out)
	return out, err
}
