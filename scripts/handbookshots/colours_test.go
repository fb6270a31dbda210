package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

// A screen of few colours keeps them exactly; one of many keeps near ones, and what is written has a palette.
func TestFewColours(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 200, 100))
	for x := range 200 {
		for y := range 100 {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y * 2), uint8(x + y), 255})
			if y < 50 {
				img.Set(x, y, color.RGBA{140, 13, 20, 255})
			}
		}
	}
	out := fewColours(img)
	if n := len(out.Palette); n != 256 {
		t.Errorf("%d colours", n)
	}
	if r, g, b, _ := out.At(3, 3).RGBA(); r>>8 != 140 || g>>8 != 13 || b>>8 != 20 {
		t.Error("the colour of half of the picture changed", r>>8, g>>8, b>>8)
	}
	for x := 0; x < 200; x += 13 {
		r, _, _, _ := out.At(x, 90).RGBA()
		if d := int(r>>8) - x; d < -40 || d > 40 {
			t.Errorf("at %d red is %d", x, r>>8)
		}
	}
	var raw bytes.Buffer
	if err := png.Encode(&raw, img); err != nil {
		t.Fatal(err)
	}
	b, err := small(raw.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(b)); err != nil || c.Width != 200 || c.Height != 100 {
		t.Errorf("%+v %v", c, err)
	} else if _, ok := c.ColorModel.(color.Palette); !ok {
		t.Error("the picture has no palette")
	}
}
