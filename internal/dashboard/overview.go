package dashboard

import (
	"context"
	_ "embed" // the policy text
	"fmt"
	"sort"

	"golang.org/x/sync/errgroup"

	"github.com/nhipcau/nhipcau/internal/identity"
)

// Policies is the Cedar text of this feature.
//
//go:embed policies.cedar
var Policies string

// ByUnit counts something per unit id.
type ByUnit map[string]int

// Counters asks the features for the overview's numbers, each limited to the units the actor may oversee.
type Counters struct {
	PostsOut    func(ctx context.Context, a identity.Actor) (ByUnit, error) // posts that reached the public in the last seven days
	ChannelsIll func(ctx context.Context, a identity.Actor) (ByUnit, error) // channel accounts that cannot post
	Waiting     func(ctx context.Context, a identity.Actor) (ByUnit, error) // questions not yet answered
	Overdue     func(ctx context.Context, a identity.Actor) (ByUnit, error) // of these, past their deadline
	// Figures gives what stands beside the table: promises, cases that were passed on and what people said, of a unit and
	// below. nil leaves them out.
	Figures func(ctx context.Context, a identity.Actor, unitID string) ([]Figure, error)
	// Place gives the unit under whose name a unit is shown (its commune, or itself above that) and that unit's name.
	Place func(unitID string) (id, name, code string)
}

// Figure is one number with its denominator and the list behind it.
type Figure struct {
	Key  string // names the text: dashboard.figure.KEY
	N    int
	Of   int // out of so many; 0 when the number stands alone
	Href string
}

// Row is one place of the overview.
type Row struct {
	UnitID, Name, Code                      string
	PostsOut, ChannelsIll, Waiting, Overdue int
}

// Overview is the leader's page: totals and one row per place where anything is to be told, the most pressing first.
type Overview struct {
	Total   Row
	Rows    []Row
	UnitID  string // the figures are of this unit and below
	Units   []string
	Figures []Figure
}

// Overview counts, for leaders; unitID narrows the figures to a unit of theirs, "" is the first of their own.
func (s *Service) Overview(ctx context.Context, a identity.Actor, unitID string) (Overview, error) {
	if !s.authz.CanSomewhere(a, "dashboard.overview") {
		return Overview{}, s.authz.Check(a, "dashboard.overview", identity.InUnit(firstUnit(a)))
	}
	asks := []func(context.Context, identity.Actor) (ByUnit, error){s.counts.PostsOut, s.counts.ChannelsIll, s.counts.Waiting, s.counts.Overdue}
	got := make([]ByUnit, len(asks))
	g, gctx := errgroup.WithContext(ctx)
	for i, ask := range asks {
		g.Go(func() (err error) { got[i], err = ask(gctx, a); return err })
	}
	if err := g.Wait(); err != nil {
		return Overview{}, fmt.Errorf("dashboard: overview: %w", err)
	}
	rows := map[string]*Row{}
	var o Overview
	for i, by := range got {
		for unit, n := range by {
			id, name, code := s.counts.Place(unit)
			r := rows[id]
			if r == nil {
				r = &Row{UnitID: id, Name: name, Code: code}
				rows[id] = r
			}
			*r.field(i) += n
			*o.Total.field(i) += n
		}
	}
	if err := s.figures(ctx, a, unitID, &o); err != nil {
		return Overview{}, fmt.Errorf("dashboard: figures: %w", err)
	}
	for _, r := range rows {
		o.Rows = append(o.Rows, *r)
	}
	sort.Slice(o.Rows, func(i, j int) bool { return morePressing(o.Rows[i], o.Rows[j]) })
	return o, nil
}

// figures asks for the numbers of one unit; a unit that is not the actor's to oversee gives way to the first that is.
func (s *Service) figures(ctx context.Context, a identity.Actor, unitID string, o *Overview) (err error) {
	o.Units = s.authz.Scope(a, "dashboard.overview")
	if unitID == "" || s.authz.Check(a, "dashboard.overview", identity.InUnit(unitID)) != nil {
		unitID = ""
		if len(o.Units) > 0 {
			unitID = o.Units[0]
		}
	}
	if o.UnitID = unitID; s.counts.Figures != nil {
		o.Figures, err = s.counts.Figures(ctx, a, unitID)
	}
	return err
}

func (r *Row) field(i int) *int {
	return [...]*int{&r.PostsOut, &r.ChannelsIll, &r.Waiting, &r.Overdue}[i]
}

func morePressing(a, b Row) bool {
	for _, d := range [...]int{a.Overdue - b.Overdue, a.ChannelsIll - b.ChannelsIll, a.Waiting - b.Waiting, a.PostsOut - b.PostsOut} {
		if d != 0 {
			return d > 0
		}
	}
	return a.Name < b.Name
}
