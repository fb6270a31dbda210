// Package portalweb draws the public site of the province and its units: home, news, article, answered questions, about,
// search, feeds and maps for search engines, and the page on which officials keep what their unit says of itself. Finished
// pages are kept in memory until something is published or half a minute has passed.
package portalweb

import (
	"context"
	"embed"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// Catalogue holds the texts of these pages.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// SettingsPath is where officials keep what their unit says of itself.
const SettingsPath = "/lam-viec/trang-don-vi"

// Pages serves the site.
type Pages struct {
	p     *portal.Portal
	cache *cache
}

// New makes the pages.
func New(p *portal.Portal) *Pages { return &Pages{p: p, cache: newCache(cacheBytes)} }

// Routes adds the pages.
func (s *Pages) Routes(rt *web.Routes) {
	rt.Public("GET /{$}", s.cached(s.front))
	rt.Public("GET /dv", s.cached(s.units))
	rt.Public("GET /dv/{unit}", s.unit(s.home))
	rt.Public("GET /dv/{unit}/tin", s.unit(s.news))
	rt.Public("GET /dv/{unit}/tin.atom", s.unit(s.atom))
	rt.Public("GET /dv/{unit}/tin.rss", s.unit(s.rss))
	rt.Public("GET /dv/{unit}/tin.json", s.unit(s.jsonFeed))
	rt.Public("GET /dv/{unit}/tin/{slug}", s.unit(s.article))
	rt.Public("GET /dv/{unit}/hoi-dap", s.unit(s.answers))
	rt.Public("GET /dv/{unit}/gioi-thieu", s.unit(s.about))
	rt.Public("GET /dv/{unit}/sitemap.xml", s.unit(s.sitemap))
	rt.Public("GET /tin", s.cached(s.shortNews))
	rt.Public("GET /tin/{slug}", s.cached(s.short))
	rt.Public("GET /tim", s.search)
	rt.Public("GET /sitemap.xml", s.cached(s.sitemapIndex))
	rt.Public("GET /sitemap-units.xml", s.cached(s.sitemapUnits))
	rt.Public("GET /robots.txt", s.cached(s.robots))
	rt.Can("GET "+SettingsPath, portal.ActEdit, s.settings)
	rt.Can("POST "+SettingsPath, portal.ActEdit, s.saveSettings)
}

// visit is one request for a public page.
type visit struct {
	*http.Request
	pages *Pages
	host  string       // id of the unit whose own host name was asked; "" for the house's
	unit  orgunit.Unit // whose page it is
	from  *orgunit.Unit
}

// maker makes a page.
type maker func(ctx context.Context, v visit) (draft, error)

// cached serves what the maker makes, from memory when it can.
func (s *Pages) cached(make maker) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		host, err := s.hostUnit(r)
		if err != nil {
			return err
		}
		now, err := s.stamp(r.Context())
		if err != nil {
			return err
		}
		size := ""
		if ui.ShellFrom(r.Context()).Large {
			size = "+"
		}
		k := key(host, i18n.Lang(r.Context())+size, r.URL)
		if a := s.kept(k, now); a != nil {
			a.send(w, r)
			return nil
		}
		build := func() (any, error) {
			ctx := context.WithoutCancel(r.Context()) // others may wait for it
			d, err := make(ctx, visit{Request: r, pages: s, host: host})
			if err != nil {
				return nil, err
			}
			a, err := finish(d)
			if err != nil {
				return nil, err
			}
			a.stamp, a.built = now, s.p.Clock.Now()
			if k != "" {
				s.cache.put(k, a)
			}
			return a, nil
		}
		var a any
		if k == "" {
			a, err = build()
		} else {
			a, err, _ = s.cache.work.Do(k, build)
		}
		if err != nil {
			return err
		}
		a.(*answer).send(w, r)
		return nil
	}
}

// kept gives an answer from memory that still holds. Of those who come after its time is up, the first makes it anew and the
// others get what there is.
func (s *Pages) kept(k string, now stamp) *answer {
	if k == "" {
		return nil
	}
	a := s.cache.get(k)
	if a == nil || a.stamp != now {
		return nil
	}
	age := s.p.Clock.Now().Sub(a.built)
	if age < keepFor || age < 2*keepFor && !a.rebuilding.CompareAndSwap(false, true) {
		return a
	}
	return nil
}

// Fast answers requests for kept pages before anything else looks at them; everything else goes on to next. It belongs
// inside the security headers and outside sessions and languages.
func (s *Pages) Fast(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := s.ready(r); a != nil {
			a.send(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Pages) ready(r *http.Request) *answer {
	p := r.URL.Path
	if r.Method != http.MethodGet && r.Method != http.MethodHead || p != "/" && !strings.HasPrefix(p, portal.UnitPath) {
		return nil
	}
	if r.URL.RawQuery != "" && r.URL.Query().Has("lang") || ui.SwitchesType(r) || ui.Large(r) {
		return nil
	}
	if c, err := r.Cookie("lang"); err == nil && c.Value == "en" {
		return nil
	}
	host, err := s.hostUnit(r)
	if err != nil {
		return nil
	}
	now, err := s.stamp(r.Context())
	if err != nil {
		return nil
	}
	return s.kept(key(host, "vi", r.URL), now)
}

func (s *Pages) stamp(ctx context.Context) (stamp, error) {
	v, err := s.p.Sites.Version(ctx)
	return stamp{site: v, tree: s.p.Tree().Version(), day: s.p.Today()}, err
}

func (s *Pages) hostUnit(r *http.Request) (string, error) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return s.p.Sites.UnitOfHost(r.Context(), strings.ToLower(strings.TrimSuffix(host, ".")))
}

// unit finds the unit of the address first; former units lead to those that carry them on.
func (s *Pages) unit(make maker) web.Handler {
	return s.cached(func(ctx context.Context, v visit) (draft, error) {
		tree, on, slug := s.p.Tree(), s.p.Today(), v.PathValue("unit")
		place, ok := portal.Resolve(tree, slug, s.p.Links.Province, on)
		if !ok {
			return draft{}, fault.New(fault.NotFound, "portal.no_site")
		}
		rest := strings.TrimPrefix(v.URL.Path, portal.UnitPath+slug)
		switch {
		case place.Moved != nil:
			return draft{status: http.StatusMovedPermanently, location: movedTo(s.p.Links, *place.Moved, rest, slug)}, nil
		case len(place.Choices) > 0:
			return s.chooser(ctx, v, place, rest, slug)
		}
		v.unit = *place.Unit
		if v.unit.ID == s.p.Links.Province && rest == "" && v.host == "" {
			return draft{status: http.StatusMovedPermanently, location: "/"}, nil
		}
		return make(s.frame(ctx, v), v)
	})
}

// movedTo is the address at the successor; ?tu= lets its page say why the reader is there.
func movedTo(l portal.Links, u orgunit.Unit, rest, slug string) string {
	if rest == "" {
		return l.Home(u) + "?tu=" + slug
	}
	return l.Page(u, rest) + "?tu=" + slug
}

// front is "/": the province's home, or that of the unit whose host name was asked.
func (s *Pages) front(ctx context.Context, v visit) (draft, error) {
	var err error
	if v.host != "" {
		v.unit, err = s.p.Unit(v.host)
	} else {
		v.unit, err = s.p.Province()
	}
	if err != nil {
		return draft{}, err
	}
	return s.home(s.frame(ctx, v), v)
}

// from gives the former unit that a redirect came from, when ?tu= tells the truth.
func (v visit) former() *orgunit.Unit {
	slug := v.URL.Query().Get("tu")
	if slug == "" {
		return nil
	}
	p := v.pages.p
	place, ok := portal.Resolve(p.Tree(), slug, p.Links.Province, p.Today())
	if !ok || place.Former == nil {
		return nil
	}
	if place.Moved != nil && place.Moved.ID == v.unit.ID {
		return place.Former
	}
	for _, u := range place.Choices {
		if u.ID == v.unit.ID {
			return place.Former
		}
	}
	return nil
}

func (v visit) page() int {
	n, err := strconv.Atoi(v.URL.Query().Get("trang"))
	if err != nil || n < 1 || n > 10_000 {
		return 1
	}
	return n
}

// frame puts the unit's brand around the page, the same for everybody.
func (s *Pages) frame(ctx context.Context, v visit) context.Context {
	sh := ui.Shell{Brand: s.brand(ctx, v.unit, v.host), Path: v.URL.Path, Lang: i18n.Lang(ctx), Footer: s.foot(ctx, v.unit)}
	sh.House = ui.ShellFrom(ctx).House
	return ui.WithShell(ctx, sh)
}

// Around gives the brand and the foot of the province's site to the citizen pages of other rooms, so that a citizen who goes on
// to ask stays on the same site.
func (s *Pages) Around(ctx context.Context) (ui.Brand, []ui.Crumb) {
	u, err := s.p.Tree().Unit(s.p.Links.Province, s.p.Today())
	if err != nil {
		return ui.Brand{}, nil // a house whose province is not known today has a plain brand
	}
	return s.brand(ctx, u, ""), s.foot(ctx, u)
}

func (s *Pages) foot(ctx context.Context, u orgunit.Unit) []ui.Crumb {
	return []ui.Crumb{
		{Text: i18n.T(ctx, "portal.about"), Href: s.p.Links.Page(u, portal.AboutPath)},
		{Text: i18n.T(ctx, "portal.search"), Href: "/tim?don_vi=" + u.ID},
		{Text: i18n.T(ctx, "portal.units"), Href: "/dv"},
		{Text: i18n.T(ctx, "portal.officials"), Href: "/lam-viec"},
	}
}

// BrandOf is the name on top of the pages of a unit, for the pages of other rooms that belong to it.
func (s *Pages) BrandOf(ctx context.Context, u orgunit.Unit) ui.Brand { return s.brand(ctx, u, "") }

func (s *Pages) brand(ctx context.Context, u orgunit.Unit, host string) ui.Brand {
	b := ui.Brand{Name: brandName(ctx, u), HomeHref: s.homeHref(u, host)}
	if u.ID != s.p.Links.Province {
		for _, up := range s.p.Tree().Ancestors(u.ID, s.p.Today()) {
			if up.Level != orgunit.LevelCentral && b.Superior == "" {
				b.Superior = brandName(ctx, up)
			}
		}
	}
	return b
}

// homeHref is the way to a unit's home from a page under a host: "/" there is the host's own unit.
func (s *Pages) homeHref(u orgunit.Unit, host string) string {
	switch {
	case host == u.ID:
		return "/"
	case host != "" && u.ID == s.p.Links.Province:
		return s.p.Links.Absolute("/")
	}
	return s.p.Links.Home(u)
}

// brandName is the full name of the Front's body at a unit.
func brandName(ctx context.Context, u orgunit.Unit) string {
	switch u.Level {
	case orgunit.LevelArea:
		return i18n.T(ctx, "portal.brand.area", "Unit", inText(ctx, u))
	case orgunit.LevelCluster:
		return u.FullName
	}
	return i18n.T(ctx, "portal.brand.committee", "Unit", inText(ctx, u))
}

// inText writes a unit's name inside a Vietnamese sentence: "phường Trường Vinh".
func inText(ctx context.Context, u orgunit.Unit) string {
	if i18n.Lang(ctx) == "en" || u.Type == "" || !strings.HasPrefix(u.FullName, u.Type) {
		return u.FullName
	}
	return strings.ToLower(u.Type[:firstRune(u.Type)]) + u.FullName[firstRune(u.Type):]
}

func firstRune(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}

func (s *Pages) home(ctx context.Context, v visit) (draft, error) {
	h, err := s.p.Home(ctx, v.unit)
	if err != nil {
		return draft{}, err
	}
	view := homeView{HomePage: h, pages: s, meta: s.meta(ctx, v, v.unit.FullName), Arrived: v.former(), Province: v.unit.ID == s.p.Links.Province}
	view.meta.path = s.p.Links.Home(v.unit)
	if h.Contact.Host != "" {
		view.meta.canonical = s.p.Links.Scheme() + "://" + h.Contact.Host + "/"
	}
	view.meta.ld = organisation(ctx, s, h)
	return draw(ctx, homePage(view), h.Changed)
}

func (s *Pages) news(ctx context.Context, v visit) (draft, error) {
	kinds, err := s.p.Articles.Categories(ctx)
	if err != nil {
		return draft{}, err
	}
	kind := ""
	for _, k := range kinds {
		if k.Code == v.URL.Query().Get("loai") {
			kind = k.Code
		}
	}
	l, err := s.p.Articles.Published(ctx, v.unit.ID, publish.PublicFilter{Category: kind}, v.page())
	if err != nil {
		return draft{}, err
	}
	view := newsView{PublicList: l, pages: s, Unit: v.unit, Kind: kind, Kinds: kinds, Arrived: v.former(),
		meta: s.meta(ctx, v, i18n.T(ctx, "portal.news"))}
	return draw(ctx, newsPage(view), l.UpdatedAt)
}

func (s *Pages) article(ctx context.Context, v visit) (draft, error) {
	a, err := s.p.Article(ctx, v.unit, v.PathValue("slug"))
	if err != nil {
		return draft{}, err
	}
	view := articleView{Article: a, pages: s, Unit: v.unit, Author: v.unit, Arrived: v.former(), meta: s.meta(ctx, v, a.Title)}
	if u, err := s.p.Tree().Unit(a.AuthorUnit, s.p.Today()); err == nil {
		view.Author = u
	}
	view.meta.noindex = a.Retracted
	view.meta.path = s.p.Links.Post(v.unit, a.Slug)
	if a.Retracted {
		d, err := draw(ctx, retractedPage(view), a.UpdatedAt)
		return d.as(http.StatusGone), err
	}
	view.meta.description = a.Lead
	view.meta.article = &view.Article
	view.meta.ld = newsArticle(ctx, s, view)
	return draw(ctx, articlePage(view), a.UpdatedAt)
}

func (s *Pages) answers(ctx context.Context, v visit) (draft, error) {
	list, n, err := s.p.Answers.Search(ctx, v.unit.ID, "", v.page(), portal.AnswersPer)
	if err != nil {
		return draft{}, err
	}
	view := answersView{pages: s, Unit: v.unit, Items: list, Total: n, Page: v.page(), meta: s.meta(ctx, v, i18n.T(ctx, "portal.answers"))}
	view.meta.ld = questions(s, list)
	var modified time.Time
	for _, a := range list {
		if a.PublishedAt.After(modified) {
			modified = a.PublishedAt
		}
	}
	return draw(ctx, answersPage(view), modified)
}

func (s *Pages) about(ctx context.Context, v visit) (draft, error) {
	c, err := s.p.Sites.Contact(ctx, v.unit.ID)
	if err != nil {
		return draft{}, err
	}
	view := aboutView{Contact: c, pages: s, Unit: v.unit, Former: portal.Forebears(s.p.Tree(), v.unit.ID), Below: s.p.Below(v.unit.ID),
		meta: s.meta(ctx, v, i18n.T(ctx, "portal.about"))}
	if v.unit.ID != s.p.Links.Province {
		for _, up := range s.p.Tree().Ancestors(v.unit.ID, s.p.Today()) {
			if view.Above == nil {
				view.Above = &up
			}
		}
	}
	return draw(ctx, aboutPage(view), c.UpdatedAt)
}

// chooser lets the reader say which of several units is meant.
func (s *Pages) chooser(ctx context.Context, v visit, place portal.Place, rest, slug string) (draft, error) {
	var err error
	if v.unit, err = s.p.Province(); err != nil {
		return draft{}, err
	}
	ctx = s.frame(ctx, v)
	view := chooserView{pages: s, Former: place.Former, meta: s.meta(ctx, v, i18n.T(ctx, "portal.choose.title"))}
	view.meta.noindex = true
	for _, u := range place.Choices {
		view.Choices = append(view.Choices, choice{u, movedTo(s.p.Links, u, rest, slug)})
	}
	d, err := draw(ctx, chooserPage(view), time.Time{})
	return d.as(http.StatusMultipleChoices), err
}

// units lists all units of the province that have a page.
func (s *Pages) units(ctx context.Context, v visit) (draft, error) {
	var err error
	if v.unit, err = s.p.Province(); err != nil {
		return draft{}, err
	}
	ctx = s.frame(ctx, v)
	view := unitsView{pages: s, meta: s.meta(ctx, v, i18n.T(ctx, "portal.units")),
		Groups: [][]orgunit.Unit{s.p.Units(orgunit.LevelDistrict), s.p.Units(orgunit.LevelCommune)}}
	return draw(ctx, unitsPage(view), time.Time{})
}

// short is the address of a post that never changes; it leads to where the post stands today.
func (s *Pages) short(ctx context.Context, v visit) (draft, error) {
	u, slug, err := s.p.Whereabouts(ctx, v.PathValue("slug"), v.host)
	if err != nil {
		return draft{}, err
	}
	return draft{status: http.StatusFound, location: s.p.Links.Post(u, slug)}, nil
}

func (s *Pages) shortNews(_ context.Context, v visit) (draft, error) {
	uid := v.host
	if uid == "" {
		uid = s.p.Links.Province
	}
	u, err := s.p.Unit(uid)
	if err != nil {
		return draft{}, err
	}
	return draft{status: http.StatusFound, location: s.p.Links.Page(u, portal.NewsPath)}, nil
}
