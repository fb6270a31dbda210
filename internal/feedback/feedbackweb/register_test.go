package feedbackweb_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/feedback"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbacktest"
	"github.com/nhipcau/nhipcau/internal/feedback/feedbackweb"
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
