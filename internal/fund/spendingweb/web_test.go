package spendingweb_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/fund/spending/spendingtest"
	"github.com/nhipcau/nhipcau/internal/fund/spendingweb"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/household/householdtest"
	"github.com/nhipcau/nhipcau/internal/household/householdweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
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
	anID   = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	aCode  = golden.Replace(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}\b`, "CODE")
	nobody = identity.Citizen()
)

type site struct {
	*spendingtest.Kit
	t     *testing.T
	mux   http.Handler
	words *i18n.Bundle
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, Kit: spendingtest.New(t, dbtest.SQLite(t, spendingtest.Migrations...))}
	var err error
	if s.words, err = i18n.Load(ui.Catalogue, picture.Catalogue, money.Catalogue, fund.Catalogue, householdweb.Catalogue, spendingweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&spendingweb.Pages{Service: s.Spending, ViewBox: "0 0 10 10", Shapes: []ui.Shape{{Code: "17920", Name: "Phường Vinh Hưng", Path: "M0 0h5v5z"}, {Code: "99999", Name: "Xã khác", Path: "M5 5h5v5z"}}}).Routes(&rt)
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

func (s *site) send(actor identity.Actor, r *http.Request, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.t.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.URL, w.Code, want, w.Body)
	}
	return w
}

func (s *site) do(actor identity.Actor, method, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return s.send(actor, r, want)
}

func (s *site) page(name string, actor identity.Actor, target string, want int) string {
	s.t.Helper()
	b := s.do(actor, "GET", target, nil, want).Body
	golden.Body(s.t, name, b.Bytes(), anID, aCode)
	return b.String()
}

// draftForm is a decision as the browser sends it.
func draftForm(amount string) url.Values {
	return url.Values{"appeal": {spendingtest.Appeal}, "rows": {"2"}, "doc_no": {"15/QĐ-BVĐ"}, "doc_day": {"2026-11-20"}, "meeting": {"Họp Ban Vận động lần 3"}, "about": {"Phân bổ đợt 1"}, "viec": {"trinh"},
		"unit_1": {"phuong vinh hung"}, "head_1": {"b"}, "purpose_1": {"Gạo cho hộ ngập"}, "amount_1": {amount}, "target_1": {"40"}, "kind_1": {"household"}, "kind_2": {"household"}}
}

func TestFromDraftToPublicPage(t *testing.T) {
	s := newSite(t)
	s.page("list_empty", spendingtest.Accountant, spendingweb.Base, 200)
	s.Give("2026-11-18", 60_000_000, 40_000_000)
	s.page("where_empty", nobody, "/ung-ho/"+spendingtest.Appeal+"/di-dau", 200)
	s.page("draft", spendingtest.Accountant, spendingweb.Base+"/moi", 200)
	s.do(spendingtest.Approver, "GET", spendingweb.Base+"/moi", nil, 403)
	more := draftForm("80.000.000")
	more["viec"] = []string{"them"}
	if b := s.do(spendingtest.Accountant, "POST", spendingweb.Base+"/moi", more, 200).Body.String(); !strings.Contains(b, `name="unit_5"`) {
		t.Error("no lines were added")
	}
	more["viec"], more["paste"] = []string{"dan"}, []string{"đ\tVinh Hưng\tLán trại\t1.000.000\t3\n"}
	if b := s.do(spendingtest.Accountant, "POST", spendingweb.Base+"/moi", more, 200).Body.String(); !strings.Contains(b, `value="Lán trại"`) || strings.Contains(b, `name="unit_3"`) {
		t.Error("what was pasted is not in the form")
	}
	bad := draftForm("1e5")
	bad["unit_1"] = []string{"Nơi nào"}
	golden.Body(t, "draft_refused", s.do(spendingtest.Accountant, "POST", spendingweb.Base+"/moi", bad, 422).Body.Bytes(), anID)
	s.do(spendingtest.Accountant, "POST", spendingweb.Base+"/moi", draftForm("100.000.001"), 422)
	to := s.do(spendingtest.Accountant, "POST", spendingweb.Base+"/moi", draftForm("80.000.000"), 303).Header().Get("Location")
	at, _, _ := strings.Cut(to, "?")
	s.page("decision_own", spendingtest.Accountant, at, 200)
	s.page("decision_to_decide", spendingtest.Approver, at, 200)
	s.do(spendingtest.Accountant, "POST", at+"/quyet-dinh", url.Values{"viec": {"duyet"}}, 403)
	s.do(spendingtest.Approver, "POST", at+"/quyet-dinh", url.Values{"viec": {"tu-choi"}}, 422)
	s.do(spendingtest.Approver, "POST", at+"/quyet-dinh", url.Values{"viec": {"duyet"}}, 303)
	s.do(spendingtest.Accountant, "POST", at+"/rut", url.Values{"reason": {"Nhầm"}}, 409)
	for _, form := range []string{"pdf", "docx"} {
		if w := s.do(spendingtest.Accountant, "GET", at+"/van-ban/"+form, nil, 200); w.Body.Len() < 2000 {
			t.Error(form, w.Body.Len())
		}
	}
	s.do(spendingtest.Accountant, "GET", at+"/van-ban/exe", nil, 404)
	s.page("decision", spendingtest.Approver, at, 200)
	s.page("list", spendingtest.Accountant, spendingweb.Base+"?q=phan+bo", 200)
	if w := s.do(spendingtest.Accountant, "GET", spendingweb.Base+"/xuat.xlsx", nil, 200); w.Header().Get("Content-Type") != xlsx.ContentType {
		t.Error(w.Header())
	}
	list, _, err := s.Spending.List(t.Context(), spendingtest.Accountant, spending.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	s.payOut(list[0].Shares[0].ID)
	s.page("where", nobody, "/ung-ho/"+spendingtest.Appeal+"/di-dau", 200)
}

// payOut puts a household on the list and pays it.
func (s *site) payOut(share string) {
	t := s.t
	h := s.Family(1)
	at := "/lam-viec/phan-bo-don-vi/" + share
	s.page("share_empty", spendingtest.Collector, at, 200)
	s.page("share_search", spendingtest.Collector, at+"?tim=nguyen+thi", 200)
	s.page("share_search_none", spendingtest.Collector, at+"?tim=khong+co", 200)
	golden.Body(t, "share_refused", s.do(spendingtest.Collector, "POST", at+"/nguoi-nhan", url.Values{"household": {h.ID}, "amount": {"90.000.000"}, "tim": {"nguyen"}}, 422).Body.Bytes(), anID, aCode)
	s.do(spendingtest.Collector, "POST", at+"/nguoi-nhan", url.Values{"amount": {"x"}}, 422)
	s.do(spendingtest.Sister, "GET", at, nil, 404)
	s.do(spendingtest.Collector, "POST", at+"/nguoi-nhan", url.Values{"household": {h.ID}, "amount": {"2.000.000"}}, 303)
	v, err := s.Spending.OpenShare(t.Context(), spendingtest.WardPurse, share)
	if err != nil {
		t.Fatal(err)
	}
	pay := "/lam-viec/chi-tien/" + v.Payments[0].ID
	s.page("payment_planned", spendingtest.WardPurse, pay, 200)
	s.do(spendingtest.WardPurse, "GET", pay+"/anh", nil, 404)
	s.do(spendingtest.WardPurse, "POST", pay+"/bo", url.Values{"reason": {"x"}}, 403)
	s.do(spendingtest.Collector, "POST", pay+"/bo", url.Values{"reason": {""}}, 422)
	form := map[string]string{"day": "2026-11-21", "way": "bank", "minutes_no": "07/BB", "witness": "Trưởng khối", "note": "Trao tại nhà văn hóa"}
	golden.Body(t, "payment_refused", s.upload(pay+"/chi", map[string]string{"day": "2026-11-22", "way": "bank"}, true, 422).Body.Bytes(), anID, aCode)
	form["photo_consent"] = "Chủ hộ đồng ý"
	s.upload(pay+"/chi", form, true, 303)
	s.upload(pay+"/chi", form, false, 409)
	s.page("payment_paid", spendingtest.WardPurse, pay, 200)
	if w := s.do(spendingtest.WardPurse, "GET", pay+"/anh", nil, 200); w.Header().Get("Cache-Control") != "private, no-store" || !bytes.HasPrefix(w.Body.Bytes(), []byte("\xff\xd8")) {
		t.Error("no photo for officials only", w.Header())
	}
	s.do(spendingtest.Sister, "GET", pay+"/anh", nil, 404)
	s.page("share", spendingtest.WardPurse, at, 200)
	for _, kind := range []string{"pdf", "docx"} {
		s.do(spendingtest.WardPurse, "GET", pay+"/bien-ban/"+kind, nil, 200)
	}
	s.do(spendingtest.WardPurse, "GET", at+"/xuat.xlsx", nil, 200)
	s.do(spendingtest.WardPurse, "POST", pay+"/thu-hoi", url.Values{}, 422)
	s.do(spendingtest.WardPurse, "POST", pay+"/thu-hoi", url.Values{"reason": {"Trao nhầm"}}, 303)
	s.page("payment_back", spendingtest.WardPurse, pay, 200)
	s.do(spendingtest.WardPurse, "GET", pay+"/bien-ban/pdf", nil, 200)
	s.do(spendingtest.Approver, "POST", at+"/thu-hoi", url.Values{"amount": {"x"}, "reason": {"Thừa"}}, 422)
	s.do(spendingtest.Approver, "POST", at+"/thu-hoi", url.Values{"amount": {"90.000.000"}, "reason": {"Thừa"}}, 422)
	s.do(spendingtest.Approver, "POST", at+"/thu-hoi", url.Values{"amount": {"10.000.000"}, "reason": {"Thừa"}}, 303)
}

func (s *site) upload(target string, fields map[string]string, photo bool, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := m.WriteField(k, v); err != nil {
			s.t.Fatal(err)
		}
	}
	if photo {
		f, err := m.CreateFormFile("photo", "anh.png")
		if err == nil {
			err = png.Encode(f, image.NewGray(image.Rect(0, 0, 40, 30)))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	m.Close()
	r := httptest.NewRequest("POST", target, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.send(spendingtest.WardPurse, r, want)
}

// oneHouse is the room where houses are built, with a house for everybody.
type oneHouse struct{ bound string }

// HouseOf implements spending.Houses.
func (*oneHouse) HouseOf(context.Context, string) (spending.House, error) {
	return spending.House{ID: "nha-1", Code: "7KQ2-M4HD-X9T", Left: 3_000_000}, nil
}

// BindHouse implements spending.Houses.
func (h *oneHouse) BindHouse(_ context.Context, _ db.Tx, _ identity.Actor, houseID, _ string) error {
	h.bound = houseID
	return nil
}

// The treasurer says that the money is for the family's house.
func TestPayForAHouse(t *testing.T) {
	s := newSite(t)
	room := &oneHouse{}
	s.Spending.Houses = room
	s.Give("2026-11-18", 60_000_000)
	p := s.Plan(s.Approved(spendingtest.Draft("1", spendingtest.Share(5_000_000))).Shares[0].ID, s.Family(1), 2_000_000)
	pay := "/lam-viec/chi-tien/" + p.ID
	s.page("payment_house", spendingtest.WardPurse, pay, 200)
	form := map[string]string{"day": "2026-11-21", "way": "bank", "minutes_no": "07/BB", "witness": "Trưởng khối", "house": "nha-2"}
	golden.Body(t, "payment_house_refused", s.upload(pay+"/chi", form, false, 422).Body.Bytes(), anID, aCode)
	form["house"] = "nha-1"
	s.upload(pay+"/chi", form, false, 303)
	if room.bound != "nha-1" {
		t.Error("the house was not told")
	}
}

func TestWork(t *testing.T) {
	s := newSite(t)
	s.Give("2026-11-18", 60_000_000)
	work := spendingtest.Share(5_000_000)
	work.TargetKind, work.Target = spending.TargetWork, 1
	a := s.Approved(spendingtest.Draft("1", work))
	at := "/lam-viec/phan-bo-don-vi/" + a.Shares[0].ID
	s.page("share_work", spendingtest.Collector, at, 200)
	s.do(spendingtest.Collector, "POST", at+"/nguoi-nhan", url.Values{"work": {"Trạm y tế"}, "amount": {"5.000.000"}}, 303)
	v, err := s.Spending.OpenShare(t.Context(), spendingtest.Collector, a.Shares[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	s.do(spendingtest.Collector, "POST", "/lam-viec/chi-tien/"+v.Payments[0].ID+"/bo", url.Values{"reason": {"Chưa cần"}}, 303)
	b, err := s.Spending.Propose(t.Context(), spendingtest.Accountant, spendingtest.Draft("2", spendingtest.Share(1_000_000)))
	if err != nil {
		t.Fatal(err)
	}
	s.do(spendingtest.Accountant, "POST", spendingweb.Base+"/"+b.ID+"/rut", url.Values{"reason": {"Lập nhầm"}}, 303)
}

func TestNeedAndMap(t *testing.T) {
	s := newSite(t)
	s.Give("2026-11-18", 60_000_000)
	at := "/lam-viec/nhu-cau-ho-tro"
	where := "/ung-ho/" + spendingtest.Appeal + "/ban-do"
	s.page("map_empty", nobody, where, 200)
	s.page("need", householdtest.Collector, at, 200)
	form := url.Values{"appeal": {spendingtest.Appeal}, "unit": {orgunittest.VinhHung}, "households": {"x"}, "amount": {"9.000.000"}}
	golden.Body(t, "need_refused", s.do(householdtest.Collector, "POST", at, form, 422).Body.Bytes())
	form["households"] = []string{"120"}
	s.do(householdtest.Collector, "POST", at, form, 303)
	s.Approved(spendingtest.Draft("1", spendingtest.Share(5_000_000)))
	if b := s.page("map", nobody, where, 200); len(b) > 30_000 {
		t.Error(len(b))
	}
	s.do(nobody, "GET", "/ung-ho/KHONG-CO/ban-do", nil, 404)
	// Goods that the relief desk knows of stand beside the money: what is needed, what was promised, what has arrived.
	s.Spending.Relief = func(context.Context, fund.Appeal) ([]spending.Need, error) {
		return []spending.Need{{UnitID: orgunittest.TruongVinh, Amount: 7_000_000, Goods: 3_000_000, Arrived: 2_000_000, Since: s.Clock.Now().Add(-60 * time.Hour)},
			{UnitID: orgunittest.VinhHung, Amount: 1_000_000, Goods: 1_000_000, Arrived: 1_000_000}}, nil
	}
	if b := s.page("map_goods", nobody, where, 200); !strings.Contains(b, "7.000.000 đ") || !strings.Contains(b, "đã đến nơi 2.000.000 đ") {
		t.Error("the goods do not stand on the map")
	}
	_, list, err := s.Spending.Map(t.Context(), spendingtest.Appeal)
	for _, c := range list {
		want := map[string]spending.CoverState{orgunittest.TruongVinh: spending.Partly, orgunittest.VinhHung: spending.Partly}[c.UnitID]
		if want != "" && c.State != want {
			t.Errorf("%s is %s", c.Name, c.State)
		}
	}
	if err != nil {
		t.Error(err)
	}
}

func TestJourneyPage(t *testing.T) {
	s := newSite(t)
	s.Give("2026-11-18", 1_000_000, 2_000_000)
	gifts, err := s.Fund.GiftFacts(t.Context(), s.DB.Read(), s.AppealID, fund.Position{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	at := spendingweb.JourneyPath(spendingtest.Appeal, gifts[0].ID)
	s.page("journey_held", nobody, at, 200)
	a := s.Approved(spendingtest.Draft("15/QĐ-BVĐ", spendingtest.Share(1_000_000)))
	p := s.Plan(a.Shares[0].ID, household.Household{}, 500_000)
	if _, err := s.Spending.Pay(t.Context(), spendingtest.WardPurse, p.ID, spendingtest.Payout()); err != nil {
		t.Fatal(err)
	}
	s.page("journey", nobody, at, 200)
	s.do(nobody, "GET", spendingweb.JourneyPath("KHAC", gifts[0].ID), nil, 303)
	s.do(nobody, "GET", spendingweb.JourneyPath(spendingtest.Appeal, "none"), nil, 404)
}
