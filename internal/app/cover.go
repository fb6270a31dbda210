package app

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/nhipcau/nhipcau/internal/platform/web"
)

// coverPath is the picture of articles that have none of their own: Zalo takes no article without a cover.
const coverPath = "/bia.jpg"

// cover draws the span of a bridge in gold on red, once.
var cover = sync.OnceValues(func() ([]byte, error) {
	const w, h = 1200, 675
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	red, deep, gold := color.RGBA{181, 18, 27, 255}, color.RGBA{140, 13, 20, 255}, color.RGBA{230, 184, 74, 255}
	for y := range h {
		for x := range w {
			c := red
			if y > 430 {
				c = deep
			}
			u := math.Mod(float64(x), 400)/200 - 1 // −1 … 1 across each of the three arches
			arch := 330 + 110*u*u
			if fy := float64(y); math.Abs(fy-320) < 7 || fy > 320 && math.Abs(fy-arch) < 6 && fy < 445 {
				c = gold
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85})
	return b.Bytes(), err
})

func serveCover(w http.ResponseWriter, _ *http.Request) error {
	b, err := cover()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, err = w.Write(b)
	return err
}

var _ web.Handler = serveCover

// privateAddress tells whether an address belongs to this machine or a private network (RFC 1918, RFC 4193).
func privateAddress(s string) bool {
	ip := net.ParseIP(s)
	return ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}
