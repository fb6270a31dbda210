package fleetweb_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/fleet/fleetweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

var (
	now      = orgunittest.Now
	province = identitytest.Official("tinh", identity.RoleUnitAdmin, orgunittest.Province)
	ward     = identitytest.Official("phuong", identity.RoleUnitAdmin, orgunittest.VinhHung)
	desk     = identitytest.Official("tiep", identity.RoleDeskOfficer, orgunittest.VinhHung)
	stranger = identitytest.Official("kt", identity.RoleAuditor, orgunittest.VinhHung)
	anID     = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	qr       = golden.Replace(`d="M4 4h7[^"]*"`, `d="QR"`)
)

type noTrail struct{}

func (noTrail) Record(context.Context, db.Tx, identity.Trace) error { return nil }

// people is one administrator of the ward.
type people struct{}

func (people) People(_ context.Context, _ identity.Actor, q identity.PeopleQuery) ([]identity.Person, int, error) {
	if q.UnitID != orgunittest.VinhHung {
		return nil, 0, nil
	}
	return []identity.Person{{Name: "Hoàng Thị Sửu", Email: "suu@vinhhung.example", Role: q.Role, UnitID: q.UnitID}}, 1, nil
}

type site struct {
	*channeltest.House
	t     testing.TB
	mux   http.Handler
	words *i18n.Bundle
	fake  *channeltest.Fake
}

func newSite(t testing.TB) *site {
	t.Helper()
	d := dbtest.SQLite(t, append(append([]db.Migrations{}, channeltest.Migrations...), fleet.Migrations)...)
	c := clock.NewStub(now)
	s := &site{t: t, House: channeltest.NewHouseAt(t, d, channel.Config{}, c), fake: channeltest.NewFake(channel.Zalo, 0)}
	s.Service.Add(s.fake)
	s.Service.Add(channeltest.NewFake(channel.Facebook, 0))
	z, err := identity.NewAuthorizer(s.Units, c, channel.Policies, fleet.Policies)
	if err != nil {
		t.Fatal(err)
	}
	f := fleet.New(fleet.Deps{DB: d, Queue: s.Queue, Clock: c, Authz: z, Trail: noTrail{}, Forest: s.Units.Forest, Channels: s.Service, People: people{}, Every: time.Hour, Pictures: s.pictures(), Glimpse: outside})
	if s.words, err = i18n.Load(ui.Catalogue, channelweb.Catalogue, fleetweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	pages := &fleetweb.Pages{Service: f, PublicURL: "https://mattran.example"}
	pages.Routes(&rt)
	(&channelweb.Pages{Service: s.Service, Authz: z, Units: s.Units, Clock: c, Beside: pages.Beside}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door != web.DoorAction || z.CanSomewhere(actor, a.Action) {
				return nil
			}
			return z.Check(actor, a.Action, identity.InUnit(""))
		}}
	s.mux = server.Mux(&rt)
	return s
}

// pictures is a store in a folder of its own.
func (s *site) pictures() *picture.Store {
	s.t.Helper()
	blobs, err := blob.NewFolder(s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	return picture.NewStore(blobs)
}

func (s *site) do(actor identity.Actor, method, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.t.Fatalf("%s %s: %d, want %d\n%s", method, target, w.Code, want, w.Body)
	}
	return w
}

func (s *site) page(name string, actor identity.Actor, target string, want int) string {
	s.t.Helper()
	w := s.do(actor, "GET", target, nil, want)
	golden.Body(s.t.(*testing.T), name, w.Body.Bytes(), anID, qr)
	return w.Body.String()
}

// account installs an account with which nothing is wrong but what change says.
func (s *site) account(kind channel.Kind, unit, external, name string, change func(*channel.Account)) channel.Account {
	a := channel.Account{Kind: kind, UnitID: unit, ExternalID: external, Name: name, State: channel.AccountConnected, Followers: 1234, CreatedAt: now.AddDate(0, -9, 0),
		CheckedAt: now, HeardAt: now.AddDate(0, 0, -1), PublishedAt: now.AddDate(0, 0, -2), TokenAt: now}
	if change != nil {
		change(&a)
	}
	return s.AccountWith(s.t, a, channel.Tokens{})
}

func (s *site) fill() channel.Account {
	a := s.account(channel.Zalo, orgunittest.VinhHung, "4001", "MTTQ phường Vinh Hưng", nil)
	s.account(channel.Facebook, orgunittest.VinhHung, "5001", "Mặt trận Vinh Hưng", func(a *channel.Account) {
		a.State, a.StateReason = channel.AccountReauth, "channel.facebook.password"
	})
	s.account(channel.Zalo, orgunittest.KimLien, "4002", "MTTQ xã Kim Liên", func(a *channel.Account) {
		a.Health = channel.Health{Package: "Nâng cao", PackageUntil: "2026-11-30", QuotaTotal: 500, QuotaLeft: 20}
		a.PublishedAt = now.AddDate(0, 0, -20)
	})
	return a
}

// probe has the first account looked at and refused.
func (s *site) probe(a channel.Account, err error) {
	s.t.Helper()
	s.fake.FailNext(err)
	if _, err := s.Service.Probe(s.t.Context(), ward, a.ID); err != nil {
		s.t.Fatal(err)
	}
	s.Idle(s.t)
}

func TestFleetPages(t *testing.T) {
	s := newSite(t)
	s.page("list_empty", province, fleetweb.Base, 200)
	s.fill()
	s.page("list", province, fleetweb.Base, 200)
	s.page("list_reader", desk, fleetweb.Base, 200)
	s.page("list_none", province, fleetweb.Base+"?q=khong+co", 200)
	s.page("forbidden", stranger, fleetweb.Base, 403)
	if b := s.do(province, "GET", fleetweb.Base+"?q=kim+lien&tinh_trang=silent&xep=followers&giam=1", nil, 200).Body.String(); strings.Contains(b, "Mặt trận Vinh Hưng") || !strings.Contains(b, "MTTQ xã Kim Liên") || !strings.Contains(b, `aria-sort="descending"`) {
		t.Error("chips, search and order do not narrow")
	}
	if b := s.do(province, "GET", fleetweb.Base+"?in=1", nil, 200).Body.String(); strings.Contains(b, `name="id"`) {
		t.Error("a print sheet has boxes to tick")
	}
	if w := s.do(province, "GET", fleetweb.Base+"/xuat.xlsx", nil, 200); w.Header().Get("Content-Type") != xlsx.ContentType {
		t.Error(w.Header())
	}
}

func TestBulkPages(t *testing.T) {
	s := newSite(t)
	a := s.fill()
	post := func(actor identity.Actor, want int, form url.Values) string {
		t.Helper()
		return s.do(actor, "POST", fleetweb.Base+"/hang-loat", form, want).Body.String()
	}
	golden.Body(t, "bulk_refused", []byte(post(province, 422, url.Values{"viec": {"pause"}})), anID)
	golden.Body(t, "bulk", []byte(post(province, 200, url.Values{"viec": {"resume"}, "id": {a.ID}, "loc": {"kenh=zalo"}})), anID)
	if b := post(province, 200, url.Values{"viec": {"pause"}, "tat_ca": {"1"}, "loc": {"kenh=zalo"}}); !strings.Contains(b, "Đã tạm dừng 2 kênh") {
		t.Error(b)
	}
	post(desk, 403, url.Values{"viec": {"pause"}, "id": {a.ID}})
}

func TestAlertPages(t *testing.T) {
	s := newSite(t)
	a := s.account(channel.Zalo, orgunittest.VinhHung, "4001", "MTTQ phường Vinh Hưng", nil)
	s.page("alerts_empty", ward, fleetweb.Base+"/canh-bao", 200)
	s.probe(a, &channel.Error{Kind: channel.Zalo, Code: "-224", Advice: channel.AdviceHuman, Key: "channel.zalo.package", Scope: channel.ScopeAccount})
	list := s.page("alerts", ward, fleetweb.Base+"/canh-bao", 200)
	_, rest, ok := strings.Cut(list, `href="`+fleetweb.Base+"/canh-bao/")
	if !ok {
		t.Fatal("no link to the alert")
	}
	at := fleetweb.Base + "/canh-bao/" + rest[:36]
	s.page("alert", ward, at, 200)
	golden.Body(t, "alert_refused", s.do(ward, "POST", at, url.Values{"note": {""}}, 422).Body.Bytes(), anID)
	s.do(desk, "POST", at, url.Values{"note": {"xem"}}, 403)
	s.do(ward, "POST", at, url.Values{"note": {"Đang gia hạn gói"}}, 303)
	s.do(ward, "POST", at, url.Values{"note": {"lần nữa"}}, 409)
	s.page("alert_taken", desk, at, 200)
	if _, err := s.Service.Probe(t.Context(), ward, a.ID); err != nil {
		t.Fatal(err)
	}
	s.Idle(t)
	s.page("alerts_over", ward, fleetweb.Base+"/canh-bao?xem=lich-su", 200)
	s.page("alert_over", ward, at, 200)
}

func TestBoardPages(t *testing.T) {
	s := newSite(t)
	s.fill()
	s.page("board", province, fleetweb.Base+"/tien-do", 200)
	s.page("board_none", province, fleetweb.Base+"/tien-do?q=khong+co", 200)
	s.page("remind", province, fleetweb.Base+"/tien-do/"+orgunittest.VinhHung, 200)
	s.page("remind_nobody", province, fleetweb.Base+"/tien-do/"+orgunittest.KimLien, 200)
	s.do(ward, "GET", fleetweb.Base+"/tien-do/"+orgunittest.KimLien, nil, 403)
	if w := s.do(province, "GET", fleetweb.Base+"/tien-do/xuat.xlsx", nil, 200); w.Header().Get("Content-Type") != xlsx.ContentType {
		t.Error(w.Header())
	}
}

func TestRulePages(t *testing.T) {
	s := newSite(t)
	at := fleetweb.Base + "/quy-dinh"
	s.page("rules", province, at, 200)
	form := url.Values{"unit": {orgunittest.Province}, "kind": {"zalo"}, "names": {"Mặt trận"}, "silent_days": {"x"}, "webhook_days": {"30"}}
	golden.Body(t, "rules_refused", s.do(province, "POST", at, form, 422).Body.Bytes())
	form["names"], form["silent_days"] = []string{"MTTQ {unit}"}, []string{"10"}
	s.do(ward, "POST", at, form, 403)
	s.do(desk, "GET", at, nil, 403)
	s.do(province, "POST", at, form, 303)
	if b := s.page("rules_above", ward, at, 200); !strings.Contains(b, "Tỉnh Nghệ An đã đặt quy định") {
		t.Error("the ward is not told who rules")
	}
	s.fill()
	if b := s.do(province, "GET", fleetweb.Base+"?tinh_trang=name_off", nil, 200).Body.String(); strings.Contains(b, "MTTQ xã Kim Liên</a>") {
		t.Error("a good name is off the rule")
	}
}

// BenchmarkPage draws the page of a fleet of 482 × 3 accounts; the aim is 200 ms.
func BenchmarkPage(b *testing.B) {
	s := newSite(b)
	units := []string{orgunittest.VinhHung, orgunittest.KimLien, orgunittest.TruongVinh, orgunittest.Province}
	for i := range 482 {
		for _, kind := range []channel.Kind{channel.Zalo, channel.Facebook, channel.Portal} {
			s.account(kind, units[i%len(units)], fmt.Sprintf("%s-%d", kind, i), fmt.Sprintf("MTTQ số %d", i), nil)
		}
	}
	for b.Loop() {
		s.do(province, "GET", fleetweb.Base, nil, 200)
	}
}

// A merged unit's channel asks for its name; the page of the alert lets one note that it leads to another channel.
func TestChangePages(t *testing.T) {
	s := newSite(t)
	a := s.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.KimLien, ExternalID: "cu", Name: "MTTQ Kim Liên"}, channel.Tokens{Access: "a"})
	b := s.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.VinhHung, ExternalID: "moi", Name: "MTTQ Vinh Hưng"}, channel.Tokens{Access: "b"})
	look := func() {
		for _, x := range []string{a.ID, b.ID} {
			if _, err := s.Service.Probe(t.Context(), province, x); err != nil {
				t.Fatal(err)
			}
		}
		s.Idle(t)
	}
	look()
	err := s.DB.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		return s.Service.Mover().Move(ctx, tx, orgunittest.KimLien, orgunittest.VinhHung, clock.DateOf(now))
	})
	if err != nil {
		t.Fatal(err)
	}
	look()
	list := s.do(ward, "GET", fleetweb.Base+"/canh-bao", nil, http.StatusOK).Body.String()
	found := regexp.MustCompile(`href="(/lam-viec/doi-kenh/canh-bao/[0-9a-f-]{36})">Đơn vị đã đổi`).FindStringSubmatch(list)
	if found == nil {
		t.Fatal(list)
	}
	at := found[1]
	page := s.page("changed", ward, at, http.StatusOK)
	if !strings.Contains(page, "Trước là") || !strings.Contains(page, "Ghi là đã dẫn") {
		t.Fatal(page)
	}
	s.do(ward, "POST", at+"/dan", url.Values{"to": {"nobody"}}, http.StatusUnprocessableEntity)
	s.do(ward, "POST", at+"/dan", url.Values{}, http.StatusUnprocessableEntity)
	s.do(desk, "POST", at+"/dan", url.Values{"to": {b.ID}}, http.StatusForbidden)
	s.do(ward, "POST", at+"/dan", url.Values{"to": {b.ID}}, http.StatusSeeOther)
	if page = s.page("leads", ward, at, http.StatusOK); !strings.Contains(page, "được dẫn sang MTTQ Vinh Hưng") {
		t.Fatal(page)
	}
	if page = s.do(ward, "GET", fleetweb.Base, nil, http.StatusOK).Body.String(); !strings.Contains(page, "Đang dẫn sang kênh khác") {
		t.Fatal(page)
	}
	s.do(ward, "POST", at+"/dan", url.Values{"undo": {"1"}}, http.StatusSeeOther)
}
