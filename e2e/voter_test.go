package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/platform/paper"
)

const (
	voters    = "/lam-viec/cu-tri"
	meetings  = 3
	perVoters = 20 // petitions of each meeting
)

// voterBodies are the five bodies among which the sixty petitions are shared out.
var voterBodies = []string{"Sở Xây dựng tỉnh Nghệ An", "Sở Nông nghiệp và Môi trường tỉnh Nghệ An", "Sở Y tế tỉnh Nghệ An", "Sở Giáo dục và Đào tạo tỉnh Nghệ An", "Công an tỉnh Nghệ An"}

// wishes are what the voters ask for, one for each body; the place makes each of the sixty different.
var wishes = []string{"sửa chữa đoạn đường liên xã đi qua %s đã hỏng nặng, xe không đi được", "nạo vét tuyến kênh tưới ở %s để kịp nước cho vụ xuân", "bổ sung bác sĩ và thuốc bảo hiểm y tế cho trạm y tế ở %s",
	"xây thêm phòng học mầm non ở %s vì lớp quá đông", "tăng cường tuần tra ban đêm ở %s để phòng trộm cắp"}

// petitionOf is the n-th petition of a meeting; no two are much alike.
func petitionOf(meeting, n int) string {
	hamlets := []string{"xóm Đông", "xóm Tây Hồ", "xóm Nam Sơn", "khối Bắc Thành"}
	whys := []string{"", " Bà con đã kiến nghị nhiều lần với xã.", " Mùa mưa năm ngoái thiệt hại rất lớn, nhiều hộ phải tự bỏ tiền khắc phục.", " Các cháu học sinh và người già đi lại khó khăn nhất."}
	return fmt.Sprintf("Hội nghị %d, kiến nghị %d: đề nghị "+wishes[n%5]+".%s", meeting, n+1, hamlets[(n/5+meeting)%4]+" "+string(rune('A'+n)), whys[(n+meeting)%4])
}

// download fetches a file as the signed-in visitor.
func (v *visitor) download(path string) []byte {
	v.t.Helper()
	var text string
	v.run(chromedp.Evaluate(`fetch(`+quote(path)+`).then(r => { if (!r.ok) throw new Error(r.status); return r.arrayBuffer(); }).then(b => { let s = ""; for (const x of new Uint8Array(b)) s += String.fromCharCode(x); return btoa(s); })`,
		&text, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(b) == 0 {
		v.fail("%s: %d bytes, %v", path, len(b), err)
	}
	return b
}

// read gives the words of a PDF and keeps its pages among the pictures.
func (v *visitor) read(path, shot string) string {
	v.t.Helper()
	file := filepath.Join(v.t.TempDir(), shot+".pdf")
	if err := os.WriteFile(file, v.download(path), 0o600); err != nil {
		v.t.Fatal(err)
	}
	if out, err := exec.Command("pdftoppm", "-r", "70", "-png", file, filepath.Join(shots, shot)).CombinedOutput(); err != nil {
		v.t.Fatalf("pdftoppm: %v: %s", err, out)
	}
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	if err != nil {
		v.t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func (v *visitor) keepFile(name string, b []byte) string {
	v.t.Helper()
	file := filepath.Join(v.t.TempDir(), name)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		v.t.Fatal(err)
	}
	return file
}

// TestVoterPetitions is the whole cycle of one round: three meetings, sixty petitions by Excel, by Word and from a recording,
// five bodies with a letter each, answers by a body that signs in and by tables, reviewed, told to the voters, reported.
func TestVoterPetitions(t *testing.T) {
	v := visit(t, "voter", desktop, true)
	v.signIn("voter-desk@nghean.example")
	round := openRound(v)
	var paths []string
	for i := range meetings {
		paths = append(paths, holdMeeting(v, round, i))
	}
	fromExcel(v, paths[0])
	fromWord(v, paths[1])
	fromRecording(v, paths[2])
	for i, p := range paths {
		v.open(p)
		v.press(`form[action$="/xong"] summary`)
		v.follow(`form[action$="/xong"] button`)
		sortMeeting(v, i)
	}
	letters := sendLetters(v, round)
	answerLetters(t, v, letters)
	approveAnswers(t)
	for i, p := range paths {
		v.open(p)
		v.press(`form[action$="/tra"] summary`)
		v.follow(`form[action$="/tra"] button`)
		if i == 0 {
			v.openUntil(patience, v.path(), "a draft for the channels", `document.querySelector('main a[href^="/lam-viec/tin-bai/"]')`)
			v.shot("voter-07-told")
		}
	}
	reports(v, round, paths)
	readByVoters(t, paths[0])
	v.calm()
}

func openRound(v *visitor) string {
	v.t.Helper()
	v.open(voters + "/dot/moi")
	v.tick(`input[name=level][value=province]`)
	v.tick(`input[name=phase][value=before]`)
	v.write("#f-session", "Kỳ họp thứ mười bảy, HĐND tỉnh khoá XVIII")
	v.write("#f-session_on", "31/02/2025")
	v.follow("main form.form button.btn-primary")
	v.has("#errors a")
	v.write("#f-session_on", "05/12/2024")
	v.write("#f-lock_on", "30/11/2024")
	v.follow("main form.form button.btn-primary")
	v.sees("Trước kỳ họp thứ mười bảy")
	return v.path()
}

func holdMeeting(v *visitor, round string, i int) string {
	v.t.Helper()
	v.open(voters + "/hoi-nghi/moi?dot=" + filepath.Base(round))
	var unit string
	v.ask(`[...document.querySelectorAll("#f-place_unit_id option")].filter(o => o.text.startsWith("Xã "))[`+fmt.Sprint(10+i)+`].value`, &unit)
	v.write("#f-starts_at", fmt.Sprintf("%d/11/2024", 15+i))
	v.choose("#f-place_unit_id", unit)
	v.write("#f-place", "Hội trường trung tâm xã")
	v.write("#f-delegates", "Hồ Thị Đại Biểu, đại biểu HĐND tỉnh")
	v.follow("main form.form button.btn-primary")
	v.write("#f-attendance", fmt.Sprint(90+i*15))
	v.write("#f-chair", "Lê Văn Chủ Trì")
	v.write("#f-clerk", "Phan Thị Thư Ký")
	v.follow(`form[action$="/dien-ra"] button.btn-primary`)
	v.has(`form[action$="/kien-nghi"]`)
	if i == 0 {
		v.shot("voter-01-held")
	}
	return v.path()
}

func fromExcel(v *visitor, path string) {
	v.t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(v.download(voters + "/mau/bien-ban.xlsx")))
	if err != nil {
		v.t.Fatal(err)
	}
	sheet := f.GetSheetName(0)
	fill := func(bad bool) string {
		for n := range perVoters {
			body := voterBodies[n%5]
			if bad && n == 3 {
				body = "Sở Không Có"
			}
			row := []any{fmt.Sprint(n + 1), petitionOf(1, n), "Lĩnh vực khác", body, "Trần Văn Nói", "không"}
			if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", n+2), &row); err != nil {
				v.t.Fatal(err)
			}
		}
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			v.t.Fatal(err)
		}
		return v.keepFile("bien-ban.xlsx", b.Bytes())
	}
	v.open(path + "/nhap")
	v.attach("#f-file", fill(true))
	v.follow("main form.form button.btn-primary")
	v.sees("Dòng 5: không có cơ quan “Sở Không Có”")
	v.shot("voter-02-row-refused")
	v.attach("#f-file", fill(false))
	v.follow("main form.form button.btn-primary")
	v.sees(fmt.Sprintf("Kiến nghị trong biên bản (%d)", perVoters))
}

func fromWord(v *visitor, path string) {
	v.t.Helper()
	rows := [][]string{}
	for n := range perVoters {
		rows = append(rows, []string{fmt.Sprint(n + 1), petitionOf(2, n)})
	}
	docx, err := paper.Document{Open: true, Blocks: []paper.Block{paper.Table{Head: []string{"STT", "Nội dung kiến nghị"}, Widths: []int{10, 90}, Rows: rows}}}.DOCX()
	if err != nil {
		v.t.Fatal(err)
	}
	v.open(path + "/nhap")
	v.attach("#f-file", v.keepFile("bien-ban.docx", docx))
	v.follow("main form.form button.btn-primary")
	v.sees(fmt.Sprintf("Kiến nghị trong biên bản (%d)", perVoters))
}

func fromRecording(v *visitor, path string) {
	v.t.Helper()
	text := "[00:00:10] Chủ trì: Kính thưa bà con cử tri.\n"
	for n := range perVoters {
		text += fmt.Sprintf("[00:%02d:05] Ông Nói Số %d: %s\nXin cảm ơn.\n", n+1, n+1, petitionOf(3, n))
	}
	v.open(path + "/ghi-am")
	v.write("#f-transcript", text)
	v.follow("main form.form button.btn-primary")
	v.until("twenty parts", fmt.Sprintf(`document.querySelectorAll("input[name=keep]:checked").length === %d`, perVoters))
	v.glance("voter-03-recording")
	v.follow("main form.form button.btn-primary")
	v.sees(fmt.Sprintf("Kiến nghị trong biên bản (%d)", perVoters))
}

// sortMeeting gives what is not sorted to the bodies in turn, as a person would after reading.
func sortMeeting(v *visitor, i int) {
	v.t.Helper()
	v.has(".bulk button")
	if i == 1 {
		v.glance("voter-04-sort")
	}
	names := make([]string, len(voterBodies))
	for n, b := range voterBodies {
		names[n] = quote(b)
	}
	v.ask(`(() => { const names = [`+strings.Join(names, ",")+`];
		[...document.querySelectorAll('select[name^="body."]')].forEach((s, n) => { s.value = [...s.options].find(o => o.text === names[n % 5]).value; });
		[...document.querySelectorAll('select[name^="field."]')].forEach((s, n) => { s.value = ["transport", "water", "health", "education", "security"][n % 5]; }); })()`, nil)
	v.follow(".bulk button")
	v.sees("Còn 0 trên 20")
}

func sendLetters(v *visitor, round string) []string {
	v.t.Helper()
	var out []string
	for i := range voterBodies {
		v.open(round)
		if i == 0 {
			v.shot("voter-05-ready")
		}
		v.press("#gui details summary")
		v.write(`#gui details[open] [name=number]`, fmt.Sprintf("%02d/MTTQ-BTT", i+1))
		v.write(`#gui details[open] [name=due_on]`, "10/12/2024")
		v.follow(`#gui details[open] button.btn-primary`)
		out = append(out, v.path())
		text := v.read(v.path()+"/cong-van.pdf", fmt.Sprintf("voter-letter-%d", i+1))
		for _, want := range []string{"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", fmt.Sprintf("Số: %02d/MTTQ-BTT", i+1), "12 ý kiến, kiến nghị", "Nơi nhận:"} {
			if !strings.Contains(text, want) {
				v.t.Errorf("letter %d: %q is not in: %.400s", i+1, want, text)
			}
		}
	}
	return out
}

// answerLetters: the first body signs in itself, with a table that has a wrong row; the others answer on paper, which the desk
// takes in.
func answerLetters(t *testing.T, v *visitor, letters []string) {
	t.Helper()
	building := v.again("so-xay-dung@nghean.example")
	for i, path := range letters {
		who := v
		if building.sees0(path) {
			who = building
		}
		who.open(path)
		f, err := excelize.OpenReader(bytes.NewReader(who.download(path + "/bang-tra-loi.xlsx")))
		if err != nil {
			t.Fatal(err)
		}
		sheet := f.GetSheetName(0)
		rows, err := f.GetRows(sheet)
		if err != nil || len(rows) != 13 {
			t.Fatal(len(rows), err)
		}
		for n := range rows[1:] {
			kind, due := "Đã giải quyết, trả lời xong", ""
			if n%4 == 1 {
				kind, due = "Đang giải quyết", "30/06/2025"
			}
			cells := []any{rows[n+1][0], rows[n+1][1], rows[n+1][2], kind, "Cơ quan đã kiểm tra thực tế và trả lời: việc này được bố trí trong kế hoạch.", due}
			if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", n+2), &cells); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.SetSheetRow(sheet, "A14", &[]any{"KN-24-99999", "", "", "Đang giải quyết", "Không rõ của ai", "31/02/2025"}); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		who.attach("#f-file", who.keepFile("tra-loi.xlsx", b.Bytes()))
		who.follow(`form[action$="/nhap"] button.btn-primary`)
		who.sees("nhận 12 trả lời, 1 dòng chưa nhận")
		who.sees("Mã KN-24-99999 không thuộc văn bản này")
		if i == 0 {
			who.shot("voter-06-answers-taken")
		}
	}
	building.calm()
}

// sees0 tells whether a page is there for the visitor.
func (v *visitor) sees0(path string) bool {
	v.t.Helper()
	var ok bool
	v.run(chromedp.Evaluate(`fetch(`+quote(path)+`).then(r => r.ok)`, &ok, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return ok
}

func approveAnswers(t *testing.T) {
	t.Helper()
	v := visit(t, "voter-leader", desktop, true)
	v.signIn("leader@nghean.example")
	for range meetings * perVoters {
		v.open(voters + "/cho-duyet")
		var left int
		v.ask(`document.querySelectorAll('button[name=viec][value=duyet]').length`, &left)
		if left == 0 {
			break
		}
		v.follow(`button[name=viec][value=duyet]`)
	}
	v.open(voters + "/cho-duyet")
	v.sees("Không có trả lời nào chờ duyệt")
	v.calm()
}

func reports(v *visitor, round string, paths []string) {
	v.t.Helper()
	v.open(round)
	v.shot("voter-08-round")
	text := v.read(round+"/bao-cao.pdf", "voter-session-report")
	for _, want := range []string{"BÁO CÁO", "/BC-MTTQ-BTT", "đã tổ chức 3 hội nghị", "tập hợp 60 ý kiến", "45 kiến nghị đã được giải quyết", "15 kiến nghị đang được giải quyết", "KẾT QUẢ THEO LĨNH VỰC", "KẾT QUẢ THEO CƠ QUAN", "Phụ lục I", "Phụ lục II", "Tổng cộng", petitionOf(3, 19)[:30]} {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
			v.t.Errorf("session report: %q is not in: %.600s", want, text)
		}
	}
	for name, path := range map[string]string{"voter-slip": paths[1] + "/giay/niem-yet.pdf", "voter-minutes": paths[2] + "/giay/bien-ban.pdf"} {
		if text := v.read(path, name); strings.Contains(text, "Trần Văn Nói") || strings.Contains(text, "Nói Số") || !strings.Contains(text, "Hội nghị") {
			v.t.Errorf("%s: %.400s", name, text)
		}
	}
	if word := v.download(round + "/bao-cao.docx"); !bytes.HasPrefix(word, []byte("PK")) {
		v.t.Error("no Word report")
	}
	v.open(voters + "/ton-dong?xem=tat-ca")
	v.until("fifteen petitions of this round", `[...document.querySelectorAll("main tbody tr")].filter(r => r.innerText.includes("kỳ họp thứ mười bảy")).length === 15`)
	v.shot("voter-09-outstanding")
}

// readByVoters: on an old phone, without a script and without an account.
func readByVoters(t *testing.T, meeting string) {
	t.Helper()
	v := visit(t, "voter-phone", phone, false)
	v.open("/cu-tri")
	v.shot("voter-10-public")
	v.open("/cu-tri/hoi-nghi/" + filepath.Base(meeting))
	v.sees("Đã trả lời bà con 20 kiến nghị; 15 việc đã xong")
	v.shot("voter-11-answers")
	var html string
	v.ask("document.documentElement.outerHTML", &html)
	if strings.Contains(html, "Trần Văn Nói") {
		t.Error("the public page names a voter")
	}
	v.open("/cu-tri?q=kenh+tuoi")
	v.has(`main a[href*="#KN-24-"]`)
	v.calm()
}
