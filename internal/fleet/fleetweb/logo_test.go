package fleetweb_test

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"mime/multipart"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/channel/channelweb"
	"github.com/nhipcau/nhipcau/internal/fleet/fleetweb"
	"github.com/nhipcau/nhipcau/internal/identity"
	"github.com/nhipcau/nhipcau/internal/orgunit/orgunittest"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/sim/simkit"
)

// emblems is a platform whose addresses are kinds of emblems.
type emblems map[string]int

var outside = emblems{"logo": 0, "hills": 4}

func (e emblems) Bytes(_ context.Context, address string) ([]byte, error) {
	kind, ok := e[address]
	if !ok {
		return nil, errors.New("no such host")
	}
	return emblem(kind), nil
}

func emblem(kind int) []byte {
	var b bytes.Buffer
	_ = jpeg.Encode(&b, simkit.Emblem(kind, 120), nil) // a buffer takes everything
	return b.Bytes()
}

// upload posts a file as the logo of the province.
func (s *site) upload(actor identity.Actor, file []byte, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("unit", orgunittest.Province)
	if file != nil {
		part, _ := m.CreateFormFile("logo", "logo.png")
		_, _ = part.Write(file)
	}
	_ = m.Close() // a buffer takes everything
	r := httptest.NewRequest("POST", fleetweb.Base+"/quy-dinh/logo", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r.WithContext(i18n.With(identity.WithActor(r.Context(), actor), s.words.In("vi"))))
	if w.Code != want {
		s.t.Fatalf("%d, want %d: %s", w.Code, want, w.Body)
	}
	return w
}

// TestLogoPages: the administrator sets the logo; a channel with another picture shows both side by side, on the page of its
// alert and on its own.
func TestLogoPages(t *testing.T) {
	s := newSite(t)
	s.account(channel.Zalo, orgunittest.VinhHung, "4001", "MTTQ phường Vinh Hưng", func(a *channel.Account) { a.Health.Picture = "logo" })
	off := s.account(channel.Zalo, orgunittest.KimLien, "4002", "MTTQ xã Kim Liên", func(a *channel.Account) { a.Health.Picture = "hills" })
	gone := s.account(channel.Facebook, orgunittest.KimLien, "5002", "MTTQ xã Kim Liên trên Facebook", func(a *channel.Account) { a.Health.Picture = "nowhere" })
	golden.Body(t, "logo_refused", s.upload(province, []byte("no picture"), 422).Body.Bytes(), anID)
	if b := s.upload(province, nil, 422).Body.String(); !strings.Contains(b, "Hãy chọn một tệp ảnh") {
		t.Error(b)
	}
	s.upload(ward, emblem(0), 403)
	s.upload(province, emblem(0), 303)
	s.Idle(t)
	s.page("rules_logo", province, fleetweb.Base+"/quy-dinh", 200)
	if b := s.do(ward, "GET", fleetweb.Base+"/quy-dinh", nil, 200).Body.String(); !strings.Contains(b, "Tỉnh Nghệ An đã đặt ảnh mẫu") {
		t.Error("the ward is not told whose logo holds")
	}
	list := s.do(province, "GET", fleetweb.Base+"?tinh_trang=logo_off", nil, 200).Body.String()
	if !strings.Contains(list, "MTTQ xã Kim Liên</a>") || strings.Contains(list, "MTTQ phường Vinh Hưng</a>") || strings.Contains(list, "trên Facebook</a>") {
		t.Error(list)
	}
	alerts := s.do(province, "GET", fleetweb.Base+"/canh-bao", nil, 200).Body.String()
	found := regexp.MustCompile(`href="(/lam-viec/doi-kenh/canh-bao/[0-9a-f-]{36})">Ảnh đại diện chưa đúng mẫu`).FindStringSubmatch(alerts)
	if found == nil {
		t.Fatal(alerts)
	}
	s.page("logo_off", province, found[1], 200)
	at := channelweb.Base + "/"
	if b := s.do(province, "GET", at+off.ID, nil, 200).Body.String(); strings.Count(b, `<img src="/anh/`) != 2 || !strings.Contains(b, "Khác ảnh mẫu") {
		t.Error(b)
	}
	if b := s.do(province, "GET", at+gone.ID, nil, 200).Body.String(); !strings.Contains(b, "Chưa xem được ảnh ở kênh") || !strings.Contains(b, "không tải được ảnh") {
		t.Error(b)
	}
	s.do(ward, "POST", fleetweb.Base+"/quy-dinh/logo/bo", url.Values{"unit": {orgunittest.Province}}, 403)
	s.do(province, "POST", fleetweb.Base+"/quy-dinh/logo/bo", url.Values{"unit": {orgunittest.Province}}, 303)
	if b := s.do(province, "GET", at+off.ID, nil, 200).Body.String(); strings.Contains(b, "<img") {
		t.Error("no logo is demanded any more")
	}
}
