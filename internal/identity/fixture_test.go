package identity_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

const (
	base = "https://nhipcau.example.vn"
	good = "thuyền về bến lúc nửa đêm"
)

var (
	browser  = identity.Client{Device: "Chrome, Android", IP: "203.0.113.7"}
	rootUser = identitytest.Official("root", identity.RoleSystemAdmin, orgunittest.Province)
	wardHead = identitytest.Official("ward-head", identity.RoleUnitAdmin, orgunittest.VinhHung)
)

// house is a service on a migrated database with the fixture's units.
type house struct {
	*identity.Service
	t     *testing.T
	db    *db.DB
	clock *clock.Stub
	log   *audit.Log
	z     *identity.Authorizer
	units *orgunit.Service
}

func newHouse(t *testing.T, d *db.DB, cfg identity.Config) *house {
	t.Helper()
	h := &house{t: t, db: d, clock: clock.NewStub(orgunittest.Now)}
	h.units = orgunittest.SeedAt(t, d, h.clock)
	box, err := secret.Parse("k1 " + strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	h.z, err = identity.NewAuthorizer(h.units, h.clock, identity.PolicyFile{Feature: "identity", Text: identity.Policies})
	if err != nil {
		t.Fatal(err)
	}
	h.log = audit.New(d, h.clock)
	if cfg.BaseURL == "" {
		cfg.BaseURL = base
	}
	h.Service, err = identity.NewService(d, h.clock, box, h.units, h.z, h.log, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// each runs a test in a house on each engine and checks afterwards that the diary is whole.
func each(t *testing.T, cfg identity.Config, fn func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, cfg)
		fn(t, h)
		rep, err := h.log.Verify(context.Background())
		if err != nil || !rep.OK() {
			t.Fatalf("diary: %+v %v %v", rep, rep.Broken, err)
		}
	}, orgunittest.Migrations, identity.Migrations, audit.Migrations)
}

func (h *house) today() clock.Date { return clock.DateOf(h.clock.Now()) }

// need stops the test on an error.
func (h *house) need(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// refused checks the catalogue key of a refusal.
func (h *house) refused(err error, key string) {
	h.t.Helper()
	if err == nil || !strings.Contains(err.Error(), key) || fault.KindOf(err) == fault.Internal {
		h.t.Fatalf("got %v, want %s", err, key)
	}
}

func secretOf(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// person is somebody who has accepted an invitation.
type person struct {
	id, email, seed string
	codes           []string
	token           string
}

// code is what the person's authenticator shows after the next step: each call moves the clock, since a code works once.
func (h *house) code(p person) string {
	h.t.Helper()
	h.clock.Advance(30 * time.Second)
	c, err := identity.TOTPCode(p.seed, h.clock.Now())
	h.need(err)
	return c
}

func (h *house) invite(by identity.Actor, email, unit string, role identity.Role) identity.Invited {
	h.t.Helper()
	in, err := h.Invite(h.t.Context(), by, identity.Invitee{
		Name: "Hồ Thị Mận", Email: email, Term: identity.Term{UnitID: unit, Role: role, From: h.today()},
	})
	h.need(err)
	return in
}

func (h *house) join(by identity.Actor, email, unit string, role identity.Role) person {
	h.t.Helper()
	in := h.invite(by, email, unit, role)
	return h.accept(in, email)
}

func (h *house) accept(in identity.Invited, email string) person {
	h.t.Helper()
	inv, err := h.OpenInvitation(h.t.Context(), secretOf(in.Link))
	h.need(err)
	p := person{id: in.OfficialID, email: email, seed: strings.ReplaceAll(inv.TOTP.Seed, " ", "")}
	done, err := h.Accept(h.t.Context(), secretOf(in.Link), identity.Acceptance{Password: good, Repeat: good, Code: h.code(p)}, browser)
	h.need(err)
	p.codes, p.token = done.Codes, done.Token
	return p
}

// visit resolves a token and gives the context a request of it would have.
func (h *house) visit(token string) (context.Context, identity.Visit) {
	h.t.Helper()
	v, err := h.Resolve(h.t.Context(), token)
	h.need(err)
	return identity.WithSession(identity.WithActor(h.t.Context(), v.Actor), v.Session), v
}

func plain(seed string) string { return strings.ReplaceAll(seed, " ", "") }

func TestMain(m *testing.M) {
	identity.WeakHashes()
	os.Exit(m.Run())
}
