package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Log writes and verifies the diary.
type Log struct {
	db    *db.DB
	clock clock.Clock
}

// New opens the diary on a migrated database.
func New(d *db.DB, c clock.Clock) *Log { return &Log{db: d, clock: c} }

// head is the newest line, kept in a row of its own that writers lock: it orders them.
type head struct {
	bun.BaseModel `bun:"table:audit_head,alias:h"`

	ID   int64  `bun:"id,pk"`
	Seq  int64  `bun:"seq"`
	Hash string `bun:"hash"`
}

// Record writes the act down in the caller's transaction: it stands in the diary exactly when the act itself does. Call it
// last in the transaction: on PostgreSQL other writers of the diary wait from here until the commit.
func (l *Log) Record(ctx context.Context, tx db.Tx, e Entry) error {
	line, err := newLine(e)
	if err != nil {
		return err
	}
	var h head
	if err := tx.ForUpdate(tx.NewSelect().Model(&h).Where("h.id = 1")).Scan(ctx); err != nil {
		return fmt.Errorf("audit: head: %w", err)
	}
	line.Seq, line.PrevHash = h.Seq+1, h.Hash
	line.At = l.clock.Now().UTC().Truncate(time.Microsecond)
	line.Hash = line.sum()
	if _, err := tx.NewInsert().Model(&line).Exec(ctx); err != nil {
		return fmt.Errorf("audit: write: %w", err)
	}
	res, err := tx.NewUpdate().Model((*head)(nil)).Set("seq = ?", line.Seq).Set("hash = ?", line.Hash).
		Where("id = 1 AND seq = ?", h.Seq).Exec(ctx)
	if err != nil {
		return fmt.Errorf("audit: head: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errors.New("audit: the head moved under its lock"), err)
	}
	return nil
}
