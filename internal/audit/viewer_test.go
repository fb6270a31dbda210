package audit_test

import (
	"context"
	"testing"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

func TestViewer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := clock.NewStub(orgunittest.Now)
		units := orgunittest.SeedAt(t, d, now)
		log := audit.New(d, now)
		z := identitytest.Authorizer(t, units, identitytest.File("audit", audit.Policies))
		view := audit.NewViewer(log, z, units)
		for i, unit := range []string{orgunittest.VinhHung, orgunittest.AreaKimTan, orgunittest.KimLien, "", orgunittest.FormerNghiKim} {
			err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				a := identitytest.Official([]string{"lan", "mai"}[i%2], identity.RoleEditor, unit)
				return log.Record(ctx, tx, audit.Entry{Actor: a, UnitID: unit, Action: []string{"publish.approve", "feedback.answer"}[i%2], ResourceType: "Post", ResourceID: "p"})
			})
			if err != nil {
				t.Fatal(err)
			}
			now.Advance(24 * 3600e9)
		}
		top := identitytest.Official("top", identity.RoleAuditor, orgunittest.Province)
		ward := identitytest.Official("ward", identity.RoleAuditor, orgunittest.VinhHung)
		day := clock.DateOf(orgunittest.Now)
		for name, c := range map[string]struct {
			a    identity.Actor
			q    audit.Query
			want int
		}{
			"everything at the top":       {top, audit.Query{}, 5},
			"a ward with what it took on": {ward, audit.Query{}, 3},
			"one unit and below":          {top, audit.Query{UnitID: orgunittest.KimLien}, 1},
			"by name":                     {top, audit.Query{Actor: "bộ MAI"}, 2},
			"by id":                       {top, audit.Query{Actor: "lan"}, 3},
			"a feature":                   {top, audit.Query{Action: "feedback."}, 2},
			"wild cards are no pattern":   {top, audit.Query{Action: "%"}, 0},
			"one thing":                   {top, audit.Query{ResourceType: "Post", ResourceID: "p"}, 5},
			"days":                        {top, audit.Query{From: day.AddDays(1), To: day.AddDays(2)}, 2},
			"second page":                 {top, audit.Query{Page: 2, Per: 3}, 5},
		} {
			lines, total, err := view.List(t.Context(), c.a, c.q)
			if err != nil || total != c.want {
				t.Errorf("%s: %d, want %d (%v)", name, total, c.want, err)
			}
			if name == "second page" && (len(lines) != 2 || lines[0].Seq != 2) {
				t.Errorf("second page: %+v", lines)
			}
		}
		for name, c := range map[string]struct {
			a identity.Actor
			q audit.Query
		}{
			"other unit":   {ward, audit.Query{UnitID: orgunittest.KimLien}},
			"unit above":   {ward, audit.Query{UnitID: orgunittest.Province}},
			"system admin": {identitytest.Official("root", identity.RoleSystemAdmin, orgunittest.Province), audit.Query{}},
			"leader":       {identitytest.Official("boss", identity.RoleLeader, orgunittest.Province), audit.Query{}},
		} {
			if lines, _, err := view.List(t.Context(), c.a, c.q); !fault.Is(err, fault.Forbidden) || len(lines) != 0 {
				t.Errorf("%s: %v %v", name, lines, err)
			}
		}
		if _, _, err := view.List(t.Context(), top, audit.Query{From: "hôm qua"}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
		if rep, err := view.Verify(t.Context(), identitytest.Official("root", identity.RoleSystemAdmin, orgunittest.Province)); err != nil || rep.Lines != 5 {
			t.Error(rep, err)
		}
		if _, err := view.Verify(t.Context(), identity.Citizen()); !fault.Is(err, fault.Unauthenticated) {
			t.Error(err)
		}
	}, orgunittest.Migrations, audit.Migrations)
}
