package webpush

import (
	"crypto/ecdh"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/push"
)

// The example of RFC 8291, appendix A, byte for byte.
func TestExampleOfTheStandard(t *testing.T) {
	raw, err := decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
	if err != nil {
		t.Fatal(err)
	}
	own, err := ecdh.P256().NewPrivateKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	var salt [16]byte
	s, _ := decode("DGv6ra1nlYgDCS1FRnbzlw")
	copy(salt[:], s)
	got, err := seal(Subscription{P256dh: "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", Auth: "BTBZMqHH6r4Tts7J_aSIgg"},
		[]byte("When I grow up, I want to be a watermelon"), own, salt)
	const want = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
	if err != nil || b64.EncodeToString(got) != want {
		t.Errorf("%v\n%s", err, b64.EncodeToString(got))
	}
}

func pair2(t *testing.T) (*push.Service, *Client, Subscription, string) {
	t.Helper()
	stub := clock.NewStub(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC))
	svc := push.New(stub.Now)
	srv := httptest.NewServer(svc)
	t.Cleanup(srv.Close)
	key, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	c := NewClient(key, "mailto:mttq@nghean.example", stub, []string{srv.Listener.Addr().String()})
	pub, err := c.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	b, err := svc.Subscribe(pub)
	if err != nil {
		t.Fatal(err)
	}
	return svc, c, Subscription{Endpoint: srv.URL + "/push/" + b.ID, P256dh: b.P256dh, Auth: b.Auth}, b.ID
}

// A service that checks the signature and a browser that opens the message, neither with code of the house.
func TestSend(t *testing.T) {
	svc, c, s, id := pair2(t)
	text := `{"title":"Lịch tiếp dân tháng 12"}`
	if err := c.Send(t.Context(), s, []byte(text), Options{TTL: time.Hour, Urgency: "normal", Topic: "abc"}); err != nil {
		t.Fatal(err)
	}
	got := svc.Got(id)
	if len(got) != 1 || got[0].Text != text || got[0].TTL != 3600 || got[0].Urgency != "normal" || got[0].Topic != "abc" || got[0].Subject != "mailto:mttq@nghean.example" {
		t.Fatalf("%+v %v", got, svc.Refused())
	}
	if err := c.Send(t.Context(), s, []byte(strings.Repeat("x", MaxPlain)), Options{}); err != nil {
		t.Errorf("the longest message: %v", err)
	}
	if err := c.Send(t.Context(), s, []byte(strings.Repeat("x", MaxPlain+1)), Options{}); !Refused(err) {
		t.Errorf("a message that is too long: %v", err)
	}
	svc.Busy(1)
	err := c.Send(t.Context(), s, []byte(text), Options{})
	if wait, ok := Later(err); !ok || wait != 2*time.Minute || Gone(err) {
		t.Errorf("busy: %v %v", wait, err)
	}
	other, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	stranger := *c
	stranger.Key = other
	if err := stranger.Send(t.Context(), s, []byte(text), Options{}); !Refused(err) || Gone(err) {
		t.Errorf("somebody else's key: %v", err)
	}
	svc.Leave(id)
	if err := c.Send(t.Context(), s, []byte(text), Options{}); !Gone(err) {
		t.Errorf("gone: %v", err)
	}
	if got := svc.Got(id); len(got) != 2 {
		t.Errorf("%d messages came through", len(got))
	}
}

// Addresses come from outside: they lead to push services and nowhere else.
func TestWhereItMayCall(t *testing.T) {
	_, c, s, _ := pair2(t)
	for _, to := range []string{"", "http://127.0.0.1/push/x", "https://169.254.169.254/latest", "https://example.com/x", "http://fcm.googleapis.com/x", "https://fcm.googleapis.com:8443/x",
		"https://fcm.googleapis.com@example.com/x", "https://evilfcm.googleapis.com.example/x", "file:///etc/passwd", "https://push.services.mozilla.com.example/", "https://xpush.apple.com.vn/"} {
		bad := s
		bad.Endpoint = to
		if err := c.Check(bad); err == nil {
			t.Errorf("%q is called", to)
		}
	}
	for _, to := range []string{"https://fcm.googleapis.com/fcm/send/a", "https://updates.push.services.mozilla.com/wpush/v2/a", "https://wns2-sg2p.notify.windows.com/w/?token=a", "https://web.push.apple.com/a"} {
		good := s
		good.Endpoint = to
		if err := c.Check(good); err != nil {
			t.Errorf("%q: %v", to, err)
		}
	}
	for _, bad := range []Subscription{{Endpoint: s.Endpoint, Auth: s.Auth}, {Endpoint: s.Endpoint, P256dh: s.P256dh, Auth: "AAAA"}, {Endpoint: s.Endpoint, P256dh: "BAAA", Auth: s.Auth}} {
		if err := c.Check(bad); err == nil {
			t.Errorf("%+v passes", bad)
		}
	}
}

// A name that is allowed but leads into a private network is not spoken to.
func TestPrivateNetwork(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	c := NewClient(nil, "", clock.NewStub(time.Now()), nil)
	u, _ := url.Parse(srv.URL)
	_, err := c.HTTP.Get("http://" + u.Host)
	if err == nil || !strings.Contains(errors.Unwrap(err).Error(), "private network") {
		t.Errorf("%v", err)
	}
}
