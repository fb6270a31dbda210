// Package plain reads a draft answer the way a neighbour would: are the sentences short, are abbreviations explained, are
// there words that only an office uses? It gives advice and one figure for how easy the text is to read; it never forbids.
package plain

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// AdviceKind says what could be plainer.
type AdviceKind string

// The kinds of advice.
const (
	LongSentence AdviceKind = "long"   // a sentence of more than LongWords syllables
	Abbreviation AdviceKind = "abbr"   // capitals that nobody explained
	Jargon       AdviceKind = "jargon" // a word of offices, with a plainer one
	LongText     AdviceKind = "text"   // the whole is long
)

// The lengths from which advice is given, in syllables (a Vietnamese word between spaces is one).
const (
	LongWords = 40
	LongWhole = 450
)

// Advice is one thing that could be plainer.
type Advice struct {
	Kind  AdviceKind
	Words string // the place in the text, shortened
	Use   string // Jargon: what to write instead
	Count int    // LongSentence and LongText: syllables
}

// Reading is what was found.
type Reading struct {
	Syllables int
	Sentences int
	Ease      int // 0 hard to 100 easy
	Advice    []Advice
}

// known abbreviations need no explanation: nearly everybody reads them.
var known = map[string]bool{"UBND": true, "HĐND": true, "MTTQ": true, "TP": true, "QĐ": true, "NĐ": true, "CP": true, "TT": true, "BHYT": true, "BHXH": true, "CMND": true, "CCCD": true,
	"THCS": true, "THPT": true, "VNĐ": true, "VND": true, "ĐT": true, "II": true, "III": true, "IV": true, "VI": true, "VII": true, "VIII": true, "IX": true, "XI": true, "XII": true, "XIII": true}

// jargon pairs words of offices with what people say.
var jargon = [][2]string{
	{"căn cứ theo quy định hiện hành", "theo quy định (ghi rõ quy định nào)"}, {"trong thời gian tới", "ngày cụ thể"}, {"trong thời gian sớm nhất", "ngày cụ thể"},
	{"tham mưu", "đề xuất"}, {"chủ trì, phối hợp", "cùng làm với"}, {"triển khai thực hiện", "làm"}, {"tiến hành thực hiện", "làm"}, {"tổ chức thực hiện", "làm"}, {"đôn đốc", "nhắc"},
	{"quán triệt", "nhắc nhở"}, {"khẩn trương", "làm ngay, trước ngày…"}, {"xem xét, giải quyết", "giải quyết"}, {"theo thẩm quyền", "do … quyết định"}, {"cơ quan chức năng", "tên cơ quan"},
	{"các ngành liên quan", "tên cơ quan"}, {"đơn vị liên quan", "tên đơn vị"}, {"hữu quan", "có liên quan"}, {"thụ lý", "nhận giải quyết"}, {"hoàn thiện thủ tục", "nộp đủ giấy tờ"}, {"bổ khuyết", "thêm"},
	{"khắc phục", "sửa"}, {"công dân", "ông, bà"}, {"đương sự", "ông, bà"}, {"trú quán", "nơi ở"}, {"nội hàm", "nội dung"}, {"lộ trình", "các bước và ngày"},
}

var (
	ends    = regexp.MustCompile(`[.!?…;]+(?:\s+|$)|\n+`)
	capital = regexp.MustCompile(`\p{Lu}{2,}(?:[-–/]\p{Lu}+)*`)
)

// Read gives the advice on a text.
func Read(text string) Reading {
	text = strings.TrimSpace(vntext.NFC(text))
	var r Reading
	for _, s := range Sentences(text) {
		n := len(strings.Fields(s))
		r.Sentences++
		r.Syllables += n
		if n > LongWords {
			r.Advice = append(r.Advice, Advice{Kind: LongSentence, Words: vntext.Truncate(s, 80), Count: n})
		}
	}
	r.Advice = append(r.Advice, unexplained(text)...)
	r.Advice = append(r.Advice, officeWords(text)...)
	if r.Syllables > LongWhole {
		r.Advice = append(r.Advice, Advice{Kind: LongText, Count: r.Syllables})
	}
	r.Ease = ease(r)
	return r
}

// Sentences cuts a text at the ends of sentences and lines; dates and numbers such as 1.250.000 stay whole.
func Sentences(text string) []string {
	var out []string
	at := 0
	for _, m := range ends.FindAllStringIndex(text, -1) {
		if s := strings.TrimSpace(text[at:m[1]]); strings.ContainsFunc(s, unicode.IsLetter) {
			out = append(out, s)
		}
		at = m[1]
	}
	if s := strings.TrimSpace(text[at:]); strings.ContainsFunc(s, unicode.IsLetter) {
		out = append(out, s)
	}
	return out
}

// unexplained finds capitals whose meaning stands nowhere: neither "(GPMB)" behind the full words nor the full words behind.
func unexplained(text string) []Advice {
	var out []Advice
	var seen []string
	for _, m := range capital.FindAllStringIndex(text, -1) {
		w := text[m[0]:m[1]]
		before, _ := utf8.DecodeLastRuneInString(text[:m[0]])
		after, _ := utf8.DecodeRuneInString(text[m[1]:])
		if unicode.IsDigit(before) || unicode.IsLetter(after) || unicode.IsLetter(before) || before == '/' || slices.Contains(seen, w) || allKnown(w) {
			continue
		}
		seen = append(seen, w)
		if strings.Contains(text, "("+w+")") || strings.Contains(text, w+" (") || strings.Contains(text, "(viết tắt là "+w+")") {
			continue
		}
		out = append(out, Advice{Kind: Abbreviation, Words: w})
	}
	return out
}

func allKnown(w string) bool {
	for _, part := range strings.FieldsFunc(w, func(r rune) bool { return r == '-' || r == '–' || r == '/' }) {
		if !known[part] {
			return false
		}
	}
	return true
}

func officeWords(text string) []Advice {
	low := strings.ToLower(text)
	var out []Advice
	for _, j := range jargon {
		if strings.Contains(low, j[0]) {
			out = append(out, Advice{Kind: Jargon, Words: j[0], Use: j[1]})
		}
	}
	return out
}

// ease falls with the length of sentences and with words of offices: twelve syllables a sentence is easy, sixty is hard.
func ease(r Reading) int {
	if r.Sentences == 0 {
		return 100
	}
	mean := float64(r.Syllables) / float64(r.Sentences)
	x := 100 - (mean-12)*1.6
	for _, a := range r.Advice {
		if a.Kind == Abbreviation || a.Kind == Jargon {
			x -= 5
		}
	}
	return int(math.Round(min(100, max(0, x))))
}
