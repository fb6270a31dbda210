package vntext_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"hoà bình": "hoa binh", "Hòa Bình": "hoa binh", norm.NFD.String("Hòa Bình"): "hoa binh", "hoa binh": "hoa binh",
		"  Xã\tNghi  Kim \n":           "xa nghi kim",
		"Phường Trường Vinh":           "phuong truong vinh",
		"ĐẮK LẮK":                      "dak lak",
		"Ðà Nẵng":                      "da nang", // with the Icelandic letter of old files
		"a\u00a0b":                     "a b",
		"Mặt\u200b trận\ufeff":         "mat tran",
		"ỂễỆ ƯỨự ƠỜợ":                  "eee uuu ooo",
		"Số 12/QĐ-MTTQ":                "so 12/qd-mttq",
		"Ünïcode Łódź":                 "unicode łodz",
		"":                             "",
		" \u0301 ":                     "",
		"東京 Đông Kinh":                 "東京 dong kinh",
		"hoa\x00binh":                  "hoa binh",
		"İstanbul":                     "istanbul",
		"Thuỷ":                         "thuy",
		strings.Repeat("Ệ ", 3) + "日本": "e e e 日本",
	} {
		if got := vntext.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFoldTone(t *testing.T) {
	for in, want := range map[string]string{
		"hoà bình": "hòa bình", "Hoà Bình": "Hòa Bình", "HOÀ BÌNH": "HÒA BÌNH", norm.NFD.String("thuỷ lợi"): "thủy lợi",
		"thủy": "thủy", "uỷ ban": "ủy ban", "Uỷ ban": "Ủy ban", "loè loẹt": "lòe loẹt", "quý": "quý", "qúy": "quý", "QÚY": "QUÝ",
		"hoàn": "hoàn", "xoài": "xoài", "khuỷu": "khuỷu", "huỳnh": "huỳnh", "ngoèo": "ngoèo", "quỷ": "quỷ", "toà án": "tòa án",
		"khoẻ": "khỏe", "già": "già", "hóa": "hóa", "plain text": "plain text", "oà": "òa", "xã Nghi Hoà, Hoà.": "xã Nghi Hòa, Hòa.",
	} {
		if got := vntext.FoldTone(in); got != want {
			t.Errorf("FoldTone(%q) = %q, want %q", in, got, want)
		}
		if !vntext.SameTone(in, want) {
			t.Errorf("SameTone(%q, %q) is false", in, want)
		}
	}
	if vntext.SameTone("hoà", "hoá") || vntext.SameTone("hoà", "hoa") || vntext.SameTone("Hoà", "hòa") {
		t.Error("another tone, no tone or another case is not the same")
	}
}

func TestSortOrder(t *testing.T) {
	want := []string{"an", "ăn", "ân", "ba", "bà", "bả", "bã", "bá", "bạ", "ca", "da", "đa", "em", "êm", "hòa", "hỏa", "om", "ôm", "ơm", "um", "ưm", "ý", "Zê"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int { return strings.Compare(vntext.SortKey(a), vntext.SortKey(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("by key:     %v\nwant:       %v", got, want)
	}
	slices.Reverse(got)
	slices.SortFunc(got, vntext.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("by Compare: %v\nwant:       %v", got, want)
	}
	if vntext.SortKey("hoà") != vntext.SortKey("hòa") || vntext.Compare("thuỷ", "thủy") != 0 {
		t.Error("tone placement must not change the order")
	}
	for _, c := range vntext.SortKey("Đắk Lắk") {
		if !strings.ContainsRune("0123456789abcdef", c) {
			t.Fatalf("key has %q: it would not be safe in a text column", c)
		}
	}
}

func TestNameSortKey(t *testing.T) {
	want := []string{"Trần Văn An", "Lê Thị Bình", "Nguyễn Bình", "Nguyễn Văn Đạt", "Vũ"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int { return strings.Compare(vntext.NameSortKey(a), vntext.NameSortKey(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{
		0: "không", 1: "một", 4: "bốn", 5: "năm", 10: "mười", 11: "mười một", 14: "mười bốn", 15: "mười lăm", 20: "hai mươi",
		21: "hai mươi mốt", 24: "hai mươi tư", 25: "hai mươi lăm", 44: "bốn mươi tư", 55: "năm mươi lăm", 91: "chín mươi mốt",
		100: "một trăm", 101: "một trăm linh một", 104: "một trăm linh bốn", 105: "một trăm linh năm", 110: "một trăm mười",
		111: "một trăm mười một", 115: "một trăm mười lăm", 121: "một trăm hai mươi mốt", 555: "năm trăm năm mươi lăm",
		1_000: "một nghìn", 1_005: "một nghìn không trăm linh năm", 1_015: "một nghìn không trăm mười lăm", 21_000: "hai mươi mốt nghìn",
		2_026: "hai nghìn không trăm hai mươi sáu", 1_000_005: "một triệu không trăm linh năm", 1_001_000: "một triệu không trăm linh một nghìn",
		1_000_000_000: "một tỷ", 1_000_000_001: "một tỷ không trăm linh một", 1_050_000_000: "một tỷ không trăm năm mươi triệu",
		12_000_000_000_000: "mười hai nghìn tỷ", -21: "âm hai mươi mốt",
		3_000_000_000_000_000_000: "ba tỷ tỷ",
		math.MinInt64: "âm chín tỷ hai trăm hai mươi ba triệu ba trăm bảy mươi hai nghìn không trăm ba mươi sáu tỷ " +
			"tám trăm năm mươi tư triệu bảy trăm bảy mươi lăm nghìn tám trăm linh tám",
	} {
		if got := vntext.Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct {
		d           clock.Date
		words, line string
	}{
		{"2026-09-02", "ngày mùng hai tháng chín năm hai nghìn không trăm hai mươi sáu", "ngày 02 tháng 9 năm 2026"},
		{"2026-04-15", "ngày mười lăm tháng tư năm hai nghìn không trăm hai mươi sáu", "ngày 15 tháng 4 năm 2026"},
		{"2026-01-31", "ngày ba mươi mốt tháng một năm hai nghìn không trăm hai mươi sáu", "ngày 31 tháng 01 năm 2026"},
		{"1945-02-10", "ngày mùng mười tháng hai năm một nghìn chín trăm bốn mươi lăm", "ngày 10 tháng 02 năm 1945"},
		{"2026-10-21", "ngày hai mươi mốt tháng mười năm hai nghìn không trăm hai mươi sáu", "ngày 21 tháng 10 năm 2026"},
		{"2026-02-31", "", ""}, {"", "", ""},
	} {
		if got := vntext.DateWords(c.d); got != c.words {
			t.Errorf("DateWords(%s) = %q, want %q", c.d, got, c.words)
		}
		if got := vntext.DateLine(c.d); got != c.line {
			t.Errorf("DateLine(%s) = %q, want %q", c.d, got, c.line)
		}
	}
}

func TestFormatInt(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1_000: "1.000", 1_234_567: "1.234.567", -1_234: "-1.234", -999: "-999",
		math.MaxInt64: "9.223.372.036.854.775.807", math.MinInt64: "-9.223.372.036.854.775.808",
	} {
		if got := vntext.FormatInt(n); got != want {
			t.Errorf("FormatInt(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestLengthCountsLetters(t *testing.T) {
	for in, want := range map[string]int{"": 0, "abc": 3, "Hòa Bình": 8, norm.NFD.String("Hòa Bình"): 8, "đường": 5, "👍": 1} {
		if got := vntext.Length(in); got != want {
			t.Errorf("Length(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestTruncate(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"Mặt trận Tổ quốc", 16, "Mặt trận Tổ quốc"},
		{"Mặt trận Tổ quốc", 15, "Mặt trận Tổ…"},
		{"Mặt trận Tổ quốc", 12, "Mặt trận Tổ…"},
		{"Mặt trận Tổ quốc", 11, "Mặt trận…"},
		{"Mặt trận, Tổ quốc", 11, "Mặt trận…"},
		{norm.NFD.String("Mặt trận Tổ quốc"), 16, "Mặt trận Tổ quốc"},
		{"abcdefghij", 5, "abcd…"},
		{"abcdefghij", 1, "…"},
		{"abc", 0, ""}, {"", 5, ""}, {"abc", -1, ""},
	} {
		if got := vntext.Truncate(c.in, c.n); got != c.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestSlug(t *testing.T) {
	for in, want := range map[string]string{
		"Phường Trường Vinh": "phuong-truong-vinh", "  Xã  Đô Lương!": "xa-do-luong", "12/QĐ-MTTQ (2026)": "12-qd-mttq-2026",
		"---": "", "日本": "", "Ủy ban MTTQ – Nghệ An": "uy-ban-mttq-nghe-an",
	} {
		if got := vntext.Slug(in); got != want {
			t.Errorf("Slug(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTokens(t *testing.T) {
	got := vntext.Tokens("Đường Nguyễn Văn Linh, đoạn qua khối 3 (phường)!")
	want := []string{"duong", "nguyen", "van", "linh", "doan", "qua", "khoi", "3", "phuong"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestExcerpt(t *testing.T) {
	text := "Nhân dân đề nghị thành phố sửa chữa mặt đường Nguyễn Văn Linh đoạn qua khối 3 vì ngập nước thường xuyên, gây nguy hiểm cho học sinh."
	for _, c := range []struct {
		query string
		n     int
		want  string
	}{
		{"ngap nuoc", 40, "…khối 3 vì ngập nước thường xuyên, gây…"},
		{"khong co tu nao", 40, "Nhân dân đề nghị thành phố sửa chữa mặt…"},
		{"", 20, "Nhân dân đề nghị…"},
		{"nhan dan", 24, "Nhân dân đề nghị thành…"},
		{"hoc sinh", 40, "…xuyên, gây nguy hiểm cho học sinh."},
		{"x", 500, text},
	} {
		if got := vntext.Excerpt(text, c.query, c.n); got != c.want {
			t.Errorf("Excerpt(%q, %d) = %q, want %q", c.query, c.n, got, c.want)
		}
	}
}

func TestSimilarity(t *testing.T) {
	a := "Đề nghị thành phố sửa chữa mặt đường Nguyễn Văn Linh đoạn qua khu phố 3 vì ngập nước thường xuyên gây nguy hiểm"
	b := "de nghi thanh pho sua chua mat duong Nguyen Van Linh doan qua khu pho 3 do ngap nuoc thuong xuyen rat nguy hiem"
	c := "Hỏi về thủ tục nhận hỗ trợ nhà Đại đoàn kết cho hộ nghèo"
	if s := vntext.Similarity(a, a); s != 1 {
		t.Errorf("a with itself: %v", s)
	}
	if s := vntext.Similarity(a, b); s < 0.8 {
		t.Errorf("two wordings of one question: %v", s)
	}
	if s := vntext.Similarity(a, c); s > 0.3 {
		t.Errorf("two questions: %v", s)
	}
	if vntext.Similarity("", "") != 0 || vntext.Similarity("a", "") != 0 || vntext.Similarity("Hoà", "hòa") != 1 {
		t.Error("edges")
	}
	if vntext.Similarity("mặt trận", "trận mặt") >= 1 {
		t.Error("another order is not the same text")
	}
}
