package reliefweb

import (
	"net/http"
	"slices"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/relief"
)

// handView is the form that hands goods to households or a group.
type handView struct {
	Store   relief.Warehouse
	F       handTyped
	Found   []household.Household // what the search found
	Chosen  []household.Household
	Lines   lineTable
	Doubles []relief.Double
	Err     error
}

// handTyped is the form as it was typed.
type handTyped struct {
	On, Q, Group, Programme, Witness, Why, Offline string
	Homes                                          []string
	Rows                                           []typedLine
}

func (p *Pages) handForm(w http.ResponseWriter, r *http.Request) error {
	return p.showHand(w, r, handTyped{On: p.s.Today().Vietnamese()}, nil, false, nil)
}

const foundHomes = 12

func (p *Pages) showHand(w http.ResponseWriter, r *http.Request, f handTyped, doubles []relief.Double, more bool, refused error) error {
	ctx := r.Context()
	a := identity.ActorFrom(ctx)
	x, err := p.s.Warehouse(ctx, a, r.PathValue("id"))
	if err != nil {
		return err
	}
	v := handView{Store: x, F: f, Doubles: doubles, Err: refused}
	if v.Lines.Items, err = p.s.PublicItems(ctx); err != nil {
		return err
	}
	v.Lines.Rows, v.Lines.Err = f.Rows, refused
	v.Lines = v.Lines.padded(more)
	for _, householdID := range f.Homes {
		h, err := p.s.Homes.Get(ctx, a, householdID)
		if err != nil {
			continue // the service refuses it when it is sent
		}
		v.Chosen = append(v.Chosen, h)
	}
	if f.Q != "" {
		list, err := p.s.FindHouseholds(ctx, a, x.UnitID, f.Q, foundHomes)
		if err != nil {
			return err
		}
		for _, h := range list {
			if !slices.Contains(f.Homes, h.ID) {
				v.Found = append(v.Found, h)
			}
		}
	}
	code := status(refused)
	if len(doubles) > 0 {
		code = http.StatusConflict
	}
	return web.Render(w, r, code, handPage(v))
}

func (p *Pages) handOut(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, "relief.scan.no_act").Because(err)
	}
	get := r.PostForm.Get
	f := handTyped{On: get("on"), Q: get("q"), Group: get("group"), Programme: get("programme"), Witness: get("witness"), Why: get("why"), Offline: get("offline_id"), Homes: r.PostForm["home"], Rows: readLines(r)}
	switch get("viec") {
	case "tim":
		return p.showHand(w, r, f, nil, false, nil)
	case "them":
		return p.showHand(w, r, f, nil, true, nil)
	}
	slips, doubles, err := p.s.HandOut(r.Context(), identity.ActorFrom(r.Context()), relief.HandForm{WarehouseID: r.PathValue("id"), OnDate: date(f.On), Households: f.Homes, Group: f.Group,
		Programme: f.Programme, Witness: f.Witness, Lines: parse(f.Rows), Why: f.Why, OfflineID: f.Offline})
	if refused(err) {
		return p.showHand(w, r, f, nil, false, err)
	}
	if err != nil {
		return err
	}
	if len(doubles) > 0 {
		return p.showHand(w, r, f, doubles, false, nil)
	}
	to := storeHref(r.PathValue("id"), "phieu")
	if len(slips) == 1 {
		to = slipPath + slips[0].ID
	}
	return web.SeeOther(w, r, ui.WithFlash(to, "relief.hand.saved"))
}
