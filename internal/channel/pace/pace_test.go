package pace

import (
	"testing"
	"time"
)

// The calls of the last minute never add up to more than the limit, two percent of which is for urgent calls: a lease counts
// until a minute after its last call, and one of which nobody told until a minute after it would have lapsed.
func TestShareOfTheMinute(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	spent := func(n int, d time.Duration) leaseRow {
		return leaseRow{N: n, At: ago(d + time.Second), SpentAt: ago(d)}
	}
	b := &Budget{perMinute: 1000}
	for name, c := range map[string]struct {
		leases []leaseRow
		urgent bool
		n      int
		wait   time.Duration
	}{
		"nothing is out":                      {nil, false, 50, 0},
		"urgent calls take small leases":      {nil, true, 10, 0},
		"the rest of the minute":              {[]leaseRow{spent(960, 5*time.Second)}, false, 20, 0},
		"what is kept for urgent calls stays": {[]leaseRow{spent(980, 5*time.Second)}, false, 0, 55*time.Second + travel},
		"urgent calls take of it":             {[]leaseRow{spent(980, 5*time.Second)}, true, 10, 0},
		"until the whole limit is used":       {[]leaseRow{spent(1000, 5*time.Second)}, true, 0, 55*time.Second + travel},
		"a minute after the last call":        {[]leaseRow{spent(980, window+travel)}, false, 50, 0},
		"not a moment earlier":                {[]leaseRow{spent(980, window+travel-time.Millisecond)}, false, 0, 10 * time.Millisecond},
		"a lease of which nobody told":        {[]leaseRow{{N: 980, At: ago(window + travel)}}, false, 0, leaseLife},
		"the first to be over counts":         {[]leaseRow{spent(500, time.Second), spent(480, 20*time.Second)}, false, 0, 40*time.Second + travel},
	} {
		if n, wait := b.share(c.leases, now, c.urgent); n != c.n || wait != c.wait {
			t.Errorf("%s: %d calls, wait %s; want %d, %s", name, n, wait, c.n, c.wait)
		}
	}
}
