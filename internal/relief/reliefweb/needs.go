package reliefweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// needsView is the list of needs.
type needsView struct {
	Tabs   []ui.Tab
	Query  url.Values
	Rows   []needRow
	Paging ui.Paging
	Print  bool
	May    bool
	Now    time.Time
}

type needRow struct {
	relief.Need
	UnitName string
}

func (p *Pages) needQuery(q url.Values) relief.NeedQuery {
	return relief.NeedQuery{Text: q.Get("q"), View: q.Get("xem"), Urgency: relief.Urgency(q.Get("gap")), UnitID: q.Get("don_vi")}
}

func (p *Pages) readNeeds(r *http.Request, q url.Values, page, per int) ([]needRow, int, error) {
	f := p.needQuery(q)
	f.Page, f.Per = page, per
	list, total, err := p.s.Needs(r.Context(), identity.ActorFrom(r.Context()), f)
	rows := make([]needRow, len(list))
	for i, n := range list {
		rows[i] = needRow{n, p.s.UnitName(n.UnitID)}
	}
	return rows, total, err
}

func (p *Pages) needs(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := known(r.URL.Query(), "q", "xem", "gap", "don_vi")
	v := needsView{Query: q, Now: p.s.Clock.Now(), Print: r.URL.Query().Get("in") == "1", May: p.s.Authz.CanSomewhere(identity.ActorFrom(ctx), relief.ActionNeed), Tabs: p.views(ctx, needsPath)}
	per := perPage
	if v.Print {
		per = 0
	}
	rows, total, err := p.readNeeds(r, q, pageNo(r), per)
	if err != nil {
		return err
	}
	v.Rows, v.Paging = rows, paging(needsPath, q, pageNo(r), total)
	if v.Print {
		v.Paging = ui.Paging{Page: 1, Per: max(1, total), Total: total}
	}
	return web.Render(w, r, http.StatusOK, needsPage(v))
}

func (p *Pages) needsExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rows, _, err := p.readNeeds(r, known(r.URL.Query(), "q", "xem", "gap", "don_vi"), 1, 0)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "relief.needs.caption")}
	for _, k := range []string{"unit", "item", "measure", "qty", "promised", "received", "missing", "urgency", "state", "place", "opened", "confirmed"} {
		s.Head = append(s.Head, i18n.T(ctx, "relief.col."+k))
	}
	for _, n := range rows {
		s.Rows = append(s.Rows, []any{n.UnitName, n.Item.Name, n.Item.Measure, n.Qty, n.Promised, n.Received, n.Missing(), i18n.T(ctx, "relief.urgency."+string(n.Urgency)),
			i18n.T(ctx, "relief.need.state."+string(n.State)), n.Place, n.OpenedAt, n.ConfirmedAt})
	}
	return xlsx.Send(w, "nhu-cau-cuu-tro.xlsx", s)
}

func needTone(n relief.Need) string {
	switch n.State {
	case relief.NeedCovered, relief.NeedClosed:
		return "ok"
	case relief.NeedPartial:
		return "wait"
	case relief.NeedOpen:
		return "late"
	}
	return "mute"
}

// needForm is the form of a need as it was typed.
type needForm struct {
	Unit, Item, Qty, Urgency, Place, Note string
	Draft                                 bool
}

func typedNeed(r *http.Request) needForm {
	get := r.PostFormValue
	return needForm{Unit: get("unit"), Item: get("item"), Qty: get("qty"), Urgency: get("urgency"), Place: get("place"), Note: get("note"), Draft: get("draft") != ""}
}

func (f needForm) form() relief.NeedForm {
	return relief.NeedForm{UnitID: f.Unit, ItemID: f.Item, Qty: whole(f.Qty), Urgency: relief.Urgency(f.Urgency), Place: f.Place, Note: f.Note, Draft: f.Draft}
}

// needFormView is the page with that form.
type needFormView struct {
	F     needForm
	Units []ui.Option
	Items []relief.Item
	Err   error
}

func (p *Pages) newNeed(w http.ResponseWriter, r *http.Request) error {
	web.KeepOffline(w)
	return p.showNeedForm(w, r, needForm{Urgency: string(relief.UrgentNow), Unit: r.URL.Query().Get("don_vi")}, nil)
}

func (p *Pages) showNeedForm(w http.ResponseWriter, r *http.Request, f needForm, refused error) error {
	ctx := r.Context()
	items, err := p.s.PublicItems(ctx)
	if err != nil {
		return err
	}
	return web.Render(w, r, status(refused), newNeedPage(needFormView{F: f, Units: p.unitOptions(ctx, relief.ActionNeed, f.Unit), Items: items, Err: refused}))
}

func (p *Pages) addNeed(w http.ResponseWriter, r *http.Request) error {
	f := typedNeed(r)
	form := f.form()
	form.OfflineID = offlineID(r)
	n, err := p.s.AddNeed(r.Context(), identity.ActorFrom(r.Context()), form)
	if refused(err) {
		return p.showNeedForm(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(needPath+n.ID, "relief.need.saved"))
}

func urgencyOptions(ctx context.Context, chosen string) []ui.Option {
	var out []ui.Option
	for _, u := range relief.Urgencies {
		out = append(out, opt(ctx, string(u), "relief.urgency."+string(u), chosen))
	}
	return out
}

// needView is one need with what may be done.
type needView struct {
	relief.Need
	UnitName string
	Matches  []relief.Match
	Units    map[string]string
	May      bool
	F        needForm
	Reason   string
	Act      string // which form was refused
	Err      error
	Now      time.Time
}

func (p *Pages) need(w http.ResponseWriter, r *http.Request) error {
	return p.showNeed(w, r, nil, "", nil)
}

func (p *Pages) showNeed(w http.ResponseWriter, r *http.Request, typed *needForm, act string, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	n, err := p.s.Need(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := needView{Need: n, UnitName: p.s.UnitName(n.UnitID), Err: refused, Act: act, Now: p.s.Clock.Now(), Units: map[string]string{}, Reason: r.PostFormValue("reason"),
		May: p.s.Authz.Can(a, relief.ActionNeed, identity.InUnit(n.UnitID)) && n.State != relief.NeedClosed && n.State != relief.NeedWithdrawn,
		F:   needForm{Unit: n.UnitID, Item: n.ItemID, Qty: strconv.FormatInt(n.Qty, 10), Urgency: string(n.Urgency), Place: n.Place, Note: n.Note}}
	if typed != nil {
		v.F = *typed
	}
	if v.Matches, err = p.s.MatchesOf(ctx, a, n.ID); err != nil {
		return err
	}
	for _, m := range v.Matches {
		v.Units[m.Offer.UnitID] = p.s.UnitName(m.Offer.UnitID)
	}
	return web.Render(w, r, status(refused), needPage(v))
}

func (p *Pages) needAct(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, needID := identity.ActorFrom(ctx), r.PathValue("id")
	act := r.PostFormValue("viec")
	var err error
	var typed *needForm
	switch act {
	case "mo":
		err = p.s.OpenNeed(ctx, a, needID)
	case "con":
		err = p.s.ConfirmNeed(ctx, a, needID)
	case "sua":
		f := typedNeed(r)
		typed = &f
		err = p.s.ChangeNeed(ctx, a, needID, f.form())
	case "dong":
		err = p.s.CloseNeed(ctx, a, needID, r.PostFormValue("reason"), false)
	case "rut":
		err = p.s.CloseNeed(ctx, a, needID, r.PostFormValue("reason"), true)
	default:
		err = fault.Field("viec", "relief.scan.no_act")
	}
	if refused(err) {
		return p.showNeed(w, r, typed, act, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(needPath+url.PathEscape(needID), "relief.need.saved"))
}

func (v needView) facts(ctx context.Context) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem {
		return ui.DefinitionItem{Term: i18n.T(ctx, "relief.col."+key), Text: text}
	}
	out := []ui.DefinitionItem{line("unit", v.UnitName), {Term: i18n.T(ctx, "relief.col.state"), Body: ui.Badge(needTone(v.Need), i18n.T(ctx, "relief.need.state."+string(v.State)))},
		line("qty", amount(ctx, v.Qty, v.Item)), line("promised", amount(ctx, v.Promised, v.Item)), line("received", amount(ctx, v.Received, v.Item)), line("missing", amount(ctx, v.Missing(), v.Item)),
		{Term: i18n.T(ctx, "relief.col.urgency"), Body: ui.Badge(urgencyTone(v.Urgency), i18n.T(ctx, "relief.urgency."+string(v.Urgency)))}}
	for _, x := range [][2]string{{"place", v.Place}, {"note", v.Note}, {"reason", v.Need.Reason}} {
		if x[1] != "" {
			out = append(out, line(x[0], x[1]))
		}
	}
	if !v.ConfirmedAt.IsZero() {
		out = append(out, ui.DefinitionItem{Term: i18n.T(ctx, "relief.col.confirmed"), Body: ui.Time(v.ConfirmedAt)})
	}
	return out
}

// avoidView is what a unit asks people not to bring.
type avoidView struct {
	Tabs  []ui.Tab
	Unit  string
	Units []ui.Option
	List  []relief.Avoid
	What  string
	Err   error
}

func (p *Pages) avoid(w http.ResponseWriter, r *http.Request) error {
	return p.showAvoid(w, r, r.URL.Query().Get("don_vi"), "", nil)
}

func (p *Pages) showAvoid(w http.ResponseWriter, r *http.Request, unit, what string, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	if roots := p.s.Authz.Scope(a, relief.ActionNeed); unit == "" && len(roots) > 0 {
		unit = roots[0]
	}
	list, err := p.s.Avoids(ctx, a, unit)
	if err != nil {
		return err
	}
	return web.Render(w, r, status(refused), avoidPage(avoidView{Tabs: p.views(ctx, avoidPath), Unit: unit, Units: p.unitOptions(ctx, relief.ActionNeed, unit), List: list, What: what, Err: refused}))
}

func (p *Pages) avoidAct(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a, unit, what := identity.ActorFrom(ctx), r.PostFormValue("unit"), r.PostFormValue("what")
	var err error
	if drop := r.PostFormValue("bo"); drop != "" {
		err = p.s.DropAvoid(ctx, a, unit, drop)
	} else {
		err = p.s.AddAvoid(ctx, a, unit, what)
	}
	if refused(err) {
		return p.showAvoid(w, r, unit, what, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(with(avoidPath, nil, "don_vi", unit), "relief.avoid.saved"))
}

// itemsView is the catalogue of goods.
type itemsView struct {
	Tabs   []ui.Tab
	Query  url.Values
	List   []relief.Item
	Paging ui.Paging
	May    bool
	F      itemForm
	Err    error
}

// itemForm is an item as it was typed.
type itemForm struct {
	ID, Code, Name, Measure, Kind, Value, Shelf string
	Off                                         bool
}

func (p *Pages) items(w http.ResponseWriter, r *http.Request) error {
	f := itemForm{}
	if want := r.URL.Query().Get("sua"); want != "" {
		list, _, err := p.s.Items(r.Context(), identity.ActorFrom(r.Context()), relief.ItemQuery{All: true})
		if err != nil {
			return err
		}
		for _, i := range list {
			if i.ID == want {
				f = itemForm{i.ID, i.Code, i.Name, i.Measure, string(i.Kind), strconv.FormatInt(int64(i.UnitValue), 10), itoa(i.ShelfDays), !i.Active}
			}
		}
	}
	return p.showItems(w, r, f, nil)
}

func (p *Pages) showItems(w http.ResponseWriter, r *http.Request, f itemForm, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	q := known(r.URL.Query(), "q", "loai")
	list, total, err := p.s.Items(ctx, a, relief.ItemQuery{Text: q.Get("q"), Kind: relief.ItemKind(q.Get("loai")), All: true, Page: pageNo(r), Per: perPage})
	if err != nil {
		return err
	}
	return web.Render(w, r, status(refused), itemsPage(itemsView{Tabs: p.views(ctx, itemsPath), Query: q, List: list, Paging: paging(itemsPath, q, pageNo(r), total),
		May: p.s.Authz.CanSomewhere(a, relief.ActionItems), F: f, Err: refused}))
}

func (p *Pages) saveItem(w http.ResponseWriter, r *http.Request) error {
	get := r.PostFormValue
	f := itemForm{ID: get("id"), Code: get("code"), Name: get("name"), Measure: get("measure"), Kind: get("kind"), Value: get("value"), Shelf: get("shelf"), Off: get("off") != ""}
	i := relief.Item{ID: f.ID, Code: f.Code, Name: f.Name, Measure: f.Measure, Kind: relief.ItemKind(f.Kind), Active: !f.Off}
	if f.Value != "" {
		i.UnitValue = money.VND(whole(f.Value))
	}
	if f.Shelf != "" {
		i.ShelfDays = int(whole(f.Shelf))
	}
	_, err := p.s.SaveItem(r.Context(), identity.ActorFrom(r.Context()), i)
	if refused(err) {
		return p.showItems(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(itemsPath, "relief.item.saved"))
}

func kindOptions(ctx context.Context, chosen string) []ui.Option {
	out := []ui.Option{empty(ctx)}
	for _, k := range relief.ItemKinds {
		out = append(out, opt(ctx, string(k), "relief.kind."+string(k), chosen))
	}
	return out
}
