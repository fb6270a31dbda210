package feedback

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// scope is what an actor may see: ordinary cases held or taken in within Units and below, secret ones held by the very
// units of Secret.
type scope struct {
	Units  []string
	Secret []string
	On     clock.Date
}

func (sc scope) empty() bool { return len(sc.Units) == 0 && len(sc.Secret) == 0 }

// apply limits a query on feedback_case (alias c) to the scope.
func (sc scope) apply(q *bun.SelectQuery) *bun.SelectQuery {
	if sc.empty() {
		return q.Where("1 = 0")
	}
	return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
		if len(sc.Units) > 0 {
			q = q.WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("c.kind NOT IN (?)", bun.In(secretKinds)).WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
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

var (
	secretKinds = []string{string(Complaint), string(Denunciation)}
	openStates  = []string{string(StateReceived), string(StateWorking), string(StateReview)}
)

// list reads one page of the cases of a scope by deadline, open ones first, and counts all of them.
func (s store) list(ctx context.Context, q bun.IDB, sc scope, f Filter, today clock.Date) ([]Case, int, error) {
	var rows []caseRow
	sel := filtered(sc.apply(q.NewSelect().Model(&rows)), f, today)
	total, err := sel.Clone().Count(ctx)
	if err != nil || total == 0 {
		return nil, 0, err
	}
	sel = sel.OrderExpr("CASE WHEN c.state IN (?) THEN 0 ELSE 1 END", bun.In(openStates)).Order("c.deadline", "c.id")
	if f.Per > 0 {
		sel = sel.Limit(int64(f.Per)).Offset(int64((max(f.Page, 1) - 1) * f.Per))
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, 0, err
	}
	out, err := s.casesOf(rows)
	return out, int(total), err
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
	if f.HolderUnitID != "" {
		q = q.Where("c.holder_unit_id = ?", f.HolderUnitID)
	}
	if f.UnderUnitID != "" {
		q = orgunit.Within(q, "c.holder_unit_id", []string{f.UnderUnitID}, today)
	}
	if f.ClaimedBy != "" {
		q = q.Where("c.claimed_by = ?", f.ClaimedBy)
	}
	if f.Overdue {
		q = q.Where("c.state IN (?)", bun.In(openStates)).Where("c.deadline < ?", today).Where("c.paused_at IS NULL")
	}
	for _, w := range vntext.Tokens(f.Text) {
		q = q.Where("c.search LIKE ?", "%"+w+"%")
	}
	return q
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
