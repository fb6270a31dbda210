package inbox

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
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
	LastExternal  string
	LastText      string
	LastAt        time.Time
	Search        string
	CreatedAt     time.Time
}

func rowOf(c Conversation, search string, created time.Time) *conversationRow {
	return &conversationRow{ID: c.ID, AccountID: c.AccountID, UnitID: c.UnitID, Kind: string(c.Kind), PersonID: c.PersonID, PersonName: c.PersonName, Post: c.Post,
		State: string(c.State), Unread: c.Unread, ClaimedBy: c.ClaimedBy, ClaimedByName: c.ClaimedByName, CaseID: c.CaseID, LastExternal: c.LastExternal,
		LastText: c.LastText, LastAt: c.LastAt, Search: search, CreatedAt: created}
}

func (r conversationRow) domain() Conversation {
	return Conversation{ID: r.ID, AccountID: r.AccountID, UnitID: r.UnitID, Kind: channel.Kind(r.Kind), PersonID: r.PersonID, PersonName: r.PersonName, Post: r.Post,
		State: State(r.State), Unread: r.Unread, ClaimedBy: r.ClaimedBy, ClaimedByName: r.ClaimedByName, CaseID: r.CaseID, LastExternal: r.LastExternal,
		LastText: r.LastText, LastAt: r.LastAt.UTC()}
}

type messageRow struct {
	bun.BaseModel  `bun:"table:inbox_message"`
	MessageID      string `bun:",pk"`
	ConversationID string
	Incoming       bool
	CaseID         string
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

// open gives the conversation of a person with an account, locked until the transaction ends; it begins one when there is
// none.
func (s store) open(ctx context.Context, tx db.Tx, fresh Conversation, created time.Time) (conversationRow, error) {
	if _, err := tx.NewInsert().Model(rowOf(fresh, "", created)).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return conversationRow{}, err
	}
	var r conversationRow
	err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("c.account_id = ?", fresh.AccountID).Where("c.person_id = ?", fresh.PersonID).Where("c.post = ?", fresh.Post)).Scan(ctx)
	return r, err
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

func (store) save(ctx context.Context, q bun.IDB, c Conversation, search string) error {
	_, err := q.NewUpdate().Model(rowOf(c, search, time.Time{})).ExcludeColumn("id", "account_id", "kind", "person_id", "post", "created_at").WherePK().Exec(ctx)
	return err
}

// notes gives what the inbox knows of the messages of a conversation, by message.
func (store) notes(ctx context.Context, q bun.IDB, conversationID string) (map[string]messageRow, error) {
	var rows []messageRow
	if err := q.NewSelect().Model(&rows).Where("conversation_id = ?", conversationID).Scan(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]messageRow, len(rows))
	for _, r := range rows {
		out[r.MessageID] = r
	}
	return out, nil
}

func (store) setCase(ctx context.Context, q bun.IDB, messageIDs []string, caseID string) error {
	if len(messageIDs) == 0 {
		return nil
	}
	_, err := q.NewUpdate().Model((*messageRow)(nil)).Set("case_id = ?", caseID).Where("message_id IN (?)", bun.In(messageIDs)).Exec(ctx)
	return err
}

// list reads one page of conversations of the units and below, the newest first, and counts all that fit.
func (store) list(ctx context.Context, q bun.IDB, units []string, f Filter, on clock.Date) ([]Conversation, int, error) {
	var rows []conversationRow
	sel := orgunit.Within(q.NewSelect().Model(&rows), "c.unit_id", units, on)
	switch f.View {
	case ViewAll:
	case ViewDone:
		sel = sel.Where("c.state = ?", string(StateDone))
	case ViewUnread:
		sel = sel.Where("c.unread > 0")
	case ViewMine:
		sel = sel.Where("c.state = ?", string(StateOpen)).Where("c.claimed_by = ?", f.Official)
	case ViewUnclaimed:
		sel = sel.Where("c.state = ?", string(StateOpen)).Where("c.claimed_by = ''")
	default:
		sel = sel.Where("c.state = ?", string(StateOpen))
	}
	if f.Kind != "" {
		sel = sel.Where("c.kind = ?", string(f.Kind))
	}
	if f.UnderUnitID != "" {
		sel = orgunit.Within(sel, "c.unit_id", []string{f.UnderUnitID}, on)
	}
	for _, w := range vntext.Tokens(f.Text) {
		sel = sel.Where("c.search LIKE ?", "%"+w+"%")
	}
	total, err := sel.Clone().Count(ctx)
	if err != nil || total == 0 {
		return nil, 0, err
	}
	if err := sel.Order("c.last_at DESC", "c.id DESC").Limit(int64(f.Per)).Offset(int64((max(f.Page, 1) - 1) * f.Per)).Scan(ctx); err != nil {
		return nil, 0, err
	}
	out := make([]Conversation, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, int(total), nil
}

// waiting reads the open conversations of the very units that have unread messages and are not somebody else's.
func (store) waiting(ctx context.Context, q bun.IDB, units []string, officialID string, limit int64) ([]Conversation, error) {
	if len(units) == 0 {
		return nil, nil
	}
	var rows []conversationRow
	err := q.NewSelect().Model(&rows).Where("c.unit_id IN (?)", bun.In(units)).Where("c.state = ?", string(StateOpen)).Where("c.unread > 0").
		Where("c.claimed_by IN (?)", bun.In([]string{"", officialID})).Order("c.last_at", "c.id").Limit(limit).Scan(ctx)
	out := make([]Conversation, len(rows))
	for i, r := range rows {
		out[i] = r.domain()
	}
	return out, err
}

// forget takes out of every conversation of the person what could name them.
func (store) forget(ctx context.Context, q bun.IDB, accountID, personID string) error {
	_, err := q.NewUpdate().Model((*conversationRow)(nil)).Set("person_name = ''").Set("last_text = ''").Set("search = ''").Set("unread = 0").
		Set("state = ?", string(StateDone)).Where("account_id = ?", accountID).Where("person_id = ?", personID).Exec(ctx)
	return err
}
