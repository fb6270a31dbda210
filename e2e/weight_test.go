package e2e

import (
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// heaviest is what a citizen page may take over the network, pictures aside: in bytes, as transferred.
const heaviest = 30 << 10

// TestPageWeight measures what a browser that has nothing in store fetches for a citizen page: the page, its styles, its
// scripts and fonts, packed as they travel, with their headers.
func TestPageWeight(t *testing.T) {
	v := visit(t, "weigher", phone, true)
	var mu sync.Mutex
	kind := map[network.RequestID]network.ResourceType{}
	weight, requests := 0.0, 0
	chromedp.ListenTarget(v.ctx, func(ev any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := ev.(type) {
		case *network.EventResponseReceived:
			kind[e.RequestID] = e.Type
		case *network.EventLoadingFinished:
			if kind[e.RequestID] != network.ResourceTypeImage {
				weight += e.EncodedDataLength
				requests++
			}
		}
	})
	v.run(network.SetCacheDisabled(true))
	article := v.first("/tin", `main h3 a[href*="/tin/"]`)
	answer := v.first("/hoi-dap", `main a[href^="/hoi-dap/"]:not([href*="ban-do"])`)
	for _, to := range []string{"/", "/hoi", "/tra-cuu", "/hoi-dap", answer, "/tin", article, "/dv", "/tim?q=quy", "/huong-dan/dat-cau-hoi", "/dang-nhap"} {
		v.open("about:blank")
		mu.Lock()
		weight, requests = 0, 0
		mu.Unlock()
		v.open(to)
		v.until("quiet", `document.readyState === "complete" && performance.getEntriesByType("resource").every(r => r.responseEnd > 0)`)
		mu.Lock()
		t.Logf("%6.1f kB in %d requests: %s", weight/1024, requests, to)
		if weight > heaviest {
			t.Errorf("%s weighs %.0f bytes, more than %d", to, weight, heaviest)
		}
		if requests < 2 {
			t.Errorf("%s: only %d requests were seen, the measurement is wrong", to, requests)
		}
		mu.Unlock()
	}
}
