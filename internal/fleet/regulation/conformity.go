package regulation

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// Finding is one thing that a unit lacks of the regulation.
type Finding struct {
	What    string       // "missing", "no_body", "term_over", or a fleet.Condition; the catalogue has a sentence for each
	Kind    channel.Kind // of the channel
	Account string       // name of the channel
	Expect  string       // a name that the rule allows
	Body    Body         // for no_body and term_over
	Name    string       // whose term is over
}

// Unit is one line of the report: a unit with what it lacks; nothing when it conforms.
type Unit struct {
	UnitID, Name string
	Findings     []Finding
}

// Report is how the units in the actor's scope conform.
type Report struct {
	Units    []Unit
	Conform  int
	Findings int
}

// expected is what the rule would have: a name, or words of the description.
func expected(c fleet.Condition, j fleet.Judged) string {
	if c == fleet.DescribedOff {
		return j.Unsaid
	}
	return j.Expected
}

// lacks are the conditions of a channel that the regulation speaks of.
func lacks(c fleet.Condition) bool {
	switch c {
	case fleet.NameOff, fleet.PictureOff, fleet.LogoOff, fleet.CoverOff, fleet.DescribedOff, fleet.UnitChanged, fleet.Silent, fleet.NeedsGrant, fleet.PackageEnded, fleet.CannotPost:
		return true
	}
	return false
}

// Conformity reports, for each unit in which (and below which) the actor may see the fleet, what it lacks of the regulation.
func (s *Service) Conformity(ctx context.Context, a identity.Actor) (Report, error) {
	roots := s.Authz.Scope(a, fleet.ActionSee)
	if len(roots) == 0 {
		if err := s.Authz.Check(a, fleet.ActionSee, identity.Resource{Type: "Unit"}); err != nil {
			return Report{}, err
		}
		return Report{}, fault.New(fault.Forbidden, "identity.not_allowed")
	}
	board, err := s.Fleet.Board(ctx, a, fleet.BoardQuery{})
	if err != nil {
		return Report{}, err
	}
	all, err := s.Fleet.Fleet(ctx, a, fleet.Query{Sort: "name"})
	if err != nil {
		return Report{}, err
	}
	members, err := s.store.membersWithin(ctx, s.DB.Read(), roots, s.today())
	if err != nil {
		return Report{}, err
	}
	found := map[string][]Finding{}
	for _, j := range all.Rows {
		for _, c := range j.Conditions {
			if lacks(c) {
				found[j.UnitID] = append(found[j.UnitID], Finding{What: string(c), Kind: j.Kind, Account: j.Name, Expect: expected(c, j)})
			}
		}
	}
	return s.report(board, found, members), nil
}

func (s *Service) report(board fleet.Board, found map[string][]Finding, members []Member) Report {
	on := s.today()
	type key struct {
		unit string
		body Body
	}
	sits, over := map[key]bool{}, map[key]string{}
	for _, m := range members {
		k := key{m.UnitID, m.Body}
		if m.Sits(on) {
			sits[k] = true
		} else if m.From <= on {
			over[k] = m.Name
		}
	}
	var out Report
	for _, row := range board.Rows {
		u := Unit{UnitID: row.UnitID, Name: row.UnitName}
		for _, c := range row.Cells {
			if c.Grant == fleet.Missing {
				u.Findings = append(u.Findings, Finding{What: "missing", Kind: c.Kind})
			}
		}
		u.Findings = append(u.Findings, found[u.UnitID]...)
		for _, b := range Bodies() {
			k := key{u.UnitID, b}
			switch {
			case sits[k]:
			case over[k] != "":
				u.Findings = append(u.Findings, Finding{What: "term_over", Body: b, Name: over[k]})
			default:
				u.Findings = append(u.Findings, Finding{What: "no_body", Body: b})
			}
		}
		if len(u.Findings) == 0 {
			out.Conform++
		}
		out.Findings += len(u.Findings)
		out.Units = append(out.Units, u)
	}
	return out
}
