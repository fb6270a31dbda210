// Package poster draws the A4 sheet with which a unit asks for gifts: who asks, for what, a large QR code that fills the
// transfer in, the account in figures and the code by which the gift is found again. The letters are inside the file.
package poster

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/signintech/gopdf"
	"github.com/skip2/go-qrcode"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Sheet is what stands on the poster; the words are given in the language of who prints it.
type Sheet struct {
	Unit   string   // who asks
	Appeal string   // what for
	Title  string   // of this code, for example the unit or group that collects
	QR     string   // text of the code
	Lines  []string // below the code: bank, account, memo
	Note   string   // at the foot, in small letters
	Made   time.Time
}

// The page, in millimetres.
const (
	width  = 210.0
	margin = 20.0
	inner  = width - 2*margin
	side   = 112.0 // of the QR code
	point  = 25.4 / 72
)

type pen struct {
	pdf *gopdf.GoPdf
	y   float64
	err error
}

// Draw makes the PDF file of one page.
func Draw(s Sheet) ([]byte, error) {
	pdf := &gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4, Unit: gopdf.UnitMM})
	pdf.SetInfo(gopdf.PdfInfo{Title: s.Appeal, Author: s.Unit, Creator: "Nhịp Cầu", CreationDate: s.Made})
	for family, ttf := range map[string][]byte{"regular": liberationsansregular.TTF, "bold": liberationsansbold.TTF} {
		if err := pdf.AddTTFFontDataWithOption(family, ttf, gopdf.TtfOption{OnGlyphNotFoundSubstitute: func(rune) rune { return ' ' }}); err != nil {
			return nil, fmt.Errorf("poster: font: %w", err)
		}
	}
	pdf.AddPage()
	p := &pen{pdf: pdf}
	pdf.SetFillColor(0xb5, 0x12, 0x1b)
	pdf.RectFromUpperLeftWithStyle(0, 0, width, 32, "F")
	pdf.SetTextColor(0xff, 0xff, 0xff)
	p.y = 11
	p.write(s.Unit, "bold", 17, 2)
	pdf.SetTextColor(0x1d, 0x1a, 0x16)
	p.y = 42
	p.write(s.Appeal, "bold", 28, 3)
	p.y += 2
	p.write(s.Title, "regular", 16, 2)
	p.y += 5
	p.qr(s.QR, (width-side)/2, p.y)
	p.y += side + 7
	for i, l := range s.Lines {
		family := "regular"
		if i == len(s.Lines)-1 {
			family = "bold"
		}
		p.write(l, family, 17, 2)
	}
	p.y = max(p.y+3, 268)
	p.write(s.Note, "regular", 11, 3)
	if p.err != nil {
		return nil, fmt.Errorf("poster: %w", p.err)
	}
	return pdf.GetBytesPdfReturnErr()
}

func (p *pen) keep(err error) {
	if p.err == nil {
		p.err = err
	}
}

// write puts a text in the middle, in at most most lines: the letters shrink until it fits.
func (p *pen) write(text, family string, size float64, most int) {
	text = strings.Join(strings.Fields(vntext.NFC(text)), " ")
	if text == "" {
		return
	}
	var lines []string
	for ; size > 8; size-- {
		p.keep(p.pdf.SetFont(family, "", size))
		var err error
		lines, err = p.pdf.SplitTextWithWordWrap(text, inner)
		p.keep(err)
		if len(lines) <= most {
			break
		}
	}
	for _, l := range lines[:min(len(lines), most)] {
		l = strings.TrimSpace(l)
		w, err := p.pdf.MeasureTextWidth(l)
		p.keep(err)
		p.pdf.SetXY((width-w)/2, p.y)
		p.keep(p.pdf.Cell(nil, l))
		p.y += size * point * 1.35
	}
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
	one := side / float64(len(bitmap))
	p.pdf.SetFillColor(0, 0, 0)
	for row := range bitmap {
		for col := 0; col < len(bitmap[row]); col++ {
			from := col
			for col < len(bitmap[row]) && bitmap[row][col] {
				col++
			}
			if col > from {
				p.pdf.RectFromUpperLeftWithStyle(x+float64(from)*one, y+float64(row)*one, float64(col-from)*one+0.02, one+0.02, "F")
			}
		}
	}
}
