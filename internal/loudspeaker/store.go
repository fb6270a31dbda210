package loudspeaker

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
)

// store holds the SQL of this room.
type store struct{}

var errNotFound = fault.New(fault.NotFound, "loudspeaker.not_found")

// kept is how many recordings a page lists.
const kept = 20

func (store) insert(ctx context.Context, q bun.IDB, row any) error {
	_, err := q.NewInsert().Model(row).Exec(ctx)
	return err
}

func (store) recording(ctx context.Context, q bun.IDB, recordingID string) (Recording, error) {
	var r Recording
	err := q.NewSelect().Model(&r).Where("id = ?", recordingID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return r, errNotFound
	}
	return r, err
}

// recordings lists those of a post for a unit, newest first.
func (store) recordings(ctx context.Context, q bun.IDB, postID, unitID string) ([]Recording, error) {
	var out []Recording
	return out, q.NewSelect().Model(&out).Where("post_id = ?", postID).Where("unit_id = ?", unitID).
		OrderExpr("created_at DESC, id DESC").Limit(kept).Scan(ctx)
}

func (store) waiting(ctx context.Context, q bun.IDB, postID string) (int64, error) {
	return q.NewSelect().Model((*Recording)(nil)).Where("post_id = ?", postID).Where("state = ?", StateQueued).Count(ctx)
}

// finish writes down what came of a recording, unless that is written down already.
func (store) finish(ctx context.Context, q bun.IDB, r Recording) error {
	_, err := q.NewUpdate().Model(&r).Column("state", "reason", "voice", "format", "seconds", "bytes", "done_at").
		WherePK().Where("state = ?", StateQueued).Exec(ctx)
	return err
}

func (store) codeOf(ctx context.Context, q bun.IDB, postID, unitID string) (code, error) {
	var c code
	err := q.NewSelect().Model(&c).Where("post_id = ?", postID).Where("unit_id = ?", unitID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errNotFound
	}
	return c, err
}

func (store) code(ctx context.Context, q bun.IDB, text string) (code, error) {
	var c code
	err := q.NewSelect().Model(&c).Where("code = ?", text).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errNotFound
	}
	return c, err
}

// putCode keeps a code; what another person wrote down for the same place first stays.
func (store) putCode(ctx context.Context, q bun.IDB, c *code) error {
	_, err := q.NewInsert().Model(c).On("CONFLICT DO NOTHING").Exec(ctx)
	return err
}
