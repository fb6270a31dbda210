package notice

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type templateRow struct {
	bun.BaseModel `bun:"table:notice_template,alias:t"`

	AccountID  string    `bun:"account_id,pk"`
	TemplateID string    `bun:"template_id,pk"`
	Name       string    `bun:"name"`
	Status     string    `bun:"status"`
	Reason     string    `bun:"reason"`
	Tag        string    `bun:"tag"`
	Quality    string    `bun:"quality"`
	Price      int64     `bun:"price"`
	PriceUID   int64     `bun:"price_uid"`
	Preview    string    `bun:"preview"`
	Params     string    `bun:"params"`
	SeenAt     time.Time `bun:"seen_at"`
}

func (r templateRow) template() channel.Template {
	t := channel.Template{ID: r.TemplateID, Name: r.Name, Status: r.Status, Reason: r.Reason, Tag: r.Tag, Quality: r.Quality, Price: r.Price, PriceUID: r.PriceUID, Preview: r.Preview}
	_ = json.Unmarshal([]byte(r.Params), &t.Params) // written by us
	return t
}

type purposeRow struct {
	bun.BaseModel `bun:"table:notice_purpose,alias:p"`

	AccountID  string  `bun:"account_id,pk"`
	Purpose    Purpose `bun:"purpose,pk"`
	TemplateID string  `bun:"template_id"`
}

func (s *Service) onStirred(ctx context.Context, e channel.Stirred) error {
	if e.What != channel.StirTemplates {
		return nil
	}
	return s.templatesSoon(ctx, e.AccountID)
}

func (s *Service) templatesSoon(ctx context.Context, accountID string) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		return s.Queue.Enqueue(ctx, tx, templatesArgs{Account: accountID}, &jobs.Options{Priority: 3, MaxAttempts: 5})
	})
}

// refreshTemplates reads the templates of one account, or has those of every account read one after the other.
func (s *Service) refreshTemplates(ctx context.Context, accountID string) error {
	if accountID == "" {
		as, err := s.Channels.Accounts(ctx, identity.System("notice.templates"), channel.Filter{Kind: channel.Zalo, State: channel.AccountConnected})
		if err != nil {
			return err
		}
		return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			many := make([]jobs.Many, len(as))
			for i, a := range as {
				many[i] = jobs.Many{Args: templatesArgs{Account: a.ID}, InsertOpts: &jobs.Options{Priority: 4, MaxAttempts: 3,
					ScheduledAt: clock.Machine(s.Clock, s.Clock.Now().Add(time.Duration(i)*time.Hour/time.Duration(len(as))))}}
			}
			return s.Queue.EnqueueMany(ctx, tx, many)
		})
	}
	a, err := s.Channels.AccountByID(ctx, accountID)
	if err != nil || !a.Works() {
		return err
	}
	p, ok := s.Channels.Implementation(a.Kind).(channel.Notifier)
	if !ok {
		return nil
	}
	ts, err := p.Templates(ctx, a)
	var e *channel.Error
	if errors.As(err, &e) && e.Advice != channel.AdviceRetry && e.Advice != channel.AdviceLater {
		return s.keepTemplates(ctx, a.ID, nil) // may not send any: nothing is offered
	}
	if err != nil {
		return err
	}
	return s.keepTemplates(ctx, a.ID, ts)
}

func (s *Service) keepTemplates(ctx context.Context, accountID string, ts []channel.Template) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewDelete().Model((*templateRow)(nil)).Where("account_id = ?", accountID).Exec(ctx); err != nil || len(ts) == 0 {
			return err
		}
		rows := make([]templateRow, len(ts))
		for i, t := range ts {
			b, err := json.Marshal(t.Params)
			if err != nil {
				return err
			}
			rows[i] = templateRow{AccountID: accountID, TemplateID: t.ID, Name: t.Name, Status: t.Status, Reason: t.Reason, Tag: t.Tag, Quality: t.Quality,
				Price: t.Price, PriceUID: t.PriceUID, Preview: t.Preview, Params: string(b), SeenAt: s.Clock.Now()}
		}
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
}

// Overview is the templates of an account, which of them serves what, and the latest notices.
type Overview struct {
	Templates []channel.Template
	Serving   map[Purpose]string // template id
	Notices   []Receipt
	Spent     int64 // đồng since the first of the month
}

// Overview shows them to an actor who sees the account.
func (s *Service) Overview(ctx context.Context, actor identity.Actor, accountID string) (Overview, error) {
	if _, err := s.Channels.Account(ctx, actor, accountID); err != nil {
		return Overview{}, err
	}
	out := Overview{Serving: map[Purpose]string{}}
	q := s.DB.Read()
	var ts []templateRow
	if err := q.NewSelect().Model(&ts).Where("account_id = ?", accountID).Order("name", "template_id").Scan(ctx); err != nil {
		return out, err
	}
	for _, t := range ts {
		out.Templates = append(out.Templates, t.template())
	}
	var ps []purposeRow
	if err := q.NewSelect().Model(&ps).Where("account_id = ?", accountID).Scan(ctx); err != nil {
		return out, err
	}
	for _, p := range ps {
		out.Serving[p.Purpose] = p.TemplateID
	}
	var ms []messageRow
	if err := q.NewSelect().Model(&ms).Where("account_id = ?", accountID).Order("id DESC").Limit(20).Scan(ctx); err != nil {
		return out, err
	}
	for _, m := range ms {
		out.Notices = append(out.Notices, m.receipt())
	}
	return out, q.NewSelect().Model((*messageRow)(nil)).ColumnExpr("COALESCE(SUM(price), 0)").Where("account_id = ?", accountID).
		Where("state IN (?)", bun.In([]State{Sent, Arrived})).Where("sent_at >= ?", firstOfMonth(s.Clock.Now())).Scan(ctx, &out.Spent)
}

// Serve says, for an actor who looks after the account, which template serves a purpose; "" takes the purpose off.
func (s *Service) Serve(ctx context.Context, actor identity.Actor, accountID string, p Purpose, templateID string) error {
	if _, err := s.Channels.MayConnect(ctx, actor, accountID); err != nil {
		return err
	}
	if !slices.Contains(Purposes(), p) {
		return fault.Field("purpose", "channel.notice.no_template")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewDelete().Model((*purposeRow)(nil)).Where("account_id = ?", accountID).Where("purpose = ?", p).Exec(ctx); err != nil || templateID == "" {
			return err
		}
		known, err := tx.NewSelect().Model((*templateRow)(nil)).Where("account_id = ?", accountID).Where("template_id = ?", templateID).Exists(ctx)
		if err != nil {
			return err
		}
		if !known {
			return fault.Field("template", "channel.notice.no_template")
		}
		_, err = tx.NewInsert().Model(&purposeRow{AccountID: accountID, Purpose: p, TemplateID: templateID}).Exec(ctx)
		return err
	})
}

// Refresh reads the templates of an account anew, for an actor who looks after it.
func (s *Service) Refresh(ctx context.Context, actor identity.Actor, accountID string) error {
	if _, err := s.Channels.MayConnect(ctx, actor, accountID); err != nil {
		return err
	}
	return s.refreshTemplates(ctx, accountID)
}

func firstOfMonth(now time.Time) time.Time {
	v := now.In(clock.Vietnam)
	return time.Date(v.Year(), v.Month(), 1, 0, 0, 0, 0, clock.Vietnam).UTC()
}
