package vntext

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What one rune becomes in a search key. Any other value in the table is the folded rune itself.
const (
	foldSlow  = 0 // not in the table's care: the whole text takes the general path
	foldDrop  = 1 // a combining mark or an invisible character: nothing remains
	foldSpace = ' '
)

// foldLimit is the end of the table: Latin, Greek, the combining marks, and the Latin Extended Additional block in which
// the Vietnamese vowels live.
const foldLimit = 0x1F00

var foldTable = sync.OnceValue(func() *[foldLimit]uint16 {
	var t [foldLimit]uint16
	for r := rune(0); r < foldLimit; r++ {
		switch {
		case isMark(r) || isInvisible(r):
			t[r] = foldDrop
		case unicode.IsSpace(r) || unicode.IsControl(r):
			t[r] = foldSpace
		case r < 0x0250 || r >= 0x1E00:
			folded := []rune(foldSlowly(string(r)))
			if len(folded) == 1 && folded[0] < 0xFFFF {
				t[r] = uint16(folded[0])
			}
		}
	}
	return &t
})

// Fold makes the search key of s: marks off, đ as d, lower case, runs of white space as one space, none at the ends.
// "hoà bình", "Hòa Bình", the same in decomposed letters, and "hoa binh" all give "hoa binh". Folding twice changes
// nothing. Invisible characters that come with pasted text vanish; punctuation stays.
func Fold(s string) string {
	table := foldTable()
	out := make([]byte, 0, len(s))
	space := false
	for i := 0; i < len(s); {
		c := rune(s[i])
		size := 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(s[i:])
			if c >= foldLimit {
				return tidy(foldSlowly(s))
			}
		}
		i += size
		f := table[c]
		switch {
		case f == foldSpace:
			space = true
		case f == foldDrop:
		case f == foldSlow:
			return tidy(foldSlowly(s))
		default:
			if space && len(out) > 0 {
				out = append(out, ' ')
			}
			space = false
			if f < utf8.RuneSelf {
				out = append(out, byte(f))
			} else {
				out = utf8.AppendRune(out, rune(f))
			}
		}
	}
	return string(out)
}

// foldSlowly is the definition of Fold for any script, without the care for white space. Lowering the case of some
// foreign letters brings new marks out, hence the second round.
func foldSlowly(s string) string {
	for range 2 {
		s = norm.NFC.String(strings.Map(func(r rune) rune {
			switch {
			case isMark(r) || isInvisible(r):
				return -1
			case r == 'Đ' || r == 'đ' || r == 'Ð' || r == 'ð': // the Icelandic letter stands for Đ in old Vietnamese files
				return 'd'
			}
			return unicode.ToLower(r)
		}, norm.NFD.String(s)))
	}
	return s
}

// tidy makes single spaces of white space and control characters.
func tidy(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// isMark tells the combining marks used over Latin letters; the vowel signs of other scripts are letters to their readers.
func isMark(r rune) bool {
	return r >= 0x0300 && r <= 0x036F || r >= 0x1AB0 && r <= 0x1AFF || r >= 0x1DC0 && r <= 0x1DFF || r >= 0x20D0 && r <= 0x20FF
}

// isInvisible tells soft hyphens, zero-width characters and byte order marks.
func isInvisible(r rune) bool {
	return r == 0x00AD || r >= 0x200B && r <= 0x200F || r == 0x2060 || r == 0xFEFF
}
