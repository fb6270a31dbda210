package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// communesWithHouses is in how many communes the rehearsal builds houses.
const communesWithHouses = 14

// houses invents a programme, households in several communes, and a house for most of them, in every state.
func houses(ctx context.Context, house *app.House, clk *history, cast people, n *names) error {
	r := house.Rooms()
	today := r.Units.Today()
	year := today.Time().Year()
	leader := cast.byRole[identity.RoleLeader]
	if list, err := r.Housing.Programmes(ctx, leader); err != nil || len(list) > 0 {
		return err // played before
	}
	p, err := r.Housing.SaveProgramme(ctx, leader, housing.Programme{Name: "Nhà Đại đoàn kết cho hộ nghèo, hộ khó khăn", UnitID: cast.province.ID, From: year - 1, To: year + 1,
		LegalBase: "Kế hoạch diễn tập số 12/KH-MTTQ-BTT", NormNew: 60_000_000, NormFix: 30_000_000})
	if err != nil {
		return err
	}
	b := &builder{house: house, clk: clk, cast: cast, n: n, programme: p, today: today}
	plan := map[string]int{}
	communes := communesOf(house)
	for i := range min(communesWithHouses, len(communes)) {
		unit := communes[(i*11+2)%len(communes)].ID
		count := 4 + (i*5)%9
		if i%7 == 6 {
			count = 2
		}
		plan[unit] = count + 2
		for k := range count {
			if err := b.one(ctx, unit, i*16+k); err != nil {
				return fmt.Errorf("house %d of commune %d: %w", k, i, err)
			}
		}
	}
	return r.Housing.SetTargets(ctx, leader, p.ID, plan)
}

// builder plays houses.
type builder struct {
	house     *app.House
	clk       *history
	cast      people
	n         *names
	programme housing.Programme
	today     clock.Date
	head      household.Person // of the household that is being played
}

// at plays fn as it was some days ago.
func (b *builder) at(daysAgo int, fn func() error) error {
	return b.clk.play(time.Duration(daysAgo)*24*time.Hour, fn)
}

// place is the residential area of a commune in which a household lives; the commune itself when it has none.
func (b *builder) place(commune string, i int) string {
	r := b.house.Rooms()
	var areas []string
	for _, u := range r.Units.Forest().Children(commune, b.today) {
		if u.Level == orgunit.LevelArea {
			areas = append(areas, u.ID)
		}
	}
	if len(areas) == 0 {
		return commune
	}
	return areas[i%len(areas)]
}

func (b *builder) form(commune string, i int) housing.Form {
	needs := []housing.Need{housing.NeedBuild, housing.NeedRepair, housing.NeedBuild, housing.NeedPrefab}
	cats := []household.Category{household.Poor, household.Poor, household.NearPoor, household.Hardship}
	land := housing.LandTitled
	if i%5 == 0 {
		land = housing.LandUntitled
	}
	name := b.n.citizen()
	return housing.Form{ProgrammeID: b.programme.ID, Need: needs[i%len(needs)], On: b.today.AddDays(-100 + i%9),
		Entry: household.Entry{UnitID: b.place(commune, i), Category: cats[i%len(cats)], CategoryYear: b.today.Time().Year(), People: 1 + i%6,
			Person: household.Person{Name: name, BirthYear: 1948 + i%40, IDNumber: fmt.Sprintf("0401%02d%06d", 48+i%40, 100_000+i), Phone: fmt.Sprintf("0911%06d", i)}},
		Survey: housing.Survey{Job: "Làm ruộng", Education: "Tiểu học", Employment: "Không ổn định", Land: land,
			Condition:     pick(b.n.r, []string{"Nhà gỗ đã mục, mái tôn thủng nhiều chỗ", "Vách đất nứt, nền ẩm, mưa là dột", "Nhà tạm lợp cọ, gió bão không an toàn"}),
			Circumstances: pick(b.n.r, []string{"Già yếu, sống một mình", "Đông con, đất canh tác ít", "Người trụ cột ốm lâu ngày"})}}
}

// one plays a household and its house as far as the number says. Each tenth household has no house.
func (b *builder) one(ctx context.Context, commune string, i int) error {
	r, officer, chair := b.house.Rooms(), b.cast.officer[commune], b.cast.chair[commune]
	f := b.form(commune, i)
	b.head = f.Entry.Person
	if i%10 == 9 {
		return b.at(60, func() error { _, err := r.Household.Add(ctx, officer, f.Entry); return err })
	}
	var c housing.Case
	err := b.at(90, func() (err error) { c, err = r.Housing.Survey(ctx, officer, f); return err })
	stage := i % 6
	if err != nil || stage == 0 {
		return err
	}
	amount := b.programme.Norm(c.Kind)
	source := housing.Sources[i%len(housing.Sources)]
	d := housing.Decision{Source: source, Amount: amount, DecisionNo: strconv.Itoa(10+i%30) + "/QĐ-BVĐ", DecisionOn: b.today.AddDays(-70)}
	if source == housing.Direct {
		d.Donor = "Công ty Ánh Dương (diễn tập)"
	}
	if err := b.at(70, func() error { _, err := r.Housing.Approve(ctx, chair, c.ID, c.Version, d); return err }); err != nil || stage == 1 {
		return err
	}
	start := func() error { _, err := r.Housing.Start(ctx, officer, c.ID, b.today.AddDays(-60)); return err }
	pay := func() error { return b.pay(ctx, c, amount/2) }
	pause := func() error {
		_, err := r.Housing.Pause(ctx, officer, c.ID, pick(b.n.r, []string{"Đất đang tranh chấp, chờ xã hòa giải", "Đường vào bản sạt lở, chưa chở được vật liệu", "Gia đình xin hoãn sang năm sau"}))
		return err
	}
	if err := errors.Join(b.at(60, start), b.at(55, pay)); err != nil || stage == 2 {
		return err
	}
	if stage == 3 {
		return b.at(40, pause)
	}
	return b.finish(ctx, c, amount)
}

func (b *builder) pay(ctx context.Context, c housing.Case, amount money.VND) error {
	r, commune := b.house.Rooms(), b.house.Rooms().Housing.Commune(c.UnitID)
	treasurer := b.cast.byRole[identity.RoleTreasurer]
	_, err := r.Housing.Pay(ctx, treasurer, c.ID, housing.Payment{Amount: amount, On: b.today.AddDays(-55), DecisionNo: "15/QĐ-BVĐ", Parties: housing.Parties{Giver: treasurer.Name, GiverTitle: "Thành viên Ban Vận động Quỹ",
		Receiver: b.head.Name, IDNumber: b.head.IDNumber, Witness: b.n.citizen(), WitnessTitle: "Trưởng thôn, " + commune.FullName, Purpose: "Làm nhà ở"}})
	return err
}

// finish completes a house and hands it over; what was not yet paid is paid by then.
func (b *builder) finish(ctx context.Context, c housing.Case, amount money.VND) error {
	r, officer := b.house.Rooms(), b.cast.officer[b.house.Rooms().Housing.Commune(c.UnitID).ID]
	minutes := housing.Completion{On: b.today.AddDays(-12), Area: "42,5", Floor: true, Frame: true, Roof: true, Programme: amount,
		Members: []housing.Attendee{{Name: officer.Name, Title: "Cán bộ Mặt trận"}, {Name: b.n.citizen(), Title: "Trưởng thôn"}, {Name: b.n.citizen(), Title: "Đại diện UBND"}},
		Others:  []housing.OtherSource{{Name: "Gia đình, dòng họ", Amount: amount / 3}, {Name: "Ngày công của bà con", Amount: 6_000_000}}}
	complete := func() error { _, err := r.Housing.Complete(ctx, officer, c.ID, minutes); return err }
	hand := func() error { _, err := r.Housing.HandOver(ctx, officer, c.ID, b.today.AddDays(-9)); return err }
	tet := func() error {
		return r.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return r.Household.RecordHelp(ctx, tx, household.Help{HouseholdID: c.HouseholdID, Source: "rehearsal", SourceID: c.ID, Kind: household.Cash, Value: 500_000, What: "Quà Tết", Programme: "Tết vì người nghèo",
				On: b.today.AddDays(-200), UnitID: b.cast.province.ID})
		})
	}
	return errors.Join(b.at(12, complete), b.at(10, func() error { return b.pay(ctx, c, amount-amount/2) }), b.at(9, hand), b.at(9, tet))
}
