package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// The appeal that is played: a typhoon, in its third day.
const (
	appealCode    = "BAO-SO-9"
	appealAccount = "9990000000001" // an invented number, as in the test vectors of VietQR
	appealGifts   = 50_000
)

// troupe is the people of the appeal, found by their roles: the scene can go on after a restart.
type troupe struct {
	house    *app.House
	province orgunit.Unit
	communes []orgunit.Unit
	gifts    int // in the statement of the bank
}

func newTroupe(house *app.House) troupe {
	list := committees(house, orgunit.LevelProvince, orgunit.LevelCommune)
	return troupe{house, list[0], list[1:], appealGifts}
}

// who finds the official with a role in a unit.
func (t troupe) who(ctx context.Context, role identity.Role, unitID string) (identity.Actor, error) {
	list, _, err := t.house.Rooms().People.People(ctx, identity.System("rehearsal"), identity.PeopleQuery{UnitID: unitID, Role: role})
	if err != nil {
		return identity.Actor{}, err
	}
	for _, p := range list {
		if p.UnitID == unitID {
			return identity.Actor{Kind: identity.ActorOfficial, ID: p.OfficialID, Name: p.Name, Grants: []identity.Grant{{Role: role, UnitID: unitID}}}, nil
		}
	}
	return identity.Actor{}, fmt.Errorf("nobody is %s of %s", role, unitID)
}

// openAppeal opens the appeal three days ago and lets communes say what they need, some of them long enough ago to be overdue.
func openAppeal(ctx context.Context, house *app.House, clk *history) error {
	r, t := house.Rooms(), newTroupe(house)
	approver, err := t.who(ctx, identity.RoleFundApprover, t.province.ID)
	if err != nil {
		return err
	}
	err = clk.play(3*24*time.Hour, func() error {
		today := clock.DateOf(clk.Now())
		_, err := r.Fund.OpenAppeal(ctx, approver, fund.NewAppeal{Code: appealCode, Name: "Ủng hộ đồng bào bị thiệt hại do bão số 9", UnitID: t.province.ID,
			Basis: "Lời kêu gọi số 21/LKG-MTTQ-BTT ngày " + today.Vietnamese(), FundKind: fund.FundRelief, Level: fund.LevelProvince, Opens: today, Closes: today.AddDays(60), Accounts: []string{"VCB:" + appealAccount}})
		return err
	})
	if err != nil && !fault.Is(err, fault.Conflict) {
		return err
	}
	for i, u := range t.communes {
		if i%4 != 0 {
			continue
		}
		chair, err := t.who(ctx, identity.RoleLeader, u.ID)
		if err != nil {
			return err
		}
		ago := 60 * time.Hour
		if i%12 == 0 {
			ago = 20 * time.Hour
		}
		if err := clk.play(ago, func() error {
			return r.Spending.SayNeed(ctx, chair, spending.NewNeed{Appeal: appealCode, UnitID: u.ID, Households: 40 + i*3%260, Amount: money.VND(150_000_000 + i*2_500_000)})
		}); err != nil {
			return err
		}
	}
	return nil
}

// playAppeal fills the appeal while the pages answer already: gifts through a bank statement, cash, decisions, payments. It
// leaves a mark at its end; an interrupted one goes on where it stopped.
func playAppeal(ctx context.Context, t troupe, dir string, out io.Writer) error {
	mark := filepath.Join(dir, "appeal-played")
	if _, err := os.Stat(mark); err == nil {
		return nil
	}
	began := time.Now()
	codes, err := t.codes(ctx, dir)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return t.statement(ctx, codes) }, t.receipts, t.decisions,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "  đợt ủng hộ %s: %d khoản, phân bổ và chi (%.0f giây). Thử tra cứu bằng mã %s\n", appealCode, t.gifts, time.Since(began).Seconds(), strings.Join(codes[:3], ", "))
	return os.WriteFile(mark, []byte("ok\n"), 0o640)
}

// codes gives the reference codes that some givers used; they are kept so that an interrupted scene uses the same.
func (t troupe) codes(ctx context.Context, dir string) ([]string, error) {
	file := filepath.Join(dir, "appeal-codes")
	if b, err := os.ReadFile(file); err == nil {
		return strings.Fields(string(b)), nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var out []string
	for range 12 {
		c, err := t.house.Rooms().Cash.AskCode(ctx, appealCode, 200_000)
		if err != nil {
			return nil, err
		}
		out = append(out, c.Code)
	}
	return out, os.WriteFile(file, []byte(strings.Join(out, "\n")+"\n"), 0o640)
}

// statement takes the statement of three days in, as the accountant would.
func (t troupe) statement(ctx context.Context, codes []string) error {
	accountant, err := t.who(ctx, identity.RoleAccountant, t.province.ID)
	if err != nil {
		return err
	}
	r := t.house.Rooms()
	a, err := r.Fund.AppealByCode(ctx, r.DB.Read(), appealCode)
	if err != nil {
		return err
	}
	text := bankStatement(a.Opens, codes, t.gifts)
	res, err := r.Fund.Import(ctx, accountant, fund.ImportRequest{Appeal: appealCode, Layout: statement.Vietcombank, Name: "sao-ke-vcb.csv", File: bytes.NewReader(text), Size: int64(len(text))})
	if err != nil {
		return err
	}
	if res.State == fund.ImportRefused {
		return fmt.Errorf("the invented statement was refused: %v", res.Totals.Problems)
	}
	return nil
}

// bankStatement invents gifts with the sizes and words of real ones: nine in ten are round amounts, the middle one is 200,000.
func bankStatement(first clock.Date, codes []string, gifts int) []byte {
	rnd := rand.New(rand.NewPCG(9, 2026))
	n := newNames(77)
	round := []int{20, 50, 50, 100, 100, 100, 200, 200, 200, 200, 300, 500, 500, 1000, 2000, 5000}
	wishes := []string{"ung ho dong bao vung bao", "UNG HO BAO SO 9", "mot chut tam long", "chia se voi ba con", "ct ung ho lu lut", "Ung ho dong bao mien Trung"}
	var b bytes.Buffer
	b.WriteString("PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n")
	for i := range gifts {
		amount := pick(rnd, round) * 1000
		switch x := rnd.IntN(1000); {
		case x < 70:
			amount = (1 + rnd.IntN(900)) * 1000
		case x < 78:
			amount = (1 + rnd.IntN(10)) * 10_000_000
		case x == 999:
			amount = (1 + rnd.IntN(5)) * 100_000_000
		}
		memo := fmt.Sprintf("MBVCB.%d.%s.CT tu 0%d", 7_000_000_000+i, pick(rnd, wishes), 100_000_0000+rnd.IntN(899_999_999))
		if i%3 == 0 {
			memo += " " + strings.ToUpper(vntext.Fold(n.citizen()))
		}
		if i%4000 == 7 && len(codes) > i/4000 {
			memo, amount = "MBVCB."+codes[i/4000]+".chuyen tien", 200_000
		}
		fmt.Fprintf(&b, "%d,%s,5213.%d,,%d,,%s\n", i/40+1, first.AddDays(min(2, i/(gifts/3))).Vietnamese(), 10000+i, amount, memo)
	}
	return b.Bytes()
}
