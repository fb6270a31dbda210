package routingweb_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/deadlineweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/feedback/routingweb"
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
	admin = identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.Province)
	anID  = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	token = golden.Replace(`/co-quan/[0-9A-Za-z_-]{20,}`, "/co-quan/TOKEN")
)

type site struct {
	*feedbacktest.Kit
	s     *routing.Service
	words *i18n.Bundle
	mux   http.Handler
}

func newSite(t testing.TB) *site {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, feedbackweb.Catalogue, deadlineweb.Catalogue, routingweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	d := dbtest.SQLite(t, append(append([]db.Migrations{}, feedbacktest.Migrations...), routing.Migrations)...)
	k := feedbacktest.New(t, d, words.In("vi"), identitytest.File("routing", routing.Policies))
	s := &site{Kit: k, s: routing.New(routing.Deps{Cases: k.Service, Root: orgunittest.Province}), words: words}
	var rt web.Routes
	(&routingweb.Pages{S: s.s}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component { return ui.ErrorPage(kind, err) },
		Guard: func(r *http.Request, a web.Access) error {
			if a.Door == web.DoorAction && !k.Authz.CanSomewhere(identity.ActorFrom(r.Context()), a.Action) {
				return fault.New(fault.Forbidden, "web.forbidden.what")
			}
			return nil
		}}
	s.mux = server.Mux(&rt)
	return s
}

func (s *site) do(actor identity.Actor, method, target string, form url.Values, want int) string {
	s.T.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.T.Fatalf("%s %s: %d, want %d\n%s", method, target, w.Code, want, w.Body)
	}
	return w.Body.String()
}

func TestTable(t *testing.T) {
	s := newSite(t)
	s.do(feedbacktest.Leader, "GET", routingweb.TablePath, nil, 403)
	refused := s.do(admin, "POST", routingweb.TablePath+"/quy-tac", url.Values{"category": {"nothing"}, "to": {"agency:x"}, "source": {"Ghi tạm"}, "from": {"2026-02-31"}}, 422)
	if !strings.Contains(refused, "Ghi tạm") {
		t.Error("what was typed is lost")
	}
	golden.Body(t, "table-refused", []byte(refused), anID)
	s.do(admin, "POST", routingweb.TablePath+"/co-quan", url.Values{"name": {"Công ty cấp nước"}, "email": {"not an address"}, "unit": {orgunittest.Province}, "active": {"1"}}, 422)
	s.do(admin, "POST", routingweb.TablePath+"/co-quan", url.Values{"name": {"Công ty cấp nước"}, "email": {"cskh@capnuoc.example"}, "unit": {orgunittest.Province}, "active": {"1"}}, 303)
	s.do(admin, "POST", routingweb.TablePath+"/linh-vuc", url.Values{"code": {"Cây!"}}, 422)
	s.do(admin, "POST", routingweb.TablePath+"/linh-vuc", url.Values{"code": {"trees"}, "name_vi": {"Cây xanh"}, "name_en": {"Trees"}, "words": {"Cây đổ"}, "position": {"13"}}, 303)
	bodies, err := s.s.AllBodies(context.Background(), admin)
	if err != nil || len(bodies) != 1 {
		t.Fatalf("%+v %v", bodies, err)
	}
	rule := url.Values{"category": {"pollution"}, "to": {"outside:" + bodies[0].ID}, "source": {"Hợp đồng 5"}, "from": {"2026-11-23"}, "reason": {"Nước sạch"}}
	s.do(admin, "POST", routingweb.TablePath+"/quy-tac", rule, 303)
	s.do(admin, "POST", routingweb.TablePath+"/quy-tac", rule, 303)
	golden.Body(t, "table", []byte(s.do(admin, "GET", routingweb.TablePath, nil, 200)), anID)
	s.do(admin, "GET", routingweb.TablePath+".xlsx", nil, 200)
	s.do(admin, "POST", routingweb.TablePath+"/quy-tac/base-road/ket-thuc", url.Values{}, 422)
	s.do(admin, "POST", routingweb.TablePath+"/quy-tac/base-road/ket-thuc", url.Values{"reason": {"x"}}, 303)
}

func TestLink(t *testing.T) {
	s := newSite(t)
	ctx := context.Background()
	b, err := s.s.SaveBody(ctx, admin, routing.Body{UnitID: orgunittest.Province, Name: "Công ty cấp nước", Active: true})
	if err != nil {
		t.Fatal(err)
	}
	c := s.Ask()
	ask := func() string {
		t.Helper()
		link, err := s.s.AskBody(ctx, feedbacktest.Officer, c.ID, b.ID, "Nước yếu ở khối Kim Tân,\ntừ tháng trước.", "Việc của công ty", false)
		if err != nil {
			t.Fatal(err)
		}
		return link[strings.Index(link, "/co-quan/"):]
	}
	path := ask()
	page := s.do(identity.Citizen(), "GET", path, nil, 200)
	golden.Body(t, "link", []byte(page), anID, token)
	if strings.Contains(page, c.Code) || strings.Contains(page, "Mẫu") {
		t.Error("the page names the case or the person")
	}
	golden.Body(t, "link-refused", []byte(s.do(identity.Citizen(), "POST", path, url.Values{"answer": {""}, "who": {"Trần Văn Mốc"}}, 422)), anID, token)
	s.do(identity.Citizen(), "POST", path, url.Values{"answer": {strings.Repeat("a", 2<<20)}, "who": {"x"}}, 413)
	s.do(identity.Citizen(), "POST", path, url.Values{"answer": {"Sẽ sửa trước 05/12/2026"}, "who": {"Trần Văn Mốc"}}, 303)
	golden.Body(t, "link-answered", []byte(s.do(identity.Citizen(), "GET", path, nil, 200)), anID, token)
	s.do(identity.Citizen(), "POST", path, url.Values{"answer": {"Lần nữa"}, "who": {"x"}}, 409)
	s.do(identity.Citizen(), "GET", "/co-quan/nothing", nil, 404)
	list, err := s.s.Asks(ctx, feedbacktest.Officer, c)
	if err != nil {
		t.Fatal(err)
	}
	s.do(feedbacktest.OtherOfficer, "POST", "/lam-viec/co-quan/"+list[0].ID+"/dua-vao", url.Values{}, 404)
	s.do(feedbacktest.Officer, "POST", "/lam-viec/co-quan/"+list[0].ID+"/dua-vao", url.Values{}, 303)
	ask()
	list, _ = s.s.Asks(ctx, feedbacktest.Officer, c)
	s.do(feedbacktest.Officer, "POST", "/lam-viec/co-quan/"+list[1].ID+"/thu-hoi", url.Values{}, 303)
}
