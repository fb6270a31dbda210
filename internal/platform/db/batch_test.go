package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

type batchRow struct {
	bun.BaseModel `bun:"table:batch_row"`
	ID            string `bun:",pk"`
}

var batchTables = db.Migrations{Name: "batch", FS: fstest.MapFS{"0001_batch.sql": {Data: []byte("-- +goose Up\nCREATE TABLE batch_row (id text PRIMARY KEY);\n")}}}

// Each of a crowd gets its own outcome: what is good is there once, what exists already is refused to its sender alone, and
// most go together.
func TestBatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		var turns, hooks atomic.Int64
		b := db.NewBatch(d, func(ctx context.Context, tx db.Tx, items []string) error {
			turns.Add(1)
			rows := make([]batchRow, len(items))
			for i, s := range items {
				rows[i].ID = s
			}
			tx.AfterCommit(func() { hooks.Add(1) })
			_, err := tx.NewInsert().Model(&rows).Exec(ctx)
			return err
		})
		if err := b.Do(ctx, "taken"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var refused atomic.Int64
		const crowd = 300
		for i := range crowd {
			wg.Go(func() {
				item := fmt.Sprint("item-", i)
				if i%50 == 7 {
					item = "taken"
				}
				switch err := b.Do(ctx, item); {
				case db.IsUnique(err):
					refused.Add(1)
				case err != nil:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n, err := d.Read().NewSelect().Model((*batchRow)(nil)).Count(ctx)
		if err != nil || n != crowd-crowd/50+1 || refused.Load() != crowd/50 {
			t.Errorf("%d rows, %d refused, %v", n, refused.Load(), err)
		}
		if hooks.Load() == 0 || hooks.Load() > turns.Load() {
			t.Errorf("%d hooks of %d turns", hooks.Load(), turns.Load())
		}
	}, batchTables)
}

// Who gives up while others are written is taken back or written, never lost between; the rest goes on.
func TestBatchGivenUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		hold := make(chan struct{})
		begun := make(chan struct{}, 100)
		b := db.NewBatch(d, func(ctx context.Context, tx db.Tx, items []string) error {
			begun <- struct{}{}
			<-hold
			for _, s := range items {
				if _, err := tx.NewInsert().Model(&batchRow{ID: s}).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		var wg sync.WaitGroup
		first := make(chan struct{})
		for i := range 8 { // as many as are written at a time, and more
			wg.Go(func() {
				if i == 0 {
					close(first)
				}
				if err := b.Do(context.Background(), fmt.Sprint("stays-", i)); err != nil {
					t.Error(err)
				}
			})
		}
		<-first
		<-begun
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		gone := make(chan error, 1)
		go func() { gone <- b.Do(ctx, "gone") }()
		var err error
		select {
		case err = <-gone:
			close(hold)
		case <-time.After(2 * time.Second): // its turn came before it gave up
			close(hold)
			err = <-gone
		}
		wg.Wait()
		n, cerr := d.Read().NewSelect().Model((*batchRow)(nil)).Where("id = 'gone'").Count(context.Background())
		if cerr != nil || (err == nil) != (n == 1) || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("given up: %v, %d rows, %v", err, n, cerr)
		}
		if all, err := d.Read().NewSelect().Model((*batchRow)(nil)).Where("id LIKE 'stays-%'").Count(context.Background()); err != nil || all != 8 {
			t.Errorf("%d of 8 stayed: %v", all, err)
		}
	}, batchTables)
}
