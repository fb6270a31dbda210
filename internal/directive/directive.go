// Package directive is the two-way groups of the Front: what a level asks of the levels below it, with a last day, and how
// each unit answers: seen, acknowledged, done with a note and a picture. Who has not seen it is known by name, reminders go
// out before the last day, and the head of a residential area answers from a link in a message without any password.
//
// A directive is sent once and does not change; it can be closed or, with a reason, taken back. A unit that was asked passes
// it on to the units below it as a directive of its own, which stays tied to the task it serves.
package directive

import (
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// State is how far a directive has come.
type State string

// The states.
const (
	Sent      State = "sent"
	Closed    State = "closed"    // nothing more is waited for
	Withdrawn State = "withdrawn" // taken back with a reason
)

// Step is how far one unit has come; it only goes forward.
type Step string

// The steps, in their order. A nudge and a return are written in the history without being a state of the task.
const (
	Waiting      Step = "waiting" // not seen yet
	Seen         Step = "seen"
	Acknowledged Step = "acknowledged"
	Done         Step = "done"
	Nudge        Step = "nudge"  // reminded
	Return       Step = "return" // the report was not enough: back to acknowledged, with a reason
)

// Steps lists the states of a task in the order pages show them.
var Steps = [...]Step{Waiting, Seen, Acknowledged, Done}

func (s Step) rank() int {
	for i, x := range Steps {
		if x == s {
			return i
		}
	}
	return -1
}

// The lengths that are taken, in characters, and the largest attachment in bytes.
const (
	MaxTitle  = 200
	MaxText   = 10_000
	MaxNote   = 2_000
	MaxNumber = 60
	MaxFile   = 20 << 20
)

// LinkDays is for how many days after the last day a link still opens.
const LinkDays = 14

// Directive is what a unit asks of those below it.
type Directive struct {
	ID         string
	UnitID     string
	ParentTask string // "" unless it passes another one on
	Number     string // of the document, "12/KH-MTTQ-BTT"; "" for none
	Title      string
	Text       string
	Deadline   clock.Date
	Level      orgunit.Level // of the units that are asked
	State      State
	File       File
	AuthorID   string
	AuthorName string
	Reason     string // why it was taken back
	SentAt     time.Time
	ClosedAt   time.Time // zero while it runs
}

// File is the attachment; no name, no file.
type File struct {
	Name string
	Type string // media type
	Size int64  // bytes
}

// Task is one unit that is asked.
type Task struct {
	ID             string
	DirectiveID    string
	UnitID         string
	Step           Step
	SeenAt         time.Time
	AcknowledgedAt time.Time
	DoneAt         time.Time
	ByName         string // who answered last
	Note           string
	Picture        string // the picture store's id; "" for none
	PictureAlt     string
	Nudges         int
	NudgedAt       time.Time
}

// Late tells whether the task is not done and its last day has passed.
func (t Task) Late(d Directive, today clock.Date) bool {
	return d.State == Sent && t.Step != Done && d.Deadline < today
}

// Draft is a directive as it is written.
type Draft struct {
	UnitID     string // who asks
	ParentTask string
	Number     string
	Title      string
	Text       string
	Deadline   string // as typed
	Level      orgunit.Level
	Units      []string // those that are asked; empty: all of the level below the unit
}

// check reads a draft: a Fields fault names what is wrong.
func (d Draft) check(today clock.Date) (clock.Date, error) {
	var fs fault.Fields
	length := func(s, field string, limit int) {
		if utf8.RuneCountInString(s) > limit {
			fs.Add(fault.Field(field, "directive.too_long").With("Limit", limit))
		}
	}
	fs.Check(d.Title != "", "title", "directive.title_required")
	length(d.Title, "title", MaxTitle)
	fs.Check(d.Text != "", "text", "directive.text_required")
	length(d.Text, "text", MaxText)
	length(d.Number, "number", MaxNumber)
	day, err := clock.ParseDate(d.Deadline)
	switch {
	case d.Deadline == "":
		fs.Add(fault.Field("deadline", "directive.deadline_required"))
	case err != nil:
		fs.Add(fault.Field("deadline", "form.bad_date"))
	case day < today:
		fs.Add(fault.Field("deadline", "directive.deadline_past"))
	}
	fs.Check(d.Level == orgunit.LevelDistrict || d.Level == orgunit.LevelCommune || d.Level == orgunit.LevelArea, "level", "directive.level_required")
	return day, fs.OrNil()
}

// advance takes a task forward to a step; false when it stands there or further already.
func (t *Task) advance(step Step, at time.Time) bool {
	if step.rank() <= t.Step.rank() {
		return false
	}
	if t.SeenAt.IsZero() {
		t.SeenAt = at
	}
	if step.rank() >= Acknowledged.rank() && t.AcknowledgedAt.IsZero() {
		t.AcknowledgedAt = at
	}
	if step == Done {
		t.DoneAt = at
	}
	t.Step = step
	return true
}

// dueNudges is how many reminders should have gone out by the day: one two days before the last day, one on it, one for each
// third day after it, five at most.
func dueNudges(deadline, today clock.Date) int {
	n := 0
	for _, day := range []clock.Date{deadline.AddDays(-2), deadline, deadline.AddDays(3), deadline.AddDays(6), deadline.AddDays(9)} {
		if day <= today {
			n++
		}
	}
	return n
}
