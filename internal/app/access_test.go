package app_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

var update = flag.Bool("update", false, "write the access tables anew")

// house opens a house on an empty SQLite database with the whole country in it.
func house(t *testing.T) *app.House {
	t.Helper()
	c := app.Defaults()
	c.Data, c.Log.Level, c.Rehearsal.SignIn = t.TempDir(), "error", true
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	h, err := app.Open(t.Context(), c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// places gives a commune of Nghệ An with what stands above it, below it and beside it.
func places(t *testing.T, h *app.House) map[string]string {
	t.Helper()
	f, today := h.Rooms().Units.Forest(), h.Rooms().Units.Today()
	province, err := f.ByCode(orgunit.LevelProvince, "40", today)
	if err != nil {
		t.Fatal(err)
	}
	communes := f.AtLevel(orgunit.LevelCommune, orgunit.KindFront, province.ID, today)
	var below string
	for _, u := range f.Children(communes[0].ID, today) {
		below = u.ID
	}
	if below == "" {
		t.Fatal("the commune has nothing below it")
	}
	return map[string]string{"own": communes[0].ID, "above": province.ID, "below": below, "stranger": communes[1].ID}
}

// forEverybody lists the actions that belong to no unit: asking a question, reading the rules.
var forEverybody = map[string]bool{"feedback.ask": true, "identity.read_policies": true}

// TestPolicyMatrix writes down, for every action × role, in which units a role held in one commune permits it. A change of a
// policy shows as a change of this file: read it before you accept it (go test ./internal/app -run Matrix -update).
func TestPolicyMatrix(t *testing.T) {
	h := house(t)
	where := places(t, h)
	var b strings.Builder
	b.WriteString("# action × role: where a role held in a commune permits the action to another person's thing. own = the commune itself,\n# below = a unit under it, above = the province, stranger = a sister commune. Roles that permit nothing are left out.\n")
	for _, action := range h.Actions() {
		for _, role := range identity.Roles {
			a := identity.Actor{Kind: identity.ActorOfficial, ID: "o", Grants: []identity.Grant{{Role: role, UnitID: where["own"]}}}
			var yes []string
			for _, scope := range []string{"own", "below", "above", "stranger"} {
				if h.Authorizer().Can(a, action, identity.InUnit(where[scope])) {
					yes = append(yes, scope)
				}
			}
			if len(yes) > 0 {
				fmt.Fprintf(&b, "%-28s %-14s %s\n", action, role, strings.Join(yes, " "))
			}
			if role != identity.RoleSystemAdmin && slices.Contains(yes, "stranger") && !forEverybody[action] {
				t.Errorf("%s lets a %s of one commune act in another", action, role)
			}
		}
		if h.Authorizer().Can(identity.Citizen(), action, identity.InUnit(where["own"])) {
			fmt.Fprintf(&b, "%-28s %-14s %s\n", action, "citizen", "everywhere")
		}
	}
	compare(t, "policies.txt", b.String())
}

// TestEveryRouteHasItsDoor writes down every route with its door, and checks that each action named by a route is one that
// some policy permits to somebody.
func TestEveryRouteHasItsDoor(t *testing.T) {
	h := house(t)
	where := places(t, h)
	var lines []string
	for _, rt := range h.Routes() {
		door := "public"
		switch rt.Access.Door {
		case web.DoorSignedIn:
			door = "signed in"
		case web.DoorAction:
			var roles []string
			for _, role := range identity.Roles {
				if h.Authorizer().CanSomewhere(identity.Actor{Kind: identity.ActorOfficial, ID: "o", Grants: []identity.Grant{{Role: role, UnitID: where["above"]}}}, rt.Access.Action) {
					roles = append(roles, string(role))
				}
			}
			if len(roles) == 0 {
				t.Errorf("%s asks for %s, which no policy permits to anybody", rt.Pattern, rt.Access.Action)
			}
			door = rt.Access.Action + ": " + strings.Join(roles, " ")
		}
		lines = append(lines, fmt.Sprintf("%-7s %-60s %s", rt.Method(), rt.Path(), door))
	}
	slices.Sort(lines)
	compare(t, "routes.txt", strings.Join(lines, "\n")+"\n")
}

// TestStrangersAtEveryDoor walks the whole table over real HTTP: a citizen gets past public doors only, a collaborator only
// past those that collaborators may pass, and nothing ever answers with a server error, whatever stands in the path.
func TestStrangersAtEveryDoor(t *testing.T) {
	h := house(t)
	r := h.Rooms()
	where := places(t, h)
	var helper string
	err := r.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		var err error
		helper, err = r.People.SeedOfficial(ctx, tx, identity.SeedOfficial{Name: "Trần Thị Cộng", Email: "cong@nghean.example", Password: "giup-viec-xom-lang",
			Memberships: []identity.Term{{UnitID: where["own"], Role: identity.RoleCollaborator}}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.People.RehearsalSignIn(t.Context(), helper, identity.Client{})
	if err != nil {
		t.Fatal(err)
	}
	actor := identity.Actor{Kind: identity.ActorOfficial, ID: helper, Grants: []identity.Grant{{Role: identity.RoleCollaborator, UnitID: where["own"]}}}
	for _, rt := range h.Routes() {
		for who, cookie := range map[string]string{"citizen": "", "collaborator": in.Token} {
			if cookie != "" && strings.HasSuffix(rt.Path(), "/dang-xuat") {
				continue // it would end the session of the walk
			}
			rec := call(h, rt, cookie)
			if rec.Code >= 500 {
				t.Errorf("%s as %s: %d", rt.Pattern, who, rec.Code)
			}
			if rt.Access.Door == web.DoorPublic || cookie != "" && (rt.Access.Door == web.DoorSignedIn || h.Authorizer().CanSomewhere(actor, rt.Access.Action)) {
				continue
			}
			want := []int{http.StatusForbidden}
			if cookie == "" {
				want = []int{http.StatusUnauthorized, http.StatusSeeOther}
			}
			if !slices.Contains(want, rec.Code) {
				t.Errorf("%s as %s: %d, want %v", rt.Pattern, who, rec.Code, want)
			}
		}
	}
}

// call asks for a route with made-up values in its path.
func call(h *app.House, rt web.Route, cookie string) *httptest.ResponseRecorder {
	path := rt.Path()
	for strings.Contains(path, "{") {
		from, to := strings.Index(path, "{"), strings.Index(path, "}")
		value := id.New()
		if path[from:to+1] == "{$}" {
			value = ""
		}
		path = path[:from] + value + path[to+1:]
	}
	method := rt.Method()
	req := httptest.NewRequest(method, path, strings.NewReader("a=1"))
	if method != http.MethodGet {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: "nhipcau", Value: cookie})
	}
	rec := httptest.NewRecorder()
	h.Handler().ServeHTTP(rec, req)
	return rec
}

func compare(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == got {
		return
	}
	was, is := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for _, l := range is {
		if !slices.Contains(was, l) {
			t.Errorf("new in %s: %s", name, l)
		}
	}
	for _, l := range was {
		if !slices.Contains(is, l) {
			t.Errorf("gone from %s: %s", name, l)
		}
	}
	t.Log("if this is meant: go test ./internal/app -update")
}
