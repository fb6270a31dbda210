package staging

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// columns of fund_row in the order of values.
var columns = [...]string{"id", "import_id", "seq", "account_id", "row_no", "day", "clock_time", "doc_no", "ref", "debit", "credit", "memo", "other_side",
	"fingerprint", "ordinal", "reference", "rule_id", "earmark_id", "state"}

func (r *Row) values(to []any, importID, accountID string) []any {
	return append(to, GiftID(importID, r.Seq), importID, r.Seq, accountID, r.No, string(r.Day), r.Time, r.DocNo, r.Ref, int64(r.Debit), int64(r.Credit), r.Memo, r.OtherSide,
		r.Fingerprint.String(), r.Ordinal, r.Reference, r.RuleID, r.EarmarkID, r.State)
}

// Enter writes rows as movements of the account and gives those that are new. Those that are in the books already, from this
// or another file, are passed over. The caller holds the lock of the account.
func Enter(ctx context.Context, tx db.Tx, importID, accountID string, rows []Row) (fresh []Row, err error) {
	if tx.Engine() == db.Postgres {
		err = tx.Pgx(func(c *pgx.Conn) error { fresh, err = copyIn(ctx, c, importID, accountID, rows); return err })
		return fresh, err
	}
	n, err := insert(ctx, tx, importID, accountID, rows)
	if err != nil || n == int64(len(rows)) || len(rows) == 0 {
		return rows, err
	}
	var entered []int
	if err := tx.NewRaw("SELECT seq FROM fund_row WHERE import_id = ? AND seq BETWEEN ? AND ? ORDER BY seq", importID, rows[0].Seq, rows[len(rows)-1].Seq).Scan(ctx, &entered); err != nil {
		return nil, err
	}
	for _, r := range rows {
		if _, found := slices.BinarySearch(entered, r.Seq); found {
			fresh = append(fresh, r)
		}
	}
	return fresh, nil
}

const atOnce = 50 // rows of one statement

// insert writes the rows that are new and counts them.
func insert(ctx context.Context, tx db.Tx, importID, accountID string, rows []Row) (n int64, err error) {
	many, err := tx.Tx.Tx.PrepareContext(ctx, insertion(atOnce))
	if err != nil {
		return 0, err
	}
	defer many.Close()
	args := make([]any, 0, atOnce*len(columns))
	for part := range slices.Chunk(rows, atOnce) {
		args = args[:0]
		for i := range part {
			args = part[i].values(args, importID, accountID)
		}
		var res sql.Result
		if len(part) == atOnce {
			res, err = many.ExecContext(ctx, args...)
		} else {
			res, err = tx.Tx.Tx.ExecContext(ctx, insertion(len(part)), args...)
		}
		if err != nil {
			return n, err
		}
		k, err := res.RowsAffected()
		if err != nil {
			return n, err
		}
		n += k
	}
	return n, nil
}

func insertion(rows int) string {
	one := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	return "INSERT INTO fund_row (" + strings.Join(columns[:], ", ") + ") VALUES " + one + strings.Repeat(", "+one, rows-1) + " ON CONFLICT (fingerprint, ordinal) DO NOTHING"
}

// copyIn asks which rows are known, sends the others by COPY and gives them.
func copyIn(ctx context.Context, c *pgx.Conn, importID, accountID string, rows []Row) (fresh []Row, err error) {
	prints, ordinals := make([]string, len(rows)), make([]int32, len(rows))
	for i := range rows {
		prints[i], ordinals[i] = rows[i].Fingerprint.String(), int32(rows[i].Ordinal)
	}
	found, err := c.Query(ctx, `SELECT x.i FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS x (fingerprint, ordinal, i)
		JOIN fund_row r ON r.fingerprint = x.fingerprint AND r.ordinal = x.ordinal`, pgx.QueryExecModeExec, prints, ordinals)
	if err != nil {
		return nil, err
	}
	known := map[int64]bool{}
	var at int64
	if _, err := pgx.ForEachRow(found, []any{&at}, func() error { known[at-1] = true; return nil }); err != nil {
		return nil, err
	}
	fresh = rows
	if len(known) > 0 {
		fresh = nil
		for i, r := range rows {
			if !known[int64(i)] {
				fresh = append(fresh, r)
			}
		}
	}
	var values []any
	_, err = c.CopyFrom(ctx, pgx.Identifier{"fund_row"}, columns[:], pgx.CopyFromSlice(len(fresh), func(i int) ([]any, error) {
		values = fresh[i].values(values[:0], importID, accountID)
		return values, nil
	}))
	return fresh, err
}
