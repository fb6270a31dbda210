package relief

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// CountLine is one lot as it was counted. Booked is what the list showed when counting began.
type CountLine struct {
	LotID   string
	Booked  int64
	Counted int64
	Why     string // needed when the two differ
}

// CountForm is a stock count.
type CountForm struct {
	WarehouseID string
	OnDate      clock.Date
	Party       string // who counted
	Lines       []CountLine
}

func (f *CountForm) check(today clock.Date) error {
	var bad fault.Fields
	f.Party = tidy(f.Party)
	bad.Check(f.OnDate == today, "on", "relief.count.today")
	bad.Check(f.Party != "" && vntext.Length(f.Party) <= maxName, "party", "relief.count.no_party")
	for i := range f.Lines {
		l := &f.Lines[i]
		l.Why = tidy(l.Why)
		bad.Check(l.Counted >= 0 && l.Counted <= maxQty, "counted_"+l.LotID, "relief.line.bad_qty")
		bad.Check(l.Counted == l.Booked || l.Why != "", "why_"+l.LotID, "relief.count.no_why")
		bad.Check(vntext.Length(l.Why) <= maxNote, "why_"+l.LotID, "relief.too_long")
	}
	return bad.OrNil()
}

// CountStock books a stock count: a slip with every difference, each explained. It is refused when goods moved since the list
// was shown: then what was counted says nothing about what is booked now.
func (s *Service) CountStock(ctx context.Context, a identity.Actor, f CountForm) (Slip, error) {
	if _, err := s.roots(a, ActionStore); err != nil {
		return Slip{}, err
	}
	if err := f.check(s.Today()); err != nil {
		return Slip{}, err
	}
	var out Slip
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		held, err := s.store.lockWarehouses(ctx, tx, f.WarehouseID)
		if err != nil {
			return err
		}
		w := held[f.WarehouseID]
		if err := s.Authz.Check(a, ActionStore, identity.InUnit(w.UnitID)); err != nil {
			return err
		}
		here := WarehousePlace(w.ID)
		lying, err := s.store.lying(ctx, tx, here, "")
		if err != nil {
			return err
		}
		counted := map[string]CountLine{}
		for _, l := range f.Lines {
			counted[l.LotID] = l
		}
		var moves []Movement
		var value money.VND
		for _, x := range lying {
			l, ok := counted[x.LotID]
			if !ok || l.Booked != x.Qty {
				return conflict("relief.count.moved")
			}
			delete(counted, x.LotID)
			diff := l.Counted - x.Qty
			m := Movement{ItemID: x.ItemID, LotID: x.LotID, Note: l.Why}
			switch {
			case diff < 0:
				m.FromPlace, m.ToPlace, m.Qty = here, outsideLost, -diff
			case diff > 0:
				m.FromPlace, m.ToPlace, m.Qty = outsideFound, here, diff
			default:
				continue
			}
			m.Value = money.VND(m.Qty) * x.Lot.UnitValue
			value += money.VND(diff) * x.Lot.UnitValue
			moves = append(moves, m)
		}
		if len(counted) > 0 {
			return conflict("relief.count.moved")
		}
		if out, err = s.newSlip(ctx, tx, a, w, Slip{Kind: SlipCount, OnDate: f.OnDate, Party: f.Party, State: SlipDone, Value: value}); err != nil {
			return err
		}
		if err := s.book(ctx, tx, &out, moves); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, w.UnitID, "relief.stock_counted", "Slip", out.ID, "number", out.FullNumber(), "differences", itoa(len(moves)))
	})
	return out, err
}
