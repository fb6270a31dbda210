package jobs

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// connTx lets River's pgx driver write into a transaction that database/sql has opened on the same connection. It never
// commits or rolls back: the owner of the transaction does.
type connTx struct{ c *pgx.Conn }

var errOuter = errors.New("jobs: the transaction belongs to its opener")

func (t connTx) Begin(ctx context.Context) (pgx.Tx, error) {
	_, err := t.c.Exec(ctx, "SAVEPOINT river_sp")
	return savepointTx{t}, err
}
func (connTx) Commit(context.Context) error   { return errOuter }
func (connTx) Rollback(context.Context) error { return errOuter }
func (t connTx) CopyFrom(ctx context.Context, n pgx.Identifier, cs []string, s pgx.CopyFromSource) (int64, error) {
	return t.c.CopyFrom(ctx, n, cs, s)
}
func (t connTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.c.SendBatch(ctx, b)
}
func (t connTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }
func (t connTx) Prepare(ctx context.Context, n, q string) (*pgconn.StatementDescription, error) {
	return t.c.Prepare(ctx, n, q)
}
func (t connTx) Exec(ctx context.Context, q string, a ...any) (pgconn.CommandTag, error) {
	return t.c.Exec(ctx, q, a...)
}
func (t connTx) Query(ctx context.Context, q string, a ...any) (pgx.Rows, error) {
	return t.c.Query(ctx, q, a...)
}
func (t connTx) QueryRow(ctx context.Context, q string, a ...any) pgx.Row {
	return t.c.QueryRow(ctx, q, a...)
}
func (t connTx) Conn() *pgx.Conn { return t.c }

type savepointTx struct{ connTx }

func (t savepointTx) Commit(ctx context.Context) error {
	_, err := t.c.Exec(ctx, "RELEASE SAVEPOINT river_sp")
	return err
}

func (t savepointTx) Rollback(ctx context.Context) error {
	_, err := t.c.Exec(ctx, "ROLLBACK TO SAVEPOINT river_sp")
	return err
}
