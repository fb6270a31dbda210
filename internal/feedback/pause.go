package feedback

import (
	"context"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// MaxPauseDays is for how many working days a clock may stand still for one question.
const MaxPauseDays = 15

// Messages reads what a person wrote through a channel; channel.Service implements it.
type Messages interface {
	Message(ctx context.Context, messageID string) (channel.Message, error)
}

// Pause asks the citizen something by the door they came in by and stops the clock for as many working days at the most. It
// runs again when the citizen answers, when an official says so, or when the days are over.
func (s *Service) Pause(ctx context.Context, actor identity.Actor, caseID, question string, days int) (Case, error) {
	question, err := reason("question", question)
	if err != nil {
		return Case{}, err
	}
	if days < 1 || days > MaxPauseDays {
		return Case{}, fault.Field("days", "feedback.pause_days").With("Limit", MaxPauseDays)
	}
	return s.step(ctx, actor, ActionWork, caseID, StepPause, Act{Reason: question, Until: s.Calendar.Add(s.today(), days)}, nil)
}

// Resume lets the clock run again because an official knows enough. The last day moves by the working days of the pause.
func (s *Service) Resume(ctx context.Context, actor identity.Actor, caseID string) (Case, error) {
	return s.step(ctx, actor, ActionWork, caseID, StepResume, Act{Because: s.resumeTerm}, nil)
}

// Supply takes what the citizen who has the code answers to the question that was asked, and lets the clock run again.
func (s *Service) Supply(ctx context.Context, actor identity.Actor, code, text string) (Case, error) {
	text = vntext.Clean(text)
	switch n := vntext.Length(text); {
	case n == 0:
		return Case{}, fault.Field("text", "feedback.supply_required")
	case n > MaxReason:
		return Case{}, fault.Field("text", "feedback.field_long").With("Limit", MaxReason)
	}
	return s.byCitizen(ctx, actor, code, StepResume, Act{Reason: text, Because: s.resumeTerm}, nil)
}

// resumeTerm moves the last day of a paused case by the working days for which its clock stood still, and says so in the
// words that everybody reads: the deadline never moves silently.
func (s *Service) resumeTerm(c Case, a *Act) {
	days := max(0, s.Calendar.Between(clock.DateOf(c.PausedAt), clock.DateOf(a.At)))
	a.Clock = Term{Deadline: s.Calendar.Add(c.Deadline, days), Days: c.Days, Source: c.Source}
	moved := s.Words.T("feedback.resume_moved", "Days", strconv.Itoa(days), "Old", c.Deadline.Vietnamese(), "New", a.Clock.Deadline.Vietnamese())
	if days == 0 {
		moved = s.Words.T("feedback.resume_same", "New", c.Deadline.Vietnamese())
	}
	if a.Reason != "" {
		moved = a.Reason + "\n" + moved
	}
	a.Reason = moved
}

// onMessage takes the answer to a question that was asked through a channel: the person writes back, and the clock of the
// one case that waits for it runs again. When several wait, a person at the desk says which is meant.
func (s *Service) onMessage(ctx context.Context, e channel.MessageReceived) error {
	m, err := s.Messages.Message(ctx, e.MessageID)
	if fault.Is(err, fault.NotFound) || err == nil && (m.Comment != nil || m.PersonID == "" || vntext.Clean(m.Text) == "") {
		return nil
	}
	if err != nil {
		return err
	}
	waiting, err := s.store.pausedOf(ctx, s.DB.Read(), m.AccountID, m.PersonID)
	if err != nil || len(waiting) != 1 {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, err := s.store.lockCase(ctx, tx, waiting[0])
		if err != nil || !c.Paused() || m.At.Before(c.PausedAt) {
			return err
		}
		a := Act{At: s.Clock.Now(), Reason: vntext.Truncate(vntext.Clean(m.Text), MaxReason)}
		s.resumeTerm(c, &a)
		event, err := s.apply(ctx, tx, &c, StepResume, a)
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, c, event, "")
	})
}

// sweepResume lets the clock of one case run again whose pause is over.
func (s *Service) sweepResume(ctx context.Context, tx db.Tx, c Case) error {
	a := Act{At: s.Clock.Now(), Reason: s.Words.T("feedback.resume_expired")}
	s.resumeTerm(c, &a)
	e, err := s.apply(ctx, tx, &c, StepResume, a)
	if err != nil {
		return err
	}
	return s.tell(ctx, tx, c, e, "")
}

// pausedOf lists the paused cases of a person behind a channel account.
func (store) pausedOf(ctx context.Context, q bun.IDB, accountID, personID string) ([]string, error) {
	return ids(ctx, q.NewSelect().Model((*caseRow)(nil)).Where("c.account_id = ?", accountID).Where("c.person_id = ?", personID).
		Where("c.paused_at IS NOT NULL").Where("c.state IN (?)", bun.In(openStates)).Limit(2))
}

// duePause finds paused cases whose last day of the pause is over.
func (store) duePause(ctx context.Context, q bun.IDB, today clock.Date, limit int) ([]string, error) {
	return ids(ctx, q.NewSelect().Model((*caseRow)(nil)).Where("c.paused_at IS NOT NULL").Where("c.paused_until < ?", today).Limit(int64(limit)))
}
