// Package videotest makes small films for tests: heads that say what a test wants and no pictures at all.
package videotest

import (
	"bytes"
	"encoding/binary"
	"time"
)

// Film says what the head of a film should say.
type Film struct {
	Width, Height int
	Turned        bool // the matrix says to turn it by a quarter
	Duration      time.Duration
	Pad           int  // bytes of pictures
	HeadLast      bool // the head stands behind the pictures, as telephones write it
	Sound         bool // a track without pictures besides
}

func box(kind string, body ...[]byte) []byte {
	all := bytes.Join(body, nil)
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(all)))
	return append(append(b, kind...), all...)
}

func numbers(ns ...uint32) []byte {
	var b []byte
	for _, n := range ns {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// track makes a tkhd of version 0 with matrix and size.
func track(w, h int, turned bool) []byte {
	one := uint32(1 << 16)
	matrix := []uint32{one, 0, 0, 0, one, 0, 0, 0, 1 << 30}
	if turned {
		matrix = []uint32{0, one, 0, -one, 0, 0, 0, 0, 1 << 30}
	}
	head := numbers(3, 0, 0, 1, 0, 0, 0, 0, 0, 0) // version and flags, two moments, id, reserved, length, reserved ×2, layer, volume
	return box("trak", box("tkhd", head, numbers(matrix...), numbers(uint32(w)<<16, uint32(h)<<16)))
}

// MP4 makes the bytes of a film.
func MP4(f Film) []byte {
	moov := [][]byte{box("mvhd", numbers(0, 0, 0, 1000, uint32(f.Duration/time.Millisecond)), make([]byte, 80))}
	if f.Sound {
		moov = append(moov, track(0, 0, false))
	}
	moov = append(moov, track(f.Width, f.Height, f.Turned))
	pictures := make([]byte, max(f.Pad, 16))
	for i := range pictures {
		pictures[i] = byte(i * 7 >> 2)
	}
	head := box("ftyp", []byte("isom"), numbers(512), []byte("isomiso2avc1mp41"))
	if f.HeadLast {
		return bytes.Join([][]byte{head, box("mdat", pictures), box("moov", moov...)}, nil)
	}
	return bytes.Join([][]byte{head, box("moov", moov...), box("mdat", pictures)}, nil)
}
