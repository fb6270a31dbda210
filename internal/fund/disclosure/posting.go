package disclosure

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// Lines are found by an inverted index of our own: for each word, the lines that have it. It walks from the newest line to
// older ones and stops when a page is full, so that a word which half of two million lines have is as quick as a rare one;
// neither engine's full-text index can do that when the newest hits are asked for. A chunk is 65,536 lines in a row.
const (
	chunkBits  = 16
	chunkLines = 1 << chunkBits
)

// The two packings, by their first byte: gaps between line numbers as varints, or one bit for each line of the chunk.
const (
	packGaps byte = 0
	packBits byte = 1
)

func chunkOf(seq int64) int64 { return seq >> chunkBits }

// set is the lines of one chunk, one bit each.
type set [chunkLines / 64]uint64

func (s *set) add(n int)      { s[n>>6] |= 1 << (n & 63) }
func (s *set) remove(n int)   { s[n>>6] &^= 1 << (n & 63) }
func (s *set) has(n int) bool { return s[n>>6]&(1<<(n&63)) != 0 }

func (s *set) and(o *set) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s *set) or(o *set) {
	for i := range s {
		s[i] |= o[i]
	}
}

// newest calls fn with the numbers in the set below a number, highest first, until fn says stop.
func (s *set) newest(below int, fn func(n int) bool) {
	if below <= 0 {
		return
	}
	top := (below - 1) >> 6
	for i := top; i >= 0; i-- {
		w := s[i]
		if i == top && below&63 != 0 {
			w &= 1<<(below&63) - 1
		}
		for w != 0 {
			b := 63 - bits.LeadingZeros64(w)
			if !fn(i<<6 | b) {
				return
			}
			w &^= 1 << b
		}
	}
}

// packGapsOf packs ascending numbers of one chunk.
func packGapsOf(numbers []int) []byte {
	out := make([]byte, 1, len(numbers)+3)
	out[0] = packGaps
	last := 0
	for _, n := range numbers {
		out = binary.AppendUvarint(out, uint64(n-last))
		last = n
	}
	return out
}

var errPosting = errors.New("disclosure: a posting of the search index is broken")

// unpack adds the lines of a posting to a set.
func (s *set) unpack(b []byte) error {
	if len(b) == 0 {
		return errPosting
	}
	body := b[1:]
	switch b[0] {
	case packGaps:
		at := uint64(0)
		for len(body) > 0 {
			gap, n := binary.Uvarint(body)
			if n <= 0 {
				return errPosting
			}
			if at += gap; at >= chunkLines {
				return errPosting
			}
			s.add(int(at))
			body = body[n:]
		}
		return nil
	case packBits:
		if len(body) != chunkLines/8 {
			return errPosting
		}
		for i := range s {
			s[i] |= binary.LittleEndian.Uint64(body[i*8:])
		}
		return nil
	}
	return errPosting
}

// pack packs a set the shorter way.
func (s *set) pack() []byte {
	var numbers []int
	count := 0
	for _, w := range s {
		count += bits.OnesCount64(w)
	}
	if count < chunkLines/8 {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				numbers = append(numbers, i<<6|bits.TrailingZeros64(w))
			}
		}
		return packGapsOf(numbers)
	}
	out := make([]byte, 1, 1+chunkLines/8)
	out[0] = packBits
	for _, w := range s {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return out
}
