// Package alert tells readers of new public answers: of the unit that answered and of the one where the question began, by
// matter. Only what stands in the public list is told: masked words that a person confirmed. Who is told, how and how often
// is the business of package subscription.
package alert

import (
	"context"
	"embed"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/subscription"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables that this package had before readers of everything became one.
var Migrations = db.Migrations{Name: "alert", FS: migrationFS}

// Kind is the name of this source.
const Kind = "answer"

// Cases is what this package asks the public list; published.Reader implements it.
type Cases interface {
	Cases(ctx context.Context, f published.Filter) ([]published.Case, int, error)
}

// Deps is what the source stands on.
type Deps struct {
	Queue   *jobs.Queue
	Clock   clock.Clock
	Forest  func() *orgunit.Forest
	Cases   Cases
	Matters open311.Categories // the table of categories
	Readers *subscription.Service
	BaseURL string
}

// Source tells of public answers.
type Source struct{ Deps }

var _ subscription.Source = (*Source)(nil)

// New adds the source to the readers' choice and listens for answers that are made public.
func New(d Deps) *Source {
	s := &Source{d}
	d.Readers.Add(s)
	jobs.On(d.Queue, "alert", s.onPublished)
	return s
}

// Kind implements subscription.Source.
func (*Source) Kind() string { return Kind }

func (s *Source) onPublished(ctx context.Context, e feedback.AnswerPublished) error {
	list, _, err := s.Cases.Cases(ctx, published.Filter{IDs: []string{e.CaseID}, Per: 1})
	if err != nil || len(list) == 0 {
		return err // taken out again meanwhile, or no case that everybody may read
	}
	book, err := s.Matters.Book(ctx)
	if err != nil {
		return err
	}
	c := list[0]
	units := []string{c.UnitID}
	if c.OriginID != "" && c.OriginID != c.UnitID {
		units = append(units, c.OriginID)
	}
	return s.Readers.Announce(ctx, subscription.Thing{Kind: Kind, ID: c.ID, Mark: c.AnsweredAt.Format(time.RFC3339), UnitID: c.UnitID, Units: units,
		Category: book.For(c.Kind, c.Category).Code, Title: c.Title})
}

// perQuery is how many cases are asked for at once.
const perQuery = 100

// Items implements subscription.Source.
func (s *Source) Items(ctx context.Context, w subscription.Words, refs []subscription.Ref) ([]subscription.Item, error) {
	there := map[string]published.Case{}
	for start := 0; start < len(refs); start += perQuery {
		var ids []string
		for _, r := range refs[start:min(start+perQuery, len(refs))] {
			ids = append(ids, r.ID)
		}
		list, _, err := s.Cases.Cases(ctx, published.Filter{IDs: ids, Per: perQuery})
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			there[c.ID] = c
		}
	}
	var out []subscription.Item
	for _, r := range refs {
		c, ok := there[r.ID]
		if !ok {
			continue
		}
		from := ""
		if u, err := s.Forest().Unit(c.UnitID, clock.DateOf(s.Clock.Now())); err == nil {
			from = w.T("subscription.answered_by", "Unit", feedback.BodyName(w, u))
		}
		out = append(out, subscription.Item{ID: c.ID, Title: c.Title, From: from, Link: s.BaseURL + "/hoi-dap/" + c.ID, At: c.AnsweredAt})
	}
	return out, nil
}

// Categories implements subscription.Source.
func (s *Source) Categories(ctx context.Context, w subscription.Words, lang string) ([]subscription.Category, error) {
	book, err := s.Matters.Book(ctx)
	var out []subscription.Category
	for _, x := range book.Offered() {
		out = append(out, subscription.Category{Code: x.Code, Name: x.Name(w, lang)})
	}
	return out, err
}
