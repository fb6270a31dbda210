package orgunit_test

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	ot "github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// Whatever is decided in whatever order: nobody stands below themselves, one code never means two units on one day, every
// unit that ended has successors or was closed by name, and nothing stands under a unit that does not.
func TestRandomReorganisations(t *testing.T) {
	base := ot.Seed(t, dbtest.SQLite(t, ot.Migrations)).Forest()
	accepted, lives := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		lives++
		f := base
		closed := map[string]bool{ot.District: true}
		day := clock.Date("2026-01-01")
		for step := range rapid.IntRange(1, 12).Draw(t, "steps") {
			day = day.AddDays(rapid.IntRange(0, 40).Draw(t, "days"))
			c := randomChange(t, f, day, step)
			next, err := f.Try(c)
			if err != nil {
				continue
			}
			accepted++
			for _, x := range c.Close {
				closed[x] = true
			}
			f = next
		}
		checkForest(t, f, day, closed)
	})
	if accepted < lives { // short runs live fewer times
		t.Errorf("only %d changes were accepted: the test has gone blind", accepted)
	}
}

func randomChange(t *rapid.T, f *orgunit.Forest, on clock.Date, step int) orgunit.Change {
	c := orgunit.Change{On: on, Basis: fmt.Sprint("step ", step)}
	level := rapid.SampledFrom([]orgunit.Level{orgunit.LevelProvince, orgunit.LevelCommune, orgunit.LevelArea}).Draw(t, "level")
	pool := f.AtLevel(level, orgunit.KindFront, "", on)
	if len(pool) == 0 {
		return c
	}
	pick := func(name string) orgunit.Unit { return rapid.SampledFrom(pool).Draw(t, name) }
	a, b := pick("a"), pick("b")
	fresh := func(n int) orgunit.Draft {
		return orgunit.Draft{ID: fmt.Sprintf("u-%d-%d", step, n), Level: level, Name: fmt.Sprint("Mới ", step, n), Type: "Xã", ParentID: a.ParentID,
			Code: rapid.SampledFrom([]string{"", a.Code, b.Code, "17950"}).Draw(t, "code")}
	}
	switch rapid.IntRange(0, 7).Draw(t, "what") {
	case 0:
		c.Pass = []orgunit.Passage{{From: a.ID, To: b.ID, Kind: orgunit.EdgeWhole}}
	case 1:
		c.Create = []orgunit.Draft{fresh(0)}
		c.Pass = []orgunit.Passage{{From: a.ID, To: c.Create[0].ID, Kind: orgunit.EdgeWhole}, {From: b.ID, To: c.Create[0].ID, Kind: orgunit.EdgeWhole}}
	case 2:
		c.Create = []orgunit.Draft{fresh(0), fresh(1)}
		c.Pass = []orgunit.Passage{{From: a.ID, To: c.Create[0].ID, Kind: orgunit.EdgePart}, {From: a.ID, To: c.Create[1].ID, Kind: orgunit.EdgePart}}
	case 3:
		c.Close = []string{a.ID}
	case 4:
		c.Attach = []orgunit.Attachment{{UnitID: a.ID, ParentID: rapid.SampledFrom(f.AllIDs()).Draw(t, "parent")}}
	case 5:
		c.Rename = []orgunit.Renaming{{UnitID: a.ID, Name: "Tên " + fmt.Sprint(step), Type: "Xã"}}
	case 6: // two that want to pass into each other
		c.Pass = []orgunit.Passage{{From: a.ID, To: b.ID, Kind: orgunit.EdgeWhole}, {From: b.ID, To: a.ID, Kind: orgunit.EdgeWhole}}
	case 7: // a successor that passes on in turn on the same day
		c.Pass = []orgunit.Passage{{From: a.ID, To: b.ID, Kind: orgunit.EdgeWhole}, {From: b.ID, To: pick("c").ID, Kind: orgunit.EdgeWhole}}
	}
	return c
}

func checkForest(t *rapid.T, f *orgunit.Forest, last clock.Date, closed map[string]bool) {
	everyone := f.AllIDs()
	days := []clock.Date{"2024-11-01", "2025-07-01", "2026-01-01", last.AddDays(-20), last, last.AddDays(400)}
	for _, on := range days {
		bearer := map[string]string{}
		for _, x := range everyone {
			u, err := f.Unit(x, on)
			if err != nil {
				t.Fatal(err)
			}
			for _, up := range f.AncestorIDs(x, on) {
				if up == x {
					t.Fatalf("%s stands below itself on %s", u.FullName, on)
				}
			}
			if !u.Stands(on) {
				continue
			}
			if u.Code != "" {
				k := string(u.Level) + u.Code
				if bearer[k] != "" {
					t.Fatalf("code %s means two units on %s", u.Code, on)
				}
				bearer[k] = x
			}
			if p, err := f.Unit(u.ParentID, on); u.ParentID != "" && (err != nil || !p.Stands(on)) {
				t.Fatalf("%s stands under %s, which does not stand on %s", u.FullName, p.FullName, on)
			}
		}
	}
	for _, x := range everyone {
		u, _ := f.Unit(x, last)
		for _, e := range f.EdgesFrom(x) {
			if to, err := f.Unit(e.To, e.On); err != nil || !to.Stands(e.On) {
				t.Fatalf("%s passed on %s into %s, which did not stand", u.FullName, e.On, to.FullName)
			}
		}
		if u.ValidTo <= last && len(f.EdgesFrom(x)) == 0 && !closed[x] {
			t.Fatalf("%s ended without a successor and without a decision", u.FullName)
		}
	}
}

// The closure table says the same as the picture after random decisions are written.
func TestClosureFollowsChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := ot.Seed(t, d)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			if n++; n > 12 { // each writes a transaction; a dozen is enough to go through every kind of change
				return
			}
			c := randomChange(rt, s.Forest(), clock.Date("2027-01-01").AddDays(n), 100+n)
			_ = d.InTx(context.Background(), func(ctx context.Context, tx db.Tx) error {
				_, err := s.Apply(ctx, tx, c)
				return err
			})
		})
		f := s.Forest()
		for _, on := range []clock.Date{"2025-06-30", "2026-12-31", "2027-01-05", "2027-02-01"} {
			for _, root := range f.AllIDs() {
				got := within(t, d, []string{root}, on)
				want := 0
				for _, x := range f.AllIDs() {
					if u, _ := f.Unit(x, on); u.ValidFrom <= on && f.Under(x, root, on) {
						want++
					}
				}
				if len(got) != want {
					u, _ := f.Unit(root, on)
					t.Fatalf("%s on %s: %d rows, want %d", u.FullName, on, len(got), want)
				}
			}
		}
	}, ot.Migrations)
}
