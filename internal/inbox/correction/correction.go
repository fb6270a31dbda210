// Package correction is the desk for what goes round and is not so. The same wrong word is seen in many conversations: it is
// noted once with every place, answered once under four eyes, and the answer goes to each of those places once. It counts
// places, never persons: nobody can ask here who said what.
package correction

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "correction", FS: migrationFS}

// Policies say, in Cedar, who notes and who answers.
//
//go:embed policies.cedar
var Policies string

// The actions that the policies speak of.
const (
	ActionRead    = "correction.read"
	ActionNote    = "correction.note"    // note a claim or a place, draft what is true
	ActionApprove = "correction.approve" // let the answer out
)

// State is how far a claim has come.
type State string

// The states.
const (
	StateOpen     State = "open"     // nobody has said yet what is true
	StateDrafted  State = "drafted"  // waits for a second pair of eyes
	StateAnswered State = "answered" // goes to every place, also to those noted later
)

// The lengths, in characters.
const (
	MaxTitle  = 200
	MaxAnswer = 1500
)

// Claim is something that is said and is not so.
type Claim struct {
	ID           string
	UnitID       string
	Title        string // what is said
	Answer       string // what is true
	Link         string // where everybody reads it
	State        State
	OpenedAt     time.Time
	OpenedName   string
	DraftedName  string
	ApprovedAt   time.Time
	ApprovedName string
	Seen         int // places
	Told         int // places to which the answer went

	draftedBy string
}

// Deps is what the service stands on.
type Deps struct {
	DB     *db.DB
	Queue  *jobs.Queue
	Clock  clock.Clock
	Authz  *identity.Authorizer
	Trail  identity.Recorder
	Forest func() *orgunit.Forest
	Inbox  *inbox.Service
}

// Service is the use cases of corrections.
type Service struct{ Deps }

type tellArgs struct {
	Claim        string `json:"claim"`
	Conversation string `json:"conversation"`
}

// Kind implements jobs.Args.
func (tellArgs) Kind() string { return "correction.tell" }

// New makes the service.
func New(d Deps) *Service {
	s := &Service{Deps: d}
	jobs.Handle(s.Queue, func(ctx context.Context, j *jobs.Job[tellArgs]) error { return s.tell(ctx, j.Args) })
	return s
}

type claimRow struct {
	bun.BaseModel `bun:"table:correction_claim,alias:c"`
	ID            string `bun:",pk"`
	UnitID        string
	Title         string
	Search        string
	Answer        string
	Link          string
	State         State
	OpenedAt      time.Time
	OpenedBy      string
	OpenedName    string
	DraftedBy     string
	DraftedName   string
	ApprovedAt    time.Time `bun:",nullzero"`
	ApprovedBy    string
	ApprovedName  string
	Seen          int `bun:",scanonly"`
	Told          int `bun:",scanonly"`
}

func (r claimRow) domain() Claim {
	return Claim{ID: r.ID, UnitID: r.UnitID, Title: r.Title, Answer: r.Answer, Link: r.Link, State: r.State, OpenedAt: r.OpenedAt.UTC(), OpenedName: r.OpenedName,
		DraftedName: r.DraftedName, ApprovedAt: r.ApprovedAt.UTC(), ApprovedName: r.ApprovedName, Seen: r.Seen, Told: r.Told, draftedBy: r.DraftedBy}
}

type sightingRow struct {
	bun.BaseModel  `bun:"table:correction_sighting,alias:s"`
	ClaimID        string `bun:",pk"`
	ConversationID string `bun:",pk"`
	UnitID         string
	Kind           channel.Kind
	SeenAt         time.Time
	ToldAt         time.Time `bun:",nullzero"`
}

func (s *Service) today() clock.Date { return clock.DateOf(s.Clock.Now()) }

// UnitName is the full name of a unit; "" when it is unknown.
func (s *Service) UnitName(unitID string) string { return s.Inbox.UnitName(unitID) }

func errNone() error { return fault.New(fault.NotFound, "correction.not_found") }

func resource(c Claim) identity.Resource {
	return identity.Resource{Type: "Claim", ID: c.ID, UnitID: c.UnitID, Attrs: map[string]string{"author": c.draftedBy}}
}

// visible lists the units whose claims the actor reads: those of their roles with what stands above them, and (by the scope
// of the query) all below.
func (s *Service) visible(actor identity.Actor) (below, above []string, err error) {
	below = s.Authz.Scope(actor, ActionRead)
	if len(below) == 0 {
		return nil, nil, s.Authz.Check(actor, ActionRead, identity.InUnit(""))
	}
	above = []string{}
	for _, u := range below {
		above = append(above, s.Forest().AncestorIDs(u, s.today())...)
	}
	return below, append(above, below...), nil
}

// Filter narrows the list.
type Filter struct {
	State     State
	Text      string
	Page, Per int
}

func (s *Service) query(q bun.IDB, rows any, below, above []string) *bun.SelectQuery {
	return q.NewSelect().Model(rows).ColumnExpr("c.*").
		ColumnExpr("(SELECT count(*) FROM correction_sighting AS s WHERE s.claim_id = c.id) AS seen").
		ColumnExpr("(SELECT count(*) FROM correction_sighting AS s WHERE s.claim_id = c.id AND s.told_at IS NOT NULL) AS told").
		WhereGroup(" AND ", func(g *bun.SelectQuery) *bun.SelectQuery {
			inside := orgunit.Within(q.NewSelect().TableExpr("correction_claim AS x").Column("x.id"), "x.unit_id", below, s.today())
			return g.Where("c.unit_id IN (?)", bun.In(above)).WhereOr("c.id IN (?)", inside)
		})
}

// List gives the claims that the actor may read, the newest first, and counts them.
func (s *Service) List(ctx context.Context, actor identity.Actor, f Filter) ([]Claim, int, error) {
	below, above, err := s.visible(actor)
	if err != nil {
		return nil, 0, err
	}
	var rows []claimRow
	q := s.query(s.DB.Read(), &rows, below, above)
	if f.State != "" {
		q = q.Where("c.state = ?", f.State)
	}
	for _, w := range vntext.Tokens(f.Text) {
		q = q.Where("c.search LIKE ?", "%"+w+"%")
	}
	total, err := q.Clone().Count(ctx)
	if err != nil || total == 0 {
		return nil, 0, err
	}
	if f.Per > 0 {
		q = q.Limit(int64(f.Per)).Offset(int64((max(f.Page, 1) - 1) * f.Per))
	}
	err = q.Order("c.opened_at DESC", "c.id DESC").Scan(ctx)
	out := make([]Claim, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, int(total), err
}

// Get reads one claim.
func (s *Service) Get(ctx context.Context, actor identity.Actor, claimID string) (Claim, error) {
	below, above, err := s.visible(actor)
	if err != nil {
		return Claim{}, err
	}
	var r claimRow
	err = s.query(s.DB.Read(), &r, below, above).Where("c.id = ?", claimID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Claim{}, errNone()
	}
	return r.domain(), err
}

// Place is how often a claim was seen in a unit on a kind of channel.
type Place struct {
	UnitID string
	Kind   channel.Kind
	Seen   int
	Told   int
}

// Places counts where a claim was seen.
func (s *Service) Places(ctx context.Context, actor identity.Actor, claimID string) (out []Place, err error) {
	if _, err := s.Get(ctx, actor, claimID); err != nil {
		return nil, err
	}
	err = s.DB.Read().NewSelect().Model((*sightingRow)(nil)).Column("unit_id", "kind").ColumnExpr("count(*) AS seen").ColumnExpr("count(s.told_at) AS told").
		Where("s.claim_id = ?", claimID).GroupExpr("s.unit_id, s.kind").OrderExpr("count(*) DESC, s.unit_id").Scan(ctx, &out)
	return out, err
}

// In lists the claims noted in a conversation.
func (s *Service) In(ctx context.Context, actor identity.Actor, conversationID string) ([]Claim, error) {
	below, above, err := s.visible(actor)
	if err != nil {
		return nil, err
	}
	var rows []claimRow
	err = s.query(s.DB.Read(), &rows, below, above).Where("EXISTS (SELECT 1 FROM correction_sighting AS x WHERE x.claim_id = c.id AND x.conversation_id = ?)", conversationID).
		Order("c.opened_at").Scan(ctx)
	out := make([]Claim, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, err
}

// Open notes a new claim for a unit, seen in a conversation or ("") elsewhere.
func (s *Service) Open(ctx context.Context, actor identity.Actor, unitID, title, conversationID string) (Claim, error) {
	if err := s.Authz.Check(actor, ActionNote, identity.InUnit(unitID)); err != nil {
		return Claim{}, err
	}
	title = strings.Join(strings.Fields(vntext.NFC(title)), " ")
	var fs fault.Fields
	fs.Check(title != "", "title", "correction.title_required")
	fs.Check(vntext.Length(title) <= MaxTitle, "title", "correction.title_long")
	if err := fs.OrNil(); err != nil {
		return Claim{}, err
	}
	r := claimRow{ID: id.New(), UnitID: unitID, Title: title, Search: vntext.Fold(title), State: StateOpen, OpenedAt: s.Clock.Now(), OpenedBy: actor.ID, OpenedName: actor.Name}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&r).Exec(ctx); err != nil {
			return err
		}
		return s.trace(ctx, tx, actor, r.domain(), "correction.open")
	})
	if err != nil || conversationID == "" {
		return r.domain(), err
	}
	return r.domain(), s.Note(ctx, actor, r.ID, conversationID)
}

func (s *Service) trace(ctx context.Context, tx db.Tx, actor identity.Actor, c Claim, act string) error {
	return s.Trail.Record(ctx, tx, identity.Trace{Actor: actor, UnitID: c.UnitID, Action: act, ResourceType: "Claim", ResourceID: c.ID})
}

// Note says that a claim was seen in a conversation. When it is answered already, the answer goes there too.
func (s *Service) Note(ctx context.Context, actor identity.Actor, claimID, conversationID string) error {
	c, err := s.Get(ctx, actor, claimID)
	if err != nil {
		return err
	}
	t, err := s.Inbox.Look(ctx, actor, conversationID)
	if err != nil {
		return err
	}
	if err := s.Authz.Check(actor, ActionNote, identity.InUnit(t.UnitID)); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row := sightingRow{ClaimID: c.ID, ConversationID: t.ID, UnitID: t.UnitID, Kind: t.Conversation.Kind, SeenAt: s.Clock.Now()}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		var now claimRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&now).Where("c.id = ?", c.ID)).Scan(ctx); err != nil {
			return err
		}
		if now.State == StateAnswered {
			if err := s.Queue.Enqueue(ctx, tx, tellArgs{Claim: c.ID, Conversation: t.ID}, nil); err != nil {
				return err
			}
		}
		return s.trace(ctx, tx, actor, c, "correction.note")
	})
}

// Draft writes what is true. An answer that is out cannot be written anew: a new claim is.
func (s *Service) Draft(ctx context.Context, actor identity.Actor, claimID, answer, link string) error {
	answer = strings.TrimSpace(vntext.NFC(strings.ReplaceAll(answer, "\r\n", "\n")))
	link = strings.TrimSpace(link)
	var fs fault.Fields
	fs.Check(answer != "", "answer", "correction.answer_required")
	fs.Check(vntext.Length(answer) <= MaxAnswer, "answer", "correction.answer_long")
	fs.Check(link == "" || isAddress(link), "link", "correction.link_wrong")
	if err := fs.OrNil(); err != nil {
		return err
	}
	return s.change(ctx, actor, ActionNote, claimID, "correction.draft", func(_ context.Context, _ db.Tx, r *claimRow) error {
		if r.State == StateAnswered {
			return fault.New(fault.Conflict, "correction.answered_already")
		}
		r.Answer, r.Link, r.State, r.DraftedBy, r.DraftedName = answer, link, StateDrafted, actor.ID, actor.Name
		return nil
	})
}

// isAddress tells whether a link can be opened by anybody.
func isAddress(link string) bool {
	u, err := url.Parse(link)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(link) <= 500
}

// Approve lets the answer out: it goes to every place where the claim was seen, once.
func (s *Service) Approve(ctx context.Context, actor identity.Actor, claimID string) error {
	return s.change(ctx, actor, ActionApprove, claimID, "correction.approve", func(ctx context.Context, tx db.Tx, r *claimRow) error {
		if r.State != StateDrafted {
			return fault.New(fault.Conflict, "correction.nothing_drafted")
		}
		r.State, r.ApprovedAt, r.ApprovedBy, r.ApprovedName = StateAnswered, s.Clock.Now(), actor.ID, actor.Name
		var ids []string
		if err := tx.NewSelect().Model((*sightingRow)(nil)).Column("conversation_id").Where("s.claim_id = ?", r.ID).Scan(ctx, &ids); err != nil {
			return err
		}
		many := make([]jobs.Many, len(ids))
		for i, c := range ids {
			many[i] = jobs.Many{Args: tellArgs{Claim: r.ID, Conversation: c}}
		}
		return s.Queue.EnqueueMany(ctx, tx, many)
	})
}

func (s *Service) change(ctx context.Context, actor identity.Actor, action, claimID, act string, fn func(context.Context, db.Tx, *claimRow) error) error {
	if _, err := s.Get(ctx, actor, claimID); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var r claimRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("c.id = ?", claimID)).Scan(ctx); err != nil {
			return err
		}
		if err := s.Authz.Check(actor, action, resource(r.domain())); err != nil {
			return err
		}
		if err := fn(ctx, tx, &r); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model(&r).WherePK().Exec(ctx); err != nil {
			return err
		}
		return s.trace(ctx, tx, actor, r.domain(), act)
	})
}

// tell carries the answer to one place. A place that is gone, or that the channel closed, is passed over.
func (s *Service) tell(ctx context.Context, a tellArgs) error {
	var r claimRow
	if err := s.DB.Read().NewSelect().Model(&r).Where("c.id = ?", a.Claim).Scan(ctx); err != nil {
		return err
	}
	text := r.Answer
	if r.Link != "" {
		text += "\n" + r.Link
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		err := s.Inbox.Tell(ctx, tx, a.Conversation, text, "correction:"+r.ID)
		if k := fault.KindOf(err); err != nil && (k == fault.NotFound || k == fault.Conflict || k == fault.Invalid) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*sightingRow)(nil)).Set("told_at = ?", s.Clock.Now()).Where("claim_id = ?", r.ID).Where("conversation_id = ?", a.Conversation).Where("told_at IS NULL").Exec(ctx)
		return err
	})
}

// Can tells whether the actor may do the action to a claim, for pages that show or hide a button.
func (s *Service) Can(actor identity.Actor, action string, c Claim) bool {
	return s.Authz.Check(actor, action, resource(c)) == nil
}
