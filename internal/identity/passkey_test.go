package identity_test

import (
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// addPasskey makes a passkey in the telephone for the person's account.
func (h *house) addPasskey(p person, phone *identitytest.Authenticator) error {
	h.t.Helper()
	ctx, v := h.visit(p.token)
	cer, err := h.BeginPasskey(ctx, v.Actor)
	h.need(err)
	answer, err := phone.Create(cer.Options)
	h.need(err)
	return h.FinishPasskey(ctx, v.Actor, cer.Step, " Điện thoại  của tôi ", answer)
}

func (h *house) signInBy(phone *identitytest.Authenticator) (identity.SignedIn, error) {
	h.t.Helper()
	cer, err := h.BeginPasskeySignIn(h.t.Context())
	h.need(err)
	answer, err := phone.Get(cer.Options)
	h.need(err)
	return h.FinishPasskeySignIn(h.t.Context(), cer.Step, answer, browser)
}

func TestPasskeyCeremonies(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p, phone := h.editor(), identitytest.NewAuthenticator(base)
		h.need(h.addPasskey(p, phone))
		in, err := h.signInBy(phone)
		h.need(err)
		ctx, v := h.visit(in.Token)
		if v.Actor.ID != p.id || v.Session.Method != identity.MethodPasskey {
			t.Fatalf("%+v", v)
		}
		keys, err := h.Passkeys(ctx, v.Actor)
		h.need(err)
		if len(keys) != 1 || keys[0].Name != "Điện thoại của tôi" || keys[0].UsedAt == nil {
			t.Fatalf("%+v", keys)
		}

		// The same answer a second time: its challenge is used up.
		cer, err := h.BeginPasskeySignIn(ctx)
		h.need(err)
		answer, err := phone.Get(cer.Options)
		h.need(err)
		_, err = h.FinishPasskeySignIn(ctx, cer.Step, answer, browser)
		h.need(err)
		_, err = h.FinishPasskeySignIn(ctx, cer.Step, answer, browser)
		h.refused(err, "identity.step_expired")

		// Proof of presence by passkey, after a while.
		h.clock.Advance(identity.ProofLife)
		ctx, v = h.visit(in.Token)
		h.refused(h.RemovePasskey(ctx, v.Actor, keys[0].ID), "identity.prove_again")
		cer, err = h.BeginPasskeySignIn(ctx)
		h.need(err)
		answer, err = phone.Get(cer.Options)
		h.need(err)
		h.need(h.ProvePasskey(ctx, v.Actor, v.Session.ID, cer.Step, answer))
		ctx, v = h.visit(in.Token)
		h.need(h.RemovePasskey(ctx, v.Actor, keys[0].ID))
		h.refused(h.RemovePasskey(ctx, v.Actor, keys[0].ID), "identity.passkey.gone")
		_, err = h.signInBy(phone)
		h.refused(err, "identity.passkey.refused")
	})
}

func TestPasskeyRefusals(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		p, phone := h.editor(), identitytest.NewAuthenticator(base)
		h.need(h.addPasskey(p, phone))

		elsewhere := phone.Clone()
		elsewhere.Origin = "https://nhipcau.example.vn.evil.example"
		_, err := h.signInBy(elsewhere)
		h.refused(err, "identity.passkey.refused")

		locked := phone.Clone()
		locked.Verify = false
		_, err = h.signInBy(locked)
		h.refused(err, "identity.passkey.refused")

		thief := phone.Clone()
		for range 3 {
			_, err = h.signInBy(phone)
			h.need(err)
		}
		_, err = h.signInBy(thief) // its counter stayed behind
		h.refused(err, "identity.passkey.refused")

		cer, err := h.BeginPasskeySignIn(t.Context())
		h.need(err)
		_, err = h.FinishPasskeySignIn(t.Context(), cer.Step, []byte(`{"id":"x"}`), browser)
		h.refused(err, "identity.passkey.refused")

		// A ceremony that somebody else began.
		other := h.join(wardHead, "b@example.vn", orgunittest.VinhHung, identity.RoleEditor)
		ctx, v := h.visit(p.token)
		cer, err = h.BeginPasskey(ctx, v.Actor)
		h.need(err)
		answer, err := identitytest.NewAuthenticator(base).Create(cer.Options)
		h.need(err)
		ctx, w := h.visit(other.token)
		h.refused(h.FinishPasskey(ctx, w.Actor, cer.Step, "", answer), "identity.passkey.refused")
		if keys, err := h.Passkeys(ctx, w.Actor); err != nil || len(keys) != 0 {
			t.Fatal(keys, err)
		}

		// Another person's passkey proves nothing.
		cer, err = h.BeginPasskeySignIn(ctx)
		h.need(err)
		answer, err = phone.Get(cer.Options)
		h.need(err)
		if err := h.ProvePasskey(ctx, w.Actor, w.Session.ID, cer.Step, answer); !fault.Is(err, fault.Forbidden) {
			t.Fatal(err)
		}
		h.need(h.SetDisabled(ctx, wardHead, p.id, true))
		_, err = h.signInBy(phone)
		h.refused(err, "identity.passkey.refused")
	})
}

func TestInvitationAcceptedByPasskey(t *testing.T) {
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		in, phone := h.invite(wardHead, "a@example.vn", orgunittest.VinhHung, identity.RoleEditor), identitytest.NewAuthenticator(base)
		cer, err := h.BeginAcceptPasskey(t.Context(), secretOf(in.Link))
		h.need(err)
		answer, err := phone.Create(cer.Options)
		h.need(err)
		done, err := h.FinishAcceptPasskey(t.Context(), secretOf(in.Link), cer.Step, "", answer, browser)
		h.need(err)
		ctx, v := h.visit(done.Token)
		keys, err := h.Passkeys(ctx, v.Actor)
		h.need(err)
		h.refused(h.RemovePasskey(ctx, v.Actor, keys[0].ID), "identity.passkey.last")
		_, err = h.BeginAcceptPasskey(ctx, secretOf(in.Link))
		h.refused(err, "identity.invitation.gone")
		_, err = h.signInBy(phone)
		h.need(err)
		_, err = h.SignIn(ctx, "a@example.vn", "", browser)
		h.refused(err, "identity.password.missing")
	})
}

func TestPasskeysNeedAHostName(t *testing.T) {
	each(t, identity.Config{BaseURL: "http://127.0.0.1:8080"}, func(t *testing.T, h *house) {
		if h.PasskeysUsable() {
			t.Fatal("browsers refuse passkeys for a bare number")
		}
		_, err := h.BeginPasskeySignIn(t.Context())
		h.refused(err, "identity.passkey.unusable")
	})
}
