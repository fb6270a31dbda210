// Package orgunittest gives tests a small province with everything that makes units hard: a commune that took over a
// former one, residential areas, and agencies. The ids are constants, so that tests can name them.
package orgunittest

import (
	"context"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// The units of the fixture. The district and the former commune ended on 1 July 2025; the commune Nghi Kim passed whole
// into the ward Vinh Hưng.
const (
	Province      = "00000000-0000-7000-8000-000000000040" // Tỉnh Nghệ An, code 40
	VinhHung      = "00000000-0000-7000-8000-000000017920" // Phường Vinh Hưng, code 17920 since 1 July 2025
	TruongVinh    = "00000000-0000-7000-8000-000000016690" // Phường Trường Vinh
	KimLien       = "00000000-0000-7000-8000-000000017950" // Xã Kim Liên
	AreaKimTan    = "00000000-0000-7000-8000-0000179200a1" // Khối Kim Tân, ward Vinh Hưng (formerly commune Nghi Kim)
	AreaKimHoa    = "00000000-0000-7000-8000-0000179200a2" // Khối Kim Hòa, ward Vinh Hưng
	AreaHongSon   = "00000000-0000-7000-8000-0000166900a1" // Khối Hồng Sơn, ward Trường Vinh
	AreaSen       = "00000000-0000-7000-8000-0000179500a1" // Xóm Sen 1, commune Kim Liên
	Department    = "00000000-0000-7000-8000-0000004000b1" // agency: Sở Nông nghiệp và Môi trường, province
	WardOffice    = "00000000-0000-7000-8000-0000179200b1" // agency: UBND phường Vinh Hưng
	District      = "00000000-0000-7000-8000-000000000412" // Thành phố Vinh, closed on 1 July 2025
	FormerNghiKim = "00000000-0000-7000-8000-000000f17920" // Xã Nghi Kim, code 17920 until 30 June 2025
)

// Start is the first day of the fixture's oldest units; Reform is the day on which districts were closed.
const (
	Start  clock.Date = "2024-11-01"
	Reform clock.Date = "2025-07-01"
)

// Now is a moment at which everything above stands or has passed: 21 November 2026, 09:00 in Vietnam.
var Now = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

// Migrations is what a test that uses the fixture gives to dbtest.
var Migrations = orgunit.Migrations

// Seed writes the fixture and gives a service whose clock stands at Now.
func Seed(t testing.TB, d *db.DB) *orgunit.Service {
	t.Helper()
	return SeedAt(t, d, clock.NewStub(Now))
}

// SeedAt is Seed with the clock of the test's choice.
func SeedAt(t testing.TB, d *db.DB, c clock.Clock) *orgunit.Service {
	t.Helper()
	ctx := context.Background()
	s, err := orgunit.New(ctx, d, c)
	if err != nil {
		t.Fatal(err)
	}
	err = d.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, change := range Changes() {
			if _, err := s.Apply(ctx, tx, change); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Changes are the two decisions that make the fixture.
func Changes() []orgunit.Change {
	front, agency := orgunit.KindFront, orgunit.KindAgency
	return []orgunit.Change{{
		On: Start,
		Create: []orgunit.Draft{
			{ID: Province, Kind: front, Level: orgunit.LevelProvince, Code: "40", Name: "Nghệ An", FullName: "Tỉnh Nghệ An", Type: "Tỉnh"},
			{ID: District, Kind: front, Level: orgunit.LevelDistrict, Code: "412", Name: "Vinh", FullName: "Thành phố Vinh", Type: "Thành phố", ParentID: Province},
			{ID: FormerNghiKim, Kind: front, Level: orgunit.LevelCommune, Code: "17920", Name: "Nghi Kim", FullName: "Xã Nghi Kim", Type: "Xã", ParentID: District},
			{ID: AreaKimTan, Kind: front, Level: orgunit.LevelArea, Code: "17920-001", Name: "Kim Tân", FullName: "Xóm Kim Tân", Type: "Xóm", ParentID: FormerNghiKim},
			{ID: Department, Kind: agency, Level: orgunit.LevelProvince, Name: "Sở Nông nghiệp và Môi trường", FullName: "Sở Nông nghiệp và Môi trường tỉnh Nghệ An", Type: "Sở", ParentID: Province},
		},
	}, {
		On: Reform, Basis: "NQ 1678/NQ-UBTVQH15",
		Create: []orgunit.Draft{
			{ID: VinhHung, Kind: front, Level: orgunit.LevelCommune, Code: "17920", Name: "Vinh Hưng", FullName: "Phường Vinh Hưng", Type: "Phường", ParentID: Province},
			{ID: TruongVinh, Kind: front, Level: orgunit.LevelCommune, Code: "16690", Name: "Trường Vinh", FullName: "Phường Trường Vinh", Type: "Phường", ParentID: Province},
			{ID: KimLien, Kind: front, Level: orgunit.LevelCommune, Code: "17950", Name: "Kim Liên", FullName: "Xã Kim Liên", Type: "Xã", ParentID: Province},
			{ID: AreaKimHoa, Kind: front, Level: orgunit.LevelArea, Code: "17920-002", Name: "Kim Hòa", FullName: "Khối Kim Hòa", Type: "Khối", ParentID: VinhHung},
			{ID: AreaHongSon, Kind: front, Level: orgunit.LevelArea, Code: "16690-001", Name: "Hồng Sơn", FullName: "Khối Hồng Sơn", Type: "Khối", ParentID: TruongVinh},
			{ID: AreaSen, Kind: front, Level: orgunit.LevelArea, Code: "17950-001", Name: "Sen 1", FullName: "Xóm Sen 1", Type: "Xóm", ParentID: KimLien},
			{ID: WardOffice, Kind: agency, Level: orgunit.LevelCommune, Name: "UBND phường Vinh Hưng", FullName: "Ủy ban nhân dân phường Vinh Hưng", Type: "UBND", ParentID: VinhHung},
		},
		Rename: []orgunit.Renaming{{UnitID: AreaKimTan, Name: "Kim Tân", FullName: "Khối Kim Tân", Type: "Khối"}},
		Pass:   []orgunit.Passage{{From: FormerNghiKim, To: VinhHung, Kind: orgunit.EdgeWhole}},
		Close:  []string{District},
	}}
}
