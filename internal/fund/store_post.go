package fund

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// span is a part of a file: rows in order from and to, both included.
type span struct {
	importID string
	from, to int
}

func (store) debits(ctx context.Context, q bun.IDB, part span) (rows []bankRow, err error) {
	err = q.NewSelect().Model(&rows).Where("r.import_id = ?", part.importID).Where("r.seq BETWEEN ? AND ?", part.from, part.to).Where("r.state = ?", rowDebit).Order("r.seq").Scan(ctx)
	return rows, err
}

// packedRefunds finds plain gifts of the account that debits seem to give back, by the id of the debit.
func (store) packedRefunds(ctx context.Context, q bun.IDB, debits []bankRow) (map[string][]staging.Gift, error) {
	of, f := map[money.VND][]bankRow{}, staging.Filter{AccountID: debits[0].AccountID, Uncounted: true}
	for _, d := range debits {
		if of[d.Debit] = append(of[d.Debit], d); len(of[d.Debit]) == 1 {
			f.Amounts = append(f.Amounts, d.Debit)
		}
		f.To = max(f.To, d.Day)
	}
	out := map[string][]staging.Gift{}
	err := staging.Gifts(ctx, q, f, func(g *staging.Gift) error {
		for _, d := range of[g.Credit] {
			if g.Day <= d.Day && givesBack(d, g.DocNo, g.Ref) {
				out[d.ID] = append(out[d.ID], *g)
			}
		}
		return nil
	})
	return out, err
}

// refunded finds the one gift that a debit gives back; "" when there is none, or more than one. A packed one may have been
// given back by another debit meanwhile.
func (s store) refunded(ctx context.Context, q bun.IDB, appealID string, d bankRow, packed []staging.Gift) (giftRow, error) {
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
	if err != nil {
		return gift, err
	}
	for _, g := range packed {
		if n, err := q.NewSelect().Model((*giftRow)(nil)).Where("g.id = ?", g.ID).Count(ctx); err != nil {
			return giftRow{}, err
		} else if n > 0 { // it has rows of its own by now, and was looked at there
			continue
		}
		if gift.ID != "" {
			return giftRow{}, nil
		}
		gift = giftRow{ID: g.ID, AppealID: appealID, Amount: d.Debit}
	}
	return gift, nil
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

func (s store) setDebit(ctx context.Context, q db.Tx, d bankRow, appealID, state, gift string, now time.Time) error {
	if _, err := q.NewRaw("UPDATE fund_row SET state = ? WHERE id = ?", state, d.ID).Exec(ctx); err != nil {
		return err
	}
	if gift != "" {
		return s.setGift(ctx, q, gift, giftRefunded, now)
	}
	_, err := q.NewRaw("INSERT INTO fund_queue (id, appeal_id, reason) VALUES (?, ?, ?)", d.ID, appealID, state).Exec(ctx)
	return err
}

// outcome counts what became of the rows of a file.
func (store) outcome(ctx context.Context, q bun.IDB, importID string) (posted, queued int, err error) {
	err = q.NewRaw(`SELECT coalesce(sum(CASE WHEN state IN ('gift', 'refund') THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN state IN ('gift', 'refund') THEN 0 ELSE 1 END), 0) FROM fund_row WHERE import_id = ?`, importID).Scan(ctx, &posted, &queued)
	if err != nil {
		return 0, 0, err
	}
	packed, err := staging.Count(ctx, q, importID)
	return posted + packed, queued, err
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
