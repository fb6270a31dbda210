package speech

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// units of measure and money, as written after a number.
var units = map[string]string{
	"km²": "ki lô mét vuông", "km2": "ki lô mét vuông", "m²": "mét vuông", "m2": "mét vuông", "m³": "mét khối", "m3": "mét khối",
	"km": "ki lô mét", "m": "mét", "cm": "xăng ti mét", "mm": "mi li mét", "ha": "héc ta",
	"kg": "ki lô gam", "g": "gam", "gr": "gam", "mg": "mi li gam", "l": "lít", "ml": "mi li lít",
	"kWh": "ki lô oát giờ", "kW": "ki lô oát", "MW": "mê ga oát", "kV": "ki lô vôn", "°C": "độ xê", "ºC": "độ xê", "°": "độ",
	"đ": "đồng", "đồng": "đồng", "VND": "đồng", "VNĐ": "đồng", "vnđ": "đồng", "₫": "đồng", "USD": "đô la Mỹ", "tr": "triệu",
}

// per are further words after the stroke in "60 km/h" and "50.000 đ/người".
var per = []string{"h", "người", "hộ", "tháng", "năm", "ngày", "suất", "lượt", "tấn"}

func unitPattern() string {
	names := make([]string, 0, len(units))
	for u := range units {
		names = append(names, regexp.QuoteMeta(u))
	}
	slices.SortFunc(names, func(a, b string) int { // the longest first
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return strings.Join(names, "|")
}

func perPattern() string { return strings.Join(per, "|") }

// longForms are abbreviations with signs in them, written out before anything else looks at the text.
var longForms = table(map[string]string{
	"TP.HCM": "thành phố Hồ Chí Minh", "TPHCM": "thành phố Hồ Chí Minh", "TP. HCM": "thành phố Hồ Chí Minh", "Tp.HCM": "thành phố Hồ Chí Minh",
	"TNCS HCM": "Thanh niên Cộng sản Hồ Chí Minh", "KT-XH": "kinh tế xã hội", "VH-XH": "văn hoá xã hội", "GD&ĐT": "giáo dục và đào tạo", "GD-ĐT": "giáo dục và đào tạo",
	"LĐ-TB&XH": "lao động, thương binh và xã hội", "NN&PTNT": "nông nghiệp và phát triển nông thôn", "TN&MT": "tài nguyên và môi trường",
	"TP.": "thành phố", "Tp.": "thành phố", "TX.": "thị xã", "Tx.": "thị xã", "TT.": "thị trấn", "P.": "phường", "Q.": "quận", "H.": "huyện",
	"v/v": "về việc", "V/v": "về việc", "v.v": "vân vân", "ĐT:": "điện thoại:", "SĐT:": "số điện thoại:", "Đ/c": "đồng chí", "đ/c": "đồng chí",
	"PGS.TS": "phó giáo sư tiến sĩ", "GS.TS": "giáo sư tiến sĩ", "ThS.": "thạc sĩ", "TS.": "tiến sĩ", "BS.": "bác sĩ",
})

// shortForms are abbreviations of letters alone.
var shortForms = table(map[string]string{
	"UBND": "Ủy ban nhân dân", "HĐND": "Hội đồng nhân dân", "MTTQ": "Mặt trận Tổ quốc", "UBMTTQ": "Ủy ban Mặt trận Tổ quốc", "UBMTTQVN": "Ủy ban Mặt trận Tổ quốc Việt Nam",
	"UBMT": "Ủy ban Mặt trận", "MTTQVN": "Mặt trận Tổ quốc Việt Nam", "BCTMT": "Ban công tác Mặt trận", "CTMT": "công tác Mặt trận", "BTT": "Ban Thường trực",
	"BTV": "Ban Thường vụ", "BCH": "Ban Chấp hành", "BCĐ": "Ban Chỉ đạo", "BTC": "Ban Tổ chức", "TTND": "thanh tra nhân dân", "GSĐTCĐ": "giám sát đầu tư của cộng đồng",
	"ĐBQH": "đại biểu Quốc hội", "QH": "Quốc hội", "TW": "Trung ương", "TTg": "Thủ tướng Chính phủ", "TP": "thành phố", "TX": "thị xã", "TDP": "tổ dân phố", "KDC": "khu dân cư",
	"NTM": "nông thôn mới", "ĐĐK": "đại đoàn kết", "CĐ": "cộng đồng", "CCB": "cựu chiến binh", "ND": "nhân dân", "LHPN": "Liên hiệp Phụ nữ", "TNCS": "Thanh niên Cộng sản",
	"HCM": "Hồ Chí Minh", "VN": "Việt Nam", "CNXH": "chủ nghĩa xã hội", "XHCN": "xã hội chủ nghĩa", "CNH": "công nghiệp hoá", "HĐH": "hiện đại hoá",
	"BHYT": "bảo hiểm y tế", "BHXH": "bảo hiểm xã hội", "BHTN": "bảo hiểm thất nghiệp", "CCCD": "căn cước công dân", "CMND": "chứng minh nhân dân", "GPMB": "giải phóng mặt bằng",
	"THCS": "trung học cơ sở", "THPT": "trung học phổ thông", "GDTX": "giáo dục thường xuyên", "ĐH": "đại học", "CLB": "câu lạc bộ", "HTX": "hợp tác xã", "TNHH": "trách nhiệm hữu hạn",
	"PCCC": "phòng cháy chữa cháy", "PCTT": "phòng chống thiên tai", "TKCN": "tìm kiếm cứu nạn", "ATGT": "an toàn giao thông", "ANTT": "an ninh trật tự", "ANTQ": "an ninh Tổ quốc",
	"VSMT": "vệ sinh môi trường", "ATTP": "an toàn thực phẩm", "VSATTP": "vệ sinh an toàn thực phẩm", "TTHC": "thủ tục hành chính", "CNTT": "công nghệ thông tin", "DVC": "dịch vụ công",
	"NVH": "nhà văn hoá", "TDTT": "thể dục thể thao", "SĐT": "số điện thoại", "ĐT": "điện thoại", "STT": "số thứ tự", "QL": "quốc lộ", "TL": "tỉnh lộ",
	"GS": "giáo sư", "PGS": "phó giáo sư", "TS": "tiến sĩ", "ThS": "thạc sĩ", "BS": "bác sĩ", "PCT": "phó chủ tịch", "CT": "chủ tịch", "Zalo": "da lô", "Facebook": "phây búc", "QR": "quy e", "VNeID": "vê en e ai đi",
})

// kinds are the kinds of document in a document's number, and issuers those who issue it.
var (
	kinds = map[string]string{"NQ": "nghị quyết", "QĐ": "quyết định", "CT": "chỉ thị", "TT": "thông tư", "TTLT": "thông tư liên tịch", "NĐ": "nghị định", "TB": "thông báo", "KH": "kế hoạch",
		"BC": "báo cáo", "HD": "hướng dẫn", "CV": "công văn", "KL": "kết luận", "QC": "quy chế", "QCPH": "quy chế phối hợp", "TTr": "tờ trình", "CTr": "chương trình", "ĐA": "đề án", "QyĐ": "quy định", "GM": "giấy mời"}
	issuers = map[string]string{"CP": "Chính phủ", "TTg": "Thủ tướng Chính phủ", "TW": "Trung ương", "UBTVQH": "Ủy ban Thường vụ Quốc hội", "MTTW": "Ủy ban Trung ương Mặt trận Tổ quốc", "MTTQ": "Mặt trận Tổ quốc",
		"MT": "Mặt trận", "BTT": "Ban Thường trực", "TU": "Tỉnh ủy", "HU": "Huyện ủy", "ĐU": "Đảng ủy", "BTV": "Ban Thường vụ", "UBND": "Ủy ban nhân dân", "HĐND": "Hội đồng nhân dân", "MTTQVN": "Mặt trận Tổ quốc Việt Nam"}
	assembly = regexp.MustCompile(`^(QH|UBTVQH)(\d{1,2})$`)
)

// documentNumber reads "19/2025/QĐ-TTg": number, year, kind (unless the text has just said it) and who issued it.
func documentNumber(m []string, before string) string {
	out := number(m[1])
	if m[2] != "" {
		out += " năm " + number(m[2])
	}
	said := vntext.Fold(tail(before, 60))
	var from []string
	for _, part := range strings.FieldsFunc(m[3], func(r rune) bool { return r == '-' || r == '–' }) {
		if k := kinds[part]; k != "" {
			if !strings.Contains(said, vntext.Fold(k)) {
				out += ", " + k
			}
			continue
		}
		if q := assembly.FindStringSubmatch(part); q != nil {
			who := "Quốc hội"
			if q[1] == "UBTVQH" {
				who = issuers[q[1]]
			}
			from = append(from, who+" khoá "+number(q[2]))
			continue
		}
		who := issuers[part]
		if who == "" {
			who = spell(part)
		}
		from = append(from, who)
	}
	if len(from) > 0 {
		out += " của " + strings.Join(from, ", ")
	}
	return out
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[len(s)-n:], "")
}

// entry is one abbreviation with its words.
type entry struct{ short, words string }

// table sorts abbreviations by length, so that the longest wins.
func table(m map[string]string) []entry {
	out := make([]entry, 0, len(m))
	for k, v := range m {
		out = append(out, entry{vntext.NFC(k), vntext.NFC(v)})
	}
	slices.SortFunc(out, func(a, b entry) int {
		if len(a.short) != len(b.short) {
			return len(b.short) - len(a.short)
		}
		return strings.Compare(a.short, b.short)
	})
	return out
}

// abbreviations writes out those of the table that stand by themselves.
func abbreviations(s string, forms []entry) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		if unicode.IsLetter(r) && !joins(before) {
			if e, ok := longest(s[i:], forms); ok {
				b.WriteString(e.words)
				i += len(e.short)
				if i < len(s) && endsInLetter(e.words) {
					if next, _ := utf8.DecodeRuneInString(s[i:]); joins(next) {
						b.WriteByte(' ')
					}
				}
				continue
			}
		}
		b.WriteString(s[i : i+n])
		i += n
	}
	return b.String()
}

func longest(s string, forms []entry) (entry, bool) {
	for _, e := range forms {
		if !strings.HasPrefix(s, e.short) {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(e.short)
		next, _ := utf8.DecodeRuneInString(s[len(e.short):])
		if len(s) > len(e.short) && joins(last) && joins(next) {
			continue
		}
		if last == '.' && !unicode.IsLetter(next) && next != ' ' { // the end of a sentence, "nhóm P."
			continue
		}
		return e, true
	}
	return entry{}, false
}

// letters are the names of the letters.
var letters = map[rune]string{
	'a': "a", 'ă': "á", 'â': "ớ", 'b': "bê", 'c': "xê", 'd': "dê", 'đ': "đê", 'e': "e", 'ê': "ê", 'f': "ép phờ", 'g': "giê", 'h': "hát", 'i': "i", 'j': "gi", 'k': "ca", 'l': "e lờ",
	'm': "em mờ", 'n': "en nờ", 'o': "o", 'ô': "ô", 'ơ': "ơ", 'p': "pê", 'q': "quy", 'r': "e rờ", 's': "ét sì", 't': "tê", 'u': "u", 'ư': "ư", 'v': "vê", 'w': "vê kép", 'x': "ích xì", 'y': "i dài", 'z': "dét",
}

// spell names each letter and reads each digit of a word.
func spell(s string) string {
	var out []string
	for _, r := range strings.ToLower(s) {
		switch name := letters[r]; {
		case name != "":
			out = append(out, name)
		case r >= '0' && r <= '9':
			out = append(out, vntext.Number(int64(r-'0')))
		case unicode.IsLetter(r):
			out = append(out, string(r))
		}
	}
	return strings.Join(out, " ")
}

var (
	wordRE   = regexp.MustCompile(`[\p{L}\p{M}]+`)
	spacesRE = regexp.MustCompile(`\s+`)
	beforeRE = regexp.MustCompile(`\s+([,.;:!?…)])`)
	twiceRE  = regexp.MustCompile(`([,.;:!?])[,;:]+`)
)

// signs that are said, or that only the eye needs.
var signs = strings.NewReplacer("&", " và ", "+", " cộng ", "=", " bằng ", "/", ", ", " - ", ", ", " – ", ", ", " — ", ", ", "“", "", "”", "", `"`, "", "«", "", "»", "", "(", ", ", ")", ", ",
	"[", ", ", "]", ", ", "*", " ", "_", " ", "#", " ", "|", ", ", "<", " ", ">", " ", "\\", " ", "•", " ", "²", " bình phương ", "³", " lập phương ", "%", " phần trăm ", "\ufeff", "")

// tidy says what is left of capitals, signs and stray digits.
func tidy(s string) string {
	s = signs.Replace(s)
	s = wordRE.ReplaceAllStringFunc(s, func(w string) string {
		if utf8.RuneCountInString(w) < 2 || strings.ToUpper(w) != w {
			return w
		}
		if strings.ContainsAny(vntext.FoldTone(strings.ToLower(w)), "aăâeêioôơuưy") {
			return strings.ToLower(w) // a heading in capitals is read as words
		}
		return spell(w)
	})
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case unicode.IsNumber(r), unicode.IsControl(r), unicode.Is(unicode.So, r):
			return ' '
		}
		return r
	}, s)
	s = strayRE.ReplaceAllStringFunc(s, func(d string) string { return " " + digits(d) + " " })
	s = spacesRE.ReplaceAllString(s, " ")
	s = beforeRE.ReplaceAllString(s, "$1")
	s = twiceRE.ReplaceAllString(s, "$1")
	return strings.Trim(s, " ,;")
}

var strayRE = regexp.MustCompile(`[0-9]+`)
