package routing

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the SQL of the package; nobody else names these tables.
type store struct{}

type categoryRow struct {
	bun.BaseModel `bun:"table:routing_category"`
	Code          string `bun:",pk"`
	NameVi        string
	NameEn        string
	Words         string
	Active        bool
	Position      int
}

func (store) categories(ctx context.Context, q bun.IDB) ([]Category, error) {
	var rows []categoryRow
	if err := q.NewSelect().Model(&rows).Order("position", "code").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Category, len(rows))
	for i, r := range rows {
		out[i] = Category{Code: r.Code, NameVI: r.NameVi, NameEN: r.NameEn, Words: r.Words, Active: r.Active, Position: r.Position}
	}
	return out, nil
}

func (store) saveCategory(ctx context.Context, q bun.IDB, c Category) error {
	_, err := q.NewInsert().Model(&categoryRow{Code: c.Code, NameVi: c.NameVI, NameEn: c.NameEN, Words: c.Words, Active: c.Active, Position: c.Position}).
		On("CONFLICT (code) DO UPDATE").Set("name_vi = EXCLUDED.name_vi").Set("name_en = EXCLUDED.name_en").Set("words = EXCLUDED.words").
		Set("active = EXCLUDED.active").Set("position = EXCLUDED.position").Exec(ctx)
	return err
}

type ruleRow struct {
	bun.BaseModel `bun:"table:routing_rule"`
	ID            string `bun:",pk"`
	Category      string
	PlaceID       string
	ToKind        string
	ToValue       string
	Source        string
	ValidFrom     clock.Date
	ValidTo       clock.Date
	MadeAt        time.Time `bun:",nullzero"`
	MadeByName    string
	Reason        string
}

func (r ruleRow) domain() Rule {
	return Rule{ID: r.ID, Category: r.Category, PlaceID: r.PlaceID, ToKind: RuleKind(r.ToKind), ToValue: r.ToValue, Source: r.Source, From: r.ValidFrom, To: r.ValidTo,
		MadeAt: r.MadeAt.UTC(), MadeByName: r.MadeByName, Reason: r.Reason}
}

func (store) rules(ctx context.Context, q bun.IDB) ([]Rule, error) {
	var rows []ruleRow
	if err := q.NewSelect().Model(&rows).Order("category", "place_id", "valid_from DESC", "id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Rule, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

func (store) rule(ctx context.Context, tx db.Tx, ruleID string) (Rule, error) {
	var r ruleRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", ruleID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Rule{}, fault.New(fault.NotFound, "deadline.not_found")
	}
	return r.domain(), err
}

func (store) endBefore(ctx context.Context, q bun.IDB, r Rule) (next clock.Date, err error) {
	_, err = q.NewUpdate().Model((*ruleRow)(nil)).Set("valid_to = ?", r.From).Where("category = ?", r.Category).Where("place_id = ?", r.PlaceID).
		Where("valid_from <= ?", r.From).Where("valid_to > ?", r.From).Exec(ctx)
	if err != nil {
		return "", err
	}
	var days []clock.Date
	err = q.NewSelect().Model((*ruleRow)(nil)).Column("valid_from").Where("category = ?", r.Category).Where("place_id = ?", r.PlaceID).
		Where("valid_from > ?", r.From).Order("valid_from").Limit(1).Scan(ctx, &days)
	if err != nil || len(days) == 0 {
		return "", err
	}
	return days[0], nil
}

func (store) insertRule(ctx context.Context, q bun.IDB, r Rule) error {
	_, err := q.NewInsert().Model(&ruleRow{ID: r.ID, Category: r.Category, PlaceID: r.PlaceID, ToKind: string(r.ToKind), ToValue: r.ToValue, Source: r.Source,
		ValidFrom: r.From, ValidTo: r.To, MadeAt: r.MadeAt, MadeByName: r.MadeByName, Reason: r.Reason}).Exec(ctx)
	return err
}

func (store) endRule(ctx context.Context, q bun.IDB, ruleID string, on clock.Date) error {
	_, err := q.NewUpdate().Model((*ruleRow)(nil)).Set("valid_to = ?", on).Where("id = ?", ruleID).Exec(ctx)
	return err
}

type bodyRow struct {
	bun.BaseModel `bun:"table:routing_body"`
	ID            string `bun:",pk"`
	UnitID        string
	Name          string
	Email         string
	Active        bool
}

// bodies lists outside bodies whose entries the units keep; nil lists all.
func (store) bodies(ctx context.Context, q bun.IDB, units []string) ([]Body, error) {
	var rows []bodyRow
	sel := q.NewSelect().Model(&rows)
	if units != nil {
		sel = sel.Where("unit_id IN (?)", bun.In(units)).Where("active = ?", true)
	}
	if err := sel.Order("name", "id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Body, len(rows))
	for i, r := range rows {
		out[i] = Body{ID: r.ID, UnitID: r.UnitID, Name: r.Name, Email: r.Email, Active: r.Active}
	}
	return out, nil
}

func (store) body(ctx context.Context, q bun.IDB, bodyID string) (Body, error) {
	var r bodyRow
	err := q.NewSelect().Model(&r).Where("id = ?", bodyID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Body{}, fault.New(fault.NotFound, "routing.body_unknown")
	}
	return Body{ID: r.ID, UnitID: r.UnitID, Name: r.Name, Email: r.Email, Active: r.Active}, err
}

func (store) saveBody(ctx context.Context, q bun.IDB, b Body) error {
	_, err := q.NewInsert().Model(&bodyRow{ID: b.ID, UnitID: b.UnitID, Name: b.Name, Email: b.Email, Active: b.Active}).
		On("CONFLICT (id) DO UPDATE").Set("name = EXCLUDED.name").Set("email = EXCLUDED.email").Set("active = EXCLUDED.active").Exec(ctx)
	return err
}

type askRow struct {
	bun.BaseModel `bun:"table:routing_ask"`
	ID            string `bun:",pk"`
	CaseID        string
	BodyID        string
	BodyName      string
	Email         string
	UnitID        string
	BodyText      string
	Why           string
	TokenHash     string
	ExpiresAt     time.Time
	AskedAt       time.Time
	AskedBy       string
	AskedName     string
	MailedAt      time.Time `bun:",nullzero"`
	MailError     string
	Answer        string
	AnswerBy      string
	AnswerFrom    string
	AnsweredAt    time.Time `bun:",nullzero"`
	TakenAt       time.Time `bun:",nullzero"`
	RevokedAt     time.Time `bun:",nullzero"`
	NudgedAt      time.Time `bun:",nullzero"`
	LateAt        time.Time `bun:",nullzero"`
}

func (r askRow) domain() Ask {
	return Ask{ID: r.ID, CaseID: r.CaseID, BodyID: r.BodyID, BodyName: r.BodyName, Email: r.Email, UnitID: r.UnitID, Text: r.BodyText, Why: r.Why,
		ExpiresAt: r.ExpiresAt.UTC(), AskedAt: r.AskedAt.UTC(), AskedName: r.AskedName, MailedAt: r.MailedAt.UTC(), MailError: r.MailError,
		Answer: r.Answer, AnswerBy: r.AnswerBy, AnswerFrom: r.AnswerFrom, AnsweredAt: r.AnsweredAt.UTC(), TakenAt: r.TakenAt.UTC(), RevokedAt: r.RevokedAt.UTC()}
}

func (store) insertAsk(ctx context.Context, q bun.IDB, a Ask, tokenHash, by string) error {
	_, err := q.NewInsert().Model(&askRow{ID: a.ID, CaseID: a.CaseID, BodyID: a.BodyID, BodyName: a.BodyName, Email: a.Email, UnitID: a.UnitID, BodyText: a.Text,
		Why: a.Why, TokenHash: tokenHash, ExpiresAt: a.ExpiresAt, AskedAt: a.AskedAt, AskedBy: by, AskedName: a.AskedName}).Exec(ctx)
	return err
}

func (store) updateAsk(ctx context.Context, q bun.IDB, a Ask) error {
	_, err := q.NewUpdate().Model(&askRow{ID: a.ID, MailedAt: a.MailedAt, MailError: a.MailError, Answer: a.Answer, AnswerBy: a.AnswerBy, AnswerFrom: a.AnswerFrom,
		AnsweredAt: a.AnsweredAt, TakenAt: a.TakenAt, RevokedAt: a.RevokedAt}).WherePK().
		Column("mailed_at", "mail_error", "answer", "answer_by", "answer_from", "answered_at", "taken_at", "revoked_at").Exec(ctx)
	return err
}

func (store) askBy(ctx context.Context, q bun.IDB, column, value string) (Ask, error) {
	var r askRow
	err := q.NewSelect().Model(&r).Where("? = ?", bun.Ident(column), value).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Ask{}, fault.New(fault.NotFound, "routing.link_gone")
	}
	return r.domain(), err
}

func (store) lockAsk(ctx context.Context, tx db.Tx, askID string) (Ask, error) {
	var r askRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", askID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Ask{}, fault.New(fault.NotFound, "routing.link_gone")
	}
	return r.domain(), err
}

func (store) asks(ctx context.Context, q bun.IDB, caseID string) ([]Ask, error) {
	var rows []askRow
	if err := q.NewSelect().Model(&rows).Where("case_id = ?", caseID).Order("asked_at", "id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Ask, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

// silentRow is a question to which a body has not answered, with the last day of its case.
type silentRow struct {
	askRow   `bun:",extend"`
	Deadline clock.Date
}

// silent reads the questions asked by letter that wait for an answer, of open cases whose clock runs and whose last day lies
// between the two, where the column is still empty.
func (store) silent(ctx context.Context, q bun.IDB, column string, from, until clock.Date, now time.Time) ([]silentRow, error) {
	var rows []silentRow
	err := q.NewSelect().TableExpr("routing_ask AS a").Join("JOIN feedback_case AS c ON c.id = a.case_id").ColumnExpr("a.*").ColumnExpr("c.deadline").
		Where("a.mailed_at IS NOT NULL").Where("a.answered_at IS NULL").Where("a.revoked_at IS NULL").Where("a.expires_at > ?", now).Where("a.? IS NULL", bun.Ident(column)).
		Where("c.state IN ('received', 'working', 'review')").Where("c.paused_at IS NULL").Where("c.deadline >= ?", from).Where("c.deadline <= ?", until).
		OrderExpr("a.asked_at, a.id").Limit(nudgeBatch).Scan(ctx, &rows)
	return rows, err
}

func (store) nudged(ctx context.Context, q bun.IDB, askID, column string, now time.Time) error {
	_, err := q.NewUpdate().Model((*askRow)(nil)).Set("? = ?", bun.Ident(column), now).Where("id = ?", askID).Exec(ctx)
	return err
}

// hush closes the links of a case and empties their words.
func (store) hush(ctx context.Context, q bun.IDB, caseID string, now time.Time) error {
	_, err := q.NewUpdate().Model((*askRow)(nil)).Set("body_text = ''").Set("why = ''").Set("answer = ''").Set("answer_by = ''").
		Set("revoked_at = coalesce(revoked_at, ?)", now).Where("case_id = ?", caseID).Exec(ctx)
	return err
}
