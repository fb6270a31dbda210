package soak

import (
	"fmt"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// Two processes on one PostgreSQL share the work: no article goes out twice, both do some of it, and no token is lost
// although the tokens of all accounts die again and again while both processes need them.
func TestRaceOfTwoProcesses(t *testing.T) {
	t.Parallel()
	units, refreshes := pick(20, 50), pick(60, 1000)
	r := open(t, rig.Setup{Database: dbtest.PostgresURL(t), Units: units, Delay: 100 * time.Millisecond})
	first, second := start(t, r), start(t, r)
	d := beside(t, r)
	editor, approver := first.official(r.Editor), second.official(r.Approver)
	posts := 0
	for round := 0; r.World.Zalo.Stats().Refreshes < refreshes; round++ {
		if round > 4*refreshes/units {
			t.Fatalf("%d refreshes after %d rounds: tokens die and are not renewed", r.World.Zalo.Stats().Refreshes, round)
		}
		r.World.Zalo.Obey(simkit.Fault{Kind: simkit.FaultAccessDead})
		for i := range 2 { // two posts at once: two jobs need each token at the same moment
			post := write(t, editor, r, fmt.Sprintf("Thông báo %d/%d", round, i))
			if err := approver.Approve(t.Context(), post); err != nil {
				t.Fatal(err)
			}
			posts++
		}
		eventually(t, 60*time.Second, func() string { return states(t, d) }, func() bool { return openDeliveries(t, d) == 0 })
	}
	once(t, r, posts)
	st := r.World.Zalo.Stats()
	if st.Replays != 0 {
		t.Errorf("%d times a used refresh token was sent", st.Replays)
	}
	for _, oa := range r.World.Zalo.List() {
		if oa.Token != "living" {
			t.Errorf("the token of %s is %s", oa.ID, oa.Token)
		}
	}
	if n := number(t, d, "SELECT count(*) FROM channel_account WHERE kind = 'zalo' AND state <> 'connected'"); n > 0 {
		t.Errorf("%d accounts are cut off", n)
	}
	if n := number(t, d, "SELECT count(DISTINCT attempted_by[array_length(attempted_by, 1)]) FROM river_job WHERE kind = 'channel.deliver'"); n != 2 {
		t.Errorf("%d processes have done deliveries; both should", n)
	}
	t.Logf("%d refreshes, %d posts to %d accounts", st.Refreshes, posts, units)
}
