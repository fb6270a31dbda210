package i18n_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/i18n"
)

func catalogue(vi, en string) fstest.MapFS {
	return fstest.MapFS{"catalogue.vi.toml": {Data: []byte(vi)}, "catalogue.en.toml": {Data: []byte(en)}}
}

func load(t *testing.T, cs ...fstest.MapFS) *i18n.Bundle {
	t.Helper()
	var b *i18n.Bundle
	var err error
	switch len(cs) {
	case 1:
		b, err = i18n.Load(cs[0])
	default:
		b, err = i18n.Load(cs[0], cs[1])
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWords(t *testing.T) {
	b := load(t, catalogue(`
[ask]
title = "Hỏi Mặt trận"
too_long = "Nhiều nhất {{.Limit}} ký tự"
[ask.kind]
description = "Mô tả"
other = "Khác"
one = "Một"
id = "Mã"
[ask.days]
other = "{{.Count}} ngày"
`, `
[ask]
title = "Ask the Front"
[ask.days]
one = "{{.Count}} day"
other = "{{.Count}} days"
`))
	vi, en := b.In("vi"), b.In("en-GB")
	for _, c := range []struct{ got, want string }{
		{vi.T("ask.title"), "Hỏi Mặt trận"},
		{en.T("ask.title"), "Ask the Front"},
		{en.T("ask.kind.other"), "Khác"}, // no English yet: Vietnamese
		{vi.T("ask.kind.description"), "Mô tả"},
		{vi.T("ask.kind.one"), "Một"},
		{vi.T("ask.kind.id"), "Mã"},
		{en.T("ask.days", "Count", 1), "1 day"},
		{en.T("ask.days", "Count", 3), "3 days"},
		{vi.T("ask.days", "Count", 3), "3 ngày"},
		{vi.T("ask.nothing"), "ask.nothing"},
		{i18n.Fault(i18n.With(context.Background(), vi), fault.Field("x", "ask.too_long").With("Limit", 150)), "Nhiều nhất 150 ký tự"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if !vi.Has("ask.title") || !en.Has("ask.kind.other") || vi.Has("ask.nothing") || vi.Has("ask") {
		t.Error("Has is wrong")
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, cs := range map[string][2]fstest.MapFS{
		"key in two catalogues": {catalogue(`a.b = "1"`, ""), catalogue("[a]\nb = \"2\"", "")},
		"number":                {catalogue(`a = 1`, ""), catalogue("", "")},
		"broken":                {catalogue(`a = `, ""), catalogue("", "")},
		"missing file":          {{}, catalogue("", "")},
	} {
		if _, err := i18n.Load(cs[0], cs[1]); err == nil || !strings.HasPrefix(err.Error(), "i18n: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMiddleware(t *testing.T) {
	b := load(t, catalogue(`lang = "tiếng Việt"`, `lang = "English"`))
	h := b.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(i18n.T(r.Context(), "lang")))
	}))
	get := func(path, cookie string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Language", "en-US")
		if cookie != "" {
			r.AddCookie(&http.Cookie{Name: "lang", Value: cookie})
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, c := range []struct{ path, cookie, want string }{
		{"/", "", "tiếng Việt"}, {"/", "en", "English"}, {"/?lang=en", "", "English"},
		{"/?lang=vi", "en", "tiếng Việt"}, {"/?lang=fr", "", "tiếng Việt"},
	} {
		if got := get(c.path, c.cookie).Body.String(); got != c.want {
			t.Errorf("%s with cookie %q: %s, want %s", c.path, c.cookie, got, c.want)
		}
	}
	if got := get("/?lang=en", "").Header().Get("Set-Cookie"); !strings.HasPrefix(got, "lang=en;") {
		t.Errorf("the choice is not kept: %q", got)
	}
}
