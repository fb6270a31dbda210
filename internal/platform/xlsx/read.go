package xlsx

import (
	"bytes"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Catalogue holds the texts of the faults that Read returns, in Vietnamese and English.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// MaxRows is how many rows a table that a person fills in may have.
const MaxRows = 20_000

// maxTable bounds the file, in bytes.
const maxTable = 16 << 20

// Column is one column that Read looks for. The head of the table may stand in any of the first ten rows and its columns in
// any order; marks, capitals and spaces in it do not matter.
type Column struct {
	Key      string
	Title    string   // as the template writes it, and as faults name it
	Also     []string // other titles that are understood
	Required bool     // the table must have the column (its cells may still be empty)
}

// Row is one filled row of an uploaded table.
type Row struct {
	Number int // as the spreadsheet numbers it, from 1
	serial bool
	cells  map[string]string
	titles map[string]string
}

// Read reads the first filled sheet of an .xlsx file, or a CSV file in UTF-8, that people filled in: up to MaxRows rows below
// a head with the columns. Rows without any value are left out. Files that are no table, that unpack to much more than a
// table would, cells with formulas and missing columns are Invalid or TooLarge faults of the field "file" that say where.
func Read(f io.ReaderAt, size int64, columns []Column) ([]Row, error) {
	if size == 0 {
		return nil, fault.Field("file", "xlsx.empty")
	}
	if size > maxTable {
		e := fault.Field("file", "xlsx.large").With("Limit", maxTable>>20)
		e.Kind = fault.TooLarge
		return nil, e
	}
	head := make([]byte, 8)
	n, _ := f.ReadAt(head, 0) // a file shorter than that is no workbook
	var lines [][]string
	var numbers []int
	var err error
	serial := bytes.HasPrefix(head[:n], []byte("PK"))
	if serial {
		lines, numbers, err = readBook(f, size)
	} else {
		lines, numbers, err = readCSV(f, size)
	}
	if err != nil {
		return nil, err
	}
	return match(lines, numbers, serial, columns)
}

func readBook(f io.ReaderAt, size int64) ([][]string, []int, error) {
	if err := Inspect(f, size); err != nil {
		return nil, nil, err
	}
	x, err := excelize.OpenReader(io.NewSectionReader(f, 0, size), excelize.Options{UnzipSizeLimit: maxUnzipped, RawCellValue: true})
	if err != nil {
		return nil, nil, fault.Field("file", "xlsx.unreadable").Because(err)
	}
	defer x.Close()
	for _, sheet := range x.GetSheetList() {
		lines, numbers, err := readSheet(x, sheet)
		if err != nil || len(lines) > 0 {
			return lines, numbers, err
		}
	}
	return nil, nil, fault.Field("file", "xlsx.empty")
}

func readSheet(x *excelize.File, sheet string) (lines [][]string, numbers []int, err error) {
	rows, err := x.Rows(sheet)
	if err != nil {
		return nil, nil, fault.Field("file", "xlsx.unreadable").Because(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for no := 1; rows.Next(); no++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, nil, fault.Field("file", "xlsx.unreadable").Because(err)
		}
		if blank(cells) {
			continue
		}
		if len(lines) > MaxRows+10 {
			return nil, nil, fault.Field("file", "xlsx.rows").With("Limit", MaxRows)
		}
		lines, numbers = append(lines, cells), append(numbers, no)
	}
	if err := rows.Error(); err != nil {
		return nil, nil, fault.Field("file", "xlsx.unreadable").Because(err)
	}
	return lines, numbers, nil
}

func readCSV(f io.ReaderAt, size int64) ([][]string, []int, error) {
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("xlsx: read the file: %w", err)
	}
	b = bytes.TrimPrefix(b, []byte("\ufeff"))
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return nil, nil, fault.Field("file", "xlsx.unreadable")
	}
	r := csv.NewReader(bytes.NewReader(b))
	r.FieldsPerRecord, r.LazyQuotes, r.Comma = -1, true, separator(b)
	var lines [][]string
	var numbers []int
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		no, _ := r.FieldPos(0)
		if err != nil {
			return nil, nil, fault.Field("file", "xlsx.csv_row").With("Row", no).Because(err)
		}
		if blank(cells) {
			continue
		}
		if len(lines) > MaxRows+10 {
			return nil, nil, fault.Field("file", "xlsx.rows").With("Limit", MaxRows)
		}
		lines, numbers = append(lines, cells), append(numbers, no)
	}
	if len(lines) == 0 {
		return nil, nil, fault.Field("file", "xlsx.empty")
	}
	return lines, numbers, nil
}

// separator is what stands most often in the first line.
func separator(b []byte) rune {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	best := ','
	for _, c := range []rune{';', '\t'} {
		if bytes.Count(line, []byte(string(c))) > bytes.Count(line, []byte(string(best))) {
			best = c
		}
	}
	return best
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// match finds the head and gives the rows below it.
func match(lines [][]string, numbers []int, serial bool, columns []Column) ([]Row, error) {
	at, where := -1, map[string]int{}
	for i := 0; i < len(lines) && i < 10; i++ {
		if found := headOf(lines[i], columns); len(found) > len(where) {
			at, where = i, found
		}
	}
	titles := map[string]string{}
	var missing []string
	for _, c := range columns {
		titles[c.Key] = c.Title
		if _, ok := where[c.Key]; !ok && c.Required {
			missing = append(missing, "“"+c.Title+"”")
		}
	}
	if at < 0 || len(missing) > 0 {
		return nil, fault.Field("file", "xlsx.columns").With("Columns", strings.Join(missing, ", "))
	}
	var out []Row
	for i := at + 1; i < len(lines); i++ {
		row := Row{Number: numbers[i], serial: serial, cells: map[string]string{}, titles: titles}
		filled := false
		for key, col := range where {
			if col < len(lines[i]) {
				v := strings.TrimSpace(vntext.NFC(lines[i][col]))
				row.cells[key], filled = v, filled || v != ""
			}
		}
		if filled {
			out = append(out, row)
		}
	}
	if len(out) == 0 {
		return nil, fault.Field("file", "xlsx.no_rows")
	}
	if len(out) > MaxRows {
		return nil, fault.Field("file", "xlsx.rows").With("Limit", MaxRows)
	}
	return out, nil
}

func headOf(cells []string, columns []Column) map[string]int {
	found := map[string]int{}
	for i, cell := range cells {
		title := headKey(cell)
		if title == "" {
			continue
		}
		for _, c := range columns {
			if _, taken := found[c.Key]; taken {
				continue
			}
			fits := title == headKey(c.Title)
			for _, a := range c.Also {
				fits = fits || title == headKey(a)
			}
			if fits {
				found[c.Key] = i
				break
			}
		}
	}
	return found
}

// headKey folds a title to its letters and digits; what stands in brackets after it is an explanation.
func headKey(s string) string {
	s, _, _ = strings.Cut(s, "(")
	return strings.Join(vntext.Tokens(vntext.Fold(s)), " ")
}

// Text is the cell of the column, without spaces around it; "" when it is empty or the table has no such column.
func (r Row) Text(key string) string { return r.cells[key] }

// Int reads a whole number; 0 when the cell is empty. Grouping points are understood.
func (r Row) Int(key string) (int64, error) {
	s := r.cells[key]
	if s == "" {
		return 0, nil
	}
	if r.serial { // a workbook writes 12 as 12 and 1200000 as 1.2E6
		if f, err := strconv.ParseFloat(s, 64); err == nil && f == float64(int64(f)) {
			return int64(f), nil
		}
	}
	n, err := money.ParseSigned(s)
	if err != nil {
		return 0, r.Fault(key, "xlsx.number").Because(err)
	}
	return int64(n), nil
}

// Money reads an amount of zero or more đồng; 0 when the cell is empty.
func (r Row) Money(key string) (money.VND, error) {
	s := r.cells[key]
	if s == "" {
		return 0, nil
	}
	if r.serial && !strings.ContainsAny(s, " .,đĐ") {
		if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 0 && f == float64(int64(f)) {
			return money.VND(f), nil
		}
	}
	v, err := money.Parse(s)
	if err != nil {
		return 0, r.Fault(key, "xlsx.money").Because(err)
	}
	return v, nil
}

// Date reads a day, typed as 21/11/2026 or stored by the spreadsheet as a day; "" when the cell is empty. 31/02 is refused.
func (r Row) Date(key string) (clock.Date, error) {
	s := r.cells[key]
	if s == "" {
		return "", nil
	}
	if d, err := clock.ParseDate(s); err == nil {
		return d, nil
	}
	if days, err := strconv.ParseFloat(s, 64); err == nil && r.serial && days >= 1 && days < 200_000 {
		return clock.NewDate(1899, 12, 30).AddDays(int(days)), nil
	}
	return "", r.Fault(key, "xlsx.date")
}

// Fault is a fault of the field "file" that names the row, the column's title and what stands there; the text of the key may
// use {{.Row}}, {{.Column}} and {{.Value}}.
func (r Row) Fault(key, catalogueKey string) *fault.Error {
	return fault.Field("file", catalogueKey).With("Row", r.Number).With("Column", r.titles[key]).With("Value", vntext.Truncate(r.cells[key], 60))
}

// Template is the sheet that people download to fill in: the columns and, below them, examples.
func Template(name string, columns []Column, examples ...[]any) Sheet {
	s := Sheet{Name: name, Rows: examples}
	for _, c := range columns {
		s.Head = append(s.Head, c.Title)
	}
	return s
}
