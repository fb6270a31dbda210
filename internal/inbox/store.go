package inbox

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// store is the SQL of the package; nobody else names these tables.
type store struct{}

type conversationRow struct {
	bun.BaseModel `bun:"table:inbox_conversation,alias:c"`

	ID            string `bun:",pk"`
	AccountID     string
	UnitID        string
	Kind          string
	PersonID      string
	PersonName    string
	Post          string
	State         string
	Unread        int
	ClaimedBy     string
	ClaimedByName string
	CaseID        string
	CaseCode      string
	LastExternal  string
	LastText      string
	LastAt        time.Time
	WaitingSince  time.Time `bun:",nullzero"`
	AnswerDue     time.Time `bun:",nullzero"`
	Failed        bool
	CreatedAt     time.Time
}

func rowOf(c Conversation, created time.Time) *conversationRow {
	return &conversationRow{ID: c.ID, AccountID: c.AccountID, UnitID: c.UnitID, Kind: string(c.Kind), PersonID: c.PersonID, PersonName: c.PersonName, Post: c.Post,
		State: string(c.State), Unread: c.Unread, ClaimedBy: c.ClaimedBy, ClaimedByName: c.ClaimedByName, CaseID: c.CaseID, CaseCode: c.CaseCode,
		LastExternal: c.LastExternal, LastText: c.LastText, LastAt: c.LastAt, WaitingSince: c.WaitingSince, AnswerDue: c.AnswerDue, Failed: c.Failed, CreatedAt: created}
}

func (r conversationRow) domain() Conversation {
	return Conversation{ID: r.ID, AccountID: r.AccountID, UnitID: r.UnitID, Kind: channel.Kind(r.Kind), PersonID: r.PersonID, PersonName: r.PersonName, Post: r.Post,
		State: State(r.State), Unread: r.Unread, ClaimedBy: r.ClaimedBy, ClaimedByName: r.ClaimedByName, CaseID: r.CaseID, CaseCode: r.CaseCode,
		LastExternal: r.LastExternal, LastText: r.LastText, LastAt: r.LastAt.UTC(), WaitingSince: r.WaitingSince.UTC(), AnswerDue: r.AnswerDue.UTC(), Failed: r.Failed}
}

type messageRow struct {
	bun.BaseModel  `bun:"table:inbox_message"`
	MessageID      string `bun:",pk"`
	ConversationID string
	Incoming       bool
	CaseID         string
	CaseCode       string
	AuthorID       string
	AuthorName     string
	At             time.Time
}

func errNone() error { return fault.New(fault.NotFound, "inbox.not_found") }

// insertMessage notes a message; false when it was noted before.
func (store) insertMessage(ctx context.Context, q bun.IDB, m messageRow) (bool, error) {
	res, err := q.NewInsert().Model(&m).On("CONFLICT DO NOTHING").Exec(ctx)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func (store) lock(ctx context.Context, tx db.Tx, conversationID string) (conversationRow, error) {
	var r conversationRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("c.id = ?", conversationID)).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, errNone()
	}
	return r, err
}

func (store) conversation(ctx context.Context, q bun.IDB, conversationID string) (Conversation, error) {
	var r conversationRow
	err := q.NewSelect().Model(&r).Where("c.id = ?", conversationID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Conversation{}, errNone()
	}
	return r.domain(), err
}

func (store) save(ctx context.Context, q bun.IDB, c Conversation) error {
	_, err := q.NewUpdate().Model(rowOf(c, time.Time{})).ExcludeColumn("id", "account_id", "kind", "person_id", "post", "created_at").WherePK().Exec(ctx)
	return err
}

// notes gives what the inbox knows of these messages of a conversation, by message.
func (store) notes(ctx context.Context, q bun.IDB, conversationID string, messageIDs []string) (map[string]messageRow, error) {
	if len(messageIDs) == 0 {
		return nil, nil
	}
	var rows []messageRow
	if err := q.NewSelect().Model(&rows).Where("message_id IN (?)", bun.In(messageIDs)).Where("conversation_id = ?", conversationID).Scan(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]messageRow, len(rows))
	for _, r := range rows {
		out[r.MessageID] = r
	}
	return out, nil
}

// setCase notes of which case the messages became part.
func (store) setCase(ctx context.Context, q bun.IDB, conversationID string, messageIDs []string, made feedback.Case) error {
	_, err := q.NewUpdate().Model((*messageRow)(nil)).Set("case_id = ?", made.ID).Set("case_code = ?", made.Code).
		Where("conversation_id = ?", conversationID).Where("message_id IN (?)", bun.In(messageIDs)).Exec(ctx)
	return err
}

// message finds what the inbox knows of a message; the zero value when it knows nothing.
func (store) message(ctx context.Context, q bun.IDB, messageID string) (messageRow, error) {
	var m messageRow
	err := q.NewSelect().Model(&m).Where("message_id = ?", messageID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return messageRow{}, nil
	}
	return m, err
}

// CountedTo is how far lists are counted: a number that reaches it means at least that.
const CountedTo = 5000

// list reads one page of conversations that lie in every reach, the newest first, and counts those that fit.
func (store) list(ctx context.Context, q bun.IDB, within []reach, officialID string, f Filter, now time.Time) ([]Conversation, int, error) {
	var rows []conversationRow
	sel := q.NewSelect().Model((*conversationRow)(nil))
	var near []string
	for _, r := range within {
		sel = r.apply(sel)
		if len(r.near) > 0 && (near == nil || len(r.near) < len(near)) {
			near = r.near
		}
	}
	switch f.View {
	case ViewAll:
	case ViewDone:
		sel = sel.Where("c.state = ?", string(StateDone))
	case ViewUnread:
		sel = sel.Where("c.unread > 0")
	case ViewMine:
		sel = sel.Where("c.state = ?", string(StateOpen)).Where("c.claimed_by = ?", officialID)
	case ViewUnclaimed:
		sel = sel.Where("c.state = ?", string(StateOpen)).Where("c.claimed_by = ''")
	default:
		sel = sel.Where("c.state = ?", string(StateOpen))
	}
	if f.Kind != "" {
		sel = sel.Where("c.kind = ?", string(f.Kind))
	}
	if f.Label != "" {
		of := "c.id IN (SELECT l.conversation_id FROM inbox_label AS l WHERE l.label = ?)"
		if near != nil { // few conversations: each is asked for its topics, and not the topic for all of its own
			of = "EXISTS (SELECT 1 FROM inbox_label AS l WHERE l.conversation_id = c.id AND l.label = ?)"
		}
		sel = sel.Where(of, f.Label)
	}
	sel, err := wordIndex.Hold(ctx, q, sel, "c.id", vntext.Tokens(f.Text), near, now)
	if err != nil {
		return nil, 0, err
	}
	ids, total, err := page(ctx, q, sel, f)
	if err != nil || len(ids) == 0 {
		return nil, total, err
	}
	if err := q.NewSelect().Model(&rows).Where("c.id IN (?)", bun.In(ids)).OrderExpr(newest).Scan(ctx); err != nil {
		return nil, 0, err
	}
	return domains(rows), total, nil
}

// newest is the order of all lists of conversations.
const newest = "c.last_at DESC, c.id DESC"

// page reads the ids of one page of what a query finds, and counts it up to CountedTo. What stands under a topic is joined from
// two tables, so that one walk does both; else the count goes by index alone.
func page(ctx context.Context, q bun.IDB, sel *bun.SelectQuery, f Filter) (ids []string, total int, err error) {
	from := (max(f.Page, 1) - 1) * f.Per
	if f.Label != "" {
		err = sel.Column("c.id").OrderExpr(newest).Limit(int64(max(CountedTo, from+f.Per))).Scan(ctx, &ids) // a table for Excel is longer
		return ids[min(from, len(ids)):min(from+f.Per, len(ids))], min(len(ids), CountedTo), err
	}
	n, err := q.NewSelect().TableExpr("(?) AS few", sel.Clone().ColumnExpr("1").Limit(CountedTo)).Count(ctx)
	if err != nil || n == 0 {
		return nil, 0, err
	}
	err = sel.Column("c.id").OrderExpr(newest).Limit(int64(f.Per)).Offset(int64(from)).Scan(ctx, &ids)
	return ids, int(n), err
}

func domains(rows []conversationRow) []Conversation {
	out := make([]Conversation, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out
}

// waiting reads the unanswered conversations of the very units that are not somebody else's, the most urgent first.
func (store) waiting(ctx context.Context, q bun.IDB, units []string, officialID string, limit int64) ([]Conversation, error) {
	var rows []conversationRow
	err := q.NewSelect().Model(&rows).Where("c.unit_id IN (?)", bun.In(units)).Where("c.state = ?", string(StateOpen)).Where("c.waiting_since IS NOT NULL").
		Where("c.claimed_by IN (?)", bun.In([]string{"", officialID})).Order("c.answer_due", "c.id").Limit(limit).Scan(ctx)
	return domains(rows), err
}

// claimed reads the open conversations that an official has taken on in a unit.
func (store) claimed(ctx context.Context, q bun.IDB, officialID, unitID string, limit int64) ([]Conversation, error) {
	var rows []conversationRow
	err := q.NewSelect().Model(&rows).Where("c.claimed_by = ?", officialID).Where("c.unit_id = ?", unitID).Where("c.state = ?", string(StateOpen)).
		Order("c.last_at", "c.id").Limit(limit).Scan(ctx)
	return domains(rows), err
}

// handOver gives the open conversations of an official in a unit to another.
func (store) handOver(ctx context.Context, q bun.IDB, from string, to identity.Actor, unitID string) error {
	_, err := q.NewUpdate().Model((*conversationRow)(nil)).Set("claimed_by = ?", to.ID).Set("claimed_by_name = ?", to.Name).
		Where("claimed_by = ?", from).Where("unit_id = ?", unitID).Where("state = ?", string(StateOpen)).Exec(ctx)
	return err
}

// countOf counts the conversations of each of the units.
func (store) countOf(ctx context.Context, q bun.IDB, units []string) (map[string]int, error) {
	out := map[string]int{}
	for part := range slices.Chunk(units, 500) {
		var rows []struct {
			UnitID string
			Count  int
		}
		err := q.NewSelect().Model((*conversationRow)(nil)).ColumnExpr("c.unit_id").ColumnExpr("count(*) AS count").Where("c.unit_id IN (?)", bun.In(part)).
			GroupExpr("c.unit_id").Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.UnitID] = r.Count
		}
	}
	return out, nil
}

func (s store) move(ctx context.Context, q bun.IDB, from, to string) error {
	of := q.NewSelect().Model((*conversationRow)(nil)).Column("id").Where("c.unit_id = ?", from)
	if err := s.moveWords(ctx, q, of, to); err != nil {
		return err
	}
	_, err := q.NewUpdate().Model((*conversationRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Exec(ctx)
	return err
}

// unnamed lists the conversations with a person that show no name yet, locked for change.
func (store) unnamed(ctx context.Context, tx db.Tx, accountID, personID string) ([]conversationRow, error) {
	var rows []conversationRow
	q := tx.NewSelect().Model(&rows).Where("c.account_id = ?", accountID).Where("c.person_id = ?", personID).Where("c.person_name = ''").Where("c.last_text <> ''")
	err := tx.ForUpdate(q).Scan(ctx)
	return rows, err
}

// forget takes out of every conversation of the person what could name them, and closes it. What joined it with others goes.
func (s store) forget(ctx context.Context, q bun.IDB, accountID, personID string) error {
	of := q.NewSelect().Model((*conversationRow)(nil)).Column("id").Where("c.account_id = ?", accountID).Where("c.person_id = ?", personID)
	if _, err := q.NewDelete().Model((*bridgeRow)(nil)).Where("conversation_id IN (?) OR other_id IN (?)", of, of).Exec(ctx); err != nil {
		return err
	}
	if err := s.dropWords(ctx, q, of); err != nil {
		return err
	}
	_, err := q.NewUpdate().Model((*conversationRow)(nil)).Set("person_name = ''").Set("last_text = ''").Set("unread = 0").Set("failed = ?", false).
		Set("waiting_since = NULL").Set("answer_due = NULL").Set("state = ?", string(StateDone)).Where("account_id = ?", accountID).Where("person_id = ?", personID).Exec(ctx)
	return err
}

// hush takes excerpt, search words and tracking code of a case out of its conversations and messages.
func (s store) hush(ctx context.Context, q bun.IDB, caseID string) error {
	of := q.NewSelect().Model((*messageRow)(nil)).ColumnExpr("DISTINCT conversation_id").Where("case_id = ?", caseID)
	if err := s.dropWords(ctx, q, of); err != nil {
		return err
	}
	_, err := q.NewUpdate().Model((*conversationRow)(nil)).Set("last_text = ''").
		Set("case_code = CASE WHEN case_id = ? THEN '' ELSE case_code END", caseID).Where("id IN (?)", of).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = q.NewUpdate().Model((*messageRow)(nil)).Set("case_code = ''").Where("case_id = ?", caseID).Exec(ctx)
	return err
}

// saidIn lists the messages of people that became a case.
func (store) saidIn(ctx context.Context, q bun.IDB, caseID string) (ids []string, err error) {
	err = q.NewSelect().Model((*messageRow)(nil)).Column("message_id").Where("case_id = ?", caseID).Where("incoming = ?", true).Scan(ctx, &ids)
	return ids, err
}
