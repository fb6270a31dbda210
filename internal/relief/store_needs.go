package relief

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

func (st store) needByOffline(ctx context.Context, q bun.IDB, offlineID string) (Need, error) {
	var n Need
	if err := one(ctx, q.NewSelect().Model(&n).Where("n.offline_id = ?", offlineID), &n, "relief.need.not_found"); err != nil {
		return n, err
	}
	var err error
	n.Item, err = st.item(ctx, q, n.ItemID)
	return n, err
}

func (st store) saveNeed(ctx context.Context, q bun.IDB, n Need) error {
	return st.update(ctx, q, &n, "qty", "promised", "received", "urgency", "place", "note", "state", "reason", "opened_at", "confirmed_at", "closed_at", "nudged_at")
}

// itemUsed tells whether anything counts in the item's measure.
func (store) itemUsed(ctx context.Context, q bun.IDB, itemID string) (bool, error) {
	for _, model := range []any{(*Need)(nil), (*Lot)(nil), (*Offer)(nil)} {
		yes, err := q.NewSelect().Model(model).Where("item_id = ?", itemID).Exists(ctx)
		if err != nil || yes {
			return yes, err
		}
	}
	return false, nil
}

// unitTotals sums the needs by unit, drafts and withdrawn ones left out.
func (store) unitTotals(ctx context.Context, q bun.IDB, stale time.Time) ([]totalRow, error) {
	var rows []totalRow
	open := bun.In(openNeeds)
	missing := bun.In([]NeedState{NeedOpen, NeedPartial})
	err := q.NewSelect().Model((*Need)(nil)).Join("JOIN relief_item AS i ON i.id = n.item_id").ColumnExpr("n.unit_id AS unit_id").
		ColumnExpr("count(*) AS needs").
		ColumnExpr("sum(CASE WHEN n.state IN (?) THEN 1 ELSE 0 END) AS open", open).
		ColumnExpr("sum(CASE WHEN n.state IN (?) AND n.opened_at < ? THEN 1 ELSE 0 END) AS waits", missing, stale).
		ColumnExpr("sum(CASE WHEN n.state IN (?) AND n.confirmed_at < ? THEN 1 ELSE 0 END) AS stale", open, stale).
		ColumnExpr("sum(n.qty * i.unit_value) AS asked").ColumnExpr("sum(n.promised * i.unit_value) AS promised").ColumnExpr("sum(n.received * i.unit_value) AS received").
		ColumnExpr("min(CASE WHEN n.state IN (?) THEN n.opened_at END) AS since", missing).
		Where("n.state NOT IN (?)", bun.In([]NeedState{NeedDraft, NeedWithdrawn})).Group("n.unit_id").Scan(ctx, &rows)
	return rows, err
}
