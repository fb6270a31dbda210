package inbox

import (
	"context"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// onOutcome brings a conversation back to the desk when an answer of ours did not arrive.
func (s *Service) onOutcome(ctx context.Context, e channel.MessageChanged) error {
	if !strings.HasPrefix(e.Key, keyPrefix) || (e.State != channel.MessageFailed && e.State != channel.MessageSent) {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		m, err := s.store.message(ctx, tx, e.MessageID)
		if err != nil || m.ConversationID == "" {
			return err
		}
		row, err := s.store.lock(ctx, tx, m.ConversationID)
		if err != nil {
			return err
		}
		c := row.domain()
		c.Failed = e.State == channel.MessageFailed
		switch {
		case !c.Failed && !c.LastAt.After(m.At.UTC()): // nothing has come in since the answer was written
			c.answered()
		case c.Failed:
			c.State = StateOpen
			if c.WaitingSince.IsZero() {
				c.WaitingSince = s.Clock.Now()
				c.AnswerDue = s.Calendar.Deadline(c.WaitingSince, FirstAnswerDays)
			}
		}
		return s.store.save(ctx, tx, c)
	})
}

// onNamed shows a person's name once the channel has told it: it is asked for after the first message.
func (s *Service) onNamed(ctx context.Context, e channel.PersonNamed) error {
	p, err := s.Channels.Person(ctx, e.AccountID, e.PersonID)
	if err != nil || p.Name == "" {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		rows, err := s.store.unnamed(ctx, tx, e.AccountID, e.PersonID)
		if err != nil {
			return err
		}
		for _, r := range rows {
			c := r.domain()
			c.PersonName = p.Name
			if err := s.store.save(ctx, tx, c); err != nil {
				return err
			}
			if err := s.store.nameWords(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// onWithdrawal takes out what could name a person who asked to be forgotten.
func (s *Service) onWithdrawal(ctx context.Context, e channel.PersonWithdrew) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.forget(ctx, tx, e.AccountID, e.PersonID) })
}

// onClassified puts away the words of a conversation whose case turned out to be for its receiver alone: the list shows no
// excerpt of it and the search does not find it; the messages themselves are emptied, for their words stand sealed in the case.
func (s *Service) onClassified(ctx context.Context, e feedback.Classified) error {
	if !e.As.Secret() {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		said, err := s.store.saidIn(ctx, tx, e.CaseID)
		if err != nil {
			return err
		}
		if err := s.Channels.EraseWords(ctx, tx, said); err != nil {
			return err
		}
		return s.store.hush(ctx, tx, e.CaseID)
	})
}
