package channel

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type sweepArgs struct{}

func (sweepArgs) Kind() string { return "channel.sweep" }

type refreshDueArgs struct{}

func (refreshDueArgs) Kind() string { return "channel.refresh_due" }

type refreshArgs struct {
	Account string `json:"account"`
}

func (refreshArgs) Kind() string { return "channel.refresh" }

type probeDueArgs struct{}

func (probeDueArgs) Kind() string { return "channel.probe_due" }

type probeArgs struct {
	Account string `json:"account"`
}

func (probeArgs) Kind() string { return "channel.probe" }

type cleanArgs struct{}

func (cleanArgs) Kind() string { return "channel.clean" }

// keepRaw is how long raw webhooks are kept after they were read: long enough to look into a complaint, no longer, for
// they hold what people wrote.
const keepRaw = 30 * 24 * time.Hour

func (s *Service) registerJobs() {
	jobs.Handle(s.q, func(ctx context.Context, j *jobs.Job[deliverArgs]) error { return s.deliver(ctx, j.Args.Delivery) })
	jobs.Handle(s.q, func(ctx context.Context, j *jobs.Job[replyArgs]) error { return s.reply(Urgent(ctx), j.Args.Message) })
	jobs.Handle(s.q, func(ctx context.Context, j *jobs.Job[webhookArgs]) error { return s.readWebhook(ctx, j.Args.Webhook) })
	jobs.Handle(s.q, func(ctx context.Context, _ *jobs.Job[readArgs]) error { return s.readWebhooks(ctx) })
	jobs.Handle(s.q, func(ctx context.Context, j *jobs.Job[forgetArgs]) error { return s.forget(ctx, j.Args) })
	jobs.Handle(s.q, func(ctx context.Context, j *jobs.Job[nameArgs]) error { return s.learnName(ctx, j.Args) })
	jobs.Handle(s.q, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.sweep(ctx) })
	jobs.Handle(s.q, func(ctx context.Context, _ *jobs.Job[refreshDueArgs]) error { return s.refreshDue(ctx) })
	jobs.Handle(s.q, func(ctx context.Context, j *jobs.Job[refreshArgs]) error { return s.refreshOne(ctx, j.Args.Account) })
	jobs.Handle(s.q, func(ctx context.Context, _ *jobs.Job[probeDueArgs]) error { return s.probeDue(ctx) })
	jobs.Handle(s.q, func(ctx context.Context, j *jobs.Job[probeArgs]) error { return s.probeJob(ctx, j.Args.Account) })
	jobs.Handle(s.q, func(ctx context.Context, _ *jobs.Job[cleanArgs]) error { return s.clean(ctx) })
	s.q.Every(24*time.Hour, func() jobs.Args { return cleanArgs{} })
	s.q.Every(s.cfg.Sweep, func() jobs.Args { return sweepArgs{} })
	s.q.Every(10*time.Minute, func() jobs.Args { return refreshDueArgs{} })
	s.q.Every(time.Hour, func() jobs.Args { return probeDueArgs{} })
}

// clean throws away raw webhooks that have been read and attempts to connect that are over.
func (s *Service) clean(ctx context.Context) error {
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		now := s.clock.Now()
		if _, err := tx.NewDelete().Model((*webhookRow)(nil)).Where("processed_at < ?", now.Add(-keepRaw)).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewDelete().Model((*grantRow)(nil)).Where("expires_at < ?", now.Add(-24*time.Hour)).Exec(ctx)
		return err
	})
}

// sweep picks up what a dead process left behind: deliveries and messages whose hour has passed without anybody taking
// them, and webhooks that were never read.
func (s *Service) sweep(ctx context.Context) error {
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		now := s.clock.Now()
		late := now.Add(-s.cfg.Sweep)
		var many []jobs.Many
		var ids []string
		if err := s.lost(ctx, tx, (*deliveryRow)(nil), late, &ids); err != nil {
			return err
		}
		for _, d := range ids {
			many = append(many, s.deliverJob(d, time.Time{}))
		}
		var messages []string
		if err := s.lost(ctx, tx, (*messageRow)(nil), late, &messages); err != nil {
			return err
		}
		for _, m := range messages {
			many = append(many, jobs.Many{Args: replyArgs{Message: m}})
		}
		aside, err := s.unread(ctx, tx, late)
		if err != nil {
			return err
		}
		return s.q.EnqueueMany(ctx, tx, append(many, aside...))
	})
}

// unread finds webhooks that should have been read by now: the reader is called for them, and each that was set aside is
// tried by itself, for a day.
func (s *Service) unread(ctx context.Context, tx db.Tx, late time.Time) (many []jobs.Many, err error) {
	old, err := tx.NewSelect().Model((*webhookRow)(nil)).Where("processed_at IS NULL").Where("error = ''").Where("received_at < ?", late).Exists(ctx)
	if err != nil {
		return nil, err
	}
	if old {
		many = append(many, jobs.Many{Args: readArgs{}})
	}
	var ids []string
	err = tx.NewSelect().Model((*webhookRow)(nil)).Column("id").Where("processed_at IS NULL").Where("error <> ''").Where("received_at < ?", late).
		Where("received_at > ?", s.clock.Now().Add(-24*time.Hour)).Limit(1000).Scan(ctx, &ids)
	for _, h := range ids {
		many = append(many, jobs.Many{Args: webhookArgs{Webhook: h}, InsertOpts: &jobs.Options{MaxAttempts: 1}})
	}
	return many, err
}

// lost finds rows that should have been worked at by now. A row is found again only after a minute: its new job may have to
// wait in a long queue.
func (s *Service) lost(ctx context.Context, tx db.Tx, model any, late time.Time, ids *[]string) error {
	now := s.clock.Now()
	err := tx.NewSelect().Model(model).Column("id").Where("wake_at < ?", late).
		Where("(claimed_until IS NULL OR claimed_until < ?)", now).Where("(swept_at IS NULL OR swept_at < ?)", now.Add(-time.Minute)).
		Order("wake_at").Limit(2000).Scan(ctx, ids)
	if err != nil || len(*ids) == 0 {
		return err
	}
	_, err = tx.NewUpdate().Model(model).Set("swept_at = ?", now).Where("id IN (?)", bun.In(*ids)).Exec(ctx)
	return err
}

func (s *Service) refreshDue(ctx context.Context) error {
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		var ids []string
		if err := tx.NewSelect().Model((*tokenRow)(nil)).Column("account_id").Where("next_refresh_at <= ?", s.clock.Now()).Scan(ctx, &ids); err != nil {
			return err
		}
		many := make([]jobs.Many, len(ids))
		for i, a := range ids {
			many[i] = jobs.Many{Args: refreshArgs{Account: a}, InsertOpts: &jobs.Options{MaxAttempts: 5}}
		}
		return s.q.EnqueueMany(ctx, tx, many)
	})
}

func (s *Service) refreshOne(ctx context.Context, accountID string) error {
	a, err := s.store.account(ctx, s.db.Read(), accountID)
	if err != nil || a.State == AccountClosed || a.State == AccountReauth {
		return err
	}
	row, err := s.tokens.row(ctx, a)
	if err != nil || row.NextRefreshAt.IsZero() || row.NextRefreshAt.After(s.clock.Now()) {
		return err
	}
	return s.tokens.RefreshNow(ctx, a)
}
