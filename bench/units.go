package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

func sortDurations(list []time.Duration) { slices.Sort(list) }

// short writes a duration with three digits.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

func middle(list []time.Duration) time.Duration {
	list = slices.Clone(list)
	slices.Sort(list)
	return list[len(list)/2]
}

// typical is the middle of several windows by rate.
func typical(list []figures) figures {
	slices.SortFunc(list, func(a, b figures) int { return cmp.Compare(a.rate(), b.rate()) })
	return list[len(list)/2]
}
