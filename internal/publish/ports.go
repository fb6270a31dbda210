package publish

import (
	"context"
	"io"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

// Tree is what publishing asks of the tree of units; *orgunit.Forest has it.
type Tree interface {
	Unit(id string, on clock.Date) (orgunit.Unit, error)
	Subtree(unitID string, on clock.Date) []string
	AncestorIDs(unitID string, on clock.Date) []string
	AtLevel(level orgunit.Level, kind orgunit.Kind, under string, on clock.Date) []orgunit.Unit
	Under(x, y string, on clock.Date) bool
}

// Accounts lists the open channel accounts of units, those that are ill included; *channel.Service has it.
type Accounts interface {
	AccountsOfUnits(ctx context.Context, unitIDs []string, kinds ...channel.Kind) ([]channel.Account, error)
}

// Retrier tries failed deliveries again; *channel.Service has it.
type Retrier interface {
	// Retry puts one failed delivery back into the queue.
	Retry(ctx context.Context, a identity.Actor, deliveryID string) error
	// RetryAll puts back the failed deliveries of a source that the actor may retry and tells how many those were.
	RetryAll(ctx context.Context, a identity.Actor, source string) (int, error)
}

// Profile is what a unit says of itself, for the places in a text.
type Profile struct{ Chair, Hotline, Address, Email string }

// Profiles gives the profile of a unit; what is unknown is empty.
type Profiles interface {
	Profile(ctx context.Context, unitID string) (Profile, error)
}

// Pictures keeps uploaded pictures; *picture.Store has it.
type Pictures interface {
	Save(ctx context.Context, r io.Reader) (picture.Picture, error)
}

// Links makes public addresses, absolute, as readers and channels follow them.
type Links interface {
	// Unit is the address of a unit's public page.
	Unit(u orgunit.Unit) string
	// Article is the address of a post on a unit's public page.
	Article(u orgunit.Unit, slug string) string
	// Absolute puts the site's address before a path.
	Absolute(path string) string
}
