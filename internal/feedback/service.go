package feedback

import (
	"context"
	"embed"
	"io"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/settle"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/workday"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "feedback", FS: migrationFS}

// Policies say, in Cedar, who may see and work on cases.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionAsk        = "feedback.ask"
	ActionTake       = "feedback.take"
	ActionAssist     = "feedback.assist" // write down what a person of the residential area says
	ActionRead       = "feedback.read"
	ActionWork       = "feedback.work"
	ActionApprove    = "feedback.approve"
	ActionPublish    = "feedback.publish"
	ActionUnmask     = "feedback.unmask"
	ActionReadSecret = "feedback.read_secret"
)

// Sealer seals personal data; place binds the sealed text to its row. secret.Box implements it.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
}

// Log is the public transparency log; tlog.Log implements it.
type Log interface {
	Append(ctx context.Context, leaf []byte) (uint64, error)
	ProveAll(ctx context.Context, indexes []uint64) ([]tlog.Proof, error)
	VerificationKey() string
}

// Replier sends a message to the person behind a channel account. The message is written down in tx and goes out once under
// its key, however often it is asked for; channel.MessageChanged tells the outcome. channel.Service implements it.
type Replier interface {
	Reply(ctx context.Context, tx db.Tx, r channel.ReplyRequest) (messageID string, err error)
}

// Pictures takes photos in: it sniffs, redraws and keeps them. picture.Store implements it.
type Pictures interface {
	Save(ctx context.Context, r io.Reader) (picture.Picture, error)
}

// Words speaks Vietnamese to citizens in messages; i18n.Words implements it.
type Words interface {
	T(id string, args ...any) string
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Forest   func() *orgunit.Forest // the units as they are known now
	Calendar *workday.Calendar
	Sealer   Sealer
	Audit    identity.Recorder
	Log      Log
	Replies  Replier
	Messages Messages // nil: what people write back through channels does not end a pause
	Pictures Pictures
	Words    Words
	BaseURL  string // of the portal, without a slash at the end: "https://mttqnghean.vn"
}

// Service is the use cases of feedback.
type Service struct {
	Deps
	store   store
	gates   []Gate
	settler *settle.Settler
	nearby  orgunit.Nearby
	crowd   *db.Gather[*newCase] // cases that come in at the same moment

	mu      sync.Mutex
	terms   []termRow
	termsAt time.Time
	counted map[string]countedAt
}

// New makes the service and registers its jobs with the queue.
func New(d Deps) *Service {
	s := &Service{Deps: d, store: store{sealer: d.Sealer}}
	s.registerJobs()
	return s
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// Unit gives a unit as it stands today, for pages; a unit with an empty name when it is unknown.
func (s *Service) Unit(unitID string) orgunit.Unit {
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return orgunit.Unit{ID: unitID}
	}
	return u
}

// BodyName is how a unit is spoken of as one that acts: the Front's committee of a place, the Front's working board of an
// area, an agency by its own name.
func BodyName(w Words, u orgunit.Unit) string {
	switch {
	case u.FullName == "" || u.Kind != orgunit.KindFront:
		return u.FullName
	case u.Level == orgunit.LevelArea || u.Level == orgunit.LevelCluster:
		return w.T("feedback.body.area", "Unit", vntext.LowerFirst(u.FullName))
	}
	return w.T("feedback.body.front", "Unit", vntext.LowerFirst(u.FullName))
}

// resource is the case as policies see it, belonging to the unit.
func resource(c Case, unitID string) identity.Resource {
	r := identity.Resource{Type: "Case", ID: c.ID, UnitID: unitID, Attrs: map[string]string{"kind": string(c.Kind), "state": string(c.State)}}
	if c.Kind.Secret() {
		r.Attrs["secret"] = "true"
	}
	return r
}

// desks lists the units whose desk acts for the holder: itself and, for an agency, an area or a cluster, which have no desk
// of their own, the unit above it.
func (s *Service) desks(c Case) []string {
	u := s.Unit(c.HolderUnitID)
	if deskAbove(u) {
		return []string{u.ID, u.ParentID}
	}
	return []string{c.HolderUnitID}
}

// deskAbove tells whether the desk of the unit above works for the unit.
func deskAbove(u orgunit.Unit) bool {
	return u.ParentID != "" && (u.Kind == orgunit.KindAgency || u.Level == orgunit.LevelArea || u.Level == orgunit.LevelCluster)
}

// may returns nil when the actor may do the action to the case; otherwise a fault. Who may not even read the case is told
// that there is none.
func (s *Service) may(actor identity.Actor, action string, c Case, author string) error {
	units := s.desks(c)
	if action == ActionRead && !c.Kind.Secret() {
		units = append(units, c.OriginUnitID)
	}
	var last error
	for _, u := range units {
		r := resource(c, u)
		if author != "" {
			r.Attrs["author"] = author
		}
		if last = s.Authz.Check(actor, action, r); last == nil {
			return nil
		}
	}
	if action != ActionRead && s.may(actor, ActionRead, c, "") != nil {
		return errNoCase()
	}
	if action == ActionRead && fault.Is(last, fault.Forbidden) {
		return errNoCase()
	}
	return last
}

// Can tells whether the actor may do the action to the case, for pages that show or hide a button.
func (s *Service) Can(actor identity.Actor, action string, c Case) bool {
	return s.may(actor, action, c, "") == nil
}

// term gives the working days that the kind and category of a case have with a body from a moment on, with the legal source.
func (s *Service) term(ctx context.Context, k Kind, category, unitID string, from time.Time) (Term, error) {
	rows, err := s.termRows(ctx)
	if err != nil {
		return Term{}, err
	}
	best := bestTerm(rows, k, category, unitID, clock.DateOf(from))
	if best == nil {
		return Term{}, fault.New(fault.Internal, "feedback.no_term").With("Kind", string(k))
	}
	return Term{Deadline: clock.DateOf(s.Calendar.Deadline(from, best.Days)), Days: best.Days, Source: best.Source}, nil
}

// bestTerm picks the row that speaks most exactly of the case on the day: one of the body goes before one of every body, and
// one of the category before one of every category.
func bestTerm(rows []termRow, k Kind, category, unitID string, day clock.Date) *termRow {
	var best *termRow
	score := -1
	for i, r := range rows {
		if Kind(r.Kind) != k || r.ValidFrom > day || r.ValidTo <= day || (r.Category != "" && r.Category != category) || (r.UnitID != "" && r.UnitID != unitID) {
			continue
		}
		n := 0
		if r.UnitID != "" {
			n += 2
		}
		if r.Category != "" {
			n++
		}
		if n > score {
			best, score = &rows[i], n
		}
	}
	return best
}

// ForgetTerms makes the next case read the table of clocks anew; the room that edits the table calls it.
func (s *Service) ForgetTerms() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.terms = nil
}

// termRows reads the table of deadlines at most once a minute.
func (s *Service) termRows(ctx context.Context) ([]termRow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock.Now()
	if age := now.Sub(s.termsAt); s.terms != nil && age >= 0 && age < time.Minute {
		return s.terms, nil
	}
	rows, err := s.store.terms(ctx, s.DB.Read())
	if err != nil {
		return nil, err
	}
	s.terms, s.termsAt = rows, now
	return rows, nil
}

// step takes one step of a case in one transaction: reads it for update, checks the right, applies the rule, writes case
// and event, tells the citizen where the step says so, writes the audit line. more, when given, does what else belongs to
// the step after the case and its event are written, and returns the text to tell the citizen, if any.
func (s *Service) step(ctx context.Context, actor identity.Actor, action, caseID string, step Step, a Act, more more) (Case, error) {
	a.At = s.Clock.Now()
	a.ActorID, a.ActorName = actor.ID, actor.Name
	var out Case
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, err := s.store.lockCase(ctx, tx, caseID)
		if err != nil {
			return err
		}
		if err := s.may(actor, action, c, ""); err != nil {
			return err
		}
		a := a
		if a.Because != nil && c.Paused() {
			a.Because(c, &a)
		}
		e, err := s.apply(ctx, tx, &c, step, a)
		if err != nil {
			return err
		}
		say := ""
		if more != nil {
			if say, err = more(ctx, tx, &c, e); err != nil {
				return err
			}
		}
		if err := s.tell(ctx, tx, c, e, say); err != nil {
			return err
		}
		out = c
		return s.record(ctx, tx, actor, c, "feedback."+string(step))
	})
	return out, err
}

// more is what else belongs to a step, in its transaction.
type more func(ctx context.Context, tx db.Tx, c *Case, e Event) (say string, err error)

// apply takes the step on a locked case and writes case and event.
func (s *Service) apply(ctx context.Context, tx db.Tx, c *Case, step Step, a Act) (Event, error) {
	e, err := c.Take(step, a)
	if err != nil {
		return Event{}, err
	}
	e.ID = id.New()
	if err := s.store.updateCase(ctx, tx, *c); err != nil {
		return Event{}, err
	}
	if c.Published && (step == StepCategory || step == StepClassify) {
		if err := s.store.matterOfPublic(ctx, tx, *c); err != nil {
			return Event{}, err
		}
	}
	if err := s.store.insertEvent(ctx, tx, e, c.Kind.Secret()); err != nil {
		return Event{}, err
	}
	return e, nil
}

func (s *Service) record(ctx context.Context, tx db.Tx, actor identity.Actor, c Case, action string) error {
	if !actor.SignedIn() {
		return nil // the audit log is about officials; what citizens do stands in the case itself
	}
	return s.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: c.HolderUnitID, Action: action, ResourceType: "Case", ResourceID: c.ID,
		Details: map[string]string{"state": string(c.State)}})
}
