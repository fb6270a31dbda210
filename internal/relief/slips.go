package relief

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// PostSlip books goods in, out, or on their way to another warehouse, and gives the slip its number. Goods that go out are
// taken in the order in which they spoil. Nothing is booked when one line cannot be.
func (s *Service) PostSlip(ctx context.Context, a identity.Actor, f SlipForm) (Slip, error) {
	if _, err := s.roots(a, ActionStore); err != nil {
		return Slip{}, err
	}
	if err := f.check(s.Today()); err != nil {
		return Slip{}, err
	}
	var out Slip
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		out, err = s.postIn(ctx, tx, a, f, ActionStore)
		return err
	})
	return out, err
}

// postIn is PostSlip inside a transaction of its own rooms' making, under another right.
func (s *Service) postIn(ctx context.Context, tx db.Tx, a identity.Actor, f SlipForm, action string) (Slip, error) {
	held, err := s.store.lockWarehouses(ctx, tx, f.WarehouseID)
	if err != nil {
		return Slip{}, err
	}
	w := held[f.WarehouseID]
	if err := s.Authz.Check(a, action, identity.InUnit(w.UnitID)); err != nil {
		return Slip{}, err
	}
	if f.Source != "" {
		old, err := s.store.slipBySource(ctx, tx, f.Source)
		if err == nil && old.WarehouseID != f.WarehouseID {
			return Slip{}, conflict("relief.offline_other")
		}
		if err == nil || !fault.Is(err, fault.NotFound) {
			return old, err
		}
	}
	if f.Kind == SlipTransfer {
		if _, err := s.store.warehouse(ctx, tx, f.ToID); err != nil {
			return Slip{}, fault.Field("to", "relief.slip.no_to").Because(err)
		}
	}
	if err := s.mayMeet(ctx, tx, a, f.NeedID); err != nil {
		return Slip{}, err
	}
	slip, err := s.newSlip(ctx, tx, a, w, Slip{Kind: f.Kind, OnDate: f.OnDate, Party: f.Party, Reason: f.Reason, ToID: f.ToID, State: SlipDone, NeedID: f.NeedID,
		Programme: f.Programme, Witness: f.Witness, Source: f.Source})
	if err != nil {
		return slip, err
	}
	if f.Kind == SlipTransfer {
		slip.State = SlipUnderWay
	}
	moves, err := s.movesOf(ctx, tx, f, slip)
	if err != nil {
		return slip, err
	}
	if err := s.book(ctx, tx, &slip, moves); err != nil {
		return slip, err
	}
	if err := s.meetNeed(ctx, tx, slip, moves, 1); err != nil {
		return slip, err
	}
	return slip, s.trace(ctx, tx, a, w.UnitID, "relief.slip_"+string(f.Kind), "Slip", slip.ID, "number", slip.FullNumber())
}

// mayMeet refuses a need that the actor may not even see; "" is none.
func (s *Service) mayMeet(ctx context.Context, tx db.Tx, a identity.Actor, needID string) error {
	if needID == "" {
		return nil
	}
	n, err := s.store.need(ctx, tx, needID)
	if err != nil {
		return fault.Field("need", "relief.need.not_found").Because(err)
	}
	return s.Authz.Check(a, ActionSee, identity.InUnit(n.UnitID))
}

// newSlip gives a slip its number and the people behind it; it is written by book.
func (s *Service) newSlip(ctx context.Context, tx db.Tx, a identity.Actor, w Warehouse, slip Slip) (Slip, error) {
	slip.ID, slip.WarehouseID, slip.UnitID, slip.WarehouseCode = id.New(), w.ID, w.UnitID, w.Code
	slip.CreatedAt, slip.CreatedBy, slip.CreatedName = s.Clock.Now(), a.ID, a.Name
	slip.Year = slip.OnDate.Time().In(clock.Vietnam).Year()
	slip.Folded = slip.folded()
	n, err := s.store.nextNumber(ctx, tx, w.ID, slip.Kind, slip.Year)
	slip.Number = n
	return slip, err
}

// book writes a slip with its movements; its value is theirs.
func (s *Service) book(ctx context.Context, tx db.Tx, slip *Slip, moves []Movement) error {
	if slip.Kind != SlipReverse && slip.Kind != SlipCount { // those two say their value themselves
		slip.Value = 0
		for _, m := range moves {
			slip.Value += m.Value
		}
	}
	if err := s.store.insert(ctx, tx, slip); err != nil {
		return err
	}
	for _, m := range moves {
		m.SlipID, m.At = slip.ID, s.Clock.Now()
		if err := s.store.move(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

// movesOf turns the lines of a form into movements.
func (s *Service) movesOf(ctx context.Context, tx db.Tx, f SlipForm, slip Slip) ([]Movement, error) {
	here := WarehousePlace(f.WarehouseID)
	lines := slices.Clone(f.Lines)
	slices.SortStableFunc(lines, func(a, b Line) int { return strings.Compare(a.ItemID, b.ItemID) })
	var out []Movement
	var bad fault.Fields
	taken := map[string]int64{} // an item on two lines is taken once from each lot
	for _, l := range lines {
		n := slices.Index(f.Lines, l) + 1
		item, err := s.store.item(ctx, tx, l.ItemID)
		if fault.Is(err, fault.NotFound) {
			bad.Add(fault.Field("item_"+itoa(n), "relief.line.no_item"))
			continue
		}
		if err != nil {
			return nil, err
		}
		if f.Kind == SlipIn {
			m, err := s.comesIn(ctx, tx, item, l, here)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
			continue
		}
		to := outsideGiven
		switch {
		case f.Kind == SlipTransfer:
			to = placeWay + slip.ID
		case f.Spoiled:
			to = outsideLost
		}
		lots, err := s.store.pick(ctx, tx, here, item.ID, taken[item.ID]+l.Qty, s.Today(), f.Spoiled)
		var short *fault.Error
		if errors.As(err, &short) && short.Kind == fault.Conflict {
			short.Kind, short.Field = fault.Invalid, "qty_"+itoa(n)
			bad.Add(short)
			continue
		}
		if err != nil {
			return nil, err
		}
		skip := taken[item.ID]
		taken[item.ID] += l.Qty
		for _, x := range lots {
			pass := min(skip, x.Qty)
			skip -= pass
			if x.Qty -= pass; x.Qty > 0 {
				out = append(out, Movement{ItemID: item.ID, LotID: x.LotID, FromPlace: here, ToPlace: to, Qty: x.Qty, Value: x.Value()})
			}
		}
	}
	return out, bad.OrNil()
}

// comesIn is the movement of goods that come in, into the lot of their kind.
func (s *Service) comesIn(ctx context.Context, tx db.Tx, item Item, l Line, here string) (Movement, error) {
	value := l.UnitValue
	if value < 0 {
		value = item.UnitValue
	}
	lot, err := s.store.lot(ctx, tx, Lot{ItemID: item.ID, Expires: l.Expires, UnitValue: value})
	return Movement{ItemID: item.ID, LotID: lot.ID, FromPlace: outsideGiver, ToPlace: here, Qty: l.Qty, Value: money.VND(l.Qty) * value}, err
}

// meetNeed counts what a slip brings to the need it names; sign -1 takes it back.
func (s *Service) meetNeed(ctx context.Context, tx db.Tx, slip Slip, moves []Movement, sign int64) error {
	if slip.NeedID == "" {
		return nil
	}
	n, err := s.store.need(ctx, tx, slip.NeedID)
	if err != nil {
		return err
	}
	var qty int64
	for _, m := range moves {
		if m.ItemID == n.ItemID {
			qty += m.Qty
		}
	}
	return s.bump(ctx, tx, n.ID, 0, sign*qty)
}

// ReceiveForm says what of a transfer arrived: quantity by lot; what is missing is written off with the note.
type ReceiveForm struct {
	Arrived map[string]int64 // lot → quantity; a lot that is not named arrived in full
	Note    string
}

// ReceiveTransfer books a transfer into the warehouse it was sent to.
func (s *Service) ReceiveTransfer(ctx context.Context, a identity.Actor, slipID string, f ReceiveForm) error {
	if _, err := s.roots(a, ActionStore); err != nil {
		return err
	}
	f.Note = tidy(f.Note)
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		slip, err := s.store.slip(ctx, tx, slipID)
		if err != nil {
			return err
		}
		if slip.Kind != SlipTransfer {
			return notFound("relief.slip.not_found")
		}
		held, err := s.store.lockWarehouses(ctx, tx, slip.ToID)
		if err != nil {
			return err
		}
		to := held[slip.ToID]
		if err := s.Authz.Check(a, ActionStore, identity.InUnit(to.UnitID)); err != nil {
			return err
		}
		if slip.State != SlipUnderWay {
			return conflict("relief.slip.arrived_before")
		}
		way, err := s.store.lying(ctx, tx, placeWay+slip.ID, "")
		if err != nil {
			return err
		}
		for _, x := range way {
			got, named := f.Arrived[x.LotID]
			if !named {
				got = x.Qty
			}
			if got < 0 || got > x.Qty {
				return fault.Field("lot_"+x.LotID, "relief.slip.more_than_sent").With("Qty", x.Qty)
			}
			if got < x.Qty && f.Note == "" {
				return fault.Field("note", "relief.slip.why_short")
			}
			for _, part := range []struct {
				to  string
				qty int64
			}{{WarehousePlace(to.ID), got}, {outsideLost, x.Qty - got}} {
				if part.qty == 0 {
					continue
				}
				m := Movement{SlipID: slip.ID, ItemID: x.ItemID, LotID: x.LotID, FromPlace: x.Place, ToPlace: part.to, Qty: part.qty,
					Value: money.VND(part.qty) * x.Lot.UnitValue, Note: f.Note, At: s.Clock.Now()}
				if err := s.store.move(ctx, tx, m); err != nil {
					return err
				}
			}
		}
		slip.State = SlipDone
		if err := s.store.update(ctx, tx, &slip, "state"); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, to.UnitID, "relief.slip_received", "Slip", slip.ID, "number", slip.FullNumber())
	})
}

// ReverseSlip takes a slip back by another one that moves everything where it came from. It is refused when the goods have
// moved on: then a new slip says what is so.
func (s *Service) ReverseSlip(ctx context.Context, a identity.Actor, slipID, reason string) (Slip, error) {
	if _, err := s.roots(a, ActionStore); err != nil {
		return Slip{}, err
	}
	reason = tidy(reason)
	if reason == "" || vntext.Length(reason) > maxNote {
		return Slip{}, fault.Field("reason", "relief.slip.no_reason")
	}
	var out Slip
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		slip, err := s.store.slip(ctx, tx, slipID)
		if err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionStore, identity.InUnit(slip.UnitID)); err != nil {
			return err
		}
		if slip.Kind == SlipReverse {
			return conflict("relief.slip.no_reverse_of_reverse")
		}
		if slip.State == SlipReversed {
			return conflict("relief.slip.reversed_before")
		}
		both := []string{slip.WarehouseID}
		if slip.ToID != "" {
			both = append(both, slip.ToID)
		}
		held, err := s.store.lockWarehouses(ctx, tx, both...)
		if err != nil {
			return err
		}
		moves, err := s.store.movements(ctx, tx, slip.ID)
		if err != nil {
			return err
		}
		back := make([]Movement, 0, len(moves))
		for _, m := range slices.Backward(moves) {
			back = append(back, Movement{ItemID: m.ItemID, LotID: m.LotID, FromPlace: m.ToPlace, ToPlace: m.FromPlace, Qty: m.Qty, Value: m.Value})
		}
		out, err = s.newSlip(ctx, tx, a, held[slip.WarehouseID], Slip{Kind: SlipReverse, OnDate: s.Today(), Party: slip.Party, Reason: reason, State: SlipDone, Reverses: slip.ID, Value: slip.Value})
		if err != nil {
			return err
		}
		if err := s.book(ctx, tx, &out, back); err != nil {
			return err
		}
		slip.State = SlipReversed
		if err := s.store.update(ctx, tx, &slip, "state"); err != nil {
			return err
		}
		if err := s.meetNeed(ctx, tx, slip, moves, -1); err != nil {
			return err
		}
		if err := s.takeBack(ctx, tx, slip); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, slip.UnitID, "relief.slip_reversed", "Slip", slip.ID, "number", slip.FullNumber(), "by", out.FullNumber())
	})
	return out, err
}

// SlipQuery narrows the list of slips.
type SlipQuery struct {
	WarehouseID string
	Kind        SlipKind
	Text        string // party, reason or programme, without marks
	Page, Per   int
}

// Slips lists the papers of a warehouse, the latest first, and the transfers that are on their way to it.
func (s *Service) Slips(ctx context.Context, a identity.Actor, q SlipQuery) ([]Slip, int, error) {
	if _, err := s.Warehouse(ctx, a, q.WarehouseID); err != nil {
		return nil, 0, err
	}
	return s.store.slips(ctx, s.DB.Read(), q)
}

// SlipLine is a movement of a slip with the names of what moved.
type SlipLine struct {
	Movement
	Item Item
	Lot  Lot
}

// OpenSlip gives a slip with its lines, to those who may see the warehouse it left or the one it goes to.
func (s *Service) OpenSlip(ctx context.Context, a identity.Actor, slipID string) (Slip, []SlipLine, error) {
	slip, err := s.store.slip(ctx, s.DB.Read(), slipID)
	if err != nil {
		return slip, nil, s.hide(a, ActionSee, err)
	}
	if err := s.Authz.Check(a, ActionSee, identity.InUnit(slip.UnitID)); err != nil {
		to, err2 := s.store.warehouse(ctx, s.DB.Read(), slip.ToID)
		if err2 != nil || !s.Authz.Can(a, ActionSee, identity.InUnit(to.UnitID)) {
			return Slip{}, nil, err
		}
	}
	moves, err := s.store.movements(ctx, s.DB.Read(), slip.ID)
	if err != nil {
		return slip, nil, err
	}
	lines, err := s.store.lines(ctx, s.DB.Read(), moves)
	return slip, lines, err
}

// Ends gives the warehouse of a slip and, for a transfer, the one it goes to. Who holds a slip may know both names.
func (s *Service) Ends(ctx context.Context, slip Slip) (from, to Warehouse, err error) {
	if from, err = s.store.warehouse(ctx, s.DB.Read(), slip.WarehouseID); err != nil || slip.ToID == "" {
		return from, to, err
	}
	to, err = s.store.warehouse(ctx, s.DB.Read(), slip.ToID)
	return from, to, err
}

// Lost tells whether the line wrote goods off.
func (l SlipLine) Lost() bool { return l.ToPlace == outsideLost }

// Found tells whether the line wrote goods on that were counted over.
func (l SlipLine) Found() bool { return l.FromPlace == outsideFound }
