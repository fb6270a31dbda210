package orgunit

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations is the SQL of the units' tables.
var Migrations = db.Migrations{Name: "orgunit", FS: migrationFiles}

// store is the only code that names the package's tables.
type store struct{}

// batch is how many rows one INSERT carries: far below the limits of either engine.
const batch = 500

func (store) version(ctx context.Context, q bun.IDB) (int64, error) {
	var v int64
	err := q.NewSelect().Table("orgunit_version").Column("version").Where("id = 1").Scan(ctx, &v)
	return v, err
}

// lock takes the one row that all changes pass through and gives the version it stands at.
func (store) lock(ctx context.Context, tx db.Tx) (int64, error) {
	var v int64
	err := tx.ForUpdate(tx.NewSelect().Table("orgunit_version").Column("version").Where("id = 1")).Scan(ctx, &v)
	return v, err
}

func (store) raise(ctx context.Context, tx db.Tx) (int64, error) {
	var v int64
	err := tx.NewRaw("UPDATE orgunit_version SET version = version + 1 WHERE id = 1 RETURNING version").Scan(ctx, &v)
	return v, err
}

// all reads everything. The order of the rows is that of their keys, so that equal tables give equal pictures. It scans by
// hand: a start reads some hundred thousand rows.
func (store) all(ctx context.Context, q bun.IDB) (records, error) {
	var r records
	var err error
	read := func(query string, row func(*sql.Rows) error) {
		if err == nil {
			err = each(ctx, q, query, row)
		}
	}
	read("SELECT id, kind, level, code, valid_from, valid_to, opened_by, closed_by FROM orgunit_unit ORDER BY id", func(s *sql.Rows) error {
		var x unitRow
		err := s.Scan(&x.ID, &x.Kind, &x.Level, &x.Code, (*string)(&x.From), (*string)(&x.To), &x.OpenedBy, &x.ClosedBy)
		r.units = append(r.units, x)
		return err
	})
	read("SELECT unit_id, valid_from, name, full_name, type, basis FROM orgunit_name ORDER BY unit_id, valid_from", func(s *sql.Rows) error {
		var x nameRow
		err := s.Scan(&x.UnitID, (*string)(&x.From), &x.Name, &x.FullName, &x.Type, &x.Basis)
		r.names = append(r.names, x)
		return err
	})
	read("SELECT unit_id, valid_from, parent_id FROM orgunit_parent ORDER BY unit_id, valid_from", func(s *sql.Rows) error {
		var x parentRow
		err := s.Scan(&x.UnitID, (*string)(&x.From), &x.ParentID)
		r.parents = append(r.parents, x)
		return err
	})
	read("SELECT from_id, to_id, on_date, kind, basis FROM orgunit_edge ORDER BY on_date, from_id, to_id", func(s *sql.Rows) error {
		var x edgeRow
		err := s.Scan(&x.FromID, &x.ToID, (*string)(&x.On), &x.Kind, &x.Basis)
		r.edges = append(r.edges, x)
		return err
	})
	read("SELECT level, code, unit_id, note FROM orgunit_alias ORDER BY level, code, unit_id", func(s *sql.Rows) error {
		var x aliasRow
		err := s.Scan(&x.Level, &x.Code, &x.UnitID, &x.Note)
		r.aliases = append(r.aliases, x)
		return err
	})
	if err != nil {
		return records{}, fmt.Errorf("orgunit: read: %w", err)
	}
	return r, nil
}

func each(ctx context.Context, q bun.IDB, query string, row func(*sql.Rows) error) error {
	rows, err := q.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// put writes rows, in the place of those with the same keys.
func (store) put(ctx context.Context, tx db.Tx, r records) error {
	if err := upsert(ctx, tx, r.units, "id", "kind", "level", "code", "valid_from", "valid_to", "opened_by", "closed_by"); err != nil {
		return err
	}
	if err := upsert(ctx, tx, r.names, "unit_id, valid_from", "name", "full_name", "type", "basis"); err != nil {
		return err
	}
	if err := upsert(ctx, tx, r.parents, "unit_id, valid_from", "parent_id", "basis"); err != nil {
		return err
	}
	if err := upsert(ctx, tx, r.edges, "from_id, to_id, on_date", "kind", "basis"); err != nil {
		return err
	}
	return upsert(ctx, tx, r.aliases, "level, code, unit_id", "note")
}

func upsert[R any](ctx context.Context, tx db.Tx, rows []R, key string, set ...string) error {
	for len(rows) > 0 {
		part := rows[:min(batch, len(rows))]
		rows = rows[len(part):]
		q := tx.NewInsert().Model(&part).On("CONFLICT (" + key + ") DO UPDATE")
		for _, c := range set {
			q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
		}
		if _, err := q.Exec(ctx); err != nil {
			return fmt.Errorf("orgunit: write: %w", err)
		}
	}
	return nil
}

// putClosure replaces the closure rows of the given units.
func (store) putClosure(ctx context.Context, tx db.Tx, units []string, rows []closureRow) error {
	for len(units) > 0 {
		part := units[:min(batch, len(units))]
		units = units[len(part):]
		if _, err := tx.NewDelete().Table("orgunit_closure").Where("unit_id IN (?)", bun.In(part)).Exec(ctx); err != nil {
			return fmt.Errorf("orgunit: closure: %w", err)
		}
	}
	for len(rows) > 0 {
		part := rows[:min(2*batch, len(rows))]
		rows = rows[len(part):]
		if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
			return fmt.Errorf("orgunit: closure: %w", err)
		}
	}
	return nil
}
