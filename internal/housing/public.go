package housing

import (
	"context"
	"slices"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
)

// Few is the number of houses below which a commune's figures are not told to the public: in a small place they would point at
// families.
const Few = 5

// PublicLine is one commune for the public.
type PublicLine struct {
	UnitID, Unit string
	All, Done    int
	Target       int
	Few          bool // fewer than Few houses: no figures
}

// Progress is what the public sees: counts and sums, no names.
type Progress struct {
	Programme  Programme
	Programmes []Programme
	On         clock.Date
	Count      map[State]int
	All        int
	Approved   money.VND
	Paid       money.VND
	Target     int
	Lines      []PublicLine
}

// Public tells how a programme of the province (or commune) goes on; programmeID "" is the latest that is not closed.
func (s *Service) Public(ctx context.Context, provinceID, programmeID string) (Progress, error) {
	all, err := s.store.programmes(ctx, s.DB.Read())
	if err != nil {
		return Progress{}, err
	}
	out := Progress{Programmes: all, On: s.Today(), Count: map[State]int{}}
	for _, p := range all {
		if p.ID == programmeID || programmeID == "" && out.Programme.ID == "" {
			out.Programme = p
		}
	}
	if out.Programme.ID == "" {
		if programmeID != "" {
			return out, errNoCase()
		}
		return out, nil
	}
	r, err := s.report(ctx, []string{provinceID}, Query{ProgrammeID: out.Programme.ID}, false)
	if err != nil {
		return out, err
	}
	out.Count, out.All, out.Approved, out.Paid, out.Target = r.Total.Count, r.Total.All(), r.Total.Approved, r.Total.Paid, r.PlanTotal.Target
	for _, p := range r.Plans {
		out.Lines = append(out.Lines, PublicLine{UnitID: p.UnitID, Unit: p.Unit, All: p.All, Done: p.Done, Target: p.Target})
	}
	keepBack(out.Lines)
	if out.All < Few {
		out.Count, out.Approved, out.Paid = map[State]int{}, 0, 0
		if out.All > 0 {
			out.All = -1 // some, but few
		}
	}
	return out, nil
}

// keepBack hides the figures of communes with few houses. When what is hidden together is itself few, and could be had by
// subtracting from the total, the smallest of the others are hidden too.
func keepBack(lines []PublicLine) {
	hidden, sum := 0, 0
	hide := func(l *PublicLine) {
		hidden++
		sum += l.All
		l.Few, l.All, l.Done = true, 0, 0
	}
	for i := range lines {
		if l := &lines[i]; l.All > 0 && l.All < Few {
			hide(l)
		}
	}
	order := make([]int, len(lines))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return lines[a].All - lines[b].All })
	for _, i := range order {
		if hidden == 0 || hidden > 1 && sum >= Few {
			return
		}
		if lines[i].All > 0 {
			hide(&lines[i])
		}
	}
}
