// Package likeness tells whether two pictures show the same thing: the logo that a province demands of its channels, and the
// profile picture that stands at one of them. Platforms cut, shrink and recompress what they are given, so bytes never agree;
// what is compared is a print of the picture:
//
//   - The picture is laid on white, and the even margins around what it shows are taken away, so that a frame or a wider
//     canvas changes nothing.
//   - What is left is drawn 9 by 9 points small. For each point it is noted whether its right neighbour is brighter, darker or
//     about as bright, and the same for the neighbour below (the "difference hash" of Neal Krawetz, in both directions and with
//     a third value, because a logo has even areas, where noise alone would decide between two values).
//   - Drawn 4 by 4 points small, the hue is noted: the same drawing in other colours is another logo.
//
// Two prints are alike when few notes differ and the hues lie close together.
package likeness

import (
	"encoding/hex"
	"errors"
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

const (
	grid  = 8 // notes per row and per column, in each of the two directions
	hues  = 4 // cells of hue per row and per column
	notes = 2 * grid * grid
	size  = notes + 2*hues*hues // bytes of a print

	even     = 6  // a difference of brightness up to this, of 255, is none
	margin   = 28 // a point that differs from the margin by more, of 255, belongs to what is shown
	unlike   = 34 // so many notes may differ, of notes; one that turned from brighter to darker counts twice
	otherHue = 22 // so far may hues lie apart on average, of 255
)

// Print is what is kept of a picture to compare it by; the zero value is of no picture.
type Print struct {
	points [size]byte
	made   bool
}

// Of gives the print of a picture.
func Of(img image.Image) Print {
	p := Print{made: true}
	flat := shown(onWhite(img))
	small := scaled(flat, grid+1)
	light := func(x, y int) int { return brightness(small.RGBAAt(x, y)) }
	for y := range grid {
		for x := range grid {
			p.points[y*grid+x] = note(light(x, y), light(x+1, y))
			p.points[grid*grid+y*grid+x] = note(light(x, y), light(x, y+1))
		}
	}
	tiny := scaled(flat, hues)
	for i := range hues * hues {
		c := tiny.RGBAAt(i%hues, i/hues)
		_, cb, cr := color.RGBToYCbCr(c.R, c.G, c.B)
		p.points[notes+2*i], p.points[notes+2*i+1] = cb, cr
	}
	return p
}

// note compares two brightnesses: 0 darker, 1 about the same, 2 brighter.
func note(here, there int) byte {
	switch {
	case there-here > even:
		return 2
	case here-there > even:
		return 0
	}
	return 1
}

func brightness(c color.RGBA) int { return (299*int(c.R) + 587*int(c.G) + 114*int(c.B)) / 1000 }

// Like tells whether two prints are of the same picture. A print of no picture is like nothing.
func (p Print) Like(q Print) bool {
	if !p.made || !q.made {
		return false
	}
	differ, apart := p.apart(q)
	return differ <= unlike && apart <= otherHue
}

// apart counts the differing notes, and how far the hues lie apart on average.
func (p Print) apart(q Print) (differ, apart int) {
	for i := range size {
		d := abs(int(p.points[i]) - int(q.points[i]))
		if i < notes {
			differ += d
		} else {
			apart += d
		}
	}
	return differ, apart / (2 * hues * hues)
}

func abs(n int) int { return max(n, -n) }

// String writes the print as letters and digits, "" for that of no picture.
func (p Print) String() string {
	if !p.made {
		return ""
	}
	return hex.EncodeToString(p.points[:])
}

// Parse reads what String wrote.
func Parse(s string) (Print, error) {
	if s == "" {
		return Print{}, nil
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != size {
		return Print{}, errors.New("likeness: this is no print of a picture")
	}
	p := Print{made: true}
	copy(p.points[:], b)
	return p, nil
}

// onWhite lays a picture on white, no larger than is needed to compare it.
func onWhite(src image.Image) *image.RGBA {
	const most = 256
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > most {
		w, h = max(1, w*most/long), max(1, h*most/long)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.White, image.Point{}, draw.Src)
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, b, draw.Over, nil)
	return dst
}

// frames is how often a margin is taken away: a frame may lie around a picture that has a margin of its own.
const frames = 4

// shown is the part of a picture inside its even margins; the whole picture when there is none, or nothing else.
func shown(img *image.RGBA) *image.RGBA {
	for range frames {
		box := inside(img)
		if box == img.Bounds() || box.Dx() < 2 || box.Dy() < 2 {
			break
		}
		img = img.SubImage(box).(*image.RGBA)
	}
	return img
}

// inside is the smallest part of a picture that holds all that differs from its first corner.
func inside(img *image.RGBA) image.Rectangle {
	b := img.Bounds()
	ground := img.RGBAAt(b.Min.X, b.Min.Y)
	var box image.Rectangle
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if far(img.RGBAAt(x, y), ground) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

func far(a, b color.RGBA) bool {
	return max(abs(int(a.R)-int(b.R)), abs(int(a.G)-int(b.G)), abs(int(a.B)-int(b.B))) > margin
}

// scaled draws a picture n by n points small.
func scaled(src *image.RGBA, n int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, n, n))
	draw.CatmullRom.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return dst
}

// Plain tells whether next to nothing is to be seen on the picture: one colour, with which everything and nothing agrees.
func (p Print) Plain() bool {
	n := 0
	for _, x := range p.points[:notes] {
		if x != 1 {
			n++
		}
	}
	return !p.made || n < 8
}
