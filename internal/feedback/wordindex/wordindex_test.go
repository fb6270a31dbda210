package wordindex_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/feedback/wordindex"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// tables are a searched table as the migrations of the rooms make it.
var tables = db.Migrations{Name: "wordtest", FS: fstest.MapFS{
	"migrations/0001_text.sqlite.sql": {Data: []byte(`-- +goose Up
CREATE TABLE wordtest_text (id text PRIMARY KEY, unit_id text NOT NULL, search text NOT NULL, at timestamptz NOT NULL);
CREATE TABLE wordtest_text_doc (doc integer PRIMARY KEY, id text NOT NULL UNIQUE);
CREATE VIRTUAL TABLE wordtest_text_fts USING fts5(search, units, tokenize = 'unicode61', prefix = '2 3');
-- +goose StatementBegin
CREATE TRIGGER wordtest_text_in AFTER INSERT ON wordtest_text BEGIN
    INSERT INTO wordtest_text_doc (id) VALUES (new.id);
    INSERT INTO wordtest_text_fts (rowid, search, units) SELECT d.doc, new.search, replace(new.unit_id, '-', '') FROM wordtest_text_doc AS d WHERE d.id = new.id;
END;
-- +goose StatementEnd
`)},
	"migrations/0001_text.postgres.sql": {Data: []byte(`-- +goose Up
CREATE TABLE wordtest_text (id text PRIMARY KEY, unit_id text NOT NULL, search text NOT NULL, at timestamptz NOT NULL,
    words tsvector GENERATED ALWAYS AS (strip(to_tsvector('simple', search)) || array_to_tsvector(ARRAY['@' || unit_id,
        '%a' || floor(extract(epoch FROM (at - timestamptz '2000-01-01 00:00:00+00')) / 524288)::bigint::text,
        '%b' || floor(extract(epoch FROM (at - timestamptz '2000-01-01 00:00:00+00')) / 4194304)::bigint::text,
        '%c' || floor(extract(epoch FROM (at - timestamptz '2000-01-01 00:00:00+00')) / 16777216)::bigint::text])) STORED);
CREATE INDEX wordtest_text_words ON wordtest_text USING gin (words);
`)},
}}

type text struct {
	bun.BaseModel `bun:"table:wordtest_text,alias:t"`
	ID            string
	UnitID        string
	Search        string
	At            time.Time
}

// TestHoldFindsTheLatest compares what each engine finds among 6,000 texts of three years with a look at all of them: nothing
// is missing that is among the latest, whatever step of the search it came from.
func TestHoldFindsTheLatest(t *testing.T) {
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	rnd := rand.New(rand.NewPCG(5, 6))
	vocabulary := []string{"den", "duong", "nuoc", "nuocmam", "muong", "muon", "mua", "rac", "cong", "to", "xom"}
	units := []string{"0190-a", "0190-b", "0190-c"}
	texts := make([]text, 6000)
	for i := range texts {
		at := now.Add(-time.Duration(len(texts)-i) * 260 * time.Minute)
		if i > 4000 { // a crowd in the last days
			at = now.Add(-time.Duration(len(texts)-i) * 4 * time.Minute)
		}
		words := []string{fmt.Sprint("so", rnd.IntN(300))}
		for range 3 {
			words = append(words, vocabulary[min(rnd.IntN(len(vocabulary)), rnd.IntN(len(vocabulary)))])
		}
		texts[i] = text{ID: fmt.Sprintf("%06d", i), UnitID: units[min(rnd.IntN(3), rnd.IntN(3))], Search: strings.Join(words, " "), At: at}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		err := d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for part := range slices.Chunk(texts, 500) {
				if _, err := tx.NewInsert().Model(&part).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		plain, halves := wordindex.Index{Table: "wordtest_text", Latest: "at"}, wordindex.Index{Table: "wordtest_text", Latest: "at", Many: 1000}
		for _, words := range []string{"den", "nuoc", "nuo", "mu", "muon", "den duong", "den so1", "so299", "so29", "rac xom", "xo", "to cong mua", "khong", "den khong", "s"} {
			for _, among := range [][]string{nil, units[:1], units[1:], {"0190-x"}} {
				got := ask(t, d, plain, words, among, now)
				if inHalves := ask(t, d, halves, words, among, now); !slices.Equal(got, inHalves) {
					t.Errorf("%q in %v: %d texts, in halves %d", words, among, len(got), len(inHalves))
				}
				whole, begun := holding(texts, strings.Fields(words), among, false), holding(texts, strings.Fields(words), among, true)
				want := begun
				switch { // whole words are left at that when there are enough; on PostgreSQL fifty latest with beginnings are
				case len(whole) >= 50:
					want = whole
				case d.Engine() == db.Postgres && len(got) >= 50:
					want = begun[max(0, len(begun)-len(got)):]
				}
				if want = want[max(0, len(want)-wordindex.Most):]; !slices.Equal(got, want) {
					t.Errorf("%q in %v: %d texts, want %d; %v, want %v", words, among, len(got), len(want), got[:min(3, len(got))], want[:min(3, len(want))])
				}
			}
		}
	}, tables)
}

// ask gives what an index finds, in order.
func ask(t *testing.T, d *db.DB, x wordindex.Index, words string, among []string, now time.Time) (got []string) {
	t.Helper()
	q, err := x.Hold(t.Context(), d.Read(), d.Read().NewSelect().Model((*text)(nil)).Column("id"), "t.id", strings.Fields(words), among, now)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.OrderExpr("t.id").Scan(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// holding looks at all texts.
func holding(texts []text, words, among []string, begun bool) (out []string) {
	for _, c := range texts {
		have := strings.Fields(c.Search)
		fits := len(among) == 0 || slices.Contains(among, c.UnitID)
		for i, w := range words {
			fits = fits && slices.ContainsFunc(have, func(h string) bool { return h == w || begun && i == len(words)-1 && strings.HasPrefix(h, w) })
		}
		if fits {
			out = append(out, c.ID)
		}
	}
	return out
}
