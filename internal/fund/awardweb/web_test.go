package awardweb_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/award"
	"github.com/nhipcau/nhipcau/internal/fund/awardweb"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/fund/spending/spendingtest"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

var (
	secretary = identitytest.Official("van-thu", identity.RoleSecretary, orgunittest.VinhHung)
	leader    = identitytest.Official("chu-tich", identity.RoleLeader, orgunittest.VinhHung)
	editor    = identitytest.Official("bien-tap", identity.RoleEditor, orgunittest.VinhHung)
	anID      = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
)

type site struct {
	t     *testing.T
	mux   http.Handler
	words *i18n.Bundle
}

func newSite(t *testing.T) *site {
	t.Helper()
	sets := append(append([]db.Migrations{}, spendingtest.Migrations...), cash.Migrations, award.Migrations)
	k := spendingtest.New(t, dbtest.SQLite(t, sets...), identitytest.File("cash", cash.Policies), identitytest.File("award", award.Policies))
	records := cash.New(cash.Deps{DB: k.DB, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Forest: k.Units.Forest, Books: k.Fund})
	if _, err := records.Take(t.Context(), spendingtest.Collector, cash.NewReceipt{UnitID: orgunittest.VinhHung, Appeal: spendingtest.Appeal, Day: "2026-11-20", DonorKind: cash.Group, DonorName: "Công ty An Bình", Amount: 120_000_000}); err != nil {
		t.Fatal(err)
	}
	words, err := i18n.Load(ui.Catalogue, money.Catalogue, awardweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&awardweb.Pages{Service: award.New(award.Deps{DB: k.DB, Clock: k.Clock, Authz: k.Authz, Trail: k.Trail, Forest: k.Units.Forest, Records: records})}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component { return ui.ErrorPage(kind, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if k.Authz.CanSomewhere(actor, a.Action) {
				return nil
			}
			return k.Authz.Check(actor, a.Action, identity.InUnit(""))
		}}
	return &site{t: t, mux: server.Mux(&rt), words: words}
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

func (s *site) page(name string, actor identity.Actor, target string) {
	s.t.Helper()
	golden.Body(s.t, name, s.do(actor, "GET", target, nil, 200).Body.Bytes(), anID)
}

func TestAwardPages(t *testing.T) {
	s := newSite(t)
	s.page("list_empty", leader, awardweb.Base)
	s.do(editor, "GET", awardweb.Base, nil, 403)
	s.page("form", secretary, awardweb.Base+"/moi")
	form := url.Values{"unit": {orgunittest.VinhHung}, "giver": {"cong ty an binh"}, "from": {"2026-01-01"}, "until": {"2026-11-21"}, "extra": {"x"}, "level": {"certificate"}}
	s.do(secretary, "POST", awardweb.Base+"/moi", form, 422)
	form["extra"] = []string{"5.000.000"}
	golden.Body(t, "form_refused", s.do(secretary, "POST", awardweb.Base+"/moi", form, 422).Body.Bytes(), anID)
	form["extra_why"] = []string{"Hàng cứu trợ trao tay"}
	at, _, _ := strings.Cut(s.do(secretary, "POST", awardweb.Base+"/moi", form, 303).Header().Get("Location"), "?")
	s.page("award", leader, at)
	s.do(leader, "GET", at+"/bang.pdf", nil, 409)
	s.do(secretary, "POST", at, url.Values{"viec": {"duyet"}, "number": {"1"}}, 403)
	golden.Body(t, "award_refused_form", s.do(leader, "POST", at, url.Values{"viec": {"tu-choi"}}, 422).Body.Bytes(), anID)
	s.do(leader, "POST", at, url.Values{"viec": {"duyet"}, "number": {"12/QĐ-MTTQ"}}, 303)
	s.page("award_approved", leader, at)
	if b := s.do(leader, "GET", at+"/bang.pdf", nil, 200).Body.Bytes(); !bytes.HasPrefix(b, []byte("%PDF-")) {
		t.Error("no certificate")
	}
	s.do(leader, "POST", at, url.Values{"viec": {"huy"}, "reason": {"Xin rút"}}, 303)
	s.page("award_cancelled", secretary, at)
	s.page("list", secretary, awardweb.Base+"?q=an+binh")
	s.page("list_print", secretary, awardweb.Base+"?in=1")
	if w := s.do(secretary, "GET", awardweb.Base+"/xuat.xlsx", nil, 200); w.Header().Get("Content-Type") != xlsx.ContentType {
		t.Error(w.Header())
	}
}

func TestVisitPages(t *testing.T) {
	s := newSite(t)
	at := "/lam-viec/tham-hoi"
	s.page("visits_empty", secretary, at)
	form := url.Values{"unit": {orgunittest.VinhHung}, "occasion": {"holiday"}, "day": {"2026-11-20"}, "receiver": {"Bà Trần Thị Mận"}, "what": {"Quà"}, "value": {"1.500.000"}}
	golden.Body(t, "visits_refused", s.do(secretary, "POST", at, form, 422).Body.Bytes(), anID)
	form["value"] = []string{"x"}
	s.do(secretary, "POST", at, form, 422)
	form["value"] = []string{"800.000"}
	s.do(secretary, "POST", at, form, 303)
	s.page("visits", leader, at)
	s.page("visits_found", leader, at+"?q=man&dip=holiday&nam=2026")
	s.page("visits_none", leader, at+"?q=khong+co")
	s.page("visits_print", leader, at+"?in=1")
	f, err := excelize.OpenReader(s.do(leader, "GET", at+"/xuat.xlsx?q=man", nil, 200).Body)
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := f.GetRows(f.GetSheetName(0)); err != nil || len(rows) != 2 || rows[1][1] != "Bà Trần Thị Mận" || rows[1][4] != "800000" {
		t.Error(rows, err)
	}
}
