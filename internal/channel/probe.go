package channel

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// probeEvery is how old the last look at an account may be.
const probeEvery = 24 * time.Hour

// Probe looks at an account from outside now, for an actor who may connect it, and returns it as it is after that.
func (s *Service) Probe(ctx context.Context, actor identity.Actor, accountID string) (Account, error) {
	a, err := s.store.account(ctx, s.db.Read(), accountID)
	if err != nil {
		return Account{}, err
	}
	if err := s.authz.Check(actor, ActionConnect, s.resource(a)); err != nil {
		return Account{}, err
	}
	return s.probe(ctx, a)
}

// probe asks the channel and writes down what it says. Passing trouble leaves the account as it was and comes back as the
// error; trouble that needs a person becomes the account's state.
func (s *Service) probe(ctx context.Context, a Account) (Account, error) {
	ch, err := s.channel(a.Kind)
	if err != nil {
		return a, err
	}
	seen, err := ch.Probe(ctx, a)
	if err != nil {
		v := s.judge(err, 0)
		if v.account == "" && !v.final {
			return a, err
		}
		if seen.ID == "" { // what was learned before the refusal is kept
			seen = a
		}
		seen.State, seen.StateReason = v.account, v.key
		if v.account == "" {
			seen.State = AccountPaused
		}
	} else {
		seen.State, seen.StateReason = AccountConnected, ""
	}
	seen.CheckedAt = s.clock.Now()
	return seen, s.write(ctx, func(ctx context.Context, tx db.Tx) error { return s.keepProbe(ctx, tx, a, &seen) })
}

// keepProbe stores what a probe saw. A pause made by hand stays.
func (s *Service) keepProbe(ctx context.Context, tx db.Tx, was Account, seen *Account) error {
	now, err := s.store.account(ctx, tx, was.ID)
	if err != nil {
		return err
	}
	if now.State == AccountClosed || (now.State == AccountPaused && now.StateReason == "channel.state.paused_by_hand") {
		seen.State, seen.StateReason = now.State, now.StateReason
	}
	row := rowOfAccount(*seen)
	if _, err := tx.NewUpdate().Model(&row).Column("name", "link", "state", "state_reason", "capabilities", "followers", "checked_at", "health").WherePK().Exec(ctx); err != nil {
		return err
	}
	if err := s.q.Publish(ctx, tx, AccountSeen{AccountID: was.ID}); err != nil {
		return err
	}
	if seen.State == AccountConnected && now.State != AccountConnected {
		return s.wakeAccount(ctx, tx, was.ID)
	}
	return nil
}

func (s *Service) probeJob(ctx context.Context, accountID string) error {
	a, err := s.store.account(ctx, s.db.Read(), accountID)
	if err != nil || a.State == AccountClosed {
		return err
	}
	_, err = s.probe(ctx, a)
	var e *Error
	if errors.As(err, &e) && e.Advice == AdviceLater {
		return jobs.Snooze(max(s.waitOf(e), time.Minute))
	}
	return err
}

// probeDue spreads the daily look at every account over the hour.
func (s *Service) probeDue(ctx context.Context) error {
	now := s.clock.Now()
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		as, err := s.store.accounts(ctx, tx, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("a.kind <> ?", Portal).Where("a.state <> ?", AccountClosed).
				Where("(a.checked_at IS NULL OR a.checked_at < ?)", now.Add(-probeEvery))
		})
		if err != nil {
			return err
		}
		many := make([]jobs.Many, len(as))
		for i, a := range as {
			at := time.Now().Add(time.Duration(i) * 45 * time.Minute / time.Duration(len(as)))
			many[i] = jobs.Many{Args: probeArgs{Account: a.ID}, InsertOpts: &jobs.Options{ScheduledAt: at, Priority: 3, MaxAttempts: 3}}
		}
		return s.q.EnqueueMany(ctx, tx, many)
	})
}
