package feedbackweb_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// The book shows initials, opens names for a reason, prints and exports; a denunciation is neither shown beside its receiver
// nor exported.
func TestRegister(t *testing.T) {
	const path = "/lam-viec/vu-viec/so"
	s := newSite(t, feedbackweb.Limits{})
	s.Ask()
	secret := s.Ask(func(in *feedback.Intake) {
		in.Kind, in.Text = feedback.Denunciation, "Tôi tố cáo một cán bộ nhận tiền của dân."
	})
	s.actor = feedbacktest.Officer
	p := s.get(path).want(t, 200, "Sổ theo dõi tiếp nhận", "N.T.M.", "Đèn đường khối Kim Tân")
	check(t, "register", p)
	if strings.Contains(p.body, "Nguyễn Thị Mẫu") || strings.Contains(p.body, "KT-1") {
		t.Error("a name or a denunciation stands in the book")
	}
	s.post(path, url.Values{"reason": {""}}).want(t, 422, "Xin ghi lý do")
	check(t, "register-opened", s.post(path, url.Values{"reason": {"In sổ lưu trữ"}}).want(t, 200, "Nguyễn Thị Mẫu", "In sổ lưu trữ"))
	s.get(path+"?so=tiep-dan").want(t, 200, "Chưa có dòng nào")
	s.get(path+"?in=1&thang=11").want(t, 200, "Đèn đường")
	s.get(path+"?so=x").want(t, 404)
	if p := s.get(path + ".xlsx"); p.status != 200 || !strings.HasPrefix(p.body, "PK") {
		t.Errorf("excel: %d", p.status)
	}
	s.actor = feedbacktest.Leader
	s.get(path).want(t, 200, "KT-1", secret.Deadline.Vietnamese())
}

// Who refuses as not ours must say whose it is; the citizen reads it.
func TestNotOursNamesWhose(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	c := s.Ask()
	at := "/lam-viec/vu-viec/" + c.ID + "/tu-choi"
	s.actor = feedbacktest.Officer
	s.post(at, url.Values{"reason": {"Việc khác"}}).want(t, 422, "Xin chọn vì sao không thụ lý")
	s.post(at, url.Values{"ground": {"not_ours"}, "reason": {"Lưới điện trung thế"}}).want(t, 422, "Việc này của ai?", "Lưới điện trung thế")
	s.post(at, url.Values{"ground": {"not_ours"}, "body": {"Điện lực Vinh"}}).want(t, 422, "Xin ghi lý do")
	if p := s.post(at, url.Values{"ground": {"not_ours"}, "body": {"Điện lực Vinh"}, "reason": {"Lưới điện trung thế do ngành điện quản lý."}}); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.actor = identity.Citizen()
	s.get("/vu-viec/"+c.Code).want(t, 200, "Việc này thuộc trách nhiệm của: Điện lực Vinh. Lưới điện trung thế do ngành điện quản lý.")
}

// The last page of the form says which legal kind the words look like; only the person's own press changes it.
func TestAskOffersTheKind(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	v := url.Values{"step": {"3"}, "go": {"next"}, "unit": {orgunittest.VinhHung}, "kind": {"report"}, "text": {"Tôi kiến nghị lắp thêm đèn đường ở khối Kim Tân cho các cháu đi học."}}
	p := s.post("/hoi", v).want(t, 200, "Có phải ông, bà muốn Kiến nghị?", `value="kind:petition"`, `name="kind" value="report"`)
	check(t, "ask-kind", p)
	v.Set("step", "4")
	v.Set("go", "kind:petition")
	if p := s.post("/hoi", v).want(t, 200, `name="kind" value="petition"`); strings.Contains(p.body, "kind:petition") {
		t.Error("the kind that was taken is offered again")
	}
	v.Set("go", "kind:x")
	s.post("/hoi", v).want(t, 200, `name="kind" value="report"`)
}
