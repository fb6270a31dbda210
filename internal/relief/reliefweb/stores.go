package reliefweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// slipForms are the forms of a warehouse by their address.
var slipForms = []struct {
	path string
	kind relief.SlipKind
}{{"nhap", relief.SlipIn}, {"xuat", relief.SlipOut}, {"chuyen", relief.SlipTransfer}}

// storesView is the list of warehouses.
type storesView struct {
	Tabs     []ui.Tab
	Rows     []storeRow
	Incoming []relief.Slip
	Near     []nearRow
	May      bool
}

type storeRow struct {
	relief.Warehouse
	UnitName string
	Lots     int
	Value    money.VND
}

// nearRow is goods that spoil soon.
type nearRow struct {
	relief.Stock
	Store string
	ID    string
}

func (p *Pages) stores(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	list, err := p.s.Warehouses(ctx, a)
	if err != nil {
		return err
	}
	v := storesView{Tabs: p.views(ctx, storesPath), May: p.s.Authz.CanSomewhere(a, relief.ActionStore)}
	names := map[string]relief.Warehouse{}
	for _, x := range list {
		names[relief.WarehousePlace(x.ID)] = x
		row := storeRow{Warehouse: x, UnitName: p.s.UnitName(x.UnitID)}
		stock, err := p.s.StockOf(ctx, a, x.ID)
		if err != nil {
			return err
		}
		for _, s := range stock {
			row.Lots++
			row.Value += s.Value()
		}
		v.Rows = append(v.Rows, row)
	}
	near, err := p.s.Expiring(ctx, a)
	if err != nil {
		return err
	}
	for _, s := range near {
		v.Near = append(v.Near, nearRow{Stock: s, Store: names[s.Place].Name, ID: names[s.Place].ID})
	}
	wait, err := p.s.WaitingFor(ctx, a)
	if err != nil {
		return err
	}
	v.Incoming = wait.Incoming
	return web.Render(w, r, http.StatusOK, storesPage(v))
}

// storeFormView is the form of a warehouse.
type storeFormView struct {
	W     relief.Warehouse
	Units []ui.Option
	Err   error
}

func (p *Pages) newStore(w http.ResponseWriter, r *http.Request) error {
	return p.showStoreForm(w, r, relief.Warehouse{Takes: true, Active: true}, nil)
}

func (p *Pages) editStore(w http.ResponseWriter, r *http.Request) error {
	x, err := p.s.Warehouse(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showStoreForm(w, r, x, nil)
}

func (p *Pages) showStoreForm(w http.ResponseWriter, r *http.Request, x relief.Warehouse, refused error) error {
	return web.Render(w, r, status(refused), storeFormPage(storeFormView{W: x, Units: p.unitOptions(r.Context(), relief.ActionStore, x.UnitID), Err: refused}))
}

func (p *Pages) saveStore(w http.ResponseWriter, r *http.Request) error {
	get := r.PostFormValue
	x := relief.Warehouse{ID: r.PathValue("id"), UnitID: get("unit"), Code: get("code"), Name: get("name"), Address: get("address"), Hours: get("hours"), Phone: get("phone"),
		Takes: get("takes") != "", Active: get("off") == ""}
	saved, err := p.s.SaveWarehouse(r.Context(), identity.ActorFrom(r.Context()), x)
	if refused(err) {
		return p.showStoreForm(w, r, x, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(storeHref(saved.ID, ""), "relief.warehouse.saved"))
}

func storeHref(id, rest string) string {
	if rest != "" {
		rest = "/" + rest
	}
	return storesPath + "/" + url.PathEscape(id) + rest
}

// storeView is one warehouse with its stock.
type storeView struct {
	relief.Warehouse
	UnitName string
	Stock    []relief.Stock
	Total    money.VND
	Today    clock.Date
	May      bool
	Print    bool
}

func (p *Pages) store(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	x, err := p.s.Warehouse(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := storeView{Warehouse: x, UnitName: p.s.UnitName(x.UnitID), Today: p.s.Today(), May: p.s.Authz.Can(a, relief.ActionStore, identity.InUnit(x.UnitID)), Print: r.URL.Query().Get("in") == "1"}
	if v.Stock, err = p.s.StockOf(ctx, a, x.ID); err != nil {
		return err
	}
	for _, s := range v.Stock {
		v.Total += s.Value()
	}
	return web.Render(w, r, http.StatusOK, storePage(v))
}

func (p *Pages) stockExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	stock, err := p.s.StockOf(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "relief.stock.caption")}
	for _, k := range []string{"code", "item", "measure", "qty", "expires", "unit_value", "value"} {
		s.Head = append(s.Head, i18n.T(ctx, "relief.col."+k))
	}
	for _, x := range stock {
		s.Rows = append(s.Rows, []any{x.Item.Code, x.Item.Name, x.Item.Measure, x.Qty, x.Lot.Expires, int64(x.Lot.UnitValue), int64(x.Value())})
	}
	return xlsx.Send(w, "ton-kho.xlsx", s)
}

// slipFormView is the form of a slip.
type slipFormView struct {
	Store relief.Warehouse
	Path  string
	Kind  relief.SlipKind
	F     slipTyped
	Lines lineTable
	To    []ui.Option
	Needs []ui.Option
	Err   error
}

// slipTyped is a slip as it was typed.
type slipTyped struct {
	On, Party, Reason, To, Need string
	Spoiled                     bool
	Rows                        []typedLine
}

func kindOf(path string) relief.SlipKind {
	for _, f := range slipForms {
		if strings.HasSuffix(path, "/"+f.path) {
			return f.kind
		}
	}
	return ""
}

func (p *Pages) slipForm(w http.ResponseWriter, r *http.Request) error {
	if kindOf(r.URL.Path) == relief.SlipIn {
		web.KeepOffline(w)
	}
	return p.showSlipForm(w, r, slipTyped{On: p.s.Today().Vietnamese()}, false, nil)
}

func (p *Pages) showSlipForm(w http.ResponseWriter, r *http.Request, f slipTyped, more bool, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	x, err := p.s.Warehouse(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	items, err := p.s.PublicItems(ctx)
	if err != nil {
		return err
	}
	kind := kindOf(r.URL.Path)
	v := slipFormView{Store: x, Path: r.URL.Path, Kind: kind, F: f, Lines: lineTable{Rows: f.Rows, Items: items, Intake: kind == relief.SlipIn, Err: refused}.padded(more), Err: refused}
	if kind == relief.SlipTransfer {
		if v.To, err = p.destinations(ctx, x.ID, f.To); err != nil {
			return err
		}
	}
	if kind == relief.SlipIn {
		if v.Needs, err = p.needOptions(ctx, f.Need); err != nil {
			return err
		}
	}
	return web.Render(w, r, status(refused), slipFormPage(v))
}

func (p *Pages) destinations(ctx context.Context, but, chosen string) ([]ui.Option, error) {
	list, err := p.s.Destinations(ctx, identity.ActorFrom(ctx))
	out := []ui.Option{empty(ctx)}
	for _, x := range list {
		if x.ID != but {
			out = append(out, ui.Option{Value: x.ID, Text: x.Name + " (" + p.s.UnitName(x.UnitID) + ")", Selected: x.ID == chosen})
		}
	}
	return out, err
}

// needOptions lists open needs that goods may be meant for.
func (p *Pages) needOptions(ctx context.Context, chosen string) ([]ui.Option, error) {
	list, _, err := p.s.Needs(ctx, identity.ActorFrom(ctx), relief.NeedQuery{Page: 1, Per: 300})
	out := []ui.Option{opt(ctx, "", "relief.need.none", "-")}
	for _, n := range list {
		if n.State != relief.NeedDraft {
			out = append(out, ui.Option{Value: n.ID, Text: p.s.UnitName(n.UnitID) + " – " + n.Item.Name + " (" + i18n.T(ctx, "relief.need.short", "Missing", amount(ctx, n.Missing(), n.Item)) + ")", Selected: n.ID == chosen})
		}
	}
	return out, err
}

func typedSlip(r *http.Request) slipTyped {
	get := r.PostFormValue
	return slipTyped{On: get("on"), Party: get("party"), Reason: get("reason"), To: get("to"), Need: get("need"), Spoiled: get("spoiled") != "", Rows: readLines(r)}
}

func date(s string) clock.Date {
	d, err := clock.ParseDate(strings.TrimSpace(s))
	if err != nil {
		return clock.Date(s)
	}
	return d
}

func (p *Pages) postSlip(w http.ResponseWriter, r *http.Request) error {
	f := typedSlip(r)
	if r.PostFormValue("viec") == "them" {
		return p.showSlipForm(w, r, f, true, nil)
	}
	form := relief.SlipForm{WarehouseID: r.PathValue("id"), Kind: kindOf(r.URL.Path), OnDate: date(f.On), Party: f.Party, Reason: f.Reason, ToID: f.To, NeedID: f.Need, Spoiled: f.Spoiled, Lines: parse(f.Rows)}
	if o := offlineID(r); o != "" {
		form.Source = "offline:" + o
	}
	slip, err := p.s.PostSlip(r.Context(), identity.ActorFrom(r.Context()), form)
	if refused(err) {
		return p.showSlipForm(w, r, f, false, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(slipPath+slip.ID, "relief.slip.saved"))
}

// slipsView is the list of papers of a warehouse.
type slipsView struct {
	Store  relief.Warehouse
	Query  url.Values
	Rows   []relief.Slip
	Paging ui.Paging
	Print  bool
}

func (p *Pages) readSlips(r *http.Request, page, per int) (slipsView, error) {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	x, err := p.s.Warehouse(ctx, a, r.PathValue("id"))
	if err != nil {
		return slipsView{}, err
	}
	q := known(r.URL.Query(), "q", "loai")
	list, total, err := p.s.Slips(ctx, a, relief.SlipQuery{WarehouseID: x.ID, Kind: relief.SlipKind(q.Get("loai")), Text: q.Get("q"), Page: page, Per: per})
	return slipsView{Store: x, Query: q, Rows: list, Paging: paging(storeHref(x.ID, "phieu"), q, page, total)}, err
}

func (p *Pages) slips(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readSlips(r, pageNo(r), perPage)
	if err != nil {
		return err
	}
	v.Print = r.URL.Query().Get("in") == "1"
	return web.Render(w, r, http.StatusOK, slipsPage(v))
}

func (p *Pages) slipsExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, err := p.readSlips(r, 1, 0)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "relief.slip.caption")}
	for _, k := range []string{"number", "kind", "on", "party", "reason", "value", "state", "by"} {
		s.Head = append(s.Head, i18n.T(ctx, "relief.col."+k))
	}
	for _, x := range v.Rows {
		s.Rows = append(s.Rows, []any{x.FullNumber(), i18n.T(ctx, "relief.slip.kind."+string(x.Kind)), x.OnDate, x.Party, x.Reason, int64(x.Value), i18n.T(ctx, "relief.slip.state."+string(x.State)), x.CreatedName})
	}
	return xlsx.Send(w, "phieu-kho.xlsx", s)
}

func slipTone(s relief.SlipState) string {
	switch s {
	case relief.SlipDone:
		return "ok"
	case relief.SlipUnderWay:
		return "wait"
	}
	return "mute"
}

// slipView is one paper.
type slipView struct {
	relief.Slip
	Lines      []relief.SlipLine
	Store, To  relief.Warehouse
	UnitName   string
	MayReverse bool
	MayReceive bool
	Reason     string
	Note       string
	Arrived    map[string]string
	Err        error
	Act        string
}

func (p *Pages) slip(w http.ResponseWriter, r *http.Request) error {
	return p.showSlip(w, r, "", nil)
}

func (p *Pages) readSlip(r *http.Request) (slipView, error) {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	s, lines, err := p.s.OpenSlip(ctx, a, r.PathValue("id"))
	if err != nil {
		return slipView{}, err
	}
	v := slipView{Slip: s, Lines: lines, UnitName: p.s.UnitName(s.UnitID), Arrived: map[string]string{}}
	if v.Store, v.To, err = p.s.Ends(ctx, s); err != nil {
		return v, err
	}
	v.MayReverse = s.State != relief.SlipReversed && s.Kind != relief.SlipReverse && p.s.Authz.Can(a, relief.ActionStore, identity.InUnit(s.UnitID))
	v.MayReceive = s.State == relief.SlipUnderWay && p.s.Authz.Can(a, relief.ActionStore, identity.InUnit(v.To.UnitID))
	return v, nil
}

func (p *Pages) showSlip(w http.ResponseWriter, r *http.Request, act string, refused error) error {
	v, err := p.readSlip(r)
	if err != nil {
		return err
	}
	v.Act, v.Err, v.Reason, v.Note = act, refused, r.PostFormValue("reason"), r.PostFormValue("note")
	for _, l := range v.Lines {
		v.Arrived[l.LotID] = r.PostFormValue("lot_" + l.LotID)
		if v.Arrived[l.LotID] == "" {
			v.Arrived[l.LotID] = strconv.FormatInt(l.Qty, 10)
		}
	}
	return web.Render(w, r, status(refused), slipPage(v))
}

func (p *Pages) reverse(w http.ResponseWriter, r *http.Request) error {
	back, err := p.s.ReverseSlip(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("reason"))
	if refused(err) {
		return p.showSlip(w, r, "huy", err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(slipPath+back.ID, "relief.slip.reversed"))
}

func (p *Pages) receive(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "relief.scan.no_act").Because(err)
	}
	f := relief.ReceiveForm{Arrived: map[string]int64{}, Note: r.PostForm.Get("note")}
	for name := range r.PostForm {
		if lot, ok := strings.CutPrefix(name, "lot_"); ok {
			f.Arrived[lot] = whole(r.PostForm.Get(name))
		}
	}
	err := p.s.ReceiveTransfer(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), f)
	if refused(err) {
		return p.showSlip(w, r, "nhan", err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(slipPath+url.PathEscape(r.PathValue("id")), "relief.slip.received"))
}

// countView is the list that is counted.
type countView struct {
	Store relief.Warehouse
	Rows  []countRow
	Party string
	Err   error
}

// countRow is one lot with what was typed.
type countRow struct {
	relief.Stock
	Counted, Why string
}

func (p *Pages) countForm(w http.ResponseWriter, r *http.Request) error {
	return p.showCount(w, r, nil)
}

func (p *Pages) showCount(w http.ResponseWriter, r *http.Request, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	x, err := p.s.Warehouse(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	stock, err := p.s.StockOf(ctx, a, x.ID)
	if err != nil {
		return err
	}
	v := countView{Store: x, Err: refused, Party: r.PostFormValue("party")}
	for _, s := range stock {
		v.Rows = append(v.Rows, countRow{Stock: s, Counted: r.PostFormValue("counted_" + s.LotID), Why: r.PostFormValue("why_" + s.LotID)})
	}
	return web.Render(w, r, status(refused), countPage(v))
}

func (p *Pages) count(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "relief.scan.no_act").Because(err)
	}
	f := relief.CountForm{WarehouseID: r.PathValue("id"), OnDate: p.s.Today(), Party: r.PostForm.Get("party")}
	for _, lot := range r.PostForm["lot"] {
		counted := strings.TrimSpace(r.PostForm.Get("counted_" + lot))
		booked := whole(r.PostForm.Get("booked_" + lot))
		l := relief.CountLine{LotID: lot, Booked: booked, Counted: whole(counted), Why: r.PostForm.Get("why_" + lot)}
		f.Lines = append(f.Lines, l)
	}
	slip, err := p.s.CountStock(r.Context(), identity.ActorFrom(r.Context()), f)
	if refused(err) {
		return p.showCount(w, r, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(slipPath+slip.ID, "relief.count.saved"))
}

// intakeView is the upload of a table of goods.
type intakeView struct {
	Store relief.Warehouse
	On    string
	Party string
	Err   error
}

func (p *Pages) intakeForm(w http.ResponseWriter, r *http.Request) error {
	return p.showIntake(w, r, intakeView{On: p.s.Today().Vietnamese()})
}

func (p *Pages) showIntake(w http.ResponseWriter, r *http.Request, v intakeView) error {
	var err error
	if v.Store, err = p.s.Warehouse(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id")); err != nil {
		return err
	}
	return web.Render(w, r, status(v.Err), intakePage(v))
}

func (p *Pages) template(w http.ResponseWriter, r *http.Request) error {
	items, err := p.s.PublicItems(r.Context())
	if err != nil {
		return err
	}
	return xlsx.Send(w, "mau-nhap-hang.xlsx", relief.IntakeTemplate(items)...)
}

func (p *Pages) intake(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := r.ParseMultipartForm(4 << 20); err != nil {
		return fault.New(fault.Invalid, "relief.scan.no_act").Because(err)
	}
	v := intakeView{On: r.PostFormValue("on"), Party: r.PostFormValue("party")}
	file, head, err := r.FormFile("file")
	if err != nil {
		v.Err = fault.Field("file", "relief.intake.no_file")
		return p.showIntake(w, r, v)
	}
	defer file.Close()
	slip, err := p.s.IntakeTable(ctx, identity.ActorFrom(ctx), relief.Intake{WarehouseID: r.PathValue("id"), OnDate: date(v.On), Party: v.Party, File: file, Size: head.Size})
	if refused(err) || fault.Is(err, fault.TooLarge) {
		v.Err = err
		return p.showIntake(w, r, v)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(slipPath+slip.ID, "relief.slip.saved"))
}
