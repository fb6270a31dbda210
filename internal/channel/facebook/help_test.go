package facebook_test

import (
	"net/url"
	"testing"

	"github.com/nhipcau/nhipcau/internal/identity"
)

func adminOf(unit string) identity.Actor {
	return identity.Actor{Kind: identity.ActorOfficial, ID: "qt", Name: "Trần Thị Lan", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: unit}}}
}

// consent passes the login dialog as the administrator of the pages and gives what the callback brings.
func consent(t testing.TB, w *world, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"code": {w.sim.GrantCode(u.Query().Get("redirect_uri"))}, "state": {u.Query().Get("state")}}
}
