package vntext_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

func seed(f *testing.F) {
	for _, s := range []string{"", "Hòa Bình", norm.NFD.String("Hoà Bình thuỷ lợi"), "ĐẮK LẮK", "a\u200bb\x00c", "\xff\xfe", "ẞſΣ", "İ", "日本 한국어", "ǰ̣", "quỳ oà", "\u0345\u1fb3"} {
		f.Add(s)
	}
}

func FuzzFold(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		got := vntext.Fold(s)
		if again := vntext.Fold(got); again != got {
			t.Fatalf("Fold(%q) = %q, and folded again %q", s, got, again)
		}
		if !utf8.ValidString(s) {
			return
		}
		if nfd := vntext.Fold(norm.NFD.String(s)); nfd != got {
			t.Fatalf("Fold(%q) = %q, but decomposed it gives %q", s, got, nfd)
		}
		if strings.ContainsAny(got, "\x00\t\n") || strings.Contains(got, "  ") || strings.TrimSpace(got) != got {
			t.Fatalf("Fold(%q) = %q: white space is not single", s, got)
		}
	})
}

func FuzzTone(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, s string) {
		got := vntext.FoldTone(s)
		if again := vntext.FoldTone(got); again != got {
			t.Fatalf("FoldTone(%q) = %q, then %q", s, got, again)
		}
		if vntext.Fold(got) != vntext.Fold(s) || vntext.Length(got) != vntext.Length(s) {
			t.Fatalf("FoldTone(%q) = %q changed a letter", s, got)
		}
	})
}

func FuzzCut(f *testing.F) {
	seed(f)
	f.Add(strings.Repeat("Mặt trận Tổ quốc ", 20))
	f.Fuzz(func(t *testing.T, s string) {
		for _, n := range []int{0, 1, 2, 5, 17, 60} {
			if got := vntext.Truncate(s, n); utf8.RuneCountInString(got) > n {
				t.Fatalf("Truncate(%q, %d) = %q is too long", s, n, got)
			}
			if got := vntext.Excerpt(s, "tran to", n); utf8.RuneCountInString(got) > n {
				t.Fatalf("Excerpt(%q, %d) = %q is too long", s, n, got)
			}
		}
		for _, r := range vntext.Slug(s) {
			if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
				t.Fatalf("Slug(%q) has %q", s, r)
			}
		}
		if x := vntext.Similarity(s, s); x != 0 && x != 1 {
			t.Fatalf("Similarity of %q with itself is %v", s, x)
		}
	})
}

// FuzzNumber reads the words back: no two numbers share a wording.
func FuzzNumber(f *testing.F) {
	for _, n := range []int64{0, 1, 15, 21, 104, 1_005, 1_000_000, 1_000_005, 999_999_999, math.MaxInt64, 1_000_000_001_000_000_000} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		if n < 0 {
			n = -(n + 1)
		}
		words := vntext.Number(n)
		if got := readWords(t, words); got != uint64(n) {
			t.Fatalf("%d is written %q, which reads as %d", n, words, got)
		}
		if got, err := strconv.ParseInt(strings.ReplaceAll(vntext.FormatInt(n), ".", ""), 10, 64); err != nil || got != n {
			t.Fatalf("FormatInt(%d) reads as %d, %v", n, got, err)
		}
	})
}

// readWords is the reverse of Number, written independently: digits gather, and unit words multiply.
func readWords(t *testing.T, words string) uint64 {
	digits := map[string]uint64{"không": 0, "một": 1, "mốt": 1, "hai": 2, "ba": 3, "bốn": 4, "tư": 4, "năm": 5, "lăm": 5, "sáu": 6, "bảy": 7, "tám": 8, "chín": 9}
	head, tail := words, ""
	if i := strings.LastIndex(words, " tỷ"); i >= 0 {
		head, tail = words[:i], strings.TrimSpace(words[i+len(" tỷ"):])
		var rest uint64
		if tail != "" {
			rest = readWords(t, tail)
		}
		return readWords(t, head)*1_000_000_000 + rest
	}
	var total, group, digit uint64
	for _, w := range strings.Fields(head) {
		switch w {
		case "triệu":
			total, group, digit = total+(group+digit)*1_000_000, 0, 0
		case "nghìn":
			total, group, digit = total+(group+digit)*1_000, 0, 0
		case "trăm":
			group, digit = digit*100, 0
		case "mươi":
			group, digit = group+digit*10, 0
		case "mười":
			group += 10
		case "linh":
		default:
			d, ok := digits[w]
			if !ok {
				t.Fatalf("unknown word %q in %q", w, words)
			}
			digit = d
		}
	}
	return total + group + digit
}

const sample = "Đề nghị Ủy ban nhân dân phường Trường Vinh sửa chữa mặt đường Nguyễn Văn Linh đoạn qua khối 3 vì ngập nước thường xuyên. "

func BenchmarkFold(b *testing.B) {
	text := strings.Repeat(sample, 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		vntext.Fold(text)
	}
}

func BenchmarkFoldDecomposed(b *testing.B) {
	text := norm.NFD.String(strings.Repeat(sample, 20))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		vntext.Fold(text)
	}
}

func BenchmarkSortKey(b *testing.B) {
	for b.Loop() {
		vntext.SortKey("Phường Trường Vinh")
	}
}

func BenchmarkSimilarity(b *testing.B) {
	for b.Loop() {
		vntext.Similarity(sample, sample)
	}
}
