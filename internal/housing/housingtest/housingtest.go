// Package housingtest gives tests a working housing service on a real database, with the register of households, a programme,
// and officials in each part: who surveys, who approves, who pays.
package housingtest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/nhipcau/nhipcau/internal/household/householdtest"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

// Migrations is what a test gives to dbtest.
var Migrations = append(append([]db.Migrations{}, householdtest.Migrations...), housing.Migrations)

// Officials of the fixture, beside those of householdtest.
var (
	Surveyor  = householdtest.Collector
	AreaHead  = householdtest.AreaHead
	Chair     = householdtest.Leader
	Approver  = identitytest.Official("approver", identity.RoleFundApprover, orgunittest.VinhHung)
	Treasurer = identitytest.Official("treasurer", identity.RoleTreasurer, orgunittest.VinhHung)
	Province  = householdtest.ProvinceLeader
	Sister    = householdtest.Sister
	Editor    = householdtest.Editor
)

// Pictures keeps photos in memory.
type Pictures struct{ Kept map[string][]byte }

// Save keeps what it is given without looking.
func (p *Pictures) Save(_ context.Context, r io.Reader) (picture.Picture, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return picture.Picture{}, err
	}
	pid := id.New()
	p.Kept[pid] = b
	return picture.Picture{ID: pid, Width: 800, Height: 600}, nil
}

// JPEG gives it back.
func (p *Pictures) JPEG(_ context.Context, pid string) ([]byte, error) {
	if b, ok := p.Kept[pid]; ok {
		return b, nil
	}
	return nil, errors.New("no such picture")
}

// Kit is a housing service with everything around it.
type Kit struct {
	*householdtest.Kit
	Houses    *housing.Service
	Pictures  *Pictures
	Programme housing.Programme
}

// New makes a kit on a database with Migrations.
func New(t testing.TB, d *db.DB) *Kit {
	t.Helper()
	k := &Kit{Kit: householdtest.New(t, d, housing.Policies), Pictures: &Pictures{Kept: map[string][]byte{}}}
	k.Houses = housing.New(housing.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Forest: k.Units.Forest, Sealer: k.Box, Households: k.Service, Pictures: k.Pictures})
	p, err := k.Houses.SaveProgramme(context.Background(), Province, Programme())
	if err != nil {
		t.Fatal(err)
	}
	k.Programme = p
	return k
}

// Programme is an invented programme of the province.
func Programme() housing.Programme {
	return housing.Programme{Name: "Xóa nhà tạm, nhà dột nát", UnitID: orgunittest.Province, From: 2025, To: 2027, LegalBase: "Kế hoạch số 12/KH-MTTQ-BTT", NormNew: 60_000_000, NormFix: 30_000_000}
}

// Form is a filled survey form.
func (k *Kit) Form(name, idNumber string) housing.Form {
	return housing.Form{ProgrammeID: k.Programme.ID, Entry: householdtest.Entry(name, idNumber), Need: housing.NeedBuild, On: "2026-10-01",
		Survey: housing.Survey{Job: "Làm ruộng", Ethnicity: "Thái", Land: housing.LandTitled, Condition: "Nhà gỗ mục, mái tôn thủng", Circumstances: "Một con ốm lâu năm"}}
}

// Decision is what an approver decides.
func Decision() housing.Decision {
	return housing.Decision{Source: housing.Provincial, Amount: 60_000_000, DecisionNo: "15/QĐ-BVĐ", DecisionOn: "2026-10-10"}
}

// Completion is minutes of a finished house.
func Completion() housing.Completion {
	return housing.Completion{On: "2026-11-15", Area: "45,5", Floor: true, Frame: true, Roof: true, Programme: 60_000_000,
		Members: []housing.Attendee{{Name: "Nguyễn Văn Sáu", Title: "Phó Chủ tịch UBND phường"}, {Name: "Lê Thị Bảy", Title: "Khối trưởng"}},
		Others:  []housing.OtherSource{{Name: "Gia đình và dòng họ", Amount: 25_000_000}}}
}

// Payment is money handed over.
func Payment(amount money.VND) housing.Payment {
	return housing.Payment{Amount: amount, On: "2026-10-20", DecisionNo: "15/QĐ-BVĐ", Parties: housing.Parties{Giver: "Trần Văn Tám", GiverTitle: "Phó Trưởng ban Vận động Quỹ", Receiver: "Phan Thị Mơ", IDNumber: "040158000123",
		IDDate: "02/03/2022", IDPlace: "Cục Cảnh sát", Witness: "Lê Thị Bảy", WitnessTitle: "Khối trưởng", Purpose: "Làm nhà"}}
}

// To takes a case up to a state as the right people would.
func (k *Kit) To(c housing.Case, state housing.State) housing.Case {
	k.T.Helper()
	ctx, s := context.Background(), k.Houses
	for _, step := range []func() (housing.Case, error){
		func() (housing.Case, error) { return s.Approve(ctx, Approver, c.ID, c.Version, Decision()) },
		func() (housing.Case, error) { return s.Start(ctx, Surveyor, c.ID, "2026-10-15") },
		func() (housing.Case, error) { return s.Complete(ctx, Surveyor, c.ID, Completion()) },
		func() (housing.Case, error) { return s.HandOver(ctx, Surveyor, c.ID, "2026-11-18") },
	} {
		if c.State == state {
			break
		}
		next, err := step()
		if err != nil {
			k.T.Fatal(err)
		}
		c = next
	}
	return c
}

// Survey takes a form in as the ward's collector.
func (k *Kit) Survey(f housing.Form) housing.Case {
	k.T.Helper()
	c, err := k.Houses.Survey(context.Background(), Surveyor, f)
	if err != nil {
		k.T.Fatal(err)
	}
	return c
}
