package planner

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the planner's SQL; it holds nothing.
type store struct{}

type slotRow struct {
	bun.BaseModel `bun:"table:planner_slot,alias:s"`

	AccountID string     `bun:"account_id,pk"`
	Day       clock.Date `bun:"day,pk"`
	PostID    string     `bun:"post_id"`
	At        time.Time  `bun:"at"`
	BookedAt  time.Time  `bun:"booked_at"`
}

// booked reads the slots from one day to another, both included.
func (store) booked(ctx context.Context, q bun.IDB, from, to clock.Date) (Booked, error) {
	var rows []slotRow
	if err := q.NewSelect().Model(&rows).Column("account_id", "day", "post_id").Where("day >= ?", from).Where("day <= ?", to).Scan(ctx); err != nil {
		return nil, fmt.Errorf("planner: booked: %w", err)
	}
	out := make(Booked, len(rows))
	for _, r := range rows {
		out[Slot{r.AccountID, r.Day}] = r.PostID
	}
	return out, nil
}

// insert books slots. Of two transactions that saw the same day free, one comes too late and is told so.
func (store) insert(ctx context.Context, tx db.Tx, rows []slotRow) error {
	for len(rows) > 0 {
		n := min(500, len(rows))
		part := rows[:n]
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			if db.IsUnique(err) {
				return fault.New(fault.Conflict, "planner.day_gone").Because(err)
			}
			return fmt.Errorf("planner: book: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

// free gives back what a post has booked for later.
func (store) free(ctx context.Context, tx db.Tx, postID string, now time.Time) error {
	_, err := tx.NewDelete().Model((*slotRow)(nil)).Where("post_id = ?", postID).Where("at > ?", now).Exec(ctx)
	return err
}

// slotsOf reads the slots between two days by post: for each, how many accounts tell their followers on which day.
func (store) slotsOf(ctx context.Context, q bun.IDB, posts []string) ([]slotRow, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	var rows []slotRow
	err := q.NewSelect().Model(&rows).Where("post_id IN (?)", bun.In(posts)).Scan(ctx)
	return rows, err
}
