package promiseweb_test

import (
	"bytes"
	"context"
	"io"
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
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/promiseweb"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/workday"
)

type site struct {
	*feedbacktest.Kit
	t      *testing.T
	p      *promise.Service
	survey *survey.Service
	server *httptest.Server
	actor  identity.Actor
}

func newSite(t *testing.T, limit int) *site {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, picture.Catalogue, promiseweb.Catalogue, feedbackweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, Kit: feedbacktest.New(t, dbtest.SQLite(t, append(feedbacktest.Migrations, promise.Migrations, survey.Migrations)...), words.In("vi")), actor: identity.Citizen()}
	k := s.Kit
	s.p = promise.New(promise.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Calendar: workday.New(), Cases: k.Service, Pictures: feedbacktest.Pictures{}, Audit: k.Audit})
	s.survey = survey.New(survey.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Cases: k.Service})
	var rt web.Routes
	promiseweb.New(promiseweb.Pages{S: s.p, Survey: s.survey, Units: k.Units.Forest}, limit).Routes(&rt)
	ws := &web.Server{Logger: slog.New(slog.DiscardHandler), Guard: func(r *http.Request, a web.Access) error {
		if a.Door != web.DoorPublic && !identity.ActorFrom(r.Context()).SignedIn() {
			return fault.New(fault.Unauthenticated, "web.unauthenticated.what")
		}
		return nil
	}, ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component { return ui.ErrorPage(kind, err) }}
	mux := ws.Mux(&rt)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := identity.WithActor(i18n.With(r.Context(), words.In("vi")), s.actor)
		r = r.WithContext(ctx)
		mux.ServeHTTP(w, r.WithContext(ui.WithShell(ctx, ui.Shell{Brand: ui.Brand{Name: "Mặt trận Tổ quốc tỉnh Nghệ An", HomeHref: "/"}, SignedIn: s.actor.SignedIn(), UserName: s.actor.Name})))
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) do(req *http.Request, status int, texts ...string) string {
	s.t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	if res.StatusCode != status {
		s.t.Fatalf("%s %s: %d, want %d\n%s", req.Method, req.URL.Path, res.StatusCode, status, b)
	}
	for _, x := range texts {
		if !strings.Contains(string(b), x) {
			s.t.Errorf("%s does not say %q:\n%s", req.URL.Path, x, b)
		}
	}
	return string(b)
}

func (s *site) get(path string, status int, texts ...string) string {
	s.t.Helper()
	req, _ := http.NewRequest("GET", s.server.URL+path, nil)
	return s.do(req, status, texts...)
}

func (s *site) post(path string, v url.Values, status int, texts ...string) string {
	s.t.Helper()
	req, _ := http.NewRequest("POST", s.server.URL+path, strings.NewReader(v.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(req, status, texts...)
}

func (s *site) upload(path, text, photo string, status int, texts ...string) string {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("text", text)
	if photo != "" {
		part, _ := m.CreateFormFile("photo", "anh.jpg")
		_, _ = io.WriteString(part, photo)
	}
	_ = m.Close()
	req, _ := http.NewRequest("POST", s.server.URL+path, &b)
	req.Header.Set("Content-Type", m.FormDataContentType())
	return s.do(req, status, texts...)
}

var uuids = golden.Replace(`0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")

func check(t *testing.T, name, body string) {
	t.Helper()
	golden.Body(t, name, []byte(body), uuids)
}

const text = "Đèn sẽ được thay trước ngày 10/12/2026."

// The public reads the ledger with raw counts, an official keeps and moves, a citizen's photo reopens.
func TestLedger(t *testing.T) {
	s := newSite(t, 0)
	ctx := context.Background()
	check(t, "list-empty", s.get("/loi-hua", 200, "Chưa có lời hứa nào"))
	c := s.Ask()
	found := promise.Find(text, s.p.Today(), nil)
	if err := s.p.Decide(ctx, feedbacktest.Officer, c.ID, text, []promise.Decision{{Mark: found[0].Mark, Keep: true, What: "Thay đèn đường khối Kim Tân", Who: "UBND phường", Place: "khối Kim Tân", Due: "10/12/2026"}}); err != nil {
		t.Fatal(err)
	}
	s.Answer(c.ID, text, true)
	s.Drain()
	list, _, err := s.p.List(ctx, promise.Filter{Per: 5})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	public, office := "/loi-hua/"+list[0].ID, "/lam-viec/loi-hua/"+list[0].ID
	body := s.get("/loi-hua?don_vi="+orgunittest.VinhHung+"&q=den", 200, "Thay đèn đường khối Kim Tân", "Chưa đến hạn: 1")
	check(t, "list", body)
	if len(body) > 30<<10 {
		t.Errorf("%d bytes", len(body))
	}
	s.get("/loi-hua?xem=late&in=1", 200, "Chưa có lời hứa nào")
	if x := s.get("/loi-hua.xlsx", 200); !strings.HasPrefix(x, "PK") {
		t.Error("no Excel")
	}
	s.actor = feedbacktest.Officer
	check(t, "due-empty", s.get("/lam-viec/loi-hua", 200, "Không có lời hứa nào đến hạn"))
	s.Clock.Advance(12 * 24 * time.Hour)
	check(t, "due", s.get("/lam-viec/loi-hua", 200, "Thay đèn"))
	check(t, "office", s.get(office, 200, text))
	check(t, "office-refused", s.post(office+"/doi-ngay", url.Values{"due": {"31/02/2027"}, "reason": {"Thiếu vật tư"}}, 422, "Ngày này không có trong lịch", "31/02/2027", "Thiếu vật tư"))
	s.post(office+"/da-lam", url.Values{"on": {"1/1/2027"}}, 422, "từ ngày hứa đến hôm nay")
	s.post(office+"/doi-ngay", url.Values{"due": {"20/12/2026"}, "reason": {"Chờ vật tư"}}, 303)
	s.post(office+"/da-lam", url.Values{"note": {"Đã thay 12 bóng"}}, 303)
	s.post(office+"/da-lam", nil, 409, "đã được ghi là làm xong")
	s.actor = feedbacktest.Stranger
	s.get(office, 404)
	s.post(office+"/da-lam", nil, 404)
	s.actor = identity.Citizen()
	s.get(office, 303)
	check(t, "one-kept", s.get(public, 200, "Dời từ ngày 10/12/2026 sang ngày 20/12/2026", "Chờ vật tư", "Đã thay 12 bóng"))
	s.upload(public+"/phan-anh", "Đèn cuối ngõ vẫn tắt", "", 422, "Xin chọn một ảnh", "Đèn cuối ngõ vẫn tắt")
	check(t, "one-refused", s.upload(public+"/phan-anh", "Đèn cuối ngõ vẫn tắt", "bad", 422, "Đèn cuối ngõ vẫn tắt"))
	s.upload(public+"/phan-anh", "", "photo", 422, "còn thiếu gì")
	s.upload(public+"/phan-anh", "Đèn cuối ngõ vẫn tắt", "photo", 303)
	if body := s.get(public, 200, "Người dân gửi ảnh báo chưa làm"); strings.Contains(body, "cuối ngõ") || strings.Contains(body, "<img") {
		t.Error("the public page shows the citizen's words or photo")
	}
	s.upload(public+"/phan-anh", "Lần nữa", "photo", 409, "chưa được ghi là làm xong")
	s.actor = feedbacktest.Officer
	check(t, "office-reopened", s.get(office, 200, "cuối ngõ", "<img"))
	s.Clock.Advance(20 * 24 * time.Hour)
	if err := s.survey.Sweep(ctx, identity.System("test")); err != nil {
		t.Fatal(err)
	}
	s.actor = identity.Citizen()
	check(t, "list-late", s.get("/loi-hua", 200, "Chậm: 1 trên 1 (100 %)", "1 người được hỏi, 0 người trả lời"))
	s.get("/loi-hua/"+orgunittest.Province, 404)
}

func TestManyPhotosFromOneAddress(t *testing.T) {
	s := newSite(t, 1)
	s.upload("/loi-hua/none/phan-anh", "x", "photo", 404)
	s.upload("/loi-hua/none/phan-anh", "x", "photo", 429)
}
