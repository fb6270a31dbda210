package channel

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

// ActionRetry is letting a failed delivery try again.
const ActionRetry = "channel.retry"

// Deliver writes deliveries and their jobs in tx. What was asked before (same source, version, account and action) is left
// as it is, so asking twice does no harm. Older deliveries that nobody has begun yet are superseded.
func (s *Service) Deliver(ctx context.Context, tx db.Tx, ds []NewDelivery) error {
	ds, err := s.expand(ctx, tx, ds)
	if err != nil || len(ds) == 0 {
		return err
	}
	ids := make([]string, len(ds))
	for i, d := range ds {
		ids[i] = d.AccountID
	}
	accounts, err := s.store.accountsByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	taken, err := s.taken(ctx, tx, ds)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	var rows []deliveryRow
	for _, d := range ds {
		a, ok := accounts[d.AccountID]
		if !ok {
			return errNoAccount.With("ID", d.AccountID)
		}
		if a.State == AccountClosed || taken[keyOf(d)] {
			continue
		}
		taken[keyOf(d)] = true
		rows = append(rows, s.newDeliveryRow(d, a, now))
	}
	return s.insertDeliveries(ctx, tx, rows)
}

func (s *Service) newDeliveryRow(d NewDelivery, a Account, now time.Time) deliveryRow {
	held := "channel.held.hour"
	if from := s.From(a.Kind, d.Action, later(d.NotBefore, now)); from.After(later(d.NotBefore, now)) {
		d.NotBefore, held = from, "channel.held.night"
	}
	r := deliveryRow{ID: id.New(), AccountID: a.ID, UnitID: a.UnitID, Kind: a.Kind, Source: d.Source, Version: d.Version, Action: d.Action,
		State: DeliveryQueued, Hold: d.Hold, Canary: d.Canary, NotBefore: d.NotBefore, CreatedAt: now, WakeAt: now, Audience: d.Audience.text()}
	if d.NotBefore.After(now) {
		r.State, r.Reason, r.WakeAt = DeliveryHeld, held, d.NotBefore
	}
	if d.Hold {
		r.State, r.Reason, r.WakeAt = DeliveryHeld, "channel.held.canary", time.Time{}
	}
	return r
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *Service) insertDeliveries(ctx context.Context, tx db.Tx, rows []deliveryRow) error {
	for start := 0; start < len(rows); start += 500 {
		part := rows[start:min(start+500, len(rows))]
		if _, err := tx.NewInsert().Model(&part).On("CONFLICT (source, version, account_id, action) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		var many []jobs.Many
		for _, r := range part {
			if !r.Hold {
				many = append(many, s.deliverJob(r.ID, r.WakeAt))
			}
		}
		if err := s.q.EnqueueMany(ctx, tx, many); err != nil {
			return err
		}
		if err := s.supersede(ctx, tx, part); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) deliverJob(deliveryID string, at time.Time) jobs.Many {
	o := s.at(at)
	if o == nil {
		o = &jobs.Options{}
	}
	o.Priority = 2 // answers to people go first
	return jobs.Many{Args: deliverArgs{Delivery: deliveryID}, InsertOpts: o}
}

// supersede closes what the new rows overtake: deliveries of the same source at the same accounts that no job has begun.
func (s *Service) supersede(ctx context.Context, tx db.Tx, rows []deliveryRow) error {
	type group struct {
		source  string
		version int
		action  Action
	}
	accounts := map[group][]string{}
	for _, r := range rows {
		if r.Action != ActAnnounce {
			g := group{r.Source, r.Version, r.Action}
			accounts[g] = append(accounts[g], r.AccountID)
		}
	}
	for g, ids := range accounts {
		q := tx.NewUpdate().Model((*deliveryRow)(nil)).Set("state = ?", DeliverySuperseded).Set("reason = ''").Set("wake_at = NULL").
			Set("finished_at = ?", s.clock.Now()).Where("source = ?", g.source).Where("account_id IN (?)", bun.In(ids)).
			Where("state IN (?)", bun.In([]DeliveryState{DeliveryHeld, DeliveryQueued})).
			Where("claim = ''").Where("external_id = ''").Where("unsure_since IS NULL")
		if g.action == ActRetract {
			q = q.Where("action <> ?", ActRetract)
		} else {
			q = q.Where("version < ?", g.version).Where("action <> ?", ActRetract)
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

type deliveryKey struct {
	source  string
	version int
	account string
	action  Action
}

func keyOf(d NewDelivery) deliveryKey {
	return deliveryKey{d.Source, d.Version, d.AccountID, d.Action}
}

// taken finds which of the asked deliveries exist already.
func (s *Service) taken(ctx context.Context, tx db.Tx, ds []NewDelivery) (map[deliveryKey]bool, error) {
	out := map[deliveryKey]bool{}
	sources := map[string]bool{}
	for _, d := range ds {
		sources[d.Source] = true
	}
	for src := range sources {
		var rows []deliveryRow
		if err := tx.NewSelect().Model(&rows).Column("source", "version", "account_id", "action").Where("source = ?", src).Scan(ctx); err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[deliveryKey{r.Source, r.Version, r.AccountID, r.Action}] = true
		}
	}
	return out, nil
}

// expand turns orders without an account into one for each account where the source stands or is on its way.
func (s *Service) expand(ctx context.Context, tx db.Tx, ds []NewDelivery) ([]NewDelivery, error) {
	out := make([]NewDelivery, 0, len(ds))
	for _, d := range ds {
		if d.AccountID != "" {
			out = append(out, d)
			continue
		}
		if d.Action == ActPublish {
			return nil, errNoAccount
		}
		rows, err := s.store.deliveriesOf(ctx, tx, d.Source)
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if !seen[r.AccountID] && (d.Action != ActAnnounce || r.Kind == Zalo) {
				seen[r.AccountID] = true
				one := d
				one.AccountID = r.AccountID
				out = append(out, one)
			}
		}
	}
	return out, nil
}

// Release lets the held deliveries of a source and version go: the canary was fine, or a person agreed.
func (s *Service) Release(ctx context.Context, tx db.Tx, source string, version int) error {
	var rows []deliveryRow
	if err := tx.NewSelect().Model(&rows).Where("source = ?", source).Where("version = ?", version).Where("hold = ?", true).
		Where("state = ?", DeliveryHeld).Scan(ctx); err != nil {
		return err
	}
	now := s.clock.Now()
	var many []jobs.Many
	for _, r := range rows {
		r.Hold, r.State, r.Reason, r.WakeAt = false, DeliveryQueued, "", now
		if r.NotBefore.After(now) {
			r.State, r.Reason, r.WakeAt = DeliveryHeld, "channel.held.hour", r.NotBefore
		}
		if _, err := tx.NewUpdate().Model(&r).Column("hold", "state", "reason", "wake_at").WherePK().Exec(ctx); err != nil {
			return err
		}
		many = append(many, s.deliverJob(r.ID, r.WakeAt))
	}
	return s.q.EnqueueMany(ctx, tx, many)
}

// Deliveries lists where a source stands: the latest delivery per account, announcements aside, in the order of creation.
func (s *Service) Deliveries(ctx context.Context, source string) ([]Delivery, error) {
	rows, err := s.store.deliveriesOf(ctx, s.db.Read(), source)
	if err != nil {
		return nil, err
	}
	latest := map[string]int{} // account → index in out
	var out []Delivery
	for _, r := range rows {
		if r.Action == ActAnnounce {
			continue
		}
		d := r.delivery()
		i, ok := latest[r.AccountID]
		if !ok {
			latest[r.AccountID] = len(out)
			out = append(out, d)
			continue
		}
		if d.Receipt.Link == "" { // an update under way still stands where its forerunner does
			d.Receipt.Link = out[i].Receipt.Link
		}
		out[i] = d
	}
	return out, nil
}

// Delivery gives one delivery, for a feature that has checked its own actor.
func (s *Service) Delivery(ctx context.Context, deliveryID string) (Delivery, error) {
	r, err := s.store.delivery(ctx, s.db.Read(), deliveryID)
	return r.delivery(), err
}

// History lists all deliveries of a source at one account, oldest first.
func (s *Service) History(ctx context.Context, source, accountID string) ([]Delivery, error) {
	var rows []deliveryRow
	err := s.db.Read().NewSelect().Model(&rows).Where("source = ?", source).Where("account_id = ?", accountID).Order("id").Scan(ctx)
	out := make([]Delivery, len(rows))
	for i, r := range rows {
		out[i] = r.delivery()
	}
	return out, err
}

// DeliveriesOfAccount lists the newest deliveries at an account, for an actor who may see it.
func (s *Service) DeliveriesOfAccount(ctx context.Context, actor identity.Actor, accountID string, limit int) ([]Delivery, error) {
	if _, err := s.Account(ctx, actor, accountID); err != nil {
		return nil, err
	}
	var rows []deliveryRow
	err := s.db.Read().NewSelect().Model(&rows).Where("account_id = ?", accountID).Order("id DESC").Limit(int64(limit)).Scan(ctx)
	out := make([]Delivery, len(rows))
	for i, r := range rows {
		out[i] = r.delivery()
	}
	return out, err
}

// Retry lets one failed delivery try again.
func (s *Service) Retry(ctx context.Context, actor identity.Actor, deliveryID string) error {
	r, err := s.store.delivery(ctx, s.db.Read(), deliveryID)
	if err != nil {
		return err
	}
	if err := s.authz.Check(actor, ActionRetry, identity.Resource{Type: "Delivery", ID: r.ID, UnitID: r.UnitID}); err != nil {
		return err
	}
	if r.State != DeliveryFailed {
		return fault.New(fault.Conflict, "channel.delivery.not_failed")
	}
	return s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := s.requeue(ctx, tx, []deliveryRow{r})
		return err
	})
}

// RetryAll lets every failed delivery of a source that the actor may retry try again, and says how many those were.
func (s *Service) RetryAll(ctx context.Context, actor identity.Actor, source string) (int, error) {
	rows, err := s.store.deliveriesOf(ctx, s.db.Read(), source)
	if err != nil {
		return 0, err
	}
	var mine []deliveryRow
	for _, r := range rows {
		if r.State != DeliveryFailed {
			continue
		}
		if err := s.authz.Check(actor, ActionRetry, identity.Resource{Type: "Delivery", ID: r.ID, UnitID: r.UnitID}); err == nil {
			mine = append(mine, r)
		}
	}
	if len(mine) == 0 {
		return 0, nil
	}
	var n int
	err = s.write(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err = s.requeue(ctx, tx, mine)
		return err
	})
	return n, err
}

// requeue puts failed deliveries back in the queue. What is known of an earlier unsure try stays known; a token that the
// channel had given is forgotten, for it led to the failure.
func (s *Service) requeue(ctx context.Context, tx db.Tx, rows []deliveryRow) (int, error) {
	now := s.clock.Now()
	var many []jobs.Many
	for _, r := range rows {
		res, err := tx.NewUpdate().Model((*deliveryRow)(nil)).Set("state = ?", DeliveryQueued).Set("waits = ?", false).
			Set("unsure_since = COALESCE(unsure_since, CASE WHEN token <> '' THEN last_try END)").
			Set("reason = ''").Set("error_code = ''").Set("failures = 0").Set("polls = 0").Set("token = ''").Set("receipt_state = ''").
			Set("claim = ''").Set("claimed_until = NULL").Set("finished_at = NULL").Set("wake_at = ?", now).
			Where("id = ?", r.ID).Where("state = ?", DeliveryFailed).Exec(ctx)
		if err != nil {
			return 0, err
		}
		if n, _ := res.RowsAffected(); n == 1 {
			many = append(many, s.deliverJob(r.ID, time.Time{}))
		}
	}
	return len(many), s.q.EnqueueMany(ctx, tx, many)
}

// wakeAccount takes up, when an account works again, what failed because it did not.
func (s *Service) wakeAccount(ctx context.Context, tx db.Tx, accountID string) error {
	var rows []deliveryRow
	if err := tx.NewSelect().Model(&rows).Where("account_id = ?", accountID).Where("state = ?", DeliveryFailed).
		Where("waits = ?", true).Order("id").Scan(ctx); err != nil {
		return err
	}
	if _, err := s.requeue(ctx, tx, rows); err != nil {
		return err
	}
	return s.wakeMessages(ctx, tx, accountID)
}
