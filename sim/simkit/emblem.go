package simkit

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"net/http"
	"sync"
)

// Emblem draws the profile picture of a simulated account, size × size pixels: kind 0 is the emblem that all units of the
// rehearsal's province share (a red disc with a yellow star in a ring), any other number a plain picture of its own, as
// somebody puts up who does not know the rule.
func Emblem(kind, size int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	const fine = 3 // each point is the mean of fine × fine
	for y := range size {
		for x := range size {
			var r, g, b int
			for i := range fine * fine {
				c := emblemAt(kind, (float64(x)+(float64(i%fine)+.5)/fine)/float64(size)*2-1, (float64(y)+(float64(i/fine)+.5)/fine)/float64(size)*2-1)
				r, g, b = r+int(c.R), g+int(c.G), b+int(c.B)
			}
			img.SetRGBA(x, y, color.RGBA{uint8(r / fine / fine), uint8(g / fine / fine), uint8(b / fine / fine), 255})
		}
	}
	return img
}

// NoEmblem is the kind of an account that shows no picture.
const NoEmblem = -1

var drawn sync.Map // kind → JPEG

// ServeEmblem answers with an Emblem as platforms hand pictures out: small and recompressed.
func ServeEmblem(w http.ResponseWriter, kind int) {
	v, ok := drawn.Load(kind)
	if !ok {
		var b bytes.Buffer
		_ = jpeg.Encode(&b, Emblem(kind, 240), &jpeg.Options{Quality: 75}) // a buffer takes everything
		v, _ = drawn.LoadOrStore(kind, b.Bytes())
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(v.([]byte)) // the reader went away: nobody is left to tell
}

// emblemAt is the colour at a point, both coordinates from -1 to 1.
func emblemAt(kind int, x, y float64) color.RGBA {
	red, yellow, white := color.RGBA{200, 30, 40, 255}, color.RGBA{255, 214, 60, 255}, color.RGBA{255, 255, 255, 255}
	far := math.Hypot(x, y)
	if kind != 0 {
		return landscapeAt(kind, x, y)
	}
	switch {
	case far > .98:
		return white
	case far > .86:
		return yellow
	case far > .8:
		return white
	case inStar(x, y+.05, .58):
		return yellow
	case y > .45 && y < .62 && math.Abs(x) < .5:
		return white
	}
	return red
}

// inStar tells whether a point lies in a five-pointed star of that radius around the middle, one point upward.
func inStar(x, y, radius float64) bool {
	const inner = .382 // of the outer radius, as on flags
	turn := math.Mod(math.Atan2(x, -y)+2*math.Pi, 2*math.Pi/5)
	if turn > math.Pi/5 {
		turn = 2*math.Pi/5 - turn
	}
	px, py := math.Hypot(x, y)*math.Cos(turn), math.Hypot(x, y)*math.Sin(turn)
	qx, qy := radius*inner*math.Cos(math.Pi/5), radius*inner*math.Sin(math.Pi/5)
	return (qx-radius)*py-qy*(px-radius) >= 0
}

// landscapeAt is a sun over hills, in colours and with a skyline that come from the number.
func landscapeAt(kind int, x, y float64) color.RGBA {
	k := float64(kind)
	switch {
	case math.Hypot(x-.5*math.Sin(k), y+.45) < .22:
		return color.RGBA{255, 240, 190, 255}
	case y > .15+.25*math.Sin(3*x+k):
		return color.RGBA{uint8(40 + 31*kind%60), 120, 70, 255}
	}
	return color.RGBA{90, uint8(150 + 17*kind%60), 220, 255}
}
