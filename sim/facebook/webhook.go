package facebook

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// Signature is the value of X-Hub-Signature-256 for a raw body.
func Signature(appSecret string, rawBody []byte) string {
	m := hmac.New(sha256.New, []byte(appSecret))
	m.Write(rawBody)
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}

func (s *Sim) signHook(h simkit.Hook) http.Header {
	secret := s.cfg.AppSecret
	if h.Spoil {
		secret += "-wrong"
	}
	return http.Header{"X-Hub-Signature-256": {Signature(secret, []byte(h.Body))}, "User-Agent": {"facebookexternalua"}}
}

// Escape writes v as the platform writes webhook bodies: every character outside ASCII as \uxxxx and every slash as \/.
func Escape(v any) (string, error) {
	var text strings.Builder
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	var out strings.Builder
	for _, r := range strings.TrimRight(text.String(), "\n") {
		switch {
		case r == '/':
			out.WriteString(`\/`)
		case r < 0x80:
			out.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String(), nil
}

type hookEntry struct {
	ID        string       `json:"id"`
	Time      int64        `json:"time"`
	Changes   []hookChange `json:"changes,omitempty"`
	Messaging []any        `json:"messaging,omitempty"`
}

type hookChange struct {
	Field string         `json:"field"`
	Value map[string]any `json:"value"`
}

func (s *Sim) raise(a *account, field string, entry hookEntry) {
	if !a.subscribed(field) {
		return
	}
	body, err := Escape(map[string]any{"object": "page", "entry": []hookEntry{entry}})
	if err != nil {
		return // cannot happen: the entry holds only text and numbers
	}
	s.hooks.Send(simkit.Hook{Account: a.ID, Event: field, Body: body})
}

func (s *Sim) raiseFeed(a *account, at time.Time, value map[string]any) {
	value["created_time"] = at.Unix()
	s.raise(a, "feed", hookEntry{ID: a.ID, Time: at.Unix(), Changes: []hookChange{{Field: "feed", Value: value}}})
}

// raiseComment reports verb add, edited, hide or remove of a comment. Comments of the Page itself come back as well.
func (s *Sim) raiseComment(a *account, c *Comment, verb string) {
	value := map[string]any{"item": "comment", "verb": verb, "comment_id": c.ID, "post_id": c.Post, "parent_id": c.Post, "message": c.Message,
		"from": map[string]string{"id": c.FromID, "name": c.FromName}, "post": map[string]any{"id": c.Post, "permalink_url": s.permalink(c.Post)}}
	if c.Parent != "" {
		value["parent_id"] = c.Parent
	}
	if c.Image != "" {
		value["photo"] = c.Image
	}
	s.raiseFeed(a, c.Created, value)
}

func (s *Sim) raisePost(a *account, p *Post, verb string) {
	item := "status"
	if len(p.Photos) > 0 {
		item = "photo"
	}
	value := map[string]any{"item": item, "verb": verb, "post_id": p.ID, "message": p.Message, "published": 1, "from": map[string]string{"id": a.ID, "name": a.Name}}
	if p.Link != "" {
		value["link"] = p.Link
	}
	s.raiseFeed(a, p.Updated, value)
}

// raiseMessage reports a message of a person, or as echo one of the Page.
func (s *Sim) raiseMessage(a *account, m *Message) {
	message := map[string]any{"mid": m.ID}
	if m.Text != "" {
		message["text"] = m.Text
	}
	if m.URL != "" {
		message["attachments"] = []map[string]any{{"type": "image", "payload": map[string]string{"url": m.URL}}}
	}
	page, person := map[string]string{"id": a.ID}, map[string]string{"id": m.Person}
	field, event := "messages", map[string]any{"sender": person, "recipient": page, "timestamp": m.At.UnixMilli(), "message": message}
	if m.FromPage {
		app, _ := strconv.ParseInt(s.cfg.AppID, 10, 64)
		message["is_echo"], message["app_id"] = true, app
		field, event["sender"], event["recipient"] = "message_echoes", page, person
	}
	s.raise(a, field, hookEntry{ID: a.ID, Time: m.At.UnixMilli(), Messaging: []any{event}})
	if m.FromPage {
		s.raise(a, "message_deliveries", hookEntry{ID: a.ID, Time: m.At.UnixMilli(), Messaging: []any{map[string]any{"sender": person, "recipient": page,
			"timestamp": m.At.UnixMilli(), "delivery": map[string]any{"mids": []string{m.ID}, "watermark": m.At.UnixMilli()}}}})
	}
}

// Seen marks all the Page sent to a person as read and raises message_reads.
func (s *Sim) Seen(page, person string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.pages[page]
	if a == nil || a.people[person] == nil {
		return fmt.Errorf("%w: person %q at page %s", ErrUnknown, person, page)
	}
	now := s.now()
	a.people[person].ReadUntil = now
	s.savePerson(a, a.people[person])
	s.raise(a, "message_reads", hookEntry{ID: page, Time: now.UnixMilli(), Messaging: []any{map[string]any{"sender": map[string]string{"id": person},
		"recipient": map[string]string{"id": page}, "timestamp": now.UnixMilli(), "read": map[string]any{"watermark": now.UnixMilli()}}}})
	return nil
}

// SetWebhook does the handshake with a callback (GET with hub.mode, hub.challenge and hub.verify_token, answered 200 with
// the bare challenge) and, when it succeeds, sends events there.
func (s *Sim) SetWebhook(ctx context.Context, callback, verifyToken string) error {
	u, err := url.Parse(callback)
	if err != nil || u.Host == "" {
		return fmt.Errorf("callback_url %q is not an address", callback)
	}
	challenge := simkit.StableID(simkit.RandomHex(8))
	q := u.Query()
	q.Set("hub.mode", "subscribe")
	q.Set("hub.challenge", challenge)
	q.Set("hub.verify_token", cmp.Or(verifyToken, s.cfg.VerifyToken))
	u.RawQuery = q.Encode()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("callback verification failed: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil || resp.StatusCode != http.StatusOK || string(body) != challenge {
		return fmt.Errorf("callback verification failed: HTTP %d, challenge %q answered by %q", resp.StatusCode, challenge, body)
	}
	s.hooks.SetURL(callback)
	return nil
}
