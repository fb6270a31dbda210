// Package speech turns a written Vietnamese text into the words in which it is read aloud: numbers, dates, hours, money,
// telephone and document numbers, units of measure and the abbreviations of offices are written out, so that any voice, also
// a simple one, says them as a person at the microphone would.
package speech

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// rule replaces one kind of written sign by words. The pattern is tried only where no letter or digit touches it on either
// side; to gives "" to leave a place as it is. Before is the text up to there.
type rule struct {
	re *regexp.Regexp
	to func(m []string, before string) string
}

func newRule(pattern string, to func(m []string, before string) string) rule {
	return rule{regexp.MustCompile(pattern), to}
}

// rules in the order in which they work: what a later one would misread, an earlier one has already written out.
var rules = [...]rule{
	newRule(`(?i)https?://([\p{L}\d.-]+)(?:/\S*)?`, func(m []string, _ string) string { return site(m[1]) }),
	newRule(`(?i)(?:[a-z\d-]+\.)+(?:vn|com|net|org|info|example)(?:/\S*)?`, func(m []string, _ string) string { return site(m[0]) }),
	newRule(`(\d{1,5})(?:/(\d{4}))?/(\p{Lu}[\p{L}\d]*(?:[-–]\p{Lu}[\p{L}\d]*)*)`, documentNumber),
	newRule(`(?i)(?:từ\s+)?(?:ngày\s+)?(\d{1,2})\s?[-–]\s?(\d{1,2}/\d{1,2}(?:/\d{4})?)`, dayRange),
	newRule(`(?i)(ngày\s+)?(\d{1,2})([/.-])(\d{1,2})([/.-])(\d{4})`, fullDate),
	newRule(`(?i)(ngày|sáng|trưa|chiều|tối|đêm|từ|đến|hết|trước|sau|mùng|mồng|lễ|dịp)\s+(\d{1,2})/(\d{1,2})`, dayMonth),
	newRule(`(?i)(tháng\s+)?(\d{1,2})/(\d{4})`, monthYear),
	newRule(`(?i)(\d{1,2})\s?(?:h|g|giờ|:)\s?([0-5]\d)(?:\s?(?:phút|p|'))?`, func(m []string, _ string) string { return hour(m[1], m[2]) }),
	newRule(`(?i)(\d{1,2})\s?(?:h|g)`, func(m []string, _ string) string { return hour(m[1], "00") }),
	newRule(`(\+84|0)([\s.]?\d){8,10}|1[89]00([\s.]?\d){4,6}`, func(m []string, _ string) string { return telephone(m[0]) }),
	newRule(`(?i)(số nhà|số|ngõ|ngách|hẻm|kiệt)\s+(\d{1,4})(\p{L}?)/(\d{1,4})(\p{L}?)`, houseNumber),
	newRule(`(?i)(số nhà|số|ngõ|ngách|hẻm|kiệt|đường|lớp|tổ|khối|xóm|khu)\s+(\d{1,4})(\p{L})`, func(m []string, _ string) string {
		return m[1] + " " + number(m[2]) + " " + spell(m[3])
	}),
	newRule(`(?i)(thứ|tháng)\s+(\d{1,2})`, func(m []string, _ string) string { return m[1] + " " + ordinal(m[1], m[2]) }),
	newRule(`(?i)(thứ|khóa|khoá|quý|kỳ|chương|phần|hạng|bậc|thế kỷ)\s+([IVXLC]{1,7})`, roman),
	newRule(`(\d[\d.]*(?:,\d+)?)\s?[-–]\s?(\d[\d.]*(?:,\d+)?)\s?%`, func(m []string, _ string) string {
		return number(m[1]) + " đến " + number(m[2]) + " phần trăm"
	}),
	newRule(`(\d[\d.]*(?:,\d+)?)\s?%`, func(m []string, _ string) string { return number(m[1]) + " phần trăm" }),
	newRule(`(\d[\d.]*(?:,\d+)?)\s?[-–]\s?(\d[\d.]*(?:,\d+)?)`, func(m []string, _ string) string { return m[1] + " đến " + m[2] }),
	newRule(`(\d[\d.]*(?:,\d+)?)\s?(`+unitPattern()+`)(?:/(`+unitPattern()+`|`+perPattern()+`))?`, measure),
	newRule(`(\d{1,3})/(\d{1,3})`, func(m []string, _ string) string { return number(m[1]) + " phần " + number(m[2]) }),
	newRule(`\d[\d.]*(?:,\d+)?`, func(m []string, _ string) string { return number(m[0]) }),
}

// Expand writes a text out in words. The result holds no digits and none of the abbreviations it knows; white space and line
// ends inside a paragraph become single spaces.
func Expand(text string) string {
	var out []string
	for _, line := range strings.Split(vntext.NFC(strings.ToValidUTF8(text, " ")), "\n") {
		if line = expandLine(strings.Join(strings.Fields(line), " ")); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func expandLine(s string) string {
	if s == "" {
		return ""
	}
	s = abbreviations(s, longForms)
	for _, r := range rules {
		s = r.apply(s)
	}
	return tidy(abbreviations(s, shortForms))
}

// apply replaces every place where the pattern stands by itself.
func (r rule) apply(s string) string {
	var b strings.Builder
	for pos := 0; ; {
		at := r.re.FindStringSubmatchIndex(s[pos:])
		if at == nil {
			b.WriteString(s[pos:])
			return b.String()
		}
		from, to := pos+at[0], pos+at[1]
		words := ""
		if alone(s, from, to) {
			m := make([]string, len(at)/2)
			for i := range m {
				if at[2*i] >= 0 {
					m[i] = s[pos+at[2*i] : pos+at[2*i+1]]
				}
			}
			words = r.to(m, s[:from])
		}
		if words == "" { // leave the first letter and look again behind it
			_, n := utf8.DecodeRuneInString(s[from:])
			b.WriteString(s[pos : from+n])
			pos = from + n
			continue
		}
		b.WriteString(s[pos:from])
		if from > 0 && endsInLetter(s[:from]) {
			b.WriteByte(' ')
		}
		b.WriteString(words)
		if next, _ := utf8.DecodeRuneInString(s[to:]); unicode.IsLetter(next) || unicode.IsDigit(next) {
			b.WriteByte(' ')
		}
		pos = to
	}
}

func endsInLetter(s string) bool {
	r, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// alone tells that neither end of s[from:to] cuts through a word or a number.
func alone(s string, from, to int) bool {
	first, _ := utf8.DecodeRuneInString(s[from:])
	last, _ := utf8.DecodeLastRuneInString(s[:to])
	before, _ := utf8.DecodeLastRuneInString(s[:from])
	after, _ := utf8.DecodeRuneInString(s[to:])
	return !(joins(before) && joins(first)) && !(joins(last) && joins(after))
}

func joins(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// number reads a written number: points between thousands, a comma before decimals. Numbers that begin with zeros and have
// more than two digits, and those too long to say, are read digit by digit.
func number(s string) string {
	whole, decimals, _ := strings.Cut(strings.TrimRight(s, "."), ",")
	tail := ""
	if strings.HasSuffix(s, ".") {
		tail = "."
	}
	if decimals != "" {
		tail = " phẩy " + decimalsOf(decimals) + tail
	}
	groups := strings.Split(whole, ".")
	if len(groups) > 1 && !thousands(groups) {
		if len(groups) == 2 && groups[0] != "" && groups[1] != "" && decimals == "" { // 4.0
			return plain(groups[0]) + " chấm " + plain(groups[1]) + tail
		}
		parts := make([]string, 0, len(groups))
		for _, g := range groups {
			if g != "" {
				parts = append(parts, plain(g))
			}
		}
		return strings.Join(parts, ", ") + tail
	}
	return plain(strings.Join(groups, "")) + tail
}

// thousands tells whether points stand where they part thousands.
func thousands(groups []string) bool {
	if len(groups[0]) > 3 || groups[0] == "" || groups[0] == "0" {
		return false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 {
			return false
		}
	}
	return true
}

func decimalsOf(s string) string {
	if len(s) <= 2 && s[0] != '0' {
		return plain(s)
	}
	return digits(s)
}

func plain(s string) string {
	if len(s) > 2 && s[0] == '0' || len(s) > 15 {
		return digits(s)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return digits(s)
	}
	return vntext.Number(n)
}

// digits reads one digit after another.
func digits(s string) string {
	var out []string
	for _, r := range s {
		if r >= '0' && r <= '9' {
			out = append(out, vntext.Number(int64(r-'0')))
		}
	}
	return strings.Join(out, " ")
}

// telephone reads a number digit by digit, with a pause where it is written in groups, else after four and three digits.
func telephone(s string) string {
	s = strings.Replace(s, "+84", "0", 1)
	groups := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '.' })
	if len(groups) == 1 {
		groups = []string{s[:4], s[4:]}
		if len(s) > 8 {
			groups = []string{s[:4], s[4:7], s[7:]}
		}
	}
	for i, g := range groups {
		groups[i] = digits(g)
	}
	return strings.Join(groups, ", ")
}

func hour(h, m string) string {
	n, err := strconv.Atoi(h)
	if err != nil || n > 24 {
		return ""
	}
	if m == "00" {
		return number(h) + " giờ"
	}
	return number(h) + " giờ " + number(m) + " phút"
}

func fullDate(m []string, _ string) string {
	if m[3] != m[5] {
		return ""
	}
	return vntext.DateWords(date(m[6], m[4], m[2]))
}

func date(year, month, day string) clock.Date {
	return clock.Date(year + "-" + two(month) + "-" + two(day))
}

func two(s string) string {
	if len(s) == 1 {
		return "0" + s
	}
	return s
}

func dayMonth(m []string, _ string) string {
	words := dayOfMonth(m[2], m[3])
	lead := strings.ToLower(m[1])
	if words == "" || lead == "ngày" || lead == "mùng" || lead == "mồng" {
		return words
	}
	return m[1] + " " + words
}

// dayOfMonth reads a day without its year; "" when there is no such day in any year.
func dayOfMonth(day, month string) string {
	words, _, _ := strings.Cut(vntext.DateWords(date("2024", month, day)), " năm hai nghìn") // 2024 has 29 February
	return words
}

func dayRange(m []string, _ string) string {
	parts := strings.Split(m[2], "/")
	first, last := dayOfMonth(m[1], parts[1]), dayOfMonth(parts[0], parts[1])
	if len(parts) == 3 {
		last = vntext.DateWords(date(parts[2], parts[1], parts[0]))
	}
	if first == "" || last == "" {
		return ""
	}
	first, _, _ = strings.Cut(first, " tháng")
	return "từ " + first + " đến " + last
}

func monthYear(m []string, _ string) string {
	n, err := strconv.Atoi(m[2])
	if err != nil || n < 1 || n > 12 {
		return ""
	}
	return "tháng " + ordinal("tháng", m[2]) + " năm " + number(m[3])
}

// ordinal reads the number after "thứ" (of a weekday or a rank) and "tháng".
func ordinal(after, n string) string {
	switch v := strings.TrimLeft(n, "0"); {
	case v == "4":
		return "tư"
	case v == "1" && strings.EqualFold(after, "thứ"):
		return "nhất"
	}
	return number(n)
}

func houseNumber(m []string, _ string) string {
	out := m[1] + " " + number(m[2])
	if m[3] != "" {
		out += " " + spell(m[3])
	}
	out += " trên " + number(m[4])
	if m[5] != "" {
		out += " " + spell(m[5])
	}
	return out
}

var romanValues = map[byte]int{'I': 1, 'V': 5, 'X': 10, 'L': 50, 'C': 100}

func roman(m []string, _ string) string {
	total := 0
	text := strings.ToUpper(m[2])
	for i := range len(text) {
		v := romanValues[text[i]]
		if i+1 < len(text) && v < romanValues[text[i+1]] {
			v = -v
		}
		total += v
	}
	if total < 1 || m[2] != text { // "kỳ vì": an ordinary word
		return ""
	}
	return m[1] + " " + ordinal(m[1], strconv.Itoa(total))
}

func measure(m []string, _ string) string {
	out := number(m[1]) + " " + units[m[2]]
	if m[3] == "" {
		return out
	}
	per := units[m[3]]
	if per == "" {
		per = m[3]
	}
	if m[3] == "h" {
		per = "giờ"
	}
	if units[m[2]] == "đồng" || m[3] != "h" {
		return out + " một " + per
	}
	return out + " trên " + per
}

// site reads an address of the web: its host, with the points said.
func site(host string) string {
	host, _, _ = strings.Cut(strings.TrimRight(host, ".-"), "/")
	if host == "" {
		return ""
	}
	parts := strings.FieldsFunc(host, func(r rune) bool { return r == '.' })
	for i, p := range parts {
		if p == "vn" {
			p = "vê en nờ"
		}
		parts[i] = strings.NewReplacer("-", " gạch ngang ").Replace(p)
	}
	return strings.Join(parts, " chấm ")
}
