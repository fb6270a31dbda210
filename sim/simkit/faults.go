package simkit

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The kinds of fault a rehearsal can order. The first group spoils an API call, the second a webhook, the third changes
// the mood of the outside world.
const (
	FaultError       = "error"             // answer with Code (and Subcode, Message) without doing anything
	FaultHTTP        = "http"              // answer with HTTP Status (default 502) and an HTML body
	FaultTimeout     = "timeout"           // do nothing and answer nothing for DelayMS (default 60,000), then hang up
	FaultDrop        = "drop"              // hang up at once without doing anything
	FaultDropAfter   = "drop_after_effect" // do the work, then hang up without an answer
	FaultSlow        = "slow"              // wait DelayMS (default 3,000), then work as usual
	FaultDuplicate   = "duplicate_webhook" // deliver the event twice
	FaultLate        = "late_webhook"      // deliver DelayMS (default 5,000) later
	FaultReorder     = "reorder_webhook"   // deliver after a random wait up to DelayMS (default 2,000)
	FaultLose        = "lose_webhook"      // never deliver
	FaultBadSign     = "bad_signature"     // deliver with a wrong signature
	FaultNoWebhook   = "disable_webhook"   // switch the webhook off, as the platform does after failures (acts at once)
	FaultYesWebhook  = "enable_webhook"    // switch it on again, as a person does in the console (acts at once)
	FaultNight       = "night"             // it is night for broadcasts, whatever the clock says
	FaultDay         = "day"               // it is day for broadcasts, whatever the clock says
	FaultNoRefresh   = "missing_refresh"   // a token refresh answers without a new refresh token
	FaultStopMedia   = "article_stuck"     // articles stay "being processed"
	FaultAccessDead  = "access_dead"       // the present access token of Target stops working (acts at once)
	FaultRefreshDead = "refresh_dead"      // the refresh token of Target stops working (acts at once)
)

var faultKinds = []string{FaultError, FaultHTTP, FaultTimeout, FaultDrop, FaultDropAfter, FaultSlow, FaultDuplicate, FaultLate, FaultReorder,
	FaultLose, FaultBadSign, FaultNoWebhook, FaultYesWebhook, FaultNight, FaultDay, FaultNoRefresh, FaultStopMedia, FaultAccessDead, FaultRefreshDead}

// Fault is one order to misbehave. Empty System, Target and Path mean everywhere.
type Fault struct {
	ID              string  `json:"id"`
	Kind            string  `json:"kind"`
	System          string  `json:"system,omitempty"`           // "zalo" or "facebook"
	Target          string  `json:"target,omitempty"`           // id of an OA or page
	Path            string  `json:"path,omitempty"`             // part of the API path, or of the event name for webhooks
	Count           int     `json:"count,omitempty"`            // how many times; 0: until removed or over
	Probability     float64 `json:"probability,omitempty"`      // 0 < p < 1; 0 means always
	DurationSeconds float64 `json:"duration_seconds,omitempty"` // real seconds; 0: until removed or used up
	Code            int     `json:"code,omitempty"`
	Subcode         int     `json:"subcode,omitempty"`
	Status          int     `json:"status,omitempty"`
	Message         string  `json:"message,omitempty"`
	DelayMS         int     `json:"delay_ms,omitempty"`
	Fired           int     `json:"fired"` // how many times it acted

	until time.Time
}

// Delay is DelayMS as a duration, or otherwise when none was given.
func (f Fault) Delay(otherwise time.Duration) time.Duration {
	if f.DelayMS > 0 {
		return time.Duration(f.DelayMS) * time.Millisecond
	}
	return otherwise
}

// Faults is the table of orders in force; safe for concurrent use. The zero value is an empty table.
type Faults struct {
	mu   sync.Mutex
	list []*Fault
	next int
}

// Add puts a fault in force and returns it with its id; an unknown kind is an error that lists the known ones.
func (t *Faults) Add(f Fault) (Fault, error) {
	if !slices.Contains(faultKinds, f.Kind) {
		return f, fmt.Errorf("unknown fault %q; known: %s", f.Kind, strings.Join(faultKinds, ", "))
	}
	if f.Kind == FaultError && f.Code == 0 {
		return f, fmt.Errorf("an error fault needs a code")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next++
	f.ID, f.Fired = "f"+strconv.Itoa(t.next), 0
	if f.DurationSeconds > 0 {
		f.until = time.Now().Add(time.Duration(f.DurationSeconds * float64(time.Second)))
	}
	t.list = append(t.list, &f)
	return f, nil
}

// List shows the faults in force.
func (t *Faults) List() []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	out := make([]Fault, 0, len(t.list))
	for _, f := range t.list {
		out = append(out, *f)
	}
	return out
}

// Remove takes one fault out of force, or all of them when id is empty, and returns how many it removed.
func (t *Faults) Remove(id string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := len(t.list)
	t.list = slices.DeleteFunc(t.list, func(f *Fault) bool { return id == "" || f.ID == id })
	return before - len(t.list)
}

func (t *Faults) sweep() {
	now := time.Now()
	t.list = slices.DeleteFunc(t.list, func(f *Fault) bool {
		return (f.Count > 0 && f.Fired >= f.Count) || (!f.until.IsZero() && now.After(f.until))
	})
}

// Hit tells whether a fault of this kind strikes here and now, and uses it up by one.
func (t *Faults) Hit(kind, system, target, path string) (Fault, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.list) == 0 {
		return Fault{}, false
	}
	t.sweep()
	for _, f := range t.list {
		if f.Kind != kind || (f.System != "" && f.System != system) || (f.Target != "" && f.Target != target) || !strings.Contains(path, f.Path) {
			continue
		}
		if f.Probability > 0 && rand.Float64() >= f.Probability {
			continue
		}
		f.Fired++
		return *f, true
	}
	return Fault{}, false
}

// Serve runs next for an API call of the given account unless a fault spoils it. fail writes the platform's own error
// body for a FaultError. The body of r is read first, so that a client that gives up is noticed.
func (t *Faults) Serve(w http.ResponseWriter, r *http.Request, system, target string, fail func(http.ResponseWriter, Fault), next http.HandlerFunc) {
	path := r.URL.Path
	t.mu.Lock()
	quiet := len(t.list) == 0
	t.mu.Unlock()
	if quiet {
		next(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if f, ok := t.Hit(FaultSlow, system, target, path); ok {
		wait(r, f.Delay(3*time.Second))
	}
	if f, ok := t.Hit(FaultTimeout, system, target, path); ok {
		wait(r, f.Delay(time.Minute))
		panic(http.ErrAbortHandler)
	}
	if _, ok := t.Hit(FaultDrop, system, target, path); ok {
		panic(http.ErrAbortHandler)
	}
	if f, ok := t.Hit(FaultHTTP, system, target, path); ok {
		status := f.Status
		if status == 0 {
			status = http.StatusBadGateway
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<html><head><title>%d</title></head><body><center><h1>%d %s</h1></center></body></html>", status, status, http.StatusText(status))
		return
	}
	if f, ok := t.Hit(FaultError, system, target, path); ok {
		fail(w, f)
		return
	}
	if _, ok := t.Hit(FaultDropAfter, system, target, path); ok {
		next(&blackHole{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	}
	next(w, r)
}

func wait(r *http.Request, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// blackHole takes an answer that nobody will get.
type blackHole struct{ header http.Header }

func (b *blackHole) Header() http.Header         { return b.header }
func (b *blackHole) Write(p []byte) (int, error) { return len(p), nil }
func (b *blackHole) WriteHeader(int)             {}
