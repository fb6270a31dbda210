package feedback_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// life is one case that random people do random things to, through the service and the database.
type life struct {
	t    *rapid.T
	k    *feedbacktest.Kit
	c    feedback.Case
	told int // messages that had gone out before this case
}

// act is one thing that somebody may try; the service says whether it is legal now.
type act struct {
	name string
	do   func(l *life) error
}

func acts() []act {
	ctx := context.Background()
	s := func(l *life) *feedback.Service { return l.k.Service }
	ok := func(_ feedback.Case, err error) error { return err }
	return []act{
		{"claim", func(l *life) error { return ok(s(l).Claim(ctx, feedbacktest.Officer, l.c.ID)) }},
		{"classify", func(l *life) error {
			kind := rapid.SampledFrom([]feedback.Kind{feedback.Report, feedback.Petition}).Draw(l.t, "kind")
			return ok(s(l).Classify(ctx, feedbacktest.Officer, l.c.ID, kind, "xem lại"))
		}},
		{"categorise", func(l *life) error {
			return ok(s(l).Categorise(ctx, feedbacktest.Officer, l.c.ID, rapid.SampledFrom([]string{"", "road"}).Draw(l.t, "category"), ""))
		}},
		{"route", func(l *life) error {
			to := rapid.SampledFrom([]string{orgunittest.WardOffice, orgunittest.VinhHung, ""}).Draw(l.t, "to")
			return ok(s(l).Route(ctx, feedbacktest.Officer, l.c.ID, to, "đúng nơi"))
		}},
		{"note", func(l *life) error { return ok(s(l).Note(ctx, feedbacktest.Officer, l.c.ID, "đã gọi")) }},
		{"pause", func(l *life) error {
			return ok(s(l).Pause(ctx, feedbacktest.Officer, l.c.ID, "Ở số nhà nào?", rapid.IntRange(0, 8).Draw(l.t, "days")))
		}},
		{"resume", func(l *life) error { return ok(s(l).Resume(ctx, feedbacktest.Officer, l.c.ID)) }},
		{"supply", func(l *life) error { return ok(s(l).Supply(ctx, citizen, l.c.Code, "Số 12")) }},
		{"split", func(l *life) error {
			return ok(s(l).Split(ctx, feedbacktest.Officer, l.c.ID, feedback.Part{Kind: feedback.Petition, Text: "Kiến nghị lắp thêm đèn ở ngõ 4"}, "hai việc"))
		}},
		{"forward", func(l *life) error {
			return ok(s(l).Forward(ctx, feedbacktest.Officer, l.c.ID, "Công ty cấp nước: việc của công ty", func(context.Context, db.Tx, feedback.Case) error { return nil }))
		}},
		{"submit", func(l *life) error {
			return ok(s(l).Submit(ctx, feedbacktest.Officer, l.c.ID, "Cảm ơn ông, bà. Đã sửa xong."))
		}},
		{"return", func(l *life) error {
			return ok(s(l).ReturnAnswer(ctx, feedbacktest.Approver, l.c.ID, "viết rõ hơn"))
		}},
		{"approve", func(l *life) error {
			d, err := s(l).Dossier(ctx, feedbacktest.Approver, l.c.ID)
			if err != nil {
				return err
			}
			a, _ := d.Pending()
			return ok(s(l).Approve(ctx, feedbacktest.Approver, l.c.ID, a.ID, rapid.Bool().Draw(l.t, "publish")))
		}},
		{"refuse", func(l *life) error { return ok(s(l).Refuse(ctx, feedbacktest.Officer, l.c.ID, "ngoài phạm vi")) }},
		{"rate", func(l *life) error {
			return ok(s(l).Rate(ctx, citizen, l.c.Code, rapid.IntRange(0, 4).Draw(l.t, "rating"), rapid.Bool().Draw(l.t, "thanks")))
		}},
		{"reopen", func(l *life) error { return ok(s(l).Reopen(ctx, citizen, l.c.Code, "vẫn chưa xong")) }},
		{"wait", func(l *life) error {
			l.k.Clock.Advance(time.Duration(rapid.IntRange(1, 240).Draw(l.t, "hours")) * time.Hour)
			return nil
		}},
		{"sweep", func(l *life) error {
			if err := s(l).Sweep(ctx); err != nil {
				return err
			}
			return s(l).Sweep(ctx)
		}},
	}
}

// Random legal lives through service and database, on both engines: somebody always holds the case, a clock stands still
// only between a logged pause and its logged end, a last day moves only by a step that says so, what is closed does not
// move, and each step that tells the citizen tells once.
func TestLivesThroughTheService(t *testing.T) {
	each(t, func(t *testing.T, k *feedbacktest.Kit) {
		longest := 25
		if k.DB.Engine() == db.Postgres {
			longest = 8
		}
		all := acts()
		rapid.Check(t, func(t *rapid.T) {
			l := &life{t: t, k: k, told: len(k.Replies.Sent)}
			in := feedbacktest.Question()
			in.Door, in.Return = feedback.DoorZalo, feedback.Return{AccountID: "oa", PersonID: "p"}
			c, err := k.Service.Take(context.Background(), feedbacktest.Officer, in)
			if err != nil {
				t.Fatal(err)
			}
			l.c = c
			for range rapid.IntRange(1, longest).Draw(t, "steps") {
				a := all[rapid.IntRange(0, len(all)-1).Draw(t, "act")]
				before := l.read()
				err := a.do(l)
				if err != nil && fault.KindOf(err) == fault.Internal {
					t.Fatalf("%s: %v", a.name, err)
				}
				l.check(a.name, before, err)
			}
		})
	})
}

func (l *life) read() feedback.Dossier {
	d, err := l.k.Service.Dossier(context.Background(), feedbacktest.Leader, l.c.ID)
	if err != nil {
		l.t.Fatal(err)
	}
	return d
}

func (l *life) check(name string, before feedback.Dossier, err error) {
	now := l.read()
	c := now.Case
	fresh := now.Events[len(before.Events):]
	if err != nil && len(fresh) > 0 {
		l.t.Fatalf("refused %s left %d events", name, len(fresh))
	}
	if c.HolderUnitID == "" || c.HolderSince.IsZero() || now.Chain[len(now.Chain)-1].UnitID != c.HolderUnitID {
		l.t.Fatalf("after %s nobody holds the case: %+v", name, c)
	}
	took := func(steps ...feedback.Step) bool {
		return slices.ContainsFunc(fresh, func(e feedback.Event) bool { return slices.Contains(steps, e.Step) })
	}
	if c.Deadline != before.Case.Deadline && !took(feedback.StepClassify, feedback.StepCategory, feedback.StepResume, feedback.StepReopen) {
		l.t.Fatalf("%s moved the last day without saying so", name)
	}
	if done := before.Case.State; (done == feedback.StateClosed || done == feedback.StateRefused) && c.State != done && !took(feedback.StepReopen) {
		l.t.Fatalf("%s moved a closed case to %s", name, c.State)
	}
	l.checkClock(name, now)
	l.checkNotices(name)
}

// checkClock compares the clock with the log: it stands still exactly when the last of pause, end of pause and finish is a
// pause.
func (l *life) checkClock(name string, d feedback.Dossier) {
	still := false
	for _, e := range d.Events {
		switch e.Step {
		case feedback.StepPause:
			still = true
		case feedback.StepResume:
			if !still || !strings.Contains(e.Reason, "feedback.resume_") {
				l.t.Fatalf("after %s an end without a pause, or without its reason: %+v", name, e)
			}
			still = false
		case feedback.StepApprove, feedback.StepRefuse, feedback.StepSubmit, feedback.StepRoute, feedback.StepOverdue, feedback.StepRemind:
			if still {
				l.t.Fatalf("after %s: %s while the clock stood still", name, e.Step)
			}
		}
	}
	if still != d.Case.Paused() {
		l.t.Fatalf("after %s the log says still=%v, the case %v", name, still, d.Case.Paused())
	}
}

// checkNotices counts what went out to the person: one message for each step that tells, over the case and its parts.
func (l *life) checkNotices(name string) {
	ctx := context.Background()
	want := 0
	seen := map[string]bool{}
	todo := []string{l.c.ID}
	for len(todo) > 0 {
		d, err := l.k.Service.Dossier(ctx, feedbacktest.Leader, todo[0])
		if err != nil {
			l.t.Fatal(err)
		}
		seen[todo[0]], todo = true, todo[1:]
		for _, e := range d.Events {
			if e.Step.Notifies() {
				want++
			}
		}
		if len(d.Notices) != countTelling(d.Events) {
			l.t.Fatalf("after %s %d notices for %d steps", name, len(d.Notices), countTelling(d.Events))
		}
		for _, r := range d.Related {
			if !seen[r.ID] && !r.Parent {
				todo = append(todo, r.ID)
			}
		}
	}
	keys := map[string]bool{}
	for _, m := range l.k.Replies.Sent {
		if keys[m.IdempotencyKey] {
			l.t.Fatalf("after %s the message %s went out twice", name, m.IdempotencyKey)
		}
		keys[m.IdempotencyKey] = true
	}
	if got := len(l.k.Replies.Sent) - l.told; got < want {
		l.t.Fatalf("after %s %d messages for %d steps that tell", name, got, want)
	}
}

func countTelling(events []feedback.Event) int {
	n := 0
	for _, e := range events {
		if e.Step.Notifies() {
			n++
		}
	}
	return n
}
