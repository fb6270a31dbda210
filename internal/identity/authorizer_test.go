package identity_test

import (
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
)

// chain is a tree as child → parent.
type chain map[string]string

func (c chain) AncestorIDs(u string, _ clock.Date) (out []string) {
	for p := c[u]; p != ""; p = c[p] {
		out = append(out, p)
	}
	return out
}

const policies = `
permit (principal, action in [Action::"post.write", Action::"post.read"], resource)
when { context.role == "editor" && resource in context.unit };
permit (principal, action == Action::"post.approve", resource)
when { context.role == "approver" && resource in context.unit };
forbid (principal, action == Action::"post.approve", resource)
when { resource has author && resource.author == principal };
permit (principal, action == Action::"post.read_public", resource);
`

func TestPolicies(t *testing.T) {
	z, err := identity.NewAuthorizer(chain{"commune": "province", "area": "commune", "other": "province"},
		clock.NewStub(time.Unix(0, 0)), identity.PolicyFile{Feature: "post", Text: policies})
	if err != nil {
		t.Fatal(err)
	}
	official := func(id string, gs ...identity.Grant) identity.Actor {
		return identity.Actor{Kind: identity.ActorOfficial, ID: id, Grants: gs}
	}
	lan := official("lan", identity.Grant{Role: identity.RoleEditor, UnitID: "commune"}, identity.Grant{Role: identity.RoleApprover, UnitID: "commune"})
	post := func(unit, author string) identity.Resource {
		return identity.Resource{Type: "Post", ID: "p", UnitID: unit, Attrs: map[string]string{"author": author}}
	}
	for name, c := range map[string]struct {
		actor  identity.Actor
		action string
		res    identity.Resource
		want   fault.Kind
		ok     bool
	}{
		"own unit":           {lan, "post.write", post("commune", "lan"), 0, true},
		"unit below":         {lan, "post.write", post("area", "ha"), 0, true},
		"unit above":         {lan, "post.write", post("province", "ha"), fault.Forbidden, false},
		"sister unit":        {lan, "post.write", post("other", "ha"), fault.Forbidden, false},
		"approve another's":  {lan, "post.approve", post("commune", "ha"), 0, true},
		"approve one's own":  {lan, "post.approve", post("commune", "lan"), fault.Forbidden, false},
		"unknown action":     {lan, "post.burn", post("commune", "ha"), fault.Forbidden, false},
		"citizen reads":      {identity.Citizen(), "post.read_public", post("commune", "ha"), 0, true},
		"citizen writes":     {identity.Citizen(), "post.write", post("commune", "ha"), fault.Unauthenticated, false},
		"official, no grant": {official("x"), "post.write", post("commune", "ha"), fault.Forbidden, false},
	} {
		err := z.Check(c.actor, c.action, c.res)
		if (err == nil) != c.ok || (err != nil && fault.KindOf(err) != c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := z.Scope(lan, "post.approve"); len(got) != 1 || got[0] != "commune" {
		t.Errorf("scope = %v", got)
	}
	if got := z.Scope(lan, "post.burn"); len(got) != 0 {
		t.Errorf("scope = %v", got)
	}
}
