// Package assist lets the head of a residential area help people who have no phone, do not see well, or do not like to
// write: consent is read aloud, the matter is written down in their words, and they get a slip with a code. It works without
// network: codes are given out beforehand, so that the slip can be handed over at once, and the form is sent later.
//
// Afterwards the helper sees nothing of it any more: not the text, not the name, not how it goes on. What is kept here is
// only that consent was given, by the version of the words that were read out (Law 91/2025/QH15 on personal data).
package assist

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "assist", FS: migrationFS}

// Consent is the version of the words that are read out; it changes with them.
const Consent = "2026-11"

// Spare is how many unused codes a helper's page carries; Shown is for how long the slip of a sent form can be opened.
const (
	Spare = 6
	Shown = 15 * time.Minute
)

// Cases takes in what was written down; feedback.Service implements it.
type Cases interface {
	Assist(ctx context.Context, actor identity.Actor, areaID string, in feedback.Intake) (feedback.Case, error)
	SavePicture(ctx context.Context, actor identity.Actor, r io.Reader, alt string) (secret string, err error)
	CaseURL(code string) string
}

// Deps is what the service stands on.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Forest func() *orgunit.Forest
	Cases  Cases
}

// Service is the use cases of helpers.
type Service struct{ Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

type codeRow struct {
	bun.BaseModel `bun:"table:assist_code,alias:c"`
	Code          string `bun:",pk"`
	OfficialID    string
	AreaID        string
	IssuedAt      time.Time
	UsedAt        time.Time `bun:",nullzero"`
}

type takenRow struct {
	bun.BaseModel `bun:"table:assist_taken,alias:t"`
	OfflineID     string `bun:",pk"`
	Code          string
	Deadline      clock.Date
	Source        string
	OfficialID    string
	AreaID        string
	Consent       string
	TakenAt       time.Time
}

// Areas are the residential areas in which the actor helps.
func (s *Service) Areas(actor identity.Actor) []orgunit.Unit {
	var out []orgunit.Unit
	for _, u := range s.Authz.Scope(actor, feedback.ActionAssist) {
		if a, err := s.Forest().Unit(u, clock.DateOf(s.Clock.Now())); err == nil && a.Level == orgunit.LevelArea {
			out = append(out, a)
		}
	}
	return out
}

// Codes gives the helper's unused codes for an area, making new ones until there are Spare.
func (s *Service) Codes(ctx context.Context, actor identity.Actor, areaID string) ([]string, error) {
	if err := s.Authz.Check(actor, feedback.ActionAssist, identity.InUnit(areaID)); err != nil {
		return nil, err
	}
	var have []string
	err := s.DB.Read().NewSelect().Model((*codeRow)(nil)).Column("code").Where("c.official_id = ?", actor.ID).Where("c.area_id = ?", areaID).Where("c.used_at IS NULL").
		OrderExpr("c.issued_at, c.code").Limit(Spare).Scan(ctx, &have)
	if err != nil || len(have) >= Spare {
		return have, err
	}
	var fresh []codeRow
	for range Spare - len(have) {
		fresh = append(fresh, codeRow{Code: id.NewCode(), OfficialID: actor.ID, AreaID: areaID, IssuedAt: s.Clock.Now()})
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(&fresh).On("CONFLICT DO NOTHING").Exec(ctx)
		return err
	})
	for _, c := range fresh {
		have = append(have, c.Code)
	}
	return have, err
}

// Form is what a helper wrote down.
type Form struct {
	OfflineID string // names the filled form; the same one is taken in once
	AreaID    string
	Code      string // one of Codes, as it stands on the slip that was handed over; "" when none was
	Consented bool   // the words were read out and agreed to
	Intake    feedback.Intake
}

// Slip is what the person takes home.
type Slip struct {
	Code     string
	URL      string
	Deadline clock.Date
	Source   string // legal source of the deadline
	AreaID   string
	TakenAt  time.Time
}

// Take takes a form in; the same OfflineID again gives the same slip. A code that is not the helper's own unused one is a
// Conflict fault.
func (s *Service) Take(ctx context.Context, actor identity.Actor, f Form) (Slip, error) {
	if err := s.Authz.Check(actor, feedback.ActionAssist, identity.InUnit(f.AreaID)); err != nil {
		return Slip{}, err
	}
	if f.OfflineID == "" {
		f.OfflineID = id.New()
	}
	if len(f.OfflineID) > 64 {
		return Slip{}, fault.New(fault.Invalid, "assist.form_unknown")
	}
	if before, err := s.taken(ctx, actor, f.OfflineID); err == nil || !fault.Is(err, fault.NotFound) {
		return before, err
	}
	if !f.Consented {
		return Slip{}, fault.Field("consent", "assist.consent_required")
	}
	if f.Code != "" {
		if err := s.own(ctx, actor, f); err != nil {
			return Slip{}, err
		}
	}
	f.Intake.Code, f.Intake.SourceKey = f.Code, "area:"+f.OfflineID
	c, err := s.Cases.Assist(ctx, actor, f.AreaID, f.Intake)
	if err != nil {
		return Slip{}, err
	}
	row := takenRow{OfflineID: f.OfflineID, Code: c.Code, Deadline: c.Deadline, Source: c.Source, OfficialID: actor.ID, AreaID: f.AreaID, Consent: Consent, TakenAt: s.Clock.Now()}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*codeRow)(nil)).Set("used_at = ?", row.TakenAt).Where("code = ?", c.Code).Exec(ctx)
		return err
	})
	return s.slip(row), err
}

// own checks that a code was given to the helper for the area; one that was used by the same form is fine.
func (s *Service) own(ctx context.Context, actor identity.Actor, f Form) error {
	var r codeRow
	err := s.DB.Read().NewSelect().Model(&r).Where("c.code = ?", f.Code).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (r.OfficialID != actor.ID || r.AreaID != f.AreaID) {
		return fault.New(fault.Conflict, "assist.code_unknown")
	}
	return err
}

func (s *Service) slip(r takenRow) Slip {
	return Slip{Code: r.Code, URL: s.Cases.CaseURL(r.Code), Deadline: r.Deadline, Source: r.Source, AreaID: r.AreaID, TakenAt: r.TakenAt.UTC()}
}

func (s *Service) taken(ctx context.Context, actor identity.Actor, offlineID string) (Slip, error) {
	var r takenRow
	err := s.DB.Read().NewSelect().Model(&r).Where("t.offline_id = ?", offlineID).Where("t.official_id = ?", actor.ID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Slip{}, fault.New(fault.NotFound, "assist.slip_gone")
	}
	return s.slip(r), err
}

// Slip opens the slip of a form that the same helper sent a moment ago; after Shown it is NotFound.
func (s *Service) Slip(ctx context.Context, actor identity.Actor, offlineID string) (Slip, error) {
	sl, err := s.taken(ctx, actor, offlineID)
	if err != nil {
		return Slip{}, err
	}
	if s.Clock.Now().Sub(sl.TakenAt) > Shown || s.Authz.Check(actor, feedback.ActionAssist, identity.InUnit(sl.AreaID)) != nil {
		return Slip{}, fault.New(fault.NotFound, "assist.slip_gone")
	}
	return sl, nil
}

// Today is how many forms the helper has sent today: all that remains visible of them.
func (s *Service) Today(ctx context.Context, actor identity.Actor) (int, error) {
	if len(s.Authz.Scope(actor, feedback.ActionAssist)) == 0 {
		return 0, s.Authz.Check(actor, feedback.ActionAssist, identity.InUnit(""))
	}
	n, err := s.DB.Read().NewSelect().Model((*takenRow)(nil)).Where("t.official_id = ?", actor.ID).Where("t.taken_at >= ?", clock.DateOf(s.Clock.Now()).Time()).Count(ctx)
	return int(n), err
}
