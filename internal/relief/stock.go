package relief

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Place names are texts. Warehouses, boxes and transfers under way hold goods; what lies outside is named only as where goods
// came from or went.
const (
	placeWarehouse = "kho:"
	placeBox       = "thung:"
	placeWay       = "duong:" // transfer under way, by slip

	outsideGiver = "ngoai:nguoi-gop" // came in
	outsideGiven = "ngoai:da-phat"   // reached a household or group
	outsideLost  = "ngoai:hao-hut"   // spoiled, lost, counted short
	outsideFound = "ngoai:kiem-thua" // counted over
)

// WarehousePlace names the place of a warehouse in the book.
func WarehousePlace(warehouseID string) string { return placeWarehouse + warehouseID }

// BoxPlace names the place of a box in the book.
func BoxPlace(boxID string) string { return placeBox + boxID }

func holds(place string) bool { return !strings.HasPrefix(place, "ngoai:") }

// Lot is goods of one item, one use-by date and one unit value.
type Lot struct {
	bun.BaseModel `bun:"table:relief_lot,alias:l"`

	ID        string `bun:",pk"`
	ItemID    string
	Expires   clock.Date // "": does not spoil
	UnitValue money.VND
}

// Movement is one line of the book.
type Movement struct {
	bun.BaseModel `bun:"table:relief_movement,alias:m"`

	ID        string `bun:",pk"`
	SlipID    string
	BoxID     string
	ItemID    string
	LotID     string
	FromPlace string
	ToPlace   string
	Qty       int64
	Value     money.VND
	Note      string
	At        time.Time
}

// Stock is what lies in one place of one lot.
type Stock struct {
	bun.BaseModel `bun:"table:relief_stock,alias:st"`

	Place  string `bun:",pk"`
	LotID  string `bun:",pk"`
	ItemID string
	Qty    int64

	Lot  Lot  `bun:"-"`
	Item Item `bun:"-"`
}

// Value of the goods, from their lot.
func (s Stock) Value() money.VND { return money.VND(s.Qty) * s.Lot.UnitValue }

// move writes one movement and both its ends. A place that would fall below nothing refuses with a conflict.
func (st store) move(ctx context.Context, tx db.Tx, m Movement) error {
	if holds(m.FromPlace) {
		res, err := tx.NewUpdate().Model((*Stock)(nil)).Set("qty = qty - ?", m.Qty).Where("place = ?", m.FromPlace).Where("lot_id = ?", m.LotID).
			Where("qty >= ?", m.Qty).Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			if err != nil {
				return err
			}
			item, err := st.item(ctx, tx, m.ItemID)
			if err != nil {
				return err
			}
			return conflict("relief.stock.short").With("Item", item.Name).With("Qty", m.Qty).With("Measure", item.Measure)
		}
	}
	if holds(m.ToPlace) {
		row := Stock{Place: m.ToPlace, LotID: m.LotID, ItemID: m.ItemID, Qty: m.Qty}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (place, lot_id) DO UPDATE").Set("qty = st.qty + EXCLUDED.qty").Exec(ctx); err != nil {
			return err
		}
	}
	m.ID = id.New()
	return st.insert(ctx, tx, &m)
}

// lot finds or makes the lot of goods that need not be told apart.
func (st store) lot(ctx context.Context, tx db.Tx, l Lot) (Lot, error) {
	l.ID = id.New()
	if _, err := tx.NewInsert().Model(&l).On("CONFLICT (item_id, expires, unit_value) DO NOTHING").Exec(ctx); err != nil {
		return l, err
	}
	var out Lot
	return out, one(ctx, tx.NewSelect().Model(&out).Where("l.item_id = ?", l.ItemID).Where("l.expires = ?", l.Expires).Where("l.unit_value = ?", l.UnitValue), &out, "relief.stock.no_lot")
}

// pick chooses lots of an item at a place, what spoils first first, until qty is reached. What has passed its day is taken
// only when spoiled says so. The place must be locked.
func (st store) pick(ctx context.Context, tx db.Tx, place, itemID string, qty int64, today clock.Date, spoiled bool) ([]Stock, error) {
	list, err := st.lying(ctx, tx, place, itemID)
	if err != nil {
		return nil, err
	}
	var out []Stock
	left := qty
	for _, s := range list {
		if left == 0 {
			break
		}
		if !spoiled && ExpiryTone(s.Lot.Expires, today) == "late" {
			continue
		}
		s.Qty = min(s.Qty, left)
		left -= s.Qty
		out = append(out, s)
	}
	if left > 0 {
		item, err := st.item(ctx, tx, itemID)
		if err != nil {
			return nil, err
		}
		return nil, conflict("relief.stock.short").With("Item", item.Name).With("Qty", qty).With("Measure", item.Measure)
	}
	return out, nil
}

// lying reads what lies in a place, of one item or ("") of all, what spoils first first.
func (st store) lying(ctx context.Context, q bun.IDB, place, itemID string) ([]Stock, error) {
	var rows []struct {
		Stock
		Expires   clock.Date
		UnitValue money.VND
	}
	sel := q.NewSelect().Model((*Stock)(nil)).Join("JOIN relief_lot AS l ON l.id = st.lot_id").Join("JOIN relief_item AS i ON i.id = st.item_id").
		ColumnExpr("st.place, st.lot_id, st.item_id, st.qty, l.expires, l.unit_value").Where("st.place = ?", place).Where("st.qty > 0").
		Order("i.folded", "i.id").OrderExpr("CASE WHEN l.expires = '' THEN 1 ELSE 0 END").Order("l.expires", "l.id")
	if itemID != "" {
		sel = sel.Where("st.item_id = ?", itemID)
	}
	if err := sel.Scan(ctx, &rows); err != nil {
		return nil, err
	}
	out := make([]Stock, len(rows))
	for i, r := range rows {
		out[i] = r.Stock
		out[i].Lot = Lot{ID: r.LotID, ItemID: r.ItemID, Expires: r.Expires, UnitValue: r.UnitValue}
	}
	return out, nil
}

// named fills in the items.
func (st store) named(ctx context.Context, q bun.IDB, list []Stock) error {
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.ItemID
	}
	items, err := st.itemsByID(ctx, q, ids)
	for i := range list {
		list[i].Item = items[list[i].ItemID]
	}
	return err
}

// StockOf lists what lies in a warehouse, by name and use-by day.
func (s *Service) StockOf(ctx context.Context, a identity.Actor, warehouseID string) ([]Stock, error) {
	w, err := s.Warehouse(ctx, a, warehouseID)
	if err != nil {
		return nil, err
	}
	list, err := s.store.lying(ctx, s.DB.Read(), WarehousePlace(w.ID), "")
	if err != nil {
		return nil, err
	}
	return list, s.store.named(ctx, s.DB.Read(), list)
}

// Expiring lists what spoils within two weeks or has spoiled in the warehouses of the actor's units, the nearest first. Place
// is the warehouse's place.
func (s *Service) Expiring(ctx context.Context, a identity.Actor) ([]Stock, error) {
	list, err := s.Warehouses(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []Stock
	for _, w := range list {
		lying, err := s.store.lying(ctx, s.DB.Read(), WarehousePlace(w.ID), "")
		if err != nil {
			return nil, err
		}
		for _, x := range lying {
			if ExpiryTone(x.Lot.Expires, s.Today()) != "" {
				out = append(out, x)
			}
		}
	}
	return out, s.store.named(ctx, s.DB.Read(), out)
}

// Audit is the check of the book: every place that holds goods against the sum of its movements, and the values.
type Audit struct {
	Places int
	Wrong  []string  // places whose stock is not the sum of their movements, or below nothing
	In     money.VND // came in, and was found when counting
	Lying  money.VND // lies in warehouses, boxes and transfers
	Given  money.VND // reached people
	Lost   money.VND
}

// Balanced tells whether everything that came in is somewhere.
func (x Audit) Balanced() bool { return len(x.Wrong) == 0 && x.In == x.Lying+x.Given+x.Lost }

// CheckBook adds up all movements anew and compares them with what is kept beside them.
func (s *Service) CheckBook(ctx context.Context, a identity.Actor) (Audit, error) {
	if _, err := s.roots(a, ActionSee); err != nil && a.Kind != identity.ActorSystem {
		return Audit{}, err
	}
	return s.store.audit(ctx, s.DB.Read())
}

func (store) audit(ctx context.Context, q bun.IDB) (Audit, error) {
	var out Audit
	var sums []struct {
		Place, LotID string
		Qty          int64
	}
	err := q.NewRaw(`SELECT place, lot_id, sum(qty) AS qty FROM (
		SELECT to_place AS place, lot_id, qty FROM relief_movement UNION ALL SELECT from_place, lot_id, -qty FROM relief_movement) AS x
		WHERE place NOT LIKE 'ngoai:%' GROUP BY place, lot_id`).Scan(ctx, &sums)
	if err != nil {
		return out, err
	}
	var kept []Stock
	if err := q.NewSelect().Model(&kept).Scan(ctx); err != nil {
		return out, err
	}
	have := map[string]int64{}
	for _, k := range kept {
		have[k.Place+" "+k.LotID] = k.Qty
	}
	for _, x := range sums {
		key := x.Place + " " + x.LotID
		if have[key] != x.Qty || x.Qty < 0 {
			out.Wrong = append(out.Wrong, key)
		}
		delete(have, key)
		out.Places++
	}
	for key, n := range have {
		if n != 0 {
			out.Wrong = append(out.Wrong, key)
		}
	}
	err = q.NewRaw(`SELECT coalesce(sum(CASE WHEN from_place IN (?0, ?1) THEN value ELSE 0 END), 0) - coalesce(sum(CASE WHEN to_place IN (?0, ?1) THEN value ELSE 0 END), 0),
		coalesce(sum(CASE WHEN to_place = ?2 THEN value WHEN from_place = ?2 THEN -value ELSE 0 END), 0),
		coalesce(sum(CASE WHEN to_place = ?3 THEN value WHEN from_place = ?3 THEN -value ELSE 0 END), 0) FROM relief_movement`,
		outsideGiver, outsideFound, outsideGiven, outsideLost).Scan(ctx, &out.In, &out.Given, &out.Lost)
	if err != nil {
		return out, err
	}
	err = q.NewRaw(`SELECT coalesce(sum(s.qty * l.unit_value), 0) FROM relief_stock AS s JOIN relief_lot AS l ON l.id = s.lot_id`).Scan(ctx, &out.Lying)
	return out, err
}
