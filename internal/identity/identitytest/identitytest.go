// Package identitytest gives other features' tests somebody to act: officials with a role in a unit, and the judge that
// decides by policy files, without a database.
package identitytest

import (
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// Now is the moment the fixtures live in: 21 November 2026, 09:00 in Vietnam.
var Now = time.Date(2026, time.November, 21, 9, 0, 0, 0, clock.Vietnam).UTC()

// Official is a signed-in official who holds the role in each of the units today. The name shown is "Cán bộ <id>".
func Official(id string, role identity.Role, units ...string) identity.Actor {
	a := identity.Actor{Kind: identity.ActorOfficial, ID: id, Name: "Cán bộ " + id}
	for _, u := range units {
		a.Grants = append(a.Grants, identity.Grant{Role: role, UnitID: u})
	}
	return a
}

// And gives the actor one more role in the units.
func And(a identity.Actor, role identity.Role, units ...string) identity.Actor {
	a.Grants = append([]identity.Grant(nil), a.Grants...)
	for _, u := range units {
		a.Grants = append(a.Grants, identity.Grant{Role: role, UnitID: u})
	}
	return a
}

// Chain is a tree of units written as child → parent; it serves as identity.Ancestry.
type Chain map[string]string

// AncestorIDs lists the units above, nearest first, whatever the day.
func (c Chain) AncestorIDs(unitID string, _ clock.Date) []string {
	var out []string
	for p := c[unitID]; p != ""; p = c[p] {
		out = append(out, p)
	}
	return out
}

// Tree is the chain most tests use: a province with two communes, one of which has two areas, and a stranger province.
func Tree() Chain {
	return Chain{"commune": "province", "commune2": "province", "area": "commune", "area2": "commune", "stranger": ""}
}

// Authorizer judges by the given policy files over the tree, at Now.
func Authorizer(t testing.TB, ancestry identity.Ancestry, files ...identity.PolicyFile) *identity.Authorizer {
	t.Helper()
	z, err := identity.NewAuthorizer(ancestry, clock.NewStub(Now), files...)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// File is a policy file of the feature.
func File(feature, text string) identity.PolicyFile {
	return identity.PolicyFile{Feature: feature, Text: text}
}
