package orgadmin

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type reorganisation struct {
	bun.BaseModel `bun:"table:orgadmin_reorganisation,alias:r"`
	ID            string     `bun:"id,pk"`
	Kind          PlanKind   `bun:"kind"`
	UnitID        string     `bun:"unit_id"`
	On            clock.Date `bun:"on_date"`
	Basis         string     `bun:"basis"`
	Plan          string     `bun:"plan"`
	Moves         string     `bun:"moves"`
	ActorID       string     `bun:"actor_id"`
	ActorName     string     `bun:"actor_name"`
	At            time.Time  `bun:"created_at"`
	MovedAt       *time.Time `bun:"moved_at"`
}

func (r reorganisation) record() (Record, error) {
	out := Record{ID: r.ID, UnitID: r.UnitID, ActorName: r.ActorName, Basis: r.Basis, Kind: r.Kind, On: r.On, At: r.At, MovedAt: r.MovedAt}
	if err := json.Unmarshal([]byte(r.Moves), &out.Moves); err != nil {
		return out, fmt.Errorf("orgadmin: moves of %s: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Plan), &out.Plan); err != nil {
		return out, fmt.Errorf("orgadmin: plan of %s: %w", r.ID, err)
	}
	return out, nil
}

// store is the SQL of the package.
type store struct{}

func (store) insert(ctx context.Context, tx db.Tx, r reorganisation) error {
	_, err := tx.NewInsert().Model(&r).Exec(ctx)
	return err
}

func (store) moved(ctx context.Context, tx db.Tx, recordID string, at time.Time) error {
	_, err := tx.NewUpdate().Model((*reorganisation)(nil)).Set("moved_at = ?", at).Where("id = ?", recordID).Exec(ctx)
	return err
}

func (store) lock(ctx context.Context, tx db.Tx, recordID string) (r reorganisation, err error) {
	err = tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", recordID)).Scan(ctx)
	return one(r, err)
}

func (store) find(ctx context.Context, q bun.IDB, recordID string) (r reorganisation, err error) {
	err = q.NewSelect().Model(&r).Where("id = ?", recordID).Scan(ctx)
	return one(r, err)
}

func one(r reorganisation, err error) (reorganisation, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "orgadmin.no_record").Because(err)
	}
	return r, err
}

func (store) list(ctx context.Context, q bun.IDB, scope []string, on clock.Date) (rows []reorganisation, err error) {
	s := orgunit.Within(q.NewSelect().Model(&rows), "r.unit_id", scope, on)
	err = s.OrderExpr("r.created_at DESC").Limit(100).Scan(ctx)
	return rows, err
}
