package orgunit

import (
	"slices"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Successors lists the units that carry the unit on and stand on the day: it follows the edges as far as needed. A unit
// that stands is its own only successor. Empty: unknown, closed for good, or not yet begun.
func (f *Forest) Successors(unitID string, on clock.Date) []Unit {
	i, ok := f.byID[unitID]
	if !ok {
		return nil
	}
	return f.units(f.heirs(i, on), on)
}

func (f *Forest) heirs(i int32, on clock.Date) []int32 {
	var out []int32
	seen := map[int32]bool{i: true}
	todo := []int32{i}
	for k := 0; k < len(todo); k++ {
		n := &f.nodes[todo[k]]
		if n.stands(on) {
			out = append(out, todo[k])
			continue
		}
		for _, e := range n.out {
			if e.on <= on && !seen[e.other] {
				seen[e.other] = true
				todo = append(todo, e.other)
			}
		}
	}
	return out
}

// Predecessors lists the units that passed, whole or in part, directly into the unit, as they were on their last day.
func (f *Forest) Predecessors(unitID string) []Unit {
	var out []Unit
	for _, e := range f.EdgesInto(unitID) {
		i := f.byID[e.From]
		out = append(out, f.unit(i, e.On.AddDays(-1)))
	}
	return out
}

// EdgesInto lists how the unit came about, oldest first.
func (f *Forest) EdgesInto(unitID string) []Edge {
	i, ok := f.byID[unitID]
	if !ok {
		return nil
	}
	var out []Edge
	for _, e := range f.nodes[i].in {
		out = append(out, Edge{From: f.nodes[e.other].id, To: unitID, Kind: e.kind, On: e.on, Basis: e.basis})
	}
	return sortEdges(out)
}

// EdgesFrom lists what became of the unit, oldest first.
func (f *Forest) EdgesFrom(unitID string) []Edge {
	i, ok := f.byID[unitID]
	if !ok {
		return nil
	}
	var out []Edge
	for _, e := range f.nodes[i].out {
		out = append(out, Edge{From: unitID, To: f.nodes[e.other].id, Kind: e.kind, On: e.on, Basis: e.basis})
	}
	return sortEdges(out)
}

func sortEdges(es []Edge) []Edge {
	slices.SortStableFunc(es, func(a, b Edge) int {
		switch {
		case a.On < b.On:
			return -1
		case a.On > b.On:
			return 1
		}
		return 0
	})
	return es
}

// Naming is one name a unit bore from a day on.
type Naming struct {
	From                 clock.Date
	Name, FullName, Type string
	Basis                string // the decision that gave it, "" when it came with the unit
}

// Namings lists the names the unit has borne, oldest first.
func (f *Forest) Namings(unitID string) []Naming {
	i, ok := f.byID[unitID]
	if !ok {
		return nil
	}
	var out []Naming
	for _, n := range f.nodes[i].names {
		out = append(out, Naming{From: n.from, Name: n.name, FullName: n.full, Type: n.typ, Basis: n.why})
	}
	return out
}

// Bases gives the decisions that opened and closed the unit, "" where none is known.
func (f *Forest) Bases(unitID string) (opened, closed string) {
	if i, ok := f.byID[unitID]; ok {
		opened, closed = f.nodes[i].opened, f.nodes[i].closed
	}
	return opened, closed
}
