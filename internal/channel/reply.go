package channel

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// reply sends one outgoing message. It follows the same rules as deliver: claimed in the database, begun before it begins,
// and after a try of unknown outcome the channel looks into the conversation before it writes again.
func (s *Service) reply(ctx context.Context, messageID string) error {
	row, account, known, wait, err := s.claimMessage(ctx, messageID)
	if err != nil {
		return err
	}
	if row == nil {
		if wait > 0 {
			return jobs.Snooze(wait)
		}
		return nil
	}
	ch, err := s.channel(account.Kind)
	if err != nil {
		return err
	}
	work, cancel := context.WithTimeout(ctx, s.cfg.Claim-5*time.Second)
	defer cancel()
	m := row.message("")
	rc, err := ch.Reply(work, account, Reply{PersonID: m.PersonID, Text: m.Text, Comment: m.Comment, Files: s.opened(m.Files), Buttons: m.Buttons, Ask: m.Ask,
		Group: m.Group, Since: row.UnsureSince, LastTry: row.LastTry, Known: known})
	if err := s.crashed("replied", messageID); err != nil {
		return err
	}
	wait, err = s.settleMessage(context.WithoutCancel(ctx), *row, rc, err)
	if err == nil && wait > 0 {
		return jobs.Snooze(wait)
	}
	return err
}

// claimMessage takes the message for this process. The row it returns holds what was known before this try.
func (s *Service) claimMessage(ctx context.Context, messageID string) (row *messageRow, a Account, known []string, wait time.Duration, err error) {
	err = s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		row, wait = nil, 0
		var r messageRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", messageID)).Scan(ctx); err != nil {
			return notFoundIsDone(err)
		}
		now := s.clock.Now()
		if r.State != MessageQueued && r.State != MessageSending {
			return nil
		}
		for _, until := range []time.Time{r.ClaimedUntil, r.WakeAt} {
			if until.After(now) {
				wait = max(wait, until.Sub(now)+10*time.Millisecond)
			}
		}
		if wait > 0 {
			return nil
		}
		if a, err = s.store.account(ctx, tx, r.AccountID); err != nil {
			return err
		}
		if !a.Works() {
			return s.failMessage(ctx, tx, &r, verdict{key: accountReason(a), code: "account", waits: a.State != AccountClosed})
		}
		if gone, err := s.store.withdrew(ctx, tx, r); err != nil || gone {
			if err != nil {
				return err
			}
			return s.failMessage(ctx, tx, &r, verdict{key: "channel.error.withdrew", code: "withdrew"})
		}
		if known, err = s.store.sentTo(ctx, tx, r); err != nil {
			return err
		}
		before := r
		r.State, r.Claim, r.ClaimedUntil, r.Attempts, r.LastTry = MessageSending, id.New(), now.Add(s.cfg.Claim), r.Attempts+1, now
		r.WakeAt = r.ClaimedUntil
		if r.UnsureSince.IsZero() {
			r.UnsureSince = now
		}
		before.Claim = r.Claim
		row = &before
		return s.saveMessage(ctx, tx, &r)
	})
	return row, a, known, wait, err
}

// withdrew tells whether the person has asked to be forgotten.
func (store) withdrew(ctx context.Context, q bun.IDB, r messageRow) (bool, error) {
	return q.NewSelect().Model((*personRow)(nil)).Where("account_id = ?", r.AccountID).Where("person_id = ?", r.PersonID).
		Where("withdrawn_at IS NOT NULL").Exists(ctx)
}

// sentTo lists the channel's ids of our other messages to the person that are known to have gone out.
func (store) sentTo(ctx context.Context, q bun.IDB, r messageRow) ([]string, error) {
	var out []string
	err := q.NewSelect().Model((*messageRow)(nil)).Column("external_id").Where("account_id = ?", r.AccountID).Where("person_id = ?", r.PersonID).
		Where("outgoing = ?", true).Where("external_id <> ''").Where("id <> ?", r.ID).Order("id DESC").Limit(100).Scan(ctx, &out)
	return out, err
}

func (s *Service) saveMessage(ctx context.Context, tx db.Tx, r *messageRow) error {
	_, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx)
	return err
}

func (s *Service) failMessage(ctx context.Context, tx db.Tx, r *messageRow, v verdict) error {
	r.State, r.Reason, r.ErrorCode, r.ErrorText, r.Waits = MessageFailed, v.key, v.code, v.text, v.waits
	r.WakeAt, r.Claim, r.ClaimedUntil = time.Time{}, "", time.Time{}
	if err := s.saveMessage(ctx, tx, r); err != nil {
		return err
	}
	return s.q.Publish(ctx, tx, MessageChanged{MessageID: r.ID, AccountID: r.AccountID, Key: r.Key, State: r.State, Reason: r.Reason})
}

func (s *Service) settleMessage(ctx context.Context, before messageRow, rc Receipt, callErr error) (wait time.Duration, err error) {
	err = s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		wait = 0
		var r messageRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", before.ID)).Scan(ctx); err != nil {
			return notFoundIsDone(err)
		}
		if r.Claim != before.Claim {
			return nil
		}
		r.Claim, r.ClaimedUntil = "", time.Time{}
		if callErr == nil {
			return s.messageSent(ctx, tx, &r, rc)
		}
		v := s.judge(callErr, r.Failures)
		if !v.unsure {
			r.UnsureSince, r.LastTry = before.UnsureSince, before.LastTry
		}
		s.log.InfoContext(ctx, "message met trouble", "message", r.ID, "account", r.AccountID, "attempt", r.Attempts, "advice", v.advice, "err", callErr)
		if err := s.follow(ctx, tx, r.AccountID, v); err != nil {
			return err
		}
		if v.advice == AdviceUnfollow {
			if err := s.store.unreachable(ctx, tx, r.AccountID, r.PersonID, v.key); err != nil {
				return err
			}
		}
		if v.final {
			return s.failMessage(ctx, tx, &r, v)
		}
		if v.counts {
			r.Failures++
		}
		wait = v.wait
		r.State, r.Reason, r.ErrorCode, r.ErrorText, r.WakeAt = MessageQueued, v.key, v.code, v.text, s.clock.Now().Add(wait)
		return s.saveMessage(ctx, tx, &r)
	})
	return wait, err
}

func (s *Service) messageSent(ctx context.Context, tx db.Tx, r *messageRow, rc Receipt) error {
	r.State, r.ExternalID, r.Reason, r.ErrorCode, r.ErrorText = MessageSent, rc.ExternalID, "", "", ""
	r.UnsureSince, r.WakeAt, r.SaidAt = time.Time{}, time.Time{}, s.clock.Now()
	if err := s.saveMessage(ctx, tx, r); err != nil {
		return err
	}
	return s.q.Publish(ctx, tx, MessageChanged{MessageID: r.ID, AccountID: r.AccountID, Key: r.Key, State: r.State})
}

func (store) unreachable(ctx context.Context, q bun.IDB, accountID, personID, key string) error {
	_, err := q.NewUpdate().Model((*personRow)(nil)).Set("unreachable = ?", key).Where("account_id = ?", accountID).Where("person_id = ?", personID).Exec(ctx)
	return err
}
