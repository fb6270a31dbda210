package portalweb_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFeeds(t *testing.T) {
	w := newWorld(t).fill()
	const link = "https://mattran.example/dv/phuong-vinh-hung/tin/lich-truc-cap-gao-cuu-tro-cuoi-tuan"

	rec := w.want(http.StatusOK, "/dv/phuong-vinh-hung/tin.atom")
	var atom struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string   `xml:"id"`
		Updated string   `xml:"updated"`
		Author  string   `xml:"author>name"`
		Entries []struct {
			ID      string `xml:"id"`
			Title   string `xml:"title"`
			Updated string `xml:"updated"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal(rec.Body.Bytes(), &atom); err != nil {
		t.Fatal(err)
	}
	if len(atom.Entries) != 7 || atom.Entries[0].Link.Href != link || atom.ID == "" || atom.Author == "" || rec.Header().Get("Content-Type") != "application/atom+xml; charset=utf-8" {
		t.Errorf("atom: %+v", atom)
	}
	for _, e := range atom.Entries {
		if _, err := time.Parse(time.RFC3339, e.Updated); err != nil {
			t.Error(err)
		}
	}

	var rss struct {
		Version string `xml:"version,attr"`
		Channel struct {
			Link  string `xml:"link"`
			Items []struct {
				Link string `xml:"link"`
				Date string `xml:"pubDate"`
				GUID string `xml:"guid"`
			} `xml:"item"`
		} `xml:"channel"`
	}
	if err := xml.Unmarshal(w.want(http.StatusOK, "/dv/phuong-vinh-hung/tin.rss").Body.Bytes(), &rss); err != nil {
		t.Fatal(err)
	}
	if rss.Version != "2.0" || len(rss.Channel.Items) != 7 || rss.Channel.Items[0].Link != link || rss.Channel.Items[0].GUID != link {
		t.Errorf("rss: %+v", rss)
	}
	if _, err := time.Parse(time.RFC1123Z, rss.Channel.Items[0].Date); err != nil {
		t.Error(err)
	}

	var jf struct {
		Version string `json:"version"`
		Items   []struct {
			ID   string `json:"id"`
			URL  string `json:"url"`
			Text string `json:"content_text"`
		} `json:"items"`
	}
	if err := json.Unmarshal(w.want(http.StatusOK, "/dv/phuong-vinh-hung/tin.json").Body.Bytes(), &jf); err != nil {
		t.Fatal(err)
	}
	if jf.Version != "https://jsonfeed.org/version/1.1" || len(jf.Items) != 7 || jf.Items[0].URL != link || jf.Items[0].Text == "" {
		t.Errorf("json: %+v", jf)
	}

	// empty feeds are feeds too
	for _, path := range []string{"/dv/xa-kim-lien/tin.atom", "/dv/xa-kim-lien/tin.rss"} {
		var any struct{ XMLName xml.Name }
		if err := xml.Unmarshal(w.want(http.StatusOK, path).Body.Bytes(), &any); err != nil {
			t.Error(path, err)
		}
	}
	if body := w.want(http.StatusOK, "/dv/xa-kim-lien/tin.json").Body.String(); !strings.Contains(body, `"items":[]`) {
		t.Error(body)
	}
}

func TestSitemaps(t *testing.T) {
	w := newWorld(t).fill()
	var index struct {
		Maps []string `xml:"sitemap>loc"`
	}
	if err := xml.Unmarshal(w.want(http.StatusOK, "/sitemap.xml").Body.Bytes(), &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Maps) != 5 { // the units, the province, three communes
		t.Errorf("maps: %v", index.Maps)
	}
	all := map[string]bool{}
	for _, m := range index.Maps {
		var set struct {
			URLs []string `xml:"url>loc"`
		}
		if err := xml.Unmarshal(w.want(http.StatusOK, strings.TrimPrefix(m, base)).Body.Bytes(), &set); err != nil {
			t.Fatal(m, err)
		}
		for _, u := range set.URLs {
			if all[u] {
				t.Errorf("%s stands twice", u)
			}
			all[u] = true
		}
	}
	for _, u := range []string{"/", "/dv/phuong-vinh-hung", "/dv/phuong-vinh-hung/tin/lich-truc-cap-gao-cuu-tro-cuoi-tuan", "/dv/tinh-nghe-an/tin/phat-dong-dot-van-dong-giup-vung-ngap"} {
		if !all[base+u] {
			t.Errorf("%s is missing", u)
		}
	}
	if body := w.want(http.StatusOK, "/robots.txt").Body.String(); !strings.Contains(body, "Sitemap: https://mattran.example/sitemap.xml\n") || !strings.Contains(body, "Disallow: /lam-viec\n") {
		t.Error(body)
	}
}
