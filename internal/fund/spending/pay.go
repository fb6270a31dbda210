package spending

import (
	"context"
	"io"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// HelpSource is this room's name in the register of help to households.
const HelpSource = "fund"

// NewPayment names who shall receive money of a share: a household of the register, or a work.
type NewPayment struct {
	HouseholdID string
	Work        string
	Amount      money.VND
}

// Plan names who shall receive the money of a share. Several at once are taken all or not at all.
func (s *Service) Plan(ctx context.Context, actor identity.Actor, shareID string, in []NewPayment) ([]Payment, error) {
	sh, a, err := s.shareOf(ctx, shareID)
	if err != nil {
		return nil, err
	}
	if err := s.mayOn(actor, ActionPlan, a, a.at(sh.UnitID)); err != nil {
		return nil, err
	}
	names, err := s.checkPlan(ctx, actor, sh, in)
	if err != nil {
		return nil, err
	}
	var out []Payment
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now, err := s.store.lockAllocation(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if now.State != Approved {
			return fault.New(fault.Conflict, "spending.allocation.not_approved")
		}
		if sh, err = s.store.share(ctx, tx, shareID); err != nil {
			return err
		}
		total := money.VND(0)
		var rows []paymentRow
		for _, x := range in {
			total += x.Amount
			rows = append(rows, paymentRow{ID: id.New(), ShareID: sh.ID, UnitID: sh.UnitID, HouseholdID: x.HouseholdID, Work: strings.TrimSpace(x.Work), Amount: x.Amount, State: PayPlanned,
				PlannedBy: actor.ID, PlannedName: actor.Name, PlannedAt: s.Clock.Now()})
		}
		if total > sh.Left() {
			return fault.Field("amount", "spending.share.left").With("Left", sh.Left().String())
		}
		if err := s.store.insertPayments(ctx, tx, rows); err != nil {
			return err
		}
		out = nil
		for i, r := range rows {
			out = append(out, r.payment())
			out[i].Name = names[i]
		}
		return s.happened(ctx, tx, actor, now, "planned", total, "", ActionPlan)
	})
	return out, err
}

// checkPlan checks each line by itself and gives the names of who receives.
func (s *Service) checkPlan(ctx context.Context, actor identity.Actor, sh Share, in []NewPayment) ([]string, error) {
	var fs fault.Fields
	fs.Check(len(in) > 0, "household", "spending.payment.nobody")
	fs.Check(len(in) <= maxShares, "household", "spending.allocation.many_shares")
	names := make([]string, len(in))
	for i, x := range in {
		fs.Check(x.Amount > 0 && x.Amount <= MaxAmount, "amount", "spending.payment.amount")
		switch {
		case x.HouseholdID != "":
			h, err := s.Households.Get(ctx, actor, x.HouseholdID)
			if err != nil {
				if fault.KindOf(err) == fault.Internal {
					return nil, err
				}
				fs.Add(fault.Field("household", "spending.payment.household"))
				continue
			}
			if !s.Forest().Under(h.UnitID, sh.UnitID, s.today()) && h.UnitID != sh.UnitID {
				fs.Add(fault.Field("household", "spending.payment.elsewhere"))
			}
			names[i] = householdName(h)
		default:
			fs.Check(within(x.Work, 1, maxText), "work", "spending.payment.work")
			names[i] = strings.TrimSpace(x.Work)
		}
	}
	return names, fs.OrNil()
}

func householdName(h household.Household) string {
	return strings.TrimSpace(h.Initials + " · " + h.Code)
}

// Unplan takes somebody off the list before the money was paid, with a reason.
func (s *Service) Unplan(ctx context.Context, actor identity.Actor, paymentID, reason string) error {
	p, sh, a, err := s.paymentOf(ctx, paymentID)
	if err != nil {
		return err
	}
	if err := s.mayOn(actor, ActionPlan, a, a.at(sh.UnitID)); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); !within(reason, 1, maxText) {
		return fault.Field("reason", "spending.reason")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.store.lockAllocation(ctx, tx, a.ID); err != nil {
			return err
		}
		p.State, p.Reason = PayDropped, reason
		if err := s.store.setPayment(ctx, tx, p, PayPlanned); err != nil {
			return err
		}
		return s.happened(ctx, tx, actor, a, "unplanned", p.Amount, reason, ActionPlan)
	})
}

// Payout is what the treasurer writes down when money is handed over.
type Payout struct {
	Day          clock.Date
	Way          Way
	MinutesNo    string // number of the minutes of the handing over
	Witness      string // name and office of who stood by
	Note         string
	House        string    // id of the household's house that the money pays for; "": it is a help by itself
	Photo        io.Reader // nil: none
	PhotoConsent string    // who agreed to the photo; needed with one
}

// Pay pays a planned payment out: the books, the register of help and the history change in one transaction. Who decided on
// the money may not pay it.
func (s *Service) Pay(ctx context.Context, actor identity.Actor, paymentID string, in Payout) (Payment, error) {
	p, sh, a, err := s.paymentOf(ctx, paymentID)
	if err != nil {
		return p, err
	}
	if err := s.mayOn(actor, ActionPay, a, a.at(sh.UnitID)); err != nil {
		return p, err
	}
	appeal, err := s.Books.AppealByID(ctx, s.DB.Read(), a.AppealID)
	if err != nil {
		return p, err
	}
	if err := in.check(a.DocDay, s.today()); err != nil {
		return p, err
	}
	if p.State != PayPlanned {
		return p, fault.New(fault.Conflict, "spending.payment.changed")
	}
	if err := s.checkHouse(ctx, p, in.House); err != nil {
		return p, err
	}
	if in.Photo != nil {
		pic, err := s.Pictures.Save(ctx, in.Photo)
		if err != nil {
			return p, err
		}
		p.Photo = pic.ID
	}
	p.PaidBy, p.PaidName, p.PaidDay, p.PaidAt, p.Way = actor.ID, actor.Name, in.Day, s.Clock.Now(), in.Way
	p.MinutesNo, p.Witness, p.Note, p.PhotoConsent = strings.TrimSpace(in.MinutesNo), strings.TrimSpace(in.Witness), strings.TrimSpace(in.Note), strings.TrimSpace(in.PhotoConsent)
	p.State = PayPaid
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now, err := s.store.lockAllocation(ctx, tx, a.ID)
		if err != nil {
			return err
		}
		if now.State != Approved {
			return fault.New(fault.Conflict, "spending.allocation.not_approved")
		}
		if p.EntryID, err = s.Books.PostSpending(ctx, tx, fund.Spending{AppealID: a.AppealID, Day: p.PaidDay, Amount: p.Amount, Head: sh.Head, EarmarkID: sh.EarmarkID,
			FromCash: p.Way == WayCash, Document: a.DocNo + " · " + p.MinutesNo}); err != nil {
			return err
		}
		if err := s.store.setPayment(ctx, tx, p, PayPlanned); err != nil {
			return err
		}
		if p.HouseholdID != "" {
			if err := s.Households.RecordHelp(ctx, tx, household.Help{HouseholdID: p.HouseholdID, Source: HelpSource, SourceID: p.ID, Kind: household.Cash, Value: p.Amount,
				What: sh.Purpose, Programme: appeal.Name, On: p.PaidDay, UnitID: sh.UnitID}); err != nil {
				return err
			}
		}
		if in.House != "" {
			if err := s.Houses.BindHouse(ctx, tx, actor, in.House, p.ID); err != nil {
				return err
			}
		}
		return s.happened(ctx, tx, actor, now, "paid", p.Amount, "", ActionPay)
	})
	return p, err
}

// houseOf gives the house that a payment could be for; a zero House when there is none.
func (s *Service) houseOf(ctx context.Context, p Payment) (House, error) {
	if s.Houses == nil || p.HouseholdID == "" {
		return House{}, nil
	}
	return s.Houses.HouseOf(ctx, p.HouseholdID)
}

// checkHouse refuses a house that is not the household's, and money that the house does not need any more.
func (s *Service) checkHouse(ctx context.Context, p Payment, houseID string) error {
	if houseID == "" {
		return nil
	}
	h, err := s.houseOf(ctx, p)
	if err != nil {
		return err
	}
	if h.ID != houseID {
		return fault.Field("house", "spending.pay.house_other")
	}
	if p.Amount > h.Left {
		return fault.Field("house", "spending.pay.house_left").With("Left", h.Left.String())
	}
	return nil
}

func (in Payout) check(decided, today clock.Date) error {
	var fs fault.Fields
	fs.Check(in.Day.Valid() && in.Day >= decided && in.Day <= today, "day", "spending.pay.day")
	fs.Check(in.Way == WayCash || in.Way == WayBank, "way", "spending.pay.way")
	fs.Check(within(in.MinutesNo, 1, maxDocNo), "minutes_no", "spending.pay.minutes_no")
	fs.Check(within(in.Witness, 1, maxText), "witness", "spending.pay.witness")
	fs.Check(within(in.Note, 0, maxText), "note", "spending.pay.note")
	fs.Check(in.Photo == nil || within(in.PhotoConsent, 1, maxText), "photo_consent", "spending.pay.photo_consent")
	return fs.OrNil()
}

// TakeBack reverses a payment: the money came back, or the payment was a mistake. The entry stays in the books beside the one
// that reverses it, and the household's ledger of help counts it no more.
func (s *Service) TakeBack(ctx context.Context, actor identity.Actor, paymentID, reason string) error {
	p, sh, a, err := s.paymentOf(ctx, paymentID)
	if err != nil {
		return err
	}
	if err := s.mayOn(actor, ActionTakeBack, a, a.at(sh.UnitID)); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); !within(reason, 1, maxText) {
		return fault.Field("reason", "spending.reason")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.store.lockAllocation(ctx, tx, a.ID); err != nil {
			return err
		}
		if p, err = s.store.payment(ctx, tx, paymentID); err != nil {
			return err
		}
		if p.State != PayPaid {
			return fault.New(fault.Conflict, "spending.payment.changed")
		}
		if p.BackEntryID, err = s.Books.Reverse(ctx, tx, p.EntryID, reason); err != nil {
			return err
		}
		p.State, p.Reason, p.BackBy, p.BackName, p.BackAt = PayTakenBack, reason, actor.ID, actor.Name, s.Clock.Now()
		if err := s.store.setPayment(ctx, tx, p, PayPaid); err != nil {
			return err
		}
		if p.HouseholdID != "" {
			if err := s.Households.TakeBackHelp(ctx, tx, HelpSource, p.ID); err != nil {
				return err
			}
		}
		return s.happened(ctx, tx, actor, a, "taken_back", p.Amount, reason, ActionTakeBack)
	})
}

// paymentOf gives a payment with its share and its decision.
func (s *Service) paymentOf(ctx context.Context, paymentID string) (Payment, Share, Allocation, error) {
	p, err := s.store.payment(ctx, s.DB.Read(), paymentID)
	if err != nil {
		return p, Share{}, Allocation{}, err
	}
	sh, a, err := s.shareOf(ctx, p.ShareID)
	return p, sh, a, err
}
