package feedback

import (
	"context"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// reason cleans what an official or citizen gives as a ground and refuses one that is too long.
func reason(field, text string) (string, error) {
	text = vntext.Clean(text)
	if vntext.Length(text) > MaxReason {
		return "", fault.Field(field, "feedback.field_long").With("Limit", MaxReason)
	}
	return text, nil
}

// Claim makes the official the one who works on the case; the desk sees it.
func (s *Service) Claim(ctx context.Context, actor identity.Actor, caseID string) (Case, error) {
	return s.step(ctx, actor, ActionWork, caseID, StepClaim, Act{}, nil)
}

// Classify decides the legal kind, with the reason where there is one to give. The clock of the new kind runs from the day of receipt; a complaint or denunciation
// leaves the ordinary lists and the public one at once, so the one who decided may no longer see it afterwards.
func (s *Service) Classify(ctx context.Context, actor identity.Actor, caseID string, k Kind, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	if !k.Valid() {
		return Case{}, fault.Field("kind", "feedback.kind_unknown")
	}
	before, err := s.store.caseBy(ctx, s.DB.Read(), "id", caseID)
	if err != nil {
		return Case{}, err
	}
	term, err := s.term(ctx, k, before.Category, before.HolderUnitID, before.ReceivedAt)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionWork, caseID, StepClassify, Act{Kind: k, Reason: strings.TrimSpace(string(k) + "\n" + why), Clock: term},
		func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
			if k.Secret() {
				if err := s.withdraw(ctx, tx, actor, c); err != nil {
					return "", err
				}
			}
			if err := s.store.reseal(ctx, tx, *c); err != nil {
				return "", err
			}
			return "", s.Queue.Publish(ctx, tx, Classified{CaseID: c.ID, As: k})
		})
}

// Route passes the case to another unit or agency, which holds it from now on. The citizen sees where and why.
func (s *Service) Route(ctx context.Context, actor identity.Actor, caseID, toUnit, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	if toUnit != "" {
		if u, err := s.Forest().Unit(toUnit, s.today()); err != nil || !u.Stands(s.today()) {
			return Case{}, fault.Field("unit", "feedback.unit_unknown")
		}
	}
	return s.step(ctx, actor, ActionWork, caseID, StepRoute, Act{ToUnitID: toUnit, Reason: why},
		func(ctx context.Context, tx db.Tx, c *Case, e Event) (string, error) {
			return "", s.Queue.Publish(ctx, tx, Routed{CaseID: c.ID, FromUnit: e.UnitID, ToUnit: e.ToUnitID})
		})
}

// Note adds a remark that only officials see.
func (s *Service) Note(ctx context.Context, actor identity.Actor, caseID, text string) (Case, error) {
	text, err := reason("note", text)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionWork, caseID, StepNote, Act{Reason: text}, nil)
}

// Refuse ends the case without an answer and tells the citizen why.
func (s *Service) Refuse(ctx context.Context, actor identity.Actor, caseID, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionWork, caseID, StepRefuse, Act{Reason: why}, nil)
}

// RefuseNotOurs ends the case because another body is responsible: the citizen is told which one, and why.
func (s *Service) RefuseNotOurs(ctx context.Context, actor identity.Actor, caseID, body, why string) (Case, error) {
	body, err := reason("body", body)
	if err != nil {
		return Case{}, err
	}
	var fs fault.Fields
	fs.Check(body != "", "body", "feedback.body_required")
	fs.Check(strings.TrimSpace(why) != "", "reason", "feedback.reason_required")
	if err := fs.OrNil(); err != nil {
		return Case{}, err
	}
	return s.Refuse(ctx, actor, caseID, s.Words.T("feedback.not_ours", "Body", vntext.OneLine(body), "Why", why))
}

// Unmask opens name, telephone and address of the person. It is written into the case and into the audit log each time.
func (s *Service) Unmask(ctx context.Context, actor identity.Actor, caseID, why string) (Person, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Person{}, err
	}
	if why == "" {
		return Person{}, fault.Field("reason", "feedback.unmask_reason")
	}
	var sealed string
	c, err := s.step(ctx, actor, ActionUnmask, caseID, StepUnmask, Act{Reason: why},
		func(ctx context.Context, tx db.Tx, c *Case, _ Event) (_ string, err error) {
			sealed, err = s.store.person(ctx, tx, c.ID)
			return "", err
		})
	if err != nil {
		return Person{}, err
	}
	return s.open(c.ID, sealed)
}
