package app

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// calendar is the working days of the house: the law, what was announced up to this release, and the operator's own file of
// later announcements. Without a file it is the first two.
func calendar(file string) (*workday.Calendar, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return workday.New(), nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	days, err := readCalendar(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return workday.New().With(days...), nil
}

// readCalendar reads lines of date,kind,name: the date as 2027-02-05, the kind off or work, the name as it is shown. A first
// line that names the columns, empty lines and lines that begin with # are passed over. What is wrong names its line.
func readCalendar(r io.Reader) ([]workday.Override, error) {
	rows := csv.NewReader(r)
	rows.Comment, rows.FieldsPerRecord, rows.TrimLeadingSpace = '#', -1, true
	var out []workday.Override
	seen := map[clock.Date]int{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err // it names the line itself
		}
		line, _ := rows.FieldPos(0)
		for i := range row {
			row[i] = strings.TrimSpace(strings.TrimPrefix(row[i], "\ufeff"))
		}
		if len(out) == 0 && strings.EqualFold(row[0], "date") {
			continue
		}
		if len(row) != 3 {
			return nil, fmt.Errorf("line %d has %d columns; it needs three: date,kind,name", line, len(row))
		}
		o := workday.Override{Date: clock.Date(row[0]), Work: row[1] == "work", Name: row[2]}
		switch {
		case !o.Date.Valid():
			return nil, fmt.Errorf("line %d: %q is not a date like 2027-02-05", line, row[0])
		case row[1] != "work" && row[1] != "off":
			return nil, fmt.Errorf("line %d: the kind is %q; it must be off or work", line, row[1])
		case o.Name == "":
			return nil, fmt.Errorf("line %d: the name of the day is missing", line)
		case seen[o.Date] > 0:
			return nil, fmt.Errorf("line %d: %s stands already on line %d", line, o.Date, seen[o.Date])
		}
		seen[o.Date] = line
		out = append(out, o)
	}
}
