package spendingweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// listView is the list of decisions.
type listView struct {
	Query      url.Values
	Asked      spending.Filter
	Rows       []spending.Allocation
	Paging     ui.Paging
	Print      bool
	MayPropose bool
	MayNeed    bool
}

func filterOf(q url.Values) spending.Filter {
	return spending.Filter{Text: q.Get("q"), State: spending.State(q.Get("trang_thai"))}
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := known(r.URL.Query(), "q", "trang_thai")
	f := filterOf(q)
	v := listView{Query: q, Asked: f, Print: r.URL.Query().Get("in") == "1", MayPropose: p.Service.Authz.CanSomewhere(actor(r), spending.ActionPropose),
		MayNeed: p.Service.Authz.CanSomewhere(actor(r), spending.ActionNeed)}
	if !v.Print {
		f.Page, f.Per = pageOf(r.URL.Query()), perPage
	}
	rows, n, err := p.Service.List(ctx, actor(r), f)
	if err != nil {
		return err
	}
	v.Rows = rows
	v.Paging = ui.Paging{Page: f.Page, Per: f.Per, Total: n, URL: func(n int) string { return with(Base, q, "trang", strconv.Itoa(n)) }}
	if v.Print {
		v.Paging = ui.Paging{Page: 1, Per: n, Total: n}
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func (v listView) chips(ctx context.Context) []ui.Tab {
	out := []ui.Tab{{Text: i18n.T(ctx, "spending.all"), Href: with(Base, v.Query, "trang_thai", ""), Active: v.Asked.State == ""}}
	for _, s := range spending.States() {
		out = append(out, ui.Tab{Text: stateText(ctx, s), Href: with(Base, v.Query, "trang_thai", string(s)), Active: v.Asked.State == s})
	}
	return out
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rows, _, err := p.Service.List(ctx, actor(r), filterOf(r.URL.Query()))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "spending.title")}
	for _, k := range []string{"doc_no", "doc_day", "appeal", "about", "meeting", "state", "head", "unit", "purpose", "amount", "withdrawn", "paid", "planned", "left", "target", "helped"} {
		s.Head = append(s.Head, i18n.T(ctx, "spending.col."+k))
	}
	for _, a := range rows {
		for _, x := range a.Shares {
			s.Rows = append(s.Rows, []any{a.DocNo, a.DocDay, a.AppealCode, a.About, a.Meeting, stateText(ctx, a.State), headText(ctx, x.Head), x.UnitName, x.Purpose,
				int(x.Amount), int(x.Withdrawn), int(x.Paid), int(x.Planned), int(x.Left()), x.Target, x.Helped})
		}
	}
	return xlsx.Send(w, "phan-bo.xlsx", s)
}

// decisionView is one decision.
type decisionView struct {
	spending.Dossier
	UnitName string
	Free     []spending.Free
	Reason   string
	Err      error
	Print    bool
}

func (p *Pages) showDecision(w http.ResponseWriter, r *http.Request, reason string, refused error) error {
	ctx := r.Context()
	d, err := p.Service.Open(ctx, actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := decisionView{Dossier: d, UnitName: p.Service.UnitName(d.UnitID), Reason: reason, Err: refused, Print: r.URL.Query().Get("in") == "1"}
	if d.State == spending.Proposed {
		if v.Free, err = p.Service.FreeMoney(ctx, actor(r), d.AppealID); err != nil && !fault.Is(err, fault.Forbidden) {
			return err
		}
	}
	return web.Render(w, r, statusOf(refused), decisionPage(v))
}

// statusOf is the status of a page that shows a form, refused or not.
func statusOf(refused error) int {
	if refused == nil {
		return http.StatusOK
	}
	return web.Status(fault.KindOf(refused))
}

// retry tells whether a refusal is shown in the form again; anything else goes to the page for errors.
func retry(err error) bool {
	return err != nil && (fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict))
}

func (p *Pages) decision(w http.ResponseWriter, r *http.Request) error {
	return p.showDecision(w, r, "", nil)
}

func (p *Pages) decide(w http.ResponseWriter, r *http.Request) error {
	reason := r.PostFormValue("reason")
	approve := r.PostFormValue("viec") == "duyet"
	_, err := p.Service.Decide(r.Context(), actor(r), r.PathValue("id"), approve, reason)
	if retry(err) {
		return p.showDecision(w, r, reason, err)
	}
	if err != nil {
		return err
	}
	key := "spending.done.refused"
	if approve {
		key = "spending.done.approved"
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(r.PathValue("id")), key))
}

func (p *Pages) drop(w http.ResponseWriter, r *http.Request) error {
	reason := r.PostFormValue("reason")
	err := p.Service.Drop(r.Context(), actor(r), r.PathValue("id"), reason)
	if retry(err) {
		return p.showDecision(w, r, reason, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(r.PathValue("id")), "spending.done.dropped"))
}

// decided is the history of the decision itself, without that of its payments.
func (v decisionView) decided() []spending.Event {
	var out []spending.Event
	for _, e := range v.Events {
		switch e.Kind {
		case "proposed", "approved", "refused", "dropped", "withdrawn":
			out = append(out, e)
		}
	}
	return out
}

// eventItems is the history of a decision.
func eventItems(ctx context.Context, list []spending.Event) []ui.TimelineItem {
	out := make([]ui.TimelineItem, len(list))
	for i, e := range list {
		tone := "info"
		switch e.Kind {
		case "approved", "paid":
			tone = "ok"
		case "refused", "taken_back":
			tone = "late"
		case "proposed":
			tone = "wait"
		}
		out[i] = ui.TimelineItem{At: e.CreatedAt, Title: i18n.T(ctx, "spending.event."+e.Kind) + " · " + vnd(ctx, e.Amount), Text: e.Reason, Who: e.ByName, Tone: tone}
	}
	return out
}

// needView is the form in which a unit says what it needs.
type needView struct {
	Units   []ui.Option
	Appeals []ui.Option
	Unit    string
	Appeal  string
	Typed   url.Values
	Err     error
}

func (p *Pages) showNeed(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	v := needView{Typed: typed, Err: refused}
	for _, id := range p.Service.Authz.Scope(actor(r), spending.ActionNeed) {
		v.Units = append(v.Units, ui.Option{Value: id, Text: p.Service.UnitName(id), Selected: id == typed.Get("unit")})
	}
	appeals, err := p.appeals(r, typed.Get("appeal"))
	if err != nil {
		return err
	}
	v.Appeals = appeals
	return web.Render(w, r, statusOf(refused), needPage(v))
}

// appeals lists the appeals as choices.
func (p *Pages) appeals(r *http.Request, chosen string) ([]ui.Option, error) {
	list, err := p.Service.Books.AllAppeals(r.Context(), p.Service.DB.Read())
	var out []ui.Option
	for _, a := range list {
		out = append(out, ui.Option{Value: a.Code, Text: a.Name + " (" + a.Code + ")", Selected: a.Code == chosen})
	}
	return out, err
}

func (p *Pages) need(w http.ResponseWriter, r *http.Request) error {
	return p.showNeed(w, r, url.Values{}, nil)
}

func (p *Pages) sayNeed(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	in := spending.NewNeed{Appeal: r.PostForm.Get("appeal"), UnitID: r.PostForm.Get("unit"), Note: r.PostForm.Get("note")}
	var fs fault.Fields
	n, err := strconv.Atoi(r.PostForm.Get("households"))
	fs.Check(err == nil, "households", "spending.need.households")
	in.Households = n
	if in.Amount, err = amountOf(r.PostForm.Get("amount")); err != nil {
		fs.Add(fault.Field("amount", "spending.need.amount"))
	}
	if err = fs.OrNil(); err == nil {
		err = p.Service.SayNeed(r.Context(), actor(r), in)
	}
	if retry(err) || fault.Is(err, fault.NotFound) {
		return p.showNeed(w, r, r.PostForm, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(needPath, "spending.done.need"))
}

func headOptions(ctx context.Context, chosen string) []ui.Option {
	out := []ui.Option{{Value: "", Text: i18n.T(ctx, "spending.choose")}}
	for _, h := range append(fund.Heads(), fund.HeadRunning) {
		out = append(out, ui.Option{Value: string(h), Text: headText(ctx, h), Selected: string(h) == chosen})
	}
	return out
}

func (p *Pages) may(r *http.Request, action, unitID string) bool {
	return p.Service.Authz.Can(actor(r), action, identity.InUnit(unitID))
}

// facts is what a decision says of itself.
func (v decisionView) facts(ctx context.Context) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem { return ui.DefinitionItem{Term: i18n.T(ctx, key), Text: text} }
	out := []ui.DefinitionItem{line("spending.col.about", v.About), line("spending.col.appeal", v.Appeal.Name+" ("+v.AppealCode+")"), line("spending.col.decided_unit", v.UnitName),
		line("spending.col.doc_day", v.DocDay.Vietnamese()), line("spending.col.meeting", v.Meeting),
		line("spending.col.amount", vnd(ctx, v.Amount)+" ("+v.Amount.Words()+")"), line("spending.col.proposed_by", v.ProposedName)}
	if v.DecidedName != "" {
		out = append(out, line("spending.col.decided_by", v.DecidedName))
	}
	if v.Reason == "" && v.Allocation.Reason != "" {
		out = append(out, line("spending.col.reason", v.Allocation.Reason))
	}
	return out
}

// purses are the choices of the money that a line is taken from.
func (v draftView) purses(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, f := range v.Free {
		name := f.Earmark.Name
		if f.Earmark.ID == "" {
			name = i18n.T(ctx, "spending.free.whole")
		}
		out = append(out, ui.Option{Value: f.Earmark.ID, Text: name + " · " + vnd(ctx, f.Left), Selected: f.Earmark.ID == chosen})
	}
	return out
}
