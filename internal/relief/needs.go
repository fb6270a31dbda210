package relief

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// moment is a time with the limits that follow from it.
type moment struct{ now, stale time.Time }

func (s *Service) moment() moment {
	now := s.Clock.Now()
	return moment{now: now, stale: now.Add(-Fresh)}
}

// Needs lists what the actor's units and those below need.
func (s *Service) Needs(ctx context.Context, a identity.Actor, q NeedQuery) ([]Need, int, error) {
	roots, err := s.roots(a, ActionSee)
	if err != nil {
		if roots, err = s.roots(a, ActionNeed); err != nil {
			return nil, 0, err
		}
	}
	var units []string
	if q.Text != "" {
		for _, f := range s.Forest().Search(q.Text, s.Today(), 40) {
			units = append(units, f.Unit.ID)
		}
	}
	return s.store.needs(ctx, s.DB.Read(), roots, s.Today(), q, units, s.moment())
}

// Need gives one need to an official who may see it.
func (s *Service) Need(ctx context.Context, a identity.Actor, needID string) (Need, error) {
	n, err := s.store.need(ctx, s.DB.Read(), needID)
	if err != nil {
		return n, s.hide(a, ActionSee, err)
	}
	if s.Authz.Can(a, ActionNeed, identity.InUnit(n.UnitID)) {
		return n, nil
	}
	return n, s.Authz.Check(a, ActionSee, identity.InUnit(n.UnitID))
}

// hide makes a missing thing a refusal for those who may do the action nowhere.
func (s *Service) hide(a identity.Actor, action string, err error) error {
	if _, refused := s.roots(a, action); refused != nil {
		return refused
	}
	return err
}

// AddNeed writes down what a unit needs. The same form sent twice (OfflineID) gives the first need again.
func (s *Service) AddNeed(ctx context.Context, a identity.Actor, f NeedForm) (Need, error) {
	if err := f.check(); err != nil {
		return Need{}, err
	}
	if err := s.Authz.Check(a, ActionNeed, identity.InUnit(f.UnitID)); err != nil {
		return Need{}, err
	}
	now := s.Clock.Now()
	n := Need{ID: id.New(), UnitID: f.UnitID, ItemID: f.ItemID, Qty: f.Qty, Urgency: f.Urgency, Place: f.Place, Note: f.Note, State: NeedOpen,
		CreatedAt: now, CreatedBy: a.ID, OpenedAt: now, ConfirmedAt: now, OfflineID: f.OfflineID}
	if f.Draft {
		n.State, n.OpenedAt, n.ConfirmedAt = NeedDraft, time.Time{}, time.Time{}
	}
	err := s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if f.OfflineID != "" {
			old, err := s.store.needByOffline(ctx, tx, f.OfflineID)
			if err == nil && old.UnitID != f.UnitID {
				return conflict("relief.offline_other")
			}
			if err == nil {
				n = old
				return nil
			}
			if !fault.Is(err, fault.NotFound) {
				return err
			}
		}
		item, err := s.store.item(ctx, tx, f.ItemID)
		if err != nil || !item.Active {
			return fault.Field("item", "relief.line.no_item").Because(err)
		}
		n.Item = item
		if err := s.store.insert(ctx, tx, &n); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, n.UnitID, "relief.need_added", "Need", n.ID, "item", item.Code)
	})
	return n, err
}

// ChangeNeed corrects quantity, urgency, place and note of a need that is not finished; it counts as confirmed.
func (s *Service) ChangeNeed(ctx context.Context, a identity.Actor, needID string, f NeedForm) error {
	return s.onNeed(ctx, a, needID, "relief.need_changed", func(n *Need) error {
		f.UnitID, f.ItemID = n.UnitID, n.ItemID
		if err := f.check(); err != nil {
			return err
		}
		if f.Qty < n.Promised+n.Received {
			return fault.Field("qty", "relief.need.below_promised").With("Qty", n.Promised+n.Received)
		}
		n.Qty, n.Urgency, n.Place, n.Note = f.Qty, f.Urgency, f.Place, f.Note
		if n.State.Open() {
			n.ConfirmedAt = s.Clock.Now()
		}
		return nil
	})
}

// OpenNeed puts a draft before the public.
func (s *Service) OpenNeed(ctx context.Context, a identity.Actor, needID string) error {
	return s.onNeed(ctx, a, needID, "relief.need_opened", func(n *Need) error {
		if n.State != NeedDraft {
			return conflict("relief.need.not_draft")
		}
		n.State, n.OpenedAt, n.ConfirmedAt = NeedOpen, s.Clock.Now(), s.Clock.Now()
		return nil
	})
}

// ConfirmNeed says that the need still stands: the 48 hours begin anew.
func (s *Service) ConfirmNeed(ctx context.Context, a identity.Actor, needID string) error {
	return s.onNeed(ctx, a, needID, "relief.need_confirmed", func(n *Need) error {
		if !n.State.Open() {
			return conflict("relief.need.finished")
		}
		n.ConfirmedAt = s.Clock.Now()
		return nil
	})
}

// CloseNeed ends a need that was met. Withdrawn says that it was not met but no longer stands. A reason is needed unless it
// was covered in full.
func (s *Service) CloseNeed(ctx context.Context, a identity.Actor, needID, reason string, withdrawn bool) error {
	reason = tidy(reason)
	if vntext.Length(reason) > maxNote {
		return fault.Field("reason", "relief.too_long")
	}
	return s.onNeed(ctx, a, needID, "relief.need_closed", func(n *Need) error {
		if n.State == NeedClosed || n.State == NeedWithdrawn {
			return conflict("relief.need.finished")
		}
		if reason == "" && (withdrawn || n.Received < n.Qty) {
			return fault.Field("reason", "relief.need.no_reason")
		}
		if n.Promised > 0 {
			return conflict("relief.need.still_promised").With("Qty", n.Promised)
		}
		n.State, n.Reason, n.ClosedAt = NeedClosed, reason, s.Clock.Now()
		if withdrawn {
			n.State = NeedWithdrawn
		}
		return nil
	})
}

// onNeed changes a need under its lock and writes the act down.
func (s *Service) onNeed(ctx context.Context, a identity.Actor, needID, act string, change func(*Need) error) error {
	if _, err := s.roots(a, ActionNeed); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		n, err := s.store.need(ctx, tx, needID)
		if err != nil {
			return err
		}
		if err := s.Authz.Check(a, ActionNeed, identity.InUnit(n.UnitID)); err != nil {
			return err
		}
		if err := change(&n); err != nil {
			return err
		}
		n.settle()
		if err := s.store.saveNeed(ctx, tx, n); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, n.UnitID, act, "Need", n.ID, "state", string(n.State))
	})
}

// bump moves the figures of a need; gone needs and "" are passed over.
func (s *Service) bump(ctx context.Context, tx db.Tx, needID string, promised, received int64) error {
	if needID == "" || promised == 0 && received == 0 {
		return nil
	}
	n, err := s.store.need(ctx, tx, needID)
	if err != nil {
		return err
	}
	n.Promised, n.Received = max(0, n.Promised+promised), max(0, n.Received+received)
	n.settle()
	return s.store.saveNeed(ctx, tx, n)
}

// Avoids lists what the unit asks people not to bring.
func (s *Service) Avoids(ctx context.Context, a identity.Actor, unitID string) ([]Avoid, error) {
	if err := s.Authz.Check(a, ActionNeed, identity.InUnit(unitID)); err != nil {
		return nil, err
	}
	return s.store.avoids(ctx, s.DB.Read(), []string{unitID})
}

const maxAvoids = 30

// AddAvoid says that a unit wants no more of something.
func (s *Service) AddAvoid(ctx context.Context, a identity.Actor, unitID, what string) error {
	if err := s.Authz.Check(a, ActionNeed, identity.InUnit(unitID)); err != nil {
		return err
	}
	what = tidy(what)
	if what == "" || vntext.Length(what) > maxName {
		return fault.Field("what", "relief.avoid.bad")
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		list, err := s.store.avoids(ctx, tx, []string{unitID})
		if err != nil {
			return err
		}
		if len(list) >= maxAvoids {
			return fault.Field("what", "relief.avoid.too_many").With("Limit", maxAvoids)
		}
		for _, x := range list {
			if vntext.Fold(x.What) == vntext.Fold(what) {
				return nil
			}
		}
		row := Avoid{ID: id.New(), UnitID: unitID, What: what, CreatedAt: s.Clock.Now(), CreatedBy: a.ID}
		if err := s.store.insert(ctx, tx, &row); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, unitID, "relief.avoid_added", "Avoid", row.ID)
	})
}

// DropAvoid takes a line off the list again.
func (s *Service) DropAvoid(ctx context.Context, a identity.Actor, unitID, avoidID string) error {
	if err := s.Authz.Check(a, ActionNeed, identity.InUnit(unitID)); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewDelete().Model((*Avoid)(nil)).Where("id = ?", avoidID).Where("unit_id = ?", unitID).Exec(ctx); err != nil {
			return err
		}
		return s.trace(ctx, tx, a, unitID, "relief.avoid_dropped", "Avoid", avoidID)
	})
}
