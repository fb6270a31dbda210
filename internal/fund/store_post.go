package fund

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
)

// span is a part of a file: rows in order from and to, both included.
type span struct {
	importID string
	from, to int
}

// firstStaged finds where the rows begin that are not in the books yet; 0 when all are.
func (store) firstStaged(ctx context.Context, q bun.IDB, importID string) (seq int, err error) {
	var first []int
	err = q.NewRaw("SELECT seq FROM fund_row WHERE import_id = ? AND state = 'staged' ORDER BY seq LIMIT 1", importID).Scan(ctx, &first)
	if err != nil || len(first) == 0 {
		return 0, err
	}
	return first[0], nil
}

const knownBefore = `EXISTS (SELECT 1 FROM fund_row p WHERE p.account_id = fund_row.account_id AND p.fingerprint = fund_row.fingerprint
	AND p.ordinal = fund_row.ordinal AND p.state <> 'staged')`

// dropKnown takes away the rows that another file brought before.
func (store) dropKnown(ctx context.Context, q bun.IDB, part span) error {
	_, err := q.NewRaw("DELETE FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? AND state = 'staged' AND "+knownBefore, part.importID, part.from, part.to).Exec(ctx)
	return err
}

// firstClosed finds the first new row that falls into a closed period; row 0 when none does.
func (store) firstClosed(ctx context.Context, q bun.IDB, importID string, until clock.Date) (row int, day clock.Date, err error) {
	if until == "" {
		return 0, "", nil
	}
	var found []bankRow
	err = q.NewRaw("SELECT row_no, day FROM fund_row WHERE import_id = ? AND day <= ? AND NOT "+knownBefore+" ORDER BY seq LIMIT 1", importID, until).Scan(ctx, &found)
	if err != nil || len(found) == 0 {
		return 0, "", err
	}
	return found[0].RowNo, found[0].Day, nil
}

// classify says of each row what it is. A code in the memo of one's own appeal, or of none, leaves the matter to the account.
func (store) classify(ctx context.Context, q bun.IDB, part span, a Appeal) error {
	_, err := q.NewRaw(`UPDATE fund_row SET state = CASE
		WHEN debit > 0 THEN 'debit'
		WHEN day < ? THEN 'before_open'
		WHEN day > ? THEN 'after_close'
		WHEN reference <> '' AND EXISTS (SELECT 1 FROM fund_reference x WHERE x.code = reference AND x.transfer_id <> '') THEN 'transfer'
		WHEN reference <> '' AND EXISTS (SELECT 1 FROM fund_reference x WHERE x.code = reference AND x.appeal_id <> ?) THEN 'other_appeal'
		WHEN reference <> '' AND EXISTS (SELECT 1 FROM fund_reference x WHERE x.code = reference) THEN 'gift'
		WHEN rule_id <> '' AND EXISTS (SELECT 1 FROM fund_rule u WHERE u.id = rule_id AND u.does = 'other_appeal') THEN 'other_appeal'
		WHEN rule_id <> '' AND EXISTS (SELECT 1 FROM fund_rule u WHERE u.id = rule_id AND u.does = 'wait') THEN 'rule'
		ELSE 'gift' END
		WHERE import_id = ? AND seq BETWEEN ? AND ? AND state = 'staged'`, a.Opens, a.Closes, a.ID, part.importID, part.from, part.to).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = q.NewRaw(`UPDATE fund_row SET earmark_id = coalesce((SELECT x.earmark_id FROM fund_reference x WHERE x.code = fund_row.reference),
		(SELECT u.earmark_id FROM fund_rule u WHERE u.id = fund_row.rule_id), '')
		WHERE import_id = ? AND seq BETWEEN ? AND ? AND state = 'gift' AND (reference <> '' OR rule_id <> '')`, part.importID, part.from, part.to).Exec(ctx)
	return err
}

// enterCredits enters all money that came in: gifts, and what waits.
func (store) enterCredits(ctx context.Context, q bun.IDB, part span, appealID, bankID string, books map[Role]string, now time.Time) error {
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO fund_entry (id, appeal_id, day, kind, note, import_id, reverses, created_at)
			SELECT id, ?, day, CASE state WHEN 'gift' THEN 'gift' ELSE 'unsorted' END, CASE doc_no WHEN '' THEN ref ELSE doc_no END, import_id, '', ?
			FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? AND state <> 'debit' ORDER BY seq`, []any{appealID, now, part.importID, part.from, part.to}},
		{`INSERT INTO fund_line (entry_id, line_no, debit_id, credit_id, amount)
			SELECT id, 1, ?, CASE WHEN state <> 'gift' THEN ? WHEN earmark_id <> '' THEN (SELECT c.id FROM fund_account c WHERE c.role = 'earmark' AND c.earmark_id = fund_row.earmark_id) ELSE ? END, credit
			FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? AND state <> 'debit' ORDER BY seq`, []any{bankID, books[RoleUnsorted], books[RoleGifts], part.importID, part.from, part.to}},
		{`INSERT INTO fund_pending (import_id, account_id, day, debit, credit, gifts)
			SELECT import_id, CAST(? AS text), day, sum(credit), 0, 0 FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? AND state <> 'debit' GROUP BY import_id, day ` + addPending,
			[]any{bankID, part.importID, part.from, part.to}},
		{`INSERT INTO fund_pending (import_id, account_id, day, debit, credit, gifts)
			SELECT import_id, account, day, 0, sum(credit), count(*) FROM (SELECT import_id, day, credit,
				CASE WHEN state <> 'gift' THEN CAST(? AS text) WHEN earmark_id <> '' THEN (SELECT c.id FROM fund_account c WHERE c.role = 'earmark' AND c.earmark_id = fund_row.earmark_id) ELSE CAST(? AS text) END AS account
				FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? AND state <> 'debit') AS credits WHERE true GROUP BY import_id, account, day ` + addPending,
			[]any{books[RoleUnsorted], books[RoleGifts], part.importID, part.from, part.to}},
		{`INSERT INTO fund_gift (id, appeal_id, row_id, day, amount, earmark_id, reference, state)
			SELECT id, ?, id, day, credit, earmark_id, CASE WHEN reference <> '' AND EXISTS (SELECT 1 FROM fund_reference x WHERE x.code = fund_row.reference) THEN reference ELSE '' END, 'taken'
			FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? AND state = 'gift' ORDER BY seq`, []any{appealID, part.importID, part.from, part.to}},
		{`INSERT INTO fund_queue (id, appeal_id, reason)
			SELECT id, ?, state FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? AND state NOT IN ('gift', 'debit') ORDER BY seq`, []any{appealID, part.importID, part.from, part.to}},
	} {
		if _, err := q.NewRaw(step.query, step.args...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (store) debits(ctx context.Context, q bun.IDB, part span) (rows []bankRow, err error) {
	err = q.NewSelect().Model(&rows).Where("r.import_id = ?", part.importID).Where("r.seq BETWEEN ? AND ?", part.from, part.to).Where("r.state = ?", rowDebit).Order("r.seq").Scan(ctx)
	return rows, err
}

// refunded finds the one gift that a debit gives back; "" when there is none, or more than one.
func (store) refunded(ctx context.Context, q bun.IDB, appealID string, d bankRow) (giftRow, error) {
	var found []struct{ ID, DocNo, Ref, EarmarkID string }
	err := q.NewRaw(`SELECT g.id, g.earmark_id, r.doc_no, r.ref FROM fund_gift g JOIN fund_row r ON r.id = g.row_id
		WHERE g.appeal_id = ? AND g.amount = ? AND g.day <= ? AND g.state = 'taken' AND r.account_id = ?
		AND (r.doc_no <> '' AND r.doc_no = ? OR length(r.doc_no) >= 6 AND ? LIKE '%' || r.doc_no || '%' OR length(r.ref) >= 6 AND ? LIKE '%' || r.ref || '%')
		ORDER BY g.day, g.id LIMIT 50`, appealID, d.Debit, d.Day, d.AccountID, d.DocNo, d.Memo, d.Memo).Scan(ctx, &found)
	gift := giftRow{}
	for _, f := range found {
		if !givesBack(d, f.DocNo, f.Ref) {
			continue
		}
		if gift.ID != "" {
			return giftRow{}, err
		}
		gift = giftRow{ID: f.ID, EarmarkID: f.EarmarkID, AppealID: appealID, Amount: d.Debit}
	}
	return gift, err
}

// left is what stands on a purse, with the file that is on its way into the books.
func (store) left(ctx context.Context, q bun.IDB, appealID, earmarkID, importID string) (v money.VND, err error) {
	err = q.NewRaw(`SELECT CAST(coalesce(sum(x.credit - x.debit), 0) AS bigint) FROM fund_account c JOIN (
		SELECT account_id, debit, credit FROM fund_total UNION ALL SELECT account_id, debit, credit FROM fund_pending WHERE import_id = ?) AS x ON x.account_id = c.id
		WHERE c.appeal_id = ? AND c.earmark_id = ? AND c.role IN ('gifts', 'earmark', 'interest', 'spend', 'transfer')`, importID, appealID, earmarkID).Scan(ctx, &v)
	return v, err
}

// refundsOf lists the gifts that a file sent back.
func (store) refundsOf(ctx context.Context, q bun.IDB, importID string) (out []giftChanged, err error) {
	var ids []string
	err = q.NewRaw("SELECT e.reverses FROM fund_row r JOIN fund_entry e ON e.id = r.id WHERE r.import_id = ? AND r.state = 'refund' ORDER BY r.seq", importID).Scan(ctx, &ids)
	for _, giftID := range ids {
		out = append(out, giftChanged{giftID, GiftRefunded})
	}
	return out, err
}

func (store) setDebit(ctx context.Context, q bun.IDB, d bankRow, appealID, state, gift string) error {
	if _, err := q.NewRaw("UPDATE fund_row SET state = ? WHERE id = ?", state, d.ID).Exec(ctx); err != nil {
		return err
	}
	if gift != "" {
		_, err := q.NewRaw("UPDATE fund_gift SET state = 'refunded' WHERE id = ?", gift).Exec(ctx)
		return err
	}
	_, err := q.NewRaw("INSERT INTO fund_queue (id, appeal_id, reason) VALUES (?, ?, ?)", d.ID, appealID, state).Exec(ctx)
	return err
}

// outcome counts what became of the rows of a file.
func (store) outcome(ctx context.Context, q bun.IDB, importID string) (posted, queued int, err error) {
	err = q.NewRaw(`SELECT coalesce(sum(CASE WHEN state IN ('gift', 'refund') THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN state IN ('gift', 'refund') THEN 0 ELSE 1 END), 0) FROM fund_row WHERE import_id = ?`, importID).Scan(ctx, &posted, &queued)
	return posted, queued, err
}

// queuedRows gives the first rows of a file that wait, or waited when it was taken in.
func (store) queuedRows(ctx context.Context, q bun.IDB, importID string) (out []QueuedRow, err error) {
	var rows []bankRow
	err = q.NewSelect().Model(&rows).Column("row_no", "state").Where("r.import_id = ?", importID).
		Where("r.state NOT IN (?)", bun.In([]string{rowGift, rowRefund})).Order("r.seq").Limit(shownQueued).Scan(ctx)
	for _, r := range rows {
		out = append(out, QueuedRow{Row: r.RowNo, Reason: Reason(r.State)})
	}
	return out, err
}
