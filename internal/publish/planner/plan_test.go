package planner_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
)

// nine is Saturday, 21 November 2026, 09:00 in Vietnam.
var nine = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

func rules(t testing.TB) planner.Rules {
	t.Helper()
	r, err := planner.DefaultRules()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func oa(name string) planner.Account {
	return planner.Account{ID: name, Name: name, UnitID: "u-" + name, UnitName: name, Kind: channel.Zalo, Broadcast: true, Followers: 100}
}

func at(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, clock.Vietnam).UTC()
}

// Each case is one account and what becomes of it.
func TestOneAccount(t *testing.T) {
	lunch := planner.Band{From: 11*60 + 30, To: 13*60 + 30, Why: "giờ nghỉ trưa"}
	sunday := planner.Band{From: 0, To: 24 * 60, Days: []time.Weekday{time.Sunday}}
	night := planner.Band{From: 22 * 60, To: 6 * 60}
	day := planner.Window{From: nine, To: at(22, 0, 0)}
	week := planner.Window{From: nine, To: nine.AddDate(0, 0, 7)}
	with := func(change func(*planner.Account)) planner.Account { a := oa("a"); change(&a); return a }
	others := func(days ...string) planner.Booked {
		b := planner.Booked{}
		for _, d := range days {
			b[planner.Slot{AccountID: "a", Day: clock.Date(d)}] = "other"
		}
		return b
	}
	for name, c := range map[string]struct {
		account  planner.Account
		wished   time.Time
		window   planner.Window
		bands    []planner.Band
		booked   planner.Booked
		left     planner.Reason
		at, tell time.Time
		quiet    planner.Reason
	}{
		"at once":                        {account: oa("a"), window: day, at: nine, tell: nine},
		"at the wished hour":             {account: oa("a"), window: day, wished: at(21, 15, 0), at: at(21, 15, 0), tell: at(21, 15, 0)},
		"after lunch":                    {account: oa("a"), window: day, wished: at(21, 12, 0), bands: []planner.Band{lunch}, at: at(21, 13, 30), tell: at(21, 13, 30)},
		"not on a Sunday":                {account: oa("a"), window: week, wished: at(22, 8, 0), bands: []planner.Band{sunday}, at: at(23, 0, 0), tell: at(23, 6, 0)},
		"bands one after the other":      {account: oa("a"), window: week, wished: at(21, 23, 0), bands: []planner.Band{night, sunday}, at: at(23, 6, 0), tell: at(23, 6, 0)},
		"no hour is left":                {account: oa("a"), window: day, wished: at(21, 22, 30), bands: []planner.Band{night}, left: planner.ReasonNoTime},
		"article at night, word by day":  {account: oa("a"), window: week, wished: at(21, 22, 30), at: at(21, 22, 30), tell: at(22, 6, 0)},
		"no word at night":               {account: oa("a"), window: day, wished: at(21, 22, 30), at: at(21, 22, 30), quiet: planner.ReasonNight},
		"the day is booked":              {account: oa("a"), window: day, booked: others("2026-11-21"), at: nine, quiet: planner.ReasonDay},
		"told the day after":             {account: oa("a"), window: week, booked: others("2026-11-21"), at: nine, tell: at(22, 6, 0)},
		"its own booking is no clash":    {account: oa("a"), window: day, booked: planner.Booked{{AccountID: "a", Day: "2026-11-21"}: "p"}, at: nine, tell: nine},
		"the month is spent":             {account: oa("a"), window: week, booked: others("2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"), at: nine, quiet: planner.ReasonMonth},
		"last month does not count":      {account: oa("a"), window: day, booked: others("2026-10-01", "2026-10-02", "2026-10-03", "2026-10-04"), at: nine, tell: nine},
		"the smallest package gives one": {account: with(func(a *planner.Account) { a.Package = "Cơ bản" }), window: week, booked: others("2026-11-03"), at: nine, quiet: planner.ReasonMonth},
		"no messages left":               {account: with(func(a *planner.Account) { a.QuotaTotal = 500 }), window: day, at: nine, quiet: planner.ReasonQuota},
		"no broadcasts":                  {account: with(func(a *planner.Account) { a.Broadcast = false }), window: day, at: nine, quiet: planner.ReasonNoBroadcast},
		"the package has lapsed":         {account: with(func(a *planner.Account) { a.PackageUntil = "2026-11-20" }), window: day, left: planner.ReasonPackage},
		"the package lapses today":       {account: with(func(a *planner.Account) { a.PackageUntil = "2026-11-21" }), window: day, at: nine, tell: nine},
		"ill":                            {account: with(func(a *planner.Account) { a.Unfit = "needs_reauth" }), window: day, left: "needs_reauth"},
	} {
		t.Run(name, func(t *testing.T) {
			r := rules(t)
			r.Forbidden = c.bands
			p := planner.Make(planner.Post{ID: "p", Announce: true, At: c.wished}, []planner.Account{c.account}, c.window, r, c.booked)
			if c.left != "" {
				if len(p.Left) != 1 || p.Left[0].Reason != c.left || p.Take() != 0 {
					t.Fatalf("left %+v, lines %+v, want %s", p.Left, p.Lines, c.left)
				}
				return
			}
			if len(p.Lines) != 1 {
				t.Fatalf("left out: %+v", p.Left)
			}
			l := p.Lines[0]
			if !l.At.Equal(c.at) || !l.Announce.Equal(c.tell) || l.Quiet != c.quiet {
				t.Errorf("at %v, told %v, quiet %q; want %v, %v, %q", l.At, l.Announce, l.Quiet, c.at, c.tell, c.quiet)
			}
		})
	}
}

// A post that names a part of the followers: an account with too few stays silent and costs no call more, the sums are the most
// it can be, telling all is offered where that reaches more, and a post that nobody would tell says so.
func TestNarrowedPost(t *testing.T) {
	women := &channel.Audience{Gender: 2}
	small := oa("small")
	small.Followers = 9
	page := planner.Account{ID: "page", UnitName: "page", Kind: channel.Facebook, Followers: 5}
	mute := oa("mute")
	mute.Broadcast, mute.Followers = false, 3
	day := planner.Window{From: nine, To: at(22, 0, 0)}
	for name, c := range map[string]struct {
		post     planner.Post
		accounts []planner.Account
		told     int
		people   int64
		quiet    planner.Reason // of the account that is silent
		all      int            // accounts that telling all would reach; 0: not offered
		nobody   bool
	}{
		"everybody":                 {post: planner.Post{Announce: true}, accounts: []planner.Account{oa("big"), small}, told: 2, people: 109},
		"a part":                    {post: planner.Post{Announce: true, Audience: women}, accounts: []planner.Account{oa("big"), small}, told: 1, people: 100, quiet: planner.ReasonFew, all: 2},
		"a part, all large enough":  {post: planner.Post{Announce: true, Audience: women}, accounts: []planner.Account{oa("big"), page}, told: 1, people: 100},
		"a part, nobody large":      {post: planner.Post{Announce: true, Audience: women}, accounts: []planner.Account{small, page}, quiet: planner.ReasonFew, all: 1, nobody: true},
		"a part, not told at all":   {post: planner.Post{Audience: women}, accounts: []planner.Account{small}},
		"a part, package without":   {post: planner.Post{Announce: true, Audience: women}, accounts: []planner.Account{mute}, quiet: planner.ReasonNoBroadcast},
		"a part, the day is booked": {post: planner.Post{ID: "p", Announce: true, Audience: women}, accounts: []planner.Account{oa("booked")}, quiet: planner.ReasonDay},
	} {
		t.Run(name, func(t *testing.T) {
			r := rules(t)
			p := planner.Make(c.post, c.accounts, day, r, planner.Booked{{AccountID: "booked", Day: "2026-11-21"}: "other"})
			var people int64
			for _, s := range p.Sums {
				people += s.Followers
			}
			if p.Take() != len(c.accounts) || p.Told() != c.told || people != c.people || p.Mute() != c.nobody {
				t.Errorf("take %d, told %d of %d, mute %t: %+v", p.Take(), p.Told(), people, p.Mute(), p.Lines)
			}
			all := 0
			for _, o := range p.Others {
				if o.Way == planner.WayAll {
					all = o.Told
				}
			}
			if all != c.all {
				t.Errorf("telling all reaches %d accounts, want %d", all, c.all)
			}
			for _, l := range p.Lines {
				if l.Quiet != "" && (l.Quiet != c.quiet || l.Calls != r.CallCost[channel.Zalo]-1) || l.Quiet == "" && l.Announce.IsZero() && c.quiet != "" && l.Kind == channel.Zalo {
					t.Errorf("%s is silent because of %q and costs %d calls", l.ID, l.Quiet, l.Calls)
				}
			}
		})
	}
}

// The campaign of a whole province fits the calls of a minute.
func TestWholeFleet(t *testing.T) {
	var as []planner.Account
	for i := range 4820 {
		as = append(as, oa(fmt.Sprintf("oa-%04d", i)))
	}
	p := planner.Make(planner.Post{ID: "p", Announce: true}, as, planner.Window{From: nine, To: nine.AddDate(0, 0, 1)}, rules(t), nil)
	if p.Take() != 4820 || p.Told() != 4820 || p.Sums[0].Calls != 6*4820 || p.Sums[0].Followers != 482000 {
		t.Fatalf("%+v", p.Sums)
	}
	if want := nine.Add(7 * time.Minute); !p.Sums[0].Last.Equal(want) { // 666 accounts fit a minute
		t.Errorf("the last has it at %v, want %v", p.Sums[0].Last, want)
	}
}

// Uploads that all channels share run over into the next day, as far as the window goes.
func TestSharedUploads(t *testing.T) {
	var as []planner.Account
	for i := range 250 {
		as = append(as, planner.Account{ID: fmt.Sprint(i), UnitName: fmt.Sprintf("%03d", i), Kind: "youtube"})
	}
	p := planner.Make(planner.Post{ID: "p"}, as, planner.Window{From: nine, To: at(23, 0, 0)}, rules(t), nil)
	if p.Take() != 200 || len(p.Left) != 50 || p.Left[0].Reason != planner.ReasonUploads {
		t.Fatalf("take %d, left %d", p.Take(), len(p.Left))
	}
}

// When the day is booked two ways are offered: the articles alone, and the first day on which all are told at once.
func TestOtherWays(t *testing.T) {
	as := []planner.Account{oa("a"), oa("b")}
	booked := planner.Booked{{AccountID: "a", Day: "2026-11-21"}: "x", {AccountID: "b", Day: "2026-11-22"}: "y"}
	p := planner.Make(planner.Post{ID: "p", Announce: true}, as, planner.Window{From: nine, To: nine.AddDate(0, 0, 7)}, rules(t), booked)
	if p.Told() != 2 || p.Later() != 1 || len(p.Others) != 2 {
		t.Fatalf("told %d, later %d, others %+v", p.Told(), p.Later(), p.Others)
	}
	quiet, next := p.Others[0], p.Others[1]
	if quiet.Way != planner.WayQuiet || quiet.Announce || !quiet.At.Equal(nine) || quiet.Take != 2 {
		t.Errorf("quiet: %+v", quiet)
	}
	if next.Way != planner.WayDay || !next.At.Equal(nine.AddDate(0, 0, 2)) || next.Later != 0 || next.Told != 2 {
		t.Errorf("next: %+v", next)
	}
	free := planner.Make(planner.Post{ID: "p", Announce: true}, as, planner.Window{From: nine, To: nine.AddDate(0, 0, 7)}, rules(t), nil)
	if len(free.Others) != 0 {
		t.Errorf("nothing is better than all: %+v", free.Others)
	}
}

func TestPrices(t *testing.T) {
	ps := rules(t).Prices
	if got := ps.Of(planner.PriceZNS, nine, 1000); got != 120_000 {
		t.Errorf("a thousand messages of the public service cost %v", got)
	}
	if got := ps.Of(planner.PriceZNS, nine.AddDate(-1, 0, 0), 1000); got != 0 {
		t.Errorf("a price holds from its day on: %v", got)
	}
	if _, ok := ps.At("nothing", nine); ok {
		t.Error("a price of nothing")
	}
}

// Whatever is planned and booked, in whatever order: each account is once either taken or left out with a reason; nothing
// goes out outside the window or in a forbidden hour; no minute has more calls than allowed; and no two posts tell the same
// followers on one day.
func TestNeverTwoOnADay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := planner.DefaultRules()
		if err != nil {
			t.Fatal(err)
		}
		r.PerMinute = map[channel.Kind]int{channel.Zalo: rapid.IntRange(6, 40).Draw(t, "per minute")}
		for range rapid.IntRange(0, 2).Draw(t, "bands") {
			r.Forbidden = append(r.Forbidden, planner.Band{From: rapid.IntRange(0, 1439).Draw(t, "from"), To: rapid.IntRange(0, 1439).Draw(t, "to")})
		}
		var all []planner.Account
		for i := range rapid.IntRange(1, 30).Draw(t, "accounts") {
			a := oa(fmt.Sprint(i))
			a.Broadcast = rapid.Bool().Draw(t, "broadcast")
			all = append(all, a)
		}
		booked := planner.Booked{}
		seen := map[planner.Slot]string{}
		for n := range rapid.IntRange(1, 5).Draw(t, "posts") {
			p := planner.Post{ID: fmt.Sprint("post", n), Announce: true, At: nine.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "minute")) * time.Minute)}
			w := planner.Window{From: nine, To: nine.Add(time.Duration(rapid.IntRange(1, 9000).Draw(t, "window")) * time.Minute)}
			plan := planner.Make(p, all, w, r, booked)
			if plan.Take()+len(plan.Left) != len(all) {
				t.Fatalf("%d taken and %d left out of %d", plan.Take(), len(plan.Left), len(all))
			}
			minute := map[time.Time]int{}
			for _, l := range plan.Lines {
				minute[l.At] += r.CallCost[l.Kind]
				if l.At.Before(w.From) || !l.At.Before(w.To) {
					t.Fatalf("%v lies outside the window %v", l.At, w)
				}
				if l.Announce.IsZero() == (l.Quiet == "") {
					t.Fatalf("neither told nor explained: %+v", l)
				}
				if l.Announce.IsZero() {
					continue
				}
				if h := l.Announce.In(clock.Vietnam).Hour(); h < 6 || h >= 22 {
					t.Fatalf("told at %d o'clock", h)
				}
				slot := planner.Slot{AccountID: l.ID, Day: clock.DateOf(l.Announce)}
				if other, ok := seen[slot]; ok {
					t.Fatalf("%s and %s tell the followers of %s on %s", other, p.ID, slot.AccountID, slot.Day)
				}
				seen[slot], booked[slot] = p.ID, p.ID
			}
			for at, n := range minute {
				if n > r.PerMinute[channel.Zalo] {
					t.Fatalf("%d calls at %v", n, at)
				}
			}
		}
	})
}
