package zalo

import (
	"bytes"
	"cmp"
	"context"
	"mime/multipart"
	"net/http"
	"slices"
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
	if m.Unsure() {
		found, err := z.findSent(ctx, a, m)
		if err != nil || found.ExternalID != "" {
			return found, err
		}
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
	in := map[string]any{"recipient": map[string]string{"user_id": m.PersonID}, "message": map[string]string{"text": channel.Cut(m.Text, 0)}}
	var out struct {
		MessageID text `json:"message_id"`
	}
	if err := z.call(ctx, a, http.MethodPost, messagePath[version], nil, in, &out); err != nil {
		return channel.Receipt{}, err
	}
	return channel.Receipt{State: channel.ReceiptPublished, ExternalID: string(out.MessageID)}, nil
}

// findSent looks into the conversation whether an earlier try reached the person.
func (z *Adapter) findSent(ctx context.Context, a channel.Account, m channel.Reply) (channel.Receipt, error) {
	var lines []struct {
		Src       text   `json:"src"` // 0: from the OA
		Time      text   `json:"time"`
		Message   string `json:"message"`
		MessageID text   `json:"message_id"`
	}
	q := data(map[string]any{"user_id": m.PersonID, "offset": 0, "count": 10})
	if err := z.call(ctx, a, http.MethodGet, "/v2.0/oa/conversation", q, nil, &lines); err != nil {
		return channel.Receipt{}, sure(err)
	}
	since := m.Since.Add(-2 * time.Minute).UnixMilli()
	for _, l := range lines {
		if l.Src == "0" && channel.Cut(l.Message, 0) == channel.Cut(m.Text, 0) && l.Time.int() >= since && !slices.Contains(m.Known, string(l.MessageID)) {
			return channel.Receipt{State: channel.ReceiptPublished, ExternalID: string(l.MessageID)}, nil
		}
	}
	return channel.Receipt{}, z.settled(m.LastTry)
}

// PersonName implements channel.Namer.
func (z *Adapter) PersonName(ctx context.Context, a channel.Account, personID string) (string, error) {
	var out struct {
		Name string `json:"display_name"`
	}
	err := z.call(ctx, a, http.MethodGet, "/v3.0/oa/user/detail", data(map[string]string{"user_id": personID}), nil, &out)
	return out.Name, err
}

// UploadImage puts a picture (JPEG or PNG, at most 1 MB) into Zalo's store for messages and returns its handle, which
// lives seven days. Articles do not take such handles: they want a public address.
func (z *Adapter) UploadImage(ctx context.Context, a channel.Account, filename string, content []byte) (string, error) {
	if len(content) > 1<<20 {
		return "", stop("-210", "picture over 1 MB", "channel.zalo.too_big")
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", filename)
	if err != nil {
		return "", err
	}
	if _, err := part.Write(content); err != nil {
		return "", err
	}
	if err := form.Close(); err != nil {
		return "", err
	}
	var out struct {
		ID text `json:"attachment_id"`
	}
	err = z.keys.Use(ctx, a, func(ctx context.Context, access string) error {
		return z.send(ctx, access, http.MethodPost, "/v2.0/oa/upload/image", nil, bytes.NewReader(body.Bytes()), form.FormDataContentType(), &out)
	})
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
