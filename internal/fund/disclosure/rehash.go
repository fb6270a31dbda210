package disclosure

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

const millisecond = time.Millisecond

// rehash computes the hash of statements anew out of which something was taken.
func (s *Service) rehash(ctx context.Context) error {
	rows, err := s.store.appeals(ctx, s.DB.Read())
	if err != nil {
		return err
	}
	for _, a := range rows {
		for a.HashLines != a.Lines {
			if a, err = s.rehashOne(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// rehashOne hashes the statement as it was when it began, then the few lines that came meanwhile under the lock. It gives the
// row as it is afterwards: when something was taken out again, it must be called again.
func (s *Service) rehashOne(ctx context.Context, a appealRow) (appealRow, error) {
	f := newFileHash()
	seen := int64(0)
	read := func(q bun.IDB, upTo int64) error {
		for seen < upTo {
			rows, err := s.store.after(ctx, q, a.No, seen, int(min(readPart, upTo-seen)))
			if err != nil || len(rows) == 0 {
				return err
			}
			for _, r := range rows {
				f.add(r.line(a.Code))
			}
			seen = rows[len(rows)-1].Seq
		}
		return nil
	}
	if err := read(s.DB.Read(), a.Lines); err != nil {
		return a, err
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		now, err := s.store.lock(ctx, tx, a.AppealID)
		if err != nil {
			return err
		}
		if now.Edition == a.Edition && now.Lines-a.Lines <= 4*batchLines {
			if err := read(tx, now.Lines); err != nil {
				return err
			}
			now.HashState, now.HashSize, now.HashLines = f.state(), f.size, now.Lines
			if err := s.store.saveAppeal(ctx, tx, now); err != nil {
				return err
			}
		}
		a = now
		return nil
	})
	return a, err
}

// unindex takes a line out of the postings of words.
func (store) unindex(ctx context.Context, tx db.Tx, appealNo, seq int64, words []string) error {
	if len(words) == 0 {
		return nil
	}
	var parts []postingRow
	if err := tx.NewSelect().Model(&parts).Where("p.appeal_no = ?", appealNo).Where("p.chunk = ?", chunkOf(seq)).Where("p.word IN (?)", bun.In(words)).Scan(ctx); err != nil {
		return err
	}
	n := int(seq & (chunkLines - 1))
	for _, p := range parts {
		var lines set
		if err := lines.unpack(p.Lines); err != nil {
			return err
		}
		if !lines.has(n) {
			continue
		}
		lines.remove(n)
		p.Lines = lines.pack()
		if _, err := tx.NewUpdate().Model(&p).WherePK().Column("lines").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
