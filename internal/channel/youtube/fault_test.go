package youtube_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channeltest"
	"github.com/nhipcau/nhipcau/internal/channel/youtube"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/sim/simkit"
	simyt "github.com/nhipcau/nhipcau/sim/youtube"
)

// afternoon is 13:00 of a winter day in Vietnam: 22:00 of the day before in California, two hours before its midnight.
var afternoon = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// open1 opens a world with one channel on a clock that the test moves.
func open1(t *testing.T, c clock.Clock, change func(*simyt.Config, *youtube.Config)) (*channeltest.House, *world, channel.Account) {
	t.Helper()
	h := channeltest.NewHouseAt(t, dbtest.SQLite(t, migrations...), channel.Config{}, c)
	hook := channeltest.NewHook(t, channel.YouTube)
	w := open(t, h, hook, change)
	h.Service.Add(w.Adapter)
	hook.Serve(h.Service)
	a, tokens := w.addChannel(simyt.Channel{ID: vinhHung, Name: "MTTQ phường Vinh Hưng"})
	a.UnitID = orgunittest.VinhHung
	return h, w, h.AccountWith(t, a, tokens)
}

func post(mark string, n int) channel.Content {
	return channel.Content{Title: "Phim " + mark, Lead: "Mời xem", Text: "Nội dung", Link: "https://mattran.example/tin/" + mark, Mark: mark, Video: film(n)}
}

// run takes a film as far as it goes, as the kernel does, and gives the last receipt or the error that stopped it.
func run(t *testing.T, w *world, a channel.Account, c channel.Content) (channel.Receipt, error) {
	t.Helper()
	r, err := w.Publish(t.Context(), a, c, channel.Receipt{})
	for range 50 {
		if err != nil || r.State != channel.ReceiptProcessing {
			return r, err
		}
		r, err = w.Confirm(t.Context(), a, r)
	}
	t.Fatal("the film never stands")
	return r, err
}

func wantLater(t *testing.T, err error, key string) time.Time {
	t.Helper()
	var e *channel.Error
	if !errors.As(err, &e) || e.Advice != channel.AdviceLater || e.Key != key {
		t.Fatalf("%v, want %s", err, key)
	}
	return e.After
}

// TestQuotaAtMidnightPacific: the day's uploads are spent at 13:00 in Vietnam; the next film waits until midnight in
// California, 15:00 here in winter, and goes then. Google's word counts when it knows of uploads that we do not.
func TestQuotaAtMidnightPacific(t *testing.T) {
	c := clock.NewStub(afternoon)
	_, w, a := open1(t, c, func(s *simyt.Config, y *youtube.Config) { s.Uploads, y.Uploads = 2, 4 })
	for _, m := range []string{"mot", "hai"} {
		if r, err := run(t, w, a, post(m, 300_000)); err != nil || r.ExternalID == "" {
			t.Fatalf("%s: %+v %v", m, r, err)
		}
	}
	_, err := run(t, w, a, post("ba", 300_000)) // Google has two a day, we believed four
	opens := wantLater(t, err, "channel.youtube.bucket")
	if want := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC); opens.Before(want) || opens.After(want.Add(time.Minute)) {
		t.Fatalf("opens at %s", opens)
	}
	before := w.sim.Stats().Requests.Counts["POST /upload/videos resumable"]
	if _, err := run(t, w, a, post("bon", 300_000)); advice(err) != channel.AdviceLater {
		t.Fatalf("another film: %v", err)
	}
	if n := w.sim.Stats().Requests.Counts["POST /upload/videos resumable"]; n != before {
		t.Fatalf("Google was asked again although it had said that the day is spent")
	}
	day, err := w.Day(t.Context(), func(string) bool { return true })
	if err != nil || !day.Spent || len(day.List) < 2 {
		t.Fatalf("%+v %v", day, err)
	}
	c.Set(opens)
	if r, err := run(t, w, a, post("ba", 300_000)); err != nil || r.ExternalID == "" {
		t.Fatalf("after midnight: %+v %v", r, err)
	}
	if n := len(w.sim.Videos(vinhHung)); n != 3 {
		t.Fatalf("%d films", n)
	}
}

// TestKilledInTheMiddle: the process dies at every step of an upload; another goes on from what is written down, nothing
// stands twice and no byte is missing.
func TestKilledInTheMiddle(t *testing.T) {
	_, w, a := open1(t, clock.System{}, func(_ *simyt.Config, y *youtube.Config) { y.Slice = time.Nanosecond })
	c := post("mot", 1_300_000)
	start := time.Now().UTC()
	tried := channel.Receipt{}
	var r channel.Receipt
	var err error
	for i := range 20 { // each round knows nothing but what the database knows: the receipt of the round before was lost
		if i%3 == 1 {
			w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: "/upload/youtube/v3/videos", Count: 1})
		}
		if r, err = w.Publish(t.Context(), a, c, tried); err == nil && r.State == channel.ReceiptPublished {
			break
		}
		tried = channel.Receipt{Since: start, LastTry: time.Now().UTC()}
	}
	sum := sha256.Sum256(filmOf(1_300_000))
	vs := w.sim.Videos(vinhHung)
	if r.State != channel.ReceiptPublished || len(vs) != 1 || vs[0].SHA256 != hex.EncodeToString(sum[:]) || w.sim.Stats().UploadsUsed != 1 {
		t.Fatalf("%+v %v\n%+v", r, err, vs)
	}
}

// TestForgottenUpload: YouTube forgets an upload. When the film was complete it is found by its mark, otherwise it is sent anew.
func TestForgottenUpload(t *testing.T) {
	_, w, a := open1(t, clock.System{}, func(_ *simyt.Config, y *youtube.Config) { y.Slice = time.Nanosecond })
	c := post("mot", 900_000)
	for range 3 { // a place, the upload, the first pieces
		if _, err := w.Publish(t.Context(), a, c, channel.Receipt{}); err != nil {
			t.Fatal(err)
		}
	}
	w.sim.Forget()
	if r, err := run(t, w, a, c); err != nil || r.ExternalID == "" {
		t.Fatalf("in the middle: %+v %v", r, err)
	}
	d := post("hai", 200_000)
	if _, err := w.Publish(t.Context(), a, d, channel.Receipt{}); err != nil {
		t.Fatal(err)
	}
	w.fault(t, simkit.Fault{Kind: simkit.FaultDropAfter, Path: "/upload/youtube/v3/videos", Count: 2}) // the question and the only piece
	for range 2 {
		_, _ = w.Publish(t.Context(), a, d, channel.Receipt{})
	}
	w.sim.Faults().Remove("")
	w.sim.Forget()
	if r, err := run(t, w, a, d); err != nil || r.ExternalID == "" {
		t.Fatalf("at the end: %+v %v", r, err)
	}
	if vs := w.sim.Videos(vinhHung); len(vs) != 2 {
		t.Fatalf("%d films: %q", len(vs), titles(vs))
	}
}

func TestStillWordsAndProcessing(t *testing.T) {
	c := clock.NewStub(afternoon)
	_, w, a := open1(t, c, func(s *simyt.Config, _ *youtube.Config) { s.Processing = 5 * time.Minute })
	p := post("mot", 100_000)
	p.Cover = &channel.Picture{URL: "https://mattran.example/anh/x/channel.jpg"}
	p.Video.Captions = "1\n00:00:01,000 --> 00:00:02,000\nKính thưa bà con\n"
	r, err := w.Publish(t.Context(), a, p, channel.Receipt{})
	for range 4 {
		if err != nil {
			t.Fatal(err)
		}
		r, err = w.Confirm(t.Context(), a, r)
	}
	if err != nil || r.State != channel.ReceiptProcessing {
		t.Fatalf("%+v %v", r, err)
	}
	v := w.sim.Videos(vinhHung)[0]
	if string(v.Thumb) != string(jpeg) || len(v.Captions) != 1 || v.Captions[0].Language != "vi" || v.Language != "vi" {
		t.Fatalf("%+v", v)
	}
	c.Advance(2 * time.Minute)
	if _, err := w.Confirm(t.Context(), a, r); advice(err) != channel.AdviceLater {
		t.Fatalf("still processing: %v", err)
	}
	c.Advance(4 * time.Minute)
	if got, err := w.Confirm(t.Context(), a, r); err != nil || got.ExternalID != v.ID {
		t.Fatalf("%+v %v", got, err)
	}
}

// TestWhatAPersonMustDo: each refusal says it in one sentence and nothing is tried for ever.
func TestWhatAPersonMustDo(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		advice channel.Advice
		key    string
	}{
		"not audited": {func(w *world) { w.sim.SetUnaudited(true) }, channel.AdviceStop, "channel.youtube.locked"},
		"copyright":   {func(w *world) { w.sim.Knobs(vinhHung, func(c *simyt.Channel) { c.RejectNext = "copyright" }) }, channel.AdviceStop, "channel.youtube.rejected_copyright"},
		"suspended":   {func(w *world) { w.sim.Knobs(vinhHung, func(c *simyt.Channel) { c.Suspended = true }) }, channel.AdviceHuman, "channel.youtube.suspended"},
		"revoked":     {func(w *world) { w.sim.Revoke(vinhHung) }, channel.AdviceReauth, "channel.youtube.revoked"},
		"channel's day": {func(w *world) {
			w.sim.Knobs(vinhHung, func(c *simyt.Channel) { c.DailyLimit = 1 })
			_, _ = w.sim.PutUp(vinhHung, "đăng tay")
		}, channel.AdviceLater, "channel.youtube.channel_limit"},
		"units are gone": {func(w *world) { w.sim.SetBuckets(0, -1) }, channel.AdviceLater, "channel.youtube.units_spent"},
	} {
		t.Run(name, func(t *testing.T) {
			_, w, a := open1(t, clock.System{}, nil)
			c.change(w)
			_, err := run(t, w, a, post("mot", 100_000))
			var e *channel.Error
			if !errors.As(err, &e) || e.Advice != c.advice || e.Key != c.key {
				t.Errorf("%+v", err)
			}
		})
	}
	_, w, a := open1(t, clock.System{}, nil)
	none := post("mot", 1)
	none.Video = nil
	var e *channel.Error
	if _, err := w.Publish(t.Context(), a, none, channel.Receipt{}); !errors.As(err, &e) || e.Key != "channel.youtube.no_film" {
		t.Errorf("a post without a film: %v", err)
	}
}

// TestFilmsPutUpByHand are told by the hub, after its challenge, and shown as such; a channel that lives by hand is not silent.
func TestFilmsPutUpByHand(t *testing.T) {
	h, w, a := open1(t, clock.System{}, nil)
	if _, ok := w.Challenge(t.Context(), url.Values{"hub.mode": {"subscribe"}, "hub.topic": {"https://x/feeds/videos.xml?channel_id=" + vinhHung}, "hub.challenge": {"x"}}); ok {
		t.Fatal("a subscription that nobody asked for was confirmed")
	}
	subscribe(t, w, a)
	if _, err := w.sim.PutUp(vinhHung, "Hội làng"); err != nil {
		t.Fatal(err)
	}
	h.Await(t, 20*time.Second, "the film is known", func() bool {
		d, err := w.Day(t.Context(), func(string) bool { return true })
		return err == nil && len(d.Seen) == 1 && d.Seen[0].ByHand && d.Seen[0].Title == "Hội làng"
	})
	if got, err := h.Service.AccountByID(t.Context(), a.ID); err != nil || got.PublishedAt.IsZero() || got.HeardAt.IsZero() {
		t.Fatalf("%+v %v", got, err)
	}
	if d, err := w.Day(t.Context(), func(string) bool { return false }); err != nil || len(d.Seen)+len(d.List) != 0 {
		t.Fatalf("a stranger saw %+v %v", d, err)
	}
}

func TestConsent(t *testing.T) {
	h, w, a := open1(t, clock.System{}, nil)
	w.sim.AddChannel(simyt.Channel{ID: "UCkhac000000000000000000", Name: "Kênh khác"})
	admin := identity.Actor{Kind: identity.ActorOfficial, ID: "qt", Name: "Trần Thị Lan", Grants: []identity.Grant{{Role: identity.RoleUnitAdmin, UnitID: orgunittest.VinhHung}}}
	finish := func(id string) ([]channel.Account, error) {
		to, err := h.Service.Connect(t.Context(), admin, channel.ConnectRequest{AccountID: a.ID})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if q.Get("access_type") != "offline" || q.Get("prompt") != "consent" {
			t.Fatalf("no refresh token would come: %s", to)
		}
		code := w.sim.GrantCode(id, q.Get("redirect_uri"), q.Get("code_challenge"))
		return h.Service.FinishConnect(t.Context(), admin, channel.YouTube, url.Values{"code": {code}, "state": {q.Get("state")}})
	}
	if as, err := finish(vinhHung); err != nil || as[0].ID != a.ID {
		t.Fatalf("%+v %v", as, err)
	}
	if _, err := finish("UCkhac000000000000000000"); err == nil {
		t.Fatal("another channel than the one that was meant was taken")
	}
	if as, err := h.Service.ConnectPasted(t.Context(), admin, channel.ConnectRequest{AccountID: a.ID}, w.sim.AddChannel(simyt.Channel{ID: vinhHung, Name: "MTTQ phường Vinh Hưng"})); err != nil || as[0].ID != a.ID {
		t.Fatalf("pasted: %+v %v", as, err)
	}
}

// TestHideComment takes a comment out of sight and shows it again.
func TestHideComment(t *testing.T) {
	_, w, a := open1(t, clock.System{}, nil)
	r, err := run(t, w, a, post("mot", 100_000))
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.sim.Comment(simyt.Said{Video: r.ExternalID, Name: "Nguyễn Văn An", Text: "Lời khó nghe"})
	if err != nil {
		t.Fatal(err)
	}
	var hider channel.Hider = w.Adapter
	for _, hidden := range []bool{true, false} {
		if err := hider.HideComment(t.Context(), a, c.ID, hidden); err != nil {
			t.Fatal(err)
		}
		if got := w.sim.Comments(r.ExternalID)[0]; got.Hidden != hidden {
			t.Fatalf("%+v", got)
		}
	}
}
