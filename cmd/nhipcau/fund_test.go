package main_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// The contract for outsiders that runs on the command line: `nhipcau fund import` and `nhipcau verify`, with the program as
// it is shipped, on both engines.
func TestFundContract(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "nhipcau")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); contract(t, binary, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); contract(t, binary, dbtest.PostgresURL(t)) })
}

const appeal = "BAO-THU-2024"

// installation is one data folder and the program.
type installation struct {
	t            *testing.T
	binary, data string
	env          []string
}

// run starts the program and waits for its end.
func (x *installation) run(args ...string) (code int, out, errs string) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, x.binary, args...)
	var o, e bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = x.env, &o, &e
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		x.t.Error(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

// report is what `fund import --json` prints; outsiders rely on these names.
type report struct {
	Status   string `json:"status"`
	RowsRead int    `json:"rows_read"`
	Posted   int    `json:"posted"`
	Known    int    `json:"already_known"`
	Queued   int    `json:"queued"`
	Refused  int    `json:"refused"`
	Sum      int64  `json:"sum"`
	SumDebit int64  `json:"sum_debit"`
	SHA256   string `json:"sha256"`
	Days     []struct {
		Date          string
		Rows          int
		Credit, Debit int64
	} `json:"days"`
	QueuedRows  []struct{ Row int } `json:"queued_rows"`
	RefusedRows []struct {
		Row           int
		Code, Message string
	} `json:"refused_rows"`
}

func (x *installation) file(name string, content []byte) string {
	x.t.Helper()
	path := filepath.Join(x.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		x.t.Fatal(err)
	}
	return path
}

// take imports a file, with the data folder given as the contract says.
func (x *installation) take(bank, path string, more ...string) (code int, r report, errs string) {
	x.t.Helper()
	args := append([]string{"fund", "import", "--data", x.data, "--appeal", appeal, "--bank", bank, "--json"}, more...)
	code, out, errs := x.run(append(args, path)...)
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		x.t.Fatalf("nhipcau %s: no JSON (%v), exit %d:\n%s%s", strings.Join(args, " "), err, code, out, errs)
	}
	return code, r, errs
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../internal/fund/statement/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func contract(t *testing.T, binary, database string) {
	x := &installation{t: t, binary: binary, data: filepath.Join(t.TempDir(), "var")}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "NHIPCAU_") {
			x.env = append(x.env, kv)
		}
	}
	if database != "" {
		x.env = append(x.env, "NHIPCAU_DATABASE="+database)
	}
	args := []string{"fund", "appeal", "create", "--data", x.data, "--code", appeal, "--name", "Ủng hộ đồng bào vùng bão", "--unit", "40", "--from", "2024-09-08", "--to", "2024-11-30", "--basis", "QĐ số 1/QĐ-MTTQ ngày 07/9/2024"}
	for _, a := range []string{"VCB:9990000000001", "Agribank:9990000000002", "VietinBank:9990000000003", "BIDV:9990000000004"} {
		args = append(args, "--account", a)
	}
	if code, out, errs := x.run(args...); code != 0 {
		t.Fatal(code, out, errs)
	}
	x.refuses()
	x.nothingPosted()
	x.takes()
	x.twoAtOnce()
	x.verifies()
}

const (
	vcbHead    = "PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n"
	familyHead = "PageId,Date,Time,DocumentNumber,ReferenceNumber,TransactionDetails,DebitAmount,CreditAmount,Balance,OffsetAccount\n"
	goodVCB    = `1,08/09/2024,5165.1,,"100,000",,ung ho` + "\n"
)

// bad is a statement that must be refused: what is said of which row.
type bad struct {
	bank    string
	content []byte
	row     int
	code    string
	says    string // pattern of the message
}

func badFiles(t *testing.T) map[string]bad {
	vcb := func(rows string) []byte { return []byte(vcbHead + goodVCB + rows) }
	family := func(rows ...string) []byte { return []byte(familyHead + strings.Join(rows, "\n") + "\n") }
	half := func(name string) []byte { b := sample(t, name); return b[:len(b)/2] }
	return map[string]bad{
		"1e5.csv":         {"vcb", vcb("1,08/09/2024,5165.2,,1e5,,b\n"), 3, "money.letters", "."},
		"negative.csv":    {"vcb", vcb(`1,08/09/2024,5165.2,,"-100,000",,b` + "\n"), 3, "money.negative", "."},
		"letters.csv":     {"agri", family("1,10/09/2024,,1,,a,,100.000,100.000,", "1,10/09/2024,,2,,b,,10O.000,200.000,"), 3, "money.letters", "."},
		"ambiguous.csv":   {"bidv", family("1,10/09/2024,,1,,a,,100.000,,", `1,10/09/2024,,2,,b,,"1,00,000",,`), 3, "money.ambiguous", "."},
		"both.csv":        {"vcb", vcb("1,08/09/2024,5165.2,1,1,,b\n"), 3, "fund.statement.both_sides", "debit and a credit"},
		"feb31.csv":       {"vcb", vcb(`1,31/02/2024,5165.2,,"100,000",,b` + "\n"), 3, "fund.statement.date", "31/02/2024"},
		"half-vcb.csv":    {"vcb", half("vcb.csv"), 102, "fund.statement.cut", "cut off"},
		"half-agri.csv":   {"agri", half("agri.csv"), 0, "", "cut off|balance|column"},
		"half-vietin.csv": {"vietin", half("vietin.csv"), 0, "", "cut off"},
		"half.xml":        {"camt053", half("camt053.xml"), 0, "fund.statement.xml", "line [0-9]+"},
		"half.mt940":      {"mt940", half("mt940.txt"), 0, "fund.statement", "cut off"},
		"wrong-bank.csv":  {"agri", sample(t, "vcb.csv"), 0, "fund.statement.wrong_bank", "Vietcombank"},
		"wrong-bank2.csv": {"vcb", sample(t, "vietin.csv"), 0, "fund.statement.wrong_bank", "Agribank, VietinBank"},
		"no-camt.csv":     {"camt053", sample(t, "vcb.csv"), 0, "fund.statement.not_camt", "CAMT.053"},
		"no-mt940.csv":    {"mt940", sample(t, "vcb.csv"), 0, "fund.statement.not_mt940", "MT940"},
		"chain.csv": {"agri", family("1,10/09/2024,,1,,a,,100.000,100.000,", "1,10/09/2024,,2,,b,,100.000,200.000,", "1,10/09/2024,,3,,c,,100.000,300.001,", "1,10/09/2024,,4,,d,,100.000,400.001,"),
			4, "fund.statement.balance", `300[.,]000.*300[.,]001`},
		"chain.xml":     {"camt053", bytes.Replace(sample(t, "camt053.xml"), []byte("1650000.00"), []byte("1650001.00"), 1), 3, "fund.statement.balance", `1[.,]650[.,]000.*1[.,]650[.,]001`},
		"currency.xml":  {"camt053", bytes.Replace(sample(t, "camt053.xml"), []byte(`Ccy="VND">50000<`), []byte(`Ccy="USD">50000<`), 1), 3, "fund.statement.currency", "USD"},
		"account.mt940": {"mt940", bytes.Replace(sample(t, "mt940.txt"), []byte("9990000000001"), []byte("9990000000009"), 1), 0, "fund.import.other_account", "9990000000009"},
		"formula.xlsx":  {"vcb", excel(t, func(f *excelize.File) error { return f.SetCellFormula("Sheet1", "E5", "=E4*2") }), 0, "fund.statement.formula", "cell E5"},
		"bomb.xlsx":     {"vcb", bomb(t), 0, "fund.statement.bomb", "too large"},
		"empty.csv":     {"vcb", nil, 0, "fund.statement.empty", "no row"},
		"head.csv":      {"vcb", []byte(vcbHead), 0, "fund.statement.empty", "no row"},
		"paper.csv":     {"vcb", []byte("%PDF-1.4 and so on"), 0, "fund.statement.kind", "CSV or Excel"},
	}
}

// excel makes a sheet of the statement of Vietcombank, and spoils it.
func excel(t *testing.T, change func(*excelize.File) error) []byte {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(sample(t, "vcb.csv"))).ReadAll()
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
	var b bytes.Buffer
	if err := errors.Join(change(f), f.Write(&b)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func bomb(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("xl/worksheets/sheet1.xml")
	for i := 0; err == nil && i < 64; i++ {
		_, err = w.Write(make([]byte, 1<<20))
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// refuses brings every bad file: a precise message with the number of the row, exit code 1, and nothing else on the way.
func (x *installation) refuses() {
	files := badFiles(x.t)
	for name, c := range files {
		code, r, errs := x.take(c.bank, x.file(name, c.content), accountFor(c.bank)...)
		if code != 1 || r.Status != "refused" || r.Posted != 0 || r.Queued != 0 || r.Refused == 0 || len(r.RefusedRows) == 0 {
			x.t.Errorf("%s: exit %d, %+v", name, code, r)
			continue
		}
		got := r.RefusedRows[0]
		if c.row > 0 && got.Row != c.row || !regexp.MustCompile("^"+c.code).MatchString(got.Code) || !regexp.MustCompile(c.says).MatchString(got.Message) || strings.Contains(got.Message, got.Code) {
			x.t.Errorf("%s: row %d, %s: %q; want row %d, %s, %q", name, got.Row, got.Code, got.Message, c.row, c.code, c.says)
		}
		if !strings.HasPrefix(errs, "nhipcau: ") || strings.Count(strings.TrimSpace(errs), "\n") > 0 {
			x.t.Errorf("%s: the error is not one sentence: %q", name, errs)
		}
	}
	// For people the same is said in lines of text.
	path := x.file("chain.csv", files["chain.csv"].content)
	if code, out, errs := x.run("fund", "import", "--data", x.data, "--appeal", appeal, "--bank", "agri", path); code != 1 || !strings.Contains(out, "refused: row 4: The balance does not fit") || !strings.Contains(errs, "nothing was posted") {
		x.t.Error(code, out, errs)
	}
	// What the bank's paper states is compared too.
	good := x.file("good.csv", []byte(vcbHead+goodVCB))
	if code, r, _ := x.take("vcb", good, "--rows", "2"); code != 1 || r.RefusedRows[0].Code != "fund.statement.count" {
		x.t.Error(code, r)
	}
	if code, r, _ := x.take("vcb", good, "--sum", "100.001"); code != 1 || r.RefusedRows[0].Code != "fund.statement.sum" {
		x.t.Error(code, r)
	}
	for _, wrong := range [][]string{{"--appeal", appeal, "--bank", "techcombank", good}, {"--appeal", appeal, good}, {"--bank", "vcb", good}, {"--appeal", appeal, "--bank", "vcb"}} {
		if code, _, errs := x.run(append([]string{"fund", "import", "--data", x.data}, wrong...)...); code != 2 || errs == "" {
			x.t.Errorf("%v: exit %d %q", wrong, code, errs)
		}
	}
	for _, wrong := range [][]string{{"--appeal", "KHONG-CO", "--bank", "vcb", good}, {"--appeal", appeal, "--bank", "vcb", "/no/such/file.csv"}, {"--appeal", appeal, "--bank", "vcb", x.data}} {
		if code, _, errs := x.run(append([]string{"fund", "import", "--data", x.data}, wrong...)...); code != 1 || errs == "" {
			x.t.Errorf("%v: exit %d %q", wrong, code, errs)
		}
	}
}

// accountFor names the account where the layout does not tell which bank wrote the file.
func accountFor(bank string) []string {
	if bank == "camt053" || bank == "mt940" {
		return []string{"--account", "9990000000001"}
	}
	return nil
}

// nothingPosted looks at the books: no account of the appeal was touched.
func (x *installation) nothingPosted() {
	x.t.Helper()
	code, out, errs := x.run("fund", "appeal", "balances", "--data", x.data, "--appeal", appeal)
	if code != 0 || strings.Contains(out, "waits:") {
		x.t.Fatal(code, out, errs)
	}
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); len(fields) > 0 && strings.Trim(fields[len(fields)-1], "0đ₫") != "" {
			x.t.Errorf("a refused statement left something in the books: %s", line)
		}
	}
}

// takes brings good files of all six layouts, each twice.
func (x *installation) takes() {
	bidv := familyHead + "1,10/09/2024,,B1,,ung ho dong bao,,100.000,,\n1,10/09/2024,,B2,,\"ung ho\n mien bac\",,\"200,000\",,\n,,,,, va mien trung,,,,\n"
	vietinXLSX := excel(x.t, func(*excelize.File) error { return nil })
	for _, c := range []struct {
		bank, name string
		content    []byte
		rows       int
	}{
		{"vcb", "vcb.csv", sample(x.t, "vcb.csv"), 200}, {"agri", "agri.csv", sample(x.t, "agri.csv"), 200}, {"vietin", "vietin.csv", sample(x.t, "vietin.csv"), 200},
		{"bidv", "bidv.csv", []byte(bidv), 2}, {"camt053", "s.xml", sample(x.t, "camt053.xml"), 4}, {"mt940", "s.mt940", sample(x.t, "mt940.txt"), 3},
	} {
		path := x.file(c.name, c.content)
		code, r, errs := x.take(c.bank, path, accountFor(c.bank)...)
		var sum, out int64
		rows := 0
		for _, d := range r.Days {
			sum, out, rows = sum+d.Credit, out+d.Debit, rows+d.Rows
		}
		if code != 0 || errs != "" || r.Status != "posted" || r.RowsRead != c.rows || r.Posted+r.Queued+r.Known != c.rows || r.Refused != 0 || r.Sum <= 0 || sum != r.Sum || out != r.SumDebit || rows != c.rows || len(r.SHA256) != 64 {
			x.t.Errorf("%s: exit %d %s %+v", c.name, code, errs, r)
		}
		if len(r.QueuedRows) != r.Queued {
			x.t.Errorf("%s: %d rows wait, %d are named", c.name, r.Queued, len(r.QueuedRows))
		}
		code, again, _ := x.take(c.bank, path, accountFor(c.bank)...)
		if code != 0 || again.Status != "known" || again.Posted != 0 || again.Known != c.rows || again.Queued != 0 || again.Sum != r.Sum {
			x.t.Errorf("%s again: exit %d %+v", c.name, code, again)
		}
	}
	// The same movements in another dress (Excel instead of CSV) are known row by row.
	if code, r, _ := x.take("vcb", x.file("vcb.xlsx", vietinXLSX)); code != 0 || r.Posted != 0 || r.Known != 200 {
		x.t.Errorf("the same rows in Excel: exit %d %+v", code, r)
	}
}

// twoAtOnce lets two people bring the same file at the same moment: its rows enter once.
func (x *installation) twoAtOnce() {
	var b strings.Builder
	b.WriteString(vcbHead)
	for i := range 300 {
		fmt.Fprintf(&b, "1,20/09/2024,7000.%d,,\"1,000\",,hai nguoi cung nhap %d\n", 10000+i, i)
	}
	path := x.file("two.csv", []byte(b.String()))
	before := x.balance()
	var wg sync.WaitGroup
	codes, reports := make([]int, 2), make([]report, 2)
	for i := range 2 {
		wg.Go(func() {
			code, out, errs := x.run("fund", "import", "--data", x.data, "--appeal", appeal, "--bank", "vcb", "--json", path)
			if codes[i] = code; code == 0 && json.Unmarshal([]byte(out), &reports[i]) != nil {
				x.t.Error("no JSON", out, errs)
			} else if code != 0 && !strings.Contains(errs, "nhipcau: ") {
				x.t.Error(code, out, errs)
			}
		})
	}
	wg.Wait()
	if !slices.Contains(codes, 0) {
		x.t.Error("neither of two imports at once went through", codes)
	}
	code, r, _ := x.take("vcb", path)
	if code != 0 || r.Posted != 0 || r.Known != 300 {
		x.t.Errorf("after two at once: exit %d %+v", code, r)
	}
	if after := x.balance(); after != before+300_000 {
		x.t.Errorf("two imports at once moved the account by %d, not by 300000", after-before)
	}
}

// balance is what stands on the account at Vietcombank.
func (x *installation) balance() int64 {
	x.t.Helper()
	_, out, _ := x.run("fund", "appeal", "balances", "--data", x.data, "--appeal", appeal)
	for line := range strings.Lines(out) {
		if strings.Contains(line, "9990000000001") {
			var n int64
			for _, c := range strings.Fields(line)[3] {
				if c >= '0' && c <= '9' {
					n = 10*n + int64(c-'0')
				}
			}
			return n
		}
	}
	x.t.Fatal("no account:", out)
	return 0
}

// verifies serves the house, takes the receipt of a gift from its door for programs and checks it without the house.
func (x *installation) verifies() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		x.t.Fatal(err)
	}
	listen := l.Addr().String()
	_ = l.Close()
	var log bytes.Buffer
	cmd := exec.Command(x.binary, "serve", "--data", x.data, "--listen", listen)
	cmd.Env, cmd.Stdout, cmd.Stderr = x.env, &log, &log
	if err := cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	defer stop()
	receipt := x.receipt("http://" + listen)
	stop()
	if receipt == nil {
		x.t.Fatalf("no line with a proof came:\n%s", log.String())
	}
	check := func(name string, content []byte, want int, says string) {
		x.t.Helper()
		code, out, errs := x.run("verify", x.file(name, content))
		if code != want || !strings.Contains(out+errs, says) {
			x.t.Errorf("verify %s: exit %d, want %d\n%s%s", name, code, want, out, errs)
		}
	}
	check("receipt.json", receipt, 0, "VALID: line "+appeal)
	amount := regexp.MustCompile(`("amount": )(\d+)`)
	if !amount.Match(receipt) {
		x.t.Fatalf("no amount: %s", receipt)
	}
	check("altered.json", amount.ReplaceAll(receipt, []byte("${1}1${2}")), 1, "NOT VALID")
	check("half.json", receipt[:len(receipt)/2], 1, "NOT VALID")
	check("letter.json", []byte("Kính gửi Ủy ban"), 1, "NOT VALID")
	if code, _, _ := x.run("verify", filepath.Join(x.data, "no-such.json")); code != 2 {
		x.t.Error("a receipt that is not there: exit", code)
	}
	code, out, _ := x.run("verify", "--json", x.file("receipt.json", receipt))
	var v struct{ Valid bool }
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != 0 || !v.Valid {
		x.t.Error(code, err, out)
	}
}

// receipt waits until the public statement holds every gift and gives the receipt of one of them, with its proof; nil when
// none came.
func (x *installation) receipt(base string) []byte {
	get := func(path string) []byte {
		req, err := http.NewRequestWithContext(x.t.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			x.t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return nil
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			return nil
		}
		return b
	}
	for began := time.Now(); time.Since(began) < 2*time.Minute; time.Sleep(200 * time.Millisecond) {
		var page struct{ Gifts []struct{ ID string } }
		if json.Unmarshal(get("/api/v1/public/appeals/"+appeal+"/gifts?ref=7000.10007"), &page) != nil || len(page.Gifts) != 1 {
			continue
		}
		if b := get("/api/v1/public/gifts/" + page.Gifts[0].ID + "/receipt.json"); bytes.Contains(b, []byte(`"checkpoint"`)) {
			return b
		}
	}
	return nil
}
