// Package db opens the one database of the house, embedded SQLite or PostgreSQL, behind the same bun models. Writes go
// through InTx, which commits before it returns: what it acknowledged survives a power cut. On SQLite waiting writes are
// committed together (group commit), each in a savepoint of its own, so that one disk flush serves many citizens.
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
)

// Engine names the kind of database.
type Engine string

// The two engines; every store works the same on both.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is an open database. Read with Read, write with InTx.
type DB struct {
	engine Engine
	write  *bun.DB
	read   *bun.DB
	pool   *pgxpool.Pool // nil on SQLite
	group  *committer    // nil on PostgreSQL
}

// Open connects to "postgres://…" or opens (and creates) the SQLite file named by "sqlite:PATH" or a plain path.
func Open(ctx context.Context, dsn string) (*DB, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(ctx, dsn)
	}
	return openSQLite(ctx, strings.TrimPrefix(dsn, "sqlite:"))
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("db: the database address cannot be read: %w", err)
	}
	// bun writes arguments into the statement text; preparing each distinct text would cost a round trip and memory.
	cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	if !strings.Contains(dsn, "pool_max_conns") {
		// Pages and jobs share the pool, and most of a connection's time is waiting: far more than one per core pays.
		cfg.MaxConns = int32(max(32, 4*runtime.NumCPU()))
	}
	// Questions here are short: compiling one takes the server longer than answering it. It is no parameter of the connection,
	// because poolers in between refuse those they do not know.
	cfg.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SET jit = off")
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("db: cannot connect to PostgreSQL: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("db: PostgreSQL does not answer: %w", err)
	}
	b := bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New())
	return &DB{engine: Postgres, write: b, read: b, pool: pool}, nil
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if path == "" {
		return nil, errors.New("db: the SQLite file has no name")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("db: cannot make the data folder: %w", err)
	}
	// synchronous=FULL: a commit is on the disk before anybody is told "received" (the WAL is flushed at each commit).
	common := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=foreign_keys(1)" +
		"&_pragma=temp_store(memory)&_pragma=mmap_size(268435456)&_time_format=sqlite"
	w, err := sql.Open("sqlite", common+"&_txlock=immediate&_pragma=cache_size(-65536)")
	if err != nil {
		return nil, fmt.Errorf("db: cannot open %s: %w", path, err)
	}
	w.SetMaxOpenConns(1)
	if err := w.PingContext(ctx); err != nil {
		w.Close()
		return nil, fmt.Errorf("db: cannot open %s: %w", path, err)
	}
	r, err := sql.Open("sqlite", common+"&_pragma=query_only(1)&_pragma=cache_size(-16384)")
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("db: cannot open %s for reading: %w", path, err)
	}
	n := max(4, 2*runtime.NumCPU())
	r.SetMaxOpenConns(n)
	r.SetMaxIdleConns(n)
	d := &DB{engine: SQLite, write: bun.NewDB(w, sqlitedialect.New()), read: bun.NewDB(r, sqlitedialect.New())}
	d.group = newCommitter(d.write)
	return d, nil
}

// Engine tells which engine this is.
func (d *DB) Engine() Engine { return d.engine }

// Read gives the handle for queries outside a transaction. On SQLite it refuses writes.
func (d *DB) Read() bun.IDB { return d.read }

// SQLWriter is the raw write pool, for libraries that manage tables of their own (migrations, the job queue).
func (d *DB) SQLWriter() *sql.DB { return d.write.DB }

// Pool is the native PostgreSQL pool for hot paths and for the job queue; nil on SQLite.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Ping checks that the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.read.PingContext(ctx) }

// Tune lets SQLite read through the indexes that are new and those of tables that have grown tenfold, so that it knows which of
// them leads to few rows (https://www.sqlite.org/pragma.html#pragma_optimize). PostgreSQL does that by itself. Samples would
// be quicker, but with them lists of a whole province are read in the wrong order.
func (d *DB) Tune(ctx context.Context) error {
	if d.engine != SQLite {
		return nil
	}
	if _, err := d.SQLWriter().ExecContext(ctx, "PRAGMA optimize = 0x10002"); err != nil { // also of tables that this connection has not asked
		return fmt.Errorf("db: looking through the indexes: %w", err)
	}
	return nil
}

// Close releases everything.
func (d *DB) Close() error {
	if d.group != nil {
		d.group.close()
	}
	err := d.write.Close()
	if d.read != d.write {
		err = errors.Join(err, d.read.Close())
	}
	if d.pool != nil {
		d.pool.Close()
	}
	return err
}

// Tx is a running transaction. It is a bun.IDB, so store functions take it where they take a reader.
type Tx struct {
	bun.Tx
	engine Engine
	conn   *sql.Conn // PostgreSQL: the connection under the transaction
	hooks  *[]func()
}

// Engine tells which engine the transaction runs on.
func (tx Tx) Engine() Engine { return tx.engine }

// AfterCommit runs fn once the transaction is durable; never when it fails.
func (tx Tx) AfterCommit(fn func()) { *tx.hooks = append(*tx.hooks, fn) }

// Pgx hands the native connection under the transaction to fn. PostgreSQL only.
func (tx Tx) Pgx(fn func(*pgx.Conn) error) error {
	if tx.conn == nil {
		return errors.New("db: no PostgreSQL connection under this transaction")
	}
	return tx.conn.Raw(func(dc any) error { return fn(dc.(*stdlib.Conn).Conn()) })
}

// InTx runs fn in one transaction and returns after it is durably committed; an error or panic of fn undoes all of it.
// fn must use only tx (on SQLite there is one writer) and must not wait for the outside world.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.group != nil {
		return d.group.do(ctx, fn)
	}
	return d.inPostgresTx(ctx, fn)
}

func (d *DB) inPostgresTx(ctx context.Context, fn func(ctx context.Context, tx Tx) error) (err error) {
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("db: no connection: %w", err)
	}
	defer conn.Close()
	btx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("db: begin: %w", err)
	}
	var hooks []func()
	done := false
	defer func() {
		if !done {
			_ = btx.Rollback()
		}
	}()
	if err := fn(ctx, Tx{Tx: btx, engine: Postgres, conn: conn.Conn, hooks: &hooks}); err != nil {
		return err
	}
	if err := btx.Commit(); err != nil {
		return fmt.Errorf("db: commit: %w", err)
	}
	done = true
	for _, h := range hooks {
		h()
	}
	return nil
}

// IsUnique tells whether err is a violation of a unique index or primary key, on either engine.
func IsUnique(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Code == "23505"
	}
	var se *sqlite.Error
	if errors.As(err, &se) {
		return se.Code() == 2067 || se.Code() == 1555 // SQLITE_CONSTRAINT_UNIQUE, _PRIMARYKEY
	}
	return false
}

// isRefused tells whether err says that the database will not have these very values: a constraint or a type is against them.
func isRefused(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return strings.HasPrefix(pe.Code, "22") || strings.HasPrefix(pe.Code, "23") // data exception, integrity constraint violation
	}
	var se *sqlite.Error
	return errors.As(err, &se) && se.Code()&0xff == 19 // SQLITE_CONSTRAINT
}

// IsFull tells whether err says that the disk or the database has no room left.
func IsFull(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Code == "53100"
	}
	var se *sqlite.Error
	return errors.As(err, &se) && se.Code()&0xff == 13 // SQLITE_FULL
}

// ForUpdate locks the selected rows until the transaction ends; rows that merely refer to them may still be written by
// others, so two transactions that lock in one order cannot stand crosswise with a foreign key that looks in another. SQLite
// has one writer already and no such clause.
func (tx Tx) ForUpdate(q *bun.SelectQuery) *bun.SelectQuery {
	if tx.engine == Postgres {
		return q.For("NO KEY UPDATE")
	}
	return q
}

// SkipLocked is ForUpdate that passes over rows another process holds.
func (tx Tx) SkipLocked(q *bun.SelectQuery) *bun.SelectQuery {
	if tx.engine == Postgres {
		return q.For("NO KEY UPDATE SKIP LOCKED")
	}
	return q
}
