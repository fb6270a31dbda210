package app

import (
	"context"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/household/householdweb"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/housing/housingweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// openHouses wires housing on the register of households.
func (h *House) openHouses() {
	h.features.housing = housing.New(housing.Deps{DB: h.db, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Sealer: h.box,
		Households: h.features.household, Pictures: h.innerPictures})
}

func (h *House) housingPages() pages {
	p := &housingweb.Pages{Service: h.features.housing, Province: h.provinceID, Words: h.words.In("vi"), Household: householdweb.Href}
	if h.cfg.Province != "40" || h.units.Today() < "2025-07-01" {
		return p // boundaries are delivered for today's Nghệ An only: elsewhere the table alone
	}
	raw, err := data.Read(data.GeoNgheAn)
	if err == nil {
		p.Shapes, p.ViewBox, err = ui.ShapesFromGeoJSON(raw, publicMapWidth)
	}
	if err != nil {
		h.log.Warn("the map of the province cannot be drawn", "err", err)
	}
	return p
}

// housesWaiting says in one line how many surveyed houses wait for the official's approval.
func (h *House) housesWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	n, err := h.features.housing.Waiting(ctx, a)
	if err != nil || n == 0 {
		return nil, err
	}
	return []dashboard.Item{{Feature: "housing", Kind: "approve", Title: i18n.T(ctx, "housing.waiting", "Count", n), From: i18n.T(ctx, "housing.title"),
		Href: housingweb.Base + "?tinh_trang=" + string(housing.Surveyed)}}, nil
}
