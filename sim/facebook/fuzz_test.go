package facebook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/facebook"
)

// bench is a simulator without a network: a Page with a post, a comment and a person who wrote.
type bench struct {
	sim           *facebook.Sim
	h             http.Handler
	token         string
	post, comment string
	person        string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	sim, err := facebook.New(facebook.Config{AppID: "123", AppSecret: "SEC", Clock: clock.NewStub(morning)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	b := &bench{sim: sim, h: sim.Handler(), token: sim.AddPage(facebook.Page{ID: pageID, Name: "Mặt trận xã Kim Liên"})}
	var made struct{ ID string }
	rec := b.do("POST", "/"+pageID+"/feed", "application/x-www-form-urlencoded", []byte("message=Tin"), nil)
	if json.Unmarshal(rec.Body.Bytes(), &made) != nil || made.ID == "" {
		t.Fatal(rec.Body)
	}
	b.post = made.ID
	rec = b.do("POST", "/"+b.post+"/comments", "application/x-www-form-urlencoded", []byte("message=Hay"), nil)
	if json.Unmarshal(rec.Body.Bytes(), &made) != nil {
		t.Fatal(rec.Body)
	}
	b.comment = made.ID
	return b
}

func (b *bench) do(method, path, kind string, body []byte, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, "/v26.0"+path, bytes.NewReader(body))
	if kind != "" {
		r.Header["Content-Type"] = []string{kind}
	}
	r.Header.Set("Authorization", "OAuth "+b.token)
	for k, v := range header {
		r.Header[http.CanonicalHeaderKey(k)] = []string{v}
	}
	rec := httptest.NewRecorder()
	b.h.ServeHTTP(rec, r)
	return rec
}

// sane checks an answer: JSON, and no fault of the simulator's own.
func sane(t *testing.T, rec *httptest.ResponseRecorder) {
	t.Helper()
	if !json.Valid(rec.Body.Bytes()) || rec.Code >= 500 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
}

// FuzzForms sends anything as the body of any call, in every form that a client may choose: it is answered or refused in JSON,
// the Page still stands afterwards, and no film is said to hold more than came.
func FuzzForms(f *testing.F) {
	const form, js = "application/x-www-form-urlencoded", "application/json"
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	_ = m.WriteField("caption", "Ảnh")
	file, _ := m.CreateFormFile("source", "a.png")
	_, _ = file.Write([]byte("\x89PNG\r\n\x1a\n"))
	_ = m.Close() // a buffer takes everything
	for _, seed := range []struct {
		edge       uint8
		kind, body string
	}{
		{0, form, "message=Xin+ch%C3%A0o&scheduled_publish_time=99999999999999999999&published=false"},
		{0, js, `{"message":"a","attached_media":[{"media_fbid":"1"}]}`},
		{0, js, `{"attached_media[0]":{"media_fbid":1},"fields":"id{"}`},
		{0, js, `{"message":null,"link":["x"]}`},
		{0, form, "method=delete&message=%zz"},
		{1, m.FormDataContentType(), parts.String()},
		{1, "multipart/form-data", "x"}, {1, "multipart/form-data; boundary=", "----"}, {1, "multipart/form-data; boundary=a", "--a\r\n\r\n\r\n--a--"},
		{2, form, "upload_phase=start&file_size=-1"}, {2, form, "upload_phase=start&file_size=9223372036854775807"}, {2, form, "upload_phase=transfer&upload_session_id=&start_offset=0"},
		{2, form, "upload_phase=finish"}, {2, "video/mp4", "film"},
		{3, form, "upload_phase=start"}, {3, form, "upload_phase=finish&video_id=1&video_state=PUBLISHED"},
		{4, form, `recipient={"id":"1"}&message={"text":"a"}`}, {4, js, `{"recipient":{"comment_id":"x"},"message":{"attachment":{"type":"image"}}}`}, {4, js, `{"recipient":null,"message":null}`},
		{5, form, "subscribed_fields=[[\"feed\"]]"}, {6, form, "is_hidden=&message="}, {7, js, `{"message":"` + strings.Repeat("ă", 9000) + `"}`},
		{8, form, "fields=comments.limit(-1){from{id,name}},created_time&limit=-3&after=x"}, {9, js, "[]"}, {10, js, "{"}, {11, form, "limit=99999999999999999999"},
	} {
		f.Add(seed.edge, seed.kind, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, edge uint8, kind string, body []byte) {
		b := newBench(t)
		targets := []string{"/" + pageID + "/feed", "/" + pageID + "/photos", "/" + pageID + "/videos", "/" + pageID + "/video_reels", "/" + pageID + "/messages",
			"/" + pageID + "/subscribed_apps", "/" + b.comment, "/" + b.post + "/comments", "/" + b.post, "/me", "/", "/" + pageID + "/conversations"}
		sane(t, b.do("POST", targets[int(edge)%len(targets)], kind, body, nil))
		if q := "?" + string(body); kind == "application/x-www-form-urlencoded" {
			if _, err := url.ParseRequestURI("/x" + q); err == nil && !strings.ContainsAny(q, " #\r\n") {
				sane(t, b.do("GET", targets[int(edge)%len(targets)]+q, "", nil, nil))
			}
		}
		for _, v := range b.sim.Videos(pageID) {
			if v.Stored > int64(len(body)) || v.Size != v.Stored {
				t.Fatalf("a film of %d of %d bytes out of %d", v.Stored, v.Size, len(body))
			}
		}
		if rec := b.do("GET", "/"+pageID+"?fields=name", "", nil, nil); rec.Code != 200 || !strings.Contains(rec.Body.String(), "Kim Li") {
			t.Fatalf("the Page is gone: %d %s", rec.Code, rec.Body)
		}
	})
}

// FuzzReel sends a reel in two pieces with any offset and size: a finished one holds exactly what was announced and came.
func FuzzReel(f *testing.F) {
	for _, seed := range [][4]string{{"0", "5", "5", "5"}, {"0", "10", "5", "10"}, {"0", "5", "0", "5"}, {"-1", "5", "0", "5"}, {"0", "9223372036854775807", "9223372036854775807", "5"}, {"", "", "x", "y"}, {"0", "10", "5", "5"}, {"0", "10", "5", "7"}} {
		f.Add(seed[0], seed[1], []byte("hello"), seed[2], seed[3], []byte("world"))
	}
	f.Fuzz(func(t *testing.T, offset1, size1 string, body1 []byte, offset2, size2 string, body2 []byte) {
		b := newBench(t)
		var made struct {
			ID string `json:"video_id"`
		}
		reels := "/" + pageID + "/video_reels"
		if err := json.Unmarshal(b.do("POST", reels, "application/x-www-form-urlencoded", []byte("upload_phase=start"), nil).Body.Bytes(), &made); err != nil || made.ID == "" {
			t.Fatal(err)
		}
		sane(t, b.do("POST", "/video-upload/v26.0/"+made.ID, "", body1, map[string]string{"offset": offset1, "file_size": size1}))
		sane(t, b.do("POST", "/video-upload/v26.0/"+made.ID, "", body2, map[string]string{"offset": offset2, "file_size": size2}))
		sane(t, b.do("POST", reels, "application/x-www-form-urlencoded", []byte("upload_phase=finish&video_state=PUBLISHED&video_id="+made.ID), nil))
		for _, v := range b.sim.Videos(pageID) {
			if v.Stored > int64(len(body1)+len(body2)) || v.Size != v.Stored || size1 == "10" && offset1 == "0" && len(body1) > 0 && len(body1) <= 10 && v.Size != 10 {
				t.Fatalf("a reel of %d of %d bytes out of %d", v.Stored, v.Size, len(body1)+len(body2))
			}
		}
	})
}
