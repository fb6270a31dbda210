package identityweb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/identity/identityweb"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

const good = "thuyền về bến lúc nửa đêm"

// site is the pages over real HTTP, at http://localhost so that passkeys work.
type site struct {
	t      *testing.T
	db     *db.DB
	svc    *identity.Service
	clock  *clock.Stub
	routes web.Routes
	z      *identity.Authorizer
	units  *orgunit.Service
	url    string
	logs   *bytes.Buffer
}

func newSite(t *testing.T, cfg identity.Config) *site {
	t.Helper()
	s := &site{t: t, clock: clock.NewStub(orgunittest.Now), logs: &bytes.Buffer{}}
	d := dbtest.SQLite(t, orgunittest.Migrations, identity.Migrations, audit.Migrations)
	s.db, s.units = d, orgunittest.SeedAt(t, d, s.clock)
	box, err := secret.Parse("k1 " + strings.Repeat("ab", 32))
	s.need(err)
	s.z, err = identity.NewAuthorizer(s.units, s.clock, identitytest.File("identity", identity.Policies), identitytest.File("audit", audit.Policies))
	s.need(err)
	log := audit.New(d, s.clock)
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	s.url = strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)
	cfg.BaseURL = s.url
	s.svc, err = identity.NewService(d, s.clock, box, s.units, s.z, log, cfg)
	s.need(err)
	words, err := i18n.Load(ui.Catalogue, identityweb.Catalogue)
	s.need(err)
	pages := identityweb.New(s.svc, s.units, s.z, s.clock)
	pages.Routes(&s.routes)
	server := &web.Server{
		Guard: identityweb.Guard(s.z), Logger: slog.New(slog.NewTextHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
	}
	mux := server.Mux(&s.routes)
	shell := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := identity.ActorFrom(r.Context())
		ctx := ui.WithShell(r.Context(), ui.Shell{UserName: a.Name, SignedIn: a.SignedIn(), Path: r.URL.Path, Flash: ui.Flash(r), Units: pages.UnitChoices(r.Context(), r.URL.RequestURI())})
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
	handler = words.Middleware(pages.Middleware(shell))
	return s
}

func (s *site) need(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// browser keeps cookies and does not follow redirects.
type browser struct {
	s    *site
	http *http.Client
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	s.need(err)
	return &browser{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// answer is a response read to its end.
type answer struct {
	*http.Response
	body string
}

func (b *browser) do(method, path, contentType, body string) answer {
	b.s.t.Helper()
	req, err := http.NewRequest(method, b.s.url+path, strings.NewReader(body))
	b.s.need(err)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if contentType == "application/json" || strings.HasSuffix(path, "/bat-dau") {
		req.Header.Set("Accept", "application/json")
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36")
	res, err := b.http.Do(req)
	b.s.need(err)
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	b.s.need(err)
	return answer{res, string(got)}
}

func (b *browser) get(path string) answer { b.s.t.Helper(); return b.do(http.MethodGet, path, "", "") }

func (b *browser) post(path string, kv ...string) answer {
	b.s.t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Set(kv[i], kv[i+1])
	}
	return b.do(http.MethodPost, path, "application/x-www-form-urlencoded", v.Encode())
}

func (a answer) want(t *testing.T, status int, parts ...string) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: status %d, want %d\n%.600s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	for _, p := range parts {
		if !strings.Contains(a.body, p) {
			t.Fatalf("%s %s: no %q in\n%s", a.Request.Method, a.Request.URL.Path, p, a.body)
		}
	}
	return a
}

func (a answer) to(t *testing.T, where string) {
	t.Helper()
	a.want(t, http.StatusSeeOther)
	if got := a.Header.Get("Location"); got != where {
		t.Fatalf("%s: sent to %q, want %q", a.Request.URL.Path, got, where)
	}
}

// main is the page without the frame that the house draws around it.
func (a answer) main(t *testing.T) []byte {
	t.Helper()
	return []byte(a.find(t, `(?s)(<main.*</main>)`))
}

// find gives the first match of a pattern's group in the page.
func (a answer) find(t *testing.T, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no %s in %s", pattern, a.body)
	}
	return m[1]
}

func (s *site) code(seed string) string {
	s.clock.Advance(30 * time.Second)
	c, err := identity.TOTPCode(strings.ReplaceAll(seed, " ", ""), s.clock.Now())
	s.need(err)
	return c
}

// admin is the first administrator, signed in through the pages: invitation link, password, code.
func (s *site) admin() (*browser, string) {
	s.t.Helper()
	in, err := s.svc.CreateFirstAdmin(context.Background(), "Trần Văn Bưởi", "buoi@example.vn", orgunittest.Province)
	s.need(err)
	b := s.browser()
	path := strings.TrimPrefix(in.Link, s.url)
	page := b.get(path).want(s.t, 200, "Xin chào Trần Văn Bưởi", "Quản trị hệ thống", "Tỉnh Nghệ An")
	seed := page.find(s.t, `<code>([A-Z2-7 ]+)</code>`)
	b.post(path, "password", "ngắn", "repeat", "khác", "code", "0").want(s.t, 422, "Mật khẩu ngắn quá", "chưa giống nhau", "Mã chưa đúng")
	b.post(path, "password", good, "repeat", good, "code", s.code(seed)).want(s.t, 200, "Mã khôi phục", "Đã xong")
	b.get(path).want(s.t, 404)
	return b, seed
}

func TestOfficialsDay(t *testing.T) {
	s := newSite(t, identity.Config{})
	b, seed := s.admin()
	b.get("/tai-khoan").want(t, 200, "Trần Văn Bưởi", "Chrome, Android", "Đang dùng", "Còn 10 mã khôi phục")
	b.get("/dang-nhap").to(t, "/lam-viec")
	b.get("/dang-xuat").want(t, 200, "Đăng xuất")
	b.post("/dang-xuat").to(t, "/dang-nhap?ok=identity.signed_out")
	b.get("/dang-nhap?ok=identity.signed_out").want(t, 200, "Đã đăng xuất.")
	b.get("/tai-khoan").to(t, "/dang-nhap?ve=%2Ftai-khoan")

	b.post("/dang-nhap", "email", "buoi@example.vn", "password", "sai mật khẩu rồi", "ve", "/tai-khoan").
		want(t, 422, "chưa đúng", `value="buoi@example.vn"`, `value="/tai-khoan"`)
	b.post("/dang-nhap", "email", "", "password", "").want(t, 422, "Xin viết địa chỉ", "Xin viết mật khẩu")
	b.post("/dang-nhap", "email", "buoi@example.vn", "password", good, "ve", "/tai-khoan").to(t, "/dang-nhap/ma?ve=%2Ftai-khoan")
	b.post("/dang-nhap/ma", "code", "000000", "ve", "/tai-khoan").want(t, 422, "Mã chưa đúng")
	b.post("/dang-nhap/ma", "code", s.code(seed), "ve", "/tai-khoan").to(t, "/tai-khoan")

	b.post("/tai-khoan/ten", "name", " ").want(t, 422, "Xin viết họ và tên")
	b.post("/tai-khoan/ten", "name", "Trần Văn Bưởi Năm Roi").to(t, "/tai-khoan?ok=identity.account.saved")
	b.get("/tai-khoan").want(t, 200, "Trần Văn Bưởi Năm Roi")

	s.clock.Advance(identity.ProofLife)
	b.get("/tai-khoan/mat-khau").to(t, "/xac-nhan?ve=%2Ftai-khoan%2Fmat-khau")
	b.post("/tai-khoan/ma-khoi-phuc").to(t, "/xac-nhan?ve=%2Ftai-khoan")
	b.get("/xac-nhan?ve=/tai-khoan/mat-khau").want(t, 200, "Xin xác nhận lại")
	b.post("/xac-nhan", "code", "000000", "ve", "/tai-khoan/mat-khau").want(t, 422, "Mã chưa đúng", `value="/tai-khoan/mat-khau"`)
	b.post("/xac-nhan", "code", s.code(seed), "ve", "/tai-khoan/mat-khau").to(t, "/tai-khoan/mat-khau")
	b.get("/tai-khoan/mat-khau").want(t, 200)
	b.post("/tai-khoan/mat-khau", "password", "matkhau123", "repeat", "matkhau123").want(t, 422, "dễ bị đoán")
	b.post("/tai-khoan/mat-khau", "password", "con trâu đi trước", "repeat", "con trâu đi trước").to(t, "/tai-khoan?ok=identity.account.password_changed")
	fresh := b.get("/tai-khoan/ma-hai-lop").want(t, 200).find(t, `<code>([A-Z2-7 ]+)</code>`)
	b.post("/tai-khoan/ma-hai-lop", "code", "1").want(t, 422, fresh)
	b.post("/tai-khoan/ma-hai-lop", "code", s.code(fresh)).want(t, 200, "Mã khôi phục")
	b.post("/tai-khoan/ma-khoi-phuc").want(t, 200, "Mã khôi phục")
	b.post("/tai-khoan/phien-khac/ket-thuc").to(t, "/tai-khoan?ok=identity.account.session_ended")
	b.post("/tai-khoan/phien/none/ket-thuc").want(t, 404)
	b.post("/tai-khoan/ngon-ngu", "lang", "en").to(t, "/tai-khoan?ok=identity.account.saved")
	b.get("/tai-khoan").want(t, 200, "My account")
	if strings.Contains(s.logs.String(), good) || strings.Contains(s.logs.String(), "con trâu") {
		t.Fatal("a password stands in the log")
	}
}

func TestPeoplePages(t *testing.T) {
	s := newSite(t, identity.Config{})
	b, _ := s.admin()
	b.get("/quan-tri/can-bo").to(t, "/quan-tri/can-bo/"+orgunittest.Province)
	ward := "/quan-tri/can-bo/" + orgunittest.VinhHung
	b.get(ward).want(t, 200, "Cán bộ của Phường Vinh Hưng", "Không có ai")
	b.get("/quan-tri/can-bo/nowhere/moi").want(t, 404)
	b.get("/quan-tri/can-bo?tren="+orgunittest.Province).want(t, 200, "Phường Vinh Hưng", "Xã Kim Liên")
	b.get("/quan-tri/can-bo?don-vi=kim+tan&tren="+orgunittest.Province).want(t, 200, "Khối Kim Tân", orgunittest.AreaKimTan)
	b.get("/quan-tri/can-bo?don-vi=khongco&tren="+orgunittest.Province).want(t, 200, "Không tìm thấy đơn vị")
	b.get(ward+"/moi").want(t, 200, "21/11/2026", "Phường Vinh Hưng, Tỉnh Nghệ An")
	b.post(ward+"/moi", "name", "Hồ Thị Mận", "email", "không phải", "role", "vua", "from", "31/02/2026", "until", "1/1/2020").
		want(t, 422, `value="Hồ Thị Mận"`, `value="không phải"`, `value="31/02/2026"`, "Địa chỉ thư chưa đúng", "chọn một vai trò", "Ngày bắt đầu chưa đúng")
	invited := b.post(ward+"/moi", "name", "=Hồ Thị Mận", "email", "man@example.vn", "role", "editor", "from", "1/12/2026", "until", "").
		want(t, 200, "Lời mời cho", s.url+"/loi-moi/")
	b.get(ward).want(t, 200, "Đã mời, chưa nhận", "01/12/2026")

	other := s.browser()
	link := strings.TrimPrefix(invited.find(t, `value="(http[^"]+)"`), s.url)
	seed := other.get(link).want(t, 200).find(t, `<code>([A-Z2-7 ]+)</code>`)
	other.post(link, "password", good, "repeat", good, "code", s.code(seed)).want(t, 200)
	other.get("/tai-khoan").want(t, 200, "từ 01/12/2026") // the term has not begun
	other.get(ward).want(t, 403)
	b.post(ward+"/moi", "name", "Hồ Thị Mận", "email", "man@example.vn", "role", "approver", "from", "21/11/2026").to(t, ward+"?ok=identity.invite.role_given")

	list := b.get(ward+"?q=man&vai-tro=editor&duoi=1&het=1").want(t, 200, "1–1 trong 1", "checked")
	role := "/quan-tri/vai-tro/" + list.find(t, `/quan-tri/vai-tro/([0-9a-f-]+)`)
	b.get(role).want(t, 200, "Kết thúc vai trò", "Không có việc nào còn dở", "Cấp lại đường vào")
	b.post(role+"/ket-thuc", "until", "hôm qua").want(t, 422, "Ngày cuối chưa đúng", `value="hôm qua"`)
	b.post(role+"/ket-thuc", "until", "21/11/2026").to(t, role+"?ok=identity.role_page.ended")
	b.post(role+"/cap-lai").want(t, 200, s.url+"/loi-moi/")
	b.post(role+"/khoa").to(t, role+"?ok=identity.role_page.saved")
	other.get("/tai-khoan").to(t, "/dang-nhap?ve=%2Ftai-khoan")
	b.get(role).want(t, 200, "Đang khóa", "Mở lại tài khoản")
	b.post(role+"/khoa", "open", "1").to(t, role+"?ok=identity.role_page.saved")
	b.get("/quan-tri/vai-tro/none").want(t, 404)

	x := b.get(ward+"/excel?het=1").want(t, 200)
	f, err := excelize.OpenReader(strings.NewReader(x.body))
	s.need(err)
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	s.need(err)
	if len(rows) != 3 || rows[1][0] != "'=Hồ Thị Mận" {
		t.Fatalf("%q", rows)
	}
}

func TestPasskeyPages(t *testing.T) {
	s := newSite(t, identity.Config{})
	b, _ := s.admin()
	phone := identitytest.NewAuthenticator(s.url)
	b.get("/tai-khoan/passkey").want(t, 200, `data-passkey="register"`)
	options := b.post("/tai-khoan/passkey/bat-dau").want(t, 200, "challenge").body
	made, err := phone.Create([]byte(options))
	s.need(err)
	b.do(http.MethodPost, "/tai-khoan/passkey/xong", "application/json", withForm(t, made, "name", "Máy bàn")).want(t, 200, "/tai-khoan?ok=")
	b.get("/tai-khoan").want(t, 200, "Máy bàn", "Chưa dùng")
	b.post("/dang-xuat")

	options = b.post("/dang-nhap/passkey/bat-dau").want(t, 200, "rpId").body
	got, err := phone.Get([]byte(options))
	s.need(err)
	b.do(http.MethodPost, "/dang-nhap/passkey/xong", "application/json", withForm(t, got, "ve", "//evil.example")).want(t, 200, `"next":"/lam-viec"`)
	b.do(http.MethodPost, "/dang-nhap/passkey/xong", "application/json", withForm(t, got, "ve", "/")).want(t, 422, "identity.step_expired")
	page := b.get("/tai-khoan").want(t, 200, "Khóa đăng nhập")

	s.clock.Advance(identity.ProofLife)
	b.get("/xac-nhan").want(t, 200, `data-finish="/xac-nhan/passkey/xong"`)
	options = b.post("/dang-nhap/passkey/bat-dau").body
	got, err = phone.Get([]byte(options))
	s.need(err)
	b.do(http.MethodPost, "/xac-nhan/passkey/xong", "application/json", withForm(t, got, "ve", "/tai-khoan")).want(t, 200, `"next":"/tai-khoan"`)
	b.post("/tai-khoan/passkey/"+page.find(t, `/tai-khoan/passkey/([0-9a-f-]+)/xoa`)+"/xoa").to(t, "/tai-khoan?ok=identity.account.passkey_removed")
	b.do(http.MethodPost, "/dang-nhap/passkey/xong", "application/json", "no json").want(t, 422)
	b.do(http.MethodPost, "/dang-nhap/passkey/xong", "application/json", strings.Repeat("x", 100<<10)).want(t, 413)
}

// withForm puts the fields of the form beside what the authenticator made, as the page's script does.
func withForm(t *testing.T, made []byte, k, v string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(made, &m); err != nil {
		t.Fatal(err)
	}
	m["form"] = map[string]string{k: v}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRehearsalAndUnitSwitch(t *testing.T) {
	s := newSite(t, identity.Config{RehearsalSignIn: true})
	s.seed()
	b := s.browser()
	b.get("/dang-nhap").want(t, 200, "tỉnh diễn tập")
	page := b.get("/dang-nhap/dien-tap?q=pin").want(t, 200, "Lô Thị Pịn", "Lãnh đạo – Tỉnh Nghệ An")
	b.get("/dang-nhap/dien-tap?q=khongcoai").want(t, 200, "Không tìm thấy ai")
	b.post("/dang-nhap/dien-tap", "id", page.find(t, `name="id" value="([0-9a-f-]+)"`), "ve", "/tai-khoan").to(t, "/tai-khoan")
	b.get("/tai-khoan").want(t, 200, "Diễn tập", "/doi-don-vi/"+orgunittest.VinhHung)
	b.get("/quan-tri/can-bo").to(t, "/quan-tri/can-bo/"+orgunittest.Province)
	b.get("/doi-don-vi/"+orgunittest.VinhHung+"?ve=/quan-tri/can-bo").to(t, "/quan-tri/can-bo")
	b.get("/quan-tri/can-bo").to(t, "/quan-tri/can-bo/"+orgunittest.VinhHung)
	b.get("/doi-don-vi/"+orgunittest.KimLien).want(t, 403)

	req, err := http.NewRequest(http.MethodGet, s.url+"/doi-don-vi/"+orgunittest.Province, nil)
	s.need(err)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := b.http.Do(req)
	s.need(err)
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatal("a link from elsewhere switched the unit:", res.Status)
	}
	b.get("/quan-tri/can-bo").to(t, "/quan-tri/can-bo/"+orgunittest.VinhHung)
	b.post("/doi-don-vi/"+orgunittest.Province, "ve", "/").to(t, "/")

	closed := newSite(t, identity.Config{})
	closed.browser().get("/dang-nhap/dien-tap").want(t, 404)
	closed.browser().post("/dang-nhap/dien-tap", "id", "x").want(t, 404)
}

func (s *site) seed() {
	s.t.Helper()
	s.need(s.db.InTx(s.t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := s.svc.SeedOfficials(ctx, tx, []identity.SeedOfficial{
			{Name: "Lô Thị Pịn", Email: "pin@example.vn", Password: good, Memberships: []identity.Term{
				{UnitID: orgunittest.Province, Role: identity.RoleLeader}, {UnitID: orgunittest.VinhHung, Role: identity.RoleAuditor}}},
			{Name: "Moong Văn Nghệ", Email: "nghe@example.vn", Memberships: []identity.Term{{UnitID: orgunittest.Province, Role: identity.RoleAuditor}}},
		})
		return err
	}))
}

func TestPoliciesAndHandoverPages(t *testing.T) {
	s := newSite(t, identity.Config{})
	b, _ := s.admin()
	b.get("/quan-tri/chinh-sach").want(t, 200, "Con người và quyền", "Quản trị đơn vị", "Mời cán bộ", "Cấm", "permit (",
		"Trong đơn vị mình", "Không ai tự giao vai trò cho mình", "Mọi cán bộ", "The diary of the house is read by auditors")
	b.get("/lam-viec/ban-giao").want(t, 200, "Không có gì để tiếp nhận")
	b.post("/lam-viec/ban-giao/none").want(t, 404)

	// A predecessor whose term ended yesterday leaves work to the administrator's new colleague.
	s.svc.RegisterWork("feedback", oneCase{})
	ward := "/quan-tri/can-bo/" + orgunittest.VinhHung
	join := func(email, from, until string) *browser {
		c := s.browser()
		link := b.post(ward+"/moi", "name", "Vi Văn "+email[:3], "email", email, "role", "desk_officer", "from", from, "until", until).want(t, 200).find(t, `value="(http[^"]+)"`)
		link = strings.TrimPrefix(link, s.url)
		seed := c.get(link).find(t, `<code>([A-Z2-7 ]+)</code>`)
		c.post(link, "password", good, "repeat", good, "code", s.code(seed)).want(t, 200)
		return c
	}
	join("old@example.vn", "1/1/2026", "20/11/2026")
	c := join("new@example.vn", "21/11/2026", "")
	page := c.get("/lam-viec/ban-giao").want(t, 200, "Vi Văn old", "hết 20/11/2026", "Đường làng ngập", "/vu-viec/1", "1 việc còn dở")
	c.post(page.find(t, `action="(/lam-viec/ban-giao/[0-9a-f-]+)"`)).to(t, "/lam-viec/ban-giao?ok=identity.handover.taken")
	c.get("/lam-viec/ban-giao").want(t, 200, "Đã tiếp nhận lúc")
}

// oneCase is a feature with one open thing.
type oneCase struct{}

func (oneCase) OpenWork(context.Context, string, string) ([]identity.WorkItem, error) {
	return []identity.WorkItem{{Kind: "identity.people.title", Title: "Đường làng ngập", Href: "/vu-viec/1", Due: orgunittest.Now}}, nil
}

// Every door is shut to strangers, and the doors with an action to officials without any role.
func TestDoors(t *testing.T) {
	s := newSite(t, identity.Config{})
	guard := identityweb.Guard(s.z)
	for _, rt := range s.routes.List() {
		for name, c := range map[string]struct {
			a  identity.Actor
			ok func(web.Door) bool
		}{
			"citizen":         {identity.Citizen(), func(d web.Door) bool { return d == web.DoorPublic }},
			"without a role":  {identity.Actor{Kind: identity.ActorOfficial, ID: "x"}, func(d web.Door) bool { return d != web.DoorAction }},
			"who may do this": {identitytest.And(identitytest.Official("x", identity.RoleAuditor, orgunittest.Province), identity.RoleSystemAdmin, orgunittest.Province), func(web.Door) bool { return true }},
		} {
			r := httptest.NewRequest(rt.Method(), "/", nil)
			err := guard(r.WithContext(identity.WithActor(r.Context(), c.a)), rt.Access)
			if (err == nil) != c.ok(rt.Access.Door) {
				t.Errorf("%s, %s: %v", rt.Pattern, name, err)
			}
		}
	}
}

func TestGoldenPages(t *testing.T) {
	s := newSite(t, identity.Config{RehearsalSignIn: true, OIDC: &identity.OIDCConfig{Name: "Đăng nhập một lần tỉnh Nghệ An", Issuer: "http://127.0.0.1:1"}})
	s.seed()
	b := s.browser()
	ids := golden.Replace(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	show := func(name, path string) {
		t.Helper()
		golden.Body(t, name, b.get(path).want(t, 200).main(t), ids)
	}
	show("sign-in", "/dang-nhap?ve=/tin-bai")
	golden.Body(t, "sign-in-refused", b.post("/dang-nhap", "email", "pin@example.vn", "password", "sai rồi đấy nhé").want(t, 422).main(t), ids)
	golden.Body(t, "not-found", b.get("/loi-moi/0000").want(t, 404).main(t), ids)
	show("rehearsal", "/dang-nhap/dien-tap")
	page := b.get("/dang-nhap/dien-tap?q=pin")
	b.post("/dang-nhap/dien-tap", "id", page.find(t, `name="id" value="([0-9a-f-]+)"`))
	show("account", "/tai-khoan")
	show("people", "/quan-tri/can-bo/"+orgunittest.Province+"?duoi=1")
	show("handover-empty", "/lam-viec/ban-giao")
	golden.Body(t, "forbidden", b.get("/quan-tri/can-bo/"+orgunittest.Province+"/moi").want(t, 403).main(t), ids)

}

func TestProvincesSignInIsDown(t *testing.T) {
	s := newSite(t, identity.Config{OIDC: &identity.OIDCConfig{Name: "Đăng nhập một lần", Issuer: "http://127.0.0.1:1"}})
	s.browser().get("/dang-nhap/oidc").want(t, 503, "chưa trả lời", `type="password"`)
	s.browser().get("/dang-nhap/oidc/ve?code=x&state=y").want(t, 422, "làm lại từ đầu")
	newSite(t, identity.Config{}).browser().get("/dang-nhap/oidc").want(t, 404)
}
