package e2e

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/emersion/go-msgauth/dkim"

	"github.com/nhipcau/nhipcau/internal/platform/mail/mailtest"
	"github.com/nhipcau/nhipcau/sim/push"
)

// TestReaders is a reader's way: asks on the page of a unit without script, confirms by the link of the letter, gets a letter
// when a post goes up, whose signature stands before the key that the settings page names, and leaves with the one click of a
// mail program. A browser is asked for its consent, and its own page opens.
func TestReaders(t *testing.T) {
	browserCtx(t)
	post := mailtest.Serve(t)
	pushes := push.New(time.Now)
	service := httptest.NewServer(pushes)
	t.Cleanup(service.Close)
	t.Setenv("NHIPCAU_MAIL__SMTP", post.Addr)
	t.Setenv("NHIPCAU_MAIL__FROM", "nhipcau@mttq.example")
	t.Setenv("NHIPCAU_PUSH__SERVICES", service.Listener.Addr().String())
	p, err := openProvince(program, t.TempDir(), "nghe-an")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)

	v := visit(t, "reader", phone, false)
	v.open(p.product + "/")
	v.follow(`main a[href^="/bao-tin"]`)
	v.shot("readers-01-form")
	v.write("#f-email", "không phải thư")
	v.follow(`#nhan-tin button[type=submit]`)
	v.has("#errors a")
	v.tick(`#nhan-tin [name=pace][value=now]`)
	v.write("#f-email", "ba.con@thu.example")
	v.follow(`#nhan-tin button[type=submit]`)
	v.sees("mở hộp thư")
	v.shot("readers-02-sent")
	first := awaitLetter(t, post, "ba.con@thu.example", "Xác nhận")
	v.open(regexp.MustCompile(`http://\S+/bao-tin/\S+`).FindString(first.Text))
	v.shot("readers-03-confirm")
	v.follow(`main form button.btn-primary`)
	v.sees("Từ nay bà con sẽ nhận tin")
	v.shot("readers-04-manage")
	v.calm()

	editor := visit(t, "editor", desktop, true)
	editor.enter(p, "editor@nghean.example")
	editor.open(p.product + "/lam-viec/tin-bai/moi")
	editor.write("#f-title", postTitle)
	editor.write("#f-lead", postLead)
	if bundled(editor) {
		editor.press(".editor .prose")
		editor.write(".editor .prose", postBody)
		editor.until("text in the form", `document.querySelector("[name=body]").value.includes(`+quote(postBody[:20])+`)`)
	} else {
		editor.write("[name=body]", postBody)
	}
	editor.choose("[name=category]", "relief")
	editor.tick(`#f-targets-wide input[value^="subtree:"]`)
	editor.follow(`#post button[value=submit]`)
	path := editor.path()
	approver := visit(t, "approver", desktop, true)
	approver.enter(p, "approver@nghean.example")
	approver.open(p.product + path)
	approver.tick(`#approve input[name=mode][value=now]`)
	approver.follow(`#approve button.btn-primary`)

	l := awaitLetter(t, post, "ba.con@thu.example", postTitle)
	if n := len(post.Letters(t)); n != 0 || !strings.Contains(l.Text, postLead) {
		t.Errorf("%d more letters; the first:\n%s", n, l.Text)
	}
	approver.open(p.product + path + "/luot-dang")
	approver.sees("Người nhận tin")
	approver.shot("readers-05-wall")

	keeper := visit(t, "keeper", desktop, true)
	keeper.enter(p, "system-admin@nghean.example")
	keeper.open(p.product + "/quan-tri/gui-thu")
	keeper.shot("readers-06-settings")
	var record string
	keeper.ask(`[...document.querySelectorAll("main code")].map(e => e.textContent).find(x => x.startsWith("v=DKIM1"))`, &record)
	vs, err := dkim.VerifyWithOptions(strings.NewReader(l.Raw), &dkim.VerifyOptions{LookupTXT: func(string) ([]string, error) { return []string{record}, nil }})
	if err != nil || len(vs) != 1 || vs[0].Err != nil || vs[0].Domain != "mttq.example" {
		t.Errorf("the signature: %+v %v", vs, err)
	}

	stop := strings.Trim(l.Get("List-Unsubscribe"), "<>")
	r, err := http.PostForm(stop, url.Values{"List-Unsubscribe": {"One-Click"}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK || l.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		t.Errorf("one click: %s", r.Status)
	}
	v.open(strings.TrimSuffix(stop, "/thoi"))
	v.sees("Không còn đăng ký này")
	askBrowser(t, p, pushes, service.URL)
}

// askBrowser lets a browser ask to be told. The push service of its maker cannot be reached from a test, so the page is given
// a subscription of the simulated one in its place; everything else is the browser's and ours.
func askBrowser(t *testing.T, p province, pushes *push.Service, at string) {
	t.Helper()
	v := visit(t, "reader-browser", phone, true)
	v.run(chromedp.ActionFunc(func(ctx context.Context) error {
		info, err := target.GetTargetInfo().Do(ctx)
		if err != nil {
			return err
		}
		whole := cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser)
		return browser.SetPermission(&browser.PermissionDescriptor{Name: "notifications"}, browser.PermissionSettingGranted).WithOrigin(p.product).WithBrowserContextID(info.BrowserContextID).Do(whole)
	}))
	v.open(p.product + "/bao-tin")
	if !bundled(v) {
		return
	}
	v.has("[data-push]:not([hidden]) button")
	var key string
	v.ask(`document.querySelector("[data-push]").dataset.push`, &key)
	b, err := pushes.Subscribe(key)
	if err != nil {
		t.Fatal(err)
	}
	stub := `PushManager.prototype.subscribe = async function (o) {
		if (!o.userVisibleOnly || new Uint8Array(o.applicationServerKey).length !== 65) throw new Error("not as a browser wants it");
		return {endpoint: ` + quote(at+"/push/"+b.ID) + `, toJSON: () => ({keys: {p256dh: ` + quote(b.P256dh) + `, auth: ` + quote(b.Auth) + `}})};
	};`
	v.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(stub).Do(ctx)
		return err
	}))
	v.open(p.product + "/bao-tin")
	v.shot("readers-07-browser")
	v.follow("[data-push] button")
	v.sees("Nhận trên trình duyệt đã đăng ký")
	v.shot("readers-08-browser-page")
	v.open(p.product + "/bao-tin")
	v.has("[data-push-mine]:not([hidden]) a")
	v.calm()
}

// awaitLetter waits for a letter whose subject holds the text.
func awaitLetter(t *testing.T, s *mailtest.Server, to, subject string) mailtest.Letter {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		for _, l := range s.Letters(t) {
			if l.To == to && strings.Contains(l.Subject(), subject) {
				return l
			}
			t.Logf("another letter: %q to %s", l.Subject(), l.To)
		}
	}
	t.Fatalf("no letter %q to %s", subject, to)
	return mailtest.Letter{}
}
