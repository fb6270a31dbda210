package app

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fleet/regulation"
	"github.com/nhipcau/nhipcau/internal/fleet/regulationweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/publish"
	"github.com/nhipcau/nhipcau/internal/publish/localise"
	"github.com/nhipcau/nhipcau/internal/publish/localiseweb"
	"github.com/nhipcau/nhipcau/internal/publish/planner"
	"github.com/nhipcau/nhipcau/internal/publish/plannerweb"
)

// openPlanner wires what stands around publishing and is built after it.
func (h *House) openPlanner() error {
	rules, err := planner.DefaultRules()
	if err != nil {
		return err
	}
	f := &h.features
	f.regulation = regulation.New(regulation.Deps{DB: h.db, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Fleet: f.fleet})
	f.planner = planner.New(planner.Deps{DB: h.db, Clock: h.clock, Posts: f.publish, Rules: rules, Forbidden: h.forbidden})
	h.openLocals()
	f.publish.Attach(publish.Hooks{Slots: f.planner, Locals: f.localise, Regulation: postRules{f.regulation}})
	return nil
}

func (h *House) plannerPages() pages { return &plannerweb.Pages{Service: h.features.planner} }

// forbidden gives the hours in which a unit posts nothing by the regulation it stands under.
func (h *House) forbidden(ctx context.Context, unitID string) ([]planner.Band, error) {
	r, err := h.features.regulation.Of(ctx, unitID)
	if err != nil {
		return nil, err
	}
	var out []planner.Band
	for _, b := range r.Bands {
		out = append(out, planner.Band{From: b.From, To: b.To, Why: b.String()})
	}
	return out, nil
}

// postRules asks the regulation in the words of publishing.
type postRules struct{ s *regulation.Service }

// CheckPost implements publish.Regulation.
func (p postRules) CheckPost(ctx context.Context, f publish.Facts) (fault.Fields, error) {
	return p.s.CheckPost(ctx, regulation.Facts{UnitID: f.UnitID, Category: f.Category, At: f.At, Approver: f.Approver})
}

func (h *House) regulationPages() pages {
	return &regulationweb.Pages{Service: h.features.regulation, Categories: func(ctx context.Context) ([]ui.Option, error) {
		list, err := h.features.publish.Categories(ctx)
		if err != nil {
			return nil, err
		}
		var out []ui.Option
		for _, c := range list {
			if c.Name == "" {
				c.Name = i18n.T(ctx, "publish.category."+c.Code)
			}
			out = append(out, ui.Option{Value: c.Code, Text: c.Name})
		}
		return out, nil
	}}
}

// openLocals wires the local parts of posts and the stories that go up.
func (h *House) openLocals() {
	f := &h.features
	words := h.words.In("vi")
	f.localise = localise.New(localise.Deps{DB: h.db, Queue: h.queue, Clock: h.clock, Authz: h.authz, Trail: h.audit, Forest: h.units.Forest, Posts: f.publish, Pictures: h.pictures,
		Credit: func(unit, collaborator string) string {
			if collaborator == "" {
				return words.T("localise.credit", "Unit", unit)
			}
			return words.T("localise.credit_name", "Unit", unit, "Name", collaborator)
		}})
}

// localsWaiting lists the local parts to write or approve, and the stories offered from below.
func (h *House) localsWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	list, err := h.features.localise.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]dashboard.Item, len(list))
	for i, w := range list {
		out[i] = dashboard.Item{Feature: "localise", Kind: w.Kind, Title: w.Title, From: h.unitName(w.From), Href: localiseweb.Href(w), Due: w.Due}
	}
	return out, nil
}
