package vntext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The five tone marks and the letters that carry them in the syllables whose spelling is disputed.
var (
	toned = map[rune]string{'a': "aàáảãạ", 'e': "eèéẻẽẹ", 'o': "oòóỏõọ", 'u': "uùúủũụ", 'y': "yỳýỷỹỵ"}
	plain = func() map[rune][2]rune {
		m := map[rune][2]rune{}
		for base, row := range toned {
			for i, r := range []rune(row) {
				m[r] = [2]rune{base, rune(i)}
			}
		}
		return m
	}()
)

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
	a, b := rs[i], rs[i+1]
	pa, oka := plain[unicode.ToLower(a)]
	pb, okb := plain[unicode.ToLower(b)]
	if !oka || !okb || (pa[1] == 0) == (pb[1] == 0) {
		return 0, 0, false
	}
	pair := string([]rune{pa[0], pb[0]})
	if pair != "oa" && pair != "oe" && pair != "uy" {
		return 0, 0, false
	}
	if i+2 < len(rs) && unicode.IsLetter(rs[i+2]) { // a closed syllable: hoàn, khuỷu
		return 0, 0, false
	}
	tone := int(pa[1] + pb[1])
	before := ' '
	if i > 0 {
		before = unicode.ToLower(rs[i-1])
	}
	if isVowel(before) {
		return 0, 0, false
	}
	if pair == "uy" && before == 'q' { // qu is one consonant: the tone is on y in both schools
		return withTone(a, pa[0], 0), withTone(b, pb[0], tone), pb[1] == 0
	}
	return withTone(a, pa[0], tone), withTone(b, pb[0], 0), pa[1] == 0
}

// withTone gives the base letter with a tone, in the case of the letter it replaces.
func withTone(old, base rune, tone int) rune {
	r := []rune(toned[base])[tone]
	if unicode.IsUpper(old) {
		return unicode.ToUpper(r)
	}
	return r
}

func isVowel(r rune) bool {
	f := Fold(string(r))
	return utf8.RuneCountInString(f) == 1 && strings.ContainsAny(f, "aeiouy")
}
