package app

import (
	"context"
	"strconv"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/fleet"
	"github.com/nhipcau/nhipcau/internal/fleet/fleetweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/glimpse"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// openFleet wires the fleet of channels.
func (h *House) openFleet() {
	h.features.fleet = fleet.New(fleet.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest,
		Channels: h.channels, People: h.people, Officials: h.people, Pictures: h.pictures, Glimpse: glimpse.New(h.simulated())})
	h.people.RegisterWork("fleet", h.features.fleet)
}

func (h *House) fleetPages() *fleetweb.Pages {
	return &fleetweb.Pages{Service: h.features.fleet, PublicURL: h.cfg.PublicURL}
}

// alertsWaiting lists the alerts of an official's own units one by one, and those of the units below in one line: a province
// would read of nothing else on a bad day.
func (h *House) alertsWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	own, below, err := h.features.fleet.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []dashboard.Item
	for _, x := range own {
		out = append(out, dashboard.Item{Feature: "fleet", Kind: "alert", Title: i18n.T(ctx, "fleet.condition."+string(x.Cause)) + ": " + x.AccountName,
			From: x.UnitName, Href: fleetweb.Base + "/canh-bao/" + x.ID})
	}
	if below > 0 {
		out = append(out, dashboard.Item{Feature: "fleet", Kind: "below", Title: i18n.T(ctx, "fleet.alert.below", "Count", strconv.Itoa(below)), From: i18n.T(ctx, "fleet.title"),
			Href: fleetweb.Base + "/canh-bao?xem=" + fleet.ViewNew})
	}
	return out, nil
}
