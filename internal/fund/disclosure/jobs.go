package disclosure

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type followArgs struct {
	AppealID string `json:"appeal"`
}

// Kind implements jobs.Args.
func (followArgs) Kind() string { return "disclosure.follow" }

type forgetArgs struct {
	AppealID string `json:"appeal"`
	GiftID   string `json:"gift"`
	Reason   string `json:"reason"`
}

// Kind implements jobs.Args.
func (forgetArgs) Kind() string { return "disclosure.forget" }

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "disclosure.sweep" }

const (
	sweepEvery  = time.Minute // how often is looked whether anything was left behind
	followLimit = time.Hour   // two million gifts take some minutes
	logAtOnce   = 64          // entries on their way into the log together
	busyAgain   = 2 * time.Second
)

func (s *Service) registerJobs() {
	jobs.HandleLong(s.Queue, followLimit, func(ctx context.Context, j *jobs.Job[followArgs]) error { return s.followJob(ctx, j.Args.AppealID) })
	jobs.HandleLong(s.Queue, followLimit, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.Sweep(ctx) })
	jobs.Handle(s.Queue, func(ctx context.Context, j *jobs.Job[forgetArgs]) error { return s.forgetJob(ctx, j.Args) })
	s.Queue.Every(sweepEvery, func() jobs.Args { return sweepArgs{} })
	jobs.On(s.Queue, "disclosure", func(ctx context.Context, e fund.GiftsPosted) error {
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return s.Queue.Enqueue(ctx, tx, followArgs{e.AppealID}, nil)
		})
	})
}

func (s *Service) followJob(ctx context.Context, appealID string) error {
	lines, err := s.Follow(ctx, appealID)
	if errors.Is(err, errMoved) {
		return jobs.Snooze(busyAgain) // whoever is at it may have looked before our gifts were there
	}
	if err != nil {
		return err
	}
	return s.tidy(ctx, lines)
}

// ForgetLater has ForgetName done once the transaction is through, however often the process dies in between.
func (s *Service) ForgetLater(ctx context.Context, tx db.Tx, appealID, giftID, reason string) error {
	if s.Queue == nil {
		return errors.New("disclosure: nobody would take the name out")
	}
	return s.Queue.Enqueue(ctx, tx, forgetArgs{appealID, giftID, reason}, nil)
}

// forgetJob first publishes what waits: whoever is at it may have read the consent before it was taken back.
func (s *Service) forgetJob(ctx context.Context, a forgetArgs) error {
	lines, err := s.Follow(ctx, a.AppealID)
	if errors.Is(err, errMoved) {
		return jobs.Snooze(busyAgain)
	}
	if err == nil {
		err = s.tidy(ctx, lines)
	}
	if err != nil {
		return err
	}
	return s.ForgetName(ctx, a.AppealID, a.GiftID, a.Reason)
}

// Sweep publishes whatever was left behind, for every appeal. It is safe to run at any time.
func (s *Service) Sweep(ctx context.Context) error {
	appeals, err := s.Books.AllAppeals(ctx, s.DB.Read())
	if err != nil {
		return err
	}
	lines := 0
	for _, a := range appeals {
		n, err := s.Follow(ctx, a.ID)
		if lines += n; err != nil && !errors.Is(err, errMoved) {
			return err
		}
	}
	return s.tidy(ctx, lines)
}

// manyLines is how many new lines make the database look at its tables anew.
const manyLines = 1000

// tidy does what follows publication: the log, the index, hashes.
func (s *Service) tidy(ctx context.Context, lines int) error {
	if lines >= manyLines {
		if err := s.analyze(ctx); err != nil {
			return err
		}
	}
	if err := s.writeLog(ctx); err != nil {
		return err
	}
	if err := s.compact(ctx); err != nil {
		return err
	}
	return s.rehash(ctx)
}

// writeLog puts the batches that wait into the public log. A run that dies in between leaves at worst the same entry twice in
// the log, which proves the same.
func (s *Service) writeLog(ctx context.Context) error {
	if s.Log == nil {
		return nil
	}
	for {
		waiting, err := s.store.unlogged(ctx, s.DB.Read(), logAtOnce)
		if err != nil || len(waiting) == 0 {
			return err
		}
		codes, err := s.codes(ctx)
		if err != nil {
			return err
		}
		places, errs := make([]uint64, len(waiting)), make([]error, len(waiting))
		var wg sync.WaitGroup
		for i, b := range waiting {
			wg.Go(func() { places[i], errs[i] = s.Log.Append(ctx, entry(codes[b.AppealNo], b)) })
		}
		wg.Wait()
		err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for i, b := range waiting {
				if errs[i] == nil {
					if err := s.store.setLogged(ctx, tx, b, places[i]); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err := errors.Join(append(errs, err)...); err != nil {
			return err
		}
	}
}

// codes gives the code of each appeal by its short number.
func (s *Service) codes(ctx context.Context) (map[int64]string, error) {
	rows, err := s.store.appeals(ctx, s.DB.Read())
	out := make(map[int64]string, len(rows))
	for _, r := range rows {
		out[r.No] = r.Code
	}
	return out, err
}

// compact puts the parts of full chunks together, so that a search reads one posting of a word in a chunk instead of sixteen.
func (s *Service) compact(ctx context.Context) error {
	rows, err := s.store.appeals(ctx, s.DB.Read())
	if err != nil {
		return err
	}
	for _, a := range rows {
		last := chunkOf(a.Lines)
		n, err := s.store.parts(ctx, s.DB.Read(), a.No, last)
		if err != nil {
			return err
		}
		if n >= looseParts {
			if _, err := s.compactChunk(ctx, a, last); err != nil {
				return err
			}
		}
		for chunk := last - 1; chunk >= 0; chunk-- {
			more, err := s.compactChunk(ctx, a, chunk)
			if err != nil {
				return err
			}
			if !more {
				break // those before it are done
			}
		}
	}
	return nil
}

// looseParts is how many parts the newest chunk, which still grows, may have before they are put together.
const looseParts = 4

// compactWords is how many words one transaction puts together.
const compactWords = 2000

// compactChunk says whether there was anything to do. It holds the appeal, so that a word which somebody takes out of a line
// at the same moment does not come back.
func (s *Service) compactChunk(ctx context.Context, a appealRow, chunk int64) (did bool, err error) {
	for {
		words, err := s.store.loose(ctx, s.DB.Read(), a.No, chunk, compactWords)
		if err != nil || len(words) == 0 {
			return did, err
		}
		did = true
		if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if _, err := s.store.lock(ctx, tx, a.AppealID); err != nil {
				return err
			}
			return s.store.compact(ctx, tx, a.No, chunk, words)
		}); err != nil {
			return did, err
		}
	}
}
