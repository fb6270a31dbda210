package publishweb_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
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
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
	"github.com/nhipcau/nhipcau/internal/publish/publishweb"
)

// house is the pages of publishing behind a guard, with somebody signed in.
type house struct {
	*pt.World
	h http.Handler
}

func open(t *testing.T) *house {
	t.Helper()
	t.Parallel()
	w := pt.New(t, dbtest.SQLite(t, pt.Migrations...))
	var rt web.Routes
	publishweb.New(w.Publish, w.Clock).Routes(&rt)
	srv := &web.Server{Logger: slog.New(slog.DiscardHandler),
		Guard: func(r *http.Request, x web.Access) error {
			a := identity.ActorFrom(r.Context())
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

var words = func() *i18n.Bundle {
	b, err := i18n.Load(publishweb.Catalogue, ui.Catalogue, picture.Catalogue)
	if err != nil {
		panic(err)
	}
	return b
}()

func (h *house) do(a identity.Actor, r *http.Request) *httptest.ResponseRecorder {
	ctx := identity.WithActor(r.Context(), a)
	ctx = i18n.With(ctx, words.In(r.URL.Query().Get("lang")))
	ctx = ui.WithShell(ctx, ui.Shell{UserName: a.Name, UnitName: "Tỉnh Nghệ An", SignedIn: a.SignedIn(), Flash: ui.Flash(r.WithContext(ctx)), Path: r.URL.Path})
	rec := httptest.NewRecorder()
	h.h.ServeHTTP(rec, r.WithContext(ctx))
	return rec
}

func (h *house) get(a identity.Actor, path string) *httptest.ResponseRecorder {
	return h.do(a, httptest.NewRequest(http.MethodGet, path, nil))
}

func (h *house) post(a identity.Actor, path string, pairs ...string) *httptest.ResponseRecorder {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return h.do(a, r)
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

var steady = []golden.Option{
	golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`, "ID"),
	golden.Replace(`2026-11-21T\d\d:\d\d:\d\d\+07:00`, "2026-11-21T09:00:00+07:00"),
	golden.Replace(`21/11/2026 \d\d:\d\d`, "21/11/2026 09:00"),
}

func page(t *testing.T, name string, rec *httptest.ResponseRecorder) {
	t.Helper()
	golden.Body(t, name, mainPart(t, rec), steady...)
}

// mainPart cuts the page to what this package draws: the frame around it is the design system's.
func mainPart(t *testing.T, rec *httptest.ResponseRecorder) []byte {
	t.Helper()
	s := rec.Body.String()
	i, j := strings.Index(s, "<main"), strings.LastIndex(s, "</main>")
	if i < 0 || j < i {
		t.Fatalf("the page has no main part: %.300s", s)
	}
	return []byte(s[i : j+len("</main>")])
}

func ref(p publish.Post, rest string) string { return "/lam-viec/tin-bai/" + p.ID + rest }

func rev(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	m := regexp.MustCompile(`name="rev" value="(\d+)"`).FindStringSubmatch(rec.Body.String())
	if m == nil {
		t.Fatal("the page has no revision")
	}
	return m[1]
}

func TestListPages(t *testing.T) {
	h := open(t)
	rec := h.get(pt.An, "/lam-viec/tin-bai")
	status(t, rec, 200)
	page(t, "list-empty", rec)
	h.Write(t, pt.Everywhere("Thư mời họp dân"))
	h.Live(t, pt.Everywhere("Ngày hội Đại đoàn kết"))
	page(t, "list", h.get(pt.An, "/lam-viec/tin-bai"))
	rec = h.get(pt.Hoa, "/lam-viec/tin-bai?q=dai+doan+ket&trang_thai=published")
	status(t, rec, 200)
	if s := rec.Body.String(); strings.Contains(s, "Thư mời họp dân") || !strings.Contains(s, "Ngày hội Đại đoàn kết") || strings.Contains(s, "/moi") {
		t.Error("the filter or the rights of a leader are wrong")
	}
	has(t, h.get(pt.An, "/lam-viec/tin-bai?q=khongco"), "Không có tin bài nào như vậy")
	has(t, h.get(pt.An, "/lam-viec/tin-bai?in=1"), "Thư mời họp dân")
	has(t, h.get(pt.An, "/lam-viec/tin-bai?lang=en"), "Write a post")
	rec = h.get(pt.An, "/lam-viec/tin-bai.xlsx?q=hop")
	status(t, rec, 200)
	if rec.Header().Get("Content-Type") != "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" || !bytes.HasPrefix(rec.Body.Bytes(), []byte("PK")) {
		t.Error("no Excel file")
	}
	admin := identity.Actor{Kind: identity.ActorOfficial, ID: "it", Grants: []identity.Grant{{Role: identity.RoleSystemAdmin, UnitID: orgunittest.Province}}}
	rec = h.get(admin, "/lam-viec/tin-bai")
	status(t, rec, 403)
	page(t, "list-forbidden", rec)
	status(t, h.get(identity.Citizen(), "/lam-viec/tin-bai"), 303)
}

func TestWritingWithoutScript(t *testing.T) {
	h := open(t)
	rec := h.get(pt.An, "/lam-viec/tin-bai/moi")
	status(t, rec, 200)
	page(t, "edit-new", rec)
	rec = h.post(pt.An, "/lam-viec/tin-bai/moi", "unit", orgunittest.Province, "title", "Họp dân", "lead", strings.Repeat("ơ", 2001), "body", "Đoạn một\n\nĐoạn hai",
		"media_url", "ftp://x", "category", "notice", "targets", "subtree:"+orgunittest.Province, "kinds_asked", "1", "kinds", "zalo", "day", "30/11/2026", "hour", "08:15", "title_zalo", "Bản Zalo")
	status(t, rec, 422)
	has(t, rec, "Dài 2001 ký tự", "bắt đầu bằng https://", "Đoạn một\n\nĐoạn hai", `value="ftp://x"`, `value="Họp dân"`, `value="2026-11-30"`, `value="08:15"`, `value="Bản Zalo"`)
	page(t, "edit-refused", rec)

	rec = h.post(pt.An, "/lam-viec/tin-bai/moi", "unit", orgunittest.Province, "title", "Họp dân", "lead", "Mời bà con", "body", "Đoạn một\n\nĐoạn hai ((tên đơn vị))",
		"category", "notice", "targets", "subtree:"+orgunittest.Province, "kinds_asked", "1", "kinds", "zalo")
	status(t, rec, 303)
	to := rec.Header().Get("Location")
	rec = h.get(pt.An, to)
	has(t, rec, "Đã lưu bản nháp", "Đoạn một\n\nĐoạn hai ((tên đơn vị))")
	path := strings.SplitN(to, "?", 2)[0]
	r1 := rev(t, rec)

	rec = h.post(pt.An, strings.Replace(path, "/sua", "/tu-luu", 1), "rev", r1, "title", "Họp dân khối", "body", "x", "targets", "subtree:"+orgunittest.Province)
	status(t, rec, 200)
	has(t, rec, "Đã lưu 09:0")
	r2 := rev(t, rec)
	rec = h.post(pt.An, strings.Replace(path, "/sua", "/tu-luu", 1), "rev", r1, "title", "muộn")
	has(t, rec, "Chưa lưu được", "Người khác vừa thay đổi")

	rec = h.post(pt.An, path, "rev", r2, "act", "submit", "title", "Họp dân", "lead", "", "body", "<p>Gửi ((ai đó))</p>", "category", "notice", "targets", "unit:"+orgunittest.KimLien, "kinds_asked", "1")
	status(t, rec, 422)
	has(t, rec, "Xin viết lời dẫn", "Không hiểu chỗ điền ((ai đó))", "Gửi ((ai đó))")
	rec = h.post(pt.An, path, "rev", rev(t, rec), "act", "submit", "title", "Họp dân", "lead", "Mời", "body", "<p>Gửi bà con</p>", "category", "notice", "targets", "unit:"+orgunittest.KimLien, "kinds_asked", "1")
	status(t, rec, 303)
	rec = h.get(pt.An, rec.Header().Get("Location"))
	has(t, rec, "Đã gửi duyệt", "Chờ duyệt", "1 đơn vị nhận bài")
	status(t, h.get(pt.An, path), 303) // nothing to edit any more
	status(t, h.get(pt.Cuc, path), 404)
	status(t, h.get(pt.Hoa, path), 403)
}

func TestTwoWriteAtOnce(t *testing.T) {
	h := open(t)
	p, err := h.Publish.Create(context.Background(), pt.An, orgunittest.Province, pt.Everywhere("Bản chung"))
	if err != nil {
		t.Fatal(err)
	}
	status(t, h.post(pt.Giang, ref(p, "/sua"), "rev", "1", "title", "Bản của Giang", "lead", "L", "body", "Giang viết"), 303)
	rec := h.post(pt.An, ref(p, "/sua"), "rev", "1", "title", "Bản của An", "lead", "L", "body", "An viết")
	status(t, rec, 409)
	has(t, rec, "Người khác vừa sửa bài này", "Giang viết", "An viết", `value="Bản của An"`, "<del>Giang</del>", "<ins>An</ins>")
	page(t, "edit-conflict", rec)
	rec = h.post(pt.An, ref(p, "/sua"), "rev", rev(t, rec), "title", "Bản của An", "lead", "L", "body", "An viết")
	status(t, rec, 303)
}

func upload(t *testing.T, path string, fields map[string]string, file string, content []byte) *http.Request {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := m.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	f, err := m.CreateFormFile(file, "anh.png")
	if err == nil {
		_, err = f.Write(content)
	}
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	r := httptest.NewRequest(http.MethodPost, path, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return r
}

func TestUploads(t *testing.T) {
	h := open(t)
	ctx := context.Background()
	p, err := h.Publish.Create(ctx, pt.An, orgunittest.Province, pt.Everywhere("Có ảnh"))
	if err != nil {
		t.Fatal(err)
	}
	typed := map[string]string{"rev": "1", "title": "Có ảnh", "lead": "Lời dẫn", "body": "Nội dung", "photo_alt": "Bà con dự họp"}
	rec := h.do(pt.An, upload(t, ref(p, "/sua"), typed, "photo", pt.PNG(300, 200)))
	status(t, rec, 303)
	rec = h.get(pt.An, rec.Header().Get("Location"))
	has(t, rec, `value="Bà con dự họp"`, "320.webp", " checked")
	typed["rev"] = rev(t, rec)
	rec = h.do(pt.An, upload(t, ref(p, "/sua"), typed, "photo", []byte("%PDF-1.4 not a picture")))
	status(t, rec, 422)
	has(t, rec, `value="Có ảnh"`, "Lời dẫn")
	if !strings.Contains(rec.Body.String(), `id="f-photo-err"`) {
		t.Error("the refusal does not stand beside the field")
	}
	r := upload(t, ref(p, "/anh"), nil, "file", pt.PNG(40, 40))
	rec = h.do(pt.An, r)
	status(t, rec, 200)
	has(t, rec, `"url":"/anh/`)
	r = upload(t, ref(p, "/anh"), nil, "file", []byte("GIF89a"))
	r.Header.Set("Accept", "application/json")
	status(t, h.do(pt.An, r), 422)
	status(t, h.do(pt.Cuc, upload(t, ref(p, "/anh"), nil, "file", pt.PNG(4, 4))), 404)
	r = upload(t, ref(p, "/anh"), nil, "file", bytes.Repeat([]byte{0xff}, picture.MaxBytes+2<<20))
	status(t, h.do(pt.An, r), 413)
}

func TestReviewPages(t *testing.T) {
	h := open(t)
	ctx := context.Background()
	d := pt.Everywhere("Họp lúc 7 giờ")
	d.Editions = []publish.Edition{{Kind: channel.Zalo, Words: publish.Words{Title: "Bản Zalo"}}}
	p := h.Write(t, d)
	rec := h.get(pt.Binh, ref(p, ""))
	status(t, rec, 200)
	page(t, "review", rec)
	has(t, h.get(pt.Hoa, ref(p, "")), "Chờ duyệt")
	rec = h.post(pt.Binh, ref(p, "/tra-lai"), "rev", rev(t, rec), "reason", " ")
	status(t, rec, 422)
	has(t, rec, "Xin viết lý do", `id="f-reason-err"`)
	rec = h.post(pt.Binh, ref(p, "/duyet"), "rev", "2", "mode", "at", "day", "01/01/2020", "hour", "07:00")
	status(t, rec, 422)
	has(t, rec, "Giờ này đã qua")
	rec = h.post(pt.Binh, ref(p, "/duyet"), "rev", "2", "mode", "at", "day", "hôm nay")
	has(t, rec, "Ngày chưa đúng", `value="hôm nay"`)
	status(t, h.post(pt.Binh, ref(p, "/duyet"), "rev", "1", "mode", "now"), 409)
	status(t, h.post(pt.Giang, ref(p, "/tra-lai"), "rev", "2", "reason", "Giờ họp là 8 giờ"), 303)
	has(t, h.get(pt.An, ref(p, "")), "trả lại bài này", "Giờ họp là 8 giờ")
	rec = h.get(pt.An, ref(p, "/sua"))
	has(t, rec, "Giờ họp là 8 giờ")
	d.Title = "Họp lúc 8 giờ"
	p, err := h.Publish.Save(ctx, pt.An, p.ID, 3, d)
	if err == nil {
		p, err = h.Publish.Submit(ctx, pt.An, p.ID, p.Rev)
	}
	if err != nil {
		t.Fatal(err)
	}
	rec = h.get(pt.Binh, ref(p, ""))
	has(t, rec, "<del>7</del>", "<ins>8</ins>", "Khác gì so với bản 1")
	status(t, h.post(pt.Hoa, ref(p, "/nhan-xet"), "comment", "Nên thêm bản đồ"), 303)
	status(t, h.post(pt.Hoa, ref(p, "/nhan-xet"), "comment", ""), 422)
	rec = h.post(pt.Binh, ref(p, "/duyet"), "rev", rev(t, h.get(pt.Binh, ref(p, ""))), "mode", "now", "canary", "1")
	status(t, rec, 303)
	if !strings.Contains(rec.Header().Get("Location"), "/luot-dang") {
		t.Error("approval does not lead to the wall")
	}
	has(t, h.get(pt.Hoa, ref(p, "")), "Nên thêm bản đồ", "Duyệt bản 2")
	rec = h.get(pt.An, ref(p, "/xem-thu?kenh=zalo&don_vi="+orgunittest.KimLien))
	status(t, rec, 200)
	page(t, "preview", rec)
	has(t, h.get(pt.An, ref(p, "/xem-thu?kenh=facebook")), "Họp lúc 8 giờ")
	status(t, h.get(pt.An, ref(p, "/xem-thu?kenh=zalo&don_vi=khongco")), 422)
}

func TestFourEyesOnThePage(t *testing.T) {
	h := open(t)
	ctx := context.Background()
	p, err := h.Publish.Create(ctx, pt.Giang, orgunittest.Province, pt.Everywhere("Bài của Giang"))
	if err == nil {
		p, err = h.Publish.Submit(ctx, pt.Giang, p.ID, p.Rev)
	}
	if err != nil {
		t.Fatal(err)
	}
	rec := h.get(pt.Giang, ref(p, ""))
	has(t, rec, "không tự duyệt được")
	if strings.Contains(rec.Body.String(), `id="approve"`) {
		t.Error("the author is offered to approve")
	}
	status(t, h.post(pt.Giang, ref(p, "/duyet"), "rev", "2", "mode", "now"), 403)
}

func TestWallPages(t *testing.T) {
	h := open(t)
	h.Zalo.Refuse(func(a channel.Account) error {
		if a.UnitID == orgunittest.KimLien {
			return pt.Broken(channel.Zalo)
		}
		return nil
	})
	p := h.Live(t, pt.Everywhere("Tường biên nhận"))
	rec := h.get(pt.Binh, ref(p, "/luot-dang"))
	status(t, rec, 200)
	golden.Body(t, "wall", mainPart(t, rec), append(steady, golden.Replace(`href="https://(zalo|facebook).example/[^"]*"`, `href="https://$1.example/ID"`))...)
	bad := regexp.MustCompile(`mo=([0-9a-f-]{36})#mo" title="Xã Kim Liên`).FindStringSubmatch(rec.Body.String())
	if bad == nil {
		t.Fatal("no failed square for Kim Liên")
	}
	rec = h.get(pt.Binh, ref(p, "/luot-dang?kenh=zalo&mo="+bad[1]))
	has(t, rec, `id="mo"`, "Đăng lại kênh này", "Xã Kim Liên – Không đăng được")
	has(t, h.get(pt.Binh, ref(p, "/luot-dang?kenh=portal")), "Cổng thông tin")
	has(t, h.get(pt.Binh, ref(p, "/luot-dang?trang_thai=failed&in=1")), "Xã Kim Liên")
	status(t, h.get(pt.Binh, ref(p, "/luot-dang.xlsx?kenh=zalo")), 200)
	status(t, h.post(pt.Hoa, ref(p, "/dang-lai"), "all", "1"), 403)
	status(t, h.post(pt.Binh, ref(p, "/dang-lai")), 422)
	h.Zalo.Refuse(nil)
	rec = h.post(pt.Binh, ref(p, "/dang-lai"), "delivery", bad[1], "kenh", "zalo")
	status(t, rec, 303)
	h.Drain(t)
	if n := len(h.Zalo.Standing()); n != 4 {
		t.Errorf("%d at Zalo after trying again", n)
	}
	has(t, h.get(pt.Binh, h.post(pt.Binh, ref(p, "/dang-lai"), "all", "1").Header().Get("Location")), "Không còn lượt nào cần đăng lại")
	draft := h.Write(t, pt.Everywhere("Chưa đăng"))
	rec = h.get(pt.Binh, ref(draft, "/luot-dang"))
	has(t, rec, "Chưa có lượt đăng nào")
	status(t, h.get(pt.Dung, ref(p, "/luot-dang")), 404)
}

func TestCanaryOnTheWall(t *testing.T) {
	h := open(t)
	h.Zalo.Refuse(func(channel.Account) error { return pt.Broken(channel.Zalo) })
	p := h.Approve(t, h.Write(t, pt.Everywhere("Đăng thử")), publish.Approval{Mode: publish.ModeNow, WantCanary: true})
	has(t, h.get(pt.Binh, ref(p, "/luot-dang")), "Đang đăng thử ở 3 kênh đầu", `hx-trigger="every 2s"`)
	h.Drain(t)
	rec := h.get(pt.Binh, ref(p, "/luot-dang"))
	has(t, rec, "các kênh còn lại đang được giữ", "Đăng tiếp 2 lượt còn lại")
	if strings.Contains(rec.Body.String(), "hx-trigger") {
		t.Error("a resting wall keeps asking")
	}
	has(t, h.get(pt.Binh, "/lam-viec/tin-bai"), "Đăng thử bị hỏng")
	h.Zalo.Refuse(nil)
	status(t, h.post(pt.An, ref(p, "/dang-tiep")), 403)
	status(t, h.post(pt.Binh, ref(p, "/dang-tiep")), 303)
	status(t, h.post(pt.Binh, ref(p, "/dang-tiep")), 303) // pressed twice
}

func TestCorrectAndRetractPages(t *testing.T) {
	h := open(t)
	p := h.Live(t, pt.Everywhere("Sai giờ"))
	rec := h.get(pt.Giang, ref(p, ""))
	page(t, "published", rec)
	rec = h.post(pt.An, ref(p, "/dinh-chinh"), "rev", rev(t, rec))
	status(t, rec, 303)
	rec = h.get(pt.An, rec.Header().Get("Location"))
	has(t, rec, "Điều đã sai", "Bỏ bản đính chính", "Bản cũ vẫn đăng")
	rec = h.post(pt.An, ref(p, "/bo"), "rev", rev(t, rec))
	status(t, rec, 303)
	has(t, h.get(pt.An, rec.Header().Get("Location")), "Đã bỏ bản đính chính")
	rec = h.get(pt.Binh, ref(p, ""))
	r := rev(t, rec)
	rec = h.post(pt.Binh, ref(p, "/go"), "rev", r, "retract_reason", "")
	status(t, rec, 422)
	has(t, rec, `id="f-retract_reason-err"`)
	status(t, h.post(pt.Binh, ref(p, "/go"), "rev", r, "retract_reason", "Cuộc họp đã hoãn"), 303)
	has(t, h.get(pt.Binh, ref(p, "")), "Bài đã được gỡ", "Cuộc họp đã hoãn")
}

func TestGroupPages(t *testing.T) {
	h := open(t)
	rec := h.get(pt.An, "/lam-viec/nhom-don-vi")
	status(t, rec, 200)
	page(t, "groups", rec)
	rec = h.post(pt.An, "/lam-viec/nhom-don-vi", "unit", orgunittest.Province, "name", "", "units", orgunittest.KimLien)
	status(t, rec, 422)
	has(t, rec, "Xin đặt tên nhóm")
	status(t, h.post(pt.An, "/lam-viec/nhom-don-vi", "unit", orgunittest.Province, "name", "Xã có lễ hội", "units", orgunittest.KimLien), 303)
	rec = h.get(pt.An, "/lam-viec/nhom-don-vi")
	has(t, rec, "Xã có lễ hội")
	m := regexp.MustCompile(`nhom-don-vi/([0-9a-f-]{36})/xoa`).FindStringSubmatch(rec.Body.String())
	has(t, h.get(pt.An, "/lam-viec/nhom-don-vi?mo="+m[1]), "Sửa nhóm Xã có lễ hội")
	has(t, h.get(pt.An, "/lam-viec/tin-bai/moi"), "Nhóm Xã có lễ hội (1 đơn vị)")
	status(t, h.post(pt.Cuc, "/lam-viec/nhom-don-vi/"+m[1]+"/xoa"), 404)
	status(t, h.post(pt.An, "/lam-viec/nhom-don-vi/"+m[1]+"/xoa"), 303)
}

func TestNewPostsDoNotBreakOnOddForms(t *testing.T) {
	h := open(t)
	r := httptest.NewRequest(http.MethodPost, "/lam-viec/tin-bai/moi", io.LimitReader(endless{}, 80<<20))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status(t, h.do(pt.An, r), 413)
	status(t, h.post(pt.An, "/lam-viec/tin-bai/moi", "unit", "nowhere", "title", "x"), 403)
	status(t, h.post(pt.An, "/lam-viec/tin-bai/moi", "unit", orgunittest.Province, "targets", "x:y", "targets", "::", "rev", "-1"), 422)
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

func TestPlacesInTheCatalogueCanBeTyped(t *testing.T) {
	for _, lang := range []string{"vi", "en"} {
		w := words.In(lang)
		for _, p := range publish.Places {
			known, unknown := publish.UsedPlaces("((" + w.T("publish.place."+string(p)) + "))")
			if len(unknown) > 0 || len(known) != 1 || known[0] != p {
				t.Errorf("%s: the name of %s is understood as %v %v", lang, p, known, unknown)
			}
		}
	}
}
