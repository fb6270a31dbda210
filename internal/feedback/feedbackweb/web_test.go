package feedbackweb_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/attach"
	"github.com/nhipcau/nhipcau/internal/feedback/byphone"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/feedback/open311web"
	"github.com/nhipcau/nhipcau/internal/feedback/opinion"
	"github.com/nhipcau/nhipcau/internal/feedback/phrase"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/promiseweb"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/feedback/routingweb"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// site is the pages of feedback on a real server; who is signed in is chosen by the test.
type site struct {
	*feedbacktest.Kit
	t      testing.TB
	server *httptest.Server
	actor  identity.Actor
	client *http.Client
	rooms  feedbackweb.Rooms
	zalo   *zaloDesk
}

func newSite(t testing.TB, limits feedbackweb.Limits) *site {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, picture.Catalogue, promiseweb.Catalogue, byphoneweb.Catalogue, routingweb.Catalogue, open311web.Catalogue, feedbackweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, Kit: feedbacktest.New(t, dbtest.SQLite(t, append(feedbacktest.Migrations, similar.Migrations, follow.Migrations, byphone.Migrations, survey.Migrations, promise.Migrations, opinion.Migrations, attach.Migrations, routing.Migrations, phrase.Migrations)...), words.In("vi"), identitytest.File("routing", routing.Policies)), actor: identity.Citizen()}
	s.open(words.In("vi"))
	s.rooms.Routing, s.rooms.Phrases = routing.New(routing.Deps{Cases: s.Service, Root: orgunittest.Province}), &phrase.Service{Cases: s.Service}
	var rt web.Routes
	feedbackweb.New(s.Service, limits).With(s.rooms).Routes(&rt)
	s.rooms.Phone.Routes(&rt)
	guard := func(r *http.Request, a web.Access) error {
		actor := identity.ActorFrom(r.Context())
		switch {
		case a.Door == web.DoorPublic:
			return nil
		case !actor.SignedIn():
			return fault.New(fault.Unauthenticated, "web.unauthenticated.what")
		case a.Door == web.DoorAction && !s.Authz.CanSomewhere(actor, a.Action):
			return fault.New(fault.Forbidden, "web.forbidden.what")
		}
		return nil
	}
	ws := &web.Server{Guard: guard, Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component {
		return ui.ErrorPage(kind, err)
	}}
	mux := ws.Mux(&rt)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := identity.WithActor(i18n.With(r.Context(), words.In("vi")), s.actor)
		shell := ui.Shell{Brand: ui.Brand{Name: "Mặt trận Tổ quốc phường Vinh Hưng", Superior: "Tỉnh Nghệ An", HomeHref: "/"}, SignedIn: s.actor.SignedIn(), UserName: s.actor.Name}
		r = r.WithContext(ctx)
		shell.Flash = ui.Flash(r)
		mux.ServeHTTP(w, r.WithContext(ui.WithShell(ctx, shell)))
	}))
	t.Cleanup(s.server.Close)
	jar, _ := cookiejar.New(nil)
	s.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s
}

type page struct {
	status   int
	body     string
	location string
}

func (s *site) do(req *http.Request) page {
	s.t.Helper()
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return page{res.StatusCode, string(b), res.Header.Get("Location")}
}

func (s *site) get(path string) page {
	s.t.Helper()
	req, _ := http.NewRequest("GET", s.server.URL+path, nil)
	return s.do(req)
}

func (s *site) post(path string, v url.Values) page {
	s.t.Helper()
	req, _ := http.NewRequest("POST", s.server.URL+path, strings.NewReader(v.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(req)
}

func (s *site) upload(path string, v url.Values, photos ...string) page {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, list := range v {
		for _, x := range list {
			_ = m.WriteField(k, x)
		}
	}
	for _, ph := range photos {
		part, _ := m.CreateFormFile("photos", "anh.jpg")
		_, _ = part.Write([]byte(ph))
	}
	_ = m.Close()
	req, _ := http.NewRequest("POST", s.server.URL+path, &b)
	req.Header.Set("Content-Type", m.FormDataContentType())
	return s.do(req)
}

// fields reads the form that posts to action, as a browser without script would send it.
func (p page) fields(t testing.TB, action string) url.Values {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(p.body))
	if err != nil {
		t.Fatal(err)
	}
	var form *html.Node
	walk(doc, func(n *html.Node) {
		if n.Data == "form" && attr(n, "action") == action && form == nil {
			form = n
		}
	})
	if form == nil {
		t.Fatalf("no form posts to %s in:\n%s", action, p.body)
	}
	v := url.Values{}
	walk(form, func(n *html.Node) {
		name := attr(n, "name")
		switch {
		case name == "":
		case n.Data == "textarea":
			v.Add(name, text(n))
		case n.Data == "input":
			switch attr(n, "type") {
			case "file", "submit":
			case "radio", "checkbox":
				if has(n, "checked") {
					v.Add(name, attr(n, "value"))
				}
			default:
				v.Add(name, attr(n, "value"))
			}
		case n.Data == "select":
			first, chosen, any := "", "", false
			walk(n, func(o *html.Node) {
				if o.Data == "option" {
					if !any {
						first, any = attr(o, "value"), true
					}
					if has(o, "selected") {
						chosen = attr(o, "value")
					}
				}
			})
			if chosen == "" {
				chosen = first
			}
			v.Add(name, chosen)
		}
	})
	return v
}

func walk(n *html.Node, fn func(*html.Node)) {
	if n.Type == html.ElementNode {
		fn(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, fn)
	}
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	if n.FirstChild == nil {
		return ""
	}
	return n.FirstChild.Data
}

func with(v url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, x := range v {
		out[k] = append([]string(nil), x...)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = []string{pairs[i+1]}
	}
	return out
}

func (p page) want(t testing.TB, status int, texts ...string) page {
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
	codes   = golden.Replace(`[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{3}`, "CODE")
	uuids   = golden.Replace(`0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	secrets = golden.Replace(`[0-9a-f]{32,64}`, "SECRET")
	qr      = golden.Replace(`<path fill="#000" d="[^"]*">`, `<path d="QR">`)
	qrBox   = golden.Replace(`viewBox="0 0 [0-9]+ [0-9]+"|M0 0h[0-9]+v[0-9]+H0z`, "QR")
)

func check(t testing.TB, name string, p page) {
	t.Helper()
	golden.Body(t, name, []byte(p.body), uuids, codes, secrets, qr, qrBox)
}

const question = "Đèn đường khối Kim Tân hỏng hơn hai tháng nay chưa ai sửa, các cháu đi học thêm buổi tối rất nguy hiểm."

// The whole path of a citizen without script: three steps, the summary, the receipt, the answer, the rating.
func TestAskWithoutScript(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	p := s.get("/hoi").want(t, 200)
	check(t, "ask-1", p)
	v := p.fields(t, "/hoi")

	refused := s.upload("/hoi", with(v, "text", "Hỏi", "go", "next")).want(t, 422, "còn quá ngắn", "Hỏi</textarea>")
	check(t, "ask-1-refused", refused)
	p = s.upload("/hoi", with(v, "text", question, "go", "next"), "photo one", "photo two").want(t, 200)
	check(t, "ask-2", p)

	v = p.fields(t, "/hoi")
	if v.Get("text") != question || len(v["photo"]) != 2 {
		t.Fatalf("the second page lost something: %v", v)
	}
	s.post("/hoi", with(v, "go", "next")).want(t, 422, "xã, phường nơi có việc này")
	s.post("/hoi", with(v, "unit_q", "xa khong he co", "go", "next")).want(t, 422, "Chưa tìm thấy nơi nào", "xa khong he co")
	p = s.post("/hoi", with(v, "unit_q", "nghi kim", "go", "find")).want(t, 200, "Phường Vinh Hưng", "Xã Nghi Kim")
	check(t, "ask-2-found", p)
	v = p.fields(t, "/hoi")
	if v.Get("unit") != orgunittest.VinhHung {
		t.Fatalf("the single hit was not chosen: %v", v)
	}
	s.post("/hoi", with(v, "link", "không phải đường dẫn", "go", "next")).want(t, 422, "Đường dẫn này không mở được", "không phải đường dẫn")
	p = s.post("/hoi", with(v, "place", "đầu ngõ cạnh nhà văn hóa", "link", "18.6734, 105.6923", "go", "next")).want(t, 200)
	check(t, "ask-3", p)

	v = p.fields(t, "/hoi")
	s.post("/hoi", with(v, "phone", "12", "name", "Nguyễn Thị Mẫu", "go", "next")).want(t, 422, "Số điện thoại chưa đúng", "Nguyễn Thị Mẫu")
	p = s.post("/hoi", with(v, "phone", "0912 000 678", "name", "Nguyễn Thị Mẫu", "go", "next")).want(t, 200, "đồng ý để Mặt trận dùng")
	check(t, "ask-4", p)

	v = p.fields(t, "/hoi")
	back := s.post("/hoi", with(v, "go", "edit1")).want(t, 200).fields(t, "/hoi")
	if back.Get("text") != question || back.Get("name") != "Nguyễn Thị Mẫu" || back.Get("place") != "đầu ngõ cạnh nhà văn hóa" {
		t.Fatalf("going back lost something: %v", back)
	}
	p = s.post("/hoi", with(v, "go", "send"))
	if p.status != 303 || !strings.HasPrefix(p.location, "/vu-viec/") {
		t.Fatalf("%d %s\n%s", p.status, p.location, p.body)
	}
	if again := s.post("/hoi", with(v, "go", "send")); again.location != p.location {
		t.Errorf("pressed twice: %s and %s", p.location, again.location)
	}
	at := p.location
	s.get(at).want(t, 200, "Đã nhận ý kiến", "Đang ghi vào sổ công khai", "http-equiv=\"refresh\"")
	s.Drain()
	p = s.get(at).want(t, 200, "Đang chờ Mặt trận Tổ quốc phường Vinh Hưng trả lời – còn 10 ngày làm việc", "Đã ghi vào sổ công khai, số 0", "Luật Tiếp công dân")
	check(t, "mine-new", p)
	if strings.Contains(p.body, "Mẫu") || strings.Contains(p.body, "000 678") {
		t.Error("the page of the case shows name or telephone")
	}
	s.afterAnswer(strings.TrimSuffix(at, "?moi=1"))
}

func (s *site) afterAnswer(at string) {
	t := s.t
	m, err := s.Service.ByCode(context.Background(), identity.Citizen(), at[len("/vu-viec/"):])
	if err != nil {
		t.Fatal(err)
	}
	if m.Case.Place.Lat != 18.6734 || len(m.Pictures) != 2 || !m.Case.MayPublish {
		t.Errorf("taken in: %+v", m.Case)
	}
	s.Answer(m.Case.ID, "Đã thay bóng đèn ngày 24/11.", true)
	p := s.get(at).want(t, 200, "Mặt trận Tổ quốc phường Vinh Hưng đã trả lời", "Đã thay bóng đèn")
	check(t, "mine-answered", p)
	s.post(at+"/danh-gia", url.Values{"go": {"rate"}}).want(t, 422, "chọn một mức")
	s.post(at+"/mo-lai", url.Values{"reason": {" "}}).want(t, 422, "Xin ghi lý do")
	if p := s.post(at+"/danh-gia", url.Values{"rating": {"3"}, "go": {"thank"}}); p.status != 303 {
		t.Fatalf("rated: %d %s", p.status, p.body)
	}
	s.get(at).want(t, 200, "Vụ việc đã xong")
	check(t, "public-one", s.get("/hoi-dap/"+m.Case.ID).want(t, 200, "Đã thay bóng đèn"))
	check(t, "public-list", s.get("/hoi-dap?q=den+duong").want(t, 200, "Đèn đường khối Kim Tân"))
	for query, found := range map[string]bool{"nam=2026": true, "nam=2025": false, "linh_vuc=other": true, "linh_vuc=road": false, "q=den+duong&linh_vuc=other&nam=2026": true, "q=zzz&nam=2026": false,
		"noi=vinh+hung": true, "noi=kim+lien": false, "noi=khong+co+noi+nay": false} {
		if page := s.get("/hoi-dap?"+query).want(t, 200, "/open/cases.rss"); strings.Contains(page.body, "Đèn đường khối Kim Tân") != found {
			t.Errorf("%s: found %v", query, !found)
		}
	}
	check(t, "public-empty", s.get("/hoi-dap?q=zzz").want(t, 200, "Chưa có câu hỏi nào như vậy"))
	s.get("/hoi-dap/"+orgunittest.Province).want(t, 404)
	s.get(at+"/bien-nhan.json").want(t, 200, `"leaf":"`+m.Case.Receipt.Leaf, `"checkpoint":"test"`)
}

func TestTrack(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{Lookups: 3})
	c := s.Ask()
	for range 10 { // following one's own case is never too much
		s.get("/vu-viec/"+c.Code).want(t, 200, c.Code)
	}
	check(t, "track", s.get("/tra-cuu").want(t, 200))
	check(t, "track-refused", s.get("/tra-cuu?ma=abc").want(t, 422, "abc"))
	if p := s.get("/tra-cuu?ma=" + url.QueryEscape(strings.ToLower(strings.ReplaceAll(c.Code, "-", " ")))); p.location != "/vu-viec/"+c.Code {
		t.Errorf("%d %s", p.status, p.location)
	}
	s.get("/tra-cuu?ma=0000-0000-000").want(t, 422, "Không có vụ việc nào")
	s.get("/vu-viec/nonsense").want(t, 404)
	s.get("/vu-viec/"+c.Code).want(t, 429)
}

// A machine fills every field; nothing of it is kept.
func TestTrapAndLimit(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{Questions: 2})
	v := url.Values{"step": {"4"}, "go": {"send"}, "unit": {orgunittest.VinhHung}, "kind": {"report"}, "text": {question}}
	if p := s.post("/hoi", with(v, "website", "http://spam.example")); p.status != 303 {
		t.Errorf("trap: %d", p.status)
	}
	if _, n, _ := s.Service.Cases(context.Background(), feedbacktest.Officer, feedback.Filter{}); n != 0 {
		t.Error("the trap kept a case")
	}
	if p := s.post("/hoi", v); p.status != 303 {
		t.Errorf("first: %d %s", p.status, p.body)
	}
	s.post("/hoi", v).want(t, 429, "quá nhiều lượt gửi")
}

func TestBadPhotosKeepTheText(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	v := with(s.get("/hoi").fields(t, "/hoi"), "text", question, "go", "next")
	p := s.upload("/hoi", v, "good", "bad file").want(t, 422, question, "Đã nhận 1 ảnh")
	if got := p.fields(t, "/hoi"); len(got["photo"]) != 1 {
		t.Errorf("kept photos: %v", got["photo"])
	}
	s.upload("/hoi", v, "1", "2", "3", "4", "5", "6").want(t, 422, question, "nhiều nhất 5 ảnh")
	s.upload("/hoi", with(v, "text", strings.Repeat("ộ", 20_001)), "1").want(t, 422, "20.001 chữ", "Phần đã viết vẫn được giữ nguyên", "ộộộộ")
}

func FuzzAsk(f *testing.F) {
	f.Add("1", "report", "Nội dung hỏi", "nghi kim", "next", "18.6, 105.6", "0912")
	f.Add("4", "denunciation", "\x00\xff<script>", orgunittest.VinhHung, "send", "javascript:x", "+84")
	f.Add("9", "", strings.Repeat("a", 30_000), "", "edit", "", "")
	s := newSite(f, feedbackweb.Limits{})
	f.Fuzz(func(t *testing.T, step, kind, text, unit, press, link, phone string) {
		s.t = t
		v := url.Values{"step": {step}, "kind": {kind}, "text": {text}, "unit": {unit}, "unit_q": {unit}, "go": {press}, "link": {link}, "phone": {phone}, "name": {text}}
		for _, p := range []page{s.post("/hoi", v), s.get("/tra-cuu?" + url.Values{"ma": {text}}.Encode()), s.get("/hoi-dap?" + url.Values{"q": {text}, "don_vi": {unit}, "trang": {step}}.Encode()),
			s.post("/vu-viec/"+url.PathEscape(strings.ReplaceAll(unit, "/", "")+"x")+"/mo-lai", v)} {
			if p.status >= 500 {
				t.Fatalf("%d\n%s", p.status, p.body)
			}
			if strings.Contains(p.body, "<script>") {
				t.Fatal("text came back as markup")
			}
		}
	})
}

func TestOfficePages(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	if p := s.get("/lam-viec/vu-viec"); p.status != 303 || !strings.HasPrefix(p.location, "/dang-nhap") {
		t.Errorf("a citizen at the queue: %d %s", p.status, p.location)
	}
	s.actor = feedbacktest.Editor
	check(t, "queue-forbidden", s.get("/lam-viec/vu-viec").want(t, 403))
	s.actor = feedbacktest.Officer
	check(t, "queue-empty", s.get("/lam-viec/vu-viec").want(t, 200))
	c := s.Ask(func(in *feedback.Intake) { in.Place = feedback.Place{Text: "đầu ngõ", Link: "18.6734, 105.6923"} })
	check(t, "queue", s.get("/lam-viec/vu-viec").want(t, 200, "Đèn đường"))
	s.get("/lam-viec/vu-viec?xem=overdue").want(t, 200, "Không có vụ việc nào ở đây")
	s.get("/lam-viec/vu-viec?q=den+duong&loai=report&cua=portal&in=1").want(t, 200, "Đèn đường")
	if p := s.get("/lam-viec/vu-viec.xlsx?xem=all"); p.status != 200 || !strings.HasPrefix(p.body, "PK") {
		t.Errorf("Excel: %d", p.status)
	}
	at := "/lam-viec/vu-viec/" + c.ID
	check(t, "dossier", s.get(at).want(t, 200, "N.T.M.", "…678"))
	s.get(at+"?tim=truong+vinh").want(t, 200, "phường Trường Vinh")
	for act, v := range map[string]url.Values{"chuyen": {"unit": {orgunittest.WardOffice}, "reason": {""}}, "tu-choi": {"reason": {""}}, "ghi-chu": {"note": {" "}},
		"tra-loi": {"answer": {""}, "go": {"submit"}}, "nguoi-gui": {"reason": {""}}, "phan-loai": {"kind": {"joke"}}} {
		s.post(at+"/"+act, v).want(t, 422, "class=\"summary\"")
	}
	check(t, "dossier-refused", s.post(at+"/tu-choi", url.Values{"ground": {"other"}, "reason": {strings.Repeat("x", 2001)}}).want(t, 422, "xxxx"))
	for _, step := range []struct {
		act string
		v   url.Values
	}{{"nhan", nil}, {"chuyen", url.Values{"unit": {orgunittest.WardOffice}, "reason": {"Thuộc UBND phường"}}}, {"ghi-chu", url.Values{"note": {"Đã gọi điện"}}},
		{"tra-loi", url.Values{"answer": {"Nháp"}, "go": {"draft"}}}, {"tra-loi", url.Values{"answer": {"Đã sửa ngày 24/11. Đường dây nóng 0238 384 5678."}, "go": {"submit"}}}} {
		if p := s.post(at+"/"+step.act, step.v); p.status != 303 || !strings.HasPrefix(p.location, at+"?ok=") {
			t.Fatalf("%s: %d %s\n%s", step.act, p.status, p.location, p.body)
		}
	}
	s.get(at).want(t, 200, "Người khác phải duyệt")
	s.post(at+"/nguoi-gui", url.Values{"reason": {"Gọi lại"}}).want(t, 200, "Nguyễn Thị Mẫu", "0912 000 678")
	s.approve(at)
}

func (s *site) approve(at string) {
	t := s.t
	s.actor = feedbacktest.Approver
	p := s.get(at).want(t, 200, "Sau khi duyệt, có thể xem bản đã che")
	check(t, "dossier-review", p)
	s.post(at+"/tra-lai", url.Values{"reason": {""}}).want(t, 422)
	s.post(at+"/duyet", url.Values{"answer_id": {"other"}}).want(t, 409, "đã thay đổi")
	if p := s.post(at+"/duyet", p.fields(t, at+"/duyet")); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	p = s.get(at+"/cong-bo").want(t, 200, "[số điện thoại]")
	check(t, "publish", p)
	v := with(p.fields(t, at+"/cong-bo"), "answer", "Gọi đường dây nóng 0238 384 5678.")
	check(t, "publish-refused", s.post(at+"/cong-bo", v).want(t, 422, "0238 384 5678"))
	if p := s.post(at+"/cong-bo", with(v, "checked", "1")); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.get("/hoi-dap").want(t, 200, "Đèn đường")
	if p := s.post(at+"/go-bai", url.Values{"reason": {"Nhầm"}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.get("/hoi-dap").want(t, 200, "Chưa có câu hỏi nào như vậy")
	s.actor = feedbacktest.Stranger
	s.get(at).want(t, 404)
	s.get(at+"/phieu").want(t, 404)
	s.post(at+"/nhan", nil).want(t, 404)
}

func TestCounterAndSlip(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	s.actor = feedbacktest.Approver
	s.get("/lam-viec/vu-viec/moi").want(t, 403)
	s.actor = feedbacktest.Officer
	p := s.get("/lam-viec/vu-viec/moi").want(t, 200)
	check(t, "counter", p)
	v := with(p.fields(t, "/lam-viec/vu-viec/moi"), "text", "ngắn", "name", "Trần Văn Thử", "address", "khối 3", "door", "phone")
	check(t, "counter-refused", s.post("/lam-viec/vu-viec/moi", v).want(t, 422, "Trần Văn Thử", "khối 3"))
	p = s.post("/lam-viec/vu-viec/moi", with(v, "text", question, "unit", orgunittest.VinhHung))
	if p.status != 303 || !strings.HasSuffix(p.location, "/phieu") {
		t.Fatalf("%d %s %s", p.status, p.location, p.body)
	}
	check(t, "slip", s.get(p.location).want(t, 200, "Phiếu tiếp nhận", "07/12/2026"))
	if p := s.post("/lam-viec/vu-viec/moi", with(v, "text", question, "unit", orgunittest.TruongVinh)); p.status != 403 {
		t.Errorf("another ward's desk: %d", p.status)
	}
	p = s.post("/lam-viec/vu-viec/moi", with(v, "text", question, "kind", "denunciation", "nonce", "", "unit", orgunittest.VinhHung))
	if p.status != 303 || !strings.HasPrefix(p.location, "/lam-viec/vu-viec?ok=") {
		t.Errorf("a denunciation at the counter: %d %s", p.status, p.location)
	}
	s.get(p.location).want(t, 200, "chuyển riêng cho người có trách nhiệm")
}
