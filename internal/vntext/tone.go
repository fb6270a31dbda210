package vntext

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// toneRows are the letters that carry tones in the syllables whose spelling is disputed, each without a tone first.
var toneRows = [...]string{"aàáảãạ", "eèéẻẽẹ", "oòóỏõọ", "uùúủũụ", "yỳýỷỹỵ"}

// tonedVowel is a vowel taken apart: its row in toneRows and its place there (0 is no tone).
type tonedVowel struct {
	row  []rune
	tone int
}

func (v tonedVowel) base() rune { return v.row[0] }

var tonedVowels = sync.OnceValue(func() map[rune]tonedVowel {
	m := map[rune]tonedVowel{}
	for _, row := range toneRows {
		rs := []rune(row)
		for i, r := range rs {
			m[r] = tonedVowel{rs, i}
			m[unicode.ToUpper(r)] = tonedVowel{rs, i}
		}
	}
	return m
})

// FoldTone unifies the two schools of tone placement and keeps everything else: hoà, thuỷ and loè become hòa, thủy and
// lòe (the placement of most place names and laws), and a mark misplaced in quý is put right. The result is NFC. Only an
// open syllable ending in oa, oe or uy is touched; elsewhere both schools agree.
func FoldTone(s string) string {
	s = NFC(s)
	if isASCII(s) {
		return s
	}
	var out []rune
	rs := []rune(s)
	for i := 0; i+1 < len(rs); i++ {
		first, second, ok := moveTone(rs, i)
		if !ok {
			continue
		}
		if out == nil {
			out = append(out, rs...)
		}
		out[i], out[i+1] = first, second
	}
	if out == nil {
		return s
	}
	return string(out)
}

// SameTone tells whether a and b are the same text but for tone placement and the way marks are stored.
func SameTone(a, b string) bool { return a == b || FoldTone(a) == FoldTone(b) }

// moveTone gives the two vowels at i with the tone where it belongs; ok is false where nothing has to move.
func moveTone(rs []rune, i int) (first, second rune, ok bool) {
	vowels := tonedVowels()
	a, oka := vowels[rs[i]]
	b, okb := vowels[rs[i+1]]
	if !oka || !okb || (a.tone == 0) == (b.tone == 0) {
		return 0, 0, false
	}
	pair := string([]rune{a.base(), b.base()})
	if pair != "oa" && pair != "oe" && pair != "uy" {
		return 0, 0, false
	}
	if i+2 < len(rs) && (unicode.IsLetter(rs[i+2]) || isMark(rs[i+2])) { // a closed syllable: hoàn, khuỷu
		return 0, 0, false
	}
	before := ' '
	if i > 0 {
		before = unicode.ToLower(rs[i-1])
	}
	if isVowel(before) {
		return 0, 0, false
	}
	tone := a.tone + b.tone
	if pair == "uy" && before == 'q' { // qu is one consonant: the tone is on y in both schools
		return withCase(a.base(), rs[i]), withCase(b.row[tone], rs[i+1]), b.tone == 0
	}
	return withCase(a.row[tone], rs[i]), withCase(b.base(), rs[i+1]), a.tone == 0
}

// withCase gives the lower-case letter r in the case of like.
func withCase(r, like rune) rune {
	if unicode.IsUpper(like) {
		return unicode.ToUpper(r)
	}
	return r
}

func isVowel(r rune) bool {
	f := Fold(string(r))
	return utf8.RuneCountInString(f) == 1 && strings.ContainsAny(f, "aeiouy")
}
