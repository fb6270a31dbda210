package speech_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/loudspeaker/speech"
)

func TestExpand(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"Có 105 hộ và 21 khối", "Có một trăm linh năm hộ và hai mươi mốt khối"},
		{"1.234.567 người", "một triệu hai trăm ba mươi tư nghìn năm trăm sáu mươi bảy người"},
		{"cao 12,5 m", "cao mười hai phẩy năm mét"},
		{"đạt 98,05%", "đạt chín mươi tám phẩy không năm phần trăm"},
		{"tăng 5-7% so với 2025", "tăng năm đến bảy phần trăm so với hai nghìn không trăm hai mươi lăm"},
		{"Ngày 23/11/2026, mời bà con", "ngày hai mươi ba tháng mười một năm hai nghìn không trăm hai mươi sáu, mời bà con"},
		{"dịp 2/9 năm nay", "dịp ngày mùng hai tháng chín năm nay"},
		{"từ 20-23/11/2026", "từ ngày hai mươi đến ngày hai mươi ba tháng mười một năm hai nghìn không trăm hai mươi sáu"},
		{"tháng 4/2026", "tháng tư năm hai nghìn không trăm hai mươi sáu"},
		{"ngày 31/02/2026", "ngày ba mươi mốt, tháng hai năm hai nghìn không trăm hai mươi sáu"},
		{"lúc 7h30 sáng thứ 4", "lúc bảy giờ ba mươi phút sáng thứ tư"},
		{"8 giờ 00 phút, 19:05", "tám giờ, mười chín giờ năm phút"},
		{"14h chiều", "mười bốn giờ chiều"},
		{"ủng hộ 1.500.000đ", "ủng hộ một triệu năm trăm nghìn đồng"},
		{"50.000 đ/người", "năm mươi nghìn đồng một người"},
		{"hơn 1,5 tỷ đồng", "hơn một phẩy năm tỷ đồng"},
		{"đường dài 3km, rộng 5 m, 120m² đất, 2 km²", "đường dài ba ki lô mét, rộng năm mét, một trăm hai mươi mét vuông đất, hai ki lô mét vuông"},
		{"gió 60 km/h", "gió sáu mươi ki lô mét trên giờ"},
		{"gọi 0238 384 0001", "gọi không hai ba tám, ba tám bốn, không không không một"},
		{"SĐT: 0912345678", "số điện thoại: không chín một hai, ba bốn năm, sáu bảy tám"},
		{"tổng đài 19001022", "tổng đài một chín không không, một không hai hai"},
		{"UBND và HĐND xã", "Ủy ban nhân dân và Hội đồng nhân dân xã"},
		{"Ủy ban MTTQ TP. Vinh", "Ủy ban Mặt trận Tổ quốc thành phố Vinh"},
		{"TP.Vinh, P.Trường Vinh", "thành phố Vinh, phường Trường Vinh"},
		{"Trưởng BCTMT xóm 3", "Trưởng Ban công tác Mặt trận xóm ba"},
		{"số nhà 12/4B ngõ 5", "số nhà mười hai trên bốn bê ngõ năm"},
		{"số 25A đường Lê Mao", "số hai mươi lăm a đường Lê Mao"},
		{"Quyết định số 19/2025/QĐ-TTg", "Quyết định số mười chín năm hai nghìn không trăm hai mươi lăm của Thủ tướng Chính phủ"},
		{"theo 15/NQ-HĐND", "theo mười lăm, nghị quyết của Hội đồng nhân dân"},
		{"Luật số 91/2025/QH15", "Luật số chín mươi mốt năm hai nghìn không trăm hai mươi lăm của Quốc hội khoá mười lăm"},
		{"Đại hội lần thứ XIV", "Đại hội lần thứ mười bốn"},
		{"nhiệm kỳ 2026-2031", "nhiệm kỳ hai nghìn không trăm hai mươi sáu đến hai nghìn không trăm ba mươi mốt"},
		{"2/3 số hộ", "hai phần ba số hộ"},
		{"THÔNG BÁO họp", "thông báo họp"},
		{"xe BKS", "xe bê ca ét sì"},
		{"xem https://mattran.nghean.example/tin/hop-dan.", "xem mattran chấm nghean chấm example"},
		{"Gạo, mắm (5 kg) & muối", "Gạo, mắm, năm ki lô gam, và muối"},
		{"số 0000123", "số không không không không một hai ba"},
		{"một\nhai  ba", "một\nhai ba"},
		{"A1 B2", "A một B hai"},
	} {
		if got := speech.Expand(c.in); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.in, got, c.want)
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{"UBND 7h30 ngày 23/11/2026", "1.2.3/4-5%", "số 12/4B", "0238 384 0001", "19/2025/QĐ-TTg", "thứ IV", "https://a.vn/x", "\xff1", "٣ m²", "50đ/kg", "e\u0301 9", "99999999999999999999", "20-23/11", "24h59 25h00", "0,0 ,0 .5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2000 {
			s = s[:2000]
		}
		out := speech.Expand(s)
		if !utf8.ValidString(out) {
			t.Fatalf("%q: not valid text: %q", s, out)
		}
		if i := strings.IndexFunc(out, unicode.IsDigit); i >= 0 {
			t.Fatalf("%q: a digit is left: %q", s, out)
		}
		for _, w := range strings.FieldsFunc(out, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
			if w == "UBND" || w == "MTTQ" {
				t.Fatalf("%q: an abbreviation is left: %q", s, out)
			}
		}
		if len(out) > 60*len(s)+60 {
			t.Fatalf("%q grew to %d bytes", s, len(out))
		}
		if again := speech.Expand(s); again != out {
			t.Fatalf("%q: twice gives two texts", s)
		}
	})
}
