package paper

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/signintech/gopdf"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// pen writes pages from top to bottom.
type pen struct {
	*ruler
	layout
	doc       Document
	landscape bool
	wide      float64 // width of the text
	high      float64 // height of the page
	y         float64
	page      int // number within the text or the annex
}

// PDF draws the document. Errors are pictures that cannot be read.
func (d Document) PDF() ([]byte, error) {
	w, h := d.sheet(d.Landscape)
	r, err := newRuler(w, h)
	if err != nil {
		return nil, err
	}
	r.pdf.SetInfo(gopdf.PdfInfo{Title: tidy(strings.TrimSpace(d.Kind + " " + d.Subject)), Author: tidy(d.Issuer), Creator: "Nhịp Cầu", CreationDate: day(d.Date)})
	p := &pen{ruler: r, layout: d.measures(), doc: d}
	p.begin(d.Landscape)
	p.head()
	p.title()
	p.addressees()
	for _, b := range d.basisLines() {
		p.paragraph(b, style{italic, p.body}, p.indent, justify)
	}
	p.blocks(d.body(), p.signatureHeight())
	p.signatures()
	for _, a := range d.Annexes {
		p.annex(a)
	}
	if p.err != nil {
		return nil, fmt.Errorf("paper: %w", p.err)
	}
	return p.pdf.GetBytesPdfReturnErr()
}

// begin starts a run of pages numbered from 1.
func (p *pen) begin(landscape bool) {
	p.landscape = landscape
	p.page = 0
	p.next()
}

// next starts a page. The first of a run shows no number.
func (p *pen) next() {
	w, h := p.doc.sheet(p.landscape)
	p.pdf.AddPageWithOption(gopdf.PageOption{PageSize: &gopdf.Rect{W: w, H: h}})
	p.pdf.SetLineWidth(0.6)
	p.wide, p.high = w-p.left-p.right, h
	p.page++
	p.now = style{}
	if p.page > 1 {
		s := style{regular, p.pageNumber}
		n := strconv.Itoa(p.page)
		p.write(p.left+(p.wide-p.width(s, n))/2, p.top*0.62, s, n)
	}
	p.y = p.top
}

// floor is where the text of a page ends.
func (p *pen) floor() float64 { return p.high - p.bottom }

// need starts a page when less than h is left.
func (p *pen) need(h float64) {
	if p.y+h > p.floor()+0.5 && p.y > p.top {
		p.next()
	}
}

// write puts a text with its baseline at y.
func (p *pen) write(x, y float64, s style, text string) {
	p.use(s)
	p.pdf.SetXY(x, y)
	p.keep(p.pdf.Text(text))
}

// baseline is where the letters stand in a line that begins at top.
func baseline(top float64, s style, lead float64) float64 {
	return top + s.size*(lead-single)/2 + s.size*0.891
}

// set writes one line between x and x+wide.
func (p *pen) set(l line, x, top, wide float64, s style, lead float64, a align) {
	y := baseline(top, s, lead)
	switch {
	case a == center:
		x += (wide - l.width) / 2
	case a == right:
		x += wide - l.width
	case a == justify && !l.last && len(l.words) > 1:
		space := p.width(s, " ")
		extra := (wide - l.width) / float64(len(l.words)-1)
		for i, w := range l.words {
			step := p.width(s, w) + space + extra
			if i < len(l.words)-1 {
				w += " " // so that a reader of the file finds the words apart
			}
			p.write(x, y, s, w)
			x += step
		}
		return
	}
	p.write(x, y, s, l.String())
}

// stack writes lines below one another and gives the height.
func (p *pen) stack(lines []line, x, top, wide float64, s style, lead float64, a align) float64 {
	for i, l := range lines {
		p.set(l, x, top+float64(i)*s.size*lead, wide, s, lead, a)
	}
	return float64(len(lines)) * s.size * lead
}

// hline draws a rule of a length in the middle of a column.
func (p *pen) hline(x, y, wide, length float64) {
	p.pdf.SetLineWidth(0.7)
	p.pdf.Line(x+(wide-length)/2, y, x+(wide+length)/2, y)
	p.pdf.SetLineWidth(0.6)
}

// head is the issuer at the left and the state's name at the right, number and date below them.
func (p *pen) head() {
	lw := p.wide * headSplit
	rx, rw := p.left+lw, p.wide-lw
	ly, ry := p.y, p.y
	if p.doc.Superior != "" {
		s := style{regular, p.issuer}
		ly += p.stack(p.balance(caps(p.doc.Superior), s, lw-6), p.left, ly, lw, s, single, center)
	}
	s := style{bold, p.issuer}
	lines := p.balance(caps(p.doc.Issuer), s, lw-6)
	ly += p.stack(lines, p.left, ly, lw, s, single, center)
	ly += 3
	p.hline(p.left, ly, lw, rule(lines, 0.42))
	s = style{bold, p.nation}
	ry += p.stack(p.wrap(nation, s, 0, rw), rx, ry, rw, s, single, center)
	s = style{bold, p.motto}
	lines = p.wrap(motto, s, 0, rw)
	ry += p.stack(lines, rx, ry, rw, s, single, center)
	ry += 3
	p.hline(rx, ry, rw, rule(lines, 1))
	p.y = max(ly, ry) + 6
	if p.doc.Bare {
		p.y += 6
		return
	}
	s = style{regular, p.ref}
	number := p.stack(p.wrap(p.doc.numberLine(), s, 0, lw), p.left, p.y, lw, s, single, center)
	s = style{italic, p.ref}
	date := p.stack(p.wrap(p.doc.dateLine(), s, 0, rw), rx, p.y, rw, s, single, center)
	below := 0.0
	if p.doc.Kind == "" && p.doc.Subject != "" { // a letter: what it is about stands below its number
		s = style{regular, p.issuer}
		below = 6 + p.stack(p.balance("V/v "+tidy(p.doc.Subject), s, lw-10), p.left, p.y+number+6, lw, s, single, center)
	}
	p.y += max(number+below, date) + 12
}

// title is the type in capitals and the subject, with a rule below.
func (p *pen) title() {
	if p.doc.Kind == "" {
		return
	}
	p.y += 6
	s := style{bold, p.layout.title}
	lines := p.wrap(caps(p.doc.Kind), s, 0, p.wide)
	p.y += p.stack(lines, p.left, p.y, p.wide, s, single, center)
	if p.doc.Subject != "" {
		for _, part := range paragraphs(p.doc.Subject) {
			lines = p.balance(part, s, p.wide*0.86)
			p.y += p.stack(lines, p.left, p.y, p.wide, s, single, center)
		}
	}
	p.y += 4
	p.hline(p.left, p.y, p.wide, rule(lines, 0.4))
	p.y += 12
}

// addressees are "Kính gửi": on its line when there is one, else each on its own below the colon.
func (p *pen) addressees() {
	lines := p.doc.toLines()
	if len(lines) == 0 {
		return
	}
	s := style{regular, p.body}
	word := p.width(s, kinhGui+" ")
	x := p.left + p.indent*2
	if w := p.width(s, lines[0]); len(lines) == 1 && word+w < p.wide-p.indent*2 {
		p.write(p.left+(p.wide-word-w)/2, baseline(p.y, s, leading), s, kinhGui+" "+lines[0])
		p.y += s.size*leading + p.gap*2
		return
	}
	p.write(x, baseline(p.y, s, leading), s, kinhGui)
	if len(lines) > 1 {
		p.y += s.size * leading
	}
	for _, l := range lines {
		p.y += p.stack(p.wrap(l, s, 0, p.wide-p.indent*2-word), x+word, p.y, p.wide, s, leading, left)
	}
	p.y += p.gap * 2
}

// blocks writes the parts of the body. The last one does not leave the signature, of height tail, alone on a page.
func (p *pen) blocks(blocks []Block, tail float64) {
	for i, b := range blocks {
		if i == len(blocks)-1 && tail > 0 {
			if h := p.textHeight(b); h > 0 && h < (p.floor()-p.top)/3 && p.y+h <= p.floor() && p.y+h+tail > p.floor() {
				p.next()
			}
		}
		switch b := b.(type) {
		case Heading:
			p.heading(b)
		case Paragraph:
			s, a := style{face(b.Bold, b.Italic), p.body}, justify
			indent := p.indent
			if b.Center {
				a, indent = center, 0
			}
			for _, text := range paragraphs(b.Text) {
				p.paragraph(text, s, indent, a)
			}
		case Bullet:
			for n, text := range paragraphs(b.Text) {
				if n == 0 {
					text = "- " + text
				}
				p.paragraph(text, style{regular, p.body}, p.indent, justify)
			}
		case Field:
			p.field(b)
		case Table:
			p.table(b)
		case Picture:
			p.picture(b)
		case Break:
			p.next()
		}
	}
}

// textHeight is the height of a block of words; 0 for others.
func (p *pen) textHeight(b Block) float64 {
	text := ""
	switch b := b.(type) {
	case Paragraph:
		text = b.Text
	case Bullet:
		text = b.Text
	default:
		return 0
	}
	h := 0.0
	for _, t := range paragraphs(text) {
		h += float64(len(p.wrap(t, style{regular, p.body}, p.indent, p.wide)))*p.body*leading + p.gap
	}
	return h
}

// paragraph writes justified text, at least two lines of which stay together on each page.
func (p *pen) paragraph(text string, s style, indent float64, a align) {
	lines := p.wrap(text, s, indent, p.wide)
	lh := s.size * leading
	for i, l := range lines {
		keep := 1
		if (i == 0 && len(lines) > 1) || i == len(lines)-2 {
			keep = 2
		}
		p.need(lh * float64(keep))
		x, wide := p.left, p.wide
		if i == 0 {
			x, wide = x+indent, wide-indent
		}
		p.set(l, x, p.y, wide, s, leading, a)
		p.y += lh
	}
	p.y += p.gap
}

func (p *pen) heading(h Heading) {
	s := style{bold, p.body}
	lines := p.wrap(tidy(h.Text), s, p.indent, p.wide)
	lh := s.size * leading
	p.need(lh*float64(len(lines)+2) + p.gap)
	for i, l := range lines {
		x, wide := p.left, p.wide
		if i == 0 {
			x, wide = x+p.indent, wide-p.indent
		}
		p.set(l, x, p.y, wide, s, leading, justify)
		p.y += lh
	}
	p.y += p.gap
}

// field writes a label with its value, or with dots up to the margin.
func (p *pen) field(f Field) {
	s := style{regular, p.body}
	label := tidy(f.Label)
	if tidy(f.Value) != "" {
		for i, text := range paragraphs(f.Value) {
			if i == 0 {
				text = label + " " + text
			}
			p.paragraph(text, s, p.indent, justify)
		}
		return
	}
	lines := p.wrap(label, s, p.indent, p.wide)
	lh := s.size * leading
	p.need(lh * float64(max(len(lines), 1)))
	room := p.wide - p.indent
	for i, l := range lines {
		x := p.left
		if i == 0 {
			x += p.indent
		} else {
			room = p.wide
		}
		p.set(l, x, p.y, p.wide, s, leading, left)
		room -= l.width
		p.y += lh
	}
	if len(lines) == 0 {
		p.y += lh
	}
	if dots := int(math.Floor((room - 4) / p.width(s, "."))); dots > 3 {
		text := strings.Repeat(".", dots)
		p.write(p.left+p.wide-p.width(s, text), baseline(p.y-lh, s, leading), s, text)
	}
	p.y += p.gap
}

// picture stands in the middle of the page, in its own proportions.
func (p *pen) picture(b Picture) {
	img, err := readPicture(b.Image)
	if err != nil {
		p.keep(err)
		return
	}
	w := b.WidthMM * mm
	if w <= 0 || w > p.wide {
		w = p.wide
	}
	h := w * float64(img.high) / float64(img.wide)
	s := style{italic, p.body - 1}
	caption := p.wrap(tidy(b.Caption), s, 0, p.wide)
	below := float64(len(caption))*s.size*single + p.gap
	if room := p.floor() - p.top - below; h > room {
		w, h = w*room/h, room
	}
	p.need(h + below)
	holder, err := gopdf.ImageHolderByBytes(img.jpeg)
	if err != nil {
		p.keep(err)
		return
	}
	p.keep(p.pdf.ImageByHolder(holder, p.left+(p.wide-w)/2, p.y, &gopdf.Rect{W: w, H: h}))
	p.y += h + 3
	p.y += p.stack(caption, p.left, p.y, p.wide, s, single, center) + p.gap
}

// annex begins on a page of its own.
func (p *pen) annex(a Annex) {
	p.begin(a.Landscape)
	s := style{bold, p.layout.title}
	p.y += p.stack(p.wrap(strings.TrimSpace(annexWord+" "+a.Number), s, 0, p.wide), p.left, p.y, p.wide, s, single, center)
	lines := p.balance(caps(a.Title), s, p.wide*0.9)
	p.y += p.stack(lines, p.left, p.y, p.wide, s, single, center)
	s = style{italic, p.body}
	lines = p.wrap(tidy(a.note(p.doc)), s, 0, p.wide*0.95)
	p.y += p.stack(lines, p.left, p.y, p.wide, s, single, center) + 4
	p.hline(p.left, p.y, p.wide, rule(lines, 0.3))
	p.y += 12
	p.blocks(a.Blocks, 0)
}

// day is the moment for the file's own date: fixed by the document, so that the same document gives the same bytes.
func day(d clock.Date) time.Time { return d.Time() }
