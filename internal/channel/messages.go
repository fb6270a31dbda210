package channel

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type messageRow struct {
	bun.BaseModel `bun:"table:channel_message,alias:m"`

	ID            string       `bun:"id,pk"`
	AccountID     string       `bun:"account_id"`
	UnitID        string       `bun:"unit_id"`
	Kind          Kind         `bun:"kind"`
	Outgoing      bool         `bun:"outgoing"`
	ExternalID    string       `bun:"external_id"`
	PersonID      string       `bun:"person_id"`
	Text          string       `bun:"text"`
	Pictures      string       `bun:"pictures"`
	CommentPost   string       `bun:"comment_post"`
	CommentParent string       `bun:"comment_parent"`
	IsComment     bool         `bun:"is_comment"`
	SaidAt        time.Time    `bun:"said_at"`
	State         MessageState `bun:"state"`
	Reason        string       `bun:"reason"`
	Waits         bool         `bun:"waits"`
	ErrorCode     string       `bun:"error_code"`
	ErrorText     string       `bun:"error_text"`
	Key           string       `bun:"idempotency_key,nullzero"`
	Attempts      int          `bun:"attempts"`
	Failures      int          `bun:"failures"`
	Claim         string       `bun:"claim"`
	ClaimedUntil  time.Time    `bun:"claimed_until,nullzero"`
	UnsureSince   time.Time    `bun:"unsure_since,nullzero"`
	LastTry       time.Time    `bun:"last_try,nullzero"`
	WakeAt        time.Time    `bun:"wake_at,nullzero"`
	SweptAt       time.Time    `bun:"swept_at,nullzero"`
	CreatedAt     time.Time    `bun:"created_at"`
	Extra         string       `bun:"extra"`
	ToGroup       bool         `bun:"to_group"`
	History       bool         `bun:"history"`
	Sealed        string       `bun:"sealed"`
}

type messageNamed struct {
	messageRow `bun:",extend"`
	Name       string `bun:"name"`
}

func (r messageRow) message(name string) Message {
	m := Message{ID: r.ID, UnitID: r.UnitID, Kind: r.Kind, Outgoing: r.Outgoing, State: r.State, Reason: r.Reason, Key: r.Key,
		AccountID: r.AccountID, ExternalID: r.ExternalID, PersonID: r.PersonID, PersonName: name, Text: r.Text, At: r.SaidAt}
	_ = json.Unmarshal([]byte(r.Pictures), &m.Pictures) // written by us
	x := extraOf(r.Extra)
	m.Files, m.Buttons, m.Ask, m.Shared, m.Group, m.History = x.Files, x.Buttons, x.Ask, x.Shared, r.ToGroup, r.History
	if r.IsComment {
		m.Comment = &CommentRef{PostExternalID: r.CommentPost, ParentID: r.CommentParent}
	}
	return m
}

func picturesText(ps []Picture) string {
	if len(ps) == 0 {
		return "[]"
	}
	b, _ := json.Marshal(ps) // plain fields cannot fail
	return string(b)
}

// messages reads messages, with what was sealed in them: features that show them know who may look.
func (s *Service) messages(ctx context.Context, q bun.IDB, where func(*bun.SelectQuery) *bun.SelectQuery) ([]Message, error) {
	var rows []messageNamed
	sel := q.NewSelect().Model(&rows).ColumnExpr("m.*").ColumnExpr("COALESCE(p.name, '') AS name").
		Join("LEFT JOIN channel_person AS p ON p.account_id = m.account_id AND p.person_id = m.person_id")
	if err := where(sel).Scan(ctx); err != nil {
		return nil, err
	}
	out := make([]Message, len(rows))
	for i, r := range rows {
		if err := s.unseal(&r.messageRow); err != nil {
			return nil, err
		}
		out[i] = r.message(r.Name)
	}
	return out, nil
}

// Messages reads stored messages by their ids, those that are there, in no order, for a feature that has checked its own actor.
func (s *Service) Messages(ctx context.Context, messageIDs []string) ([]Message, error) {
	return s.messages(ctx, s.db.Read(), func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("m.id IN (?)", bun.In(messageIDs)) })
}

// Message reads one stored message, for a feature that has checked its own actor.
func (s *Service) Message(ctx context.Context, messageID string) (Message, error) {
	ms, err := s.messages(ctx, s.db.Read(), func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("m.id = ?", messageID) })
	if err != nil {
		return Message{}, err
	}
	if len(ms) == 0 {
		return Message{}, fault.New(fault.NotFound, "channel.message.not_found")
	}
	return ms[0], nil
}

// Thread lists what a person and an account said to each other, oldest first, at most limit of the newest messages, for a
// feature that has checked its own actor.
func (s *Service) Thread(ctx context.Context, accountID, personID string, limit int) ([]Message, error) {
	ms, err := s.messages(ctx, s.db.Read(), func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("m.account_id = ?", accountID).Where("m.person_id = ?", personID).Order("m.said_at DESC", "m.id DESC").Limit(int64(limit))
	})
	for i, j := 0, len(ms)-1; i < j; i, j = i+1, j-1 {
		ms[i], ms[j] = ms[j], ms[i]
	}
	return ms, err
}

// PersonWithAccount is what an account knows of a person.
type PersonWithAccount struct {
	Name        string
	Follows     bool
	Unreachable string    // catalogue key of why messages cannot reach them; "" when they can
	LastAt      time.Time // when they last wrote; zero: never
}

type personRow struct {
	bun.BaseModel `bun:"table:channel_person,alias:p"`

	AccountID   string    `bun:"account_id,pk"`
	PersonID    string    `bun:"person_id,pk"`
	Name        string    `bun:"name"`
	Follows     bool      `bun:"follows"`
	Unreachable string    `bun:"unreachable"`
	WithdrawnAt time.Time `bun:"withdrawn_at,nullzero"`
	LastAt      time.Time `bun:"last_at,nullzero"`
	FollowAt    time.Time `bun:"follow_at,nullzero"` // when they last said whether they follow
}

// Person tells what the account knows of a person; the zero value when it knows nothing.
func (s *Service) Person(ctx context.Context, accountID, personID string) (PersonWithAccount, error) {
	var r personRow
	err := s.db.Read().NewSelect().Model(&r).Where("account_id = ?", accountID).Where("person_id = ?", personID).Scan(ctx)
	return PersonWithAccount{Name: r.Name, Follows: r.Follows, Unreachable: r.Unreachable, LastAt: r.LastAt}, notFoundIsDone(err)
}

// ReplyRequest asks for one message to a person. The same IdempotencyKey never sends twice.
type ReplyRequest struct {
	AccountID      string
	PersonID       string
	Text           string
	Comment        *CommentRef // answer under this comment instead of privately
	Files          []Attachment
	Buttons        []Button
	Ask            *Ask
	Group          bool   // PersonID is a group of the account
	IdempotencyKey string // for example "feedback.answer:<id>"; required
}

var (
	errNoKey     = fault.New(fault.Internal, "channel.message.no_key")
	errNoText    = fault.Field("text", "channel.message.no_text")
	errTooLong   = fault.Field("text", "channel.message.too_long")
	errAccClosed = fault.New(fault.Conflict, "channel.account.closed")
)

// Reply writes an outgoing message and its job in tx and returns the message's id; the outcome comes as MessageChanged.
// It is for features that have checked their own actor.
func (s *Service) Reply(ctx context.Context, tx db.Tx, r ReplyRequest) (string, error) {
	if r.IdempotencyKey == "" {
		return "", errNoKey
	}
	var old messageRow
	err := tx.NewSelect().Model(&old).Where("idempotency_key = ?", r.IdempotencyKey).Scan(ctx)
	if err == nil {
		return old.ID, nil
	}
	if notFoundIsDone(err) != nil {
		return "", err
	}
	a, err := s.store.account(ctx, tx, r.AccountID)
	if err != nil {
		return "", err
	}
	if a.State == AccountClosed {
		return "", errAccClosed
	}
	if err := s.composable(a.Kind, r); err != nil {
		return "", err
	}
	now := s.clock.Now()
	row := messageRow{ID: id.New(), AccountID: a.ID, UnitID: a.UnitID, Kind: a.Kind, Outgoing: true, PersonID: r.PersonID, Text: r.Text,
		Pictures: "[]", SaidAt: now, State: MessageQueued, Key: r.IdempotencyKey, WakeAt: now, CreatedAt: now,
		Extra: extra{Files: r.Files, Buttons: r.Buttons, Ask: r.Ask}.text(), ToGroup: r.Group}
	if r.Comment != nil {
		row.IsComment, row.CommentPost, row.CommentParent = true, r.Comment.PostExternalID, r.Comment.ParentID
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return "", err
	}
	return row.ID, s.q.Enqueue(ctx, tx, replyArgs{Message: row.ID}, nil)
}

type replyArgs struct {
	Message string `json:"message"`
}

func (replyArgs) Kind() string { return "channel.reply" }

// RetryMessage lets a failed outgoing message try again, in tx, for a feature that has checked its own actor.
func (s *Service) RetryMessage(ctx context.Context, tx db.Tx, messageID string) error {
	return s.requeueMessages(ctx, tx, func(q *bun.UpdateQuery) *bun.UpdateQuery { return q.Where("id = ?", messageID) })
}

func (s *Service) wakeMessages(ctx context.Context, tx db.Tx, accountID string) error {
	return s.requeueMessages(ctx, tx, func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Where("account_id = ?", accountID).Where("waits = ?", true)
	})
}

func (s *Service) requeueMessages(ctx context.Context, tx db.Tx, where func(*bun.UpdateQuery) *bun.UpdateQuery) error {
	var ids []string
	q := tx.NewUpdate().Model((*messageRow)(nil)).Set("state = ?", MessageQueued).Set("waits = ?", false).Set("reason = ''").
		Set("failures = 0").Set("claim = ''").Set("claimed_until = NULL").Set("wake_at = ?", s.clock.Now()).Where("state = ?", MessageFailed)
	if err := where(q).Returning("id").Scan(ctx, &ids); err != nil && notFoundIsDone(err) != nil {
		return err
	}
	many := make([]jobs.Many, len(ids))
	for i, m := range ids {
		many[i] = jobs.Many{Args: replyArgs{Message: m}}
	}
	return s.q.EnqueueMany(ctx, tx, many)
}
