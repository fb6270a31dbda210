package video

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// pieceSize is the largest piece that is kept as one file while a film comes in.
const pieceSize = 8 << 20

func find(ctx context.Context, q bun.IDB, id string) (Film, error) {
	var f Film
	err := q.NewSelect().Model(&f).Where("id = ?", id).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return f, errNotFound
	}
	return f, err
}

// Begin writes down that a film of so many bytes will come for a unit.
func (s *Service) Begin(ctx context.Context, a identity.Actor, unitID, name string, size int64) (Film, error) {
	if err := s.d.Authz.Check(a, actionWrite, identity.InUnit(unitID)); err != nil {
		return Film{}, err
	}
	switch {
	case size <= 0:
		return Film{}, fault.Field("film", "video.empty")
	case size > MaxBytes:
		return Film{}, fault.New(fault.TooLarge, "video.too_large").With("Limit", MaxBytes>>30)
	}
	now := s.d.Clock.Now()
	f := Film{ID: id.New(), UnitID: unitID, UploadedBy: a.ID, Name: cleanName(name), State: Coming, Bytes: size, CreatedAt: now, TouchedAt: now}
	err := s.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(&f).Exec(ctx)
		return err
	})
	return f, err
}

func pieceKey(id string, from int64) string { return fmt.Sprintf("film/%s/piece-%012d", id, from) }

// ErrMoved means that the film has more (or fewer) bytes by now than the sender believes.
var ErrMoved = fault.New(fault.Conflict, "video.moved")

// Append adds bytes behind those that have come, in pieces that are each safe on the disk before they count. It returns how
// many were taken, also when R breaks in the middle. The last byte sets off the check.
func (s *Service) Append(ctx context.Context, a identity.Actor, filmID string, from int64, r io.Reader) (int64, error) {
	f, err := s.Mine(ctx, a, filmID)
	if err != nil {
		return 0, err
	}
	if f.State != Coming || f.Stored != from {
		return 0, ErrMoved
	}
	taken := int64(0)
	buf := make([]byte, min(pieceSize, f.Bytes-from))
	for f.Stored < f.Bytes {
		n, rerr := io.ReadFull(r, buf[:min(int64(len(buf)), f.Bytes-f.Stored)])
		if n > 0 {
			if err := s.piece(ctx, &f, buf[:n]); err != nil {
				return taken, err
			}
			taken += int64(n)
		}
		if rerr != nil {
			if errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
				break
			}
			return taken, rerr
		}
	}
	return taken, nil
}

// piece keeps one piece and counts it, unless somebody else has counted the same bytes meanwhile.
func (s *Service) piece(ctx context.Context, f *Film, b []byte) error {
	if f.Stored == 0 {
		if kind, ok := kindOf(b); !ok && len(b) >= 64 { // found out now, not after two gigabytes
			return s.refuse(ctx, f, kind)
		}
	}
	if err := s.d.Blobs.Put(ctx, pieceKey(f.ID, f.Stored), bytes.NewReader(b), int64(len(b)), "application/octet-stream"); err != nil {
		return err
	}
	end := f.Stored + int64(len(b))
	return s.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		q := tx.NewUpdate().Model((*Film)(nil)).Set("stored = ?", end).Set("touched_at = ?", s.d.Clock.Now()).Where("id = ?", f.ID).Where("stored = ?", f.Stored).Where("state = ?", Coming)
		if end == f.Bytes {
			q = q.Set("state = ?", Checking)
		}
		res, err := q.Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return ErrMoved
		}
		f.Stored = end
		if end == f.Bytes {
			return s.d.Queue.Enqueue(ctx, tx, checkArgs{Film: f.ID}, nil)
		}
		return nil
	})
}

func (s *Service) refuse(ctx context.Context, f *Film, kind string) error {
	if err := s.settle(ctx, f, Refused, "video.not_a_film"); err != nil {
		return err
	}
	return fault.New(fault.Invalid, "video.not_a_film").With("Kind", kind)
}

// Abandon gives up a film that is still coming in.
func (s *Service) Abandon(ctx context.Context, a identity.Actor, filmID string) error {
	f, err := s.Mine(ctx, a, filmID)
	if err != nil {
		return err
	}
	if f.State != Coming {
		return fault.New(fault.Conflict, "video.moved")
	}
	return s.drop(ctx, f)
}

// Take keeps a film that came with a form, in one go.
func (s *Service) Take(ctx context.Context, a identity.Actor, unitID, name string, size int64, r io.Reader) (string, error) {
	f, err := s.Begin(ctx, a, unitID, name, size)
	if err != nil {
		return "", err
	}
	n, err := s.Append(ctx, a, f.ID, 0, r)
	if err == nil && n != size {
		err = fault.Field("film", "video.cut")
	}
	return f.ID, err
}
