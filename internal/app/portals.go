package app

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// portalsArgs is the job that looks for committees without a section of the portal.
type portalsArgs struct{}

// Kind implements jobs.Args.
func (portalsArgs) Kind() string { return "app.portals" }

// openPortals gives every committee of the province that stands today its section of the portal, so that a post can reach
// it: at the start, when units were reorganised, and every hour, since a reorganisation takes effect on its day.
func (h *House) openPortals(ctx context.Context) error {
	jobs.Handle(h.queue, func(ctx context.Context, _ *jobs.Job[portalsArgs]) error { return h.ensurePortals(ctx) })
	h.queue.Every(time.Hour, func() jobs.Args { return portalsArgs{} })
	jobs.On(h.queue, "portals", func(ctx context.Context, _ orgunit.Reorganised) error { return h.ensurePortals(ctx) })
	return h.ensurePortals(ctx)
}

func (h *House) ensurePortals(ctx context.Context) error {
	f, today := h.units.Forest(), h.units.Today()
	top, err := f.ByCode(orgunit.LevelProvince, h.cfg.Province, today)
	if err != nil {
		return nil // a province that is not known yet has no sites; provinceID has said so in the log
	}
	units := []orgunit.Unit{top}
	for _, level := range []orgunit.Level{orgunit.LevelDistrict, orgunit.LevelCommune} {
		units = append(units, f.AtLevel(level, orgunit.KindFront, top.ID, today)...)
	}
	sites := make([]channel.PortalSite, len(units))
	for i, u := range units {
		sites[i] = channel.PortalSite{UnitID: u.ID, Name: u.FullName, Link: h.UnitURL(u)}
	}
	return h.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := h.channels.EnsurePortals(ctx, tx, sites)
		return err
	})
}
