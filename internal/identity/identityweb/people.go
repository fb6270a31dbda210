package identityweb

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

const perPage = 50

// peoplePage lists who holds which role in a unit.
type peoplePage struct {
	UnitID, Unit string
	Query        identity.PeopleQuery
	Rows         []personRow
	Paging       ui.Paging
	Export       string // "" when not allowed
	MayInvite    bool
	MayBelow     bool
}

type personRow struct {
	identity.Person
	Unit  string
	State identity.PersonState
}

// tone is the colour and shape of a state.
func (r personRow) tone() string {
	switch r.State {
	case identity.PersonActive:
		return "ok"
	case identity.PersonInvited:
		return "wait"
	case identity.PersonFuture:
		return "info"
	case identity.PersonDisabled:
		return "late"
	}
	return "mute"
}

// unitsPage finds another unit whose people one may see.
type unitsPage struct {
	Above, Text string
	Rows        []unitRow
}

type unitRow struct{ ID, Name string }

const unitsShown = 40

// ownPeople goes to the people of the unit one acts for; with ?tren=, it lists the units below that one, by name.
func (p *Pages) ownPeople(w http.ResponseWriter, r *http.Request) error {
	above := r.FormValue("tren")
	if above == "" {
		unit := identity.ActiveUnit(r.Context())
		if unit == "" {
			return fault.New(fault.Forbidden, "identity.not_allowed")
		}
		return web.SeeOther(w, r, "/quan-tri/can-bo/"+unit)
	}
	if err := p.z.Check(identity.ActorFrom(r.Context()), "identity.see_people_below", identity.InUnit(above)); err != nil {
		return err
	}
	d := unitsPage{Above: above, Text: r.FormValue("don-vi")}
	f := p.units.Forest()
	if d.Text == "" {
		for _, u := range f.Children(above, p.today()) {
			d.Rows = append(d.Rows, unitRow{u.ID, u.FullName})
		}
	}
	for _, hit := range f.SearchUnder(d.Text, above, p.today(), unitsShown) {
		if hit.Unit.Stands(p.today()) {
			d.Rows = append(d.Rows, unitRow{hit.Unit.ID, hit.Unit.FullName + ", " + hit.Place})
		}
	}
	return web.Render(w, r, http.StatusOK, unitsView(d))
}

func peopleQuery(r *http.Request) identity.PeopleQuery {
	v := r.URL.Query()
	page, _ := strconv.Atoi(v.Get("trang"))
	return identity.PeopleQuery{
		UnitID: r.PathValue("unit"), Below: v.Get("duoi") != "", Text: v.Get("q"), Role: identity.Role(v.Get("vai-tro")), Ended: v.Get("het") != "",
		Page: max(1, page), Per: perPage,
	}
}

// peopleHref writes a query back into an address.
func peopleHref(q identity.PeopleQuery, tail string, page int) string {
	v := url.Values{}
	set := func(k, s string) {
		if s != "" {
			v.Set(k, s)
		}
	}
	set("q", q.Text)
	set("vai-tro", string(q.Role))
	if q.Below {
		v.Set("duoi", "1")
	}
	if q.Ended {
		v.Set("het", "1")
	}
	if page > 1 {
		v.Set("trang", strconv.Itoa(page))
	}
	href := "/quan-tri/can-bo/" + url.PathEscape(q.UnitID) + tail
	if len(v) > 0 {
		href += "?" + v.Encode()
	}
	return href
}

func (p *Pages) people(w http.ResponseWriter, r *http.Request) error {
	q := peopleQuery(r)
	a := identity.ActorFrom(r.Context())
	list, total, err := p.svc.People(r.Context(), a, q)
	if err != nil {
		return err
	}
	in := identity.InUnit(q.UnitID)
	d := peoplePage{
		UnitID: q.UnitID, Unit: p.unitName(q.UnitID), Query: q, MayInvite: p.z.Can(a, "identity.invite", in), MayBelow: p.z.Can(a, "identity.see_people_below", in),
		Paging: ui.Paging{Page: q.Page, Per: perPage, Total: total, URL: func(n int) string { return peopleHref(q, "", n) }},
	}
	if p.z.Can(a, "identity.export_people", in) {
		d.Export = peopleHref(q, "/excel", 1)
	}
	d.Rows = p.rows(list)
	return web.Render(w, r, http.StatusOK, peopleView(d))
}

func (p *Pages) rows(list []identity.Person) []personRow {
	out := make([]personRow, len(list))
	for i, one := range list {
		out[i] = personRow{Person: one, Unit: p.unitName(one.UnitID), State: one.State(p.today())}
	}
	return out
}

func (p *Pages) peopleExcel(w http.ResponseWriter, r *http.Request) error {
	q := peopleQuery(r)
	q.Page, q.Per = 1, 0
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	if err := p.z.Check(a, "identity.export_people", identity.InUnit(q.UnitID)); err != nil {
		return err
	}
	list, _, err := p.svc.People(ctx, a, q)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "identity.people.title")}
	for _, k := range []string{"name", "email", "role", "unit", "from", "until", "state"} {
		s.Head = append(s.Head, i18n.T(ctx, "identity.people.col."+k))
	}
	for _, row := range p.rows(list) {
		s.Rows = append(s.Rows, []any{row.Name, row.Email, i18n.T(ctx, row.Role.Key()), row.Unit, row.ValidFrom, row.LastDay(),
			i18n.T(ctx, "identity.people.state."+string(row.State))})
	}
	return xlsx.Send(w, "can-bo-"+string(p.today())+".xlsx", s)
}

// invitePage is the form of an invitation.
type invitePage struct {
	UnitID, Unit             string
	Name, Email, From, Until string
	Role                     identity.Role
	Err                      error
}

func (p *Pages) inviteData(r *http.Request) (invitePage, error) {
	id := r.PathValue("unit")
	if _, err := p.units.Forest().Unit(id, p.today()); err != nil {
		return invitePage{}, err
	}
	return invitePage{UnitID: id, Unit: p.unitPath(id), From: p.today().Vietnamese(), Role: identity.RoleEditor},
		p.z.Check(identity.ActorFrom(r.Context()), "identity.invite", identity.InUnit(id))
}

func (p *Pages) invite(w http.ResponseWriter, r *http.Request) error {
	d, err := p.inviteData(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, inviteView(d))
}

// invitedPage shows the link, once.
type invitedPage struct {
	UnitID, Name, Email, Link, Until string
}

func (p *Pages) invitePost(w http.ResponseWriter, r *http.Request) error {
	d, err := p.inviteData(r)
	if err != nil {
		return err
	}
	d.Name, d.Email, d.From, d.Until = r.FormValue("name"), r.FormValue("email"), r.FormValue("from"), r.FormValue("until")
	d.Role = identity.Role(r.FormValue("role"))
	from, until := readDay(d.From), readDay(d.Until)
	in, err := p.svc.Invite(r.Context(), identity.ActorFrom(r.Context()), identity.Invitee{
		Name: d.Name, Email: d.Email, Term: identity.Term{UnitID: d.UnitID, Role: d.Role, From: from, Until: until},
	})
	if err != nil {
		if !refusedForm(err) {
			return err
		}
		d.Err = err
		return web.Render(w, r, status(err), inviteView(d))
	}
	if in.Link == "" {
		return done(w, r, "/quan-tri/can-bo/"+d.UnitID, "identity.invite.role_given")
	}
	return web.Render(w, r, http.StatusOK, invitedView(invitedPage{
		UnitID: d.UnitID, Name: d.Name, Email: d.Email, Link: in.Link, Until: i18n.DateTime(in.ExpiresAt),
	}))
}

// readDay reads a day as typed; what is no day is kept, so that the use case refuses it in words.
func readDay(s string) clock.Date {
	if s == "" {
		return ""
	}
	d, err := clock.ParseDate(s)
	if err != nil {
		return clock.Date(s)
	}
	return d
}

// rolePage is one role of one person, where it is ended and where lost access is given back.
type rolePage struct {
	personRow
	Path     string
	Until    string
	Work     []identity.WorkItem
	MayEnd   bool
	MayReset bool
	Err      error
}

func (p *Pages) roleData(r *http.Request) (rolePage, error) {
	ctx, a := r.Context(), identity.ActorFrom(r.Context())
	one, err := p.svc.MembershipOf(ctx, a, r.PathValue("id"))
	if err != nil {
		return rolePage{}, err
	}
	res := identity.Resource{Type: "Membership", ID: one.MembershipID, UnitID: one.UnitID, Attrs: map[string]string{"role": string(one.Role), "held_by": one.OfficialID}}
	d := rolePage{personRow: p.rows([]identity.Person{one})[0], Path: p.unitPath(one.UnitID), Until: p.today().Vietnamese()}
	open := d.State != identity.PersonEnded
	d.MayEnd = open && p.z.Can(a, "identity.end_role", res)
	d.MayReset = open && a.ID != one.OfficialID && p.z.Can(a, "identity.reset_access", res)
	if d.MayEnd {
		if d.Work, err = p.svc.OpenWorkOf(ctx, a, one); err != nil {
			return rolePage{}, err
		}
	}
	return d, nil
}

func (p *Pages) role(w http.ResponseWriter, r *http.Request) error {
	d, err := p.roleData(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, roleView(d))
}

// roleRefused shows the page of the role again with what was refused.
func (p *Pages) roleRefused(w http.ResponseWriter, r *http.Request, refused error) error {
	if !refusedForm(refused) {
		return refused
	}
	d, err := p.roleData(r)
	if err != nil {
		return err
	}
	d.Err = refused
	if r.PostForm.Has("until") {
		d.Until = r.PostForm.Get("until")
	}
	return web.Render(w, r, status(refused), roleView(d))
}

func (p *Pages) roleEndPost(w http.ResponseWriter, r *http.Request) error {
	err := p.svc.EndRole(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), readDay(r.FormValue("until")))
	if err != nil {
		return p.roleRefused(w, r, err)
	}
	return done(w, r, "/quan-tri/vai-tro/"+r.PathValue("id"), "identity.role_page.ended")
}

func (p *Pages) resetPost(w http.ResponseWriter, r *http.Request) error {
	a := identity.ActorFrom(r.Context())
	one, err := p.svc.MembershipOf(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	in, err := p.svc.ResetAccess(r.Context(), a, one.OfficialID, one.UnitID)
	if err != nil {
		return p.roleRefused(w, r, err)
	}
	return web.Render(w, r, http.StatusOK, invitedView(invitedPage{
		UnitID: one.UnitID, Name: one.Name, Email: one.Email, Link: in.Link, Until: i18n.DateTime(in.ExpiresAt),
	}))
}

func (p *Pages) disablePost(w http.ResponseWriter, r *http.Request) error {
	a := identity.ActorFrom(r.Context())
	one, err := p.svc.MembershipOf(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := p.svc.SetDisabled(r.Context(), a, one.OfficialID, r.FormValue("open") == ""); err != nil {
		return p.roleRefused(w, r, err)
	}
	return done(w, r, "/quan-tri/vai-tro/"+one.MembershipID, "identity.role_page.saved")
}
