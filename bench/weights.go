package main

import (
	"context"
	"errors"
	"strings"

	"github.com/nhipcau/nhipcau/soak/rig"
)

// weightLimit is what a citizen's page may weigh on the wire, without pictures, in bytes.
const weightLimit = 30 << 10

// weights prints what the pages of a citizen weigh on the wire.
func (b *bench) weights(ctx context.Context) (err error) {
	r, p, err := b.serve(ctx, "weights", rig.Setup{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Stop(), r.Close()) }()
	if _, _, err := waitPage(ctx, p.URL+r.Article); err != nil {
		return err
	}
	home, _, _ := strings.Cut(r.Article, "/tin/")
	for _, path := range []string{"/", "/dv", home, home + "/tin", r.Article, home + "/hoi-dap", home + "/gioi-thieu", "/hoi", "/tra-cuu", "/hoi-dap", "/tim?q=ngay+hoi"} {
		_, body, err := fetch(ctx, p.URL+path)
		if err != nil {
			return err
		}
		note := ""
		if len(body) > weightLimit {
			note = "  TOO HEAVY"
		}
		b.line("%6d bytes, ratio %.2f to the limit of %d: %s%s", len(body), float64(len(body))/weightLimit, weightLimit, path, note)
	}
	return nil
}
