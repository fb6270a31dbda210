package subscription

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets topics follow a unit into its successor; it implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about readers.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the topics of each unit.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	if len(from) == 0 {
		return nil, nil
	}
	var rows []struct {
		UnitID string
		N      int
	}
	err := m.s.DB.Read().NewSelect().TableExpr("subscription_topic AS t").ColumnExpr("t.unit_id").ColumnExpr("COUNT(*) AS n").
		Where("t.unit_id IN (?)", bun.In(from)).GroupExpr("t.unit_id").OrderExpr("t.unit_id").Scan(ctx, &rows)
	var out []orgunit.MoveLine
	for _, r := range rows {
		out = append(out, orgunit.MoveLine{UnitID: r.UnitID, Key: "subscription.move.items", Count: r.N})
	}
	return out, err
}

// Move gives the topics of a unit to its successor inside the reorganisation's transaction; where a reader has the
// successor's already, one is enough.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	_, err := tx.NewDelete().Model((*topicRow)(nil)).Where("t.unit_id = ?", from).
		Where("EXISTS (SELECT 1 FROM subscription_topic AS o WHERE o.unit_id = ? AND o.reader_id = t.reader_id AND o.kind = t.kind AND o.category = t.category)", to).Exec(ctx)
	if err != nil {
		return err
	}
	if _, err = tx.NewUpdate().Model((*topicRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*thingRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx)
	return err
}
