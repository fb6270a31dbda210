package simkit

import (
	"maps"
	"sync"
	"time"
)

// Meter counts requests in a sliding window of 60 seconds, tells whether a budget is spent, and keeps totals by name.
// It runs on the machine's clock, never on a rehearsal's: a budget per minute is about real load.
type Meter struct {
	mu      sync.Mutex
	seconds [60]int
	stamps  [60]int64
	max     int
	total   int64
	refused int64
	counts  map[string]int64
}

// NewMeter gives an empty meter.
func NewMeter() *Meter { return &Meter{counts: map[string]int64{}} }

// Take counts one request against a budget per minute (0 or less: no budget). It returns how many are left in the
// window and whether this one is inside the budget; a refused request does not use budget.
func (m *Meter) Take(limit int) (remain int, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now().Unix()
	used := m.window(now)
	if limit > 0 && used >= limit {
		m.refused++
		return 0, false
	}
	slot := now % 60
	if m.stamps[slot] != now {
		m.stamps[slot], m.seconds[slot] = now, 0
	}
	m.seconds[slot]++
	m.total++
	m.max = max(m.max, used+1)
	return max(0, limit-used-1), true
}

func (m *Meter) window(now int64) int {
	sum := 0
	for i := range m.seconds {
		if now-m.stamps[i] < 60 {
			sum += m.seconds[i]
		}
	}
	return sum
}

// Count adds one to a named total, for example "POST /v2.0/article/create" or "error -216".
func (m *Meter) Count(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts[name]++
}

// Reading is what a meter shows.
type Reading struct {
	Total            int64            `json:"total"`              // requests since the start
	Refused          int64            `json:"refused"`            // requests over the budget
	LastMinute       int              `json:"last_minute"`        // requests in the last 60 seconds
	MaxPerMinute     int              `json:"max_per_minute"`     // the busiest 60 seconds seen
	Counts           map[string]int64 `json:"counts"`             // named totals
	PerMinuteAllowed int              `json:"per_minute_allowed"` // the budget; 0 means none
}

// Read shows the meter; limit is the budget to mention.
func (m *Meter) Read(limit int) Reading {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Reading{Total: m.total, Refused: m.refused, LastMinute: m.window(time.Now().Unix()), MaxPerMinute: m.max,
		Counts: maps.Clone(m.counts), PerMinuteAllowed: limit}
}

// Reset empties the window, the maximum and the totals: a benchmark starts from zero.
func (m *Meter) Reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seconds, m.stamps, m.max, m.total, m.refused, m.counts = [60]int{}, [60]int64{}, 0, 0, 0, map[string]int64{}
}
