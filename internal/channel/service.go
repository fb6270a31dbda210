package channel

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel/pace"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "channel", FS: migrationFS}

//go:embed policies.cedar
var policyText string

// Policies are the rules of who may see and connect channels.
var Policies = identity.PolicyFile{Feature: "channel", Text: policyText}

// The actions that the policies speak of.
const (
	ActionSee     = "channel.see"     // see the channels of a unit and how they are
	ActionConnect = "channel.connect" // connect, reconnect, pause and resume them
)

// Sealer seals tokens; ad names the place the sealed text belongs to. secret.Box implements it.
type Sealer interface {
	Seal(plain []byte, ad string) (string, error)
	Open(sealed string, ad string) ([]byte, error)
}

// Units is the tree of units as it is now; orgunit.Service gives it.
type Units interface{ Forest() *orgunit.Forest }

// Config sets the service up; the zero value of every number means its default.
type Config struct {
	// Budget is how many calls a minute all accounts of a kind may make together; a missing kind or 0 means no limit.
	Budget map[Kind]int
	// Claim is how long one process may work at one delivery or message before another may take over. Default 45 s.
	Claim time.Duration
	// Settle is how long after a call of unknown outcome its effect may still show up at the channel. Default 20 s.
	Settle time.Duration
	// Backoff is the first pause after passing trouble; it doubles up to an hour. Default 2 s.
	Backoff time.Duration
	// Poll are the pauses between asking whether a publication is ready; the last repeats. Default 2, 4, 6, 8, 12 s.
	Poll []time.Duration
	// Sweep is how often work that a dead process left behind is picked up. Default 15 s.
	Sweep time.Duration
	// CallbackURL is our address to which consent pages send officials back: "https://…/kenh/ket-noi/ve".
	CallbackURL string
	// Tries is how many passing troubles a delivery or message may meet before a person is asked. Default 8.
	Tries int
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Claim, 45*time.Second)
	def(&c.Settle, 20*time.Second)
	def(&c.Backoff, 2*time.Second)
	def(&c.Sweep, 15*time.Second)
	if len(c.Poll) == 0 {
		c.Poll = []time.Duration{2 * time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second, 12 * time.Second}
	}
	if c.Tries == 0 {
		c.Tries = 8
	}
	return c
}

// Deps are what the service stands on.
type Deps struct {
	DB     *db.DB
	Queue  *jobs.Queue
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Sealer Sealer
	Units  Units
	Logger *slog.Logger // nil: silent
	Config Config
}

// Service is the use cases of channels. Make it with New, add the channels with Add and the source of content with
// SetSource, all before the queue starts.
type Service struct {
	db       *db.DB
	q        *jobs.Queue
	clock    clock.Clock
	authz    *identity.Authorizer
	units    Units
	log      *slog.Logger
	cfg      Config
	store    store
	channels map[Kind]Channel
	source   ContentSource
	files    Files
	tokens   *Vault
	budgets  map[Kind]*Budget
	hooks    *db.Gather[webhookRow]
	reader   jobs.Single
	node     string
	crash    func(point, what string) error // tests only: see crashed
}

var _ Deliverer = (*Service)(nil)

// New makes the service, with the portal as its first channel, and registers its background work with the queue.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Service{db: d.DB, q: d.Queue, clock: d.Clock, authz: d.Authz, units: d.Units, log: d.Logger, cfg: d.Config.withDefaults(),
		channels: map[Kind]Channel{}, budgets: map[Kind]*Budget{}, node: id.New()}
	s.tokens = &Vault{db: d.DB, clock: d.Clock, seal: d.Sealer, node: s.node, log: d.Logger, refreshers: map[string]Refresher{}}
	for kind, perMinute := range s.cfg.Budget {
		s.budgets[kind] = newBudget(d.DB, kind, perMinute, d.Logger)
	}
	s.hooks = db.NewGather(keepTogether, 1, s.keepWebhooks)
	s.Add(portal{})
	s.registerJobs()
	return s
}

// Add registers the implementation of a kind of channel.
func (s *Service) Add(c Channel) {
	s.channels[c.Kind()] = c
	if r, ok := c.(Refresher); ok {
		s.tokens.refreshers[string(c.Kind())] = r
	}
}

// SetSource registers the feature that gives the content of deliveries.
func (s *Service) SetSource(src ContentSource) { s.source = src }

// Vault gives adapters the use of tokens.
func (s *Service) Vault() *Vault { return s.tokens }

// Budget gives an adapter the calls-per-minute budget of its kind; one without a limit when none is configured.
func (s *Service) Budget(kind Kind) *Budget {
	if b := s.budgets[kind]; b != nil {
		return b
	}
	b := newBudget(s.db, kind, 0, s.log)
	s.budgets[kind] = b
	return b
}

// Budget is the calls a minute that all accounts of a kind share.
type Budget = pace.Budget

// Urgent marks the calls of ctx as urgent: they may use the part of the budget that is kept for them.
func Urgent(ctx context.Context) context.Context { return pace.Urgent(ctx) }

func newBudget(d *db.DB, kind Kind, perMinute int, log *slog.Logger) *Budget {
	return pace.New(d, string(kind), perMinute, log, func(wait time.Duration) error {
		return &Error{Kind: kind, Code: "budget", Message: "the calls of this minute are spent", Advice: AdviceLater, Key: "channel.error.budget", Scope: ScopeApp, Wait: wait}
	})
}

// Limits gives the sizes that a kind of channel takes; ok is false for a kind nobody has added.
func (s *Service) Limits(kind Kind) (l Limits, ok bool) {
	c, ok := s.channels[kind]
	if !ok {
		return Limits{}, false
	}
	return c.Limits(), true
}

// Kinds lists the kinds of channel that are set up, in a fixed order.
func (s *Service) Kinds() []Kind {
	var out []Kind
	for _, k := range []Kind{Portal, Zalo, Facebook, YouTube} {
		if s.channels[k] != nil {
			out = append(out, k)
		}
	}
	return out
}

var errNoChannel = errors.New("channel: nobody has added this kind of channel")

func (s *Service) channel(k Kind) (Channel, error) {
	c := s.channels[k]
	if c == nil {
		return nil, errNoChannel
	}
	return c, nil
}

// at schedules a job for a moment of the house's clock; the zero moment means now.
func (s *Service) at(t time.Time) *jobs.Options {
	if t.IsZero() || !t.After(s.clock.Now()) {
		return nil
	}
	return &jobs.Options{ScheduledAt: clock.Machine(s.clock, t)}
}

// isUnder tells whether a unit is the other or stands below it today.
func (s *Service) isUnder(unitID, rootID string) bool {
	return s.units.Forest().Under(unitID, rootID, clock.DateOf(s.clock.Now()))
}

func (s *Service) write(ctx context.Context, fn func(ctx context.Context, tx db.Tx) error) error {
	return s.db.InTx(ctx, fn)
}
