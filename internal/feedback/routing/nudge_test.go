package routing_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// A body outside that is silent is reminded once before the last day and told once after it; one that answered, and one
// whose case stands still, is left alone.
func TestSilentBodiesAreReminded(t *testing.T) {
	each(t, func(t *testing.T, k kit) {
		ctx := context.Background()
		b, err := k.s.SaveBody(ctx, admin, routing.Body{UnitID: orgunittest.Province, Name: "Công ty cấp nước", Email: "cskh@capnuoc.example", Active: true})
		if err != nil {
			t.Fatal(err)
		}
		ask := func() (caseID, token string) {
			t.Helper()
			c := k.Ask()
			link, err := k.s.AskBody(ctx, feedbacktest.Officer, c.ID, b.ID, "Nước máy có mùi tanh", "Việc của công ty", true)
			if err != nil {
				t.Fatal(err)
			}
			return c.ID, link[strings.LastIndex(link, "/")+1:]
		}
		ask()
		_, answered := ask()
		paused, _ := ask()
		k.Drain()
		if err := k.s.AnswerByLink(ctx, answered, "Đã súc rửa đường ống.", "Phòng kỹ thuật"); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Service.Pause(ctx, feedbacktest.Officer, paused, "Xin cho biết rõ chỗ nào?", feedback.MaxPauseDays); err != nil {
			t.Fatal(err)
		}
		after := func(d time.Duration, want int, key string) {
			t.Helper()
			k.Clock.Advance(d)
			for range 2 {
				if err := k.s.Nudge(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if len(k.post.sent) != want {
				t.Fatalf("%d letters, want %d: %+v", len(k.post.sent), want, k.post.sent)
			}
			if l := k.post.sent[want-1]; key != "" && (!strings.Contains(l.Text, "routing.letter."+key) || !strings.Contains(l.Text, "07/12/2026") || !strings.HasSuffix(l.Tag, "-"+key)) {
				t.Errorf("%+v", l)
			}
		}
		after(time.Hour, 3, "")
		after(10*24*time.Hour, 4, "nudge") // 3 December; the last day is the 7th
		after(24*time.Hour, 4, "nudge")
		after(4*24*time.Hour, 5, "late") // 8 December
		after(24*time.Hour, 5, "late")
	})
}
