package localiseweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
)

// offerView is the page on which a unit offers one of its posts, or those above take it.
type offerView struct {
	Post     publish.Post
	Unit     string
	Offers   []offerRow
	To       []ui.Option // to whom it can be offered
	Take     []ui.Option // units above for which the actor may take it
	MayOffer bool
	Typed    localise.Suggestion
	Err      error
}

type offerRow struct {
	localise.Offer
	From, To string
	MayTake  bool
}

func (p *Pages) row(a identity.Actor, o localise.Offer) offerRow {
	return offerRow{Offer: o, From: p.Service.Posts.Unit(o.FromUnit).FullName, To: p.Service.Posts.Unit(o.ToUnit).FullName,
		MayTake: o.State == localise.OfferOpen && p.Service.Authz.Can(a, publish.ActWrite, identity.InUnit(o.ToUnit))}
}

func (p *Pages) offerForm(w http.ResponseWriter, r *http.Request) error {
	return p.showOffer(w, r, http.StatusOK, nil)
}

func (p *Pages) showOffer(w http.ResponseWriter, r *http.Request, status int, refusal error) error {
	ctx := r.Context()
	a, id := identity.ActorFrom(ctx), r.PathValue("id")
	f, err := p.Service.Posts.Open(ctx, a, id)
	if err != nil {
		return err
	}
	v := offerView{Post: f.Post, Unit: p.Service.Posts.Unit(f.UnitID).FullName, Err: refusal}
	list, err := p.Service.OffersOf(ctx, a, id)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, o := range list {
		v.Offers = append(v.Offers, p.row(a, o))
		known[o.ToUnit] = true
	}
	if refusal != nil {
		v.Typed = suggestion(r)
	}
	for _, u := range p.Service.Above(f.UnitID) {
		if known[u.ID] || f.State != publish.StatePublished {
			continue
		}
		o := ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == v.Typed.ToUnit}
		if p.Service.Authz.Can(a, publish.ActWrite, identity.InUnit(u.ID)) {
			v.Take = append(v.Take, o)
		} else {
			v.To = append(v.To, o)
		}
	}
	v.MayOffer = len(v.To) > 0 && p.Service.Posts.Can(a, publish.ActWrite, f.Post)
	return web.Render(w, r, status, offerPage(v))
}

func suggestion(r *http.Request) localise.Suggestion {
	f := r.PostForm
	return localise.Suggestion{ToUnit: f.Get("to"), Note: f.Get("note"), Credit: f.Get("credit"), Consent: f.Get("consent") != ""}
}

func (p *Pages) offer(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	id := r.PathValue("id")
	if _, err := p.Service.Offer(r.Context(), identity.ActorFrom(r.Context()), id, suggestion(r)); err != nil {
		if refused(err) {
			return p.showOffer(w, r, web.Status(fault.KindOf(err)), err)
		}
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(posts+"/"+url.PathEscape(id)+"/de-xuat", "localise.offered"))
}

func (p *Pages) takeUp(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	post, err := p.Service.TakeUp(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostForm.Get("to"))
	if err != nil {
		if refused(err) {
			return p.showOffer(w, r, web.Status(fault.KindOf(err)), err)
		}
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(posts+"/"+post.ID+"/sua", "localise.taken"))
}

// offersView is the list of what was offered, to us or by us.
type offersView struct {
	Tabs   []ui.Tab
	Rows   []offerRow
	Paging ui.Paging
	Sent   bool
	Err    error
	At     string // the offer whose form was refused
}

func (p *Pages) offers(w http.ResponseWriter, r *http.Request) error {
	return p.showOffers(w, r, http.StatusOK, "", nil)
}

func (p *Pages) showOffers(w http.ResponseWriter, r *http.Request, status int, at string, refusal error) error {
	ctx, q := r.Context(), r.URL.Query()
	a := identity.ActorFrom(ctx)
	page := max(1, atoi(q.Get("trang")))
	v := offersView{Sent: q.Get("xem") == "gui" || !p.Service.Authz.CanSomewhere(a, publish.ActWrite), Err: refusal, At: at}
	active := "gui"
	read := p.Service.Outgoing
	if !v.Sent {
		active = OfferBase
		read = func(ctx context.Context, a identity.Actor, page int) ([]localise.Offer, int, error) {
			return p.Service.Incoming(ctx, a, false, page)
		}
	}
	found, total, err := read(ctx, a, page)
	if err != nil {
		return err
	}
	v.Tabs = tabs(ctx, active)
	for _, o := range found {
		v.Rows = append(v.Rows, p.row(a, o))
	}
	v.Paging = ui.Paging{Page: page, Per: localise.OffersPerPage, Total: total, URL: func(n int) string {
		c := url.Values{"trang": {strconv.Itoa(n)}}
		if v.Sent {
			c.Set("xem", "gui")
		}
		return OfferBase + "?" + c.Encode()
	}}
	return web.Render(w, r, status, offersPage(v))
}

func (p *Pages) take(w http.ResponseWriter, r *http.Request) error {
	post, err := p.Service.Take(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"))
	if err != nil {
		if refused(err) {
			return p.showOffers(w, r, web.Status(fault.KindOf(err)), r.PathValue("id"), err)
		}
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(posts+"/"+post.ID+"/sua", "localise.taken"))
}

func (p *Pages) decline(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	if err := p.Service.Decline(r.Context(), identity.ActorFrom(r.Context()), r.PathValue("id"), r.PostForm.Get("reason")); err != nil {
		if refused(err) {
			return p.showOffers(w, r, web.Status(fault.KindOf(err)), r.PathValue("id"), err)
		}
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(OfferBase, "localise.declined"))
}

// errAt is the refusal of the form of one offer.
func (v offersView) errAt(ctx context.Context, offerID string) string {
	if v.At != offerID {
		return ""
	}
	return web.FieldError(ctx, v.Err, "reason")
}
