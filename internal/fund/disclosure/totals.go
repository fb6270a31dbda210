package disclosure

import (
	"context"

	"github.com/uptrace/bun"

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

// PublicDays counts the lines of an appeal's statement anew, day by day: gifts that stand, and what they come to. It is the
// public side of the comparison of bank, ledger and public log (fund.PublicLog).
func (s *Service) PublicDays(ctx context.Context, appealID string) ([]fund.PublicDay, error) {
	a, ok, err := s.store.appeal(ctx, s.DB.Read(), appealID)
	if err != nil || !ok {
		return nil, err
	}
	return s.store.daysAnew(ctx, s.DB.Read(), a.No)
}

func (store) daysAnew(ctx context.Context, q bun.IDB, appealNo int64) (out []fund.PublicDay, err error) {
	err = q.NewRaw(`SELECT day, sum(CASE kind WHEN 'gift' THEN 1 WHEN 'correction' THEN 0 ELSE -1 END) AS gifts, CAST(sum(amount) AS bigint) AS amount
		FROM disclosure_line WHERE appeal_no = ? AND kind <> 'correction' GROUP BY day ORDER BY day`, appealNo).Scan(ctx, &out)
	return out, err
}
