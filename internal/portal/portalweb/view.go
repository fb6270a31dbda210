package portalweb

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

type homeView struct {
	portal.HomePage
	pages    *Pages
	meta     meta
	Arrived  *orgunit.Unit // the former unit whose address brought the reader here
	Province bool
}

type newsView struct {
	publish.PublicList
	pages   *Pages
	meta    meta
	Unit    orgunit.Unit
	Kind    string
	Kinds   []publish.Category
	Arrived *orgunit.Unit
}

type articleView struct {
	publish.Article
	pages        *Pages
	meta         meta
	Unit, Author orgunit.Unit
	Arrived      *orgunit.Unit
}

type answersView struct {
	pages *Pages
	meta  meta
	Unit  orgunit.Unit
	Items []feedback.Published
	Total int
	Page  int
}

type aboutView struct {
	portal.Contact
	pages  *Pages
	meta   meta
	Unit   orgunit.Unit
	Above  *orgunit.Unit
	Below  []orgunit.Unit
	Former []orgunit.Unit
}

type choice struct {
	Unit orgunit.Unit
	Href string
}

type chooserView struct {
	pages   *Pages
	meta    meta
	Former  *orgunit.Unit
	Choices []choice
}

type unitsView struct {
	pages  *Pages
	meta   meta
	Groups [][]orgunit.Unit
}

type searchView struct {
	portal.SearchPage
	pages *Pages
	meta  meta
}

func (v homeView) doors(ctx context.Context) []ui.DoorItem {
	return []ui.DoorItem{
		{Title: i18n.T(ctx, "portal.door.ask"), Text: i18n.T(ctx, "portal.door.ask_text"), Href: "/hoi?don_vi=" + v.Unit.ID, Icon: "ask"},
		{Title: i18n.T(ctx, "portal.door.find"), Text: i18n.T(ctx, "portal.door.find_text"), Href: "/tra-cuu", Icon: "search"},
		{Title: i18n.T(ctx, "portal.door.read"), Text: i18n.T(ctx, "portal.door.read_text"), Href: v.pages.p.Links.Page(v.Source, portal.NewsPath), Icon: "read"},
	}
}

// services are the other public rooms of the house, narrowed to the unit where they can be.
func (v homeView) services(ctx context.Context) (out []ui.NewsItem) {
	for _, s := range []struct{ key, href string }{
		{"map", "/hoi-dap/ban-do"}, {"promise", "/loi-hua?don_vi=" + v.Unit.ID}, {"punctual", "/dung-hen"}, {"voter", "/cu-tri"}, {"fund", "/ung-ho"}, {"relief", "/cuu-tro"},
		{"housing", "/nha-o"}, {"verify", "/kiem-chung"},
	} {
		out = append(out, ui.NewsItem{Title: i18n.T(ctx, "portal.service."+s.key), Text: i18n.T(ctx, "portal.service_text."+s.key), Href: s.href})
	}
	return out
}

// purpose is the one sentence of what the page is for.
func (v homeView) purpose(ctx context.Context) string {
	if v.Contact.Intro != "" {
		return v.Contact.Intro
	}
	return i18n.T(ctx, "portal.purpose", "Unit", inText(ctx, v.Unit))
}

// firstLine is the beginning of an answer.
func firstLine(text string) string {
	return vntext.Truncate(strings.Join(strings.Fields(text), " "), 160)
}

func answerItems(ctx context.Context, list []feedback.Published) []ui.NewsItem {
	out := make([]ui.NewsItem, len(list))
	for i, a := range list {
		out[i] = ui.NewsItem{Title: a.Title, Href: portal.AnswerPath + "/" + a.ID, Text: firstLine(a.Answer), Meta: i18n.T(ctx, "portal.took", "Count", a.Days)}
	}
	return out
}

func (s *Pages) newsItems(u orgunit.Unit, list []publish.Summary) []ui.NewsItem {
	out := make([]ui.NewsItem, len(list))
	for i, a := range list {
		out[i] = ui.NewsItem{Title: a.Title, Href: s.p.Links.Post(u, a.Slug), Text: vntext.Truncate(a.Lead, 200), Meta: i18n.Date(a.PublishedAt)}
	}
	return out
}

// kindName is the name of a subject heading.
func kindName(ctx context.Context, k publish.Category) string {
	if k.Name != "" {
		return k.Name
	}
	return i18n.T(ctx, "publish.category."+k.Code)
}

func (v newsView) tabs(ctx context.Context) []ui.Tab {
	base := v.pages.p.Links.Page(v.Unit, portal.NewsPath)
	tabs := []ui.Tab{{Text: i18n.T(ctx, "portal.all_news"), Href: base, Active: v.Kind == ""}}
	for _, k := range v.Kinds {
		tabs = append(tabs, ui.Tab{Text: kindName(ctx, k), Href: base + "?loai=" + url.QueryEscape(k.Code), Active: v.Kind == k.Code})
	}
	return tabs
}

func (v newsView) paging() ui.Paging {
	base := v.pages.p.Links.Page(v.Unit, portal.NewsPath)
	return ui.Paging{Page: v.PublicList.Page, Per: v.Per, Total: v.Total, URL: func(n int) string {
		q := url.Values{"trang": {strconv.Itoa(n)}}
		if v.Kind != "" {
			q.Set("loai", v.Kind)
		}
		return base + "?" + q.Encode()
	}}
}

func (v answersView) paging() ui.Paging {
	base := v.pages.p.Links.Page(v.Unit, portal.AnswerPath)
	return ui.Paging{Page: v.Page, Per: portal.AnswersPer, Total: v.Total, URL: func(n int) string { return base + "?trang=" + strconv.Itoa(n) }}
}

func (v searchView) paging() ui.Paging {
	return ui.Paging{Page: v.Page, Per: portal.FoundPer, Total: max(v.PostsN, v.AnswersN), URL: func(n int) string {
		q := url.Values{"q": {v.Query}, "trang": {strconv.Itoa(n)}}
		if v.Unit != nil {
			q.Set("don_vi", v.Unit.ID)
		}
		return "/tim?" + q.Encode()
	}}
}

// crumbs is the way from the unit's home.
func (s *Pages) crumbs(ctx context.Context, u orgunit.Unit, more ...ui.Crumb) []ui.Crumb {
	return append([]ui.Crumb{{Text: i18n.T(ctx, "ui.home"), Href: ui.ShellFrom(ctx).Brand.HomeHref}}, more...)
}

// srcset lists the variants of a picture for browsers.
func srcset(p publish.PublicPicture) string {
	var parts []string
	for _, w := range p.Widths {
		parts = append(parts, p.URL(w)+" "+strconv.Itoa(w)+"w")
	}
	return strings.Join(parts, ", ")
}

// zaloShare is Zalo's share page: it takes the address as base64 of {"url": …}.
func zaloShare(address string) string {
	b, _ := json.Marshal(map[string]string{"url": address}) // a map of strings always marshals
	return "https://button-share.zalo.me/share_external?layout=1&color=blue&customize=false&d=" +
		url.QueryEscape(base64.StdEncoding.EncodeToString(b)) + "&shareType=0"
}

// names joins units as a sentence does: "xã A, xã B và phường C".
func names(ctx context.Context, list []orgunit.Unit) string {
	out := make([]string, len(list))
	for i, u := range list {
		out[i] = inText(ctx, u)
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " " + i18n.T(ctx, "portal.and") + " " + out[n-1]
	}
	return strings.Join(out, "")
}

// closed is the day from which a former unit no longer stands.
func closed(u orgunit.Unit) string {
	if u.ValidTo == clock.Forever || u.ValidTo == "" {
		return ""
	}
	return u.ValidTo.Vietnamese()
}

// tel makes the link of a telephone number.
func tel(number string) string {
	return "tel:" + strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || r == '+' {
			return r
		}
		return -1
	}, number)
}

// piece is a part of an excerpt; Hit parts are the words searched for.
type piece struct {
	Text string
	Hit  bool
}

// excerpt cuts the text around the first word found and marks all of them, compared without diacritics.
func excerpt(text, query string) []piece { return mark(vntext.Excerpt(text, query, 220), query) }

func mark(text, query string) []piece {
	words := vntext.Tokens(query)
	var out []piece
	add := func(s string, hit bool) {
		if s == "" {
			return
		}
		if n := len(out); n > 0 && out[n-1].Hit == hit {
			out[n-1].Text += s
			return
		}
		out = append(out, piece{s, hit})
	}
	start, in := 0, false
	flush := func(end int) {
		part := text[start:end]
		hit := false
		if in {
			folded := vntext.Fold(part)
			for _, w := range words {
				hit = hit || strings.HasPrefix(folded, w)
			}
		}
		add(part, hit)
		start = end
	}
	for i, r := range text {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
		if letter != in {
			flush(i)
			in = letter
		}
	}
	flush(len(text))
	return out
}

func (v searchView) everywhere() string { return "/tim?q=" + url.QueryEscape(v.Query) }

func (v searchView) ask() string {
	if v.Unit != nil {
		return "/hoi?don_vi=" + v.Unit.ID
	}
	return "/hoi"
}
