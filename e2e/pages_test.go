package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axePath is where npm puts axe-core, which tells what shuts out people who see, hear or move differently.
const axePath = "../web/node_modules/axe-core/axe.min.js"

// rules that a page must meet: WCAG 2.2 AA and the advice of axe's authors.
const axeRun = `axe.run(document, {preload: false, runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then(r =>
	r.violations.map(v => v.id + " at " + v.nodes.length + " places: " + v.nodes.slice(0, 3).map(n => n.target + " " + n.failureSummary.slice(0, 240)).join(" | ")))`

// tooWide names what makes the page roll sideways.
const tooWide = `(() => {
	const over = document.documentElement.scrollWidth - innerWidth;
	if (over <= 0) return "";
	return over + " px: " + [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
		.slice(0, 4).map(e => e.tagName + "." + e.className).join(", ");
})()`

// TestCitizenPages looks at what citizens see on both screens.
func TestCitizenPages(t *testing.T) {
	v := visit(t, "citizen", phone, true)
	look := examiner(t, v)
	look("home", "/")
	look("ask", "/hoi")
	look("track", "/tra-cuu")
	look("answers", "/hoi-dap")
	look("answer", v.first("/hoi-dap", `main a[href^="/hoi-dap/"]:not([href*="ban-do"])`))
	look("units", "/dv")
	commune := v.first("/dv", `main a[href*="/dv/xa-"]`)
	look("commune", commune)
	look("commune-news", commune+"/tin")
	look("commune-about", commune+"/gioi-thieu")
	look("commune-answers", commune+"/hoi-dap")
	look("news", "/tin")
	look("article", v.first("/tin", `main a[href^="/tin/"], main a[href*="/tin/"]`))
	look("search", "/tim?q=dai+doan+ket")
	look("search-nothing", "/tim?q=qwertyuiop")
	look("missing", "/khong-co-trang-nay")
	look("sign-in", "/dang-nhap")
	look("rehearsal", "/dang-nhap/dien-tap")
	look("handbook", "/huong-dan/")
	look("handbook-page", "/huong-dan/dat-cau-hoi")
}

// TestOfficialPages looks at what officials see, each page as somebody who may open it.
func TestOfficialPages(t *testing.T) {
	v := visit(t, "official", desktop, true)
	look := examiner(t, v)
	v.signIn("leader@nghean.example")
	look("today", "/lam-viec")
	look("inbox", "/lam-viec/hop-thu")
	look("conversation", v.first("/lam-viec/hop-thu?xem=all", `.tasks a.task-what`))
	look("queue", "/lam-viec/vu-viec")
	look("queue-all", "/lam-viec/vu-viec?xem=all")
	look("case", v.first("/lam-viec/vu-viec?xem=open", `main tbody a[href^="/lam-viec/vu-viec/"]`))
	look("overview", "/lam-viec/toan-canh")
	look("account", "/tai-khoan")
	look("policies", "/quan-tri/chinh-sach")
	look("style-guide", "/_ui")
	for _, part := range []string{"today", "wall", "case"} {
		look("style-guide-"+part, "/_ui?view="+part)
	}

	v = v.again("desk-officer@nghean.example")
	look = examiner(t, v)
	look("counter", "/lam-viec/vu-viec/moi")

	v = v.again("editor@nghean.example")
	look = examiner(t, v)
	look("posts", "/lam-viec/tin-bai")
	look("editor", "/lam-viec/tin-bai/moi")
	post := v.first("/lam-viec/tin-bai?trang_thai=published", `main tbody a[href^="/lam-viec/tin-bai/"]`)
	look("wall", post+"/luot-dang")
	look("preview", post+"/xem-thu")
	look("groups", "/lam-viec/nhom-don-vi")
	look("site-settings", "/lam-viec/trang-don-vi")

	v = v.again("approver@nghean.example")
	look = examiner(t, v)
	look("review", v.first("/lam-viec/tin-bai?trang_thai=review", `main tbody a[href^="/lam-viec/tin-bai/"]`))

	v = v.again("unit-admin@nghean.example")
	look = examiner(t, v)
	look("channels", "/lam-viec/kenh")
	look("channel", v.first("/lam-viec/kenh", `main tbody a[href^="/lam-viec/kenh/"]`))
	look("connect", "/lam-viec/kenh/ket-noi")
	look("people", "/quan-tri/can-bo")
	look("invite", v.first("/quan-tri/can-bo", `main a[href$="/moi"]`))
	look("admin-units", "/quan-tri/don-vi")
	look("areas", "/quan-tri/khu-dan-cu")
	look("rearrange", "/quan-tri/sap-xep")

	v = v.again("auditor@nghean.example")
	look = examiner(t, v)
	look("audit", "/quan-tri/nhat-ky")
}

// TestOverviewMap looks at the map of today's province, for which the boundaries are known.
func TestOverviewMap(t *testing.T) {
	browserCtx(t)
	p, err := openProvince(program, t.TempDir(), "nghe-an")
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	v := visit(t, "leader", desktop, true)
	v.open(p.product + "/dang-nhap/dien-tap?q=leader@nghean.example")
	v.follow(`form[action="/dang-nhap/dien-tap"] button[name=id]`)
	examiner(t, v)("overview-map", p.product+"/lam-viec/toan-canh")
	var shapes int
	v.ask(`document.querySelectorAll("main .map path").length`, &shapes)
	if shapes < 130 {
		t.Errorf("the map has %d shapes, want one for each of the 130 communes", shapes)
	}
}

// again is the same screen with another person before it.
func (v *visitor) again(who string) *visitor {
	v.t.Helper()
	w := visit(v.t, who, desktop, true)
	w.signIn(who)
	return w
}

// first is where the first of the links on a page leads.
func (v *visitor) first(to, sel string) string {
	v.t.Helper()
	v.open(to)
	v.has(sel)
	var href string
	v.ask("new URL(document.querySelector("+quote(sel)+").href).pathname", &href)
	return href
}

var words = regexp.MustCompile(`\b[a-z_]+\.[a-z_]+\.[a-z_.]+\b`)

// examiner gives a function that looks at one page: quietly loaded, no barrier on either screen, nothing too wide even at
// 320 px, no name of a text where the text should be; and it keeps two pictures.
func examiner(t *testing.T, v *visitor) func(name, to string) {
	t.Helper()
	axe, err := os.ReadFile(axePath)
	if err != nil {
		t.Fatalf("axe-core is missing, make web fetches it: %v", err)
	}
	return func(name, to string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			t.Helper()
			v := &visitor{t: t, ctx: v.ctx, name: name}
			listening, stop := context.WithCancel(v.ctx)
			defer stop()
			chromedp.ListenTarget(listening, v.listen)
			for i, s := range []screen{phone, desktop} {
				v.resize(s)
				if i == 0 {
					v.open(to)
					v.run(chromedp.Evaluate(string(axe)+";0", nil))
				}
				var found []string
				v.run(chromedp.Evaluate(axeRun, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
				for _, f := range found {
					t.Errorf("%s at %d px: axe: %s", to, s.width, f)
				}
				v.shot(fmt.Sprintf("page-%s-%d", name, s.width))
			}
			v.resize(screen{320, 740})
			var over, text string
			if v.ask(tooWide, &over); over != "" {
				t.Errorf("%s is too wide for 320 px by %s", to, over)
			}
			v.ask(`document.querySelector("main").innerText`, &text)
			text = strings.ReplaceAll(text, "oa.zalo.me", "") // where Zalo's own settings are, not a key
			if key := words.FindString(text); key != "" && !strings.Contains(to, "/_ui") {
				t.Errorf("%s shows %q", to, key)
			}
			v.calm()
		})
	}
}
