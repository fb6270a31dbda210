package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// What several people ask of one commune, in their own words, and what the officials make of it.
const (
	bridge       = "Cầu tràn gần trường tiểu học cứ mưa to là ngập sâu, các cháu phải nghỉ học. Đề nghị nâng cầu và cắm biển báo."
	bridgeZalo   = "Cầu tràn gần trường tiểu học mưa to là ngập sâu quá, các cháu nghỉ học hai hôm. Bao giờ nâng cầu và cắm biển báo?"
	bridgeTyped  = "Cầu tràn gần trường tiểu học mưa to ngập sâu, cháu tôi phải nghỉ học, đề nghị nâng cầu"
	bridgePublic = "Cầu tràn gần trường tiểu học ngập sâu khi mưa to, học sinh phải nghỉ học"
	bridgeAnswer = "Xã sẽ cắm biển báo và cọc đo mực nước hai đầu cầu trước ngày 05/12/2024."
)

// TestOneAnswerByEveryDoor is the whole way of a question that several people ask: one on the portal without script, one on
// Zalo, one who only follows; merged by the desk, answered with the opinions of two bodies and a promise, told to each by
// their own door once, published; and the promise, said to be kept, is reopened with a photo.
func TestOneAnswerByEveryDoor(t *testing.T) {
	oa := commune(t, 7)
	asker := visit(t, "bridge-asker", phone, false)
	mine := askAt(asker, oa, bridge)
	user := say(t, oa, bridgeZalo)

	desk := visit(t, "bridge-desk", desktop, true)
	desk.signIn(person("can-bo", oa.Name))
	main := offerIt(desk, oa)
	follower := followIt(t, oa)
	mergeZalo(desk, oa)
	answerIt(desk, main)
	chair := visit(t, "bridge-chair", desktop, true)
	chair.signIn(person("chu-tich", oa.Name))
	chair.open(main)
	chair.sees("2 người khác cùng hỏi")
	chair.shot("bridge-09-second-pair-of-eyes")
	chair.follow(`form[action$="/duyet"] button`)
	chair.calm()

	backAtTheDoor(t, oa, user, bridgeAnswer)
	for name, code := range map[string]string{"asker": mine, "follower": follower} {
		v := visit(t, "bridge-"+name, phone, false)
		v.open("/vu-viec/" + code)
		v.sees(bridgeAnswer)
		v.shot("bridge-10-told-" + name)
		v.calm()
	}
	v := visit(t, "bridge-public", phone, true)
	v.openUntil(time.Minute, "/hoi-dap?q="+url.QueryEscape("cọc đo mực nước"), "the answer in public", `document.querySelector('main a[href^="/hoi-dap/"]:not([href*="ban-do"])')`)
	keepAndDispute(t, desk, main)
}

// askAt asks a question of the account's commune without any enhancement and gives the tracking code.
func askAt(v *visitor, oa account, text string) (code string) {
	v.t.Helper()
	v.open("/hoi")
	v.write("#f-text", text)
	v.follow(`#hoi button[value=next]`)
	whereAt(v, oa)
	v.follow(`#hoi button[value=next]`) // no name, no telephone
	v.follow(`#hoi button[value=send]`)
	code = codeShape.FindString(v.text("main"))
	if code == "" {
		v.fail("no code")
	}
	v.calm()
	return code
}

// whereAt chooses the account's commune on the second page.
func whereAt(v *visitor, oa account) {
	v.t.Helper()
	v.write("#f-unit_q", strings.TrimPrefix(oa.Name, "MTTQ "))
	v.follow(`#hoi button[value=find]`)
	v.tick("input[name=unit][type=radio]")
	v.follow(`#hoi button[value=next]`)
}

// offerIt: the desk finds the question in its queue and lets others follow it under words that name nobody.
func offerIt(v *visitor, oa account) (href string) {
	v.t.Helper()
	v.open("/lam-viec/vu-viec?q=" + url.QueryEscape("cau tran truong tieu hoc"))
	v.follow(`main table a[href^="/lam-viec/vu-viec/"]`)
	href = v.path()
	v.sees(bridge)
	fold := `details.fold:has(form[action$="/tom-tat"])`
	v.press(fold + " > summary")
	v.write("[name=summary]", "Gọi 0912 345 678 để biết cầu tràn ngập")
	v.follow(`form[action$="/tom-tat"] button[value=open]`)
	v.has("#errors a")
	v.shot("bridge-01-summary-names-somebody")
	v.write("[name=summary]", bridgePublic)
	v.follow(`form[action$="/tom-tat"] button[value=open]`)
	v.has(`.notice`)
	v.shot("bridge-02-offered")
	v.calm()
	return href
}

// followIt: while a third person types the same, it is offered; they follow it instead of asking again.
func followIt(t *testing.T, oa account) (code string) {
	t.Helper()
	v := visit(t, "bridge-typing", phone, true)
	v.open("/hoi")
	v.write("#f-text", bridgeTyped)
	if bundled(v) {
		v.until("the offer while typing", `document.getElementById("goi-y").innerText.includes(`+quote(bridgePublic)+`)`)
		v.shot("bridge-03-offered-while-typing")
	}
	v.follow(`#hoi .actions button[value=next]`)
	whereAt(v, oa)
	v.sees(bridgePublic) // the step in between
	v.shot("bridge-04-step-in-between")
	v.follow(`#hoi button[value^="follow:"]`)
	code = codeShape.FindString(v.text("main"))
	if code == "" {
		v.fail("who follows has no code")
	}
	v.shot("bridge-05-follows")
	v.calm()
	return code
}

// mergeZalo: the message from Zalo becomes a case in one click, is recognised as the same and merged.
func mergeZalo(v *visitor, oa account) {
	v.t.Helper()
	v.openUntil(time.Minute, "/lam-viec/hop-thu", "the message", `document.querySelector("main").innerText.includes(`+quote(bridgeZalo[:30])+`)`)
	v.follow(`.tasks a.task-what`)
	v.sees(bridgeZalo)
	v.follow(`form[action$="/vu-viec"] button`)
	link := `main a[href^="/lam-viec/vu-viec/"]`
	v.has(link)
	v.follow(link)
	v.reloadUntil(time.Minute, "the duplicate", `document.querySelector('form[action$="/gop"]')`)
	v.press(`details.fold:has(form[action$="/gop"]) > summary`)
	v.shot("bridge-06-same-matter")
	v.follow(`form[action$="/gop"] button`)
	v.has(`form[action$="/tach-khoi"]`)
	v.calm()
}

// answerIt asks two bodies, quotes what they say and puts an answer forward whose promise is recorded.
func answerIt(v *visitor, main string) {
	v.t.Helper()
	v.open(main)
	v.press(`details.fold:has(form[action$="/xin-y-kien"]) > summary`)
	v.tick(`#f-bodies label.choice:nth-of-type(1) input`)
	v.tick(`#f-bodies label.choice:nth-of-type(2) input`)
	v.write("#f-opinion-question", "Cầu này do ai quản lý, bao giờ nâng được?")
	v.shot("bridge-07-ask-two-bodies")
	v.follow(`form[action$="/xin-y-kien"] button`)
	for _, said := range []string{"Cầu do xã quản lý; chúng tôi cấp 20 triệu đồng để cắm biển.", "Đã đưa việc nâng cầu vào danh mục công trình năm 2025."} {
		v.open(main)
		v.follow(`main p a[href^="/lam-viec/y-kien/"]`)
		v.write("[name=text]", said)
		v.write("[name=source]", "Công văn 12/UBND")
		v.follow(`form[action^="/lam-viec/y-kien/"] .actions button`)
	}
	for range 2 {
		v.open(main)
		var quoted int
		v.ask(`(document.querySelector("[name=answer]").value.match(/^>/gm) || []).length`, &quoted)
		v.follow(`form[action$="/trich"]:nth-of-type(` + map[bool]string{true: "1", false: "2"}[quoted == 0] + `) button`)
	}
	v.open(main)
	quoted := v.value("[name=answer]")
	if !strings.Contains(quoted, "> Cầu do xã quản lý") || !strings.Contains(quoted, "> Đã đưa việc nâng cầu") {
		v.fail("the opinions are not quoted: %q", quoted)
	}
	v.write("[name=answer]", "Cảm ơn ông, bà. "+bridgeAnswer+"\n\n"+quoted)
	v.follow(`form[action$="/tra-loi"] button[value=submit]`)
	v.has("#f-promises")
	if got := v.value(`[name^="due_"]`); got != "05/12/2024" {
		v.fail("the day of the promise was read as %q", got)
	}
	v.tick(`[name^="keep_"][value="1"]`)
	v.write(`[name^="what_"]`, "Cắm biển báo và cọc đo mực nước ở cầu tràn")
	v.shot("bridge-08-promise")
	v.follow(`form[action$="/tra-loi"] button[value=submit]`)
	v.sees(bridgeAnswer)
	v.calm()
}

// keepAndDispute: the desk says that the promise is kept, and a citizen's photo says that it is not.
func keepAndDispute(t *testing.T, desk *visitor, main string) {
	t.Helper()
	desk.openUntil(time.Minute, main, "the promise", `document.querySelector('main a[href^="/lam-viec/loi-hua/"]')`)
	desk.follow(`main a[href^="/lam-viec/loi-hua/"]`)
	at := strings.TrimPrefix(desk.path(), "/lam-viec/loi-hua/")
	desk.write("[name=note]", "Đã cắm hai biển")
	desk.follow(`form[action$="/da-lam"] button`)
	desk.shot("bridge-11-said-kept")
	v := visit(t, "bridge-photo", phone, false)
	v.open("/loi-hua/" + at)
	v.sees("Đúng hẹn")
	v.write("#f-text", "Mới có một biển, chưa có cọc đo")
	v.follow(`form[action$="/phan-anh"] button`) // without a photo
	v.has("#errors a")
	if got := v.value("#f-text"); got != "Mới có một biển, chưa có cọc đo" {
		v.fail("the words are lost: %q", got)
	}
	v.attach("#f-photo", photo(t))
	v.follow(`form[action$="/phan-anh"] button`)
	v.sees("Người dân gửi ảnh báo chưa làm")
	v.shot("bridge-12-reopened")
	v.calm()
	desk.open("/lam-viec/loi-hua/" + at)
	desk.sees("Mới có một biển")
	desk.until("the photo", `document.querySelector('main img[src^="/anh/"]')`)
	desk.shot("bridge-13-desk-sees-photo")
	desk.calm()
}
