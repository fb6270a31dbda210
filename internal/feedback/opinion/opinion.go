// Package opinion lets the desk that answers a question ask several bodies for their opinion: each is asked by itself, sees
// the question with personal data masked, answers in its own name or by letter, and is quoted in the answer with its name.
package opinion

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/workday"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "opinion", FS: migrationFS}

// Limits: letters of a question and of an opinion, bodies of one case, working days a body has.
const (
	MaxQuestion = 2000
	MaxText     = 10_000
	MaxBodies   = 10
	DefaultDays = 5
	maxDays     = 30
)

// Opinion is one body's opinion on a case, asked and perhaps given.
type Opinion struct {
	ID           string
	CaseID       string
	UnitID       string // the body that is asked
	FromUnitID   string // who asks
	Question     string
	Excerpt      string // what the case is about, masked
	Due          clock.Date
	AskedByName  string
	AskedAt      time.Time
	Text         string // "" until given
	Source       string // number of the letter it was typed from; "" when the body wrote it here
	AnsweredName string
	AnsweredAt   time.Time // zero until given
	Ended        bool      // no longer needed
}

// Given tells whether the body has answered.
func (o Opinion) Given() bool { return !o.AnsweredAt.IsZero() }

// Cases is what this package asks the cases; feedback.Service implements it.
type Cases interface {
	Look(ctx context.Context, actor identity.Actor, caseID string) (feedback.Case, error)
	Check(actor identity.Actor, action string, c feedback.Case) error
	Unit(unitID string) orgunit.Unit
	DesksOf(units []string) []string
	DesksFor(unitID string) []string
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Calendar *workday.Calendar
	Cases    Cases
	Audit    identity.Recorder
	Words    feedback.Words
}

// Service asks and keeps opinions.
type Service struct{ Deps }

// New makes the service; of a case that becomes a complaint or denunciation it forgets everything.
func New(d Deps) *Service {
	s := &Service{d}
	jobs.On(d.Queue, "opinion", func(ctx context.Context, e feedback.Classified) error {
		if !e.As.Secret() {
			return nil
		}
		return d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.NewDelete().Model((*row)(nil)).Where("case_id = ?", e.CaseID).Exec(ctx)
			return err
		})
	})
	return s
}

type row struct {
	bun.BaseModel `bun:"table:opinion_request,alias:o"`
	ID            string `bun:",pk"`
	CaseID        string
	UnitID        string
	FromUnitID    string
	Question      string
	Excerpt       string
	Due           clock.Date
	AskedBy       string
	AskedByName   string
	AskedAt       time.Time
	Body          string
	Source        string
	AnsweredBy    string
	AnsweredName  string
	AnsweredAt    time.Time `bun:",nullzero"`
	EndedAt       time.Time `bun:",nullzero"`
}

func (r row) domain() Opinion {
	return Opinion{ID: r.ID, CaseID: r.CaseID, UnitID: r.UnitID, FromUnitID: r.FromUnitID, Question: r.Question, Excerpt: r.Excerpt, Due: r.Due, AskedByName: r.AskedByName,
		AskedAt: r.AskedAt.UTC(), Text: r.Body, Source: r.Source, AnsweredName: r.AnsweredName, AnsweredAt: r.AnsweredAt.UTC(), Ended: !r.EndedAt.IsZero()}
}

func clean(s string) string {
	return strings.TrimSpace(vntext.NFC(strings.ReplaceAll(s, "\r\n", "\n")))
}

// Ask asks several bodies, each by itself. A body that was asked before is not asked again; days are working days, 0 is
// DefaultDays. Only the desk that works on the case may.
func (s *Service) Ask(ctx context.Context, actor identity.Actor, caseID string, bodies []string, question string, days int) error {
	c, err := s.Cases.Look(ctx, actor, caseID)
	if err != nil {
		return err
	}
	if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
		return err
	}
	if days == 0 {
		days = DefaultDays
	}
	question = clean(question)
	var fs fault.Fields
	fs.Check(len(bodies) > 0, "bodies", "opinion.bodies_required")
	fs.Check(len(bodies) <= MaxBodies, "bodies", "opinion.bodies_many")
	fs.Check(question != "", "question", "opinion.question_required")
	if vntext.Length(question) > MaxQuestion {
		fs.Add(fault.Field("question", "feedback.field_long").With("Limit", MaxQuestion))
	}
	fs.Check(days >= 1 && days <= maxDays, "days", "opinion.days_bad")
	now := s.Clock.Now()
	for _, b := range bodies {
		u := s.Cases.Unit(b)
		fs.Check(u.FullName != "" && u.Stands(clock.DateOf(now)) && b != c.HolderUnitID, "bodies", "feedback.unit_unknown")
	}
	if err := fs.OrNil(); err != nil {
		return err
	}
	if c.Kind.Secret() || !c.State.Open() {
		return fault.New(fault.Conflict, "feedback.step_not_now")
	}
	excerpt := masking.Mask(c.Text, func(k masking.Kind) string { return s.Words.T("feedback.found." + string(k)) })
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, b := range bodies {
			r := row{ID: id.New(), CaseID: c.ID, UnitID: b, FromUnitID: c.HolderUnitID, Question: question, Excerpt: excerpt, Due: s.Calendar.Add(clock.DateOf(now), days),
				AskedBy: actor.ID, AskedByName: actor.Name, AskedAt: now}
			if _, err := tx.NewInsert().Model(&r).On("CONFLICT (case_id, unit_id) DO NOTHING").Exec(ctx); err != nil {
				return err
			}
		}
		return s.record(ctx, tx, actor, c.HolderUnitID, "opinion.ask", c.ID)
	})
}

func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, unitID, action, what string) error {
	return s.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: unitID, Action: action, ResourceType: "Opinion", ResourceID: what})
}

func (s *Service) find(ctx context.Context, opinionID string) (Opinion, error) {
	var r row
	err := s.DB.Read().NewSelect().Model(&r).Where("o.id = ?", opinionID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Opinion{}, fault.New(fault.NotFound, "opinion.not_found")
	}
	return r.domain(), err
}

// speaksFor tells whether the actor is at the desk of the body.
func (s *Service) speaksFor(actor identity.Actor, unitID string) bool {
	for _, u := range s.Cases.DesksFor(unitID) {
		if s.Authz.Check(actor, feedback.ActionTake, identity.InUnit(u)) == nil {
			return true
		}
	}
	return false
}

// Get gives one opinion to the body that is asked, or to an official who may read the case.
func (s *Service) Get(ctx context.Context, actor identity.Actor, opinionID string) (Opinion, error) {
	o, err := s.find(ctx, opinionID)
	if err != nil || s.speaksFor(actor, o.UnitID) {
		return o, err
	}
	if _, err := s.Cases.Look(ctx, actor, o.CaseID); err != nil {
		return Opinion{}, fault.New(fault.NotFound, "opinion.not_found").Because(err)
	}
	return o, nil
}

// CanGive tells whether the actor speaks for the body that is asked.
func (s *Service) CanGive(actor identity.Actor, o Opinion) bool { return s.speaksFor(actor, o.UnitID) }

// Give keeps the opinion of a body: written by its desk, or typed by the desk that asked, from the letter whose number is the
// source.
func (s *Service) Give(ctx context.Context, actor identity.Actor, opinionID, text, source string) (Opinion, error) {
	o, err := s.Get(ctx, actor, opinionID)
	if err != nil {
		return Opinion{}, err
	}
	text, source = clean(text), strings.Join(strings.Fields(clean(source)), " ")
	own := s.speaksFor(actor, o.UnitID)
	if !own {
		c, err := s.Cases.Look(ctx, actor, o.CaseID)
		if err != nil {
			return Opinion{}, err
		}
		if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
			return Opinion{}, err
		}
	}
	var fs fault.Fields
	fs.Check(text != "", "text", "opinion.text_required")
	if vntext.Length(text) > MaxText {
		fs.Add(fault.Field("text", "feedback.field_long").With("Limit", MaxText))
	}
	fs.Check(own || source != "", "source", "opinion.source_required")
	if vntext.Length(source) > 200 {
		fs.Add(fault.Field("source", "feedback.field_long").With("Limit", 200))
	}
	if err := fs.OrNil(); err != nil {
		return o, err
	}
	now := s.Clock.Now()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		res, err := tx.NewUpdate().Model((*row)(nil)).Set("body = ?", text).Set("source = ?", source).Set("answered_by = ?", actor.ID).Set("answered_name = ?", actor.Name).Set("answered_at = ?", now).
			Where("id = ?", o.ID).Where("ended_at IS NULL").Where("answered_at IS NULL").Exec(ctx)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fault.New(fault.Conflict, "opinion.ended").Because(err)
		}
		return s.record(ctx, tx, actor, o.UnitID, "opinion.give", o.ID)
	})
	o.Text, o.Source, o.AnsweredName, o.AnsweredAt = text, source, actor.Name, now
	return o, err
}

// End says that an opinion is no longer needed.
func (s *Service) End(ctx context.Context, actor identity.Actor, opinionID string) error {
	o, err := s.Get(ctx, actor, opinionID)
	if err != nil {
		return err
	}
	c, err := s.Cases.Look(ctx, actor, o.CaseID)
	if err != nil {
		return err
	}
	if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*row)(nil)).Set("ended_at = ?", s.Clock.Now()).Where("id = ?", o.ID).Where("answered_at IS NULL").Exec(ctx)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, actor, c.HolderUnitID, "opinion.end", o.ID)
	})
}

// OfCase lists the opinions asked on a case, for an official who may read it.
func (s *Service) OfCase(ctx context.Context, actor identity.Actor, caseID string) ([]Opinion, error) {
	if _, err := s.Cases.Look(ctx, actor, caseID); err != nil {
		return nil, err
	}
	var rows []row
	err := s.DB.Read().NewSelect().Model(&rows).Where("o.case_id = ?", caseID).Order("asked_at", "id").Scan(ctx)
	return domains(rows), err
}

// Waiting lists what the desks of the actor are asked and have not answered, by day.
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) ([]Opinion, error) {
	units := s.Cases.DesksOf(s.Authz.Scope(actor, feedback.ActionTake))
	if len(units) == 0 {
		return nil, nil
	}
	var rows []row
	err := s.DB.Read().NewSelect().Model(&rows).Where("o.unit_id IN (?)", bun.In(units)).Where("o.answered_at IS NULL").Where("o.ended_at IS NULL").Order("due", "id").Limit(200).Scan(ctx)
	return domains(rows), err
}

func domains(rows []row) []Opinion {
	out := make([]Opinion, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out
}

// Quote writes a given opinion as it stands in an answer: with the name of the body, each line marked as its words.
func (s *Service) Quote(o Opinion) string {
	lines := strings.Split(o.Text, "\n")
	var kept []string
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			kept = append(kept, "> "+l)
		}
	}
	head := s.Words.T("opinion.quote", "Body", feedback.BodyName(s.Words, s.Cases.Unit(o.UnitID)), "Date", clock.DateOf(o.AnsweredAt).Vietnamese(), "Source", o.Source)
	return head + "\n" + strings.Join(kept, "\n")
}
