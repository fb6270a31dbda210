package feedback

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// said lists ordinary cases received in a span, by id (which is in the order of receipt), after the given one.
func (store) said(ctx context.Context, q bun.IDB, from, to time.Time, after string, limit int64) ([]caseRow, error) {
	var rows []caseRow
	return rows, q.NewSelect().Model(&rows).Column("id", "origin_unit_id", "body", "account_id", "person_id").
		Where("c.received_at >= ?", from).Where("c.received_at < ?", to).Where("c.kind IN (?)", bun.In([]Kind{Report, Petition})).
		Where("c.id > ?", after).OrderExpr("c.id").Limit(limit).Scan(ctx)
}
