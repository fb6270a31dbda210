package feedback

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// Mover lets cases follow the unit that holds them into its successor; it implements orgunit.Mover. The unit that took a
// case in stays written down as it was: the tree knows who carries it on.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about cases.
func (s *Service) Mover() Mover { return Mover{s} }

// Preview counts the ordinary cases that would move from each of the units, finished ones included: a citizen may take them
// up again. Complaints and denunciations move too, but nobody is told how many there are.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	counts, err := m.s.store.countHeld(ctx, m.s.DB.Read(), from)
	if err != nil {
		return nil, err
	}
	var out []orgunit.MoveLine
	for _, unit := range from {
		if n := counts[unit]; n > 0 {
			out = append(out, orgunit.MoveLine{UnitID: unit, Key: "feedback.move.cases", Count: n})
		}
	}
	return out, nil
}

// Move gives every case that the unit holds to its successor inside the reorganisation's transaction, with an event that
// the citizen sees, and with it the answer that is being written. A second run finds none left.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	held, err := m.s.store.held(ctx, tx, from)
	if err != nil {
		return err
	}
	for _, caseID := range held {
		c, err := m.s.store.lockCase(ctx, tx, caseID)
		if err != nil {
			return err
		}
		if _, err := m.s.apply(ctx, tx, &c, StepInherit, Act{At: m.s.Clock.Now(), ToUnitID: to}); err != nil {
			return err
		}
	}
	return m.s.store.movePending(ctx, tx, from, to)
}

// workLimit bounds the list of a handover; the queue has the rest.
const workLimit = 200

// Href is the address of a case's page for officials.
func Href(caseID string) string { return "/lam-viec/vu-viec/" + caseID }

// OpenWork lists the open ordinary cases that an official has taken on in a unit, for the handover to a successor. Complaints
// and denunciations are not among them: who looks at a handover may not know that there are any, and the next leader finds
// them in the queue. It implements identity.WorkLister; the asking room has checked its own actor.
func (s *Service) OpenWork(ctx context.Context, officialID, unitID string) ([]identity.WorkItem, error) {
	list, err := s.store.claimed(ctx, s.DB.Read(), officialID, unitID, workLimit)
	if err != nil {
		return nil, err
	}
	out := make([]identity.WorkItem, len(list))
	for i, c := range list {
		out[i] = identity.WorkItem{Kind: "feedback.kind." + string(c.Kind), Title: vntext.Truncate(vntext.OneLine(c.Text), 120), Href: Href(c.ID), Due: workday.EndOfDay(c.Deadline)}
	}
	return out, nil
}

var _ identity.WorkLister = (*Service)(nil)

// held lists the cases that a unit holds, oldest first.
func (store) held(ctx context.Context, q bun.IDB, unitID string) ([]string, error) {
	return ids(ctx, q.NewSelect().Model((*caseRow)(nil)).Where("c.holder_unit_id = ?", unitID))
}

// countHeld counts the ordinary cases that each of the units holds.
func (store) countHeld(ctx context.Context, q bun.IDB, units []string) (map[string]int, error) {
	out := map[string]int{}
	for part := range slices.Chunk(units, 500) {
		var rows []struct {
			UnitID string
			N      int
		}
		err := q.NewSelect().Model((*caseRow)(nil)).ColumnExpr("c.holder_unit_id AS unit_id").ColumnExpr("count(*) AS n").
			Where("c.holder_unit_id IN (?)", bun.In(part)).Where("c.kind NOT IN (?)", bun.In(secretKinds)).GroupExpr("c.holder_unit_id").Scan(ctx, &rows)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.UnitID] = r.N
		}
	}
	return out, nil
}

// movePending makes the successor the one who answers in what is still being written.
func (store) movePending(ctx context.Context, q bun.IDB, from, to string) error {
	_, err := q.NewUpdate().Model((*answerRow)(nil)).Set("unit_id = ?", to).Where("unit_id = ?", from).Where("state <> ?", string(AnswerApproved)).Exec(ctx)
	return err
}

// claimed reads the open ordinary cases that an official has taken on, among those of a unit.
func (s store) claimed(ctx context.Context, q bun.IDB, officialID, unitID string, limit int64) ([]Case, error) {
	var rows []caseRow
	err := q.NewSelect().Model(&rows).Where("c.claimed_by = ?", officialID).Where("c.holder_unit_id = ?", unitID).
		Where("c.state IN (?)", bun.In(openStates)).Where("c.kind NOT IN (?)", bun.In(secretKinds)).Order("c.deadline", "c.id").Limit(limit).Scan(ctx)
	if err != nil {
		return nil, err
	}
	return s.casesOf(rows)
}
