package fleet

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// store is the feature's SQL; it holds nothing.
type store struct{}

type ruleRow struct {
	bun.BaseModel `bun:"table:fleet_rule,alias:r"`

	UnitID      string       `bun:"unit_id,pk"`
	Kind        channel.Kind `bun:"kind,pk"`
	Names       string       `bun:"names"`
	Picture     bool         `bun:"picture"`
	Cover       bool         `bun:"cover"`
	Description string       `bun:"description"`
	Required    bool         `bun:"required"`
	SilentDays  int          `bun:"silent_days"`
	WebhookDays int          `bun:"webhook_days"`
	UpdatedAt   time.Time    `bun:"updated_at"`
	UpdatedBy   string       `bun:"updated_by"`
}

func (r ruleRow) rule() Rule {
	return Rule{UnitID: r.UnitID, Kind: r.Kind, Names: lines(r.Names), Picture: r.Picture, Cover: r.Cover, Description: lines(r.Description), Required: r.Required, SilentDays: r.SilentDays, WebhookDays: r.WebhookDays}
}

// lines are the lines of a text that hold something.
func lines(s string) []string {
	var out []string
	for l := range strings.SplitSeq(s, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func (store) rules(ctx context.Context, q bun.IDB) ([]Rule, error) {
	var rows []ruleRow
	if err := q.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Rule, len(rows))
	for i, r := range rows {
		out[i] = r.rule()
	}
	return out, nil
}

func (store) putRule(ctx context.Context, q bun.IDB, r Rule, by string, now time.Time) error {
	row := ruleRow{UnitID: r.UnitID, Kind: r.Kind, Names: strings.Join(r.Names, "\n"), Picture: r.Picture, Cover: r.Cover, Description: strings.Join(r.Description, "\n"), Required: r.Required,
		SilentDays: r.SilentDays, WebhookDays: r.WebhookDays, UpdatedAt: now, UpdatedBy: by}
	_, err := q.NewInsert().Model(&row).On("CONFLICT (unit_id, kind) DO UPDATE").Set("names = EXCLUDED.names").Set("picture = EXCLUDED.picture").
		Set("cover = EXCLUDED.cover").Set("description = EXCLUDED.description").
		Set("required = EXCLUDED.required").Set("silent_days = EXCLUDED.silent_days").Set("webhook_days = EXCLUDED.webhook_days").
		Set("updated_at = EXCLUDED.updated_at").Set("updated_by = EXCLUDED.updated_by").Exec(ctx)
	return err
}

type alertRow struct {
	bun.BaseModel `bun:"table:fleet_alert,alias:f"`

	ID        string       `bun:"id,pk"`
	AccountID string       `bun:"account_id"`
	UnitID    string       `bun:"unit_id"`
	Kind      channel.Kind `bun:"kind"`
	Cause     Condition    `bun:"cause"`
	Reason    string       `bun:"reason"`
	OpenedAt  time.Time    `bun:"opened_at"`
	ClosedAt  time.Time    `bun:"closed_at,nullzero"`
	AckAt     time.Time    `bun:"ack_at,nullzero"`
	AckBy     string       `bun:"ack_by"`
	AckName   string       `bun:"ack_name"`
	AckNote   string       `bun:"ack_note"`
}

func (r alertRow) alert() Alert {
	return Alert{ID: r.ID, AccountID: r.AccountID, UnitID: r.UnitID, Kind: r.Kind, Cause: r.Cause, Reason: r.Reason, OpenedAt: r.OpenedAt,
		ClosedAt: r.ClosedAt, AckAt: r.AckAt, AckBy: r.AckBy, AckName: r.AckName, AckNote: r.AckNote}
}

// openAlerts lists what is open, of one account or ("") of all.
func (store) openAlerts(ctx context.Context, q bun.IDB, accountID string) ([]alertRow, error) {
	var rows []alertRow
	sel := q.NewSelect().Model(&rows).Where("closed_at IS NULL")
	if accountID != "" {
		sel = sel.Where("account_id = ?", accountID)
	}
	return rows, sel.Scan(ctx)
}

// insert opens an alert; false when it stands open already.
func (store) insert(ctx context.Context, q bun.IDB, r alertRow) (bool, error) {
	res, err := q.NewInsert().Model(&r).On("CONFLICT (account_id, cause) WHERE closed_at IS NULL DO NOTHING").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// close closes an alert; false when it was closed meanwhile.
func (store) close(ctx context.Context, q bun.IDB, id string, now time.Time) (bool, error) {
	res, err := q.NewUpdate().Model((*alertRow)(nil)).Set("closed_at = ?", now).Where("id = ?", id).Where("closed_at IS NULL").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// follow gives an open alert the unit and the reason that its account has now.
func (store) follow(ctx context.Context, q bun.IDB, id, unitID, reason string) error {
	_, err := q.NewUpdate().Model((*alertRow)(nil)).Set("unit_id = ?", unitID).Set("reason = ?", reason).Where("id = ?", id).Exec(ctx)
	return err
}

func (store) acknowledge(ctx context.Context, q bun.IDB, id string, by identity.Actor, note string, now time.Time) error {
	_, err := q.NewUpdate().Model((*alertRow)(nil)).Set("ack_at = ?", now).Set("ack_by = ?", by.ID).Set("ack_name = ?", by.Name).Set("ack_note = ?", note).Where("id = ?", id).Exec(ctx)
	return err
}

// alert gives one alert under the roots; any for no roots at all when all is set.
func (store) alert(ctx context.Context, q bun.IDB, id string, roots []string, on clock.Date) (alertRow, error) {
	var r alertRow
	err := orgunit.Within(q.NewSelect().Model(&r), "f.unit_id", roots, on).Where("f.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "fleet.alert.not_found")
	}
	return r, err
}

func (store) alerts(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f AlertFilter) ([]alertRow, int, error) {
	var rows []alertRow
	sel := orgunit.Within(q.NewSelect().Model(&rows), "f.unit_id", roots, on)
	switch f.View {
	case ViewHistory:
		sel = sel.Where("f.closed_at IS NOT NULL").Order("f.closed_at DESC", "f.id DESC")
	case ViewNew:
		sel = sel.Where("f.closed_at IS NULL").Where("f.ack_at IS NULL").Order("f.opened_at DESC", "f.id DESC")
	default:
		sel = sel.Where("f.closed_at IS NULL").Order("f.opened_at DESC", "f.id DESC")
	}
	if f.AccountID != "" {
		sel = sel.Where("f.account_id = ?", f.AccountID)
	}
	if f.Per > 0 {
		sel = sel.Limit(int64(f.Per)).Offset(int64(max(f.Page, 1)-1) * int64(f.Per))
	}
	n, err := sel.ScanAndCount(ctx)
	return rows, int(n), err
}

// count counts the open alerts under the roots, and those of them that nobody has acknowledged.
func (store) count(ctx context.Context, q bun.IDB, roots []string, on clock.Date) (open, fresh int, err error) {
	err = orgunit.Within(q.NewSelect().Model((*alertRow)(nil)), "f.unit_id", roots, on).Where("f.closed_at IS NULL").
		ColumnExpr("count(*)").ColumnExpr("count(CASE WHEN f.ack_at IS NULL THEN 1 END)").Scan(ctx, &open, &fresh)
	return open, fresh, err
}
