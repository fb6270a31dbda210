package identity

import (
	"context"
	"fmt"
	"math"
	"sort"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// limit is a rule of patience: after free tries each further one makes the next wait, twice as long each time.
type limit struct {
	key    string        // whom it counts, hashed
	free   int64         // tries without a wait
	pause  time.Duration // the first wait
	most   time.Duration // the longest wait
	forget time.Duration // after so long without a try the count starts anew
}

type throttleRow struct {
	bun.BaseModel `bun:"table:identity_throttle,alias:t"`

	Key          string `bun:",pk"`
	Tries        int64
	Since        time.Time
	BlockedUntil time.Time
}

// accountLimit bounds guesses at one account: five are free, then 30 s, 1 min, 2 min … up to an hour. It counts addresses
// that have no account too, so that being made to wait tells nothing.
func (s *Service) accountLimit(email string) limit {
	return limit{key: "account:" + s.mac("throttle", email), free: 5, pause: 30 * time.Second, most: time.Hour, forget: 24 * time.Hour}
}

// addressLimit bounds guesses from one internet address, behind which a whole office may sit.
func (s *Service) addressLimit(ip string) limit {
	return limit{key: "address:" + s.mac("throttle", ip), free: 50, pause: 5 * time.Minute, most: time.Hour, forget: 15 * time.Minute}
}

// attempt counts a try before it is judged, so that many at once do not slip through; TooMany when one must wait.
func (s *Service) attempt(ctx context.Context, limits ...limit) error {
	sort.Slice(limits, func(i, j int) bool { return limits[i].key < limits[j].key })
	var refused error
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		refused = nil
		for _, l := range limits {
			wait, err := s.count(ctx, tx, l)
			if err != nil {
				return err
			}
			if wait > 0 && refused == nil {
				refused = fault.New(fault.TooMany, "identity.wait").With("Minutes", int(math.Ceil(wait.Minutes())))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return refused
}

// count adds one try; a positive answer is how long to wait, and then the try does not count.
func (s *Service) count(ctx context.Context, tx db.Tx, l limit) (time.Duration, error) {
	now := s.clock.Now()
	row := throttleRow{Key: l.key, Since: now, BlockedUntil: now}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT (key) DO NOTHING").Exec(ctx); err != nil {
		return 0, fmt.Errorf("identity: throttle: %w", err)
	}
	if err := tx.ForUpdate(tx.NewSelect().Model(&row).Where("t.key = ?", l.key)).Scan(ctx); err != nil {
		return 0, fmt.Errorf("identity: throttle: %w", err)
	}
	if wait := row.BlockedUntil.Sub(now); wait > 0 {
		return wait, nil
	}
	if now.Sub(row.Since) > l.forget {
		row.Tries = 0
	}
	row.Tries++
	row.Since, row.BlockedUntil = now, now.Add(l.wait(row.Tries))
	_, err := tx.NewUpdate().Model(&row).WherePK().Exec(ctx)
	return 0, err
}

// wait is the pause after the n-th try.
func (l limit) wait(n int64) time.Duration {
	if n < l.free {
		return 0
	}
	return min(l.most, l.pause<<min(n-l.free, 20))
}

// forgive forgets the tries after a success.
func (s *Service) forgive(ctx context.Context, tx db.Tx, l limit) error {
	_, err := tx.NewDelete().Model((*throttleRow)(nil)).Where("key = ?", l.key).Exec(ctx)
	return err
}

// undo takes back the one try that turned out to be right, without forgetting the wrong ones of others.
func (s *Service) undo(ctx context.Context, tx db.Tx, l limit) error {
	_, err := tx.NewUpdate().Model((*throttleRow)(nil)).Set("tries = tries - 1").Set("blocked_until = ?", s.clock.Now()).
		Where("key = ? AND tries > 0", l.key).Exec(ctx)
	return err
}
