package e2e

import (
	"strings"
	"testing"
	"time"
)

// The decision of this test; no other bears its number.
const (
	decisionNo    = "77/QĐ-BVĐ"
	decisionAbout = "Phân bổ thử: sửa đường vào xóm"
)

// TestMoneyFromDecisionToPublicPage: the accountant draws a decision up, the approver decides, the unit names the work, the
// treasurer pays, and everybody reads it on an old telephone without script.
func TestMoneyFromDecisionToPublicPage(t *testing.T) {
	_, appeal := someGift(t)
	where := appeal + "/di-dau"
	accountant := visit(t, "accountant", desktop, true)
	accountant.signIn("accountant@")
	accountant.openUntil(2*time.Minute, "/lam-viec/phan-bo", "the decisions of the rehearsal", `document.querySelectorAll("main tbody tr").length >= 4`)
	accountant.shot("spending-01-list")
	decision := propose(accountant)

	approver := visit(t, "fund-approver", phone, true)
	approver.signIn("fund-approver@")
	approver.open(decision)
	approver.sees(decisionAbout)
	approver.glance("spending-03-decide")
	approver.follow(`button[value=duyet]`)
	approver.sees("Đơn vị nhận lập danh sách")
	share := approver.first(decision, `main tbody a[href^="/lam-viec/phan-bo-don-vi/"]`)
	approver.calm()

	accountant.open(share)
	accountant.write("#f-work", "Đường vào xóm thử")
	accountant.write("#f-amount", "30.000.001")
	accountant.follow(`form[action$="/nguoi-nhan"] button.btn-primary`)
	accountant.sees("Chỉ còn 30.000.000 đ")
	accountant.write("#f-amount", "20.000.000")
	accountant.follow(`form[action$="/nguoi-nhan"] button.btn-primary`)
	payment := accountant.first(share, `main tbody a[href^="/lam-viec/chi-tien/"]`)
	accountant.calm()

	payOut(t, payment)
	citizen := visit(t, "citizen-spending", phone, false)
	citizen.open(where)
	citizen.sees(decisionAbout)
	citizen.sees("66 %")
	if strings.Contains(citizen.text("main"), "Người chứng kiến thử") {
		citizen.fail("the page names the witness")
	}
	citizen.shot("spending-06-public")
}

// propose draws the decision up, too large at first, and gives its address.
func propose(v *visitor) string {
	v.open("/lam-viec/phan-bo/moi")
	unit := ""
	v.ask(`document.querySelectorAll("#units option")[1].value`, &unit)
	for field, text := range map[string]string{"doc_no": decisionNo, "meeting": "Họp Ban Vận động", "about": decisionAbout, "unit_1": unit, "purpose_1": "Sửa đường bị sạt", "amount_1": "9.000.000.000.000"} {
		v.write("#f-"+field, text)
	}
	v.choose("#f-head_1", "i")
	v.choose("#f-kind_1", "work")
	v.follow(`button[value=trinh]`)
	v.sees("Quỹ chỉ còn")
	v.write("#f-amount_1", "30.000.000")
	v.follow(`button[value=trinh]`)
	v.sees("Đã trình")
	v.shot("spending-02-proposed")
	v.calm()
	return v.path()
}

// payOut hands the money over as the treasurer, with a photo.
func payOut(t *testing.T, payment string) {
	t.Helper()
	v := visit(t, "treasurer", phone, true)
	v.signIn("treasurer@")
	v.open(payment)
	v.write("#f-minutes_no", "01/BB")
	v.write("#f-witness", "Người chứng kiến thử")
	v.tick(`input[name=way][value=bank]`)
	v.attach("#f-photo", photo(t))
	v.write("#f-photo_consent", "Trưởng xóm đồng ý")
	v.glance("spending-04-pay")
	v.press(`form[action$="/chi"] details.confirm > summary`)
	v.follow(`form[action$="/chi"] .confirm-box button`)
	v.sees("Đã ghi khoản chi vào sổ quỹ")
	v.ask(`document.querySelector("main img").scrollIntoView()`, nil)
	v.until("the photo", `document.querySelector("main img").naturalWidth > 0`)
	v.shot("spending-05-paid")
	v.calm()
}
