package fund_test

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// all reads everything that happened to gifts and checks that positions rise and no gift is taken twice.
func all(t *testing.T, d *db.DB, s *fund.Service, appealID string, page int) (out []fund.GiftFact) {
	t.Helper()
	taken := map[string]bool{}
	for at := (fund.Position{}); ; at = out[len(out)-1].At {
		list, err := s.GiftFacts(t.Context(), d.Read(), appealID, at, page)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return out
		}
		for _, f := range list {
			if f.At.No < at.No || f.At.No == at.No && f.At.Seq <= at.Seq || f.What == fund.GiftTaken && taken[f.ID] {
				t.Fatalf("%+v after %+v", f, at)
			}
			taken[f.ID] = taken[f.ID] || f.What == fund.GiftTaken
			at = f.At
		}
		out = append(out, list...)
	}
}

func good(t *testing.T, s *fund.Service, code string) {
	t.Helper()
	if c, err := s.CompareNow(t.Context(), house, code); err != nil || !c.Good {
		t.Fatalf("%v %+v", err, c)
	}
}

// Files of several packs: rows with a code, rows that wait and refunds of gifts in other packs stand among plain gifts; a later
// file repeats a part, in another order. Everything counts once, before and after somebody changes a gift.
func TestPacks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		a := findAppeal(t, s, "YAGI")
		ref, err := s.NewReference(t.Context(), house, "YAGI")
		if err != nil {
			t.Fatal(err)
		}
		const n = 23_000
		var rows []string
		for i := range n {
			rows = append(rows, line(8+i*3/n, fmt.Sprint(500000+i), 0, money.VND(1000+i%7), "ung ho"))
		}
		rows[77] = line(8, "600077", 0, 1077, "ung ho "+ref)
		rows[12_000] = line(11, "612000", 0, 5, "qua han")            // after the close
		rows[22_500] = line(10, "622500", 1005, 0, "hoan 500005")     // a plain gift of the first pack
		rows[22_501] = line(10, "622501", 1005, 0, "hoan lai 500005") // again: it is gone
		rows[22_502] = line(10, "622502", 1077, 0, "hoan 600077")
		first, second := rows[:21_000], slices.Clone(rows[9_000:])
		slices.Reverse(second)
		if r := must(t, s, "YAGI", head+strings.Join(first, "")); r.Posted != 20_999 || r.Queued != 1 {
			t.Fatalf("%+v", r)
		}
		good(t, s, "YAGI")
		r := must(t, s, "YAGI", head+strings.Join(second, ""))
		if r.RowsRead != 14_000 || r.Known != 12_000 || r.Posted != 1_999 || r.Queued != 1 {
			t.Fatalf("%+v", r)
		}
		good(t, s, "YAGI")
		list := all(t, d, s, a.ID, 5000)
		if len(list) != n-4+2 {
			t.Fatalf("%d facts", len(list))
		}
		if again := all(t, d, s, a.ID, 1999); !slices.Equal(again, list) {
			t.Fatal("another size of page tells another story")
		}
		g := list[15_000]
		if one, err := s.GiftByID(t.Context(), d.Read(), g.ID); err != nil || one.ID != g.ID || one.Document != g.Document || one.Amount != g.Amount || one.Channel != "VCB" || !one.PostedAt.Equal(g.PostedAt) {
			t.Fatalf("%v %+v %+v", err, one, g)
		}
		_, err = s.GiftByID(t.Context(), d.Read(), list[0].ID[:28]+"00ffffff")
		wantFault(t, err, "fund.gift.none")
		found, err := s.FindGifts(t.Context(), house, "YAGI", fund.GiftQuery{Amount: g.Amount, Day: g.Day})
		if err != nil || len(found) != 200 || found[0].Amount != g.Amount || found[0].Day != g.Day {
			t.Fatalf("%v %d", err, len(found))
		}
		if err := s.WithdrawGift(t.Context(), house, "YAGI", g.ID, "nhầm"); err != nil {
			t.Fatal(err)
		}
		mark, err := s.AddEarmark(t.Context(), house, "YAGI", fund.Earmark{Code: "NU", Name: "Làng Nủ", Sort: fund.ForPlace})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.EarmarkGift(t.Context(), house, "YAGI", list[0].ID, mark.ID, "người gửi nói"); err != nil {
			t.Fatal(err)
		}
		good(t, s, "YAGI")
		after := all(t, d, s, a.ID, 4000)
		if len(after) != len(list)+2 || after[15_000].ID != g.ID || after[15_000].At != g.At || after[15_000].State != fund.GiftNone || after[0].EarmarkID != mark.ID {
			t.Fatalf("%d facts, %+v", len(after), after[15_000])
		}
		if again, err := s.FindGifts(t.Context(), house, "YAGI", fund.GiftQuery{Amount: 1077}); err != nil || len(again) != 1 || again[0].State != fund.GiftBack {
			t.Fatalf("%v %+v", err, again)
		}
		if r := must(t, s, "YAGI", head+strings.Join(rows, "")); r.Known != n || r.Posted != 0 {
			t.Fatalf("%+v", r)
		}
		hledgerHolds(t, s, "YAGI")
	}, fund.Migrations)
}

// A day that has not come is refused with its row; the day after today is not, which some banks book in the evening.
func TestFutureRows(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d) // it is 20 September
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		r, err := take(s, "YAGI", head+line(20, "1", 0, 1000, "x")+line(22, "2", 0, 1000, "x")+line(9, "3", 0, 1000, "x")+line(30, "4", 5, 0, "x"))
		if err != nil || r.State != fund.ImportRefused || len(r.Totals.Problems) != 2 || r.RowsRead != 4 {
			t.Fatalf("%v %+v", err, r)
		}
		for i, row := range []int{3, 5} {
			if p := r.Totals.Problems[i]; p.Row != row || p.Fault.Key != "fund.statement.future" {
				t.Errorf("%+v", p)
			}
		}
		if n := nets(t, s, "YAGI"); n[fund.RoleBank] != 0 {
			t.Fatal(n)
		}
		if r := must(t, s, "YAGI", head+line(21, "1", 0, 1000, "x")); r.Queued != 1 {
			t.Fatalf("%+v", r)
		}
	}, fund.Migrations)
}

// What refers to nothing is found, each kind by its name, since the database itself does not look.
func TestFlaws(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		must(t, s, "YAGI", head+line(9, "500001", 0, 1000, "x")+line(9, "500002", 0, 2000, "x")+line(9, "700003", 1000, 0, "hoan 500001")+line(11, "4", 0, 7, "x"))
		good(t, s, "YAGI")
		for what, harm := range map[string]string{
			"line_without_entry":   "INSERT INTO fund_line (entry_id, line_no, debit_id, credit_id, amount) VALUES ('x', 1, 'a', 'b', 5)",
			"line_without_account": "UPDATE fund_line SET debit_id = 'nowhere'",
			"entry_without_line":   "DELETE FROM fund_line",
			"entry_without_appeal": "UPDATE fund_entry SET appeal_id = 'x' WHERE kind = 'refund'",
			"reversal_of_nothing":  "UPDATE fund_entry SET reverses = 'x' WHERE kind = 'refund'",
			"gift_without_entry":   "UPDATE fund_gift SET id = 'x'",
			"gift_without_row":     "UPDATE fund_gift SET row_id = 'x'",
			"row_without_entry":    "DELETE FROM fund_entry WHERE kind = 'refund'",
			"row_without_file":     "UPDATE fund_row SET import_id = 'x'",
			"pack_missing":         "DELETE FROM fund_staged",
			"rows_missing":         "UPDATE fund_entered SET to_seq = to_seq - 1",
			"pack_sums":            "UPDATE fund_entered SET amount = amount + 1",
		} {
			err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				if _, err := tx.NewRaw(harm).Exec(ctx); err != nil {
					return err
				}
				list, err := s.Flaws(ctx, tx)
				if err != nil {
					return err
				}
				for _, f := range list {
					if f.What == what && f.Count > 0 {
						return errHarmless
					}
				}
				return fmt.Errorf("%s is not among %+v", what, list)
			})
			if d.Engine() == db.SQLite && what == "row_without_file" && err != nil && strings.Contains(err.Error(), "FOREIGN KEY") {
				continue // there the database looks itself
			}
			if err != errHarmless {
				t.Errorf("%s: %v", what, err)
			}
		}
		good(t, s, "YAGI")
	}, fund.Migrations)
}

var errHarmless = fmt.Errorf("taken back")

// upTo gives the migrations up to a version.
func upTo(t *testing.T, version string) db.Migrations {
	t.Helper()
	out := fstest.MapFS{}
	names, err := fs.Glob(fund.Migrations.FS, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if path.Base(name)[:4] > version {
			continue
		}
		b, err := fs.ReadFile(fund.Migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		out[path.Base(name)] = &fstest.MapFile{Data: b}
	}
	return db.Migrations{Name: "fund", FS: out}
}

// books of the form before packs: a posted file of two gifts, one of which went back, a row that waits, and a cash gift; then a
// file that is half on its way in, with a refund of the second gift that does not count yet.
const oldBooks = `
INSERT INTO fund_appeal (id, code, title, unit_id, basis, opens, closes, created_at) VALUES ('a', 'OLD', 'Ủng hộ', 'UNIT', 'x', '2024-09-08', '2024-09-10', '2024-09-08 00:00:00+00:00');
INSERT INTO fund_account (id, appeal_id, role, bank, number) VALUES ('bank', 'a', 'bank', '970436', '9990000000001'), ('gifts', 'a', 'gifts', '', ''), ('uns', 'a', 'unsorted', '', ''), ('cash', 'a', 'cash', '', '');
INSERT INTO fund_import (id, appeal_id, account_id, layout, hash, file, state, rows_read, posted, queued, credit, debit, started_at, posted_at) VALUES
	('i1', 'a', 'bank', 'vcb', 'h1', 'f1', 'posted', 4, 3, 1, 6000, 1000, '2024-09-09 00:00:00+00:00', '2024-09-09 00:00:00+00:00'), ('i2', 'a', 'bank', 'vcb', 'h2', 'f2', 'proved', 3, 0, 0, 500, 2000, '2024-09-10 00:00:00+00:00', NULL);
INSERT INTO fund_row (id, import_id, seq, account_id, row_no, day, clock_time, doc_no, ref, debit, credit, memo, other_side, fingerprint, ordinal, reference, state) VALUES
	('r1', 'i1', 1, 'bank', 2, '2024-09-09', '', 'd1', '', 0, 1000, 'x', '', 'p1', 1, '', 'gift'), ('r2', 'i1', 2, 'bank', 3, '2024-09-09', '', 'd2', '', 0, 2000, 'x', '', 'p2', 1, '', 'gift'),
	('r3', 'i1', 3, 'bank', 4, '2024-09-11', '', 'd3', '', 0, 3000, 'x', '', 'p3', 1, '', 'after_close'), ('r4', 'i1', 4, 'bank', 5, '2024-09-09', '', 'd4', '', 1000, 0, 'hoan d1', '', 'p4', 1, '', 'refund'),
	('q1', 'i2', 1, 'bank', 2, '2024-09-10', '', 'e1', '', 0, 500, 'x', '', 'p5', 1, '', 'gift'), ('q2', 'i2', 2, 'bank', 3, '2024-09-10', '', 'e2', '', 2000, 0, 'hoan d2', '', 'p6', 1, '', 'refund'),
	('q3', 'i2', 3, 'bank', 4, '2024-09-10', '', 'e3', '', 0, 700, 'x', '', 'p7', 1, '', 'staged');
INSERT INTO fund_entry (id, appeal_id, day, kind, note, import_id, reverses, created_at) VALUES ('r1', 'a', '2024-09-09', 'gift', 'd1', 'i1', '', '2024-09-09 00:00:00+00:00'),
	('r2', 'a', '2024-09-09', 'gift', 'd2', 'i1', '', '2024-09-09 00:00:00+00:00'), ('r3', 'a', '2024-09-11', 'unsorted', 'd3', 'i1', '', '2024-09-09 00:00:00+00:00'),
	('r4', 'a', '2024-09-09', 'refund', 'd4', 'i1', 'r1', '2024-09-09 00:00:00+00:00'), ('c1', 'a', '2024-09-09', 'cash', 'PT1', '', '', '2024-09-09 00:00:00+00:00'),
	('q1', 'a', '2024-09-10', 'gift', 'e1', 'i2', '', '2024-09-10 00:00:00+00:00'), ('q2', 'a', '2024-09-10', 'refund', 'e2', 'i2', 'r2', '2024-09-10 00:00:00+00:00');
INSERT INTO fund_line (entry_id, line_no, debit_id, credit_id, amount) VALUES ('r1', 1, 'bank', 'gifts', 1000), ('r2', 1, 'bank', 'gifts', 2000), ('r3', 1, 'bank', 'uns', 3000), ('r4', 1, 'gifts', 'bank', 1000),
	('c1', 1, 'cash', 'gifts', 900), ('q1', 1, 'bank', 'gifts', 500), ('q2', 1, 'gifts', 'bank', 2000);
INSERT INTO fund_gift (id, appeal_id, row_id, day, amount, reference, state) VALUES ('r1', 'a', 'r1', '2024-09-09', 1000, '', 'refunded'), ('r2', 'a', 'r2', '2024-09-09', 2000, '', 'refunded'),
	('c1', 'a', NULL, '2024-09-09', 900, '', 'taken'), ('q1', 'a', 'q1', '2024-09-10', 500, '', 'taken');
INSERT INTO fund_queue (id, appeal_id, reason) VALUES ('r3', 'a', 'after_close');
INSERT INTO fund_total (account_id, day, debit, credit, gifts) VALUES ('bank', '2024-09-09', 3000, 1000, 1), ('bank', '2024-09-11', 3000, 0, 0), ('gifts', '2024-09-09', 1000, 3900, 3), ('uns', '2024-09-11', 0, 3000, 1), ('cash', '2024-09-09', 900, 0, 0);
INSERT INTO fund_pending (import_id, account_id, day, debit, credit, gifts) VALUES ('i2', 'bank', '2024-09-10', 500, 2000, 1), ('i2', 'gifts', '2024-09-10', 2000, 500, 1);
INSERT INTO fund_posting (appeal_id, no, import_id, at) VALUES ('a', 1, 'i1', '2024-09-09 00:00:00+00:00'), ('a', 2, '', '2024-09-09 00:00:00+00:00'), ('a', 3, '', '2024-09-09 00:00:00+00:00');
INSERT INTO fund_posted (appeal_id, no, seq, gift_id, what) VALUES ('a', 2, 1, 'r1', 'refunded'), ('a', 3, 1, 'c1', 'taken');
`

// Books that were written before rows waited in packs are the same to the đồng afterwards; a file that was half in counts for
// nothing, what it had marked as sent back stands again, and it can be brought again.
func TestMigrateBooks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), upTo(t, "0004")); err != nil {
			t.Fatal(err)
		}
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			for _, q := range strings.Split(oldBooks, ";\n") {
				if strings.TrimSpace(q) == "" {
					continue
				}
				if _, err := tx.NewRaw(q).Exec(ctx); err != nil {
					return fmt.Errorf("%w in %s", err, q)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		lines := func() (out []string) {
			rows, err := d.Read().QueryContext(t.Context(), `SELECT e.id, e.appeal_id, e.day, e.kind, e.note, e.import_id, e.reverses, l.line_no, l.debit_id, l.credit_id, l.amount
				FROM fund_entry e JOIN fund_line l ON l.entry_id = e.id WHERE e.import_id <> 'i2' ORDER BY e.id, l.line_no`)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var x [7]string
				var no, amount int64
				var debit, credit string
				if err := rows.Scan(&x[0], &x[1], &x[2], &x[3], &x[4], &x[5], &x[6], &no, &debit, &credit, &amount); err != nil {
					t.Fatal(err)
				}
				out = append(out, fmt.Sprint(x, no, debit, credit, amount))
			}
			return out
		}
		before := lines()
		if err := d.Migrate(t.Context(), fund.Migrations); err != nil {
			t.Fatal(err)
		}
		if after := lines(); len(before) != 5 || !slices.Equal(before, after) {
			t.Fatalf("%v\n%v", before, after)
		}
		s, _ := service(t, d)
		n := nets(t, s, "OLD")
		if n[fund.RoleBank] != 5000 || n[fund.RoleGifts] != -2900 || n[fund.RoleUnsorted] != -3000 || n[fund.RoleCash] != 900 {
			t.Fatal(n)
		}
		good(t, s, "OLD")
		g, err := s.GiftByID(t.Context(), d.Read(), "r2")
		if err != nil || g.State != fund.GiftStands {
			t.Fatalf("%v %+v", err, g)
		}
		if got := story(all(t, d, s, "a", 3)); got != "1.1 taken 1000 VCB\n1.2 taken 2000 VCB\n2.1 refunded 1000 VCB\n3.1 taken 900 cash" {
			t.Fatal(got)
		}
		for _, left := range []string{"fund_row WHERE import_id = 'i2'", "fund_entry WHERE import_id = 'i2'", "fund_gift WHERE id = 'q1'", "fund_pending", "fund_line WHERE entry_id IN ('q1', 'q2')"} {
			var k int
			if err := d.Read().NewRaw("SELECT count(*) FROM "+left).Scan(t.Context(), &k); err != nil || k != 0 {
				t.Errorf("%s: %v %d", left, err, k)
			}
		}
		if r := must(t, s, "OLD", head+line(9, "d9", 0, 4000, "moi")); r.Posted != 1 {
			t.Fatalf("%+v", r)
		}
		good(t, s, "OLD")
	}, db.Migrations{Name: "none", FS: fstest.MapFS{}})
}
