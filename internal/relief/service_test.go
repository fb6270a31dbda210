package relief_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household/householdtest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/relief"
	. "github.com/nhipcau/nhipcau/internal/relief/relieftest"
)

// want checks that an error is of a kind.
func want(t *testing.T, err error, kind fault.Kind, what string) {
	t.Helper()
	if !fault.Is(err, kind) {
		t.Errorf("%s: %v, want %v", what, err, kind)
	}
}

// TestNeedLives: a draft is not public; an open need is, is searched without marks, grows stale after 48 hours, is confirmed,
// and ends with a reason.
func TestNeedLives(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), New(t, d)
		s := k.Service
		n := Must[relief.Need](t)(s.AddNeed(ctx, Collector, relief.NeedForm{UnitID: orgunittest.VinhHung, ItemID: k.Rice.ID, Qty: 500, Urgency: relief.UrgentNow, Draft: true, Note: "hộ bà Sáu trước"}))
		if list := Must[[]relief.Place](t)(s.PublicNeeds(ctx, relief.PublicQuery{Text: "gao"})); len(list) != 0 {
			t.Fatal("a draft is public")
		}
		if err := s.OpenNeed(ctx, Collector, n.ID); err != nil {
			t.Fatal(err)
		}
		want(t, s.OpenNeed(ctx, Collector, n.ID), fault.Conflict, "opened twice")
		want(t, s.ConfirmNeed(ctx, Sister, n.ID), fault.Forbidden, "a sister commune")
		want(t, s.ConfirmNeed(ctx, Editor, n.ID), fault.Forbidden, "an editor")
		for text, found := range map[string]int{"gao vinh hung": 1, "GẠO": 1, "de giong": 0} {
			if list := Must[[]relief.Place](t)(s.PublicNeeds(ctx, relief.PublicQuery{Text: text})); len(list) != found {
				t.Errorf("%q finds %d", text, len(list))
			} else if found == 1 && (list[0].Needs[0].Note != "" || list[0].Stale || len(list[0].Points) != 1) {
				t.Errorf("%+v", list[0])
			}
		}
		stale := 0
		jobs.On(k.Queue, "test", func(_ ctxt, e relief.NeedStale) error { stale++; return nil })
		k.Clock.Advance(49 * time.Hour)
		if list := Must[[]relief.Place](t)(s.PublicNeeds(ctx, relief.PublicQuery{Text: "gao"})); !list[0].Stale {
			t.Error("a stale need looks fresh")
		}
		w := Must[relief.Waiting](t)(s.WaitingFor(ctx, Collector))
		if len(w.Stale) != 1 {
			t.Errorf("nobody is asked to confirm: %+v", w)
		}
		for range 2 {
			if err := relief.TidyUp(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.Queue.Drain(ctx); err != nil || stale != 1 {
			t.Errorf("nudged %d times, %v", stale, err)
		}
		totals := Must[map[string]relief.UnitTotals](t)(s.NeedTotals(ctx))[orgunittest.VinhHung]
		if totals.Waiting != 1 || totals.Stale != 1 || totals.Asked != 500*18_000 || totals.Uncovered != totals.Asked || !totals.Since.Equal(orgunittest.Now) {
			t.Errorf("%+v", totals)
		}
		if err := s.ConfirmNeed(ctx, Collector, n.ID); err != nil {
			t.Fatal(err)
		}
		want(t, s.CloseNeed(ctx, Collector, n.ID, " ", true), fault.Invalid, "no reason")
		if err := s.CloseNeed(ctx, Collector, n.ID, "Nước đã rút", true); err != nil {
			t.Fatal(err)
		}
		want(t, s.ConfirmNeed(ctx, Collector, n.ID), fault.Conflict, "confirmed after the end")
		if _, total, err := s.Needs(ctx, Collector, relief.NeedQuery{View: relief.ViewAll, Text: "vinh hung"}); err != nil || total != 1 {
			t.Error(total, err)
		}
	})
}

// TestNeedFormTwice: a form that is sent again after a lost answer makes no second need, and no other unit's.
func TestNeedFormTwice(t *testing.T) {
	k := New(t, dbtest.SQLite(t, Migrations...))
	f := relief.NeedForm{UnitID: orgunittest.VinhHung, ItemID: k.Rice.ID, Qty: 5, Urgency: relief.UrgentSoon, OfflineID: "a1"}
	a := Must[relief.Need](t)(k.Service.AddNeed(t.Context(), Collector, f))
	if b := Must[relief.Need](t)(k.Service.AddNeed(t.Context(), Collector, f)); b.ID != a.ID {
		t.Error("two needs of one form")
	}
	f.UnitID = orgunittest.KimLien
	_, err := k.Service.AddNeed(t.Context(), Sister, f)
	want(t, err, fault.Conflict, "another unit's form")
	for name, bad := range map[string]relief.NeedForm{"nothing": {}, "below one": {UnitID: orgunittest.VinhHung, ItemID: k.Rice.ID, Urgency: relief.UrgentNow}, "no item": {UnitID: orgunittest.VinhHung, ItemID: "x", Qty: 1, Urgency: relief.UrgentNow}} {
		_, err := k.Service.AddNeed(t.Context(), Collector, bad)
		want(t, err, fault.Invalid, name)
	}
}

// TestSixtyGoats: sixty goats in one commune go to two communes in need, each gets a part, the way is asked for separately,
// one reservation runs out and its goats are free again.
func TestSixtyGoats(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), New(t, d)
		s := k.Service
		near := k.Need(k.Goats, 40)
		farAway := Must[relief.Need](t)(s.AddNeed(ctx, Sister, relief.NeedForm{UnitID: orgunittest.KimLien, ItemID: k.Goats.ID, Qty: 30, Urgency: relief.UrgentCalm}))
		o := Must[relief.Offer](t)(s.SendOffer(ctx, identity.Citizen(), relief.OfferForm{ItemID: k.Goats.ID, Qty: 60, UnitID: orgunittest.TruongVinh, Transport: relief.TransportWanted,
			GroupName: "Hội chăn nuôi Trường Vinh", ShowName: true, Contact: relief.Contact{Name: "Lô Văn Thử", Phone: "0912 000 000"}, Consent: true}))
		fits := Must[[]relief.Fit](t)(s.Fits(ctx, Leader, o))
		if len(fits) != 2 || fits[0].Need.ID != near.ID || fits[0].Qty != 40 || fits[0].Score <= fits[1].Score || len(fits[0].Grounds) < 4 {
			t.Fatalf("%+v", fits)
		}
		_, err := s.Reserve(ctx, Collector, o.ID, farAway.ID, 30)
		want(t, err, fault.Forbidden, "for another commune's need")
		_, err = s.Contact(ctx, Collector, o.ID)
		want(t, err, fault.Forbidden, "a telephone number without a match")
		first := Must[relief.Match](t)(s.Reserve(ctx, Collector, o.ID, near.ID, 40))
		if c := Must[relief.Contact](t)(s.Contact(ctx, Collector, o.ID)); c.Phone != "0912 000 000" {
			t.Error(c)
		}
		_, err = s.Reserve(ctx, Sister, o.ID, farAway.ID, 30)
		want(t, err, fault.Invalid, "more than is left")
		second := Must[relief.Match](t)(s.Reserve(ctx, Sister, o.ID, farAway.ID, 20))
		if rides := Must[[]relief.Ride](t)(s.Rides(ctx)); len(rides) != 2 || rides[0].From != "Phường Trường Vinh" {
			t.Errorf("%+v", rides)
		}
		want(t, s.Step(ctx, Collector, first.ID, relief.MatchForm{To: relief.MatchAgreed}), fault.Invalid, "no vehicle")
		if err := s.Step(ctx, Collector, first.ID, relief.MatchForm{To: relief.MatchAgreed, Carrier: "Xe tải của hợp tác xã"}); err != nil {
			t.Fatal(err)
		}
		if err := s.Step(ctx, Collector, first.ID, relief.MatchForm{To: relief.MatchArrived, Qty: 38}); err != nil {
			t.Fatal(err)
		}
		k.Clock.Advance(25 * time.Hour)
		if err := relief.TidyUp(ctx, s); err != nil {
			t.Fatal(err)
		}
		want(t, s.Step(ctx, Sister, second.ID, relief.MatchForm{To: relief.MatchArrived}), fault.Conflict, "a reservation that ran out")
		got, list, err := s.OfferByCode(ctx, o.Code)
		if err != nil || got.Reserved != 38 || got.Sealed != "" || len(list) != 2 || list[1].State != relief.MatchExpired || got.State != relief.OfferMatched {
			t.Errorf("%+v %+v %v", got, list, err)
		}
		n := Must[relief.Need](t)(s.Need(ctx, Collector, near.ID))
		if n.Received != 38 || n.Promised != 0 || n.State != relief.NeedPartial || n.Missing() != 2 {
			t.Errorf("%+v", n)
		}
		want(t, s.RejectOffer(ctx, Leader, o.ID, "Đã đủ"), fault.Conflict, "rejected though matched")
	})
}

// TestTwoReachForTheSameGoats: of many who reserve at once nobody gets what is not there.
func TestTwoReachForTheSameGoats(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), New(t, d)
		n := k.Need(k.Goats, 500)
		o := Must[relief.Offer](t)(k.Service.SendOffer(ctx, identity.Citizen(), relief.OfferForm{ItemID: k.Goats.ID, Qty: 60, UnitID: orgunittest.TruongVinh, Transport: relief.TransportOwn,
			Contact: relief.Contact{Name: "Lô Văn Thử", Phone: "0912000000"}, Consent: true}))
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() { _, _ = k.Service.Reserve(ctx, Collector, o.ID, n.ID, 7) }) // some are refused: that is the point
		}
		wg.Wait()
		got, list, err := k.Service.Offer(ctx, Leader, o.ID)
		after := Must[relief.Need](t)(k.Service.Need(ctx, Leader, n.ID))
		if err != nil || got.Reserved != 56 || len(list) != 8 || after.Promised != 56 {
			t.Errorf("%d reserved in %d, need %d, %v", got.Reserved, len(list), after.Promised, err)
		}
	})
}

// TestSlips: goods come in with numbers, go out in the order they spoil, are refused when short with the line named, move
// between warehouses with what is missing explained, and mistakes are reversed once.
func TestSlips(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), New(t, d)
		s, today := k.Service, k.Service.Today()
		k.In(k.Milk, 30, today.AddDays(20))
		second := k.In(k.Milk, 50, today.AddDays(5))
		if second.Number != 2 || second.FullNumber() != "PNK 2/2026 · NA" || second.Value != 400_000 {
			t.Errorf("%+v", second)
		}
		if near := Must[[]relief.Stock](t)(s.Expiring(ctx, Keeper)); len(near) != 1 || near[0].Qty != 50 {
			t.Errorf("%+v", near)
		}
		out := relief.SlipForm{WarehouseID: k.Main.ID, Kind: relief.SlipOut, OnDate: today, Party: "Bếp ăn dã chiến", Reason: "Nấu cơm", Lines: []relief.Line{{ItemID: k.Milk.ID, Qty: 40}, {ItemID: k.Milk.ID, Qty: 41}}}
		_, err := s.PostSlip(ctx, Keeper, out)
		var f fault.Fields
		if !errors.As(err, &f) || f[0].Field != "qty_2" {
			t.Errorf("short goods: %v", err)
		}
		out.Lines[1].Qty = 20
		_, err = s.PostSlip(ctx, WardKeeper, out)
		want(t, err, fault.Forbidden, "another's warehouse")
		slip := Must[relief.Slip](t)(s.PostSlip(ctx, Keeper, out))
		_, lines, err := s.OpenSlip(ctx, Keeper, slip.ID)
		if err != nil || len(lines) != 3 || lines[0].Lot.Expires != today.AddDays(5) || lines[0].Qty != 40 {
			t.Errorf("%+v %v", lines, err)
		}
		_, err = s.ReverseSlip(ctx, Keeper, second.ID, "Nhầm")
		want(t, err, fault.Conflict, "the goods have gone on")
		back := Must[relief.Slip](t)(s.ReverseSlip(ctx, Keeper, slip.ID, "Ghi nhầm kho"))
		if back.Value != slip.Value || back.FullNumber() != "PH 1/2026 · NA" {
			t.Errorf("%+v", back)
		}
		_, err = s.ReverseSlip(ctx, Keeper, slip.ID, "Lần nữa")
		want(t, err, fault.Conflict, "reversed twice")
		_, err = s.ReverseSlip(ctx, Keeper, back.ID, "Lần nữa")
		want(t, err, fault.Conflict, "a reversal reversed")
		moved := Must[relief.Slip](t)(s.PostSlip(ctx, Keeper, relief.SlipForm{WarehouseID: k.Main.ID, Kind: relief.SlipTransfer, OnDate: today, ToID: k.Ward.ID, Lines: []relief.Line{{ItemID: k.Milk.ID, Qty: 10}}}))
		if w := Must[relief.Waiting](t)(s.WaitingFor(ctx, WardKeeper)); len(w.Incoming) != 1 {
			t.Errorf("%+v", w)
		}
		_, lines, err = s.OpenSlip(ctx, WardKeeper, moved.ID)
		if err != nil || len(lines) != 1 {
			t.Fatal(lines, err)
		}
		lot := lines[0].LotID
		want(t, s.ReceiveTransfer(ctx, WardKeeper, moved.ID, relief.ReceiveForm{Arrived: map[string]int64{lot: 9}}), fault.Invalid, "missing without a word")
		want(t, s.ReceiveTransfer(ctx, WardKeeper, moved.ID, relief.ReceiveForm{Arrived: map[string]int64{lot: 11}}), fault.Invalid, "more than was sent")
		want(t, s.ReceiveTransfer(ctx, SisterHold, moved.ID, relief.ReceiveForm{}), fault.Forbidden, "somebody else's goods")
		if err := s.ReceiveTransfer(ctx, WardKeeper, moved.ID, relief.ReceiveForm{Arrived: map[string]int64{lot: 9}, Note: "Một hộp bị dập"}); err != nil {
			t.Fatal(err)
		}
		want(t, s.ReceiveTransfer(ctx, WardKeeper, moved.ID, relief.ReceiveForm{}), fault.Conflict, "received twice")
		if k.Lying(WardKeeper, k.Ward, k.Milk) != 9 || k.Lying(Keeper, k.Main, k.Milk) != 70 {
			t.Error("the milk is not where it should be")
		}
		k.Balanced()
		k.Clock.Advance(6 * 24 * time.Hour)
		_, err = s.PostSlip(ctx, WardKeeper, relief.SlipForm{WarehouseID: k.Ward.ID, Kind: relief.SlipOut, OnDate: s.Today(), Party: "Hộ dân", Reason: "Phát", Lines: []relief.Line{{ItemID: k.Milk.ID, Qty: 1}}})
		want(t, err, fault.Invalid, "spoiled milk for people")
		Must[relief.Slip](t)(s.PostSlip(ctx, WardKeeper, relief.SlipForm{WarehouseID: k.Ward.ID, Kind: relief.SlipOut, OnDate: s.Today(), Party: "Hội đồng tiêu hủy", Reason: "Hết hạn", Spoiled: true, Lines: []relief.Line{{ItemID: k.Milk.ID, Qty: 9}}}))
		k.Balanced()
	})
}

// TestCount: differences need a reason, and a count of yesterday's list is refused.
func TestCount(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), New(t, d)
		k.In(k.Rice, 100, "")
		st := Must[[]relief.Stock](t)(k.Service.StockOf(ctx, Keeper, k.Main.ID))
		f := relief.CountForm{WarehouseID: k.Main.ID, OnDate: k.Service.Today(), Party: "Ban kiểm kê", Lines: []relief.CountLine{{LotID: st[0].LotID, Booked: 100, Counted: 97}}}
		_, err := k.Service.CountStock(ctx, Keeper, f)
		want(t, err, fault.Invalid, "no reason")
		f.Lines[0].Why = "Rách bao"
		k.In(k.Rice, 1, "")
		_, err = k.Service.CountStock(ctx, Keeper, f)
		want(t, err, fault.Conflict, "goods moved meanwhile")
		f.Lines[0].Booked, f.Lines[0].Counted = 101, 98
		slip := Must[relief.Slip](t)(k.Service.CountStock(ctx, Keeper, f))
		if slip.Value != -3*18_000 || k.Lying(Keeper, k.Main, k.Rice) != 98 {
			t.Errorf("%+v", slip)
		}
		k.Balanced()
	})
}

// TestBoxes: a box goes the whole way by scanning, each scan twice, and the need and the stock follow once.
func TestBoxes(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), New(t, d)
		s := k.Service
		k.In(k.Rice, 25, "")
		k.In(k.Noodles, 9, "2026-12-30")
		n := k.Need(k.Rice, 30)
		boxes := k.Boxes(3, n.ID)
		if n = Must[relief.Need](t)(s.Need(ctx, Leader, n.ID)); n.Promised != 30 || n.State != relief.NeedCovered {
			t.Errorf("%+v", n)
		}
		scan := func(by identity.Actor, box relief.Box, act relief.Act, truck string) (relief.ScanResult, error) {
			return s.Scan(ctx, by, relief.ScanForm{Code: "https://nghean.example/cuu-tro/thung/" + box.Code, Act: act, TruckID: truck})
		}
		for i, again := range []bool{false, true} {
			r, err := scan(Packer, boxes[0], relief.ActPack, "")
			if err != nil || r.Again != again || r.By != Packer.Name {
				t.Errorf("scan %d: %+v %v", i, r, err)
			}
		}
		if k.Lying(Keeper, k.Main, k.Rice) != 15 {
			t.Error("packing twice took goods twice")
		}
		Must[relief.ScanResult](t)(scan(Packer, boxes[1], relief.ActPack, ""))
		_, err := scan(Packer, boxes[2], relief.ActPack, "")
		want(t, err, fault.Conflict, "rice that is not there")
		_, err = scan(Packer, boxes[0], relief.ActLoad, "")
		want(t, err, fault.Invalid, "no truck")
		truck := Must[relief.Truck](t)(s.AddTruck(ctx, Keeper, relief.TruckForm{FromID: k.Main.ID, ToID: k.Ward.ID, Label: "Xe số 1", Driver: relief.Contact{Name: "Cao Văn Lái", Phone: "0912000001"}}))
		for _, again := range []bool{false, true} {
			if r, err := scan(Packer, boxes[0], relief.ActLoad, truck.ID); err != nil || r.Again != again {
				t.Error(r, err)
			}
		}
		if err := s.UndoBox(ctx, Keeper, boxes[1].ID, true); err != nil {
			t.Fatal(err)
		}
		want(t, s.UndoBox(ctx, Keeper, boxes[0].ID, true), fault.Conflict, "a box on the truck")
		Must[relief.ScanResult](t)(scan(Packer, boxes[1], relief.ActPack, ""))
		if err := s.DriveTruck(ctx, Keeper, truck.ID, relief.TruckAway); err != nil {
			t.Fatal(err)
		}
		_, err = scan(Packer, boxes[1], relief.ActLoad, truck.ID)
		want(t, err, fault.Conflict, "the truck has left")
		_, err = scan(SisterHold, boxes[0], relief.ActReceive, "")
		want(t, err, fault.Forbidden, "somebody else's box")
		for _, again := range []bool{false, true} {
			if r, err := scan(WardKeeper, boxes[0], relief.ActReceive, ""); err != nil || r.Again != again {
				t.Error(r, err)
			}
		}
		if err := s.UndoBox(ctx, Keeper, boxes[2].ID, false); err != nil {
			t.Fatal(err)
		}
		if n = Must[relief.Need](t)(s.Need(ctx, Leader, n.ID)); n.Received != 10 || n.Promised != 10 || n.State != relief.NeedPartial {
			t.Errorf("%+v", n)
		}
		if k.Lying(WardKeeper, k.Ward, k.Rice) != 10 || k.Lying(WardKeeper, k.Ward, k.Noodles) != 1 {
			t.Error("the box did not reach the ward")
		}
		j := Must[relief.Journey](t)(s.BoxByCode(ctx, boxes[0].Code))
		if j.To != "Phường Vinh Hưng" || j.Truck != "Xe số 1" || j.Box.State != relief.BoxReceived || len(j.Contents) != 2 {
			t.Errorf("%+v", j)
		}
		if _, driver, on, err := s.OpenTruck(ctx, WardKeeper, truck.ID); err != nil || driver.Phone != "" || len(on) != 1 {
			t.Errorf("who receives sees no driver: %+v %v", driver, err)
		}
		k.Balanced()
	})
}

// TestHandOut: goods reach households with one help each, the same again is shown first, a form sent twice books once, and a
// reversal takes the help back.
func TestHandOut(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		ctx, k := t.Context(), New(t, d)
		s := k.Service
		Must[relief.Slip](t)(s.PostSlip(ctx, WardKeeper, relief.SlipForm{WarehouseID: k.Ward.ID, Kind: relief.SlipIn, OnDate: s.Today(), Party: "Đoàn từ thiện", Lines: []relief.Line{{ItemID: k.Rice.ID, Qty: 100, UnitValue: 20_000}}}))
		a, b := k.Home("Nguyễn Thị Thử", "040158000111"), k.Home("Trần Văn Mẫu", "040158000222")
		f := relief.HandForm{WarehouseID: k.Ward.ID, OnDate: s.Today(), Households: []string{a.ID, b.ID}, Programme: "Bão số 9", Witness: "Khối trưởng Kim Hòa", OfflineID: "tay-1",
			Lines: []relief.Line{{ItemID: k.Rice.ID, Qty: 10}}}
		for range 2 {
			slips, doubles, err := s.HandOut(ctx, WardKeeper, f)
			if err != nil || len(doubles) != 0 || len(slips) != 2 || slips[0].Value != 200_000 {
				t.Fatalf("%+v %+v %v", slips, doubles, err)
			}
		}
		if k.Lying(WardKeeper, k.Ward, k.Rice) != 80 {
			t.Error("one form was booked twice")
		}
		help := Must[[]householdHelp](t)(k.Homes.Service.HelpOf(ctx, householdtest.Collector, a.ID))
		if len(help) != 1 || help[0].Value != 200_000 || help[0].What != "10 kg gạo tẻ" || help[0].Source != relief.HelpSource {
			t.Fatalf("%+v", help)
		}
		f.OfflineID, f.Households = "tay-2", []string{a.ID}
		_, doubles, err := s.HandOut(ctx, WardKeeper, f)
		if err != nil || len(doubles) != 1 || doubles[0].Qty != 10 || doubles[0].Initials != "N.T.T." {
			t.Fatalf("%+v %v", doubles, err)
		}
		f.Why = "Nhà có thêm người sơ tán"
		slips, _, err := s.HandOut(ctx, WardKeeper, f)
		if err != nil || len(slips) != 1 {
			t.Fatal(slips, err)
		}
		Must[relief.Slip](t)(s.ReverseSlip(ctx, WardKeeper, slips[0].ID, "Hộ trả lại"))
		if help = Must[[]householdHelp](t)(k.Homes.Service.HelpOf(ctx, householdtest.Collector, a.ID)); len(help) != 1 {
			t.Errorf("%+v", help)
		}
		_, _, err = s.HandOut(ctx, SisterHold, f)
		want(t, err, fault.Forbidden, "another's warehouse")
		group := f
		group.Households, group.Group, group.OfflineID, group.Why = nil, "Bếp ăn khối Kim Hòa", "", ""
		if slips, doubles, err = s.HandOut(ctx, WardKeeper, group); err != nil || len(slips) != 1 || len(doubles) != 0 {
			t.Errorf("%+v %+v %v", slips, doubles, err)
		}
		if _, doubles, err = s.HandOut(ctx, WardKeeper, group); err != nil || len(doubles) != 1 {
			t.Errorf("the commune was covered twice without a word: %+v %v", doubles, err)
		}
		k.Balanced()
	})
}

// TestMerger: what a ward has follows it into its successor.
func TestMerger(t *testing.T) {
	k := New(t, dbtest.SQLite(t, Migrations...))
	n := k.Need(k.Rice, 10)
	m := k.Service.Mover()
	lines, err := m.Preview(t.Context(), []string{orgunittest.VinhHung})
	if err != nil || len(lines) != 2 {
		t.Fatal(lines, err)
	}
	for range 2 {
		if err := k.DB.InTx(t.Context(), func(ctx ctxt, tx db.Tx) error {
			return m.Move(ctx, tx, orgunittest.VinhHung, orgunittest.KimLien, clock.Date("2026-11-21"))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if got := Must[relief.Need](t)(k.Service.Need(t.Context(), Sister, n.ID)); got.UnitID != orgunittest.KimLien {
		t.Error(got)
	}
	if _, err := k.Service.StockOf(t.Context(), SisterHold, k.Ward.ID); err != nil {
		t.Error(err)
	}
}
