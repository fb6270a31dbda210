package notice

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type sendArgs struct {
	Notice string `json:"notice"`
}

func (sendArgs) Kind() string { return "notice.send" }

type checkArgs struct {
	Notice string `json:"notice"`
}

func (checkArgs) Kind() string { return "notice.check" }

type sweepArgs struct{}

func (sweepArgs) Kind() string { return "notice.sweep" }

type templatesArgs struct {
	Account string `json:"account"` // "": every account
}

func (templatesArgs) Kind() string { return "notice.templates" }

const (
	checkAfter  = 10 * time.Minute   // when to ask for a receipt that no webhook brought
	keepPayload = 7 * 24 * time.Hour // how long it is kept to whom a notice went, to answer a complaint
)

func isNone(err error) bool { return errors.Is(err, sql.ErrNoRows) }

func (s *Service) registerJobs() {
	q := s.Queue
	jobs.Handle(q, func(ctx context.Context, j *jobs.Job[sendArgs]) error {
		return s.send(channel.Urgent(ctx), j.Args.Notice)
	})
	jobs.Handle(q, func(ctx context.Context, j *jobs.Job[checkArgs]) error { return s.check(ctx, j.Args.Notice) })
	jobs.Handle(q, func(ctx context.Context, _ *jobs.Job[sweepArgs]) error { return s.sweep(ctx) })
	jobs.Handle(q, func(ctx context.Context, j *jobs.Job[templatesArgs]) error {
		return s.refreshTemplates(ctx, j.Args.Account)
	})
	q.Every(time.Minute, func() jobs.Args { return sweepArgs{} })
	q.Every(24*time.Hour, func() jobs.Args { return templatesArgs{} })
	jobs.On(q, "notice", s.onArrived)
	jobs.On(q, "notice", s.onStirred)
	jobs.On(q, "notice", func(ctx context.Context, e channel.Connected) error { return s.templatesSoon(ctx, e.AccountID) })
}

// send does one try: claimed in the database and marked as begun before it begins.
func (s *Service) send(ctx context.Context, noticeID string) error {
	row, wait, err := s.claim(ctx, noticeID)
	if err != nil || row == nil {
		if err == nil && wait > 0 {
			return jobs.Snooze(wait)
		}
		return err
	}
	a, err := s.Channels.AccountByID(ctx, row.AccountID)
	if err != nil {
		return err
	}
	p, ok := s.Channels.Implementation(a.Kind).(channel.Notifier)
	if !ok {
		return s.settle(ctx, *row, channel.NoticeReceipt{}, &channel.Error{Kind: a.Kind, Code: "no_notices", Advice: channel.AdviceStop, Key: "channel.notice.no_account"})
	}
	n, err := s.open(*row)
	if err != nil {
		return err
	}
	work, cancel := context.WithTimeout(ctx, s.Claim-5*time.Second)
	defer cancel()
	rc, err := p.Notify(work, a, n)
	return s.settle(context.WithoutCancel(ctx), *row, rc, err)
}

func (s *Service) open(r messageRow) (channel.Notice, error) {
	var p payload
	b, err := s.Sealer.Open(r.PayloadSealed, place(r.ID))
	if err != nil {
		return channel.Notice{}, err
	}
	err = json.Unmarshal(b, &p)
	return channel.Notice{Phone: p.Phone, PersonID: p.Person, Template: r.TemplateID, Params: p.Params, Key: r.ID}, err
}

func (s *Service) claim(ctx context.Context, noticeID string) (row *messageRow, wait time.Duration, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row, wait = nil, 0
		var r messageRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", noticeID)).Scan(ctx); err != nil {
			if isNone(err) {
				return nil
			}
			return err
		}
		now := s.Clock.Now()
		if r.State != Queued && r.State != Sending {
			return nil
		}
		for _, until := range []time.Time{r.ClaimedUntil, r.WakeAt} {
			if until.After(now) {
				wait = max(wait, until.Sub(now)+10*time.Millisecond)
			}
		}
		if wait > 0 {
			return nil
		}
		if !r.UnsureSince.IsZero() { // an earlier try ended without our hearing of it: only the platform's own word can tell
			if wait = r.UnsureSince.Add(s.Doubt).Sub(now); wait > 0 {
				return nil
			}
			wait = 0
			return s.end(ctx, tx, &r, Failed, "channel.notice.unsure", "unsure")
		}
		if !r.NotAfter.IsZero() && now.After(r.NotAfter) {
			return s.end(ctx, tx, &r, Failed, "channel.notice.too_late", "late")
		}
		r.State, r.Claim, r.ClaimedUntil, r.UnsureSince, r.Attempts = Sending, id.New(), now.Add(s.Claim), now, r.Attempts+1
		r.WakeAt = r.ClaimedUntil
		row = &r
		return s.save(ctx, tx, &r)
	})
	return row, wait, err
}

func (s *Service) save(ctx context.Context, tx db.Tx, r *messageRow) error {
	_, err := tx.NewUpdate().Model(r).WherePK().Exec(ctx)
	return err
}

// end closes a notice, or marks it as sent or arrived, and tells so.
func (s *Service) end(ctx context.Context, tx db.Tx, r *messageRow, to State, reason, code string) error {
	r.State, r.Reason, r.ErrorCode, r.Claim, r.ClaimedUntil, r.WakeAt, r.UnsureSince = to, reason, code, "", time.Time{}, time.Time{}, time.Time{}
	r.EndedAt = s.Clock.Now()
	if to == Failed {
		r.Price = 0
	}
	if err := s.save(ctx, tx, r); err != nil {
		return err
	}
	return s.Queue.Publish(ctx, tx, Changed{NoticeID: r.ID, Key: r.Key, State: r.State, Reason: r.Reason})
}

// settle writes down what came of a try, if it is still ours to tell.
func (s *Service) settle(ctx context.Context, mine messageRow, rc channel.NoticeReceipt, callErr error) error {
	var wait time.Duration
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		wait = 0
		var r messageRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", mine.ID)).Scan(ctx); err != nil {
			return err
		}
		if r.Claim != mine.Claim { // the webhook was faster, or another process has taken over
			if callErr == nil && r.ExternalID == "" {
				r.ExternalID, r.SentAt = rc.ExternalID, rc.SentAt
				return s.save(ctx, tx, &r)
			}
			return nil
		}
		if callErr == nil {
			r.ExternalID, r.SentAt = rc.ExternalID, rc.SentAt
			if err := s.end(ctx, tx, &r, Sent, "", ""); err != nil {
				return err
			}
			return s.Queue.Enqueue(ctx, tx, checkArgs{Notice: r.ID}, &jobs.Options{ScheduledAt: clock.Machine(s.Clock, s.Clock.Now().Add(checkAfter)), MaxAttempts: 5})
		}
		t, err := s.Channels.Judge(ctx, tx, r.AccountID, callErr, r.Failures)
		if err != nil {
			return err
		}
		r.Claim, r.ClaimedUntil = "", time.Time{}
		switch {
		case t.Unsure:
			r.Reason, r.ErrorCode, wait = "channel.error.checking", t.Code, s.Doubt
		case t.Final:
			return s.end(ctx, tx, &r, Failed, t.Reason, t.Code)
		default:
			r.UnsureSince, r.Reason, r.ErrorCode, wait = time.Time{}, t.Reason, t.Code, t.Wait
			if t.Counts {
				r.Failures++
			}
		}
		r.State, r.WakeAt = Queued, s.Clock.Now().Add(wait)
		return s.save(ctx, tx, &r)
	})
	if err == nil && wait > 0 {
		return jobs.Snooze(wait)
	}
	return err
}

// onArrived hears from the platform that a notice reached the telephone; it carries our row as tracking id.
func (s *Service) onArrived(ctx context.Context, e channel.NoticeArrived) error {
	return s.arrived(ctx, e.Key, e.AccountID, e.ExternalID, e.At)
}

func (s *Service) arrived(ctx context.Context, noticeID, accountID, externalID string, at time.Time) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var r messageRow
		if err := tx.ForUpdate(tx.NewSelect().Model(&r).Where("id = ?", noticeID).Where("account_id = ?", accountID)).Scan(ctx); err != nil {
			if isNone(err) { // made by somebody else with the same account
				return nil
			}
			return err
		}
		if r.State == Arrived {
			return nil
		}
		r.ArrivedAt = at
		if r.ExternalID == "" {
			r.ExternalID, r.SentAt = externalID, at
		}
		return s.end(ctx, tx, &r, Arrived, "", "")
	})
}

// check asks for the receipt of a notice that no webhook spoke of.
func (s *Service) check(ctx context.Context, noticeID string) error {
	var r messageRow
	err := s.DB.Read().NewSelect().Model(&r).Where("id = ?", noticeID).Scan(ctx)
	if err != nil || r.State != Sent || r.PayloadSealed == "" {
		if isNone(err) {
			return nil
		}
		return err
	}
	a, err := s.Channels.AccountByID(ctx, r.AccountID)
	if err != nil || !a.Works() {
		return err
	}
	p, ok := s.Channels.Implementation(a.Kind).(channel.Notifier)
	if !ok {
		return nil
	}
	n, err := s.open(r)
	if err != nil {
		return err
	}
	at, arrived, err := p.NoticeArrived(ctx, a, n, channel.NoticeReceipt{ExternalID: r.ExternalID, SentAt: r.SentAt})
	if err != nil || !arrived {
		return err
	}
	return s.arrived(ctx, r.ID, r.AccountID, r.ExternalID, at)
}

// sweep takes up what a dead process left behind.
func (s *Service) sweep(ctx context.Context) error {
	return s.DB.InTx(ctx, s.Wake)
}

// Wake takes up, in tx, every notice whose hour has come and that nobody works at, and empties what is over for a week. The
// queue calls it every minute.
func (s *Service) Wake(ctx context.Context, tx db.Tx) error {
	now := s.Clock.Now()
	var lost []string
	err := tx.NewSelect().Model((*messageRow)(nil)).Column("id").Where("state IN (?)", bun.In([]State{Queued, Sending})).
		Where("wake_at < ?", now.Add(-time.Minute)).Limit(500).Scan(ctx, &lost)
	if err != nil {
		return err
	}
	many := make([]jobs.Many, len(lost))
	for i, n := range lost {
		many[i] = jobs.Many{Args: sendArgs{Notice: n}}
	}
	if err := s.Queue.EnqueueMany(ctx, tx, many); err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*messageRow)(nil)).Set("payload_sealed = ''").Where("ended_at < ?", now.Add(-keepPayload)).Where("payload_sealed <> ''").Exec(ctx)
	return err
}
