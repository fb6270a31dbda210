package app

import (
	"github.com/nhipcau/nhipcau/internal/household"
	"github.com/nhipcau/nhipcau/internal/household/householdweb"
	"github.com/nhipcau/nhipcau/internal/housing/housingweb"
)

// openHouseholds wires the register of households: rooms that give something write it down there.
func (h *House) openHouseholds() {
	h.features.household = household.New(household.Deps{DB: h.db, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Sealer: h.box})
}

func (h *House) householdPages() pages {
	return &householdweb.Pages{Service: h.features.household, House: housingweb.SurveyPath}
}
