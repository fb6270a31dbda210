package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/soak/rig"
)

// searchLimit is what a search over the whole country may take.
const searchLimit = 5 * time.Millisecond

// search measures the search of a unit by name over the whole country, with and without diacritics, against a plain scan of
// the folded names, which is what a program without an index would do.
func (b *bench) search(ctx context.Context) (err error) {
	r, err := b.house(ctx, "search", rig.Setup{Units: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	cfg := r.Config("127.0.0.1:1")
	if err := cfg.Check(); err != nil {
		return err
	}
	var log quiet
	house, err := app.Open(ctx, cfg, &log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	rooms := house.Rooms()
	f, today := rooms.Units.Forest(), rooms.Units.Today()
	var names []string
	for _, unitID := range f.AllIDs() {
		u, err := f.Unit(unitID, today)
		if err != nil {
			return err
		}
		names = append(names, vntext.Fold(u.FullName))
	}
	queries := []string{"Nghi Kim", "nghi kim", "xa hoa binh", "Hòa Bình", "hoà bình", "thanh", "a", "Vinh", "phường Trường Vinh", "khong co ten nay", "quan 1", "ba"}
	var ours, scan [][]time.Duration
	for end := time.Now().Add(b.window); time.Now().Before(end); {
		var o, s []time.Duration
		for _, q := range queries {
			began := time.Now()
			f.Search(q, today, 20)
			o = append(o, time.Since(began))
			began = time.Now()
			folded, hits := vntext.Fold(q), 0
			for _, n := range names {
				if strings.Contains(n, folded) {
					hits++
				}
			}
			s = append(s, time.Since(began))
		}
		ours, scan = append(ours, o), append(scan, s)
	}
	worst, of := time.Duration(0), ""
	for i, q := range queries {
		var one []time.Duration
		for _, round := range ours {
			one = append(one, round[i])
		}
		if m := middle(one); m > worst {
			worst, of = m, q
		}
	}
	b.line("the slowest query, %q, takes %s (median); limit %s: ratio %.2f", of, short(worst), short(searchLimit), worst.Seconds()/searchLimit.Seconds())
	median, p99, n := spread(ours)
	theirs, _, _ := spread(scan)
	b.line("%d searches over %d units: median %s, p99 %s; a plain scan takes %s: ratio %.2f of the medians", n, len(names), short(median), short(p99),
		short(theirs), median.Seconds()/theirs.Seconds())
	return nil
}
