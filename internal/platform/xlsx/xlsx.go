// Package xlsx turns a list into an Excel file, the same way for every list of the house (a bold head that stays in view,
// numbers as numbers, no cell that a spreadsheet would run as a formula), and reads the tables that people filled in.
package xlsx

import (
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Sheet is one list. Cells may be text, whole numbers, floats, booleans, time.Time (shown in Vietnam time) or clock.Date.
type Sheet struct {
	Name string // at most 31 characters are kept
	Head []string
	Rows [][]any
}

// ContentType of the file.
const ContentType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// Send answers with the sheets as a file to save.
func Send(w http.ResponseWriter, filename string, sheets ...Sheet) error {
	f, err := build(sheets)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filename}))
	w.Header().Set("Cache-Control", "no-store")
	return f.Write(w)
}

func build(sheets []Sheet) (*excelize.File, error) {
	f := excelize.NewFile()
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Color: []string{"F7F5F2"}, Pattern: 1}})
	if err != nil {
		return nil, err
	}
	for i, s := range sheets {
		name := sheetName(s.Name)
		if i == 0 {
			err = f.SetSheetName("Sheet1", name)
		} else {
			_, err = f.NewSheet(name)
		}
		if err == nil {
			err = fill(f, name, s, bold)
		}
		if err != nil {
			return nil, fmt.Errorf("xlsx: %w", err)
		}
	}
	return f, nil
}

func fill(f *excelize.File, name string, s Sheet, bold int) error {
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for c := range s.Head {
		if err := sw.SetColWidth(c+1, c+1, width(s, c)); err != nil {
			return err
		}
	}
	if err := sw.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	head := make([]any, len(s.Head))
	for i, h := range s.Head {
		head[i] = excelize.Cell{StyleID: bold, Value: h}
	}
	if err := sw.SetRow("A1", head); err != nil {
		return err
	}
	for i, row := range s.Rows {
		cells := make([]any, len(row))
		for j, v := range row {
			cells[j] = cell(v)
		}
		at, err := excelize.CoordinatesToCellName(1, i+2)
		if err != nil {
			return err
		}
		if err := sw.SetRow(at, cells); err != nil {
			return err
		}
	}
	return sw.Flush()
}

// cell writes times the Vietnamese way and makes text harmless.
func cell(v any) any {
	switch x := v.(type) {
	case time.Time:
		if x.IsZero() {
			return ""
		}
		return x.In(clock.Vietnam).Format("02/01/2006 15:04")
	case clock.Date:
		return x.Vietnamese()
	case string:
		return Harmless(x)
	}
	return v
}

// Harmless keeps a spreadsheet from running text as a formula: what starts with = + - @ or a control character gets an
// apostrophe in front (OWASP, CSV injection). Use it for CSV files too.
func Harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func width(s Sheet, col int) float64 {
	w := len([]rune(s.Head[col]))
	for i := 0; i < len(s.Rows) && i < 200; i++ {
		if col < len(s.Rows[i]) {
			w = max(w, len([]rune(fmt.Sprint(cell(s.Rows[i][col])))))
		}
	}
	return float64(min(max(w+2, 8), 60))
}

func sheetName(s string) string {
	s = strings.NewReplacer(":", " ", "\\", " ", "/", " ", "?", " ", "*", " ", "[", " ", "]", " ").Replace(s)
	if r := []rune(s); len(r) > 31 {
		s = string(r[:31])
	}
	if strings.TrimSpace(s) == "" {
		return "1"
	}
	return s
}
