// Package spendingtest gives tests an appeal with gifts in it, on a real database with the small province of orgunittest, and
// one official for each part in spending them.
package spendingtest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/household/householdtest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

// Migrations is what a test that uses the kit gives to dbtest.
var Migrations = append(append([]db.Migrations{}, householdtest.Migrations...), fund.Migrations, spending.Migrations)

// The appeal of the kit.
const (
	Appeal  = "BAO-2026"
	Account = "1012345678"
)

// Officials of the kit, one for each part.
var (
	Accountant = identitytest.Official("ke-toan", identity.RoleAccountant, orgunittest.Province)
	Approver   = identitytest.Official("duyet", identity.RoleFundApprover, orgunittest.Province)
	Treasurer  = identitytest.Official("thu-quy", identity.RoleTreasurer, orgunittest.Province)
	WardPurse  = identitytest.Official("thu-quy-phuong", identity.RoleTreasurer, orgunittest.VinhHung)
	Collector  = identitytest.Official("nguoi-nhan", identity.RoleCollector, orgunittest.VinhHung)
	Sister     = identitytest.Official("phuong-ban", identity.RoleTreasurer, orgunittest.TruongVinh)
	House      = identity.System("test")
)

// Kit is the services with everything around them.
type Kit struct {
	*householdtest.Kit
	Fund     *fund.Service
	Spending *spending.Service
	Pictures *picture.Store
	AppealID string
	rows     int
}

// New makes a kit on a database with Migrations; further policies may be given for other rooms.
func New(t testing.TB, d *db.DB, policies ...identity.PolicyFile) *Kit {
	t.Helper()
	k := &Kit{Kit: householdtest.New(t, d, append(policies, identitytest.File("fund", fund.Policies), identitytest.File("spending", spending.Policies))...)}
	blobs, err := blob.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k.Pictures = picture.NewStore(blobs)
	k.Fund = fund.New(fund.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Has: func(unitID string) bool { return k.Units.Forest().Has(unitID) }})
	k.Spending = spending.New(spending.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Forest: k.Units.Forest, Books: k.Fund, Households: k.Kit.Service, Pictures: k.Pictures})
	a, err := k.Fund.OpenAppeal(t.Context(), House, fund.NewAppeal{Code: Appeal, Name: "Ủng hộ đồng bào vùng bão", UnitID: orgunittest.Province, Basis: "Lời kêu gọi số 12/LKG-MTTQ",
		Opens: "2026-11-10", Closes: "2026-12-31", Accounts: []string{"VCB:" + Account}})
	if err != nil {
		t.Fatal(err)
	}
	k.AppealID = a.ID
	return k
}

// Give takes gifts in through a bank statement of a day.
func (k *Kit) Give(day clock.Date, amounts ...money.VND) {
	k.T.Helper()
	var b strings.Builder
	b.WriteString("PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n")
	for _, v := range amounts {
		k.rows++
		fmt.Fprintf(&b, "1,%s,5213.%d,,%d,,Ung ho dong bao\n", day.Vietnamese(), 10000+k.rows, int64(v))
	}
	r, err := k.Fund.Import(context.Background(), House, fund.ImportRequest{Appeal: Appeal, Layout: statement.Vietcombank, Name: "vcb.csv", File: strings.NewReader(b.String()), Size: int64(b.Len())})
	if err != nil {
		k.T.Fatal(err)
	}
	if r.State != fund.ImportPosted {
		k.T.Fatal(r.State, r.Totals.Problems)
	}
}

// Share is a share of the ward for households.
func Share(amount money.VND) spending.NewShare {
	return spending.NewShare{Head: fund.HeadFood, UnitID: orgunittest.VinhHung, Purpose: "Gạo và nước sạch cho hộ ngập", Amount: amount, Target: 4, TargetKind: spending.TargetHousehold}
}

// Draft is a decision with the shares.
func Draft(no string, shares ...spending.NewShare) spending.NewAllocation {
	return spending.NewAllocation{Appeal: Appeal, DocNo: no, DocDay: "2026-11-20", Meeting: "Họp Ban Vận động lần 3", About: "Phân bổ đợt 1", Shares: shares}
}

// Approved proposes and approves a decision.
func (k *Kit) Approved(in spending.NewAllocation) spending.Allocation {
	k.T.Helper()
	a, err := k.Spending.Propose(context.Background(), Accountant, in)
	if err == nil {
		a, err = k.Spending.Decide(context.Background(), Approver, a.ID, true, "")
	}
	if err != nil {
		k.T.Fatal(err)
	}
	return a
}

// Plan names a household or (with "") the work for a payment.
func (k *Kit) Plan(shareID string, h household.Household, amount money.VND) spending.Payment {
	k.T.Helper()
	in := spending.NewPayment{HouseholdID: h.ID, Amount: amount}
	if h.ID == "" {
		in.Work = "Trạm y tế phường"
	}
	ps, err := k.Spending.Plan(context.Background(), Collector, shareID, []spending.NewPayment{in})
	if err != nil {
		k.T.Fatal(err)
	}
	return ps[0]
}

// Payout is what a treasurer writes down.
func Payout() spending.Payout {
	return spending.Payout{Day: "2026-11-21", Way: spending.WayBank, MinutesNo: "07/BB", Witness: "Trưởng khối Kim Hòa"}
}

// Family adds a household to the register of the ward; n makes it another one.
func (k *Kit) Family(n int) household.Household {
	name := []string{"Hà", "Lan", "Hoa", "Thu", "Mai", "Nga", "Hiền", "Thảo", "Nhàn", "Yến", "Liên", "Oanh"}[n%12]
	return k.Add(householdtest.Entry("Nguyễn Thị "+name, fmt.Sprintf("0400580%05d", n)))
}
