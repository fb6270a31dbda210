package app

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/dashboard/dashboardweb"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// mapWidth of the overview's map, in pixels of its drawing.
const mapWidth = 400

// dashboardPages wires the first screen: each feature is asked what waits, and for the overview's numbers.
func (h *House) dashboardPages() (*dashboardweb.Pages, error) {
	p := &dashboardweb.Pages{Clock: h.clock, Lists: dashboardweb.Lists{
		Posts:    func(unit string) string { return listOf("/lam-viec/tin-bai?trang_thai=published", "don_vi", unit) },
		Channels: func(unit string) string { return listOf("/lam-viec/kenh?state=ill", "unit", unit) },
		Waiting:  func(unit string) string { return listOf("/lam-viec/vu-viec?xem=open", "don_vi", unit) },
		Overdue:  func(unit string) string { return listOf("/lam-viec/vu-viec?xem=overdue", "don_vi", unit) },
	}}
	p.UnitName = h.unitName
	p.Service = dashboard.NewService(h.clock, h.authz, dashboard.Counters{
		PostsOut: func(ctx context.Context, a identity.Actor) (dashboard.ByUnit, error) {
			n, err := h.features.publish.OutByUnit(ctx, a, h.clock.Now().AddDate(0, 0, -7))
			return n, err
		},
		ChannelsIll: h.illByUnit,
		Waiting: func(ctx context.Context, a identity.Actor) (dashboard.ByUnit, error) {
			return h.casesByUnit(ctx, a, false)
		},
		Overdue: func(ctx context.Context, a identity.Actor) (dashboard.ByUnit, error) {
			return h.casesByUnit(ctx, a, true)
		},
		Figures: h.leaderFigures,
		Place:   h.place,
	}, h.postsWaiting, h.localsWaiting, h.casesWaiting, h.noticesWaiting, h.promisesWaiting, h.opinionsWaiting, h.alertsWaiting, h.reliefWaiting, h.petitionsWaiting, h.spendingWaiting, h.housesWaiting, h.disclosureWaiting, h.directivesWaiting, h.messagesWaiting)
	if h.cfg.Province != "40" || h.units.Today() < "2025-07-01" {
		return p, nil // boundaries are delivered for today's Nghệ An only: elsewhere the table alone
	}
	raw, err := data.Read(data.GeoNgheAn)
	if err != nil {
		return nil, err
	}
	p.Shapes, p.ViewBox, err = ui.ShapesFromGeoJSON(raw, mapWidth)
	return p, err
}

// listOf is the address of the rows behind a number: the list, narrowed to a unit by the parameter that it knows.
func listOf(path, param, unitID string) string {
	if unitID == "" {
		return path
	}
	return path + "&" + param + "=" + unitID
}

func (h *House) illByUnit(ctx context.Context, a identity.Actor) (dashboard.ByUnit, error) {
	accounts, err := h.channels.Accounts(ctx, a, channel.Filter{})
	if err != nil {
		return nil, err
	}
	out := dashboard.ByUnit{}
	for _, x := range accounts {
		if x.State == channel.AccountReauth || x.State == channel.AccountPaused {
			out[x.UnitID]++
		}
	}
	return out, nil
}

func (h *House) casesByUnit(ctx context.Context, a identity.Actor, overdue bool) (dashboard.ByUnit, error) {
	counts, err := h.features.feedback.Counts(ctx, a)
	if fault.Is(err, fault.Forbidden) {
		return nil, nil // who keeps the units or the writing reads no cases
	}
	if err != nil {
		return nil, err
	}
	out := dashboard.ByUnit{}
	for _, c := range counts {
		n := c.Waiting
		if overdue {
			n = c.Overdue
		}
		if n > 0 {
			out[c.UnitID] += n
		}
	}
	return out, nil
}

// place shows a unit below a commune, or an agency of a commune, under its commune.
func (h *House) place(unitID string) (id, name, code string) {
	f, today := h.units.Forest(), h.units.Today()
	u, err := f.Unit(unitID, today)
	if err != nil {
		return unitID, unitID, ""
	}
	if u.Kind == orgunit.KindAgency || u.Level.Rank() > orgunit.LevelCommune.Rank() {
		for _, up := range f.Ancestors(unitID, today) {
			if up.Kind == orgunit.KindFront && up.Level.Rank() <= orgunit.LevelCommune.Rank() {
				return up.ID, up.FullName, up.Code
			}
		}
	}
	return u.ID, u.FullName, u.Code
}

func (h *House) unitName(unitID string) string {
	u, err := h.units.Forest().Unit(unitID, h.units.Today())
	if err != nil {
		return ""
	}
	return u.FullName
}

func (h *House) postsWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	list, err := h.features.publish.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]dashboard.Item, len(list))
	for i, w := range list {
		out[i] = dashboard.Item{Feature: "publish", Kind: string(w.Kind), Title: w.Title, From: h.unitName(w.UnitID), Href: w.Href, Due: w.Due}
	}
	return out, nil
}

func (h *House) casesWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	list, err := h.features.feedback.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]dashboard.Item, len(list))
	for i, w := range list {
		out[i] = dashboard.Item{Feature: "feedback", Kind: w.Action, Title: vntext.Truncate(titleOf(w.Case), 120), From: h.unitName(w.Case.OriginUnitID),
			Href: "/lam-viec/vu-viec/" + w.Case.ID, Due: endOfDay(w)}
	}
	return out, nil
}

// titleOf keeps the words of secret kinds off the list: it says only that there is one.
func titleOf(c feedback.Case) string {
	if c.Kind.Secret() {
		return c.Code
	}
	return c.Text
}

// endOfDay is the last moment at which an answer is in time.
func endOfDay(w feedback.WaitingItem) time.Time {
	if w.Case.Deadline == "" {
		return time.Time{}
	}
	return workday.EndOfDay(w.Case.Deadline)
}

func (h *House) messagesWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	list, err := h.features.inbox.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]dashboard.Item, len(list))
	for i, w := range list {
		out[i] = dashboard.Item{Feature: "inbox", Kind: "reply", Title: vntext.Truncate(w.Title, 120), From: joinNames(w.From, h.unitName(w.UnitID)), Href: w.Href, Due: w.Due}
	}
	return out, nil
}

func joinNames(person, unit string) string {
	if person == "" {
		return unit
	}
	return person + " · " + unit
}
