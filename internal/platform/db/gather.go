package db

import (
	"context"
	"sync"
)

// Gather brings what many callers want to write at the same moment into one transaction: while one is being committed the
// next callers wait together, and are then written by as few statements as their package likes. A crowd of small writes so
// costs a few large ones, and nobody is told "received" before the commit. Make it with NewGather.
type Gather[T any] struct {
	limit int
	write func(ctx context.Context, items []T) error

	mu      sync.Mutex
	waiting []gathered[T]
	busy    bool
}

type gathered[T any] struct {
	item T
	done chan error
}

// NewGather makes a gatherer. Write stores at most limit items in a transaction of its own and returns once it is committed;
// its error is everybody's whose item was among them.
func NewGather[T any](limit int, write func(ctx context.Context, items []T) error) *Gather[T] {
	return &Gather[T]{limit: limit, write: write}
}

// Do returns once the item is written, or with the error that kept it from being written. A caller who goes away does not
// take the item back.
func (g *Gather[T]) Do(ctx context.Context, item T) error {
	one := gathered[T]{item: item, done: make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, one)
	begin := !g.busy
	g.busy = true
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
			g.busy, g.waiting = false, nil
			g.mu.Unlock()
			return
		}
		group := g.waiting[:n:n]
		g.waiting = g.waiting[n:]
		g.mu.Unlock()
		items := make([]T, n)
		for i, w := range group {
			items[i] = w.item
		}
		err := g.write(ctx, items)
		for _, w := range group {
			w.done <- err
		}
	}
}
