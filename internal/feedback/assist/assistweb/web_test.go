package assistweb_test

import (
	"bytes"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback/assist"
	"github.com/nhipcau/nhipcau/internal/feedback/assist/assistweb"
	"github.com/nhipcau/nhipcau/internal/feedback/byphoneweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

var (
	head  = identitytest.And(identitytest.Official("truong-ban", identity.RoleAreaHead, orgunittest.AreaKimTan), identity.RoleAreaHead, orgunittest.AreaKimHoa)
	code  = golden.Replace(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}`, "CODE")
	nonce = golden.Replace(`name="nonce" value="[0-9a-f]{32}"`, `name="nonce" value="NONCE"`)
	qr    = golden.Replace(`d="M4 4h7[^"]*"`, `d="QR"`)
)

type site struct {
	t     *testing.T
	mux   http.Handler
	words *i18n.Bundle
}

func newSite(t *testing.T) *site {
	t.Helper()
	d := dbtest.SQLite(t, append(append([]db.Migrations{}, feedbacktest.Migrations...), assist.Migrations)...)
	k := feedbacktest.New(t, d, nil)
	s := &site{t: t}
	var err error
	if s.words, err = i18n.Load(ui.Catalogue, feedbackweb.Catalogue, byphoneweb.Catalogue, assistweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	(&assistweb.Pages{Service: assist.New(assist.Deps{DB: d, Clock: k.Clock, Authz: k.Authz, Forest: k.Units.Forest, Cases: k.Service})}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, f fault.Kind, err error) templ.Component { return ui.ErrorPage(f, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if k.Authz.CanSomewhere(actor, a.Action) {
				return nil
			}
			return k.Authz.Check(actor, a.Action, identity.InUnit(""))
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

func (s *site) post(fields map[string]string, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for k, v := range fields {
		_ = m.WriteField(k, v)
	}
	_ = m.Close()
	r := httptest.NewRequest("POST", assistweb.Base, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.send(head, r, want)
}

func TestPages(t *testing.T) {
	s := newSite(t)
	w := s.send(head, httptest.NewRequest("GET", assistweb.Base, nil), 200)
	if w.Header().Get("X-Offline") != "keep" {
		t.Error("the page cannot be kept for use without network")
	}
	golden.Body(t, "form", w.Body.Bytes(), code, nonce, qr)
	fields := map[string]string{"area": orgunittest.AreaKimHoa, "text": "Đèn đường khối tôi tắt cả tháng nay, trẻ con đi học về tối.", "kind": "report", "name": "Vi Văn Tích", "offline_id": "0b6c3a52-1111-4222-8333-444455556666"}
	w = s.post(fields, http.StatusUnprocessableEntity)
	golden.Body(t, "form_refused", w.Body.Bytes(), code, nonce, qr)
	if !strings.Contains(w.Body.String(), "trẻ con đi học về tối") {
		t.Error("what was typed is gone")
	}
	fields["consent"] = "on"
	to := s.post(fields, http.StatusSeeOther).Header().Get("Location")
	if again := s.post(fields, http.StatusSeeOther).Header().Get("Location"); again != to {
		t.Errorf("sent twice: %s, then %s", to, again)
	}
	golden.Body(t, "slip", s.send(head, httptest.NewRequest("GET", to, nil), 200).Body.Bytes(), code, qr)
	s.send(identitytest.Official("khac", identity.RoleAreaHead, orgunittest.AreaHongSon), httptest.NewRequest("GET", to, nil), http.StatusNotFound)
	golden.Body(t, "forbidden", s.send(feedbacktest.Officer, httptest.NewRequest("GET", assistweb.Base, nil), http.StatusForbidden).Body.Bytes())
}
