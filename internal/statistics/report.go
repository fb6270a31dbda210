package statistics

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Span is days From to To, both included.
type Span struct{ From, To clock.Date }

const maxDays = 3 * 366

func (s Span) check() error {
	switch {
	case s.From > s.To:
		return fault.Field("den", "statistics.span.backwards")
	case s.To.Time().Sub(s.From.Time()) > maxDays*24*time.Hour:
		return fault.Field("tu", "statistics.span.long")
	}
	return nil
}

// Days is how many days the span has.
func (s Span) Days() int { return int(s.To.Time().Sub(s.From.Time()).Hours()/24) + 1 }

// Before is the span of the same length that ends where this one begins.
func (s Span) Before() Span { return Span{s.From.AddDays(-s.Days()), s.From.AddDays(-1)} }

// Group is how rows are put together.
type Group string

// The groupings.
const (
	ByAccount Group = "account" // each account
	ByUnit    Group = "unit"    // all accounts of a unit together
	ByLevel   Group = "level"   // all units of a level together
	ByPeers   Group = "peers"   // all units of one kind: wards, lowland communes, mountain communes
)

// Groups lists them in the order in which they are offered.
func Groups() []Group { return []Group{ByUnit, ByAccount, ByLevel, ByPeers} }

// Peers is the kind of unit that a unit is compared with.
type Peers string

// The kinds of unit that are compared. A unit that is no commune is compared with units of its level.
const (
	Ward     Peers = "ward"     // phường: towns
	Lowland  Peers = "lowland"  // xã outside the mountains
	Mountain Peers = "mountain" // xã in the mountains
	Other    Peers = "other"
)

// Figure is what accounts did, added up.
type Figure struct {
	Accounts  int
	Followers int64
	Growth    int64 // followers more than before the span; negative for fewer
	Posts     int
	Failed    int
	Views     int64
	Echo      int64 // reactions, shares and comments under what was put up in the span
	Messages  int   // private messages and comments that people wrote
	Asked     int
	Answered  int
	Waited    time.Duration // of those that were answered, together
}

func (f *Figure) add(g Figure) {
	f.Accounts += g.Accounts
	f.Followers += g.Followers
	f.Growth += g.Growth
	f.Posts += g.Posts
	f.Failed += g.Failed
	f.Views += g.Views
	f.Echo += g.Echo
	f.Messages += g.Messages
	f.Asked += g.Asked
	f.Answered += g.Answered
	f.Waited += g.Waited
}

// MeanWait is how long people waited for a first answer on average; zero when nobody was answered.
func (f Figure) MeanWait() time.Duration {
	if f.Answered == 0 {
		return 0
	}
	return f.Waited / time.Duration(f.Answered)
}

// AnsweredPercent is how many of those who asked were answered, in whole percent; -1 when nobody asked.
func (f Figure) AnsweredPercent() int {
	if f.Asked == 0 {
		return -1
	}
	return f.Answered * 100 / f.Asked
}

// PostsPerAccount is the average of posts with one digit behind the point, times ten.
func (f Figure) PostsPerAccount() int {
	if f.Accounts == 0 {
		return 0
	}
	return f.Posts * 10 / f.Accounts
}

// Row is one line of a report.
type Row struct {
	Figure

	Key     string // account, unit, level or kind of unit, by the grouping
	Name    string
	UnitID  string       // of an account or a unit
	Unit    string       // full name
	Kind    channel.Kind // of an account
	Level   orgunit.Level
	Peers   Peers
	Typical int // posts of an average account among the peers, times ten; -1 when there are no others
}

// Query says what a report is of.
type Query struct {
	Span

	UnitID string // and the units below; "" for all that the actor may read
	Kind   channel.Kind
	Group  Group
	Text   string // part of a name, without diacritics
	Sort   string // name, followers, growth, posts, views, echo, messages, wait; "" is posts
	Up     bool   // the smallest first
}

// Report is what was found.
type Report struct {
	Rows  []Row
	Total Figure
	Past  Figure // of the span of the same length before
	Saved Saving
}

// Sorts are the columns a report can be ordered by.
func Sorts() []string {
	return []string{"name", "followers", "growth", "posts", "views", "echo", "messages", "wait"}
}

// Report adds up what the channels did, for an actor who may read it.
func (s *Service) Report(ctx context.Context, actor identity.Actor, q Query) (Report, error) {
	if err := q.check(); err != nil {
		return Report{}, err
	}
	roots, err := s.roots(actor, q.UnitID)
	if err != nil {
		return Report{}, err
	}
	rows, err := s.accounts(ctx, roots, q.Span, q.Kind)
	if err != nil {
		return Report{}, err
	}
	past, err := s.store.sums(ctx, s.DB.Read(), roots, s.today(), q.Before(), q.Kind)
	if err != nil {
		return Report{}, err
	}
	var out Report
	for _, r := range rows {
		out.Total.add(r.Figure)
	}
	for _, p := range past {
		out.Past.add(p.figure())
	}
	out.Rows = group(rows, q.Group)
	typical(out.Rows, rows)
	if text := vntext.Fold(q.Text); text != "" {
		out.Rows = slices.DeleteFunc(out.Rows, func(r Row) bool { return !strings.Contains(vntext.Fold(r.Name+" "+r.Unit), text) })
	}
	order(out.Rows, q.Sort, q.Up)
	prices, err := s.pricesOf(ctx, cmp.Or(q.UnitID, roots[0]))
	if err != nil {
		return Report{}, err
	}
	out.Saved = prices.Saving(out.Total.Posts, q.Days())
	return out, nil
}

// roots are the units whose figures the actor may read, or the one asked for.
func (s *Service) roots(actor identity.Actor, unitID string) ([]string, error) {
	if unitID != "" {
		return []string{unitID}, s.Authz.Check(actor, ActionRead, identity.InUnit(unitID))
	}
	roots := s.Authz.Scope(actor, ActionRead)
	if len(roots) == 0 {
		return nil, s.Authz.Check(actor, ActionRead, identity.Resource{Type: "Unit"})
	}
	return roots, nil
}

func (r sumRow) figure() Figure {
	return Figure{Posts: r.Posts, Failed: r.Failed, Messages: r.Messages + r.Comments, Asked: r.Asked, Answered: r.Answered, Waited: time.Duration(r.WaitedMinutes) * time.Minute}
}

// accounts gives one row for each account that did anything in the span or can be followed.
func (s *Service) accounts(ctx context.Context, roots []string, span Span, kind channel.Kind) ([]Row, error) {
	today, read := s.today(), s.DB.Read()
	sums, err := s.store.sums(ctx, read, roots, today, span, kind)
	if err != nil {
		return nil, err
	}
	echoes, err := s.store.echoes(ctx, read, roots, today, span)
	if err != nil {
		return nil, err
	}
	now, err := s.store.followers(ctx, read, roots, today, span.To)
	if err != nil {
		return nil, err
	}
	before, err := s.store.followers(ctx, read, roots, today, span.From.AddDays(-1))
	if err != nil {
		return nil, err
	}
	mountains, err := s.store.mountains(ctx, read)
	if err != nil {
		return nil, err
	}
	every, err := s.Channels.Every(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]channel.Account{}
	for _, a := range every {
		known[a.ID] = a
	}
	forest := s.Forest()
	rows := make([]Row, 0, len(sums))
	for _, x := range sums {
		a := known[x.AccountID] // nothing of an account that was closed meanwhile
		x.UnitID = cmp.Or(a.UnitID, x.UnitID)
		r := Row{Figure: x.figure(), Key: x.AccountID, Kind: x.Kind, UnitID: x.UnitID, Name: a.Name}
		r.Accounts, r.Followers = 1, now[x.AccountID]
		if old, ok := before[x.AccountID]; ok {
			r.Growth = r.Followers - old
		}
		e := echoes[x.AccountID]
		r.Views, r.Echo = e.Views, e.Reactions+e.Shares+e.Comments
		if u, err := forest.Unit(x.UnitID, today); err == nil {
			r.Unit, r.Level, r.Peers = u.FullName, u.Level, peersOf(u, mountains)
		}
		r.Name = cmp.Or(r.Name, r.Unit)
		rows = append(rows, r)
	}
	return rows, nil
}

// peersOf says which units a unit is compared with.
func peersOf(u orgunit.Unit, mountains map[string]bool) Peers {
	switch {
	case u.Level != orgunit.LevelCommune:
		return Other
	case mountains[u.ID]:
		return Mountain
	case u.Type == "Phường" || u.Type == "Thị trấn":
		return Ward
	}
	return Lowland
}

// group puts rows of accounts together. By account they stay as they are.
func group(rows []Row, g Group) []Row {
	if g == ByAccount {
		return slices.Clone(rows)
	}
	at := map[string]int{}
	var out []Row
	for _, r := range rows {
		k := Row{Key: r.UnitID, Name: r.Unit, Unit: r.Unit, UnitID: r.UnitID, Level: r.Level, Peers: r.Peers}
		switch g {
		case ByLevel:
			k = Row{Key: string(r.Level), Level: r.Level}
		case ByPeers:
			k = Row{Key: string(r.Peers), Peers: r.Peers}
		}
		i, ok := at[k.Key]
		if !ok {
			i = len(out)
			at[k.Key] = i
			out = append(out, k)
		}
		out[i].add(r.Figure)
	}
	return out
}

// typical writes beside each unit and account how many posts an average account of its peers put up.
func typical(rows, accounts []Row) {
	sum := map[Peers]Figure{}
	for _, a := range accounts {
		f := sum[a.Peers]
		f.add(a.Figure)
		sum[a.Peers] = f
	}
	for i, r := range rows {
		others := sum[r.Peers]
		rows[i].Typical = -1
		if r.UnitID != "" && r.Peers != Other && others.Accounts > r.Accounts {
			rows[i].Typical = others.PostsPerAccount()
		}
	}
}

func order(rows []Row, by string, up bool) {
	less := map[string]func(a, b Row) int{
		"followers": func(a, b Row) int { return cmp.Compare(a.Followers, b.Followers) },
		"growth":    func(a, b Row) int { return cmp.Compare(a.Growth, b.Growth) },
		"views":     func(a, b Row) int { return cmp.Compare(a.Views, b.Views) },
		"echo":      func(a, b Row) int { return cmp.Compare(a.Echo, b.Echo) },
		"messages":  func(a, b Row) int { return cmp.Compare(a.Messages, b.Messages) },
		"wait":      func(a, b Row) int { return cmp.Compare(a.MeanWait(), b.MeanWait()) },
		"name":      func(a, b Row) int { return -vntext.Compare(a.Name, b.Name) }, // descending is the rule here: names begin with A
	}[by]
	if less == nil {
		less = func(a, b Row) int { return cmp.Compare(a.Posts, b.Posts) }
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		c := less(b, a)
		if up {
			c = -c
		}
		return cmp.Or(c, vntext.Compare(a.Name, b.Name))
	})
}
