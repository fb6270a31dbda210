package zalo

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Visitor is somebody who writes to an OA without being known to it: "anonymous chat", opened from a web page or a QR code by a
// person who is not signed in. They have an id and a conversation, and neither name nor profile: no call that takes a user_id
// knows them.
type Visitor struct {
	ID           string    `json:"anonymous_id"`
	Conversation string    `json:"conversation_id"`
	Key          string    `json:"key"` // whatever tells them apart in the rehearsal
	LastAct      time.Time `json:"last_interaction"`
}

// SayAnonymous lets a visitor write to the OA: it is kept, opens the seven days and raises anonymous_send_text or _image. A
// key that was not heard before is a new visitor.
func (s *Sim) SayAnonymous(oa, key string, u Utterance) (Message, Visitor, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.oas[oa]
	if a == nil {
		return Message{}, Visitor{}, fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	id := simkit.StableID("anonymous", oa, key)
	v := a.visitors[id]
	if v == nil {
		v = &Visitor{ID: id, Conversation: simkit.StableID("conversation", oa, key), Key: key}
		a.visitors[id] = v
	}
	m := &Message{OA: oa, User: v.ID, Conversation: v.Conversation, Type: "text", Text: u.Text, URL: u.Image, At: s.now(), Via: "web"}
	if !u.At.IsZero() {
		m.At = u.At.UTC()
	}
	if u.Image != "" {
		m.Type = "photo"
	}
	s.keep(a, m)
	if m.At.After(v.LastAct) {
		v.LastAct = m.At
	}
	s.journal.Put("visitor", a.ID+"/"+v.ID, v)
	if !u.Quiet {
		s.raiseAnonymous(a, m, "anonymous_send_"+anonymousKind(m), v.ID, a.ID)
	}
	return *m, *v, nil
}

func anonymousKind(m *Message) string {
	return cmp.Or(map[string]string{"photo": "image", "file": "file", "sticker": "sticker"}[m.Type], "text")
}

// raiseAnonymous tells of a message of or to a visitor: there is no user_id_by_app, and the message names its conversation.
func (s *Sim) raiseAnonymous(a *account, m *Message, name, from, to string) {
	msg := &eventMessage{Text: m.Text, MsgID: m.ID, Conversation: m.Conversation, Quote: m.Quote}
	if m.URL != "" {
		msg.Attachments = []attachment{{Type: anonymousKind(m), Payload: map[string]string{"url": m.URL, "name": m.Name}}}
	}
	s.raise(a, m.At, event{EventName: name, Sender: &party{from}, Recipient: &party{to}, Message: msg})
}

// answerAnonymous sends one message to a visitor: text, picture, file or sticker, within seven days of their last message. It
// is on no quota.
func (s *Sim) answerAnonymous(c *call, in messageInput) reply {
	v := c.oa.visitors[in.Recipient.AnonymousID]
	switch {
	case v == nil:
		return badParam("anonymous_id")
	case v.Conversation != in.Recipient.Conversation:
		return badParam("conversation_id")
	}
	m, bad := s.compose(c, in)
	if bad.code != 0 {
		return bad
	}
	if !slices.Contains([]string{"text", "photo", "file", "sticker"}, m.Type) {
		return refuse(codeMessageType, "message type is not supported")
	}
	if c.now.Sub(v.LastAct) > messageWindow {
		return refuse(codeNoInteraction, "User has not interacted with the OA in the past 7 days")
	}
	m.OA, m.User, m.Conversation, m.FromOA, m.At, m.Via = c.oa.ID, v.ID, v.Conversation, true, c.now, "v2"
	s.keep(c.oa, m)
	if !s.cfg.NoEcho {
		s.raiseAnonymous(c.oa, m, "oa_send_anonymous_"+anonymousKind(m), c.oa.ID, v.ID)
	}
	return fine(map[string]any{"message_id": m.ID, "anonymous_id": v.ID, "conversation_id": v.Conversation})
}

// controlVisitor is the phone of somebody unknown: {"key","text","image"}.
func (s *Sim) controlVisitor(w http.ResponseWriter, r *http.Request, oa string) {
	var in struct {
		Key string `json:"key"`
		Utterance
	}
	if !simkit.ReadJSON(w, r, &in) {
		return
	}
	if in.Key == "" || in.Text == "" && in.Image == "" {
		controlError(w, fmt.Errorf("anonymous needs a key, and text or image"))
		return
	}
	m, v, err := s.SayAnonymous(oa, in.Key, in.Utterance)
	if err != nil {
		controlError(w, err)
		return
	}
	simkit.WriteJSON(w, http.StatusOK, struct {
		Message Message `json:"message"`
		Visitor Visitor `json:"visitor"`
	}{m, v})
}
