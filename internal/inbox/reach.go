package inbox

import (
	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// reach is where conversations are looked for: in the units and below.
type reach struct {
	units []string
	near  []string // the units and all below by id, when they are few: the engines then go by index
	on    clock.Date
}

// apply limits a query on inbox_conversation (alias c) to the reach.
func (r reach) apply(q *bun.SelectQuery) *bun.SelectQuery {
	if len(r.near) > 0 {
		return q.Where("c.unit_id IN (?)", bun.In(r.near))
	}
	return orgunit.Among(q, "c.unit_id", r.units, r.on)
}

// reach finds out what stands below units, and what lives on in them.
func (s *Service) reach(units []string) reach {
	on := s.today()
	return reach{units: units, near: s.nearby.Of(s.Forest(), units, on), on: on}
}
