package portalweb

import (
	"context"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/portal"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// meta is what the head of a page says to browsers, search engines and social networks.
type meta struct {
	title, description string
	base, path         string
	canonical          string // "" is base and path
	site               string
	feeds              string // path of the news that the feeds are of; "" for none
	noindex            bool
	article            *publish.Article
	ld                 any // schema.org data, nil for none
}

func (s *Pages) meta(ctx context.Context, v visit, title string) meta {
	m := meta{title: title, base: s.p.Links.Base, path: v.URL.Path, site: ui.ShellFrom(ctx).Brand.Name,
		feeds: s.p.Links.Page(v.unit, portal.NewsPath)}
	m.description = i18n.T(ctx, "portal.purpose", "Unit", inText(ctx, v.unit))
	if n := v.page(); n > 1 {
		m.canonical = m.base + m.path + "?trang=" + strconv.Itoa(n)
	}
	return m
}

func (m meta) address() string {
	if m.canonical != "" {
		return m.canonical
	}
	return m.base + m.path
}

func (m meta) ui(crumbs ...ui.Crumb) ui.Page {
	p := ui.Page{Title: m.title, Description: m.description, Crumbs: crumbs, Noindex: m.noindex, Head: head(m)}
	if !m.noindex {
		p.Canonical = m.address()
	}
	return p
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }
