// Package memocode makes the short codes that donors put into the memo of a transfer, and finds them there.
package memocode

import (
	"strings"

	"github.com/nhipcau/nhipcau/internal/id"
)

// A reference is "NC" and the eleven letters and digits of a tracking code, which carry a check of their own: ordinary memos
// do not look like one.
const (
	// Prefix begins every code.
	Prefix = "NC"
	length = len(Prefix) + 11
)

// New makes a code.
func New() string { return Prefix + strings.ReplaceAll(id.NewCode(), "-", "") }

// Find finds the first reference in a memo. Banks change case and put spaces or signs between.
func Find(memo string) string {
	if !mayRefer(memo) {
		return ""
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, memo)
	for {
		at := strings.Index(plain, Prefix)
		if at < 0 || len(plain)-at < length {
			return ""
		}
		if code, ok := id.ParseCode(plain[at+len(Prefix) : at+length]); ok {
			return Prefix + strings.ReplaceAll(code, "-", "")
		}
		plain = plain[at+1:]
	}
}

// Read reads a code as a person types it, with or without its first letters; "" when it is none. A whole code is looked for
// first: one in thirty-two also reads as another one behind a second prefix.
func Read(typed string) string {
	if code := Find(typed); code != "" {
		return code
	}
	return Find(Prefix + typed)
}

// mayRefer tells whether the letters of the prefix follow each other in a memo, whatever signs stand between: most have none.
func mayRefer(memo string) bool {
	last := byte(0)
	for i := range len(memo) {
		switch b := memo[i]; {
		case b == 'n' || b == 'N':
			last = 'N'
		case (b == 'c' || b == 'C') && last == 'N':
			return true
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
			last = b
		}
	}
	return false
}
