package fund_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// tx does something of another room's inside its transaction.
func tx[T any](t testing.TB, d *db.DB, do func(context.Context, db.Tx) (T, error)) (out T, err error) {
	t.Helper()
	err = d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
		out, err = do(ctx, tx)
		return err
	})
	return out, err
}

func spend(t testing.TB, d *db.DB, s *fund.Service, in fund.Spending) (string, error) {
	return tx(t, d, func(ctx context.Context, tx db.Tx) (string, error) { return s.PostSpending(ctx, tx, in) })
}

// facts reads everything that happened to gifts, in parts of two.
func facts(t testing.TB, d *db.DB, s *fund.Service, appealID string) (out []fund.GiftFact) {
	t.Helper()
	var at fund.Position
	for {
		list, err := s.GiftFacts(t.Context(), d.Read(), appealID, at, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			return out
		}
		out, at = append(out, list...), list[len(list)-1].At
	}
}

func story(list []fund.GiftFact) string {
	var out []string
	for _, f := range list {
		out = append(out, fmt.Sprintf("%d.%d %s %d %s", f.At.No, f.At.Seq, f.What, f.Amount, f.Channel))
	}
	return strings.Join(out, "\n")
}

func findAppeal(t testing.TB, s *fund.Service, code string) fund.Appeal {
	t.Helper()
	a, err := s.Appeal(t.Context(), house, code)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSpendingAndEarmarks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		a := findAppeal(t, s, "YAGI")
		mark, err := s.AddEarmark(t.Context(), house, "YAGI", fund.Earmark{Code: "lang-nu", Name: "Làng Nủ", Sort: fund.ForPlace, Heads: []fund.Head{fund.HeadHousing}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.AddEarmark(t.Context(), house, "YAGI", fund.Earmark{Code: "LANG-NU", Name: "Nữa", Sort: fund.ForPlace})
		wantFault(t, err, "fund.earmark.taken")
		ref, err := tx(t, d, func(ctx context.Context, tx db.Tx) (string, error) { return s.NewReferenceFor(ctx, tx, a.ID, mark.ID) })
		if err != nil {
			t.Fatal(err)
		}
		must(t, s, "YAGI", head+line(9, "1", 0, 500_000, "ung ho")+line(9, "2", 0, 300_000, ref+" lang nu"))
		cash, err := tx(t, d, func(ctx context.Context, tx db.Tx) (string, error) {
			return s.PostCash(ctx, tx, fund.CashGift{AppealID: a.ID, Day: "2024-09-10", Amount: 200_000, Document: "PT 01", EarmarkID: mark.ID})
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := story(facts(t, d, s, a.ID)); got != "1.1 taken 500000 VCB\n1.2 taken 300000 VCB\n2.1 taken 200000 cash" {
			t.Fatal(got)
		}
		food := fund.Spending{AppealID: a.ID, Day: "2024-09-15", Amount: 100_000, Head: fund.HeadFood, Document: "QĐ 1"}
		for key, change := range map[string]func(*fund.Spending){
			"fund.spend.too_much":   func(x *fund.Spending) { x.Amount = 500_001 },
			"fund.earmark.head":     func(x *fund.Spending) { x.EarmarkID = mark.ID },
			"fund.earmark.too_much": func(x *fund.Spending) { x.EarmarkID, x.Head, x.Amount = mark.ID, fund.HeadHousing, 500_001 },
			"fund.spend.cash":       func(x *fund.Spending) { x.FromCash, x.Amount = true, 200_001 },
			"fund.spend.running":    func(x *fund.Spending) { x.Head = fund.HeadRunning },
			"fund.spend.head":       func(x *fund.Spending) { x.Head = "z" },
			"fund.amount":           func(x *fund.Spending) { x.Amount = 0 },
			"fund.day":              func(x *fund.Spending) { x.Day = "2024-09-21" },
			"fund.earmark.none":     func(x *fund.Spending) { x.EarmarkID = "x" },
			"fund.appeal.none":      func(x *fund.Spending) { x.AppealID = "x" },
		} {
			in := food
			change(&in)
			if _, err := spend(t, d, s, in); key == "fund.appeal.none" {
				if err == nil {
					t.Error("an appeal that is none")
				}
			} else {
				wantFault(t, err, key)
			}
		}
		paid, err := spend(t, d, s, food)
		if err != nil {
			t.Fatal(err)
		}
		house1 := food
		house1.Head, house1.EarmarkID, house1.Amount = fund.HeadHousing, mark.ID, 450_000
		if _, err := spend(t, d, s, house1); err != nil {
			t.Fatal(err)
		}
		// What was spent cannot be taken back: neither the cash that is part of it, nor by another earmark.
		_, err = tx(t, d, func(ctx context.Context, tx db.Tx) (string, error) {
			return "", s.VoidCash(ctx, tx, cash, "Hủy phiếu")
		})
		wantFault(t, err, "fund.earmark.too_much")
		wantFault(t, s.EarmarkGift(t.Context(), house, "YAGI", cash, "", "nhầm"), "fund.earmark.too_much")
		if _, err := tx(t, d, func(ctx context.Context, tx db.Tx) (string, error) {
			return s.Reverse(ctx, tx, paid, "Trả lại tiền")
		}); err != nil {
			t.Fatal(err)
		}
		_, err = tx(t, d, func(ctx context.Context, tx db.Tx) (string, error) { return s.Reverse(ctx, tx, paid, "lần nữa") })
		wantFault(t, err, "fund.entry.reversed")
		wantFault(t, s.AgreeRunningCosts(t.Context(), house, "YAGI", " "), "fund.appeal.basis")
		if err := s.AgreeRunningCosts(t.Context(), house, "YAGI", "Thư đồng ý ngày 12/9"); err != nil {
			t.Fatal(err)
		}
		food.Head = fund.HeadRunning
		if _, err := spend(t, d, s, food); err != nil {
			t.Fatal(err)
		}
		purses, err := s.Purses(t.Context(), d.Read(), a.ID)
		if err != nil || len(purses) != 2 || purses[0].Left() != 400_000 || purses[1].Left() != 50_000 || purses[1].ByHead[fund.HeadHousing] != 450_000 {
			t.Fatalf("%v %+v", err, purses)
		}
		nets(t, s, "YAGI")
		hledgerHolds(t, s, "YAGI")
	}, fund.Migrations)
}

func TestSort(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, tr := service(t, d)
		open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
		open(t, s, newAppeal("OTHER", "VCB:9990000000002"))
		a := findAppeal(t, s, "YAGI")
		ref, err := s.NewReference(t.Context(), house, "OTHER")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AddRule(t.Context(), house, "YAGI", "Hoàn ứng", fund.RuleWait, "", ""); err != nil {
			t.Fatal(err)
		}
		wantFault(t, s.AddRule(t.Context(), house, "YAGI", "ab", fund.RuleWait, "", ""), "fund.rules.contains")
		wantFault(t, s.AddRule(t.Context(), house, "YAGI", "quỹ khác", fund.RuleOther, "YAGI", ""), "fund.queue.which_appeal")
		must(t, s, "YAGI", head+line(9, "1", 0, 500_000, "ung ho")+line(9, "2", 0, 40_000, ref)+line(11, "3", 0, 60_000, "muon")+line(12, "4", 60_000, 0, "tra lai")+
			line(9, "5", 0, 1_000, "lai tien gui thang 9")+line(10, "6", 0, 7_000, "HOAN UNG dot 1")+line(12, "7", 500_000, 0, "khong ro")+line(12, "8", 2_000, 0, "phi"))
		byMemo := map[string]fund.Waiting{}
		list, err := s.Queue(t.Context(), house, "YAGI")
		if err != nil || len(list) != 6 {
			t.Fatalf("%v %+v", err, list)
		}
		for _, x := range list {
			byMemo[x.DocNo] = x
		}
		if byMemo["2"].Target != "OTHER" || byMemo["6"].Reason != fund.ByRule {
			t.Fatalf("%+v", byMemo)
		}
		if found, n, err := s.QueuePage(t.Context(), house, "YAGI", fund.QueueQuery{Text: "hoàn ứng", Page: 1, PerPage: 10}); err != nil || n != 1 || found[0].DocNo != "6" {
			t.Fatalf("%v %d %+v", err, n, found)
		}
		sortAs := func(as fund.Sorting, change func(*fund.SortRequest), docs ...string) (int, []fund.Refusal) {
			t.Helper()
			in := fund.SortRequest{As: as, Note: "thử"}
			for _, x := range docs {
				in.Rows = append(in.Rows, byMemo[x].ID)
			}
			if change != nil {
				change(&in)
			}
			n, bad, err := s.Sort(t.Context(), house, "YAGI", in)
			if err != nil {
				t.Fatal(err)
			}
			return n, bad
		}
		refusedAs := func(bad []fund.Refusal, key string) {
			t.Helper()
			if len(bad) != 1 || bad[0].Fault.Key != key {
				t.Fatalf("%+v, want %s", bad, key)
			}
		}
		_, bad := sortAs(fund.SortOther, nil, "6")
		refusedAs(bad, "fund.queue.which_appeal")
		if n, bad := sortAs(fund.SortOther, nil, "2"); n != 1 {
			t.Fatalf("%+v", bad)
		}
		if n, bad := sortAs(fund.SortReturned, nil, "3", "4"); n != 1 || len(bad) != 1 || bad[0].Fault.Key != "fund.queue.sorted" {
			t.Fatalf("%d %+v", n, bad) // the second left the queue with the first
		}
		_, bad = sortAs(fund.SortCleared, nil, "7")
		refusedAs(bad, "fund.queue.nothing_due")
		_, bad = sortAs(fund.SortRefund, nil, "7")
		refusedAs(bad, "fund.queue.which_gift")
		gift := facts(t, d, s, a.ID)[0]
		if n, bad := sortAs(fund.SortRefund, func(r *fund.SortRequest) { r.GiftID = gift.ID }, "7"); n != 1 {
			t.Fatalf("%+v", bad)
		}
		_, bad = sortAs(fund.SortFee, nil, "8")
		refusedAs(bad, "fund.spend.running")
		_, bad = sortAs(fund.SortCash, nil, "6")
		refusedAs(bad, "fund.spend.cash")
		if n, bad := sortAs(fund.SortCash, nil, "8"); n != 1 { // money taken out of the bank is cash in hand
			t.Fatalf("%+v", bad)
		}
		if err := s.Unsort(t.Context(), house, "YAGI", byMemo["8"].ID, "nhầm"); err != nil {
			t.Fatal(err)
		}
		if n, bad := sortAs(fund.SortInterest, nil, "6"); n != 1 {
			t.Fatalf("%+v", bad)
		}
		n := nets(t, s, "YAGI")
		// 40,000 of the other appeal and the interest are there; the fee of 2,000 waits.
		if n[fund.RoleBank] != 46_000 || n[fund.RolePayable] != -40_000 || n[fund.RoleInterest] != -7_000 || n[fund.RoleGifts] != -1_000 || n[fund.RoleUnsorted] != 2_000 {
			t.Fatal(n)
		}
		if o := nets(t, s, "OTHER"); o[fund.RoleGifts] != -40_000 || o[fund.RoleAwaited] != 40_000 {
			t.Fatal(o)
		}
		if got := story(facts(t, d, s, a.ID)); !strings.Contains(got, "2.1 refunded 500000 VCB") {
			t.Fatal(got)
		}
		if got := facts(t, d, s, findAppeal(t, s, "OTHER").ID); len(got) != 1 || got[0].Reference != ref {
			t.Fatalf("%+v", got)
		}
		if found, err := s.FindGifts(t.Context(), house, "OTHER", fund.GiftQuery{Reference: strings.ToLower(ref)}); err != nil || len(found) != 1 {
			t.Fatalf("%v %+v", err, found)
		}
		last := tr.list[len(tr.list)-1]
		if last.Action != fund.ActionSort || last.Details["as"] != "interest" {
			t.Errorf("%+v", last)
		}
		hledgerHolds(t, s, "YAGI")
		c, err := s.CompareNow(t.Context(), house, "YAGI")
		if err != nil || !c.Good || !c.Open || len(c.Days) != 4 {
			t.Fatalf("%v %+v", err, c)
		}
	}, fund.Migrations)
}

func TestTransfers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		in := newAppeal("XA", "VCB:9990000000001")
		in.Level = fund.LevelCommune
		open(t, s, in)
		open(t, s, newAppeal("TINH", "VCB:9990000000002"))
		must(t, s, "XA", head+line(9, "1", 0, 500_000, "ung ho"))
		_, err := s.Transfer(t.Context(), house, fund.NewTransfer{From: "XA", To: "TINH", Amount: 500_001, Document: "QĐ 1"})
		wantFault(t, err, "fund.spend.too_much")
		_, err = s.Transfer(t.Context(), house, fund.NewTransfer{From: "XA", To: "XA", Amount: 1, Document: "QĐ 1"})
		wantFault(t, err, "fund.transfer.to")
		first, err := s.Transfer(t.Context(), house, fund.NewTransfer{From: "XA", To: "TINH", Amount: 300_000, Document: "QĐ 1"})
		if err != nil {
			t.Fatal(err)
		}
		x, p := nets(t, s, "XA"), nets(t, s, "TINH")
		if x[fund.RoleTransfer]+p[fund.RoleTransfer] != 0 || x[fund.RoleTransfer] != 300_000 || p[fund.RoleAwaited] != 300_000 {
			t.Fatal(x, p)
		}
		// The banks' rows bear the code, and are its two ends.
		must(t, s, "XA", head+line(12, "9", 300_000, 0, "chuyen "+first.Code))
		must(t, s, "TINH", head+line(9, "8", 0, 300_000, "NHAN "+strings.ToLower(first.Code)))
		for _, code := range []string{"XA", "TINH"} {
			list, err := s.Queue(t.Context(), house, code)
			if err != nil || len(list) != 1 {
				t.Fatalf("%v %+v", err, list)
			}
			if n, bad, err := s.Sort(t.Context(), house, code, fund.SortRequest{Rows: []string{list[0].ID}, As: fund.SortCleared, Note: "lệnh chuyển"}); err != nil || n != 1 {
				t.Fatalf("%v %+v", err, bad)
			}
		}
		list, err := s.Transfers(t.Context(), house, "TINH")
		if err != nil || len(list) != 1 || !list[0].SeenIn || !list[0].SeenOut || list[0].From.Code != "XA" {
			t.Fatalf("%v %+v", err, list)
		}
		wantFault(t, s.UndoTransfer(t.Context(), house, first.ID, "thôi"), "fund.transfer.seen")
		second, err := s.Transfer(t.Context(), house, fund.NewTransfer{From: "TINH", To: "XA", Amount: 100_000, Document: "QĐ 2"})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.UndoTransfer(t.Context(), house, second.ID, "Nhầm quỹ"); err != nil {
			t.Fatal(err)
		}
		x, p = nets(t, s, "XA"), nets(t, s, "TINH")
		if x[fund.RoleTransfer]+p[fund.RoleTransfer] != 0 || x[fund.RoleBank] != 200_000 || p[fund.RoleBank] != 300_000 || x[fund.RolePayable] != 0 || p[fund.RoleAwaited] != 0 {
			t.Fatal(x, p)
		}
		hledgerHolds(t, s, "XA")
		hledgerHolds(t, s, "TINH")
	}, fund.Migrations)
}

func TestDecisions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		in := newAppeal("DAI", "VCB:9990000000001")
		in.Opens, in.Closes = "2024-09-01", "2024-11-30"
		_, err := s.OpenAppeal(t.Context(), house, in)
		wantFault(t, err, "fund.appeal.ninety")
		in.Closes = "2024-11-29"
		open(t, s, in)
		wantFault(t, s.ExtendAppeal(t.Context(), house, "DAI", "2024-11-29", "QĐ 3"), "fund.appeal.extend")
		if err := s.ExtendAppeal(t.Context(), house, "DAI", "2024-12-31", "QĐ 3"); err != nil {
			t.Fatal(err)
		}
		if a := findAppeal(t, s, "DAI"); a.SpendsUntil != "2025-01-20" || !a.Taking("2024-12-31") {
			t.Fatalf("%+v", a)
		}
		if err := s.EndAppeal(t.Context(), house, "DAI", "Đã đủ"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, s.EndAppeal(t.Context(), house, "DAI", "Đã đủ"), "fund.appeal.not_open")
		list, err := s.Changes(t.Context(), house, "DAI")
		if err != nil || len(list) != 3 || list[0].What != fund.AppealEnded || list[0].Day != "2024-09-20" {
			t.Fatalf("%v %+v", err, list)
		}
		poor := newAppeal("NGHEO", "VCB:9990000000002")
		poor.FundKind, poor.Closes = fund.FundPoor, "2025-12-31"
		open(t, s, poor)
	}, fund.Migrations)
}

// One person cannot take gifts and decide on them, whatever roles they hold.
func TestSeparation(t *testing.T) {
	d := dbtest.SQLite(t, fund.Migrations)
	s, _ := service(t, d)
	open(t, s, newAppeal("YAGI", "VCB:9990000000001"))
	keeper := identitytest.Official("kt", identity.RoleAccountant, orgunittest.Province)
	decider := identitytest.Official("dc", identity.RoleFundApprover, orgunittest.Province)
	both := identitytest.And(keeper, identity.RoleFundApprover, orgunittest.Province)
	sort := func(a identity.Actor) error {
		_, _, err := s.Sort(t.Context(), a, "YAGI", fund.SortRequest{Rows: []string{"x"}, As: fund.SortGift, Note: "thử"})
		return err
	}
	end := func(a identity.Actor) error { return s.AgreeRunningCosts(t.Context(), a, "YAGI", "Thư") }
	if err := sort(keeper); err != nil {
		t.Error(err)
	}
	if err := end(decider); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{"decider sorts": sort(decider), "keeper decides": end(keeper), "both sort": sort(both), "both decide": end(both),
		"auditor sorts":   sort(identitytest.And(keeper, identity.RoleAuditor, orgunittest.Province)),
		"publisher sorts": sort(identitytest.And(keeper, identity.RoleFundPublisher, orgunittest.Province))} {
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hledgerHolds has hledger itself read the journal: it balances and its assertions hold.
func hledgerHolds(t testing.TB, s *fund.Service, code string) {
	t.Helper()
	var b bytes.Buffer
	if err := s.ExportHledger(t.Context(), house, code, &b); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, l := range strings.Split(b.String(), "\n") {
		var v int
		if f := strings.Fields(l); len(f) == 3 && strings.HasPrefix(l, "    ") {
			if _, err := fmt.Sscan(f[1], &v); err != nil {
				t.Fatal(l)
			}
			sum += v
		}
	}
	if sum != 0 {
		t.Fatalf("the journal is off by %d:\n%s", sum, b.String())
	}
	path, err := exec.LookPath("hledger")
	if err != nil {
		return // the program is asked for where it is there; the sum above holds everywhere
	}
	cmd := exec.CommandContext(t.Context(), path, "-f", "-", "check", "balanced", "assertions", "accounts", "commodities", "ordereddates")
	cmd.Stdin = &b
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// office is the books with a queue and a place for files.
type office struct {
	*fund.Service
	d     *db.DB
	queue *jobs.Queue
	clock *clock.Stub
	heard []fund.GiftsPosted
}

func newOffice(t testing.TB, d *db.DB) *office {
	t.Helper()
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	files, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := &office{d: d, clock: clock.NewStub(now)}
	if o.queue, err = jobs.New(d, jobs.Config{Fast: true}); err != nil {
		t.Fatal(err)
	}
	o.Service = fund.New(fund.Deps{DB: d, Jobs: o.queue, Clock: o.clock, Trail: &trail{}, Blobs: files, Has: func(string) bool { return true },
		Authz: identitytest.Authorizer(t, identitytest.Tree(), identitytest.File("fund", fund.Policies))})
	o.Work(o.queue)
	jobs.On(o.queue, "test", func(_ context.Context, e fund.GiftsPosted) error {
		o.heard = append(o.heard, e)
		return nil
	})
	if err := o.queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.queue.Stop(context.WithoutCancel(t.Context())) })
	return o
}

func (o *office) bring(t testing.TB, code, text string, change func(*fund.NewUpload)) (fund.Upload, error) {
	t.Helper()
	in := fund.NewUpload{Appeal: code, Account: findAppeal(t, o.Service, code).Accounts[0].ID, Layout: statement.Vietcombank, File: "sao-ke.csv", Size: int64(len(text))}
	if change != nil {
		change(&in)
	}
	return o.Upload(t.Context(), house, in, strings.NewReader(text))
}

func (o *office) drain(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := o.queue.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

func (o *office) now(t testing.TB, uploadID string) fund.Upload {
	t.Helper()
	u, _, err := o.UploadByID(t.Context(), house, uploadID)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestUpload(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		open(t, o.Service, newAppeal("YAGI", "VCB:9990000000001"))
		text := head + line(9, "1", 0, 500_000, "ung ho") + line(11, "2", 0, 60_000, "muon")
		_, err := o.bring(t, "YAGI", text, func(in *fund.NewUpload) { in.Layout = statement.BIDV })
		wantFault(t, err, "fund.upload.other_bank")
		bad, err := o.bring(t, "YAGI", text+"1,31/02/2024,2,,1,,\n", nil)
		if err != nil {
			t.Fatal(err)
		}
		first, err := o.bring(t, "YAGI", text, nil)
		if err != nil {
			t.Fatal(err)
		}
		second, err := o.bring(t, "YAGI", text, nil) // somebody else brings the same file
		if err != nil {
			t.Fatal(err)
		}
		o.drain(t)
		wantFault(t, o.Confirm(t.Context(), house, bad.ID), "fund.upload.late")
		if u := o.now(t, bad.ID); u.State != fund.UploadRefused || u.Result.Totals.Problems[0].Row != 4 || u.Result.Totals.Problems[0].Fault.Key != "fund.statement.date" {
			t.Fatalf("%+v", u)
		}
		if u := o.now(t, first.ID); u.State != fund.UploadReady || u.Result.Totals.Credit != 560_000 || len(u.Result.Totals.Days) != 2 || u.Percent() != 100 {
			t.Fatalf("%+v", u)
		}
		if n := nets(t, o.Service, "YAGI"); n[fund.RoleBank] != 0 {
			t.Fatal("something entered the books before anybody said yes")
		}
		for _, u := range []fund.Upload{first, second} {
			if err := o.Confirm(t.Context(), house, u.ID); err != nil {
				t.Fatal(err)
			}
		}
		o.drain(t)
		states := map[fund.UploadState]int{}
		for _, u := range []fund.Upload{first, second} {
			states[o.now(t, u.ID).State]++
		}
		if states[fund.UploadPosted]+states[fund.UploadKnown] != 2 || states[fund.UploadPosted] < 1 {
			t.Fatal(states)
		}
		if n := nets(t, o.Service, "YAGI"); n[fund.RoleBank] != 560_000 || n[fund.RoleGifts] != -500_000 {
			t.Fatal(n)
		}
		if len(o.heard) != 1 || o.heard[0].No != 1 {
			t.Fatalf("%+v", o.heard)
		}
		if c, under, err := o.LastCheck(t.Context(), house, "YAGI"); err != nil || under || !c.Good || len(c.Days) != 2 {
			t.Fatalf("%v %v %+v", err, under, c)
		}
		r, err := o.PeriodReport(t.Context(), house, "YAGI", "2024-09-10", "2024-09-11")
		if err != nil || r.Rows[0].Before+r.Rows[1].Before+r.Rows[2].Before != 0 {
			t.Fatalf("%v %+v", err, r)
		}
		third, err := o.bring(t, "YAGI", text+line(9, "3", 0, 1, "x"), nil)
		if err != nil {
			t.Fatal(err)
		}
		o.drain(t)
		if err := o.Discard(t.Context(), house, third.ID); err != nil {
			t.Fatal(err)
		}
		if n := nets(t, o.Service, "YAGI"); o.now(t, third.ID).State != fund.UploadDropped || n[fund.RoleBank] != 560_000 {
			t.Fatal(n)
		}
	}, fund.Migrations)
}

// A file whose worker was killed is taken up again, in both stages, and counts once.
func TestUploadGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		open(t, o.Service, newAppeal("YAGI", "VCB:9990000000001"))
		text := head
		for i := range 4100 {
			text += line(8, fmt.Sprint(6000+i), 0, 1000, "ung ho")
		}
		u, err := o.bring(t, "YAGI", text, nil)
		if err != nil {
			t.Fatal(err)
		}
		// A kill in the middle of the check leaves rows laid aside and the upload "checking", with no job.
		_, err = o.Import(t.Context(), house, fund.ImportRequest{Appeal: "YAGI", Layout: statement.Vietcombank, Name: "sao-ke.csv", Size: int64(len(text)),
			File: &dying{Reader: strings.NewReader(text), left: 2*len(text) - 60_000}})
		if !errors.Is(err, errDied) {
			t.Fatal(err)
		}
		o.drain(t)
		if x := o.now(t, u.ID); x.State != fund.UploadReady || x.Result.Totals.Rows != 4100 {
			t.Fatalf("%+v", x)
		}
		// A kill after the yes: the job is gone, the state is not.
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			_, err := tx.NewRaw("UPDATE fund_upload SET state = 'posting' WHERE id = ?", u.ID).Exec(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := o.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.drain(t)
		if x := o.now(t, u.ID); x.State != fund.UploadPosting {
			t.Fatalf("somebody may still be at it: %+v", x)
		}
		o.clock.Advance(2 * time.Minute)
		if err := o.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.drain(t)
		if x := o.now(t, u.ID); x.State != fund.UploadPosted || x.Result.Posted != 4100 || nets(t, o.Service, "YAGI")[fund.RoleBank] != 4_100_000 {
			t.Fatalf("%+v", x)
		}
	}, fund.Migrations)
}

func TestMapping(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d)
		open(t, o.Service, newAppeal("YAGI", "TCB:9990000000001"))
		text := "SAO KE;;;\nNgay;So tien;Noi dung;So du\n2024-09-09 10:11:12;500.000;ung ho;500.000\n2024-09-09;-100.000;phi;400.000\nTong;;;\n"
		mapped := func(in *fund.NewUpload) { in.Layout = statement.Mapped }
		u, err := o.bring(t, "YAGI", text, mapped)
		if err != nil || u.State != fund.UploadMapping {
			t.Fatalf("%v %+v", err, u)
		}
		rows, err := o.Preview(t.Context(), house, u.ID)
		if err != nil || len(rows) != 5 || rows[1].Cells[1] != "So tien" {
			t.Fatalf("%v %+v", err, rows)
		}
		m := statement.Mapping{FirstRow: 3, LastRow: 4, Dates: "yyyy-mm-dd", Date: 1, Signed: 2, Memo: 3, Balance: 4}
		bad := m
		bad.Memo = 2
		wantFault(t, o.SetMapping(t.Context(), house, u.ID, bad), "fund.mapping.twice")
		if err := o.SetMapping(t.Context(), house, u.ID, m); err != nil {
			t.Fatal(err)
		}
		o.drain(t)
		x := o.now(t, u.ID)
		if x.State != fund.UploadReady || x.Result.Totals.Credit != 500_000 || x.Result.Totals.Debit != 100_000 || x.Result.Totals.Closing != money.VND(400_000) {
			t.Fatalf("%+v", x)
		}
		again, err := o.bring(t, "YAGI", text, mapped)
		if err != nil || again.Mapping == nil || *again.Mapping != m {
			t.Fatalf("the mapping is not remembered: %v %+v", err, again)
		}
	}, fund.Migrations)
}
