package relief_test

import (
	"context"
	"testing"

	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/relief/relieftest"
)

type (
	ctxt          = context.Context
	householdHelp = household.Help
)

// each runs a test on both engines with the tables of relief.
func each(t *testing.T, fn func(*testing.T, *db.DB)) { dbtest.Each(t, fn, relieftest.Migrations...) }
