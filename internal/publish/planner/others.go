package planner

import (
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Way names another way to send a post.
type Way string

// The ways.
const (
	WayQuiet Way = "quiet"    // the articles as planned, without telling followers
	WayDay   Way = "next_day" // the same hour on the first day on which more is possible
	WayHour  Way = "hour"     // the first hour that the regulation allows
	WayAll   Way = "all"      // telling all followers and not a part of them: whoever writes the post must change it for that
)

// Other is another way, with what it would bring.
type Other struct {
	Way      Way
	At       time.Time
	Announce bool
	Take     int // accounts that take it
	Told     int // accounts that tell their followers
	Later    int // of these, on a later day
	Left     int
}

// horizon is how many days ahead another day is looked for.
const horizon = 14

// others looks for ways that leave fewer out. Only what is better than the plan is offered.
func others(p Plan, accounts []Account, r Rules, booked Booked) []Other {
	var out []Other
	add := func(w Way, q Plan) {
		out = append(out, Other{Way: w, At: q.Begin, Announce: q.Announce, Take: q.Take(), Told: q.Told(), Later: q.Later(), Left: len(q.Left)})
	}
	if len(p.Shifted) > 0 && p.Take() > 0 {
		add(WayHour, p)
	}
	if p.Narrowed() {
		all := p.Post
		all.Audience = nil
		if q := lay(all, accounts, p.Window, r, booked); q.Told() > p.Told() {
			add(WayAll, q)
		}
	}
	if p.Announce && p.Quiet()+p.Later() > 0 {
		quiet := p.Post
		quiet.Announce = false
		add(WayQuiet, lay(quiet, accounts, p.Window, r, booked))
	}
	if q, ok := better(p, accounts, r, booked); ok {
		add(WayDay, q)
	}
	return out
}

// better looks for the first of the next days on which more accounts take the post or tell their followers.
func better(p Plan, accounts []Account, r Rules, booked Booked) (Plan, bool) {
	if p.Quiet()+p.Later() == 0 && !slowed(p) {
		return Plan{}, false
	}
	start := p.From
	if p.At.After(start) {
		start = p.At
	}
	for n := 1; n <= horizon; n++ {
		next := p.Post
		next.At = start.In(clock.Vietnam).AddDate(0, 0, n).UTC()
		w := Window{From: next.At, To: next.At.Add(p.To.Sub(start))}
		if q := lay(next, accounts, w, r, booked); q.Take() > p.Take() || q.Take() == p.Take() && q.Told()-q.Later() > p.Told()-p.Later() {
			return q, true
		}
	}
	return Plan{}, false
}

// slowed tells whether somebody is left out because of the time, so that another day may help.
func slowed(p Plan) bool {
	for _, l := range p.Left {
		if l.Reason == ReasonNoTime || l.Reason == ReasonUploads {
			return true
		}
	}
	return false
}
