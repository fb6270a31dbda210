package main

import (
	"context"
	"errors"
	"os/exec"
	"time"

	"github.com/nhipcau/nhipcau/soak/rig"
)

// start measures the time from the start of the process until it answers "ready" on a seeded data folder, and the memory it
// holds when nothing happens. The floor of a start is the same program printing its version.
func (b *bench) start(ctx context.Context) (err error) {
	r, err := b.house(ctx, "start", rig.Setup{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	at, err := rig.FreeAddress()
	if err != nil {
		return err
	}
	var starts, floor []time.Duration
	var p *rig.Process
	for i := range 5 {
		began := time.Now()
		if err := exec.CommandContext(ctx, b.binary, "version").Run(); err != nil {
			return err
		}
		floor = append(floor, time.Since(began))
		if p, err = r.Start(ctx, at); err != nil {
			return err
		}
		starts = append(starts, p.Took)
		if i < 4 {
			if err := p.Stop(); err != nil {
				return err
			}
		}
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	b.line("cold start to /readyz 200, median of 5: %s, with %d units that publish; the program alone starts in %s: ratio %.1f", short(middle(starts)), len(r.Units),
		short(middle(floor)), middle(starts).Seconds()/middle(floor).Seconds())
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(10 * time.Second):
	}
	idle, err := p.Resident()
	if err != nil {
		return err
	}
	b.line("idle memory after 10 s: %.0f MB resident; limit 512 MB: ratio %.2f", float64(idle)/1e6, float64(idle)/512e6)
	return nil
}
