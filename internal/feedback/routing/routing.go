// Package routing knows which body answers for what and where: categories of cases as data that can be edited, a table of
// category x place x body with validity and legal source, the commune of a point on the map or of an old address, and the
// bodies outside the house that answer by a one-time link or by letter. It suggests with its reason; a person decides.
package routing

import (
	"embed"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "routing", FS: migrationFS}

// Policies say, in Cedar, who keeps the table.
//
//go:embed policies.cedar
var Policies string

// ActionEdit is keeping the table of routing, categories and outside bodies.
const ActionEdit = "routing.edit"

// Deps is what the service stands on.
type Deps struct {
	Cases  *feedback.Service
	Root   string  // the province: what holds everywhere belongs to its administrator
	Places *Places // nil: points on the map tell nothing
	Post   Post    // nil: outside bodies are asked by link alone
}

// Service is the use cases of routing.
type Service struct {
	Deps
	store store

	mu    sync.Mutex
	cats  []Category
	rules []Rule
	until time.Time // until when the two above are fresh
}

// New makes the service and registers its job.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.Handle(d.Cases.Queue, s.mail)
	s.listenNudge()
	jobs.On(d.Cases.Queue, "routing", s.onClassified)
	return s
}

func (s *Service) db() *db.DB        { return s.Cases.DB }
func (s *Service) now() time.Time    { return s.Cases.Clock.Now() }
func (s *Service) today() clock.Date { return clock.DateOf(s.now()) }

func (s *Service) scope(unitID string) identity.Resource {
	if unitID == "" {
		unitID = s.Root
	}
	return identity.InUnit(unitID)
}

func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = time.Time{}
}
