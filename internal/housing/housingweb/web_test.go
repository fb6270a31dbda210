package housingweb_test

import (
	"archive/zip"
	"bytes"
	"image"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/household/householdweb"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/housing/housingtest"
	"github.com/nhipcau/nhipcau/internal/housing/housingweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

var (
	anID = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	code = golden.Replace(`\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}\b`, "CODE")
)

type site struct {
	*housingtest.Kit
	mux   http.Handler
	words *i18n.Bundle
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{Kit: housingtest.New(t, dbtest.SQLite(t, housingtest.Migrations...))}
	var err error
	if s.words, err = i18n.Load(ui.Catalogue, xlsx.Catalogue, money.Catalogue, picture.Catalogue, householdweb.Catalogue, housingweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&housingweb.Pages{Service: s.Houses, Province: func() string { return orgunittest.Province }, Words: s.words.In("vi"), Household: householdweb.Href, ViewBox: "0 0 10 10",
		Shapes: []ui.Shape{{Code: "17920", Name: "Phường Vinh Hưng", Path: "M0 0h5v5z"}, {Code: "17950", Name: "Xã Kim Liên", Path: "M5 5h5v5z"}}}).Routes(&rt)
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
	s.T.Helper()
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.T.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.URL, w.Code, want, w.Body)
	}
	return w
}

func (s *site) get(actor identity.Actor, target string, want int) *httptest.ResponseRecorder {
	s.T.Helper()
	return s.send(actor, httptest.NewRequest("GET", target, nil), want)
}

func (s *site) post(actor identity.Actor, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.T.Helper()
	r := httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.send(actor, r, want)
}

// withPhoto sends a form with one photo.
func (s *site) withPhoto(actor identity.Actor, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.T.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, vs := range form {
		for _, v := range vs {
			_ = m.WriteField(k, v)
		}
	}
	part, err := m.CreateFormFile("photo", "nha.png")
	if err != nil {
		s.T.Fatal(err)
	}
	_ = png.Encode(part, image.NewGray(image.Rect(0, 0, 20, 20)))
	_ = m.Close()
	r := httptest.NewRequest("POST", target, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.send(actor, r, want)
}

func (s *site) golden(name string, w *httptest.ResponseRecorder) string {
	s.T.Helper()
	golden.Body(s.T, name, w.Body.Bytes(), anID, code)
	return w.Body.String()
}

// masked: nobody who only looks sees a name, a number or an answer of the survey.
func (s *site) masked(body string) {
	s.T.Helper()
	for _, secret := range []string{"Phan Thị", "040158000123", "0912", "giếng", "ốm lâu năm", "Thái"} {
		if strings.Contains(body, secret) {
			s.T.Errorf("the page tells %q", secret)
		}
	}
}

func (s *site) form() url.Values {
	return url.Values{"programme": {s.Programme.ID}, "unit": {orgunittest.AreaKimHoa}, "name": {"Phan Thị Mơ"}, "sex": {"female"}, "birth_year": {"1958"}, "id_number": {"040158000123"}, "phone": {"0912 000 345"},
		"members": {"Trần Văn Lộc; con; 1985\n"}, "address": {"Nhà cạnh giếng làng"}, "category": {"poor"}, "category_year": {"2026"}, "job": {"Làm ruộng"}, "ethnicity": {"Thái"}, "land": {"titled"},
		"condition": {"Nhà gỗ mục"}, "circumstances": {"Một con ốm lâu năm"}, "need": {"build"}, "on": {"01/10/2026"}, "consent": {"Chủ hộ, ký trên phiếu"}}
}

func TestSurveyPages(t *testing.T) {
	s := newSite(t)
	w := s.get(housingtest.AreaHead, housingweb.SurveyPath, 200)
	if w.Header().Get("X-Offline") != "keep" {
		t.Error("the form cannot be opened without network")
	}
	s.golden("survey", w)
	s.get(housingtest.Approver, housingweb.SurveyPath, 403)
	bad := s.form()
	for k, v := range map[string]string{"birth_year": "năm mươi", "id_number": "12", "on": "31/02/2026", "land": "", "need": "", "condition": "", "consent": "", "unit": ""} {
		bad.Set(k, v)
	}
	b := s.golden("survey_refused", s.withPhoto(housingtest.Surveyor, housingweb.SurveyPath, bad, 422))
	if !strings.Contains(b, `value="Phan Thị Mơ"`) || !strings.Contains(b, `name="kept"`) || !strings.Contains(b, "năm mươi") {
		t.Error("what was typed, or the photo, is lost")
	}
	good := s.form()
	good.Set("offline_id", "0b5cbb0e-0000-4000-8000-000000000001")
	first := s.withPhoto(housingtest.AreaHead, housingweb.SurveyPath, good, 303).Header().Get("Location")
	if again := s.withPhoto(housingtest.AreaHead, housingweb.SurveyPath, good, 303).Header().Get("Location"); again != first {
		t.Errorf("sent twice: %s, %s", first, again)
	}
	good.Del("offline_id")
	s.post(housingtest.AreaHead, housingweb.SurveyPath, good, 409)
	at, _, _ := strings.Cut(first, "?")
	s.golden("survey_edit", s.get(housingtest.AreaHead, at+"/sua", 200))
	edit := s.form()
	edit.Set("version", "1")
	edit.Set("ho", "x")
	edit.Set("need", "repair")
	s.post(housingtest.AreaHead, at+"/sua", edit, 303)
	s.post(housingtest.AreaHead, at+"/sua", edit, 409)
	c := s.only()
	if c.Need != housing.NeedRepair {
		t.Error(c.Need)
	}
	s.masked(s.golden("survey_registered", s.get(housingtest.AreaHead, housingweb.SurveyPath+"?ho="+c.HouseholdID, 200)))
	s.get(housingtest.Sister, housingweb.SurveyPath+"?ho="+c.HouseholdID, 404)
}

func (s *site) only() housing.Case {
	s.T.Helper()
	list, n, err := s.Houses.List(s.T.(*testing.T).Context(), housingtest.Province, housing.Query{})
	if err != nil || n != 1 {
		s.T.Fatal(n, err)
	}
	return list[0].Case
}

// TestLifeOnPages takes a house from survey to handover through the forms and opens both minutes.
func TestLifeOnPages(t *testing.T) {
	s := newSite(t)
	loc := s.withPhoto(housingtest.Surveyor, housingweb.SurveyPath, s.form(), 303).Header().Get("Location")
	at, _, _ := strings.Cut(loc, "?")
	c := s.only()
	s.masked(s.golden("house_surveyed", s.get(housingtest.Approver, at, 200)))
	s.get(housingtest.Sister, at, 404)
	s.post(housingtest.Approver, at+"/mo", url.Values{"reason": {""}}, 422)
	if b := s.golden("house_opened", s.post(housingtest.Approver, at+"/mo", url.Values{"reason": {"Xét duyệt"}}, 200)); !strings.Contains(b, "Một con ốm lâu năm") {
		t.Error("the survey does not open")
	}
	s.golden("house_refused", s.post(housingtest.Approver, at+"/duyet", url.Values{"version": {"1"}, "source": {"direct"}, "amount": {"sáu mươi triệu"}, "decision_no": {""}, "decision_on": {"31/02/2026"}}, 422))
	approve := url.Values{"version": {"1"}, "source": {"provincial"}, "amount": {"60.000.000"}, "decision_no": {"15/QĐ-BVĐ"}, "decision_on": {"10/10/2026"}}
	s.post(housingtest.Surveyor, at+"/duyet", approve, 403)
	s.post(housingtest.Approver, at+"/duyet", approve, 303)
	s.post(housingtest.Approver, at+"/duyet", approve, 409)
	s.golden("payment", s.get(housingtest.Treasurer, at+"/chi", 200))
	pay := url.Values{"amount": {"40.000.000"}, "on": {"20/10/2026"}, "decision_no": {"15/QĐ-BVĐ"}, "giver": {"Trần Văn Tám"}, "giver_title": {"Phó Trưởng ban"}, "receiver": {"Phan Thị Mơ"}, "id_number": {"040158000123"},
		"witness": {"Lê Thị Bảy"}, "witness_title": {"Khối trưởng"}, "purpose": {"Làm nhà"}}
	bad := url.Values{}
	for k, v := range pay {
		bad[k] = v
	}
	bad.Set("amount", "70.000.000")
	bad.Set("witness", "")
	s.golden("payment_refused", s.post(housingtest.Treasurer, at+"/chi", bad, 422))
	s.post(housingtest.Treasurer, at+"/chi", pay, 303)
	s.post(housingtest.Surveyor, at+"/buoc/start", url.Values{"on": {"mai"}}, 422)
	s.post(housingtest.Surveyor, at+"/buoc/start", url.Values{"on": {"15/10/2026"}}, 303)
	s.post(housingtest.Surveyor, at+"/buoc/pause", url.Values{"reason": {""}}, 422)
	s.post(housingtest.Surveyor, at+"/buoc/pause", url.Values{"reason": {"Chờ qua mùa bão"}}, 303)
	s.golden("house_paused", s.get(housingtest.Surveyor, at, 200))
	s.post(housingtest.Surveyor, at+"/buoc/resume", url.Values{}, 303)
	s.post(housingtest.Surveyor, at+"/buoc/jump", url.Values{}, 404)
	s.golden("completion", s.get(housingtest.Surveyor, at+"/hoan-thanh", 200))
	done := url.Values{"on": {"15/11/2026"}, "members": {"Nguyễn Văn Sáu; Phó Chủ tịch UBND phường\nLê Thị Bảy; Khối trưởng"}, "area": {"45,5"}, "floor": {"1"}, "frame": {"1"}, "roof": {"1"}, "programme": {"60.000.000"},
		"others": {"Gia đình; 25.000.000"}}
	spoilt := url.Values{"on": {"15/11/2026"}, "members": {"Nguyễn Văn Sáu"}, "area": {"rộng"}, "programme": {"60.000.000"}, "others": {"Gia đình 25 triệu"}}
	s.golden("completion_refused", s.post(housingtest.Surveyor, at+"/hoan-thanh", spoilt, 422))
	s.post(housingtest.Surveyor, at+"/hoan-thanh", done, 303)
	s.post(housingtest.Surveyor, at+"/buoc/handover", url.Values{"on": {"18/11/2026"}}, 303)
	s.withPhoto(housingtest.Surveyor, at+"/anh", url.Values{"moment": {"after"}, "consent": {""}}, 422)
	s.withPhoto(housingtest.Surveyor, at+"/anh", url.Values{"moment": {"after"}, "consent": {"Chủ hộ"}}, 303)
	b := s.golden("house_done", s.get(housingtest.Treasurer, at, 200))
	s.masked(b)
	_, rest, _ := strings.Cut(b, "/giay/tien-")
	for path, want := range map[string][]string{
		"/giay/phieu":                   {"Phan Thị Mơ", "Một con ốm lâu năm", "20. Ghi chú", "Bí thư chi bộ"},
		"/giay/hoan-thanh":              {"BIÊN BẢN", "85.000.000", "Tám mươi lăm triệu đồng", "45,5 m²", "Nguyễn Văn Sáu"},
		"/giay/tien-" + rest[:36]:       {"40.000.000 đồng (Bốn mươi triệu đồng)", "040158000123", "Lê Thị Bảy", "02 bản"},
		"/giay/tien-" + rest[:36] + " ": nil,
	} {
		if want == nil {
			continue
		}
		text := s.docx(s.get(housingtest.Treasurer, at+path+".docx", 200).Body.Bytes())
		for _, x := range want {
			if !strings.Contains(text, x) {
				t.Errorf("%s does not say %q", path, x)
			}
		}
		if pdf := s.get(housingtest.Treasurer, at+path+".pdf", 200).Body.Bytes(); !bytes.HasPrefix(pdf, []byte("%PDF-")) || len(pdf) < 5000 {
			t.Errorf("%s: %d bytes of no PDF", path, len(pdf))
		}
	}
	s.get(housingtest.Treasurer, at+"/giay/khac.pdf", 404)
	s.get(housingtest.Sister, at+"/giay/phieu.pdf", 404)
	s.post(housingtest.Treasurer, at+"/chi/"+rest[:36]+"/huy", url.Values{"reason": {"Ghi nhầm số"}}, 303)
	photo := s.photoOf(c.ID)
	s.get(housingtest.Sister, at+"/anh/"+photo, 404)
	if w := s.get(housingtest.Approver, at+"/anh/"+photo, 200); w.Header().Get("Cache-Control") != "private, no-store" {
		t.Error(w.Header())
	}
	s.post(housingtest.Surveyor, at+"/anh/"+photo+"/xoa", nil, 303)
	s.get(housingtest.Approver, at+"/anh/"+photo, 404) // the family does not consent any more
}

func (s *site) photoOf(caseID string) string {
	s.T.Helper()
	d, err := s.Houses.Open(s.T.(*testing.T).Context(), housingtest.Surveyor, caseID)
	if err != nil || len(d.Photos) != 2 {
		s.T.Fatalf("%d photos, %v", len(d.Photos), err)
	}
	return d.Photos[0].ID
}

// docx gives the text of a Word file.
func (s *site) docx(b []byte) string {
	s.T.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		s.T.Fatal(err)
	}
	f, err := z.Open("word/document.xml")
	if err != nil {
		s.T.Fatal(err)
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil {
		s.T.Fatal(err)
	}
	var out strings.Builder
	for part := range strings.SplitSeq(string(raw), "<") {
		if tag, text, ok := strings.Cut(part, ">"); ok {
			if tag == "/w:p" {
				out.WriteString("\n")
			}
			out.WriteString(text)
		}
	}
	return out.String()
}

// TestFundPaymentOnPages: what a fund paid is offered, counted towards the house, and taken off again.
func TestFundPaymentOnPages(t *testing.T) {
	s := newSite(t)
	c := s.To(s.Survey(s.Form("Phan Thị Mơ", "")), housing.Approved)
	s.Record(household.Help{HouseholdID: c.HouseholdID, Source: "fund", SourceID: "p1", Kind: household.Cash, Value: 30_000_000, What: "Hỗ trợ nhà", On: "2026-11-01", UnitID: orgunittest.VinhHung})
	at := housingweb.Href(c.ID)
	s.golden("house_loose", s.get(housingtest.Treasurer, at, 200))
	s.post(housingtest.Treasurer, at+"/gan", url.Values{"source": {"fund"}, "source_id": {"p1"}}, 303)
	if b := s.golden("house_bound", s.get(housingtest.Treasurer, at, 200)); !strings.Contains(b, "đã chi 30.000.000 đ") {
		t.Error("the payment does not count")
	}
	s.post(housingtest.Treasurer, at+"/gan", url.Values{"source": {"fund"}, "source_id": {"p1"}}, 409)
	s.post(housingtest.Surveyor, at+"/gan", url.Values{"source": {"fund"}, "source_id": {"p1"}, "go": {"1"}}, 303)
	s.post(housingtest.Approver, at+"/duyet", url.Values{"lai": {"1"}, "version": {"4"}, "source": {"direct"}, "donor": {"Công ty Ánh Dương"}, "amount": {"80.000.000"}, "decision_no": {"16/QĐ"}, "decision_on": {"12/11/2026"}, "reason": {"Nhà tài trợ thêm"}}, 303)
}

func TestListAndReportPages(t *testing.T) {
	s := newSite(t)
	s.golden("list_empty", s.get(housingtest.Surveyor, housingweb.Base, 200))
	s.golden("forbidden", s.get(housingtest.Editor, housingweb.Base, 403))
	s.golden("public_none", s.get(identity.Citizen(), housingweb.PublicPath, 200))
	for i, st := range []housing.State{housing.HandedOver, housing.HandedOver, housing.Approved, housing.UnderWay, housing.Surveyed, housing.Surveyed} {
		c := s.To(s.Survey(s.Form("Phan Thị Mơ", "")), st)
		if i == 5 {
			if _, err := s.Houses.Pause(t.Context(), housingtest.Surveyor, c.ID, "Đất đang tranh chấp"); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.masked(s.golden("list", s.get(housingtest.Surveyor, housingweb.Base, 200)))
	s.golden("list_print", s.get(housingtest.Surveyor, housingweb.Base+"?in=1&tinh_trang=handed_over", 200))
	s.masked(s.golden("report", s.get(housingtest.Province, housingweb.Base+"/bao-cao", 200)))
	f, err := excelize.OpenReader(s.get(housingtest.Province, housingweb.Base+"/bao-cao.xlsx", 200).Body)
	if err != nil || len(f.GetSheetList()) != 3 {
		t.Fatal(err)
	}
	if rows, err := f.GetRows(f.GetSheetList()[0]); err != nil || len(rows) != 4 || rows[3][8] != "240000000" {
		t.Fatalf("%q %v", rows, err)
	}
	if b := s.get(housingtest.Province, housingweb.Base+"/bao-cao.pdf", 200).Body.Bytes(); !bytes.HasPrefix(b, []byte("%PDF-")) {
		t.Error("no PDF")
	}
	if b := s.get(housingtest.AreaHead, housingweb.Base+"/phieu-trong.pdf", 200).Body.Bytes(); !bytes.HasPrefix(b, []byte("%PDF-")) {
		t.Error("no PDF")
	}
	if _, err := excelize.OpenReader(s.get(housingtest.Surveyor, housingweb.Base+"/xuat.xlsx", 200).Body); err != nil {
		t.Error(err)
	}
	p := s.golden("public", s.get(identity.Citizen(), housingweb.PublicPath, 200))
	s.masked(p)
	if strings.Contains(p, "P.T.M.") || strings.Contains(p, "tranh chấp") {
		t.Error("the public page tells of a family")
	}
}

func TestProgrammePages(t *testing.T) {
	s := newSite(t)
	s.golden("programmes", s.get(housingtest.Province, housingweb.Base+"/chuong-trinh", 200))
	s.golden("programme_new", s.get(housingtest.Province, housingweb.Base+"/chuong-trinh/moi", 200))
	in := url.Values{"unit": {orgunittest.Province}, "name": {"Nhà Đại đoàn kết 2027"}, "from": {"2027"}, "to": {"2026"}, "legal": {""}, "norm_new": {"1e7"}, "norm_fix": {"0"}}
	s.golden("programme_refused", s.post(housingtest.Province, housingweb.Base+"/chuong-trinh", in, 422))
	in.Set("to", "2028")
	in.Set("legal", "Nghị quyết 5/NQ")
	in.Set("norm_new", "70.000.000")
	loc, _, _ := strings.Cut(s.post(housingtest.Province, housingweb.Base+"/chuong-trinh", in, 303).Header().Get("Location"), "?")
	s.post(housingtest.Province, loc+"/chi-tieu", url.Values{"t-" + orgunittest.VinhHung: {"nhiều"}}, 422)
	s.post(housingtest.Province, loc+"/chi-tieu", url.Values{"t-" + orgunittest.VinhHung: {"7"}}, 303)
	s.golden("programme", s.get(housingtest.Province, loc, 200))
	s.golden("programme_reader", s.get(housingtest.Surveyor, loc, 200))
	s.post(housingtest.Surveyor, loc+"/chi-tieu", url.Values{}, 403)
	s.post(housingtest.Chair, housingweb.Base+"/chuong-trinh", in, 403)
}
