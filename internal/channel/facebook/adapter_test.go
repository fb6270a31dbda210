package facebook_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/facebook"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	simfb "github.com/nhipcau/nhipcau/sim/facebook"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

func onePage(t testing.TB, change func(*simfb.Page)) (*channeltest.House, *world, channel.Account) {
	t.Helper()
	h := channeltest.NewHouse(t, dbtest.SQLite(t, channeltest.Migrations...), channel.Config{})
	hook := channeltest.NewHook(t, channel.Facebook)
	w := open(t, h, hook.URL)
	h.Service.Add(w.Adapter)
	hook.Serve(h.Service)
	p := simfb.Page{ID: page, Name: "Mặt trận xã Kim Liên", Subscribed: []string{"feed", "messages", "message_echoes"}}
	if change != nil {
		change(&p)
	}
	a, tokens := w.addPage(p)
	a.UnitID = orgunittest.KimLien
	return h, w, h.AccountWith(t, a, tokens)
}

var news = channel.Content{Title: "Họp xóm", Lead: "Mời bà con", Text: "Tối thứ Sáu.", Link: "https://mattran.example/tin/1", Mark: "m1"}

func advice(err error) channel.Advice {
	var e *channel.Error
	if errors.As(err, &e) {
		return e.Advice
	}
	return ""
}

func TestErrorTable(t *testing.T) {
	_, w, a := onePage(t, nil)
	for _, c := range []struct {
		code, sub int
		advice    channel.Advice
		key       string
	}{
		{1, 0, channel.AdviceRetry, "channel.error.unreachable"},
		{10, 2018278, channel.AdviceStop, "channel.facebook.window_over"},
		{10, 1893063, channel.AdviceLater, "channel.facebook.restricted"},
		{200, 0, channel.AdviceReauth, "channel.facebook.permission"},
		{190, 460, channel.AdviceReauth, "channel.facebook.password"},
		{190, 458, channel.AdviceReauth, "channel.facebook.app_removed"},
		{190, 459, channel.AdviceReauth, "channel.facebook.checkpoint"},
		{190, 492, channel.AdviceReauth, "channel.facebook.role_lost"},
		{102, 0, channel.AdviceReauth, "channel.error.reauth"},
		{368, 0, channel.AdviceHuman, "channel.facebook.blocked"},
		{551, 1545041, channel.AdviceUnfollow, "channel.facebook.unavailable"},
		{100, 33, channel.AdviceStop, "channel.facebook.gone"},
		{100, 0, channel.AdviceStop, "channel.facebook.bad_parameter"},
		{506, 1455006, channel.AdviceStop, "channel.facebook.duplicate"},
		{987654, 0, channel.AdviceStop, "channel.error.other"},
		{32, 0, channel.AdviceLater, "channel.error.budget"},
	} {
		w.sim.Faults().Remove("")
		w.fault(t, simkit.Fault{Kind: simkit.FaultError, Path: "/feed", Code: c.code, Subcode: c.sub, Message: "no", Count: 1})
		_, err := w.Publish(t.Context(), a, news, channel.Receipt{})
		var e *channel.Error
		if !errors.As(err, &e) || e.Advice != c.advice || e.Key != c.key {
			t.Errorf("%d/%d: %v %+v", c.code, c.sub, err, e)
		}
	}
	// A throttled page rests; nothing is asked of it meanwhile.
	if _, err := w.Publish(t.Context(), a, news, channel.Receipt{}); advice(err) != channel.AdviceLater {
		t.Errorf("after a throttle: %v", err)
	}
}

// TestDuplicateIsLookedUp: the same words a second time are refused by Facebook as a duplicate, and then found.
func TestDuplicateIsLookedUp(t *testing.T) {
	_, w, a := onePage(t, nil)
	first, err := w.Publish(t.Context(), a, news, channel.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Publish(t.Context(), a, news, channel.Receipt{})
	if err != nil || again.ExternalID != first.ExternalID || len(w.sim.Posts(page)) != 1 {
		t.Fatalf("%+v %v", again, err)
	}
}

func TestLinkThatCannotBeScrapedGoesIntoTheWords(t *testing.T) {
	_, w, a := onePage(t, nil)
	w.fault(t, simkit.Fault{Kind: simkit.FaultError, Path: "/feed", Code: 1609005, Message: "scrape", Count: 1})
	if _, err := w.Publish(t.Context(), a, news, channel.Receipt{}); err != nil {
		t.Fatal(err)
	}
	if p := w.sim.Posts(page)[0]; p.Link != "" || !strings.Contains(p.Message, news.Link) {
		t.Fatalf("%+v", p)
	}
}

func TestMessengerWindow(t *testing.T) {
	_, w, a := onePage(t, nil)
	person := w.sim.AddPerson(page, simfb.Person{Key: "an", Name: "Nguyễn Văn An"})
	if _, err := w.sim.Say(page, simfb.Utterance{Person: person, Text: "Xin hỏi", Quiet: true, At: time.Now().Add(-25 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Reply(t.Context(), a, channel.Reply{PersonID: person, Text: "Đã nhận"})
	var e *channel.Error
	if !errors.As(err, &e) || e.Advice != channel.AdviceStop || e.Key != "channel.facebook.window_over" {
		t.Fatalf("after 25 hours: %v", err)
	}
	if name, err := w.PersonName(t.Context(), a, person); err != nil || name != "Nguyễn Văn An" {
		t.Fatalf("name %q %v", name, err)
	}
}

// TestCommentAndAnswer: a comment comes in with its place, the answer goes under it once even when its answer is lost, and
// the page's own words do not come back as a question.
func TestCommentAndAnswer(t *testing.T) {
	h, w, a := onePage(t, nil)
	r, err := w.Publish(t.Context(), a, news, channel.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	person := w.sim.AddPerson(page, simfb.Person{Key: "an", Name: "Nguyễn Văn An"})
	said, err := w.sim.Say(page, simfb.Utterance{Person: person, Post: r.ExternalID, Text: "Mấy giờ họp ạ?"})
	if err != nil {
		t.Fatal(err)
	}
	var thread []channel.Message
	h.Await(t, 10*time.Second, "the comment to arrive", func() bool {
		thread, err = h.Service.Thread(t.Context(), a.ID, person, 10)
		return err == nil && len(thread) == 1
	})
	m := thread[0]
	if m.Comment == nil || m.Comment.PostExternalID != r.ExternalID || m.ExternalID != said.Comment.ID || m.PersonName != "Nguyễn Văn An" {
		t.Fatalf("comment %+v", m)
	}
	under := &channel.CommentRef{PostExternalID: m.Comment.PostExternalID, ParentID: m.ExternalID}
	w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: "/comments", Count: 1})
	answer := channel.Reply{PersonID: person, Text: "19 giờ 30, tại nhà văn hóa.", Comment: under}
	start := time.Now().UTC()
	if _, err := w.Reply(t.Context(), a, answer); advice(err) != channel.AdviceRetry {
		t.Fatalf("a lost answer: %v", err)
	}
	answer.Since, answer.LastTry = start, start
	got, err := w.Reply(t.Context(), a, answer)
	if err != nil || got.ExternalID == "" {
		t.Fatalf("second try: %+v %v", got, err)
	}
	n := 0
	for _, c := range w.sim.Comments(page, r.ExternalID) {
		if c.Parent == m.ExternalID {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("answered %d times", n)
	}
	h.Idle(t)
	if thread, err = h.Service.Thread(t.Context(), a.ID, page, 10); err != nil || len(thread) != 0 {
		t.Fatalf("the page's own words came in: %+v %v", thread, err)
	}
}

func TestProbeSubscribesAndSeesDeadTokens(t *testing.T) {
	_, w, a := onePage(t, func(p *simfb.Page) { p.Subscribed = nil })
	if _, err := w.Probe(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if s, _ := w.sim.Get(page); !strings.Contains(strings.Join(s.Subscribed, ","), "messages") {
		t.Fatalf("not subscribed: %+v", s)
	}
	if err := w.sim.KillToken(page, 460); err != nil {
		t.Fatal(err)
	}
	_, err := w.Probe(t.Context(), a)
	var e *channel.Error
	if !errors.As(err, &e) || e.Advice != channel.AdviceReauth || e.Key != "channel.facebook.password" {
		t.Fatalf("dead token: %v", err)
	}
}

func TestConsentFindsThePageThatWasMeant(t *testing.T) {
	h, w, a := onePage(t, nil)
	w.sim.AddPage(simfb.Page{ID: "100000000000002", Name: "Trang khác"})
	admin := adminOf(orgunittest.KimLien)
	finish := func(r channel.ConnectRequest) ([]channel.Account, error) {
		to, err := h.Service.Connect(t.Context(), admin, r)
		if err != nil {
			t.Fatal(err)
		}
		return h.Service.FinishConnect(t.Context(), admin, channel.Facebook, consent(t, w, to))
	}
	if as, err := finish(channel.ConnectRequest{AccountID: a.ID}); err != nil || as[0].ID != a.ID {
		t.Fatalf("reconnect: %+v %v", as, err)
	}
	if _, err := finish(channel.ConnectRequest{Kind: channel.Facebook, UnitID: orgunittest.KimLien}); err == nil {
		t.Fatal("two pages and none named: one was taken at random")
	}
	as, err := finish(channel.ConnectRequest{Kind: channel.Facebook, UnitID: orgunittest.KimLien, External: "100000000000002"})
	if err != nil || as[0].Name != "Trang khác" {
		t.Fatalf("by id: %+v %v", as, err)
	}
}

func TestWebhookVector(t *testing.T) {
	f := facebook.New(facebook.Config{AppSecret: "SEC"}, nil, nil)
	body := []byte(`{"object":"page","entry":[]}`)
	h := http.Header{"X-Hub-Signature-256": {"sha256=22a24822e770abcfdb3faa2d8b9f4bd9650c3d4d6f80c30b187e2a905bb4ca3d"}}
	if _, err := f.Webhook(h, body); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Webhook(h, append(body, '\n')); !errors.Is(err, channel.ErrSignature) {
		t.Fatalf("one byte more: %v", err)
	}
}

// TestProbeFindsDeadPages: a page that reads well and could not publish is found by the probe, with what to do.
func TestProbeFindsDeadPages(t *testing.T) {
	h, w, a := onePage(t, nil)
	see := func(state channel.AccountState, reason string) {
		t.Helper()
		if _, err := h.Service.Probe(t.Context(), adminOf(orgunittest.KimLien), a.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Service.AccountByID(t.Context(), a.ID); err != nil || got.State != state || got.StateReason != reason {
			t.Errorf("%+v %v", got, err)
		}
	}
	see(channel.AccountConnected, "")
	if got, err := h.Service.AccountByID(t.Context(), a.ID); err != nil || got.Health.Picture == "" || !got.Health.TokenUntil.IsZero() {
		t.Errorf("%+v %v", got.Health, err)
	}
	if err := w.sim.KillToken(page, 460); err != nil {
		t.Fatal(err)
	}
	see(channel.AccountReauth, "channel.facebook.password")
	h, w, a = onePage(t, func(p *simfb.Page) { p.Denied = []string{"pages_manage_posts"} })
	see(channel.AccountReauth, "channel.facebook.permission")
}
