package relief_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/relief"
	. "github.com/nhipcau/nhipcau/internal/relief/relieftest"
)

// TestRandomMovements: whatever is booked in whatever order, refused or not, every place holds the sum of its movements and
// never less than nothing, and what came in is somewhere, once.
func TestRandomMovements(t *testing.T) {
	k := New(t, dbtest.SQLite(t, Migrations...))
	ctx, s, today := t.Context(), k.Service, k.Service.Today()
	items := []relief.Item{k.Rice, k.Noodles, k.Milk}
	var slips, transfers []string
	var boxes []relief.Box
	truck := Must[relief.Truck](t)(s.AddTruck(ctx, Keeper, relief.TruckForm{FromID: k.Main.ID, ToID: k.Ward.ID, Label: "Xe số 1"}))
	done := map[string]int{}
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			qty := rapid.Int64Range(1, 90).Draw(r, "qty")
			item := items[rapid.IntRange(0, 2).Draw(r, "item")]
			line := []relief.Line{{ItemID: item.ID, Qty: qty, UnitValue: -1}}
			act := rapid.SampledFrom([]string{"in", "in", "out", "transfer", "receive", "reverse", "plan", "scan", "scan", "scan", "undo", "count"}).Draw(r, "act")
			var err error
			switch act {
			case "in":
				line[0].Expires = today.AddDays(rapid.IntRange(0, 3).Draw(r, "days"))
				_, err = post(k, relief.SlipForm{Kind: relief.SlipIn, Party: "Nhóm", Lines: line}, &slips)
			case "out":
				_, err = post(k, relief.SlipForm{Kind: relief.SlipOut, Party: "Bếp", Reason: "Nấu", Lines: line}, &slips)
			case "transfer":
				_, err = post(k, relief.SlipForm{Kind: relief.SlipTransfer, ToID: k.Ward.ID, Lines: line}, &transfers)
			case "receive":
				if len(transfers) > 0 {
					err = s.ReceiveTransfer(ctx, WardKeeper, rapid.SampledFrom(transfers).Draw(r, "slip"), relief.ReceiveForm{Note: "đủ"})
				}
			case "reverse":
				if all := append(append([]string{}, slips...), transfers...); len(all) > 0 {
					_, err = s.ReverseSlip(ctx, Keeper, rapid.SampledFrom(all).Draw(r, "slip"), "nhầm")
				}
			case "plan":
				boxes = append(boxes, k.Boxes(2, "")...)
			case "scan":
				if len(boxes) > 0 {
					by := Packer
					a := rapid.SampledFrom(relief.Acts[:]).Draw(r, "scan")
					if a == relief.ActReceive {
						by = WardKeeper
					}
					_, err = s.Scan(ctx, by, relief.ScanForm{Code: rapid.SampledFrom(boxes).Draw(r, "box").Code, Act: a, TruckID: truck.ID})
				}
			case "undo":
				if len(boxes) > 0 {
					err = s.UndoBox(ctx, Keeper, rapid.SampledFrom(boxes).Draw(r, "box").ID, rapid.Bool().Draw(r, "again"))
				}
			case "count":
				err = countAll(k, rapid.Int64Range(-3, 3).Draw(r, "off"))
			}
			if err == nil {
				done[act]++
			} else if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
				r.Fatalf("%s: %v", act, err)
			}
		}
		x, err := s.CheckBook(ctx, Keeper)
		if err != nil || !x.Balanced() {
			r.Fatalf("the book does not balance: %+v %v", x, err)
		}
	})
	for _, act := range []string{"in", "out", "transfer", "receive", "reverse", "scan", "undo", "count"} {
		if done[act] == 0 {
			t.Errorf("%s never succeeded: the property says nothing about it", act)
		}
	}
}

// post books a slip of the large warehouse and remembers it.
func post(k *Kit, f relief.SlipForm, keep *[]string) (relief.Slip, error) {
	f.WarehouseID, f.OnDate = k.Main.ID, k.Service.Today()
	slip, err := k.Service.PostSlip(k.T.Context(), Keeper, f)
	if err == nil {
		*keep = append(*keep, slip.ID)
	}
	return slip, err
}

// countAll counts every lot of the large warehouse, each off by some.
func countAll(k *Kit, off int64) error {
	st, err := k.Service.StockOf(k.T.Context(), Keeper, k.Main.ID)
	if err != nil {
		return err
	}
	f := relief.CountForm{WarehouseID: k.Main.ID, OnDate: k.Service.Today(), Party: "Ban kiểm kê"}
	for _, x := range st {
		f.Lines = append(f.Lines, relief.CountLine{LotID: x.LotID, Booked: x.Qty, Counted: max(0, x.Qty+off), Why: "đếm lại"})
	}
	_, err = k.Service.CountStock(k.T.Context(), Keeper, f)
	return err
}
