package jobs

import (
	"sync"
	"time"
)

// Single is a job that does, one run at a time in a process, what many requests have left behind, so that a storm of them costs
// few jobs. It remembers whether the job is called for, or under way; the zero value is ready.
type Single struct {
	mu      sync.Mutex
	called  time.Time // when its job was asked for and has not begun; zero: nobody waits for it
	owed    bool      // the job will be asked for once more when callAgain is over
	running bool
	more    bool // something came in while it was at work
}

// callAgain is after what time the job is asked for again: another process may have answered the last call.
const callAgain = 100 * time.Millisecond

// Call tells whether the job is to be asked for, together with what is being written down.
func (s *Single) Call(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running || !s.called.IsZero() && now.Sub(s.called) < callAgain {
		return false
	}
	s.called = now
	return true
}

// Uncall takes a call back that was not written down.
func (s *Single) Uncall() {
	s.mu.Lock()
	s.called = time.Time{}
	s.mu.Unlock()
}

// Added tells of something that was written down without a call, because one was waiting or a run was under way. When that
// run has ended meanwhile, or the call may have been answered elsewhere, ask is called.
func (s *Single) Added(ask func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.running:
		s.more = true
	case s.called.IsZero():
		go ask()
	case !s.owed:
		s.owed = true
		time.AfterFunc(callAgain, func() {
			s.mu.Lock()
			owed := s.owed
			s.owed = false
			s.mu.Unlock()
			if owed {
				ask()
			}
		})
	}
}

// Run is the work of the job: it calls some until that finds nothing more, for a turn at most; then the job comes again, so
// that other work of the queue gets its turn. While one run is under way another ends at once, and the first looks once more.
func (s *Single) Run(q *Queue, turn time.Duration, some func() (found int, err error)) error {
	if !s.begin() {
		return nil
	}
	done := false
	defer func() { // also when some panics
		if !done {
			s.end()
		}
	}()
	for began := time.Now(); time.Since(began) < turn && !q.Stopping(); {
		n, err := some()
		if err != nil {
			return err
		}
		if n == 0 && s.done() {
			done = true
			return nil
		}
	}
	return Snooze(time.Millisecond)
}

func (s *Single) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.called, s.owed = time.Time{}, false
	if s.running {
		s.more = true
		return false
	}
	s.running, s.more = true, false
	return true
}

// done ends a run that found nothing; false when something came in since it looked.
func (s *Single) done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.more {
		s.more = false
		return false
	}
	s.running = false
	return true
}

// end ends a run that did not come to its end.
func (s *Single) end() {
	s.mu.Lock()
	s.running = false
	s.mu.Unlock()
}
