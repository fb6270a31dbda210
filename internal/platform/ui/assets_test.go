package ui

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func sources() fstest.MapFS {
	m := fstest.MapFS{"assets/icon.svg": {Data: []byte("<svg/>")}}
	for _, parts := range sheets {
		for _, p := range parts {
			m["assets/"+p] = &fstest.MapFile{Data: []byte("/* note */\n  a { color: red; }\n")}
		}
	}
	return m
}

func TestAssetsWithoutBundle(t *testing.T) {
	s := loadAssets(sources())
	if s.url("office.js") != "" || s.url("fonts.css") != "" || s.url("tokens.css") != "" {
		t.Error("a file that was not made has an address")
	}
	if u := s.url("citizen.css"); !strings.HasPrefix(u, "/static/"+s.hash+"/") {
		t.Errorf("citizen.css is at %q", u)
	}
	if got := string(s.files["citizen.css"].body); strings.Contains(got, "note") || !strings.HasPrefix(got, "a { color: red; }\n") {
		t.Errorf("the sheet is %q", got)
	}
}

func TestAssetsWithBundle(t *testing.T) {
	before := loadAssets(sources())
	m := sources()
	m["assets/dist/office.js"] = &fstest.MapFile{Data: []byte("import('./part-A.js')")}
	m["assets/dist/part-A.js"] = &fstest.MapFile{Data: []byte("1")}
	m["assets/dist/office.css"] = &fstest.MapFile{Data: []byte("stray")}
	m["assets/dist/secret.txt"] = &fstest.MapFile{Data: []byte("x")}
	s := loadAssets(m)
	if s.hash == before.hash {
		t.Error("the hash does not follow the contents")
	}
	if s.url("office.js") == "" || s.url("part-A.js") == "" || s.url("secret.txt") != "" {
		t.Error("the wrong files of the bundle are served")
	}
	if string(s.files["office.css"].body) == "stray" {
		t.Error("a bundled sheet took the place of ours")
	}
	if again := loadAssets(m); again.hash != s.hash {
		t.Error("the hash differs from run to run")
	}
}

func TestServing(t *testing.T) {
	s := newAssetSet(map[string][]byte{"a.css": bytes.Repeat([]byte("a{color:red}"), 100), "b.js": []byte("1")})
	get := func(method, path, accept string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Accept-Encoding", accept)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	w := get("GET", s.url("a.css"), "gzip, br")
	zr, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(zr)
	if err != nil || !bytes.Equal(body, s.files["a.css"].body) {
		t.Errorf("the compressed body is wrong: %v", err)
	}
	h := w.Header()
	if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Content-Type") != "text/css; charset=utf-8" || h.Get("Vary") != "Accept-Encoding" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", h)
	}
	for _, c := range []struct {
		method, path, accept string
		status, length       int
		cache                string
	}{
		{"GET", s.url("a.css"), "", 200, 1200, "public, max-age=31536000, immutable"},
		{"GET", s.url("b.js"), "gzip", 200, 1, "public, max-age=31536000, immutable"}, // too small to gain
		{"HEAD", s.url("a.css"), "", 200, 0, "public, max-age=31536000, immutable"},
		{"GET", "/static/000000000000/a.css", "", 200, 1200, "public, max-age=60"}, // a page from before an upgrade
		{"GET", "/static/" + s.hash + "/../ui.go", "", 404, -1, ""},
		{"GET", "/static/" + s.hash + "/", "", 404, -1, ""},
		{"GET", "/static/", "", 404, -1, ""},
		{"POST", s.url("a.css"), "", 405, -1, ""},
	} {
		w := get(c.method, c.path, c.accept)
		if w.Code != c.status || c.length >= 0 && w.Body.Len() != c.length || w.Header().Get("Cache-Control") != c.cache {
			t.Errorf("%s %s: %d, %d bytes, %q", c.method, c.path, w.Code, w.Body.Len(), w.Header().Get("Cache-Control"))
		}
	}
}
