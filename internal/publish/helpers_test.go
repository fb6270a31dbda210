package publish_test

import (
	"context"
	"errors"
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

var errFull = errors.New("the disk is full")

// broken is a deliverer whose disk is full.
type broken struct{ *channel.Service }

func (broken) Deliver(context.Context, db.Tx, []channel.NewDelivery) error { return errFull }

// mute is a second queue on the same database, for a second service in one test.
func mute(t *testing.T, w *pt.World) *jobs.Queue {
	t.Helper()
	q, err := jobs.New(w.DB, jobs.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return q
}
