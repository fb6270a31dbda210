package spendingweb

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// publicPer is how many units or decisions one public page shows: the page stays light on a slow network.
const publicPer = 20

// whereView is the public page of where the money went.
type whereView struct {
	spending.Public
	Units     []spending.UnitPublic // of this page
	Paging    ui.Paging
	Decisions []spending.DecisionPublic
	All       bool // every decision is shown
}

func (p *Pages) where(w http.ResponseWriter, r *http.Request) error {
	v, err := p.Service.PublicView(r.Context(), r.PathValue("code"))
	if err != nil {
		return err
	}
	path, n := WherePath(v.Appeal.Code), len(v.Units)
	page := min(pageOf(r.URL.Query()), max(1, (n+publicPer-1)/publicPer))
	view := whereView{Public: v, Units: v.Units[(page-1)*publicPer : min(page*publicPer, n)], Decisions: v.Decisions, All: true,
		Paging: ui.Paging{Page: page, Per: publicPer, Total: n, URL: func(n int) string { return path + "?trang=" + strconv.Itoa(n) }}}
	if len(view.Decisions) > 5 && r.URL.Query().Get("quyet-dinh") != "tat-ca" {
		view.Decisions, view.All = view.Decisions[:5], false
	}
	if len(view.Decisions) > 60 {
		view.Decisions = view.Decisions[:60]
	}
	return web.Render(w, r, http.StatusOK, wherePage(view))
}

// headBars is how the money was allotted among the heads of the law.
func (v whereView) headBars(ctx context.Context) []ui.Bar {
	var out []ui.Bar
	for _, h := range v.Heads {
		out = append(out, ui.Bar{Label: headText(ctx, h.Head), Value: int(h.Allotted),
			Text: i18n.T(ctx, "spending.where.head_value", "Allotted", vnd(ctx, h.Allotted), "Paid", strconv.Itoa(percent(h.Paid, h.Allotted)))})
	}
	return out
}

// promise says of one decision what was promised and done, in words.
func promise(ctx context.Context, p spending.Promise, kind string) string {
	if p.Target == 0 && p.Done == 0 {
		return ""
	}
	if p.Target == 0 {
		return i18n.T(ctx, "spending.where.done_"+kind, "Done", doneText(ctx, p.Done, kind))
	}
	return i18n.T(ctx, "spending.where.promise_"+kind, "Target", ui.Number(ctx, p.Target), "Done", doneText(ctx, p.Done, kind))
}

// doneText is a count; a few households are not counted in public.
func doneText(ctx context.Context, n int, kind string) string {
	if kind == "household" && n > 0 && n < spending.FewHouseholds {
		return i18n.T(ctx, "spending.where.few")
	}
	return ui.Number(ctx, n)
}

// unitText says in one line what a unit received; few households are not counted in public.
func unitText(ctx context.Context, u spending.UnitPublic) string {
	out := i18n.T(ctx, "spending.where.unit_allotted", "Amount", vnd(ctx, u.Allotted))
	switch {
	case u.Few:
		out += ", " + i18n.T(ctx, "spending.where.under_way")
	case u.Paid > 0:
		out += ", " + i18n.T(ctx, "spending.where.unit_paid", "Amount", vnd(ctx, u.Paid))
		if u.Households > 0 {
			out += " (" + i18n.T(ctx, "spending.where.unit_households", "Count", ui.Number(ctx, u.Households)) + ")"
		}
	}
	return out
}

// coverLine says in one line what a commune needs and was given.
func coverLine(ctx context.Context, c spending.Coverage) string {
	out := i18n.T(ctx, "spending.map.need") + " " + vnd(ctx, c.Need)
	if c.Allotted > 0 {
		out += " · " + i18n.T(ctx, "spending.map.money") + " " + vnd(ctx, c.Allotted)
	}
	if c.Goods > 0 {
		out += " · " + i18n.T(ctx, "spending.map.goods") + " " + vnd(ctx, c.Goods) + ", " + i18n.T(ctx, "spending.map.arrived") + " " + vnd(ctx, c.Arrived)
	}
	return out
}

// short writes a large amount so that it fits a phone: in thousand millions or millions, cut off and never rounded up.
func short(ctx context.Context, v money.VND) string {
	unit, key := money.VND(0), ""
	switch {
	case v >= 1_000_000_000:
		unit, key = 1_000_000_000, "spending.billion"
	case v >= 1_000_000:
		unit, key = 1_000_000, "spending.million"
	default:
		return vnd(ctx, v)
	}
	sep := ","
	if i18n.Lang(ctx) == "en" {
		sep = "."
	}
	text := ui.Number(ctx, int(v/unit))
	if part := strings.TrimRight(fmt.Sprintf("%02d", v%unit*100/unit), "0"); part != "" {
		text += sep + part
	}
	return i18n.T(ctx, key, "N", text)
}

// journeyView is the public page of what became of the gifts of a day.
type journeyView struct {
	spending.Journey
}

func (p *Pages) journey(w http.ResponseWriter, r *http.Request) error {
	j, err := p.Service.GiftJourney(r.Context(), r.PathValue("gift"))
	if err != nil {
		return err
	}
	if j.Appeal.Code != r.PathValue("code") {
		return web.SeeOther(w, r, JourneyPath(j.Appeal.Code, r.PathValue("gift")))
	}
	return web.Render(w, r, http.StatusOK, journeyPage(journeyView{j}))
}

// perMille writes thousandths as percent: 12,5 %.
func perMille(ctx context.Context, n int) string {
	sep := ","
	if i18n.Lang(ctx) == "en" {
		sep = "."
	}
	if n%10 == 0 {
		return strconv.Itoa(n/10) + " %"
	}
	return strconv.Itoa(n/10) + sep + strconv.Itoa(n%10) + " %"
}

func (v journeyView) bars(ctx context.Context) []ui.Bar {
	var out []ui.Bar
	heads := map[string]int{}
	for _, s := range v.Steps {
		label := headText(ctx, s.Head)
		if at, ok := heads[label]; ok {
			out[at].Value += s.PerMille
			continue
		}
		heads[label] = len(out)
		out = append(out, ui.Bar{Label: label, Value: s.PerMille, Tone: "ok"})
	}
	if v.Passed.Amount > 0 {
		out = append(out, ui.Bar{Label: i18n.T(ctx, "spending.journey.passed"), Value: v.Passed.PerMille, Tone: "info"})
	}
	if v.Held.Amount > 0 || len(out) == 0 {
		out = append(out, ui.Bar{Label: i18n.T(ctx, "spending.journey.held"), Value: v.Held.PerMille, Tone: "mute"})
	}
	for i := range out {
		out[i].Text = perMille(ctx, out[i].Value)
	}
	return out
}

// handed says how far one share has been handed over.
func handed(ctx context.Context, s spending.JourneyStep) string {
	switch {
	case s.PaidPart < 0:
		return i18n.T(ctx, "spending.where.under_way")
	case s.PaidPart == 0:
		return i18n.T(ctx, "spending.journey.not_yet")
	case s.PaidPart >= 100:
		return i18n.T(ctx, "spending.journey.all")
	}
	return i18n.T(ctx, "spending.journey.part", "Part", strconv.Itoa(s.PaidPart))
}

// mapView is the public page of which communes need and received.
type mapView struct {
	Code, Name string
	Map        ui.MapProps
	Rows       []spending.Coverage
	Counts     map[spending.CoverState]int
	All        bool
	Quiet      int // communes that said nothing and got nothing
}

func (p *Pages) coverage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	appeal, list, err := p.Service.Map(ctx, r.PathValue("code"))
	if err != nil {
		return err
	}
	v := mapView{Code: appeal.Code, Name: appeal.Name, Counts: map[spending.CoverState]int{}}
	at := map[string]spending.Coverage{}
	for _, c := range list {
		v.Counts[c.State]++
		at[c.Code] = c
		if c.State == spending.NoNeed && c.Received() == 0 {
			v.Quiet++
			continue
		}
		v.Rows = append(v.Rows, c)
	}
	if v.All = r.URL.Query().Get("tat-ca") == "1" || len(v.Rows) <= 2*publicPer; !v.All {
		v.Rows = v.Rows[:2*publicPer]
	}
	if len(p.Shapes) > 0 && len(v.Rows) > 0 {
		v.Map = ui.MapProps{Title: i18n.T(ctx, "spending.map.title"), ViewBox: p.ViewBox}
		for _, s := range spending.CoverStates() {
			v.Map.Legend = append(v.Map.Legend, ui.LegendItem{Tone: coverTone(s), Text: coverText(ctx, s) + " (" + strconv.Itoa(v.Counts[s]) + ")"})
		}
		for _, s := range p.Shapes {
			c, known := at[s.Code]
			s.Tone = "mute"
			if known {
				s.Tone, s.Value = coverTone(c.State), coverText(ctx, c.State)
			}
			v.Map.Shapes = append(v.Map.Shapes, s)
		}
	}
	return web.Render(w, r, http.StatusOK, mapPage(v))
}

func coverText(ctx context.Context, s spending.CoverState) string {
	return i18n.T(ctx, "spending.cover."+string(s))
}

func coverTone(s spending.CoverState) string {
	switch s {
	case spending.Uncovered:
		return "late"
	case spending.Fresh:
		return "wait"
	case spending.Partly:
		return "info"
	case spending.Covered:
		return "ok"
	}
	return "mute"
}
