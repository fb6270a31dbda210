package reliefweb_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household/householdweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/relief"
	. "github.com/nhipcau/nhipcau/internal/relief/relieftest"
	"github.com/nhipcau/nhipcau/internal/relief/reliefweb"
)

var (
	anID   = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	aCode  = golden.Replace(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}`, "CODE")
	aQR    = golden.Replace(`d="M4 4h7[^"]*"`, `d="QR"`)
	nobody = identity.Citizen()
)

type site struct {
	*Kit
	t     *testing.T
	mux   http.Handler
	words *i18n.Bundle
}

func newSite(t *testing.T) *site {
	return siteOn(t, dbtest.SQLite(t, Migrations...), reliefweb.Limits{})
}

func siteOn(t *testing.T, d *db.DB, limits reliefweb.Limits) *site {
	t.Helper()
	s := &site{t: t, Kit: New(t, d)}
	var err error
	if s.words, err = i18n.Load(ui.Catalogue, money.Catalogue, xlsx.Catalogue, householdweb.Catalogue, reliefweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	reliefweb.New(s.Service, "https://nghean.example", limits).Routes(&rt)
	z := s.Service.Authz
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door == web.DoorPublic || a.Door == web.DoorSignedIn && actor.SignedIn() || a.Door == web.DoorAction && z.CanSomewhere(actor, a.Action) {
				return nil
			}
			return z.Check(actor, a.Action, identity.InUnit(""))
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

func (s *site) get(actor identity.Actor, target string, want int) string {
	s.t.Helper()
	return s.send(actor, httptest.NewRequest("GET", target, nil), want).Body.String()
}

// post sends a form and gives the page, or the address it leads to.
func (s *site) post(actor identity.Actor, target string, form url.Values, want int) string {
	s.t.Helper()
	r := httptest.NewRequest("POST", target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := s.send(actor, r, want)
	if to := w.Header().Get("Location"); to != "" {
		to, _, _ = strings.Cut(to, "?ok=")
		return to
	}
	return w.Body.String()
}

func (s *site) page(name string, actor identity.Actor, target string, want int) string {
	s.t.Helper()
	body := s.get(actor, target, want)
	golden.Body(s.t, name, []byte(body), anID, aCode, aQR)
	return body
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// TestPublicPages: what is needed is found without marks, names no official's words, and every page stays light.
func TestPublicPages(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	s.page("public_points", nobody, "/cuu-tro", 200)
	s.page("public_none", nobody, "/cuu-tro?q=khong+co", 200)
	for i, item := range []relief.Item{s.Rice, s.Noodles, s.Goats, s.Milk} {
		s.Need(item, int64(100*(i+1)))
	}
	s.Clock.Advance(time.Hour)
	if err := s.Service.AddAvoid(ctx, Collector, orgunittest.VinhHung, "Quần áo cũ"); err != nil {
		t.Fatal(err)
	}
	n := Must[relief.Need](t)(s.Service.AddNeed(ctx, Sister, relief.NeedForm{UnitID: orgunittest.KimLien, ItemID: s.Goats.ID, Qty: 20, Urgency: relief.UrgentCalm, Place: "Xóm Sen 1", Note: "nhà ông Tư đông con"}))
	o := Must[relief.Offer](t)(s.Service.SendOffer(ctx, nobody, relief.OfferForm{ItemID: s.Goats.ID, Qty: 60, UnitID: orgunittest.TruongVinh, Transport: relief.TransportWanted,
		Contact: relief.Contact{Name: "Lô Văn Thử", Phone: "0912000000"}, Consent: true}))
	Must[relief.Match](t)(s.Service.Reserve(ctx, Sister, o.ID, n.ID, 20))
	body := s.page("public", nobody, "/cuu-tro", 200)
	for _, secret := range []string{"ông Tư", "Lô Văn Thử", "0912000000"} {
		if strings.Contains(body, secret) {
			t.Errorf("the public page says %q", secret)
		}
	}
	if body = s.get(nobody, "/cuu-tro?q=de+kim+lien", 200); !strings.Contains(body, "Xóm Sen 1") || strings.Contains(body, "Khối Kim Hòa") {
		t.Error("the search without marks does not find")
	}
	s.Clock.Advance(50 * time.Hour)
	s.page("public_stale", nobody, "/cuu-tro?xa="+orgunittest.VinhHung, 200)
	for i := range 80 {
		s.Need(s.Rice, int64(i+1))
	}
	if size := len(s.get(nobody, "/cuu-tro", 200)); size > 30_000 {
		t.Errorf("the public page weighs %d bytes", size)
	}
	s.page("offer_mine", nobody, "/cuu-tro/gop/"+o.Code, 200)
	s.get(nobody, "/cuu-tro/gop/0000-0000-000", 404)
}

// TestOfferForm: what is typed is kept when refused, a commune is found by its name, and too many offers are stopped.
func TestOfferForm(t *testing.T) {
	s := siteOn(t, dbtest.SQLite(t, Migrations...), reliefweb.Limits{Offers: 2, Lookups: 2})
	s.page("offer_form", nobody, "/cuu-tro/gop", 200)
	f := form("item", s.Goats.ID, "qty", "60", "unit_q", "vinh", "transport", "wanted", "phone", "12", "consent", "1", "name", "Lô Văn Thử", "note", "Dê khỏe")
	golden.Body(t, "offer_refused", []byte(s.post(nobody, "/cuu-tro/gop", f, 422)), anID)
	f.Set("step", "find")
	if body := s.post(nobody, "/cuu-tro/gop", f, 200); !strings.Contains(body, "Phường Vinh Hưng") || !strings.Contains(body, "Dê khỏe") {
		t.Error("the communes of that name are not shown")
	}
	f.Del("step")
	f.Set("unit", orgunittest.TruongVinh)
	f.Set("phone", "0912 000 000")
	at := s.post(nobody, "/cuu-tro/gop", f, 303)
	if body := s.get(nobody, at, 200); !strings.Contains(body, "60 con") || strings.Contains(body, "0912 0") || strings.Contains(body, "09120") {
		t.Error(body)
	}
	s.post(nobody, "/cuu-tro/gop", f, 303)
	s.post(nobody, "/cuu-tro/gop", f, 429)
	for _, want := range []int{404, 404, 429} {
		s.get(nobody, "/cuu-tro/thung/1111-1111-111", want)
	}
}

func TestNeedPages(t *testing.T) {
	s := newSite(t)
	s.page("needs_empty", Collector, reliefweb.Base, 200)
	s.get(Editor, reliefweb.Base, 403)
	s.page("need_new", Collector, reliefweb.Base+"/nhu-cau/moi", 200)
	f := form("unit", orgunittest.VinhHung, "item", s.Rice.ID, "qty", "nhiều", "urgency", "now", "place", "Khối Kim Tân")
	golden.Body(t, "need_refused", []byte(s.post(Collector, reliefweb.Base+"/nhu-cau/moi", f, 422)), anID)
	f.Set("qty", "1.500")
	f.Set("draft", "1")
	at := s.post(Collector, reliefweb.Base+"/nhu-cau/moi", f, 303)
	s.page("need_draft", Collector, at, 200)
	s.get(Sister, at, 403)
	s.post(Collector, at, form("viec", "mo"), 303)
	s.post(Collector, at, form("viec", "con"), 303)
	s.post(Collector, at, form("viec", "sua", "qty", "0", "urgency", "soon"), 422)
	s.post(Collector, at, form("viec", "sua", "qty", "1.600", "urgency", "soon"), 303)
	golden.Body(t, "need_end_refused", []byte(s.post(Collector, at, form("viec", "rut"), 422)), anID)
	s.page("needs", Leader, reliefweb.Base+"?q=gao", 200)
	s.get(Leader, reliefweb.Base+"?in=1", 200)
	s.Clock.Advance(49 * time.Hour)
	s.page("need_stale", Collector, at, 200)
	if body := s.get(Leader, reliefweb.Base+"?xem=cu", 200); !strings.Contains(body, "Cũ: 2 ngày trước") {
		t.Error("stale needs are not listed")
	}
	s.get(Leader, reliefweb.Base+"/nhu-cau.xlsx", 200)
	s.post(Collector, at, form("viec", "rut", "reason", "Nước đã rút"), 303)
	s.page("avoid_empty", Collector, reliefweb.Base+"/khong-nhan", 200)
	s.post(Collector, reliefweb.Base+"/khong-nhan", form("unit", orgunittest.VinhHung, "what", " "), 422)
	s.post(Collector, reliefweb.Base+"/khong-nhan", form("unit", orgunittest.VinhHung, "what", "Mì ăn liền"), 303)
	body := s.page("avoid", Collector, reliefweb.Base+"/khong-nhan", 200)
	_, rest, _ := strings.Cut(body, `name="bo" value="`)
	s.post(Collector, reliefweb.Base+"/khong-nhan", form("unit", orgunittest.VinhHung, "bo", rest[:36]), 303)
	s.post(Sister, reliefweb.Base+"/khong-nhan", form("unit", orgunittest.VinhHung, "what", "Nước"), 403)
}

func TestItemPages(t *testing.T) {
	s := newSite(t)
	s.page("items", Keeper, reliefweb.Base+"/mat-hang?sua="+s.Goats.ID, 200)
	s.get(Packer, reliefweb.Base+"/mat-hang", 200)
	s.get(Packer, reliefweb.Base+"/mat-hang?q=khong+co", 200)
	golden.Body(t, "item_refused", []byte(s.post(Keeper, reliefweb.Base+"/mat-hang", form("name", "", "code", "GẠO!", "measure", "kg", "kind", "food", "value", "x"), 422)), anID)
	s.post(Keeper, reliefweb.Base+"/mat-hang", form("name", "Nước uống", "code", "nuoc", "measure", "thùng", "kind", "water", "value", "90.000"), 303)
	s.post(Keeper, reliefweb.Base+"/mat-hang", form("name", "Gạo nếp", "code", "gao", "measure", "kg", "kind", "food"), 422)
	s.post(Collector, reliefweb.Base+"/mat-hang", form("name", "Chăn", "code", "CHAN", "measure", "cái", "kind", "clothing"), 403)
}

func TestMatchingPages(t *testing.T) {
	s := newSite(t)
	s.page("offers_empty", Leader, reliefweb.Base+"/gop", 200)
	n := s.Need(s.Goats, 40)
	o := Must[relief.Offer](t)(s.Service.SendOffer(t.Context(), nobody, relief.OfferForm{ItemID: s.Goats.ID, Qty: 60, UnitID: orgunittest.TruongVinh, Transport: relief.TransportWanted, Place: "Trại dê ngã ba",
		GroupName: "Hội chăn nuôi", ShowName: true, Contact: relief.Contact{Name: "Lô Văn Thử", Phone: "0912000000"}, Consent: true}))
	at := reliefweb.Base + "/gop/" + o.ID
	s.page("offers", Collector, reliefweb.Base+"/gop?q=de", 200)
	s.page("offers_print", Collector, reliefweb.Base+"/gop?q=de&in=1", 200)
	if body := s.get(Collector, reliefweb.Base+"/gop.xlsx?q=de", 200); strings.Contains(body, "0912000000") || !strings.HasPrefix(body, "PK") {
		t.Error("the table of offers is none, or names a contact")
	}
	if body := s.page("offer", Collector, at, 200); strings.Contains(body, "0912000000") {
		t.Error("the telephone stands on the page")
	}
	s.get(Editor, at, 403)
	s.post(Collector, at+"/lien-he", nil, 403)
	golden.Body(t, "offer_more_than_missing", []byte(s.post(Collector, at+"/ghep", form("need", n.ID, "qty", "41"), 422)), anID, aCode)
	s.post(Collector, at+"/ghep", form("need", n.ID, "qty", "40"), 303)
	if body := s.post(Collector, at+"/lien-he", nil, 200); !strings.Contains(body, "0912000000") {
		t.Error("the telephone is not shown to who matched")
	}
	body := s.page("offer_reserved", Collector, at, 200)
	_, rest, _ := strings.Cut(body, at+"/buoc/")
	step := at + "/buoc/" + rest[:36]
	s.post(Collector, step, form("viec", "agreed"), 422)
	s.post(Collector, step, form("viec", "agreed", "carrier", "Xe hợp tác xã"), 303)
	s.page("offer_agreed", Collector, at, 200)
	s.post(Collector, step, form("viec", "released"), 422)
	s.post(Collector, step, form("viec", "arrived", "qty", "39"), 303)
	s.post(Collector, step, form("viec", "arrived"), 409)
	s.page("need_matched", Collector, reliefweb.Base+"/nhu-cau/"+n.ID, 200)
	other := Must[relief.Offer](t)(s.Service.SendOffer(t.Context(), nobody, relief.OfferForm{ItemID: s.Milk.ID, Qty: 6, UnitID: orgunittest.VinhHung, Transport: relief.TransportOwn,
		Contact: relief.Contact{Name: "Lô Văn Thử", Phone: "0912000000"}, Consent: true}))
	s.post(Collector, reliefweb.Base+"/gop/"+other.ID+"/tu-choi", form("reason", ""), 422)
	s.post(Collector, reliefweb.Base+"/gop/"+other.ID+"/tu-choi", form("reason", "Sữa sắp hết hạn"), 303)
	if body := s.get(nobody, "/cuu-tro/gop/"+other.Code, 200); !strings.Contains(body, "Sữa sắp hết hạn") {
		t.Error("the giver is not told why")
	}
}

func TestStorePages(t *testing.T) {
	s := newSite(t)
	s.page("stores", Keeper, reliefweb.Base+"/kho", 200)
	s.page("store_new", Keeper, reliefweb.Base+"/kho/moi", 200)
	s.post(Keeper, reliefweb.Base+"/kho/moi", form("unit", orgunittest.Province, "code", "NA", "name", "Kho hai", "address", "x"), 422)
	at := s.post(Keeper, reliefweb.Base+"/kho/moi", form("unit", orgunittest.Province, "code", "NA2", "name", "Kho hai", "address", "Đường 3"), 303)
	s.get(Keeper, at+"/sua", 200)
	s.post(Keeper, at+"/sua", form("code", "NA2", "name", "Kho số hai", "address", "Đường 3"), 303)
	main := reliefweb.Base + "/kho/" + s.Main.ID
	s.page("store_empty", Keeper, main, 200)
	s.page("slip_in", Keeper, main+"/nhap", 200)
	f := form("on", "21/11/2026", "party", "Nhóm Áo Ấm", "item_1", s.Milk.ID, "qty_1", "50", "expires_1", "31/02/2027", "item_3", s.Rice.ID, "qty_3", "0", "value_3", "abc")
	golden.Body(t, "slip_in_refused", []byte(s.post(Keeper, main+"/nhap", f, 422)), anID)
	f.Set("viec", "them")
	s.post(Keeper, main+"/nhap", f, 200)
	f = form("on", "21/11/2026", "party", "Nhóm Áo Ấm", "item_1", s.Milk.ID, "qty_1", "50", "expires_1", "25/11/2026", "item_3", s.Rice.ID, "qty_3", "1.000", "value_3", "17.500", "offline_id", "x1")
	slip := s.post(Keeper, main+"/nhap", f, 303)
	if again := s.post(Keeper, main+"/nhap", f, 303); again != slip {
		t.Error("the same form made two slips")
	}
	s.page("slip", Keeper, slip, 200)
	s.page("store", Keeper, main, 200)
	s.get(Keeper, main+"?in=1", 200)
	s.page("stores_near", Keeper, reliefweb.Base+"/kho", 200)
	s.page("slip_out", Keeper, main+"/xuat", 200)
	s.post(Keeper, main+"/xuat", form("on", "21/11/2026", "party", "Bếp ăn", "reason", "Nấu", "item_1", s.Milk.ID, "qty_1", "51"), 422)
	s.post(Keeper, main+"/xuat", form("on", "21/11/2026", "party", "Bếp ăn", "reason", "Nấu", "item_1", s.Milk.ID, "qty_1", "20"), 303)
	s.page("slip_transfer", Keeper, main+"/chuyen", 200)
	moved := s.post(Keeper, main+"/chuyen", form("on", "21/11/2026", "to", s.Ward.ID, "item_1", s.Rice.ID, "qty_1", "300"), 303)
	body := s.page("slip_under_way", WardKeeper, moved, 200)
	_, rest, _ := strings.Cut(body, `name="lot_`)
	s.post(WardKeeper, moved+"/nhan", form("lot_"+rest[:36], "299"), 422)
	s.post(WardKeeper, moved+"/nhan", form("lot_"+rest[:36], "299", "note", "Rách một bao"), 303)
	s.page("slip_received", WardKeeper, moved, 200)
	s.post(Keeper, slip+"/huy", form("reason", "Nhầm"), 409)
	s.post(Keeper, slip+"/huy", form("reason", ""), 422)
	s.page("slips", Keeper, main+"/phieu?q=ao+am", 200)
	s.get(Keeper, main+"/phieu.xlsx", 200)
	s.get(Keeper, main+"/ton.xlsx", 200)
	if w := s.send(Keeper, httptest.NewRequest("GET", slip+"/in.pdf", nil), 200); !bytes.HasPrefix(w.Body.Bytes(), []byte("%PDF")) {
		t.Error("the paper is no PDF")
	}
	body = s.page("count", Keeper, main+"/kiem-ke", 200)
	_, rest, _ = strings.Cut(body, `name="lot" value="`)
	s.post(Keeper, main+"/kiem-ke", form("party", "Ban kiểm kê", "lot", rest[:36], "booked_"+rest[:36], "700", "counted_"+rest[:36], "699"), 422)
	s.get(SisterHold, main, 403)
	s.get(WardKeeper, main+"/nhap", 403)
}

// table is an Excel file with a head and rows.
func table(t *testing.T, rows ...[]any) []byte {
	t.Helper()
	x := excelize.NewFile()
	for i, r := range append([][]any{{"Mã hoặc tên mặt hàng", "Số lượng", "Đơn vị tính", "Hạn dùng", "Đơn giá (đồng)"}}, rows...) {
		if err := x.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	b, err := x.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (s *site) upload(file []byte, want int) string {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("on", "21/11/2026")
	_ = m.WriteField("party", "Đoàn thiện nguyện")
	if file != nil {
		part, err := m.CreateFormFile("file", "hang.xlsx")
		if err != nil {
			s.t.Fatal(err)
		}
		_, _ = part.Write(file)
	}
	_ = m.Close()
	r := httptest.NewRequest("POST", reliefweb.Base+"/kho/"+s.Main.ID+"/excel", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	w := s.send(Keeper, r, want)
	if to := w.Header().Get("Location"); to != "" {
		to, _, _ = strings.Cut(to, "?ok=")
		return to
	}
	return w.Body.String()
}

// TestIntakeTable: wrong rows are named and nothing is booked; a right table is one slip; the same again is refused.
func TestIntakeTable(t *testing.T) {
	s := newSite(t)
	s.page("intake", Keeper, reliefweb.Base+"/kho/"+s.Main.ID+"/excel", 200)
	s.get(Keeper, reliefweb.Base+"/kho/mau.xlsx", 200)
	s.upload(nil, 422)
	s.upload([]byte("không phải bảng"), 422)
	body := s.upload(table(t, []any{"GAO", 100, "kg", "", ""}, []any{"gao te", -5, "kg", "", ""}, []any{"MI", 10, "gói", "", ""}, []any{"voi", 1, "con", "", ""}, []any{"SUA", 5, "hộp", "31/02/2027", "x"}), 422)
	golden.Body(t, "intake_refused", []byte(body), anID)
	for _, row := range []string{"Dòng 3", "Dòng 4", "Dòng 5", "Dòng 6"} {
		if !strings.Contains(body, row) {
			t.Errorf("%s is not named", row)
		}
	}
	if s.Lying(Keeper, s.Main, s.Rice) != 0 {
		t.Error("something was booked from a wrong table")
	}
	good := table(t, []any{"GAO", 100, "kg", "", "19.000"}, []any{"mi an lien", 40, "", "30/12/2026", ""})
	at := s.upload(good, 303)
	if body = s.upload(good, 422); !strings.Contains(body, "PNK 1/2026") {
		t.Error("the same table again does not name its slip")
	}
	if s.Lying(Keeper, s.Main, s.Rice) != 100 {
		t.Error("the rice is not in the warehouse")
	}
	s.post(Keeper, at+"/huy", form("reason", "Sai ngày"), 303)
	s.upload(good, 303)
	s.Balanced()
}

func TestHandPages(t *testing.T) {
	s := newSite(t)
	h := s.Home("Nguyễn Thị Thử", "040158000111")
	Must[relief.Slip](t)(s.Service.PostSlip(t.Context(), WardKeeper, relief.SlipForm{WarehouseID: s.Ward.ID, Kind: relief.SlipIn, OnDate: s.Service.Today(), Party: "Đoàn", Lines: []relief.Line{{ItemID: s.Rice.ID, Qty: 100, UnitValue: 20_000}}}))
	at := reliefweb.Base + "/kho/" + s.Ward.ID + "/phat"
	s.page("hand", WardKeeper, at, 200)
	f := form("viec", "tim", "q", "nguyen thi thu", "on", "21/11/2026")
	golden.Body(t, "hand_found", []byte(s.post(WardKeeper, at, f, 200)), anID, aCode)
	f = form("viec", "phat", "home", h.ID, "on", "21/11/2026", "item_1", s.Rice.ID, "qty_1", "10")
	s.post(WardKeeper, at, f, 422)
	f.Set("programme", "Bão số 9")
	f.Set("witness", "Khối trưởng")
	slip := s.post(WardKeeper, at, f, 303)
	s.page("slip_hand", WardKeeper, slip, 200)
	s.get(WardKeeper, slip+"/in.pdf", 200)
	golden.Body(t, "hand_double", []byte(s.post(WardKeeper, at, f, 409)), anID, aCode)
	f.Set("why", "Nhà thêm người sơ tán")
	s.post(WardKeeper, at, f, 303)
	s.get(SisterHold, at, 403)
}

func TestBoxPages(t *testing.T) {
	s := newSite(t)
	s.In(s.Rice, 25, "")
	s.In(s.Noodles, 9, "2026-12-30")
	s.page("batches_empty", Keeper, reliefweb.Base+"/thung", 200)
	s.page("plan", Keeper, reliefweb.Base+"/thung/moi?kho="+s.Main.ID, 200)
	f := form("from", s.Main.ID, "to", s.Main.ID, "name", "Suất một hộ", "boxes", "3", "item_1", s.Rice.ID, "qty_1", "10", "item_2", s.Noodles.ID, "qty_2", "1")
	s.post(Keeper, reliefweb.Base+"/thung/moi", f, 422)
	f.Set("to", s.Ward.ID)
	at := s.post(Keeper, reliefweb.Base+"/thung/moi", f, 303)
	body := s.page("batch", Keeper, at, 200)
	_, rest, _ := strings.Cut(body, `href="/cuu-tro/thung/`)
	code := rest[:13]
	s.page("labels", Keeper, at+"/nhan", 200)
	s.page("batches", WardKeeper, reliefweb.Base+"/thung", 200)
	s.page("batches_print", WardKeeper, reliefweb.Base+"/thung?in=1", 200)
	s.get(WardKeeper, reliefweb.Base+"/thung.xlsx", 200)
	s.page("trucks_empty", Keeper, reliefweb.Base+"/xe", 200)
	s.post(Keeper, reliefweb.Base+"/xe", form("from", s.Main.ID, "to", s.Ward.ID, "label", "Xe số 1", "phone", "12"), 422)
	s.post(Keeper, reliefweb.Base+"/xe", form("to", s.Ward.ID, "label", "Xe số 1"), 422)
	truck := s.post(Keeper, reliefweb.Base+"/xe", form("from", s.Main.ID, "to", s.Ward.ID, "label", "Xe số 1", "driver", "Cao Văn Lái", "phone", "0912000001"), 303)
	s.page("trucks", Keeper, reliefweb.Base+"/xe", 200)
	scan := reliefweb.Base + "/quet"
	s.page("scan", Packer, scan, 200)
	s.get(Collector, scan, 403)
	golden.Body(t, "scan_wrong_code", []byte(s.post(Packer, scan, form("act", "pack", "code", "abc"), 422)), anID, aCode)
	s.page("box_planned", nobody, "/cuu-tro/thung/"+code, 200)
	golden.Body(t, "scan_done", []byte(s.post(Packer, scan, form("act", "pack", "code", strings.ToLower(code)), 200)), anID, aCode)
	golden.Body(t, "scan_again", []byte(s.post(Packer, scan, form("act", "pack", "code", code), 200)), anID, aCode)
	s.page("scan_truck", Packer, scan+"?viec=load", 200)
	s.get(Packer, scan+"?viec=load&xe=-", 200)
	s.post(Packer, scan, form("act", "load", "code", code), 422)
	truckID := strings.TrimPrefix(truck, reliefweb.Base+"/xe/")
	s.post(Packer, scan, form("act", "load", "code", code, "truck", truckID), 200)
	s.page("truck", Keeper, truck, 200)
	s.post(Keeper, truck, form("viec", "away"), 303)
	s.post(Keeper, truck, form("viec", "away"), 409)
	s.page("box_loaded", nobody, "/cuu-tro/thung/"+code, 200)
	s.post(Keeper, truck, form("viec", "arrived"), 303)
	s.page("truck_missing", WardKeeper, truck, 200)
	s.post(SisterHold, scan, form("act", "receive", "code", code), 403)
	s.post(WardKeeper, scan, form("act", "receive", "code", code), 200)
	if body := s.page("box_received", nobody, "/cuu-tro/thung/"+code, 200); strings.Contains(body, "Cao Văn Lái") || strings.Contains(body, Packer.Name) {
		t.Error("the page of a box names somebody")
	}
	s.page("box_find", nobody, "/cuu-tro/thung", 200)
	s.get(nobody, "/cuu-tro/thung?ma=abc", 422)
	s.get(nobody, "/cuu-tro/thung?ma="+code, 303)
	_, rest, _ = strings.Cut(s.get(Keeper, at, 200), `name="box" value="`)
	s.post(Keeper, at+"/bo", form("box", rest[:36], "viec", "bo"), 303)
	s.post(Keeper, at+"/bo", form("box", rest[:36], "viec", "bo"), 409)
	s.Balanced()
}
