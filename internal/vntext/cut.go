package vntext

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const ellipsis = "…"

// Truncate cuts s to at most n letters (runes after NFC), the "…" included, at the last space that leaves at least half;
// a longer word is cut inside. A text that fits comes back whole, in NFC. With n ≤ 0 the result is "".
func Truncate(s string, n int) string {
	if n <= 0 {
		return ""
	}
	rs := []rune(NFC(s))
	if len(rs) <= n {
		return string(rs)
	}
	if n == 1 {
		return ellipsis
	}
	cut := n - 1
	if !unicode.IsSpace(rs[cut]) { // the next letter belongs to the same word
		for i := cut - 1; i >= n/2; i-- {
			if unicode.IsSpace(rs[i]) {
				cut = i
				break
			}
		}
	}
	return strings.TrimRightFunc(string(rs[:cut]), func(r rune) bool {
		return unicode.IsSpace(r) || r == ',' || r == ';' || r == ':' || r == '–' || r == '-'
	}) + ellipsis
}

// Excerpt gives at most n letters of text around the first place where a word of query stands (compared as Fold does),
// with "…" where something was left out and white space made single. When no word is found it is the beginning of text.
func Excerpt(text, query string, n int) string {
	text = strings.Join(strings.Fields(NFC(text)), " ")
	words := strings.Fields(text)
	rs := []rune(text)
	if len(rs) <= n {
		return text
	}
	at := findWord(words, Tokens(query))
	if at <= 0 {
		return Truncate(text, n)
	}
	tail := -1 // letters from the found word to the end of the text
	for _, w := range words[at:] {
		tail += len([]rune(w)) + 1
	}
	before := max(n/3, n-1-tail)
	start := at
	for used := 0; start > 0; start-- {
		if used += len([]rune(words[start-1])) + 1; used > before {
			break
		}
	}
	if start == 0 {
		return Truncate(text, n)
	}
	return prefixed(strings.Join(words[start:], " "), n)
}

// prefixed gives "…" and as much of rest as n letters hold.
func prefixed(rest string, n int) string {
	if n <= 1 {
		return Truncate(rest, n)
	}
	return ellipsis + Truncate(rest, n-1)
}

// findWord gives the index of the word of the text at which most words of the query follow one another, or -1.
func findWord(words, query []string) int {
	if len(query) == 0 {
		return -1
	}
	folded := make([]string, len(words))
	for i, w := range words {
		folded[i] = strings.Join(Tokens(w), "")
	}
	best, bestRun := -1, 0
	for i := range folded {
		for q := range query {
			run := 0
			for i+run < len(folded) && q+run < len(query) && strings.HasPrefix(folded[i+run], query[q+run]) {
				run++
			}
			if run > bestRun {
				best, bestRun = i, run
			}
		}
	}
	return best
}

// LowerFirst writes the first letter small, so that a name fits into a sentence: "Phường Vinh Hưng" becomes "phường Vinh Hưng".
func LowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || r == utf8.RuneError {
		return s
	}
	return string(unicode.ToLower(r)) + s[n:]
}
