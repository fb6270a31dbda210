package relief

import (
	"context"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

func itoa(n int) string { return strconv.Itoa(n) }

type numberRow struct {
	bun.BaseModel `bun:"table:relief_number,alias:nr"`

	WarehouseID string   `bun:",pk"`
	Kind        SlipKind `bun:",pk"`
	Year        int      `bun:",pk"`
	Last        int64
}

// nextNumber gives the next number of a warehouse's slips of a kind in a year; none is left out and none comes twice.
func (store) nextNumber(ctx context.Context, tx db.Tx, warehouseID string, k SlipKind, year int) (int64, error) {
	row := numberRow{WarehouseID: warehouseID, Kind: k, Year: year, Last: 1}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (warehouse_id, kind, year) DO UPDATE").Set("last = nr.last + 1").Returning("last").Exec(ctx)
	return row.Last, err
}

func (st store) slip(ctx context.Context, q bun.IDB, id string) (Slip, error) {
	var s Slip
	sel := q.NewSelect().Model(&s).Where("s.id = ?", id)
	if tx, ok := q.(db.Tx); ok {
		sel = tx.ForUpdate(sel)
	}
	if err := one(ctx, sel, &s, "relief.slip.not_found"); err != nil {
		return s, err
	}
	w, err := st.warehouse(ctx, q, s.WarehouseID)
	s.WarehouseCode = w.Code
	return s, err
}

func (st store) slipBySource(ctx context.Context, q bun.IDB, source string) (Slip, error) {
	var s Slip
	if err := one(ctx, q.NewSelect().Model(&s).Where("s.source = ?", source), &s, "relief.slip.not_found"); err != nil {
		return s, err
	}
	w, err := st.warehouse(ctx, q, s.WarehouseID)
	s.WarehouseCode = w.Code
	return s, err
}

func (st store) slips(ctx context.Context, q bun.IDB, f SlipQuery) ([]Slip, int, error) {
	var list []Slip
	sel := q.NewSelect().Model(&list).WhereGroup(" AND ", func(w *bun.SelectQuery) *bun.SelectQuery {
		return w.Where("s.warehouse_id = ?", f.WarehouseID).WhereOr("s.to_id = ? AND s.state = ?", f.WarehouseID, SlipUnderWay)
	})
	if f.Kind != "" {
		sel = sel.Where("s.kind = ?", f.Kind)
	}
	if f.Text != "" {
		sel = sel.Where("s.folded LIKE ?", like(f.Text))
	}
	n, err := page(sel.Order("s.created_at DESC", "s.id DESC"), f.Page, f.Per).ScanAndCount(ctx)
	if err != nil {
		return nil, 0, err
	}
	codes := map[string]string{}
	for i := range list {
		at := list[i].WarehouseID
		if _, ok := codes[at]; !ok {
			w, err := st.warehouse(ctx, q, at)
			if err != nil {
				return nil, 0, err
			}
			codes[at] = w.Code
		}
		list[i].WarehouseCode = codes[at]
	}
	return list, int(n), nil
}

func (store) movements(ctx context.Context, q bun.IDB, slipID string) ([]Movement, error) {
	var list []Movement
	return list, q.NewSelect().Model(&list).Where("m.slip_id = ?", slipID).Order("m.id").Scan(ctx)
}

// lines names what moved.
func (st store) lines(ctx context.Context, q bun.IDB, moves []Movement) ([]SlipLine, error) {
	if len(moves) == 0 {
		return nil, nil
	}
	var lotIDs, itemIDs []string
	for _, m := range moves {
		lotIDs, itemIDs = append(lotIDs, m.LotID), append(itemIDs, m.ItemID)
	}
	items, err := st.itemsByID(ctx, q, itemIDs)
	if err != nil {
		return nil, err
	}
	var lots []Lot
	if err := q.NewSelect().Model(&lots).Where("l.id IN (?)", bun.In(lotIDs)).Scan(ctx); err != nil {
		return nil, err
	}
	byID := map[string]Lot{}
	for _, l := range lots {
		byID[l.ID] = l
	}
	out := make([]SlipLine, len(moves))
	for i, m := range moves {
		out[i] = SlipLine{Movement: m, Item: items[m.ItemID], Lot: byID[m.LotID]}
	}
	return out, nil
}

// incoming reads the transfers on their way to the warehouses.
func (store) incoming(ctx context.Context, q bun.IDB, ids []string) ([]Slip, error) {
	var list []Slip
	return list, q.NewSelect().Model(&list).Where("s.state = ?", SlipUnderWay).Where("s.to_id IN (?)", bun.In(ids)).Order("s.created_at").Limit(50).Scan(ctx)
}
