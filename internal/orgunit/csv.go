package orgunit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// CSVRow is one line of a user's own list of units. Row is its number in the file, the heading being row 1.
type CSVRow struct {
	Row                    int
	Level                  Level
	Code, Name, Full, Type string
	ParentLevel            Level // "" means the next level above that bears the code
	ParentCode             string
	From                   clock.Date // "" means the day of the import
}

// Limits of a user's list.
const (
	MaxCSVRows  = 50_000
	MaxCSVBytes = 16 << 20
)

// csvColumns are the headings a list may have; the first four must be there.
var csvColumns = []string{"level", "code", "name", "parent_code", "full_name", "type", "parent_level", "valid_from"}

// ParseCSV reads a user's list of units: UTF-8 (with or without the mark that Excel writes), comma or semicolon, a heading
// row, the columns level (district, commune, area, cluster), code, name, parent_code and, if wanted, full_name, type,
// parent_level and valid_from (2026-11-21 or 21/11/2026). All mistakes are given at once, each with its row.
func ParseCSV(in io.Reader) ([]CSVRow, error) {
	b, err := io.ReadAll(io.LimitReader(in, MaxCSVBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxCSVBytes {
		return nil, fault.New(fault.TooLarge, "orgunit.csv_too_large").With("Limit", MaxCSVBytes>>20)
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) {
		return nil, fault.Field("file", "orgunit.csv_not_utf8")
	}
	r := csv.NewReader(bufio.NewReader(bytes.NewReader(b)))
	r.Comma = separator(b)
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, fault.Field("file", "orgunit.csv_empty").Because(err)
	}
	at := map[string]int{}
	for i, h := range head {
		at[strings.ToLower(strings.TrimSpace(h))] = i
	}
	for _, c := range csvColumns[:4] {
		if _, ok := at[c]; !ok {
			return nil, fault.Field("file", "orgunit.csv_no_column").With("Column", c)
		}
	}
	return csvRows(r, at)
}

func separator(b []byte) rune {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	if bytes.Count(line, []byte(";")) > bytes.Count(line, []byte(",")) {
		return ';'
	}
	return ','
}

// maxCSVFaults bounds how many mistakes one answer lists.
const maxCSVFaults = 100

func csvRows(r *csv.Reader, at map[string]int) ([]CSVRow, error) {
	var out []CSVRow
	var faults fault.Fields
	for len(faults) < maxCSVFaults {
		rec, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			faults.Add(fault.Field("file", "orgunit.csv_broken_row").With("Row", broken.Line))
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if len(out) == MaxCSVRows {
			faults.Add(fault.Field("file", "orgunit.csv_too_many_rows").With("Limit", MaxCSVRows))
			break
		}
		if row, ok := csvRow(line, rec, at, &faults); ok {
			out = append(out, row)
		}
	}
	return out, faults.OrNil()
}

func csvRow(line int, rec []string, at map[string]int, faults *fault.Fields) (CSVRow, bool) {
	get := func(c string) string {
		if i, ok := at[c]; ok && i < len(rec) {
			return vntext.NFC(strings.TrimSpace(rec[i]))
		}
		return ""
	}
	if strings.Join(rec, "") == "" {
		return CSVRow{}, false
	}
	bad := func(key, value string) {
		faults.Add(fault.Field("file", key).With("Row", line).With("Value", value))
	}
	before := len(*faults)
	row := CSVRow{Row: line, Level: Level(strings.ToLower(get("level"))), Code: get("code"), Name: get("name"), Full: get("full_name"),
		Type: get("type"), ParentLevel: Level(strings.ToLower(get("parent_level"))), ParentCode: get("parent_code")}
	if !slices.Contains([]Level{LevelProvince, LevelDistrict, LevelCommune, LevelArea, LevelCluster}, row.Level) {
		bad("orgunit.csv_level", string(row.Level))
	}
	if row.ParentLevel != "" && row.ParentLevel.Rank() >= row.Level.Rank() {
		bad("orgunit.csv_parent_level", string(row.ParentLevel))
	}
	if row.Code == "" || len(row.Code) > 40 || strings.ContainsAny(row.Code, " \t\n\x00") {
		bad("orgunit.csv_code", row.Code)
	}
	if row.Name == "" || vntext.Length(row.Name) > 100 || vntext.Length(row.Full) > 150 || strings.ContainsRune(row.Name+row.Full+row.Type, 0) {
		bad("orgunit.csv_name", row.Name)
	}
	if row.ParentCode == "" && row.Level != LevelProvince {
		bad("orgunit.csv_no_parent", row.Name)
	}
	if d := get("valid_from"); d != "" {
		day, err := clock.ParseDate(d)
		if err != nil {
			bad("orgunit.csv_date", d)
		}
		row.From = day
	}
	return row, len(*faults) == before
}

// ImportCSV adds the units of a user's list and renames those that are known by code and bear another name. Either all of
// it is taken or nothing. Repeating it changes nothing. The caller has decided that the list may be imported.
func (s *Service) ImportCSV(ctx context.Context, in io.Reader, on clock.Date) (ImportResult, error) {
	rows, err := ParseCSV(in)
	if err != nil {
		return ImportResult{}, err
	}
	var res ImportResult
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		res, err = s.AddRows(ctx, tx, rows, on)
		return err
	})
	return res, err
}

// AddRows is ImportCSV inside the caller's transaction, for rows that were read and judged already.
func (s *Service) AddRows(ctx context.Context, tx db.Tx, rows []CSVRow, on clock.Date) (ImportResult, error) {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b CSVRow) int { return a.Level.Rank() - b.Level.Rank() })
	before, err := s.current(ctx, tx)
	if err != nil {
		return ImportResult{}, err
	}
	delta, n, err := csvDelta(before, rows, on)
	if err != nil {
		return ImportResult{}, err
	}
	after, err := s.add(ctx, tx, before, delta)
	if err != nil {
		return ImportResult{}, err
	}
	return ImportResult{Added: n, Changed: len(delta.names) - n, Units: after.Len()}, nil
}

// csvDelta turns the rows into what is missing, and gives the number of new units.
func csvDelta(f *Forest, rows []CSVRow, on clock.Date) (records, int, error) {
	var out records
	var faults fault.Fields
	fresh := map[codeKey]string{}
	for _, r := range rows {
		from := r.From
		if from == "" {
			from = on
		}
		full := r.Full
		if full == "" {
			full = fullName(r.Type, r.Name)
		}
		k := codeKey{r.Level, r.Code}
		if fresh[k] != "" {
			faults.Add(fault.Field("file", "orgunit.csv_twice").With("Row", r.Row).With("Value", r.Code))
			continue
		}
		if u, err := f.ByCode(r.Level, r.Code, from); err == nil {
			if u.Name != r.Name || u.FullName != full {
				out.names = append(out.names, nameRow{UnitID: u.ID, From: max(from, u.ValidFrom), Name: r.Name, FullName: full, Type: r.Type})
			}
			fresh[k] = u.ID
			continue
		}
		parent := csvParent(f, fresh, r, from)
		if parent == "" && r.Level != LevelProvince {
			faults.Add(fault.Field("file", "orgunit.csv_unknown_parent").With("Row", r.Row).With("Value", r.ParentCode))
			continue
		}
		u := unitRow{ID: unitID(r.Level, r.Code, from), Kind: KindFront, Level: r.Level, Code: r.Code, From: from, To: clock.Forever}
		if later := f.nextWithCode(k, from); later != "" {
			faults.Add(fault.Field("file", "orgunit.csv_code_later").With("Row", r.Row).With("Value", r.Code))
			continue
		}
		fresh[k] = u.ID
		out.units = append(out.units, u)
		out.names = append(out.names, nameRow{UnitID: u.ID, From: from, Name: r.Name, FullName: full, Type: r.Type})
		out.parents = append(out.parents, parentRow{UnitID: u.ID, From: from, ParentID: parent})
	}
	return out, len(out.units), faults.OrNil()
}

// csvParent finds the unit with the parent code: of the named level, or of the nearest level above.
func csvParent(f *Forest, fresh map[codeKey]string, r CSVRow, on clock.Date) string {
	levels := []Level{LevelProvince, LevelDistrict, LevelCommune, LevelArea}
	for i := len(levels) - 1; i >= 0; i-- {
		l := levels[i]
		if l.Rank() >= r.Level.Rank() || r.ParentLevel != "" && r.ParentLevel != l {
			continue
		}
		if id := fresh[codeKey{l, r.ParentCode}]; id != "" {
			return id
		}
		if u, err := f.ByCode(l, r.ParentCode, on); err == nil {
			return u.ID
		}
	}
	if r.Level == LevelProvince && f.Has(CentralID) {
		return CentralID
	}
	return ""
}

// nextWithCode finds a unit that begins to bear the code after the day.
func (f *Forest) nextWithCode(k codeKey, after clock.Date) string {
	for _, i := range f.byCode[k] {
		if f.nodes[i].from > after {
			return f.nodes[i].id
		}
	}
	return ""
}
