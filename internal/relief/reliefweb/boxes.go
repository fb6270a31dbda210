package reliefweb

import (
	"context"
	"net/http"
	"net/url"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// doubleText says what was handed out before.
func doubleText(ctx context.Context, d relief.Double) string {
	who := d.Initials
	if d.HouseholdID == "" {
		who = i18n.T(ctx, "relief.hand.commune")
	}
	return i18n.T(ctx, "relief.hand.before", "Who", who, "What", amount(ctx, d.Qty, d.Item)+" "+d.Item.Name, "Day", d.On.Vietnamese(), "Slip", d.Slip)
}

func homeText(ctx context.Context, h household.Household) string {
	return i18n.T(ctx, "relief.hand.home", "Initials", h.Initials, "Code", h.Code, "People", h.People)
}

// batchesView is the list of batches of boxes.
type batchesView struct {
	Tabs   []ui.Tab
	Rows   []batchRow
	Paging ui.Paging
	May    bool
}

type batchRow struct {
	relief.Batch
	From, To string
}

func (p *Pages) names(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	list, err := p.s.WarehouseNames(ctx)
	for id, name := range list {
		out[id] = name
	}
	return out, err
}

func (p *Pages) batches(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	page, per, print := sheet(r)
	rows, total, err := p.readBatches(ctx, page, per)
	if err != nil {
		return err
	}
	v := batchesView{Tabs: p.views(ctx, boxesPath), Rows: rows, Paging: paging(boxesPath, nil, page, total), May: !print && p.s.Authz.CanSomewhere(a, relief.ActionStore)}
	if print {
		v.Tabs, v.Paging = nil, ui.Paging{Page: 1, Per: max(1, total), Total: total}
	}
	return web.Render(w, r, http.StatusOK, batchesPage(v))
}

func (p *Pages) readBatches(ctx context.Context, page, per int) ([]batchRow, int, error) {
	list, total, err := p.s.Batches(ctx, identity.ActorFrom(ctx), relief.BatchQuery{Page: page, Per: per})
	if err != nil {
		return nil, 0, err
	}
	names, err := p.names(ctx)
	rows := make([]batchRow, len(list))
	for i, b := range list {
		rows[i] = batchRow{b, names[b.WarehouseID], names[b.DestID]}
	}
	return rows, total, err
}

func (p *Pages) batchesExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rows, _, err := p.readBatches(ctx, 1, 0)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "relief.box.list")}
	for _, k := range []string{"batch", "from", "to", "boxes", "packed", "loaded", "got", "made"} {
		s.Head = append(s.Head, i18n.T(ctx, "relief.col."+k))
	}
	for _, b := range rows {
		s.Rows = append(s.Rows, []any{b.Name, b.From, b.To, b.Boxes, b.By[relief.BoxPacked], b.By[relief.BoxLoaded], b.By[relief.BoxReceived], b.CreatedAt})
	}
	return xlsx.Send(w, "dot-dong-thung.xlsx", s)
}

// planView is the form of a batch.
type planView struct {
	F     planTyped
	From  []ui.Option
	To    []ui.Option
	Needs []ui.Option
	Lines lineTable
	Err   error
}

// planTyped is a batch as it was typed.
type planTyped struct {
	From, To, Need, Name, Boxes string
	Rows                        []typedLine
}

func (p *Pages) planForm(w http.ResponseWriter, r *http.Request) error {
	return p.showPlan(w, r, planTyped{From: r.URL.Query().Get("kho"), Boxes: "50"}, false, nil)
}

func (p *Pages) showPlan(w http.ResponseWriter, r *http.Request, f planTyped, more bool, refused error) error {
	ctx := r.Context()
	items, err := p.s.PublicItems(ctx)
	if err != nil {
		return err
	}
	v := planView{F: f, Lines: lineTable{Rows: f.Rows, Items: items, PerBox: true, Err: refused}.padded(more), Err: refused}
	if v.From, err = p.ownStores(ctx, f.From); err != nil {
		return err
	}
	if v.To, err = p.destinations(ctx, "", f.To); err != nil {
		return err
	}
	if v.Needs, err = p.needOptions(ctx, f.Need); err != nil {
		return err
	}
	return web.Render(w, r, status(refused), planPage(v))
}

// ownStores are the warehouses whose storekeeper the official is.
func (p *Pages) ownStores(ctx context.Context, chosen string) ([]ui.Option, error) {
	a := identity.ActorFrom(ctx)
	list, err := p.s.Warehouses(ctx, a)
	out := []ui.Option{empty(ctx)}
	for _, x := range list {
		if p.s.Authz.Can(a, relief.ActionStore, identity.InUnit(x.UnitID)) {
			out = append(out, ui.Option{Value: x.ID, Text: x.Name, Selected: x.ID == chosen})
		}
	}
	return out, err
}

func (p *Pages) plan(w http.ResponseWriter, r *http.Request) error {
	get := r.PostFormValue
	f := planTyped{From: get("from"), To: get("to"), Need: get("need"), Name: get("name"), Boxes: get("boxes"), Rows: readLines(r)}
	if get("viec") == "them" {
		return p.showPlan(w, r, f, true, nil)
	}
	ba, err := p.s.PlanBoxes(r.Context(), identity.ActorFrom(r.Context()), relief.PlanForm{WarehouseID: f.From, DestID: f.To, NeedID: f.Need, Name: f.Name, Boxes: int(whole(f.Boxes)), Lines: parse(f.Rows)})
	if refused(err) {
		return p.showPlan(w, r, f, false, err)
	}
	if fault.Is(err, fault.NotFound) && f.From == "" {
		return p.showPlan(w, r, f, false, fault.Field("from", "relief.box.no_from"))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(boxesPath+"/"+ba.ID, "relief.box.planned"))
}

// batchView is one batch with its boxes.
type batchView struct {
	relief.Batch
	Packing  []relief.Packed
	Boxes    []relief.Box
	From, To string
	May      bool
	Err      error
	URL      string // address of a box's public page, without its code
	Count    map[relief.BoxState]int
}

func (p *Pages) readBatch(r *http.Request) (batchView, error) {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	ba, packing, boxes, err := p.s.OpenBatch(ctx, a, r.PathValue("id"))
	if err != nil {
		return batchView{}, err
	}
	names, err := p.names(ctx)
	v := batchView{Batch: ba, Packing: packing, Boxes: boxes, From: names[ba.WarehouseID], To: names[ba.DestID], URL: p.publicURL + BoxPath, Count: map[relief.BoxState]int{},
		May: p.s.Authz.Can(a, relief.ActionStore, identity.InUnit(ba.UnitID))}
	for _, b := range boxes {
		v.Count[b.State]++
	}
	return v, err
}

func (p *Pages) batch(w http.ResponseWriter, r *http.Request) error {
	return p.showBatch(w, r, nil)
}

func (p *Pages) showBatch(w http.ResponseWriter, r *http.Request, refused error) error {
	v, err := p.readBatch(r)
	if err != nil {
		return err
	}
	v.Err = refused
	return web.Render(w, r, status(refused), batchPage(v))
}

// labels are the labels of a batch, to be printed and stuck on: nobody's name is on them.
func (p *Pages) labels(w http.ResponseWriter, r *http.Request) error {
	v, err := p.readBatch(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, labelsPage(v))
}

func (p *Pages) undoBox(w http.ResponseWriter, r *http.Request) error {
	err := p.s.UndoBox(r.Context(), identity.ActorFrom(r.Context()), r.PostFormValue("box"), r.PostFormValue("viec") == "lai")
	if refused(err) {
		return p.showBatch(w, r, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(boxesPath+"/"+url.PathEscape(r.PathValue("id")), "relief.box.undone"))
}

func boxTone(s relief.BoxState) string {
	switch s {
	case relief.BoxReceived:
		return "ok"
	case relief.BoxLoaded:
		return "info"
	case relief.BoxPacked:
		return "wait"
	}
	return "mute"
}

// trucksView is the list of drives with the form of a new one.
type trucksView struct {
	Tabs     []ui.Tab
	Rows     []truckRow
	May      bool
	F        truckTyped
	From, To []ui.Option
	Err      error
}

type truckRow struct {
	relief.Truck
	From, To string
}

// truckTyped is a truck as it was typed.
type truckTyped struct{ From, To, Label, Driver, Phone string }

func (p *Pages) trucks(w http.ResponseWriter, r *http.Request) error {
	return p.showTrucks(w, r, truckTyped{}, nil)
}

func (p *Pages) showTrucks(w http.ResponseWriter, r *http.Request, f truckTyped, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	list, err := p.s.Trucks(ctx, a, false)
	if err != nil {
		return err
	}
	names, err := p.names(ctx)
	if err != nil {
		return err
	}
	v := trucksView{Tabs: p.views(ctx, trucksPath), F: f, Err: refused, May: p.s.Authz.CanSomewhere(a, relief.ActionStore)}
	for _, t := range list {
		v.Rows = append(v.Rows, truckRow{t, names[t.FromID], names[t.ToID]})
	}
	if v.May {
		if v.From, err = p.ownStores(ctx, f.From); err != nil {
			return err
		}
		if v.To, err = p.destinations(ctx, "", f.To); err != nil {
			return err
		}
	}
	return web.Render(w, r, status(refused), trucksPage(v))
}

func (p *Pages) addTruck(w http.ResponseWriter, r *http.Request) error {
	get := r.PostFormValue
	f := truckTyped{From: get("from"), To: get("to"), Label: get("label"), Driver: get("driver"), Phone: get("phone")}
	t, err := p.s.AddTruck(r.Context(), identity.ActorFrom(r.Context()), relief.TruckForm{FromID: f.From, ToID: f.To, Label: f.Label, Driver: relief.Contact{Name: f.Driver, Phone: f.Phone}})
	if fault.Is(err, fault.NotFound) {
		err = fault.Field("from", "relief.box.no_from")
	}
	if refused(err) {
		return p.showTrucks(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(trucksPath+"/"+t.ID, "relief.truck.added"))
}

// truckView is one drive with its boxes.
type truckView struct {
	relief.Truck
	Driver    relief.Contact
	Boxes     []relief.Box
	From, To  string
	Count     map[relief.BoxState]int
	MayLeave  bool
	MayArrive bool
	MayScan   bool
	Err       error
}

func (p *Pages) truck(w http.ResponseWriter, r *http.Request) error {
	return p.showTruck(w, r, nil)
}

func (p *Pages) showTruck(w http.ResponseWriter, r *http.Request, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	t, driver, boxes, err := p.s.OpenTruck(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	names, err := p.names(ctx)
	if err != nil {
		return err
	}
	v := truckView{Truck: t, Driver: driver, Boxes: boxes, From: names[t.FromID], To: names[t.ToID], Count: map[relief.BoxState]int{}, Err: refused,
		MayLeave:  t.State == relief.TruckLoading && p.s.Authz.Can(a, relief.ActionStore, identity.InUnit(t.UnitID)),
		MayArrive: t.State == relief.TruckAway && p.s.Authz.CanSomewhere(a, relief.ActionStore),
		MayScan:   p.s.Authz.CanSomewhere(a, relief.ActionPack)}
	for _, b := range boxes {
		v.Count[b.State]++
	}
	return web.Render(w, r, status(refused), truckPage(v))
}

func (p *Pages) drive(w http.ResponseWriter, r *http.Request) error {
	truckID := r.PathValue("id")
	err := p.s.DriveTruck(r.Context(), identity.ActorFrom(r.Context()), truckID, relief.TruckState(r.PostFormValue("viec")))
	if refused(err) {
		return p.showTruck(w, r, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(trucksPath+"/"+url.PathEscape(truckID), "relief.truck.saved"))
}

func truckTone(s relief.TruckState) string {
	switch s {
	case relief.TruckArrived:
		return "ok"
	case relief.TruckAway:
		return "info"
	}
	return "wait"
}

// scanView is the page of the packer: one act, one field, one large answer.
type scanView struct {
	Act     relief.Act
	Truck   relief.Truck
	Trucks  []relief.Truck
	Code    string
	Result  *relief.ScanResult
	Packing string // what the box holds, in words
	To      string
	Err     error
}

func (p *Pages) scanPage(w http.ResponseWriter, r *http.Request) error {
	web.KeepOffline(w)
	return p.showScan(w, r, scanView{Act: relief.Act(r.URL.Query().Get("viec"))}, r.URL.Query().Get("xe"))
}

func (p *Pages) showScan(w http.ResponseWriter, r *http.Request, v scanView, truckID string) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	if v.Act != relief.ActLoad && v.Act != relief.ActReceive {
		v.Act = relief.ActPack
	}
	if v.Act == relief.ActLoad {
		list, err := p.s.Trucks(ctx, a, true)
		if err != nil {
			return err
		}
		for _, t := range list {
			if t.ID == truckID {
				v.Truck = t
			}
		}
		if len(list) == 1 && truckID == "" {
			v.Truck = list[0]
		}
		v.Trucks = list
	}
	return web.Render(w, r, status(v.Err), scanningPage(v))
}

func (p *Pages) scan(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := scanView{Act: relief.Act(r.PostFormValue("act"))}
	truckID := r.PostFormValue("truck")
	res, err := p.s.Scan(ctx, identity.ActorFrom(ctx), relief.ScanForm{Code: r.PostFormValue("code"), Act: v.Act, TruckID: truckID})
	switch {
	case refused(err):
		v.Err, v.Code = err, r.PostFormValue("code")
	case fault.Is(err, fault.Forbidden) && p.s.Authz.CanSomewhere(identity.ActorFrom(ctx), relief.ActionPack):
		v.Err, v.Code = fault.New(fault.Forbidden, "relief.scan.not_yours").Because(err), r.PostFormValue("code")
	case err != nil:
		return err
	default:
		v.Result = &res
		j, err := p.s.BoxByCode(ctx, res.Box.Code)
		if err != nil {
			return err
		}
		v.To = j.To
		for i, x := range j.Contents {
			if i > 0 {
				v.Packing += ", "
			}
			v.Packing += amount(ctx, x.Qty, x.Item) + " " + x.Item.Name
		}
	}
	return p.showScan(w, r, v, truckID)
}

// said is the large line of an answer.
func (v scanView) said(ctx context.Context) string {
	key := "relief.scan.did_" + string(v.Act)
	if v.Result.Again {
		key = "relief.scan.again_" + string(v.Act)
	}
	return i18n.T(ctx, key)
}

func (v scanView) tone() string {
	if v.Result.Again {
		return "wait"
	}
	return "ok"
}
