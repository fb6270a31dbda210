package feedback

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
)

var morning = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) // Monday, 09:00 in Vietnam

func received(t interface{ Fatal(...any) }) Case {
	c := Case{ID: "c", Kind: Report}
	if _, err := c.Take(StepReceive, Act{At: morning, ToUnitID: "ward", Clock: Term{Deadline: "2026-12-07", Days: 10, Source: "law"}}); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestStates(t *testing.T) {
	allowed := map[State][]Step{
		StateReceived: {StepCategory, StepPause, StepResume, StepSplit, StepEscalate, StepForward, StepReply, StepMerge, StepClaim, StepClassify, StepRoute, StepNote, StepSubmit, StepRefuse, StepRemind, StepOverdue, StepUnmask, StepInherit},
		StateWorking:  {StepCategory, StepPause, StepResume, StepSplit, StepEscalate, StepForward, StepReply, StepMerge, StepClaim, StepClassify, StepRoute, StepNote, StepSubmit, StepRefuse, StepRemind, StepOverdue, StepWithdraw, StepUnmask, StepInherit},
		StateReview:   {StepEscalate, StepReply, StepNote, StepReturn, StepApprove, StepRemind, StepOverdue, StepWithdraw, StepUnmask, StepInherit},
		StateAnswered: {StepSurvey, StepSurveyed, StepReply, StepNote, StepThank, StepRate, StepReopen, StepExpire, StepPublish, StepWithdraw, StepUnmask, StepInherit},
		StateClosed:   {StepSurvey, StepSurveyed, StepReply, StepNote, StepRate, StepReopen, StepPublish, StepWithdraw, StepUnmask, StepInherit},
		StateRefused:  {StepReply, StepNote, StepReopen, StepUnmask, StepInherit},
		StateMerged:   {StepSurvey, StepSurveyed, StepInherit, StepUnmask, StepUnmerge, StepTold},
		"":            {StepReceive},
	}
	for _, st := range append(States[:], "") {
		can := map[Step]bool{}
		for _, s := range allowed[st] {
			can[s] = true
		}
		for step := range moves {
			if got := st.Allows(step); got != can[step] {
				t.Errorf("%q allows %s = %v", st, step, got)
			}
		}
	}
}

func TestTakeRefusesWhatIsMissing(t *testing.T) {
	for name, tc := range map[string]struct {
		state State
		step  Step
		act   Act
		key   string
	}{
		"route without a unit":       {StateReceived, StepRoute, Act{Reason: "x"}, "feedback.unit_required"},
		"route without a reason":     {StateReceived, StepRoute, Act{ToUnitID: "office"}, "feedback.reason_required"},
		"route to the same unit":     {StateReceived, StepRoute, Act{ToUnitID: "ward", Reason: "x"}, "feedback.route_same"},
		"refuse without a reason":    {StateWorking, StepRefuse, Act{}, "feedback.reason_required"},
		"return without a reason":    {StateReview, StepReturn, Act{}, "feedback.reason_required"},
		"empty note":                 {StateWorking, StepNote, Act{}, "feedback.note_required"},
		"unknown kind":               {StateWorking, StepClassify, Act{Kind: "joke"}, "feedback.kind_unknown"},
		"rating out of range":        {StateAnswered, StepRate, Act{Rating: 4}, "feedback.rating_required"},
		"reopen without a reason":    {StateAnswered, StepReopen, Act{At: morning}, "feedback.reason_required"},
		"reopen after sixteen days":  {StateAnswered, StepReopen, Act{At: morning.AddDate(0, 0, 16), Reason: "x"}, "feedback.reopen_too_late"},
		"approve what is not there":  {StateWorking, StepApprove, Act{}, "feedback.step_not_now"},
		"route while under approval": {StateReview, StepRoute, Act{ToUnitID: "office", Reason: "x"}, "feedback.step_not_now"},
		"a step that does not exist": {StateWorking, "dance", Act{}, "feedback.step_not_now"},
	} {
		c := received(t)
		c.State, c.AnsweredAt = tc.state, morning
		before := c
		_, err := c.Take(tc.step, tc.act)
		keys := keysOf(err)
		if len(keys) != 1 || keys[0] != tc.key {
			t.Errorf("%s: %v", name, err)
		}
		if d := cmp.Diff(before, c); d != "" {
			t.Errorf("%s: a refused step changed the case: %s", name, d)
		}
	}
	c := received(t)
	c.State, c.AnsweredAt = StateAnswered, morning
	if _, err := c.Take(StepReopen, Act{At: morning.AddDate(0, 0, 15), Reason: "x"}); err != nil {
		t.Errorf("the fifteenth day is in time: %v", err)
	}
}

func keysOf(err error) []string {
	switch e := err.(type) {
	case fault.Fields:
		var out []string
		for _, f := range e {
			out = append(out, f.Key)
		}
		return out
	case *fault.Error:
		return []string{e.Key}
	}
	return nil
}

// Random steps, most of them legal: a case always has a holder, a closed case moves only by being reopened, every step
// leaves one event, and the chain of holders has no gap.
func TestRandomLives(t *testing.T) {
	steps := slices.Sorted(maps.Keys(moves))
	steps = slices.DeleteFunc(steps, func(s Step) bool { return s == StepReceive })
	rapid.Check(t, func(t *rapid.T) {
		c := Case{ID: "c", Kind: Report}
		at := morning
		e, err := c.Take(StepReceive, Act{At: at, ToUnitID: "ward", Clock: Term{Deadline: "2026-12-07", Days: 10}})
		if err != nil {
			t.Fatal(err)
		}
		events := []Event{e}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(0, 72).Draw(t, "hours")) * time.Hour)
			step := rapid.SampledFrom(steps).Draw(t, "step")
			a := Act{At: at, ActorID: "o", ToUnitID: rapid.SampledFrom([]string{"", "ward", "office", "province"}).Draw(t, "to"),
				Reason: rapid.SampledFrom([]string{"", "because"}).Draw(t, "why"), Kind: rapid.SampledFrom(Kinds[:]).Draw(t, "kind"),
				Rating: rapid.IntRange(0, 4).Draw(t, "rating"), Clock: Term{Deadline: "2026-12-14", Days: 5}, Into: "main", Until: clock.DateOf(at)}
			before := c
			e, err := c.Take(step, a)
			if err != nil {
				if d := cmp.Diff(before, c); d != "" {
					t.Fatalf("refused %s changed the case: %s", step, d)
				}
				continue
			}
			if c.Version != before.Version+1 {
				t.Fatalf("%s: version %d after %d", step, c.Version, before.Version)
			}
			if (before.State == StateClosed || before.State == StateRefused) && c.State != before.State && step != StepReopen {
				t.Fatalf("a closed case moved by %s", step)
			}
			if (before.State == StateClosed || before.State == StateRefused) && c.HolderUnitID != before.HolderUnitID && step != StepInherit {
				t.Fatalf("a closed case got another holder by %s", step)
			}
			if before.Paused() != c.Paused() && step != StepPause && step != StepResume && c.State.Open() {
				t.Fatalf("%s stopped or started the clock", step)
			}
			if c.Paused() && !c.State.Open() {
				t.Fatalf("%s finished the case with its clock stopped", step)
			}
			if c.Deadline != before.Deadline && !slices.Contains([]Step{StepClassify, StepCategory, StepResume, StepReopen, StepUnmerge}, step) {
				t.Fatalf("%s moved the deadline silently", step)
			}
			events = append(events, e)
			if c.HolderUnitID == "" || c.HolderSince.IsZero() || c.Deadline == "" {
				t.Fatalf("after %s nobody holds the case: %+v", step, c)
			}
			if c.State == StateAnswered && c.AnsweredAt.IsZero() || c.State == StateClosed && c.ClosedAt.IsZero() {
				t.Fatalf("%s without its time", c.State)
			}
			checkChain(t, c, Chain(events), at)
		}
	})
}

func checkChain(t *rapid.T, c Case, chain []Holding, now time.Time) {
	last := chain[len(chain)-1]
	if last.UnitID != c.HolderUnitID {
		t.Fatalf("the chain ends with %s, the case is with %s", last.UnitID, c.HolderUnitID)
	}
	if c.State.Open() != last.To.IsZero() {
		t.Fatalf("state %s, last link ends %v", c.State, last.To)
	}
	for i, h := range chain {
		if h.Hours(now) < 0 || (!h.To.IsZero() && h.To.Before(h.From)) {
			t.Fatalf("link %d runs backwards: %+v", i, h)
		}
		if i+1 < len(chain) && h.To.IsZero() {
			t.Fatalf("two holders at once: %+v", chain)
		}
	}
}
