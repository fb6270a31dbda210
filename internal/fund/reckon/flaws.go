package reckon

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fund/staging"
	"github.com/nhipcau/nhipcau/internal/money"
)

// Flaw is something in the books that refers to nothing, or lacks its other half. The tables of movements have no foreign keys,
// because looking each reference up again would cost as much as writing it; this looks them all up at once.
type Flaw struct {
	What  string `json:"what"` // FlawKinds
	Count int    `json:"count"`
	First string `json:"first"` // the id of the first
}

const noEntry = ` WHERE NOT EXISTS (SELECT 1 FROM fund_entry e WHERE e.id = `

// flaws finds, of each kind, how many there are and the first. A file on its way into the books is left alone.
var flaws = []struct{ what, query string }{
	{"line_without_entry", `SELECT count(*), coalesce(min(l.entry_id), '') FROM fund_line l` + noEntry + `l.entry_id)`},
	{"entry_without_line", `SELECT count(*), coalesce(min(e.id), '') FROM fund_entry e WHERE NOT EXISTS (SELECT 1 FROM fund_line l WHERE l.entry_id = e.id)`},
	{"line_without_account", `SELECT count(*), coalesce(min(l.entry_id), '') FROM fund_line l WHERE l.debit_id NOT IN (SELECT id FROM fund_account) OR l.credit_id NOT IN (SELECT id FROM fund_account)`},
	{"entry_without_appeal", `SELECT count(*), coalesce(min(e.id), '') FROM fund_entry e WHERE e.appeal_id NOT IN (SELECT id FROM fund_appeal)`},
	{"reversal_of_nothing", `SELECT count(*), coalesce(min(b.id), '') FROM fund_entry b` + noEntry + `b.reverses) AND b.reverses <> ''`},
	{"gift_without_entry", `SELECT count(*), coalesce(min(g.id), '') FROM fund_gift g` + noEntry + `g.id)`},
	{"gift_without_row", `SELECT count(*), coalesce(min(g.id), '') FROM fund_gift g WHERE g.row_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM fund_row r WHERE r.id = g.row_id)`},
	{"row_without_entry", `SELECT count(*), coalesce(min(r.id), '') FROM fund_row r` + noEntry + `r.id)`},
	{"row_without_file", `SELECT count(*), coalesce(min(r.id), '') FROM fund_row r WHERE r.import_id NOT IN (SELECT id FROM fund_import)`},
	{"pack_missing", `SELECT count(*), coalesce(min(e.import_id), '') FROM fund_entered e WHERE NOT EXISTS (SELECT 1 FROM fund_staged s WHERE s.import_id = e.import_id AND s.from_seq = e.from_seq AND s.to_seq = e.to_seq)`},
	{"rows_missing", `SELECT count(*), coalesce(min(x.id), '') FROM (SELECT i.id FROM fund_import i JOIN fund_entered e ON e.import_id = i.id WHERE i.state = 'posted'
		GROUP BY i.id, i.rows_read HAVING min(e.from_seq) = 1 AND (sum(e.to_seq - e.from_seq + 1) <> i.rows_read OR max(e.to_seq) <> i.rows_read)) AS x`},
}

// FlawKinds lists the kinds of flaw.
func FlawKinds() []string {
	out := []string{"pack_sums"}
	for _, f := range flaws {
		out = append(out, f.what)
	}
	return out
}

// Flaws looks for them in all books. It reads one state only when q is a snapshot.
func Flaws(ctx context.Context, q bun.IDB) (out []Flaw, err error) {
	for _, f := range flaws {
		x := Flaw{What: f.what}
		if err := q.NewRaw(f.query).Scan(ctx, &x.Count, &x.First); err != nil {
			return nil, err
		}
		if x.Count > 0 {
			out = append(out, x)
		}
	}
	for _, f := range out {
		if f.What == "pack_missing" { // they cannot be added up
			return out, nil
		}
	}
	if x, err := packSums(ctx, q); err != nil || x.Count > 0 {
		return append(out, x), err
	}
	return out, nil
}

// packSums adds the plain gifts of all packs up anew. A pack that is gone is told of by another kind.
func packSums(ctx context.Context, q bun.IDB) (Flaw, error) {
	x := Flaw{What: "pack_sums"}
	type sums struct {
		ImportID string
		Gifts    int
		Amount   money.VND
	}
	var kept []sums
	if err := q.NewRaw(`SELECT e.import_id, sum(e.gifts) AS gifts, CAST(sum(e.amount) AS bigint) AS amount FROM fund_entered e JOIN fund_import i ON i.id = e.import_id
		WHERE i.state = 'posted' GROUP BY e.import_id ORDER BY e.import_id`).Scan(ctx, &kept); err != nil {
		return x, err
	}
	for _, k := range kept {
		is := sums{ImportID: k.ImportID}
		err := staging.Gifts(ctx, q, staging.Filter{ImportID: k.ImportID}, func(g *staging.Gift) error {
			is.Gifts, is.Amount = is.Gifts+1, is.Amount+g.Credit
			return nil
		})
		if err != nil {
			return x, err
		}
		if is != k {
			if x.Count++; x.Count == 1 {
				x.First = k.ImportID
			}
		}
	}
	return x, nil
}
