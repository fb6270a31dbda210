package channel

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Budget keeps all accounts of a kind, on all processes, within the calls a minute that the platform allows the app. Each
// process takes a lease of up to a hundred calls at a time from the database and spends it from memory; the leases of the
// last minute never add up to more than the limit. A part of it is kept for answers to people and the like.
type Budget struct {
	db        *db.DB
	name      string
	perMinute int
	log       *slog.Logger

	mu      sync.Mutex
	left    int       // of the present lease
	until   time.Time // when the lease lapses
	blocked time.Time // no lease before this
}

const (
	leaseSize  = 100
	leaseLife  = 2 * time.Second
	window     = time.Minute
	patience   = 5 * time.Second // longer waits give the worker back
	reservePct = 2               // percent kept for urgent calls
)

func newBudget(d *db.DB, name string, perMinute int, log *slog.Logger) *Budget {
	return &Budget{db: d, name: name, perMinute: perMinute, log: log}
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
			return &Error{Kind: Kind(b.name), Code: "budget", Message: "the calls of this minute are spent", Advice: AdviceLater,
				Key: "channel.error.budget", Scope: ScopeApp, Wait: jitter(wait)}
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
		return 0, nil
	}
	if now.Before(b.blocked) && !urgent {
		return b.blocked.Sub(now), nil
	}
	n, wait, err := b.lease(context.WithoutCancel(ctx), urgent)
	if err != nil {
		return 0, err
	}
	if n == 0 {
		b.left, b.blocked = 0, now.Add(wait)
		return wait, nil
	}
	b.left, b.until = n-1, now.Add(leaseLife)
	return 0, nil
}

// lease takes up to a hundred calls of the minute; 0 with the time until some become free.
func (b *Budget) lease(ctx context.Context, urgent bool) (n int, wait time.Duration, err error) {
	err = b.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		n, wait = 0, 0
		row := budgetRow{Name: b.name}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (name) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		if err := tx.ForUpdate(tx.NewSelect().Model(&row).WherePK()).Scan(ctx); err != nil {
			return err
		}
		now := time.Now().UTC()
		if row.PausedUntil.After(now) {
			wait = row.PausedUntil.Sub(now)
			return nil
		}
		gone := now.Add(-window - leaseLife) // a lease may be spent until it lapses
		if _, err := tx.NewDelete().Model((*leaseRow)(nil)).Where("name = ?", b.name).Where("at < ?", gone).Exec(ctx); err != nil {
			return err
		}
		var leases []leaseRow
		if err := tx.NewSelect().Model(&leases).Where("name = ?", b.name).Order("at").Scan(ctx); err != nil {
			return err
		}
		n, wait = b.share(leases, now, urgent)
		if n == 0 {
			return nil
		}
		_, err := tx.NewInsert().Model(&leaseRow{ID: id.New(), Name: b.name, N: n, At: now}).Exec(ctx)
		return err
	})
	return n, wait, err
}

func (b *Budget) share(leases []leaseRow, now time.Time, urgent bool) (int, time.Duration) {
	limit := b.perMinute
	if !urgent {
		limit -= limit * reservePct / 100
	}
	used := 0
	for _, l := range leases {
		used += l.N
	}
	size := min(leaseSize, max(1, b.perMinute/20))
	if urgent {
		size = min(size, 10)
	}
	if n := min(size, limit-used); n > 0 {
		return n, 0
	}
	wait := time.Second
	if len(leases) > 0 {
		wait = max(10*time.Millisecond, leases[0].At.Add(window+leaseLife).Sub(now))
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
	b.left = 0
	b.mu.Unlock()
}
