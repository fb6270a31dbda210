package db

import (
	"context"
	"sync"
)

// Gather brings what many callers want to write at the same moment into one transaction: while one is being committed the
// next callers wait together, and are then written by as few statements as their package likes. A crowd of small writes so
// costs a few large ones, and nobody is told "received" before the commit. Make it with NewGather.
type Gather[T any] struct {
	limit, width int
	write        func(ctx context.Context, items []T) error

	mu      sync.Mutex
	waiting []gathered[T]
	busy    int // groups that are being written
}

type gathered[T any] struct {
	item T
	done chan error
}

// NewGather makes a gatherer of which width groups are written at a time. Write stores at most limit items in a transaction
// of its own and returns once it is committed, or stores none. If the database refuses what is in a group, a key that exists
// already for one, each of its items is tried alone, so that nobody suffers for another's; any other error is everybody's.
func NewGather[T any](limit, width int, write func(ctx context.Context, items []T) error) *Gather[T] {
	return &Gather[T]{limit: limit, width: width, write: write}
}

// Do returns once the item is written, or with the error that kept it from being written. A caller who goes away does not
// take the item back.
func (g *Gather[T]) Do(ctx context.Context, item T) error {
	one := gathered[T]{item: item, done: make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, one)
	begin := g.busy < g.width
	if begin {
		g.busy++
	}
	g.mu.Unlock()
	if begin {
		go g.run(context.WithoutCancel(ctx))
	}
	select {
	case err := <-one.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Waiting is how many items stand in line behind those that are being written.
func (g *Gather[T]) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.waiting)
}

// run writes until nobody waits.
func (g *Gather[T]) run(ctx context.Context) {
	for {
		g.mu.Lock()
		n := min(len(g.waiting), g.limit)
		if n == 0 {
			g.busy--
			g.mu.Unlock()
			return
		}
		group := g.waiting[:n:n]
		if g.waiting = g.waiting[n:]; len(g.waiting) == 0 {
			g.waiting = nil // lets go of what was written
		}
		g.mu.Unlock()
		items := make([]T, n)
		for i, w := range group {
			items[i] = w.item
		}
		err := g.write(ctx, items)
		for i, w := range group {
			if n > 1 && isRefused(err) {
				w.done <- g.write(ctx, items[i:i+1])
			} else {
				w.done <- err
			}
		}
	}
}
