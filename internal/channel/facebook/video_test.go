package facebook_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	simfb "github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

// shelf keeps one film.
type shelf struct{ b []byte }

type filmFile struct{ *bytes.Reader }

func (filmFile) Close() error { return nil }

// Film implements channel.Films.
func (s shelf) Film(context.Context, string) (io.ReadSeekCloser, error) {
	return filmFile{bytes.NewReader(s.b)}, nil
}

var theFilm = bytes.Repeat([]byte("phim "), 2<<20) // 10 MiB: three pieces

// carrying makes every post carry the film.
type carrying struct {
	channeltest.Texts
	v channel.Video
}

// Content implements channel.ContentSource.
func (c carrying) Content(ctx context.Context, source string, version int, a channel.Account) (channel.Content, error) {
	out, err := c.Texts.Content(ctx, source, version, a)
	out.Video = &c.v
	return out, err
}

// TestFilms: a film goes in pieces, a short upright one as a reel. Lines break at each step, and it stands once, whole.
func TestFilms(t *testing.T) {
	for name, v := range map[string]channel.Video{
		"film": {ID: "f", MIME: "video/mp4", Bytes: int64(len(theFilm)), Width: 1920, Height: 1080, Duration: 3 * time.Minute},
		"reel": {ID: "f", MIME: "video/mp4", Bytes: int64(len(theFilm)), Width: 1080, Height: 1920, Duration: 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			h, w, a := onePage(t, nil)
			h.Service.SetSource(carrying{v: v})
			for _, path := range []string{"/videos", "/video_reels", "/video-upload"} {
				w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: path, Count: 3})
			}
			w.fault(t, simkit.Fault{Kind: simkit.FaultHTTP, Status: 503, Path: "/video", Count: 1})
			h.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: "phim", Version: 1, Action: channel.ActPublish})
			var d channel.Delivery
			h.Await(t, 40*time.Second, "the film stands", func() bool {
				ds, err := h.Service.Deliveries(t.Context(), "phim")
				if err != nil || len(ds) != 1 {
					t.Fatal(ds, err)
				}
				d = ds[0]
				return d.State.Done()
			})
			sum := sha256.Sum256(theFilm)
			posts, vs := w.sim.Posts(page), w.sim.Videos(page)
			if d.State != channel.DeliveryPublished || len(posts) != 1 || len(vs) != 1 || vs[0].SHA256 != hex.EncodeToString(sum[:]) || vs[0].Reel != (name == "reel") || d.Receipt.ExternalID != posts[0].ID {
				t.Fatalf("%+v\n%+v\n%+v", d, posts, vs)
			}
			if err := w.Retract(t.Context(), a, d.Receipt); err != nil || len(w.sim.Posts(page)) != 0 {
				t.Fatalf("taken down: %v", err)
			}
		})
	}
}

// TestTokenStates: each way in which Facebook ends a token has a sentence of its own, and the account waits for a person.
func TestTokenStates(t *testing.T) {
	seen := map[string]bool{}
	for _, sub := range []int{458, 459, 460, 463, 464, 467, 492} {
		_, w, a := onePage(t, nil)
		if err := w.sim.KillToken(page, sub); err != nil {
			t.Fatal(err)
		}
		_, err := w.Publish(t.Context(), a, news, channel.Receipt{})
		var e *channel.Error
		if !errors.As(err, &e) || e.Advice != channel.AdviceReauth || e.Scope != channel.ScopeAccount || seen[e.Key] {
			t.Errorf("%d: %+v", sub, err)
			continue
		}
		seen[e.Key] = true
	}
}

// TestRetiredTagIsNeverUsed: the house writes within 24 hours only and carries no tag; should Facebook call a way of writing
// retired all the same, a person is told once and nothing is tried again.
func TestRetiredTagIsNeverUsed(t *testing.T) {
	_, w, a := onePage(t, nil)
	person := w.sim.AddPerson(page, simfb.Person{Key: "an", Name: "Nguyễn Văn An"})
	if _, err := w.sim.Say(page, simfb.Utterance{Person: person, Text: "Xin hỏi", Quiet: true}); err != nil {
		t.Fatal(err)
	}
	w.fault(t, simkit.Fault{Kind: simkit.FaultError, Path: "/messages", Code: 100, Subcode: 1893061, Message: "This message tag is no longer supported", Count: 1})
	_, err := w.Reply(t.Context(), a, channel.Reply{PersonID: person, Text: "Đã nhận"})
	var e *channel.Error
	if !errors.As(err, &e) || e.Advice != channel.AdviceStop || e.Key != "channel.facebook.tag_retired" || e.Scope != channel.ScopeCall {
		t.Fatalf("%+v", err)
	}
	if _, err := w.Reply(t.Context(), a, channel.Reply{PersonID: person, Text: "Đã nhận"}); err != nil {
		t.Fatalf("the next one: %v", err)
	}
	for _, m := range w.sim.Messages(page, person) {
		if m.Tag != "" {
			t.Fatalf("a tag was used: %+v", m)
		}
	}
}

// TestSlowsDownBeforeTheBudgetIsSpent: near the end of a page's budget calls wait, and Facebook never has to refuse one.
func TestSlowsDownBeforeTheBudgetIsSpent(t *testing.T) {
	_, w, a := onePage(t, func(p *simfb.Page) { p.CallBudget = 20 })
	calls := 0
	for ; calls < 40; calls++ {
		_, err := w.Probe(t.Context(), a)
		var e *channel.Error
		if errors.As(err, &e) {
			if e.Code != "usage" || e.Advice != channel.AdviceLater || e.Wait <= 0 {
				t.Fatalf("after %d: %+v", calls, e)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := w.sim.Stats().Requests.Counts["error 80001"]; n != 0 || calls == 40 {
		t.Fatalf("%d calls, %d were refused by Facebook", calls, n)
	}
}

// TestWebhooksOfAnOutage: while we are down Facebook tries for 36 hours, ever more rarely; what it brings then counts once.
func TestWebhooksOfAnOutage(t *testing.T) {
	h, w, a := onePage(t, nil)
	person := w.sim.AddPerson(page, simfb.Person{Key: "an", Name: "Nguyễn Văn An"})
	w.sim.Webhook().SetURL("http://127.0.0.1:1/down")
	w.fault(t, simkit.Fault{Kind: simkit.FaultDuplicate, Count: 1})
	if _, err := w.sim.Say(page, simfb.Utterance{Person: person, Text: "Đường ngập ạ"}); err != nil {
		t.Fatal(err)
	}
	h.Await(t, 20*time.Second, "some tries fail", func() bool { return w.sim.Webhook().Status(false).Failed >= 4 })
	w.sim.Webhook().SetURL(w.hook)
	h.Await(t, 30*time.Second, "both copies are delivered", func() bool { return w.sim.Webhook().Status(false).Delivered >= 2 })
	h.Idle(t)
	thread, err := h.Service.Thread(t.Context(), a.ID, person, 10)
	if err != nil || len(thread) != 1 {
		t.Fatalf("%+v %v", thread, err)
	}
}

func TestHideComment(t *testing.T) {
	_, w, a := onePage(t, nil)
	r, err := w.Publish(t.Context(), a, news, channel.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	person := w.sim.AddPerson(page, simfb.Person{Key: "an", Name: "Nguyễn Văn An"})
	said, err := w.sim.Say(page, simfb.Utterance{Person: person, Post: r.ExternalID, Text: "Lời khó nghe"})
	if err != nil {
		t.Fatal(err)
	}
	var hider channel.Hider = w.Adapter
	for _, hidden := range []bool{true, false} {
		if err := hider.HideComment(t.Context(), a, said.Comment.ID, hidden); err != nil {
			t.Fatal(err)
		}
		if c := w.sim.Comments(page, r.ExternalID)[0]; c.Hidden != hidden {
			t.Fatalf("%+v", c)
		}
	}
	if _, err := w.Publish(t.Context(), a, channel.Content{Video: &channel.Video{ID: "x", Bytes: 1}, Title: "Phim"}, channel.Receipt{}); err != nil {
		t.Fatalf("a film is announced: %v", err)
	}
}
