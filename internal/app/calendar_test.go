package app

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCalendarFile(t *testing.T) {
	dir := t.TempDir()
	none, err := calendar(filepath.Join(dir, "calendar.csv"))
	if err != nil || !none.IsWorkday("2027-02-12") || none.IsWorkday("2027-02-13") {
		t.Fatal("without a file the calendar is the law's", err)
	}
	file := filepath.Join(dir, "calendar.csv")
	text := "\ufeffdate,kind,name\n# thông báo của Bộ Nội vụ\n2027-02-12,off,Nghỉ hoán đổi dịp Tết\n\n2027-02-13, work, \"Làm bù, ngày 12/02/2027\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := calendar(file)
	if err != nil || c.IsWorkday("2027-02-12") || !c.IsWorkday("2027-02-13") || c.IsWorkday("2027-02-14") {
		t.Fatalf("the file does not count: %v", err)
	}
	if h, ok := c.Holiday("2027-02-12"); !ok || h.Name != "Nghỉ hoán đổi dịp Tết" {
		t.Errorf("%+v", h)
	}
	for text, want := range map[string]string{
		"2027-02-12,off,A\n12/02/2027,off,B\n":           `line 2: "12/02/2027" is not a date`,
		"date,kind,name\n2027-02-12,rest,A\n":            `line 2: the kind is "rest"`,
		"2027-02-12,off\n":                               "line 1 has 2 columns",
		"2027-02-12,off,\n":                              "line 1: the name of the day is missing",
		"2027-02-12,off,A\n\n2027-02-12,work,B\n":        "line 3: 2027-02-12 stands already on line 1",
		"2027-02-12,off,\"A\n":                           "line 1",
		"# nhớ\n2027-02-30,off,Ngày không có thật\n":     `line 2: "2027-02-30"`,
		"2027-02-12,off,A\n2027-02-13,work,B,thừa cột\n": "line 2 has 4 columns",
	} {
		if _, err := readCalendar(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A house with a wrong calendar does not start: deadlines would be counted wrongly for weeks before anybody saw it.
func TestHouseRefusesAWrongCalendar(t *testing.T) {
	c := Defaults()
	c.Data, c.Log.Level = t.TempDir(), "error"
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.calendarFile(), []byte("2027-02-12,frei,A\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := Open(t.Context(), c, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "calendar.csv: line 1") {
		t.Fatalf("%v %v", h, err)
	}
}
