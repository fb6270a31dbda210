package staging

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// GiftID is the id of the row, entry and gift that a row of a file becomes: the id of the import with the number of the row at
// its end, so that a plain gift is found in its pack by its id alone.
func GiftID(importID string, seq int) string {
	return fmt.Sprintf("%s%08x", importID[:len(importID)-8], uint32(seq))
}

// Gift is a plain gift in a pack.
type Gift struct {
	Row
	ID        string
	ImportID  string
	AppealID  string
	AccountID string    // of the bank
	PostedAt  time.Time // zero while the file does not count
}

// Filter says which plain gifts are wanted; what is zero does not matter.
type Filter struct {
	AppealID  string
	AccountID string
	ImportID  string
	After     int // rows behind this one in the file; with ImportID
	From, To  clock.Date
	Amounts   []money.VND // any of them
	Uncounted bool        // those of files on their way into the books too

	stop func(first clock.Date) bool // asked before each pack, with its first day; nil: all packs
}

// Enough ends a walk without an error.
var Enough = errors.New("staging: enough")

// entered is what is known of a pack whose rows are in the books.
type entered struct {
	ImportID, AppealID, AccountID string
	FromSeq                       int
	GiftFrom                      clock.Date
	Amounts                       []byte
	PostedAt                      bun.NullTime
}

// Gifts walks through plain gifts: those of one file in the order of the file, others in the order in which their packs begin. A gift
// is valid until the next; its texts stay. Gifts that somebody makes rows of their own of meanwhile may be among them: whoever
// reads both outside of one snapshot reads the packs first.
func Gifts(ctx context.Context, q bun.IDB, f Filter, do func(*Gift) error) error {
	var packs []entered
	query := `SELECT e.import_id, i.appeal_id, i.account_id, e.from_seq, e.gift_from, e.amounts, i.posted_at FROM fund_import i JOIN fund_entered e ON e.import_id = i.id WHERE e.gifts > 0`
	var args []any
	for _, c := range []struct {
		set   bool
		where string
		arg   any
	}{
		{f.AppealID != "", "i.appeal_id = ?", f.AppealID}, {f.AccountID != "", "i.account_id = ?", f.AccountID}, {f.ImportID != "", "i.id = ?", f.ImportID},
		{f.After > 0, "e.to_seq > ?", f.After}, {f.From != "", "e.gift_to >= ?", f.From}, {f.To != "", "e.gift_from <= ?", f.To}, {!f.Uncounted, "i.state = ?", "posted"},
	} {
		if c.set {
			query, args = query+" AND "+c.where, append(args, c.arg)
		}
	}
	if err := q.NewRaw(query, args...).Scan(ctx, &packs); err != nil {
		return err
	}
	slices.SortFunc(packs, func(x, y entered) int {
		if x.ImportID == y.ImportID && f.ImportID != "" {
			return cmp.Compare(x.FromSeq, y.FromSeq)
		}
		return cmp.Or(cmp.Compare(x.GiftFrom, y.GiftFrom), cmp.Compare(x.ImportID, y.ImportID), cmp.Compare(x.FromSeq, y.FromSeq))
	})
	for i := range packs {
		if len(f.Amounts) > 0 && !packs[i].mayHold(f.Amounts) {
			continue
		}
		if f.stop != nil && f.stop(packs[i].GiftFrom) {
			return nil
		}
		if err := packs[i].walk(ctx, q, f, do); errors.Is(err, Enough) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (e *entered) mayHold(wanted []money.VND) bool {
	d, v := decoder{all: string(e.Amounts)}, money.VND(0)
	for d.at < len(d.all) {
		if v += money.VND(d.unsigned()); slices.Contains(wanted, v) {
			return true
		}
	}
	return false
}

// walk hands out the plain gifts of one pack that are wanted.
func (e *entered) walk(ctx context.Context, q bun.IDB, f Filter, do func(*Gift) error) error {
	p := Pack{from: e.FromSeq}
	var skip []byte
	if err := q.NewRaw(`SELECT s.to_seq, s.pack, e.skip FROM fund_staged s JOIN fund_entered e ON e.import_id = s.import_id AND e.from_seq = s.from_seq WHERE s.import_id = ? AND s.from_seq = ?`,
		e.ImportID, e.FromSeq).Scan(ctx, &p.to, &p.data, &skip); err != nil {
		return err
	}
	left := skipped{d: decoder{all: string(skip)}, at: e.FromSeq - 1}
	left.next()
	g := Gift{ImportID: e.ImportID, AppealID: e.AppealID, AccountID: e.AccountID, PostedAt: e.PostedAt.UTC()}
	return p.each(func(r *Row) error {
		if left.at == r.Seq {
			left.next()
			return nil
		}
		if r.Seq <= f.After || f.From != "" && r.Day < f.From || f.To != "" && r.Day > f.To || len(f.Amounts) > 0 && !slices.Contains(f.Amounts, r.Credit) {
			return nil
		}
		g.Row, g.ID = *r, GiftID(e.ImportID, r.Seq)
		g.State = StateGift
		return do(&g)
	})
}

// skipped goes through the rows of a pack that are no plain gifts, in order: each as the distance from the one before.
type skipped struct {
	d  decoder
	at int
}

func (s *skipped) next() {
	if s.d.at >= len(s.d.all) {
		s.at = 0
		return
	}
	s.at += int(s.d.unsigned())
}

func packSkipped(from int, seqs []int) []byte {
	b, last := []byte{}, from-1
	for _, s := range seqs {
		b, last = binary.AppendUvarint(b, uint64(s-last)), s
	}
	return b
}

func packAmounts(amounts map[money.VND]bool) []byte {
	b, last := []byte{}, money.VND(0)
	for _, v := range slices.Sorted(maps.Keys(amounts)) {
		b, last = binary.AppendUvarint(b, uint64(v-last)), v
	}
	return b
}

// Settle marks a pack as entered: of its rows, those that are both fresh and plain are gifts from now on, with the file.
func Settle(ctx context.Context, q bun.IDB, b Books, p *Pack, rows, fresh []Row) error {
	from, to := days(rows)
	var giftFrom, giftTo clock.Date
	var skip []int
	amounts, sum, n := map[money.VND]bool{}, money.VND(0), 0
	is := make([]bool, len(rows))
	for i, k := 0, 0; i < len(rows); i++ {
		isFresh := k < len(fresh) && fresh[k].Seq == rows[i].Seq
		if isFresh {
			k++
		}
		if is[i] = isFresh && rows[i].Plain; !is[i] {
			skip = append(skip, rows[i].Seq)
		}
	}
	plain := func(yield func(*Row) bool) {
		for i := range rows {
			if is[i] && !yield(&rows[i]) {
				return
			}
		}
	}
	for r := range plain {
		if giftFrom == "" {
			giftFrom = r.Day
		}
		giftFrom, giftTo = min(giftFrom, r.Day), max(giftTo, r.Day)
		amounts[r.Credit] = true
		sum, n = sum+r.Credit, n+1
	}
	if _, err := q.NewRaw("INSERT INTO fund_entered (import_id, from_seq, to_seq, first_day, last_day, gift_from, gift_to, gifts, amount, amounts, skip) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		b.ImportID, p.from, p.to, from, to, giftFrom, giftTo, n, sum, packAmounts(amounts), packSkipped(p.from, skip)).Exec(ctx); err != nil {
		return err
	}
	return addUp(ctx, q, b, plain)
}

// numbered takes the id of a gift apart: the first and last id that an import may have, and the row.
func numbered(giftID string) (low, high string, seq int, ok bool) {
	if len(giftID) != 36 {
		return "", "", 0, false
	}
	n, err := strconv.ParseUint(giftID[28:], 16, 32)
	return giftID[:28] + "00000000", giftID[:28] + "ffffffff", int(n), err == nil && n > 0
}

// Find finds a plain gift in its pack by its id; nil when there is none, or it has rows of its own.
func Find(ctx context.Context, q bun.IDB, giftID string) (*Gift, error) {
	return find(ctx, q, giftID, false)
}

func find(ctx context.Context, q bun.IDB, giftID string, uncounted bool) (*Gift, error) {
	low, high, seq, ok := numbered(giftID)
	if !ok {
		return nil, nil
	}
	var packs []entered
	if err := q.NewRaw(`SELECT e.import_id, i.appeal_id, i.account_id, e.from_seq, e.gift_from, e.amounts, i.posted_at FROM fund_import i JOIN fund_entered e ON e.import_id = i.id
		WHERE i.id >= ? AND i.id <= ? AND e.from_seq <= ? AND e.to_seq >= ? AND (i.state = 'posted' OR ?)`, low, high, seq, seq, uncounted).Scan(ctx, &packs); err != nil {
		return nil, err
	}
	for i := range packs {
		var found *Gift
		err := packs[i].walk(ctx, q, Filter{After: seq - 1}, func(g *Gift) error {
			if g.ID == giftID {
				found = g
			}
			return Enough
		})
		if err != nil && !errors.Is(err, Enough) {
			return nil, err
		}
		if found != nil {
			return found, nil
		}
	}
	return nil, nil
}

// Loosen gives a plain gift rows of its own, because something about it is going to change. A gift that has them, or is in no
// pack, is left alone.
func Loosen(ctx context.Context, tx db.Tx, giftID string, now time.Time) error {
	g, err := find(ctx, tx, giftID, true)
	if err != nil || g == nil {
		return err
	}
	var e struct {
		bun.BaseModel `bun:"table:fund_entered,alias:e"`
		FromSeq       int
		Skip          []byte
	}
	err = tx.ForUpdate(tx.NewSelect().Model(&e).Column("from_seq", "skip").Where("e.import_id = ?", g.ImportID).Where("e.from_seq <= ? AND e.to_seq >= ?", g.Seq, g.Seq)).Scan(ctx)
	if err != nil {
		return err
	}
	left, seqs := skipped{d: decoder{all: string(e.Skip)}, at: e.FromSeq - 1}, []int{}
	for left.next(); left.at != 0; left.next() {
		seqs = append(seqs, left.at)
	}
	at, is := slices.BinarySearch(seqs, g.Seq)
	if is { // somebody else was first
		return nil
	}
	if _, err := tx.NewRaw("UPDATE fund_entered SET skip = ?, gifts = gifts - 1, amount = amount - ? WHERE import_id = ? AND from_seq = ?",
		packSkipped(e.FromSeq, slices.Insert(seqs, at, g.Seq)), g.Credit, g.ImportID, e.FromSeq).Exec(ctx); err != nil {
		return err
	}
	b := Books{ImportID: g.ImportID, AppealID: g.AppealID, Bank: g.AccountID}
	if err := tx.NewRaw("SELECT id FROM fund_account WHERE appeal_id = ? AND role = 'gifts' AND head = '' AND earmark_id = ''", g.AppealID).Scan(ctx, &b.Gifts); err != nil {
		return err
	}
	if !g.PostedAt.IsZero() {
		now = g.PostedAt
	}
	if rows, err := Enter(ctx, tx, g.ImportID, g.AccountID, []Row{g.Row}); err != nil || len(rows) != 1 {
		return errors.Join(err, errPack)
	}
	return write(ctx, tx, b, g.Seq, g.Seq, now)
}

// Oldest gives the first plain gifts in order of day and id, at most so many. Packs come in the order of their first days: once
// there are enough, a pack that begins after the last of them is not read.
func Oldest(ctx context.Context, q bun.IDB, f Filter, most int) (out []Gift, err error) {
	keep := func() {
		slices.SortFunc(out, func(x, y Gift) int { return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.ID, y.ID)) })
		out = out[:min(len(out), most)]
	}
	f.stop = func(first clock.Date) bool {
		keep()
		return len(out) == most && first > out[most-1].Day
	}
	err = Gifts(ctx, q, f, func(g *Gift) error {
		if out = append(out, *g); len(out) >= 2*most {
			keep()
		}
		return nil
	})
	keep()
	return out, err
}

// Days lists the days on which plain gifts of an appeal may have come, in order.
func Days(ctx context.Context, q bun.IDB, appealID string) (out []clock.Date, err error) {
	var spans []struct{ GiftFrom, GiftTo clock.Date }
	err = q.NewRaw(`SELECT DISTINCT e.gift_from, e.gift_to FROM fund_import i JOIN fund_entered e ON e.import_id = i.id WHERE i.appeal_id = ? AND i.state = 'posted' AND e.gifts > 0`, appealID).Scan(ctx, &spans)
	for _, s := range spans {
		for d := s.GiftFrom; d <= s.GiftTo; d = d.AddDays(1) {
			out = append(out, d)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), err
}

// Count tells how many plain gifts of a file stand in packs.
func Count(ctx context.Context, q bun.IDB, importID string) (n int, err error) {
	err = q.NewRaw("SELECT coalesce(sum(gifts), 0) FROM fund_entered WHERE import_id = ?", importID).Scan(ctx, &n)
	return n, err
}

// Snapshot has do read one state of the books, however long it takes.
func Snapshot(ctx context.Context, d *db.DB, do func(bun.IDB) error) error {
	opts := &sql.TxOptions{}
	if d.Engine() == db.Postgres {
		opts.Isolation, opts.ReadOnly = sql.LevelRepeatableRead, true
	}
	tx, err := d.Read().BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	err = do(tx)
	return errors.Join(err, tx.Rollback())
}
