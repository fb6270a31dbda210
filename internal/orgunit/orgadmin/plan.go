package orgadmin

import (
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Mover is a room of the house whose things follow a unit into its successor; see orgunit.Mover.
type Mover = orgunit.Mover

// MoveLine is one number of a preview; see orgunit.MoveLine.
type MoveLine = orgunit.MoveLine

// PlanKind is what a reorganisation does.
type PlanKind string

// The kinds of plan.
const (
	PlanMerge      PlanKind = "merge"       // several units pass whole into one, new or standing
	PlanSplit      PlanKind = "split"       // one unit passes in parts into several
	PlanRename     PlanKind = "rename"      // a unit bears another name or type from now on
	PlanCloseLevel PlanKind = "close_level" // all units of a level below one unit end, as districts did on 1 July 2025
)

// PlanKinds lists the kinds in the order the wizard offers them.
var PlanKinds = [...]PlanKind{PlanMerge, PlanSplit, PlanRename, PlanCloseLevel}

// Target is a successor: a standing unit, or a new one with a name, a type and a code.
type Target struct {
	UnitID           string
	Name, Type, Code string
}

// Plan is one reorganisation as it is typed into the wizard.
type Plan struct {
	Kind  PlanKind
	On    clock.Date
	Basis string // the decision, for example "NQ 1678/NQ-UBTVQH15"
	// From are the units that pass: any number for a merge, one for a split or a rename, the unit above for closing a level.
	From []string
	// Into are the successors: one for a merge, at least two for a split (one when Keeps), one new name for a rename. The
	// first carries on roles, channels and open work.
	Into  []Target
	Keeps bool // split: the unit itself goes on with what remains
	// Assign places units below a split one: id → number of the successor in Into, from 0. Those not named go to the first
	// successor, or stay when Keeps.
	Assign map[string]int
	Level  orgunit.Level // close a level: which
}

// outcome is a plan worked out against a tree.
type outcome struct {
	change orgunit.Change
	moves  []orgunit.Moved
	ended  []string
	top    string // the unit under which it all happens: where the record is kept
}

// work turns the plan into a change of the tree. It judges the form; the tree's own rules are judged by orgunit.
func (p Plan) work(f *orgunit.Forest) (outcome, error) {
	var faults fault.Fields
	if !p.On.Valid() {
		faults.Add(fault.Field("on", "orgunit.bad_date").With("Date", string(p.On)))
		return outcome{}, faults
	}
	faults.Check(strings.TrimSpace(p.Basis) != "", "basis", "orgadmin.basis_required")
	faults.Check(vntext.Length(p.Basis) <= 200, "basis", "orgadmin.basis_too_long")
	faults.Check(slices.Contains(PlanKinds[:], p.Kind), "kind", "orgadmin.unknown_kind")
	from := p.units(f, &faults)
	if err := faults.OrNil(); err != nil {
		return outcome{}, err
	}
	o := outcome{change: orgunit.Change{On: p.On, Basis: p.Basis}, top: from[0].ParentID}
	switch p.Kind {
	case PlanMerge:
		p.merge(f, from, &o, &faults)
	case PlanSplit:
		p.split(f, from, &o, &faults)
	case PlanRename:
		p.rename(from, &o, &faults)
	case PlanCloseLevel:
		p.closeLevel(f, from[0], &o, &faults)
	}
	return o, faults.OrNil()
}

// units finds the units the plan starts from, as they stand the day before.
func (p Plan) units(f *orgunit.Forest, faults *fault.Fields) []orgunit.Unit {
	var out []orgunit.Unit
	for _, x := range p.From {
		if x == "" || slices.ContainsFunc(out, func(u orgunit.Unit) bool { return u.ID == x }) {
			continue
		}
		u, err := f.Unit(x, p.On.AddDays(-1))
		if err != nil || !u.Stands(p.On.AddDays(-1)) {
			faults.Add(fault.Field("from", "orgunit.unknown_id_form").With("Name", x))
			continue
		}
		if len(out) > 0 && (u.Level != out[0].Level || u.Kind != out[0].Kind) {
			faults.Add(fault.Field("from", "orgadmin.other_level").With("Name", u.FullName))
		}
		out = append(out, u)
	}
	if len(out) == 0 && len(*faults) == 0 {
		faults.Add(fault.Field("from", "orgadmin.from_required"))
	}
	return out
}

// target resolves a successor; a new one is drafted under the parent.
func (p Plan) target(f *orgunit.Forest, t Target, like orgunit.Unit, parent string, o *outcome, faults *fault.Fields) string {
	if t.UnitID != "" {
		u, err := f.Unit(t.UnitID, p.On)
		if err != nil || !u.Stands(p.On) {
			faults.Add(fault.Field("into", "orgunit.unknown_id_form").With("Name", t.UnitID))
		} else if u.Level != like.Level || u.Kind != like.Kind {
			faults.Add(fault.Field("into", "orgadmin.other_level").With("Name", u.FullName))
		}
		return t.UnitID
	}
	p.checkName(t, faults)
	d := orgunit.Draft{ID: id.New(), Kind: like.Kind, Level: like.Level, Code: t.Code, Name: t.Name, Type: t.Type, ParentID: parent}
	o.change.Create = append(o.change.Create, d)
	return d.ID
}

func (p Plan) checkName(t Target, faults *fault.Fields) {
	faults.Check(strings.TrimSpace(t.Name) != "", "name", "orgunit.name_required")
	faults.Check(strings.TrimSpace(t.Type) != "", "type", "orgadmin.type_required")
	faults.Check(vntext.Length(t.Name) <= 100, "name", "orgadmin.name_too_long")
	faults.Check(vntext.Length(t.Type) <= 50, "type", "orgadmin.type_too_long")
	faults.Check(vntext.Length(t.Code) <= 20, "code", "orgadmin.code_too_long")
}

func (p Plan) merge(f *orgunit.Forest, from []orgunit.Unit, o *outcome, faults *fault.Fields) {
	if len(p.Into) != 1 {
		faults.Add(fault.Field("into", "orgadmin.one_successor"))
		return
	}
	if p.Into[0].UnitID == "" && len(from) < 2 {
		faults.Add(fault.Field("from", "orgadmin.merge_needs_two"))
	}
	to := p.target(f, p.Into[0], from[0], commonParent(f, from, p.On.AddDays(-1)), o, faults)
	for _, u := range from {
		if u.ID == to { // the unit that takes the others in
			continue
		}
		o.change.Pass = append(o.change.Pass, orgunit.Passage{From: u.ID, To: to, Kind: orgunit.EdgeWhole})
		o.moves = append(o.moves, orgunit.Moved{From: u.ID, To: to})
		o.ended = append(o.ended, u.ID)
	}
	if len(o.change.Pass) == 0 {
		faults.Add(fault.Field("from", "orgadmin.merge_needs_two"))
		return
	}
	p.mergeAgencies(f, to, o)
}

// mergeAgencies lets the bodies that answer beside the units that end pass into one of their type beside the successor:
// a standing one, or a new one named after it.
func (p Plan) mergeAgencies(f *orgunit.Forest, to string, o *outcome) {
	beside := map[string]string{} // type → agency of the successor
	for _, k := range f.Children(to, p.On) {
		if k.Kind == orgunit.KindAgency {
			beside[k.Type] = k.ID
		}
	}
	var fresh orgunit.Draft
	for _, d := range o.change.Create {
		if d.ID == to {
			fresh = d
		}
	}
	for _, host := range slices.Clone(o.ended) {
		u, err := f.Unit(host, p.On.AddDays(-1))
		if err != nil {
			continue
		}
		for _, k := range f.Children(host, p.On.AddDays(-1)) {
			if k.Kind != orgunit.KindAgency {
				continue
			}
			if beside[k.Type] == "" && fresh.ID == "" {
				continue // the successor has none of this type: the agency goes over as it is
			}
			if beside[k.Type] == "" {
				d := orgunit.Draft{ID: id.New(), Kind: orgunit.KindAgency, Level: k.Level, Type: k.Type, ParentID: to,
					Name: renamedAfter(k.Name, u, fresh), FullName: renamedAfter(k.FullName, u, fresh)}
				o.change.Create = append(o.change.Create, d)
				beside[k.Type] = d.ID
			}
			o.change.Pass = append(o.change.Pass, orgunit.Passage{From: k.ID, To: beside[k.Type], Kind: orgunit.EdgeWhole})
			o.moves = append(o.moves, orgunit.Moved{From: k.ID, To: beside[k.Type]})
			o.ended = append(o.ended, k.ID)
		}
	}
}

// renamedAfter puts the successor's name where an agency's name holds that of the unit it stood beside.
func renamedAfter(name string, host orgunit.Unit, next orgunit.Draft) string {
	full := next.Type + " " + next.Name
	if next.FullName != "" {
		full = next.FullName
	}
	for _, pair := range [][2]string{{host.FullName, full}, {vntext.LowerFirst(host.FullName), vntext.LowerFirst(full)}, {host.Name, next.Name}} {
		if strings.Contains(name, pair[0]) {
			return strings.Replace(name, pair[0], pair[1], 1)
		}
	}
	return name + " " + vntext.LowerFirst(full)
}

// commonParent is the lowest unit above all of them.
func commonParent(f *orgunit.Forest, of []orgunit.Unit, on clock.Date) string {
	for _, up := range f.AncestorIDs(of[0].ID, on) {
		all := true
		for _, u := range of[1:] {
			all = all && f.Under(u.ID, up, on)
		}
		if all {
			return up
		}
	}
	return ""
}

func (p Plan) split(f *orgunit.Forest, from []orgunit.Unit, o *outcome, faults *fault.Fields) {
	if len(from) != 1 {
		faults.Add(fault.Field("from", "orgadmin.one_unit"))
		return
	}
	if len(p.Into) < 2 && (!p.Keeps || len(p.Into) == 0) {
		faults.Add(fault.Field("into", "orgadmin.split_needs_two"))
		return
	}
	var parts []string
	for _, t := range p.Into {
		to := p.target(f, t, from[0], from[0].ParentID, o, faults)
		parts = append(parts, to)
		o.change.Pass = append(o.change.Pass, orgunit.Passage{From: from[0].ID, To: to, Kind: orgunit.EdgePart, Keeps: p.Keeps})
	}
	for _, k := range f.Children(from[0].ID, p.On) {
		i, named := p.Assign[k.ID]
		if named && (i < 0 || i >= len(parts)) {
			faults.Add(fault.Field("assign", "orgadmin.no_such_part").With("Name", k.FullName))
			continue
		}
		if named || !p.Keeps {
			o.change.Attach = append(o.change.Attach, orgunit.Attachment{UnitID: k.ID, ParentID: parts[i]})
		}
	}
	if !p.Keeps {
		o.moves = append(o.moves, orgunit.Moved{From: from[0].ID, To: parts[0]})
		o.ended = append(o.ended, from[0].ID)
	}
}

func (p Plan) rename(from []orgunit.Unit, o *outcome, faults *fault.Fields) {
	if len(from) != 1 || len(p.Into) != 1 {
		faults.Add(fault.Field("from", "orgadmin.one_unit"))
		return
	}
	p.checkName(p.Into[0], faults)
	o.change.Rename = []orgunit.Renaming{{UnitID: from[0].ID, Name: p.Into[0].Name, Type: p.Into[0].Type}}
}

func (p Plan) closeLevel(f *orgunit.Forest, top orgunit.Unit, o *outcome, faults *fault.Fields) {
	o.top = top.ID
	if p.Level.Rank() <= top.Level.Rank() {
		faults.Add(fault.Field("level", "orgadmin.level_not_below").With("Name", top.FullName))
		return
	}
	for _, kind := range []orgunit.Kind{orgunit.KindFront, orgunit.KindAgency} {
		for _, u := range f.AtLevel(p.Level, kind, top.ID, p.On.AddDays(-1)) {
			o.change.Close = append(o.change.Close, u.ID)
			o.moves = append(o.moves, orgunit.Moved{From: u.ID, To: u.ParentID})
			o.ended = append(o.ended, u.ID)
		}
	}
	if len(o.change.Close) == 0 {
		faults.Add(fault.Field("level", "orgadmin.level_empty").With("Name", top.FullName))
	}
}
