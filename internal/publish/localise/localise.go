// Package localise lets a post of the province speak with the voice of each commune. Until a moment that the province sets,
// the editors of the units that a post is meant for may add one paragraph and one picture of their own; where nobody does, or
// nobody approves it in time, the post goes out as it is. Corrections of the province's words still reach every unit, and what
// a unit added stays beside them. The other way round, a good story of a commune is offered to, or taken by, the province,
// which names the unit, and the collaborator only with consent.
package localise

import (
	"html"
	"slices"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// State is where a unit's part stands.
type State string

// The states of a part.
const (
	StateNone     State = ""         // nobody has begun
	StateDraft    State = "draft"    // being written
	StateReview   State = "review"   // waits for the unit's approver
	StateReturned State = "returned" // came back with a reason
	StateReady    State = "ready"    // goes out with the post
	StateAsIs     State = "as_is"    // the unit adds nothing
)

// States lists the states in the order in which pages show them.
func States() []State {
	return []State{StateNone, StateDraft, StateReview, StateReturned, StateReady, StateAsIs}
}

// Window is the time in which units may add to a post.
type Window struct {
	PostID     string
	UnitID     string // of the post
	Until      time.Time
	Approval   bool // the unit's own approver must agree
	OpenedBy   string
	OpenedName string
	OpenedAt   time.Time
}

// Open tells whether units may still add something.
func (w Window) Open(now time.Time) bool { return w.Until.After(now) }

// Picture is the one picture of a part.
type Picture struct {
	ID     string `json:"-"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Widths []int  `json:"widths"`
	Alt    string `json:"-"`
}

// Part is what one unit adds to a post.
type Part struct {
	PostID, UnitID string
	State          State
	Words          string // plain text, one paragraph
	Picture        Picture
	Writers        []string // ids of everybody who changed it: none of them may approve it
	WriterName     string   // who changed it last
	Rev            int
	UpdatedAt      time.Time
}

// The bounds of a part.
const (
	MaxWords = 800 // characters
	maxAlt   = 300
	maxNote  = 1000
	maxName  = 100
)

// Typed is what a local editor fills in.
type Typed struct {
	Words string
	Alt   string
	Drop  bool // take the picture away
}

// clean tidies what was typed: NFC, one paragraph.
func (t Typed) clean() Typed {
	t.Words, t.Alt = oneLine(t.Words), oneLine(t.Alt)
	return t
}

func oneLine(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

// check finds what keeps a part from being kept; ready asks whether it is finished.
func (p Part) check(ready bool) error {
	var fs fault.Fields
	if n := vntext.Length(p.Words); n > MaxWords {
		fs.Add(fault.Field("words", "localise.too_long").With("Limit", MaxWords).With("Length", n))
	}
	if n := vntext.Length(p.Picture.Alt); n > maxAlt {
		fs.Add(fault.Field("alt", "localise.too_long").With("Limit", maxAlt).With("Length", n))
	}
	if ready {
		fs.Check(p.Words != "", "words", "localise.words_missing")
		fs.Check(p.Picture.ID == "" || p.Picture.Alt != "", "alt", "localise.alt_missing")
	}
	return fs.OrNil()
}

// writable tells whether words may be changed in this state.
func (s State) writable() bool { return s != StateReview }

// HTML is the paragraph as it stands behind the province's words, led by the name of the unit.
func (p Part) HTML(unit string) string {
	if p.Words == "" {
		return ""
	}
	return "<p><strong>" + html.EscapeString(unit) + ":</strong> " + html.EscapeString(p.Words) + "</p>"
}

func (p *Part) wroteBy(id, name string) {
	p.WriterName = name
	if !slices.Contains(p.Writers, id) {
		p.Writers = append(p.Writers, id)
	}
}

// Step is one line of a part's history; What names its text in the catalogue under "localise.step.<what>".
type Step struct {
	ID        string
	PostID    string
	UnitID    string
	At        time.Time
	ActorID   string
	ActorName string
	What      string
	Note      string
}

// OfferState is where an offer stands.
type OfferState string

// The states of an offer.
const (
	OfferOpen     OfferState = "offered"
	OfferDeclined OfferState = "declined"
	OfferTaken    OfferState = "taken" // a draft above was begun from it
	OfferUsed     OfferState = "used"  // and that post went out
)

// Offer is a unit's post that those above are asked to use, or have taken.
type Offer struct {
	ID          string
	PostID      string
	FromUnit    string
	ToUnit      string
	State       OfferState
	Title       string
	Note        string
	Credit      string // name of the collaborator; "" without consent
	ConsentBy   string
	ConsentName string // official who took the consent down
	ConsentAt   time.Time
	OfferedBy   string
	OfferedName string
	OfferedAt   time.Time
	DecidedName string
	DecidedAt   time.Time
	Reason      string
	TakenPostID string
	UsedAt      time.Time
}
