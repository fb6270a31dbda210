// Package film reads from the head of a film how wide, how high and how long it is, and whether it has to be turned to be
// looked at, without decoding a single picture. It knows MP4 and QuickTime (the boxes of ISO 14496-12) and WebM (EBML). What
// it reads comes from strangers, so every length is checked before it is believed.
package film

import (
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// Facts are what the head of a film says. What it does not say is zero.
type Facts struct {
	Width, Height int // as it is looked at: turned upright when the film says so
	Duration      time.Duration
}

// ErrUnreadable means that the head is damaged or of a kind that is not known.
var ErrUnreadable = errors.New("film: the head cannot be read")

const (
	maxMoov  = 64 << 20 // a head of this size would tell of weeks of film
	maxBoxes = 100_000
	maxSide  = 32768
)

// Read finds the facts. R is read from its beginning; size is its length in bytes.
func Read(r io.ReadSeeker, size int64) (Facts, error) {
	var head [12]byte
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return Facts{}, err
	}
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return Facts{}, ErrUnreadable
	}
	if binary.BigEndian.Uint32(head[:4]) == ebmlMagic {
		return readWebM(r, size)
	}
	return readBoxes(r, size)
}

// readBoxes walks the boxes on top until it finds "moov", which holds everything of interest and may stand at the very end.
func readBoxes(r io.ReadSeeker, size int64) (Facts, error) {
	at := int64(0)
	for range maxBoxes {
		if size-at < 8 {
			return Facts{}, ErrUnreadable
		}
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			return Facts{}, err
		}
		var h [16]byte
		if _, err := io.ReadFull(r, h[:8]); err != nil {
			return Facts{}, ErrUnreadable
		}
		length, head := int64(binary.BigEndian.Uint32(h[:4])), int64(8)
		switch length {
		case 0: // to the end
			length = size - at
		case 1:
			if _, err := io.ReadFull(r, h[8:]); err != nil {
				return Facts{}, ErrUnreadable
			}
			length, head = int64(binary.BigEndian.Uint64(h[8:])), 16
		}
		if length < head || length > size-at {
			return Facts{}, ErrUnreadable
		}
		if string(h[4:8]) == "moov" {
			if length > maxMoov {
				return Facts{}, ErrUnreadable
			}
			b := make([]byte, length-head)
			if _, err := io.ReadFull(r, b); err != nil {
				return Facts{}, ErrUnreadable
			}
			return readMoov(b)
		}
		at += length
	}
	return Facts{}, ErrUnreadable
}

// each calls fn for every box inside b; a box that does not fit ends the walk.
func each(b []byte, fn func(kind string, body []byte)) {
	for len(b) >= 8 {
		length, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		switch length {
		case 0:
			length = uint64(len(b))
		case 1:
			if len(b) < 16 {
				return
			}
			length, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		if length < head || length > uint64(len(b)) {
			return
		}
		fn(string(b[4:8]), b[head:length])
		b = b[length:]
	}
}

func readMoov(b []byte) (Facts, error) {
	var f Facts
	each(b, func(kind string, body []byte) {
		switch kind {
		case "mvhd":
			f.Duration = movieLength(body)
		case "trak":
			each(body, func(kind string, body []byte) {
				if kind != "tkhd" {
					return
				}
				if w, h := trackSize(body); w*h > f.Width*f.Height {
					f.Width, f.Height = w, h
				}
			})
		}
	})
	if f.Width == 0 {
		return f, ErrUnreadable
	}
	return f, nil
}

// movieLength reads the box mvhd: version, flags, two moments, a time scale and a length in it.
func movieLength(b []byte) time.Duration {
	var scale, length uint64
	switch {
	case len(b) >= 20 && b[0] == 0:
		scale, length = uint64(binary.BigEndian.Uint32(b[12:])), uint64(binary.BigEndian.Uint32(b[16:]))
	case len(b) >= 32 && b[0] == 1:
		scale, length = uint64(binary.BigEndian.Uint32(b[20:])), binary.BigEndian.Uint64(b[24:])
	}
	return span(float64(length), float64(scale))
}

// span is length units of 1/scale seconds; nonsense is zero.
func span(length, scale float64) time.Duration {
	if scale <= 0 || length < 0 || length/scale > 30*24*3600 {
		return 0
	}
	return time.Duration(length / scale * float64(time.Second))
}

// trackSize reads the box tkhd: at its end stand a matrix of nine numbers and the size, all in fixed point. A telephone held
// upright films lying and says with the matrix how to turn it.
func trackSize(b []byte) (w, h int) {
	at := 0
	switch {
	case len(b) >= 84 && b[0] == 0:
		at = 40
	case len(b) >= 96 && b[0] == 1:
		at = 52
	default:
		return 0, 0
	}
	number := func(i int) int32 { return int32(binary.BigEndian.Uint32(b[at+4*i:])) }
	w, h = int(uint32(number(9))>>16), int(uint32(number(10))>>16)
	if w > maxSide || h > maxSide {
		return 0, 0
	}
	if number(0) == 0 && number(4) == 0 && number(1) != 0 && number(3) != 0 {
		w, h = h, w
	}
	return w, h
}
