package zalo_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/sim/simkit"
	"github.com/nhipcau/nhipcau/sim/zalo"
)

// TestCoverIsFetched: with FetchPhotos the platform downloads the cover while the article is "being processed".
func TestCoverIsFetched(t *testing.T) {
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/good.png":
			w.Write(png)
		case "/text.png":
			w.Write([]byte("hello"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer host.Close()
	w := newWorld(t, func(c *zalo.Config) { c.FetchPhotos = true }, zalo.OA{})
	for path, code := range map[string]int{"/good.png": 0, "/text.png": -201, "/absent.png": -201} {
		a := w.post("/v2.0/article/create", articleBody(func(o object) {
			o["cover"] = object{"cover_type": "photo", "photo_url": host.URL + path, "status": "show"}
		}))
		w.want(a, 0, "create with "+path)
		var v answer
		for range 200 {
			if v = w.post("/v2.0/article/verify", object{"token": a.field(t, "token")}); v.Error != -214 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		w.want(v, code, "verify with "+path)
	}
	if n := len(w.sim.Articles(oaID)); n != 1 {
		t.Errorf("%d articles stand, want only the one with a good cover", n)
	}
}

func TestStuckArticleAndInteractionPeriods(t *testing.T) {
	w := newWorld(t, nil, zalo.OA{})
	if _, err := w.sim.Faults().Add(simkit.Fault{Kind: simkit.FaultStopMedia, Target: oaID}); err != nil {
		t.Fatal(err)
	}
	a := w.post("/v2.0/article/create", articleBody(nil))
	w.want(w.post("/v2.0/article/verify", object{"token": a.field(t, "token")}), -214, "stuck")
	w.sim.Faults().Remove("")
	w.want(w.post("/v2.0/article/verify", object{"token": a.field(t, "token")}), 0, "released")

	day := 24 * time.Hour
	for key, ago := range map[string]time.Duration{"hôm nay": time.Hour, "hôm qua": day, "năm ngày": 5 * day, "hai mươi ngày": 20 * day, "lâu": 60 * day} {
		w.sim.AddFollowerFull(oaID, zalo.Follower{Person: zalo.Person{Key: key}, Follows: true, LastAct: morning.Add(-ago)})
	}
	for period, want := range map[string]string{"TODAY": "1", "YESTERDAY": "1", "L7D": "3", "L30D": "4", "2026_11_16:2026_11_20": "2", "": "5"} {
		got := w.get("/v3.0/oa/user/getlist" + dataQuery(object{"offset": 0, "count": 50, "last_interaction_period": period}))
		if total := totalOf(t, got); total != want {
			t.Errorf("%s: %s users, want %s", period, total, want)
		}
	}
	w.want(w.get("/v3.0/oa/user/getlist"+dataQuery(object{"offset": 0, "count": 50, "last_interaction_period": "LAST_YEAR"})), -201, "unknown period")
}
