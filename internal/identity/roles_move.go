package identity

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// CountRoles counts, for each unit, the roles that hold now or later: what a reorganisation would carry over.
func (s *Service) CountRoles(ctx context.Context, units []string) (map[string]int, error) {
	var rows []struct {
		UnitID string
		N      int
	}
	out := map[string]int{}
	if len(units) == 0 {
		return out, nil
	}
	err := s.db.Read().NewSelect().TableExpr("identity_membership AS m").ColumnExpr("m.unit_id, count(*) AS n").
		Where("m.unit_id IN (?) AND m.valid_to > ? AND m.valid_from < m.valid_to", bun.In(units), s.today()).GroupExpr("m.unit_id").Scan(ctx, &rows)
	for _, r := range rows {
		out[r.UnitID] = r.N
	}
	return out, err
}

// MoveRoles carries the roles of a unit over to its successor from the day on: each ends in the old unit and goes on in the
// new one until its own end. Roles that ended before the day stay history. Run twice it changes nothing more.
func (s *Service) MoveRoles(ctx context.Context, tx db.Tx, from, to string, on clock.Date) error {
	var list []Membership
	err := tx.ForUpdate(tx.NewSelect().Model(&list).Where("m.unit_id = ? AND m.valid_to > ? AND m.valid_from < m.valid_to", from, on).Order("m.id")).Scan(ctx)
	if err != nil {
		return fmt.Errorf("identity: move roles: %w", err)
	}
	house := System("reorganisation")
	for _, m := range list {
		if _, err := tx.NewUpdate().Model((*Membership)(nil)).Set("valid_to = ?", max(on, m.ValidFrom)).Set("ended_by = ?", house.ID).
			Where("id = ?", m.ID).Exec(ctx); err != nil {
			return err
		}
		next := m
		next.ID, next.UnitID, next.ValidFrom, next.GivenBy, next.CreatedAt, next.TakenAt = id.New(), to, max(on, m.ValidFrom), house.ID, s.clock.Now(), nil
		has, err := tx.NewSelect().Model((*Membership)(nil)).
			Where("m.official_id = ? AND m.unit_id = ? AND m.role = ? AND m.valid_from < ? AND m.valid_to > ? AND m.valid_from < m.valid_to", m.OfficialID, to, m.Role, next.ValidTo, next.ValidFrom).Exists(ctx)
		if err != nil {
			return err
		}
		if has { // the person held the same role in two of the merged units
			continue
		}
		if _, err := tx.NewInsert().Model(&next).Exec(ctx); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		return nil
	}
	tx.AfterCommit(s.cache.clear)
	return s.trail.Record(ctx, tx, Trace{Actor: house, UnitID: to, Action: "identity.move", ResourceType: "Unit", ResourceID: from,
		Details: map[string]string{"roles": fmt.Sprint(len(list)), "on": string(on)}})
}
