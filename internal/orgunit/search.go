package orgunit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Found is one answer of a search: the unit as the searched name knew it, and who it is on the day asked for.
type Found struct {
	Unit    Unit   // as it was when it last bore Matched; as it is when it stands under that name
	Matched string // the full name that was found: "Xã Nghi Kim"
	Former  bool   // the unit does not stand on the day, or bears another name now
	Now     []Unit // who carries it on: itself when it stands, several after a split, none when closed for good
	Place   string // where: "Nghệ An", or "Trường Vinh, Nghệ An" for what lies below a commune
}

// entry is one name of one unit in the search index.
type entry struct {
	start int32 // in Forest.text: "phuong truong vinh"
	short int32 // in Forest.text: "truong vinh", the end of it
	node  int32
	name  int16
}

func (f *Forest) buildIndex() {
	var text strings.Builder
	for i := range f.nodes {
		seen := map[string]bool{}
		n := &f.nodes[i]
		for k := len(n.names) - 1; k >= 0; k-- { // the latest spelling answers for those that fold alike
			full := foldWords(n.names[k].full)
			if seen[full] {
				continue
			}
			seen[full] = true
			short := foldWords(n.names[k].name)
			if !strings.HasSuffix(full, short) {
				short = full
			}
			f.index = append(f.index, entry{int32(text.Len()), int32(text.Len() + len(full) - len(short)), int32(i), int16(k)})
			text.WriteString(full)
			text.WriteByte('\n')
		}
	}
	f.text = text.String()
}

func (f *Forest) fold(k int) string {
	if end := k + 1; end < len(f.index) {
		return f.text[f.index[k].start : f.index[end].start-1]
	}
	return f.text[f.index[k].start : len(f.text)-1]
}

// scan calls fn for every entry that holds q at the beginning of a word, with how well it matches.
func (f *Forest) scan(q string, fn func(k, match int)) {
	for at := 0; at < len(f.text); {
		i := strings.Index(f.text[at:], q)
		if i < 0 {
			return
		}
		at += i
		if at > 0 && f.text[at-1] != ' ' && f.text[at-1] != '\n' {
			at++
			continue
		}
		k, exact := slices.BinarySearchFunc(f.index, int32(at), func(e entry, pos int32) int { return cmp.Compare(e.start, pos) })
		if !exact {
			k--
		}
		e := &f.index[k]
		full := f.fold(k)
		end := int(e.start) + len(full)
		switch {
		case at+len(q) == end && (at == int(e.start) || at == int(e.short)):
			fn(k, hitExact)
		case at == int(e.start) || at == int(e.short):
			fn(k, hitPrefix)
		default:
			fn(k, hitWord)
		}
		at = end + 1 // one answer per entry
	}
}

// foldWords is the search key of a name: folded words with one space between them.
func foldWords(s string) string { return strings.Join(vntext.Tokens(s), " ") }

// shortTypes are the everyday abbreviations of the types of unit, folded.
var shortTypes = map[string]string{"tp": "thanh pho", "p": "phuong", "x": "xa", "tt": "thi tran", "tx": "thi xa", "q": "quan", "h": "huyen", "t": "tinh"}

// typeWords are types that a query may begin with, folded.
var typeWords = map[string]bool{"xa": true, "phuong": true, "thi": true, "thi tran": true, "thi xa": true, "huyen": true, "quan": true, "tinh": true,
	"thanh": true, "thanh pho": true, "dac khu": true, "xom": true, "khoi": true, "ban": true}

// foldQuery is foldWords of what a person typed, with the type of unit written out: "TP. Vinh" is "thanh pho vinh".
func foldQuery(q string) string {
	words := vntext.Tokens(q)
	if len(words) > 1 {
		if long, ok := shortTypes[words[0]]; ok {
			words[0] = long
		}
	}
	return strings.Join(words, " ")
}

// How well an entry answers a query.
const (
	hitExact  = iota // the whole name, with or without its type
	hitPrefix        // the name begins with it
	hitWord          // some word of the name does
)

type hit struct {
	k     int // entry
	score int
}

// Search finds units by any name they bear or bore, without regard to case, diacritics or tone placement; "nghi kim nghe
// an" narrows by what stands above. Standing units come before former ones, higher levels before lower. At most limit.
func (f *Forest) Search(query string, on clock.Date, limit int) []Found {
	return f.SearchUnder(query, "", on, limit)
}

// SearchUnder is Search among the units below one unit; "" means everywhere.
func (f *Forest) SearchUnder(query, under string, on clock.Date, limit int) []Found {
	q := foldQuery(query)
	if q == "" || limit <= 0 {
		return nil
	}
	hits := f.hits(q, under, on)
	if len(hits) < limit && strings.Contains(q, " ") {
		hits = append(hits, f.contextHits(q, under, on, hits)...)
	}
	f.rank(hits)
	hits = hits[:min(limit, len(hits))]
	out := make([]Found, len(hits))
	for i, h := range hits {
		out[i] = f.found(h.k, on)
	}
	return out
}

func (f *Forest) rank(hits []hit) {
	slices.SortStableFunc(hits, func(a, b hit) int {
		x, y := &f.index[a.k], &f.index[b.k]
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(f.order[x.node], f.order[y.node]), cmp.Compare(y.name, x.name))
	})
}

func (f *Forest) hits(q, under string, on clock.Date) []hit {
	var hits []hit
	f.scan(q, func(k, match int) {
		if f.visible(k, under, on) {
			hits = append(hits, hit{k, f.score(k, match, on)})
		}
	})
	return hits
}

// visible keeps future units out of a search, and what does not lie under the given unit.
func (f *Forest) visible(k int, under string, on clock.Date) bool {
	e := &f.index[k]
	n := &f.nodes[e.node]
	return n.from <= on && n.names[e.name].from <= on && (under == "" || f.Under(n.id, under, on))
}

// former tells whether the entry's unit has ended, or bears a name now that folds otherwise.
func (f *Forest) former(k int, on clock.Date) bool {
	e := &f.index[k]
	n := &f.nodes[e.node]
	if !n.stands(on) {
		return true
	}
	now := n.naming(on)
	return now != &n.names[e.name] && foldWords(now.full) != f.fold(k)
}

// score orders hits: exact names first, then standing before former, then by level, then by how they matched.
func (f *Forest) score(k, match int, on clock.Date) int {
	n := &f.nodes[f.index[k].node]
	s := n.level.Rank()*10 + match
	if match != hitExact {
		s += 1000
	}
	if n.kind == KindAgency {
		s += 200
	}
	if f.former(k, on) {
		s += 400
	}
	return s
}

// contextHits splits the query into a name and the place it lies in: "nghi kim" + "vinh".
func (f *Forest) contextHits(q, under string, on clock.Date, have []hit) []hit {
	seen := map[int]bool{}
	for _, h := range have {
		seen[h.k] = true
	}
	var out []hit
	words := strings.Split(q, " ")
	for cut := len(words) - 1; cut > 0 && len(out) == 0; cut-- { // the longest name that answers wins
		name := strings.Join(words[:cut], " ")
		if typeWords[name] {
			continue // "xã" alone is no name
		}
		places := map[int32]bool{}
		f.scan(strings.Join(words[cut:], " "), func(k, _ int) { places[f.index[k].node] = true })
		if len(places) == 0 {
			continue
		}
		f.scan(name, func(k, match int) {
			if match > hitPrefix || match == hitPrefix && cut == 1 || seen[k] || !f.liesIn(f.index[k].node, places, on) || !f.visible(k, under, on) {
				return
			}
			seen[k] = true
			out = append(out, hit{k, f.score(k, match, on) + 2000})
		})
	}
	return out
}

// liesIn tells whether one of the places stands above i, now or on i's last day.
func (f *Forest) liesIn(i int32, places map[int32]bool, on clock.Date) bool {
	days := [2]clock.Date{on, on}
	if n := &f.nodes[i]; n.to <= on {
		days[1] = n.to.AddDays(-1)
	}
	for _, d := range days {
		at := i
		for n := 0; n < maxDepth; n++ {
			if at, _ = f.above(at, d); at < 0 {
				break
			}
			if places[at] {
				return true
			}
		}
		if days[0] == days[1] {
			break
		}
	}
	return false
}

func (f *Forest) found(k int, on clock.Date) Found {
	e := &f.index[k]
	n := &f.nodes[e.node]
	name := n.names[e.name]
	day := on
	if !n.stands(on) {
		day = n.to.AddDays(-1)
	} else if n.naming(on) != &n.names[e.name] {
		day = name.from
	}
	return Found{Unit: f.unit(e.node, day), Matched: name.full, Former: f.former(k, on), Now: f.units(f.heirs(e.node, on), on), Place: f.place(e.node, day)}
}

// place names what a unit lies in, nearest first, down from the province.
func (f *Forest) place(i int32, on clock.Date) string {
	var parts []string
	for _, up := range f.chain(i, on) {
		if l := f.nodes[up].level; l == LevelCentral {
			break
		}
		parts = append(parts, f.nodes[up].naming(on).name)
	}
	return strings.Join(parts, ", ")
}

// Resolve finds the units whose whole name is the given one ("Xã Nghi Kim" or "nghi kim"), standing first, and says who
// each is on the day. A name that nobody bears or bore is a NotFound fault that names it.
func (f *Forest) Resolve(name string, on clock.Date) ([]Found, error) {
	q := foldQuery(name)
	var hits []hit
	if q != "" {
		f.scan(q, func(k, match int) {
			if match == hitExact && f.visible(k, "", on) {
				hits = append(hits, hit{k, f.score(k, match, on)})
			}
		})
	}
	if len(hits) == 0 {
		return nil, fault.New(fault.NotFound, "orgunit.unknown_name").With("Name", strings.TrimSpace(name))
	}
	f.rank(hits)
	out := make([]Found, len(hits))
	for i, h := range hits {
		out[i] = f.found(h.k, on)
	}
	return out, nil
}
