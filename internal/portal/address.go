package portal

import (
	"net/url"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// The addresses of the site. The province's home is "/"; every unit has "/dv/<slug>" with its pages below.
const (
	UnitPath   = "/dv/"
	NewsPath   = "/tin"
	AnswerPath = "/hoi-dap"
	AboutPath  = "/gioi-thieu"
)

// Links makes the public addresses of units and posts; it is a publish.Links.
type Links struct {
	Base     string // "https://mattran.nghean.example", without a slash at the end
	Province string // id of the province, whose home is the site's
}

// Home is the path of a unit's home page.
func (l Links) Home(u orgunit.Unit) string {
	if u.ID == l.Province {
		return "/"
	}
	return UnitPath + u.Slug
}

// Page is the path of a page below a unit's home: NewsPath, AnswerPath, AboutPath.
func (l Links) Page(u orgunit.Unit, page string) string { return UnitPath + u.Slug + page }

// Post is the path of a post on a unit's page.
func (l Links) Post(u orgunit.Unit, slug string) string {
	return UnitPath + u.Slug + NewsPath + "/" + url.PathEscape(slug)
}

// Short is the path under which a post can always be found, whatever becomes of the units.
func (l Links) Short(slug string) string { return NewsPath + "/" + url.PathEscape(slug) }

// Absolute implements publish.Links.
func (l Links) Absolute(path string) string { return l.Base + path }

// Unit implements publish.Links.
func (l Links) Unit(u orgunit.Unit) string { return l.Base + l.Home(u) }

// Article implements publish.Links.
func (l Links) Article(u orgunit.Unit, slug string) string { return l.Base + l.Post(u, slug) }

// Scheme is "https" or "http", as in the base address.
func (l Links) Scheme() string {
	s, _, _ := strings.Cut(l.Base, "://")
	return s
}

// Place says what a unit's address leads to on a day. Exactly one of the three holds: Unit when the unit stands; Moved when
// the address belongs to a former unit, or a former name, with one unit that carries it on; Choices when there are several.
type Place struct {
	Unit    *orgunit.Unit
	Former  *orgunit.Unit // the unit that bore the address, when it does no longer
	Moved   *orgunit.Unit
	Choices []orgunit.Unit
}

// Resolve finds what the slug leads to below the province on the day; ok is false when it never was a unit's.
func Resolve(tree Tree, slug, province string, on clock.Date) (p Place, ok bool) {
	var live, heirs []orgunit.Unit
	for _, u := range tree.BySlug(slug, province, on) {
		switch {
		case u.Kind != orgunit.KindFront:
		case u.Stands(on) && u.Slug == slug:
			live = append(live, u)
		default:
			if p.Former == nil {
				former := u
				p.Former = &former
			}
			heirs = append(heirs, carriers(tree, u, on)...)
		}
	}
	if len(live) > 0 {
		p.Former, heirs = nil, live
	}
	heirs = unique(heirs)
	switch {
	case len(heirs) == 0:
		return Place{}, false
	case len(heirs) > 1:
		p.Choices = heirs
	case p.Former == nil:
		p.Unit = &heirs[0]
	default:
		p.Moved = &heirs[0]
	}
	return p, true
}

// carriers lists the units with a page that carry a former one on: its successors; for a level that was closed without any
// (a district) those of the units below it; at last the unit above.
func carriers(tree Tree, u orgunit.Unit, on clock.Date) []orgunit.Unit {
	out := tree.Successors(u.ID, on)
	if len(out) == 0 && !u.Stands(on) {
		for _, kid := range tree.Children(u.ID, u.ValidTo.AddDays(-1)) {
			if kid.Kind == orgunit.KindFront {
				out = append(out, tree.Successors(kid.ID, on)...)
			}
		}
	}
	if len(out) == 0 {
		if up, err := tree.Unit(u.ParentID, on); err == nil && up.Stands(on) {
			out = append(out, up)
		}
	}
	return slices.DeleteFunc(out, func(x orgunit.Unit) bool { return x.Kind != orgunit.KindFront })
}

func unique(list []orgunit.Unit) []orgunit.Unit {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(u orgunit.Unit) bool {
		again := seen[u.ID]
		seen[u.ID] = true
		return again
	})
}

// Forebears lists the units whose work the unit carries on, the newest first, over all reorganisations.
func Forebears(tree Tree, unitID string) []orgunit.Unit {
	var out []orgunit.Unit
	for queue := []string{unitID}; len(queue) > 0; queue = queue[1:] {
		for _, u := range tree.Predecessors(queue[0]) {
			if u.ID != unitID && !slices.ContainsFunc(out, func(x orgunit.Unit) bool { return x.ID == u.ID }) {
				out, queue = append(out, u), append(queue, u.ID)
			}
		}
	}
	return out
}
