package e2e

import (
	"regexp"
	"strings"
	"testing"
)

const (
	stores = "/lam-viec/cuu-tro/kho"
	boxes  = "/lam-viec/cuu-tro/thung"
	trucks = "/lam-viec/cuu-tro/xe"
	scan   = "/lam-viec/cuu-tro/quet"
)

var boxCode = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{3}`)

// TestBoxReachesTheCommune: the storekeeper takes goods in and plans boxes, the packer types their codes on a telephone, and
// the donor follows a box on an old one, without script.
func TestBoxReachesTheCommune(t *testing.T) {
	keeper := visit(t, "storekeeper", desktop, true)
	keeper.signIn("storekeeper@")
	dest := takeIn(keeper)
	codes := planBoxes(keeper, dest)
	keeper.open(trucks)
	keeper.press("details.fold > summary")
	keeper.write("#f-label", "Xe thử đường dài")
	keeper.choose("#f-from", option(keeper, "#f-from", "Kho cứu trợ tỉnh"))
	keeper.choose("#f-to", dest)
	keeper.follow(`form[action$="/xe"] button.btn-primary`)
	truck := keeper.path()
	keeper.shot("relief-05-truck")

	packer := visit(t, "packer", phone, true)
	packer.signIn("packer@")
	packer.open(scan)
	scanned(packer, codes[0], "ok")
	packer.glance("relief-06-packed")
	scanned(packer, strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")), "wait")
	packer.glance("relief-07-packed-before")
	scanned(packer, "không phải mã", "refused")
	packer.glance("relief-08-refused")
	packer.open(scan + "?viec=load&xe=" + strings.TrimPrefix(truck, trucks+"/"))
	scanned(packer, codes[1], "refused") // it was not packed
	scanned(packer, codes[0], "ok")
	packer.glance("relief-09-loaded")

	keeper.open(truck)
	keeper.follow(`button[value=away]`)
	follows(t, codes[0], "Đang trên đường đến", "relief-10-donor-on-the-way")
	packer.open(scan + "?viec=receive")
	scanned(packer, codes[0], "ok")
	packer.glance("relief-11-received")
	follows(t, codes[0], "Đã đến", "relief-12-donor-arrived")
	packer.calm()
	keeper.calm()
}

// takeIn books rice and noodles into the province's warehouse and gives the id of a commune's receiving point.
func takeIn(v *visitor) (dest string) {
	v.t.Helper()
	v.open(stores)
	v.shot("relief-01-warehouses")
	var main string
	v.ask(`[...document.querySelectorAll("main th a")].find(a => a.innerText.includes("Kho cứu trợ tỉnh")).getAttribute("href")`, &main)
	v.open(main + "/nhap")
	v.write("#f-party", "Đoàn thiện nguyện e2e")
	v.choose("#f-item_1", option(v, "#f-item_1", "Gạo tẻ"))
	v.write("#f-qty_1", "không")
	v.follow(`form#phieu button.btn-primary`)
	v.has("#errors a")
	v.shot("relief-02-refused")
	v.write("#f-qty_1", "500")
	v.write("#f-expires_1", "30/12/2030")
	v.follow(`form#phieu button.btn-primary`)
	v.sees("PNK")
	v.sees("Đoàn thiện nguyện e2e")
	v.shot("relief-03-slip")
	v.open(boxes + "/moi")
	return option(v, "#f-to", "Điểm nhận hàng")
}

// planBoxes makes two boxes for a receiving point and gives their codes.
func planBoxes(v *visitor, dest string) []string {
	v.t.Helper()
	v.choose("#f-from", option(v, "#f-from", "Kho cứu trợ tỉnh"))
	v.choose("#f-to", dest)
	v.write("#f-name", "Suất thử một hộ")
	v.write("#f-boxes", "2")
	v.choose("#f-item_1", option(v, "#f-item_1", "Gạo tẻ"))
	v.write("#f-qty_1", "10")
	v.follow(`form[action$="/thung/moi"] button.btn-primary`)
	codes := boxCode.FindAllString(v.text("main table"), -1)
	if len(codes) != 2 {
		v.fail("%d codes for 2 boxes", len(codes))
	}
	v.open(v.path() + "/nhan")
	v.has(".label svg.qr")
	v.shot("relief-04-labels")
	return codes
}

// option is the value of the first choice whose text holds some words.
func option(v *visitor, sel, words string) string {
	v.t.Helper()
	v.has(sel)
	var value string
	v.ask(`[...document.querySelector(`+quote(sel)+`).options].find(o => o.text.includes(`+quote(words)+`)).value`, &value)
	return value
}

// scanned types a code and waits for the large answer.
func scanned(v *visitor, code, answer string) {
	v.t.Helper()
	v.ask(`document.getElementById("scan-said").replaceChildren()`, nil)
	v.write("#f-code", code)
	v.press("form.scan button.btn-primary")
	v.until("the answer "+answer, `document.querySelector('[data-scan="`+answer+`"]')`)
}

// follows looks the box up as a donor does, on a telephone without script, and checks that the page names nobody.
func follows(t *testing.T, code, status, picture string) {
	t.Helper()
	v := visit(t, "donor", phone, false)
	v.open("/cuu-tro/thung")
	v.write("#f-ma", code)
	v.follow("main form button")
	v.sees(status)
	v.sees("10 kg")
	v.shot(picture)
	v.calm()
}

// TestReliefPages looks at what everybody and what officials see, on both screens.
func TestReliefPages(t *testing.T) {
	v := visit(t, "relief-citizen", phone, true)
	look := examiner(t, v)
	look("relief-public", "/cuu-tro")
	look("relief-offer", "/cuu-tro/gop")
	look("relief-find", "/cuu-tro/thung")
	v.open("/cuu-tro?q=gao")
	v.sees("Gạo tẻ")

	o := visit(t, "relief-officer", desktop, true)
	o.signIn("storekeeper@")
	look = examiner(t, o)
	look("relief-needs", "/lam-viec/cuu-tro")
	look("relief-stores", stores)
	look("relief-boxes", boxes)
	look("relief-trucks", trucks)
	look("relief-items", "/lam-viec/cuu-tro/mat-hang")
	look("relief-scan", scan)
	look("relief-plan", boxes+"/moi")
	main := o.first(stores, `main th a[href^="`+stores+`/"]`)
	look("relief-store", main)
	look("relief-in", main+"/nhap")
	look("relief-count", main+"/kiem-ke")
	look("relief-hand", main+"/phat")

	l := visit(t, "relief-leader", desktop, true)
	l.signIn("leader@")
	look = examiner(t, l)
	look("relief-offers", "/lam-viec/cuu-tro/gop")
	look("relief-match", l.first("/lam-viec/cuu-tro/gop", `main th a[href^="/lam-viec/cuu-tro/gop/"]`))
	look("relief-need", l.first("/lam-viec/cuu-tro", `main th a[href^="/lam-viec/cuu-tro/nhu-cau/"]`))
	look("relief-need-new", "/lam-viec/cuu-tro/nhu-cau/moi")
	look("relief-avoid", "/lam-viec/cuu-tro/khong-nhan")
}

// TestPackerWithoutNetwork: a packer opens the page once, scans where no network reaches, and the scans are written, each once
// and in their order, when the network is back. One that the house refuses is shown with the reason.
func TestPackerWithoutNetwork(t *testing.T) {
	keeper := visit(t, "storekeeper-of-the-valley", phone, true)
	keeper.signIn("storekeeper@")
	dest := takeIn(keeper)
	codes := planBoxes(keeper, dest)
	line := newCable(t)
	page := line.address + scan
	v := visit(t, "packer-without-network", phone, true)
	v.signIn("packer@")
	v.open(page)
	if !bundled(v) {
		t.Fatal("the browser islands were not bundled: make web")
	}
	v.await("page kept for use without network", `caches.open("nhipcau.pages").then(c => Promise.all([c.match(location.pathname), c.match("/khong-mang")])).then(all => all.every(Boolean))`)

	line.set(true)
	v.open(page)
	scanned(v, codes[0], "kept")
	v.sees(codes[0])
	scanned(v, codes[1], "kept")
	scanned(v, codes[0], "kept") // twice by mistake
	scanned(v, "KHONG-PHAI-MA", "kept")
	v.sees("Còn 4 phiếu chờ gửi")
	v.shot("packer-01-without-network")

	line.set(false)
	v.openUntil(patience, page, "scans that were sent", `!document.body.innerText.includes("chờ gửi")`)
	v.sees("KHONG-PHAI-MA") // refused: the packer looks at it
	v.shot("packer-02-sent")
	for _, code := range codes {
		scanned(v, code, "wait") // packed before
	}
	for _, c := range v.complaints() {
		if !strings.HasPrefix(c, "network:") { // the cable was out
			t.Errorf("the browser complains: %s", c)
		}
	}
	keeper.calm()
}
