package voterweb

import (
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/platform/i18n"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
	"github.com/nhipcau/nhipcau/internal/voter"
)

// TestLikeBox: an earlier item that says the same is shown with how alike it is, and merging needs a press.
func TestLikeBox(t *testing.T) {
	words, err := i18n.Load(ui.Catalogue, Catalogue)
	if err != nil {
		t.Fatal(err)
	}
	m := voter.Match{Likeness: 0.82}
	m.ID, m.Code, m.Text = "earlier", "KN-0007", "Đề nghị sửa cầu Đen"
	x := voter.Item{ID: "now", Code: "KN-0042"}
	var b strings.Builder
	if err := likeBox(x, m, "meeting", func(string) string { return "" }).Render(i18n.With(t.Context(), words.In("vi")), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"KN-0007", "82", "Đề nghị sửa cầu Đen", `value="earlier"`, "/now/gop"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in %s", want, b.String())
		}
	}
}
