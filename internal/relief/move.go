package relief

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

// Sealed lists the columns of this room that hold sealed texts.
func Sealed() []secret.Column {
	return []secret.Column{
		{Table: "relief_offer", Key: "id", Column: "sealed", Place: offerPlace},
		{Table: "relief_truck", Key: "id", Column: "sealed", Place: truckPlace},
	}
}

// Mover lets needs and warehouses follow a unit into its successor; it implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about relief.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the needs and the warehouses that would move.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	var out []orgunit.MoveLine
	if len(from) == 0 {
		return nil, nil
	}
	for _, x := range []struct {
		model any
		key   string
	}{{(*Need)(nil), "relief.move.needs"}, {(*Warehouse)(nil), "relief.move.warehouses"}} {
		var rows []struct {
			UnitID string
			N      int
		}
		if err := m.s.DB.Read().NewSelect().Model(x.model).Column("unit_id").ColumnExpr("count(*) AS n").Where("unit_id IN (?)", bun.In(from)).Group("unit_id").Scan(ctx, &rows); err != nil {
			return nil, err
		}
		for _, r := range rows {
			out = append(out, orgunit.MoveLine{UnitID: r.UnitID, Key: x.key, Count: r.N})
		}
	}
	return out, nil
}

// Move gives everything of a unit to its successor. Slips keep the warehouse; what was written stays as it was written.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	for _, model := range []any{(*Need)(nil), (*Avoid)(nil), (*Offer)(nil), (*Warehouse)(nil), (*Slip)(nil), (*Batch)(nil), (*Box)(nil), (*Truck)(nil)} {
		if _, err := tx.NewUpdate().Model(model).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
