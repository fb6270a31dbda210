package feedbackweb_test

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
)

// The map counts what is public by commune, narrows by matter, year and state, and leads to the lists behind its numbers; it
// is a plain page.
func TestMapOfPublicQuestions(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	check(t, "map-empty", s.get("/hoi-dap/ban-do").want(t, 200, "Chưa có câu hỏi nào như vậy"))
	answered := s.Ask(func(in *feedback.Intake) { in.Category = "lighting" })
	s.Answer(answered.ID, "Đèn đã thay xong.", true)
	open := s.Ask(func(in *feedback.Intake) {
		in.Text, in.Category, in.Place = "Cầu Đen ở khối Hồng Sơn gãy lan can, rất nguy hiểm cho trẻ em.", "road", feedback.Place{Lat: 18.67, Lon: 105.69}
	})
	s.Ask(func(in *feedback.Intake) {
		in.Text = "Một việc mà chưa cán bộ nào đưa ra cho bà con cùng theo dõi."
	})
	if err := s.rooms.Similar.Open(t.Context(), feedbacktest.Officer, open.ID, "Cầu Đen gãy lan can"); err != nil {
		t.Fatal(err)
	}
	s.Drain()
	s.Clock.Advance(2 * 60 * 1e9) // counts are kept for a minute
	p := s.get("/hoi-dap/ban-do").want(t, 200, "1 câu đã trả lời", "1 việc đang giải quyết", "Phường Vinh Hưng", `fill="url(#h-wait)"`, `href="/hoi-dap?don_vi=`+orgunittest.VinhHung)
	check(t, "map", p)
	if len(p.body) > 30<<10 || strings.Contains(p.body, "<script") && strings.Contains(p.body, "Một việc mà") {
		t.Errorf("%d bytes", len(p.body))
	}
	if p := s.get("/hoi-dap/ban-do?linh_vuc=lighting"); strings.Contains(p.body, "1 việc đang giải quyết<") || !strings.Contains(p.body, "linh_vuc=lighting") {
		t.Error("not narrowed to the matter")
	}
	s.get("/hoi-dap/ban-do?tinh_trang=dang-giai-quyet").want(t, 200, "0 câu đã trả lời và 1 việc")
	s.get("/hoi-dap/ban-do?nam=2025").want(t, 200, "Chưa có câu hỏi nào như vậy")
	s.get("/hoi-dap/ban-do?nam=31%2F02&linh_vuc=%00&tinh_trang=x").want(t, 200, "1 câu đã trả lời")
	s.get("/dang-giai-quyet?linh_vuc=road").want(t, 200, "Cầu Đen gãy lan can")
	if p := s.get("/dang-giai-quyet?linh_vuc=lighting"); strings.Contains(p.body, "Cầu Đen") {
		t.Error("the list of open cases is not narrowed")
	}
	s.get("/hoi-dap").want(t, 200, `href="/hoi-dap/ban-do"`)

	// Who says where it is, is shown what others told of within a kilometre, whatever their words.
	s.actor = identity.Citizen()
	v := s.get("/hoi?don_vi="+orgunittest.VinhHung).fields(t, "/hoi")
	p = s.upload("/hoi", with(v, "text", "Lối sang trường học hỏng lâu rồi, xin sửa giúp.", "go", "next")).want(t, 200, "Gửi tới")
	v = p.fields(t, "/hoi")
	s.post("/hoi", with(v, "link", "18.6741, 105.6912", "go", "next")).want(t, 200, "Cầu Đen gãy lan can", "Việc của tôi là việc khác")
	if p := s.post("/hoi", with(v, "link", "18.9, 105.4", "go", "next")); strings.Contains(p.body, "Cầu Đen") {
		t.Error("thirty kilometres are not nearby")
	}
}
