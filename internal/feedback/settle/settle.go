// Package settle does what follows from a new case and need not be done before the citizen has an answer: its leaf goes into
// the public log, the proof comes back, and the other rooms hear of it. That it is still to be done stands in feedback_fresh,
// written with the case; one job does it for all that came in meanwhile, so that a crowd costs one job and not thousands.
package settle

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

// Log is the public transparency log; tlog.Log implements it.
type Log interface {
	Append(ctx context.Context, leaf []byte) (uint64, error)
	Prove(ctx context.Context, index uint64) (tlog.Proof, error)
}

// Deps is what settling stands on. Told makes the event by which the other rooms hear of the cases.
type Deps struct {
	DB    *db.DB
	Queue *jobs.Queue
	Clock clock.Clock
	Log   Log
	Told  func(caseIDs []string) jobs.Event
}

// Settler settles cases. It remembers whether this process has called for the job already.
type Settler struct {
	Deps
	mu     sync.Mutex
	called time.Time // zero: nobody waits

	one sync.Mutex // one run at a time in a process
}

// New makes the settler and registers its job with the queue.
func New(d Deps) *Settler {
	s := &Settler{Deps: d}
	jobs.Handle(d.Queue, func(ctx context.Context, _ *jobs.Job[settleArgs]) error { return s.settle(ctx) })
	d.Queue.Every(settleEvery, func() jobs.Args { return settleArgs{} })
	return s
}

// Fresh is the row that says that a case is not settled yet; it is written with the case.
type Fresh struct {
	bun.BaseModel `bun:"table:feedback_fresh"`
	CaseID        string `bun:",pk"`
}

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

// Call asks for the job, once for all cases that come in before it begins. It runs after the commit of a case. If it
// fails nothing is lost: the round of settleEvery finds the case.
func (s *Settler) Call() {
	now := s.Clock.Now()
	s.mu.Lock()
	waits := !s.called.IsZero() && now.Sub(s.called) < settleAgain
	if !waits {
		s.called = now
	}
	s.mu.Unlock()
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
func (s *Settler) settled() {
	s.mu.Lock()
	s.called = time.Time{}
	s.mu.Unlock()
}

// logged is a case with its place in the public log.
type logged struct {
	caseID string
	index  uint64
	proof  string
}

// settle does it for all fresh cases, a batch at a time. A run that dies in between leaves at worst the same leaf twice in
// the log, which proves the same; what was settled and what was told of it is one transaction.
func (s *Settler) settle(ctx context.Context) error {
	s.one.Lock()
	defer s.one.Unlock()
	for range 20 { // then the queue may have other work; the round comes again
		if s.settled(); s.Queue.Stopping() {
			return nil
		}
		list, err := fresh(ctx, s.DB.Read(), settleBatch)
		if err != nil || len(list) == 0 {
			return err
		}
		proofs, err := s.logAll(ctx, list)
		if err != nil {
			return err
		}
		err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			mine, err := takeFresh(ctx, tx, list) // another process may have settled some meanwhile
			if err != nil || len(mine) == 0 {
				return err
			}
			if err := setLogged(ctx, tx, mine, proofs); err != nil {
				return err
			}
			return s.Queue.Publish(ctx, tx, s.Told(mine))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// logAll puts the leaves of cases into the public log, all at once since the log seals them together, and gives the proofs.
func (s *Settler) logAll(ctx context.Context, caseIDs []string) (map[string]logged, error) {
	found, err := leaves(ctx, s.DB.Read(), caseIDs)
	if err != nil {
		return nil, err
	}
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		out   = make(map[string]logged, len(found))
		fault error
	)
	for caseID, leaf := range found {
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

func (s *Settler) logOne(ctx context.Context, caseID, leaf string) (logged, error) {
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

func fresh(ctx context.Context, q bun.IDB, limit int) ([]string, error) {
	var out []string
	err := q.NewSelect().Model((*Fresh)(nil)).Column("case_id").Order("case_id").Limit(int64(limit)).Scan(ctx, &out)
	return out, err
}

// takeFresh strikes cases off the list of what is fresh and gives those that still stood there.
func takeFresh(ctx context.Context, tx db.Tx, caseIDs []string) ([]string, error) {
	var out []string
	err := tx.NewDelete().Model((*Fresh)(nil)).Where("case_id IN (?)", bun.In(caseIDs)).Returning("case_id").Scan(ctx, &out)
	return out, err
}

// leaves reads what of the cases goes into the public log and is not there yet.
func leaves(ctx context.Context, q bun.IDB, caseIDs []string) (map[string]string, error) {
	var rows []struct{ ID, Leaf string }
	err := q.NewSelect().TableExpr("feedback_case AS c").Column("c.id", "c.leaf").Where("c.id IN (?)", bun.In(caseIDs)).Where("c.log_proof = ''").Scan(ctx, &rows)
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Leaf
	}
	return out, err
}

// setLogged keeps where the cases stand in the public log.
func setLogged(ctx context.Context, tx db.Tx, caseIDs []string, list map[string]logged) error {
	type entry struct {
		ID       string
		LogIndex int64
		LogProof string
	}
	rows := make([]entry, 0, len(caseIDs))
	for _, caseID := range caseIDs {
		if l, ok := list[caseID]; ok {
			rows = append(rows, entry{ID: caseID, LogIndex: int64(l.index), LogProof: l.proof})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	_, err := tx.NewUpdate().With("v", tx.NewValues(&rows)).TableExpr("feedback_case").TableExpr("v").
		Set("log_index = v.log_index").Set("log_proof = v.log_proof").Where("feedback_case.id = v.id").Exec(ctx)
	return err
}
