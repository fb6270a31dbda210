package spending

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// List gives the decisions that the actor may read: of units in their care, and those that give something to such a unit.
// Shares for units that are not theirs are left out of decisions of a unit that is not theirs.
func (s *Service) List(ctx context.Context, actor identity.Actor, f Filter) ([]Allocation, int, error) {
	roots, err := s.roots(actor, ActionRead)
	if err != nil {
		return nil, 0, err
	}
	list, n, err := s.store.list(ctx, s.DB.Read(), roots, s.today(), f, vntext.Fold(f.Text))
	if err != nil {
		return nil, 0, err
	}
	return list, n, s.fill(ctx, actor, list)
}

// fill puts shares, unit names and the code of the appeal into decisions.
func (s *Service) fill(ctx context.Context, actor identity.Actor, list []Allocation) error {
	ids := make([]string, len(list))
	for i, a := range list {
		ids[i] = a.ID
	}
	shares, err := s.store.shares(ctx, s.DB.Read(), ids...)
	if err != nil {
		return err
	}
	by := map[string][]Share{}
	for _, x := range shares {
		x.UnitName = s.UnitName(x.UnitID)
		by[x.AllocationID] = append(by[x.AllocationID], x)
	}
	codes := map[string]string{}
	for i := range list {
		a := &list[i]
		if _, known := codes[a.AppealID]; !known {
			appeal, err := s.Books.AppealByID(ctx, s.DB.Read(), a.AppealID)
			if err != nil {
				return err
			}
			codes[a.AppealID] = appeal.Code
		}
		a.AppealCode = codes[a.AppealID]
		whole := s.Authz.Can(actor, ActionRead, a.resource())
		for _, x := range by[a.ID] {
			if whole || s.Authz.Can(actor, ActionRead, a.at(x.UnitID)) {
				a.Shares = append(a.Shares, x)
			}
		}
	}
	return nil
}

// Dossier is one decision with everything about it that the actor may read.
type Dossier struct {
	Allocation
	Appeal    fund.Appeal
	Events    []Event
	Earmarks  map[string]fund.Earmark
	MayDecide bool
	MayDrop   bool
	Own       bool // the actor drew it up
}

// Open gives one decision.
func (s *Service) Open(ctx context.Context, actor identity.Actor, allocationID string) (Dossier, error) {
	a, err := s.store.allocation(ctx, s.DB.Read(), allocationID)
	if err != nil {
		return Dossier{}, err
	}
	list := []Allocation{a}
	if err := s.fill(ctx, actor, list); err != nil {
		return Dossier{}, err
	}
	d := Dossier{Allocation: list[0], Earmarks: map[string]fund.Earmark{}}
	whole := s.Authz.Can(actor, ActionRead, a.resource())
	if !whole && len(d.Shares) == 0 {
		if !actor.SignedIn() {
			return Dossier{}, s.Authz.Check(actor, ActionRead, a.resource())
		}
		return Dossier{}, errNoAllocation()
	}
	if d.Appeal, err = s.Books.AppealByID(ctx, s.DB.Read(), a.AppealID); err != nil {
		return Dossier{}, err
	}
	purses, err := s.Books.Purses(ctx, s.DB.Read(), a.AppealID)
	if err != nil {
		return Dossier{}, err
	}
	for _, p := range purses {
		d.Earmarks[p.Earmark.ID] = p.Earmark
	}
	if whole {
		if d.Events, err = s.store.events(ctx, s.DB.Read(), a.ID); err != nil {
			return Dossier{}, err
		}
	}
	d.MayDecide = s.Authz.Can(actor, ActionDecide, a.resource())
	d.Own = a.ProposedBy == actor.ID
	d.MayDrop = a.State == Proposed && s.Authz.Can(actor, ActionPropose, identity.InUnit(a.UnitID))
	return d, nil
}

// ShareView is one share with who receives, for who may read it.
type ShareView struct {
	Share
	Decision Allocation
	Appeal   fund.Appeal
	Payments []Payment
	MayPlan  bool
	MayPay   bool
	MayBack  bool
}

// OpenShare gives one share with its payments. Names of households are masked as the register masks them; who may not read
// the register sees the payment alone.
func (s *Service) OpenShare(ctx context.Context, actor identity.Actor, shareID string) (ShareView, error) {
	sh, a, err := s.shareOf(ctx, shareID)
	if err != nil {
		return ShareView{}, err
	}
	if err := s.mayOn(actor, ActionRead, a, a.at(sh.UnitID)); err != nil {
		if fault.Is(err, fault.Forbidden) {
			return ShareView{}, errNoAllocation()
		}
		return ShareView{}, err
	}
	v := ShareView{Share: sh, Decision: a}
	v.UnitName = s.UnitName(sh.UnitID)
	if v.Appeal, err = s.Books.AppealByID(ctx, s.DB.Read(), a.AppealID); err != nil {
		return v, err
	}
	v.Decision.AppealCode = v.Appeal.Code
	if v.Payments, err = s.store.payments(ctx, s.DB.Read(), shareID); err != nil {
		return v, err
	}
	for i := range v.Payments {
		s.name(ctx, actor, &v.Payments[i])
	}
	v.MayPlan = a.State == Approved && s.Authz.Can(actor, ActionPlan, a.at(sh.UnitID))
	v.MayPay = a.State == Approved && s.Authz.Can(actor, ActionPay, a.at(sh.UnitID))
	v.MayBack = s.Authz.Can(actor, ActionTakeBack, a.at(sh.UnitID))
	return v, nil
}

// name fills in who receives a payment, as the actor may know it.
func (s *Service) name(ctx context.Context, actor identity.Actor, p *Payment) {
	if p.HouseholdID == "" {
		return
	}
	if h, err := s.Households.Get(ctx, actor, p.HouseholdID); err == nil {
		p.Name = householdName(h)
	}
}

// PaymentView is one payment with what stands around it.
type PaymentView struct {
	Payment
	Share    Share
	Decision Allocation
	Appeal   fund.Appeal
	MayPay   bool
	MayBack  bool
	MayPlan  bool
	House    House // that the payment could be for
}

// OpenPayment gives one payment.
func (s *Service) OpenPayment(ctx context.Context, actor identity.Actor, paymentID string) (PaymentView, error) {
	p, sh, a, err := s.paymentOf(ctx, paymentID)
	if err != nil {
		return PaymentView{}, err
	}
	if err := s.Authz.Check(actor, ActionRead, a.at(sh.UnitID)); err != nil {
		if fault.Is(err, fault.Forbidden) {
			return PaymentView{}, fault.New(fault.NotFound, "spending.payment.none")
		}
		return PaymentView{}, err
	}
	s.name(ctx, actor, &p)
	sh.UnitName = s.UnitName(sh.UnitID)
	v := PaymentView{Payment: p, Share: sh, Decision: a}
	if v.Appeal, err = s.Books.AppealByID(ctx, s.DB.Read(), a.AppealID); err != nil {
		return v, err
	}
	v.MayPay = p.State == PayPlanned && s.Authz.Can(actor, ActionPay, a.at(sh.UnitID))
	if v.MayPay {
		if v.House, err = s.houseOf(ctx, p); err != nil {
			return v, err
		}
	}
	v.MayPlan = p.State == PayPlanned && s.Authz.Can(actor, ActionPlan, a.at(sh.UnitID))
	v.MayBack = p.State == PayPaid && s.Authz.Can(actor, ActionTakeBack, a.at(sh.UnitID))
	return v, nil
}

// Photo gives the photo of a payment as JPEG to somebody who may read the payment; NotFound when there is none.
func (s *Service) Photo(ctx context.Context, actor identity.Actor, paymentID string) ([]byte, error) {
	v, err := s.OpenPayment(ctx, actor, paymentID)
	if err != nil {
		return nil, err
	}
	if v.Photo == "" {
		return nil, fault.New(fault.NotFound, "picture.not_found")
	}
	return s.Pictures.JPEG(ctx, v.Photo)
}

// UsedPictures implements picture.Owner.
func (s *Service) UsedPictures(ctx context.Context, ids []string) ([]string, error) {
	return s.store.usedPhotos(ctx, s.DB.Read(), ids)
}

// Waiting counts what waits for the actor: decisions that they may take, and payments that they may make.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) (decisions, payments int, err error) {
	if roots := s.Authz.Scope(actor, ActionDecide); len(roots) > 0 {
		if decisions, err = s.store.waitingDecisions(ctx, s.DB.Read(), roots, s.today()); err != nil {
			return 0, 0, err
		}
	}
	if roots := s.Authz.Scope(actor, ActionPay); len(roots) > 0 {
		payments, err = s.store.waitingPayments(ctx, s.DB.Read(), roots, s.today())
	}
	return decisions, payments, err
}
