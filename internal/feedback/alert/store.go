package alert

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type subscriptionRow struct {
	bun.BaseModel `bun:"table:alert_subscription,alias:s"`
	ID            string `bun:",pk"`
	Address       string
	AddressKey    string
	TokenHash     string
	UnitID        string
	Category      string
	Daily         bool
	Lang          string
	AskedAt       time.Time
	ConfirmedAt   time.Time `bun:",nullzero"`
	TriedOn       clock.Date
	Failures      int
	RefusedOn     clock.Date
}

type itemRow struct {
	bun.BaseModel  `bun:"table:alert_item,alias:i"`
	SubscriptionID string `bun:",pk"`
	CaseID         string `bun:",pk"`
	Answered       string `bun:",pk"`
	At             time.Time
	SentAt         time.Time `bun:",nullzero"`
}

func (r subscriptionRow) expired(now time.Time) bool {
	return r.ConfirmedAt.IsZero() && !now.Before(r.AskedAt.AddDate(0, 0, ConfirmDays))
}

func (r subscriptionRow) domain() Subscription {
	s := Subscription{ID: r.ID, UnitID: r.UnitID, Category: r.Category, Daily: r.Daily, Confirmed: !r.ConfirmedAt.IsZero()}
	if !s.Confirmed {
		s.Until = clock.DateOf(r.AskedAt.AddDate(0, 0, ConfirmDays))
	}
	return s
}

// row reads one subscription by a column that is unique.
func (s *Service) row(ctx context.Context, q bun.IDB, column, value string) (subscriptionRow, error) {
	var r subscriptionRow
	err := q.NewSelect().Model(&r).Where("? = ?", bun.Ident("s."+column), value).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = errGone()
	}
	return r, err
}

func (s *Service) remove(ctx context.Context, tx db.Tx, subscriptionID string) error {
	if _, err := tx.NewDelete().Model((*itemRow)(nil)).Where("subscription_id = ?", subscriptionID).Exec(ctx); err != nil {
		return err
	}
	_, err := tx.NewDelete().Model((*subscriptionRow)(nil)).Where("id = ?", subscriptionID).Exec(ctx)
	return err
}

// Mover lets subscriptions follow a unit into its successor; it implements orgunit.Mover.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about subscriptions.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the subscriptions to each unit.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	if len(from) == 0 {
		return nil, nil
	}
	var rows []struct {
		UnitID string
		N      int
	}
	err := m.s.DB.Read().NewSelect().TableExpr("alert_subscription AS s").ColumnExpr("s.unit_id").ColumnExpr("COUNT(*) AS n").
		Where("s.unit_id IN (?)", bun.In(from)).GroupExpr("s.unit_id").OrderExpr("s.unit_id").Scan(ctx, &rows)
	var out []orgunit.MoveLine
	for _, r := range rows {
		out = append(out, orgunit.MoveLine{UnitID: r.UnitID, Key: "alert.move.items", Count: r.N})
	}
	return out, err
}

// Move gives the subscriptions of a unit to its successor inside the reorganisation's transaction; where the same address
// has the successor already, one is enough.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	var twice []string
	err := tx.NewSelect().TableExpr("alert_subscription AS s").ColumnExpr("s.id").Where("s.unit_id = ?", from).
		Where("EXISTS (SELECT 1 FROM alert_subscription AS o WHERE o.unit_id = ? AND o.address_key = s.address_key AND o.category = s.category)", to).Scan(ctx, &twice)
	if err != nil {
		return err
	}
	for _, x := range twice {
		if err := m.s.remove(ctx, tx, x); err != nil {
			return err
		}
	}
	_, err = tx.NewUpdate().Model((*subscriptionRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx)
	return err
}
