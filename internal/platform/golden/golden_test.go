package golden_test

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/platform/golden"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"fragment", `<p class="a">Xin   chào <b>bà con</b></p>`, "<p class=\"a\">\n  Xin chào\n  <b>bà con</b>\n</p>\n"},
		{"void and empty", `<input name=q value=""><span></span>`, "<input name=\"q\" value>\n<span></span>\n"},
		{"row", `<tr><td>1</td></tr>`, "<tr>\n  <td>1</td>\n</tr>\n"},
		{"textarea keeps lines", "<textarea>a\n b</textarea>", "<textarea>a\n b</textarea>\n"},
		{"escapes", `<p title="&quot;">&lt;b&gt;</p>`, "<p title=\"&#34;\">&lt;b&gt;</p>\n"},
		{"bundle", `<script type="module" src="/static/0123456789ab/office.js"></script><img src="/static/0123456789ab/icon.svg">`, "<img src=\"/static/HASH/icon.svg\">\n"},
	} {
		got, err := golden.Format([]byte(c.in))
		if err != nil || got != c.want {
			t.Errorf("%s: got %q, want %q (%v)", c.name, got, c.want, err)
		}
	}
}

func TestFormatKeepsWholePage(t *testing.T) {
	got, err := golden.Format([]byte(`<!DOCTYPE html><html lang="vi"><head><title>A</title></head><body>x</body></html>`))
	want := "<!DOCTYPE html>\n<html lang=\"vi\">\n  <head>\n    <title>A</title>\n  </head>\n  <body>x</body>\n</html>\n"
	if err != nil || got != want {
		t.Errorf("got %q, want %q (%v)", got, want, err)
	}
}

// heard is a test that remembers its complaint instead of failing.
type heard struct {
	testing.TB
	said string
}

func (h *heard) Helper()                        {}
func (h *heard) Errorf(format string, _ ...any) { h.said = format }
func (h *heard) Fatalf(format string, _ ...any) { h.said = format; panic(h) }

func TestADifferenceIsSeen(t *testing.T) {
	run := func(name, html string) string {
		h := &heard{TB: t}
		func() {
			defer func() {
				if r := recover(); r != nil && r != any(h) {
					panic(r)
				}
			}()
			golden.Body(h, name, []byte(html), golden.Replace(`mã \d+`, "mã N"))
		}()
		return h.said
	}
	if said := run("page", "<p>Xin chào, mã 17</p>"); said != "" {
		t.Errorf("the same page is refused: %s", said)
	}
	if said := run("page", "<p>Xin chào bà con, mã 17</p>"); !strings.Contains(said, "has changed") {
		t.Errorf("a changed page is let through: %q", said)
	}
	if said := run("never-written", "<p>x</p>"); !strings.Contains(said, "-update") {
		t.Errorf("a page without record is let through: %q", said)
	}
}
