package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nhipcau/nhipcau/internal/app"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

// history is the rehearsal's clock. It runs on from the scenario's day, also over restarts; while the seed plays the past it
// is moved back by some days, and whoever rehearses may set it ahead.
type history struct {
	file  string
	shift atomic.Int64 // difference to the machine's clock, in nanoseconds
	back  atomic.Int64 // how far back the seed is playing, in nanoseconds
}

// newHistory reads the difference to the machine's clock from file, or sets it so that the scenario begins now.
func newHistory(file string, begin time.Time) (*history, error) {
	h := &history{file: file}
	b, err := os.ReadFile(file)
	if err == nil {
		d, err := time.ParseDuration(strings.TrimSpace(string(b)))
		h.shift.Store(int64(d))
		return h, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if begin.IsZero() {
		return h, nil
	}
	return h, h.ahead(time.Until(begin).Truncate(time.Second))
}

// ahead sets the clock ahead for good, also over restarts.
func (h *history) ahead(by time.Duration) error {
	shift := time.Duration(h.shift.Load()) + by
	if err := os.MkdirAll(filepath.Dir(h.file), 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(h.file, []byte(shift.String()+"\n"), 0o640); err != nil {
		return err
	}
	h.shift.Store(int64(shift))
	return nil
}

// Now implements clock.Clock.
func (h *history) Now() time.Time {
	return clock.System{}.Now().Add(time.Duration(h.shift.Load() - h.back.Load()))
}

// play moves the clock back while fn runs.
func (h *history) play(back time.Duration, fn func() error) error {
	h.back.Store(int64(back))
	defer h.back.Store(0)
	return fn()
}

// setting is what the hand on the clock is told.
type setting struct {
	By string `json:"by"` // how far ahead, for example "2h"
}

// hand lets whoever rehearses set the clock ahead, for the house and the outside world together; everything else goes to next.
//
//	GET  /control/clock              {"now":"2026-11-22T01:00:00Z"}
//	POST /control/clock {"by":"2h"}  the same two hours later: what waited for an hour in between is done now
func (h *history) hand(house *app.House, next http.Handler) http.Handler {
	mux := http.NewServeMux()
	tell := func(w http.ResponseWriter) { simkit.WriteJSON(w, http.StatusOK, map[string]time.Time{"now": h.Now()}) }
	mux.HandleFunc("GET /control/clock", func(w http.ResponseWriter, _ *http.Request) { tell(w) })
	mux.HandleFunc("POST /control/clock", func(w http.ResponseWriter, r *http.Request) {
		var s setting
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&s)
		var by time.Duration
		if err == nil {
			by, err = time.ParseDuration(s.By)
		}
		if err == nil && by <= 0 {
			err = errors.New("the clock goes only ahead")
		}
		if err != nil {
			simkit.WriteJSON(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
			return
		}
		// The clock first: a job that is started too early looks at it and waits on, one that is started too late does not.
		if err = h.ahead(by); err == nil {
			err = house.BringForward(r.Context(), by)
		}
		if err != nil {
			simkit.WriteJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
			return
		}
		tell(w)
	})
	mux.Handle("/", next)
	return mux
}
