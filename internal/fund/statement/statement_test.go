package statement_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
)

var update = flag.Bool("update", false, "write the golden files anew")

func parse(b []byte, l statement.Layout) (statement.Totals, []statement.Row, error) {
	var rows []statement.Row
	t, err := statement.Parse(bytes.NewReader(b), int64(len(b)), l, func(r statement.Row) error { rows = append(rows, r); return nil })
	return t, rows, err
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// samples are the files of testdata by layout.
func samples() map[statement.Layout]string {
	return map[statement.Layout]string{statement.Vietcombank: "vcb.csv", statement.Agribank: "agri.csv", statement.VietinBank: "vietin.csv",
		statement.CAMT053: "camt053.xml", statement.MT940: "mt940.txt"}
}

func TestGolden(t *testing.T) {
	for layout, name := range samples() {
		t.Run(name, func(t *testing.T) {
			totals, rows, err := parse(read(t, name), layout)
			if err != nil || totals.Refused > 0 {
				t.Fatalf("%v %v", err, totals.Problems)
			}
			var b strings.Builder
			for _, r := range rows {
				fmt.Fprintf(&b, "%d %s %s doc=%s ref=%s in=%d out=%d balance=%d/%v other=%s | %s\n", r.No, r.Day, r.Time, r.DocNo, r.Ref, r.Credit, r.Debit, r.Balance, r.HasBalance, r.Offset, r.Memo)
			}
			fmt.Fprintf(&b, "account=%s rows=%d in=%d:%d out=%d:%d opening=%d closing=%d/%v unproved=%d days=%v\n", totals.Account, totals.Rows, totals.Credits, totals.Credit,
				totals.Debits, totals.Debit, totals.Opening, totals.Closing, totals.HasBalance, totals.Unproved, totals.Days)
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(read(t, name+".golden")); want != b.String() {
				t.Errorf("%s differs from its golden file; got:\n%s", name, b.String())
			}
		})
	}
}

const vcbHead = "PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n"
const familyHead = "PageId,Date,Time,DocumentNumber,ReferenceNumber,TransactionDetails,DebitAmount,CreditAmount,Balance,OffsetAccount\n"

// What is wrong with a file is named with its row, and nothing is passed over.
func TestRefuses(t *testing.T) {
	ok := `1,08/09/2024,5165.1,,"100,000","100,000",a` + "\n"
	for name, c := range map[string]struct {
		layout statement.Layout
		text   string
		row    int
		key    string
	}{
		"exponent":        {statement.Vietcombank, vcbHead + ok + "1,08/09/2024,5165.2,,1e5,,b\n", 3, "money.letters"},
		"negative":        {statement.Vietcombank, vcbHead + ok + `1,08/09/2024,5165.2,,"-100,000",,b` + "\n", 3, "money.negative"},
		"letters":         {statement.Vietcombank, vcbHead + ok + "1,08/09/2024,5165.2,,10O000,,b\n", 3, "money.letters"},
		"uneven groups":   {statement.Vietcombank, vcbHead + ok + `1,08/09/2024,5165.2,,"1,00,000",,b` + "\n", 3, "money.ambiguous"},
		"no such day":     {statement.Vietcombank, vcbHead + ok + strings.ReplaceAll(ok, `"100,000","100,000"`, `"100,000",`) + `1,31/02/2024,5165.2,,"100,000",,b` + "\n", 4, "fund.statement.date"},
		"no amount":       {statement.Vietcombank, vcbHead + ok + "1,08/09/2024,5165.2,,,,b\n", 3, "fund.statement.no_amount"},
		"both sides":      {statement.Vietcombank, vcbHead + ok + "1,08/09/2024,5165.2,1,1,,b\n", 3, "fund.statement.both_sides"},
		"too few columns": {statement.Vietcombank, vcbHead + ok + `1,08/09/2024,5165.2,,"100,0`, 3, "fund.statement.quote"},
		"cut in a row":    {statement.Vietcombank, vcbHead + ok + "1,08/09/2024,5165.2", 3, "fund.statement.width"},
		"cut in the memo": {statement.Vietcombank, vcbHead + ok + `1,08/09/2024,5165.2,,"100,000",,NGUYEN TH`, 3, "fund.statement.cut"},
		"bad letters":     {statement.Vietcombank, vcbHead + ok + "1,08/09/2024,5165.2,,1,,a\xffb\n", 3, "fund.statement.encoding"},
		"broken chain":    {statement.Agribank, familyHead + "1,10/09/2024,,1,,a,,100.000,100.000,\n1,10/09/2024,,2,,b,,100.000,200.000,\n1,10/09/2024,,3,,c,,100.000,300.001,\n1,10/09/2024,,4,,d,,100.000,400.001,\n", 4, "fund.statement.balance"},
		"agri without":    {statement.Agribank, familyHead + "1,10/09/2024,10:00:00,1,,a,,100.000,,\n", 2, "fund.statement.balance_missing"},
		"vietin without":  {statement.VietinBank, familyHead + "1,10/09/2024,,1,,a,,100.000,100.000,\n", 2, "fund.statement.time_missing"},
		"camt currency":   {statement.CAMT053, strings.Replace(string(read(t, "camt053.xml")), `Ccy="VND">50000<`, `Ccy="USD">50000<`, 1), 3, "fund.statement.currency"},
		"camt count":      {statement.CAMT053, strings.Replace(string(read(t, "camt053.xml")), `>3</NbOfNtries>`, `>4</NbOfNtries>`, 1), 0, "fund.statement.count"},
		"camt batch":      {statement.CAMT053, strings.Replace(string(read(t, "camt053.xml")), `<Amt Ccy="VND">300000</Amt>`, `<Amt Ccy="VND">300001</Amt>`, 1), 2, "fund.statement.sum"},
		"camt closing":    {statement.CAMT053, strings.Replace(string(read(t, "camt053.xml")), `1650000.00`, `1650001.00`, 1), 3, "fund.statement.balance"},
		"mt940 closing":   {statement.MT940, strings.Replace(string(read(t, "mt940.txt")), `VND1650000`, `VND1650001`, 1), 14, "fund.statement.balance"},
		"mt940 cut":       {statement.MT940, string(read(t, "mt940.txt")[:330]), 11, "fund.statement.no_closing"},
		"mt940 day":       {statement.MT940, strings.Replace(string(read(t, "mt940.txt")), ":61:2409100910C2", ":61:2402310910C2", 1), 6, "fund.statement.date"},
	} {
		t.Run(name, func(t *testing.T) {
			totals, _, err := parse([]byte(c.text), c.layout)
			if err != nil {
				t.Fatal(err)
			}
			if totals.Refused == 0 || totals.Problems[0].Row != c.row || totals.Problems[0].Fault.Key != c.key {
				t.Fatalf("got %v, want %s in row %d", totals.Problems, c.key, c.row)
			}
		})
	}
}

// A file that is no such statement at all is refused as a whole.
func TestRefusesTheFile(t *testing.T) {
	for name, c := range map[string]struct {
		layout statement.Layout
		text   string
		key    string
	}{
		"empty":       {statement.Vietcombank, "", "fund.statement.empty"},
		"head only":   {statement.Vietcombank, vcbHead, "fund.statement.empty"},
		"second half": {statement.Vietcombank, strings.Repeat(`1,08/09/2024,5165.1,,"100,000",,a`+"\n", 100), "fund.statement.header"},
		"other bank":  {statement.Agribank, string(read(t, "vcb.csv")), "fund.statement.wrong_bank"},
		"other bank2": {statement.Vietcombank, string(read(t, "agri.csv")), "fund.statement.wrong_bank"},
		"a column":    {statement.Vietcombank, "PageId,TNXDate,DocNo,Debit,Credit,TransactionDetails\n", "fund.statement.columns"},
		"a PDF":       {statement.Vietcombank, "%PDF-1.4 and so on", "fund.statement.kind"},
		"no zip":      {statement.Vietcombank, "PK\x03\x04 and so on", "fund.statement.xlsx"},
		"half XML":    {statement.CAMT053, string(read(t, "camt053.xml")[:1500]), "fund.statement.xml"},
		"no XML":      {statement.CAMT053, "hello", "fund.statement.not_camt"},
		"no MT940":    {statement.MT940, "hello", "fund.statement.not_mt940"},
		"no layout":   {"abc", "hello", "fund.statement.layout"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := parse([]byte(c.text), c.layout)
			var f *fault.Error
			if !errors.As(err, &f) || f.Key != c.key {
				t.Fatalf("got %v, want %s", err, c.key)
			}
		})
	}
}

// A quote that is never closed does not make one cell of the rest of a large file.
func TestOpenQuoteIsBounded(t *testing.T) {
	text := vcbHead + `1,08/09/2024,5165.1,,"100,000",,"a` + "\n" + strings.Repeat("x,y\n", 1<<20)
	totals, _, err := parse([]byte(text), statement.Vietcombank)
	if err != nil || totals.Refused != 1 || totals.Problems[0].Fault.Key != "fund.statement.quote" {
		t.Fatalf("%v %v", err, totals.Problems)
	}
}

// Wrapped memos are joined, inside a cell and over rows that hold nothing else.
func TestWrappedLines(t *testing.T) {
	_, rows, err := parse([]byte(familyHead+"1,10/09/2024,01:11:31,,16,\"Tam chuye\nn tien\",,\"2,000\",,\n,,,,, ung ho,,,,\n1,10/09/2024,01:12:00,,17,b,,1,,\n"), statement.VietinBank)
	if err != nil || len(rows) != 2 || rows[0].Memo != "Tam chuyen tien ung ho" || rows[1].No != 4 {
		t.Fatalf("%v %+v", err, rows)
	}
}

// excel makes a sheet of a CSV file; change may spoil it.
func excel(t testing.TB, name string, change func(*excelize.File)) []byte {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(read(t, name))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	f := excelize.NewFile()
	defer f.Close()
	for i, r := range rows {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &r); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(f)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// An Excel file gives the same rows as the CSV file it was made of, with numbers and days as Excel keeps them too.
func TestExcel(t *testing.T) {
	_, want, err := parse(read(t, "vietin.csv"), statement.VietinBank)
	if err != nil {
		t.Fatal(err)
	}
	b := excel(t, "vietin.csv", func(f *excelize.File) {
		for cell, v := range map[string]any{"B2": 45545, "C2": 71491.0 / 86400, "H2": 2000000} {
			if err := f.SetCellValue("Sheet1", cell, v); err != nil {
				t.Fatal(err)
			}
		}
	})
	totals, got, err := parse(b, statement.VietinBank)
	if err != nil || totals.Refused > 0 || len(got) != len(want) {
		t.Fatalf("%v %v %d rows", err, totals.Problems, len(got))
	}
	want[0].Time, want[0].Credit, want[0].Day = "19:51:31", 2000000, "2024-09-10"
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("row %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestExcelRefuses(t *testing.T) {
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	formula := excel(t, "vcb.csv", func(f *excelize.File) { must(f.SetCellFormula("Sheet1", "E5", "=E4*2")) })
	sheets := excel(t, "vcb.csv", func(f *excelize.File) {
		_, err := f.NewSheet("More")
		must(err)
		must(f.SetCellValue("More", "A1", "x"))
	})
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	must(err)
	for range 64 {
		_, err := w.Write(make([]byte, 1<<20))
		must(err)
	}
	must(z.Close())
	for key, b := range map[string][]byte{"fund.statement.formula": formula, "fund.statement.sheets": sheets, "fund.statement.bomb": bomb.Bytes()} {
		_, _, err := parse(b, statement.Vietcombank)
		var f *fault.Error
		if !errors.As(err, &f) || f.Key != key {
			t.Errorf("got %v, want %s", err, key)
		}
		if key == "fund.statement.formula" && (len(f.Args) == 0 || f.Args[0].Value != "E5") {
			t.Errorf("the cell is not named: %v", f.Args)
		}
	}
}

// check is what must hold for whatever bytes come.
func check(t *testing.T, b []byte, l statement.Layout) {
	totals, rows, err := parse(b, l)
	if err != nil {
		return
	}
	if totals.Refused == 0 && totals.Rows != len(rows) {
		t.Fatalf("%d rows were counted and %d given", totals.Rows, len(rows))
	}
	for _, r := range rows {
		if (r.Debit > 0) == (r.Credit > 0) || r.Debit < 0 || r.Credit < 0 || !r.Day.Valid() || strings.ContainsAny(r.Memo, "\r\n") && l != statement.CAMT053 {
			t.Fatalf("a row that cannot be: %+v", r)
		}
	}
}

func FuzzTable(f *testing.F) {
	for _, l := range []statement.Layout{statement.Vietcombank, statement.Agribank, statement.VietinBank} {
		f.Add(read(f, samples()[l])[:900])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, l := range []statement.Layout{statement.Vietcombank, statement.Agribank, statement.VietinBank, statement.BIDV} {
			check(t, b, l)
		}
	})
}

func FuzzXLSX(f *testing.F) {
	f.Add(excel(f, "vcb.csv", nil))
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b, statement.Vietcombank) })
}

func FuzzCAMT(f *testing.F) {
	f.Add(read(f, "camt053.xml"))
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b, statement.CAMT053) })
}

func FuzzMT940(f *testing.F) {
	f.Add(read(f, "mt940.txt"))
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b, statement.MT940) })
}
