package feedback

import (
	"context"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Copy is the masked copy of a question and its answer that a person has looked at.
type Copy struct {
	Question, Answer string
	Checked          bool // the person has looked at what the rules still find in the answer and says it is public (a hotline)
}

// Publishable tells whether the case may come into the public list at all: an answered report or petition whose author did
// not forbid it. A newer answer replaces the copy that stands there.
func Publishable(c Case) bool {
	return c.MayPublish && !c.Kind.Secret() && c.State.Allows(StepPublish)
}

// ProposeCopy masks question and answer by the rules, with the words that say gives for each kind of finding.
func ProposeCopy(c Case, a Answer, say func(masking.Kind) string) Copy {
	return Copy{Question: masking.Mask(c.Text, say), Answer: masking.Mask(a.Text, say)}
}

func (p *Copy) check() error {
	p.Question, p.Answer = vntext.Clean(p.Question), vntext.Clean(p.Answer)
	var fs fault.Fields
	for _, f := range []struct{ field, text string }{{"question", p.Question}, {"answer", p.Answer}} {
		fs.Check(f.text != "", f.field, "feedback.copy_required")
		tooLong(&fs, f.field, f.text, MaxText)
	}
	if found := masking.Find(p.Question); len(found) > 0 {
		fs.Add(fault.Field("question", "feedback.copy_personal").With("Found", p.Question[found[0].From:found[0].To]))
	}
	if found := masking.Find(p.Answer); len(found) > 0 && !p.Checked {
		fs.Add(fault.Field("answer", "feedback.copy_personal_answer").With("Found", p.Answer[found[0].From:found[0].To]))
	}
	return fs.OrNil()
}

// Publish puts the copy that the official has looked at into the public list "Dân hỏi – Mặt trận trả lời".
func (s *Service) Publish(ctx context.Context, actor identity.Actor, caseID string, p Copy) (Case, error) {
	if err := p.check(); err != nil {
		return Case{}, err
	}
	var out Case
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, err := s.store.lockCase(ctx, tx, caseID)
		if err != nil {
			return err
		}
		if err := s.may(actor, ActionPublish, c, ""); err != nil {
			return err
		}
		if !Publishable(c) {
			return fault.New(fault.Conflict, "feedback.not_publishable")
		}
		all, err := s.store.answers(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return fault.New(fault.Conflict, "feedback.not_publishable")
		}
		if err := s.publish(ctx, tx, actor, &c, all[len(all)-1], p); err != nil {
			return err
		}
		out = c
		return s.record(ctx, tx, actor, c, "feedback.publish")
	})
	return out, err
}

func (s *Service) publish(ctx context.Context, tx db.Tx, actor identity.Actor, c *Case, a Answer, p Copy) error {
	now := s.Clock.Now()
	if _, err := s.apply(ctx, tx, c, StepPublish, Act{At: now, ActorID: actor.ID, ActorName: actor.Name}); err != nil {
		return err
	}
	pub := Published{ID: c.ID, UnitID: a.UnitID, OriginID: c.OriginUnitID, Title: vntext.Truncate(vntext.OneLine(p.Question), 120), Question: p.Question, Answer: p.Answer,
		AskedOn: clock.DateOf(c.ReceivedAt), AnsweredAt: c.AnsweredAt, Days: s.Calendar.Between(clock.DateOf(c.ReceivedAt), clock.DateOf(c.AnsweredAt)),
		PublishedAt: now, ConfirmedBy: actor.ID, Rating: c.Rating}
	if err := s.store.insertPublic(ctx, tx, *c, pub, searchWords(p)); err != nil {
		return err
	}
	return s.Queue.Publish(ctx, tx, AnswerPublished{CaseID: c.ID, UnitID: a.UnitID})
}

// searchWords are the folded words of a copy, each once; words of one letter and very long ones help nobody.
func searchWords(p Copy) string {
	all := vntext.Tokens(p.Question + " " + p.Answer)
	slices.Sort(all)
	return strings.Join(slices.DeleteFunc(slices.Compact(all), func(w string) bool { return len(w) < 2 || len(w) > 40 }), " ")
}

// Public gives one published question with its answer. Lists of them are the business of package published.
func (s *Service) Public(ctx context.Context, publicID string) (Published, error) {
	return s.store.public(ctx, s.DB.Read(), publicID)
}

// Withdraw takes a question and its answer out of the public list.
func (s *Service) Withdraw(ctx context.Context, actor identity.Actor, caseID, why string) (Case, error) {
	why, err := reason("reason", why)
	if err != nil {
		return Case{}, err
	}
	return s.step(ctx, actor, ActionPublish, caseID, StepWithdraw, Act{Reason: why},
		func(ctx context.Context, tx db.Tx, c *Case, _ Event) (string, error) {
			return "", s.dropPublic(ctx, tx, *c)
		})
}

// withdraw takes the public copy of a case out because of what the actor did to the case; without one it does nothing.
func (s *Service) withdraw(ctx context.Context, tx db.Tx, actor identity.Actor, c *Case) error {
	if !c.Published {
		return nil
	}
	if _, err := s.apply(ctx, tx, c, StepWithdraw, Act{At: s.Clock.Now(), ActorID: actor.ID, ActorName: actor.Name}); err != nil {
		return err
	}
	return s.dropPublic(ctx, tx, *c)
}

func (s *Service) dropPublic(ctx context.Context, tx db.Tx, c Case) error {
	if err := s.store.deletePublic(ctx, tx, c.ID); err != nil {
		return err
	}
	return s.Queue.Publish(ctx, tx, AnswerWithdrawn{CaseID: c.ID, UnitID: c.HolderUnitID})
}
