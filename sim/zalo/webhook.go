package zalo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Signature is the value of X-ZEvent-Signature: "mac=" and the SHA-256 (no HMAC) of app id, raw body, timestamp in
// milliseconds and OA secret key, one after the other.
func Signature(appID string, rawBody []byte, timestamp, oaSecretKey string) string {
	sum := sha256.New()
	sum.Write([]byte(appID))
	sum.Write(rawBody)
	sum.Write([]byte(timestamp))
	sum.Write([]byte(oaSecretKey))
	return "mac=" + hex.EncodeToString(sum.Sum(nil))
}

func (s *Sim) signHook(h simkit.Hook) http.Header {
	key := s.cfg.OASecretKey
	if h.Spoil {
		key += "-wrong"
	}
	out := http.Header{"X-Zevent-Signature": {Signature(s.cfg.AppID, []byte(h.Body), h.Stamp, key)}}
	if strings.Contains(h.Body, `"delivery_time"`) {
		out.Set("X-ZEvent-Server", "ZNS")
	}
	return out
}

// party is the {"id"} of senders, recipients and followers.
type party struct {
	ID string `json:"id"`
}

// event is the envelope of a webhook; unused parts stay out.
type event struct {
	AppID      string        `json:"app_id"`
	OAID       string        `json:"oa_id,omitempty"`
	ByApp      string        `json:"user_id_by_app,omitempty"`
	Source     string        `json:"source,omitempty"`
	EventName  string        `json:"event_name"`
	Sender     *party        `json:"sender,omitempty"`
	Recipient  *party        `json:"recipient,omitempty"`
	Follower   *party        `json:"follower,omitempty"`
	Message    *eventMessage `json:"message,omitempty"`
	Info       any           `json:"info,omitempty"`
	Tag        *eventTag     `json:"tag,omitempty"`
	GroupID    string        `json:"group_id,omitempty"`
	TemplateID string        `json:"template_id,omitempty"`
	Status     any           `json:"status,omitempty"`
	Reason     string        `json:"reason,omitempty"`
	Timestamp  string        `json:"timestamp"`
}

type eventMessage struct {
	Text   string   `json:"text,omitempty"`
	MsgID  string   `json:"msg_id,omitempty"`
	MsgIDs []string `json:"msg_ids,omitempty"`
	Quote  string   `json:"quote_msg_id,omitempty"`
	// of anonymous chat
	Conversation string       `json:"conversation_id,omitempty"`
	Attachments  []attachment `json:"attachments,omitempty"`
	ReactIcon    string       `json:"react_icon,omitempty"`
	Tracking     string       `json:"tracking_id,omitempty"`
	Delivered    string       `json:"delivery_time,omitempty"`
}

// eventTag is what happened to a tag; without people the tag itself is gone.
type eventTag struct {
	Name  string   `json:"name"`
	Users []string `json:"user_ids,omitempty"`
}

type attachment struct {
	Type    string            `json:"type"`
	Payload map[string]string `json:"payload"`
}

// raise signs and sends one event at the given moment.
func (s *Sim) raise(a *account, at time.Time, e event) {
	e.AppID = s.cfg.AppID
	e.Timestamp = strconv.FormatInt(at.UnixMilli(), 10)
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return // cannot happen: the envelope holds only text
	}
	s.hooks.Send(simkit.Hook{Account: a.ID, Event: e.EventName, Body: string(bytes.TrimRight(body.Bytes(), "\n")), Stamp: e.Timestamp})
}

func (s *Sim) raiseSaid(a *account, f *Follower, m *Message) {
	msg := &eventMessage{Text: m.Text, MsgID: m.ID, Quote: m.Quote}
	name := "user_send_text"
	if m.Type == "photo" {
		name = "user_send_image"
		msg.Attachments = []attachment{{Type: "image", Payload: map[string]string{"url": m.URL, "thumbnail": m.URL}}}
	}
	s.raise(a, m.At, event{EventName: name, ByApp: f.ByApp, Sender: &party{f.UserID}, Recipient: &party{a.ID}, Message: msg})
}

// raiseSent reports the OA's own message: sender and recipient are swapped against user_send_*.
func (s *Sim) raiseSent(a *account, f *Follower, m *Message) {
	if s.cfg.NoEcho {
		return
	}
	names := map[string]string{"text": "oa_send_text", "photo": "oa_send_image", "gif": "oa_send_gif", "file": "oa_send_file", "sticker": "oa_send_sticker",
		"reaction": "oa_reacted_message"}
	name, ok := names[m.Type]
	if !ok {
		name = "oa_send_template"
	}
	msg := &eventMessage{Text: m.Text, MsgID: m.ID, Quote: m.Quote}
	if m.URL != "" {
		kind := "image"
		if m.Type == "file" {
			kind = "file"
		}
		msg.Attachments = []attachment{{Type: kind, Payload: map[string]string{"url": m.URL, "name": m.Name}}}
	}
	s.raise(a, m.At, event{EventName: name, ByApp: f.ByApp, Sender: &party{a.ID}, Recipient: &party{f.UserID}, Message: msg})
	if m.Type != "reaction" {
		s.raise(a, m.At.Add(time.Millisecond), event{EventName: "user_received_message", ByApp: f.ByApp, Sender: &party{a.ID}, Recipient: &party{f.UserID},
			Message: &eventMessage{MsgID: m.ID}})
	}
}

func (s *Sim) raiseFollow(a *account, f *Follower, on bool) {
	e := event{EventName: "unfollow", OAID: a.ID, ByApp: f.ByApp, Follower: &party{f.UserID}, Source: "oa_profile"}
	if on {
		e.EventName = "follow"
	}
	s.raise(a, s.now(), e)
}

func (s *Sim) raiseTag(a *account, name, tag string, users ...string) {
	s.raise(a, s.now(), event{EventName: name, OAID: a.ID, Tag: &eventTag{Name: tag, Users: users}})
}

func (s *Sim) raiseSeen(a *account, f *Follower, ids []string) {
	s.raise(a, s.now(), event{EventName: "user_seen_message", ByApp: f.ByApp, Sender: &party{a.ID}, Recipient: &party{f.UserID}, Message: &eventMessage{MsgIDs: ids}})
}

// Raise sends any event about an OA, signed as all are: fields are the parts of the body beside app_id, event_name and
// timestamp, for example {"user_id_by_app":…,"sender":{"id":…}} of user_withdraw.
func (s *Sim) Raise(oa, eventName string, fields map[string]any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.envelope(oa, eventName, s.now(), fields)
	if err == nil {
		s.hooks.Send(h)
	}
	return err
}

// Compose gives the bytes and the signed headers of an event as Raise would send it, for a load test that brings its events
// itself. Nothing is kept of it.
func (s *Sim) Compose(oa, eventName string, at time.Time, fields map[string]any) (body []byte, signed http.Header, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.envelope(oa, eventName, at, fields)
	if err != nil {
		return nil, nil, err
	}
	return []byte(h.Body), s.signHook(h), nil
}

func (s *Sim) envelope(oa, eventName string, at time.Time, fields map[string]any) (simkit.Hook, error) {
	if s.oas[oa] == nil {
		return simkit.Hook{}, fmt.Errorf("%w: OA %s", ErrUnknown, oa)
	}
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	body := maps.Clone(fields)
	if body == nil {
		body = map[string]any{}
	}
	body["app_id"], body["event_name"], body["timestamp"] = s.cfg.AppID, eventName, stamp
	raw, err := json.Marshal(body)
	return simkit.Hook{Account: oa, Event: eventName, Body: string(raw), Stamp: stamp}, err
}
