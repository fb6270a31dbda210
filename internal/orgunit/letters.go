package orgunit

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// tones are the five marks that part syllables, not letters: grave, acute, tilde, hook, dot below.
const tones = "\u0300\u0301\u0303\u0309\u0323"

// baseLetters lowers s and takes its tones off but keeps ă, â, đ, ê, ô, ơ and ư, which are letters of their own.
func baseLetters(s string) []rune {
	var out []rune
	for _, r := range norm.NFC.String(strings.Map(func(r rune) rune {
		if strings.ContainsRune(tones, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))) {
		out = append(out, r)
	}
	return out
}
