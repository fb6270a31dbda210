package inbox

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// onMessages puts messages that came in together into their conversations; a second time it does nothing. When they cannot
// be put there together each is by itself, so that one that fails does not hold up the others.
func (s *Service) onMessages(ctx context.Context, events []channel.MessageReceived) error {
	err := s.hearAll(ctx, events)
	if err == nil || len(events) == 1 {
		return err
	}
	var failed []error
	for _, e := range events {
		failed = append(failed, s.hearAll(ctx, []channel.MessageReceived{e}))
	}
	return errors.Join(failed...)
}

func (s *Service) hearAll(ctx context.Context, events []channel.MessageReceived) error {
	ids, units := make([]string, len(events)), map[string]string{}
	for i, e := range events {
		ids[i] = e.MessageID
		units[e.AccountID] = e.UnitID
	}
	said, err := s.Channels.Messages(ctx, ids) // without those that were forgotten meanwhile at the person's wish
	if err != nil || len(said) == 0 {
		return err
	}
	slices.SortFunc(said, func(a, b channel.Message) int { return strings.Compare(a.ID, b.ID) }) // as they came in
	var accounts []string
	for a := range units {
		accounts = append(accounts, a)
	}
	known, err := s.Channels.AccountsByID(ctx, accounts)
	if err != nil {
		return err
	}
	for _, a := range known {
		units[a.ID] = a.UnitID // the account may have passed to another unit since the message came in
	}
	var nameless []channel.PersonNamed
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		nameless, err = s.hearThem(ctx, tx, said, units)
		return err
	})
	if err != nil {
		return err
	}
	return s.nameLate(ctx, nameless)
}

// nameLate looks once more for names that were not known when the conversations were begun: one that came in between would
// not be told again.
func (s *Service) nameLate(ctx context.Context, nameless []channel.PersonNamed) error {
	for _, n := range nameless {
		if err := s.onNamed(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// hearThem writes messages into their conversations in tx and lists the people among them whose name is not known.
func (s *Service) hearThem(ctx context.Context, tx db.Tx, said []channel.Message, units map[string]string) (nameless []channel.PersonNamed, err error) {
	fresh := map[place]Conversation{}
	for _, m := range said {
		if p := placeOf(m); fresh[p].ID == "" {
			fresh[p] = Conversation{ID: id.New(), AccountID: m.AccountID, UnitID: units[m.AccountID], Kind: m.Kind, PersonID: m.PersonID, Post: p.post, State: StateOpen, LastAt: m.At}
		}
	}
	open, err := s.store.openAll(ctx, tx, fresh, s.Clock.Now())
	if err != nil {
		return nil, err
	}
	notes := make([]messageRow, len(said))
	for i, m := range said {
		notes[i] = messageRow{MessageID: m.ID, ConversationID: open[placeOf(m)].ID, Incoming: true, At: m.At}
	}
	isNew, err := s.store.insertMessages(ctx, tx, notes)
	if err != nil {
		return nil, err
	}
	changed, words := map[place]bool{}, make([]wordsRow, 0, len(said))
	for _, m := range said {
		if !isNew[m.ID] {
			continue
		}
		p := placeOf(m)
		c := open[p]
		if unit := units[m.AccountID]; c.UnitID != unit {
			c.UnitID = unit
			if err := s.store.moveWords(ctx, tx, c.ID, unit); err != nil {
				return nil, err
			}
		}
		c.hear(m, s.Calendar.Deadline(m.At, FirstAnswerDays))
		if err := s.bridge(ctx, tx, *c, m.Text); err != nil {
			return nil, err
		}
		words = append(words, wordsRow{ID: m.ID, ConversationID: c.ID, UnitID: c.UnitID, Search: searchWords(c.PersonName, m.Text), At: m.At})
		if changed[p] = true; m.PersonName == "" {
			nameless = append(nameless, channel.PersonNamed{AccountID: m.AccountID, PersonID: m.PersonID})
		}
	}
	for p := range changed {
		if err := s.store.save(ctx, tx, *open[p]); err != nil {
			return nil, err
		}
	}
	return slices.Compact(nameless), s.store.insertWords(ctx, tx, words)
}

// place names a conversation by what the channel knows of it.
type place struct{ account, person, post string }

func placeOf(m channel.Message) place {
	p := place{account: m.AccountID, person: m.PersonID}
	if m.Comment != nil {
		p.post = m.Comment.PostExternalID
	}
	return p
}

// insertMessages notes messages and tells which were not noted before.
func (store) insertMessages(ctx context.Context, q bun.IDB, rows []messageRow) (isNew map[string]bool, err error) {
	var ids []string
	if err := q.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Returning("message_id").Scan(ctx, &ids); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	isNew = make(map[string]bool, len(ids))
	for _, m := range ids {
		isNew[m] = true
	}
	return isNew, nil
}

// openAll is open for many conversations. They are locked in one order, so that two processes do not wait for each other.
func (s store) openAll(ctx context.Context, tx db.Tx, fresh map[place]Conversation, created time.Time) (map[place]*Conversation, error) {
	rows := make([]*conversationRow, 0, len(fresh))
	for _, c := range fresh {
		rows = append(rows, rowOf(c, created))
	}
	slices.SortFunc(rows, func(a, b *conversationRow) int {
		return cmp.Or(strings.Compare(a.AccountID, b.AccountID), strings.Compare(a.PersonID, b.PersonID), strings.Compare(a.Post, b.Post))
	})
	keys := make([][]string, len(rows))
	for i, r := range rows {
		keys[i] = []string{r.AccountID, r.PersonID, r.Post}
	}
	if _, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
		return nil, err
	}
	var found []conversationRow
	q := tx.NewSelect().Model(&found).Where("(c.account_id, c.person_id, c.post) IN (VALUES ?)", bun.In(keys)).Order("c.account_id", "c.person_id", "c.post")
	if err := tx.ForUpdate(q).Scan(ctx); err != nil {
		return nil, err
	}
	out := make(map[place]*Conversation, len(found))
	for _, r := range found {
		c := r.domain()
		out[place{r.AccountID, r.PersonID, r.Post}] = &c
	}
	return out, nil
}
