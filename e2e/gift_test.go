package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// gift is a line of a public statement as programs read it.
type gift struct {
	ID, Date, Memo, Receipt, Page string
	Amount                        int64
}

// someGift waits until the appeal of the rehearsal is published and gives one of its gifts, and the appeal's page.
func someGift(t *testing.T) (gift, string) {
	t.Helper()
	browserCtx(t) // not in short runs
	get := func(path string, out any) {
		r, err := http.Get(product + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if err := json.NewDecoder(r.Body).Decode(out); err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", path, r.Status, err)
		}
	}
	for end := time.Now().Add(6 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) { // the rehearsal takes them in while its pages answer already
		var list struct {
			Appeals []struct {
				Code  string
				Lines int
			}
		}
		get("/api/v1/public/appeals", &list)
		for _, a := range list.Appeals {
			if a.Lines < 100 {
				continue
			}
			var page struct{ Gifts []gift }
			get("/api/v1/public/appeals/"+a.Code+"/gifts?limit=1&cursor=90", &page)
			if len(page.Gifts) == 1 {
				return page.Gifts[0], "/ung-ho/" + a.Code
			}
		}
	}
	t.Fatal("no appeal of the rehearsal has a hundred public gifts")
	return gift{}, ""
}

// donor finds a gift by amount and day, opens it and checks its receipt, then one that somebody changed.
func donor(t *testing.T, name string, s screen, script bool) {
	g, appeal := someGift(t)
	v := visit(t, name, s, script)
	v.open("/ung-ho")
	v.shot(name + "-01-appeals")
	v.follow(`main a[href="` + appeal + `"]`)
	v.has("main .ledger li")
	v.shot(name + "-02-statement")
	v.write("#f-q", "không ai tên như thế này cả")
	v.follow("main form .btn-primary")
	v.sees("Không tìm thấy dòng nào")
	v.write("#f-q", "")
	v.press("main form details summary")
	v.write("#f-so-tien", fmt.Sprint(g.Amount))
	v.write("#f-ngay", "32/13/2026")
	v.follow("main form .btn-primary")
	v.has("#errors a")
	if got := v.value("#f-so-tien"); got != fmt.Sprint(g.Amount) {
		t.Errorf("a refused search is not kept: %q", got)
	}
	v.write("#f-ngay", g.Date)
	v.follow("main form .btn-primary")
	v.has("main .ledger li")
	v.shot(name + "-03-found")
	v.openUntil(3*patience, strings.TrimPrefix(g.Page, product), "line in the public log", `document.body.innerText.includes("Đã ghi vào nhật ký công khai")`)
	v.shot(name + "-04-line")

	file := filepath.Join(t.TempDir(), "bien-nhan.json")
	b := download(t, strings.TrimPrefix(g.Receipt, product))
	for _, c := range []struct {
		text, verdict string
	}{
		{string(b), "Biên nhận đúng"},
		{strings.Replace(string(b), `"amount": `, `"amount": 9`, 1), "có người đã sửa"},
		{regexp.MustCompile(`"total_so_far": \d+`).ReplaceAllString(string(b), `"total_so_far": 1`), "Bằng chứng không dẫn"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		v.open("/kiem-chung")
		v.has("main pre")
		v.attach("#f-receipt", file)
		v.until("the chosen file", `document.readyState === "complete" && document.querySelector("#f-receipt").files.length === 1`)
		if script {
			v.press("main form .btn-primary")
			v.until("verdict "+c.verdict, `document.querySelector("[data-verdict]").innerText.includes(`+quote(c.verdict)+`)`)
			v.sees("không có gì được gửi đi")
		} else {
			v.follow("main form .btn-primary")
			v.until("verdict "+c.verdict, `document.querySelector(".notice").innerText.includes(`+quote(c.verdict)+`)`)
		}
		if c.verdict == "Biên nhận đúng" {
			v.sees(g.ID)
			v.shot(name + "-05-verified")
		}
	}
	v.calm()
}

// download gets a file without a browser.
func download(t *testing.T, path string) []byte {
	t.Helper()
	r, err := http.Get(product + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %v", path, r.Status, err)
	}
	return b
}

// TestDonorFindsAGift does so on an old phone without scripts and at a desk with them.
func TestDonorFindsAGift(t *testing.T) {
	t.Run("noscript", func(t *testing.T) { donor(t, "gift-noscript", phone, false) })
	t.Run("script", func(t *testing.T) { donor(t, "gift-script", desktop, true) })
}
