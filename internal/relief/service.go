package relief

import (
	"context"
	"embed"
	"regexp"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "relief", FS: migrationFS}

// Policies say who may see, ask, match, store, pack and hand out.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionSee     = "relief.see"     // see needs, offers, stock, boxes
	ActionItems   = "relief.items"   // keep the catalogue of goods
	ActionNeed    = "relief.need"    // say what a unit needs and what nobody should bring
	ActionMatch   = "relief.match"   // give an offer to a need, or reject it
	ActionContact = "relief.contact" // open a giver's telephone number
	ActionStore   = "relief.store"   // slips, counts, boxes and trucks of a warehouse
	ActionPack    = "relief.pack"    // pack, load and receive boxes by scanning
	ActionHand    = "relief.hand"    // hand goods to households and groups
)

var codeShape = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{0,11}$`)

// Deps are what the service stands on.
type Deps struct {
	DB     *db.DB
	Queue  *jobs.Queue
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Trail  identity.Recorder
	Forest func() *orgunit.Forest
	Sealer *secret.Box
	Homes  Households
	// Distance gives the kilometres between two communes as the crow flies; false when it is not known. nil: never known.
	Distance func(unitA, unitB string) (float64, bool)
	// Every is how often reservations that ran out are freed and stale needs nudged; 0 is ten minutes.
	Every time.Duration
}

// Service is the use cases of relief goods.
type Service struct {
	Deps
	store store
}

// New makes the service; reservations that run out and needs that grow stale are looked after from time to time.
func New(d Deps) *Service {
	if d.Every == 0 {
		d.Every = 10 * time.Minute
	}
	s := &Service{Deps: d}
	jobs.Handle(s.Queue, func(ctx context.Context, _ *jobs.Job[tidyArgs]) error { return s.tidyUp(ctx) })
	s.Queue.Every(d.Every, func() jobs.Args { return tidyArgs{} })
	return s
}

// UnitName is the full name of a unit today; "" for an unknown one.
func (s *Service) UnitName(unitID string) string {
	u, err := s.Forest().Unit(unitID, s.Today())
	if err != nil {
		return ""
	}
	return u.FullName
}

// Today is the day in Vietnam.
func (s *Service) Today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// roots are the units in which the actor may do the action; a refusal when there are none.
func (s *Service) roots(a identity.Actor, action string) ([]string, error) {
	roots := s.Authz.Scope(a, action)
	if len(roots) == 0 {
		return nil, s.Authz.Check(a, action, identity.InUnit(""))
	}
	return roots, nil
}

// trace writes an act into the audit log.
func (s *Service) trace(ctx context.Context, tx db.Tx, a identity.Actor, unitID, action, kind, thing string, details ...string) error {
	t := identity.Trace{Actor: a, UnitID: unitID, Action: action, ResourceType: kind, ResourceID: thing}
	for i := 0; i+1 < len(details); i += 2 {
		if t.Details == nil {
			t.Details = map[string]string{}
		}
		t.Details[details[i]] = details[i+1]
	}
	return s.Trail.Record(ctx, tx, t)
}

func notFound(key string) error { return fault.New(fault.NotFound, key) }

func conflict(key string) *fault.Error { return fault.New(fault.Conflict, key) }
