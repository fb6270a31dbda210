package zalo_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/zalo"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simzalo "github.com/nhipcau/nhipcau/sim/zalo"
)

// fleet makes a house on SQLite with n OAs of a simulated Zalo.
func fleet(t testing.TB, n int, cfg channel.Config, change func(*simzalo.Config, *zalo.Config), knobs func(*simzalo.OA)) (*channeltest.House, *world, []channel.Account) {
	t.Helper()
	h := channeltest.NewHouse(t, dbtest.SQLite(t, channeltest.Migrations...), cfg)
	w := open(t, h, "", change)
	h.Service.Add(w.Adapter)
	h.Service.SetSource(channeltest.Texts{Cover: photo})
	var as []channel.Account
	for i := range n {
		o := simzalo.OA{ID: fmt.Sprintf("40000000000000%05d", i), Name: fmt.Sprintf("OA %d", i)}
		if knobs != nil {
			knobs(&o)
		}
		a, tokens := w.addOA(o)
		a.UnitID = orgunittest.VinhHung
		as = append(as, h.AccountWith(t, a, tokens))
	}
	return h, w, as
}

func TestPKCEVector(t *testing.T) {
	w := zalo.New(zalo.Config{AppID: "1"}, nil, nil)
	u, err := url.Parse(w.ConsentURL("st", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "https://x/cb"))
	if err != nil || u.Query().Get("code_challenge") != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
		t.Fatalf("%s %v", u, err)
	}
}

// TestMessageVersionIsFoundOut: state-agency OAs refuse v3, business ones v2; either way the answer arrives and the
// choice is remembered.
func TestMessageVersionIsFoundOut(t *testing.T) {
	for messaging, want := range map[string]string{simzalo.MessagingV2: "v2", simzalo.MessagingV3: "v3"} {
		for _, guess := range []string{"", "v2", "v3", "none"} {
			h, w, as := fleet(t, 1, channel.Config{}, nil, func(o *simzalo.OA) { o.Messaging = messaging })
			a := as[0]
			a.Capabilities.MessageV = guess
			user := w.sim.AddFollower(a.ExternalID, simzalo.Person{Key: "an", Name: "Nguyễn Văn An"})
			if _, err := w.Reply(t.Context(), a, channel.Reply{PersonID: user, Text: "Xin chào"}); err != nil {
				t.Fatalf("%s guessed %q: %v", messaging, guess, err)
			}
			got, err := h.Service.AccountByID(t.Context(), a.ID)
			if err != nil || (guess != want && got.Capabilities.MessageV != want) {
				t.Fatalf("%s guessed %q: remembered %q %v", messaging, guess, got.Capabilities.MessageV, err)
			}
		}
	}
	_, w, as := fleet(t, 1, channel.Config{}, nil, func(o *simzalo.OA) { o.Messaging = simzalo.MessagingNone })
	user := w.sim.AddFollower(as[0].ExternalID, simzalo.Person{Key: "an"})
	_, err := w.Reply(t.Context(), as[0], channel.Reply{PersonID: user, Text: "Xin chào"})
	var e *channel.Error
	if !errors.As(err, &e) || e.Advice != channel.AdviceHuman || e.Key != "channel.zalo.no_messages" {
		t.Fatalf("no version works: %v", err)
	}
}

func TestErrorTable(t *testing.T) {
	_, w, as := fleet(t, 1, channel.Config{}, nil, nil)
	ctx := t.Context()
	for _, c := range []struct {
		code    int
		message string
		advice  channel.Advice
		scope   channel.Scope
	}{
		{-32, "Your application reached limit call api", channel.AdviceLater, channel.ScopeApp},
		{-200, "Send failed", channel.AdviceRetry, ""},
		{-201, "title is invalid", channel.AdviceStop, ""},
		{-204, "Offical Account is disable", channel.AdviceHuman, channel.ScopeAccount},
		{-205, "Offical Account is not exist", channel.AdviceHuman, channel.ScopeAccount},
		{-209, "Not supported this api", channel.AdviceHuman, channel.ScopeApp},
		{-210, "exceeds", channel.AdviceStop, ""},
		{-211, "Out of quota", channel.AdviceLater, ""},
		{-218, "receiver", channel.AdviceLater, ""},
		{-219, "removed", channel.AdviceReauth, channel.ScopeAccount},
		{-221, "not verified", channel.AdviceHuman, ""},
		{-223, "Official Account has not authorized", channel.AdviceReauth, channel.ScopeAccount},
		{-223, "limit quota create article", channel.AdviceLater, ""},
		{-224, "upgrade", channel.AdviceHuman, channel.ScopeAccount},
		{-227, "inactive", channel.AdviceUnfollow, ""},
		{-230, "7 days", channel.AdviceStop, ""},
		{-234, "night", channel.AdviceLater, ""},
		{-248, "policy", channel.AdviceHuman, ""},
		{-320, "ZCA", channel.AdviceHuman, ""},
		{-99999, "something new", channel.AdviceStop, ""},
	} {
		w.sim.Faults().Remove("")
		w.fault(t, simkit.Fault{Kind: simkit.FaultError, Path: "/article/create", Code: c.code, Message: c.message, Count: 1})
		_, err := w.Publish(ctx, as[0], channel.Content{Title: "T", Lead: "L", Text: "B", Mark: "m", Cover: &channel.Picture{URL: photo}}, channel.Receipt{})
		var e *channel.Error
		if !errors.As(err, &e) || e.Advice != c.advice || e.Scope != c.scope || e.Key == "" || e.Unsure {
			t.Errorf("%d %s: %+v", c.code, c.message, err)
		}
		if c.code == -234 && !e.After.Equal(nextSix(time.Now())) {
			t.Errorf("night: until %s", e.After)
		}
	}
	for kind, unsure := range map[string]bool{simkit.FaultHTTP: true, simkit.FaultDrop: true} {
		w.sim.Faults().Remove("")
		w.fault(t, simkit.Fault{Kind: kind, Path: "/article/create", Count: 1})
		_, err := w.Publish(ctx, as[0], channel.Content{Title: "T", Text: "B", Cover: &channel.Picture{URL: photo}}, channel.Receipt{})
		var e *channel.Error
		if !errors.As(err, &e) || e.Advice != channel.AdviceRetry || e.Unsure != unsure {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func nextSix(now time.Time) time.Time {
	six := clock.DateOf(now).Time().Add(6 * time.Hour)
	if !now.Before(six) {
		six = six.Add(24 * time.Hour)
	}
	return six
}

func TestWhatZaloWouldRefuseIsSaidBefore(t *testing.T) {
	_, w, as := fleet(t, 1, channel.Config{}, nil, nil)
	good := channel.Content{Title: "T", Lead: "L", Text: "B", Cover: &channel.Picture{URL: photo}}
	for key, change := range map[string]func(*channel.Content){
		"channel.zalo.no_title":       func(c *channel.Content) { c.Title = " " },
		"channel.zalo.title_too_long": func(c *channel.Content) { c.Title = strings.Repeat("ậ", 151) },
		"channel.zalo.lead_too_long":  func(c *channel.Content) { c.Lead = strings.Repeat("ậ", 301) },
		"channel.zalo.no_cover":       func(c *channel.Content) { c.Cover = nil },
		"channel.zalo.no_body":        func(c *channel.Content) { c.Text = "" },
	} {
		c := good
		change(&c)
		_, err := w.Publish(t.Context(), as[0], c, channel.Receipt{})
		var e *channel.Error
		if !errors.As(err, &e) || e.Key != key || e.Advice != channel.AdviceStop {
			t.Errorf("%s: %v", key, err)
		}
	}
	long := good
	long.Title = strings.Repeat("a\u0323\u0302", 150) // 450 code points, 150 letters
	if _, err := w.Publish(t.Context(), as[0], long, channel.Receipt{}); err != nil {
		t.Errorf("150 letters written apart are 150 letters: %v", err)
	}
}

func TestBodyKeepsWordsMarksAndPictures(t *testing.T) {
	_, w, as := fleet(t, 1, channel.Config{}, func(s *simzalo.Config, a *zalo.Config) { s.ArticleDelay = 0; a.MediaBase = "https://mattran.example" }, nil)
	c := channel.Content{Title: "T", Lead: "L", Mark: "m", Cover: &channel.Picture{URL: "/anh/bia.jpg"}, Link: "https://mattran.example/tin/1?a=1&b=2",
		HTML: `<h2>Mục</h2><p>Bà con <strong>xóm</strong> &lt;Sen&gt;</p><figure><img src="/anh/1.jpg" alt="Họp"><figcaption>Họp xóm</figcaption></figure><script>x()</script><ul><li>một</li></ul>`}
	r, err := w.Publish(t.Context(), as[0], c, channel.Receipt{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Confirm(t.Context(), as[0], r); err != nil {
		t.Fatal(err)
	}
	got := w.sim.Articles(as[0].ExternalID)[0]
	var b strings.Builder
	for _, x := range got.Body {
		b.WriteString(x.Type + ":" + x.Content + x.URL + "|" + x.Caption + "\n")
	}
	want := "text:<h3>Mục</h3><p>Bà con <b>xóm</b> &lt;Sen&gt;</p>|\nimage:https://mattran.example/anh/1.jpg|Họp\ntext:Họp xóm<ul><li>một</li></ul>|\n" +
		"text:<p><a href=\"https://mattran.example/tin/1?a=1&amp;b=2\">https://mattran.example/tin/1?a=1&amp;b=2</a></p>|\n"
	if b.String() != want || got.Cover.PhotoURL != "https://mattran.example/anh/bia.jpg" || got.Status != "show" {
		t.Fatalf("got\n%swant\n%s%+v", b.String(), want, got.Cover)
	}
}

func TestAnnounceAtNightWaits(t *testing.T) {
	h, w, as := fleet(t, 1, channel.Config{}, nil, nil)
	w.sim.AddFollower(as[0].ExternalID, simzalo.Person{Key: "an"})
	h.Deliver(t, channel.NewDelivery{AccountID: as[0].ID, Source: "p", Version: 1, Action: channel.ActPublish})
	published := func() bool {
		ds, err := h.Service.Deliveries(t.Context(), "p")
		return err == nil && ds[0].State == channel.DeliveryPublished
	}
	h.Await(t, 15*time.Second, "published", published)
	w.fault(t, simkit.Fault{Kind: simkit.FaultNight, Count: 1})
	h.Deliver(t, channel.NewDelivery{Source: "p", Version: 1, Action: channel.ActAnnounce})
	last := func() channel.Delivery {
		ds, err := h.Service.History(t.Context(), "p", as[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		return ds[len(ds)-1]
	}
	h.Await(t, 15*time.Second, "waits for the morning", func() bool { return last().Reason == "channel.zalo.night" })
	if d := last(); d.State != channel.DeliveryQueued || len(w.sim.Broadcasts(as[0].ExternalID)) != 0 {
		t.Fatalf("at night: %+v", d)
	}
	r, err := w.Announce(t.Context(), as[0], channel.Receipt{ExternalID: w.sim.Articles(as[0].ExternalID)[0].ID})
	if err != nil || r.ExternalID == "" || w.sim.Broadcasts(as[0].ExternalID)[0].Reached != 1 {
		t.Fatalf("by day: %+v %v", r, err)
	}
}

// TestWholeProvinceAtOnce publishes to 482 OAs without a limit: every article stands once.
func TestWholeProvinceAtOnce(t *testing.T) {
	h, w, as := fleet(t, 482, channel.Config{}, func(s *simzalo.Config, _ *zalo.Config) { s.Rate = -1 }, nil)
	took := publishAll(t, h, as)
	for _, a := range as {
		if n := len(w.sim.Articles(a.ExternalID)); n != 1 {
			t.Fatalf("%d articles at %s", n, a.Name)
		}
	}
	t.Logf("482 articles confirmed in %s", took)
}

func publishAll(t *testing.T, h *channeltest.House, as []channel.Account) time.Duration {
	t.Helper()
	var ds []channel.NewDelivery
	for _, a := range as {
		ds = append(ds, channel.NewDelivery{AccountID: a.ID, Source: "p", Version: 1, Action: channel.ActPublish})
	}
	h.Start(t)
	start := time.Now()
	h.Deliver(t, ds...)
	h.Await(t, 90*time.Second, "all published", func() bool {
		got, err := h.Service.Deliveries(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range got {
			if d.State != channel.DeliveryPublished {
				return false
			}
		}
		return true
	})
	return time.Since(start)
}

// TestBudgetIsKeptByTwoProcesses lets two processes share 600 calls a minute at a platform that refuses the 601st: it
// never has to.
func TestBudgetIsKeptByTwoProcesses(t *testing.T) {
	dsn := dbtest.PostgresURL(t, channeltest.Migrations...)
	cfg := channel.Config{Budget: map[channel.Kind]int{channel.Zalo: 600}}
	h1 := channeltest.NewHouse(t, openDB(t, dsn), cfg)
	h2 := channeltest.Second(t, openDB(t, dsn), cfg, h1.Units)
	w := open(t, h1, "", func(s *simzalo.Config, _ *zalo.Config) { s.Rate = 600 })
	a, tokens := w.addOA(simzalo.OA{ID: oa, Name: "OA"})
	a.UnitID = orgunittest.VinhHung
	a = h1.AccountWith(t, a, tokens)
	var wg sync.WaitGroup
	var mu sync.Mutex
	done, later, refused := 0, 0, 0
	for _, h := range []*channeltest.House{h1, h2} {
		z := zalo.New(zalo.Config{OAuthURL: w.url, OpenAPIURL: w.url, AppID: "1234", AppSecret: "bi-mat"}, h.Service.Vault(), h.Service.Budget(channel.Zalo))
		for range 8 {
			wg.Go(func() {
				for range 60 {
					_, err := z.Probe(context.Background(), a) // three calls
					var e *channel.Error
					mu.Lock()
					switch {
					case err == nil:
						done++
					case errors.As(err, &e) && e.Code == "budget":
						later++
						mu.Unlock()
						return
					default:
						refused++
						t.Log(err)
					}
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	if refused > 0 || later == 0 || done < 180 || done > 200 {
		t.Fatalf("%d probes done, %d put off, %d refused", done, later, refused)
	}
}

func openDB(t testing.TB, dsn string) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// TestProbeFindsDeadAccounts: an OA that answers its profile and could not publish is found by the probe, with what to do.
func TestProbeFindsDeadAccounts(t *testing.T) {
	for name, c := range map[string]struct {
		knobs  func(*simzalo.OA)
		kill   bool
		state  channel.AccountState
		reason string
	}{
		"well":                         {nil, false, channel.AccountConnected, ""},
		"-224 by the date":             {func(o *simzalo.OA) { o.PackageUntil = time.Now().AddDate(0, 0, -2) }, false, channel.AccountPaused, "channel.zalo.package"},
		"-224 with the free package":   {func(o *simzalo.OA) { o.Package = simzalo.PackageBasic }, false, channel.AccountPaused, "channel.zalo.package"},
		"-223 articles not granted":    {func(o *simzalo.OA) { o.Denied = []string{"/article/"} }, false, channel.AccountReauth, "channel.zalo.not_granted"},
		"-216, then -14014 on refresh": {nil, true, channel.AccountReauth, "channel.error.reauth"},
		"quota refused, articles fine": {func(o *simzalo.OA) { o.Denied = []string{"/quota/"} }, false, channel.AccountConnected, ""},
	} {
		h, w, as := fleet(t, 1, channel.Config{}, nil, func(o *simzalo.OA) {
			o.ReplyQuota, o.Avatar = 50, "https://x.example/a.jpg"
			if c.knobs != nil {
				c.knobs(o)
			}
		})
		if c.kill {
			for _, k := range []string{simkit.FaultAccessDead, simkit.FaultRefreshDead} {
				w.sim.Obey(simkit.Fault{Kind: k, System: "zalo", Target: as[0].ExternalID})
			}
		}
		if _, err := h.Service.Probe(t.Context(), adminOf(orgunittest.VinhHung), as[0].ID); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		a, err := h.Service.AccountByID(t.Context(), as[0].ID)
		if err != nil || a.State != c.state || a.StateReason != c.reason || a.CheckedAt.IsZero() || a.TokenAt.IsZero() {
			t.Errorf("%s: %+v %v", name, a, err)
		}
		if !c.kill && (a.Health.Package == "" || a.Health.Picture == "") {
			t.Errorf("%s: what the profile told is lost: %+v", name, a.Health)
		}
		if name == "well" && (a.Health.QuotaTotal != 50 || a.Health.QuotaLeft != 50) {
			t.Errorf("quota: %+v", a.Health)
		}
	}
}
