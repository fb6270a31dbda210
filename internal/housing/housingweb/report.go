package housingweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// reportView is the status report.
type reportView struct {
	housing.Report
	Query      url.Values
	Programmes []ui.Option
	Places     []ui.Option
	Print      bool
	Map        *ui.MapProps
}

// reportOf reads the report of an address; without a programme the first that is not closed.
func (p *Pages) reportOf(r *http.Request) (reportView, error) {
	ctx := r.Context()
	v := reportView{Query: known(r.URL.Query()), Print: r.URL.Query().Get("in") == "1"}
	if !r.URL.Query().Has("ct") {
		list, err := p.Service.Programmes(ctx, identity.ActorFrom(ctx))
		if err != nil {
			return v, err
		}
		if len(list) > 0 {
			v.Query.Set("ct", list[0].ID)
		}
	}
	var err error
	if v.Report, err = p.Service.Report(ctx, identity.ActorFrom(ctx), queryOf(v.Query)); err != nil {
		return v, err
	}
	v.Programmes, err = p.programmeOptions(ctx, v.Query.Get("ct"), true)
	v.Places = p.places(ctx, housing.ActionRead, v.Query.Get("don_vi"), i18n.T(ctx, "housing.filter.all_units"))
	return v, err
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	v, err := p.reportOf(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, reportPage(v))
}

func reportHead(ctx context.Context) []string {
	out := []string{i18n.T(ctx, "housing.col.unit"), i18n.T(ctx, "housing.col.source"), i18n.T(ctx, "housing.col.kind")}
	for _, s := range housing.States {
		out = append(out, i18n.T(ctx, "housing.state."+string(s)))
	}
	return append(out, i18n.T(ctx, "housing.col.approved"), i18n.T(ctx, "housing.col.paid"))
}

func (p *Pages) reportExcel(w http.ResponseWriter, r *http.Request) error {
	v, err := p.reportOf(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	status := xlsx.Sheet{Name: i18n.T(ctx, "housing.report.status"), Head: reportHead(ctx)}
	for _, l := range v.Lines {
		status.Rows = append(status.Rows, lineCells(ctx, l, l.Unit, sourceText(ctx, l.Source), i18n.T(ctx, "housing.kind."+string(l.Kind))))
	}
	status.Rows = append(status.Rows, lineCells(ctx, v.Total, i18n.T(ctx, "housing.report.total"), "", ""))
	plan := xlsx.Sheet{Name: i18n.T(ctx, "housing.report.plan"), Head: words(ctx, "housing.col.", "unit", "target", "all", "done", "percent")}
	for _, x := range append(v.Plans, totalPlan(ctx, v.PlanTotal)) {
		plan.Rows = append(plan.Rows, []any{x.Unit, x.Target, x.All, x.Done, percent(x)})
	}
	paused := xlsx.Sheet{Name: i18n.T(ctx, "housing.report.paused"), Head: words(ctx, "housing.col.", "code", "head", "unit", "since", "why")}
	for _, c := range v.Paused {
		paused.Rows = append(paused.Rows, []any{c.Code, c.Initials, c.Unit, c.StateOn, c.Why})
	}
	return xlsx.Send(w, "bao-cao-nha-o.xlsx", status, plan, paused)
}

func words(ctx context.Context, prefix string, keys ...string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = i18n.T(ctx, prefix+k)
	}
	return out
}

func lineCells(_ context.Context, l housing.Line, first ...string) []any {
	var out []any
	for _, f := range first {
		out = append(out, f)
	}
	for _, s := range housing.States {
		out = append(out, l.Count[s])
	}
	return append(out, int64(l.Approved), int64(l.Paid))
}

func totalPlan(ctx context.Context, p housing.Plan) housing.Plan {
	p.Unit = i18n.T(ctx, "housing.report.total")
	return p
}

func percent(p housing.Plan) string {
	if p.Percent() < 0 {
		return "–"
	}
	return strconv.Itoa(p.Percent()) + " %"
}

// programmeView is a programme with its plan, or the form of a new one.
type programmeView struct {
	housing.Programme
	New       bool
	May       bool
	Units     []ui.Option
	Targets   []housing.Target
	In        url.Values
	Err       error
	TargetErr error
}

// programmesView lists programmes.
type programmesView struct {
	List []housing.Programme
	May  bool
}

func (p *Pages) programmes(w http.ResponseWriter, r *http.Request) error {
	actor := identity.ActorFrom(r.Context())
	list, err := p.Service.Programmes(r.Context(), actor)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, programmesPage(programmesView{List: list, May: p.Service.Authz.CanSomewhere(actor, housing.ActionProgramme)}))
}

func (p *Pages) newProgramme(w http.ResponseWriter, r *http.Request) error {
	return p.showProgramme(w, r, programmeView{New: true, May: true, In: url.Values{}})
}

func (p *Pages) programme(w http.ResponseWriter, r *http.Request) error {
	return p.showProgramme(w, r, programmeView{Programme: housing.Programme{ID: r.PathValue("id")}})
}

func (p *Pages) showProgramme(w http.ResponseWriter, r *http.Request, v programmeView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	if v.New {
		for _, u := range p.Service.Authz.Scope(actor, housing.ActionProgramme) {
			v.Units = append(v.Units, ui.Option{Value: u, Text: p.Service.Unit(u).FullName, Selected: u == v.In.Get("unit")})
		}
	} else {
		pr, targets, err := p.Service.Targets(ctx, actor, v.ID)
		if err != nil {
			return err
		}
		v.Programme, v.Targets = pr, targets
		v.May = p.Service.Authz.Can(actor, housing.ActionProgramme, identity.InUnit(pr.UnitID))
		if v.In == nil {
			v.In = url.Values{"name": {pr.Name}, "from": {strconv.Itoa(pr.From)}, "to": {strconv.Itoa(pr.To)}, "legal": {pr.LegalBase}, "norm_new": {pr.NormNew.String()}, "norm_fix": {pr.NormFix.String()}}
			if pr.Closed {
				v.In.Set("closed", "1")
			}
		}
	}
	status := http.StatusOK
	for _, err := range []error{v.Err, v.TargetErr} {
		if err != nil {
			status = web.Status(fault.KindOf(err))
		}
	}
	return web.Render(w, r, status, programmePage(v))
}

func (p *Pages) saveProgramme(w http.ResponseWriter, r *http.Request) error {
	f := r.PostFormValue
	var bad fault.Fields
	year := func(field string) int {
		n, err := strconv.Atoi(strings.TrimSpace(f(field)))
		if err != nil {
			bad.Add(fault.Field(field, "housing.year_odd"))
		}
		return n
	}
	x := housing.Programme{ID: f("id"), UnitID: f("unit"), Name: f("name"), From: year("from"), To: year("to"), LegalBase: f("legal"), NormNew: amount(&bad, "norm_new", f("norm_new")),
		NormFix: amount(&bad, "norm_fix", f("norm_fix")), Closed: f("closed") != ""}
	err := bad.OrNil()
	if err == nil {
		x, err = p.Service.SaveProgramme(r.Context(), identity.ActorFrom(r.Context()), x)
	}
	if err == nil {
		return web.SeeOther(w, r, ui.WithFlash(programmePath+"/"+url.PathEscape(x.ID), "housing.programme.saved"))
	}
	if !refused(err) {
		return err
	}
	return p.showProgramme(w, r, programmeView{Programme: housing.Programme{ID: x.ID}, New: x.ID == "", May: true, In: r.PostForm, Err: err})
}

func (p *Pages) saveTargets(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "housing.form_broken").Because(err)
	}
	plan := map[string]int{}
	var bad fault.Fields
	for name, vals := range r.PostForm {
		unit, ok := strings.CutPrefix(name, "t-")
		if !ok || strings.TrimSpace(vals[0]) == "" {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(vals[0]))
		if err != nil {
			bad.Add(fault.Field(name, "housing.target_odd").With("Limit", housing.MaxTarget))
		}
		plan[unit] = n
	}
	err := bad.OrNil()
	if err == nil {
		err = p.Service.SetTargets(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), plan)
	}
	if err == nil {
		return web.SeeOther(w, r, ui.WithFlash(programmePath+"/"+url.PathEscape(r.PathValue("id")), "housing.programme.saved"))
	}
	if !refused(err) {
		return err
	}
	return p.showProgramme(w, r, programmeView{Programme: housing.Programme{ID: r.PathValue("id")}, In: nil, TargetErr: err})
}

// publicView is the page of progress.
type publicView struct {
	housing.Progress
	Map *ui.MapProps
}

func (p *Pages) public(w http.ResponseWriter, r *http.Request) error {
	g, err := p.Service.Public(r.Context(), p.Province(), r.URL.Query().Get("ct"))
	if err != nil {
		return err
	}
	v := publicView{Progress: g}
	if len(p.Shapes) > 0 && len(g.Lines) > 0 {
		v.Map = p.mapOf(r.Context(), g.Lines)
	}
	return web.Render(w, r, http.StatusOK, publicPage(v))
}

// mapOf colours the communes by what is handed over; those with few houses look like those without.
func (p *Pages) mapOf(ctx context.Context, lines []housing.PublicLine) *ui.MapProps {
	byCode := map[string]housing.PublicLine{}
	for _, l := range lines {
		byCode[p.Service.Unit(l.UnitID).Code] = l
	}
	m := &ui.MapProps{Title: i18n.T(ctx, "housing.public.map"), ViewBox: p.ViewBox, Legend: []ui.LegendItem{{Tone: "ok", Text: i18n.T(ctx, "housing.public.map_done")},
		{Tone: "info", Text: i18n.T(ctx, "housing.public.map_going")}, {Tone: "wait", Text: i18n.T(ctx, "housing.public.map_begun")}, {Tone: "mute", Text: i18n.T(ctx, "housing.public.map_few")}}}
	for _, s := range p.Shapes {
		l, ok := byCode[s.Code]
		s.Tone, s.Value = "mute", ""
		if ok && !l.Few && l.All > 0 {
			s.Value = i18n.T(ctx, "housing.public.line", "Done", l.Done, "All", l.All)
			switch {
			case l.Done == l.All:
				s.Tone = "ok"
			case l.Done*2 >= l.All:
				s.Tone = "info"
			default:
				s.Tone = "wait"
			}
		}
		m.Shapes = append(m.Shapes, s)
	}
	return m
}
