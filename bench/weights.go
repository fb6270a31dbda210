package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"regexp"
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
	for _, path := range []string{"/", "/dv", home + "/tin", r.Article, home + "/hoi-dap", home + "/gioi-thieu", "/hoi", "/tra-cuu", "/hoi-dap", "/tim?q=ngay+hoi"} {
		page, all, err := weigh(ctx, p.URL, path)
		if err != nil {
			return err
		}
		note := ""
		if all > weightLimit {
			note = "  TOO HEAVY"
		}
		b.line("%6d bytes, with styles and scripts %6d, ratio %.2f to the limit of %d: %s%s", page, all, float64(all)/weightLimit, weightLimit, path, note)
	}
	return nil
}

// linked finds the styles and scripts of a page.
var linked = regexp.MustCompile(`(?:href|src)="(/static/[^"]+\.(?:css|js))"`)

// weigh gives the bytes of a page on the wire, alone and with its styles and scripts, which come once and are kept.
func weigh(ctx context.Context, base, path string) (page, all int, err error) {
	_, body, err := fetch(ctx, base+path)
	if err != nil {
		return 0, 0, err
	}
	page, all = len(body), len(body)
	plain, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	html, err := io.ReadAll(plain)
	if err != nil {
		return 0, 0, err
	}
	for _, m := range linked.FindAllSubmatch(html, -1) {
		_, asset, err := fetch(ctx, base+string(m[1]))
		if err != nil {
			return 0, 0, err
		}
		all += len(asset)
	}
	return page, all, nil
}
