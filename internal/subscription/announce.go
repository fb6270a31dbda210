package subscription

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/jobs"
)

type confirmArgs struct {
	ID string `json:"id"`
}

// Kind implements jobs.Args.
func (confirmArgs) Kind() string { return "subscription.confirm" }

type sendArgs struct {
	ID string `json:"id"`
}

// Kind implements jobs.Args.
func (sendArgs) Kind() string { return "subscription.tell" }

type sweepArgs struct{}

// Kind implements jobs.Args.
func (sweepArgs) Kind() string { return "subscription.sweep" }

// batch is how many readers are written at a time.
const batch = 500

// Thing is something new that stands in public.
type Thing struct {
	Kind, ID string   // of the source
	Mark     string   // another mark of the same thing is told again: a newer answer to the same question
	UnitID   string   // whose it is
	Units    []string // on whose pages it stands
	Category string
	Title    string // for the history of officials
}

// Announce notes a thing for everybody who wishes to be told of it, and orders what goes at once. Announcing the same thing
// twice tells nothing twice. It opens transactions of its own: call it from the handler of an event.
func (s *Service) Announce(ctx context.Context, g Thing) error {
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row := thingRow{Kind: g.Kind, ThingID: g.ID, Mark: g.Mark, UnitID: g.UnitID, Title: g.Title, At: s.Clock.Now()}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (kind, thing_id, mark) DO NOTHING").Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	stands, above := map[string]bool{}, map[string]bool{}
	for _, u := range g.Units {
		stands[u] = true
		for _, a := range s.Forest().AncestorIDs(u, s.today()) {
			above[a] = true
		}
	}
	units := make([]string, 0, len(stands)+len(above))
	for u := range stands {
		units = append(units, u)
	}
	for u := range above {
		if !stands[u] {
			units = append(units, u)
		}
	}
	if len(units) == 0 {
		return nil
	}
	for after := ""; ; {
		var rows []match
		err := s.DB.Read().NewSelect().TableExpr("subscription_topic AS t").Join("JOIN subscription_reader AS r ON r.id = t.reader_id").
			ColumnExpr("t.id, t.reader_id, t.unit_id, t.below, r.door, r.pace, r.failures").
			Where("t.kind = ?", g.Kind).Where("t.unit_id IN (?)", bun.In(units)).Where("t.category IN ('', ?)", g.Category).
			Where("t.confirmed_at IS NOT NULL").Where("r.confirmed_at IS NOT NULL").Where("t.id > ?", after).Order("t.id").Limit(batch).Scan(ctx, &rows)
		if err != nil {
			return err
		}
		if err := s.note(ctx, g, rows, stands); err != nil || len(rows) < batch {
			return err
		}
		after = rows[len(rows)-1].ID
	}
}

// match is a topic that a thing belongs to.
type match struct {
	ID, ReaderID, UnitID string
	Below                bool
	Door                 Door
	Pace                 Pace
	Failures             int
}

func (s *Service) note(ctx context.Context, g Thing, rows []match, stands map[string]bool) error {
	var items []itemRow
	var now []jobs.Many
	seen := map[string]int{}
	for _, m := range rows {
		if !stands[m.UnitID] && !m.Below {
			continue
		}
		it := itemRow{ReaderID: m.ReaderID, Kind: g.Kind, ThingID: g.ID, Mark: g.Mark, Door: m.Door, State: itemWaiting, At: s.Clock.Now()}
		if stands[m.UnitID] {
			it.UnitID = m.UnitID
		}
		if i, twice := seen[m.ReaderID]; twice { // of two topics the one whose page has it
			if items[i].UnitID == "" {
				items[i].UnitID = it.UnitID
			}
			continue
		}
		seen[m.ReaderID] = len(items)
		items = append(items, it)
		if m.Pace == Now && m.Failures == 0 {
			now = append(now, jobs.Many{Args: sendArgs{ID: m.ReaderID}})
		}
	}
	if len(items) == 0 {
		return nil
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&items).On("CONFLICT (reader_id, kind, thing_id, mark) DO NOTHING").Exec(ctx); err != nil || len(now) == 0 {
			return err
		}
		return s.Queue.EnqueueMany(ctx, tx, now)
	})
}

// sweep sends what was collected, takes up what was left for the morning, settles what a stopped house left open, and forgets
// addresses that nobody confirmed.
func (s *Service) sweep(ctx context.Context) error {
	now := s.Clock.Now()
	if err := s.forget(ctx, now); err != nil {
		return err
	}
	if now.In(clock.Vietnam).Hour() < DigestHour {
		return nil
	}
	today := s.today()
	weekAgo := clock.DateOf(now.AddDate(0, 0, -7))
	monday := now.In(clock.Vietnam).Weekday() == time.Monday
	for after := ""; ; {
		var ids []string
		err := s.DB.Read().NewSelect().TableExpr("subscription_reader AS r").ColumnExpr("r.id").Where("r.id > ?", after).Where("r.confirmed_at IS NOT NULL").
			WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("r.pace = ?", Now).WhereOr("r.pace = ? AND r.digest_on < ?", Daily, today).
					WhereOr("r.pace = ? AND r.digest_on < ? AND (? OR r.digest_on <> '' AND r.digest_on <= ?)", Weekly, today, monday, weekAgo)
			}).
			Where("(r.failures = 0 OR r.digest_on < ?)", today).
			Where("EXISTS (SELECT 1 FROM subscription_item AS i WHERE i.reader_id = r.id AND i.state = ?)", itemWaiting).Order("r.id").Limit(batch).Scan(ctx, &ids)
		if err != nil || len(ids) == 0 {
			return err
		}
		many := make([]jobs.Many, len(ids))
		for i, x := range ids {
			many[i] = jobs.Many{Args: sendArgs{ID: x}}
		}
		if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.Queue.EnqueueMany(ctx, tx, many) }); err != nil || len(ids) < batch {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// forget erases what its time has come for.
func (s *Service) forget(ctx context.Context, now time.Time) error {
	var old []readerRow
	err := s.DB.Read().NewSelect().Model(&old).Where("r.confirmed_at IS NULL").Where("r.asked_at <= ?", now.AddDate(0, 0, -ConfirmDays)).Limit(batch).Scan(ctx)
	if err != nil {
		return err
	}
	for _, r := range old {
		if err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.remove(ctx, tx, r, "left") }); err != nil {
			return err
		}
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewDelete().Model((*topicRow)(nil)).Where("confirmed_at IS NULL").Where("asked_at <= ?", now.AddDate(0, 0, -ConfirmDays)).Exec(ctx); err != nil {
			return err
		}
		// What was being sent an hour ago and is so still: the house stopped just then. It may have gone, so it does not go again.
		for _, table := range []any{(*itemRow)(nil), (*letterRow)(nil)} {
			if _, err := tx.NewUpdate().Model(table).Set("state = ?", itemUnsure).Where("state = ?", itemSending).
				Where("EXISTS (SELECT 1 FROM subscription_letter AS x WHERE x.id = "+letterOf(table)+" AND x.at < ?)", now.Add(-time.Hour)).Exec(ctx); err != nil {
				return err
			}
		}
		limit := now.AddDate(0, 0, -KeepDays)
		if err := s.toTally(ctx, tx, "i.at < ?", limit); err != nil {
			return err
		}
		_, err := tx.NewDelete().Model((*letterRow)(nil)).Where("at < ?", limit).Exec(ctx)
		return err
	})
}

// letterOf names the column that leads to the letter.
func letterOf(table any) string {
	if _, ok := table.(*itemRow); ok {
		return "i.letter_id"
	}
	return "l.id"
}
