package form

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

const (
	maxWord  = 64 << 20 // bytes of the unzipped text of a Word file
	maxLines = 5000     // rows of its tables
	maxCell  = 20_000   // bytes of one cell
)

// MinutesWord is the template of minutes as a Word file: a heading and an empty table.
func MinutesWord(n Names, d paper.Document, example []string) ([]byte, error) {
	rows := [][]string{example}
	for range 12 {
		rows = append(rows, make([]string, len(n.Head())))
	}
	d.Landscape, d.Open = true, true
	d.Blocks = append(d.Blocks, paper.Table{Head: n.Head(), Widths: []int{6, 42, 13, 17, 13, 9}, Rows: rows, Center: []bool{true}})
	return d.DOCX()
}

// isWord tells whether a file is a Word document: a zip that holds word/document.xml.
func isWord(f io.ReaderAt, size int64) (bool, error) {
	head := make([]byte, 4)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if string(head) == "\xd0\xcf\x11\xe0" { // the old binary .doc and .xls
		return false, fault.Fields{fault.Field("file", "voter.form.old_office")}
	}
	if !strings.HasPrefix(string(head), "PK") {
		return false, nil
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return false, unreadable(err)
	}
	for _, part := range z.File {
		if part.Name == "word/document.xml" {
			return true, nil
		}
	}
	return false, nil
}

// readWord reads the first table of a Word file whose head has the columns.
func readWord(f io.ReaderAt, size int64, columns []xlsx.Column) ([]line, error) {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, unreadable(err)
	}
	part, err := z.Open("word/document.xml")
	if err != nil {
		return nil, unreadable(err)
	}
	defer func() { _ = part.Close() }()
	tables, err := wordTables(io.LimitReader(part, maxWord))
	if err != nil {
		return nil, unreadable(err)
	}
	for _, t := range tables {
		for i, cells := range t[:min(len(t), 5)] {
			where := wordHead(cells, columns)
			if _, ok := where["text"]; !ok {
				continue
			}
			var out []line
			for n, row := range t[i+1:] {
				l := line{number: i + n + 2, cells: map[string]string{}}
				for k, col := range where {
					if col < len(row) {
						l.cells[k] = strings.TrimSpace(vntext.NFC(row[col]))
					}
				}
				out = append(out, l)
			}
			return out, nil
		}
	}
	return nil, fault.Fields{fault.Field("file", "voter.form.no_table")}
}

func wordHead(cells []string, columns []xlsx.Column) map[string]int {
	where := map[string]int{}
	for i, cell := range cells {
		title, _, _ := strings.Cut(cell, "(")
		for _, c := range columns {
			if _, taken := where[c.Key]; taken {
				continue
			}
			wanted, _, _ := strings.Cut(c.Title, "(")
			fits := key(title) == key(wanted)
			for _, also := range c.Also {
				fits = fits || key(title) == key(also)
			}
			if fits && key(title) != "" {
				where[c.Key] = i
				break
			}
		}
	}
	return where
}

// wordTables gives the cells of all tables of a document.xml. A table inside a cell counts as text of the cell. Cells that span
// columns leave empty ones behind them.
func wordTables(r io.Reader) ([][][]string, error) {
	dec := xml.NewDecoder(r)
	var tables [][][]string
	var row []string
	var cell strings.Builder
	depth, rows, span, inText := 0, 0, 1, false
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return tables, nil
		}
		if err != nil {
			return nil, err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			switch tok.Name.Local {
			case "tbl":
				if depth++; depth == 1 {
					tables = append(tables, nil)
				}
			case "tr":
				if depth == 1 {
					if rows++; rows > maxLines {
						return nil, fault.Field("file", "xlsx.rows").With("Limit", maxLines)
					}
					row = nil
				}
			case "tc":
				if depth == 1 {
					cell.Reset()
					span = 1
				}
			case "gridSpan":
				if depth == 1 {
					span = spanOf(tok)
				}
			case "t":
				inText = true
			case "tab", "br":
				if depth > 0 {
					cell.WriteByte(' ')
				}
			}
		case xml.CharData:
			if inText && depth > 0 && cell.Len() < maxCell {
				cell.Write(tok)
			}
		case xml.EndElement:
			switch tok.Name.Local {
			case "t":
				inText = false
			case "p":
				if depth > 0 {
					cell.WriteByte('\n')
				}
			case "tc":
				if depth == 1 {
					row = append(row, strings.TrimSpace(cell.String()))
					for range span - 1 {
						row = append(row, "")
					}
				}
			case "tr":
				if depth == 1 && len(tables) > 0 {
					tables[len(tables)-1] = append(tables[len(tables)-1], row)
				}
			case "tbl":
				depth--
			}
		}
	}
}

// spanOf reads how many columns a cell covers, at most 20.
func spanOf(tok xml.StartElement) int {
	for _, a := range tok.Attr {
		if a.Name.Local == "val" && len(a.Value) == 1 && a.Value[0] >= '1' && a.Value[0] <= '9' {
			return int(a.Value[0] - '0')
		}
	}
	return 1
}
