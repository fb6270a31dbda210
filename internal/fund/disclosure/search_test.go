package disclosure

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// A search that names a day or an amount looks only into the chunks that have it, and finds what a walk over all would.
func TestChunks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &Service{Deps: Deps{DB: d}}
		const chunks = 9
		st := Statement{Lines: chunks*chunkLines - 1, no: 3}
		var rows []postingRow
		put := func(appeal, chunk int64, word string, part int64, lines ...int) {
			rows = append(rows, postingRow{AppealNo: appeal, Chunk: chunk, Word: word, Part: part, Lines: packGapsOf(lines)})
		}
		for c := range int64(chunks) {
			put(3, c, "ung", 1, 5, 9, 70)
			put(3, c, "=100000", 1, 5, 70)
			put(3, c, "@2024-09-1"+string(rune('0'+c/3)), 1, 3, 4, 5, 70)
			put(4, c, "=777", 1, 5) // of another appeal
		}
		put(3, 1, "=123456", 1, 70)
		put(3, 4, "=123456", 2, 9)
		put(3, 4, "=123456", 3, 70)
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return s.store.addPostings(ctx, tx, rows) }); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name         string
			query        Query
			text         string
			look, result []int64
		}{
			{"an amount in two chunks", Query{Amount: 123456}, "", []int64{4, 1}, []int64{4<<chunkBits + 70, 4<<chunkBits + 9, 1<<chunkBits + 70}},
			{"a day and an amount", Query{Amount: 100000, Day: "2024-09-11"}, "ung", []int64{5, 4, 3},
				[]int64{5<<chunkBits + 70, 5<<chunkBits + 5, 4<<chunkBits + 70, 4<<chunkBits + 5, 3<<chunkBits + 70, 3<<chunkBits + 5}},
			{"older than a line", Query{Amount: 123456, Before: 4<<chunkBits + 70}, "", []int64{4, 1}, []int64{4<<chunkBits + 9, 1<<chunkBits + 70}},
			{"an amount of another appeal", Query{Amount: 777}, "", nil, nil},
			{"never together", Query{Amount: 123456, Day: "2024-09-12"}, "", []int64{8, 7, 6}, nil},
		} {
			if test.query.Before == 0 {
				test.query.Before = st.Lines + 1
			}
			test.query.Limit = 50
			w, _, err := s.question(t.Context(), d.Read(), test.query, false)
			if err != nil {
				t.Fatal(err)
			}
			if test.text != "" {
				w.ways[0] = append(w.ways[0], step{test.text})
			}
			look, err := s.chunks(t.Context(), d.Read(), st, w, chunkOf(test.query.Before-1))
			if err != nil || !slices.Equal(look, test.look) {
				t.Errorf("%s: looks into %d, want %d %v", test.name, look, test.look, err)
			}
			found, err := s.find(t.Context(), d.Read(), st, w, test.query)
			if err != nil || !slices.Equal(found, test.result) {
				t.Errorf("%s: %d, want %d %v", test.name, found, test.result, err)
			}
			w.must = nil // walks over all
			if walked, err := s.find(t.Context(), d.Read(), st, w, test.query); err != nil || !slices.Equal(walked, found) {
				t.Errorf("%s: a walk over all finds %d, not %d %v", test.name, walked, found, err)
			}
		}
	}, Migrations)
}

// A word that is taken out of a line while the parts of its chunk are put together stays out.
func TestCompactWhileErasing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &Service{Deps: Deps{DB: d}}
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			if err := s.store.enrol(ctx, tx, fund.Appeal{ID: "a", Code: "A"}, time.Now()); err != nil {
				return err
			}
			return s.store.addPostings(ctx, tx, []postingRow{{AppealNo: 1, Word: "lan", Part: 1, Lines: packGapsOf([]int{7, 8})},
				{AppealNo: 1, Word: "lan", Part: 2, Lines: packGapsOf([]int{9})}})
		}); err != nil {
			t.Fatal(err)
		}
		a, _, err := s.store.appeal(t.Context(), d.Read(), "a")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			if _, err := s.store.lock(ctx, tx, "a"); err != nil {
				return err
			}
			if err := s.store.unindex(ctx, tx, a.No, 8, []string{"lan"}); err != nil {
				return err
			}
			go func() { _, err := s.compactChunk(t.Context(), a, 0); done <- err }()
			time.Sleep(200 * time.Millisecond) // long enough for it to have read what stands there without us
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		rows, err := s.store.postings(t.Context(), d.Read(), a.No, []string{"lan"}, []int64{0})
		if err != nil || len(rows[0]["lan"]) != 1 {
			t.Fatal(rows, err)
		}
		var left set
		if err := left.unpack(rows[0]["lan"][0]); err != nil || !left.has(7) || left.has(8) || !left.has(9) {
			t.Error("the lines of the word are not those that were left", err)
		}
	}, Migrations)
}
