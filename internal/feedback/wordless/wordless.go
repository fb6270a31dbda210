// Package wordless answers people who send a voice message, a sticker, a film, a photo or a file and no words: one polite
// sentence says that it was received and kept, and what to write so that somebody can act. It goes out at most once a day
// to one person, never under a public comment, and not to whoever has just written words or is being answered anyway.
package wordless

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// keyPrefix begins the idempotency keys of these replies.
const keyPrefix = "feedback.wordless:"

// How far back the conversation is read.
const (
	saidRecently = 30 * time.Minute // words this fresh belong to what came without
	inAnyway     = 24 * time.Hour   // a desk that answered within a day is in conversation: a sticker is thanks
	readBack     = 20               // messages
	answerWithin = 24 * time.Hour   // an older message, as after an outage, is the desk's
)

// Channels is what this package asks of the channels; channel.Service implements it.
type Channels interface {
	Messages(ctx context.Context, messageIDs []string) ([]channel.Message, error)
	Thread(ctx context.Context, accountID, personID string, limit int) ([]channel.Message, error)
	Reply(ctx context.Context, tx db.Tx, r channel.ReplyRequest) (messageID string, err error)
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Channels Channels
	Words    feedback.Words             // speaks to citizens
	Name     func(unitID string) string // of the unit, as one that speaks
	AskURL   func(unitID string) string // the form of the unit
}

// Listen begins to answer.
func Listen(d Deps) {
	jobs.OnMany(d.Queue, "wordless", d.onMessages)
}

// onMessages looks at what came in together; one that fails does not keep the others from their answer.
func (d Deps) onMessages(ctx context.Context, events []channel.MessageReceived) error {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.MessageID
	}
	list, err := d.Channels.Messages(ctx, ids) // without those that were forgotten meanwhile at the person's wish
	failed := []error{err}
	for _, m := range list {
		failed = append(failed, d.onMessage(ctx, m))
	}
	return errors.Join(failed...)
}

func (d Deps) onMessage(ctx context.Context, m channel.Message) error {
	if m.Outgoing || m.Comment != nil || m.Group || m.History || m.Shared != nil || !Wordless(m) || d.Clock.Now().Sub(m.At) > answerWithin {
		return nil
	}
	said, err := d.Channels.Thread(ctx, m.AccountID, m.PersonID, readBack)
	if err != nil || !called(m, said) {
		return err
	}
	day := string(clock.DateOf(m.At))
	text := d.Words.T("feedback.wordless.reply", "Unit", d.Name(m.UnitID), "Link", d.AskURL(m.UnitID))
	return d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := d.Channels.Reply(ctx, tx, channel.ReplyRequest{AccountID: m.AccountID, PersonID: m.PersonID, Text: text,
			IdempotencyKey: keyPrefix + m.AccountID + ":" + m.PersonID + ":" + day})
		return err
	})
}

var (
	address  = regexp.MustCompile(`^(https?://\S+|geo:\S+)$`)
	fileName = regexp.MustCompile(`(?i)^.{1,200}\.[a-z0-9]{2,5}$`)
)

// Wordless tells whether a message holds something, but no words a person wrote: pictures, and addresses of what was sent
// along, with the names of files.
func Wordless(m channel.Message) bool {
	lines := strings.Split(strings.TrimSpace(m.Text), "\n")
	things := len(m.Pictures) + len(m.Files)
	for i, l := range lines {
		l = strings.TrimSpace(l)
		next := ""
		if i+1 < len(lines) {
			next = strings.TrimSpace(lines[i+1])
		}
		switch {
		case l == "":
		case address.MatchString(l):
			things++
		case fileName.MatchString(l) && address.MatchString(next): // the name of the file whose address follows
		default:
			return false
		}
	}
	return things > 0
}

// called tells whether the sentence helps: nobody has just said in words what it is about, and the desk is not answering.
func called(m channel.Message, said []channel.Message) bool {
	onlyPicture := strings.TrimSpace(m.Text) == ""
	for _, x := range said {
		ago := m.At.Sub(x.At)
		if x.ID == m.ID || x.Comment != nil {
			continue
		}
		if !x.Outgoing && !Wordless(x) && strings.TrimSpace(x.Text) != "" && ago.Abs() <= saidRecently {
			return false
		}
		if x.Outgoing && onlyPicture && ago <= inAnyway && !strings.HasPrefix(x.Key, keyPrefix) {
			return false
		}
	}
	return true
}
