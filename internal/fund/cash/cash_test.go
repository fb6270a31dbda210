package cash_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
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
	taker    = spendingtest.Collector
	hamlet   = identitytest.Official("truong-khoi", identity.RoleAreaHead, orgunittest.AreaKimHoa)
	keeper   = identitytest.Official("ke-toan", identity.RoleAccountant, orgunittest.Province)
	stranger = identitytest.Official("la", identity.RoleCollector, orgunittest.TruongVinh)
	sets     = append(append([]db.Migrations{}, spendingtest.Migrations...), cash.Migrations)
)

type kit struct {
	*spendingtest.Kit
	s *cash.Service
}

func newKit(t *testing.T, d *db.DB) *kit {
	k := &kit{Kit: spendingtest.New(t, d, identitytest.File("cash", cash.Policies))}
	k.s = cash.New(cash.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Forest: k.Units.Forest, Books: k.Fund})
	return k
}

func each(t *testing.T, fn func(t *testing.T, k *kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, newKit(t, d)) }, sets...)
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

func gift(amount money.VND) cash.NewReceipt {
	return cash.NewReceipt{UnitID: orgunittest.VinhHung, Appeal: spendingtest.Appeal, Day: "2026-11-21", DonorKind: cash.Person, DonorName: "Bà Lê Thị Cúc", Amount: amount}
}

func (k *kit) take(in cash.NewReceipt) cash.Receipt {
	k.T.Helper()
	r, err := k.s.Take(context.Background(), taker, in)
	if err != nil {
		k.T.Fatal(err)
	}
	return r
}

// held is the cash in hand and the gifts of the appeal, by the ledger.
func (k *kit) held(role fund.Role) money.VND {
	k.T.Helper()
	list, err := k.Fund.Balances(context.Background(), spendingtest.House, spendingtest.Appeal)
	if err != nil {
		k.T.Fatal(err)
	}
	sum := money.VND(0)
	for _, b := range list {
		if b.Role == role {
			sum += b.Net()
		}
	}
	return sum
}

// TestNumbersHaveNoGaps writes receipts at once, some refused by the books, and finds every number once.
func TestNumbersHaveNoGaps(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				in := gift(money.VND(1000 + i))
				if i%3 == 0 {
					in.EarmarkID = "none" // refused inside the transaction, after other things were done
				}
				_, err := k.s.Take(context.Background(), taker, in)
				if (err != nil) != (i%3 == 0) {
					t.Error(i, err)
				}
			}()
		}
		wg.Wait()
		list, n, sum, err := k.s.List(t.Context(), taker, cash.Filter{})
		if err != nil || n != 8 {
			t.Fatal(n, err)
		}
		var nos []int
		for _, r := range list {
			nos = append(nos, r.No)
		}
		slices.Sort(nos)
		if !slices.Equal(nos, []int{1, 2, 3, 4, 5, 6, 7, 8}) || sum != k.held(fund.RoleCash) || sum != -k.held(fund.RoleGifts) {
			t.Error(nos, sum, k.held(fund.RoleCash))
		}
		other, err := k.s.Take(t.Context(), stranger, cash.NewReceipt{UnitID: orgunittest.TruongVinh, Appeal: spendingtest.Appeal, Day: "2026-11-21", DonorKind: cash.Anonymous, Amount: 5000})
		if err != nil || other.Number() != "0001/2026" {
			t.Error(other.Number(), err)
		}
	})
}

func TestRefusals(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t, sets...))
	for key, change := range map[string]func(*cash.NewReceipt){
		"cash.receipt.donor_kind":   func(r *cash.NewReceipt) { r.DonorKind = "x" },
		"cash.receipt.donor_name":   func(r *cash.NewReceipt) { r.DonorName = " " },
		"cash.receipt.amount":       func(r *cash.NewReceipt) { r.Amount = 0 },
		"cash.receipt.day":          func(r *cash.NewReceipt) { r.Day = "2026-11-22" },
		"cash.receipt.tax_code":     func(r *cash.NewReceipt) { r.DonorKind, r.TaxCode, r.Purpose = cash.Company, "12", cash.ForDisaster },
		"cash.receipt.purpose":      func(r *cash.NewReceipt) { r.DonorKind, r.TaxCode = cash.Company, "0101234567-001" },
		"cash.receipt.display_name": func(r *cash.NewReceipt) { r.Consent, r.DisplayName = true, "Cúc 0912345678" },
		"identity.not_allowed":      func(r *cash.NewReceipt) { r.UnitID = orgunittest.TruongVinh },
		"fund.appeal.none":          func(r *cash.NewReceipt) { r.Appeal = "KHAC" },
		"fund.earmark.none":         func(r *cash.NewReceipt) { r.EarmarkID = "none" },
	} {
		in := gift(5000)
		change(&in)
		_, err := k.s.Take(t.Context(), taker, in)
		wantFault(t, err, key)
	}
	decider := identitytest.And(taker, identity.RoleFundApprover, orgunittest.Province)
	_, err := k.s.Take(t.Context(), decider, gift(5000))
	wantFault(t, err, "identity.not_allowed")
}

func TestOfflineFormIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		in := cash.NewReceipt{UnitID: orgunittest.AreaKimHoa, Appeal: spendingtest.Appeal, Day: "2026-11-20", DonorKind: cash.Group, DonorName: "Tổ liên gia 3", Amount: 300_000, OfflineID: "0b8c1b0e-0000-4000-8000-000000000001"}
		var wg sync.WaitGroup
		ids := make([]string, 4)
		for i := range ids {
			wg.Add(1)
			go func() {
				defer wg.Done()
				r, err := k.s.Take(context.Background(), hamlet, in)
				if err != nil {
					t.Error(err)
				}
				ids[i] = r.ID
			}()
		}
		wg.Wait()
		if slices.Sort(ids); ids[0] != ids[3] || ids[0] == "" {
			t.Error(ids)
		}
		if got := k.held(fund.RoleCash); got != 300_000 {
			t.Error(got)
		}
		_, err := k.s.Take(t.Context(), taker, in) // another person's form of the same number
		if err == nil {
			t.Error("one form became two people's receipt")
		}
	})
}

func TestCancel(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		r := k.take(gift(50_000))
		ctx := t.Context()
		wantFault(t, k.s.Cancel(ctx, taker, r.ID, "Nhầm"), "identity.not_allowed")
		wantFault(t, k.s.Cancel(ctx, stranger, r.ID, "Nhầm"), "cash.receipt.none")
		own := identitytest.And(identitytest.Official(taker.ID, identity.RoleAccountant, orgunittest.Province), identity.RoleCollector, orgunittest.VinhHung)
		wantFault(t, k.s.Cancel(ctx, own, r.ID, "Nhầm"), "identity.not_allowed")
		wantFault(t, k.s.Cancel(ctx, keeper, r.ID, " "), "cash.reason")
		if err := k.s.Cancel(ctx, keeper, r.ID, "Viết nhầm số tiền"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, k.s.Cancel(ctx, keeper, r.ID, "Nhầm"), "cash.receipt.void_already")
		if next := k.take(gift(60_000)); next.No != 2 {
			t.Error(next.No)
		}
		if got, err := k.s.Open(ctx, taker, r.ID); err != nil || got.State != cash.Void || got.Reason != "Viết nhầm số tiền" || got.No != 1 {
			t.Error(got, err)
		}
		if got := k.held(fund.RoleCash); got != 60_000 {
			t.Error(got)
		}
	})
}

// TestBroughtCashCountsOnce brings cash to the bank, whose statement at first looks like a gift, and pairs the two.
func TestBroughtCashCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		first := k.take(gift(700_000))
		k.take(gift(300_000))
		appeal, err := k.Fund.AppealByCode(ctx, k.DB.Read(), spendingtest.Appeal)
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.s.Bring(ctx, taker, orgunittest.VinhHung, spendingtest.Appeal, "none", "2026-11-21")
		wantFault(t, err, "cash.hand.account")
		h, err := k.s.Bring(ctx, taker, orgunittest.VinhHung, spendingtest.Appeal, appeal.Accounts[0].ID, "2026-11-21")
		if err != nil || h.Amount != 1_000_000 || h.Receipts != 2 {
			t.Fatal(h, err)
		}
		_, err = k.s.Bring(ctx, taker, orgunittest.VinhHung, spendingtest.Appeal, appeal.Accounts[0].ID, "2026-11-21")
		wantFault(t, err, "cash.hand.nothing")
		wantFault(t, k.s.Cancel(ctx, keeper, first.ID, "Nhầm"), "cash.receipt.handed")
		k.Give("2026-11-21", 1_000_000, 1_000_000)
		if got := -k.held(fund.RoleGifts); got != 3_000_000 {
			t.Fatal(got)
		}
		_, rows, err := k.s.Candidates(ctx, keeper, h.ID)
		if err != nil || len(rows) != 2 {
			t.Fatal(rows, err)
		}
		wantFault(t, k.s.Pair(ctx, keeper, h.ID, "none"), "cash.hand.row")
		_, _, err = k.s.Candidates(ctx, stranger, h.ID)
		wantFault(t, err, "cash.hand.none")
		if err := k.s.Pair(ctx, keeper, h.ID, rows[0].ID); err != nil {
			t.Fatal(err)
		}
		wantFault(t, k.s.Pair(ctx, keeper, h.ID, rows[1].ID), "cash.hand.paired")
		if gifts, inHand, bank := -k.held(fund.RoleGifts), k.held(fund.RoleCash), k.held(fund.RoleBank); gifts != 2_000_000 || inHand != 0 || bank != 2_000_000 {
			t.Error(gifts, inHand, bank)
		}
		list, _, err := k.s.Handovers(ctx, taker, 1, 50)
		if err != nil || len(list) != 1 || !list[0].Paired {
			t.Error(list, err)
		}
	})
}

// TestCodesAreFoundAgain asks for a code, gives with it through the bank, and finds the gift and the donor's chosen name.
// forgotten keeps what the public statement was told.
type forgotten map[string]string

func (f forgotten) ForgetLater(_ context.Context, _ db.Tx, appealID, giftID, reason string) error {
	f[appealID+" "+giftID] = reason
	return nil
}

// TestConsentIsTakenBack: the public name goes, the voucher stays, and the public statement is told.
func TestConsentIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		told := forgotten{}
		k.s.TellStatement(told)
		in := gift(500_000)
		in.Consent, in.DisplayName = true, "Bà Cúc"
		r := k.take(in)
		names := func() map[string]string {
			m, err := k.s.DisplayNames(ctx, k.DB.Read(), []fund.GiftFact{{ID: r.GiftID, Channel: "cash"}})
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		if names()[r.GiftID] != "Bà Cúc" {
			t.Fatal(names())
		}
		wantFault(t, k.s.ForgetName(ctx, stranger, r.ID, "x"), "cash.receipt.none")
		if err := k.s.ForgetName(ctx, taker, r.ID, "Không muốn nêu tên"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, k.s.ForgetName(ctx, keeper, r.ID, "x"), "cash.forget.nothing")
		got, err := k.s.Open(ctx, keeper, r.ID)
		if err != nil || got.DonorName != in.DonorName || got.DisplayName != "" || got.Consent || len(names()) != 0 {
			t.Error(got, names(), err)
		}
		if len(told) != 1 || told[k.AppealID+" "+r.GiftID] != "Không muốn nêu tên" {
			t.Error(told)
		}
	})
}

func TestCodesAreFoundAgain(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		mine, err := k.s.AskCode(ctx, spendingtest.Appeal, 200_000)
		if err != nil {
			t.Fatal(err)
		}
		text, err := mine.QR()
		if err != nil || !strings.Contains(text, mine.Code) || len(mine.Code) > 25 || !strings.Contains(text, "5406200000") {
			t.Fatal(text, err)
		}
		_, err = k.s.AskCode(ctx, "KHAC", 0)
		wantFault(t, err, "fund.appeal.none")
		_, err = k.s.AskCode(ctx, spendingtest.Appeal, -1)
		wantFault(t, err, "cash.code.amount")
		_, err = k.s.MakeCode(ctx, taker, cash.NewCode{Appeal: spendingtest.Appeal, UnitID: orgunittest.TruongVinh, Title: "x"})
		wantFault(t, err, "identity.not_allowed")
		named, err := k.s.MakeCode(ctx, taker, cash.NewCode{Appeal: spendingtest.Appeal, UnitID: orgunittest.VinhHung, Title: "Công ty An Bình", DisplayName: "Công ty An Bình", Consent: true})
		if err != nil {
			t.Fatal(err)
		}
		in := gift(90_000)
		in.Consent, in.DisplayName = true, "Bà Cúc"
		receipt := k.take(in)
		k.take(gift(80_000)) // did not agree to be named
		k.bank("Ung ho " + strings.ToLower(mine.Code) + ".CT tu 123")
		k.bank(named.Code)
		gifts, err := k.Fund.GiftFacts(ctx, k.DB.Read(), k.AppealID, fund.Position{}, 100)
		if err != nil || len(gifts) != 4 {
			t.Fatal(gifts, err)
		}
		names, err := k.s.DisplayNames(ctx, k.DB.Read(), gifts)
		if err != nil || len(names) != 2 || names[receipt.GiftID] != "Bà Cúc" {
			t.Fatal(names, err)
		}
		refs := map[string]string{}
		for _, g := range gifts {
			refs[g.Reference] = names[g.ID]
		}
		if n, ok := refs[mine.Code]; !ok || n != "" || refs[named.Code] != "Công ty An Bình" {
			t.Error(refs)
		}
		k.Clock.Set(clock.NewDate(2027, 1, 2).Time())
		_, err = k.s.AskCode(ctx, spendingtest.Appeal, 0)
		wantFault(t, err, "cash.code.closed")
		codes, _, err := k.s.Codes(ctx, taker, 1, 50)
		if err != nil || len(codes) != 1 || codes[0].Code != named.Code {
			t.Error(codes, err)
		}
		_, err = k.s.CodeByRef(ctx, "NC")
		wantFault(t, err, "cash.code.none")
	})
}

func (k *kit) bank(memo string) {
	k.T.Helper()
	text := "PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n" + fmt.Sprintf("1,21/11/2026,77.%d,,200000,,%s\n", len(memo), memo)
	r, err := k.Fund.Import(context.Background(), spendingtest.House, fund.ImportRequest{Appeal: spendingtest.Appeal, Layout: statement.Vietcombank, Name: "vcb.csv", File: strings.NewReader(text), Size: int64(len(text))})
	if err != nil || r.State != fund.ImportPosted {
		k.T.Fatal(r.Totals.Problems, err)
	}
}
