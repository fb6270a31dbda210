// Package voter is what voters say to their delegates, and what becomes of it. A round is the meetings before or after one
// session; each meeting has minutes, whose items are sorted by field and by the body that is competent, merged with equal ones
// of earlier rounds, sent to each body in one letter, answered item by item, reviewed by a second person, and carried back to
// the voters of the meeting by every door. What is still being handled stays on a list of its own until it is done.
//
// Law: Law on the Vietnam Fatherland Front 75/2015 as amended by 97/2025, articles 15 and 16; Law on supervision by the
// National Assembly and People's Councils.
package voter

import (
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Level tells whose delegates meet the voters.
type Level string

// The levels of delegates.
const (
	LevelNational Level = "national" // the National Assembly
	LevelProvince Level = "province" // the People's Council of the province
	LevelCommune  Level = "commune"  // the People's Council of the commune
)

// Levels lists them from the top.
func Levels() []Level { return []Level{LevelNational, LevelProvince, LevelCommune} }

// Phase tells whether a round stands before or after its session.
type Phase string

// The phases.
const (
	Before Phase = "before"
	After  Phase = "after"
)

// Phases lists them.
func Phases() []Phase { return []Phase{Before, After} }

// Round is the voter meetings before or after one session.
type Round struct {
	bun.BaseModel `bun:"table:voter_round,alias:r"`

	ID        string     `bun:"id,pk"`
	UnitID    string     `bun:"unit_id"` // who gathers
	Level     Level      `bun:"level"`
	Session   string     `bun:"session"` // name of the session, at most 150 letters
	Phase     Phase      `bun:"phase"`
	SessionOn clock.Date `bun:"session_on"` // first day of the session
	LockOn    clock.Date `bun:"lock_on"`    // last day on which items may be added; "" never closes
	LockNote  string     `bun:"lock_note"`  // what is said to who comes later
	CreatedAt time.Time  `bun:"created_at"`
	CreatedBy string     `bun:"created_by"`
}

// Locked tells whether items may no longer be added on the day.
func (r Round) Locked(today clock.Date) bool { return r.LockOn != "" && today > r.LockOn }

// errLocked is the refusal after the lock day, with the unit's own words.
func (r Round) errLocked() error {
	return fault.New(fault.Conflict, "voter.locked").With("Date", r.LockOn.Vietnamese()).With("Note", r.LockNote)
}

// MeetingState is how far a meeting has come.
type MeetingState string

// The states of a meeting. From Sent on they follow from its items.
const (
	Planned  MeetingState = "planned"
	Held     MeetingState = "held"
	Minuted  MeetingState = "minuted"  // the minutes are finished
	Sent     MeetingState = "sent"     // every item went to its body
	Answered MeetingState = "answered" // every item has an approved answer
	Returned MeetingState = "returned" // the voters of the meeting were told
)

// MeetingStates lists the states in their order.
func MeetingStates() []MeetingState {
	return []MeetingState{Planned, Held, Minuted, Sent, Answered, Returned}
}

// Meeting is one meeting of delegates with voters.
type Meeting struct {
	bun.BaseModel `bun:"table:voter_meeting,alias:m"`

	ID          string       `bun:"id,pk"`
	UnitID      string       `bun:"unit_id"` // who organised it and writes the minutes
	RoundID     string       `bun:"round_id"`
	PlaceUnitID string       `bun:"place_unit_id"` // the commune or residential area whose voters came
	Place       string       `bun:"place"`
	StartsAt    time.Time    `bun:"starts_at"`
	Delegates   string       `bun:"delegates"`  // one a line; they hold a public office
	Attendance  int          `bun:"attendance"` // voters who came
	Chair       string       `bun:"chair"`
	Clerk       string       `bun:"clerk"`
	Summary     string       `bun:"summary"` // what was said beside the items
	State       MeetingState `bun:"state"`
	Published   bool         `bun:"published"` // planned date or results stand on the public page
	PostID      string       `bun:"post_id"`
	ReturnedAt  time.Time    `bun:"returned_at,nullzero"`
	ReturnedBy  string       `bun:"returned_by"`
	CreatedAt   time.Time    `bun:"created_at"`
	CreatedBy   string       `bun:"created_by"`
	Search      string       `bun:"search"` // folded
	Version     int          `bun:"version"`
}

// DelegateNames gives the delegates one by one.
func (m Meeting) DelegateNames() []string {
	var out []string
	for l := range strings.SplitSeq(m.Delegates, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// ItemState is how far one item has come.
type ItemState string

// The states of an item.
const (
	ItemNew        ItemState = "new"        // stands in the minutes
	ItemClassified ItemState = "classified" // has a field and a competent body
	ItemSent       ItemState = "sent"       // went to the body in a letter
	ItemReview     ItemState = "review"     // an answer waits for the second pair of eyes
	ItemProgress   ItemState = "progress"   // answered for now: being handled, or passed on to another body
	ItemAnswered   ItemState = "answered"   // answered for good
	ItemMerged     ItemState = "merged"     // the same as another, whose answer is its answer
)

// ItemStates lists the states in their order.
func ItemStates() []ItemState {
	return []ItemState{ItemNew, ItemClassified, ItemSent, ItemReview, ItemProgress, ItemAnswered, ItemMerged}
}

// Open tells whether somebody still has to do something about it.
func (s ItemState) Open() bool { return s != ItemAnswered && s != ItemMerged }

// Fields lists the fields by which petitions are sorted, in the order of reports.
func Fields() []string {
	return []string{"land", "transport", "water", "farming", "environment", "industry", "education", "health", "social", "culture", "security", "administration", "misc"}
}

// validField tells whether f is one of Fields.
func validField(f string) bool {
	for _, x := range Fields() {
		if x == f {
			return true
		}
	}
	return false
}

// Source tells how an item came into the minutes.
type Source string

// The sources.
const (
	Typed      Source = "typed"
	Sheet      Source = "sheet"      // the Excel template
	WordFile   Source = "word"       // the Word template
	Transcript Source = "transcript" // the text of a recording
)

// Item is one petition of voters.
type Item struct {
	bun.BaseModel `bun:"table:voter_item,alias:i"`

	ID            string     `bun:"id,pk"`
	Code          string     `bun:"code"` // "KN-26-00017"
	UnitID        string     `bun:"unit_id"`
	RoundID       string     `bun:"round_id"`
	MeetingID     string     `bun:"meeting_id"`
	N             int        `bun:"n"` // place in the minutes, from 1
	Text          string     `bun:"body"`
	Field         string     `bun:"field"`        // one of Fields; "" until classified
	BodyUnitID    string     `bun:"body_unit_id"` // who must answer; "" until classified
	State         ItemState  `bun:"state"`
	Source        Source     `bun:"source"`
	Speaker       string     `bun:"speaker" json:"-"` // sealed; read it with Service.Speaker
	SpeakerPublic string     `bun:"speaker_public"`   // the name, with consent; "" otherwise
	MergedInto    string     `bun:"merged_into"`      // the item that answers this one
	LetterID      string     `bun:"letter_id"`
	AnswerID      string     `bun:"answer_id"`
	AnswerKind    AnswerKind `bun:"answer_kind"`
	AnswerDue     clock.Date `bun:"answer_due"` // for what is being handled: until when
	AnsweredAt    time.Time  `bun:"answered_at,nullzero"`
	CreatedBy     string     `bun:"created_by"`
	Search        string     `bun:"search"` // folded
	CreatedAt     time.Time  `bun:"created_at"`
	Version       int        `bun:"version"`
}

// AnswerKind is what an answer amounts to.
type AnswerKind string

// The kinds of answer. After the last two the item is still open.
const (
	Solved     AnswerKind = "solved"      // done, or answered in full
	Explained  AnswerKind = "explained"   // explained why it is as it is, with the ground
	InProgress AnswerKind = "in_progress" // being handled, until a day
	Forwarded  AnswerKind = "forwarded"   // passed on to the body that is competent
)

// AnswerKinds lists them in the order of reports.
func AnswerKinds() []AnswerKind { return []AnswerKind{Solved, Explained, InProgress, Forwarded} }

// Closes tells whether nothing remains to be done after the answer.
func (k AnswerKind) Closes() bool { return k == Solved || k == Explained }

// AnswerState is how far an answer has come.
type AnswerState string

// The states of an answer.
const (
	AnswerReview   AnswerState = "review"
	AnswerApproved AnswerState = "approved"
	AnswerReturned AnswerState = "returned" // sent back with a reason
)

// Answer is what a body says to one item.
type Answer struct {
	bun.BaseModel `bun:"table:voter_answer,alias:a"`

	ID          string      `bun:"id,pk"`
	ItemID      string      `bun:"item_id"`
	LetterID    string      `bun:"letter_id"`
	Kind        AnswerKind  `bun:"kind"`
	Text        string      `bun:"body"`
	DocNumber   string      `bun:"doc_number"`   // number of the body's own letter
	DocOn       clock.Date  `bun:"doc_on"`       // its date
	DueOn       clock.Date  `bun:"due_on"`       // InProgress: done until
	ForwardedTo string      `bun:"forwarded_to"` // Forwarded: to whom
	State       AnswerState `bun:"state"`
	AuthorID    string      `bun:"author_id"`
	AuthorName  string      `bun:"author_name"`
	UnitID      string      `bun:"unit_id"` // for which the author wrote it down: the body, or the sender from the body's paper
	DeciderID   string      `bun:"decider_id"`
	DeciderName string      `bun:"decider_name"`
	Reason      string      `bun:"reason"` // why it was sent back
	CreatedAt   time.Time   `bun:"created_at"`
	DecidedAt   time.Time   `bun:"decided_at,nullzero"`
}

// The bounds of texts, in letters.
const (
	maxItem    = 4000
	maxAnswer  = 12_000
	maxShort   = 150
	maxSummary = 8000
	maxItems   = 500 // in one meeting
)

// check says what is wrong with an answer; today is the day on which it is given.
func (a Answer) check(today clock.Date) error {
	var bad fault.Fields
	known := false
	for _, k := range AnswerKinds() {
		known = known || k == a.Kind
	}
	if !known {
		bad = append(bad, fault.Field("kind", "voter.answer.kind_wanted"))
	}
	switch n := vntext.Length(a.Text); {
	case n == 0:
		bad = append(bad, fault.Field("text", "voter.answer.text_wanted"))
	case n > maxAnswer:
		bad = append(bad, fault.Field("text", "voter.too_long").With("Limit", maxAnswer))
	}
	switch {
	case a.Kind == InProgress && a.DueOn == "":
		bad = append(bad, fault.Field("due_on", "voter.answer.due_wanted"))
	case a.Kind == InProgress && a.DueOn < today:
		bad = append(bad, fault.Field("due_on", "voter.answer.due_past"))
	}
	if a.Kind == Forwarded && a.ForwardedTo == "" {
		bad = append(bad, fault.Field("forwarded_to", "voter.answer.forwarded_wanted"))
	}
	for field, s := range map[string]string{"forwarded_to": a.ForwardedTo, "doc_number": a.DocNumber} {
		if vntext.Length(s) > maxShort {
			bad = append(bad, fault.Field(field, "voter.too_long").With("Limit", maxShort))
		}
	}
	return bad.OrNil()
}

// Letter is what was sent to one body in one round.
type Letter struct {
	bun.BaseModel `bun:"table:voter_letter,alias:l"`

	ID         string     `bun:"id,pk"`
	UnitID     string     `bun:"unit_id"`
	BodyUnitID string     `bun:"body_unit_id"`
	RoundID    string     `bun:"round_id"`
	Serial     int        `bun:"serial"` // 1 is the letter of the round; more are supplements
	Number     string     `bun:"number"`
	SentOn     clock.Date `bun:"sent_on"`
	DueOn      clock.Date `bun:"due_on"`
	Note       string     `bun:"note"`
	Signer     string     `bun:"signer"`
	CreatedBy  string     `bun:"created_by"`
	CreatedAt  time.Time  `bun:"created_at"`
}

// Event is one step in the life of an item or a meeting.
type Event struct {
	bun.BaseModel `bun:"table:voter_event,alias:e"`

	ID        string    `bun:"id,pk"`
	ItemID    string    `bun:"item_id"`
	MeetingID string    `bun:"meeting_id"`
	Step      string    `bun:"step"`
	At        time.Time `bun:"at"`
	ActorID   string    `bun:"actor_id"`
	ActorName string    `bun:"actor_name"`
	Note      string    `bun:"note"`
}

// Step is something that is done to an item.
type Step string

// The steps of an item.
const (
	StepWrite    Step = "write"    // its words are changed
	StepClassify Step = "classify" // field and body are decided
	StepMerge    Step = "merge"    // it is the same as another
	StepUnmerge  Step = "unmerge"  // it is not
	StepSend     Step = "send"     // it goes out in a letter
	StepAnswer   Step = "answer"   // an answer is written down
	StepApprove  Step = "approve"  // the second person agrees
	StepReject   Step = "reject"   // the second person sends it back
	StepDrop     Step = "drop"     // it is taken out of the minutes
)

// May tells whether a step can be taken in the state; nil, or a fault that says why not.
func (s ItemState) May(step Step) error {
	ok := false
	switch step {
	case StepWrite, StepDrop:
		ok = s == ItemNew || s == ItemClassified
	case StepClassify:
		ok = s == ItemNew || s == ItemClassified || s == ItemProgress
	case StepMerge:
		ok = s == ItemNew || s == ItemClassified
	case StepUnmerge:
		ok = s == ItemMerged
	case StepSend:
		ok = s == ItemClassified
	case StepAnswer:
		ok = s == ItemSent || s == ItemProgress
	case StepApprove, StepReject:
		ok = s == ItemReview
	}
	if ok {
		return nil
	}
	switch {
	case s == ItemAnswered:
		return fault.New(fault.Conflict, "voter.item.closed")
	case s == ItemMerged:
		return fault.New(fault.Conflict, "voter.item.is_merged")
	case step == StepAnswer && s == ItemReview:
		return fault.New(fault.Conflict, "voter.item.in_review")
	case step == StepAnswer:
		return fault.New(fault.Conflict, "voter.item.not_sent")
	}
	return fault.New(fault.Conflict, "voter.item.wrong_state")
}

// afterAnswer is the state of an item whose answer was approved.
func afterAnswer(k AnswerKind) ItemState {
	if k.Closes() {
		return ItemAnswered
	}
	return ItemProgress
}

// meetingState is what the state of a meeting with finished minutes follows from: the states of its items, merged ones with
// the state of the item that answers them.
func meetingState(now MeetingState, items []ItemState) MeetingState {
	if now != Minuted && now != Sent && now != Answered {
		return now
	}
	next := Answered
	for _, s := range items {
		switch s {
		case ItemNew, ItemClassified:
			return Minuted
		case ItemSent, ItemReview:
			next = Sent
		}
	}
	return next
}
