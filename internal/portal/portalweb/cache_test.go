package portalweb_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/publish"
)

const article = "/dv/phuong-vinh-hung/tin/lich-truc-cap-gao-cuu-tro-cuoi-tuan"

func TestConditionalGet(t *testing.T) {
	w := newWorld(t).fill()
	rec := w.want(http.StatusOK, article)
	h := rec.Header()
	if h.Get("Cache-Control") != "public, max-age=30, stale-while-revalidate=300" || h.Get("Last-Modified") != "Fri, 20 Nov 2026 01:30:00 GMT" {
		t.Errorf("headers %v", h)
	}
	for _, c := range []struct {
		name, value string
		status      int
	}{
		{"If-None-Match", h.Get("ETag"), http.StatusNotModified},
		{"If-None-Match", `"other", ` + strings.TrimPrefix(h.Get("ETag"), "W/"), http.StatusNotModified},
		{"If-None-Match", "*", http.StatusNotModified},
		{"If-None-Match", `"other"`, http.StatusOK},
		{"If-Modified-Since", h.Get("Last-Modified"), http.StatusNotModified},
		{"If-Modified-Since", "Thu, 19 Nov 2026 01:30:00 GMT", http.StatusOK},
		{"If-Modified-Since", "yesterday", http.StatusOK},
	} {
		rec := w.want(c.status, article, c.name, c.value)
		if c.status == http.StatusNotModified && (rec.Body.Len() > 0 || rec.Header().Get("ETag") == "") {
			t.Errorf("%s: %s gives a body or no tag", c.name, c.value)
		}
	}
	if rec := w.want(http.StatusOK, article, "If-None-Match", `"x"`, "If-Modified-Since", h.Get("Last-Modified")); rec.Body.Len() == 0 {
		t.Error("the date decided although there is a tag")
	}
	if got := w.want(http.StatusOK, article+"?lang=en").Header().Get("Cache-Control"); got != "private, max-age=30" {
		t.Errorf("a page in a chosen language may be kept by others: %s", got)
	}
}

func TestCompressed(t *testing.T) {
	w := newWorld(t).fill()
	plain := w.want(http.StatusOK, article).Body.Bytes()
	for _, accept := range []string{"gzip", "br, gzip;q=0.8", "*"} {
		rec := w.want(http.StatusOK, article, "Accept-Encoding", accept)
		if rec.Header().Get("Content-Encoding") != "gzip" || rec.Header().Get("Content-Length") != strconv.Itoa(rec.Body.Len()) {
			t.Fatalf("%s: headers %v", accept, rec.Header())
		}
		z, err := gzip.NewReader(rec.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%s: other words than uncompressed (%v)", accept, err)
		}
	}
	if rec := w.want(http.StatusOK, article, "Accept-Encoding", "gzip;q=0"); rec.Header().Get("Content-Encoding") != "" {
		t.Error("compressed for somebody who cannot read it")
	}
}

func TestKeptUntilPublished(t *testing.T) {
	w := newWorld(t).fill()
	const home = "/dv/phuong-vinh-hung"
	first := w.want(http.StatusOK, home).Header().Get("ETag")
	reads := w.articles.reads
	for _, path := range []string{home, home + "?fbclid=abc", home + "?utm_source=zalo"} {
		if w.want(http.StatusOK, path).Header().Get("ETag") != first || w.articles.reads != reads {
			t.Errorf("%s was made anew", path)
		}
	}
	w.articles.on[orgunittest.VinhHung] = append([]publish.Article{post(21, orgunittest.VinhHung, "Tin vừa đăng")}, w.articles.on[orgunittest.VinhHung]...)
	if strings.Contains(w.want(http.StatusOK, home).Body.String(), "Tin vừa đăng") {
		t.Fatal("the page is not kept at all")
	}
	if err := w.sites.Touch(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.want(http.StatusOK, home).Body.String(), "Tin vừa đăng") {
		t.Error("the page did not follow what was published")
	}
	// without any news it is made anew after half a minute: posts appear at their hour
	reads = w.articles.reads
	w.clock.Advance(31 * time.Second)
	w.want(http.StatusOK, home)
	if w.articles.reads == reads {
		t.Error("the page was kept for ever")
	}
}

// A page kept for Vietnamese readers is not shown to English ones, nor one host's to another's.
func TestKeptApart(t *testing.T) {
	w := newWorld(t).fill()
	vi := w.want(http.StatusOK, "/dv/phuong-vinh-hung").Body.String()
	en := w.want(http.StatusOK, "/dv/phuong-vinh-hung", "Cookie", "lang=en").Body.String()
	if vi == en || !strings.Contains(en, "Ask the Front") {
		t.Error("the languages were mixed")
	}
	if got := w.want(http.StatusOK, "/dv/phuong-vinh-hung").Body.String(); got != vi {
		t.Error("the languages were mixed")
	}
}

func TestFast(t *testing.T) {
	w := newWorld(t).fill()
	passed := 0
	fast := w.pages.Fast(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		passed++
		w.handler.ServeHTTP(rw, r)
	}))
	control := ""
	ask := func(method, path, cookie string) (string, bool) {
		before := passed
		r := httptest.NewRequest(method, base+path, nil)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		rec := httptest.NewRecorder()
		fast.ServeHTTP(rec, r)
		control = rec.Header().Get("Cache-Control")
		return rec.Body.String(), passed > before
	}
	first, through := ask("GET", article, "")
	if !through {
		t.Fatal("a page that was never made was answered")
	}
	again, through := ask("GET", article, "")
	if through || again != first || !strings.HasPrefix(control, "public") {
		t.Error("a kept page was not answered at once")
	}
	for _, c := range [][3]string{{"GET", article + "?lang=en", ""}, {"GET", article, "lang=en"}, {"POST", article, ""}, {"GET", "/tim?q=x", ""}} {
		if _, through := ask(c[0], c[1], c[2]); !through {
			t.Errorf("%v was answered from memory", c)
		}
	}
}

// A citizen page weighs at most 30 kB without pictures, style sheet and mark included.
func TestPageWeight(t *testing.T) {
	w := newWorld(t).fill()
	long := &w.articles.on[orgunittest.VinhHung][0]
	long.HTML = strings.Repeat("<p>Ban Thường trực Ủy ban Mặt trận Tổ quốc Việt Nam phường đề nghị các khối rà soát từng hộ bị ngập, ghi rõ số người, số gạo còn, đồ dùng hư hỏng, "+
		"và báo trước 17 giờ hằng ngày; hộ có người già, trẻ nhỏ hoặc người ốm được giúp trước.</p>", 25)
	for _, path := range []string{"/", "/dv/phuong-vinh-hung", "/dv/phuong-vinh-hung/tin", article, "/dv/phuong-vinh-hung/gioi-thieu"} {
		page := w.want(http.StatusOK, path, "Accept-Encoding", "gzip")
		total := page.Body.Len()
		plain := w.want(http.StatusOK, path).Body.String()
		for _, ref := range strings.Split(plain, `href="/static/`)[1:] {
			file, _, _ := strings.Cut(ref, `"`)
			asset := w.want(http.StatusOK, "/static/"+file, "Accept-Encoding", "gzip")
			total += packed(t, asset.Body.Bytes())
		}
		if total > 30_000 {
			t.Errorf("%s weighs %d bytes", path, total)
		}
		t.Logf("%s: page %d bytes, all %d", path, page.Body.Len(), total)
	}
}

func packed(t *testing.T, b []byte) int {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

func BenchmarkArticle(b *testing.B) {
	w := newWorld(b).fill()
	h := w.pages.Fast(w.handler)
	r := httptest.NewRequest(http.MethodGet, base+article, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	for b.Loop() {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}
