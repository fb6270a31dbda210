package inbox

import (
	"slices"
	"strconv"
	"strings"

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

// fewUnits is up to how many units a reach is written out.
const fewUnits = 400

// reach finds out what stands below units, and what lives on in them.
func (s *Service) reach(units []string) reach {
	r := reach{units: units, on: s.today()}
	forest := s.Forest()
	key := strings.Join(append([]string{strconv.FormatInt(forest.Version(), 10), string(r.on)}, units...), " ")
	s.mu.Lock()
	defer s.mu.Unlock()
	if list, known := s.around[key]; known {
		r.near = list
		return r
	}
	for _, u := range forest.AllIDs() {
		if len(r.near) <= fewUnits && slices.ContainsFunc(units, func(top string) bool { return forest.Under(u, top, r.on) }) {
			r.near = append(r.near, u)
		}
	}
	if len(r.near) > fewUnits {
		r.near = nil
	}
	if s.around == nil || len(s.around) > 1000 { // a day or a reorganisation ago
		s.around = map[string][]string{}
	}
	s.around[key] = r.near
	return r
}
