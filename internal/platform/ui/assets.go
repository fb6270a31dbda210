package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:assets
var assetFiles embed.FS

// StaticPath is where Assets must be mounted.
const StaticPath = "/static/"

// sheets says which source files make up each style sheet that pages load, in their order.
var sheets = map[string][]string{
	"citizen.css": {"layers.css", "tokens.css", "base.css", "components.css", "citizen.css", "print.css"},
	"relief.css":  {"relief.css"},
	"office.css":  {"layers.css", "tokens.css", "base.css", "components.css", "office.css", "print.css"},
}

var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".map":   "application/json",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
	".png":   "image/png",
}

// asset is one file ready to be sent.
type asset struct {
	body, gz []byte // gz is nil when compressing does not help
	kind     string
}

// assetSet is every file, under one hash: files that refer to each other by relative address then always match.
type assetSet struct {
	hash  string
	files map[string]asset
}

var assets = sync.OnceValue(func() *assetSet { return loadAssets(assetFiles) })

// loadAssets builds the style sheets from their sources, takes the bundled islands from dist where a bundle was made, and
// compresses everything once.
func loadAssets(files fs.FS) *assetSet {
	raw := map[string][]byte{}
	for name, parts := range sheets {
		var b bytes.Buffer
		for _, p := range parts {
			src, err := fs.ReadFile(files, "assets/"+p)
			if err != nil {
				panic("ui: " + err.Error()) // the files are part of the binary
			}
			b.Write(squeezeCSS(src))
		}
		raw[name] = b.Bytes()
	}
	for _, dir := range []string{"assets", "assets/dist"} {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			continue // no bundle was made
		}
		for _, e := range entries {
			_, ours := raw[e.Name()]
			if e.IsDir() || ours || contentTypes[path.Ext(e.Name())] == "" || dir == "assets" && path.Ext(e.Name()) == ".css" {
				continue
			}
			if src, err := fs.ReadFile(files, dir+"/"+e.Name()); err == nil {
				raw[e.Name()] = src
			}
		}
	}
	return newAssetSet(raw)
}

func newAssetSet(raw map[string][]byte) *assetSet {
	names := make([]string, 0, len(raw))
	for n := range raw {
		names = append(names, n)
	}
	sort.Strings(names)
	h := sha256.New()
	set := &assetSet{files: map[string]asset{}}
	for _, n := range names {
		h.Write([]byte(n))
		h.Write(raw[n])
		a := asset{body: raw[n], kind: contentTypes[path.Ext(n)]}
		if gz := compress(raw[n]); len(gz) < len(raw[n])*9/10 {
			a.gz = gz
		}
		set.files[n] = a
	}
	set.hash = hex.EncodeToString(h.Sum(nil))[:12]
	return set
}

func compress(b []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a constant, it cannot be refused
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// squeezeCSS takes comments and indentation out of a style sheet of ours (which has no strings with such characters).
func squeezeCSS(src []byte) []byte {
	s := string(src)
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "/*")
		b.WriteString(before)
		if !found {
			break
		}
		_, s, _ = strings.Cut(rest, "*/")
	}
	var out strings.Builder
	for _, line := range strings.Split(b.String(), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out.WriteString(line)
			out.WriteByte('\n')
		}
	}
	return []byte(out.String())
}

// Asset gives the address of a file for pages, "/static/<hash>/office.css"; "" when there is no such file, as for the
// islands when no bundle was made.
func Asset(name string) string { return assets().url(name) }

func (s *assetSet) url(name string) string {
	if _, ok := s.files[name]; !ok {
		return ""
	}
	return StaticPath + s.hash + "/" + name
}

// Assets serves the files under StaticPath. Addresses carry the hash of the contents and may be kept for ever; an address
// from before an upgrade still gets today's file, kept for a minute only.
func Assets() http.Handler { return assets() }

// ServiceWorker serves the script that keeps pages for use without network. It stands at the root, as the browser asks of
// what may answer for every page, and is looked up anew each time.
func ServiceWorker() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := assets().files["sw.js"]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", a.kind)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(a.body)
	})
}

// ServeHTTP sends one file, compressed when the browser can read that.
func (s *assetSet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, StaticPath), "/")
	a, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	if hash == s.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "public, max-age=60")
	}
	body := a.body
	if a.gz != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}
