package subscriptionweb_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/mail"
	"github.com/nhipcau/nhipcau/internal/platform/mail/mailtest"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/webpush"
	"github.com/nhipcau/nhipcau/internal/subscription"
	"github.com/nhipcau/nhipcau/internal/subscription/subscriptionweb"
	"github.com/nhipcau/nhipcau/sim/push"
)

// board is a source whose things all stand in public.
type board struct{ kind string }

func (b board) Kind() string { return b.kind }

func (b board) Items(_ context.Context, _ subscription.Words, refs []subscription.Ref) ([]subscription.Item, error) {
	var out []subscription.Item
	for _, r := range refs {
		out = append(out, subscription.Item{ID: r.ID, Title: "Bài " + r.ID, From: "MTTQ phường Vinh Hưng", Link: "https://mttq.example/tin/" + r.ID, At: orgunittest.Now})
	}
	return out, nil
}

func (b board) Categories(context.Context, subscription.Words, string) ([]subscription.Category, error) {
	return []subscription.Category{{Code: "notice", Name: "Thông báo"}}, nil
}

// trail keeps what officials did.
type trail struct{ got []identity.Trace }

func (r *trail) Record(_ context.Context, _ db.Tx, e identity.Trace) error {
	r.got = append(r.got, e)
	return nil
}

// names is a DNS of our own.
type names map[string][]string

func (n names) LookupTXT(_ context.Context, name string) ([]string, error) {
	if name == "_dmarc.mttq.example" {
		return nil, &net.DNSError{Err: "server misbehaving", Name: name}
	}
	if x, ok := n[name]; ok {
		return x, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

type site struct {
	t     *testing.T
	s     *subscription.Service
	mux   http.Handler
	words *i18n.Bundle
	mail  *mailtest.Server
	push  *push.Service
	at    string
	queue *jobs.Queue
	trail *trail
	dns   names
	as    identity.Actor
}

func open(t *testing.T, perWindow int) *site {
	t.Helper()
	words, err := i18n.Load(ui.Catalogue, subscriptionweb.Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	box, err := secret.Parse("k1 " + strings.Repeat("cd", 32))
	if err != nil {
		t.Fatal(err)
	}
	d := dbtest.SQLite(t, orgunit.Migrations, subscription.Migrations)
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, jobs.Config{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewStub(orgunittest.Now)
	units := orgunittest.SeedAt(t, d, c)
	keys, err := subscription.LoadKeys(t.Context(), d, box, c)
	if err != nil {
		t.Fatal(err)
	}
	w := &site{t: t, words: words, mail: mailtest.Serve(t), push: push.New(c.Now), queue: q, trail: &trail{}, dns: names{}, as: identity.Citizen()}
	srv := httptest.NewServer(w.push)
	t.Cleanup(srv.Close)
	w.at = srv.URL
	signer := &mail.Signer{Domain: "mttq.example", Selector: "nhipcau", Key: keys.DKIM, Clock: c}
	w.s = subscription.New(subscription.Deps{DB: d, Queue: q, Clock: c, Authz: identitytest.Authorizer(t, units, identitytest.File("subscription", subscription.Policies)), Trail: w.trail,
		Forest: units.Forest, Sealer: box, Key: []byte("key"), Post: mail.SMTP{Addr: w.mail.Addr, From: "nhipcau@mttq.example", Clock: c, Sign: signer.Sign},
		Push:  webpush.NewClient(keys.VAPID, "mailto:nhipcau@mttq.example", c, []string{srv.Listener.Addr().String()}),
		Words: func(lang string) subscription.Words { return words.In(lang) }, Name: func(_ subscription.Words, u orgunit.Unit) string { return u.FullName },
		BaseURL: "https://mttq.example", From: "nhipcau@mttq.example", Relay: "mail.mttq.example:587", Signer: signer})
	w.s.Add(board{"post"})
	w.s.Add(board{"answer"})
	name, value, err := signer.Record()
	if err != nil {
		t.Fatal(err)
	}
	w.dns[name] = []string{value[:80] + " " + value[80:]}
	var rt web.Routes
	subscriptionweb.New(subscriptionweb.Pages{S: w.s, Units: units.Forest, Clock: c, Root: orgunittest.Province, DNS: w.dns, Returns: "tra-lai@mttq.example"}, perWindow).Routes(&rt)
	w.mux = (&web.Server{Guard: func(*http.Request, web.Access) error { return nil }, Logger: slog.New(slog.DiscardHandler),
		ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) }}).Mux(&rt)
	return w
}

func (w *site) do(method, path string, form url.Values, status int, texts ...string) string {
	w.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r.WithContext(ui.WithShell(i18n.With(identity.WithActor(r.Context(), w.as), w.words.In("vi")), ui.Shell{})))
	body, _ := io.ReadAll(rec.Body)
	if rec.Code != status {
		w.t.Fatalf("%s %s: %d, want %d\n%s", method, path, rec.Code, status, body)
	}
	for _, x := range texts {
		if !strings.Contains(string(body), x) {
			w.t.Errorf("%s %s does not say %q:\n%s", method, path, x, body)
		}
	}
	if len(body) > 30_000 && !w.as.SignedIn() {
		w.t.Errorf("%s weighs %d bytes", path, len(body))
	}
	return string(body)
}

func (w *site) text(key string) string { return w.words.In("vi").T(key) }

func (w *site) drain() {
	w.t.Helper()
	if err := w.queue.Drain(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

var secrets = golden.Replace(`/bao-tin/[A-Za-z0-9_-]{20,}`, "/bao-tin/SECRET")

// One reader's way by e-mail: asks wrongly, asks rightly, confirms, changes, and is taken off by one click of the mail program.
func TestTheWayOfOneReader(t *testing.T) {
	w := open(t, 0)
	page := w.do("GET", subscription.Path+"?don_vi="+orgunittest.VinhHung+"&linh_vuc=notice", nil, 200, `value="`+orgunittest.VinhHung+`" selected`, `value="answer" checked`)
	golden.Body(t, "ask", []byte(page), golden.Replace(`data-push="[^"]+"`, `data-push="KEY"`))
	form := url.Values{"kind": {"post", "answer"}, "unit": {orgunittest.VinhHung}, "below": {"1"}, "category_post": {"notice"}, "pace": {"now"}, "email": {"không phải thư"}}
	golden.Body(t, "refused", []byte(w.do("POST", subscription.Path, form, 422, `value="không phải thư"`, w.text("subscription.email_bad"))), golden.Replace(`data-push="[^"]+"`, `data-push="KEY"`))
	w.do("POST", subscription.Path, url.Values{"unit": {orgunittest.VinhHung}, "email": {"a@b.example"}, "pace": {"now"}}, 422, w.text("subscription.nothing_chosen"))
	w.do("POST", subscription.Path, url.Values{"email": {"robot@b.example"}, "website": {"x"}}, 303)
	w.drain()
	if got := w.mail.Letters(t); len(got) != 0 {
		t.Errorf("a robot gets letters: %+v", got)
	}
	form.Set("email", "ba.con@b.example")
	w.do("POST", subscription.Path, form, 303)
	w.do("GET", subscription.Path+"?gui=1", nil, 200, w.text("subscription.sent_title"))
	w.drain()
	got := w.mail.Letters(t)
	if len(got) != 1 || got[0].To != "ba.con@b.example" {
		t.Fatalf("%+v", got)
	}
	m := regexp.MustCompile(`https://mttq\.example(/bao-tin/[^\s/]+)`).FindStringSubmatch(got[0].Text)
	if m == nil {
		t.Fatal(got[0].Text)
	}
	golden.Body(t, "manage-pending", []byte(w.do("GET", m[1], nil, 200, w.text("subscription.confirm"))), secrets, ids) // a mail program that opens links confirms nothing
	if r, err := w.s.ByToken(t.Context(), strings.TrimPrefix(m[1], subscription.Path+"/")); err != nil || r.Confirmed {
		t.Fatalf("%+v %v", r, err)
	}
	golden.Body(t, "manage", []byte(w.do("POST", m[1], url.Values{}, 200, w.text("subscription.done.confirmed"))), secrets, ids)
	w.do("POST", m[1]+"/nhip", url.Values{"pace": {"weekly"}}, 200, w.text("subscription.done.saved"), `value="weekly" checked`)
	w.do("POST", m[1]+"/nhip", url.Values{"pace": {"hourly"}}, 422, w.text("subscription.pace_unknown"))
	w.do("POST", m[1]+"/them", url.Values{"kind": {"post"}, "unit": {"nowhere"}}, 422, w.text("subscription.unit_unknown"))
	w.do("POST", m[1]+"/them", url.Values{"kind": {"post"}, "unit": {orgunittest.KimLien}}, 200, "Kim Liên")
	r, err := w.s.ByToken(t.Context(), strings.TrimPrefix(m[1], subscription.Path+"/"))
	if err != nil || len(r.Topics) != 3 {
		t.Fatalf("%+v %v", r, err)
	}
	w.do("POST", m[1]+"/bo", url.Values{"muc": {r.Topics[0].ID}}, 200, w.text("subscription.done.dropped"))
	w.do("GET", m[1]+"/thoi", nil, 200, w.text("subscription.stop"))
	oneClick := url.Values{"List-Unsubscribe": {"One-Click"}}
	golden.Body(t, "stopped", []byte(w.do("POST", m[1]+"/thoi", oneClick, 200, w.text("subscription.stopped_text"))))
	w.do("POST", m[1]+"/thoi", oneClick, 200)
	w.do("GET", m[1], nil, 404, w.text("subscription.gone"))
	w.do("POST", m[1], url.Values{}, 404)
	w.s.Post = nil
	w.do("GET", subscription.Path, nil, 200, w.text("subscription.no_mail"))
	w.s.Push = nil
	w.do("GET", subscription.Path, nil, 200, w.text("subscription.use_rss"))
}

var ids = golden.Replace(`value="[0-9a-f]{8}-[0-9a-f-]{27}"`, `value="ID"`)

// A browser's way: what the script of the page sends.
func TestTheWayOfABrowser(t *testing.T) {
	w := open(t, 6)
	b, err := w.push.Subscribe(w.s.PushKey())
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"kind": {"post"}, "unit": {orgunittest.VinhHung}, "pace": {"now"}, "endpoint": {w.at + "/push/" + b.ID}, "p256dh": {b.P256dh}, "auth": {b.Auth}}
	bad := url.Values{"kind": {"post"}, "unit": {orgunittest.VinhHung}, "pace": {"now"}, "endpoint": {"http://10.0.0.1/x"}, "p256dh": {b.P256dh}, "auth": {b.Auth}}
	w.do("POST", subscription.Path+"/trinh-duyet", bad, 422, w.text("subscription.browser_bad"))
	m := regexp.MustCompile(`"href":"(/bao-tin/[^"]+)"`).FindStringSubmatch(w.do("POST", subscription.Path+"/trinh-duyet", form, 200))
	if m == nil {
		t.Fatal("no page of its own")
	}
	w.do("GET", m[1], nil, 200, w.text("subscription.by_webpush"))
	next, err := w.push.Subscribe(w.s.PushKey())
	if err != nil {
		t.Fatal(err)
	}
	w.do("POST", subscription.Path+"/trinh-duyet/doi", url.Values{"old": {w.at + "/push/" + b.ID}, "endpoint": {w.at + "/push/" + next.ID}, "p256dh": {next.P256dh}, "auth": {next.Auth}}, 204)
	w.do("POST", subscription.Path+"/trinh-duyet/doi", url.Values{"old": {"https://fcm.googleapis.com/x"}, "endpoint": {w.at + "/push/" + next.ID}, "p256dh": {next.P256dh}, "auth": {next.Auth}}, 404)
	if err := w.s.Announce(t.Context(), subscription.Thing{Kind: "post", ID: "a", Mark: "1", UnitID: orgunittest.VinhHung, Units: []string{orgunittest.VinhHung}}); err != nil {
		t.Fatal(err)
	}
	w.drain()
	if len(w.push.Got(next.ID)) != 1 || len(w.push.Got(b.ID)) != 0 {
		t.Errorf("%v", w.push.Refused())
	}
	w.do("POST", m[1]+"/thoi", url.Values{}, 200)
	w.do("POST", subscription.Path+"/trinh-duyet", form, 200)
	w.do("POST", subscription.Path, url.Values{"email": {"x@b.example"}}, 422)
	w.do("POST", subscription.Path, url.Values{"email": {"y@b.example"}}, 429)
}

// What officials see: numbers and no address; addresses with a reason for one role alone; the DNS for who keeps the machine.
func TestOffice(t *testing.T) {
	w := open(t, 0)
	for _, who := range []string{"ba.con@b.example", "ong.ba@b.example"} {
		if err := w.s.Subscribe(t.Context(), subscription.Wish{Email: who, Topics: []subscription.Topic{{Kind: "post", UnitID: orgunittest.VinhHung, Category: "notice"}}, Pace: subscription.Now, Lang: "vi"}); err != nil {
			t.Fatal(err)
		}
	}
	w.drain()
	for _, l := range w.mail.Letters(t) {
		m := regexp.MustCompile(`https://mttq\.example/bao-tin/([^\s/]+)`).FindStringSubmatch(l.Text)
		if err := w.s.Confirm(t.Context(), m[1]); err != nil {
			t.Fatal(err)
		}
	}
	w.as = identitytest.Official("editor", identity.RoleEditor, orgunittest.VinhHung)
	golden.Body(t, "office-none", []byte(w.do("GET", subscriptionweb.OfficePath+"?don_vi="+orgunittest.VinhHung, nil, 200, w.text("subscription.office.no_history"))))
	w.mail.Say("ong.ba@b.example", mailtest.HangUp)
	if err := w.s.Announce(t.Context(), subscription.Thing{Kind: "post", ID: "a", Mark: "1", UnitID: orgunittest.VinhHung, Units: []string{orgunittest.VinhHung}, Category: "notice", Title: "Lịch tiếp dân"}); err != nil {
		t.Fatal(err)
	}
	w.drain()
	page := w.do("GET", subscriptionweb.OfficePath+"?don_vi="+orgunittest.VinhHung, nil, 200, "Lịch tiếp dân")
	if strings.Contains(page, "b.example") {
		t.Error("an address is shown")
	}
	golden.Body(t, "office", []byte(page))
	w.do("GET", subscriptionweb.OfficePath+"?don_vi="+orgunittest.TruongVinh, nil, 403)
	w.do("GET", subscriptionweb.OfficePath+"/xuat?don_vi="+orgunittest.VinhHung, nil, 403)
	w.do("POST", subscriptionweb.OfficePath+"/xuat", url.Values{"unit": {orgunittest.VinhHung}, "reason": {"x"}}, 403)
	w.do("GET", subscriptionweb.SettingsPath, nil, 403)
	w.as = identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.VinhHung)
	golden.Body(t, "export", []byte(w.do("GET", subscriptionweb.OfficePath+"/xuat?don_vi="+orgunittest.VinhHung, nil, 200)))
	w.do("POST", subscriptionweb.OfficePath+"/xuat", url.Values{"unit": {orgunittest.VinhHung}, "reason": {" "}}, 422, w.text("subscription.office.reason_missing"))
	w.do("POST", subscriptionweb.OfficePath+"/xuat", url.Values{"unit": {orgunittest.TruongVinh}, "reason": {"chuyển máy chủ"}}, 403)
	if len(w.trail.got) != 0 {
		t.Errorf("%+v", w.trail.got)
	}
	w.do("POST", subscriptionweb.OfficePath+"/xuat", url.Values{"unit": {orgunittest.VinhHung}, "reason": {"chuyển máy chủ"}}, 200)
	if len(w.trail.got) != 1 || w.trail.got[0].Details["count"] != "2" || w.trail.got[0].Details["reason"] != "chuyển máy chủ" || w.trail.got[0].Action != subscription.ActionExport {
		t.Errorf("the diary: %+v", w.trail.got)
	}
	w.as = identitytest.Official("machine", identity.RoleSystemAdmin, orgunittest.Province)
	keys := []golden.Option{golden.Replace(`p=[A-Za-z0-9+/=]{100,}`, "p=KEY"), golden.Replace(`<code>B[A-Za-z0-9_-]{80,}</code>`, "<code>KEY</code>")}
	golden.Body(t, "settings", []byte(w.do("GET", subscriptionweb.SettingsPath, nil, 200, w.text("subscription.dns.unchecked"))), keys...)
	golden.Body(t, "settings-checked", []byte(w.do("GET", subscriptionweb.SettingsPath+"?kiem=1", nil, 200, w.text("subscription.dns.good"), w.text("subscription.dns.missing"), w.text("subscription.dns.failed"))), keys...)
	w.dns["nhipcau._domainkey.mttq.example"] = []string{"v=DKIM1; k=rsa; p=AAAA"}
	w.dns["mttq.example"] = []string{"v=spf1 -all", "v=spf1 mx -all", "google-site-verification=x"}
	w.do("GET", subscriptionweb.SettingsPath+"?kiem=1", nil, 200, w.text("subscription.dns.other"), w.text("subscription.dns.twice"))
	w.dns["mttq.example"] = []string{"v=spf1 include:_spf.example -all"}
	w.do("GET", subscriptionweb.SettingsPath+"?kiem=1", nil, 200, w.text("subscription.dns.good"))
	golden.HTML(t, ui.WithShell(i18n.With(t.Context(), w.words.In("vi")), ui.Shell{}), "wall", subscriptionweb.Wall([]subscription.Tally{{Door: subscription.Email, Readers: 5, Sent: 3, Waiting: 1, Failed: 1}}))
	golden.HTML(t, ui.WithShell(i18n.With(t.Context(), w.words.In("vi")), ui.Shell{}), "wall-none", subscriptionweb.Wall(nil))
}
