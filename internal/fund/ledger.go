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
	_, refused, err := s.Sort(ctx, actor, code, SortRequest{Rows: []string{rowID}, As: SortGift, Note: note})
	if err == nil && len(refused) > 0 {
		return refused[0].Fault
	}
	return err
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
		if err := s.store.withdraw(ctx, tx, g, s.Clock.Now()); err != nil {
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
