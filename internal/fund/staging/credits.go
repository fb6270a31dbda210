package staging

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
)

// StateGift is the state of a row whose money is a gift; StateDebit of one whose money went out, until it is paired.
const (
	StateGift  = "gift"
	StateDebit = "debit"
)

// Books says on which accounts the money of a file stands.
type Books struct {
	ImportID, AppealID, Bank, Gifts, Unsorted string
}

type sumKey struct {
	account string
	day     clock.Date
}

type sum struct {
	debit, credit money.VND
	lines         int
}

// Credits writes the entries of all money that came in with rows that Enter has just written: gifts, and what waits.
func Credits(ctx context.Context, q bun.IDB, b Books, rows []Row, now time.Time) error {
	if len(rows) == 0 {
		return nil
	}
	if err := write(ctx, q, b, rows[0].Seq, rows[len(rows)-1].Seq, now); err != nil {
		return err
	}
	return addUp(ctx, q, b, each(rows))
}

func each(rows []Row) iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		for i := range rows {
			if !yield(&rows[i]) {
				return
			}
		}
	}
}

// write makes entries, lines, gifts and places in the queue of rows that have rows of their own.
func write(ctx context.Context, q bun.IDB, b Books, from, to int, now time.Time) error {
	const of = ` FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? AND state `
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO fund_entry (id, appeal_id, day, kind, note, import_id, reverses, created_at)
			SELECT id, ?, day, CASE state WHEN 'gift' THEN 'gift' ELSE 'unsorted' END, CASE doc_no WHEN '' THEN ref ELSE doc_no END, import_id, '', ?` + of +
			`<> 'debit' ORDER BY seq`, []any{b.AppealID, now}},
		{`INSERT INTO fund_line (entry_id, line_no, debit_id, credit_id, amount)
			SELECT id, 1, ?, CASE WHEN state <> 'gift' THEN ? WHEN earmark_id <> '' THEN (SELECT c.id FROM fund_account c WHERE c.role = 'earmark' AND c.earmark_id = fund_row.earmark_id) ELSE ? END, credit` + of +
			`<> 'debit' ORDER BY seq`, []any{b.Bank, b.Unsorted, b.Gifts}},
		{`INSERT INTO fund_gift (id, appeal_id, row_id, day, amount, earmark_id, reference, state)
			SELECT id, ?, id, day, credit, earmark_id, CASE WHEN reference <> '' AND EXISTS (SELECT 1 FROM fund_reference x WHERE x.code = fund_row.reference) THEN reference ELSE '' END, 'taken'` + of +
			`= 'gift' ORDER BY seq`, []any{b.AppealID}},
		{`INSERT INTO fund_queue (id, appeal_id, reason) SELECT id, ?, state` + of + `NOT IN ('gift', 'debit') ORDER BY seq`, []any{b.AppealID}},
	} {
		if _, err := q.NewRaw(step.query, append(step.args, b.ImportID, from, to)...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// addUp adds what moved to the sums of the file, account by account and day by day.
func addUp(ctx context.Context, q bun.IDB, b Books, rows iter.Seq[*Row]) error {
	var earmarks []struct{ EarmarkID, ID string }
	if err := q.NewRaw("SELECT earmark_id, id FROM fund_account WHERE appeal_id = ? AND role = 'earmark'", b.AppealID).Scan(ctx, &earmarks); err != nil {
		return err
	}
	account := map[string]string{"": b.Gifts}
	for _, e := range earmarks {
		account[e.EarmarkID] = e.ID
	}
	sums := map[sumKey]*sum{}
	at := func(k sumKey) *sum {
		if sums[k] == nil {
			sums[k] = &sum{}
		}
		return sums[k]
	}
	var last sumKey // most rows are of the account and the day of the row before
	var in, out *sum
	for r := range rows {
		if r.State == StateDebit {
			continue
		}
		to := sumKey{b.Unsorted, r.Day}
		if r.State == StateGift {
			to.account = account[r.EarmarkID]
		}
		if in == nil || to != last {
			last, in, out = to, at(sumKey{b.Bank, r.Day}), at(to)
		}
		in.debit, out.credit, out.lines = in.debit+r.Credit, out.credit+r.Credit, out.lines+1
	}
	keys := slices.SortedFunc(maps.Keys(sums), func(x, y sumKey) int { return cmp.Or(cmp.Compare(x.account, y.account), cmp.Compare(x.day, y.day)) })
	for _, k := range keys {
		if err := AddPending(ctx, q, b.ImportID, k.account, k.day, sums[k].debit, sums[k].credit, sums[k].lines); err != nil {
			return err
		}
	}
	return nil
}

// AddPending adds to what a file that does not count yet moves on an account on one day.
func AddPending(ctx context.Context, q bun.IDB, importID, account string, day clock.Date, debit, credit money.VND, lines int) error {
	_, err := q.NewRaw(`INSERT INTO fund_pending (import_id, account_id, day, debit, credit, gifts) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (import_id, account_id, day) DO UPDATE SET debit = fund_pending.debit + excluded.debit,
		credit = fund_pending.credit + excluded.credit, gifts = fund_pending.gifts + excluded.gifts`, importID, account, day, debit, credit, lines).Exec(ctx)
	return err
}
