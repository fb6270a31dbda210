package orgunit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// sortKids ranks all units alphabetically by their last name, numbers by value ("Xóm 2" before "Xóm 10").
func (f *Forest) sortKids() {
	keys := make([]string, len(f.nodes))
	f.order = make([]int32, len(f.nodes))
	byRank := make([]int32, len(f.nodes))
	for i := range f.nodes {
		n := &f.nodes[i]
		keys[i] = sortKey(n.names[len(n.names)-1].name) + "\x00" + n.id // the same order in every process
		byRank[i] = int32(i)
	}
	slices.SortStableFunc(byRank, func(a, b int32) int { return cmp.Compare(keys[a], keys[b]) })
	for r, i := range byRank {
		f.order[i] = int32(r)
	}
	for i := range f.nodes {
		slices.SortFunc(f.nodes[i].kids, func(a, b int32) int {
			x, y := &f.nodes[a], &f.nodes[b]
			return cmp.Or(-cmp.Compare(x.kind, y.kind), cmp.Compare(f.order[a], f.order[b]))
		})
	}
}

// letterRank gives each Vietnamese letter its place in the alphabet, tones aside.
var letterRank = func() map[rune]byte {
	m := map[rune]byte{}
	for i, r := range []rune("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz") {
		m[r] = byte(i) + 'A'
	}
	return m
}()

// sortKey orders names as Vietnamese lists do, without the tones, which only part names that are alike otherwise; it is
// made for tens of thousands of names at each start, where the full collation of vntext would be felt.
func sortKey(name string) string {
	var b strings.Builder
	digits := ""
	flush := func() {
		if digits != "" {
			fmt.Fprintf(&b, "%08s", strings.TrimLeft(digits, "0"))
			digits = ""
		}
	}
	for _, r := range baseLetters(name) {
		if r >= '0' && r <= '9' {
			digits += string(r)
			continue
		}
		flush()
		if k, ok := letterRank[r]; ok {
			b.WriteByte(k)
		} else {
			b.WriteByte(' ')
		}
	}
	flush()
	return b.String() + "\x00" + name
}

// slugUse is one naming of one unit with the days it is borne.
type slugUse struct {
	node     int32
	name     int
	from, to clock.Date
}

// giveSlugs names every naming for the web: unique among the units of a province that stand at one time. Of several that
// would share a slug the oldest bears it alone, whatever the order of the rows.
func (f *Forest) giveSlugs() {
	type place struct {
		province int32
		slug     string
	}
	users := map[place][]slugUse{}
	for i := range f.nodes {
		n := &f.nodes[i]
		for k := range n.names {
			use := slugUse{int32(i), k, max(n.names[k].from, n.from), n.to}
			if k+1 < len(n.names) {
				use.to = n.names[k+1].from
			}
			n.names[k].slug = f.plainSlug(use)
			at := place{f.provinceOf(int32(i), use.from), n.names[k].slug}
			users[at] = append(users[at], use)
		}
	}
	for at, who := range users {
		slices.SortFunc(who, func(a, b slugUse) int {
			return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(f.nodes[a.node].id, f.nodes[b.node].id))
		})
		for x, u := range who {
			if slices.ContainsFunc(who[:x], func(o slugUse) bool { return o.node != u.node && o.from < u.to && u.from < o.to }) {
				f.nodes[u.node].names[u.name].slug = at.slug + "-" + f.slugTail(u.node)
			}
		}
	}
	for i := range f.nodes {
		done := map[string]bool{}
		for _, nm := range f.nodes[i].names {
			if !done[nm.slug] {
				done[nm.slug] = true
				f.bySlug[nm.slug] = append(f.bySlug[nm.slug], int32(i))
			}
		}
	}
	for _, who := range f.bySlug {
		slices.SortFunc(who, func(a, b int32) int { return cmp.Compare(f.order[a], f.order[b]) })
	}
}

// plainSlug is the slug before others are looked at. "xom-3" says nothing without its commune.
func (f *Forest) plainSlug(u slugUse) string {
	n := &f.nodes[u.node]
	slug := vntext.Slug(n.names[u.name].full)
	if n.level.Rank() > LevelCommune.Rank() && n.kind == KindFront {
		if up, _ := f.above(u.node, u.from); up >= 0 {
			slug += "-" + vntext.Slug(f.nodes[up].naming(u.from).name)
		}
	}
	return slug
}

// slugTail parts units of one province with the same name: by code, or by the head of the id.
func (f *Forest) slugTail(i int32) string {
	if n := &f.nodes[i]; n.code != "" {
		return vntext.Slug(n.code)
	}
	return f.nodes[i].id[:8]
}

// provinceOf finds the province above a unit on a day.
func (f *Forest) provinceOf(i int32, on clock.Date) int32 {
	at := i
	for n := 0; at >= 0 && n < maxDepth; n++ {
		if f.nodes[at].level.Rank() <= LevelProvince.Rank() {
			return at
		}
		at, _ = f.above(at, on)
	}
	return -1
}
