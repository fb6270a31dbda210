package publishweb

import (
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/channel"
	"github.com/nhipcau/nhipcau/internal/publish"
)

// Whoever approves a post sees its film on the page of the post, from this house, with its still.
func TestFilmOnThePageOfThePost(t *testing.T) {
	v := postView{File: publish.File{Now: publish.Version{Words: publish.Words{Lead: "Lời dẫn"}}},
		Film: &channel.Video{URL: "https://nghean.example/phim/7/phim.mp4", Width: 720, Height: 1280, Duration: 58 * time.Second, Poster: &channel.Picture{URL: "https://nghean.example/anh/9/channel.jpg"}}}
	var b strings.Builder
	if err := content(v).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`src="/phim/7/phim.mp4"`, `poster="/anh/9/channel.jpg"`, `width="240"`, `preload="none"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, b.String())
		}
	}
	v.Film = nil
	b.Reset()
	if err := content(v).Render(t.Context(), &b); err != nil || strings.Contains(b.String(), "<video") {
		t.Error("a post without a film shows one", err)
	}
}
