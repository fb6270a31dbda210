// Package inbox holds the conversations that people begin with a unit on its channels: messages to its Zalo account and
// Facebook page, and comments under what it published. Small talk stays a conversation and is answered here; a question that
// needs an answer of the authorities becomes a case of feedback with one click. The words themselves stay with the channel;
// the inbox knows who has read, taken on and answered what, and until when the first answer is due.
package inbox

import (
	"slices"
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

// FirstAnswerDays is how many working days the desk has for its first answer to a message. It is a rule of the house: the
// terms of the law begin with the case.
const FirstAnswerDays = 1

// Conversation is what one person and one account of a unit say to each other, in private or under one publication.
type Conversation struct {
	ID            string
	AccountID     string
	UnitID        string
	Kind          channel.Kind
	PersonID      string // the channel's id of the person, valid for this account only
	PersonName    string // what the channel shows of them; "" when unknown or forgotten
	Post          string // the publication that is commented on; "" for private messages
	State         State
	Unread        int // messages that nobody of the desk has seen
	ClaimedBy     string
	ClaimedByName string
	CaseID        string // the latest case made of it; "" for none
	CaseCode      string
	LastExternal  string    // the channel's id of the person's last message
	LastText      string    // the beginning of it
	LastAt        time.Time // when the person last wrote
	WaitingSince  time.Time // the oldest message that nobody has answered; zero: nothing waits
	AnswerDue     time.Time // when the first answer to it is due; zero: nothing waits
	Failed        bool      // an answer of ours did not arrive
}

// Public tells whether everybody can read the conversation: comments under a publication.
func (c Conversation) Public() bool { return c.Post != "" }

// Waits tells whether somebody waits for an answer of ours.
func (c Conversation) Waits() bool { return c.State == StateOpen && !c.WaitingSince.IsZero() }

// Late tells whether the first answer should have gone out by now.
func (c Conversation) Late(now time.Time) bool { return c.Waits() && now.After(c.AnswerDue) }

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
	switch c.Kind {
	case channel.Facebook:
		return feedback.DoorFacebook
	case channel.YouTube:
		return feedback.DoorYouTube
	}
	return feedback.DoorZalo
}

// excerptLetters is how much of the last message the list shows.
const excerptLetters = 140

// hear writes an incoming message into the conversation; due is when an answer to it is due. Messages may come in any order.
func (c *Conversation) hear(m channel.Message, due time.Time) {
	newest := !m.At.Before(c.LastAt)
	if m.PersonName != "" && (newest || c.PersonName == "") {
		c.PersonName = m.PersonName
	}
	if newest {
		c.LastAt, c.LastText, c.LastExternal = m.At, vntext.Truncate(strings.Join(strings.Fields(m.Text), " "), excerptLetters), m.ExternalID
	}
	c.State = StateOpen
	c.Unread++
	if c.WaitingSince.IsZero() || m.At.Before(c.WaitingSince) {
		c.WaitingSince, c.AnswerDue = m.At, due
	}
}

// answered stops the clock: the person has an answer, or a case with a clock of its own.
func (c *Conversation) answered() {
	c.Unread, c.Failed = 0, false
	c.WaitingSince, c.AnswerDue = time.Time{}, time.Time{}
}

// Window is until when the channel lets us answer a person in private.
type Window struct {
	FreeUntil time.Time // until then an answer costs nothing
	Until     time.Time // after that the channel refuses answers; zero: no limit
}

// The windows, counted from the person's last message: a Zalo Official Account may answer for seven days, the first 48 hours
// without charge; a Facebook page may answer in Messenger for 24 hours. Comments are answered at any time.
const (
	zaloFree       = 48 * time.Hour
	zaloWindow     = 7 * 24 * time.Hour
	facebookWindow = 24 * time.Hour
)

// Window is until when the channel lets us answer; the zero value for no limit.
func (c Conversation) Window() Window {
	switch {
	case c.Public():
		return Window{}
	case c.Kind == channel.Zalo:
		return Window{FreeUntil: c.LastAt.Add(zaloFree), Until: c.LastAt.Add(zaloWindow)}
	case c.Kind == channel.Facebook:
		return Window{FreeUntil: c.LastAt.Add(facebookWindow), Until: c.LastAt.Add(facebookWindow)}
	}
	return Window{}
}

// Closed tells whether the channel refuses an answer now.
func (w Window) Closed(now time.Time) bool { return !w.Until.IsZero() && now.After(w.Until) }

// Line is one message of a conversation as the desk sees it.
type Line struct {
	channel.Message
	Author    string // official who wrote it; "" for the person or the house
	CaseID    string // the case it became part of; "" for none
	CaseCode  string
	Hidden    bool     // part of a case that the reader may not see: the words are taken out
	Concealed bool     // a public comment that is out of sight at its channel, or about to be
	Hides     []Hiding // who hid it and showed it again, the oldest first
}

// free tells whether the message came from the person and is not part of a case yet.
func (l Line) free() bool { return !l.Outgoing && l.CaseID == "" }

// choose picks the person's messages by id, or all that are not part of a case.
func choose(lines []Line, ids []string) []Line {
	var out []Line
	for _, l := range lines {
		if len(ids) == 0 && l.free() || !l.Outgoing && slices.Contains(ids, l.ID) {
			out = append(out, l)
		}
	}
	return out
}

// caseText joins the messages that become a case.
func caseText(lines []Line) string {
	var parts []string
	for _, l := range lines {
		if t := strings.TrimSpace(l.Text); t != "" {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, "\n")
}
