package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	worry   = "Cột điện đầu xóm nghiêng sau trận bão, dây chùng xuống ngang đầu người. Xin cho người xem gấp."
	already = "Đã báo trưởng xóm"
)

// TestCitizenWithoutScript walks the whole way of a citizen on an old phone whose browser runs no scripts.
func TestCitizenWithoutScript(t *testing.T) {
	v := visit(t, "old-phone", phone, false)
	code := askQuestion(v, "noscript")
	v.open("/tra-cuu")
	v.write("#f-ma", "khong phai ma")
	v.follow("main form button")
	v.has("#errors a")
	if got := v.value("#f-ma"); got != "khong phai ma" {
		t.Errorf("a refused code is not kept: %q", got)
	}
	v.write("#f-ma", strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	v.follow("main form button")
	v.sees(worry)
	v.shot("noscript-08-found-by-code")

	v.open("/tin")
	v.follow(`main a[href^="/tin/"], main h3 a[href*="/tin/"]`)
	v.has("article h1")
	v.shot("noscript-09-article")
	v.open("/tim")
	v.write("main [name=q]", "dai doan ket")
	v.follow("main form button")
	v.sees("Đại đoàn kết")
	v.has("main mark")
	v.open("/hoi-dap")
	v.follow(`main a[href^="/hoi-dap/"]:not([href*="ban-do"])`)
	v.has("main h2")
	v.open("/tim?q=" + url.QueryEscape("xa nghia tien"))
	v.has(`main a[href*="/dv/"]`)
	v.shot("noscript-10-unit-found")
	v.calm()
}

// TestCitizenOnPhone is the same with scripts, as most phones have them.
func TestCitizenOnPhone(t *testing.T) {
	v := visit(t, "phone", phone, true)
	askQuestion(v, "phone")
	v.calm()
}

var codeShape = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}`)

// askQuestion goes from the home page to the receipt, with a photo, one slip on every page, and gives the tracking code.
func askQuestion(v *visitor, shot string) (code string) {
	v.t.Helper()
	picture := photo(v.t)
	v.open("/")
	v.shot(shot + "-01-home")
	v.follow(`.doors a[href^="/hoi"]`)
	v.follow(`#hoi button[value=next]`) // nothing was typed
	v.has("#errors a")
	v.shot(shot + "-02-refused")
	v.write("#f-text", worry)
	v.attach("#f-photos", picture)
	v.follow(`#hoi button[value=next]`)
	v.has("#f-unit_q")
	v.write("#f-unit_q", "xã không có ở đâu cả")
	v.write("#f-place", already)
	v.follow(`#hoi button[value=find]`)
	if got := v.value("#f-place"); got != already {
		v.t.Errorf("what was typed is lost: %q", got)
	}
	if got := v.value("input[name=text]"); got != worry {
		v.t.Errorf("the question is lost on the way: %q", got)
	}
	v.write("#f-unit_q", "nghia tien")
	v.follow(`#hoi button[value=find]`)
	v.tick("input[name=unit][type=radio]")
	v.shot(shot + "-03-where")
	v.follow(`#hoi button[value=next]`)
	v.write("#f-name", "Hồ Thị Thử Nghiệm")
	v.write("#f-phone", "123")
	v.follow(`#hoi button[value=next]`)
	v.has("#errors a")
	if got := v.value("#f-name"); got != "Hồ Thị Thử Nghiệm" {
		v.t.Errorf("the name is lost with a wrong phone number: %q", got)
	}
	v.write("#f-phone", "0912 345 678")
	v.shot(shot + "-04-who")
	v.follow(`#hoi button[value=next]`)
	v.sees(worry)
	v.shot(shot + "-05-check")
	v.follow(`#hoi button[value=send]`)
	code = codeShape.FindString(v.text("main"))
	if code == "" {
		v.fail("the receipt has no code")
	}
	v.shot(shot + "-06-receipt")
	proven(v.t, code)
	v.open(v.path())
	v.has(`a[download][href$="/bien-nhan.json"]`)
	v.until("the photo", `document.querySelector('main img[src^="/anh/"]')`)
	v.shot(shot + "-07-my-case")
	return code
}

// value is what stands in a field.
func (v *visitor) value(sel string) string {
	v.t.Helper()
	v.has(sel)
	var s string
	v.ask("document.querySelector("+quote(sel)+").value", &s)
	return s
}

// proven waits until the receipt carries the proof that the public log holds the question.
func proven(t *testing.T, code string) {
	t.Helper()
	for end := time.Now().Add(3 * patience); ; time.Sleep(200 * time.Millisecond) { // the log is busy with 50,000 gifts when the province has just opened
		var receipt struct {
			Code  string
			Proof map[string]any
		}
		r, err := http.Get(product + "/vu-viec/" + code + "/bien-nhan.json")
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(r.Body).Decode(&receipt)
		_ = r.Body.Close()
		if err != nil || receipt.Code != code {
			t.Fatalf("the receipt of %s: %s %v %+v", code, r.Status, err, receipt)
		}
		if len(receipt.Proof) > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the receipt of %s has no proof of the public log", code)
		}
	}
}
