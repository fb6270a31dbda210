package regulation

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover closes what a unit that is no more has set: the terms of those who answered for its channels end with it, and its
// regulation goes to the successor when that has none. It implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about the regulation.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the terms that would end in each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	var out []orgunit.MoveLine
	for _, unit := range from {
		list, err := m.s.store.members(ctx, m.s.DB.Read(), unit)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, x := range list {
			if x.Until == "" || x.Until >= m.s.today() {
				n++
			}
		}
		if n > 0 {
			out = append(out, orgunit.MoveLine{UnitID: unit, Key: "regulation.move.terms", Count: n})
		}
	}
	return out, nil
}

// Move does it inside the transaction of the reorganisation; the successor names its own people. A second run finds nothing.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, on clock.Date) error {
	list, err := m.s.store.members(ctx, tx, from)
	if err != nil {
		return err
	}
	last := on.AddDays(-1)
	for _, x := range list {
		if x.Until != "" && x.Until <= last {
			continue
		}
		x.Until = max(last, x.From)
		if _, err := tx.NewUpdate().Model(&x).Column("until").WherePK().Exec(ctx); err != nil {
			return err
		}
	}
	taken, err := tx.NewSelect().Model((*ruleRow)(nil)).Where("unit_id = ?", to).Exists(ctx)
	if err != nil {
		return err
	}
	if taken {
		_, err = tx.NewDelete().Model((*ruleRow)(nil)).Where("unit_id = ?", from).Exec(ctx)
		return err
	}
	_, err = tx.NewUpdate().Model((*ruleRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx)
	return err
}
