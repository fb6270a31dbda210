package fund

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/memocode"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Transfer is money from the fund of one level or appeal to another. It stands under one id on both sides: what the one gives
// is what the other gets (Decree 93/2021/NĐ-CP, article 9(1)b and c).
type Transfer struct {
	ID            string
	Code          string // goes into the memo, so that both banks' rows are known
	From, To      Appeal
	Amount        money.VND
	FromEarmark   string // id; ""
	ToEarmark     string
	Document      string
	Day           clock.Date
	SeenOut       bool // the row of the sending bank has been found
	SeenIn        bool // the row of the receiving bank has been found
	Undone        bool
	ByName        string
	CreatedAt     time.Time
	outEnt, inEnt string
	fromID, toID  string
}

// Promises refuses what decisions have promised already; the room that keeps the decisions gives it.
type Promises interface {
	// MayLeave refuses an amount that is not free: of the money that nobody bound, or of an earmark. It comes first in the
	// transaction and holds further decisions off until its end.
	MayLeave(ctx context.Context, tx db.Tx, appealID, earmarkID string, amount money.VND) error
}

// KeepPromises tells the books who knows what is promised; the roof does so once, before the house serves.
func (s *Service) KeepPromises(p Promises) { s.vows = p }

func (s *Service) mayLeave(ctx context.Context, tx db.Tx, appealID, earmarkID string, amount money.VND) error {
	if s.vows == nil {
		return nil
	}
	return s.vows.MayLeave(ctx, tx, appealID, earmarkID, amount)
}

// NewTransfer is what a transfer is made from. Money that was given for one earmark goes to one earmark.
type NewTransfer struct {
	From, To               string // codes of the appeals
	Amount                 money.VND
	FromEarmark, ToEarmark string
	Document               string // decision by which it is made
}

// Transfer sends money from one fund to another: both sides are entered at once, payable here and awaited there, until the
// rows of the banks are sorted as its two ends.
func (s *Service) Transfer(ctx context.Context, actor identity.Actor, in NewTransfer) (Transfer, error) {
	from, err := s.store.appealByCode(ctx, s.DB.Read(), in.From)
	if err != nil {
		return Transfer{}, err
	}
	if err := s.may(actor, ActionTransfer, from); err != nil {
		return Transfer{}, err
	}
	to, err := s.store.appealByCode(ctx, s.DB.Read(), in.To)
	if err != nil {
		return Transfer{}, fault.Field("to", "fund.transfer.to").Because(err)
	}
	in.Document = strings.TrimSpace(in.Document)
	var fs fault.Fields
	fs.Check(from.ID != to.ID, "to", "fund.transfer.to")
	fs.Check(in.Amount > 0, "amount", "fund.amount")
	fs.Check(in.Document != "" && utf8.RuneCountInString(in.Document) <= maxText, "document", "fund.transfer.document")
	fs.Check(in.FromEarmark == "" || in.ToEarmark != "", "to_earmark", "fund.transfer.earmark")
	if err := fs.OrNil(); err != nil {
		return Transfer{}, err
	}
	t := Transfer{ID: id.New(), Code: memocode.New(), From: from, To: to, Amount: in.Amount, FromEarmark: in.FromEarmark, ToEarmark: in.ToEarmark,
		Document: in.Document, Day: s.today(), ByName: actor.Name, CreatedAt: s.Clock.Now(), fromID: from.ID, toID: to.ID}
	return t, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.transfer(ctx, tx, actor, &t) })
}

func (s *Service) transfer(ctx context.Context, tx db.Tx, actor identity.Actor, t *Transfer) error {
	if err := s.mayLeave(ctx, tx, t.fromID, t.FromEarmark, t.Amount); err != nil {
		return err
	}
	for _, appealID := range inOrder(t.fromID, t.toID) {
		if _, err := s.openDay(ctx, tx, appealID, t.Day); err != nil {
			return err
		}
	}
	if err := s.mayTake(ctx, tx, t.From, t.FromEarmark, "", t.Amount); err != nil {
		return err
	}
	if t.ToEarmark != "" {
		if _, err := s.store.earmark(ctx, tx, t.toID, t.ToEarmark); err != nil {
			return err
		}
	}
	var err error
	if t.outEnt, err = s.oneSide(ctx, tx, t, t.fromID, RolePayable, t.FromEarmark); err != nil {
		return err
	}
	if t.inEnt, err = s.oneSide(ctx, tx, t, t.toID, RoleAwaited, t.ToEarmark); err != nil {
		return err
	}
	if err := s.store.insertTransfer(ctx, tx, *t); err != nil {
		return err
	}
	if err := s.store.insertReference(ctx, tx, reference{Code: t.Code, AppealID: t.toID, TransferID: t.ID, CreatedAt: t.CreatedAt}); err != nil {
		return err
	}
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: t.From.UnitID, Action: ActionTransfer, ResourceType: "Appeal", ResourceID: t.fromID,
		Details: map[string]string{"transfer": t.ID, "to": t.To.Code, "amount": strconv.FormatInt(int64(t.Amount), 10), "document": t.Document}})
}

// oneSide enters the giving side (payable) or the getting side (awaited) of a transfer.
func (s *Service) oneSide(ctx context.Context, tx db.Tx, t *Transfer, appealID string, way Role, earmarkID string) (string, error) {
	between, err := s.store.account(ctx, tx, appealID, RoleTransfer, "", earmarkID)
	if err != nil {
		return "", err
	}
	open, err := s.store.account(ctx, tx, appealID, way, "", "")
	if err != nil {
		return "", err
	}
	l := Line{DebitID: between, CreditID: open, Amount: t.Amount}
	if way == RoleAwaited {
		l.DebitID, l.CreditID = open, between
	}
	e := entry{ID: id.New(), AppealID: appealID, Day: t.Day, Kind: KindTransfer, Note: clipText(t.ID + " " + t.Document), CreatedAt: t.CreatedAt}
	return e.ID, s.store.enter(ctx, tx, e, []Line{l})
}

// UndoTransfer takes a transfer back that neither bank has carried out: both sides are reversed.
func (s *Service) UndoTransfer(ctx context.Context, actor identity.Actor, transferID, note string) error {
	t, err := s.store.transfer(ctx, s.DB.Read(), transferID)
	if err != nil {
		return err
	}
	from, err := s.AppealByID(ctx, s.DB.Read(), t.fromID)
	if err != nil {
		return err
	}
	if err := s.may(actor, ActionTransfer, from); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.mayLeave(ctx, tx, t.toID, t.ToEarmark, t.Amount); err != nil {
			return err
		}
		for _, appealID := range inOrder(t.fromID, t.toID) {
			if _, err := s.openDay(ctx, tx, appealID, s.today()); err != nil {
				return err
			}
		}
		t, err := s.store.transfer(ctx, tx, transferID)
		if err != nil {
			return err
		}
		if t.Undone || t.SeenOut || t.SeenIn {
			return fault.New(fault.Conflict, "fund.transfer.seen")
		}
		to, err := s.AppealByID(ctx, tx, t.toID)
		if err != nil {
			return err
		}
		if err := s.mayTake(ctx, tx, to, t.ToEarmark, "", t.Amount); err != nil {
			return err
		}
		for _, entryID := range []string{t.outEnt, t.inEnt} {
			if _, err := s.reverse(ctx, tx, entryID, note, KindTransfer); err != nil {
				return err
			}
		}
		if err := s.store.undoTransfer(ctx, tx, t.ID); err != nil {
			return err
		}
		return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: from.UnitID, Action: ActionTransfer, ResourceType: "Appeal", ResourceID: from.ID,
			Details: map[string]string{"undone": t.ID}})
	})
}

// Transfers lists the transfers from and to an appeal, newest first, at most 500.
func (s *Service) Transfers(ctx context.Context, actor identity.Actor, code string) ([]Transfer, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return nil, err
	}
	list, err := s.store.transfers(ctx, s.DB.Read(), a.ID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ids := map[string]bool{}
	for _, t := range list {
		ids[t.fromID], ids[t.toID] = true, true
	}
	appeals, err := s.store.appeals(ctx, s.DB.Read(), sortedKeys(ids))
	if err != nil {
		return nil, err
	}
	byID := map[string]Appeal{}
	for _, x := range appeals {
		byID[x.ID] = x
	}
	for i, t := range list {
		list[i].From, list[i].To = byID[t.fromID], byID[t.toID]
	}
	return list, nil
}

// inOrder gives ids in the order in which they are locked, so that two who lock the same never wait for each other.
func inOrder(ids ...string) []string {
	slices.SortFunc(ids, cmp.Compare[string])
	return ids
}

func numberText(n int) string { return strconv.Itoa(n) }
