package fund

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

const (
	giftTaken     = "taken"
	giftRefunded  = "refunded"
	giftWithdrawn = "withdrawn"
)

type giftRow struct {
	bun.BaseModel `bun:"table:fund_gift,alias:g"`

	ID        string `bun:",pk"`
	AppealID  string
	RowID     string `bun:",nullzero"` // "": cash
	Day       clock.Date
	Amount    money.VND
	Reference string
	State     string
	EarmarkID string
	Document  string
	Memo      string
}

type queueRow struct {
	bun.BaseModel `bun:"table:fund_queue,alias:w"`

	ID        string `bun:",pk"`
	AppealID  string
	Reason    string
	SortedAs  string
	DecidedAt time.Time `bun:",nullzero"`
	Decision  string
	Note      string
	ByName    string
}

// counts keeps out the entries of a file that is not in the books as a whole yet.
const counts = ` AND e.import_id NOT IN (SELECT i.id FROM fund_import i WHERE i.state <> 'posted')`

// enter writes an entry with its lines, and adds them to what stands on the accounts.
func (s store) enter(ctx context.Context, q bun.IDB, e entry, lines []Line) error {
	_, err := q.NewRaw("INSERT INTO fund_entry (id, appeal_id, day, kind, note, import_id, reverses, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		e.ID, e.AppealID, e.Day, string(e.Kind), e.Note, e.ImportID, e.Reverses, e.CreatedAt).Exec(ctx)
	if err != nil {
		return err
	}
	for i, l := range lines {
		if _, err := q.NewRaw("INSERT INTO fund_line (entry_id, line_no, debit_id, credit_id, amount) VALUES (?, ?, ?, ?, ?)",
			e.ID, i+1, l.DebitID, l.CreditID, l.Amount).Exec(ctx); err != nil {
			return err
		}
		if err := s.addTotals(ctx, q, e, l); err != nil {
			return err
		}
	}
	return nil
}

func (store) lockAppeal(ctx context.Context, tx db.Tx, appealID string) error {
	var row appealRow
	return tx.ForUpdate(tx.NewSelect().Model(&row).Where("a.id = ?", appealID)).Scan(ctx)
}

func (store) closeUntil(ctx context.Context, q bun.IDB, appealID string, until clock.Date) (bool, error) {
	res, err := q.NewRaw("UPDATE fund_appeal SET closed_until = ? WHERE id = ? AND closed_until < ?", until, appealID, until).Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func (store) waiting(ctx context.Context, q bun.IDB, appealID, rowID string) (w queueRow, r bankRow, err error) {
	err = q.NewSelect().Model(&w).Where("w.id = ?", rowID).Where("w.appeal_id = ?", appealID).Scan(ctx)
	if err == nil {
		err = q.NewSelect().Model(&r).Where("r.id = ?", rowID).Where("EXISTS (SELECT 1 FROM fund_import i WHERE i.id = r.import_id AND i.state = 'posted')").Scan(ctx)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.New(fault.NotFound, "fund.queue.none")
	}
	return w, r, err
}

// sorted takes a row out of the queue.
func (store) sorted(ctx context.Context, q bun.IDB, rowID string, as queueRow) error {
	_, err := q.NewRaw("UPDATE fund_queue SET sorted_as = ?, decided_at = ?, decision = ?, note = ?, by_name = ? WHERE id = ?",
		as.SortedAs, as.DecidedAt, as.Decision, as.Note, as.ByName, rowID).Exec(ctx)
	return err
}

func (store) addGift(ctx context.Context, q bun.IDB, g *giftRow) error {
	_, err := q.NewInsert().Model(g).Exec(ctx)
	return err
}

// gift finds a gift of an appeal that counts.
func (s store) gift(ctx context.Context, q bun.IDB, appealID, giftID string) (giftRow, error) {
	g, err := s.anyGift(ctx, q, giftID)
	if err == nil && g.AppealID != appealID {
		err = fault.New(fault.NotFound, "fund.gift.none")
	}
	return g, err
}

// anyGift finds a gift that counts: among those with rows of their own, or in its pack.
func (s store) anyGift(ctx context.Context, q bun.IDB, giftID string) (giftRow, error) {
	g, err := s.ownGift(ctx, q, giftID)
	if !fault.Is(err, fault.NotFound) {
		return g, err
	}
	p, err := staging.Find(ctx, q, giftID)
	if err != nil {
		return g, err
	}
	if p == nil { // it may have got rows of its own meanwhile
		return s.ownGift(ctx, q, giftID)
	}
	return giftRow{ID: p.ID, AppealID: p.AppealID, RowID: p.ID, Day: p.Day, Amount: p.Credit, State: giftTaken}, nil
}

func (store) ownGift(ctx context.Context, q bun.IDB, giftID string) (g giftRow, err error) {
	err = q.NewSelect().Model(&g).Where("g.id = ?", giftID).
		Where("(g.row_id IS NULL OR EXISTS (SELECT 1 FROM fund_row r JOIN fund_import i ON i.id = r.import_id WHERE r.id = g.row_id AND i.state = 'posted'))").Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = fault.New(fault.NotFound, "fund.gift.none")
	}
	return g, err
}

// setGift changes how a gift stands. Whoever changes something about a gift holds the lock of its appeal.
func (store) setGift(ctx context.Context, q db.Tx, giftID, state string, now time.Time) error {
	if err := staging.Loosen(ctx, q, giftID, now); err != nil {
		return err
	}
	_, err := q.NewRaw("UPDATE fund_gift SET state = ? WHERE id = ?", state, giftID).Exec(ctx)
	return err
}

func (store) setEarmark(ctx context.Context, q db.Tx, giftID, earmarkID string, now time.Time) error {
	if err := staging.Loosen(ctx, q, giftID, now); err != nil {
		return err
	}
	_, err := q.NewRaw("UPDATE fund_gift SET earmark_id = ? WHERE id = ?", earmarkID, giftID).Exec(ctx)
	return err
}

// withdraw marks the gift and puts its row back into the queue.
func (s store) withdraw(ctx context.Context, q db.Tx, g giftRow, now time.Time) error {
	if err := s.setGift(ctx, q, g.ID, giftWithdrawn, now); err != nil {
		return err
	}
	w := &queueRow{ID: g.RowID, AppealID: g.AppealID, Reason: string(Withdrawn)}
	_, err := q.NewInsert().Model(w).On("CONFLICT (id) DO UPDATE").Set("reason = EXCLUDED.reason, sorted_as = '', decided_at = NULL, decision = ''").Exec(ctx)
	return err
}

func (s store) balances(ctx context.Context, q bun.IDB, appealID string) ([]Balance, error) {
	return s.balancesBetween(ctx, q, appealID, "", "9999-12-31")
}

// balancesBetween adds up what moved on the accounts of an appeal between two days, both included.
func (store) balancesBetween(ctx context.Context, q bun.IDB, appealID string, from, until clock.Date) (out []Balance, err error) {
	var rows []struct {
		ID, Role, Bank, Number, Head, EarmarkID string
		Debit, Credit                           money.VND
		Credits                                 int
	}
	err = q.NewRaw(`SELECT c.id, c.role, c.bank, c.number, c.head, c.earmark_id, CAST(coalesce(sum(t.debit), 0) AS bigint) AS debit,
		CAST(coalesce(sum(t.credit), 0) AS bigint) AS credit, CAST(coalesce(sum(t.gifts), 0) AS bigint) AS credits
		FROM fund_account c LEFT JOIN fund_total t ON t.account_id = c.id AND t.day BETWEEN ? AND ? WHERE c.appeal_id = ?
		GROUP BY c.id, c.role, c.bank, c.number, c.head, c.earmark_id ORDER BY c.role, c.bank, c.number, c.head, c.earmark_id`, from, until, appealID).Scan(ctx, &rows)
	for _, r := range rows {
		b := Balance{AccountID: r.ID, Role: Role(r.Role), Number: r.Number, Head: Head(r.Head), EarmarkID: r.EarmarkID, Debit: r.Debit, Credit: r.Credit, Credits: r.Credits}
		if b.Role == RoleBank {
			b.Bank = accountRow{Bank: r.Bank}.bankAccount().Bank
		}
		out = append(out, b)
	}
	return out, err
}
