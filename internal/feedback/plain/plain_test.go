package plain_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/feedback/plain"
)

func TestRead(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want []string // kind:words
		ease [2]int   // between
	}{
		"a good letter":        {"Cảm ơn bà đã báo tin. Đèn đường sẽ được thay trước ngày 10/12/2026. Xin bà báo lại nếu đèn còn hỏng.", nil, [2]int{90, 100}},
		"a number is no end":   {"Mức hỗ trợ là 1.250.000 đ mỗi hộ.", nil, [2]int{90, 100}},
		"an abbreviation":      {"Việc GPMB chưa xong.", []string{"abbr:GPMB"}, [2]int{90, 100}},
		"explained before":     {"Việc giải phóng mặt bằng (GPMB) chưa xong. GPMB xong thì làm.", nil, [2]int{90, 100}},
		"explained behind":     {"Theo BQLDA (Ban quản lý dự án) thì tháng 12 xong.", nil, [2]int{90, 100}},
		"known ones":           {"UBND phường trả lời theo Nghị định 20/2008/NĐ-CP.", nil, [2]int{90, 100}},
		"number of a document": {"Theo Quyết định 33/2017/QĐ-TTg và 12/KH-MTTQ-BTT.", nil, [2]int{90, 100}},
		"words of offices":     {"Cơ quan chức năng sẽ khẩn trương triển khai thực hiện.", []string{"jargon:triển khai thực hiện", "jargon:khẩn trương", "jargon:cơ quan chức năng"}, [2]int{70, 90}},
		"empty":                {" \n ", nil, [2]int{100, 100}},
	} {
		t.Run(name, func(t *testing.T) {
			r := plain.Read(tc.text)
			var got []string
			for _, a := range r.Advice {
				got = append(got, string(a.Kind)+":"+a.Words)
			}
			if strings.Join(got, "|") != strings.Join(tc.want, "|") {
				t.Errorf("advice %q, want %q", got, tc.want)
			}
			if r.Ease < tc.ease[0] || r.Ease > tc.ease[1] {
				t.Errorf("ease %d, want %v", r.Ease, tc.ease)
			}
		})
	}
	long := plain.Read(strings.Repeat("việc này rất dài dòng ", 30))
	if len(long.Advice) != 1 || long.Advice[0].Kind != plain.LongSentence || long.Advice[0].Count != 150 || long.Ease != 0 {
		t.Errorf("a long sentence: %+v", long)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Việc GPMB (giải phóng) 1.250.000 đ. \n…")
	f.Add("\xff;Á")
	f.Fuzz(func(t *testing.T, s string) {
		r := plain.Read(s)
		if r.Ease < 0 || r.Ease > 100 {
			t.Errorf("ease %d", r.Ease)
		}
		for _, a := range r.Advice {
			if utf8.ValidString(s) && !utf8.ValidString(a.Words) {
				t.Errorf("cut inside a letter: %q", a.Words)
			}
		}
	})
}
