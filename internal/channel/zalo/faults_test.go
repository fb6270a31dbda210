package zalo_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

// campaign publishes one post at all accounts.
func campaign(t *testing.T, h *channeltest.House, as []channel.Account) {
	t.Helper()
	var ds []channel.NewDelivery
	for _, a := range as {
		ds = append(ds, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish})
	}
	h.Start(t)
	h.Deliver(t, ds...)
}

// stateAt is how the post stands at an account.
func stateAt(t *testing.T, h *channeltest.House, a channel.Account) channel.Delivery {
	t.Helper()
	ds, err := h.Service.History(t.Context(), "p", a.ID)
	if err != nil || len(ds) != 1 {
		t.Fatal(ds, err)
	}
	return ds[0]
}

func once(t *testing.T, w *world, as []channel.Account) {
	t.Helper()
	for _, a := range as {
		if n := len(w.sim.Articles(a.ExternalID)); n != 1 {
			t.Errorf("%d articles at %s", n, a.Name)
		}
	}
}

// TestPackageLapsesMidCampaign: the package of one OA ends while a post is on its way. The others get it; that one says what
// to do and, when the package is renewed and looked at, gets it too, once.
func TestPackageLapsesMidCampaign(t *testing.T) {
	h, w, as := fleet(t, 5, channel.Config{}, nil, nil)
	lapse := func(until time.Time) {
		if err := w.sim.ChangeOA(as[2].ExternalID, func(o *simzalo.OA) { o.PackageUntil = until }); err != nil {
			t.Fatal(err)
		}
	}
	lapse(time.Now().AddDate(0, 0, -1))
	campaign(t, h, as)
	h.Await(t, 30*time.Second, "the others to have it and one to wait", func() bool {
		for i, a := range as {
			want := channel.DeliveryPublished
			if i == 2 {
				want = channel.DeliveryFailed
			}
			if stateAt(t, h, a).State != want {
				return false
			}
		}
		return true
	})
	a, err := h.Service.AccountByID(t.Context(), as[2].ID)
	if err != nil || a.State != channel.AccountPaused || a.StateReason != "channel.zalo.package" || stateAt(t, h, as[2]).Reason != "channel.zalo.package" {
		t.Fatalf("nobody is told: %+v %v", a, err)
	}
	lapse(time.Now().AddDate(1, 0, 0))
	if _, err := h.Service.Probe(t.Context(), adminOf(orgunittest.VinhHung), as[2].ID); err != nil {
		t.Fatal(err)
	}
	h.Await(t, 30*time.Second, "the last one", func() bool { return stateAt(t, h, as[2]).State == channel.DeliveryPublished })
	once(t, w, as)
}

// TestRateLimits: when Zalo says that one OA calls too often, only that one waits; when it says so of the app, all do. Either
// way everything stands once, without anybody doing anything.
func TestRateLimits(t *testing.T) {
	for words, target := range map[string]string{"Your OA reached limit call api": "one", "Your application reached limit call api": ""} {
		h, w, as := fleet(t, 4, channel.Config{Budget: map[channel.Kind]int{channel.Zalo: 4000}}, nil, nil)
		f := simkit.Fault{Kind: simkit.FaultError, Path: "/article/create", Code: -32, Message: words, Count: 2}
		if target != "" {
			f.Target = as[1].ExternalID
		}
		w.fault(t, f)
		campaign(t, h, as)
		if target != "" {
			h.Await(t, 20*time.Second, "the others are not held up", func() bool {
				return stateAt(t, h, as[0]).State == channel.DeliveryPublished && stateAt(t, h, as[3]).State == channel.DeliveryPublished
			})
		}
		h.Await(t, 40*time.Second, "all stand", func() bool {
			for _, a := range as {
				if stateAt(t, h, a).State != channel.DeliveryPublished {
					return false
				}
			}
			return true
		})
		once(t, w, as)
		if a, err := h.Service.AccountByID(t.Context(), as[1].ID); err != nil || a.State != channel.AccountConnected {
			t.Errorf("%s: the account was stopped: %+v %v", words, a, err)
		}
	}
}

// TestEventsInAnyOrder: events come twice, late and crosswise. Each message is kept once, in the order in which it was said,
// and who left and came back is known to follow.
func TestEventsInAnyOrder(t *testing.T) {
	h := channeltest.NewHouse(t, dbtest.SQLite(t, channeltest.Migrations...), channel.Config{})
	hook := channeltest.NewHook(t, channel.Zalo)
	w := open(t, h, hook.URL, nil)
	h.Service.Add(w.Adapter)
	hook.Serve(h.Service)
	a, tokens := w.addOA(simzalo.OA{ID: oa, Name: "OA"})
	a.UnitID = orgunittest.VinhHung
	a = h.AccountWith(t, a, tokens)
	h.Start(t)
	w.fault(t, simkit.Fault{Kind: simkit.FaultDuplicate, Probability: 0.5})
	w.fault(t, simkit.Fault{Kind: simkit.FaultReorder, DelayMS: 400})
	w.fault(t, simkit.Fault{Kind: simkit.FaultLate, DelayMS: 700, Probability: 0.3})
	user := w.sim.AddFollower(oa, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
	for i := range 15 {
		if _, err := w.sim.Say(oa, user, simzalo.Utterance{Text: fmt.Sprintf("Câu %02d", i)}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
	for _, follow := range []bool{false, true, false, true} {
		var err error
		if follow {
			_, err = w.sim.Follow(oa, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
		} else {
			err = w.sim.Unfollow(oa, user)
		}
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Millisecond)
	}
	h.Await(t, 30*time.Second, "all delivered", func() bool { return w.sim.Webhook().Status(false).Pending == 0 })
	h.Idle(t)
	ms, err := h.Service.Thread(t.Context(), a.ID, user, 50)
	if err != nil || len(ms) != 15 {
		t.Fatalf("%d messages %v", len(ms), err)
	}
	for i, m := range ms {
		if m.Text != fmt.Sprintf("Câu %02d", i) {
			t.Errorf("line %d: %q", i, m.Text)
		}
	}
	if p, err := h.Service.Person(t.Context(), a.ID, user); err != nil || !p.Follows {
		t.Errorf("%+v %v", p, err)
	}
}
