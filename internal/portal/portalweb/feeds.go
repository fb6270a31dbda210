package portalweb

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// feed is what all three formats tell.
type feed struct {
	title, home, self string
	updated           time.Time
	items             []feedItem
}

type feedItem struct {
	id, link, title, lead string
	published, updated    time.Time
	image                 string
	film                  *channel.Video
}

// filmer tells the films of posts; publish.Service has it.
type filmer interface {
	FilmsOf(ctx context.Context, posts []publish.Summary) (map[string]*channel.Video, error)
}

func (s *Pages) feed(ctx context.Context, v visit) (feed, error) {
	l, err := s.p.Articles.Published(ctx, v.unit.ID, publish.PublicFilter{}, 1)
	if err != nil {
		return feed{}, err
	}
	f := feed{title: brandName(ctx, v.unit), home: s.p.Links.Unit(v.unit), self: s.p.Links.Absolute(v.URL.Path), updated: l.UpdatedAt}
	films := map[string]*channel.Video{}
	if x, ok := s.p.Articles.(filmer); ok {
		if films, err = x.FilmsOf(ctx, l.Items); err != nil {
			return feed{}, err
		}
	}
	for _, a := range l.Items {
		it := feedItem{id: s.p.Links.Article(v.unit, a.Slug), link: s.p.Links.Article(v.unit, a.Slug), title: a.Title, lead: a.Lead, published: a.PublishedAt, updated: a.UpdatedAt}
		it.film = films[a.PostID]
		if a.Cover != nil {
			it.image = s.p.Links.Absolute(a.Cover.URL(960))
		}
		f.items = append(f.items, it)
	}
	if f.updated.IsZero() {
		f.updated = v.unit.ValidFrom.Time()
	}
	return f, nil
}

type atomFeed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []atomLink  `xml:"link"`
	Entries []atomEntry `xml:"entry"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID        string   `xml:"id"`
	Title     string   `xml:"title"`
	Link      atomLink `xml:"link"`
	Published string   `xml:"published"`
	Updated   string   `xml:"updated"`
	Summary   string   `xml:"summary"`
}

// atom serves RFC 4287.
func (s *Pages) atom(ctx context.Context, v visit) (draft, error) {
	f, err := s.feed(ctx, v)
	if err != nil {
		return draft{}, err
	}
	out := atomFeed{Lang: "vi", ID: f.home, Title: f.title, Updated: iso(f.updated), Author: f.title,
		Links: []atomLink{{Rel: "self", Type: "application/atom+xml", Href: f.self}, {Rel: "alternate", Type: "text/html", Href: f.home}}}
	for _, it := range f.items {
		out.Entries = append(out.Entries, atomEntry{ID: it.id, Title: it.title, Link: atomLink{Href: it.link}, Published: iso(it.published), Updated: iso(it.updated), Summary: it.lead})
	}
	return xmlDraft("application/atom+xml; charset=utf-8", out, f.updated)
}

type rssFeed struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language"`
	Built       string    `xml:"lastBuildDate"`
	Items       []rssItem `xml:"item"`
}

type rssItem struct {
	Title       string  `xml:"title"`
	Link        string  `xml:"link"`
	Description string  `xml:"description"`
	Published   string  `xml:"pubDate"`
	GUID        rssGUID `xml:"guid"`
	Enclosure   *rssEnclosure
}

type rssGUID struct {
	Permanent bool   `xml:"isPermaLink,attr"`
	ID        string `xml:",chardata"`
}

// rss serves RSS 2.0.
func (s *Pages) rss(ctx context.Context, v visit) (draft, error) {
	f, err := s.feed(ctx, v)
	if err != nil {
		return draft{}, err
	}
	rfc822 := func(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }
	out := rssFeed{Version: "2.0", Channel: rssChannel{Title: f.title, Link: f.home, Language: "vi", Built: rfc822(f.updated),
		Description: i18n.T(ctx, "portal.purpose", "Unit", inText(ctx, v.unit))}}
	for _, it := range f.items {
		out.Channel.Items = append(out.Channel.Items, rssItem{Title: it.title, Link: it.link, Description: it.lead, Published: rfc822(it.published), GUID: rssGUID{true, it.id}, Enclosure: enclosure(it.film)})
	}
	return xmlDraft("application/rss+xml; charset=utf-8", out, f.updated)
}

type jsonFeed struct {
	Version string     `json:"version"`
	Title   string     `json:"title"`
	Home    string     `json:"home_page_url"`
	Self    string     `json:"feed_url"`
	Lang    string     `json:"language"`
	Items   []jsonItem `json:"items"`
}

type jsonItem struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	Title     string `json:"title"`
	Text      string `json:"content_text"`
	Image     string `json:"image,omitempty"`
	Published string `json:"date_published"`
	Modified  string `json:"date_modified"`
}

// jsonFeed serves JSON Feed 1.1.
func (s *Pages) jsonFeed(ctx context.Context, v visit) (draft, error) {
	f, err := s.feed(ctx, v)
	if err != nil {
		return draft{}, err
	}
	out := jsonFeed{Version: "https://jsonfeed.org/version/1.1", Title: f.title, Home: f.home, Self: f.self, Lang: "vi", Items: []jsonItem{}}
	for _, it := range f.items {
		out.Items = append(out.Items, jsonItem{ID: it.id, URL: it.link, Title: it.title, Text: it.lead, Image: it.image, Published: iso(it.published), Modified: iso(it.updated)})
	}
	b, err := json.Marshal(out)
	return draft{ctype: "application/feed+json; charset=utf-8", body: b, modified: f.updated}, err
}

func xmlDraft(ctype string, v any, modified time.Time) (draft, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	err := xml.NewEncoder(&b).Encode(v)
	return draft{ctype: ctype, body: b.Bytes(), modified: modified}, err
}

type siteURL struct {
	Loc      string `xml:"loc"`
	Modified string `xml:"lastmod,omitempty"`
}

type urlSet struct {
	XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []siteURL `xml:"url"`
}

type sitemapIndex struct {
	XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Maps    []siteURL `xml:"sitemap"`
}

const xmlType = "application/xml; charset=utf-8"

// mapped are the levels whose news have a sitemap of their own.
var mapped = []orgunit.Level{orgunit.LevelProvince, orgunit.LevelDistrict, orgunit.LevelCommune}

// sitemapIndex names the map of the units' homes and the map of each unit's posts.
func (s *Pages) sitemapIndex(_ context.Context, _ visit) (draft, error) {
	province, err := s.p.Province()
	if err != nil {
		return draft{}, err
	}
	out := sitemapIndex{Maps: []siteURL{{Loc: s.p.Links.Absolute("/sitemap-units.xml")}, {Loc: s.p.Links.Absolute(s.p.Links.Page(province, "/sitemap.xml"))}}}
	for _, u := range s.p.Units(mapped...) {
		if u.ID != province.ID {
			out.Maps = append(out.Maps, siteURL{Loc: s.p.Links.Absolute(s.p.Links.Page(u, "/sitemap.xml"))})
		}
	}
	return xmlDraft(xmlType, out, time.Time{})
}

// sitemapUnits lists the homes of all units, residential areas included.
func (s *Pages) sitemapUnits(_ context.Context, _ visit) (draft, error) {
	out := urlSet{URLs: []siteURL{{Loc: s.p.Links.Absolute("/")}, {Loc: s.p.Links.Absolute("/dv")}}}
	for _, u := range s.p.Units(orgunit.LevelDistrict, orgunit.LevelCommune, orgunit.LevelArea) {
		if len(out.URLs) < portal.SitemapMax {
			out.URLs = append(out.URLs, siteURL{Loc: s.p.Links.Unit(u)})
		}
	}
	return xmlDraft(xmlType, out, time.Time{})
}

// sitemap lists the posts of one unit.
func (s *Pages) sitemap(ctx context.Context, v visit) (draft, error) {
	list, err := s.p.Articles.Addresses(ctx, v.unit.ID, portal.SitemapMax-3)
	if err != nil {
		return draft{}, err
	}
	out := urlSet{}
	for _, page := range []string{portal.NewsPath, portal.AnswerPath, portal.AboutPath} {
		out.URLs = append(out.URLs, siteURL{Loc: s.p.Links.Absolute(s.p.Links.Page(v.unit, page))})
	}
	var modified time.Time
	for _, a := range list {
		out.URLs = append(out.URLs, siteURL{Loc: s.p.Links.Article(v.unit, a.Slug), Modified: iso(a.UpdatedAt)})
		if a.UpdatedAt.After(modified) {
			modified = a.UpdatedAt
		}
	}
	return xmlDraft(xmlType, out, modified)
}

// robots keeps search engines away from what is no page of the public site.
func (s *Pages) robots(context.Context, visit) (draft, error) {
	lines := []string{"User-agent: *", "Disallow: /lam-viec", "Disallow: /tra-cuu", "Disallow: /tim", "Disallow: /dang-nhap", "", "Sitemap: " + s.p.Links.Absolute("/sitemap.xml"), ""}
	return draft{status: http.StatusOK, ctype: "text/plain; charset=utf-8", body: []byte(strings.Join(lines, "\n"))}, nil
}
