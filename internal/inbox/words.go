package inbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/feedback/wordindex"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// wordsRow is what a conversation is found by because of one message. Rows are added and taken away, never written over: the
// index of words pays dearly for what it must forget.
type wordsRow struct {
	bun.BaseModel  `bun:"table:inbox_words,alias:w"`
	ID             string `bun:",pk"` // of the message
	ConversationID string
	UnitID         string
	Search         string
	At             time.Time
}

// wordIndex finds conversations by the words of one message and the person's name.
var wordIndex = wordindex.Index{Table: "inbox_words", Key: "conversation_id", Latest: "id"}

// searchLimit bounds the words kept of one message, in letters.
const searchLimit = 2000

// searchWords are the folded words by which a message is found.
func searchWords(name, text string) string {
	return vntext.Truncate(strings.TrimSpace(vntext.Fold(name)+" "+vntext.Fold(text)), searchLimit)
}

func (store) insertWords(ctx context.Context, q bun.IDB, rows []wordsRow) error {
	rows = slices.DeleteFunc(rows, func(r wordsRow) bool { return r.Search == "" })
	if len(rows) == 0 {
		return nil
	}
	_, err := q.NewInsert().Model(&rows).On("CONFLICT (id) DO NOTHING").Returning("NULL").Exec(ctx)
	return err
}

// nameWords lets a conversation be found by the person's name together with what they wrote before it was known.
func (s store) nameWords(ctx context.Context, q bun.IDB, c Conversation) error {
	var said []string
	if err := q.NewSelect().Model((*wordsRow)(nil)).Column("search").Where("w.conversation_id = ?", c.ID).OrderExpr("w.id DESC").Limit(20).Scan(ctx, &said); err != nil {
		return err
	}
	return s.insertWords(ctx, q, []wordsRow{{ID: id.New(), ConversationID: c.ID, UnitID: c.UnitID, Search: searchWords(c.PersonName, strings.Join(said, " ")), At: c.LastAt}})
}

// dropWords takes conversations out of the search.
func (store) dropWords(ctx context.Context, q bun.IDB, conversations any) error {
	_, err := q.NewDelete().Model((*wordsRow)(nil)).Where("conversation_id IN (?)", conversations).Exec(ctx)
	return err
}

// moveWords keeps the words where the conversations are.
func (store) moveWords(ctx context.Context, q bun.IDB, conversations any, to string) error {
	_, err := q.NewUpdate().Model((*wordsRow)(nil)).Set("unit_id = ?", to).Where("conversation_id IN (?)", conversations).Exec(ctx)
	return err
}
