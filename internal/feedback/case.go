// Package feedback is "Dân hỏi – Mặt trận trả lời": what a person asks, reports or proposes becomes a Case with a tracking
// code, a holder and a deadline; a desk answers it, a second official approves the answer, it goes back by the door the
// question came in by and, where nothing stands against it, into the public list of questions and answers.
//
// A case is never without a holder, never changes after it is closed except by being reopened, and each of its steps is an
// Event: the citizen's timeline, the officials' history and the chain of holders are all read from the events. Personal
// data (name, telephone, address) are kept apart, sealed, and opened only by a separate act that is logged.
package feedback

import (
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
)

// Kind is the legal kind of a case (Decree 20/2008, Law on Complaints 2011, Law on Denunciations 2018).
type Kind string

// The four kinds. Complaints and denunciations leave the ordinary process: only their receiver sees them.
const (
	Report       Kind = "report"       // phản ánh
	Petition     Kind = "petition"     // kiến nghị
	Complaint    Kind = "complaint"    // khiếu nại
	Denunciation Kind = "denunciation" // tố cáo
)

// Kinds lists the kinds in the order pages show them.
var Kinds = [...]Kind{Report, Petition, Complaint, Denunciation}

// Valid tells whether k is one of the four.
func (k Kind) Valid() bool {
	for _, x := range Kinds {
		if x == k {
			return true
		}
	}
	return false
}

// Secret tells whether cases of the kind are visible to their receiver alone (Law on Denunciations 2018 art. 9).
func (k Kind) Secret() bool { return k == Complaint || k == Denunciation }

// State is how far a case has come.
type State string

// The states. Answered and the two closed states can be reopened by the citizen for a while.
const (
	StateReceived State = "received" // taken in; nobody has begun
	StateWorking  State = "working"  // somebody works on it
	StateReview   State = "review"   // an answer waits for a second official
	StateAnswered State = "answered" // the answer has been given
	StateClosed   State = "closed"   // the citizen thanked, or the days to reopen are over
	StateRefused  State = "refused"  // not taken up, with a reason
)

// States lists the states in the order pages show them.
var States = [...]State{StateReceived, StateWorking, StateReview, StateAnswered, StateClosed, StateRefused, StateMerged}

// Open tells whether the case still waits for an answer: its clock runs.
func (s State) Open() bool { return s == StateReceived || s == StateWorking || s == StateReview }

// Door is the way a case came in; the answer goes back the same way.
type Door string

// The doors.
const (
	DoorPortal   Door = "portal"   // the form on the portal: the answer stands on the case page
	DoorZalo     Door = "zalo"     // a message to the unit's Official Account
	DoorFacebook Door = "facebook" // a message or comment on the unit's page
	DoorYouTube  Door = "youtube"  // a comment on the unit's film
	DoorCounter  Door = "counter"  // told at the desk: the answer is printed
	DoorPhone    Door = "phone"    // told on the telephone
	DoorArea     Door = "area"     // told to the head of the residential area: the answer is read on the slip's page
)

// Return is the address of the person behind a channel account; the zero value means the case page is the only way back.
type Return struct {
	AccountID string
	PersonID  string              // the channel's id of the person
	Comment   *channel.CommentRef // set when the question was a public comment
}

// Reachable tells whether something can be sent.
func (r Return) Reachable() bool { return r.AccountID != "" && (r.PersonID != "" || r.Comment != nil) }

// Place is where it happened. Every field may be empty.
type Place struct {
	Text     string  // in the person's words: "cầu Đen, gần trường tiểu học"
	Link     string  // the map link they gave
	Lat, Lon float64 // WGS84; both 0: no point
}

// HasPoint tells whether a point on the map is known.
func (p Place) HasPoint() bool { return p.Lat != 0 || p.Lon != 0 }

// Case is one matter of one person.
type Case struct {
	ID       string
	Code     string // tracking code XXXX-XXXX-XXX: who has it may follow the case
	Kind     Kind
	State    State
	Category string // free until a table of categories comes
	Text     string // what the person said, NFC

	Door   Door
	Return Return
	Place  Place

	OriginUnitID  string // the unit that took it in
	HolderUnitID  string // the unit or agency that must act now; never empty
	HolderSince   time.Time
	ClaimedBy     string // official who said "mine"; "" for the whole desk
	ClaimedByName string

	ReceivedAt  time.Time
	Deadline    clock.Date // last day, in Vietnam, on which the answer is in time
	Days        int        // working days given
	Source      string     // legal source of the days
	PausedAt    time.Time  // since when the clock stands still; zero while it runs
	PausedUntil clock.Date // the last day for which it stands still

	AnsweredAt time.Time // zero until answered
	ClosedAt   time.Time // zero until closed or refused
	OverdueAt  time.Time // when the leader was told; zero while in time
	RemindedAt time.Time // when the desk was reminded; zero until then
	Reopened   int       // how often

	MayPublish bool // the person did not forbid publication
	HasPerson  bool // a name or telephone is kept for it
	Initials   string
	PhoneTail  string // last three digits
	Pictures   int
	Rating     int // 0 none, 1 not helped, 2 partly, 3 helped
	Published  bool
	MergedInto string // the case that answers this one; "" for a case of its own

	Receipt Receipt
	Version int // counts changes; a page that worked on an older one is refused
}

// Overdue tells whether the case is open and its last day has passed.
func (c Case) Overdue(today clock.Date) bool {
	return c.State.Open() && !c.Paused() && c.Deadline < today
}

// Paused tells whether the clock stands still because the citizen was asked something.
func (c Case) Paused() bool { return !c.PausedAt.IsZero() }

// Receipt is what proves that the case was taken in as it was: the leaf that stands in the public transparency log.
type Receipt struct {
	Salt     string // 64 hexadecimal characters; keeps others from guessing the text
	TextHash string // SHA-256 of the salt and the text
	Leaf     string // SHA-256 of all of it: what the log holds
	LogIndex int64  // -1 while it is being written
	LogProof string // the log's own words: checkpoint and inclusion proof; "" while it is being written
}

// Logged tells whether the leaf stands in the log.
func (r Receipt) Logged() bool { return r.LogProof != "" }

// Person is who asked, as far as they wished to say. It is sealed at rest.
type Person struct {
	Name, Phone, Address string
}

// Empty tells whether nothing was given.
func (p Person) Empty() bool { return p == Person{} }

// Event is one step in the life of a case.
type Event struct {
	ID        string
	CaseID    string
	Step      Step
	At        time.Time
	ActorID   string // "" for the citizen or the house
	ActorName string
	UnitID    string // the holder when the step was done
	ToUnitID  string // the holder after it, when it changed
	Reason    string // why, or the text of a note; "" when the step says all
	Public    bool   // the citizen sees it
}

// AnswerState is how far one answer has come.
type AnswerState string

// The states of an answer.
const (
	AnswerDraft    AnswerState = "draft"
	AnswerReview   AnswerState = "review"
	AnswerApproved AnswerState = "approved"
)

// Answer is one answer of a case; a reopened case gets another.
type Answer struct {
	ID           string
	CaseID       string
	UnitID       string // who answers
	Text         string
	State        AnswerState
	Kind         AnswerKind
	Due          clock.Date // AnswerInProgress: the day by which it will be done
	Detail       string     // AnswerRefused: the ground; AnswerForwarded: to whom
	AuthorID     string
	AuthorName   string
	ApproverID   string
	ApproverName string
	Returned     string // why it was sent back; "" when it was not
	CreatedAt    time.Time
	UpdatedAt    time.Time
	ApprovedAt   time.Time
}

// NoticeState is how far one message to the citizen has come.
type NoticeState string

// The states of a notice.
const (
	NoticeQueued NoticeState = "queued"
	NoticeSent   NoticeState = "sent"
	NoticeFailed NoticeState = "failed" // Reason says what to do
)

// Notice is one message to the citizen by the door they came in by. There is at most one for each step.
type Notice struct {
	ID         string
	CaseID     string
	EventID    string
	Step       Step
	Return     Return
	Text       string
	State      NoticeState
	Reason     string // catalogue key when failed
	ExternalID string // the channel's id of the message: the receipt
	At         time.Time
}

// Published is the masked copy of a question and its answer that the public reads.
type Published struct {
	ID          string // the case's
	UnitID      string // who answered
	OriginID    string // where it was asked
	Title       string // first words of the question
	Question    string
	Answer      string
	AskedOn     clock.Date
	AnsweredAt  time.Time
	Days        int // working days from question to answer
	PublishedAt time.Time
	ConfirmedBy string // who looked at the masked copy
	Rating      int
}

// Picture is one photo given with a case.
type Picture struct {
	ID     string // the picture store's
	CaseID string
	Number int // from 1
	Alt    string
	Width  int
	Height int
}
