package app

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/identity"
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
	f.planner = planner.New(planner.Deps{DB: h.db, Clock: h.clock, Posts: f.publish, Rules: rules})
	h.openLocals()
	f.publish.Attach(publish.Hooks{Slots: f.planner, Locals: f.localise})
	return nil
}

func (h *House) plannerPages() pages { return &plannerweb.Pages{Service: h.features.planner} }

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
