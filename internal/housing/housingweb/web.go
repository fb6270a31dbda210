// Package housingweb is the screens of housing: the list of houses, the survey form (also without network, and on paper), the
// page of one house with every step that can be taken, its minutes as Word and PDF files, programmes with their norms and plan,
// the status report, and the public page of progress.
package housingweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the words of housing.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens stand.
const Base = "/lam-viec/nha-o"

// SurveyPath is the survey form; ?ho= names a household of the register.
const SurveyPath = Base + "/khao-sat"

// PublicPath is the page of progress for everybody.
const PublicPath = "/nha-o"

const (
	onePath       = Base + "/can"
	reportPath    = Base + "/bao-cao"
	programmePath = Base + "/chuong-trinh"
	perPage       = 50
)

// Pages serves the screens.
type Pages struct {
	Service *housing.Service
	// Province is the unit of the province whose progress the public sees; Shapes and ViewBox its map, by commune code.
	Province func() string
	Shapes   []ui.Shape
	ViewBox  string
	Words    Words // Vietnamese, for papers
	// Household is the address of a household's page.
	Household func(householdID string) string
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, housing.ActionRead, p.list)
	r.Can("GET "+Base+"/xuat.xlsx", housing.ActionRead, p.export)
	r.Can("GET "+SurveyPath, housing.ActionSurvey, p.blank)
	r.Can("POST "+SurveyPath, housing.ActionSurvey, p.survey)
	r.Can("GET "+Base+"/phieu-trong.pdf", housing.ActionRead, p.emptyForm)
	r.Can("GET "+reportPath, housing.ActionRead, p.report)
	r.Can("GET "+reportPath+".xlsx", housing.ActionRead, p.reportExcel)
	r.Can("GET "+reportPath+".pdf", housing.ActionRead, p.reportPDF)
	r.Can("GET "+programmePath, housing.ActionRead, p.programmes)
	r.Can("GET "+programmePath+"/moi", housing.ActionProgramme, p.newProgramme)
	r.Can("GET "+programmePath+"/{id}", housing.ActionRead, p.programme)
	r.Can("POST "+programmePath, housing.ActionProgramme, p.saveProgramme)
	r.Can("POST "+programmePath+"/{id}/chi-tieu", housing.ActionProgramme, p.saveTargets)
	r.Can("GET "+onePath+"/{id}", housing.ActionRead, p.show)
	r.Can("POST "+onePath+"/{id}/mo", housing.ActionRead, p.readSurvey)
	r.Can("GET "+onePath+"/{id}/sua", housing.ActionSurvey, p.editSurvey)
	r.Can("POST "+onePath+"/{id}/sua", housing.ActionSurvey, p.revise)
	r.Can("POST "+onePath+"/{id}/duyet", housing.ActionApprove, p.decide)
	r.Can("POST "+onePath+"/{id}/buoc/{step}", housing.ActionRecord, p.step)
	r.Can("GET "+onePath+"/{id}/hoan-thanh", housing.ActionRecord, p.completion)
	r.Can("POST "+onePath+"/{id}/hoan-thanh", housing.ActionRecord, p.complete)
	r.Can("GET "+onePath+"/{id}/chi", housing.ActionPay, p.payment)
	r.Can("POST "+onePath+"/{id}/chi", housing.ActionPay, p.pay)
	r.Can("POST "+onePath+"/{id}/chi/{payment}/huy", housing.ActionPay, p.reverse)
	r.Can("POST "+onePath+"/{id}/gan", housing.ActionPay, p.bind)
	r.Can("POST "+onePath+"/{id}/anh", housing.ActionRecord, p.addPhotos)
	r.Can("POST "+onePath+"/{id}/anh/{photo}/xoa", housing.ActionRecord, p.dropPhoto)
	r.Can("GET "+onePath+"/{id}/anh/{photo}", housing.ActionRead, p.photo)
	r.Can("GET "+onePath+"/{id}/giay/{paper}", housing.ActionRead, p.paper)
	r.Public("GET "+PublicPath, p.public)
}

// Href is the address of a house.
func Href(caseID string) string { return onePath + "/" + url.PathEscape(caseID) }

func with(path string, q url.Values, pairs ...string) string {
	out := url.Values{}
	for k, v := range q {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			out.Del(pairs[i])
		} else {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	if len(out) == 0 {
		return path
	}
	return path + "?" + out.Encode()
}

// known keeps the parameters that lists understand.
func known(q url.Values) url.Values {
	out := url.Values{}
	for _, n := range []string{"ct", "don_vi", "tinh_trang", "nguon", "loai", "ma"} {
		if v := strings.TrimSpace(q.Get(n)); v != "" {
			out.Set(n, v)
		}
	}
	return out
}

func queryOf(q url.Values) housing.Query {
	out := housing.Query{ProgrammeID: q.Get("ct"), UnitID: q.Get("don_vi"), State: housing.State(q.Get("tinh_trang")), Source: housing.Source(q.Get("nguon")), Kind: housing.Kind(q.Get("loai")), Code: q.Get("ma")}
	if code, ok := id.ParseCode(out.Code); ok {
		out.Code = code
	}
	return out
}

// listView is the list of houses.
type listView struct {
	Query      url.Values
	Rows       []housing.Listed
	Paging     ui.Paging
	Tabs       []ui.Tab
	Programmes []ui.Option
	Places     []ui.Option
	Print      bool
	MaySurvey  bool
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	actor := identity.ActorFrom(ctx)
	q := known(r.URL.Query())
	asked := queryOf(q)
	v := listView{Query: q, Print: r.URL.Query().Get("in") == "1", MaySurvey: p.Service.Authz.CanSomewhere(actor, housing.ActionSurvey)}
	page, _ := strconv.Atoi(r.URL.Query().Get("trang")) // what is no number is the first page
	asked.Page, asked.Per = max(page, 1), perPage
	if v.Print {
		asked.Page, asked.Per = 1, 5000
	}
	var total int
	var err error
	if v.Rows, total, err = p.Service.List(ctx, actor, asked); err != nil {
		return err
	}
	v.Paging = ui.Paging{Page: asked.Page, Per: asked.Per, Total: total, URL: func(n int) string { return with(Base, q, "trang", strconv.Itoa(n)) }}
	if v.Tabs, err = p.tabs(ctx, q); err != nil {
		return err
	}
	if v.Programmes, err = p.programmeOptions(ctx, q.Get("ct"), true); err != nil {
		return err
	}
	v.Places = p.places(ctx, housing.ActionRead, q.Get("don_vi"), i18n.T(ctx, "housing.filter.all_units"))
	return web.Render(w, r, http.StatusOK, listPage(v))
}

// tabs are the states with their counts.
func (p *Pages) tabs(ctx context.Context, q url.Values) ([]ui.Tab, error) {
	asked := queryOf(q)
	asked.State = ""
	rep, err := p.Service.Report(ctx, identity.ActorFrom(ctx), asked)
	if err != nil {
		return nil, err
	}
	out := []ui.Tab{{Text: i18n.T(ctx, "housing.all"), Href: with(Base, q, "tinh_trang", ""), Active: q.Get("tinh_trang") == "", Count: rep.Total.All()}}
	for _, s := range housing.States {
		out = append(out, ui.Tab{Text: i18n.T(ctx, "housing.state."+string(s)), Href: with(Base, q, "tinh_trang", string(s)), Active: q.Get("tinh_trang") == string(s), Count: rep.Total.Count[s]})
	}
	return out, nil
}

func (p *Pages) programmeOptions(ctx context.Context, chosen string, all bool) ([]ui.Option, error) {
	list, err := p.Service.Programmes(ctx, identity.ActorFrom(ctx))
	if err != nil {
		return nil, err
	}
	var out []ui.Option
	if all {
		out = append(out, ui.Option{Text: i18n.T(ctx, "housing.filter.all_programmes")})
	}
	for _, x := range list {
		if all || !x.Closed || x.ID == chosen {
			out = append(out, ui.Option{Value: x.ID, Text: x.Name, Selected: x.ID == chosen})
		}
	}
	return out, nil
}

// places are the units that the actor may choose, the first being "all" when it is given.
func (p *Pages) places(ctx context.Context, action, chosen, all string) []ui.Option {
	var out []ui.Option
	if all != "" {
		out = append(out, ui.Option{Text: all})
	}
	for _, u := range p.Service.Households.Places(identity.ActorFrom(ctx), action) {
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
	list, _, err := p.Service.List(ctx, identity.ActorFrom(ctx), queryOf(known(r.URL.Query())))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "housing.title")}
	for _, k := range []string{"code", "head", "unit", "kind", "category", "state", "since", "source", "donor", "amount", "paid", "why"} {
		s.Head = append(s.Head, i18n.T(ctx, "housing.col."+k))
	}
	for _, c := range list {
		s.Rows = append(s.Rows, []any{c.Code, c.Initials, c.Unit, i18n.T(ctx, "housing.kind."+string(c.Kind)), i18n.T(ctx, "household.category."+string(c.Category)), i18n.T(ctx, "housing.state."+string(c.State)),
			c.StateOn, sourceText(ctx, c.Source), c.Donor, int64(c.Amount), int64(c.Paid), c.Why})
	}
	return xlsx.Send(w, "nha-o.xlsx", s)
}

func sourceText(ctx context.Context, s housing.Source) string {
	if s == "" {
		return i18n.T(ctx, "housing.source.none")
	}
	return i18n.T(ctx, "housing.source."+string(s))
}

// refused tells whether an error is one that the person corrects on the page.
func refused(err error) bool {
	return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) || fault.Is(err, fault.TooLarge)
}
