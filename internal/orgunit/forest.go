package orgunit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
)

// Forest is every unit that stands, stood or will stand, as one immutable picture in memory. It may be kept and shared
// freely; a change makes a new Forest. All questions take the day they are asked for.
//
// A unit that ended stays in the picture under whoever took it over: under its successor when it passed whole, under the
// lowest unit above all its successors when it was split, under its last superior when it was closed without a successor.
// So the papers of a former commune are within reach of the commune that carries on its work.
type Forest struct {
	version int64
	aliases []aliasRow
	nodes   []node
	byID    map[string]int32
	byCode  map[codeKey][]int32 // oldest first
	bySlug  map[string][]int32
	index   []entry // search
	text    string  // all folded names, one per line
	order   []int32 // rank of each node in Vietnamese alphabetical order
}

type codeKey struct {
	level Level
	code  string
}

type node struct {
	id, code string
	kind     Kind
	level    Level
	from, to clock.Date
	opened   string
	closed   string
	names    []naming // oldest first, never empty
	parents  []span   // oldest first; empty at the top
	kids     []int32  // ever, in alphabetical order
	out, in  []edge
	heir     int32 // who stands above it after its end; -1 for nobody
}

type naming struct {
	from                       clock.Date
	name, full, typ, slug, why string
}

type span struct {
	from clock.Date
	idx  int32 // -1 for none
}

type edge struct {
	other int32
	kind  EdgeKind
	on    clock.Date
	basis string
}

// maxDepth bounds a walk upwards; the ladder has six rungs and a few reorganisations, so more can only be a circle.
const maxDepth = 64

// build makes a Forest from rows; it refuses rows that speak of unknown units or that form a circle.
func build(r records, version int64) (*Forest, error) {
	f := &Forest{version: version, aliases: r.aliases, nodes: make([]node, len(r.units)), byID: make(map[string]int32, len(r.units)),
		byCode: make(map[codeKey][]int32, len(r.units)), bySlug: map[string][]int32{}}
	one := interner{}
	for i, u := range r.units {
		f.nodes[i] = node{id: u.ID, code: u.Code, kind: Kind(one.of(string(u.Kind))), level: Level(one.of(string(u.Level))), from: one.day(u.From), to: one.day(u.To),
			opened: one.of(u.OpenedBy), closed: one.of(u.ClosedBy), heir: -1}
		f.byID[u.ID] = int32(i)
		if u.Code != "" {
			k := codeKey{u.Level, u.Code}
			f.byCode[k] = append(f.byCode[k], int32(i))
		}
	}
	if err := f.link(r, one); err != nil {
		return nil, err
	}
	for k := range f.byCode {
		slices.SortFunc(f.byCode[k], func(a, b int32) int { return cmp.Compare(f.nodes[a].from, f.nodes[b].from) })
	}
	f.inherit()
	if err := f.noCircle(); err != nil {
		return nil, err
	}
	f.sortKids()
	f.giveSlugs()
	f.buildIndex()
	return f, nil
}

func (f *Forest) link(r records, one interner) error {
	get := func(id string) (*node, error) {
		i, ok := f.byID[id]
		if !ok {
			return nil, fmt.Errorf("orgunit: a row speaks of the unknown unit %q", id)
		}
		return &f.nodes[i], nil
	}
	for _, x := range r.names {
		n, err := get(x.UnitID)
		if err != nil {
			return err
		}
		n.names = append(n.names, naming{from: one.day(x.From), name: x.Name, full: x.FullName, typ: one.of(x.Type), why: one.of(x.Basis)})
	}
	for _, x := range r.parents {
		n, err := get(x.UnitID)
		if err != nil {
			return err
		}
		p := int32(-1)
		if x.ParentID != "" {
			up, err := get(x.ParentID)
			if err != nil {
				return err
			}
			p = f.byID[x.ParentID]
			if self := f.byID[x.UnitID]; !slices.Contains(up.kids, self) {
				up.kids = append(up.kids, self)
			}
		}
		n.parents = append(n.parents, span{one.day(x.From), p})
	}
	for _, x := range r.edges {
		a, err := get(x.FromID)
		if err != nil {
			return err
		}
		b, err := get(x.ToID)
		if err != nil {
			return err
		}
		a.out = append(a.out, edge{f.byID[x.ToID], EdgeKind(one.of(string(x.Kind))), one.day(x.On), one.of(x.Basis)})
		b.in = append(b.in, edge{f.byID[x.FromID], EdgeKind(one.of(string(x.Kind))), one.day(x.On), one.of(x.Basis)})
	}
	for _, x := range r.aliases {
		if _, err := get(x.UnitID); err != nil {
			return err
		}
		k := codeKey{x.Level, x.Code}
		f.byCode[k] = append(f.byCode[k], f.byID[x.UnitID])
	}
	for i := range f.nodes {
		n := &f.nodes[i]
		if len(n.names) == 0 {
			return fmt.Errorf("orgunit: the unit %s (%s %s) has no name", n.id, n.level, n.code)
		}
		slices.SortFunc(n.names, func(a, b naming) int { return cmp.Compare(a.from, b.from) })
		slices.SortFunc(n.parents, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	}
	return nil
}

// inherit finds for every ended unit who stands above it afterwards. Latest ends first, so that the heirs of a split are
// already placed when the lowest unit above them is looked for.
func (f *Forest) inherit() {
	var ended []int32
	for i := range f.nodes {
		if f.nodes[i].to < clock.Forever {
			ended = append(ended, int32(i))
		}
	}
	for _, i := range ended {
		n := &f.nodes[i]
		var to []int32
		for _, e := range n.out {
			if e.on == n.to && !slices.Contains(to, e.other) {
				to = append(to, e.other)
			}
		}
		switch len(to) {
		case 0:
			if len(n.parents) > 0 {
				n.heir = n.parents[len(n.parents)-1].idx
			}
		case 1:
			n.heir = to[0]
		default:
			n.heir = f.common(to, n.to)
		}
	}
}

// common finds the lowest unit above all of the given ones on the day, -1 for none.
func (f *Forest) common(of []int32, on clock.Date) int32 {
	for _, candidate := range f.chain(of[0], on) {
		all := true
		for _, other := range of[1:] {
			if !slices.Contains(f.chain(other, on), candidate) {
				all = false
				break
			}
		}
		if all {
			return candidate
		}
	}
	return -1
}

// above gives the unit directly above i on the day and the first later day on which that may change; -1 at the top.
func (f *Forest) above(i int32, on clock.Date) (int32, clock.Date) {
	n := &f.nodes[i]
	if on >= n.to {
		return n.heir, clock.Forever
	}
	up, next := int32(-1), n.to
	for k, p := range n.parents {
		if k == 0 || p.from <= on { // before its first day a unit is seen where it will stand
			up = p.idx
			continue
		}
		next = min(next, p.from)
		break
	}
	return up, next
}

// chain lists the units above i on the day, nearest first, without i.
func (f *Forest) chain(i int32, on clock.Date) []int32 {
	out := make([]int32, 0, 6)
	for up, _ := f.above(i, on); up >= 0 && len(out) < maxDepth; up, _ = f.above(up, on) {
		out = append(out, up)
	}
	return out
}

func (f *Forest) noCircle() error {
	for i := range f.nodes {
		n := &f.nodes[i]
		days := []clock.Date{n.from, n.to}
		for _, p := range n.parents {
			days = append(days, p.from)
		}
		for _, d := range days {
			if len(f.chain(int32(i), d)) >= maxDepth {
				return fmt.Errorf("orgunit: %s would stand below itself on %s", n.id, d)
			}
		}
	}
	return nil
}

func (n *node) naming(on clock.Date) *naming {
	at := &n.names[0]
	for k := range n.names {
		if n.names[k].from <= on {
			at = &n.names[k]
		}
	}
	return at
}

func (n *node) stands(on clock.Date) bool { return n.from <= on && on < n.to }

func (f *Forest) unit(i int32, on clock.Date) Unit {
	n := &f.nodes[i]
	nm := n.naming(on)
	u := Unit{ID: n.id, Kind: n.kind, Level: n.level, Code: n.code, Name: nm.name, FullName: nm.full, Type: nm.typ,
		ValidFrom: n.from, ValidTo: n.to, Slug: nm.slug}
	if up, _ := f.above(i, on); up >= 0 {
		u.ParentID = f.nodes[up].id
	}
	return u
}

// Version is the number of the change that made this picture; it grows with every change.
func (f *Forest) Version() int64 { return f.version }

// Len counts all units, standing or not.
func (f *Forest) Len() int { return len(f.nodes) }

// Unit gives a unit by its id with what holds of it on the day. A unit that ended or has not begun is given too (see
// Unit.Stands), with its last or first name; its ParentID is then who carries it on. An unknown id is a NotFound fault.
func (f *Forest) Unit(id string, on clock.Date) (Unit, error) {
	i, ok := f.byID[id]
	if !ok {
		return Unit{}, fault.New(fault.NotFound, "orgunit.unknown_id").With("ID", id)
	}
	return f.unit(i, on), nil
}

// Has tells whether the id is that of a unit, standing or not.
func (f *Forest) Has(id string) bool { _, ok := f.byID[id]; return ok }

// ByCode finds the unit of a level that bears the official code on the day. The fault says whether the code is unknown
// altogether or only not in force on that day.
func (f *Forest) ByCode(level Level, code string, on clock.Date) (Unit, error) {
	all := f.byCode[codeKey{level, code}]
	for k := len(all) - 1; k >= 0; k-- {
		if f.nodes[all[k]].stands(on) {
			return f.unit(all[k], on), nil
		}
	}
	if !on.Valid() {
		return Unit{}, fault.New(fault.NotFound, "orgunit.bad_date").With("Date", string(on))
	}
	if len(all) > 0 {
		return Unit{}, fault.New(fault.NotFound, "orgunit.code_not_on_day").With("Code", code).With("Date", on.Vietnamese())
	}
	return Unit{}, fault.New(fault.NotFound, "orgunit.unknown_code").With("Code", code)
}

// BySlug lists the units that bear the slug on the day, those that stand first. Slugs are unique only within a province;
// under, when given, keeps those below that unit.
func (f *Forest) BySlug(slug, under string, on clock.Date) []Unit {
	var live, past []Unit
	for _, i := range f.bySlug[slug] {
		if under != "" && !f.Under(f.nodes[i].id, under, on) {
			continue
		}
		if f.nodes[i].stands(on) && f.nodes[i].naming(on).slug == slug {
			live = append(live, f.unit(i, on))
			continue
		}
		past = append(past, f.unit(i, on))
	}
	return append(live, past...)
}

// AncestorIDs lists the ids of the units above, nearest first; empty for an unknown unit. It serves identity.Ancestry.
func (f *Forest) AncestorIDs(unitID string, on clock.Date) []string {
	i, ok := f.byID[unitID]
	if !ok {
		return nil
	}
	c := f.chain(i, on)
	out := make([]string, len(c))
	for k, x := range c {
		out[k] = f.nodes[x].id
	}
	return out
}

// Ancestors lists the units above, nearest first.
func (f *Forest) Ancestors(unitID string, on clock.Date) []Unit {
	i, ok := f.byID[unitID]
	if !ok {
		return nil
	}
	return f.units(f.chain(i, on), on)
}

func (f *Forest) units(idx []int32, on clock.Date) []Unit {
	out := make([]Unit, len(idx))
	for k, x := range idx {
		out[k] = f.unit(x, on)
	}
	return out
}

// Roots lists the standing units that have nobody above them.
func (f *Forest) Roots(on clock.Date) []Unit {
	var out []Unit
	for i := range f.nodes {
		if up, _ := f.above(int32(i), on); up < 0 && f.nodes[i].stands(on) {
			out = append(out, f.unit(int32(i), on))
		}
	}
	return out
}

// AtLevel lists the standing units of a level in alphabetical order; under, when given, keeps those below that unit.
func (f *Forest) AtLevel(level Level, kind Kind, under string, on clock.Date) []Unit {
	var idx []int32
	for i := range f.nodes {
		n := &f.nodes[i]
		if n.level == level && n.kind == kind && n.stands(on) && (under == "" || f.Under(n.id, under, on)) {
			idx = append(idx, int32(i))
		}
	}
	slices.SortFunc(idx, func(a, b int32) int { return cmp.Compare(f.order[a], f.order[b]) })
	return f.units(idx, on)
}

func (f *Forest) kidsOn(i int32, on clock.Date) []int32 {
	var out []int32
	for _, k := range f.nodes[i].kids {
		if !f.nodes[k].stands(on) {
			continue
		}
		if up, _ := f.above(k, on); up == i {
			out = append(out, k)
		}
	}
	return out
}

// Children lists the standing units directly below, in Vietnamese alphabetical order, the Front's own before agencies.
func (f *Forest) Children(unitID string, on clock.Date) []Unit {
	i, ok := f.byID[unitID]
	if !ok {
		return nil
	}
	return f.units(f.kidsOn(i, on), on)
}

// Subtree lists the ids of the unit and of all standing units below it, from the top down.
func (f *Forest) Subtree(unitID string, on clock.Date) []string {
	i, ok := f.byID[unitID]
	if !ok {
		return nil
	}
	todo := []int32{i}
	for k := 0; k < len(todo); k++ {
		todo = append(todo, f.kidsOn(todo[k], on)...)
	}
	out := make([]string, len(todo))
	for k, x := range todo {
		out[k] = f.nodes[x].id
	}
	return out
}

// Under tells whether x is y or stands below it on the day. A unit that ended stands below whoever carries it on.
func (f *Forest) Under(x, y string, on clock.Date) bool {
	i, ok := f.byID[x]
	j, ok2 := f.byID[y]
	if !ok || !ok2 {
		return false
	}
	for n := 0; i >= 0 && n < maxDepth; n++ {
		if i == j {
			return true
		}
		i, _ = f.above(i, on)
	}
	return false
}

// rows gives the picture back as rows, all but the decisions behind the places of units, which no picture needs.
func (f *Forest) rows() records {
	r := records{aliases: f.aliases}
	for i := range f.nodes {
		n := &f.nodes[i]
		r.units = append(r.units, f.row(int32(i)))
		for _, x := range n.names {
			r.names = append(r.names, nameRow{UnitID: n.id, From: x.from, Name: x.name, FullName: x.full, Type: x.typ, Basis: x.why})
		}
		for _, x := range n.parents {
			p := parentRow{UnitID: n.id, From: x.from}
			if x.idx >= 0 {
				p.ParentID = f.nodes[x.idx].id
			}
			r.parents = append(r.parents, p)
		}
		for _, x := range n.out {
			r.edges = append(r.edges, edgeRow{FromID: n.id, ToID: f.nodes[x.other].id, On: x.on, Kind: x.kind, Basis: x.basis})
		}
	}
	return r
}

// interner keeps one copy of each text that thousands of rows repeat.
type interner map[string]string

func (m interner) of(s string) string {
	if t, ok := m[s]; ok {
		return t
	}
	m[s] = s
	return s
}

func (m interner) day(d clock.Date) clock.Date { return clock.Date(m.of(string(d))) }

// AllIDs lists the ids of all units, standing or not, in no meaningful order.
func (f *Forest) AllIDs() []string {
	out := make([]string, len(f.nodes))
	for i := range f.nodes {
		out[i] = f.nodes[i].id
	}
	return out
}
