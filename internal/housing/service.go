package housing

import (
	"context"
	"embed"
	"io"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "housing", FS: migrationFS}

//go:embed policies.cedar
var policyText string

// Policies say who may survey, approve, record, pay and set programmes up.
var Policies = identity.PolicyFile{Feature: "housing", Text: policyText}

// The actions that the policies speak of.
const (
	ActionRead      = "housing.read"
	ActionSurvey    = "housing.survey"
	ActionApprove   = "housing.approve"
	ActionRecord    = "housing.record"
	ActionPay       = "housing.pay"
	ActionProgramme = "housing.programme"
)

// Sealer seals what a survey asks and who is named in minutes; secret.Box implements it.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
}

// Households is what housing asks of the register of households; household.Service gives it.
type Households interface {
	Get(ctx context.Context, actor identity.Actor, householdID string) (household.Household, error)
	Ensure(ctx context.Context, tx db.Tx, actor identity.Actor, e household.Entry) (household.Household, error)
	OpenIn(ctx context.Context, tx db.Tx, actor identity.Actor, householdID, why string) (household.Person, error)
	HelpOf(ctx context.Context, actor identity.Actor, householdID string) ([]household.Help, error)
	WarningsFor(ctx context.Context, actor identity.Actor, householdID string, kind household.HelpKind, programme string) ([]household.Warning, error)
	RecordHelp(ctx context.Context, tx db.Tx, h household.Help) error
	Bind(ctx context.Context, tx db.Tx, householdID, source, sourceID, matter string) error
	Unbind(ctx context.Context, tx db.Tx, householdID, source, sourceID, matter string) error
	PartsOf(ctx context.Context, q bun.IDB, matter string) ([]household.Help, error)
	Parts(ctx context.Context, q bun.IDB, prefix string) (map[string]money.VND, error)
	Area(h household.Household) string
	Places(actor identity.Actor, action string) []orgunit.Unit
}

// Pictures keeps photos; picture.Store implements it.
type Pictures interface {
	Save(ctx context.Context, r io.Reader) (picture.Picture, error)
	JPEG(ctx context.Context, pid string) ([]byte, error)
}

// Deps are what the service stands on.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Authz      *identity.Authorizer
	Trail      identity.Recorder
	Forest     func() *orgunit.Forest
	Sealer     Sealer
	Households Households
	Pictures   Pictures
}

// Service is the use cases of housing.
type Service struct {
	Deps
	store store
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Today is the day in Vietnam.
func (s *Service) Today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// Unit gives a unit as it stands today; one with an empty name when it is unknown.
func (s *Service) Unit(unitID string) orgunit.Unit {
	u, err := s.Forest().Unit(unitID, s.Today())
	if err != nil {
		return orgunit.Unit{ID: unitID}
	}
	return u
}

// Commune is the commune that a unit is or belongs to; the unit itself when there is none above.
func (s *Service) Commune(unitID string) orgunit.Unit {
	u := s.Unit(unitID)
	if u.Level == orgunit.LevelCommune {
		return u
	}
	for _, a := range s.Forest().Ancestors(unitID, s.Today()) {
		if a.Level == orgunit.LevelCommune {
			return a
		}
	}
	return u
}

func errNoCase() error { return fault.New(fault.NotFound, "housing.not_found") }

func resource(c Case) identity.Resource {
	r := identity.Resource{Type: "House", ID: c.ID, UnitID: c.UnitID, Attrs: map[string]string{"surveyed_by": c.SurveyedBy}}
	if c.ApprovedBy != "" {
		r.Attrs["approved_by"] = c.ApprovedBy
	}
	return r
}

// may returns nil when the actor may do the action to the house; who may not even read it is told that there is none.
func (s *Service) may(actor identity.Actor, action string, c Case) error {
	err := s.Authz.Check(actor, action, resource(c))
	if err != nil && fault.Is(err, fault.Forbidden) && (action == ActionRead || s.Authz.Check(actor, ActionRead, resource(c)) != nil) {
		return errNoCase()
	}
	return err
}

// Can tells whether the actor may do the action to the house, for pages that show or hide a button.
func (s *Service) Can(actor identity.Actor, action string, c Case) bool {
	return s.may(actor, action, c) == nil
}

// roots are the units in which the actor may do the action; a refusal when there are none.
func (s *Service) roots(actor identity.Actor, action string) ([]string, error) {
	roots := s.Authz.Scope(actor, action)
	if len(roots) == 0 {
		return nil, s.Authz.Check(actor, action, identity.InUnit(""))
	}
	return roots, nil
}

// Get gives one house.
func (s *Service) Get(ctx context.Context, actor identity.Actor, caseID string) (Case, error) {
	r, err := s.store.byID(ctx, s.DB.Read(), caseID)
	if err != nil {
		return Case{}, err
	}
	return r.domain(), s.may(actor, ActionRead, r.domain())
}

// Dossier is everything about a house but the sealed names.
type Dossier struct {
	Case
	Household household.Household
	Area      string
	Programme Programme
	Events    []Event
	Payments  []Payment // without their parties
	Photos    []Photo
	Warnings  []household.Warning
	Parts     []household.Help // what funds paid towards it
	Loose     []household.Help // what funds paid the family, and could be a part of it
}

// PaidAll is what was paid for the house, by this room's minutes and by funds.
func (d Dossier) PaidAll() money.VND {
	sum := d.Paid
	for _, p := range d.Parts {
		sum += p.Value
	}
	return sum
}

// Open gives a house with its history.
func (s *Service) Open(ctx context.Context, actor identity.Actor, caseID string) (Dossier, error) {
	c, err := s.Get(ctx, actor, caseID)
	if err != nil {
		return Dossier{}, err
	}
	d, q := Dossier{Case: c}, s.DB.Read()
	if d.Household, err = s.Households.Get(ctx, actor, c.HouseholdID); err != nil {
		return d, err
	}
	d.Area = s.Households.Area(d.Household)
	if d.Programme, err = s.store.programme(ctx, q, c.ProgrammeID); err != nil {
		return d, err
	}
	if d.Events, err = s.store.events(ctx, q, c.ID); err != nil {
		return d, err
	}
	if d.Payments, err = s.store.payments(ctx, q, c.ID); err != nil {
		return d, err
	}
	if d.Photos, err = s.store.photos(ctx, q, c.ID); err != nil {
		return d, err
	}
	helps, err := s.Households.HelpOf(ctx, actor, c.HouseholdID)
	if err != nil {
		return d, err
	}
	d.sort(helps)
	ws, err := s.Households.WarningsFor(ctx, actor, c.HouseholdID, household.House, d.Programme.Name)
	if err != nil {
		return d, err
	}
	for _, w := range ws {
		if w.Help.Matter != c.Matter() {
			d.Warnings = append(d.Warnings, w)
		}
	}
	return d, nil
}

// sort parts the family's helps into those that pay for this house and those that could.
func (d *Dossier) sort(helps []household.Help) {
	for _, h := range helps {
		switch {
		case h.Source == HelpSource:
		case h.Matter == d.Matter():
			d.Parts = append(d.Parts, h)
		case h.Matter == "" && h.Kind == household.Cash && h.On >= d.SurveyedOn:
			d.Loose = append(d.Loose, h)
		}
	}
}

// step takes one step of a house in one transaction: reads it for update, checks the right, applies the rule, writes case, event
// and audit line. more, when given, does what else belongs to the step, before the case is written.
func (s *Service) step(ctx context.Context, actor identity.Actor, action, caseID string, version int, step Step, a Act, more func(ctx context.Context, tx db.Tx, r *row, c *Case) error) (Case, error) {
	var out Case
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.store.lock(ctx, tx, caseID)
		if err != nil {
			return err
		}
		c := r.domain()
		if err := s.may(actor, action, c); err != nil {
			return err
		}
		if version > 0 && c.Version != version {
			return fault.New(fault.Conflict, "housing.changed_meanwhile")
		}
		out, err = s.stepIn(ctx, tx, actor, r, step, a, more)
		return err
	})
	return out, err
}

// stepIn is the part of step that follows once the house is locked and the actor was found to have the right.
func (s *Service) stepIn(ctx context.Context, tx db.Tx, actor identity.Actor, r row, step Step, a Act, more func(ctx context.Context, tx db.Tx, r *row, c *Case) error) (Case, error) {
	c, act := r.domain(), a
	act.Today = s.Today()
	if step == StepApprove || step == StepAmend {
		p, err := s.store.programme(ctx, tx, c.ProgrammeID)
		if err != nil {
			return c, err
		}
		act.Norm, act.NormFor = p.Norm(c.Kind), p.Name
	}
	before := c.State
	if err := c.Take(step, act); err != nil {
		return c, err
	}
	if more != nil {
		if err := more(ctx, tx, &r, &c); err != nil {
			return c, err
		}
	}
	r.take(c)
	if err := s.store.update(ctx, tx, &r); err != nil {
		return c, err
	}
	return c, s.happened(ctx, tx, actor, c, step, before, tidy(a.Reason))
}

// happened writes the event and the audit line of a step.
func (s *Service) happened(ctx context.Context, tx db.Tx, actor identity.Actor, c Case, step Step, before State, why string) error {
	e := Event{ID: id.New(), CaseID: c.ID, Step: step, From: before, To: c.State, At: s.Clock.Now(), ActorID: actor.ID, ActorName: actor.Name, Reason: why}
	if err := s.store.insertEvent(ctx, tx, e); err != nil {
		return err
	}
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: c.UnitID, Action: "housing." + string(step), ResourceType: "House", ResourceID: c.ID,
		Details: map[string]string{"state": string(c.State)}})
}
