package cashweb_test

import (
	"bytes"
	"fmt"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/fund/cashweb"
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
	taker  = spendingtest.Collector
	keeper = identitytest.Official("ke-toan", identity.RoleAccountant, orgunittest.Province)
	nobody = identity.Citizen()
	opts   = []golden.Option{golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID"), golden.Replace(`NC[0-9A-Z]{11}`, "NCREF"),
		golden.Replace(`d="M4 4h7[^"]*"`, `d="QR"`), golden.Replace(`(0002010102[0-9A-Z]+NCREF6304)[0-9A-F]{4}`, "${1}CRC")}
)

type site struct {
	*spendingtest.Kit
	t     *testing.T
	s     *cash.Service
	mux   http.Handler
	words *i18n.Bundle
}

func newSite(t *testing.T) *site {
	t.Helper()
	sets := append(append([]db.Migrations{}, spendingtest.Migrations...), cash.Migrations)
	s := &site{t: t, Kit: spendingtest.New(t, dbtest.SQLite(t, sets...), identitytest.File("cash", cash.Policies))}
	s.s = cash.New(cash.Deps{DB: s.DB, Clock: s.Clock, Authz: s.Authz, Trail: s.Trail, Forest: s.Units.Forest, Books: s.Fund})
	var err error
	if s.words, err = i18n.Load(ui.Catalogue, money.Catalogue, fund.Catalogue, cashweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	cashweb.New(s.s).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door != web.DoorAction || s.Authz.CanSomewhere(actor, a.Action) {
				return nil
			}
			return s.Authz.Check(actor, a.Action, identity.InUnit(""))
		}}
	s.mux = server.Mux(&rt)
	return s
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
	b := s.do(actor, "GET", target, nil, want).Body
	golden.Body(s.t, name, b.Bytes(), opts...)
	return b.String()
}

// sheet reads an Excel file and finds the words in it.
func (s *site) sheet(actor identity.Actor, target string, want ...string) {
	s.t.Helper()
	f, err := excelize.OpenReader(s.do(actor, "GET", target, nil, 200).Body)
	if err != nil {
		s.t.Fatal(target, err)
	}
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil {
		s.t.Fatal(target, err)
	}
	text := strings.NewReplacer(".", "", ",", "").Replace(fmt.Sprint(rows))
	for _, w := range want {
		if !strings.Contains(text, w) {
			s.t.Errorf("%s: no %q in %s", target, w, text)
		}
	}
}

func receiptForm() url.Values {
	return url.Values{"unit": {orgunittest.VinhHung}, "appeal": {spendingtest.Appeal}, "day": {"2026-11-21"}, "donor_kind": {"company"}, "donor_name": {"Công ty An Bình"}, "tax_code": {"2900123456"},
		"purpose": {"disaster"}, "amount": {"50.000.000"}, "representative": {"Ông Trần Văn Giám"}, "consent": {"1"}, "offline_id": {"0b8c1b0e-0000-4000-8000-000000000009"}}
}

func TestReceiptPages(t *testing.T) {
	s := newSite(t)
	s.page("list_empty", taker, cashweb.Base, 200)
	s.page("form", taker, cashweb.Base+"/moi", 200)
	s.do(keeper, "GET", cashweb.Base+"/moi", nil, 403)
	bad := receiptForm()
	bad["amount"], bad["tax_code"] = []string{"0"}, []string{"x"}
	golden.Body(t, "form_refused", s.do(taker, "POST", cashweb.Base+"/moi", bad, 422).Body.Bytes(), opts...)
	bad["amount"] = []string{"100.5"}
	s.do(taker, "POST", cashweb.Base+"/moi", bad, 422)
	to, _, _ := strings.Cut(s.do(taker, "POST", cashweb.Base+"/moi", receiptForm(), 303).Header().Get("Location"), "?")
	if again, _, _ := strings.Cut(s.do(taker, "POST", cashweb.Base+"/moi", receiptForm(), 303).Header().Get("Location"), "?"); again != to {
		t.Error("the form that was sent twice became two receipts", to, again)
	}
	s.page("receipt", taker, to, 200)
	s.page("list", taker, cashweb.Base+"?chua_nop=1&q=an+binh", 200)
	s.page("list_print", taker, cashweb.Base+"?in=1", 200)
	for _, at := range []string{"/in/pdf", "/in/docx", "/xac-nhan/pdf", "/xac-nhan/docx"} {
		if w := s.do(taker, "GET", to+at, nil, 200); w.Body.Len() < 2000 {
			t.Error(at, w.Body.Len())
		}
	}
	s.do(taker, "GET", to+"/in/exe", nil, 404)
	if s.do(keeper, "POST", to+"/rut-ten", url.Values{}, 303); strings.Contains(s.page("receipt_unnamed", keeper, to, 200), "/rut-ten") {
		t.Error("a name that is gone can be taken out again")
	}
	s.do(taker, "POST", to+"/rut-ten", url.Values{}, 409)
	s.do(identitytest.Official("xem", identity.RoleAuditor, orgunittest.Province), "POST", to+"/rut-ten", url.Values{}, 403)
	s.do(spendingtest.Sister, "POST", to+"/rut-ten", url.Values{}, 404)
	if w := s.do(taker, "GET", cashweb.Base+"/xuat.xlsx", nil, 200); w.Header().Get("Content-Type") != xlsx.ContentType {
		t.Error(w.Header())
	}
	s.do(taker, "POST", to+"/huy", url.Values{"reason": {"x"}}, 403)
	golden.Body(t, "receipt_void_refused", s.do(keeper, "POST", to+"/huy", url.Values{"reason": {""}}, 422).Body.Bytes(), opts...)
	s.do(keeper, "POST", to+"/huy", url.Values{"reason": {"Viết nhầm"}}, 303)
	s.page("receipt_void", keeper, to, 200)
	s.do(taker, "GET", to+"/in/pdf", nil, 200)
	s.do(taker, "GET", to+"/xac-nhan/pdf", nil, 409)
	s.do(spendingtest.Sister, "GET", to, nil, 404)
}

func TestHandoverPages(t *testing.T) {
	s := newSite(t)
	at := "/lam-viec/nop-tien"
	s.page("handovers_empty", keeper, at, 200)
	s.do(taker, "POST", cashweb.Base+"/moi", receiptForm(), 303)
	appeal, err := s.Fund.AppealByCode(t.Context(), s.DB.Read(), spendingtest.Appeal)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"unit": {orgunittest.VinhHung}, "account": {"KHAC " + appeal.Accounts[0].ID}, "until": {"2026-11-21"}}
	golden.Body(t, "handovers_refused", s.do(taker, "POST", at, form, 422).Body.Bytes(), opts...)
	s.do(taker, "POST", at, url.Values{"unit": {orgunittest.VinhHung}, "account": {"x"}, "until": {"2026-11-21"}}, 422)
	form["account"] = []string{appeal.Code + " " + appeal.Accounts[0].ID}
	s.do(taker, "POST", at, form, 303)
	s.page("handovers", keeper, at, 200)
	list, _, err := s.s.Handovers(t.Context(), keeper, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.sheet(keeper, at+"/xuat.xlsx", "Phường Vinh Hưng", "50000000")
	s.page("handovers_print", keeper, at+"?in=1", 200)
	s.page("pair_none", keeper, at+"/"+list[0].ID, 200)
	s.Give("2026-11-21", 50_000_000)
	s.page("pair", keeper, at+"/"+list[0].ID, 200)
	s.do(keeper, "POST", at+"/"+list[0].ID, url.Values{"row": {"x"}}, 422)
	_, rows, err := s.s.Candidates(t.Context(), keeper, list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	s.do(keeper, "POST", at+"/"+list[0].ID, url.Values{"row": {rows[0].ID}}, 303)
	s.page("pair_done", keeper, at+"/"+list[0].ID, 200)
	s.do(taker, "GET", at+"/"+list[0].ID, nil, 403)
}

func TestCodePages(t *testing.T) {
	s := newSite(t)
	at := "/lam-viec/ma-qr"
	s.page("codes_empty", taker, at, 200)
	form := url.Values{"appeal": {spendingtest.Appeal}, "unit": {orgunittest.VinhHung}, "title": {""}, "amount": {"x"}}
	s.do(taker, "POST", at, form, 422)
	form["amount"] = []string{"200.000"}
	golden.Body(t, "codes_refused", s.do(taker, "POST", at, form, 422).Body.Bytes(), opts...)
	form["title"] = []string{"Khối Kim Hòa chung tay"}
	to, _, _ := strings.Cut(s.do(taker, "POST", at, form, 303).Header().Get("Location"), "?")
	s.page("code", taker, to, 200)
	s.page("codes", taker, at, 200)
	s.sheet(taker, at+"/xuat.xlsx", "Khối Kim Hòa chung tay", "200000")
	s.page("codes_print", taker, at+"?in=1", 200)
	for i := range 60 {
		form["title"] = []string{"Khối số " + strconv.Itoa(i)}
		s.do(taker, "POST", at, form, 303)
	}
	if b := s.do(taker, "GET", at+"?trang=2", nil, 200).Body.String(); strings.Count(b, "<tr>") != 1+11 || !strings.Contains(b, "Khối Kim Hòa chung tay") || !strings.Contains(b, `href="/lam-viec/ma-qr?trang=1"`) {
		t.Error("the second page of 61 codes:", b)
	}
	if b := s.do(taker, "GET", to+"/ap-phich.pdf", nil, 200).Body.Bytes(); !bytes.HasPrefix(b, []byte("%PDF-")) {
		t.Error("no poster")
	}
	s.do(spendingtest.Sister, "GET", to, nil, 403)
	form["title"], form["consent"], form["display_name"] = []string{"Mã của công ty"}, []string{"1"}, []string{"Công ty An Bình"}
	named, _, _ := strings.Cut(s.do(taker, "POST", at, form, 303).Header().Get("Location"), "?")
	s.page("code_named", taker, named, 200)
	s.do(taker, "POST", named+"/rut-ten", url.Values{}, 303)
	s.do(taker, "POST", named+"/rut-ten", url.Values{}, 409)
	other := identitytest.Official("la", identity.RoleCollector, orgunittest.TruongVinh)
	s.do(other, "GET", to, nil, 404)
	s.do(other, "GET", to+"/ap-phich.pdf", nil, 404)
	s.do(other, "POST", named+"/rut-ten", url.Values{}, 404)
}

// TestGive walks the way of a citizen: type an amount, get the code, save its picture.
func TestGive(t *testing.T) {
	s := newSite(t)
	at := cashweb.GivePath(spendingtest.Appeal)
	s.page("give", nobody, at, 200)
	golden.Body(t, "give_refused", s.do(nobody, "POST", at, url.Values{"amount": {"1e5"}}, 422).Body.Bytes(), opts...)
	to := s.do(nobody, "POST", at, url.Values{"amount": {"200.000"}}, 303).Header().Get("Location")
	if b := s.page("mine", nobody, to, 200); len(b) > 30_000 {
		t.Error("the page weighs", len(b))
	}
	img, err := png.Decode(s.do(nobody, "GET", to+"/anh.png", nil, 200).Body)
	if err != nil || img.Bounds().Dx() != 720 {
		t.Error(err)
	}
	s.do(nobody, "GET", strings.Replace(to, spendingtest.Appeal, "KHAC", 1), nil, 404)
	s.do(nobody, "GET", "/ung-ho/KHAC/ma-qr", nil, 404)
	for range cashweb.AsksInTenMinutes {
		s.mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", at, strings.NewReader("")))
	}
	s.do(nobody, "POST", at, url.Values{}, 429)
	s.Clock.Advance(60 * 24 * 3600e9)
	s.page("give_closed", nobody, at, 200)
}
