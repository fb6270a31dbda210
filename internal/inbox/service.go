package inbox

import (
	"context"
	"embed"
	"strings"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
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
	ActionRead = "inbox.read"
	ActionWork = "inbox.work"
)

// Channels is what the inbox asks of the channels; channel.Service implements it.
type Channels interface {
	Message(ctx context.Context, messageID string) (channel.Message, error)
	Thread(ctx context.Context, accountID, personID string, limit int) ([]channel.Message, error)
	Reply(ctx context.Context, tx db.Tx, r channel.ReplyRequest) (messageID string, err error)
}

// Cases takes in what becomes a case; feedback.Service implements it.
type Cases interface {
	Take(ctx context.Context, actor identity.Actor, in feedback.Intake) (feedback.Case, error)
}

// Deps is what the service stands on.
type Deps struct {
	DB       *db.DB
	Queue    *jobs.Queue
	Clock    clock.Clock
	Authz    *identity.Authorizer
	Audit    identity.Recorder
	Channels Channels
	Cases    Cases
}

// Service is the use cases of the inbox.
type Service struct {
	Deps
	store store
}

// New makes the service and begins to listen to the channels.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.On(s.Queue, "inbox", s.onMessage)
	jobs.On(s.Queue, "inbox", s.onWithdrawal)
	return s
}

// MaxReply is the greatest length of a quick reply, in letters; a channel may take less and says so.
const MaxReply = 2000

// onMessage puts a message that came in into its conversation; a second time it does nothing.
func (s *Service) onMessage(ctx context.Context, e channel.MessageReceived) error {
	m, err := s.Channels.Message(ctx, e.MessageID)
	if fault.Is(err, fault.NotFound) {
		return nil // forgotten meanwhile at the person's wish
	}
	if err != nil {
		return err
	}
	fresh := Conversation{ID: id.New(), AccountID: m.AccountID, UnitID: e.UnitID, Kind: m.Kind, PersonID: m.PersonID, State: StateOpen, LastAt: m.At}
	if m.Comment != nil {
		fresh.Post = m.Comment.PostExternalID
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row, err := s.store.open(ctx, tx, fresh, s.Clock.Now())
		if err != nil {
			return err
		}
		isNew, err := s.store.insertMessage(ctx, tx, messageRow{MessageID: m.ID, ConversationID: row.ID, Incoming: true, At: m.At})
		if err != nil || !isNew {
			return err
		}
		c := row.domain()
		c.UnitID = e.UnitID // the account may have passed to another unit
		c.hear(m)
		return s.store.save(ctx, tx, c, moreSearch(row.Search, c.PersonName, m.Text))
	})
}

func (s *Service) onWithdrawal(ctx context.Context, e channel.PersonWithdrew) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.forget(ctx, tx, e.AccountID, e.PersonID) })
}

func resource(c Conversation) identity.Resource {
	return identity.Resource{Type: "Conversation", ID: c.ID, UnitID: c.UnitID, Attrs: map[string]string{"state": string(c.State)}}
}

// may returns nil when the actor may do the action; who may not read it is told that there is none.
func (s *Service) may(actor identity.Actor, action string, c Conversation) error {
	err := s.Authz.Check(actor, action, resource(c))
	if fault.Is(err, fault.Forbidden) && s.Authz.Check(actor, ActionRead, resource(c)) != nil {
		return errNone()
	}
	return err
}

// Can tells whether the actor may do the action to the conversation.
func (s *Service) Can(actor identity.Actor, action string, c Conversation) bool {
	return s.may(actor, action, c) == nil
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

// Filter narrows the list.
type Filter struct {
	View        View // "" is ViewOpen
	Kind        channel.Kind
	UnderUnitID string
	Text        string
	Official    string // whose, for ViewMine; List fills it in
	Page, Per   int
}

// List gives the conversations the actor may read, the newest first, and counts all that fit the filter.
func (s *Service) List(ctx context.Context, actor identity.Actor, f Filter) ([]Conversation, int, error) {
	units := s.Authz.Scope(actor, ActionRead)
	if len(units) == 0 {
		return nil, 0, s.Authz.Check(actor, ActionRead, identity.InUnit(""))
	}
	f.Official = actor.ID
	if f.Per <= 0 {
		f.Per = 50
	}
	return s.store.list(ctx, s.DB.Read(), units, f, clock.DateOf(s.Clock.Now()))
}

// Waiting lists the conversations with unread messages that wait for the actor's desk, the longest first, for "Việc hôm
// nay".
func (s *Service) Waiting(ctx context.Context, actor identity.Actor) ([]Conversation, error) {
	return s.store.waiting(ctx, s.DB.Read(), s.Authz.Scope(actor, ActionWork), actor.ID, 100)
}

// threadLimit is how many of the newest messages a conversation shows.
const threadLimit = 200

// Conversation reads a conversation with its messages, the oldest first.
func (s *Service) Conversation(ctx context.Context, actor identity.Actor, conversationID string) (Conversation, []Line, error) {
	c, err := s.store.conversation(ctx, s.DB.Read(), conversationID)
	if err != nil {
		return c, nil, err
	}
	if err := s.may(actor, ActionRead, c); err != nil {
		return Conversation{}, nil, err
	}
	lines, err := s.lines(ctx, c)
	return c, lines, err
}

func (s *Service) lines(ctx context.Context, c Conversation) ([]Line, error) {
	thread, err := s.Channels.Thread(ctx, c.AccountID, c.PersonID, threadLimit)
	if err != nil {
		return nil, err
	}
	notes, err := s.store.notes(ctx, s.DB.Read(), c.ID)
	if err != nil {
		return nil, err
	}
	var out []Line
	for _, m := range thread {
		post := ""
		if m.Comment != nil {
			post = m.Comment.PostExternalID
		}
		if post == c.Post {
			out = append(out, Line{Message: m, Author: notes[m.ID].AuthorName, CaseID: notes[m.ID].CaseID})
		}
	}
	return out, nil
}

// change reads a conversation for update, checks the right, lets fn change it and writes it with an audit line.
func (s *Service) change(ctx context.Context, actor identity.Actor, conversationID, action string, fn func(ctx context.Context, tx db.Tx, c *Conversation) error) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row, err := s.store.lock(ctx, tx, conversationID)
		if err != nil {
			return err
		}
		c := row.domain()
		if err := s.may(actor, ActionWork, c); err != nil {
			return err
		}
		if err := fn(ctx, tx, &c); err != nil {
			return err
		}
		if err := s.store.save(ctx, tx, c, row.Search); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: c.UnitID, Action: action, ResourceType: "Conversation", ResourceID: c.ID})
	})
}

// Read marks the messages as seen by the desk.
func (s *Service) Read(ctx context.Context, actor identity.Actor, conversationID string) error {
	return s.change(ctx, actor, conversationID, "inbox.see", func(_ context.Context, _ db.Tx, c *Conversation) error {
		c.Unread = 0
		return nil
	})
}

// Claim makes the conversation the official's own; with release it is the whole desk's again.
func (s *Service) Claim(ctx context.Context, actor identity.Actor, conversationID string, release bool) error {
	return s.change(ctx, actor, conversationID, "inbox.claim", func(_ context.Context, _ db.Tx, c *Conversation) error {
		if c.ClaimedBy != "" && c.ClaimedBy != actor.ID && !release {
			return fault.New(fault.Conflict, "inbox.claimed_already").With("Name", c.ClaimedByName)
		}
		c.ClaimedBy, c.ClaimedByName = actor.ID, actor.Name
		if release {
			c.ClaimedBy, c.ClaimedByName = "", ""
		}
		return nil
	})
}

// Done closes the conversation: nothing more to do. It opens again when the person writes.
func (s *Service) Done(ctx context.Context, actor identity.Actor, conversationID string) error {
	return s.change(ctx, actor, conversationID, "inbox.done", func(_ context.Context, _ db.Tx, c *Conversation) error {
		c.State, c.Unread = StateDone, 0
		return nil
	})
}

// Reply answers the person by the same channel. The key names the form: the same key sends once.
func (s *Service) Reply(ctx context.Context, actor identity.Actor, conversationID, text, key string) error {
	text = strings.TrimSpace(vntext.NFC(text))
	switch n := vntext.Length(text); {
	case n == 0:
		return fault.Field("text", "inbox.reply_required")
	case n > MaxReply:
		return fault.Field("text", "inbox.reply_long").With("Limit", MaxReply)
	case key == "":
		return fault.New(fault.Invalid, "inbox.form_broken")
	}
	return s.change(ctx, actor, conversationID, "inbox.reply", func(ctx context.Context, tx db.Tx, c *Conversation) error {
		to := c.Return()
		messageID, err := s.Channels.Reply(ctx, tx, channel.ReplyRequest{AccountID: to.AccountID, PersonID: to.PersonID, Text: text, Comment: to.Comment, IdempotencyKey: "inbox:" + c.ID + ":" + key})
		if err != nil {
			return err
		}
		c.Unread = 0
		if c.ClaimedBy == "" {
			c.ClaimedBy, c.ClaimedByName = actor.ID, actor.Name
		}
		_, err = s.store.insertMessage(ctx, tx, messageRow{MessageID: messageID, ConversationID: c.ID, AuthorID: actor.ID, AuthorName: actor.Name, At: s.Clock.Now()})
		return err
	})
}

// MakeCase turns messages of the person into a case of feedback. No messages named means: all that are not part of a case
// yet. Pressed twice it gives the same case.
func (s *Service) MakeCase(ctx context.Context, actor identity.Actor, conversationID string, kind feedback.Kind, messageIDs []string) (feedback.Case, error) {
	c, lines, err := s.Conversation(ctx, actor, conversationID)
	if err != nil {
		return feedback.Case{}, err
	}
	if err := s.may(actor, ActionWork, c); err != nil {
		return feedback.Case{}, err
	}
	chosen := choose(lines, messageIDs)
	if len(chosen) == 0 {
		return feedback.Case{}, fault.New(fault.Conflict, "inbox.nothing_new")
	}
	last := chosen[len(chosen)-1]
	to := c.Return()
	if to.Comment != nil {
		to.Comment.ParentID = last.ExternalID
	}
	made, err := s.Cases.Take(ctx, actor, feedback.Intake{UnitID: c.UnitID, Kind: kind, Text: caseText(chosen), Door: c.Door(), Return: to,
		Person: feedback.Person{Name: vntext.Truncate(c.PersonName, feedback.MaxName)}, MayPublish: true, SourceKey: "inbox:" + chosen[0].ID})
	if err != nil {
		return feedback.Case{}, err
	}
	ids := make([]string, len(chosen))
	for i, l := range chosen {
		ids[i] = l.ID
	}
	err = s.change(ctx, actor, conversationID, "inbox.make_case", func(ctx context.Context, tx db.Tx, c *Conversation) error {
		c.CaseID, c.Unread = made.ID, 0
		if c.ClaimedBy == "" {
			c.ClaimedBy, c.ClaimedByName = actor.ID, actor.Name
		}
		return s.store.setCase(ctx, tx, ids, made.ID)
	})
	return made, err
}

// choose picks the person's messages by id, or all that are not part of a case.
func choose(lines []Line, ids []string) []Line {
	want := map[string]bool{}
	for _, i := range ids {
		want[i] = true
	}
	var out []Line
	for _, l := range lines {
		if l.Outgoing || (len(want) > 0 && !want[l.ID]) || (len(want) == 0 && l.CaseID != "") {
			continue
		}
		out = append(out, l)
	}
	return out
}
