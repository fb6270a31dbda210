package cash

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Statement is the public statement, where the names of givers stand who agreed to it; the roof gives it.
type Statement interface {
	// ForgetLater has the name of a gift taken out, once the transaction is through. The reason is read by the public.
	ForgetLater(ctx context.Context, tx db.Tx, appealID, giftID, reason string) error
}

// TellStatement says where names are to be taken out; the roof does so once, before the house serves.
func (s *Service) TellStatement(p Statement) { s.public = p }

// MayForget tells whether the actor may take a giver's name out of the public: whoever may take cash in for the unit or cancel
// its receipts. The law asks that taking a consent back is as easy as giving it (Law 91/2025/QH15).
func (s *Service) MayForget(actor identity.Actor, unitID string) bool {
	return s.Authz.Can(actor, ActionTake, identity.InUnit(unitID)) || s.Authz.Can(actor, ActionVoid, identity.InUnit(unitID))
}

// ForgetName takes a giver's consent to be named back: the receipt loses its public name, and so does the line of the public
// statement. The name on the receipt itself stays, as it is a voucher of the books. The reason is read by the public, so that
// it must not name anybody.
func (s *Service) ForgetName(ctx context.Context, actor identity.Actor, receiptID, reason string) error {
	r, err := s.Open(ctx, actor, receiptID)
	if err != nil {
		return err
	}
	if !s.MayForget(actor, r.UnitID) {
		return s.Authz.Check(actor, ActionVoid, identity.InUnit(r.UnitID))
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := s.store.forgetReceipt(ctx, tx, receiptID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "cash.forget.nothing")
		}
		if err := s.forget(ctx, tx, r.AppealID, r.GiftID, reason); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: r.UnitID, Action: ActionTake, ResourceType: "Receipt", ResourceID: r.ID, Details: map[string]string{"consent": "taken back"}})
	})
}

// ForgetCode does the same for a QR code that was made for a named donor: every gift with the code loses the name.
func (s *Service) ForgetCode(ctx context.Context, actor identity.Actor, ref, reason string) error {
	c, err := s.CodeByRef(ctx, ref)
	if err != nil {
		return err
	}
	if c.Public || !s.Authz.Can(actor, ActionCode, identity.InUnit(c.UnitID)) {
		return fault.New(fault.NotFound, "cash.code.none")
	}
	gifts, err := s.Books.FindGifts(ctx, identity.System("cash"), c.AppealCode, fund.GiftQuery{Reference: c.Code})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := s.store.forgetCode(ctx, tx, c.Code)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "cash.forget.nothing")
		}
		for _, g := range gifts {
			if err := s.forget(ctx, tx, c.AppealID, g.ID, reason); err != nil {
				return err
			}
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: c.UnitID, Action: ActionCode, ResourceType: "Code", ResourceID: c.Code, Details: map[string]string{"consent": "taken back"}})
	})
}

func (s *Service) forget(ctx context.Context, tx db.Tx, appealID, giftID, reason string) error {
	if s.public == nil {
		return nil
	}
	return s.public.ForgetLater(ctx, tx, appealID, giftID, reason)
}
