// Package dbtest gives a test a fresh, migrated database in one line, on both engines. SQLite runs always. PostgreSQL runs
// on the server named by NHIPCAU_TEST_POSTGRES, or on one that the test process starts itself on a temporary port from the
// machine's own packages, as a user that is not root; it goes when the process goes. Where PostgreSQL is not installed the
// test says so and is skipped, unless NHIPCAU_REQUIRE_POSTGRES is set (as `make test` does): then it fails.
package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Each runs the test once on SQLite and once on PostgreSQL, each time on an empty database with the given migrations.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB), sets ...db.Migrations) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t, sets...)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t, sets...)) })
}

// SQLite gives an empty migrated SQLite database, closed at the end of the test.
func SQLite(t testing.TB, sets ...db.Migrations) *db.DB {
	t.Helper()
	tmpl := sqliteTemplate(t, sets)
	path := filepath.Join(t.TempDir(), "test.db")
	if err := copyFile(tmpl, path); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// Postgres gives an empty migrated PostgreSQL database, dropped at the end of the test.
func Postgres(t testing.TB, sets ...db.Migrations) *db.DB {
	t.Helper()
	return open(t, PostgresURL(t, sets...))
}

// PostgresURL is Postgres for tests that open the database more than once (two processes on one database).
func PostgresURL(t testing.TB, sets ...db.Migrations) string {
	t.Helper()
	server := postgresServer(t)
	tmpl := postgresTemplate(t, server, sets)
	name := "t_" + strings.ReplaceAll(id.New(), "-", "")
	admin(t, server, "CREATE DATABASE "+name+" TEMPLATE "+tmpl)
	t.Cleanup(func() { admin(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	return withDatabase(server, name)
}

func open(t testing.TB, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

var templates struct {
	sync.Mutex
	postgres map[string]string
}

// sqliteTemplate migrates once per set of migrations and machine; tests copy the file.
func sqliteTemplate(t testing.TB, sets []db.Migrations) string {
	templates.Lock()
	defer templates.Unlock()
	path := filepath.Join(os.TempDir(), "nhipcau-dbtest-"+fingerprint(t, sets)[:24]+".db")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	dir := t.TempDir()
	fresh := filepath.Join(dir, "template.db")
	migrate(t, fresh, sets)
	staged := path + "." + id.New()
	if err := copyFile(fresh, staged); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(staged, path); err != nil { // two test processes may race: either file is right
		t.Fatal(err)
	}
	return path
}

func postgresTemplate(t testing.TB, server string, sets []db.Migrations) string {
	templates.Lock()
	defer templates.Unlock()
	key := fingerprint(t, sets)
	if n, ok := templates.postgres[key]; ok {
		return n
	}
	name := "tmpl_" + strings.ReplaceAll(id.New(), "-", "")
	admin(t, server, "CREATE DATABASE "+name)
	migrate(t, withDatabase(server, name), sets)
	if templates.postgres == nil {
		templates.postgres = map[string]string{}
	}
	templates.postgres[key] = name
	return name
}

func migrate(t testing.TB, dsn string, sets []db.Migrations) {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(ctx, sets...); err != nil {
		t.Fatal(err)
	}
	if d.Engine() == db.SQLite { // fold the WAL into the file so that one file is the whole template
		if _, err := d.SQLWriter().ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func fingerprint(t testing.TB, sets []db.Migrations) string {
	h := sha256.New()
	for _, s := range sets {
		fmt.Fprintln(h, s.Name)
		err := fs.WalkDir(s.FS, ".", func(p string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := fs.ReadFile(s.FS, p)
			fmt.Fprintln(h, p, len(b))
			h.Write(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

func admin(t testing.TB, server, statement string) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
