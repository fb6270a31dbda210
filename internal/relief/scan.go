package relief

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Act is what a packer does to a box by scanning it.
type Act string

// The acts of scanning.
const (
	ActPack    Act = "pack"    // the box is filled and closed: goods leave the warehouse
	ActLoad    Act = "load"    // it stands on the truck
	ActReceive Act = "receive" // it has arrived: goods lie in the receiving warehouse
)

// Acts lists them in order.
var Acts = [...]Act{ActPack, ActLoad, ActReceive}

// Scanned is one act on one box, written once.
type Scanned struct {
	bun.BaseModel `bun:"table:relief_scan,alias:sc"`

	ID      string `bun:",pk"`
	BoxID   string
	Act     Act
	Round   int
	TruckID string
	At      time.Time
	ByID    string
	ByName  string
}

// ScanForm is one scan.
type ScanForm struct {
	Code    string // as read by the camera (an address or the bare code) or typed
	Act     Act
	TruckID string // for ActLoad
}

// ScanResult is what a scan did.
type ScanResult struct {
	Box   Box
	Again bool      // the box had been scanned for this act before: nothing changed now
	At    time.Time // when it was done first
	By    string    // who did it first
}

// Scan carries out one act on a box. Scanning twice, or two people scanning the same box, does it once and tells who was
// first. Goods that the warehouse does not have refuse the packing.
func (s *Service) Scan(ctx context.Context, a identity.Actor, f ScanForm) (ScanResult, error) {
	if _, err := s.roots(a, ActionPack); err != nil {
		return ScanResult{}, err
	}
	code, ok := id.ParseCode(CodeIn(f.Code))
	if !ok {
		return ScanResult{}, fault.Field("code", "relief.box.bad_code")
	}
	if !slices.Contains(Acts[:], f.Act) {
		return ScanResult{}, fault.Field("act", "relief.scan.no_act")
	}
	var out ScanResult
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		b, err := s.store.box(ctx, tx, "code", code)
		if fault.Is(err, fault.NotFound) {
			return fault.Field("code", "relief.box.unknown").Because(err)
		}
		if err != nil {
			return err
		}
		unit := b.UnitID
		if f.Act == ActReceive {
			to, err := s.store.warehouse(ctx, tx, b.DestID)
			if err != nil {
				return err
			}
			unit = to.UnitID
		}
		if err := s.Authz.Check(a, ActionPack, identity.InUnit(unit)); err != nil {
			return err
		}
		out = ScanResult{Box: b}
		first, err := s.store.scanned(ctx, tx, b, f.Act)
		if err == nil {
			out.Again, out.At, out.By = true, first.At, first.ByName
			return nil
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
		if err := s.act(ctx, tx, &b, f); err != nil {
			return err
		}
		row := Scanned{ID: id.New(), BoxID: b.ID, Act: f.Act, Round: b.Round, TruckID: b.TruckID, At: s.Clock.Now(), ByID: a.ID, ByName: a.Name}
		out.Box, out.At, out.By = b, row.At, row.ByName
		return s.store.insert(ctx, tx, &row)
	})
	return out, err
}

// act changes a box that is locked.
func (s *Service) act(ctx context.Context, tx db.Tx, b *Box, f ScanForm) error {
	now := s.Clock.Now()
	switch {
	case f.Act == ActPack && b.State == BoxPlanned:
		if err := s.fill(ctx, tx, *b); err != nil {
			return err
		}
		b.State, b.PackedAt = BoxPacked, now
	case f.Act == ActLoad && b.State == BoxPacked:
		if f.TruckID == "" {
			return fault.Field("truck", "relief.scan.no_truck")
		}
		t, err := s.store.truck(ctx, tx, "id", f.TruckID)
		if err != nil {
			return fault.Field("truck", "relief.scan.no_truck").Because(err)
		}
		if t.State != TruckLoading {
			return conflict("relief.scan.truck_left")
		}
		if t.FromID != b.WarehouseID || t.ToID != b.DestID {
			return conflict("relief.scan.other_way")
		}
		b.State, b.LoadedAt, b.TruckID = BoxLoaded, now, t.ID
	case f.Act == ActReceive && (b.State == BoxLoaded || b.State == BoxPacked):
		if _, err := s.store.lockWarehouses(ctx, tx, b.DestID); err != nil {
			return err
		}
		if err := s.empty(ctx, tx, *b, WarehousePlace(b.DestID)); err != nil {
			return err
		}
		per, err := s.perBox(ctx, tx, *b)
		if err != nil {
			return err
		}
		if err := s.bump(ctx, tx, b.NeedID, -per, per); err != nil {
			return err
		}
		b.State, b.ReceivedAt = BoxReceived, now
	default:
		return conflict("relief.scan.not_" + string(f.Act) + "_" + string(b.State))
	}
	return s.store.saveBox(ctx, tx, *b)
}

// fill moves what the packing list says from the warehouse into the box.
func (s *Service) fill(ctx context.Context, tx db.Tx, b Box) error {
	if _, err := s.store.lockWarehouses(ctx, tx, b.WarehouseID); err != nil {
		return err
	}
	list, err := s.store.packing(ctx, tx, b.BatchID)
	if err != nil {
		return err
	}
	here := WarehousePlace(b.WarehouseID)
	for _, p := range list {
		lots, err := s.store.pick(ctx, tx, here, p.ItemID, p.Qty, s.Today(), false)
		if err != nil {
			return err
		}
		for _, x := range lots {
			m := Movement{BoxID: b.ID, ItemID: x.ItemID, LotID: x.LotID, FromPlace: here, ToPlace: BoxPlace(b.ID), Qty: x.Qty, Value: x.Value(), At: s.Clock.Now()}
			if err := s.store.move(ctx, tx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// CodeIn finds the code in what a camera read: the address on a label ends in it.
func CodeIn(text string) string {
	text = tidy(text)
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == '/' || text[i] == '=' {
			return text[i+1:]
		}
	}
	return text
}

func (store) scanned(ctx context.Context, q bun.IDB, b Box, act Act) (Scanned, error) {
	var row Scanned
	return row, one(ctx, q.NewSelect().Model(&row).Where("sc.box_id = ?", b.ID).Where("sc.act = ?", act).Where("sc.round = ?", b.Round), &row, "relief.box.not_found")
}

// TruckState is where a truck is.
type TruckState string

// The states of a truck.
const (
	TruckLoading TruckState = "loading"
	TruckAway    TruckState = "away"
	TruckArrived TruckState = "arrived"
)

// Truck is one drive from a warehouse to another.
type Truck struct {
	bun.BaseModel `bun:"table:relief_truck,alias:t"`

	ID        string `bun:",pk"`
	Code      string
	UnitID    string
	FromID    string
	ToID      string
	Label     string // what it is called aloud
	Sealed    string // driver
	State     TruckState
	LeftAt    time.Time `bun:",nullzero"`
	ArrivedAt time.Time `bun:",nullzero"`
	CreatedAt time.Time
	CreatedBy string

	Boxes, Received int `bun:"-"`
}

// Contact is a person to be reached: sealed in the database.
type Contact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

// TruckForm is a truck as it is typed.
type TruckForm struct {
	FromID, ToID string
	Label        string
	Driver       Contact
}

// AddTruck begins a drive.
func (s *Service) AddTruck(ctx context.Context, a identity.Actor, f TruckForm) (Truck, error) {
	if _, err := s.roots(a, ActionStore); err != nil {
		return Truck{}, err
	}
	var bad fault.Fields
	f.Label = tidy(f.Label)
	f.Driver = Contact{Name: tidy(f.Driver.Name), Phone: tidy(f.Driver.Phone)}
	bad.Check(f.Label != "" && vntext.Length(f.Label) <= maxName, "label", "relief.truck.bad_label")
	bad.Check(f.ToID != "" && f.ToID != f.FromID, "to", "relief.slip.no_to")
	bad.Check(f.Driver.Phone == "" || validPhone(f.Driver.Phone), "phone", "relief.bad_phone")
	bad.Check(vntext.Length(f.Driver.Name) <= maxName, "driver", "relief.too_long")
	if err := bad.OrNil(); err != nil {
		return Truck{}, err
	}
	t := Truck{ID: id.New(), Code: id.NewCode(), FromID: f.FromID, ToID: f.ToID, Label: f.Label, State: TruckLoading, CreatedAt: s.Clock.Now(), CreatedBy: a.ID}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		w, err := s.store.warehouse(ctx, tx, f.FromID)
		if err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionStore, identity.InUnit(w.UnitID)); err != nil {
			return err
		}
		if _, err := s.store.warehouse(ctx, tx, f.ToID); err != nil {
			return fault.Field("to", "relief.slip.no_to").Because(err)
		}
		t.UnitID = w.UnitID
		if f.Driver != (Contact{}) {
			if t.Sealed, err = s.seal(f.Driver, truckPlace(t.ID)); err != nil {
				return err
			}
		}
		if err := s.store.insert(ctx, tx, &t); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, t.UnitID, "relief.truck_added", "Truck", t.ID)
	})
	return t, err
}

// DriveTruck says that a truck has left, or that it has arrived; each once. Boxes are received one by one.
func (s *Service) DriveTruck(ctx context.Context, a identity.Actor, truckID string, to TruckState) error {
	if _, err := s.roots(a, ActionStore); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		t, err := s.store.truck(ctx, tx, "id", truckID)
		if err != nil {
			return err
		}
		unit := t.UnitID
		if to == TruckArrived {
			w, err := s.store.warehouse(ctx, tx, t.ToID)
			if err != nil {
				return err
			}
			if !s.Authz.Can(a, ActionStore, identity.InUnit(unit)) { // who receives may say so too
				unit = w.UnitID
			}
		}
		if err := s.Authz.Check(a, ActionStore, identity.InUnit(unit)); err != nil {
			return err
		}
		switch {
		case to == TruckAway && t.State == TruckLoading:
			t.LeftAt = s.Clock.Now()
		case to == TruckArrived && t.State == TruckAway:
			t.ArrivedAt = s.Clock.Now()
		default:
			return conflict("relief.truck.not_" + string(t.State))
		}
		t.State = to
		if err := s.store.update(ctx, tx, &t, "state", "left_at", "arrived_at"); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, unit, "relief.truck_"+string(to), "Truck", t.ID)
	})
}

// OpenTruck gives a truck, its driver for those who keep the warehouse it left, and its boxes.
func (s *Service) OpenTruck(ctx context.Context, a identity.Actor, truckID string) (Truck, Contact, []Box, error) {
	t, err := s.store.truck(ctx, s.DB.Read(), "id", truckID)
	if err != nil {
		return t, Contact{}, nil, s.hide(a, ActionSee, err)
	}
	if err := s.maySeeWay(ctx, a, t.UnitID, t.ToID); err != nil {
		return Truck{}, Contact{}, nil, err
	}
	var driver Contact
	if t.Sealed != "" && s.Authz.Can(a, ActionStore, identity.InUnit(t.UnitID)) {
		if driver, err = s.unseal(t.Sealed, truckPlace(t.ID)); err != nil {
			return t, driver, nil, err
		}
	}
	var boxes []Box
	err = s.DB.Read().NewSelect().Model(&boxes).Where("b.truck_id = ?", t.ID).Order("b.batch_id", "b.ordinal").Scan(ctx)
	return t, driver, boxes, err
}

// Trucks lists the drives that begin or end in the actor's units, those still loading first.
func (s *Service) Trucks(ctx context.Context, a identity.Actor, loading bool) ([]Truck, error) {
	action := ActionSee
	if loading {
		action = ActionPack
	}
	roots, err := s.roots(a, action)
	if err != nil {
		return nil, err
	}
	q := s.DB.Read()
	var list []Truck
	mine := orgunit.Within(q.NewSelect().Model((*Warehouse)(nil)).Column("w.id"), "w.unit_id", roots, s.Today())
	sel := q.NewSelect().Model(&list).Where("t.from_id IN (?0) OR t.to_id IN (?0)", mine)
	if loading {
		sel = sel.Where("t.state = ?", TruckLoading)
	}
	if err := sel.OrderExpr("CASE t.state WHEN 'loading' THEN 0 WHEN 'away' THEN 1 ELSE 2 END").Order("t.created_at DESC").Limit(200).Scan(ctx); err != nil || len(list) == 0 {
		return nil, err
	}
	ids := make([]string, len(list))
	for i, t := range list {
		ids[i] = t.ID
	}
	var rows []struct {
		TruckID     string
		N, Received int
	}
	err = q.NewSelect().Model((*Box)(nil)).Column("b.truck_id").ColumnExpr("count(*) AS n").ColumnExpr("sum(CASE WHEN b.state = ? THEN 1 ELSE 0 END) AS received", BoxReceived).
		Where("b.truck_id IN (?)", bun.In(ids)).Group("b.truck_id").Scan(ctx, &rows)
	for i := range list {
		for _, r := range rows {
			if r.TruckID == list[i].ID {
				list[i].Boxes, list[i].Received = r.N, r.Received
			}
		}
	}
	return list, err
}

func (store) truck(ctx context.Context, q bun.IDB, by, value string) (Truck, error) {
	var t Truck
	sel := q.NewSelect().Model(&t).Where("t.? = ?", bun.Ident(by), value)
	if tx, ok := q.(db.Tx); ok {
		sel = tx.ForUpdate(sel)
	}
	return t, one(ctx, sel, &t, "relief.truck.not_found")
}

func truckPlace(id string) string { return "relief_truck:" + id }

func offerPlace(id string) string { return "relief_offer:" + id }

func (s *Service) seal(c Contact, place string) (string, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return s.Sealer.Seal(b, place)
}

func (s *Service) unseal(sealed, place string) (Contact, error) {
	var c Contact
	b, err := s.Sealer.Open(sealed, place)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(b, &c)
}
