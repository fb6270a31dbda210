package feedback

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mine is a case as the citizen who holds its code sees it.
type Mine struct {
	Case     Case
	Events   []Event // the public ones
	Chain    []Holding
	Answers  []Answer // approved ones only
	Pictures []Picture
	DaysLeft int   // working days until the deadline, negative when it has passed; of an open case
	Lead     *Lead // the case that answers this one, of a merged case
}

// ByCode gives the case of a tracking code to whoever has the code.
func (s *Service) ByCode(ctx context.Context, actor identity.Actor, code string) (Mine, error) {
	c, err := s.coded(ctx, actor, code)
	if err != nil {
		return Mine{}, err
	}
	all, err := s.store.events(ctx, s.DB.Read(), c.ID)
	if err != nil {
		return Mine{}, err
	}
	m := Mine{Case: c, Chain: Chain(all), DaysLeft: s.Calendar.Between(s.today(), c.Deadline)}
	for _, e := range all {
		if e.Public {
			m.Events = append(m.Events, e)
		}
	}
	if c.State == StateMerged {
		lead, err := s.LeadOf(ctx, identity.System("feedback"), c.ID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return Mine{}, err
		}
		m.Lead = &lead
	}
	answers, err := s.store.answers(ctx, s.DB.Read(), c.ID)
	if err != nil {
		return Mine{}, err
	}
	for _, a := range answers {
		if a.State == AnswerApproved {
			m.Answers = append(m.Answers, a)
		}
	}
	m.Pictures, err = s.store.pictures(ctx, s.DB.Read(), c.ID)
	return m, err
}

// coded finds the case of a code as people type it.
func (s *Service) coded(ctx context.Context, actor identity.Actor, code string) (Case, error) {
	if err := s.Authz.Check(actor, ActionAsk, identity.InUnit("")); err != nil {
		return Case{}, err
	}
	written, ok := id.ParseCode(code)
	if !ok {
		return Case{}, fault.Field("ma", "feedback.code_bad").With("Code", code)
	}
	return s.store.caseBy(ctx, s.DB.Read(), "code", written)
}

// byCitizen takes a step of the citizen who has the code.
func (s *Service) byCitizen(ctx context.Context, actor identity.Actor, code string, step Step, a Act, after more) (Case, error) {
	found, err := s.coded(ctx, actor, code)
	if err != nil {
		return Case{}, err
	}
	a.At = s.Clock.Now()
	var out Case
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, err := s.store.lockCase(ctx, tx, found.ID)
		if err != nil {
			return err
		}
		a := a
		if a.Because != nil && c.Paused() {
			a.Because(c, &a)
		}
		e, err := s.apply(ctx, tx, &c, step, a)
		if err != nil {
			return err
		}
		if after != nil {
			if _, err := after(ctx, tx, &c, e); err != nil {
				return err
			}
		}
		out = c
		return s.tell(ctx, tx, c, e, "")
	})
	return out, err
}

// Rate keeps how well the answer helped: 1 not, 2 partly, 3 yes. With thanks the case is closed.
func (s *Service) Rate(ctx context.Context, actor identity.Actor, code string, rating int, thanks bool) (Case, error) {
	step := StepRate
	if rating < 1 || rating > 3 {
		return Case{}, fault.Field("rating", "feedback.rating_required")
	}
	if thanks {
		step = StepThank
	}
	return s.byCitizen(ctx, actor, code, step, Act{Rating: rating}, func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
		if !c.Published {
			return "", nil
		}
		return "", s.store.ratePublic(ctx, tx, c.ID, c.Rating)
	})
}

// Reopen gives the case back to its holder because the answer did not help; possible for ReopenDays after the answer. A
// new term runs from now on.
func (s *Service) Reopen(ctx context.Context, actor identity.Actor, code, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	c, err := s.coded(ctx, actor, code)
	if err != nil {
		return Case{}, err
	}
	term, err := s.term(ctx, c.Kind, c.Category, c.HolderUnitID, s.Clock.Now())
	if err != nil {
		return Case{}, err
	}
	step := StepReopen
	if c.State == StateMerged { // it was not the same matter after all
		if step = StepUnmerge; why == "" {
			return Case{}, fault.Field("reason", "feedback.reason_required")
		}
	}
	return s.byCitizen(ctx, actor, code, step, Act{Reason: why, Clock: term}, nil)
}
