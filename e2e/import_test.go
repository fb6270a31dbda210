package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fund/fundtest"
)

// The appeal of this test, and how many rows its statement has: as many as the busiest ordinary day of September 2024 had.
// NHIPCAU_E2E_ROWS makes it smaller on a slow machine.
const (
	bigAppeal  = "SAOKE-E2E"
	bigAccount = "9990000000777"
	bigRows    = 200_361
)

// importTime is how long the whole statement may take in one step; the browser is not the only one at work.
const importTime = 15 * time.Minute

// TestAccountantImportsABigStatement: an appeal is opened, the accountant uploads a statement, watches the bar move, compares
// the control totals, has it posted, and everybody reads the sum of the file to the đồng.
func TestAccountantImportsABigStatement(t *testing.T) {
	browserCtx(t)
	rows := bigRows
	if s := os.Getenv("NHIPCAU_E2E_ROWS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1000 {
			t.Fatalf("NHIPCAU_E2E_ROWS=%q", s)
		}
		rows = n
	}
	today := dayOf(t)
	file, sum := bigStatement(t, rows, today)
	openBigAppeal(t, today)

	v := visit(t, "big-import", desktop, true)
	v.signIn("accountant@")
	v.open("/lam-viec/quy/dot/" + bigAppeal + "/sao-ke")
	v.ask(`(e => { e.value = [...e.options].find(o => o.value).value; })(document.querySelector("#f-account"))`, nil)
	v.choose("#f-layout", "vcb")
	v.press("main form details summary")
	v.write("#f-rows", strconv.Itoa(rows))
	v.write("#f-sum", fmt.Sprint(sum))
	v.attach("#f-file", file)
	v.until("the chosen file", `document.querySelector("#f-file").files.length === 1`)
	v.follow("main form .btn-primary")
	checked, _ := v.watchBar(`main button[value=ghi]`)
	v.sees(dotted(int64(rows)))
	v.sees(dotted(sum))
	v.sees("SHA-256")
	v.shot("import-02-totals")
	v.follow(`main button[value=ghi]`)
	posted, took := v.watchBar(`main .notice.t-ok`)
	v.sees(dotted(int64(rows)))
	v.shot("import-04-posted")
	for what, seen := range map[string][]int{"checked": checked, "posted": posted} {
		t.Logf("%s: the bar showed %v", what, seen)
		if !slices.IsSorted(seen) {
			t.Errorf("while it is %s the bar goes back: %v", what, seen)
		}
	}
	if len(checked) == 0 || len(posted) == 0 {
		t.Errorf("no bar was shown: %v, %v", checked, posted)
	}
	if took > 10*time.Second && len(posted) < 3 { // the page looks every two seconds
		t.Errorf("the bar did not move in %s: %v", took, posted)
	}
	v.calm()
	inPublicToTheDong(t, rows, sum)
}

// dayOf gives a day that is past in the rehearsal, which keeps a calendar of its own: the third of its appeal.
func dayOf(t *testing.T) clock.Date {
	t.Helper()
	_, path := someGift(t)
	var list struct {
		Appeals []struct {
			Code  string
			Opens clock.Date
		}
	}
	if err := json.Unmarshal(download(t, "/api/v1/public/appeals"), &list); err != nil {
		t.Fatal(err)
	}
	for _, a := range list.Appeals {
		if strings.HasSuffix(path, "/"+a.Code) && a.Opens.Valid() {
			return a.Opens.AddDays(2)
		}
	}
	t.Fatal("the rehearsal has no appeal with a first day")
	return ""
}

// bigStatement writes the statement with its last day given, and tells what it adds up to.
func bigStatement(t *testing.T, rows int, last clock.Date) (path string, sum int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sao-ke-lon.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	sum, err = fundtest.Vietcombank(f, rows, last.Time(), 200_361)
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path, sum
}

// openBigAppeal opens an appeal that has taken gifts since before the first row, as the one who decides on the fund.
func openBigAppeal(t *testing.T, today clock.Date) {
	t.Helper()
	v := visit(t, "big-import-approver", desktop, true)
	v.signIn("fund-approver@")
	v.open("/lam-viec/quy/mo-dot")
	for field, text := range map[string]string{"name": "Đợt thử sao kê lớn", "code": bigAppeal, "basis": "Lời kêu gọi thử số 99", "account": "VCB:" + bigAccount} {
		v.write("#f-"+field, text)
	}
	v.ask(`(e => { if (!e.value) e.value = [...e.options].find(o => o.value).value; })(document.querySelector("#f-unit"))`, nil)
	v.tick(`input[name=kind][value=relief]`)
	v.tick(`input[name=level][value=province]`)
	v.choose("#f-from", string(today.AddDays(-25)))
	v.choose("#f-to", string(today.AddDays(30)))
	v.follow("main form .btn-primary")
	if got := v.path(); got != "/lam-viec/quy/dot/"+bigAppeal {
		v.fail("opening the appeal leads to %s", got)
	}
	v.shot("import-01-appeal")
	v.calm()
}

// watchBar looks at the bar without touching the page until it is gone and the selector is there, and gives each of its values and how
// long that took.
func (v *visitor) watchBar(then string) (seen []int, took time.Duration) {
	v.t.Helper()
	began := time.Now()
	for end := time.Now().Add(importTime); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		var now struct {
			Bar  int
			Done bool
		}
		v.ask(`(() => { const p = document.querySelector("main progress"); return {Bar: p ? Math.round(p.value) : -1, Done: !p && !!document.querySelector(`+quote(then)+`)}; })()`, &now)
		if now.Done {
			return seen, time.Since(began)
		}
		if now.Bar >= 0 && (len(seen) == 0 || seen[len(seen)-1] != now.Bar) {
			if seen = append(seen, now.Bar); len(seen) == 3 {
				v.glance("import-03-bar")
			}
		}
	}
	v.fail("the statement is not through after %s; the bar showed %v", importTime, seen)
	return nil, 0
}

// inPublicToTheDong waits until the public statement has every row, and compares it with the file.
func inPublicToTheDong(t *testing.T, rows int, sum int64) {
	t.Helper()
	type appeal struct {
		Code         string
		Lines, Total int64
	}
	var got appeal
	for end := time.Now().Add(importTime); time.Now().Before(end) && got.Lines < int64(rows); time.Sleep(time.Second) {
		r, err := http.Get(product + "/api/v1/public/appeals")
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Appeals []appeal }
		err = json.NewDecoder(r.Body).Decode(&list)
		_ = r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(list.Appeals, func(a appeal) bool { return a.Code == bigAppeal }); i >= 0 {
			got = list.Appeals[i]
		}
	}
	if got.Lines != int64(rows) || got.Total != sum {
		t.Fatalf("the file has %d rows of %d đồng, the public reads %d of %d", rows, sum, got.Lines, got.Total)
	}
	citizen := visit(t, "big-import-citizen", phone, false)
	citizen.open("/ung-ho/" + bigAppeal)
	citizen.sees(dotted(sum))
	citizen.shot("import-05-public")
	citizen.calm()
}

// dotted writes a number as Vietnamese pages do: 1.234.567.
func dotted(v int64) string {
	s := strconv.FormatInt(v, 10)
	var parts []string
	for ; len(s) > 3; s = s[:len(s)-3] {
		parts = append([]string{s[len(s)-3:]}, parts...)
	}
	return strings.Join(append([]string{s}, parts...), ".")
}
