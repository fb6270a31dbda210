package orgunit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	ot "github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

func ids(us []orgunit.Unit) (out []string) {
	for _, u := range us {
		out = append(out, u.ID)
	}
	return out
}

func TestFixtureTree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := ot.Seed(t, d)
		f := s.Forest()
		u, err := f.ByCode(orgunit.LevelCommune, "17920", "2025-06-30")
		if err != nil || u.ID != ot.FormerNghiKim || u.FullName != "Xã Nghi Kim" {
			t.Fatal(u, err)
		}
		if u, err = f.ByCode(orgunit.LevelCommune, "17920", "2025-07-01"); err != nil || u.ID != ot.VinhHung {
			t.Fatal(u, err)
		}
		if _, err = f.ByCode(orgunit.LevelCommune, "99999", s.Today()); !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		if !f.Under(ot.AreaKimTan, ot.Province, s.Today()) || !f.Under(ot.FormerNghiKim, ot.VinhHung, s.Today()) || f.Under(ot.AreaSen, ot.VinhHung, s.Today()) {
			t.Fatal("wrong tree")
		}
		if got := f.AncestorIDs(ot.AreaKimTan, "2025-01-01"); len(got) != 3 || got[0] != ot.FormerNghiKim || got[2] != ot.Province {
			t.Fatal(got)
		}
		if got := ids(f.Successors(ot.FormerNghiKim, s.Today())); len(got) != 1 || got[0] != ot.VinhHung {
			t.Fatal(got)
		}
		if got := f.Subtree(ot.VinhHung, s.Today()); len(got) != 4 {
			t.Fatal(got)
		}
		found, err := f.Resolve("xa nghi kim", s.Today())
		if err != nil || !found[0].Former || found[0].Now[0].ID != ot.VinhHung {
			t.Fatal(found, err)
		}
	}, ot.Migrations)
}

func TestWithinAgreesWithTheForest(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := ot.Seed(t, d)
		f := s.Forest()
		all := append(f.Subtree(ot.Province, s.Today()), ot.FormerNghiKim, ot.District)
		for _, on := range []clock.Date{"2024-11-01", "2025-06-30", "2025-07-01", "2026-11-21"} {
			for _, root := range all {
				want := map[string]bool{}
				for _, x := range all {
					if u, _ := f.Unit(x, on); u.ValidFrom <= on && f.Under(x, root, on) {
						want[x] = true
					}
				}
				got := within(t, d, []string{root}, on)
				if len(got) != len(want) {
					t.Errorf("%s on %s: %v, want %v", root, on, got, want)
				}
				for _, x := range got {
					if !want[x] {
						t.Errorf("%s on %s: %s is not under it", root, on, x)
					}
				}
			}
		}
		if got := within(t, d, nil, s.Today()); len(got) != 0 {
			t.Error("no roots must give no rows", got)
		}
	}, ot.Migrations)
}

func within(t *testing.T, d *db.DB, roots []string, on clock.Date) (out []string) {
	t.Helper()
	q := d.Read().NewSelect().TableExpr("orgunit_unit AS u").Column("u.id")
	if err := orgunit.Within(q, "u.id", roots, on).Scan(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Two processes on one database: what one changes the other sees within two seconds.
func TestOtherProcessSeesAChange(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		d := dbtest.SQLite(t, ot.Migrations)
		seesChange(t, d, d)
	})
	t.Run("postgres", func(t *testing.T) {
		url := dbtest.PostgresURL(t, ot.Migrations)
		open := func() *db.DB {
			d, err := db.Open(context.Background(), url)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			return d
		}
		seesChange(t, open(), open())
	})
}

func seesChange(t *testing.T, here, there *db.DB) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	a := ot.Seed(t, here)
	b, err := orgunit.New(ctx, there, clock.NewStub(ot.Now))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	err = here.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := a.Apply(ctx, tx, orgunit.Change{On: "2026-12-01", Rename: []orgunit.Renaming{{UnitID: ot.AreaSen, Name: "Sen", Type: "Xóm"}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for b.Forest().Version() != a.Forest().Version() {
		if time.Since(start) > 2*time.Second {
			t.Fatal("the other process did not see the change within 2 s")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if u, _ := b.Forest().Unit(ot.AreaSen, "2026-12-01"); u.FullName != "Xóm Sen" {
		t.Fatal(u)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func sameFold(a, b string) bool { return vntext.Fold(a) == vntext.Fold(b) }

func change(t *testing.T, s *orgunit.Service, d *db.DB, c orgunit.Change) error {
	t.Helper()
	return d.InTx(context.Background(), func(ctx context.Context, tx db.Tx) error {
		_, err := s.Apply(ctx, tx, c)
		return err
	})
}

// When a ward moves to another province, its areas move, and so does the former commune it took over, in SQL too.
func TestFormerUnitsMoveWithTheirHeirs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := ot.Seed(t, d)
		const other = "00000000-0000-7000-8000-000000000042"
		for _, c := range []orgunit.Change{
			{On: "2026-12-01", Create: []orgunit.Draft{{ID: other, Level: orgunit.LevelProvince, Code: "42", Name: "Hà Tĩnh", Type: "Tỉnh"}}},
			{On: "2027-01-01", Attach: []orgunit.Attachment{{UnitID: ot.VinhHung, ParentID: other}}},
		} {
			if err := change(t, s, d, c); err != nil {
				t.Fatal(err)
			}
		}
		for on, want := range map[clock.Date]int{"2026-12-31": 1, "2027-01-01": 6} { // itself, ward, two areas, office, former commune
			if got := within(t, d, []string{other}, on); len(got) != want {
				t.Errorf("%s: %d rows, want %d", on, len(got), want)
			}
		}
		if !s.Forest().Under(ot.FormerNghiKim, other, "2027-01-01") {
			t.Error("the former commune stayed behind")
		}
	}, ot.Migrations)
}

func TestRefusedChanges(t *testing.T) {
	d := dbtest.SQLite(t, ot.Migrations)
	s := ot.Seed(t, d)
	const on = "2027-01-01"
	pass := func(from, to string) orgunit.Passage {
		return orgunit.Passage{From: from, To: to, Kind: orgunit.EdgeWhole}
	}
	for want, c := range map[string]orgunit.Change{
		"orgunit.bad_date":              {On: "2027-02-29"},
		"orgunit.parent_not_above":      {On: on, Attach: []orgunit.Attachment{{UnitID: ot.KimLien, ParentID: ot.AreaKimHoa}}},
		"orgunit.parent_required":       {On: on, Attach: []orgunit.Attachment{{UnitID: ot.KimLien}}},
		"orgunit.successor_ends":        {On: on, Pass: []orgunit.Passage{pass(ot.KimLien, ot.VinhHung), pass(ot.VinhHung, ot.TruongVinh)}},
		"orgunit.own_successor":         {On: on, Pass: []orgunit.Passage{pass(ot.KimLien, ot.KimLien)}},
		"orgunit.not_standing":          {On: on, Close: []string{ot.District}},
		"orgunit.unknown_id_form":       {On: on, Close: []string{"nobody"}},
		"orgunit.ends_before_it_begins": {On: ot.Reform, Close: []string{ot.KimLien}},
		"orgunit.code_taken":            {On: on, Create: []orgunit.Draft{{Level: orgunit.LevelCommune, Code: "17920", Name: "A", Type: "Xã", ParentID: ot.Province}}},
		"orgunit.name_required":         {On: on, Create: []orgunit.Draft{{Level: orgunit.LevelArea, Type: "Xóm", ParentID: ot.KimLien}}},
		"orgunit.unknown_level":         {On: on, Create: []orgunit.Draft{{Level: "planet", Name: "A", ParentID: ot.KimLien}}},
		"orgunit.id_taken":              {On: on, Create: []orgunit.Draft{{ID: ot.KimLien, Level: orgunit.LevelArea, Name: "A", ParentID: ot.KimLien}}},
		"orgunit.unknown_edge":          {On: on, Pass: []orgunit.Passage{{From: ot.KimLien, To: ot.VinhHung, Kind: "eaten"}}},
	} {
		err := change(t, s, d, c)
		var one *fault.Error
		var many fault.Fields
		if errors.As(err, &many) {
			one = many[0]
		} else if !errors.As(err, &one) {
			t.Errorf("%s: %v", want, err)
			continue
		}
		if one.Key != want {
			t.Errorf("%s, want %s", one.Key, want)
		}
	}
	if s.Forest().Version() != 2 {
		t.Error("a refused change left something behind")
	}
}
