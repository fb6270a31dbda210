package facebook

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const (
	maxText      = 2000
	standard     = 24 * time.Hour
	humanWindow  = 7 * 24 * time.Hour
	privateReply = 7 * 24 * time.Hour
)

type messageInput struct {
	Recipient struct {
		ID        string `json:"id"`
		CommentID string `json:"comment_id"`
		PostID    string `json:"post_id"`
	}
	Message struct {
		Text       string `json:"text"`
		Attachment *struct {
			Type    string `json:"type"`
			Payload struct {
				URL string `json:"url"`
			} `json:"payload"`
		} `json:"attachment"`
	}
}

// sendMessage serves POST /{page}/messages: within 24 hours of the person's last message, later only with HUMAN_AGENT.
func (s *Sim) sendMessage(c *call, a *account) (any, *failure) {
	var in messageInput
	if json.Unmarshal([]byte(c.args.Get("recipient")), &in.Recipient) != nil {
		return nil, badParam("(#100) Param recipient must be a JSON object")
	}
	if action := c.args.Get("sender_action"); action != "" {
		return map[string]string{"recipient_id": in.Recipient.ID}, nil
	}
	if json.Unmarshal([]byte(c.args.Get("message")), &in.Message) != nil {
		return nil, badParam("(#100) Param message must be a JSON object")
	}
	m := &Message{Page: a.ID, FromPage: true, Text: in.Message.Text, At: c.now, Tag: c.args.Get("tag")}
	switch at := in.Message.Attachment; {
	case at != nil && (at.Type != "image" || !isWebAddress(at.Payload.URL)):
		return nil, badParam("(#100) Only image attachments by url are supported")
	case at != nil:
		m.URL = at.Payload.URL
	case m.Text == "":
		return nil, badParam("(#100) Message cannot be empty, must provide valid attachment or text")
	}
	if len([]rune(m.Text)) > maxText {
		return nil, badParam("(#100) Length of param message[text] must be less than or equal to 2000")
	}
	if a.Restricted {
		return nil, fail(10, 1893063, "(#10) This Page is temporarily restricted from sending messages")
	}
	if in.Recipient.CommentID != "" {
		return s.privateReply(c, a, m, in.Recipient.CommentID)
	}
	p := a.people[in.Recipient.ID]
	if p == nil {
		return nil, fail(100, 2018001, "(#100) No matching user found")
	}
	if bad := checkWindow(c, a, p); bad != nil {
		return nil, bad
	}
	m.Person = p.ID
	s.keepMessage(a, m)
	s.raiseMessage(a, m)
	return map[string]string{"recipient_id": p.ID, "message_id": m.ID}, nil
}

func checkWindow(c *call, a *account, p *Person) *failure {
	outside := &failure{code: 10, subcode: 2018278, message: "(#10) This message is sent outside of allowed window."}
	silent := c.now.Sub(p.LastWrote)
	if p.Away {
		return fail(551, 1545041, "(#551) This person isn't available right now.")
	}
	kind, tag := c.args.Get("messaging_type"), c.args.Get("tag")
	switch {
	case !slices.Contains([]string{"", "RESPONSE", "UPDATE", "MESSAGE_TAG"}, kind):
		return badParam("(#100) Param messaging_type must be one of RESPONSE, UPDATE, MESSAGE_TAG")
	case kind == "MESSAGE_TAG" && tag != "HUMAN_AGENT":
		return fail(100, 1893061, "(#100) This message tag is no longer supported")
	case kind == "MESSAGE_TAG" && !a.HumanAgent:
		return fail(10, 0, "(#10) Application does not have permission for this action: HUMAN_AGENT")
	case kind == "MESSAGE_TAG" && (p.LastWrote.IsZero() || silent > humanWindow):
		return outside
	case kind != "MESSAGE_TAG" && (p.LastWrote.IsZero() || silent > standard):
		return outside
	}
	return nil
}

// privateReply answers a comment in Messenger: once per comment, within 7 days, without opening the window.
func (s *Sim) privateReply(c *call, a *account, m *Message, comment string) (any, *failure) {
	x := s.comments[comment]
	if x == nil || s.postOf[x.Post] != a || a.people[x.FromID] == nil {
		return nil, missingObject(comment)
	}
	if x.Replied {
		return nil, fail(10900, 0, "(#10900) Activity already replied to")
	}
	if c.now.Sub(x.Created) > privateReply {
		return nil, fail(10, 2018278, "(#10) This message is sent outside of allowed window.")
	}
	x.Replied = true
	s.saveComment(a, x)
	m.Person = x.FromID
	s.keepMessage(a, m)
	s.raiseMessage(a, m)
	return map[string]string{"recipient_id": x.FromID, "message_id": m.ID}, nil
}

func conversationID(page, person string) string { return "t_" + page + "_" + person }

// listConversations serves GET /{page}/conversations, the latest first, with nested messages when asked.
func (s *Sim) listConversations(c *call, a *account) (any, *failure) {
	type row struct {
		at   time.Time
		data map[string]any
	}
	var rows []row
	for person, chat := range a.chats {
		if only := c.args.Get("user_id"); only != "" && only != person {
			continue
		}
		last := chat[len(chat)-1].At
		all := map[string]any{"id": conversationID(a.ID, person), "updated_time": graphTime(last), "message_count": len(chat),
			"participants": map[string]any{"data": []map[string]string{{"id": person, "name": a.people[person].Name}, {"id": a.ID, "name": a.Name}}},
			"messages":     map[string]any{"data": showChat(a, chat)}}
		rows = append(rows, row{last, pick(c.args.Get("fields"), all, "updated_time")})
	}
	slices.SortFunc(rows, func(x, y row) int { return y.at.Compare(x.at) })
	var data []map[string]any
	for _, r := range rows {
		data = append(data, r.data)
	}
	return paged(c, data, 25), nil
}

// showChat lists messages newest first.
func showChat(a *account, chat []*Message) []map[string]any {
	var out []map[string]any
	for _, m := range slices.Backward(chat) {
		from := map[string]string{"id": m.Person, "name": a.people[m.Person].Name}
		if m.FromPage {
			from = map[string]string{"id": a.ID, "name": a.Name}
		}
		out = append(out, map[string]any{"id": m.ID, "message": m.Text, "from": from, "created_time": graphTime(m.At)})
	}
	return out
}

func (s *Sim) routeConversation(c *call, a *account, person, edge string) (any, *failure) {
	if bad := c.may(a, "pages_messaging"); bad != nil {
		return nil, bad
	}
	chat := a.chats[person]
	if len(chat) == 0 || c.method != "GET" || strings.Trim(edge, "/") != "messages" {
		return nil, missingObject(c.path[0])
	}
	return paged(c, showChat(a, chat), 25), nil
}

func (s *Sim) listSubscribed(c *call, a *account) (any, *failure) {
	if len(a.Subscribed) == 0 {
		return map[string]any{"data": []any{}}, nil
	}
	return map[string]any{"data": []map[string]any{{"id": s.cfg.AppID, "name": "simulated", "subscribed_fields": a.Subscribed}}}, nil
}

var hookFields = []string{"feed", "messages", "messaging_postbacks", "message_echoes", "message_deliveries", "message_reads", "messaging_optins", "messaging_referrals", "mention"}

func (s *Sim) subscribePage(c *call, a *account) (any, *failure) {
	raw := strings.NewReplacer("[", "", "]", "", `"`, "", " ", "").Replace(c.args.Get("subscribed_fields"))
	fields := strings.FieldsFunc(raw, func(r rune) bool { return r == ',' })
	if len(fields) == 0 {
		return nil, badParam("(#100) The parameter subscribed_fields is required.")
	}
	for _, f := range fields {
		if !slices.Contains(hookFields, f) {
			return nil, badParam("(#100) Param subscribed_fields must be one of {" + strings.Join(hookFields, ", ") + "}")
		}
	}
	a.Subscribed = fields
	s.savePage(a)
	return map[string]bool{"success": true}, nil
}

func (s *Sim) unsubscribePage(c *call, a *account) (any, *failure) {
	a.Subscribed = nil
	s.savePage(a)
	return map[string]bool{"success": true}, nil
}
