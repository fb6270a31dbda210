// Package vntext knows how Vietnamese is written: it makes the search key that lets "hoa binh" find "Hòa Bình", the sort
// key that puts "Đ" after "D", the web address made from a name, the number and the date written out in words, and it
// cuts a text at a word. It reads and writes nothing; it only turns one text into another.
//
// Three forms of sameness are kept apart. NFC makes two byte sequences of the same letters equal. FoldTone makes the two
// schools of tone placement equal (hoà and hòa). Fold forgets marks, case and spacing altogether and is for search only.
package vntext

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NFC gives the composed form of s: what a Vietnamese keyboard on Windows, macOS and a phone all mean by the same letters.
// Everything that is stored should pass through it once.
func NFC(s string) string { return norm.NFC.String(s) }

// Length counts s as Zalo and a person do: one per letter, however its marks are stored (runes after NFC).
func Length(s string) int {
	if isASCII(s) {
		return len(s)
	}
	return utf8.RuneCountInString(norm.NFC.String(s))
}

// FormatInt writes n with a dot between thousands, as Vietnamese does: 1234567 is "1.234.567".
func FormatInt(n int64) string {
	var buf [27]byte
	i := len(buf)
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	for digits := 0; ; digits++ {
		if digits > 0 && digits%3 == 0 {
			i--
			buf[i] = '.'
		}
		i--
		buf[i] = byte('0' + u%10)
		if u /= 10; u == 0 {
			break
		}
	}
	if n < 0 {
		i--
		buf[i] = '-'
	}
	return string(buf[i:])
}

// Slug makes the part of a web address that a person can read: "Phường Trường Vinh" is "phuong-truong-vinh". Only a–z,
// 0–9 and single hyphens come out; a text without any Latin letter or digit gives "".
func Slug(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range Fold(s) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			gap = b.Len() > 0
			continue
		}
		if gap {
			b.WriteByte('-')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Tokens gives the folded words of s in their order; punctuation and symbols only part words.
func Tokens(s string) []string {
	return strings.FieldsFunc(Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
