package award_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/award"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/fund/spending/spendingtest"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

var (
	secretary = identitytest.Official("van-thu", identity.RoleSecretary, orgunittest.VinhHung)
	leader    = identitytest.Official("chu-tich", identity.RoleLeader, orgunittest.VinhHung)
	stranger  = identitytest.Official("la", identity.RoleLeader, orgunittest.TruongVinh)
	sets      = append(append([]db.Migrations{}, spendingtest.Migrations...), cash.Migrations, award.Migrations)
)

type kit struct {
	*spendingtest.Kit
	cash *cash.Service
	s    *award.Service
}

func each(t *testing.T, fn func(t *testing.T, k *kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := &kit{Kit: spendingtest.New(t, d, identitytest.File("cash", cash.Policies), identitytest.File("award", award.Policies))}
		k.cash = cash.New(cash.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Forest: k.Units.Forest, Books: k.Fund})
		k.s = award.New(award.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Forest: k.Units.Forest, Records: k.cash})
		fn(t, k)
	}, sets...)
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
		t.Fatalf("got %s, want %s", f.Key, key)
	}
}

func TestUsual(t *testing.T) {
	for sum, want := range map[money.VND]award.Level{0: "", 9_999_999: "", 10_000_000: award.Letter, 100_000_000: award.Certificate, 2_000_000_000: award.Board} {
		if got := award.Usual(sum); got != want {
			t.Errorf("%s: %s, want %s", sum, got, want)
		}
	}
}

func proposal() award.NewAward {
	return award.NewAward{UnitID: orgunittest.VinhHung, Giver: "Công ty An Bình", From: "2026-01-01", Until: "2026-11-21", Level: award.Letter}
}

// TestThanks counts what a giver gave in cash and through the bank, and has it approved by somebody else.
func TestThanks(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		_, err := k.s.Propose(ctx, secretary, proposal())
		wantFault(t, err, "award.nothing")
		for _, name := range []string{"Cong ty An Binh", "Công ty An Bình 2"} {
			if _, err := k.cash.Take(ctx, spendingtest.Collector, cash.NewReceipt{UnitID: orgunittest.VinhHung, Appeal: spendingtest.Appeal, Day: "2026-11-20", DonorKind: cash.Group, DonorName: name, Amount: 7_000_000}); err != nil {
				t.Fatal(err)
			}
		}
		code, err := k.cash.MakeCode(ctx, spendingtest.Collector, cash.NewCode{Appeal: spendingtest.Appeal, UnitID: orgunittest.VinhHung, Title: "An Bình", DisplayName: "Công ty An Bình", Consent: true})
		if err != nil {
			t.Fatal(err)
		}
		k.bank(code.Code, 5_000_000)
		bad := proposal()
		bad.Extra = 1
		_, err = k.s.Propose(ctx, secretary, bad)
		wantFault(t, err, "award.extra_why")
		bad.UnitID = orgunittest.TruongVinh
		_, err = k.s.Propose(ctx, secretary, bad)
		wantFault(t, err, "identity.not_allowed")
		in := proposal()
		in.Extra, in.ExtraWhy = 3_000_000, "200 suất quà trao tay"
		both := identitytest.And(leader, identity.RoleSecretary, orgunittest.VinhHung)
		a, err := k.s.Propose(ctx, both, in)
		if err != nil || a.Recorded != 12_000_000 || a.Sum() != 15_000_000 {
			t.Fatal(a, err)
		}
		wantFault(t, k.s.Decide(ctx, both, a.ID, true, "1", ""), "identity.not_allowed")
		wantFault(t, k.s.Decide(ctx, stranger, a.ID, true, "1", ""), "award.none")
		other := identitytest.Official("pho", identity.RoleLeader, orgunittest.VinhHung)
		wantFault(t, k.s.Decide(ctx, other, a.ID, true, " ", ""), "award.number")
		wantFault(t, k.s.Decide(ctx, other, a.ID, false, "", ""), "award.reason")
		wantFault(t, k.s.Cancel(ctx, other, a.ID, "x"), "award.not_approved")
		if err := k.s.Decide(ctx, other, a.ID, true, "12/QĐ-MTTQ", ""); err != nil {
			t.Fatal(err)
		}
		wantFault(t, k.s.Decide(ctx, other, a.ID, true, "13", ""), "award.decided")
		if err := k.s.Cancel(ctx, other, a.ID, "Doanh nghiệp xin rút"); err != nil {
			t.Fatal(err)
		}
		got, err := k.s.Open(ctx, secretary, a.ID)
		if err != nil || got.State != award.Cancelled || got.ApprovedName != other.Name || got.Number != "12/QĐ-MTTQ" || got.Reason == "" {
			t.Fatal(got, err)
		}
		if list, n, err := k.s.List(ctx, secretary, award.Filter{Text: "an binh", State: award.Cancelled, Per: 10}); err != nil || n != 1 || len(list) != 1 {
			t.Fatal(list, err)
		}
		if _, n, err := k.s.List(ctx, stranger, award.Filter{}); err != nil || n != 0 {
			t.Fatal(n, err)
		}
	})
}

func (k *kit) bank(memo string, amount money.VND) {
	k.T.Helper()
	text := "PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n" + fmt.Sprintf("1,20/11/2026,77.1,,%d,,%s\n", int64(amount), memo)
	r, err := k.Fund.Import(context.Background(), spendingtest.House, fund.ImportRequest{Appeal: spendingtest.Appeal, Layout: statement.Vietcombank, Name: "vcb.csv", File: strings.NewReader(text), Size: int64(len(text))})
	if err != nil || r.State != fund.ImportPosted {
		k.T.Fatal(r.Totals.Problems, err)
	}
}

// TestVisitsStayWithinTheNorm visits the same receiver until the norm of the year is reached, several at once.
func TestVisitsStayWithinTheNorm(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		visit := func(o award.Occasion, value money.VND) award.Visit {
			return award.Visit{UnitID: orgunittest.VinhHung, Occasion: o, Day: "2026-11-20", Receiver: "Bà Trần Thị Mận", What: "Quà Ngày hội Đại đoàn kết", Value: value}
		}
		_, err := k.s.AddVisit(ctx, leader, visit(award.Holiday, 1_000_001))
		wantFault(t, err, "award.norm_once")
		var wg sync.WaitGroup
		var mu sync.Mutex
		ok := 0
		for range 5 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if _, err := k.s.AddVisit(context.Background(), leader, visit(award.Holiday, 1_000_000)); err == nil {
					mu.Lock()
					ok++
					mu.Unlock()
				}
			}()
		}
		wg.Wait()
		if ok != 3 {
			t.Errorf("%d visits of a million in a year", ok)
		}
		spelt := visit(award.Holiday, 1000)
		spelt.Receiver = "ba tran thi man"
		_, err = k.s.AddVisit(ctx, leader, spelt)
		wantFault(t, err, "award.norm_year")
		spelt.Day = "2025-12-31"
		if _, err := k.s.AddVisit(ctx, leader, spelt); err != nil {
			t.Error(err)
		}
		if _, err := k.s.AddVisit(ctx, leader, visit(award.Funeral, 4_000_000)); err != nil {
			t.Error(err)
		}
		_, err = k.s.AddVisit(ctx, leader, visit(award.Illness, 5_000_001))
		wantFault(t, err, "award.norm_year")
		_, err = k.s.AddVisit(ctx, leader, visit("tet", 1))
		wantFault(t, err, "award.occasion")
		_, err = k.s.AddVisit(ctx, stranger, visit(award.Holiday, 1))
		wantFault(t, err, "identity.not_allowed")
		for _, x := range []struct {
			f       award.VisitFilter
			rows, n int
		}{{award.VisitFilter{}, 5, 5}, {award.VisitFilter{Page: 2, Per: 3}, 2, 5}, {award.VisitFilter{Text: "mận tran"}, 5, 5}, {award.VisitFilter{Text: "khong co"}, 0, 0}, {award.VisitFilter{Text: "%"}, 0, 0},
			{award.VisitFilter{Occasion: award.Funeral}, 1, 1}, {award.VisitFilter{Year: 2025}, 1, 1}, {award.VisitFilter{Year: 2026, Occasion: award.Holiday}, 3, 3}} {
			if list, n, err := k.s.Visits(ctx, secretary, x.f); err != nil || len(list) != x.rows || n != x.n {
				t.Errorf("%+v: %d of %d, %v", x.f, len(list), n, err)
			}
		}
	})
}
