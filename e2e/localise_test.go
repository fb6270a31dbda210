package e2e

import (
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// The province's post and what one commune adds.
const (
	masterTitle = "Lịch cấp nước sạch cho vùng ngập"
	masterLead  = "Xe bồn đến từng xã từ thứ hai. Bà con mang theo can sạch có nắp."
	masterBody  = "Mỗi hộ nhận 40 lít một ngày cho đến khi nhà máy nước chạy lại."
	localWords  = "Xe dừng tại sân nhà văn hóa xóm 5 lúc 7 giờ và 16 giờ; nhà có người già yếu gọi trưởng xóm chở giúp."
	localAlt    = "Sân nhà văn hóa nơi xe bồn dừng"
	localWidth  = 960 // of the commune's picture: the province's is wider
)

// TestInheritAndLocalise is a master of the province, approved with a time in which the communes may add to it. One commune adds
// a paragraph and a picture, which its own approver agrees to; another does nothing. Until the time is over nobody outside sees
// anything; then both communes have it on Zalo, on Facebook and on their public page, the one with its words, the other as is.
func TestInheritAndLocalise(t *testing.T) {
	browserCtx(t)
	p, err := openProvince(program, t.TempDir(), "nghe-an")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.stop)
	ours, theirs := p.communes(t)

	now := p.clock(t)
	until := clock.DateOf(now).AddDays(1).Time().Add(9 * time.Hour) // tomorrow at nine: whatever the hour of this test, a time to post
	path, id := writeMaster(t, p, until)
	approveMaster(t, p, path, until)
	addLocally(t, p, ours, id)
	agreeLocally(t, p, ours, id)

	province := visit(t, "province", desktop, true)
	province.enter(p, "editor@nghean.example")
	province.open(p.product + path + "/dia-phuong")
	row := func(a account) string {
		return `[...document.querySelectorAll("tr[data-row]")].find(r => r.querySelector("th").innerText.trim().endsWith(` + quote(a.unit()) + `))`
	}
	province.until("the part of "+ours.Name, row(ours)+`?.innerText.includes(`+quote(localWords)+`)`)
	province.until("no part of "+theirs.Name, `!`+row(theirs)+`.innerText.includes("xóm 5")`)
	province.shot("local-06-progress")
	var oursAt, theirsAt string
	province.ask(row(ours)+`.querySelector("a").getAttribute("href")`, &oursAt)
	province.ask(row(theirs)+`.querySelector("a").getAttribute("href")`, &theirsAt)
	for _, a := range []account{ours, theirs} {
		if n := len(p.onZalo(t, a)) + len(p.onFacebook(t, a)); n != 0 {
			t.Fatalf("%s: %d times outside before the time is over", a.Name, n)
		}
	}
	province.calm()

	p.setAhead(t, until.Sub(p.clock(t))+time.Minute)
	p.awaitMaster(t, ours)
	p.awaitMaster(t, theirs)
	p.checkZalo(t, ours, theirs)
	p.checkFacebook(t, ours, theirs)
	checkPortal(t, p, ours, oursAt, true)
	checkPortal(t, p, theirs, theirsAt, false)
	v := visit(t, "phones", phone, true)
	v.open(p.outside + "/wall/facebook/" + p.page(t, ours))
	v.sees(localWords[:30])
	v.glance("local-09-facebook")
}

// unit is the name of the commune without what the rules of names put before it.
func (a account) unit() string { return strings.TrimPrefix(a.Name, "MTTQ ") }

// communes finds two communes whose names no other unit bears.
func (p province) communes(t *testing.T) (one, other account) {
	t.Helper()
	var list, found []account
	p.control(t, "/zalo/oas", nil, &list)
	times := map[string]int{}
	for _, a := range list {
		times[a.Name]++
	}
	for _, a := range list {
		if strings.HasPrefix(a.Name, "MTTQ Xã ") && times[a.Name] == 1 {
			found = append(found, a)
		}
	}
	if len(found) < 12 {
		t.Fatalf("only %d communes have a name of their own", len(found))
	}
	return found[5], found[11]
}

// clock asks for the time of the rehearsal.
func (p province) clock(t *testing.T) time.Time {
	t.Helper()
	var at struct{ Now time.Time }
	p.control(t, "/clock", nil, &at)
	return at.Now
}

// setAhead sets the clock of the rehearsal ahead.
func (p province) setAhead(t *testing.T, by time.Duration) {
	t.Helper()
	p.control(t, "/clock", map[string]string{"by": by.String()}, nil)
}

// writeMaster: an editor of the province writes to everybody, opens the time for additions and submits.
func writeMaster(t *testing.T, p province, until time.Time) (path, id string) {
	t.Helper()
	v := visit(t, "editor", desktop, true)
	v.enter(p, "editor@nghean.example")
	v.open(p.product + "/lam-viec/tin-bai/moi")
	v.write("#f-title", masterTitle)
	v.write("#f-lead", masterLead)
	if bundled(v) {
		v.press(".editor .prose")
		v.write(".editor .prose", masterBody)
		v.until("text in the form", `document.querySelector("[name=body]").value.includes(`+quote(masterBody[:20])+`)`)
	} else {
		v.write("[name=body]", masterBody)
	}
	v.choose("[name=category]", "notice")
	v.attach("#f-photo", photo(t))
	v.write("#f-photo_alt", "Xe bồn chở nước")
	v.tick(`#f-targets-wide input[value^="subtree:"]`)
	v.follow(`#post button[value=submit]`)
	v.has("article img")
	path = v.path()
	id = path[strings.LastIndex(path, "/")+1:]
	v.follow(`main a[href="` + path + `/dia-phuong"]`)
	at := until.In(clock.Vietnam)
	v.choose("#f-day", at.AddDate(0, 0, -2).Format("2006-01-02")) // is over
	v.follow(`main form button.btn-primary`)
	v.has("#errors a")
	v.choose("#f-day", at.Format("2006-01-02"))
	v.choose("#f-hour", at.Format("15:04"))
	v.shot("local-01-window")
	v.follow(`main form button.btn-primary`)
	v.sees(at.Format("02/01/2006"))
	v.calm()
	return path, id
}

// approveMaster is done by another person: the post then waits for the end of the time.
func approveMaster(t *testing.T, p province, path string, until time.Time) {
	t.Helper()
	v := visit(t, "approver", desktop, true)
	v.enter(p, "approver@nghean.example")
	v.open(p.product + path)
	v.tick(`#approve input[name=mode][value=now]`)
	v.follow(`#approve button.btn-primary`)
	v.sees("Hẹn giờ")
	v.sees(until.In(clock.Vietnam).Format("02/01/2006 15:04"))
	v.calm()
}

// addLocally: the commune's editor finds the post among the day's work and adds a paragraph and a picture.
func addLocally(t *testing.T, p province, ours account, id string) {
	t.Helper()
	v := visit(t, "commune", phone, true)
	v.enter(p, person("can-bo", ours.Name))
	v.follow(`main a[href^="/lam-viec/ban-dia-phuong/` + id + `"]`)
	v.sees(masterLead)
	v.shot("local-02-desk")
	v.follow(`#part button[value=submit]`) // nothing was written
	v.has("#errors a")
	v.write("#f-words", localWords)
	v.attach("#f-photo", localPhoto(t))
	v.write("#f-alt", localAlt)
	v.follow(`#part button[value=submit]`)
	v.has(`main figure img[alt=` + quote(localAlt) + `]`)
	v.shot("local-03-written")
	v.calm()
}

// agreeLocally: the commune's own approver agrees; who wrote it could not.
func agreeLocally(t *testing.T, p province, ours account, id string) {
	t.Helper()
	v := visit(t, "chair", phone, true)
	v.enter(p, person("chu-tich", ours.Name))
	v.follow(`main a[href^="/lam-viec/ban-dia-phuong/` + id + `"]`)
	v.sees(localWords)
	v.shot("local-04-judge")
	v.follow(`#judge button[value=approve]`)
	v.until("nothing left to judge", `!document.querySelector("#judge")`)
	v.shot("local-05-agreed")
	v.calm()
}

// localPhoto draws the commune's picture: a yard under the sky.
func localPhoto(t *testing.T) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, localWidth, 720))
	for y := range 720 {
		for x := range localWidth {
			c := color.RGBA{200, 180, uint8(130 + x/32), 255}
			if y < 300 {
				c = color.RGBA{170, 205, uint8(240 - y/6), 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	path := filepath.Join(t.TempDir(), "san-nha-van-hoa.jpg")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, m, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// zaloArticle is an article as the simulated platform keeps it.
type zaloArticle struct {
	Title string
	Cover struct {
		PhotoURL string `json:"photo_url"`
	}
	Body []struct{ Type, Content, URL, Caption string }
}

// text gives its words, and the addresses of the pictures in it.
func (a zaloArticle) text() (words string, pictures []string) {
	for _, b := range a.Body {
		words += b.Content + "\n"
		if b.Type == "image" {
			pictures = append(pictures, b.URL)
		}
	}
	return words, pictures
}

// onZalo gives the province's post as it stands at an Official Account: none or one.
func (p province) onZalo(t *testing.T, a account) []zaloArticle {
	t.Helper()
	var list, out []zaloArticle
	p.control(t, "/zalo/oas/"+a.ID+"/articles", nil, &list)
	for _, x := range list {
		if x.Title == masterTitle {
			out = append(out, x)
		}
	}
	return out
}

// page is the Facebook page of the unit that has the account.
func (p province) page(t *testing.T, a account) string {
	t.Helper()
	var list []account
	p.control(t, "/facebook/pages", nil, &list)
	for _, x := range list {
		if x.Name == a.Name {
			return x.ID
		}
	}
	t.Fatalf("%s has no page", a.Name)
	return ""
}

// facebookPost is a post as the simulated platform keeps it.
type facebookPost struct {
	Message string
	Photos  []string
}

// onFacebook gives the province's post as it stands on the page of a unit.
func (p province) onFacebook(t *testing.T, a account) []facebookPost {
	t.Helper()
	var list, out []facebookPost
	p.control(t, "/facebook/pages/"+p.page(t, a)+"/posts", nil, &list)
	for _, x := range list {
		if strings.Contains(x.Message, masterLead) {
			out = append(out, x)
		}
	}
	return out
}

// awaitMaster waits until a unit has the post on both platforms.
func (p province) awaitMaster(t *testing.T, a account) {
	t.Helper()
	for end := time.Now().Add(2 * patience); ; time.Sleep(200 * time.Millisecond) {
		z, f := len(p.onZalo(t, a)), len(p.onFacebook(t, a))
		if z == 1 && f == 1 {
			return
		}
		if z > 1 || f > 1 || time.Now().After(end) {
			t.Fatalf("%s has the post %d times on Zalo and %d times on Facebook", a.Name, z, f)
		}
	}
}

// checkZalo compares the two articles: one with the commune's words and picture behind the province's, the other without.
func (p province) checkZalo(t *testing.T, ours, theirs account) {
	t.Helper()
	with, without := p.onZalo(t, ours)[0], p.onZalo(t, theirs)[0]
	words, pictures := with.text()
	if !strings.Contains(words, masterBody) || !strings.Contains(words, localWords) || !strings.Contains(words, ours.unit()) || len(pictures) != 1 {
		t.Errorf("the article of %s: %+v", ours.Name, with)
	} else if w := widthAt(t, pictures[0]); w != localWidth {
		t.Errorf("the picture in the article of %s is %d wide", ours.Name, w)
	}
	if w := widthAt(t, with.Cover.PhotoURL); w == localWidth {
		t.Error("the commune's picture took the place of the province's")
	}
	words, pictures = without.text()
	if !strings.Contains(words, masterBody) || strings.Contains(words, localWords) || len(pictures) != 0 || without.Cover.PhotoURL != with.Cover.PhotoURL {
		t.Errorf("the article of %s: %+v", theirs.Name, without)
	}
}

// widthAt fetches a picture as the platform would.
func widthAt(t *testing.T, address string) int {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	c, err := jpeg.DecodeConfig(r.Body)
	if err != nil {
		t.Fatalf("%s: %s %v", address, r.Status, err)
	}
	return c.Width
}

// checkFacebook does the same with the posts on the pages.
func (p province) checkFacebook(t *testing.T, ours, theirs account) {
	t.Helper()
	with, without := p.onFacebook(t, ours)[0], p.onFacebook(t, theirs)[0]
	if !strings.Contains(with.Message, localWords) || len(with.Photos) != 2 {
		t.Errorf("the post of %s: %+v", ours.Name, with)
	}
	if strings.Contains(without.Message, localWords) || !strings.Contains(without.Message, masterBody) || len(without.Photos) != 1 {
		t.Errorf("the post of %s: %+v", theirs.Name, without)
	}
}

// checkPortal goes from a unit's part, now closed, to its public page.
func checkPortal(t *testing.T, p province, a account, part string, added bool) {
	t.Helper()
	official := visit(t, "after-"+a.ID, desktop, true)
	official.enter(p, person("can-bo", a.Name))
	official.open(p.product + part)
	official.until("a part that is closed", `!document.querySelector("#part")`)
	var public string
	official.has(`main a[href*="/tin/"]`)
	official.ask(`document.querySelector('main a[href*="/tin/"]').href`, &public)
	official.calm()
	v := visit(t, "reader-"+a.ID, phone, false)
	v.open(public)
	v.sees(masterBody)
	var text, pictures string
	v.ask(`document.querySelector("article").innerText`, &text)
	v.ask(`[...document.querySelectorAll("article img")].map(i => i.alt).join("|")`, &pictures)
	if strings.Contains(text, localWords) != added || strings.Contains(pictures, localAlt) != added || !strings.Contains(pictures, "Xe bồn chở nước") {
		t.Errorf("the public page of %s (%s): pictures %q, text %q", a.Name, public, pictures, text)
	}
	if added {
		v.shot("local-07-portal")
	} else {
		v.shot("local-08-portal-as-is")
	}
	v.calm()
}
