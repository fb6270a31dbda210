// Package settle does what follows from a new case and need not be done before the citizen has an answer: its leaf goes into
// the public log, the proof comes back, and the other rooms hear of it. That it is still to be done stands in feedback_fresh,
// written with the case; one job does it for all that came in meanwhile, so that a crowd costs one job and not thousands.
package settle

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"golang.org/x/sync/errgroup"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

// Log is the public transparency log; tlog.Log implements it.
type Log interface {
	Append(ctx context.Context, leaf []byte) (uint64, error)
	ProveAll(ctx context.Context, indexes []uint64) ([]tlog.Proof, error)
}

// Deps is what settling stands on. Told makes the event by which the other rooms hear of the cases.
type Deps struct {
	DB    *db.DB
	Queue *jobs.Queue
	Clock clock.Clock
	Log   Log
	Told  func(caseIDs []string) jobs.Event
}

// Settler settles cases.
type Settler struct {
	Deps
	run   jobs.Single
	crowd crowd
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

// settleEvery is how long a case waits at most when the process that took it in died before it could call for the job.
const settleEvery = time.Minute

// logTogether is how many cases go into the public log in one go, since it is sealed once a second; keepTogether is of how many
// of them one transaction keeps the places, since others wait for it; settleTurn is for how long one run of the job goes on.
const (
	logTogether  = 4000
	keepTogether = 500
	settleTurn   = 30 * time.Second
)

// Call asks for the job, once for all cases that come in before it begins. It runs after the commit of a case. If it
// fails nothing is lost: the round of settleEvery finds the case.
func (s *Settler) Call() {
	s.crowd.came(realTime())
	if !s.run.Call(s.Clock.Now()) {
		s.run.Added(s.enqueue)
		return
	}
	s.enqueue()
}

func (s *Settler) enqueue() {
	// The proof waits a second for the public log to be sealed: it must not hold up what goes out.
	err := s.DB.InTx(context.Background(), func(ctx context.Context, tx db.Tx) error {
		return s.Queue.Enqueue(ctx, tx, settleArgs{}, &jobs.Options{Priority: 4})
	})
	if err != nil {
		s.run.Uncall()
	}
}

// realTime is the machine's own: a crowd is measured to spare the machine.
func realTime() time.Time { return time.Now() }

// crowd counts the cases that came in of late.
type crowd struct {
	mu          sync.Mutex
	since       time.Time // when the present span began
	now, before int       // cases of the present span and of the one before
}

// A crowd is more than crowdMany cases in a span and the one before. Settling waits for it to pass, wayStep by wayStep, for
// wayMost before each batch: what a citizen waits for goes first, and yet the public log is behind by a bounded time.
const (
	crowdSpan = 100 * time.Millisecond
	crowdMany = 20
	wayStep   = 20 * time.Millisecond
	wayMost   = 5 * time.Second
)

func (c *crowd) came(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(at)
	c.now++
}

func (c *crowd) turn(at time.Time) {
	switch passed := at.Sub(c.since); {
	case passed >= 2*crowdSpan:
		c.since, c.now, c.before = at, 0, 0
	case passed >= crowdSpan:
		c.since, c.now, c.before = at, 0, c.now
	}
}

func (c *crowd) here(at time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn(at)
	return c.now+c.before > crowdMany
}

// giveWay waits while a crowd stands at the door.
func (s *Settler) giveWay(ctx context.Context) {
	for waited := time.Duration(0); waited < wayMost && s.crowd.here(realTime()) && ctx.Err() == nil && !s.Queue.Stopping(); waited += wayStep {
		time.Sleep(wayStep)
	}
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
	return s.run.Run(s.Queue, settleTurn, func() (int, error) {
		s.giveWay(ctx)
		return s.settleSome(ctx)
	})
}

// settleSome settles one batch and says how many cases it found.
func (s *Settler) settleSome(ctx context.Context) (int, error) {
	list, err := fresh(ctx, s.DB.Read(), logTogether)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	proofs, err := s.logAll(ctx, list)
	if err != nil {
		return 0, err
	}
	for part := range slices.Chunk(list, keepTogether) {
		s.giveWay(ctx)
		if err := s.keep(ctx, part, proofs); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// keep writes down where cases stand in the log and tells of them.
func (s *Settler) keep(ctx context.Context, caseIDs []string, proofs map[string]logged) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		mine, err := takeFresh(ctx, tx, caseIDs) // another process may have settled some meanwhile
		if err != nil || len(mine) == 0 {
			return err
		}
		if err := setLogged(ctx, tx, mine, proofs); err != nil {
			return err
		}
		return s.Queue.Publish(ctx, tx, s.Told(mine))
	})
}

// logAll puts the leaves of cases into the public log, all at once since the log seals them together, and gives the proofs.
func (s *Settler) logAll(ctx context.Context, caseIDs []string) (map[string]logged, error) {
	found, err := leaves(ctx, s.DB.Read(), caseIDs)
	if err != nil {
		return nil, err
	}
	var (
		ids     = slices.Collect(maps.Keys(found))
		indexes = make([]uint64, len(ids))
		group   errgroup.Group
	)
	for i, caseID := range ids {
		group.Go(func() (err error) {
			leaf, err := hex.DecodeString(found[caseID])
			if err != nil {
				return jobs.Cancel(err)
			}
			indexes[i], err = s.Log.Append(ctx, leaf)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	proofs, err := s.Log.ProveAll(ctx, indexes)
	if err != nil {
		return nil, err
	}
	out := make(map[string]logged, len(ids))
	for i, caseID := range ids {
		text, err := json.Marshal(proofs[i])
		if err != nil {
			return nil, err
		}
		out[caseID] = logged{caseID: caseID, index: indexes[i], proof: string(text)}
	}
	return out, nil
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
