// Package spending is where the money of an appeal goes: a decision allots it to units under the heads of the law, the units
// name who shall receive it, the treasurer pays it out with minutes and a witness, and the public sees how far it has come.
//
// Three people stand between a gift and a household: who proposes a decision does not decide it, and who decides does not pay
// out. A decision never allots more than the appeal holds, nor money that donors bound to something else; payments never
// exceed what was allotted. What was paid by mistake is taken back by an entry that reverses it, with a reason; nothing is
// deleted. In public there are units, heads, amounts and counts, and never the name of a household.
package spending

import (
	"context"
	"embed"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "spending", FS: migrationFS}

// Policies say, in Cedar, who may propose, decide and pay out.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionRead     = "spending.read"      // see decisions, who shall receive, what was paid
	ActionPropose  = "spending.propose"   // draw up a decision
	ActionDecide   = "spending.decide"    // approve or refuse it, take back what is not yet paid
	ActionPlan     = "spending.plan"      // name who shall receive the money of a unit
	ActionPay      = "spending.pay"       // pay out
	ActionTakeBack = "spending.take_back" // reverse a payment
	ActionNeed     = "spending.need"      // say what a unit needs
)

// Households is what spending asks of the register of households; household.Service gives it.
type Households interface {
	Get(ctx context.Context, actor identity.Actor, householdID string) (household.Household, error)
	Search(ctx context.Context, actor identity.Actor, q household.Query) ([]household.Household, int, error)
	WarningsFor(ctx context.Context, actor identity.Actor, householdID string, kind household.HelpKind, programme string) ([]household.Warning, error)
	RecordHelp(ctx context.Context, tx db.Tx, h household.Help) error
	TakeBackHelp(ctx context.Context, tx db.Tx, source, sourceID string) error
}

// House is a house that is being built for a household, for which a fund may pay.
type House struct {
	ID   string
	Code string
	Left money.VND // what of the sum that was decided is not paid yet
}

// Houses is what spending asks of the room where houses are built; the roof gives it.
type Houses interface {
	// HouseOf gives the house of a household that may be paid for now; a zero House when there is none.
	HouseOf(ctx context.Context, householdID string) (House, error)
	// BindHouse makes the help that was written down under HelpSource and sourceID a part of the house, counted once.
	BindHouse(ctx context.Context, tx db.Tx, actor identity.Actor, houseID, sourceID string) error
}

// Deps are what the service stands on.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Authz      *identity.Authorizer
	Trail      identity.Recorder
	Forest     func() *orgunit.Forest
	Books      *fund.Service
	Households Households
	Houses     Houses // nil: no houses are built here
	Pictures   *picture.Store
	// Relief tells what the relief desk knows that units need and received in goods, in money's worth; nil: nobody knows.
	Relief func(ctx context.Context, appeal fund.Appeal) ([]Need, error)
}

// Service is the use cases of spending.
type Service struct {
	Deps
	store store
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// UnitName is the full name of a unit as it is called today; "" for an unknown one.
func (s *Service) UnitName(unitID string) string {
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return ""
	}
	return u.FullName
}

// roots are the units in which the actor may do the action; a refusal when there are none.
func (s *Service) roots(actor identity.Actor, action string) ([]string, error) {
	roots := s.Authz.Scope(actor, action)
	if len(roots) == 0 {
		return nil, s.Authz.Check(actor, action, identity.Resource{Type: "Unit"})
	}
	return roots, nil
}

func errNoAllocation() *fault.Error { return fault.New(fault.NotFound, "spending.allocation.none") }
