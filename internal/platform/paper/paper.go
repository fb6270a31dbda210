// Package paper writes the documents that an office signs and sends: letters, reports, minutes, decisions and forms, in the
// layout that Decree 30/2020/NĐ-CP, annex I prescribes (letterhead, number, place and date, title, body, signature, list of
// receivers). The same Document becomes a Word file, which the office may still edit, and a PDF file, which it prints. The PDF
// carries its own letters (Liberation Serif, as wide as Times New Roman), so that every printer has the Vietnamese marks.
package paper

import (
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Document is one paper. Fields that are "" are left out, except number and date: a form without them shows dotted lines to be
// filled in by hand (set Bare to leave both out).
type Document struct {
	Superior string // the body above the issuer, plain capitals at the top left; "" when there is none
	Issuer   string // who issues, bold capitals below it
	Number   string // number and symbol as "05/BC-MTTQ-BTT", without the word for "number"; "" prints a dotted line
	Place    string // where it is issued, official name of the unit, before the date
	Date     clock.Date
	Bare     bool   // a list or a slip: no number, place and date at all
	Kind     string // name of the type, printed in capitals; "" makes a letter (công văn), whose Subject stands below the number
	Subject  string // what it is about; for a letter without the leading "V/v"
	To       []string
	Basis    []string // legal grounds, without a mark at the end: the decree's ";" and "." are put there
	Blocks   []Block
	Signers  []Signer
	// Recipients are the lines of "Nơi nhận", without dash or end mark; the last one is the office's own copy ("Lưu: VT").
	Recipients []string
	Annexes    []Annex
	Open       bool // leave out the "./." that ends an official text (lists, forms, drafts)
	A5         bool // half a sheet, for receipts and vouchers; margins and letters are smaller
	Landscape  bool
}

// Annex follows the signature on a page of its own; its pages are numbered from 1 (annex I, part I, III.1 of the decree).
type Annex struct {
	Number    string // "I", "II" …; "" when there is only one
	Title     string // printed in capitals
	Note      string // which document it belongs to, in italics; "" makes it from the number and date of the document
	Landscape bool   // wide tables
	Blocks    []Block
}

// Block is one part of the body: Heading, Paragraph, Bullet, Field, Table, Picture or Break.
type Block interface{ block() }

// Heading is a bold line that stays with what follows it. Text carries its own number ("I. …", "1. …").
type Heading struct{ Text string }

// Paragraph is justified text with an indented first line. Line breaks in Text begin new paragraphs.
type Paragraph struct {
	Text                 string
	Bold, Italic, Center bool
}

// Bullet is a paragraph that begins with a dash.
type Bullet struct{ Text string }

// Field is one line of a form: the label and what was filled in. An empty value is a dotted line to the right margin.
type Field struct{ Label, Value string }

// Table is a table with lines. Its head is repeated on each page. A row of one cell spans the table and is bold: a heading
// inside the table. Cells may hold line breaks.
type Table struct {
	Head   []string
	Widths []int // per cent of the text's width; nil makes equal columns
	Rows   [][]string
	Right  []bool  // columns of figures, aligned right; shorter than Head means false
	Center []bool  // centred columns (running numbers)
	Total  bool    // the last row is bold
	Size   float64 // size of the letters in points; 0 means 12 (11 from seven columns on)
}

// Picture is a JPEG or PNG in the middle of the page. WidthMM 0 means as wide as the text.
type Picture struct {
	Image   []byte
	WidthMM float64
	Caption string
}

// Break begins a new page.
type Break struct{}

func (Heading) block()   {}
func (Paragraph) block() {}
func (Bullet) block()    {}
func (Field) block()     {}
func (Table) block()     {}
func (Picture) block()   {}
func (Break) block()     {}

// Signer is one who signs. Several stand side by side, at most four in a row.
type Signer struct {
	Authority string // "TM. BAN THƯỜNG TRỰC", "KT. CHỦ TỊCH"; "" when the title is enough
	Title     string // "CHỦ TỊCH", "Người lập biểu"
	Note      string // in italics below the title, for forms: "(Ký, ghi rõ họ tên)"
	Name      string // "" leaves the line free
}

// The words that the decree fixes.
const (
	nation     = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
	motto      = "Độc lập - Tự do - Hạnh phúc"
	kinhGui    = "Kính gửi:"
	noiNhan    = "Nơi nhận:"
	ending     = "./."
	blankDate  = "ngày …… tháng …… năm ………"
	blankRef   = "……/……"
	annexWord  = "Phụ lục"
	annexNote  = "(Kèm theo "
	letterWord = "Văn bản"
)

// dateLine is place and date as the decree writes them: the day has two figures, and so have the months 1 and 2.
func (d Document) dateLine() string {
	line := blankDate
	if d.Date.Valid() {
		line = vntext.DateLine(d.Date)
	}
	if d.Place == "" {
		return "……………, " + line
	}
	return d.Place + ", " + line
}

// numberLine is "Số: 05/BC-MTTQ-BTT". A symbol alone ("/BC-MTTQ-BTT") leaves room for the number.
func (d Document) numberLine() string {
	switch n := strings.TrimSpace(d.Number); {
	case n == "":
		return "Số: " + blankRef
	case strings.HasPrefix(n, "/"):
		return "Số: ……" + n
	default:
		if at := strings.Index(n, "/"); at == 1 && n[0] >= '0' && n[0] <= '9' {
			n = "0" + n
		}
		return "Số: " + n
	}
}

// basisLines are the legal grounds with the marks of the decree.
func (d Document) basisLines() []string { return marked(d.Basis, ";", ".") }

// toLines are the receivers of the upper part: one without a mark, several with them.
func (d Document) toLines() []string {
	if len(d.To) == 1 {
		return []string{tidy(d.To[0])}
	}
	lines := marked(d.To, ";", ".")
	for i := range lines {
		lines[i] = "- " + lines[i]
	}
	return lines
}

// recipientLines are the lines of "Nơi nhận".
func (d Document) recipientLines() []string {
	lines := marked(d.Recipients, ";", ".")
	for i := range lines {
		lines[i] = "- " + lines[i]
	}
	return lines
}

// body is the document's blocks, the last of which ends with "./.".
func (d Document) body() []Block {
	if d.Open || len(d.Blocks) == 0 {
		return d.Blocks
	}
	out := append([]Block(nil), d.Blocks...)
	switch last := out[len(out)-1].(type) {
	case Paragraph:
		last.Text = strings.TrimRight(last.Text, " .\n") + ending
		out[len(out)-1] = last
	case Bullet:
		last.Text = strings.TrimRight(last.Text, " .;\n") + ending
		out[len(out)-1] = last
	}
	return out
}

// note says which document the annex belongs to.
func (a Annex) note(d Document) string {
	if a.Note != "" {
		return a.Note
	}
	kind := letterWord
	if d.Kind != "" {
		kind = d.Kind
	}
	ref := strings.TrimPrefix(d.numberLine(), "Số: ")
	date := blankDate
	if d.Date.Valid() {
		date = vntext.DateLine(d.Date)
	}
	return annexNote + kind + " số " + ref + " " + date + " của " + tidy(d.Issuer) + ")"
}

// marked ends each line with mid and the last with end, whatever stood there.
func marked(lines []string, mid, end string) []string {
	var out []string
	for _, l := range lines {
		if l = strings.TrimRight(tidy(l), " .;,"); l != "" {
			out = append(out, l+mid)
		}
	}
	if n := len(out); n > 0 {
		out[n-1] = strings.TrimSuffix(out[n-1], mid) + end
	}
	return out
}

// tidy makes a text one line of composed letters.
func tidy(s string) string { return strings.Join(strings.Fields(vntext.NFC(s)), " ") }

// caps writes a text in capitals.
func caps(s string) string { return strings.ToUpper(tidy(s)) }

// paragraphs cuts a text at its line breaks.
func paragraphs(s string) []string {
	var out []string
	for _, l := range strings.Split(vntext.NFC(s), "\n") {
		if l = tidy(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// columns gives the width of each column of a table in points, adding up to wide.
func (t Table) columns(wide float64) []float64 {
	n := len(t.Head)
	for _, r := range t.Rows {
		n = max(n, len(r))
	}
	out := make([]float64, n)
	sum := 0.0
	for i := range out {
		out[i] = 1
		if len(t.Widths) > 0 {
			out[i] = 0
			if i < len(t.Widths) {
				out[i] = float64(max(t.Widths[i], 1))
			}
		}
		sum += out[i]
	}
	for i := range out {
		out[i] *= wide / max(sum, 1)
	}
	return out
}

// size is the size of the letters in a table, in points.
func (t Table) size(l layout) float64 {
	switch {
	case t.Size > 0:
		return t.Size
	case len(t.Head) >= 7:
		return l.table - 1
	}
	return l.table
}

// align tells how the cells of a column stand.
func (t Table) align(col int) align {
	switch {
	case col < len(t.Right) && t.Right[col]:
		return right
	case col < len(t.Center) && t.Center[col]:
		return center
	}
	return left
}

// align is how a line stands between its borders.
type align int

const (
	left align = iota
	center
	right
	justify
)

const (
	mm      = 72 / 25.4 // points in a millimetre
	single  = 1.15      // a single line of Times New Roman, in ems
	leading = 1.25      // the body: between single and 1.5 lines
)

// layout is the measures of a kind of page, in points. Sizes lie within the bounds of annex I, part I, II of the decree.
type layout struct {
	top, bottom, left, right   float64 // margins
	nation, motto, issuer, ref float64 // sizes of the letters in the head
	title, body, table, sign   float64
	receivers, receiverHead    float64
	indent, gap, signRoom      float64 // first line of a paragraph, room between paragraphs, room for the signature
	pageNumber                 float64
}

// measures gives the layout of the document's pages.
func (d Document) measures() layout {
	if d.A5 {
		return layout{top: 12 * mm, bottom: 12 * mm, left: 15 * mm, right: 10 * mm, nation: 9.5, motto: 10, issuer: 9.5, ref: 10, title: 13, body: 11.5, table: 10.5, sign: 11,
			receivers: 9, receiverHead: 10, indent: 8 * mm, gap: 4, signRoom: 16 * mm, pageNumber: 10}
	}
	return layout{top: 20 * mm, bottom: 20 * mm, left: 30 * mm, right: 15 * mm, nation: 12, motto: 13, issuer: 12, ref: 13, title: 14, body: 14, table: 12, sign: 14,
		receivers: 11, receiverHead: 12, indent: 10 * mm, gap: 6, signRoom: 24 * mm, pageNumber: 13}
}

// sheet gives width and height of a page in points.
func (d Document) sheet(landscape bool) (float64, float64) {
	w, h := 210*mm, 297*mm
	if d.A5 {
		w, h = 148*mm, 210*mm
	}
	if landscape {
		return h, w
	}
	return w, h
}

// headSplit is the share of the width that the issuer takes at the left of the head; the state's name takes the rest.
const headSplit = 0.41
