package portalweb

import (
	"net/http"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/portal"
)

type settingsView struct {
	portal.Site
	pages   *Pages
	Unit    orgunit.Unit
	Units   []orgunit.Unit // others that may be chosen
	MayHost bool
	Err     error
}

// blankPeople is how many empty lines the form has for further people.
const blankPeople = 2

func (v settingsView) rows() []portal.Person {
	n := min(len(v.People)+blankPeople, portal.MaxPeople)
	return append(append([]portal.Person{}, v.People...), make([]portal.Person, max(n-len(v.People), 0))...)
}

// settings shows the form for the unit in ?don_vi=, else for the first of the official's own.
func (s *Pages) settings(w http.ResponseWriter, r *http.Request) error {
	actor := identity.ActorFrom(r.Context())
	v := settingsView{pages: s, Units: s.p.Sites.Editable(actor)}
	uid := r.URL.Query().Get("don_vi")
	if uid == "" && len(v.Units) > 0 {
		uid = v.Units[0].ID
	}
	var err error
	if v.Site, v.MayHost, err = s.p.Sites.Open(r.Context(), actor, uid); err != nil {
		return err
	}
	if v.Unit, err = s.p.Tree().Unit(uid, s.p.Today()); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, settingsPage(v))
}

// saveSettings keeps what was typed; a refused form comes back with it.
func (s *Pages) saveSettings(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "portal.bad_form").Because(err)
	}
	actor := identity.ActorFrom(r.Context())
	f := r.PostForm
	rev, _ := strconv.Atoi(f.Get("rev")) // a wrong one is refused as changed meanwhile
	in := portal.Site{UnitID: f.Get("unit"), Rev: rev, Host: f.Get("host"), Intro: f.Get("intro"), Hotline: f.Get("hotline"), Address: f.Get("address"), Email: f.Get("email")}
	for i := range portal.MaxPeople {
		p := portal.Person{Name: f.Get(portal.PersonField("name", i)), Title: f.Get(portal.PersonField("title", i)), Phone: f.Get(portal.PersonField("phone", i))}
		if !p.Empty() {
			in.People = append(in.People, p)
		}
	}
	_, err := s.p.Sites.Save(r.Context(), actor, in)
	if fault.KindOf(err) == fault.Invalid && err != nil {
		v := settingsView{Site: in, pages: s, Units: s.p.Sites.Editable(actor), Err: err}
		if _, v.MayHost, err = s.p.Sites.Open(r.Context(), actor, in.UnitID); err != nil {
			return err
		}
		if v.Unit, err = s.p.Tree().Unit(in.UnitID, s.p.Today()); err != nil {
			return err
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, settingsPage(v))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(SettingsPath+"?don_vi="+in.UnitID, "portal.saved"))
}

func (v settingsView) options() []ui.Option {
	out := make([]ui.Option, len(v.Units))
	for i, u := range v.Units {
		out[i] = ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == v.Unit.ID}
	}
	return out
}
