package db_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

var notes = db.Migrations{Name: "notes", FS: fstest.MapFS{
	"0001_notes.sql": {Data: []byte("-- +goose Up\nCREATE TABLE notes (id text PRIMARY KEY, body text NOT NULL);\n")},
}}

type note struct {
	bun.BaseModel `bun:"table:notes"`
	ID            string `bun:",pk"`
	Body          string
}

func insert(d *db.DB, n note, then error, hook func()) error {
	return d.InTx(context.Background(), func(ctx context.Context, tx db.Tx) error {
		if hook != nil {
			tx.AfterCommit(hook)
		}
		if _, err := tx.NewInsert().Model(&n).Exec(ctx); err != nil {
			return err
		}
		return then
	})
}

func count(t *testing.T, d *db.DB) int64 {
	t.Helper()
	n, err := d.Read().NewSelect().Model((*note)(nil)).Count(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCommitRollbackHooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ran := 0
		boom := errors.New("boom")
		if err := insert(d, note{ID: "a", Body: "Đơn thư"}, nil, func() { ran++ }); err != nil {
			t.Fatal(err)
		}
		if err := insert(d, note{ID: "b"}, boom, func() { ran++ }); !errors.Is(err, boom) {
			t.Fatal(err)
		}
		if err := insert(d, note{ID: "a"}, nil, nil); !db.IsUnique(err) {
			t.Fatalf("want a unique violation, got %v", err)
		}
		if n := count(t, d); n != 1 || ran != 1 {
			t.Fatalf("rows %d hooks %d, want 1 and 1", n, ran)
		}
	}, notes)
}

// One failing neighbour must not take down the others that share its commit.
func TestGroupCommitKeepsNeighbours(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		boom := errors.New("boom")
		for i := range 200 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				var then error
				if i%4 == 0 {
					then = boom
				}
				if err := insert(d, note{ID: fmt.Sprint(i)}, then, nil); !errors.Is(err, then) {
					t.Errorf("write %d: %v", i, err)
				}
			}()
		}
		wg.Wait()
		if n := count(t, d); n != 150 {
			t.Fatalf("rows = %d, want 150", n)
		}
	}, notes)
}

func TestPanicIsAnErrorOnSQLite(t *testing.T) {
	d := dbtest.SQLite(t, notes)
	err := d.InTx(context.Background(), func(context.Context, db.Tx) error { panic("slip") })
	if err == nil {
		t.Fatal("want an error")
	}
	if err := insert(d, note{ID: "after"}, nil, nil); err != nil {
		t.Fatal("the writer must survive:", err)
	}
}

func TestReadHandleRefusesWritesOnSQLite(t *testing.T) {
	d := dbtest.SQLite(t, notes)
	if _, err := d.Read().NewInsert().Model(&note{ID: "x"}).Exec(context.Background()); err == nil {
		t.Fatal("the read handle accepted a write")
	}
}

func TestMigrateTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(context.Background(), notes); err != nil {
			t.Fatal(err)
		}
	}, notes)
}

// TestTuneLearnsIndexes: SQLite knows of an index after tuning; on PostgreSQL it is no business of ours.
func TestTuneLearnsIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		for range 2 { // a second time finds nothing to do
			if err := d.Tune(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if d.Engine() != db.SQLite {
			return
		}
		err := d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for _, q := range []string{"CREATE TABLE tune_thing (id integer PRIMARY KEY, kind text)", "CREATE INDEX tune_thing_kind ON tune_thing (kind)",
				"INSERT INTO tune_thing (kind) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) SELECT i % 7 FROM n"} {
				if _, err := tx.ExecContext(ctx, q); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Tune(ctx); err != nil {
			t.Fatal(err)
		}
		var stat string
		if err := d.Read().NewRaw("SELECT stat FROM sqlite_stat1 WHERE idx = 'tune_thing_kind'").Scan(ctx, &stat); err != nil || stat != "3000 429" {
			t.Errorf("%q %v", stat, err)
		}
	})
}
