package identity

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// WorkItem is one open thing that somebody is in charge of.
type WorkItem struct {
	Kind  string // catalogue key: "feedback.case"
	Title string
	Href  string
	Due   time.Time // zero: no deadline
}

// WorkLister is a feature that knows what an official still has open in a unit. The work belongs to the unit: a handover
// only shows it to whoever comes next.
type WorkLister interface {
	OpenWork(ctx context.Context, officialID, unitID string) ([]WorkItem, error)
}

// WorkTaker is a WorkLister whose things pass to the successor the moment the handover is confirmed.
type WorkTaker interface {
	TakeWork(ctx context.Context, tx db.Tx, fromOfficialID string, to Actor, unitID string) error
}

type namedLister struct {
	name string
	WorkLister
}

// RegisterWork lets a feature show open work at a handover. Call it while the house is put together.
func (s *Service) RegisterWork(feature string, l WorkLister) {
	s.work = append(s.work, namedLister{feature, l})
}

// openWork asks every feature, earliest deadline first, without deadline last.
func (s *Service) openWork(ctx context.Context, officialID, unitID string) ([]WorkItem, error) {
	var out []WorkItem
	for _, l := range s.work {
		items, err := l.OpenWork(ctx, officialID, unitID)
		if err != nil {
			return nil, fmt.Errorf("identity: open work of %s: %w", l.name, err)
		}
		out = append(out, items...)
	}
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i].Due, out[j].Due
		return !a.IsZero() && (b.IsZero() || a.Before(b))
	})
	return out, nil
}

// OpenWorkOf shows what the holder of a role still has open, before the role is ended.
func (s *Service) OpenWorkOf(ctx context.Context, a Actor, p Person) ([]WorkItem, error) {
	if err := s.z.Check(a, "identity.end_role", Resource{
		Type: "Membership", ID: p.MembershipID, UnitID: p.UnitID, Attrs: map[string]string{"role": string(p.Role), "held_by": p.OfficialID},
	}); err != nil {
		return nil, err
	}
	return s.openWork(ctx, p.OfficialID, p.UnitID)
}

// A handover is shown to somebody whose role began within handoverFresh days, about a predecessor in the same role whose
// term ended at most handoverGap days before it began.
const (
	handoverFresh = 60
	handoverGap   = 90
)

// Handover is what one predecessor leaves to the actor.
type Handover struct {
	MembershipID string // the actor's own new role
	UnitID       string
	Role         Role
	From         clock.Date // first day of the actor's term
	Predecessor  string     // name
	Ended        clock.Date // the predecessor's last day
	Work         []WorkItem
	TakenAt      *time.Time // when the actor confirmed
}

type handoverRow struct {
	MembershipID string
	UnitID       string
	Role         Role
	From         clock.Date
	TakenAt      *time.Time
	PrevID       string
	PrevName     string
	PrevTo       clock.Date
}

// Handovers lists what the actor's predecessors left, newest role first. On the first day of a term it is complete.
func (s *Service) Handovers(ctx context.Context, a Actor) ([]Handover, error) {
	if err := signedIn(a); err != nil {
		return nil, err
	}
	today := s.today()
	var rows []handoverRow
	err := s.db.Read().NewSelect().TableExpr("identity_membership AS m").
		ColumnExpr("m.id AS membership_id, m.unit_id, m.role, m.valid_from AS \"from\", m.taken_at").
		ColumnExpr("p.official_id AS prev_id, o.name AS prev_name, p.valid_to AS prev_to").
		Join("JOIN identity_membership AS p ON p.unit_id = m.unit_id AND p.role = m.role AND p.official_id <> m.official_id AND p.valid_to <= ? AND p.valid_from < p.valid_to", today).
		Join("JOIN identity_official AS o ON o.id = p.official_id").
		Where("m.official_id = ? AND m.valid_from <= ? AND m.valid_to > ? AND m.valid_from > ?", a.ID, today, today, today.AddDays(-handoverFresh)).
		OrderExpr("m.valid_from DESC, p.valid_to DESC, p.id").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("identity: handover: %w", err)
	}
	var out []Handover
	for _, r := range rows {
		if r.PrevTo < r.From.AddDays(-handoverGap) {
			continue
		}
		h := Handover{
			MembershipID: r.MembershipID, UnitID: r.UnitID, Role: r.Role, From: r.From, Predecessor: r.PrevName,
			Ended: r.PrevTo.AddDays(-1), TakenAt: r.TakenAt,
		}
		if h.Work, err = s.openWork(ctx, r.PrevID, r.UnitID); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

// TakeOver confirms that the actor has seen what came with one of their own roles; what features hand over by themselves is
// theirs from then on.
func (s *Service) TakeOver(ctx context.Context, a Actor, membershipID string) error {
	if err := signedIn(a); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var m Membership
		err := tx.ForUpdate(tx.NewSelect().Model(&m).Where("m.id = ? AND m.official_id = ?", membershipID, a.ID)).Scan(ctx)
		if err != nil {
			return fault.New(fault.NotFound, "identity.role.gone").Because(err)
		}
		if m.TakenAt != nil {
			return nil
		}
		if _, err := tx.NewUpdate().Model((*Membership)(nil)).Set("taken_at = ?", s.clock.Now()).Where("id = ?", m.ID).Exec(ctx); err != nil {
			return err
		}
		if err := s.takeWork(ctx, tx, a, m); err != nil {
			return err
		}
		return s.record(ctx, tx, a, m.UnitID, "identity.take_over", a.ID, "role", string(m.Role))
	})
}

// takeWork hands over what the predecessors in a role left.
func (s *Service) takeWork(ctx context.Context, tx db.Tx, a Actor, m Membership) error {
	var from []string
	err := tx.NewSelect().TableExpr("identity_membership AS p").ColumnExpr("DISTINCT p.official_id").
		Where("p.unit_id = ? AND p.role = ? AND p.official_id <> ? AND p.valid_to <= ? AND p.valid_from < p.valid_to", m.UnitID, m.Role, a.ID, s.today()).
		Where("p.valid_to >= ?", m.ValidFrom.AddDays(-handoverGap)).OrderExpr("p.official_id").Scan(ctx, &from)
	if err != nil {
		return fmt.Errorf("identity: predecessors: %w", err)
	}
	for _, l := range s.work {
		t, ok := l.WorkLister.(WorkTaker)
		if !ok {
			continue
		}
		for _, f := range from {
			if err := t.TakeWork(ctx, tx, f, a, m.UnitID); err != nil {
				return fmt.Errorf("identity: hand over work of %s: %w", l.name, err)
			}
		}
	}
	return nil
}

// Serving gives the units in which each of the officials holds a role today. Who holds none, or is locked out, is left out.
func (s *Service) Serving(ctx context.Context, officialIDs []string) (map[string][]string, error) {
	out := map[string][]string{}
	today := s.today()
	for part := range slices.Chunk(officialIDs, 500) {
		var rows []struct{ OfficialID, UnitID string }
		err := s.db.Read().NewSelect().TableExpr("identity_membership AS m").ColumnExpr("DISTINCT m.official_id, m.unit_id").
			Join("JOIN identity_official AS o ON o.id = m.official_id").Where("m.official_id IN (?)", bun.In(part)).
			Where("m.valid_from <= ? AND m.valid_to > ? AND m.valid_from < m.valid_to", today, today).Where("o.disabled_at IS NULL").OrderExpr("m.official_id, m.unit_id").Scan(ctx, &rows)
		if err != nil {
			return nil, fmt.Errorf("identity: serving: %w", err)
		}
		for _, r := range rows {
			out[r.OfficialID] = append(out[r.OfficialID], r.UnitID)
		}
	}
	return out, nil
}
