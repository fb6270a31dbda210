package fund

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// CashGift is a gift in cash for which a receipt was written.
type CashGift struct {
	AppealID  string
	Day       clock.Date // of the receipt
	Amount    money.VND
	Document  string // number of the receipt
	Memo      string // what the giver said; "" is nothing
	Reference string // code under which the giver finds it again; ""
	EarmarkID string // "" is the appeal as a whole
}

// PostCash enters a gift in cash in the caller's transaction and gives the id of the gift. The caller has checked who may
// write receipts. A day outside the appeal, a closed day and an earmark of another appeal are refused.
func (s *Service) PostCash(ctx context.Context, tx db.Tx, in CashGift) (giftID string, err error) {
	a, err := s.openDay(ctx, tx, in.AppealID, in.Day)
	if err != nil {
		return "", err
	}
	switch {
	case !a.Taking(in.Day):
		return "", fault.New(fault.Conflict, "fund.cash.not_taking").With("Opens", a.Opens.Vietnamese()).With("Closes", a.Closes.Vietnamese())
	case in.Amount <= 0:
		return "", fault.Field("amount", "fund.amount")
	}
	to, err := s.giftAccount(ctx, tx, a.ID, in.EarmarkID)
	if err != nil {
		return "", err
	}
	cash, err := s.store.account(ctx, tx, a.ID, RoleCash, "", "")
	if err != nil {
		return "", err
	}
	e := entry{ID: id.New(), AppealID: a.ID, Day: in.Day, Kind: KindCash, Note: clipText(in.Document), CreatedAt: s.Clock.Now()}
	if err := s.store.enter(ctx, tx, e, []Line{{DebitID: cash, CreditID: to, Amount: in.Amount}}); err != nil {
		return "", err
	}
	g := &giftRow{ID: e.ID, AppealID: a.ID, Day: in.Day, Amount: in.Amount, Reference: in.Reference, State: giftTaken, EarmarkID: in.EarmarkID,
		Document: in.Document, Memo: in.Memo}
	if err := s.store.addGift(ctx, tx, g); err != nil {
		return "", err
	}
	return e.ID, s.announce(ctx, tx, a.ID, "", giftChanged{e.ID, GiftTaken})
}

// VoidCash takes a gift in cash back, as when its receipt is cancelled: an entry reverses it. Cash that has already been
// brought to the bank cannot be taken back so.
func (s *Service) VoidCash(ctx context.Context, tx db.Tx, giftID, note string) error {
	g, err := s.store.anyGift(ctx, tx, giftID)
	if err != nil {
		return err
	}
	if g.RowID != "" || g.State != giftTaken {
		return fault.New(fault.Conflict, "fund.gift.gone")
	}
	if g.EarmarkID != "" { // first it becomes a gift for the whole again: the entry that is reversed is the first one
		if err := s.moveEarmark(ctx, tx, g, "", note); err != nil {
			return err
		}
	}
	if _, err := s.reverse(ctx, tx, giftID, note, KindCash); err != nil {
		return err
	}
	if err := s.store.setGift(ctx, tx, giftID, giftWithdrawn, s.Clock.Now()); err != nil {
		return err
	}
	return s.announce(ctx, tx, g.AppealID, "", giftChanged{giftID, GiftWithdrawn})
}

// Spending is money that goes out to where it is meant for.
type Spending struct {
	AppealID  string
	Day       clock.Date
	Amount    money.VND
	Head      Head
	EarmarkID string // "" is from what was given for the appeal as a whole
	FromCash  bool   // paid from the cash in hand; otherwise by the bank, whose statement will show it later
	Document  string // decision or minutes by which it was paid
}

// PostSpending enters money given out in the caller's transaction and gives the id of the entry, which Reverse takes back.
// The caller has checked who decided and who paid. More than there is, a gift for one purpose spent on another, and running
// costs that donors did not agree to are refused.
func (s *Service) PostSpending(ctx context.Context, tx db.Tx, in Spending) (entryID string, err error) {
	a, err := s.openDay(ctx, tx, in.AppealID, in.Day)
	if err != nil {
		return "", err
	}
	switch {
	case in.Amount <= 0:
		return "", fault.Field("amount", "fund.amount")
	case !in.Head.Valid():
		return "", fault.Field("head", "fund.spend.head")
	case in.Head == HeadRunning && a.RunningBasis == "":
		return "", fault.Field("head", "fund.spend.running")
	case in.Head == HeadRunning && in.EarmarkID != "":
		return "", fault.Field("head", "fund.spend.running_earmark")
	}
	if err := s.mayTake(ctx, tx, a, in.EarmarkID, in.Head, in.Amount); err != nil {
		return "", err
	}
	from := RolePayable
	if in.FromCash {
		from = RoleCash
		if have, err := s.store.net(ctx, tx, a.ID, RoleCash); err != nil {
			return "", err
		} else if have < in.Amount {
			return "", fault.Field("amount", "fund.spend.cash").With("Left", have.String())
		}
	}
	spend, err := s.store.account(ctx, tx, a.ID, RoleSpend, in.Head, in.EarmarkID)
	if err != nil {
		return "", err
	}
	paid, err := s.store.account(ctx, tx, a.ID, from, "", "")
	if err != nil {
		return "", err
	}
	e := entry{ID: id.New(), AppealID: a.ID, Day: in.Day, Kind: KindSpending, Note: clipText(in.Document), CreatedAt: s.Clock.Now()}
	return e.ID, s.store.enter(ctx, tx, e, []Line{{DebitID: spend, CreditID: paid, Amount: in.Amount}})
}

// Reverse takes a spending back by an entry of today that reverses it, and gives the id of that entry. It can be done once.
func (s *Service) Reverse(ctx context.Context, tx db.Tx, entryID, note string) (reversalID string, err error) {
	return s.reverse(ctx, tx, entryID, note, KindSpending)
}

func (s *Service) reverse(ctx context.Context, tx db.Tx, entryID, note string, only ...Kind) (string, error) {
	e, lines, err := s.store.entry(ctx, tx, entryID)
	if err != nil {
		return "", err
	}
	if !slices.Contains(only, e.Kind) {
		return "", fault.New(fault.Conflict, "fund.entry.kind")
	}
	if note = strings.TrimSpace(note); note == "" || utf8.RuneCountInString(note) > maxText {
		return "", fault.Field("note", "fund.note")
	}
	a, err := s.openDay(ctx, tx, e.AppealID, s.today())
	if err != nil {
		return "", err
	}
	if err := s.coversReversal(ctx, tx, a, lines); err != nil {
		return "", err
	}
	back := entry{ID: id.New(), AppealID: e.AppealID, Day: s.today(), Kind: KindReversal, Note: note, Reverses: e.ID, CreatedAt: s.Clock.Now()}
	for i, l := range lines {
		lines[i].DebitID, lines[i].CreditID = l.CreditID, l.DebitID
	}
	err = s.store.enter(ctx, tx, back, lines)
	if db.IsUnique(err) {
		return "", fault.New(fault.Conflict, "fund.entry.reversed").Because(err)
	}
	return back.ID, err
}

// coversReversal refuses to take back cash or gifts that have been spent meanwhile.
func (s *Service) coversReversal(ctx context.Context, tx db.Tx, a Appeal, lines []Line) error {
	for _, l := range lines {
		from, err := s.store.accountByID(ctx, tx, l.DebitID)
		if err != nil {
			return err
		}
		to, err := s.store.accountByID(ctx, tx, l.CreditID)
		if err != nil {
			return err
		}
		if Role(from.Role) == RoleCash {
			if have, err := s.store.net(ctx, tx, a.ID, RoleCash); err != nil {
				return err
			} else if have < l.Amount {
				return fault.New(fault.Conflict, "fund.spend.cash").With("Left", have.String())
			}
		}
		if Role(to.Role) == RoleGifts || Role(to.Role) == RoleEarmark {
			if err := s.mayTake(ctx, tx, a, to.EarmarkID, "", l.Amount); err != nil {
				return err
			}
		}
	}
	return nil
}

// openDay locks the appeal, so that what stands on it does not change until the end of the transaction, and refuses a closed
// day and a day to come.
func (s *Service) openDay(ctx context.Context, tx db.Tx, appealID string, day clock.Date) (Appeal, error) {
	if err := s.store.lockAppeal(ctx, tx, appealID); err != nil {
		return Appeal{}, err
	}
	a, _, err := s.store.books(ctx, tx, appealID)
	switch {
	case err != nil:
		return Appeal{}, err
	case !day.Valid() || day > s.today():
		return Appeal{}, fault.Field("day", "fund.day")
	case day <= a.ClosedUntil:
		return Appeal{}, fault.Field("day", "fund.period.day_closed").With("Until", a.ClosedUntil.Vietnamese())
	}
	return a, nil
}

// giftAccount is the account on which gifts for an earmark, or for the whole, stand.
func (s *Service) giftAccount(ctx context.Context, q bun.IDB, appealID, earmarkID string) (string, error) {
	if earmarkID == "" {
		return s.store.account(ctx, q, appealID, RoleGifts, "", "")
	}
	if _, err := s.store.earmark(ctx, q, appealID, earmarkID); err != nil {
		return "", err
	}
	return s.store.account(ctx, q, appealID, RoleEarmark, "", earmarkID)
}

// Purse is what was given for one earmark, or for the appeal as a whole, and what of it was spent or passed on.
type Purse struct {
	Earmark Earmark // zero: the appeal as a whole
	Given   money.VND
	Spent   money.VND
	Passed  money.VND // to other funds, less what came from them
	ByHead  map[Head]money.VND
}

// Left is what may still be spent. It is never below zero.
func (p Purse) Left() money.VND { return p.Given - p.Spent - p.Passed }

// Purses lists what is there to be spent: the whole first, then each earmark by its code. For other rooms, which check who
// may see it.
func (s *Service) Purses(ctx context.Context, q bun.IDB, appealID string) ([]Purse, error) {
	marks, err := s.store.earmarks(ctx, q, appealID)
	if err != nil {
		return nil, err
	}
	list, err := s.store.balances(ctx, q, appealID)
	if err != nil {
		return nil, err
	}
	out := []Purse{{ByHead: map[Head]money.VND{}}}
	at := map[string]int{"": 0}
	for _, m := range marks {
		at[m.ID] = len(out)
		out = append(out, Purse{Earmark: m, ByHead: map[Head]money.VND{}})
	}
	for _, b := range list {
		p := &out[at[b.EarmarkID]]
		switch b.Role {
		case RoleGifts, RoleEarmark, RoleInterest:
			p.Given -= b.Net()
		case RoleTransfer:
			p.Passed += b.Net()
		case RoleSpend:
			p.Spent += b.Net()
			p.ByHead[b.Head] += b.Net()
		}
	}
	return out, nil
}

// mayTake refuses what is not there, and a head to which the earmark may not go.
func (s *Service) mayTake(ctx context.Context, q bun.IDB, a Appeal, earmarkID string, head Head, amount money.VND) error {
	purses, err := s.Purses(ctx, q, a.ID)
	if err != nil {
		return err
	}
	for _, p := range purses {
		switch {
		case p.Earmark.ID != earmarkID:
			continue
		case head != "" && !p.Earmark.Allows(head):
			return fault.Field("head", "fund.earmark.head").With("Earmark", p.Earmark.Name)
		case p.Left() < amount && earmarkID == "":
			return fault.Field("amount", "fund.spend.too_much").With("Left", max(0, p.Left()).String())
		case p.Left() < amount:
			return fault.Field("amount", "fund.earmark.too_much").With("Left", max(0, p.Left()).String()).With("Earmark", p.Earmark.Name)
		}
		return nil
	}
	return fault.Field("earmark", "fund.earmark.none")
}

// clipText keeps the words of an entry within what its column is meant for.
func clipText(s string) string {
	r := []rune(strings.TrimSpace(s))
	return string(r[:min(len(r), maxText)])
}
