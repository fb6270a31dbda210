package publish

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Mover lets posts that are still in work follow a unit into its successor; it implements orgunit.Mover. What is published
// or taken down stays under the name it went out under; the successor has the right to it through the tree.
type Mover struct{ s *Service }

var _ orgunit.Mover = Mover{}

// Mover gives what the reorganisation wizard asks about posts.
func (s *Service) Mover() Mover { return Mover{s} }

// inWork are the states of a post that waits for somebody of its unit, or for its hour.
var inWork = []State{StateDraft, StateReview, StateReturned, StateApproved, StateScheduled}

// Preview counts the posts in work that would move from each of the units.
func (m Mover) Preview(ctx context.Context, from []string) ([]orgunit.MoveLine, error) {
	counts, err := m.s.store.countInWork(ctx, m.s.db.Read(), from)
	if err != nil {
		return nil, err
	}
	var out []orgunit.MoveLine
	for _, unit := range from {
		if n := counts[unit]; n > 0 {
			out = append(out, orgunit.MoveLine{UnitID: unit, Key: "publish.move.posts", Count: n})
		}
	}
	return out, nil
}

// Move hands the posts in work over inside the reorganisation's transaction, each with a line of history. Who has one open
// and saves over it is told that it changed. A second run finds none left.
func (m Mover) Move(ctx context.Context, tx db.Tx, from, to string, _ clock.Date) error {
	list, err := m.s.store.inWork(ctx, tx, from)
	if err != nil {
		return err
	}
	house := identity.System("reorganisation")
	for _, postID := range list {
		p, err := m.s.store.lock(ctx, tx, postID)
		if err != nil {
			return err
		}
		p.UnitID, p.UpdatedAt = to, m.s.clock.Now()
		if err := m.s.store.save(ctx, tx, &p, p.Rev); err != nil {
			return err
		}
		if err := m.s.note(ctx, tx, house, p, "inherit", ""); err != nil {
			return err
		}
	}
	return nil
}

// workLimit bounds the list of a handover; the list of posts has the rest.
const workLimit = 200

// OpenWork lists the drafts and returned posts that an official has begun in a unit, for the handover to a successor. It
// implements identity.WorkLister; the asking room has checked its own actor.
func (s *Service) OpenWork(ctx context.Context, officialID, unitID string) ([]identity.WorkItem, error) {
	list, err := s.store.begunBy(ctx, s.db.Read(), officialID, unitID, workLimit)
	if err != nil {
		return nil, err
	}
	out := make([]identity.WorkItem, len(list))
	for i, p := range list {
		out[i] = identity.WorkItem{Kind: "publish.state." + string(p.State), Title: p.Title, Href: "/lam-viec/tin-bai/" + p.ID, Due: p.PublishAt.UTC()}
	}
	return out, nil
}

var _ identity.WorkLister = (*Service)(nil)

func (store) inWork(ctx context.Context, q bun.IDB, unitID string) (ids []string, err error) {
	err = q.NewSelect().Model((*Post)(nil)).Column("p.id").Where("p.unit_id = ?", unitID).Where("p.state IN (?)", bun.In(inWork)).Order("p.id").Scan(ctx, &ids)
	return ids, err
}

func (store) countInWork(ctx context.Context, q bun.IDB, units []string) (map[string]int, error) {
	out := map[string]int{}
	if len(units) == 0 {
		return out, nil
	}
	var rows []struct {
		UnitID string
		N      int
	}
	err := q.NewSelect().Model((*Post)(nil)).ColumnExpr("p.unit_id, count(*) AS n").Where("p.unit_id IN (?)", bun.In(units)).
		Where("p.state IN (?)", bun.In(inWork)).GroupExpr("p.unit_id").Scan(ctx, &rows)
	for _, r := range rows {
		out[r.UnitID] = r.N
	}
	return out, err
}

// begunBy lists the posts of a unit that wait for their author, the oldest change first.
func (store) begunBy(ctx context.Context, q bun.IDB, officialID, unitID string, limit int64) (ps []Post, err error) {
	err = q.NewSelect().Model(&ps).Where("p.author_id = ?", officialID).Where("p.unit_id = ?", unitID).
		Where("p.state IN (?)", bun.In([]State{StateDraft, StateReturned})).Order("p.updated_at", "p.id").Limit(limit).Scan(ctx)
	return ps, err
}
