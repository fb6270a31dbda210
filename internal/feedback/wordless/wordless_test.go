package wordless_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/wordless"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

func TestWhatHoldsNoWords(t *testing.T) {
	for text, want := range map[string]bool{"https://voice.zdn.vn/a.aac": true, "bao cao thang 11.pdf\nhttps://f.zdn.vn/x": true, "geo:18.67,105.69": true,
		"": false, "Xem giúp tôi https://x.vn/a": false, "Nhà tôi ở khối 5.\nhttps://f.zdn.vn/x": false, "bao cao.pdf": false, "alo": false} {
		if got := wordless.Wordless(channel.Message{Text: text}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if !wordless.Wordless(channel.Message{Pictures: []channel.Picture{{URL: "https://x.vn/sticker.png"}}}) {
		t.Error("a sticker")
	}
}

// Who sends a voice message is told once a day, politely, what to write; what was sent stays with the desk. Who wrote words
// as well, writes under a post, or thanks with a sticker for an answer is left alone.
func TestOneSentenceADay(t *testing.T) {
	words, err := i18n.Load(feedbackweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := inboxtest.New(t, d, words.In("vi"))
		wordless.Listen(wordless.Deps{DB: d, Queue: k.Queue, Clock: k.Clock, Channels: k.Channels, Words: words.In("vi"),
			Name: func(u string) string { return "Mặt trận " + k.Service.Unit(u).FullName }, AskURL: func(u string) string { return "https://mttq.example/hoi?don_vi=" + u }})
		n := 0
		sticker := func(person string) {
			t.Helper()
			n++
			h, body := k.Zalo.Incoming(inboxtest.OA, channel.Message{ExternalID: fmt.Sprintf("s-%d", n), PersonID: person, PersonName: person, At: k.Clock.Now(), Pictures: []channel.Picture{{URL: "https://x.vn/sticker.png"}}})
			if err := k.Channels.Intake(t.Context(), channel.Zalo, h, body); err != nil {
				t.Fatal(err)
			}
			k.Drain()
		}
		told := func(external, person string) (out []string) {
			t.Helper()
			said, err := k.Channels.Thread(t.Context(), k.Accounts[external].ID, person, 50)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range said {
				if m.Outgoing {
					out = append(out, m.Text)
				}
			}
			return out
		}
		k.Say(inboxtest.OA, "hoa", "https://voice.zdn.vn/a.aac")
		if got := told(inboxtest.OA, "hoa"); len(got) != 1 || !strings.Contains(got[0], "Mặt trận Phường Vinh Hưng") || !strings.Contains(got[0], "https://mttq.example/hoi") {
			t.Fatalf("%q", got)
		}
		c := k.Only(feedbacktest.Officer, inbox.Filter{})
		th, err := k.Inbox.Look(t.Context(), feedbacktest.Officer, c.ID)
		if err != nil || !strings.Contains(th.Lines[0].Text, "https://voice.zdn.vn/a.aac") || c.WaitingSince.IsZero() {
			t.Errorf("the desk does not find what was sent, or need not answer: %+v %v", c, err)
		}
		sticker("hoa")
		k.Say(inboxtest.OA, "hoa", "phim.mp4\nhttps://f.zdn.vn/phim")
		if got := told(inboxtest.OA, "hoa"); len(got) != 1 {
			t.Errorf("told again the same day: %q", got)
		}
		k.Clock.Advance(25 * time.Hour)
		sticker("hoa")
		if got := told(inboxtest.OA, "hoa"); len(got) != 2 {
			t.Errorf("the next day: %q", got)
		}
		k.Say(inboxtest.Page, "lan", "Đường làng hỏng, tôi gửi phim kèm đây.")
		k.Say(inboxtest.Page, "lan", "https://video.fb.example/x")
		k.Comment(inboxtest.Page, "binh", "post-1", "https://gif.example/x")
		for _, person := range []string{"lan", "binh"} {
			if got := told(inboxtest.Page, person); len(got) != 0 {
				t.Errorf("%s is told %q", person, got)
			}
		}
		sticker("tam")
		if got := told(inboxtest.OA, "tam"); len(got) != 1 {
			t.Errorf("a first sticker: %q", got)
		}
	}, inboxtest.Migrations...)
}
