package channel

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// verdict is what the kernel does after an error of a channel.
type verdict struct {
	advice  Advice
	final   bool          // a person must act: the work is marked failed
	waits   bool          // taken up again by itself when the account works
	counts  bool          // one of the tries that passing trouble is allowed
	unsure  bool          // it may have taken effect
	wait    time.Duration // until the next try
	account AccountState  // what becomes of the account; "" leaves it
	key     string
	code    string
	text    string
}

// judge turns an error into a verdict. Failures is how much passing trouble the work has met before.
func (s *Service) judge(err error, failures int) verdict {
	var before notSent
	sent := !errors.As(err, &before)
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Advice: AdviceRetry, Message: err.Error(), Unsure: sent, Key: "channel.error.unreachable"}
		if !sent {
			e.Key = "channel.error.content"
		}
	}
	v := verdict{advice: e.Advice, unsure: e.Unsure && sent, key: e.Key, code: e.Code, text: e.Message}
	switch e.Advice {
	case AdviceRetry:
		v.counts = true
		v.final = failures+1 >= s.cfg.Tries
		v.wait = jitter(min(s.cfg.Backoff<<min(failures, 12), time.Hour))
		v.wait = max(v.wait, s.waitOf(e))
	case AdviceLater:
		if v.wait = s.waitOf(e); v.wait <= 0 {
			v.wait = jitter(time.Minute)
		}
	case AdviceReauth, AdviceRefresh: // a refresh has been tried by the vault before we hear of it
		v.final, v.waits, v.account = true, true, AccountReauth
	default:
		v.final = true
		if e.Scope == ScopeAccount {
			v.waits, v.account = true, AccountPaused
		}
	}
	if v.key == "" {
		v.key = "channel.error.other"
	}
	return v
}

// waitOf is how long the error asks to wait; 0 when it does not say.
func (s *Service) waitOf(e *Error) time.Duration {
	if e.After.IsZero() {
		return e.Wait
	}
	return max(e.After.Sub(s.clock.Now()), time.Second)
}

// follow changes the account as the verdict says.
func (s *Service) follow(ctx context.Context, tx db.Tx, accountID string, v verdict) error {
	if v.account == "" {
		return nil
	}
	if err := s.store.setAccountState(ctx, tx, accountID, v.account, v.key); err != nil {
		return err
	}
	return s.q.Publish(ctx, tx, AccountSeen{AccountID: accountID})
}

func notFoundIsDone(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
