package fundweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// listView is the page of all appeals.
type listView struct {
	Query  url.Values
	Rows   []listRow
	Paging ui.Paging
	May    bool // may open one
	Print  bool
}

// listRow is one appeal with what stands on it.
type listRow struct {
	fund.Appeal
	Unit  string
	State string
	Given money.VND
	Left  money.VND
}

func (p *Pages) found(r *http.Request, q url.Values) ([]fund.Appeal, error) {
	all, err := p.Service.Appeals(r.Context(), identity.ActorFrom(r.Context()))
	if err != nil {
		return nil, err
	}
	text, today := vntext.Fold(strings.TrimSpace(q.Get("q"))), clock.DateOf(p.Service.Clock.Now())
	out := all[:0]
	for _, a := range all {
		if text != "" && !strings.Contains(vntext.Fold(a.Code+" "+a.Name+" "+p.unitName(a.UnitID)), text) {
			continue
		}
		if s := q.Get("tinh_trang"); s != "" && s != state(a, today) {
			continue
		}
		out = append(out, a)
	}
	return out, nil
}

func (p *Pages) rows(ctx context.Context, list []fund.Appeal) ([]listRow, error) {
	var out []listRow
	for _, a := range list {
		purses, err := p.Service.Purses(ctx, p.Service.DB.Read(), a.ID)
		if err != nil {
			return nil, err
		}
		row := listRow{Appeal: a, Unit: p.unitName(a.UnitID), State: state(a, clock.DateOf(p.Service.Clock.Now()))}
		for _, x := range purses {
			row.Given += x.Given
			row.Left += x.Left()
		}
		out = append(out, row)
	}
	return out, nil
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	q := known(r.URL.Query(), "q", "tinh_trang")
	all, err := p.found(r, q)
	if err != nil {
		return err
	}
	v := listView{Query: q, Print: r.URL.Query().Get("in") == "1", May: p.Service.Authz.CanSomewhere(identity.ActorFrom(r.Context()), fund.ActionOpen)}
	page, per := min(pageOf(r.URL.Query()), max(1, (len(all)+perPage-1)/perPage)), perPage
	if v.Print {
		page, per, v.May = 1, max(1, len(all)), false
	}
	v.Paging = ui.Paging{Page: page, Per: per, Total: len(all), URL: func(n int) string { return with(Base, q, "trang", strconv.Itoa(n)) }}
	if v.Rows, err = p.rows(r.Context(), all[(page-1)*per:min(page*per, len(all))]); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	all, err := p.found(r, r.URL.Query())
	if err != nil {
		return err
	}
	rows, err := p.rows(ctx, all)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "fund.list.title")}
	for _, c := range []string{"code", "name", "unit", "kind", "level", "state", "opens", "closes", "basis", "given", "left"} {
		s.Head = append(s.Head, i18n.T(ctx, "fund.col."+c))
	}
	for _, x := range rows {
		s.Rows = append(s.Rows, []any{x.Code, x.Name, x.Unit, i18n.T(ctx, "fund.kind."+string(x.FundKind)), i18n.T(ctx, "fund.level."+string(x.Level)), i18n.T(ctx, "fund.state."+x.State),
			x.Opens.Vietnamese(), x.Closes.Vietnamese(), x.Basis, int64(x.Given), int64(x.Left)})
	}
	return xlsx.Send(w, "dot-van-dong.xlsx", s)
}

// newView is the form that opens an appeal, with what was typed.
type newView struct {
	Code, Name, Basis, Unit, Kind, Level, From, To string
	Accounts                                       string // a line each
	Units                                          []ui.Option
	Err                                            error
}

func (p *Pages) showNew(w http.ResponseWriter, r *http.Request, v newView) error {
	for _, unitID := range p.Service.Authz.Scope(identity.ActorFrom(r.Context()), fund.ActionOpen) {
		v.Units = append(v.Units, ui.Option{Value: unitID, Text: p.unitName(unitID), Selected: unitID == v.Unit})
	}
	return web.Render(w, r, status(v.Err), newPage(v))
}

func (p *Pages) newForm(w http.ResponseWriter, r *http.Request) error {
	today := clock.DateOf(p.Service.Clock.Now())
	return p.showNew(w, r, newView{Kind: string(fund.FundRelief), Level: string(fund.LevelProvince), From: string(today), To: string(today.AddDays(fund.ReliefDays - 1))})
}

func (p *Pages) create(w http.ResponseWriter, r *http.Request) error {
	f := r.PostFormValue
	v := newView{Code: f("code"), Name: f("name"), Basis: f("basis"), Unit: f("unit"), Kind: f("kind"), Level: f("level"), From: f("from"), To: f("to"), Accounts: f("account")}
	in := fund.NewAppeal{Code: v.Code, Name: v.Name, UnitID: v.Unit, Basis: v.Basis, FundKind: fund.FundKind(v.Kind), Level: fund.Level(v.Level), Opens: clock.Date(v.From), Closes: clock.Date(v.To)}
	for l := range strings.Lines(v.Accounts) {
		if l = strings.TrimSpace(l); l != "" {
			in.Accounts = append(in.Accounts, l)
		}
	}
	a, err := p.Service.OpenAppeal(r.Context(), identity.ActorFrom(r.Context()), in)
	if refused(err) {
		v.Err = err
		return p.showNew(w, r, v)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(AppealPath(a.Code), "fund.flash.opened"))
}

// appealView is the overview of one appeal.
type appealView struct {
	frame
	Unit     string
	Balances []fund.Balance
	Purses   []fund.Purse
	Changes  []fund.Changed
	Form     string // the form that was refused
	Typed    url.Values
	Err      error
}

func (v appealView) sum(part func(fund.Purse) money.VND) (sum money.VND) {
	for _, x := range v.Purses {
		sum += part(x)
	}
	return sum
}

func (p *Pages) showAppeal(w http.ResponseWriter, r *http.Request, form string, refusal error) error {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	f, err := p.frame(r, "")
	if err != nil {
		return err
	}
	v := appealView{frame: f, Unit: p.unitName(f.UnitID), Form: form, Typed: r.PostForm, Err: refusal}
	if v.Balances, err = p.Service.Balances(ctx, actor, f.Code); err != nil {
		return err
	}
	if v.Purses, err = p.Service.Purses(ctx, p.Service.DB.Read(), f.ID); err != nil {
		return err
	}
	if v.Changes, err = p.Service.Changes(ctx, actor, f.Code); err != nil {
		return err
	}
	return web.Render(w, r, status(refusal), appealPage(v))
}

func (p *Pages) appeal(w http.ResponseWriter, r *http.Request) error {
	return p.showAppeal(w, r, "", nil)
}

// act does one decision about the appeal and goes back to its page.
func (p *Pages) act(w http.ResponseWriter, r *http.Request, form, flash string, do func(ctx context.Context, actor identity.Actor, code string) error) error {
	err := do(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("code"))
	if refused(err) {
		return p.showAppeal(w, r, form, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(AppealPath(r.PathValue("code")), flash))
}

func (p *Pages) extend(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "extend", "fund.flash.extended", func(ctx context.Context, actor identity.Actor, code string) error {
		return p.Service.ExtendAppeal(ctx, actor, code, clock.Date(r.PostFormValue("closes")), r.PostFormValue("basis"))
	})
}

func (p *Pages) end(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "end", "fund.flash.ended", func(ctx context.Context, actor identity.Actor, code string) error {
		return p.Service.EndAppeal(ctx, actor, code, r.PostFormValue("basis"))
	})
}

func (p *Pages) agree(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "agree", "fund.flash.agreed", func(ctx context.Context, actor identity.Actor, code string) error {
		return p.Service.AgreeRunningCosts(ctx, actor, code, r.PostFormValue("basis"))
	})
}

func (p *Pages) closePeriod(w http.ResponseWriter, r *http.Request) error {
	return p.act(w, r, "period", "fund.flash.period", func(ctx context.Context, actor identity.Actor, code string) error {
		return p.Service.ClosePeriod(ctx, actor, code, clock.Date(r.PostFormValue("until")))
	})
}

func (v appealView) typed(form, field string) string {
	if v.Form != form {
		return ""
	}
	return v.Typed.Get(field)
}

// errOf is the refusal of one of the forms.
func (v appealView) errOf(form string) error {
	if v.Form != form {
		return nil
	}
	return v.Err
}

func (v appealView) facts(ctx context.Context) []ui.DefinitionItem {
	out := []ui.DefinitionItem{
		{Term: i18n.T(ctx, "fund.col.unit"), Text: v.Unit},
		{Term: i18n.T(ctx, "fund.col.kind"), Text: i18n.T(ctx, "fund.kind."+string(v.FundKind)) + " · " + i18n.T(ctx, "fund.level."+string(v.Level))},
		{Term: i18n.T(ctx, "fund.col.basis"), Text: v.Basis},
		{Term: i18n.T(ctx, "fund.col.taking"), Text: v.Opens.Vietnamese() + " – " + v.Closes.Vietnamese()},
	}
	if v.SpendsUntil != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "fund.col.spends_until"), Text: v.SpendsUntil.Vietnamese()})
	}
	var accounts []string
	for _, a := range v.Accounts {
		accounts = append(accounts, a.Bank.Name+" "+a.Number)
	}
	running := i18n.T(ctx, "fund.running.no")
	if v.RunningBasis != "" {
		running = i18n.T(ctx, "fund.running.yes", "Basis", v.RunningBasis)
	}
	out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "fund.col.accounts"), Text: strings.Join(accounts, "; ")}, ui.DefinitionItem{Term: i18n.T(ctx, "fund.col.running"), Text: running})
	if v.ClosedUntil != "" {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "fund.col.closed_until"), Text: v.ClosedUntil.Vietnamese()})
	}
	return out
}

// accountName is an account of the ledger in words.
func (v appealView) accountName(ctx context.Context, b fund.Balance) string {
	name := i18n.T(ctx, "fund.role."+string(b.Role))
	switch {
	case b.Role == fund.RoleBank:
		return b.Bank.Name + " " + b.Number
	case b.Role == fund.RoleSpend:
		name += ": " + headText(ctx, b.Head)
	}
	if b.EarmarkID != "" {
		name += " – " + earmarkName(v.Purses, b.EarmarkID)
	}
	return name
}

func earmarkName(list []fund.Purse, earmarkID string) string {
	for _, x := range list {
		if x.Earmark.ID == earmarkID {
			return x.Earmark.Name
		}
	}
	return ""
}

// headText is a head of spending with its letter.
func headText(ctx context.Context, h fund.Head) string {
	t := i18n.T(ctx, "fund.head."+string(h))
	if l := h.Letter(); l != "" {
		return l + ") " + t
	}
	return t
}

func changeItems(ctx context.Context, list []fund.Changed) []ui.TimelineItem {
	var out []ui.TimelineItem
	for _, c := range list {
		day := ""
		if c.Day != "" {
			day = c.Day.Vietnamese()
		}
		out = append(out, ui.TimelineItem{At: c.At, Title: i18n.T(ctx, "fund.change."+string(c.What), "Day", day), Text: c.Basis, Who: c.ByName})
	}
	return out
}
