package spending

import (
	"context"
	"slices"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/money"
)

// Journey is what became of the gifts that came in together with one gift: those of the same day and purse (the appeal as a
// whole, or one binding of donors). Nobody can say which đồng of a purse bought what, so all gifts of a day share alike: the
// money that came first is allotted first, day after day.
type Journey struct {
	Appeal    fund.Appeal
	Earmark   fund.Earmark // zero: the appeal as a whole
	Day       clock.Date
	Amount    money.VND // of the gift
	PoolGifts int       // gifts of that day in that purse; 0 when not known
	Pool      money.VND // what they came to
	Steps     []JourneyStep
	Held      JourneyStep // not allotted yet
	Passed    JourneyStep // sent on to the fund of another level
}

// JourneyStep is one place that a part of the pool went to.
type JourneyStep struct {
	Head     fund.Head
	UnitID   string
	UnitName string
	Purpose  string
	DocNo    string
	DocDay   clock.Date
	Amount   money.VND // of the pool
	PerMille int       // of the pool; all steps together are 1000
	PaidPart int       // percent of that share which was handed over already; -1 when it is kept back
}

// piece is a stretch of money that was allotted, in the order of time.
type piece struct {
	length money.VND
	share  *Share
	by     *Allocation
}

// GiftJourney follows one gift. It names nobody: whoever has the id of a gift may read it.
func (s *Service) GiftJourney(ctx context.Context, giftID string) (Journey, error) {
	q := s.DB.Read()
	g, err := s.Books.GiftByID(ctx, q, giftID)
	if err != nil {
		return Journey{}, err
	}
	appeal, err := s.Books.AppealOfGift(ctx, q, giftID)
	if err != nil {
		return Journey{}, err
	}
	j := Journey{Appeal: appeal, Day: g.Day, Amount: g.Amount}
	purses, err := s.Books.Purses(ctx, q, appeal.ID)
	if err != nil {
		return j, err
	}
	passed := money.VND(0)
	for _, p := range purses {
		if p.Earmark.ID == g.EarmarkID {
			j.Earmark, passed = p.Earmark, max(0, p.Passed)
		}
	}
	days, err := s.Books.GivenByDay(ctx, q, appeal.ID, g.EarmarkID)
	if err != nil {
		return j, err
	}
	before := money.VND(0)
	for _, d := range days {
		switch {
		case d.Day < g.Day:
			before += d.Amount
		case d.Day == g.Day:
			j.Pool, j.PoolGifts = d.Amount, d.Gifts
		}
	}
	decisions, err := s.store.ofAppeal(ctx, q, appeal.ID, Approved)
	if err != nil {
		return j, err
	}
	shares, err := s.store.shares(ctx, q, idsOf(decisions)...)
	if err != nil {
		return j, err
	}
	j.follow(max(0, before), pieces(decisions, shares, g.EarmarkID), passed, s.UnitName)
	return j, nil
}

// pieces lays the shares of one purse out in the order in which they were decided.
func pieces(decisions []Allocation, shares []Share, earmarkID string) []piece {
	var out []piece
	for i := range decisions {
		for k := range shares {
			if x := &shares[k]; x.AllocationID == decisions[i].ID && x.EarmarkID == earmarkID && x.Allotted() > 0 {
				out = append(out, piece{length: x.Allotted(), share: x, by: &decisions[i]})
			}
		}
	}
	return out
}

// follow lays the pieces beside the pool, which begins after what came in on earlier days, and writes down where they meet.
func (j *Journey) follow(before money.VND, list []piece, passed money.VND, name func(string) string) {
	end, at := before+j.Pool, money.VND(0)
	overlap := func(length money.VND) money.VND {
		from, to := max(at, before), min(at+length, end)
		at += length
		return max(0, to-from)
	}
	left := j.Pool
	for _, p := range list {
		n := overlap(p.length)
		if n == 0 {
			continue
		}
		left -= n
		paid := int(p.share.Paid * 100 / p.length)
		if p.share.TargetKind == TargetHousehold && few(p.share.Helped) {
			paid = -1
		}
		j.Steps = append(j.Steps, JourneyStep{Head: p.share.Head, UnitID: p.share.UnitID, UnitName: name(p.share.UnitID), Purpose: plain(p.share.Purpose),
			DocNo: p.by.DocNo, DocDay: p.by.DocDay, Amount: n, PaidPart: paid})
	}
	j.Passed.Amount = overlap(passed)
	j.Held.Amount = left - j.Passed.Amount
	j.shares()
}

// shares gives each step its part in thousand; what rounding leaves over goes to those that lost most by it, so that the
// whole is exactly a thousand.
func (j *Journey) shares() {
	all := []*JourneyStep{&j.Held, &j.Passed}
	for i := range j.Steps {
		all = append(all, &j.Steps[i])
	}
	if j.Pool <= 0 {
		return
	}
	rest, sum := map[*JourneyStep]money.VND{}, 0
	for _, x := range all {
		x.PerMille = int(x.Amount * 1000 / j.Pool)
		rest[x] = x.Amount * 1000 % j.Pool
		sum += x.PerMille
	}
	slices.SortStableFunc(all, func(a, b *JourneyStep) int {
		switch {
		case rest[a] > rest[b]:
			return -1
		case rest[a] < rest[b]:
			return 1
		}
		return 0
	})
	for i := 0; sum < 1000 && i < len(all); i++ {
		all[i].PerMille++
		sum++
	}
}
