package picture

import (
	"encoding/binary"
	"image"
)

// orientation reads the EXIF orientation (1–8) of a JPEG; 1 when there is none. CIPA DC-008 (Exif 2.32) §4.6.4.
func orientation(raw []byte) int {
	if len(raw) < 4 || raw[0] != 0xff || raw[1] != 0xd8 {
		return 1
	}
	for i := 2; i+4 <= len(raw) && raw[i] == 0xff; {
		marker, n := raw[i+1], int(binary.BigEndian.Uint16(raw[i+2:]))
		if marker == 0xda || n < 2 || i+2+n > len(raw) {
			return 1
		}
		if marker == 0xe1 {
			return exifOrientation(raw[i+4 : i+2+n])
		}
		i += 2 + n
	}
	return 1
}

func exifOrientation(b []byte) int {
	if len(b) < 14 || string(b[:6]) != "Exif\x00\x00" {
		return 1
	}
	b = b[6:]
	var order binary.ByteOrder = binary.BigEndian
	if string(b[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := int(order.Uint32(b[4:]))
	if at < 8 || at+2 > len(b) {
		return 1
	}
	for k, n := 0, int(order.Uint16(b[at:])); k < n; k++ {
		e := at + 2 + 12*k
		if e+12 > len(b) {
			return 1
		}
		if order.Uint16(b[e:]) == 0x0112 {
			if o := int(order.Uint16(b[e+8:])); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 1
}

// upright turns the picture so that orientation o becomes 1.
func upright(src image.Image, o int) image.Image {
	if o <= 1 {
		return src
	}
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if o >= 5 {
		w, h = h, w
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := source(o, x, y, w, h)
			dst.Set(x, y, src.At(b.Min.X+sx, b.Min.Y+sy))
		}
	}
	return dst
}

// source tells which pixel of the stored picture belongs at (x, y) of the upright one of size w × h.
func source(o, x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, w - 1 - x
	case 7:
		return h - 1 - y, w - 1 - x
	default: // 8
		return h - 1 - y, x
	}
}
