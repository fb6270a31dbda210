package orgunitweb

import (
	"context"
	"net/http"
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

const areasPath = "/quan-tri/khu-dan-cu"

// communesView lists the communes whose areas the official may keep.
type communesView struct {
	Rows []communeRow
}

type communeRow struct {
	Link  link
	Areas int
}

func (p *Pages) communes(w http.ResponseWriter, r *http.Request) error {
	f, on := p.Units.Forest(), p.Units.Today()
	var v communesView
	seen := map[string]bool{}
	a := identity.ActorFrom(r.Context())
	for _, root := range p.roots(a) {
		for _, u := range f.AtLevel(orgunit.LevelCommune, orgunit.KindFront, root, on) {
			if seen[u.ID] {
				continue
			}
			seen[u.ID] = true
			_, areas, err := p.Admin.Areas(r.Context(), a, u.ID, on)
			if err != nil {
				continue // a unit in which the official has another role
			}
			v.Rows = append(v.Rows, communeRow{link{Text: u.FullName, Href: areasPath + "/" + u.ID}, len(areas)})
		}
	}
	if len(v.Rows) == 1 {
		return web.SeeOther(w, r, v.Rows[0].Link.Href)
	}
	return web.Render(w, r, http.StatusOK, communesPage(v))
}

// roots are the units in and below which the official acts; somebody of the IT team acts everywhere.
func (p *Pages) roots(a identity.Actor) []string {
	for _, g := range a.Grants {
		if g.Role == identity.RoleSystemAdmin {
			return []string{""}
		}
	}
	return a.Units()
}

// areasView lists what stands below a commune or an area, with the form for one more.
type areasView struct {
	Unit  orgunit.Unit
	Rows  []areaRow
	Level orgunit.Level
	Form  orgadmin.AreaForm
	Err   error
	Crumb []ui.Crumb
}

type areaRow struct {
	Unit orgunit.Unit
	Kids int
}

func (p *Pages) areas(w http.ResponseWriter, r *http.Request) error {
	return p.showAreas(w, r, http.StatusOK, orgadmin.AreaForm{On: p.Units.Today()}, nil)
}

func (p *Pages) showAreas(w http.ResponseWriter, r *http.Request, status int, form orgadmin.AreaForm, refused error) error {
	on := p.Units.Today()
	u, list, err := p.Admin.Areas(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), on)
	if err != nil {
		return err
	}
	f := p.Units.Forest()
	v := areasView{Unit: u, Level: orgadmin.Below(u.Level), Form: form, Err: refused, Crumb: p.areaCrumbs(r.Context(), f, u, on)}
	for _, k := range list {
		v.Rows = append(v.Rows, areaRow{k, len(f.Children(k.ID, on))})
	}
	return web.Render(w, r, status, areasPage(v))
}

func (p *Pages) areaCrumbs(ctx context.Context, f *orgunit.Forest, u orgunit.Unit, on clock.Date) []ui.Crumb {
	out := []ui.Crumb{{Text: i18n.T(ctx, "orgadmin.areas"), Href: areasPath}}
	if up, err := f.Unit(u.ParentID, on); err == nil && u.Level.Rank() > orgunit.LevelCommune.Rank() {
		out = append(out, ui.Crumb{Text: up.FullName, Href: areasPath + "/" + up.ID})
	}
	return out
}

func areaForm(r *http.Request) orgadmin.AreaForm {
	on, err := clock.ParseDate(r.PostFormValue("on"))
	if err != nil {
		on = clock.Date(r.PostFormValue("on")) // kept as typed; the use case refuses it by name
	}
	return orgadmin.AreaForm{Name: strings.TrimSpace(r.PostFormValue("name")), Type: r.PostFormValue("type"),
		Code: strings.TrimSpace(r.PostFormValue("code")), Basis: strings.TrimSpace(r.PostFormValue("basis")), On: on}
}

func (p *Pages) addArea(w http.ResponseWriter, r *http.Request) error {
	form := areaForm(r)
	unitID := r.PathValue("id")
	_, err := p.Admin.AddArea(r.Context(), identity.ActorFrom(r.Context()), unitID, form)
	if fault.Is(err, fault.Invalid) {
		return p.showAreas(w, r, http.StatusUnprocessableEntity, form, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(areasPath+"/"+unitID, "orgadmin.area_added"))
}

// areaView is the page on which an area is renamed or closed.
type areaView struct {
	Unit    orgunit.Unit
	Form    orgadmin.AreaForm
	Into    string
	Sisters []ui.Option
	Err     error
	Crumb   []ui.Crumb
}

func (p *Pages) editArea(w http.ResponseWriter, r *http.Request) error {
	u, err := p.Units.Forest().Unit(r.PathValue("id"), p.Units.Today())
	if err != nil {
		return err
	}
	return p.showArea(w, r, http.StatusOK, orgadmin.AreaForm{Name: u.Name, Type: u.Type, Code: u.Code, On: p.Units.Today()}, nil)
}

func (p *Pages) showArea(w http.ResponseWriter, r *http.Request, status int, form orgadmin.AreaForm, refused error) error {
	on := p.Units.Today()
	f := p.Units.Forest()
	u, err := f.Unit(r.PathValue("id"), on)
	if err != nil {
		return err
	}
	_, sisters, err := p.Admin.Areas(r.Context(), identity.ActorFrom(r.Context()), u.ParentID, on)
	if err != nil { // keeps an area itself but not its commune: may rename, cannot see the sisters
		if _, _, err := p.Admin.Areas(r.Context(), identity.ActorFrom(r.Context()), u.ID, on); err != nil {
			return err
		}
	}
	v := areaView{Unit: u, Form: form, Err: refused, Into: r.PostFormValue("into"), Crumb: p.areaCrumbs(r.Context(), f, u, on)}
	v.Sisters = []ui.Option{{Value: "", Text: i18n.T(r.Context(), "orgadmin.into_nobody")}}
	for _, s := range sisters {
		if s.ID != u.ID {
			v.Sisters = append(v.Sisters, ui.Option{Value: s.ID, Text: s.FullName, Selected: s.ID == v.Into})
		}
	}
	return web.Render(w, r, status, areaPage(v))
}

func (p *Pages) renameArea(w http.ResponseWriter, r *http.Request) error {
	form := areaForm(r)
	err := p.Admin.RenameArea(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), form)
	return p.afterArea(w, r, form, err, "orgadmin.area_renamed")
}

func (p *Pages) closeArea(w http.ResponseWriter, r *http.Request) error {
	form := areaForm(r)
	err := p.Admin.CloseArea(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("into"), form.On, form.Basis)
	return p.afterArea(w, r, form, err, "orgadmin.area_closed")
}

func (p *Pages) afterArea(w http.ResponseWriter, r *http.Request, form orgadmin.AreaForm, err error, done string) error {
	if fault.Is(err, fault.Invalid) {
		if form.Name == "" && form.Type == "" { // the closing form has no name: show the unit's own
			if u, e := p.Units.Forest().Unit(r.PathValue("id"), p.Units.Today()); e == nil {
				form.Name, form.Type = u.Name, u.Type
			}
		}
		return p.showArea(w, r, http.StatusUnprocessableEntity, form, err)
	}
	if err != nil {
		return err
	}
	u, err := p.Units.Forest().Unit(r.PathValue("id"), p.Units.Today())
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(areasPath+"/"+u.ParentID, done))
}

// options turns texts into choices.
func options(texts []string, chosen string) []ui.Option {
	var out []ui.Option
	for _, t := range texts {
		out = append(out, ui.Option{Value: t, Text: t, Selected: t == chosen})
	}
	return out
}
