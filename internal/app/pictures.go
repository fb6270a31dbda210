package app

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
)

type pictureSweepArgs struct{}

// Kind implements jobs.Args.
func (pictureSweepArgs) Kind() string { return "app.picture_sweep" }

// pictureSweepEvery is how often forgotten pictures are looked for: it reads the list of all files.
const pictureSweepEvery = 12 * time.Hour

// sweepPictures removes, from time to time, the pictures that none of the owners refers to any more. The age of a picture is
// by the machine's clock, which made its name, and not by the house's, which a rehearsal may have moved.
func (h *House) sweepPictures(owners ...picture.Owner) {
	jobs.Handle(h.queue, func(ctx context.Context, _ *jobs.Job[pictureSweepArgs]) error {
		for _, s := range []*picture.Store{h.pictures, h.innerPictures} {
			n, err := s.Sweep(ctx, clock.System{}.Now().Add(-picture.SweepAfter), owners...)
			if n > 0 {
				h.log.InfoContext(ctx, "pictures nobody uses were removed", "count", n)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	h.queue.Every(pictureSweepEvery, func() jobs.Args { return pictureSweepArgs{} })
}
