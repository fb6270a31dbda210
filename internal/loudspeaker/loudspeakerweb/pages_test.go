package loudspeakerweb_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/loudspeaker"
	lt "github.com/nhipcau/nhipcau/internal/loudspeaker/loudspeakertest"
	"github.com/nhipcau/nhipcau/internal/loudspeaker/loudspeakerweb"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

// house is the pages of the loudspeaker behind a guard.
type house struct {
	*lt.World
	h http.Handler
}

func open(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	w := lt.New(t, dbtest.SQLite(t, lt.Migrations...))
	var rt web.Routes
	loudspeakerweb.New(w.Loud).Routes(&rt)
	srv := &web.Server{Logger: slog.New(slog.DiscardHandler),
		Guard: func(r *http.Request, x web.Access) error {
			a := identity.ActorFrom(r.Context())
			if x.Door == web.DoorPublic {
				return nil
			}
			if !a.SignedIn() {
				return fault.New(fault.Unauthenticated, "identity.sign_in_first")
			}
			if !w.Authz.CanSomewhere(a, x.Action) {
				return fault.New(fault.Forbidden, "identity.not_allowed")
			}
			return nil
		},
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) }}
	return &house{World: w, h: srv.Mux(&rt)}
}

func (h *house) do(a identity.Actor, method, path string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	ctx := i18n.With(identity.WithActor(r.Context(), a), h.Words.In(r.URL.Query().Get("lang")))
	ctx = ui.WithShell(ctx, ui.Shell{UserName: a.Name, SignedIn: a.SignedIn(), Flash: ui.Flash(r.WithContext(ctx)), Path: r.URL.Path})
	rec := httptest.NewRecorder()
	h.h.ServeHTTP(rec, r.WithContext(ctx))
	return rec
}

func (h *house) get(a identity.Actor, path string) *httptest.ResponseRecorder {
	return h.do(a, http.MethodGet, path, nil)
}

func (h *house) post(a identity.Actor, path string, f url.Values) *httptest.ResponseRecorder {
	return h.do(a, http.MethodPost, path, strings.NewReader(f.Encode()))
}

func status(t *testing.T, rec *httptest.ResponseRecorder, want int) {
	t.Helper()
	if rec.Code != want {
		t.Fatalf("status %d, want %d: %.1500s", rec.Code, want, rec.Body.String())
	}
}

func has(t *testing.T, rec *httptest.ResponseRecorder, texts ...string) {
	t.Helper()
	for _, x := range texts {
		if !strings.Contains(rec.Body.String(), x) {
			t.Errorf("the page does not say %q", x)
		}
	}
}

// page compares the main part: the frame around it is the design system's.
func page(t *testing.T, name string, rec *httptest.ResponseRecorder) {
	t.Helper()
	s := rec.Body.String()
	i, j := strings.Index(s, "<main"), strings.LastIndex(s, "</main>")
	if i < 0 || j < i {
		t.Fatalf("the page has no main part: %.300s", s)
	}
	golden.Body(t, name, []byte(s[i:j+len("</main>")]),
		golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "ID"),
		golden.Replace(`/t/[a-z2-9]{6}`, "/t/CODE"),
		golden.Replace(`2026-11-21T\d\d:\d\d:\d\d\+07:00`, "2026-11-21T09:00:00+07:00"),
		golden.Replace(`21/11/2026 \d\d:\d\d`, "21/11/2026 09:00"),
		golden.Replace(`<b>\s*\d:\d\d\s*</b>`, "<b>0:00</b>"),
		golden.Replace(`\((?:wav|mp3|ogg), [\d.]+ kB\)`, "(SIZE)"))
}

func loa(p publish.Post, rest string) string { return "/lam-viec/tin-bai/" + p.ID + "/loa" + rest }

func invitation() publish.Draft {
	d := pt.Everywhere("Mời họp lúc 7h30 ngày 23/11/2026")
	d.Lead, d.Body = "UBND và MTTQ mời bà con.", "<p>Họp tại nhà văn hoá, số nhà 12/4B.</p>"
	return d
}

func TestSoundPages(t *testing.T) {
	h := open(t)
	p := h.Live(t, invitation())
	rec := h.get(pt.Hoa, loa(p, ""))
	status(t, rec, 200)
	page(t, "sound", rec)
	has(t, rec, "bảy giờ ba mươi phút", "Ủy ban nhân dân và Mặt trận Tổ quốc", "số nhà mười hai trên bốn bê")
	rec = h.post(pt.Hoa, loa(p, ""), url.Values{"act": {"listen"}, "script": {"Góp 50.000đ"}})
	status(t, rec, 200)
	has(t, rec, "năm mươi nghìn đồng", ">Góp 50.000đ</textarea>")
	rec = h.post(pt.Hoa, loa(p, ""), url.Values{"act": {"record"}, "script": {" "}})
	status(t, rec, 422)
	has(t, rec, "Xin viết lời đọc", `id="f-script-err"`)
	status(t, h.post(pt.Hoa, loa(p, ""), url.Values{"act": {"record"}, "script": {strings.Repeat("x", 2<<20)}}), 413)
	rec = h.post(pt.Hoa, loa(p, "?don_vi="+orgunittest.KimLien), url.Values{"act": {"record"}, "script": {"Mời bà con đi họp."}})
	status(t, rec, 303)
	to, _, _ := strings.Cut(rec.Header().Get("Location"), "#")
	rec = h.get(pt.Hoa, to)
	has(t, rec, "Đang đọc thành tiếng", "Đang làm", `hx-trigger="every 2s"`)
	h.Drain(t)
	rec = h.get(pt.Hoa, to)
	page(t, "sound-ready", rec)
	has(t, rec, "Đã xong", "Ngắn hơn 60 giây", "<audio controls")
	m := regexp.MustCompile(`<audio controls preload="none" src="([^"]+)"`).FindStringSubmatch(rec.Body.String())
	if m == nil {
		t.Fatal("there is no player")
	}
	rec = h.get(pt.Hoa, m[1])
	status(t, rec, 200)
	if ct := rec.Header().Get("Content-Type"); !strings.HasPrefix(ct, "audio/") || rec.Header().Get("Accept-Ranges") != "bytes" || rec.Body.Len() < 1000 {
		t.Errorf("%s, %d bytes", ct, rec.Body.Len())
	}
	if d := h.get(pt.Hoa, m[1]+"?tai=1").Header().Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="loa-2026-11-21.`) {
		t.Errorf("download as %q", d)
	}
	status(t, h.get(pt.Cuc, m[1]), 404)
	status(t, h.get(identity.Citizen(), m[1]), 303)
	p, err := h.Publish.Correct(t.Context(), pt.An, p.ID, p.Rev)
	if err != nil {
		t.Fatal(err)
	}
	d := invitation()
	d.Erratum = "Sai giờ"
	if p, err = h.Publish.Save(t.Context(), pt.An, p.ID, p.Rev, d); err == nil {
		p, err = h.Publish.Submit(t.Context(), pt.An, p.ID, p.Rev)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.Approve(t, p, publish.Approval{Mode: publish.ModeNow})
	has(t, h.get(pt.Hoa, to), "Bài đã được đính chính sau khi làm tệp này")
}

func TestWithoutAVoice(t *testing.T) {
	h := open(t)
	h.Loud.Voice = loudspeaker.NewCommand("khong-co-giong -v vi {in} {out}")
	p := h.Live(t, invitation())
	rec := h.get(pt.Hoa, loa(p, ""))
	status(t, rec, 200)
	has(t, rec, "Máy chủ chưa có chương trình đọc khong-co-giong", "apt-get install khong-co-giong")
	if strings.Contains(rec.Body.String(), `value="record"`) {
		t.Error("a recording is offered that cannot be made")
	}
	rec = h.post(pt.Hoa, loa(p, ""), url.Values{"act": {"record"}, "script": {"Lời đã gõ"}})
	status(t, rec, 409)
	has(t, rec, "Lời đã gõ", "Máy chủ chưa có chương trình đọc khong-co-giong")
	status(t, h.get(pt.Hoa, loa(p, "/ap-phich.pdf")), 200)
}

func TestPosterAndMessagePages(t *testing.T) {
	h := open(t)
	p := h.Live(t, invitation())
	rec := h.get(pt.An, loa(p, "/ap-phich"))
	status(t, rec, 200)
	page(t, "poster", rec)
	rec = h.get(pt.An, loa(p, "/ap-phich.pdf?don_vi="+orgunittest.KimLien))
	status(t, rec, 200)
	if rec.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(rec.Body.String(), "%PDF") || !strings.Contains(rec.Header().Get("Content-Disposition"), "ap-phich-moi-hop-luc-7h30") {
		t.Errorf("%v", rec.Header())
	}
	rec = h.get(pt.An, loa(p, "/tin-nhan"))
	status(t, rec, 200)
	page(t, "message", rec)
	code := regexp.MustCompile(`https://nhipcau.example(/t/[a-z2-9]{6})`).FindStringSubmatch(rec.Body.String())
	if code == nil {
		t.Fatal("the message has no short address")
	}
	rec = h.get(identity.Citizen(), code[1])
	status(t, rec, 303)
	if to := rec.Header().Get("Location"); !strings.HasSuffix(to, "/tin/moi-hop-luc-7h30-ngay-23-11-2026") {
		t.Errorf("the short address leads to %s", to)
	}
	status(t, h.get(identity.Citizen(), "/t/khongco"), 404)
	rec = h.post(pt.An, loa(p, "/tin-nhan"), url.Values{"plain": {strings.Repeat("ờ", 161)}, "accented": {"Mời họp"}})
	has(t, rec, "161 ký tự, 2 tin", "Quá 160 ký tự", "7 ký tự, 1 tin, còn chỗ cho 63 ký tự")
	has(t, h.get(pt.An, loa(p, "/tin-nhan")+"?lang=en"), "Without diacritics")
	status(t, h.get(pt.An, loa(p, "?don_vi=khongco")), 422)
	status(t, h.get(pt.Cuc, loa(p, "/tin-nhan")), 404)
	status(t, h.get(pt.An, loa(h.Write(t, pt.Everywhere("Chưa duyệt")), "")), 409)
	held := h.Approve(t, h.Write(t, pt.Everywhere("Chờ đăng")), publish.Approval{Mode: publish.ModeHold})
	has(t, h.get(pt.An, loa(held, "/ap-phich")), "Bài chưa có địa chỉ công khai")
	has(t, h.get(pt.An, loa(held, "/tin-nhan")), "Bài chưa có địa chỉ công khai")
}
