// Package promise is the ledger of what was promised in answers: every "we will" becomes a line with what, who, by when and
// where, which an official confirms or dismisses with a reason before the answer can be put forward. Once the answer is given
// the line is public: kept, late, or moved to another day with the reason, the old day always visible. Whoever sees that a
// promise said to be kept was not can send a photo and reopen it.
package promise

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/feedback/plain"
	"github.com/nhipcau/nhipcau/internal/vntext"
	"github.com/nhipcau/nhipcau/internal/workday"
)

// Found is a sentence of an answer that sounds like a promise.
type Found struct {
	Mark     string // names the sentence
	Sentence string
	Due      clock.Date // the day it speaks of; "" when it names none
}

// will finds the words of a promise. Lines that quote another body's opinion are that body's words, and begin with ">".
var will = regexp.MustCompile(`(?i)(?:^|[^\p{L}])(?:sẽ|cam kết|xin hứa|hứa|bảo đảm (?:xong|hoàn thành)|đảm bảo (?:xong|hoàn thành)|phấn đấu|dự kiến|chậm nhất|trước ngày|muộn nhất|hạn cuối)(?:$|[^\p{L}])`)

// Find lists the sentences that sound like a promise; today is the day from which "in ten days" is counted.
func Find(text string, today clock.Date, days *workday.Calendar) []Found {
	var out []Found
	seen := map[string]bool{}
	for _, s := range plain.Sentences(vntext.NFC(text)) {
		if strings.HasPrefix(s, ">") || strings.HasPrefix(s, "“") || !will.MatchString(s) {
			continue
		}
		f := Found{Mark: markOf(s), Sentence: s, Due: dueIn(s, today, days)}
		if !seen[f.Mark] {
			seen[f.Mark] = true
			out = append(out, f)
		}
	}
	return out
}

// markOf names a sentence however it is spaced and wherever its commas stand.
func markOf(sentence string) string {
	h := sha256.Sum256([]byte(strings.Join(vntext.Tokens(sentence), " ")))
	return hex.EncodeToString(h[:12])
}

var (
	onDay     = regexp.MustCompile(`(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})`)
	onDayYear = regexp.MustCompile(`(?i)ngày (\d{1,2})[/.\-](\d{1,2})(?:[^/\d]|$)`)
	inMonth   = regexp.MustCompile(`(?i)tháng (\d{1,2})(?:[/.\-]| năm )(\d{4})`)
	inQuarter = regexp.MustCompile(`(?i)quý (iv|iii|ii|i|[1-4])(?:[/.\-]| năm )(\d{4})`)
	inYear    = regexp.MustCompile(`(?i)(?:cuối|trong|hết) năm (\d{4})`)
	inDays    = regexp.MustCompile(`(?i)(?:trong|sau)(?: vòng| thời hạn)? (\d{1,3}) ngày( làm việc)?`)
)

// dueIn reads the last day that a sentence names; a day that does not exist, such as 31/02, is none.
func dueIn(s string, today clock.Date, days *workday.Calendar) clock.Date {
	num := func(t string) int { n, _ := strconv.Atoi(t); return n }
	if all := onDay.FindAllStringSubmatch(s, -1); len(all) > 0 {
		m := all[len(all)-1]
		return day(num(m[3]), num(m[2]), num(m[1]))
	}
	year := today.Time().Year()
	if m := onDayYear.FindStringSubmatch(s); m != nil {
		d := day(year, num(m[2]), num(m[1]))
		if d != "" && d < today {
			d = day(year+1, num(m[2]), num(m[1]))
		}
		return d
	}
	if m := inMonth.FindStringSubmatch(s); m != nil {
		return monthEnd(num(m[2]), num(m[1]))
	}
	if m := inQuarter.FindStringSubmatch(s); m != nil {
		q := map[string]int{"i": 1, "ii": 2, "iii": 3, "iv": 4, "1": 1, "2": 2, "3": 3, "4": 4}[strings.ToLower(m[1])]
		return monthEnd(num(m[2]), 3*q)
	}
	if m := inYear.FindStringSubmatch(s); m != nil {
		return day(num(m[1]), 12, 31)
	}
	if m := inDays.FindStringSubmatch(s); m != nil {
		if m[2] != "" && days != nil {
			return days.Add(today, num(m[1]))
		}
		return today.AddDays(num(m[1]))
	}
	return ""
}

func day(y, m, d int) clock.Date {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Year() != y || int(t.Month()) != m || t.Day() != d || y < 2000 || y > 2100 {
		return ""
	}
	return clock.Date(t.Format("2006-01-02"))
}

func monthEnd(y, m int) clock.Date {
	if m < 1 || m > 12 || y < 2000 || y > 2100 {
		return ""
	}
	return clock.Date(time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Format("2006-01-02"))
}

// ReadDate reads a day as people type it (31/12/2026) or as a date field sends it (2026-12-31); ok is false for one that
// does not exist.
func ReadDate(s string) (d clock.Date, ok bool) {
	s = strings.TrimSpace(s)
	if d := clock.Date(s); d.Valid() {
		return d, true
	}
	if m := onDay.FindStringSubmatch(s); m != nil && m[0] == s {
		n := func(t string) int { x, _ := strconv.Atoi(t); return x }
		d = day(n(m[3]), n(m[2]), n(m[1]))
	}
	return d, d != ""
}

// sortByDue puts what is due next first.
func sortByDue(list []Promise) {
	slices.SortFunc(list, func(a, b Promise) int {
		return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.ID, b.ID))
	})
}
