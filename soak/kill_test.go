package soak

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// The product is killed at random moments while it publishes to many accounts and takes questions from the portal and from
// Zalo. What it acknowledged is there, and every account has every article exactly once.
func TestKill(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, database string) {
		r := open(t, rig.Setup{Database: database, Units: pick(40, 0), Year2024: long(), Delay: 300 * time.Millisecond})
		for _, f := range []simkit.Fault{ // as far away as the real one, and as uneven
			{Kind: simkit.FaultSlow, System: "zalo", DelayMS: 700, Probability: 0.5}, {Kind: simkit.FaultSlow, System: "zalo", DelayMS: 100},
		} {
			if _, err := r.World.Faults.Add(f); err != nil {
				t.Fatal(err)
			}
		}
		x := start(t, r)
		d := beside(t, r)
		editor, approver := x.official(r.Editor), x.official(r.Approver)
		c := newCrowd(x)
		for range 3 {
			c.ask(20 * time.Millisecond)
		}
		c.talk(pick(20*time.Millisecond, 50*time.Millisecond))
		kills, posts := pick(5, 100), 0
		for i := range kills {
			if i%10 == 0 || !long() && i == 2 { // a post goes out while the killing goes on
				post := write(t, editor, r, "Thông báo trong lúc mất điện số "+time.Now().Format("15:04:05.000"))
				if err := approver.Approve(t.Context(), post); err != nil {
					t.Fatal(err)
				}
				posts++
				before := r.World.Zalo.Stats().Requests.Total
				eventually(t, 30*time.Second, func() string { return "nothing goes out: " + states(t, d) }, func() bool { return r.World.Zalo.Stats().Requests.Total > before })
			}
			time.Sleep(rand.N(pick(400*time.Millisecond, 2*time.Second)))
			x.p.Kill()
			x.up()
		}
		time.Sleep(500 * time.Millisecond)
		c.leave()
		eventually(t, pick(150*time.Second, 20*time.Minute), func() string { return fmt.Sprintf("%s, webhooks %+v", states(t, d), r.World.Zalo.Stats().Webhook) }, func() bool {
			return openDeliveries(t, d) == 0 && r.World.Zalo.Stats().Webhook.Pending == 0 && number(t, d, "SELECT count(*) FROM channel_webhook WHERE processed_at IS NULL") == 0
		})
		once(t, r, posts)
		c.verify(t, d)
		if again := interrupted(t, d); again == 0 {
			t.Error("no kill has met a delivery under way: the test proves nothing")
		} else {
			t.Logf("%d deliveries were under way when a kill came", again)
		}
		t.Logf("%d kills: %d posts to %d accounts, %d questions, %d messages", kills, posts, len(r.Units), len(c.codes), len(c.said))
	})
}

// interrupted counts deliveries that took far longer than one goes undisturbed: the process that did them died.
func interrupted(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	var rows []struct{ CreatedAt, FinishedAt time.Time }
	if err := d.Read().NewRaw("SELECT created_at, finished_at FROM channel_delivery WHERE kind = 'zalo'").Scan(t.Context(), &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.FinishedAt.Sub(r.CreatedAt) > 15*time.Second {
			n++
		}
	}
	return n
}
