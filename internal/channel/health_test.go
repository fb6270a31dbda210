package channel_test

import (
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// TestLastHeard: the latest webhook of each kind counts, in whatever unit; closed accounts and those that never heard do not.
func TestLastHeard(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := orgunittest.Now
		h := channeltest.NewHouseAt(t, d, channel.Config{}, clock.NewStub(now))
		if got, err := h.Service.LastHeard(t.Context()); err != nil || len(got) != 0 {
			t.Fatal(got, err)
		}
		for i, a := range []channel.Account{
			{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, State: channel.AccountConnected, HeardAt: now.Add(-48 * time.Hour)},
			{Kind: channel.Zalo, UnitID: orgunittest.KimLien, State: channel.AccountPaused, HeardAt: now.Add(-3 * time.Hour)},
			{Kind: channel.Zalo, UnitID: orgunittest.KimLien, State: channel.AccountClosed, HeardAt: now},
			{Kind: channel.Facebook, UnitID: orgunittest.KimLien, State: channel.AccountConnected},
			{Kind: channel.YouTube, UnitID: orgunittest.Province, State: channel.AccountConnected, HeardAt: now.Add(-time.Minute)},
		} {
			a.ExternalID, a.Name = string(rune('a'+i)), "MTTQ"
			h.AccountWith(t, a, channel.Tokens{})
		}
		got, err := h.Service.LastHeard(t.Context())
		if err != nil || len(got) != 2 || !got[channel.Zalo].Equal(now.Add(-3*time.Hour)) || !got[channel.YouTube].Equal(now.Add(-time.Minute)) {
			t.Fatal(got, err)
		}
	}, channeltest.Migrations...)
}
