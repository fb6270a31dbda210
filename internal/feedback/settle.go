package feedback

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// Settling is what follows from a new case and need not be done before the citizen has an answer: its leaf goes into the
// public log, the proof comes back, and the other rooms hear of it. That it is still to be done stands in feedback_fresh,
// written with the case; one job does it for all that came in meanwhile, so that a crowd costs one job and not thousands.

type settleArgs struct{}

// Kind implements jobs.Args. The name is older than the batches: what an earlier version left in the queue is done as well.
func (settleArgs) Kind() string { return "feedback.log" }

// settleEvery is how long a case waits at most when the process that took it in died before it could call for the job, and
// settleAgain after what time a process calls again, because another one may have answered the last call.
const (
	settleEvery = time.Minute
	settleAgain = 5 * time.Second
)

// settleBatch is how many cases are settled in one go.
const settleBatch = 1000

// settler remembers whether this process has called for the job already.
type settler struct {
	mu     sync.Mutex
	called time.Time // zero: nobody waits

	one sync.Mutex // one run at a time in a process
}

// callToSettle asks for the job, once for all cases that come in before it begins. It runs after the commit of a case. If it
// fails nothing is lost: the round of settleEvery finds the case.
func (s *Service) callToSettle() {
	now := s.Clock.Now()
	s.settler.mu.Lock()
	waits := !s.settler.called.IsZero() && now.Sub(s.settler.called) < settleAgain
	if !waits {
		s.settler.called = now
	}
	s.settler.mu.Unlock()
	if waits {
		return
	}
	// The proof waits a second for the public log to be sealed: it must not hold up what goes out.
	err := s.DB.InTx(context.Background(), func(ctx context.Context, tx db.Tx) error {
		return s.Queue.Enqueue(ctx, tx, settleArgs{}, &jobs.Options{Priority: 4})
	})
	if err != nil {
		s.settled()
	}
}

// settled lets the next case call for the job again.
func (s *Service) settled() {
	s.settler.mu.Lock()
	s.settler.called = time.Time{}
	s.settler.mu.Unlock()
}

// logged is a case with its place in the public log.
type logged struct {
	caseID string
	index  uint64
	proof  string
}

// settle does it for all fresh cases, a batch at a time. A run that dies in between leaves at worst the same leaf twice in
// the log, which proves the same; what was settled and what was told of it is one transaction.
func (s *Service) settle(ctx context.Context) error {
	s.settler.one.Lock()
	defer s.settler.one.Unlock()
	for range 20 { // then the queue may have other work; the round comes again
		s.settled()
		fresh, err := s.store.fresh(ctx, s.DB.Read(), settleBatch)
		if err != nil || len(fresh) == 0 {
			return err
		}
		list, err := s.logAll(ctx, fresh)
		if err != nil {
			return err
		}
		err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			mine, err := s.store.takeFresh(ctx, tx, fresh) // another process may have settled some meanwhile
			if err != nil || len(mine) == 0 {
				return err
			}
			if err := s.store.setLogged(ctx, tx, mine, list); err != nil {
				return err
			}
			return s.Queue.Publish(ctx, tx, Received{CaseIDs: mine})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// logAll puts the leaves of cases into the public log, all at once since the log seals them together, and gives the proofs.
func (s *Service) logAll(ctx context.Context, caseIDs []string) (map[string]logged, error) {
	leaves, err := s.store.leaves(ctx, s.DB.Read(), caseIDs)
	if err != nil {
		return nil, err
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		out   = make(map[string]logged, len(leaves))
		fault error
	)
	for caseID, leaf := range leaves {
		wg.Go(func() {
			l, err := s.logOne(ctx, caseID, leaf)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				fault = err
				return
			}
			out[caseID] = l
		})
	}
	wg.Wait()
	return out, fault
}

func (s *Service) logOne(ctx context.Context, caseID, leaf string) (logged, error) {
	b, err := hex.DecodeString(leaf)
	if err != nil {
		return logged{}, jobs.Cancel(err)
	}
	index, err := s.Log.Append(ctx, b)
	if err != nil {
		return logged{}, err
	}
	proof, err := s.Log.Prove(ctx, index)
	if err != nil {
		return logged{}, err
	}
	text, err := json.Marshal(proof)
	return logged{caseID: caseID, index: index, proof: string(text)}, err
}
