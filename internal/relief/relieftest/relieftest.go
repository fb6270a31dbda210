// Package relieftest gives tests a working relief room on a real database: the small province of orgunittest, a register of
// households, two warehouses with nothing in them, a few goods, and officials of every role that works here.
package relieftest

import (
	"context"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/household/householdtest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// Migrations is what a test gives to dbtest.
var Migrations = append(append([]db.Migrations{}, householdtest.Migrations...), relief.Migrations)

// The officials of the fixture. The province keeps the large warehouse, the ward Vinh Hưng the receiving point.
var (
	Keeper     = identitytest.Official("thu-kho", identity.RoleStorekeeper, orgunittest.Province)
	Packer     = identitytest.Official("dong-goi", identity.RolePacker, orgunittest.Province)
	Leader     = identitytest.Official("lanh-dao", identity.RoleLeader, orgunittest.Province)
	WardKeeper = identitytest.Official("thu-kho-phuong", identity.RoleStorekeeper, orgunittest.VinhHung)
	Collector  = identitytest.Official("can-bo-phuong", identity.RoleCollector, orgunittest.VinhHung)
	Sister     = identitytest.Official("can-bo-xa", identity.RoleCollector, orgunittest.KimLien)
	SisterHold = identitytest.Official("thu-kho-xa", identity.RoleStorekeeper, orgunittest.KimLien)
	Editor     = identitytest.Official("bien-tap", identity.RoleEditor, orgunittest.Province)
)

// Kit is the room with everything around it.
type Kit struct {
	T       testing.TB
	DB      *db.DB
	Clock   *clock.Stub
	Queue   *jobs.Queue
	Homes   *householdtest.Kit
	Service *relief.Service

	Rice, Noodles, Goats, Milk relief.Item
	Main, Ward                 relief.Warehouse
}

// New makes a kit on a database with Migrations.
func New(t testing.TB, d *db.DB) *Kit {
	t.Helper()
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = q.Stop(ctx)
	})
	homes := householdtest.New(t, d, identitytest.File("relief", relief.Policies))
	k := &Kit{T: t, DB: d, Clock: homes.Clock, Queue: q, Homes: homes}
	k.Service = relief.New(relief.Deps{DB: d, Queue: q, Clock: homes.Clock, Authz: homes.Authz, Trail: homes.Trail, Forest: homes.Units.Forest, Sealer: homes.Box,
		Homes: homes.Service, Distance: func(a, b string) (float64, bool) { return float64(len(a)) + 2, true }})
	k.Rice = k.item("GAO", "Gạo tẻ", "kg", "food", 18_000, 180)
	k.Noodles = k.item("MI", "Mì ăn liền", "thùng", "food", 105_000, 180)
	k.Goats = k.item("DE", "Dê giống", "con", "livestock", 2_500_000, 0)
	k.Milk = k.item("SUA", "Sữa tươi", "hộp", "food", 8_000, 30)
	k.Main = k.warehouse(Keeper, orgunittest.Province, "NA", "Kho tỉnh Nghệ An")
	k.Ward = k.warehouse(WardKeeper, orgunittest.VinhHung, "VH", "Điểm nhận hàng Vinh Hưng")
	return k
}

// Must stops the test on an error.
func Must[T any](t testing.TB) func(T, error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func (k *Kit) item(code, name, measure string, kind relief.ItemKind, value int64, shelf int) relief.Item {
	k.T.Helper()
	i := relief.Item{Code: code, Name: name, Measure: measure, Kind: kind, ShelfDays: shelf}
	i.UnitValue = money.VND(value)
	return Must[relief.Item](k.T)(k.Service.SaveItem(k.T.Context(), Keeper, i))
}

func (k *Kit) warehouse(by identity.Actor, unitID, code, name string) relief.Warehouse {
	k.T.Helper()
	return Must[relief.Warehouse](k.T)(k.Service.SaveWarehouse(k.T.Context(), by, relief.Warehouse{UnitID: unitID, Code: code, Name: name, Address: "Số 1 đường Cứu Trợ", Hours: "7 giờ – 21 giờ", Phone: "0238 000 111", Takes: true}))
}

// Need writes down what the ward needs.
func (k *Kit) Need(item relief.Item, qty int64) relief.Need {
	k.T.Helper()
	return Must[relief.Need](k.T)(k.Service.AddNeed(k.T.Context(), Collector, relief.NeedForm{UnitID: orgunittest.VinhHung, ItemID: item.ID, Qty: qty, Urgency: relief.UrgentNow, Place: "Khối Kim Hòa"}))
}

// In books goods into the large warehouse.
func (k *Kit) In(item relief.Item, qty int64, expires clock.Date) relief.Slip {
	k.T.Helper()
	return Must[relief.Slip](k.T)(k.Service.PostSlip(k.T.Context(), Keeper, relief.SlipForm{WarehouseID: k.Main.ID, Kind: relief.SlipIn, OnDate: k.Service.Today(), Party: "Nhóm Áo Ấm",
		Lines: []relief.Line{{ItemID: item.ID, Qty: qty, Expires: expires, UnitValue: -1}}}))
}

// Lying is how much of an item lies in a warehouse.
func (k *Kit) Lying(by identity.Actor, w relief.Warehouse, item relief.Item) int64 {
	k.T.Helper()
	var n int64
	for _, s := range Must[[]relief.Stock](k.T)(k.Service.StockOf(k.T.Context(), by, w.ID)) {
		if s.ItemID == item.ID {
			n += s.Qty
		}
	}
	return n
}

// Boxes plans boxes of 10 kg of rice and one carton of noodles for the ward and gives them.
func (k *Kit) Boxes(n int, needID string) []relief.Box {
	k.T.Helper()
	ba := Must[relief.Batch](k.T)(k.Service.PlanBoxes(k.T.Context(), Keeper, relief.PlanForm{WarehouseID: k.Main.ID, DestID: k.Ward.ID, NeedID: needID, Name: "Suất một hộ, 5 ngày", Boxes: n,
		Lines: []relief.Line{{ItemID: k.Rice.ID, Qty: 10}, {ItemID: k.Noodles.ID, Qty: 1}}}))
	_, _, boxes, err := k.Service.OpenBatch(k.T.Context(), Keeper, ba.ID)
	if err != nil {
		k.T.Fatal(err)
	}
	return boxes
}

// Home writes a household of the ward into the register.
func (k *Kit) Home(name, idNumber string) household.Household {
	k.T.Helper()
	return Must[household.Household](k.T)(k.Homes.Service.Add(k.T.Context(), householdtest.Collector, householdtest.Entry(name, idNumber)))
}

// Balanced checks the book: every place is the sum of its movements, and every value is in one place.
func (k *Kit) Balanced() {
	k.T.Helper()
	x := Must[relief.Audit](k.T)(k.Service.CheckBook(k.T.Context(), Keeper))
	if !x.Balanced() {
		k.T.Errorf("the book does not balance: %+v", x)
	}
}
