package feedback

import (
	"context"
	"encoding/json"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

func (s *Service) open(caseID, sealed string) (Person, error) {
	if sealed == "" {
		return Person{}, nil
	}
	b, err := s.Sealer.Open(sealed, personPlace(caseID))
	if err != nil {
		return Person{}, err
	}
	var p Person
	return p, json.Unmarshal(b, &p)
}

func checkAnswer(text string) (string, error) {
	text = cleanText(text)
	switch n := vntext.Length(text); {
	case n == 0:
		return "", fault.Field("answer", "feedback.answer_required")
	case n > MaxAnswer:
		return "", fault.Field("answer", "feedback.text_long").With("Limit", vntext.FormatInt(MaxAnswer)).With("Have", vntext.FormatInt(int64(n)))
	}
	return text, nil
}

// Draft keeps the text of an answer that is not ready yet. It belongs to whoever wrote it last.
func (s *Service) Draft(ctx context.Context, actor identity.Actor, caseID, text string) (Answer, error) {
	text, err := checkAnswer(text)
	if err != nil {
		return Answer{}, err
	}
	var out Answer
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, err := s.store.lockCase(ctx, tx, caseID)
		if err != nil {
			return err
		}
		if err := s.may(actor, ActionWork, c, ""); err != nil {
			return err
		}
		if !c.State.Allows(StepSubmit) {
			return fault.New(fault.Conflict, "feedback.step_not_now")
		}
		out, err = s.write(ctx, tx, actor, c, text)
		return err
	})
	return out, err
}

// write puts the text into the pending answer of the case, or begins one.
func (s *Service) write(ctx context.Context, tx db.Tx, actor identity.Actor, c Case, text string) (Answer, error) {
	a, had, err := s.store.pending(ctx, tx, c.ID)
	if err != nil {
		return Answer{}, err
	}
	now := s.Clock.Now()
	if !had {
		a = Answer{ID: id.New(), CaseID: c.ID, CreatedAt: now}
	}
	a.UnitID, a.Text, a.State, a.UpdatedAt = c.HolderUnitID, text, AnswerDraft, now
	a.AuthorID, a.AuthorName = actor.ID, actor.Name
	if had {
		return a, s.store.updateAnswer(ctx, tx, a, c.Kind.Secret())
	}
	return a, s.store.insertAnswer(ctx, tx, a, c.Kind.Secret())
}

// Submit puts an answer forward for approval by another official.
func (s *Service) Submit(ctx context.Context, actor identity.Actor, caseID, text string) (Case, error) {
	text, err := checkAnswer(text)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionWork, caseID, StepSubmit, Act{},
		func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
			a, err := s.write(ctx, tx, actor, *c, text)
			if err != nil {
				return "", err
			}
			a.State, a.Returned = AnswerReview, ""
			return "", s.store.updateAnswer(ctx, tx, a, c.Kind.Secret())
		})
}

// ReturnAnswer sends an answer back to its author with the reason.
func (s *Service) ReturnAnswer(ctx context.Context, actor identity.Actor, caseID, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionApprove, caseID, StepReturn, Act{Reason: why},
		func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
			a, had, err := s.store.pending(ctx, tx, c.ID)
			if err != nil || !had {
				return "", err
			}
			a.State, a.Returned, a.UpdatedAt = AnswerDraft, why, s.Clock.Now()
			return "", s.store.updateAnswer(ctx, tx, a, c.Kind.Secret())
		})
}

// Approve gives the answer: it goes back by the door the question came in by. The author may not approve it. answerID
// names what the approver has read; another one is refused. With publish the masked copies come
// into the public list in the same transaction, provided nothing stands against it.
func (s *Service) Approve(ctx context.Context, actor identity.Actor, caseID, answerID string, publish bool) (Case, error) {
	return s.step(ctx, actor, ActionApprove, caseID, StepApprove, Act{},
		func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
			a, had, err := s.store.pending(ctx, tx, c.ID)
			if err != nil {
				return "", err
			}
			if !had || a.State != AnswerReview || a.ID != answerID {
				return "", fault.New(fault.Conflict, "feedback.answer_changed")
			}
			if err := s.may(actor, ActionApprove, *c, a.AuthorID); err != nil {
				return "", err
			}
			now := s.Clock.Now()
			a.State, a.ApproverID, a.ApproverName, a.ApprovedAt, a.UpdatedAt = AnswerApproved, actor.ID, actor.Name, now, now
			if err := s.store.updateAnswer(ctx, tx, a, c.Kind.Secret()); err != nil {
				return "", err
			}
			if err := s.publishOnApproval(ctx, tx, actor, c, a, publish); err != nil {
				return "", err
			}
			return a.Text, s.Queue.Publish(ctx, tx, Answered{CaseID: c.ID, UnitID: c.HolderUnitID})
		})
}

// publishOnApproval puts question and answer into the public list when the approver wishes it and nothing stands against
// it. Otherwise a copy with an older answer, of a case that was reopened, is taken out: it holds no longer.
func (s *Service) publishOnApproval(ctx context.Context, tx db.Tx, actor identity.Actor, c *Case, a Answer, publish bool) error {
	if publish && Publishable(*c) && len(FindPersonal(c.Text)) == 0 && len(FindPersonal(a.Text)) == 0 {
		return s.publish(ctx, tx, actor, c, a, Copy{Question: c.Text, Answer: a.Text})
	}
	return s.withdraw(ctx, tx, actor, c)
}
