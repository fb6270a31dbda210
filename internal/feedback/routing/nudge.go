package routing

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// nudgeDays is how many working days before the last day of a case a body outside that is silent is reminded.
const nudgeDays = 2

// nudgeBatch bounds one look; the next takes the rest.
const nudgeBatch = 200

type nudgeArgs struct{}

// Kind implements jobs.Args.
func (nudgeArgs) Kind() string { return "routing.nudge" }

// A nudge and the notice after the last day are told once each; the column remembers it.
const (
	nudgedBefore = "nudged_at"
	toldAfter    = "late_at"
)

// Nudge writes politely to bodies outside that were asked by letter and are silent: once before the last day of the case,
// once after it. Cases whose clock stands still, or that are done, are left alone. It is safe to run at any time.
func (s *Service) Nudge(ctx context.Context) error {
	if s.Post == nil {
		return nil
	}
	today := s.today()
	near := s.Cases.Calendar.Add(today, nudgeDays)
	for _, x := range []struct {
		column, key string
		from, until clock.Date
	}{{nudgedBefore, "nudge", today, near}, {toldAfter, "late", "", today.AddDays(-1)}} {
		rows, err := s.store.silent(ctx, s.db().Read(), x.column, x.from, x.until, s.now())
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := s.nudge(ctx, r, x.column, x.key); err != nil {
				return err
			}
		}
	}
	return nil
}

// nudge sends one letter and writes it down. A crash between the two sends it again with the same Message-ID.
func (s *Service) nudge(ctx context.Context, r silentRow, column, key string) error {
	a, w := r.domain(), s.Cases.Words
	from := feedback.BodyName(w, s.Cases.Unit(a.UnitID))
	err := s.Post.Send(ctx, Letter{To: a.Email, FromName: from, Tag: TagOf(a.ID) + "-" + key, Subject: w.T("routing.letter.subject", "Tag", TagOf(a.ID)),
		Text: w.T("routing.letter."+key, "Unit", from, "Body", a.BodyName, "Asked", s.vietnamese(a.AskedAt), "Due", r.Deadline.Vietnamese(), "Text", a.Text)})
	if err != nil {
		return err // the queue tries again
	}
	return s.db().InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store.nudged(ctx, tx, a.ID, column, s.now()) })
}

func (s *Service) work(ctx context.Context, _ *jobs.Job[nudgeArgs]) error { return s.Nudge(ctx) }

// listenNudge registers the look, every few hours in the day.
func (s *Service) listenNudge() {
	jobs.Handle(s.Cases.Queue, s.work)
	s.Cases.Queue.Every(6*time.Hour, func() jobs.Args { return nudgeArgs{} })
}
