package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The family of the house; nobody of this name exists in the rehearsal.
const (
	familyHead   = "Vừ Thị Thử Nhà"
	familyNumber = "040158777123"
)

// TestHouseFromSurveyToHandover: the province sets a programme up; the head of a residential area surveys a house on a telephone
// where there is no network, and the form sends itself; another person approves; the commune pays, completes and hands over; both
// minutes are downloaded and opened.
func TestHouseFromSurveyToHandover(t *testing.T) {
	leader := visit(t, "housing-leader", desktop, true)
	leader.signIn("leader@nghean.example")
	leader.open("/lam-viec/nha-o/chuong-trinh/moi")
	for field, text := range map[string]string{"name": "Nhà Đại đoàn kết thử nghiệm", "from": "2024", "to": "2026", "legal": "Kế hoạch 12/KH-MTTQ", "norm_new": "60.000.000", "norm_fix": "30.000.000"} {
		leader.write("#f-"+field, text)
	}
	leader.follow(`main form button.btn-primary`)
	leader.sees("Nhà Đại đoàn kết thử nghiệm")

	head, path := surveyWithoutNetwork(t)
	area := head.text("dl.facts > div:nth-child(4) dd") // "Xóm 1, Xã Kim Liên"
	commune := area[strings.LastIndex(area, ", ")+2:]

	chair := visit(t, "housing-chair", desktop, true)
	chair.signIn(person("chu-tich", commune))
	chair.open(path)
	chair.sees("Duyệt căn nhà này")
	if strings.Contains(chair.text("main"), familyHead) {
		chair.fail("the name of the family is not masked")
	}
	chair.tick("#duyet input[value=provincial]")
	chair.write("#f-amount", "75.000.000")
	chair.write("#f-decision_no", "15/QĐ-BVĐ")
	chair.write("#f-decision_on", "20/11/2024")
	chair.follow("#duyet button")
	chair.sees("Lớn hơn định mức 60.000.000 đ")
	chair.write("#f-amount", "60.000.000")
	chair.follow("#duyet button")
	chair.sees("Đã duyệt căn nhà.")
	chair.shot("housing-04-approved")
	chair.calm()

	officer := visit(t, "housing-officer", desktop, true)
	officer.signIn(person("can-bo", commune))
	buildHouse(officer, path)
	openMinutes(officer, path)
}

// surveyWithoutNetwork fills the survey form in where no network reaches, and finds the house that came of it.
func surveyWithoutNetwork(t *testing.T) (v *visitor, path string) {
	t.Helper()
	line := newCable(t)
	page := line.address + "/lam-viec/nha-o/khao-sat"
	v = visit(t, "housing-head", phone, true)
	v.signIn("truong-ban@")
	v.open(page)
	if !bundled(v) {
		t.Fatal("the browser islands were not bundled: make web")
	}
	v.await("page kept for use without network", `caches.open("nhipcau.pages").then(c => c.match(location.pathname))`)
	line.set(true)
	v.open(page)
	v.has("#khao-sat")
	v.write("#f-name", familyHead)
	v.write("#f-id_number", familyNumber)
	v.write("#f-members", "Vừ Văn Con; con; 2001")
	v.ask(`(e => { e.selectedIndex = e.options.length - 1; e.dispatchEvent(new Event("change", {bubbles: true})) })(document.querySelector("#f-unit"))`, nil)
	v.tick(`#khao-sat input[name=category][value=poor]`)
	v.tick(`#khao-sat input[name=land][value=titled]`)
	v.write("#f-condition", "Nhà gỗ mục, mái cọ dột")
	v.tick(`#khao-sat input[name=need][value=build]`)
	v.attach("#f-photo", photo(t))
	v.write("#f-consent", "Chủ hộ, ký trên phiếu")
	v.shot("housing-01-form-without-network")
	v.press("#khao-sat [type=submit]")
	v.until("kept form", `document.body.innerText.includes("chờ gửi")`)
	v.shot("housing-02-kept")
	line.set(false)
	v.open(page) // stays open while the form sends itself
	v.await("house of the sent form", `fetch("/lam-viec/nha-o").then(r => r.text()).then(t => t.includes("/lam-viec/nha-o/can/"))`)
	v.until("empty outbox", `!document.body.innerText.includes("chờ gửi")`)
	v.open("/lam-viec/nha-o")
	v.follow("tbody th a")
	v.sees("Đã khảo sát")
	v.has(".thumbs img, figure img")
	v.shot("housing-03-surveyed")
	return v, v.path()
}

// buildHouse records money, the work, the completion and the handover as the commune's official does.
func buildHouse(v *visitor, path string) {
	v.t.Helper()
	v.open(path)
	v.write("#start-on", "20/11/2024")
	v.follow("#start button")
	v.sees("Đã ghi khởi công.")
	v.open(path + "/chi")
	for field, text := range map[string]string{"amount": "60.000.000", "giver": "Trần Văn Tám", "giver_title": "Phó Trưởng ban", "receiver": familyHead, "id_number": familyNumber, "witness": "Lê Thị Bảy"} {
		v.write("#f-"+field, text)
	}
	v.follow("main form button.btn-primary")
	v.sees("Đã ghi biên bản bàn giao tiền.")
	v.open(path + "/hoan-thanh")
	v.write("#f-members", "Nguyễn Văn Sáu; Phó Chủ tịch UBND xã\nLê Thị Bảy; Xóm trưởng")
	v.write("#f-area", "45,5")
	for _, part := range []string{"floor", "frame", "roof"} {
		v.tick("#f-hard input[name=" + part + "]")
	}
	v.write("#f-others", "Gia đình; hai mươi triệu")
	v.follow("main form button.btn-primary")
	v.sees("Dòng “Gia đình; hai mươi triệu” không đọc được")
	v.write("#f-others", "Gia đình; 25.000.000")
	v.follow("main form button.btn-primary")
	v.sees("Đã ghi biên bản hoàn thành.")
	v.write("#handover-on", "20/11/2024")
	v.follow("#handover button")
	v.sees("Khoản giúp đỡ đã vào sổ của hộ.")
	v.shot("housing-05-handed-over")
	v.follow("dl.facts a") // the household
	v.sees("60.000.000 đ")
	v.shot("housing-06-household")
	v.calm()
}

// openMinutes downloads both minutes in both forms and reads them.
func openMinutes(v *visitor, path string) {
	v.t.Helper()
	v.open(path)
	var hrefs []string
	v.ask(`[...document.querySelectorAll('a[href*="/giay/"]')].map(a => a.getAttribute("href"))`, &hrefs)
	if len(hrefs) != 6 {
		v.fail("%d papers: %v", len(hrefs), hrefs)
	}
	for _, href := range hrefs {
		b := v.fetch(href)
		if strings.HasSuffix(href, ".pdf") {
			if !bytes.HasPrefix(b, []byte("%PDF-")) || !bytes.Contains(b[len(b)-64:], []byte("%%EOF")) {
				v.fail("%s is no whole PDF: %d bytes", href, len(b))
			}
			continue
		}
		words := []string{familyHead}
		switch {
		case strings.Contains(href, "hoan-thanh"):
			words = append(words, "85.000.000", "Tám mươi lăm triệu đồng", "Nguyễn Văn Sáu")
		case strings.Contains(href, "tien-"):
			words = append(words, "60.000.000 đồng (Sáu mươi triệu đồng)", familyNumber, "Lê Thị Bảy")
		}
		text := wordText(v, b)
		for _, w := range words {
			if !strings.Contains(text, w) {
				v.fail("%s does not say %q:\n%s", href, w, text)
			}
		}
	}
}

// fetch downloads what stands at an address, as the visitor.
func (v *visitor) fetch(href string) []byte {
	v.t.Helper()
	var text string
	js := `fetch(` + quote(href) + `).then(r => r.arrayBuffer()).then(b => btoa(Array.from(new Uint8Array(b), x => String.fromCharCode(x)).join("")))`
	v.run(chromedp.Evaluate(js, &text, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) < 100 {
		v.fail("%s: %d bytes, %v", href, len(b), err)
	}
	return b
}

// wordText is the text of a Word file.
func wordText(v *visitor, b []byte) string {
	v.t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		v.fail("no Word file: %v", err)
	}
	f, err := z.Open("word/document.xml")
	if err != nil {
		v.fail("no Word file: %v", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(f)
	if err != nil {
		v.fail("%v", err)
	}
	var out strings.Builder
	for part := range strings.SplitSeq(string(raw), "<") {
		if _, text, ok := strings.Cut(part, ">"); ok {
			out.WriteString(text)
		}
	}
	return out.String()
}
