package spending_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/fund/spending/spendingtest"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/household/householdtest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

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

func each(t *testing.T, fn func(t *testing.T, k *spendingtest.Kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, spendingtest.New(t, d)) }, spendingtest.Migrations...)
}

// TestThreePeople walks from a decision to a household, with everybody else refused at each step.
func TestThreePeople(t *testing.T) {
	each(t, func(t *testing.T, k *spendingtest.Kit) {
		ctx := t.Context()
		k.Give("2026-11-18", 6_000_000, 4_000_000)
		draft := spendingtest.Draft("15/QĐ-BVĐ", spendingtest.Share(8_000_000))
		both := identitytest.And(spendingtest.Accountant, identity.RoleFundApprover, orgunittest.Province)
		a, err := k.Spending.Propose(ctx, both, draft)
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.Spending.Propose(ctx, spendingtest.Accountant, draft)
		wantFault(t, err, "spending.allocation.taken")
		_, err = k.Spending.Propose(ctx, spendingtest.Approver, draft)
		wantFault(t, err, "identity.not_allowed")
		_, err = k.Spending.Decide(ctx, both, a.ID, true, "")
		wantFault(t, err, "identity.not_allowed")
		till := identitytest.And(spendingtest.Approver, identity.RoleTreasurer, orgunittest.Province)
		_, err = k.Spending.Decide(ctx, till, a.ID, true, "")
		wantFault(t, err, "identity.not_allowed")
		_, err = k.Spending.Decide(ctx, spendingtest.Approver, a.ID, false, " ")
		wantFault(t, err, "spending.reason")
		if a, err = k.Spending.Decide(ctx, spendingtest.Approver, a.ID, true, ""); err != nil {
			t.Fatal(err)
		}
		_, err = k.Spending.Decide(ctx, spendingtest.Approver, a.ID, true, "")
		wantFault(t, err, "spending.allocation.decided")

		share := a.Shares[0].ID
		h := k.Family(1)
		p := k.Plan(share, h, 2_000_000)
		_, err = k.Spending.Plan(ctx, spendingtest.Collector, share, []spending.NewPayment{{HouseholdID: h.ID, Amount: 1}})
		wantFault(t, err, "spending.payment.twice")
		_, err = k.Spending.Pay(ctx, spendingtest.Sister, p.ID, spendingtest.Payout())
		wantFault(t, err, "spending.allocation.none")
		decider := identitytest.Official("duyet", identity.RoleTreasurer, orgunittest.Province)
		_, err = k.Spending.Pay(ctx, decider, p.ID, spendingtest.Payout())
		wantFault(t, err, "identity.not_allowed")
		if _, err = k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, spendingtest.Payout()); err != nil {
			t.Fatal(err)
		}
		_, err = k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, spendingtest.Payout())
		wantFault(t, err, "spending.payment.changed")
		if help, err := k.Service.HelpOf(ctx, householdtest.Collector, h.ID); err != nil || len(help) != 1 || help[0].Value != 2_000_000 || help[0].Source != spending.HelpSource {
			t.Fatal(help, err)
		}
		view, err := k.Spending.OpenShare(ctx, spendingtest.WardPurse, share)
		if err != nil || view.Paid != 2_000_000 || view.Left() != 6_000_000 || view.Helped != 1 {
			t.Fatal(view, err)
		}
		wantFault(t, k.Spending.TakeBack(ctx, spendingtest.WardPurse, p.ID, ""), "spending.reason")
		wantFault(t, k.Spending.TakeBack(ctx, spendingtest.Collector, p.ID, "Trả nhầm"), "identity.not_allowed")
		if err := k.Spending.TakeBack(ctx, spendingtest.WardPurse, p.ID, "Trả nhầm hộ"); err != nil {
			t.Fatal(err)
		}
		wantFault(t, k.Spending.TakeBack(ctx, spendingtest.WardPurse, p.ID, "Trả nhầm hộ"), "spending.payment.changed")
		if help, err := k.Service.HelpOf(ctx, householdtest.Collector, h.ID); err != nil || len(help) != 0 {
			t.Fatal(help, err)
		}
		d, err := k.Spending.Open(ctx, spendingtest.Approver, a.ID)
		if err != nil || d.Paid() != 0 || len(d.Events) != 5 {
			t.Fatal(d, err)
		}
	})
}

func TestNeverMoreThanThereIs(t *testing.T) {
	each(t, func(t *testing.T, k *spendingtest.Kit) {
		ctx := t.Context()
		k.Give("2026-11-18", 10_000_000)
		_, err := k.Spending.Propose(ctx, spendingtest.Accountant, spendingtest.Draft("1", spendingtest.Share(10_000_001)))
		wantFault(t, err, "spending.allocation.too_much")
		one, err := k.Spending.Propose(ctx, spendingtest.Accountant, spendingtest.Draft("1", spendingtest.Share(6_000_000)))
		if err != nil {
			t.Fatal(err)
		}
		two, err := k.Spending.Propose(ctx, spendingtest.Accountant, spendingtest.Draft("2", spendingtest.Share(6_000_000)))
		if err != nil {
			t.Fatal(err)
		}
		if one, err = k.Spending.Decide(ctx, spendingtest.Approver, one.ID, true, ""); err != nil {
			t.Fatal(err)
		}
		_, err = k.Spending.Decide(ctx, spendingtest.Approver, two.ID, true, "")
		wantFault(t, err, "spending.allocation.too_much")
		share := one.Shares[0].ID
		_, err = k.Spending.Plan(ctx, spendingtest.Collector, share, []spending.NewPayment{{Work: "Cầu", Amount: 6_000_001}})
		wantFault(t, err, "spending.share.left")
		wantFault(t, k.Spending.Withdraw(ctx, spendingtest.Approver, share, 6_000_001, "Không dùng hết"), "spending.share.left")
		if err := k.Spending.Withdraw(ctx, spendingtest.Approver, share, 2_000_000, "Không dùng hết"); err != nil {
			t.Fatal(err)
		}
		if _, err = k.Spending.Decide(ctx, spendingtest.Approver, two.ID, true, ""); err != nil {
			t.Fatal(err)
		}
		wantFault(t, k.Spending.Drop(ctx, spendingtest.Accountant, two.ID, "Nhầm"), "spending.allocation.decided")
	})
}

// TestTransfersLeaveWhatIsPromised: another fund gets what no decision has promised, and what a transfer brought stays as well
// once it is promised there.
func TestTransfersLeaveWhatIsPromised(t *testing.T) {
	each(t, func(t *testing.T, k *spendingtest.Kit) {
		ctx := t.Context()
		k.Fund.KeepPromises(k.Spending)
		k.Give("2026-11-18", 10_000_000)
		if _, err := k.Fund.OpenAppeal(ctx, spendingtest.House, fund.NewAppeal{Code: "TRUNG-UONG", Name: "Quỹ cấp trên", UnitID: orgunittest.Province, Basis: "Lời kêu gọi số 1",
			Opens: "2026-11-10", Closes: "2026-12-31", Accounts: []string{"BIDV:31010000998877"}}); err != nil {
			t.Fatal(err)
		}
		a := k.Approved(spendingtest.Draft("1", spendingtest.Share(6_000_000)))
		send := func(from, to string, amount money.VND) (fund.Transfer, error) {
			return k.Fund.Transfer(ctx, spendingtest.House, fund.NewTransfer{From: from, To: to, Amount: amount, Document: "Quyết định số 5"})
		}
		_, err := send(spendingtest.Appeal, "TRUNG-UONG", 4_000_001)
		wantFault(t, err, "spending.promised")
		_, err = send("TRUNG-UONG", spendingtest.Appeal, 1)
		wantFault(t, err, "fund.spend.too_much")
		out, err := send(spendingtest.Appeal, "TRUNG-UONG", 4_000_000)
		if err != nil {
			t.Fatal(err)
		}
		_, err = send(spendingtest.Appeal, "TRUNG-UONG", 1)
		wantFault(t, err, "spending.promised")
		if err := k.Spending.Withdraw(ctx, spendingtest.Approver, a.Shares[0].ID, 1_000_000, "Không dùng hết"); err != nil {
			t.Fatal(err)
		}
		if _, err = send(spendingtest.Appeal, "TRUNG-UONG", 1_000_000); err != nil {
			t.Fatal(err)
		}
		there := spendingtest.Draft("2", spendingtest.Share(2_000_000))
		there.Appeal = "TRUNG-UONG"
		k.Approved(there)
		wantFault(t, k.Fund.UndoTransfer(ctx, spendingtest.House, out.ID, "Nhầm"), "spending.promised")
	})
}

func TestEarmarksAreHonoured(t *testing.T) {
	each(t, func(t *testing.T, k *spendingtest.Kit) {
		ctx := t.Context()
		k.Give("2026-11-18", 3_000_000)
		mark, err := k.Fund.AddEarmark(ctx, spendingtest.House, spendingtest.Appeal, fund.Earmark{Code: "NHA", Sort: fund.ForPurpose, Name: "Sửa nhà", Heads: []fund.Head{fund.HeadHousing}})
		if err != nil {
			t.Fatal(err)
		}
		if err := k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			_, err := k.Fund.PostCash(ctx, tx, fund.CashGift{AppealID: k.AppealID, Day: "2026-11-19", Amount: 5_000_000, Document: "1", EarmarkID: mark.ID})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		_, err = k.Spending.Propose(ctx, spendingtest.Accountant, spendingtest.Draft("1", spendingtest.Share(4_000_000)))
		wantFault(t, err, "spending.allocation.too_much")
		bound := spendingtest.Share(4_000_000)
		bound.EarmarkID = mark.ID
		_, err = k.Spending.Propose(ctx, spendingtest.Accountant, spendingtest.Draft("1", bound))
		wantFault(t, err, "spending.share.earmark_head")
		bound.Head = fund.HeadHousing
		a := k.Approved(spendingtest.Draft("1", bound))
		bound.Amount = 1_000_001
		_, err = k.Spending.Propose(ctx, spendingtest.Accountant, spendingtest.Draft("2", bound))
		wantFault(t, err, "spending.allocation.too_much_bound")
		bound.EarmarkID = "other"
		_, err = k.Spending.Propose(ctx, spendingtest.Accountant, spendingtest.Draft("2", bound))
		wantFault(t, err, "spending.share.earmark")
		running := spendingtest.Share(1000)
		running.Head = fund.HeadRunning
		_, err = k.Spending.Propose(ctx, spendingtest.Accountant, spendingtest.Draft("2", running))
		wantFault(t, err, "spending.share.running")
		p := k.Plan(a.Shares[0].ID, household.Household{}, 4_000_000)
		out := spendingtest.Payout()
		out.Way = spending.WayCash
		if _, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, out); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPhotoNeedsConsent(t *testing.T) {
	k := spendingtest.New(t, dbtest.SQLite(t, spendingtest.Migrations...))
	ctx := t.Context()
	k.Give("2026-11-18", 3_000_000)
	p := k.Plan(k.Approved(spendingtest.Draft("1", spendingtest.Share(3_000_000))).Shares[0].ID, household.Household{}, 1_000_000)
	var img bytes.Buffer
	if err := png.Encode(&img, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	out := spendingtest.Payout()
	out.Photo, out.Witness, out.MinutesNo = bytes.NewReader(img.Bytes()), "", ""
	_, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, out)
	wantFault(t, err, "spending.pay.minutes_no")
	out = spendingtest.Payout()
	out.Photo = bytes.NewReader(img.Bytes())
	_, err = k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, out)
	wantFault(t, err, "spending.pay.photo_consent")
	out.PhotoConsent = "Trạm trưởng đồng ý"
	paid, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, out)
	if err != nil || paid.Photo == "" {
		t.Fatal(paid, err)
	}
	if b, err := k.Spending.Photo(ctx, spendingtest.WardPurse, p.ID); err != nil || len(b) == 0 {
		t.Fatal(len(b), err)
	}
	if _, err := k.Spending.Photo(ctx, identity.Citizen(), p.ID); err == nil {
		t.Fatal("a citizen sees the photo of a payment")
	}
	if used, err := k.Spending.UsedPictures(ctx, []string{paid.Photo, "other"}); err != nil || len(used) != 1 {
		t.Fatal(used, err)
	}
}

func TestPublicKeepsFewHouseholdsBack(t *testing.T) {
	each(t, func(t *testing.T, k *spendingtest.Kit) {
		ctx := t.Context()
		k.Give("2026-11-18", 100_000_000)
		share := spendingtest.Share(50_000_000)
		share.Purpose = "Gạo, gọi 0912 345 678 để nhận"
		a := k.Approved(spendingtest.Draft("15/QĐ-BVĐ", share))
		for n := range 9 {
			p := k.Plan(a.Shares[0].ID, k.Family(n), 1_000_000)
			if _, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, spendingtest.Payout()); err != nil {
				t.Fatal(err)
			}
		}
		v, err := k.Spending.PublicView(ctx, spendingtest.Appeal)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Few || v.Households != 0 || !v.Units[0].Few || v.Units[0].Paid != 0 || v.Decisions[0].Shares[0].Paid != 0 || v.Paid != 9_000_000 || v.Held() != 50_000_000 {
			t.Errorf("%+v", v)
		}
		if got := v.Decisions[0].Shares[0].Purpose; got != "Gạo, gọi … để nhận" {
			t.Error(got)
		}
		p := k.Plan(a.Shares[0].ID, k.Family(9), 1_000_000)
		if _, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, spendingtest.Payout()); err != nil {
			t.Fatal(err)
		}
		if v, err = k.Spending.PublicView(ctx, spendingtest.Appeal); err != nil || v.Households != 10 || v.Units[0].Paid != 10_000_000 || v.Decisions[0].Households != (spending.Promise{Target: 4, Done: 10}) {
			t.Errorf("%+v %v", v, err)
		}
	})
}

func TestJourney(t *testing.T) {
	each(t, func(t *testing.T, k *spendingtest.Kit) {
		ctx := t.Context()
		k.Give("2026-11-17", 1_000_000)
		k.Give("2026-11-18", 1_000_000, 2_000_000)
		gifts, err := k.Fund.GiftFacts(ctx, k.DB.Read(), k.AppealID, fund.Position{}, 10)
		if err != nil || len(gifts) != 3 {
			t.Fatal(gifts, err)
		}
		j, err := k.Spending.GiftJourney(ctx, gifts[1].ID)
		if err != nil || j.Pool != 3_000_000 || j.PoolGifts != 2 || j.Held.PerMille != 1000 {
			t.Fatal(j, err)
		}
		a := k.Approved(spendingtest.Draft("1", spendingtest.Share(2_000_000)))
		p := k.Plan(a.Shares[0].ID, household.Household{}, 1_000_000)
		if _, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, spendingtest.Payout()); err != nil {
			t.Fatal(err)
		}
		if j, err = k.Spending.GiftJourney(ctx, gifts[0].ID); err != nil || j.Pool != 1_000_000 || len(j.Steps) != 1 || j.Steps[0].PerMille != 1000 || j.Held.Amount != 0 {
			t.Fatal(j, err)
		}
		j, err = k.Spending.GiftJourney(ctx, gifts[1].ID)
		if err != nil || len(j.Steps) != 1 || j.Steps[0].Amount != 1_000_000 || j.Steps[0].PerMille+j.Held.PerMille+j.Passed.PerMille != 1000 || j.Held.Amount != 2_000_000 {
			t.Fatal(j, err)
		}
		_, err = k.Spending.GiftJourney(ctx, "none")
		wantFault(t, err, "fund.gift.none")
	})
}

func TestMap(t *testing.T) {
	each(t, func(t *testing.T, k *spendingtest.Kit) {
		ctx := t.Context()
		k.Give("2026-11-18", 10_000_000)
		need := spending.NewNeed{Appeal: spendingtest.Appeal, UnitID: orgunittest.VinhHung, Households: 120, Amount: 4_000_000}
		if err := k.Spending.SayNeed(ctx, householdtest.Collector, need); err != nil {
			t.Fatal(err)
		}
		wantFault(t, k.Spending.SayNeed(ctx, householdtest.Sister, need), "identity.not_allowed")
		state := func() spending.CoverState {
			t.Helper()
			_, list, err := k.Spending.Map(ctx, spendingtest.Appeal)
			if err != nil || len(list) != 3 {
				t.Fatal(list, err)
			}
			for _, c := range list {
				if c.UnitID == orgunittest.VinhHung {
					return c.State
				}
			}
			return ""
		}
		if s := state(); s != spending.Fresh {
			t.Error(s)
		}
		k.Clock.Advance(48 * time.Hour)
		if err := k.Spending.SayNeed(ctx, householdtest.Collector, need); err != nil { // says it again: it still stands since the first time
			t.Fatal(err)
		}
		if s := state(); s != spending.Uncovered {
			t.Error(s)
		}
		area := spendingtest.Share(1_000_000)
		area.UnitID = orgunittest.AreaKimHoa
		k.Approved(spendingtest.Draft("1", area))
		if s := state(); s != spending.Partly {
			t.Error(s)
		}
		k.Approved(spendingtest.Draft("2", spendingtest.Share(3_000_000)))
		if s := state(); s != spending.Covered {
			t.Error(s)
		}
		need.Households, need.Amount = 0, 0
		if err := k.Spending.SayNeed(ctx, householdtest.Collector, need); err != nil {
			t.Fatal(err)
		}
		if s := state(); s != spending.NoNeed {
			t.Error(s)
		}
	})
}

// TestRandomSequences does at random what people do, and checks after each act that nobody promised or paid more than there is.
func TestRandomSequences(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := spendingtest.New(t, d)
		ctx := context.Background()
		no := 0
		rapid.Check(t, func(t *rapid.T) {
			var shares []string
			var planned, paid []string
			var proposed []string
			amount := func() money.VND { return money.VND(rapid.IntRange(1, 3_000_000).Draw(t, "amount")) }
			known := func(err error) {
				var f *fault.Error
				var fs fault.Fields
				if err != nil && !errors.As(err, &f) && !errors.As(err, &fs) {
					t.Fatal(err)
				}
			}
			for range rapid.IntRange(4, 14).Draw(t, "acts") {
				switch rapid.IntRange(0, 6).Draw(t, "act") {
				case 0:
					k.Give("2026-11-18", amount())
				case 1:
					no++
					in := spendingtest.Draft(time.Duration(no).String(), spendingtest.Share(amount()), spendingtest.Share(amount()))
					a, err := k.Spending.Propose(ctx, spendingtest.Accountant, in)
					if known(err); err == nil {
						proposed = append(proposed, a.ID)
					}
				case 2:
					for _, p := range proposed {
						a, err := k.Spending.Decide(ctx, spendingtest.Approver, p, true, "")
						if known(err); err == nil {
							shares = append(shares, a.Shares[0].ID, a.Shares[1].ID)
						}
					}
					proposed = nil
				case 3:
					for _, s := range shares {
						ps, err := k.Spending.Plan(ctx, spendingtest.Collector, s, []spending.NewPayment{{Work: "Đường", Amount: amount()}})
						if known(err); err == nil {
							planned = append(planned, ps[0].ID)
						}
					}
				case 4:
					for _, p := range planned {
						_, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p, spendingtest.Payout())
						if known(err); err == nil {
							paid = append(paid, p)
						}
					}
					planned = nil
				case 5:
					for _, p := range paid {
						known(k.Spending.TakeBack(ctx, spendingtest.WardPurse, p, "Trả lại"))
					}
					paid = nil
				case 6:
					for _, s := range shares {
						known(k.Spending.Withdraw(ctx, spendingtest.Approver, s, amount(), "Không dùng hết"))
					}
				}
				holds(t, k)
			}
		})
	}, spendingtest.Migrations...)
}

// holds checks that promises and payments stay within what there is, and that the ledger says the same as the decisions.
func holds(t *rapid.T, k *spendingtest.Kit) {
	ctx := context.Background()
	v, err := k.Spending.PublicView(ctx, spendingtest.Appeal)
	if err != nil {
		t.Fatal(err)
	}
	if v.Allotted > v.Given || v.Paid > v.Allotted {
		t.Fatalf("given %s, allotted %s, paid %s", v.Given, v.Allotted, v.Paid)
	}
	purses, err := k.Fund.Purses(ctx, k.DB.Read(), k.AppealID)
	if err != nil || purses[0].Spent != v.Paid || purses[0].Left() < 0 {
		t.Fatal(purses, v.Paid, err)
	}
	list, _, err := k.Spending.List(ctx, spendingtest.Accountant, spending.Filter{State: spending.Approved})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		for _, s := range a.Shares {
			if s.Left() < 0 || s.Paid < 0 || s.Planned < 0 {
				t.Fatalf("%+v", s)
			}
		}
	}
}

// houses is the room where houses are built, with one house.
type houses struct {
	of    string // household
	house spending.House
	bound []string
	fails error
}

// HouseOf implements spending.Houses.
func (h *houses) HouseOf(_ context.Context, householdID string) (spending.House, error) {
	if householdID != h.of {
		return spending.House{}, nil
	}
	return h.house, nil
}

// BindHouse implements spending.Houses.
func (h *houses) BindHouse(_ context.Context, _ db.Tx, _ identity.Actor, houseID, sourceID string) error {
	h.bound = append(h.bound, houseID+" "+sourceID)
	return h.fails
}

// Money may be paid for the house of the household, not for another one and not for more than the house lacks. When the house
// does not take it nothing is paid.
func TestPayForAHouse(t *testing.T) {
	k := spendingtest.New(t, dbtest.SQLite(t, spendingtest.Migrations...))
	ctx := t.Context()
	family, other := k.Family(1), k.Family(2)
	room := &houses{of: family.ID, house: spending.House{ID: "nha-1", Code: "NHA1", Left: 2_000_000}}
	k.Spending.Houses = room
	k.Give("2026-11-18", 10_000_000)
	share := k.Approved(spendingtest.Draft("1", spendingtest.Share(9_000_000))).Shares[0].ID
	out := spendingtest.Payout()
	out.House = "nha-1"
	for _, x := range []struct {
		of     string
		amount money.VND
		want   string
	}{{other.ID, 1_000_000, "spending.pay.house_other"}, {family.ID, 3_000_000, "spending.pay.house_left"}} {
		ps, err := k.Spending.Plan(ctx, spendingtest.Collector, share, []spending.NewPayment{{HouseholdID: x.of, Amount: x.amount}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = k.Spending.Pay(ctx, spendingtest.WardPurse, ps[0].ID, out)
		wantFault(t, err, x.want)
		if err := k.Spending.Unplan(ctx, spendingtest.Collector, ps[0].ID, "Thử"); err != nil {
			t.Fatal(err)
		}
	}
	p := k.Plan(share, family, 2_000_000)
	if v, err := k.Spending.OpenPayment(ctx, spendingtest.WardPurse, p.ID); err != nil || v.House != room.house {
		t.Fatal(v.House, err)
	}
	room.fails = fault.New(fault.Conflict, "housing.bound_too_much")
	_, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, out)
	wantFault(t, err, "housing.bound_too_much")
	if v, err := k.Spending.OpenPayment(ctx, spendingtest.WardPurse, p.ID); err != nil || v.State != spending.PayPlanned {
		t.Fatal(v.State, err)
	}
	room.bound, room.fails = nil, nil
	if _, err := k.Spending.Pay(ctx, spendingtest.WardPurse, p.ID, out); err != nil || !slices.Equal(room.bound, []string{"nha-1 " + p.ID}) {
		t.Fatal(room.bound, err)
	}
}
