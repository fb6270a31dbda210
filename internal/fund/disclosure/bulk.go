package disclosure

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// addLines writes many lines at once; PostgreSQL takes them by COPY.
func (store) addLines(ctx context.Context, tx db.Tx, rows []lineRow) error {
	if tx.Engine() != db.Postgres || len(rows) < insertPart {
		return insertAll(ctx, tx, rows, "")
	}
	return copyIn(ctx, tx, "disclosure_line", []string{"appeal_no", "seq", "kind", "day", "clock", "amount", "channel", "purpose", "about", "name", "name_salt", "name_hash", "memo", "memo_salt", "memo_hash", "gift"},
		len(rows), func(i int) []any {
			r := rows[i]
			return []any{r.AppealNo, r.Seq, r.Kind, string(r.Day), r.Clock, int64(r.Amount), r.Channel, r.Purpose, r.About, r.Name, r.NameSalt, r.NameHash, r.Memo, r.MemoSalt, r.MemoHash, r.Gift}
		})
}

// addPostings writes many postings at once.
func (store) addPostings(ctx context.Context, tx db.Tx, rows []postingRow) error {
	if tx.Engine() != db.Postgres || len(rows) < insertPart {
		return insertAll(ctx, tx, rows, "")
	}
	return copyIn(ctx, tx, "disclosure_posting", []string{"appeal_no", "chunk", "word", "part", "lines"}, len(rows), func(i int) []any {
		r := rows[i]
		return []any{r.AppealNo, r.Chunk, r.Word, r.Part, r.Lines}
	})
}

func copyIn(ctx context.Context, tx db.Tx, table string, columns []string, n int, row func(i int) []any) error {
	return tx.Pgx(func(c *pgx.Conn) error {
		_, err := c.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromSlice(n, func(i int) ([]any, error) { return row(i), nil }))
		return err
	})
}

// analyze has PostgreSQL look at the tables after many lines came, so that it does not read all of them for a few.
func (s *Service) analyze(ctx context.Context) error {
	if s.DB.Engine() != db.Postgres {
		return nil
	}
	for _, table := range []string{"disclosure_line", "disclosure_posting", "disclosure_key", "disclosure_batch"} {
		if _, err := s.DB.SQLWriter().ExecContext(ctx, "ANALYZE "+table); err != nil {
			return err
		}
	}
	return nil
}
