package facebook_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/facebook"
)

func TestSignatureMatchesKnownVector(t *testing.T) {
	if got := facebook.Signature("SEC", []byte(`{"object":"page","entry":[]}`)); got != "sha256=22a24822e770abcfdb3faa2d8b9f4bd9650c3d4d6f80c30b187e2a905bb4ca3d" {
		t.Error(got)
	}
}

func TestEscape(t *testing.T) {
	got, err := facebook.Escape(map[string]string{"t": `ế/😀"`})
	if err != nil || got != `{"t":"\u1ebf\/\ud83d\ude00\""}` {
		t.Errorf("%s %v", got, err)
	}
}

// receiver is a client's webhook: it answers the handshake and keeps what comes.
type receiver struct {
	mu     sync.Mutex
	bodies []string
	fail   int // how many deliveries to refuse
	url    string
	t      *testing.T
}

func receive(t *testing.T) *receiver {
	rc := &receiver{t: t}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			if q := r.URL.Query(); q.Get("hub.mode") == "subscribe" && q.Get("hub.verify_token") == "VT" {
				io.WriteString(w, q.Get("hub.challenge"))
				return
			}
			w.WriteHeader(http.StatusForbidden)
			return
		}
		raw, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-Hub-Signature-256") != facebook.Signature("SEC", raw) {
			t.Errorf("bad signature of %s", raw)
		}
		rc.mu.Lock()
		defer rc.mu.Unlock()
		if rc.fail > 0 {
			rc.fail--
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		rc.bodies = append(rc.bodies, string(raw))
	}))
	t.Cleanup(srv.Close)
	rc.url = srv.URL + "/hook?x=1"
	return rc
}

type hook struct {
	Object string
	Entry  []struct {
		ID      string
		Changes []struct {
			Field string
			Value struct {
				Item, Verb, Message string
				CommentID           string `json:"comment_id"`
				PostID              string `json:"post_id"`
				ParentID            string `json:"parent_id"`
				From                struct{ ID, Name string }
			}
		}
		Messaging []struct {
			Sender, Recipient struct{ ID string }
			Message           struct {
				Mid, Text string
				IsEcho    bool `json:"is_echo"`
			}
		}
	}
}

func (rc *receiver) wait(n int) []hook {
	rc.t.Helper()
	for range 300 {
		rc.mu.Lock()
		var out []hook
		for _, b := range rc.bodies {
			var h hook
			if err := json.Unmarshal([]byte(b), &h); err != nil {
				rc.t.Fatal(err)
			}
			out = append(out, h)
		}
		rc.mu.Unlock()
		if len(out) >= n {
			return out
		}
		time.Sleep(10 * time.Millisecond)
	}
	rc.t.Fatalf("fewer than %d webhooks came", n)
	return nil
}

func TestHandshakeAndSubscription(t *testing.T) {
	rc := receive(t)
	w := newWorld(t, nil, facebook.Page{})
	if err := w.sim.SetWebhook(context.Background(), rc.url, "wrong"); err == nil {
		t.Error("a wrong verify token must fail the handshake")
	}
	app := []string{"access_token", "123|SEC", "object", "page", "fields", "feed,messages", "callback_url", rc.url}
	w.want(w.call("POST", "/v26.0/123/subscriptions", append(app, "verify_token", "nope")...), 2200, 0, "wrong token")
	w.want(w.call("POST", "/v26.0/123/subscriptions", append(app, "verify_token", "VT")...), 0, 0, "handshake")
	hoa := w.sim.AddPerson(pageID, facebook.Person{Name: "Nguyễn Thị Hoa"})
	_, _ = w.sim.Say(pageID, facebook.Utterance{Person: hoa, Text: "chưa đăng ký"})
	w.want(w.call("POST", "/"+pageID+"/subscribed_apps", "subscribed_fields", "feed,gossip"), 100, 0, "unknown field")
	w.want(w.call("POST", "/"+pageID+"/subscribed_apps", "subscribed_fields", "messages"), 0, 0, "subscribe")
	_, _ = w.sim.Say(pageID, facebook.Utterance{Person: hoa, Text: "Đường ngập / bao giờ sửa?"})
	got := rc.wait(1)[0].Entry[0].Messaging[0]
	if got.Message.Text != "Đường ngập / bao giờ sửa?" || got.Sender.ID != hoa || got.Recipient.ID != pageID {
		t.Errorf("message %+v", got)
	}
	rc.mu.Lock()
	raw := rc.bodies[0]
	rc.mu.Unlock()
	if strings.Contains(raw, "Đ") || !strings.Contains(raw, `\u0110`) {
		t.Errorf("the body must be escaped: %s", raw)
	}
}

func TestFeedEventsEchoesAndRetries(t *testing.T) {
	rc := receive(t)
	rc.fail = 3
	w := newWorld(t, func(c *facebook.Config) { c.WebhookURL, c.RetryScale = rc.url, 0.00001 }, facebook.Page{Subscribed: []string{"feed", "message_echoes"}})
	post := w.call("POST", "/"+pageID+"/feed", "message", "Thông báo").ID
	if v := rc.wait(1)[0].Entry[0].Changes[0].Value; v.Item != "status" || v.From.ID != pageID || v.PostID != post {
		t.Errorf("own post %+v", v)
	}
	hoa := w.sim.AddPerson(pageID, facebook.Person{Name: "Nguyễn Thị Hoa", LastWrote: morning})
	said, _ := w.sim.Say(pageID, facebook.Utterance{Person: hoa, Post: post, Text: "Hỏi"})
	if v := rc.wait(2)[1].Entry[0].Changes[0].Value; v.Item != "comment" || v.Verb != "add" || v.ParentID != post || v.CommentID != said.Comment.ID || v.From.Name != "Nguyễn Thị Hoa" {
		t.Errorf("comment %+v", v)
	}
	w.call("POST", "/"+said.Comment.ID+"/comments", "message", "Đáp")
	if v := rc.wait(3)[2].Entry[0].Changes[0].Value; v.ParentID != said.Comment.ID || v.From.ID != pageID {
		t.Errorf("reply %+v", v)
	}
	w.want(w.call("POST", "/"+pageID+"/messages", "recipient", `{"id":"`+hoa+`"}`, "message", `{"text":"Chào chị"}`), 0, 0, "message")
	if m := rc.wait(4)[3].Entry[0].Messaging[0]; !m.Message.IsEcho || m.Sender.ID != pageID || m.Recipient.ID != hoa {
		t.Errorf("echo %+v", m)
	}
	for range 100 { // the receiver knows of a delivery a moment before its sender
		if w.sim.Webhook().Status(false).Delivered == 4 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if s := w.sim.Webhook().Status(true); s.Failed != 3 || s.Delivered != 4 || s.Lost != 0 || !s.Enabled {
		t.Errorf("status %+v", s)
	}
}

func TestRestartKeepsPages(t *testing.T) {
	folder := t.TempDir()
	open := func() *world {
		return newWorld(t, func(c *facebook.Config) { c.Folder = folder }, facebook.Page{})
	}
	w := open()
	w.want(w.call("POST", "/"+pageID+"/subscribed_apps", "subscribed_fields", "feed"), 0, 0, "subscribe")
	post := w.call("POST", "/"+pageID+"/photos", "url", "https://mttq.vn/a.jpg", "caption", "Ảnh").PostID
	hoa := w.sim.AddPerson(pageID, facebook.Person{Name: "Nguyễn Thị Hoa"})
	said, _ := w.sim.Say(pageID, facebook.Utterance{Person: hoa, Post: post, Text: "Hỏi"})
	_, _ = w.sim.Say(pageID, facebook.Utterance{Person: hoa, Text: "Nhắn"})
	again := open()
	if again.token != w.token {
		t.Error("the token changed")
	}
	again.want(again.call("POST", "/"+said.Comment.ID+"/comments", "message", "Đáp"), 0, 0, "reply to a comment of the earlier run")
	again.want(again.call("POST", "/"+pageID+"/messages", "recipient", `{"id":"`+hoa+`"}`, "message", `{"text":"Chào"}`), 0, 0, "window of the earlier run")
	sum, _ := again.sim.Get(pageID)
	if sum.Posts != 1 || sum.Comments != 2 || sum.Messages != 2 || len(sum.Subscribed) != 1 || sum.Cover != "https://mttq.vn/a.jpg" {
		t.Errorf("after the restart %+v", sum)
	}
}
