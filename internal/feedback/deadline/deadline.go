// Package deadline keeps the clocks of cases: how many working days a kind of case in a category has with a body, by which
// law, from when to when (a table that an administrator changes, with its history); who is nudged before the last day and
// who is told after it; and how punctual each body is, as the public may read it. The clock of the single case, its
// pauses and its moves belong to the case itself, in package feedback.
package deadline

import (
	"embed"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package; the table of clocks itself stands beside the cases.
var Migrations = db.Migrations{Name: "deadline", FS: migrationFS}

// Policies say, in Cedar, who may change clocks and who sees how they are kept.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionEdit  = "deadline.edit"
	ActionWatch = "deadline.watch"
)

// Deps is what the service stands on.
type Deps struct {
	Cases *feedback.Service
	Root  string // the province: what holds for every body belongs to its administrator
}

// Service is the use cases of clocks.
type Service struct {
	Deps
	store store
}

// every is how often escalation and the tally of punctuality are looked at.
const every = 15 * time.Minute

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "deadline.sweep" }

// New makes the service and registers its job with the queue of the cases.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.Handle(d.Cases.Queue, s.work)
	d.Cases.Queue.Every(every, func() jobs.Args { return sweepArgs{} })
	return s
}

func (s *Service) db() *db.DB        { return s.Cases.DB }
func (s *Service) now() time.Time    { return s.Cases.Clock.Now() }
func (s *Service) today() clock.Date { return clock.DateOf(s.now()) }

// scope is the unit to which a row belongs: the body's own, or the province for what holds everywhere.
func (s *Service) scope(unitID string) identity.Resource {
	if unitID == "" {
		unitID = s.Root
	}
	return identity.InUnit(unitID)
}
