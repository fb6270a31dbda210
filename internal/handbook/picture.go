package handbook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	_ "image/png" // how pictures of screens are kept
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/ui"
)

// pictureDir is where the pictures of the pages lie, as the pages name it.
const pictureDir = "img/"

// picture is one picture of a screen, ready to be served.
type picture struct {
	data []byte
	tag  string // entity tag
}

var (
	imageTag = regexp.MustCompile(`<img [^>]*>`)
	imageSrc = regexp.MustCompile(` src="([^"]*)"`)
	imageAlt = regexp.MustCompile(` alt="([^"]*)"`)
)

// pictures gives every picture of a rendered page its address in this house and its size, so that the page does not jump while
// they come. A picture without words for those who do not see it, or that is not there, is an error.
func (b *Book) pictures(fsys fs.FS, html string) (string, error) {
	var failed error
	out := imageTag.ReplaceAllStringFunc(html, func(tag string) string {
		src, alt := attribute(imageSrc, tag), attribute(imageAlt, tag)
		x, err := b.picture(fsys, src)
		switch {
		case err != nil:
			failed = err
			return ""
		case strings.TrimSpace(alt) == "":
			failed = fmt.Errorf("the picture %s has no words for those who do not see it", src)
			return ""
		}
		return fmt.Sprintf(`<img class="shot" src="%s" alt="%s" width="%d" height="%d" loading="lazy" decoding="async"/>`, ui.HelpPath+path.Base(src), alt, x.Width, x.Height)
	})
	return out, failed
}

func attribute(re *regexp.Regexp, tag string) string {
	if m := re.FindStringSubmatch(tag); m != nil {
		return m[1]
	}
	return ""
}

// picture reads a picture once and tells its size.
func (b *Book) picture(fsys fs.FS, src string) (image.Config, error) {
	name, ok := strings.CutPrefix(src, pictureDir)
	if !ok || !strings.HasSuffix(name, ".png") || path.Base(name) != name {
		return image.Config{}, fmt.Errorf("%q is no picture of the handbook: %sNAME.png", src, pictureDir)
	}
	data, err := fs.ReadFile(fsys, src)
	if err != nil {
		return image.Config{}, err
	}
	sum := sha256.Sum256(data)
	b.shots[name] = picture{data: data, tag: `"` + hex.EncodeToString(sum[:8]) + `"`}
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	return c, err
}

// serve answers with a picture; browsers keep it for a day and then ask whether it has changed.
func (b *Book) serve(w http.ResponseWriter, r *http.Request, name string) error {
	x, ok := b.shots[name]
	if !ok {
		return fault.New(fault.NotFound, "handbook.not_found")
	}
	h := w.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("ETag", x.tag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(x.data))
	return nil
}
