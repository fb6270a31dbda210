package publish

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Wish is when a post should go out, and whether the followers of the Zalo accounts are told.
type Wish struct {
	At       time.Time // zero: as soon as it is approved
	Announce bool
}

// shiftMargin is how long before its hour a scheduled post can still be moved: after that its deliveries may be on their way.
const shiftMargin = 2 * time.Minute

// Shift moves a post that nobody outside has seen to another hour. While it is written or waits for approval that changes a
// wish; when it is approved and scheduled its deliveries are written down anew for the new hour, which only who may approve
// it can do.
func (s *Service) Shift(ctx context.Context, a identity.Actor, postID string, rev int, w Wish) (Post, error) {
	p, v, err := s.open(ctx, a, ActRead, postID)
	if err != nil {
		return Post{}, err
	}
	now := s.clock.Now()
	switch {
	case !w.At.IsZero() && !w.At.After(now):
		return Post{}, fault.Field("day", "publish.hour_past")
	case w.At.After(now.AddDate(1, 0, 0)):
		return Post{}, fault.Field("day", "publish.hour_far")
	}
	switch p.State {
	case StateDraft, StateReturned, StateReview, StateApproved:
		if p.Live > 0 {
			return Post{}, fault.New(fault.Conflict, "publish.not_movable")
		}
		if !s.Can(a, ActWrite, p) && s.mayApprove(ctx, a, p, v) != nil {
			return Post{}, s.authz.Check(a, ActWrite, plainResource(p))
		}
		return s.change(ctx, a, postID, rev, "shift", "", func(_ context.Context, _ db.Tx, p *Post) error {
			p.PublishAt, p.WantAnnounce = w.At.UTC(), w.Announce
			if w.At.IsZero() {
				p.PublishAt = time.Time{}
			}
			return nil
		})
	case StateScheduled:
		return s.shiftScheduled(ctx, a, p, v, rev, w)
	}
	return Post{}, fault.New(fault.Conflict, "publish.not_movable")
}

// shiftScheduled writes the deliveries of a scheduled post down anew: the same words count as a new version, so that what
// was prepared for the old hour is overtaken.
func (s *Service) shiftScheduled(ctx context.Context, a identity.Actor, p Post, v Version, rev int, w Wish) (Post, error) {
	if err := s.mayApprove(ctx, a, p, v); err != nil {
		return Post{}, err
	}
	now := s.clock.Now()
	if !p.PublishAt.After(now.Add(shiftMargin)) {
		return Post{}, fault.New(fault.Conflict, "publish.shift_late")
	}
	at, err := s.notBefore(ctx, p, w.At)
	if err != nil {
		return Post{}, err
	}
	if !at.After(now) {
		return Post{}, fault.Field("day", "publish.hour_past")
	}
	if err := s.obeys(ctx, p, v, at, a); err != nil {
		return Post{}, err
	}
	n := v
	n.Number, n.CreatedBy, n.ByName, n.CreatedAt = p.Version+1, a.ID, a.Name, now
	n.FrozenAt, n.ApproveBy, n.ApproveAt = now, a.ID, now
	pl, err := s.plan(ctx, n, at, p.WantCanary)
	if err != nil {
		return Post{}, err
	}
	if len(pl.values) == 0 {
		return Post{}, fault.Fields{fault.Field("targets", "publish.targets_empty")}
	}
	pl.announce = w.Announce
	return s.change(ctx, a, p.ID, rev, "shift", "", func(ctx context.Context, tx db.Tx, p *Post) error {
		p.Version, p.Live, p.WantAnnounce = n.Number, 0, w.Announce // nobody has seen it: it goes out for the first time
		if err := s.store.insertVersion(ctx, tx, n); err != nil {
			return err
		}
		if err := s.store.dropUnseen(ctx, tx, p.ID, now); err != nil {
			return err
		}
		return s.dispatch(ctx, tx, p, n, pl, nil)
	})
}

// notBefore is the hour itself, or the end of the time in which units may add to the post when that is later.
func (s *Service) notBefore(ctx context.Context, p Post, at time.Time) (time.Time, error) {
	if p.Live > 0 && p.State != StateScheduled { // a correction never waits
		return at, nil
	}
	until, err := s.window(ctx, p.ID)
	if err != nil || !until.After(at) {
		return at, err
	}
	return until.UTC(), nil
}

// obeys refuses what breaks the posting regulation.
func (s *Service) obeys(ctx context.Context, p Post, v Version, at time.Time, approver identity.Actor) error {
	fs, err := s.Breaches(ctx, p, v, at, approver)
	if err != nil {
		return err
	}
	return fs.OrNil()
}

// Between lists the posts that went out or are to go out from (inclusive) to (exclusive) in the units the actor may read,
// earliest first, at most limit.
func (s *Service) Between(ctx context.Context, a identity.Actor, from, to time.Time, unitID string, limit int) ([]Post, error) {
	return s.store.between(ctx, s.db.Read(), s.authz.Scope(a, ActRead), s.today(), from, to, unitID, limit)
}

// Hour is when a post goes or went out; zero when nobody has said.
func (p Post) Hour() time.Time {
	if !p.PublishedAt.IsZero() {
		return p.PublishedAt.UTC()
	}
	return p.PublishAt.UTC()
}
