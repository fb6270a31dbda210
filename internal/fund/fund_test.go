package fund_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// now is 20 September 2024, ten days after the appeal of the tests closed.
var now = time.Date(2024, 9, 20, 2, 0, 0, 0, time.UTC)

var house = identity.System("test")

// trail writes down what was recorded.
type trail struct {
	mu   sync.Mutex
	list []identity.Trace
}

func (t *trail) Record(_ context.Context, _ db.Tx, x identity.Trace) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, x)
	return nil
}

func service(t testing.TB, d *db.DB) (*fund.Service, *trail) {
	tr := &trail{}
	return fund.New(fund.Deps{DB: d, Clock: clock.NewStub(now), Trail: tr, Has: func(unitID string) bool { return unitID == orgunittest.Province },
		Authz: identitytest.Authorizer(t, identitytest.Tree(), identitytest.File("fund", fund.Policies))}), tr
}

func newAppeal(code string, accounts ...string) fund.NewAppeal {
	return fund.NewAppeal{Code: code, Name: "Ủng hộ đồng bào vùng bão", UnitID: orgunittest.Province, Basis: "Lời kêu gọi số 12/LKG-MTTQ", Opens: "2024-09-08", Closes: "2024-09-10", Accounts: accounts}
}

func open(t testing.TB, s *fund.Service, in fund.NewAppeal) {
	t.Helper()
	if _, err := s.OpenAppeal(t.Context(), house, in); err != nil {
		t.Fatal(err)
	}
}

const head = "PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n"

// line writes a row of a Vietcombank statement.
func line(day int, doc string, debit, credit money.VND, memo string) string {
	cell := func(v money.VND) string {
		if v == 0 {
			return ""
		}
		return fmt.Sprint(int64(v))
	}
	return fmt.Sprintf("1,%02d/09/2024,%s,%s,%s,,%s\n", day, doc, cell(debit), cell(credit), memo)
}

func take(s *fund.Service, code, text string) (fund.ImportResult, error) {
	return s.Import(context.Background(), house, fund.ImportRequest{Appeal: code, Layout: statement.Vietcombank, Name: "vcb.csv", File: strings.NewReader(text), Size: int64(len(text))})
}

func must(t testing.TB, s *fund.Service, code, text string) fund.ImportResult {
	t.Helper()
	r, err := take(s, code, text)
	if err != nil {
		t.Fatal(err)
	}
	if r.State == fund.ImportRefused {
		t.Fatal(r.Totals.Problems)
	}
	return r
}

// nets gives what stands on the accounts by role, and checks that all together are zero.
func nets(t testing.TB, s *fund.Service, code string) map[fund.Role]money.VND {
	t.Helper()
	list, err := s.Balances(context.Background(), house, code)
	if err != nil {
		t.Fatal(err)
	}
	out, sum := map[fund.Role]money.VND{}, money.VND(0)
	for _, b := range list {
		out[b.Role] += b.Net()
		sum += b.Net()
	}
	if sum != 0 {
		t.Fatalf("debits and credits differ by %s", sum)
	}
	return out
}

func wantFault(t testing.TB, err error, key string) {
	t.Helper()
	var f *fault.Error
	var fs fault.Fields
	if errors.As(err, &fs) {
		f = fs[0]
	} else if !errors.As(err, &f) {
		t.Fatalf("got %v, want %s", err, key)
	}
	if f.Key != key {
		t.Fatalf("got %v, want %s", err, key)
	}
}

func TestImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, tr := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		open(t, s, newAppeal("OTHER", "VCB:9990000000002"))
		other, err := s.NewReference(t.Context(), house, "OTHER")
		if err != nil {
			t.Fatal(err)
		}
		first := head + line(7, "5000.1", 0, 70_000, "som") + line(8, "5000.2", 0, 100_000, "ung ho") + line(8, "5000.2", 0, 100_000, "ung ho") +
			line(9, "5000.33", 0, 200_000, "ung ho") + line(9, "5000.4", 0, 300_000, "IB."+strings.ToLower(other[:6])+" "+other[6:]+" chuyen tien")
		r := must(t, s, "YAGI", first)
		if r.RowsRead != 5 || r.Posted != 3 || r.Queued != 2 || r.Known != 0 || r.QueuedRows[0] != (fund.QueuedRow{Row: 2, Reason: fund.BeforeOpen}) || r.QueuedRows[1] != (fund.QueuedRow{Row: 6, Reason: fund.OtherAppeal}) {
			t.Fatalf("%+v", r)
		}
		if n := nets(t, s, "YAGI"); n[fund.RoleBank] != 770_000 || n[fund.RoleGifts] != -400_000 || n[fund.RoleUnsorted] != -370_000 {
			t.Fatal(n)
		}
		if r := must(t, s, "YAGI", first); r.State != fund.ImportKnown || r.Known != 5 || r.Posted != 0 || r.Totals.Credit != 770_000 {
			t.Fatalf("the same file again: %+v", r)
		}
		// The next file overlaps, brings a third movement with the same number, a refund, one that names nothing, and a gift too late.
		second := head + line(8, "5000.2", 0, 100_000, "ung ho") + line(8, "5000.2", 0, 100_000, "ung ho") + line(8, "5000.2", 0, 100_000, "ung ho") + line(9, "5000.33", 0, 200_000, "ung ho") +
			line(10, "5001.1", 200_000, 0, "hoan tra GD 5000.33 chuyen nham") + line(10, "5001.2", 100_000, 0, "phi") + line(11, "5002.1", 0, 900_000, "ung ho")
		r = must(t, s, "YAGI", second)
		if r.Known != 3 || r.Posted != 2 || r.Queued != 2 || r.QueuedRows[0].Reason != fund.MoneyOut || r.QueuedRows[1].Reason != fund.AfterClose {
			t.Fatalf("%+v", r)
		}
		if n := nets(t, s, "YAGI"); n[fund.RoleBank] != 1_470_000 || n[fund.RoleGifts] != -300_000 {
			t.Fatal(n)
		}
		if last := tr.list[len(tr.list)-1]; last.Action != fund.ActionImport || last.Details["posted"] != "2" {
			t.Errorf("%+v", last)
		}
	}, fund.Migrations)
}

// Nothing of a file enters the books while anything in it is wrong, and when it has been put right all of it does.
func TestAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001", "agri:8880000000001"))
		good := head
		for i := range 4500 { // more than two batches
			good += line(8, fmt.Sprint(6000+i%50), 0, 50_000, fmt.Sprint("ung ho ", i/100))
		}
		r, err := take(s, "YAGI", good+line(8, "1", 0, 1, "")+"1,31/02/2024,2,,1,,\n")
		if err != nil || r.State != fund.ImportRefused || r.Totals.Problems[0].Row != 4503 || r.RowsRead != 4502 {
			t.Fatalf("%v %+v", err, r)
		}
		if n := nets(t, s, "YAGI"); n[fund.RoleBank] != 0 {
			t.Fatal(n)
		}
		if r := must(t, s, "YAGI", good); r.Posted != 4500 {
			t.Fatalf("%+v", r)
		}
		text := good + line(9, "x", 0, 1, "")
		r, err = s.Import(t.Context(), house, fund.ImportRequest{Appeal: "yagi", Layout: statement.Vietcombank, File: strings.NewReader(text), Size: int64(len(text)), Rows: 4500, Sum: 3})
		if err != nil || r.State != fund.ImportRefused || len(r.Totals.Problems) != 2 {
			t.Fatalf("what the bank states is not compared: %v %+v", err, r)
		}
		_, err = s.Import(t.Context(), house, fund.ImportRequest{Appeal: "YAGI", Layout: statement.BIDV, File: strings.NewReader(text), Size: int64(len(text))})
		wantFault(t, err, "fund.import.no_account")
		_, err = s.Import(t.Context(), house, fund.ImportRequest{Appeal: "YAGI", Layout: statement.MT940, File: strings.NewReader(text), Size: int64(len(text))})
		wantFault(t, err, "fund.import.which_account")
		mt := ":25:777\n:60F:C240908VND0,\n:61:240908C5,NTRFX\n:62F:C240908VND5,\n"
		r, err = s.Import(t.Context(), house, fund.ImportRequest{Appeal: "YAGI", Layout: statement.MT940, Account: "888 0000000001", File: strings.NewReader(mt), Size: int64(len(mt))})
		if err != nil || r.State != fund.ImportRefused || r.Totals.Problems[0].Fault.Key != "fund.import.other_account" {
			t.Fatalf("%v %+v", err, r)
		}
	}, fund.Migrations)
}

// dying is a file whose reader fails after so many bytes, as a killed process leaves it.
type dying struct {
	*strings.Reader
	left int
}

var errDied = errors.New("died")

func (f *dying) ReadAt(b []byte, off int64) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, errDied
	}
	return f.Reader.ReadAt(b, off)
}

// An import that was cut short goes on, and neither counts a row twice nor forgets one.
func TestGoesOnAfterAKill(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		text := head
		for i := range 6000 {
			text += line(8, fmt.Sprint(6000+i%7), 0, 50_000, fmt.Sprint("ung ho ", i%11))
		}
		_, err := s.Import(t.Context(), house, fund.ImportRequest{Appeal: "YAGI", Layout: statement.Vietcombank, Size: int64(len(text)),
			File: &dying{Reader: strings.NewReader(text), left: 2*len(text) - 60_000}})
		if !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		if n := nets(t, s, "YAGI"); n[fund.RoleBank] != 0 {
			t.Fatal("half a file is in the books")
		}
		if r := must(t, s, "YAGI", text); r.Posted != 6000 || nets(t, s, "YAGI")[fund.RoleGifts] != -300_000_000 {
			t.Fatalf("%+v", r)
		}
	}, fund.Migrations)
}

// Two people with one file, and a third with one that overlaps, at the same time.
func TestAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		text := head
		for i := range 2500 {
			text += line(8, fmt.Sprint(6000+i), 0, 1000, "ung ho")
		}
		longer := text + line(9, "7", 0, 1000, "ung ho")
		var wg sync.WaitGroup
		for _, file := range []string{text, text, longer} {
			wg.Go(func() {
				if _, err := take(s, "YAGI", file); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := nets(t, s, "YAGI"); n[fund.RoleBank] != 2_501_000 {
			t.Fatal(n)
		}
	}, fund.Migrations)
}

func TestQueueAndPeriods(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		must(t, s, "YAGI", head+line(7, "1", 0, 70_000, "som")+line(11, "2", 0, 80_000, "muon")+line(9, "3", 5_000, 0, "phi"))
		list, err := s.Queue(t.Context(), house, "YAGI")
		if err != nil || len(list) != 3 {
			t.Fatalf("%v %+v", err, list)
		}
		early, out, late := list[0], list[1], list[2]
		wantFault(t, s.TakeAsGift(t.Context(), house, "YAGI", early.ID, " "), "fund.note")
		wantFault(t, s.TakeAsGift(t.Context(), house, "YAGI", late.ID, "xin nhận"), "fund.queue.after_close")
		wantFault(t, s.TakeAsGift(t.Context(), house, "YAGI", out.ID, "xin nhận"), "fund.queue.money_out")
		if err := s.TakeAsGift(t.Context(), house, "YAGI", early.ID, "Gửi trước lễ phát động"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, s.TakeAsGift(t.Context(), house, "YAGI", early.ID, "lần nữa"), "fund.queue.sorted")
		if n := nets(t, s, "YAGI"); n[fund.RoleGifts] != -70_000 || n[fund.RoleBank] != 145_000 {
			t.Fatal(n)
		}
		var b bytes.Buffer
		if err := s.ExportHledger(t.Context(), house, "YAGI", &b); err != nil {
			t.Fatal(err)
		}
		sorted := b.String()[:strings.Index(b.String(), ") sorted")]
		gift := sorted[strings.LastIndexByte(sorted, '(')+1:]
		if err := s.WithdrawGift(t.Context(), house, "YAGI", gift, "Nhầm dòng"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, s.WithdrawGift(t.Context(), house, "YAGI", gift, "lần nữa"), "fund.gift.gone")
		if list, err = s.Queue(t.Context(), house, "YAGI"); err != nil || len(list) != 3 || list[0].Reason != fund.Withdrawn || nets(t, s, "YAGI")[fund.RoleGifts] != 0 {
			t.Fatalf("%v %+v", err, list)
		}
		wantFault(t, s.ClosePeriod(t.Context(), house, "YAGI", "2024-09-20"), "fund.period.until")
		if err := s.ClosePeriod(t.Context(), house, "YAGI", "2024-09-09"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, s.ClosePeriod(t.Context(), house, "YAGI", "2024-09-08"), "fund.period.closed_already")
		_, err = take(s, "YAGI", head+line(10, "4", 0, 1, "a")+line(9, "5", 0, 1, "b"))
		wantFault(t, err, "fund.import.closed")
		if r := must(t, s, "YAGI", head+line(7, "1", 0, 70_000, "som")+line(10, "4", 0, 1, "a")); r.Known != 1 || r.Posted != 1 {
			t.Fatalf("a known row of a closed period stands in no one's way: %+v", r)
		}
	}, fund.Migrations)
}

func TestOpenAppealRefuses(t *testing.T) {
	d := dbtest.SQLite(t, fund.Migrations)
	s, _ := service(t, d)
	open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
	for key, change := range map[string]func(*fund.NewAppeal){
		"fund.appeal.code":          func(a *fund.NewAppeal) { a.Code = "a b" },
		"fund.appeal.name":          func(a *fund.NewAppeal) { a.Name = " " },
		"fund.appeal.basis":         func(a *fund.NewAppeal) { a.Basis = "" },
		"fund.appeal.unit":          func(a *fund.NewAppeal) { a.UnitID = "x" },
		"fund.appeal.dates":         func(a *fund.NewAppeal) { a.Closes = "2024-09-07" },
		"fund.appeal.no_account":    func(a *fund.NewAppeal) { a.Accounts = nil },
		"fund.appeal.bank":          func(a *fund.NewAppeal) { a.Accounts = []string{"NOBANK:123456"} },
		"fund.appeal.account":       func(a *fund.NewAppeal) { a.Accounts = []string{"VCB:1"} },
		"fund.appeal.taken":         func(a *fund.NewAppeal) { a.Code = "yagi" },
		"fund.appeal.account_taken": func(a *fund.NewAppeal) { a.Accounts = []string{"970436:999 000 0000 001"} },
	} {
		in := newAppeal("NEW", "VCB:9990000000009")
		change(&in)
		_, err := s.OpenAppeal(t.Context(), house, in)
		wantFault(t, err, key)
	}
	_, err := s.Appeal(t.Context(), house, "NONE")
	wantFault(t, err, "fund.appeal.none")
	// Officials read the books of their unit; they do not take statements in, and a stranger learns of no appeal.
	leader := identitytest.Official("l", identity.RoleLeader, orgunittest.Province)
	if _, err := s.Appeal(t.Context(), leader, "YAGI"); err != nil {
		t.Error(err)
	}
	if _, err := s.Import(t.Context(), leader, fund.ImportRequest{Appeal: "YAGI"}); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	_, err = s.Appeal(t.Context(), identitytest.Official("s", identity.RoleEditor, orgunittest.Province), "YAGI")
	wantFault(t, err, "fund.appeal.none")
}

// The vectors were checked against two published ones; see data/README.md.
func TestVietQR(t *testing.T) {
	b, err := data.Read(data.VietQRVectors)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name, Input, CRC, Payload string
		Args                      []any
	}
	if err := json.Unmarshal(b, &vectors); err != nil || len(vectors) < 5 {
		t.Fatal(err)
	}
	for _, v := range vectors {
		if v.Payload == "" {
			continue
		}
		amount, memo := 0.0, ""
		if len(v.Args) > 2 {
			amount, _ = v.Args[2].(float64)
		}
		if len(v.Args) > 3 {
			memo, _ = v.Args[3].(string)
		}
		got, err := fund.VietQR(v.Args[0].(string), v.Args[1].(string), money.VND(amount), memo)
		if err != nil || got != v.Payload {
			t.Errorf("%s: got %s %v, want %s", v.Name, got, err, v.Payload)
		}
	}
	for key, err := range map[string]error{"fund.qr.bank": qr("97043", "123456", 0, ""), "fund.qr.account": qr("970436", "1", 0, ""),
		"fund.qr.amount": qr("970436", "123456", -1, ""), "fund.qr.memo": qr("970436", "123456", 0, "ủng hộ")} {
		wantFault(t, err, key)
	}
}

func qr(bin, account string, amount money.VND, memo string) error {
	_, err := fund.VietQR(bin, account, amount, memo)
	return err
}

// After any sequence of overlapping files, re-imports, sortings and withdrawals the debits equal the credits, the ledger's
// bank account equals the union of what the bank said, and taking everything in again changes nothing.
func TestLedgerHolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			n++
			code := fmt.Sprintf("P%d", n)
			open(t, s, newAppeal(code, fmt.Sprintf("VCB:77%06d", n)))
			bank := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
				amount := money.VND(rapid.SampledFrom([]int{1000, 2000, 50_000}).Draw(rt, "amount"))
				doc := fmt.Sprint("555", rapid.IntRange(100, 103).Draw(rt, "doc"))
				day := rapid.IntRange(7, 11).Draw(rt, "day")
				if rapid.IntRange(0, 4).Draw(rt, "out") == 0 {
					return line(day, "9", amount, 0, "hoan "+doc)
				}
				return line(day, doc, 0, amount, rapid.SampledFrom([]string{"ung ho", "giup"}).Draw(rt, "memo"))
			}), 1, 30).Draw(rt, "bank")
			seen := 0 // how far the accountant has got in what the bank says
			for range rapid.IntRange(1, 5).Draw(rt, "steps") {
				upTo := rapid.IntRange(1, len(bank)).Draw(rt, "up to")
				if r := must(t, s, code, head+strings.Join(bank[:upTo], "")); r.Posted+r.Queued+r.Known != upTo {
					rt.Fatalf("%+v", r)
				}
				seen = max(seen, upTo)
				if list, err := s.Queue(t.Context(), house, code); err == nil && len(list) > 0 && rapid.Bool().Draw(rt, "sort") {
					err := s.TakeAsGift(t.Context(), house, code, rapid.SampledFrom(list).Draw(rt, "row").ID, "thử")
					if err != nil && !fault.Is(err, fault.Conflict) {
						rt.Fatal(err)
					}
				}
			}
			want := money.VND(0)
			for _, row := range bank[:seen] {
				var in, out int64
				cells := strings.Split(row, ",")
				fmt.Sscan(cells[3], &out)
				fmt.Sscan(cells[4], &in)
				want += money.VND(in - out)
			}
			before := nets(t, s, code)
			if before[fund.RoleBank] != want {
				rt.Fatalf("the bank says %s, the ledger %s", want, before[fund.RoleBank])
			}
			must(t, s, code, head+strings.Join(bank[:seen], ""))
			if after := nets(t, s, code); fmt.Sprint(after) != fmt.Sprint(before) {
				rt.Fatalf("importing again changed %v to %v", before, after)
			}
		})
	}, fund.Migrations)
}
