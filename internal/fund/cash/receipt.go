package cash

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

func (r Receipt) resource() identity.Resource {
	return identity.Resource{Type: "Receipt", ID: r.ID, UnitID: r.UnitID, Attrs: map[string]string{"author": r.TakenBy}}
}

// Take writes a receipt and enters the gift in the books. The same form sent again gives the first receipt.
func (s *Service) Take(ctx context.Context, actor identity.Actor, in NewReceipt) (Receipt, error) {
	if err := s.Authz.Check(actor, ActionTake, identity.InUnit(in.UnitID)); err != nil {
		return Receipt{}, err
	}
	if in.OfflineID != "" {
		if old, err := s.store.byOffline(ctx, s.DB.Read(), in.OfflineID, actor.ID); err == nil || !fault.Is(err, fault.NotFound) {
			return old, err
		}
	}
	in = in.clean()
	if err := in.check(s.today(), Purposes()); err != nil {
		return Receipt{}, err
	}
	appeal, err := s.Books.AppealByCode(ctx, s.DB.Read(), in.Appeal)
	if err != nil {
		return Receipt{}, err
	}
	if in.UnitID != appeal.UnitID && !s.Forest().Under(in.UnitID, appeal.UnitID, s.today()) {
		return Receipt{}, fault.Field("unit", "cash.receipt.unit")
	}
	r := Receipt{ID: id.New(), UnitID: in.UnitID, UnitName: s.UnitName(in.UnitID), AppealID: appeal.ID, AppealCode: appeal.Code, Year: in.Day.Time().Year(), State: Valid, Day: in.Day,
		DonorKind: in.DonorKind, DonorName: in.DonorName, Address: in.Address, TaxCode: in.TaxCode, Representative: in.Representative, DisplayName: in.DisplayName, Consent: in.Consent,
		Purpose: in.Purpose, EarmarkID: in.EarmarkID, Amount: in.Amount, Note: in.Note, TakenBy: actor.ID, TakenName: actor.Name, TakenAt: s.Clock.Now(), OfflineID: in.OfflineID}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.write(ctx, tx, actor, &r) })
	if in.OfflineID != "" && db.IsUnique(err) { // sent twice at the same moment
		return s.store.byOffline(ctx, s.DB.Read(), in.OfflineID, actor.ID)
	}
	return r, err
}

func (s *Service) write(ctx context.Context, tx db.Tx, actor identity.Actor, r *Receipt) (err error) {
	if err = s.Books.Lock(ctx, tx, r.AppealID); err != nil {
		return err
	}
	if r.Reference, err = s.Books.NewReferenceFor(ctx, tx, r.AppealID, r.EarmarkID); err != nil {
		return err
	}
	if r.No, err = s.store.nextNo(ctx, tx, r.UnitID, r.Year); err != nil {
		return err
	}
	if r.GiftID, err = s.Books.PostCash(ctx, tx, fund.CashGift{AppealID: r.AppealID, Day: r.Day, Amount: r.Amount, Document: r.Number(), Memo: r.DisplayName, Reference: r.Reference, EarmarkID: r.EarmarkID}); err != nil {
		return err
	}
	if err := s.store.insert(ctx, tx, *r); err != nil {
		return err
	}
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: r.UnitID, Action: ActionTake, ResourceType: "Receipt", ResourceID: r.ID,
		Details: map[string]string{"number": r.Number(), "amount": r.Amount.String()}})
}

// Cancel makes a receipt void, with a reason; it keeps its number. Money that has been brought to the bank stays.
func (s *Service) Cancel(ctx context.Context, actor identity.Actor, receiptID, reason string) error {
	r, err := s.store.byID(ctx, s.DB.Read(), receiptID)
	if err != nil {
		return err
	}
	if err := s.mayOn(actor, ActionVoid, r); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); !within(reason, 1, maxText) {
		return fault.Field("reason", "cash.reason")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.store.lock(ctx, tx, receiptID)
		if err != nil {
			return err
		}
		switch {
		case r.State == Void:
			return fault.New(fault.Conflict, "cash.receipt.void_already")
		case r.HandoverID != "":
			return fault.New(fault.Conflict, "cash.receipt.handed")
		}
		if err := s.Books.VoidCash(ctx, tx, r.GiftID, reason); err != nil {
			return err
		}
		r.State, r.Reason, r.VoidBy, r.VoidName, r.VoidAt = Void, reason, actor.ID, actor.Name, s.Clock.Now()
		if err := s.store.setVoid(ctx, tx, r); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: r.UnitID, Action: ActionVoid, ResourceType: "Receipt", ResourceID: r.ID, Details: map[string]string{"number": r.Number()}})
	})
}

func (s *Service) mayOn(actor identity.Actor, action string, r Receipt) error {
	err := s.Authz.Check(actor, action, r.resource())
	if fault.Is(err, fault.Forbidden) && !s.Authz.Can(actor, ActionRead, r.resource()) {
		return errNone()
	}
	return err
}

func errNone() *fault.Error { return fault.New(fault.NotFound, "cash.receipt.none") }

// Open gives one receipt to who may read those of its unit.
func (s *Service) Open(ctx context.Context, actor identity.Actor, receiptID string) (Receipt, error) {
	r, err := s.store.byID(ctx, s.DB.Read(), receiptID)
	if err != nil {
		return r, err
	}
	if err := s.mayOn(actor, ActionRead, r); err != nil {
		return Receipt{}, err
	}
	return r, s.fill(ctx, []*Receipt{&r})
}

// Filter narrows the list of receipts.
type Filter struct {
	Text    string // number, donor, note; without diacritics too
	State   State
	UnitID  string // of one book; "" is all that may be read
	Waiting bool   // not brought to the bank yet
	Page    int    // from 1
	Per     int    // 0 gives all
}

// List gives the receipts that the actor may read, newest first, with the sum of the valid ones of the whole list.
func (s *Service) List(ctx context.Context, actor identity.Actor, f Filter) (list []Receipt, total int, sum money.VND, err error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, 0, 0, err
	}
	list, total, sum, err = s.store.list(ctx, s.DB.Read(), roots, s.today(), f, vntext.Fold(f.Text))
	if err != nil {
		return nil, 0, 0, err
	}
	ps := make([]*Receipt, len(list))
	for i := range list {
		ps[i] = &list[i]
	}
	return list, total, sum, s.fill(ctx, ps)
}

func (s *Service) fill(ctx context.Context, list []*Receipt) error {
	codes := map[string]string{}
	for _, r := range list {
		r.UnitName = s.UnitName(r.UnitID)
		if codes[r.AppealID] == "" {
			a, err := s.Books.AppealByID(ctx, s.DB.Read(), r.AppealID)
			if err != nil {
				return err
			}
			codes[r.AppealID] = a.Code
		}
		r.AppealCode = codes[r.AppealID]
	}
	return nil
}

// DisplayNames gives the names under which givers agreed to be shown, by the id of the gift: from receipts, and from QR codes
// made for a named donor.
func (s *Service) DisplayNames(ctx context.Context, q bun.IDB, gifts []fund.GiftFact) (map[string]string, error) {
	return s.store.displayNames(ctx, q, gifts)
}

// GivenBy adds up what a giver gave in a period, in the units given and those below: by valid receipts, and through the bank
// with a QR code made for them. Marks and case of the name do not matter. For other rooms, which check who may see it.
func (s *Service) GivenBy(ctx context.Context, q bun.IDB, name string, roots []string, from, until clock.Date) (money.VND, error) {
	sum, err := s.store.givenBy(ctx, q, name, roots, s.today(), from, until)
	if err != nil {
		return 0, err
	}
	codes, err := s.store.namedCodes(ctx, q, roots, s.today())
	if err != nil {
		return 0, err
	}
	for _, c := range codes {
		if vntext.Fold(c.DisplayName) != vntext.Fold(name) {
			continue
		}
		appeal, err := s.Books.AppealByID(ctx, q, c.AppealID)
		if err != nil {
			return 0, err
		}
		gifts, err := s.Books.FindGifts(ctx, identity.System("cash"), appeal.Code, fund.GiftQuery{Reference: c.Code})
		if err != nil {
			return 0, err
		}
		for _, g := range gifts {
			if g.State == fund.GiftStands && g.Day >= from && g.Day <= until {
				sum += g.Amount
			}
		}
	}
	return sum, nil
}

// Handover is cash that was brought to the bank.
type Handover struct {
	ID         string
	UnitID     string
	UnitName   string
	AppealID   string
	AppealCode string
	Day        clock.Date
	Amount     money.VND
	Receipts   int
	AccountID  string
	Paired     bool
	ByName     string
}

// Bring writes down that the cash of receipts was brought to the appeal's bank account: all valid ones of a unit and appeal
// that were not brought yet, up to and including a day.
func (s *Service) Bring(ctx context.Context, actor identity.Actor, unitID, appealCode, accountID string, until clock.Date) (Handover, error) {
	if err := s.Authz.Check(actor, ActionHand, identity.InUnit(unitID)); err != nil {
		return Handover{}, err
	}
	appeal, err := s.Books.AppealByCode(ctx, s.DB.Read(), appealCode)
	if err != nil {
		return Handover{}, err
	}
	known := false
	for _, b := range appeal.Accounts {
		known = known || b.ID == accountID
	}
	var fs fault.Fields
	fs.Check(known, "account", "cash.hand.account")
	fs.Check(until.Valid() && until <= s.today(), "until", "cash.hand.until")
	if err := fs.OrNil(); err != nil {
		return Handover{}, err
	}
	h := Handover{ID: id.New(), UnitID: unitID, UnitName: s.UnitName(unitID), AppealID: appeal.ID, AppealCode: appeal.Code, Day: s.today(), AccountID: accountID, ByName: actor.Name}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if h.Receipts, h.Amount, err = s.store.claim(ctx, tx, h, until); err != nil {
			return err
		}
		if h.Receipts == 0 {
			return fault.New(fault.Conflict, "cash.hand.nothing")
		}
		if err := s.store.insertHandover(ctx, tx, h, actor, s.Clock.Now()); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: unitID, Action: ActionHand, ResourceType: "Handover", ResourceID: h.ID, Details: map[string]string{"amount": h.Amount.String()}})
	})
	return h, err
}

// Handovers lists what was brought to the bank, newest first: a page of per rows, counted from 1, and how many there are
// altogether; per 0 gives all.
func (s *Service) Handovers(ctx context.Context, actor identity.Actor, page, per int) ([]Handover, int, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, 0, err
	}
	list, n, err := s.store.handovers(ctx, s.DB.Read(), roots, s.today(), page, per)
	for i := range list {
		list[i].UnitName = s.UnitName(list[i].UnitID)
		if a, err := s.Books.AppealByID(ctx, s.DB.Read(), list[i].AppealID); err == nil {
			list[i].AppealCode = a.Code
		}
	}
	return list, n, err
}

// Candidates lists the rows of the bank that a handover may be: money of that amount that waits in the queue, or that was taken
// for a gift, from the day on which it was brought.
func (s *Service) Candidates(ctx context.Context, actor identity.Actor, handoverID string) (Handover, []fund.Waiting, error) {
	h, appeal, err := s.toPair(ctx, actor, handoverID)
	if err != nil || h.Paired {
		return h, nil, err
	}
	waiting, _, err := s.Books.QueuePage(ctx, actor, appeal.Code, fund.QueueQuery{Page: 1, PerPage: 500})
	if err != nil {
		return h, nil, err
	}
	var out []fund.Waiting
	for _, w := range waiting {
		if w.Credit == h.Amount && w.Day >= h.Day.AddDays(-1) {
			out = append(out, w)
		}
	}
	gifts, err := s.Books.FindGifts(ctx, actor, appeal.Code, fund.GiftQuery{Amount: h.Amount})
	for _, g := range gifts {
		if g.Channel != "cash" && g.State == fund.GiftStands && g.Day >= h.Day.AddDays(-1) {
			out = append(out, fund.Waiting{ID: g.ID, Day: g.Day, DocNo: g.Document, Memo: g.Memo, Credit: g.Amount, Decision: fund.SortGift})
		}
	}
	return h, out, err
}

func (s *Service) toPair(ctx context.Context, actor identity.Actor, handoverID string) (Handover, fund.Appeal, error) {
	h, err := s.store.handover(ctx, s.DB.Read(), handoverID)
	if err != nil {
		return h, fund.Appeal{}, err
	}
	if err := s.Authz.Check(actor, ActionPair, identity.InUnit(h.UnitID)); err != nil {
		if fault.Is(err, fault.Forbidden) {
			return Handover{}, fund.Appeal{}, fault.New(fault.NotFound, "cash.hand.none")
		}
		return Handover{}, fund.Appeal{}, err
	}
	appeal, err := s.Books.AppealByID(ctx, s.DB.Read(), h.AppealID)
	h.UnitName, h.AppealCode = s.UnitName(h.UnitID), appeal.Code
	return h, appeal, err
}

// Pair says which row of the bank the cash is. A row that was taken for a gift is taken back first: the money was counted when
// the receipt was written.
func (s *Service) Pair(ctx context.Context, actor identity.Actor, handoverID, rowID string) error {
	h, list, err := s.Candidates(ctx, actor, handoverID)
	if err != nil {
		return err
	}
	if h.Paired {
		return fault.New(fault.Conflict, "cash.hand.paired")
	}
	for _, w := range list {
		if w.ID != rowID {
			continue
		}
		note := "cash " + h.ID
		if w.Decision == fund.SortGift {
			if err := s.Books.WithdrawGift(ctx, actor, h.AppealCode, rowID, note); err != nil {
				return err
			}
		}
		_, refused, err := s.Books.Sort(ctx, actor, h.AppealCode, fund.SortRequest{Rows: []string{rowID}, As: fund.SortCash, Note: note})
		if err != nil {
			return err
		}
		if len(refused) > 0 {
			return refused[0].Fault
		}
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if err := s.store.pair(ctx, tx, handoverID, rowID, actor.Name); err != nil {
				return err
			}
			return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: h.UnitID, Action: ActionPair, ResourceType: "Handover", ResourceID: h.ID})
		})
	}
	return fault.Field("row", "cash.hand.row")
}
