package channel

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type deliverArgs struct {
	Delivery string `json:"delivery"`
}

func (deliverArgs) Kind() string { return "channel.deliver" }

// step is what one run of the delivery job has to do.
type step struct {
	row     deliveryRow
	account Account
	do      Action       // what it comes to at this account: an update where nothing stands is a publication
	confirm bool         // ask again for a receipt that was processing
	stands  Receipt      // what stands there now
	tried   Receipt      // what is known of earlier tries
	doubt   *deliveryRow // an older delivery that failed without our learning whether it took effect
}

// deliver does one step of one delivery: claim it, act at the channel, write down what came of it. It is safe on several
// processes and after a kill at any point: the claim is taken in the database, a try is marked as begun before it begins,
// and a try whose outcome is unknown makes the channel look for its effect first.
func (s *Service) deliver(ctx context.Context, deliveryID string) error {
	st, wait, err := s.claimDelivery(ctx, deliveryID)
	if err != nil {
		return err
	}
	if st == nil {
		if wait > 0 {
			return jobs.Snooze(wait)
		}
		return nil
	}
	work, cancel := context.WithTimeout(ctx, s.cfg.Claim-5*time.Second)
	defer cancel()
	rc, err := s.act(work, st)
	if err := s.crashed("acted", deliveryID); err != nil {
		return err
	}
	return s.settle(context.WithoutCancel(ctx), st, rc, err)
}

// act calls the channel.
func (s *Service) act(ctx context.Context, st *step) (Receipt, error) {
	ch, err := s.channel(st.account.Kind)
	if err != nil {
		return Receipt{}, err
	}
	if st.confirm {
		return ch.Confirm(ctx, st.account, st.row.receipt())
	}
	if st.doubt != nil {
		if err := s.resolve(ctx, ch, st); err != nil {
			return Receipt{}, err
		}
	}
	switch st.do {
	case ActRetract:
		if st.stands.ExternalID == "" {
			return Receipt{State: ReceiptRetracted}, nil
		}
		err := ch.Retract(ctx, st.account, st.stands)
		return Receipt{State: ReceiptRetracted, ExternalID: st.stands.ExternalID}, err
	case ActAnnounce:
		an, ok := ch.(Announcer)
		if !ok {
			return Receipt{}, &Error{Kind: st.account.Kind, Code: "no_announce", Advice: AdviceStop, Key: "channel.error.no_announce"}
		}
		if st.tried.Unsure() { // nobody can ask whether a broadcast went out, and it must not go out twice
			return Receipt{}, &Error{Kind: st.account.Kind, Code: "unsure", Advice: AdviceStop, Key: "channel.error.announce_unsure", Unsure: true}
		}
		return s.announce(ctx, an, st)
	}
	if s.source == nil {
		return Receipt{}, errors.New("channel: no source of content")
	}
	c, err := s.source.Content(ctx, st.row.Source, st.row.Version, st.account)
	if err != nil {
		return Receipt{}, notSent{err}
	}
	c.Mark = st.row.ID
	if st.do == ActUpdate {
		if st.row.ReceiptState == ReceiptUnfinished {
			st.stands.State, st.stands.Token = ReceiptUnfinished, st.row.Token
		}
		return ch.Update(ctx, st.account, st.stands, c)
	}
	return ch.Publish(ctx, st.account, c, st.tried)
}

// announce pushes to the followers, or to the part of them that was asked for.
func (s *Service) announce(ctx context.Context, an Announcer, st *step) (Receipt, error) {
	if st.row.Audience == "" {
		return an.Announce(ctx, st.account, st.stands)
	}
	var to Audience
	if err := json.Unmarshal([]byte(st.row.Audience), &to); err != nil {
		return Receipt{}, notSent{err}
	}
	t, ok := an.(Targeter)
	if !ok {
		return Receipt{}, &Error{Kind: st.account.Kind, Code: "no_audience", Advice: AdviceStop, Key: "channel.error.no_audience"}
	}
	return t.AnnounceTo(ctx, st.account, st.stands, to)
}

// resolve looks whether a doubtful older delivery left something standing, so that a retraction takes it down and a new
// version replaces it instead of standing beside it.
func (s *Service) resolve(ctx context.Context, ch Channel, st *step) error {
	f, ok := ch.(Finder)
	if !ok || s.source == nil {
		return nil
	}
	c, err := s.source.Content(ctx, st.doubt.Source, st.doubt.Version, st.account)
	if err != nil {
		return notSent{err}
	}
	c.Mark = st.doubt.ID
	found, err := f.Find(ctx, st.account, c, st.doubt.receipt())
	if err != nil {
		return notSent{err}
	}
	if found.ExternalID != "" {
		st.stands = found
		if st.do == ActPublish {
			st.do = ActUpdate
		}
	}
	return nil
}

// notSent wraps an error that came before anything was sent.
type notSent struct{ error }

func (e notSent) Unwrap() error { return e.error }

// claimDelivery takes the delivery for this process, or says how long to wait (0: nothing is left to do).
func (s *Service) claimDelivery(ctx context.Context, deliveryID string) (st *step, wait time.Duration, err error) {
	err = s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		st, wait = nil, 0
		var r deliveryRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", deliveryID)).Scan(ctx); err != nil {
			return notFoundIsDone(err)
		}
		now := s.clock.Now()
		if r.State.Done() || r.Hold {
			return nil
		}
		for _, until := range []time.Time{r.NotBefore, r.ClaimedUntil, r.WakeAt} {
			if until.After(now) {
				wait = max(wait, until.Sub(now)+10*time.Millisecond)
			}
		}
		if wait > 0 {
			return nil
		}
		a, err := s.store.account(ctx, tx, r.AccountID)
		if err != nil {
			return err
		}
		if !a.Works() {
			return s.fail(ctx, tx, &r, accountReason(a), "account", "", a.State != AccountClosed)
		}
		st, wait, err = s.plan(ctx, tx, r, a)
		if err != nil || st == nil {
			return err
		}
		return s.begin(ctx, tx, st, now)
	})
	return st, wait, err
}

func accountReason(a Account) string {
	if a.StateReason != "" {
		return a.StateReason
	}
	return "channel.state." + string(a.State)
}

// plan decides what the delivery comes to, seeing what else was asked for the same source at the same account.
func (s *Service) plan(ctx context.Context, tx db.Tx, r deliveryRow, a Account) (*step, time.Duration, error) {
	others, err := s.store.siblings(ctx, tx, r)
	if err != nil {
		return nil, 0, err
	}
	st := &step{row: r, account: a, do: r.Action, tried: r.receipt()}
	if r.ReceiptState != ReceiptUnfinished && (r.State == DeliveryProcessing || (r.Token != "" && r.ReceiptState == ReceiptProcessing)) {
		st.confirm = true
		return st, 0, nil
	}
	for _, o := range others {
		if o.Action == ActAnnounce {
			continue
		}
		if r.Action != ActAnnounce && o.ID > r.ID && overtakes(o, r) && r.UnsureSince.IsZero() {
			return nil, 0, s.superseded(ctx, tx, r)
		}
		if o.ID < r.ID && !o.State.Done() { // an older one is still under way: it first
			return nil, 0, s.pause(ctx, tx, &r, 2*time.Second, &st, "")
		}
		if o.ID < r.ID && o.State == DeliveryFailed && o.Action == ActPublish && o.ExternalID == "" && (!o.UnsureSince.IsZero() || o.Token != "") {
			st.doubt = &o
		}
		switch {
		case o.Action == ActRetract && o.State == DeliveryRetracted:
			st.stands, st.doubt = Receipt{}, nil
		case o.ExternalID != "" && o.Action != ActRetract:
			st.stands = Receipt{State: ReceiptPublished, ExternalID: o.ExternalID, Link: o.Link}
		}
	}
	if st.row.ExternalID != "" && r.Action != ActRetract { // an earlier run of this very one left something standing
		st.stands = Receipt{State: ReceiptPublished, ExternalID: r.ExternalID, Link: r.Link}
	}
	if st.stands.ExternalID != "" || r.Action == ActAnnounce {
		st.doubt = nil
	}
	switch {
	case r.Action == ActPublish && st.stands.ExternalID != "":
		st.do = ActUpdate
	case r.Action == ActUpdate && st.stands.ExternalID == "":
		st.do = ActPublish
	case r.Action == ActAnnounce && st.stands.ExternalID == "":
		return nil, 0, s.fail(ctx, tx, &r, "channel.error.nothing_stands", "", "", false)
	}
	return st, 0, nil
}

// overtakes tells whether o makes an r that nobody has begun pointless.
func overtakes(o, r deliveryRow) bool {
	if o.State == DeliverySuperseded || r.Action == ActRetract {
		return false
	}
	return o.Action == ActRetract || o.Version > r.Version
}

func (s *Service) superseded(ctx context.Context, tx db.Tx, r deliveryRow) error {
	r.State, r.Reason, r.FinishedAt, r.WakeAt, r.Claim, r.ClaimedUntil = DeliverySuperseded, "", s.clock.Now(), time.Time{}, "", time.Time{}
	return s.save(ctx, tx, &r)
}

// pause leaves the delivery queued for a while; the job that runs it sees wake_at and snoozes.
func (s *Service) pause(ctx context.Context, tx db.Tx, r *deliveryRow, d time.Duration, st **step, reason string) error {
	*st = nil
	r.WakeAt, r.Reason = s.clock.Now().Add(d), reason
	if err := s.save(ctx, tx, r); err != nil {
		return err
	}
	return s.q.EnqueueMany(ctx, tx, []jobs.Many{s.deliverJob(r.ID, r.WakeAt)})
}

// begin marks the try as begun, before it begins.
func (s *Service) begin(ctx context.Context, tx db.Tx, st *step, now time.Time) error {
	r := st.row // the step keeps what was known before this try
	r.Claim, r.ClaimedUntil, r.Attempts, r.LastTry, r.Reason = id.New(), now.Add(s.cfg.Claim), r.Attempts+1, now, ""
	r.WakeAt = r.ClaimedUntil // if this process dies, the sweep finds it
	if !st.confirm {
		r.State = DeliverySending
		if r.UnsureSince.IsZero() {
			r.UnsureSince = now
		}
	}
	if err := s.save(ctx, tx, &r); err != nil {
		return err
	}
	st.row.Claim = r.Claim
	return nil
}

func (s *Service) save(ctx context.Context, tx db.Tx, r *deliveryRow) error {
	_, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx)
	return err
}

// fail closes the delivery with what a person should do.
func (s *Service) fail(ctx context.Context, tx db.Tx, r *deliveryRow, key, code, text string, waits bool) error {
	r.State, r.Reason, r.ErrorCode, r.ErrorText, r.Waits = DeliveryFailed, key, code, text, waits
	r.FinishedAt, r.WakeAt, r.Claim, r.ClaimedUntil = s.clock.Now(), time.Time{}, "", time.Time{}
	if err := s.save(ctx, tx, r); err != nil {
		return err
	}
	return s.changed(ctx, tx, *r)
}

func (s *Service) changed(ctx context.Context, tx db.Tx, r deliveryRow) error {
	return s.q.Publish(ctx, tx, DeliveryChanged{DeliveryID: r.ID, Source: r.Source, Version: r.Version, State: r.State})
}

// settle writes down what came of a step, if the claim is still ours, and says when the job should come back.
func (s *Service) settle(ctx context.Context, st *step, rc Receipt, callErr error) error {
	var wait time.Duration
	err := s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		wait = 0
		var r deliveryRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", st.row.ID)).Scan(ctx); err != nil {
			return notFoundIsDone(err)
		}
		if r.Claim != st.row.Claim { // we were too slow and another process has taken over: what it finds counts
			return nil
		}
		r.Claim, r.ClaimedUntil = "", time.Time{}
		if callErr != nil {
			var err error
			wait, err = s.settleError(ctx, tx, &r, st, callErr)
			return err
		}
		was := r.State
		r.keep(rc)
		r.UnsureSince, r.Reason, r.ErrorCode, r.ErrorText, r.Failures = time.Time{}, "", "", "", 0
		if rc.State == ReceiptProcessing || rc.State == ReceiptUnfinished {
			wait = s.cfg.Poll[min(r.Polls, len(s.cfg.Poll)-1)]
			r.State, r.WakeAt, r.Polls = DeliveryProcessing, s.clock.Now().Add(wait), r.Polls+1
			if err := s.save(ctx, tx, &r); err != nil || was == DeliveryProcessing {
				return err
			}
			return s.changed(ctx, tx, r)
		}
		r.State, r.WakeAt, r.FinishedAt = DeliveryPublished, time.Time{}, s.clock.Now()
		if rc.State == ReceiptRetracted {
			r.State = DeliveryRetracted
		} else if err := s.published(ctx, tx, r.AccountID); err != nil {
			return err
		}
		if err := s.save(ctx, tx, &r); err != nil {
			return err
		}
		return s.changed(ctx, tx, r)
	})
	if err == nil && wait > 0 {
		return jobs.Snooze(wait)
	}
	return err
}

// settleError follows the advice of an error.
func (s *Service) settleError(ctx context.Context, tx db.Tx, r *deliveryRow, st *step, callErr error) (time.Duration, error) {
	v := s.judge(callErr, r.Failures)
	if !v.unsure { // this try surely had no effect: what is known of the tries before it holds
		r.UnsureSince, r.LastTry = st.tried.Since, st.tried.LastTry
	}
	s.log.InfoContext(ctx, "delivery met trouble", "delivery", r.ID, "account", r.AccountID, "attempt", r.Attempts, "advice", v.advice, "err", callErr)
	if err := s.follow(ctx, tx, r.AccountID, v); err != nil {
		return 0, err
	}
	if v.final {
		return 0, s.fail(ctx, tx, r, v.key, v.code, v.text, v.waits)
	}
	if v.counts {
		r.Failures++
	}
	r.Reason, r.ErrorCode, r.ErrorText = v.key, v.code, v.text
	r.State = DeliveryQueued
	if st.confirm {
		r.State = DeliveryProcessing
	}
	r.WakeAt = s.clock.Now().Add(v.wait)
	return v.wait, s.save(ctx, tx, r)
}

// crashed is a point at which a test may kill the work as a power cut would: nothing after it happens.
func (s *Service) crashed(point, what string) error {
	if s.crash == nil {
		return nil
	}
	return s.crash(point, what)
}

func jitter(d time.Duration) time.Duration {
	return d*3/4 + time.Duration(rand.Int64N(int64(d/2)+1))
}
