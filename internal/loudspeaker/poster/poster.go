// Package poster draws the A4 sheet that is put up on a notice board: who announces, title, lead, picture, date, and a QR code
// that leads to the whole article. The fonts with Vietnamese letters are inside the file, so that every printer has them.
package poster

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	_ "image/png" // pictures may be PNG
	"strings"
	"time"

	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/signintech/gopdf"
	"github.com/skip2/go-qrcode"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Sheet is what stands on a poster. Parts that are "" or nil are left out.
type Sheet struct {
	Unit    string // who announces, as on a letterhead
	Title   string
	Lead    string
	Body    string // plain text; as much as fits, at the end of a sentence
	Picture []byte // JPEG or PNG
	Link    string // address behind the QR code
	Scan    string // what the QR code is for, beside it
	Date    string // as people read it
	Contact string // hotline, with its word
	Made    time.Time
}

// The page, in millimetres.
const (
	width, height = 210.0, 297.0
	margin        = 18.0
	inner         = width - 2*margin
	footTop       = 244.0 // the QR code and what stands beside it begin here
	qrSide        = 38.0
	point         = 25.4 / 72 // millimetres
)

// pen draws on one page and keeps the first thing that went wrong.
type pen struct {
	pdf *gopdf.GoPdf
	y   float64
	err error
}

// Draw makes the PDF file: exactly one page, however long the texts are.
func Draw(s Sheet) ([]byte, error) {
	pdf := &gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4, Unit: gopdf.UnitMM})
	pdf.SetInfo(gopdf.PdfInfo{Title: clean(s.Title), Author: clean(s.Unit), Creator: "Nhịp Cầu", CreationDate: s.Made})
	for family, ttf := range map[string][]byte{"regular": liberationsansregular.TTF, "bold": liberationsansbold.TTF} {
		if err := pdf.AddTTFFontDataWithOption(family, ttf, gopdf.TtfOption{OnGlyphNotFoundSubstitute: func(rune) rune { return ' ' }}); err != nil {
			return nil, fmt.Errorf("poster: font: %w", err)
		}
	}
	pdf.AddPage()
	p := &pen{pdf: pdf}
	p.head(clean(s.Unit))
	p.title(clean(s.Title))
	p.lead(clean(s.Lead))
	p.picture(s.Picture)
	p.body(s.Body)
	p.foot(s)
	if p.err != nil {
		return nil, fmt.Errorf("poster: %w", p.err)
	}
	return pdf.GetBytesPdfReturnErr()
}

// clean makes a text one line of composed letters.
func clean(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

func (p *pen) keep(err error) {
	if p.err == nil {
		p.err = err
	}
}

// wrap cuts a text into lines of a width at a size of type, in points.
func (p *pen) wrap(text, family string, size, wide float64) []string {
	if text == "" {
		return nil
	}
	p.keep(p.pdf.SetFont(family, "", size))
	lines, err := p.pdf.SplitTextWithWordWrap(text, wide)
	p.keep(err)
	return lines
}

// lines writes lines below one another, in the middle of the page or at the left of x.
func (p *pen) lines(lines []string, family string, size, spacing, x float64, middle bool) {
	p.keep(p.pdf.SetFont(family, "", size))
	for _, l := range lines {
		l = strings.TrimSpace(l)
		at := x
		if middle {
			w, err := p.pdf.MeasureTextWidth(l)
			p.keep(err)
			at = (width - w) / 2
		}
		p.pdf.SetXY(at, p.y)
		p.keep(p.pdf.Cell(nil, l))
		p.y += size * point * spacing
	}
}

// head is the red band with the name of the unit.
func (p *pen) head(unit string) {
	p.pdf.SetFillColor(0xb3, 0x12, 0x1d)
	p.pdf.RectFromUpperLeftWithStyle(0, 0, width, 34, "F")
	p.pdf.SetTextColor(0xff, 0xff, 0xff)
	size := 17.0
	lines := p.wrap(unit, "bold", size, inner)
	for len(lines) > 2 && size > 9 {
		size--
		lines = p.wrap(unit, "bold", size, inner)
	}
	p.y = 17 - float64(len(lines))*size*point*1.25/2
	p.lines(lines, "bold", size, 1.25, margin, true)
	p.pdf.SetTextColor(0x11, 0x11, 0x11)
	p.y = 46
}

// title is as large as it can be in at most four lines; a very long one is cut.
func (p *pen) title(text string) {
	size := 34.0
	lines := p.wrap(text, "bold", size, inner)
	for len(lines) > 4 && size > 18 {
		size -= 2
		lines = p.wrap(text, "bold", size, inner)
	}
	if len(lines) > 6 {
		lines = append(lines[:5], strings.TrimRight(strings.TrimSpace(lines[5]), " ,.;")+"…")
	}
	p.pdf.SetTextColor(0xb3, 0x12, 0x1d)
	p.lines(lines, "bold", size, 1.2, margin, true)
	p.pdf.SetTextColor(0x11, 0x11, 0x11)
	p.y += 6
}

func (p *pen) lead(text string) {
	size := 17.0
	lines := p.wrap(text, "bold", size, inner)
	for len(lines) > 6 && size > 11 {
		size--
		lines = p.wrap(text, "bold", size, inner)
	}
	if len(lines) > 9 {
		lines = append(lines[:8], strings.TrimRight(strings.TrimSpace(lines[8]), " ,.;")+"…")
	}
	p.lines(lines, "bold", size, 1.3, margin, false)
	p.y += 4
}

// picture takes at most what leaves room for some of the text, in its own proportions. One that cannot be read is left out:
// the poster is worth more than its picture.
func (p *pen) picture(raw []byte) {
	img, _, err := image.Decode(bytes.NewReader(raw))
	if len(raw) == 0 || err != nil {
		return
	}
	b := img.Bounds()
	room := min(95, footTop-p.y-30)
	if b.Dx() < 1 || b.Dy() < 1 || room < 25 {
		return
	}
	w := inner
	h := w * float64(b.Dy()) / float64(b.Dx())
	if h > room {
		w, h = room*float64(b.Dx())/float64(b.Dy()), room
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 85}); err != nil {
		p.keep(err)
		return
	}
	holder, err := gopdf.ImageHolderByBytes(out.Bytes())
	if err != nil {
		p.keep(err)
		return
	}
	p.keep(p.pdf.ImageByHolder(holder, (width-w)/2, p.y, &gopdf.Rect{W: w, H: h}))
	p.y += h + 5
}

// body writes whole sentences as long as there is room above the foot.
func (p *pen) body(text string) {
	const size, spacing = 13.0, 1.35
	for _, para := range strings.Split(vntext.NFC(text), "\n") {
		para = clean(para)
		room := int((footTop - 5 - p.y) / (size * point * spacing))
		if para == "" {
			continue
		}
		if room < 1 {
			return
		}
		lines := p.wrap(para, "regular", size, inner)
		for len(lines) > room {
			shorter := dropSentence(para)
			if shorter == "" {
				return
			}
			para = shorter
			lines = p.wrap(para, "regular", size, inner)
		}
		p.lines(lines, "regular", size, spacing, margin, false)
		p.y += 1.5
	}
}

// dropSentence takes the last sentence away; "" when there is only one.
func dropSentence(s string) string {
	s = strings.TrimRight(s, ".!?… ")
	i := max(strings.LastIndex(s, ". "), strings.LastIndex(s, "! "), strings.LastIndex(s, "? "))
	if i < 0 {
		return ""
	}
	return s[:i+1]
}

// foot is the QR code with what it is for, the date and the hotline.
func (p *pen) foot(s Sheet) {
	p.pdf.SetStrokeColor(0xb3, 0x12, 0x1d)
	p.pdf.SetLineWidth(0.6)
	p.pdf.Line(margin, footTop, width-margin, footTop)
	x, wide := margin, inner
	if s.Link != "" {
		p.qr(s.Link, margin, footTop+4)
		x, wide = margin+qrSide+7, inner-qrSide-7
	}
	p.y = footTop + 7
	if s.Link != "" {
		p.lines(p.wrap(clean(s.Scan), "bold", 14, wide), "bold", 14, 1.3, x, false)
		p.lines(p.breakLink(s.Link, wide), "regular", 10, 1.3, x, false)
		p.y += 2
	}
	p.lines(p.wrap(clean(s.Contact), "bold", 13, wide), "bold", 13, 1.35, x, false)
	p.lines(p.wrap(clean(s.Date), "regular", 11, wide), "regular", 11, 1.35, x, false)
}

// breakLink cuts an address, which has no spaces, into at most three lines.
func (p *pen) breakLink(link string, wide float64) []string {
	p.keep(p.pdf.SetFont("regular", "", 10))
	lines, err := p.pdf.SplitText(link, wide)
	p.keep(err)
	return lines[:min(len(lines), 3)]
}

// qr draws the code square by square, so that it is sharp at every size.
func (p *pen) qr(text string, x, y float64) {
	code, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		p.keep(err)
		return
	}
	code.DisableBorder = true
	bitmap := code.Bitmap()
	side := qrSide / float64(len(bitmap))
	p.pdf.SetFillColor(0, 0, 0)
	for row := range bitmap {
		for col := 0; col < len(bitmap[row]); col++ {
			from := col
			for col < len(bitmap[row]) && bitmap[row][col] {
				col++
			}
			if col > from {
				p.pdf.RectFromUpperLeftWithStyle(x+float64(from)*side, y+float64(row)*side, float64(col-from)*side+0.02, side+0.02, "F")
			}
		}
	}
}
