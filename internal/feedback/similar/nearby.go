package similar

import (
	"context"
	"math"
	"slices"

	"github.com/nhipcau/nhipcau/internal/feedback/published"
)

// nearMetres is how far around a point open cases count as nearby.
const nearMetres = 1000

// Nearby offers the open cases within a kilometre of a point (WGS84), the nearest first, whatever they say: who stands before
// a broken bridge need not find the words that another used. Without a point there are none. It is public.
func (s *Service) Nearby(ctx context.Context, at Near, limit int) ([]Offer, error) {
	if at.Lat == 0 && at.Lon == 0 {
		return nil, nil
	}
	const degree = 111_320 // metres
	dLat := float64(nearMetres) / degree
	dLon := dLat / max(0.1, math.Cos(at.Lat*math.Pi/180))
	var rows []caseRow
	err := s.DB.Read().NewSelect().Model(&rows).Where("c.state = ?", StateOpen).Where("c.lat BETWEEN ? AND ?", at.Lat-dLat, at.Lat+dLat).
		Where("c.lon BETWEEN ? AND ?", at.Lon-dLon, at.Lon+dLon).OrderExpr("c.n DESC").Limit(200).Scan(ctx)
	if err != nil {
		return nil, err
	}
	away := func(r caseRow) float64 {
		return math.Hypot((r.Lat-at.Lat)*degree, (r.Lon-at.Lon)*degree*math.Cos(at.Lat*math.Pi/180))
	}
	slices.SortStableFunc(rows, func(a, b caseRow) int { return int(away(a) - away(b)) })
	var out []Offer
	for _, r := range rows {
		if away(r) <= nearMetres && len(out) < limit {
			out = append(out, r.offer())
		}
	}
	return out, nil
}

// OpenCounts counts the open cases that anybody may follow by the unit in which they were asked. It is public.
func (s *Service) OpenCounts(ctx context.Context, f OpenFilter) (map[string]int, error) {
	var rows []struct {
		UnitID string
		N      int
	}
	err := f.narrow(s.DB.Read().NewSelect().TableExpr("similar_case AS c"), s.Cases.Today()).
		ColumnExpr("c.unit_id").ColumnExpr("COUNT(*) AS n").GroupExpr("c.unit_id").Scan(ctx, &rows)
	out := map[string]int{}
	for _, r := range rows {
		out[r.UnitID] = r.N
	}
	return out, err
}

// fits narrows a list to one service of open data.
func fits(k published.Matter) (where string, args []any) {
	switch {
	case k.Category != "":
		return "c.kind = ? AND c.category = ?", []any{string(k.Kind), k.Category}
	case len(k.Except) > 0:
		return "c.kind = ? AND c.category NOT IN (?)", []any{string(k.Kind), in(k.Except)}
	case k.Kind != "":
		return "c.kind = ?", []any{string(k.Kind)}
	}
	return "1 = 1", nil
}
