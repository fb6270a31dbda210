package housing

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets houses follow their area or commune into its successor, with the plan of the commune; it implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about houses.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the houses of each of the units that are not handed over.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	if len(from) == 0 {
		return nil, nil
	}
	var rows []struct {
		UnitID string
		N      int
	}
	err := m.s.DB.Read().NewSelect().Model((*row)(nil)).ColumnExpr("c.unit_id").ColumnExpr("count(*) AS n").Where("c.unit_id IN (?)", bun.In(from)).Where("c.state <> ?", HandedOver).
		GroupExpr("c.unit_id").Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	var out []orgunit.MoveLine
	for _, unit := range from {
		for _, r := range rows {
			if r.UnitID == unit {
				out = append(out, orgunit.MoveLine{UnitID: unit, Key: "housing.move", Count: r.N})
			}
		}
	}
	return out, nil
}

// Move gives the houses of a unit, programmes it leads and its plan to its successor. A second run finds nothing left.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	if _, err := tx.NewUpdate().Model((*row)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx); err != nil {
		return err
	}
	if _, err := tx.NewUpdate().Model((*programmeRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx); err != nil {
		return err
	}
	var plan []targetRow
	if err := tx.NewSelect().Model(&plan).Where("t.unit_id = ?", from).Scan(ctx); err != nil {
		return err
	}
	for _, t := range plan {
		add := &targetRow{ProgrammeID: t.ProgrammeID, UnitID: to, Houses: t.Houses}
		if _, err := tx.NewInsert().Model(add).On("CONFLICT (programme_id, unit_id) DO UPDATE").Set("houses = t.houses + EXCLUDED.houses").Exec(ctx); err != nil {
			return err
		}
	}
	_, err := tx.NewDelete().Model((*targetRow)(nil)).Where("unit_id = ?", from).Exec(ctx)
	return err
}
