package youtube_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/sim/youtube"
)

const tube = "UCkimlien000000000000000"

// world is the platform behind a real server, with one channel and a client that speaks plain HTTP to it.
type world struct {
	t     *testing.T
	sim   *youtube.Sim
	url   string
	token string
	clock *clock.Stub
}

func open(t *testing.T, change func(*youtube.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewStub(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))}
	var handler http.Handler
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) }))
	t.Cleanup(srv.Close)
	cfg := youtube.Config{ClientID: "1", ClientSecret: "s", BaseURL: srv.URL, Clock: w.clock, Processing: time.Minute}
	if change != nil {
		change(&cfg)
	}
	sim, err := youtube.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	handler, w.sim, w.url = sim.Handler(), sim, srv.URL
	w.refresh(sim.AddChannel(youtube.Channel{ID: tube, Name: "MTTQ xã Kim Liên"}))
	return w
}

// answer is what the platform said.
type answer struct {
	status int
	header http.Header
	body   struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		Problem      any    `json:"error"`
		ID           string
		Items        []json.RawMessage
	}
}

// reason is the reason of a refusal, as clients read it.
func (a answer) reason() string {
	m, _ := a.body.Problem.(map[string]any)
	list, _ := m["errors"].([]any)
	if len(list) == 0 {
		return fmt.Sprint(a.body.Problem)
	}
	one, _ := list[0].(map[string]any)
	return fmt.Sprint(one["reason"])
}

func (w *world) send(method, address, body string, header ...string) answer {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header}
	if len(raw) > 0 && raw[0] == '{' {
		if err := json.Unmarshal(raw, &a.body); err != nil {
			w.t.Fatalf("%s: %v", raw, err)
		}
	}
	return a
}

func (w *world) form(path string, v url.Values) answer {
	return w.send("POST", w.url+path, v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func (w *world) refresh(token string) answer {
	a := w.form("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"1"}, "client_secret": {"s"}})
	w.token = a.body.AccessToken
	return a
}

const words = `{"snippet":{"title":"Ngày hội Đại đoàn kết"},"status":{"privacyStatus":"public"}}`

// start opens an upload session and gives its address.
func (w *world) start(total int) string {
	w.t.Helper()
	a := w.send("POST", w.url+"/upload/youtube/v3/videos?uploadType=resumable&part=snippet,status", words, "Content-Type", "application/json",
		"X-Upload-Content-Type", "video/mp4", "X-Upload-Content-Length", fmt.Sprint(total))
	if a.status != 200 || a.header.Get("Location") == "" {
		w.t.Fatalf("start: %d %s", a.status, a.reason())
	}
	return a.header.Get("Location")
}

// TestResumableUploads: chunks go up by PUT with a true 308, and by POST with 200 and the code beside it, as the Go client does;
// what breaks off is asked for and goes on, and the film has the bytes that were sent.
func TestResumableUploads(t *testing.T) {
	const unit = 256 << 10
	film := bytes.Repeat([]byte("phim cua xa "), 70_000) // 840,000 bytes: three units and a rest
	sum := sha256.Sum256(film)
	part := func(from, to int) (string, string) {
		return string(film[from:to]), fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(film))
	}
	for name, style := range map[string]struct {
		method string
		header []string
		status int
		beside string
	}{
		"PUT and 308":                    {"PUT", nil, 308, ""},
		"POST and X-GUploader-No-308":    {"POST", []string{"X-GUploader-No-308", "yes"}, 200, "308"},
		"PUT of a client that knows not": {"PUT", []string{"X-GUploader-No-308", "yes"}, 200, "308"},
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, nil)
			at := w.start(len(film))
			put := func(from, to int) answer {
				body, span := part(from, to)
				return w.send(style.method, at, body, append([]string{"Content-Range", span}, style.header...)...)
			}
			incomplete := func(a answer, stored int) {
				t.Helper()
				want := ""
				if stored > 0 {
					want = fmt.Sprintf("bytes=0-%d", stored-1)
				}
				if a.status != style.status || a.header.Get("X-Http-Status-Code-Override") != style.beside || a.header.Get("Range") != want {
					t.Fatalf("answered %d (%s) with %q, want %q", a.status, a.header.Get("X-Http-Status-Code-Override"), a.header.Get("Range"), want)
				}
			}
			ask := func() answer {
				return w.send(style.method, at, "", append([]string{"Content-Range", fmt.Sprintf("bytes */%d", len(film))}, style.header...)...)
			}
			incomplete(ask(), 0)
			incomplete(put(0, unit), unit)
			incomplete(put(unit, unit+1000), unit)  // less than a unit is not kept
			incomplete(put(0, unit), unit)          // known bytes again
			incomplete(put(2*unit, 3*unit), unit)   // a gap is not taken
			incomplete(put(unit/2, 2*unit), 2*unit) // what is known of a chunk is skipped
			incomplete(ask(), 2*unit)               // the line broke: where were we?
			done := put(2*unit, len(film))
			if done.status != 200 || done.body.ID == "" {
				t.Fatalf("done: %d %s", done.status, done.reason())
			}
			if again := ask(); again.status != 200 || again.body.ID != done.body.ID {
				t.Errorf("asked after the end: %d %q", again.status, again.body.ID)
			}
			if v := w.sim.Videos(tube); len(v) != 1 || v[0].SHA256 != hex.EncodeToString(sum[:]) || v[0].Bytes != int64(len(film)) {
				t.Errorf("films: %+v", v)
			}
		})
	}
}

// TestUploadsThatAreRefused: what the platform refuses, with the reason by which clients know what to do.
func TestUploadsThatAreRefused(t *testing.T) {
	w := open(t, nil)
	at := w.start(10)
	start := w.url + "/upload/youtube/v3/videos?uploadType=resumable&part=snippet"
	for name, c := range map[string]struct {
		a      answer
		status int
		reason string
	}{
		"no title":               {w.send("POST", start, `{"snippet":{"title":""}}`), 400, "invalidTitle"},
		"a title too long":       {w.send("POST", start, `{"snippet":{"title":"`+strings.Repeat("ạ", 101)+`"}}`), 400, "invalidTitle"},
		"marks in the title":     {w.send("POST", start, `{"snippet":{"title":"<b>"}}`), 400, "invalidTitle"},
		"words too long":         {w.send("POST", start, `{"snippet":{"title":"a","description":"`+strings.Repeat("ạ", 1700)+`"}}`), 400, "invalidDescription"},
		"an hour for the public": {w.send("POST", start, `{"snippet":{"title":"a"},"status":{"privacyStatus":"public","publishAt":"2026-12-01T00:00:00Z"}}`), 400, "invalidPublishAt"},
		"not a film":             {w.send("POST", start, words, "X-Upload-Content-Type", "text/html"), 400, "badContent"},
		"no size":                {w.send("POST", start, words, "X-Upload-Content-Length", "0"), 400, "badContent"},
		"half a request":         {w.send("POST", start, `{"snippet":`), 400, "parseError"},
		"an unknown way":         {w.send("POST", w.url+"/upload/youtube/v3/videos?uploadType=fax", words), 400, "badRequest"},
		"an unknown session":     {w.send("PUT", w.url+"/upload/youtube/v3/videos?uploadType=resumable&upload_id=x", "a"), 404, "uploadNotFound"},
		"a broken range":         {w.send("PUT", at, "a", "Content-Range", "bytes 5-1/10"), 400, "badRequest"},
		"a range beyond the end": {w.send("PUT", at, "a", "Content-Range", "bytes 0-10/10"), 400, "badRequest"},
		"another size":           {w.send("PUT", at, "a", "Content-Range", "bytes 0-0/11"), 400, "badRequest"},
		"nobody's token":         {w.send("POST", start, words, "Authorization", "Bearer x"), 401, "authError"},
	} {
		if c.a.status != c.status || c.a.reason() != c.reason {
			t.Errorf("%s: %d %s, want %d %s", name, c.a.status, c.a.reason(), c.status, c.reason)
		}
	}
	if v := w.sim.Videos(tube); len(v) != 0 {
		t.Errorf("films: %+v", v)
	}
}

// TestBucketsOpenAtMidnightInCalifornia: films and units are counted by the day there, in winter and in summer, and what is
// refused is charged as well.
func TestBucketsOpenAtMidnightInCalifornia(t *testing.T) {
	for name, midnight := range map[string]time.Time{
		"winter": time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), "summer": time.Date(2026, 7, 22, 7, 0, 0, 0, time.UTC),
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, func(c *youtube.Config) { c.Uploads, c.Units = 2, 3 })
			w.clock.Set(midnight.Add(-time.Second))
			w.refresh(w.sim.AddChannel(youtube.Channel{ID: tube + "2", Name: "Kênh hai"}))
			film := func() answer {
				return w.send("POST", w.url+"/upload/youtube/v3/videos?uploadType=media", "bytes", "Content-Type", "video/mp4")
			}
			list := func() answer { return w.send("GET", w.url+"/youtube/v3/channels?part=snippet&mine=true", "") }
			if bad := w.send("POST", w.url+"/upload/youtube/v3/videos?uploadType=resumable", `{}`); bad.reason() != "invalidTitle" {
				t.Fatalf("bad film: %s", bad.reason())
			}
			if a := film(); a.status != 200 {
				t.Fatalf("first film: %d %s", a.status, a.reason())
			}
			if a := film(); a.status != 429 || a.reason() != "rateLimitExceeded" {
				t.Errorf("a film more: %d %s", a.status, a.reason())
			}
			for range 3 {
				if a := list(); a.status != 200 {
					t.Fatalf("units: %d %s", a.status, a.reason())
				}
			}
			if a := list(); a.status != 403 || a.reason() != "quotaExceeded" {
				t.Errorf("a unit more: %d %s", a.status, a.reason())
			}
			w.clock.Advance(time.Second)
			if a := film(); a.status != 200 {
				t.Errorf("after midnight: %d %s", a.status, a.reason())
			}
			if a := list(); a.status != 200 {
				t.Errorf("units after midnight: %d %s", a.status, a.reason())
			}
		})
	}
}

// TestTokens: a code is good once and for its address, an access token for an hour, and a revoked grant for nothing.
func TestTokens(t *testing.T) {
	w := open(t, nil)
	trade := func(code, redirect string) answer {
		return w.form("/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "client_id": {"1"}, "client_secret": {"s"}})
	}
	code := w.sim.GrantCode(tube, "https://mttq.example/ve", "")
	if a := trade(code, "https://elsewhere.example/"); a.status != 400 || a.reason() != "invalid_grant" {
		t.Errorf("another address: %d %s", a.status, a.reason())
	}
	code = w.sim.GrantCode(tube, "https://mttq.example/ve", "")
	got := trade(code, "https://mttq.example/ve")
	if got.status != 200 || got.body.RefreshToken == "" {
		t.Fatalf("trade: %d %s", got.status, got.reason())
	}
	if a := trade(code, "https://mttq.example/ve"); a.reason() != "invalid_grant" {
		t.Errorf("twice: %s", a.reason())
	}
	if a := w.refresh(got.body.RefreshToken); a.status != 200 || a.body.RefreshToken != "" {
		t.Errorf("a refresh gives no new refresh token: %+v", a.body)
	}
	mine := func() answer { return w.send("GET", w.url+"/youtube/v3/channels?part=snippet&mine=true", "") }
	if a := mine(); a.status != 200 || len(a.body.Items) != 1 {
		t.Errorf("mine: %d %d", a.status, len(a.body.Items))
	}
	w.clock.Advance(youtube.AccessLife + time.Second)
	if a := mine(); a.status != 401 || a.reason() != "authError" || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("an old token: %d %s", a.status, a.reason())
	}
	w.sim.Revoke(tube)
	if a := w.refresh(got.body.RefreshToken); a.status != 400 || a.reason() != "invalid_grant" {
		t.Errorf("revoked: %d %s", a.status, a.reason())
	}
}

// TestFaultsAndKnobs: a fault answers with its reason; a suspended channel and one with a limit of its own are refused.
func TestFaultsAndKnobs(t *testing.T) {
	w := open(t, nil)
	if _, err := w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultError, System: "youtube", Code: 503, Message: "backendError", Count: 1}); err != nil {
		t.Fatal(err)
	}
	list := func() answer { return w.send("GET", w.url+"/youtube/v3/channels?part=snippet&mine=true", "") }
	if a := list(); a.status != 503 || a.reason() != "backendError" {
		t.Errorf("fault: %d %s", a.status, a.reason())
	}
	if a := list(); a.status != 200 {
		t.Errorf("after it: %d", a.status)
	}
	w.sim.Knobs(tube, func(c *youtube.Channel) { c.DailyLimit = 1 })
	film := func() answer {
		return w.send("POST", w.url+"/upload/youtube/v3/videos?uploadType=media", "bytes", "Content-Type", "video/mp4")
	}
	if a := film(); a.status != 200 {
		t.Fatalf("film: %d %s", a.status, a.reason())
	}
	if a := film(); a.status != 400 || a.reason() != "uploadLimitExceeded" {
		t.Errorf("beyond the channel's own limit: %d %s", a.status, a.reason())
	}
	w.sim.Knobs(tube, func(c *youtube.Channel) { c.Suspended = true })
	if a := list(); a.status != 403 || a.reason() != "authenticatedUserAccountSuspended" {
		t.Errorf("suspended: %d %s", a.status, a.reason())
	}
}

// FuzzRanges sends anything as the range of a chunk: the session never holds more than was sent, and says how far it is.
func FuzzRanges(f *testing.F) {
	for _, seed := range []string{"bytes 0-4/10", "bytes 0-4/*", "bytes */10", "bytes */*", "", "bytes 9223372036854775807-9223372036854775807/*", "bytes -1-4/10", "bytes 0-/", "bytes 3-9/10", "x"} {
		f.Add(seed, []byte("hello"))
	}
	f.Fuzz(func(t *testing.T, span string, body []byte) {
		sim, err := youtube.New(youtube.Config{ClientID: "1", ClientSecret: "s"})
		if err != nil {
			t.Fatal(err)
		}
		defer sim.Close()
		h := sim.Handler()
		do := func(method, address, sent string, header http.Header) *httptest.ResponseRecorder {
			r := httptest.NewRequestWithContext(context.Background(), method, address, strings.NewReader(sent))
			for k, v := range header {
				r.Header[k] = v
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			return rec
		}
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {sim.AddChannel(youtube.Channel{ID: tube, Name: "K"})}, "client_id": {"1"}, "client_secret": {"s"}}
		var got struct {
			AccessToken string `json:"access_token"`
		}
		rec := do("POST", "/token", form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
		if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		auth := http.Header{"Authorization": {"Bearer " + got.AccessToken}}
		at := do("POST", "/upload/youtube/v3/videos?uploadType=resumable", words, auth).Header().Get("Location")
		u, err := url.Parse(at)
		if err != nil || at == "" {
			t.Fatalf("session %q", at)
		}
		path := "/upload/youtube/v3/videos?" + u.RawQuery
		rec = do("PUT", path, string(body), http.Header{"Content-Range": {span}})
		if rec.Code != 200 && rec.Code != 308 && rec.Code != 400 {
			t.Fatalf("%q: %d %s", span, rec.Code, rec.Body)
		}
		for _, v := range sim.Videos(tube) {
			if v.Bytes > int64(len(body)) {
				t.Fatalf("%q: a film of %d bytes from %d", span, v.Bytes, len(body))
			}
		}
	})
}
