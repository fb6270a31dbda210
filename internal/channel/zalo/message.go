package zalo

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
)

// The two consultation calls; which one an account takes is found out by trying.
const (
	v3 = "v3"
	v2 = "v2"
)

var messagePath = map[string]string{v3: "/v3.0/oa/message/cs", v2: "/v2.0/oa/message"}

// Reply implements channel.Channel with a consultation message. Business accounts take the v3 call, those of state
// agencies mostly only v2: a refusal that says so (-235, -240) switches the account to the other for good.
func (z *Adapter) Reply(ctx context.Context, a channel.Account, m channel.Reply) (channel.Receipt, error) {
	switch {
	case m.Comment != nil:
		return channel.Receipt{}, stop("comment", "Zalo has no call to answer comments", "channel.zalo.comment_by_hand")
	case channel.Length(m.Text) > maxText:
		return channel.Receipt{}, stop("text", "text over 2,000 characters", "channel.zalo.text_too_long")
	}
	if _, _, anonymous := visitor(m.PersonID); anonymous && !m.Group {
		return z.answerVisitor(ctx, a, m)
	}
	if m.Unsure() {
		found, err := z.findSent(ctx, a, m)
		if err != nil || found.ExternalID != "" {
			return found, err
		}
	}
	if m.Group {
		body, err := z.compose(ctx, a, m)
		if err != nil {
			return channel.Receipt{}, err
		}
		return z.post(ctx, a, "/v3.0/oa/group/message", object{"recipient": object{"group_id": m.PersonID}, "message": body})
	}
	first := cmp.Or(a.Capabilities.MessageV, v3)
	if first == "none" {
		first = v3
	}
	other := v2
	if first == v2 {
		other = v3
	}
	r, err := z.message(ctx, a, first, m)
	switch {
	case err == nil && a.Capabilities.MessageV != first:
		z.learn(ctx, a, first)
	case wrongVersion(err):
		r, err = z.message(ctx, a, other, m)
		if wrongVersion(err) {
			z.learn(ctx, a, "none")
			return r, human(err)
		}
		z.learn(ctx, a, other)
	}
	return r, err
}

func wrongVersion(err error) bool { return isCode(err, "-235") || isCode(err, "-240") }

func human(err error) error {
	code := "-235"
	if isCode(err, "-240") {
		code = "-240"
	}
	return &channel.Error{Kind: channel.Zalo, Code: code, Message: err.Error(), Advice: channel.AdviceHuman, Key: "channel.zalo.no_messages"}
}

// learn remembers which call works. A message that went out is not failed because that could not be written down: the next
// one finds it out again.
func (z *Adapter) learn(ctx context.Context, a channel.Account, version string) {
	c := a.Capabilities
	c.MessageV = version
	_ = z.keys.Learn(context.WithoutCancel(ctx), a, c)
}

func (z *Adapter) message(ctx context.Context, a channel.Account, version string, m channel.Reply) (channel.Receipt, error) {
	body, err := z.compose(ctx, a, m)
	if err != nil {
		return channel.Receipt{}, err
	}
	return z.post(ctx, a, messagePath[version], map[string]any{"recipient": map[string]string{"user_id": m.PersonID}, "message": body})
}

func (z *Adapter) post(ctx context.Context, a channel.Account, path string, in any) (channel.Receipt, error) {
	var out struct {
		MessageID text `json:"message_id"`
	}
	if err := z.call(ctx, a, http.MethodPost, path, nil, in, &out); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: string(out.MessageID)}, nil
}

type object = map[string]any

// compose makes the message of a reply; its file goes into Zalo's store first, anew with each try, for handles die.
func (z *Adapter) compose(ctx context.Context, a channel.Account, m channel.Reply) (object, error) {
	out := object{}
	if m.Text != "" {
		out["text"] = channel.Cut(m.Text, 0)
	}
	template := func(payload object) object { return object{"type": "template", "payload": payload} }
	switch {
	case m.Ask != nil:
		e := object{"title": m.Ask.Title, "subtitle": m.Ask.Text}
		if m.Ask.Picture != "" {
			e["image_url"] = z.public(m.Ask.Picture)
		}
		out["attachment"] = template(object{"template_type": "request_user_info", "elements": []object{e}})
	case len(m.Buttons) > 0: // with a template_type Zalo refuses buttons under a text
		out["attachment"] = template(object{"buttons": buttons(m.Buttons)})
	case len(m.Files) > 1:
		return nil, stop("files", "more than one attachment", "channel.zalo.too_big")
	case len(m.Files) == 1:
		at, err := z.attachment(ctx, a, m.Files[0])
		if err != nil {
			return nil, err
		}
		out["attachment"] = at
	}
	return out, nil
}

func buttons(bs []channel.Button) []object {
	var out []object
	for _, b := range bs {
		o := object{"title": b.Title}
		switch {
		case b.URL != "":
			o["type"], o["payload"] = "oa.open.url", object{"url": b.URL}
		case b.Phone != "":
			o["type"], o["payload"] = "oa.open.phone", object{"phone_code": b.Phone}
		default:
			o["type"], o["payload"] = "oa.query.show", b.Words
		}
		out = append(out, o)
	}
	return out
}

// attachment brings a picture or file into Zalo's store and gives the part of a message that shows it.
func (z *Adapter) attachment(ctx context.Context, a channel.Account, f channel.Attachment) (object, error) {
	content, err := contentOf(ctx, f)
	if err != nil {
		return nil, err
	}
	if f.Kind == channel.AttachPicture {
		handle, err := z.UploadImage(ctx, a, pictureName(f), content)
		if err != nil {
			return nil, sure(err)
		}
		e := object{"media_type": "image", "attachment_id": handle}
		return object{"type": "template", "payload": object{"template_type": "media", "elements": []object{e}}}, nil
	}
	if len(content) > maxFile {
		return nil, stop("-210", "file over 5 MB", "channel.zalo.too_big")
	}
	var out struct {
		Token text `json:"token"`
	}
	if err := z.upload(ctx, a, "/v2.0/oa/upload/file", f.Name, content, &out); err != nil {
		return nil, sure(err)
	}
	return object{"type": "file", "payload": object{"token": string(out.Token)}}, nil
}

// pictureName gives a picture the ending that Zalo goes by.
func pictureName(f channel.Attachment) string {
	if f.MIME == "image/png" {
		return "anh.png"
	}
	return "anh.jpg"
}

func contentOf(ctx context.Context, f channel.Attachment) ([]byte, error) {
	if f.Open == nil {
		return nil, stop("file", "the attachment cannot be opened", "channel.error.attachment")
	}
	r, err := f.Open(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, stop("file", "the attachment is gone", "channel.error.attachment")
	}
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxVideo))
}

// chatLine is one line of a conversation as Zalo keeps it.
type chatLine struct {
	Src       text   `json:"src"` // 0: from the OA
	Time      text   `json:"time"`
	Type      string `json:"type"`
	Message   string `json:"message"`
	MessageID text   `json:"message_id"`
	FromID    text   `json:"from_id"`
	ToID      text   `json:"to_id"`
	FromName  string `json:"from_display_name"`
	ToName    string `json:"to_display_name"`
	URL       string `json:"url"`
	Thumb     string `json:"thumb"`
}

// findSent looks into the conversation whether an earlier try reached the person or the group.
func (z *Adapter) findSent(ctx context.Context, a channel.Account, m channel.Reply) (channel.Receipt, error) {
	var lines []chatLine
	var err error
	if m.Group {
		q := url.Values{"group_id": {m.PersonID}, "offset": {"0"}, "count": {"10"}}
		err = z.call(ctx, a, http.MethodGet, "/v3.0/oa/group/conversation", q, nil, &lines)
	} else {
		lines, err = z.conversation(ctx, a, m.PersonID, 0)
	}
	if err != nil {
		return channel.Receipt{}, sure(err)
	}
	since := m.Since.Add(-2 * time.Minute).UnixMilli()
	for _, l := range lines {
		same := channel.Cut(l.Message, 0) == channel.Cut(m.Text, 0) || (m.Ask != nil && strings.Contains(l.Message, m.Ask.Title))
		if len(m.Files) > 0 { // a file has no words of its own
			same = same && l.Type != "text"
		}
		if l.Src == "0" && same && l.Time.int() >= since && !slices.Contains(m.Known, string(l.MessageID)) {
			return channel.Receipt{State: channel.ReceiptPublished, ExternalID: string(l.MessageID)}, nil
		}
	}
	return channel.Receipt{}, z.settled(m.LastTry)
}

// PersonName implements channel.Namer; a visitor in anonymous chat has none.
func (z *Adapter) PersonName(ctx context.Context, a channel.Account, personID string) (string, error) {
	if _, _, anonymous := visitor(personID); anonymous {
		return "", nil
	}
	var out struct {
		Name string `json:"display_name"`
	}
	err := z.call(ctx, a, http.MethodGet, "/v3.0/oa/user/detail", data(map[string]string{"user_id": personID}), nil, &out)
	return out.Name, err
}

// UploadImage puts a picture (JPEG or PNG, at most 1 MB) into Zalo's store for messages and returns its handle, which
// lives seven days. Articles do not take such handles: they want a public address.
func (z *Adapter) UploadImage(ctx context.Context, a channel.Account, filename string, content []byte) (string, error) {
	if len(content) > maxImage {
		return "", stop("-210", "picture over 1 MB", "channel.zalo.too_big")
	}
	var out struct {
		ID text `json:"attachment_id"`
	}
	err := z.upload(ctx, a, "/v2.0/oa/upload/image", filename, content, &out)
	return string(out.ID), err
}

// Quota is what an account may still send to one person.
type Quota struct {
	LastInteraction time.Time // zero: never
	ReplyRemain     int64
	BroadcastRemain int64 // this month, to this person
}

// PersonQuota asks what the account may still send to a person.
func (z *Adapter) PersonQuota(ctx context.Context, a channel.Account, personID string) (Quota, error) {
	var out struct {
		Last  text `json:"last_interaction"`
		Reply struct {
			Remain text `json:"remain"`
		} `json:"cs_reply"`
		Promotion struct {
			Monthly text `json:"monthly_remain"`
		} `json:"promotion"`
	}
	if err := z.call(ctx, a, http.MethodPost, "/v3.0/oa/quota/message", nil, map[string]string{"user_id": personID}, &out); err != nil {
		return Quota{}, err
	}
	q := Quota{ReplyRemain: out.Reply.Remain.int(), BroadcastRemain: out.Promotion.Monthly.int()}
	if ms := out.Last.int(); ms > 0 {
		q.LastInteraction = time.UnixMilli(ms).UTC()
	}
	return q, nil
}
