package householdweb_test

import (
	"bytes"
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
	"github.com/nhipcau/nhipcau/internal/household/householdtest"
	"github.com/nhipcau/nhipcau/internal/household/householdweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

var (
	anID = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	code = golden.Replace(`\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}\b`, "CODE")
)

type site struct {
	*householdtest.Kit
	mux   http.Handler
	words *i18n.Bundle
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{Kit: householdtest.New(t, dbtest.SQLite(t, householdtest.Migrations...))}
	var err error
	if s.words, err = i18n.Load(ui.Catalogue, xlsx.Catalogue, householdweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&householdweb.Pages{Service: s.Service, House: "/lam-viec/nha-o/khao-sat"}).Routes(&rt)
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

func (s *site) upload(actor identity.Actor, unit string, file []byte, want int) *httptest.ResponseRecorder {
	s.T.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("unit", unit)
	if file != nil {
		part, err := m.CreateFormFile("file", "ho.xlsx")
		if err != nil {
			s.T.Fatal(err)
		}
		_, _ = part.Write(file)
	}
	_ = m.Close()
	r := httptest.NewRequest("POST", householdweb.Base+"/nhap", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.send(actor, r, want)
}

func (s *site) golden(name string, w *httptest.ResponseRecorder) string {
	s.T.Helper()
	golden.Body(s.T, name, w.Body.Bytes(), anID, code)
	return w.Body.String()
}

// Nobody who only looks at lists sees a name or a number.
func (s *site) masked(body string) {
	s.T.Helper()
	for _, secret := range []string{"Phan Thị", "040158000123", "0912", "giếng"} {
		if strings.Contains(body, secret) {
			s.T.Errorf("the page tells %q", secret)
		}
	}
}

func TestListPages(t *testing.T) {
	s := newSite(t)
	s.golden("list_empty", s.get(householdtest.Collector, householdweb.Base, 200))
	s.Add(householdtest.Entry("Phan Thị Mơ", "040158000123"))
	other := householdtest.Entry("Trần Văn Mộc", "")
	other.UnitID, other.Category = orgunittest.AreaKimTan, household.NearPoor
	s.Add(other)
	s.masked(s.golden("list", s.get(householdtest.Collector, householdweb.Base, 200)))
	s.golden("list_reader", s.get(householdtest.Accountant, householdweb.Base+"?q=mo", 200))
	s.golden("list_none", s.get(householdtest.Collector, householdweb.Base+"?q=khong", 200))
	s.golden("forbidden", s.get(householdtest.Editor, householdweb.Base, 403))
	if b := s.get(householdtest.Collector, householdweb.Base+"?khu="+orgunittest.AreaKimTan+"&loai=near_poor&in=1", 200).Body.String(); strings.Contains(b, "P.T.M.") || !strings.Contains(b, "T.V.M.") {
		t.Error("area and category do not narrow the print sheet")
	}
	w := s.get(householdtest.Collector, householdweb.Base+"/xuat.xlsx", 200)
	rows := s.sheet(w.Body.Bytes())
	if len(rows) != 3 || strings.Contains(strings.Join(rows[1], " "), "Phan") {
		t.Errorf("%q", rows)
	}
	s.post(householdtest.Collector, householdweb.Base+"/xuat-day-du", url.Values{"reason": {""}}, 422)
	s.post(householdtest.Accountant, householdweb.Base+"/xuat-day-du", url.Values{"reason": {"Đi chi trả"}}, 403)
	w = s.post(householdtest.Collector, householdweb.Base+"/xuat-day-du", url.Values{"reason": {"Đi chi trả"}, "loc": {"q=mo"}}, 200)
	if rows = s.sheet(w.Body.Bytes()); len(rows) != 2 || rows[1][2] != "Phan Thị Mơ" || rows[1][5] != "040158000123" {
		t.Errorf("%q", rows)
	}
	if last := s.Trail.Lines[len(s.Trail.Lines)-1]; last.Action != "household.export" || last.Details["count"] != "1" {
		t.Errorf("%+v", last)
	}
}

func (s *site) sheet(b []byte) [][]string {
	s.T.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		s.T.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetList()[0])
	if err != nil {
		s.T.Fatal(err)
	}
	return rows
}

func TestOnePages(t *testing.T) {
	s := newSite(t)
	h := s.Add(householdtest.Entry("Phan Thị Mơ", "040158000123"))
	at := householdweb.Href(h.ID)
	s.masked(s.golden("one_bare", s.get(householdtest.Accountant, at, 200)))
	s.get(householdtest.Sister, at, 404)
	for i, x := range []household.Help{{Kind: household.House, Value: 60_000_000, What: "Nhà xây mới", On: "2020-06-01"}, {Kind: household.House, Value: 30_000_000, What: "Sửa nhà", On: "2026-06-01"},
		{Kind: household.Cash, Value: 500_000, Programme: "Tết vì người nghèo", On: "2026-01-20"}, {Kind: household.Goods, Value: 300_000, What: "10 kg gạo", On: "2026-09-20"}} {
		x.HouseholdID, x.Source, x.SourceID, x.UnitID = h.ID, "relief", string(rune('a'+i)), orgunittest.VinhHung
		s.Record(x)
	}
	s.masked(s.golden("one", s.get(householdtest.Collector, at, 200)))
	s.golden("one_refused", s.post(householdtest.Collector, at+"/mo", url.Values{"reason": {"x"}}, 422))
	s.post(householdtest.Accountant, at+"/mo", url.Values{"reason": {"Tò mò"}}, 403)
	opened := s.post(householdtest.Collector, at+"/mo", url.Values{"reason": {"Đến nhà khảo sát"}}, 200)
	if opened.Header().Get("Cache-Control") != "no-store" {
		t.Error("a page with names may be kept by the browser")
	}
	if b := s.golden("one_opened", opened); !strings.Contains(b, "Phan Thị Mơ") || !strings.Contains(b, "Trần Văn Lộc – con, sinh năm 1985") {
		t.Error("opening shows nothing")
	}
	s.post(householdtest.Collector, at+"/dong", url.Values{"reason": {""}}, 422)
	s.post(householdtest.Collector, at+"/dong", url.Values{"reason": {"Ghi trùng"}}, 303)
	s.post(householdtest.Collector, at+"/dong", url.Values{"reason": {"Ghi trùng"}}, 409)
	s.golden("one_closed", s.get(householdtest.Collector, at, 200))
}

func form(name string) url.Values {
	return url.Values{"unit": {orgunittest.AreaKimHoa}, "name": {name}, "sex": {"female"}, "birth_year": {"1958"}, "id_number": {"040158000123"}, "phone": {"0912 000 345"}, "members": {"Trần Văn Lộc; con; 1985\n"},
		"category": {"poor"}, "category_year": {"2026"}}
}

func TestFormPages(t *testing.T) {
	s := newSite(t)
	s.golden("form", s.get(householdtest.Collector, householdweb.Base+"/them?khu="+orgunittest.AreaKimHoa, 200))
	bad := form("Phan 1")
	bad.Set("birth_year", "mươi")
	bad.Set("members", "A; b; c; d")
	s.golden("form_refused", s.post(householdtest.Collector, householdweb.Base+"/them", bad, 422))
	w := s.post(householdtest.Collector, householdweb.Base+"/them", form("Phan Thị Mơ"), 303)
	at, _, _ := strings.Cut(w.Header().Get("Location"), "?")
	if b := s.post(householdtest.Collector, householdweb.Base+"/them", form("Phan Thị Mơ"), 422).Body.String(); !strings.Contains(b, "Khối Kim Hòa, Phường Vinh Hưng") {
		t.Error("the known household is not named")
	}
	if b := s.golden("form_edit", s.get(householdtest.Collector, at+"/sua", 200)); !strings.Contains(b, "Trần Văn Lộc; con; 1985") {
		t.Error("the form forgot the members")
	}
	changed := form("Phan Thị Mận")
	changed.Set("version", "1")
	s.post(householdtest.Collector, at+"/sua", changed, 303)
	s.post(householdtest.Collector, at+"/sua", changed, 409)
	s.get(householdtest.Accountant, householdweb.Base+"/them", 403)
	bad = form("Phan Thị Mơ")
	bad.Set("unit", orgunittest.AreaHongSon)
	s.post(householdtest.Collector, householdweb.Base+"/them", bad, 403)
}

// table makes a workbook with the head of the template and the rows.
func (s *site) table(rows ...[]any) []byte {
	s.T.Helper()
	f := excelize.NewFile()
	defer f.Close()
	w := s.words.In("vi")
	var head []any
	for _, k := range []string{"code", "area", "name", "sex", "birth_year", "id_number", "phone", "address", "spouse", "people", "category", "category_year"} {
		head = append(head, w.T("household.sheet."+k))
	}
	for i, r := range append([][]any{head}, rows...) {
		at, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Sheet1", at, &r); err != nil {
			s.T.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		s.T.Fatal(err)
	}
	return b.Bytes()
}

func TestImportPages(t *testing.T) {
	s := newSite(t)
	s.golden("import", s.get(householdtest.Collector, householdweb.Base+"/nhap", 200))
	if rows := s.sheet(s.get(householdtest.Collector, householdweb.Base+"/mau.xlsx", 200).Body.Bytes()); len(rows) != 2 || rows[0][2] != "Họ và tên chủ hộ" {
		t.Errorf("%q", rows)
	}
	known := s.Add(householdtest.Entry("Phan Thị Mơ", "040158000123"))
	good := [][]any{
		{"", "Khối Kim Hòa", "Lô Văn Thìn", "Nam", 1970, 40170000321, 912345678, "Ngõ 2", "Vi Thị Tỵ", 5, "Hộ nghèo", 2026},
		{"", "kim tân", "Hà Thị Ngọ", "nữ", "1969", "040169000777", "0912345679", "", "", "2", "cận nghèo", 2026},
		{"", "Khối Kim Hòa", "Phan Thị Mơ", "", "", "040158000123", "", "Nhà mới", "", "", "Hộ cận nghèo", 2027},
		{"", "Khối Kim Hòa", "Lương Thị Sửu", "", 1950, "", "", "", "", 1, "Hộ nghèo", 2026}, // no number at all
	}
	bad := append(append([][]any{}, good...), []any{"", "Khối Không Có", "Vi Văn Mùi", "Nam", 1970, "", "", "", "", 1, "Hộ nghèo", 2026}, []any{"", "Khối Kim Hòa", "Vi 5", "Khác", "x", "12", "1", "", "", 1, "Giàu", 2026},
		[]any{"", "Khối Kim Hòa", "Lô Văn Thìn", "", "", 40170000321, "", "", "", "", "Hộ nghèo", 2026}, []any{"ABCD-EFGH-JKL", "", "Lô Văn Thân", "", "", "", "", "", "", "", "Hộ nghèo", 2026})
	b := s.golden("import_refused", s.upload(householdtest.Collector, orgunittest.VinhHung, s.table(bad...), 422))
	for _, want := range []string{"không có khu dân cư “Khối Không Có”", "không phải đối tượng", "đã có ở dòng 2", "ABCD-EFGH-JKL"} {
		if !strings.Contains(b, want) {
			t.Errorf("no word of %q", want)
		}
	}
	if _, n, _ := s.Service.Search(t.Context(), householdtest.Collector, household.Query{}); n != 1 {
		t.Fatalf("%d households: a refused table was written", n)
	}
	s.golden("import_done", s.upload(householdtest.Collector, orgunittest.VinhHung, s.table(good...), 200))
	s.upload(householdtest.Collector, orgunittest.VinhHung, s.table(good...), 200) // again: nothing is twice
	if _, n, err := s.Service.Search(t.Context(), householdtest.Collector, household.Query{}); err != nil || n != 4 {
		t.Fatalf("%d households after the same table twice: %v", n, err)
	}
	list, n, err := s.Service.Search(t.Context(), householdtest.Collector, household.Query{Text: "Lô Văn Thìn"})
	if err != nil || n != 1 || list[0].IDTail != "321" || list[0].PhoneTail != "678" || list[0].People != 5 {
		t.Fatalf("%+v %v", list, err)
	}
	p, err := s.Service.Open(t.Context(), householdtest.Collector, known.ID, "Kiểm tra")
	if err != nil || p.Address != "Nhà mới" || p.Phone != "0912000345" || len(p.Members) != 1 {
		t.Fatalf("%+v %v", p, err)
	}
	if h, _ := s.Service.Get(t.Context(), householdtest.Collector, known.ID); h.Category != household.NearPoor || h.CategoryYear != 2027 {
		t.Fatalf("%+v", h)
	}
	s.upload(householdtest.Collector, orgunittest.TruongVinh, s.table(good...), 403)
	s.upload(householdtest.Collector, orgunittest.VinhHung, nil, 422)
	s.upload(householdtest.Collector, orgunittest.VinhHung, []byte("PK\x03\x04 nothing"), 422)
}

// FuzzImport: whatever file is sent, it is read or refused with words for a person; nothing else.
func FuzzImport(f *testing.F) {
	s := newSite(f)
	f.Add(s.table([]any{"", "Khối Kim Hòa", "Lô Văn Thìn", "Nam", 1970, 40170000321, 912345678, "Ngõ 2", "Vi Thị Tỵ", 5, "Hộ nghèo", 2026}))
	f.Add([]byte("Khu dân cư;Họ và tên chủ hộ;Đối tượng;Năm rà soát\nKhối Kim Hòa;Lô Thị Dần;Hộ nghèo;2026\n"))
	f.Add([]byte("Họ và tên chủ hộ,Đối tượng,Năm rà soát\n=1+1,\"Hộ nghèo,2026\n"))
	f.Add([]byte("PK\x03\x04"))
	ctx := i18n.With(f.Context(), s.words.In("vi"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := householdweb.ReadTable(ctx, bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if k := fault.KindOf(err); k != fault.Invalid && k != fault.TooLarge {
				t.Fatalf("%v", err)
			}
			return
		}
		out, err := s.Service.Import(ctx, householdtest.Collector, orgunittest.VinhHung, rows)
		if err != nil && !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		if len(out.Errors) == 0 && out.Added+out.Updated != len(rows) {
			t.Fatalf("%d rows, %+v", len(rows), out)
		}
	})
}
