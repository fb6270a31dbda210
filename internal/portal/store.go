package portal

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of the public site.
var Migrations = db.Migrations{Name: "portal", FS: migrations}

type siteRow struct {
	bun.BaseModel `bun:"table:portal_site,alias:s"`

	UnitID    string    `bun:"unit_id,pk"`
	Host      string    `bun:"host"`
	Intro     string    `bun:"intro"`
	Hotline   string    `bun:"hotline"`
	Address   string    `bun:"address"`
	Email     string    `bun:"email"`
	People    string    `bun:"people"`
	Rev       int       `bun:"rev"`
	UpdatedAt time.Time `bun:"updated_at"`
}

func (r siteRow) site() (Site, error) {
	s := Site{UnitID: r.UnitID, Host: r.Host, Intro: r.Intro, Hotline: r.Hotline, Address: r.Address, Email: r.Email, Rev: r.Rev, UpdatedAt: r.UpdatedAt.UTC()}
	if err := json.Unmarshal([]byte(r.People), &s.People); err != nil {
		return s, fmt.Errorf("portal: people of %s: %w", r.UnitID, err)
	}
	return s, nil
}

type store struct{}

// sites reads what the units have said of themselves, by unit; units that said nothing are missing.
func (store) sites(ctx context.Context, q bun.IDB, unitIDs ...string) (map[string]Site, error) {
	out := map[string]Site{}
	if len(unitIDs) == 0 {
		return out, nil
	}
	var rows []siteRow
	if err := q.NewSelect().Model(&rows).Where("s.unit_id IN (?)", bun.In(unitIDs)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("portal: sites: %w", err)
	}
	for _, r := range rows {
		one, err := r.site()
		if err != nil {
			return nil, err
		}
		out[r.UnitID] = one
	}
	return out, nil
}

// hosts reads which unit owns which name on the Internet.
func (store) hosts(ctx context.Context, q bun.IDB) (map[string]string, error) {
	var rows []siteRow
	if err := q.NewSelect().Model(&rows).Column("unit_id", "host").Where("s.host <> ''").Scan(ctx); err != nil {
		return nil, fmt.Errorf("portal: hosts: %w", err)
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Host] = r.UnitID
	}
	return out, nil
}

// save writes the site over the one with the revision before; a newer one there is a Conflict fault.
func (store) save(ctx context.Context, tx db.Tx, s Site) error {
	people, err := json.Marshal(s.People)
	if err != nil {
		return err
	}
	row := siteRow{UnitID: s.UnitID, Host: s.Host, Intro: s.Intro, Hotline: s.Hotline, Address: s.Address, Email: s.Email,
		People: string(people), Rev: s.Rev, UpdatedAt: s.UpdatedAt}
	var res sql.Result
	if s.Rev == 1 {
		res, err = tx.NewInsert().Model(&row).On("CONFLICT (unit_id) DO NOTHING").Exec(ctx)
	} else {
		res, err = tx.NewUpdate().Model(&row).WherePK().Where("rev = ?", s.Rev-1).Exec(ctx)
	}
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fault.New(fault.Conflict, "portal.changed_meanwhile"), err)
	}
	return nil
}

func (store) version(ctx context.Context, q bun.IDB) (n int64, err error) {
	err = q.NewSelect().Table("portal_version").Column("n").Where("id = 1").Scan(ctx, &n)
	return n, err
}

func (s store) bump(ctx context.Context, tx db.Tx) (int64, error) {
	if _, err := tx.NewUpdate().Table("portal_version").Set("n = n + 1").Where("id = 1").Exec(ctx); err != nil {
		return 0, fmt.Errorf("portal: version: %w", err)
	}
	return s.version(ctx, tx)
}
