package feedback

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
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
	text = vntext.Clean(text)
	switch n := vntext.Length(text); {
	case n == 0:
		return "", fault.Field("answer", "feedback.answer_required")
	case n > MaxAnswer:
		return "", fault.Field("answer", "feedback.text_long").With("Limit", vntext.FormatInt(MaxAnswer)).With("Have", vntext.FormatInt(int64(n)))
	}
	return text, nil
}

// AnswerKind is what an answer says (Law on Reception of Citizens 42/2013 art. 28: taken up, to be looked into, refused with
// its reason, passed to the body that is competent).
type AnswerKind string

// The kinds of answers.
const (
	AnswerAccepted   AnswerKind = "accepted"
	AnswerInProgress AnswerKind = "in_progress" // with the day by which it will be done
	AnswerRefused    AnswerKind = "refused"     // with the ground
	AnswerForwarded  AnswerKind = "forwarded"   // with the body it went to
)

// AnswerKinds lists the kinds in the order pages show them.
var AnswerKinds = [...]AnswerKind{AnswerAccepted, AnswerInProgress, AnswerRefused, AnswerForwarded}

// Reply is an answer as it is written.
type Reply struct {
	Text   string
	Kind   AnswerKind // "" is AnswerAccepted
	Due    clock.Date // AnswerInProgress
	Detail string     // AnswerRefused: the ground; AnswerForwarded: to whom
}

// check cleans the reply; with full it must be ready to be put forward.
func (r *Reply) check(full bool, today clock.Date) error {
	var fs fault.Fields
	text, err := checkAnswer(r.Text)
	var refused *fault.Error
	if errors.As(err, &refused) {
		fs.Add(refused)
	}
	r.Text, r.Detail = text, vntext.OneLine(r.Detail)
	if r.Kind == "" {
		r.Kind = AnswerAccepted
	}
	fs.Check(slices.Contains(AnswerKinds[:], r.Kind), "answer_kind", "feedback.answer_kind_unknown")
	tooLong(&fs, "detail", r.Detail, MaxReason)
	if r.Due != "" && !r.Due.Valid() {
		fs.Add(fault.Field("due", "feedback.date_bad"))
	} else if full && r.Kind == AnswerInProgress {
		fs.Check(r.Due != "", "due", "feedback.answer_due_required")
		fs.Check(r.Due == "" || r.Due >= today, "due", "feedback.answer_due_past")
	}
	if full && r.Detail == "" {
		fs.Check(r.Kind != AnswerRefused, "detail", "feedback.answer_ground_required")
		fs.Check(r.Kind != AnswerForwarded, "detail", "feedback.answer_to_required")
	}
	return fs.OrNil()
}

// Gate is asked before an answer is put forward, in the same transaction; its fault refuses the answer.
type Gate func(ctx context.Context, tx db.Tx, c Case, a Answer) error

// BeforeSubmit adds a gate; the roof does so before the house opens.
func (s *Service) BeforeSubmit(g Gate) { s.gates = append(s.gates, g) }

// Draft keeps the text of an answer that is not ready yet. It belongs to whoever wrote it last.
func (s *Service) Draft(ctx context.Context, actor identity.Actor, caseID, text string) (Answer, error) {
	return s.DraftReply(ctx, actor, caseID, Reply{Text: text})
}

// DraftReply keeps an answer that is not ready yet, with its kind.
func (s *Service) DraftReply(ctx context.Context, actor identity.Actor, caseID string, r Reply) (Answer, error) {
	err := r.check(false, s.today())
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
		out, err = s.write(ctx, tx, actor, c, r)
		return err
	})
	return out, err
}

// write puts the text into the pending answer of the case, or begins one.
func (s *Service) write(ctx context.Context, tx db.Tx, actor identity.Actor, c Case, r Reply) (Answer, error) {
	a, had, err := s.store.pending(ctx, tx, c.ID)
	if err != nil {
		return Answer{}, err
	}
	now := s.Clock.Now()
	if !had {
		a = Answer{ID: id.New(), CaseID: c.ID, CreatedAt: now}
	}
	a.UnitID, a.Text, a.State, a.UpdatedAt = c.HolderUnitID, r.Text, AnswerDraft, now
	a.Kind, a.Due, a.Detail = r.Kind, r.Due, r.Detail
	a.AuthorID, a.AuthorName = actor.ID, actor.Name
	if had {
		return a, s.store.updateAnswer(ctx, tx, a, c.Kind.Secret())
	}
	return a, s.store.insertAnswer(ctx, tx, a, c.Kind.Secret())
}

// Submit puts an answer forward for approval by another official.
func (s *Service) Submit(ctx context.Context, actor identity.Actor, caseID, text string) (Case, error) {
	return s.SubmitReply(ctx, actor, caseID, Reply{Text: text})
}

// SubmitReply puts an answer with its kind forward; what the gates refuse is not.
func (s *Service) SubmitReply(ctx context.Context, actor identity.Actor, caseID string, r Reply) (Case, error) {
	if err := r.check(true, s.today()); err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionWork, caseID, StepSubmit, Act{},
		func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
			a, err := s.write(ctx, tx, actor, *c, r)
			if err != nil {
				return "", err
			}
			for _, g := range s.gates {
				if err := g(ctx, tx, *c, a); err != nil {
					return "", err
				}
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
		func(ctx context.Context, tx db.Tx, c *Case, e Event) (string, error) {
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
			return a.Text, s.Queue.Publish(ctx, tx, Answered{CaseID: c.ID, UnitID: c.HolderUnitID, AnswerID: a.ID, EventID: e.ID})
		})
}

// publishOnApproval puts question and answer into the public list when the approver wishes it and nothing stands against
// it. Otherwise a copy with an older answer, of a case that was reopened, is taken out: it holds no longer.
func (s *Service) publishOnApproval(ctx context.Context, tx db.Tx, actor identity.Actor, c *Case, a Answer, publish bool) error {
	if publish && Publishable(*c) && len(masking.Find(c.Text)) == 0 && len(masking.Find(a.Text)) == 0 {
		return s.publish(ctx, tx, actor, c, a, Copy{Question: c.Text, Answer: a.Text})
	}
	return s.withdraw(ctx, tx, actor, c)
}
