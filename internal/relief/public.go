package relief

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Place is one commune on the public page: what it needs, what not to bring, where to bring it.
type Place struct {
	UnitID, UnitName string
	Needs            []Need // open ones, the most urgent first
	Avoid            []Avoid
	Points           []Warehouse // that take goods from people
	Confirmed        time.Time   // when a need was last confirmed
	Stale            bool        // no need of it was confirmed for 48 hours
}

// PublicQuery narrows the public page.
type PublicQuery struct {
	Text   string // item, commune or place, without marks
	UnitID string // one unit
}

// PublicNeeds lists the communes that need something, those with the most urgent needs first. It gives no names of persons.
func (s *Service) PublicNeeds(ctx context.Context, q PublicQuery) ([]Place, error) {
	db := s.DB.Read()
	needs, err := s.store.openNeeds(ctx, db, "")
	if err != nil {
		return nil, err
	}
	avoids, err := s.store.avoids(ctx, db, nil)
	if err != nil {
		return nil, err
	}
	points, err := s.store.points(ctx, db)
	if err != nil {
		return nil, err
	}
	by := map[string]*Place{}
	var order []string
	at := func(unitID string) *Place {
		p := by[unitID]
		if p == nil {
			p = &Place{UnitID: unitID, UnitName: s.UnitName(unitID)}
			by[unitID] = p
			order = append(order, unitID)
		}
		return p
	}
	words := strings.Fields(vntext.Fold(q.Text))
	for _, n := range needs {
		if q.UnitID != "" && n.UnitID != q.UnitID || !matches(words, s.UnitName(n.UnitID), n.Item.Name, n.Place) {
			continue
		}
		n.Note, n.CreatedBy, n.Reason = "", "", "" // what officials tell one another
		p := at(n.UnitID)
		p.Needs = append(p.Needs, n)
		if n.ConfirmedAt.After(p.Confirmed) {
			p.Confirmed = n.ConfirmedAt
		}
	}
	for _, w := range points {
		if p := by[w.UnitID]; p != nil || q.UnitID == w.UnitID || len(words) == 0 && q.UnitID == "" {
			p = at(w.UnitID)
			p.Points = append(p.Points, w)
		}
	}
	for _, x := range avoids {
		if p := by[x.UnitID]; p != nil {
			p.Avoid = append(p.Avoid, x)
		}
	}
	now := s.Clock.Now()
	out := make([]Place, 0, len(order))
	for _, unitID := range order {
		p := by[unitID]
		p.Stale = len(p.Needs) > 0 && now.Sub(p.Confirmed) > Fresh
		out = append(out, *p)
	}
	slices.SortStableFunc(out, func(a, b Place) int { return placeRank(a) - placeRank(b) })
	return out, nil
}

// placeRank puts communes with urgent needs that nobody has covered first, mere collecting points last.
func placeRank(p Place) int {
	for _, n := range p.Needs {
		if n.Missing() > 0 {
			return n.Urgency.rank()
		}
	}
	if len(p.Needs) > 0 {
		return len(Urgencies)
	}
	return len(Urgencies) + 1
}

// matches tells whether every word stands in one of the texts.
func matches(words []string, texts ...string) bool {
	all := vntext.Fold(strings.Join(texts, " "))
	for _, w := range words {
		if !strings.Contains(all, w) {
			return false
		}
	}
	return true
}

// UnitTotals sums what a unit needs, for the map of communes. Values are the usual values of the goods, so that goats and
// rice can be added; they are no money that anybody received.
type UnitTotals struct {
	UnitID    string
	Needs     int // all that were made public and not withdrawn
	Open      int
	Waiting   int // open and not fully covered for 48 hours
	Stale     int // open and not confirmed for 48 hours
	Asked     money.VND
	Promised  money.VND
	Received  money.VND
	Uncovered money.VND // asked, neither promised nor received
	Since     time.Time // when the oldest need that is not fully covered was made public; zero when none
}

type totalRow struct {
	UnitID                    string
	Needs, Open, Waits, Stale int
	Asked, Promised, Received int64
	Since                     bun.NullTime
}

// NeedTotals gives, for every unit that has asked for goods, what it needs, what it received and what has stood uncovered for
// 48 hours. It is public: aggregates only.
func (s *Service) NeedTotals(ctx context.Context) (map[string]UnitTotals, error) {
	rows, err := s.store.unitTotals(ctx, s.DB.Read(), s.moment().stale)
	if err != nil {
		return nil, err
	}
	out := make(map[string]UnitTotals, len(rows))
	for _, r := range rows {
		out[r.UnitID] = UnitTotals{UnitID: r.UnitID, Needs: r.Needs, Open: r.Open, Waiting: r.Waits, Stale: r.Stale, Asked: money.VND(r.Asked),
			Promised: money.VND(r.Promised), Received: money.VND(r.Received), Uncovered: money.VND(max(0, r.Asked-r.Promised-r.Received)), Since: r.Since.Time}
	}
	return out, nil
}
