package xlsx_test

import (
	"archive/zip"
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

var columns = []xlsx.Column{
	{Key: "name", Title: "Họ và tên chủ hộ", Also: []string{"Chủ hộ"}, Required: true},
	{Key: "on", Title: "Ngày"},
	{Key: "sum", Title: "Số tiền (đồng)", Required: true},
	{Key: "count", Title: "Số khẩu"},
}

// book writes a workbook with the cells.
func book(t testing.TB, set map[string]any, formula string) []byte {
	t.Helper()
	f := excelize.NewFile()
	for at, v := range set {
		if err := f.SetCellValue("Sheet1", at, v); err != nil {
			t.Fatal(err)
		}
	}
	if formula != "" {
		if err := f.SetCellFormula("Sheet1", formula, "=1+1"); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(b []byte) ([]xlsx.Row, error) {
	return xlsx.Read(bytes.NewReader(b), int64(len(b)), columns)
}

func TestReadFindsHeadAnywhere(t *testing.T) {
	b := book(t, map[string]any{"A1": "UBMTTQ xã Tân Kỳ", "B3": "SO TIEN", "A3": "chủ hộ", "C3": "Ngày", "D3": "Số khẩu",
		"A4": "Vi Văn Tích", "B4": 1250000, "C4": 46347, "D4": 4, "A6": "Lô Thị Na", "B6": "2.000.000", "C6": "21/11/2026"}, "")
	rows, err := read(b)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	on, err := rows[0].Date("on")
	if err != nil || on != "2026-11-21" {
		t.Errorf("serial day: %q, %v", on, err)
	}
	sum, err := rows[0].Money("sum")
	if err != nil || sum != 1_250_000 {
		t.Errorf("number: %d, %v", sum, err)
	}
	if n, err := rows[0].Int("count"); err != nil || n != 4 {
		t.Errorf("count: %d, %v", n, err)
	}
	if rows[1].Number != 6 || rows[1].Text("name") != "Lô Thị Na" {
		t.Errorf("row %d: %q", rows[1].Number, rows[1].Text("name"))
	}
	if sum, err = rows[1].Money("sum"); err != nil || sum != 2_000_000 {
		t.Errorf("typed amount: %d, %v", sum, err)
	}
	if on, err = rows[1].Date("on"); err != nil || on != "2026-11-21" {
		t.Errorf("typed day: %q, %v", on, err)
	}
}

func TestReadCSV(t *testing.T) {
	for _, src := range []string{"Chủ hộ;Số tiền\nVi Văn Tích;1.250.000\n", "\ufeffChủ hộ,Số tiền\r\nVi Văn Tích,1250000\r\n", "Chủ hộ\tSố tiền\nVi Văn Tích\t1 250 000"} {
		rows, err := read([]byte(src))
		if err != nil || len(rows) != 1 {
			t.Fatalf("%q: %d rows, %v", src, len(rows), err)
		}
		if sum, err := rows[0].Money("sum"); err != nil || sum != 1_250_000 {
			t.Errorf("%q: %d, %v", src, sum, err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, _ := z.Create("xl/worksheets/sheet1.xml")
	_, _ = w.Write(bytes.Repeat([]byte("<row></row>"), 1<<20))
	_ = z.Close()
	var other bytes.Buffer
	z = zip.NewWriter(&other)
	w, _ = z.Create("readme.txt")
	_, _ = w.Write([]byte("x"))
	_ = z.Close()
	good := map[string]any{"A1": "Chủ hộ", "B1": "Số tiền", "A2": "Vi Văn Tích", "B2": 1}
	for name, c := range map[string]struct {
		file []byte
		key  string
	}{
		"nothing":       {nil, "xlsx.empty"},
		"empty sheet":   {book(t, nil, ""), "xlsx.empty"},
		"head alone":    {book(t, map[string]any{"A1": "Chủ hộ", "B1": "Số tiền"}, ""), "xlsx.no_rows"},
		"column gone":   {book(t, map[string]any{"A1": "Chủ hộ", "A2": "Vi Văn Tích"}, ""), "xlsx.columns"},
		"formula":       {book(t, good, "C2"), "xlsx.formula"},
		"bomb":          {bomb.Bytes(), "xlsx.bomb"},
		"other archive": {other.Bytes(), "xlsx.unreadable"},
		"old format":    {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "xlsx.unreadable"},
		"too long":      {[]byte("Chủ hộ;Số tiền\n" + strings.Repeat("a;1\n", xlsx.MaxRows+1)), "xlsx.rows"},
	} {
		_, err := read(c.file)
		e, ok := err.(*fault.Error)
		if !ok || e.Key != c.key || e.Field != "file" {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
	}
}

func TestCellFaultsSayWhere(t *testing.T) {
	rows, err := read([]byte("Chủ hộ;Ngày;Số tiền;Số khẩu\nVi Văn Tích;31/02/2026;1e5;bốn\n"))
	if err != nil {
		t.Fatal(err)
	}
	_, day := rows[0].Date("on")
	_, sum := rows[0].Money("sum")
	_, count := rows[0].Int("count")
	for want, err := range map[string]error{"xlsx.date": day, "xlsx.money": sum, "xlsx.number": count} {
		e, ok := err.(*fault.Error)
		if !ok || e.Key != want || len(e.Args) != 3 || e.Args[0].Value != 2 || e.Args[1].Value == "" {
			t.Errorf("%v, want %s with row and column", err, want)
		}
	}
}

func TestTemplateReadsBack(t *testing.T) {
	rec := httptest.NewRecorder()
	if err := xlsx.Send(rec, "mau.xlsx", xlsx.Template("Mẫu", columns, []any{"Vi Văn Tích", "21/11/2026", int64(1_000_000), 4})); err != nil {
		t.Fatal(err)
	}
	rows, err := read(rec.Body.Bytes())
	if err != nil || len(rows) != 1 || rows[0].Text("name") != "Vi Văn Tích" {
		t.Errorf("%v, %v", rows, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("Chủ hộ;Số tiền\nVi Văn Tích;1.250.000\n"))
	f.Add(book(f, map[string]any{"A1": "Chủ hộ", "B1": "Số tiền", "A2": "Vi Văn Tích", "B2": 1}, ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := read(b)
		if err == nil && len(rows) == 0 {
			t.Error("neither rows nor a fault")
		}
		for _, r := range rows {
			_, _ = r.Date("on")
			_, _ = r.Money("sum")
			if n, err := r.Int("count"); err == nil && n != 0 && r.Text("count") == "" {
				t.Error("a number out of nothing")
			}
		}
	})
}
