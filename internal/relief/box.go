package relief

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// BoxState is where a box is in its life.
type BoxState string

// The life of a box: its label is printed, it is packed, loaded and received; or it is given up.
const (
	BoxPlanned   BoxState = "planned"
	BoxPacked    BoxState = "packed"
	BoxLoaded    BoxState = "loaded"
	BoxReceived  BoxState = "received"
	BoxCancelled BoxState = "cancelled"
)

// BoxStates lists them in order.
var BoxStates = [...]BoxState{BoxPlanned, BoxPacked, BoxLoaded, BoxReceived, BoxCancelled}

// Box is one box with its code. Nobody's name is on it.
type Box struct {
	bun.BaseModel `bun:"table:relief_box,alias:b"`

	ID          string `bun:",pk"`
	Code        string // tracking code, in the QR of the label
	BatchID     string
	UnitID      string // of the warehouse it leaves
	WarehouseID string
	DestID      string // warehouse it goes to
	NeedID      string
	Ordinal     int
	Round       int // how often it was unpacked again
	State       BoxState
	TruckID     string
	PackedAt    time.Time `bun:",nullzero"`
	LoadedAt    time.Time `bun:",nullzero"`
	ReceivedAt  time.Time `bun:",nullzero"`
}

// Batch is boxes that were planned together and hold the same.
type Batch struct {
	bun.BaseModel `bun:"table:relief_batch,alias:ba"`

	ID          string `bun:",pk"`
	UnitID      string
	WarehouseID string
	DestID      string
	NeedID      string
	Name        string
	Boxes       int
	CreatedAt   time.Time
	CreatedBy   string

	By map[BoxState]int `bun:"-"` // how many boxes are in which state
}

// Packed is one line of a packing list: so much of the item in every box.
type Packed struct {
	bun.BaseModel `bun:"table:relief_packing,alias:p"`

	BatchID string `bun:",pk"`
	ItemID  string `bun:",pk"`
	Qty     int64

	Item Item `bun:"-"`
}

// PlanForm is a batch of boxes as it is typed.
type PlanForm struct {
	WarehouseID string
	DestID      string
	NeedID      string
	Name        string // "Suất cho 1 hộ 4 người, 5 ngày"
	Boxes       int
	Lines       []Line
	OfflineID   string
}

const maxBoxes = 500

func (f *PlanForm) check() error {
	var bad fault.Fields
	f.Name = tidy(f.Name)
	bad.Check(f.Name != "" && vntext.Length(f.Name) <= maxName, "name", "relief.box.bad_name")
	bad.Check(f.DestID != "" && f.DestID != f.WarehouseID, "to", "relief.slip.no_to")
	if f.Boxes < 1 || f.Boxes > maxBoxes {
		bad.Add(fault.Field("boxes", "relief.box.bad_count").With("Limit", maxBoxes))
	}
	if len(f.Lines) == 0 {
		bad.Add(fault.Field("item_1", "relief.slip.no_lines"))
	}
	seen := map[string]bool{}
	for i, l := range f.Lines {
		bad.Check(l.ItemID != "", "item_"+itoa(i+1), "relief.line.no_item")
		bad.Check(!seen[l.ItemID], "item_"+itoa(i+1), "relief.line.twice")
		bad.Check(l.Qty > 0 && l.Qty <= 10_000, "qty_"+itoa(i+1), "relief.line.bad_qty")
		seen[l.ItemID] = true
	}
	return bad.OrNil()
}

// PlanBoxes makes a batch of boxes with their codes, to be printed as labels. Goods leave the warehouse only when a box is
// packed. A need that is named sees the boxes as promised.
func (s *Service) PlanBoxes(ctx context.Context, a identity.Actor, f PlanForm) (Batch, error) {
	if _, err := s.roots(a, ActionStore); err != nil {
		return Batch{}, err
	}
	if err := f.check(); err != nil {
		return Batch{}, err
	}
	ba := Batch{ID: id.New(), WarehouseID: f.WarehouseID, DestID: f.DestID, NeedID: f.NeedID, Name: f.Name, Boxes: f.Boxes, CreatedAt: s.Clock.Now(), CreatedBy: a.ID}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		w, err := s.store.warehouse(ctx, tx, f.WarehouseID)
		if err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionStore, identity.InUnit(w.UnitID)); err != nil {
			return err
		}
		if _, err := s.store.warehouse(ctx, tx, f.DestID); err != nil {
			return fault.Field("to", "relief.slip.no_to").Because(err)
		}
		if err := s.mayMeet(ctx, tx, a, f.NeedID); err != nil {
			return err
		}
		ba.UnitID = w.UnitID
		if err := s.store.insert(ctx, tx, &ba); err != nil {
			return err
		}
		var perBox int64
		n, err := s.needItem(ctx, tx, f.NeedID)
		if err != nil {
			return err
		}
		for i, l := range f.Lines {
			if _, err := s.store.item(ctx, tx, l.ItemID); err != nil {
				return fault.Field("item_"+itoa(i+1), "relief.line.no_item").Because(err)
			}
			if err := s.store.insert(ctx, tx, &Packed{BatchID: ba.ID, ItemID: l.ItemID, Qty: l.Qty}); err != nil {
				return err
			}
			if l.ItemID == n {
				perBox = l.Qty
			}
		}
		boxes := make([]Box, f.Boxes)
		for i := range boxes {
			boxes[i] = Box{ID: id.New(), Code: id.NewCode(), BatchID: ba.ID, UnitID: w.UnitID, WarehouseID: w.ID, DestID: f.DestID, NeedID: f.NeedID, Ordinal: i + 1, State: BoxPlanned}
		}
		for part := range slices.Chunk(boxes, 100) {
			if err := s.store.insert(ctx, tx, &part); err != nil {
				return err
			}
		}
		if err := s.bump(ctx, tx, f.NeedID, perBox*int64(f.Boxes), 0); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, w.UnitID, "relief.boxes_planned", "Batch", ba.ID, "boxes", itoa(f.Boxes))
	})
	return ba, err
}

// needItem is the item that a need asks for; "" for no need.
func (s *Service) needItem(ctx context.Context, tx db.Tx, needID string) (string, error) {
	if needID == "" {
		return "", nil
	}
	n, err := s.store.need(ctx, tx, needID)
	return n.ItemID, err
}

// perBox is how much a box of the batch brings to its need.
func (s *Service) perBox(ctx context.Context, tx db.Tx, b Box) (int64, error) {
	item, err := s.needItem(ctx, tx, b.NeedID)
	if err != nil || item == "" {
		return 0, err
	}
	list, err := s.store.packing(ctx, tx, b.BatchID)
	if err != nil {
		return 0, err
	}
	for _, p := range list {
		if p.ItemID == item {
			return p.Qty, nil
		}
	}
	return 0, nil
}

// UndoBox gives a box that has not left up: what is in it goes back into the warehouse. Again says that it will be packed
// anew; otherwise it is given up for good.
func (s *Service) UndoBox(ctx context.Context, a identity.Actor, boxID string, again bool) error {
	if _, err := s.roots(a, ActionStore); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		b, err := s.store.box(ctx, tx, "id", boxID)
		if err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionStore, identity.InUnit(b.UnitID)); err != nil {
			return err
		}
		if b.State != BoxPlanned && b.State != BoxPacked || again && b.State == BoxPlanned {
			return conflict("relief.box.left_" + string(b.State))
		}
		if b.State == BoxPacked {
			if _, err := s.store.lockWarehouses(ctx, tx, b.WarehouseID); err != nil {
				return err
			}
			if err := s.empty(ctx, tx, b, WarehousePlace(b.WarehouseID)); err != nil {
				return err
			}
		}
		b.State, b.PackedAt, b.Round = BoxPlanned, time.Time{}, b.Round+1
		if !again {
			b.State = BoxCancelled
			per, err := s.perBox(ctx, tx, b)
			if err != nil {
				return err
			}
			if err := s.bump(ctx, tx, b.NeedID, -per, 0); err != nil {
				return err
			}
		}
		if err := s.store.saveBox(ctx, tx, b); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, b.UnitID, "relief.box_undone", "Box", b.ID, "state", string(b.State))
	})
}

// empty moves everything in a box to a place. The warehouses concerned are locked.
func (s *Service) empty(ctx context.Context, tx db.Tx, b Box, to string) error {
	lying, err := s.store.lying(ctx, tx, BoxPlace(b.ID), "")
	if err != nil {
		return err
	}
	for _, x := range lying {
		m := Movement{BoxID: b.ID, ItemID: x.ItemID, LotID: x.LotID, FromPlace: x.Place, ToPlace: to, Qty: x.Qty, Value: x.Value(), At: s.Clock.Now()}
		if err := s.store.move(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

// BatchQuery narrows the list of batches.
type BatchQuery struct {
	WarehouseID string
	Page, Per   int
}

// Batches lists the batches that leave the actor's warehouses or come to them, the latest first, with how far they are.
func (s *Service) Batches(ctx context.Context, a identity.Actor, q BatchQuery) ([]Batch, int, error) {
	roots, err := s.roots(a, ActionSee)
	if err != nil {
		return nil, 0, err
	}
	return s.store.batches(ctx, s.DB.Read(), roots, s.Today(), q)
}

// OpenBatch gives a batch with its packing list and its boxes.
func (s *Service) OpenBatch(ctx context.Context, a identity.Actor, batchID string) (Batch, []Packed, []Box, error) {
	ba, err := s.store.batch(ctx, s.DB.Read(), batchID)
	if err != nil {
		return ba, nil, nil, s.hide(a, ActionSee, err)
	}
	if err := s.maySeeWay(ctx, a, ba.UnitID, ba.DestID); err != nil {
		return Batch{}, nil, nil, err
	}
	list, err := s.store.packing(ctx, s.DB.Read(), ba.ID)
	if err != nil {
		return ba, nil, nil, err
	}
	var boxes []Box
	err = s.DB.Read().NewSelect().Model(&boxes).Where("b.batch_id = ?", ba.ID).Order("b.ordinal").Scan(ctx)
	return ba, list, boxes, err
}

// maySeeWay lets those see who may see the unit that sends or the one that receives.
func (s *Service) maySeeWay(ctx context.Context, a identity.Actor, unitID, destID string) error {
	err := s.Authz.Check(a, ActionSee, identity.InUnit(unitID))
	if err == nil {
		return nil
	}
	if to, err2 := s.store.warehouse(ctx, s.DB.Read(), destID); err2 == nil && s.Authz.Can(a, ActionSee, identity.InUnit(to.UnitID)) {
		return nil
	}
	return err
}

// Journey is what anybody who has the code of a box may know: what is in it, from which commune to which, and how far it is.
type Journey struct {
	Box      Box
	Contents []Packed
	From, To string // names of units
	Dest     string // name of the receiving warehouse
	Truck    string // what the truck is called; "" while on none
}

// BoxByCode follows a box. The code is the key; no person is named.
func (s *Service) BoxByCode(ctx context.Context, code string) (Journey, error) {
	code, ok := id.ParseCode(code)
	if !ok {
		return Journey{}, fault.Field("ma", "relief.box.bad_code")
	}
	q := s.DB.Read()
	b, err := s.store.box(ctx, q, "code", code)
	if err != nil {
		return Journey{}, err
	}
	j := Journey{Box: b, From: s.UnitName(b.UnitID)}
	if j.Contents, err = s.store.packing(ctx, q, b.BatchID); err != nil {
		return j, err
	}
	to, err := s.store.warehouse(ctx, q, b.DestID)
	if err != nil {
		return j, err
	}
	j.To, j.Dest = s.UnitName(to.UnitID), to.Name
	if b.TruckID != "" {
		t, err := s.store.truck(ctx, q, "id", b.TruckID)
		if err != nil {
			return j, err
		}
		j.Truck = t.Label
	}
	return j, nil
}

func (store) box(ctx context.Context, q bun.IDB, by, value string) (Box, error) {
	var b Box
	sel := q.NewSelect().Model(&b).Where("b.? = ?", bun.Ident(by), value)
	if tx, ok := q.(db.Tx); ok {
		sel = tx.ForUpdate(sel)
	}
	return b, one(ctx, sel, &b, "relief.box.not_found")
}

func (st store) saveBox(ctx context.Context, q bun.IDB, b Box) error {
	return st.update(ctx, q, &b, "round", "state", "truck_id", "packed_at", "loaded_at", "received_at")
}

func (store) batch(ctx context.Context, q bun.IDB, id string) (Batch, error) {
	var ba Batch
	return ba, one(ctx, q.NewSelect().Model(&ba).Where("ba.id = ?", id), &ba, "relief.box.no_batch")
}

// packing reads the packing list of a batch, by item.
func (st store) packing(ctx context.Context, q bun.IDB, batchID string) ([]Packed, error) {
	var list []Packed
	if err := q.NewSelect().Model(&list).Where("p.batch_id = ?", batchID).Order("p.item_id").Scan(ctx); err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.ItemID
	}
	items, err := st.itemsByID(ctx, q, ids)
	for i := range list {
		list[i].Item = items[list[i].ItemID]
	}
	return list, err
}

func (st store) batches(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f BatchQuery) ([]Batch, int, error) {
	var list []Batch
	sel := q.NewSelect().Model(&list)
	if f.WarehouseID != "" {
		sel = sel.Where("ba.warehouse_id = ?0 OR ba.dest_id = ?0", f.WarehouseID)
	}
	mine := orgunit.Within(q.NewSelect().Model((*Warehouse)(nil)).Column("w.id"), "w.unit_id", roots, on)
	sel = sel.Where("ba.warehouse_id IN (?0) OR ba.dest_id IN (?0)", mine)
	n, err := page(sel.Order("ba.created_at DESC", "ba.id DESC"), f.Page, f.Per).ScanAndCount(ctx)
	if err != nil || len(list) == 0 {
		return nil, int(n), err
	}
	ids := make([]string, len(list))
	for i, b := range list {
		ids[i] = b.ID
	}
	var rows []struct {
		BatchID string
		State   BoxState
		N       int
	}
	if err := q.NewSelect().Model((*Box)(nil)).Column("b.batch_id", "b.state").ColumnExpr("count(*) AS n").Where("b.batch_id IN (?)", bun.In(ids)).
		Group("b.batch_id", "b.state").Scan(ctx, &rows); err != nil {
		return nil, 0, err
	}
	for i := range list {
		list[i].By = map[BoxState]int{}
		for _, r := range rows {
			if r.BatchID == list[i].ID {
				list[i].By[r.State] = r.N
			}
		}
	}
	return list, int(n), nil
}
