// Package auditweb is the page on which auditors read the diary of the house: filters, pages, Excel, and a button that
// checks whether the chain is whole.
package auditweb

import (
	"embed"
	"net/http"
	"net/url"
	"sort"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/audit"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the words of these pages.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Pages serves the diary.
type Pages struct {
	view  *audit.Viewer
	units *orgunit.Service
}

// New makes the pages.
func New(v *audit.Viewer, units *orgunit.Service) *Pages { return &Pages{view: v, units: units} }

// Routes adds the pages to the table.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Can("GET /quan-tri/nhat-ky", "audit.read", p.list)
	rt.Can("GET /quan-tri/nhat-ky/excel", "audit.export", p.excel)
	rt.Can("GET /quan-tri/nhat-ky/kiem-tra", "audit.verify", p.verify)
}

const (
	path    = "/quan-tri/nhat-ky"
	perPage = 50
)

// filter is the form above the list, as typed.
type filter struct{ Actor, Action, Unit, Thing, From, To string }

func readFilter(r *http.Request) filter {
	v := r.URL.Query()
	return filter{Actor: v.Get("ai"), Action: v.Get("viec"), Unit: v.Get("don-vi"), Thing: v.Get("vat"), From: v.Get("tu"), To: v.Get("den")}
}

func (f filter) href(tail string, page int) string {
	v := url.Values{}
	for k, s := range map[string]string{"ai": f.Actor, "viec": f.Action, "don-vi": f.Unit, "vat": f.Thing, "tu": f.From, "den": f.To} {
		if s != "" {
			v.Set(k, s)
		}
	}
	if page > 1 {
		v.Set("trang", strconv.Itoa(page))
	}
	if len(v) == 0 {
		return path + tail
	}
	return path + tail + "?" + v.Encode()
}

func (f filter) query() audit.Query {
	return audit.Query{Actor: f.Actor, Action: f.Action, UnitID: f.Unit, ResourceID: f.Thing, From: day(f.From), To: day(f.To)}
}

// day reads a day as typed; what is no day is kept, so that it is refused in words.
func day(s string) clock.Date {
	if s == "" {
		return ""
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return clock.Date(s)
	}
	return d
}

// listPage is one page of the diary.
type listPage struct {
	Filter filter
	Unit   string // name of the unit filtered by
	Rows   []row
	Paging ui.Paging
	Err    error
}

type row struct {
	audit.Line
	Unit  string
	Facts []fact
}

type fact struct{ Name, Value string }

func (p *Pages) rows(lines []audit.Line) []row {
	out := make([]row, len(lines))
	for i, l := range lines {
		r := row{Line: l, Unit: p.unitName(l.UnitID)}
		for k, v := range l.DetailMap() {
			r.Facts = append(r.Facts, fact{k, v})
		}
		sort.Slice(r.Facts, func(a, b int) bool { return r.Facts[a].Name < r.Facts[b].Name })
		out[i] = r
	}
	return out
}

func (p *Pages) unitName(id string) string {
	u, err := p.units.Forest().Unit(id, p.units.Today())
	if err != nil {
		return id
	}
	return u.FullName
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	f := readFilter(r)
	page, _ := strconv.Atoi(r.URL.Query().Get("trang"))
	q := f.query()
	q.Page, q.Per = max(1, page), perPage
	d := listPage{Filter: f, Unit: p.unitName(f.Unit)}
	lines, total, err := p.view.List(r.Context(), identity.ActorFrom(r.Context()), q)
	status := http.StatusOK
	if fault.Is(err, fault.Invalid) {
		d.Err, status = err, http.StatusUnprocessableEntity
	} else if err != nil {
		return err
	}
	d.Rows = p.rows(lines)
	d.Paging = ui.Paging{Page: q.Page, Per: perPage, Total: total, URL: func(n int) string { return f.href("", n) }}
	return web.Render(w, r, status, listView(d))
}

func (p *Pages) excel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	lines, _, err := p.view.List(ctx, identity.ActorFrom(ctx), readFilter(r).query())
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "audit.title")}
	for _, k := range []string{"seq", "at", "who", "kind", "unit", "action", "thing", "id", "details", "hash"} {
		s.Head = append(s.Head, i18n.T(ctx, "audit.col."+k))
	}
	for _, l := range lines {
		s.Rows = append(s.Rows, []any{l.Seq, l.At, l.ActorName, l.ActorKind, p.unitName(l.UnitID), l.Action, l.ResourceType, l.ResourceID, l.Details, l.Hash})
	}
	return xlsx.Send(w, "nhat-ky-"+string(p.units.Today())+".xlsx", s)
}

func (p *Pages) verify(w http.ResponseWriter, r *http.Request) error {
	rep, err := p.view.Verify(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, verifyView(rep))
}
