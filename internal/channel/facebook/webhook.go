package facebook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// Handshake answers the challenge by which Facebook checks a webhook's address; ok is false when the verify token is not
// the agreed one.
func (f *Adapter) Handshake(q url.Values) (challenge string, ok bool) {
	given := []byte(q.Get("hub.verify_token"))
	ok = f.cfg.VerifyToken != "" && q.Get("hub.mode") == "subscribe" && subtle.ConstantTimeCompare(given, []byte(f.cfg.VerifyToken)) == 1
	return q.Get("hub.challenge"), ok
}

type delivery struct {
	Object string  `json:"object"`
	Entry  []entry `json:"entry"`
}

type entry struct {
	ID      string `json:"id"`
	Changes []struct {
		Field string  `json:"field"`
		Value comment `json:"value"`
	} `json:"changes"`
	Messaging []messaging `json:"messaging"`
}

type comment struct {
	Item    string `json:"item"`
	Verb    string `json:"verb"`
	ID      string `json:"comment_id"`
	Post    string `json:"post_id"`
	Parent  string `json:"parent_id"`
	Message string `json:"message"`
	Photo   string `json:"photo"`
	Created int64  `json:"created_time"`
	From    struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"from"`
}

type messaging struct {
	Sender struct {
		ID string `json:"id"`
	} `json:"sender"`
	Timestamp int64 `json:"timestamp"` // ms
	Message   *struct {
		ID          string `json:"mid"`
		Text        string `json:"text"`
		Echo        bool   `json:"is_echo"`
		Attachments []struct {
			Type    string `json:"type"`
			Payload struct {
				URL string `json:"url"`
			} `json:"payload"`
		} `json:"attachments"`
	} `json:"message"`
}

// Webhook implements channel.Channel. The signature is checked over the bytes as they came: Facebook escapes every letter
// with a mark, so a body written anew would never fit. What the page itself wrote gives nothing.
func (f *Adapter) Webhook(h http.Header, body []byte) ([]channel.Inbound, error) {
	given, err := hex.DecodeString(strings.TrimPrefix(h.Get("X-Hub-Signature-256"), "sha256="))
	m := hmac.New(sha256.New, []byte(f.cfg.AppSecret))
	m.Write(body)
	if err != nil || f.cfg.AppSecret == "" || !hmac.Equal(given, m.Sum(nil)) {
		return nil, channel.ErrSignature
	}
	var d delivery
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, err
	}
	var out []channel.Inbound
	if d.Object != "page" {
		return nil, nil
	}
	for _, e := range d.Entry {
		for _, c := range e.Changes {
			if c.Field == "feed" && c.Value.Item == "comment" && c.Value.Verb == "add" && c.Value.From.ID != e.ID && c.Value.ID != "" {
				out = append(out, c.Value.inbound(e.ID))
			}
		}
		for _, m := range e.Messaging {
			if m.Message != nil && !m.Message.Echo && m.Sender.ID != e.ID && m.Message.ID != "" {
				out = append(out, m.inbound(e.ID))
			}
		}
	}
	return out, nil
}

func (c comment) inbound(page string) channel.Inbound {
	at := time.Unix(c.Created, 0).UTC()
	m := &channel.Message{ExternalID: c.ID, PersonID: c.From.ID, PersonName: c.From.Name, Text: c.Message, At: at, Comment: &channel.CommentRef{PostExternalID: c.Post}}
	if c.Parent != c.Post {
		m.Comment.ParentID = c.Parent
	}
	if c.Photo != "" {
		m.Pictures = []channel.Picture{{URL: c.Photo}}
	}
	return channel.Inbound{Kind: channel.InboundMessage, ExternalID: page, Key: c.ID, At: at, Message: m}
}

func (g messaging) inbound(page string) channel.Inbound {
	at := time.UnixMilli(g.Timestamp).UTC()
	m := &channel.Message{ExternalID: g.Message.ID, PersonID: g.Sender.ID, Text: g.Message.Text, At: at}
	for _, a := range g.Message.Attachments {
		switch {
		case a.Payload.URL == "":
		case a.Type == "image" || a.Type == "sticker":
			m.Pictures = append(m.Pictures, channel.Picture{URL: a.Payload.URL})
		default:
			m.Text = strings.TrimSpace(m.Text + "\n" + a.Payload.URL)
		}
	}
	return channel.Inbound{Kind: channel.InboundMessage, ExternalID: page, Key: g.Message.ID, At: at, Message: m}
}
