// Package workday counts working days as Vietnamese offices do: Monday to Friday, without the public holidays, which fall
// by the sun's calendar or by the Vietnamese lunar one, with the days off given back for holidays on a weekend, and with
// the exchanged days that the Government announces each year. Deadlines of petitions and reports are counted with it.
//
// The law fixes which days are off (Labour Code 45/2019/QH14, Articles 111 and 112); the Prime Minister chooses each year
// which days around Tết and the National Day they are. Until the choice is known this package uses the one that every year
// from 2017 on has followed; what was decided otherwise is data, laid over the calendar by With. So is a holiday that is
// announced but not yet in the Labour Code, such as 24 November (Resolution 80-NQ/TW of 7 January 2026).
package workday

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Kind says why a day is off.
type Kind string

// The kinds of days off.
const (
	Statutory  Kind = "statutory"  // a holiday by the Labour Code, Article 112
	Substitute Kind = "substitute" // given back because a holiday fell on a weekend (Article 111, paragraph 3)
	Extra      Kind = "extra"      // off by an announcement, usually exchanged for a Saturday
)

// Holiday is one day off with its Vietnamese name as the law has it.
type Holiday struct {
	Date clock.Date
	Name string
	Kind Kind
}

// Override is what an announcement changes about one day: a day off with its reason, or a day of work (a Saturday worked
// in exchange, or a day that was expected to be off).
type Override struct {
	Date clock.Date
	Work bool
	Name string
}

// Calendar answers which days are worked. It does not change: With makes another. Safe for concurrent use.
type Calendar struct {
	overrides map[clock.Date]Override
	mu        sync.Mutex
	years     map[int]map[clock.Date]Holiday
	sums      sync.Map // what Add gave: span to clock.Date
	sumsKept  atomic.Int32
}

// span is a question to Add.
type span struct {
	from clock.Date
	days int
}

// sumsMost bounds what Add remembers: the deadlines of a day's cases are few, and asked for again and again.
const sumsMost = 4096

// StatutoryCalendar knows the law only, without the exchanges announced for single years.
func StatutoryCalendar() *Calendar {
	return &Calendar{overrides: map[clock.Date]Override{}, years: map[int]map[clock.Date]Holiday{}}
}

// New is the law with the exchanges that the Government announced up to the time of this release.
func New() *Calendar { return StatutoryCalendar().With(announced()...) }

// announced lists exchanged days of all offices: announcements of the Ministry of Labour (2023, 2024) and the Ministry of
// Home Affairs (2025) with the Prime Minister's consent.
func announced() []Override {
	return []Override{
		{Date: "2024-04-29", Name: "Nghỉ hoán đổi dịp 30/4"}, {Date: "2024-05-04", Work: true, Name: "Làm bù ngày 29/4/2024"},
		{Date: "2025-05-02", Name: "Nghỉ hoán đổi dịp 30/4"}, {Date: "2025-04-26", Work: true, Name: "Làm bù ngày 02/5/2025"},
		{Date: "2026-01-02", Name: "Nghỉ hoán đổi dịp Tết Dương lịch"}, {Date: "2026-01-10", Work: true, Name: "Làm bù ngày 02/01/2026"},
		{Date: "2026-08-31", Name: "Nghỉ hoán đổi dịp Quốc khánh"}, {Date: "2026-08-22", Work: true, Name: "Làm bù ngày 31/8/2026"},
	}
}

// With gives the calendar with announcements laid over it; the last word about a day counts. Overrides whose date is no
// date are left out.
func (c *Calendar) With(overrides ...Override) *Calendar {
	n := &Calendar{overrides: maps.Clone(c.overrides), years: map[int]map[clock.Date]Holiday{}}
	for _, o := range overrides {
		if o.Date.Valid() {
			n.overrides[o.Date] = o
		}
	}
	return n
}

// Holidays lists the days off of a year in their order, with substitutes and announced days, without plain weekends.
func (c *Calendar) Holidays(year int) []Holiday {
	days := c.year(year)
	out := make([]Holiday, 0, len(days))
	for _, h := range days {
		out = append(out, h)
	}
	slices.SortFunc(out, byDate)
	return out
}

// Holiday tells the name of the day off, if the date is one; a plain weekend is none.
func (c *Calendar) Holiday(d clock.Date) (Holiday, bool) {
	h, ok := c.year(yearOf(d))[d]
	return h, ok
}

// IsWorkday tells whether offices work on the date. What is no date is no working day.
func (c *Calendar) IsWorkday(d clock.Date) bool {
	if !d.Valid() {
		return false
	}
	if o, ok := c.overrides[d]; ok {
		return o.Work
	}
	if isWeekend(d) {
		return false
	}
	_, off := c.Holiday(d)
	return !off
}

// Add gives the n-th working day after the date; with n < 0 the n-th before it; with n = 0 the date itself, worked or not.
func (c *Calendar) Add(d clock.Date, n int) clock.Date {
	asked := span{d, n}
	if sum, ok := c.sums.Load(asked); ok {
		return sum.(clock.Date)
	}
	sum := c.add(d, n)
	if c.sumsKept.Load() < sumsMost {
		if _, known := c.sums.LoadOrStore(asked, sum); !known {
			c.sumsKept.Add(1)
		}
	}
	return sum
}

func (c *Calendar) add(d clock.Date, n int) clock.Date {
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	for n > 0 {
		d = d.AddDays(step)
		if c.IsWorkday(d) {
			n--
		}
	}
	return d
}

// Between counts the working days after a up to and including b, so that Between(a, Add(a, n)) is n. It is negative when
// b comes first.
func (c *Calendar) Between(a, b clock.Date) int {
	if b < a {
		return -c.Between(b, a)
	}
	n := 0
	for d := a; d < b; {
		if d = d.AddDays(1); c.IsWorkday(d) {
			n++
		}
	}
	return n
}

// closing is the hour, in Vietnam, at which an office day and with it a deadline ends.
const closing = 17

// Deadline gives the moment, in UTC, at which a term of n working days ends: 17:00 in Vietnam on the n-th working day
// after the day of receipt, which itself does not count (Civil Code 91/2015/QH13, Article 147). With n ≤ 0 it is 17:00 on
// the day of receipt, or on the next working day when none is worked then or the office has already closed.
func (c *Calendar) Deadline(received time.Time, n int) time.Time {
	day := clock.DateOf(received)
	if n > 0 {
		return EndOfDay(c.Add(day, n))
	}
	if !c.IsWorkday(day) || received.After(EndOfDay(day)) {
		day = c.Add(day, 1)
	}
	return EndOfDay(day)
}

// EndOfDay is the moment, in UTC, at which offices close on the day: 17:00 in Vietnam.
func EndOfDay(d clock.Date) time.Time { return d.Time().Add(closing * time.Hour) }

// year gives the days off of a year, reckoned once.
func (c *Calendar) year(year int) map[clock.Date]Holiday {
	c.mu.Lock()
	defer c.mu.Unlock()
	days, ok := c.years[year]
	if ok {
		return days
	}
	days = statutory(year)
	for d, o := range c.overrides {
		switch {
		case yearOf(d) != year:
		case o.Work:
			delete(days, d)
		default:
			if h, known := days[d]; !known || h.Name != o.Name {
				days[d] = Holiday{Date: d, Name: o.Name, Kind: Extra}
			}
		}
	}
	c.years[year] = days
	return days
}

func isWeekend(d clock.Date) bool {
	w := d.Weekday()
	return w == time.Saturday || w == time.Sunday
}

func yearOf(d clock.Date) int {
	t, err := time.Parse("2006-01-02", string(d))
	if err != nil {
		return 0
	}
	return t.Year()
}
