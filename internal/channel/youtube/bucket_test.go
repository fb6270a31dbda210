package youtube

import (
	"strings"
	"testing"
	"time"
)

// TestShares: who goes today, who waits for what is kept, who waits for which day.
func TestShares(t *testing.T) {
	noon := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	opens := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	asks := func(ids string) (out []asker) {
		for i, id := range strings.Fields(ids) { // "a1" is the first film of unit a
			out = append(out, asker{id, id[:1], noon.Add(time.Duration(i) * time.Minute)})
		}
		return out
	}
	for name, c := range map[string]struct {
		b    bucket
		asks string
		want string
	}{
		"room for all":                           {bucket{Left: 10, Limit: 10, Now: noon}, "a1 b1 a2", "a1:0 b1:0 a2:0"},
		"first films before second ones":         {bucket{Left: 2, Limit: 2, Now: noon}, "a1 a2 b1", "a1:0 b1:0 a2:1"},
		"what went today counts":                 {bucket{Left: 1, Limit: 8, Used: map[string]int{"a": 3}, Now: noon}, "a4 b1", "b1:0 a4:1"},
		"a quarter is kept for the others":       {bucket{Left: 2, Limit: 8, Used: map[string]int{"a": 6}, Now: noon}, "a7 a8", "a7:kept a8:kept"},
		"and free three hours before the end":    {bucket{Left: 2, Limit: 8, Used: map[string]int{"a": 6}, Now: opens.Add(-2 * time.Hour)}, "a7 a8", "a7:0 a8:0"},
		"nothing is left, then the day after":    {bucket{Left: 0, Limit: 2, Now: noon}, "a1 b1 c1 d1 e1", "a1:1 b1:1 c1:2 d1:2 e1:3"},
		"Google says spent, whatever we counted": {bucket{Left: 5, Limit: 8, Closed: true, Now: noon}, "a1", "a1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			c.b.Opens = opens
			var got []string
			for _, p := range c.b.plan(asks(c.asks)) {
				switch {
				case p.Today:
					got = append(got, p.ID+":0")
				case p.Days == 0:
					got = append(got, p.ID+":kept")
					if !p.At.Equal(opens.Add(-reserveUntil)) {
						t.Errorf("%s waits until %s", p.ID, p.At)
					}
				default:
					got = append(got, p.ID+":"+string(rune('0'+p.Days)))
					if !p.At.Equal(opens.AddDate(0, 0, p.Days-1)) {
						t.Errorf("%s waits until %s", p.ID, p.At)
					}
				}
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("%s, want %s", s, c.want)
			}
		})
	}
}
