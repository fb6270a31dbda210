package inboxweb_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/fault"
	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	"github.com/nhipcau/nhipcau/internal/inbox/correctionweb"
	it "github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
	"github.com/nhipcau/nhipcau/internal/inbox/inboxweb"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// site is the pages of the inbox on a real server; who is signed in is chosen by the test.
type site struct {
	*it.Kit
	Corrections *correction.Service
	t           *testing.T
	server      *httptest.Server
	actor       identity.Actor
	script      bool   // requests come from the page keeping itself fresh
	pictures    string // address of a server with pictures of people
}

func newSite(t *testing.T) *site {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, feedbackweb.Catalogue, inboxweb.Catalogue, channelweb.Catalogue, correctionweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, Kit: it.New(t, dbtest.SQLite(t, append(append([]db.Migrations{}, it.Migrations...), correction.Migrations, phrase.Migrations)...), words.In("vi")), actor: ft.Officer}
	var rt web.Routes
	z, err := identity.NewAuthorizer(s.Units, s.Clock, identity.PolicyFile{Feature: "correction", Text: correction.Policies})
	if err != nil {
		t.Fatal(err)
	}
	s.Corrections = correction.New(correction.Deps{DB: s.DB, Queue: s.Queue, Clock: s.Clock, Authz: z, Trail: s.Audit, Forest: s.Units.Forest, Inbox: s.Inbox})
	inboxweb.New(s.Inbox, inboxweb.Rooms{Phrases: &phrase.Service{Cases: s.Service}, Corrections: s.Corrections, PictureHosts: s.gallery()}).Routes(&rt)
	(&correctionweb.Pages{Service: s.Corrections}).Routes(&rt)
	guard := func(r *http.Request, a web.Access) error {
		if a.Door == web.DoorAction && !s.Authz.CanSomewhere(identity.ActorFrom(r.Context()), a.Action) && !z.CanSomewhere(identity.ActorFrom(r.Context()), a.Action) {
			return fault.New(fault.Forbidden, "web.forbidden.what")
		}
		return nil
	}
	ws := &web.Server{Guard: guard, Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component {
		return ui.ErrorPage(kind, err)
	}}
	mux := ws.Mux(&rt)
	mux.Handle(ui.StaticPath, ui.Assets())
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := identity.WithActor(i18n.With(r.Context(), words.In("vi")), s.actor)
		shell := ui.Shell{Brand: ui.Brand{Name: "Mặt trận Tổ quốc phường Vinh Hưng", Superior: "Tỉnh Nghệ An", HomeHref: "/"}, SignedIn: true, UserName: s.actor.Name}
		r = r.WithContext(ctx)
		shell.Flash = ui.Flash(r)
		mux.ServeHTTP(w, r.WithContext(ui.WithShell(ctx, shell)))
	}))
	t.Cleanup(s.server.Close)
	return s
}

type page struct {
	status         int
	body, location string
	kind           string
}

func (s *site) do(method, path string, v url.Values) page {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader(v.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	if v != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if s.script {
		req.Header.Set("HX-Request", "true")
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return page{res.StatusCode, string(b), res.Header.Get("Location"), res.Header.Get("Content-Type")}
}

func (s *site) get(path string) page { s.t.Helper(); return s.do("GET", path, nil) }

func (s *site) post(path string, pairs ...string) page {
	s.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return s.do("POST", path, v)
}

func (p page) want(t *testing.T, status int, texts ...string) page {
	t.Helper()
	if p.status != status {
		t.Fatalf("status %d, want %d:\n%s", p.status, status, p.body)
	}
	for _, x := range texts {
		if !strings.Contains(p.body, x) {
			t.Errorf("the page does not say %q:\n%s", x, p.body)
		}
	}
	return p
}

// what changes from run to run on the pages
var (
	codes = golden.Replace(`[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{3}`, "CODE")
	joins = golden.Replace(`NOI-[0-9A-F]{10}`, "NOI-CODE")
	uuids = golden.Replace(`0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
)

func check(t *testing.T, name string, p page) {
	t.Helper()
	golden.Body(t, name, []byte(p.body), uuids, codes, joins)
}

const home = "/lam-viec/hop-thu"

const lamp = "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa."

// fill puts three conversations into the inbox and gives the id of the one about the lamp.
func (s *site) fill() string {
	s.t.Helper()
	s.Say(it.OA, "Hoà", "Chào các bác")
	s.Clock.Advance(5 * time.Minute)
	s.Say(it.OA, "Hoà", lamp)
	s.Clock.Advance(50 * time.Hour)
	s.Comment(it.Page, "Mai", "post-1", "Bài viết hay quá, cảm ơn phường")
	s.Say(it.OA, "Lan", "Mai có họp không ạ?")
	return s.Only(ft.Officer, inbox.Filter{Text: "den duong"}).ID
}

func TestListPages(t *testing.T) {
	s := newSite(t)
	check(t, "empty", s.get(home).want(t, 200, "Không có hội thoại nào ở đây"))
	s.fill()
	check(t, "list", s.get(home).want(t, 200, "Người Hoà", "2 tin mới", "Chậm trả lời"))
	s.get(home+"?q=den+duong").want(t, 200, "Người Hoà")
	if p := s.get(home + "?xem=mine"); strings.Contains(p.body, "Người Hoà") {
		t.Error("nobody has taken the conversation on")
	}
	s.actor = ft.ProvinceLeader
	s.get(home).want(t, 200, "Người Hoà", "Phường Trường Vinh")
	s.actor = ft.Stranger
	if p := s.get(home); strings.Contains(p.body, "Người") {
		t.Error("a stranger sees conversations")
	}
	s.actor = it.Admin
	check(t, "forbidden", s.get(home).want(t, 403))
}

func TestConversationPages(t *testing.T) {
	s := newSite(t)
	one := home + "/" + s.fill()
	s.script = true
	s.get(one)
	s.script = false
	if c := s.Only(ft.Officer, inbox.Filter{Text: "den duong"}); c.Unread != 2 {
		t.Errorf("a page that keeps itself fresh has read for the desk: %+v", c)
	}
	check(t, "one", s.get(one).want(t, 200, lamp, "Trả lời nhanh", "có thể tính phí"))
	if c := s.Only(ft.Officer, inbox.Filter{Text: "den duong"}); c.Unread != 0 {
		t.Errorf("not read: %+v", c)
	}
	long := strings.Repeat("dài ", 600)
	p := s.post(one+"/tra-loi", "reply", long, "key", "form-1").want(t, 422, strings.TrimSpace(long), `value="form-1"`)
	check(t, "refused", s.post(one+"/tra-loi", "reply", " ", "key", "form-1").want(t, 422, "Xin viết nội dung trả lời."))
	for range 2 {
		p = s.post(one+"/tra-loi?xem=unread", "reply", "Cảm ơn bà con đã báo.", "key", "form-1")
		if p.status != 303 || p.location != one+"?ok=inbox.done.replied&xem=unread" {
			t.Fatalf("%+v", p)
		}
	}
	s.Drain()
	if n := len(s.Zalo.Sent()); n != 1 {
		t.Errorf("sent %d times", n)
	}
	for range 2 {
		if p = s.post(one+"/vu-viec", "kind", "report"); p.status != 303 {
			t.Fatalf("%+v", p)
		}
	}
	s.Drain()
	check(t, "case", s.get(one+"?ok=inbox.done.case_made").want(t, 200, "Thuộc vụ việc", "Đã lập vụ việc"))
	s.actor = ft.Colleague
	s.post(one+"/nhan").want(t, 409, "đang phụ trách hội thoại này", lamp)
	for _, act := range [][]string{{"giao", "official", ft.Colleague.ID}, {"dong"}, {"mo-lai"}} { // who holds it decides on the others; see below
		if p = s.post(one+"/"+act[0], act[1:]...); p.status != 303 {
			t.Errorf("%s: %+v", act[0], p)
		}
	}
	for _, act := range []string{"tra-ban", "nhan"} {
		if p = s.post(one + "/" + act); p.status != 303 {
			t.Errorf("%s: %+v", act, p)
		}
	}
	s.post(one+"/giao", "official", "nobody").want(t, 422, "Xin chọn một cán bộ")
	s.actor = ft.ProvinceLeader
	check(t, "read-only", s.get(one).want(t, 200, "Hội thoại này do Phường Vinh Hưng trả lời."))
	s.actor = ft.Stranger
	s.get(one).want(t, 404)
}

func TestCommentAndFailurePages(t *testing.T) {
	s := newSite(t)
	s.fill()
	comment := home + "/" + s.Only(ft.Officer, inbox.Filter{Kind: channel.Facebook}).ID
	s.get(comment).want(t, 200, "Mọi người đều đọc được")
	s.post(comment+"/vu-viec", "kind", "nothing").want(t, 422, "Xin chọn một loại ý kiến.")
	lan := home + "/" + s.Only(ft.Officer, inbox.Filter{Text: "lan"}).ID
	s.Zalo.FailNext(&channel.Error{Kind: channel.Zalo, Code: "-230", Advice: channel.AdviceStop})
	s.post(lan+"/tra-loi", "reply", "Dạ 8 giờ ạ", "key", "form-1")
	s.Drain()
	p := s.get(lan).want(t, 200, "Chưa gửi được", "Gửi lại", "Trả lời chưa tới nơi")
	message := regexp.MustCompile(`name="message" value="([^"]+)"`).FindAllStringSubmatch(p.body, -1)
	if p = s.post(lan+"/gui-lai", "message", message[0][1]); p.status != 303 {
		t.Fatalf("%+v", p)
	}
	s.Drain()
	s.get(lan).want(t, 200, "Đã gửi")
	for i := range 20 {
		s.Clock.Advance(time.Minute)
		s.Say(it.OA, "Lan", "Thêm một tin "+string(rune('a'+i)))
	}
	s.get(lan).want(t, 200, "Xem 10 tin trước đó")
	s.Clock.Advance(8 * 24 * time.Hour)
	s.get(lan).want(t, 200, "Đã hết hạn trả lời của kênh", "Kênh có thể không cho gửi tin lúc này")
}

func TestExcel(t *testing.T) {
	s := newSite(t)
	s.fill()
	if p := s.get(home+".xlsx?q=lan").want(t, 200); p.kind != xlsx.ContentType || !strings.HasPrefix(p.body, "PK") {
		t.Errorf("no Excel file: %s", p.kind)
	}
}
