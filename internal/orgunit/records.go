package orgunit

import (
	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// The rows of the package's tables. A Forest is built from them and from nothing else.

type unitRow struct {
	bun.BaseModel `bun:"table:orgunit_unit"`
	ID            string     `bun:"id,pk"`
	Kind          Kind       `bun:"kind"`
	Level         Level      `bun:"level"`
	Code          string     `bun:"code"`
	From          clock.Date `bun:"valid_from"`
	To            clock.Date `bun:"valid_to"`
	OpenedBy      string     `bun:"opened_by"`
	ClosedBy      string     `bun:"closed_by"`
}

type nameRow struct {
	bun.BaseModel `bun:"table:orgunit_name"`
	UnitID        string     `bun:"unit_id,pk"`
	From          clock.Date `bun:"valid_from,pk"`
	Name          string     `bun:"name"`
	FullName      string     `bun:"full_name"`
	Type          string     `bun:"type"`
	Basis         string     `bun:"basis"`
}

type parentRow struct {
	bun.BaseModel `bun:"table:orgunit_parent"`
	UnitID        string     `bun:"unit_id,pk"`
	From          clock.Date `bun:"valid_from,pk"`
	ParentID      string     `bun:"parent_id"`
	Basis         string     `bun:"basis"`
}

type edgeRow struct {
	bun.BaseModel `bun:"table:orgunit_edge"`
	FromID        string     `bun:"from_id,pk"`
	ToID          string     `bun:"to_id,pk"`
	On            clock.Date `bun:"on_date,pk"`
	Kind          EdgeKind   `bun:"kind"`
	Basis         string     `bun:"basis"`
}

type aliasRow struct {
	bun.BaseModel `bun:"table:orgunit_alias"`
	Level         Level  `bun:"level,pk"`
	Code          string `bun:"code,pk"`
	UnitID        string `bun:"unit_id,pk"`
	Note          string `bun:"note"`
}

type closureRow struct {
	bun.BaseModel `bun:"table:orgunit_closure"`
	AncestorID    string     `bun:"ancestor_id,pk"`
	UnitID        string     `bun:"unit_id,pk"`
	From          clock.Date `bun:"valid_from,pk"`
	To            clock.Date `bun:"valid_to"`
}

// records is the whole content of the tables, or a part of it that is to be written.
type records struct {
	units   []unitRow
	names   []nameRow
	parents []parentRow
	edges   []edgeRow
	aliases []aliasRow
}

func (r records) empty() bool {
	return len(r.units)+len(r.names)+len(r.parents)+len(r.edges)+len(r.aliases) == 0
}

type edgeKey struct {
	from, to string
	on       clock.Date
}

type spanKey struct {
	unit string
	from clock.Date
}

type aliasKey struct {
	level      Level
	code, unit string
}

// merge gives base with the rows of delta added, or put in the place of those with the same key.
func merge(base, delta records) records {
	return records{
		units:   mergeRows(base.units, delta.units, func(r unitRow) string { return r.ID }),
		names:   mergeRows(base.names, delta.names, func(r nameRow) spanKey { return spanKey{r.UnitID, r.From} }),
		parents: mergeRows(base.parents, delta.parents, func(r parentRow) spanKey { return spanKey{r.UnitID, r.From} }),
		edges:   mergeRows(base.edges, delta.edges, func(r edgeRow) edgeKey { return edgeKey{r.FromID, r.ToID, r.On} }),
		aliases: mergeRows(base.aliases, delta.aliases, func(r aliasRow) aliasKey { return aliasKey{r.Level, r.Code, r.UnitID} }),
	}
}

func mergeRows[R any, K comparable](base, delta []R, key func(R) K) []R {
	out := append(make([]R, 0, len(base)+len(delta)), base...)
	if len(delta) == 0 {
		return out
	}
	at := make(map[K]int, len(out))
	for i, r := range out {
		at[key(r)] = i
	}
	for _, r := range delta {
		if i, ok := at[key(r)]; ok {
			out[i] = r
			continue
		}
		at[key(r)] = len(out)
		out = append(out, r)
	}
	return out
}
