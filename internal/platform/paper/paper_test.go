package paper_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/platform/golden"
	"github.com/nhipcau/nhipcau/internal/platform/paper"
)

const lorem = "Cử tri đề nghị Ủy ban nhân dân xã sớm nâng cấp tuyến đường liên xóm đã xuống cấp, gây khó khăn cho việc đi lại của Nhân dân, nhất là học sinh trong mùa mưa lũ. "

func report() paper.Document {
	var rows [][]string
	rows = append(rows, []string{"I. Lĩnh vực giao thông"})
	for i := range 40 {
		if i == 20 {
			rows = append(rows, []string{"II. Lĩnh vực đất đai"})
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), strings.Repeat(lorem, 1+i%3), "UBND xã Kim Liên", "Đang giải quyết, dự kiến xong tháng 12/2026", "1.250.000"})
	}
	rows = append(rows, []string{"", "Tổng cộng", "", "", "50.000.000"})
	return paper.Document{Superior: "Ủy ban MTTQ Việt Nam tỉnh Nghệ An", Issuer: "Ban Thường trực", Number: "5/BC-MTTQ-BTT", Place: "Nghệ An", Date: "2026-02-05", Kind: "Báo cáo",
		Subject: "Tổng hợp ý kiến, kiến nghị của cử tri gửi đến kỳ họp thứ hai Hội đồng nhân dân tỉnh khóa XIX",
		To:      []string{"Thường trực Hội đồng nhân dân tỉnh", "Ủy ban nhân dân tỉnh"},
		Basis:   []string{"Căn cứ Luật Mặt trận Tổ quốc Việt Nam;", "Căn cứ Luật Tổ chức chính quyền địa phương"},
		Blocks: []paper.Block{paper.Paragraph{Text: strings.Repeat(lorem, 4)}, paper.Heading{Text: "I. TÌNH HÌNH CHUNG"}, paper.Bullet{Text: lorem}, paper.Bullet{Text: strings.Repeat(lorem, 2)},
			paper.Table{Head: []string{"STT", "Nội dung kiến nghị", "Cơ quan", "Kết quả", "Kinh phí (đồng)"}, Widths: []int{7, 43, 16, 18, 16}, Rows: rows, Right: []bool{false, false, false, false, true}, Center: []bool{true}, Total: true},
			paper.Paragraph{Text: "Trên đây là báo cáo tổng hợp ý kiến, kiến nghị của cử tri."}},
		Signers:    []paper.Signer{{Authority: "TM. Ban Thường trực", Title: "Chủ tịch", Name: "Lê Thị Thử Nghiệm"}},
		Recipients: []string{"Như trên", "Ban Thường trực Ủy ban Trung ương MTTQ Việt Nam", "Lưu: VT, Ban DCPL"},
		Annexes: []paper.Annex{{Number: "I", Title: "Danh mục kiến nghị", Landscape: true, Blocks: []paper.Block{paper.Table{Head: []string{"STT", "Mã", "Lĩnh vực", "Nội dung", "Cơ quan", "Trả lời", "Ngày", "Ghi chú"},
			Rows: [][]string{{"1", "KN-26-0001", "Đất đai", lorem, "Sở Nông nghiệp và Môi trường", "", "", ""}}}}}, {Number: "II", Title: "Biểu số liệu", Blocks: []paper.Block{paper.Paragraph{Text: lorem}}}}}
}

func photo(t *testing.T) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 300, 200))
	for x := range 300 {
		for y := range 200 {
			m.Set(x, y, color.RGBA{uint8(x), uint8(y), 120, uint8(255 - x/2)})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func documents(t *testing.T) map[string]paper.Document {
	return map[string]paper.Document{
		"report": report(),
		"letter": {Superior: "Ủy ban MTTQ Việt Nam tỉnh Nghệ An", Issuer: "Ủy ban MTTQ Việt Nam phường Trường Vinh", Number: "/MTTQ-BTT", Place: "Trường Vinh", Subject: "chuyển ý kiến, kiến nghị của cử tri sau kỳ họp thứ nhất",
			To: []string{"Ủy ban nhân dân phường Trường Vinh"}, Blocks: []paper.Block{paper.Paragraph{Text: strings.Repeat(lorem, 3)}, paper.Paragraph{Text: lorem}},
			Signers: []paper.Signer{{Authority: "KT. Chủ tịch", Title: "Phó Chủ tịch"}}, Recipients: []string{"Như trên", "Lưu: VT"}},
		"minutes": {Issuer: "Ban Công tác Mặt trận xóm Sen 1", Place: "Kim Liên", Date: "2026-11-21", Number: "12/BB-BCTMT", Kind: "Biên bản", Subject: "Nghiệm thu nhà ở cho hộ gia đình",
			Blocks: []paper.Block{paper.Field{Label: "Thời gian bắt đầu:", Value: "8 giờ 00, ngày 21/11/2026"}, paper.Field{Label: "Địa điểm:"}, paper.Field{Label: "Thành phần tham dự:"},
				paper.Picture{Image: photo(t), WidthMM: 90, Caption: "Ảnh 1. Nhà sau khi hoàn thành"}, paper.Break{}, paper.Paragraph{Text: "Biên bản được lập thành ba bản có giá trị như nhau."}},
			Signers: []paper.Signer{{Title: "Đại diện hộ gia đình", Note: "(Ký, ghi rõ họ tên)"}, {Title: "Trưởng Ban Công tác Mặt trận", Note: "(Ký, ghi rõ họ tên)", Name: "Trần Văn Mẫu"}, {Title: "Thôn trưởng"}, {Title: "Cán bộ địa chính"}, {Title: "Thư ký"}}},
		"voucher": {Issuer: "Quỹ Vì người nghèo xã Kim Liên", Place: "Kim Liên", Date: "2026-03-01", Number: "PT-0001", Kind: "Phiếu thu", A5: true, Landscape: true, Open: true,
			Blocks:  []paper.Block{paper.Field{Label: "Họ và tên người nộp:", Value: "Nguyễn Thị Ví Dụ"}, paper.Field{Label: "Địa chỉ:"}, paper.Field{Label: "Số tiền:", Value: "500.000 đồng (Năm trăm nghìn đồng)"}},
			Signers: []paper.Signer{{Title: "Thủ trưởng"}, {Title: "Kế toán"}, {Title: "Thủ quỹ"}, {Title: "Người nộp"}}},
		"list": {Issuer: "Ủy ban MTTQ Việt Nam xã Kim Liên", Bare: true, Open: true, Landscape: true, Kind: "Danh sách", Subject: "Buổi tiếp xúc cử tri",
			Blocks: []paper.Block{paper.Table{Head: []string{"STT", "Nội dung"}, Widths: []int{8, 92}, Rows: [][]string{{"1", strings.Repeat(lorem, 60)}, {"2", "https://mattran.nghean.example/" + strings.Repeat("rat-dai-", 60)}}}}},
		"empty": {},
	}
}

// box is one word of a page as pdftotext sees it, in points.
type box struct {
	page                   int
	xMin, yMin, xMax, yMax float64
	text                   string
}

var (
	wordTag = regexp.MustCompile(`<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)</word>`)
	pageTag = regexp.MustCompile(`<page width="([\d.]+)" height="([\d.]+)">`)
)

type sheet struct{ wide, high float64 }

// look gives the words and pages of a PDF. With PAPER_PNG set it draws the pages there.
func look(t *testing.T, name string, pdf []byte) ([]box, []sheet) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-bbox", file, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("pdftotext: %v: %s", err, out)
	}
	fonts, err := exec.Command("pdffonts", file).CombinedOutput()
	if err != nil || strings.Count(string(fonts), "yes no  yes") != 4 {
		t.Errorf("%s: the fonts are not inside: %v\n%s", name, err, fonts)
	}
	if dir := os.Getenv("PAPER_PNG"); dir != "" {
		if out, err := exec.Command("pdftoppm", "-r", "60", "-png", file, filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("pdftoppm: %v: %s", err, out)
		}
	}
	num := func(s string) float64 { v, _ := strconv.ParseFloat(s, 64); return v }
	var words []box
	var pages []sheet
	for _, l := range strings.Split(string(out), "\n") {
		if m := pageTag.FindStringSubmatch(l); m != nil {
			pages = append(pages, sheet{num(m[1]), num(m[2])})
		}
		if m := wordTag.FindStringSubmatch(l); m != nil {
			words = append(words, box{len(pages), num(m[1]), num(m[2]), num(m[3]), num(m[4]), m[5]})
		}
	}
	return words, pages
}

// TestPages: nothing leaves the margins of the decree, pages are numbered from the second on, each annex anew.
func TestPages(t *testing.T) {
	const mm = 72 / 25.4
	for name, d := range documents(t) {
		pdf, err := d.PDF()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		words, pages := look(t, name, pdf)
		l, r, top := 30*mm, 15*mm, 20*mm
		if d.A5 {
			l, r, top = 15*mm, 10*mm, 12*mm
		}
		var numbers []string
		for _, w := range words {
			p := pages[w.page-1]
			if w.yMax < top {
				numbers = append(numbers, fmt.Sprint(w.page, ":", w.text))
				if mid := (w.xMin + w.xMax) / 2; math.Abs(mid-(l+(p.wide-l-r)/2)) > 2 {
					t.Errorf("%s: page number %q stands at %.0f", name, w.text, mid)
				}
				continue
			}
			if w.xMin < l-1 || w.xMax > p.wide-r+2 || w.yMin < top-1 || w.yMax > p.high-top+4 {
				t.Errorf("%s, page %d: %q leaves the margins: %+v", name, w.page, w.text, w)
			}
		}
		switch name {
		case "report":
			if len(pages) < 6 || pages[0].wide > pages[0].high || pages[len(pages)-2].wide < pages[len(pages)-2].high {
				t.Errorf("pages of the report: %v", pages)
			}
			if want := "2:2 3:3"; !strings.HasPrefix(strings.Join(numbers, " "), want) || len(numbers) != len(pages)-3 {
				t.Errorf("numbers %v on %d pages", numbers, len(pages))
			}
			heads := 0
			for i, w := range words {
				if w.text == "STT" && words[i+1].text == "Nội" {
					heads++
				}
			}
			if heads != len(pages)-2-1 && heads != len(pages)-2 {
				t.Errorf("the head of the table stands on %d of %d pages", heads, len(pages)-2)
			}
		case "voucher", "letter":
			if len(pages) != 1 {
				t.Errorf("%s has %d pages", name, len(pages))
			}
		case "list":
			if len(pages) < 3 {
				t.Errorf("the long cell was not cut over pages: %d", len(pages))
			}
		}
	}
}

// TestSignatureIsNotAlone: however long the body is, at least two lines stand above the signature on its page.
func TestSignatureIsNotAlone(t *testing.T) {
	for n := 8; n < 40; n++ {
		d := report()
		d.Blocks, d.Annexes = nil, nil
		for range n {
			d.Blocks = append(d.Blocks, paper.Paragraph{Text: lorem})
		}
		pdf, err := d.PDF()
		if err != nil {
			t.Fatal(err)
		}
		words, pages := look(t, "sign", pdf)
		above := 0
		for _, w := range words {
			if w.page == len(pages) && w.yMin > 57 && !strings.Contains("TM. BAN THƯỜNG TRỰC CHỦ TỊCH Lê Thị Thử Nghiệm Nơi nhận:", w.text) {
				above++
			}
		}
		if above < 10 {
			t.Fatalf("%d paragraphs: the signature stands alone on page %d: %v", n, len(pages), words[len(words)-30:])
		}
	}
}

// TestWords: what stands in the PDF is what stands in the Word file, and both are what is kept in testdata.
func TestWords(t *testing.T) {
	for name, d := range documents(t) {
		docx, err := d.DOCX()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, _ := d.DOCX()
		if !bytes.Equal(docx, again) {
			t.Errorf("%s: the same document gives different files", name)
		}
		text := wordText(t, docx)
		if name != "list" {
			golden.Text(t, name+".txt", text)
		}
		pdf, err := d.PDF()
		if err != nil {
			t.Fatal(err)
		}
		boxes, _ := look(t, name, pdf)
		inPDF := map[string]bool{}
		for _, b := range boxes {
			inPDF[strings.Trim(b.text, ".… ")] = true
		}
		for _, w := range strings.Fields(text) {
			if w = strings.Trim(w, ".… "); w != "--" && w != "→" && len([]rune(w)) < 40 && !inPDF[w] {
				t.Errorf("%s: %q is in the Word file, not in the PDF", name, w)
			}
		}
	}
}

// part reads one part of a Word file.
func part(t *testing.T, docx []byte, name string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(docx), int64(len(docx)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// wordText gives a line for each paragraph of a Word file and checks that it is well-formed.
func wordText(t *testing.T, docx []byte) string {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(part(t, docx, "word/document.xml")))
	var b strings.Builder
	in := false
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatalf("document.xml: %v", err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			in = tok.Name.Local == "t"
			if tok.Name.Local == "tab" && len(tok.Attr) == 0 {
				b.WriteString("→")
			}
		case xml.CharData:
			if in {
				b.Write(tok)
			}
		case xml.EndElement:
			in = false
			if tok.Name.Local == "p" {
				b.WriteString("\n")
			}
			if tok.Name.Local == "tr" {
				b.WriteString("--\n")
			}
		}
	}
}

// run is one run of text with its looks.
type run struct {
	Text string `xml:"t"`
	Look struct {
		Bold   *struct{} `xml:"b"`
		Italic *struct{} `xml:"i"`
		Size   struct {
			Val int `xml:"val,attr"`
		} `xml:"sz"`
		Font struct {
			Name string `xml:"ascii,attr"`
		} `xml:"rFonts"`
	} `xml:"rPr"`
}

// TestWordLooks checks sizes and faces against annex I, part I, II of the decree, and the measures of the page.
func TestWordLooks(t *testing.T) {
	docx, err := report().DOCX()
	if err != nil {
		t.Fatal(err)
	}
	raw := part(t, docx, "word/document.xml")
	looks := map[string]string{}
	dec := xml.NewDecoder(bytes.NewReader(raw))
	for {
		tok, err := dec.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		s, ok := tok.(xml.StartElement)
		if !ok || s.Name.Local != "r" {
			continue
		}
		var r run
		if err := dec.DecodeElement(&r, &s); err != nil {
			t.Fatal(err)
		}
		if r.Look.Font.Name != "Times New Roman" {
			t.Errorf("%q is written in %q", r.Text, r.Look.Font.Name)
		}
		look := fmt.Sprint(float64(r.Look.Size.Val) / 2)
		if r.Look.Bold != nil {
			look += " bold"
		}
		if r.Look.Italic != nil {
			look += " italic"
		}
		looks[r.Text] = look
	}
	for text, want := range map[string]string{
		"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM": "12 bold", "Độc lập - Tự do - Hạnh phúc": "13 bold", "ỦY BAN MTTQ VIỆT NAM TỈNH NGHỆ AN": "12", "BAN THƯỜNG TRỰC": "12 bold", "Số: 05/BC-MTTQ-BTT": "13",
		"Nghệ An, ngày 05 tháng 02 năm 2026": "13 italic", "BÁO CÁO": "14 bold", "Căn cứ Luật Mặt trận Tổ quốc Việt Nam;": "14 italic", "Căn cứ Luật Tổ chức chính quyền địa phương.": "14 italic", "I. TÌNH HÌNH CHUNG": "14 bold",
		"TM. BAN THƯỜNG TRỰC": "14 bold", "CHỦ TỊCH": "14 bold", "Lê Thị Thử Nghiệm": "14 bold", "Nơi nhận:": "12 bold italic", "- Như trên;": "11", "- Lưu: VT, Ban DCPL.": "11", "Phụ lục I": "14 bold",
		"DANH MỤC KIẾN NGHỊ": "14 bold", "(Kèm theo Báo cáo số 05/BC-MTTQ-BTT ngày 05 tháng 02 năm 2026 của Ban Thường trực)": "14 italic", "Trên đây là báo cáo tổng hợp ý kiến, kiến nghị của cử tri./.": "14", "I. Lĩnh vực giao thông": "12 bold", "50.000.000": "12 bold",
	} {
		if looks[text] != want {
			t.Errorf("%q is %q, want %q", text, looks[text], want)
		}
	}
	for _, want := range []string{`<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="850" w:bottom="1134" w:left="1701"`, `<w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>`, `<w:tblHeader/>`, `<w:titlePg/>`, `<w:gridSpan w:val="5"/>`, `<w:jc w:val="both"/>`} {
		if !bytes.Contains(raw, []byte(want)) {
			t.Errorf("%s is not in the document", want)
		}
	}
	z, _ := zip.NewReader(bytes.NewReader(docx), int64(len(docx)))
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		if strings.HasSuffix(f.Name, ".xml") || strings.HasSuffix(f.Name, ".rels") {
			if err := xml.Unmarshal(part(t, docx, f.Name), new(struct{})); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
	}
	for _, want := range []string{"[Content_Types].xml", "_rels/.rels", "word/document.xml", "word/styles.xml", "word/settings.xml", "word/header1.xml", "word/_rels/document.xml.rels"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing in %v", want, names)
		}
	}
}

// TestBadPicture: a picture that cannot be read is an error, not a paper without it.
func TestBadPicture(t *testing.T) {
	d := paper.Document{Blocks: []paper.Block{paper.Picture{Image: []byte("no picture")}}}
	if _, err := d.PDF(); err == nil {
		t.Error("the PDF was made")
	}
	if _, err := d.DOCX(); err == nil {
		t.Error("the Word file was made")
	}
}

// TestStrangeText: whatever people type stays a file that opens.
func TestStrangeText(t *testing.T) {
	d := paper.Document{Kind: "Báo cáo", Issuer: "A<b>&\"'", Blocks: []paper.Block{paper.Paragraph{Text: "x\x00\x01\uFFFE<script> & 😀 \u200b " + strings.Repeat("ậ", 500)}, paper.Table{Rows: [][]string{{"một cột"}, {}}}, paper.Table{}, paper.Bullet{}, paper.Field{}}}
	docx, err := d.DOCX()
	if err != nil {
		t.Fatal(err)
	}
	if text := wordText(t, docx); !strings.Contains(text, "<script> &") {
		t.Errorf("text: %s", text)
	}
	pdf, err := d.PDF()
	if err != nil {
		t.Fatal(err)
	}
	look(t, "strange", pdf)
}
