package follow_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// asker is one person who asked by one door, and what they must have been told by it.
type asker struct {
	c      feedback.Case
	person string
	due    map[string]bool // answers that went out while their case hung on the answered one, by their words
}

// crowd is several people who ask the same, and officials who join and part their cases and answer them.
type crowd struct {
	t     *rapid.T
	r     rooms
	all   []*asker
	given int
	from  int    // messages that had gone out before this crowd
	again func() // publishes what was published before once more, as a queue may
}

func newCrowd(t *rapid.T, r rooms, run int) *crowd {
	w := &crowd{t: t, r: r, from: len(r.Replies.Sent), again: func() {}}
	for i, door := range []feedback.Door{feedback.DoorZalo, feedback.DoorFacebook, feedback.DoorZalo, feedback.DoorFacebook} {
		person := fmt.Sprintf("person-%d-%d", run, i)
		account := map[feedback.Door]string{feedback.DoorZalo: "oa-1", feedback.DoorFacebook: "page-1"}[door]
		c, err := r.Service.Take(context.Background(), feedbacktest.Officer, feedback.Intake{UnitID: orgunittest.VinhHung, Kind: feedback.Report,
			Text: "Đèn đường khối Kim Tân hỏng hai tháng nay, tối không đi được", Door: door, Return: feedback.Return{AccountID: account, PersonID: person}, MayPublish: true, SourceKey: person})
		if err != nil {
			t.Fatal(err)
		}
		w.all = append(w.all, &asker{c: c, person: person, due: map[string]bool{}})
	}
	return w
}

func (w *crowd) one(label string) *asker {
	return w.all[rapid.IntRange(0, len(w.all)-1).Draw(w.t, label)]
}

// behind lists everybody whose case the case answers, the one who asked it first among them.
func (w *crowd) behind(a *asker) []*asker {
	merged, err := w.r.Service.MergedUnder(context.Background(), identity.System("test"), a.c.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	out := []*asker{a}
	for _, b := range w.all {
		if slices.ContainsFunc(merged, func(c feedback.Case) bool { return c.ID == b.c.ID }) {
			out = append(out, b)
		}
	}
	return out
}

// step does one thing to the crowd; what is not legal now must be refused kindly and change nothing.
func (w *crowd) step() {
	ctx, s := context.Background(), w.r.Service
	a := w.one("case")
	var err error
	act := rapid.SampledFrom([]string{"merge", "merge", "unmerge", "answer", "answer", "reopen", "wait", "again"}).Draw(w.t, "act")
	switch act {
	case "merge":
		_, err = s.Merge(ctx, feedbacktest.Officer, a.c.ID, w.one("into").c.ID, "cùng một việc")
	case "unmerge":
		_, err = s.Unmerge(ctx, feedbacktest.Officer, a.c.ID, "việc khác")
	case "answer":
		err = w.answer(a)
	case "reopen":
		_, err = s.Reopen(ctx, identity.Citizen(), a.c.Code, "vẫn chưa xong")
	case "wait":
		w.r.Clock.Advance(time.Duration(rapid.IntRange(1, 100).Draw(w.t, "hours")) * time.Hour)
		err = s.Sweep(ctx)
	case "again":
		w.again()
	}
	if err != nil && fault.KindOf(err) == fault.Internal {
		w.t.Fatal(err)
	}
	if err == nil && act != "wait" {
		w.r.Drain()
		w.check()
	}
}

// answer submits and approves an answer of its own words; all who stand behind the case are then due to be told.
func (w *crowd) answer(a *asker) error {
	ctx, s := context.Background(), w.r.Service
	words := fmt.Sprintf("Cảm ơn ông, bà. Đèn đã sửa xong, biên bản số %s.", strings.Repeat("x", w.given+1)+".")
	if _, err := s.Submit(ctx, feedbacktest.Officer, a.c.ID, words); err != nil {
		return err
	}
	d, err := s.Dossier(ctx, feedbacktest.Approver, a.c.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	pending, _ := d.Pending()
	told := w.behind(a)
	if _, err := s.Approve(ctx, feedbacktest.Approver, a.c.ID, pending.ID, false); err != nil {
		w.t.Fatal(err)
	}
	w.given++
	for _, b := range told {
		b.due[words] = true
	}
	if d, err = s.Dossier(ctx, feedbacktest.Approver, a.c.ID); err != nil {
		w.t.Fatal(err)
	}
	for _, e := range slices.Backward(d.Events) {
		if e.Step == feedback.StepApprove {
			w.again = func() {
				if err := w.r.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
					return w.r.Queue.Publish(ctx, tx, feedback.Answered{CaseID: a.c.ID, UnitID: a.c.HolderUnitID, EventID: e.ID})
				}); err != nil {
					w.t.Fatal(err)
				}
			}
			break
		}
	}
	return nil
}

// check reads what each person was sent: each answer due to them once, no answer twice, and no message twice.
func (w *crowd) check() {
	keys, got := map[string]bool{}, map[string][]string{}
	for _, m := range w.r.Replies.Sent[w.from:] {
		got[m.PersonID] = append(got[m.PersonID], m.Text)
		if keys[m.IdempotencyKey] {
			w.t.Fatalf("the message %s went out twice", m.IdempotencyKey)
		}
		keys[m.IdempotencyKey] = true
	}
	for _, a := range w.all {
		for n := range w.given {
			words := "biên bản số " + strings.Repeat("x", n+1) + "."
			times := count(got[a.person], words)
			due := false
			for d := range a.due {
				due = due || strings.Contains(d, words)
			}
			if times > 1 || due && times != 1 {
				w.t.Fatalf("%s was told %d times of %q, due: %v", a.person, times, words, due)
			}
		}
	}
}

// Whatever is joined, parted, answered and answered again, in whatever order and however often the queue repeats itself: each
// who stands behind a case when it is answered is told once, by the door they came in by, and nobody is told twice.
func TestEachFollowerIsToldOnceByTheirDoor(t *testing.T) {
	checks := flag.Lookup("rapid.checks")
	if checks.Value.String() == checks.DefValue { // each waits for the queue many times: a few do here, the flag asks for more
		if err := checks.Value.Set("25"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = checks.Value.Set(checks.DefValue) }()
	}
	each(t, func(t *testing.T, r rooms) {
		longest, run := 12, 0
		if r.DB.Engine() == db.Postgres {
			longest = 4
		}
		rapid.Check(t, func(t *rapid.T) {
			run++
			w := newCrowd(t, r, run)
			for range rapid.IntRange(2, longest).Draw(t, "steps") {
				w.step()
			}
		})
	})
}
