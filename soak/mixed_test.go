package soak

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/soak/rig"
)

// Readers, askers, people on Zalo and officials use the house at once for minutes (with NHIPCAU_SOAK for an hour). No page
// answers with an error of ours, and the process grows neither in goroutines nor in memory without bound.
func TestSoakOfMixedTraffic(t *testing.T) {
	t.Parallel()
	r := open(t, rig.Setup{Units: pick(20, 131), Delay: 100 * time.Millisecond})
	x := start(t, r)
	d := beside(t, r)
	c := newCrowd(x)
	errors5xx, pages := &atomic.Int64{}, &atomic.Int64{}
	for range 4 {
		c.read(errors5xx, pages)
	}
	c.ask(30 * time.Millisecond)
	c.talk(50 * time.Millisecond)
	c.publish(x.official(r.Editor), x.official(r.Approver), pick(3*time.Second, time.Minute))

	span := pick(10*time.Second, time.Hour)
	time.Sleep(span / 3) // caches fill, pools open
	goroutines, memory := x.watch(t, "go_goroutines"), x.watch(t, "go_memstats_heap_inuse_bytes")
	for _, third := range []int{0, 1} {
		for end := time.Now().Add(span / 3); time.Now().Before(end); time.Sleep(span / 30) {
			goroutines.look(third)
			memory.look(third)
		}
	}
	c.leave()
	if n := errors5xx.Load(); n > 0 {
		t.Errorf("%d of %d answers were errors of ours", n, pages.Load())
	}
	goroutines.check(200)
	memory.check(128e6)
	eventually(t, 60*time.Second, func() string { return states(t, d) }, func() bool {
		return openDeliveries(t, d) == 0 && r.World.Zalo.Stats().Webhook.Pending == 0 && number(t, d, "SELECT count(*) FROM channel_webhook WHERE processed_at IS NULL") == 0
	})
	if st := r.World.Zalo.Stats(); st.Duplicates > 0 {
		t.Errorf("%d articles stand twice", st.Duplicates)
	}
	c.verify(t, d)
	t.Logf("%d pages, %d questions, %d messages; goroutines %v, heap %v", pages.Load(), len(c.codes), len(c.said), goroutines.parts, memory.parts)
}

// watched is a figure of the product over two spans of time that follow each other.
type watched struct {
	t     *testing.T
	x     *product
	name  string
	parts [2]struct{ least, most float64 }
}

func (x *product) watch(t *testing.T, name string) *watched { return &watched{t: t, x: x, name: name} }

func (w *watched) look(part int) {
	p, v := &w.parts[part], w.x.figure(w.t, w.name)
	if p.most == 0 {
		p.least = v
	}
	p.least, p.most = min(p.least, v), max(p.most, v)
}

// check finds what is never given back: then even the quietest moment of the second span is far above the busiest of the
// first. A burst of work may for a moment need several times as much.
func (w *watched) check(spare float64) {
	if first, second := w.parts[0], w.parts[1]; second.least > first.most+spare || second.most > 5*first.most+5*spare {
		w.t.Errorf("%s grew from %v to %v", w.name, first, second)
	}
}

// read goes from page to page as citizens do.
func (c *crowd) read(errors5xx, pages *atomic.Int64) {
	r := c.x.r
	me := c.x.person()
	home, _, _ := strings.Cut(r.Article, "/tin/")
	paths := []string{"/", "/dv", home + "/tin", r.Article, home + "/hoi-dap", home + "/gioi-thieu", home + "/tin.atom", home + "/tin.json", home + "/sitemap.xml",
		"/hoi", "/hoi-dap", "/tra-cuu", "/tim?q=ngay+hoi", "/tim-don-vi?q=nghi+kim", "/tra-cuu?ma=khong-co", "/dv/khong-co", "/robots.txt", "/log/checkpoint", "/healthz"}
	c.wg.Go(func() {
		for i := 0; !c.stop.Load(); i++ {
			path := paths[i%len(paths)]
			status, _, _, err := me.Do(c.x.t.Context(), path, nil, "X-Forwarded-For", c.address())
			pages.Add(1)
			if err != nil || status >= 500 {
				errors5xx.Add(1)
				c.x.t.Errorf("GET %s answered %d, %v", path, status, err)
			}
			time.Sleep(2 * time.Millisecond)
		}
	})
}

// publish lets a post out to all units now and then and looks at the wall and the lists of the office.
func (c *crowd) publish(editor, approver *rig.Person, pause time.Duration) {
	r := c.x.r
	var once sync.Once
	c.wg.Go(func() {
		for i := 0; !c.stop.Load(); i++ {
			post, err := editor.Write(c.x.t.Context(), r.Units[0].ID, fmt.Sprintf("Thông báo thường kỳ số %d", i), []string{"zalo"}, []string{"subtree:" + r.Units[0].ID})
			if err == nil {
				err = approver.Approve(c.x.t.Context(), post)
			}
			if err != nil {
				once.Do(func() { c.x.t.Errorf("publishing: %v", err) })
			}
			for end := time.Now().Add(pause); time.Now().Before(end) && !c.stop.Load(); time.Sleep(300 * time.Millisecond) {
				for _, path := range []string{"/lam-viec", "/lam-viec/tin-bai", "/lam-viec/tin-bai/" + post + "/luot-dang"} {
					if status, _, _, err := approver.Do(c.x.t.Context(), path, nil); err != nil || status >= 500 {
						c.x.t.Errorf("GET %s answered %d, %v", path, status, err)
					}
				}
			}
		}
	})
}

// figure reads one number that the product shows about itself.
func (x *product) figure(t *testing.T, name string) float64 {
	t.Helper()
	_, _, page, err := x.person().Do(t.Context(), "/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + name + `(?:\{[^}]*\})? (\S+)$`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("/metrics does not show %s", name)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
