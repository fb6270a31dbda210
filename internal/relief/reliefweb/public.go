package reliefweb

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/relief"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// publicPer is how many communes one page shows, so that it stays light on an old phone.
const publicPer = 8

// publicNeeds is how many needs of a commune stand on the common page; its own page shows all.
const publicNeedsMax = 6

// publicView is the page of what is needed where.
type publicView struct {
	Text   string
	Unit   string
	Places []relief.Place
	Rides  []relief.Ride
	Paging ui.Paging
	Now    time.Time
}

func (p *Pages) public(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := known(r.URL.Query(), "q", "xa")
	list, err := p.s.PublicNeeds(ctx, relief.PublicQuery{Text: q.Get("q"), UnitID: q.Get("xa")})
	if err != nil {
		return err
	}
	v := publicView{Text: q.Get("q"), Unit: q.Get("xa"), Now: p.s.Clock.Now(), Paging: paging(PublicPath, q, pageNo(r), len(list))}
	v.Paging.Per = publicPer
	v.Paging.Page = min(v.Paging.Page, v.Paging.Pages())
	from := min((v.Paging.Page-1)*publicPer, len(list))
	v.Places = list[from:min(from+publicPer, len(list))]
	if v.Paging.Page == 1 && v.Unit == "" && v.Text == "" {
		if v.Rides, err = p.s.Rides(ctx); err != nil {
			return err
		}
		v.Rides = v.Rides[:min(5, len(v.Rides))]
	}
	w.Header().Set("Cache-Control", "public, max-age=15")
	return web.Render(w, r, http.StatusOK, publicPage(v))
}

// shown are the needs of a commune that this page shows.
func (v publicView) shown(pl relief.Place) []relief.Need {
	if v.Unit != "" {
		return pl.Needs
	}
	return pl.Needs[:min(publicNeedsMax, len(pl.Needs))]
}

func urgencyTone(u relief.Urgency) string {
	switch u {
	case relief.UrgentNow:
		return "late"
	case relief.UrgentSoon:
		return "wait"
	}
	return "info"
}

// ago says in words how long ago something was: hours within two days, then days.
func ago(ctx context.Context, now, t time.Time) string {
	switch h := int(now.Sub(t).Hours()); {
	case h < 1:
		return i18n.T(ctx, "relief.ago.now")
	case h < 48:
		return i18n.T(ctx, "relief.ago.hours", "Count", h)
	default:
		return i18n.T(ctx, "relief.ago.days", "Count", h/24)
	}
}

// offerView is the form of those who offer goods.
type offerView struct {
	F      offerTyped
	Items  []relief.Item
	Places []ui.Option
	Err    error
}

// offerTyped is the form as it was typed.
type offerTyped struct {
	Item, Qty, UnitQ, Unit, Place, Transport, Until, Group, Note, Name, Phone string
	ShowName, Consent                                                         bool
}

func (p *Pages) offerForm(w http.ResponseWriter, r *http.Request) error {
	return p.showOfferForm(w, r, offerTyped{Item: r.URL.Query().Get("mat_hang"), Transport: string(relief.TransportOwn)}, nil)
}

func (p *Pages) showOfferForm(w http.ResponseWriter, r *http.Request, f offerTyped, refused error) error {
	items, err := p.s.PublicItems(r.Context())
	if err != nil {
		return err
	}
	v := offerView{F: f, Items: items, Err: refused}
	for _, u := range p.communes(f.UnitQ) {
		v.Places = append(v.Places, ui.Option{Value: u.ID, Text: u.FullName, Selected: u.ID == f.Unit})
	}
	return web.Render(w, r, status(refused), offerFormPage(v))
}

// communes are the communes that a typed name may mean.
func (p *Pages) communes(text string) []orgunit.Unit {
	var out []orgunit.Unit
	if text == "" {
		return nil
	}
	for _, f := range p.s.Forest().Search(text, p.s.Today(), 30) {
		for _, u := range f.Now {
			if u.Level == orgunit.LevelCommune && u.Kind == orgunit.KindFront && len(out) < 8 {
				out = append(out, u)
			}
		}
	}
	return out
}

func (p *Pages) sendOffer(w http.ResponseWriter, r *http.Request) error {
	get := r.PostFormValue
	f := offerTyped{Item: get("item"), Qty: get("qty"), UnitQ: get("unit_q"), Unit: get("unit"), Place: get("place"), Transport: get("transport"), Until: get("until"), Group: get("group"),
		Note: get("note"), Name: get("name"), Phone: get("phone"), ShowName: get("show_name") != "", Consent: get("consent") != ""}
	if f.Unit == "" { // typed without a list: a name that means one commune is enough
		if found := p.communes(f.UnitQ); len(found) == 1 || len(found) > 1 && vntext.Fold(found[0].FullName) == vntext.Fold(f.UnitQ) {
			f.Unit = found[0].ID
		} else if get("step") != "find" && len(found) > 1 {
			return p.showOfferForm(w, r, f, fault.Field("unit", "relief.offer.which_unit"))
		}
	}
	if get("step") == "find" {
		return p.showOfferForm(w, r, f, nil)
	}
	if p.offers != nil && p.offers.OnLimit(w, r, web.ClientIP(r)) {
		return fault.New(fault.TooMany, "relief.offer.too_many")
	}
	form := relief.OfferForm{ItemID: f.Item, Qty: whole(f.Qty), UnitID: f.Unit, Place: f.Place, Transport: relief.Transport(f.Transport), GroupName: f.Group, ShowName: f.ShowName,
		Note: f.Note, Contact: relief.Contact{Name: f.Name, Phone: f.Phone}, Consent: f.Consent}
	if f.Until != "" {
		d, err := clock.ParseDate(f.Until)
		if err != nil {
			d = clock.Date(f.Until)
		}
		form.Until = d
	}
	o, err := p.s.SendOffer(r.Context(), identity.ActorFrom(r.Context()), form)
	if refused(err) {
		return p.showOfferForm(w, r, f, err)
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.WithFlash(PublicPath+"/gop/"+o.Code, "relief.offer.sent"))
}

// offerStatusView is what a giver sees of the own offer.
type offerStatusView struct {
	Offer   relief.Offer
	Matches []relief.Match
	Units   map[string]string
	URL     string
}

func (p *Pages) offerStatus(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	o, list, err := p.s.OfferByCode(r.Context(), r.PathValue("code"))
	if err != nil {
		return p.missed(w, r, err)
	}
	v := offerStatusView{Offer: o, Matches: list, Units: map[string]string{}, URL: p.publicURL + PublicPath + "/gop/" + o.Code}
	for _, m := range list {
		v.Units[m.Need.UnitID] = p.s.UnitName(m.Need.UnitID)
	}
	return web.Render(w, r, http.StatusOK, offerStatusPage(v))
}

// mayLook refuses an address that has tried too many codes that belong to nothing; codes that do are never counted.
func (p *Pages) mayLook(r *http.Request) error {
	if p.lookups == nil {
		return nil
	}
	if _, rate, err := p.lookups.Status(web.ClientIP(r)); err == nil && rate >= float64(p.misses) {
		return fault.New(fault.TooMany, "relief.box.too_many_lookups")
	}
	return nil
}

// missed counts a code that belongs to nothing; it is told as not found.
func (p *Pages) missed(w http.ResponseWriter, r *http.Request, err error) error {
	if !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
		return err
	}
	if p.lookups != nil {
		p.lookups.OnLimit(w, r, web.ClientIP(r))
	}
	return fault.New(fault.NotFound, "relief.box.not_found").Because(err)
}

// findView is the form that asks for the code of a box.
type findView struct {
	Code string
	Err  error
}

func (p *Pages) findBox(w http.ResponseWriter, r *http.Request) error {
	typed := r.URL.Query().Get("ma")
	if typed == "" {
		return web.Render(w, r, http.StatusOK, findBoxPage(findView{}))
	}
	if err := p.mayLook(r); err != nil {
		return err
	}
	j, err := p.s.BoxByCode(r.Context(), relief.CodeIn(typed))
	if err == nil {
		return web.SeeOther(w, r, BoxPath+url.PathEscape(j.Box.Code))
	}
	if err = p.missed(w, r, err); !fault.Is(err, fault.NotFound) {
		return err
	}
	v := findView{Code: vntext.Truncate(typed, 60), Err: fault.Field("ma", "relief.box.unknown")}
	return web.Render(w, r, http.StatusUnprocessableEntity, findBoxPage(v))
}

// boxView is the page of a box for whoever has its code.
type boxView struct {
	relief.Journey
	Status string
	URL    string
}

func (p *Pages) box(w http.ResponseWriter, r *http.Request) error {
	if err := p.mayLook(r); err != nil {
		return err
	}
	j, err := p.s.BoxByCode(r.Context(), r.PathValue("code"))
	if err != nil {
		return p.missed(w, r, err)
	}
	v := boxView{Journey: j, URL: p.publicURL + BoxPath + j.Box.Code, Status: i18n.T(r.Context(), "relief.box.status."+string(j.Box.State), "From", j.From, "To", j.To)}
	return web.Render(w, r, http.StatusOK, boxPage(v))
}

// steps of the way of a box; what has not happened has no time.
func (v boxView) steps(ctx context.Context) []ui.TimelineItem {
	var out []ui.TimelineItem
	add := func(key string, at time.Time, text string) {
		x := ui.TimelineItem{At: at, Title: i18n.T(ctx, "relief.box.step."+key, "From", v.From, "To", v.To), Text: text, Tone: "mute"}
		if !at.IsZero() {
			x.Tone = "ok"
		}
		out = append(out, x)
	}
	add("packed", v.Box.PackedAt, "")
	add("loaded", v.Box.LoadedAt, v.Truck)
	add("received", v.Box.ReceivedAt, v.Dest)
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

// offerUnitError is the refusal of the commune, shown at the field that is on the page.
func offerUnitError(ctx context.Context, v offerView) string {
	if len(v.Places) > 0 {
		return ""
	}
	return web.FieldError(ctx, v.Err, "unit")
}

func matchTone(s relief.MatchState) string {
	switch s {
	case relief.MatchArrived:
		return "ok"
	case relief.MatchAgreed:
		return "info"
	case relief.MatchReserved:
		return "wait"
	}
	return "mute"
}
