package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// receipts writes a book of cash receipts with everything that happens in one: companies, nameless givers, one cancelled, some
// brought to the bank.
func (t troupe) receipts(ctx context.Context) error {
	r := t.house.Rooms()
	collector, err := t.who(ctx, identity.RoleCollector, t.province.ID)
	if err != nil {
		return err
	}
	if _, n, _, err := r.Cash.List(ctx, collector, cash.Filter{Per: 1}); err != nil || n > 0 {
		return err
	}
	n, today := newNames(505), r.Units.Today()
	var last cash.Receipt
	for i := range 36 {
		in := cash.NewReceipt{UnitID: t.province.ID, Appeal: appealCode, Day: today, DonorKind: cash.Person, DonorName: n.citizen(), Amount: money.VND(100_000 * (1 + i%9)), OfflineID: fmt.Sprintf("rehearsal-%d", i)}
		switch {
		case i%12 == 0:
			in.DonorKind, in.DonorName, in.TaxCode, in.Purpose, in.Amount = cash.Company, fmt.Sprintf("Công ty TNHH Sông Lam %d", i/12+1), fmt.Sprintf("29000%05d", i+1), cash.ForDisaster, 50_000_000
			in.Consent = true
		case i%5 == 0:
			in.DonorKind = cash.Anonymous
		case i%4 == 1:
			in.DonorKind, in.DonorName, in.Amount, in.Consent = cash.Group, "Tập thể "+t.communes[i].FullName, 3_500_000, true
		}
		if i >= 24 {
			in.UnitID = t.communes[i-24].ID
		}
		if last, err = r.Cash.Take(ctx, collector, in); err != nil {
			return err
		}
		if i == 20 {
			a, err := r.Fund.AppealByCode(ctx, r.DB.Read(), appealCode)
			if err != nil {
				return err
			}
			if _, err := r.Cash.Bring(ctx, collector, t.province.ID, appealCode, a.Accounts[0].ID, today); err != nil {
				return err
			}
		}
	}
	accountant, err := t.who(ctx, identity.RoleAccountant, t.province.ID)
	if err != nil {
		return err
	}
	if err := r.Cash.Cancel(ctx, accountant, last.ID, "Viết nhầm người ủng hộ"); err != nil {
		return err
	}
	for _, u := range t.communes[:3] {
		if _, err := r.Cash.MakeCode(ctx, collector, cash.NewCode{Appeal: appealCode, UnitID: u.ID, Title: "Bà con " + u.FullName + " chung tay"}); err != nil {
			return err
		}
	}
	return nil
}

// decisions plays one decision in each state, with money paid, planned, taken back, and left over.
func (t troupe) decisions(ctx context.Context) error {
	r := t.house.Rooms()
	accountant, err := t.who(ctx, identity.RoleAccountant, t.province.ID)
	if err != nil {
		return err
	}
	approver, err := t.who(ctx, identity.RoleFundApprover, t.province.ID)
	if err != nil {
		return err
	}
	have, _, err := r.Spending.List(ctx, accountant, spending.Filter{})
	if err != nil {
		return err
	}
	if len(have) > 0 {
		return nil
	}
	today := r.Units.Today()
	draft := func(no, about string, shares []spending.NewShare) spending.NewAllocation {
		return spending.NewAllocation{Appeal: appealCode, DocNo: no, DocDay: today.AddDays(-1), Meeting: "Họp Ban Vận động cứu trợ tỉnh ngày " + today.AddDays(-1).Vietnamese(), About: about, Shares: shares}
	}
	food := t.shares(24, 4, fund.HeadFood, "Gạo, nước sạch, thuốc cho hộ bị ngập", 400_000_000, 200, spending.TargetHousehold)
	houses := t.shares(12, 8, fund.HeadHousing, "Sửa nhà tốc mái, nhà sập", 2_000_000_000, 40, spending.TargetHousehold)
	clinic := spending.NewShare{Head: fund.HeadPublic, UnitID: t.communes[0].ID, Purpose: "Sửa trạm y tế bị ngập", Amount: 120_000_000, Target: 1, TargetKind: spending.TargetWork}
	for i, d := range []spending.NewAllocation{
		draft("15/QĐ-BVĐ", "Phân bổ đợt 1: lương thực, nước uống, thuốc men", append(food, clinic)),
		draft("16/QĐ-BVĐ", "Phân bổ đợt 2: sửa chữa nhà ở", houses),
		draft("17/QĐ-BVĐ", "Phân bổ đợt 3: giống lúa, ngô vụ tới", t.shares(10, 5, fund.HeadFarming, "Giống lúa, ngô cho hộ mất trắng", 300_000_000, 100, spending.TargetHousehold)),
		draft("18/QĐ-BVĐ", "Mua thêm lều bạt dự phòng", t.shares(2, 3, fund.HeadShelter, "Lều bạt dự phòng", 90_000_000, 0, spending.TargetHousehold)),
	} {
		a, err := r.Spending.Propose(ctx, accountant, d)
		if err != nil {
			return err
		}
		switch i {
		case 0, 1:
			if a, err = r.Spending.Decide(ctx, approver, a.ID, true, ""); err != nil {
				return err
			}
		case 3:
			_, err = r.Spending.Decide(ctx, approver, a.ID, false, "Kho tỉnh còn đủ lều bạt, để tiền cho sửa nhà")
		}
		if err != nil {
			return err
		}
		if i == 0 {
			if err := t.payments(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// shares gives count communes, every step-th in the list, the same amount.
func (t troupe) shares(count, step int, head fund.Head, purpose string, amount money.VND, target int, kind spending.TargetKind) []spending.NewShare {
	var out []spending.NewShare
	for i := range count {
		out = append(out, spending.NewShare{Head: head, UnitID: t.communes[i*step%len(t.communes)].ID, Purpose: purpose, Amount: amount, Target: target, TargetKind: kind})
	}
	return out
}

// payments names households in the first communes of a decision and pays most of them; the clinic is paid with a photo.
func (t troupe) payments(ctx context.Context, a spending.Allocation) error {
	r := t.house.Rooms()
	treasurer, err := t.who(ctx, identity.RoleTreasurer, t.province.ID)
	if err != nil {
		return err
	}
	picture, err := scene(1)
	if err != nil {
		return err
	}
	out := spending.Payout{Day: r.Units.Today(), Way: spending.WayBank, MinutesNo: "01/BB", Witness: "Trưởng ban công tác Mặt trận xóm"}
	n := newNames(808)
	for i, x := range a.Shares[:6] {
		chair, err := t.who(ctx, identity.RoleLeader, x.UnitID)
		if err != nil {
			return err
		}
		families, err := t.families(ctx, chair, x.UnitID, n, 14-i*2, i)
		if err != nil {
			return err
		}
		list, err := r.Spending.Plan(ctx, chair, x.ID, families)
		if err != nil {
			return err
		}
		for k, p := range list[:len(list)-2+i%2] {
			out.MinutesNo = fmt.Sprintf("%02d/BB", k+1)
			if _, err := r.Spending.Pay(ctx, treasurer, p.ID, out); err != nil {
				return err
			}
		}
		if i == 1 {
			if err := r.Spending.TakeBack(ctx, treasurer, list[0].ID, "Hộ đã nhận ở nơi khác, trả lại tiền"); err != nil {
				return err
			}
		}
	}
	last := a.Shares[len(a.Shares)-1]
	chair, err := t.who(ctx, identity.RoleLeader, last.UnitID)
	if err != nil {
		return err
	}
	list, err := r.Spending.Plan(ctx, chair, last.ID, []spending.NewPayment{{Work: "Trạm y tế " + t.communes[0].FullName, Amount: 80_000_000}})
	if err != nil {
		return err
	}
	out.MinutesNo, out.Photo, out.PhotoConsent = "09/BB", bytes.NewReader(picture), "Trạm trưởng trạm y tế đồng ý bằng lời"
	_, err = r.Spending.Pay(ctx, treasurer, list[0].ID, out)
	return err
}

// families puts invented households into the register of a commune and gives each two million.
func (t troupe) families(ctx context.Context, chair identity.Actor, communeID string, n *names, count, round int) ([]spending.NewPayment, error) {
	r := t.house.Rooms()
	var areas []orgunit.Unit
	for _, u := range r.Units.Forest().Children(communeID, r.Units.Today()) {
		if u.Level == orgunit.LevelArea {
			areas = append(areas, u)
		}
	}
	var out []spending.NewPayment
	for i := range count {
		e := household.Entry{UnitID: communeID, Hamlet: "Xóm 1", Category: household.Hardship, CategoryYear: r.Units.Today().Time().Year(),
			Person: household.Person{Name: n.citizen(), IDNumber: fmt.Sprintf("0400%02d%06d", 50+round, 700_000+round*1000+i), BirthYear: 1950 + i, Address: "Xóm cạnh đê"}}
		if len(areas) > 0 {
			e.UnitID, e.Hamlet = areas[i%len(areas)].ID, ""
		}
		h, err := r.Household.Add(ctx, chair, e)
		if err != nil {
			return nil, err
		}
		out = append(out, spending.NewPayment{HouseholdID: h.ID, Amount: 2_000_000})
	}
	return out, nil
}
