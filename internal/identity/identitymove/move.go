// Package identitymove lets people's roles follow a unit into its successor when units are merged, split or closed: it is
// what the reorganisation wizard asks about identity.
package identitymove

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover is an orgadmin.Mover for roles.
type Mover struct{ svc *identity.Service }

var _ orgadmin.Mover = Mover{}

// New makes the mover.
func New(s *identity.Service) Mover { return Mover{s} }

// Preview counts the roles that would move from each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgadmin.MoveLine, error) {
	counts, err := m.svc.CountRoles(ctx, from)
	if err != nil {
		return nil, err
	}
	var out []orgadmin.MoveLine
	for _, unit := range from {
		if n := counts[unit]; n > 0 {
			out = append(out, orgadmin.MoveLine{UnitID: unit, Key: "identity.move.memberships", Count: n})
		}
	}
	return out, nil
}

// Move carries the roles over inside the reorganisation's transaction.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, on clock.Date) error {
	return m.svc.MoveRoles(ctx, tx, from, to, on)
}
