package main

import (
	"cmp"
	"image"
	"image/color"
	"maps"
	"slices"
)

// fewColours draws a picture with 256 colours: those that it uses most, each other one as the nearest of them.
func fewColours(img image.Image) *image.Paletted {
	type coarse [3]uint8 // colours that differ by little count together
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA) }
	used := map[coarse]int{}
	first := map[coarse]color.RGBA{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := at(x, y)
			k := coarse{c.R >> 3, c.G >> 3, c.B >> 3}
			if used[k]++; used[k] == 1 {
				first[k] = c
			}
		}
	}
	most := slices.SortedFunc(maps.Keys(used), func(p, q coarse) int {
		return cmp.Or(cmp.Compare(used[q], used[p]), slices.Compare(p[:], q[:]))
	})
	palette := color.Palette{}
	for _, k := range most[:min(256, len(most))] {
		palette = append(palette, first[k])
	}
	out := image.NewPaletted(b, palette)
	nearest := map[coarse]uint8{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := at(x, y)
			k := coarse{c.R >> 3, c.G >> 3, c.B >> 3}
			i, ok := nearest[k]
			if !ok {
				i = uint8(palette.Index(c)) //nolint:gosec // a palette has at most 256 colours
				nearest[k] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	return out
}
