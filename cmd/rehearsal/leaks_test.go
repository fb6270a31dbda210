package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// leaks knows what nobody outside may read: names, and numbers of accounts, telephones and identity cards.
type leaks struct {
	names   map[string]bool // folded, words joined by one space
	longest int             // words of a name
	numbers []*regexp.Regexp
	exact   map[string]bool // digits only
}

// number is a run of digits with what people put between them, not inside a word: identifiers and hashes hold digits too.
var number = regexp.MustCompile(`\b\d(?:[ .-]?\d){8,14}\b`)

// newLeaks looks for the names, for numbers that begin as one of the patterns says, and for the exact numbers.
func newLeaks(names, patterns, exact []string) *leaks {
	l := &leaks{names: map[string]bool{}, exact: map[string]bool{}}
	for _, n := range names {
		words := vntext.Tokens(vntext.Fold(n))
		l.names[strings.Join(words, " ")] = true
		l.longest = max(l.longest, len(words))
	}
	for _, p := range patterns {
		l.numbers = append(l.numbers, regexp.MustCompile("^(?:"+p+")$"))
	}
	for _, e := range exact {
		l.exact[e] = true
	}
	return l
}

// find lists what stands in the text and must not.
func (l *leaks) find(text string) []string {
	var out []string
	words := vntext.Tokens(vntext.Fold(text))
	for i := range words {
		for n := 2; n <= l.longest && i+n <= len(words); n++ {
			if name := strings.Join(words[i:i+n], " "); l.names[name] {
				out = append(out, name)
			}
		}
	}
	for _, run := range number.FindAllString(text, -1) {
		for _, digits := range []string{strings.NewReplacer(" ", "", ".", "", "-", "").Replace(run), run} {
			for part := range strings.FieldsFuncSeq(digits, func(r rune) bool { return r < '0' || r > '9' }) {
				if l.exact[part] || slices.ContainsFunc(l.numbers, func(p *regexp.Regexp) bool { return p.MatchString(part) }) {
					out = append(out, part)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// The checker finds a planted leak in whatever dress, and says nothing of what may stand there.
func TestLeaks(t *testing.T) {
	l := newLeaks([]string{"Nguyễn Khắc Kiên", "Lê Thị Bích Ngân"}, []string{`0900\d{6}`, `040[01]\d{8}`}, []string{"01234567890"})
	for text, want := range map[string]int{
		"<td>Nguyễn Khắc Kiên</td>": 1, "NGUYEN KHAC KIEN ung ho": 1, "nguyễn  khắc\nkiên": 1, `"name":"Le Thi Bich Ngan"`: 1, "Ông Nguyễn Khắc Kiên và bà Lê Thị Bích Ngân": 2,
		"gọi 0900123456": 1, "gọi 0900 123 456 nhé": 1, "0900.123.456": 1, "0900-123-456": 1, "CCCD 040085001234": 1, "CT tu 01234567890": 1, "+0900123456,": 1,
		"N. K. K. ủng hộ": 0, "Nguyễn Khắc Quyết": 0, "Kiên Nguyễn Khắc": 0, "900123456": 0, "0238 3 840 840": 0, "abc0900123456def": 0, "id 01900900-1234-5678": 0, "200.000.000": 0, "": 0,
	} {
		if got := l.find(text); len(got) != want {
			t.Errorf("%q: found %q, want %d", text, got, want)
		}
	}
}
