package web_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// A handler that streams may read more than the usual bound, up to its own; others may not.
func TestLargeBody(t *testing.T) {
	const usual, size = 64 << 20, 65 << 20
	read := func(limit int64) (n int64, err error) {
		s := &web.Server{Logger: slog.New(slog.DiscardHandler)}
		h := s.Harden(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if limit > 0 {
				web.LargeBody(w, r, limit)
			}
			n, err = io.Copy(io.Discard, r.Body)
		}), false)
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", io.LimitReader(zeros{}, size)))
		return n, err
	}
	if n, err := read(0); err == nil || n > usual {
		t.Errorf("the usual bound let %d bytes through: %v", n, err)
	}
	if n, err := read(size); err != nil || n != size {
		t.Errorf("%d bytes, %v", n, err)
	}
	if n, err := read(1000); err == nil || n > 1000 || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
