package cashweb

import (
	"net/http"
	"net/url"

	"github.com/skip2/go-qrcode"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/fund/cash/poster"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// handoverView lists what was brought to the bank, with the form for more.
type handoverView struct {
	List     []cash.Handover
	Units    []ui.Option
	Accounts []ui.Option
	Typed    url.Values
	MayPair  bool
	Paging   ui.Paging
	Print    bool
	Err      error
}

func (p *Pages) showHandovers(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	ctx := r.Context()
	v := handoverView{Typed: typed, Err: refused, MayPair: p.s.Authz.CanSomewhere(actor(r), cash.ActionPair)}
	v.Paging, v.Print = pagingOf(r, handBase)
	var err error
	if v.List, v.Paging.Total, err = p.s.Handovers(ctx, actor(r), v.Paging.Page, v.Paging.Per); err != nil {
		return err
	}
	if v.Print {
		v.Paging.Per = max(1, v.Paging.Total)
	} else if p.s.Authz.CanSomewhere(actor(r), cash.ActionHand) {
		v.Units = p.units(r, cash.ActionHand, typed.Get("unit"))
		all, err := p.s.Books.AllAppeals(ctx, p.s.DB.Read())
		if err != nil {
			return err
		}
		for _, a := range all {
			for _, b := range a.Accounts {
				v.Accounts = append(v.Accounts, ui.Option{Value: a.Code + " " + b.ID, Text: a.Code + " · " + b.Bank.Name + " " + b.Number, Selected: a.Code+" "+b.ID == typed.Get("account")})
			}
		}
	}
	return web.Render(w, r, statusOf(refused), handoversPage(v))
}

func (p *Pages) handoversExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, _, err := p.s.Handovers(ctx, actor(r), 1, 0)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "cash.hand.title")}
	for _, k := range []string{"col.day", "col.unit", "col.appeal", "hand.receipts", "col.amount", "hand.by", "col.state"} {
		s.Head = append(s.Head, i18n.T(ctx, "cash."+k))
	}
	for _, h := range list {
		state := "brought"
		if h.Paired {
			state = "paired_state"
		}
		s.Rows = append(s.Rows, []any{h.Day, h.UnitName, h.AppealCode, h.Receipts, int(h.Amount), h.ByName, i18n.T(ctx, "cash.hand."+state)})
	}
	return xlsx.Send(w, "nop-tien-mat.xlsx", s)
}

func (p *Pages) handovers(w http.ResponseWriter, r *http.Request) error {
	return p.showHandovers(w, r, url.Values{"until": {string(clock.DateOf(p.s.Clock.Now()))}}, nil)
}

func (p *Pages) bring(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f := r.PostForm
	code, account := f.Get("account"), ""
	if len(code) > 37 {
		code, account = code[:len(code)-37], code[len(code)-36:]
	}
	_, err := p.s.Bring(r.Context(), actor(r), f.Get("unit"), code, account, clock.Date(f.Get("until")))
	if fault.Is(err, fault.NotFound) {
		err = fault.Field("account", "cash.hand.account")
	}
	if retry(err) {
		return p.showHandovers(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(handBase, "cash.done.brought"))
}

// pairView is the rows of the bank that a handover may be.
type pairView struct {
	cash.Handover
	Rows []fund.Waiting
	Err  error
}

func (p *Pages) showPair(w http.ResponseWriter, r *http.Request, refused error) error {
	h, rows, err := p.s.Candidates(r.Context(), actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.Render(w, r, statusOf(refused), pairPage(pairView{Handover: h, Rows: rows, Err: refused}))
}

func (p *Pages) candidates(w http.ResponseWriter, r *http.Request) error {
	return p.showPair(w, r, nil)
}

func (p *Pages) pair(w http.ResponseWriter, r *http.Request) error {
	if err := p.s.Pair(r.Context(), actor(r), r.PathValue("id"), r.PostFormValue("row")); retry(err) {
		return p.showPair(w, r, err)
	} else if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(handBase, "cash.done.paired"))
}

// codesView is the codes of the actor's units, with the form for one more.
type codesView struct {
	List    []cash.Code
	Units   []ui.Option
	Appeals []ui.Option
	Typed   url.Values
	Paging  ui.Paging
	Print   bool
	Err     error
}

func (p *Pages) showCodes(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	ctx := r.Context()
	v := codesView{Typed: typed, Err: refused}
	v.Paging, v.Print = pagingOf(r, codeBase)
	var err error
	if v.List, v.Paging.Total, err = p.s.Codes(ctx, actor(r), v.Paging.Page, v.Paging.Per); err != nil {
		return err
	}
	if v.Print {
		v.Paging.Per = max(1, v.Paging.Total)
		return web.Render(w, r, http.StatusOK, codesPage(v))
	}
	v.Units = p.units(r, cash.ActionCode, typed.Get("unit"))
	appeals, err := p.openAppeals(ctx)
	if err != nil {
		return err
	}
	for _, a := range appeals {
		v.Appeals = append(v.Appeals, ui.Option{Value: a.Code, Text: a.Name + " (" + a.Code + ")", Selected: a.Code == typed.Get("appeal")})
	}
	return web.Render(w, r, statusOf(refused), codesPage(v))
}

func (p *Pages) codesExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	list, _, err := p.s.Codes(ctx, actor(r), 1, 0)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "cash.code.codes")}
	for _, k := range []string{"code.title_label", "col.unit", "col.appeal", "col.amount", "col.reference", "col.display_name"} {
		s.Head = append(s.Head, i18n.T(ctx, "cash."+k))
	}
	for _, c := range list {
		s.Rows = append(s.Rows, []any{c.Title, c.UnitName, c.AppealCode, int(c.Amount), c.Code, c.DisplayName})
	}
	return xlsx.Send(w, "ma-qr.xlsx", s)
}

func (p *Pages) codes(w http.ResponseWriter, r *http.Request) error {
	return p.showCodes(w, r, url.Values{}, nil)
}

func (p *Pages) makeCode(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f := r.PostForm
	amount, err := amountOf(f.Get("amount"))
	if err != nil {
		return p.showCodes(w, r, f, fault.Field("amount", "cash.code.amount"))
	}
	c, err := p.s.MakeCode(r.Context(), actor(r), cash.NewCode{Appeal: f.Get("appeal"), UnitID: f.Get("unit"), Title: f.Get("title"), DisplayName: f.Get("display_name"), Consent: f.Get("consent") != "", Amount: amount})
	if retry(err) || fault.Is(err, fault.NotFound) {
		return p.showCodes(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(codeBase+"/"+c.Code, "cash.done.code"))
}

// codeView is one code with its drawing.
type codeView struct {
	cash.Code
	QR  string
	Err error
}

// codeOf gives a code of a unit in which the actor may make codes.
func (p *Pages) codeOf(r *http.Request) (codeView, error) {
	c, err := p.s.CodeByRef(r.Context(), r.PathValue("code"))
	if err != nil {
		return codeView{}, err
	}
	if c.Public || !p.s.Authz.Can(actor(r), cash.ActionCode, identity.InUnit(c.UnitID)) {
		return codeView{}, fault.New(fault.NotFound, "cash.code.none")
	}
	text, err := c.QR()
	return codeView{Code: c, QR: text}, err
}

func (p *Pages) code(w http.ResponseWriter, r *http.Request) error {
	return p.showCode(w, r, nil)
}

func (p *Pages) showCode(w http.ResponseWriter, r *http.Request, refused error) error {
	v, err := p.codeOf(r)
	if err != nil {
		return err
	}
	v.Err = refused
	return web.Render(w, r, statusOf(refused), codePage(v))
}

// forgetCode takes the name of the donor for whom a code was made out of the public statement.
func (p *Pages) forgetCode(w http.ResponseWriter, r *http.Request) error {
	err := p.s.ForgetCode(r.Context(), actor(r), r.PathValue("code"), i18n.T(r.Context(), "cash.forget.public"))
	if retry(err) {
		return p.showCode(w, r, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(codeBase+"/"+url.PathEscape(r.PathValue("code")), "cash.done.forgotten"))
}

func (p *Pages) poster(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.codeOf(r)
	if err != nil {
		return err
	}
	lines := []string{v.Account.Bank.Name, i18n.T(ctx, "cash.give.account") + ": " + v.Account.Number, i18n.T(ctx, "cash.give.memo") + ": " + v.Code.Code}
	if v.Amount > 0 {
		lines = append([]string{vnd(ctx, v.Amount)}, lines...)
	}
	b, err := poster.Draw(poster.Sheet{Unit: i18n.T(ctx, "cash.paper.front_of", "Unit", v.UnitName), Appeal: v.AppealName, Title: v.Title, QR: v.QR, Lines: lines, Note: i18n.T(ctx, "cash.poster.note"), Made: v.CreatedAt})
	if err != nil {
		return err
	}
	return sendFile(w, "application/pdf", "ap-phich-"+v.Code.Code+".pdf", b, "no-store")
}

// giveView is the public page of giving to an appeal.
type giveView struct {
	Appeal fund.Appeal
	Open   bool
	Amount string
	Err    error
}

func (p *Pages) showGive(w http.ResponseWriter, r *http.Request, amount string, refused error) error {
	a, err := p.s.Books.AppealByCode(r.Context(), p.s.DB.Read(), r.PathValue("code"))
	if err != nil {
		return err
	}
	return web.Render(w, r, statusOf(refused), givePage(giveView{Appeal: a, Open: a.Taking(clock.DateOf(p.s.Clock.Now())), Amount: amount, Err: refused}))
}

func (p *Pages) give(w http.ResponseWriter, r *http.Request) error {
	return p.showGive(w, r, "", nil)
}

func (p *Pages) ask(w http.ResponseWriter, r *http.Request) error {
	if p.asks.OnLimit(w, r, web.ClientIP(r)) {
		return fault.New(fault.TooMany, "cash.code.too_many")
	}
	typed := r.PostFormValue("amount")
	amount, err := amountOf(typed)
	if err != nil {
		return p.showGive(w, r, typed, fault.Field("amount", "cash.code.amount"))
	}
	c, err := p.s.AskCode(r.Context(), r.PathValue("code"), amount)
	if retry(err) {
		return p.showGive(w, r, typed, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, GivePath(c.AppealCode)+"/"+c.Code)
}

// publicCode gives the code of an address, when it belongs to that appeal.
func (p *Pages) publicCode(r *http.Request) (codeView, error) {
	c, err := p.s.CodeByRef(r.Context(), r.PathValue("ref"))
	if err != nil {
		return codeView{}, err
	}
	if c.AppealCode != r.PathValue("code") {
		return codeView{}, fault.New(fault.NotFound, "cash.code.none")
	}
	text, err := c.QR()
	return codeView{Code: c, QR: text}, err
}

func (p *Pages) mine(w http.ResponseWriter, r *http.Request) error {
	v, err := p.publicCode(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, minePage(v))
}

// pictureSide is the width and height of the picture of a code, in pixels.
const pictureSide = 720

func (p *Pages) picture(w http.ResponseWriter, r *http.Request) error {
	v, err := p.publicCode(r)
	if err != nil {
		return err
	}
	b, err := qrcode.Encode(v.QR, qrcode.Medium, pictureSide)
	if err != nil {
		return err
	}
	return sendFile(w, "image/png", v.Code.Code+".png", b, "public, max-age=86400")
}
