// Package dashboard is the first screen of the day. "Việc hôm nay" is one list of what waits for this official, by deadline,
// over all features; the overview is for leaders: what went out, which channels are ill, which questions wait too long, unit
// by unit on the map. It holds nothing of its own: it asks each feature, and each number opens the rows behind it.
package dashboard

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// Item is one thing that waits for the official.
type Item struct {
	Feature string // "publish", "feedback", "inbox": chooses the words beside it
	Kind    string // what is to be done, for example "approve", "answer", "route"
	Title   string // what it is, in the words of its author
	From    string // who or which unit it comes from
	Href    string // the page on which it is done
	Due     time.Time
	Aside   bool // only a word about something: left out when the thing itself is listed
}

// Source asks one feature what waits for the actor; a stranger gets nothing.
type Source func(ctx context.Context, a identity.Actor) ([]Item, error)

// Group is the part of the list with one kind of deadline.
type Group string

// The groups, in the order they are shown.
const (
	Overdue  Group = "overdue"
	Today    Group = "today"
	ThisWeek Group = "week"
	Later    Group = "later" // due later, or without a deadline
)

// Groups lists them in order.
var Groups = [...]Group{Overdue, Today, ThisWeek, Later}

// GroupOf says in which group a deadline falls at the moment now; the zero time has no deadline.
func GroupOf(due, now time.Time) Group {
	switch {
	case due.IsZero():
		return Later
	case due.Before(now):
		return Overdue
	}
	today := clock.DateOf(now)
	day := clock.DateOf(due)
	if day == today {
		return Today
	}
	// The week ends on Sunday, as people here count it.
	left := (7 - int(today.Weekday())) % 7
	if day <= today.AddDays(left) {
		return ThisWeek
	}
	return Later
}

// Service asks the features.
type Service struct {
	clock   clock.Clock
	sources []Source
	counts  Counters
	authz   *identity.Authorizer
}

// NewService makes the service over the features' questions.
func NewService(c clock.Clock, z *identity.Authorizer, counts Counters, sources ...Source) *Service {
	return &Service{clock: c, authz: z, counts: counts, sources: sources}
}

// Day is what waits, by group.
type Day struct {
	Items map[Group][]Item
	Total int
}

// once leaves out words about what is listed itself, and all but one of several about the same.
func once(all []Item) []Item {
	listed := map[string]bool{}
	for _, it := range all {
		if !it.Aside {
			listed[it.Href] = true
		}
	}
	var out []Item
	for _, it := range all {
		if it.Aside && listed[it.Href] {
			continue
		}
		listed[it.Href] = true
		out = append(out, it)
	}
	return out
}

// Day lists what waits for the actor: the features are asked at the same time, and each group is ordered by deadline.
func (s *Service) Day(ctx context.Context, a identity.Actor) (Day, error) {
	if err := s.authz.Check(a, "dashboard.today", identity.InUnit(firstUnit(a))); err != nil {
		return Day{}, err
	}
	var mu sync.Mutex
	var all []Item
	g, gctx := errgroup.WithContext(ctx)
	for _, src := range s.sources {
		g.Go(func() error {
			items, err := src(gctx, a)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, items...)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return Day{}, fmt.Errorf("dashboard: %w", err)
	}
	all = once(all)
	sort.SliceStable(all, func(i, j int) bool { return earlier(all[i], all[j]) })
	d := Day{Items: map[Group][]Item{}, Total: len(all)}
	now := s.clock.Now()
	for _, it := range all {
		k := GroupOf(it.Due, now)
		d.Items[k] = append(d.Items[k], it)
	}
	return d, nil
}

// earlier orders by deadline, what has none last, then by title so that the list does not jump.
func earlier(a, b Item) bool {
	if a.Due.IsZero() != b.Due.IsZero() {
		return b.Due.IsZero()
	}
	if !a.Due.Equal(b.Due) {
		return a.Due.Before(b.Due)
	}
	return a.Title < b.Title
}

func firstUnit(a identity.Actor) string {
	if u := a.Units(); len(u) > 0 {
		return u[0]
	}
	return ""
}
