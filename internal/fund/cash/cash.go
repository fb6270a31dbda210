// Package cash is how gifts are given besides a plain bank transfer: cash against a numbered receipt, and the QR codes by which
// a banking app fills the transfer in.
//
// Every unit has one book of receipts a year. Its numbers have no gaps: a receipt that was written by mistake is cancelled with
// a reason and keeps its number. Cash is brought to the appeal's bank account; the row of the bank statement is paired with it,
// so that the money is counted once. A hamlet without network writes receipts on the telephone; they get their number when
// they arrive, once, however often they are sent.
package cash

import (
	"embed"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "cash", FS: migrationFS}

// Policies say, in Cedar, who may write receipts, cancel them, bring cash to the bank and make QR codes.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionRead = "cash.read"
	ActionTake = "cash.take"      // write a receipt
	ActionVoid = "cash.void"      // cancel one
	ActionHand = "cash.hand"      // bring cash to the bank
	ActionPair = "cash.pair"      // say which row of the bank it is
	ActionCode = "cash.make_code" // make QR codes for units and named donors
)

// DonorKind is who gives.
type DonorKind string

// The kinds of donor.
const (
	Person    DonorKind = "person"
	Group     DonorKind = "group"
	Company   DonorKind = "company"
	Anonymous DonorKind = "anonymous"
)

// DonorKinds lists them in the order pages show them.
func DonorKinds() []DonorKind { return []DonorKind{Person, Group, Company, Anonymous} }

// Purpose is what a company says it gives for: one of the five for which a confirmation counts as a deductible expense
// (Circular 20/2026/TT-BTC).
type Purpose string

// The five purposes.
const (
	ForEducation Purpose = "education"  // education, health, culture
	ForDisaster  Purpose = "disaster"   // disaster and epidemic
	ForHouses    Purpose = "houses"     // houses for the poor
	ForHardAreas Purpose = "hard_areas" // areas of special difficulty
	ForScience   Purpose = "science"    // science, technology, digital change
)

// Purposes lists the five.
func Purposes() []Purpose {
	return []Purpose{ForEducation, ForDisaster, ForHouses, ForHardAreas, ForScience}
}

// State is how a receipt stands.
type State string

// The states of a receipt.
const (
	Valid State = "valid"
	Void  State = "void" // cancelled; the number stays
)

// Receipt is one slip of a book.
type Receipt struct {
	ID         string
	UnitID     string // whose book
	UnitName   string // filled in when it is shown
	AppealID   string
	AppealCode string // filled in when it is shown
	Year       int
	No         int // in the book, from 1 without a gap
	State      State
	Day        clock.Date

	DonorKind      DonorKind
	DonorName      string // "" for Anonymous
	Address        string
	TaxCode        string // of a company
	Representative string // who signs for a company or group
	DisplayName    string // under which the public may read it, when Consent
	Consent        bool
	Purpose        Purpose // of a company
	EarmarkID      string
	Amount         money.VND
	Note           string

	GiftID     string // in the books
	Reference  string // by which the donor finds it again
	TakenBy    string
	TakenName  string
	TakenAt    time.Time
	VoidBy     string
	VoidName   string
	VoidAt     time.Time
	Reason     string // why it was cancelled
	HandoverID string // with which it was brought to the bank
	OfflineID  string
}

// Number is the number as it is printed: "0042/2026".
func (r Receipt) Number() string { return fmt.Sprintf("%04d/%d", r.No, r.Year) }

// Deps are what the service stands on.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Trail  identity.Recorder
	Forest func() *orgunit.Forest
	Books  *fund.Service
}

// Service is the use cases of cash gifts and codes.
type Service struct {
	Deps
	store  store
	public Statement // nil: nothing is public
}

// New makes the service.
func New(d Deps) *Service { return &Service{Deps: d} }

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// UnitName is the full name of a unit as it is called today; "" for an unknown one.
func (s *Service) UnitName(unitID string) string {
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return ""
	}
	return u.FullName
}

func (s *Service) roots(actor identity.Actor, action string) ([]string, error) {
	roots := s.Authz.Scope(actor, action)
	if len(roots) == 0 {
		return nil, s.Authz.Check(actor, action, identity.Resource{Type: "Unit"})
	}
	return roots, nil
}

// The bounds of what may be written.
const (
	maxName = 150
	maxText = 500
	// MaxAmount is the greatest amount of one receipt: a hundred billion đồng in cash is a typing mistake.
	MaxAmount money.VND = 100_000_000_000
	// BackDays is how many days a receipt may lie back: a hamlet without network sends late.
	BackDays = 10
)

// NewReceipt is a slip as it is written.
type NewReceipt struct {
	UnitID, Appeal          string // Appeal is a code
	Day                     clock.Date
	DonorKind               DonorKind
	DonorName, Address      string
	TaxCode, Representative string
	DisplayName             string
	Consent                 bool
	Purpose                 Purpose
	EarmarkID               string
	Amount                  money.VND
	Note                    string
	OfflineID               string
}

func within(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}

// clean takes away spaces, and what the kind of donor has not.
func (n NewReceipt) clean() NewReceipt {
	for _, p := range []*string{&n.DonorName, &n.Address, &n.TaxCode, &n.Representative, &n.DisplayName, &n.Note} {
		*p = strings.Join(strings.Fields(*p), " ")
	}
	if n.DonorKind == Anonymous {
		n.DonorName, n.Address, n.TaxCode, n.Representative, n.DisplayName, n.Consent = "", "", "", "", "", false
	}
	if n.DonorKind != Company {
		n.TaxCode, n.Purpose = "", ""
	}
	if !n.Consent {
		n.DisplayName = ""
	} else if n.DisplayName == "" {
		n.DisplayName = n.DonorName
	}
	return n
}

func (n NewReceipt) check(today clock.Date, purposes []Purpose) error {
	var fs fault.Fields
	known := false
	for _, k := range DonorKinds() {
		known = known || k == n.DonorKind
	}
	fs.Check(known, "donor_kind", "cash.receipt.donor_kind")
	fs.Check(n.DonorKind == Anonymous || within(n.DonorName, 2, maxName), "donor_name", "cash.receipt.donor_name")
	fs.Check(within(n.Address, 0, maxText), "address", "cash.receipt.address")
	if n.DonorKind == Company {
		fs.Check(taxCode(n.TaxCode), "tax_code", "cash.receipt.tax_code")
		ok := false
		for _, p := range purposes {
			ok = ok || p == n.Purpose
		}
		fs.Check(ok, "purpose", "cash.receipt.purpose")
	}
	fs.Check(within(n.Representative, 0, maxName), "representative", "cash.receipt.representative")
	fs.Check(within(n.DisplayName, 0, maxName) && !manyDigits(n.DisplayName), "display_name", "cash.receipt.display_name")
	fs.Check(n.Amount > 0 && n.Amount <= MaxAmount, "amount", "cash.receipt.amount")
	fs.Check(within(n.Note, 0, maxText), "note", "cash.receipt.note")
	fs.Check(n.Day.Valid() && n.Day <= today && n.Day >= today.AddDays(-BackDays), "day", "cash.receipt.day")
	fs.Check(within(n.OfflineID, 0, 60), "offline_id", "cash.receipt.offline_id")
	return fs.OrNil()
}

// taxCode is ten digits, with or without the three of a branch: "0101234567-001".
func taxCode(s string) bool {
	digits := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '-' && i == 10:
		default:
			return false
		}
	}
	return digits == 10 || digits == 13
}

// manyDigits tells whether a name to be shown in public holds what could be a telephone or account number.
func manyDigits(s string) bool {
	n := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n >= 6
}
