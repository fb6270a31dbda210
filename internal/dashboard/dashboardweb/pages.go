// Package dashboardweb draws "Việc hôm nay", the official's first screen, and the leader's overview with the map of the
// province.
package dashboardweb

import (
	"context"
	"embed"
	"net/http"
	"sort"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the texts of these pages.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Pages serves the two screens.
type Pages struct {
	Service *dashboard.Service
	Clock   clock.Clock
	// Shapes are the communes of the province for the map, by official code; none hides the map.
	Shapes  []ui.Shape
	ViewBox string
	// Query is the unit filter that the lists behind the numbers understand: "?don_vi=ID".
	Lists Lists
	// UnitName names a unit; nil leaves the id.
	UnitName func(unitID string) string
}

// Lists builds the addresses of the rows behind a unit's numbers.
type Lists struct {
	Posts, Channels, Waiting, Overdue func(unitID string) string
}

// Routes adds the pages.
func (p *Pages) Routes(rt *web.Routes) {
	rt.Can("GET /lam-viec", "dashboard.today", p.today)
	rt.Can("GET /lam-viec/toan-canh", "dashboard.overview", p.overview)
	rt.Can("GET /lam-viec/toan-canh.xlsx", "dashboard.overview", p.overviewExcel)
}

func (p *Pages) today(w http.ResponseWriter, r *http.Request) error {
	d, err := p.Service.Day(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, todayPage(d, p.Clock.Now()))
}

func (p *Pages) overview(w http.ResponseWriter, r *http.Request) error {
	o, err := p.Service.Overview(r.Context(), identity.ActorFrom(r.Context()), r.URL.Query().Get("don_vi"))
	if err != nil {
		return err
	}
	v := p.view(r.Context(), o)
	v.Paging = ui.Paging{Page: 1, Per: perPage, Total: len(v.Rows), URL: func(n int) string { return "/lam-viec/toan-canh?trang=" + strconv.Itoa(n) }}
	if n, err := strconv.Atoi(r.URL.Query().Get("trang")); err == nil && n > 0 && n <= v.Paging.Pages() {
		v.Paging.Page = n
	}
	from := (v.Paging.Page - 1) * perPage
	v.Rows = v.Rows[from:min(from+perPage, len(v.Rows))]
	return web.Render(w, r, http.StatusOK, overviewPage(v))
}

// perPage is how many places one page of the overview lists; the most pressing come first.
const perPage = 25

// overviewView is what the overview's template draws.
type overviewView struct {
	dashboard.Overview
	Lists  Lists
	Map    ui.MapProps
	Paging ui.Paging
	Unit   string // of the figures, by name
}

func (p *Pages) view(ctx context.Context, o dashboard.Overview) overviewView {
	v := overviewView{Overview: o, Lists: p.Lists, Unit: o.UnitID}
	if p.UnitName != nil {
		v.Unit = p.UnitName(o.UnitID)
	}
	if len(p.Shapes) == 0 {
		return v
	}
	byCode := map[string]dashboard.Row{}
	for _, r := range o.Rows {
		byCode[r.Code] = r
	}
	v.Map = ui.MapProps{Title: i18n.T(ctx, "dashboard.map"), ViewBox: p.ViewBox, Legend: []ui.LegendItem{
		{Tone: "late", Text: i18n.T(ctx, "dashboard.map_late")}, {Tone: "wait", Text: i18n.T(ctx, "dashboard.map_wait")}, {Tone: "ok", Text: i18n.T(ctx, "dashboard.map_ok")},
	}}
	for _, s := range p.Shapes {
		row, ok := byCode[s.Code]
		s.Tone, s.Value = tone(row), ""
		if ok && row.Waiting > 0 {
			s.Value = i18n.T(ctx, "dashboard.map_value", "Waiting", row.Waiting, "Overdue", row.Overdue)
			s.Href = p.Lists.Waiting(row.UnitID)
		}
		v.Map.Shapes = append(v.Map.Shapes, s)
	}
	return v
}

func tone(r dashboard.Row) string {
	switch {
	case r.Overdue > 0:
		return "late"
	case r.Waiting > 0 || r.ChannelsIll > 0:
		return "wait"
	case r.PostsOut > 0:
		return "ok"
	}
	return "mute"
}

func (p *Pages) overviewExcel(w http.ResponseWriter, r *http.Request) error {
	o, err := p.Service.Overview(r.Context(), identity.ActorFrom(r.Context()), "")
	if err != nil {
		return err
	}
	ctx := r.Context()
	rows := append([]dashboard.Row(nil), o.Rows...)
	sort.Slice(rows, func(i, j int) bool { return rows[i].Name < rows[j].Name })
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "dashboard.overview"), Head: []string{i18n.T(ctx, "dashboard.unit"), i18n.T(ctx, "dashboard.posts_out"),
		i18n.T(ctx, "dashboard.channels_ill"), i18n.T(ctx, "dashboard.waiting"), i18n.T(ctx, "dashboard.overdue")}}
	for _, x := range rows {
		sheet.Rows = append(sheet.Rows, []any{x.Name, x.PostsOut, x.ChannelsIll, x.Waiting, x.Overdue})
	}
	return xlsx.Send(w, "toan-canh-"+string(clock.DateOf(p.Clock.Now()))+".xlsx", sheet)
}

// left says how much time there is: "còn 2 ngày", "quá hạn 3 giờ".
func left(ctx context.Context, due, now time.Time) string {
	if due.IsZero() {
		return ""
	}
	d, key := due.Sub(now), "dashboard.left_"
	if d < 0 {
		d, key = -d, "dashboard.late_"
	}
	if d >= 48*time.Hour {
		return i18n.T(ctx, key+"days", "N", int(d.Hours()/24))
	}
	return i18n.T(ctx, key+"hours", "N", max(1, int(d.Hours())))
}

func itoa(n int) string { return strconv.Itoa(n) }

func groupTone(g dashboard.Group) string {
	switch g {
	case dashboard.Overdue:
		return "late"
	case dashboard.Today:
		return "wait"
	}
	return "info"
}

// figureText is a number as it stands: alone, or out of how many.
func figureText(ctx context.Context, f dashboard.Figure) string {
	if f.Of == 0 {
		return ui.Number(ctx, f.N)
	}
	return ui.Number(ctx, f.N) + "/" + ui.Number(ctx, f.Of)
}
