// Package householdtest gives tests of other rooms a working register of households on a real database, with the small
// province of orgunittest, sealed personal data, and officials who may write and read there.
package householdtest

import (
	"context"
	"testing"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

// Migrations is what a test that uses the register gives to dbtest.
var Migrations = []db.Migrations{orgunit.Migrations, household.Migrations}

// Officials of the fixture; the ward is Phường Vinh Hưng, the area Khối Kim Hòa in it, the sister ward Phường Trường Vinh.
var (
	Collector      = identitytest.Official("collector", identity.RoleCollector, orgunittest.VinhHung)
	AreaHead       = identitytest.Official("area-head", identity.RoleAreaHead, orgunittest.AreaKimHoa)
	Leader         = identitytest.Official("leader", identity.RoleLeader, orgunittest.VinhHung)
	Accountant     = identitytest.Official("accountant", identity.RoleAccountant, orgunittest.VinhHung)
	ProvinceLeader = identitytest.Official("province-leader", identity.RoleLeader, orgunittest.Province)
	Sister         = identitytest.Official("sister", identity.RoleCollector, orgunittest.TruongVinh)
	Editor         = identitytest.Official("editor", identity.RoleEditor, orgunittest.VinhHung)
)

// Trail writes down what was recorded in the audit log.
type Trail struct{ Lines []identity.Trace }

// Record implements identity.Recorder.
func (a *Trail) Record(_ context.Context, _ db.Tx, t identity.Trace) error {
	a.Lines = append(a.Lines, t)
	return nil
}

// Box is a sealer with a fixed key.
func Box(t testing.TB) *secret.Box {
	t.Helper()
	box, err := secret.Load(t.TempDir() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// Kit is a register with everything around it.
type Kit struct {
	T       testing.TB
	DB      *db.DB
	Clock   *clock.Stub
	Units   *orgunit.Service
	Authz   *identity.Authorizer
	Box     *secret.Box
	Trail   *Trail
	Service *household.Service
}

// New makes a kit on a database with Migrations; more policy files may be given for other rooms.
func New(t testing.TB, d *db.DB, policies ...identity.PolicyFile) *Kit {
	t.Helper()
	k := &Kit{T: t, DB: d, Clock: clock.NewStub(orgunittest.Now), Box: Box(t), Trail: &Trail{}}
	k.Units = orgunittest.SeedAt(t, d, k.Clock)
	k.Authz = identitytest.Authorizer(t, k.Units.Forest(), append(policies, household.Policies)...)
	k.Service = household.New(household.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Forest: k.Units.Forest, Sealer: k.Box})
	return k
}

// Entry is a poor household of Khối Kim Hòa with an invented head.
func Entry(name, idNumber string) household.Entry {
	return household.Entry{UnitID: orgunittest.AreaKimHoa, Category: household.Poor, CategoryYear: 2026,
		Person: household.Person{Name: name, IDNumber: idNumber, Phone: "0912 000 345", Sex: household.Female, BirthYear: 1958, Address: "Nhà cạnh giếng làng",
			Members: []household.Member{{Name: "Trần Văn Lộc", Relation: "con", BirthYear: 1985}}}}
}

// Add writes an entry down as the ward's collector.
func (k *Kit) Add(e household.Entry) household.Household {
	k.T.Helper()
	h, err := k.Service.Add(context.Background(), Collector, e)
	if err != nil {
		k.T.Fatal(err)
	}
	return h
}

// Record writes a help down.
func (k *Kit) Record(h household.Help) {
	k.T.Helper()
	if err := k.DB.InTx(context.Background(), func(ctx context.Context, tx db.Tx) error { return k.Service.RecordHelp(ctx, tx, h) }); err != nil {
		k.T.Fatal(err)
	}
}
