package household_test

import (
	"context"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/household/householdtest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func each(t *testing.T, fn func(t *testing.T, k *householdtest.Kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, householdtest.New(t, d)) }, householdtest.Migrations...)
}

// TestRegister: written down, found by name, number and code, masked, opened with a reason, changed, closed.
func TestRegister(t *testing.T) {
	each(t, func(t *testing.T, k *householdtest.Kit) {
		ctx, s := t.Context(), k.Service
		h := k.Add(householdtest.Entry("  Phan  Thị   Mơ ", "040 158 000 123"))
		k.Add(householdtest.Entry("Trần Văn Mộc", "040158000124"))
		if h.Initials != "P.T.M." || h.IDTail != "123" || h.PhoneTail != "345" || h.People != 2 || h.Category != household.Poor {
			t.Fatalf("%+v", h)
		}
		for _, q := range []string{"phan thi mo", "Mơ", "thị phan", "040158000123", "040.158.000.123", h.Code, strings.ToLower(h.Code)} {
			list, n, err := s.Search(ctx, householdtest.Collector, household.Query{Text: q, Per: 10})
			if err != nil || n != 1 || len(list) != 1 || list[0].ID != h.ID {
				t.Errorf("%q: %d %+v %v", q, n, list, err)
			}
		}
		for q, want := range map[string]int{"0912000345": 2, "+84912000345": 2, "": 2, "Phan Phan": 0, "Thảo": 0, "!!": 0} {
			if _, n, err := s.Search(ctx, householdtest.Collector, household.Query{Text: q, Per: 1, Page: 2}); err != nil || n != want {
				t.Errorf("%q: %d, want %d, %v", q, n, want, err)
			}
		}
		if p, err := s.Open(ctx, householdtest.AreaHead, h.ID, "Đến nhà khảo sát"); err != nil || p.Name != "Phan Thị Mơ" || p.IDNumber != "040158000123" {
			t.Fatalf("%+v %v", p, err)
		}
		last := k.Trail.Lines[len(k.Trail.Lines)-1]
		if last.Action != "household.unmask" || last.ResourceID != h.ID {
			t.Fatalf("%+v", last)
		}
		if _, err := s.Open(ctx, householdtest.AreaHead, h.ID, " "); !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if _, err := s.Open(ctx, householdtest.Accountant, h.ID, "Tò mò thôi"); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		e := householdtest.Entry("Phan Thị Mơ", "040158000123")
		e.Category, e.CategoryYear = household.NearPoor, 2027
		got, err := s.Change(ctx, householdtest.AreaHead, h.ID, h.Version, e)
		if err != nil || got.Category != household.NearPoor || got.Version != 2 {
			t.Fatalf("%+v %v", got, err)
		}
		if _, err := s.Change(ctx, householdtest.AreaHead, h.ID, h.Version, e); !fault.Is(err, fault.Conflict) {
			t.Fatalf("an older version was taken: %v", err)
		}
		years, err := s.Standings(ctx, householdtest.Collector, h.ID)
		if err != nil || len(years) != 2 || years[0] != (household.Standing{Year: 2027, Category: household.NearPoor}) {
			t.Fatalf("%+v %v", years, err)
		}
		if err := s.Close(ctx, householdtest.AreaHead, h.ID, "Chuyển đi tỉnh khác"); err != nil {
			t.Fatal(err)
		}
		if _, n, _ := s.Search(ctx, householdtest.Collector, household.Query{Text: "Mơ"}); n != 0 {
			t.Fatal("closed and still listed")
		}
		k.Add(e) // the number is free again
	})
}

// TestOneIdentityOneHousehold: the same identity number is not written down twice, in whichever commune.
func TestOneIdentityOneHousehold(t *testing.T) {
	each(t, func(t *testing.T, k *householdtest.Kit) {
		h := k.Add(householdtest.Entry("Phan Thị Mơ", "040158000123"))
		e := householdtest.Entry("Phan Thị Mơ", "040158000123")
		e.UnitID = orgunittest.AreaHongSon
		_, err := k.Service.Add(t.Context(), householdtest.Sister, e)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "id_number") {
			t.Fatal(err)
		}
		other := k.Add(householdtest.Entry("Trần Văn Mộc", ""))
		if _, err := k.Service.Change(t.Context(), householdtest.Collector, other.ID, 1, householdtest.Entry("Trần Văn Mộc", "040158000123")); !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if _, err := k.Service.Change(t.Context(), householdtest.Collector, h.ID, 1, householdtest.Entry("Phan Thị Mơ", "040158000123")); err != nil {
			t.Fatalf("its own number is refused: %v", err)
		}
	})
}

// TestScope: a commune sees its own, an area its own, the province all; strangers are told that there is nothing.
func TestScope(t *testing.T) {
	each(t, func(t *testing.T, k *householdtest.Kit) {
		ctx, s := t.Context(), k.Service
		h := k.Add(householdtest.Entry("Phan Thị Mơ", ""))
		e := householdtest.Entry("Trần Văn Mộc", "")
		e.UnitID = orgunittest.AreaKimTan
		other := k.Add(e)
		for _, c := range []struct {
			actor identity.Actor
			want  int
		}{{householdtest.Collector, 2}, {householdtest.AreaHead, 1}, {householdtest.ProvinceLeader, 2}, {householdtest.Sister, 0}} {
			if _, n, err := s.Search(ctx, c.actor, household.Query{}); err != nil || n != c.want {
				t.Errorf("%s sees %d, want %d: %v", c.actor.ID, n, c.want, err)
			}
		}
		if _, n, err := s.Search(ctx, householdtest.ProvinceLeader, household.Query{UnitID: orgunittest.AreaKimTan}); err != nil || n != 1 {
			t.Error(n, err)
		}
		for _, a := range []identity.Actor{householdtest.Editor, identity.Citizen()} {
			if _, _, err := s.Search(ctx, a, household.Query{}); err == nil {
				t.Errorf("%s may search", a.ID)
			}
		}
		for _, a := range []identity.Actor{householdtest.Sister, householdtest.Editor} {
			for name, err := range map[string]error{
				"get":    second(s.Get(ctx, a, h.ID)),
				"open":   second(s.Open(ctx, a, h.ID, "lý do nào đó")),
				"help":   second(s.HelpOf(ctx, a, h.ID)),
				"change": second(s.Change(ctx, a, h.ID, 1, e)),
				"close":  s.Close(ctx, a, h.ID, "lý do nào đó"),
			} {
				if !fault.Is(err, fault.NotFound) {
					t.Errorf("%s of %s: %v", name, a.ID, err)
				}
			}
		}
		if _, err := s.Get(ctx, householdtest.AreaHead, other.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the neighbouring area is open: %v", err)
		}
		if _, err := s.Add(ctx, householdtest.AreaHead, e); !fault.Is(err, fault.Forbidden) {
			t.Errorf("an area writes its neighbour's: %v", err)
		}
		e.UnitID = orgunittest.WardOffice
		if _, err := s.Add(ctx, householdtest.Collector, e); !fault.Is(err, fault.Invalid) {
			t.Errorf("a household stands in an office: %v", err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestNothingPersonalIsReadable: a copy of the tables holds no name, number or address.
func TestNothingPersonalIsReadable(t *testing.T) {
	each(t, func(t *testing.T, k *householdtest.Kit) {
		k.Add(householdtest.Entry("Phan Thị Mơ", "040158000123"))
		rows, err := k.DB.Read().QueryContext(t.Context(), "SELECT * FROM household_household")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		cols, err := rows.Columns()
		if err != nil || !rows.Next() {
			t.Fatal(err)
		}
		vals := make([]any, len(cols))
		for i := range vals {
			vals[i] = new(any)
		}
		if err := rows.Scan(vals...); err != nil {
			t.Fatal(err)
		}
		for i, v := range vals {
			text, _ := (*v.(*any)).(string)
			for _, secret := range []string{"Phan", "Mơ", "mo", "phan", "040158000123", "0912000345", "giếng", "Lộc"} {
				if len(secret) > 2 && strings.Contains(text, secret) || text == secret {
					t.Errorf("%s tells %q", cols[i], secret)
				}
			}
		}
	})
}

// TestLedger: a help is counted once, however often it is written down; it can be taken back; it warns of the next.
func TestLedger(t *testing.T) {
	each(t, func(t *testing.T, k *householdtest.Kit) {
		ctx, s := t.Context(), k.Service
		h := k.Add(householdtest.Entry("Phan Thị Mơ", ""))
		house := household.Help{HouseholdID: h.ID, Source: "housing", SourceID: "a", Kind: household.House, Value: 60_000_000, What: "Nhà xây mới", Programme: "Xóa nhà tạm", On: "2025-06-01", UnitID: orgunittest.VinhHung}
		rice := household.Help{HouseholdID: h.ID, Source: "relief", SourceID: "a", Kind: household.Goods, Value: 300_000, What: "10 kg gạo", On: "2026-11-01", UnitID: orgunittest.Province}
		tet := household.Help{HouseholdID: h.ID, Source: "fund", SourceID: "b", Kind: household.Cash, Value: 500_000, Programme: "Tết vì người nghèo", On: "2026-02-01", UnitID: orgunittest.VinhHung}
		for range 2 {
			k.Record(house)
			k.Record(rice)
			k.Record(tet)
		}
		rice.Value = 350_000
		k.Record(rice)
		list, err := s.HelpOf(ctx, householdtest.AreaHead, h.ID)
		if err != nil || len(list) != 3 || list[0] != rice || list[2] != house {
			t.Fatalf("%+v %v", list, err)
		}
		sums := household.SumByYear(list)
		if len(sums) != 2 || sums[0] != (household.YearSum{Year: 2026, Cash: 500_000, Goods: 350_000, Count: 2}) || sums[1].All() != 60_000_000 {
			t.Fatalf("%+v", sums)
		}
		for _, c := range []struct {
			kind      household.HelpKind
			programme string
			want      []household.WarnKind
		}{{household.House, "", []household.WarnKind{household.WarnHouse}}, {household.Goods, "", []household.WarnKind{household.WarnRecent}}, {household.Cash, "", nil},
			{household.Goods, "tet VI nguoi ngheo", []household.WarnKind{household.WarnRecent, household.WarnProgramme}}} {
			ws, err := s.WarningsFor(ctx, householdtest.Collector, h.ID, c.kind, c.programme)
			if err != nil || len(ws) != len(c.want) {
				t.Fatalf("%s %s: %+v %v", c.kind, c.programme, ws, err)
			}
			for i, w := range ws {
				if w.Kind != c.want[i] {
					t.Errorf("%s %s: %+v", c.kind, c.programme, ws)
				}
			}
		}
		err = k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if got, err := s.Recorded(ctx, tx, "relief", "a"); err != nil || got != rice {
				t.Errorf("%+v %v", got, err)
			}
			if err := s.TakeBackHelp(ctx, tx, "relief", "a"); err != nil {
				return err
			}
			return s.TakeBackHelp(ctx, tx, "relief", "never")
		})
		if list, _ = s.HelpOf(ctx, householdtest.AreaHead, h.ID); err != nil || len(list) != 2 {
			t.Fatalf("%+v %v", list, err)
		}
		for name, bad := range map[string]household.Help{"no household": {Source: "x", SourceID: "y", Kind: household.Cash, Value: 1, On: "2026-01-01", UnitID: "u"},
			"free cash": {HouseholdID: h.ID, Source: "x", SourceID: "y", Kind: household.Cash, On: "2026-01-01", UnitID: "u"},
			"a debt":    {HouseholdID: h.ID, Source: "x", SourceID: "y", Kind: household.Goods, Value: -1, On: "2026-01-01", UnitID: "u"}} {
			if err := k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.RecordHelp(ctx, tx, bad) }); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		gone := tet
		gone.HouseholdID = "nobody"
		if err := k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.RecordHelp(ctx, tx, gone) }); !fault.Is(err, fault.NotFound) {
			t.Errorf("to nobody: %v", err)
		}
	})
}

// TestWholeAndParts: what another room paid towards a house is a part of it; parts and rest are the whole, whatever order things
// are written down in, and the rest grows when a part is taken back.
func TestWholeAndParts(t *testing.T) {
	each(t, func(t *testing.T, k *householdtest.Kit) {
		ctx, s := t.Context(), k.Service
		h, other := k.Add(householdtest.Entry("Phan Thị Mơ", "")), k.Add(householdtest.Entry("Trần Văn Mộc", ""))
		paid := household.Help{HouseholdID: h.ID, Source: "fund", SourceID: "p1", Kind: household.Cash, Value: 40, Programme: "Xóa nhà tạm", On: "2026-10-01", UnitID: orgunittest.VinhHung}
		house := household.Help{HouseholdID: h.ID, Source: "housing", SourceID: "c1", Kind: household.House, Value: 60, Programme: "Xóa nhà tạm", On: "2026-11-01", UnitID: orgunittest.VinhHung, Matter: "housing:c1", Whole: true}
		sum := func() (all int) {
			list, err := s.HelpOf(ctx, householdtest.Collector, h.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range list {
				all += int(x.Value)
			}
			if len(household.Twice(list)) > 0 && list[0].Matter == list[len(list)-1].Matter {
				t.Errorf("parts of one house warn of each other: %+v", list)
			}
			return all
		}
		in := func(fn func(context.Context, db.Tx) error) error { return k.DB.InTx(ctx, fn) }
		k.Record(paid)
		k.Record(house)
		if n := sum(); n != 100 {
			t.Fatalf("not bound: %d", n)
		}
		if err := in(func(ctx context.Context, tx db.Tx) error { return s.Bind(ctx, tx, h.ID, "fund", "p1", "housing:c1") }); err != nil {
			t.Fatal(err)
		}
		k.Record(paid) // the fund says it again: it stays a part
		if n := sum(); n != 60 {
			t.Fatalf("bound: %d", n)
		}
		if parts, err := s.Parts(ctx, k.DB.Read(), "housing:"); err != nil || parts["housing:c1"] != 40 || len(parts) != 1 {
			t.Fatalf("%v %v", parts, err)
		}
		for name, err := range map[string]error{
			"twice": in(func(ctx context.Context, tx db.Tx) error { return s.Bind(ctx, tx, h.ID, "fund", "p1", "housing:c2") }),
			"of another": in(func(ctx context.Context, tx db.Tx) error {
				return s.Bind(ctx, tx, other.ID, "fund", "p1", "housing:c3")
			}),
			"of itself":    in(func(ctx context.Context, tx db.Tx) error { return s.Bind(ctx, tx, h.ID, "housing", "c1", "housing:c4") }),
			"never bound":  in(func(ctx context.Context, tx db.Tx) error { return s.Unbind(ctx, tx, h.ID, "fund", "p1", "housing:c9") }),
			"never given ": in(func(ctx context.Context, tx db.Tx) error { return s.Bind(ctx, tx, h.ID, "fund", "p9", "housing:c1") }),
		} {
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := in(func(ctx context.Context, tx db.Tx) error { return s.TakeBackHelp(ctx, tx, "fund", "p1") }); err != nil {
			t.Fatal(err)
		}
		if n := sum(); n != 60 {
			t.Fatalf("the fund took its part back: %d", n)
		}
	})
}

// TestMove: households follow their unit into its successor.
func TestMove(t *testing.T) {
	each(t, func(t *testing.T, k *householdtest.Kit) {
		ctx := t.Context()
		h := k.Add(householdtest.Entry("Phan Thị Mơ", ""))
		lines, err := k.Service.Mover().Preview(ctx, []string{orgunittest.AreaKimTan, orgunittest.AreaKimHoa})
		if err != nil || len(lines) != 1 || lines[0].Count != 1 || lines[0].UnitID != orgunittest.AreaKimHoa {
			t.Fatalf("%+v %v", lines, err)
		}
		for range 2 {
			if err := k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
				return k.Service.Mover().Move(ctx, tx, orgunittest.AreaKimHoa, orgunittest.AreaKimTan, "2026-12-01")
			}); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := k.Service.Get(ctx, householdtest.Collector, h.ID); err != nil || got.UnitID != orgunittest.AreaKimTan || k.Service.Area(got) != "Khối Kim Tân, Phường Vinh Hưng" {
			t.Fatalf("%+v %v", got, err)
		}
	})
}

// TestEntryCheck: what cannot be taken is said field by field.
func TestEntryCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*household.Entry)
		field  string
	}{
		"no name":       {func(e *household.Entry) { e.Person.Name = " " }, "name"},
		"digits":        {func(e *household.Entry) { e.Person.Name = "Phan 123" }, "name"},
		"formula":       {func(e *household.Entry) { e.Person.Name = "=cmd" }, "name"},
		"short number":  {func(e *household.Entry) { e.Person.IDNumber = "12345" }, "id_number"},
		"letter":        {func(e *household.Entry) { e.Person.IDNumber = "04015800012O" }, "id_number"},
		"phone":         {func(e *household.Entry) { e.Person.Phone = "113" }, "phone"},
		"unborn":        {func(e *household.Entry) { e.Person.BirthYear = 2031 }, "birth_year"},
		"no category":   {func(e *household.Entry) { e.Category = "" }, "category"},
		"odd year":      {func(e *household.Entry) { e.CategoryYear = 202 }, "category_year"},
		"long address":  {func(e *household.Entry) { e.Person.Address = strings.Repeat("a", 301) }, "address"},
		"unborn member": {func(e *household.Entry) { e.Person.Members = []household.Member{{Name: "A", BirthYear: 3000}} }, "members"},
		"sex":           {func(e *household.Entry) { e.Person.Sex = "x" }, "sex"},
	} {
		e := householdtest.Entry("Phan Thị Mơ", "040158000123")
		c.change(&e)
		if err := e.Clean().Check(2026); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "("+c.field+")") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := householdtest.Entry("H' Hen Niê", "").Clean().Check(2026); err != nil {
		t.Error(err)
	}
}
