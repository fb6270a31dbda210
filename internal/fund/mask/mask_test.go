package mask_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/fund/mask"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// What banks really write, with invented names and numbers.
func TestMemo(t *testing.T) {
	for raw, want := range map[string]string{
		"MBVCB.8301661318.HO THI PHUONG ung ho.CT tu 0609139099603 HO THI PHUONG toi 9990000000001 QUY THU NGHIEM": "H.T.P. ung ho",
		"351819.093786.579754.Tran Anh Huong Ung ho khac phuc hau qua bao so 3 Yagi.FT23194875749118":              "T.A.H. Ung ho khac phuc hau qua bao so 3 Yagi",
		"PARTNER.DIRECT_DEBITS_VCB.MSE.83920193847.18273645091.nguyen van hung chuyen tien ung ho":                 "N.V.H. chuyen tien ung ho",
		"UNG HO DONG BAO SDT 0912345678":                               "UNG HO DONG BAO",
		"Nguyễn Thị Lan ủng hộ đồng bào vùng lũ":                       "N.T.L. ủng hộ đồng bào vùng lũ",
		"NGUYEN DONG BAO ung ho mien bac":                              "N.D.B. ung ho mien bac",
		"Nguyen Gia Dinh ung ho":                                       "N.G.D. ung ho",
		"Gia dinh ung ho ba con vung lu":                               "Gia dinh ung ho ba con vung lu",
		"Tap the lop 12A1 truong THPT ung ho dong bao":                 "Tap the lop 12A1 truong THPT ung ho dong bao",
		"lien he 09 12 34 56 78":                                       "L.H.",
		"goi 0912.345.678 hoac 0912-345-678":                           "G. H.",
		"CCCD 040 085 001 234 ung ho":                                  "ung ho",
		"a.b_c@gmail.com ung ho":                                       "ung ho",
		"lien lac hoa @ gmail . com":                                   "L.L.",
		"ung ho https://fb.com/nguyenvanhung":                          "ung ho",
		"CT DEN:425316789012 NGUYEN THI LAN chuyen tien":               "",
		"NGUYENVANHUNG ung ho":                                         "N. ung ho",
		"Lan":                                                          "L.",
		"BUI HONG YEN Tap the lop ung ho":                              "B.H.Y. Tap the lop ung ho",
		"HOANG THI MAI va con chau gui tang cac em hoc sinh vung cao":  "H.T.M. va con chau gui tang cac em hoc sinh vung cao",
		"Ho Ngoc Ha ung ho":                                            "H.N.H. ung ho",
		"Vo Van Vi ung ho":                                             "V.V.V. ung ho",
		"ủng hộ 500.000 đồng":                                          "ủng hộ đồng",
		"1 x 2 x 3 x 4 x 5 x 6 x 7 x 8":                                "X. X. X. X. X. X. X.",
		"٠٩١٢٣٤٥٦٧٨ ung ho":                                            "ung ho",
		"0912\u200b345\u200b678 ung ho":                                "ung ho",
		"":                                                             "",
		"\x00\xff":                                                     "",
		"Cong ty TNHH Sao Mai Vang ung ho 3 xe gao cho dong bao":       "Cong ty TNHH S.M.V. ung ho 3 xe gao cho dong bao",
		"chuc moi nguoi som vuot qua kho khan":                         "chuc moi nguoi som vuot qua kho khan",
		"NCAB12CD34EF5 ung ho":                                         "ung ho",
		"ONG NGUYEN VAN SAU, XOM DONG, 0383123456, STK 1012345678 VCB": "O.N.V.S. XOM DONG",
	} {
		if got := mask.Memo(raw); got != want {
			t.Errorf("%q\n gives %q\n want  %q", raw, got, want)
		}
	}
}

// A name and what became of it in public give the same search keys.
func TestNamesFindTheirInitials(t *testing.T) {
	asked := strings.Join(mask.Words("nguyen thi lan ung ho"), " ")
	if asked != "~ntl ung ho" {
		t.Errorf("question gives %q", asked)
	}
	if raw := strings.Join(mask.Words("Nguyễn Thị Lan ủng hộ đồng bào"), " "); raw != "~ntl ung ho dong bao" {
		t.Errorf("raw memo gives %q", raw)
	}
}

func TestName(t *testing.T) {
	for raw, want := range map[string]string{
		"  Nguyễn   Thị Lan ":                     "Nguyễn Thị Lan",
		"Công ty A & B":                           "Công ty A & B",
		"Lan 0912345678":                          "Lan",
		"Lan lan.nguyen@thu.example 0912 345 678": "Lan",
		"Lớp 12A1":                                "Lớp 12A1",
		"0912345678":                              "",
	} {
		if got := mask.Name(raw); got != want {
			t.Errorf("%q gives %q, want %q", raw, got, want)
		}
	}
}

var number = regexp.MustCompile(`[0-9][0-9 .\-]*`)

// FuzzMemo: whatever comes in, no number that reaches anybody comes out, no address, no line break, and no long word that is
// not on the list.
func FuzzMemo(f *testing.F) {
	for _, s := range []string{"MBVCB.8301661318.HO THI PHUONG ung ho", "0912345678", "09 12 34 56 78", "a@b.c", "Lê\u0323 ung ho 12", "ung ho\n09\n1234\n5678", "x1x2x3x4x5x6x7x8x9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		out := mask.Memo(raw)
		if utf8.RuneCountInString(out) > mask.MaxMemo || !utf8.ValidString(out) || strings.ContainsAny(out, "@\n\r\t") {
			t.Fatalf("%q gives %q", raw, out)
		}
		digits := 0
		for _, r := range out {
			if unicode.IsNumber(r) {
				digits++
			}
		}
		if digits > 5 {
			t.Fatalf("%q keeps %d digits: %q", raw, digits, out)
		}
		for _, n := range number.FindAllString(out, -1) {
			if len(strings.Map(func(r rune) rune {
				if r < '0' || r > '9' {
					return -1
				}
				return r
			}, n)) > 5 {
				t.Fatalf("%q keeps the number %q", raw, n)
			}
		}
		_ = vntext.Fold(out)
		_ = mask.Name(raw)
		_ = mask.Words(raw)
	})
}

func BenchmarkMemo(b *testing.B) {
	for b.Loop() {
		mask.Memo("MBVCB.8301661318.HO THI PHUONG ung ho dong bao.CT tu 0609139099603 HO THI PHUONG toi 9990000000001 QUY THU NGHIEM")
	}
}
