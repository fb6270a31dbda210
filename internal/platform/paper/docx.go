package paper

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// word writes the parts of a Word file (Office Open XML, ISO/IEC 29500).
type word struct {
	*ruler
	layout
	doc      Document
	wide     float64 // width of the text in points
	out      strings.Builder
	pictures [][]byte
}

// wordFont is the family that the decree names.
const wordFont = "Times New Roman"

// DOCX writes the document as a Word file of the same layout. Errors are pictures that cannot be read.
func (d Document) DOCX() ([]byte, error) {
	sw, sh := d.sheet(d.Landscape)
	r, err := newRuler(sw, sh)
	if err != nil {
		return nil, err
	}
	w := &word{ruler: r, layout: d.measures(), doc: d}
	w.wide = sw - w.left - w.right
	w.head()
	w.title()
	w.addressees()
	for _, b := range d.basisLines() {
		w.paragraph(para{text: b, face: italic, size: w.body, align: justify, first: w.indent, after: w.gap, lead: leading})
	}
	w.blocks(d.body())
	w.signatures()
	w.paragraph(para{size: 2, tiny: true}) // a table must not be the last thing of a section
	open := d.Landscape
	for _, a := range d.Annexes {
		w.raw("<w:p><w:pPr>" + w.section(open) + "</w:pPr></w:p>")
		open = a.Landscape
		w.annex(a)
		w.paragraph(para{size: 2, tiny: true})
	}
	w.raw(w.section(open))
	if w.err != nil {
		return nil, fmt.Errorf("paper: %w", w.err)
	}
	return w.zip()
}

func (w *word) raw(s string) { w.out.WriteString(s) }

// escape makes a text safe inside an element or attribute; what XML forbids is dropped.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder does not fail
	return strings.ReplaceAll(b.String(), "\uFFFD", "")
}

func twips(pt float64) string  { return strconv.Itoa(int(pt*20 + 0.5)) }
func halves(pt float64) string { return strconv.Itoa(int(pt*2 + 0.5)) }

// para is one paragraph with its looks, in points.
type para struct {
	text             string
	face             string
	size             float64
	align            align
	first, indent    float64 // first line, whole paragraph
	hanging          float64
	indentRight      float64
	before, after    float64
	lead             float64 // in ems
	keepNext         bool
	under            bool // a rule below, from indent to indentRight
	dots             bool // dots up to the right margin
	pageBefore, tiny bool
}

// paragraph writes one.
func (w *word) paragraph(p para) {
	w.raw("<w:p><w:pPr>")
	if p.keepNext {
		w.raw("<w:keepNext/>")
	}
	if p.pageBefore {
		w.raw("<w:pageBreakBefore/>")
	}
	if p.under {
		w.raw(`<w:pBdr><w:bottom w:val="single" w:sz="6" w:space="0" w:color="000000"/></w:pBdr>`)
	}
	if p.dots {
		w.raw(`<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="` + twips(w.wide) + `"/></w:tabs>`)
	}
	w.raw(`<w:spacing w:before="` + twips(p.before) + `" w:after="` + twips(p.after) + `"`)
	switch {
	case p.tiny:
		w.raw(` w:line="60" w:lineRule="exact"`)
	case p.lead > single:
		w.raw(` w:line="` + strconv.Itoa(int(240*p.lead/single)) + `" w:lineRule="auto"`)
	default:
		w.raw(` w:line="240" w:lineRule="auto"`)
	}
	w.raw(`/><w:ind w:left="` + twips(p.indent) + `" w:right="` + twips(p.indentRight) + `"`)
	if p.hanging > 0 {
		w.raw(` w:hanging="` + twips(p.hanging) + `"`)
	} else {
		w.raw(` w:firstLine="` + twips(p.first) + `"`)
	}
	w.raw(`/><w:jc w:val="` + [...]string{"left", "center", "right", "both"}[p.align] + `"/></w:pPr>`)
	w.run(p.text, p.face, p.size)
	if p.dots {
		w.raw("<w:r>" + runLook(p.face, p.size) + "<w:tab/></w:r>")
	}
	w.raw("</w:p>")
}

func runLook(face string, size float64) string {
	look := `<w:rPr><w:rFonts w:ascii="` + wordFont + `" w:hAnsi="` + wordFont + `" w:cs="` + wordFont + `"/>`
	if face == bold || face == boldItalic {
		look += "<w:b/><w:bCs/>"
	}
	if face == italic || face == boldItalic {
		look += "<w:i/><w:iCs/>"
	}
	return look + `<w:sz w:val="` + halves(size) + `"/><w:szCs w:val="` + halves(size) + `"/></w:rPr>`
}

func (w *word) run(text, face string, size float64) {
	if text == "" {
		return
	}
	w.raw("<w:r>" + runLook(face, size) + `<w:t xml:space="preserve">` + escape(text) + "</w:t></w:r>")
}

// line below a text: an empty paragraph whose bottom border is as long as the rule.
func (w *word) hline(column, length float64, after float64) {
	side := max((column-length)/2, 0)
	w.paragraph(para{tiny: true, under: true, indent: side, indentRight: side, after: after, align: center, size: 2})
}

// centered writes a text in the middle of a column, in lines of about the same length.
func (w *word) centered(p para, column, slack float64) []line {
	lines := w.balance(p.text, style{p.face, p.size}, column-slack)
	if len(lines) > 1 {
		p.indent = max((column-rule(lines, 1)-4)/2, 0)
		p.indentRight = p.indent
	}
	p.align = center
	w.paragraph(p)
	return lines
}

// frame writes rows without lines of its own: columns of the letterhead or of the signatures.
func (w *word) frame(widths []float64, rows ...[]func()) {
	w.raw(`<w:tbl><w:tblPr><w:tblW w:w="` + twips(sum(widths)) + `" w:type="dxa"/><w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>`)
	for _, c := range widths {
		w.raw(`<w:gridCol w:w="` + twips(c) + `"/>`)
	}
	w.raw("</w:tblGrid>")
	for _, row := range rows {
		w.raw("<w:tr><w:trPr><w:cantSplit/></w:trPr>")
		for i, cell := range row {
			w.raw(`<w:tc><w:tcPr><w:tcW w:w="` + twips(widths[i]) + `" w:type="dxa"/></w:tcPr>`)
			before := w.out.Len()
			cell()
			if w.out.Len() == before {
				w.paragraph(para{size: w.body})
			}
			w.raw("</w:tc>")
		}
		w.raw("</w:tr>")
	}
	w.raw("</w:tbl>")
}

func sum(xs []float64) float64 {
	s := 0.0
	for _, x := range xs {
		s += x
	}
	return s
}

// head is the letterhead.
func (w *word) head() {
	lw := w.wide * headSplit
	rw := w.wide - lw
	widths := []float64{lw, rw}
	top := []func(){func() {
		if w.doc.Superior != "" {
			w.centered(para{text: caps(w.doc.Superior), face: regular, size: w.issuer}, lw, 6)
		}
		lines := w.centered(para{text: caps(w.doc.Issuer), face: bold, size: w.issuer}, lw, 6)
		w.hline(lw, rule(lines, 0.42), 6)
	}, func() {
		w.paragraph(para{text: nation, face: bold, size: w.nation, align: center})
		w.paragraph(para{text: motto, face: bold, size: w.motto, align: center})
		w.hline(rw, rule(w.wrap(motto, style{bold, w.motto}, 0, rw), 1), 6)
	}}
	if w.doc.Bare {
		w.frame(widths, top)
		return
	}
	w.frame(widths, top, []func(){func() {
		w.paragraph(para{text: w.doc.numberLine(), face: regular, size: w.ref, align: center})
		if w.doc.Kind == "" && w.doc.Subject != "" {
			w.centered(para{text: "V/v " + tidy(w.doc.Subject), face: regular, size: w.issuer, before: 6}, lw, 10)
		}
	}, func() {
		w.paragraph(para{text: w.doc.dateLine(), face: italic, size: w.ref, align: center})
	}})
}

func (w *word) title() {
	w.paragraph(para{size: 6, align: center})
	if w.doc.Kind == "" {
		return
	}
	w.paragraph(para{text: caps(w.doc.Kind), face: bold, size: w.layout.title, align: center, before: 6, keepNext: true})
	last := w.wrap(caps(w.doc.Kind), style{bold, w.layout.title}, 0, w.wide)
	for _, part := range paragraphs(w.doc.Subject) {
		last = w.centered(para{text: part, face: bold, size: w.layout.title, keepNext: true}, w.wide, w.wide*0.14)
	}
	w.hline(w.wide, rule(last, 0.4), 12)
}

func (w *word) addressees() {
	lines := w.doc.toLines()
	switch {
	case len(lines) == 0:
		return
	case len(lines) == 1:
		w.paragraph(para{text: kinhGui + " " + lines[0], face: regular, size: w.body, align: center, after: w.gap * 2, lead: leading})
		return
	}
	at := w.indent * 2
	w.paragraph(para{text: kinhGui, face: regular, size: w.body, indent: at, lead: leading, keepNext: true})
	at += w.width(style{regular, w.body}, kinhGui+" ")
	dash := w.width(style{regular, w.body}, "- ")
	for i, l := range lines {
		p := para{text: l, face: regular, size: w.body, indent: at + dash, hanging: dash, lead: leading}
		if i == len(lines)-1 {
			p.after = w.gap * 2
		}
		w.paragraph(p)
	}
}

func (w *word) blocks(blocks []Block) {
	turn := false
	for _, b := range blocks {
		p := para{face: regular, size: w.body, align: justify, first: w.indent, after: w.gap, lead: leading, pageBefore: turn}
		turn = false
		switch b := b.(type) {
		case Heading:
			p.text, p.face, p.keepNext = tidy(b.Text), bold, true
			w.paragraph(p)
		case Paragraph:
			p.face = face(b.Bold, b.Italic)
			if b.Center {
				p.align, p.first = center, 0
			}
			w.paragraphs(b.Text, "", p)
		case Bullet:
			w.paragraphs(b.Text, "- ", p)
		case Field:
			if tidy(b.Value) == "" {
				p.text, p.dots, p.align = tidy(b.Label)+" ", true, left
				w.paragraph(p)
			} else {
				w.paragraphs(b.Value, tidy(b.Label)+" ", p)
			}
		case Table:
			if p.pageBefore {
				w.paragraph(para{size: 2, tiny: true, pageBefore: true})
			}
			w.table(b)
		case Picture:
			w.picture(b, p.pageBefore)
		case Break:
			turn = true
		}
	}
}

// paragraphs writes a text of several lines; the first begins with lead.
func (w *word) paragraphs(text, lead string, p para) {
	for i, t := range paragraphs(text) {
		p.text = t
		if i == 0 {
			p.text = lead + t
		}
		w.paragraph(p)
		p.pageBefore = false
	}
}

const tableLines = `<w:tblBorders><w:top w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:left w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:bottom w:val="single" w:sz="4" w:space="0" w:color="000000"/>` +
	`<w:right w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:insideH w:val="single" w:sz="4" w:space="0" w:color="000000"/><w:insideV w:val="single" w:sz="4" w:space="0" w:color="000000"/></w:tblBorders>`

func (w *word) table(t Table) {
	widths := t.columns(w.wide)
	if len(widths) == 0 {
		return
	}
	size := t.size(w.layout)
	w.raw(`<w:tbl><w:tblPr><w:tblW w:w="` + twips(sum(widths)) + `" w:type="dxa"/>` + tableLines + `<w:tblLayout w:type="fixed"/><w:tblCellMar><w:top w:w="40" w:type="dxa"/><w:left w:w="64" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/><w:right w:w="64" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>`)
	for _, c := range widths {
		w.raw(`<w:gridCol w:w="` + twips(c) + `"/>`)
	}
	w.raw("</w:tblGrid>")
	if len(t.Head) > 0 {
		w.raw("<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>")
		for i := range widths {
			text := ""
			if i < len(t.Head) {
				text = t.Head[i]
			}
			w.cell(widths[i], 1, text, para{face: bold, size: size, align: center}, true)
		}
		w.raw("</w:tr>")
	}
	for n, cells := range t.Rows {
		span := len(cells) == 1 && len(widths) > 1
		p := para{face: face(span || (t.Total && n == len(t.Rows)-1), false), size: size}
		w.raw("<w:tr>")
		if span {
			p.keepNext = true
			w.cell(sum(widths), len(widths), cells[0], p, false)
		}
		for i := 0; i < len(widths) && !span; i++ {
			text := ""
			if i < len(cells) {
				text = cells[i]
			}
			p.align = t.align(i)
			w.cell(widths[i], 1, text, p, false)
		}
		w.raw("</w:tr>")
	}
	w.raw("</w:tbl>")
	w.paragraph(para{size: 4, tiny: true, after: w.gap})
}

func (w *word) cell(wide float64, span int, text string, p para, middle bool) {
	w.raw(`<w:tc><w:tcPr><w:tcW w:w="` + twips(wide) + `" w:type="dxa"/>`)
	if span > 1 {
		w.raw(`<w:gridSpan w:val="` + strconv.Itoa(span) + `"/>`)
	}
	if middle {
		w.raw(`<w:vAlign w:val="center"/>`)
	}
	w.raw("</w:tcPr>")
	parts := paragraphs(text)
	if len(parts) == 0 {
		parts = []string{""}
	}
	for _, part := range parts {
		p.text = part
		w.paragraph(p)
	}
	w.raw("</w:tc>")
}

func (w *word) picture(b Picture, turn bool) {
	img, err := readPicture(b.Image)
	if err != nil {
		w.keep(err)
		return
	}
	wide := b.WidthMM * mm
	if wide <= 0 || wide > w.wide {
		wide = w.wide
	}
	high := wide * float64(img.high) / float64(img.wide)
	if _, sh := w.doc.sheet(w.doc.Landscape); high > sh-w.top-w.bottom-40 {
		room := sh - w.top - w.bottom - 40
		wide, high = wide*room/high, room
	}
	w.pictures = append(w.pictures, img.jpeg)
	n := strconv.Itoa(len(w.pictures))
	cx, cy := strconv.Itoa(int(wide*12700)), strconv.Itoa(int(high*12700)) // English metric units
	before := ""
	if turn {
		before = "<w:pageBreakBefore/>"
	}
	w.raw(`<w:p><w:pPr><w:keepNext/>` + before + `<w:spacing w:before="60" w:after="60"/><w:jc w:val="center"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="` + cx + `" cy="` + cy + `"/>` +
		`<wp:docPr id="` + n + `" name="Picture ` + n + `" descr="` + escape(tidy(b.Caption)) + `"/><a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">` +
		`<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="` + n + `" name="p` + n + `.jpg"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rIdP` + n + `"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>` +
		`<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="` + cx + `" cy="` + cy + `"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>`)
	w.paragraph(para{text: tidy(b.Caption), face: italic, size: w.body - 1, align: center, after: w.gap})
}

// signatures are a table without lines, which does not break.
func (w *word) signatures() {
	if len(w.doc.Signers) == 0 && len(w.doc.Recipients) == 0 {
		return
	}
	w.paragraph(para{size: 6, keepNext: true, tiny: true})
	beside, per := w.doc.signColumns()
	if beside {
		lw := w.wide * receiversShare
		w.frame([]float64{lw, w.wide - lw}, []func(){w.recipients, func() {
			for _, s := range w.doc.Signers {
				w.signer(s)
			}
		}})
		return
	}
	widths := make([]float64, per)
	for i := range widths {
		widths[i] = w.wide / float64(per)
	}
	var rows [][]func()
	for i := 0; i < len(w.doc.Signers); i += per {
		row := make([]func(), per)
		for n := range row {
			row[n] = func() {}
			if i+n < len(w.doc.Signers) {
				row[n] = func() { w.signer(w.doc.Signers[i+n]) }
			}
		}
		rows = append(rows, row)
	}
	w.frame(widths, rows...)
	w.recipients()
}

func (w *word) signer(s Signer) {
	if s.Authority != "" {
		w.paragraph(para{text: caps(s.Authority), face: bold, size: w.sign, align: center, keepNext: true})
	}
	w.paragraph(para{text: titleCase(s), face: bold, size: w.sign, align: center, keepNext: true})
	if s.Note != "" {
		w.paragraph(para{text: tidy(s.Note), face: italic, size: w.sign - 1, align: center, keepNext: true})
	}
	w.paragraph(para{text: tidy(s.Name), face: bold, size: w.sign, align: center, before: w.signRoom})
}

func (w *word) recipients() {
	if len(w.doc.Recipients) == 0 {
		return
	}
	w.paragraph(para{text: noiNhan, face: boldItalic, size: w.receiverHead, keepNext: true})
	for _, l := range w.doc.recipientLines() {
		w.paragraph(para{text: l, face: regular, size: w.receivers})
	}
}

func (w *word) annex(a Annex) {
	sw, _ := w.doc.sheet(a.Landscape)
	w.wide = sw - w.left - w.right
	w.paragraph(para{text: strings.TrimSpace(annexWord + " " + a.Number), face: bold, size: w.layout.title, align: center, keepNext: true})
	w.paragraph(para{text: caps(a.Title), face: bold, size: w.layout.title, align: center, keepNext: true})
	note := tidy(a.note(w.doc))
	w.paragraph(para{text: note, face: italic, size: w.body, align: center, keepNext: true})
	w.hline(w.wide, rule(w.wrap(note, style{italic, w.body}, 0, w.wide*0.95), 0.3), 12)
	w.blocks(a.Blocks)
}

// section gives the measures of the pages that end here. Pages are numbered from 1 in each; the first shows none.
func (w *word) section(landscape bool) string {
	sw, sh := w.doc.sheet(landscape)
	orient := ""
	if landscape {
		orient = ` w:orient="landscape"`
	}
	return `<w:sectPr><w:headerReference w:type="default" r:id="rIdH"/><w:type w:val="nextPage"/><w:pgSz w:w="` + twips(sw) + `" w:h="` + twips(sh) + `"` + orient + `/><w:pgMar w:top="` + twips(w.top) + `" w:right="` + twips(w.right) +
		`" w:bottom="` + twips(w.bottom) + `" w:left="` + twips(w.left) + `" w:header="` + twips(w.top*0.45) + `" w:footer="` + twips(w.bottom*0.5) + `" w:gutter="0"/><w:pgNumType w:start="1"/><w:titlePg/></w:sectPr>`
}

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

const wordSpaces = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"`

// zip packs the parts. The time inside is the document's own, so that the same document gives the same bytes.
func (w *word) zip() ([]byte, error) {
	var rels strings.Builder
	const office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	rels.WriteString(xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rIdS" Type="` + office + `styles" Target="styles.xml"/><Relationship Id="rIdH" Type="` + office + `header" Target="header1.xml"/><Relationship Id="rIdC" Type="` + office + `settings" Target="settings.xml"/>`)
	for i := range w.pictures {
		n := strconv.Itoa(i + 1)
		rels.WriteString(`<Relationship Id="rIdP` + n + `" Type="` + office + `image" Target="media/p` + n + `.jpg"/>`)
	}
	rels.WriteString("</Relationships>")
	made := time.Date(2020, 3, 5, 0, 0, 0, 0, time.UTC)
	if w.doc.Date.Valid() {
		made = w.doc.Date.Time()
	}
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="jpg" ContentType="image/jpeg"/>` +
			`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>` +
			`<Override PartName="/word/settings.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml"/><Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`},
		{"_rels/.rels", xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="` + office + `officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
		{"docProps/core.xml", xmlHead + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>` +
			escape(tidy(w.doc.Kind+" "+w.doc.Subject)) + `</dc:title><dc:creator>` + escape(tidy(w.doc.Issuer)) + `</dc:creator><dc:language>vi-VN</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">` + made.Format(time.RFC3339) + `</dcterms:created></cp:coreProperties>`},
		{"word/_rels/document.xml.rels", rels.String()},
		{"word/styles.xml", xmlHead + `<w:styles` + wordSpaces + `><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="` + wordFont + `" w:hAnsi="` + wordFont + `" w:eastAsia="` + wordFont + `" w:cs="` + wordFont + `"/><w:color w:val="000000"/><w:sz w:val="` + halves(w.body) + `"/><w:szCs w:val="` + halves(w.body) +
			`"/><w:lang w:val="vi-VN"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style></w:styles>`},
		{"word/settings.xml", xmlHead + `<w:settings` + wordSpaces + `><w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>`},
		{"word/header1.xml", xmlHead + `<w:hdr` + wordSpaces + `><w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r>` + runLook(regular, w.pageNumber) + `<w:fldChar w:fldCharType="begin"/></w:r><w:r>` + runLook(regular, w.pageNumber) + `<w:instrText xml:space="preserve"> PAGE </w:instrText></w:r><w:r>` +
			runLook(regular, w.pageNumber) + `<w:fldChar w:fldCharType="end"/></w:r></w:p></w:hdr>`},
		{"word/document.xml", xmlHead + `<w:document` + wordSpaces + `><w:body>` + w.out.String() + `</w:body></w:document>`},
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range parts {
		if err := add(z, p.name, []byte(p.text), made); err != nil {
			return nil, err
		}
	}
	for i, jpg := range w.pictures {
		if err := add(z, "word/media/p"+strconv.Itoa(i+1)+".jpg", jpg, made); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("paper: zip: %w", err)
	}
	return out.Bytes(), nil
}

func add(z *zip.Writer, name string, data []byte, at time.Time) error {
	f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at})
	if err == nil {
		_, err = f.Write(data)
	}
	if err != nil {
		return fmt.Errorf("paper: %s: %w", name, err)
	}
	return nil
}
