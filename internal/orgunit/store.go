package orgunit

import (
	"context"
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

// all reads everything. The order of the rows is that of their keys, so that equal tables give equal pictures.
func (store) all(ctx context.Context, q bun.IDB) (records, error) {
	var r records
	for _, x := range []struct {
		into  any
		order string
	}{{&r.units, "id"}, {&r.names, "unit_id, valid_from"}, {&r.parents, "unit_id, valid_from"},
		{&r.edges, "on_date, from_id, to_id"}, {&r.aliases, "level, code, unit_id"}} {
		if err := q.NewSelect().Model(x.into).OrderExpr(x.order).Scan(ctx); err != nil {
			return records{}, fmt.Errorf("orgunit: read: %w", err)
		}
	}
	return r, nil
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
