package feedback

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/feedback/settle"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "feedback.sweep" }

// sweepEvery is how often the clocks of all cases are looked at.
const sweepEvery = 15 * time.Minute

func (s *Service) registerJobs() {
	s.crowd = db.NewGather(crowdTogether, crowdWidth, s.putCrowd)
	s.settler = settle.New(settle.Deps{DB: s.DB, Queue: s.Queue, Clock: s.Clock, Log: s.Log, Told: func(ids []string) jobs.Event { return Received{CaseIDs: ids} }})
	jobs.Handle(s.Queue, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.Sweep(ctx) })
	s.Queue.Every(sweepEvery, func() jobs.Args { return sweepArgs{} })
	jobs.On(s.Queue, "feedback", s.onMessageChanged)
	jobs.On(s.Queue, "feedback", s.onWithdrawal)
	if s.Messages != nil {
		jobs.On(s.Queue, "feedback", s.onMessage)
	}
	jobs.Handle(s.Queue, func(ctx context.Context, j *jobs.Job[toldArgs]) error { return s.toldOne(ctx, j.Args) })
	jobs.On(s.Queue, "feedback", s.onAnswered)
	jobs.On(s.Queue, "feedback", s.onMerged)
}

// remindDays is how many working days before the deadline the desk is reminded.
const remindDays = 2

// Sweep looks at the clocks: it lets those run again whose pause is over, marks what is overdue and tells of it, once; reminds desks; closes answered cases whose days
// to reopen are over; forgets photos of forms that were never sent. It is safe to run at any time.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.Clock.Now()
	today := s.today()
	near := s.Calendar.Add(today, remindDays)
	long := clock.DateOf(now).AddDays(-ReopenDays).Time()
	for _, w := range []struct {
		step Step
		find func(ctx context.Context, limit int) ([]string, error)
	}{
		{StepResume, func(ctx context.Context, n int) ([]string, error) {
			return s.store.duePause(ctx, s.DB.Read(), today, n)
		}},
		{StepOverdue, func(ctx context.Context, n int) ([]string, error) {
			return s.store.dueOverdue(ctx, s.DB.Read(), today, n)
		}},
		{StepRemind, func(ctx context.Context, n int) ([]string, error) {
			return s.store.dueReminder(ctx, s.DB.Read(), near, n)
		}},
		{StepExpire, func(ctx context.Context, n int) ([]string, error) {
			return s.store.dueExpiry(ctx, s.DB.Read(), long, n)
		}},
	} {
		if err := s.sweepStep(ctx, w.step, w.find); err != nil {
			return err
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := s.store.dropLoose(ctx, tx, now.Add(-24*time.Hour), 500)
		return err
	})
}

const sweepBatch = 100

func (s *Service) sweepStep(ctx context.Context, step Step, find func(context.Context, int) ([]string, error)) error {
	for {
		ids, err := find(ctx, sweepBatch)
		if err != nil || len(ids) == 0 {
			return err
		}
		err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for _, caseID := range ids {
				if err := s.sweepOne(ctx, tx, caseID, step); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

func (s *Service) sweepOne(ctx context.Context, tx db.Tx, caseID string, step Step) error {
	c, err := s.store.lockCase(ctx, tx, caseID)
	if err != nil {
		return err
	}
	// Another process may have done it since it was found.
	if !c.State.Allows(step) && step != StepResume || (step == StepOverdue && !c.OverdueAt.IsZero()) || (step == StepRemind && !c.RemindedAt.IsZero()) {
		return nil
	}
	if c.Paused() { // it was paused, or its pause was ended, since it was found
		if step == StepResume {
			return s.sweepResume(ctx, tx, c)
		}
		return nil
	}
	if step == StepResume {
		return nil
	}
	if _, err := s.apply(ctx, tx, &c, step, Act{At: s.Clock.Now()}); err != nil {
		return err
	}
	if step == StepOverdue {
		return s.Queue.Publish(ctx, tx, Overdue{CaseID: c.ID, UnitID: c.HolderUnitID})
	}
	return nil
}

// NoticeKey begins the key under which a notice is sent at most once; what it says names the code of the case.
const NoticeKey = "feedback:"

// tell writes down what the citizen is told of a step by the door they came in by. There is one notice for each event.
func (s *Service) tell(ctx context.Context, tx db.Tx, c Case, e Event, say string) error {
	if !e.Step.Notifies() || !c.Return.Reachable() {
		return nil
	}
	n := Notice{ID: id.New(), CaseID: c.ID, EventID: e.ID, Step: e.Step, Return: c.Return, State: NoticeQueued, At: e.At}
	_, err := s.Replies.Reply(ctx, tx, channel.ReplyRequest{AccountID: c.Return.AccountID, PersonID: c.Return.PersonID,
		Text: s.noticeText(c, e, say), Comment: c.Return.Comment, IdempotencyKey: NoticeKey + n.ID})
	var refused *fault.Error
	switch {
	case errors.As(err, &refused) && refused.Kind != fault.Internal: // the door is shut for good: the step stands, a person sees why
		n.State, n.Reason = NoticeFailed, refused.Key
	case err != nil:
		return err
	}
	return s.store.insertNotice(ctx, tx, n)
}

// maxNotice is how many letters of an answer a message holds; the rest stands on the case page.
const maxNotice = 1500

// noticeText says what happened. Under a public comment nothing is said that opens the case or names a person: no code, no
// link, the answer masked, and of a complaint or denunciation only that there is news.
func (s *Service) noticeText(c Case, e Event, say string) string {
	key := "feedback.say." + string(e.Step)
	args := []any{"Code", c.Code, "Link", s.CaseURL(c.Code), "Deadline", c.Deadline.Vietnamese(), "Unit", BodyName(s.Words, s.Unit(c.HolderUnitID)), "Reason", e.Reason}
	switch {
	case c.Kind.Secret():
		key = "feedback.say.secret"
		if c.Return.Comment != nil {
			key = "feedback.say.secret_comment"
		}
	case c.Return.Comment != nil:
		key += "_comment"
		say = masking.Mask(say, s.sayFound)
	}
	return s.Words.T(key, append(args, "Answer", vntext.Truncate(say, maxNotice))...)
}

// CaseURL is the address at which a citizen follows the case of a code.
func (s *Service) CaseURL(code string) string { return s.BaseURL + "/vu-viec/" + code }

// onMessageChanged keeps the receipt of a notice.
func (s *Service) onMessageChanged(ctx context.Context, m channel.MessageChanged) error {
	noticeID, ours := strings.CutPrefix(m.Key, NoticeKey)
	if !ours {
		return nil
	}
	state := NoticeSent
	switch m.State {
	case channel.MessageSent:
	case channel.MessageFailed:
		state = NoticeFailed
	default:
		return nil
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		return s.store.setNotice(ctx, tx, noticeID, state, m.MessageID, m.Reason)
	})
	if err != nil {
		return errors.Join(errors.New("feedback: keep the receipt of a notice"), err)
	}
	return nil
}

// onWithdrawal forgets the person who asked a channel to be forgotten: the case stays as a matter, without them.
func (s *Service) onWithdrawal(ctx context.Context, e channel.PersonWithdrew) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.forget(ctx, tx, e.AccountID, e.PersonID) })
}
