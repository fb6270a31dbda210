package localiseweb_test

import (
	"bytes"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
	"github.com/nhipcau/nhipcau/internal/publish/localiseweb"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
	"github.com/nhipcau/nhipcau/internal/publish/publishweb"
)

type house struct {
	*pt.World
	s *localise.Service
	h http.Handler
}

func open(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	w := pt.New(t, dbtest.SQLite(t, append(slices.Clone(pt.Migrations), localise.Migrations)...))
	s := localise.New(localise.Deps{DB: w.DB, Queue: w.Queue, Clock: w.Clock, Authz: w.Authz, Trail: w.Trail, Forest: w.Units.Forest, Posts: w.Publish, Pictures: w.Pictures,
		Credit: func(unit, name string) string { return unit + " " + name }})
	w.Publish.Attach(publish.Hooks{Locals: s})
	var rt web.Routes
	(&localiseweb.Pages{Service: s}).Routes(&rt)
	srv := &web.Server{Logger: slog.New(slog.DiscardHandler),
		Guard: func(r *http.Request, x web.Access) error {
			if !w.Authz.CanSomewhere(identity.ActorFrom(r.Context()), x.Action) {
				return fault.New(fault.Forbidden, "identity.not_allowed")
			}
			return nil
		},
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) }}
	return &house{World: w, s: s, h: srv.Mux(&rt)}
}

var words = func() *i18n.Bundle {
	b, err := i18n.Load(publishweb.Catalogue, localiseweb.Catalogue, picture.Catalogue, ui.Catalogue)
	if err != nil {
		panic(err)
	}
	return b
}()

func (h *house) do(a identity.Actor, r *http.Request) *httptest.ResponseRecorder {
	ctx := i18n.With(identity.WithActor(r.Context(), a), words.In(r.URL.Query().Get("lang")))
	ctx = ui.WithShell(ctx, ui.Shell{UserName: a.Name, SignedIn: a.SignedIn(), Path: r.URL.Path})
	rec := httptest.NewRecorder()
	h.h.ServeHTTP(rec, r.WithContext(ctx))
	return rec
}

func (h *house) get(t *testing.T, a identity.Actor, path string, want int) *httptest.ResponseRecorder {
	t.Helper()
	return check(t, h.do(a, httptest.NewRequest(http.MethodGet, path, nil)), want)
}

func (h *house) post(t *testing.T, a identity.Actor, path string, want int, pairs ...string) *httptest.ResponseRecorder {
	t.Helper()
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return check(t, h.do(a, r), want)
}

func check(t *testing.T, rec *httptest.ResponseRecorder, want int) *httptest.ResponseRecorder {
	t.Helper()
	if rec.Code != want {
		t.Fatalf("status %d, want %d: %.1500s", rec.Code, want, rec.Body.String())
	}
	return rec
}

// page compares what this package draws; the frame around it is the design system's.
func page(t *testing.T, name string, rec *httptest.ResponseRecorder) {
	t.Helper()
	s := rec.Body.String()
	i, j := strings.Index(s, "<main"), strings.LastIndex(s, "</main>")
	if i < 0 || j < i {
		t.Fatalf("the page has no main part: %.300s", s)
	}
	golden.Body(t, name, []byte(s[i:j+len("</main>")]),
		golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "ID"),
		golden.Replace(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00`, "TIME"), golden.Replace(`\d\d/\d\d/20\d\d \d\d:\d\d`, "TIME"))
}

func TestLocalPages(t *testing.T) {
	h := open(t)
	page(t, "list-empty", h.get(t, pt.Cuc, "/lam-viec/ban-dia-phuong", 200))
	p := h.Write(t, pt.Everywhere("Ngày hội Đại đoàn kết"))
	at := "/lam-viec/tin-bai/" + p.ID + "/dia-phuong"
	page(t, "window-none", h.get(t, pt.An, at, 200))
	page(t, "window-refused", h.post(t, pt.An, at, http.StatusUnprocessableEntity, "day", "2020-01-01", "hour", "08:00"))
	h.post(t, pt.Hoa, at, http.StatusForbidden, "day", "2026-11-25")
	h.post(t, pt.An, at, http.StatusSeeOther, "day", "2026-11-25", "hour", "17:00", "approval", "on")
	h.Approve(t, p, publish.Approval{Mode: publish.ModeNow})
	page(t, "list", h.get(t, pt.Cuc, "/lam-viec/ban-dia-phuong", 200))
	desk := "/lam-viec/ban-dia-phuong/" + p.ID + "/" + orgunittest.VinhHung
	page(t, "desk-write", h.get(t, pt.Cuc, desk, 200))
	h.get(t, pt.La, desk, http.StatusNotFound)
	page(t, "desk-refused", h.post(t, pt.Cuc, desk, http.StatusUnprocessableEntity, "rev", "0", "act", "submit", "words", " "))
	h.upload(t, pt.Cuc, desk, http.StatusSeeOther)
	h.post(t, pt.Cuc, desk, http.StatusForbidden, "rev", "1", "act", "approve")
	page(t, "desk-judge", h.get(t, pt.Dung, desk, 200))
	h.post(t, pt.Dung, desk, http.StatusUnprocessableEntity, "rev", "1", "act", "return")
	h.post(t, pt.Dung, desk, http.StatusSeeOther, "rev", "1", "act", "return", "reason", "Thiếu tên khối.")
	page(t, "desk-returned", h.get(t, pt.Cuc, desk, 200))
	h.post(t, pt.Cuc, desk, http.StatusSeeOther, "rev", "2", "act", "submit", "words", "Khối Kim Tân góp 2 tấn gạo.", "alt", "Bà con")
	h.post(t, pt.Dung, desk, http.StatusSeeOther, "rev", "3", "act", "approve")
	h.post(t, pt.La, "/lam-viec/ban-dia-phuong/"+p.ID+"/"+orgunittest.KimLien, http.StatusSeeOther, "rev", "0", "act", "as_is")
	page(t, "progress", h.get(t, pt.Binh, at, 200))
	h.Clock.Advance(20 * 24 * time.Hour)
	page(t, "desk-over", h.get(t, pt.Cuc, desk, 200))
	h.post(t, pt.Cuc, desk, http.StatusConflict, "rev", "4", "act", "submit", "words", "Muộn.")
}

// upload sends the form with a picture.
func (h *house) upload(t *testing.T, a identity.Actor, path string, want int) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range map[string]string{"rev": "0", "act": "submit", "words": "Khối Kim Tân góp gạo.", "alt": "Bà con chuyển gạo"} {
		if err := m.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	f, err := m.CreateFormFile("photo", "gao.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(pt.PNG(800, 600)); err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	check(t, h.do(a, r), want)
}

func TestOfferPages(t *testing.T) {
	h := open(t)
	page(t, "offers-empty", h.get(t, pt.An, "/lam-viec/de-xuat-bai", 200))
	ctx := t.Context()
	p, err := h.Publish.Create(ctx, pt.La, orgunittest.KimLien, pt.Draft("Đình làng Sen sáng đèn", orgunittest.KimLien))
	if err == nil {
		p, err = h.Publish.Submit(ctx, pt.La, p.ID, p.Rev)
	}
	if err != nil {
		t.Fatal(err)
	}
	at := "/lam-viec/tin-bai/" + p.ID + "/de-xuat"
	page(t, "offer-early", h.get(t, pt.La, at, 200))
	h.Approve(t, p, publish.Approval{Mode: publish.ModeNow})
	h.Drain(t)
	page(t, "offer", h.get(t, pt.La, at, 200))
	page(t, "offer-take", h.get(t, pt.An, at, 200))
	page(t, "offer-refused", h.post(t, pt.La, at, http.StatusUnprocessableEntity, "to", orgunittest.Province, "credit", "Nguyễn Thị Mận"))
	h.post(t, pt.La, at, http.StatusSeeOther, "to", orgunittest.Province, "credit", "Nguyễn Thị Mận", "consent", "on", "note", "Chuyện hay.")
	page(t, "offers", h.get(t, pt.An, "/lam-viec/de-xuat-bai", 200))
	list, err := h.s.OffersOf(ctx, pt.La, p.ID)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	offer := "/lam-viec/de-xuat-bai/" + list[0].ID
	page(t, "offers-refused", h.post(t, pt.An, offer+"/tu-choi", http.StatusUnprocessableEntity))
	h.post(t, pt.Cuc, offer+"/lay", http.StatusNotFound)
	h.post(t, pt.An, offer+"/lay", http.StatusSeeOther)
	h.post(t, pt.An, offer+"/tu-choi", http.StatusConflict, "reason", "Thôi.")
	page(t, "offers-sent", h.get(t, pt.La, "/lam-viec/de-xuat-bai?xem=gui", 200))
	h.post(t, pt.An, "/lam-viec/tin-bai/"+p.ID+"/lay-ve", http.StatusConflict, "to", orgunittest.Province)
}
