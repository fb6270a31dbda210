package zalo

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

const (
	maxText       = 2000
	maxButtons    = 5
	freeWindow    = 48 * time.Hour
	messageWindow = 7 * 24 * time.Hour
	sleepyAfter   = 45 * 24 * time.Hour
	nightFrom     = 22
	nightUntil    = 6
)

func (s *Sim) routesMessage(mux *http.ServeMux) {
	s.api(mux, "POST /v3.0/oa/message/cs", gatePackage, s.consultV3)
	s.api(mux, "POST /v2.0/oa/message", gatePackage, s.messageV2)
	s.api(mux, "POST /v3.0/oa/quota/message", gatePackage, s.quotaV3)
	s.api(mux, "POST /v2.0/oa/quota/message", gatePackage, s.quotaV2)
}

type messageInput struct {
	Recipient struct {
		UserID  string `json:"user_id"`
		GroupID string `json:"group_id"`
		// in anonymous chat both of these
		AnonymousID  string          `json:"anonymous_id"`
		Conversation string          `json:"conversation_id"`
		Target       json.RawMessage `json:"target"`
	} `json:"recipient"`
	Message *struct {
		Text       string           `json:"text"`
		Quote      string           `json:"quote_message_id"`
		Attachment *attachmentInput `json:"attachment"`
	} `json:"message"`
	Action *struct {
		Icon      string `json:"react_icon"`
		MessageID string `json:"react_message_id"`
	} `json:"sender_action"`
}

type attachmentInput struct {
	Type    string `json:"type"`
	Payload struct {
		Template string         `json:"template_type"`
		Token    string         `json:"token"`
		Elements []elementInput `json:"elements"`
		Buttons  []buttonInput  `json:"buttons"`
	} `json:"payload"`
}

type elementInput struct {
	MediaType    string `json:"media_type"`
	AttachmentID string `json:"attachment_id"`
	URL          string `json:"url"`
	Title        string `json:"title"`
	Subtitle     string `json:"subtitle"`
	ImageURL     string `json:"image_url"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
}

type buttonInput struct {
	Title   string          `json:"title"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

func (s *Sim) consultV3(c *call) reply {
	var in messageInput
	if !c.decode(&in) {
		return badParam("body")
	}
	if m := c.oa.Messaging; m != MessagingV3 && m != MessagingBoth {
		return refuse(codeOAType, "API does not support this type of OA")
	}
	return s.consult(c, in, "v3")
}

// messageV2 is one path for four acts: broadcast, reaction, answers in anonymous chat and the older consultation message.
func (s *Sim) messageV2(c *call) reply {
	var in messageInput
	if !c.decode(&in) {
		return badParam("body")
	}
	switch {
	case in.Action != nil:
		return s.react(c, in)
	case in.Recipient.AnonymousID != "":
		return s.answerAnonymous(c, in)
	case in.Recipient.UserID == "" && isBroadcast(in):
		return s.broadcast(c, in)
	}
	switch c.oa.Messaging {
	case MessagingV3:
		return refuse(codeV2Shut, "This api has been shutdown, please use api v3")
	case MessagingNone:
		return refuse(codeOAType, "API does not support this type of OA")
	}
	return s.consult(c, in, "v2")
}

// consult sends one message to one person when the windows allow it.
func (s *Sim) consult(c *call, in messageInput, via string) reply {
	if in.Recipient.UserID == "" {
		return badParam("user_id")
	}
	f := c.oa.followers[in.Recipient.UserID]
	if f == nil {
		return badParam("user_id")
	}
	m, bad := s.compose(c, in)
	if bad.code != 0 {
		return bad
	}
	billed, bad := window(c.oa, f, c.now)
	if bad.code != 0 {
		return bad
	}
	if billed {
		month := monthOf(c.now)
		if q := c.oa.ReplyQuota; q > 0 && c.oa.replies[month] >= q {
			return refuse(codeNoZCA, "Official Account is not linked to a Zalo Cloud Account")
		}
		c.oa.replies[month]++
		s.journal.Put("replies", c.oa.ID, c.oa.replies)
	}
	m.OA, m.User, m.FromOA, m.At, m.Via = c.oa.ID, f.UserID, true, c.now, via
	s.keep(c.oa, m)
	s.raiseSent(c.oa, f, m)
	if via == "v2" {
		return fine(map[string]any{"message_id": m.ID, "user_id": f.UserID})
	}
	return fine(map[string]any{"message_id": m.ID, "user_id": f.UserID, "quota": c.oa.quotaOf(c.now, billed)})
}

// window tells whether a message to f is allowed now and whether it is billed.
func window(a *account, f *Follower, now time.Time) (billed bool, bad reply) {
	silent := now.Sub(f.LastAct)
	switch {
	case f.Blocked:
		return false, refuse(-217, "User has blocked invitation")
	case !f.Follows && (f.LastAct.IsZero() || silent > messageWindow):
		return false, refuse(codeNotFollower, "User has not followed the OA")
	case f.LastAct.IsZero():
		return false, refuse(codeExpiredWindow, "User has not interacted with the OA or the interaction has expired")
	case silent > sleepyAfter:
		return false, refuse(codeInactive, "User is banned or inactive for more than 45 days")
	case silent > messageWindow:
		return false, refuse(codeNoInteraction, "User has not interacted with the OA in the past 7 days")
	}
	return silent > freeWindow, reply{}
}

func (a *account) quotaOf(now time.Time, billed bool) map[string]any {
	q := map[string]any{"quota_type": "reply", "owner_type": "OA", "owner_id": a.ID}
	if billed {
		q["quota_type"] = "sub_quota"
		q["total"], q["remain"] = a.ReplyQuota, max(0, a.ReplyQuota-a.replies[monthOf(now)])
	}
	return q
}

// compose checks a message and turns it into what the phone shows.
func (s *Sim) compose(c *call, in messageInput) (*Message, reply) {
	if in.Message == nil || (in.Message.Text == "" && in.Message.Attachment == nil) {
		return nil, badParam("message")
	}
	if letters(in.Message.Text) > maxText {
		return nil, refuse(codeLimit, "text exceeds 2000 characters")
	}
	m := &Message{Type: "text", Text: in.Message.Text, Quote: in.Message.Quote}
	at := in.Message.Attachment
	if at == nil {
		return m, reply{}
	}
	if len(at.Payload.Buttons) > maxButtons {
		return nil, refuse(codeLimit, "buttons exceed 5")
	}
	for _, b := range at.Payload.Buttons {
		if b.Title == "" || !strings.HasPrefix(b.Type, "oa.") {
			return nil, badParam("buttons")
		}
		m.Buttons = append(m.Buttons, b.Title)
	}
	switch {
	case at.Type == "file":
		u, bad := s.attached(c, at.Payload.Token, "file")
		if bad.code != 0 {
			return nil, bad
		}
		m.Type, m.URL, m.Name = "file", s.mediaURL(u.ID), u.Name
		return m, reply{}
	case at.Type != "template":
		return nil, badParam("attachment type")
	}
	return s.composeTemplate(c, m, at)
}

func (s *Sim) composeTemplate(c *call, m *Message, at *attachmentInput) (*Message, reply) {
	p := at.Payload
	switch p.Template {
	case "":
		if m.Text == "" || len(m.Buttons) == 0 {
			return nil, badParam("template_type")
		}
		m.Type = "template"
		return m, reply{}
	case "request_user_info", "list":
		if len(p.Elements) == 0 || p.Elements[0].Title == "" {
			return nil, badParam("elements")
		}
		m.Type, m.URL = "template", p.Elements[0].ImageURL
		m.Text = strings.TrimSpace(m.Text + "\n" + p.Elements[0].Title + "\n" + p.Elements[0].Subtitle)
		return m, reply{}
	case "media":
	default:
		return nil, badParam("template_type")
	}
	if len(p.Elements) != 1 {
		return nil, badParam("elements")
	}
	e := p.Elements[0]
	switch e.MediaType {
	case "image":
		m.Type = "photo"
	case "gif":
		m.Type = "gif"
		if e.Width <= 0 || e.Height <= 0 {
			return nil, badParam("width or height")
		}
	case "sticker":
		m.Type = "sticker"
		return m, reply{}
	default:
		return nil, refuse(codeMessageType, "message type is not supported")
	}
	if e.AttachmentID == "" {
		if !isWebAddress(e.URL) {
			return nil, badParam("url")
		}
		m.URL = e.URL
		return m, reply{}
	}
	u, bad := s.attached(c, e.AttachmentID, "image", "gif")
	if bad.code != 0 {
		return nil, bad
	}
	m.URL = s.mediaURL(u.ID)
	return m, reply{}
}

func (s *Sim) react(c *call, in messageInput) reply {
	f := c.oa.followers[in.Recipient.UserID]
	if f == nil || in.Action.Icon == "" {
		return badParam("recipient or react_icon")
	}
	known := slices.ContainsFunc(c.oa.chats[f.UserID], func(m *Message) bool { return m.ID == in.Action.MessageID })
	if !known {
		return badParam("react_message_id")
	}
	m := &Message{OA: c.oa.ID, User: f.UserID, FromOA: true, Type: "reaction", Text: in.Action.Icon, Quote: in.Action.MessageID, At: c.now, Via: "v2"}
	s.keep(c.oa, m)
	s.raiseSent(c.oa, f, m)
	return fine(map[string]any{"message_id": m.ID, "user_id": f.UserID})
}

func (s *Sim) quotaV3(c *call) reply {
	var in struct {
		UserID  string `json:"user_id"`
		Owner   string `json:"quota_owner"`
		Product string `json:"product_type"`
		Type    string `json:"quota_type"`
	}
	if !c.decode(&in) {
		return badParam("body")
	}
	remain := max(0, c.oa.ReplyQuota-c.oa.replies[monthOf(c.now)])
	if in.UserID == "" {
		if in.Owner != "OA" && in.Owner != "APP" {
			return badParam("quota_owner")
		}
		return fine([]map[string]any{{"asset_id": "asset-" + c.oa.ID, "product_type": in.Product, "quota_type": in.Type, "total": c.oa.ReplyQuota, "remain": remain,
			"valid_through": c.now.AddDate(0, 1, 0).In(clock.Vietnam).Format("02/01/2006")}})
	}
	f := c.oa.followers[in.UserID]
	if f == nil {
		return badParam("user_id")
	}
	last := ""
	if !f.LastAct.IsZero() {
		last = strconv.FormatInt(f.LastAct.UnixMilli(), 10)
	}
	q := c.oa.ReceiverQuota
	return fine(map[string]any{"last_interaction": last, "cs_reply": map[string]int{"total": c.oa.ReplyQuota, "remain": remain},
		"promotion": map[string]int{"daily_total": min(q, 1), "daily_remain": max(0, min(q, 1)-f.Received[dayOf(c.now)]), "monthly_total": q, "monthly_remain": max(0, q-f.Received[monthOf(c.now)])}})
}

func (s *Sim) quotaV2(c *call) reply {
	return fine(map[string]any{"type": "active", "total": c.oa.ReplyQuota, "remain": max(0, c.oa.ReplyQuota-c.oa.replies[monthOf(c.now)])})
}
