package jobs_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// Whatever many requests leave behind is done by one run at a time, and nothing is forgotten, with few calls for the job.
func TestSingle(t *testing.T) {
	q := open(t, dbtest.SQLite(t))
	var (
		run                   jobs.Single
		left, took, calls, at atomic.Int64
	)
	some := func() (int, error) {
		if at.Add(1) > 1 {
			t.Error("two runs at a time")
		}
		defer at.Add(-1)
		time.Sleep(time.Millisecond)
		n := left.Swap(0)
		took.Add(n)
		return int(n), nil
	}
	job := func() {
		calls.Add(1)
		go func() {
			time.Sleep(2 * time.Millisecond) // the queue takes it up
			_ = run.Run(q, time.Minute, some)
		}()
	}
	const people, each = 20, 50
	var crowd sync.WaitGroup
	for range people {
		crowd.Go(func() {
			for range each {
				time.Sleep(time.Millisecond)
				call := run.Call(time.Now())
				left.Add(1)
				if call {
					job()
				} else {
					run.Added(job)
				}
			}
		})
	}
	crowd.Wait()
	for end := time.Now().Add(10 * time.Second); took.Load() < people*each && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if took.Load() != people*each {
		t.Errorf("%d of %d were done", took.Load(), people*each)
	}
	if calls.Load() > people*each/2 {
		t.Errorf("%d calls for %d pieces of work", calls.Load(), people*each)
	}
}

// A run that fails or panics does not keep the next one from beginning; one that has had its turn comes again.
func TestSingleFails(t *testing.T) {
	q := open(t, dbtest.SQLite(t))
	var run jobs.Single
	fault := errors.New("no disk")
	if err := run.Run(q, time.Minute, func() (int, error) { return 0, fault }); !errors.Is(err, fault) {
		t.Fatal(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = run.Run(q, time.Minute, func() (int, error) { panic("broken") })
	}()
	if err := run.Run(q, time.Millisecond, func() (int, error) { time.Sleep(time.Millisecond); return 1, nil }); err == nil {
		t.Error("a run whose turn is over does not ask to come again")
	}
	if err := run.Run(q, time.Minute, func() (int, error) { return 0, nil }); err != nil {
		t.Error(err)
	}
}
