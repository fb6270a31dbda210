package zalo_test

import (
	"net/url"
	"testing"

	"github.com/nhipcau/nhipcau/internal/identity"
)

func adminOf(unit string) identity.Actor {
	return identity.Actor{Kind: identity.ActorOfficial, ID: "qt", Name: "Trần Thị Lan", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: unit}}}
}

// consent passes the consent page as the OA's administrator and gives what the callback brings.
func consent(t testing.TB, w *world, address, oa string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	code, err := w.sim.GrantCode(oa, u.Query().Get("redirect_uri"), u.Query().Get("code_challenge"))
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"code": {code}, "oa_id": {oa}, "state": {u.Query().Get("state")}}
}
