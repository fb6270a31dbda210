package disclosure

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/money"
)

// Sum is how many lines there are of one kind, and what they come to.
type Sum struct {
	Key    string // a day, a channel, the code of a purpose, a kind of line
	Lines  int64
	Amount money.VND
}

// Totals are the sums of a statement. They are kept with every batch and never counted up.
type Totals struct {
	Kinds    []Sum
	Days     []Sum // oldest first
	Channels []Sum
	Purposes []Sum // the appeal as a whole has the key ""
}

// Gifts is how many gifts stand: those that came less those that went back or were none.
func (t Totals) Gifts() int64 {
	n := int64(0)
	for _, k := range t.Kinds {
		switch Kind(k.Key) {
		case KindGift:
			n += k.Lines
		case KindRefund, KindWithdrawal:
			n -= k.Lines
		}
	}
	return n
}

// Totals reads the sums of a statement.
func (s *Service) Totals(ctx context.Context, st Statement) (t Totals, err error) {
	rows, err := s.store.totals(ctx, s.DB.Read(), st.no, "all", "day", "channel", "purpose")
	for _, r := range rows {
		sum := Sum{r.Key, r.Lines, r.Amount}
		switch r.Kind {
		case "all":
			t.Kinds = append(t.Kinds, sum)
		case "day":
			t.Days = append(t.Days, sum)
		case "channel":
			t.Channels = append(t.Channels, sum)
		case "purpose":
			t.Purposes = append(t.Purposes, sum)
		}
	}
	return t, err
}

// DaySum is what the public statement says of one day.
type DaySum struct {
	Day    clock.Date
	Lines  int64
	Amount money.VND
}

// PublicDays gives, day by day, how many lines the public statement of an appeal has and what they come to, and how far it
// has followed the books: for the comparison of bank, ledger and public log.
func (s *Service) PublicDays(ctx context.Context, appealID string) (days []DaySum, followed fund.Position, err error) {
	a, ok, err := s.store.appeal(ctx, s.DB.Read(), appealID)
	if err != nil || !ok {
		return nil, fund.Position{}, err
	}
	rows, err := s.store.totals(ctx, s.DB.Read(), a.No, "day")
	for _, r := range rows {
		days = append(days, DaySum{clock.Date(r.Key), r.Lines, r.Amount})
	}
	return days, a.position(), err
}
