// Package routingweb draws the pages of routing: for administrators the categories, the table of who answers for what and
// the bodies outside; for such a body the one page behind its link, without sign-in; and the acts of a desk on them.
package routingweb

import (
	"context"
	"embed"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the texts of routing.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// TablePath is where administrators keep the table.
const TablePath = "/quan-tri/phan-luong"

// Pages serves the pages.
type Pages struct{ S *routing.Service }

// Routes adds the pages.
func (p *Pages) Routes(r *web.Routes) {
	r.Public("GET "+routing.LinkPath+"{token}", p.link)
	r.Public("POST "+routing.LinkPath+"{token}", p.answer)
	r.Can("POST /lam-viec/co-quan/{ask}/dua-vao", feedback.ActionWork, p.takeOver)
	r.Can("POST /lam-viec/co-quan/{ask}/thu-hoi", feedback.ActionWork, p.revoke)
	r.Can("GET "+TablePath, routing.ActionEdit, p.table)
	r.Can("GET "+TablePath+".xlsx", routing.ActionEdit, p.excel)
	r.Can("POST "+TablePath+"/quy-tac", routing.ActionEdit, p.setRule)
	r.Can("POST "+TablePath+"/quy-tac/{id}/ket-thuc", routing.ActionEdit, p.endRule)
	r.Can("POST "+TablePath+"/linh-vuc", routing.ActionEdit, p.saveCategory)
	r.Can("POST "+TablePath+"/co-quan", routing.ActionEdit, p.saveBody)
}

type words struct{ ctx context.Context }

// T implements feedback.Words.
func (w words) T(id string, args ...any) string { return i18n.T(w.ctx, id, args...) }

func (p *Pages) unit(ctx context.Context, unitID string) string {
	return feedback.BodyName(words{ctx}, p.S.Cases.Unit(unitID))
}

// linkView is what an outside body reads behind its link.
type linkView struct {
	routing.Ask
	Token, Unit  string
	Open         bool
	Typed, Named string
	Err          error
}

func (p *Pages) renderLink(w http.ResponseWriter, r *http.Request, status int, v linkView) error {
	a, err := p.S.ByLink(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	v.Ask, v.Token, v.Unit, v.Open = a, r.PathValue("token"), p.unit(r.Context(), a.UnitID), a.Open(p.S.Cases.Clock.Now())
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, status, linkPage(v))
}

func (p *Pages) link(w http.ResponseWriter, r *http.Request) error {
	return p.renderLink(w, r, http.StatusOK, linkView{})
}

func (p *Pages) answer(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		var big *http.MaxBytesError
		if errors.As(err, &big) {
			return fault.New(fault.TooLarge, "routing.too_long").Because(err)
		}
		return fault.New(fault.Invalid, "feedback.form_broken").Because(err)
	}
	err := p.S.AnswerByLink(r.Context(), r.PathValue("token"), r.PostForm.Get("answer"), r.PostForm.Get("who"))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.renderLink(w, r, web.Status(fault.KindOf(err)), linkView{Typed: r.PostForm.Get("answer"), Named: r.PostForm.Get("who"), Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, routing.LinkPath+r.PathValue("token"))
}

func (p *Pages) takeOver(w http.ResponseWriter, r *http.Request) error {
	caseID, err := p.S.TakeOver(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("ask"))
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(feedback.Href(caseID), "routing.done.taken"))
}

func (p *Pages) revoke(w http.ResponseWriter, r *http.Request) error {
	caseID, err := p.S.Revoke(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("ask"))
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(feedback.Href(caseID), "routing.done.revoked"))
}

// tableView is everything that administrators keep.
type tableView struct {
	Now, Past  []ruleLine
	Categories []routing.Category
	Bodies     []bodyLine
	Cats       []ui.Option // active categories
	Places     []ui.Option
	Targets    []ui.Option
	Units      []ui.Option
	Today      clock.Date
	All        bool
	Act        string
	Typed      url.Values
	Err        error
}

type ruleLine struct {
	routing.Rule
	Cat, Place, To string
}

type bodyLine struct {
	routing.Body
	Unit string
}

func (v tableView) on(act string) error {
	if v.Act == act {
		return v.Err
	}
	return nil
}

func (v tableView) typed(act, field, other string) string {
	if v.Act == act && v.Typed != nil {
		return v.Typed.Get(field)
	}
	return other
}

func (p *Pages) table(w http.ResponseWriter, r *http.Request) error {
	return p.renderTable(w, r, http.StatusOK, tableView{})
}

func (p *Pages) renderTable(w http.ResponseWriter, r *http.Request, status int, v tableView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	v.Today = p.S.Cases.Today()
	for _, l := range lines {
		if l.ends() > v.Today {
			v.Now = append(v.Now, l)
		} else {
			v.Past = append(v.Past, l)
		}
	}
	if v.Categories, err = p.S.Categories(ctx); err != nil {
		return err
	}
	for _, c := range v.Categories {
		if c.Active {
			v.Cats = append(v.Cats, ui.Option{Value: c.Code, Text: c.Name(i18n.Lang(ctx))})
		}
	}
	bodies, err := p.S.AllBodies(ctx, actor)
	if err != nil {
		return err
	}
	v.All = p.S.Cases.Authz.Check(actor, routing.ActionEdit, identity.InUnit(p.S.Root)) == nil
	if v.All {
		v.Places = append(v.Places, ui.Option{Value: "", Text: i18n.T(ctx, "routing.everywhere")})
	}
	for _, u := range p.S.Cases.Authz.Scope(actor, routing.ActionEdit) {
		v.Places = append(v.Places, ui.Option{Value: u, Text: p.S.Cases.Unit(u).FullName})
		v.Units = append(v.Units, ui.Option{Value: u, Text: p.unit(ctx, u)})
	}
	v.Targets = p.targets(bodies)
	for _, b := range bodies {
		v.Bodies = append(v.Bodies, bodyLine{Body: b, Unit: p.unit(ctx, b.UnitID)})
	}
	return web.Render(w, r, status, tablePage(v))
}

// targets offers agencies by their kind, and outside bodies.
func (p *Pages) targets(bodies []routing.Body) []ui.Option {
	names := p.S.AgencyNames()
	var out []ui.Option
	for _, k := range slices.Sorted(maps.Keys(names)) {
		out = append(out, ui.Option{Value: "agency:" + k, Text: names[k]})
	}
	for _, b := range bodies {
		if b.Active {
			out = append(out, ui.Option{Value: "outside:" + b.ID, Text: b.Name})
		}
	}
	return out
}

// ends is the first day on which the rule no longer holds; the field To is what it leads to in this view.
func (l ruleLine) ends() clock.Date { return l.Rule.To }

func (p *Pages) lines(r *http.Request) ([]ruleLine, error) {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	rules, err := p.S.Rules(ctx, actor)
	if err != nil {
		return nil, err
	}
	cats, err := p.S.Categories(ctx)
	if err != nil {
		return nil, err
	}
	bodies, err := p.S.AllBodies(ctx, actor)
	if err != nil {
		return nil, err
	}
	name := map[string]string{}
	for _, c := range cats {
		name[c.Code] = c.Name(i18n.Lang(ctx))
	}
	agencies := p.S.AgencyNames()
	var out []ruleLine
	for _, x := range rules {
		l := ruleLine{Rule: x, Cat: name[x.Category], Place: i18n.T(ctx, "routing.everywhere")}
		if x.PlaceID != "" {
			l.Place = p.S.Cases.Unit(x.PlaceID).FullName
		}
		switch x.ToKind {
		case routing.ToAgency:
			l.To = i18n.T(ctx, "routing.like", "Name", agencies[x.ToValue])
			if agencies[x.ToValue] == "" {
				l.To = x.ToValue
			}
		case routing.ToUnit:
			l.To = p.unit(ctx, x.ToValue)
		case routing.ToOutside:
			if i := slices.IndexFunc(bodies, func(b routing.Body) bool { return b.ID == x.ToValue }); i >= 0 {
				l.To = bodies[i].Name
			}
		}
		out = append(out, l)
	}
	return out, nil
}

func (p *Pages) excel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	lines, err := p.lines(r)
	if err != nil {
		return err
	}
	sheet := xlsx.Sheet{Name: i18n.T(ctx, "routing.table.rules")}
	for _, k := range []string{"category", "place", "to", "source", "from", "until", "by", "reason"} {
		sheet.Head = append(sheet.Head, i18n.T(ctx, "routing.col."+k))
	}
	for _, l := range lines {
		sheet.Rows = append(sheet.Rows, []any{l.Cat, l.Place, l.To, l.Source, l.From, l.ends(), l.MadeByName, l.Reason})
	}
	return xlsx.Send(w, "phan-luong.xlsx", sheet)
}

func (p *Pages) after(w http.ResponseWriter, r *http.Request, act, done string, err error) error {
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.renderTable(w, r, web.Status(fault.KindOf(err)), tableView{Act: act, Typed: r.PostForm, Err: err})
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(TablePath, done))
}

func (p *Pages) setRule(w http.ResponseWriter, r *http.Request) error {
	kind, value, _ := strings.Cut(r.PostFormValue("to"), ":")
	v := r.PostForm
	_, err := p.S.SetRule(r.Context(), identity.ActorFrom(r.Context()), routing.Rule{Category: v.Get("category"), PlaceID: v.Get("place"), ToKind: routing.RuleKind(kind),
		ToValue: value, Source: v.Get("source"), From: clock.Date(v.Get("from")), Reason: v.Get("reason")})
	return p.after(w, r, "rule", "routing.done.set", err)
}

func (p *Pages) endRule(w http.ResponseWriter, r *http.Request) error {
	err := p.S.EndRule(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("reason"))
	return p.after(w, r, r.PathValue("id"), "routing.done.ended", err)
}

func (p *Pages) saveCategory(w http.ResponseWriter, r *http.Request) error {
	position, _ := strconv.Atoi(r.PostFormValue("position")) // what is no number stands first
	v := r.PostForm
	err := p.S.SaveCategory(r.Context(), identity.ActorFrom(r.Context()), routing.Category{Code: v.Get("code"), NameVI: v.Get("name_vi"), NameEN: v.Get("name_en"),
		Words: v.Get("words"), Active: v.Get("active") != "", Position: position})
	return p.after(w, r, "category", "routing.done.category", err)
}

func (p *Pages) saveBody(w http.ResponseWriter, r *http.Request) error {
	v := func(k string) string { return r.PostFormValue(k) }
	_, err := p.S.SaveBody(r.Context(), identity.ActorFrom(r.Context()), routing.Body{ID: v("id"), UnitID: v("unit"), Name: v("name"), Email: v("email"), Active: v("active") != ""})
	return p.after(w, r, "body", "routing.done.body", err)
}

// until writes the last moment of a link.
func until(t time.Time) string { return i18n.DateTime(t) }
