package fund_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// fundUnderTest is one appeal of a random run, with what its bank has said so far.
type fundUnderTest struct {
	fund.Appeal
	mark string
	said []string
	sum  money.VND
}

// random is one random run over two funds.
type random struct {
	rt    *rapid.T
	t     *testing.T
	d     *db.DB
	s     *fund.Service
	funds [2]*fundUnderTest
	spent []string
}

func (x *random) pick(label string) *fundUnderTest {
	return x.funds[rapid.IntRange(0, 1).Draw(x.rt, label)]
}

func (x *random) amount() money.VND {
	return money.VND(rapid.SampledFrom([]int{1000, 5000, 20_000, 90_000}).Draw(x.rt, "amount"))
}

func (x *random) mark(f *fundUnderTest) string {
	if rapid.Bool().Draw(x.rt, "earmarked") {
		return f.mark
	}
	return ""
}

// may lets refusals pass: what is refused must leave the books as they were.
func (x *random) may(err error) {
	var f *fault.Error
	var fs fault.Fields
	if err != nil && !errors.As(err, &f) && !errors.As(err, &fs) {
		x.rt.Fatal(err)
	}
}

// statement has the bank say a little more, and takes everything in; sometimes the first attempt is killed on its way.
func (x *random) statement() {
	f := x.pick("fund")
	for range rapid.IntRange(1, 4).Draw(x.rt, "rows") {
		amount, doc := x.amount(), fmt.Sprint("7000", len(f.said))
		if rapid.IntRange(0, 3).Draw(x.rt, "out") == 0 {
			f.said, f.sum = append(f.said, line(rapid.IntRange(8, 12).Draw(x.rt, "day"), "x"+doc, amount, 0, fmt.Sprint("hoan 7000", rapid.IntRange(0, 9).Draw(x.rt, "of")))), f.sum-amount
		} else {
			f.said, f.sum = append(f.said, line(rapid.IntRange(7, 11).Draw(x.rt, "day"), doc, 0, amount, "ung ho")), f.sum+amount
		}
	}
	text := head + strings.Join(f.said, "")
	if rapid.Bool().Draw(x.rt, "killed") {
		_, err := x.s.Import(x.t.Context(), house, fund.ImportRequest{Appeal: f.Code, Layout: statement.Vietcombank, Size: int64(len(text)),
			File: &dying{Reader: strings.NewReader(text), left: rapid.IntRange(0, 3*len(text)).Draw(x.rt, "after")}})
		if err != nil && !errors.Is(err, errDied) {
			x.rt.Fatal(err)
		}
	}
	must(x.t, x.s, f.Code, text)
}

func (x *random) step() {
	ctx := x.t.Context()
	f := x.pick("whose")
	switch rapid.IntRange(0, 7).Draw(x.rt, "step") {
	case 0, 1:
		x.statement()
	case 2:
		_, err := tx(x.t, x.d, func(ctx context.Context, tx db.Tx) (string, error) {
			return x.s.PostCash(ctx, tx, fund.CashGift{AppealID: f.ID, Day: "2024-09-09", Amount: x.amount(), Document: "PT", EarmarkID: x.mark(f)})
		})
		x.may(err)
	case 3:
		entry, err := spend(x.t, x.d, x.s, fund.Spending{AppealID: f.ID, Day: "2024-09-15", Amount: x.amount(), Head: fund.HeadHousing, EarmarkID: x.mark(f),
			FromCash: rapid.Bool().Draw(x.rt, "cash"), Document: "QĐ"})
		x.may(err)
		if err == nil {
			x.spent = append(x.spent, entry)
		}
	case 4:
		if len(x.spent) > 0 {
			_, err := tx(x.t, x.d, func(ctx context.Context, tx db.Tx) (string, error) {
				return x.s.Reverse(ctx, tx, rapid.SampledFrom(x.spent).Draw(x.rt, "spending"), "trả lại")
			})
			x.may(err)
		}
	case 5:
		to := x.funds[0]
		if to == f {
			to = x.funds[1]
		}
		in := fund.NewTransfer{From: f.Code, To: to.Code, Amount: x.amount(), FromEarmark: x.mark(f), ToEarmark: x.mark(to), Document: "QĐ"}
		got, err := x.s.Transfer(ctx, house, in)
		x.may(err)
		if err == nil && rapid.Bool().Draw(x.rt, "undo") {
			x.may(x.s.UndoTransfer(ctx, house, got.ID, "thôi"))
		}
	case 6:
		list, err := x.s.Queue(ctx, house, f.Code)
		x.may(err)
		if len(list) > 0 {
			row := rapid.SampledFrom(list).Draw(x.rt, "row")
			_, _, err := x.s.Sort(ctx, house, f.Code, fund.SortRequest{Rows: []string{row.ID}, As: rapid.SampledFrom(fund.Sortings(row.Credit > 0)).Draw(x.rt, "as"), Note: "thử",
				Appeal: x.funds[rapid.IntRange(0, 1).Draw(x.rt, "other")].Code, EarmarkID: x.mark(f)})
			x.may(err)
		}
	case 7:
		gifts, err := x.s.FindGifts(ctx, house, f.Code, fund.GiftQuery{Amount: x.amount()})
		x.may(err)
		if len(gifts) > 0 {
			g := rapid.SampledFrom(gifts).Draw(x.rt, "gift")
			if rapid.Bool().Draw(x.rt, "withdraw") {
				x.may(x.s.WithdrawGift(ctx, house, f.Code, g.ID, "nhầm"))
			} else {
				x.may(x.s.EarmarkGift(ctx, house, f.Code, g.ID, x.mark(f), "người gửi nói"))
			}
		}
	}
}

// holds checks everything that must hold after each step.
func (x *random) holds() {
	between, owed := money.VND(0), money.VND(0)
	for _, f := range x.funds {
		n := nets(x.t, x.s, f.Code) // debits equal credits
		between += n[fund.RoleTransfer]
		owed += n[fund.RoleAwaited]
		if n[fund.RoleBank] != f.sum {
			x.rt.Fatalf("%s: the bank says %s, the books %s", f.Code, f.sum, n[fund.RoleBank])
		}
		if n[fund.RoleAwaited] < 0 || n[fund.RolePayable] > 0 {
			x.rt.Fatalf("%s: %v", f.Code, n)
		}
		purses, err := x.s.Purses(x.t.Context(), x.d.Read(), f.ID)
		if err != nil {
			x.rt.Fatal(err)
		}
		for _, p := range purses {
			if p.Left() < 0 {
				x.rt.Fatalf("%s %q: %s more was spent than given", f.Code, p.Earmark.Code, -p.Left())
			}
		}
		c, err := x.s.CompareNow(x.t.Context(), house, f.Code)
		if err != nil || !c.Good {
			x.rt.Fatalf("%v %+v", err, c)
		}
	}
	if between != 0 {
		x.rt.Fatalf("transfers between funds are off by %s", between)
	}
}

// After every step of any sequence (statements killed on their way among them) debits equal credits, the books equal the
// bank, transfers come to zero over both funds, and no purse was spent beyond what was given for it.
func TestBooksHold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d)
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			x := &random{rt: rt, t: t, d: d, s: s}
			for i := range x.funds {
				n++
				code := fmt.Sprintf("R%d", n)
				open(t, s, newAppeal(code, fmt.Sprintf("VCB:88%06d", n)))
				f := &fundUnderTest{Appeal: findAppeal(t, s, code)}
				mark, err := s.AddEarmark(t.Context(), house, code, fund.Earmark{Code: "NU", Name: "Làng Nủ", Sort: fund.ForPlace})
				if err != nil {
					rt.Fatal(err)
				}
				f.mark = mark.ID
				x.funds[i] = f
			}
			for range rapid.IntRange(1, 10).Draw(rt, "steps") {
				x.step()
				x.holds()
			}
			if n <= 6 {
				hledgerHolds(t, s, x.funds[0].Code)
			}
		})
	}, fund.Migrations)
}

// Any bytes and any mapping give rows or refusals, never a panic, and what is read adds up.
func FuzzMapping(f *testing.F) {
	f.Add("Ngay;Tien;ND\n09/09/2024;500.000;ung ho\n", 2, 1, 2, 3, false)
	f.Add("a,b,c\n2024-09-09,-1,\"x\ny\"\n,,z\n", 2, 1, 2, 3, true)
	f.Add("\"", 1, 1, 2, 3, false)
	f.Fuzz(func(t *testing.T, text string, first, date, amount, memo int, signed bool) {
		m := statement.Mapping{FirstRow: first, Dates: statement.DateForms()[0], Date: date, Memo: memo, Credit: amount}
		if signed {
			m.Credit, m.Signed = 0, amount
		}
		rows, sum := 0, money.VND(0)
		totals, err := statement.ParseMapped(strings.NewReader(text), int64(len(text)), m, func(r statement.Row) error {
			rows, sum = rows+1, sum+r.Credit-r.Debit
			return nil
		})
		if err == nil && totals.Refused == 0 && (rows != totals.Rows || sum != totals.Credit-totals.Debit) {
			t.Errorf("%d rows and %s were handed out, %d and %s counted", rows, sum, totals.Rows, totals.Credit-totals.Debit)
		}
		if _, err := statement.Preview(strings.NewReader(text), int64(len(text)), 5); err != nil {
			var f *fault.Error
			if !errors.As(err, &f) {
				t.Error(err)
			}
		}
	})
}
