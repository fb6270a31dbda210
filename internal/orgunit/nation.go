package orgunit

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/clock"
)

// The days on which the country's lists of units take effect.
const (
	FirstDay   clock.Date = "2024-11-01" // the oldest list; earlier days are not known here
	Districts  clock.Date = "2025-07-01" // districts closed, communes and provinces drawn anew (Law 72/2025/QH15)
	DongNaiDay clock.Date = "2026-04-30" // Đồng Nai became a city
)

// CentralID is the unit at the very top.
var CentralID = unitID(LevelCentral, "00", FirstDay)

// The decisions behind the lists.
const (
	basisDistricts = "Luật 72/2025/QH15"
	basisProvinces = "NQ 202/2025/QH15"
	basisCommunes  = "QĐ 19/2025/QĐ-TTg"
)

// mergerDay is when a province's mergers of 2024–2025 took effect, with their decision where it is known.
func mergerDay(province string) (clock.Date, string) {
	switch province {
	case "40":
		return "2024-12-01", "NQ 1243/NQ-UBTVQH15"
	case "01":
		return "2025-01-01", "NQ 1286/NQ-UBTVQH15"
	case "79":
		return "2025-01-01", "NQ 1278/NQ-UBTVQH15"
	case "31":
		return "2025-01-01", "NQ 1232/NQ-UBTVQH15"
	case "46":
		return "2025-01-01", "NQ 175/2024/QH15"
	}
	return "2025-03-01", ""
}

// respelled are codes whose name was put right between two lists by more than a mark.
var respelled = map[string]bool{"04136": true, "07540": true} // Nà Pó → Nà Bó, Xa Lý → Sa Lý

// codeInLists is the code the lists use where the conversion table has another one.
var codeInLists = map[string]string{"06970": "06978"} // Xã Ba Chẽ

// namespace makes ids from (level, code, first day), so that importing twice finds the same units.
var namespace = uuid.MustParse("6f1c2d5e-0d0b-5e3a-9a55-1b7e7a0c2f40")

func unitID(l Level, code string, from clock.Date) string {
	return uuid.NewSHA1(namespace, []byte(string(l)+"|"+code+"|"+string(from))).String()
}

// listRow is one line of a list of units.
type listRow struct{ level, code, name, full, typ, parent, province string }

// nation builds the rows of the whole country by walking from list to list.
type nation struct {
	out   records
	at    map[string]int       // unit id → its row in out.units
	live  map[codeKey]string   // who bears a code now
	name  map[string]nameRow   // latest name of a unit
	up    map[string]string    // latest parent of a unit
	split map[[2]string]string // level|old, new → kind, of the table of mergers
}

func nationRecords() (*nation, error) {
	n := &nation{at: map[string]int{}, live: map[codeKey]string{}, name: map[string]nameRow{}, up: map[string]string{}, split: map[[2]string]string{}}
	var lists [4][]listRow
	for i, f := range []string{data.Units202411, data.Units202503, data.Units202507, data.Units202604} {
		rows, err := readList(f)
		if err != nil {
			return nil, err
		}
		lists[i] = rows
	}
	n.open(KindFront, LevelCentral, "00", FirstDay, "", nameRow{Name: "Trung ương", FullName: "Trung ương", Type: "Trung ương"}, "")
	for _, r := range lists[0] {
		n.openRow(r, FirstDay, "")
	}
	mergers, err := readTable(data.Mergers, "level", "old_code", "new_code", "kind", "basis", "how")
	if err != nil {
		return nil, err
	}
	n.toSpring2025(lists[1], mergers)
	table, err := readTable(data.OldToNew, "new_province_code", "new_code", "old_code", "old_district_code", "old_province_code", "kind", "old_name")
	if err != nil {
		return nil, err
	}
	n.toTwoLevels(lists[2], table)
	for _, r := range lists[3] {
		if id, ok := n.live[r.key()]; ok {
			n.rename(id, r, DongNaiDay, "")
		} else {
			n.openRow(r, DongNaiDay, "")
		}
	}
	return n, nil
}

func (r listRow) key() codeKey { return codeKey{Level(r.level), r.code} }

func (n *nation) open(k Kind, l Level, code string, on clock.Date, basis string, nm nameRow, parent string) string {
	id := unitID(l, code, on)
	n.at[id] = len(n.out.units)
	n.out.units = append(n.out.units, unitRow{ID: id, Kind: k, Level: l, Code: code, From: on, To: clock.Forever, OpenedBy: basis})
	nm.UnitID, nm.From = id, on
	n.out.names = append(n.out.names, nm)
	n.name[id] = nm
	n.attach(id, parent, on)
	n.live[codeKey{l, code}] = id
	return id
}

func (n *nation) openRow(r listRow, on clock.Date, basis string) string {
	return n.open(KindFront, Level(r.level), r.code, on, basis, nameRow{Name: r.name, FullName: r.full, Type: r.typ}, n.parentOf(r))
}

// parentOf finds the unit a list row stands under now.
func (n *nation) parentOf(r listRow) string {
	if r.level == string(LevelProvince) {
		return CentralID
	}
	if id, ok := n.live[codeKey{LevelDistrict, r.parent}]; ok && r.level == string(LevelCommune) {
		return id
	}
	return n.live[codeKey{LevelProvince, r.parent}]
}

func (n *nation) attach(id, parent string, on clock.Date) {
	n.out.parents = append(n.out.parents, parentRow{UnitID: id, From: on, ParentID: parent})
	n.up[id] = parent
}

func (n *nation) close(id string, on clock.Date, basis string) {
	u := &n.out.units[n.at[id]]
	u.To, u.ClosedBy = on, basis
	if k := (codeKey{u.Level, u.Code}); n.live[k] == id {
		delete(n.live, k)
	}
}

func (n *nation) edge(from, to string, kind EdgeKind, on clock.Date, basis string) {
	n.out.edges = append(n.out.edges, edgeRow{FromID: from, ToID: to, On: on, Kind: kind, Basis: basis})
}

func (n *nation) rename(id string, r listRow, on clock.Date, basis string) {
	was := n.name[id]
	if was.FullName == r.full && was.Name == r.name && was.Type == r.typ {
		return
	}
	nm := nameRow{UnitID: id, From: on, Name: r.name, FullName: r.full, Type: r.typ, Basis: basis}
	n.out.names = append(n.out.names, nm)
	n.name[id] = nm
}

var leadingZero = regexp.MustCompile(`\b0+(\d)`)

// sameName tells a new spelling from a new name.
func sameName(a, b string) bool {
	key := func(s string) string { return leadingZero.ReplaceAllString(foldWords(s), "$1") }
	return key(a) == key(b)
}

// toSpring2025 walks to the list of March 2025: mergers inside provinces. A code with another name is another unit.
func (n *nation) toSpring2025(list []listRow, mergers [][]string) {
	before := map[codeKey]string{}
	for k, v := range n.live {
		before[k] = v
	}
	for _, m := range mergers {
		n.split[[2]string{m[0] + "|" + m[1], m[2]}] = m[3]
	}
	in := map[codeKey]bool{}
	day := map[string]clock.Date{}
	for _, r := range list {
		in[r.key()] = true
		on, basis := mergerDay(r.province)
		id, ok := n.live[r.key()]
		switch {
		case !ok:
			n.openRow(r, on, basis)
		case r.level == string(LevelProvince) || respelled[r.code] || sameName(n.name[id].Name, r.name):
			n.rename(id, r, on, basis)
			if p := n.parentOf(r); p != n.up[id] {
				n.attach(id, p, on)
			}
		default:
			n.close(id, on, basis)
			next := n.openRow(r, on, basis)
			if n.split[[2]string{r.level + "|" + r.code, r.code}] == "" {
				n.edge(id, next, EdgeWhole, on, basis)
			}
		}
		day[r.province] = on
	}
	for k, id := range before {
		if !in[k] && k.level != LevelCentral {
			on, basis := mergerDay(n.provinceCode(id))
			n.close(id, on, basis)
		}
	}
	for _, m := range mergers {
		from, to := before[codeKey{Level(m[0]), m[1]}], n.live[codeKey{Level(m[0]), m[2]}]
		if from == "" || to == "" || from == to {
			continue
		}
		on, basis := mergerDay(n.provinceCode(from))
		if m[4] != "" {
			basis = m[4]
		}
		n.edge(from, to, EdgeKind(m[3]), on, basis)
	}
}

// provinceCode is the code of the province above a unit, by its latest place.
func (n *nation) provinceCode(id string) string {
	for i := 0; id != "" && i < maxDepth; i++ {
		if u := n.out.units[n.at[id]]; u.Level == LevelProvince {
			return u.Code
		}
		id = n.up[id]
	}
	return ""
}

// toTwoLevels walks to July 2025: provinces merged, districts closed, every commune a new unit.
func (n *nation) toTwoLevels(list []listRow, table [][]string) {
	before := map[codeKey]string{}
	for k, v := range n.live {
		before[k] = v
	}
	from := map[string][]string{} // new province → old ones
	for _, m := range table {
		if !slices.Contains(from[m[0]], m[4]) {
			from[m[0]] = append(from[m[0]], m[4])
		}
	}
	for k, id := range before { // communes and districts first, so that provinces may be asked for by code
		switch k.level {
		case LevelDistrict:
			n.close(id, Districts, basisDistricts)
		case LevelCommune:
			n.close(id, Districts, basisCommunes)
		}
	}
	for _, r := range list {
		if r.level == string(LevelProvince) {
			n.province(r, before, from[r.code])
		}
	}
	for _, r := range list {
		if r.level == string(LevelCommune) {
			n.openRow(r, Districts, basisCommunes)
		}
	}
	for _, m := range table {
		n.commune(before, m)
	}
	for other, code := range codeInLists {
		n.out.aliases = append(n.out.aliases, aliasRow{Level: LevelCommune, Code: other, UnitID: n.live[codeKey{LevelCommune, code}],
			Note: "conversion table of the National Statistics Office"})
	}
}

func (n *nation) province(r listRow, before map[codeKey]string, old []string) {
	if len(old) == 1 && old[0] == r.code {
		n.rename(n.live[r.key()], r, Districts, basisProvinces)
		return
	}
	for _, code := range old {
		n.close(before[codeKey{LevelProvince, code}], Districts, basisProvinces)
	}
	id := n.openRow(r, Districts, basisProvinces)
	for _, code := range old {
		n.edge(before[codeKey{LevelProvince, code}], id, EdgeWhole, Districts, basisProvinces)
	}
}

// commune adds the succession that one line of the conversion table speaks of.
func (n *nation) commune(before map[codeKey]string, m []string) {
	newCode, oldCode, district, kind, oldName := m[1], m[2], m[3], m[5], m[6]
	if c, ok := codeInLists[newCode]; ok {
		newCode = c
	}
	to := n.live[codeKey{LevelCommune, newCode}]
	from := before[codeKey{LevelCommune, oldCode}]
	if oldCode == "" && oldName == "" { // an island district that had no communes
		from = before[codeKey{LevelDistrict, district}]
	}
	if from == "" || to == "" {
		return // a tract of land that was no commune
	}
	k := EdgeKind(kind)
	if k != EdgeWhole && k != EdgePart {
		k = EdgeRename
	}
	n.edge(from, to, k, Districts, basisCommunes)
}

func readList(name string) ([]listRow, error) {
	t, err := readTable(name, "level", "code", "name", "full_name", "type", "parent_code", "province_code")
	if err != nil {
		return nil, err
	}
	out := make([]listRow, len(t))
	for i, c := range t {
		out[i] = listRow{c[0], c[1], c[2], c[3], c[4], c[5], c[6]}
	}
	slices.SortStableFunc(out, func(a, b listRow) int { return Level(a.level).Rank() - Level(b.level).Rank() })
	return out, nil
}

// readTable reads the named columns of a delivered file.
func readTable(name string, columns ...string) ([][]string, error) {
	b, err := data.Read(name)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("orgunit: %s: %w", name, err)
	}
	at := make([]int, len(columns))
	for i, c := range columns {
		if at[i] = slices.Index(head, c); at[i] < 0 {
			return nil, fmt.Errorf("orgunit: %s has no column %s", name, c)
		}
	}
	var out [][]string
	for {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("orgunit: %s: %w", name, err)
		}
		row := make([]string, len(at))
		for i, k := range at {
			row[i] = strings.Clone(rec[k])
		}
		out = append(out, row)
	}
}
