package housing

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Query narrows the list of houses; its zero value is every house that the actor may see, those that waited longest first.
type Query struct {
	ProgrammeID string
	UnitID      string
	State       State
	Source      Source
	Kind        Kind
	Code        string
	Page, Per   int // Per 0: all
}

// Listed is one house of a list.
type Listed struct {
	Case
	Initials string
	Unit     string // area and commune, in words
}

// narrow limits a query to what may be seen and is asked for; list and report agree because both use it.
func narrow(sel *bun.SelectQuery, roots []string, on clock.Date, q Query) *bun.SelectQuery {
	sel = orgunit.Within(sel, "c.unit_id", roots, on)
	if q.UnitID != "" {
		sel = orgunit.Within(sel, "c.unit_id", []string{q.UnitID}, on)
	}
	for _, f := range [][2]string{{"programme_id", q.ProgrammeID}, {"state", string(q.State)}, {"kind", string(q.Kind)}, {"code", q.Code}} {
		if f[1] != "" {
			sel = sel.Where("c.? = ?", bun.Ident(f[0]), f[1])
		}
	}
	switch q.Source {
	case "":
	case NoSource:
		sel = sel.Where("c.source = ''")
	default:
		sel = sel.Where("c.source = ?", q.Source)
	}
	return sel
}

// NoSource asks for houses whose source is not decided.
const NoSource Source = "none"

// List lists houses and how many there are in all.
func (s *Service) List(ctx context.Context, actor identity.Actor, q Query) ([]Listed, int, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, 0, err
	}
	var rows []row
	sel := narrow(s.DB.Read().NewSelect().Model(&rows), roots, s.Today(), q).ExcludeColumn("survey", "completion").Order("c.state_on", "c.id")
	if q.Per > 0 {
		sel = sel.Limit(int64(q.Per)).Offset(int64(max(q.Page, 1)-1) * int64(q.Per))
	}
	n, err := sel.ScanAndCount(ctx)
	if err != nil {
		return nil, 0, err
	}
	out := make([]Listed, len(rows))
	for i, r := range rows {
		out[i] = Listed{Case: r.domain(), Initials: r.Initials, Unit: s.Where(r.UnitID)}
	}
	return out, int(n), nil
}

// Waiting counts the surveyed houses that wait for the actor to approve them: not those that they surveyed themselves.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) (int, error) {
	roots := s.Authz.Scope(actor, ActionApprove)
	if len(roots) == 0 {
		return 0, nil
	}
	n, err := narrow(s.DB.Read().NewSelect().Model((*row)(nil)), roots, s.Today(), Query{State: Surveyed}).Where("c.surveyed_by <> ?", actor.ID).Count(ctx)
	return int(n), err
}

// Where names a unit with the commune above it: "Khối Kim Tân, Phường Vinh Hưng".
func (s *Service) Where(unitID string) string {
	u, c := s.Unit(unitID), s.Commune(unitID)
	if c.ID == u.ID {
		return u.FullName
	}
	return u.FullName + ", " + c.FullName
}

// Line is one row of the status report: the houses of a commune, source and kind.
type Line struct {
	UnitID   string
	Unit     string
	Source   Source // "" not decided yet
	Kind     Kind
	Count    map[State]int
	Approved money.VND // decided
	Paid     money.VND // handed over with minutes, and paid by funds
}

// All is how many houses the line holds.
func (l Line) All() int {
	n := 0
	for _, x := range l.Count {
		n += x
	}
	return n
}

// Plan is how far a commune has come with its target.
type Plan struct {
	UnitID string
	Unit   string
	Target int
	All    int
	Done   int // handed over
}

// Percent is the share of the target that is handed over, rounded down; -1 without a target.
func (p Plan) Percent() int {
	if p.Target == 0 {
		return -1
	}
	return p.Done * 100 / p.Target
}

// Report is the status of a programme.
type Report struct {
	Programme Programme // zero: all programmes
	On        clock.Date
	Lines     []Line
	Total     Line
	Plans     []Plan
	PlanTotal Plan
	Paused    []Listed
}

type sumRow struct {
	UnitID string
	Source Source
	Kind   Kind
	State  State
	N      int
	Amount money.VND
	Paid   money.VND
}

// Report adds up what the actor may see, commune by commune, source by source, kind by kind.
func (s *Service) Report(ctx context.Context, actor identity.Actor, q Query) (Report, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return Report{}, err
	}
	return s.report(ctx, roots, q, true)
}

func (s *Service) report(ctx context.Context, roots []string, q Query, paused bool) (Report, error) {
	out := Report{On: s.Today(), Total: Line{Count: map[State]int{}}}
	var err error
	if q.ProgrammeID != "" {
		if out.Programme, err = s.store.programme(ctx, s.DB.Read(), q.ProgrammeID); err != nil {
			return out, err
		}
	}
	var rows []sumRow
	err = narrow(s.DB.Read().NewSelect().Model((*row)(nil)), roots, s.Today(), q).ColumnExpr("c.unit_id, c.source, c.kind, c.state").ColumnExpr("count(*) AS n").
		ColumnExpr("sum(c.amount) AS amount").ColumnExpr("sum(c.paid) AS paid").GroupExpr("c.unit_id, c.source, c.kind, c.state").Scan(ctx, &rows)
	if err != nil {
		return out, err
	}
	lines := map[lineKey]*Line{}
	for _, r := range rows {
		l := s.line(lines, r.UnitID, r.Source, r.Kind)
		l.Count[r.State] += r.N
		l.Approved += r.Amount
		l.Paid += r.Paid
	}
	if err := s.addParts(ctx, lines, roots, q); err != nil {
		return out, err
	}
	out.sum(lines)
	if out.Plans, err = s.plans(ctx, q, out.Lines, roots); err != nil {
		return out, err
	}
	for _, p := range out.Plans {
		out.PlanTotal.Target += p.Target
		out.PlanTotal.All += p.All
		out.PlanTotal.Done += p.Done
	}
	if paused && (q.State == "" || q.State == Paused) {
		q.State, q.Per = Paused, 0
		out.Paused, err = s.pausedOf(ctx, roots, q)
	}
	return out, err
}

type lineKey struct {
	unit   string
	source Source
	kind   Kind
}

func (s *Service) line(lines map[lineKey]*Line, unitID string, source Source, kind Kind) *Line {
	c := s.Commune(unitID)
	k := lineKey{c.ID, source, kind}
	if lines[k] == nil {
		lines[k] = &Line{UnitID: c.ID, Unit: c.FullName, Source: source, Kind: kind, Count: map[State]int{}}
	}
	return lines[k]
}

// addParts adds what funds paid towards the houses.
func (s *Service) addParts(ctx context.Context, lines map[lineKey]*Line, roots []string, q Query) error {
	parts, err := s.Households.Parts(ctx, s.DB.Read(), matterPrefix)
	if err != nil || len(parts) == 0 {
		return err
	}
	var ids []string
	for m := range parts {
		ids = append(ids, m[len(matterPrefix):])
	}
	slices.Sort(ids)
	for some := range slices.Chunk(ids, 500) {
		var rows []row
		if err := narrow(s.DB.Read().NewSelect().Model(&rows), roots, s.Today(), q).Column("id", "unit_id", "source", "kind").Where("c.id IN (?)", bun.In(some)).Scan(ctx); err != nil {
			return err
		}
		for _, r := range rows {
			s.line(lines, r.UnitID, r.Source, r.Kind).Paid += parts[matterPrefix+r.ID]
		}
	}
	return nil
}

// sum orders the lines by commune in the Vietnamese alphabet and adds them up.
func (r *Report) sum(lines map[lineKey]*Line) {
	for _, l := range lines {
		r.Lines = append(r.Lines, *l)
		for st, n := range l.Count {
			r.Total.Count[st] += n
		}
		r.Total.Approved += l.Approved
		r.Total.Paid += l.Paid
	}
	slices.SortFunc(r.Lines, func(a, b Line) int {
		return cmp.Or(vntext.Compare(a.Unit, b.Unit), cmp.Compare(a.UnitID, b.UnitID), cmp.Compare(place(a.Source), place(b.Source)), cmp.Compare(a.Kind, b.Kind))
	})
}

// place orders sources as pages show them, the undecided last.
func place(s Source) int {
	for i, x := range Sources {
		if x == s {
			return i
		}
	}
	return len(Sources)
}

// plans adds each commune's houses up beside its target.
func (s *Service) plans(ctx context.Context, q Query, lines []Line, roots []string) ([]Plan, error) {
	byUnit := map[string]*Plan{}
	for _, l := range lines {
		if byUnit[l.UnitID] == nil {
			byUnit[l.UnitID] = &Plan{UnitID: l.UnitID, Unit: l.Unit}
		}
		byUnit[l.UnitID].All += l.All()
		byUnit[l.UnitID].Done += l.Count[HandedOver]
	}
	if q.ProgrammeID != "" {
		targets, err := s.store.targets(ctx, s.DB.Read(), q.ProgrammeID)
		if err != nil {
			return nil, err
		}
		for unit, n := range targets {
			if n == 0 || !s.sees(roots, q, unit) {
				continue
			}
			c := s.Commune(unit) // a merged commune's target is its successor's
			if byUnit[c.ID] == nil {
				byUnit[c.ID] = &Plan{UnitID: c.ID, Unit: c.FullName}
			}
			byUnit[c.ID].Target += n
		}
	}
	out := make([]Plan, 0, len(byUnit))
	for _, p := range byUnit {
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Plan) int { return cmp.Or(vntext.Compare(a.Unit, b.Unit), cmp.Compare(a.UnitID, b.UnitID)) })
	return out, nil
}

// sees tells whether a commune belongs to what is asked for and may be seen.
func (s *Service) sees(roots []string, q Query, unitID string) bool {
	f, on := s.Forest(), s.Today()
	if q.UnitID != "" && !f.Under(unitID, q.UnitID, on) {
		return false
	}
	for _, r := range roots {
		if f.Under(unitID, r, on) {
			return true
		}
	}
	return false
}

func (s *Service) pausedOf(ctx context.Context, roots []string, q Query) ([]Listed, error) {
	var rows []row
	if err := narrow(s.DB.Read().NewSelect().Model(&rows), roots, s.Today(), q).ExcludeColumn("survey", "completion").Order("c.state_on", "c.id").Limit(1000).Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Listed, len(rows))
	for i, r := range rows {
		out[i] = Listed{Case: r.domain(), Initials: r.Initials, Unit: s.Where(r.UnitID)}
	}
	return out, nil
}
