package orgunit

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// ImportOptions chooses what is imported beside the provinces, districts and communes of the whole country.
type ImportOptions struct {
	Areas    []string // codes of provinces that get their residential areas; a list is delivered for "40" (Nghệ An)
	Agencies []string // codes of provinces that get the bodies that answer, at the province and in every commune
}

// ImportResult counts what an import wrote; both are 0 when everything was there already.
type ImportResult struct {
	Added   int // new units
	Changed int // rows that tell something new of known units
	Units   int // all units now
}

// Import writes the delivered lists of the country into the database. It may be repeated at any time: what is there stays,
// reorganisations entered by hand included; what is missing is added.
func (s *Service) Import(ctx context.Context, o ImportOptions) (ImportResult, error) {
	n, err := nationRecords()
	if err != nil {
		return ImportResult{}, err
	}
	for _, p := range o.Areas {
		if err := n.areas(p); err != nil {
			return ImportResult{}, err
		}
	}
	if len(o.Agencies) > 0 {
		if err := n.agencies(o.Agencies); err != nil {
			return ImportResult{}, err
		}
	}
	var res ImportResult
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		before, err := s.current(ctx, tx)
		if err != nil {
			return err
		}
		delta := missing(before.rows(), n.out)
		after, err := s.add(ctx, tx, before, delta)
		if err != nil {
			return err
		}
		res = ImportResult{Added: after.Len() - before.Len(), Units: after.Len()}
		res.Changed = len(delta.units) + len(delta.names) + len(delta.parents) + len(delta.edges) + len(delta.aliases)
		return nil
	})
	return res, err
}

// missing gives the rows of want that have does not hold. A unit that want knows to have ended is ended, unless it was
// ended already; nothing else that is there is touched.
func missing(have, want records) records {
	var out records
	units := map[string]unitRow{}
	for _, u := range have.units {
		units[u.ID] = u
	}
	for _, u := range want.units {
		h, ok := units[u.ID]
		if !ok {
			out.units = append(out.units, u)
		} else if h.To == clock.Forever && u.To != clock.Forever {
			h.To, h.ClosedBy = u.To, u.ClosedBy
			out.units = append(out.units, h)
		}
	}
	out.names = absent(have.names, want.names, func(r nameRow) spanKey { return spanKey{r.UnitID, r.From} })
	out.parents = absent(have.parents, want.parents, func(r parentRow) spanKey { return spanKey{r.UnitID, r.From} })
	out.edges = absent(have.edges, want.edges, func(r edgeRow) edgeKey { return edgeKey{r.FromID, r.ToID, r.On} })
	out.aliases = absent(have.aliases, want.aliases, func(r aliasRow) aliasKey { return aliasKey{r.Level, r.Code, r.UnitID} })
	return out
}

func absent[R any, K comparable](have, want []R, key func(R) K) []R {
	seen := make(map[K]bool, len(have))
	for _, r := range have {
		seen[key(r)] = true
	}
	var out []R
	for _, r := range want {
		if !seen[key(r)] {
			out = append(out, r)
		}
	}
	return out
}

// areas adds the residential areas of a province. They stand since the first day; the delivered list knows only the commune
// of today, so each is given one of its former communes in turn.
func (n *nation) areas(province string) error {
	if province != "40" {
		return fault.New(fault.NotFound, "orgunit.no_areas").With("Code", province)
	}
	rows, err := readTable(data.AreasNgheAn, "code", "name", "kind", "commune_code")
	if err != nil {
		return err
	}
	into := map[string][]string{} // unit → those that passed into it
	for _, e := range n.out.edges {
		into[e.ToID] = append(into[e.ToID], e.FromID)
	}
	of := map[string][][]string{}
	for _, r := range rows {
		of[r[3]] = append(of[r[3]], r)
	}
	for _, r := range rows {
		group, ok := of[r[3]]
		if !ok {
			continue
		}
		delete(of, r[3])
		commune, ok := n.live[codeKey{LevelCommune, r[3]}]
		if !ok {
			return fault.New(fault.NotFound, "orgunit.unknown_code").With("Code", r[3])
		}
		paths := n.paths(commune, into)
		for k, a := range group {
			path := paths[k*len(paths)/len(group)]
			id := n.open(KindFront, LevelArea, a[0], FirstDay, "", nameRow{Name: a[1], FullName: a[1], Type: a[2]}, path[0])
			for _, next := range path[1:] {
				n.attach(id, next, n.out.units[n.at[next]].From)
			}
		}
	}
	return nil
}

// paths lists the ways through time that end in the unit, oldest first; each begins with a unit of the first day.
func (n *nation) paths(unit string, into map[string][]string) [][]string {
	if n.out.units[n.at[unit]].From == FirstDay {
		return [][]string{{unit}}
	}
	var out [][]string
	for _, from := range into[unit] {
		for _, p := range n.paths(from, into) {
			out = append(out, append(slices.Clone(p), unit))
		}
	}
	return out
}

// agencies adds the bodies that answer in the given provinces: one set for the province, one for each of its communes at
// any time. They begin, are renamed and end with the unit they stand beside.
func (n *nation) agencies(provinces []string) error {
	kinds, err := readTable(data.Agencies, "level", "code", "name", "full_name", "type")
	if err != nil {
		return err
	}
	names := map[string][]nameRow{}
	for _, x := range n.out.names {
		names[x.UnitID] = append(names[x.UnitID], x)
	}
	hosts := slices.Clone(n.out.units)
	twin := map[string][]string{} // host → its agencies, in the order of the list
	for _, h := range hosts {
		if h.Kind != KindFront || !slices.Contains(provinces, n.provinceCode(h.ID)) {
			continue
		}
		for _, k := range kinds {
			if Level(k[0]) != h.Level {
				continue
			}
			id := ""
			for i, nm := range names[h.ID] {
				a := nameRow{Name: fillIn(k[2], nm), FullName: fillIn(k[3], nm), Type: k[4]}
				if i == 0 {
					id = n.open(KindAgency, h.Level, h.Code+"-"+k[1], h.From, "", a, h.ID)
					twin[h.ID] = append(twin[h.ID], id)
				} else {
					n.rename(id, listRow{name: a.Name, full: a.FullName, typ: a.Type}, nm.From, "")
				}
			}
			if h.To != clock.Forever {
				n.close(id, h.To, h.ClosedBy)
			}
		}
	}
	for _, e := range slices.Clone(n.out.edges) {
		from, to := twin[e.FromID], twin[e.ToID]
		for i := range min(len(from), len(to)) {
			if n.out.units[n.at[from[i]]].Level == n.out.units[n.at[to[i]]].Level {
				n.edge(from[i], to[i], e.Kind, e.On, e.Basis)
			}
		}
	}
	return nil
}

// fillIn writes a host's name into the name of an agency: "UBND {unit}" becomes "UBND phường Trường Vinh".
func fillIn(pattern string, host nameRow) string {
	r, size := utf8.DecodeRuneInString(host.FullName)
	unit := string(unicode.ToLower(r)) + host.FullName[size:]
	return strings.NewReplacer("{unit}", unit, "{name}", host.Name).Replace(pattern)
}
