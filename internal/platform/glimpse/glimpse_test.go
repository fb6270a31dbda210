package glimpse_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/platform/glimpse"
)

func sample(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFetcher: a named host is asked, at its own address only; nobody else inside the house is, whatever the address says.
func TestFetcher(t *testing.T) {
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("secret")) }))
	defer inner.Close()
	raw := sample(t, 400, 200)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /pic", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(raw) })
	mux.HandleFunc("GET /on", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/pic", http.StatusFound) })
	mux.HandleFunc("GET /away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.URL, http.StatusFound) })
	mux.HandleFunc("GET /huge", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 15<<20+1)) })
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	f := glimpse.New([]string{strings.TrimPrefix(srv.URL, "http://")})
	for _, path := range []string{"/pic", "/on"} {
		got, err := f.Bytes(t.Context(), srv.URL+path)
		if err != nil || !bytes.Equal(got, raw) {
			t.Fatalf("%s: %d bytes, %v", path, len(got), err)
		}
	}
	small, err := f.JPEG(t.Context(), srv.URL+"/pic", 100)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(small))
	if err != nil || img.Bounds().Dx() != 100 || img.Bounds().Dy() != 50 {
		t.Fatalf("%v %v", img, err)
	}
	for _, address := range []string{srv.URL + "/away", srv.URL + "/huge", srv.URL + "/none", inner.URL, strings.Replace(inner.URL, "http://", "https://", 1),
		"http://example.org/x.png", "https://user@" + strings.TrimPrefix(srv.URL, "http://"), "file:///etc/passwd", "https://[::1]:1/", "\x00", ""} {
		if got, err := f.Bytes(t.Context(), address); err == nil {
			t.Errorf("%q gave %d bytes", address, len(got))
		}
	}
	if _, err := f.JPEG(t.Context(), srv.URL+"/page", 100); err == nil {
		t.Error("a page was taken for a picture")
	}
}
