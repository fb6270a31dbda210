package inbox

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// A person may write by several doors. That two conversations are of one person is never guessed: the desk gives a code in
// one of them, and the person writes it in the other.

// bridgeFor is how long a code can be used.
const bridgeFor = 7 * 24 * time.Hour

type bridgeCodeRow struct {
	bun.BaseModel  `bun:"table:inbox_bridge_code,alias:k"`
	Code           string `bun:",pk"`
	ConversationID string
	MadeAt         time.Time
	UsedAt         time.Time `bun:",nullzero"`
}

type bridgeRow struct {
	bun.BaseModel  `bun:"table:inbox_bridge,alias:b"`
	ConversationID string `bun:",pk"`
	OtherID        string `bun:",pk"`
	At             time.Time
}

// codeForm is how a code looks among words: NOI- and ten letters or digits without those that look alike.
var codeForm = regexp.MustCompile(`(?i)\bNOI-([0-9A-HJKMNP-TV-Z]{10})\b`)

// OfferBridge sends the person a code with which they can say, in another conversation with the unit, that both are theirs.
// Only private conversations can be joined: a code under a publication could be read by everybody.
func (s *Service) OfferBridge(ctx context.Context, actor identity.Actor, conversationID string) error {
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.bridge", func(ctx context.Context, tx db.Tx, c *Conversation) error {
		if c.Public() {
			return fault.New(fault.Conflict, "inbox.bridge.public")
		}
		code := strings.ToUpper(strings.ReplaceAll(id.New(), "-", ""))
		code = "NOI-" + sparse(code)
		if _, err := tx.NewInsert().Model(&bridgeCodeRow{Code: code, ConversationID: c.ID, MadeAt: s.Clock.Now()}).Exec(ctx); err != nil {
			return err
		}
		return s.say(ctx, tx, *c, actor, s.Words.T("inbox.bridge.text", "Code", code), "bridge:"+code)
	})
}

// sparse takes the last ten letters and digits: those of a UUIDv7 that are random, hexadecimal and so without look-alikes.
func sparse(hex string) string { return hex[len(hex)-10:] }

// housePrefix begins the key of what the house says by itself: that is no answer to what the person asked.
const housePrefix = "inbox-house:"

// say writes a message of the house into a conversation.
func (s *Service) say(ctx context.Context, tx db.Tx, c Conversation, by identity.Actor, text, key string) error {
	to := c.Return()
	messageID, err := s.Channels.Reply(ctx, tx, channel.ReplyRequest{AccountID: to.AccountID, PersonID: to.PersonID, Text: text, Comment: to.Comment, IdempotencyKey: housePrefix + c.ID + ":" + key})
	if err != nil {
		return err
	}
	_, err = s.store.insertMessage(ctx, tx, messageRow{MessageID: messageID, ConversationID: c.ID, AuthorID: by.ID, AuthorName: by.Name, At: s.Clock.Now()})
	return err
}

// bridge joins a conversation with the one whose code stands in a message of its person.
func (s *Service) bridge(ctx context.Context, tx db.Tx, c Conversation, text string) error {
	found := codeForm.FindString(text)
	if found == "" || c.Public() {
		return nil
	}
	now := s.Clock.Now()
	var k bridgeCodeRow
	err := tx.ForUpdate(tx.NewSelect().Model(&k).Where("k.code = ?", strings.ToUpper(found))).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (!k.UsedAt.IsZero() || k.ConversationID == c.ID || now.Sub(k.MadeAt) > bridgeFor) {
		return nil
	}
	if err != nil {
		return err
	}
	other, err := s.store.conversation(ctx, tx, k.ConversationID)
	if err != nil || other.UnitID != c.UnitID {
		return err
	}
	rows := []bridgeRow{{ConversationID: c.ID, OtherID: other.ID, At: now}, {ConversationID: other.ID, OtherID: c.ID, At: now}}
	if _, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return err
	}
	if _, err = tx.NewUpdate().Model((*bridgeCodeRow)(nil)).Set("used_at = ?", now).Where("code = ?", k.Code).Exec(ctx); err != nil {
		return err
	}
	return s.say(ctx, tx, c, identity.System("inbox"), s.Words.T("inbox.bridge.done"), "bridged:"+k.Code)
}

// Bridged lists the other conversations of the same person, by the person's own word, which the actor may read.
func (s *Service) Bridged(ctx context.Context, actor identity.Actor, conversationID string) ([]Conversation, error) {
	var rows []conversationRow
	err := s.DB.Read().NewSelect().Model(&rows).Join("JOIN inbox_bridge AS b ON b.other_id = c.id").Where("b.conversation_id = ?", conversationID).Order("c.last_at DESC").Scan(ctx)
	if err != nil {
		return nil, err
	}
	var out []Conversation
	for _, c := range domains(rows) {
		if s.Can(actor, ActionRead, c) {
			out = append(out, c)
		}
	}
	return out, nil
}

// Unbridge takes two conversations apart again.
func (s *Service) Unbridge(ctx context.Context, actor identity.Actor, conversationID, otherID string) error {
	return s.change(ctx, actor, conversationID, ActionReply, "inbox.unbridge", func(ctx context.Context, tx db.Tx, _ *Conversation) error {
		_, err := tx.NewDelete().Model((*bridgeRow)(nil)).Where("conversation_id = ? AND other_id = ? OR conversation_id = ? AND other_id = ?", conversationID, otherID, otherID, conversationID).Exec(ctx)
		return err
	})
}

// Tell writes a message of the house into a conversation, for features that have checked their own actor. The same key says
// it once. It does not count as an answer to what the person asked.
func (s *Service) Tell(ctx context.Context, tx db.Tx, conversationID, text, key string) error {
	c, err := s.store.conversation(ctx, tx, conversationID)
	if err != nil {
		return err
	}
	return s.say(ctx, tx, c, identity.System("inbox"), text, key)
}
