// Package masking finds what looks like personal data in a Vietnamese text - telephone and identity numbers, addresses, names
// - and puts the word for it in its place. It finds too much rather than too little; a person looks at what it did.
package masking

import (
	"regexp"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Kind is what sort of personal data a rule found.
type Kind string

// The sorts of personal data the rules know.
const (
	FoundPhone   Kind = "phone"
	FoundID      Kind = "id_number" // identity card (9 or 12 digits), health insurance number
	FoundAccount Kind = "account"   // a long number, most likely of a bank account
	FoundEmail   Kind = "email"
	FoundAddress Kind = "address" // a house number in a street or lane
	FoundName    Kind = "name"    // "tôi là …", "ông Nguyễn …", "Trần Thị …"
	FoundBirth   Kind = "birth"   // day or year of birth
	FoundPlate   Kind = "plate"   // number plate of a vehicle
	FoundPage    Kind = "page"    // a person's own page in a social network
)

// Finding is one place in a text that looks like personal data: text[From:To], in bytes.
type Finding struct {
	Kind     Kind
	From, To int
}

const (
	word    = `[\p{Lu}][\p{L}\p{M}]*`
	houseNo = `\d+[A-Za-z]?(?:/\d+)*`
	street  = `(?:[Đđ]ường|[Pp]hố|[Nn]gõ|[Nn]gách|[Hh]ẻm|[Kk]iệt)`
	gap     = `[ .\-–_/()·…]{0,3}` // what people put between the digits of a number
	digit   = `[\p{Nd}Oo]`         // a letter o is often typed for a zero
	said    = `(?:không|khong|một|mot|hai|ba|bốn|bon|tư|năm|nam|lăm|sáu|sau|bảy|bẩy|bay|tám|tam|chín|chin)`
	// surnames of the Kinh and of the peoples of the north and centre
	surname = `(?:Nguyễn|NGUYỄN|Nguyen|Trần|TRẦN|Tran|Lê|LÊ|Phạm|PHẠM|Pham|Hoàng|HOÀNG|Hoang|Huỳnh|HUỲNH|Phan|PHAN|Vũ|VŨ|Võ|VÕ|Đặng|ĐẶNG|Dang|Bùi|BÙI|Đỗ|ĐỖ|Hồ|HỒ|Ngô|NGÔ|Dương|DƯƠNG|Lý|LÝ|Cao|CAO|Đinh|ĐINH|Trịnh|TRỊNH|` +
		`Đoàn|ĐOÀN|Thái|THÁI|Lương|LƯƠNG|Tô|TÔ|Tạ|TẠ|Chu|CHU|Kiều|KIỀU|Lâm|LÂM|Lưu|LƯU|Quách|QUÁCH|Vi|VI|Lô|LÔ|Lữ|LỮ|Cụt|Moong|Xồng|Lầu|Vừ|Hờ|Lương|Kha|Ốc|Lo|Hà|HÀ|Mai|MAI|Đậu|ĐẬU|Nghiêm|Tống|Đào|ĐÀO|Phùng|PHÙNG|Tăng|Vương)`
)

var personalRules = []struct {
	kind Kind
	re   *regexp.Regexp
	part int // group that is hidden
}{
	{FoundPage, regexp.MustCompile(`(?i)(?:https?://)?(?:www\.|m\.)?(?:facebook\.com|fb\.com|fb\.me|zalo\.me|tiktok\.com|instagram\.com|t\.me)/[^\s,;]+`), 0},
	{FoundEmail, regexp.MustCompile(`(?i)[\p{L}\p{N}._%+\-]+ ?(?:\(at\)|\[at\]|\(a còng\)| a còng )[ ]?[\p{L}\p{N}.\-]+(?:\.| chấm )\p{L}{2,}`), 0},
	{FoundEmail, regexp.MustCompile(`(?i)[\p{L}\p{N}._%+\-]+@[\p{L}\p{N}.\-]+\.\p{L}{2,}`), 0},
	{FoundPhone, regexp.MustCompile(`(?:\+|00)84` + gap + `(?:` + gap + digit + `){8,10}|(?:^|[^\p{L}\p{Nd}])([(]?[0０Oo](?:` + gap + digit + `){8,10})(?:$|[^\p{L}\p{Nd}])`), 1},
	{FoundPhone, regexp.MustCompile(`(?i)(?:^|[^\p{L}])(` + said + `(?:[ ,.\-]+` + said + `){7,})(?:$|[^\p{L}])`), 1},
	{FoundPlate, regexp.MustCompile(`\b\d{2}[ \-]?[A-Z][A-Z0-9]?[ \-]+\d{3}[.]?\d{1,2}\b`), 0},
	{FoundBirth, regexp.MustCompile(`(?i)(?:sinh (?:ngày|năm)|ngày sinh|năm sinh)[ ]*:?[ ]*(\d{1,2}[/.\-]\d{1,2}[/.\-]\d{4}|\d{4})`), 1},
	{FoundAddress, regexp.MustCompile(`(?i)(?:địa chỉ(?: nhà)?(?: của tôi| tôi)?(?: là| ở)?|thường trú(?: tại| ở)?|tạm trú(?: tại| ở)?|trú quán(?: tại)?|trú tại|ngụ tại)[ ]*:?[ ]*([\p{L}\p{N}][^.;!?\n]{3,90})`), 1},
	{FoundAddress, regexp.MustCompile(`(?i)(?:thửa(?: đất)?(?: số)?|tờ bản đồ(?: số)?) \d+`), 0},
	{FoundID, regexp.MustCompile(`\b[A-Z]{2}[ ]?\d(?:[ ]?\d){9,12}\b`), 0},
	{FoundID, regexp.MustCompile(`\b\d{3}[ .]?\d{3}[ .]?\d{3}(?:[ .]?\d{3})?\b`), 0},
	{FoundAccount, regexp.MustCompile(`\b\d{8,19}\b`), 0},
	{FoundAddress, regexp.MustCompile(`(?:[Ss]ố nhà|[Nn]hà số|[Ss]ố)[ ]*` + houseNo + `[ ,]+` + street + `[ ]+[\p{L}\p{N}]+(?:[ ]` + word + `)*`), 0},
	{FoundAddress, regexp.MustCompile(`(?:[Ss]ố nhà|[Nn]hà số)[ ]*` + houseNo), 0},
	{FoundAddress, regexp.MustCompile(`\b` + houseNo + `[ ]+` + street + `[ ]+[\p{L}\p{N}]+(?:[ ]` + word + `)*`), 0},
	{FoundName, regexp.MustCompile(`(?:[Tt]ên tôi là|[Tt]ôi tên là|[Tt]ôi tên|[Tt]ôi là|[Ee]m là|[Cc]háu là|[Hh]ọ và tên|[Hh]ọ tên)[ ]*:?[ ]*(` + word + `(?:[ ]` + word + `){1,4})`), 1},
	{FoundName, regexp.MustCompile(`(?:^|[^\p{L}])(?:[Ôô]ng|[Bb]à|[Aa]nh|[Cc]hị|[Cc]ô|[Cc]hú|[Bb]ác|[Cc]ụ|[Ee]m|[Cc]háu|[Tt]hầy|[Đđ]ồng chí|[Đđ]/c|[Cc]hồng tôi|[Vv]ợ tôi|[Cc]on tôi|[Mm]ẹ tôi|[Bb]ố tôi)(?: là| tên)?[ ]+(` + surname + `(?:[ ]` + word + `){1,4})`), 1},
	{FoundName, regexp.MustCompile(`(?:^|[^\p{L}])(` + surname + `[ ](?:Văn|VĂN|Thị|THỊ|Thi|Hữu|HỮU|Đức|ĐỨC|Xuân|XUÂN|Bá|BÁ|Đình|ĐÌNH|Quang|QUANG|Ngọc|NGỌC|Công|CÔNG|Minh|MINH|Thanh|THANH)(?:[ ]` + word + `){1,3})`), 1},
}

// named are the words before a name that make it the name of a street, a school or a hill.
var named = regexp.MustCompile(`(?i)(?:đường|phố|ngõ|hẻm|trường|thpt|thcs|tiểu học|mầm non|chợ|cầu|bệnh viện|công viên|tượng đài|quảng trường|di tích|khu lưu niệm|giải|cúp|quỹ học bổng|đại lộ|bến xe|sân)[ ]+$`)

// moneyAfter recognises "1.500.000 đồng": digits that are an amount and no identity number.
var moneyAfter = regexp.MustCompile(`(?i)^[ ]*(?:đồng|đ\b|vnđ|vnd|triệu|tỷ|nghìn|m2|m²|ha\b|kg|%)`)

// Find lists what looks like personal data in a Vietnamese text, in order and without overlaps. It finds too much
// rather than too little; a person decides.
func Find(text string) []Finding {
	var all []Finding
	for _, r := range personalRules {
		for _, m := range r.re.FindAllStringSubmatchIndex(text, -1) {
			part := r.part
			if m[2*part] < 0 { // this form of the rule has no group
				part = 0
			}
			f := Finding{Kind: r.kind, From: m[2*part], To: m[2*part+1]}
			if (r.kind == FoundPhone || r.kind == FoundID || r.kind == FoundAccount) && moneyAfter.MatchString(text[f.To:]) {
				continue
			}
			if r.kind == FoundName && named.MatchString(text[:f.From]) {
				continue
			}
			all = append(all, f)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].From < all[j].From })
	var out []Finding
	for _, f := range all {
		if n := len(out); n > 0 && f.From < out[n-1].To {
			out[n-1].To = max(out[n-1].To, f.To)
			continue
		}
		out = append(out, f)
	}
	return out
}

// Mask replaces each finding by the words for its kind, for example "[số điện thoại]".
func Mask(text string, say func(Kind) string) string {
	var b strings.Builder
	at := 0
	for _, f := range Find(text) {
		b.WriteString(text[at:f.From])
		b.WriteString("[" + say(f.Kind) + "]")
		at = f.To
	}
	b.WriteString(text[at:])
	return b.String()
}

// Initials masks a name: "Nguyễn Thị Hà" is "N.T.H."; "" stays "".
func Initials(name string) string {
	var b strings.Builder
	for _, w := range strings.Fields(vntext.NFC(name)) {
		r, _ := utf8.DecodeRuneInString(w)
		if unicode.IsLetter(r) {
			b.WriteRune(unicode.ToUpper(r))
			b.WriteByte('.')
		}
	}
	return b.String()
}

// PhoneTail gives the last three digits of a telephone number; "" when there are fewer than eight digits.
func PhoneTail(phone string) string {
	d := digits(phone)
	if len(d) < 8 {
		return ""
	}
	return d[len(d)-3:]
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// ValidPhone accepts Vietnamese numbers as people write them: 8 to 12 digits with spaces, dots, hyphens, brackets or +84.
func ValidPhone(s string) bool {
	d := digits(s)
	if len(d) < 8 || len(d) > 12 {
		return false
	}
	return strings.Trim(s, "0123456789 .-+()") == ""
}
