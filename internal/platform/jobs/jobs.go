// Package jobs is the queue of the house: work that is written down in the same transaction as its cause and done soon
// after, at least once, by any process on the same database. It is River on both engines. A handler must be safe to run
// twice; its arguments carry identifiers, never content.
package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Args are the arguments of one kind of job; Kind names it, for example "channel.deliver".
type Args = river.JobArgs

// Options of one insertion; the zero value means: default queue, now, no uniqueness.
type Options = river.InsertOpts

// UniqueOpts says by what a job is unique.
type UniqueOpts = river.UniqueOpts

// WhileItWaits makes a job unique by its arguments until it is done: asked for again meanwhile it is not written down twice.
func WhileItWaits() UniqueOpts {
	return UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
		rivertype.JobStateRunning, rivertype.JobStateScheduled}}
}

// Job is what a handler receives.
type Job[T Args] = river.Job[T]

// Snooze puts the job back for d without counting an attempt: the outside world asked us to come later.
func Snooze(d time.Duration) error { return river.JobSnooze(d) }

// Cancel ends the job for good: trying again cannot help.
func Cancel(err error) error { return river.JobCancel(err) }

// Config sets the queue up.
type Config struct {
	Logger *slog.Logger
	// Workers per named queue; nil means {"default": 50}.
	Workers map[string]int
	// Fast polls every few milliseconds: tests and benchmarks.
	Fast bool
}

// client is the part of river.Client that does not depend on the engine's transaction type.
type client interface {
	Start(context.Context) error
	Stop(context.Context) error
	PeriodicJobs() *river.PeriodicJobBundle
	JobList(context.Context, *river.JobListParams) (*river.JobListResult, error)
}

// Queue registers handlers, takes jobs and, once started, does them.
type Queue struct {
	db      *db.DB
	workers *river.Workers
	client  client
	sqlite  *river.Client[*sql.Tx]
	pg      *river.Client[pgx.Tx]
	cfg     Config

	mu          sync.Mutex
	subscribers map[string][]string // event kind → subscriber names
	handlers    map[string]func(context.Context, []byte) error
	started     bool
	stopping    atomic.Bool
}

// Migrate brings the queue's own tables up to date.
func Migrate(ctx context.Context, d *db.DB) error {
	var err error
	if d.Engine() == db.Postgres {
		m, merr := rivermigrate.New(riverpgxv5.New(d.Pool()), nil)
		if merr != nil {
			return merr
		}
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	} else {
		m, merr := rivermigrate.New(riversqlite.New(d.SQLWriter()), nil)
		if merr != nil {
			return merr
		}
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("jobs: migrate: %w", err)
	}
	return nil
}

// New makes the queue. Register handlers before Start; Enqueue works at once.
func New(d *db.DB, cfg Config) (*Queue, error) {
	q := &Queue{
		db: d, cfg: cfg, workers: river.NewWorkers(),
		subscribers: map[string][]string{}, handlers: map[string]func(context.Context, []byte) error{},
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Workers == nil {
		cfg.Workers = map[string]int{river.QueueDefault: 50}
	}
	rc := &river.Config{
		Queues: map[string]river.QueueConfig{}, Workers: q.workers, Logger: cfg.Logger,
		FetchCooldown: 20 * time.Millisecond, FetchPollInterval: 500 * time.Millisecond,
		JobTimeout: 2 * time.Minute, RescueStuckJobsAfter: 5 * time.Minute, SkipUnknownJobCheck: true,
		CompletedJobRetentionPeriod: 48 * time.Hour,
	}
	for name, n := range cfg.Workers {
		rc.Queues[name] = river.QueueConfig{MaxWorkers: n}
	}
	if cfg.Fast {
		rc.FetchCooldown, rc.FetchPollInterval = 5*time.Millisecond, 25*time.Millisecond
	}
	river.AddWorker(q.workers, &eventWorker{q: q})
	var err error
	if d.Engine() == db.Postgres {
		q.pg, err = river.NewClient(riverpgxv5.New(d.Pool()), rc)
		q.client = q.pg
	} else {
		q.sqlite, err = river.NewClient(riversqlite.New(d.SQLWriter()), rc)
		q.client = q.sqlite
	}
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return q, nil
}

type funcWorker[T Args] struct {
	river.WorkerDefaults[T]
	fn      func(context.Context, *river.Job[T]) error
	timeout time.Duration
}

func (w *funcWorker[T]) Work(ctx context.Context, j *river.Job[T]) error { return w.fn(ctx, j) }

func (w *funcWorker[T]) Timeout(*river.Job[T]) time.Duration { return w.timeout }

// Handle registers the handler of a kind of job. A returned error means: try again later with growing pauses.
func Handle[T Args](q *Queue, fn func(context.Context, *Job[T]) error) {
	river.AddWorker(q.workers, &funcWorker[T]{fn: fn})
}

// HandleLong is Handle for work that may take up to limit.
func HandleLong[T Args](q *Queue, limit time.Duration, fn func(context.Context, *Job[T]) error) {
	river.AddWorker(q.workers, &funcWorker[T]{fn: fn, timeout: limit})
}

// Every enqueues args at each interval, on one process of the cluster only.
func (q *Queue) Every(interval time.Duration, args func() Args) {
	q.client.PeriodicJobs().Add(river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) { return args(), nil }, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Enqueue writes the job down in tx: it exists exactly when tx commits.
func (q *Queue) Enqueue(ctx context.Context, tx db.Tx, args Args, opts *Options) error {
	return q.EnqueueMany(ctx, tx, []river.InsertManyParams{{Args: args, InsertOpts: opts}})
}

// Many is one entry of EnqueueMany.
type Many = river.InsertManyParams

// EnqueueMany is Enqueue for many jobs in one statement.
func (q *Queue) EnqueueMany(ctx context.Context, tx db.Tx, many []Many) error {
	if len(many) == 0 {
		return nil
	}
	var err error
	if tx.Engine() == db.Postgres {
		err = tx.Pgx(func(c *pgx.Conn) error {
			_, err := q.pg.InsertManyTx(ctx, connTx{c}, many)
			return err
		})
	} else {
		_, err = q.sqlite.InsertManyTx(ctx, tx.Tx.Tx, many)
	}
	if err != nil {
		return fmt.Errorf("jobs: enqueue %s: %w", many[0].Args.Kind(), err)
	}
	return nil
}

// Start begins to do jobs. On SQLite, which serves one process, a job still marked as running was cut off when the process
// before us died: it is taken up at once. On PostgreSQL it may run elsewhere, and is taken up when its time has passed.
func (q *Queue) Start(ctx context.Context) error {
	q.mu.Lock()
	again := q.started
	q.started = true
	q.stopping.Store(false)
	q.mu.Unlock()
	if q.sqlite != nil && !again {
		if _, err := q.db.SQLWriter().ExecContext(ctx, "UPDATE river_job SET state = 'available' WHERE state = 'running'"); err != nil {
			return fmt.Errorf("jobs: taking up what was cut off: %w", err)
		}
	}
	return q.client.Start(ctx)
}

// Stop lets running jobs finish until ctx ends.
func (q *Queue) Stop(ctx context.Context) error {
	q.stopping.Store(true)
	return q.client.Stop(ctx)
}

// Stopping tells a job that does one thing after another that it is time to leave the rest for the next start.
func (q *Queue) Stopping() bool { return q.stopping.Load() }

// Event is a fact that other features may hear of; Kind names it, for example "channel.message_received".
type Event interface{ Kind() string }

type eventArgs struct {
	Event      string          `json:"event"`
	Subscriber string          `json:"subscriber"`
	Payload    json.RawMessage `json:"payload"`
}

func (eventArgs) Kind() string { return "event" }

type eventWorker struct {
	river.WorkerDefaults[eventArgs]
	q *Queue
}

func (w *eventWorker) Work(ctx context.Context, j *river.Job[eventArgs]) error {
	w.q.mu.Lock()
	h := w.q.handlers[j.Args.Event+"→"+j.Args.Subscriber]
	w.q.mu.Unlock()
	if h == nil {
		return river.JobCancel(fmt.Errorf("jobs: nobody called %q listens to %q any more", j.Args.Subscriber, j.Args.Event))
	}
	return h(ctx, j.Args.Payload)
}

// On subscribes to an event; each subscriber gets a job of its own, so one that fails does not disturb the others. Of events
// that were published together one that fails does not keep the others from being heard; all of them come again with it.
func On[E Event](q *Queue, subscriber string, fn func(context.Context, E) error) {
	OnMany(q, subscriber, func(ctx context.Context, all []E) error {
		if len(all) == 1 {
			return fn(ctx, all[0])
		}
		var failed []error
		for _, e := range all {
			failed = append(failed, fn(ctx, e))
		}
		return errors.Join(failed...)
	})
}

// OnMany is On for a subscriber that does what follows from many events faster together than one by one. It gets those that
// were published together, in their order.
func OnMany[E Event](q *Queue, subscriber string, fn func(context.Context, []E) error) {
	var zero E
	kind := zero.Kind()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.subscribers[kind] = append(q.subscribers[kind], subscriber)
	q.handlers[kind+"→"+subscriber] = func(ctx context.Context, b []byte) error {
		var many []E
		if err := json.Unmarshal(b, &many); err == nil {
			return fn(ctx, many)
		}
		var e E
		if err := json.Unmarshal(b, &e); err != nil {
			return river.JobCancel(err)
		}
		return fn(ctx, []E{e})
	}
}

// Publish writes down, in tx, one job for every subscriber of the event.
func (q *Queue) Publish(ctx context.Context, tx db.Tx, e Event) error {
	q.mu.Lock()
	names := q.subscribers[e.Kind()]
	q.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("jobs: event %s: %w", e.Kind(), err)
	}
	return q.tell(ctx, tx, e.Kind(), names, b)
}

func (q *Queue) tell(ctx context.Context, tx db.Tx, kind string, names []string, payload json.RawMessage) error {
	many := make([]Many, len(names))
	for i, n := range names {
		many[i] = Many{Args: eventArgs{Event: kind, Subscriber: n, Payload: payload}}
	}
	return q.EnqueueMany(ctx, tx, many)
}

// together is how many events that are published together one job holds at most.
const together = 100

// PublishMany is Publish for many events of one kind: a crowd of them costs each subscriber few jobs and not thousands.
func PublishMany[E Event](ctx context.Context, q *Queue, tx db.Tx, events []E) error {
	var zero E
	q.mu.Lock()
	names := q.subscribers[zero.Kind()]
	q.mu.Unlock()
	if len(names) == 0 {
		return nil
	}
	for part := range slices.Chunk(events, together) {
		b, err := json.Marshal(part)
		if err != nil {
			return fmt.Errorf("jobs: event %s: %w", zero.Kind(), err)
		}
		if err := q.tell(ctx, tx, zero.Kind(), names, b); err != nil {
			return err
		}
	}
	return nil
}

// BringForward lets everything that waits for its hour wait by so much less. The queue runs by the machine's clock; a rehearsal
// that sets the house's clock ahead must tell it.
func (q *Queue) BringForward(ctx context.Context, by time.Duration) error {
	return q.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		set := "scheduled_at = scheduled_at - make_interval(secs => ?)"
		var amount any = by.Seconds()
		if tx.Engine() != db.Postgres {
			set, amount = "scheduled_at = strftime('%Y-%m-%d %H:%M:%f', scheduled_at, ?)", fmt.Sprintf("%+.3f seconds", -by.Seconds())
		}
		_, err := tx.ExecContext(ctx, "UPDATE river_job SET "+set+" WHERE state IN ('scheduled', 'retryable')", amount)
		return err
	})
}

// soon is how far ahead Waiting looks for jobs that were put off: a job that is tried again in a moment is still work.
const soon = 500 * time.Millisecond

// Waiting counts the jobs that are due now or within half a second, or running; not those scheduled for later.
func (q *Queue) Waiting(ctx context.Context) (int, error) {
	res, err := q.client.JobList(ctx, river.NewJobListParams().First(10000).
		States(rivertype.JobStateAvailable, rivertype.JobStateRunning, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateScheduled))
	if err != nil {
		return 0, err
	}
	n, horizon := 0, realTime().Add(soon)
	for _, j := range res.Jobs {
		putOff := j.State == rivertype.JobStateRetryable || j.State == rivertype.JobStateScheduled
		if !putOff || j.ScheduledAt.Before(horizon) {
			n++
		}
	}
	return n, nil
}

// realTime is the machine's clock, by which the queue runs whatever the house's clock says.
func realTime() time.Time { return time.Now() }

// Drain does jobs until none is due or running: for tests. It leaves the queue running.
func (q *Queue) Drain(ctx context.Context) error {
	q.mu.Lock()
	started := q.started
	q.mu.Unlock()
	if !started {
		if err := q.Start(ctx); err != nil {
			return err
		}
	}
	for idle := 0; idle < 2; {
		n, err := q.Waiting(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			idle++
		} else {
			idle = 0
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("jobs: still busy"), ctx.Err())
		case <-time.After(15 * time.Millisecond):
		}
	}
	return nil
}
