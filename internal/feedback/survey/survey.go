// Package survey asks, four weeks after an answer, whether what was said has been done: once, by the door the person came in
// by, with three answers (yes, partly, no) and room for a few words. The results are shown as raw counts: so many were
// asked, so many answered, so many said yes.
package survey

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
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "survey", FS: migrationFS}

// AfterDays is how many calendar days after the answer the question goes out, and for how many more days it may go out late,
// when the house was switched off on the day.
const (
	AfterDays = 28
	lateDays  = 14
)

// MaxComment is the length of the words that go with an answer, in letters.
const MaxComment = 1000

// Cases is what this package asks the cases; feedback.Service implements it.
type Cases interface {
	AnsweredBetween(ctx context.Context, actor identity.Actor, from, to time.Time, limit int) ([]feedback.Case, error)
	MergedUnder(ctx context.Context, actor identity.Actor, caseID string) ([]feedback.Case, error)
	AskSurvey(ctx context.Context, actor identity.Actor, caseID string, answered time.Time) error
	Surveyed(ctx context.Context, actor identity.Actor, code string) (feedback.Case, error)
	Coded(ctx context.Context, actor identity.Actor, code string) (feedback.Case, error)
	Look(ctx context.Context, actor identity.Actor, caseID string) (feedback.Case, error)
	Today() clock.Date
}

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Queue *jobs.Queue
	Clock clock.Clock
	Cases Cases
}

// Service asks and counts.
type Service struct{ Deps }

// New makes the service and registers its daily job.
func New(d Deps) *Service {
	s := &Service{d}
	jobs.Handle(d.Queue, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.Sweep(ctx, house) })
	d.Queue.Every(6*time.Hour, func() jobs.Args { return sweepArgs{} })
	return s
}

var house = identity.System("survey")

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "survey.sweep" }

type askRow struct {
	bun.BaseModel `bun:"table:survey_ask,alias:s"`
	CaseID        string `bun:",pk"`
	UnitID        string
	AskedAt       time.Time
	AnsweredAt    time.Time `bun:",nullzero"`
	Result        int
	Comment       string
}

// batch bounds one look; the next takes the rest.
const batch = 500

// Sweep asks whoever is due. Only the house itself may; it is safe to run at any time.
func (s *Service) Sweep(ctx context.Context, actor identity.Actor) error {
	now := s.Clock.Now()
	from := now.AddDate(0, 0, -AfterDays-lateDays)
	for {
		list, err := s.Cases.AnsweredBetween(ctx, actor, from, now.AddDate(0, 0, -AfterDays), batch)
		if err != nil {
			return err
		}
		for _, c := range list {
			if err := s.askAll(ctx, c); err != nil {
				return err
			}
			from = c.AnsweredAt
		}
		if len(list) < batch {
			return nil
		}
	}
}

// askAll asks whoever asked the case first, and those whose cases it answered too.
func (s *Service) askAll(ctx context.Context, main feedback.Case) error {
	merged, err := s.Cases.MergedUnder(ctx, house, main.ID)
	if err != nil {
		return err
	}
	for _, c := range append([]feedback.Case{main}, merged...) {
		var had askRow
		err := s.DB.Read().NewSelect().Model(&had).Where("s.case_id = ?", c.ID).Scan(ctx)
		if err == nil {
			continue
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if err := s.Cases.AskSurvey(ctx, house, c.ID, main.AnsweredAt); err != nil {
			return err
		}
		err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := tx.NewInsert().Model(&askRow{CaseID: c.ID, UnitID: main.HolderUnitID, AskedAt: s.Clock.Now()}).On("CONFLICT (case_id) DO NOTHING").Exec(ctx)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Answer is what the person said.
type Answer struct {
	Asked   bool
	Result  int // 0 not yet, 1 no, 2 partly, 3 yes
	Comment string
}

// Of gives the survey of a case to whoever holds its code.
func (s *Service) Of(ctx context.Context, actor identity.Actor, code string) (Answer, error) {
	c, err := s.Cases.Coded(ctx, actor, code)
	if err != nil {
		return Answer{}, err
	}
	return s.read(ctx, c.ID)
}

// Result gives the survey of a case to an official who may read it.
func (s *Service) Result(ctx context.Context, actor identity.Actor, caseID string) (Answer, error) {
	if _, err := s.Cases.Look(ctx, actor, caseID); err != nil {
		return Answer{}, err
	}
	return s.read(ctx, caseID)
}

func (s *Service) read(ctx context.Context, caseID string) (Answer, error) {
	var r askRow
	err := s.DB.Read().NewSelect().Model(&r).Where("s.case_id = ?", caseID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Answer{}, nil
	}
	return Answer{Asked: err == nil, Result: r.Result, Comment: r.Comment}, err
}

// Say keeps what the person who holds the code says: 1 no, 2 partly, 3 yes. It may be said again; the last word counts.
func (s *Service) Say(ctx context.Context, actor identity.Actor, code string, result int, comment string) error {
	comment = strings.TrimSpace(vntext.NFC(comment))
	var fs fault.Fields
	fs.Check(result >= 1 && result <= 3, "result", "feedback.survey_choose")
	if vntext.Length(comment) > MaxComment {
		fs.Add(fault.Field("comment", "feedback.field_long").With("Limit", MaxComment))
	}
	if err := fs.OrNil(); err != nil {
		return err
	}
	c, err := s.Cases.Coded(ctx, actor, code)
	if err != nil {
		return err
	}
	before, err := s.read(ctx, c.ID)
	if err != nil {
		return err
	}
	if !before.Asked {
		return fault.New(fault.Conflict, "feedback.survey_not_yet")
	}
	if before.Result == 0 {
		if _, err := s.Cases.Surveyed(ctx, actor, code); err != nil && !fault.Is(err, fault.Conflict) {
			return err // taken up again meanwhile: the word is kept all the same
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*askRow)(nil)).Set("result = ?", result).Set("comment = ?", comment).Set("answered_at = ?", s.Clock.Now()).Where("case_id = ?", c.ID).Exec(ctx)
		return err
	})
}

// Tally is how the asked people answered, as raw counts.
type Tally struct {
	UnitID   string
	Asked    int
	Answered int
	Yes      int
	Partly   int
	No       int
}

// Tallies counts by the unit that answered, for a unit and below; "" means everywhere. The figures are public: they hold no
// words.
func (s *Service) Tallies(ctx context.Context, unitID string) ([]Tally, error) {
	var out []Tally
	sel := s.DB.Read().NewSelect().TableExpr("survey_ask AS s").ColumnExpr("s.unit_id").ColumnExpr("COUNT(*) AS asked").
		ColumnExpr("SUM(CASE WHEN s.result > 0 THEN 1 ELSE 0 END) AS answered").ColumnExpr("SUM(CASE WHEN s.result = 3 THEN 1 ELSE 0 END) AS yes").
		ColumnExpr("SUM(CASE WHEN s.result = 2 THEN 1 ELSE 0 END) AS partly").ColumnExpr("SUM(CASE WHEN s.result = 1 THEN 1 ELSE 0 END) AS no").
		GroupExpr("s.unit_id").OrderExpr("s.unit_id")
	if unitID != "" {
		sel = orgunit.Within(sel, "s.unit_id", []string{unitID}, s.Cases.Today())
	}
	err := sel.Scan(ctx, &out)
	return out, err
}
