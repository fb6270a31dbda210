package feedbackweb_test

import (
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

// A category that the administrators add is there for the person who asks, for the desk's filter and in the public list.
func TestCategoriesComeFromTheTable(t *testing.T) {
	s := newSite(t, feedbackweb.Limits{})
	admin := identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.Province)
	pets := routing.Category{Code: "pets", NameVI: "Chó mèo thả rông", NameEN: "Stray animals", Active: true, Position: 50}
	if err := s.rooms.Routing.SaveCategory(t.Context(), admin, pets); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/hoi", "/hoi-dap"} {
		if p := s.get(path); !strings.Contains(p.body, "Chó mèo thả rông") {
			t.Errorf("%s does not offer it", path)
		}
	}
	form := url.Values{"nonce": {strings.Repeat("p", 32)}, "step": {"4"}, "go": {"send"}, "text": {"Đàn chó thả rông ở khối Kim Tân đuổi trẻ con đi học."}, "kind": {"report"}, "category": {"pets"}, "unit": {orgunittest.VinhHung}}
	if p := s.post("/hoi", form); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	form.Set("nonce", strings.Repeat("q", 32))
	form.Set("category", "no such thing")
	form.Set("text", "Một việc khác ở khối Kim Tân mà không ai biết là việc gì.")
	if p := s.post("/hoi", form); p.status != 303 {
		t.Fatalf("%d %s", p.status, p.body)
	}
	s.actor = feedbacktest.Officer
	list, _, err := s.Service.Cases(t.Context(), feedbacktest.Officer, feedback.Filter{Category: "pets"})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d cases, %v", len(list), err)
	}
	if p := s.get("/lam-viec/vu-viec?linh_vuc=pets"); !strings.Contains(p.body, list[0].Code) || strings.Contains(p.body, "Một việc khác") || !strings.Contains(p.body, `value="pets" selected`) {
		t.Error(p.body)
	}
}
