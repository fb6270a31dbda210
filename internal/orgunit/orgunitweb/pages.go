// Package orgunitweb draws the pages of the units: the public page of a unit with its history, the public search that also
// knows former names, the administration of residential areas and clusters, and the wizard of reorganisations.
package orgunitweb

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the texts of these pages and of the faults of orgunit and orgadmin.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Pages serves them.
type Pages struct {
	Units *orgunit.Service
	Admin *orgadmin.Service
	// Home gives the address of a unit's site on the portal, "" when it has none; nil when there is no portal.
	Home func(u orgunit.Unit) string
}

// Routes adds the pages.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Public("GET /don-vi/{unit}", p.unit)
	rt.Public("GET /tim-don-vi", p.search)

	rt.Can("GET /quan-tri/don-vi", orgadmin.ActionAdmin, p.admin)
	rt.Can("POST /quan-tri/don-vi/danh-sach", orgadmin.ActionAreas, p.importList)

	rt.Can("GET /quan-tri/khu-dan-cu", orgadmin.ActionAreas, p.communes)
	rt.Can("GET /quan-tri/khu-dan-cu/{id}", orgadmin.ActionAreas, p.areas)
	rt.Can("POST /quan-tri/khu-dan-cu/{id}", orgadmin.ActionAreas, p.addArea)
	rt.Can("GET /quan-tri/khu-dan-cu/{id}/sua", orgadmin.ActionAreas, p.editArea)
	rt.Can("POST /quan-tri/khu-dan-cu/{id}/sua", orgadmin.ActionAreas, p.renameArea)
	rt.Can("POST /quan-tri/khu-dan-cu/{id}/dong", orgadmin.ActionAreas, p.closeArea)

	rt.Can("GET /quan-tri/sap-xep", orgadmin.ActionPlan, p.records)
	rt.Can("GET /quan-tri/sap-xep/moi", orgadmin.ActionPlan, p.wizard)
	rt.Can("POST /quan-tri/sap-xep/xem-truoc", orgadmin.ActionPlan, p.preview)
	rt.Can("POST /quan-tri/sap-xep", orgadmin.ActionPlan, p.reorganise)
	rt.Can("GET /quan-tri/sap-xep/{id}", orgadmin.ActionPlan, p.record)
}

// Href is the address of a unit's page: by its slug where that is unmistakable in the whole country, else by its id.
func Href(f *orgunit.Forest, u orgunit.Unit, on clock.Date) string {
	if all := f.BySlug(u.Slug, "", on); u.Slug != "" && len(all) == 1 && all[0].ID == u.ID {
		return "/don-vi/" + u.Slug
	}
	return "/don-vi/" + u.ID
}

// asked gives the day of ?ngay=, today without one.
func (p *Pages) asked(r *http.Request) (clock.Date, error) {
	s := r.URL.Query().Get("ngay")
	if s == "" {
		return p.Units.Today(), nil
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return "", fault.New(fault.NotFound, "orgunit.bad_date").With("Date", s).Because(err)
	}
	return d, nil
}

// unitView is what the page of a unit shows.
type unitView struct {
	Unit     orgunit.Unit
	Today    clock.Date
	On       clock.Date // the day asked for
	Day      clock.Date // the day shown: On, or the last day of a unit that ended before
	Home     string
	Above    []link
	Now      []link // who carries it on, when it does not stand
	Before   []link // whom it carries on
	Below    []group
	Agencies []link
	History  []event
}

// event is one thing in the life of a unit.
type event struct {
	On                 clock.Date
	Tone, Title, Basis string
}

type link struct{ Text, Href, Note string }

type group struct {
	Title string
	Links []link
}

func (p *Pages) unit(w http.ResponseWriter, r *http.Request) error {
	on, err := p.asked(r)
	if err != nil {
		return err
	}
	f := p.Units.Forest()
	name := r.PathValue("unit")
	u, err := f.Unit(name, on)
	if err != nil {
		all := f.BySlug(strings.ToLower(name), "", on)
		switch len(all) {
		case 0:
			return fault.New(fault.NotFound, "orgunit.no_page").With("Name", name)
		case 1:
			u = all[0]
		default:
			return web.Render(w, r, http.StatusMultipleChoices, choicePage(name, p.choices(f, all, on)))
		}
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	return web.Render(w, r, http.StatusOK, unitPage(p.view(r.Context(), f, u, on)))
}

func (p *Pages) choices(f *orgunit.Forest, all []orgunit.Unit, on clock.Date) []link {
	var out []link
	for _, u := range all {
		var above []string
		for _, a := range f.Ancestors(u.ID, on) {
			if a.Level != orgunit.LevelCentral {
				above = append(above, a.FullName)
			}
		}
		out = append(out, link{Text: u.FullName, Href: "/don-vi/" + u.ID, Note: strings.Join(above, ", ")})
	}
	return out
}

func (p *Pages) link(f *orgunit.Forest, u orgunit.Unit, on clock.Date) link {
	return link{Text: u.FullName, Href: Href(f, u, on)}
}

func (p *Pages) view(ctx context.Context, f *orgunit.Forest, u orgunit.Unit, on clock.Date) unitView {
	v := unitView{Unit: u, On: on, Today: p.Units.Today()}
	if p.Home != nil && u.Stands(on) {
		v.Home = p.Home(u)
	}
	day := on
	if !u.Stands(on) && u.ValidTo <= on {
		day = u.ValidTo.AddDays(-1)
		for _, s := range f.Successors(u.ID, on) {
			v.Now = append(v.Now, p.link(f, s, on))
		}
	}
	v.Day = day
	for _, a := range f.Ancestors(u.ID, day) {
		if a.Level != orgunit.LevelCentral {
			v.Above = append(v.Above, p.link(f, a, on))
		}
	}
	for _, b := range f.Predecessors(u.ID) {
		l := p.link(f, b, on)
		l.Note = b.ValidTo.AddDays(-1).Vietnamese()
		v.Before = append(v.Before, l)
	}
	v.Below, v.Agencies = p.below(ctx, f, u, day)
	v.History = p.history(ctx, f, u)
	return v
}

// below groups the units under the unit by level.
func (p *Pages) below(ctx context.Context, f *orgunit.Forest, u orgunit.Unit, on clock.Date) (out []group, agencies []link) {
	for _, k := range f.Children(u.ID, on) {
		l := p.link(f, k, on)
		if k.Kind == orgunit.KindAgency {
			agencies = append(agencies, l)
			continue
		}
		title := i18n.T(ctx, "orgunit.level_"+string(k.Level))
		i := slices.IndexFunc(out, func(g group) bool { return g.Title == title })
		if i < 0 {
			i = len(out)
			out = append(out, group{Title: title})
		}
		out[i].Links = append(out[i].Links, l)
	}
	return out, agencies
}

// history tells the unit's life, newest first.
func (p *Pages) history(ctx context.Context, f *orgunit.Forest, u orgunit.Unit) []event {
	var out []event
	add := func(on clock.Date, tone, title, basis string) {
		out = append(out, event{on, tone, title, basis})
	}
	opened, closed := f.Bases(u.ID)
	names := f.Namings(u.ID)
	into := f.EdgesInto(u.ID)
	if u.ValidFrom > orgunit.FirstDay || len(into) > 0 {
		for _, g := range byDay(into) {
			add(g[0].On, "ok", i18n.T(ctx, "orgunit.history_continues", "Names", p.names(ctx, f, g, true)), g[0].Basis)
		}
		if len(into) == 0 {
			add(u.ValidFrom, "ok", i18n.T(ctx, "orgunit.history_made", "Name", names[0].FullName), opened)
		}
	} else {
		add(u.ValidFrom, "mute", i18n.T(ctx, "orgunit.history_known_since", "Name", names[0].FullName), "")
	}
	for i, n := range names[1:] {
		add(n.From, "info", i18n.T(ctx, "orgunit.history_renamed", "Old", names[i].FullName, "New", n.FullName), n.Basis)
	}
	from := f.EdgesFrom(u.ID)
	for _, g := range byDay(from) {
		add(g[0].On, "wait", i18n.T(ctx, "orgunit.history_passed", "Names", p.names(ctx, f, g, false)), g[0].Basis)
	}
	if u.ValidTo != clock.Forever && len(from) == 0 {
		add(u.ValidTo, "late", i18n.T(ctx, "orgunit.history_closed"), closed)
	}
	slices.SortStableFunc(out, func(a, b event) int { return cmp.Compare(b.On, a.On) })
	return out
}

func byDay(es []orgunit.Edge) [][]orgunit.Edge {
	var out [][]orgunit.Edge
	for _, e := range es {
		if n := len(out); n > 0 && out[n-1][0].On == e.On {
			out[n-1] = append(out[n-1], e)
			continue
		}
		out = append(out, []orgunit.Edge{e})
	}
	return out
}

// names lists the units at the other end of the edges, saying which gave or took only a part.
func (p *Pages) names(ctx context.Context, f *orgunit.Forest, es []orgunit.Edge, before bool) string {
	var parts []string
	for _, e := range es {
		other, day := e.To, e.On
		if before {
			other, day = e.From, e.On.AddDays(-1)
		}
		u, err := f.Unit(other, day)
		if err != nil {
			continue
		}
		s := u.FullName
		if e.Kind == orgunit.EdgePart {
			s = i18n.T(ctx, "orgunit.part_of", "Name", s)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// searchLimit is how many answers a search gives: more than that cannot be read on a phone.
const searchLimit = 20

type searchView struct {
	Query   string
	Results []result
}

// result is one answer, for the page and as JSON.
type result struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`  // the name that was found
	Place    string   `json:"place"` // what it lies in
	Href     string   `json:"href"`
	Former   bool     `json:"former"`
	Now      []target `json:"now"`      // who it is today
	Sentence string   `json:"sentence"` // "Xã Nghi Kim → nay thuộc Phường Vinh Hưng"
}

type target struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Href string `json:"href"`
}

func (p *Pages) search(w http.ResponseWriter, r *http.Request) error {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(q) > 200 {
		return fault.Field("q", "orgunit.query_too_long")
	}
	under := r.URL.Query().Get("trong")
	v := searchView{Query: q, Results: p.find(r.Context(), q, under)}
	w.Header().Set("Cache-Control", "public, max-age=60")
	w.Header().Set("Vary", "Accept")
	if !web.WantsJSON(r) {
		return web.Render(w, r, http.StatusOK, searchPage(v))
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	return json.NewEncoder(w).Encode(struct {
		Results []result `json:"results"`
	}{v.Results})
}

func (p *Pages) find(ctx context.Context, q, under string) []result {
	f := p.Units.Forest()
	on := p.Units.Today()
	out := []result{}
	for _, x := range f.SearchUnder(q, under, on, searchLimit) {
		res := result{ID: x.Unit.ID, Name: x.Matched, Place: x.Place, Former: x.Former, Href: "/don-vi/" + url.PathEscape(x.Unit.ID), Now: []target{}}
		if !x.Former {
			res.Href = Href(f, x.Unit, on)
		}
		var now []string
		for _, n := range x.Now {
			res.Now = append(res.Now, target{n.ID, n.FullName, Href(f, n, on)})
			now = append(now, n.FullName)
		}
		switch {
		case !x.Former:
		case len(now) == 0:
			res.Sentence = i18n.T(ctx, "orgunit.closed_sentence", "Old", x.Matched)
		case x.Unit.Stands(on):
			res.Sentence = i18n.T(ctx, "orgunit.renamed_sentence", "Old", x.Matched, "New", now[0])
		default:
			res.Sentence = i18n.T(ctx, "orgunit.now_part_of", "Old", x.Matched, "New", strings.Join(now, ", "))
		}
		out = append(out, res)
	}
	return out
}
