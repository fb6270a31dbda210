package audit

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit"
)

// Viewer lets auditors read the diary, each within their units.
type Viewer struct {
	log   *Log
	z     *identity.Authorizer
	units *orgunit.Service
}

// NewViewer puts the parts together.
func NewViewer(l *Log, z *identity.Authorizer, units *orgunit.Service) *Viewer {
	return &Viewer{log: l, z: z, units: units}
}

// Query is what of the diary is asked for; an empty field asks for everything.
type Query struct {
	UnitID       string     // this unit and those below
	Actor        string     // part of a name as written, or an id
	Action       string     // "publish." for a whole feature, "publish.approve" for one action
	ResourceType string     // "Post"
	ResourceID   string     // all that was done to one thing
	From, To     clock.Date // days in Vietnam, both included
	Page, Per    int        // Page from 1; Per 0 for all, up to ExportLimit
}

// ExportLimit bounds an unpaged answer.
const ExportLimit = 100_000

// List reads the diary, newest line first, within the units the actor may audit; total counts all pages.
func (v *Viewer) List(ctx context.Context, a identity.Actor, q Query) (lines []Line, total int, err error) {
	if q.UnitID != "" {
		if err := v.z.Check(a, "audit.read", identity.InUnit(q.UnitID)); err != nil {
			return nil, 0, err
		}
	}
	roots := v.z.Scope(a, "audit.read")
	if len(roots) == 0 {
		return nil, 0, v.z.Check(a, "audit.read", identity.InUnit(""))
	}
	sel, err := v.filter(v.log.db.Read().NewSelect().Model(&lines), roots, q)
	if err != nil {
		return nil, 0, err
	}
	per := q.Per
	if per <= 0 {
		per = ExportLimit
	}
	n, err := sel.Order("e.seq DESC").Limit(int64(per)).Offset(int64(max(0, q.Page-1) * per)).ScanAndCount(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("audit: list: %w", err)
	}
	return lines, int(n), nil
}

func (v *Viewer) filter(sel *bun.SelectQuery, roots []string, q Query) (*bun.SelectQuery, error) {
	today := v.units.Today()
	if q.UnitID != "" {
		sel = orgunit.Within(sel, "e.unit_id", []string{q.UnitID}, today)
	} else {
		sel = sel.WhereGroup(" AND ", func(g *bun.SelectQuery) *bun.SelectQuery {
			g = orgunit.Within(g, "e.unit_id", roots, today)
			if v.atTop(roots, today) { // what concerns the whole house belongs to its top
				g = g.WhereOr("e.unit_id = ''")
			}
			return g
		})
	}
	if q.Actor != "" {
		sel = sel.Where("(e.actor_id = ? OR lower(e.actor_name) LIKE lower(?))", q.Actor, "%"+q.Actor+"%")
	}
	if q.Action != "" {
		sel = sel.Where("substr(e.action, 1, ?) = ?", len([]rune(q.Action)), q.Action)
	}
	if q.ResourceType != "" {
		sel = sel.Where("e.resource_type = ?", q.ResourceType)
	}
	if q.ResourceID != "" {
		sel = sel.Where("e.resource_id = ?", q.ResourceID)
	}
	if q.From != "" {
		if !q.From.Valid() {
			return nil, fault.Field("tu", "audit.bad_day")
		}
		sel = sel.Where("e.at >= ?", q.From.Time())
	}
	if q.To != "" {
		if !q.To.Valid() {
			return nil, fault.Field("den", "audit.bad_day")
		}
		sel = sel.Where("e.at < ?", q.To.AddDays(1).Time())
	}
	return sel, nil
}

// atTop tells whether one of the units has nobody above it.
func (v *Viewer) atTop(roots []string, on clock.Date) bool {
	f := v.units.Forest()
	for _, r := range roots {
		if f.Has(r) && len(f.AncestorIDs(r, on)) == 0 {
			return true
		}
	}
	return false
}

// Verify walks the chain for somebody who may ask for it.
func (v *Viewer) Verify(ctx context.Context, a identity.Actor) (Report, error) {
	if len(v.z.Scope(a, "audit.verify")) == 0 {
		return Report{}, v.z.Check(a, "audit.verify", identity.InUnit(""))
	}
	return v.log.Verify(ctx)
}
