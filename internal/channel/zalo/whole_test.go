package zalo_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

// films opens films from memory and counts how often.
type films struct{ opened int }

type film struct{ *bytes.Reader }

func (film) Close() error { return nil }

func (f *films) Film(_ context.Context, id string) (io.ReadSeekCloser, error) {
	f.opened++
	return film{bytes.NewReader([]byte("film " + id))}, nil
}

// filmTexts adds a film to every post; without words it is nothing but a film.
type filmTexts struct {
	channeltest.Texts
	video *channel.Video
	only  bool
}

func (x *filmTexts) Content(ctx context.Context, source string, version int, a channel.Account) (channel.Content, error) {
	c, err := x.Texts.Content(ctx, source, version, a)
	c.Video = x.video
	if x.only {
		c.HTML, c.Text = "", ""
	}
	return c, err
}

// TestPostWithFilm: the film goes into Zalo's store, is converted, and the article stands with it once, over lost answers on
// the way; an update with the same film does not bring it again; a film alone becomes a film article.
func TestPostWithFilm(t *testing.T) {
	store := &films{}
	h, w, as := fleet(t, 1, channel.Config{}, func(s *simzalo.Config, a *zalo.Config) { s.ArticleDelay = 100 * time.Millisecond; a.Films = store }, nil)
	texts := &filmTexts{Texts: channeltest.Texts{Cover: photo}, video: &channel.Video{ID: "f1", URL: "https://mattran.example/phim/f1", MIME: "video/mp4", Bytes: 7}}
	h.Service.SetSource(texts)
	for _, p := range []string{"/preparevideo", "/upload_video/verify", "/article/create"} {
		w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: p, Count: 1})
	}
	last := func(source string) channel.Delivery {
		ds, err := h.Service.Deliveries(t.Context(), source)
		if err != nil || len(ds) != 1 {
			t.Fatal(ds, err)
		}
		return ds[0]
	}
	put := func(source string, version int, act channel.Action) {
		t.Helper()
		h.Deliver(t, channel.NewDelivery{AccountID: as[0].ID, Source: source, Version: version, Action: act})
		h.Await(t, 30*time.Second, source+" stands", func() bool { d := last(source); return d.State.Done() && d.Version == version })
		if d := last(source); d.State != channel.DeliveryPublished {
			t.Fatalf("%+v", d)
		}
	}
	put("p", 1, channel.ActPublish)
	got := w.sim.Articles(as[0].ExternalID)
	if len(got) != 1 || got[0].Type != "normal" || got[0].Body[0].Type != "video" || got[0].Body[0].VideoID == "" || len(got[0].Body) < 2 {
		t.Fatalf("%+v", got)
	}
	first := store.opened
	put("p", 2, channel.ActUpdate)
	if got = w.sim.Articles(as[0].ExternalID); len(got) != 1 || got[0].Body[0].Type != "video" || store.opened != first {
		t.Fatalf("after an update with the same film (opened %d, before %d): %+v", store.opened, first, got)
	}
	texts.video = &channel.Video{ID: "f2", URL: "https://mattran.example/phim/f2", MIME: "video/mp4", Bytes: 7}
	was := got[0].Body[0].VideoID
	put("p", 3, channel.ActUpdate)
	if got = w.sim.Articles(as[0].ExternalID); len(got) != 1 || got[0].Body[0].VideoID == was {
		t.Fatalf("after an update with another film: %+v", got)
	}
	texts.only = true
	put("q", 1, channel.ActPublish)
	if got = w.sim.Articles(as[0].ExternalID); len(got) != 2 || got[1].Type != "video" || got[1].VideoID == "" || got[1].Avatar != photo {
		t.Fatalf("a film alone: %+v", got)
	}
	for key, v := range map[string]channel.Video{"channel.zalo.video_too_big": {ID: "x", MIME: "video/mp4", Bytes: 51 << 20}, "channel.zalo.video_kind": {ID: "x", MIME: "video/webm", Bytes: 7}} {
		_, err := w.Publish(t.Context(), as[0], channel.Content{Title: "T", Text: "B", Cover: &channel.Picture{URL: photo}, Video: &v}, channel.Receipt{})
		var e *channel.Error
		if !errors.As(err, &e) || e.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestShelf: what stands is listed, one piece is hidden and shown again without losing anything.
func TestShelf(t *testing.T) {
	_, w, as := fleet(t, 1, channel.Config{}, func(s *simzalo.Config, _ *zalo.Config) { s.ArticleDelay = 0 }, nil)
	for _, title := range []string{"Một", "Hai"} {
		if _, err := w.Publish(t.Context(), as[0], channel.Content{Title: title, Lead: "L", Text: "B", Mark: title, Cover: &channel.Picture{URL: photo}}, channel.Receipt{}); err != nil {
			t.Fatal(err)
		}
	}
	list := func() []channel.Piece {
		ps, total, err := w.Pieces(t.Context(), as[0], false, 0)
		if err != nil || total != 2 || len(ps) != 2 {
			t.Fatal(ps, total, err)
		}
		return ps
	}
	id := list()[0].ID
	before := w.sim.Articles(as[0].ExternalID)[1]
	for _, hidden := range []bool{true, true, false} {
		if _, err := w.SetHidden(t.Context(), as[0], id, hidden); err != nil {
			t.Fatal(err)
		}
		if p := list()[0]; p.Hidden != hidden || p.Title != "Hai" {
			t.Errorf("%+v, want hidden %v", p, hidden)
		}
	}
	after := w.sim.Articles(as[0].ExternalID)[1]
	if after.Edits != 2 || after.TrackingLink != before.TrackingLink || len(after.Body) != len(before.Body) || after.Cover.PhotoURL != before.Cover.PhotoURL || after.Author != before.Author {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
}

// memory keeps attachments of a test.
type memory map[string]string

func (m memory) Open(_ context.Context, key string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(m[key])), nil
}

func (m memory) Drop(_ context.Context, keys []string) error {
	for _, k := range keys {
		delete(m, k)
	}
	return nil
}

func say(t *testing.T, h *channeltest.House, r channel.ReplyRequest) error {
	t.Helper()
	return h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := h.Service.Reply(ctx, tx, r)
		return err
	})
}

// TestMessagesWithThings: a picture, a file, buttons and the request for contact reach the person once each, also over lost
// answers; what is handed over comes back; a person who withdraws is forgotten with files and raw notices.
func TestMessagesWithThings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := channeltest.NewHouse(t, d, channel.Config{Sweep: 300 * time.Millisecond})
		hook := channeltest.NewHook(t, channel.Zalo)
		w := open(t, h, hook.URL, nil)
		h.Service.Add(w.Adapter)
		files := memory{"a": "\x89PNG\r\n\x1a\nảnh", "b": "%PDF-1.7 đơn"}
		h.Service.SetFiles(files)
		hook.Serve(h.Service)
		a, tokens := w.addOA(simzalo.OA{ID: oa, Name: "OA", Type: simzalo.TypeBusiness})
		a.UnitID = orgunittest.VinhHung
		a = h.AccountWith(t, a, tokens)
		h.Start(t)
		user := w.sim.AddFollower(oa, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
		if _, err := w.sim.Say(oa, user, simzalo.Utterance{Text: "Cho tôi xin mẫu đơn"}); err != nil {
			t.Fatal(err)
		}
		picture := channel.Attachment{Kind: channel.AttachPicture, Key: "a", Name: "anh.png", MIME: "image/png", Bytes: 20}
		pdf := channel.Attachment{Kind: channel.AttachFile, Key: "b", Name: "đơn.pdf", MIME: "application/pdf", Bytes: 20}
		thread := func() []channel.Message {
			ms, err := h.Service.Thread(t.Context(), a.ID, user, 50)
			if err != nil {
				t.Fatal(err)
			}
			return ms
		}
		h.Await(t, 20*time.Second, "the question", func() bool { return len(thread()) == 1 })
		for i, r := range []channel.ReplyRequest{
			{Text: "Gửi bác ảnh", Files: []channel.Attachment{picture}},
			{Files: []channel.Attachment{pdf}},
			{Text: "Bác chọn", Buttons: []channel.Button{{Title: "Mở cổng", URL: "https://mattran.example"}, {Title: "Gọi", Phone: "02383000001"}, {Title: "Hỏi tiếp", Words: "hỏi"}}},
			{Ask: &channel.Ask{Title: "Xin liên hệ", Text: "để phường gọi lại", Picture: photo}},
		} {
			r.AccountID, r.PersonID, r.IdempotencyKey = a.ID, user, string(rune('a'+i))
			w.sim.Faults().Remove("")
			w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: "/message", Count: 1})
			for range 2 {
				if err := say(t, h, r); err != nil {
					t.Fatal(err)
				}
			}
			h.Await(t, 20*time.Second, "it to be sent", func() bool {
				ms := thread()
				return len(ms) == i+2 && ms[i+1].State == channel.MessageSent
			})
		}
		var types []string
		for _, m := range w.sim.Messages(oa, user)[1:] {
			types = append(types, m.Type)
		}
		if strings.Join(types, " ") != "photo file template template" {
			t.Fatalf("at the telephone: %q", types)
		}
		if err := w.sim.Submit(oa, user, simzalo.Contact{Name: "Nguyễn Văn An", Phone: "84912345678", Address: "Ngõ 3", Ward: "Vinh Hưng"}); err != nil {
			t.Fatal(err)
		}
		h.Await(t, 20*time.Second, "the contact", func() bool {
			ms := thread()
			return len(ms) == 6 && ms[5].Shared != nil && ms[5].Shared.Phone == "84912345678" && strings.Contains(ms[5].Text, "Ngõ 3")
		})
		time.Sleep(5 * time.Millisecond)
		if err := w.sim.Withdraw(oa, user); err != nil {
			t.Fatal(err)
		}
		h.Await(t, 20*time.Second, "everything to be forgotten", func() bool {
			for _, m := range thread() {
				if m.Text != "" || len(m.Files) > 0 || m.Shared != nil || len(m.Pictures) > 0 || len(m.Buttons) > 0 || m.PersonName != "" {
					return false
				}
			}
			return len(files) == 0
		})
		var raw []string
		if err := d.Read().NewSelect().Table("channel_webhook").Column("body").Where("body LIKE ?", "%Cho tôi xin mẫu đơn%").Scan(t.Context(), &raw); err != nil || len(raw) != 0 {
			t.Errorf("raw notices still tell it: %q %v", raw, err)
		}
	}, channeltest.Migrations...)
}

// TestComposition: what the channel would refuse is refused before anything is written down, with the limit.
func TestComposition(t *testing.T) {
	h, _, as := fleet(t, 1, channel.Config{}, nil, nil)
	file := func(name string, kind channel.AttachmentKind, bytes int64) []channel.Attachment {
		return []channel.Attachment{{Kind: kind, Key: "k", Name: name, Bytes: bytes}}
	}
	button := channel.Button{Title: "Mở", URL: "https://mattran.example"}
	for key, r := range map[string]channel.ReplyRequest{
		"channel.message.no_text":         {},
		"channel.message.too_long":        {Text: strings.Repeat("ế", 2001)},
		"channel.message.picture_too_big": {Files: file("a.jpg", channel.AttachPicture, 1<<20+1)},
		"channel.message.file_too_big":    {Files: file("a.pdf", channel.AttachFile, 5<<20+1)},
		"channel.message.file_type":       {Files: file("a.exe", channel.AttachFile, 1)},
		"channel.message.many_files":      {Files: append(file("a.jpg", channel.AttachPicture, 1), file("b.jpg", channel.AttachPicture, 1)...)},
		"channel.message.no_buttons":      {Text: "x", Buttons: []channel.Button{button, button, button, button, button, button}},
		"channel.message.bad_button":      {Text: "x", Buttons: []channel.Button{{Title: "Mở", URL: "javascript:alert(1)"}}},
		"channel.message.one_thing":       {Text: "x", Buttons: []channel.Button{button}, Files: file("a.jpg", channel.AttachPicture, 1)},
	} {
		r.AccountID, r.PersonID, r.IdempotencyKey = as[0].ID, "1", key
		if err := say(t, h, r); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestHours: broadcasts and notices keep to the day, in Vietnam; everything else goes at once.
func TestHours(t *testing.T) {
	z := zalo.New(zalo.Config{}, nil, nil)
	at := func(day, hour int) time.Time {
		return clock.Date("2026-11-23").AddDays(day).Time().Add(time.Duration(hour) * time.Hour)
	}
	for hour, want := range map[int]time.Time{0: at(0, 6), 5: at(0, 6), 6: at(0, 6), 21: at(0, 21), 22: at(1, 6), 23: at(1, 6)} {
		if got := z.From(channel.ActAnnounce, at(0, hour)); !got.Equal(want) {
			t.Errorf("broadcast at %d: %s, want %s", hour, got, want)
		}
		if got := z.NoticeFrom(channel.Template{Tag: "TRANSACTION"}, at(0, hour)); !got.Equal(want) {
			t.Errorf("notice at %d: %s, want %s", hour, got, want)
		}
		if got := z.From(channel.ActPublish, at(0, hour)); !got.Equal(at(0, hour)) {
			t.Errorf("an article at %d waits until %s", hour, got)
		}
		if got := z.NoticeFrom(channel.Template{Tag: "OTP"}, at(0, hour)); !got.Equal(at(0, hour)) {
			t.Errorf("a code at %d waits until %s", hour, got)
		}
	}
}

// TestAudience: an announcement reaches the part of the followers that was asked for.
func TestAudience(t *testing.T) {
	h, w, as := fleet(t, 1, channel.Config{}, nil, nil)
	w.sim.AddFollower(as[0].ExternalID, simzalo.Person{Key: "bắc", Region: "0", City: "9"})
	w.sim.AddFollower(as[0].ExternalID, simzalo.Person{Key: "trung", Region: "1", City: "40"})
	w.sim.AddFollower(as[0].ExternalID, simzalo.Person{Key: "nam", Region: "2", City: "4"})
	h.Deliver(t, channel.NewDelivery{AccountID: as[0].ID, Source: "p", Version: 1, Action: channel.ActPublish})
	done := func(n int) func() bool {
		return func() bool {
			ds, err := h.Service.History(t.Context(), "p", as[0].ID)
			return err == nil && len(ds) == n && ds[n-1].State == channel.DeliveryPublished
		}
	}
	h.Await(t, 15*time.Second, "published", done(1))
	h.Deliver(t, channel.NewDelivery{AccountID: as[0].ID, Source: "p", Version: 1, Action: channel.ActAnnounce, Audience: &channel.Audience{Regions: []string{"central"}}})
	h.Await(t, 15*time.Second, "announced", done(2))
	if b := w.sim.Broadcasts(as[0].ExternalID); len(b) != 1 || b[0].Reached != 1 {
		t.Fatalf("%+v", b)
	}
	r, err := w.AnnounceTo(t.Context(), as[0], channel.Receipt{ExternalID: w.sim.Articles(as[0].ExternalID)[0].ID}, channel.Audience{Provinces: []int{4, 9}, Regions: []string{"central"}})
	if b := w.sim.Broadcasts(as[0].ExternalID); err != nil || r.ExternalID == "" || b[1].Reached != 2 {
		t.Fatalf("provinces override regions: %+v %v", b, err)
	}
	n, err := h.Service.Announced(t.Context(), []string{as[0].ID}, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil || n[as[0].ID] != 1 {
		t.Errorf("counted: %v %v", n, err)
	}
}
