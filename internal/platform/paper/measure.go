package paper

import (
	"fmt"
	"strings"

	"github.com/go-fonts/liberation/liberationserifbold"
	"github.com/go-fonts/liberation/liberationserifbolditalic"
	"github.com/go-fonts/liberation/liberationserifitalic"
	"github.com/go-fonts/liberation/liberationserifregular"
	"github.com/signintech/gopdf"
)

// style is a face and a size in points.
type style struct {
	face string
	size float64
}

const (
	regular    = "regular"
	bold       = "bold"
	italic     = "italic"
	boldItalic = "bolditalic"
)

// face names the letters for bold and italic text.
func face(isBold, isItalic bool) string {
	switch {
	case isBold && isItalic:
		return boldItalic
	case isBold:
		return bold
	case isItalic:
		return italic
	}
	return regular
}

// ruler measures text and keeps the first thing that went wrong.
type ruler struct {
	pdf    *gopdf.GoPdf
	now    style
	widths map[style]map[string]float64
	err    error
}

// newRuler loads the four faces.
func newRuler(w, h float64) (*ruler, error) {
	pdf := &gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: w, H: h}, Unit: gopdf.UnitPT})
	option := gopdf.TtfOption{OnGlyphNotFoundSubstitute: func(rune) rune { return ' ' }}
	for _, f := range []struct {
		name string
		ttf  []byte
	}{{regular, liberationserifregular.TTF}, {bold, liberationserifbold.TTF}, {italic, liberationserifitalic.TTF}, {boldItalic, liberationserifbolditalic.TTF}} {
		if err := pdf.AddTTFFontDataWithOption(f.name, f.ttf, option); err != nil {
			return nil, fmt.Errorf("paper: font %s: %w", f.name, err)
		}
	}
	return &ruler{pdf: pdf, widths: map[style]map[string]float64{}}, nil
}

func (r *ruler) keep(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *ruler) use(s style) {
	if r.now != s {
		r.keep(r.pdf.SetFont(s.face, "", s.size))
		r.now = s
	}
}

// width of a text in points.
func (r *ruler) width(s style, text string) float64 {
	words := r.widths[s]
	if words == nil {
		words = map[string]float64{}
		r.widths[s] = words
	}
	if w, ok := words[text]; ok {
		return w
	}
	r.use(s)
	w, err := r.pdf.MeasureTextWidth(text)
	r.keep(err)
	if len(words) < 20_000 {
		words[text] = w
	}
	return w
}

// line is one line of a paragraph.
type line struct {
	words []string
	width float64 // with single spaces between the words
	last  bool    // the last of its paragraph is not stretched
}

func (l line) String() string { return strings.Join(l.words, " ") }

// wrap cuts a text into lines; the first is narrower by indent. A word wider than a line (an address) is cut.
func (r *ruler) wrap(text string, s style, indent, wide float64) []line {
	space := r.width(s, " ")
	var out []line
	cur := line{}
	room := wide - indent
	for _, w := range strings.Fields(text) {
		width := r.width(s, w)
		if len(cur.words) > 0 && cur.width+space+width > room+0.01 {
			out, cur, room = append(out, cur), line{}, wide
		}
		for width > room && len(cur.words) == 0 {
			head, rest := r.cut(w, s, room)
			if rest == "" {
				break
			}
			out = append(out, line{words: []string{head}, width: r.width(s, head), last: true})
			w, width, room = rest, r.width(s, rest), wide
		}
		if len(cur.words) > 0 {
			cur.width += space
		}
		cur.words = append(cur.words, w)
		cur.width += width
	}
	if len(cur.words) > 0 {
		out = append(out, cur)
	}
	if len(out) > 0 {
		out[len(out)-1].last = true
	}
	return out
}

// cut takes as many letters of a word as fit; at least one.
func (r *ruler) cut(word string, s style, wide float64) (string, string) {
	rs := []rune(word)
	n := len(rs)
	for n > 1 && r.width(s, string(rs[:n])) > wide {
		n = n * 9 / 10
	}
	for n < len(rs) && r.width(s, string(rs[:n+1])) <= wide {
		n++
	}
	return string(rs[:max(n, 1)]), string(rs[max(n, 1):])
}

// wrapAll cuts each line of a text that holds line breaks.
func (r *ruler) wrapAll(text string, s style, wide float64) []line {
	var out []line
	for _, p := range paragraphs(text) {
		out = append(out, r.wrap(p, s, 0, wide)...)
	}
	return out
}

// rule is the length of the line below a text of the given lines: share of the widest one.
func rule(lines []line, share float64) float64 {
	widest := 0.0
	for _, l := range lines {
		widest = max(widest, l.width)
	}
	return widest * share
}

// balance cuts a centred text into lines of about the same length, so that no single word is left over.
func (r *ruler) balance(text string, s style, wide float64) []line {
	best := r.wrap(text, s, 0, wide)
	if len(best) < 2 {
		return best
	}
	for w := wide * 0.97; w > wide*0.4; w -= wide * 0.03 {
		next := r.wrap(text, s, 0, w)
		if len(next) != len(best) || rule(next, 1) > w {
			break
		}
		best = next
	}
	return best
}
