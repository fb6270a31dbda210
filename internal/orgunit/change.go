package orgunit

import (
	"context"
	"slices"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Change is what one decision does to the tree, from one day on. It is applied whole or not at all. The day may lie in
// the future: until then the tree is as before.
type Change struct {
	On     clock.Date
	Basis  string // the decision: "NQ 1678/NQ-UBTVQH15"
	Create []Draft
	Rename []Renaming
	Attach []Attachment
	Pass   []Passage
	Close  []string // ids of units that end without a successor
}

// Draft is a unit to be made. ID may be left empty unless other parts of the change speak of the unit.
type Draft struct {
	ID             string
	Kind           Kind
	Level          Level
	Code           string
	Name, FullName string
	Type           string
	ParentID       string
}

// Renaming gives a standing unit another name or type; it stays the same unit.
type Renaming struct {
	UnitID               string
	Name, FullName, Type string
}

// Attachment puts a standing unit under another one.
type Attachment struct{ UnitID, ParentID string }

// Passage makes To a successor of From. From ends on the day, unless Keeps says that only a part of it left.
type Passage struct {
	From, To string
	Kind     EdgeKind
	Keeps    bool
}

// Apply carries out a change inside the caller's transaction: checks first, then writes the rows, the closure and the
// version. It decides nothing about who may do so: callers are use cases that asked before (see orgadmin). A change that
// would break the tree is refused: a circle, two units with one code at one time, a successor that does not stand.
func (s *Service) Apply(ctx context.Context, tx db.Tx, c Change) (*Forest, error) {
	before, err := s.current(ctx, tx)
	if err != nil {
		return nil, err
	}
	delta, after, err := plan(before, c)
	if err != nil || delta.empty() {
		return before, err
	}
	return s.write(ctx, tx, before, after, delta)
}

// Try tells whether Apply would accept the change today, and shows the tree that would result.
func (f *Forest) Try(c Change) (*Forest, error) {
	_, after, err := plan(f, c)
	return after, err
}

// planner gathers the rows of one change. It works on f, the tree before.
type planner struct {
	f      *Forest
	c      Change
	fresh  map[string]Draft   // created by this change
	ended  map[string]unitRow // ended by this change
	out    records
	faults fault.Fields
}

// plan works a change out: the rows to write and the tree that results.
func plan(f *Forest, c Change) (records, *Forest, error) {
	p := &planner{f: f, c: c, fresh: map[string]Draft{}, ended: map[string]unitRow{}}
	if !c.On.Valid() {
		return records{}, nil, fault.Field("on", "orgunit.bad_date").With("Date", string(c.On))
	}
	p.create()
	p.pass()
	for _, u := range c.Close {
		p.end(u, "close")
	}
	p.rename()
	p.attach()
	p.orphans()
	if err := p.faults.OrNil(); err != nil {
		return records{}, nil, err
	}
	for _, r := range p.ended {
		p.out.units = append(p.out.units, r)
	}
	after, err := build(merge(f.rows(), p.out), f.version+1)
	if err != nil {
		return records{}, nil, fault.New(fault.Conflict, "orgunit.circle").Because(err)
	}
	if err := after.codesClash(p.out); err != nil {
		return records{}, nil, err
	}
	return p.out, after, nil
}

func (p *planner) bad(field, key, name string) {
	p.faults.Add(fault.Field(field, key).With("Name", name).With("Date", p.c.On.Vietnamese()))
}

// live gives the index of a unit that stands on the day before this change takes its effect.
func (p *planner) live(unitID, field string) (int32, bool) {
	i, ok := p.f.byID[unitID]
	if !ok {
		p.bad(field, "orgunit.unknown_id_form", unitID)
		return 0, false
	}
	n := &p.f.nodes[i]
	if !n.stands(p.c.On) || n.to != clock.Forever {
		p.bad(field, "orgunit.not_standing", n.naming(p.c.On).full)
		return 0, false
	}
	return i, true
}

func (p *planner) create() {
	for _, d := range p.c.Create {
		if d.ID == "" {
			d.ID = id.New()
		}
		if d.Kind == "" {
			d.Kind = KindFront
		}
		if d.FullName == "" {
			d.FullName = fullName(d.Type, d.Name)
		}
		if d.Name == "" {
			p.bad("name", "orgunit.name_required", d.FullName)
		}
		if d.Level.Rank() == 99 {
			p.bad("level", "orgunit.unknown_level", string(d.Level))
		}
		if p.f.Has(d.ID) || p.fresh[d.ID].ID != "" {
			p.bad("id", "orgunit.id_taken", d.ID)
		}
		p.fresh[d.ID] = d
		p.out.units = append(p.out.units, unitRow{ID: d.ID, Kind: d.Kind, Level: d.Level, Code: d.Code, From: p.c.On, To: clock.Forever, OpenedBy: p.c.Basis})
		p.out.names = append(p.out.names, nameRow{UnitID: d.ID, From: p.c.On, Name: d.Name, FullName: d.FullName, Type: d.Type, Basis: p.c.Basis})
	}
	for _, d := range p.out.units { // parents may be created by the same change, hence after all of them
		p.place(d.ID, p.fresh[d.ID].ParentID)
	}
}

// place puts a unit under a parent that stands, or comes to be, on the day.
func (p *planner) place(unitID, parentID string) {
	if parentID != "" && p.fresh[parentID].ID == "" {
		if _, ok := p.live(parentID, "parent"); !ok {
			return
		}
	}
	if parentID == "" && p.f.level(unitID, p.fresh).Rank() > LevelProvince.Rank() {
		p.bad("parent", "orgunit.parent_required", p.fresh[unitID].FullName)
		return
	}
	if parentID != "" {
		up, own := p.f.level(parentID, p.fresh).Rank(), p.f.level(unitID, p.fresh).Rank()
		if up > own || up == own && p.f.kindOf(unitID, p.fresh) != KindAgency { // an agency stands beside the unit of its level
			p.bad("parent", "orgunit.parent_not_above", p.f.nameOf(parentID, p.fresh, p.c.On))
			return
		}
	}
	p.out.parents = append(p.out.parents, parentRow{UnitID: unitID, From: p.c.On, ParentID: parentID, Basis: p.c.Basis})
}

func (f *Forest) kindOf(unitID string, fresh map[string]Draft) Kind {
	if d, ok := fresh[unitID]; ok {
		return d.Kind
	}
	if i, ok := f.byID[unitID]; ok {
		return f.nodes[i].kind
	}
	return ""
}

func (f *Forest) nameOf(unitID string, fresh map[string]Draft, on clock.Date) string {
	if d, ok := fresh[unitID]; ok {
		return d.FullName
	}
	if i, ok := f.byID[unitID]; ok {
		return f.nodes[i].naming(on).full
	}
	return unitID
}

func (f *Forest) level(unitID string, fresh map[string]Draft) Level {
	if d, ok := fresh[unitID]; ok {
		return d.Level
	}
	if i, ok := f.byID[unitID]; ok {
		return f.nodes[i].level
	}
	return ""
}

// end closes a standing unit. It may be named by several passages, but only once by Close.
func (p *planner) end(unitID, field string) {
	if _, done := p.ended[unitID]; done {
		return
	}
	i, ok := p.live(unitID, field)
	if !ok {
		return
	}
	if p.f.nodes[i].from >= p.c.On {
		p.bad(field, "orgunit.ends_before_it_begins", p.f.nodes[i].naming(p.c.On).full)
		return
	}
	for _, e := range p.f.nodes[i].in {
		if e.on >= p.c.On { // it was decided that others pass into it then
			p.bad(field, "orgunit.takes_over_later", p.f.nodes[i].naming(p.c.On).full)
			return
		}
	}
	r := p.f.row(i)
	r.To, r.ClosedBy = p.c.On, p.c.Basis
	p.ended[unitID] = r
}

func (f *Forest) row(i int32) unitRow {
	n := &f.nodes[i]
	return unitRow{ID: n.id, Kind: n.kind, Level: n.level, Code: n.code, From: n.from, To: n.to, OpenedBy: n.opened, ClosedBy: n.closed}
}

func (p *planner) pass() {
	for _, e := range p.c.Pass {
		i, ok := p.live(e.From, "from")
		if !ok {
			continue
		}
		if e.From == e.To {
			p.bad("to", "orgunit.own_successor", p.f.nodes[i].naming(p.c.On).full)
			continue
		}
		if !slices.Contains([]EdgeKind{EdgeWhole, EdgePart, EdgeRename}, e.Kind) {
			p.bad("kind", "orgunit.unknown_edge", string(e.Kind))
		}
		if p.fresh[e.To].ID == "" {
			if _, ok := p.live(e.To, "to"); !ok {
				continue
			}
		}
		p.out.edges = append(p.out.edges, edgeRow{FromID: e.From, ToID: e.To, On: p.c.On, Kind: e.Kind, Basis: p.c.Basis})
		if !e.Keeps {
			p.end(e.From, "from")
		}
	}
	for _, e := range p.c.Pass {
		if _, gone := p.ended[e.To]; gone {
			p.bad("to", "orgunit.successor_ends", p.f.nodes[p.f.byID[e.To]].naming(p.c.On).full)
		}
	}
}

func (p *planner) rename() {
	for _, r := range p.c.Rename {
		if _, gone := p.ended[r.UnitID]; gone {
			p.bad("name", "orgunit.not_standing", r.Name)
			continue
		}
		if _, ok := p.live(r.UnitID, "name"); !ok {
			continue
		}
		if r.Name == "" {
			p.bad("name", "orgunit.name_required", "")
			continue
		}
		if r.FullName == "" {
			r.FullName = fullName(r.Type, r.Name)
		}
		p.out.names = append(p.out.names, nameRow{UnitID: r.UnitID, From: p.c.On, Name: r.Name, FullName: r.FullName, Type: r.Type, Basis: p.c.Basis})
	}
}

func (p *planner) attach() {
	for _, a := range p.c.Attach {
		if _, gone := p.ended[a.UnitID]; gone {
			p.bad("parent", "orgunit.not_standing", a.UnitID)
			continue
		}
		if _, ok := p.live(a.UnitID, "unit"); ok {
			p.place(a.UnitID, a.ParentID)
		}
	}
}

// orphans makes sure that nothing is left standing below a unit that ends: what the change does not place elsewhere goes
// to the one successor, or to the unit above when there is none or more than one.
func (p *planner) orphans() {
	placed := map[string]bool{}
	for _, r := range p.out.parents {
		placed[r.UnitID] = true
	}
	for gone := range p.ended {
		i := p.f.byID[gone]
		heir := p.heir(gone, i)
		for _, k := range p.f.nodes[i].kids {
			kid := &p.f.nodes[k]
			up, _ := p.f.above(k, p.c.On)
			for _, later := range kid.parents { // one that was going to move here goes to the heir instead
				if later.idx == i && later.from > p.c.On {
					p.out.parents = append(p.out.parents, parentRow{UnitID: kid.id, From: later.from, ParentID: heir, Basis: p.c.Basis})
				}
			}
			if _, ends := p.ended[kid.id]; ends || placed[kid.id] || up != i || kid.to <= p.c.On {
				continue
			}
			placed[kid.id] = true
			p.out.parents = append(p.out.parents, parentRow{UnitID: kid.id, From: max(p.c.On, kid.from), ParentID: heir, Basis: p.c.Basis})
		}
	}
}

// heir is where what stood below an ending unit goes.
func (p *planner) heir(gone string, i int32) string {
	var to []string
	for _, e := range p.out.edges {
		if e.FromID == gone && !slices.Contains(to, e.ToID) {
			to = append(to, e.ToID)
		}
	}
	if len(to) == 1 {
		return to[0]
	}
	for n := 0; n < maxDepth; n++ {
		up, _ := p.f.above(i, p.c.On)
		if up < 0 {
			return ""
		}
		if _, ends := p.ended[p.f.nodes[up].id]; !ends {
			return p.f.nodes[up].id
		}
		i = up
	}
	return ""
}

// codesClash refuses two units of a level that bear one code on one day.
func (f *Forest) codesClash(touched records) error {
	for _, r := range touched.units {
		if r.Code == "" {
			continue
		}
		all := f.byCode[codeKey{r.Level, r.Code}]
		for x, a := range all {
			for _, b := range all[x+1:] {
				if n, o := &f.nodes[a], &f.nodes[b]; a != b && n.from < o.to && o.from < n.to {
					return fault.Field("code", "orgunit.code_taken").With("Code", r.Code).With("Name", n.naming(o.from).full)
				}
			}
		}
	}
	return nil
}

// fullName puts a type before a name: "Phường" and "Trường Vinh".
func fullName(typ, name string) string {
	if typ == "" {
		return name
	}
	return typ + " " + name
}
