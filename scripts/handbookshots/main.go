// Command handbookshots takes the pictures of screens that the handbook shows anew, from a rehearsal that runs in another
// window (make demo), and puts them into docs/handbook/img:
//
//	go run ./scripts/handbookshots -base http://127.0.0.1:8080
//
// Everybody in the pictures is invented: the rehearsal knows no real person. It needs Chromium, as the tests in a browser do.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// heaviest is how many bytes a picture may have: the handbook is read over slow lines.
const heaviest = 60_000

func main() {
	base := flag.String("base", "http://127.0.0.1:8080", "address of a running rehearsal")
	out := flag.String("out", "docs/handbook/img", "folder of the pictures")
	only := flag.String("only", "", "part of the names of the pictures to take; empty takes all")
	flag.Parse()
	if err := run(context.Background(), *base, *out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "handbookshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, base, out, only string) error {
	ctx, stop := context.WithTimeout(ctx, 10*time.Minute)
	defer stop()
	c := camera{base: base, cookies: map[string]string{}}
	for _, s := range shots() {
		if !strings.Contains(s.name, only) {
			continue
		}
		b, err := c.take(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if len(b) > heaviest {
			return fmt.Errorf("%s has %d bytes: show less of the page", s.name, len(b))
		}
		if err := os.WriteFile(filepath.Join(out, s.name+".png"), b, 0o644); err != nil {
			return err
		}
		fmt.Printf("%-28s %5.1f kB\n", s.name, float64(len(b))/1000)
	}
	return nil
}

// openBrowser starts Chromium without a window, as the tests in a browser do.
func openBrowser(ctx context.Context) (context.Context, func(), error) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		return nil, nil, errors.New("pictures need Chromium (package chromium)")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute), chromedp.DisableGPU, chromedp.Flag("lang", "vi"),
		chromedp.Env("LANGUAGE=vi", "LANG=vi_VN.UTF-8"), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", true))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox)
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(ctx, opts...)
	browser, stop := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}))
	return browser, func() { stop(); stopAlloc() }, chromedp.Run(browser)
}

// camera takes pictures of one rehearsal.
type camera struct {
	base    string
	cookies map[string]string // by who is signed in
}

// take goes to a screen as somebody, does what is to be done there, and gives what is seen as a small picture.
// Each picture gets a browser of its own: nothing of the one before is left in it.
func (c *camera) take(ctx context.Context, s shot) ([]byte, error) {
	tab, closeTab, err := openBrowser(ctx)
	if err != nil {
		return nil, err
	}
	defer closeTab()
	cookie, err := c.signIn(s.who, s.find)
	if err != nil {
		return nil, err
	}
	path := s.path
	for _, link := range s.links { // pages whose address is known only to the rehearsal
		if path, err = c.link(cookie, path, link); err != nil {
			return nil, err
		}
	}
	width, height := cmp.Or(s.width, 1100), cmp.Or(s.height, 560)
	if s.phone {
		width, height = 360, 640
	}
	var raw []byte
	todo := chromedp.Tasks{network.SetCookie("nhipcau", cookie).WithURL(c.base), chromedp.EmulateViewport(width, height), chromedp.Navigate(c.base + path + s.then), chromedp.WaitReady("main"), s.do,
		chromedp.Evaluate(`document.activeElement && document.activeElement.blur(); document.fonts.ready.then(() => 1)`, nil), chromedp.Sleep(600 * time.Millisecond),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			clip := &page.Viewport{Width: float64(width), Height: float64(height), Scale: 1}
			if !s.phone { // the way around the page is the same everywhere: what matters stands in the middle
				var box []float64 // left, top, width
				if err := chromedp.Evaluate(`(() => { const r = document.querySelector("main").getBoundingClientRect(); return [r.left, r.top, r.width] })()`, &box).Do(ctx); err != nil {
					return err
				}
				clip.X, clip.Y, clip.Width, clip.Height = box[0], box[1], box[2], float64(height)-box[1]
			}
			raw, err = page.CaptureScreenshot().WithClip(clip).Do(ctx)
			return err
		})}
	if err := chromedp.Run(tab, todo); err != nil {
		return nil, err
	}
	return small(raw)
}

var (
	personRow = regexp.MustCompile(`(?s)<tr>.*?</tr>`)
	personID  = regexp.MustCompile(`name="id" value="([^"]+)"`)
)

// signIn enters the rehearsal as the first person with a role, written "Biên tập – Tỉnh Nghệ An" as in its list.
func (c *camera) signIn(who, find string) (string, error) {
	if cookie := c.cookies[who]; cookie != "" {
		return cookie, nil
	}
	list, err := c.read("", "/dang-nhap/dien-tap?q="+url.QueryEscape(find))
	if err != nil {
		return "", err
	}
	for _, row := range personRow.FindAllString(list, -1) {
		id := personID.FindStringSubmatch(row)
		if id == nil || !strings.Contains(row, who) {
			continue
		}
		r, err := http.NewRequest(http.MethodPost, c.base+"/dang-nhap/dien-tap", strings.NewReader(url.Values{"id": {id[1]}, "ve": {"/lam-viec"}}.Encode()))
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		answer, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
		if err != nil {
			return "", err
		}
		_ = answer.Body.Close()
		for _, k := range answer.Cookies() {
			if k.Name == "nhipcau" && k.Value != "" {
				c.cookies[who] = k.Value
				return k.Value, nil
			}
		}
	}
	return "", fmt.Errorf("nobody is %q in this rehearsal", who)
}

// link gives the first address on a page that fits an expression.
func (c *camera) link(cookie, path, expression string) (string, error) {
	body, err := c.read(cookie, path)
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(expression).FindString(body)
	if m == "" {
		return "", fmt.Errorf("%s leads to no %s", path, expression)
	}
	return m, nil
}

func (c *camera) read(cookie, path string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, c.base+path, nil)
	if err != nil {
		return "", err
	}
	if cookie != "" {
		r.AddCookie(&http.Cookie{Name: "nhipcau", Value: cookie})
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", path, answer.Status)
	}
	return string(b), err
}

// small rewrites a picture of a screen with the 256 colours it uses most: a fraction of the bytes, and letters stay sharp.
func small(raw []byte) ([]byte, error) {
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, fewColours(img))
	return b.Bytes(), err
}
