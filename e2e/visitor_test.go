package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// The two screens that everything must look right on.
var (
	phone   = screen{360, 740}
	desktop = screen{1366, 768}
)

type screen struct{ width, height int64 }

// visitor is one person in front of a browser of their own: cookies and drafts are theirs alone.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	name string // begins the names of the pictures

	mu      sync.Mutex
	trouble []string // what the browser complained about
}

// patience is how long a visitor waits for anything to appear.
const patience = 60 * time.Second

// visit opens a browser window; without scripts when script is false.
func visit(t *testing.T, name string, s screen, script bool) *visitor {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browserCtx(t), chromedp.WithTargetID(window(t)))
	t.Cleanup(cancel)
	v := &visitor{t: t, ctx: ctx, name: name}
	chromedp.ListenTarget(ctx, v.listen)
	if err := chromedp.Run(ctx); err != nil { // the first one holds the window open, so it may have no deadline
		t.Fatal(err)
	}
	v.run(log.Enable(), network.Enable(), emulation.SetScriptExecutionDisabled(!script), emulation.SetLocaleOverride().WithLocale("vi"))
	v.resize(s)
	return v
}

// window opens a window that shares no cookies with any other.
func window(t *testing.T) target.ID {
	t.Helper()
	var id target.ID
	err := chromedp.Run(browserCtx(t), chromedp.ActionFunc(func(ctx context.Context) error {
		ctx = cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser)
		own, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(ctx)
		if err != nil {
			return err
		}
		id, err = target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(ctx)
		return err
	}))
	if err != nil {
		t.Fatalf("no window: %v", err)
	}
	return id
}

func browserCtx(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("the browser tests are not short")
	}
	return browserRoot
}

// expected are complaints that belong to what a test does: a refused form, an act that came too late, and a page that is not there.
var expected = regexp.MustCompile(`status of (404|409|422)`)

func (v *visitor) listen(ev any) {
	var line string
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		line = "exception: " + e.ExceptionDetails.Error()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			args, _ := json.Marshal(e.Args)
			line = "console: " + string(args)
		}
	case *log.EventEntryAdded:
		if (e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning) && !expected.MatchString(e.Entry.Text) {
			line = fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	}
	if line != "" {
		v.mu.Lock()
		v.trouble = append(v.trouble, line)
		v.mu.Unlock()
	}
}

// complaints gives what the browser complained about since the last call.
func (v *visitor) complaints() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := v.trouble
	v.trouble = nil
	return out
}

// calm fails when the browser complained about anything: an error in a script, a breach of the security policy.
func (v *visitor) calm() {
	v.t.Helper()
	for _, c := range v.complaints() {
		v.t.Errorf("%s: the browser complains: %s", v.name, c)
	}
}

func (v *visitor) run(acts ...chromedp.Action) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, acts...); err != nil {
		v.fail("%v", err)
	}
}

// fail ends the test with a picture of where it stood.
func (v *visitor) fail(format string, args ...any) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 10*time.Second)
	defer cancel()
	var where, text string
	var png []byte
	_ = chromedp.Run(ctx, chromedp.Location(&where), chromedp.Evaluate("document.querySelector('main')?.innerText.slice(0, 700)", &text), chromedp.CaptureScreenshot(&png))
	_ = os.WriteFile(filepath.Join(shots, "failed-"+strings.ReplaceAll(v.t.Name(), "/", "-")+".png"), png, 0o640)
	v.t.Fatalf("%s at %s: %s\n%s\n%s", v.name, where, fmt.Sprintf(format, args...), strings.Join(v.complaints(), "\n"), text)
}

func (v *visitor) resize(s screen) {
	v.t.Helper()
	v.run(emulation.SetDeviceMetricsOverride(s.width, s.height, 1, s.width < 500), emulation.SetTouchEmulationEnabled(s.width < 500))
}

// open goes to a path of the product, or to a whole address.
func (v *visitor) open(to string) {
	v.t.Helper()
	if strings.HasPrefix(to, "/") {
		to = product + to
	}
	v.run(chromedp.Navigate(to))
}

// ask evaluates an expression in the page.
func (v *visitor) ask(js string, out any) {
	v.t.Helper()
	v.run(chromedp.Evaluate(js, out))
}

// until waits for an expression to become true; what tells what was hoped for.
func (v *visitor) until(what, js string) {
	v.t.Helper()
	v.untilIn(patience, what, js)
}

func (v *visitor) untilIn(d time.Duration, what, js string) {
	v.t.Helper()
	end := time.Now().Add(d)
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, 400*time.Millisecond) {
		var ok bool
		ctx, cancel := context.WithTimeout(v.ctx, patience)
		err := chromedp.Run(ctx, chromedp.Evaluate("Boolean("+js+")", &ok)) // an error: the page is just being left
		cancel()
		if ok && err == nil {
			return
		}
		if time.Now().After(end) {
			v.fail("no %s after %s (%v)", what, d, err)
		}
		time.Sleep(pause)
	}
}

// openUntil opens a page again and again until the expression is true there.
func (v *visitor) openUntil(d time.Duration, to, what, js string) {
	v.t.Helper()
	for end := time.Now().Add(d); ; {
		v.open(to)
		var ok bool
		if v.ask("Boolean("+js+")", &ok); ok {
			return
		}
		if time.Now().After(end) {
			v.fail("no %s after %s", what, d)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// reloadUntil is openUntil of the page where the visitor is.
func (v *visitor) reloadUntil(d time.Duration, what, js string) {
	v.t.Helper()
	var where string
	v.run(chromedp.Location(&where))
	v.openUntil(d, where, what, js)
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// sees waits until the page shows the text, in whatever case the style sheet puts it.
func (v *visitor) sees(text string) {
	v.t.Helper()
	v.until("text "+quote(text), `document.body && document.body.innerText.normalize("NFC").toLowerCase().includes(`+quote(strings.ToLower(text))+`)`)
}

// has waits for an element.
func (v *visitor) has(sel string) {
	v.t.Helper()
	v.until(sel, "document.querySelector("+quote(sel)+")")
}

// point is where an element stands; Why tells what keeps it from being pressed.
type point struct {
	X, Y float64
	Why  string
}

const locate = `((sel, label) => {
	const all = [...document.querySelectorAll(sel)].map(e => label && e.closest("label") || e);
	const el = all.find(e => e.checkVisibility());
	if (!el) return {Why: "there is none to be seen"};
	el.scrollIntoView({block: "center", behavior: "instant"});
	const box = el.getClientRects()[0], x = box.x + box.width / 2, y = box.y + box.height / 2;
	const top = document.elementFromPoint(x, y);
	if (!top || !(el.contains(top) || top.contains(el))) return {Why: "it is covered by " + (top ? top.outerHTML.slice(0, 200) : "nothing")};
	return {X: x, Y: y, Why: ""};
})`

// press presses the first visible element that the selector names, with the mouse as a person would.
func (v *visitor) press(sel string) {
	v.t.Helper()
	v.hit(sel, false)
}

func (v *visitor) hit(sel string, label bool) {
	v.t.Helper()
	end := time.Now().Add(patience)
	for before := (point{Why: "not looked for yet"}); ; {
		var p point
		v.ask(fmt.Sprintf("%s(%s, %t)", locate, quote(sel), label), &p)
		if p.Why == "" && p == before { // it stands still: nothing comes in above it any more
			v.run(chromedp.MouseClickXY(p.X, p.Y))
			return
		}
		before = p
		if time.Now().After(end) {
			v.fail("%s cannot be pressed: %s", sel, p.Why)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// follow presses and waits for the next page.
func (v *visitor) follow(sel string) {
	v.t.Helper()
	v.ask("void (window.left = true)", nil)
	v.press(sel)
	v.until("next page after "+sel, `window.left === undefined && document.readyState === "complete"`)
}

// write puts a text into a field, replacing what is there.
func (v *visitor) write(sel, text string) {
	v.t.Helper()
	v.has(sel)
	v.ask("(e => { e.scrollIntoView({block: 'center'}); e.focus(); e.select?.(); })(document.querySelector("+quote(sel)+"))", nil)
	v.run(input.InsertText(text))
}

// choose sets the option of a select or the value of a date.
func (v *visitor) choose(sel, value string) {
	v.t.Helper()
	v.has(sel)
	v.ask("(e => { e.value = "+quote(value)+"; e.dispatchEvent(new Event('change', {bubbles: true})); })(document.querySelector("+quote(sel)+"))", nil)
}

// tick presses the label of a box or a radio button, which is what a finger hits.
func (v *visitor) tick(sel string) {
	v.t.Helper()
	v.hit(sel, true)
	v.until("tick at "+sel, "document.querySelector("+quote(sel)+").checked")
}

// attach gives a file to a file field.
func (v *visitor) attach(sel, path string) {
	v.t.Helper()
	v.run(chromedp.SetUploadFiles(sel, []string{path}, chromedp.ByQuery))
}

// text gives the text of an element.
func (v *visitor) text(sel string) string {
	v.t.Helper()
	v.has(sel)
	var s string
	v.ask("document.querySelector("+quote(sel)+").innerText.trim()", &s)
	return s
}

// path is where the visitor stands.
func (v *visitor) path() string {
	v.t.Helper()
	var where string
	v.run(chromedp.Location(&where))
	u, err := url.Parse(where)
	if err != nil {
		v.fail("%v", err)
	}
	return u.Path
}

// shot keeps a picture of the whole page.
func (v *visitor) shot(name string) {
	v.t.Helper()
	v.keep(name, true)
}

// glance keeps a picture of what the screen shows.
func (v *visitor) glance(name string) {
	v.t.Helper()
	v.keep(name, false)
}

func (v *visitor) keep(name string, whole bool) {
	v.t.Helper()
	v.until("rest", `document.getAnimations().every(a => a.playState !== "running" || a.effect.getComputedTiming().endTime === Infinity)`)
	var png []byte
	if whole {
		v.ask("window.scrollTo({top: 0, behavior: 'instant'})", nil)
		v.run(chromedp.FullScreenshot(&png, 100))
	} else {
		v.run(chromedp.CaptureScreenshot(&png))
	}
	if err := os.WriteFile(filepath.Join(shots, name+".png"), png, 0o640); err != nil {
		v.fail("%v", err)
	}
}

// signIn enters the rehearsal as the person whose name or address begins so.
func (v *visitor) signIn(who string) {
	v.t.Helper()
	v.enter(province{product: product}, who)
}

// enter is signIn at a province of the test's own.
func (v *visitor) enter(p province, who string) {
	v.t.Helper()
	v.open(p.product + "/dang-nhap/dien-tap?q=" + url.QueryEscape(who))
	v.follow(`form[action="/dang-nhap/dien-tap"] button[name=id]`)
	if got := v.path(); got != "/lam-viec" {
		v.fail("signing in as %s leads to %s", who, got)
	}
}
