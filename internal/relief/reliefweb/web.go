// Package reliefweb is the screens of relief goods: for everybody the page of what is needed where, the form to offer goods
// and the page of a box by its code; for officials the needs, the offers with what they fit, warehouses with slips and
// counts, boxes and trucks, handing out, and the screen of one large button for packers who scan.
package reliefweb

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/httprate"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// Catalogue holds the words of relief.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// Where the screens stand.
const (
	Base       = "/lam-viec/cuu-tro"
	PublicPath = "/cuu-tro"
	BoxPath    = PublicPath + "/thung/"

	needsPath  = Base
	needPath   = Base + "/nhu-cau/"
	avoidPath  = Base + "/khong-nhan"
	offersPath = Base + "/gop"
	storesPath = Base + "/kho"
	slipPath   = Base + "/phieu/"
	boxesPath  = Base + "/thung"
	trucksPath = Base + "/xe"
	itemsPath  = Base + "/mat-hang"
	scanPath   = Base + "/quet"
	perPage    = 50
)

// Limits are how much one address may do in ten minutes; 0 is no limit.
type Limits struct {
	Offers  int // offers sent
	Lookups int // codes tried that belong to nothing
}

// DefaultLimits are wide enough for a commune behind one mobile gateway and narrow enough against a machine.
var DefaultLimits = Limits{Offers: 20, Lookups: 120}

const window = 10 * time.Minute

// Pages serves the screens.
type Pages struct {
	s *relief.Service
	// publicURL is the address of the house that people outside type: the QR of a label begins with it.
	publicURL string
	offers    *httprate.RateLimiter
	lookups   *httprate.RateLimiter
	misses    int
}

// New makes the screens of a service.
func New(s *relief.Service, publicURL string, l Limits) *Pages {
	p := &Pages{s: s, publicURL: publicURL, misses: l.Lookups}
	if l.Offers > 0 {
		p.offers = httprate.NewRateLimiter(l.Offers, window)
	}
	if l.Lookups > 0 {
		p.lookups = httprate.NewRateLimiter(l.Lookups, window)
	}
	return p
}

// Routes adds the screens.
func (p *Pages) Routes(r *web.Routes) {
	r.Public("GET "+PublicPath, p.public)
	r.Public("GET "+PublicPath+"/gop", p.offerForm)
	r.Public("POST "+PublicPath+"/gop", p.sendOffer)
	r.Public("GET "+PublicPath+"/gop/{code}", p.offerStatus)
	r.Public("GET "+PublicPath+"/thung", p.findBox)
	r.Public("GET "+BoxPath+"{code}", p.box)

	r.SignedIn("GET "+needsPath, p.needs)
	r.SignedIn("GET "+Base+"/nhu-cau.xlsx", p.needsExcel)
	r.Can("GET "+needPath+"moi", relief.ActionNeed, p.newNeed)
	r.Can("POST "+needPath+"moi", relief.ActionNeed, p.addNeed)
	r.SignedIn("GET "+needPath+"{id}", p.need)
	r.Can("POST "+needPath+"{id}", relief.ActionNeed, p.needAct)
	r.Can("GET "+avoidPath, relief.ActionNeed, p.avoid)
	r.Can("POST "+avoidPath, relief.ActionNeed, p.avoidAct)

	r.Can("GET "+offersPath, relief.ActionMatch, p.offerList)
	r.Can("GET "+offersPath+".xlsx", relief.ActionMatch, p.offersExcel)
	r.Can("GET "+offersPath+"/{id}", relief.ActionMatch, p.offer)
	r.Can("POST "+offersPath+"/{id}/ghep", relief.ActionMatch, p.reserve)
	r.Can("POST "+offersPath+"/{id}/tu-choi", relief.ActionMatch, p.reject)
	r.Can("POST "+offersPath+"/{id}/lien-he", relief.ActionContact, p.contact)
	r.Can("POST "+offersPath+"/{id}/buoc/{match}", relief.ActionMatch, p.step)

	p.storeRoutes(r)
	p.boxRoutes(r)
	r.Can("GET "+itemsPath, relief.ActionSee, p.items)
	r.Can("POST "+itemsPath, relief.ActionItems, p.saveItem)
}

func (p *Pages) storeRoutes(r *web.Routes) {
	r.Can("GET "+storesPath, relief.ActionSee, p.stores)
	r.Can("GET "+storesPath+"/moi", relief.ActionStore, p.newStore)
	r.Can("POST "+storesPath+"/moi", relief.ActionStore, p.saveStore)
	r.Can("GET "+storesPath+"/mau.xlsx", relief.ActionStore, p.template)
	r.Can("GET "+storesPath+"/{id}", relief.ActionSee, p.store)
	r.Can("GET "+storesPath+"/{id}/ton.xlsx", relief.ActionSee, p.stockExcel)
	r.Can("GET "+storesPath+"/{id}/sua", relief.ActionStore, p.editStore)
	r.Can("POST "+storesPath+"/{id}/sua", relief.ActionStore, p.saveStore)
	r.Can("GET "+storesPath+"/{id}/phieu", relief.ActionSee, p.slips)
	r.Can("GET "+storesPath+"/{id}/phieu.xlsx", relief.ActionSee, p.slipsExcel)
	for _, kind := range slipForms {
		r.Can("GET "+storesPath+"/{id}/"+kind.path, relief.ActionStore, p.slipForm)
		r.Can("POST "+storesPath+"/{id}/"+kind.path, relief.ActionStore, p.postSlip)
	}
	r.Can("GET "+storesPath+"/{id}/excel", relief.ActionStore, p.intakeForm)
	r.Can("POST "+storesPath+"/{id}/excel", relief.ActionStore, p.intake)
	r.Can("GET "+storesPath+"/{id}/kiem-ke", relief.ActionStore, p.countForm)
	r.Can("POST "+storesPath+"/{id}/kiem-ke", relief.ActionStore, p.count)
	r.Can("GET "+storesPath+"/{id}/phat", relief.ActionHand, p.handForm)
	r.Can("POST "+storesPath+"/{id}/phat", relief.ActionHand, p.handOut)
	r.Can("GET "+slipPath+"{id}", relief.ActionSee, p.slip)
	r.Can("GET "+slipPath+"{id}/in.pdf", relief.ActionSee, p.slipPaper)
	r.Can("POST "+slipPath+"{id}/huy", relief.ActionStore, p.reverse)
	r.Can("POST "+slipPath+"{id}/nhan", relief.ActionStore, p.receive)
}

func (p *Pages) boxRoutes(r *web.Routes) {
	r.Can("GET "+boxesPath, relief.ActionSee, p.batches)
	r.Can("GET "+boxesPath+".xlsx", relief.ActionSee, p.batchesExcel)
	r.Can("GET "+boxesPath+"/moi", relief.ActionStore, p.planForm)
	r.Can("POST "+boxesPath+"/moi", relief.ActionStore, p.plan)
	r.Can("GET "+boxesPath+"/{id}", relief.ActionSee, p.batch)
	r.Can("GET "+boxesPath+"/{id}/nhan", relief.ActionSee, p.labels)
	r.Can("POST "+boxesPath+"/{id}/bo", relief.ActionStore, p.undoBox)
	r.Can("GET "+trucksPath, relief.ActionSee, p.trucks)
	r.Can("POST "+trucksPath, relief.ActionStore, p.addTruck)
	r.Can("GET "+trucksPath+"/{id}", relief.ActionSee, p.truck)
	r.Can("POST "+trucksPath+"/{id}", relief.ActionStore, p.drive)
	r.Can("GET "+scanPath, relief.ActionPack, p.scanPage)
	r.Can("POST "+scanPath, relief.ActionPack, p.scan)
}

// views are the tabs of the officials' screens, each for those who may open it.
func (p *Pages) views(ctx context.Context, active string) []ui.Tab {
	a := identity.ActorFrom(ctx)
	var out []ui.Tab
	for _, t := range []struct{ key, href, action string }{
		{"needs", needsPath, ""}, {"offers", offersPath, relief.ActionMatch}, {"stores", storesPath, relief.ActionSee}, {"boxes", boxesPath, relief.ActionSee},
		{"trucks", trucksPath, relief.ActionSee}, {"scan", scanPath, relief.ActionPack}, {"items", itemsPath, relief.ActionSee}, {"avoid", avoidPath, relief.ActionNeed},
	} {
		if t.action == "" || p.s.Authz.CanSomewhere(a, t.action) {
			out = append(out, ui.Tab{Text: i18n.T(ctx, "relief.tab."+t.key), Href: t.href, Active: t.href == active})
		}
	}
	return out
}

// refused tells whether an error belongs on the form it came from; anything else is an error page.
func refused(err error) bool { return fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) }

// status of a page that shows a form, refused or not.
func status(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return web.Status(fault.KindOf(err))
}

func pageNo(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("trang")) // what is no number is the first page
	return max(1, n)
}

func paging(path string, q url.Values, page, total int) ui.Paging {
	return ui.Paging{Page: page, Per: perPage, Total: total, URL: func(n int) string { return with(path, q, "trang", strconv.Itoa(n)) }}
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
		if v := strings.TrimSpace(q.Get(n)); v != "" {
			out.Set(n, v)
		}
	}
	return out
}

// whole reads a quantity as people type it, "1.250"; what is none becomes -1, which every form refuses.
func whole(s string) int64 {
	v, err := money.Parse(strings.TrimSpace(s))
	if err != nil {
		return -1
	}
	return int64(v)
}

// amount writes a quantity with its measure: "1.250 kg".
func amount(ctx context.Context, qty int64, i relief.Item) string {
	return ui.Number(ctx, int(qty)) + " " + i.Measure
}

func opt(ctx context.Context, value, key, chosen string) ui.Option {
	return ui.Option{Value: value, Text: i18n.T(ctx, key), Selected: value == chosen}
}

// empty is the first line of a list from which something must be chosen.
func empty(ctx context.Context) ui.Option { return ui.Option{Text: i18n.T(ctx, "relief.choose")} }

func itemOptions(ctx context.Context, items []relief.Item, chosen string) []ui.Option {
	out := []ui.Option{empty(ctx)}
	for _, i := range items {
		out = append(out, ui.Option{Value: i.ID, Text: i.Name + " (" + i.Measure + ")", Selected: i.ID == chosen})
	}
	return out
}

func (p *Pages) unitOptions(ctx context.Context, action, chosen string) []ui.Option {
	f, on := p.s.Forest(), p.s.Today()
	var out []ui.Option
	for _, root := range p.s.Authz.Scope(identity.ActorFrom(ctx), action) {
		out = append(out, ui.Option{Value: root, Text: p.s.UnitName(root), Selected: root == chosen})
		for _, u := range f.Children(root, on) {
			if u.Kind == orgunit.KindFront {
				out = append(out, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == chosen})
			}
		}
	}
	return out
}

// offlineID is the mark of a form that waited on a device; "" without script.
func offlineID(r *http.Request) string { return strings.TrimSpace(r.PostFormValue("offline_id")) }
