package film

import (
	"encoding/binary"
	"io"
	"math"
)

// The elements of WebM that are of interest (https://www.matroska.org/technical/elements.html).
const (
	ebmlMagic   = 0x1A45DFA3
	idSegment   = 0x18538067
	idInfo      = 0x1549A966
	idScale     = 0x2AD7B1
	idDuration  = 0x4489
	idTracks    = 0x1654AE6B
	idTrack     = 0xAE
	idVideo     = 0xE0
	idWidth     = 0xB0
	idHeight    = 0xBA
	idCluster   = 0x1F43B675
	usualScale  = 1_000_000 // nanoseconds
	unknownSize = math.MaxUint64
	maxElement  = 16 << 20
)

// readWebM walks the segment up to the first cluster of pictures: the head stands before it.
func readWebM(r io.ReadSeeker, size int64) (Facts, error) {
	var f Facts
	var length float64
	scale := float64(usualScale)
	at := int64(0)
	for range maxBoxes {
		id, n, head, err := elementAt(r, at)
		if err != nil {
			break
		}
		body := at + head
		if id == idSegment { // go inside
			at = body
			continue
		}
		if id == idCluster || n == unknownSize || n > uint64(size-body) {
			break
		}
		if id == idInfo || id == idTracks {
			if n > maxElement {
				break
			}
			b := make([]byte, n)
			if _, err := r.Seek(body, io.SeekStart); err != nil {
				return f, err
			}
			if _, err := io.ReadFull(r, b); err != nil {
				break
			}
			elements(b, func(id uint32, b []byte) {
				switch id {
				case idScale:
					scale = float64(whole(b))
				case idDuration:
					length = decimal(b)
				case idTrack:
					elements(b, func(id uint32, b []byte) {
						if id == idVideo {
							f.look(b)
						}
					})
				}
			})
		}
		at = body + int64(n)
	}
	if f.Width == 0 {
		return f, ErrUnreadable
	}
	f.Duration = span(length*scale, 1e9)
	return f, nil
}

func (f *Facts) look(b []byte) {
	var w, h uint64
	elements(b, func(id uint32, b []byte) {
		switch id {
		case idWidth:
			w = whole(b)
		case idHeight:
			h = whole(b)
		}
	})
	if w > 0 && h > 0 && w <= maxSide && h <= maxSide && int(w*h) > f.Width*f.Height {
		f.Width, f.Height = int(w), int(h)
	}
}

// elementAt reads the id and the size of the element at a place; head is how many bytes both take.
func elementAt(r io.ReadSeeker, at int64) (id uint32, size uint64, head int64, err error) {
	if _, err = r.Seek(at, io.SeekStart); err != nil {
		return 0, 0, 0, err
	}
	var b [12]byte
	n, err := io.ReadFull(r, b[:])
	if err != nil && n == 0 {
		return 0, 0, 0, err
	}
	id, size, used := element(b[:n])
	if used == 0 {
		return 0, 0, 0, ErrUnreadable
	}
	return id, size, int64(used), nil
}

// element reads an id and a size, both numbers of changing length; used is 0 when they are not whole.
func element(b []byte) (id uint32, size uint64, used int) {
	n := lead(b, 4)
	if n == 0 {
		return 0, 0, 0
	}
	for _, c := range b[:n] {
		id = id<<8 | uint32(c)
	}
	m := lead(b[n:], 8)
	if m == 0 {
		return 0, 0, 0
	}
	size = uint64(b[n]) & (1<<(8-m) - 1)
	all := size == 1<<(8-m)-1
	for _, c := range b[n+1 : n+m] {
		size = size<<8 | uint64(c)
		all = all && c == 0xFF
	}
	if all {
		size = unknownSize
	}
	return id, size, n + m
}

// lead is how many bytes the number at the beginning of b takes, at most most; 0 when it is not whole.
func lead(b []byte, most int) int {
	if len(b) == 0 {
		return 0
	}
	for n := 1; n <= most; n++ {
		if b[0]&(0x80>>(n-1)) != 0 {
			if len(b) < n {
				return 0
			}
			return n
		}
	}
	return 0
}

func elements(b []byte, fn func(id uint32, body []byte)) {
	for {
		id, size, used := element(b)
		if used == 0 || size > uint64(len(b)-used) {
			return
		}
		fn(id, b[used:used+int(size)])
		b = b[used+int(size):]
	}
}

func whole(b []byte) (n uint64) {
	if len(b) > 8 {
		return 0
	}
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

func decimal(b []byte) float64 {
	f := 0.0
	switch len(b) {
	case 4:
		f = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		f = math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}
