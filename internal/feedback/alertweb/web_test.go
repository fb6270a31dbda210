package alertweb_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/alert"
	"github.com/nhipcau/nhipcau/internal/feedback/alertweb"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/open311web"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

type post struct {
	mu   sync.Mutex
	sent []mail.Letter
}

func (p *post) Send(_ context.Context, l mail.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, l)
	return nil
}

// One person's way: asks with a wrong address, asks rightly, confirms, slows down, and is taken off by one click of the mail
// program.
func TestTheWayOfOneReader(t *testing.T) {
	words, err := i18n.Load(ui.Catalogue, alertweb.Catalogue, feedbackweb.Catalogue, open311web.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.Parse("k1 " + strings.Repeat("cd", 32))
	if err != nil {
		t.Fatal(err)
	}
	k := feedbacktest.New(t, dbtest.SQLite(t, append(feedbacktest.Migrations, alert.Migrations, routing.Migrations)...), words.In("vi"))
	out := &post{}
	s := alert.New(alert.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Forest: k.Units.Forest, Cases: k.Service, Matters: routing.New(routing.Deps{Cases: k.Service, Root: orgunittest.Province}).Categories, Sealer: box, Key: []byte("key"), Post: out,
		Words: func(lang string) feedback.Words { return words.In(lang) }, BaseURL: "https://mttq.example"})
	var rt web.Routes
	alertweb.New(alertweb.Pages{S: s, Units: k.Units.Forest, Clock: k.Clock, Root: orgunittest.Province}, 4).Routes(&rt)
	ws := &web.Server{Guard: func(*http.Request, web.Access) error { return nil }, Logger: slog.New(slog.DiscardHandler),
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) }}
	mux := ws.Mux(&rt)
	do := func(method, path string, form url.Values, status int, texts ...string) string {
		t.Helper()
		r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, r.WithContext(ui.WithShell(i18n.With(r.Context(), words.In("vi")), ui.Shell{})))
		body, _ := io.ReadAll(rec.Body)
		if rec.Code != status {
			t.Fatalf("%s %s: %d, want %d\n%s", method, path, rec.Code, status, body)
		}
		for _, x := range texts {
			if !strings.Contains(string(body), x) {
				t.Errorf("%s %s does not say %q:\n%s", method, path, x, body)
			}
		}
		if len(body) > 30_000 {
			t.Errorf("%s weighs %d bytes", path, len(body))
		}
		return string(body)
	}
	do("GET", alert.Path+"?don_vi="+orgunittest.VinhHung+"&linh_vuc=lighting", nil, 200, `value="`+orgunittest.VinhHung+`" selected`, `value="lighting" selected`)
	do("POST", alert.Path, url.Values{"email": {"không phải thư"}, "pace": {"now"}}, 422, `value="không phải thư"`, words.In("vi").T("alert.email_bad"))
	do("POST", alert.Path, url.Values{"email": {"robot@b.example"}, "website": {"x"}}, 303)
	do("POST", alert.Path, url.Values{"email": {"ba.con@b.example"}, "unit": {orgunittest.VinhHung}, "pace": {"now"}}, 303)
	do("GET", alert.Path+"?gui=1", nil, 200, words.In("vi").T("alert.sent_title"))
	k.Drain()
	if len(out.sent) != 1 || out.sent[0].To != "ba.con@b.example" {
		t.Fatalf("%+v", out.sent)
	}
	m := regexp.MustCompile(`https://mttq\.example(/bao-tin/[^\s/]+)`).FindStringSubmatch(out.sent[0].Text)
	if m == nil {
		t.Fatal(out.sent[0].Text)
	}
	do("GET", m[1], nil, 200, words.In("vi").T("alert.confirm")) // a mail program that opens links confirms nothing
	if sub, err := s.ByToken(t.Context(), strings.TrimPrefix(m[1], alert.Path+"/")); err != nil || sub.Confirmed {
		t.Fatalf("%+v %v", sub, err)
	}
	do("POST", m[1], url.Values{}, 200, words.In("vi").T("alert.done.confirmed"))
	do("POST", m[1]+"/nhip", url.Values{"pace": {"daily"}}, 200, words.In("vi").T("alert.done.pace"), `value="daily" checked`)
	do("GET", m[1]+"/thoi", nil, 200, words.In("vi").T("alert.stop"))
	oneClick := url.Values{"List-Unsubscribe": {"One-Click"}}
	do("POST", m[1]+"/thoi", oneClick, 200, words.In("vi").T("alert.stopped_text"))
	do("POST", m[1]+"/thoi", oneClick, 200)
	do("GET", m[1], nil, 404, words.In("vi").T("alert.gone"))
	do("POST", m[1], url.Values{}, 404)
	do("POST", alert.Path, url.Values{"email": {"x@b.example"}}, 303)
	do("POST", alert.Path, url.Values{"email": {"y@b.example"}}, 429)
	s.Post = nil
	do("GET", alert.Path, nil, 200, words.In("vi").T("alert.no_mail"))
}
