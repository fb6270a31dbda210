package identity_test

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/identity"
)

func TestCheckPassword(t *testing.T) {
	for pw, want := range map[string]string{
		"ngắn":                     "identity.password.too_short",
		strings.Repeat("dài ", 60): "identity.password.too_long",
		"Mật khẩu 123":             "identity.password.common",
		"matkhau@2026":             "identity.password.common",
		"ANH YÊU EM 99":            "identity.password.common",
		"1234567890":               "identity.password.common",
		"aaaaaaaaaaaa":             "identity.password.common",
		"Nguyễn Thị Hà 1":          "identity.password.own_name",
		"ha.nguyen.2026":           "identity.password.own_name",
		"con trâu đi trước":        "",
		"thuyền về bến lúc nửa đêm 42": "",
	} {
		err := identity.CheckPassword(pw, "Nguyễn Thị Hà", "ha.nguyen@example.vn")
		got := ""
		if fe, ok := err.(*fault.Error); ok {
			got = fe.Key
			if fe.Field != "password" {
				t.Errorf("%q: field %q", pw, fe.Field)
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", pw, got, want)
		}
	}
}

func TestNormalEmail(t *testing.T) {
	for in, want := range map[string]string{
		" Ha.Nguyen@Example.VN ": "ha.nguyen@example.vn", "ha@localhost": "", "": "", "ha": "", "Ha <ha@example.vn>": "", "a b@example.vn": "",
	} {
		if got, ok := identity.NormalEmail(in); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v", in, got, ok)
		}
	}
}
