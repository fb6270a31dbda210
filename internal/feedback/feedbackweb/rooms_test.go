package feedbackweb_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/attach"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/follow"
	"github.com/nhipcau/nhipcau/internal/feedback/opinion"
	"github.com/nhipcau/nhipcau/internal/feedback/promise"
	"github.com/nhipcau/nhipcau/internal/feedback/similar"
	"github.com/nhipcau/nhipcau/internal/feedback/survey"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/blob"
	"github.com/nhipcau/nhipcau/internal/platform/picture"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// open makes the rooms around answers, as the roof does.
func (s *site) open(words feedback.Words) {
	s.t.Helper()
	blobs, err := blob.NewFolder(s.t.TempDir())
	if err != nil {
		s.t.Fatal(err)
	}
	k, days := s.Kit, workday.New()
	r := &s.rooms
	r.Similar = similar.New(similar.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Cases: k.Service, Audit: k.Audit})
	r.Follow = follow.New(follow.Deps{DB: k.DB, Clock: k.Clock, Cases: k.Service, Offers: r.Similar})
	s.openPhones()
	r.Survey = survey.New(survey.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Cases: k.Service})
	r.Promise = promise.New(promise.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Calendar: days, Cases: k.Service, Pictures: feedbacktest.Pictures{}, Audit: k.Audit})
	r.Opinion = opinion.New(opinion.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Authz: k.Authz, Calendar: days, Cases: k.Service, Audit: k.Audit, Words: words})
	r.Files = attach.New(attach.Deps{DB: k.DB, Queue: k.Queue, Clock: k.Clock, Blobs: blobs, Pictures: picture.NewStore(blobs), Cases: k.Service, Audit: k.Audit})
	r.Brand = func(ctx context.Context, unitID string) context.Context {
		sh := ui.ShellFrom(ctx)
		sh.Brand.Name = "Mặt trận " + k.Service.Unit(unitID).FullName
		return ui.WithShell(ctx, sh)
	}
	r.Shapes, r.ViewBox = []ui.Shape{{Code: "17920", Name: "Phường Vinh Hưng", Path: "M0 0h5v5z"}, {Code: "16690", Name: "Phường Trường Vinh", Path: "M5 5h5v5z"}}, "0 0 10 10"
	r.Place = func(unitID string) (id, name, code string) {
		u := k.Service.Unit(unitID)
		return u.ID, u.FullName, u.Code
	}
	k.Service.BeforeSubmit(r.Promise.Gate)
}

// file sends one file of a form.
func (s *site) file(path, field, name, body string) page {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, _ := m.CreateFormFile(field, name)
	_, _ = io.WriteString(part, body)
	_ = m.Close()
	req, _ := http.NewRequest("POST", s.server.URL+path, &b)
	req.Header.Set("Content-Type", m.FormDataContentType())
	return s.do(req)
}

const sameQuestion = "Đèn đường ở khối Kim Tân bị hỏng hai tháng nay không thấy ai sửa, buổi tối các cháu đi học rất nguy hiểm"

// Somebody asks what others ask already: while typing, and without script in a step in between, it is offered; one press
// follows it, under a code of one's own, without a name.
func TestAskingWhatOthersAsk(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	c := s.Ask()
	if p := s.get("/hoi?don_vi="+orgunittest.VinhHung).want(t, 200, "Mặt trận Phường Vinh Hưng", `data-suggest="/hoi/goi-y"`); len(p.body) > 30<<10 {
		t.Errorf("the form weighs %d bytes", len(p.body))
	}
	s.Drain()
	typing := url.Values{"text": {sameQuestion}, "unit": {orgunittest.VinhHung}, "kind": {"report"}}
	if p := s.post("/hoi/goi-y", typing).want(t, 200); strings.Contains(p.body, "Đèn") {
		t.Error("words nobody looked at are offered")
	}
	at := "/lam-viec/vu-viec/" + c.ID
	s.actor = feedbacktest.Officer
	s.post(at+"/tom-tat", url.Values{"summary": {"Gọi bà Mẫu 0912 000 678 về đèn đường"}}).want(t, 422, "Còn thông tin riêng", "0912 000 678")
	if p := s.post(at+"/tom-tat", url.Values{"summary": {"Đèn đường khối Kim Tân hỏng hơn hai tháng"}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.get(at).want(t, 200, "Bà con đang cùng theo dõi việc này")
	s.actor = identity.Citizen()
	check(t, "suggestions", s.post("/hoi/goi-y", typing).want(t, 200, "Đèn đường khối Kim Tân hỏng hơn hai tháng", "1 người cùng hỏi"))
	if p := s.post("/hoi/goi-y", with(typing, "kind", "denunciation")).want(t, 200); strings.Contains(p.body, "Đèn") {
		t.Error("who denounces is offered something")
	}

	v := s.get("/hoi?don_vi="+orgunittest.VinhHung).fields(t, "/hoi")
	p := s.upload("/hoi", with(v, "text", sameQuestion, "go", "next")).want(t, 200, "Gửi tới")
	p = s.post("/hoi", with(p.fields(t, "/hoi"), "go", "next")).want(t, 200, "Việc của tôi là việc khác")
	check(t, "ask-same", p)
	v = p.fields(t, "/hoi")
	s.post("/hoi", with(v, "go", "next")).want(t, 200, "Họ và tên", `name="seen"`)
	p = s.post("/hoi", with(v, "go", "follow:"+c.ID))
	if p.status != 303 || !strings.HasSuffix(p.location, "?moi=1") {
		t.Fatalf("%d %s\n%s", p.status, p.location, p.body)
	}
	if again := s.post("/hoi", with(v, "go", "follow:"+c.ID)); again.location != p.location {
		t.Errorf("pressed twice: %s and %s", p.location, again.location)
	}
	check(t, "follow-new", s.get(p.location).want(t, 200, "Đã ghi ông, bà là người cùng hỏi", "Đèn đường khối Kim Tân hỏng hơn hai tháng"))
	mine := strings.TrimSuffix(p.location, "?moi=1")
	code := strings.TrimPrefix(mine, "/vu-viec/")
	if p := s.get("/tra-cuu?ma=" + strings.ToLower(code)); p.location != mine {
		t.Errorf("found by code: %d %s", p.status, p.location)
	}
	p = s.get("/dang-giai-quyet?don_vi="+orgunittest.VinhHung).want(t, 200, "2 người cùng hỏi", "Mặt trận Phường Vinh Hưng")
	check(t, "open-list", p)
	if p := s.post("/dang-giai-quyet/"+c.ID+"/theo-doi", p.fields(t, "/dang-giai-quyet/"+c.ID+"/theo-doi")); p.status != 303 {
		t.Errorf("followed from the list: %d %s", p.status, p.body)
	}
	s.post("/dang-giai-quyet/"+orgunittest.Province+"/theo-doi", nil).want(t, 404, "vừa được giải quyết xong")
	s.actor = feedbacktest.Officer
	s.get(at).want(t, 200, "2 người khác cùng hỏi")
	s.actor = identity.Citizen()
	s.Answer(c.ID, "Đèn đã thay xong, ông Mẫu điện 0912 000 678.", false)
	s.Drain()
	p = s.get(mine).want(t, 200, "Đèn đã thay xong", "[số điện thoại]")
	check(t, "follow-answered", p)
	if strings.Contains(p.body, "0912 000") || strings.Contains(p.body, "các cháu đi học thêm") {
		t.Error("a follower reads another person's words or telephone")
	}
	if p := s.post(mine+"/thoi-theo-doi", nil); p.status != 303 {
		t.Errorf("stopped: %d", p.status)
	}
	s.get(mine).want(t, 200, "đã thôi theo dõi")
	check(t, "open-empty", s.get("/dang-giai-quyet").want(t, 200, "Chưa có việc nào"))
	s.get("/vu-viec/0000-0000-000").want(t, 404)
}

// Two people wrote the same: the desk merges them, and takes them apart again; the second person's code shows the answer.
func TestMergingOnThePage(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	a := s.Ask()
	b := s.Ask(func(in *feedback.Intake) { in.Text = sameQuestion })
	s.Drain()
	s.actor = feedbacktest.Officer
	at := "/lam-viec/vu-viec/" + b.ID
	p := s.get(at).want(t, 200, "Có thể là cùng một việc (1)")
	check(t, "dossier-same", p)
	v := p.fields(t, at+"/gop")
	if v.Get("into") != a.ID {
		t.Fatalf("merges into %s", v.Get("into"))
	}
	s.post(at+"/gop", with(v, "into", b.ID)).want(t, 409, "Không gộp một việc vào chính nó")
	if p := s.post(at+"/gop", v); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	check(t, "dossier-merged", s.get(at).want(t, 200, "Đã gộp vào việc", a.Code))
	s.get("/lam-viec/vu-viec/"+a.ID).want(t, 200, "1 người khác cùng hỏi", b.Code)
	s.actor = identity.Citizen()
	m := s.get("/vu-viec/"+b.Code).want(t, 200, "đã gộp với một việc giống hệt")
	m.body = strings.ReplaceAll(m.body, "sổ công khai, số 1", "sổ công khai, số 0") // the two entered the log in either order
	check(t, "mine-merged", m)
	s.Answer(a.ID, "Đèn đã thay xong ngày 24/11.", false)
	s.Drain()
	s.get("/vu-viec/"+b.Code).want(t, 200, "Đèn đã thay xong ngày 24/11", "Đã báo câu trả lời của việc chung")
	s.actor = feedbacktest.Officer
	s.post(at+"/tach-khoi", url.Values{"reason": {""}}).want(t, 422, "Xin ghi lý do")
	if p := s.post(at+"/tach-khoi", url.Values{"reason": {"Hai khối khác nhau"}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.get(at).want(t, 200, "Tách ra, giải quyết riêng", "Hai khối khác nhau")
}

const promising = "Cảm ơn bà đã báo tin về GPMB. Đèn sẽ được thay trước ngày 10/12/2026. Chúng tôi sẽ luôn lắng nghe."

// An answer with opinions of two bodies, a file, a kind, and its promises decided; four weeks later the survey.
func TestAnswerWithEverything(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	c := s.Ask()
	s.Drain()
	at := "/lam-viec/vu-viec/" + c.ID
	s.actor = feedbacktest.Officer
	ask := url.Values{"bodies": {orgunittest.WardOffice, orgunittest.TruongVinh}, "question": {"Cột đèn này do ai quản lý?"}, "days": {"3"}}
	s.post(at+"/xin-y-kien", with(ask, "question", "")).want(t, 422, "Xin viết điều muốn hỏi")
	s.post(at+"/xin-y-kien", with(ask, "days", "hai")).want(t, 422, "từ 1 đến 30 ngày")
	if p := s.post(at+"/xin-y-kien", ask); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	list, err := s.rooms.Opinion.OfCase(context.Background(), feedbacktest.Officer, c.ID)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	other, own := list[0], list[1]
	if other.UnitID != orgunittest.TruongVinh {
		other, own = own, other
	}
	s.actor = feedbacktest.OtherOfficer
	check(t, "opinions", s.get("/lam-viec/y-kien").want(t, 200, "Cột đèn này do ai quản lý?"))
	check(t, "opinion", s.get("/lam-viec/y-kien/"+other.ID).want(t, 200, "Đèn đường khối Kim Tân"))
	check(t, "opinion-refused", s.post("/lam-viec/y-kien/"+other.ID, url.Values{"text": {" "}, "source": {"12/CV"}}).want(t, 422, "Xin viết ý kiến", "12/CV"))
	if p := s.post("/lam-viec/y-kien/"+other.ID, url.Values{"text": {"Cột số 12 do điện lực quản lý.\nChúng tôi nhất trí thay."}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.post("/lam-viec/y-kien/"+other.ID, url.Values{"text": {"Lần nữa"}}).want(t, 409, "đã được ghi")
	check(t, "opinions-empty", s.get("/lam-viec/y-kien").want(t, 200, "Không có ai đang hỏi ý kiến"))
	s.actor = feedbacktest.Stranger
	s.get("/lam-viec/y-kien/"+other.ID).want(t, 404)
	s.actor = feedbacktest.Officer
	if p := s.post("/lam-viec/y-kien/"+own.ID+"/thoi", nil); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	if p := s.post("/lam-viec/y-kien/"+other.ID+"/trich", nil); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.get(at).want(t, 200, "&gt; Cột số 12 do điện lực quản lý.", "Thôi hỏi")

	// Files.
	check(t, "dossier-file-refused", s.file(at+"/tep", "file", "a.pdf", "<html>").want(t, 422, "không phải PDF, Word (.docx) hay ảnh", "Cột số 12"))
	s.file(at+"/tep", "file", "a.pdf", "%PDF-1.4"+strings.Repeat("x", attach.MaxBytes)).want(t, 422, "nặng quá 10 MB")
	if p := s.file(at+"/tep", "file", "Kế hoạch.pdf", "%PDF-1.4\n%%EOF"); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	if p := s.file(at+"/tep", "file", "Nháp.pdf", "%PDF-1.4\nnháp"); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	files, _ := s.rooms.Files.OfCase(context.Background(), feedbacktest.Officer, c.ID)
	if p := s.post(at+"/tep/"+files[1].ID+"/xoa", nil); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.get(at+"/tep/"+files[0].ID).want(t, 200, "%PDF-1.4")

	// Promises.
	answer := url.Values{"answer": {promising}, "answer_kind": {"in_progress"}, "due": {"31/02/2027"}, "go": {"submit"}}
	s.post(at+"/tra-loi", answer).want(t, 422, "Ngày này không có trong lịch", "31/02/2027")
	p := s.post(at+"/tra-loi", with(answer, "due", "")).want(t, 422, "cần ngày sẽ xong")
	p = s.post(at+"/tra-loi", with(answer, "due", "10/12/2026")).want(t, 422, "Còn 2 câu nghe như lời hứa", "Chữ viết tắt chưa giải thích: GPMB")
	check(t, "dossier-promises", p)
	v := p.fields(t, at+"/tra-loi")
	marks := v["mark"]
	if len(marks) != 2 || v.Get("due_"+marks[0]) != "10/12/2026" {
		t.Fatalf("promises on the page: %v", v)
	}
	v = with(v, "go", "submit", "keep_"+marks[0], "1", "what_"+marks[0], "Thay đèn khối Kim Tân", "keep_"+marks[1], "0")
	s.post(at+"/tra-loi", v).want(t, 422, "vì sao câu này không phải lời hứa")
	if p := s.post(at+"/tra-loi", with(v, "why_"+marks[1], "Lời chào")); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.actor = feedbacktest.Approver
	p = s.get(at).want(t, 200, "Đang giải quyết, có ngày xong", "xong trước ngày 10/12/2026", "Lời hứa: Thay đèn khối Kim Tân", "Lời chào")
	check(t, "dossier-review-all", p)
	if p := s.post(at+"/duyet", p.fields(t, at+"/duyet")); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.Drain()
	check(t, "dossier-answered", s.get(at).want(t, 200, "Lời hứa trong câu trả lời", "Chưa đến hạn"))
	s.afterEverything(c, files[0].ID)
}

// afterEverything is the citizen's side: the answer, its file, the survey after four weeks.
func (s *site) afterEverything(c feedback.Case, fileID string) {
	t := s.t
	s.actor = identity.Citizen()
	mine := "/vu-viec/" + c.Code
	s.get(mine).want(t, 200, "Kế hoạch.pdf", "Đèn sẽ được thay")
	s.get(mine+"/tep/"+fileID).want(t, 200, "%PDF-1.4")
	s.get("/vu-viec/0000-0000-000/tep/"+fileID).want(t, 404)
	s.post(mine+"/khao-sat", url.Values{"result": {"3"}}).want(t, 409, "Chưa đến lúc hỏi")
	s.Clock.Advance(29 * 24 * time.Hour)
	if err := s.rooms.Survey.Sweep(context.Background(), identity.System("test")); err != nil {
		t.Fatal(err)
	}
	check(t, "mine-survey", s.get(mine).want(t, 200, "Việc đã làm xong chưa?"))
	s.post(mine+"/khao-sat", url.Values{"comment": {"Còn một đoạn"}}).want(t, 422, "Xin chọn một mức", "Còn một đoạn")
	if p := s.post(mine+"/khao-sat", url.Values{"result": {"2"}, "comment": {"Còn một đoạn"}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.get(mine).want(t, 200, "Ông, bà đã cho biết: Làm được một phần")
	s.actor = feedbacktest.Officer
	s.get("/lam-viec/vu-viec/"+c.ID).want(t, 200, "Làm được một phần", "Còn một đoạn")
	// An answer to an ended case: said kindly, and what was typed stands on the page again.
	s.post("/lam-viec/vu-viec/"+c.ID+"/tra-loi", url.Values{"answer": {"Trả lời muộn"}, "go": {"submit"}}).want(t, 409, "Vụ việc vừa thay đổi", "Trả lời muộn")
}
