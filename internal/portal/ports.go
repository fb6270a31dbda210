package portal

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/published"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// Articles gives the posts that the public may read; *publish.Service has it.
type Articles interface {
	Published(ctx context.Context, unitID string, f publish.PublicFilter, page int) (publish.PublicList, error)
	Article(ctx context.Context, unitID, slug string) (publish.Article, error)
	Categories(ctx context.Context) ([]publish.Category, error)
	// Stands gives the unit on whose page a post can be read, by its slug or id, and its slug.
	Stands(ctx context.Context, slugOrID string) (unitID, slug string, err error)
	// Find searches the posts of a unit's page, or of all pages when unitID is "".
	Find(ctx context.Context, unitID, query string, page, per int) ([]publish.Found, int, error)
	// Addresses lists what stands on a unit's page, newest first.
	Addresses(ctx context.Context, unitID string, limit int) ([]publish.Address, error)
}

// Answers gives the answered questions that the public may read; *published.Reader has it.
type Answers interface {
	Search(ctx context.Context, unitID, text string, page, per int) ([]feedback.Published, int, error)
	DaysTaken(ctx context.Context, unitID string) (published.DaysTaken, error)
}

// Tree is what the site asks of the tree of units; *orgunit.Forest has it.
type Tree interface {
	Version() int64
	Unit(id string, on clock.Date) (orgunit.Unit, error)
	ByCode(level orgunit.Level, code string, on clock.Date) (orgunit.Unit, error)
	BySlug(slug, under string, on clock.Date) []orgunit.Unit
	Ancestors(unitID string, on clock.Date) []orgunit.Unit
	AncestorIDs(unitID string, on clock.Date) []string
	AtLevel(level orgunit.Level, kind orgunit.Kind, under string, on clock.Date) []orgunit.Unit
	Children(unitID string, on clock.Date) []orgunit.Unit
	Subtree(unitID string, on clock.Date) []string
	Predecessors(unitID string) []orgunit.Unit
	Successors(unitID string, on clock.Date) []orgunit.Unit
	SearchUnder(query, under string, on clock.Date, limit int) []orgunit.Found
	Under(x, y string, on clock.Date) bool
}
