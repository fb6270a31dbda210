// Package loudspeaker makes, from a post that was approved, what stands beside the channels of the internet: a recording of
// about a minute for the ward's loudspeakers, a poster for the notice board, and a text message for those who have no
// smartphone. All three say what was approved and lead to the same article.
package loudspeaker

import (
	"embed"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations are the tables of this room.
var Migrations = db.Migrations{Name: "loudspeaker", FS: migrations}

// State is how far a recording is.
type State string

// The states.
const (
	StateQueued State = "queued" // written down, waits for its turn or is being spoken
	StateReady  State = "ready"
	StateFailed State = "failed" // Reason says why and what to do
)

// Recording is a post read aloud for one unit.
type Recording struct {
	bun.BaseModel `bun:"table:loudspeaker_recording,alias:r"`

	ID        string    `bun:"id,pk"`
	PostID    string    `bun:"post_id"`
	Version   int       `bun:"version"` // of the post when it was asked for
	UnitID    string    `bun:"unit_id"`
	Script    string    `bun:"script"`
	State     State     `bun:"state"`
	Reason    string    `bun:"reason"` // catalogue key
	Voice     string    `bun:"voice"`
	Format    string    `bun:"format"`  // wav, mp3, ogg
	Seconds   int       `bun:"seconds"` // rounded
	Bytes     int64     `bun:"bytes"`
	AskedBy   string    `bun:"asked_by"`
	AskedName string    `bun:"asked_name"`
	CreatedAt time.Time `bun:"created_at"`
	DoneAt    time.Time `bun:"done_at,nullzero"`
}

func (r Recording) key() string { return "loudspeaker/" + r.ID + "." + r.Format }

// The length of a recording that loudspeakers take, in seconds; shorter and longer ones are made too, and marked.
const (
	ShortSeconds = 60
	LongSeconds  = 90
)

// code is a short address.
type code struct {
	bun.BaseModel `bun:"table:loudspeaker_code,alias:k"`

	Code      string    `bun:"code,pk"`
	PostID    string    `bun:"post_id"`
	UnitID    string    `bun:"unit_id"`
	Slug      string    `bun:"slug"`
	CreatedAt time.Time `bun:"created_at"`
}
