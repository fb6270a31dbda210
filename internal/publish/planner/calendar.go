package planner

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// Trouble is what is wrong with an entry of the calendar.
type Trouble string

// The troubles; the catalogue has a sentence for each under "planner.trouble.<trouble>".
const (
	TroubleDay       Trouble = "day"       // another post wants the same followers on the same day
	TroubleForbidden Trouble = "forbidden" // its hour lies in a time in which nothing is posted
	TroubleLate      Trouble = "late"      // its hour has passed and nobody has approved it
	TroubleLater     Trouble = "later"     // some followers are told on a later day
)

// Clash is one trouble of an entry.
type Clash struct {
	Trouble  Trouble
	PostID   string // of the other post
	Title    string
	Accounts int    // how many are concerned
	Why      string // in the words of the regulation
}

// Entry is one post of the calendar.
type Entry struct {
	publish.Post
	Unit    orgunit.Unit
	Day     clock.Date
	Told    int // accounts that tell their followers, booked
	Clashes []Clash
	Movable bool
}

// CalendarAsk narrows a calendar.
type CalendarAsk struct {
	From, To clock.Date // both included
	UnitID   string     // this unit and those below; "": all the actor may read
	Level    orgunit.Level
	Trouble  bool // only entries with trouble
}

// Calendar is the posts of a span of days.
type Calendar struct {
	CalendarAsk
	Entries []Entry // earliest first
	Full    bool    // there are more than a page can hold
}

// Of lists the entries of a day.
func (c Calendar) Of(day clock.Date) []Entry {
	var out []Entry
	for _, e := range c.Entries {
		if e.Day == day {
			out = append(out, e)
		}
	}
	return out
}

// Troubles counts the entries with trouble.
func (c Calendar) Troubles() int {
	n := 0
	for _, e := range c.Entries {
		if len(e.Clashes) > 0 {
			n++
		}
	}
	return n
}

// calendarMax bounds the posts of a calendar, plannedMax those whose accounts are worked out to look for clashes.
const (
	calendarMax = 2000
	plannedMax  = 60
)

// Calendar lists what went out and what is to go out, with what stands in the way of each.
func (s *Service) Calendar(ctx context.Context, a identity.Actor, ask CalendarAsk) (Calendar, error) {
	if !slices.ContainsFunc(s.Posts.ReadUnits(a), func(u orgunit.Unit) bool { return ask.UnitID == "" || u.ID == ask.UnitID }) {
		return Calendar{}, fault.New(fault.NotFound, "publish.not_found")
	}
	if !ask.From.Valid() || !ask.To.Valid() {
		return Calendar{}, fault.Field("day", "planner.day_bad")
	}
	out := Calendar{CalendarAsk: ask}
	posts, err := s.Posts.Between(ctx, a, ask.From.Time(), ask.To.AddDays(1).Time(), ask.UnitID, calendarMax+1)
	if err != nil {
		return out, err
	}
	if len(posts) > calendarMax {
		posts, out.Full = posts[:calendarMax], true
	}
	var ids []string
	for _, p := range posts {
		u := s.Posts.Unit(p.UnitID)
		if ask.Level != "" && u.Level != ask.Level {
			continue
		}
		out.Entries = append(out.Entries, Entry{Post: p, Unit: u, Day: clock.DateOf(p.Hour())})
		ids = append(ids, p.ID)
	}
	slots, err := s.store.slotsOf(ctx, s.DB.Read(), ids)
	if err != nil {
		return out, err
	}
	if err := s.mark(ctx, a, out.Entries, slots); err != nil {
		return out, err
	}
	if ask.Trouble {
		out.Entries = slices.DeleteFunc(out.Entries, func(e Entry) bool { return len(e.Clashes) == 0 })
	}
	return out, nil
}

// mark finds the troubles of the entries.
func (s *Service) mark(ctx context.Context, a identity.Actor, es []Entry, slots []slotRow) error {
	now := s.Clock.Now()
	bands := map[string][]Band{}
	held := map[string]map[clock.Date]int{} // by post: accounts told on a day
	for _, r := range slots {
		if held[r.PostID] == nil {
			held[r.PostID] = map[clock.Date]int{}
		}
		held[r.PostID][r.Day]++
	}
	for i := range es {
		e := &es[i]
		e.Movable = movable(e.Post) && s.Posts.Can(a, publish.ActWrite, e.Post)
		for day, n := range held[e.ID] {
			if e.Told += n; day > e.Day {
				e.Clashes = append(e.Clashes, Clash{Trouble: TroubleLater, Accounts: n, Why: day.Vietnamese()})
			}
		}
		slices.SortFunc(e.Clashes, func(x, y Clash) int { return cmp.Compare(x.Why, y.Why) })
		if !e.PublishedAt.IsZero() {
			continue
		}
		if e.State != publish.StateScheduled && e.PublishAt.Before(now) {
			e.Clashes = append(e.Clashes, Clash{Trouble: TroubleLate})
		}
		if _, ok := bands[e.UnitID]; !ok {
			b, err := s.bands(ctx, e.UnitID)
			if err != nil {
				return err
			}
			bands[e.UnitID] = b
		}
		for _, b := range bands[e.UnitID] {
			if _, in := b.covers(e.PublishAt); in {
				e.Clashes = append(e.Clashes, Clash{Trouble: TroubleForbidden, Why: b.Why})
			}
		}
	}
	return s.clashes(ctx, a, es, slots)
}

// clashes finds entries that want to tell the same followers on the same day: what is booked against what is only wished, and
// wishes against one another.
func (s *Service) clashes(ctx context.Context, a identity.Actor, es []Entry, slots []slotRow) error {
	want := make([]map[string]bool, len(es)) // by entry: accounts whose followers it wants to tell
	bookedBy := map[string]map[string]bool{}
	for _, r := range slots {
		if bookedBy[r.PostID] == nil {
			bookedBy[r.PostID] = map[string]bool{}
		}
		bookedBy[r.PostID][r.AccountID] = true
	}
	planned := 0
	for i, e := range es {
		switch {
		case len(bookedBy[e.ID]) > 0:
			want[i] = bookedBy[e.ID]
		case e.WantAnnounce && movable(e.Post) && planned < plannedMax && s.shares(es, i):
			planned++
			pl, err := s.Posts.Plan(ctx, a, e.ID, e.PublishAt)
			if err != nil {
				return err
			}
			want[i] = map[string]bool{}
			wish := Post{Announce: true, Audience: pl.Reach().Audience}
			for _, t := range pl.Take {
				if x := accountOf(t.Account, ""); x.Kind == channel.Zalo && x.Broadcast && wish.tooFew(x) == "" {
					want[i][x.ID] = true
				}
			}
		}
	}
	for i := range es {
		for j := range es {
			if i == j || es[i].Day != es[j].Day || len(want[i]) == 0 || len(want[j]) == 0 {
				continue
			}
			if len(bookedBy[es[i].ID]) > 0 { // what is booked has its day; the other one must give way
				continue
			}
			if n := common(want[i], want[j]); n > 0 {
				es[i].Clashes = append(es[i].Clashes, Clash{Trouble: TroubleDay, PostID: es[j].ID, Title: es[j].Title, Accounts: n})
			}
		}
	}
	return nil
}

// shares tells whether another entry of the same day tells followers too: only then is it worth working out whose.
func (s *Service) shares(es []Entry, i int) bool {
	return slices.ContainsFunc(es, func(e Entry) bool {
		return e.ID != es[i].ID && e.Day == es[i].Day && (e.WantAnnounce || e.Told > 0)
	})
}

func common(a, b map[string]bool) int {
	if len(b) < len(a) {
		a, b = b, a
	}
	n := 0
	for x := range a {
		if b[x] {
			n++
		}
	}
	return n
}

// Week gives the Monday and the Sunday around a day.
func Week(d clock.Date) (clock.Date, clock.Date) {
	back := (int(d.Weekday()) + 6) % 7
	return d.AddDays(-back), d.AddDays(6 - back)
}

// Month gives the first and the last day of the month of a day.
func Month(d clock.Date) (clock.Date, clock.Date) {
	first := d[:8] + "01"
	v := first.Time().In(clock.Vietnam)
	return first, clock.DateOf(v.AddDate(0, 1, -1))
}

// Days lists the days from one to another, both included.
func Days(from, to clock.Date) []clock.Date {
	var out []clock.Date
	for d := from; d <= to && len(out) < 400; d = d.AddDays(1) {
		out = append(out, d)
	}
	return out
}

// Move gives a post of the calendar another hour; the wish to tell followers stays.
func (s *Service) Move(ctx context.Context, a identity.Actor, postID string, rev int, at time.Time) (publish.Post, error) {
	f, err := s.Posts.Open(ctx, a, postID)
	if err != nil {
		return publish.Post{}, err
	}
	return s.Posts.Shift(ctx, a, postID, rev, publish.Wish{At: at, Announce: f.WantAnnounce})
}
