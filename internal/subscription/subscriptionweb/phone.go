package subscriptionweb

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/subscription"
)

// phonePath is where the code is typed that proves a telephone number.
const phonePath = subscription.Path + "/zalo"

func phoneWish(ctx context.Context, f url.Values) subscription.PhoneWish {
	return subscription.PhoneWish{Phone: f.Get("phone"), Topics: topics(f), Pace: subscription.Pace(f.Get("pace")), Lang: i18n.Lang(ctx)}
}

// codeView is the page on which the code is typed; it carries the wish, of which nothing is kept yet.
type codeView struct {
	CodeID string
	Typed  url.Values
	Err    error
}

// carried lists what the form carries, in a firm order.
func (v codeView) carried() [][2]string {
	var names []string
	for k := range v.Typed {
		if !slices.Contains([]string{"go", "website", "email", "code", "id"}, k) {
			names = append(names, k)
		}
	}
	slices.Sort(names)
	var out [][2]string
	for _, k := range names {
		for _, x := range v.Typed[k] {
			out = append(out, [2]string{k, x})
		}
	}
	return out
}

// byPhone sends the code to the number that was typed.
func (p *Pages) byPhone(w http.ResponseWriter, r *http.Request) error {
	f := r.PostForm
	codeID, err := p.S.AskPhone(r.Context(), phoneWish(r.Context(), f), web.ClientIP(r))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.form(w, r, web.Status(fault.KindOf(err)), f, false, err)
	}
	if err != nil {
		return err
	}
	return p.codePage(w, r, http.StatusOK, codeView{CodeID: codeID, Typed: f})
}

func (p *Pages) codePage(w http.ResponseWriter, r *http.Request, status int, v codeView) error {
	w.Header().Set("Cache-Control", "no-store")
	return web.Render(w, r, status, codePage(v))
}

// proved takes the code; from then on the number is told.
func (p *Pages) proved(w http.ResponseWriter, r *http.Request) error {
	if err := p.read(w, r); err != nil {
		return err
	}
	f := r.PostForm
	token, err := p.S.ConfirmPhone(r.Context(), f.Get("id"), phoneWish(r.Context(), f), f.Get("code"))
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Conflict) {
		return p.codePage(w, r, web.Status(fault.KindOf(err)), codeView{CodeID: f.Get("id"), Typed: f, Err: err})
	}
	if err != nil {
		return err
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	return web.SeeOther(w, r, subscription.Path+"/"+token)
}

// pacesOf are the paces that a door offers: a message to a telephone costs money and comes once a day at most.
func pacesOf(ctx context.Context, d subscription.Door, now subscription.Pace) []ui.Option {
	all := paceOptions(ctx, now)
	if d == subscription.Zalo {
		return all[1:]
	}
	return all
}

// costText says what telling all readers by telephone on one day costs at most.
func costText(ctx context.Context, v sheetView) string {
	return i18n.T(ctx, "subscription.office.zalo_cost", "Price", money.VND(v.Price).String(), "Readers", ui.Number(ctx, v.Zalo), "Most", money.VND(v.Price*int64(v.Zalo)).String())
}
