package cash

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets receipts, cash on its way and codes follow a unit into its successor; it implements orgunit.Mover. Books keep
// their numbers: the successor begins a book of its own.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about cash.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the receipts of each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	if len(from) == 0 {
		return nil, nil
	}
	var rows []struct {
		UnitID string
		N      int
	}
	err := m.s.DB.Read().NewSelect().Model((*receiptRow)(nil)).ColumnExpr("r.unit_id").ColumnExpr("count(*) AS n").Where("r.unit_id IN (?)", bun.In(from)).GroupExpr("r.unit_id").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	var out []orgunit.MoveLine
	for _, unit := range from {
		for _, r := range rows {
			if r.UnitID == unit {
				out = append(out, orgunit.MoveLine{UnitID: unit, Key: "cash.move", Count: r.N})
			}
		}
	}
	return out, nil
}

// Move gives everything of a unit to its successor.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	for _, model := range []any{(*receiptRow)(nil), (*handoverRow)(nil), (*codeRow)(nil)} {
		if _, err := tx.NewUpdate().Model(model).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
