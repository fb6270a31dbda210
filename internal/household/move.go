package household

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets households follow their area or commune into its successor; it implements orgunit.Mover. Who gave a help stays
// written down as it was: the tree knows who carries that unit on.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about households.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the households of each of the units, those taken out of the register included.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	if len(from) == 0 {
		return nil, nil
	}
	var rows []struct {
		UnitID string
		N      int
	}
	err := m.s.DB.Read().NewSelect().Model((*row)(nil)).ColumnExpr("h.unit_id").ColumnExpr("count(*) AS n").Where("h.unit_id IN (?)", bun.In(from)).GroupExpr("h.unit_id").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	var out []orgunit.MoveLine
	for _, unit := range from {
		for _, r := range rows {
			if r.UnitID == unit {
				out = append(out, orgunit.MoveLine{UnitID: unit, Key: "household.move", Count: r.N})
			}
		}
	}
	return out, nil
}

// Move gives the households of a unit to its successor.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	_, err := tx.NewUpdate().Model((*row)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx)
	return err
}
