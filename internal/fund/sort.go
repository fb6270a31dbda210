package fund

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Sorting is what a person said that a row of the queue is.
type Sorting string

// The ways out of the queue.
const (
	SortGift     Sorting = "gift"         // a gift of this appeal
	SortOther    Sorting = "other_appeal" // a gift of another appeal, whose money came to this account
	SortRefund   Sorting = "refund"       // money out that gives back a known gift
	SortReturned Sorting = "returned"     // money in that was not taken, with the money out by which it went back
	SortCleared  Sorting = "cleared"      // the bank's side of a spending or of a transfer between funds
	SortCash     Sorting = "cash"         // cash in hand that was brought to the bank, or taken out of it
	SortInterest Sorting = "interest"     // paid by the bank on the account
	SortFee      Sorting = "fee"          // taken by the bank: a running cost
)

// Sortings lists the ways out of the queue that are open to a row by the side on which its money stands.
func Sortings(in bool) []Sorting {
	if in {
		return []Sorting{SortGift, SortOther, SortReturned, SortCleared, SortCash, SortInterest}
	}
	return []Sorting{SortRefund, SortReturned, SortCleared, SortCash, SortFee}
}

// Waiting is a row of the bank in the queue, or one that has left it.
type Waiting struct {
	ID        string // of the row
	Row       int    // in its file
	File      string
	Day       clock.Date
	DocNo     string
	Memo      string // as the bank gave it; not for the public
	Reference string
	Credit    money.VND
	Debit     money.VND
	Reason    Reason
	Decision  Sorting // "" while it waits
	Note      string
	ByName    string
	Target    string // code of the appeal that the memo or a rule names
}

// Amount is what moved, whichever way.
func (w Waiting) Amount() money.VND { return w.Credit + w.Debit }

// QueueQuery narrows the queue.
type QueueQuery struct {
	Reason  Reason // "" is every reason
	Text    string // in the memo, the document number, or an amount; without diacritics too
	Sorted  bool   // those that have left the queue, instead of those that wait
	Page    int    // from 1
	PerPage int
}

// SortRequest says what rows of the queue are.
type SortRequest struct {
	Rows      []string // ids
	As        Sorting
	Note      string // why
	Appeal    string // SortOther: its code; "" is the one that the memo or a rule names
	GiftID    string // SortRefund: the gift that went back
	EarmarkID string // SortGift: what it was given for
}

// Refusal is a row that could not be sorted so, and why.
type Refusal struct {
	RowID string
	Fault *fault.Error
}

const maxSortAtOnce = 5000

// Queue lists what waits for a person, oldest first, at most 500.
func (s *Service) Queue(ctx context.Context, actor identity.Actor, code string) ([]Waiting, error) {
	list, _, err := s.QueuePage(ctx, actor, code, QueueQuery{Page: 1, PerPage: 500})
	return list, err
}

// QueuePage lists a page of the queue with how many rows there are altogether.
func (s *Service) QueuePage(ctx context.Context, actor identity.Actor, code string, q QueueQuery) ([]Waiting, int, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return nil, 0, err
	}
	q.Page, q.PerPage = max(1, q.Page), min(max(1, q.PerPage), maxSortAtOnce)
	return s.store.queue(ctx, s.DB.Read(), a.ID, q)
}

// QueueCounts tells how many rows of an appeal wait, by reason.
func (s *Service) QueueCounts(ctx context.Context, actor identity.Actor, code string) (map[Reason]int, error) {
	a, err := s.Appeal(ctx, actor, code)
	if err != nil {
		return nil, err
	}
	return s.store.queueCounts(ctx, s.DB.Read(), a.ID)
}

// Sort takes rows out of the queue: all that can be, and tells of the others why not.
func (s *Service) Sort(ctx context.Context, actor identity.Actor, code string, in SortRequest) (done int, refused []Refusal, err error) {
	if len(in.Rows) == 0 || len(in.Rows) > maxSortAtOnce {
		return 0, nil, fault.New(fault.Invalid, "fund.queue.choose").With("Most", maxSortAtOnce)
	}
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return 0, nil, err
	}
	if err := s.may(actor, ActionSort, a); err != nil {
		return 0, nil, err
	}
	if in.Note = strings.TrimSpace(in.Note); in.Note == "" || utf8.RuneCountInString(in.Note) > maxText {
		return 0, nil, fault.Field("note", "fund.note")
	}
	for part := range slices.Chunk(in.Rows, 200) { // nobody else waits long
		n := 0
		err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			var bad []Refusal
			if n, bad, err = s.sortSome(ctx, tx, actor, a, part, in); err == nil {
				refused = append(refused, bad...)
			}
			return err
		})
		if err != nil {
			return done, refused, err
		}
		done += n
	}
	return done, refused, nil
}

// sorter is one batch of rows on their way out of the queue.
type sorter struct {
	s       *Service
	tx      db.Tx
	actor   identity.Actor
	in      SortRequest
	appeal  Appeal
	books   map[Role]string
	changes map[string][]giftChanged // by appeal
	locked  map[string]Appeal
}

func (s *Service) sortSome(ctx context.Context, tx db.Tx, actor identity.Actor, a Appeal, rows []string, in SortRequest) (n int, bad []Refusal, err error) {
	x := &sorter{s: s, tx: tx, actor: actor, in: in, changes: map[string][]giftChanged{}, locked: map[string]Appeal{}}
	if x.appeal, err = s.openDay(ctx, tx, a.ID, s.today()); err != nil {
		return 0, nil, err
	}
	if _, x.books, err = s.store.books(ctx, tx, a.ID); err != nil {
		return 0, nil, err
	}
	for _, rowID := range rows {
		var f *fault.Error
		switch err := x.sort(ctx, rowID); {
		case errors.As(err, &f) && f.Kind != fault.Internal:
			bad = append(bad, Refusal{rowID, f})
		case err != nil:
			return 0, nil, err
		default:
			n++
		}
	}
	for _, appealID := range sortedKeys(x.changes) {
		if err := s.announce(ctx, tx, appealID, "", x.changes[appealID]...); err != nil {
			return 0, nil, err
		}
	}
	if n == 0 {
		return 0, bad, nil
	}
	return n, bad, s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: ActionSort, ResourceType: "Appeal", ResourceID: a.ID,
		Details: map[string]string{"as": string(in.As), "rows": numberText(n), "first": rows[0], "note": in.Note}})
}

// sort takes one row out of the queue. Everything is checked before anything is written: a row that is refused leaves no trace.
func (x *sorter) sort(ctx context.Context, rowID string) error {
	q, row, err := x.s.store.waiting(ctx, x.tx, x.appeal.ID, rowID)
	switch {
	case err != nil:
		return err
	case q.SortedAs != "":
		return fault.New(fault.Conflict, "fund.queue.sorted")
	case row.Credit == 0 && (x.in.As == SortGift || x.in.As == SortOther || x.in.As == SortInterest):
		return fault.New(fault.Conflict, "fund.queue.money_out")
	case row.Credit > 0 && (x.in.As == SortRefund || x.in.As == SortFee):
		return fault.New(fault.Conflict, "fund.queue.money_in")
	}
	switch x.in.As {
	case SortGift:
		return x.gift(ctx, row)
	case SortOther:
		return x.other(ctx, row)
	case SortRefund:
		return x.refund(ctx, row)
	case SortReturned:
		return x.returned(ctx, row)
	case SortCleared:
		return x.cleared(ctx, row)
	case SortCash:
		return x.cash(ctx, row)
	case SortInterest:
		to, err := x.s.store.account(ctx, x.tx, x.appeal.ID, RoleInterest, "", "")
		if err != nil {
			return err
		}
		return x.done(ctx, row, Line{DebitID: x.books[RoleUnsorted], CreditID: to, Amount: row.Credit})
	case SortFee:
		return x.fee(ctx, row)
	}
	return fault.Field("as", "fund.queue.as")
}

// done enters one line and takes the row out of the queue.
func (x *sorter) done(ctx context.Context, row bankRow, l Line) error {
	e := entry{ID: id.New(), AppealID: x.appeal.ID, Day: x.s.today(), Kind: KindSorted, Note: x.in.Note, CreatedAt: x.s.Clock.Now()}
	if err := x.s.store.enter(ctx, x.tx, e, []Line{l}); err != nil {
		return err
	}
	return x.leave(ctx, row.ID, e.ID)
}

func (x *sorter) leave(ctx context.Context, rowID, as string) error {
	return x.s.store.sorted(ctx, x.tx, rowID, queueRow{SortedAs: as, Decision: string(x.in.As), Note: x.in.Note, ByName: x.actor.Name, DecidedAt: x.s.Clock.Now()})
}

func (x *sorter) gift(ctx context.Context, row bankRow) error {
	if row.Day > x.appeal.Closes {
		return fault.New(fault.Conflict, "fund.queue.after_close").With("Closes", x.appeal.Closes.Vietnamese())
	}
	to, err := x.s.giftAccount(ctx, x.tx, x.appeal.ID, x.in.EarmarkID)
	if err != nil {
		return err
	}
	e := entry{ID: id.New(), AppealID: x.appeal.ID, Day: x.s.today(), Kind: KindSorted, Note: x.in.Note, CreatedAt: x.s.Clock.Now()}
	if err := x.s.store.enter(ctx, x.tx, e, []Line{{DebitID: x.books[RoleUnsorted], CreditID: to, Amount: row.Credit}}); err != nil {
		return err
	}
	return x.take(ctx, row, x.appeal.ID, e.ID)
}

func (x *sorter) take(ctx context.Context, row bankRow, appealID, entryID string) error {
	known, err := x.s.store.knownReference(ctx, x.tx, row.Reference, appealID)
	if err != nil {
		return err
	}
	g := &giftRow{ID: entryID, AppealID: appealID, RowID: row.ID, Day: row.Day, Amount: row.Credit, State: giftTaken, Reference: known}
	if appealID == x.appeal.ID {
		g.EarmarkID = x.in.EarmarkID
	}
	if err := x.s.store.addGift(ctx, x.tx, g); err != nil {
		return err
	}
	x.changes[appealID] = append(x.changes[appealID], giftChanged{entryID, GiftTaken})
	return x.leave(ctx, row.ID, entryID)
}

// other makes the row a gift of another appeal: this fund owes it what came to its account.
func (x *sorter) other(ctx context.Context, row bankRow) error {
	target, err := x.target(ctx, row)
	if err != nil {
		return err
	}
	switch {
	case target.ID == x.appeal.ID:
		return fault.Field("appeal", "fund.queue.same_appeal")
	case !target.Taking(row.Day):
		return fault.Field("appeal", "fund.queue.other_not_taking").With("Appeal", target.Code).With("Opens", target.Opens.Vietnamese()).With("Closes", target.Closes.Vietnamese())
	}
	accounts := map[string]string{}
	for _, a := range []struct {
		appealID string
		role     Role
	}{{x.appeal.ID, RolePayable}, {target.ID, RoleAwaited}, {target.ID, RoleGifts}} {
		if accounts[a.appealID+string(a.role)], err = x.s.store.account(ctx, x.tx, a.appealID, a.role, "", ""); err != nil {
			return err
		}
	}
	now := x.s.Clock.Now()
	out := entry{ID: id.New(), AppealID: x.appeal.ID, Day: x.s.today(), Kind: KindSorted, Note: x.in.Note, CreatedAt: now}
	in := entry{ID: id.New(), AppealID: target.ID, Day: x.s.today(), Kind: KindSorted, Note: x.in.Note, CreatedAt: now}
	if err := x.s.store.enter(ctx, x.tx, out, []Line{{DebitID: x.books[RoleUnsorted], CreditID: accounts[x.appeal.ID+string(RolePayable)], Amount: row.Credit}}); err != nil {
		return err
	}
	if err := x.s.store.enter(ctx, x.tx, in, []Line{{DebitID: accounts[target.ID+string(RoleAwaited)], CreditID: accounts[target.ID+string(RoleGifts)], Amount: row.Credit}}); err != nil {
		return err
	}
	return x.take(ctx, row, target.ID, in.ID)
}

// target is the appeal that was chosen, or the one that the memo's code or a rule names; its books are open today.
func (x *sorter) target(ctx context.Context, row bankRow) (a Appeal, err error) {
	if x.in.Appeal != "" {
		a, err = x.s.store.appealByCode(ctx, x.tx, x.in.Appeal)
	} else {
		a, err = x.s.store.targetOf(ctx, x.tx, row)
	}
	if err != nil {
		return a, err
	}
	if known, ok := x.locked[a.ID]; ok {
		return known, nil
	}
	if err := x.s.may(x.actor, ActionRead, a); err != nil {
		return a, err
	}
	if a, err = x.s.openDay(ctx, x.tx, a.ID, x.s.today()); err == nil {
		x.locked[a.ID] = a
	}
	return a, err
}

func (x *sorter) refund(ctx context.Context, row bankRow) error {
	if x.in.GiftID == "" {
		return fault.Field("gift", "fund.queue.which_gift")
	}
	g, err := x.s.store.gift(ctx, x.tx, x.appeal.ID, x.in.GiftID)
	switch {
	case err != nil:
		return err
	case g.State != giftTaken:
		return fault.New(fault.Conflict, "fund.gift.gone")
	case g.Amount != row.Debit:
		return fault.Field("gift", "fund.queue.refund_amount").With("Gift", g.Amount.String()).With("Row", row.Debit.String())
	}
	if err := x.s.mayTake(ctx, x.tx, x.appeal, g.EarmarkID, "", g.Amount); err != nil {
		return err
	}
	from, err := x.s.giftAccount(ctx, x.tx, x.appeal.ID, g.EarmarkID)
	if err != nil {
		return err
	}
	e := entry{ID: id.New(), AppealID: x.appeal.ID, Day: x.s.today(), Kind: KindRefund, Note: x.in.Note, Reverses: g.ID, CreatedAt: x.s.Clock.Now()}
	if err := x.s.store.enter(ctx, x.tx, e, []Line{{DebitID: from, CreditID: x.books[RoleUnsorted], Amount: g.Amount}}); err != nil {
		return err
	}
	if err := x.s.store.setGift(ctx, x.tx, g.ID, giftRefunded, x.s.Clock.Now()); err != nil {
		return err
	}
	x.changes[x.appeal.ID] = append(x.changes[x.appeal.ID], giftChanged{g.ID, GiftRefunded})
	return x.leave(ctx, row.ID, e.ID)
}

// returned pairs money that was not taken with the money out by which the bank sent it back: the two are nothing together.
func (x *sorter) returned(ctx context.Context, row bankRow) error {
	pair, err := x.s.store.pairOf(ctx, x.tx, x.appeal.ID, row, x.in.Rows)
	if err != nil {
		return err
	}
	if err := x.leave(ctx, row.ID, pair); err != nil {
		return err
	}
	return x.leave(ctx, pair, row.ID)
}

// cleared is the bank's side of what stands on payable (money out) or awaited (money in).
func (x *sorter) cleared(ctx context.Context, row bankRow) error {
	role, amount := RolePayable, row.Debit
	if row.Credit > 0 {
		role, amount = RoleAwaited, row.Credit
	}
	open, err := x.s.store.net(ctx, x.tx, x.appeal.ID, role)
	if err != nil {
		return err
	}
	if max(open, -open) < amount {
		return fault.New(fault.Conflict, "fund.queue.nothing_due").With("Due", max(open, -open).String())
	}
	acct, err := x.s.store.account(ctx, x.tx, x.appeal.ID, role, "", "")
	if err != nil {
		return err
	}
	if err := x.s.store.transferSeen(ctx, x.tx, row, x.appeal.ID); err != nil {
		return err
	}
	l := Line{DebitID: acct, CreditID: x.books[RoleUnsorted], Amount: amount}
	if row.Credit > 0 {
		l.DebitID, l.CreditID = l.CreditID, l.DebitID
	}
	return x.done(ctx, row, l)
}

func (x *sorter) cash(ctx context.Context, row bankRow) error {
	cash, err := x.s.store.account(ctx, x.tx, x.appeal.ID, RoleCash, "", "")
	if err != nil {
		return err
	}
	if row.Debit > 0 {
		return x.done(ctx, row, Line{DebitID: cash, CreditID: x.books[RoleUnsorted], Amount: row.Debit})
	}
	if have, err := x.s.store.net(ctx, x.tx, x.appeal.ID, RoleCash); err != nil {
		return err
	} else if have < row.Credit {
		return fault.New(fault.Conflict, "fund.spend.cash").With("Left", have.String())
	}
	return x.done(ctx, row, Line{DebitID: x.books[RoleUnsorted], CreditID: cash, Amount: row.Credit})
}

func (x *sorter) fee(ctx context.Context, row bankRow) error {
	if x.appeal.RunningBasis == "" {
		return fault.New(fault.Conflict, "fund.spend.running")
	}
	if err := x.s.mayTake(ctx, x.tx, x.appeal, "", HeadRunning, row.Debit); err != nil {
		return err
	}
	spend, err := x.s.store.account(ctx, x.tx, x.appeal.ID, RoleSpend, HeadRunning, "")
	if err != nil {
		return err
	}
	return x.done(ctx, row, Line{DebitID: spend, CreditID: x.books[RoleUnsorted], Amount: row.Debit})
}

// Unsort puts a row back into the queue that was sorted as something else than a gift: its entry is reversed. A gift is
// taken back with WithdrawGift.
func (s *Service) Unsort(ctx context.Context, actor identity.Actor, code, rowID, note string) error {
	return s.book(ctx, actor, code, ActionBook, rowID, note, func(ctx context.Context, tx db.Tx, a Appeal, _ map[Role]string, note string) error {
		q, row, err := s.store.waiting(ctx, tx, a.ID, rowID)
		if err != nil {
			return err
		}
		switch Sorting(q.Decision) {
		case SortReturned:
			if err := s.store.wait(ctx, tx, q.SortedAs, a.ID); err != nil {
				return err
			}
		case SortCleared, SortCash, SortInterest, SortFee:
			if _, err := s.reverse(ctx, tx, q.SortedAs, note, KindSorted); err != nil {
				return err
			}
			if err := s.store.transferUnseen(ctx, tx, row.ID); err != nil {
				return err
			}
		default:
			return fault.New(fault.Conflict, "fund.queue.not_undone")
		}
		return s.store.wait(ctx, tx, rowID, a.ID)
	})
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.SortFunc(out, cmp.Compare[string])
	return out
}
