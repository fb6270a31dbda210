package publish

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mode says what happens after approval.
type Mode string

// The modes.
const (
	ModeNow  Mode = "now"
	ModeAt   Mode = "at"   // at the given hour
	ModeHold Mode = "hold" // approved, somebody will say when (Schedule)
)

// Approval is what the approver decides beside yes.
type Approval struct {
	Mode       Mode
	At         time.Time // for ModeAt, in the future
	WantCanary bool      // let the first accounts go ahead
	Announce   bool      // tell the followers of the Zalo accounts (a broadcast), by day
}

// mayApprove asks the policies whether the actor may approve: for the unit of the post and for every unit its targets speak
// of, and against every person who wrote or changed the version.
func (s *Service) mayApprove(ctx context.Context, a identity.Actor, p Post, v Version) error {
	groups, err := s.store.groupsByID(ctx, s.db.Read(), groupIDs(v.Targets))
	if err != nil {
		return err
	}
	for _, author := range append([]string{p.AuthorID}, v.Editors...) {
		r := resource(p)
		r.Attrs["author"] = author
		if err := s.authz.Check(a, ActApprove, r); err != nil {
			if author == a.ID {
				return fault.New(fault.Forbidden, "publish.four_eyes").Because(err)
			}
			return err
		}
	}
	for _, unitID := range roots(v.Targets, groups) {
		r := resource(p)
		r.UnitID = unitID
		if err := s.authz.Check(a, ActApprove, r); err != nil {
			return fault.New(fault.Forbidden, "publish.targets_above_you").Because(err)
		}
	}
	return nil
}

// MayApprove tells the page whether to offer approval; the fault says why not.
func (s *Service) MayApprove(ctx context.Context, a identity.Actor, p Post, v Version) error {
	return s.mayApprove(ctx, a, p, v)
}

// Return sends a version back with a reason.
func (s *Service) Return(ctx context.Context, a identity.Actor, postID string, rev int, reason string) (Post, error) {
	p, v, err := s.open(ctx, a, ActApprove, postID)
	if err != nil {
		return Post{}, err
	}
	if p.State != StateReview && p.State != StateApproved {
		return Post{}, fault.New(fault.Conflict, "publish.not_in_review")
	}
	if err := s.mayApprove(ctx, a, p, v); err != nil {
		return Post{}, err
	}
	reason = manyLines(reason)
	if err := noteOK("reason", reason, "publish.reason_missing"); err != nil {
		return Post{}, err
	}
	return s.change(ctx, a, postID, rev, "return", reason, func(_ context.Context, _ db.Tx, p *Post) error {
		p.State = StateReturned
		return nil
	})
}

// Approve says yes to the version in review. Its deliveries are written down in the same transaction, one per account,
// unless it is held. Of two who approve at once, one succeeds and the other gets a Conflict.
func (s *Service) Approve(ctx context.Context, a identity.Actor, postID string, rev int, ap Approval) (Post, error) {
	p, v, err := s.open(ctx, a, ActApprove, postID)
	if err != nil {
		return Post{}, err
	}
	if p.State != StateReview {
		return Post{}, fault.New(fault.Conflict, "publish.not_in_review")
	}
	if err := s.mayApprove(ctx, a, p, v); err != nil {
		return Post{}, err
	}
	at, err := s.hour(p, ap)
	if err != nil {
		return Post{}, err
	}
	if err := s.obeys(ctx, p, v, at, a); err != nil {
		return Post{}, err
	}
	if ap.Mode == ModeHold {
		return s.change(ctx, a, postID, rev, "approve", "", func(ctx context.Context, tx db.Tx, p *Post) error {
			p.State = StateApproved
			v.ApproveBy, v.ApproveAt = a.ID, s.clock.Now()
			return s.store.updateVersion(ctx, tx, v)
		})
	}
	return s.send(ctx, a, p, v, rev, at, ap, "approve")
}

// Schedule says when an approved post goes out: at the hour, or now when it is zero.
func (s *Service) Schedule(ctx context.Context, a identity.Actor, postID string, rev int, ap Approval) (Post, error) {
	p, v, err := s.open(ctx, a, ActApprove, postID)
	if err != nil {
		return Post{}, err
	}
	if p.State != StateApproved {
		return Post{}, fault.New(fault.Conflict, "publish.not_approved")
	}
	if err := s.mayApprove(ctx, a, p, v); err != nil {
		return Post{}, err
	}
	at, err := s.hour(p, ap)
	if err != nil {
		return Post{}, err
	}
	if err := s.obeys(ctx, p, v, at, a); err != nil {
		return Post{}, err
	}
	return s.send(ctx, a, p, v, rev, at, ap, "schedule")
}

// hour works out the moment of publication. A correction never waits.
func (s *Service) hour(p Post, ap Approval) (time.Time, error) {
	now := s.clock.Now()
	switch {
	case ap.Mode == ModeNow || ap.Mode == ModeHold || ap.Mode == "" || p.Live > 0:
		return now, nil
	case ap.Mode != ModeAt:
		return now, fault.Field("mode", "publish.mode_unknown")
	case !ap.At.After(now):
		return now, fault.Field("at", "publish.hour_past")
	case ap.At.After(now.AddDate(1, 0, 0)):
		return now, fault.Field("at", "publish.hour_far")
	}
	return ap.At.UTC(), nil
}

// send plans a version and commits it to the channels.
func (s *Service) send(ctx context.Context, a identity.Actor, p Post, v Version, rev int, at time.Time, ap Approval, what string) (Post, error) {
	at, err := s.notBefore(ctx, p, at)
	if err != nil {
		return Post{}, err
	}
	pl, err := s.plan(ctx, v, at, ap.WantCanary && p.Live == 0)
	if err != nil {
		return Post{}, err
	}
	if len(pl.values) == 0 {
		return Post{}, fault.Fields{fault.Field("targets", "publish.targets_empty")}
	}
	if err := pl.tooLong.OrNil(); err != nil {
		return Post{}, err
	}
	pl.announce = ap.Announce && p.Live == 0
	if err := pl.checkReach(); err != nil {
		return Post{}, err
	}
	var before []channel.Delivery
	if p.Live > 0 {
		if before, err = s.deliver.Deliveries(ctx, p.ID); err != nil {
			return Post{}, err
		}
	}
	note := ""
	if p.Live > 0 {
		note = v.Erratum
	}
	return s.change(ctx, a, p.ID, rev, what, note, func(ctx context.Context, tx db.Tx, p *Post) error {
		if v.ApproveAt.IsZero() {
			v.ApproveBy, v.ApproveAt = a.ID, s.clock.Now()
		}
		if err := s.store.updateVersion(ctx, tx, v); err != nil {
			return err
		}
		return s.dispatch(ctx, tx, p, v, pl, before)
	})
}

// dispatch writes down, in the approving transaction, where the post stands and what every account has to do.
func (s *Service) dispatch(ctx context.Context, tx db.Tx, p *Post, v Version, pl Plan, before []channel.Delivery) error {
	if p.Slug == "" {
		slug, err := s.newSlug(ctx, tx, *p, v)
		if err != nil {
			return err
		}
		p.Slug = slug
	}
	corrects := p.Live > 0
	p.Live = v.Number
	if err := s.store.placeUnits(ctx, tx, *p, v, pl.values, pl.At, s.clock.Now()); err != nil {
		return err
	}
	if err := s.store.index(ctx, tx, *p, v); err != nil {
		return err
	}
	if !corrects {
		if err := s.book(ctx, tx, p.ID, &pl); err != nil {
			return err
		}
	}
	if err := s.deliver.Deliver(ctx, tx, deliveries(*p, v, pl, before, s.clock.Now())); err != nil {
		return err
	}
	if corrects {
		p.State = StatePublished
		if p.Canary == CanaryWaiting || p.Canary == CanaryStuck {
			p.Canary = CanaryReleased // the new version goes everywhere; what was held is overtaken
		}
		return s.q.Publish(ctx, tx, Corrected{PostID: p.ID, Version: v.Number})
	}
	p.WantCanary = pl.Canary
	p.Canary = CanaryNone
	if pl.Canary {
		p.Canary = CanaryWaiting
	}
	p.PublishAt = pl.At
	if pl.At.After(s.clock.Now()) {
		p.State = StateScheduled
		return s.q.Enqueue(ctx, tx, goLiveArgs{PostID: p.ID, Version: v.Number}, s.at(pl.At))
	}
	p.State, p.PublishedAt = StatePublished, s.clock.Now()
	return s.q.Publish(ctx, tx, Published{PostID: p.ID, Version: v.Number})
}

// deliveries turns a plan into what the channels are asked to do. Where an earlier version stands (or is on its way) it is
// replaced, also at accounts that are no longer a target; where the earlier one failed the new one is simply published.
func deliveries(p Post, v Version, pl Plan, before []channel.Delivery, now time.Time) []channel.NewDelivery {
	var out []channel.NewDelivery
	seen := map[string]bool{}
	standing := map[string]bool{}
	for _, d := range before {
		standing[d.AccountID] = stands(d)
	}
	add := func(account string, canary, hold bool) {
		if seen[account] {
			return
		}
		seen[account] = true
		n := channel.NewDelivery{AccountID: account, Source: p.ID, Version: v.Number, Action: channel.ActPublish, Canary: canary, Hold: hold}
		if standing[account] {
			n.Action = channel.ActUpdate
		}
		if pl.At.After(now) {
			n.NotBefore = pl.At
		}
		out = append(out, n)
	}
	for _, t := range pl.Take {
		hold := pl.Canary && !t.Canary && t.Account.Kind != channel.Portal
		add(t.Account.ID, t.Canary, hold)
		if at, ok := pl.hourOf(t); ok {
			out = append(out, channel.NewDelivery{AccountID: t.Account.ID, Source: p.ID, Version: v.Number, Action: channel.ActAnnounce,
				Hold: hold, NotBefore: at, Audience: v.Audience})
		}
	}
	for _, d := range before {
		if standing[d.AccountID] {
			add(d.AccountID, false, false)
		}
	}
	return out
}

// stands tells whether something of the post is, or may come to be, at the account.
func stands(d channel.Delivery) bool {
	if d.State == channel.DeliveryRetracted {
		return false
	}
	return d.State != channel.DeliveryFailed || d.Receipt.ExternalID != "" || d.Action != channel.ActPublish
}

// Correct begins a new version of a published post; the old one stands until the new one is approved.
func (s *Service) Correct(ctx context.Context, a identity.Actor, postID string, rev int) (Post, error) {
	p, v, err := s.open(ctx, a, ActWrite, postID)
	if err != nil {
		return Post{}, err
	}
	if p.State != StatePublished {
		return Post{}, fault.New(fault.Conflict, "publish.not_published")
	}
	d := v.Draft()
	d.Erratum = ""
	return s.change(ctx, a, postID, rev, "correct", "", func(ctx context.Context, tx db.Tx, p *Post) error {
		p.State, p.SubmittedAt = StateDraft, time.Time{}
		d.PublishAt, d.WantCanary, d.WantAnnounce = p.PublishAt, p.WantCanary, p.WantAnnounce
		return s.nextVersion(ctx, tx, a, p, v, d)
	})
}

// Retract takes a post down everywhere; the public page keeps a notice with the reason. A post that is scheduled and that
// nobody has seen yet leaves no notice.
func (s *Service) Retract(ctx context.Context, a identity.Actor, postID string, rev int, reason string) (Post, error) {
	p, _, err := s.open(ctx, a, ActRetract, postID)
	if err != nil {
		return Post{}, err
	}
	if p.Live == 0 || p.State == StateRetracted {
		return Post{}, fault.New(fault.Conflict, "publish.not_published")
	}
	reason = manyLines(reason)
	if err := noteOK("reason", reason, "publish.reason_missing"); err != nil {
		return Post{}, err
	}
	live, err := s.store.version(ctx, s.db.Read(), postID, p.Live)
	if err != nil {
		return Post{}, err
	}
	before, err := s.deliver.Deliveries(ctx, postID)
	if err != nil {
		return Post{}, err
	}
	return s.change(ctx, a, postID, rev, "retract", reason, func(ctx context.Context, tx db.Tx, p *Post) error {
		return s.takeDown(ctx, tx, a, p, live, reason, before)
	})
}

func (s *Service) takeDown(ctx context.Context, tx db.Tx, a identity.Actor, p *Post, live Version, reason string, before []channel.Delivery) error {
	now := s.clock.Now()
	p.Version++
	v := Version{PostID: p.ID, Number: p.Version, Kind: VersionRetraction, Erratum: reason, CreatedBy: a.ID, ByName: a.Name,
		CreatedAt: now, FrozenAt: now, ApproveBy: a.ID, ApproveAt: now}
	v.take(live.Draft(), a)
	v.Erratum = reason
	if err := s.store.insertVersion(ctx, tx, v); err != nil {
		return err
	}
	if err := s.store.retractUnits(ctx, tx, p.ID, now); err != nil {
		return err
	}
	if err := s.store.unindex(ctx, tx, p.ID); err != nil {
		return err
	}
	if err := s.free(ctx, tx, p.ID); err != nil {
		return err
	}
	var ds []channel.NewDelivery
	for _, d := range before {
		if stands(d) {
			ds = append(ds, channel.NewDelivery{AccountID: d.AccountID, Source: p.ID, Version: v.Number, Action: channel.ActRetract})
		}
	}
	if err := s.deliver.Deliver(ctx, tx, ds); err != nil {
		return err
	}
	p.show(live.Draft())
	p.State, p.Canary = StateRetracted, CanaryNone
	return s.q.Publish(ctx, tx, Retracted{PostID: p.ID, Version: v.Number})
}

// ReleaseRest lets the held deliveries go: a person agrees although the first accounts are not all confirmed.
func (s *Service) ReleaseRest(ctx context.Context, a identity.Actor, postID string) error {
	p, _, err := s.open(ctx, a, ActApprove, postID)
	if err != nil {
		return err
	}
	if p.Canary != CanaryWaiting && p.Canary != CanaryStuck {
		return fault.New(fault.Conflict, "publish.nothing_held")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		done, err := s.release(ctx, tx, p.ID, p.Live)
		if err == nil && done {
			err = s.note(ctx, tx, a, p, "release", "")
		}
		return err
	})
}

// release lets the rest of a version go, once: done is false when somebody did it before.
func (s *Service) release(ctx context.Context, tx db.Tx, postID string, version int) (done bool, err error) {
	done, err = s.store.setCanary(ctx, tx, postID, CanaryReleased, CanaryWaiting, CanaryStuck)
	if err != nil || !done {
		return false, err
	}
	return true, s.deliver.Release(ctx, tx, postID, version)
}

// Retry puts one failed delivery of a post back into the queue, or all of them when deliveryID is "". It tells how many.
func (s *Service) Retry(ctx context.Context, a identity.Actor, postID, deliveryID string) (int, error) {
	p, _, err := s.open(ctx, a, ActRetry, postID)
	if err != nil {
		return 0, err
	}
	n := 1
	if deliveryID == "" {
		n, err = s.retrier.RetryAll(ctx, a, p.ID)
	} else {
		if err := s.belongs(ctx, p.ID, deliveryID); err != nil {
			return 0, err
		}
		err = s.retrier.Retry(ctx, a, deliveryID)
	}
	if err != nil || n == 0 {
		return 0, err
	}
	return n, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.note(ctx, tx, a, p, "retry", "") })
}

// belongs refuses the delivery of another post.
func (s *Service) belongs(ctx context.Context, postID, deliveryID string) error {
	ds, err := s.deliver.Deliveries(ctx, postID)
	if err != nil {
		return err
	}
	for _, d := range ds {
		if d.ID == deliveryID {
			return nil
		}
	}
	return errNotFound
}
