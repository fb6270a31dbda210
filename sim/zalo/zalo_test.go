package zalo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

const oaID = "4000000000000000001"

var morning = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC) // 09:00 in Vietnam

// world is one simulated platform with one OA behind a real HTTP server.
type world struct {
	t     *testing.T
	sim   *zalo.Sim
	url   string
	clock *clock.Stub
	token string
}

func newWorld(t *testing.T, change func(*zalo.Config), oa zalo.OA) *world {
	t.Helper()
	stub := clock.NewStub(morning)
	cfg := zalo.Config{AppID: "123", AppSecret: "SEC", OASecretKey: "OASECRET", Clock: stub}
	if change != nil {
		change(&cfg)
	}
	sim, err := zalo.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	oa.ID, oa.Name = oaID, "MTTQ xã Kim Liên"
	tokens := sim.AddOA(oa)
	return &world{t: t, sim: sim, url: srv.URL, clock: stub, token: tokens.Access}
}

type answer struct {
	Error   int             `json:"error"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
	Access  string          `json:"access_token"`
	Refresh string          `json:"refresh_token"`
	Expires any             `json:"expires_in"`
	header  http.Header
}

func (a answer) field(t *testing.T, name string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.Data, &m); err != nil {
		t.Fatalf("data %s: %v", a.Data, err)
	}
	text, _ := m[name].(string)
	return text
}

func (w *world) do(req *http.Request) answer {
	w.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: HTTP %d, the platform always answers 200: %s", req.URL, resp.StatusCode, raw)
	}
	a := answer{header: resp.Header}
	if err := json.Unmarshal(raw, &a); err != nil {
		w.t.Fatalf("%s: %v in %s", req.URL, err, raw)
	}
	return a
}

func (w *world) post(path string, body any) answer {
	w.t.Helper()
	raw, _ := json.Marshal(body)
	if text, ok := body.(string); ok {
		raw = []byte(text)
	}
	req, _ := http.NewRequest("POST", w.url+path, bytes.NewReader(raw))
	req.Header.Set("access_token", w.token)
	return w.do(req)
}

func (w *world) get(path string) answer {
	w.t.Helper()
	req, _ := http.NewRequest("GET", w.url+path, nil)
	req.Header.Set("access_token", w.token)
	return w.do(req)
}

func (w *world) tokenCall(form url.Values, secret string) answer {
	w.t.Helper()
	req, _ := http.NewRequest("POST", w.url+"/v4/oa/access_token", bytes.NewReader([]byte(form.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("secret_key", secret)
	return w.do(req)
}

func (w *world) refresh(token string) answer {
	w.t.Helper()
	return w.tokenCall(url.Values{"app_id": {"123"}, "grant_type": {"refresh_token"}, "refresh_token": {token}}, "SEC")
}

func (w *world) want(a answer, code int, what string) {
	w.t.Helper()
	if a.Error != code {
		w.t.Errorf("%s: error %d %q, want %d", what, a.Error, a.Message, code)
	}
}

type object = map[string]any

func articleBody(change func(object)) object {
	o := object{"type": "normal", "title": "Thông báo", "author": "Ban Thường trực", "description": "Lời dẫn", "status": "show", "comment": "show",
		"cover": object{"cover_type": "photo", "photo_url": "https://example.vn/a.jpg", "status": "show"},
		"body":  []object{{"type": "text", "content": "<p>Nội dung</p>"}}}
	if change != nil {
		change(o)
	}
	return o
}

// publish makes an article stand and returns its id.
func (w *world) publish() string {
	w.t.Helper()
	a := w.post("/v2.0/article/create", articleBody(nil))
	w.want(a, 0, "create")
	v := w.post("/v2.0/article/verify", object{"token": a.field(w.t, "token")})
	w.want(v, 0, "verify")
	return v.field(w.t, "id")
}

func TestArticleStandsAfterProcessing(t *testing.T) {
	w := newWorld(t, func(c *zalo.Config) { c.ArticleDelay = 80 * time.Millisecond }, zalo.OA{})
	a := w.post("/v2.0/article/create", articleBody(nil))
	w.want(a, 0, "create")
	token := a.field(t, "token")
	w.want(w.post("/v2.0/article/verify", object{"token": token}), -214, "verify at once")
	time.Sleep(100 * time.Millisecond)
	v := w.post("/v2.0/article/verify", object{"token": token})
	w.want(v, 0, "verify later")
	if got := w.sim.Articles(oaID); len(got) != 1 || got[0].ID != v.field(t, "id") || got[0].Status != "show" {
		t.Errorf("articles %+v, verify said %s", got, v.Data)
	}
}
