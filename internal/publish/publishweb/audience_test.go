package publishweb_test

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	pt "github.com/nhipcau/nhipcau/internal/publish/publishtest"
)

// A post says for whom its broadcast is: the form keeps what was chosen, the page of the post says it with the numbers, an
// approval that nobody could be told by is refused in words, and what no platform knows is refused with the form kept.
func TestAudienceOnPages(t *testing.T) {
	h := open(t)
	form := []string{"unit", orgunittest.Province, "title", "Khám sức khỏe", "lead", "Lời dẫn", "body", "<p>Nội dung</p>", "category", "notice",
		"targets", "unit:" + orgunittest.VinhHung, "announce", "1", "aud_gender", "2", "aud_age", "3", "aud_region", "central", "act", "submit"}
	bad := h.post(pt.An, "/lam-viec/tin-bai/moi", append(form, "aud_age", "99")...)
	status(t, bad, 422)
	has(t, bad, "Không có nhóm người này", `value="2" selected`)
	rec := h.post(pt.An, "/lam-viec/tin-bai/moi", form...)
	status(t, rec, 303)
	at, _, _ := strings.Cut(rec.Header().Get("Location"), "?")
	page := h.get(pt.Binh, at)
	status(t, page, 200)
	has(t, page, "Lời báo Zalo chỉ gửi tới: nữ, 25–34 tuổi, miền Trung", "ít hơn 10 người quan tâm")
	rev := revOf(t, page.Body.String())
	no := h.post(pt.Binh, at+"/duyet", "rev", rev, "mode", "now", "announce", "1")
	status(t, no, 422)
	has(t, no, "Không trang Zalo nào có đủ 10 người quan tâm")
}

func revOf(t *testing.T, body string) string {
	t.Helper()
	_, rest, ok := strings.Cut(body, `name="rev" value="`)
	if !ok {
		t.Fatal("the page has no form of approval")
	}
	rev, _, _ := strings.Cut(rest, `"`)
	return rev
}
