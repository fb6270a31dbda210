// Package money is an amount in Vietnamese đồng: whole đồng and nothing smaller, written with dots between thousands and,
// on receipts, in words. It refuses to guess: a text that could mean two amounts is not an amount.
package money

import (
	"embed"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Catalogue holds the texts of the faults that Parse returns, in Vietnamese and English.
//
//go:embed catalogue.vi.toml catalogue.en.toml
var Catalogue embed.FS

// VND is an amount in whole đồng; it is stored as a bigint. Negative amounts are corrections and refunds.
type VND int64

// String writes "1.250.000 đ".
func (v VND) String() string { return vntext.FormatInt(int64(v)) + " đ" }

// Words writes the amount for a receipt: "Một triệu hai trăm năm mươi nghìn đồng". A negative amount begins with "Âm".
func (v VND) Words() string {
	s := vntext.Number(int64(v)) + " đồng"
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// Parse reads an amount of zero or more as people type it: "1250000", "1.250.000", "1,250,000", "1 250 000", with or
// without "đ", "đồng", "VND" after it. It refuses, with a fault that says why, what is empty, negative, has letters, a
// fraction ("100.5"), an exponent ("1e5") or uneven groups ("1.25.000"), begins with a needless zero, or is too large.
func Parse(s string) (VND, error) {
	v, err := ParseSigned(s)
	if err != nil {
		return 0, err
	}
	if v < 0 {
		return 0, fault.New(fault.Invalid, "money.negative")
	}
	return v, nil
}

// ParseSigned is Parse for a place where a minus sign makes sense, such as a correction: "-50.000" is read.
func ParseSigned(s string) (VND, error) {
	text := strings.TrimSpace(strings.Map(plainSpaces, vntext.NFC(s)))
	text = strings.TrimSpace(trimCurrency(text))
	if text == "" {
		return 0, fault.New(fault.Invalid, "money.empty")
	}
	digits, negative := strings.CutPrefix(strings.Replace(text, "−", "-", 1), "-")
	if err := checkCharacters(digits); err != nil {
		return 0, err
	}
	digits, err := ungroup(digits)
	if err != nil {
		return 0, err
	}
	var n uint64
	for _, c := range []byte(digits) {
		if n > (math.MaxInt64-uint64(c-'0'))/10 {
			return 0, fault.New(fault.Invalid, "money.too_large")
		}
		n = n*10 + uint64(c-'0')
	}
	if negative {
		return -VND(n), nil
	}
	return VND(n), nil
}

// plainSpaces makes the non-breaking spaces that spreadsheets and banks put between thousands ordinary ones.
func plainSpaces(r rune) rune {
	if unicode.IsSpace(r) {
		return ' '
	}
	return r
}

func trimCurrency(s string) string {
	lower := strings.ToLower(s)
	for _, c := range []string{"đồng", "vnđ", "vnd", "đ", "₫"} {
		if strings.HasSuffix(lower, c) && len(lower) == len(s) {
			return s[:len(s)-len(c)]
		}
	}
	return s
}

func checkCharacters(s string) error {
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '.', r == ',', r == ' ':
		case unicode.IsLetter(r):
			return fault.New(fault.Invalid, "money.letters")
		default:
			return fault.New(fault.Invalid, "money.unreadable")
		}
	}
	if strings.Trim(s, "., ") == "" {
		return fault.New(fault.Invalid, "money.unreadable")
	}
	return nil
}

// ungroup takes the separators out when they part every three digits from the right and are all of one kind.
func ungroup(s string) (string, error) {
	at := strings.IndexAny(s, "., ")
	if at < 0 {
		if len(s) > 1 && s[0] == '0' {
			return "", fault.New(fault.Invalid, "money.leading_zero")
		}
		return s, nil
	}
	groups := strings.Split(s, s[at:at+1])
	for i, g := range groups {
		if strings.ContainsAny(g, "., ") || (i > 0 && len(g) != 3) || (i == 0 && (len(g) < 1 || len(g) > 3)) {
			return "", fault.New(fault.Invalid, "money.ambiguous")
		}
	}
	if groups[0][0] == '0' {
		return "", fault.New(fault.Invalid, "money.ambiguous")
	}
	return strings.Join(groups, ""), nil
}
