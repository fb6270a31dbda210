package vntext

import (
	"strings"
	"unicode"
)

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Clean makes what a person typed fit to be kept: valid UTF-8 in NFC, lines that end with a line feed, no control characters
// but line feed and tab, no blanks around it.
func Clean(s string) string {
	s = strings.ToValidUTF8(lineEnds.Replace(s), "")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(NFC(s))
}

// OneLine cleans a text and puts it on one line, with single blanks between its words.
func OneLine(s string) string { return strings.Join(strings.Fields(Clean(s)), " ") }
