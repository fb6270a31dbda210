package identity_test

import (
	"context"
	"testing"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitymove"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

func TestRolesFollowTheirUnit(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.join(rootUser, "a@example.vn", orgunittest.KimLien, identity.RoleEditor)
		h.need(h.GiveRole(t.Context(), rootUser, p.id, identity.Term{UnitID: orgunittest.TruongVinh, Role: identity.RoleEditor, From: h.today()}))
		h.need(h.GiveRole(t.Context(), rootUser, p.id, identity.Term{UnitID: orgunittest.KimLien, Role: identity.RoleSecretary, From: h.today().AddDays(9), Until: h.today().AddDays(20)}))
		mover := identitymove.New(h.Service)
		lines, err := mover.Preview(t.Context(), []string{orgunittest.KimLien, orgunittest.VinhHung})
		h.need(err)
		if len(lines) != 1 || lines[0].Count != 2 {
			t.Fatalf("%+v", lines)
		}
		for range 2 {
			h.need(h.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				return mover.Move(ctx, tx, orgunittest.KimLien, orgunittest.TruongVinh, h.today())
			}))
		}
		_, v := h.visit(p.token)
		if len(v.Actor.Grants) != 1 || !v.Actor.Has(identity.RoleEditor, orgunittest.TruongVinh) {
			t.Fatalf("%+v", v.Actor.Grants)
		}
		list, total, err := h.People(t.Context(), rootUser, identity.PeopleQuery{UnitID: orgunittest.TruongVinh})
		h.need(err)
		ended, all, err := h.People(t.Context(), rootUser, identity.PeopleQuery{UnitID: orgunittest.KimLien, Ended: true})
		h.need(err)
		if all != 2 || ended[0].State(h.today()) != identity.PersonEnded || ended[1].State(h.today()) != identity.PersonEnded {
			t.Fatalf("%+v", ended)
		}
		if total != 2 || list[1].Role != identity.RoleSecretary || list[1].LastDay() != h.today().AddDays(20) {
			t.Fatalf("%+v", list)
		}
	})
}
