package fund

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// DayGiven is what came into one purse on one day: gifts and interest, less what went back or was moved that day.
type DayGiven struct {
	Day    clock.Date
	Amount money.VND
	Gifts  int // lines that brought something in
}

// GivenByDay gives, day by day, what came in for one earmark, or with "" for the appeal as a whole. It is kept with every
// entry and so is quick however many gifts there are. For other rooms, which check who may see it.
func (s *Service) GivenByDay(ctx context.Context, q bun.IDB, appealID, earmarkID string) (out []DayGiven, err error) {
	err = q.NewRaw(`SELECT t.day, sum(t.credit - t.debit) AS amount, sum(t.gifts) AS gifts FROM fund_total t JOIN fund_account c ON c.id = t.account_id
		WHERE c.appeal_id = ? AND c.earmark_id = ? AND c.role IN ('gifts', 'earmark', 'interest') GROUP BY t.day ORDER BY t.day`, appealID, earmarkID).Scan(ctx, &out)
	return out, err
}

// AppealOfGift tells which appeal a gift belongs to; a fault NotFound when there is no such gift.
func (s *Service) AppealOfGift(ctx context.Context, q bun.IDB, giftID string) (Appeal, error) {
	g, err := s.store.anyGift(ctx, q, giftID)
	if err != nil {
		return Appeal{}, err
	}
	return s.AppealByID(ctx, q, g.AppealID)
}

// Lock makes everybody else who changes the books of an appeal wait until the caller's transaction ends. Whoever does several
// things to one appeal in a transaction, such as a reference and a gift, begins with it: otherwise two of them may wait for
// each other.
func (s *Service) Lock(ctx context.Context, tx db.Tx, appealID string) error {
	return s.store.lockAppeal(ctx, tx, appealID)
}
