// Package awardweb is the screens of thanks for givers and of visits with gifts.
package awardweb

import (
	"context"
	"embed"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/award"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// Catalogue holds the words of the screens and of the faults of awards.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Where the screens stand.
const (
	Base      = "/lam-viec/tri-an"
	visitPath = "/lam-viec/tham-hoi"
	perPage   = 50
)

// Pages serves the screens.
type Pages struct{ Service *award.Service }

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, award.ActionRead, p.list)
	r.Can("GET "+Base+"/xuat.xlsx", award.ActionRead, p.export)
	r.Can("GET "+Base+"/moi", award.ActionPropose, p.form)
	r.Can("POST "+Base+"/moi", award.ActionPropose, p.propose)
	r.Can("GET "+Base+"/{id}", award.ActionRead, p.award)
	r.Can("POST "+Base+"/{id}", award.ActionApprove, p.change)
	r.Can("GET "+Base+"/{id}/bang.pdf", award.ActionRead, p.certificate)
	r.Can("GET "+visitPath, award.ActionRead, p.visits)
	r.Can("GET "+visitPath+"/xuat.xlsx", award.ActionRead, p.visitsExport)
	r.Can("POST "+visitPath, award.ActionVisit, p.addVisit)
}

func actor(r *http.Request) identity.Actor { return identity.ActorFrom(r.Context()) }

func vnd(ctx context.Context, v money.VND) string { return ui.Number(ctx, int(v)) + " đ" }

func statusOf(refused error) int {
	if refused == nil {
		return http.StatusOK
	}
	return web.Status(fault.KindOf(refused))
}

func retry(err error) bool {
	return err != nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict))
}

// amountOf reads an amount; what is none is an error of the field.
func amountOf(s, field, key string) (money.VND, error) {
	if s == "" {
		return 0, nil
	}
	v, err := money.Parse(s)
	if err != nil {
		return 0, fault.Field(field, key)
	}
	return v, nil
}

func tone(s award.State) string {
	switch s {
	case award.Approved:
		return "ok"
	case award.Proposed:
		return "wait"
	}
	return "late"
}

// listView is the list of awards.
type listView struct {
	Asked      award.Filter
	Rows       []award.Award
	Paging     ui.Paging
	Print      bool
	MayPropose bool
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	n, _ := strconv.Atoi(q.Get("trang")) // what is no number is the first page
	v := listView{Asked: award.Filter{Text: q.Get("q"), Page: max(1, n), Per: perPage}, Print: q.Get("in") == "1", MayPropose: p.Service.Authz.CanSomewhere(actor(r), award.ActionPropose)}
	if v.Print {
		v.Asked.Per = 0
	}
	rows, total, err := p.Service.List(r.Context(), actor(r), v.Asked)
	if err != nil {
		return err
	}
	v.Rows = rows
	v.Paging = ui.Paging{Page: v.Asked.Page, Per: perPage, Total: total, URL: func(n int) string {
		return Base + "?" + url.Values{"q": {v.Asked.Text}, "trang": {strconv.Itoa(n)}}.Encode()
	}}
	if v.Print {
		v.Paging = ui.Paging{Page: 1, Per: max(1, total), Total: total}
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rows, _, err := p.Service.List(ctx, actor(r), award.Filter{Text: r.URL.Query().Get("q")})
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "award.title")}
	for _, k := range []string{"giver", "level", "sum", "recorded", "extra", "from", "until", "state", "number", "unit", "proposed_by", "approved_by", "reason"} {
		s.Head = append(s.Head, i18n.T(ctx, "award.col."+k))
	}
	for _, a := range rows {
		s.Rows = append(s.Rows, []any{a.Giver, i18n.T(ctx, "award.level_name."+string(a.Level)), int(a.Sum()), int(a.Recorded), int(a.Extra), a.From, a.Until, i18n.T(ctx, "award.state."+string(a.State)),
			a.Number, a.UnitName, a.ProposedName, a.ApprovedName, a.Reason})
	}
	return xlsx.Send(w, "tri-an.xlsx", s)
}

// formView is the form of a proposal.
type formView struct {
	Typed url.Values
	Units []ui.Option
	Err   error
}

func (p *Pages) units(r *http.Request, action, chosen string) []ui.Option {
	var out []ui.Option
	for _, id := range p.Service.Authz.Scope(actor(r), action) {
		out = append(out, ui.Option{Value: id, Text: p.Service.UnitName(id), Selected: id == chosen})
	}
	return out
}

func (p *Pages) showForm(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	return web.Render(w, r, statusOf(refused), formPage(formView{Typed: typed, Units: p.units(r, award.ActionPropose, typed.Get("unit")), Err: refused}))
}

func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	today := clock.DateOf(p.Service.Clock.Now())
	return p.showForm(w, r, url.Values{"from": {string(today)[:4] + "-01-01"}, "until": {string(today)}}, nil)
}

func (p *Pages) propose(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f := r.PostForm
	extra, err := amountOf(f.Get("extra"), "extra", "award.extra")
	var a award.Award
	if err == nil {
		a, err = p.Service.Propose(r.Context(), actor(r), award.NewAward{UnitID: f.Get("unit"), Giver: f.Get("giver"), From: clock.Date(f.Get("from")), Until: clock.Date(f.Get("until")), Extra: extra,
			ExtraWhy: f.Get("extra_why"), Level: award.Level(f.Get("level"))})
	}
	if retry(err) {
		return p.showForm(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+a.ID, "award.done.proposed"))
}

// awardView is one award.
type awardView struct {
	award.Award
	MayApprove bool
	Typed      url.Values
	Err        error
}

func (p *Pages) show(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	a, err := p.Service.Open(r.Context(), actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	may := p.Service.Authz.Can(actor(r), award.ActionApprove, identity.Resource{Type: "Award", ID: a.ID, UnitID: a.UnitID, Attrs: map[string]string{"author": a.ProposedBy}})
	return web.Render(w, r, statusOf(refused), awardPage(awardView{Award: a, MayApprove: may, Typed: typed, Err: refused}))
}

func (p *Pages) award(w http.ResponseWriter, r *http.Request) error {
	return p.show(w, r, url.Values{}, nil)
}

func (p *Pages) change(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f, id, key := r.PostForm, r.PathValue("id"), "award.done.approved"
	var err error
	switch f.Get("viec") {
	case "duyet":
		err = p.Service.Decide(r.Context(), actor(r), id, true, f.Get("number"), "")
	case "tu-choi":
		key, err = "award.done.refused", p.Service.Decide(r.Context(), actor(r), id, false, "", f.Get("reason"))
	default:
		key, err = "award.done.cancelled", p.Service.Cancel(r.Context(), actor(r), id, f.Get("reason"))
	}
	if retry(err) {
		return p.show(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(id), key))
}

func (v awardView) facts(ctx context.Context) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem {
		return ui.DefinitionItem{Term: i18n.T(ctx, "award.col."+key), Text: text}
	}
	out := []ui.DefinitionItem{line("level", i18n.T(ctx, "award.level_name."+string(v.Level))), line("from", v.From.Vietnamese()), line("until", v.Until.Vietnamese()), line("recorded", vnd(ctx, v.Recorded))}
	if v.Extra > 0 {
		out = append(out, line("extra", vnd(ctx, v.Extra)+" · "+v.ExtraWhy))
	}
	out = append(out, line("sum", vnd(ctx, v.Sum())+" ("+v.Sum().Words()+")"), line("unit", v.UnitName), line("proposed_by", v.ProposedName))
	if v.ApprovedName != "" {
		out = append(out, line("number", v.Number), line("approved_by", v.ApprovedName))
	}
	if v.Reason != "" {
		out = append(out, line("reason", v.Reason+" · "+v.ClosedName))
	}
	return out
}

// certificate is the sheet that is handed to the giver.
func (p *Pages) certificate(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, err := p.Service.Open(ctx, actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if a.State != award.Approved {
		return fault.New(fault.Conflict, "award.not_approved")
	}
	t := func(key string, args ...any) string { return i18n.T(ctx, key, args...) }
	d := paper.Document{Landscape: true, Superior: t("award.paper.front"), Issuer: a.UnitName, Number: a.Number, Place: a.UnitName, Date: clock.DateOf(a.ApprovedAt), Kind: t("award.level_name." + string(a.Level)), Open: true,
		Blocks: []paper.Block{
			paper.Paragraph{Text: t("award.paper.body"), Center: true},
			paper.Paragraph{Text: a.Giver, Bold: true, Center: true},
			paper.Paragraph{Text: t("award.paper.for", "From", a.From.Vietnamese(), "Until", a.Until.Vietnamese(), "Sum", a.Sum().String()), Center: true},
			paper.Paragraph{Text: t("award.paper.thanks"), Italic: true, Center: true},
		},
		Signers: []paper.Signer{{Authority: t("award.paper.tm"), Title: t("award.paper.chair"), Name: a.ApprovedName}}}
	b, err := d.PDF()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": "tri-an.pdf"}))
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(b)
	return err
}

// visitView is the list of visits with the form.
type visitView struct {
	List   []award.Visit
	Query  url.Values
	Paging ui.Paging
	Print  bool
	Units  []ui.Option
	Typed  url.Values
	Err    error
}

// visitsAsked is what the list of visits is narrowed to: by q, dip (occasion) and nam (year).
func visitsAsked(q url.Values) (award.VisitFilter, url.Values) {
	kept := url.Values{}
	for _, k := range []string{"q", "dip", "nam"} {
		if q.Get(k) != "" {
			kept.Set(k, q.Get(k))
		}
	}
	year, _ := strconv.Atoi(q.Get("nam")) // what is no number is any year
	return award.VisitFilter{Text: q.Get("q"), Occasion: award.Occasion(q.Get("dip")), Year: year}, kept
}

func visitHref(path string, kept url.Values, pairs ...string) string {
	q := url.Values{}
	for k, v := range kept {
		q[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func (p *Pages) showVisits(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	q := r.URL.Query()
	n, _ := strconv.Atoi(q.Get("trang")) // what is no number is the first page
	f, kept := visitsAsked(q)
	v := visitView{Query: kept, Print: refused == nil && q.Get("in") == "1", Typed: typed, Err: refused}
	if f.Page, f.Per = max(1, n), perPage; v.Print {
		f.Page, f.Per = 1, 0
	}
	list, total, err := p.Service.Visits(r.Context(), actor(r), f)
	if err != nil {
		return err
	}
	v.List, v.Paging = list, ui.Paging{Page: f.Page, Per: perPage, Total: total, URL: func(n int) string { return visitHref(visitPath, kept, "trang", strconv.Itoa(n)) }}
	if v.Print {
		v.Paging = ui.Paging{Page: 1, Per: max(1, total), Total: total}
	} else {
		v.Units = p.units(r, award.ActionVisit, typed.Get("unit"))
	}
	return web.Render(w, r, statusOf(refused), visitsPage(v))
}

func (p *Pages) visitsExport(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	f, _ := visitsAsked(r.URL.Query())
	list, _, err := p.Service.Visits(ctx, actor(r), f)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "award.visits")}
	for _, k := range []string{"day", "receiver", "occasion", "what", "value", "unit", "by"} {
		s.Head = append(s.Head, i18n.T(ctx, "award.col."+k))
	}
	for _, x := range list {
		s.Rows = append(s.Rows, []any{x.Day, x.Receiver, i18n.T(ctx, "award.occasion_name."+string(x.Occasion)), x.What, int(x.Value), x.UnitName, x.ByName})
	}
	return xlsx.Send(w, "tham-hoi.xlsx", s)
}

func (p *Pages) visits(w http.ResponseWriter, r *http.Request) error {
	return p.showVisits(w, r, url.Values{"day": {string(clock.DateOf(p.Service.Clock.Now()))}}, nil)
}

func (p *Pages) addVisit(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f := r.PostForm
	value, err := amountOf(f.Get("value"), "value", "award.value")
	if err == nil {
		_, err = p.Service.AddVisit(r.Context(), actor(r), award.Visit{UnitID: f.Get("unit"), Occasion: award.Occasion(f.Get("occasion")), Day: clock.Date(f.Get("day")), Receiver: f.Get("receiver"), What: f.Get("what"), Value: value})
	}
	if retry(err) {
		return p.showVisits(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(visitPath, "award.done.visit"))
}

func levels(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, l := range award.Levels() {
		out = append(out, ui.Option{Value: string(l), Text: i18n.T(ctx, "award.level_name."+string(l)), Hint: i18n.T(ctx, "award.level_from", "Sum", vnd(ctx, l.From())), Selected: string(l) == chosen})
	}
	return out
}

func occasions(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, n := range award.Norms() {
		hint := ""
		if n.Once > 0 {
			hint = i18n.T(ctx, "award.norm.once", "Limit", vnd(ctx, n.Once))
		}
		if n.Year > 0 {
			hint += " " + i18n.T(ctx, "award.norm.year", "Limit", vnd(ctx, n.Year))
		}
		out = append(out, ui.Option{Value: string(n.Occasion), Text: i18n.T(ctx, "award.occasion_name."+string(n.Occasion)), Hint: hint + " (" + n.Basis + ")", Selected: string(n.Occasion) == chosen})
	}
	return out
}

// occasionFilter offers the occasions for the list of visits, any of them first.
func occasionFilter(ctx context.Context, chosen string) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "award.any_occasion"), Selected: chosen == ""}}
	for _, n := range award.Norms() {
		out = append(out, ui.Option{Value: string(n.Occasion), Text: i18n.T(ctx, "award.occasion_name."+string(n.Occasion)), Selected: string(n.Occasion) == chosen})
	}
	return out
}
