package zalo_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

// TestNoTokenIsLost lets two processes with several workers each use accounts whose access tokens keep dying, while one
// refresh in five brings no new refresh token. Zalo's refresh tokens work once: a single slip and the account is gone.
func TestNoTokenIsLost(t *testing.T) {
	const accounts, refreshes = 6, 25
	dsn := dbtest.PostgresURL(t, channeltest.Migrations...)
	h1 := channeltest.NewHouse(t, openDB(t, dsn), channel.Config{})
	h2 := channeltest.Second(t, openDB(t, dsn), channel.Config{}, h1.Units)
	w := open(t, h1, "", func(s *simzalo.Config, _ *zalo.Config) { s.Rate, s.MissingRefresh = -1, 0.2 })
	adapters := []*zalo.Adapter{w.Adapter}
	second := zalo.New(zalo.Config{OAuthURL: w.url, OpenAPIURL: w.url, AppID: "1234", AppSecret: "bi-mat"}, h2.Service.Vault(), h2.Service.Budget(channel.Zalo))
	h1.Service.Add(w.Adapter)
	h2.Service.Add(second)
	adapters = append(adapters, second)
	var as []channel.Account
	for i := range accounts {
		a, tokens := w.addOA(simzalo.OA{ID: oa[:18] + string(rune('0'+i)), Name: "OA"})
		a.UnitID = orgunittest.VinhHung
		as = append(as, h1.AccountWith(t, a, tokens))
	}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for _, z := range adapters {
		for _, a := range as {
			for range 2 {
				wg.Go(func() {
					for !stop.Load() {
						_, err := z.Probe(context.Background(), a)
						var e *channel.Error
						if errors.As(err, &e) && e.Advice == channel.AdviceReauth && e.Code == "-14014" {
							t.Errorf("the refresh token was lost: %v", err)
							return
						}
					}
				})
			}
		}
	}
	deadline := time.Now().Add(40 * time.Second)
	for _, a := range as {
		for w.sim.Tokens(a.ExternalID).Refreshes < refreshes && !t.Failed() {
			w.sim.Obey(simkit.Fault{Kind: simkit.FaultAccessDead, System: "zalo", Target: a.ExternalID})
			time.Sleep(5 * time.Millisecond)
			if time.Now().After(deadline) {
				t.Errorf("only %d refreshes", w.sim.Tokens(a.ExternalID).Refreshes)
				break
			}
		}
	}
	stop.Store(true)
	wg.Wait()
	for _, a := range as {
		got, err := h1.Service.AccountByID(t.Context(), a.ID)
		if tk := w.sim.Tokens(a.ExternalID); err != nil || got.State != channel.AccountConnected || tk.Replays != 0 {
			t.Errorf("%s: %s, %d replays of a spent token, %v", a.ExternalID, got.State, tk.Replays, err)
		}
		if _, err := w.Probe(t.Context(), a); err != nil {
			t.Errorf("%s cannot be used any more: %v", a.ExternalID, err)
		}
	}
}

// TestTokenIsRefreshedBeforeItEnds: a token that ends in a minute is renewed before use, and one that is due by the plan is
// renewed by the periodic job.
func TestTokenIsRefreshedBeforeItEnds(t *testing.T) {
	h, w, as := fleet(t, 1, channel.Config{}, nil, nil)
	tk := w.sim.Tokens(as[0].ExternalID)
	as[0] = h.AccountWith(t, as[0], channel.Tokens{Access: tk.Access, Refresh: tk.Refresh, Expires: time.Now().UTC().Add(time.Minute)})
	if _, err := w.Probe(t.Context(), as[0]); err != nil {
		t.Fatal(err)
	}
	if n := w.sim.Tokens(as[0].ExternalID).Refreshes; n != 1 {
		t.Fatalf("%d refreshes", n)
	}
	if _, err := w.Probe(t.Context(), as[0]); err != nil || w.sim.Tokens(as[0].ExternalID).Refreshes != 1 {
		t.Fatalf("refreshed again without need: %v", err)
	}
}

// TestReconnectTakesUpWhatWaited: deliveries that failed because the account was cut off go out after it is granted anew.
func TestReconnectTakesUpWhatWaited(t *testing.T) {
	h, w, as := fleet(t, 1, channel.Config{}, nil, nil)
	for _, k := range []string{simkit.FaultAccessDead, simkit.FaultRefreshDead} {
		w.sim.Obey(simkit.Fault{Kind: k, System: "zalo", Target: as[0].ExternalID})
	}
	h.Deliver(t, channel.NewDelivery{AccountID: as[0].ID, Source: "p", Version: 1, Action: channel.ActPublish})
	is := func(want channel.DeliveryState) func() bool {
		return func() bool {
			ds, err := h.Service.Deliveries(t.Context(), "p")
			return err == nil && len(ds) == 1 && ds[0].State == want
		}
	}
	h.Await(t, 15*time.Second, "failed", is(channel.DeliveryFailed))
	admin := adminOf(orgunittest.VinhHung)
	to, err := h.Service.Connect(t.Context(), admin, channel.ConnectRequest{AccountID: as[0].ID})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Service.FinishConnect(t.Context(), admin, channel.Zalo, consent(t, w, to, as[0].ExternalID)); err != nil {
		t.Fatal(err)
	}
	h.Await(t, 15*time.Second, "published after the reconnection", is(channel.DeliveryPublished))
	if n := len(w.sim.Articles(as[0].ExternalID)); n != 1 {
		t.Fatalf("%d articles", n)
	}
}
