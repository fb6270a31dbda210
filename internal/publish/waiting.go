package publish

import (
	"context"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/identity"
)

// WorkKind says what an official is waited for.
type WorkKind string

// The kinds of work; the catalogue has a word for each under "publish.work.<kind>".
const (
	WorkReview   WorkKind = "review"   // read and approve or return
	WorkReturned WorkKind = "returned" // came back, to be changed
	WorkRelease  WorkKind = "release"  // approved, somebody must say when
	WorkCanary   WorkKind = "canary"   // one of the first accounts failed: decide
)

// WorkItem is one thing that waits for the actor.
type WorkItem struct {
	Kind   WorkKind
	PostID string
	UnitID string
	Title  string
	Href   string
	Since  time.Time
	Due    time.Time // wished hour of publication, otherwise a day after it came
}

// waitingMax bounds the list of each kind of work: nobody does more in a day, and the page of posts has the rest.
const waitingMax = 200

// Waiting lists what waits for the actor, most urgent first.
func (s *Service) Waiting(ctx context.Context, a identity.Actor) ([]WorkItem, error) {
	var out []WorkItem
	approve, write := s.authz.Scope(a, ActApprove), s.authz.Scope(a, ActWrite)
	for _, w := range []struct {
		kind   WorkKind
		scope  []string
		filter Filter
	}{
		{WorkReview, approve, Filter{States: []State{StateReview}}},
		{WorkRelease, approve, Filter{States: []State{StateApproved}}},
		{WorkCanary, approve, Filter{States: []State{StatePublished, StateScheduled}, Canary: CanaryStuck}},
		{WorkReturned, write, Filter{States: []State{StateReturned}, Author: a.ID}},
	} {
		if len(w.scope) == 0 {
			continue
		}
		ps, _, err := s.store.list(ctx, s.db.Read(), w.scope, s.today(), w.filter, 0, waitingMax)
		if err != nil {
			return nil, err
		}
		for _, p := range ps {
			if w.kind != WorkReturned && w.kind != WorkCanary {
				v, err := s.store.version(ctx, s.db.Read(), p.ID, p.Version)
				if err != nil {
					return nil, err
				}
				if s.mayApprove(ctx, a, p, v) != nil {
					continue
				}
			}
			out = append(out, p.work(w.kind))
		}
	}
	slices.SortStableFunc(out, func(x, y WorkItem) int { return x.Due.Compare(y.Due) })
	return out, nil
}

func (p Post) work(kind WorkKind) WorkItem {
	w := WorkItem{Kind: kind, PostID: p.ID, UnitID: p.UnitID, Title: p.Title, Href: "/lam-viec/tin-bai/" + p.ID, Since: p.UpdatedAt.UTC()}
	switch kind {
	case WorkReturned:
		w.Href += "/sua"
	case WorkCanary:
		w.Href += "/luot-dang"
	}
	w.Due = w.Since.Add(24 * time.Hour)
	if p.PublishAt.After(w.Since) {
		w.Due = p.PublishAt.UTC()
	}
	return w
}
