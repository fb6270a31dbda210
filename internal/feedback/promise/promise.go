package promise

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/masking"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/workday"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "promise", FS: migrationFS}

// State is how far a promise has come.
type State string

// The states.
const (
	StateDraft     State = "draft"     // confirmed in an answer that is not given yet
	StateDismissed State = "dismissed" // the sentence is no promise, with the reason
	StateOpen      State = "open"      // given; not done yet
	StateKept      State = "kept"      // the unit says that it is done
)

// Standing is where a promise stands on a day. Each promise stands in exactly one.
type Standing string

// The standings, in the order pages show them.
const (
	Waiting Standing = "waiting" // its day is still to come
	Kept    Standing = "kept"    // done by the day promised first
	Changed Standing = "changed" // its day was moved, with a reason, and the new day holds or was kept
	Late    Standing = "late"    // its day has passed, or it was done after it
)

// Week narrows a list to what is promised for the next seven days; no promise stands in it alone.
const Week Standing = "week"

// Standings lists them.
var Standings = [...]Standing{Waiting, Kept, Changed, Late}

// Promise is one line of the ledger.
type Promise struct {
	ID       string
	CaseID   string
	Mark     string
	Sentence string
	UnitID   string
	What     string
	Who      string
	Place    string
	Due      clock.Date
	FirstDue clock.Date
	State    State
	Reason   string
	Public   bool
	MadeOn   clock.Date
	KeptOn   clock.Date // "" until kept
	Changes  int
	Reopened int
}

// Stands tells where the promise stands on a day.
func (p Promise) Stands(today clock.Date) Standing {
	end := today
	if p.State == StateKept {
		end = p.KeptOn
	}
	switch {
	case end > p.Due:
		return Late
	case p.Changes > 0:
		return Changed
	case p.State == StateKept:
		return Kept
	}
	return Waiting
}

// Event is one step in the life of a promise.
type Event struct {
	Step      Step
	At        time.Time
	ActorName string
	OldDue    clock.Date
	NewDue    clock.Date
	Words     string
	PictureID string
}

// Step is what happened to a promise.
type Step string

// The steps.
const (
	StepMade     Step = "made"
	StepChanged  Step = "changed"
	StepKept     Step = "kept"
	StepReopened Step = "reopened" // a citizen's photo says that it was not kept
	StepRemind   Step = "remind"
)

// Limits of what is typed, in letters.
const (
	MaxWhat  = 300
	MaxWords = 1000
)

// Cases is what this package asks the cases; feedback.Service implements it.
type Cases interface {
	Look(ctx context.Context, actor identity.Actor, caseID string) (feedback.Case, error)
	Check(actor identity.Actor, action string, c feedback.Case) error
	Dossier(ctx context.Context, actor identity.Actor, caseID string) (feedback.Dossier, error)
	DesksOf(units []string) []string
	ApprovedAnswer(ctx context.Context, actor identity.Actor, caseID, answerID string) (feedback.Answer, error)
}

// Pictures takes photos in; picture.Store implements it.
type Pictures interface {
	Save(ctx context.Context, r io.Reader) (picture.Picture, error)
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Calendar *workday.Calendar
	Cases    Cases
	Pictures Pictures
	Audit    identity.Recorder
}

// Service keeps the ledger.
type Service struct {
	Deps
	store store
}

// New makes the service; it hears of answers by their event and looks at what is due each hour.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.On(d.Queue, "promise", s.onAnswered)
	jobs.On(d.Queue, "promise", s.onClassified)
	jobs.Handle(d.Queue, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.Sweep(ctx, house) })
	d.Queue.Every(time.Hour, func() jobs.Args { return sweepArgs{} })
	return s
}

var house = identity.System("promise")

// Today is the day of the house's clock in Vietnam.
func (s *Service) Today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// Decision is what an official decides about one sentence.
type Decision struct {
	Mark   string
	Keep   bool // into the ledger; otherwise it is no promise
	What   string
	Who    string
	Place  string
	Due    string // as typed: 31/12/2026
	Reason string // why it is no promise
}

// Pending is a sentence of a draft with what was decided about it.
type Pending struct {
	Found
	Decided bool
	Promise Promise // the decision, when there is one
}

// Pendings lists the promising sentences of a text with the decisions of the case, for the page on which the answer is written.
func (s *Service) Pendings(ctx context.Context, actor identity.Actor, caseID, text string) ([]Pending, error) {
	if _, err := s.Cases.Look(ctx, actor, caseID); err != nil {
		return nil, err
	}
	decided, err := s.store.byMark(ctx, s.DB.Read(), caseID)
	if err != nil {
		return nil, err
	}
	var out []Pending
	for _, f := range Find(text, s.Today(), s.Calendar) {
		p, ok := decided[f.Mark]
		out = append(out, Pending{Found: f, Decided: ok, Promise: p})
	}
	return out, nil
}

// Decide keeps what the official who works on the case decided about sentences of its answer. Each decision is checked by
// itself; the fields of the fault are "<field>_<mark>".
func (s *Service) Decide(ctx context.Context, actor identity.Actor, caseID, text string, list []Decision) error {
	c, err := s.Cases.Look(ctx, actor, caseID)
	if err != nil {
		return err
	}
	if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
		return err
	}
	found := map[string]Found{}
	for _, f := range Find(text, s.Today(), s.Calendar) {
		found[f.Mark] = f
	}
	var fs fault.Fields
	var rows []Promise
	for _, d := range list {
		f, ok := found[d.Mark]
		if !ok {
			continue // the sentence was changed or taken out meanwhile
		}
		p := Promise{ID: id.New(), CaseID: c.ID, Mark: f.Mark, Sentence: f.Sentence, UnitID: c.HolderUnitID, Public: c.MayPublish && !c.Kind.Secret()}
		fs = append(fs, p.decide(d, s.Today())...)
		rows = append(rows, p)
	}
	if err := fs.OrNil(); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, p := range rows {
			if err := s.store.decide(ctx, tx, p, actor.ID, s.Clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// decide fills the promise from a decision and says what is wrong with it.
func (p *Promise) decide(d Decision, today clock.Date) fault.Fields {
	var fs fault.Fields
	field := func(name string) string { return name + "_" + d.Mark }
	line := func(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }
	if !d.Keep {
		p.State, p.Reason = StateDismissed, line(d.Reason)
		fs.Check(p.Reason != "", field("why"), "promise.why_required")
		return fs
	}
	p.State, p.What, p.Who, p.Place = StateDraft, line(d.What), line(d.Who), line(d.Place)
	fs.Check(p.What != "", field("what"), "promise.what_required")
	for name, v := range map[string]string{"what": p.What, "who": p.Who, "place": p.Place} {
		if vntext.Length(v) > MaxWhat {
			fs.Add(fault.Field(field(name), "feedback.field_long").With("Limit", MaxWhat))
		}
		if found := masking.Find(v); len(found) > 0 {
			fs.Add(fault.Field(field(name), "feedback.copy_personal").With("Found", v[found[0].From:found[0].To]))
		}
	}
	due, ok := ReadDate(d.Due)
	switch {
	case strings.TrimSpace(d.Due) == "":
		fs.Add(fault.Field(field("due"), "promise.due_required"))
	case !ok:
		fs.Add(fault.Field(field("due"), "feedback.date_bad"))
	case due < today:
		fs.Add(fault.Field(field("due"), "promise.due_past"))
	}
	p.Due, p.FirstDue = due, due
	return fs
}

// Gate refuses an answer in which a promising sentence is neither confirmed nor dismissed; it is a feedback.Gate.
func (s *Service) Gate(ctx context.Context, tx db.Tx, c feedback.Case, a feedback.Answer) error {
	if c.Kind.Secret() {
		return nil
	}
	decided, err := s.store.byMark(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	open := 0
	for _, f := range Find(a.Text, s.Today(), s.Calendar) {
		if _, ok := decided[f.Mark]; !ok {
			open++
		}
	}
	if open > 0 {
		return fault.Field("promises", "promise.undecided").With("Count", open)
	}
	return nil
}

// Settle puts the confirmed promises of a given answer into the ledger at once; the house does so by itself when it hears of
// the answer. Only the house itself may ask; "" names the newest answer.
func (s *Service) Settle(ctx context.Context, actor identity.Actor, caseID, answerID string) error {
	if actor.Kind != identity.ActorSystem {
		return fault.New(fault.Forbidden, "identity.not_allowed")
	}
	return s.onAnswered(ctx, feedback.Answered{CaseID: caseID, AnswerID: answerID})
}

// onAnswered puts the confirmed promises of the given answer into the ledger; those of sentences that are no longer in it go.
func (s *Service) onAnswered(ctx context.Context, e feedback.Answered) error {
	c, err := s.Cases.Look(ctx, house, e.CaseID)
	if err != nil || c.Kind.Secret() {
		return err
	}
	a, err := s.Cases.ApprovedAnswer(ctx, house, e.CaseID, e.AnswerID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	in := map[string]bool{}
	for _, f := range Find(a.Text, clock.DateOf(a.ApprovedAt), s.Calendar) {
		in[f.Mark] = true
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		decided, err := s.store.byMark(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		for mark, p := range decided {
			switch {
			case p.State != StateDraft:
			case !in[mark]:
				if err := s.store.drop(ctx, tx, p.ID); err != nil {
					return err
				}
			default:
				p.State, p.UnitID, p.MadeOn = StateOpen, a.UnitID, clock.DateOf(a.ApprovedAt)
				if err := s.store.update(ctx, tx, p); err != nil {
					return err
				}
				if err := s.store.event(ctx, tx, p.ID, Event{Step: StepMade, At: now, NewDue: p.Due}, identity.Actor{}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// onClassified takes the promises of a case that became a complaint or denunciation out of sight.
func (s *Service) onClassified(ctx context.Context, e feedback.Classified) error {
	if !e.As.Secret() {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.forgetCase(ctx, tx, e.CaseID) })
}

// act does one thing to a promise by an official who works on its case.
func (s *Service) act(ctx context.Context, actor identity.Actor, promiseID, name string, do func(p *Promise) (Event, error)) (Promise, error) {
	p, err := s.store.find(ctx, s.DB.Read(), promiseID)
	if err != nil {
		return Promise{}, err
	}
	c, err := s.Cases.Look(ctx, actor, p.CaseID)
	if err != nil {
		return Promise{}, err
	}
	if err := s.Cases.Check(actor, feedback.ActionWork, c); err != nil {
		return Promise{}, err
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if p, err = s.store.lock(ctx, tx, promiseID); err != nil {
			return err
		}
		e, err := do(&p)
		if err != nil {
			return err
		}
		e.At, e.ActorName = s.Clock.Now(), actor.Name
		if err := s.store.update(ctx, tx, p); err != nil {
			return err
		}
		if err := s.store.event(ctx, tx, p.ID, e, actor); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: p.UnitID, Action: "promise." + name, ResourceType: "Promise", ResourceID: p.ID})
	})
	return p, err
}

func words(field, text string, required bool) (string, error) {
	text = strings.TrimSpace(vntext.NFC(text))
	switch {
	case text == "" && required:
		return "", fault.Field(field, "feedback.reason_required")
	case vntext.Length(text) > MaxWords:
		return "", fault.Field(field, "feedback.field_long").With("Limit", MaxWords)
	}
	if found := masking.Find(text); len(found) > 0 {
		return "", fault.Field(field, "feedback.copy_personal").With("Found", text[found[0].From:found[0].To])
	}
	return text, nil
}

// Change moves the day of an open promise; the reason is public and the old day stays visible.
func (s *Service) Change(ctx context.Context, actor identity.Actor, promiseID, due, why string) (Promise, error) {
	why, err := words("reason", why, true)
	if err != nil {
		return Promise{}, err
	}
	to, ok := ReadDate(due)
	if !ok {
		return Promise{}, fault.Field("due", "feedback.date_bad")
	}
	return s.act(ctx, actor, promiseID, "change", func(p *Promise) (Event, error) {
		switch {
		case p.State != StateOpen:
			return Event{}, fault.New(fault.Conflict, "promise.not_open")
		case to <= p.Due || to < s.Today():
			return Event{}, fault.Field("due", "promise.due_later")
		}
		e := Event{Step: StepChanged, OldDue: p.Due, NewDue: to, Words: why}
		p.Due = to
		p.Changes++
		return e, nil
	})
}

// Keep says that a promise is done, on a day that is not in the future.
func (s *Service) Keep(ctx context.Context, actor identity.Actor, promiseID, on, note string) (Promise, error) {
	note, err := words("note", note, false)
	if err != nil {
		return Promise{}, err
	}
	day, ok := s.Today(), true
	if strings.TrimSpace(on) != "" {
		day, ok = ReadDate(on)
	}
	if !ok {
		return Promise{}, fault.Field("on", "feedback.date_bad")
	}
	return s.act(ctx, actor, promiseID, "keep", func(p *Promise) (Event, error) {
		switch {
		case p.State != StateOpen:
			return Event{}, fault.New(fault.Conflict, "promise.not_open")
		case day > s.Today() || day < p.MadeOn:
			return Event{}, fault.Field("on", "promise.kept_when")
		}
		p.State, p.KeptOn = StateKept, day
		return Event{Step: StepKept, Words: note, NewDue: day}, nil
	})
}

// Dispute reopens a public promise said to be kept, with a photo that shows how it stands and a few words. It is public; the
// photo is seen by officials only.
func (s *Service) Dispute(ctx context.Context, promiseID string, photo io.Reader, text string) (Promise, error) {
	text = strings.TrimSpace(vntext.NFC(text))
	p, err := s.Get(ctx, promiseID)
	if err != nil {
		return Promise{}, err
	}
	var fs fault.Fields
	fs.Check(text != "", "text", "promise.dispute_text")
	if vntext.Length(text) > MaxWords {
		fs.Add(fault.Field("text", "feedback.field_long").With("Limit", MaxWords))
	}
	fs.Check(photo != nil, "photo", "promise.dispute_photo")
	if err := fs.OrNil(); err != nil {
		return p, err
	}
	if p.State != StateKept {
		return p, fault.New(fault.Conflict, "promise.not_kept")
	}
	pic, err := s.Pictures.Save(ctx, photo)
	if err != nil {
		return p, asField(err, "photo")
	}
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if p, err = s.store.lock(ctx, tx, promiseID); err != nil {
			return err
		}
		if p.State != StateKept {
			return fault.New(fault.Conflict, "promise.not_kept")
		}
		e := Event{Step: StepReopened, At: s.Clock.Now(), OldDue: p.KeptOn, Words: text, PictureID: pic.ID}
		p.State, p.KeptOn = StateOpen, ""
		p.Reopened++
		if err := s.store.update(ctx, tx, p); err != nil {
			return err
		}
		return s.store.event(ctx, tx, p.ID, e, identity.Actor{})
	})
	return p, err
}

// asField turns a refusal of a photo into one of the named field.
func asField(err error, field string) error {
	var e *fault.Error
	if !errors.As(err, &e) || (e.Kind != fault.Invalid && e.Kind != fault.TooLarge) {
		return fmt.Errorf("promise: keep photo: %w", err)
	}
	c := *e
	c.Kind, c.Field = fault.Invalid, field
	return &c
}

// UsedPictures implements picture.Owner: the photos of reopened promises.
func (s *Service) UsedPictures(ctx context.Context, ids []string) ([]string, error) {
	return s.store.usedPictures(ctx, s.DB.Read(), ids)
}

var _ picture.Owner = (*Service)(nil)
