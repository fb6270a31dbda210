package portalweb_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/identity/identitytest"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
)

var (
	admin    = identitytest.Official("admin", identity.RoleUnitAdmin, orgunittest.VinhHung)
	editor   = identitytest.Official("editor", identity.RoleEditor, orgunittest.VinhHung)
	stranger = identitytest.Official("stranger", identity.RoleUnitAdmin, orgunittest.KimLien)
	officer  = identitytest.Official("officer", identity.RoleDeskOfficer, orgunittest.VinhHung)
)

func (w *world) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, base+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

func TestSettings(t *testing.T) {
	const path = "/lam-viec/trang-don-vi"
	w := newWorld(t).fill()
	form := func() url.Values {
		return url.Values{"unit": {orgunittest.VinhHung}, "rev": {"1"}, "intro": {"Bà con hỏi, phường trả lời."}, "hotline": {"0238 333 4444"},
			"pa_title": {"Chủ tịch"}, "pa_name": {"Trần Thị Hoài Nam"}, "pa_phone": {"0238 111 2222"}}
	}
	w.actor = editor
	golden.Body(t, "settings", w.want(http.StatusOK, path).Body.Bytes())

	bad := form()
	bad.Set("hotline", "gọi cho Nam")
	bad.Set("email", "khong phai thu")
	bad.Set("pa_name", "")
	rec := w.post(path, bad)
	if rec.Code != http.StatusUnprocessableEntity {
		t.Fatalf("status %d", rec.Code)
	}
	golden.Body(t, "settings_refused", rec.Body.Bytes())

	if rec = w.post(path, form()); rec.Code != http.StatusSeeOther {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	if body := w.want(http.StatusOK, "/dv/phuong-vinh-hung").Body.String(); !strings.Contains(body, "phường trả lời") || !strings.Contains(body, "tel:02383334444") || strings.Contains(body, "Lê Văn Thuận") {
		t.Error("the page does not show what was saved")
	}
	if rec = w.post(path, form()); rec.Code != http.StatusConflict {
		t.Errorf("saving over a newer page: status %d", rec.Code)
	}

	for name, a := range map[string]identity.Actor{"stranger": stranger, "officer": officer, "citizen": identity.Citizen()} {
		w.actor = a
		if rec := w.get(path + "?don_vi=" + orgunittest.VinhHung); rec.Code == http.StatusOK {
			t.Errorf("%s may read the form", name)
		}
		if rec := w.post(path, form()); rec.Code == http.StatusSeeOther || rec.Code == http.StatusConflict {
			t.Errorf("%s may save: %d", name, rec.Code)
		}
	}
	w.actor = stranger
	golden.Body(t, "settings_forbidden", w.want(http.StatusForbidden, path+"?don_vi="+orgunittest.VinhHung).Body.Bytes())
}
