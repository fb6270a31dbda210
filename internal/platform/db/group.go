package db

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/uptrace/bun"
)

// How many waiting writes share one commit, and after what time no more are taken in: the first of them waits for the last.
const (
	groupLimit = 128
	groupTime  = 50 * time.Millisecond
)

// committer is SQLite's single writer: it takes the writes that are waiting, runs each in a savepoint of one transaction,
// flushes once and then answers all of them.
type committer struct {
	db    *bun.DB
	queue chan *write
	quit  chan struct{}
	done  chan struct{}
}

type write struct {
	ctx   context.Context
	fn    func(ctx context.Context, tx Tx) error
	hooks []func()
	err   error
	reply chan struct{}
}

var errClosed = errors.New("db: the database is closed")

func newCommitter(db *bun.DB) *committer {
	c := &committer{db: db, queue: make(chan *write), quit: make(chan struct{}), done: make(chan struct{})}
	go c.run()
	return c
}

func (c *committer) close() {
	close(c.quit)
	<-c.done
}

func (c *committer) do(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error {
	// Once begun the write is carried through: an interrupted statement would undo its neighbours in the group.
	w := &write{ctx: context.WithoutCancel(ctx), fn: fn, reply: make(chan struct{})}
	select {
	case c.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	case <-c.quit:
		return errClosed
	}
	<-w.reply
	if w.err != nil {
		return w.err
	}
	for _, h := range w.hooks {
		h()
	}
	return nil
}

func (c *committer) run() {
	defer close(c.done)
	for {
		select {
		case w := <-c.queue:
			c.commit(w)
		case <-c.quit:
			return
		}
	}
}

// commit runs first and whatever is waiting behind it in one transaction.
func (c *committer) commit(first *write) {
	outer, err := c.db.BeginTx(context.Background(), nil)
	if err != nil {
		first.err = fmt.Errorf("db: begin: %w", err)
		close(first.reply)
		return
	}
	group, began := make([]*write, 0, 8), time.Now()
	for w := first; w != nil; w = c.next(len(group), began) {
		w.err = runInSavepoint(outer, w)
		group = append(group, w)
	}
	if err := outer.Commit(); err != nil {
		_ = outer.Rollback()
		for _, w := range group {
			if w.err == nil {
				w.err = fmt.Errorf("db: commit: %w", err)
			}
		}
	}
	for _, w := range group {
		close(w.reply)
	}
}

// next takes one more waiting write without blocking, until the group is full or has waited long enough.
func (c *committer) next(have int, began time.Time) *write {
	if have >= groupLimit || time.Since(began) > groupTime {
		return nil
	}
	select {
	case w := <-c.queue:
		return w
	default:
		return nil
	}
}

func runInSavepoint(outer bun.Tx, w *write) (err error) {
	sp, err := outer.BeginTx(w.ctx, nil)
	if err != nil {
		return fmt.Errorf("db: savepoint: %w", err)
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("db: panic in transaction: %v\n%s", p, debug.Stack())
		}
		if err != nil {
			if rerr := sp.Rollback(); rerr != nil {
				err = errors.Join(err, rerr)
			}
		}
	}()
	if err := w.fn(w.ctx, Tx{Tx: sp, engine: SQLite, hooks: &w.hooks}); err != nil {
		return err
	}
	return sp.Commit() // releases the savepoint; the group's commit makes it durable
}
