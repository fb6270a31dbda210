package handbook

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

func TestPagesAreDrawn(t *testing.T) {
	b, err := Load(fstest.MapFS{
		"index.md": {Data: []byte("# Sổ tay\nMỗi việc một trang.\n")},
		"duyet.md": {Data: []byte("# Duyệt tin bài\nNgười duyệt khác người viết.\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := golden.Words(t, ui.Catalogue, Catalogue)
	mux := http.NewServeMux()
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); fault.Is(err, fault.NotFound) {
				w.WriteHeader(http.StatusNotFound)
			}
		})
	}
	handle("GET /huong-dan/{$}", b.index)
	handle("GET /huong-dan/{name}", b.page)
	for name, path := range map[string]string{"index": "/huong-dan/", "search": "/huong-dan/?q=duyet", "nothing": "/huong-dan/?q=xe", "page": "/huong-dan/duyet"} {
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, httptest.NewRequest("GET", path, nil).WithContext(ctx))
		if rec.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, rec.Code)
		}
		golden.Body(t, name, rec.Body.Bytes())
	}
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest("GET", "/huong-dan/khong-co", nil).WithContext(ctx))
	if rec.Code != http.StatusNotFound {
		t.Fatal(rec.Code)
	}
}
