package publish_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/publish"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

// crowd is the pretended Zalo, which can also tell a part of the followers.
type crowd struct {
	*pt.Outside
	mu sync.Mutex
	to []channel.Audience
}

// AnnounceTo implements channel.Targeter.
func (c *crowd) AnnounceTo(ctx context.Context, a channel.Account, r channel.Receipt, to channel.Audience) (channel.Receipt, error) {
	c.mu.Lock()
	c.to = append(c.to, to)
	c.mu.Unlock()
	return c.Announce(ctx, a, r)
}

func (c *crowd) told() []channel.Audience {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.to)
}

// followers gives the account of a unit so many followers.
func followers(t *testing.T, w *pt.World, unitID string, n int64) {
	t.Helper()
	a := channel.Account{UnitID: unitID, Kind: channel.Zalo, ExternalID: "ext-zalo-" + unitID, Name: "zalo " + unitID, Followers: n, State: channel.AccountConnected,
		Capabilities: channel.Capabilities{Article: true, Broadcast: true, MessageV: "v3"}, CheckedAt: w.Clock.Now()}
	err := w.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := w.Channel.Install(ctx, tx, a, channel.Tokens{Access: "a", Expires: w.Clock.Now().AddDate(1, 0, 0)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A post names for whom its broadcast is: the plan says how many that can be at most, the account is told of it, one with
// fewer than ten followers stays silent, and where none is left the approval is refused.
func TestAudienceOfABroadcast(t *testing.T) {
	each(t, func(t *testing.T, w *pt.World) {
		ctx := t.Context()
		z := &crowd{Outside: w.Zalo}
		w.Channel.Add(z)
		followers(t, w, orgunittest.VinhHung, 40)
		followers(t, w, orgunittest.TruongVinh, 9)
		d := pt.Draft("Khám sức khỏe cho phụ nữ", orgunittest.VinhHung, orgunittest.TruongVinh)
		d.WantAnnounce = true
		d.Audience = &channel.Audience{Gender: 2, Ages: []int{3, 2, 3}, Regions: []string{"central"}}
		bad := d
		bad.Audience = &channel.Audience{Ages: []int{8}}
		_, err := w.Publish.Create(ctx, pt.An, orgunittest.Province, bad)
		want(t, err, fault.Invalid, "publish.audience_unknown")
		p := w.Write(t, d)
		f, err := w.Publish.Open(ctx, pt.Binh, p.ID)
		if err != nil || f.Now.Audience == nil || !slices.Equal(f.Now.Audience.Ages, []int{2, 3}) {
			t.Fatalf("kept: %+v %v", f.Now.Audience, err)
		}
		pl, err := w.Publish.Plan(ctx, pt.Binh, p.ID, w.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if r := pl.Reach(); r.Accounts != 1 || r.Most != 40 || len(r.Few) != 1 || r.Audience.Gender != 2 {
			t.Errorf("reach: %+v", r)
		}
		w.Approve(t, p, publish.Approval{Mode: publish.ModeNow, Announce: true})
		for range 400 { // a broadcast comes a moment after its article
			if w.Drain(t); len(z.told()) > 0 {
				break
			}
			time.Sleep(25 * time.Millisecond)
		}
		w.Drain(t)
		if got := z.told(); len(got) != 1 || got[0].Gender != 2 || !slices.Equal(got[0].Ages, []int{2, 3}) || len(w.Zalo.Standing()) != 2 {
			t.Errorf("told: %+v, standing at %d", got, len(w.Zalo.Standing()))
		}
		few := d
		few.Targets = []publish.Target{{Kind: publish.TargetUnit, Ref: orgunittest.TruongVinh}}
		q := w.Write(t, few)
		_, err = w.Publish.Approve(ctx, pt.Binh, q.ID, q.Rev, publish.Approval{Mode: publish.ModeNow, Announce: true})
		want(t, err, fault.Invalid, "publish.audience_few")
		w.Approve(t, q, publish.Approval{Mode: publish.ModeNow}) // without a broadcast it goes
		all := pt.Draft("Cho tất cả", orgunittest.VinhHung)
		all.Audience = &channel.Audience{Ages: []int{0, 1, 2, 3, 4, 5, 6, 7}, Regions: []string{"south", "north", "central"}}
		a, err := w.Publish.Open(ctx, pt.Binh, w.Write(t, all).ID)
		if err != nil || a.Now.Audience != nil {
			t.Errorf("everybody is no audience: %+v %v", a.Now.Audience, err)
		}
	})
}
