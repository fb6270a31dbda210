// Package fundweb is the office's screens of the books of appeals: which appeals there are and what stands on them, bank
// statements on their way in, the queue of rows that a person must decide on, gifts for one purpose, transfers between levels,
// and the comparison of bank, ledger and public log.
package fundweb

import (
	"context"
	"embed"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// Catalogue holds the words of the screens.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Base is where the screens stand; one appeal stands below AppealPath(code).
const Base = "/lam-viec/quy"

const (
	newPath = Base + "/mo-dot"
	onePath = Base + "/dot/{code}"
	perPage = 50
)

// AppealPath is the address of the books of an appeal, for links of other rooms.
func AppealPath(code string) string { return Base + "/dot/" + url.PathEscape(code) }

// Pages serves the screens.
type Pages struct {
	Service *fund.Service
	Forest  func() *orgunit.Forest
	// Spool is a folder for files while they are received; "" is the machine's own.
	Spool string
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Can("GET "+Base, fund.ActionRead, p.list)
	r.Can("GET "+Base+"/xuat.xlsx", fund.ActionRead, p.export)
	r.Can("GET "+newPath, fund.ActionOpen, p.newForm)
	r.Can("POST "+newPath, fund.ActionOpen, p.create)
	r.Can("GET "+onePath, fund.ActionRead, p.appeal)
	r.Can("POST "+onePath+"/gia-han", fund.ActionOpen, p.extend)
	r.Can("POST "+onePath+"/ket-thuc", fund.ActionOpen, p.end)
	r.Can("POST "+onePath+"/chi-phi", fund.ActionOpen, p.agree)
	r.Can("POST "+onePath+"/khoa-so", fund.ActionBook, p.closePeriod)
	r.Can("GET "+onePath+"/so.journal", fund.ActionRead, p.journal)
	r.Can("GET "+onePath+"/cho", fund.ActionRead, p.queue)
	r.Can("GET "+onePath+"/cho/xuat.xlsx", fund.ActionRead, p.queueExport)
	r.Can("POST "+onePath+"/cho", fund.ActionSort, p.sort)
	r.Can("POST "+onePath+"/cho/hoan-tac", fund.ActionBook, p.unsort)
	r.Can("POST "+onePath+"/cho/quy-tac", fund.ActionSort, p.addRule)
	r.Can("POST "+onePath+"/cho/quy-tac/{id}", fund.ActionSort, p.endRule)
	r.Can("GET "+onePath+"/khoan", fund.ActionRead, p.gifts)
	r.Can("POST "+onePath+"/khoan/dia-chi", fund.ActionSort, p.earmarkGift)
	r.Can("POST "+onePath+"/khoan/rut", fund.ActionBook, p.withdraw)
	r.Can("GET "+onePath+"/dia-chi", fund.ActionRead, p.earmarks)
	r.Can("POST "+onePath+"/dia-chi", fund.ActionSort, p.addEarmark)
	r.Can("GET "+onePath+"/chuyen", fund.ActionRead, p.transfers)
	r.Can("POST "+onePath+"/chuyen", fund.ActionTransfer, p.transfer)
	r.Can("POST "+onePath+"/chuyen/{id}/huy", fund.ActionTransfer, p.undoTransfer)
	p.statementRoutes(r)
}

// frame is what every page of one appeal shows.
type frame struct {
	fund.Appeal
	Active  string // last part of the address; "" is the overview
	Waiting int
	Today   clock.Date
	Decide  bool // may open, extend, end
	Keep    bool // may take statements in and sort
	Book    bool // may withdraw and close periods
	Send    bool // may transfer
}

func (p *Pages) frame(r *http.Request, active string) (frame, error) {
	ctx, actor := r.Context(), identity.ActorFrom(r.Context())
	a, err := p.Service.Appeal(ctx, actor, r.PathValue("code"))
	if err != nil {
		return frame{}, err
	}
	counts, err := p.Service.QueueCounts(ctx, actor, a.Code)
	if err != nil {
		return frame{}, err
	}
	f := frame{Appeal: a, Active: active, Today: clock.DateOf(p.Service.Clock.Now())}
	for _, n := range counts {
		f.Waiting += n
	}
	res := identity.Resource{Type: "Appeal", ID: a.ID, UnitID: a.UnitID}
	can := p.Service.Authz.Can
	f.Decide, f.Keep, f.Book, f.Send = can(actor, fund.ActionOpen, res), can(actor, fund.ActionImport, res), can(actor, fund.ActionBook, res), can(actor, fund.ActionTransfer, res)
	return f, nil
}

// path is an address of the appeal.
func (f frame) path(part string) string {
	if part == "" {
		return AppealPath(f.Code)
	}
	return AppealPath(f.Code) + "/" + part
}

func (f frame) tabs(ctx context.Context) []ui.Tab {
	var out []ui.Tab
	for _, x := range []string{"", "sao-ke", "cho", "khoan", "dia-chi", "chuyen", "doi-chieu"} {
		t := ui.Tab{Text: i18n.T(ctx, tabKey(x)), Href: f.path(x), Active: x == f.Active}
		if x == "cho" {
			t.Count = f.Waiting
		}
		out = append(out, t)
	}
	return out
}

func (f frame) crumbs(ctx context.Context) []ui.Crumb {
	out := []ui.Crumb{{Text: i18n.T(ctx, "fund.list.title"), Href: Base}}
	if f.Active != "" {
		out = append(out, ui.Crumb{Text: f.Code, Href: f.path("")})
	}
	return out
}

func tabKey(part string) string {
	return map[string]string{"": "fund.tab.overview", "sao-ke": "fund.tab.statements", "cho": "fund.tab.queue", "khoan": "fund.tab.gifts",
		"dia-chi": "fund.tab.earmarks", "chuyen": "fund.tab.transfers", "doi-chieu": "fund.tab.check"}[part]
}

// state is how an appeal stands today.
func state(a fund.Appeal, today clock.Date) string {
	switch {
	case today < a.Opens:
		return "coming"
	case today <= a.Closes:
		return "open"
	}
	return "over"
}

func stateTone(s string) string {
	return map[string]string{"coming": "info", "open": "ok", "over": "mute"}[s]
}

func (p *Pages) unitName(unitID string) string {
	u, err := p.Forest().Unit(unitID, clock.DateOf(p.Service.Clock.Now()))
	if err != nil {
		return unitID
	}
	return u.FullName
}

// refused tells whether a form is shown again with what was wrong.
func refused(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict:
		return err != nil
	}
	return false
}

// status of a page that may show a refused form.
func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	if fault.Is(err, fault.Conflict) {
		return http.StatusConflict
	}
	return http.StatusUnprocessableEntity
}

// amountOf reads an amount that was typed; an empty one is none.
func amountOf(s string) (money.VND, error) {
	if strings.TrimSpace(s) == "" {
		return 0, nil
	}
	v, err := money.Parse(s)
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			c := *f
			c.Field = "amount"
			return 0, &c
		}
	}
	return v, err
}

func pageOf(q url.Values) int {
	n, _ := strconv.Atoi(q.Get("trang")) // what is no number is the first page
	return max(1, n)
}

// with is an address with some of the query changed; an empty value takes the parameter away.
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

// known keeps the parameters that a list understands.
func known(q url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, n := range names {
		if v := q.Get(n); v != "" {
			out.Set(n, v)
		}
	}
	return out
}

func (p *Pages) journal(w http.ResponseWriter, r *http.Request) error {
	code := r.PathValue("code")
	a, err := p.Service.Appeal(r.Context(), identity.ActorFrom(r.Context()), code)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+a.Code+`.journal"`)
	return p.Service.ExportHledger(r.Context(), identity.ActorFrom(r.Context()), a.Code, io.Writer(w))
}
