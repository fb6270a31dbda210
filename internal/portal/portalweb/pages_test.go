package portalweb_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/publish"
)

func TestPagesAsRead(t *testing.T) {
	empty, full, split := newWorld(t), newWorld(t).fill(), newWorld(t).split()
	for _, c := range []struct {
		name, path string
		w          *world
		status     int
	}{
		{"home", "/dv/phuong-vinh-hung", full, http.StatusOK},
		{"home_empty", "/dv/xa-kim-lien", empty, http.StatusOK},
		{"home_area", "/dv/khoi-kim-tan-vinh-hung", full, http.StatusOK},
		{"home_province", "/", full, http.StatusOK},
		{"home_english", "/dv/phuong-vinh-hung?lang=en", full, http.StatusOK},
		{"home_arrived", "/dv/phuong-vinh-hung?tu=xa-nghi-kim", full, http.StatusOK},
		{"news", "/dv/phuong-vinh-hung/tin", full, http.StatusOK},
		{"news_empty", "/dv/phuong-vinh-hung/tin?loai=notice", full, http.StatusOK},
		{"article", "/dv/phuong-vinh-hung/tin/lich-truc-cap-gao-cuu-tro-cuoi-tuan", full, http.StatusOK},
		{"article_retracted", "/dv/phuong-vinh-hung/tin/thong-bao-da-go", full, http.StatusGone},
		{"article_not_found", "/dv/phuong-vinh-hung/tin/khong-co", full, http.StatusNotFound},
		{"unit_not_found", "/dv/xa-khong-co", full, http.StatusNotFound},
		{"answers", "/dv/phuong-vinh-hung/hoi-dap", full, http.StatusOK},
		{"answers_empty", "/dv/xa-kim-lien/hoi-dap", empty, http.StatusOK},
		{"about", "/dv/phuong-vinh-hung/gioi-thieu", full, http.StatusOK},
		{"about_empty", "/dv/xa-kim-lien/gioi-thieu", empty, http.StatusOK},
		{"choose", "/dv/xa-kim-lien/tin/bai-cu", split, http.StatusMultipleChoices},
		{"units", "/dv", full, http.StatusOK},
		{"search", "/tim?q=cong+ngo", full, http.StatusOK},
		{"search_units", "/tim?q=nghi+kim", full, http.StatusOK},
		{"search_nothing", "/tim?q=xyzzy&don_vi=" + orgunittest.VinhHung, full, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := c.w.get(c.path)
			if rec.Code != c.status {
				t.Fatalf("status %d, want %d\n%s", rec.Code, c.status, rec.Body)
			}
			golden.Body(t, c.name, rec.Body.Bytes())
		})
	}
}

// split ends the commune Kim Liên in favour of two wards.
func (w *world) split() *world {
	err := w.db.InTx(w.t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := w.units.Apply(ctx, tx, orgunit.Change{On: "2026-11-01", Basis: "NQ 1/NQ-HĐND", Pass: []orgunit.Passage{
			{From: orgunittest.KimLien, To: orgunittest.VinhHung, Kind: orgunit.EdgePart}, {From: orgunittest.KimLien, To: orgunittest.TruongVinh, Kind: orgunit.EdgePart}},
			Attach: []orgunit.Attachment{{UnitID: orgunittest.AreaSen, ParentID: orgunittest.VinhHung}}})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w
}

// A former unit's address leads to the unit that carries it on, with the reason, on every page below it.
func TestFormerUnits(t *testing.T) {
	w := newWorld(t).fill()
	for path, to := range map[string]string{
		"/dv/xa-nghi-kim":            "/dv/phuong-vinh-hung?tu=xa-nghi-kim",
		"/dv/xa-nghi-kim/tin":        "/dv/phuong-vinh-hung/tin?tu=xa-nghi-kim",
		"/dv/xa-nghi-kim/tin/bai-cu": "/dv/phuong-vinh-hung/tin/bai-cu?tu=xa-nghi-kim",
		"/dv/tinh-nghe-an":           "/",
	} {
		rec := w.want(http.StatusMovedPermanently, path)
		if got := rec.Header().Get("Location"); got != to {
			t.Errorf("%s leads to %s, want %s", path, got, to)
		}
	}
	const sentence = "Xã Nghi Kim nay thuộc phường Vinh Hưng."
	if body := w.want(http.StatusOK, "/dv/phuong-vinh-hung?tu=xa-nghi-kim").Body.String(); !strings.Contains(body, sentence) {
		t.Error("the page does not say why the reader is there")
	}
	if body := w.want(http.StatusOK, "/dv/xa-kim-lien?tu=xa-nghi-kim").Body.String(); strings.Contains(body, "Nghi Kim") {
		t.Error("a forged mark was believed")
	}
	// what stood on the former unit's page stands at its successor
	w.articles.on[orgunittest.FormerNghiKim] = []publish.Article{post(1, orgunittest.FormerNghiKim, "Bài cũ")}
	if body := w.want(http.StatusOK, "/dv/phuong-vinh-hung/tin/bai-cu").Body.String(); !strings.Contains(body, "xã Nghi Kim") {
		t.Error("the author of the old post is not named")
	}
	if rec := w.want(http.StatusFound, "/tin/bai-cu"); rec.Header().Get("Location") != "/dv/phuong-vinh-hung/tin/bai-cu" {
		t.Errorf("the short address leads to %s", rec.Header().Get("Location"))
	}
}

func TestShortAddress(t *testing.T) {
	w := newWorld(t).fill()
	const slug = "khanh-thanh-nha-dai-doan-ket-o-khoi-kim-tan"
	for _, key := range []string{slug, "post-19"} {
		if rec := w.want(http.StatusFound, "/tin/"+key); rec.Header().Get("Location") != "/dv/phuong-vinh-hung/tin/"+slug {
			t.Errorf("%s leads to %s", key, rec.Header().Get("Location"))
		}
	}
	w.want(http.StatusNotFound, "/tin/khong-co")
	if rec := w.want(http.StatusFound, "/tin"); rec.Header().Get("Location") != "/dv/tinh-nghe-an/tin" {
		t.Errorf("/tin leads to %s", rec.Header().Get("Location"))
	}
}

// A unit with a host name of its own has its home at "/" there.
func TestOwnHost(t *testing.T) {
	w := newWorld(t).fill()
	s, err := w.sites.Site(t.Context(), orgunittest.VinhHung)
	if err != nil {
		t.Fatal(err)
	}
	s.Host = "VinhHung.mattran.example"
	if _, err := w.sites.Save(t.Context(), admin, s); err != nil {
		t.Fatal(err)
	}
	body := w.want(http.StatusOK, "/", "Host", "vinhhung.mattran.example:443").Body.String()
	for _, part := range []string{"<h1>Phường Vinh Hưng</h1>", `rel="canonical" href="https://vinhhung.mattran.example/"`, `class="brand-in" href="/"`} {
		if !strings.Contains(body, part) {
			t.Errorf("the unit's home lacks %s", part)
		}
	}
	if body := w.want(http.StatusOK, "/").Body.String(); !strings.Contains(body, "<h1>Tỉnh Nghệ An</h1>") {
		t.Error("the province has lost its home")
	}
	if rec := w.want(http.StatusFound, "/tin", "Host", "vinhhung.mattran.example"); rec.Header().Get("Location") != "/dv/phuong-vinh-hung/tin" {
		t.Errorf("/tin leads to %s", rec.Header().Get("Location"))
	}
}

func TestSearchEngines(t *testing.T) {
	w := newWorld(t).fill()
	article := w.want(http.StatusOK, "/dv/phuong-vinh-hung/tin/lich-truc-cap-gao-cuu-tro-cuoi-tuan").Body.String()
	for _, part := range []string{
		`<link rel="canonical" href="https://mattran.example/dv/phuong-vinh-hung/tin/lich-truc-cap-gao-cuu-tro-cuoi-tuan"`,
		`property="og:type" content="article"`, `property="og:image" content="https://mattran.example/anh/`, `"@type":"NewsArticle"`, `"@type":"CorrectionComment"`,
	} {
		if !strings.Contains(article, part) {
			t.Errorf("the article lacks %s", part)
		}
	}
	if body := w.want(http.StatusGone, "/dv/phuong-vinh-hung/tin/thong-bao-da-go").Body.String(); !strings.Contains(body, "noindex") || strings.Contains(body, "canonical") {
		t.Error("what was taken down must leave the search engines")
	}
	if body := w.want(http.StatusOK, "/dv/phuong-vinh-hung/hoi-dap").Body.String(); !strings.Contains(body, `"@type":"Question"`) {
		t.Error("the answers carry no data")
	}
	post := post(3, orgunittest.VinhHung, "Chuyện lạ")
	post.Title = `</script><script>alert("x")</script>`
	w.articles.on[orgunittest.VinhHung] = []publish.Article{post}
	if body := w.want(http.StatusOK, "/dv/phuong-vinh-hung/tin/chuyen-la").Body.String(); strings.Contains(body, "<script>alert") {
		t.Error("a title broke out of its place")
	}
}
