package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
)

// scene draws an invented picture for a post: hills, a river and the span of a bridge, in a light of its own for each kind.
func scene(kind int) ([]byte, error) {
	const w, h = 1280, 720
	skies := [][2]color.RGBA{
		{{250, 214, 165, 255}, {214, 120, 96, 255}}, {{190, 220, 240, 255}, {96, 150, 200, 255}},
		{{236, 236, 214, 255}, {150, 186, 150, 255}}, {{226, 208, 232, 255}, {120, 110, 170, 255}},
	}
	sky := skies[kind%len(skies)]
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	horizon := 430.0
	for x := range w {
		fx := float64(x) / w
		far := horizon - 90 - 50*math.Sin(fx*7+float64(kind)) - 20*math.Sin(fx*19)
		near := horizon - 20 - 30*math.Sin(fx*5+2+float64(kind))
		deck := 380 - 10*math.Cos((fx-0.5)*math.Pi)
		arch := deck + 6 + 80*math.Pow(math.Mod(fx*4, 1)*2-1, 2)
		for y := range h {
			fy := float64(y)
			c := mix(sky[1], sky[0], fy/horizon)
			switch {
			case fy > horizon+20:
				ripple := 0.12 * math.Sin(fy*0.35+12*fx)
				c = mix(sky[0], color.RGBA{60, 90, 110, 255}, 0.25+0.6*(fy-horizon)/(h-horizon)+ripple)
			case fy > near:
				c = mix(color.RGBA{52, 96, 70, 255}, sky[1], 0.15)
			case fy > far:
				c = mix(color.RGBA{70, 110, 100, 255}, sky[0], 0.45)
			}
			if d := math.Hypot(fx*w-980, fy-170); d < 60 {
				c = mix(color.RGBA{255, 240, 200, 255}, c, 0.1)
			}
			if fy > deck-8 && fy < deck+8 || fy >= deck && fy < horizon+40 && fy > arch && fy < arch+14 {
				c = color.RGBA{140, 13, 20, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 88})
	return b.Bytes(), err
}

func mix(a, b color.RGBA, t float64) color.RGBA {
	t = math.Max(0, math.Min(1, t))
	f := func(x, y uint8) uint8 { return uint8(float64(x)*(1-t) + float64(y)*t) }
	return color.RGBA{f(a.R, b.R), f(a.G, b.G), f(a.B, b.B), 255}
}
