package inbox

import (
	"context"
	"embed"
	"errors"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/workday"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "inbox", FS: migrationFS}

// Policies say, in Cedar, who may read and answer conversations.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionRead   = "inbox.read"
	ActionReply  = "inbox.reply"  // answer, take on, close, make a case
	ActionAssign = "inbox.assign" // hand to a colleague
	ActionHide   = "inbox.hide"   // take a public comment out of sight
)

// Channels is what the inbox asks of the channels; channel.Service implements it.
type Channels interface {
	Message(ctx context.Context, messageID string) (channel.Message, error)
	Messages(ctx context.Context, messageIDs []string) ([]channel.Message, error)
	Thread(ctx context.Context, accountID, personID string, limit int) ([]channel.Message, error)
	Person(ctx context.Context, accountID, personID string) (channel.PersonWithAccount, error)
	AccountByID(ctx context.Context, accountID string) (channel.Account, error)
	AccountsByID(ctx context.Context, accountIDs []string) (map[string]channel.Account, error)
	Limits(kind channel.Kind) (l channel.Limits, ok bool)
	Reply(ctx context.Context, tx db.Tx, r channel.ReplyRequest) (messageID string, err error)
	RetryMessage(ctx context.Context, tx db.Tx, messageID string) error
	EraseWords(ctx context.Context, tx db.Tx, messageIDs []string) error
	Implementation(kind channel.Kind) channel.Channel
	Judge(ctx context.Context, tx db.Tx, accountID string, err error, failures int) (channel.Trouble, error)
}

// Cases takes in what becomes a case and tells how it stands; feedback.Service implements it.
type Cases interface {
	Take(ctx context.Context, actor identity.Actor, in feedback.Intake) (feedback.Case, error)
	Dossier(ctx context.Context, actor identity.Actor, caseID string) (feedback.Dossier, error)
}

// People knows who works in a unit; identity.Service implements it.
type People interface {
	People(ctx context.Context, actor identity.Actor, q identity.PeopleQuery) (list []identity.Person, total int, err error)
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Trail    identity.Recorder
	Forest   func() *orgunit.Forest // the units as they are known now
	Channels Channels
	Cases    Cases
	People   People // nil: a conversation can be taken on, but not handed to a colleague
	Calendar *workday.Calendar
	Words    feedback.Words                             // speaks to citizens
	Labels   func(ctx context.Context) ([]Label, error) // topics; nil: conversations have none
	Keeper   Keeper                                     // pictures and files with answers; nil: none
}

// Service is the use cases of the inbox.
type Service struct {
	Deps
	store  store
	nearby orgunit.Nearby
}

// New makes the service and begins to listen to the channels.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.OnMany(s.Queue, "inbox", s.onMessages)
	jobs.On(s.Queue, "inbox", s.onOutcome)
	jobs.On(s.Queue, "inbox", s.onNamed)
	jobs.On(s.Queue, "inbox", s.onWithdrawal)
	jobs.On(s.Queue, "inbox", s.onClassified)
	jobs.Handle(s.Queue, func(ctx context.Context, j *jobs.Job[hideArgs]) error { return s.carryHide(ctx, j.Args.Hiding) })
	return s
}

// Now is the moment of the house's clock, for pages that show how much time is left.
func (s *Service) Now() time.Time { return s.Clock.Now() }

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// UnitName is the full name of a unit as it stands today; "" when it is unknown.
func (s *Service) UnitName(unitID string) string {
	u, err := s.Forest().Unit(unitID, s.today())
	if err != nil {
		return ""
	}
	return u.FullName
}

// Scope lists the units in which (and below which) the actor reads conversations.
func (s *Service) Scope(actor identity.Actor) []string { return s.Authz.Scope(actor, ActionRead) }

func resource(c Conversation) identity.Resource {
	return identity.Resource{Type: "Conversation", ID: c.ID, UnitID: c.UnitID, Attrs: map[string]string{"state": string(c.State)}}
}

// may returns nil when the actor may do the action; who may not read the conversation is told that there is none.
func (s *Service) may(actor identity.Actor, action string, c Conversation) error {
	err := s.Authz.Check(actor, action, resource(c))
	if fault.Is(err, fault.Forbidden) && s.Authz.Check(actor, ActionRead, resource(c)) != nil {
		return errNone()
	}
	return err
}

// Can tells whether the actor may do the action to the conversation, for pages that show or hide a button.
func (s *Service) Can(actor identity.Actor, action string, c Conversation) bool {
	return s.may(actor, action, c) == nil
}

// CanMakeCase tells whether the actor may make a case of the conversation.
func (s *Service) CanMakeCase(actor identity.Actor, c Conversation) bool {
	return s.Can(actor, ActionReply, c) && s.Authz.Can(actor, feedback.ActionTake, identity.InUnit(c.UnitID))
}

// View is a ready-made choice of conversations.
type View string

// The views.
const (
	ViewOpen      View = "open"
	ViewUnread    View = "unread"
	ViewUnclaimed View = "unclaimed"
	ViewMine      View = "mine"
	ViewDone      View = "done"
	ViewAll       View = "all"
)

// Views lists the views in the order pages show them.
var Views = [...]View{ViewOpen, ViewUnread, ViewUnclaimed, ViewMine, ViewDone, ViewAll}

// PageSize is how many conversations one page of the list holds.
const PageSize = 50

// Filter narrows the list; the zero value is the first page of the open conversations.
type Filter struct {
	View        View // "" is ViewOpen
	Kind        channel.Kind
	UnderUnitID string // this unit and below; narrows within what the actor may read
	Label       string // topic
	Text        string // words of the name or the messages, with or without marks
	Page, Per   int    // Page from 1; Per 0 is PageSize
}

// List gives the conversations the actor may read, those with the latest message first, and counts what fits the filter, up to CountedTo.
func (s *Service) List(ctx context.Context, actor identity.Actor, f Filter) ([]Conversation, int, error) {
	units := s.Authz.Scope(actor, ActionRead)
	if len(units) == 0 {
		return nil, 0, s.Authz.Check(actor, ActionRead, identity.InUnit(""))
	}
	if f.Per <= 0 {
		f.Per = PageSize
	}
	within := []reach{s.reach(units)}
	if f.UnderUnitID != "" {
		within = append(within, s.reach([]string{f.UnderUnitID}))
	}
	return s.store.list(ctx, s.DB.Read(), within, actor.ID, f, s.Clock.Now())
}

// threadLimit is how many of the newest messages a conversation shows.
const threadLimit = 200

// Thread is a conversation with everything on one screen.
type Thread struct {
	Conversation
	Lines       []Line                    // the oldest first
	Person      channel.PersonWithAccount // what the channel knows of the person
	Account     channel.Account
	MaxReply    int            // greatest length of a reply, in letters
	Case        *feedback.Case // the latest case; nil for none, or when the actor may not see it
	CaseDays    int            // working days left for it
	Free        int            // messages of the person that are not part of a case yet
	Colleagues  []Colleague    // whom it can be handed to
	Unreachable bool           // the channel cannot deliver to the person now
	Labels      []string       // topics
	Others      []Conversation // of the same person by other doors, as the person said
}

// Colleague is an official of the unit's desk.
type Colleague struct{ ID, Name string }

// Look reads a conversation with its messages without marking it as read.
func (s *Service) Look(ctx context.Context, actor identity.Actor, conversationID string) (Thread, error) {
	c, err := s.store.conversation(ctx, s.DB.Read(), conversationID)
	if err != nil {
		return Thread{}, err
	}
	if err := s.may(actor, ActionRead, c); err != nil {
		return Thread{}, err
	}
	t := Thread{Conversation: c, MaxReply: MaxReply}
	if t.Lines, err = s.lines(ctx, c); err != nil {
		return Thread{}, err
	}
	for _, l := range t.Lines {
		if l.free() {
			t.Free++
		}
	}
	if t.Person, err = s.Channels.Person(ctx, c.AccountID, c.PersonID); err != nil {
		return Thread{}, err
	}
	if t.Account, err = s.Channels.AccountByID(ctx, c.AccountID); err != nil && !fault.Is(err, fault.NotFound) {
		return Thread{}, err
	}
	if l, ok := s.Channels.Limits(c.Kind); ok && l.Message > 0 {
		t.MaxReply = min(MaxReply, l.Message)
	}
	t.Unreachable = !c.Public() && (t.Person.Unreachable != "" || c.Window().Closed(s.Clock.Now()))
	if t.Labels, err = s.store.labels(ctx, s.DB.Read(), c.ID); err != nil {
		return Thread{}, err
	}
	if t.Others, err = s.Bridged(ctx, actor, c.ID); err != nil {
		return Thread{}, err
	}
	if err := s.lookAtCases(ctx, actor, &t); err != nil {
		return Thread{}, err
	}
	if s.Can(actor, ActionAssign, c) {
		if t.Colleagues, err = s.colleagues(ctx, actor, c); err != nil {
			return Thread{}, err
		}
	}
	return t, nil
}

// lookAtCases reads the latest case of the conversation as far as the actor may see it, and takes out the words of messages
// whose case the actor may not see: a denunciation is for its receiver alone.
func (s *Service) lookAtCases(ctx context.Context, actor identity.Actor, t *Thread) error {
	seen := map[string]bool{"": true}
	ids := []string{t.CaseID}
	for _, l := range t.Lines {
		ids = append(ids, l.CaseID)
	}
	for _, caseID := range ids {
		if _, done := seen[caseID]; done {
			continue
		}
		d, err := s.Cases.Dossier(ctx, actor, caseID)
		if err != nil && !hidden(err) {
			return err
		}
		seen[caseID] = err == nil
		if err == nil && caseID == t.CaseID {
			t.Case, t.CaseDays = &d.Case, d.DaysLeft
		}
	}
	unseen := false
	for _, ok := range seen {
		unseen = unseen || !ok
	}
	for i, l := range t.Lines {
		// What the person was told of a case names its code, and the code opens the case to whoever has it.
		if !seen[l.CaseID] || unseen && l.Outgoing && strings.HasPrefix(l.Key, feedback.NoticeKey) {
			t.Lines[i].Text, t.Lines[i].Pictures, t.Lines[i].CaseID, t.Lines[i].CaseCode, t.Lines[i].Hidden = "", nil, "", "", true
			t.Lines[i].Files, t.Lines[i].Shared = nil, nil
		}
	}
	if !seen[t.CaseID] {
		t.CaseID, t.CaseCode = "", ""
	}
	return nil
}

// Open reads a conversation with its messages; for an actor who may answer it, its messages are seen from now on.
func (s *Service) Open(ctx context.Context, actor identity.Actor, conversationID string) (Thread, error) {
	t, err := s.Look(ctx, actor, conversationID)
	if err != nil || t.Unread == 0 || !s.Can(actor, ActionReply, t.Conversation) {
		return t, err
	}
	shown := t.Unread
	err = s.change(ctx, actor, conversationID, ActionReply, "inbox.see", func(_ context.Context, _ db.Tx, c *Conversation) error {
		c.Unread = max(0, c.Unread-shown) // what came in since was not on the page
		return nil
	})
	return t, err
}

// hidden tells whether an error only says that the actor may not see the thing.
func hidden(err error) bool { return fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) }

func (s *Service) lines(ctx context.Context, c Conversation) ([]Line, error) {
	thread, err := s.Channels.Thread(ctx, c.AccountID, c.PersonID, threadLimit)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(thread))
	for i, m := range thread {
		ids[i] = m.ID
	}
	notes, err := s.store.notes(ctx, s.DB.Read(), c.ID, ids)
	if err != nil {
		return nil, err
	}
	hides := map[string][]Hiding{}
	if c.Public() {
		if hides, err = s.store.hidings(ctx, s.DB.Read(), c.ID); err != nil {
			return nil, err
		}
	}
	var out []Line
	for _, m := range thread {
		post := ""
		if m.Comment != nil {
			post = m.Comment.PostExternalID
		}
		if post == c.Post {
			n := notes[m.ID]
			out = append(out, Line{Message: m, Author: n.AuthorName, CaseID: n.CaseID, CaseCode: n.CaseCode, Hides: hides[m.ID], Concealed: concealed(hides[m.ID])})
		}
	}
	return out, nil
}

// colleagues lists the officials who may answer in the unit of the conversation, by name.
func (s *Service) colleagues(ctx context.Context, actor identity.Actor, c Conversation) ([]Colleague, error) {
	if s.People == nil {
		return nil, nil
	}
	var out []Colleague
	seen := map[string]bool{}
	for _, role := range []identity.Role{identity.RoleDeskOfficer, identity.RoleLeader} {
		list, _, err := s.People.People(ctx, actor, identity.PeopleQuery{UnitID: c.UnitID, Role: role})
		if hidden(err) {
			return nil, nil
		}
		if err != nil {
			return nil, errors.Join(errors.New("inbox: colleagues"), err)
		}
		for _, p := range list {
			if p.State(s.today()) == identity.PersonActive && !seen[p.OfficialID] {
				seen[p.OfficialID] = true
				out = append(out, Colleague{ID: p.OfficialID, Name: p.Name})
			}
		}
	}
	return out, nil
}
