package e2e

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// cable is a way to the product that can be cut and mended: to the browser, and to its service worker, it is the network.
type cable struct {
	address string // "http://localhost:…", where cookies are shared with the product

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

func newCable(t *testing.T) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{address: "http://localhost:" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port), conns: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = l.Close(); c.set(true) })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(near)
		}
	}()
	return c
}

// set cuts the cable, with all that goes through it, or mends it.
func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	if cut {
		for conn := range c.conns {
			_ = conn.Close()
		}
	}
}

func (c *cable) hold(conn net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut {
		_ = conn.Close()
		return false
	}
	c.conns[conn] = true
	return true
}

func (c *cable) carry(near net.Conn) {
	if !c.hold(near) {
		return
	}
	defer near.Close()
	far, err := net.Dial("tcp", strings.TrimPrefix(product, "http://"))
	if err != nil || !c.hold(far) {
		return
	}
	defer far.Close()
	go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
	_, _ = io.Copy(near, far)
}

// await waits until a promise of the page gives something true.
func (v *visitor) await(what, js string) {
	v.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		var ok bool
		v.run(chromedp.Evaluate(`Promise.resolve(`+js+`).then(Boolean, () => false)`, &ok, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
		if ok {
			return
		}
		if time.Now().After(end) {
			v.fail("no %s after %s", what, patience)
		}
	}
}

// TestHelperWithoutNetwork: the head of a residential area opens the page once, goes where no network reaches, writes down
// what somebody says and hands over the slip; back in the village the form sends itself, once, under the code on the slip.
func TestHelperWithoutNetwork(t *testing.T) {
	line := newCable(t)
	page := line.address + "/lam-viec/giup-ba-con"
	v := visit(t, "helper", phone, true)
	v.signIn("truong-ban@")
	v.open(page)
	if !bundled(v) {
		t.Fatal("the browser islands were not bundled: make web")
	}
	v.await("page kept for use without network", `caches.open("nhipcau.pages").then(c => Promise.all([c.match(location.pathname), c.match("/khong-mang")])).then(all => all.every(Boolean))`)
	v.shot("helper-01-form")

	line.set(true)
	v.open(page)
	v.has("#giup-ba-con")
	v.tick("#giup-ba-con [name=consent]")
	v.write("#giup-ba-con [name=text]", "Bà ở một mình cuối bản, mái bếp dột từ trận bão trước, xin cho người xem giúp.")
	v.press("#giup-ba-con [type=submit]")
	v.has("[data-slip-here] .slip-code")
	code := codeShape.FindString(v.text("[data-slip-here] .slip-code"))
	if code == "" {
		v.fail("no code on the slip")
	}
	v.sees("Còn 1 phiếu chờ gửi")
	v.shot("helper-02-slip-without-network")
	v.open(line.address + "/lam-viec")
	v.sees("Chưa có mạng")
	v.sees("Ghi giúp bà con") // what can be filled in all the same
	v.shot("helper-03-no-network")

	line.set(false)
	v.openUntil(patience, page, "sent form", `!document.body.innerText.includes("chờ gửi") && document.body.innerText.includes("Hôm nay đã ghi giúp 1 việc")`)
	v.shot("helper-04-sent")
	c := visit(t, "helped", phone, false)
	c.open("/vu-viec/" + code)
	c.sees("mái bếp dột")
	c.shot("helper-05-the-case")
}
