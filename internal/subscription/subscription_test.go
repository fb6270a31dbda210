package subscription_test

import (
	"context"
	"crypto/ecdsa"
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	mailer "github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/mail/mailtest"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/platform/webpush"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
	"github.com/nhipcau/nhipcau/sim/push"
)

// board is a source: things that stand in public until they are taken down.
type board struct{ things map[string]subscription.Item }

func (*board) Kind() string { return "post" }

func (b *board) Items(_ context.Context, _ subscription.Words, refs []subscription.Ref) ([]subscription.Item, error) {
	var out []subscription.Item
	for _, r := range refs {
		if it, ok := b.things[r.ID]; ok {
			it.Link += "?o=" + r.UnitID
			out = append(out, it)
		}
	}
	return out, nil
}

func (*board) Categories(context.Context, subscription.Words, string) ([]subscription.Category, error) {
	return []subscription.Category{{Code: "news", Name: "Tin tức"}, {Code: "notice", Name: "Thông báo"}}, nil
}

// trail keeps what officials did.
type trail struct{ got []identity.Trace }

func (r *trail) Record(_ context.Context, _ db.Tx, e identity.Trace) error {
	r.got = append(r.got, e)
	return nil
}

type kit struct {
	t     *testing.T
	db    *db.DB
	clock *clock.Stub
	queue *jobs.Queue
	s     *subscription.Service
	mail  *mailtest.Server
	push  *push.Service
	at    string // address of the push service
	board *board
	trail *trail
}

// start is a Monday, nine in the morning in Vietnam.
var start = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func each(t *testing.T, fn func(t *testing.T, k *kit)) {
	t.Helper()
	words, err := i18n.Load(subscriptionweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.Parse("k1 " + strings.Repeat("cd", 32))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := jobs.Migrate(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		q, err := jobs.New(d, jobs.Config{Fast: true})
		if err != nil {
			t.Fatal(err)
		}
		k := &kit{t: t, db: d, clock: clock.NewStub(start), queue: q, mail: mailtest.Serve(t), board: &board{map[string]subscription.Item{}}, trail: &trail{}}
		units := orgunittest.SeedAt(t, d, k.clock)
		k.push = push.New(k.clock.Now)
		srv := httptest.NewServer(k.push)
		t.Cleanup(srv.Close)
		k.at = srv.URL
		keys, err := subscription.LoadKeys(t.Context(), d, box, k.clock)
		if err != nil {
			t.Fatal(err)
		}
		again, err := subscription.LoadKeys(t.Context(), d, box, k.clock)
		if err != nil || !again.DKIM.Equal(keys.DKIM) || !again.VAPID.Equal(keys.VAPID) {
			t.Fatalf("other keys at the second start: %v", err)
		}
		k.s = subscription.New(subscription.Deps{DB: d, Queue: q, Clock: k.clock, Authz: identitytest.Authorizer(t, units, identitytest.File("subscription", subscription.Policies)), Trail: k.trail,
			Forest: units.Forest, Sealer: box, Key: []byte("key"), Returns: "tra-lai@mttq.example",
			Post:  mailer.SMTP{Addr: k.mail.Addr, From: "nhipcau@mttq.example", Clock: k.clock, Sign: mailer.Signer{Domain: "mttq.example", Selector: "nc1", Key: keys.DKIM, Clock: k.clock}.Sign},
			Push:  k.client(keys.VAPID, srv.Listener.Addr().String()),
			Words: func(lang string) subscription.Words { return words.In(lang) },
			Name:  func(_ subscription.Words, u orgunit.Unit) string { return u.FullName }, BaseURL: "https://mttq.example"})
		k.s.Add(k.board)
		t.Cleanup(func() {
			stop, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if err := q.Stop(stop); err != nil {
				t.Logf("stop the queue: %v", err)
			}
		})
		fn(t, k)
	}, orgunit.Migrations, subscription.Migrations)
}

// settle starts the queue and waits for the sweep with which it begins. That comes when the process has been chosen to lead,
// and after a test has moved its clock it would send what the test does not expect yet: such tests settle first.
func (k *kit) settle() {
	k.t.Helper()
	k.drain()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if n, err := k.db.Read().NewSelect().TableExpr("river_job").Where("kind = ?", subscription.SweepArgs().Kind()).Count(k.t.Context()); err != nil || time.Now().After(end) {
			k.t.Fatalf("the queue does not begin: %v", err)
		} else if n > 0 {
			break
		}
	}
	k.drain()
}

func (k *kit) client(key *ecdsa.PrivateKey, host string) *webpush.Client {
	return webpush.NewClient(key, "mailto:nhipcau@mttq.example", k.clock, []string{host})
}

func (k *kit) drain() {
	k.t.Helper()
	if err := k.queue.Drain(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) sweep() {
	k.t.Helper()
	err := k.db.InTx(k.t.Context(), func(ctx context.Context, tx db.Tx) error {
		return k.queue.Enqueue(ctx, tx, subscription.SweepArgs(), nil)
	})
	if err != nil {
		k.t.Fatal(err)
	}
	k.drain()
}

var link = regexp.MustCompile(`https://mttq\.example/bao-tin/([^\s/]+)`)

// letter gives the one letter that came since the last look.
func (k *kit) letter() mailtest.Letter {
	k.t.Helper()
	got := k.mail.Letters(k.t)
	if len(got) != 1 {
		k.t.Fatalf("%d letters: %+v", len(got), got)
	}
	return got[0]
}

func (k *kit) silence(why string) {
	k.t.Helper()
	if got := k.mail.Letters(k.t); len(got) != 0 {
		k.t.Fatalf("%s: %d letters, the first %q to %s", why, len(got), got[0].Subject(), got[0].To)
	}
}

// reader confirms a wish by the link of its letter and gives the secret of the link.
func (k *kit) reader(email string, p subscription.Pace, topics ...subscription.Topic) string {
	k.t.Helper()
	if err := k.s.Subscribe(k.t.Context(), subscription.Wish{Email: email, Topics: topics, Pace: p, Lang: "vi"}); err != nil {
		k.t.Fatal(err)
	}
	k.drain()
	l := k.letter()
	m := link.FindStringSubmatch(l.Text)
	if l.To != email || m == nil {
		k.t.Fatalf("the first letter: %+v", l)
	}
	if err := k.s.Confirm(k.t.Context(), m[1]); err != nil {
		k.t.Fatal(err)
	}
	return m[1]
}

// browser subscribes a browser and gives its id at the push service, and the secret of its page.
func (k *kit) browser(p subscription.Pace, topics ...subscription.Topic) (push.Browser, string) {
	k.t.Helper()
	b, err := k.push.Subscribe(k.s.PushKey())
	if err != nil {
		k.t.Fatal(err)
	}
	token, err := k.s.SubscribeBrowser(k.t.Context(), subscription.BrowserWish{Subscription: k.sub(b), Topics: topics, Pace: p, Lang: "vi"})
	if err != nil {
		k.t.Fatal(err)
	}
	return b, token
}

func (k *kit) sub(b push.Browser) webpush.Subscription {
	return webpush.Subscription{Endpoint: k.at + "/push/" + b.ID, P256dh: b.P256dh, Auth: b.Auth}
}

// publish puts a thing up on units' pages and lets the queue work.
func (k *kit) publish(id, category string, units ...string) {
	k.t.Helper()
	k.put(id, category, units...)
	k.drain()
}

func (k *kit) put(id, category string, units ...string) {
	k.t.Helper()
	k.board.things[id] = subscription.Item{ID: id, Title: "Bài " + id, Lead: "Tóm tắt " + id, From: "MTTQ phường Vinh Hưng", Link: "https://mttq.example/tin/" + id, At: k.clock.Now()}
	if err := k.s.Announce(k.t.Context(), subscription.Thing{Kind: "post", ID: id, Mark: "1", UnitID: units[0], Units: units, Category: category, Title: "Bài " + id}); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kit) rows(table string) int {
	k.t.Helper()
	n, err := k.db.Read().NewSelect().TableExpr("?", bunIdent(table)).Count(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	return int(n)
}

func ward(u string) subscription.Topic { return subscription.Topic{Kind: "post", UnitID: u} }

func below(u string) subscription.Topic {
	return subscription.Topic{Kind: "post", UnitID: u, Below: true}
}

// One reader's way: confirmed, told once of what they chose, and erased by one click.
func TestOneReader(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		token := k.reader("ba.con@thu.example", subscription.Now, subscription.Topic{Kind: "post", UnitID: orgunittest.VinhHung, Category: "notice"}, ward(orgunittest.KimLien))
		k.publish("a", "news", orgunittest.VinhHung)
		k.silence("another category")
		k.publish("b", "notice", orgunittest.TruongVinh)
		k.silence("another unit")
		k.publish("c", "notice", orgunittest.VinhHung, orgunittest.KimLien, orgunittest.TruongVinh)
		l := k.letter()
		stop := "https://mttq.example/bao-tin/" + token + "/thoi"
		if l.Get("List-Unsubscribe") != "<"+stop+">" || l.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" || l.Get("DKIM-Signature") == "" || l.Subject() != "Bài c" {
			t.Errorf("the head: %v", l.Header)
		}
		if !regexp.MustCompile(`^tra-lai\+NB-[0-9a-f]{32}-[0-9a-f]{10}@mttq\.example$`).MatchString(l.From) || !strings.Contains(l.Get("Message-ID"), strings.TrimSuffix(strings.TrimPrefix(l.From, "tra-lai+"), "@mttq.example")) {
			t.Errorf("the return path %q of %q", l.From, l.Get("Message-ID"))
		}
		for _, want := range []string{"Bài c", "Tóm tắt c", "https://mttq.example/tin/c?o=" + orgunittest.VinhHung, stop, "MTTQ phường Vinh Hưng, ngày 23/11/2026"} {
			if !strings.Contains(l.Text, want) {
				t.Errorf("the letter lacks %q:\n%s", want, l.Text)
			}
		}
		if strings.Contains(l.Text, "subscription.") {
			t.Errorf("a text is missing:\n%s", l.Text)
		}
		k.publish("c", "notice", orgunittest.VinhHung, orgunittest.KimLien)
		k.sweep()
		k.silence("told twice")
		for range 2 { // the click may come twice
			if err := k.s.Stop(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := k.s.ByToken(t.Context(), token); !fault.Is(err, fault.NotFound) {
			t.Errorf("stopped: %v", err)
		}
		k.publish("d", "notice", orgunittest.VinhHung)
		k.silence("after stopping")
		for _, table := range []string{"subscription_reader", "subscription_topic", "subscription_item", "subscription_letter"} {
			if n := k.rows(table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

// With the units below, and without.
func TestBelow(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.reader("tinh@thu.example", subscription.Now, ward(orgunittest.Province))
		k.reader("ca.tinh@thu.example", subscription.Now, below(orgunittest.Province), ward(orgunittest.VinhHung))
		k.publish("a", "news", orgunittest.VinhHung)
		if l := k.letter(); l.To != "ca.tinh@thu.example" || !strings.Contains(l.Text, "?o="+orgunittest.VinhHung) {
			t.Errorf("%s: %s", l.To, l.Text)
		}
		k.publish("b", "news", orgunittest.TruongVinh)
		if l := k.letter(); l.To != "ca.tinh@thu.example" || !strings.Contains(l.Text, "/tin/b?o=\n") && !strings.Contains(l.Text, "/tin/b?o=\r\n") {
			t.Errorf("%s: %q", l.To, l.Text)
		}
		k.publish("c", "news", orgunittest.Province)
		if got := k.mail.Letters(t); len(got) != 2 {
			t.Errorf("%d letters of the province's own", len(got))
		}
	})
}

// Nobody is written to who has not confirmed; an address cannot be flooded; what is not confirmed is forgotten, and changes
// nothing for a reader who is there.
func TestUnconfirmed(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		ctx := t.Context()
		ok := []subscription.Topic{ward(orgunittest.VinhHung)}
		for _, bad := range []subscription.Wish{{Email: "", Topics: ok, Pace: "now"}, {Email: "Bà Con <a@b.example>", Topics: ok, Pace: "now"}, {Email: "a@b", Topics: ok, Pace: "now"},
			{Email: "a@b.example\r\nBcc: x@y.example", Topics: ok, Pace: "now"}, {Email: "a@b.example", Pace: "now"}, {Email: "a@b.example", Topics: ok},
			{Email: "a@b.example", Topics: []subscription.Topic{ward("nowhere")}, Pace: "now"}, {Email: "a@b.example", Topics: []subscription.Topic{{Kind: "gossip", UnitID: orgunittest.VinhHung}}, Pace: "now"},
			{Email: "a@b.example", Topics: []subscription.Topic{{Kind: "post", UnitID: orgunittest.VinhHung, Category: "../x"}}, Pace: "now"}} {
			if err := k.s.Subscribe(ctx, bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		for range 5 {
			if err := k.s.Subscribe(ctx, subscription.Wish{Email: "A@b.example", Topics: ok, Pace: subscription.Now, Lang: "vi"}); err != nil {
				t.Fatal(err)
			}
			if err := k.s.Subscribe(ctx, subscription.Wish{Email: "a@B.example", Topics: ok, Pace: subscription.Now, Lang: "vi"}); err != nil {
				t.Fatal(err)
			}
		}
		k.drain()
		if got := k.mail.Letters(t); len(got) != subscription.MaxPending {
			t.Errorf("%d letters to an address that confirmed nothing", len(got))
		}
		k.publish("a", "news", orgunittest.VinhHung)
		k.silence("an unconfirmed address was told")
		var raw string
		if err := k.db.Read().NewSelect().TableExpr("subscription_reader").ColumnExpr("MAX(address || address_key)").Scan(ctx, &raw); err != nil || strings.Contains(raw, "b.example") {
			t.Errorf("the address stands open: %q %v", raw, err)
		}
		token := k.reader("co.san@thu.example", subscription.Daily, ok...)
		if err := k.s.Subscribe(ctx, subscription.Wish{Email: "co.san@thu.example", Topics: []subscription.Topic{ward(orgunittest.KimLien)}, Pace: subscription.Now, Lang: "vi"}); err != nil {
			t.Fatal(err)
		}
		k.drain()
		k.letter()
		k.publish("b", "news", orgunittest.KimLien)
		k.sweep()
		k.silence("what somebody else added")
		if r, err := k.s.ByToken(ctx, token); err != nil || r.Pace != subscription.Daily || len(r.Topics) != 2 || r.Topics[1].Confirmed || !r.Pending() {
			t.Errorf("%+v %v", r, err)
		}
		k.clock.Advance(subscription.ConfirmDays * 24 * time.Hour)
		k.sweep()
		if n := k.rows("subscription_reader"); n != 1 {
			t.Errorf("%d readers are kept", n)
		}
		if r, err := k.s.ByToken(ctx, token); err != nil || len(r.Topics) != 1 || r.Pending() {
			t.Errorf("%+v %v", r, err)
		}
	})
}

// Collected tellings: once a day after the hour, once a week on Mondays; what was taken down meanwhile is not told.
func TestDigests(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.settle()
		k.reader("ngay@thu.example", subscription.Daily, ward(orgunittest.VinhHung))
		k.reader("tuan@thu.example", subscription.Weekly, ward(orgunittest.VinhHung))
		k.clock.Advance(24 * time.Hour) // Tuesday
		k.publish("a", "news", orgunittest.VinhHung)
		k.publish("b", "news", orgunittest.VinhHung)
		k.publish("c", "news", orgunittest.VinhHung)
		k.silence("at once")
		delete(k.board.things, "b")
		k.sweep()
		l := k.letter()
		if l.To != "ngay@thu.example" || !strings.Contains(l.Text, "Bài a") || !strings.Contains(l.Text, "Bài c") || strings.Contains(l.Text, "Bài b") || l.Subject() != "2 tin mới: Bài a" {
			t.Errorf("%s %q: %s", l.To, l.Subject(), l.Text)
		}
		k.publish("d", "news", orgunittest.VinhHung)
		k.sweep()
		k.silence("a second letter in one day")
		k.clock.Advance(20 * time.Hour) // five in the morning
		k.sweep()
		k.silence("before the hour")
		k.clock.Advance(4 * time.Hour)
		k.sweep()
		if l := k.letter(); !strings.Contains(l.Text, "Bài d") || strings.Contains(l.Text, "Bài a") {
			t.Errorf("the next day: %s", l.Text)
		}
		k.clock.Advance(5 * 24 * time.Hour) // Monday
		k.sweep()
		if l := k.letter(); l.To != "tuan@thu.example" || !strings.Contains(l.Text, "Bài a") || !strings.Contains(l.Text, "Bài d") || strings.Contains(l.Text, "Bài b") {
			t.Errorf("%s: %s", l.To, l.Text)
		}
	})
}

// A flood of things becomes six letters and one the next morning.
func TestManyInADay(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.reader("ba.con@thu.example", subscription.Now, ward(orgunittest.VinhHung))
		for i := range subscription.MaxADay + 3 {
			k.publish(fmt.Sprintf("x%d", i), "news", orgunittest.VinhHung)
		}
		if got := k.mail.Letters(t); len(got) != subscription.MaxADay {
			t.Fatalf("%d letters in a day", len(got))
		}
		k.clock.Advance(24 * time.Hour)
		k.sweep()
		if l := k.letter(); !strings.HasPrefix(l.Subject(), "3 tin mới") {
			t.Error(l.Subject())
		}
	})
}

// The line breaks, the house stops, the letter is refused: what is certain not to have gone goes again, what may have gone
// does not.
func TestNeverTwice(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.settle()
		to := "ba.con@thu.example"
		k.reader(to, subscription.Now, ward(orgunittest.VinhHung))
		k.mail.Say(to, mailtest.HangUp)
		k.publish("a", "news", orgunittest.VinhHung)
		k.letter()
		k.mail.Say(to, mailtest.Take)
		k.sweep()
		k.silence("after a line that broke behind the last word")
		// The house stops in the middle: the job begins again from what stands in the database.
		k.put("b", "news", orgunittest.VinhHung)
		stopped := k.s.StopInTheMiddle(t.Context(), to)
		if stopped != nil {
			t.Fatal(stopped)
		}
		k.drain()
		k.sweep()
		k.silence("after a stop behind the last word")
		k.clock.Advance(2 * time.Hour)
		k.sweep()
		k.silence("an hour later")
		if got := k.states("b"); !slices.Equal(got, []string{"unsure"}) {
			t.Errorf("it is not said that it is not known: %v", got)
		}
		// Read and not taken: it does not go again, and is said to have failed.
		k.mail.Say(to, mailtest.RefuseLetter)
		k.publish("r", "news", orgunittest.VinhHung)
		k.mail.Say(to, mailtest.Take)
		k.sweep()
		k.silence("after a letter that was not taken")
		if got := k.states("r"); !slices.Equal(got, []string{"failed"}) {
			t.Errorf("a letter that was not taken: %v", got)
		}
		// Deferred: the queue tries again by itself.
		k.mail.Say(to, mailtest.DeferAddress)
		k.put("c", "news", orgunittest.VinhHung)
		done := make(chan struct{})
		go func() {
			time.Sleep(300 * time.Millisecond)
			k.mail.Say(to, mailtest.Take)
			close(done)
		}()
		k.drain()
		<-done
		if l := k.letter(); !strings.Contains(l.Text, "Bài c") {
			t.Error(l.Text)
		}
	})
}

func (k *kit) states(thing string) []string {
	k.t.Helper()
	var out []string
	if err := k.db.Read().NewSelect().TableExpr("subscription_item").ColumnExpr("state").Where("thing_id = ?", thing).Scan(k.t.Context(), &out); err != nil {
		k.t.Fatal(err)
	}
	return out
}

// An address that refuses letters on three days is given up; what it missed comes when it takes letters again before.
func TestRefusedAddress(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.settle()
		to := "het.cho@thu.example"
		token := k.reader(to, subscription.Now, ward(orgunittest.VinhHung))
		k.mail.Say(to, mailtest.RefuseAddress)
		k.publish("a", "news", orgunittest.VinhHung)
		k.sweep()
		k.clock.Advance(24 * time.Hour)
		k.mail.Say(to, mailtest.Take)
		k.sweep()
		if l := k.letter(); !strings.Contains(l.Text, "Bài a") {
			t.Error(l.Text)
		}
		k.mail.Say(to, mailtest.RefuseAddress)
		for range 2 {
			if _, err := k.s.ByToken(t.Context(), token); err != nil {
				t.Fatalf("given up too early: %v", err)
			}
			k.clock.Advance(24 * time.Hour)
			k.publish("b", "news", orgunittest.VinhHung)
			k.sweep()
		}
		if _, err := k.s.ByToken(t.Context(), token); !fault.Is(err, fault.NotFound) {
			t.Errorf("not given up: %v", err)
		}
		if n, err := k.s.Told(t.Context(), "post", "a"); err != nil || len(n) != 1 || n[0].Sent != 1 {
			t.Errorf("the figures went with the reader: %+v %v", n, err)
		}
	})
}

// Letters that come back a day later, for good or for now, and a complaint; forged ones do nothing.
func TestReturned(t *testing.T) {
	each(t, func(t *testing.T, k *kit) {
		k.settle()
		ctx := t.Context()
		token := k.reader("chuyen.di@thu.example", subscription.Now, ward(orgunittest.VinhHung))
		for day := range subscription.MaxRefused {
			k.publish(fmt.Sprintf("x%d", day), "news", orgunittest.VinhHung)
			k.sweep()
			l := k.letter()
			for _, forged := range []string{strings.Replace(l.From, "NB-0", "NB-1", 1) + "x", "tra-lai+NB-" + strings.Repeat("0", 32) + "-" + strings.Repeat("0", 10) + "@mttq.example"} {
				if was, err := k.s.Returned(ctx, mailer.Report{Kind: mailer.ReportComplaint, To: []string{forged}}); was || err != nil {
					t.Errorf("forged: %v %v", was, err)
				}
			}
			for _, rep := range []mailer.Report{{Kind: mailer.ReportSoft, MessageIDs: []string{strings.Trim(l.Get("Message-ID"), "<>")}}, {Kind: mailer.ReportHard, To: []string{l.From}}} {
				if was, err := k.s.Returned(ctx, rep); err != nil || !was {
					t.Errorf("%+v: %v %v", rep, was, err)
				}
			}
			if day == 0 {
				if got := k.states("x0"); !slices.Equal(got, []string{"bounced"}) {
					t.Error(got)
				}
			}
			k.clock.Advance(24 * time.Hour)
		}
		if _, err := k.s.ByToken(ctx, token); !fault.Is(err, fault.NotFound) {
			t.Errorf("not given up: %v", err)
		}
		token = k.reader("phien@thu.example", subscription.Now, ward(orgunittest.VinhHung))
		k.publish("y", "news", orgunittest.VinhHung)
		if was, err := k.s.Returned(ctx, mailer.Report{Kind: mailer.ReportComplaint, MessageIDs: []string{strings.Trim(k.letter().Get("Message-ID"), "<>")}}); err != nil || !was {
			t.Errorf("%v %v", was, err)
		}
		if _, err := k.s.ByToken(ctx, token); !fault.Is(err, fault.NotFound) {
			t.Errorf("a reader who complained is still there: %v", err)
		}
	})
}
