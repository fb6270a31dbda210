package housing

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// store is the SQL of the package; nobody else names these tables.
type store struct{}

type row struct {
	bun.BaseModel `bun:"table:housing_case,alias:c"`

	ID           string `bun:",pk"`
	Code         string
	OfflineID    string `bun:",nullzero"`
	HouseholdID  string
	UnitID       string
	ProgrammeID  string
	State        State
	PausedFrom   State
	Why          string
	Need         Need
	Kind         Kind
	Category     household.Category
	Survey       string
	Initials     string
	SurveyedBy   string
	SurveyedName string
	SurveyedOn   clock.Date
	StateOn      clock.Date
	Source       Source
	Donor        string
	Amount       money.VND
	DecisionNo   string
	DecisionOn   clock.Date
	ApprovedBy   string
	Approver     string
	StartedOn    clock.Date
	CompletedOn  clock.Date
	Completion   string
	HandedOn     clock.Date
	TotalValue   money.VND
	Paid         money.VND
	Version      int
	CreatedAt    time.Time
}

func (r row) domain() Case {
	return Case{ID: r.ID, Code: r.Code, HouseholdID: r.HouseholdID, UnitID: r.UnitID, ProgrammeID: r.ProgrammeID, State: r.State, PausedFrom: r.PausedFrom, Why: r.Why,
		Need: r.Need, Kind: r.Kind, Category: r.Category, SurveyedBy: r.SurveyedBy, SurveyedName: r.SurveyedName, SurveyedOn: r.SurveyedOn, StateOn: r.StateOn,
		Source: r.Source, Donor: r.Donor, Amount: r.Amount, DecisionNo: r.DecisionNo, DecisionOn: r.DecisionOn, ApprovedBy: r.ApprovedBy, Approver: r.Approver,
		StartedOn: r.StartedOn, CompletedOn: r.CompletedOn, HandedOn: r.HandedOn, TotalValue: r.TotalValue, Paid: r.Paid, Version: r.Version, CreatedAt: r.CreatedAt.UTC()}
}

// take writes what steps change into the row.
func (r *row) take(c Case) {
	r.UnitID, r.ProgrammeID, r.State, r.PausedFrom, r.Why, r.Need, r.Kind, r.Category = c.UnitID, c.ProgrammeID, c.State, c.PausedFrom, c.Why, c.Need, c.Kind, c.Category
	r.SurveyedBy, r.SurveyedName, r.SurveyedOn, r.StateOn = c.SurveyedBy, c.SurveyedName, c.SurveyedOn, c.StateOn
	r.Source, r.Donor, r.Amount, r.DecisionNo, r.DecisionOn, r.ApprovedBy, r.Approver = c.Source, c.Donor, c.Amount, c.DecisionNo, c.DecisionOn, c.ApprovedBy, c.Approver
	r.StartedOn, r.CompletedOn, r.HandedOn, r.TotalValue, r.Paid, r.Version = c.StartedOn, c.CompletedOn, c.HandedOn, c.TotalValue, c.Paid, c.Version
}

type eventRow struct {
	bun.BaseModel `bun:"table:housing_event,alias:e"`

	ID        string `bun:",pk"`
	CaseID    string
	Step      Step
	FromState State
	ToState   State
	At        time.Time
	ActorID   string
	ActorName string
	Reason    string
}

type paymentRow struct {
	bun.BaseModel `bun:"table:housing_payment,alias:p"`

	ID         string `bun:",pk"`
	CaseID     string
	Amount     money.VND
	PaidOn     clock.Date
	DecisionNo string
	PaidBy     string
	PaidName   string
	Parties    string
	At         time.Time
	ReversedAt time.Time `bun:",nullzero"`
	Why        string
}

func (r paymentRow) domain() Payment {
	return Payment{ID: r.ID, CaseID: r.CaseID, Amount: r.Amount, On: r.PaidOn, DecisionNo: r.DecisionNo, PaidBy: r.PaidBy, PaidName: r.PaidName, ReversedAt: r.ReversedAt.UTC(), Why: r.Why}
}

type photoRow struct {
	bun.BaseModel `bun:"table:housing_photo,alias:f"`

	ID      string `bun:",pk"`
	CaseID  string
	Moment  Moment
	Consent string
	At      time.Time
	ByID    string
	ByName  string
}

func (store) insert(ctx context.Context, q bun.IDB, r *row) error {
	_, err := q.NewInsert().Model(r).Exec(ctx)
	return err
}

func (store) update(ctx context.Context, q bun.IDB, r *row) error {
	_, err := q.NewUpdate().Model(r).WherePK().ExcludeColumn("code", "offline_id", "household_id", "created_at", "initials").Exec(ctx)
	return err
}

func one(r row, err error) (row, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, errNoCase()
	}
	return r, err
}

func (store) byID(ctx context.Context, q bun.IDB, caseID string) (row, error) {
	var r row
	err := q.NewSelect().Model(&r).Where("c.id = ?", caseID).Scan(ctx)
	return one(r, err)
}

// lock reads a house and keeps others from changing it until the transaction ends.
func (store) lock(ctx context.Context, tx db.Tx, caseID string) (row, error) {
	var r row
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("c.id = ?", caseID)).Scan(ctx)
	return one(r, err)
}

func (store) byOffline(ctx context.Context, q bun.IDB, offlineID string) (row, error) {
	if offlineID == "" {
		return row{}, errNoCase()
	}
	var r row
	err := q.NewSelect().Model(&r).Where("c.offline_id = ?", offlineID).Scan(ctx)
	return one(r, err)
}

// openOf finds the house of a household that is not handed over.
func (store) openOf(ctx context.Context, q bun.IDB, householdID string) (row, error) {
	var r row
	err := q.NewSelect().Model(&r).Where("c.household_id = ?", householdID).Where("c.state <> ?", HandedOver).Limit(1).Scan(ctx)
	return one(r, err)
}

func (store) insertEvent(ctx context.Context, q bun.IDB, e Event) error {
	_, err := q.NewInsert().Model(&eventRow{ID: e.ID, CaseID: e.CaseID, Step: e.Step, FromState: e.From, ToState: e.To, At: e.At, ActorID: e.ActorID, ActorName: e.ActorName, Reason: e.Reason}).Exec(ctx)
	return err
}

// events lists the history of a house, the oldest first.
func (store) events(ctx context.Context, q bun.IDB, caseID string) ([]Event, error) {
	var rows []eventRow
	if err := q.NewSelect().Model(&rows).Where("e.case_id = ?", caseID).Order("e.at", "e.id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Event, len(rows))
	for i, r := range rows {
		out[i] = Event{ID: r.ID, CaseID: r.CaseID, Step: r.Step, From: r.FromState, To: r.ToState, At: r.At.UTC(), ActorID: r.ActorID, ActorName: r.ActorName, Reason: r.Reason}
	}
	return out, nil
}

func (store) insertPayment(ctx context.Context, q bun.IDB, p Payment, sealed string, at time.Time) error {
	_, err := q.NewInsert().Model(&paymentRow{ID: p.ID, CaseID: p.CaseID, Amount: p.Amount, PaidOn: p.On, DecisionNo: p.DecisionNo, PaidBy: p.PaidBy, PaidName: p.PaidName, Parties: sealed, At: at}).Exec(ctx)
	return err
}

func (store) payments(ctx context.Context, q bun.IDB, caseID string) ([]Payment, error) {
	var rows []paymentRow
	if err := q.NewSelect().Model(&rows).Where("p.case_id = ?", caseID).Order("p.paid_on", "p.id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Payment, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, nil
}

func (store) payment(ctx context.Context, q bun.IDB, caseID, paymentID string) (paymentRow, error) {
	var r paymentRow
	err := q.NewSelect().Model(&r).Where("p.case_id = ?", caseID).Where("p.id = ?", paymentID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "housing.payment_not_found")
	}
	return r, err
}

func (store) reverse(ctx context.Context, q bun.IDB, paymentID, why string, at time.Time) error {
	_, err := q.NewUpdate().Model((*paymentRow)(nil)).Set("reversed_at = ?", at).Set("why = ?", why).Where("id = ?", paymentID).Exec(ctx)
	return err
}

func (store) insertPhoto(ctx context.Context, q bun.IDB, p Photo, byID string) error {
	_, err := q.NewInsert().Model(&photoRow{ID: p.ID, CaseID: p.CaseID, Moment: p.Moment, Consent: p.Consent, At: p.At, ByID: byID, ByName: p.ByName}).Exec(ctx)
	return err
}

func (store) photos(ctx context.Context, q bun.IDB, caseID string) ([]Photo, error) {
	var rows []photoRow
	if err := q.NewSelect().Model(&rows).Where("f.case_id = ?", caseID).Order("f.moment DESC", "f.at", "f.id").Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Photo, len(rows))
	for i, r := range rows {
		out[i] = Photo{ID: r.ID, CaseID: r.CaseID, Moment: r.Moment, Consent: r.Consent, At: r.At.UTC(), ByName: r.ByName}
	}
	return out, nil
}

func (store) dropPhoto(ctx context.Context, q bun.IDB, caseID, photoID string) error {
	res, err := q.NewDelete().Model((*photoRow)(nil)).Where("case_id = ?", caseID).Where("id = ?", photoID).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errNoCase(), err)
	}
	return nil
}

func (store) usedPhotos(ctx context.Context, q bun.IDB, ids []string) ([]string, error) {
	var out []string
	if len(ids) == 0 {
		return nil, nil
	}
	err := q.NewSelect().Model((*photoRow)(nil)).Column("id").Where("id IN (?)", bun.In(ids)).Scan(ctx, &out)
	return out, err
}
