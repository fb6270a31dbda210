package reliefweb_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/relief"
	. "github.com/nhipcau/nhipcau/internal/relief/relieftest"
	"github.com/nhipcau/nhipcau/internal/relief/reliefweb"
)

const (
	packers   = 200
	boxCount  = 200
	riceBoxes = 170 // rice for so many boxes: the rest must be refused
)

// tally counts what the packers were answered.
type tally struct {
	sync.Mutex
	done, again, refused, other int
	took                        []time.Duration
}

// TestFlood: two hundred packers scan two hundred boxes at once over HTTP, every box twice by two people, with goods for
// a hundred and seventy. Each act counts once, nothing falls below zero, nothing is lost, and who is refused is told so.
func TestFlood(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := siteOn(t, d, reliefweb.Limits{})
		s.In(s.Rice, 10*riceBoxes-700, "2027-01-10") // in two lots, so that boxes cross from one into the other
		s.In(s.Rice, 700, "2027-02-10")
		s.In(s.Noodles, boxCount, "2026-12-30")
		need := s.Need(s.Rice, 10*boxCount)
		boxes := s.Boxes(boxCount, need.ID)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := identity.WithActor(r.Context(), identitytest.Official(r.Header.Get("X-Packer"), identity.RolePacker, orgunittest.Province))
			s.mux.ServeHTTP(w, r.WithContext(i18n.With(ctx, s.words.In("vi"))))
		}))
		defer server.Close()
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: packers}}
		defer client.CloseIdleConnections()

		packed := flood(t, client, server.URL, boxes, relief.ActPack, "")
		if packed.done != riceBoxes || packed.other > 0 || packed.done+packed.again+packed.refused != 2*boxCount {
			t.Errorf("packed %d, again %d, refused %d, other %d; want %d packed of %d scans", packed.done, packed.again, packed.refused, packed.other, riceBoxes, 2*boxCount)
		}
		truck := Must[relief.Truck](t)(s.Service.AddTruck(t.Context(), Keeper, relief.TruckForm{FromID: s.Main.ID, ToID: s.Ward.ID, Label: "Xe số 1"}))
		loaded := flood(t, client, server.URL, boxes, relief.ActLoad, truck.ID)
		got := flood(t, client, server.URL, boxes, relief.ActReceive, "")
		for name, x := range map[string]*tally{"loaded": loaded, "received": got} {
			if x.done != riceBoxes || x.again != riceBoxes || x.refused != 2*(boxCount-riceBoxes) || x.other > 0 {
				t.Errorf("%s %d, again %d, refused %d, other %d", name, x.done, x.again, x.refused, x.other)
			}
		}
		if left := s.Lying(Keeper, s.Main, s.Rice); left != 0 {
			t.Errorf("%d kg are left", left)
		}
		if here := s.Lying(WardKeeper, s.Ward, s.Rice); here != 10*riceBoxes {
			t.Errorf("%d kg arrived, want %d", here, 10*riceBoxes)
		}
		if n := Must[relief.Need](t)(s.Service.Need(t.Context(), Leader, need.ID)); n.Received != 10*riceBoxes || n.Promised != 10*(boxCount-riceBoxes) {
			t.Errorf("the need counts %d received, %d promised", n.Received, n.Promised)
		}
		s.Balanced()
		slices.Sort(packed.took)
		t.Logf("%s: %d scans by %d packers at once, p50 %v, p99 %v", d.Engine(), len(packed.took), packers, packed.took[len(packed.took)/2], packed.took[len(packed.took)*99/100])
	}, Migrations...)
}

// flood lets every packer scan its share of the boxes, and the share of a neighbour, all at once.
func flood(t *testing.T, client *http.Client, base string, boxes []relief.Box, act relief.Act, truck string) *tally {
	t.Helper()
	out := &tally{}
	share := len(boxes) / packers
	var wg sync.WaitGroup
	for i := range packers {
		wg.Go(func() {
			for _, p := range []int{i, (i + 1) % packers} {
				for _, b := range boxes[p*share : (p+1)*share] {
					out.scan(t.Context(), client, base, "nguoi-"+strconv.Itoa(i), url.Values{"act": {string(act)}, "code": {b.Code}, "truck": {truck}})
				}
			}
		})
	}
	wg.Wait()
	return out
}

func (x *tally) scan(ctx context.Context, client *http.Client, base, who string, form url.Values) {
	r, err := http.NewRequestWithContext(ctx, "POST", base+reliefweb.Base+"/quet", strings.NewReader(form.Encode()))
	if err != nil {
		x.count("", 0)
		return
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Packer", who)
	began := time.Now()
	res, err := client.Do(r)
	if err != nil {
		x.count("", 0)
		return
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	x.count(string(body), time.Since(began))
}

func (x *tally) count(body string, took time.Duration) {
	x.Lock()
	defer x.Unlock()
	x.took = append(x.took, took)
	switch {
	case strings.Contains(body, `data-scan="ok"`):
		x.done++
	case strings.Contains(body, `data-scan="wait"`):
		x.again++
	case strings.Contains(body, `data-scan="refused"`):
		x.refused++
	default:
		x.other++
	}
}
