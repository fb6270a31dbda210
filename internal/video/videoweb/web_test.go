package videoweb_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/video"
	"github.com/nhipcau/nhipcau/internal/video/videotest"
	"github.com/nhipcau/nhipcau/internal/video/videoweb"
)

const policy = `@id("editor") permit (principal, action == Action::"publish.write", resource) when { context.role == "editor" && resource in context.unit };`

type house struct {
	t   *testing.T
	s   *video.Service
	q   *jobs.Queue
	srv *httptest.Server
}

// open serves the doors of films as the house does: hardened, compressed, with the sender's unit in a header.
func open(t *testing.T) *house {
	t.Helper()
	d := dbtest.SQLite(t, []db.Migrations{orgunittest.Migrations, video.Migrations}...)
	c := clock.System{}
	units := orgunittest.SeedAt(t, d, c)
	z, err := identity.NewAuthorizer(units, c, identity.PolicyFile{Feature: "publish", Text: policy})
	if err != nil {
		t.Fatal(err)
	}
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	blobs, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	words, err := i18n.Load(videoweb.Catalogue, ui.Catalogue, picture.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	s := video.New(video.Deps{DB: d, Queue: q, Clock: c, Authz: z, Blobs: blobs, Pictures: picture.NewStore(blobs), Absolute: func(p string) string { return p }})
	pages, err := videoweb.New(s)
	if err != nil {
		t.Fatal(err)
	}
	var rt web.Routes
	pages.Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler),
		Guard: func(r *http.Request, x web.Access) error {
			a := identity.ActorFrom(r.Context())
			if x.Door != web.DoorPublic && !a.SignedIn() {
				return fault.New(fault.Unauthenticated, "identity.sign_in_first")
			}
			return nil
		},
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) }}
	mux := server.Mux(&rt)
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := i18n.With(r.Context(), words.In("vi"))
		if u := r.Header.Get("X-Unit"); u != "" {
			ctx = identity.WithActor(ctx, identity.Actor{Kind: identity.ActorOfficial, ID: "bt", Name: "Lê Thị Hoa", Grants: []identity.Grant{{Role: identity.RoleEditor, UnitID: u}}})
		}
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
	srv := httptest.NewServer(server.Harden(web.Compress(inner), false))
	t.Cleanup(srv.Close)
	return &house{t: t, s: s, q: q, srv: srv}
}

// do sends a request for somebody who writes for a unit ("" for a stranger) and gives the answer with its body.
func (h *house) do(unit, method, path string, body io.Reader, headers map[string]string) (*http.Response, string) {
	h.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = h.srv.URL + path
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, path, body)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("X-Unit", unit)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp, string(b)
}

func meta(unit, name string) string {
	e := base64.StdEncoding.EncodeToString
	return "unit " + e([]byte(unit)) + ",filename " + e([]byte(name))
}

const unit = orgunittest.KimLien

func (h *house) begin(size int) (id string, location string) {
	h.t.Helper()
	resp, body := h.do(unit, "POST", "/lam-viec/tai-phim/", nil, map[string]string{"Tus-Resumable": "1.0.0", "Upload-Length": strconv.Itoa(size), "Upload-Metadata": meta(unit, "Hội làng.mp4")})
	if resp.StatusCode != http.StatusCreated {
		h.t.Fatalf("%d %s", resp.StatusCode, body)
	}
	location = resp.Header.Get("Location")
	return location[strings.LastIndex(location, "/")+1:], location
}

func (h *house) patch(location string, from int, b []byte) (*http.Response, string) {
	return h.do(unit, "PATCH", location, bytes.NewReader(b), map[string]string{"Tus-Resumable": "1.0.0", "Upload-Offset": strconv.Itoa(from), "Content-Type": "application/offset+octet-stream"})
}

// TestTusWithResume speaks tus 1.0 as any client of it does: begins, sends a part, asks where it is, goes on.
func TestTusWithResume(t *testing.T) {
	h := open(t)
	film := videotest.MP4(videotest.Film{Width: 1080, Height: 1920, Duration: 20 * time.Second, Pad: 900_000})
	id, location := h.begin(len(film))
	if resp, body := h.patch(location, 0, film[:400_000]); resp.StatusCode != http.StatusNoContent || resp.Header.Get("Upload-Offset") != "400000" {
		t.Fatalf("%d %v %s", resp.StatusCode, resp.Header, body)
	}
	// The client forgot where it was.
	resp, _ := h.do(unit, "HEAD", location, nil, map[string]string{"Tus-Resumable": "1.0.0"})
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Upload-Offset") != "400000" || resp.Header.Get("Upload-Length") != strconv.Itoa(len(film)) {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	if resp, _ := h.patch(location, 0, film); resp.StatusCode != http.StatusConflict {
		t.Fatalf("from the beginning again: %d", resp.StatusCode)
	}
	if resp, _ := h.patch(location, 400_000, film[400_000:]); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("the rest: %d", resp.StatusCode)
	}
	if err := h.q.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, body := h.do(unit, "GET", "/lam-viec/phim/"+id, nil, nil)
	var v struct {
		State, Text string
		Vertical    bool
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil || v.State != "ready" || !v.Vertical || v.Text != "“Hội làng.mp4” đã sẵn sàng." {
		t.Fatalf("%s %v", body, err)
	}
	sum := sha256.Sum256(film)
	if resp, body := h.do("", "GET", "/phim/"+id+"/phim.mp4", nil, nil); resp.Header.Get("Etag") != `"`+hex.EncodeToString(sum[:])+`"` || body != string(film) || resp.Header.Get("Content-Encoding") != "" {
		t.Fatalf("the whole film: %v, %d bytes", resp.Header, len(body))
	}
	resp, body = h.do("", "GET", "/phim/"+id+"/phim.mp4", nil, map[string]string{"Range": "bytes=500000-500099", "Accept-Encoding": "gzip"})
	if resp.StatusCode != http.StatusPartialContent || body != string(film[500_000:500_100]) || resp.Header.Get("Content-Type") != "video/mp4" {
		t.Fatalf("a part of it: %d %v", resp.StatusCode, resp.Header)
	}
	if resp, _ := h.do("", "GET", "/phim/"+id+"/phim.exe", nil, nil); resp.StatusCode != http.StatusNotFound {
		t.Fatalf("another name: %d", resp.StatusCode)
	}
}

func TestTusRefuses(t *testing.T) {
	h := open(t)
	head := func(size, u string) map[string]string {
		return map[string]string{"Tus-Resumable": "1.0.0", "Upload-Length": size, "Upload-Metadata": meta(u, "x.mp4")}
	}
	for name, c := range map[string]struct {
		who     string
		headers map[string]string
		status  int
	}{
		"a stranger":            {"", head("10", unit), http.StatusSeeOther},
		"another unit":          {unit, head("10", orgunittest.VinhHung), http.StatusForbidden},
		"over two gigabytes":    {unit, head("2147483649", unit), http.StatusRequestEntityTooLarge},
		"another version of it": {unit, map[string]string{"Tus-Resumable": "0.2.0", "Upload-Length": "10"}, http.StatusPreconditionFailed},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", h.srv.URL+"/lam-viec/tai-phim/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Unit", c.who)
		for k, v := range c.headers {
			req.Header.Set(k, v)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != c.status && !(c.who == "" && resp.StatusCode == http.StatusUnauthorized) {
			t.Errorf("%s: %d, want %d", name, resp.StatusCode, c.status)
		}
	}
	page := []byte("<!doctype html><html>" + strings.Repeat("x", 300))
	_, location := h.begin(len(page))
	if resp, body := h.patch(location, 0, page); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "không phải phim") {
		t.Errorf("no film: %d %s", resp.StatusCode, body)
	}
	_, location = h.begin(1000)
	if resp, _ := h.do(orgunittest.VinhHung, "HEAD", location, nil, map[string]string{"Tus-Resumable": "1.0.0"}); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the film of another unit: %d", resp.StatusCode)
	}
	if resp, _ := h.do(unit, "DELETE", location, nil, map[string]string{"Tus-Resumable": "1.0.0"}); resp.StatusCode != http.StatusNoContent {
		t.Errorf("given up: %d", resp.StatusCode)
	}
	if resp, _ := h.do(unit, "HEAD", location, nil, map[string]string{"Tus-Resumable": "1.0.0"}); resp.StatusCode != http.StatusNotFound {
		t.Errorf("after it was given up: %d", resp.StatusCode)
	}
}

func form(t *testing.T, field, name string, b []byte) (io.Reader, map[string]string) {
	t.Helper()
	var out bytes.Buffer
	m := multipart.NewWriter(&out)
	f, err := m.CreateFormFile(field, name)
	if err == nil {
		_, err = f.Write(b)
	}
	if err == nil {
		err = m.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &out, map[string]string{"Content-Type": m.FormDataContentType()}
}

func TestStillAndSpokenWords(t *testing.T) {
	h := open(t)
	film := videotest.MP4(videotest.Film{Width: 640, Height: 360})
	id, location := h.begin(len(film))
	h.patch(location, 0, film)
	if err := h.q.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 64, 36))); err != nil {
		t.Fatal(err)
	}
	body, headers := form(t, "still", "anh.png", b.Bytes())
	if resp, got := h.do(unit, "POST", "/lam-viec/phim/"+id+"/anh", body, headers); resp.StatusCode != http.StatusOK || !strings.Contains(got, `"poster":"/anh/`) {
		t.Fatalf("still: %d %s", resp.StatusCode, got)
	}
	body, headers = form(t, "captions", "loi.srt", []byte("no times"))
	if resp, _ := h.do(unit, "POST", "/lam-viec/phim/"+id+"/loi", body, headers); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Fatalf("no spoken words: %d", resp.StatusCode)
	}
	body, headers = form(t, "captions", "loi.srt", []byte("1\n00:00:01,000 --> 00:00:02,000\nXin chào bà con\n"))
	if resp, got := h.do(unit, "POST", "/lam-viec/phim/"+id+"/loi", body, headers); resp.StatusCode != http.StatusOK || !strings.Contains(got, `"captions":true`) {
		t.Fatalf("spoken words: %d %s", resp.StatusCode, got)
	}
	if resp, _ := h.do(orgunittest.VinhHung, "POST", "/lam-viec/phim/"+id+"/loi", strings.NewReader(""), headers); resp.StatusCode == http.StatusOK {
		t.Fatal("another unit changed the film")
	}
}
