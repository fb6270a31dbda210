package loudspeaker

import (
	"strings"
	"unicode"

	"github.com/nhipcau/nhipcau/internal/loudspeaker/speech"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// The length of a script in spoken words (syllables): at the pace of a loudspeaker these are 60 to 90 seconds.
const (
	fewWords  = 160
	manyWords = 215
)

// maxScript bounds a script, in letters: no recording becomes longer than a few minutes.
const maxScript = 3000

// Words speaks Vietnamese, whatever the language of the official's screen; i18n.Words implements it.
type Words interface {
	T(id string, args ...any) string
}

// story is what a script is made from.
type story struct{ Title, Lead, Text, Unit, Hotline string }

// script shortens a story to what is read in 60 to 90 seconds: greeting, title, lead, as many whole sentences as fit, and who
// spoke. A short one says title and lead a second time, as announcers do.
func script(w Words, s story) string {
	from := w.T("loudspeaker.script.from", "Unit", s.Unit)
	end := w.T("loudspeaker.script.end", "Unit", s.Unit)
	if s.Hotline != "" {
		end = w.T("loudspeaker.script.end_hotline", "Unit", s.Unit, "Hotline", s.Hotline)
	}
	head := []string{from, sentence(s.Title), sentence(s.Lead)}
	left := manyWords - SpokenWords(strings.Join(append(head, end), "\n"))
	var body []string
	for _, x := range sentences(s.Text) {
		n := SpokenWords(x)
		if n > left {
			break
		}
		left -= n
		body = append(body, x)
	}
	if len(body) > 0 {
		head = append(head, strings.Join(body, " "))
	}
	again := w.T("loudspeaker.script.again") + " " + sentence(s.Title) + " " + sentence(s.Lead)
	if n := SpokenWords(again); manyWords-left < fewWords && n <= left {
		head = append(head, again)
	}
	var out []string
	for _, x := range append(head, end) {
		if x != "" {
			out = append(out, x)
		}
	}
	return vntext.Truncate(strings.Join(out, "\n"), maxScript)
}

// SpokenWords counts the words that are heard when a text is read aloud.
func SpokenWords(text string) int {
	return len(strings.FieldsFunc(speech.Expand(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }))
}

// sentence closes a text with a full stop.
func sentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?:") || strings.HasSuffix(s, "…") {
		return s
	}
	return s + "."
}

// sentences cuts a text at the ends of its sentences and paragraphs. A point inside a number or after an abbreviation
// ("TP. Vinh") ends nothing.
func sentences(text string) []string {
	var out []string
	for _, para := range strings.Split(vntext.NFC(text), "\n") {
		words := strings.Fields(para)
		from := 0
		for i, w := range words {
			last := i == len(words)-1
			if last || ends(w) {
				out = append(out, sentence(strings.Join(words[from:i+1], " ")))
				from = i + 1
			}
		}
	}
	return out
}

func ends(word string) bool {
	word = strings.TrimRight(word, `”"')»`)
	switch {
	case strings.HasSuffix(word, "!"), strings.HasSuffix(word, "?"), strings.HasSuffix(word, "…"), strings.HasSuffix(word, ".."):
		return true
	case !strings.HasSuffix(word, "."):
		return false
	}
	switch strings.TrimRight(word, ".") {
	case "TP", "Tp", "TX", "Tx", "TT", "Tt", "P", "Q", "H", "ThS", "TS", "GS", "BS":
		return false
	}
	return true
}
