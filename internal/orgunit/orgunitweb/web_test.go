package orgunitweb_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	ot "github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunitweb"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

type silent struct{}

func (silent) Record(context.Context, db.Tx, identity.Trace) error { return nil }

// things is a room with three things in Kim Liên.
type things struct{}

func (things) Preview(_ context.Context, from []string) (out []orgadmin.MoveLine, _ error) {
	for _, u := range from {
		if u == ot.KimLien {
			out = append(out, orgadmin.MoveLine{UnitID: u, Key: "orgunit.several", Count: 3})
		}
	}
	return out, nil
}

func (things) Move(context.Context, db.Tx, string, string, clock.Date) error { return nil }

type site struct {
	t     *testing.T
	mux   http.Handler
	words *i18n.Bundle
	units *orgunit.Service
	actor identity.Actor
}

func newSite(t *testing.T) *site {
	t.Helper()
	d := dbtest.SQLite(t, ot.Migrations, orgadmin.Migrations)
	if err := jobs.Migrate(context.Background(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewStub(ot.Now)
	units := ot.SeedAt(t, d, c)
	auth := identitytest.Authorizer(t, units, identity.PolicyFile{Feature: "orgunit", Text: orgadmin.Policies})
	p := &orgunitweb.Pages{Units: units, Admin: orgadmin.New(d, units, auth, silent{}, q, c, things{}),
		Home: func(u orgunit.Unit) string { return "/" + u.Slug }}
	words, err := i18n.Load(orgunitweb.Catalogue, ui.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, words: words, units: units}
	var rt web.Routes
	p.Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door != web.DoorAction || auth.CanSomewhere(actor, a.Action) {
				return nil
			}
			return auth.Check(actor, a.Action, identity.InUnit(""))
		}}
	s.mux = server.Mux(&rt)
	return s
}

func (s *site) do(method, target string, form url.Values, accept string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept", accept)
	ctx := i18n.With(identity.WithActor(r.Context(), s.actor), s.words.In("vi"))
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(ctx))
	return w
}

func (s *site) page(method, target string, form url.Values, status int) string {
	s.t.Helper()
	w := s.do(method, target, form, "text/html")
	if w.Code != status {
		s.t.Fatalf("%s %s: %d, want %d\n%s", method, target, w.Code, status, w.Body)
	}
	return w.Body.String()
}

var (
	anID = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
)

func TestPublicPages(t *testing.T) {
	s := newSite(t)
	for name, target := range map[string]string{
		"ward":        "/don-vi/phuong-vinh-hung",
		"former":      "/don-vi/" + ot.FormerNghiKim,
		"former_then": "/don-vi/" + ot.FormerNghiKim + "?ngay=2025-01-31",
		"district":    "/don-vi/thanh-pho-vinh",
		"search":      "/tim-don-vi?q=" + url.QueryEscape("xa nghi kim"),
		"search_none": "/tim-don-vi?q=atlantis",
		"search_form": "/tim-don-vi",
	} {
		body := s.page("GET", target, nil, 200)
		golden.Body(t, name, []byte(body))
		if len(body) > 30_000 {
			t.Errorf("%s weighs %d bytes", name, len(body))
		}
	}
	if body := s.page("GET", "/tim-don-vi?q=nghi+kim", nil, 200); !strings.Contains(body, "Xã Nghi Kim → nay thuộc Phường Vinh Hưng") {
		t.Error(body)
	}
	for target, status := range map[string]int{"/don-vi/khong-co": 404, "/don-vi/phuong-vinh-hung?ngay=2025-02-31": 404,
		"/tim-don-vi?q=" + strings.Repeat("a", 300): 422, "/quan-tri/khu-dan-cu": 303, "/quan-tri/sap-xep": 303} {
		if w := s.do("GET", target, nil, "text/html"); w.Code != status {
			t.Errorf("%s: %d, want %d", target, w.Code, status)
		}
	}
}

func TestSearchAsJSON(t *testing.T) {
	s := newSite(t)
	w := s.do("GET", "/tim-don-vi?q=nghi+kim", nil, "application/json")
	var got struct {
		Results []struct {
			Name, Sentence string
			Former         bool
			Now            []struct{ ID, Name, Href string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err, w.Body)
	}
	if len(got.Results) == 0 || !got.Results[0].Former || got.Results[0].Now[0].ID != ot.VinhHung || got.Results[0].Now[0].Href != "/don-vi/phuong-vinh-hung" {
		t.Errorf("%+v", got)
	}
	if w := s.do("GET", "/tim-don-vi?q=atlantis", nil, "application/json"); strings.TrimSpace(w.Body.String()) != `{"results":[]}` {
		t.Error(w.Body)
	}
}

func TestAreaPages(t *testing.T) {
	s := newSite(t)
	s.actor = identitytest.Official("lan", identity.RoleUnitAdmin, ot.VinhHung)
	if w := s.do("GET", "/quan-tri/khu-dan-cu", nil, "text/html"); w.Header().Get("Location") != "/quan-tri/khu-dan-cu/"+ot.VinhHung {
		t.Error("who keeps one commune goes straight there", w.Header())
	}
	at := "/quan-tri/khu-dan-cu/" + ot.VinhHung
	golden.Body(t, "areas", []byte(s.page("GET", at, nil, 200)))
	bad := url.Values{"type": {"Khối"}, "name": {"Kim Hoà"}, "on": {"21/11/2026"}, "basis": {"QĐ <5>"}}
	golden.Body(t, "areas_refused", []byte(s.page("POST", at, bad, 422)))
	good := url.Values{"type": {"Khối"}, "name": {"Mỹ Hòa"}, "on": {"2026-11-21"}}
	if w := s.do("POST", at, good, "text/html"); w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), at+"?ok=") {
		t.Fatal(w.Code, w.Body)
	}
	area := "/quan-tri/khu-dan-cu/" + ot.AreaKimHoa
	golden.Body(t, "area", []byte(s.page("GET", area+"/sua", nil, 200)), anID)
	s.page("POST", area+"/sua", url.Values{"type": {"Xóm lạ"}, "name": {""}, "on": {"hôm nay"}}, 422)
	s.page("POST", area+"/sua", url.Values{"type": {"Khối"}, "name": {"Kim Hòa 1"}, "on": {"2026-11-22"}}, 303)
	s.page("POST", area+"/dong", url.Values{"into": {"nobody"}, "on": {"2026-12-01"}}, 403)
	s.page("POST", area+"/dong", url.Values{"into": {ot.AreaKimTan}, "on": {"1/12/2026"}}, 303)
	if got := s.units.Forest().Successors(ot.AreaKimHoa, "2026-12-01"); len(got) != 1 || got[0].ID != ot.AreaKimTan {
		t.Error(got)
	}
	s.page("GET", "/quan-tri/khu-dan-cu/"+ot.KimLien, nil, 403)
	s.page("POST", "/quan-tri/khu-dan-cu/"+ot.KimLien, good, 403)
	s.actor = identitytest.Official("hà", identity.RoleUnitAdmin, ot.Province)
	golden.Body(t, "communes", []byte(s.page("GET", "/quan-tri/khu-dan-cu", nil, 200)))
	s.actor = identitytest.Official("minh", identity.RoleEditor, ot.Province)
	s.page("GET", "/quan-tri/khu-dan-cu", nil, 403)
}

func TestWizardPages(t *testing.T) {
	s := newSite(t)
	s.actor = identitytest.Official("hà", identity.RoleUnitAdmin, ot.Province)
	golden.Body(t, "records_none", []byte(s.page("GET", "/quan-tri/sap-xep", nil, 200)))
	for _, kind := range orgadmin.PlanKinds {
		golden.Body(t, "wizard_"+string(kind), []byte(s.page("GET", "/quan-tri/sap-xep/moi?kind="+string(kind), nil, 200)))
	}
	plan := url.Values{"kind": {"merge"}, "on": {"21/11/2026"}, "basis": {"NQ 9/2026"}, "from": {ot.KimLien, ot.TruongVinh}, "under": {ot.Province}, "level": {"commune"},
		"name": {"Làng Sen"}, "type": {"Phường"}, "code": {"17950"}}
	golden.Body(t, "preview_merge", []byte(s.page("POST", "/quan-tri/sap-xep/xem-truoc", plan, 200)), anID)
	refused := url.Values{"kind": {"merge"}, "on": {"2026-11-21"}, "under": {ot.Province}, "level": {"commune"}, "from": {ot.KimLien}, "type": {"Phường"}}
	golden.Body(t, "wizard_refused", []byte(s.page("POST", "/quan-tri/sap-xep/xem-truoc", refused, 422)))
	s.page("POST", "/quan-tri/sap-xep", refused, 422)
	w := s.do("POST", "/quan-tri/sap-xep", plan, "text/html")
	if w.Code != 303 {
		t.Fatal(w.Code, w.Body)
	}
	at, _, _ := strings.Cut(w.Header().Get("Location"), "?")
	golden.Body(t, "record", []byte(s.page("GET", at, nil, 200)), anID)
	golden.Body(t, "records", []byte(s.page("GET", "/quan-tri/sap-xep", nil, 200)), anID)
	split := url.Values{"kind": {"split"}, "on": {"2027-01-01"}, "basis": {"NQ 10"}, "from": {ot.VinhHung}, "under": {ot.Province}, "level": {"commune"},
		"name": {"Nghi Kim"}, "type": {"Phường"}, "name1": {"Nghi Liên"}, "type1": {"Phường"}, "part." + ot.AreaKimHoa: {"1"}}
	golden.Body(t, "preview_split", []byte(s.page("POST", "/quan-tri/sap-xep/xem-truoc", split, 200)), anID)
	s.page("POST", "/quan-tri/sap-xep", split, 303)
	parts := s.units.Forest().Successors(ot.VinhHung, "2027-01-01")
	if len(parts) != 2 || !s.units.Forest().Under(ot.AreaKimHoa, parts[1].ID, "2027-01-01") {
		t.Error(parts)
	}
	s.actor = identitytest.Official("lan", identity.RoleUnitAdmin, ot.VinhHung)
	s.page("GET", at, nil, 404)
	s.page("POST", "/quan-tri/sap-xep", url.Values{"kind": {"rename"}, "on": {"2026-11-21"}, "basis": {"x"}, "from": {ot.VinhHung}, "name": {"A"}, "type": {"Xã"}}, 403)
}

func (s *site) upload(text string, status int) string {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile("file", "khu-dan-cu.csv")
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		s.t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/quan-tri/don-vi/danh-sach", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), s.actor), s.words.In("vi"))))
	if w.Code != status {
		s.t.Fatalf("%d, want %d\n%s", w.Code, status, w.Body)
	}
	return w.Body.String()
}

func TestAdminPage(t *testing.T) {
	s := newSite(t)
	s.actor = identitytest.Official("lan", identity.RoleUnitAdmin, ot.VinhHung)
	golden.Body(t, "admin", []byte(s.page("GET", "/quan-tri/don-vi", nil, 200)))
	const head = "level,code,name,parent_code,type\n"
	golden.Body(t, "admin_refused", []byte(s.upload(head+"area,1,A,17950,Xóm\nplanet,2,B,17920,\n", 422)))
	golden.Body(t, "admin_refused_reach", []byte(s.upload(head+"area,1,A,17950,Xóm\narea,2,B,99999,Xóm\n", 422)))
	s.upload(head+"area,17920-009,Mỹ Sơn,17920,Khối\n", 303)
	if body := s.upload(head+"area,17920-009,Mỹ Sơn,17920,Khối\n", 200); !strings.Contains(body, "đã có từ trước") {
		t.Error(body)
	}
	s.page("POST", "/quan-tri/don-vi/danh-sach", url.Values{}, 422)
	s.actor = identitytest.Official("tú", identity.RoleLeader, ot.Province)
	golden.Body(t, "admin_leader", []byte(s.page("GET", "/quan-tri/don-vi", nil, 200)))
	s.actor = identitytest.Official("minh", identity.RoleEditor, ot.Province)
	s.page("GET", "/quan-tri/don-vi", nil, 403)
	s.upload(head, 403)
}

// Every key that code or template speaks of is in both catalogues.
func TestCatalogueIsWhole(t *testing.T) {
	vi, en := keys(t, "catalogue.vi.toml"), keys(t, "catalogue.en.toml")
	for k := range vi {
		if !en[k] {
			t.Errorf("%s has no English", k)
		}
	}
	notTexts := regexp.MustCompile(`_$|^orgunit\.(admin|manage_areas|plan|reorganise|close_level)$|^orgadmin\.move$`)
	spoken := regexp.MustCompile(`"(org(?:unit|admin)\.[a-z_0-9]+)"`)
	err := filepath.WalkDir("..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, "_test.go") || !strings.HasSuffix(path, ".go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range spoken.FindAllStringSubmatch(string(b), -1) {
			if k := m[1]; !vi[k] && !notTexts.MatchString(k) {
				t.Errorf("%s: the key %s has no text", path, k)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func keys(t *testing.T, file string) map[string]bool {
	b, err := orgunitweb.Catalogue.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	section := ""
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(strings.TrimSpace(line), "[]")
		} else if k, _, ok := strings.Cut(line, " = "); ok {
			out[section+"."+k] = true
		}
	}
	return out
}
