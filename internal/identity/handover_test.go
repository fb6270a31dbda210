package identity_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// desk is a feature with open work, by official and unit.
type desk map[string][]identity.WorkItem

func (d desk) OpenWork(_ context.Context, officialID, unitID string) ([]identity.WorkItem, error) {
	if unitID == orgunittest.KimLien {
		return nil, errors.New("unreachable unit")
	}
	return d[officialID], nil
}

// taker is a feature whose work passes to the successor.
type taker struct{ calls []string }

func (*taker) OpenWork(context.Context, string, string) ([]identity.WorkItem, error) { return nil, nil }

func (k *taker) TakeWork(_ context.Context, _ db.Tx, from string, to identity.Actor, unitID string) error {
	k.calls = append(k.calls, from+" "+to.ID+" "+unitID)
	return nil
}

func TestSuccessorSeesOpenWorkOnTheFirstDay(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		old := h.join(wardHead, "old@example.vn", orgunittest.VinhHung, identity.RoleDeskOfficer)
		soon := h.clock.Now().Add(24 * time.Hour)
		h.RegisterWork("feedback", desk{old.id: {{Kind: "k", Title: "không hạn", Href: "/3"}, {Kind: "k", Title: "sau", Href: "/2", Due: soon.Add(time.Hour)}}})
		h.RegisterWork("publish", desk{old.id: {{Kind: "k", Title: "trước", Href: "/1", Due: soon}}})

		list, _, err := h.People(t.Context(), wardHead, identity.PeopleQuery{UnitID: orgunittest.VinhHung})
		h.need(err)
		p, err := h.MembershipOf(t.Context(), wardHead, list[0].MembershipID)
		h.need(err)
		preview, err := h.OpenWorkOf(t.Context(), wardHead, p)
		h.need(err)
		if len(preview) != 3 || preview[0].Title != "trước" || preview[2].Title != "không hạn" {
			t.Fatalf("%+v", preview)
		}

		last := h.today().AddDays(3)
		h.need(h.EndRole(t.Context(), wardHead, p.MembershipID, last))
		in, err := h.Invite(t.Context(), wardHead, identity.Invitee{Name: "Vi Văn Sao", Email: "new@example.vn",
			Term: identity.Term{UnitID: orgunittest.VinhHung, Role: identity.RoleDeskOfficer, From: last.AddDays(1)}})
		h.need(err)
		next := h.accept(in, "new@example.vn")
		ctx, v := h.visit(next.token)
		if got, err := h.Handovers(ctx, v.Actor); err != nil || len(got) != 0 {
			t.Fatalf("before the first day: %+v %v", got, err)
		}
		h.clock.Set(last.AddDays(1).Time().Add(time.Minute)) // 00:01 of the first day
		step, err := h.SignIn(ctx, next.email, good, browser)
		h.need(err)
		done, err := h.SignInCode(ctx, step.Step, h.code(next), browser)
		h.need(err)
		ctx, v = h.visit(done.Token)
		got, err := h.Handovers(ctx, v.Actor)
		h.need(err)
		if len(got) != 1 || len(got[0].Work) != 3 || got[0].Ended != last || got[0].Predecessor != "Hồ Thị Mận" || got[0].TakenAt != nil {
			t.Fatalf("%+v", got)
		}
		var taken taker
		h.RegisterWork("inbox", &taken)
		h.refused(h.TakeOver(ctx, wardHead, got[0].MembershipID), "identity.role.gone")
		h.need(h.TakeOver(ctx, v.Actor, got[0].MembershipID))
		if want := old.id + " " + v.Actor.ID + " " + orgunittest.VinhHung; len(taken.calls) != 1 || taken.calls[0] != want {
			t.Fatalf("handed over: %v, want %s", taken.calls, want)
		}
		serve, err := h.Serving(ctx, []string{old.id, v.Actor.ID, "nobody"})
		h.need(err)
		if len(serve) != 1 || len(serve[v.Actor.ID]) != 1 || serve[v.Actor.ID][0] != orgunittest.VinhHung {
			t.Fatalf("who serves: %v", serve)
		}
		h.need(h.TakeOver(ctx, v.Actor, got[0].MembershipID))
		if got, err = h.Handovers(ctx, v.Actor); err != nil || got[0].TakenAt == nil {
			t.Fatalf("%+v %v", got, err)
		}
		if _, err := h.Handovers(ctx, identity.Citizen()); !fault.Is(err, fault.Unauthenticated) {
			t.Fatal(err)
		}
	})
}

func TestSeedAndRehearsalSignIn(t *testing.T) {
	seed := []identity.SeedOfficial{
		{Name: "Lô Thị Pịn", Email: "pin@example.vn", Password: good, Memberships: []identity.Term{
			{UnitID: orgunittest.Province, Role: identity.RoleLeader}, {UnitID: orgunittest.VinhHung, Role: identity.RoleEditor, Until: "2027-01-01"}}},
		{Name: "Moong Văn Nghệ", Email: "nghe@example.vn", Password: good, TOTPSecret: "JBSWY3DPEHPK3PXP"},
	}
	run := func(h *house) (ids []string) {
		err := h.db.InTx(h.t.Context(), func(ctx context.Context, tx db.Tx) error {
			var err error
			ids, err = h.SeedOfficials(ctx, tx, seed)
			return err
		})
		h.need(err)
		return ids
	}
	each(t, identity.Config{RehearsalSignIn: true}, func(t *testing.T, h *house) {
		ids, again := run(h), run(h)
		if len(ids) != 2 || ids[0] != again[0] || ids[1] != again[1] {
			t.Fatal(ids, again)
		}
		people, err := h.RehearsalPeople(t.Context(), "pin lô", 10)
		h.need(err)
		if len(people) != 1 || len(people[0].Grants) != 2 {
			t.Fatalf("%+v", people)
		}
		in, err := h.RehearsalSignIn(t.Context(), ids[0], browser)
		h.need(err)
		h.clock.Advance(identity.ProofLife * 2)
		ctx, v := h.visit(in.Token)
		if !v.Actor.Has(identity.RoleLeader, orgunittest.Province) || !h.Proved(ctx) {
			t.Fatalf("%+v", v.Actor)
		}
		if in, err := h.SignIn(t.Context(), "pin@example.vn", good, browser); err != nil || in.Token == "" {
			t.Fatal("exempt from the second factor:", err)
		}
		if in, err := h.SignIn(t.Context(), "nghe@example.vn", good, browser); err != nil || in.Step == "" {
			t.Fatal("this one has a second factor:", err)
		}
	})
	each(t, identity.Config{}, func(t *testing.T, h *house) { // the same people in a house that is no rehearsal
		ids := run(h)
		_, err := h.RehearsalPeople(t.Context(), "", 10)
		h.refused(err, "identity.rehearsal.off")
		_, err = h.RehearsalSignIn(t.Context(), ids[0], browser)
		h.refused(err, "identity.rehearsal.off")
		_, err = h.SignIn(t.Context(), "pin@example.vn", good, browser)
		h.refused(err, "identity.sign_in.no_second_factor")
		h.editor()
		err = h.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			if _, err := h.SeedOfficial(ctx, tx, seed[0]); err != nil { // there already
				return err
			}
			_, err := h.SeedOfficial(ctx, tx, identity.SeedOfficial{Name: "Người nữa", Email: "nua@example.vn"})
			return err
		})
		h.refused(err, "identity.seed.real_people")
	})
}

// postbox keeps what would be sent.
type postbox struct{ phone, code string }

func (p *postbox) SendCode(_ context.Context, _ db.Tx, phone, code string) error {
	p.phone, p.code = phone, code
	return nil
}

func TestPhoneCode(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		box, ctx := &postbox{}, t.Context()
		_, err := h.SendPhoneCode(ctx, box, "0123", "203.0.113.7")
		h.refused(err, "identity.phone.invalid")
		first, err := h.SendPhoneCode(ctx, box, "+84 912 000 111", "203.0.113.7")
		h.need(err)
		if box.phone != "0912000111" || len(box.code) != 6 {
			t.Fatalf("%+v", box)
		}
		old := box.code
		second, err := h.SendPhoneCode(ctx, box, "0912.000.111", "203.0.113.7")
		h.need(err)
		h.refused(h.ConfirmPhone(ctx, first, "0912000111", old), "identity.phone.expired")
		h.refused(h.ConfirmPhone(ctx, second, "0912000222", box.code), "identity.phone.expired")
		wrong := "000000"
		if box.code == wrong {
			wrong = "000001"
		}
		for range identity.PhoneCodeTries - 1 {
			h.refused(h.ConfirmPhone(ctx, second, "0912000111", wrong), "identity.phone.wrong")
		}
		h.need(h.ConfirmPhone(ctx, second, "84912000111", " "+box.code+" "))
		h.refused(h.ConfirmPhone(ctx, second, "0912000111", box.code), "identity.phone.expired")

		third, err := h.SendPhoneCode(ctx, box, "0912000111", "203.0.113.7")
		h.need(err)
		_, err = h.SendPhoneCode(ctx, box, "0912000111", "203.0.113.8")
		h.refused(err, "identity.wait")
		for range identity.PhoneCodeTries {
			h.refused(h.ConfirmPhone(ctx, third, "0912000111", wrong+"9"), "identity.phone.wrong")
		}
		h.refused(h.ConfirmPhone(ctx, third, "0912000111", box.code), "identity.phone.expired")

		late, err := h.SendPhoneCode(ctx, box, "0868000111", "203.0.113.9")
		h.need(err)
		h.clock.Advance(identity.PhoneCodeLife)
		h.refused(h.ConfirmPhone(ctx, late, "0868000111", box.code), "identity.phone.expired")
	})
}
