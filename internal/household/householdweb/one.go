package householdweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

func (p *Pages) year() int { return p.Service.Clock.Now().In(clock.Vietnam).Year() }

// oneView is the page of a household.
type oneView struct {
	household.Household
	Area      string
	Standings []household.Standing
	Helps     []helpLine
	Years     []household.YearSum
	Warnings  []household.Warning
	MayWrite  bool
	MayOpen   bool
	House     string // address of the survey of its house
	Person    *household.Person
	Reason    string
	CloseWhy  string
	Err       error
}

type helpLine struct {
	household.Help
	Giver string
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request) error {
	return p.showOne(w, r, oneView{})
}

func (p *Pages) showOne(w http.ResponseWriter, r *http.Request, v oneView) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	householdID := r.PathValue("id")
	h, err := p.Service.Get(ctx, actor, householdID)
	if err != nil {
		return err
	}
	v.Household, v.Area = h, p.Service.Area(h)
	v.MayWrite, v.MayOpen = p.Service.Can(actor, household.ActionWrite, h), p.Service.Can(actor, household.ActionUnmask, h)
	if v.Standings, err = p.Service.Standings(ctx, actor, householdID); err != nil {
		return err
	}
	helps, err := p.Service.HelpOf(ctx, actor, householdID)
	if err != nil {
		return err
	}
	for _, x := range helps {
		v.Helps = append(v.Helps, helpLine{x, p.Service.UnitName(x.UnitID)})
	}
	v.Years = household.SumByYear(helps)
	v.Warnings = household.Twice(helps)
	if p.House != "" && v.MayWrite && !h.Closed() {
		v.House = p.House + "?ho=" + url.QueryEscape(h.ID)
	}
	status := http.StatusOK
	if v.Err != nil {
		status = web.Status(fault.KindOf(v.Err))
	}
	if v.Person != nil {
		w.Header().Set("Cache-Control", "no-store")
	}
	return web.Render(w, r, status, onePage(v))
}

func (p *Pages) unmask(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := oneView{Reason: r.PostFormValue("reason")}
	person, err := p.Service.Open(ctx, identity.ActorFrom(ctx), r.PathValue("id"), v.Reason)
	switch {
	case fault.Is(err, fault.Invalid):
		v.Err = err
	case err != nil:
		return err
	default:
		v.Person = &person
	}
	return p.showOne(w, r, v)
}

func (p *Pages) closeIt(w http.ResponseWriter, r *http.Request) error {
	v := oneView{CloseWhy: r.PostFormValue("reason")}
	err := p.Service.Close(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), v.CloseWhy)
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v.Err = err
		return p.showOne(w, r, v)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Href(r.PathValue("id")), "household.closed_now"))
}

// formView is the form of a household, with what was typed.
type formView struct {
	ID      string // "" for a new one
	Version int
	In      typed
	Places  []ui.Option
	Err     error
}

// typed is the form as it was typed.
type typed struct {
	Unit, Hamlet, Name, Sex, BirthYear, IDNumber, Phone, Address, Spouse, Members, People, Category, CategoryYear string
}

func (p *Pages) blank(w http.ResponseWriter, r *http.Request) error {
	return p.showForm(w, r, formView{In: typed{Unit: r.URL.Query().Get("khu"), CategoryYear: strconv.Itoa(p.year())}})
}

func (p *Pages) showForm(w http.ResponseWriter, r *http.Request, v formView) error {
	v.Places = p.places(r.Context(), household.ActionWrite, v.In.Unit, "")
	status := http.StatusOK
	if v.Err != nil {
		status = web.Status(fault.KindOf(v.Err))
	}
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, status, formPage(v))
}

func typedOf(r *http.Request) typed {
	f := func(name string) string { return r.PostFormValue(name) }
	return typed{Unit: f("unit"), Hamlet: f("hamlet"), Name: f("name"), Sex: f("sex"), BirthYear: f("birth_year"), IDNumber: f("id_number"), Phone: f("phone"), Address: f("address"),
		Spouse: f("spouse"), Members: f("members"), People: f("people"), Category: f("category"), CategoryYear: f("category_year")}
}

// entry reads what was typed; figures that are none are refused together.
func (t typed) entry() (household.Entry, error) {
	var bad fault.Fields
	number := func(field, s, key string) int {
		s = strings.TrimSpace(s)
		if s == "" {
			return 0
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 9999 {
			bad.Add(fault.Field(field, key))
			return 0
		}
		return n
	}
	e := household.Entry{UnitID: t.Unit, Hamlet: t.Hamlet, Category: household.Category(t.Category), CategoryYear: number("category_year", t.CategoryYear, "household.category_year_odd"),
		People: number("people", t.People, "household.people_odd"),
		Person: household.Person{Name: t.Name, Sex: household.Sex(t.Sex), BirthYear: number("birth_year", t.BirthYear, "household.year_odd"), IDNumber: t.IDNumber, Phone: t.Phone, Address: t.Address, Spouse: t.Spouse}}
	var err error
	if e.Person.Members, err = Members(t.Members); err != nil {
		bad.Add(fault.Field("members", "household.members_odd"))
	}
	return e, bad.OrNil()
}

// Members reads who lives in a household, one person a line: "name; relation; year of birth".
func Members(text string) ([]household.Member, error) {
	var out []household.Member
	for line := range strings.Lines(text) {
		parts := strings.Split(line, ";")
		m := household.Member{Name: strings.TrimSpace(vntext.NFC(parts[0]))}
		if m.Name == "" {
			continue
		}
		if len(parts) > 1 {
			m.Relation = strings.TrimSpace(parts[1])
		}
		if len(parts) > 2 && strings.TrimSpace(parts[2]) != "" {
			y, err := strconv.Atoi(strings.TrimSpace(parts[2]))
			if err != nil {
				return nil, fault.Field("members", "household.members_odd").Because(err)
			}
			m.BirthYear = y
		}
		if len(parts) > 3 {
			return nil, fault.Field("members", "household.members_odd")
		}
		out = append(out, m)
	}
	return out, nil
}

// MembersText writes members the way Members reads them.
func MembersText(list []household.Member) string {
	var b strings.Builder
	for _, m := range list {
		b.WriteString(m.Name + "; " + m.Relation)
		if m.BirthYear != 0 {
			b.WriteString("; " + strconv.Itoa(m.BirthYear))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (p *Pages) add(w http.ResponseWriter, r *http.Request) error {
	v := formView{In: typedOf(r)}
	e, err := v.In.entry()
	var h household.Household
	if err == nil {
		h, err = p.Service.Add(r.Context(), identity.ActorFrom(r.Context()), e)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v.Err = err
		return p.showForm(w, r, v)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Href(h.ID), "household.added"))
}

// edit opens the form with what is known: that opens names and numbers, and is logged as such.
func (p *Pages) edit(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	h, err := p.Service.Get(ctx, actor, r.PathValue("id"))
	if err != nil {
		return err
	}
	person, err := p.Service.Open(ctx, actor, h.ID, i18n.T(ctx, "household.edit_reason"))
	if err != nil {
		return err
	}
	return p.showForm(w, r, formView{ID: h.ID, Version: h.Version, In: typed{Unit: h.UnitID, Hamlet: h.Hamlet, Name: person.Name, Sex: string(person.Sex), BirthYear: yearText(person.BirthYear),
		IDNumber: person.IDNumber, Phone: person.Phone, Address: person.Address, Spouse: person.Spouse, Members: MembersText(person.Members), People: strconv.Itoa(h.People),
		Category: string(h.Category), CategoryYear: strconv.Itoa(h.CategoryYear)}})
}

func (p *Pages) change(w http.ResponseWriter, r *http.Request) error {
	v := formView{ID: r.PathValue("id"), In: typedOf(r)}
	v.Version, _ = strconv.Atoi(r.PostFormValue("version")) // what is no number is refused as an older version
	e, err := v.In.entry()
	if err == nil {
		_, err = p.Service.Change(r.Context(), identity.ActorFrom(r.Context()), v.ID, v.Version, e)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		v.Err = err
		return p.showForm(w, r, v)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Href(v.ID), "household.changed"))
}

func categoryOptions(ctx context.Context, any bool) []ui.Option {
	var out []ui.Option
	if any {
		out = append(out, ui.Option{Text: i18n.T(ctx, "household.filter.all_categories")})
	}
	for _, c := range household.Categories {
		out = append(out, ui.Option{Value: string(c), Text: i18n.T(ctx, "household.category."+string(c))})
	}
	return out
}

func sexOptions(ctx context.Context) []ui.Option {
	out := []ui.Option{{Text: i18n.T(ctx, "household.sex.unknown")}}
	for _, s := range []household.Sex{household.Female, household.Male} {
		out = append(out, ui.Option{Value: string(s), Text: i18n.T(ctx, "household.sex."+string(s))})
	}
	return out
}
