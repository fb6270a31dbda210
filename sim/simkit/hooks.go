package simkit

import (
	"bytes"
	"container/heap"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Hook is one webhook event on its way to the client's server.
type Hook struct {
	ID      string    `json:"id"`
	Account string    `json:"account"` // OA or page the event is about
	Event   string    `json:"event"`   // event name or field, for the log and for faults
	Body    string    `json:"body"`    // exact bytes to post
	Stamp   string    `json:"stamp"`   // time in milliseconds that goes into the signature, where the platform needs it
	Attempt int       `json:"attempt"` // deliveries tried so far
	Due     time.Time `json:"due"`     // machine time of the next try
	Spoil   bool      `json:"spoil"`   // sign it wrongly
}

// HookConfig says how a platform delivers.
type HookConfig struct {
	System       string          // name for faults
	URL          string          // where to post; empty: events are counted as lost
	Timeout      time.Duration   // how long the platform waits for the 200
	Retries      []time.Duration // waits after each failed try; after the last the event is given up
	Scale        float64         // multiplies Retries; 0 means 1; 0.001 makes 30 s into 30 ms
	DisableAtEnd bool            // whether giving up on an event switches the webhook off
	Any2xx       bool            // every answer of success counts, not only 200
	RetryHeader  string          // header that carries the number of the retry; empty: none
	Sign         func(h Hook) http.Header
	Faults       *Faults
	Journal      *Journal // keeps undelivered events over a restart
	Workers      int      // parallel deliveries; 0 means 16
}

// HookStatus is what the control API shows of a webhook.
type HookStatus struct {
	URL        string       `json:"url"`
	Enabled    bool         `json:"enabled"`
	Pending    int          `json:"pending"`    // events waiting for their first or next try, or being tried
	Delivered  int64        `json:"delivered"`  // answered with 200
	Failed     int64        `json:"failed"`     // tries that were not
	Lost       int64        `json:"lost"`       // given up, lost by a fault, or raised while the webhook was off
	Duplicated int64        `json:"duplicated"` // sent twice by a fault
	Log        []HookResult `json:"log,omitempty"`
}

// HookResult is one delivery try.
type HookResult struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Event   string    `json:"event"`
	Attempt int       `json:"attempt"`
	Status  int       `json:"status"` // HTTP status, 0 when there was none
	Error   string    `json:"error,omitempty"`
	At      time.Time `json:"at"`
	Millis  int64     `json:"millis"`
}

const hookLogLength = 500

// Hooks is the postman. Make one with NewHooks and stop it with Close.
type Hooks struct {
	cfg    HookConfig
	client *http.Client
	ctx    context.Context
	stop   context.CancelFunc
	done   sync.WaitGroup
	wake   chan struct{}
	slots  chan struct{}

	mu     sync.Mutex
	queue  hookHeap
	busy   int
	status HookStatus
	seq    int64
}

// NewHooks starts a postman. Undelivered events of an earlier run are handed over with Resume.
func NewHooks(cfg HookConfig) *Hooks {
	if cfg.Workers == 0 {
		cfg.Workers = 16
	}
	if cfg.Scale == 0 {
		cfg.Scale = 1
	}
	if cfg.Faults == nil {
		cfg.Faults = &Faults{}
	}
	ctx, stop := context.WithCancel(context.Background())
	h := &Hooks{cfg: cfg, ctx: ctx, stop: stop, wake: make(chan struct{}, 1), slots: make(chan struct{}, cfg.Workers),
		client: &http.Client{Timeout: cfg.Timeout, Transport: &http.Transport{MaxIdleConnsPerHost: cfg.Workers},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	h.status.URL, h.status.Enabled = cfg.URL, true
	h.done.Add(1)
	go h.run()
	return h
}

// Close stops deliveries; what was not delivered stays in the journal.
func (h *Hooks) Close() {
	h.stop()
	h.done.Wait()
	h.client.CloseIdleConnections()
}

// SetURL changes where events go.
func (h *Hooks) SetURL(url string) {
	h.mu.Lock()
	h.status.URL = url
	h.mu.Unlock()
}

// Enable switches the webhook on or off. Events raised while it is off are lost, as on the real platforms.
func (h *Hooks) Enable(on bool) {
	h.mu.Lock()
	h.status.Enabled = on
	h.mu.Unlock()
	h.nudge()
}

// Status shows the counters, with the last delivery tries when withLog is set.
func (h *Hooks) Status(withLog bool) HookStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.status
	s.Pending = len(h.queue) + h.busy
	s.Log = nil
	if withLog {
		s.Log = append(s.Log, h.status.Log...)
	}
	return s
}

// Resume takes back an undelivered event read from the journal.
func (h *Hooks) Resume(hook Hook) {
	h.mu.Lock()
	heap.Push(&h.queue, hook)
	h.mu.Unlock()
	h.nudge()
}

// Send takes an event for delivery and returns at once.
func (h *Hooks) Send(hook Hook) {
	f := h.cfg.Faults
	hook.Due = time.Now()
	_, lose := f.Hit(FaultLose, h.cfg.System, hook.Account, hook.Event)
	if late, ok := f.Hit(FaultLate, h.cfg.System, hook.Account, hook.Event); ok {
		hook.Due = hook.Due.Add(late.Delay(5 * time.Second))
	}
	if mix, ok := f.Hit(FaultReorder, h.cfg.System, hook.Account, hook.Event); ok {
		hook.Due = hook.Due.Add(rand.N(mix.Delay(2 * time.Second)))
	}
	_, hook.Spoil = f.Hit(FaultBadSign, h.cfg.System, hook.Account, hook.Event)
	_, twice := f.Hit(FaultDuplicate, h.cfg.System, hook.Account, hook.Event)

	h.mu.Lock()
	if lose || !h.status.Enabled || h.status.URL == "" {
		h.status.Lost++
		h.mu.Unlock()
		return
	}
	copies := 1
	if twice {
		copies = 2
		h.status.Duplicated++
	}
	for range copies {
		h.seq++
		hook.ID = strconv.FormatInt(time.Now().UnixNano(), 36) + "-" + strconv.FormatInt(h.seq, 36)
		heap.Push(&h.queue, hook)
		h.cfg.Journal.Put("hook", hook.ID, hook)
	}
	h.mu.Unlock()
	h.nudge()
}

func (h *Hooks) nudge() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// run hands due events to at most Workers parallel deliveries.
func (h *Hooks) run() {
	defer h.done.Done()
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	for {
		hook, next := h.take()
		if hook == nil {
			timer := time.NewTimer(next)
			select {
			case <-h.ctx.Done():
				timer.Stop()
				return
			case <-h.wake:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		select {
		case h.slots <- struct{}{}:
		case <-h.ctx.Done():
			return
		}
		deliveries.Go(func() {
			h.deliver(*hook)
			<-h.slots
		})
	}
}

// take removes the first due event, or says how long to sleep.
func (h *Hooks) take() (*Hook, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.queue) == 0 || !h.status.Enabled {
		return nil, time.Hour
	}
	if wait := time.Until(h.queue[0].Due); wait > 0 {
		return nil, wait
	}
	hook := heap.Pop(&h.queue).(Hook)
	h.busy++
	return &hook, 0
}

func (h *Hooks) deliver(hook Hook) {
	started := time.Now()
	status, err := h.post(hook)
	if h.ctx.Err() != nil {
		h.mu.Lock()
		h.busy--
		h.mu.Unlock()
		return // closing: the journal still has it
	}
	hook.Attempt++
	result := HookResult{ID: hook.ID, Account: hook.Account, Event: hook.Event, Attempt: hook.Attempt, Status: status,
		At: started.UTC(), Millis: time.Since(started).Milliseconds()}
	if err != nil {
		result.Error = err.Error()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	defer h.nudge()
	h.busy--
	h.status.Log = append(h.status.Log, result)
	if extra := len(h.status.Log) - hookLogLength; extra > 0 {
		h.status.Log = append([]HookResult(nil), h.status.Log[extra:]...)
	}
	if err == nil && (status == http.StatusOK || h.cfg.Any2xx && status/100 == 2) {
		h.status.Delivered++
		h.cfg.Journal.Delete("hook", hook.ID)
		return
	}
	h.status.Failed++
	if hook.Attempt > len(h.cfg.Retries) {
		h.status.Lost++
		h.cfg.Journal.Delete("hook", hook.ID)
		if h.cfg.DisableAtEnd {
			h.status.Enabled = false
		}
		return
	}
	hook.Due = time.Now().Add(time.Duration(float64(h.cfg.Retries[hook.Attempt-1]) * h.cfg.Scale))
	heap.Push(&h.queue, hook)
	h.cfg.Journal.Put("hook", hook.ID, hook)
}

func (h *Hooks) post(hook Hook) (int, error) {
	h.mu.Lock()
	url := h.status.URL
	h.mu.Unlock()
	req, err := http.NewRequestWithContext(h.ctx, http.MethodPost, url, bytes.NewReader([]byte(hook.Body)))
	if err != nil {
		return 0, fmt.Errorf("webhook address: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, values := range h.cfg.Sign(hook) {
		req.Header[name] = values
	}
	if h.cfg.RetryHeader != "" && hook.Attempt > 0 {
		req.Header[h.cfg.RetryHeader] = []string{strconv.Itoa(hook.Attempt)}
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) // lets the connection be used again
	return resp.StatusCode, nil
}

// LoadHook decodes a journal entry of kind "hook".
func LoadHook(raw json.RawMessage) (Hook, error) {
	var hook Hook
	err := json.Unmarshal(raw, &hook)
	return hook, err
}

type hookHeap []Hook

func (q hookHeap) Len() int           { return len(q) }
func (q hookHeap) Less(i, j int) bool { return q[i].Due.Before(q[j].Due) }
func (q hookHeap) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *hookHeap) Push(x any)        { *q = append(*q, x.(Hook)) }
func (q *hookHeap) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
