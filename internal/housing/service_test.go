package housing_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/housing/housingtest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func each(t *testing.T, fn func(t *testing.T, k *housingtest.Kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, housingtest.New(t, d)) }, housingtest.Migrations...)
}

// TestLifeOfAHouse: from the survey to the handover, with money, photos, papers and the help in the family's ledger.
func TestLifeOfAHouse(t *testing.T) {
	each(t, func(t *testing.T, k *housingtest.Kit) {
		ctx, s := t.Context(), k.Houses
		f := k.Form("Phan Thị Mơ", "040158000123")
		f.OfflineID = "0b5cbb0e-0000-4000-8000-000000000001"
		pic, err := k.Pictures.Save(ctx, bytes.NewReader([]byte("before")))
		if err != nil {
			t.Fatal(err)
		}
		f.Photos = []housing.NewPhoto{{PictureID: pic.ID, Moment: housing.Before, Consent: "Chủ hộ, ký trên phiếu"}}
		c := k.Survey(f)
		if again := k.Survey(f); again.ID != c.ID {
			t.Fatal("the same form was taken in twice")
		}
		f.OfflineID = ""
		if _, err := s.Survey(ctx, housingtest.Surveyor, f); !fault.Is(err, fault.Conflict) {
			t.Fatalf("a second open house: %v", err)
		}
		if _, err := s.Approve(ctx, identitytest.And(housingtest.Surveyor, identity.RoleFundApprover, orgunittest.VinhHung), c.ID, c.Version, housingtest.Decision()); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("the surveyor approves: %v", err)
		}
		if _, err := s.Approve(ctx, housingtest.Treasurer, c.ID, c.Version, housingtest.Decision()); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		if _, err := s.Approve(ctx, housingtest.Approver, c.ID, c.Version+1, housingtest.Decision()); !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		c = k.To(c, housing.Approved)
		if c.Amount != 60_000_000 || c.ApprovedBy != housingtest.Approver.ID {
			t.Fatalf("%+v", c)
		}
		if _, err := s.Pay(ctx, identitytest.And(housingtest.Approver, identity.RoleTreasurer, orgunittest.VinhHung), c.ID, housingtest.Payment(1)); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("the approver pays: %v", err)
		}
		p, err := s.Pay(ctx, housingtest.Treasurer, c.ID, housingtest.Payment(40_000_000))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Pay(ctx, housingtest.Treasurer, c.ID, housingtest.Payment(20_000_001)); !fault.Is(err, fault.Invalid) {
			t.Fatalf("more than was decided: %v", err)
		}
		if _, err := s.Pause(ctx, housingtest.Surveyor, c.ID, "Chờ qua mùa bão"); err != nil {
			t.Fatal(err)
		}
		if c, err = s.Resume(ctx, housingtest.Surveyor, c.ID, ""); err != nil || c.State != housing.Approved {
			t.Fatalf("%+v %v", c, err)
		}
		if c = k.To(mustGet(t, k, c.ID), housing.Approved); c.State != housing.Approved {
			t.Fatal(c.State)
		}
		for _, step := range []func() (housing.Case, error){
			func() (housing.Case, error) { return s.Start(ctx, housingtest.AreaHead, c.ID, "2026-10-15") },
			func() (housing.Case, error) {
				return s.Complete(ctx, housingtest.Surveyor, c.ID, housingtest.Completion())
			},
			func() (housing.Case, error) { return s.HandOver(ctx, housingtest.Surveyor, c.ID, "2026-11-18") },
		} {
			if c, err = step(); err != nil {
				t.Fatal(err)
			}
		}
		d, err := s.Open(ctx, housingtest.Surveyor, c.ID)
		if err != nil || d.State != housing.HandedOver || d.TotalValue != 85_000_000 || len(d.Events) != 8 || len(d.Photos) != 1 || d.PaidAll() != 40_000_000 || len(d.Warnings) != 0 || d.Area != "Khối Kim Hòa, Phường Vinh Hưng" {
			t.Fatalf("%+v %v", d, err)
		}
		papers, err := s.Papers(ctx, housingtest.Treasurer, c.ID, p.ID, "In biên bản")
		if err != nil || papers.Person.Name != "Phan Thị Mơ" || papers.Payment.Parties.Witness != "Lê Thị Bảy" || papers.Completion.Area != "45,5" || papers.Survey.Ethnicity != "Thái" {
			t.Fatalf("%+v %v", papers, err)
		}
		helps, err := k.Service.HelpOf(ctx, housingtest.Surveyor, c.HouseholdID)
		if err != nil || len(helps) != 1 || helps[0].Value != 60_000_000 || helps[0].Kind != household.House {
			t.Fatalf("%+v %v", helps, err)
		}
		if err := s.Reverse(ctx, housingtest.Treasurer, c.ID, p.ID, "Ghi nhầm số tiền"); err != nil {
			t.Fatal(err)
		}
		if err := s.Reverse(ctx, housingtest.Treasurer, c.ID, p.ID, "Ghi nhầm số tiền"); !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		if c = mustGet(t, k, c.ID); c.Paid != 0 {
			t.Fatal(c.Paid)
		}
		second := k.Form("Phan Thị Mơ", "040158000123")
		second.Need = housing.NeedRepair
		again := k.Survey(second)
		if d, err := s.Open(ctx, housingtest.Approver, again.ID); err != nil || len(d.Warnings) != 1 || d.Warnings[0].Kind != household.WarnHouse {
			t.Fatalf("no word of the first house: %+v %v", d.Warnings, err)
		}
		over := housingtest.Decision()
		if _, err := s.Approve(ctx, housingtest.Approver, again.ID, 0, over); !fault.Is(err, fault.Invalid) {
			t.Fatalf("60 million for a repair: %v", err)
		}
	})
}

func mustGet(t *testing.T, k *housingtest.Kit, caseID string) housing.Case {
	t.Helper()
	c, err := k.Houses.Get(t.Context(), housingtest.Surveyor, caseID)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestRegisteredHousehold: a survey of a household in the register; of one that is not ours; with nothing filled in.
func TestRegisteredHousehold(t *testing.T) {
	each(t, func(t *testing.T, k *housingtest.Kit) {
		ctx, s := t.Context(), k.Houses
		c := k.Survey(k.Form("Phan Thị Mơ", ""))
		f := k.Form("", "")
		f.HouseholdID = c.HouseholdID
		if _, err := s.Survey(ctx, housingtest.AreaHead, f); !fault.Is(err, fault.Conflict) {
			t.Fatalf("%v", err)
		}
		if _, err := s.Survey(ctx, housingtest.Sister, f); !fault.Is(err, fault.NotFound) {
			t.Fatalf("a stranger's household: %v", err)
		}
		if _, err := s.Survey(ctx, housingtest.Approver, f); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		if _, err := s.Survey(ctx, housingtest.Surveyor, housing.Form{}); !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if c, err := s.Revise(ctx, housingtest.AreaHead, c.ID, c.Version, housing.NeedRepair, f.Survey, "2026-10-02"); err != nil || c.Kind != housing.Repair || c.SurveyedBy != housingtest.AreaHead.ID {
			t.Fatalf("%+v %v", c, err)
		}
		survey, p, err := s.Read(ctx, housingtest.AreaHead, c.ID, "Kiểm tra phiếu")
		if err != nil || survey.Circumstances == "" || p.Name != "Phan Thị Mơ" {
			t.Fatalf("%+v %+v %v", survey, p, err)
		}
		for name, err := range map[string]error{
			"get":     second(s.Get(ctx, housingtest.Sister, c.ID)),
			"open":    second(s.Open(ctx, housingtest.Sister, c.ID)),
			"approve": second(s.Approve(ctx, housingtest.Sister, c.ID, 0, housingtest.Decision())),
			"papers":  second(s.Papers(ctx, housingtest.Sister, c.ID, "", "In giấy tờ")),
			"pause":   second(s.Pause(ctx, housingtest.Editor, c.ID, "Không có lý do")),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestPhotos: no photo without consent; it can be withdrawn.
func TestPhotos(t *testing.T) {
	each(t, func(t *testing.T, k *housingtest.Kit) {
		ctx, s := t.Context(), k.Houses
		c := k.Survey(k.Form("Phan Thị Mơ", ""))
		pic, _ := k.Pictures.Save(ctx, bytes.NewReader([]byte("jpeg")))
		photo := housing.NewPhoto{PictureID: pic.ID, Moment: housing.After}
		if err := s.AddPhotos(ctx, housingtest.Surveyor, c.ID, []housing.NewPhoto{photo}); !fault.Is(err, fault.Invalid) {
			t.Fatalf("without consent: %v", err)
		}
		photo.Consent = "Chủ hộ đồng ý"
		if err := s.AddPhotos(ctx, housingtest.Surveyor, c.ID, []housing.NewPhoto{photo}); err != nil {
			t.Fatal(err)
		}
		if b, err := s.Photo(ctx, housingtest.Approver, c.ID, pic.ID); err != nil || string(b) != "jpeg" {
			t.Fatal(err)
		}
		if _, err := s.Photo(ctx, housingtest.Sister, c.ID, pic.ID); !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		if used, err := s.UsedPictures(ctx, []string{pic.ID, "x"}); err != nil || len(used) != 1 {
			t.Fatal(used, err)
		}
		if err := s.DropPhoto(ctx, housingtest.Surveyor, c.ID, pic.ID); err != nil {
			t.Fatal(err)
		}
		if used, err := s.UsedPictures(ctx, []string{pic.ID}); err != nil || len(used) != 0 {
			t.Fatal(used, err)
		}
	})
}

// TestReport: list, report, plan and the public page say the same; nobody sees more than their own; small places are kept back.
func TestReport(t *testing.T) {
	each(t, func(t *testing.T, k *housingtest.Kit) {
		ctx, s := t.Context(), k.Houses
		if err := s.SetTargets(ctx, housingtest.Province, k.Programme.ID, map[string]int{orgunittest.VinhHung: 8, orgunittest.KimLien: 4}); err != nil {
			t.Fatal(err)
		}
		if err := s.SetTargets(ctx, housingtest.Chair, k.Programme.ID, map[string]int{orgunittest.VinhHung: 80}); !fault.Is(err, fault.Forbidden) {
			t.Fatalf("a ward plans for itself: %v", err)
		}
		if err := s.SetTargets(ctx, housingtest.Province, k.Programme.ID, map[string]int{orgunittest.VinhHung: -1}); !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		states := []housing.State{housing.HandedOver, housing.HandedOver, housing.Approved, housing.UnderWay, housing.Surveyed, housing.Surveyed}
		for i, st := range states {
			c := k.To(k.Survey(k.Form("Phan Thị Mơ "+string(rune('A'+i))+"a", "")), st)
			if i == 2 {
				if _, err := s.Pay(ctx, housingtest.Treasurer, c.ID, housingtest.Payment(10_000_000)); err != nil {
					t.Fatal(err)
				}
			}
			if i == 5 {
				if _, err := s.Pause(ctx, housingtest.Surveyor, c.ID, "Đất đang tranh chấp"); err != nil {
					t.Fatal(err)
				}
			}
		}
		r, err := s.Report(ctx, housingtest.Province, housing.Query{ProgrammeID: k.Programme.ID})
		if err != nil || len(r.Lines) != 2 || r.Total.All() != 6 || r.Total.Approved != 240_000_000 || r.Total.Paid != 10_000_000 || r.Total.Count[housing.HandedOver] != 2 {
			t.Fatalf("%+v %v", r, err)
		}
		if r.Lines[0].Source != housing.Provincial || r.Lines[1].Source != "" || r.Lines[1].Count[housing.Paused] != 1 || len(r.Paused) != 1 || r.Paused[0].Why != "Đất đang tranh chấp" {
			t.Fatalf("%+v", r)
		}
		if r.PlanTotal.Target != 12 || r.PlanTotal.Done != 2 || len(r.Plans) != 2 || r.Plans[0].Percent() != 25 && r.Plans[1].Percent() != 25 {
			t.Fatalf("%+v", r.Plans)
		}
		for q, want := range map[housing.Query]int{{}: 6, {State: housing.HandedOver}: 2, {Source: housing.NoSource}: 2, {Source: housing.Provincial, State: housing.Approved}: 1, {Kind: housing.Repair}: 0, {UnitID: orgunittest.AreaKimTan}: 0} {
			list, n, err := s.List(ctx, housingtest.Province, q)
			rq, rerr := s.Report(ctx, housingtest.Province, q)
			if err != nil || rerr != nil || n != want || len(list) != want || rq.Total.All() != want {
				t.Errorf("%+v: %d, report %d, want %d: %v %v", q, n, rq.Total.All(), want, err, rerr)
			}
		}
		if _, n, err := s.List(ctx, housingtest.Sister, housing.Query{}); err != nil || n != 0 {
			t.Error("a sister commune sees houses", n, err)
		}
		if _, _, err := s.List(ctx, housingtest.Editor, housing.Query{}); !fault.Is(err, fault.Forbidden) {
			t.Error(err)
		}
		for actor, want := range map[*identity.Actor]int{&housingtest.Approver: 1, &housingtest.Chair: 1, &housingtest.Surveyor: 0, &housingtest.Treasurer: 0} {
			if n, err := s.Waiting(ctx, *actor); err != nil || n != want {
				t.Errorf("%d houses wait for %s, want %d: %v", n, actor.ID, want, err)
			}
		}
		p, err := s.Public(ctx, orgunittest.Province, "")
		if err != nil || p.All != 6 || p.Target != 12 || len(p.Lines) != 2 {
			t.Fatalf("%+v %v", p, err)
		}
	})
}

// TestOnceWhateverHappens: in any order of payments by a fund, binding, unbinding, taking back, deciding anew and handing over, the
// family's ledger holds each đồng once: what funds paid for other things, plus the greater of what was decided for the house and
// what was bound to it. And the house never leaves its rules: money paid is never above what was decided.
func TestOnceWhateverHappens(t *testing.T) {
	k := housingtest.New(t, dbtest.SQLite(t, housingtest.Migrations...))
	ctx, s := t.Context(), k.Houses
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 5))
		c := k.Survey(k.Form("Phan Thị Mơ", ""))
		fund := map[string]money.VND{}
		var paid []string
		in := func(fn func(context.Context, db.Tx) error) {
			t.Helper()
			if err := k.DB.InTx(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 60 {
			source := c.ID + "-" + string(rune('a'+i%26)) + string(rune('a'+i/26))
			pick := func() string {
				if len(paid) == 0 {
					return "none"
				}
				return paid[r.IntN(len(paid))]
			}
			var err error
			switch r.IntN(13) {
			case 12: // the fund pays and says for which house, at once
				v := money.VND(1+r.IntN(30)) * 1_000_000
				err = k.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
					if err := k.Service.RecordHelp(ctx, tx, household.Help{HouseholdID: c.HouseholdID, Source: "fund", SourceID: source, Kind: household.Cash, Value: v, On: "2026-11-01", UnitID: orgunittest.VinhHung}); err != nil {
						return err
					}
					return s.BindWithin(ctx, tx, housingtest.Treasurer, c.ID, "fund", source)
				})
				if err == nil {
					fund[source] = v
					paid = append(paid, source)
				}
			case 0, 1:
				v := money.VND(1+r.IntN(30)) * 1_000_000
				in(func(ctx context.Context, tx db.Tx) error {
					return k.Service.RecordHelp(ctx, tx, household.Help{HouseholdID: c.HouseholdID, Source: "fund", SourceID: source, Kind: household.Cash, Value: v, On: "2026-11-01", UnitID: orgunittest.VinhHung})
				})
				fund[source] = v
				paid = append(paid, source)
			case 2, 3:
				err = s.BindPayment(ctx, housingtest.Treasurer, c.ID, "fund", pick())
			case 4:
				err = s.UnbindPayment(ctx, housingtest.Treasurer, c.ID, "fund", pick())
			case 5:
				x := pick()
				in(func(ctx context.Context, tx db.Tx) error { return k.Service.TakeBackHelp(ctx, tx, "fund", x) })
				delete(fund, x)
			case 6:
				_, err = s.Approve(ctx, housingtest.Approver, c.ID, 0, housingtest.Decision())
			case 7:
				d := housingtest.Decision()
				d.Amount = money.VND(20+r.IntN(40)) * 1_000_000
				_, err = s.Amend(ctx, housingtest.Approver, c.ID, 0, d, "Quyết định mới")
			case 8:
				if _, err = s.Pause(ctx, housingtest.Surveyor, c.ID, "Dừng một lát"); err == nil {
					_, err = s.Resume(ctx, housingtest.Surveyor, c.ID, "")
				}
			case 9:
				_, err = s.Start(ctx, housingtest.Surveyor, c.ID, "2026-10-15")
			case 10:
				m := housingtest.Completion()
				m.Programme = min(m.Programme, max(mustGet(t, k, c.ID).Amount, 1))
				_, err = s.Complete(ctx, housingtest.Surveyor, c.ID, m)
			case 11:
				if r.IntN(3) == 0 {
					_, err = s.HandOver(ctx, housingtest.Surveyor, c.ID, "2026-11-18")
				} else {
					_, err = s.Pay(ctx, housingtest.Treasurer, c.ID, housingtest.Payment(money.VND(1+r.IntN(20))*1_000_000))
				}
			}
			if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Invalid) {
				t.Fatalf("seed %d step %d: %v", seed, i, err)
			}
			onceNow(t, k, c.ID, fund)
		}
		if c = mustGet(t, k, c.ID); c.State != housing.HandedOver { // the next family needs the name free
			in(func(ctx context.Context, tx db.Tx) error {
				_, err := tx.ExecContext(ctx, "UPDATE housing_case SET state = 'handed_over' WHERE id = ?", c.ID)
				return err
			})
		}
	}
}

func onceNow(t *testing.T, k *housingtest.Kit, caseID string, fund map[string]money.VND) {
	t.Helper()
	d, err := k.Houses.Open(t.Context(), housingtest.Surveyor, caseID)
	if err != nil {
		t.Fatal(err)
	}
	helps, err := k.Service.HelpOf(t.Context(), housingtest.Surveyor, d.HouseholdID)
	if err != nil {
		t.Fatal(err)
	}
	var sum, bound, want money.VND
	for _, h := range helps {
		sum += h.Value
	}
	for _, h := range d.Parts {
		bound += h.Value
	}
	for _, v := range fund {
		want += v
	}
	if d.State == housing.HandedOver {
		want += max(0, d.Amount-bound)
	}
	if sum != want {
		t.Fatalf("the ledger holds %s, given was %s (%s, decided %s, bound %s)", sum, want, d.State, d.Amount, bound)
	}
	if d.PaidAll() > d.Amount {
		t.Fatalf("paid %s of %s", d.PaidAll(), d.Amount)
	}
}
