package spending

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

// resource is a decision as policies see it.
func (a Allocation) resource() identity.Resource {
	attrs := map[string]string{"author": a.ProposedBy, "state": string(a.State)}
	if a.DecidedBy != "" {
		attrs["decided_by"] = a.DecidedBy
	}
	return identity.Resource{Type: "Allocation", ID: a.ID, UnitID: a.UnitID, Attrs: attrs}
}

// at is the decision as it concerns one receiving unit: payments are made there.
func (a Allocation) at(unitID string) identity.Resource {
	r := a.resource()
	r.UnitID = unitID
	return r
}

// Propose draws up a decision. It holds no money until somebody else has approved it, but it is refused at once when the
// appeal does not hold enough today.
func (s *Service) Propose(ctx context.Context, actor identity.Actor, in NewAllocation) (Allocation, error) {
	if _, err := s.roots(actor, ActionPropose); err != nil {
		return Allocation{}, err
	}
	appeal, err := s.Books.AppealByCode(ctx, s.DB.Read(), in.Appeal)
	if err != nil {
		return Allocation{}, err
	}
	if err := s.Authz.Check(actor, ActionPropose, identity.InUnit(appeal.UnitID)); err != nil {
		return Allocation{}, err
	}
	today, forest := s.today(), s.Forest()
	stands := func(unitID string) bool {
		return unitID == appeal.UnitID && forest.Has(unitID) || forest.Under(unitID, appeal.UnitID, today)
	}
	if err := in.check(today, stands); err != nil {
		return Allocation{}, err
	}
	now := s.Clock.Now()
	a := Allocation{ID: id.New(), AppealID: appeal.ID, AppealCode: appeal.Code, UnitID: appeal.UnitID, DocNo: strings.TrimSpace(in.DocNo), DocDay: in.DocDay,
		Meeting: strings.TrimSpace(in.Meeting), About: strings.TrimSpace(in.About), State: Proposed, ProposedBy: actor.ID, ProposedName: actor.Name, ProposedAt: now}
	var rows []shareRow
	for i, x := range in.Shares {
		a.Amount += x.Amount
		rows = append(rows, shareRow{ID: id.New(), AllocationID: a.ID, Seq: i + 1, Head: x.Head, UnitID: x.UnitID, Purpose: strings.TrimSpace(x.Purpose), EarmarkID: x.EarmarkID,
			Amount: x.Amount, Target: x.Target, TargetKind: x.TargetKind})
		a.Shares = append(a.Shares, rows[i].share())
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.room(ctx, tx, appeal, a); err != nil {
			return err
		}
		if err := s.store.insertAllocation(ctx, tx, allocationRow{ID: a.ID, AppealID: a.AppealID, UnitID: a.UnitID, DocNo: a.DocNo, DocDay: a.DocDay, Meeting: a.Meeting, About: a.About,
			Amount: a.Amount, State: a.State, ProposedBy: a.ProposedBy, ProposedName: a.ProposedName, ProposedAt: a.ProposedAt,
			Search: vntext.Fold(a.DocNo + " " + a.Meeting + " " + a.About + " " + appeal.Code)}, rows); err != nil {
			return err
		}
		return s.happened(ctx, tx, actor, a, "proposed", a.Amount, "", ActionPropose)
	})
	return a, err
}

// room refuses shares for which the appeal does not hold enough: of the money that nobody bound, and of each binding for
// itself. What earlier decisions promised and is not paid yet is not there any more.
func (s *Service) room(ctx context.Context, tx db.Tx, appeal fund.Appeal, a Allocation) error {
	if err := s.store.lockPool(ctx, tx, appeal.ID); err != nil {
		return err
	}
	free, err := s.free(ctx, tx, appeal.ID)
	if err != nil {
		return err
	}
	for i, x := range a.Shares {
		f, known := free[x.EarmarkID]
		switch {
		case !known:
			return fault.Field("shares", "spending.share.earmark").With("Row", i+1)
		case !f.Earmark.Allows(x.Head):
			return fault.Field("shares", "spending.share.earmark_head").With("Row", i+1).With("Earmark", f.Earmark.Name)
		case x.Head == fund.HeadRunning && (appeal.RunningBasis == "" || x.EarmarkID != ""):
			return fault.Field("shares", "spending.share.running").With("Row", i+1)
		}
	}
	want := map[string]money.VND{}
	for _, x := range a.Shares {
		want[x.EarmarkID] += x.Amount
	}
	for earmark, amount := range want {
		switch left := free[earmark].Left; {
		case amount <= left:
		case earmark == "":
			return fault.Field("shares", "spending.allocation.too_much").With("Left", left.String()).With("Wanted", amount.String())
		default:
			return fault.Field("shares", "spending.allocation.too_much_bound").With("Left", left.String()).With("Wanted", amount.String()).With("Earmark", free[earmark].Earmark.Name)
		}
	}
	return nil
}

// Free is what may still be allotted: of the money that nobody bound (a zero Earmark), or of one binding.
type Free struct {
	Earmark  fund.Earmark
	Given    money.VND
	Paid     money.VND
	Promised money.VND // allotted and not paid yet
	Left     money.VND // never below zero
}

func (s *Service) free(ctx context.Context, q bun.IDB, appealID string) (map[string]Free, error) {
	list, err := s.frees(ctx, q, appealID)
	out := map[string]Free{}
	for _, f := range list {
		out[f.Earmark.ID] = f
	}
	return out, err
}

func (s *Service) frees(ctx context.Context, q bun.IDB, appealID string) ([]Free, error) {
	purses, err := s.Books.Purses(ctx, q, appealID)
	if err != nil {
		return nil, err
	}
	promised, err := s.store.promised(ctx, q, appealID)
	if err != nil {
		return nil, err
	}
	out := make([]Free, len(purses))
	for i, p := range purses {
		out[i] = Free{Earmark: p.Earmark, Given: p.Given - p.Passed, Paid: p.Spent, Promised: promised[p.Earmark.ID], Left: max(0, p.Left()-promised[p.Earmark.ID])}
	}
	return out, nil
}

// MayLeave refuses a transfer to another fund of money that decisions have promised; it implements fund.Promises.
func (s *Service) MayLeave(ctx context.Context, tx db.Tx, appealID, earmarkID string, amount money.VND) error {
	if err := s.store.lockPool(ctx, tx, appealID); err != nil {
		return err
	}
	free, err := s.free(ctx, tx, appealID)
	if err != nil {
		return err
	}
	if f := free[earmarkID]; f.Promised > 0 && amount > f.Left {
		return fault.Field("amount", "spending.promised").With("Left", f.Left.String()).With("Promised", f.Promised.String())
	}
	return nil // whether the money is there at all, the books say
}

var _ fund.Promises = (*Service)(nil)

// FirstPaid is the day on which the first money of an appeal was handed out; "" while none was. For other rooms, which check
// who may see it.
func (s *Service) FirstPaid(ctx context.Context, q bun.IDB, appealID string) (day clock.Date, err error) {
	err = q.NewRaw(`SELECT coalesce(min(p.paid_day), '') FROM spending_payment p JOIN spending_share s ON s.id = p.share_id JOIN spending_allocation a ON a.id = s.allocation_id
		WHERE a.appeal_id = ? AND p.state = 'paid'`, appealID).Scan(ctx, &day)
	return day, err
}

// FreeMoney lists what an appeal may still allot, to who may draw up or take decisions on it.
func (s *Service) FreeMoney(ctx context.Context, actor identity.Actor, appealID string) ([]Free, error) {
	appeal, err := s.Books.AppealByID(ctx, s.DB.Read(), appealID)
	if err != nil {
		return nil, err
	}
	if err := s.Authz.Check(actor, ActionRead, identity.InUnit(appeal.UnitID)); err != nil {
		return nil, err
	}
	return s.frees(ctx, s.DB.Read(), appealID)
}

// Decide approves or refuses a decision that somebody else drew up. A refusal needs a reason.
func (s *Service) Decide(ctx context.Context, actor identity.Actor, allocationID string, approve bool, reason string) (Allocation, error) {
	a, err := s.store.allocation(ctx, s.DB.Read(), allocationID)
	if err != nil {
		return a, err
	}
	if err := s.mayOn(actor, ActionDecide, a, a.resource()); err != nil {
		return a, err
	}
	reason = strings.TrimSpace(reason)
	if !within(reason, 0, maxText) || !approve && reason == "" {
		return a, fault.Field("reason", "spending.reason")
	}
	appeal, err := s.Books.AppealByID(ctx, s.DB.Read(), a.AppealID)
	if err != nil {
		return a, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now, err := s.store.lockAllocation(ctx, tx, allocationID)
		if err != nil {
			return err
		}
		if now.State != Proposed {
			return fault.New(fault.Conflict, "spending.allocation.decided")
		}
		if now.Shares, err = s.store.shares(ctx, tx, now.ID); err != nil {
			return err
		}
		kind := "refused"
		now.State = Refused
		if approve {
			if err := s.room(ctx, tx, appeal, now); err != nil {
				return err
			}
			now.State, kind = Approved, "approved"
		}
		now.DecidedBy, now.DecidedName, now.DecidedAt, now.Reason = actor.ID, actor.Name, s.Clock.Now(), reason
		if err := s.store.decide(ctx, tx, now); err != nil {
			return err
		}
		a = now
		return s.happened(ctx, tx, actor, a, kind, a.Amount, reason, ActionDecide)
	})
	return a, err
}

// Drop withdraws a decision that is not decided yet; who drew it up does it, with a reason.
func (s *Service) Drop(ctx context.Context, actor identity.Actor, allocationID, reason string) error {
	a, err := s.store.allocation(ctx, s.DB.Read(), allocationID)
	if err != nil {
		return err
	}
	if err := s.mayOn(actor, ActionPropose, a, identity.InUnit(a.UnitID)); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); !within(reason, 1, maxText) {
		return fault.Field("reason", "spending.reason")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now, err := s.store.lockAllocation(ctx, tx, allocationID)
		if err != nil {
			return err
		}
		if now.State != Proposed {
			return fault.New(fault.Conflict, "spending.allocation.decided")
		}
		now.State, now.Reason = Dropped, reason
		if err := s.store.decide(ctx, tx, now); err != nil {
			return err
		}
		return s.happened(ctx, tx, actor, now, "dropped", now.Amount, reason, ActionPropose)
	})
}

// Withdraw takes what is left of a share back into the appeal: it was allotted and will not be needed.
func (s *Service) Withdraw(ctx context.Context, actor identity.Actor, shareID string, amount money.VND, reason string) error {
	sh, a, err := s.shareOf(ctx, shareID)
	if err != nil {
		return err
	}
	if err := s.mayOn(actor, ActionDecide, a, a.resource()); err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); !within(reason, 1, maxText) {
		return fault.Field("reason", "spending.reason")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
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
		if amount <= 0 || amount > sh.Left() {
			return fault.Field("amount", "spending.share.left").With("Left", sh.Left().String())
		}
		if err := s.store.withdraw(ctx, tx, shareID, amount); err != nil {
			return err
		}
		return s.happened(ctx, tx, actor, now, "withdrawn", amount, reason, ActionDecide)
	})
}

// mayOn checks a right on a decision; who may not even read it is told that there is none.
func (s *Service) mayOn(actor identity.Actor, action string, a Allocation, r identity.Resource) error {
	err := s.Authz.Check(actor, action, r)
	if fault.Is(err, fault.Forbidden) && !s.readable(actor, a) {
		return errNoAllocation()
	}
	return err
}

// readable tells whether the actor may read a decision: in the unit that took it, or in a unit that receives something.
func (s *Service) readable(actor identity.Actor, a Allocation) bool {
	if s.Authz.Can(actor, ActionRead, a.resource()) {
		return true
	}
	for _, x := range a.Shares {
		if s.Authz.Can(actor, ActionRead, a.at(x.UnitID)) {
			return true
		}
	}
	return false
}

// shareOf gives a share and its decision, with all its shares.
func (s *Service) shareOf(ctx context.Context, shareID string) (Share, Allocation, error) {
	sh, err := s.store.share(ctx, s.DB.Read(), shareID)
	if err != nil {
		return sh, Allocation{}, err
	}
	a, err := s.store.allocation(ctx, s.DB.Read(), sh.AllocationID)
	if err != nil {
		return sh, a, err
	}
	a.Shares, err = s.store.shares(ctx, s.DB.Read(), a.ID)
	return sh, a, err
}

// happened writes the history of the decision and the audit line.
func (s *Service) happened(ctx context.Context, tx db.Tx, actor identity.Actor, a Allocation, kind string, amount money.VND, reason, action string) error {
	if err := s.store.insertEvent(ctx, tx, Event{ID: id.New(), AllocationID: a.ID, Kind: kind, Amount: amount, Reason: reason, ByID: actor.ID, ByName: actor.Name, CreatedAt: s.Clock.Now()}); err != nil {
		return err
	}
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: action, ResourceType: "Allocation", ResourceID: a.ID,
		Details: map[string]string{"what": kind, "amount": amount.String()}})
}
