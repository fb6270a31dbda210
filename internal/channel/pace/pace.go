// Package pace keeps work within bounds that many share: the calls a minute that an outside world allows the app, and the one
// reader of webhooks in a process. The tables of the budget are those of the channels.
package pace

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Budget keeps all accounts of a kind, on all processes, within the calls a minute that the platform allows the app. Each
// process takes a lease of up to a hundred calls at a time from the database and spends it from memory; the calls of the
// last minute never add up to more than the limit: a lease counts from its last call on, as told with the next lease, and
// one of which nobody told from when it lapsed. A part of it is kept for answers to people and the like.
type Budget struct {
	db        *db.DB
	name      string
	perMinute int
	log       *slog.Logger
	full      func(wait time.Duration) error

	mu      sync.Mutex
	present leaseRow  // the lease that is being spent
	left    int       // of it
	until   time.Time // when it lapses
	last    time.Time // when a call of it was made last
	blocked time.Time // no lease before this
}

const (
	leaseSize  = 100
	leaseLife  = 2 * time.Second
	window     = time.Minute
	travel     = 500 * time.Millisecond // how much later than it was begun a call may be counted by the platform
	patience   = 5 * time.Second        // longer waits give the worker back
	crowding   = 2 * time.Second        // over which those who were sent away come back
	reservePct = 2                      // percent kept for urgent calls
)

// New makes the budget of a name; 0 calls a minute mean no limit. Full makes the error of who would have to wait long.
func New(d *db.DB, name string, perMinute int, log *slog.Logger, full func(wait time.Duration) error) *Budget {
	return &Budget{db: d, name: name, perMinute: perMinute, log: log, full: full}
}

type urgentKey struct{}

// Urgent marks the calls of ctx as urgent: they may use the part of the budget that is kept for them.
func Urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgentKey{}, true) }

type budgetRow struct {
	bun.BaseModel `bun:"table:channel_budget,alias:b"`

	Name        string    `bun:"name,pk"`
	PausedUntil time.Time `bun:"paused_until,nullzero"`
	Strikes     int       `bun:"strikes"`
}

type leaseRow struct {
	bun.BaseModel `bun:"table:channel_budget_lease,alias:l"`

	ID   string    `bun:"id,pk"`
	Name string    `bun:"name"`
	N    int       `bun:"n"`
	At   time.Time `bun:"at"`
	// SpentAt is when its last call was made; zero while it is being spent, and when its process ended before it told.
	SpentAt time.Time `bun:"spent_at,nullzero"`
}

// over is when the platform has forgotten the calls of the lease.
func (l leaseRow) over() time.Time {
	if l.SpentAt.IsZero() {
		return l.At.Add(leaseLife + window + travel)
	}
	return l.SpentAt.Add(window + travel)
}

// Take waits for leave to make one call; it returns an error that says when to come back if that would take long.
func (b *Budget) Take(ctx context.Context) error {
	if b.perMinute <= 0 {
		return nil
	}
	deadline := time.Now().Add(patience)
	for {
		wait, err := b.try(ctx)
		if err != nil || wait <= 0 {
			return err
		}
		if time.Now().Add(wait).After(deadline) {
			return b.full(wait + time.Duration(rand.Int64N(int64(crowding))))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// try spends one call of the lease, taking a new lease when needed; otherwise it says how long to wait.
func (b *Budget) try(ctx context.Context) (time.Duration, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	urgent, _ := ctx.Value(urgentKey{}).(bool)
	if b.left > 0 && now.Before(b.until) {
		b.left--
		b.last = now
		return 0, nil
	}
	if now.Before(b.blocked) && !urgent {
		return b.blocked.Sub(now), nil
	}
	got, wait, err := b.lease(context.WithoutCancel(ctx), urgent)
	if err != nil {
		return 0, err
	}
	b.present, b.left = got, got.N
	if got.N == 0 {
		b.blocked = now.Add(wait)
		return wait, nil
	}
	b.left--
	b.last, b.until = time.Now(), got.At.Add(leaseLife)
	return 0, nil
}

// lease takes up to a hundred calls of the minute, and tells what became of the lease before; none, with the time until some
// become free.
func (b *Budget) lease(ctx context.Context, urgent bool) (got leaseRow, wait time.Duration, err error) {
	err = b.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		got, wait = leaseRow{}, 0
		row := budgetRow{Name: b.name}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (name) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		if err := tx.ForUpdate(tx.NewSelect().Model(&row).WherePK()).Scan(ctx); err != nil {
			return err
		}
		if err := b.spent(ctx, tx); err != nil {
			return err
		}
		now := time.Now().UTC()
		if row.PausedUntil.After(now) {
			wait = row.PausedUntil.Sub(now)
			return nil
		}
		gone := now.Add(-window - leaseLife - travel) // a lease may be spent until it lapses
		if _, err := tx.NewDelete().Model((*leaseRow)(nil)).Where("name = ?", b.name).Where("at < ?", gone).Exec(ctx); err != nil {
			return err
		}
		var leases []leaseRow
		if err := tx.NewSelect().Model(&leases).Where("name = ?", b.name).Order("at").Scan(ctx); err != nil {
			return err
		}
		var n int
		if n, wait = b.share(leases, now, urgent); n == 0 {
			return nil
		}
		got = leaseRow{ID: id.New(), Name: b.name, N: n, At: now}
		_, err := tx.NewInsert().Model(&got).Returning("NULL").Exec(ctx)
		return err
	})
	return got, wait, err
}

// spent tells how much of the present lease was used and until when: the rest is free again at once.
func (b *Budget) spent(ctx context.Context, tx db.Tx) error {
	if b.present.ID == "" {
		return nil
	}
	_, err := tx.NewUpdate().Model((*leaseRow)(nil)).Set("n = ?", b.present.N-b.left).Set("spent_at = ?", b.last.UTC()).Where("id = ?", b.present.ID).Exec(ctx)
	return err
}

func (b *Budget) share(leases []leaseRow, now time.Time, urgent bool) (int, time.Duration) {
	limit := b.perMinute
	if !urgent {
		limit -= limit * reservePct / 100
	}
	used, wait := 0, time.Second
	var free time.Time
	for _, l := range leases {
		if over := l.over(); over.After(now) {
			used += l.N
			if free.IsZero() || over.Before(free) {
				free = over
			}
		}
	}
	size := min(leaseSize, max(1, b.perMinute/20))
	if urgent {
		size = min(size, 10)
	}
	if n := min(size, limit-used); n > 0 {
		return n, 0
	}
	if !free.IsZero() {
		wait = max(10*time.Millisecond, free.Sub(now))
	}
	return 0, wait
}

// Strike slows everybody down after the platform said that the app calls too often: two seconds, doubling up to a minute
// while it goes on.
func (b *Budget) Strike(ctx context.Context) {
	err := b.db.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx db.Tx) error {
		row := budgetRow{Name: b.name}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (name) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		if err := tx.ForUpdate(tx.NewSelect().Model(&row).WherePK()).Scan(ctx); err != nil {
			return err
		}
		now := time.Now().UTC()
		if row.PausedUntil.After(now) { // others have reported the same blow
			return nil
		}
		if now.Sub(row.PausedUntil) > 2*time.Minute {
			row.Strikes = 0
		}
		row.Strikes++
		row.PausedUntil = now.Add(min(2*time.Second<<min(row.Strikes-1, 5), time.Minute))
		_, err := tx.NewUpdate().Model(&row).Column("paused_until", "strikes").WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		b.log.ErrorContext(ctx, "the budget could not be slowed down", "budget", b.name, "err", err)
	}
	b.mu.Lock()
	b.until = time.Time{}
	b.mu.Unlock()
}
