package orgunit

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover is a room of the house whose things belong to a unit and follow it into its successor: roles of people, channel
// accounts, open work. Rooms implement it; the roof hands them to orgadmin.
type Mover interface {
	// Preview counts what would move from each of the units.
	Preview(ctx context.Context, from []string) ([]MoveLine, error)
	// Move hands everything over inside the transaction of the reorganisation. It must be safe to run twice.
	Move(ctx context.Context, tx db.Tx, from, to string, on clock.Date) error
}

// MoveLine is one number of a preview. Key is the catalogue key of what is counted, with the argument Count.
type MoveLine struct {
	UnitID string
	Key    string
	Count  int
}
