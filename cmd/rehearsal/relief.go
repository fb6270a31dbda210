package main

import (
	"context"
	"fmt"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// goods is the catalogue of the rehearsal: what comes in after a storm.
var goods = []struct {
	code, name, measure string
	kind                relief.ItemKind
	value               int64
	shelf               int
	stock               int64 // in the province's warehouse
}{
	{"GAO", "Gạo tẻ", "kg", "food", 18_000, 180, 42_000}, {"MI", "Mì ăn liền", "thùng", "food", 105_000, 180, 3_600}, {"NUOC", "Nước uống đóng chai", "thùng", "water", 90_000, 365, 2_800},
	{"SUA", "Sữa hộp cho trẻ em", "hộp", "food", 9_000, 120, 5_000}, {"THUOC", "Túi thuốc gia đình", "túi", "medicine", 180_000, 365, 900}, {"CHAN", "Chăn ấm", "cái", "clothing", 150_000, 0, 1_500},
	{"AOPHAO", "Áo phao", "cái", "tool", 120_000, 0, 600}, {"BAT", "Bạt che mái", "tấm", "shelter", 220_000, 0, 800}, {"TON", "Tôn lợp mái", "tấm", "shelter", 160_000, 0, 0},
	{"DE", "Dê giống", "con", "livestock", 2_500_000, 0, 0}, {"GAGIONG", "Gà giống", "con", "livestock", 25_000, 0, 0}, {"LUA", "Lúa giống", "kg", "seed", 32_000, 240, 0}, {"VO", "Vở học sinh", "quyển", "school", 8_000, 0, 4_000},
}

// reliefScene is the third day after a typhoon: what communes need, what people offer, what lies in the warehouses, boxes on
// the way. It may be played again: what is there already stays as it is.
func reliefScene(ctx context.Context, house *app.House, clk *history, cast people) error {
	p := reliefPlay{ctx: ctx, s: house.Rooms().Relief, clk: clk, cast: cast, items: map[string]relief.Item{}}
	units := house.Rooms().Units
	p.communes = units.Forest().AtLevel(orgunit.LevelCommune, orgunit.KindFront, cast.province.ID, units.Today())
	if len(p.communes) < 12 {
		return fmt.Errorf("only %d communes to help", len(p.communes))
	}
	for _, part := range []func() error{p.catalogue, p.warehouses, p.needs, p.stock, p.offers, p.boxes} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

type reliefPlay struct {
	ctx      context.Context
	s        *relief.Service
	clk      *history
	cast     people
	communes []orgunit.Unit
	items    map[string]relief.Item
	main     relief.Warehouse
	points   []relief.Warehouse // receiving points of communes
}

func (p *reliefPlay) keeper() identity.Actor { return p.cast.byRole[identity.RoleStorekeeper] }

func (p *reliefPlay) catalogue() error {
	have, err := p.s.PublicItems(p.ctx)
	if err != nil {
		return err
	}
	for _, i := range have {
		p.items[i.Code] = i
	}
	for _, g := range goods {
		if _, ok := p.items[g.code]; ok {
			continue
		}
		i, err := p.s.SaveItem(p.ctx, p.keeper(), relief.Item{Code: g.code, Name: g.name, Measure: g.measure, Kind: g.kind, UnitValue: money.VND(g.value), ShelfDays: g.shelf})
		if err != nil {
			return err
		}
		p.items[g.code] = i
	}
	return nil
}

func (p *reliefPlay) warehouses() error {
	have, err := p.s.Warehouses(p.ctx, p.keeper())
	if err != nil {
		return err
	}
	byCode := map[string]relief.Warehouse{}
	for _, w := range have {
		byCode[w.Code] = w
	}
	open := func(unit orgunit.Unit, code, name, address string) (relief.Warehouse, error) {
		if w, ok := byCode[code]; ok {
			return w, nil
		}
		return p.s.SaveWarehouse(p.ctx, p.keeper(), relief.Warehouse{UnitID: unit.ID, Code: code, Name: name, Address: address, Hours: "6 giờ – 22 giờ", Phone: "0238 000 " + fmt.Sprintf("%03d", len(p.points)+100), Takes: true})
	}
	if p.main, err = open(p.cast.province, "NA", "Kho cứu trợ tỉnh", "Nhà thi đấu tỉnh, phường Trường Vinh"); err != nil {
		return err
	}
	for i := range 12 {
		u := p.communes[i*len(p.communes)/12]
		w, err := open(u, "XA"+u.Code, "Điểm nhận hàng "+u.Name, "Nhà văn hóa trung tâm "+u.FullName)
		if err != nil {
			return err
		}
		p.points = append(p.points, w)
	}
	return nil
}

// needs lets the chairs of 48 communes say what they need, most of them lately, some three days ago and not since.
func (p *reliefPlay) needs() error {
	wanted := []string{"GAO", "NUOC", "MI", "THUOC", "CHAN", "BAT", "SUA", "AOPHAO", "TON", "LUA"}
	for i := range 48 {
		u := p.communes[i*len(p.communes)/48]
		chair := p.cast.chair[u.ID]
		age := time.Duration(3+i%30) * time.Hour
		if i%7 == 0 {
			age = 70 * time.Hour
		}
		err := p.clk.play(age, func() error {
			for k := range 2 + i%3 {
				item := p.items[wanted[(i+3*k)%len(wanted)]]
				if err := p.need(u, chair, item, int64(50*(1+(i*7+k*13)%40)), relief.Urgencies[(i+k)%3], fmt.Sprintf("bao9-%s-%d", u.Code, k)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for i, u := range p.communes[:min(3, len(p.communes))] { // who lost their goats
		if err := p.need(u, p.cast.chair[u.ID], p.items["DE"], int64(20+10*i), relief.UrgentCalm, "bao9-de-"+u.Code); err != nil {
			return err
		}
	}
	for _, u := range p.communes[:min(6, len(p.communes))] {
		if err := p.s.AddAvoid(p.ctx, p.cast.chair[u.ID], u.ID, "Quần áo cũ"); err != nil {
			return err
		}
	}
	return nil
}

func (p *reliefPlay) need(u orgunit.Unit, chair identity.Actor, item relief.Item, qty int64, urgency relief.Urgency, form string) error {
	_, err := p.s.AddNeed(p.ctx, chair, relief.NeedForm{UnitID: u.ID, ItemID: item.ID, Qty: qty, Urgency: urgency, Place: "Các xóm ven sông", OfflineID: form})
	return err
}

func (p *reliefPlay) stock() error {
	givers := []string{"Hội Chữ thập đỏ tỉnh", "Nhóm Bếp Yêu Thương", "Công ty lương thực Sông Lam", "Người góp"}
	for i, g := range goods {
		if g.stock == 0 {
			continue
		}
		line := relief.Line{ItemID: p.items[g.code].ID, Qty: g.stock, UnitValue: -1}
		if g.shelf > 0 {
			line.Expires = p.s.Today().AddDays(g.shelf / 3)
		}
		if g.code == "SUA" {
			line.Expires = p.s.Today().AddDays(9) // a warning to look at
		}
		_, err := p.s.PostSlip(p.ctx, p.keeper(), relief.SlipForm{WarehouseID: p.main.ID, Kind: relief.SlipIn, OnDate: p.s.Today(), Party: givers[i%len(givers)], Reason: "Ủng hộ đồng bào vùng bão số 9",
			Lines: []relief.Line{line}, Source: "rehearsal:" + g.code})
		if err != nil {
			return err
		}
	}
	return nil
}

// offers plays the sixty goats, partly matched, and some others that wait.
func (p *reliefPlay) offers() error {
	leader := p.cast.byRole[identity.RoleLeader]
	if _, n, err := p.s.Offers(p.ctx, leader, relief.OfferQuery{Page: 1, Per: 1}); err != nil || n > 0 {
		return err
	}
	for i, o := range []struct {
		item      string
		qty       int64
		group     string
		transport relief.Transport
	}{{"DE", 60, "Hội chăn nuôi Con Cuông", relief.TransportWanted}, {"GAO", 3_000, "Chi hội tiểu thương chợ Vinh", relief.TransportOwn}, {"CHAN", 200, "", relief.TransportWanted}, {"VO", 1_200, "Trường Tiểu học Sông Lam", relief.TransportOwn}, {"NUOC", 300, "", relief.TransportOwn}} {
		sent, err := p.s.SendOffer(p.ctx, identity.Citizen(), relief.OfferForm{ItemID: p.items[o.item].ID, Qty: o.qty, UnitID: p.communes[(i*17+40)%len(p.communes)].ID, Transport: o.transport,
			GroupName: o.group, ShowName: o.group != "", Contact: relief.Contact{Name: "Người góp " + fmt.Sprint(i+1), Phone: fmt.Sprintf("09120001%02d", i)}, Consent: true})
		if err != nil {
			return err
		}
		if o.item != "DE" {
			continue
		}
		fits, err := p.s.Fits(p.ctx, leader, sent)
		if err != nil {
			return err
		}
		for _, f := range fits[:min(2, len(fits))] {
			if _, err := p.s.Reserve(p.ctx, leader, sent.ID, f.Need.ID, min(f.Need.Missing(), 20)); err != nil {
				return err
			}
		}
	}
	return nil
}

// boxes plays three batches: one has arrived, one is on the way, one is being packed.
func (p *reliefPlay) boxes() error {
	if _, n, err := p.s.Batches(p.ctx, p.keeper(), relief.BatchQuery{Page: 1, Per: 1}); err != nil || n > 0 {
		return err
	}
	packer := p.cast.byRole[identity.RolePacker]
	for i, dest := range p.points[:3] {
		ba, err := p.s.PlanBoxes(p.ctx, p.keeper(), relief.PlanForm{WarehouseID: p.main.ID, DestID: dest.ID, Name: "Suất một hộ 4 người, 5 ngày – " + dest.Name, Boxes: 24,
			Lines: []relief.Line{{ItemID: p.items["GAO"].ID, Qty: 10}, {ItemID: p.items["MI"].ID, Qty: 1}, {ItemID: p.items["NUOC"].ID, Qty: 2}}})
		if err != nil {
			return err
		}
		_, _, list, err := p.s.OpenBatch(p.ctx, p.keeper(), ba.ID)
		if err != nil {
			return err
		}
		truck, err := p.s.AddTruck(p.ctx, p.keeper(), relief.TruckForm{FromID: p.main.ID, ToID: dest.ID, Label: fmt.Sprintf("Xe tải 5 tấn số %d", i+1), Driver: relief.Contact{Name: "Lái xe " + fmt.Sprint(i+1), Phone: fmt.Sprintf("09120002%02d", i)}})
		if err != nil {
			return err
		}
		if err := p.drive(packer, list, truck, i); err != nil {
			return err
		}
	}
	return nil
}

// drive carries a batch as far as its place says: 0 arrived, 1 on the way, 2 half packed.
func (p *reliefPlay) drive(packer identity.Actor, list []relief.Box, truck relief.Truck, far int) error {
	acts := []relief.Act{relief.ActPack, relief.ActLoad, relief.ActReceive}[:3-far]
	if far == 2 {
		list = list[:len(list)/2]
	}
	for _, act := range acts {
		if act == relief.ActReceive {
			if err := p.s.DriveTruck(p.ctx, p.keeper(), truck.ID, relief.TruckAway); err != nil {
				return err
			}
			if err := p.s.DriveTruck(p.ctx, p.keeper(), truck.ID, relief.TruckArrived); err != nil {
				return err
			}
		}
		for _, b := range list {
			if _, err := p.s.Scan(p.ctx, packer, relief.ScanForm{Code: b.Code, Act: act, TruckID: truck.ID}); err != nil {
				return err
			}
		}
	}
	if far == 1 {
		return p.s.DriveTruck(p.ctx, p.keeper(), truck.ID, relief.TruckAway)
	}
	return nil
}
