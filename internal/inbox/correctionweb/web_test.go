package correctionweb_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/fault"
	ft "github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/inbox"
	"github.com/nhipcau/nhipcau/internal/inbox/correction"
	"github.com/nhipcau/nhipcau/internal/inbox/correctionweb"
	it "github.com/nhipcau/nhipcau/internal/inbox/inboxtest"
	"github.com/nhipcau/nhipcau/internal/inbox/inboxweb"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// site is the pages of the desk; who is signed in is chosen by the test.
type site struct {
	*it.Kit
	t           *testing.T
	Corrections *correction.Service
	mux         http.Handler
	words       *i18n.Bundle
	actor       identity.Actor
}

type page struct {
	status int
	body   string
}

func newSite(t *testing.T) *site {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, feedbackweb.Catalogue, inboxweb.Catalogue, channelweb.Catalogue, correctionweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	k := it.New(t, dbtest.SQLite(t, append(append([]db.Migrations{}, it.Migrations...), correction.Migrations)...), words.In("vi"))
	z, err := identity.NewAuthorizer(k.Units, k.Clock, identity.PolicyFile{Feature: "correction", Text: correction.Policies})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{Kit: k, t: t, words: words, actor: ft.Officer,
		Corrections: correction.New(correction.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Authz: z, Trail: k.Audit, Forest: k.Units.Forest, Inbox: k.Inbox})}
	var rt web.Routes
	(&correctionweb.Pages{Service: s.Corrections}).Routes(&rt)
	guard := func(r *http.Request, a web.Access) error {
		return z.Check(identity.ActorFrom(r.Context()), a.Action, identity.InUnit(orgunittest.VinhHung))
	}
	s.mux = (&web.Server{Guard: guard, Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, kind fault.Kind, err error) templ.Component {
		return ui.ErrorPage(kind, err)
	}}).Mux(&rt)
	return s
}

func (s *site) do(method, path string, form url.Values) page {
	s.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(identity.WithActor(i18n.With(r.Context(), s.words.In("vi")), s.actor)))
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return page{w.Code, string(b)}
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

func (p page) want(t *testing.T, status int, texts ...string) {
	t.Helper()
	if p.status != status {
		t.Fatalf("status %d, want %d:\n%s", p.status, status, p.body)
	}
	for _, x := range texts {
		if !strings.Contains(p.body, x) {
			t.Errorf("the page does not say %q:\n%s", x, p.body)
		}
	}
}

var uuids = golden.Replace(`0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")

func check(t *testing.T, name string, p page) {
	t.Helper()
	golden.Body(t, name, []byte(p.body), uuids)
}

func TestDesk(t *testing.T) {
	s := newSite(t)
	const desk = "/lam-viec/dinh-chinh"
	check(t, "claims_none", s.get(desk))
	s.post(desk, "title", "").want(t, http.StatusUnprocessableEntity, "Xin ghi điều được nói")
	s.Say(it.OA, "hoa", "Nghe nói phải nộp 500 nghìn?")
	c, err := s.Corrections.Open(t.Context(), s.actor, orgunittest.VinhHung, "Mỗi hộ phải nộp 500 nghìn", s.Only(s.actor, inbox.Filter{}).ID)
	if err != nil {
		t.Fatal(err)
	}
	one := desk + "/" + c.ID
	s.post(one+"/dinh-chinh", "answer", "Quỹ là tự nguyện.", "link", "ftp://x").want(t, http.StatusUnprocessableEntity, "Quỹ là tự nguyện.", "https://")
	s.post(one+"/dinh-chinh", "answer", "Quỹ là tự nguyện.", "link", "https://mttq.example/tin/quy").want(t, http.StatusSeeOther)
	check(t, "claim_drafted", s.get(one))
	s.actor = identitytest.Official("duyet", identity.RoleApprover, orgunittest.VinhHung)
	check(t, "claim_to_approve", s.get(one))
	s.post(one+"/duyet").want(t, http.StatusSeeOther)
	s.post(one+"/duyet").want(t, http.StatusConflict, "Không có câu trả lời nào đang chờ duyệt")
	s.Drain()
	check(t, "claim_answered", s.get(one))
	check(t, "claims", s.get(desk+"?q=500+nghin"))
	check(t, "claims_print", s.get(desk+"?in=1"))
	if p := s.get(desk + "/xuat.xlsx"); p.status != 200 || !strings.HasPrefix(p.body, "PK") {
		t.Errorf("no Excel file: %d", p.status)
	}
	s.get(desk+"/none").want(t, http.StatusNotFound)
	s.actor = identitytest.Official("kho", identity.RoleStorekeeper, orgunittest.VinhHung)
	s.get(desk).want(t, http.StatusForbidden)
}
