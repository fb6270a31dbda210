package channel

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Length counts the characters of a text as the channels do: after composing it (NFC), so that a Vietnamese letter with
// its marks is one.
func Length(s string) int { return utf8.RuneCountInString(norm.NFC.String(s)) }

// Cut shortens a text to at most n characters after composing it; n = 0 means no limit.
func Cut(s string, n int) string {
	s = norm.NFC.String(s)
	if n <= 0 || utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n])
}
