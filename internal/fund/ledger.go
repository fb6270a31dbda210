package fund

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// entry is one entry of the books; its lines are given with it.
type entry struct {
	ID        string
	AppealID  string
	Day       clock.Date
	Kind      Kind
	Note      string
	Reverses  string
	ImportID  string // "" for what a person did
	CreatedAt time.Time
}

// Sorting is what a person said that a row of the queue is.
type Sorting string

// The ways out of the queue.
const (
	SortGift     Sorting = "gift"         // a gift of this appeal
	SortOther    Sorting = "other_appeal" // a gift of another appeal, whose money came to this account
	SortRefund   Sorting = "refund"       // money out that gives back a known gift
	SortReturned Sorting = "returned"     // money in that was not taken, and the money out by which it went back
	SortTransfer Sorting = "transfer"     // the bank's side of a transfer between levels
	SortPaid     Sorting = "paid"         // the bank's side of a spending
	SortDeposit  Sorting = "deposit"      // cash in hand that was brought to the bank
	SortInterest Sorting = "interest"     // paid by the bank on the account
)

// Waiting is a row of the bank in the queue.
type Waiting struct {
	ID     string // of the row
	Row    int    // in its file
	Day    clock.Date
	DocNo  string
	Credit money.VND
	Debit  money.VND
	Reason Reason
}

// Queue lists what waits for a person, oldest first, at most 500.
func (s *Service) Queue(ctx context.Context, actor identity.Actor, code string) ([]Waiting, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return nil, err
	}
	return s.store.queue(ctx, s.DB.Read(), a.ID)
}

// Balances gives what stands on each account of an appeal. All together are zero.
func (s *Service) Balances(ctx context.Context, actor identity.Actor, code string) ([]Balance, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return nil, err
	}
	return s.store.balances(ctx, s.DB.Read(), a.ID)
}

// TakeAsGift sorts a row of the queue as a gift: its money goes from unsorted to gifts. What came after the close is never
// taken: it is given back by the bank.
func (s *Service) TakeAsGift(ctx context.Context, actor identity.Actor, code, rowID, note string) error {
	return s.book(ctx, actor, code, ActionSort, rowID, note, func(ctx context.Context, tx db.Tx, a Appeal, books map[Role]string, note string) error {
		q, row, err := s.store.waiting(ctx, tx, a.ID, rowID)
		if err != nil {
			return err
		}
		switch {
		case q.SortedAs != "":
			return fault.New(fault.Conflict, "fund.queue.sorted")
		case row.Credit == 0:
			return fault.New(fault.Conflict, "fund.queue.money_out")
		case row.Day > a.Closes:
			return fault.New(fault.Conflict, "fund.queue.after_close").With("Closes", a.Closes.Vietnamese())
		}
		e := entry{ID: id.New(), AppealID: a.ID, Day: s.today(), Kind: KindSorted, Note: note, CreatedAt: s.Clock.Now()}
		if err := s.store.enter(ctx, tx, e, []Line{{DebitID: books[RoleUnsorted], CreditID: books[RoleGifts], Amount: row.Credit}}); err != nil {
			return err
		}
		if err := s.store.addGift(ctx, tx, &giftRow{ID: e.ID, AppealID: a.ID, RowID: row.ID, Day: row.Day, Amount: row.Credit, State: giftTaken}); err != nil {
			return err
		}
		if err := s.announce(ctx, tx, a.ID, "", giftChanged{e.ID, GiftTaken}); err != nil {
			return err
		}
		return s.store.sorted(ctx, tx, rowID, queueRow{SortedAs: e.ID, Decision: string(SortGift), Note: note, ByName: actor.Name, DecidedAt: s.Clock.Now()})
	})
}

// WithdrawGift takes back that a row was a gift: an entry reverses it, the money stands on unsorted and the row waits again.
func (s *Service) WithdrawGift(ctx context.Context, actor identity.Actor, code, giftID, note string) error {
	return s.book(ctx, actor, code, ActionBook, giftID, note, func(ctx context.Context, tx db.Tx, a Appeal, books map[Role]string, note string) error {
		g, err := s.store.gift(ctx, tx, a.ID, giftID)
		if err != nil {
			return err
		}
		if g.State != giftTaken {
			return fault.New(fault.Conflict, "fund.gift.gone")
		}
		if g.RowID == "" {
			return fault.New(fault.Conflict, "fund.gift.cash")
		}
		if err := s.mayTake(ctx, tx, a, g.EarmarkID, "", g.Amount); err != nil {
			return err
		}
		from, err := s.giftAccount(ctx, tx, a.ID, g.EarmarkID)
		if err != nil {
			return err
		}
		e := entry{ID: id.New(), AppealID: a.ID, Day: s.today(), Kind: KindReversal, Note: note, Reverses: giftID, CreatedAt: s.Clock.Now()}
		if err := s.store.enter(ctx, tx, e, []Line{{DebitID: from, CreditID: books[RoleUnsorted], Amount: g.Amount}}); err != nil {
			return err
		}
		if err := s.store.withdraw(ctx, tx, g); err != nil {
			return err
		}
		return s.announce(ctx, tx, a.ID, "", giftChanged{giftID, GiftWithdrawn})
	})
}

// ClosePeriod closes every day up to and including until: nothing more is entered there.
func (s *Service) ClosePeriod(ctx context.Context, actor identity.Actor, code string, until clock.Date) error {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return err
	}
	if err := s.may(actor, ActionBook, a); err != nil {
		return err
	}
	if !until.Valid() || until >= s.today() {
		return fault.Field("until", "fund.period.until")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		done, err := s.store.closeUntil(ctx, tx, a.ID, until)
		if err != nil {
			return err
		}
		if n, err := s.store.pendingImports(ctx, tx, a.ID); err != nil {
			return err
		} else if n > 0 {
			return fault.New(fault.Conflict, "fund.period.import_pending")
		}
		if !done {
			return fault.New(fault.Conflict, "fund.period.closed_already")
		}
		return s.decided(ctx, tx, actor, a, Changed{What: PeriodClosed, Day: until})
	})
}

// book is the frame of an act on the books by a person: right, reason, open day, trace.
func (s *Service) book(ctx context.Context, actor identity.Actor, code, action, thing, note string,
	do func(context.Context, db.Tx, Appeal, map[Role]string, string) error) error {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return err
	}
	if err := s.may(actor, action, a); err != nil {
		return err
	}
	if note = strings.TrimSpace(note); note == "" || utf8.RuneCountInString(note) > maxText {
		return fault.Field("note", "fund.note")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.lockAppeal(ctx, tx, a.ID); err != nil {
			return err
		}
		now, books, err := s.store.books(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if now.ClosedUntil >= s.today() {
			return fault.New(fault.Conflict, "fund.period.closed_already")
		}
		if err := do(ctx, tx, now, books, note); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: action, ResourceType: "Appeal", ResourceID: a.ID,
			Details: map[string]string{"thing": thing}})
	})
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }
