// Package web is the thin layer between net/http and the features: handlers that return errors, a table of routes each of
// which says who may come in, and the one place where a fault becomes a page.
package web

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Handler answers a request or returns a fault.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Door says who may use a route at all; the use case behind it still decides about the single thing.
type Door int

// The doors.
const (
	DoorPublic   Door = iota // anybody, without an account
	DoorSignedIn             // any signed-in official
	DoorAction               // officials who may do Action in at least one unit
)

// Access is the rule of one route.
type Access struct {
	Door   Door
	Action string // for DoorAction: the policy action, for example "publish.approve"
}

// Route is one entry of the table; Pattern is a net/http pattern with its method, "GET /tin-bai/{id}".
type Route struct {
	Pattern string
	Access  Access
	Handler Handler
}

// Method is the pattern's method.
func (r Route) Method() string { m, _, _ := strings.Cut(r.Pattern, " "); return m }

// Path is the pattern without its method.
func (r Route) Path() string { _, p, _ := strings.Cut(r.Pattern, " "); return p }

// Routes collects the table; a test walks it with every role.
type Routes struct{ list []Route }

// Public adds a route that anybody may use.
func (t *Routes) Public(pattern string, h Handler) { t.add(pattern, Access{Door: DoorPublic}, h) }

// SignedIn adds a route for any signed-in official.
func (t *Routes) SignedIn(pattern string, h Handler) { t.add(pattern, Access{Door: DoorSignedIn}, h) }

// Can adds a route for officials who may do the action somewhere.
func (t *Routes) Can(pattern, action string, h Handler) {
	t.add(pattern, Access{Door: DoorAction, Action: action}, h)
}

func (t *Routes) add(pattern string, a Access, h Handler) {
	if !strings.Contains(pattern, " ") {
		panic("web: the pattern " + pattern + " has no method") // a programming slip, found at start
	}
	t.list = append(t.list, Route{Pattern: pattern, Access: a, Handler: h})
}

// List gives the routes in the order they were added.
func (t *Routes) List() []Route { return t.list }

// Server turns the table into an http.Handler.
type Server struct {
	// Guard decides whether the request may pass the door; it returns an Unauthenticated or Forbidden fault otherwise.
	Guard func(r *http.Request, a Access) error
	// ErrorPage draws the page of a fault.
	ErrorPage func(r *http.Request, kind fault.Kind, err error) templ.Component
	// OnRoute hears which route answers; nil: nobody listens.
	OnRoute func(ctx context.Context, pattern string)
	Logger  *slog.Logger
}

// Mux builds the multiplexer.
func (s *Server) Mux(t *Routes) *http.ServeMux {
	mux := http.NewServeMux()
	for _, rt := range t.list {
		mux.Handle(rt.Pattern, s.handler(rt))
	}
	return mux
}

func (s *Server) handler(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.OnRoute != nil {
			s.OnRoute(r.Context(), rt.Pattern)
		}
		err := s.Guard(r, rt.Access)
		if err == nil {
			err = rt.Handler(w, r)
		}
		if err != nil {
			s.Fail(w, r, err)
		}
	})
}

// Fail answers with the page (or, for JSON clients, the problem document) of an error and logs its cause.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) {
	var tooBig *http.MaxBytesError
	if errors.As(err, &tooBig) {
		err = fault.New(fault.TooLarge, "web.too_large").With("Limit", tooBig.Limit>>20).Because(err)
	}
	if db.IsFull(err) {
		err = fault.New(fault.Unavailable, "web.full").Because(err)
	}
	kind := fault.KindOf(err)
	status := Status(kind)
	if status >= 500 {
		s.Logger.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	} else {
		s.Logger.DebugContext(r.Context(), "request refused", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	if kind == fault.TooMany || kind == fault.Unavailable {
		w.Header().Set("Retry-After", "30")
	}
	if WantsJSON(r) {
		writeProblem(w, r.Context(), status, err)
		return
	}
	if kind == fault.Unauthenticated && r.Method == http.MethodGet {
		http.Redirect(w, r, "/dang-nhap?ve="+templ.EscapeString(urlQuery(r)), http.StatusSeeOther)
		return
	}
	_ = Render(w, r, status, s.ErrorPage(r, kind, err))
}

// Status maps a kind of fault to its HTTP status.
func Status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render draws a page into memory first, so that a template error can still become a clean 500, then sends it.
func Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	if err := c.Render(r.Context(), b); err != nil {
		return err
	}
	h := w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "text/html; charset=utf-8")
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return ignoreClientGone(r.Context(), err)
}

// ignoreClientGone hides the error of a reader who closed the page.
func ignoreClientGone(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return nil
	}
	return err
}

// IsEnhanced tells whether the page's script asked for a fragment (htmx), so that only that part need be sent.
func IsEnhanced(r *http.Request) bool { return r.Header.Get("HX-Request") == "true" }

// WantsJSON tells whether the client is a program.
func WantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

// KeepOffline lets the browser keep the page that is about to be drawn, so that its forms can be filled in without network
// (ui.FormProps.Offline). It must hold nothing that another person with the same device may not see; signing out forgets it.
func KeepOffline(w http.ResponseWriter) { w.Header().Set("X-Offline", "keep") }

// SeeOther redirects after a successful form.
func SeeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// NotFound answers what no route matches with the page for it.
func (s *Server) NotFound() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Fail(w, r, fault.New(fault.NotFound, "web.not_found"))
	})
}
