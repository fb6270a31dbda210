package feedback

import (
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
)

// Step is what can happen to a case.
type Step string

// The steps.
const (
	StepReceive  Step = "receive"
	StepClaim    Step = "claim"
	StepClassify Step = "classify" // the legal kind was decided
	StepRoute    Step = "route"    // another unit must act
	StepNote     Step = "note"     // a remark among officials
	StepSubmit   Step = "submit"   // an answer was put forward
	StepReturn   Step = "return"   // the answer was sent back to its author
	StepApprove  Step = "approve"  // the answer was approved, and so given
	StepRefuse   Step = "refuse"   // not taken up
	StepThank    Step = "thank"    // the citizen is content: closed
	StepRate     Step = "rate"     // the citizen said how well it helped
	StepReopen   Step = "reopen"   // the citizen is not content
	StepExpire   Step = "expire"   // the days to reopen are over: closed
	StepRemind   Step = "remind"   // the deadline is near
	StepOverdue  Step = "overdue"  // the deadline has passed: the leader knows
	StepPublish  Step = "publish"  // stands in the public list
	StepWithdraw Step = "withdraw" // taken out of the public list
	StepUnmask   Step = "unmask"   // an official looked at the name and telephone
	StepInherit  Step = "inherit"  // the holder passed into another unit, which carries the case on
	StepCategory Step = "category" // the category was decided
	StepPause    Step = "pause"    // the citizen was asked something: the clock stands still
	StepResume   Step = "resume"   // the clock runs again, with a new last day
	StepSplit    Step = "split"    // a part of a mixed letter became a case of its own
	StepEscalate Step = "escalate" // a nudge before the last day, or a notice after it, went to who must know
	StepForward  Step = "forward"  // a body outside the house was asked for an answer
	StepReply    Step = "reply"    // that body answered; the desk reads it before anybody else
)

// ReopenDays is for how many calendar days after the answer the citizen may say that it did not help.
const ReopenDays = 15

// move says from which states a step may be taken and where it leads ("" keeps the state).
type move struct {
	from   []State
	to     State
	public bool // the citizen sees the step
	notify bool // the citizen is told by the door they came in by
}

var open = []State{StateReceived, StateWorking, StateReview}

var moves = map[Step]move{
	StepReceive:  {from: []State{""}, to: StateReceived, public: true, notify: true},
	StepClaim:    {from: []State{StateReceived, StateWorking}, to: StateWorking},
	StepClassify: {from: []State{StateReceived, StateWorking}},
	StepRoute:    {from: []State{StateReceived, StateWorking}, to: StateWorking, public: true, notify: true},
	StepNote:     {from: []State{StateReceived, StateWorking, StateReview, StateAnswered, StateClosed, StateRefused}},
	StepSubmit:   {from: []State{StateReceived, StateWorking}, to: StateReview},
	StepReturn:   {from: []State{StateReview}, to: StateWorking},
	StepApprove:  {from: []State{StateReview}, to: StateAnswered, public: true, notify: true},
	StepRefuse:   {from: []State{StateReceived, StateWorking}, to: StateRefused, public: true, notify: true},
	StepThank:    {from: []State{StateAnswered}, to: StateClosed, public: true},
	StepRate:     {from: []State{StateAnswered, StateClosed}, public: true},
	StepReopen:   {from: []State{StateAnswered, StateClosed, StateRefused}, to: StateWorking, public: true, notify: true},
	StepExpire:   {from: []State{StateAnswered}, to: StateClosed},
	StepRemind:   {from: open},
	StepOverdue:  {from: open, public: true},
	StepPublish:  {from: []State{StateAnswered, StateClosed}, public: true},
	StepWithdraw: {from: []State{StateAnswered, StateClosed, StateWorking, StateReview}},
	StepUnmask:   {from: []State{StateReceived, StateWorking, StateReview, StateAnswered, StateClosed, StateRefused, StateMerged}},
	StepInherit:  {from: []State{StateReceived, StateWorking, StateReview, StateAnswered, StateClosed, StateRefused, StateMerged}, public: true},
	StepMerge:    {from: []State{StateReceived, StateWorking}, to: StateMerged, public: true, notify: true},
	StepUnmerge:  {from: []State{StateMerged}, to: StateWorking, public: true, notify: true},
	StepTold:     {from: []State{StateMerged}, public: true, notify: true},
	StepSurvey:   {from: []State{StateAnswered, StateClosed, StateMerged}, public: true, notify: true},
	StepSurveyed: {from: []State{StateAnswered, StateClosed, StateMerged}, public: true},
	StepCategory: {from: []State{StateReceived, StateWorking}},
	StepPause:    {from: []State{StateReceived, StateWorking}, to: StateWorking, public: true, notify: true},
	StepResume:   {from: []State{StateReceived, StateWorking}, to: StateWorking, public: true, notify: true},
	StepSplit:    {from: []State{StateReceived, StateWorking}, public: true, notify: true},
	StepEscalate: {from: open},
	StepForward:  {from: []State{StateReceived, StateWorking}, to: StateWorking, public: true, notify: true},
	StepReply:    {from: []State{StateReceived, StateWorking, StateReview, StateAnswered, StateClosed, StateRefused}},
}

// Notifies tells whether the citizen is told of the step by the door they came in by.
func (s Step) Notifies() bool { return moves[s].notify }

// Allows tells whether the step can be taken in the state.
func (s State) Allows(step Step) bool {
	for _, from := range moves[step].from {
		if from == s {
			return true
		}
	}
	return false
}

// Act is the one who takes a step and what they give with it.
type Act struct {
	At        time.Time
	ActorID   string
	ActorName string
	ToUnitID  string // StepReceive, StepRoute and StepInherit: the new holder
	Reason    string
	Kind      Kind                 // StepClassify
	Rating    int                  // StepRate, StepThank
	Clock     Term                 // StepReceive, StepClassify, StepCategory, StepResume, StepReopen and StepUnmerge: the term that holds from now on
	Category  string               // StepCategory
	Until     clock.Date           // StepPause: the last day for which the clock stands still
	Because   func(c Case, a *Act) // completes the act with what only the locked case tells
	Into      string               // StepMerge: the case that answers this one
}

// Term is a deadline with its ground.
type Term struct {
	Deadline clock.Date
	Days     int    // working days
	Source   string // legal source
}

// Take applies a step to the case and returns the event that records it; a Conflict fault when the state does not permit
// it. The case is unchanged when an error is returned.
func (c *Case) Take(step Step, a Act) (Event, error) {
	m, known := moves[step]
	if !known || !c.State.Allows(step) {
		return Event{}, fault.New(fault.Conflict, "feedback.step_not_now")
	}
	if err := c.mayTake(step, a); err != nil {
		return Event{}, err
	}
	e := Event{CaseID: c.ID, Step: step, At: a.At, ActorID: a.ActorID, ActorName: a.ActorName, UnitID: c.HolderUnitID, Reason: a.Reason, Public: m.public}
	c.effect(step, a, &e)
	if m.to != "" {
		c.State = m.to
	}
	if !c.State.Open() {
		c.PausedAt, c.PausedUntil = time.Time{}, ""
	}
	c.Version++
	return e, nil
}

// mayTake checks what the step itself needs.
func (c *Case) mayTake(step Step, a Act) error {
	if c.Paused() && whilePaused[step] {
		return fault.New(fault.Conflict, "feedback.paused_now")
	}
	switch step {
	case StepPause, StepResume:
		return c.mayPause(step, a)
	case StepSplit, StepForward:
		if a.Reason == "" {
			return fault.Field("reason", "feedback.reason_required")
		}
	case StepReceive, StepInherit:
		if a.ToUnitID == "" {
			return fault.Field("unit", "feedback.unit_required")
		}
	case StepRoute:
		var fs fault.Fields
		fs.Check(a.ToUnitID != "", "unit", "feedback.unit_required")
		fs.Check(a.ToUnitID == "" || a.ToUnitID != c.HolderUnitID, "unit", "feedback.route_same")
		fs.Check(a.Reason != "", "reason", "feedback.reason_required")
		return fs.OrNil()
	case StepRefuse, StepReturn, StepReopen:
		if a.Reason == "" {
			return fault.Field("reason", "feedback.reason_required")
		}
		if step == StepReopen && !c.CanReopen(a.At) {
			return fault.New(fault.Conflict, "feedback.reopen_too_late").With("Days", ReopenDays)
		}
	case StepNote:
		if a.Reason == "" {
			return fault.Field("note", "feedback.note_required")
		}
	case StepClassify:
		if !a.Kind.Valid() {
			return fault.Field("kind", "feedback.kind_unknown")
		}
	case StepRate:
		if a.Rating < 1 || a.Rating > 3 {
			return fault.Field("rating", "feedback.rating_required")
		}
	}
	return nil
}

// whilePaused lists the steps that wait until the clock runs again: who has not heard the citizen out does not decide.
var whilePaused = map[Step]bool{StepPause: true, StepRoute: true, StepSubmit: true, StepRefuse: true, StepForward: true, StepOverdue: true, StepRemind: true, StepEscalate: true, StepMerge: true}

// mayPause checks a pause, which is never a way out of a missed deadline, and its end.
func (c *Case) mayPause(step Step, a Act) error {
	if step == StepResume {
		if !c.Paused() {
			return fault.New(fault.Conflict, "feedback.not_paused")
		}
		return nil
	}
	if a.Reason == "" {
		return fault.Field("question", "feedback.pause_question")
	}
	today := clock.DateOf(a.At)
	if c.Deadline < today {
		return fault.New(fault.Conflict, "feedback.pause_late")
	}
	if a.Until < today {
		return fault.Field("days", "feedback.pause_days")
	}
	return nil
}

// effect writes what the step changes beside the state.
func (c *Case) effect(step Step, a Act, e *Event) {
	switch step {
	case StepReceive:
		c.OriginUnitID, c.ReceivedAt = a.ToUnitID, a.At
		c.hold(a, e)
		c.setTerm(a.Clock)
	case StepRoute:
		c.hold(a, e)
	case StepInherit: // who worked on it comes along
		c.HolderUnitID, c.HolderSince, e.ToUnitID = a.ToUnitID, a.At, a.ToUnitID
	case StepClaim:
		c.ClaimedBy, c.ClaimedByName = a.ActorID, a.ActorName
	case StepClassify:
		c.Kind = a.Kind
		c.setTerm(a.Clock)
	case StepCategory:
		c.Category = a.Category
		c.setTerm(a.Clock)
	case StepPause:
		c.PausedAt, c.PausedUntil = a.At, a.Until
	case StepResume:
		c.PausedAt, c.PausedUntil = time.Time{}, ""
		c.setTerm(a.Clock)
	case StepApprove:
		c.AnsweredAt = a.At
	case StepRefuse, StepExpire:
		c.ClosedAt = a.At
	case StepThank:
		c.ClosedAt = a.At
		if a.Rating >= 1 && a.Rating <= 3 {
			c.Rating = a.Rating
		}
	case StepRate:
		c.Rating = a.Rating
	case StepReopen:
		c.Reopened++
		c.ClosedAt, c.AnsweredAt, c.Rating = time.Time{}, time.Time{}, 0
		c.HolderSince = a.At
		c.setTerm(a.Clock)
	case StepMerge:
		c.MergedInto, c.ClaimedBy, c.ClaimedByName = a.Into, "", ""
	case StepUnmerge:
		c.MergedInto, c.HolderSince = "", a.At
		c.setTerm(a.Clock)
	case StepRemind:
		c.RemindedAt = a.At
	case StepOverdue:
		c.OverdueAt = a.At
	case StepPublish:
		c.Published = true
	case StepWithdraw:
		c.Published = false
	}
}

func (c *Case) hold(a Act, e *Event) {
	c.HolderUnitID, c.HolderSince = a.ToUnitID, a.At
	c.ClaimedBy, c.ClaimedByName = "", ""
	e.ToUnitID = a.ToUnitID
}

func (c *Case) setTerm(t Term) {
	if t.Deadline == "" || t.Deadline == c.Deadline {
		return
	}
	c.Deadline, c.Days, c.Source = t.Deadline, t.Days, t.Source
	c.OverdueAt, c.RemindedAt = time.Time{}, time.Time{}
}

// CanReopen tells whether the citizen may still say that the answer did not help.
func (c Case) CanReopen(now time.Time) bool {
	if !c.State.Allows(StepReopen) {
		return false
	}
	since := c.AnsweredAt
	if c.State == StateRefused {
		since = c.ClosedAt
	}
	return clock.DateOf(now) <= clock.DateOf(since).AddDays(ReopenDays)
}

// Holding is one link of the chain of holders.
type Holding struct {
	UnitID string
	From   time.Time
	To     time.Time // zero while it holds
	Reason string
	By     string // name of the official who sent it there; "" for the first
}

// Hours is for how long it was or has been held, in whole hours.
func (h Holding) Hours(now time.Time) int {
	to := h.To
	if to.IsZero() {
		to = now
	}
	return int(to.Sub(h.From) / time.Hour)
}

// Chain reads the holders from the events, oldest first. The last stops when the case was answered, refused or closed, and
// a reopened case begins a new link.
func Chain(events []Event) []Holding {
	var out []Holding
	end := func(at time.Time) {
		if n := len(out); n > 0 && out[n-1].To.IsZero() {
			out[n-1].To = at
		}
	}
	for _, e := range events {
		switch e.Step {
		case StepReceive, StepRoute:
			end(e.At)
			out = append(out, Holding{UnitID: e.ToUnitID, From: e.At, Reason: e.Reason, By: e.ActorName})
		case StepInherit:
			next := Holding{UnitID: e.ToUnitID, From: e.At}
			if n := len(out); n > 0 && !out[n-1].To.IsZero() {
				next.To = e.At // the case was finished: it only changed hands
			}
			end(e.At)
			out = append(out, next)
		case StepReopen, StepUnmerge:
			end(e.At)
			out = append(out, Holding{UnitID: e.UnitID, From: e.At, Reason: e.Reason})
		case StepApprove, StepRefuse, StepMerge:
			end(e.At)
		}
	}
	return out
}
