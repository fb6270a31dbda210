package statistics_test

import (
	"context"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/statistics"
)

var (
	leader = identitytest.Official("tinh", identity.RoleLeader, orgunittest.Province)
	admin  = identitytest.Official("quan-tri", identity.RoleUnitAdmin, orgunittest.Province)
	ward   = identitytest.Official("phuong", identity.RoleEditor, orgunittest.VinhHung)
)

// channels is a fleet whose doings a test writes down itself.
type channels struct {
	accounts []channel.Account
	tallies  map[string][]channel.Tally
	figures  map[string][]channel.Figures
}

func (c *channels) Every(context.Context) ([]channel.Account, error) { return c.accounts, nil }

func (c *channels) Tallies(_ context.Context, from, to time.Time) (map[string][]channel.Tally, error) {
	out := map[string][]channel.Tally{}
	for id, list := range c.tallies {
		for _, t := range list {
			if at := t.Day.Time(); !at.Before(from) && at.Before(to) {
				out[id] = append(out[id], t)
			}
		}
	}
	return out, nil
}

func (c *channels) Measure(_ context.Context, id string, _ time.Time) ([]channel.Figures, error) {
	return c.figures[id], nil
}

type trail struct{ n int }

func (t *trail) Record(context.Context, db.Tx, identity.Trace) error { t.n++; return nil }

func each(t *testing.T, fn func(t *testing.T, s *statistics.Service, c *channels, now *clock.Stub)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := clock.NewStub(orgunittest.Now)
		units := orgunittest.SeedAt(t, d, now)
		if err := jobs.Migrate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		q, err := jobs.New(d, jobs.Config{Fast: true})
		if err != nil {
			t.Fatal(err)
		}
		z, err := identity.NewAuthorizer(units, now, statistics.Policies)
		if err != nil {
			t.Fatal(err)
		}
		account := func(id, unit, name string, followers int64) channel.Account {
			return channel.Account{ID: id, UnitID: unit, Kind: channel.Zalo, Name: name, Followers: followers, State: channel.AccountConnected}
		}
		c := &channels{accounts: []channel.Account{account("a1", orgunittest.VinhHung, "MTTQ phường Vinh Hưng", 120), account("a2", orgunittest.TruongVinh, "MTTQ phường Trường Vinh", 80),
			account("a3", orgunittest.KimLien, "MTTQ xã Kim Liên", 40)}}
		c.tallies = map[string][]channel.Tally{
			"a1": {{Day: "2026-11-20", Posts: 3, Messages: 4, Comments: 1, Asked: 3, Answered: 2, Waited: 90 * time.Minute}, {Day: "2026-11-21", Posts: 1}},
			"a2": {{Day: "2026-11-21", Posts: 1, Failed: 1}},
		}
		c.figures = map[string][]channel.Figures{"a1": {{ExternalID: "p1", Title: "Lễ phát động", At: orgunittest.Now, Views: 500, Shares: 3, Reactions: 20, Comments: 2}}}
		s := statistics.New(statistics.Deps{DB: d, Queue: q, Clock: now, Authz: z, Trail: &trail{}, Forest: units.Forest, Channels: c})
		fn(t, s, c, now)
	}, orgunittest.Migrations, statistics.Migrations)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var november = statistics.Span{From: "2026-11-01", To: "2026-11-30"}

func TestReport(t *testing.T) {
	each(t, func(t *testing.T, s *statistics.Service, c *channels, now *clock.Stub) {
		ctx := t.Context()
		ok(t, s.Count(ctx))
		ok(t, s.Measure(ctx, "a1"))
		now.Advance(24 * time.Hour)
		c.accounts[0].Followers = 130
		ok(t, s.Count(ctx)) // the days before are counted again, not twice
		ok(t, s.Measure(ctx, "a1"))
		r, err := s.Report(ctx, leader, statistics.Query{Span: november, Group: statistics.ByUnit})
		ok(t, err)
		if len(r.Rows) != 3 || r.Rows[0].Name != "Phường Vinh Hưng" {
			t.Fatalf("%+v", r.Rows)
		}
		if f := r.Rows[0].Figure; f.Posts != 4 || f.Followers != 130 || f.Messages != 5 || f.Views != 500 || f.Echo != 25 || f.AnsweredPercent() != 66 || f.MeanWait() != 45*time.Minute {
			t.Errorf("%+v", f)
		}
		if r.Rows[0].Typical != 25 || r.Rows[2].Typical != -1 { // two wards: 4 and 1 posts; no other lowland commune
			t.Errorf("typical %d %d", r.Rows[0].Typical, r.Rows[2].Typical)
		}
		if r.Total.Posts != 5 || r.Total.Failed != 1 || r.Total.Accounts != 3 || r.Total.Followers != 250 {
			t.Errorf("total %+v", r.Total)
		}
		day, err := s.Report(ctx, leader, statistics.Query{Span: statistics.Span{From: "2026-11-22", To: "2026-11-22"}, Group: statistics.ByAccount})
		ok(t, err)
		if day.Total.Growth != 10 || day.Past.Posts != 2 {
			t.Errorf("growth %d, posts of the day before %d", day.Total.Growth, day.Past.Posts)
		}
	})
}

func TestGroupsAndScope(t *testing.T) {
	each(t, func(t *testing.T, s *statistics.Service, _ *channels, _ *clock.Stub) {
		ctx := t.Context()
		ok(t, s.Count(ctx))
		for g, want := range map[statistics.Group]int{statistics.ByAccount: 3, statistics.ByLevel: 1, statistics.ByPeers: 2} {
			r, err := s.Report(ctx, leader, statistics.Query{Span: november, Group: g})
			ok(t, err)
			if len(r.Rows) != want {
				t.Errorf("%s: %+v", g, r.Rows)
			}
		}
		ok(t, s.SetMountains(ctx, admin, orgunittest.Province, []string{orgunittest.KimLien, "nowhere"}))
		r, err := s.Report(ctx, leader, statistics.Query{Span: november, Group: statistics.ByPeers, Sort: "followers", Up: true})
		ok(t, err)
		if len(r.Rows) != 2 || r.Rows[0].Key != string(statistics.Mountain) || r.Rows[1].Figure.Accounts != 2 {
			t.Errorf("%+v", r.Rows)
		}
		own, err := s.Report(ctx, ward, statistics.Query{Span: november, Group: statistics.ByUnit})
		ok(t, err)
		if len(own.Rows) != 1 || own.Rows[0].UnitID != orgunittest.VinhHung {
			t.Errorf("the ward sees %+v", own.Rows)
		}
		found, err := s.Report(ctx, leader, statistics.Query{Span: november, Group: statistics.ByAccount, Text: "truong vinh"})
		ok(t, err)
		if len(found.Rows) != 1 || found.Rows[0].Key != "a2" {
			t.Errorf("found %+v", found.Rows)
		}
		refused(t, fault.Forbidden, func() error {
			_, err := s.Report(ctx, ward, statistics.Query{Span: november, UnitID: orgunittest.Province})
			return err
		}())
		refused(t, fault.Invalid, func() error {
			_, err := s.Report(ctx, leader, statistics.Query{Span: statistics.Span{From: "2026-11-30", To: "2026-11-01"}})
			return err
		}())
	})
}

func refused(t *testing.T, kind fault.Kind, err error) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%v, want %v", err, kind)
	}
}

func TestAccount(t *testing.T) {
	each(t, func(t *testing.T, s *statistics.Service, _ *channels, _ *clock.Stub) {
		ctx := t.Context()
		ok(t, s.Count(ctx))
		ok(t, s.Measure(ctx, "a1"))
		a, err := s.Account(ctx, ward, "a1", november)
		ok(t, err)
		if a.Unit != "Phường Vinh Hưng" || a.Row.Posts != 4 || len(a.Posts) != 1 || a.Posts[0].Views != 500 || len(a.Months) != 1 || a.Months[0].Month != "2026-11" || a.Months[0].Followers != 120 {
			t.Errorf("%+v", a)
		}
		_, err = s.Account(ctx, ward, "a2", november)
		refused(t, fault.NotFound, err)
	})
}

func TestSaving(t *testing.T) {
	p := statistics.Prices{Sheets: 2, Sheet: 500, Stamp: 4000, Meetings: 3, Participants: 10, Journey: 200_000}
	s := p.Saving(100, 30)
	if s.Paper != 100_000 || s.Postage != 400_000 || s.Travel != 6_000_000 || s.Total() != 6_500_000 {
		t.Errorf("%+v", s)
	}
	each(t, func(t *testing.T, s *statistics.Service, _ *channels, _ *clock.Stub) {
		ctx := t.Context()
		ok(t, s.Count(ctx))
		refused(t, fault.Forbidden, s.SetPrices(ctx, ward, orgunittest.VinhHung, p))
		refused(t, fault.Invalid, s.SetPrices(ctx, admin, orgunittest.Province, statistics.Prices{Sheet: -1}))
		ok(t, s.SetPrices(ctx, admin, orgunittest.Province, p))
		r, err := s.Report(ctx, ward, statistics.Query{Span: november}) // the ward reckons with the province's prices
		ok(t, err)
		if r.Saved.Stamp != 4000 || r.Saved.Postage != 16_000 {
			t.Errorf("%+v", r.Saved)
		}
		set, err := s.Settings(ctx, admin, orgunittest.Province)
		ok(t, err)
		if len(set.Mountains) != 3 || set.Prices != p || len(set.Districts) != 1 {
			t.Errorf("%+v", set)
		}
		if got := s.CommunesOf(orgunittest.District); len(got) != 1 || got[0] != orgunittest.VinhHung {
			t.Errorf("of the former town: %v", got)
		}
	})
}

// Figures of the time before the house stand in the report of their weeks; what the house counted itself is not touched.
func TestFiguresOfEarlierDays(t *testing.T) {
	each(t, func(t *testing.T, s *statistics.Service, _ *channels, now *clock.Stub) {
		ctx := t.Context()
		ok(t, s.Count(ctx))
		span := statistics.Span{From: clock.DateOf(now.Now()).AddDays(-70), To: clock.DateOf(now.Now()).AddDays(-40)}
		counted, err := s.Report(ctx, leader, statistics.Query{Span: november})
		ok(t, err)
		var days []statistics.EarlierDay
		for _, day := range []clock.Date{span.From, span.To, clock.DateOf(now.Now())} {
			days = append(days, statistics.EarlierDay{AccountID: "a1", UnitID: orgunittest.VinhHung, Kind: channel.Zalo, Day: day, Followers: 900, Posts: 2, Messages: 5, Asked: 3, Answered: 2, Waited: 4 * time.Hour})
		}
		ok(t, s.Bring(ctx, days, []statistics.EarlierPost{{AccountID: "a1", UnitID: orgunittest.VinhHung, Kind: channel.Zalo, Day: span.From, ExternalID: "x1", Title: "Bài cũ", Views: 40, Reactions: 6}}))
		r, err := s.Report(ctx, leader, statistics.Query{Span: span, Group: statistics.ByAccount})
		ok(t, err)
		if f := r.Total; f.Posts != 4 || f.Messages != 10 || f.Asked != 6 || f.Answered != 4 || f.MeanWait() != 2*time.Hour || f.Followers != 900 || f.Views != 40 || f.Echo != 6 {
			t.Errorf("%+v", f)
		}
		after, err := s.Report(ctx, leader, statistics.Query{Span: november})
		ok(t, err)
		if after.Total.Followers != counted.Total.Followers || after.Total.Posts != counted.Total.Posts {
			t.Errorf("what was counted became %+v, was %+v", after.Total, counted.Total)
		}
	})
}
