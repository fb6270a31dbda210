package web_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, s); return err })
}

func server() *web.Server {
	return &web.Server{
		Guard: func(r *http.Request, a web.Access) error {
			if a.Door == web.DoorPublic || r.Header.Get("X-Test-User") != "" {
				return nil
			}
			return fault.New(fault.Unauthenticated, "sign.in")
		},
		ErrorPage: func(_ *http.Request, k fault.Kind, _ error) templ.Component { return text("page of " + k.String()) },
		Logger:    slog.New(slog.DiscardHandler),
	}
}

func TestFaultsBecomePages(t *testing.T) {
	var rt web.Routes
	for path, err := range map[string]error{
		"/invalid": fault.Field("title", "x"), "/missing": fault.New(fault.NotFound, "x"), "/forbidden": fault.New(fault.Forbidden, "x"),
		"/conflict": fault.New(fault.Conflict, "x"), "/busy": fault.New(fault.TooMany, "x"), "/broken": errors.New("disk"), "/ok": nil,
	} {
		rt.Public("GET "+path, func(w http.ResponseWriter, r *http.Request) error {
			if err != nil {
				return err
			}
			return web.Render(w, r, 200, text("fine"))
		})
	}
	rt.Public("GET /panic", func(http.ResponseWriter, *http.Request) error { panic("slip") })
	rt.SignedIn("GET /mine", func(w http.ResponseWriter, r *http.Request) error { return web.Render(w, r, 200, text("mine")) })
	rt.SignedIn("POST /mine", func(w http.ResponseWriter, r *http.Request) error { return web.SeeOther(w, r, "/ok") })
	s := server()
	h := s.Harden(s.SameOrigin(s.Mux(&rt), "/webhook/"), false)
	for path, want := range map[string]int{"/invalid": 422, "/missing": 404, "/forbidden": 403, "/conflict": 409, "/busy": 429, "/broken": 500, "/ok": 200, "/panic": 500, "/mine": 303} {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		if rec.Code != want {
			t.Errorf("%s: %d, want %d", path, rec.Code, want)
		}
		if rec.Header().Get("Content-Security-Policy") == "" {
			t.Errorf("%s: no CSP", path)
		}
		if strings.Contains(rec.Body.String(), "disk") {
			t.Errorf("%s: the cause leaked", path)
		}
	}
	foreign := httptest.NewRequest("POST", "/mine", nil)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	foreign.Header.Set("X-Test-User", "x")
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, foreign)
	if rec.Code != 403 {
		t.Errorf("a foreign form got %d", rec.Code)
	}
}

func TestProblemForPrograms(t *testing.T) {
	var rt web.Routes
	rt.Public("POST /api/v1/x", func(http.ResponseWriter, *http.Request) error { return fault.Field("title", "post.title.required") })
	rec := httptest.NewRecorder()
	server().Mux(&rt).ServeHTTP(rec, httptest.NewRequest("POST", "/api/v1/x", nil))
	if rec.Code != 422 || rec.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(rec.Body.String(), `"field":"title"`) {
		t.Fatal(rec.Code, rec.Body)
	}
}

func TestClientIP(t *testing.T) {
	for _, c := range []struct{ remote, xff, want string }{
		{"203.0.113.7:1000", "", "203.0.113.7"},
		{"203.0.113.7:1000", "198.51.100.1", "203.0.113.7"}, // a stranger cannot choose his address
		{"127.0.0.1:1000", "198.51.100.1, 203.0.113.9", "203.0.113.9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.xff != "" {
			r.Header.Set("X-Forwarded-For", c.xff)
		}
		if got := web.ClientIP(r); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}
