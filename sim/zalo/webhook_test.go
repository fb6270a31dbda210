package zalo_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

func TestSignatureMatchesOfficialSDK(t *testing.T) {
	body := []byte(`{"app_id":"123","event_name":"user_send_text","timestamp":"1700000000000"}`)
	if got := zalo.Signature("123", body, "1700000000000", "OASECRET"); got != "mac=8a677a638f3033f08bd0e4836cfe551d59996f4833bd15d0688303616a213330" {
		t.Error(got)
	}
}

type received struct {
	body   []byte
	header http.Header
	event  struct {
		Name      string `json:"event_name"`
		Timestamp string `json:"timestamp"`
		Sender    struct{ ID string }
		Recipient struct{ ID string }
		Follower  struct{ ID string }
		OAID      string `json:"oa_id"`
		Message   struct {
			Text  string
			MsgID string `json:"msg_id"`
		}
	}
}

// listener is a client's webhook whose answers a test decides.
type listener struct {
	mu     sync.Mutex
	events []received
	status func(n int) int // by number of the delivery, from 1
	url    string
}

func listen(t *testing.T) *listener {
	l := &listener{status: func(int) int { return http.StatusOK }}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		e := received{body: raw, header: r.Header}
		_ = json.Unmarshal(raw, &e.event)
		l.mu.Lock()
		l.events = append(l.events, e)
		status, n := l.status, len(l.events)
		l.mu.Unlock()
		w.WriteHeader(status(n))
	}))
	t.Cleanup(srv.Close)
	l.url = srv.URL
	return l
}

func (l *listener) wait(t *testing.T, n int) []received {
	t.Helper()
	for range 300 {
		l.mu.Lock()
		got := append([]received(nil), l.events...)
		l.mu.Unlock()
		if len(got) >= n {
			return got
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("fewer than %d events came", n)
	return nil
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 300 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

func hooked(t *testing.T, l *listener, change func(*zalo.Config)) (*world, string) {
	w := newWorld(t, func(c *zalo.Config) {
		c.WebhookURL, c.RetryScale = l.url, 0.000001
		if change != nil {
			change(c)
		}
	}, zalo.OA{Type: zalo.TypeBusiness})
	return w, w.sim.AddFollower(oaID, zalo.Person{Key: "an", Name: "Nguyễn Văn An"})
}

func TestEventsAreSignedAndShaped(t *testing.T) {
	l := listen(t)
	w, user := hooked(t, l, nil)
	said, err := w.sim.Say(oaID, user, zalo.Utterance{Text: "Xin hỏi <giấy tờ> & lệ phí"})
	if err != nil {
		t.Fatal(err)
	}
	e := l.wait(t, 1)[0]
	if e.event.Name != "user_send_text" || e.event.Sender.ID != user || e.event.Recipient.ID != oaID || e.event.Message.MsgID != said.ID || e.event.Message.Text != "Xin hỏi <giấy tờ> & lệ phí" {
		t.Errorf("event %s", e.body)
	}
	if want := zalo.Signature("123", e.body, e.event.Timestamp, "OASECRET"); e.header.Get("X-ZEvent-Signature") != want {
		t.Errorf("signature %s, want %s", e.header.Get("X-ZEvent-Signature"), want)
	}
	w.want(w.post("/v3.0/oa/message/cs", text(user, "Chào bác")), 0, "answer")
	for _, e := range l.wait(t, 3)[1:] {
		if e.event.Sender.ID != oaID || e.event.Recipient.ID != user || (e.event.Name != "oa_send_text" && e.event.Name != "user_received_message") {
			t.Errorf("after the OA's message came %s", e.body)
		}
	}
	if err := w.sim.Unfollow(oaID, user); err != nil {
		t.Fatal(err)
	}
	if last := l.wait(t, 4)[3]; last.event.Name != "unfollow" || last.event.OAID != oaID || last.event.Follower.ID != user {
		t.Errorf("unfollow %s", last.body)
	}
}

func TestRetriesCarryTheirNumberAndEndByDisabling(t *testing.T) {
	l := listen(t)
	l.status = func(int) int { return http.StatusInternalServerError }
	w, user := hooked(t, l, nil)
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "a"})
	got := l.wait(t, 6)
	eventually(t, "the webhook is switched off", func() bool { return !w.sim.Webhook().Status(false).Enabled })
	for i, e := range got {
		want := ""
		if i > 0 {
			want = string(rune('0' + i))
		}
		if e.header.Get("num_retry") != want || string(e.body) != string(got[0].body) {
			t.Errorf("try %d: num_retry %q, body %s", i, e.header.Get("num_retry"), e.body)
		}
	}
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "while off"})
	l.mu.Lock()
	l.status = func(int) int { return http.StatusOK }
	l.mu.Unlock()
	w.sim.Obey(simkit.Fault{Kind: simkit.FaultYesWebhook})
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "on again"})
	if last := l.wait(t, 7)[6]; last.event.Message.Text != "on again" {
		t.Errorf("after switching on came %s", last.body)
	}
	if s := w.sim.Webhook().Status(false); s.Lost != 2 || s.Failed != 6 {
		t.Errorf("status %+v, want 2 lost and 6 failed tries", s)
	}
}

func TestSlowReceiverCountsAsFailed(t *testing.T) {
	l := listen(t)
	l.status = func(n int) int {
		if n == 1 {
			time.Sleep(150 * time.Millisecond)
		}
		return http.StatusOK
	}
	w, user := hooked(t, l, func(c *zalo.Config) { c.HookTimeout = 60 * time.Millisecond })
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "a"})
	l.wait(t, 2)
	eventually(t, "delivered by the second try", func() bool { s := w.sim.Webhook().Status(false); return s.Delivered == 1 && s.Failed == 1 })
}

func TestFaultsOfWebhooks(t *testing.T) {
	l := listen(t)
	w, user := hooked(t, l, nil)
	add := func(kind string) {
		if _, err := w.sim.Faults().Add(simkit.Fault{Kind: kind, Count: 1, Path: "user_send", DelayMS: 100}); err != nil {
			t.Fatal(err)
		}
	}
	add(simkit.FaultDuplicate)
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "hai lần"})
	twice := l.wait(t, 2)
	if string(twice[0].body) != string(twice[1].body) {
		t.Error("a duplicate must be the same bytes")
	}
	add(simkit.FaultLate)
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "muộn"})
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "sớm"})
	if got := l.wait(t, 4); got[2].event.Message.Text != "sớm" || got[3].event.Message.Text != "muộn" {
		t.Errorf("order %s, %s", got[2].body, got[3].body)
	}
	add(simkit.FaultLose)
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "mất"})
	add(simkit.FaultBadSign)
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "giả"})
	last := l.wait(t, 5)[4]
	if last.event.Message.Text != "giả" || last.header.Get("X-ZEvent-Signature") == zalo.Signature("123", last.body, last.event.Timestamp, "OASECRET") {
		t.Errorf("want the forged event, got %s", last.body)
	}
}

// TestRestartKeepsEverything closes a platform in the middle of deliveries and opens it again from its folder.
func TestRestartKeepsEverything(t *testing.T) {
	folder := t.TempDir()
	l := listen(t)
	l.status = func(int) int { return http.StatusServiceUnavailable }
	open := func() *world {
		return newWorld(t, func(c *zalo.Config) {
			c.Folder, c.WebhookURL, c.RetryScale = folder, l.url, 0.01
		}, zalo.OA{Type: zalo.TypeBusiness})
	}
	w := open()
	user := w.sim.AddFollower(oaID, zalo.Person{Key: "an", Name: "Nguyễn Văn An"})
	id := w.publish()
	removed := w.publish()
	w.want(w.post("/v2.0/article/remove", object{"id": removed}), 0, "remove")
	up := w.upload("/v2.0/oa/upload/image", "a.png", png)
	fresh := w.refresh(w.sim.Tokens(oaID).Refresh)
	_, _ = w.sim.Say(oaID, user, zalo.Utterance{Text: "câu hỏi"})
	l.wait(t, 1)
	w.sim.Webhook().Close()

	l.mu.Lock()
	l.status = func(int) int { return http.StatusOK }
	l.mu.Unlock()
	again := open()
	again.token = fresh.Access
	again.want(again.get("/v2.0/oa/getoa"), 0, "token of the earlier run")
	if got := again.sim.Articles(oaID); len(got) != 1 || got[0].ID != id || len(got[0].Body) != 1 {
		t.Errorf("articles %+v", got)
	}
	if got := again.sim.Messages(oaID, user); len(got) != 1 || got[0].Text != "câu hỏi" {
		t.Errorf("messages %+v", got)
	}
	resp, err := http.Get(again.url + "/media/" + up.field(t, "attachment_id"))
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("media %v %v", resp, err)
	}
	resp.Body.Close()
	eventually(t, "the undelivered event is delivered after the restart", func() bool { return again.sim.Webhook().Status(false).Delivered == 1 })
	if refused := again.refresh(fresh.Refresh); refused.Error != 0 {
		t.Errorf("the stored refresh token must work: %+v", refused)
	}
	if !strings.HasPrefix(fresh.Access, "at.") {
		t.Errorf("token %q", fresh.Access)
	}
}

func TestOtherEventsStrangersAndPictures(t *testing.T) {
	l := listen(t)
	w, _ := hooked(t, l, nil)
	if err := w.sim.Raise(oaID, "user_withdraw", map[string]any{"user_id_by_app": "77"}); err != nil {
		t.Fatal(err)
	}
	e := l.wait(t, 1)[0]
	if e.event.Name != "user_withdraw" || e.header.Get("X-ZEvent-Signature") != zalo.Signature("123", e.body, e.event.Timestamp, "OASECRET") {
		t.Errorf("raised %s", e.body)
	}
	stranger, err := w.sim.AddWriter(oaID, zalo.Person{Name: "Người qua đường"})
	if err != nil {
		t.Fatal(err)
	}
	w.want(w.post("/v3.0/oa/message/cs", text(stranger, "Chào")), -213, "to a stranger who never wrote")
	if _, err := w.sim.Say(oaID, stranger, zalo.Utterance{Text: "xem ảnh", Image: w.sim.KeepPicture("a.png", png)}); err != nil {
		t.Fatal(err)
	}
	if e := l.wait(t, 2)[1]; e.event.Name != "user_send_image" || !strings.Contains(string(e.body), "/media/") {
		t.Errorf("picture %s", e.body)
	}
	w.want(w.post("/v3.0/oa/message/cs", text(stranger, "Chào")), 0, "to a stranger who wrote")
}
