package youtube_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/sim/youtube"
)

// bench is a simulator without a network, with one channel and its token.
type bench struct {
	sim  *youtube.Sim
	h    http.Handler
	auth http.Header
}

func newBench(t *testing.T) *bench {
	t.Helper()
	sim, err := youtube.New(youtube.Config{ClientID: "1", ClientSecret: "s"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	b := &bench{sim: sim, h: sim.Handler()}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {sim.AddChannel(youtube.Channel{ID: tube, Name: "K"})}, "client_id": {"1"}, "client_secret": {"s"}}
	var got struct {
		AccessToken string `json:"access_token"`
	}
	rec := b.do("POST", "/token", form.Encode(), http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	b.auth = http.Header{"Authorization": {"Bearer " + got.AccessToken}}
	return b
}

func (b *bench) do(method, address, sent string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, address, strings.NewReader(sent))
	for k, v := range header {
		r.Header[k] = v
	}
	rec := httptest.NewRecorder()
	b.h.ServeHTTP(rec, r)
	return rec
}

func (b *bench) with(kind string) http.Header {
	h := b.auth.Clone()
	h.Set("Content-Type", kind)
	return h
}

// FuzzSession sends anything as a chunk with any range into a session, and then the film as an honest client does: asking how
// far it is and sending the rest. What was refused has done no harm, and a finished film is never longer than was announced.
func FuzzSession(f *testing.F) {
	for _, seed := range []struct{ announced, span, body string }{
		{"10", "bytes 0-4/10", "hello"}, {"10", "bytes 0-4/5", "hello"}, {"10", "bytes 0-1/10", "hello, world"}, {"", "bytes 0-4/*", "hello"}, {"", "bytes 0-4/-7", "hello"},
		{"", "bytes 0-9/99", "hello"}, {"5", "", "hello, world"}, {"10", "", "hello"}, {"", "bytes */3", ""}, {"-1", "x", ""}, {"", "bytes 0-4/99999999999999999", "hello"}, {"3", "bytes=0-2/3", "abc"},
	} {
		f.Add(seed.announced, seed.span, seed.body)
	}
	f.Fuzz(func(t *testing.T, announced, span, body string) {
		b := newBench(t)
		h := b.with("application/json")
		if announced != "" {
			h.Set("X-Upload-Content-Length", announced)
		}
		rec := b.do("POST", "/upload/youtube/v3/videos?uploadType=resumable", words, h)
		if rec.Code != 200 {
			return // refused at the start
		}
		u, err := url.Parse(rec.Header().Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		path := "/upload/youtube/v3/videos?" + u.RawQuery
		if rec = b.do("PUT", path, body, http.Header{"Content-Range": {span}}); rec.Code != 200 && rec.Code != 308 && rec.Code != 400 {
			t.Fatalf("%q: %d %s", span, rec.Code, rec.Body)
		}
		limit, known := 0, false
		if limit, err = strconv.Atoi(announced); err == nil {
			known = true
		}
		for _, v := range b.sim.Videos(tube) {
			if v.Bytes > int64(len(body)) || known && v.Bytes != int64(limit) {
				t.Fatalf("%q, %q: a film of %d bytes", announced, span, v.Bytes)
			}
		}
		if !known || limit > 1000 || rec.Code == 200 {
			return
		}
		film := body[:min(len(body), limit)] // what a client that means it would send, as far as it has come already
		film += strings.Repeat("f", limit-len(film))
		ask := b.do("PUT", path, "", http.Header{"Content-Range": {"bytes */" + announced}})
		from := 0
		if _, last, ok := strings.Cut(ask.Header().Get("Range"), "-"); ok {
			if from, err = strconv.Atoi(last); err != nil {
				t.Fatal(err)
			}
			from++
		}
		rest := "bytes " + strconv.Itoa(from) + "-" + strconv.Itoa(limit-1) + "/" + announced
		if rec = b.do("PUT", path, film[from:], http.Header{"Content-Range": {rest}}); rec.Code != 200 {
			t.Fatalf("after %q the rest %q is refused: %d %s", span, rest, rec.Code, rec.Body)
		}
		sum := sha256.Sum256([]byte(film))
		if vs := b.sim.Videos(tube); len(vs) != 1 || vs[0].SHA256 != hex.EncodeToString(sum[:]) {
			t.Fatalf("after %q: %+v", span, vs)
		}
	})
}

// FuzzBodies sends anything as the body of the calls that read one: films and captions in parts, words, thumbnails, comments.
func FuzzBodies(f *testing.F) {
	const parts = "multipart/related; boundary=b"
	whole := "--b\r\nContent-Type: application/json\r\n\r\n" + words + "\r\n--b\r\nContent-Type: video/mp4\r\n\r\nfilm\r\n--b--\r\n"
	for _, seed := range []struct {
		to         uint8
		kind, body string
	}{
		{0, parts, whole}, {0, parts, "--b\r\n\r\n{}\r\n--b\r\n\r\nfilm"}, {0, parts, "--b--"}, {0, "multipart/related", "x"}, {0, "", ""}, {0, "multipart/related; boundary=\"", "--"},
		{1, "video/mp4", "film"}, {1, "", ""}, {2, "application/json", `{"snippet":{"title":1}}`}, {2, "application/json", `{"status":{"publishAt":"x"}}`}, {2, "application/json", "null"},
		{3, "application/json", `{"id":"x","snippet":{}}`}, {4, parts, whole}, {4, parts, `--b` + "\r\n\r\n" + `{"snippet":{"videoId":null}}` + "\r\n--b\r\n\r\n1"}, {5, "image/png", "\x89PNG\r\n\x1a\n"},
		{6, "application/json", `{"snippet":{"topLevelComment":null}}`}, {7, "application/json", `{"snippet":{"parentId":"a.b"}}`}, {8, "application/x-www-form-urlencoded", "grant_type=authorization_code&code=%"},
		{9, "application/x-www-form-urlencoded", "hub.mode=subscribe&hub.topic=%zz&hub.callback=://"},
	} {
		f.Add(seed.to, seed.kind, seed.body)
	}
	f.Fuzz(func(t *testing.T, to uint8, kind, body string) {
		b := newBench(t)
		targets := []string{"POST /upload/youtube/v3/videos?uploadType=multipart&part=snippet", "POST /upload/youtube/v3/videos?uploadType=media", "POST /upload/youtube/v3/videos?uploadType=resumable",
			"PUT /youtube/v3/videos?part=snippet", "POST /upload/youtube/v3/captions?part=snippet", "POST /upload/youtube/v3/thumbnails/set?videoId=x", "POST /youtube/v3/commentThreads?part=snippet",
			"POST /youtube/v3/comments?part=snippet", "POST /token", "POST /subscribe"}
		if int(to)%len(targets) == 9 && strings.Contains(body, "channel_id") {
			return // a topic that is known has the hub call out
		}
		method, address, _ := strings.Cut(targets[int(to)%len(targets)], " ")
		rec := b.do(method, address, body, b.with(kind))
		if rec.Code >= 500 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		if s := rec.Body.String(); strings.HasPrefix(s, "{") && !json.Valid([]byte(s)) {
			t.Fatalf("no JSON: %s", s)
		}
		for _, v := range b.sim.Videos(tube) {
			if v.Bytes == 0 || v.Bytes > int64(len(body)) || v.Title == "" {
				t.Fatalf("%+v out of %d bytes", v, len(body))
			}
		}
		if rec := b.do("GET", "/youtube/v3/channels?part=snippet&mine=true", "", b.auth); rec.Code != 200 {
			t.Fatalf("the channel is gone: %d", rec.Code)
		}
	})
}
