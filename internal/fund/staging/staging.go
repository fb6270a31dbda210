// Package staging keeps the rows of a bank statement while the file is being proved, and brings proved rows into the books.
// Rows stand in packs of some thousands, where nobody counts them until they are entered: writing a pack costs little more
// than copying the file. A plain gift (for the appeal as a whole; no reference code, no rule) stays in its pack for good and is
// there the bank's row, the entry and the gift in one. Every other row gets rows of its own in the tables, at once or as soon
// as somebody changes something about the gift. Whoever enters rows holds the lock of the account, so that each movement
// enters once.
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
	Fingerprint Fingerprint
	Reference   string // code found in the memo
	RuleID      string
	State       string
	EarmarkID   string
	Plain       bool // a gift for the appeal as a whole that neither a code nor a rule had a say in
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
	for _, n := range [...]int64{int64(r.Seq), int64(r.No), int64(r.Ordinal), int64(r.Debit), int64(r.Credit)} {
		p.data = binary.AppendVarint(p.data, n)
	}
	for _, s := range [...]string{string(r.Day), r.Time, r.DocNo, r.Ref, r.Memo, r.OtherSide} {
		p.data = append(binary.AppendUvarint(p.data, uint64(len(s))), s...)
	}
	p.data = append(append(p.data, byte(len(r.Fingerprint))), r.Fingerprint[:]...)
	for _, s := range [...]string{r.Reference, r.RuleID} {
		p.data = append(binary.AppendUvarint(p.data, uint64(len(s))), s...)
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
	out := make([]Row, 0, p.to-p.from+1)
	err := p.each(func(r *Row) error { out = append(out, *r); return nil })
	return out, err
}

// each hands out the rows in turn. A row is valid until the next; its texts stay.
func (p *Pack) each(do func(*Row) error) error {
	d := decoder{all: string(p.data)} // the texts of the rows are parts of it
	var r Row
	for d.at < len(d.all) {
		r = Row{Seq: int(d.number()), No: int(d.number()), Ordinal: int(d.number()), Debit: money.VND(d.number()), Credit: money.VND(d.number()), Day: clock.Date(d.text()), Time: d.text(),
			DocNo: d.text(), Ref: d.text(), Memo: d.text(), OtherSide: d.text()}
		print, err := readFingerprint(d.text())
		if err != nil || d.bad {
			return errors.Join(errPack, err)
		}
		r.Fingerprint, r.Reference, r.RuleID = print, d.text(), d.text()
		if d.bad {
			return errPack
		}
		if err := do(&r); err != nil {
			return err
		}
	}
	return nil
}

// decoder reads numbers and texts one after the other.
type decoder struct {
	all string
	at  int
	bad bool // something was cut short; nothing read since is to be trusted
}

func (d *decoder) unsigned() (v uint64) {
	for shift := 0; shift < 64 && d.at < len(d.all); shift += 7 {
		b := d.all[d.at]
		d.at++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	d.bad, d.at = true, len(d.all)
	return 0
}

func (d *decoder) number() int64 {
	v := d.unsigned()
	return int64(v>>1) ^ -int64(v&1)
}

func (d *decoder) text() string {
	n := d.unsigned()
	if n > uint64(len(d.all)-d.at) {
		d.bad, d.at = true, len(d.all)
		return ""
	}
	d.at += int(n)
	return d.all[d.at-int(n) : d.at]
}

// Staged tells how many rows of a file have been laid aside; 0 when none waits.
func Staged(ctx context.Context, q bun.IDB, importID string) (n int, err error) {
	err = q.NewRaw("SELECT coalesce(max(to_seq), 0) FROM fund_staged WHERE import_id = ?", importID).Scan(ctx, &n)
	return n, err
}

// First finds where the rows begin that are not in the books yet; 0 when all are.
func First(ctx context.Context, q bun.IDB, importID string) (seq int, err error) {
	err = q.NewRaw(`SELECT coalesce(min(from_seq), 0) FROM fund_staged WHERE import_id = ? AND from_seq > (SELECT coalesce(max(to_seq), 0) FROM fund_entered WHERE import_id = ?)`,
		importID, importID).Scan(ctx, &seq)
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

// Next gives the first pack behind a row; nil when there is none.
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

// Waiting gives the first pack that is not in the books yet; nil when there is none.
func Waiting(ctx context.Context, q bun.IDB, importID string) (*Pack, error) {
	var done int
	if err := q.NewRaw("SELECT coalesce(max(to_seq), 0) FROM fund_entered WHERE import_id = ?", importID).Scan(ctx, &done); err != nil {
		return nil, err
	}
	return Next(ctx, q, importID, done)
}

// Drop takes every pack of a file away that is refused.
func Drop(ctx context.Context, q bun.IDB, importID string) error {
	_, err := q.NewRaw("DELETE FROM fund_staged WHERE import_id = ?", importID).Exec(ctx)
	return err
}
