package fleet

import (
	"context"
	"embed"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "fleet", FS: migrationFS}

//go:embed policies.cedar
var policyText string

// Policies are the rules of who may see the fleet, acknowledge alerts and set the rules of channels.
var Policies = identity.PolicyFile{Feature: "fleet", Text: policyText}

// The actions that the policies speak of.
const (
	ActionSee         = "fleet.see"         // see how the channels of a unit and those below are
	ActionAcknowledge = "fleet.acknowledge" // say that an alert was seen and what is done
	ActionRule        = "fleet.rule"        // set what is demanded of channels
)

// Channels is what the fleet asks of the channels; channel.Service gives it.
type Channels interface {
	Accounts(ctx context.Context, actor identity.Actor, f channel.Filter) ([]channel.Account, error)
	AccountByID(ctx context.Context, accountID string) (channel.Account, error)
	Kinds() []channel.Kind
	LastHeard(ctx context.Context) (map[channel.Kind]time.Time, error)
	ProbeSoon(ctx context.Context, actor identity.Actor, accountID string) error
	Pause(ctx context.Context, actor identity.Actor, accountID string) error
	Resume(ctx context.Context, actor identity.Actor, accountID string) error
}

// People tells who administers units; identity.Service gives it.
type People interface {
	People(ctx context.Context, a identity.Actor, q identity.PeopleQuery) ([]identity.Person, int, error)
}

// Deps are what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Trail    identity.Recorder
	Forest   func() *orgunit.Forest
	Channels Channels
	People   People // nil: reminders name nobody
	// Officials tells who still serves; nil: nobody is said to have left.
	Officials Officials
	// Pictures keeps the logos, and what stands at the channels; Glimpse fetches the latter. Without them nobody looks.
	Pictures *picture.Store
	Glimpse  Glimpse
	Every    time.Duration // how often all channels are judged anew; 0 is 30 minutes
}

// Service is the use cases of the fleet.
type Service struct {
	Deps
	store store
	keys  sync.Map // name → its place in the alphabet
}

// New makes the service and has the fleet judged from time to time, and each account whenever it was looked at.
func New(d Deps) *Service {
	if d.Every == 0 {
		d.Every = 30 * time.Minute
	}
	s := &Service{Deps: d}
	jobs.Handle(s.Queue, func(ctx context.Context, _ *jobs.Job[watchArgs]) error { return s.watch(ctx) })
	jobs.Handle(s.Queue, func(ctx context.Context, j *jobs.Job[lookArgs]) error { return s.look(ctx, j.Args.Account) })
	s.Queue.Every(d.Every, func() jobs.Args { return watchArgs{} })
	jobs.On(s.Queue, "fleet", s.onSeen)
	jobs.On(s.Queue, "fleet", s.onConnected)
	jobs.On(s.Queue, "fleet", func(ctx context.Context, _ orgunit.Reorganised) error { return s.watch(ctx) })
	return s
}

// UnitName is the full name of a unit as it is called today; "" for an unknown one.
func (s *Service) UnitName(unitID string) string { return s.unitName(unitID) }

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// roots are the units in which the actor may do the action; a refusal when there are none.
func (s *Service) roots(actor identity.Actor, action string) ([]string, error) {
	roots := s.Authz.Scope(actor, action)
	if len(roots) == 0 {
		return nil, s.Authz.Check(actor, action, identity.Resource{Type: "Unit"})
	}
	return roots, nil
}

// rulebook finds the rule of each unit.
type rulebook struct {
	forest *orgunit.Forest
	on     clock.Date
	set    map[string]map[channel.Kind]Rule // unit → kind
	found  map[string]map[channel.Kind]Rule

	logos map[string]logoRow // unit →
	shown map[string]logoRow // unit → the one that holds for it
	faces map[string]faceRow // account → what stands there

	marks     map[string]mark
	officials Officials
	serving   map[string][]string // official → units
}

func (s *Service) rulebook(ctx context.Context) (*rulebook, error) { return s.rulebookOf(ctx, "") }

// rulebookOf is a rulebook that knows of one account only, or ("") of all.
func (s *Service) rulebookOf(ctx context.Context, accountID string) (*rulebook, error) {
	list, err := s.store.rules(ctx, s.DB.Read())
	if err != nil {
		return nil, err
	}
	marks, err := s.store.marks(ctx, s.DB.Read(), accountID)
	if err != nil {
		return nil, err
	}
	serving, err := s.serving(ctx, marks)
	if err != nil {
		return nil, err
	}
	logos, faces, err := s.store.looks(ctx, s.DB.Read(), accountID)
	if err != nil {
		return nil, err
	}
	b := &rulebook{logos: logos, faces: faces, marks: marks, officials: s.Officials, serving: serving, forest: s.Forest(), on: s.today(), set: map[string]map[channel.Kind]Rule{}, found: map[string]map[channel.Kind]Rule{}}
	for _, r := range list {
		if b.set[r.UnitID] == nil {
			b.set[r.UnitID] = map[channel.Kind]Rule{}
		}
		b.set[r.UnitID][r.Kind] = r
	}
	return b, nil
}

// rule gives the rule that holds for a unit: the one of the highest unit above it (or itself) that has set one.
func (b *rulebook) rule(unitID string, k channel.Kind) Rule {
	of := b.found[unitID]
	if of == nil {
		of = map[channel.Kind]Rule{}
		for _, up := range append([]string{unitID}, b.forest.AncestorIDs(unitID, b.on)...) { // nearest first: the highest comes last
			for kind, r := range b.set[up] {
				of[kind] = r
			}
		}
		b.found[unitID] = of
	}
	if r, ok := of[k]; ok {
		return r
	}
	return DefaultRule(k)
}

// Rules gives, for each kind of outside channel, the rule that holds for a unit, to an actor who may set rules there.
func (s *Service) Rules(ctx context.Context, actor identity.Actor, unitID string) ([]Rule, error) {
	if err := s.Authz.Check(actor, ActionRule, identity.InUnit(unitID)); err != nil {
		return nil, err
	}
	b, err := s.rulebook(ctx)
	if err != nil {
		return nil, err
	}
	var out []Rule
	for _, k := range s.outside() {
		out = append(out, b.rule(unitID, k))
	}
	return out, nil
}

// outside lists the kinds of channel that live at an outside platform.
func (s *Service) outside() []channel.Kind {
	var out []channel.Kind
	for _, k := range s.Channels.Kinds() {
		if k != channel.Portal {
			out = append(out, k)
		}
	}
	return out
}

// The bounds of a rule.
const (
	maxNames = 10
	maxName  = 150
	maxDays  = 365
)

// SetRule sets what a unit demands of channels of a kind, of itself and of the units below. All channels are judged anew.
func (s *Service) SetRule(ctx context.Context, actor identity.Actor, r Rule) error {
	if err := s.Authz.Check(actor, ActionRule, identity.InUnit(r.UnitID)); err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.store.putRule(ctx, tx, r, actor.ID, s.Clock.Now()); err != nil {
			return err
		}
		if err := s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: r.UnitID, Action: "fleet.rule", ResourceType: "ChannelRule", ResourceID: string(r.Kind)}); err != nil {
			return err
		}
		return s.Queue.Enqueue(ctx, tx, watchArgs{}, nil)
	})
}

func (r Rule) check() error {
	var bad fault.Fields
	if len(r.Names) > maxNames {
		bad = append(bad, fault.Field("names", "fleet.rule.too_many").With("Limit", maxNames))
	}
	for _, n := range r.Names {
		switch {
		case utf8.RuneCountInString(n) > maxName:
			bad = append(bad, fault.Field("names", "fleet.rule.too_long").With("Limit", maxName))
		case !strings.Contains(n, "{unit}") && !strings.Contains(n, "{name}"):
			bad = append(bad, fault.Field("names", "fleet.rule.no_place").With("Name", n))
		}
	}
	if len(r.Description) > maxNames {
		bad = append(bad, fault.Field("description", "fleet.rule.too_many_texts").With("Limit", maxNames))
	}
	for _, n := range r.Description {
		if utf8.RuneCountInString(n) > maxName {
			bad = append(bad, fault.Field("description", "fleet.rule.long_text").With("Limit", maxName))
		}
	}
	if r.SilentDays < 1 || r.SilentDays > maxDays {
		bad = append(bad, fault.Field("silent_days", "fleet.rule.days").With("Limit", maxDays))
	}
	if r.WebhookDays < 1 || r.WebhookDays > maxDays {
		bad = append(bad, fault.Field("webhook_days", "fleet.rule.days").With("Limit", maxDays))
	}
	return bad.OrNil()
}
