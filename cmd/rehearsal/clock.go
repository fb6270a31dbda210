package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// history is the rehearsal's clock. It runs on from the scenario's day, also over restarts; while the seed plays the past it
// is moved back by some days.
type history struct {
	shift time.Duration
	back  atomic.Int64 // how far back the seed is playing, in nanoseconds
}

// newHistory reads the difference to the machine's clock from file, or sets it so that the scenario begins now.
func newHistory(file string, begin time.Time) (*history, error) {
	if begin.IsZero() {
		return &history{}, nil
	}
	b, err := os.ReadFile(file)
	if err == nil {
		d, err := time.ParseDuration(strings.TrimSpace(string(b)))
		return &history{shift: d}, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	h := &history{shift: time.Until(begin).Truncate(time.Second)}
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return nil, err
	}
	return h, os.WriteFile(file, []byte(h.shift.String()+"\n"), 0o640)
}

// Now implements clock.Clock.
func (h *history) Now() time.Time {
	return clock.System{}.Now().Add(h.shift).Add(-time.Duration(h.back.Load()))
}

// play moves the clock back while fn runs.
func (h *history) play(back time.Duration, fn func() error) error {
	h.back.Store(int64(back))
	defer h.back.Store(0)
	return fn()
}
