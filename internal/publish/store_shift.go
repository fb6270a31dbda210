package publish

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// dropUnseen takes a post off public pages on which nobody has seen it yet.
func (store) dropUnseen(ctx context.Context, tx db.Tx, postID string, now time.Time) error {
	_, err := tx.NewDelete().Model((*unitRow)(nil)).Where("post_id = ? AND published_at > ?", postID, now).Exec(ctx)
	return err
}

// between lists posts by the hour at which they went or should go out.
func (store) between(ctx context.Context, q bun.IDB, roots []string, on clock.Date, from, to time.Time, unitID string, limit int) (ps []Post, err error) {
	sel := orgunit.Within(q.NewSelect().Model(&ps), "p.unit_id", roots, on)
	if unitID != "" {
		sel = orgunit.Within(sel, "p.unit_id", []string{unitID}, on)
	}
	err = sel.Where("p.state NOT IN (?)", bun.In([]State{StateDiscarded, StateRetracted})).
		Where("((p.published_at IS NOT NULL AND p.published_at >= ? AND p.published_at < ?) OR (p.published_at IS NULL AND p.publish_at >= ? AND p.publish_at < ?))", from, to, from, to).
		OrderExpr("COALESCE(p.published_at, p.publish_at), p.id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("publish: calendar: %w", err)
	}
	return ps, nil
}
