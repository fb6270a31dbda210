package spending

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/money"
)

// State is how far a decision is.
type State string

// The states of a decision.
const (
	Proposed State = "proposed" // waits for who decides
	Approved State = "approved" // money may be paid out
	Refused  State = "refused"  // not approved, with a reason
	Dropped  State = "dropped"  // withdrawn by who drew it up, before it was decided
)

// States lists them in the order pages show them.
func States() []State { return []State{Proposed, Approved, Refused, Dropped} }

// TargetKind is what a share promises to help.
type TargetKind string

// The kinds of target.
const (
	TargetHousehold TargetKind = "household"
	TargetWork      TargetKind = "work" // a road, a school, a well
)

// Allocation is a decision on what the money of an appeal is for.
type Allocation struct {
	ID         string
	AppealID   string
	AppealCode string // filled in when it is shown
	UnitID     string // whose decision it is
	DocNo      string // "15/QĐ-BVĐ"
	DocDay     clock.Date
	Meeting    string // the meeting that agreed on it
	About      string
	Amount     money.VND // of all shares as decided
	State      State

	ProposedBy, ProposedName string
	ProposedAt               time.Time
	DecidedBy, DecidedName   string
	DecidedAt                time.Time
	Reason                   string // of a refusal or of dropping it

	Shares []Share
}

// Share is what one unit receives under one head by a decision.
type Share struct {
	ID           string
	AllocationID string
	Seq          int // from 1
	Head         fund.Head
	UnitID       string
	UnitName     string // as it is called today; filled in when it is shown
	Purpose      string
	EarmarkID    string // binding of donors that it honours; "" is money that nobody bound
	Amount       money.VND
	Withdrawn    money.VND // taken back before it was paid
	Target       int       // households or works that shall be helped; 0 promises no number
	TargetKind   TargetKind

	Paid    money.VND // of payments that stand
	Planned money.VND // of payments that wait for the treasurer
	Helped  int       // payments that stand
}

// Left is what may still be promised to somebody: the amount less what was withdrawn, paid and planned.
func (s Share) Left() money.VND { return s.Amount - s.Withdrawn - s.Paid - s.Planned }

// Allotted is the amount that the share holds now.
func (s Share) Allotted() money.VND { return s.Amount - s.Withdrawn }

// Allotted is what the decision holds now: its shares less what was withdrawn.
func (a Allocation) Allotted() money.VND { return a.sum(Share.Allotted) }

// Paid is what was paid out of it.
func (a Allocation) Paid() money.VND { return a.sum(func(s Share) money.VND { return s.Paid }) }

func (a Allocation) sum(of func(Share) money.VND) (out money.VND) {
	for _, s := range a.Shares {
		out += of(s)
	}
	return out
}

// PaymentState is how far a payment is.
type PaymentState string

// The states of a payment.
const (
	PayPlanned   PaymentState = "planned"
	PayPaid      PaymentState = "paid"
	PayDropped   PaymentState = "dropped"    // taken off the list before it was paid
	PayTakenBack PaymentState = "taken_back" // reversed in the books
)

// Way is how money reached who receives it.
type Way string

// The ways.
const (
	WayCash Way = "cash"
	WayBank Way = "bank"
)

// Payment is money for one household or one work, out of a share.
type Payment struct {
	ID          string
	ShareID     string
	UnitID      string
	HouseholdID string // or Work
	Work        string
	Name        string // of the household or work, filled in for who may read it
	Amount      money.VND
	State       PaymentState

	PlannedBy, PlannedName string
	PlannedAt              time.Time
	PaidBy, PaidName       string
	PaidDay                clock.Date
	PaidAt                 time.Time
	Way                    Way
	MinutesNo              string
	Witness                string // name and office of who stood by
	Photo                  string
	PhotoConsent           string // who agreed to the photo, and how
	Note                   string
	EntryID, BackEntryID   string
	BackBy, BackName       string
	BackAt                 time.Time
	Reason                 string
}

// Event is one line of the history of a decision.
type Event struct {
	ID           string
	AllocationID string
	Kind         string // proposed, approved, refused, dropped, withdrawn, planned, unplanned, paid, taken_back
	Amount       money.VND
	Reason       string
	ByID, ByName string
	CreatedAt    time.Time
}

// The bounds of what may be written.
const (
	maxDocNo  = 60
	maxText   = 500
	maxShares = 500
	maxTarget = 1_000_000
	// MaxAmount is the greatest amount of one decision, one payment or one receipt: ten thousand billion đồng.
	MaxAmount money.VND = 10_000_000_000_000
)

// NewAllocation is a decision as it is drawn up.
type NewAllocation struct {
	Appeal  string // its code
	DocNo   string
	DocDay  clock.Date
	Meeting string
	About   string
	Shares  []NewShare
}

// NewShare is one line of it.
type NewShare struct {
	Head       fund.Head
	UnitID     string
	Purpose    string
	EarmarkID  string
	Amount     money.VND
	Target     int
	TargetKind TargetKind
}

// check says what is wrong with a decision by itself, without the books. stands tells whether a unit stands today and lies
// in the unit that decides.
func (n NewAllocation) check(today clock.Date, stands func(unitID string) bool) error {
	var fs fault.Fields
	fs.Check(within(n.DocNo, 1, maxDocNo), "doc_no", "spending.allocation.doc_no")
	fs.Check(n.DocDay.Valid() && n.DocDay <= today, "doc_day", "spending.allocation.doc_day")
	fs.Check(within(n.Meeting, 1, maxText), "meeting", "spending.allocation.meeting")
	fs.Check(within(n.About, 1, maxText), "about", "spending.allocation.about")
	fs.Check(len(n.Shares) > 0, "shares", "spending.allocation.no_share")
	fs.Check(len(n.Shares) <= maxShares, "shares", "spending.allocation.many_shares")
	total := money.VND(0)
	for i, s := range n.Shares {
		bad := func(ok bool, key string) {
			if !ok {
				fs.Add(fault.Field("shares", key).With("Row", i+1))
			}
		}
		bad(s.Head.Valid(), "spending.share.head")
		bad(stands(s.UnitID), "spending.share.unit")
		bad(within(s.Purpose, 1, maxText), "spending.share.purpose")
		bad(s.Amount > 0 && s.Amount <= MaxAmount, "spending.share.amount")
		bad(s.Target >= 0 && s.Target <= maxTarget, "spending.share.target")
		bad(s.TargetKind == TargetHousehold || s.TargetKind == TargetWork, "spending.share.target_kind")
		if s.Amount > 0 && s.Amount <= MaxAmount {
			total += s.Amount
		}
	}
	fs.Check(total <= MaxAmount, "shares", "spending.share.amount_total")
	return fs.OrNil()
}

func within(s string, least, most int) bool {
	n := utf8.RuneCountInString(strings.TrimSpace(s))
	return n >= least && n <= most
}
