// Package fund keeps the books of appeals: which gifts came in by which bank account, what waits for a person, and that every
// đồng in the bank's statement stands in the ledger.
//
// An appeal has its own bank accounts and the days on which gifts are taken (Decree 93/2021/NĐ-CP, articles 8 and 9). Bank
// statements of any size are taken in whole or not at all; the same file, or another that covers the same days, never counts
// a movement twice. What is not plainly a gift (money after the close, money sent back, a code of another appeal) is entered
// on the account "unsorted" and waits for a person, so that the ledger always equals the bank. Nothing is ever deleted: an
// entry is taken back by one that reverses it.
package fund

import (
	"context"
	"embed"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "fund", FS: migrationFS}

// Policies say, in Cedar, who may see the books.
//
//go:embed policies.cedar
var Policies string

// Catalogue holds the texts of the faults, in Vietnamese and English.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// The actions. Only reading is permitted to officials; the others are done at the command line.
const (
	ActionRead   = "fund.read"
	ActionOpen   = "fund.open"
	ActionImport = "fund.import"
	ActionSort   = "fund.sort"
	ActionBook   = "fund.book" // reverse an entry, close a period
)

// Appeal is one call for gifts with its own bank accounts.
type Appeal struct {
	ID          string
	Code        string // "YAGI-2026"
	Name        string
	UnitID      string     // the unit that leads it
	Basis       string     // the document that opens it: "Lời kêu gọi số 12/LKG-MTTQ ngày 8/9/2026"
	Opens       clock.Date // first day on which gifts are taken
	Closes      clock.Date // last day
	ClosedUntil clock.Date // nothing more is entered up to this day; "" while every day is open
	Accounts    []BankAccount
}

// BankAccount is an account of the Front's own that belongs to one appeal.
type BankAccount struct {
	ID     string // of the account in the ledger
	Bank   Bank
	Number string
}

// Role is what an account of the ledger is for.
type Role string

// The roles. The balance of a bank account is what the bank should say; gifts and unsorted are what stands against it.
const (
	RoleBank     Role = "bank"
	RoleGifts    Role = "gifts"
	RoleUnsorted Role = "unsorted"
)

// Kind is why an entry was made.
type Kind string

// The kinds of entry.
const (
	KindGift     Kind = "gift"     // money came in, and the appeal takes it
	KindUnsorted Kind = "unsorted" // money came in or went out, and a person must say what it is
	KindRefund   Kind = "refund"   // a gift went back
	KindSorted   Kind = "sorted"   // a person said that something unsorted is a gift
	KindReversal Kind = "reversal" // takes another entry back
)

// Reason is why a row of the bank waits in the queue.
type Reason string

// The reasons.
const (
	BeforeOpen  Reason = "before_open"  // the appeal had not begun
	AfterClose  Reason = "after_close"  // nothing more may be taken (Decree 93/2021/NĐ-CP, article 9)
	OtherAppeal Reason = "other_appeal" // the memo bears the code of another appeal
	MoneyOut    Reason = "money_out"    // money left, and it is no refund of one known gift
)

// Line moves an amount above zero: it debits one account and credits another.
type Line struct {
	DebitID, CreditID string
	Amount            money.VND
}

// Balance is what stands on an account of the ledger: debits less credits.
type Balance struct {
	AccountID string
	Role      Role
	Bank      Bank
	Number    string
	Debit     money.VND
	Credit    money.VND
}

// Net is debits less credits.
func (b Balance) Net() money.VND { return b.Debit - b.Credit }

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Authz *identity.Authorizer
	Trail identity.Recorder
	Has   func(unitID string) bool // whether there is such a unit
}

// Service is the use cases of fund.
type Service struct {
	Deps
	store store
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{Deps: d}
}

// Appeal finds an appeal by its code.
func (s *Service) Appeal(ctx context.Context, actor identity.Actor, code string) (Appeal, error) {
	a, err := s.store.appealByCode(ctx, s.DB.Read(), code)
	if err != nil {
		return Appeal{}, err
	}
	return a, s.may(actor, ActionRead, a)
}

func (s *Service) may(actor identity.Actor, action string, a Appeal) error {
	err := s.Authz.Check(actor, action, identity.Resource{Type: "Appeal", ID: a.ID, UnitID: a.UnitID})
	if fault.Is(err, fault.Forbidden) && action == ActionRead {
		return errNoAppeal(a.Code)
	}
	return err
}

func errNoAppeal(code string) *fault.Error {
	return fault.New(fault.NotFound, "fund.appeal.none").With("Code", code)
}
