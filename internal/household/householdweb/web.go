// Package householdweb is the screens of the register of households: the list with its search, the page of one household with
// all it was given year by year, the form, the import from Excel with errors row by row, and the export.
package householdweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the words of the register.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens stand.
const Base = "/lam-viec/ho-dan"

const perPage = 50

// Pages serves the screens.
type Pages struct {
	Service *household.Service
	// House is the address of the screen that begins the survey of a household's house; "" when there is none.
	House string
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, household.ActionRead, p.list)
	r.Can("GET "+Base+"/xuat.xlsx", household.ActionRead, p.export)
	r.Can("POST "+Base+"/xuat-day-du", household.ActionUnmask, p.exportOpened)
	r.Can("GET "+Base+"/them", household.ActionWrite, p.blank)
	r.Can("POST "+Base+"/them", household.ActionWrite, p.add)
	r.Can("GET "+Base+"/nhap", household.ActionWrite, p.importForm)
	r.Can("POST "+Base+"/nhap", household.ActionWrite, p.importTable)
	r.Can("GET "+Base+"/mau.xlsx", household.ActionWrite, p.template)
	r.Can("GET "+Base+"/{id}", household.ActionRead, p.show)
	r.Can("POST "+Base+"/{id}/mo", household.ActionUnmask, p.unmask)
	r.Can("GET "+Base+"/{id}/sua", household.ActionWrite, p.edit)
	r.Can("POST "+Base+"/{id}/sua", household.ActionWrite, p.change)
	r.Can("POST "+Base+"/{id}/dong", household.ActionWrite, p.closeIt)
}

// Href is the address of a household's page.
func Href(householdID string) string { return Base + "/" + url.PathEscape(householdID) }

// listView is the page of the register.
type listView struct {
	Query    url.Values
	Rows     []listRow
	Paging   ui.Paging
	Places   []ui.Option
	Print    bool
	MayWrite bool
	MayOpen  bool
	Reason   string
	Err      error
}

type listRow struct {
	household.Household
	Area string
}

func known(q url.Values) url.Values {
	out := url.Values{}
	for _, n := range []string{"q", "khu", "loai", "thoi"} {
		if v := strings.TrimSpace(q.Get(n)); v != "" {
			out.Set(n, v)
		}
	}
	return out
}

func queryOf(q url.Values) household.Query {
	return household.Query{Text: q.Get("q"), UnitID: q.Get("khu"), Category: household.Category(q.Get("loai")), Closed: q.Get("thoi") == "1"}
}

func with(path string, q url.Values, pairs ...string) string {
	out := url.Values{}
	for k, v := range q {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	return p.showList(w, r, known(r.URL.Query()), "", nil)
}

func (p *Pages) showList(w http.ResponseWriter, r *http.Request, q url.Values, reason string, refused error) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	v := listView{Query: q, Print: r.URL.Query().Get("in") == "1", Reason: reason, Err: refused}
	v.MayWrite, v.MayOpen = p.Service.Authz.CanSomewhere(actor, household.ActionWrite), p.Service.Authz.CanSomewhere(actor, household.ActionUnmask)
	asked := queryOf(q)
	page, _ := strconv.Atoi(r.URL.Query().Get("trang")) // what is no number is the first page
	asked.Page, asked.Per = max(page, 1), perPage
	if v.Print {
		asked.Page, asked.Per = 1, 5000
	}
	list, total, err := p.Service.Search(ctx, actor, asked)
	if fault.Is(err, fault.Invalid) && refused == nil {
		v.Err, err = err, nil
	}
	if err != nil {
		return err
	}
	v.Paging = ui.Paging{Page: asked.Page, Per: asked.Per, Total: total, URL: func(n int) string { return with(Base, q, "trang", strconv.Itoa(n)) }}
	for _, h := range list {
		v.Rows = append(v.Rows, listRow{h, p.Service.Area(h)})
	}
	v.Places = p.places(ctx, household.ActionRead, q.Get("khu"), i18n.T(ctx, "household.filter.all_areas"))
	status := http.StatusOK
	if v.Err != nil {
		status = http.StatusUnprocessableEntity
	}
	return web.Render(w, r, status, listPage(v))
}

// places are the units that the actor may choose, the first being "all" when it is given.
func (p *Pages) places(ctx context.Context, action, chosen, all string) []ui.Option {
	var out []ui.Option
	if all != "" {
		out = append(out, ui.Option{Text: all})
	}
	for _, u := range p.Service.Places(identity.ActorFrom(ctx), action) {
		text := u.FullName
		if u.Level == orgunit.LevelArea {
			text = "– " + text
		}
		out = append(out, ui.Option{Value: u.ID, Text: text, Selected: u.ID == chosen})
	}
	return out
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, _, err := p.Service.Search(ctx, identity.ActorFrom(ctx), queryOf(known(r.URL.Query())))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "household.title"), Head: heads(ctx, "code", "area", "head", "id_tail", "people", "category", "category_year")}
	for _, h := range list {
		s.Rows = append(s.Rows, []any{h.Code, p.Service.Area(h), h.Initials, masked(h.IDTail), h.People, i18n.T(ctx, "household.category."+string(h.Category)), h.CategoryYear})
	}
	return xlsx.Send(w, "so-ho-dan.xlsx", s)
}

func heads(ctx context.Context, keys ...string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = i18n.T(ctx, "household.col."+k)
	}
	return out
}

// masked writes the tail of a number: "•••123".
func masked(tail string) string {
	if tail == "" {
		return ""
	}
	return "•••" + tail
}

// exportOpened sends the list with names, in the columns of the import, so that it can be filled in and sent back.
func (p *Pages) exportOpened(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q, err := url.ParseQuery(r.PostFormValue("loc"))
	if err != nil {
		return fault.New(fault.Invalid, "household.not_found").Because(err)
	}
	q = known(q)
	reason := r.PostFormValue("reason")
	list, err := p.Service.Export(ctx, identity.ActorFrom(ctx), queryOf(q), reason)
	if fault.Is(err, fault.Invalid) {
		return p.showList(w, r, q, reason, err)
	}
	if err != nil {
		return err
	}
	var rows [][]any
	for _, o := range list {
		area := p.Service.UnitName(o.UnitID)
		if o.Hamlet != "" {
			area = o.Hamlet
		}
		rows = append(rows, []any{o.Code, area, o.Person.Name, sexText(ctx, o.Person.Sex), yearText(o.Person.BirthYear), o.Person.IDNumber, o.Person.Phone, o.Person.Address, o.Person.Spouse,
			o.People, i18n.T(ctx, "household.category."+string(o.Category)), o.CategoryYear})
	}
	return xlsx.Send(w, "so-ho-dan-day-du.xlsx", xlsx.Template(i18n.T(ctx, "household.title"), columns(ctx), rows...))
}

func yearText(y int) string {
	if y == 0 {
		return ""
	}
	return strconv.Itoa(y)
}

func sexText(ctx context.Context, s household.Sex) string {
	if s == "" {
		return ""
	}
	return i18n.T(ctx, "household.sex."+string(s))
}
