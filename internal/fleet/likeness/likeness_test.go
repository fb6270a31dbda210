package likeness

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"golang.org/x/image/draw"

	"github.com/nhipcau/nhipcau/sim/simkit"
)

// resized draws a picture w by h.
func resized(src image.Image, w, h int) image.Image {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}

// recompressed is what a JPEG of that quality leaves.
func recompressed(t *testing.T, src image.Image, quality int) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, src, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// framed lays a picture on a ground, off the middle by some points.
func framed(src image.Image, ground color.Color, wide, dx int) image.Image {
	b := src.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx()+2*wide, b.Dy()+2*wide))
	draw.Draw(dst, dst.Bounds(), image.NewUniform(ground), image.Point{}, draw.Src)
	draw.Draw(dst, b.Add(image.Pt(wide+dx, wide)), src, b.Min, draw.Over)
	return dst
}

// recoloured changes red and blue.
func recoloured(src *image.RGBA) image.Image {
	dst := image.NewRGBA(src.Bounds())
	for y := range src.Bounds().Dy() {
		for x := range src.Bounds().Dx() {
			c := src.RGBAAt(x, y)
			dst.SetRGBA(x, y, color.RGBA{c.B, c.G, c.R, 255})
		}
	}
	return dst
}

// turned is the picture upside down.
func turned(src *image.RGBA) image.Image {
	b := src.Bounds()
	dst := image.NewRGBA(b)
	for y := range b.Dy() {
		for x := range b.Dx() {
			dst.Set(x, y, src.At(x, b.Dy()-1-y))
		}
	}
	return dst
}

// glass is the emblem with nothing around the disc.
func glass(src *image.RGBA) image.Image {
	b := src.Bounds()
	dst := image.NewNRGBA(b)
	mid := b.Dx() / 2
	for y := range b.Dy() {
		for x := range b.Dx() {
			if (x-mid)*(x-mid)+(y-mid)*(y-mid) < mid*mid*95/100 {
				dst.Set(x, y, src.At(x, y))
			}
		}
	}
	return dst
}

func TestLike(t *testing.T) {
	logo := simkit.Emblem(0, 600)
	hills := simkit.Emblem(3, 600)
	blank := image.NewRGBA(image.Rect(0, 0, 200, 200))
	draw.Draw(blank, blank.Bounds(), image.NewUniform(color.RGBA{200, 30, 40, 255}), image.Point{}, draw.Src)
	if !Of(blank).Plain() || !(Print{}).Plain() || Of(logo).Plain() || Of(hills).Plain() {
		t.Error("what is plain and what is not")
	}
	for _, c := range []struct {
		name string
		a, b image.Image
		like bool
	}{
		{"itself", logo, logo, true},
		{"half as large", logo, resized(logo, 300, 300), true},
		{"very small", logo, resized(logo, 50, 50), true},
		{"a little squeezed", logo, resized(logo, 240, 230), true},
		{"recompressed", logo, recompressed(t, logo, 75), true},
		{"recompressed badly and small", logo, recompressed(t, resized(logo, 120, 120), 25), true},
		{"in a white frame", logo, framed(logo, color.White, 90, 0), true},
		{"in a white frame, off the middle, recompressed", logo, recompressed(t, framed(logo, color.White, 60, 25), 60), true},
		{"with nothing around it", logo, glass(logo), true},
		{"as the simulators hand it out", logo, simkit.Emblem(0, 240), true},
		{"a photo, recompressed and small", hills, recompressed(t, resized(hills, 160, 160), 60), true},
		{"a photo in a dark frame", hills, framed(hills, color.RGBA{20, 20, 60, 255}, 40, 0), true},
		{"in other colours", logo, recoloured(logo), false},
		{"upside down", logo, turned(logo), false},
		{"a landscape", logo, hills, false},
		{"another landscape", hills, simkit.Emblem(5, 600), false},
		{"a plain red square", logo, blank, false},
		{"half of it", logo, logo.SubImage(image.Rect(0, 0, 300, 600)), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			differ, apart := Of(c.a).apart(Of(c.b))
			t.Log(differ, apart)
			if got := Of(c.a).Like(Of(c.b)); got != c.like {
				t.Errorf("alike: %v (%d notes differ, hues lie %d apart)", got, differ, apart)
			}
			if Of(c.a).Like(Of(c.b)) != Of(c.b).Like(Of(c.a)) {
				t.Error("likeness goes one way only")
			}
		})
	}
}

func TestPrintIsKept(t *testing.T) {
	p := Of(simkit.Emblem(0, 100))
	q, err := Parse(p.String())
	if err != nil || q != p || !q.Like(p) {
		t.Fatal(q, err)
	}
	none, err := Parse("")
	if err != nil || none.String() != "" || none.Like(p) || p.Like(none) || none.Like(none) {
		t.Fatal("a print of no picture is like something", err)
	}
	for _, bad := range []string{"zz", "00", p.String() + "00"} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	for _, r := range []image.Rectangle{image.Rect(0, 0, 1, 1), image.Rect(0, 0, 1, 900), image.Rect(-5, -5, 300, -4)} {
		Of(image.NewRGBA(r)) // must not panic
	}
}
