package audit_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// signalLog tells when something was published.
type signalLog struct {
	once sync.Once
	done chan struct{}
}

func (s *signalLog) Append(context.Context, []byte) (uint64, error) {
	s.once.Do(func() { close(s.done) })
	return 0, nil
}

func TestTheQueuePublishesCheckpoints(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := jobs.Migrate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		q, err := jobs.New(d, jobs.Config{Fast: true})
		if err != nil {
			t.Fatal(err)
		}
		l, p := setup(d), &signalLog{done: make(chan struct{})}
		write(t, d, l, 1, nil)
		l.RegisterJobs(q, p)
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-p.done:
		case <-time.After(30 * time.Second):
			t.Error("nothing was published")
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		if rep := verify(t, l); rep.Checkpoints != 1 {
			t.Fatalf("%+v", rep)
		}
	}, audit.Migrations)
}
