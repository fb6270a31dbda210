package db

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations is the forward-only SQL of one package: files NNNN_name.sql in goose format. A file that must differ between
// the engines is written twice, as NNNN_name.sqlite.sql and NNNN_name.postgres.sql.
type Migrations struct {
	Name string // the package's name; its versions are kept in the table goose_NAME
	FS   fs.FS  // holds the files at its root or in migrations/
}

// Migrate brings the tables of each given package up to date, in order. Two processes may call it at once.
func (d *DB) Migrate(ctx context.Context, sets ...Migrations) error {
	for _, m := range sets {
		if err := d.migrate(ctx, m); err != nil {
			return fmt.Errorf("db: migrate %s: %w", m.Name, err)
		}
	}
	return nil
}

func (d *DB) migrate(ctx context.Context, m Migrations) error {
	files, err := forEngine(m.FS, d.engine)
	if err != nil || len(files) == 0 {
		return err
	}
	dialect := goose.DialectSQLite3
	opts := []goose.ProviderOption{goose.WithTableName("goose_" + m.Name), goose.WithDisableGlobalRegistry(true)}
	if d.engine == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, d.migrationDB(), files, opts...)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

func (d *DB) migrationDB() *sql.DB { return d.write.DB }

// forEngine keeps the files meant for the engine, with the engine's suffix taken off their names.
func forEngine(fsys fs.FS, e Engine) (fstest.MapFS, error) {
	if sub, err := fs.Sub(fsys, "migrations"); err == nil {
		if _, err := fs.Stat(sub, "."); err == nil {
			fsys = sub
		}
	}
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	out := fstest.MapFS{}
	for _, name := range names {
		base := strings.TrimSuffix(name, ".sql")
		switch ext := path.Ext(base); ext {
		case "." + string(e):
			base = strings.TrimSuffix(base, ext)
		case "." + string(SQLite), "." + string(Postgres):
			continue
		}
		b, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		out[base+".sql"] = &fstest.MapFile{Data: b}
	}
	return out, nil
}
