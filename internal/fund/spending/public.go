package spending

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// FewHouseholds is the number below which the public is not told how many households of a unit were helped, nor with how
// much: so few could be known by their neighbours.
const FewHouseholds = 10

// HeadSum is what went to one head of the law.
type HeadSum struct {
	Head     fund.Head
	Allotted money.VND
	Paid     money.VND
}

// UnitPublic is what one unit received, as the public may read it.
type UnitPublic struct {
	UnitID     string
	Name       string
	Allotted   money.VND
	Paid       money.VND // 0 when Few
	Households int       // 0 when Few
	Works      int
	Few        bool // between one and nine households were helped: amount paid and count are kept back
}

// DecisionPublic is one approved decision, with what it promised and what is done.
type DecisionPublic struct {
	ID         string
	DocNo      string
	DocDay     clock.Date
	Meeting    string
	About      string
	Allotted   money.VND
	Paid       money.VND
	Households Promise
	Works      Promise
	Shares     []SharePublic
}

// Promise is a number that was promised and how far it is done.
type Promise struct{ Target, Done int }

// SharePublic is what one decision gives to one unit under one head.
type SharePublic struct {
	Seq        int
	Head       fund.Head
	UnitID     string
	UnitName   string
	Purpose    string
	Earmarked  bool
	Allotted   money.VND
	Paid       money.VND // 0 when Few
	Target     int
	TargetKind TargetKind
	Done       int // 0 when Few
	Few        bool
}

// Public is where the money of an appeal went, without any person in it.
type Public struct {
	Appeal     fund.Appeal
	Given      money.VND // gifts that stand, with interest
	Passed     money.VND // to funds of other levels or appeals, less what came from them
	Allotted   money.VND
	Paid       money.VND
	Heads      []HeadSum // those with money, in the order of the law
	Units      []UnitPublic
	Decisions  []DecisionPublic // newest first
	Households int              // helped in all; 0 when Few
	Works      int
	Few        bool
}

// Held is what is not allotted yet.
func (p Public) Held() money.VND { return max(0, p.Given-p.Passed-p.Allotted) }

// PublicView gives where the money of an appeal went, for everybody.
func (s *Service) PublicView(ctx context.Context, code string) (Public, error) {
	q := s.DB.Read()
	appeal, err := s.Books.AppealByCode(ctx, q, code)
	if err != nil {
		return Public{}, err
	}
	purses, err := s.Books.Purses(ctx, q, appeal.ID)
	if err != nil {
		return Public{}, err
	}
	sums, err := s.store.unitSums(ctx, q, appeal.ID)
	if err != nil {
		return Public{}, err
	}
	decisions, err := s.store.ofAppeal(ctx, q, appeal.ID, Approved)
	if err != nil {
		return Public{}, err
	}
	shares, err := s.store.shares(ctx, q, idsOf(decisions)...)
	if err != nil {
		return Public{}, err
	}
	p := Public{Appeal: appeal}
	for _, x := range purses {
		p.Given += x.Given
		p.Passed += x.Passed
	}
	p.add(sums, s.UnitName)
	p.decisions(decisions, shares, s.UnitName)
	return p, nil
}

func idsOf(list []Allocation) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.ID
	}
	return out
}

// few tells whether a number of households is one that is kept back.
func few(n int) bool { return n > 0 && n < FewHouseholds }

func (p *Public) add(sums []unitSum, name func(string) string) {
	heads, units := map[fund.Head]HeadSum{}, map[string]*UnitPublic{}
	for _, x := range sums {
		h := heads[fund.Head(x.Head)]
		h.Head, h.Allotted, h.Paid = fund.Head(x.Head), h.Allotted+x.Allotted, h.Paid+x.Paid
		heads[h.Head] = h
		u := units[x.UnitID]
		if u == nil {
			u = &UnitPublic{UnitID: x.UnitID, Name: name(x.UnitID)}
			units[x.UnitID] = u
		}
		u.Allotted, u.Paid, u.Households, u.Works = u.Allotted+x.Allotted, u.Paid+x.Paid, u.Households+x.Households, u.Works+x.Works
		p.Allotted, p.Paid, p.Households, p.Works = p.Allotted+x.Allotted, p.Paid+x.Paid, p.Households+x.Households, p.Works+x.Works
	}
	for _, h := range append(fund.Heads(), fund.HeadRunning) {
		if x, ok := heads[h]; ok {
			p.Heads = append(p.Heads, x)
		}
	}
	hide(units)
	for _, u := range units {
		if u.Few {
			u.Households, u.Paid = 0, 0
		}
		p.Units = append(p.Units, *u)
	}
	slices.SortFunc(p.Units, func(a, b UnitPublic) int {
		return cmp.Or(cmp.Compare(b.Allotted, a.Allotted), cmp.Compare(a.Name, b.Name))
	})
	if p.Few = few(p.Households); p.Few {
		p.Households = 0
	}
}

// hide marks the units whose figures are kept back. When it would be one alone, the next smallest is kept back too: otherwise
// the one could be reckoned from the sum.
func hide(units map[string]*UnitPublic) {
	hidden := 0
	var next *UnitPublic
	for _, u := range units {
		switch {
		case few(u.Households):
			u.Few = true
			hidden++
		case u.Households > 0 && (next == nil || u.Households < next.Households || u.Households == next.Households && u.UnitID < next.UnitID):
			next = u
		}
	}
	if hidden == 1 && next != nil {
		next.Few = true
	}
}

var longNumber = regexp.MustCompile(`\d[\d .\-]{4,}\d`)

// plain takes numbers out of a public text that could be a telephone, an account or an identity number.
func plain(text string) string { return longNumber.ReplaceAllString(text, "…") }

func (p *Public) decisions(list []Allocation, shares []Share, name func(string) string) {
	at := map[string]*DecisionPublic{}
	p.Decisions = make([]DecisionPublic, len(list))
	for i, a := range list {
		d := &p.Decisions[len(list)-1-i]
		*d = DecisionPublic{ID: a.ID, DocNo: a.DocNo, DocDay: a.DocDay, Meeting: plain(a.Meeting), About: plain(a.About)}
		at[a.ID] = d
	}
	for _, x := range shares {
		d := at[x.AllocationID]
		d.Allotted += x.Allotted()
		d.Paid += x.Paid
		promise := &d.Works
		if x.TargetKind == TargetHousehold {
			promise = &d.Households
		}
		promise.Target += x.Target
		promise.Done += x.Helped
		y := SharePublic{Seq: x.Seq, Head: x.Head, UnitID: x.UnitID, UnitName: name(x.UnitID), Purpose: plain(x.Purpose), Earmarked: x.EarmarkID != "", Allotted: x.Allotted(), Paid: x.Paid,
			Target: x.Target, TargetKind: x.TargetKind, Done: x.Helped}
		if y.Few = x.TargetKind == TargetHousehold && few(x.Helped); y.Few {
			y.Paid, y.Done = 0, 0
		}
		d.Shares = append(d.Shares, y)
	}
}

// Need is what a unit says, or the relief desk knows, that it needs.
type Need struct {
	UnitID     string
	Households int
	Amount     money.VND
	Goods      money.VND // worth of goods that are promised or have arrived
	Arrived    money.VND // of Goods, what has arrived
	Since      time.Time // when it was first said and has not been covered since; zero when it is covered
}

// Coverage is how one commune stands: what it needs and what it was given.
type Coverage struct {
	UnitID     string
	Code       string // official code, for the map
	Name       string
	Households int       // in need
	Need       money.VND // money and goods, in money's worth
	Since      time.Time
	Allotted   money.VND // money
	Goods      money.VND // worth of goods that are promised or have arrived
	Arrived    money.VND // of Goods, what has arrived
	State      CoverState
}

// Received is the worth of everything that a commune has been given or promised.
func (c Coverage) Received() money.VND { return c.Allotted + c.Goods }

// CoverState says in one word how a commune stands.
type CoverState string

// The states of a commune on the map.
const (
	NoNeed    CoverState = "none"      // has said that it needs nothing, or has said nothing
	Covered   CoverState = "covered"   // at least as much was allotted as is needed
	Partly    CoverState = "partly"    // something was allotted
	Fresh     CoverState = "fresh"     // needs, has nothing yet, for less than 48 hours
	Uncovered CoverState = "uncovered" // needs, and has had nothing for 48 hours
)

// CoverStates lists them, the most pressing first.
func CoverStates() []CoverState { return []CoverState{Uncovered, Fresh, Partly, Covered, NoNeed} }

// UncoveredAfter is how long a need may stand before the map says so.
const UncoveredAfter = 48 * time.Hour

func (c *Coverage) judge(now time.Time) {
	needs := c.Households > 0 || c.Need > 0
	switch {
	case !needs:
		c.State = NoNeed
	case c.Received() > 0 && c.Received() >= c.Need:
		c.State = Covered
	case c.Received() > 0:
		c.State = Partly
	case now.Sub(c.Since) >= UncoveredAfter:
		c.State = Uncovered
	default:
		c.State = Fresh
	}
}

// Map tells how each commune below the unit that leads the appeal stands, the most pressing first. Residential areas count
// with their commune.
func (s *Service) Map(ctx context.Context, code string) (fund.Appeal, []Coverage, error) {
	q := s.DB.Read()
	appeal, err := s.Books.AppealByCode(ctx, q, code)
	if err != nil {
		return appeal, nil, err
	}
	sums, err := s.store.unitSums(ctx, q, appeal.ID)
	if err != nil {
		return appeal, nil, err
	}
	needs, err := s.store.needs(ctx, q, appeal.ID)
	if err != nil {
		return appeal, nil, err
	}
	if s.Relief != nil {
		more, err := s.Relief(ctx, appeal)
		if err != nil {
			return appeal, nil, err
		}
		needs = append(needs, more...)
	}
	today, forest := s.today(), s.Forest()
	at := map[string]*Coverage{}
	for _, u := range forest.AtLevel(orgunit.LevelCommune, orgunit.KindFront, appeal.UnitID, today) {
		at[u.ID] = &Coverage{UnitID: u.ID, Code: u.Code, Name: u.FullName}
	}
	commune := func(unitID string) *Coverage {
		if c := at[unitID]; c != nil {
			return c
		}
		for _, up := range forest.AncestorIDs(unitID, today) {
			if c := at[up]; c != nil {
				return c
			}
		}
		return &Coverage{} // the province's own: it stands on no map
	}
	for _, x := range sums {
		commune(x.UnitID).Allotted += x.Allotted
	}
	for _, n := range needs {
		c := commune(n.UnitID)
		c.Households, c.Need, c.Goods, c.Arrived = c.Households+n.Households, c.Need+n.Amount, c.Goods+n.Goods, c.Arrived+n.Arrived
		if (n.Households > 0 || n.Amount > 0) && !n.Since.IsZero() && (c.Since.IsZero() || n.Since.Before(c.Since)) {
			c.Since = n.Since
		}
	}
	var out []Coverage
	for _, c := range at {
		c.judge(s.Clock.Now())
		out = append(out, *c)
	}
	order := CoverStates()
	slices.SortFunc(out, func(a, b Coverage) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State)), cmp.Compare(b.Need, a.Need), cmp.Compare(a.Code, b.Code))
	})
	return appeal, out, nil
}
