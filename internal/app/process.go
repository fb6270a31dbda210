package app

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/feedback/deadlineweb"
	"github.com/nhipcau/nhipcau/internal/feedback/open311"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

// deadlinePages draws the clocks of cases.
func (h *House) deadlinePages() *deadlineweb.Pages {
	return &deadlineweb.Pages{S: h.features.deadline, Categories: func(ctx context.Context) []deadlineweb.Category {
		var out []deadlineweb.Category
		for _, s := range open311.Services() {
			if s.Category != "" {
				out = append(out, deadlineweb.Category{Code: s.Category, Name: i18n.T(ctx, "open311.service."+s.Code)})
			}
		}
		return out
	}}
}
