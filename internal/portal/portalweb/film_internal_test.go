package portalweb

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/channel"
)

func TestFilmOnThePage(t *testing.T) {
	v := &channel.Video{ID: "x", URL: "https://mattran.example/phim/x/phim.mp4", MIME: "video/mp4", Bytes: 1234, Width: 720, Height: 1280,
		Poster: &channel.Picture{URL: "https://mattran.example/anh/y/channel.jpg"}}
	var b strings.Builder
	if err := film(v).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`src="/phim/x/phim.mp4"`, `poster="/anh/y/channel.jpg"`, `preload="none"`, `width="720"`, `height="1280"`, "controls"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is missing: %s", want, b.String())
		}
	}
	out, err := xml.Marshal(rssItem{Title: "Tin", Enclosure: enclosure(v)})
	if err != nil || !strings.Contains(string(out), `<enclosure url="https://mattran.example/phim/x/phim.mp4" length="1234" type="video/mp4"></enclosure>`) {
		t.Errorf("%s %v", out, err)
	}
	if out, err := xml.Marshal(rssItem{Title: "Tin", Enclosure: enclosure(nil)}); err != nil || strings.Contains(string(out), "enclosure") {
		t.Errorf("%s %v", out, err)
	}
}
