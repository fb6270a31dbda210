// Package mask makes the words of a bank memo fit for everybody's eyes. Banks put account numbers, telephone numbers and the
// full names of givers into memos; the law lets the fund publish the gift, not its giver's data. So nothing is kept because
// it looks harmless: only words of a list that name nobody stay as they are ("ủng hộ đồng bào vùng lũ"); every other word
// becomes its first letter, so that the giver still knows the line ("N.V.H. ung ho dong bao"), and numbers of five or more
// digits, however they are spaced, addresses and all that the bank wrote itself are dropped. It knows no database and no network.
package mask

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// MaxMemo is the length of a masked memo at most, in characters.
const MaxMemo = 160

const (
	maxRead     = 1000 // characters of a memo that are looked at
	maxInitials = 4    // letters of one run
	maxNumber   = 4    // digits of a number that may stay, with its neighbours
	maxDigits   = 5    // digits that may stay in the whole memo
	nameWords   = 3    // words after a family name that belong to it
	always      = -1
)

//go:embed plain.txt
var plainText string

//go:embed banks.txt
var bankText string

//go:embed surnames.txt
var surnameText string

// phrase is an entry of a list.
type phrase struct {
	words []string
	ends  int // a name that began before it ends here, once it has so many words after the family name; 0: never
	bank  bool
}

type lists struct {
	byFirst  map[string][]phrase // longest first
	surnames map[string]bool
}

// known reads the lists once.
var known = sync.OnceValue(func() *lists {
	l := &lists{byFirst: map[string][]phrase{}, surnames: map[string]bool{}}
	for text, bank := range map[string]bool{plainText: false, bankText: true} {
		for _, line := range entries(text) {
			p := phrase{bank: bank}
			switch line[0] {
			case '!':
				line, p.ends = line[1:], 1
			case '?':
				line, p.ends = line[1:], 2
			}
			if p.words = strings.Fields(line); bank || p.ends == 1 && len(p.words) > 1 {
				p.ends = always
			}
			l.byFirst[p.words[0]] = append(l.byFirst[p.words[0]], p)
		}
	}
	for first, list := range l.byFirst {
		for i := range list { // "ủng hộ đồng bào" begins with "ủng hộ"
			for _, p := range list {
				if list[i].ends == 0 && p.ends == always && !p.bank && len(p.words) < len(list[i].words) && slices.Equal(p.words, list[i].words[:len(p.words)]) {
					list[i].ends = always
				}
			}
		}
		slices.SortStableFunc(l.byFirst[first], func(a, b phrase) int {
			if d := len(b.words) - len(a.words); d != 0 || a.bank == b.bank {
				return d
			} else if a.bank {
				return -1
			}
			return 1
		})
	}
	for _, line := range entries(surnameText) {
		l.surnames[line] = true
	}
	return l
})

func entries(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// bankTail is what banks add about the two accounts: everything after it is theirs.
var bankTail = regexp.MustCompile(`(?i)(^|[^\pL\pN])CT\s*(tu|den|từ|đến)([^\pL\pN]|$).*$`)

// address finds what may reach a person: whatever is joined to an "@", and links.
var address = regexp.MustCompile(`(?i)\S*\s?@\s?\S*|https?:\S*|www\.\S*|\S+\.(com|vn|net|org)\S*`)

// kind is what a token is.
type kind int

const (
	word   kind = iota // letters
	number             // digits
	mixed              // both: class names and transfer codes
)

type token struct {
	text, folded string
	kind         kind
	digits       int
	keep         bool
	drop         bool
}

// Memo masks a memo. The result is one line of kept words, short numbers and initials, at most MaxMemo characters; masking it
// again changes nothing that matters: no word that was taken out comes back.
func Memo(raw string) string { return render(tokens(raw)) }

// Words gives the search keys of a masked memo or of what somebody types to find one: the folded words that stay, and for each
// run of masked words its initials behind a "~" ("~nvh"). Both sides are masked alike, so a name finds its initials.
func Words(raw string) []string { return words(tokens(raw)) }

// Both gives Memo and Words of a memo at once.
func Both(raw string) (memo string, keys []string) {
	toks := tokens(raw)
	return render(toks), words(toks)
}

func words(toks []token) []string {
	var out []string
	for i := 0; i < len(toks); {
		t := toks[i]
		switch {
		case t.drop:
			i++
		case t.keep:
			out = append(out, t.folded)
			i++
		default:
			var s string
			if s, i = initials(toks, i, ""); s != "" {
				out = append(out, "~"+vntext.Fold(s))
			}
		}
	}
	return out
}

// tokens cuts a memo and decides over every piece.
func tokens(raw string) []token {
	if utf8.RuneCountInString(raw) > maxRead {
		raw = string([]rune(raw)[:maxRead])
	}
	s := vntext.NFC(strings.ToValidUTF8(raw, " "))
	if hasFold(s, "ct") {
		s = bankTail.ReplaceAllString(s, " ")
	}
	s = withoutAddress(s)
	toks := cut(s)
	judgeNumbers(toks)
	judgeWords(toks)
	return toks
}

// withoutAddress takes out what may reach a person.
func withoutAddress(s string) string {
	for _, sign := range [...]string{"@", "http", "www", ".com", ".vn", ".net", ".org"} {
		if hasFold(s, sign) {
			return address.ReplaceAllString(s, " ")
		}
	}
	return s
}

// hasFold looks for lower-case ASCII in any case.
func hasFold(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(sub)], sub) {
			return true
		}
	}
	return false
}

// cut splits into runs of letters and digits.
func cut(s string) []token {
	toks := make([]token, 0, 24)
	start, letters, digits := -1, 0, 0
	flush := func(end int) {
		if start < 0 {
			return
		}
		t := token{text: s[start:end], digits: digits}
		t.folded = vntext.Fold(t.text)
		switch {
		case digits == 0:
			t.kind = word
		case letters == 0:
			t.kind = number
		default:
			t.kind = mixed
		}
		toks = append(toks, t)
		start, letters, digits = -1, 0, 0
	}
	for i, r := range s {
		switch {
		case unicode.IsNumber(r):
			digits++
		case unicode.IsLetter(r), unicode.IsMark(r) && start >= 0:
			letters++
		case r == 0x200b || r == 0x200c || r == 0x200d || r == 0x2060 || r == 0xfeff || r == 0x00ad: // invisible: joins what stands around it
			continue
		default:
			flush(i)
			continue
		}
		if start < 0 {
			start = i
		}
	}
	flush(len(s))
	return toks
}

// judgeNumbers drops numbers that could be an account, a telephone or an identity card, also when they are spaced out.
func judgeNumbers(toks []token) {
	total := 0
	for i := 0; i < len(toks); {
		if toks[i].kind == word {
			i++
			continue
		}
		j, sum, plain := i, 0, true
		for ; j < len(toks) && toks[j].kind != word; j++ {
			sum += toks[j].digits
			plain = plain && ascii(toks[j].text)
		}
		for k := i; k < j; k++ {
			short := toks[k].kind == number || len(toks[k].text) <= 5
			toks[k].keep = sum <= maxNumber && plain && short
			if toks[k].drop = !toks[k].keep; toks[k].keep {
				total += toks[k].digits
			}
		}
		i = j
	}
	if total <= maxDigits {
		return
	}
	for i := range toks {
		if toks[i].kind != word {
			toks[i].keep, toks[i].drop = false, true
		}
	}
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// judgeWords keeps the words of the list. After a family name the next words are part of the name, whatever they mean, up to
// a word of giving.
func judgeWords(toks []token) {
	l := known()
	for i := 0; i < len(toks); {
		if toks[i].kind != word {
			i++
			continue
		}
		p, ok := l.at(toks, i)
		if ok && (len(p.words) > 1 || !l.surnames[toks[i].folded] || !startsName(l, toks, i)) {
			for k := range p.words {
				toks[i+k].keep, toks[i+k].drop = !p.bank, p.bank
			}
			i += len(p.words)
			continue
		}
		name := l.surnames[toks[i].folded]
		i++
		for n := 0; name && n < nameWords && i < len(toks) && toks[i].kind == word; n++ {
			if p, ok := l.at(toks, i); ok && (p.ends == always || p.ends != 0 && n >= p.ends || len(p.words) > 1 && n > 1) {
				break
			}
			i++
		}
	}
}

// startsName tells whether a word that is both plain and a family name begins a name here: the next word is not plain.
func startsName(l *lists, toks []token, i int) bool {
	if i+1 >= len(toks) || toks[i+1].kind != word {
		return false
	}
	_, plain := l.at(toks, i+1)
	return !plain
}

// at finds the longest entry that begins at a token.
func (l *lists) at(toks []token, i int) (phrase, bool) {
	for _, p := range l.byFirst[toks[i].folded] {
		if i+len(p.words) > len(toks) {
			continue
		}
		fits := true
		for k, w := range p.words[1:] {
			if t := toks[i+1+k]; t.folded != w || t.kind == mixed || t.kind == number && t.drop {
				fits = false
				break
			}
		}
		if fits {
			return p, true
		}
	}
	return phrase{}, false
}

// initials writes the run of masked words that begins at i, each letter followed by dot, and says where it ends.
func initials(toks []token, i int, dot string) (string, int) {
	var b strings.Builder
	n := 0
	for ; i < len(toks) && !toks[i].keep && !toks[i].drop; i++ {
		if n++; n > maxInitials {
			continue
		}
		r, _ := utf8.DecodeRuneInString(toks[i].text)
		if unicode.IsLetter(r) {
			b.WriteRune(unicode.ToUpper(r))
			b.WriteString(dot)
		}
	}
	return b.String(), i
}

func render(toks []token) string {
	var b strings.Builder
	for i := 0; i < len(toks); {
		t := toks[i]
		piece := ""
		switch {
		case t.drop:
			i++
			continue
		case t.keep:
			piece, i = t.text, i+1
		default:
			piece, i = initials(toks, i, ".")
		}
		if piece == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(piece)
	}
	return vntext.Truncate(b.String(), MaxMemo)
}

// Name cleans a display name that its owner agreed to: one line, at most 80 characters, without addresses and without
// numbers that could reach anybody. What is left may be "".
func Name(raw string) string {
	s := withoutAddress(vntext.NFC(strings.ToValidUTF8(raw, " ")))
	toks := cut(s)
	judgeNumbers(toks)
	var keep []string
	at := 0
	for _, t := range toks { // keeps the signs between the words: "Công ty A & B"
		i := strings.Index(s[at:], t.text) + at
		if between := strings.TrimSpace(s[at:i]); between != "" && len(keep) > 0 && !t.drop {
			keep = append(keep, strings.Map(printable, between))
		}
		if at = i + len(t.text); !t.drop {
			keep = append(keep, strings.Map(printable, t.text))
		}
	}
	return vntext.Truncate(strings.Join(strings.Fields(strings.Join(keep, " ")), " "), 80)
}

func printable(r rune) rune {
	if !unicode.IsPrint(r) {
		return -1
	}
	return r
}
