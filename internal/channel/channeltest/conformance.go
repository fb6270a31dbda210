package channeltest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// Outside is the simulated world of one kind of channel, as the conformance suite sees it.
type Outside struct {
	Channel channel.Channel
	// Account is an account of the outside world that has granted the house, with its tokens.
	Account func(t testing.TB) (channel.Account, channel.Tokens)
	// Standing lists the titles of what the public sees at the account, oldest first.
	Standing func(externalID string) []string
	// Say makes a person write to the account and returns the channel's id of the person.
	Say func(t testing.TB, externalID, text string) string
	// Heard lists what the person got from the account, oldest first.
	Heard func(externalID, personID string) []string
	// LoseAnswer makes the world do the next publication or message but hang up before it answers.
	LoseAnswer func(t testing.TB)
	// Refuse makes the next call fail with passing trouble, before it does anything.
	Refuse func(t testing.TB)
	// KillToken makes the account's tokens worthless for good.
	KillToken func(t testing.TB, externalID string)
	// Twice makes the world deliver its next webhook twice.
	Twice func(t testing.TB)
	// Forge makes it sign its next webhook wrongly.
	Forge func(t testing.TB)
	// Video is what every post of the suite carries; nil: none.
	Video *channel.Video
	// Under places an answer to what the person said last, for channels without private messages; nil: privately.
	Under func(externalID, personID string) *channel.CommentRef
}

// Hook is the webhook address of a test: what it gets goes to the service under test, as channelweb does it.
type Hook struct {
	*httptest.Server
	mu      sync.Mutex
	service *channel.Service
	kind    channel.Kind
	Refused int // webhooks with a wrong signature so far
}

// NewHook opens a webhook address.
func NewHook(t testing.TB, kind channel.Kind) *Hook {
	h := &Hook{kind: kind}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, channel.MaxWebhook))
		h.mu.Lock()
		s := h.service
		h.mu.Unlock()
		if err == nil && s != nil {
			err = s.Intake(r.Context(), h.kind, r.Header, body)
		}
		if errors.Is(err, channel.ErrSignature) {
			h.mu.Lock()
			h.Refused++
			h.mu.Unlock()
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// Serve sends what comes in to the service.
func (h *Hook) Serve(s *channel.Service) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.service = s
}

func (h *Hook) refused() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.Refused
}

// Conformance is the suite that every channel passes. Open starts a fresh outside world whose webhooks go to hook and
// whose adapter uses the house's vault and budget.
func Conformance(t *testing.T, d *db.DB, kind channel.Kind, cover string, open func(t *testing.T, h *House, hook *Hook) Outside) {
	h := NewHouse(t, d, channel.Config{Sweep: 300 * time.Millisecond})
	hook := NewHook(t, kind)
	o := open(t, h, hook)
	h.Service.Add(o.Channel)
	h.Service.SetSource(Texts{Cover: cover, Video: o.Video})
	hook.Serve(h.Service)
	if o.Channel.Kind() != kind {
		t.Fatalf("kind %s", o.Channel.Kind())
	}
	ext, tokens := o.Account(t)
	ext.UnitID = orgunittest.VinhHung
	a := h.AccountWith(t, ext, tokens)
	var mu sync.Mutex
	var came []string
	jobs.On(h.Queue, "conformance", func(ctx context.Context, e channel.MessageReceived) error {
		m, err := h.Service.Message(ctx, e.MessageID)
		mu.Lock()
		defer mu.Unlock()
		came = append(came, m.Text)
		return err
	})
	c := &conform{h: h, o: o, a: a, hook: hook, came: func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(came) }}
	t.Run("publish, update, retract", c.publishing)
	t.Run("an answer that is lost", c.lostAnswer)
	t.Run("passing trouble", c.trouble)
	t.Run("messages", c.messages)
	t.Run("messages with things", c.things)
	t.Run("lists", c.lists)
	t.Run("webhooks", c.webhooks)
	t.Run("probe", c.probe)
	t.Run("dead token", c.deadToken)
}

type conform struct {
	h    *House
	o    Outside
	a    channel.Account
	hook *Hook
	came func() []string
}

func (c *conform) latest(t *testing.T, source string) channel.Delivery {
	t.Helper()
	ds, err := c.h.Service.Deliveries(t.Context(), source)
	if err != nil || len(ds) != 1 {
		t.Fatalf("deliveries of %s: %v %v", source, ds, err)
	}
	return ds[0]
}

func (c *conform) deliver(t *testing.T, source string, version int, act channel.Action, want channel.DeliveryState) channel.Delivery {
	t.Helper()
	c.h.Deliver(t, channel.NewDelivery{AccountID: c.a.ID, Source: source, Version: version, Action: act})
	c.h.Await(t, 30*time.Second, source+" is done", func() bool { return c.latest(t, source).State.Done() })
	d := c.latest(t, source)
	if d.State != want {
		t.Fatalf("%s of %s: %+v, want %s", act, source, d, want)
	}
	return d
}

func count(list []string, s string) (n int) {
	for _, x := range list {
		if x == s {
			n++
		}
	}
	return n
}

func (c *conform) publishing(t *testing.T) {
	d := c.deliver(t, "mot", 1, channel.ActPublish, channel.DeliveryPublished)
	if d.Receipt.ExternalID == "" || d.Receipt.Link == "" {
		t.Fatalf("no receipt: %+v", d)
	}
	if n := count(c.o.Standing(c.a.ExternalID), "Tin mot"); n != 1 {
		t.Fatalf("stands %d times", n)
	}
	c.deliver(t, "mot", 2, channel.ActUpdate, channel.DeliveryPublished)
	if s := c.o.Standing(c.a.ExternalID); count(s, "Tin mot (đã sửa)") != 1 || count(s, "Tin mot") != 0 {
		t.Fatalf("after the update: %q", s)
	}
	c.deliver(t, "mot", 2, channel.ActRetract, channel.DeliveryRetracted)
	if s := c.o.Standing(c.a.ExternalID); len(s) != 0 {
		t.Fatalf("after the retraction: %q", s)
	}
	if err := c.o.Channel.Retract(t.Context(), c.a, d.Receipt); err != nil {
		t.Fatalf("taking down what is gone: %v", err)
	}
}

func (c *conform) lostAnswer(t *testing.T) {
	c.o.LoseAnswer(t)
	c.deliver(t, "hai", 1, channel.ActPublish, channel.DeliveryPublished)
	if n := count(c.o.Standing(c.a.ExternalID), "Tin hai"); n != 1 {
		t.Fatalf("stands %d times after a lost answer", n)
	}
}

func (c *conform) trouble(t *testing.T) {
	c.o.Refuse(t)
	d := c.deliver(t, "ba", 1, channel.ActPublish, channel.DeliveryPublished)
	if d.Attempts < 2 {
		t.Fatalf("the trouble was never met: %+v", d)
	}
	if n := count(c.o.Standing(c.a.ExternalID), "Tin ba"); n != 1 {
		t.Fatalf("stands %d times after passing trouble", n)
	}
}

func (c *conform) reply(t *testing.T, person, key, text string) channel.Message {
	t.Helper()
	var id string
	var under *channel.CommentRef
	if c.o.Under != nil {
		under = c.o.Under(c.a.ExternalID, person)
	}
	for range 2 { // asking twice sends once
		err := c.h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
			id, err = c.h.Service.Reply(ctx, tx, channel.ReplyRequest{AccountID: c.a.ID, PersonID: person, Text: text, Comment: under, IdempotencyKey: key})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var m channel.Message
	c.h.Await(t, 30*time.Second, "the answer to go out", func() bool {
		var err error
		if m, err = c.h.Service.Message(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return m.State == channel.MessageSent || m.State == channel.MessageFailed
	})
	return m
}

func (c *conform) messages(t *testing.T) {
	person := c.o.Say(t, c.a.ExternalID, "Đường ngõ 3 ngập, bao giờ sửa ạ?")
	c.h.Await(t, 30*time.Second, "the question to arrive", func() bool { return count(c.came(), "Đường ngõ 3 ngập, bao giờ sửa ạ?") == 1 })
	const text = "Phường đã nhận. Chậm nhất thứ Sáu sẽ sửa xong."
	if m := c.reply(t, person, "k1", text); m.State != channel.MessageSent || m.ExternalID == "" {
		t.Fatalf("answer: %+v", m)
	}
	c.o.LoseAnswer(t)
	if m := c.reply(t, person, "k2", text); m.State != channel.MessageSent { // the same words a second time are meant
		t.Fatalf("answer over a lost line: %+v", m)
	}
	if n := count(c.o.Heard(c.a.ExternalID, person), text); n != 2 {
		t.Fatalf("the person heard it %d times, want 2", n)
	}
	thread, err := c.h.Service.Thread(t.Context(), c.a.ID, person, 50)
	if err != nil || len(thread) != 3 || thread[0].Outgoing || !thread[2].Outgoing {
		t.Fatalf("thread: %+v %v", thread, err)
	}
}

// kept is a file store with one small picture.
type kept struct{}

func (kept) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("\x89PNG\r\n\x1a\nmột bức ảnh")), nil
}

func (kept) Drop(context.Context, []string) error { return nil }

// things sends what the limits of the channel promise: a picture and buttons, each once over a lost answer.
func (c *conform) things(t *testing.T) {
	l := c.o.Channel.Limits()
	if l.Attachments == 0 && l.Buttons == 0 {
		return
	}
	person := c.o.Say(t, c.a.ExternalID, "Cho tôi xem bản đồ")
	c.h.Await(t, 30*time.Second, "the wish to arrive", func() bool { return count(c.came(), "Cho tôi xem bản đồ") == 1 })
	c.h.Service.SetFiles(kept{})
	send := func(r channel.ReplyRequest) {
		t.Helper()
		r.AccountID, r.PersonID = c.a.ID, person
		c.o.LoseAnswer(t)
		var id string
		if err := c.h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
			id, err = c.h.Service.Reply(ctx, tx, r)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		c.h.Await(t, 30*time.Second, r.Text+" to go out", func() bool {
			m, err := c.h.Service.Message(t.Context(), id)
			return err == nil && (m.State == channel.MessageSent || m.State == channel.MessageFailed)
		})
		if n := count(c.o.Heard(c.a.ExternalID, person), r.Text); n != 1 {
			t.Errorf("the person got %q %d times", r.Text, n)
		}
	}
	if l.Attachments > 0 {
		send(channel.ReplyRequest{Text: "Ảnh đây ạ", IdempotencyKey: "t1", Files: []channel.Attachment{{Kind: channel.AttachPicture, Key: "x", Name: "a.png", MIME: "image/png", Bytes: 20}}})
	}
	if l.Buttons > 0 {
		send(channel.ReplyRequest{Text: "Mời chọn", IdempotencyKey: "t2", Buttons: []channel.Button{{Title: "Mở cổng", URL: "https://mattran.example"}}})
	}
}

// lists asks for what the channel says it can list: each answers for a living account.
func (c *conform) lists(t *testing.T) {
	ctx := t.Context()
	if x, ok := c.o.Channel.(channel.Crowd); ok {
		p, err := x.Followers(ctx, c.a, channel.CrowdFilter{}, 0)
		if err != nil || p.Total < int64(len(p.People)) {
			t.Errorf("followers: %+v %v", p, err)
		}
	}
	if x, ok := c.o.Channel.(channel.Historian); ok {
		ms, _, err := x.RecentChats(ctx, c.a, 0)
		if err != nil || len(ms) == 0 || ms[0].PersonID == "" {
			t.Errorf("recent chats: %+v %v", ms, err)
		} else if ls, _, err := x.Conversation(ctx, c.a, ms[0].PersonID, 0); err != nil || len(ls) == 0 || ls[0].ExternalID == "" {
			t.Errorf("conversation: %+v %v", ls, err)
		}
	}
	if x, ok := c.o.Channel.(channel.Tagger); ok {
		if _, err := x.Tags(ctx, c.a); err != nil {
			t.Errorf("tags: %v", err)
		}
	}
	if x, ok := c.o.Channel.(channel.Grouper); ok {
		if _, err := x.Groups(ctx, c.a); err != nil {
			t.Errorf("groups: %v", err)
		}
	}
	if x, ok := c.o.Channel.(channel.Notifier); ok {
		if _, err := x.Templates(ctx, c.a); err != nil {
			t.Errorf("templates: %v", err)
		}
	}
	if x, ok := c.o.Channel.(channel.Shelf); ok {
		if _, _, err := x.Pieces(ctx, c.a, false, 0); err != nil {
			t.Errorf("pieces: %v", err)
		}
	}
}

func (c *conform) webhooks(t *testing.T) {
	c.o.Twice(t)
	c.o.Say(t, c.a.ExternalID, "Cháu hỏi lịch họp xóm")
	c.h.Await(t, 30*time.Second, "it to arrive", func() bool { return count(c.came(), "Cháu hỏi lịch họp xóm") >= 1 })
	before := c.hook.refused()
	c.o.Forge(t)
	c.o.Say(t, c.a.ExternalID, "Tin giả mạo")
	c.h.Await(t, 30*time.Second, "the forgery to be refused", func() bool { return c.hook.refused() > before })
	c.h.Idle(t)
	if got := c.came(); count(got, "Cháu hỏi lịch họp xóm") != 1 || count(got, "Tin giả mạo") != 0 {
		t.Fatalf("came in: %q", got)
	}
}

func (c *conform) probe(t *testing.T) {
	a, err := c.o.Channel.Probe(t.Context(), c.a)
	if err != nil || a.Name == "" || a.Link == "" || !a.Capabilities.Article {
		t.Fatalf("probe: %+v %v", a, err)
	}
}

func (c *conform) deadToken(t *testing.T) {
	c.o.KillToken(t, c.a.ExternalID)
	d := c.deliver(t, "cuoi", 1, channel.ActPublish, channel.DeliveryFailed)
	if d.Reason == "" {
		t.Fatalf("no reason: %+v", d)
	}
	a, err := c.h.Service.AccountByID(t.Context(), c.a.ID)
	if err != nil || a.State != channel.AccountReauth || a.StateReason == "" {
		t.Fatalf("account: %+v %v", a, err)
	}
}
