// Package ui is the look of the house: the frame of every page, the form fields, tables, badges, maps and other parts that
// pages are put together from, with the style sheets behind them. Change a part here and it changes on every page.
//
// Citizen pages (Citizen) are one narrow column and need no script; official pages (Office) have navigation on the left.
// All words come from the catalogue under the keys "ui." and "web.". The style guide at /_ui shows every part in every state.
package ui

import (
	"context"
	"embed"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// Catalogue holds the words of the design system and of the error pages.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// HelpPath is where the handbook lives; Page.Help is put behind it.
const HelpPath = "/huong-dan/"

// Page says what one page is about.
type Page struct {
	Title       string          // heading and browser title
	Description string          // one or two sentences for search engines and shared links
	Canonical   string          // absolute address of the page, for sharing
	Crumbs      []Crumb         // the way down to here, without the page itself
	Help        string          // handbook page opened by "?"
	Wide        bool            // use the whole width (tables, walls, maps)
	Head        templ.Component // extra meta elements and feeds
	Noindex     bool            // keep out of search engines
	Bare        bool            // the page draws its own h1
}

// Crumb is one link of a way or a footer.
type Crumb struct{ Text, Href string }

// Shell is what surrounds every page of a request: the brand, who is signed in, the navigation. The roof puts it into the
// context; a page without one is drawn for a stranger.
type Shell struct {
	UserName string // name of the signed-in official
	UnitName string // full name of the unit the official is acting for
	UnitID   string
	UnitHref string
	Nav      []NavItem
	Units    []UnitChoice // units the official may switch to
	Brand    Brand
	Path     string // path of the request, for marking the active entry and the language switch
	Lang     string
	SignedIn bool
	Large    bool // citizen pages in large type

	Flash       string  // text shown once on top, see Flash
	Search      string  // address of the search page that takes ?q=; empty hides the box
	AccountHref string  // own account; "/tai-khoan" when empty
	SignOutHref string  // takes POST; "/dang-xuat" when empty
	Footer      []Crumb // links at the foot of citizen pages: those of the unit's site
	House       []Crumb // and after them those of the house, the same on every page
}

// NavItem is one entry of the navigation of officials.
type NavItem struct {
	Heading string // catalogue key of the heading before it; "" when it goes on under the last one
	Key     string // catalogue key of its text
	Href    string
	Icon    string // name in the icon set, see Icon
	Count   int    // how much waits there; 0 shows nothing
	Active  bool
}

// UnitChoice is one unit in the unit switcher.
type UnitChoice struct {
	Name, Hint, Href string // Hint is the superior unit, to tell two of the same name apart
	Active           bool
}

// Brand is the unit in whose name a page speaks.
type Brand struct {
	Name     string // full name
	Superior string // what it belongs to
	HomeHref string
}

type shellKey struct{}

// WithShell puts the shell into the context of a request.
func WithShell(ctx context.Context, s Shell) context.Context {
	return context.WithValue(ctx, shellKey{}, s)
}

// ShellFrom gives the shell of the context; an empty one when none was put there.
func ShellFrom(ctx context.Context) Shell {
	s, _ := ctx.Value(shellKey{}).(Shell)
	return s
}

var flashKey = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)+$`)

// Flash gives the text of the catalogue key in ?ok=, which a handler adds to the address it redirects to after a successful
// form ("/tin-bai?ok=publish.sent"). Anything that is no key of the catalogue gives "", so that a forged link cannot put
// words on our page.
func Flash(r *http.Request) string {
	k := r.URL.Query().Get("ok")
	if !flashKey.MatchString(k) {
		return ""
	}
	if w := i18n.From(r.Context()); w == nil || !w.Has(k) {
		return ""
	}
	return i18n.T(r.Context(), k)
}

// WithFlash adds ?ok=key to an address.
func WithFlash(href, key string) string {
	sep := "?"
	if strings.Contains(href, "?") {
		sep = "&"
	}
	return href + sep + "ok=" + key
}

// tone keeps only the tones that have a style; anything else is "mute".
func tone(t string) string {
	switch t {
	case "ok", "wait", "late", "info":
		return t
	}
	return "mute"
}

// Number writes a whole number the Vietnamese way: 1.250.000 (English: 1,250,000).
func Number(ctx context.Context, n int) string {
	s := strconv.Itoa(n)
	neg := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	sep := "."
	if i18n.Lang(ctx) == "en" {
		sep = ","
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	if neg {
		return "-" + s
	}
	return s
}

func isoTime(t time.Time) string { return t.In(clock.Vietnam).Format(time.RFC3339) }

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
