package app

import (
	"github.com/nhipcau/nhipcau/internal/publish"
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
	f.publish.Attach(publish.Hooks{Slots: f.planner})
	return nil
}

func (h *House) plannerPages() pages { return &plannerweb.Pages{Service: h.features.planner} }
