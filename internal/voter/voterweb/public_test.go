package voterweb

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/voter"
)

// TestPublicMeetingStaysLight: a meeting of 200 items with long answers is read in pages of at most 30 kB, each item stands on
// one of them, and the address that a search gives leads to the page with the item.
func TestPublicMeetingStaysLight(t *testing.T) {
	words, err := i18n.Load(ui.Catalogue, Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	d := voter.Dossier{Meeting: voter.Meeting{ID: "m1", State: voter.Returned, StartsAt: time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)}}
	for i := range 200 {
		text := fmt.Sprintf("Kiến nghị thứ %d: ", i+1) + strings.Repeat("đề nghị sửa đường vào xóm đã hỏng nặng; ", 3+i%12)
		x := voter.ItemView{Item: voter.Item{N: i + 1, Code: fmt.Sprintf("KN-%03d", i+1), Text: text}}
		if i%3 > 0 {
			x.Answer = &voter.Answer{Kind: voter.Solved, Text: strings.Repeat("Ủy ban nhân dân phường đã kiểm tra và sửa xong. ", 2+i%15)}
		}
		d.Items = append(d.Items, x)
	}
	draw := func(q url.Values) (publicMeetingView, string) {
		v := publicMeetingView{Dossier: d, Place: "Khối Kim Tân", Back: Public, Name: func(string) string { return "Ủy ban nhân dân phường Vinh Hưng" }}
		v.page(q)
		var b bytes.Buffer
		if err := publicMeetingPage(v).Render(i18n.With(t.Context(), words.In("vi")), &b); err != nil {
			t.Fatal(err)
		}
		return v, b.String()
	}
	seen := map[string]int{}
	for n := 1; ; n++ {
		v, text := draw(url.Values{"trang": {fmt.Sprint(n)}})
		if len(text) > 30<<10 {
			t.Errorf("page %d weighs %d bytes", n, len(text))
		}
		for _, x := range v.Shown {
			if seen[x.Code]++; !strings.Contains(text, `id="`+x.Code+`"`) {
				t.Errorf("%s is not on page %d", x.Code, n)
			}
		}
		if n == v.Paging.Pages() {
			break
		}
	}
	if len(seen) != 200 {
		t.Errorf("%d items of 200 are on the pages", len(seen))
	}
	for code, n := range seen {
		if n != 1 {
			t.Errorf("%s is on %d pages", code, n)
		}
	}
	if v, text := draw(url.Values{"kn": {"KN-137"}}); v.Paging.Page < 2 || !strings.Contains(text, `id="KN-137"`) {
		t.Errorf("the address of an item leads to page %d", v.Paging.Page)
	}
	if v, _ := draw(url.Values{"trang": {"9999"}}); v.Paging.Page != v.Paging.Pages() {
		t.Error("beyond the last page stands", v.Paging.Page)
	}
	d.Items = nil
	if v, _ := draw(nil); len(v.Shown) != 0 {
		t.Error(v.Shown)
	}
}
