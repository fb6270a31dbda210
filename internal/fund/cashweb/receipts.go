package cashweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

// listView is a list of receipts.
type listView struct {
	Query   url.Values
	Asked   cash.Filter
	Rows    []cash.Receipt
	Sum     money.VND
	Paging  ui.Paging
	Print   bool
	MayTake bool
	MayHand bool
}

func filterOf(q url.Values) cash.Filter {
	return cash.Filter{Text: q.Get("q"), State: cash.State(q.Get("trang_thai")), Waiting: q.Get("chua_nop") == "1"}
}

func (p *Pages) list(w http.ResponseWriter, r *http.Request) error {
	q := known(r.URL.Query(), "q", "trang_thai", "chua_nop")
	f := filterOf(q)
	v := listView{Query: q, Asked: f, Print: r.URL.Query().Get("in") == "1", MayTake: p.s.Authz.CanSomewhere(actor(r), cash.ActionTake), MayHand: p.s.Authz.CanSomewhere(actor(r), cash.ActionHand)}
	if !v.Print {
		f.Page, f.Per = pageOf(r.URL.Query()), perPage
	}
	rows, n, sum, err := p.s.List(r.Context(), actor(r), f)
	if err != nil {
		return err
	}
	v.Rows, v.Sum = rows, sum
	v.Paging = ui.Paging{Page: max(1, f.Page), Per: max(f.Per, 1), Total: n, URL: func(n int) string { return with(Base, q, "trang", strconv.Itoa(n)) }}
	if v.Print {
		v.Paging = ui.Paging{Page: 1, Per: max(1, n), Total: n}
	}
	return web.Render(w, r, http.StatusOK, listPage(v))
}

func (v listView) tabs(ctx context.Context) []ui.Tab {
	return []ui.Tab{
		{Text: i18n.T(ctx, "cash.all"), Href: with(Base, v.Query, "trang_thai", "", "chua_nop", ""), Active: v.Asked.State == "" && !v.Asked.Waiting},
		{Text: i18n.T(ctx, "cash.waiting"), Href: with(Base, v.Query, "trang_thai", "", "chua_nop", "1"), Active: v.Asked.Waiting},
		{Text: i18n.T(ctx, "cash.state.void"), Href: with(Base, v.Query, "trang_thai", "void", "chua_nop", ""), Active: v.Asked.State == cash.Void},
	}
}

func donor(ctx context.Context, r cash.Receipt) string {
	if r.DonorKind == cash.Anonymous {
		return i18n.T(ctx, "cash.kind.anonymous")
	}
	return r.DonorName
}

func (p *Pages) export(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rows, _, _, err := p.s.List(ctx, actor(r), filterOf(r.URL.Query()))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "cash.title")}
	for _, k := range []string{"number", "day", "unit", "appeal", "kind", "donor", "address", "tax_code", "amount", "note", "state", "reason", "taken_by", "handed"} {
		s.Head = append(s.Head, i18n.T(ctx, "cash.col."+k))
	}
	for _, x := range rows {
		handed := ""
		if x.HandoverID != "" {
			handed = i18n.T(ctx, "cash.handed")
		}
		s.Rows = append(s.Rows, []any{x.Number(), x.Day, x.UnitName, x.AppealCode, i18n.T(ctx, "cash.kind."+string(x.DonorKind)), donor(ctx, x), x.Address, x.TaxCode, int(x.Amount), x.Note,
			i18n.T(ctx, "cash.state."+string(x.State)), x.Reason, x.TakenName, handed})
	}
	return xlsx.Send(w, "phieu-thu.xlsx", s)
}

// formView is the form of a new receipt.
type formView struct {
	Typed    url.Values
	Units    []ui.Option
	Appeals  []ui.Option
	Earmarks []ui.Option
	Err      error
	Today    clock.Date
}

func (p *Pages) showForm(w http.ResponseWriter, r *http.Request, typed url.Values, refused error) error {
	ctx := r.Context()
	v := formView{Typed: typed, Err: refused, Today: clock.DateOf(p.s.Clock.Now())}
	v.Units = p.units(r, cash.ActionTake, typed.Get("unit"))
	appeals, err := p.openAppeals(ctx)
	if err != nil {
		return err
	}
	v.Earmarks = []ui.Option{{Value: "", Text: i18n.T(ctx, "cash.whole")}}
	for _, a := range appeals {
		v.Appeals = append(v.Appeals, ui.Option{Value: a.Code, Text: a.Name + " (" + a.Code + ")", Selected: a.Code == typed.Get("appeal")})
		purses, err := p.s.Books.Purses(ctx, p.s.DB.Read(), a.ID)
		if err != nil {
			return err
		}
		for _, x := range purses {
			if x.Earmark.ID != "" {
				v.Earmarks = append(v.Earmarks, ui.Option{Value: x.Earmark.ID, Text: x.Earmark.Name + " (" + a.Code + ")", Selected: x.Earmark.ID == typed.Get("earmark")})
			}
		}
	}
	if refused == nil {
		web.KeepOffline(w)
	}
	return web.Render(w, r, statusOf(refused), formPage(v))
}

// units are the units in which the actor may do something, as choices.
func (p *Pages) units(r *http.Request, action, chosen string) []ui.Option {
	var out []ui.Option
	for _, id := range p.s.Authz.Scope(actor(r), action) {
		out = append(out, ui.Option{Value: id, Text: p.s.UnitName(id), Selected: id == chosen})
		for _, u := range p.s.Forest().Children(id, clock.DateOf(p.s.Clock.Now())) {
			if p.s.Authz.Can(actor(r), action, identity.InUnit(u.ID)) && len(out) < 200 {
				out = append(out, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == chosen})
			}
		}
	}
	return out
}

// openAppeals lists the appeals that take gifts today.
func (p *Pages) openAppeals(ctx context.Context) ([]fund.Appeal, error) {
	all, err := p.s.Books.AllAppeals(ctx, p.s.DB.Read())
	var out []fund.Appeal
	for _, a := range all {
		if a.Taking(clock.DateOf(p.s.Clock.Now())) {
			out = append(out, a)
		}
	}
	return out, err
}

func (p *Pages) form(w http.ResponseWriter, r *http.Request) error {
	return p.showForm(w, r, url.Values{"donor_kind": {string(cash.Person)}, "day": {string(clock.DateOf(p.s.Clock.Now()))}}, nil)
}

func (p *Pages) take(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	f := r.PostForm
	in := cash.NewReceipt{UnitID: f.Get("unit"), Appeal: f.Get("appeal"), Day: clock.Date(f.Get("day")), DonorKind: cash.DonorKind(f.Get("donor_kind")), DonorName: f.Get("donor_name"),
		Address: f.Get("address"), TaxCode: f.Get("tax_code"), Representative: f.Get("representative"), DisplayName: f.Get("display_name"), Consent: f.Get("consent") != "",
		Purpose: cash.Purpose(f.Get("purpose")), EarmarkID: f.Get("earmark"), Note: f.Get("note"), OfflineID: f.Get("offline_id")}
	amount, err := amountOf(f.Get("amount"))
	if err != nil {
		return p.showForm(w, r, f, fault.Field("amount", "cash.receipt.amount"))
	}
	in.Amount = amount
	x, err := p.s.Take(r.Context(), actor(r), in)
	if retry(err) || fault.Is(err, fault.NotFound) {
		return p.showForm(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+x.ID, "cash.done.taken"))
}

// receiptView is one receipt.
type receiptView struct {
	cash.Receipt
	Appeal  fund.Appeal
	Earmark string
	MayVoid bool
	// MayForget: the public may read the giver's name, and the actor may take it out
	MayForget bool
	Reason    string
	Err       error
}

func (p *Pages) showReceipt(w http.ResponseWriter, r *http.Request, reason string, refused error) error {
	v, err := p.receiptOf(r)
	if err != nil {
		return err
	}
	v.Reason, v.Err = reason, refused
	v.MayVoid = v.State == cash.Valid && p.s.Authz.Can(actor(r), cash.ActionVoid, identity.Resource{Type: "Receipt", ID: v.ID, UnitID: v.UnitID, Attrs: map[string]string{"author": v.TakenBy}})
	v.MayForget = v.Consent && p.s.MayForget(actor(r), v.UnitID)
	return web.Render(w, r, statusOf(refused), receiptPage(v))
}

func (p *Pages) receiptOf(r *http.Request) (receiptView, error) {
	ctx := r.Context()
	x, err := p.s.Open(ctx, actor(r), r.PathValue("id"))
	if err != nil {
		return receiptView{}, err
	}
	v := receiptView{Receipt: x}
	if v.Appeal, err = p.s.Books.AppealByID(ctx, p.s.DB.Read(), x.AppealID); err != nil {
		return v, err
	}
	if x.EarmarkID != "" {
		purses, err := p.s.Books.Purses(ctx, p.s.DB.Read(), x.AppealID)
		if err != nil {
			return v, err
		}
		for _, e := range purses {
			if e.Earmark.ID == x.EarmarkID {
				v.Earmark = e.Earmark.Name
			}
		}
	}
	return v, nil
}

func (p *Pages) receipt(w http.ResponseWriter, r *http.Request) error {
	return p.showReceipt(w, r, "", nil)
}

func (p *Pages) void(w http.ResponseWriter, r *http.Request) error {
	reason := r.PostFormValue("reason")
	if err := p.s.Cancel(r.Context(), actor(r), r.PathValue("id"), reason); retry(err) {
		return p.showReceipt(w, r, reason, err)
	} else if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(r.PathValue("id")), "cash.done.void"))
}

// forget takes the giver's name out of the public statement.
func (p *Pages) forget(w http.ResponseWriter, r *http.Request) error {
	err := p.s.ForgetName(r.Context(), actor(r), r.PathValue("id"), i18n.T(r.Context(), "cash.forget.public"))
	if retry(err) {
		return p.showReceipt(w, r, "", err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(Base+"/"+url.PathEscape(r.PathValue("id")), "cash.done.forgotten"))
}

func (v receiptView) facts(ctx context.Context) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem {
		return ui.DefinitionItem{Term: i18n.T(ctx, "cash.col."+key), Text: text}
	}
	out := []ui.DefinitionItem{line("amount", vnd(ctx, v.Amount)+" ("+v.Amount.Words()+")"), line("donor", donor(ctx, v.Receipt)), line("appeal", v.Appeal.Name), line("day", v.Day.Vietnamese()),
		line("unit", v.UnitName)}
	for _, x := range []struct{ key, text string }{{"address", v.Address}, {"tax_code", v.TaxCode}, {"representative", v.Representative}, {"earmark", v.Earmark}, {"display_name", v.DisplayName}, {"note", v.Note}} {
		if x.text != "" {
			out = append(out, line(x.key, x.text))
		}
	}
	if v.Purpose != "" {
		out = append(out, line("purpose", i18n.T(ctx, "cash.purpose."+string(v.Purpose))))
	}
	out = append(out, line("reference", v.Reference), line("taken_by", v.TakenName))
	if v.State == cash.Void {
		out = append(out, line("reason", v.Receipt.Reason), line("void_by", v.VoidName))
	}
	return out
}

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

func sendPaper(w http.ResponseWriter, form, name string, d paper.Document) error {
	switch form {
	case "pdf":
		b, err := d.PDF()
		if err != nil {
			return err
		}
		return sendFile(w, "application/pdf", name+".pdf", b, "no-store")
	case "docx":
		b, err := d.DOCX()
		if err != nil {
			return err
		}
		return sendFile(w, docxType, name+".docx", b, "no-store")
	}
	return fault.New(fault.NotFound, "web.not_found")
}

func (p *Pages) place(unitID string) string {
	u, err := p.s.Forest().Unit(unitID, clock.DateOf(p.s.Clock.Now()))
	if err != nil {
		return ""
	}
	return u.Name
}

// slip is the printed receipt, half a sheet.
func (p *Pages) slip(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.receiptOf(r)
	if err != nil {
		return err
	}
	t := func(key string, args ...any) string { return i18n.T(ctx, key, args...) }
	d := paper.Document{A5: true, Landscape: true, Open: true, Superior: t("cash.paper.front"), Issuer: v.UnitName, Number: v.Number(), Place: p.place(v.UnitID), Date: v.Day, Kind: t("cash.paper.receipt"),
		Blocks: []paper.Block{
			paper.Field{Label: t("cash.col.donor") + ":", Value: donor(ctx, v.Receipt)},
			paper.Field{Label: t("cash.col.address") + ":", Value: v.Address},
			paper.Field{Label: t("cash.paper.for") + ":", Value: v.Appeal.Name},
			paper.Field{Label: t("cash.col.amount") + ":", Value: v.Amount.String()},
			paper.Field{Label: t("cash.paper.words") + ":", Value: v.Amount.Words()},
			paper.Field{Label: t("cash.paper.find") + ":", Value: v.Reference},
		},
		Signers: []paper.Signer{{Title: t("cash.paper.giver"), Note: t("cash.paper.sign")}, {Title: t("cash.paper.taker"), Note: t("cash.paper.sign"), Name: v.TakenName}}}
	if v.State == cash.Void {
		d.Kind = t("cash.paper.void")
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("cash.paper.void_text", "Reason", v.Receipt.Reason), Bold: true})
	}
	return sendPaper(w, r.PathValue("form"), "phieu-thu-"+strconv.Itoa(v.No)+"-"+strconv.Itoa(v.Year), d)
}

// confirmation is the minutes by which a company proves its gift to the tax office (Circular 20/2026/TT-BTC).
func (p *Pages) confirmation(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.receiptOf(r)
	if err != nil {
		return err
	}
	if v.DonorKind != cash.Company || v.State != cash.Valid {
		return fault.New(fault.Conflict, "cash.receipt.no_confirmation")
	}
	t := func(key string, args ...any) string { return i18n.T(ctx, key, args...) }
	d := paper.Document{Superior: t("cash.paper.front"), Issuer: v.UnitName, Place: p.place(v.UnitID), Date: v.Day, Kind: t("cash.paper.minutes"), Subject: t("cash.paper.confirm"),
		Basis: []string{t("cash.paper.basis_tax"), v.Appeal.Basis}, Open: true,
		Blocks: []paper.Block{
			paper.Heading{Text: t("cash.paper.part1")},
			paper.Field{Label: t("cash.paper.company") + ":", Value: v.DonorName}, paper.Field{Label: t("cash.col.address") + ":", Value: v.Address}, paper.Field{Label: t("cash.col.tax_code") + ":", Value: v.TaxCode},
			paper.Field{Label: t("cash.col.representative") + ":", Value: v.Representative},
			paper.Heading{Text: t("cash.paper.part2")},
			paper.Field{Label: t("cash.paper.body") + ":", Value: t("cash.paper.front_of", "Unit", v.UnitName)}, paper.Field{Label: t("cash.col.representative") + ":", Value: ""},
			paper.Heading{Text: t("cash.paper.part3")},
			paper.Paragraph{Text: t("cash.paper.confirm_text", "Amount", v.Amount.String(), "Words", v.Amount.Words(), "Number", v.Number(), "Day", v.Day.Vietnamese(), "Appeal", v.Appeal.Name)},
			paper.Heading{Text: t("cash.paper.part4")},
		},
		Signers: []paper.Signer{{Title: t("cash.paper.giver_body"), Note: t("cash.paper.seal")}, {Title: t("cash.paper.taker_body"), Note: t("cash.paper.seal")}}}
	for _, x := range cash.Purposes() {
		mark := "[   ] "
		if x == v.Purpose {
			mark = "[x] "
		}
		d.Blocks = append(d.Blocks, paper.Paragraph{Text: mark + t("cash.purpose."+string(x))})
	}
	d.Blocks = append(d.Blocks, paper.Paragraph{Text: t("cash.paper.promise")})
	return sendPaper(w, r.PathValue("form"), "bien-ban-xac-nhan-tai-tro", d)
}
