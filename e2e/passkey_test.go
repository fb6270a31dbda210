package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// password of everybody in the rehearsal.
const password = "cau-qua-song-lam"

// TestPasskey makes a passkey on a device that the browser plays, signs out, and signs in with nothing but that device.
func TestPasskey(t *testing.T) {
	v := visit(t, "passkey", phone, true)
	v.run(webauthn.Enable(), chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := webauthn.AddVirtualAuthenticator(&webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true,
			HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}).Do(ctx)
		return err
	}))
	v.signIn("secretary@nghean.example")
	who := v.text(".menu-head b, .person-name")
	v.open("/tai-khoan/passkey")
	if v.path() == "/xac-nhan" { // who is in the middle of something else proves who they are first
		v.write("#f-code", password)
		v.follow(`form[action="/xac-nhan"] button`)
	}
	if !bundled(v) {
		v.has("noscript") // without the island the page says what is missing, and the form stays away
		v.until("hidden form", `document.querySelector("form[data-passkey]").hidden`)
		return
	}
	v.write("form[data-passkey] [name=name]", "Điện thoại cơ quan")
	v.shot("passkey-01-new")
	v.follow("form[data-passkey] button")
	v.sees("Điện thoại cơ quan")
	v.shot("passkey-02-kept")

	v.open("/dang-xuat")
	v.follow(`form[action="/dang-xuat"] button.btn-primary`)
	v.open("/lam-viec")
	if v.path() != "/dang-nhap" {
		t.Fatalf("after signing out /lam-viec leads to %s", v.path())
	}
	v.follow("form[data-passkey] button")
	if v.path() != "/lam-viec" {
		t.Fatalf("the passkey leads to %s", v.path())
	}
	if again := v.text(".menu-head b, .person-name"); again != who {
		t.Errorf("signed in as %q, want %q", again, who)
	}
	v.shot("passkey-03-signed-in")
	v.calm()
}
