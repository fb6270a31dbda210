// Package staging keeps the rows of a bank statement while the file is being proved, and brings proved rows into the table of
// bank movements. Waiting rows stand in packs of some thousands, where nobody counts them: writing a pack costs little more
// than copying the file. Which rows are new, and that each movement enters once, is decided by the database itself.
package staging

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// PackRows is how many rows one pack has, and one transaction on their way into the books.
const PackRows = 10_000

// Row is a movement on its way into the books. State and EarmarkID are not kept in a pack: they are found when it is entered.
type Row struct {
	Seq         int // order in the file, from 1
	No          int // number that people see
	Ordinal     int // among rows of one fingerprint in one file
	Debit       money.VND
	Credit      money.VND
	Day         clock.Date
	Time        string
	DocNo       string
	Ref         string
	Memo        string
	OtherSide   string
	Fingerprint string // Fingerprint.String
	Reference   string // code found in the memo
	RuleID      string
	State       string
	EarmarkID   string
}

func (r *Row) numbers() []int64 {
	return []int64{int64(r.Seq), int64(r.No), int64(r.Ordinal), int64(r.Debit), int64(r.Credit)}
}

func (r *Row) texts() []string {
	return []string{string(r.Day), r.Time, r.DocNo, r.Ref, r.Memo, r.OtherSide, r.Fingerprint, r.Reference, r.RuleID}
}

// Pack is rows that wait together, each as numbers and texts with their lengths before them.
type Pack struct {
	from, to int
	data     []byte
}

// Add puts a row behind the others.
func (p *Pack) Add(r *Row) {
	if p.Empty() {
		p.from = r.Seq
	}
	p.to = r.Seq
	for _, n := range r.numbers() {
		p.data = binary.AppendVarint(p.data, n)
	}
	for _, s := range r.texts() {
		p.data = binary.AppendUvarint(p.data, uint64(len(s)))
		p.data = append(p.data, s...)
	}
}

// Empty tells whether no row is in it.
func (p *Pack) Empty() bool { return len(p.data) == 0 }

// Full tells whether it should be kept now.
func (p *Pack) Full() bool { return p.to-p.from+1 >= PackRows && !p.Empty() }

// Reset makes room for other rows.
func (p *Pack) Reset() { p.data, p.from, p.to = p.data[:0], 0, 0 }

var errPack = errors.New("staging: a pack cannot be read")

// Rows gives the rows of a pack.
func (p *Pack) Rows() ([]Row, error) {
	all := string(p.data) // the texts of the rows are parts of it
	at := 0
	number := func() (int64, bool) {
		v, n := binary.Varint(p.data[at:])
		at += max(n, 0)
		return v, n > 0
	}
	text := func() (string, bool) {
		v, n := binary.Uvarint(p.data[at:])
		if n <= 0 || v > uint64(len(all)-at-n) {
			return "", false
		}
		at += n + int(v)
		return all[at-int(v) : at], true
	}
	out := make([]Row, 0, p.to-p.from+1)
	for at < len(all) {
		var n [5]int64
		var s [9]string
		ok := true
		for i := range n {
			if n[i], ok = number(); !ok {
				return nil, errPack
			}
		}
		for i := range s {
			if s[i], ok = text(); !ok {
				return nil, errPack
			}
		}
		out = append(out, Row{Seq: int(n[0]), No: int(n[1]), Ordinal: int(n[2]), Debit: money.VND(n[3]), Credit: money.VND(n[4]), Day: clock.Date(s[0]), Time: s[1],
			DocNo: s[2], Ref: s[3], Memo: s[4], OtherSide: s[5], Fingerprint: s[6], Reference: s[7], RuleID: s[8]})
	}
	return out, nil
}

// Staged tells how many rows of a file have been laid aside; 0 when none waits.
func Staged(ctx context.Context, q bun.IDB, importID string) (n int, err error) {
	err = q.NewRaw("SELECT coalesce(max(to_seq), 0) FROM fund_staged WHERE import_id = ?", importID).Scan(ctx, &n)
	return n, err
}

// First finds where the rows begin that are not in the books yet; 0 when all are.
func First(ctx context.Context, q bun.IDB, importID string) (seq int, err error) {
	err = q.NewRaw("SELECT coalesce(min(from_seq), 0) FROM fund_staged WHERE import_id = ?", importID).Scan(ctx, &seq)
	return seq, err
}

// Keep lays a pack aside. The caller holds the lock of the import; what another process with the same file laid aside
// meanwhile stays as it is.
func Keep(ctx context.Context, tx db.Tx, importID string, p *Pack) error {
	have, err := Staged(ctx, tx, importID)
	if err != nil || p.to <= have {
		return err
	}
	if p.from <= have { // packs of another size
		rows, err := p.Rows()
		if err != nil {
			return err
		}
		part := &Pack{}
		for i := range rows {
			if rows[i].Seq > have {
				part.Add(&rows[i])
			}
		}
		p = part
	}
	if tx.Engine() == db.Postgres {
		return tx.Pgx(func(c *pgx.Conn) error {
			_, err := c.Exec(ctx, "INSERT INTO fund_staged (import_id, from_seq, to_seq, pack) VALUES ($1, $2, $3, $4)", pgx.QueryExecModeExec, importID, p.from, p.to, p.data)
			return err
		})
	}
	_, err = tx.Tx.Tx.ExecContext(ctx, "INSERT INTO fund_staged (import_id, from_seq, to_seq, pack) VALUES (?, ?, ?, ?)", importID, p.from, p.to, p.data)
	return err
}

// Next gives the first pack that waits behind a row; nil when there is none.
func Next(ctx context.Context, q bun.IDB, importID string, after int) (*Pack, error) {
	var p Pack
	err := q.NewRaw("SELECT from_seq, to_seq, pack FROM fund_staged WHERE import_id = ? AND from_seq > ? ORDER BY from_seq LIMIT 1", importID, after).Scan(ctx, &p.from, &p.to, &p.data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &p, err
}

// Span gives the first and the last row of a pack.
func (p *Pack) Span() (from, to int) { return p.from, p.to }

// Drop takes a pack away, or every pack of the file when it is nil.
func Drop(ctx context.Context, q bun.IDB, importID string, p *Pack) (err error) {
	if p == nil {
		_, err = q.NewRaw("DELETE FROM fund_staged WHERE import_id = ?", importID).Exec(ctx)
	} else {
		_, err = q.NewRaw("DELETE FROM fund_staged WHERE import_id = ? AND from_seq = ?", importID, p.from).Exec(ctx)
	}
	return err
}
