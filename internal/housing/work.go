package housing

import (
	"context"
	"errors"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Form is a filled survey form. The household is one of the register (HouseholdID), or is written down with it (Entry).
type Form struct {
	OfflineID   string // of the form on the device; "" without JavaScript
	ProgrammeID string
	HouseholdID string
	Entry       household.Entry
	Need        Need
	Survey      Survey
	On          clock.Date
	Photos      []NewPhoto // before; already stored
}

// NewPhoto is a stored photo with the family's consent to it.
type NewPhoto struct {
	PictureID string
	Moment    Moment
	Consent   string
}

// Survey takes a filled form in: the household is found or written down, and the house is surveyed. The same form sent again
// gives the same house.
func (s *Service) Survey(ctx context.Context, actor identity.Actor, f Form) (Case, error) {
	if _, err := s.roots(actor, ActionSurvey); err != nil {
		return Case{}, err
	}
	f.Survey = f.Survey.Clean()
	var bad fault.Fields
	f.Survey.check(&bad, f.Need)
	day(&bad, "on", f.On, "2000-01-01", s.Today(), "housing.day_odd")
	checkPhotos(&bad, f.Photos)
	if f.HouseholdID == "" {
		add(&bad, f.Entry.Clean().Check(s.Today().Time().Year()))
	}
	var out Case
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		known, err := s.store.byOffline(ctx, tx, f.OfflineID)
		if err == nil && s.may(actor, ActionSurvey, known.domain()) == nil {
			out = known.domain()
			return nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		p, err := s.store.programme(ctx, tx, f.ProgrammeID)
		if err != nil || p.Closed {
			bad.Check(false, "programme", "housing.programme_missing")
		}
		if err := bad.OrNil(); err != nil {
			return err
		}
		out, err = s.begin(ctx, tx, actor, f)
		return err
	})
	if fault.Is(err, fault.Conflict) { // perhaps the same form came in at the same moment
		if known, kerr := s.store.byOffline(ctx, s.DB.Read(), f.OfflineID); kerr == nil && s.may(actor, ActionSurvey, known.domain()) == nil {
			return known.domain(), nil
		}
	}
	return out, err
}

// add puts the faults of another check among ours.
func add(bad *fault.Fields, err error) {
	var list fault.Fields
	if errors.As(err, &list) {
		*bad = append(*bad, list...)
	}
}

func (s *Service) begin(ctx context.Context, tx db.Tx, actor identity.Actor, f Form) (Case, error) {
	h, err := s.family(ctx, tx, actor, f)
	if err != nil {
		return Case{}, err
	}
	c := Case{ID: id.New(), Code: id.NewCode(), HouseholdID: h.ID, UnitID: h.UnitID, ProgrammeID: f.ProgrammeID, State: Surveyed, Need: f.Need, Kind: f.Need.Kind(), Category: h.Category,
		SurveyedBy: actor.ID, SurveyedName: actor.Name, SurveyedOn: f.On, StateOn: f.On, Version: 1, CreatedAt: s.Clock.Now()}
	if err := s.may(actor, ActionSurvey, c); err != nil {
		return Case{}, err
	}
	other, err := s.store.openOf(ctx, tx, h.ID)
	if err == nil {
		return Case{}, fault.New(fault.Conflict, "housing.open_already").With("Code", other.Code)
	}
	if !fault.Is(err, fault.NotFound) {
		return Case{}, err
	}
	r := &row{ID: c.ID, Code: c.Code, OfflineID: f.OfflineID, HouseholdID: h.ID, Initials: h.Initials, CreatedAt: c.CreatedAt}
	r.take(c)
	if r.Survey, err = s.seal(surveyPlace(c.ID), f.Survey); err != nil {
		return Case{}, err
	}
	if err := s.store.insert(ctx, tx, r); err != nil {
		if db.IsUnique(err) {
			return Case{}, fault.New(fault.Conflict, "housing.changed_meanwhile").Because(err)
		}
		return Case{}, err
	}
	if err := s.keepPhotos(ctx, tx, actor, c.ID, f.Photos); err != nil {
		return Case{}, err
	}
	return c, s.happened(ctx, tx, actor, c, StepSurvey, "", "")
}

// family finds the household of a form or writes it down.
func (s *Service) family(ctx context.Context, tx db.Tx, actor identity.Actor, f Form) (household.Household, error) {
	if f.HouseholdID == "" {
		return s.Households.Ensure(ctx, tx, actor, f.Entry)
	}
	h, err := s.Households.Get(ctx, actor, f.HouseholdID)
	if err == nil && h.Closed() {
		return h, fault.New(fault.Conflict, "housing.household_closed")
	}
	return h, err
}

// Read opens the answers of the survey. Some are sensitive: it asks for the right to open households, a reason, and is logged.
func (s *Service) Read(ctx context.Context, actor identity.Actor, caseID, why string) (Survey, household.Person, error) {
	var out Survey
	var p household.Person
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.store.byID(ctx, tx, caseID)
		if err != nil {
			return err
		}
		if err := s.may(actor, ActionRead, r.domain()); err != nil {
			return err
		}
		if p, err = s.Households.OpenIn(ctx, tx, actor, r.HouseholdID, why); err != nil {
			return err
		}
		return s.open(surveyPlace(r.ID), r.Survey, &out)
	})
	return out, p, err
}

// Revise corrects a survey before it is approved. The corrector becomes the one who surveyed.
func (s *Service) Revise(ctx context.Context, actor identity.Actor, caseID string, version int, n Need, answers Survey, on clock.Date) (Case, error) {
	answers = answers.Clean()
	var bad fault.Fields
	answers.check(&bad, n)
	day(&bad, "on", on, "2000-01-01", s.Today(), "housing.day_odd")
	return s.step(ctx, actor, ActionSurvey, caseID, version, StepRevise, Act{}, func(_ context.Context, _ db.Tx, r *row, c *Case) (err error) {
		if err := bad.OrNil(); err != nil {
			return err
		}
		c.Need, c.Kind, c.SurveyedOn, c.StateOn, c.SurveyedBy, c.SurveyedName = n, n.Kind(), on, on, actor.ID, actor.Name
		r.Survey, err = s.seal(surveyPlace(c.ID), answers)
		return err
	})
}

// Approve decides source and amount. Nobody approves what they surveyed.
func (s *Service) Approve(ctx context.Context, actor identity.Actor, caseID string, version int, d Decision) (Case, error) {
	return s.decide(ctx, actor, caseID, version, StepApprove, d, "")
}

// Amend decides source and amount anew while the house is not handed over, with a reason.
func (s *Service) Amend(ctx context.Context, actor identity.Actor, caseID string, version int, d Decision, why string) (Case, error) {
	return s.decide(ctx, actor, caseID, version, StepAmend, d, why)
}

func (s *Service) decide(ctx context.Context, actor identity.Actor, caseID string, version int, step Step, d Decision, why string) (Case, error) {
	return s.step(ctx, actor, ActionApprove, caseID, version, step, Act{Decision: d, Reason: why}, func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
		c.ApprovedBy, c.Approver = actor.ID, actor.Name
		parts, err := s.Households.PartsOf(ctx, tx, c.Matter())
		if err != nil {
			return err
		}
		return s.notTooMuch(*c, parts)
	})
}

// Start records that work began.
func (s *Service) Start(ctx context.Context, actor identity.Actor, caseID string, on clock.Date) (Case, error) {
	return s.step(ctx, actor, ActionRecord, caseID, 0, StepStart, Act{On: on}, nil)
}

// Pause stops a house, with a reason: the family is away, the ground is disputed, the storm took the road.
func (s *Service) Pause(ctx context.Context, actor identity.Actor, caseID, why string) (Case, error) {
	return s.step(ctx, actor, ActionRecord, caseID, 0, StepPause, Act{Reason: why}, nil)
}

// Resume takes a paused house up where it stopped.
func (s *Service) Resume(ctx context.Context, actor identity.Actor, caseID, why string) (Case, error) {
	return s.step(ctx, actor, ActionRecord, caseID, 0, StepResume, Act{Reason: why}, nil)
}

// Complete writes the completion minutes; until the handover they can be written anew.
func (s *Service) Complete(ctx context.Context, actor identity.Actor, caseID string, minutes Completion) (Case, error) {
	minutes = minutes.Clean()
	return s.step(ctx, actor, ActionRecord, caseID, 0, StepComplete, Act{Completion: &minutes}, func(_ context.Context, _ db.Tx, r *row, c *Case) (err error) {
		r.Completion, err = s.seal(completionPlace(c.ID), minutes)
		return err
	})
}

// HandOver records that the family has its house, and writes the help into its ledger: the whole of what was decided, of which
// what a fund paid is a part.
func (s *Service) HandOver(ctx context.Context, actor identity.Actor, caseID string, on clock.Date) (Case, error) {
	return s.step(ctx, actor, ActionRecord, caseID, 0, StepHandOver, Act{On: on}, func(ctx context.Context, tx db.Tx, _ *row, c *Case) error {
		p, err := s.store.programme(ctx, tx, c.ProgrammeID)
		if err != nil {
			return err
		}
		return s.Households.RecordHelp(ctx, tx, household.Help{HouseholdID: c.HouseholdID, Source: HelpSource, SourceID: c.ID, Kind: household.House, Value: c.Amount,
			What: c.Code, Programme: p.Name, On: on, UnitID: s.Commune(c.UnitID).ID, Matter: c.Matter(), Whole: true})
	})
}

// Papers is what the papers of a house are made from: the case with names and answers. It is logged as an opening of the
// household.
type Papers struct {
	Dossier
	Person     household.Person
	Survey     Survey
	Completion Completion // zero until written
	Payment    Payment    // the one asked for
}

// Papers opens everything that a paper of a house says. paymentID names the payment of money minutes; "" for other papers.
func (s *Service) Papers(ctx context.Context, actor identity.Actor, caseID, paymentID, why string) (Papers, error) {
	d, err := s.Open(ctx, actor, caseID)
	if err != nil {
		return Papers{}, err
	}
	out := Papers{Dossier: d}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.store.byID(ctx, tx, caseID)
		if err != nil {
			return err
		}
		if out.Person, err = s.Households.OpenIn(ctx, tx, actor, r.HouseholdID, why); err != nil {
			return err
		}
		if err := s.open(surveyPlace(r.ID), r.Survey, &out.Survey); err != nil {
			return err
		}
		if r.Completion != "" {
			if err := s.open(completionPlace(r.ID), r.Completion, &out.Completion); err != nil {
				return err
			}
		}
		if paymentID == "" {
			return nil
		}
		pay, err := s.store.payment(ctx, tx, caseID, paymentID)
		if err != nil {
			return err
		}
		out.Payment = pay.domain()
		return s.open(paymentPlace(pay.ID), pay.Parties, &out.Payment.Parties)
	})
	return out, err
}
