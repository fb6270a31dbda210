package xlsx

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
)

const (
	maxUnzipped = 256 << 20 // bytes of everything in a workbook
	maxRatio    = 200       // unzipped to zipped: a filled table has 5 to 20
	freeSize    = 4 << 20   // below this the ratio does not matter
)

// Inspect unzips a workbook once without keeping it. It refuses what is no workbook, what unpacks to far more than a table
// would (a bomb), and the first cell with a formula, whose value depends on who opens it.
func Inspect(f io.ReaderAt, size int64) error {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return fault.Field("file", "xlsx.unreadable").Because(err)
	}
	left := min(int64(maxUnzipped), max(size*maxRatio, freeSize))
	book := false
	for _, part := range z.File {
		book = book || strings.HasPrefix(part.Name, "xl/")
		r, err := part.Open()
		if err != nil {
			return fault.Field("file", "xlsx.unreadable").Because(err)
		}
		count := &counter{r: r, left: left}
		if strings.HasPrefix(path.Dir(part.Name), "xl/worksheets") && strings.HasSuffix(part.Name, ".xml") {
			err = scanSheet(count)
		} else {
			_, err = io.Copy(io.Discard, count)
		}
		left -= count.n
		_ = r.Close()
		var known *fault.Error
		switch {
		case count.over:
			return fault.Field("file", "xlsx.bomb")
		case errors.As(err, &known):
			return known
		case err != nil:
			return fault.Field("file", "xlsx.unreadable").Because(err)
		}
	}
	if !book {
		return fault.Field("file", "xlsx.unreadable")
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

// scanSheet refuses the first cell with a formula. In XML a "<" in text is always written "&lt;", so every "<" begins a tag.
func scanSheet(r io.Reader) error {
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
			case "f":
				return fault.Field("file", "xlsx.formula").With("Cell", at)
			}
		}
		inText = errors.Is(err, bufio.ErrBufferFull) // a long text: what follows in it is no tag
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !inText:
			return err
		}
	}
}

// cellName is the name of a cell, "B7", from the attributes of its tag; at most ten characters.
func cellName(attrs []byte) string {
	_, rest, ok := bytes.Cut(attrs, []byte(`r="`))
	if !ok {
		return ""
	}
	name, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(name[:min(len(name), 10)])
}
