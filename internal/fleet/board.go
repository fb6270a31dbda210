package fleet

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Grant is how far the connecting of one kind of channel has come at one unit.
type Grant string

// The grants.
const (
	Granted  Grant = "granted" // the house may act for it, also when it is paused at the moment
	Again    Grant = "again"   // it was granted once and must be granted again
	Missing  Grant = "missing" // the rule demands one and there is none
	Optional Grant = "none"    // there is none and none is demanded
)

// Wants tells whether somebody must grant.
func (g Grant) Wants() bool { return g == Again || g == Missing }

// Cell is one kind of channel at one unit.
type Cell struct {
	Kind      channel.Kind
	Grant     Grant
	AccountID string // the account that must be granted again; "" when there is none
	Name      string
}

// BoardRow is one unit of the board.
type BoardRow struct {
	UnitID, UnitName string
	Cells            []Cell // in the order of Board.Kinds
	Admins           []identity.Person
}

// Wants tells whether the unit has to be reminded.
func (r BoardRow) Wants() bool {
	return slices.ContainsFunc(r.Cells, func(c Cell) bool { return c.Grant.Wants() })
}

// Progress is one kind of channel over all units.
type Progress struct {
	Kind                    channel.Kind
	Granted, Again, Missing int
	Of                      int // units
}

// Board is how far the units in the actor's scope have come with connecting their channels.
type Board struct {
	Kinds    []channel.Kind
	Progress []Progress
	Rows     []BoardRow // by unit in alphabetical order
	Units    int        // units in scope
	Wanting  int        // of these, how many have to be reminded
}

// BoardQuery narrows the rows of the board; the numbers stay those of all units.
type BoardQuery struct {
	Text    string // part of the unit's name, with or without marks
	Wanting bool   // only units that have to be reminded
}

// Board shows which units have granted which kinds of channel, for the units in which (and below which) the actor may see
// the fleet: those of the Front, from the province down to the communes.
func (s *Service) Board(ctx context.Context, actor identity.Actor, q BoardQuery) (Board, error) {
	roots, err := s.roots(actor, ActionSee)
	if err != nil {
		return Board{}, err
	}
	as, err := s.Channels.Accounts(ctx, actor, channel.Filter{})
	if err != nil {
		return Board{}, err
	}
	book, err := s.rulebook(ctx)
	if err != nil {
		return Board{}, err
	}
	of := map[string][]channel.Account{}
	for _, a := range as {
		of[a.UnitID] = append(of[a.UnitID], a)
	}
	b := Board{Kinds: s.outside()}
	for _, k := range b.Kinds {
		b.Progress = append(b.Progress, Progress{Kind: k})
	}
	want := vntext.Fold(strings.TrimSpace(q.Text))
	for _, u := range s.unitsUnder(roots) {
		row := BoardRow{UnitID: u.ID, UnitName: u.FullName}
		for i, k := range b.Kinds {
			c := cellOf(k, of[u.ID], book.rule(u.ID, k))
			row.Cells = append(row.Cells, c)
			b.Progress[i].add(c.Grant)
		}
		b.Units++
		if row.Wants() {
			b.Wanting++
		}
		if (!q.Wanting || row.Wants()) && (want == "" || strings.Contains(vntext.Fold(u.FullName), want)) {
			b.Rows = append(b.Rows, row)
		}
	}
	slices.SortStableFunc(b.Rows, func(x, y BoardRow) int { return cmp.Compare(s.sortKey(x.UnitName), s.sortKey(y.UnitName)) })
	return b, nil
}

func (p *Progress) add(g Grant) {
	p.Of++
	switch g {
	case Granted:
		p.Granted++
	case Again:
		p.Again++
	case Missing:
		p.Missing++
	}
}

// cellOf looks for the best account of a kind: one that is granted counts before one that must be granted again.
func cellOf(k channel.Kind, as []channel.Account, r Rule) Cell {
	c := Cell{Kind: k, Grant: Optional}
	if r.Required {
		c.Grant = Missing
	}
	for _, a := range as {
		if a.Kind != k {
			continue
		}
		if a.State != channel.AccountReauth {
			return Cell{Kind: k, Grant: Granted, AccountID: a.ID, Name: a.Name}
		}
		c = Cell{Kind: k, Grant: Again, AccountID: a.ID, Name: a.Name}
	}
	return c
}

// unitsUnder lists the living units of the Front under the roots that may own channels.
func (s *Service) unitsUnder(roots []string) []orgunit.Unit {
	f, on := s.Forest(), s.today()
	seen := map[string]bool{}
	var out []orgunit.Unit
	for _, root := range roots {
		for _, x := range f.Subtree(root, on) {
			u, err := f.Unit(x, on)
			if err != nil || seen[x] || !u.Stands(on) || u.Kind != orgunit.KindFront || u.Level.Rank() > orgunit.LevelCommune.Rank() {
				continue
			}
			seen[x] = true
			out = append(out, u)
		}
	}
	return out
}

// Remind gives one unit of the board with the people who administer it, as far as the actor may know them.
func (s *Service) Remind(ctx context.Context, actor identity.Actor, unitID string) (BoardRow, error) {
	if err := s.Authz.Check(actor, ActionSee, identity.InUnit(unitID)); err != nil {
		return BoardRow{}, err
	}
	b, err := s.Board(ctx, actor, BoardQuery{})
	if err != nil {
		return BoardRow{}, err
	}
	for _, r := range b.Rows {
		if r.UnitID == unitID {
			r.Admins, err = s.admins(ctx, actor, unitID)
			return r, err
		}
	}
	return BoardRow{}, fault.New(fault.NotFound, "fleet.unit.not_found")
}

func (s *Service) admins(ctx context.Context, actor identity.Actor, unitID string) ([]identity.Person, error) {
	if s.People == nil {
		return nil, nil
	}
	list, _, err := s.People.People(ctx, actor, identity.PeopleQuery{UnitID: unitID, Role: identity.RoleUnitAdmin})
	if fault.Is(err, fault.Forbidden) {
		return nil, nil
	}
	return slices.DeleteFunc(list, func(p identity.Person) bool { return p.DisabledAt != nil }), err
}
