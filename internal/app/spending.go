package app

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/fund/award"
	"github.com/nhipcau/nhipcau/internal/fund/cash"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/fund/spendingweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// openSpending wires how gifts are given by hand and where the money of appeals goes.
func (h *House) openSpending() {
	h.features.spending = spending.New(spending.Deps{DB: h.db, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Books: h.features.fund,
		Households: h.features.household, Pictures: h.innerPictures, Relief: h.reliefNeeds, Houses: houseDoor{h}})
	h.features.fund.KeepPromises(h.features.spending)
	h.features.cash = cash.New(cash.Deps{DB: h.db, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Books: h.features.fund})
	h.features.award = award.New(award.Deps{DB: h.db, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Records: h.features.cash})
}

// houseDoor lets a fund pay for a house.
type houseDoor struct{ h *House }

// HouseOf implements spending.Houses.
func (d houseDoor) HouseOf(ctx context.Context, householdID string) (spending.House, error) {
	c, left, err := d.h.features.housing.Payable(ctx, householdID)
	return spending.House{ID: c.ID, Code: c.Code, Left: left}, err
}

// BindHouse implements spending.Houses.
func (d houseDoor) BindHouse(ctx context.Context, tx db.Tx, actor identity.Actor, houseID, sourceID string) error {
	return d.h.features.housing.BindWithin(ctx, tx, actor, houseID, spending.HelpSource, sourceID)
}

// publicMapWidth is the width of the map on citizen pages: small, so that the page stays light.
const publicMapWidth = 220

func (h *House) spendingPages() pages {
	p := &spendingweb.Pages{Service: h.features.spending}
	p.Shapes, p.ViewBox = h.publicMap()
	return p
}

// spendingWaiting says in a line each how many decisions and payments wait for the official.
func (h *House) spendingWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	decisions, payments, err := h.features.spending.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []dashboard.Item
	if decisions > 0 {
		out = append(out, dashboard.Item{Feature: "spending", Kind: "decide", Title: i18n.T(ctx, "spending.waiting_decisions", "Count", decisions), From: i18n.T(ctx, "spending.title"),
			Href: spendingweb.Base + "?trang_thai=" + string(spending.Proposed)})
	}
	if payments > 0 {
		out = append(out, dashboard.Item{Feature: "spending", Kind: "pay", Title: i18n.T(ctx, "spending.waiting_payments", "Count", payments), From: i18n.T(ctx, "spending.title"),
			Href: spendingweb.Base + "?trang_thai=" + string(spending.Approved)})
	}
	return out, nil
}
