// Package posts tells readers of new posts: as soon as one stands in public, everybody is told who wished to hear of the unit
// and of its subject. A correction is not told again; a post that was taken down is not told at all.
package posts

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/subscription"
)

// Kind is the name of this source.
const Kind = "post"

// Posts is what is asked of publishing; *publish.Service has it.
type Posts interface {
	Standing(ctx context.Context, postID string) (publish.Standing, error)
	Stands(ctx context.Context, slugOrID string) (unitID, slug string, err error)
	Article(ctx context.Context, unitID, slug string) (publish.Article, error)
	Categories(ctx context.Context) ([]publish.Category, error)
}

// Deps is what the source stands on.
type Deps struct {
	Queue   *jobs.Queue
	Clock   clock.Clock
	Forest  func() *orgunit.Forest
	Posts   Posts
	Links   publish.Links
	Readers *subscription.Service
}

// Source tells of posts.
type Source struct{ Deps }

var _ subscription.Source = (*Source)(nil)

// New adds the source to the readers' choice and listens for what is published.
func New(d Deps) *Source {
	s := &Source{d}
	d.Readers.Add(s)
	jobs.On(d.Queue, "subscription.posts", s.onPublished)
	return s
}

// Kind implements subscription.Source.
func (*Source) Kind() string { return Kind }

func (s *Source) onPublished(ctx context.Context, e publish.Published) error {
	p, err := s.Posts.Standing(ctx, e.PostID)
	if fault.Is(err, fault.NotFound) || err == nil && len(p.Units) == 0 {
		return nil // taken down meanwhile
	}
	if err != nil {
		return err
	}
	return s.Readers.Announce(ctx, subscription.Thing{Kind: Kind, ID: p.PostID, Mark: "1", UnitID: p.AuthorUnit, Units: p.Units, Category: p.Category, Title: p.Title})
}

// Items implements subscription.Source.
func (s *Source) Items(ctx context.Context, w subscription.Words, refs []subscription.Ref) ([]subscription.Item, error) {
	var out []subscription.Item
	for _, r := range refs {
		it, ok, err := s.item(ctx, w, r)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, it)
		}
	}
	return out, nil
}

func (s *Source) item(ctx context.Context, w subscription.Words, r subscription.Ref) (subscription.Item, bool, error) {
	unitID, slug, err := s.Posts.Stands(ctx, r.ID)
	if fault.Is(err, fault.NotFound) {
		return subscription.Item{}, false, nil
	}
	if err != nil {
		return subscription.Item{}, false, err
	}
	for _, u := range []string{r.UnitID, unitID} { // the page that the reader follows, else the one where it stands first
		if u == "" {
			continue
		}
		a, err := s.Posts.Article(ctx, u, slug)
		if fault.Is(err, fault.NotFound) || err == nil && a.Retracted {
			continue
		}
		if err != nil {
			return subscription.Item{}, false, err
		}
		unit, err := s.Forest().Unit(u, clock.DateOf(s.Clock.Now()))
		if err != nil {
			return subscription.Item{}, false, err
		}
		return subscription.Item{ID: r.ID, Title: a.Title, Lead: a.Lead, From: s.Readers.Name(w, unit), Link: s.Links.Article(unit, slug), At: a.PublishedAt}, true, nil
	}
	return subscription.Item{}, false, nil
}

// Categories implements subscription.Source.
func (s *Source) Categories(ctx context.Context, w subscription.Words, _ string) ([]subscription.Category, error) {
	list, err := s.Posts.Categories(ctx)
	var out []subscription.Category
	for _, c := range list {
		name := c.Name
		if name == "" {
			name = w.T("publish.category." + c.Code)
		}
		out = append(out, subscription.Category{Code: c.Code, Name: name})
	}
	return out, err
}
