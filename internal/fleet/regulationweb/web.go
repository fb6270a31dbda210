// Package regulationweb draws the posting regulation: what it demands of posts, who answers for the channels of a unit, and the
// report of which units conform.
package regulationweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/fleet/regulation"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the words of the regulation.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

const (
	// Base is where the report stands.
	Base     = "/lam-viec/doi-kenh/dat-chuan"
	rulePath = "/lam-viec/doi-kenh/quy-che"
	perPage  = 50
)

// Pages serves the screens.
type Pages struct {
	Service *regulation.Service
	// Categories lists the subject headings of posts, with their names; the roof asks publishing.
	Categories func(ctx context.Context) ([]ui.Option, error)
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, fleet.ActionSee, p.report)
	r.Can("GET "+Base+".xlsx", fleet.ActionSee, p.excel)
	r.Can("GET "+rulePath, fleet.ActionRule, p.rule)
	r.Can("POST "+rulePath, fleet.ActionRule, p.set)
	r.Can("POST "+rulePath+"/thanh-vien", fleet.ActionRule, p.add)
	r.Can("POST "+rulePath+"/thanh-vien/{id}/ket-thuc", fleet.ActionRule, p.end)
}

func tabs(ctx context.Context, active string, rules bool) []ui.Tab {
	out := []ui.Tab{{Text: i18n.T(ctx, "regulation.tab.report"), Href: Base, Active: active == Base}}
	if rules {
		out = append(out, ui.Tab{Text: i18n.T(ctx, "regulation.tab.rule"), Href: rulePath, Active: active == rulePath})
	}
	return out
}

// reportView is the report, one page of it.
type reportView struct {
	Tabs   []ui.Tab
	Report regulation.Report
	Rows   []regulation.Unit
	Paging ui.Paging
	Only   bool // only units that lack something
}

func (p *Pages) report(w http.ResponseWriter, r *http.Request) error {
	ctx, q := r.Context(), r.URL.Query()
	a := identity.ActorFrom(ctx)
	rep, err := p.Service.Conformity(ctx, a)
	if err != nil {
		return err
	}
	v := reportView{Report: rep, Rows: rep.Units, Only: q.Get("chua") == "1", Tabs: tabs(ctx, Base, p.Service.Authz.CanSomewhere(a, fleet.ActionRule))}
	if v.Only {
		v.Rows = nil
		for _, u := range rep.Units {
			if len(u.Findings) > 0 {
				v.Rows = append(v.Rows, u)
			}
		}
	}
	total := len(v.Rows)
	page, _ := strconv.Atoi(q.Get("trang")) // what is no number is the first page
	page = max(1, min(page, (total+perPage-1)/perPage))
	v.Paging = ui.Paging{Page: page, Per: perPage, Total: total, URL: func(n int) string {
		c := url.Values{"trang": {strconv.Itoa(n)}}
		if v.Only {
			c.Set("chua", "1")
		}
		return Base + "?" + c.Encode()
	}}
	if q.Get("in") == "1" {
		v.Paging = ui.Paging{Page: 1, Per: total, Total: total}
	} else {
		v.Rows = v.Rows[(page-1)*perPage : min(page*perPage, total)]
	}
	return web.Render(w, r, http.StatusOK, reportPage(v))
}

// findingText is one sentence of what is lacking and what to do.
func findingText(ctx context.Context, f regulation.Finding) string {
	kind, body := "", ""
	if f.Kind != "" {
		kind = i18n.T(ctx, "channel.kind."+string(f.Kind))
	}
	if f.Body != "" {
		body = i18n.T(ctx, "regulation.body."+string(f.Body))
	}
	switch f.What {
	case "missing", "no_body", "term_over", string(fleet.NameOff), string(fleet.PictureOff), string(fleet.LogoOff), string(fleet.CoverOff), string(fleet.DescribedOff), string(fleet.UnitChanged):
		return i18n.T(ctx, "regulation.finding."+f.What, "Kind", kind, "Account", f.Account, "Expect", f.Expect, "Body", body, "Name", f.Name)
	}
	return i18n.T(ctx, "regulation.finding.state", "Account", f.Account, "State", i18n.T(ctx, "fleet.condition."+f.What))
}

func (p *Pages) excel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rep, err := p.Service.Conformity(ctx, identity.ActorFrom(ctx))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "regulation.report"), Head: []string{i18n.T(ctx, "regulation.col.unit"), i18n.T(ctx, "regulation.col.count"), i18n.T(ctx, "regulation.col.lacks")}}
	for _, u := range rep.Units {
		var lines []string
		for _, f := range u.Findings {
			lines = append(lines, findingText(ctx, f))
		}
		s.Rows = append(s.Rows, []any{u.Name, len(u.Findings), strings.Join(lines, " ")})
	}
	return xlsx.Send(w, "dat-chuan.xlsx", s)
}

// ruleView is the regulation of one unit and who answers for its channels.
type ruleView struct {
	Tabs       []ui.Tab
	Unit       string
	Units      []ui.Option
	Above      string // a higher unit has set the rule: its name
	Bands      string
	Categories []ui.Option
	Approved   []ui.Option
	Members    []memberRow
	Member     regulation.Member
	Bodies     []ui.Option
	RuleErr    error
	MemberErr  error
}

type memberRow struct {
	regulation.Member
	Sits bool
}

func (p *Pages) rule(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, r.URL.Query().Get("don_vi"), http.StatusOK, nil)
}

// show draws the page; change puts in what was typed into a refused form.
func (p *Pages) show(w http.ResponseWriter, r *http.Request, unit string, status int, change func(*ruleView)) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	roots := p.Service.Authz.Scope(a, fleet.ActionRule)
	if unit == "" && len(roots) > 0 {
		unit = roots[0]
	}
	rule, err := p.Service.Rule(ctx, a, unit)
	if err != nil {
		return err
	}
	v := ruleView{Tabs: tabs(ctx, rulePath, true), Unit: unit, Member: regulation.Member{From: clock.DateOf(p.Service.Clock.Now())}}
	for _, x := range roots {
		v.Units = append(v.Units, ui.Option{Value: x, Text: p.unitName(x), Selected: x == unit})
	}
	if rule.UnitID != "" && rule.UnitID != unit {
		v.Above = p.unitName(rule.UnitID)
	}
	var lines []string
	for _, b := range rule.Bands {
		lines = append(lines, b.String())
	}
	v.Bands = strings.Join(lines, "\n")
	cats, err := p.Categories(ctx)
	if err != nil {
		return err
	}
	v.Categories, v.Approved = chosen(cats, rule.Categories), chosen(cats, rule.Above)
	list, err := p.Service.Members(ctx, a, unit)
	if err != nil {
		return err
	}
	for _, m := range list {
		v.Members = append(v.Members, memberRow{m, m.Sits(clock.DateOf(p.Service.Clock.Now()))})
	}
	if change != nil {
		change(&v)
	}
	for _, b := range regulation.Bodies() {
		v.Bodies = append(v.Bodies, ui.Option{Value: string(b), Text: i18n.T(ctx, "regulation.body."+string(b)), Selected: b == v.Member.Body})
	}
	return web.Render(w, r, status, rulePage(v))
}

func (p *Pages) unitName(unitID string) string { return p.Service.Fleet.UnitName(unitID) }

func chosen(list []ui.Option, codes []string) []ui.Option {
	out := make([]ui.Option, len(list))
	for i, o := range list {
		o.Selected = false
		for _, c := range codes {
			o.Selected = o.Selected || c == o.Value
		}
		out[i] = o
	}
	return out
}

func (p *Pages) set(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f := r.PostForm
	bands, err := regulation.ParseBands(f.Get("bands"))
	if err == nil {
		err = p.Service.Set(r.Context(), identity.ActorFrom(r.Context()), regulation.Rule{UnitID: f.Get("unit"), Categories: f["categories"], Bands: bands, Above: f["above"]})
	}
	if fault.Is(err, fault.Invalid) {
		return p.show(w, r, f.Get("unit"), http.StatusUnprocessableEntity, func(v *ruleView) {
			v.Bands, v.RuleErr = f.Get("bands"), err
			v.Categories, v.Approved = chosen(v.Categories, f["categories"]), chosen(v.Approved, f["above"])
		})
	}
	if err != nil {
		return err
	}
	return p.back(w, r, f.Get("unit"), "regulation.saved")
}

func (p *Pages) back(w http.ResponseWriter, r *http.Request, unit, flash string) error {
	return web.SeeOther(w, r, ui.WithFlash(rulePath+"?"+url.Values{"don_vi": {unit}}.Encode(), flash))
}

func (p *Pages) add(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f := r.PostForm
	m := regulation.Member{UnitID: f.Get("unit"), Body: regulation.Body(f.Get("body")), Name: f.Get("name"), Title: f.Get("title"), From: clock.Date(f.Get("from")), Until: clock.Date(f.Get("until"))}
	_, err := p.Service.AddMember(r.Context(), identity.ActorFrom(r.Context()), m)
	if fault.Is(err, fault.Invalid) {
		return p.show(w, r, m.UnitID, http.StatusUnprocessableEntity, func(v *ruleView) { v.Member, v.MemberErr = m, err })
	}
	if err != nil {
		return err
	}
	return p.back(w, r, m.UnitID, "regulation.member_added")
}

func (p *Pages) end(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := p.Service.EndMember(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return p.back(w, r, r.PostForm.Get("unit"), "regulation.member_ended")
}
