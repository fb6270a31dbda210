package voterweb_test

import (
	"archive/zip"
	"bytes"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/platform/web"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
	"github.com/nhipcau/nhipcau/internal/voter"
	"github.com/nhipcau/nhipcau/internal/voter/votertest"
	"github.com/nhipcau/nhipcau/internal/voter/voterweb"
)

var (
	desk     = identitytest.Official("giup-viec", identity.RoleVoterDesk, orgunittest.VinhHung)
	leader   = identitytest.Official("chu-tich", identity.RoleLeader, orgunittest.VinhHung)
	body     = identitytest.Official("ubnd", identity.RoleVoterDesk, orgunittest.WardOffice)
	stranger = identitytest.Official("xa-ban", identity.RoleVoterDesk, orgunittest.KimLien)
	anID     = golden.Replace(`01[0-9a-f]{6}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`, "ID")
)

type site struct {
	*votertest.House
	t     *testing.T
	mux   http.Handler
	words *i18n.Bundle
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t}
	var err error
	if s.words, err = i18n.Load(ui.Catalogue, xlsx.Catalogue, voterweb.Catalogue); err != nil {
		t.Fatal(err)
	}
	s.House = votertest.NewWith(t, dbtest.SQLite(t, votertest.Migrations...), s.words.In("vi"))
	var rt web.Routes
	(&voterweb.Pages{Service: s.Voter, Words: s.words.In("vi"), Province: func() string { return orgunittest.Province }}).Routes(&rt)
	server := &web.Server{Logger: slog.New(slog.DiscardHandler), ErrorPage: func(_ *http.Request, k fault.Kind, err error) templ.Component { return ui.ErrorPage(k, err) },
		Guard: func(r *http.Request, a web.Access) error {
			actor := identity.ActorFrom(r.Context())
			if a.Door != web.DoorAction || s.Authz.CanSomewhere(actor, a.Action) {
				return nil
			}
			return s.Authz.Check(actor, a.Action, identity.InUnit(""))
		}}
	s.mux = server.Mux(&rt)
	return s
}

func (s *site) do(actor identity.Actor, method, target string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return s.send(actor, r, want)
}

func (s *site) send(actor identity.Actor, r *http.Request, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.t.Fatalf("%s %s: %d, want %d\n%s", r.Method, r.URL, w.Code, want, w.Body)
	}
	return w
}

// upload sends a file as the form of a page does.
func (s *site) upload(actor identity.Actor, target, name string, content []byte, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile("file", name)
	s.ok(err)
	_, err = f.Write(content)
	s.ok(err)
	s.ok(m.Close())
	r := httptest.NewRequest("POST", target, &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return s.send(actor, r, want)
}

func (s *site) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) page(name string, actor identity.Actor, target string, want int) string {
	s.t.Helper()
	w := s.do(actor, "GET", target, nil, want)
	golden.Body(s.t, name, w.Body.Bytes(), anID)
	return w.Body.String()
}

func (s *site) has(page string, words ...string) {
	s.t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			s.t.Errorf("%q is not on the page:\n%s", w, page)
		}
	}
}

// pdf gives the words of a paper.
func (s *site) pdf(b []byte) string {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "x.pdf")
	s.ok(os.WriteFile(file, b, 0o600))
	out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	s.ok(err)
	return strings.Join(strings.Fields(string(out)), " ")
}

const (
	b      = voterweb.Base
	aRound = b + "/dot"
)

// TestTheWholeWay walks the screens from an empty room to the public page.
func TestTheWholeWay(t *testing.T) {
	s := newSite(t)
	s.page("empty", desk, b, 200)
	s.page("rounds-empty", desk, aRound, 200)
	s.page("round-new", desk, aRound+"/moi", 200)
	s.page("meeting-without-round", desk, b+"/hoi-nghi/moi", 200)
	s.page("items-empty", desk, b+"/kien-nghi", 200)
	s.page("letters-empty", desk, b+"/van-ban", 200)
	s.page("leftover-empty", desk, b+"/ton-dong", 200)
	s.page("review-empty", leader, b+"/cho-duyet", 200)
	s.page("public-empty", identity.Citizen(), "/cu-tri", 200)
	s.do(leader, "GET", b+"/hoi-nghi/moi", nil, 403)
	s.do(identity.Citizen(), "GET", b, nil, 303)

	bad := s.do(desk, "POST", aRound, url.Values{"unit": {orgunittest.VinhHung}, "level": {"commune"}, "phase": {"before"}, "session": {""}, "session_on": {"31/02/2026"}}, 422).Body.String()
	s.has(bad, "Cần một ngày có thật", "31/02/2026")
	to := s.do(desk, "POST", aRound, url.Values{"unit": {orgunittest.VinhHung}, "level": {"commune"}, "phase": {"before"}, "session": {"Kỳ họp thứ nhất, HĐND phường khoá I"}, "session_on": {"10/12/2026"}, "lock_on": {"30/11/2029"}}, 303).Header().Get("Location")
	round := strings.TrimPrefix(strings.SplitN(to, "?", 2)[0], aRound+"/")
	s.page("round-fresh", desk, aRound+"/"+round, 200)
	s.page("rounds", desk, aRound, 200)
	s.page("meeting-new", desk, b+"/hoi-nghi/moi?dot="+round, 200)
	s.page("round-change", desk, aRound+"/"+round+"/sua", 200)
	meet := url.Values{"round": {round}, "day": {"01/01/2020"}, "hour": {"08:30"}, "place_unit_id": {orgunittest.AreaKimTan}, "place": {"Nhà văn hoá khối Kim Tân"}, "delegates": {"Nguyễn Thị Đại Biểu, đại biểu HĐND phường\nLê Văn Dân, đại biểu HĐND phường"}, "announce": {"1"}}
	refused := url.Values{"round": {round}, "day": {"hôm nào đó"}, "hour": {"8h"}, "place_unit_id": {orgunittest.KimLien}, "place": {""}, "delegates": {"Ai đó"}}
	s.has(s.do(desk, "POST", b+"/hoi-nghi", refused, 422).Body.String(), "hôm nào đó", "Nơi này không thuộc địa bàn")
	to = s.do(desk, "POST", b+"/hoi-nghi", meet, 303).Header().Get("Location")
	m := strings.SplitN(to, "?", 2)[0]
	id := strings.TrimPrefix(m, b+"/hoi-nghi/")
	s.page("meeting-planned", desk, m, 200)
	s.page("meeting-change", desk, m+"/sua", 200)
	s.page("public-planned", identity.Citizen(), "/cu-tri/hoi-nghi/"+id, 200)
	s.do(stranger, "GET", m, nil, 404)
	s.has(s.do(desk, "POST", m+"/dien-ra", url.Values{"attendance": {"không nhớ"}, "chair": {"Lê Văn Chủ Trì"}}, 422).Body.String(), "Cần số cử tri dự", "Lê Văn Chủ Trì")
	s.do(desk, "POST", m+"/dien-ra", url.Values{"attendance": {"85"}, "chair": {"Lê Văn Chủ Trì"}, "clerk": {"Phan Thị Thư Ký"}, "summary": {"Cử tri phấn khởi."}}, 303)
	s.has(s.do(desk, "POST", m+"/kien-nghi", url.Values{"text": {"ngắn"}, "speaker": {"Trần Văn Nói"}}, 422).Body.String(), "ít nhất 10 chữ", "Trần Văn Nói")
	s.do(desk, "POST", m+"/kien-nghi", url.Values{"text": {"Đề nghị UBND phường sửa đường vào nhà văn hóa khối Kim Tân đã hỏng nặng."}, "speaker": {"Trần Văn Nói"}}, 303)
	s.fromFiles(m)
	s.fromTranscript(m)
	s.page("meeting-held", desk, m, 200)
	s.do(desk, "POST", m+"/xong", url.Values{}, 303)
	s.page("sort", desk, m+"/phan-loai", 200)
	s.sortAll(m)
	s.page("sorted", desk, m+"/phan-loai", 200)
	s.page("round-ready", desk, aRound+"/"+round, 200)
	s.has(s.do(desk, "POST", aRound+"/"+round+"/gui", url.Values{"body": {orgunittest.WardOffice}, "due_on": {"mai"}}, 422).Body.String(), "Cần một ngày có thật")
	to = s.do(desk, "POST", aRound+"/"+round+"/gui", url.Values{"body": {orgunittest.WardOffice}, "due_on": {"10/12/2029"}, "number": {"15/MTTQ-BTT"}, "note": {"Kính mong sớm."}}, 303).Header().Get("Location")
	letter := strings.SplitN(to, "?", 2)[0]
	s.page("letter", body, letter, 200)
	s.page("letters-in", body, b+"/van-ban", 200)
	s.do(stranger, "GET", letter, nil, 404)
	s.answers(letter)
	s.page("review", leader, b+"/cho-duyet", 200)
	s.do(leader, "GET", b+"/cho-duyet?in=1", nil, 200)
	if _, err := excelize.OpenReader(s.do(leader, "GET", b+"/cho-duyet/xuat.xlsx", nil, 200).Body); err != nil {
		t.Error(err)
	}
	s.approveAll()
	s.page("meeting-answered", desk, m, 200)
	s.page("returned-preview", desk, m+"/tra", 200)
	s.do(desk, "POST", m+"/tra", url.Values{}, 303)
	s.ok(s.Queue.Drain(t.Context()))
	s.page("returned", desk, m+"/tra", 200)
	s.page("list", desk, b, 200)
	s.page("items", desk, b+"/kien-nghi?q=duong", 200)
	s.page("leftover", desk, b+"/ton-dong?xem=tat-ca", 200)
	s.page("round-done", desk, aRound+"/"+round, 200)
	public := s.page("public-meeting", identity.Citizen(), "/cu-tri/hoi-nghi/"+id, 200)
	if strings.Contains(public, "Trần Văn Nói") || strings.Contains(public, "Ông An") || len(public) > 30<<10 || strings.Contains(public, "0912 345") || strings.Contains(public, "0912345") {
		t.Errorf("the public page names voters or is heavy (%d bytes)", len(public))
	}
	s.has(public, "Bùi Thị Đồng Ý")
	s.page("public", identity.Citizen(), "/cu-tri?q=kim+tan", 200)
	s.page("public-unit", identity.Citizen(), "/cu-tri/don-vi/phuong-vinh-hung", 200)
	s.do(identity.Citizen(), "GET", "/cu-tri/don-vi/khong-co", nil, 404)
	s.papers(m, round, letter)
}

// fromFiles takes the templates, fills them and sends them back, wrong ones first.
func (s *site) fromFiles(m string) {
	s.page("upload", desk, m+"/nhap", 200)
	template := s.do(desk, "GET", b+"/mau/bien-ban.xlsx?don_vi="+orgunittest.VinhHung, nil, 200).Body.Bytes()
	f, err := excelize.OpenReader(bytes.NewReader(template))
	s.ok(err)
	sheet := f.GetSheetName(0)
	set := func(cell, v string) { s.ok(f.SetCellStr(sheet, cell, v)) }
	rows, err := f.GetRows(sheet)
	s.ok(err)
	if len(rows) < 2 || rows[0][1] != "Nội dung kiến nghị" {
		s.t.Fatal("the template:", rows)
	}
	set("B2", "Đề nghị lắp thêm đèn đường ở ngõ 3 khối Kim Tân.")
	set("C2", "Thiên văn")
	set("D2", "Bộ Trời")
	set("B3", "quá cụt")
	set("C3", "")
	var out bytes.Buffer
	s.ok(f.Write(&out))
	s.has(s.upload(desk, m+"/nhap", "sai.xlsx", out.Bytes(), 422).Body.String(), "Dòng 2: không có lĩnh vực “Thiên văn”", "Dòng 2: không có cơ quan “Bộ Trời”", "Dòng 3: nội dung kiến nghị cần ít nhất 10 chữ")
	set("C2", "giao thong")
	set("D2", "ubnd phường vinh hưng")
	set("E2", "Bùi Thị Đồng Ý")
	set("F2", "có")
	set("B3", "")
	out.Reset()
	s.ok(f.Write(&out))
	s.upload(desk, m+"/nhap", "dung.xlsx", out.Bytes(), 303)
	s.has(s.upload(desk, m+"/nhap", "rong.xlsx", nil, 422).Body.String(), "Tệp này trống")
	s.has(s.upload(desk, m+"/nhap", "cu.doc", []byte("\xd0\xcf\x11\xe0 old"), 422).Body.String(), "Office cũ")

	word := s.do(desk, "GET", b+"/mau/bien-ban.docx?don_vi="+orgunittest.VinhHung, nil, 200).Body.Bytes()
	filled := rewrite(s.t, word, "Ví dụ: Đề nghị sửa đoạn đường liên xóm dài 300 m đã hỏng (xoá dòng này khi điền)", "Đề nghị nạo vét mương thoát nước dọc đường liên khối, gọi 0912 345 678.")
	s.upload(desk, m+"/nhap", "bien-ban.docx", filled, 303)
}

// rewrite changes words inside a Word file.
func rewrite(t *testing.T, docx []byte, from, to string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(docx), int64(len(docx)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	found := false
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(raw, []byte(from))
		p, err := w.Create(f.Name)
		if err == nil {
			_, err = p.Write(bytes.ReplaceAll(raw, []byte(from), []byte(to)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil || !found {
		t.Fatal("the words are not in the file", err)
	}
	return out.Bytes()
}

func (s *site) fromTranscript(m string) {
	s.page("transcript", desk, m+"/ghi-am", 200)
	s.has(s.do(desk, "POST", m+"/ghi-am", url.Values{"transcript": {"Dạ."}}, 422).Body.String(), "Không tách được đoạn nào")
	text := "[00:01:02] Chủ trì: Kính thưa bà con cử tri.\n[00:02:10] Ông An: Thứ nhất, đề nghị công an phường tăng cường tuần tra ban đêm ở khối. Thứ hai, đề nghị trạm y tế có thêm thuốc bảo hiểm y tế cho người cao tuổi. Xin cảm ơn."
	w := s.do(desk, "POST", m+"/ghi-am", url.Values{"transcript": {text}}, 200)
	golden.Body(s.t, "transcript-parts", w.Body.Bytes(), anID)
	s.has(w.Body.String(), "tuần tra ban đêm", "thuốc bảo hiểm y tế", `value="Ông An"`)
	s.has(s.do(desk, "POST", m+"/ghi-am/nhan", url.Values{"transcript": {text}, "text": {"Đề nghị công an tuần tra."}, "speaker": {"Ông An"}}, 422).Body.String(), "Chưa chọn kiến nghị nào")
	s.do(desk, "POST", m+"/ghi-am/nhan", url.Values{"transcript": {text}, "keep": {"0", "1"}, "speaker": {"Ông An", "Ông An"},
		"text": {"Đề nghị công an phường tăng cường tuần tra ban đêm ở khối.", "Đề nghị trạm y tế có thêm thuốc bảo hiểm y tế cho người cao tuổi."}}, 303)
}

// sortAll accepts what is suggested and gives the rest to the ward.
func (s *site) sortAll(m string) {
	d, err := s.Voter.Meeting(s.t.Context(), desk, strings.TrimPrefix(m, b+"/hoi-nghi/"))
	s.ok(err)
	if len(d.Items) != 5 {
		s.t.Fatalf("%d items", len(d.Items))
	}
	form := url.Values{}
	for i, x := range d.Items {
		form.Set("field."+x.ID, "transport")
		form.Set("body."+x.ID, orgunittest.WardOffice)
		if i == 4 {
			form.Set("body."+x.ID, "")
		}
	}
	s.has(s.do(desk, "POST", m+"/phan-loai", form, 422).Body.String(), "Cần chọn cơ quan có thẩm quyền")
	form.Set("body."+d.Items[4].ID, orgunittest.WardOffice)
	s.do(desk, "POST", m+"/phan-loai", form, 303)
	one := d.Items[1].ID
	s.page("item", desk, b+"/kien-nghi/"+one, 200)
	now, err := s.Voter.Item(s.t.Context(), desk, one)
	s.ok(err)
	version := strconv.Itoa(now.Item.Version)
	s.has(s.do(desk, "POST", b+"/kien-nghi/"+one+"/sua", url.Values{"text": {"cụt"}, "version": {version}}, 422).Body.String(), "cụt", "ít nhất 10 chữ")
	s.do(desk, "POST", b+"/kien-nghi/"+one+"/sua", url.Values{"text": {"Đề nghị lắp thêm 5 đèn đường ở ngõ 3 khối Kim Tân."}, "version": {version}, "field": {"transport"}, "body": {orgunittest.WardOffice}}, 303)
	s.has(s.do(desk, "POST", b+"/kien-nghi/"+one+"/nguoi-noi", url.Values{}, 200).Body.String(), "Bùi Thị Đồng Ý")
	s.do(leader, "POST", b+"/kien-nghi/"+one+"/nguoi-noi", url.Values{}, 403)
	s.has(s.do(desk, "POST", b+"/kien-nghi/"+one+"/phan-loai", url.Values{"field": {""}}, 422).Body.String(), "Cần chọn lĩnh vực")
	two := d.Items[2].ID
	s.do(desk, "POST", b+"/kien-nghi/"+two+"/gop", url.Values{"into": {one}}, 303)
	s.page("item-merged", desk, b+"/kien-nghi/"+two, 200)
	s.has(s.do(desk, "POST", b+"/kien-nghi/"+two+"/tach", url.Values{"reason": {""}}, 422).Body.String(), "Cần ghi lý do")
	s.do(desk, "POST", b+"/kien-nghi/"+two+"/tach", url.Values{"reason": {"Khác việc"}}, 303)
	s.page("item-apart", desk, b+"/kien-nghi/"+two, 200)
	s.do(desk, "POST", b+"/kien-nghi/"+two+"/bo", url.Values{}, 409)
}

// answers fills the return table, wrong and right, and answers one by hand.
func (s *site) answers(letter string) {
	table := s.do(body, "GET", letter+"/bang-tra-loi.xlsx", nil, 200).Body.Bytes()
	s.has(s.upload(body, letter+"/nhap", "chua-dien.xlsx", table, 422).Body.String(), "chưa điền trả lời nào")
	f, err := excelize.OpenReader(bytes.NewReader(table))
	s.ok(err)
	sheet := f.GetSheetName(0)
	for cell, v := range map[string]string{"D2": "Đã giải quyết, trả lời xong", "E2": "Đã sửa xong đoạn đường.", "D3": "Đang giải quyết", "E3": "Đang khảo sát.", "F3": "31/02/2030",
		"D4": "Đang giải quyết", "E4": "Sẽ nạo vét trong quý I.", "F4": "31/03/2030", "A7": "KN-99-99999", "D7": "Giải trình, cung cấp thông tin", "E7": "Không rõ của ai.", "D5": "Xong tuốt", "E5": "Đã tuần tra."} {
		s.ok(f.SetCellStr(sheet, cell, v))
	}
	var out bytes.Buffer
	s.ok(f.Write(&out))
	to := s.upload(body, letter+"/nhap", "tra-loi.xlsx", out.Bytes(), 303).Header().Get("Location")
	page := s.page("import", body, to, 200)
	s.has(page, "nhận 2 trả lời, 3 dòng chưa nhận", "Mã KN-99-99999 không thuộc văn bản này", "31/02/2030", "không đúng mẫu", "Không rõ của ai.")
	d, err := s.Voter.Letter(s.t.Context(), body, strings.TrimPrefix(letter, b+"/van-ban/"))
	s.ok(err)
	for i, v := range d.Items {
		if v.State != voter.ItemSent {
			continue
		}
		at := b + "/kien-nghi/" + v.ID
		if i == 1 {
			s.page("item-to-answer", body, at, 200)
			s.has(s.do(body, "POST", at+"/tra-loi", url.Values{"kind": {"in_progress"}, "text": {"Đang làm"}, "due_on": {"31/02/2030"}}, 422).Body.String(), "31/02/2030", "ngày có thật")
		}
		s.do(body, "POST", at+"/tra-loi", url.Values{"kind": {"explained"}, "text": {"Việc này đang chờ kinh phí của tỉnh."}, "doc_number": {"88/UBND"}, "doc_on": {"01/12/2029"}}, 303)
	}
}

func (s *site) approveAll() {
	list, err := s.Voter.Waiting(s.t.Context(), leader)
	s.ok(err)
	for i, v := range list {
		at := b + "/kien-nghi/" + v.ID
		if i == 0 {
			s.page("item-review", leader, at, 200)
			s.has(s.do(leader, "POST", at+"/duyet", url.Values{"answer": {v.Wait.ID}, "viec": {"tra-lai"}}, 422).Body.String(), "Cần ghi lý do")
			s.do(leader, "POST", at+"/duyet", url.Values{"answer": {v.Wait.ID}, "viec": {"tra-lai"}, "reason": {"Ghi rõ ngày xong"}}, 303)
			s.do(body, "POST", at+"/tra-loi", url.Values{"kind": {"solved"}, "text": {"Đã sửa xong ngày 15/11."}}, 303)
			again, err := s.Voter.Item(s.t.Context(), leader, v.ID)
			s.ok(err)
			v = again.ItemView
		}
		s.do(leader, "POST", at+"/duyet", url.Values{"answer": {v.Wait.ID}, "viec": {"duyet"}, "ve": {"danh-sach"}}, 303)
		s.do(leader, "POST", at+"/duyet", url.Values{"answer": {v.Wait.ID}, "viec": {"duyet"}}, 409)
	}
}

// papers opens every document.
func (s *site) papers(m, round, letter string) {
	for path, want := range map[string][]string{
		m + "/giay/bien-ban.pdf":              {"BIÊN BẢN", "Lê Văn Chủ Trì", "85 cử tri", "KN-"},
		m + "/giay/niem-yet.pdf":              {"THÔNG BÁO", "Đã sửa xong", "Nơi nhận:"},
		m + "/giay/bao-cao-mo-dau.pdf":        {"BÁO CÁO"},
		aRound + "/" + round + "/bao-cao.pdf": {"BÁO CÁO", "Số: ……/BC-MTTQ-BTT", "KẾT QUẢ THEO LĨNH VỰC", "Phụ lục I", "Tổng cộng"},
		letter + "/cong-van.pdf":              {"Số: 15/MTTQ-BTT", "Kính gửi: Ủy ban nhân dân phường Vinh Hưng", "DANH MỤC Ý KIẾN, KIẾN NGHỊ"},
	} {
		text := s.pdf(s.do(desk, "GET", path, nil, 200).Body.Bytes())
		for _, w := range want {
			if !strings.Contains(text, w) {
				s.t.Errorf("%s: %q is not in: %s", path, w, text)
			}
		}
		if strings.Contains(text, "Trần Văn Nói") || strings.Contains(text, "voter.") {
			s.t.Errorf("%s names a voter or shows a key: %s", path, text)
		}
		if word := s.do(desk, "GET", strings.TrimSuffix(path, ".pdf")+".docx", nil, 200).Body.Bytes(); !bytes.HasPrefix(word, []byte("PK")) {
			s.t.Errorf("%s: no Word file", path)
		}
	}
	s.has(s.do(desk, "GET", m+"/giay/loa.txt", nil, 200).Body.String(), "Trả lời kiến nghị của cử tri")
	s.do(desk, "GET", m+"/giay/khac.pdf", nil, 404)
	for _, path := range []string{b + "/xuat.xlsx", b + "/kien-nghi/xuat.xlsx", b + "/ton-dong/xuat.xlsx?xem=tat-ca", b + "/dot/xuat.xlsx", b + "/van-ban/xuat.xlsx?xem=di"} {
		if _, err := excelize.OpenReader(s.do(desk, "GET", path, nil, 200).Body); err != nil {
			s.t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{b + "?in=1", b + "/kien-nghi?in=1", b + "/ton-dong?in=1", b + "/dot?in=1", b + "/van-ban?in=1"} {
		s.do(desk, "GET", path, nil, 200)
	}
}
