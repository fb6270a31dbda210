package feedbackweb_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/feedback/routing"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// The officer sees what the words say, who should answer and why, asks the citizen, splits the letter; the citizen answers.
func TestCourseOfACase(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	ctx := context.Background()
	admin := identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.Province)
	b, err := s.rooms.Routing.SaveBody(ctx, admin, routing.Body{UnitID: orgunittest.Province, Name: "Công ty cấp nước", Active: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.rooms.Routing.SetRule(ctx, admin, routing.Rule{Category: "lighting", ToKind: routing.ToUnit, ToValue: orgunittest.WardOffice, Source: "QĐ 12", Reason: "Phân công"}); err != nil {
		t.Fatal(err)
	}
	c := s.Ask(func(in *feedback.Intake) {
		in.Text = "Đèn đường hỏng ở xã Nghi Kim cũ. Tôi kiến nghị lắp thêm. Tôi cũng khiếu nại việc thu tiền. Gọi 0912 000 678. Có người bị thương, cấp cứu."
	})
	at := "/lam-viec/vu-viec/" + c.ID
	s.actor = feedbacktest.Officer
	p := s.get(at).want(t, 200, "115", "Gợi ý: Ủy ban nhân dân phường Vinh Hưng", "Xã Nghi Kim nay thuộc Phường Vinh Hưng", "Lời viết giống Khiếu nại", "QĐ 12", "[số điện thoại]")
	check(t, "course", p)
	s.post(at+"/tam-dung", url.Values{"question": {""}, "days": {"5"}}).want(t, 422, "Xin viết câu hỏi")
	if p := s.post(at+"/tam-dung", url.Values{"question": {"Ở số nhà nào?"}, "days": {"5"}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	check(t, "course-paused", s.get(at).want(t, 200, "Đồng hồ tạm dừng", "Cho đồng hồ chạy tiếp"))
	s.actor = identity.Citizen()
	check(t, "mine-asked", s.get("/vu-viec/"+c.Code).want(t, 200, "Ở số nhà nào?", "Trả lời của ông, bà"))
	s.post("/vu-viec/"+c.Code+"/bo-sung", url.Values{"supply": {""}}).want(t, 422, "Xin viết nội dung bổ sung")
	if p := s.post("/vu-viec/"+c.Code+"/bo-sung", url.Values{"supply": {"Số 12"}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.actor = feedbacktest.Officer
	s.post(at+"/chay-tiep", nil).want(t, 409)
	for _, step := range []struct {
		act string
		v   url.Values
	}{{"linh-vuc", url.Values{"category": {"lighting"}, "reason": {"Đèn đường"}}},
		{"tach", url.Values{"kind": {"petition"}, "category": {"lighting"}, "text": {"Tôi kiến nghị lắp thêm đèn."}, "reason": {"Hai việc"}}}} {
		if p := s.post(at+"/"+step.act, step.v); p.status != 303 {
			t.Fatalf("%s: %d %s", step.act, p.status, p.body)
		}
	}
	s.post(at+"/tach", url.Values{"kind": {"denunciation"}, "text": {"Tôi tố cáo ông trưởng khối."}, "reason": {"x"}}).want(t, 422, "xác định loại cho cả đơn trước")
	s.get(at).want(t, 200, "Đã tách:", "Điện chiếu sáng")
	s.post(at+"/hoi-co-quan", url.Values{"body": {b.ID}, "text": {"Gọi 0912 000 678"}, "why": {"x"}}).want(t, 422, "0912 000 678")
	p = s.post(at+"/hoi-co-quan", url.Values{"body": {b.ID}, "text": {"Đèn đường hỏng"}, "why": {"Việc của công ty"}}).want(t, 200, "/co-quan/", "Thu hồi đường dẫn")
	link := p.body[strings.Index(p.body, "/co-quan/")+len("/co-quan/"):]
	if err := s.rooms.Routing.AnswerByLink(ctx, link[:strings.Index(link, "<")], "Đã sửa ngày 24/11.", "Trần Văn Mốc"); err != nil {
		t.Fatal(err)
	}
	check(t, "course-answered", s.get(at).want(t, 200, "Trần Văn Mốc trả lời qua đường dẫn", "Đưa vào dự thảo trả lời"))
	s.actor = feedbacktest.Stranger
	for _, act := range []string{"tam-dung", "chay-tiep", "linh-vuc"} {
		s.post(at+"/"+act, url.Values{"question": {"x"}, "days": {"3"}}).want(t, 404)
	}
}

func TestSeveralCasesArePassedOn(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	a, b := s.Ask(), s.Ask()
	s.actor = feedbacktest.Officer
	s.get("/lam-viec/vu-viec").want(t, 200, "Chuyển các vụ việc đã chọn")
	s.post("/lam-viec/vu-viec/chuyen-nhieu", url.Values{}).want(t, 200, "Chưa chọn vụ việc nào")
	chosen := url.Values{"case": {a.ID, b.ID}}
	check(t, "bulk", s.post("/lam-viec/vu-viec/chuyen-nhieu", chosen).want(t, 200, "Chuyển 2 vụ việc"))
	s.post("/lam-viec/vu-viec/chuyen-nhieu", url.Values{"case": {a.ID}, "go": {"send"}}).want(t, 422, "Xin ghi lý do")
	if p := s.post("/lam-viec/vu-viec/chuyen-nhieu", url.Values{"case": {a.ID, b.ID}, "go": {"send"}, "unit": {orgunittest.WardOffice}, "reason": {"Thuộc UBND"}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.actor = feedbacktest.Stranger
	s.post("/lam-viec/vu-viec/chuyen-nhieu", chosen).want(t, 404)
}

func TestSavedTexts(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	s.actor = feedbacktest.Approver
	s.get("/lam-viec/cau-mau").want(t, 403)
	s.actor = feedbacktest.Officer
	s.post("/lam-viec/cau-mau", url.Values{"unit": {orgunittest.VinhHung}, "body": {"Giữ lại"}}).want(t, 422, "Xin đặt tên", "Giữ lại")
	if p := s.post("/lam-viec/cau-mau", url.Values{"unit": {orgunittest.VinhHung}, "title": {"Đã sửa đèn"}, "body": {"Cảm ơn ông, bà đã báo tin."}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	check(t, "phrases", s.get("/lam-viec/cau-mau").want(t, 200, "Đã sửa đèn"))
	list, err := s.rooms.Phrases.Kept(context.Background(), feedbacktest.Officer)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	s.get("/lam-viec/cau-mau?sua="+list[0].ID).want(t, 200, "Sửa câu mẫu")
	at := "/lam-viec/vu-viec/" + s.Ask().ID
	s.get(at).want(t, 200, "Câu mẫu")
	s.get(at+"?mau="+list[0].ID).want(t, 200, ">Cảm ơn ông, bà đã báo tin.</textarea>")
	if p := s.post("/lam-viec/cau-mau/"+list[0].ID+"/xoa", nil); p.status != 303 {
		t.Fatalf("%d", p.status)
	}
	s.actor = identity.Citizen()
	s.post("/hoi", url.Values{"step": {"2"}, "nonce": {""}, "kind": {"report"}, "text": {"Nhà bên đang cháy, có người mắc kẹt trong đó"}, "unit": {orgunittest.VinhHung}}).want(t, 200, "tel:114")
}
