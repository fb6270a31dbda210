package vntext

import (
	"strings"

	"github.com/nhipcau/nhipcau/internal/clock"
)

var digitWords = [...]string{"không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"}

const billion = 1_000_000_000

// Number writes n in Vietnamese words, lower case, as on a receipt: 105 is "một trăm linh năm", 21 "hai mươi mốt", 15
// "mười lăm", 24 "hai mươi tư", 1000005 "một triệu không trăm linh năm". A group of three zeros is passed over in silence.
func Number(n int64) string {
	if n < 0 {
		return "âm " + numberWords(-uint64(n))
	}
	return numberWords(uint64(n))
}

func numberWords(n uint64) string {
	if n == 0 {
		return digitWords[0]
	}
	return strings.Join(appendNumber(nil, n, false), " ")
}

// appendNumber adds the words of n > 0. With full set, larger groups went before, so the hundreds are said even when zero.
func appendNumber(w []string, n uint64, full bool) []string {
	if n >= billion {
		w = append(appendNumber(w, n/billion, full), "tỷ")
		n, full = n%billion, true
	}
	for _, group := range []struct {
		unit uint64
		name string
	}{{1_000_000, "triệu"}, {1_000, "nghìn"}, {1, ""}} {
		v := n / group.unit % 1000
		if v == 0 {
			continue
		}
		w = appendHundreds(w, int(v), full)
		if group.name != "" {
			w = append(w, group.name)
		}
		full = true
	}
	return w
}

// appendHundreds adds the words of 1 ≤ v ≤ 999.
func appendHundreds(w []string, v int, full bool) []string {
	hundreds, tens, units := v/100, v/10%10, v%10
	if hundreds > 0 || full {
		w = append(w, digitWords[hundreds], "trăm")
		full = true
	}
	switch {
	case tens == 0 && units == 0:
		return w
	case tens == 0:
		if full {
			w = append(w, "linh")
		}
		return append(w, digitWords[units])
	case tens == 1:
		w = append(w, "mười")
	default:
		w = append(w, digitWords[tens], "mươi")
	}
	switch {
	case units == 0:
		return w
	case units == 5:
		return append(w, "lăm")
	case units == 1 && tens > 1:
		return append(w, "mốt")
	case units == 4 && tens > 1:
		return append(w, "tư")
	}
	return append(w, digitWords[units])
}

// DateWords writes a day out for minutes and certificates: 2/9/2026 is "ngày mùng hai tháng chín năm hai nghìn không trăm
// hai mươi sáu". The first ten days carry "mùng", the fourth month is "tháng tư". An invalid date gives "".
func DateWords(d clock.Date) string {
	year, month, day, ok := split(d)
	if !ok {
		return ""
	}
	dayWords := Number(int64(day))
	if day <= 10 {
		dayWords = "mùng " + dayWords
	}
	monthWords := Number(int64(month))
	if month == 4 {
		monthWords = "tư"
	}
	return "ngày " + dayWords + " tháng " + monthWords + " năm " + Number(int64(year))
}

// DateLine writes a day as on the head of a document: "ngày 02 tháng 9 năm 2026". Days below 10 and the months 1 and 2
// carry a zero (Decree 30/2020/NĐ-CP, Annex I, part II, point 4). An invalid date gives "".
func DateLine(d clock.Date) string {
	_, month, _, ok := split(d)
	if !ok {
		return ""
	}
	text := string(d)
	m := text[5:7]
	if month > 2 {
		m = strings.TrimPrefix(m, "0")
	}
	return "ngày " + text[8:10] + " tháng " + m + " năm " + text[0:4]
}

func split(d clock.Date) (year, month, day int, ok bool) {
	if !d.Valid() {
		return 0, 0, 0, false
	}
	t := d.Time().In(clock.Vietnam)
	return t.Year(), int(t.Month()), t.Day(), true
}
