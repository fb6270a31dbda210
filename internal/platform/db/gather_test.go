package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// What comes in while a group is being written waits and is written together, in its order; everybody learns of their own
// group whether it stands.
func TestGather(t *testing.T) {
	gone := errors.New("no")
	first, release := make(chan struct{}), make(chan struct{})
	var groups [][]int
	g := db.NewGather(3, 1, func(_ context.Context, items []int) error {
		groups = append(groups, items)
		if len(groups) == 1 {
			close(first)
			<-release
		}
		if slices.Contains(items, 5) {
			return gone
		}
		return nil
	})
	answers := make([]error, 8)
	var wg sync.WaitGroup
	wg.Go(func() { answers[1] = g.Do(t.Context(), 1) })
	<-first
	for i := 2; i < len(answers); i++ { // one after the other stands in line, as Waiting tells
		wg.Go(func() { answers[i] = g.Do(t.Context(), i) })
		for g.Waiting() < i-1 {
			select {
			case <-t.Context().Done():
				t.Fatal("nobody came")
			default:
			}
		}
	}
	close(release)
	wg.Wait()
	if want := [][]int{{1}, {2, 3, 4}, {5, 6, 7}}; !slices.EqualFunc(groups, want, slices.Equal[[]int]) {
		t.Errorf("groups %v, want %v", groups, want)
	}
	for i, err := range answers {
		if failed := i >= 5; errors.Is(err, gone) != failed {
			t.Errorf("%d: %v", i, err)
		}
	}
	away, leave := context.WithCancel(t.Context())
	leave()
	if err := g.Do(away, 9); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("who goes away: %v", err)
	}
	if err := g.Do(t.Context(), 10); err != nil {
		t.Errorf("after that: %v", err)
	}
	if all := slices.Concat(groups...); !slices.Contains(all, 9) || !slices.Contains(all, 10) {
		t.Errorf("written: %v", all)
	}
}

type gatheredRow struct {
	bun.BaseModel `bun:"table:gathered_row"`
	ID            string `bun:",pk"`
}

// Each of a crowd gets its own outcome: what is good is there once, and what exists already is refused to its sender alone.
func TestGatherTellsEachItsOwn(t *testing.T) {
	table := db.Migrations{Name: "gathered", FS: fstest.MapFS{"0001_row.sql": {Data: []byte("-- +goose Up\nCREATE TABLE gathered_row (id text PRIMARY KEY);\n")}}}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var hooks, turns atomic.Int64
		g := db.NewGather(64, 2, func(ctx context.Context, items []string) error {
			turns.Add(1)
			rows := make([]gatheredRow, len(items))
			for i, s := range items {
				rows[i].ID = s
			}
			return d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				tx.AfterCommit(func() { hooks.Add(1) })
				_, err := tx.NewInsert().Model(&rows).Exec(ctx)
				return err
			})
		})
		if err := g.Do(t.Context(), "taken"); err != nil {
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
				switch err := g.Do(t.Context(), item); {
				case db.IsUnique(err):
					refused.Add(1)
				case err != nil:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n, err := d.Read().NewSelect().Model((*gatheredRow)(nil)).Count(t.Context())
		if err != nil || n != crowd-crowd/50+1 || refused.Load() != crowd/50 {
			t.Errorf("%d rows, %d refused, %v", n, refused.Load(), err)
		}
		if hooks.Load() == 0 || hooks.Load() > turns.Load() {
			t.Errorf("%d hooks of %d turns", hooks.Load(), turns.Load())
		}
	}, table)
}
