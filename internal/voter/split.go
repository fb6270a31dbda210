package voter

import (
	"strings"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Candidate is a part of a transcript that may be a petition; a person decides.
type Candidate struct {
	Text    string
	Speaker string // who seems to speak; "" when not said
	Likely  bool   // it asks for something
}

// maxCandidates of one transcript are shown.
const maxCandidates = 200

// asking are folded words that show that somebody asks for something.
var asking = [...]string{"de nghi", "kien nghi", "mong ", "xin ", "yeu cau", "can som", "bao gio", "khi nao", "tai sao", "vi sao", "phan anh", "quan tam", "som co", "xem xet", "giai quyet", "chua duoc", "khong duoc", "cho hoi", "bang bao nhieu"}

// turns are folded beginnings of a new petition within what one person says.
var turns = [...]string{"thu nhat", "thu hai", "thu ba", "thu tu", "thu nam", "y kien thu", "kien nghi thu", "van de thu", "mot la", "hai la", "ba la", "bon la", "nam la", "noi dung thu", "tiep theo"}

// polite are folded sentences that are no petition.
var polite = [...]string{"kinh thua", "xin cam on", "xin chao", "cam on", "het", "xin het", "toi xin het", "da het"}

// SplitTranscript cuts the text of a recording into what may be petitions: at who speaks ("Ông Nguyễn Văn A (xóm 3): …"), at
// time marks, at numbers and at words such as "thứ hai". Greetings are left out. It never loses a sentence that is longer than
// a greeting.
func SplitTranscript(text string) []Candidate {
	var out []Candidate
	who := ""
	cur := []string{}
	flush := func() {
		t := tidy(strings.Join(cur, " "))
		cur = cur[:0]
		if vntext.Length(t) < 25 || len(out) >= maxCandidates {
			return
		}
		out = append(out, Candidate{Text: t, Speaker: who, Likely: asks(t)})
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(vntext.NFC(text), "\r\n", "\n"), "\n") {
		line = dropMark(tidy(line))
		if line == "" {
			flush()
			continue
		}
		if name, rest, ok := speaker(line); ok {
			flush()
			who, line = name, rest
		}
		if rest, ok := numbered(line); ok {
			flush()
			line = rest
		}
		for _, sentence := range sentences(line) {
			folded := vntext.Fold(sentence)
			if isPolite(folded) {
				continue
			}
			for _, t := range turns {
				if strings.HasPrefix(folded, t) && len(cur) > 0 {
					flush()
					break
				}
			}
			cur = append(cur, sentence)
		}
	}
	flush()
	return out
}

func asks(t string) bool {
	folded := vntext.Fold(t)
	for _, w := range asking {
		if strings.Contains(folded, w) {
			return true
		}
	}
	return false
}

func isPolite(folded string) bool {
	if len(folded) > 60 {
		return false
	}
	for _, p := range polite {
		if strings.HasPrefix(folded, p) {
			return true
		}
	}
	return false
}

// dropMark takes a time mark off the beginning of a line: "[00:12:31]", "00:12:31 -".
func dropMark(line string) string {
	s := strings.TrimLeft(line, "[(")
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == ':' || s[n] == '.' || s[n] == ',') {
		n++
	}
	if n < 4 || strings.Count(s[:n], ":") == 0 {
		return line
	}
	rest := s[n:]
	if at := strings.Index(rest, "-->"); at >= 0 { // a line of subtitles
		return ""
	}
	return strings.TrimLeft(rest, ")]– -—")
}

// titles begin the name of somebody who speaks.
var titles = [...]string{"ong ", "ba ", "cu tri", "anh ", "chi ", "co ", "chu ", "bac ", "dong chi", "dc ", "d/c", "dai bieu", "chu tri", "thu ky", "nguoi noi"}

// speaker finds who speaks at the beginning of a line.
func speaker(line string) (name, rest string, ok bool) {
	at := strings.Index(line, ":")
	if at <= 0 || at > 120 {
		return "", line, false
	}
	name = strings.TrimSpace(line[:at])
	folded := vntext.Fold(name) + " "
	for _, t := range titles {
		if strings.HasPrefix(folded, t) && len(strings.Fields(name)) <= 14 {
			return strings.Trim(name, " -–"), strings.TrimSpace(line[at+1:]), true
		}
	}
	return "", line, false
}

// numbered takes "1.", "2)", "- ", "Câu 3:" off a line.
func numbered(line string) (string, bool) {
	if rest, ok := strings.CutPrefix(line, "- "); ok {
		return rest, true
	}
	n := 0
	for n < len(line) && line[n] >= '0' && line[n] <= '9' {
		n++
	}
	if n > 0 && n < 3 && n+1 < len(line) && (line[n] == '.' || line[n] == ')') && line[n+1] == ' ' {
		return strings.TrimSpace(line[n+1:]), true
	}
	return line, false
}

// sentences cuts a line after ".", "?", "!" and ";" before a space.
func sentences(line string) []string {
	var out []string
	from := 0
	for i := 0; i+1 < len(line); i++ {
		if strings.IndexByte(".?!;", line[i]) >= 0 && line[i+1] == ' ' {
			out = append(out, strings.TrimSpace(line[from:i+1]))
			from = i + 1
		}
	}
	if rest := strings.TrimSpace(line[from:]); rest != "" {
		out = append(out, rest)
	}
	return out
}
