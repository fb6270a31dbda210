package relief

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Warehouse is a place of a unit where relief goods lie, from a provincial store to the yard of a commune's house of culture.
type Warehouse struct {
	bun.BaseModel `bun:"table:relief_warehouse,alias:w"`

	ID        string `bun:",pk"`
	UnitID    string
	Code      string // stands in the numbers of its slips: "VH1"
	Name      string
	Folded    string
	Address   string
	Hours     string // "7 giờ – 21 giờ"
	Phone     string // of the office, shown to everybody
	Takes     bool   // people may bring goods here: shown on the public page
	Active    bool
	CreatedAt time.Time
}

func (w *Warehouse) check() error {
	var bad fault.Fields
	w.Name, w.Address, w.Hours, w.Phone = tidy(w.Name), tidy(w.Address), tidy(w.Hours), tidy(w.Phone)
	w.Code = strings.ToUpper(vntext.Fold(tidy(w.Code)))
	w.Folded = vntext.Fold(w.Name)
	bad.Check(w.UnitID != "", "unit", "relief.need.no_unit")
	bad.Check(codeShape.MatchString(w.Code), "code", "relief.item.bad_code")
	bad.Check(w.Name != "" && vntext.Length(w.Name) <= maxName, "name", "relief.warehouse.bad_name")
	bad.Check(w.Address != "" && vntext.Length(w.Address) <= maxName, "address", "relief.warehouse.bad_address")
	bad.Check(vntext.Length(w.Hours) <= maxName && vntext.Length(w.Phone) <= 30, "hours", "relief.too_long")
	return bad.OrNil()
}

// SaveWarehouse opens a warehouse (without id) or changes one; its unit stays.
func (s *Service) SaveWarehouse(ctx context.Context, a identity.Actor, w Warehouse) (Warehouse, error) {
	if _, err := s.roots(a, ActionStore); err != nil {
		return w, err
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		act := "relief.warehouse_opened"
		if w.ID != "" {
			old, err := s.store.warehouse(ctx, tx, w.ID)
			if err != nil {
				return err
			}
			w.UnitID, w.CreatedAt, act = old.UnitID, old.CreatedAt, "relief.warehouse_changed"
		}
		if err := w.check(); err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionStore, identity.InUnit(w.UnitID)); err != nil {
			return err
		}
		var err error
		if w.ID == "" {
			w.ID, w.Active, w.CreatedAt = id.New(), true, s.Clock.Now()
			err = s.store.insert(ctx, tx, &w)
		} else {
			err = s.store.update(ctx, tx, &w, "code", "name", "folded", "address", "hours", "phone", "takes", "active")
		}
		if db.IsUnique(err) {
			return fault.Field("code", "relief.warehouse.code_taken")
		}
		if err != nil {
			return err
		}
		return s.trace(ctx, tx, a, w.UnitID, act, "Warehouse", w.ID, "code", w.Code)
	})
	return w, err
}

// Warehouses lists the warehouses of the actor's units and those below.
func (s *Service) Warehouses(ctx context.Context, a identity.Actor) ([]Warehouse, error) {
	roots, err := s.roots(a, ActionSee)
	if err != nil {
		return nil, err
	}
	var list []Warehouse
	sel := orgunit.Within(s.DB.Read().NewSelect().Model(&list), "w.unit_id", roots, s.Today()).Where("w.active = ?", true)
	return list, sel.Order("w.folded", "w.id").Scan(ctx)
}

// Destinations lists all warehouses to which goods may be sent: those of the whole house, for help goes sideways too. Only
// their names and addresses are told.
func (s *Service) Destinations(ctx context.Context, a identity.Actor) ([]Warehouse, error) {
	if _, err := s.roots(a, ActionStore); err != nil {
		return nil, err
	}
	var list []Warehouse
	return list, s.DB.Read().NewSelect().Model(&list).Where("w.active = ?", true).Order("w.folded", "w.id").Scan(ctx)
}

// Warehouse gives one to an official who may see it.
func (s *Service) Warehouse(ctx context.Context, a identity.Actor, warehouseID string) (Warehouse, error) {
	w, err := s.store.warehouse(ctx, s.DB.Read(), warehouseID)
	if err != nil {
		return w, s.hide(a, ActionSee, err)
	}
	return w, s.Authz.Check(a, ActionSee, identity.InUnit(w.UnitID))
}

func (store) warehouse(ctx context.Context, q bun.IDB, id string) (Warehouse, error) {
	var w Warehouse
	return w, one(ctx, q.NewSelect().Model(&w).Where("w.id = ?", id), &w, "relief.warehouse.not_found")
}

// points lists the warehouses that take goods from people.
func (store) points(ctx context.Context, q bun.IDB) ([]Warehouse, error) {
	var list []Warehouse
	return list, q.NewSelect().Model(&list).Where("w.takes = ?", true).Where("w.active = ?", true).Order("w.folded", "w.id").Scan(ctx)
}

// lockWarehouses keeps warehouses from other writers until the end of the transaction, in one order for everybody, so that
// two who need both never wait for each other.
func (store) lockWarehouses(ctx context.Context, tx db.Tx, ids ...string) (map[string]Warehouse, error) {
	var list []Warehouse
	sel := tx.NewSelect().Model(&list).Where("w.id IN (?)", bun.In(ids)).Order("w.id")
	if err := tx.ForUpdate(sel).Scan(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]Warehouse, len(list))
	for _, w := range list {
		out[w.ID] = w
	}
	for _, want := range ids {
		if _, ok := out[want]; !ok {
			return nil, notFound("relief.warehouse.not_found")
		}
	}
	return out, nil
}

// WarehouseNames gives the name of every warehouse by its id; where goods come from and go to is no secret.
func (s *Service) WarehouseNames(ctx context.Context) (map[string]string, error) {
	var list []Warehouse
	if err := s.DB.Read().NewSelect().Model(&list).Column("id", "name").Scan(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]string, len(list))
	for _, w := range list {
		out[w.ID] = w.Name
	}
	return out, nil
}
