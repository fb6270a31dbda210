package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

func TestInviteAcceptActs(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.join(wardHead, "man.ho@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		if len(p.codes) != identity.RecoveryCodes {
			t.Fatalf("%d recovery codes", len(p.codes))
		}
		ctx, v := h.visit(p.token)
		if v.Actor.Name != "Hồ Thị Mận" || !v.Actor.Has(identity.RoleEditor, orgunittest.VinhHung) || len(v.Actor.Grants) != 1 {
			t.Fatalf("%+v", v.Actor)
		}
		if identity.ActiveUnit(ctx) != orgunittest.VinhHung || v.Session.Method != identity.MethodInvitation {
			t.Fatalf("%+v", v.Session)
		}
		list, total, err := h.People(t.Context(), v.Actor, identity.PeopleQuery{UnitID: orgunittest.VinhHung, Text: "mán HÔ", Page: 1, Per: 10})
		h.need(err)
		if total != 1 || list[0].State(h.today()) != identity.PersonActive || list[0].LastDay() != "" {
			t.Fatalf("%d %+v", total, list)
		}
	})
}

func TestInvitationLinkWorksOnceAndForSevenDays(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		first := h.invite(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		second := h.invite(wardHead, "A@Example.vn ", orgunittest.VinhHung, identity.RoleEditor)
		if first.OfficialID != second.OfficialID || first.Link == second.Link || second.Link == "" {
			t.Fatalf("%+v %+v", first, second)
		}
		_, err := h.OpenInvitation(t.Context(), secretOf(first.Link))
		h.refused(err, "identity.invitation.gone")
		h.accept(second, "a@example.vn")
		_, err = h.OpenInvitation(t.Context(), secretOf(second.Link))
		h.refused(err, "identity.invitation.gone")
		again := h.invite(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleApprover)
		if again.Link != "" {
			t.Fatal("somebody with an account got a link")
		}
		_, err = h.Invite(t.Context(), wardHead, identity.Invitee{Name: "A", Email: "a@example.vn",
			Term: identity.Term{UnitID: orgunittest.VinhHung, Role: identity.RoleApprover, From: h.today()}})
		h.refused(err, "identity.role.already")

		late := h.invite(wardHead, "b@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		h.clock.Advance(identity.InvitationLife)
		_, err = h.OpenInvitation(t.Context(), secretOf(late.Link))
		h.refused(err, "identity.invitation.gone")
	})
}

func TestAcceptRefusals(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		in := h.invite(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		_, err := h.Accept(t.Context(), secretOf(in.Link), identity.Acceptance{Password: "matkhau123", Repeat: "x", Code: "000000"}, browser)
		for _, key := range []string{"identity.password.common", "identity.password.differs", "identity.code.wrong_setup"} {
			h.refused(err, key)
		}
		_, err = h.OpenInvitation(t.Context(), secretOf(in.Link))
		h.need(err) // a refused form leaves the link good
		_, err = h.OpenInvitation(t.Context(), strings.Repeat("0", 64))
		h.refused(err, "identity.invitation.gone")
	})
}

func TestWhoMayInvite(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		editor := identitytest.Official("e", identity.RoleEditor, orgunittest.VinhHung)
		try := func(a identity.Actor, unit string, role identity.Role) error {
			_, err := h.Invite(t.Context(), a, identity.Invitee{Name: "Lê Văn Ổi", Email: "oi@example.vn",
				Term: identity.Term{UnitID: unit, Role: role, From: h.today()}})
			return err
		}
		for name, c := range map[string]struct {
			a    identity.Actor
			unit string
			role identity.Role
			want fault.Kind
		}{
			"editor":              {editor, orgunittest.VinhHung, identity.RoleEditor, fault.Forbidden},
			"citizen":             {identity.Citizen(), orgunittest.VinhHung, identity.RoleEditor, fault.Unauthenticated},
			"unit above":          {wardHead, orgunittest.Province, identity.RoleEditor, fault.Forbidden},
			"sister unit":         {wardHead, orgunittest.KimLien, identity.RoleEditor, fault.Forbidden},
			"system admin's role": {wardHead, orgunittest.VinhHung, identity.RoleSystemAdmin, fault.Forbidden},
			"auditor's role":      {wardHead, orgunittest.VinhHung, identity.RoleAuditor, fault.Forbidden},
			"unknown role":        {rootUser, orgunittest.VinhHung, "king", fault.Invalid},
			"unknown unit":        {rootUser, "nowhere", identity.RoleEditor, fault.NotFound},
			"unit that ended":     {rootUser, orgunittest.District, identity.RoleEditor, fault.Conflict},
		} {
			if err := try(c.a, c.unit, c.role); !fault.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.need(try(wardHead, orgunittest.AreaKimTan, identity.RoleCollaborator))
		h.need(try(rootUser, orgunittest.Province, identity.RoleAuditor))
	})
}

// A unit administrator must not get at the account of somebody who holds roles elsewhere.
func TestInvitingDoesNotGivePowerOverOtherUnits(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		first := h.invite(rootUser, "x@example.vn", orgunittest.Province, identity.RoleLeader)
		other := h.invite(wardHead, "x@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		if other.Link != "" {
			t.Fatal("the ward got a link to an account of the province")
		}
		p := h.accept(first, "x@example.vn")
		_, err := h.ResetAccess(t.Context(), wardHead, p.id, orgunittest.VinhHung)
		if !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		if err := h.SetDisabled(t.Context(), wardHead, p.id, true); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
	})
}

func TestResetAccess(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.join(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		in, err := h.ResetAccess(t.Context(), wardHead, p.id, orgunittest.VinhHung)
		h.need(err)
		h.visit(p.token) // nothing changes until the link is used
		q := h.accept(in, p.email)
		if _, err := h.Resolve(t.Context(), p.token); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal("the old session still stands:", err)
		}
		step, err := h.SignIn(t.Context(), p.email, good, browser)
		h.need(err)
		_, err = h.SignInCode(t.Context(), step.Step, h.code(p), browser)
		h.refused(err, "identity.code.wrong")
		_, err = h.SignInCode(t.Context(), step.Step, h.code(q), browser)
		h.need(err)
	})
}

func TestDisable(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.join(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		h.need(h.SetDisabled(t.Context(), wardHead, p.id, true))
		if _, err := h.Resolve(t.Context(), p.token); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
		_, err := h.SignIn(t.Context(), p.email, good, browser)
		h.refused(err, "identity.sign_in.wrong")
		h.need(h.SetDisabled(t.Context(), wardHead, p.id, false))
		_, err = h.SignIn(t.Context(), p.email, good, browser)
		h.need(err)
		h.refused(h.SetDisabled(t.Context(), wardHead, wardHead.ID, true), "identity.disable_self")
	})
}

func TestFirstAdmin(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		in, err := h.CreateFirstAdmin(t.Context(), "Trần Văn Bưởi", "buoi@example.vn", orgunittest.Province)
		h.need(err)
		again, err := h.CreateFirstAdmin(t.Context(), "Trần Văn Bưởi", "buoi@example.vn", orgunittest.Province)
		h.need(err) // the link was lost: a new one, while nobody has answered
		if again.Link == in.Link {
			t.Fatal("same link")
		}
		p := h.accept(again, "buoi@example.vn")
		_, err = h.CreateFirstAdmin(t.Context(), "Kẻ lạ", "la@example.vn", orgunittest.Province)
		h.refused(err, "identity.first_admin.exists")
		_, v := h.visit(p.token)
		list, _, err := h.People(t.Context(), v.Actor, identity.PeopleQuery{UnitID: orgunittest.Province})
		h.need(err)
		h.refused(h.EndRole(t.Context(), v.Actor, list[0].MembershipID, h.today()), "identity.role.last_admin")
	})
}

func TestRolesHaveTerms(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.join(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		today := h.today()
		h.need(h.GiveRole(t.Context(), wardHead, p.id, identity.Term{UnitID: orgunittest.AreaKimTan, Role: identity.RoleSecretary, From: today.AddDays(2), Until: today.AddDays(3)}))
		h.refused(h.GiveRole(t.Context(), wardHead, p.id, identity.Term{UnitID: orgunittest.AreaKimTan, Role: identity.RoleSecretary, From: today.AddDays(3)}), "identity.role.already")
		h.refused(h.GiveRole(t.Context(), wardHead, p.id, identity.Term{UnitID: orgunittest.VinhHung, Role: identity.RoleLeader, From: today, Until: today.AddDays(-1)}), "identity.term.backwards")
		for day, want := range []bool{false, false, true, true, false} {
			h.clock.Set(today.AddDays(day).Time().Add(12 * time.Hour))
			in, err := h.SignIn(t.Context(), p.email, good, browser)
			h.need(err)
			in, err = h.SignInCode(t.Context(), in.Step, h.code(p), browser)
			h.need(err)
			_, v := h.visit(in.Token)
			if v.Actor.Has(identity.RoleSecretary, orgunittest.AreaKimTan) != want {
				t.Errorf("day %d: %+v", day, v.Actor.Grants)
			}
		}
	})
}

func TestNobodyGivesThemselvesARole(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.join(rootUser, "a@example.vn", orgunittest.VinhHung, identity.RoleUnitAdmin)
		_, v := h.visit(p.token)
		err := h.GiveRole(t.Context(), v.Actor, p.id, identity.Term{UnitID: orgunittest.VinhHung, Role: identity.RoleApprover, From: h.today()})
		if !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		_, err = h.Invite(t.Context(), v.Actor, identity.Invitee{Name: "Tôi", Email: p.email, Term: identity.Term{UnitID: orgunittest.VinhHung, Role: identity.RoleApprover, From: h.today()}})
		if !fault.Is(err, fault.Forbidden) {
			t.Fatal("by inviting oneself:", err)
		}
	})
}

func TestEndRoleTakesEffectAtOnce(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p := h.join(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		h.visit(p.token)
		list, _, err := h.People(t.Context(), wardHead, identity.PeopleQuery{UnitID: orgunittest.VinhHung})
		h.need(err)
		m := list[0].MembershipID
		h.refused(h.EndRole(t.Context(), wardHead, m, h.today().AddDays(-2)), "identity.term.past")
		stranger := identitytest.Official("s", identity.RoleUnitAdmin, orgunittest.KimLien)
		if err := h.EndRole(t.Context(), stranger, m, h.today()); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		h.need(h.EndRole(t.Context(), wardHead, m, h.today().AddDays(-1)))
		if _, v := h.visit(p.token); len(v.Actor.Grants) != 0 {
			t.Fatalf("%+v", v.Actor.Grants)
		}
		h.refused(h.EndRole(t.Context(), wardHead, m, h.today()), "identity.role.ends_already")
		_, total, err := h.People(t.Context(), wardHead, identity.PeopleQuery{UnitID: orgunittest.VinhHung})
		h.need(err)
		ended, _, err := h.People(t.Context(), wardHead, identity.PeopleQuery{UnitID: orgunittest.VinhHung, Ended: true})
		h.need(err)
		if total != 0 || len(ended) != 1 || ended[0].State(h.today()) != identity.PersonEnded {
			t.Fatalf("%d %+v", total, ended)
		}
	})
}

func TestPeopleBelowAndStrangers(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		h.join(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		h.invite(wardHead, "b@example.vn", orgunittest.AreaKimTan, identity.RoleCollaborator)
		h.invite(rootUser, "c@example.vn", orgunittest.KimLien, identity.RoleEditor)
		list, total, err := h.People(t.Context(), wardHead, identity.PeopleQuery{UnitID: orgunittest.VinhHung, Below: true})
		h.need(err)
		if total != 2 || len(list) != 2 {
			t.Fatalf("%d %+v", total, list)
		}
		colleague := identitytest.Official("x", identity.RoleEditor, orgunittest.VinhHung)
		for name, c := range map[string]struct {
			a identity.Actor
			q identity.PeopleQuery
		}{
			"colleague below": {colleague, identity.PeopleQuery{UnitID: orgunittest.VinhHung, Below: true}},
			"stranger":        {identitytest.Official("y", identity.RoleUnitAdmin, orgunittest.KimLien), identity.PeopleQuery{UnitID: orgunittest.VinhHung}},
			"unit above":      {wardHead, identity.PeopleQuery{UnitID: orgunittest.Province}},
			"citizen":         {identity.Citizen(), identity.PeopleQuery{UnitID: orgunittest.VinhHung}},
		} {
			if got, _, err := h.People(t.Context(), c.a, c.q); err == nil || len(got) != 0 {
				t.Errorf("%s: %v %+v", name, err, got)
			}
		}
	})
}
