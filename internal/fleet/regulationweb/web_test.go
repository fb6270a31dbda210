package regulationweb_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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
	"github.com/nhipcau/nhipcau/internal/fleet/regulation"
	"github.com/nhipcau/nhipcau/internal/fleet/regulationweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

var (
	now      = orgunittest.Now
	province = identitytest.Official("tinh", identity.RoleUnitAdmin, orgunittest.Province)
	ward     = identitytest.Official("phuong", identity.RoleUnitAdmin, orgunittest.VinhHung)
)

type noTrail struct{}

func (noTrail) Record(context.Context, db.Tx, identity.Trace) error { return nil }

// The regulation is set, people are named, and the report says what each unit lacks.
func TestPages(t *testing.T) {
	d := dbtest.SQLite(t, append(slices.Clone(channeltest.Migrations), fleet.Migrations, regulation.Migrations)...)
	c := clock.NewStub(now)
	h := channeltest.NewHouseAt(t, d, channel.Config{}, c)
	h.Service.Add(channeltest.NewFake(channel.Zalo, 0))
	z, err := identity.NewAuthorizer(h.Units, c, channel.Policies, fleet.Policies)
	if err != nil {
		t.Fatal(err)
	}
	f := fleet.New(fleet.Deps{DB: d, Queue: h.Queue, Clock: c, Authz: z, Trail: noTrail{}, Forest: h.Units.Forest, Channels: h.Service, Every: time.Hour})
	s := regulation.New(regulation.Deps{DB: d, Clock: c, Authz: z, Trail: noTrail{}, Forest: h.Units.Forest, Fleet: f})
	words, err := i18n.Load(ui.Catalogue, channelweb.Catalogue, fleetweb.Catalogue, regulationweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&regulationweb.Pages{Service: s, Categories: func(context.Context) ([]ui.Option, error) {
		return []ui.Option{{Value: "notice", Text: "Thông báo"}, {Value: "policy", Text: "Chính sách"}}, nil
	}}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			if actor := identity.ActorFrom(r.Context()); !z.CanSomewhere(actor, a.Action) {
				return z.Check(actor, a.Action, identity.InUnit(""))
			}
			return nil
		}}
	mux := server.Mux(&rt)
	do := func(actor identity.Actor, method, target string, want int, pairs ...string) *httptest.ResponseRecorder {
		t.Helper()
		form := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Add(pairs[i], pairs[i+1])
		}
		r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), words.In("vi"))))
		if w.Code != want {
			t.Fatalf("%s %s: %d, want %d\n%.1500s", method, target, w.Code, want, w.Body)
		}
		return w
	}
	page := func(name string, w *httptest.ResponseRecorder) {
		t.Helper()
		golden.Body(t, name, w.Body.Bytes(), golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID"))
	}
	const rule = "/lam-viec/doi-kenh/quy-che"
	page("rule-empty", do(province, "GET", rule, 200))
	page("rule-refused", do(province, "POST", rule, http.StatusUnprocessableEntity, "unit", orgunittest.Province, "bands", "khuya", "categories", "notice"))
	do(province, "POST", rule, http.StatusSeeOther, "unit", orgunittest.Province, "bands", "22:00-06:00 giờ nghỉ đêm", "categories", "notice", "above", "policy")
	do(ward, "POST", rule, http.StatusForbidden, "unit", orgunittest.Province)
	page("member-refused", do(ward, "POST", rule+"/thanh-vien", http.StatusUnprocessableEntity, "unit", orgunittest.VinhHung, "body", "board", "from", "2026-01-01"))
	do(ward, "POST", rule+"/thanh-vien", http.StatusSeeOther, "unit", orgunittest.VinhHung, "body", "board", "name", "Hoàng Thị Sửu", "from", "2026-01-01", "until", "2026-06-30")
	do(ward, "POST", rule+"/thanh-vien", http.StatusSeeOther, "unit", orgunittest.VinhHung, "body", "admin", "name", "Phan Văn Mão", "title", "Phụ trách", "from", "2026-01-01")
	page("rule", do(ward, "GET", rule, 200))
	list, err := s.Members(t.Context(), ward, orgunittest.VinhHung)
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	do(province, "POST", rule+"/thanh-vien/"+list[0].ID+"/ket-thuc", http.StatusSeeOther, "unit", orgunittest.VinhHung)
	h.AccountWith(t, channel.Account{Kind: channel.Zalo, UnitID: orgunittest.KimLien, ExternalID: "1", Name: "MTTQ Kim Liên", State: channel.AccountReauth,
		CreatedAt: now.AddDate(0, -1, 0), CheckedAt: now, HeardAt: now, PublishedAt: now, TokenAt: now}, channel.Tokens{})
	page("report", do(province, "GET", "/lam-viec/doi-kenh/dat-chuan", 200))
	do(province, "GET", "/lam-viec/doi-kenh/dat-chuan?chua=1&in=1", 200)
	if w := do(ward, "GET", "/lam-viec/doi-kenh/dat-chuan.xlsx", 200); !strings.HasPrefix(w.Body.String(), "PK") {
		t.Error("no Excel file")
	}
}
