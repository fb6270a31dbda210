package channel

import (
	"context"
	"time"

	"github.com/uptrace/bun"
)

// Figures is what a platform counted of one publication up to now. What a platform does not count is zero.
type Figures struct {
	ExternalID string
	Title      string
	Link       string
	At         time.Time // published
	Views      int64
	Shares     int64
	Reactions  int64
	Comments   int64
}

// Meter is implemented by channels whose platform counts what became of publications.
type Meter interface {
	// Measure tells of the publications of an account since a moment, by whoever they were put up.
	Measure(ctx context.Context, a Account, since time.Time) ([]Figures, error)
}

// Measure asks the platform of an account what became of its publications since a moment; nothing for a platform that does
// not count, and for an account that cannot be asked.
func (s *Service) Measure(ctx context.Context, accountID string, since time.Time) ([]Figures, error) {
	a, err := s.store.account(ctx, s.db.Read(), accountID)
	if err != nil || !a.Works() {
		return nil, err
	}
	m, ok := s.channels[a.Kind].(Meter)
	if !ok {
		return nil, nil
	}
	return m.Measure(ctx, a, since)
}

// Every lists the accounts of all units that are not closed, for features that count them.
func (s *Service) Every(ctx context.Context) ([]Account, error) {
	return s.store.accounts(ctx, s.db.Read(), func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("a.state <> ?", AccountClosed) })
}
