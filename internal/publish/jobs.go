package publish

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// goLiveArgs is the job that turns a scheduled post into a published one at its hour.
type goLiveArgs struct {
	PostID  string `json:"post_id"`
	Version int    `json:"version"`
}

// Kind implements jobs.Args.
func (goLiveArgs) Kind() string { return "publish.go_live" }

func (s *Service) registerJobs() {
	jobs.Handle(s.q, func(ctx context.Context, j *jobs.Job[goLiveArgs]) error { return s.goLive(ctx, j.Args) })
	jobs.On(s.q, "publish.canary", s.watchCanary)
}

// at schedules a job for a moment of the house's clock.
func (s *Service) at(t time.Time) *jobs.Options {
	return &jobs.Options{ScheduledAt: clock.Machine(s.clock, t)}
}

func (s *Service) goLive(ctx context.Context, g goLiveArgs) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		p, err := s.store.lock(ctx, tx, g.PostID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if p.State != StateScheduled || p.Live != g.Version { // retracted meanwhile, or done before
			return nil
		}
		now := s.clock.Now()
		if p.PublishAt.After(now) { // the clock was set back
			return jobs.Snooze(p.PublishAt.Sub(now))
		}
		p.State, p.PublishedAt, p.UpdatedAt = StatePublished, p.PublishAt, now
		if err := s.store.save(ctx, tx, &p, p.Rev); err != nil {
			return err
		}
		if err := s.note(ctx, tx, identity.System("publish.go_live"), p, "publish", ""); err != nil {
			return err
		}
		return s.q.Publish(ctx, tx, Published{PostID: p.ID, Version: p.Live})
	})
}

// watchCanary hears of every delivery and lets the rest go once all of the first accounts show the post; when one of them
// failed it asks for a person. It may hear the same thing twice.
func (s *Service) watchCanary(ctx context.Context, e channel.DeliveryChanged) error {
	if e.State != channel.DeliveryPublished && e.State != channel.DeliveryFailed {
		return nil
	}
	p, err := s.store.post(ctx, s.db.Read(), e.Source)
	if fault.Is(err, fault.NotFound) || err == nil && (p.Live != e.Version || p.Canary != CanaryWaiting && p.Canary != CanaryStuck) {
		return nil // another feature's delivery, or no canary
	}
	if err != nil {
		return err
	}
	ds, err := s.deliver.Deliveries(ctx, p.ID)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		switch verdict(ds, e.Version) {
		case CanaryReleased:
			done, err := s.release(ctx, tx, p.ID, e.Version)
			if err != nil || !done {
				return err
			}
			return s.note(ctx, tx, identity.System("publish.canary"), p, "release", "")
		case CanaryStuck:
			done, err := s.store.setCanary(ctx, tx, p.ID, CanaryStuck, CanaryWaiting)
			if err != nil || !done {
				return err
			}
			return s.note(ctx, tx, identity.System("publish.canary"), p, "canary_stuck", "")
		}
		return nil
	})
}

// verdict looks at the first accounts: all published, one failed, or still under way.
func verdict(ds []channel.Delivery, version int) Canary {
	seen, published, failed := 0, 0, 0
	for _, d := range ds {
		if !d.Canary || d.Version != version {
			continue
		}
		seen++
		switch d.State {
		case channel.DeliveryPublished:
			published++
		case channel.DeliveryFailed:
			failed++
		}
	}
	switch {
	case failed > 0:
		return CanaryStuck
	case seen > 0 && published == seen:
		return CanaryReleased
	}
	return CanaryWaiting
}
