package paper

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	_ "image/png" // pictures may be PNG
)

const cellPad = 3.2 // between a line of a table and its text, in points

// tableRow is a row ready to be drawn.
type tableRow struct {
	cells [][]line
	span  bool
	style style
	head  bool
}

// high is the number of lines of the tallest cell, at least one.
func (r tableRow) high() int {
	n := 1
	for _, c := range r.cells {
		n = max(n, len(c))
	}
	return n
}

// table draws rows with lines around them, the head again on each page.
func (p *pen) table(t Table) {
	widths := t.columns(p.wide)
	if len(widths) == 0 {
		return
	}
	size := t.size(p.layout)
	var head *tableRow
	if len(t.Head) > 0 {
		r := p.tableRow(t.Head, widths, style{bold, size}, false)
		r.head = true
		head = &r
	}
	for i, cells := range t.Rows {
		span := len(cells) == 1 && len(widths) > 1
		s := style{face(span || (t.Total && i == len(t.Rows)-1), false), size}
		r := p.tableRow(cells, widths, s, span)
		if i == 0 && head != nil {
			p.need(p.rowHeight(*head) + p.rowHeight(r)*0.999)
			p.drawRow(*head, t, widths, 0, head.high())
		}
		p.flowRow(r, head, t, widths)
	}
	if len(t.Rows) == 0 && head != nil {
		p.need(p.rowHeight(*head))
		p.drawRow(*head, t, widths, 0, head.high())
	}
	p.y += p.gap
}

// tableRow breaks the cells into lines.
func (p *pen) tableRow(cells []string, widths []float64, s style, span bool) tableRow {
	r := tableRow{span: span, style: s}
	if span {
		all := 0.0
		for _, w := range widths {
			all += w
		}
		r.cells = [][]line{p.wrapAll(cells[0], s, all-2*cellPad)}
		return r
	}
	for i, w := range widths {
		text := ""
		if i < len(cells) {
			text = cells[i]
		}
		r.cells = append(r.cells, p.wrapAll(text, s, w-2*cellPad))
	}
	return r
}

func (p *pen) rowHeight(r tableRow) float64 {
	return float64(r.high())*r.style.size*single + 2*cellPad
}

// flowRow draws a row, over several pages when it is long: a row of less than a third of a page is not cut, and a heading
// inside the table does not stand last on a page.
func (p *pen) flowRow(r tableRow, head *tableRow, t Table, widths []float64) {
	lh := r.style.size * single
	more := 0.0
	if r.span {
		more = 2*lh + 2*cellPad
	}
	moved := false
	for from, total := 0, r.high(); from < total; {
		fit := int((p.floor() - p.y - 2*cellPad - more + 0.5) / lh)
		more = 0
		if total-from > fit && from == 0 && !moved && (fit < 3 || float64(total)*lh < (p.floor()-p.top)/3) {
			moved = true
			p.turn(head, t, widths)
			continue
		}
		upTo := min(total, from+max(fit, 1))
		p.drawRow(r, t, widths, from, upTo)
		if from = upTo; from < total {
			p.turn(head, t, widths)
		}
	}
}

// turn starts a page within a table.
func (p *pen) turn(head *tableRow, t Table, widths []float64) {
	p.next()
	if head != nil && p.rowHeight(*head) < (p.floor()-p.top)/2 {
		p.drawRow(*head, t, widths, 0, head.high())
	}
}

// drawRow draws the lines from … upTo of a row with the borders of its cells.
func (p *pen) drawRow(r tableRow, t Table, widths []float64, from, upTo int) {
	lh := r.style.size * single
	h := float64(upTo-from)*lh + 2*cellPad
	all := 0.0
	for _, w := range widths {
		all += w
	}
	if r.span {
		widths = []float64{all}
	}
	x := p.left
	for i, w := range widths {
		a := t.align(i)
		if r.span {
			a = left
		}
		if r.head {
			a = center
		}
		lines := r.cells[i]
		top := p.y + cellPad
		if r.head {
			top += (h - 2*cellPad - float64(len(lines))*lh) / 2
		}
		if part := lines[min(from, len(lines)):min(upTo, len(lines))]; len(part) > 0 {
			p.stack(part, x+cellPad, top, w-2*cellPad, r.style, single, a)
		}
		p.pdf.RectFromUpperLeft(x, p.y, w, h)
		x += w
	}
	p.y += h
}

// signColumns says how the signers stand: at the right of the receivers when there is one, else side by side below.
func (d Document) signColumns() (beside bool, perRow int) {
	n := len(d.Signers)
	if n <= 1 {
		return true, 1
	}
	return false, min(n, maxSigners)
}

// maxSigners stand in one row.
const maxSigners = 4

// signLines are the lines above the room for the signature, and the name below it.
func (p *pen) signLines(s Signer, wide float64) (above []styled, name []line) {
	for _, t := range []struct {
		text string
		face string
		size float64
	}{{caps(s.Authority), bold, p.sign}, {titleCase(s), bold, p.sign}, {tidy(s.Note), italic, p.sign - 1}} {
		st := style{t.face, t.size}
		for _, l := range p.wrap(t.text, st, 0, wide-6) {
			above = append(above, styled{l, st})
		}
	}
	return above, p.wrap(tidy(s.Name), style{bold, p.sign}, 0, wide-6)
}

// styled is a line with its letters.
type styled struct {
	line
	style style
}

// titleCase writes the title of one who signs for a body in capitals, as the decree wants; under a form ("Người lập biểu") it
// stays as it is.
func titleCase(s Signer) string {
	if s.Authority != "" {
		return caps(s.Title)
	}
	return tidy(s.Title)
}

// signHeight is the height of one signer's column.
func (p *pen) signHeight(s Signer, wide float64) float64 {
	above, name := p.signLines(s, wide)
	h := p.signRoom + float64(max(len(name), 1))*p.sign*single
	for _, l := range above {
		h += l.style.size * single
	}
	return h
}

// signatureHeight is the height of receivers and signers together.
func (p *pen) signatureHeight() float64 {
	if len(p.doc.Signers) == 0 && len(p.doc.Recipients) == 0 {
		return 0
	}
	beside, per := p.doc.signColumns()
	h := 0.0
	for i := 0; i < len(p.doc.Signers); i += per {
		row := 0.0
		for _, s := range p.doc.Signers[i:min(i+per, len(p.doc.Signers))] {
			row = max(row, p.signHeight(s, p.signWidth(beside, per)))
		}
		h += row
	}
	if beside {
		return max(h, p.recipientsHeight()) + 12
	}
	return h + p.recipientsHeight() + 12
}

func (p *pen) signWidth(beside bool, per int) float64 {
	if beside {
		return p.wide * (1 - receiversShare)
	}
	return p.wide / float64(per)
}

// receiversShare is what "Nơi nhận" takes of the width.
const receiversShare = 0.45

func (p *pen) recipientsHeight() float64 {
	if len(p.doc.Recipients) == 0 {
		return 0
	}
	h := p.receiverHead * single
	for _, l := range p.doc.recipientLines() {
		h += float64(len(p.wrap(l, style{regular, p.receivers}, 0, p.wide*receiversShare-6))) * p.receivers * single
	}
	return h
}

// signatures writes "Nơi nhận" and those who sign.
func (p *pen) signatures() {
	h := p.signatureHeight()
	if h == 0 {
		return
	}
	p.y += 6
	p.need(h - 6)
	beside, per := p.doc.signColumns()
	wide := p.signWidth(beside, per)
	if beside {
		top := p.y
		p.recipients(p.left, top)
		for _, s := range p.doc.Signers {
			p.signer(s, p.left+p.wide-wide, top, wide, p.signHeight(s, wide))
		}
		p.y = top + h - 6
		return
	}
	for i := 0; i < len(p.doc.Signers); i += per {
		row := p.doc.Signers[i:min(i+per, len(p.doc.Signers))]
		high := 0.0
		for _, s := range row {
			high = max(high, p.signHeight(s, wide))
		}
		for n, s := range row {
			p.signer(s, p.left+float64(n)*wide, p.y, wide, high)
		}
		p.y += high
	}
	p.recipients(p.left, p.y+6)
	p.y += p.recipientsHeight() + 6
}

// recipients writes the list of those who receive a copy.
func (p *pen) recipients(x, y float64) {
	if len(p.doc.Recipients) == 0 {
		return
	}
	s := style{boldItalic, p.receiverHead}
	p.write(x, baseline(y, s, single), s, noiNhan)
	y += s.size * single
	s = style{regular, p.receivers}
	for _, l := range p.doc.recipientLines() {
		y += p.stack(p.wrap(l, s, 0, p.wide*receiversShare-6), x, y, p.wide*receiversShare, s, single, left)
	}
}

// signer writes authority and title, leaves room and writes the name at the bottom of its column.
func (p *pen) signer(s Signer, x, top, wide, high float64) {
	above, name := p.signLines(s, wide)
	y := top
	for _, l := range above {
		p.set(l.line, x, y, wide, l.style, single, center)
		y += l.style.size * single
	}
	st := style{bold, p.sign}
	p.stack(name, x, top+high-float64(len(name))*st.size*single, wide, st, single, center)
}

// photo is a picture that both files can hold.
type photo struct {
	jpeg       []byte
	wide, high int
}

// maxPixels bounds a picture before it is opened: a small file may unfold into gigabytes.
const maxPixels = 60_000_000

// readPicture opens a JPEG or PNG and writes it as JPEG on white.
func readPicture(raw []byte) (photo, error) {
	cfg, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return photo{}, fmt.Errorf("picture: %w", err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width*cfg.Height > maxPixels {
		return photo{}, fmt.Errorf("picture of %d × %d points", cfg.Width, cfg.Height)
	}
	if kind == "jpeg" {
		return photo{jpeg: raw, wide: cfg.Width, high: cfg.Height}, nil
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return photo{}, fmt.Errorf("picture: %w", err)
	}
	white := image.NewRGBA(img.Bounds())
	draw.Draw(white, white.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(white, white.Bounds(), img, img.Bounds().Min, draw.Over)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, white, &jpeg.Options{Quality: 88}); err != nil {
		return photo{}, fmt.Errorf("picture: %w", err)
	}
	return photo{jpeg: out.Bytes(), wide: cfg.Width, high: cfg.Height}, nil
}
