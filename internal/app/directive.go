package app

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/dashboard"
	"github.com/nhipcau/nhipcau/internal/directive/directiveweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// directivesWaiting lists what the units in which an official answers were asked and have not done.
func (h *House) directivesWaiting(ctx context.Context, a identity.Actor) ([]dashboard.Item, error) {
	list, err := h.features.directive.Waiting(ctx, a)
	if err != nil {
		return nil, err
	}
	out := make([]dashboard.Item, len(list))
	for i, x := range list {
		out[i] = dashboard.Item{Feature: "directive", Kind: "task", Title: x.Directive.Title, From: h.unitName(x.Directive.UnitID),
			Href: directiveweb.Base + "/viec/" + x.Task.ID, Due: workday.EndOfDay(x.Directive.Deadline)}
	}
	return out, nil
}
