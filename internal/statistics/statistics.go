// Package statistics counts what the channels of units did: followers, posts, views, interactions, messages and how long
// people waited for an answer, per account and day, rolled up by unit, level and period and set beside units of the same
// kind. It keeps sums only; who wrote or looked is not known here.
package statistics

import (
	"context"
	"embed"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "statistics", FS: migrationFS}

//go:embed policies.cedar
var policyText string

// Policies are the rules of who reads the figures and who sets what they are reckoned with.
var Policies = identity.PolicyFile{Feature: "statistics", Text: policyText}

// The actions that the policies speak of.
const (
	ActionRead = "statistics.read"
	ActionSet  = "statistics.set"
)

// Channels is what the figures are made of; channel.Service gives it.
type Channels interface {
	Every(ctx context.Context) ([]channel.Account, error)
	Tallies(ctx context.Context, from, to time.Time) (map[string][]channel.Tally, error)
	Measure(ctx context.Context, accountID string, since time.Time) ([]channel.Figures, error)
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Trail    identity.Recorder
	Forest   func() *orgunit.Forest
	Channels Channels
	Every    time.Duration // how often days are counted anew; 0 is six hours
}

// Service is the use cases of statistics.
type Service struct {
	Deps
	store store
}

const (
	recount  = 8  // days that are counted anew: answers still come in
	remember = 60 // days for which a publication is measured
)

type countArgs struct{}

// Kind implements jobs.Args.
func (countArgs) Kind() string { return "statistics.count" }

type measureArgs struct {
	Account string `json:"account"`
}

// Kind implements jobs.Args.
func (measureArgs) Kind() string { return "statistics.measure" }

// New makes the service, has the days counted from time to time and every account measured once a day.
func New(d Deps) *Service {
	if d.Every == 0 {
		d.Every = 6 * time.Hour
	}
	s := &Service{Deps: d}
	jobs.HandleLong(s.Queue, 30*time.Minute, func(ctx context.Context, _ *jobs.Job[countArgs]) error {
		if err := s.Count(ctx); err != nil {
			return err
		}
		return s.measureDue(ctx)
	})
	jobs.Handle(s.Queue, func(ctx context.Context, j *jobs.Job[measureArgs]) error { return s.Measure(ctx, j.Args.Account) })
	s.Queue.Every(d.Every, func() jobs.Args { return countArgs{} })
	return s
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// Count counts the last days anew and writes down how many follow each account today. It may run as often as one likes.
func (s *Service) Count(ctx context.Context) error {
	accounts, err := s.Channels.Every(ctx)
	if err != nil {
		return err
	}
	today := s.today()
	from := today.AddDays(-recount)
	tallies, err := s.Channels.Tallies(ctx, from.Time(), today.AddDays(1).Time())
	if err != nil {
		return err
	}
	var rows []dayRow
	for _, a := range accounts {
		has := false
		for _, t := range tallies[a.ID] {
			r := dayRow{AccountID: a.ID, Day: t.Day, UnitID: a.UnitID, Kind: a.Kind, Posts: t.Posts, Failed: t.Failed, Messages: t.Messages, Comments: t.Comments,
				Asked: t.Asked, Answered: t.Answered, WaitedMinutes: int64(t.Waited.Minutes())}
			if t.Day == today {
				r.Followers, has = a.Followers, true
			}
			rows = append(rows, r)
		}
		if !has && a.Kind != channel.Portal {
			rows = append(rows, dayRow{AccountID: a.ID, Day: today, UnitID: a.UnitID, Kind: a.Kind, Followers: a.Followers})
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.keepDays(ctx, tx, rows, today) })
}

// measureDue spreads the look at every account that was not measured today over an hour.
func (s *Service) measureDue(ctx context.Context) error {
	accounts, err := s.Channels.Every(ctx)
	if err != nil {
		return err
	}
	var many []jobs.Many
	for i, a := range accounts {
		if a.Kind == channel.Portal || !a.Works() {
			continue
		}
		at := clock.Machine(s.Clock, s.Clock.Now().Add(time.Duration(i)*45*time.Minute/time.Duration(len(accounts))))
		many = append(many, jobs.Many{Args: measureArgs{Account: a.ID}, InsertOpts: &jobs.Options{ScheduledAt: at, Priority: 4, MaxAttempts: 3}})
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.Queue.EnqueueMany(ctx, tx, many) })
}

// Measure asks the platform what became of the publications of an account in the last weeks.
func (s *Service) Measure(ctx context.Context, accountID string) error {
	now := s.Clock.Now()
	figures, err := s.Channels.Measure(ctx, accountID, now.AddDate(0, 0, -remember))
	if err != nil || len(figures) == 0 {
		return err
	}
	accounts, err := s.Channels.Every(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.ID != accountID {
			continue
		}
		rows := make([]postRow, len(figures))
		for i, f := range figures {
			rows[i] = postRow{AccountID: a.ID, ExternalID: f.ExternalID, UnitID: a.UnitID, Kind: a.Kind, Day: clock.DateOf(f.At), Title: f.Title, Link: f.Link,
				Views: f.Views, Shares: f.Shares, Reactions: f.Reactions, Comments: f.Comments, MeasuredAt: now}
		}
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.keepPosts(ctx, tx, rows) })
	}
	return nil
}
