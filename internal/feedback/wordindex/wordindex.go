// Package wordindex finds texts by their words, in some units or in all, with the full-text index that
// each engine keeps: FTS5 on SQLite (https://www.sqlite.org/fts5.html), a tsvector under a GIN index on PostgreSQL
// (https://www.postgresql.org/docs/current/textsearch-indexes.html).
//
// A searched table keeps its folded words in a column named search. On SQLite triggers of the migrations carry it, with the
// units, into TABLE_fts, whose rows TABLE_doc numbers in the order in which they came. On PostgreSQL a generated column
// named words holds both. Words and units stand in one index, so that what one commune holds is found without reading
// through what the province holds.
package wordindex

import (
	"cmp"
	"context"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
)

// Most is how many rows a search gives at most, the latest ones: nobody pages through more.
const Most = 1000

// mostWords is up to how many words of a question count.
const mostWords = 12

// Index is the index of one table.
type Index struct {
	Table  string // its name
	Key    string // its column that a search gives; "" is id
	Latest string // the columns by which PostgreSQL finds the latest rows first, as "id DESC"
}

// Hold limits a query to rows whose column names a text of the index that holds all the words, the last one as the beginning
// of a word since people are still typing it, and one of the units; no units means all. The words are folded letters and digits, as of vntext.Tokens; no words
// leave the query as it is.
func (x Index) Hold(q *bun.SelectQuery, column string, words, units []string) *bun.SelectQuery {
	if len(words) == 0 {
		return q
	}
	words = words[:min(len(words), mostWords)] // letters and digits alone: nothing in them means anything to the engines
	if q.Dialect().Name() == dialect.SQLite {
		match := `search : ("` + strings.Join(words, `" AND "`) + `"*)`
		if len(units) > 0 {
			match += " AND units : (" + strings.ReplaceAll(strings.Join(units, " OR "), "-", "") + ")"
		}
		return q.Where("? IN (SELECT d.? FROM ? AS d WHERE d.doc IN (SELECT f.rowid FROM ? AS f WHERE ? MATCH ? ORDER BY f.rowid DESC LIMIT ?))",
			bun.Ident(column), bun.Ident(x.key()), bun.Ident(x.Table+"_doc"), bun.Ident(x.Table+"_fts"), bun.Ident(x.Table+"_fts"), match, Most)
	}
	query, args := "to_tsquery('simple', ?)", []any{bun.Ident(column), bun.Ident(x.key()), bun.Ident(x.Table), strings.Join(words, " & ") + ":*"}
	if len(units) > 0 {
		query += " && ?::tsquery"
		args = append(args, "'@"+strings.Join(units, "' | '@")+"'") // no word begins with @
	}
	return q.Where("? IN (SELECT f.? FROM ? AS f WHERE f.words @@ ("+query+") ORDER BY "+x.Latest+" LIMIT ?)", append(args, Most)...)
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
