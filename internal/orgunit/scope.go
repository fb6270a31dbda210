package orgunit

import (
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Within limits a query to rows whose column holds one of the roots or a unit below one of them on the day, former units
// with those that carry them on (see Forest). No roots: no rows. The column may be qualified: "p.unit_id".
func Within(q *bun.SelectQuery, column string, roots []string, on clock.Date) *bun.SelectQuery {
	if len(roots) == 0 {
		return q.Where("1 = 0")
	}
	return q.Where("? IN (SELECT oc.unit_id FROM orgunit_closure AS oc WHERE oc.ancestor_id IN (?) AND oc.valid_from <= ? AND oc.valid_to > ?)",
		bun.Ident(column), bun.In(roots), on, on)
}

// Among is Within for a query that is read in the order of another index and stops early: SQLite is kept from going through
// the units one by one and sorting what all of them hold.
func Among(q *bun.SelectQuery, column string, roots []string, on clock.Date) *bun.SelectQuery {
	if len(roots) == 0 || q.Dialect().Name() != dialect.SQLite {
		return Within(q, column, roots, on)
	}
	return q.Where("+? IN (SELECT oc.unit_id FROM orgunit_closure AS oc WHERE oc.ancestor_id IN (?) AND oc.valid_from <= ? AND oc.valid_to > ?)",
		bun.Ident(column), bun.In(roots), on, on)
}

// closureOf lists the spans during which each unit stands above i, itself included.
func (f *Forest) closureOf(i int32) []closureRow {
	var out []closureRow
	open := map[int32]int{} // ancestor → its latest row in out
	for day := f.nodes[i].from; day < clock.Forever; {
		next := clock.Forever
		at := i
		for n := 0; at >= 0 && n < maxDepth; n++ {
			up, change := f.above(at, day)
			if change > day {
				next = min(next, change)
			}
			if k, ok := open[at]; ok && out[k].To == day {
				out[k].To = clock.Forever
			} else {
				open[at] = len(out)
				out = append(out, closureRow{AncestorID: f.nodes[at].id, UnitID: f.nodes[i].id, From: day, To: clock.Forever})
			}
			at = up
		}
		for k := range out { // everything still open ends where the chain may change; it is opened again if it goes on
			if out[k].To == clock.Forever {
				out[k].To = next
			}
		}
		day = next
	}
	return out
}

// touched lists the units whose place in the tree may differ between two pictures: those with changed rows and all that
// ever stood below them.
func touched(before, after *Forest, changed []string) []string {
	seen := map[string]bool{}
	var todo []string
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			todo = append(todo, id)
		}
	}
	for _, id := range changed {
		add(id)
	}
	for k := 0; k < len(todo); k++ {
		for _, f := range []*Forest{before, after} {
			i, ok := f.byID[todo[k]]
			if !ok {
				continue
			}
			for _, kid := range f.nodes[i].kids {
				add(f.nodes[kid].id)
			}
			for _, e := range f.nodes[i].in { // former units stand below their heirs
				add(f.nodes[e.other].id)
			}
		}
	}
	slices.Sort(todo)
	return todo
}
