package ui

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// The link of the foot switches and leads back; the choice is kept in a cookie, and draws the page in large type.
func TestLargeType(t *testing.T) {
	for path, want := range map[string]string{"/hoi-dap?q=den&co-chu=lon": "/hoi-dap?q=den", "//xau.example/?co-chu=lon": "/xau.example/", "/" + `\xau.example?co-chu=lon`: "/xau.example"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut(path, "?")
		rec := httptest.NewRecorder()
		if !SwitchType(rec, r) || rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != want {
			t.Errorf("%s leads to %q", path, rec.Header().Get("Location"))
		}
		back := httptest.NewRequest("GET", "/hoi-dap", nil)
		for _, c := range rec.Result().Cookies() {
			back.AddCookie(c)
		}
		if !Large(back) || SwitchType(httptest.NewRecorder(), back) {
			t.Errorf("%s: the choice is not kept", path)
		}
	}
	rec := httptest.NewRecorder()
	if !SwitchType(rec, httptest.NewRequest("GET", LargeHref("/hoi", true), nil)) || rec.Result().Cookies()[0].MaxAge >= 0 {
		t.Error("the usual size does not come back")
	}
	for _, large := range []bool{true, false} {
		var b strings.Builder
		if err := Citizen(Page{Title: "x"}).Render(WithShell(context.Background(), Shell{Large: large}), &b); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), `<body class="citizen large">`) != large {
			t.Errorf("large %v: %s", large, b.String())
		}
	}
}
