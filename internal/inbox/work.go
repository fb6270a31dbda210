package inbox

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// MaxReply is the greatest length of a reply, in letters; a channel may take less and says so.
const MaxReply = 2000

// keyPrefix begins the idempotency key of every message of the inbox.
const keyPrefix = "inbox:"

// change reads a conversation for update, checks the right, lets fn change it and writes it with an audit line.
func (s *Service) change(ctx context.Context, actor identity.Actor, conversationID, action, act string, fn func(ctx context.Context, tx db.Tx, c *Conversation) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row, err := s.store.lock(ctx, tx, conversationID)
		if err != nil {
			return err
		}
		c := row.domain()
		if err := s.may(actor, action, c); err != nil {
			return err
		}
		if err := fn(ctx, tx, &c); err != nil {
			return err
		}
		if err := s.store.save(ctx, tx, c); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: c.UnitID, Action: act, ResourceType: "Conversation", ResourceID: c.ID})
	})
}

// Claim makes the conversation the official's own. One that a colleague has taken on is refused with a Conflict; it can be
// assigned instead.
func (s *Service) Claim(ctx context.Context, actor identity.Actor, conversationID string) error {
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.claim", func(_ context.Context, _ db.Tx, c *Conversation) error {
		if c.ClaimedBy != "" && c.ClaimedBy != actor.ID {
			return fault.New(fault.Conflict, "inbox.claimed_already").With("Name", c.ClaimedByName)
		}
		c.ClaimedBy, c.ClaimedByName = actor.ID, actor.Name
		return nil
	})
}

// Release gives the official's own conversation back to the whole desk.
func (s *Service) Release(ctx context.Context, actor identity.Actor, conversationID string) error {
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.release", func(_ context.Context, _ db.Tx, c *Conversation) error {
		if c.ClaimedBy != "" && c.ClaimedBy != actor.ID {
			return fault.New(fault.Conflict, "inbox.claimed_already").With("Name", c.ClaimedByName)
		}
		c.ClaimedBy, c.ClaimedByName = "", ""
		return nil
	})
}

// Assign hands the conversation to an official of the unit's desk, also one that somebody else has taken on.
func (s *Service) Assign(ctx context.Context, actor identity.Actor, conversationID, officialID string) error {
	before, err := s.store.conversation(ctx, s.DB.Read(), conversationID)
	if err != nil {
		return err
	}
	if err := s.may(actor, ActionAssign, before); err != nil {
		return err
	}
	list, err := s.colleagues(ctx, actor, before)
	if err != nil {
		return err
	}
	name := ""
	for _, l := range list {
		if l.ID == officialID {
			name = l.Name
		}
	}
	if name == "" {
		return fault.Field("official", "inbox.official_unknown")
	}
	return s.change(ctx, actor, conversationID, ActionAssign, "inbox.assign", func(_ context.Context, _ db.Tx, c *Conversation) error {
		if c.UnitID != before.UnitID {
			return fault.New(fault.Conflict, "inbox.changed")
		}
		c.ClaimedBy, c.ClaimedByName = officialID, name
		return nil
	})
}

// Close ends the conversation: nothing more to do. It opens again when the person writes.
func (s *Service) Close(ctx context.Context, actor identity.Actor, conversationID string) error {
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.close", func(_ context.Context, _ db.Tx, c *Conversation) error {
		c.State = StateDone
		c.answered()
		return nil
	})
}

// Reopen takes a closed conversation up again.
func (s *Service) Reopen(ctx context.Context, actor identity.Actor, conversationID string) error {
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.reopen", func(_ context.Context, _ db.Tx, c *Conversation) error {
		c.State = StateOpen
		return nil
	})
}

// Reply answers the person by the same channel, with the files that KeepFile gave. The key names the form: the same key sends
// once.
func (s *Service) Reply(ctx context.Context, actor identity.Actor, conversationID, text, key string, files []string) error {
	text = strings.TrimSpace(vntext.NFC(strings.ReplaceAll(text, "\r\n", "\n")))
	switch n := vntext.Length(text); {
	case n == 0 && len(files) == 0:
		return fault.Field("reply", "inbox.reply_required")
	case n > MaxReply:
		return fault.Field("reply", "inbox.reply_long").With("Limit", MaxReply)
	case key == "" || len(key) > 100:
		return fault.New(fault.Invalid, "inbox.form_broken")
	}
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.reply", func(ctx context.Context, tx db.Tx, c *Conversation) error {
		to := c.Return()
		with, err := s.useFiles(ctx, tx, actor, c.ID, key, files)
		if err != nil {
			return err
		}
		messageID, err := s.Channels.Reply(ctx, tx, channel.ReplyRequest{AccountID: to.AccountID, PersonID: to.PersonID, Text: text, Comment: to.Comment, Files: with, IdempotencyKey: keyPrefix + c.ID + ":" + key})
		if on := faultOn(err, "files"); on != nil { // too many, or of a kind that the channel does not take
			return on
		}
		if fault.Is(err, fault.Invalid) { // the channel's limits
			return fault.Field("reply", "inbox.reply_refused").Because(err)
		}
		if err != nil {
			return err
		}
		isNew, err := s.store.insertMessage(ctx, tx, messageRow{MessageID: messageID, ConversationID: c.ID, AuthorID: actor.ID, AuthorName: actor.Name, At: s.Clock.Now()})
		if err != nil || !isNew {
			return err // the same form a second time: what came in since stays unanswered
		}
		c.answered()
		c.State = StateOpen
		if c.ClaimedBy == "" {
			c.ClaimedBy, c.ClaimedByName = actor.ID, actor.Name
		}
		return nil
	})
}

// faultOn gives the fault of a field, nil when the error is none.
func faultOn(err error, field string) error {
	var f *fault.Error
	if errors.As(err, &f) && f.Field == field {
		return f
	}
	return nil
}

// Retry sends an answer of the inbox that failed once more.
func (s *Service) Retry(ctx context.Context, actor identity.Actor, conversationID, messageID string) error {
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.retry", func(ctx context.Context, tx db.Tx, c *Conversation) error {
		m, err := s.store.message(ctx, tx, messageID)
		if err != nil {
			return err
		}
		if m.ConversationID != c.ID {
			return errNone()
		}
		c.Failed = false
		return s.Channels.RetryMessage(ctx, tx, messageID)
	})
}

// BecomeCase turns messages of the person into a case of feedback; the answer to it goes back by the same door. No messages
// named means: all that are not part of a case yet. Pressed twice it gives the same case.
func (s *Service) BecomeCase(ctx context.Context, actor identity.Actor, conversationID string, kind feedback.Kind, messageIDs []string) (feedback.Case, error) {
	c, err := s.store.conversation(ctx, s.DB.Read(), conversationID)
	if err != nil {
		return feedback.Case{}, err
	}
	if err := s.may(actor, ActionReply, c); err != nil {
		return feedback.Case{}, err
	}
	lines, err := s.lines(ctx, c)
	if err != nil {
		return feedback.Case{}, err
	}
	chosen := choose(lines, messageIDs)
	if made, ok, err := s.madeBefore(ctx, actor, c, chosen); ok || err != nil {
		return made, err
	}
	chosen = slices.DeleteFunc(chosen, func(l Line) bool { return l.CaseID != "" })
	began := s.Clock.Now()
	last := chosen[len(chosen)-1]
	to := c.Return()
	if to.Comment != nil {
		to.Comment.ParentID = last.ExternalID
	}
	made, err := s.Cases.Take(ctx, actor, feedback.Intake{UnitID: c.UnitID, Kind: kind, Text: caseText(chosen), Door: c.Door(), Return: to,
		Person: feedback.Person{Name: vntext.Truncate(c.PersonName, feedback.MaxName)}, MayPublish: true, SourceKey: keyPrefix + chosen[0].ID})
	if err != nil {
		return feedback.Case{}, err
	}
	var ids []string
	for _, l := range chosen {
		if !made.ReceivedAt.Before(began) || !l.At.After(made.ReceivedAt) { // an earlier try that broke off did not have what came in since
			ids = append(ids, l.ID)
		}
	}
	err = s.change(ctx, actor, conversationID, ActionReply, "inbox.become_case", func(ctx context.Context, tx db.Tx, c *Conversation) error {
		c.CaseID, c.CaseCode = made.ID, made.Code
		c.answered()
		if c.ClaimedBy == "" {
			c.ClaimedBy, c.ClaimedByName = actor.ID, actor.Name
		}
		if made.Kind.Secret() {
			c.CaseCode, c.LastText = "", "" // from now on for its receiver alone
			if err := s.store.dropWords(ctx, tx, c.ID); err != nil {
				return err
			}
			if err := s.Channels.EraseWords(ctx, tx, ids); err != nil {
				return err
			}
		}
		return s.store.setCase(ctx, tx, c.ID, ids, made)
	})
	return made, err
}

// madeBefore gives the case that the chosen messages are already part of, so that a second click leads to the same case.
func (s *Service) madeBefore(ctx context.Context, actor identity.Actor, c Conversation, chosen []Line) (feedback.Case, bool, error) {
	caseID := c.CaseID
	for _, l := range chosen {
		if l.CaseID == "" {
			return feedback.Case{}, false, nil
		}
		caseID = l.CaseID
	}
	if caseID == "" {
		return feedback.Case{}, false, fault.New(fault.Conflict, "inbox.nothing_new")
	}
	d, err := s.Cases.Dossier(ctx, actor, caseID)
	return d.Case, err == nil, err
}
