package money_test

import (
	"errors"
	"io/fs"
	"math"
	"strings"
	"testing"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
)

func TestString(t *testing.T) {
	for v, want := range map[money.VND]string{
		0: "0 đ", 999: "999 đ", 1_000: "1.000 đ", 1_250_000: "1.250.000 đ", -50_000: "-50.000 đ",
		math.MinInt64: "-9.223.372.036.854.775.808 đ",
	} {
		if got := v.String(); got != want {
			t.Errorf("%d: %q, want %q", int64(v), got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for v, want := range map[money.VND]string{
		0:             "Không đồng",
		1_250_000:     "Một triệu hai trăm năm mươi nghìn đồng",
		500_000:       "Năm trăm nghìn đồng",
		-20_000:       "Âm hai mươi nghìn đồng",
		1_425_300_005: "Một tỷ bốn trăm hai mươi lăm triệu ba trăm nghìn không trăm linh năm đồng",
	} {
		if got := v.Words(); got != want {
			t.Errorf("%d: %q, want %q", int64(v), got, want)
		}
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]money.VND{
		"0": 0, "1250000": 1_250_000, "1.250.000": 1_250_000, "1,250,000": 1_250_000, "1 250 000": 1_250_000,
		"1\u00a0250\u202f000": 1_250_000, " 50.000 đ ": 50_000, "50.000đ": 50_000, "50.000 đồng": 50_000, "50.000 VND": 50_000,
		"50.000 VNĐ": 50_000, "₫": -1, "100.500": 100_500, "9223372036854775807": math.MaxInt64,
		"50.000 d\u0323ong": -1, "50.000 đo\u0302\u0300ng": 50_000,
	} {
		got, err := money.Parse(in)
		if want < 0 {
			if err == nil {
				t.Errorf("%q read as %d", in, got)
			}
			continue
		}
		if err != nil || got != want {
			t.Errorf("%q: %d %v, want %d", in, got, err, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for in, key := range map[string]string{
		"": "empty", "   ": "empty", "đ": "empty", "-50.000": "negative", "−50.000": "negative",
		"1e5": "letters", "abc": "letters", "1 triệu": "letters", "100k": "letters", "٣": "unreadable",
		"100.5": "ambiguous", "1.25.000": "ambiguous", "1.250,000": "ambiguous", "1.2500": "ambiguous", ".500": "ambiguous",
		"1..000": "ambiguous", "0.500": "ambiguous", "1.000.": "ambiguous", "1234.567": "ambiguous", "1.000,50": "ambiguous",
		"007": "leading_zero", "00": "leading_zero", "--5": "unreadable", "5-": "unreadable", "$5": "unreadable", ".": "unreadable",
		"+5": "unreadable", "9223372036854775808": "too_large", "99.999.999.999.999.999.999": "too_large",
	} {
		got, err := money.Parse(in)
		var f *fault.Error
		if !errors.As(err, &f) || f.Key != "money."+key || f.Kind != fault.Invalid {
			t.Errorf("%q: %d, %v; want money.%s", in, got, err, key)
		}
	}
}

func TestParseSigned(t *testing.T) {
	if v, err := money.ParseSigned("-50.000 đ"); err != nil || v != -50_000 {
		t.Fatal(v, err)
	}
}

// Every fault that Parse can return has its text in both catalogues.
func TestCatalogueIsComplete(t *testing.T) {
	for _, name := range []string{"catalogue.vi.toml", "catalogue.en.toml"} {
		b, err := fs.ReadFile(money.Catalogue, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"empty", "negative", "letters", "unreadable", "ambiguous", "leading_zero", "too_large"} {
			if !strings.Contains(string(b), "\n"+key+" = ") {
				t.Errorf("%s lacks %s", name, key)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1.250.000", "1,5", "-7", "1e5", "9223372036854775807", "1 000 đ", "-0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := money.ParseSigned(s)
		if err != nil {
			return
		}
		again, err := money.ParseSigned(v.String())
		if err != nil || again != v {
			t.Fatalf("%q read as %d, which is written %q and read as %d, %v", s, v, v, again, err)
		}
	})
}
