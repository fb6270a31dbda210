package fleet_test

import (
	"context"
	"slices"
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// reorganise changes the tree as the wizard does, with the event that tells of it.
func (k *kit) reorganise(t testing.TB, c orgunit.Change, also func(ctx context.Context, tx db.Tx) error) {
	t.Helper()
	c.On = clock.DateOf(k.clock.Now())
	err := k.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		if _, err := k.Units.Apply(ctx, tx, c); err != nil {
			return err
		}
		if also != nil {
			if err := also(ctx, tx); err != nil {
				return err
			}
		}
		return k.Queue.Publish(ctx, tx, orgunit.Reorganised{ID: "r", On: c.On})
	})
	if err != nil {
		t.Fatal(err)
	}
	k.Idle(t)
}

func (k *kit) causes(t testing.TB, accountID string) []fleet.Condition {
	t.Helper()
	var out []fleet.Condition
	for _, a := range k.open(t, province, fleet.ViewOpen) {
		if a.AccountID == accountID {
			out = append(out, a.Cause)
		}
	}
	return out
}

func (k *kit) look(t testing.TB, accountID string) {
	t.Helper()
	if _, err := k.Service.Probe(t.Context(), province, accountID); err != nil {
		t.Fatal(err)
	}
	k.Idle(t)
}

// A renamed unit has a to-do at each of its channels; it ends when the probe sees the new name, by the rule or without one.
func TestRenameAsksForTheChannels(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), newKit(t, d)
		a, other := k.account(t, channel.Zalo, orgunittest.VinhHung, "Vinh Hưng"), k.account(t, channel.Zalo, orgunittest.KimLien, "Kim Liên")
		k.look(t, a.ID)
		k.look(t, other.ID)
		if got := k.causes(t, a.ID); len(got) != 0 {
			t.Fatalf("before: %v", got)
		}
		k.reorganise(t, orgunit.Change{Basis: "NQ 1", Rename: []orgunit.Renaming{{UnitID: orgunittest.VinhHung, Name: "Bến Thuỷ", Type: "Phường"}}}, nil)
		k.reorganise(t, orgunit.Change{Basis: "NQ 2"}, nil) // a second event changes nothing
		if got := k.causes(t, a.ID); !slices.Equal(got, []fleet.Condition{fleet.UnitChanged}) {
			t.Fatalf("renamed: %v", got)
		}
		if got := k.causes(t, other.ID); len(got) != 0 {
			t.Fatalf("the neighbour: %v", got)
		}
		if own, _, err := k.fleet.Waiting(ctx, ward); err != nil || len(own) != 1 || own[0].Cause != fleet.UnitChanged {
			t.Fatalf("the unit's work of today: %+v %v", own, err)
		}
		c, err := k.fleet.ChangeOf(ctx, ward, a.ID)
		if err != nil || c.Was == "" || c.Unit == c.Was || len(c.Others) != 0 {
			t.Fatalf("%+v %v", c, err)
		}
		k.look(t, a.ID) // still the old name
		if got := k.causes(t, a.ID); len(got) != 1 {
			t.Fatalf("nothing was done: %v", got)
		}
		k.fake.Rename(a.ID, "MTTQ phường Bến Thủy")
		k.look(t, a.ID)
		if got := k.causes(t, a.ID); len(got) != 0 {
			t.Fatalf("the probe saw the new name: %v", got)
		}
	}, migrations...)
}

// Channels of a merged unit ask for their name; one of them leads its followers to another and is left alone, one is closed.
func TestMergerAsksForTheChannels(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), newKit(t, d)
		if err := k.fleet.SetRule(ctx, province, fleet.Rule{UnitID: orgunittest.Province, Kind: channel.Zalo, Names: []string{"MTTQ {name}"}, SilentDays: 14, WebhookDays: 30}); err != nil {
			t.Fatal(err)
		}
		a, b := k.account(t, channel.Zalo, orgunittest.KimLien, "Kim Liên"), k.account(t, channel.Zalo, orgunittest.VinhHung, "Vinh Hưng")
		k.look(t, a.ID)
		k.look(t, b.ID)
		k.reorganise(t, orgunit.Change{Basis: "NQ 3"}, func(ctx context.Context, tx db.Tx) error {
			return k.Service.Mover().Move(ctx, tx, orgunittest.KimLien, orgunittest.VinhHung, clock.DateOf(k.clock.Now()))
		})
		if got := k.causes(t, a.ID); !slices.Equal(got, []fleet.Condition{fleet.UnitChanged}) || len(k.causes(t, b.ID)) != 0 {
			t.Fatalf("merged: %v, the successor's own: %v", got, k.causes(t, b.ID))
		}
		if err := k.fleet.Redirect(ctx, ward, a.ID, a.ID); !fault.Is(err, fault.Invalid) {
			t.Errorf("led to itself: %v", err)
		}
		if err := k.fleet.Redirect(ctx, sister, a.ID, b.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("by a neighbour: %v", err)
		}
		if err := k.fleet.Redirect(ctx, ward, a.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		k.look(t, a.ID)
		f, err := k.fleet.Fleet(ctx, province, fleet.Query{Condition: fleet.Leading})
		if err != nil || len(f.Rows) != 1 || f.Rows[0].ID != a.ID || len(k.causes(t, a.ID)) != 0 {
			t.Fatalf("led: %+v %v %v", f.Rows, k.causes(t, a.ID), err)
		}
		if err := k.fleet.Redirect(ctx, ward, a.ID, ""); err != nil {
			t.Fatal(err)
		}
		k.Idle(t)
		if got := k.causes(t, a.ID); !slices.Equal(got, []fleet.Condition{fleet.UnitChanged}) {
			t.Fatalf("taken back: %v", got)
		}
		if err := k.Service.Close(ctx, ward, a.ID); err != nil {
			t.Fatal(err)
		}
		k.Idle(t)
		if got := k.causes(t, a.ID); len(got) != 0 {
			t.Fatalf("closed: %v", got)
		}
	}, migrations...)
}

// serving is where officials serve.
type serving map[string][]string

func (s serving) Serving(_ context.Context, ids []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, x := range ids {
		if s[x] != nil {
			out[x] = s[x]
		}
	}
	return out, nil
}

// A channel whose granter has left says so, once, to the unit and the province, and is well again when somebody else grants it.
func TestGranterLeaves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), newKit(t, d)
		at := serving{"old": {orgunittest.VinhHung}, "above": {orgunittest.Province}}
		k.fleet.Officials = at
		a := k.account(t, channel.Zalo, orgunittest.VinhHung, "Vinh Hưng")
		grant := func(by string) {
			t.Helper()
			err := k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				return k.Queue.Publish(ctx, tx, channel.Connected{AccountID: a.ID, By: by, ByName: "Ông " + by})
			})
			if err != nil {
				t.Fatal(err)
			}
			k.Idle(t)
		}
		grant("old")
		if got := k.causes(t, a.ID); len(got) != 0 {
			t.Fatalf("he serves: %v", got)
		}
		work, err := k.fleet.OpenWork(ctx, "old", orgunittest.VinhHung)
		if err != nil || len(work) != 1 || work[0].Href != fleet.ChannelPath+a.ID || work[0].Title != a.Name {
			t.Fatalf("what he leaves: %+v %v", work, err)
		}
		delete(at, "old")
		for range 2 {
			k.look(t, a.ID)
		}
		if got := k.causes(t, a.ID); !slices.Equal(got, []fleet.Condition{fleet.GranterLeft}) || len(k.open(t, ward, fleet.ViewNew)) != 1 {
			t.Fatalf("he left: %v", got)
		}
		f, err := k.fleet.Fleet(ctx, ward, fleet.Query{Condition: fleet.GranterLeft})
		if err != nil || len(f.Rows) != 1 || f.Rows[0].Granter != "Ông old" {
			t.Fatalf("%+v %v", f.Rows, err)
		}
		grant("above")
		if got := k.causes(t, a.ID); len(got) != 0 {
			t.Fatalf("granted anew: %v", got)
		}
		if work, err = k.fleet.OpenWork(ctx, "old", orgunittest.VinhHung); err != nil || len(work) != 0 {
			t.Fatalf("he leaves nothing any more: %+v %v", work, err)
		}
	}, migrations...)
}
