package disclosure

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// wholePart is the part of a posting that was put together of all parts of its chunk.
const wholePart = 0

// loose lists words of a full chunk that have parts which were not put together.
func (store) loose(ctx context.Context, q bun.IDB, appealNo, chunk int64, limit int) (out []string, err error) {
	err = q.NewRaw("SELECT DISTINCT word FROM disclosure_posting WHERE appeal_no = ? AND chunk = ? AND part > ? ORDER BY word LIMIT ?", appealNo, chunk, wholePart, limit).Scan(ctx, &out)
	return out, err
}

// compact puts the parts of words together.
func (st store) compact(ctx context.Context, tx db.Tx, appealNo, chunk int64, words []string) error {
	var parts []postingRow
	if err := tx.NewSelect().Model(&parts).Where("p.appeal_no = ?", appealNo).Where("p.chunk = ?", chunk).Where("p.word IN (?)", bun.In(words)).
		Order("p.word", "p.part").Scan(ctx); err != nil {
		return err
	}
	var whole []postingRow
	for i := 0; i < len(parts); {
		var lines set
		j := i
		for ; j < len(parts) && parts[j].Word == parts[i].Word; j++ {
			if err := lines.unpack(parts[j].Lines); err != nil {
				return err
			}
		}
		whole = append(whole, postingRow{AppealNo: appealNo, Chunk: chunk, Word: parts[i].Word, Part: wholePart, Lines: lines.pack()})
		i = j
	}
	if _, err := tx.NewDelete().Model((*postingRow)(nil)).Where("appeal_no = ?", appealNo).Where("chunk = ?", chunk).Where("word IN (?)", bun.In(words)).Exec(ctx); err != nil {
		return err
	}
	return st.addPostings(ctx, tx, whole)
}

// parts counts the parts of a chunk that were not put together, by one of its commonest words: any day.
func (store) parts(ctx context.Context, q bun.IDB, appealNo, chunk int64) (n int, err error) {
	var found []int64
	err = q.NewRaw("SELECT DISTINCT part FROM disclosure_posting WHERE appeal_no = ? AND chunk = ? AND word >= '@' AND word < 'A' AND part > ?", appealNo, chunk, wholePart).Scan(ctx, &found)
	return len(found), err
}
