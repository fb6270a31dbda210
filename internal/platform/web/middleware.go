package web

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/klauspost/compress/gzhttp"

	"github.com/nhipcau/nhipcau/internal/fault"
)

// maxBody bounds every request body that its handler does not bound itself: pictures are the largest thing sent.
const maxBody = 64 << 20

// csp allows nothing but the house's own files: no inline script or style, no foreign frame. Pictures may also be data: (QR), films blob: (the still of one
// that is about to be sent).
const csp = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; style-src 'self'; script-src 'self'; object-src 'none'; " +
	"base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

type wholeBody struct{}

// LargeBody lets a handler that streams its body read up to limit bytes instead of the usual bound. Call it before the body
// is touched, and only after the asker's right has been checked.
func LargeBody(w http.ResponseWriter, r *http.Request, limit int64) {
	if body, ok := r.Context().Value(wholeBody{}).(io.ReadCloser); ok {
		r.Body = http.MaxBytesReader(w, body, limit)
	}
}

// Harden sets the security headers, bounds bodies and turns a panic into an error page.
func (s *Server) Harden(next http.Handler, https bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(self), geolocation=(self), microphone=()")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if r.Body != nil && r.ContentLength != 0 {
			whole := r.Body
			r = r.WithContext(context.WithValue(r.Context(), wholeBody{}, whole))
			r.Body = http.MaxBytesReader(w, whole, maxBody)
		}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.Fail(w, r, fault.New(fault.Internal, "web.internal").Because(fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// SameOrigin refuses forms sent from foreign pages (Sec-Fetch-Site, Origin). Paths under the given prefixes are for
// programs that prove themselves otherwise: webhooks by signature, the API by token.
func (s *Server) SameOrigin(next http.Handler, except ...string) http.Handler {
	guard := http.NewCrossOriginProtection()
	for _, p := range except {
		guard.AddInsecureBypassPattern(p)
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.Fail(w, r, fault.New(fault.Forbidden, "web.foreign_form"))
	}))
	return guard.Handler(next)
}

// Compress sends text compressed to clients that take it.
func Compress(next http.Handler) http.Handler { return gzhttp.GzipHandler(next) }

// ClientIP is the address the request came from: the last hop of X-Forwarded-For when it came through a proxy on this
// machine, else the connection's.
func ClientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		if xff := r.Header.Get("X-Forwarded-For"); xff != "" {
			hops := strings.Split(xff, ",")
			return strings.TrimSpace(hops[len(hops)-1])
		}
	}
	return host
}
