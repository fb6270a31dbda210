package publish

import (
	"strings"
	"unicode"
)

// Piece is a run of words that both versions have, or only the older or only the newer one.
type Piece struct {
	Op   int // 0 same, -1 taken out, +1 put in
	Text string
}

// diffLimit bounds the work of one comparison: texts with more words are compared line by line.
const diffLimit = 6000

// Diff compares two texts word by word. Joining the pieces with Op ≤ 0 gives the older text, with Op ≥ 0 the newer.
func Diff(older, newer string) []Piece {
	a, b := words(older), words(newer)
	if len(a)+len(b) > diffLimit {
		a, b = strings.SplitAfter(older, "\n"), strings.SplitAfter(newer, "\n")
	}
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out pieces
	out.add(0, a[:head]...)
	out.middle(a[head:len(a)-tail], b[head:len(b)-tail])
	out.add(0, a[len(a)-tail:]...)
	return out
}

// words cuts a text into words and the spaces between them.
func words(s string) []string {
	var out []string
	start, space := 0, false
	for i, r := range s {
		if sp := unicode.IsSpace(r); i > 0 && sp != space {
			out = append(out, s[start:i])
			start = i
			space = sp
		} else if i == 0 {
			space = sp
		}
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

type pieces []Piece

func (p *pieces) add(op int, ws ...string) {
	text := strings.Join(ws, "")
	if text == "" {
		return
	}
	if n := len(*p); n > 0 && (*p)[n-1].Op == op {
		(*p)[n-1].Text += text
		return
	}
	*p = append(*p, Piece{op, text})
}

// middle walks the longest common subsequence of what differs.
func (p *pieces) middle(a, b []string) {
	if len(a)*len(b) > diffLimit*diffLimit/4 { // even line by line too much: all of it changed
		p.add(-1, a...)
		p.add(+1, b...)
		return
	}
	w := len(b) + 1
	l := make([]uint16, (len(a)+1)*w) // lengths of common subsequences of a[i:], b[j:]
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				l[i*w+j] = l[(i+1)*w+j+1] + 1
			} else {
				l[i*w+j] = max(l[(i+1)*w+j], l[i*w+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			p.add(0, a[i])
			i, j = i+1, j+1
		case l[(i+1)*w+j] >= l[i*w+j+1]:
			p.add(-1, a[i])
			i++
		default:
			p.add(+1, b[j])
			j++
		}
	}
	p.add(-1, a[i:]...)
	p.add(+1, b[j:]...)
}
