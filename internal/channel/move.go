package channel

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets accounts follow a unit into its successor; it implements orgunit.Mover. A unit's section of the portal does not
// move: every unit has its own.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about accounts.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the accounts that would move from each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	if len(from) == 0 {
		return nil, nil
	}
	var rows []struct {
		UnitID string
		N      int
	}
	err := m.s.db.Read().NewSelect().Model((*accountRow)(nil)).ColumnExpr("a.unit_id, count(*) AS n").Where("a.unit_id IN (?)", bun.In(from)).
		Where("a.kind <> ?", Portal).Where("a.state <> ?", AccountClosed).GroupExpr("a.unit_id").OrderExpr("a.unit_id").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	out := make([]orgunit.MoveLine, len(rows))
	for i, r := range rows {
		out[i] = orgunit.MoveLine{UnitID: r.UnitID, Key: "channel.move.accounts", Count: r.N}
	}
	return out, nil
}

// Move hands the accounts over inside the reorganisation's transaction; a second run finds none left.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	_, err := m.s.Reassign(ctx, tx, from, to)
	return err
}
