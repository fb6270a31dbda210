package orgunit

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// pollEvery is how often a process looks whether another one changed the units: the rest of the house promises that a
// change is seen everywhere within two seconds.
const pollEvery = 500 * time.Millisecond

// Service keeps the tables of units and hands out the current picture of them.
type Service struct {
	db     *db.DB
	clock  clock.Clock
	store  store
	forest atomic.Pointer[Forest]
}

// New reads the units from the database. Call Run in the background to hear of other processes' changes.
func New(ctx context.Context, d *db.DB, c clock.Clock) (*Service, error) {
	s := &Service{db: d, clock: c}
	f, err := build(records{}, -1)
	if err != nil {
		return nil, err
	}
	s.forest.Store(f)
	if _, err := s.Refresh(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Forest is the current picture. Take it once per request, so that all answers of the request agree.
func (s *Service) Forest() *Forest { return s.forest.Load() }

// Today is the Vietnamese calendar day by the service's clock.
func (s *Service) Today() clock.Date { return clock.DateOf(s.clock.Now()) }

// AncestorIDs asks the current picture; with it the service is an identity.Ancestry that follows changes.
func (s *Service) AncestorIDs(unitID string, on clock.Date) []string {
	return s.Forest().AncestorIDs(unitID, on)
}

// Refresh reads the units anew if another process changed them; it tells whether there was anything new.
func (s *Service) Refresh(ctx context.Context) (bool, error) {
	v, err := s.store.version(ctx, s.db.Read())
	if err != nil {
		return false, fmt.Errorf("orgunit: version: %w", err)
	}
	if v <= s.Forest().version {
		return false, nil
	}
	// The version is read before the rows: a change in between is read again at the next look.
	rows, err := s.store.all(ctx, s.db.Read())
	if err != nil {
		return false, err
	}
	f, err := build(rows, v)
	if err != nil {
		return false, err
	}
	return s.swap(f), nil
}

// swap puts f in place unless a newer picture stands there already.
func (s *Service) swap(f *Forest) bool {
	for {
		old := s.forest.Load()
		if old.version >= f.version {
			return false
		}
		if s.forest.CompareAndSwap(old, f) {
			return true
		}
	}
}

// Run looks for changes of other processes until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if _, err := s.Refresh(ctx); err != nil && ctx.Err() == nil {
				slog.Warn("orgunit: cannot look for changes", "err", err)
			}
		}
	}
}

// add writes rows that were made outside of a Change: an import.
func (s *Service) add(ctx context.Context, tx db.Tx, before *Forest, delta records) (*Forest, error) {
	if delta.empty() {
		return before, nil
	}
	after, err := build(merge(before.rows(), delta), before.version+1)
	if err != nil {
		return nil, err
	}
	return s.write(ctx, tx, before, after, delta)
}

// current gives the picture that the tables hold inside the transaction, with the change lock held.
func (s *Service) current(ctx context.Context, tx db.Tx) (*Forest, error) {
	v, err := s.store.lock(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("orgunit: lock: %w", err)
	}
	if f := s.Forest(); f.version == v {
		return f, nil
	}
	rows, err := s.store.all(ctx, tx)
	if err != nil {
		return nil, err
	}
	return build(rows, v)
}

// write stores the delta and all that follows from it, and shows the new picture once the transaction is durable.
func (s *Service) write(ctx context.Context, tx db.Tx, before, after *Forest, delta records) (*Forest, error) {
	if err := s.store.put(ctx, tx, delta); err != nil {
		return nil, err
	}
	units := touched(before, after, delta.changed())
	var rows []closureRow
	for _, id := range units {
		if i, ok := after.byID[id]; ok {
			rows = append(rows, after.closureOf(i)...)
		}
	}
	if err := s.store.putClosure(ctx, tx, units, rows); err != nil {
		return nil, err
	}
	v, err := s.store.raise(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("orgunit: version: %w", err)
	}
	after.version = v
	tx.AfterCommit(func() { s.swap(after) })
	return after, nil
}

// changed lists the units whose place the rows speak of.
func (r records) changed() []string {
	var ids []string
	for _, x := range r.units {
		ids = append(ids, x.ID)
	}
	for _, x := range r.parents {
		ids = append(ids, x.UnitID)
	}
	for _, x := range r.edges {
		ids = append(ids, x.FromID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
