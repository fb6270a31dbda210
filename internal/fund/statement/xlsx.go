package statement

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
)

const (
	maxXLSX     = 128 << 20 // bytes of the file
	maxUnzipped = 768 << 20 // bytes of everything in it
	maxRatio    = 200       // unzipped to zipped: a table of a bank has 5 to 20
	inMemory    = 4 << 20   // a part larger than this is read from a temporary file
)

type xlsxTable struct {
	f    *excelize.File
	rows *excelize.Rows
	no   int
}

func openXLSX(f io.ReaderAt, size int64) (table, error) {
	if size > maxXLSX {
		return nil, fault.New(fault.TooLarge, "fund.statement.xlsx_large")
	}
	if err := inspect(f, size); err != nil {
		return nil, err
	}
	x, err := excelize.OpenReader(io.NewSectionReader(f, 0, size), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: inMemory, RawCellValue: true})
	if err != nil {
		return nil, fault.New(fault.Invalid, "fund.statement.xlsx").Because(err)
	}
	sheets := x.GetSheetList()
	if len(sheets) == 0 {
		return nil, errors.Join(fault.New(fault.Invalid, "fund.statement.empty"), x.Close())
	}
	rows, err := x.Rows(sheets[0])
	if err != nil {
		return nil, errors.Join(fault.New(fault.Invalid, "fund.statement.xlsx").Because(err), x.Close())
	}
	return &xlsxTable{f: x, rows: rows}, nil
}

func (t *xlsxTable) row() ([]string, int, error) {
	if !t.rows.Next() {
		if err := t.rows.Error(); err != nil {
			return nil, t.no, fault.New(fault.Invalid, "fund.statement.xlsx").Because(err)
		}
		return nil, t.no, io.EOF
	}
	t.no++
	cells, err := t.rows.Columns(excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, t.no, fault.New(fault.Invalid, "fund.statement.xlsx").Because(err)
	}
	return cells, t.no, nil
}

func (t *xlsxTable) cut() bool    { return false }
func (t *xlsxTable) serial() bool { return true }

// Close removes the temporary files.
func (t *xlsxTable) Close() error { return errors.Join(t.rows.Close(), t.f.Close()) }

// inspect unzips everything once without keeping it: it refuses bombs, cells with formulas (what they show depends on who
// opens them), and tables that go on in a second sheet.
func inspect(f io.ReaderAt, size int64) error {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return fault.New(fault.Invalid, "fund.statement.xlsx").Because(err)
	}
	total, filled := int64(0), 0
	for _, part := range z.File {
		r, err := part.Open()
		if err != nil {
			return fault.New(fault.Invalid, "fund.statement.xlsx").Because(err)
		}
		count := &counter{r: r, left: min(maxUnzipped-total, max(size*maxRatio, inMemory)-total)}
		var cells int
		if strings.HasPrefix(path.Dir(part.Name), "xl/worksheets") && strings.HasSuffix(part.Name, ".xml") {
			cells, err = scanSheet(count)
		} else {
			_, err = io.Copy(io.Discard, count)
		}
		total += count.n
		_ = r.Close()
		var known *fault.Error
		switch {
		case count.over:
			return fault.New(fault.TooLarge, "fund.statement.bomb")
		case errors.As(err, &known):
			return known
		case err != nil:
			return fault.New(fault.Invalid, "fund.statement.xlsx").Because(err)
		}
		if cells > 0 {
			filled++
		}
	}
	if filled > 1 {
		return fault.New(fault.Invalid, "fund.statement.sheets")
	}
	return nil
}

type counter struct {
	r    io.Reader
	n    int64
	left int64
	over bool
}

// Read implements io.Reader.
func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if c.n > c.left {
		c.over = true
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

// scanSheet counts the cells with a value and refuses the first with a formula. In XML a "<" in text is always written
// "&lt;", so every "<" begins a tag.
func scanSheet(r io.Reader) (cells int, err error) {
	br := bufio.NewReaderSize(r, 64<<10)
	at, inText := "", true
	for {
		chunk, err := br.ReadSlice('<')
		if tag, _, ok := bytes.Cut(chunk, []byte(">")); ok && !inText {
			name, attrs, _ := bytes.Cut(bytes.TrimSuffix(tag, []byte("/")), []byte(" "))
			if _, local, found := bytes.Cut(name, []byte(":")); found {
				name = local
			}
			switch string(name) {
			case "c":
				at = cellName(attrs)
			case "v", "t":
				cells++
			case "f":
				return cells, fault.New(fault.Invalid, "fund.statement.formula").With("Cell", at)
			}
		}
		inText = errors.Is(err, bufio.ErrBufferFull) // a long text: what follows in it is no tag
		switch {
		case errors.Is(err, io.EOF):
			return cells, nil
		case err != nil && !inText:
			return cells, err
		}
	}
}

func cellName(attrs []byte) string {
	_, rest, ok := bytes.Cut(attrs, []byte(`r="`))
	if !ok {
		return ""
	}
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	return clip(string(name))
}
