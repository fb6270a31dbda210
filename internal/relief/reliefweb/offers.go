package reliefweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// heads are the heads of a table by their keys; "#" marks a column of figures.
func heads(ctx context.Context, keys ...string) []ui.Col {
	out := make([]ui.Col, len(keys))
	for i, k := range keys {
		name := strings.TrimPrefix(k, "#")
		out[i] = ui.Col{Text: i18n.T(ctx, "relief.col."+name), Num: name != k}
	}
	return out
}

// crumbs lead back to the tab of a page.
func crumbs(ctx context.Context, tab string) []ui.Crumb {
	href := map[string]string{"needs": needsPath, "offers": offersPath, "stores": storesPath, "boxes": boxesPath, "trucks": trucksPath}[tab]
	out := []ui.Crumb{{Text: i18n.T(ctx, "relief.title"), Href: Base}}
	if tab != "needs" {
		out = append(out, ui.Crumb{Text: i18n.T(ctx, "relief.tab."+tab), Href: href})
	}
	return out
}

// offersView is the list of offers.
type offersView struct {
	Tabs   []ui.Tab
	Query  url.Values
	Rows   []offerRow
	Paging ui.Paging
	Print  bool
}

type offerRow struct {
	relief.Offer
	UnitName string
}

func (p *Pages) offerList(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := known(r.URL.Query(), "q", "trang_thai")
	page, per, print := sheet(r)
	rows, total, err := p.readOffers(r, q, page, per)
	if err != nil {
		return err
	}
	v := offersView{Tabs: p.views(ctx, offersPath), Query: q, Rows: rows, Print: print, Paging: paging(offersPath, q, page, total)}
	if print {
		v.Paging = ui.Paging{Page: 1, Per: max(1, total), Total: total}
	}
	return web.Render(w, r, http.StatusOK, offersPage(v))
}

// sheet says which page of a list is asked for; the print sheet has all rows on one.
func sheet(r *http.Request) (page, per int, print bool) {
	if r.URL.Query().Get("in") == "1" {
		return 1, 0, true
	}
	return pageNo(r), perPage, false
}

func (p *Pages) readOffers(r *http.Request, q url.Values, page, per int) ([]offerRow, int, error) {
	list, total, err := p.s.Offers(r.Context(), identity.ActorFrom(r.Context()), relief.OfferQuery{Text: q.Get("q"), State: relief.OfferState(q.Get("trang_thai")), Page: page, Per: per})
	rows := make([]offerRow, len(list))
	for i, o := range list {
		rows[i] = offerRow{o, p.s.UnitName(o.UnitID)}
	}
	return rows, total, err
}

// offersExcel holds no contact: each look at one is written down.
func (p *Pages) offersExcel(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rows, _, err := p.readOffers(r, known(r.URL.Query(), "q", "trang_thai"), 1, 0)
	if err != nil {
		return err
	}
	s := xlsx.Sheet{Name: i18n.T(ctx, "relief.offers.title")}
	for _, k := range []string{"item", "measure", "qty", "left", "from", "transport", "state", "sent"} {
		s.Head = append(s.Head, i18n.T(ctx, "relief.col."+k))
	}
	for _, o := range rows {
		s.Rows = append(s.Rows, []any{o.Item.Name, o.Item.Measure, o.Qty, o.Left(), o.UnitName, i18n.T(ctx, "relief.transport."+string(o.Transport)), i18n.T(ctx, "relief.offer.state."+string(o.State)), o.CreatedAt})
	}
	return xlsx.Send(w, "hang-gop.xlsx", s)
}

func offerTone(s relief.OfferState) string {
	switch s {
	case relief.OfferNew:
		return "info"
	case relief.OfferMatched:
		return "wait"
	case relief.OfferDone:
		return "ok"
	}
	return "mute"
}

// fitView is one need that fits, in words.
type fitView struct {
	relief.Fit
	UnitName string
	Good     []string
	Against  []string
}

// offerPageView is one offer with what it fits and what was set aside.
type offerPageView struct {
	relief.Offer
	UnitName string
	Fits     []fitView
	Matches  []relief.Match
	Units    map[string]string
	Contact  relief.Contact
	MayCall  bool
	Reason   string
	Carrier  string
	Err      error
	For      string // need or match whose form was refused
	Qty      string
}

func (p *Pages) offer(w http.ResponseWriter, r *http.Request) error {
	return p.showOffer(w, r, relief.Contact{}, "", nil)
}

func (p *Pages) showOffer(w http.ResponseWriter, r *http.Request, c relief.Contact, refusedFor string, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	o, matches, err := p.s.Offer(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := offerPageView{Offer: o, UnitName: p.s.UnitName(o.UnitID), Matches: matches, Units: map[string]string{}, Contact: c, Err: refused, For: refusedFor,
		Reason: r.PostFormValue("reason"), Carrier: r.PostFormValue("carrier"), Qty: r.PostFormValue("qty"), MayCall: c == relief.Contact{}}
	for _, m := range matches {
		v.Units[m.Need.UnitID] = p.s.UnitName(m.Need.UnitID)
	}
	if o.Left() > 0 && o.State != relief.OfferRejected {
		fits, err := p.s.Fits(ctx, a, o)
		if err != nil {
			return err
		}
		for _, f := range fits[:min(len(fits), 20)] {
			x := fitView{Fit: f, UnitName: p.s.UnitName(f.Need.UnitID)}
			for _, g := range f.Grounds {
				text := i18n.T(ctx, "relief.fit."+g.Key, g.Args...)
				if g.Good {
					x.Good = append(x.Good, text)
				} else {
					x.Against = append(x.Against, text)
				}
			}
			v.Fits = append(v.Fits, x)
		}
	}
	return web.Render(w, r, status(refused), offerPage(v))
}

// qty is what stands in the quantity of a fit's form.
func (v offerPageView) qty(f fitView) string {
	if v.For == f.Need.ID {
		return v.Qty
	}
	return strconv.FormatInt(f.Qty, 10)
}

func (v offerPageView) errFor(id string) error {
	if v.For == id {
		return v.Err
	}
	return nil
}

func (p *Pages) back(w http.ResponseWriter, r *http.Request, key string) error {
	return web.SeeOther(w, r, ui.WithFlash(offersPath+"/"+url.PathEscape(r.PathValue("id")), key))
}

func (p *Pages) reserve(w http.ResponseWriter, r *http.Request) error {
	needID := r.PostFormValue("need")
	_, err := p.s.Reserve(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), needID, whole(r.PostFormValue("qty")))
	if refused(err) {
		return p.showOffer(w, r, relief.Contact{}, needID, err)
	}
	if err != nil {
		return err
	}
	return p.back(w, r, "relief.match.reserved")
}

func (p *Pages) reject(w http.ResponseWriter, r *http.Request) error {
	err := p.s.RejectOffer(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostFormValue("reason"))
	if refused(err) {
		return p.showOffer(w, r, relief.Contact{}, "reject", err)
	}
	if err != nil {
		return err
	}
	return p.back(w, r, "relief.offer.rejected")
}

func (p *Pages) contact(w http.ResponseWriter, r *http.Request) error {
	c, err := p.s.Contact(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		return err
	}
	return p.showOffer(w, r, c, "", nil)
}

func (p *Pages) step(w http.ResponseWriter, r *http.Request) error {
	matchID := r.PathValue("match")
	f := relief.MatchForm{To: relief.MatchState(r.PostFormValue("viec")), Carrier: r.PostFormValue("carrier"), Reason: r.PostFormValue("reason")}
	if q := r.PostFormValue("qty"); q != "" && f.To == relief.MatchArrived {
		f.Qty = whole(q)
	}
	err := p.s.Step(r.Context(), identity.ActorFrom(r.Context()), matchID, f)
	if refused(err) {
		return p.showOffer(w, r, relief.Contact{}, matchID, err)
	}
	if err != nil {
		return err
	}
	return p.back(w, r, "relief.match.saved")
}

func (v offerPageView) facts(ctx context.Context) []ui.DefinitionItem {
	line := func(key, text string) ui.DefinitionItem {
		return ui.DefinitionItem{Term: i18n.T(ctx, "relief.col."+key), Text: text}
	}
	out := []ui.DefinitionItem{line("code", v.Code), {Term: i18n.T(ctx, "relief.col.state"), Body: ui.Badge(offerTone(v.State), i18n.T(ctx, "relief.offer.state."+string(v.State)))},
		line("qty", amount(ctx, v.Offer.Qty, v.Item)), line("left", amount(ctx, v.Left(), v.Item)), line("from", v.UnitName), line("transport", i18n.T(ctx, "relief.transport."+string(v.Transport)))}
	for _, x := range [][2]string{{"place", v.Place}, {"group", v.GroupName}, {"note", v.Note}, {"until", v.Until.Vietnamese()}, {"reason", v.Offer.Reason}} {
		if x[1] != "" {
			out = append(out, line(x[0], x[1]))
		}
	}
	return append(out, ui.DefinitionItem{Term: i18n.T(ctx, "relief.col.sent"), Body: ui.Time(v.CreatedAt)})
}
