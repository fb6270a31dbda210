// Package award is how the Front thanks givers, and how it keeps gifts of its own within the law. Thanks: a level of
// recognition is proposed for a giver from what the records say plus what was given outside them, another person approves,
// and a cancelled one keeps who approved it. Gifts: when the Front visits somebody, what it brings is checked against the
// norms of Decision 04/2024/QĐ-TTg.
package award

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "award", FS: migrationFS}

// Policies say, in Cedar, who may propose and approve thanks and write visits down.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionRead    = "award.read"
	ActionPropose = "award.propose"
	ActionApprove = "award.approve" // and cancel
	ActionVisit   = "award.visit"   // write a visit down
)

// Level is a level of recognition.
type Level string

// The levels, the highest last.
const (
	Letter      Level = "letter"      // letter of thanks
	Certificate Level = "certificate" // certificate of merit "gold heart"
	Board       Level = "board"       // recorded on the golden board
)

// Levels lists them with the lowest first.
func Levels() []Level { return []Level{Letter, Certificate, Board} }

// From is the sum, in đồng, from which a level is usual. A person may propose otherwise.
func (l Level) From() money.VND {
	switch l {
	case Board:
		return 1_000_000_000
	case Certificate:
		return 100_000_000
	}
	return 10_000_000
}

// Usual is the level that a sum gives; "" when it gives none.
func Usual(sum money.VND) Level {
	out := Level("")
	for _, l := range Levels() {
		if sum >= l.From() {
			out = l
		}
	}
	return out
}

// State is how far an award is.
type State string

// The states of an award.
const (
	Proposed  State = "proposed"
	Approved  State = "approved"
	Refused   State = "refused"
	Cancelled State = "cancelled"
)

// Award thanks one giver for what was given in a period.
type Award struct {
	ID           string
	UnitID       string
	UnitName     string // filled in when it is shown
	Giver        string
	From, Until  clock.Date
	Recorded     money.VND // by the receipts and codes of the period
	Extra        money.VND // by hand: what was given outside the records
	ExtraWhy     string
	Level        Level
	State        State
	Number       string // of the decision, when approved
	ProposedBy   string
	ProposedName string
	ProposedAt   time.Time
	ApprovedBy   string
	ApprovedName string
	ApprovedAt   time.Time
	ClosedName   string // who refused or cancelled it
	Reason       string
}

// Sum is everything that the giver gave.
func (a Award) Sum() money.VND { return a.Recorded + a.Extra }

// Records tells what a giver gave by the records of a unit and those below; cash.Service gives it.
type Records interface {
	GivenBy(ctx context.Context, q bun.IDB, name string, roots []string, from, until clock.Date) (money.VND, error)
}

// Deps are what the service stands on.
type Deps struct {
	DB      *db.DB
	Clock   clock.Clock
	Authz   *identity.Authorizer
	Trail   identity.Recorder
	Forest  func() *orgunit.Forest
	Records Records
}

// Service is the use cases of thanks and visits.
type Service struct {
	Deps
	store store
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

// The bounds of what may be written.
const (
	maxName = 150
	maxText = 500
	maxSum  = money.VND(10_000_000_000_000)
)

// NewAward is a proposal.
type NewAward struct {
	UnitID, Giver string
	From, Until   clock.Date
	Extra         money.VND
	ExtraWhy      string
	Level         Level
}

func within(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}

// Propose proposes thanks. What the records say of the giver is counted, not typed.
func (s *Service) Propose(ctx context.Context, actor identity.Actor, in NewAward) (Award, error) {
	if err := s.Authz.Check(actor, ActionPropose, identity.InUnit(in.UnitID)); err != nil {
		return Award{}, err
	}
	a := Award{ID: id.New(), UnitID: in.UnitID, UnitName: s.UnitName(in.UnitID), Giver: strings.Join(strings.Fields(in.Giver), " "), From: in.From, Until: in.Until, Extra: in.Extra,
		ExtraWhy: strings.TrimSpace(in.ExtraWhy), Level: in.Level, State: Proposed, ProposedBy: actor.ID, ProposedName: actor.Name, ProposedAt: s.Clock.Now()}
	var fs fault.Fields
	fs.Check(within(a.Giver, 2, maxName), "giver", "award.giver")
	fs.Check(a.From.Valid() && a.Until.Valid() && a.From <= a.Until && a.Until <= s.today(), "from", "award.period")
	fs.Check(a.Extra >= 0 && a.Extra <= maxSum, "extra", "award.extra")
	fs.Check(a.Extra == 0 || within(a.ExtraWhy, 1, maxText), "extra_why", "award.extra_why")
	fs.Check(a.Level.From() > 0 && (a.Level == Letter || a.Level == Certificate || a.Level == Board), "level", "award.level")
	if err := fs.OrNil(); err != nil {
		return a, err
	}
	var err error
	if a.Recorded, err = s.Records.GivenBy(ctx, s.DB.Read(), a.Giver, []string{a.UnitID}, a.From, a.Until); err != nil {
		return a, err
	}
	if a.Sum() == 0 {
		return a, fault.Field("giver", "award.nothing")
	}
	return a, s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.insert(ctx, tx, a); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, a, ActionPropose)
	})
}

func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, a Award, action string) error {
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: a.UnitID, Action: action, ResourceType: "Award", ResourceID: a.ID, Details: map[string]string{"state": string(a.State), "level": string(a.Level)}})
}

func (a Award) resource() identity.Resource {
	return identity.Resource{Type: "Award", ID: a.ID, UnitID: a.UnitID, Attrs: map[string]string{"author": a.ProposedBy}}
}

func errNone() *fault.Error { return fault.New(fault.NotFound, "award.none") }

// Open gives one award.
func (s *Service) Open(ctx context.Context, actor identity.Actor, awardID string) (Award, error) {
	a, err := s.store.award(ctx, s.DB.Read(), awardID)
	if err != nil {
		return a, err
	}
	if err := s.Authz.Check(actor, ActionRead, a.resource()); err != nil {
		if fault.Is(err, fault.Forbidden) {
			err = errNone()
		}
		return Award{}, err
	}
	a.UnitName = s.UnitName(a.UnitID)
	return a, nil
}

// Decide approves a proposal under the number of a decision, or refuses it with a reason. Nobody approves what they proposed.
func (s *Service) Decide(ctx context.Context, actor identity.Actor, awardID string, approve bool, number, reason string) error {
	return s.change(ctx, actor, awardID, func(a *Award) error {
		if a.State != Proposed {
			return fault.New(fault.Conflict, "award.decided")
		}
		if approve {
			if a.Number = strings.TrimSpace(number); !within(a.Number, 1, 60) {
				return fault.Field("number", "award.number")
			}
			a.State, a.ApprovedBy, a.ApprovedName, a.ApprovedAt = Approved, actor.ID, actor.Name, s.Clock.Now()
			return nil
		}
		if a.Reason = strings.TrimSpace(reason); !within(a.Reason, 1, maxText) {
			return fault.Field("reason", "award.reason")
		}
		a.State, a.ClosedName = Refused, actor.Name
		return nil
	})
}

// Cancel takes an approved award back, with a reason. Who approved it stays written down.
func (s *Service) Cancel(ctx context.Context, actor identity.Actor, awardID, reason string) error {
	return s.change(ctx, actor, awardID, func(a *Award) error {
		if a.State != Approved {
			return fault.New(fault.Conflict, "award.not_approved")
		}
		if a.Reason = strings.TrimSpace(reason); !within(a.Reason, 1, maxText) {
			return fault.Field("reason", "award.reason")
		}
		a.State, a.ClosedName = Cancelled, actor.Name
		return nil
	})
}

func (s *Service) change(ctx context.Context, actor identity.Actor, awardID string, do func(*Award) error) error {
	a, err := s.store.award(ctx, s.DB.Read(), awardID)
	if err != nil {
		return err
	}
	if err := s.Authz.Check(actor, ActionApprove, a.resource()); err != nil {
		if fault.Is(err, fault.Forbidden) && !s.Authz.Can(actor, ActionRead, a.resource()) {
			err = errNone()
		}
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now, err := s.store.award(ctx, tx, awardID)
		if err != nil {
			return err
		}
		from := now.State
		if err := do(&now); err != nil {
			return err
		}
		if err := s.store.set(ctx, tx, now, from); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, now, ActionApprove)
	})
}

// Filter narrows a list.
type Filter struct {
	Text      string
	State     State
	Page, Per int
}

// List gives the awards that the actor may read, newest first.
func (s *Service) List(ctx context.Context, actor identity.Actor, f Filter) ([]Award, int, error) {
	roots := s.Authz.Scope(actor, ActionRead)
	if len(roots) == 0 {
		return nil, 0, s.Authz.Check(actor, ActionRead, identity.Resource{Type: "Unit"})
	}
	list, n, err := s.store.list(ctx, s.DB.Read(), roots, s.today(), f)
	for i := range list {
		list[i].UnitName = s.UnitName(list[i].UnitID)
	}
	return list, n, err
}

// store is the feature's SQL; it holds nothing.
type store struct{}

type awardRow struct {
	bun.BaseModel `bun:"table:award_award,alias:a"`

	ID           string `bun:",pk"`
	UnitID       string
	Giver        string
	FromDay      clock.Date
	UntilDay     clock.Date
	Recorded     money.VND
	Extra        money.VND
	ExtraWhy     string
	Level        Level
	State        State
	Number       string
	ProposedBy   string
	ProposedName string
	ProposedAt   time.Time
	ApprovedBy   string
	ApprovedName string
	ApprovedAt   time.Time `bun:",nullzero"`
	ClosedName   string
	Reason       string
	Search       string
}

func rowOf(a Award) awardRow {
	return awardRow{ID: a.ID, UnitID: a.UnitID, Giver: a.Giver, FromDay: a.From, UntilDay: a.Until, Recorded: a.Recorded, Extra: a.Extra, ExtraWhy: a.ExtraWhy, Level: a.Level, State: a.State, Number: a.Number,
		ProposedBy: a.ProposedBy, ProposedName: a.ProposedName, ProposedAt: a.ProposedAt, ApprovedBy: a.ApprovedBy, ApprovedName: a.ApprovedName, ApprovedAt: a.ApprovedAt, ClosedName: a.ClosedName, Reason: a.Reason,
		Search: vntext.Fold(a.Giver + " " + a.Number)}
}

func (r awardRow) award() Award {
	return Award{ID: r.ID, UnitID: r.UnitID, Giver: r.Giver, From: r.FromDay, Until: r.UntilDay, Recorded: r.Recorded, Extra: r.Extra, ExtraWhy: r.ExtraWhy, Level: r.Level, State: r.State, Number: r.Number,
		ProposedBy: r.ProposedBy, ProposedName: r.ProposedName, ProposedAt: r.ProposedAt, ApprovedBy: r.ApprovedBy, ApprovedName: r.ApprovedName, ApprovedAt: r.ApprovedAt, ClosedName: r.ClosedName, Reason: r.Reason}
}

func (store) insert(ctx context.Context, q bun.IDB, a Award) error {
	r := rowOf(a)
	_, err := q.NewInsert().Model(&r).Exec(ctx)
	return err
}

func (store) award(ctx context.Context, q bun.IDB, id string) (Award, error) {
	var r awardRow
	err := q.NewSelect().Model(&r).Where("a.id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Award{}, errNone()
	}
	return r.award(), err
}

func (store) set(ctx context.Context, q bun.IDB, a Award, from State) error {
	r := rowOf(a)
	res, err := q.NewUpdate().Model(&r).Column("state", "number", "approved_by", "approved_name", "approved_at", "closed_name", "reason", "search").Where("a.id = ?", a.ID).Where("a.state = ?", from).Exec(ctx)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n != 1 {
		err = fmt.Errorf("award %s: %w", a.ID, fault.New(fault.Conflict, "award.decided"))
	}
	return err
}

func (store) list(ctx context.Context, q bun.IDB, roots []string, on clock.Date, f Filter) ([]Award, int, error) {
	var rows []awardRow
	sel := orgunit.Within(q.NewSelect().Model(&rows), "a.unit_id", roots, on).Order("a.id DESC")
	if f.State != "" {
		sel = sel.Where("a.state = ?", f.State)
	}
	if t := vntext.Fold(f.Text); t != "" {
		sel = sel.Where("a.search LIKE ?", "%"+t+"%")
	}
	if f.Per > 0 {
		sel = sel.Limit(int64(f.Per)).Offset(int64(max(f.Page, 1)-1) * int64(f.Per))
	}
	n, err := sel.ScanAndCount(ctx)
	out := make([]Award, len(rows))
	for i, r := range rows {
		out[i] = r.award()
	}
	return out, int(n), err
}
