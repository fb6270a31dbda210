package subscription_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/subscription"
)

func bunIdent(s string) bun.Ident { return bun.Ident(s) }

// A browser is told, encrypted for it alone; it is left in peace at night, and forgotten when it is gone.
func TestBrowser(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.settle()
		b, token := k.browser(subscription.Now, below(orgunittest.Province))
		k.publish("a", "news", orgunittest.VinhHung)
		got := k.push.Got(b.ID)
		if len(got) != 1 || got[0].TTL != 86400 || got[0].Urgency != "normal" || len(got[0].Topic) != 32 || got[0].Subject != "mailto:nhipcau@mttq.example" {
			t.Fatalf("%+v %v", got, k.push.Refused())
		}
		var n subscription.Notice
		if err := json.Unmarshal([]byte(got[0].Text), &n); err != nil || n.Title != "Bài a" || n.URL != "https://mttq.example/tin/a?o=" || !strings.Contains(n.Body, "Vinh Hưng") || n.Tag != "NB-a" {
			t.Errorf("%+v %v", n, err)
		}
		k.push.Busy(1)
		k.put("b", "news", orgunittest.VinhHung)
		k.drain()
		k.sweep()
		if got := k.push.Got(b.ID); len(got) != 2 {
			t.Errorf("after a push service that asked for patience: %d", len(got))
		}
		k.clock.Advance(13 * time.Hour) // ten in the evening
		k.publish("c", "news", orgunittest.VinhHung)
		k.publish("d", "news", orgunittest.VinhHung)
		if got := k.push.Got(b.ID); len(got) != 2 {
			t.Errorf("at night: %d", len(got))
		}
		k.clock.Advance(10 * time.Hour)
		k.sweep()
		got = k.push.Got(b.ID)
		if len(got) != 3 || !strings.Contains(got[2].Text, "2 tin mới") || !strings.Contains(got[2].Text, token) {
			t.Errorf("in the morning: %+v", got)
		}
		k.push.Leave(b.ID)
		k.publish("e", "news", orgunittest.VinhHung)
		if n := k.rows("subscription_reader"); n != 0 {
			t.Errorf("a browser that is gone is kept")
		}
		told, err := k.s.Told(t.Context(), "post", "e")
		if err != nil || len(told) != 1 || told[0].Failed != 1 || told[0].Door != subscription.Browser {
			t.Errorf("%+v %v", told, err)
		}
	})
}

// A browser that asks again is the same reader; one that changes its address stays one; others' addresses are refused.
func TestSameBrowser(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		b, first := k.browser(subscription.Now, ward(orgunittest.VinhHung))
		second, err := k.s.SubscribeBrowser(ctx, subscription.BrowserWish{Subscription: k.sub(b), Topics: []subscription.Topic{ward(orgunittest.KimLien)}, Pace: subscription.Now, Lang: "vi"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := k.s.ByToken(ctx, first); !fault.Is(err, fault.NotFound) {
			t.Errorf("two pages for one browser: %v", err)
		}
		if r, err := k.s.ByToken(ctx, second); err != nil || len(r.Topics) != 2 || r.Pending() {
			t.Errorf("%+v %v", r, err)
		}
		next, err := k.push.Subscribe(k.s.PushKey())
		if err != nil {
			t.Fatal(err)
		}
		if err := k.s.MoveBrowser(ctx, "https://fcm.googleapis.com/unknown", k.sub(next)); !fault.Is(err, fault.NotFound) {
			t.Errorf("an unknown browser moves: %v", err)
		}
		if err := k.s.MoveBrowser(ctx, k.sub(b).Endpoint, k.sub(next)); err != nil {
			t.Fatal(err)
		}
		k.publish("a", "news", orgunittest.KimLien)
		if len(k.push.Got(b.ID)) != 0 || len(k.push.Got(next.ID)) != 1 || k.rows("subscription_reader") != 1 {
			t.Errorf("after moving: %d %d", len(k.push.Got(b.ID)), len(k.push.Got(next.ID)))
		}
		r, err := k.s.ByToken(ctx, second)
		if err != nil {
			t.Fatal(err)
		}
		if gone, err := k.s.Drop(ctx, second, r.Topics[0].ID); gone || err != nil {
			t.Errorf("%v %v", gone, err)
		}
		if gone, err := k.s.Drop(ctx, second, r.Topics[1].ID); !gone || err != nil || k.rows("subscription_reader") != 0 {
			t.Errorf("with the last topic the reader goes: %v %v", gone, err)
		}
		bad := k.sub(b)
		bad.Endpoint = "https://169.254.169.254/latest/meta-data"
		if _, err := k.s.SubscribeBrowser(ctx, subscription.BrowserWish{Subscription: bad, Topics: []subscription.Topic{ward(orgunittest.VinhHung)}, Pace: subscription.Now}); !fault.Is(err, fault.Invalid) {
			t.Errorf("an address that is no push service: %v", err)
		}
	})
}
