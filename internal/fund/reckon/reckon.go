// Package reckon reads the books of an appeal anew from their single rows and lines, and not from totals that are kept: to
// compare them day by day with the bank and the public, to write the journal, and to find what refers to nothing.
package reckon

import (
	"cmp"
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund/journal"
	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/money"
)

// counts keeps out the entries of a file that is not in the books as a whole yet.
const counts = ` AND e.import_id NOT IN (SELECT i.id FROM fund_import i WHERE i.state <> 'posted')`

// Day is one day of a comparison of the bank's rows, the books and what the public reads.
type Day struct {
	Day         clock.Date `json:"day"`
	BankRows    int        `json:"bank_rows"`
	BankIn      money.VND  `json:"bank_in"` // rows of statements
	BankOut     money.VND  `json:"bank_out"`
	LedgerIn    money.VND  `json:"ledger_in"` // lines on the bank's accounts
	LedgerOut   money.VND  `json:"ledger_out"`
	KeptIn      money.VND  `json:"kept_in"` // totals that are kept with every entry
	KeptOut     money.VND  `json:"kept_out"`
	Gifts       int        `json:"gifts"` // that stand
	GiftAmount  money.VND  `json:"gift_amount"`
	PublicGifts int        `json:"public_gifts"`
	PublicSum   money.VND  `json:"public_sum"`
}

// BankIsLedger tells whether bank and books agree on the day, and the totals with both.
func (d Day) BankIsLedger() bool {
	return d.BankIn == d.LedgerIn && d.BankOut == d.LedgerOut && d.KeptIn == d.LedgerIn && d.KeptOut == d.LedgerOut
}

// LedgerIsPublic tells whether the public reads what stands in the books.
func (d Day) LedgerIsPublic() bool {
	return d.Gifts == d.PublicGifts && d.GiftAmount == d.PublicSum
}

// PublicLags tells whether the public merely does not read everything yet: publication follows the books.
func (d Day) PublicLags() bool {
	return !d.LedgerIsPublic() && d.PublicGifts <= d.Gifts && d.PublicSum <= d.GiftAmount
}

// Compare adds rows, lines, kept totals and gifts up by day.
func Compare(ctx context.Context, q bun.IDB, appealID string, day func(clock.Date) *Day) error {
	type sums struct {
		Day clock.Date
		N   int
		A   money.VND
		B   money.VND
	}
	for _, step := range []struct {
		query string
		put   func(sums)
	}{
		{`SELECT r.day, count(*) AS n, CAST(sum(r.credit) AS bigint) AS a, CAST(sum(r.debit) AS bigint) AS b FROM fund_import i JOIN fund_row r ON r.import_id = i.id
			WHERE i.appeal_id = ? AND i.state = 'posted' GROUP BY r.day`,
			func(x sums) { d := day(x.Day); d.BankRows, d.BankIn, d.BankOut = x.N, x.A, x.B }},
		{`SELECT e.day, count(*) AS n, CAST(sum(CASE WHEN f.id IS NULL THEN 0 ELSE l.amount END) AS bigint) AS a, CAST(sum(CASE WHEN t.id IS NULL THEN 0 ELSE l.amount END) AS bigint) AS b
			FROM fund_entry e JOIN fund_line l ON l.entry_id = e.id LEFT JOIN fund_account f ON f.id = l.debit_id AND f.role = 'bank' LEFT JOIN fund_account t ON t.id = l.credit_id AND t.role = 'bank'
			WHERE e.appeal_id = ?` + counts + ` AND (f.id IS NOT NULL OR t.id IS NOT NULL) GROUP BY e.day`,
			func(x sums) { d := day(x.Day); d.LedgerIn, d.LedgerOut = x.A, x.B }},
		{`SELECT t.day, count(*) AS n, CAST(sum(t.debit) AS bigint) AS a, CAST(sum(t.credit) AS bigint) AS b FROM fund_account c JOIN fund_total t ON t.account_id = c.id
			WHERE c.appeal_id = ? AND c.role = 'bank' GROUP BY t.day`,
			func(x sums) { d := day(x.Day); d.KeptIn, d.KeptOut = x.A, x.B }},
		{`SELECT g.day, count(*) AS n, CAST(sum(g.amount) AS bigint) AS a, 0 AS b FROM fund_gift g JOIN fund_entry e ON e.id = g.id WHERE g.appeal_id = ? AND g.state = 'taken'` + counts + ` GROUP BY g.day`,
			func(x sums) { d := day(x.Day); d.Gifts, d.GiftAmount = x.N, x.A }},
	} {
		var rows []sums
		if err := q.NewRaw(step.query, appealID).Scan(ctx, &rows); err != nil {
			return err
		}
		for _, x := range rows {
			step.put(x)
		}
	}
	return staging.Gifts(ctx, q, staging.Filter{AppealID: appealID}, func(g *staging.Gift) error { // the bank's row, the line and the gift in one
		d := day(g.Day)
		d.BankRows, d.Gifts = d.BankRows+1, d.Gifts+1
		d.BankIn, d.LedgerIn, d.GiftAmount = d.BankIn+g.Credit, d.LedgerIn+g.Credit, d.GiftAmount+g.Credit
		return nil
	})
}

// Lines goes through the lines of an appeal day by day, without holding them all: first the gifts that stand in packs, on the
// account gifts, then the others in order of their entries.
func Lines(ctx context.Context, q bun.IDB, appealID, gifts string, do func(journal.Line) error) error {
	var days []clock.Date
	if err := q.NewRaw("SELECT DISTINCT day FROM fund_entry WHERE appeal_id = ?", appealID).Scan(ctx, &days); err != nil {
		return err
	}
	packed, err := staging.Days(ctx, q, appealID)
	if err != nil {
		return err
	}
	days = append(days, packed...)
	slices.Sort(days)
	for _, day := range slices.Compact(days) {
		err := staging.Gifts(ctx, q, staging.Filter{AppealID: appealID, From: day, To: day}, func(g *staging.Gift) error {
			return do(journal.Line{Entry: g.ID, Day: g.Day, Kind: "gift", Note: cmp.Or(g.DocNo, g.Ref), DebitID: g.AccountID, CreditID: gifts, Amount: g.Credit})
		})
		if err != nil {
			return err
		}
		if err := dayLines(ctx, q, appealID, day, do); err != nil {
			return err
		}
	}
	return nil
}

func dayLines(ctx context.Context, q bun.IDB, appealID string, day clock.Date, do func(journal.Line) error) error {
	rows, err := q.QueryContext(ctx, `SELECT e.id, e.day, e.kind, e.note, e.reverses, l.debit_id, l.credit_id, l.amount
		FROM fund_entry e JOIN fund_line l ON l.entry_id = e.id WHERE e.appeal_id = ? AND e.day = ?`+counts+` ORDER BY e.id, l.line_no`, appealID, day)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var l journal.Line
		if err := rows.Scan(&l.Entry, &l.Day, &l.Kind, &l.Note, &l.Reverses, &l.DebitID, &l.CreditID, &l.Amount); err != nil {
			return err
		}
		if err := do(l); err != nil {
			return err
		}
	}
	return rows.Err()
}
