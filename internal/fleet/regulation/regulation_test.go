package regulation_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/fleet/regulation"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

var (
	now      = orgunittest.Now
	province = identitytest.Official("tinh", identity.RoleUnitAdmin, orgunittest.Province)
	ward     = identitytest.Official("phuong", identity.RoleUnitAdmin, orgunittest.VinhHung)
	approver = identitytest.Official("duyet-tinh", identity.RoleApprover, orgunittest.Province)
	below    = identitytest.Official("duyet-phuong", identity.RoleApprover, orgunittest.VinhHung)
)

type noTrail struct{}

func (noTrail) Record(context.Context, db.Tx, identity.Trace) error { return nil }

func each(t *testing.T, fn func(t *testing.T, s *regulation.Service, h *channeltest.House)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewStub(now)
		h := channeltest.NewHouseAt(t, d, channel.Config{}, c)
		h.Service.Add(channeltest.NewFake(channel.Zalo, 0))
		z, err := identity.NewAuthorizer(h.Units, c, channel.Policies, fleet.Policies)
		if err != nil {
			t.Fatal(err)
		}
		f := fleet.New(fleet.Deps{DB: d, Queue: h.Queue, Clock: c, Authz: z, Trail: noTrail{}, Forest: h.Units.Forest, Channels: h.Service, Every: time.Hour})
		fn(t, regulation.New(regulation.Deps{DB: d, Clock: c, Authz: z, Trail: noTrail{}, Forest: h.Units.Forest, Fleet: f}), h)
	}, append(slices.Clone(channeltest.Migrations), fleet.Migrations, regulation.Migrations)...)
}

func TestCheck(t *testing.T) {
	r := regulation.Rule{UnitID: orgunittest.Province, Categories: []string{"notice", "policy"}, Above: []string{"policy"}, Bands: []regulation.Band{{From: 22 * 60, To: 6 * 60, Why: "đêm"}}}
	hour := func(h int) time.Time { return time.Date(2026, 11, 21, h, 30, 0, 0, clock.Vietnam) }
	for name, c := range map[string]struct {
		facts regulation.Facts
		want  string
	}{
		"all is well":                {regulation.Facts{Category: "notice", At: hour(9), Approver: below}, ""},
		"an unknown heading":         {regulation.Facts{Category: "culture"}, "category"},
		"before midnight":            {regulation.Facts{Category: "notice", At: hour(23)}, "hour"},
		"after midnight":             {regulation.Facts{Category: "notice", At: hour(5)}, "hour"},
		"the hour is not known":      {regulation.Facts{Category: "notice"}, ""},
		"approved below":             {regulation.Facts{Category: "policy", Approver: below}, "mode"},
		"approved above":             {regulation.Facts{Category: "policy", Approver: approver}, ""},
		"nobody has approved it yet": {regulation.Facts{Category: "policy"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			fs := r.Check(c.facts)
			if c.want == "" && len(fs) > 0 || c.want != "" && (len(fs) != 1 || fs[0].Field != c.want) {
				t.Errorf("%v, want %q", fs, c.want)
			}
		})
	}
}

func TestParseBands(t *testing.T) {
	bs, err := regulation.ParseBands(" 22:00-06:00 giờ nghỉ đêm \n\n11:30-13:30")
	if err != nil || len(bs) != 2 || bs[0].String() != "22:00-06:00 giờ nghỉ đêm" || bs[1].String() != "11:30-13:30" {
		t.Fatalf("%+v %v", bs, err)
	}
	for _, bad := range []string{"khuya", "22:00", "25:00-26:00 x", "08:00-08:00"} {
		if _, err := regulation.ParseBands(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The rule of the province holds for its wards, whatever they set; who may not set rules there sets none.
func TestHighestRuleCounts(t *testing.T) {
	each(t, func(t *testing.T, s *regulation.Service, _ *channeltest.House) {
		ctx := context.Background()
		if r, err := s.Of(ctx, orgunittest.VinhHung); err != nil || r.UnitID != "" {
			t.Fatalf("nothing is set: %+v %v", r, err)
		}
		if err := s.Set(ctx, ward, regulation.Rule{UnitID: orgunittest.VinhHung, Categories: []string{"culture"}}); err != nil {
			t.Fatal(err)
		}
		if err := s.Set(ctx, ward, regulation.Rule{UnitID: orgunittest.Province}); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a ward sets the rule of the province: %v", err)
		}
		if err := s.Set(ctx, province, regulation.Rule{UnitID: orgunittest.Province, Categories: []string{"notice"}, Bands: []regulation.Band{{From: 0, To: 300}}}); err != nil {
			t.Fatal(err)
		}
		r, err := s.Rule(ctx, ward, orgunittest.VinhHung)
		if err != nil || r.UnitID != orgunittest.Province || !slices.Equal(r.Categories, []string{"notice"}) || len(r.Bands) != 1 {
			t.Fatalf("%+v %v", r, err)
		}
		fs, err := s.CheckPost(ctx, regulation.Facts{UnitID: orgunittest.VinhHung, Category: "culture"})
		if err != nil || len(fs) != 1 {
			t.Errorf("%v %v", fs, err)
		}
	})
}

// A unit conforms when it has its channel under the right name and people whose terms hold; each thing it lacks is told.
func TestConformity(t *testing.T) {
	each(t, func(t *testing.T, s *regulation.Service, h *channeltest.House) {
		ctx := context.Background()
		h.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, ExternalID: "1", Name: "MTTQ Vinh Hưng", State: channel.AccountConnected,
			CreatedAt: now.AddDate(0, -1, 0), CheckedAt: now, HeardAt: now, PublishedAt: now, TokenAt: now}, channel.Tokens{})
		var last regulation.Member
		for _, b := range regulation.Bodies() {
			m, err := s.AddMember(ctx, ward, regulation.Member{UnitID: orgunittest.VinhHung, Body: b, Name: "Hoàng Thị Sửu", From: "2026-01-01"})
			if err != nil {
				t.Fatal(err)
			}
			last = m
		}
		rep, err := s.Conformity(ctx, ward)
		if err != nil || len(rep.Units) != 1 || rep.Conform != 1 {
			t.Fatalf("%+v %v", rep, err)
		}
		if err := s.EndMember(ctx, identitytest.Official("x", identity.RoleUnitAdmin, orgunittest.KimLien), last.ID); !fault.Is(err, fault.NotFound) {
			t.Fatalf("another unit ends a term: %v", err)
		}
		if err := s.EndMember(ctx, ward, last.ID); err != nil {
			t.Fatal(err)
		}
		rep, err = s.Conformity(ctx, province)
		if err != nil || rep.Conform != 0 || len(rep.Units) != 4 {
			t.Fatalf("%+v %v", rep, err)
		}
		for _, u := range rep.Units {
			if u.UnitID == orgunittest.VinhHung && (len(u.Findings) != 1 || u.Findings[0].What != "term_over" || u.Findings[0].Name != "Hoàng Thị Sửu") {
				t.Errorf("the ward: %+v", u.Findings)
			}
			if u.UnitID == orgunittest.KimLien && (len(u.Findings) != 4 || u.Findings[0].What != "missing") {
				t.Errorf("the commune: %+v", u.Findings)
			}
		}
		_, err = s.AddMember(ctx, ward, regulation.Member{UnitID: orgunittest.VinhHung, Body: "club", From: "x"})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("a member without a name: %v", err)
		}
	})
}

// A unit goes up into another: the terms of those who answered for its channels end the day before, and its rule goes to the
// successor that has none. Doing it twice changes nothing.
func TestTermsEndWithTheirUnit(t *testing.T) {
	each(t, func(t *testing.T, s *regulation.Service, h *channeltest.House) {
		ctx := context.Background()
		if _, err := s.AddMember(ctx, ward, regulation.Member{UnitID: orgunittest.VinhHung, Body: regulation.BodyAdmin, Name: "Lô Văn Pịn", From: "2026-01-01"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddMember(ctx, ward, regulation.Member{UnitID: orgunittest.VinhHung, Body: regulation.BodyBoard, Name: "Vi Thị May", From: "2025-01-01", Until: "2025-12-31"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Set(ctx, ward, regulation.Rule{UnitID: orgunittest.VinhHung, Categories: []string{"culture"}}); err != nil {
			t.Fatal(err)
		}
		lines, err := s.Mover().Preview(ctx, []string{orgunittest.VinhHung, orgunittest.KimLien})
		if err != nil || len(lines) != 1 || lines[0].Count != 1 || lines[0].Key != "regulation.move.terms" {
			t.Fatalf("%+v %v", lines, err)
		}
		on := clock.DateOf(now)
		for range 2 {
			if err := h.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				return s.Mover().Move(ctx, tx, orgunittest.VinhHung, orgunittest.KimLien, on)
			}); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.Members(ctx, province, orgunittest.VinhHung)
		if err != nil || len(list) != 2 || list[0].Until != on.AddDays(-1) || list[1].Until != "2025-12-31" {
			t.Errorf("%+v %v", list, err)
		}
		if r, err := s.Of(ctx, orgunittest.KimLien); err != nil || r.UnitID != orgunittest.KimLien || !slices.Equal(r.Categories, []string{"culture"}) {
			t.Errorf("the successor stands under %+v %v", r, err)
		}
		if r, err := s.Of(ctx, orgunittest.VinhHung); err != nil || r.UnitID != "" {
			t.Errorf("the unit that is no more still has %+v %v", r, err)
		}
	})
}
