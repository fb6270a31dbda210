package relief

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// store is the feature's SQL; it holds nothing.
type store struct{}

// one reads a single row by id; a missing one is a NotFound fault with the key.
func one[T any](ctx context.Context, q *bun.SelectQuery, row *T, key string) error {
	err := q.Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return notFound(key)
	}
	return err
}

// insert writes a new row.
func (store) insert(ctx context.Context, q bun.IDB, row any) error {
	_, err := q.NewInsert().Model(row).Exec(ctx)
	return err
}

// update writes the named columns of a row back.
func (store) update(ctx context.Context, q bun.IDB, row any, columns ...string) error {
	_, err := q.NewUpdate().Model(row).Column(columns...).WherePK().Exec(ctx)
	return err
}

// like makes a LIKE pattern that finds the folded words of a text in their order.
func like(text string) string {
	words := strings.Fields(vntext.Fold(text))
	for i, w := range words {
		words[i] = strings.NewReplacer("%", "", "_", "").Replace(w)
	}
	return "%" + strings.Join(words, "%") + "%"
}

// page limits a query to one page; per 0 gives everything.
func page(q *bun.SelectQuery, n, per int) *bun.SelectQuery {
	if per <= 0 {
		return q
	}
	return q.Limit(int64(per)).Offset(int64(max(n, 1)-1) * int64(per))
}

// ItemQuery narrows the catalogue.
type ItemQuery struct {
	Text      string // without marks
	Kind      ItemKind
	All       bool // those no longer used too
	Page, Per int
}

func (store) items(ctx context.Context, q bun.IDB, f ItemQuery) ([]Item, int, error) {
	var list []Item
	sel := q.NewSelect().Model(&list).Order("i.folded", "i.id")
	if f.Text != "" {
		sel = sel.Where("i.folded LIKE ? OR i.code = ?", like(f.Text), strings.ToUpper(f.Text))
	}
	if f.Kind != "" {
		sel = sel.Where("i.kind = ?", f.Kind)
	}
	if !f.All {
		sel = sel.Where("i.active = ?", true)
	}
	n, err := page(sel, f.Page, f.Per).ScanAndCount(ctx)
	return list, int(n), err
}

// itemsByID reads items into a map; ids nil reads all.
func (store) itemsByID(ctx context.Context, q bun.IDB, ids []string) (map[string]Item, error) {
	var list []Item
	sel := q.NewSelect().Model(&list)
	if ids != nil {
		if len(ids) == 0 {
			return map[string]Item{}, nil
		}
		sel = sel.Where("i.id IN (?)", bun.In(ids))
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]Item, len(list))
	for _, i := range list {
		out[i.ID] = i
	}
	return out, nil
}

func (store) item(ctx context.Context, q bun.IDB, id string) (Item, error) {
	var i Item
	return i, one(ctx, q.NewSelect().Model(&i).Where("i.id = ?", id), &i, "relief.item.not_found")
}

// NeedQuery narrows the list of needs.
type NeedQuery struct {
	Text      string // item, unit or place, without marks
	UnitID    string // of this unit and those below
	State     NeedState
	Urgency   Urgency
	View      string // "": open ones; ViewStale, ViewWaits, ViewAll
	Page, Per int
}

// The views of the list of needs.
const (
	ViewStale = "cu"  // open and not confirmed for 48 hours
	ViewWaits = "cho" // not covered for 48 hours
	ViewAll   = "tat-ca"
)

var openNeeds = []NeedState{NeedOpen, NeedPartial, NeedCovered}

func (st store) needs(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f NeedQuery, units []string, now moment) ([]Need, int, error) {
	var list []Need
	sel := orgunit.Within(q.NewSelect().Model(&list), "n.unit_id", roots, on).Join("JOIN relief_item AS i ON i.id = n.item_id")
	switch {
	case f.State != "":
		sel = sel.Where("n.state = ?", f.State)
	case f.View == ViewStale:
		sel = sel.Where("n.state IN (?)", bun.In(openNeeds)).Where("n.confirmed_at < ?", now.stale)
	case f.View == ViewWaits:
		sel = sel.Where("n.state IN (?)", bun.In([]NeedState{NeedOpen, NeedPartial})).Where("n.opened_at < ?", now.stale)
	case f.View != ViewAll:
		sel = sel.Where("n.state IN (?)", bun.In(append([]NeedState{NeedDraft}, openNeeds...)))
	}
	if f.Urgency != "" {
		sel = sel.Where("n.urgency = ?", f.Urgency)
	}
	if f.Text != "" {
		sel = sel.WhereGroup(" AND ", func(w *bun.SelectQuery) *bun.SelectQuery {
			w = w.Where("i.folded LIKE ?", like(f.Text))
			if len(units) > 0 {
				w = w.WhereOr("n.unit_id IN (?)", bun.In(units))
			}
			return w
		})
	}
	if f.UnitID != "" {
		sel = orgunit.Within(sel, "n.unit_id", []string{f.UnitID}, on)
	}
	n, err := page(sel.OrderExpr(urgentFirst).Order("n.opened_at", "n.id"), f.Page, f.Per).ScanAndCount(ctx)
	if err != nil {
		return nil, 0, err
	}
	return list, int(n), st.withItems(ctx, q, list)
}

const urgentFirst = "CASE n.urgency WHEN 'now' THEN 0 WHEN 'soon' THEN 1 ELSE 2 END"

// withItems fills in the item of each need.
func (st store) withItems(ctx context.Context, q bun.IDB, list []Need) error {
	ids := make([]string, len(list))
	for i, n := range list {
		ids[i] = n.ItemID
	}
	items, err := st.itemsByID(ctx, q, ids)
	for i := range list {
		list[i].Item = items[list[i].ItemID]
	}
	return err
}

// openNeeds reads the needs that are open, of one item or ("") of all, the most urgent first.
func (st store) openNeeds(ctx context.Context, q bun.IDB, itemID string) ([]Need, error) {
	var list []Need
	sel := q.NewSelect().Model(&list).Where("n.state IN (?)", bun.In(openNeeds)).OrderExpr(urgentFirst).Order("n.opened_at", "n.id")
	if itemID != "" {
		sel = sel.Where("n.item_id = ?", itemID)
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, err
	}
	return list, st.withItems(ctx, q, list)
}

// need reads one; in a transaction it is kept from others until the end.
func (st store) need(ctx context.Context, q bun.IDB, id string) (Need, error) {
	var n Need
	sel := q.NewSelect().Model(&n).Where("n.id = ?", id)
	if tx, ok := q.(db.Tx); ok {
		sel = tx.ForUpdate(sel)
	}
	if err := one(ctx, sel, &n, "relief.need.not_found"); err != nil {
		return n, err
	}
	item, err := st.item(ctx, q, n.ItemID)
	n.Item = item
	return n, err
}

func (store) avoids(ctx context.Context, q bun.IDB, units []string) ([]Avoid, error) {
	var list []Avoid
	sel := q.NewSelect().Model(&list).Order("a.created_at", "a.id")
	if units != nil {
		if len(units) == 0 {
			return nil, nil
		}
		sel = sel.Where("a.unit_id IN (?)", bun.In(units))
	}
	return list, sel.Scan(ctx)
}
