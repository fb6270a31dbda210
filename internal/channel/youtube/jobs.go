package youtube

import (
	"context"
	"errors"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type dueArgs struct{}

// Kind implements jobs.Args.
func (dueArgs) Kind() string { return "youtube.due" }

type pollArgs struct {
	Account string `json:"account"`
}

// Kind implements jobs.Args.
func (pollArgs) Kind() string { return "youtube.poll" }

type hubArgs struct {
	Account string `json:"account"`
}

// Kind implements jobs.Args.
func (hubArgs) Kind() string { return "youtube.hub" }

const dueEvery = 2 * time.Minute

func (y *Adapter) registerJobs() {
	q := y.d.Queue
	jobs.Handle(q, func(ctx context.Context, _ *jobs.Job[dueArgs]) error { return y.due(ctx) })
	jobs.Handle(q, func(ctx context.Context, j *jobs.Job[pollArgs]) error {
		return y.withAccount(ctx, j.Args.Account, y.Poll)
	})
	jobs.Handle(q, func(ctx context.Context, j *jobs.Job[hubArgs]) error {
		return y.withAccount(ctx, j.Args.Account, y.Subscribe)
	})
	jobs.On(q, "youtube", y.noteSeen)
	q.Every(dueEvery, func() jobs.Args { return dueArgs{} })
}

// due asks for comments of the channels whose turn it is and renews what the hub is about to forget.
func (y *Adapter) due(ctx context.Context) error {
	list, err := y.accounts(ctx)
	if err != nil {
		return err
	}
	now := y.d.Clock.Now()
	var many []jobs.Many
	for _, a := range list {
		r, err := y.row(ctx, a)
		if err != nil {
			return err
		}
		if !r.NextPollAt.After(now) {
			many = append(many, jobs.Many{Args: pollArgs{Account: a.ID}, InsertOpts: &jobs.Options{Priority: 3, MaxAttempts: 2}})
		}
		if y.cfg.HookURL != "" && r.HubUntil.Sub(now) < hubEarly && now.Sub(r.HubAskedAt) > hubAgain {
			many = append(many, jobs.Many{Args: hubArgs{Account: a.ID}, InsertOpts: &jobs.Options{Priority: 3, MaxAttempts: 2}})
		}
	}
	if len(many) == 0 {
		return nil
	}
	return y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return y.d.Queue.EnqueueMany(ctx, tx, many) })
}

// withAccount runs fn for an account that works. What a person must do about it is found by the daily probe and by the next
// delivery; asking again helps nothing.
func (y *Adapter) withAccount(ctx context.Context, id string, fn func(context.Context, channel.Account) error) error {
	a, err := y.d.Channels.AccountByID(ctx, id)
	if err != nil || !a.Works() {
		return err
	}
	err = fn(ctx, a)
	var e *channel.Error
	if errors.As(err, &e) && e.Advice != channel.AdviceRetry {
		return jobs.Cancel(err)
	}
	return err
}

// noteSeen keeps what the hub told of, so that a film put up by hand is known.
func (y *Adapter) noteSeen(ctx context.Context, e channel.PostSeen) error {
	a, err := y.d.Channels.AccountByID(ctx, e.AccountID)
	if err != nil || a.Kind != channel.YouTube {
		return err
	}
	return y.d.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		r := seenRow{VideoID: e.ExternalID, ChannelID: a.ExternalID, Title: e.Title, PublishedAt: e.At, SeenAt: y.d.Clock.Now()}
		_, err := tx.NewInsert().Model(&r).On("CONFLICT (video_id) DO UPDATE").Set("title = EXCLUDED.title").Exec(ctx)
		return err
	})
}
