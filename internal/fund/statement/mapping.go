package statement

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
)

// Mapping tells how to read a table of a bank that is not among the layouts. Columns are counted from 1; 0 is none.
type Mapping struct {
	FirstRow int    `json:"first_row"`          // number of the first row with a movement, as a spreadsheet counts it
	LastRow  int    `json:"last_row,omitempty"` // number of the last one; 0 is to the end
	Dates    string `json:"dates"`              // a key of DateForms

	Date    int `json:"date"`
	Time    int `json:"time,omitempty"`
	Doc     int `json:"doc,omitempty"`
	Ref     int `json:"ref,omitempty"`
	Memo    int `json:"memo"`
	Debit   int `json:"debit,omitempty"`  // money out
	Credit  int `json:"credit,omitempty"` // money in
	Signed  int `json:"signed,omitempty"` // or one column for both: below zero is out
	Balance int `json:"balance,omitempty"`
	Offset  int `json:"offset,omitempty"`
}

const maxColumns = 200

// DateForms are the forms of dates that a mapping may name, in the order in which they are offered.
func DateForms() []string { return []string{"dd/mm/yyyy", "dd-mm-yyyy", "yyyy-mm-dd", "mm/dd/yyyy"} }

// forms are the layouts of package time for a form of dates, with and without a time behind the date.
func forms(name string) []string {
	one, ok := map[string]string{"dd/mm/yyyy": "02/01/2006", "dd-mm-yyyy": "02-01-2006", "yyyy-mm-dd": "2006-01-02", "mm/dd/yyyy": "01/02/2006"}[name]
	if !ok {
		return nil
	}
	return []string{one, one + " 15:04:05", one + " 15:04"}
}

// ParseMappingJSON reads a mapping as it is stored.
func ParseMappingJSON(text string) (Mapping, error) {
	var m Mapping
	return m, json.Unmarshal([]byte(text), &m)
}

// JSON is the mapping as it is stored.
func (m Mapping) JSON() string {
	b, _ := json.Marshal(m) // a struct of numbers and strings
	return string(b)
}

func (m Mapping) columns() map[string]int {
	all := map[string]int{"date": m.Date, "time": m.Time, "doc": m.Doc, "ref": m.Ref, "memo": m.Memo, "debit": m.Debit, "credit": m.Credit, "signed": m.Signed,
		"balance": m.Balance, "offset": m.Offset}
	maps.DeleteFunc(all, func(_ string, n int) bool { return n == 0 })
	return all
}

// Check refuses a mapping by which no statement can be read exactly: faults of its fields.
func (m Mapping) Check() error {
	var fs fault.Fields
	fs.Check(m.FirstRow >= 1, "first_row", "fund.mapping.first_row")
	fs.Check(m.LastRow == 0 || m.LastRow >= m.FirstRow, "last_row", "fund.mapping.last_row")
	fs.Check(forms(m.Dates) != nil, "dates", "fund.mapping.dates")
	fs.Check(m.Date > 0, "date", "fund.mapping.date")
	fs.Check(m.Memo > 0, "memo", "fund.mapping.memo")
	fs.Check(m.Signed > 0 != (m.Debit > 0 || m.Credit > 0), "credit", "fund.mapping.amounts")
	fs.Check(m.Signed > 0 || m.Credit > 0, "credit", "fund.mapping.credit")
	seen := map[int]bool{}
	for _, name := range slices.Sorted(maps.Keys(m.columns())) {
		n := m.columns()[name]
		fs.Check(n > 0 && n <= maxColumns && !seen[n], name, "fund.mapping.twice")
		seen[n] = true
	}
	return fs.OrNil()
}

// ParseMapped reads a table as the mapping says; otherwise it is like Parse.
func ParseMapped(f io.ReaderAt, size int64, m Mapping, each func(Row) error, opts ...Option) (Totals, error) {
	if err := m.Check(); err != nil {
		return Totals{}, err
	}
	if size == 0 {
		return Totals{}, fault.New(fault.Invalid, "fund.statement.empty")
	}
	t, err := openTable(f, size, Mapped)
	if err != nil {
		return Totals{}, err
	}
	p := &tableParser{t: t, l: Mapped, dates: forms(m.Dates), last: m.LastRow, at: map[string]int{}}
	cols := m.columns()
	name := func(n string) string {
		if cols[n] == 0 {
			return ""
		}
		p.at[n] = cols[n] - 1
		p.width = max(p.width, cols[n])
		return n
	}
	p.c = columns{date: name("date"), clock: name("time"), doc: name("doc"), ref: name("ref"), memo: name("memo"), debit: name("debit"), credit: name("credit"),
		balance: name("balance"), offset: name("offset"), signed: name("signed")}
	p.memoEnd = true // a cut file may have lost a part of any column
	for range m.FirstRow - 1 {
		if _, _, err := t.row(); errors.Is(err, io.EOF) {
			return Totals{}, errors.Join(fault.New(fault.Invalid, "fund.statement.empty"), t.Close())
		} else if err != nil {
			return Totals{}, errors.Join(err, t.Close())
		}
	}
	return parse(p, each, opts)
}

// PreviewRow is one row of a table as it stands there.
type PreviewRow struct {
	No    int
	Cells []string
}

// Preview gives the first rows of a table, so that a person can tell its columns apart. Long cells are cut.
func Preview(f io.ReaderAt, size int64, rows int) ([]PreviewRow, error) {
	if size == 0 {
		return nil, fault.New(fault.Invalid, "fund.statement.empty")
	}
	t, err := openTable(f, size, Mapped)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	var out []PreviewRow
	for range rows {
		cells, no, err := t.row()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, asFault(err)
		}
		row := PreviewRow{No: no}
		for _, c := range cells[:min(len(cells), maxColumns)] {
			row.Cells = append(row.Cells, strings.Clone(clip(joinLines(c))))
		}
		out = append(out, row)
	}
	if len(out) == 0 {
		return nil, fault.New(fault.Invalid, "fund.statement.empty")
	}
	return out, nil
}
