// Package inbox holds the conversations that people begin with a unit on its channels: messages to its Zalo account and
// Facebook page, and comments under what it published. Small talk stays a conversation and is answered here; a question that
// needs an answer of the authorities becomes a case of feedback with one click. The words themselves stay with the channel;
// the inbox knows who has read, taken on and answered what.
package inbox

import (
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// State is whether a conversation waits for us.
type State string

// The states.
const (
	StateOpen State = "open"
	StateDone State = "done" // nothing more to do; opens again when the person writes
)

// Conversation is what one person and one account of a unit say to each other, in private or under one publication.
type Conversation struct {
	ID            string
	AccountID     string
	UnitID        string
	Kind          channel.Kind
	PersonID      string
	PersonName    string
	Post          string // the publication that is commented on; "" for private messages
	State         State
	Unread        int // messages that nobody of the desk has seen
	ClaimedBy     string
	ClaimedByName string
	CaseID        string // the latest case made of it; "" for none
	LastExternal  string // the channel's id of the person's last message
	LastText      string
	LastAt        time.Time
}

// Public tells whether everybody can read the conversation: comments under a publication.
func (c Conversation) Public() bool { return c.Post != "" }

// Return is the address to which a case made of the conversation answers.
func (c Conversation) Return() feedback.Return {
	r := feedback.Return{AccountID: c.AccountID, PersonID: c.PersonID}
	if c.Public() {
		r.Comment = &channel.CommentRef{PostExternalID: c.Post, ParentID: c.LastExternal}
	}
	return r
}

// Door is the door of feedback that the conversation came in by.
func (c Conversation) Door() feedback.Door {
	if c.Kind == channel.Facebook {
		return feedback.DoorFacebook
	}
	return feedback.DoorZalo
}

// hear writes an incoming message into the conversation.
func (c *Conversation) hear(m channel.Message) {
	if m.PersonName != "" {
		c.PersonName = m.PersonName
	}
	c.State = StateOpen
	c.Unread++
	if !m.At.Before(c.LastAt) {
		c.LastAt, c.LastText, c.LastExternal = m.At, vntext.Truncate(strings.Join(strings.Fields(m.Text), " "), 140), m.ExternalID
	}
}

// searchLimit bounds the words kept for search, in letters; the newest are kept.
const searchLimit = 2000

// moreSearch puts the folded words of a message in front of what the search knows.
func moreSearch(have, name, text string) string {
	s := vntext.Fold(text) + " " + have
	if n := vntext.Fold(name); !strings.Contains(s, n) {
		s = n + " " + s
	}
	if r := []rune(s); len(r) > searchLimit {
		s = string(r[:searchLimit])
	}
	return strings.TrimSpace(s)
}

// Line is one message of a conversation as the desk sees it.
type Line struct {
	channel.Message
	Author string // official who wrote it; "" for the person or the house
	CaseID string // the case it became part of
}

// caseText joins the messages that become a case; what the person sent as a picture only is named by its alternative text.
func caseText(lines []Line) string {
	var parts []string
	for _, l := range lines {
		if t := strings.TrimSpace(l.Text); t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, "\n")
}
