package handbook

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhipcau/nhipcau/internal/fault"
)

func screen(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 36, 64))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A picture of a page is served under the handbook's address, with its size on the page, and asked for again it costs nothing.
func TestPictures(t *testing.T) {
	b, err := Load(fstest.MapFS{"index.md": {Data: []byte("# Sổ tay\n\n![Trang đăng nhập](img/vao.png)\n")}, "img/vao.png": {Data: screen(t)}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `<img class="shot" src="/huong-dan/vao.png" alt="Trang đăng nhập" width="36" height="64" loading="lazy" decoding="async"/>`; !strings.Contains(b.entries[0].HTML, want) {
		t.Fatalf("%s\nwant %s", b.entries[0].HTML, want)
	}
	ask := func(name, tag string) (*httptest.ResponseRecorder, error) {
		r := httptest.NewRequest(http.MethodGet, "/huong-dan/"+name, nil)
		r.SetPathValue("name", name)
		r.Header.Set("If-None-Match", tag)
		rec := httptest.NewRecorder()
		return rec, b.page(rec, r)
	}
	rec, err := ask("vao.png", "")
	if err != nil || rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/png" || !bytes.Equal(rec.Body.Bytes(), screen(t)) {
		t.Fatal(err, rec.Code, rec.Header())
	}
	if again, err := ask("vao.png", rec.Header().Get("ETag")); err != nil || again.Code != http.StatusNotModified {
		t.Error("a picture that has not changed is sent again", err, again.Code)
	}
	if _, err := ask("khac.png", ""); !fault.Is(err, fault.NotFound) {
		t.Error("a picture that is not there:", err)
	}
}

func TestPicturesThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"![](img/vao.png)":             "has no words",
		"![Trang](img/khong-co.png)":   "not exist",
		"![Trang](https://x.vn/a.png)": "no picture of the handbook",
		"![Trang](img/../index.md)":    "no picture of the handbook",
		"![Trang](img/../img/vao.png)": "no picture of the handbook",
		"![Trang](/huong-dan/vao.png)": "no picture of the handbook",
		"![Trang](img/chu.png)":        "unknown format",
	} {
		_, err := Load(fstest.MapFS{"index.md": {Data: []byte("# Sổ tay\n\n" + text + "\n")}, "img/vao.png": {Data: screen(t)}, "img/chu.png": {Data: []byte("chữ")}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
