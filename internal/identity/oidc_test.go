package identity_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/sim/oidc"
)

// outside is a province's sign-in over real HTTP.
type outside struct {
	*oidc.Provider
	t     *testing.T
	cfg   *identity.OIDCConfig
	clock func() time.Time
}

func newOutside(t *testing.T) *outside {
	t.Helper()
	o := &outside{t: t, clock: func() time.Time { return orgunittest.Now }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	var err error
	if o.Provider, err = oidc.New(srv.URL, func() time.Time { return o.clock() }); err != nil {
		t.Fatal(err)
	}
	o.cfg = &identity.OIDCConfig{Name: "Đăng nhập một lần", Issuer: srv.URL, ClientID: "nhipcau", ClientSecret: "bí mật"}
	o.AddClient(oidc.Client{ID: "nhipcau", Secret: "bí mật", RedirectURIs: []string{base + identity.OIDCCallbackPath}})
	o.AddUser(oidc.User{Subject: "u1", Name: "Hồ Thị Mận", Email: "Man@example.vn", Verified: true})
	o.AddUser(oidc.User{Subject: "u2", Name: "Kẻ mạo danh", Email: "man@example.vn", Verified: false})
	o.AddUser(oidc.User{Subject: "u3", Name: "Người lạ", Email: "la@example.vn", Verified: true})
	return o
}

// choose is the person at the provider's page; it gives the query of the callback.
func (o *outside) choose(redirect, subject string) url.Values {
	o.t.Helper()
	still := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := still.PostForm(redirect, url.Values{"subject": {subject}})
	if err != nil {
		o.t.Fatal(err)
	}
	res.Body.Close()
	to, err := res.Location()
	if err != nil {
		o.t.Fatal(res.Status, err)
	}
	return to.Query()
}

func TestOIDC(t *testing.T) {
	out := newOutside(t)
	each(t, identity.Config{OIDC: out.cfg}, func(t *testing.T, h *house) {
		out.clock = h.clock.Now
		ctx := t.Context()
		begin := func(subject string) (string, url.Values) {
			t.Helper()
			redirect, step, err := h.BeginOIDC(ctx, "/viec-hom-nay")
			h.need(err)
			return step, out.choose(redirect, subject)
		}
		try := func(subject string) (identity.SignedIn, error) {
			t.Helper()
			step, q := begin(subject)
			in, _, err := h.FinishOIDC(ctx, step, q, browser)
			return in, err
		}
		invited := h.invite(wardHead, "man@example.vn", orgunittest.VinhHung, identity.RoleEditor)

		_, err := try("u2")
		h.refused(err, "identity.oidc.not_invited")
		_, err = try("u3")
		h.refused(err, "identity.oidc.not_invited")

		step, q := begin("u1")
		in, back, err := h.FinishOIDC(ctx, step, q, browser)
		h.need(err)
		_, v := h.visit(in.Token)
		if v.Actor.ID != invited.OfficialID || back != "/viec-hom-nay" || v.Session.Method != identity.MethodOIDC {
			t.Fatalf("%+v %q", v, back)
		}
		_, _, err = h.FinishOIDC(ctx, step, q, browser)
		h.refused(err, "identity.step_expired")
		_, err = h.OpenInvitation(ctx, secretOf(invited.Link))
		h.refused(err, "identity.invitation.gone") // signing in accepted it
		_, err = try("u1")
		h.need(err)
		acc, err := h.Account(ctx, v.Actor)
		h.need(err)
		if !acc.LinkedOutside || acc.HasPassword {
			t.Fatalf("%+v", acc)
		}

		step, q = begin("u1")
		q.Set("state", "forged")
		_, _, err = h.FinishOIDC(ctx, step, q, browser)
		h.refused(err, "identity.oidc.refused")
		stepA, _ := begin("u1")
		_, qB := begin("u1")
		_, _, err = h.FinishOIDC(ctx, stepA, qB, browser)
		h.refused(err, "identity.oidc.refused")
		_, err = try("") // the person refused
		h.refused(err, "identity.oidc.refused")

		for name, f := range map[string]oidc.Faults{
			"nonce": {WrongNonce: true}, "audience": {WrongAudience: true}, "issuer": {WrongIssuer: true}, "key": {WrongKey: true},
			"expired": {Expired: true}, "no token": {NoIDToken: true}, "alg none": {AlgNone: true},
		} {
			out.SetFaults(f)
			if _, err := try("u1"); err == nil {
				t.Errorf("%s: accepted", name)
			} else {
				h.refused(err, "identity.oidc.refused")
			}
		}
		out.SetFaults(oidc.Faults{})
		h.need(h.SetDisabled(ctx, wardHead, invited.OfficialID, true))
		_, err = try("u1")
		h.refused(err, "identity.oidc.not_invited")
	})
}

func TestOIDCProviderDown(t *testing.T) {
	each(t, identity.Config{OIDC: &identity.OIDCConfig{Name: "x", Issuer: "http://127.0.0.1:1", ClientID: "c"}}, func(t *testing.T, h *house) {
		_, _, err := h.BeginOIDC(t.Context(), "/")
		h.refused(err, "identity.oidc.down")
	})
	each(t, identity.Config{}, func(t *testing.T, h *house) {
		_, _, err := h.BeginOIDC(t.Context(), "/")
		h.refused(err, "identity.oidc.none")
	})
}
