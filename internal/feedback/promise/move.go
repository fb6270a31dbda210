package promise

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets promises follow the unit that made them into its successor, which owes them now; it implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about promises.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the promises of each unit that are still owed.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	var rows []struct {
		UnitID string
		N      int
	}
	if len(from) == 0 {
		return nil, nil
	}
	err := m.s.DB.Read().NewSelect().TableExpr("promise_item AS p").ColumnExpr("p.unit_id").ColumnExpr("COUNT(*) AS n").
		Where("p.unit_id IN (?)", bun.In(from)).Where("p.state = ?", string(StateOpen)).GroupExpr("p.unit_id").OrderExpr("p.unit_id").Scan(ctx, &rows)
	var out []orgunit.MoveLine
	for _, r := range rows {
		out = append(out, orgunit.MoveLine{UnitID: r.UnitID, Key: "promise.move.items", Count: r.N})
	}
	return out, err
}

// Move gives the promises of a unit to its successor inside the reorganisation's transaction.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	_, err := tx.NewUpdate().Model((*itemRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx)
	return err
}
