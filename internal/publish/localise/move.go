package localise

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets local parts whose window is open, and offers that nobody has decided, follow a unit into its successor; it
// implements orgunit.Mover. What is over keeps the name of the unit that did it.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about local parts and offers.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the parts and offers that would move from each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	var out []orgunit.MoveLine
	for _, unit := range from {
		parts, offers, err := m.s.store.unfinished(ctx, m.s.DB.Read(), unit, m.s.Clock.Now())
		if err != nil {
			return nil, err
		}
		if len(parts) > 0 {
			out = append(out, orgunit.MoveLine{UnitID: unit, Key: "localise.move.parts", Count: len(parts)})
		}
		if len(offers) > 0 {
			out = append(out, orgunit.MoveLine{UnitID: unit, Key: "localise.move.offers", Count: len(offers)})
		}
	}
	return out, nil
}

// Move hands them over inside the transaction of the reorganisation. Where the successor has a part of its own for the same
// post, or the same post was offered to it, that one stands and the other is left behind. A second run finds none left.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	now := m.s.Clock.Now()
	parts, offers, err := m.s.store.unfinished(ctx, tx, from, now)
	if err != nil {
		return err
	}
	for _, p := range parts {
		free, err := m.s.store.inherit(ctx, tx, p, to, now)
		if err != nil {
			return err
		}
		if free {
			if err := m.s.store.addStep(ctx, tx, Step{ID: id.New(), PostID: p.PostID, UnitID: to, At: now, What: "inherit"}); err != nil {
				return err
			}
		}
	}
	for _, o := range offers {
		if err := m.s.store.passOn(ctx, tx, o, from, to); err != nil {
			return err
		}
	}
	return m.s.store.passWindows(ctx, tx, from, to, now)
}

// unfinished lists a unit's parts whose window is open, and the open offers that it has made or was made.
func (store) unfinished(ctx context.Context, q bun.IDB, unitID string, now time.Time) ([]partRow, []offerRow, error) {
	var parts []partRow
	err := q.NewSelect().Model(&parts).Where("p.unit_id = ?", unitID).Where("EXISTS (SELECT 1 FROM localise_window w WHERE w.post_id = p.post_id AND w.until > ?)", now).Order("p.post_id").Scan(ctx)
	if err != nil {
		return nil, nil, err
	}
	var offers []offerRow
	err = q.NewSelect().Model(&offers).Where("(o.from_unit = ? OR o.to_unit = ?)", unitID, unitID).Where("o.state = ?", OfferOpen).Order("o.id").Scan(ctx)
	return parts, offers, err
}

// inherit gives a part to another unit, unless that has one for the post.
func (store) inherit(ctx context.Context, tx db.Tx, p partRow, to string, now time.Time) (bool, error) {
	taken, err := tx.NewSelect().Model((*partRow)(nil)).Where("post_id = ?", p.PostID).Where("unit_id = ?", to).Exists(ctx)
	if err != nil || taken {
		return false, err
	}
	_, err = tx.NewUpdate().Model((*partRow)(nil)).Set("unit_id = ?", to).Set("rev = rev + 1").Set("updated_at = ?", now).Where("post_id = ?", p.PostID).Where("unit_id = ?", p.UnitID).Exec(ctx)
	return err == nil, err
}

// passOn puts the successor in the place of a unit in an offer.
func (store) passOn(ctx context.Context, tx db.Tx, o offerRow, from, to string) error {
	if o.FromUnit == from {
		o.FromUnit = to
	}
	if o.ToUnit == from {
		taken, err := tx.NewSelect().Model((*offerRow)(nil)).Where("post_id = ?", o.PostID).Where("to_unit = ?", to).Exists(ctx)
		if err != nil || taken {
			return err
		}
		o.ToUnit = to
	}
	_, err := tx.NewUpdate().Model(&o).Column("from_unit", "to_unit").WherePK().Exec(ctx)
	return err
}

// passWindows gives the open windows of a unit's posts to the successor, as the posts themselves go there.
func (store) passWindows(ctx context.Context, tx db.Tx, from, to string, now time.Time) error {
	_, err := tx.NewUpdate().Model((*windowRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Where("until > ?", now).Exec(ctx)
	return err
}
