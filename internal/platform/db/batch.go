package db

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// batchMost bounds how many items one transaction of a Batch writes.
const batchMost = 64

// Batch writes items that come in at the same moment from many callers with few statements, each of which carries many rows:
// the hot path of a crowd. A caller alone has its item written at once; who comes while others are being written goes with the
// next transaction. Each caller returns when its own item is committed or refused.
type Batch[T any] struct {
	db    *DB
	write func(ctx context.Context, tx Tx, items []T) error

	mu      sync.Mutex
	waiting []*batched[T]
	running int
	most    int // transactions at a time
}

// batched is one caller's item.
type batched[T any] struct {
	item T
	err  error
	lead []*batched[T] // set when this caller is to write for these, itself the first
	wake chan struct{}
}

var errNotWritten = errors.New("db: the item was not written")

// NewBatch makes a batch. Write puts all items into the database, or none: when it refuses several, each is tried in a
// transaction of its own, so that nobody suffers for another one's fault.
func NewBatch[T any](d *DB, write func(ctx context.Context, tx Tx, items []T) error) *Batch[T] {
	b := &Batch[T]{db: d, write: write, most: 1}
	if d.Engine() == Postgres {
		b.most = max(2, runtime.GOMAXPROCS(0))
	}
	return b
}

// Do writes one item and returns when it is on the disk, or the fault for which it is not. A caller who gives up before the
// item's turn has it taken back.
func (b *Batch[T]) Do(ctx context.Context, item T) error {
	w := &batched[T]{item: item, wake: make(chan struct{})}
	b.mu.Lock()
	if b.running < b.most {
		b.running++
		b.mu.Unlock()
		b.run(ctx, []*batched[T]{w})
		return w.err
	}
	b.waiting = append(b.waiting, w)
	b.mu.Unlock()
	select {
	case <-w.wake:
	case <-ctx.Done():
		if b.takeBack(w) {
			return ctx.Err()
		}
		<-w.wake
	}
	if w.lead != nil {
		b.run(ctx, w.lead)
	}
	return w.err
}

// takeBack removes an item whose turn has not come.
func (b *Batch[T]) takeBack(w *batched[T]) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting, w)
	if i < 0 {
		return false
	}
	b.waiting = slices.Delete(b.waiting, i, i+1)
	return true
}

// run writes the items of several callers, wakes them, and hands on to the first of those who came meanwhile.
func (b *Batch[T]) run(ctx context.Context, list []*batched[T]) {
	ctx = context.WithoutCancel(ctx) // the others' items hang on it
	defer b.handOn()
	defer func() {
		for _, w := range list[1:] {
			close(w.wake)
		}
	}()
	items := make([]T, len(list))
	for i, w := range list {
		items[i], w.err = w.item, errNotWritten // stays if write panics
	}
	err := b.db.InTx(ctx, func(ctx context.Context, tx Tx) error { return b.write(ctx, tx, items) })
	for i, w := range list {
		if w.err = err; err != nil && len(list) > 1 {
			w.err = b.db.InTx(ctx, func(ctx context.Context, tx Tx) error { return b.write(ctx, tx, items[i:i+1]) })
		}
	}
}

func (b *Batch[T]) handOn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.running--
		return
	}
	n := min(len(b.waiting), batchMost)
	next := slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	next[0].lead = next
	close(next[0].wake)
}
