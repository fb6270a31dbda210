package jobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type ping struct {
	N int `json:"n"`
}

func (ping) Kind() string { return "test.ping" }

type rang struct{ Who string }

func (rang) Kind() string { return "test.rang" }

func open(t *testing.T, d *db.DB) *jobs.Queue {
	t.Helper()
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = q.Stop(ctx)
	})
	return q
}

func TestJobExistsExactlyWhenItsCauseCommits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := open(t, d)
		var sum atomic.Int64
		jobs.Handle(q, func(_ context.Context, j *jobs.Job[ping]) error { sum.Add(int64(j.Args.N)); return nil })
		boom := errors.New("boom")
		for n, then := range map[int]error{1: nil, 10: boom, 100: nil} {
			err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				if err := q.Enqueue(ctx, tx, ping{N: n}, nil); err != nil {
					return err
				}
				return then
			})
			if !errors.Is(err, then) {
				t.Fatal(err)
			}
		}
		if err := q.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if sum.Load() != 101 {
			t.Fatalf("sum = %d, want 101", sum.Load())
		}
	})
}

func TestEachSubscriberHears(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := open(t, d)
		var a, b atomic.Int64
		jobs.On(q, "a", func(_ context.Context, e rang) error { a.Add(int64(len(e.Who))); return nil })
		jobs.On(q, "b", func(_ context.Context, e rang) error {
			if b.Add(1) == 1 {
				return jobs.Snooze(0) // a subscriber that needs a second go
			}
			return nil
		})
		err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			return q.Publish(ctx, tx, rang{Who: "xóm"})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := q.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if a.Load() != 4 || b.Load() != 2 {
			t.Fatalf("a=%d b=%d", a.Load(), b.Load())
		}
	})
}

func TestUnique(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := open(t, d)
		var n atomic.Int64
		jobs.Handle(q, func(context.Context, *jobs.Job[ping]) error { n.Add(1); return nil })
		for range 3 {
			err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				return q.Enqueue(ctx, tx, ping{N: 7}, &jobs.Options{UniqueOpts: jobs.UniqueOpts{ByArgs: true}})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := q.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n.Load() != 1 {
			t.Fatalf("ran %d times", n.Load())
		}
	})
}

// What waits for an hour is done once the rehearsal's clock is set past it, and not before.
func TestBringForward(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		q := open(t, d)
		var sum atomic.Int64
		jobs.Handle(q, func(_ context.Context, j *jobs.Job[ping]) error { sum.Add(int64(j.Args.N)); return nil })
		err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			for n, in := range map[int]time.Duration{1: 0, 10: time.Hour, 100: 3 * time.Hour} {
				if err := q.Enqueue(ctx, tx, ping{N: n}, &jobs.Options{ScheduledAt: time.Now().Add(in)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int64{1, 11, 111} {
			if err := q.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if sum.Load() != want {
				t.Fatalf("sum = %d, want %d", sum.Load(), want)
			}
			if err := q.BringForward(t.Context(), 2*time.Hour); err != nil {
				t.Fatal(err)
			}
		}
	})
}
