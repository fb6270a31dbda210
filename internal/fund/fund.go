// Package fund keeps the books of appeals: which gifts came in by which bank account, what waits for a person, and that every
// đồng in the bank's statement stands in the ledger.
//
// An appeal has its own bank accounts and the days on which gifts are taken (Decree 93/2021/NĐ-CP, articles 8 and 9). Bank
// statements of any size are taken in whole or not at all; the same file, or another that covers the same days, never counts
// a movement twice. What is not plainly a gift (money after the close, money sent back, a code of another appeal) is entered
// on the account "unsorted" and waits for a person, so that the ledger always equals the bank. Nothing is ever deleted: an
// entry is taken back by one that reverses it.
//
// Other rooms of the fund stand on it: cash receipts and spending enter the books by PostCash, PostSpending and Reverse inside
// their own transaction, and the public statement follows what counts by the event GiftsPosted and the query GiftFacts. Each
// of them checks who may do it; the books check that the money is there, that the day is open and that a gift for one purpose
// goes to that purpose alone.
package fund

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
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

// The actions; policies.cedar says which role may do which.
const (
	ActionRead     = "fund.read"
	ActionOpen     = "fund.open"     // open, extend and end an appeal, and record that donors agreed to running costs
	ActionImport   = "fund.import"   // take a bank statement in
	ActionSort     = "fund.sort"     // say what waits in the queue is
	ActionBook     = "fund.book"     // withdraw a gift, reverse an entry, close a period
	ActionTransfer = "fund.transfer" // send money to the fund of another level
)

// Appeal is one call for gifts with its own bank accounts.
type Appeal struct {
	ID           string
	Code         string // "YAGI-2026"
	Name         string
	FundKind     FundKind
	Level        Level
	UnitID       string     // the unit that leads it
	Basis        string     // the document that opens it: "Lời kêu gọi số 12/LKG-MTTQ ngày 8/9/2026"
	Opens        clock.Date // first day on which gifts are taken
	Closes       clock.Date // last day
	SpendsUntil  clock.Date // everything is to be given out by this day; "" where law sets none
	ClosedUntil  clock.Date // nothing more is entered up to this day; "" while every day is open
	RunningBasis string     // how donors agreed that running costs are paid from it; "": they may not be
	Accounts     []BankAccount
	CreatedAt    time.Time
}

// FundKind is what an appeal is for.
type FundKind string

// The kinds of fund. Relief is the one that Decree 93/2021/NĐ-CP rules: 90 days to take gifts, 20 more to give them out.
const (
	FundPoor   FundKind = "poor"   // "Vì người nghèo"
	FundRelief FundKind = "relief" // "Cứu trợ"
	FundBorder FundKind = "border" // "Vì biên giới, biển, đảo"
	FundCustom FundKind = "custom"
)

// FundKinds lists the kinds of fund.
func FundKinds() []FundKind { return []FundKind{FundRelief, FundPoor, FundBorder, FundCustom} }

// Level is the level of the Front that keeps the fund.
type Level string

// The levels.
const (
	LevelCentral  Level = "central"
	LevelProvince Level = "province"
	LevelCommune  Level = "commune"
)

// Levels lists the levels from above.
func Levels() []Level { return []Level{LevelCentral, LevelProvince, LevelCommune} }

// Taking tells whether gifts are taken on a day.
func (a Appeal) Taking(day clock.Date) bool { return a.Opens <= day && day <= a.Closes }

// BankAccount is an account of the Front's own that belongs to one appeal.
type BankAccount struct {
	ID     string // of the account in the ledger
	Bank   Bank
	Number string
}

// Role is what an account of the ledger is for.
type Role string

// The roles. The balance of a bank account is what the bank should say. What has been decided but not yet seen at the bank
// is payable or awaited; on both sides of a transfer between levels stands the account transfer, and over all appeals these
// come to zero.
const (
	RoleBank     Role = "bank"
	RoleCash     Role = "cash"     // money in hand
	RoleGifts    Role = "gifts"    // gifts for the appeal as a whole
	RoleEarmark  Role = "earmark"  // gifts for one place, person or purpose
	RoleUnsorted Role = "unsorted" // the bank moved it, and a person must say what it is
	RolePayable  Role = "payable"  // decided to go out, and not seen at the bank yet
	RoleAwaited  Role = "awaited"  // sent to this fund by another, and not seen at the bank yet
	RoleTransfer Role = "transfer" // between the funds of two levels or appeals
	RoleSpend    Role = "spend"    // given out, by head
	RoleInterest Role = "interest" // what the bank paid on the account
)

// Kind is why an entry was made.
type Kind string

// The kinds of entry.
const (
	KindGift     Kind = "gift"     // money came in, and the appeal takes it
	KindUnsorted Kind = "unsorted" // money came in or went out, and a person must say what it is
	KindRefund   Kind = "refund"   // a gift went back
	KindSorted   Kind = "sorted"   // a person said what something unsorted is
	KindCash     Kind = "cash"     // a gift in cash
	KindEarmark  Kind = "earmark"  // a gift was given for one place, person or purpose
	KindSpending Kind = "spending" // money was given out
	KindTransfer Kind = "transfer" // to or from the fund of another level
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
	IsTransfer  Reason = "transfer"     // the memo bears the code of a transfer between levels
	ByRule      Reason = "rule"         // a rule of the accountant's says that a person must look
	Withdrawn   Reason = "withdrawn"    // its gift was withdrawn
)

// Reasons lists the reasons.
func Reasons() []Reason {
	return []Reason{MoneyOut, OtherAppeal, IsTransfer, AfterClose, BeforeOpen, ByRule, Withdrawn}
}

// Line moves an amount above zero: it debits one account and credits another.
type Line struct {
	DebitID, CreditID string
	Amount            money.VND
}

// Balance is what stands on an account of the ledger: debits less credits.
type Balance struct {
	AccountID string
	Role      Role
	Bank      Bank   // for role bank
	Number    string // for role bank
	Head      Head   // for role spend
	EarmarkID string // for roles earmark and spend; "" is money given for the appeal as a whole
	Debit     money.VND
	Credit    money.VND
	Credits   int // how many lines credit it
}

// Net is debits less credits.
func (b Balance) Net() money.VND { return b.Debit - b.Credit }

// Deps is what the service stands on.
type Deps struct {
	DB     *db.DB
	Jobs   *jobs.Queue // nil in tests that listen to nothing
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Trail  identity.Recorder
	Has    func(unitID string) bool // whether there is such a unit
	Blobs  blob.Store               // keeps statements that were uploaded until they are in the books
	Logger *slog.Logger             // nil is silent
}

// Service is the use cases of fund.
type Service struct {
	Deps
	store  store
	public PublicLog // nil: nothing is made public yet
	vows   Promises  // nil: no decision promises anything
}

// New makes the service.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
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
