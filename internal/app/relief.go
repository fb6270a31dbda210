package app

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"sync"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/spending"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/relief"
	"github.com/nhipcau/nhipcau/internal/relief/reliefweb"
)

// openRelief wires relief goods.
func (h *House) openRelief() {
	h.features.relief = relief.New(relief.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Sealer: h.box,
		Homes: h.features.household, Distance: h.distance})
}

func (h *House) reliefPages() pages {
	return reliefweb.New(h.features.relief, h.cfg.PublicURL, reliefweb.DefaultLimits)
}

// reliefNeeds tells the map of an appeal what communes need in goods, at their usual value, that nobody has promised or brought.
func (h *House) reliefNeeds(ctx context.Context, _ fund.Appeal) ([]spending.Need, error) {
	totals, err := h.features.relief.NeedTotals(ctx)
	if err != nil {
		return nil, err
	}
	var out []spending.Need
	for _, t := range totals {
		if t.Asked > 0 {
			out = append(out, spending.Need{UnitID: t.UnitID, Amount: t.Asked, Goods: t.Promised + t.Received, Arrived: t.Received, Since: t.Since})
		}
	}
	return out, nil
}

// centres are the middles of the communes whose boundaries the program is delivered with, by their code.
var centres = sync.OnceValue(func() map[string][2]float64 {
	raw, err := data.Read(data.GeoNgheAn)
	if err != nil {
		return nil
	}
	return middles(raw)
})

// distance gives the kilometres between two communes as the crow flies; false when one of them has no boundary.
func (h *House) distance(a, b string) (float64, bool) {
	f, on := h.units.Forest(), h.units.Today()
	from, err := f.Unit(a, on)
	if err != nil {
		return 0, false
	}
	to, err := f.Unit(b, on)
	if err != nil {
		return 0, false
	}
	p, okP := centres()[from.Code]
	q, okQ := centres()[to.Code]
	if !okP || !okQ {
		return 0, false
	}
	const degree = 111.2 // kilometres
	dx := (p[0] - q[0]) * degree * math.Cos((p[1]+q[1])/2*math.Pi/180)
	return math.Hypot(dx, (p[1]-q[1])*degree), true
}

// reliefWaiting lists what waits for those who look after needs, offers and warehouses.
func (h *House) reliefWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	w, err := h.features.relief.WaitingFor(ctx, a)
	if err != nil {
		return nil, err
	}
	var out []dashboard.Item
	add := func(kind, title, from, href string) {
		out = append(out, dashboard.Item{Feature: "relief", Kind: kind, Title: title, From: from, Href: href})
	}
	for _, n := range w.Stale {
		add("stale", i18n.T(ctx, "relief.today.stale", "Item", n.Item.Name), h.features.relief.UnitName(n.UnitID), reliefweb.Base+"/nhu-cau/"+n.ID)
	}
	if w.Offers > 0 {
		add("offers", i18n.T(ctx, "relief.today.offers", "Count", strconv.Itoa(w.Offers)), i18n.T(ctx, "relief.title"), reliefweb.Base+"/gop")
	}
	for _, s := range w.Incoming {
		add("incoming", i18n.T(ctx, "relief.today.incoming"), h.features.relief.UnitName(s.UnitID), reliefweb.Base+"/phieu/"+s.ID)
	}
	if w.Expiring > 0 {
		add("expiring", i18n.T(ctx, "relief.today.expiring", "Count", strconv.Itoa(w.Expiring)), i18n.T(ctx, "relief.title"), reliefweb.Base+"/kho")
	}
	return out, nil
}

// middles gives the middle of each boundary: the mean of its corners, near enough for a ranking.
func middles(raw []byte) map[string][2]float64 {
	var fc struct {
		Features []struct {
			Properties struct{ Code string }
			Geometry   struct{ Coordinates json.RawMessage }
		}
	}
	if json.Unmarshal(raw, &fc) != nil {
		return nil
	}
	out := map[string][2]float64{}
	for _, f := range fc.Features {
		var x, y, n float64
		var walk func(json.RawMessage)
		walk = func(part json.RawMessage) {
			var p []float64
			if json.Unmarshal(part, &p) == nil && len(p) >= 2 {
				x, y, n = x+p[0], y+p[1], n+1
				return
			}
			var parts []json.RawMessage
			if json.Unmarshal(part, &parts) == nil {
				for _, q := range parts {
					walk(q)
				}
			}
		}
		walk(f.Geometry.Coordinates)
		if n > 0 {
			out[f.Properties.Code] = [2]float64{x / n, y / n}
		}
	}
	return out
}
