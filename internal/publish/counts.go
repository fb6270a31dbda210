package publish

import (
	"context"
	"time"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// OutByUnit counts, for each unit the actor may read, the posts that came to stand on its public page since the moment.
// Units without any are left out.
func (s *Service) OutByUnit(ctx context.Context, a identity.Actor, since time.Time) (map[string]int, error) {
	scope := s.authz.Scope(a, ActRead)
	if len(scope) == 0 {
		return nil, s.authz.Check(a, ActRead, identity.Resource{Type: "Unit"})
	}
	var rows []struct {
		UnitID string
		N      int
	}
	q := s.db.Read().NewSelect().TableExpr("publish_unit AS w").ColumnExpr("w.unit_id").ColumnExpr("count(*) AS n").
		Where("w.published_at >= ? AND w.published_at <= ?", since, s.clock.Now()).Where("NOT w.retracted").GroupExpr("w.unit_id")
	if err := orgunit.Within(q, "w.unit_id", scope, s.today()).Scan(ctx, &rows); err != nil {
		return nil, err
	}
	out := make(map[string]int, len(rows))
	for _, r := range rows {
		out[r.UnitID] = r.N
	}
	return out, nil
}
