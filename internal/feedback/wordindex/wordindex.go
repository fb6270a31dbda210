// Package wordindex finds texts by their words, in some units or in all, with the full-text index that
// each engine keeps: FTS5 on SQLite (https://www.sqlite.org/fts5.html), a tsvector under a GIN index on PostgreSQL
// (https://www.postgresql.org/docs/current/textsearch-indexes.html).
//
// A searched table keeps its folded words in a column named search. On SQLite triggers of the migrations carry it, with the
// units, into TABLE_fts, whose rows TABLE_doc numbers in the order in which they came. On PostgreSQL a generated column
// named words holds both, and when the text came, roughly. Words, units and time stand in one index, so that what one commune
// holds is found without reading through what the province holds, and the latest without reading through all years.
package wordindex

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"golang.org/x/sync/errgroup"
)

// Most is how many rows a search gives at most, the latest ones: nobody pages through more.
const Most = 500

// mostWords is up to how many words of a question count.
const mostWords = 12

// Index is the index of one table.
type Index struct {
	Table  string // its name
	Key    string // its column that a search gives; "" is id
	Latest string // the column by which PostgreSQL finds the latest rows, as "id"
	Many   int64  // from how many texts on SQLite is asked for two halves at a time; 0 is manyTexts
}

// Hold limits a query on db to rows whose column names a text of the index that holds all the words, the last one as the
// beginning of a word since people are still typing it, and one of the units; no units means all. The words are folded letters
// and digits, as of vntext.Tokens; no words leave the query as it is. Now is about the time of the newest text.
func (x Index) Hold(ctx context.Context, db bun.IDB, q *bun.SelectQuery, column string, words, units []string, now time.Time) (*bun.SelectQuery, error) {
	if len(words) == 0 {
		return q, nil
	}
	words = words[:min(len(words), mostWords)] // letters and digits alone: nothing in them means anything to the engines
	var found []string
	var err error
	if db.Dialect().Name() == dialect.SQLite {
		found, err = x.match(ctx, db, words, units)
	} else {
		found, err = x.find(ctx, db, words, units, now)
	}
	if err != nil || len(found) == 0 {
		return q.Where("1 = 0"), err
	}
	return q.Where("? IN (?)", bun.Ident(column), bun.In(found)), nil
}

// enough is how many texts with the last word as a whole word keep an engine from looking for words that begin with it, and how
// many with such words PostgreSQL looks for: for a common beginning the lists of a great part of the texts must be joined.
const enough = 50

// match searches on SQLite for whole words, and, when they are too few, for words that begin like the last one.
func (x Index) match(ctx context.Context, db bun.IDB, words, units []string) (found []string, err error) {
	among := ""
	if len(units) > 0 {
		among = " AND units : (" + strings.ReplaceAll(strings.Join(units, " OR "), "-", "") + ")"
	}
	for _, last := range []string{`")`, `"*)`} {
		found, err = x.latest(ctx, db, `search : ("`+strings.Join(words, `" AND "`)+last+among)
		if err != nil || len(found) >= enough {
			return found, err
		}
	}
	return found, nil
}

const manyTexts = 100_000

// latest asks SQLite's index, which gives the latest first and stops when it has given enough. Several words that are common each, and
// seldom together, make it read through their lists: of many texts the newer and the older half are read at the same time.
func (x Index) latest(ctx context.Context, db bun.IDB, match string) ([]string, error) {
	doc, fts := bun.Ident(x.Table+"_doc"), bun.Ident(x.Table+"_fts")
	var newest int64
	if err := db.NewRaw("SELECT COALESCE(MAX(doc), 0) FROM ?", doc).Scan(ctx, &newest); err != nil {
		return nil, err
	}
	spans := [][2]int64{{0, math.MaxInt64}} // of numbers: above the first, up to the second
	if half := newest / 2; newest > cmp.Or(x.Many, manyTexts) {
		spans = [][2]int64{{half, math.MaxInt64}, {0, half}}
	}
	parts := make([][]string, len(spans))
	var group errgroup.Group
	for i, span := range spans {
		group.Go(func() error {
			return db.NewRaw("SELECT d.? FROM ? AS d WHERE d.doc IN (SELECT f.rowid FROM ? AS f WHERE ? MATCH ? AND f.rowid > ? AND f.rowid <= ? ORDER BY f.rowid DESC LIMIT ?) ORDER BY d.doc DESC",
				bun.Ident(x.key()), doc, fts, fts, match, span[0], span[1], Most).Scan(ctx, &parts[i])
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	found := slices.Concat(parts...)
	return found[:min(len(found), Most)], nil
}

// find searches on PostgreSQL. Its index knows no order, and each text it names must be read. So it is asked for the last
// days first, then for the last months, for the last year, for all, then for words that begin like the last one, until enough
// is found. What it gives are always the latest.
func (x Index) find(ctx context.Context, db bun.IDB, words, units []string, now time.Time) (found []string, err error) {
	type step struct {
		query string
		stop  int // with so many found
	}
	whole := strings.Join(words, " & ")
	begun := whole + ":*"
	days, months, year := " & "+recent('a', daySpan, now), " & "+recent('b', monthSpan, now), " & "+recent('c', yearSpan, now)
	steps := []step{{whole + days, Most}, {whole + months, Most}, {whole + year, Most}, {whole, enough}}
	among := ""
	if len(units) > 0 {
		among = " & ('@" + strings.Join(units, "' | '@") + "')" // no word begins with @
		steps = append(steps, step{begun + year, enough}, step{begun, Most})
	} else {
		steps = append(steps, step{begun + days, enough}, step{begun + months, enough}, step{begun, Most})
	}
	for _, s := range steps {
		found = nil
		// OFFSET 0 keeps the planner from walking through the table by time, in the hope of meeting the words soon.
		err = db.NewRaw("SELECT key FROM (SELECT f.? AS key, f.? AS latest FROM ? AS f WHERE f.words @@ ?::tsquery OFFSET 0) AS s ORDER BY latest DESC LIMIT ?",
			bun.Ident(x.key()), bun.Ident(x.Latest), bun.Ident(x.Table), s.query+among, Most).Scan(ctx, &found)
		if err != nil || len(found) >= s.stop {
			return found, err
		}
	}
	return found, nil
}

// The spans of time that PostgreSQL's index knows, counted from 2000 on: the column words holds the number of each after its
// letter, as the migrations say. Asked for are the span of now and the one before.
const (
	daySpan   = 1 << 19 * time.Second // about six days
	monthSpan = 1 << 22 * time.Second // about seven weeks
	yearSpan  = 1 << 24 * time.Second // about six months
)

var spansFrom = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func recent(letter rune, span time.Duration, now time.Time) string {
	n := int64(now.Sub(spansFrom) / span)
	return fmt.Sprintf("('%%%c%d' | '%%%c%d')", letter, n, letter, n-1) // no word begins with %
}

func (x Index) key() string { return cmp.Or(x.Key, "id") }

// Page reads one page of the ids that a query limited by Hold finds, page from 1, and counts them up to countTo. The index is
// asked once: it gives few enough to be counted here. No rows to a page means all.
func Page(ctx context.Context, q *bun.SelectQuery, page, per, countTo int) (ids []string, total int, err error) {
	if err := q.Limit(Most).Scan(ctx, &ids); err != nil {
		return nil, 0, err
	}
	total = min(len(ids), countTo)
	if per > 0 {
		from := min((max(page, 1)-1)*per, len(ids))
		ids = ids[from:min(from+per, len(ids))]
	}
	return ids, total, nil
}
