package directiveweb_test

import (
	"bytes"
	"context"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/directive"
	"github.com/nhipcau/nhipcau/internal/directive/directiveweb"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

var (
	leader = identitytest.Official("lanh-dao", identity.RoleLeader, orgunittest.Province)
	ward   = identitytest.Official("phuong", identity.RoleSecretary, orgunittest.VinhHung)
	editor = identitytest.Official("bien-tap", identity.RoleEditor, orgunittest.KimLien)
	anID   = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
	token  = golden.Replace(`/chi-dao/[0-9a-f]{64}`, "/chi-dao/TOKEN")
	qr     = golden.Replace(`d="M4 4h7[^"]*"`, `d="QR"`)
)

type noTrail struct{}

func (noTrail) Record(context.Context, db.Tx, identity.Trace) error { return nil }

type site struct {
	t       *testing.T
	mux     http.Handler
	words   *i18n.Bundle
	service *directive.Service
}

func newSite(t *testing.T) *site {
	t.Helper()
	d := dbtest.SQLite(t, orgunittest.Migrations, directive.Migrations)
	c := clock.NewStub(orgunittest.Now)
	units := orgunittest.SeedAt(t, d, c)
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	z, err := identity.NewAuthorizer(units, c, identity.PolicyFile{Feature: "directive", Text: directive.Policies})
	if err != nil {
		t.Fatal(err)
	}
	files, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t}
	s.service = directive.New(directive.Deps{DB: d, Queue: q, Clock: c, Authz: z, Trail: noTrail{}, Forest: units.Forest, Pictures: picture.NewStore(files), Blobs: files})
	if s.words, err = i18n.Load(ui.Catalogue, picture.Catalogue, directiveweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&directiveweb.Pages{Service: s.service, PublicURL: "https://mattran.example"}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door != web.DoorAction || z.CanSomewhere(actor, a.Action) {
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

func (s *site) page(name string, actor identity.Actor, target string, want int) string {
	s.t.Helper()
	w := s.send(actor, httptest.NewRequest("GET", target, nil), want)
	golden.Body(s.t, name, w.Body.Bytes(), anID, token, qr)
	return w.Body.String()
}

// post sends a form with files; names of files begin with "@".
func (s *site) post(actor identity.Actor, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, vs := range form {
		for _, v := range vs {
			if name, body, isFile := strings.Cut(v, "@@"); isFile {
				w, _ := m.CreateFormFile(k, name)
				_, _ = w.Write([]byte(body))
			} else {
				_ = m.WriteField(k, v)
			}
		}
	}
	_ = m.Close()
	r := httptest.NewRequest("POST", target, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.send(actor, r, want)
}

func filled() url.Values {
	return url.Values{"title": {"Rà soát hộ bị ngập sau bão số 9"}, "text": {"Đến từng hộ.\nGhi số nhà bị ngập."}, "deadline": {"25/11/2026"}, "number": {"12/KH-MTTQ-BTT"}, "level": {"commune"}, "whom": {"all"},
		"file": {"kế hoạch.pdf@@%PDF-1.4\n1 0 obj\n"}}
}

// given sends a directive and returns its address, and the address of the ward's task.
func (s *site) given() (sheet, task string) {
	s.t.Helper()
	w := s.post(leader, directiveweb.Base+"/moi", filled(), http.StatusSeeOther)
	sheet, _, _ = strings.Cut(w.Header().Get("Location"), "?")
	list, _, err := s.service.ReceivedList(s.t.Context(), ward, "", 1, 10)
	if err != nil || len(list) != 1 {
		s.t.Fatalf("%d received, %v", len(list), err)
	}
	return sheet, directiveweb.Base + "/viec/" + list[0].Task.ID
}

func TestPages(t *testing.T) {
	s := newSite(t)
	s.page("received_empty", ward, directiveweb.Base, 200)
	s.page("sent_empty", leader, directiveweb.Base+"/da-gui", 200)
	s.page("form", leader, directiveweb.Base+"/moi", 200)
	sheet, task := s.given()
	s.page("received", ward, directiveweb.Base, 200)
	s.page("sent", leader, directiveweb.Base+"/da-gui", 200)
	s.page("task", ward, task, 200)
	s.page("sheet", leader, sheet, 200)
	s.page("sheet_none", leader, sheet+"?buoc=done", 200)
	s.page("pass", ward, directiveweb.Base+"/moi?chuyen="+strings.TrimPrefix(task, directiveweb.Base+"/viec/"), 200)
	s.send(ward, httptest.NewRequest("POST", task+"/nhan", nil), http.StatusSeeOther)
	s.post(ward, task+"/xong", url.Values{"note": {""}}, http.StatusUnprocessableEntity)
	s.post(ward, task+"/xong", url.Values{"note": {"Đã rà soát 42 hộ."}}, http.StatusSeeOther)
	s.page("task_done", leader, task, 200)
	if f := s.send(ward, httptest.NewRequest("GET", task+"/tep", nil), 200); !strings.Contains(f.Header().Get("Content-Disposition"), "attachment") || f.Header().Get("Content-Type") != "application/pdf" {
		t.Errorf("the attachment: %v", f.Header())
	}
	r := httptest.NewRequest("POST", task+"/tra-lai", strings.NewReader("reason=ch%C6%B0a+c%C3%B3+s%E1%BB%91+h%E1%BB%99"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.send(leader, r, http.StatusSeeOther)
	if x := s.send(leader, httptest.NewRequest("GET", sheet+"/xuat.xlsx", nil), 200); x.Body.Len() < 1000 {
		t.Error("the Excel file is empty")
	}
}

func TestRefusedKeepsWhatWasTyped(t *testing.T) {
	s := newSite(t)
	f := filled()
	f.Set("deadline", "31/02/2027")
	w := s.post(leader, directiveweb.Base+"/moi", f, http.StatusUnprocessableEntity)
	golden.Body(t, "form_refused", w.Body.Bytes(), anID)
	if !strings.Contains(w.Body.String(), "Ghi số nhà bị ngập.") {
		t.Error("what was typed is gone")
	}
	f = filled()
	f.Set("whom", "some")
	s.post(leader, directiveweb.Base+"/moi", f, http.StatusUnprocessableEntity)
	f["unit"] = []string{orgunittest.KimLien}
	s.post(leader, directiveweb.Base+"/moi", f, http.StatusSeeOther)
	s.post(editor, directiveweb.Base+"/moi", filled(), http.StatusForbidden)
}

func TestLinkWithoutPassword(t *testing.T) {
	s := newSite(t)
	sheet, task := s.given()
	w := s.send(leader, httptest.NewRequest("POST", sheet+"/nhac", nil), 200)
	golden.Body(t, "remind", w.Body.Bytes(), anID, token, qr)
	links := regexp.MustCompile(`https://mattran\.example(/chi-dao/[0-9a-f]{64})`).FindAllStringSubmatch(w.Body.String(), -1)
	if len(links) < 3 {
		t.Fatalf("%d links", len(links))
	}
	nobody := identity.Actor{Kind: identity.ActorCitizen}
	link := ""
	for _, l := range links { // the ward's own: Kim Liên, Trường Vinh and Vinh Hưng stand in alphabetical order
		link = l[1]
	}
	stands := func() directive.Step {
		a, err := s.service.Task(t.Context(), ward, strings.TrimPrefix(task, directiveweb.Base+"/viec/"))
		if err != nil {
			t.Fatal(err)
		}
		return a.Step
	}
	s.page("link", nobody, link, 200)
	if got := stands(); got != directive.Waiting {
		t.Errorf("a preview of the messenger counts as %s", got)
	}
	r := httptest.NewRequest("GET", link, nil)
	r.Header.Set("Sec-Fetch-Dest", "document")
	s.send(nobody, r, 200)
	if got := stands(); got != directive.Seen {
		t.Errorf("opened in a browser: %s", got)
	}
	s.send(nobody, httptest.NewRequest("GET", link+"/tep", nil), 200)
	s.send(nobody, httptest.NewRequest("POST", link+"/nhan", nil), http.StatusSeeOther)
	s.post(nobody, link+"/xong", url.Values{}, http.StatusUnprocessableEntity)
	golden.Body(t, "link_thanks", s.post(nobody, link+"/xong", url.Values{"note": {"7 hộ ngập"}}, 200).Body.Bytes())
	if got := stands(); got != directive.Done {
		t.Errorf("after the report: %s", got)
	}
	s.page("link_used", nobody, link, http.StatusNotFound)
	s.page("link_gone", nobody, directiveweb.LinkBase+strings.Repeat("0", 64), http.StatusNotFound)
}

func TestTakenBack(t *testing.T) {
	s := newSite(t)
	sheet, task := s.given()
	form := func(v url.Values, want int) {
		r := httptest.NewRequest("POST", sheet+"/ket-thuc", strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		s.send(leader, r, want)
	}
	form(url.Values{"state": {"withdrawn"}}, http.StatusUnprocessableEntity)
	form(url.Values{"state": {"withdrawn"}, "reason": {"Giao nhầm cấp"}}, http.StatusSeeOther)
	s.page("task_withdrawn", ward, task, 200)
	s.page("sheet_withdrawn", leader, sheet, 200)
	if got := s.service.Levels(orgunittest.VinhHung); len(got) != 1 || got[0] != orgunit.LevelArea {
		t.Errorf("below a ward: %v", got)
	}
}
