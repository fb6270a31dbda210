package app

import (
	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/household/householdweb"
	"github.com/nhipcau/nhipcau/internal/housing"
	"github.com/nhipcau/nhipcau/internal/housing/housingweb"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// openHouses wires housing on the register of households.
func (h *House) openHouses() {
	h.features.housing = housing.New(housing.Deps{DB: h.db, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Sealer: h.box,
		Households: h.features.household, Pictures: h.pictures})
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
