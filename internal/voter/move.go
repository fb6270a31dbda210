package voter

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets rounds, meetings and petitions follow the unit that gathered them into its successor, and letters the body that
// must answer them; it implements orgunit.Mover. The places where voters were met stay written down as they were.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about voter petitions.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the items that would move from each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	counts, err := m.s.store.countOf(ctx, m.s.DB.Read(), from)
	if err != nil {
		return nil, err
	}
	var out []orgunit.MoveLine
	for _, unit := range from {
		if n := counts[unit]; n > 0 {
			out = append(out, orgunit.MoveLine{UnitID: unit, Key: "voter.move.items", Count: n})
		}
	}
	return out, nil
}

// Move hands everything over inside the reorganisation's transaction. A second run finds none left.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	return m.s.store.move(ctx, tx, from, to)
}

func (store) countOf(ctx context.Context, q bun.IDB, units []string) (map[string]int, error) {
	out := map[string]int{}
	if len(units) == 0 {
		return out, nil
	}
	var rows []struct {
		UnitID string `bun:"unit_id"`
		N      int    `bun:"c"`
	}
	err := q.NewSelect().Model((*Item)(nil)).Column("unit_id").ColumnExpr("count(*) AS c").Where("unit_id IN (?)", bun.In(units)).Group("unit_id").Scan(ctx, &rows)
	for _, r := range rows {
		out[r.UnitID] = r.N
	}
	return out, err
}

func (store) move(ctx context.Context, tx db.Tx, from, to string) error {
	for _, model := range []any{(*Round)(nil), (*Meeting)(nil), (*Item)(nil)} {
		if _, err := tx.NewUpdate().Model(model).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx); err != nil {
			return err
		}
	}
	if _, err := tx.NewUpdate().Model((*Item)(nil)).Set("body_unit_id = ?", to).Where("body_unit_id = ?", from).Exec(ctx); err != nil {
		return err
	}
	return moveLetters(ctx, tx, from, to)
}

// moveLetters gives letters to the successor; where it has one of the same round and body, the moved one takes the next serial.
func moveLetters(ctx context.Context, tx bun.IDB, from, to string) error {
	var list []Letter
	if err := tx.NewSelect().Model(&list).Where("unit_id = ?", from).WhereOr("body_unit_id = ?", from).Order("sent_on", "id").Scan(ctx); err != nil {
		return err
	}
	for _, l := range list {
		if l.UnitID == from {
			l.UnitID = to
		}
		if l.BodyUnitID == from {
			l.BodyUnitID = to
		}
		var err error
		if l.Serial, err = (store{}).serial(ctx, tx, l); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(&l).WherePK().Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
