package orgunit_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	ot "github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

const today clock.Date = "2026-11-21"

var country = struct {
	sync.Once
	forest *orgunit.Forest
}{}

// nation imports the country once for all tests of the picture in memory.
func nation(t testing.TB) *orgunit.Forest {
	t.Helper()
	country.Do(func() {
		d := dbtest.SQLite(t, ot.Migrations)
		country.forest = importAll(t, d).Forest()
	})
	if country.forest == nil {
		t.Fatal("the import failed in another test")
	}
	return country.forest
}

var all = orgunit.ImportOptions{Areas: []string{"40"}, Agencies: []string{"40"}}

func importAll(t testing.TB, d *db.DB) *orgunit.Service {
	t.Helper()
	s, err := orgunit.New(context.Background(), d, clock.NewStub(ot.Now))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r, err := s.Import(context.Background(), all)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d units in %v", d.Engine(), r.Units, time.Since(start).Round(time.Millisecond))
	return s
}

func TestImportOnBothEngines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := importAll(t, d)
		r, err := s.Import(context.Background(), all)
		if err != nil || r.Added != 0 || r.Changed != 0 {
			t.Fatalf("second import: %+v %v", r, err)
		}
		start := time.Now()
		again, err := orgunit.New(context.Background(), d, clock.NewStub(ot.Now))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("read back in %v", time.Since(start).Round(time.Millisecond))
		if again.Forest().Len() != s.Forest().Len() {
			t.Fatal("read back another tree")
		}
		na, _ := s.Forest().ByCode(orgunit.LevelProvince, "40", today)
		start = time.Now()
		if got := within(t, d, []string{na.ID}, today); len(got) < 4000 {
			t.Fatal(len(got))
		}
		t.Logf("scope of a province: %v", time.Since(start).Round(time.Millisecond))
		thrifty(t, d)
		keepsDecisions(t, d, s)
	}, ot.Migrations)
}

func TestNumbersOfTheCountry(t *testing.T) {
	f := nation(t)
	count := func(l orgunit.Level, under string, on clock.Date) int {
		return len(f.AtLevel(l, orgunit.KindFront, under, on))
	}
	na, err := f.ByCode(orgunit.LevelProvince, "40", "2024-11-15")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		level orgunit.Level
		under string
		on    clock.Date
		want  int
	}{
		{orgunit.LevelProvince, "", "2024-11-15", 63}, {orgunit.LevelDistrict, "", "2024-11-15", 704}, {orgunit.LevelCommune, "", "2024-11-15", 10472},
		{orgunit.LevelProvince, "", "2025-06-30", 63}, {orgunit.LevelDistrict, "", "2025-06-30", 696}, {orgunit.LevelCommune, "", "2025-06-30", 10035},
		{orgunit.LevelProvince, "", "2025-07-01", 34}, {orgunit.LevelDistrict, "", "2025-07-01", 0}, {orgunit.LevelCommune, "", "2025-07-01", 3321},
		{orgunit.LevelProvince, "", today, 34}, {orgunit.LevelCommune, "", today, 3321},
		{orgunit.LevelDistrict, na.ID, "2024-11-15", 21}, {orgunit.LevelCommune, na.ID, "2024-11-15", 460},
		{orgunit.LevelDistrict, na.ID, "2024-12-01", 20}, {orgunit.LevelCommune, na.ID, "2024-12-01", 412},
		{orgunit.LevelCommune, na.ID, "2025-07-01", 130}, {orgunit.LevelArea, na.ID, "2024-11-15", 3804}, {orgunit.LevelArea, na.ID, today, 3804},
	} {
		if got := count(c.level, c.under, c.on); got != c.want {
			t.Errorf("%s under %q on %s: %d, want %d", c.level, c.under, c.on, got, c.want)
		}
	}
}

func TestNghiKimToday(t *testing.T) {
	f := nation(t)
	for _, q := range []string{"xã Nghi Kim", "nghi kim", "Xa  NGHI KIM", "x. nghi kim"} {
		found, err := f.Resolve(q, today)
		if err != nil {
			t.Fatal(q, err)
		}
		if !found[0].Former || len(found[0].Now) != 1 || found[0].Now[0].FullName != "Phường Vinh Hưng" {
			t.Errorf("%s: %+v", q, found[0])
		}
	}
	old, err := f.ByCode(orgunit.LevelCommune, "17920", "2025-06-30")
	if err != nil {
		t.Fatal(err)
	}
	now, err := f.ByCode(orgunit.LevelCommune, "17920", "2025-07-01")
	if err != nil || old.ID == now.ID || old.FullName != "Xã Nghi Kim" || now.FullName != "Phường Vinh Hưng" {
		t.Fatal(old, now, err)
	}
	if f.AncestorIDs(old.ID, today)[0] != now.ID {
		t.Fatal("a former commune stands under the ward that took it over")
	}
}

func TestKnownConflicts(t *testing.T) {
	f := nation(t)
	for _, c := range []struct {
		code string
		on   clock.Date
		want string
	}{
		{"06970", "2025-06-30", "Thị trấn Ba Chẽ"}, {"06970", "2025-07-01", "Xã Ba Chẽ"}, {"06978", "2025-07-01", "Xã Ba Chẽ"},
		{"26368", "2026-04-29", "Xã Long Thành"}, {"26368", "2026-04-30", "Phường Long Thành"},
		{"11948", "2025-07-01", "Đặc khu Bạch Long Vĩ"},
	} {
		u, err := f.ByCode(orgunit.LevelCommune, c.code, c.on)
		if err != nil || u.FullName != c.want {
			t.Errorf("%s on %s: %s %v", c.code, c.on, u.FullName, err)
		}
	}
	before, _ := f.ByCode(orgunit.LevelCommune, "26368", "2026-04-29")
	after, _ := f.ByCode(orgunit.LevelCommune, "26368", "2026-04-30")
	if before.ID != after.ID {
		t.Error("a commune that became a ward is the same unit")
	}
	island, _ := f.ByCode(orgunit.LevelDistrict, "318", "2025-06-30")
	if s := f.Successors(island.ID, today); len(s) != 1 || s[0].FullName != "Đặc khu Bạch Long Vĩ" {
		t.Error("the island district lives on in the special zone", s)
	}
	for _, code := range []string{"01651", "02482"} {
		u, err := f.ByCode(orgunit.LevelCommune, code, "2025-06-30")
		if err != nil || len(f.Successors(u.ID, today)) != 0 || f.AncestorIDs(u.ID, today) == nil {
			t.Error(code, u, err)
		}
	}
	hue, _ := f.ByCode(orgunit.LevelProvince, "46", "2024-11-15")
	if u, _ := f.Unit(hue.ID, today); hue.FullName != "Tỉnh Thừa Thiên Huế" || u.FullName != "Thành phố Huế" {
		t.Error(hue.FullName, u.FullName)
	}
	split, _ := f.ByCode(orgunit.LevelDistrict, "474", "2024-11-15")
	if s := f.Successors(split.ID, "2025-02-01"); len(s) != 2 {
		t.Error("the city of Huế was split into two districts", s)
	}
}

func TestUnknownIsNamed(t *testing.T) {
	f := nation(t)
	for name, err := range map[string]error{
		"orgunit.unknown_code":    second(f.ByCode(orgunit.LevelCommune, "00000", today)),
		"orgunit.code_not_on_day": second(f.ByCode(orgunit.LevelDistrict, "412", today)),
		"orgunit.bad_date":        second(f.ByCode(orgunit.LevelDistrict, "412", "2026-02-30")),
		"orgunit.unknown_id":      second(f.Unit("nobody", today)),
		"orgunit.unknown_name":    second(f.Resolve("xã Không Có Thật", today)),
	} {
		e, ok := err.(*fault.Error)
		if !ok || e.Kind != fault.NotFound || e.Key != name || len(e.Args) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestSearchSpellings(t *testing.T) {
	f := nation(t)
	for _, c := range []struct{ query, want string }{
		{"hoa binh", "Tỉnh Hoà Bình"}, {"Hòa Bình", "Tỉnh Hoà Bình"}, {"Hoà Bình", "Tỉnh Hoà Bình"}, {"Hòa Bình", "Tỉnh Hoà Bình"},
		{"truong vinh", "Phường Trường Vinh"}, {"p. Trường Vinh", "Phường Trường Vinh"}, {"trường vinh nghệ an", "Phường Trường Vinh"},
		{"tp vinh", "Thành phố Vinh"}, {"nghe an", "Tỉnh Nghệ An"}, {"phuong 5 go vap", "Phường 5"}, {"xã Hòa Bình thành phố Hồ Chí Minh", "Xã Hòa Bình"}, {"vinh, nghe an", "Thành phố Vinh"},
	} {
		got := f.Search(c.query, today, 10)
		ok := false
		for _, g := range got {
			ok = ok || sameFold(g.Matched, c.want)
		}
		if !ok {
			t.Errorf("%q: %v, want %s", c.query, matched(got), c.want)
		}
	}
	if f.Search("", today, 5) != nil || f.Search("  ", today, 5) != nil || f.Search("vinh", today, 0) != nil {
		t.Error("nothing asked, nothing answered")
	}
	if got := f.Search("vinh", today, 10); len(got) != 10 {
		t.Error(len(got))
	}
}

func matched(fs []orgunit.Found) (out []string) {
	for _, f := range fs {
		out = append(out, f.Matched)
	}
	return out
}

// Every unit that ended has successors or was closed by a decision; nobody loses the way up.
func TestNobodyIsLost(t *testing.T) {
	f := nation(t)
	lost := map[orgunit.Level]int{}
	for _, on := range []clock.Date{"2024-11-15", "2025-03-15"} {
		for _, l := range []orgunit.Level{orgunit.LevelProvince, orgunit.LevelDistrict, orgunit.LevelCommune} {
			for _, u := range f.AtLevel(l, orgunit.KindFront, "", on) {
				if len(f.Successors(u.ID, today)) == 0 {
					lost[l]++
				}
				if up := f.AncestorIDs(u.ID, today); len(up) == 0 || up[len(up)-1] != orgunit.CentralID {
					t.Fatalf("%s (%s) stands under nobody today: %v", u.FullName, u.Code, up)
				}
			}
		}
	}
	t.Log("without a successor:", lost)
	if lost[orgunit.LevelProvince] != 0 || lost[orgunit.LevelCommune] > 350 {
		t.Error(lost)
	}
}

// thrifty reads the country anew and weighs it.
func thrifty(t *testing.T, d *db.DB) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s, err := orgunit.New(context.Background(), d, clock.NewStub(ot.Now))
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	mb := float64(after.HeapAlloc-before.HeapAlloc) / (1 << 20)
	t.Logf("%d units take %.1f MB", s.Forest().Len(), mb)
	if mb > 24 {
		t.Errorf("the picture takes %.1f MB", mb)
	}
	runtime.KeepAlive(s)
}

func BenchmarkSearch(b *testing.B) {
	f := nation(b)
	for _, q := range []string{"nghi kim", "hoa", "phuong truong vinh nghe an", "khong co dau"} {
		b.Run(q, func(b *testing.B) {
			for b.Loop() {
				f.Search(q, today, 10)
			}
		})
	}
}

// A search over the whole country takes less than 5 ms (the median, on a machine that does other things too).
func TestSearchIsQuick(t *testing.T) {
	f := nation(t)
	for _, q := range []string{"a", "nghi kim", "hoa", "phuong truong vinh nghe an", "xa hoa binh thanh pho ho chi minh", "khong co dau"} {
		var took []time.Duration
		for range 21 {
			start := time.Now()
			f.Search(q, today, 10)
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		if took[10] > 5*time.Millisecond {
			t.Errorf("%q takes %v", q, took[10])
		}
	}
}

// keepsDecisions imports again after a reorganisation by hand: the reorganisation stays.
func keepsDecisions(t *testing.T, d *db.DB, s *orgunit.Service) {
	ward, err := s.Forest().ByCode(orgunit.LevelCommune, "17920", today)
	if err != nil {
		t.Fatal(err)
	}
	sister, err := s.Forest().ByCode(orgunit.LevelCommune, "16690", today)
	if err != nil {
		t.Fatal(err)
	}
	err = change(t, s, d, orgunit.Change{On: "2027-01-01", Basis: "NQ 1/2027",
		Pass:   []orgunit.Passage{{From: ward.ID, To: sister.ID, Kind: orgunit.EdgeWhole}},
		Rename: []orgunit.Renaming{{UnitID: sister.ID, Name: "Vinh", Type: "Phường"}}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Import(context.Background(), all); err != nil || r.Changed != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	got := s.Forest().Successors(ward.ID, "2027-01-01")
	if len(got) != 1 || got[0].FullName != "Phường Vinh" {
		t.Error(got)
	}
	found, err := s.Forest().Resolve("xã nghi kim", "2027-01-01")
	if err != nil || found[0].Now[0].FullName != "Phường Vinh" {
		t.Error("two reorganisations on: the name must still lead to who carries it on", found, err)
	}
}

// On any day a slug names one unit of a province, and the page of a unit is found by it.
func TestSlugsAreUniqueInAProvince(t *testing.T) {
	f := nation(t)
	for _, on := range []clock.Date{"2024-11-15", "2025-03-15", "2025-07-01", today} {
		for _, p := range f.AtLevel(orgunit.LevelProvince, orgunit.KindFront, "", on) {
			seen := map[string]string{}
			for _, id := range f.Subtree(p.ID, on) {
				u, err := f.Unit(id, on)
				if err != nil || u.Slug == "" {
					t.Fatal(u, err)
				}
				if other, ok := seen[u.Slug]; ok {
					t.Errorf("%s: %s on %s is %s and %s", p.FullName, u.Slug, on, other, u.FullName+" "+u.Code)
				}
				seen[u.Slug] = u.FullName + " " + u.Code
			}
		}
	}
	if got := f.BySlug("phuong-truong-vinh", "", today); len(got) == 0 || got[0].FullName != "Phường Trường Vinh" {
		t.Error(got)
	}
}
