package channel_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// each runs a test on both engines with a fake Zalo and a source of texts.
func each(t *testing.T, cfg channel.Config, slow int, fn func(t *testing.T, h *channeltest.House, f *channeltest.Fake)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := channeltest.NewHouse(t, d, cfg)
		f := channeltest.NewFake(channel.Zalo, slow)
		h.Service.Add(f)
		h.Service.SetSource(channeltest.Texts{})
		fn(t, h, f)
	}, channeltest.Migrations...)
}

func state(t *testing.T, h *channeltest.House, source string) map[string]channel.Delivery {
	t.Helper()
	ds, err := h.Service.Deliveries(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]channel.Delivery{}
	for _, d := range ds {
		out[d.AccountID] = d
	}
	return out
}

func all(t *testing.T, h *channeltest.House, source string, want channel.DeliveryState) func() bool {
	return func() bool {
		for _, d := range state(t, h, source) {
			if d.State != want {
				return false
			}
		}
		return true
	}
}

func TestPublishUpdateRetract(t *testing.T) {
	each(t, channel.Config{}, 2, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		var mu sync.Mutex
		var heard []channel.DeliveryState
		jobs.On(h.Queue, "test", func(_ context.Context, e channel.DeliveryChanged) error {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, e.State)
			return nil
		})
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "1001")
		b := h.Account(t, channel.Zalo, orgunittest.KimLien, "1002")
		for range 2 { // asking twice does no harm
			h.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: "p1", Version: 1, Action: channel.ActPublish},
				channel.NewDelivery{AccountID: b.ID, Source: "p1", Version: 1, Action: channel.ActPublish})
		}
		h.Await(t, 20*time.Second, "both published", all(t, h, "p1", channel.DeliveryPublished))
		if got := len(f.Posts("")); got != 2 {
			t.Fatalf("%d posts stand, want 2", got)
		}
		if link := state(t, h, "p1")[a.ID].Receipt.Link; link == "" {
			t.Fatal("no link")
		}
		h.Deliver(t, channel.NewDelivery{Source: "p1", Version: 2, Action: channel.ActUpdate})
		h.Await(t, 20*time.Second, "both updated", all(t, h, "p1", channel.DeliveryPublished))
		for _, p := range f.Posts("") {
			if p.Edits != 1 || p.Content.Title != "Tin p1 (đã sửa)" {
				t.Fatalf("not updated: %+v", p)
			}
		}
		h.Deliver(t, channel.NewDelivery{Source: "p1", Version: 2, Action: channel.ActRetract})
		h.Await(t, 20*time.Second, "both retracted", all(t, h, "p1", channel.DeliveryRetracted))
		if got := len(f.Posts("")); got != 0 {
			t.Fatalf("%d posts stand after the retraction", got)
		}
		h.Idle(t)
		mu.Lock()
		defer mu.Unlock()
		count := map[channel.DeliveryState]int{}
		for _, s := range heard {
			count[s]++
		}
		if count[channel.DeliveryProcessing] != 4 && count[channel.DeliveryProcessing] != 2 || count[channel.DeliveryPublished] != 4 || count[channel.DeliveryRetracted] != 2 {
			t.Fatalf("heard %v", count)
		}
	})
}

func TestHeldUntilReleased(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		a, b := h.Account(t, channel.Zalo, orgunittest.VinhHung, "1"), h.Account(t, channel.Zalo, orgunittest.KimLien, "2")
		h.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish, Canary: true},
			channel.NewDelivery{AccountID: b.ID, Source: "p", Version: 1, Action: channel.ActPublish, Hold: true})
		h.Await(t, 20*time.Second, "the canary is out", func() bool { return state(t, h, "p")[a.ID].State == channel.DeliveryPublished })
		if s := state(t, h, "p")[b.ID]; s.State != channel.DeliveryHeld || len(f.Posts("")) != 1 {
			t.Fatalf("not held: %+v", s)
		}
		if err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return h.Service.Release(ctx, tx, "p", 1) }); err != nil {
			t.Fatal(err)
		}
		h.Await(t, 20*time.Second, "all out", all(t, h, "p", channel.DeliveryPublished))
	})
}

func TestRetractionOvertakesWhatWaits(t *testing.T) {
	each(t, channel.Config{}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "1")
		h.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish, Hold: true})
		h.Deliver(t, channel.NewDelivery{Source: "p", Version: 1, Action: channel.ActRetract})
		if err := h.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return h.Service.Release(ctx, tx, "p", 1) }); err != nil {
			t.Fatal(err)
		}
		h.Await(t, 20*time.Second, "retracted", all(t, h, "p", channel.DeliveryRetracted))
		if n := len(f.Posts("")); n != 0 {
			t.Fatalf("%d posts stand", n)
		}
	})
}

// TestCrashAfterTheChannelTookIt kills the process between the channel's answer and our writing it down, ten times over;
// the article must stand exactly once in the end.
func TestCrashAfterTheChannelTookIt(t *testing.T) {
	each(t, channel.Config{Claim: 5200 * time.Millisecond, Sweep: 200 * time.Millisecond}, 1, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		var mu sync.Mutex
		died := map[string]int{}
		h.Service.CrashAt(func(_, what string) error {
			mu.Lock()
			defer mu.Unlock()
			if died[what]++; died[what] == 1 {
				return jobs.Cancel(errors.New("power cut"))
			}
			return nil
		})
		for i := range 10 {
			h.Account(t, channel.Zalo, orgunittest.VinhHung, fmt.Sprint(i))
		}
		as, err := h.Service.AccountsOfUnits(t.Context(), []string{orgunittest.VinhHung})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range as {
			h.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish})
		}
		h.Idle(t)
		time.Sleep(5500 * time.Millisecond) // the dead process's claims lapse
		if err := channel.SweepNow(h.Service, t.Context()); err != nil {
			t.Fatal(err)
		}
		h.Await(t, 30*time.Second, "all published", all(t, h, "p", channel.DeliveryPublished))
		if got := len(f.Posts("")); got != 10 {
			t.Fatalf("%d articles stand at 10 accounts", got)
		}
	})
}

func TestAdviceIsFollowed(t *testing.T) {
	each(t, channel.Config{Tries: 3}, 0, func(t *testing.T, h *channeltest.House, f *channeltest.Fake) {
		fails := func(advice channel.Advice, scope channel.Scope) error {
			return &channel.Error{Kind: channel.Zalo, Code: "-1", Advice: advice, Scope: scope, Key: "channel.test." + string(advice), Wait: 30 * time.Millisecond}
		}
		a := h.Account(t, channel.Zalo, orgunittest.VinhHung, "1")
		publish := func(source string, errs ...error) channel.Delivery {
			f.FailNext(errs...)
			h.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: source, Version: 1, Action: channel.ActPublish})
			h.Await(t, 20*time.Second, source+" done", func() bool { return state(t, h, source)[a.ID].State.Done() })
			return state(t, h, source)[a.ID]
		}
		if d := publish("retry", fails(channel.AdviceRetry, ""), errors.New("line dropped")); d.State != channel.DeliveryPublished {
			t.Fatalf("passing trouble: %+v", d)
		}
		if d := publish("later", fails(channel.AdviceLater, ""), fails(channel.AdviceLater, ""), fails(channel.AdviceLater, ""), fails(channel.AdviceLater, "")); d.State != channel.DeliveryPublished {
			t.Fatalf("later is no failure: %+v", d)
		}
		if d := publish("gone", fails(channel.AdviceRetry, ""), fails(channel.AdviceRetry, ""), fails(channel.AdviceRetry, "")); d.State != channel.DeliveryFailed {
			t.Fatalf("too much trouble: %+v", d)
		}
		if d := publish("stop", fails(channel.AdviceStop, "")); d.State != channel.DeliveryFailed || d.Reason != "channel.test.stop" || d.ErrorCode != "-1" {
			t.Fatalf("stop: %+v", d)
		}
		if d := publish("reauth", fails(channel.AdviceReauth, "")); d.State != channel.DeliveryFailed {
			t.Fatalf("reauth: %+v", d)
		}
		if got, err := h.Service.AccountByID(t.Context(), a.ID); err != nil || got.State != channel.AccountReauth {
			t.Fatalf("account after reauth: %+v %v", got, err)
		}
		if d := publish("while-cut-off"); d.State != channel.DeliveryFailed || d.Reason != "channel.test.reauth" {
			t.Fatalf("while cut off: %+v", d)
		}
	})
}

func TestTwoProcessesDeliverOnce(t *testing.T) {
	dsn := dbtest.PostgresURL(t, channeltest.Migrations...)
	d1, d2 := openDB(t, dsn), openDB(t, dsn)
	h1 := channeltest.NewHouse(t, d1, channel.Config{})
	h2 := channeltest.Second(t, d2, channel.Config{}, h1.Units)
	f := channeltest.NewFake(channel.Zalo, 1)
	for _, h := range []*channeltest.House{h1, h2} {
		h.Service.Add(f)
		h.Service.SetSource(channeltest.Texts{})
		h.Start(t)
	}
	var ds []channel.NewDelivery
	for i := range 60 {
		a := h1.Account(t, channel.Zalo, orgunittest.VinhHung, fmt.Sprint(i))
		ds = append(ds, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish})
	}
	h1.Deliver(t, ds...)
	h1.Await(t, 30*time.Second, "all published", all(t, h1, "p", channel.DeliveryPublished))
	if n := len(f.Posts("")); n != 60 {
		t.Fatalf("%d articles, want 60", n)
	}
}

func openDB(t *testing.T, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}
