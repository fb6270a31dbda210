package youtube

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

//go:embed migrations/*.sql
var migrationFS embed.FS

// Migrations are the tables of this package.
var Migrations = db.Migrations{Name: "youtube", FS: migrationFS}

// Sealed lists the columns that hold sealed texts, for sealing them anew after a key was added: the addresses of uploads
// under way, by which anybody could send bytes into the film.
func Sealed() []secret.Column {
	return []secret.Column{{Table: "youtube_upload", Key: "id", Column: "session_sealed", Place: sessionPlace}}
}

func sessionPlace(id string) string { return "youtube_upload/" + id }

// state is how far a film has come.
type state string

const (
	waiting state = "waiting" // for a place in the day's bucket
	sending state = "sending"
	sent    state = "sent" // YouTube has all of it and processes it
	done    state = "done"
	dropped state = "dropped" // YouTube did not take it, or it was taken down
)

type uploadRow struct {
	bun.BaseModel `bun:"table:youtube_upload,alias:u"`

	ID         string    `bun:"id,pk"` // of the delivery
	AccountID  string    `bun:"account_id"`
	UnitID     string    `bun:"unit_id"`
	Title      string    `bun:"title"`
	VideoID    string    `bun:"video_id"`
	Bytes      int64     `bun:"bytes"`
	Words      string    `bun:"words"`
	State      state     `bun:"state"`
	Session    string    `bun:"session_sealed"`
	Stored     int64     `bun:"stored"`
	ExternalID string    `bun:"external_id"`
	Dressed    bool      `bun:"dressed"`
	Day        string    `bun:"day"` // of the bucket it took a place of, in California
	AskedAt    time.Time `bun:"asked_at"`
	StartedAt  time.Time `bun:"started_at,nullzero"`
	SentAt     time.Time `bun:"sent_at,nullzero"`
	DoneAt     time.Time `bun:"done_at,nullzero"`
}

// words is what stands beside a film and how it is dressed.
type words struct {
	Title    string `json:"title"`
	Text     string `json:"text"`
	MIME     string `json:"mime"`
	Still    string `json:"still,omitempty"` // address of a picture
	Captions string `json:"captions,omitempty"`
	Vertical bool   `json:"vertical,omitempty"`
}

func (r uploadRow) words() words {
	var w words
	_ = json.Unmarshal([]byte(r.Words), &w) // written by us
	return w
}

type dayRow struct {
	bun.BaseModel `bun:"table:youtube_day,alias:d"`

	Day          string `bun:"day,pk"`
	Uploads      int    `bun:"uploads"`
	Units        int    `bun:"units"`
	UploadsSpent bool   `bun:"uploads_spent"`
	UnitsSpent   bool   `bun:"units_spent"`
}

type channelRow struct {
	bun.BaseModel `bun:"table:youtube_channel,alias:c"`

	AccountID  string    `bun:"account_id,pk"`
	ChannelID  string    `bun:"channel_id"`
	Mark       string    `bun:"mark"` // moment of the newest comment read, RFC 3339
	PolledAt   time.Time `bun:"polled_at,nullzero"`
	NextPollAt time.Time `bun:"next_poll_at,nullzero"`
	HubAskedAt time.Time `bun:"hub_asked_at,nullzero"`
	HubUntil   time.Time `bun:"hub_until,nullzero"`
}

type seenRow struct {
	bun.BaseModel `bun:"table:youtube_seen,alias:s"`

	VideoID     string    `bun:"video_id,pk"`
	ChannelID   string    `bun:"channel_id"`
	Title       string    `bun:"title"`
	PublishedAt time.Time `bun:"published_at"`
	SeenAt      time.Time `bun:"seen_at"`
}

// store is the SQL of this package; every function takes the handle to ask right after the context.
type store struct{}

// upload finds one; found is false when there is none.
func (store) upload(ctx context.Context, q bun.IDB, id string) (r uploadRow, found bool, err error) {
	err = q.NewSelect().Model(&r).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

func (store) uploadByExternal(ctx context.Context, q bun.IDB, externalID string) (r uploadRow, found bool, err error) {
	err = q.NewSelect().Model(&r).Where("external_id = ?", externalID).Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	return r, err == nil, err
}

func (store) keep(ctx context.Context, tx db.Tx, r *uploadRow) error {
	_, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx)
	return err
}

// queue lists who waits for a place, oldest first.
func (store) queue(ctx context.Context, q bun.IDB) (rows []uploadRow, err error) {
	err = q.NewSelect().Model(&rows).Where("state = ?", waiting).Order("asked_at", "id").Scan(ctx)
	return rows, err
}

// usedBy tells how many places of a day's bucket each unit took.
func (store) usedBy(ctx context.Context, q bun.IDB, day string) (map[string]int, error) {
	var rows []struct {
		UnitID string `bun:"unit_id"`
		N      int    `bun:"n"`
	}
	err := q.NewSelect().Model((*uploadRow)(nil)).ColumnExpr("u.unit_id").ColumnExpr("count(*) AS n").Where("u.day = ?", day).GroupExpr("u.unit_id").Scan(ctx, &rows)
	out := make(map[string]int, len(rows))
	for _, r := range rows {
		out[r.UnitID] = r.N
	}
	return out, err
}

// day gives what was used of a day; a day nobody has used yet is empty.
func (store) day(ctx context.Context, q bun.IDB, day string) (dayRow, error) {
	r := dayRow{Day: day}
	err := q.NewSelect().Model(&r).WherePK().Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return r, err
}

// lockDay gives the row of a day and keeps others from it until the transaction ends.
func (store) lockDay(ctx context.Context, tx db.Tx, day string) (dayRow, error) {
	r := dayRow{Day: day}
	if _, err := tx.NewInsert().Model(&r).On("CONFLICT (day) DO NOTHING").Exec(ctx); err != nil {
		return r, err
	}
	err := tx.ForUpdate(tx.NewSelect().Model(&r).WherePK()).Scan(ctx)
	return r, err
}

func (store) keepDay(ctx context.Context, tx db.Tx, r *dayRow) error {
	_, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx)
	return err
}
