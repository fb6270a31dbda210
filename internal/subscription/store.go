package subscription

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

type readerRow struct {
	bun.BaseModel `bun:"table:subscription_reader,alias:r"`
	ID            string `bun:",pk"`
	Door          Door
	Address       string
	AddressKey    string
	TokenHash     string
	Pace          Pace
	Lang          string
	AskedAt       time.Time
	AskedOn       clock.Date
	AskedN        int       `bun:"asked_n"`
	ConfirmedAt   time.Time `bun:",nullzero"`
	ToldOn        clock.Date
	ToldN         int `bun:"told_n"`
	DigestOn      clock.Date
	Failures      int
	Soft          int
	RefusedOn     clock.Date
	SoftOn        clock.Date
}

type topicRow struct {
	bun.BaseModel `bun:"table:subscription_topic,alias:t"`
	ID            string `bun:",pk"`
	ReaderID      string
	Kind          string
	UnitID        string
	Below         bool
	Category      string
	AskedAt       time.Time
	ConfirmedAt   time.Time `bun:",nullzero"`
}

// itemState is how far one telling has come.
type itemState string

const (
	itemWaiting itemState = "waiting"
	itemSending itemState = "sending" // the last word may have been said; never said again
	itemSent    itemState = "sent"
	itemUnsure  itemState = "unsure"  // the line broke, or the house stopped, just then
	itemBounced itemState = "bounced" // came back later
	itemFailed  itemState = "failed"  // the door took no such message
	itemDropped itemState = "dropped" // was taken down before it was told
)

type itemRow struct {
	bun.BaseModel `bun:"table:subscription_item,alias:i"`
	ReaderID      string `bun:",pk"`
	Kind          string `bun:",pk"`
	ThingID       string `bun:",pk"`
	Mark          string `bun:",pk"`
	UnitID        string
	Door          Door
	State         itemState
	LetterID      string
	At            time.Time
}

type letterRow struct {
	bun.BaseModel `bun:"table:subscription_letter,alias:l"`
	ID            string `bun:",pk"`
	ReaderID      string
	About         string
	State         itemState
	At            time.Time
}

type thingRow struct {
	bun.BaseModel `bun:"table:subscription_thing,alias:g"`
	Kind          string `bun:",pk"`
	ThingID       string `bun:",pk"`
	Mark          string `bun:",pk"`
	UnitID        string
	Title         string
	At            time.Time
}

func (r readerRow) expired(now time.Time) bool {
	return r.ConfirmedAt.IsZero() && !now.Before(r.AskedAt.AddDate(0, 0, ConfirmDays))
}

// row reads one reader by a column that is unique.
func (s *Service) row(ctx context.Context, q bun.IDB, column, value string) (readerRow, error) {
	var r readerRow
	err := q.NewSelect().Model(&r).Where("? = ?", bun.Ident("r."+column), value).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = errGone()
	}
	return r, err
}

// topics reads what readers chose, in the order of choosing.
func (s *Service) topics(ctx context.Context, q bun.IDB, readerID string) ([]topicRow, error) {
	var out []topicRow
	err := q.NewSelect().Model(&out).Where("t.reader_id = ?", readerID).Order("t.id").Scan(ctx)
	return out, err
}

// count adds one to the figures of today.
func (s *Service) count(ctx context.Context, tx db.Tx, d Door, what string) error {
	_, err := tx.NewRaw("INSERT INTO subscription_day (day, door, what, n) VALUES (?, ?, ?, 1) ON CONFLICT (day, door, what) DO UPDATE SET n = subscription_day.n + 1", s.today(), d, what).Exec(ctx)
	return err
}

// remove erases a reader. What they were told is kept as counts.
func (s *Service) remove(ctx context.Context, tx db.Tx, r readerRow, what string) error {
	if err := s.toTally(ctx, tx, "i.reader_id = ?", r.ID); err != nil {
		return err
	}
	for _, table := range []any{(*topicRow)(nil), (*letterRow)(nil)} {
		if _, err := tx.NewDelete().Model(table).Where("reader_id = ?", r.ID).Exec(ctx); err != nil {
			return err
		}
	}
	res, err := tx.NewDelete().Model((*readerRow)(nil)).Where("id = ?", r.ID).Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := res.RowsAffected(); n == 0 || r.ConfirmedAt.IsZero() {
		return nil
	}
	return s.count(ctx, tx, r.Door, what)
}

// toTally turns tellings into counts; those that still waited simply go.
func (s *Service) toTally(ctx context.Context, tx db.Tx, where string, arg any) error {
	_, err := tx.NewRaw(`INSERT INTO subscription_tally (kind, thing_id, door, state, n)
		SELECT i.kind, i.thing_id, i.door, i.state, COUNT(*) FROM subscription_item AS i WHERE `+where+` AND i.state NOT IN (?, ?)
		GROUP BY i.kind, i.thing_id, i.door, i.state
		ON CONFLICT (kind, thing_id, door, state) DO UPDATE SET n = subscription_tally.n + EXCLUDED.n`, arg, itemWaiting, itemDropped).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = tx.NewDelete().Model((*itemRow)(nil)).Where(where, arg).Exec(ctx)
	return err
}

// notThere takes "no row" for nothing to do.
func notThere(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}
