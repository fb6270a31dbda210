package pace

import (
	"sync"
	"time"
)

// Reader is how far this process is with reading webhooks: one run at a time reads what all requests have brought, so that a
// storm of them costs few jobs.
type Reader struct {
	mu      sync.Mutex
	called  time.Time // when its job was asked for and has not begun; zero: nobody waits for it
	owed    bool      // the job will be asked for once more when callAgain is over
	running bool
	more    bool // something came in while it was reading
}

// callAgain is after what time the job is asked for again: another process may have answered the last call.
const callAgain = 100 * time.Millisecond

// Call tells whether the job is to be asked for, together with what is being written down.
func (r *Reader) Call(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running || !r.called.IsZero() && now.Sub(r.called) < callAgain {
		return false
	}
	r.called = now
	return true
}

// Uncall takes a call back that was not written down.
func (r *Reader) Uncall() {
	r.mu.Lock()
	r.called = time.Time{}
	r.mu.Unlock()
}

// Added tells of something that was written down without a call, because one was waiting or a run was under way. When that
// run has ended meanwhile, or the call may have been answered elsewhere, ask is called.
func (r *Reader) Added(ask func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.running:
		r.more = true
	case r.called.IsZero():
		go ask()
	case !r.owed:
		r.owed = true
		time.AfterFunc(callAgain, func() {
			r.mu.Lock()
			owed := r.owed
			r.owed = false
			r.mu.Unlock()
			if owed {
				ask()
			}
		})
	}
}

// Begin starts a run; false when one is under way, which then looks once more before it ends.
func (r *Reader) Begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.called, r.owed = time.Time{}, false
	if r.running {
		r.more = true
		return false
	}
	r.running, r.more = true, false
	return true
}

// Done ends a run that found nothing; false when something came in since it looked.
func (r *Reader) Done() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.more {
		r.more = false
		return false
	}
	r.running = false
	return true
}

// End ends a run that did not come to its end.
func (r *Reader) End() {
	r.mu.Lock()
	r.running = false
	r.mu.Unlock()
}
