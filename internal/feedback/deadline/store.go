package deadline

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// store is the SQL of the package.
type store struct{}

// line brings typed words into the form in which they are kept: NFC, one line.
func line(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

func (store) terms(ctx context.Context, q bun.IDB) ([]Term, error) {
	var rows []termRow
	if err := q.NewSelect().Model(&rows).Order("kind DESC", "category", "unit_id", "valid_from DESC").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Term, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

func (store) term(ctx context.Context, tx db.Tx, termID string) (Term, error) {
	var r termRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", termID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Term{}, fault.New(fault.NotFound, "deadline.not_found")
	}
	return r.domain(), err
}

// endBefore ends the row of the same key that holds on the new row's first day and gives the first day of the next one of
// the key, "" when there is none. A row that would begin on the same day is replaced: it ends before it began.
func (store) endBefore(ctx context.Context, q bun.IDB, t Term) (next clock.Date, err error) {
	same := func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("kind = ?", string(t.Kind)).Where("category = ?", t.Category).Where("unit_id = ?", t.UnitID)
	}
	_, err = q.NewUpdate().Model((*termRow)(nil)).Set("valid_to = ?", t.From).Where("kind = ?", string(t.Kind)).Where("category = ?", t.Category).
		Where("unit_id = ?", t.UnitID).Where("valid_from <= ?", t.From).Where("valid_to > ?", t.From).Exec(ctx)
	if err != nil {
		return "", err
	}
	var days []clock.Date
	err = same(q.NewSelect().Model((*termRow)(nil)).Column("valid_from")).Where("valid_from > ?", t.From).Order("valid_from").Limit(1).Scan(ctx, &days)
	if err != nil || len(days) == 0 {
		return "", err
	}
	return days[0], nil
}

func (store) insertTerm(ctx context.Context, q bun.IDB, t Term, by string) error {
	_, err := q.NewInsert().Model(&termRow{ID: t.ID, Kind: string(t.Kind), Category: t.Category, UnitID: t.UnitID, Days: t.Days, Source: t.Source,
		ValidFrom: t.From, ValidTo: t.To, MadeAt: t.MadeAt, MadeBy: by, MadeByName: t.MadeByName, Reason: t.Reason}).Exec(ctx)
	return err
}

func (store) endTerm(ctx context.Context, q bun.IDB, termID string, on clock.Date) error {
	_, err := q.NewUpdate().Model((*termRow)(nil)).Set("valid_to = ?", on).Where("id = ?", termID).Exec(ctx)
	return err
}

type stepRow struct {
	bun.BaseModel `bun:"table:deadline_step"`
	ID            string `bun:",pk"`
	AtKind        string
	Amount        int
	Told          string
	Active        bool
}

func (store) steps(ctx context.Context, q bun.IDB) ([]Step, error) {
	var rows []stepRow
	if err := q.NewSelect().Model(&rows).Order("at_kind", "amount", "id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Step, len(rows))
	for i, r := range rows {
		out[i] = Step{ID: r.ID, At: r.AtKind, Amount: r.Amount, Told: r.Told, Active: r.Active}
	}
	return out, nil
}

func (store) saveStep(ctx context.Context, q bun.IDB, s Step) error {
	_, err := q.NewInsert().Model(&stepRow{ID: s.ID, AtKind: s.At, Amount: s.Amount, Told: s.Told, Active: s.Active}).
		On("CONFLICT (id) DO UPDATE").Set("told = EXCLUDED.told").Set("active = EXCLUDED.active").Exec(ctx)
	return err
}

type noticeRow struct {
	bun.BaseModel `bun:"table:deadline_notice,alias:n"`
	ID            string `bun:",pk"`
	CaseID        string
	StepID        string
	Deadline      clock.Date
	UnitID        string
	Told          string
	At            time.Time
	SeenAt        time.Time `bun:",nullzero"`
	SeenBy        string
	SeenByName    string
}

// insertNotice writes a notice down; fresh is false when it was written before.
func (store) insertNotice(ctx context.Context, q bun.IDB, r noticeRow) (fresh bool, err error) {
	res, err := q.NewInsert().Model(&r).On("CONFLICT (case_id, step_id, deadline) DO NOTHING").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// running is what escalation asks of an open case whose clock runs.
type running struct {
	ID         string
	Kind       string
	UnitID     string
	ReceivedAt time.Time
	Deadline   clock.Date
}

// due reads one part, after an id, of the open cases with a running clock and a last day in the range that were not told of
// the step yet.
func (store) due(ctx context.Context, q bun.IDB, stepID string, from, until clock.Date, after string, limit int64) ([]running, error) {
	var rows []running
	err := q.NewSelect().TableExpr("feedback_case AS c").Column("c.id", "c.kind", "c.received_at", "c.deadline").ColumnExpr("c.holder_unit_id AS unit_id").
		Where("c.state IN ('received', 'working', 'review')").Where("c.paused_at IS NULL").
		Where("c.deadline >= ?", from).Where("c.deadline <= ?", until).Where("c.id > ?", after).
		Where("NOT EXISTS (SELECT 1 FROM deadline_notice AS n WHERE n.case_id = c.id AND n.step_id = ? AND n.deadline = c.deadline)", stepID).
		OrderExpr("c.id").Limit(limit).Scan(ctx, &rows)
	return rows, err
}
