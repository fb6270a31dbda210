package orgunitweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgadmin"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

const wizardPath = "/quan-tri/sap-xep"

// splitParts is how many new parts the form of a split offers.
const splitParts = 4

type recordsView struct {
	Rows  []orgadmin.Record
	Names map[string]string
}

func (p *Pages) records(w http.ResponseWriter, r *http.Request) error {
	rows, err := p.Admin.Records(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return err
	}
	v := recordsView{Rows: rows, Names: map[string]string{}}
	for _, x := range rows {
		v.Names[x.UnitID] = p.name(x.UnitID, x.On)
	}
	return web.Render(w, r, http.StatusOK, recordsPage(v))
}

func (p *Pages) name(unitID string, on clock.Date) string {
	u, err := p.Units.Forest().Unit(unitID, on)
	if err != nil {
		return unitID
	}
	return u.FullName
}

type recordView struct {
	Record orgadmin.Record
	Unit   string
	Moves  []moved
}

type moved struct{ From, To string }

func (p *Pages) record(w http.ResponseWriter, r *http.Request) error {
	rec, err := p.Admin.Record(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := recordView{Record: rec, Unit: p.name(rec.UnitID, rec.On)}
	for _, m := range rec.Moves {
		v.Moves = append(v.Moves, moved{p.name(m.From, rec.On.AddDays(-1)), p.name(m.To, rec.On)})
	}
	return web.Render(w, r, http.StatusOK, recordPage(v))
}

// wizardView is the form of a plan. The tree offered lies below Under, at Level.
type wizardView struct {
	Plan    orgadmin.Plan
	Under   string
	Level   orgunit.Level
	Tops    []ui.Option // units under which one may choose
	Levels  []ui.Option
	Choices []ui.Option // units to choose from
	Into    string      // chosen standing successor
	Targets []orgadmin.Target
	Err     error
	Preview *orgadmin.Preview
	Kids    []kid // below the unit to be split
	Parts   []ui.Option
}

// kid is one unit below a split one, to be placed in one of the parts.
type kid struct {
	ID, Name string
	Part     int // number of the part; -1 for the default
}

func (p *Pages) wizard(w http.ResponseWriter, r *http.Request) error {
	plan, under, level := readPlan(r, r.URL.Query())
	if plan.On == "" {
		plan.On = p.Units.Today().AddDays(1)
	}
	if plan.Kind == "" {
		plan.Kind = orgadmin.PlanMerge
	}
	return p.showWizard(w, r, http.StatusOK, plan, under, level, nil)
}

func (p *Pages) showWizard(w http.ResponseWriter, r *http.Request, status int, plan orgadmin.Plan, under string, level orgunit.Level, refused error) error {
	f := p.Units.Forest()
	a := identity.ActorFrom(r.Context())
	v := wizardView{Plan: plan, Under: under, Level: level, Err: refused, Targets: targets(plan)}
	day := plan.On.AddDays(-1)
	if !plan.On.Valid() {
		day = p.Units.Today()
	}
	v.Tops = p.tops(f, a, under, day)
	if v.Under == "" && len(v.Tops) > 0 {
		v.Under = v.Tops[0].Value
	}
	if v.Level == "" {
		v.Level = orgunit.LevelCommune
	}
	for _, l := range []orgunit.Level{orgunit.LevelDistrict, orgunit.LevelCommune, orgunit.LevelArea, orgunit.LevelCluster} {
		v.Levels = append(v.Levels, ui.Option{Value: string(l), Text: i18n.T(r.Context(), "orgunit.level_"+string(l)), Selected: l == v.Level})
	}
	chosen := map[string]bool{}
	for _, x := range plan.From {
		chosen[x] = true
	}
	if v.Under != "" && f.Has(v.Under) && len(v.Tops) > 0 {
		for _, u := range f.AtLevel(v.Level, orgunit.KindFront, v.Under, day) {
			v.Choices = append(v.Choices, ui.Option{Value: u.ID, Text: u.FullName, Selected: chosen[u.ID], Hint: place(f, u, day)})
		}
	}
	for _, t := range plan.Into {
		if t.UnitID != "" {
			v.Into = t.UnitID
		}
	}
	return web.Render(w, r, status, wizardPage(v))
}

// tops are the units below which the official may plan: their own ones, and all provinces for the IT team.
func (p *Pages) tops(f *orgunit.Forest, a identity.Actor, chosen string, on clock.Date) []ui.Option {
	var out []ui.Option
	seen := map[string]bool{}
	add := func(u orgunit.Unit) {
		if !seen[u.ID] && u.Stands(on) {
			seen[u.ID] = true
			out = append(out, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == chosen})
		}
	}
	for _, root := range p.roots(a) {
		if root == "" {
			for _, u := range f.AtLevel(orgunit.LevelProvince, orgunit.KindFront, "", on) {
				add(u)
			}
			continue
		}
		if u, err := f.Unit(root, on); err == nil {
			add(u)
		}
	}
	if u, err := f.Unit(chosen, on); err == nil {
		for _, t := range out {
			if f.Under(u.ID, t.Value, on) {
				add(u)
				break
			}
		}
	}
	return out
}

// place tells units of one name apart: what they stand under.
func place(f *orgunit.Forest, u orgunit.Unit, on clock.Date) string {
	if up, err := f.Unit(u.ParentID, on); err == nil && up.Level.Rank() > orgunit.LevelProvince.Rank() {
		return up.FullName
	}
	return ""
}

// targets fills the form's rows for new units.
func targets(p orgadmin.Plan) []orgadmin.Target {
	n := 1
	if p.Kind == orgadmin.PlanSplit {
		n = splitParts
	}
	var out []orgadmin.Target
	for _, t := range p.Into {
		if t.UnitID == "" {
			out = append(out, t)
		}
	}
	for len(out) < n {
		out = append(out, orgadmin.Target{})
	}
	return out[:n]
}

// readPlan reads the wizard's form, whatever is in it. Rows of new units are name, type, code and name1, type1, code1 …
func readPlan(_ *http.Request, q url.Values) (p orgadmin.Plan, under string, level orgunit.Level) {
	p = orgadmin.Plan{Kind: orgadmin.PlanKind(q.Get("kind")), On: clock.Date(q.Get("on")), Basis: strings.TrimSpace(q.Get("basis")),
		From: q["from"], Keeps: q.Get("keeps") != "", Level: orgunit.Level(q.Get("level")), Assign: map[string]int{}}
	if d, err := clock.ParseDate(q.Get("on")); err == nil {
		p.On = d
	}
	if p.Kind == orgadmin.PlanCloseLevel && q.Get("under") != "" {
		p.From = []string{q.Get("under")}
	}
	if into := q.Get("into"); into != "" && p.Kind == orgadmin.PlanMerge {
		p.Into = append(p.Into, orgadmin.Target{UnitID: into})
	}
	for i := range splitParts {
		n := ""
		if i > 0 {
			n = strconv.Itoa(i)
		}
		t := orgadmin.Target{Name: strings.TrimSpace(q.Get("name" + n)), Type: strings.TrimSpace(q.Get("type" + n)), Code: strings.TrimSpace(q.Get("code" + n))}
		if t.Name+t.Type+t.Code != "" && !(p.Kind == orgadmin.PlanMerge && len(p.Into) > 0) && p.Kind != orgadmin.PlanCloseLevel {
			p.Into = append(p.Into, t)
		}
	}
	for k, v := range q {
		if unitID, ok := strings.CutPrefix(k, "part."); ok && len(v) > 0 && v[0] != "" {
			if part, err := strconv.Atoi(v[0]); err == nil {
				p.Assign[unitID] = part
			}
		}
	}
	return p, q.Get("under"), p.Level
}

func (p *Pages) form(r *http.Request) (orgadmin.Plan, string, orgunit.Level, error) {
	if err := r.ParseForm(); err != nil {
		return orgadmin.Plan{}, "", "", fault.New(fault.Invalid, "orgadmin.form_unreadable").Because(err)
	}
	plan, under, level := readPlan(r, r.PostForm)
	if plan.Kind == orgadmin.PlanMerge && len(plan.Into) == 0 { // an empty row is a new unit without a name
		plan.Into = []orgadmin.Target{{}}
	}
	return plan, under, level, nil
}

func (p *Pages) preview(w http.ResponseWriter, r *http.Request) error {
	plan, under, level, err := p.form(r)
	if err != nil {
		return err
	}
	pre, err := p.Admin.Preview(r.Context(), identity.ActorFrom(r.Context()), plan)
	if fault.Is(err, fault.Invalid) {
		return p.showWizard(w, r, http.StatusUnprocessableEntity, plan, under, level, err)
	}
	if err != nil {
		return err
	}
	v := wizardView{Plan: plan, Under: under, Level: level, Preview: &pre}
	v.Kids, v.Parts = p.kids(r.Context(), plan)
	return web.Render(w, r, http.StatusOK, previewPage(v))
}

// kids lists what stands below a unit to be split, with the part each is placed in.
func (p *Pages) kids(ctx context.Context, plan orgadmin.Plan) (out []kid, parts []ui.Option) {
	if plan.Kind != orgadmin.PlanSplit || len(plan.From) != 1 {
		return nil, nil
	}
	if plan.Keeps {
		parts = append(parts, ui.Option{Value: "", Text: i18n.T(ctx, "orgadmin.stays")})
	}
	for i, t := range plan.Into {
		parts = append(parts, ui.Option{Value: strconv.Itoa(i), Text: t.Type + " " + t.Name})
	}
	for _, k := range p.Units.Forest().Children(plan.From[0], plan.On) {
		part, named := plan.Assign[k.ID]
		if !named && plan.Keeps {
			part = -1
		}
		out = append(out, kid{k.ID, k.FullName, part})
	}
	return out, parts
}

func (p *Pages) reorganise(w http.ResponseWriter, r *http.Request) error {
	plan, under, level, err := p.form(r)
	if err != nil {
		return err
	}
	recordID, err := p.Admin.Reorganise(r.Context(), identity.ActorFrom(r.Context()), plan)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.showWizard(w, r, http.StatusUnprocessableEntity, plan, under, level, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(wizardPath+"/"+recordID, "orgadmin.reorganised"))
}

// hidden is one field that carries the plan from the preview to the decision.
type hidden struct{ Name, Value string }

func (v wizardView) hidden() []hidden {
	out := []hidden{{"kind", string(v.Plan.Kind)}, {"on", string(v.Plan.On)}, {"basis", v.Plan.Basis}, {"under", v.Under}, {"level", string(v.Level)}}
	if v.Plan.Keeps {
		out = append(out, hidden{"keeps", "1"})
	}
	for _, x := range v.Plan.From {
		out = append(out, hidden{"from", x})
	}
	row := 0
	for _, t := range v.Plan.Into {
		if t.UnitID != "" {
			out = append(out, hidden{"into", t.UnitID})
			continue
		}
		n := ""
		if row > 0 {
			n = strconv.Itoa(row)
		}
		row++
		out = append(out, hidden{"name" + n, t.Name}, hidden{"type" + n, t.Type}, hidden{"code" + n, t.Code})
	}
	return out
}
