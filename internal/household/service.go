package household

import (
	"context"
	"embed"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "household", FS: migrationFS}

//go:embed policies.cedar
var policyText string

// Policies say who may see the register, write in it, and open what is sealed.
var Policies = identity.PolicyFile{Feature: "household", Text: policyText}

// The actions that the policies speak of.
const (
	ActionRead   = "household.read"
	ActionWrite  = "household.write"
	ActionUnmask = "household.unmask"
)

// Deps are what the service stands on.
type Deps struct {
	DB     *db.DB
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Trail  identity.Recorder
	Forest func() *orgunit.Forest
	Sealer Sealer
}

// Service is the use cases of the register.
type Service struct {
	Deps
	store store
	find  tokens
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{Deps: d, find: tokens{key: d.Sealer.Derive("household search")}}
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

func (s *Service) year() int { return s.Clock.Now().In(clock.Vietnam).Year() }

// UnitName is the full name of a unit as it is called today; "" for an unknown one.
func (s *Service) UnitName(unitID string) string {
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return ""
	}
	return u.FullName
}

// Area is the residential area (or commune) of a household and the commune above it, in words: "Khối Kim Tân, Phường Vinh Hưng".
func (s *Service) Area(h Household) string {
	f, on := s.Forest(), s.today()
	u, err := f.Unit(h.UnitID, on)
	if err != nil {
		return h.Hamlet
	}
	if u.Level.Rank() <= orgunit.LevelCommune.Rank() {
		if h.Hamlet != "" {
			return h.Hamlet + ", " + u.FullName
		}
		return u.FullName
	}
	out := u.FullName
	if c, ok := s.commune(h.UnitID); ok && c.ID != u.ID {
		out += ", " + c.FullName
	}
	return out
}

// commune is the commune that a unit is or belongs to.
func (s *Service) commune(unitID string) (orgunit.Unit, bool) {
	f, on := s.Forest(), s.today()
	u, err := f.Unit(unitID, on)
	if err == nil && u.Level == orgunit.LevelCommune {
		return u, true
	}
	for _, a := range f.Ancestors(unitID, on) {
		if a.Level == orgunit.LevelCommune {
			return a, true
		}
	}
	return orgunit.Unit{}, false
}

func errNoHousehold() error { return fault.New(fault.NotFound, "household.not_found") }

func resource(h Household) identity.Resource {
	return identity.Resource{Type: "Household", ID: h.ID, UnitID: h.UnitID}
}

// may returns nil when the actor may do the action to the household; who may not even read it is told that there is none.
func (s *Service) may(actor identity.Actor, action string, h Household) error {
	err := s.Authz.Check(actor, action, resource(h))
	if err != nil && fault.Is(err, fault.Forbidden) && (action == ActionRead || s.Authz.Check(actor, ActionRead, resource(h)) != nil) {
		return errNoHousehold()
	}
	return err
}

// Can tells whether the actor may do the action to the household, for pages that show or hide a button.
func (s *Service) Can(actor identity.Actor, action string, h Household) bool {
	return s.may(actor, action, h) == nil
}

// Get gives one household, masked.
func (s *Service) Get(ctx context.Context, actor identity.Actor, householdID string) (Household, error) {
	r, err := s.store.byID(ctx, s.DB.Read(), householdID)
	if err != nil {
		return Household{}, err
	}
	return r.domain(), s.may(actor, ActionRead, r.domain())
}

// Open opens who lives in a household. It asks for a reason and is written into the audit log each time.
func (s *Service) Open(ctx context.Context, actor identity.Actor, householdID, why string) (p Person, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		p, err = s.OpenIn(ctx, tx, actor, householdID, why)
		return err
	})
	return p, err
}

// OpenIn is Open inside the transaction of another act, such as making minutes.
func (s *Service) OpenIn(ctx context.Context, tx db.Tx, actor identity.Actor, householdID, why string) (Person, error) {
	r, err := s.store.byID(ctx, tx, householdID)
	if err != nil {
		return Person{}, err
	}
	if err := s.may(actor, ActionUnmask, r.domain()); err != nil {
		return Person{}, err
	}
	if why = tidy(why); vntext.Length(why) < 3 || vntext.Length(why) > MaxWhat {
		return Person{}, fault.Field("reason", "household.reason_missing").With("Limit", MaxWhat)
	}
	p, err := s.open(r.ID, r.Sealed)
	if err != nil {
		return Person{}, err
	}
	return p, s.record(ctx, tx, actor, r.domain(), "household.unmask", map[string]string{"reason": why})
}

func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, h Household, action string, details map[string]string) error {
	if !actor.SignedIn() {
		return nil // the house itself, carrying out what an official decided
	}
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: h.UnitID, Action: action, ResourceType: "Household", ResourceID: h.ID, Details: details})
}

// Add writes a new household down.
func (s *Service) Add(ctx context.Context, actor identity.Actor, e Entry) (h Household, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		h, err = s.AddIn(ctx, tx, actor, e)
		return err
	})
	return h, err
}

// AddIn is Add inside the transaction of another act, such as a survey.
func (s *Service) AddIn(ctx context.Context, tx db.Tx, actor identity.Actor, e Entry) (Household, error) {
	h, err := s.add(ctx, tx, actor, e)
	if err != nil {
		return Household{}, err
	}
	return h, s.record(ctx, tx, actor, h, "household.add", nil)
}

func (s *Service) add(ctx context.Context, tx db.Tx, actor identity.Actor, e Entry) (Household, error) {
	e = e.Clean()
	if err := s.mayWrite(actor, e.UnitID); err != nil {
		return Household{}, err
	}
	if err := e.Check(s.year()); err != nil {
		return Household{}, err
	}
	if err := s.known(ctx, tx, e, ""); err != nil {
		return Household{}, err
	}
	now := s.Clock.Now()
	r := &row{ID: id.New(), Code: id.NewCode(), Version: 1, CreatedAt: now, CreatedBy: actor.ID}
	if err := s.fill(r, e); err != nil {
		return Household{}, err
	}
	if err := taken(s.store.insert(ctx, tx, r)); err != nil {
		return Household{}, err
	}
	if err := s.store.putStanding(ctx, tx, r.ID, e.CategoryYear, e.Category); err != nil {
		return Household{}, err
	}
	return r.domain(), nil
}

// mayWrite tells whether the actor may write households of the unit down, and whether households can stand there at all.
func (s *Service) mayWrite(actor identity.Actor, unitID string) error {
	if unitID == "" {
		return fault.Field("unit", "household.unit_missing")
	}
	if err := s.Authz.Check(actor, ActionWrite, identity.InUnit(unitID)); err != nil {
		return err
	}
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil || !u.Stands(s.today()) || u.Kind != orgunit.KindFront || u.Level.Rank() < orgunit.LevelCommune.Rank() {
		return fault.Field("unit", "household.unit_unfit")
	}
	return nil
}

// known refuses an identity number that stands in the register already: the person would be helped twice.
func (s *Service) known(ctx context.Context, tx db.Tx, e Entry, butID string) error {
	token := s.find.number("id", e.Person.IDNumber)
	if token == "" {
		return nil
	}
	other, err := s.store.byIDToken(ctx, tx, token)
	if fault.Is(err, fault.NotFound) || err == nil && other.ID == butID {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.Field("id_number", "household.known_already").With("Code", other.Code).With("Area", s.Area(other.domain()))
}

// taken tells of an identity number that somebody else wrote down at the same moment.
func taken(err error) error {
	if db.IsUnique(err) {
		return fault.New(fault.Conflict, "household.known_now").Because(err)
	}
	return err
}

// fill writes an entry into a row, sealing what is personal.
func (s *Service) fill(r *row, e Entry) (err error) {
	p := e.Person
	r.UnitID, r.Hamlet, r.People, r.UpdatedAt = e.UnitID, e.Hamlet, e.People, s.Clock.Now()
	r.Initials, r.IDTail, r.PhoneTail = Initials(p.Name), Tail(p.IDNumber), Tail(p.Phone)
	r.IDToken, r.PhoneToken, r.Words = s.find.number("id", p.IDNumber), s.find.number("phone", plainPhone(p.Phone)), s.find.words(p.Name)
	if e.CategoryYear >= r.CategoryYear {
		r.Category, r.CategoryYear = string(e.Category), e.CategoryYear
	}
	r.Sealed, err = s.seal(r.ID, p)
	return err
}

// Ensure gives the household whose head has the entry's identity number, when it stands in the register and the actor may write
// it, and otherwise writes the entry down; inside the transaction of another act, such as a survey.
func (s *Service) Ensure(ctx context.Context, tx db.Tx, actor identity.Actor, e Entry) (Household, error) {
	e = e.Clean()
	if token := s.find.number("id", e.Person.IDNumber); token != "" {
		r, err := s.store.byIDToken(ctx, tx, token)
		if err == nil && s.may(actor, ActionWrite, r.domain()) == nil {
			return r.domain(), nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return Household{}, err
		}
	}
	return s.AddIn(ctx, tx, actor, e)
}

// Change writes a household anew. Version is the one the person saw: a later change by somebody else is not overwritten.
func (s *Service) Change(ctx context.Context, actor identity.Actor, householdID string, version int, e Entry) (h Household, err error) {
	e = e.Clean()
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.store.lock(ctx, tx, householdID)
		if err != nil {
			return err
		}
		if err := s.may(actor, ActionWrite, r.domain()); err != nil {
			return err
		}
		if err := s.mayWrite(actor, e.UnitID); err != nil {
			return err
		}
		if err := e.Check(s.year()); err != nil {
			return err
		}
		if r.Version != version || !r.ClosedAt.IsZero() {
			return fault.New(fault.Conflict, "household.changed_meanwhile")
		}
		if err := s.known(ctx, tx, e, r.ID); err != nil {
			return err
		}
		if err := s.fill(&r, e); err != nil {
			return err
		}
		r.Version++
		if err := taken(s.store.update(ctx, tx, &r)); err != nil {
			return err
		}
		if err := s.store.putStanding(ctx, tx, r.ID, e.CategoryYear, e.Category); err != nil {
			return err
		}
		h = r.domain()
		return s.record(ctx, tx, actor, h, "household.change", nil)
	})
	return h, err
}

// Close takes a household out of the register, with a reason: moved away, died out, written down twice. What it was given
// stays in the ledger.
func (s *Service) Close(ctx context.Context, actor identity.Actor, householdID, why string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r, err := s.store.lock(ctx, tx, householdID)
		if err != nil {
			return err
		}
		if err := s.may(actor, ActionWrite, r.domain()); err != nil {
			return err
		}
		if why = tidy(why); vntext.Length(why) < 3 || vntext.Length(why) > MaxWhat {
			return fault.Field("reason", "household.reason_missing").With("Limit", MaxWhat)
		}
		if !r.ClosedAt.IsZero() {
			return fault.New(fault.Conflict, "household.changed_meanwhile")
		}
		r.ClosedAt, r.ClosedWhy, r.Version = s.Clock.Now(), why, r.Version+1
		if err := s.store.update(ctx, tx, &r); err != nil {
			return err
		}
		return s.record(ctx, tx, actor, r.domain(), "household.close", nil)
	})
}

// Standings lists the category of each year, the latest first.
func (s *Service) Standings(ctx context.Context, actor identity.Actor, householdID string) ([]Standing, error) {
	if _, err := s.Get(ctx, actor, householdID); err != nil {
		return nil, err
	}
	return s.store.standings(ctx, s.DB.Read(), householdID)
}
