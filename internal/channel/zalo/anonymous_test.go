package zalo_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

// TestAnonymousChat: what somebody unknown writes arrives once and can be answered, whichever call the account's kind takes for
// others; our own words do not come back as theirs; an answer that may have been lost is left to a person.
func TestAnonymousChat(t *testing.T) {
	for _, messaging := range []string{simzalo.MessagingV2, simzalo.MessagingV3} {
		h := channeltest.NewHouse(t, dbtest.SQLite(t, channeltest.Migrations...), channel.Config{Sweep: 300 * time.Millisecond})
		hook := channeltest.NewHook(t, channel.Zalo)
		w := open(t, h, hook.URL, nil)
		h.Service.Add(w.Adapter)
		h.Service.SetFiles(memory{"a": "\x89PNG\r\n\x1a\nảnh"})
		hook.Serve(h.Service)
		a, tokens := w.addOA(simzalo.OA{ID: oa, Name: "OA", Messaging: messaging})
		a.UnitID = orgunittest.VinhHung
		a = h.AccountWith(t, a, tokens)
		h.Start(t)
		w.fault(t, simkit.Fault{Kind: simkit.FaultDuplicate, Probability: 1})
		said, v, err := w.sim.SayAnonymous(oa, "quầy", simzalo.Utterance{Text: "Cho hỏi giờ làm việc", At: time.Now().Add(-time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.sim.SayAnonymous(oa, "quầy", simzalo.Utterance{Image: "https://photo.example/1.jpg"}); err != nil {
			t.Fatal(err)
		}
		person := "anon:" + v.ID + ":" + v.Conversation
		h.Await(t, 20*time.Second, "the visitor is heard", func() bool {
			ms, err := h.Service.Thread(t.Context(), a.ID, person, 9)
			return err == nil && len(ms) == 2
		})
		answer := func(key string, r channel.ReplyRequest) {
			t.Helper()
			r.AccountID, r.PersonID, r.IdempotencyKey = a.ID, person, key
			if err := say(t, h, r); err != nil {
				t.Fatal(err)
			}
		}
		answer("1", channel.ReplyRequest{Text: "Từ 7 giờ 30.", Buttons: []channel.Button{{Title: "Xem thêm", URL: "https://mattran.example/gio"}}})
		answer("2", channel.ReplyRequest{Files: []channel.Attachment{{Key: "a", Kind: channel.AttachPicture, Name: "lich.png", MIME: "image/png", Bytes: 12}}})
		h.Await(t, 20*time.Second, "two answers stand", func() bool { return len(w.sim.Messages(oa, v.ID)) == 4 })
		h.Await(t, 20*time.Second, "all is told", func() bool { return w.sim.Webhook().Status(false).Pending == 0 })
		h.Idle(t)
		var texts []string
		for _, m := range w.sim.Messages(oa, v.ID)[2:] {
			if !m.FromOA || m.Conversation != v.Conversation || m.Via != "v2" {
				t.Errorf("%+v", m)
			}
			texts = append(texts, m.Type+" "+m.Text)
		}
		if got := strings.Join(texts, "|"); !strings.Contains(got, "text Từ 7 giờ 30.\nXem thêm: https://mattran.example/gio") || !strings.Contains(got, "photo") {
			t.Error(got)
		}
		ms, err := h.Service.Thread(t.Context(), a.ID, person, 9)
		if err != nil || len(ms) != 4 || ms[0].ExternalID != said.ID || ms[0].Outgoing || len(ms[1].Pictures) != 1 {
			t.Fatalf("%+v %v", ms, err)
		}
		if name, err := w.PersonName(t.Context(), a, person); err != nil || name != "" {
			t.Error(name, err)
		}
		if p, err := w.Profile(t.Context(), a, person); err != nil || p.Name != "" || p.Follows {
			t.Error(p, err)
		}
		for key, r := range map[string]channel.Reply{
			"channel.zalo.anonymous_unsure": {Text: "Từ 8 giờ.", Since: time.Now(), LastTry: time.Now()},
			"channel.zalo.anonymous_ask":    {Ask: &channel.Ask{Title: "Xin thông tin"}},
			"channel.zalo.text_too_long":    {Text: strings.Repeat("a", 1990), Buttons: []channel.Button{{Title: "Xem thêm", URL: "https://mattran.example/"}}},
		} {
			r.PersonID = person
			_, err := w.Reply(t.Context(), a, r)
			var e *channel.Error
			if !errors.As(err, &e) || e.Advice != channel.AdviceStop || e.Key != key || e.Unsure {
				t.Errorf("%s: %v", key, err)
			}
		}
		if n := len(w.sim.Messages(oa, v.ID)); n != 4 {
			t.Errorf("%d messages", n)
		}
	}
}

// TestAnonymousWindow: after seven days Zalo takes no answer, and the official is told so in the usual words.
func TestAnonymousWindow(t *testing.T) {
	_, w, as := fleet(t, 1, channel.Config{}, nil, nil)
	_, v, err := w.sim.SayAnonymous(as[0].ExternalID, "khách", simzalo.Utterance{Text: "Hỏi", At: time.Now().AddDate(0, 0, -8)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Reply(t.Context(), as[0], channel.Reply{PersonID: "anon:" + v.ID + ":" + v.Conversation, Text: "Trả lời muộn"})
	var e *channel.Error
	if !errors.As(err, &e) || e.Key != "channel.zalo.window_over" {
		t.Fatal(err)
	}
}
