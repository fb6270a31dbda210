// Package planner works out, before anybody approves a post, when which account can take it: within the hours in which the
// platform and the posting regulation let it, within the calls a minute that all accounts share, within what the last probe
// said is left of each quota, and with one broadcast a day for each follower. It says what that costs, who is left out and
// why, and offers another way. What was approved books its days, so that no two posts fight for the same follower.
package planner

import (
	"cmp"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// Reason says in one word why an account does not take a post, or does not tell its followers of it; the catalogue has a
// sentence for each under "planner.reason.<reason>".
type Reason string

// The reasons. Those of the account itself (no account, needs a grant, paused …) are publish.Reason and pass through.
const (
	ReasonNoTime      Reason = "no_time"      // the window lies wholly in hours in which nothing may be posted
	ReasonPackage     Reason = "package"      // the package lapses before the hour
	ReasonUploads     Reason = "uploads"      // the uploads that all accounts of the kind share are spent in the window
	ReasonNoBroadcast Reason = "no_broadcast" // its kind or package has no broadcasts
	ReasonQuota       Reason = "quota"        // the last probe found no messages left
	ReasonMonth       Reason = "month"        // its followers have had all broadcasts of the month that the package gives
	ReasonDay         Reason = "day"          // each day of the window is booked by another post
	ReasonNight       Reason = "night"        // the window has no hour in which broadcasts are taken
	ReasonFew         Reason = "few"          // too few followers to tell only a part of them (publish.MinAudience)
)

// Post is what a plan is asked for.
type Post struct {
	ID       string
	Announce bool      // tell the followers (a Zalo broadcast)
	At       time.Time // wished hour; zero: the beginning of the window
	// Audience narrows whom is told; nil: all followers. Nobody knows beforehand how many of an account's followers belong to
	// it, so a narrowed broadcast is counted as if all did, and takes the account's slot of the day as any other.
	Audience *channel.Audience
}

// Narrowed tells whether only a part of the followers is to be told.
func (p Post) Narrowed() bool { return p.Announce && p.Audience != nil }

// Account is one account that could take the post, or a unit that has none (ID "").
type Account struct {
	ID, Name         string
	UnitID, UnitName string
	Kind             channel.Kind
	Unfit            Reason // it cannot take the post at all; "" when it can
	Broadcast        bool   // it can tell its followers, as far as the last probe knows
	Followers        int64
	Package          string     // as the channel names it
	Pushes           int        // broadcasts a month for one follower, as the last probe told; 0: as the package gives
	PackageUntil     clock.Date // last day of the package; "" without an end
	QuotaLeft        int64      // messages left at the last probe
	QuotaTotal       int64      // of so many; 0: not told or without a limit
}

// Window is the time in which the post may go out: from (inclusive) to (exclusive).
type Window struct{ From, To time.Time }

// Band is a time of day in which nothing may be posted, on some days of the week. It may run over midnight.
type Band struct {
	From, To int            // minutes since midnight in Vietnam
	Days     []time.Weekday // none: every day
	Why      string         // in the words of the regulation
}

// covers tells whether a moment lies in the band, and when the band ends.
func (b Band) covers(t time.Time) (time.Time, bool) {
	v := t.In(clock.Vietnam)
	midnight := time.Date(v.Year(), v.Month(), v.Day(), 0, 0, 0, 0, clock.Vietnam)
	for _, day := range []time.Time{midnight.AddDate(0, 0, -1), midnight} {
		if len(b.Days) > 0 && !slices.Contains(b.Days, day.Weekday()) {
			continue
		}
		from, to := day.Add(time.Duration(b.From)*time.Minute), day.Add(time.Duration(b.To)*time.Minute)
		if b.To <= b.From {
			to = to.AddDate(0, 0, 1)
		}
		if !v.Before(from) && v.Before(to) {
			return to.UTC(), true
		}
	}
	return time.Time{}, false
}

// Rules are what the platforms and the regulation allow.
type Rules struct {
	Forbidden     []Band               // hours in which nothing is posted
	BroadcastFrom int                  // broadcasts are taken from this minute of the day
	BroadcastTo   int                  // up to this one
	PerMinute     map[channel.Kind]int // calls a minute that all accounts of a kind share; missing: not limited
	CallCost      map[channel.Kind]int // about how many calls one publication costs
	PerDay        map[channel.Kind]int // publications a day that all accounts of a kind share; missing: not limited
	PerMonth      map[string]int       // broadcasts a month for one follower, by package; "" for any other
	Prices        Prices
}

// Slot is one account's broadcast of one day.
type Slot struct {
	AccountID string
	Day       clock.Date
}

// Booked says which post has which slot.
type Booked map[Slot]string

// ledger is what is booked, ready to be asked for one post.
type ledger struct {
	booked Booked
	post   string
	months map[Slot]int // by account and month ("2026-11"): slots of other posts
}

// of makes the ledger for a post: what the post holds itself does not stand in its own way.
func (b Booked) of(postID string) ledger {
	l := ledger{booked: b, post: postID, months: map[Slot]int{}}
	for s, post := range b {
		if post != postID {
			l.months[Slot{s.AccountID, s.Day[:7]}]++
		}
	}
	return l
}

// taken tells whether another post has the slot.
func (l ledger) taken(s Slot) bool {
	post, ok := l.booked[s]
	return ok && post != l.post
}

// month counts what other posts have booked for an account in the month of a day.
func (l ledger) month(s Slot) int { return l.months[Slot{s.AccountID, s.Day[:7]}] }

// Line is one account that takes the post.
type Line struct {
	Account
	At       time.Time // when it is published there
	Announce time.Time // when its followers are told; zero: they are not
	Quiet    Reason    // why not, when that was asked
	Calls    int       // of the budget that all share
}

// Left is an account, or a unit without one, that does not take the post.
type Left struct {
	Account
	Reason Reason
}

// Sum is what a plan comes to for one kind of channel.
type Sum struct {
	Kind        channel.Kind
	Take, Left  int
	Calls       int
	Last        time.Time // when the last account has it
	Told        int       // accounts that tell their followers
	Later       int       // of these, on a later day than the post comes out
	Followers   int64     // of these accounts; at most so many are told when the post is Narrowed
	Quiet       int       // accounts that were asked to tell and cannot
	MessageCost money.VND // of the broadcasts; at most so much when the post is Narrowed
}

// Plan is the answer.
type Plan struct {
	Window
	Post
	Lines   []Line // in the order in which they go out
	Left    []Left
	Sums    []Sum
	Begin   time.Time // when the first account has it; zero when none takes it
	Shifted []Band    // bands by which the beginning was put off
	Others  []Other   // other ways, the best first
}

// Take counts the accounts that take the post.
func (p Plan) Take() int { return len(p.Lines) }

// Told counts the accounts that tell their followers.
func (p Plan) Told() int {
	n := 0
	for _, l := range p.Lines {
		if !l.Announce.IsZero() {
			n++
		}
	}
	return n
}

// Quiet counts the accounts that were asked to tell their followers and cannot.
func (p Plan) Quiet() int {
	n := 0
	for _, l := range p.Lines {
		if l.Quiet != "" {
			n++
		}
	}
	return n
}

// Later counts the accounts that tell their followers on a later day than the post comes out.
func (p Plan) Later() int {
	n := 0
	for _, l := range p.Lines {
		if l.Later() {
			n++
		}
	}
	return n
}

// Later tells whether the followers are told on a later day than the post comes out.
func (l Line) Later() bool {
	return !l.Announce.IsZero() && clock.DateOf(l.Announce) > clock.DateOf(l.At)
}

// Make plans a post for the accounts. It depends on nothing but its arguments.
func Make(p Post, accounts []Account, w Window, r Rules, booked Booked) Plan {
	out := lay(p, accounts, w, r, booked)
	out.Others = others(out, accounts, r, booked)
	return out
}

// lay plans without looking for other ways.
func lay(p Post, accounts []Account, w Window, r Rules, booked Booked) Plan {
	out := Plan{Window: w, Post: p}
	start := w.From
	if p.At.After(start) {
		start = p.At
	}
	begin, by, ok := r.free(start, w.To)
	out.Shifted = by
	accounts = slices.Clone(accounts)
	slices.SortStableFunc(accounts, func(a, b Account) int { // the province's own first, then by name: a plan reads the same each time
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.UnitName, b.UnitName), cmp.Compare(a.ID, b.ID))
	})
	book := booked.of(p.ID)
	l := loom{rules: r, window: w, next: map[channel.Kind]time.Time{}, used: map[channel.Kind]int{}, days: map[daily]int{}}
	for _, a := range accounts {
		why := a.Unfit
		if why == "" && !ok {
			why = ReasonNoTime
		}
		at := begin
		if why == "" {
			at, why = l.weave(a, begin)
		}
		if why != "" {
			out.Left = append(out.Left, Left{Account: a, Reason: why})
			continue
		}
		line := Line{Account: a, At: at, Calls: r.CallCost[a.Kind]}
		if p.Announce && a.Kind == channel.Zalo {
			if line.Quiet = p.tooFew(a); line.Quiet == "" {
				line.Announce, line.Quiet = r.announce(a, at, w.To, book)
			}
			if line.Announce.IsZero() {
				line.Calls = max(0, line.Calls-1)
			}
		}
		out.Lines = append(out.Lines, line)
	}
	slices.SortStableFunc(out.Lines, func(a, b Line) int { return a.At.Compare(b.At) })
	if len(out.Lines) > 0 {
		out.Begin = out.Lines[0].At
	}
	out.sum(r)
	return out
}

// tooFew is ReasonFew for an account that could tell its followers, but has too few to tell only a part of them.
func (p Post) tooFew(a Account) Reason {
	if p.Narrowed() && a.Broadcast && a.Followers < publish.MinAudience {
		return ReasonFew
	}
	return ""
}

// Mute tells whether a narrowed post is told by nobody because every account that could tell it has too few followers: it
// will not be approved so.
func (p Plan) Mute() bool {
	few := false
	for _, l := range p.Lines {
		if l.Quiet == ReasonFew {
			few = true
		} else if l.Kind == channel.Zalo && l.Broadcast {
			return false
		}
	}
	return few
}

// free gives the first moment from start in which posting is allowed, and the bands that put it off; false when there is none
// before the end.
func (r Rules) free(start, end time.Time) (time.Time, []Band, bool) {
	var by []Band
	at := start
	for range 4 * (len(r.Forbidden) + 1) * 8 { // bands may touch one another, and days go by
		moved := false
		for _, b := range r.Forbidden {
			if to, in := b.covers(at); in {
				at, moved = to, true
				by = append(by, b)
			}
		}
		if !moved {
			return at, by, at.Before(end)
		}
		if !at.Before(end) {
			return at, by, false
		}
	}
	return at, by, false
}

type daily struct {
	kind channel.Kind
	day  clock.Date
}

// loom puts publications one behind the other, so that the calls of each minute stay within the budget.
type loom struct {
	rules  Rules
	window Window
	next   map[channel.Kind]time.Time // the minute that is being filled
	used   map[channel.Kind]int       // calls in that minute
	days   map[daily]int
}

// weave finds the moment at which an account can take the post.
func (l *loom) weave(a Account, begin time.Time) (time.Time, Reason) {
	per, cost := l.rules.PerMinute[a.Kind], l.rules.CallCost[a.Kind]
	at, ok := l.next[a.Kind]
	if !ok {
		at = begin
	}
	used := l.used[a.Kind]
	if per > 0 && used+min(cost, per) > per {
		at, used = at.Add(time.Minute), 0
	}
	for {
		var free bool
		moved := at
		if moved, _, free = l.rules.free(at, l.window.To); !free {
			return at, ReasonNoTime
		}
		if !moved.Equal(at) {
			at, used = moved, 0
		}
		day := daily{a.Kind, clock.DateOf(at)}
		limit := l.rules.PerDay[a.Kind]
		if limit == 0 || l.days[day] < limit {
			break
		}
		at, used = clock.DateOf(at).AddDays(1).Time(), 0 // the next day of the window, when it has one
		if !at.Before(l.window.To) {
			return at, ReasonUploads
		}
	}
	if a.PackageUntil != "" && clock.DateOf(at) > a.PackageUntil {
		return at, ReasonPackage
	}
	l.next[a.Kind], l.used[a.Kind] = at, used+cost
	l.days[daily{a.Kind, clock.DateOf(at)}]++
	return at, ""
}

// announce finds the hour at which the followers of an account can be told, on the day of publication or a later one of the
// window.
func (r Rules) announce(a Account, at, end time.Time, book ledger) (time.Time, Reason) {
	switch {
	case !a.Broadcast:
		return time.Time{}, ReasonNoBroadcast
	case a.QuotaTotal > 0 && a.QuotaLeft <= 0:
		return time.Time{}, ReasonQuota
	}
	why := ReasonNight
	for {
		if at = r.daytime(at); !at.Before(end) {
			return time.Time{}, why
		}
		free, _, ok := r.free(at, end)
		if !ok {
			return time.Time{}, why
		}
		if !free.Equal(at) {
			at = free
			continue
		}
		day := clock.DateOf(at)
		if a.PackageUntil != "" && day > a.PackageUntil {
			return time.Time{}, ReasonPackage
		}
		slot := Slot{a.ID, day}
		switch {
		case r.monthly(a) > 0 && book.month(slot) >= r.monthly(a):
			why = ReasonMonth
		case book.taken(slot):
			why = ReasonDay
		default:
			return at, ""
		}
		at = day.AddDays(1).Time()
	}
}

// monthly is how many broadcasts a month one follower of an account may get; 0: not limited.
func (r Rules) monthly(a Account) int {
	if a.Pushes > 0 {
		return a.Pushes
	}
	if n, ok := r.PerMonth[a.Package]; ok {
		return n
	}
	return r.PerMonth[""]
}

// daytime gives the moment itself, or the next at which broadcasts are taken.
func (r Rules) daytime(at time.Time) time.Time {
	if r.BroadcastTo <= r.BroadcastFrom {
		return at
	}
	v := at.In(clock.Vietnam)
	midnight := time.Date(v.Year(), v.Month(), v.Day(), 0, 0, 0, 0, clock.Vietnam)
	from, to := midnight.Add(time.Duration(r.BroadcastFrom)*time.Minute), midnight.Add(time.Duration(r.BroadcastTo)*time.Minute)
	switch {
	case v.Before(from):
		return from.UTC()
	case v.Before(to):
		return at
	}
	return from.AddDate(0, 0, 1).UTC()
}

// sum adds up by kind of channel.
func (p *Plan) sum(r Rules) {
	at := map[channel.Kind]int{}
	of := func(k channel.Kind) *Sum {
		i, ok := at[k]
		if !ok {
			i = len(p.Sums)
			at[k] = i
			p.Sums = append(p.Sums, Sum{Kind: k})
		}
		return &p.Sums[i]
	}
	for _, l := range p.Lines {
		s := of(l.Kind)
		s.Take++
		s.Calls += l.Calls
		if l.At.After(s.Last) {
			s.Last = l.At
		}
		switch {
		case !l.Announce.IsZero():
			s.Told++
			if l.Later() {
				s.Later++
			}
			s.Followers += l.Followers
			s.MessageCost += r.Prices.Of(PriceBroadcast, l.Announce, l.Followers)
		case l.Quiet != "":
			s.Quiet++
		}
	}
	for _, l := range p.Left {
		of(l.Kind).Left++
	}
	slices.SortFunc(p.Sums, func(a, b Sum) int { return cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind)) })
}

// kindOrder puts the kinds in the order in which pages show them.
func kindOrder(k channel.Kind) string {
	switch k {
	case channel.Zalo:
		return "1"
	case channel.Facebook:
		return "2"
	case channel.Portal:
		return "9"
	}
	return "5" + string(k)
}
