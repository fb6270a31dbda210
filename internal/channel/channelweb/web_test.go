package channelweb_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/audience"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/channel/facebook"
	"github.com/nhipcau/nhipcau/internal/channel/notice"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

type site struct {
	*channeltest.House
	t       *testing.T
	mux     http.Handler
	words   *i18n.Bundle
	sim     *simzalo.Sim
	refused int
	pages   *channelweb.Pages
}

const callback = "http://nhipcau.example" + channelweb.CallbackPath

func newSite(t *testing.T) *site {
	t.Helper()
	d := dbtest.SQLite(t, append([]db.Migrations{notice.Migrations, audience.Migrations}, channeltest.Migrations...)...)
	s := &site{t: t, House: channeltest.NewHouse(t, d, channel.Config{CallbackURL: callback})}
	sim, err := simzalo.New(simzalo.Config{AppID: "123", AppSecret: "bi-mat", OASecretKey: "OASECRET", NoNight: true})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() { srv.Close(); _ = sim.Close() })
	s.sim = sim
	s.Service.Add(zalo.New(zalo.Config{OAuthURL: srv.URL, OpenAPIURL: srv.URL, AppID: "123", AppSecret: "bi-mat", WebhookKey: "OASECRET"}, s.Service.Vault(), s.Service.Budget(channel.Zalo)))
	fb := facebook.New(facebook.Config{AppID: "7", AppSecret: "SEC", VerifyToken: "loi-hen"}, s.Service.Vault(), s.Service.Budget(channel.Facebook))
	s.Service.Add(fb)
	auth, err := identity.NewAuthorizer(s.Units, clock.System{}, channel.Policies)
	if err != nil {
		t.Fatal(err)
	}
	if s.words, err = i18n.Load(channelweb.Catalogue, ui.Catalogue); err != nil {
		t.Fatal(err)
	}
	ns := notice.New(notice.Deps{DB: d, Queue: s.Queue, Clock: clock.System{}, Sealer: channeltest.Sealer{}, Channels: s.Service, Forest: s.Units.Forest})
	people := audience.New(audience.Deps{DB: d, Queue: s.Queue, Clock: clock.System{}, Authz: auth, Channels: s.Service})
	p := &channelweb.Pages{Audience: people, Notices: ns, Service: s.Service, Authz: auth, Units: s.Units, Clock: clock.System{}, Facebook: fb, Refused: func(channel.Kind) { s.refused++ }}
	s.pages = p
	var rt web.Routes
	p.Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door != web.DoorAction || auth.CanSomewhere(actor, a.Action) {
				return nil
			}
			return auth.Check(actor, a.Action, identity.InUnit(""))
		}}
	s.mux = server.Mux(&rt)
	return s
}

func (s *site) send(actor identity.Actor, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	return w
}

func (s *site) get(actor identity.Actor, target string, want int) string {
	s.t.Helper()
	w := s.send(actor, httptest.NewRequest("GET", target, nil))
	if w.Code != want {
		s.t.Fatalf("GET %s: %d, want %d\n%s", target, w.Code, want, w.Body)
	}
	return w.Body.String()
}

func (s *site) post(actor identity.Actor, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := s.send(actor, r)
	if w.Code != want {
		s.t.Fatalf("POST %s: %d, want %d\n%s", target, w.Code, want, w.Body)
	}
	return w
}

var (
	admin   = identitytest.Official("qt", identity.RoleUnitAdmin, orgunittest.Province)
	editor  = identitytest.Official("bt", identity.RoleEditor, orgunittest.KimLien)
	anID    = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	anHour  = golden.Replace(`\d\d/\d\d/20\d\d \d\d:\d\d`, "GIỜ")
	aMoment = golden.Replace(`20\d\d-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)`, "LÚC")
)

func TestPages(t *testing.T) {
	s := newSite(t)
	golden.Body(t, "list_empty", []byte(s.get(admin, channelweb.Base, 200)))
	a := s.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, ExternalID: "4001", Name: "MTTQ phường Vinh Hưng", Link: "https://zalo.me/4001", Followers: 12345,
		State: channel.AccountReauth, StateReason: "channel.error.reauth"}, channel.Tokens{Access: "x"})
	b := s.AccountWith(t, channel.Account{Kind: channel.Facebook, UnitID: orgunittest.KimLien, ExternalID: "5001", Name: "Mặt trận xã Kim Liên"}, channel.Tokens{Access: "y"})
	golden.Body(t, "list", []byte(s.get(admin, channelweb.Base, 200)), anID, anHour, aMoment)
	if body := s.get(admin, channelweb.Base+"?state=paused", 200); !strings.Contains(body, "Không có kênh nào khớp") {
		t.Error("a filter that finds nothing does not say so")
	}
	if body := s.get(editor, channelweb.Base, 200); strings.Contains(body, "Vinh Hưng") || !strings.Contains(body, "Mặt trận xã Kim Liên") {
		t.Error("an editor of Kim Liên must see the channels of Kim Liên only")
	}
	s.SetContent(t, a)
	golden.Body(t, "account", []byte(s.get(admin, channelweb.Base+"/"+a.ID, 200)), anID, anHour, aMoment)
	s.get(editor, channelweb.Base+"/"+a.ID, 404)
	s.get(editor, channelweb.Base+"/"+b.ID, 200)
	s.get(editor, channelweb.Base+"/ket-noi", 403)
	s.post(editor, channelweb.Base+"/"+b.ID+"/tam-dung", nil, 403)
	golden.Body(t, "connect", []byte(s.get(admin, channelweb.Base+"/ket-noi", 200)), anID)
	w := s.post(admin, channelweb.Base+"/ket-noi/dan-ma", url.Values{"unit": {orgunittest.KimLien}, "kind": {"zalo"}, "external": {"4001"}}, 422)
	golden.Body(t, "connect_refused", w.Body.Bytes(), anID)
	if w := s.send(admin, httptest.NewRequest("GET", channelweb.Base+"/xuat.xlsx", nil)); w.Code != 200 || !strings.HasPrefix(w.Body.String(), "PK") {
		t.Errorf("Excel: %d", w.Code)
	}
	s.post(admin, channelweb.Base+"/"+b.ID+"/tam-dung", nil, 303)
	if got, _ := s.Service.AccountByID(t.Context(), b.ID); got.State != channel.AccountPaused {
		t.Errorf("not paused: %+v", got)
	}
	s.post(admin, channelweb.Base+"/"+b.ID+"/mo-lai", nil, 303)
	s.post(admin, channelweb.Base+"/"+b.ID+"/mo-lai", nil, 409)
}

// SetContent puts one failed delivery at the account.
func (s *site) SetContent(t *testing.T, a channel.Account) {
	s.Service.SetSource(channeltest.Texts{})
	s.Deliver(t, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish})
	s.Await(t, 10*time.Second, "the delivery to fail", func() bool {
		ds, err := s.Service.Deliveries(t.Context(), "p")
		return err == nil && len(ds) == 1 && ds[0].State == channel.DeliveryFailed
	})
}

// consent passes the consent page of the simulated Zalo as the administrator of the OA and returns the callback's query.
func (s *site) consent(address, oa string) string {
	s.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	code, err := s.sim.GrantCode(oa, u.Query().Get("redirect_uri"), u.Query().Get("code_challenge"))
	if err != nil {
		s.t.Fatal(err)
	}
	return url.Values{"code": {code}, "oa_id": {oa}, "state": {u.Query().Get("state")}}.Encode()
}

func TestConnectByConsent(t *testing.T) {
	s := newSite(t)
	s.sim.AddOA(simzalo.OA{ID: "4000000000000000011", Name: "MTTQ xã Kim Liên", Ungranted: true})
	s.sim.AddOA(simzalo.OA{ID: "4000000000000000012", Name: "MTTQ phường Trường Vinh", Ungranted: true})
	form := url.Values{"unit": {orgunittest.KimLien}, "kind": {"zalo"}}
	back := func(query string, want int) *httptest.ResponseRecorder {
		t.Helper()
		w := s.send(admin, httptest.NewRequest("GET", channelweb.CallbackPath+"/zalo?"+query, nil))
		if w.Code != want {
			t.Fatalf("callback: %d, want %d\n%s", w.Code, want, w.Body)
		}
		return w
	}
	query := s.consent(s.post(admin, channelweb.Base+"/ket-noi", form, 303).Header().Get("Location"), "4000000000000000011")
	w := s.send(identitytest.Official("khac", identity.RoleUnitAdmin, orgunittest.Province), httptest.NewRequest("GET", channelweb.CallbackPath+"/zalo?"+query, nil))
	if w.Code != 409 {
		t.Fatalf("another official used the consent: %d", w.Code)
	}
	to := back(query, 303).Header().Get("Location")
	back(query, 409) // a state works once
	as, err := s.Service.AccountsOfUnits(t.Context(), []string{orgunittest.KimLien}, channel.Zalo)
	if err != nil || len(as) != 1 || as[0].Name != "MTTQ xã Kim Liên" || !strings.Contains(to, as[0].ID) {
		t.Fatalf("connected: %+v %v %s", as, err, to)
	}
	again := s.post(admin, channelweb.Base+"/"+as[0].ID+"/ket-noi", nil, 303).Header().Get("Location")
	body := back(s.consent(again, "4000000000000000012"), 409).Body.String()
	if !strings.Contains(body, "MTTQ xã Kim Liên") || !strings.Contains(body, "MTTQ phường Trường Vinh") {
		t.Fatalf("the refusal of the wrong OA does not name both:\n%s", body)
	}
}

func TestConnectByPastedToken(t *testing.T) {
	s := newSite(t)
	tokens := s.sim.AddOA(simzalo.OA{ID: "4000000000000000021", Name: "MTTQ xã Kim Liên"})
	form := url.Values{"unit": {orgunittest.KimLien}, "kind": {"zalo"}, "token": {tokens.Refresh}}
	s.post(admin, channelweb.Base+"/ket-noi/dan-ma", form, 303)
	if s.sim.Tokens("4000000000000000021").Refreshes != 1 {
		t.Fatal("the pasted token was not used")
	}
	s.post(admin, channelweb.Base+"/ket-noi/dan-ma", form, 409) // it works once
}

func TestZaloWebhook(t *testing.T) {
	s := newSite(t)
	s.get(identity.Citizen(), "/webhook/zalo", 200)
	// The vector of the official Java SDK: sha256(appId + body + timestamp + key).
	vector := `{"app_id":"123","event_name":"user_send_text","timestamp":"1700000000000"}`
	hook := func(body, mac string) int {
		r := httptest.NewRequest("POST", "/webhook/zalo", strings.NewReader(body))
		r.Header.Set("X-ZEvent-Signature", mac)
		return s.send(identity.Citizen(), r).Code
	}
	count := func() int {
		n, err := s.DB.Read().NewSelect().Table("channel_webhook").Count(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return int(n)
	}
	const mac = "8a677a638f3033f08bd0e4836cfe551d59996f4833bd15d0688303616a213330"
	if hook(vector, "mac="+mac) != 200 || count() != 1 || s.refused != 0 {
		t.Fatalf("the vector was not taken: %d kept, %d refused", count(), s.refused)
	}
	if hook(vector, mac) != 200 || count() != 1 {
		t.Fatal("the same event twice is kept once, and a bare mac is a mac")
	}
	if hook(vector, "mac="+strings.Repeat("0", 64)) != 200 || count() != 1 || s.refused != 1 {
		t.Fatalf("a wrong signature: %d kept, %d refused", count(), s.refused)
	}
	if hook("not json", "") != 200 || s.refused != 2 {
		t.Fatal("nonsense must be answered 200 and counted")
	}
	if code := hook(strings.Repeat("x", channel.MaxWebhook+1), ""); code != 413 {
		t.Fatalf("a huge body: %d", code)
	}
}

func TestFacebookWebhook(t *testing.T) {
	s := newSite(t)
	if got := s.get(identity.Citizen(), "/webhook/facebook?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=loi-hen", 200); got != "1158201444" {
		t.Fatalf("challenge: %q", got)
	}
	s.get(identity.Citizen(), "/webhook/facebook?hub.mode=subscribe&hub.challenge=1&hub.verify_token=sai", 403)
	for sig, want := range map[string]int{"sha256=22a24822e770abcfdb3faa2d8b9f4bd9650c3d4d6f80c30b187e2a905bb4ca3d": 200, "sha256=00": 403, "": 403} {
		r := httptest.NewRequest("POST", "/webhook/facebook", strings.NewReader(`{"object":"page","entry":[]}`))
		r.Header.Set("X-Hub-Signature-256", sig)
		if w := s.send(identity.Citizen(), r); w.Code != want {
			t.Errorf("signature %q: %d, want %d", sig, w.Code, want)
		}
	}
}

var keyInCode = regexp.MustCompile(`"(channel\.[a-z_]+(?:\.[a-z_0-9]+)+)"`)

// TestEveryKeyHasWords reads the code of the package and its adapters: each catalogue key named there has words in both
// languages.
func TestEveryKeyHasWords(t *testing.T) {
	s := newSite(t)
	found := 0
	events := map[string]bool{"channel.delivery_changed": true, "channel.message_received": true, "channel.message_changed": true, "channel.person_withdrew": true}
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "channeltest") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range keyInCode.FindAllSubmatch(b, -1) {
			key := string(m[1])
			if events[key] {
				continue
			}
			found++
			for _, lang := range []string{"vi", "en"} {
				if !s.words.In(lang).Has(key) {
					t.Errorf("%s: no %s words for %s", path, lang, key)
				}
			}
		}
		return err
	})
	if err != nil || found < 100 {
		t.Fatalf("%d keys found, %v", found, err)
	}
	for _, k := range []channel.DeliveryState{channel.DeliveryHeld, channel.DeliveryQueued, channel.DeliverySending, channel.DeliveryProcessing, channel.DeliveryPublished, channel.DeliveryRetracted, channel.DeliveryFailed, channel.DeliverySuperseded} {
		if key := fmt.Sprintf("channel.delivery.%s", k); !s.words.In("vi").Has(key) {
			t.Errorf("no words for %s", key)
		}
	}
}
