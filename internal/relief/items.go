package relief

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Items lists the catalogue for those who work with relief.
func (s *Service) Items(ctx context.Context, a identity.Actor, q ItemQuery) ([]Item, int, error) {
	if _, err := s.roots(a, ActionSee); err != nil {
		if _, err2 := s.roots(a, ActionNeed); err2 != nil {
			return nil, 0, err
		}
	}
	return s.store.items(ctx, s.DB.Read(), q)
}

// PublicItems lists the goods that may be offered, by name.
func (s *Service) PublicItems(ctx context.Context) ([]Item, error) {
	list, _, err := s.store.items(ctx, s.DB.Read(), ItemQuery{})
	return list, err
}

// SaveItem adds an item (without id) or changes one. Its measure stays once there are goods or needs of it: 60 of one measure
// must not become 60 of another.
func (s *Service) SaveItem(ctx context.Context, a identity.Actor, i Item) (Item, error) {
	roots, err := s.roots(a, ActionItems)
	if err != nil {
		return i, err
	}
	if err := i.check(); err != nil {
		return i, err
	}
	i.UpdatedAt, i.UpdatedBy = s.Clock.Now(), a.ID
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if i.ID == "" {
			i.ID, i.Active = id.New(), true
			if err := s.store.insert(ctx, tx, &i); err != nil {
				return itemTaken(err)
			}
			return s.trace(ctx, tx, a, roots[0], "relief.item_added", "Item", i.ID, "code", i.Code)
		}
		old, err := s.store.item(ctx, tx, i.ID)
		if err != nil {
			return err
		}
		if old.Measure != i.Measure {
			used, err := s.store.itemUsed(ctx, tx, i.ID)
			if err != nil {
				return err
			}
			if used {
				return fault.Field("measure", "relief.item.measure_used").With("Measure", old.Measure)
			}
		}
		if err := s.store.update(ctx, tx, &i, "code", "name", "folded", "measure", "kind", "unit_value", "shelf_days", "active", "updated_at", "updated_by"); err != nil {
			return itemTaken(err)
		}
		return s.trace(ctx, tx, a, roots[0], "relief.item_changed", "Item", i.ID, "code", i.Code)
	})
	return i, err
}

func itemTaken(err error) error {
	if db.IsUnique(err) {
		return fault.Field("code", "relief.item.code_taken")
	}
	return err
}
