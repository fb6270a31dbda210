// Package fundtest makes bank statements for tests, benchmarks and the rehearsal that have the shape of real ones and hold no
// real person.
//
// The shape was counted on the statements that the Front made public in September 2024 (Vietcombank 1 to 23 September:
// 1,786,866 rows, as parsed by github.com/Tra-Cuu-Sao-Ke/mttq-sao-ke, MIT): how amounts, days, repeated document numbers and
// forms of memos are spread. Only counts were taken; names, account and telephone numbers are put together at random.
package fundtest

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// weighted is values with how often each comes.
type weighted[T any] struct {
	values []T
	sums   []float64
}

func (w *weighted[T]) add(v T, weight float64) {
	if n := len(w.sums); n > 0 {
		weight += w.sums[n-1]
	}
	w.values, w.sums = append(w.values, v), append(w.sums, weight)
}

func (w *weighted[T]) pick(r *rand.Rand) T {
	x := r.Float64() * w.sums[len(w.sums)-1]
	for i, s := range w.sums {
		if x < s {
			return w.values[i]
		}
	}
	return w.values[len(w.values)-1]
}

// shape holds the counted weights.
type shape struct {
	family  weighted[string]
	round   weighted[int64] // fifteen amounts make 93 of 100 rows
	other   weighted[int64]
	middle  []string
	given   []string
	message []string
}

func words(s string) []string { return strings.Fields(s) }

func newShape() *shape {
	s := &shape{
		middle: words("VAN THI HUU DUC MINH NGOC THANH QUANG XUAN HONG THU KIM GIA ANH BAO"),
		given:  words("AN BINH CHI DUNG GIANG HA HAI HANH HIEU HOA HUNG HUONG KHANH LAN LINH LONG MAI MINH NAM NGA NGOC NHUNG PHUC PHUONG QUAN SON TAM THAO THU TRANG TUAN VY YEN"),
		message: []string{"ung ho dong bao bi bao lu", "Ung ho khac phuc hau qua bao so 3", "ung ho mien bac", "Gia dinh ung ho ba con vung lu", "chuyen tien ung ho",
			"UNG HO DONG BAO", "chung tay vi dong bao", "ung ho cuu tro bao lu", "Tap the lop ung ho dong bao vung lu", "ung ho"},
	}
	weights := []float64{31, 11, 9, 7, 5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2}
	for i, name := range words("NGUYEN TRAN LE PHAM HOANG PHAN VU VO DANG BUI DO HO NGO DUONG LY CAO DINH THAI HA LUONG") {
		s.family.add(name, weights[i])
	}
	for _, x := range [][2]int64{{100000, 43601}, {200000, 43020}, {500000, 32081}, {1000000, 19626}, {50000, 14857}, {300000, 12808}, {2000000, 4861}, {20000, 2996}, {10000, 2752},
		{5000000, 2256}, {150000, 1859}, {30000, 1418}, {3000000, 1263}, {400000, 1179}, {10000000, 1169}} {
		s.round.add(x[0], float64(x[1]))
	}
	for _, x := range [][2]float64{{3333, 8}, {6789, 6}, {12345, 6}, {68000, 8}, {99999, 5}, {111111, 4}, {123456, 6}, {250000, 14}, {350000, 8}, {555555, 4}, {700000, 10}, {1500000, 10},
		{7000000, 5}, {20000000, 4}, {50000000, 1.2}, {100000000, .5}, {1000000000, .05}} {
		s.other.add(int64(x[0]), x[1])
	}
	return s
}

// days is how the rows of 1 to 23 September 2024 were spread: the busiest day had 386,402.
func days() [23]float64 {
	d := [23]float64{14, 5, 9, 42, 32, 34, 59, 503, 6279, 193384, 294553, 294205, 386402, 205112}
	for i := 14; i < 23; i++ {
		d[i] = 406230.0 / 9
	}
	return d
}

// Vietcombank writes a statement of that bank with so many rows over 23 days that end with the last day given, in order of
// days, with the balance after the last row. The same seed gives the same bytes. It returns the sum of money in, in đồng.
func Vietcombank(w io.Writer, rows int, last time.Time, seed uint64) (sum int64, err error) {
	g := &generator{r: rand.New(rand.NewPCG(seed, 1)), s: newShape(), w: bufio.NewWriterSize(w, 1<<20)}
	fmt.Fprint(g.w, "PageId,TNXDate,DocNo,Debit,Credit,Balance,TransactionDetails\n")
	spread := days()
	all := 0.0
	for _, n := range spread {
		all += n
	}
	done, upTo := 0, 0.0
	for i, n := range spread {
		upTo += n
		day := last.AddDate(0, 0, i-22).Format("02/01/2006")
		for end := int(float64(rows)*upTo/all + 0.5); done < end && done < rows; done++ {
			sum += g.row(done, day, done == rows-1, sum)
		}
	}
	return sum, g.w.Flush()
}

type generator struct {
	r   *rand.Rand
	s   *shape
	w   *bufio.Writer
	doc string
}

func (g *generator) row(i int, day string, last bool, before int64) int64 {
	if g.doc == "" || g.r.Float64() > .039 { // about 3.9 of 100 rows share a document number
		g.doc = fmt.Sprintf("%d.%d", 5000+g.r.IntN(401), 1+g.r.IntN(99999))
	}
	v := g.amount()
	balance := ""
	if last {
		balance = `"` + thousands(before+v) + `"`
	}
	fmt.Fprintf(g.w, "%d,%s,%s,,\"%s\",%s,%s\n", i/17+1, day, g.doc, thousands(v), balance, g.memo())
	return v
}

func (g *generator) amount() int64 {
	if g.r.Float64() < .928 {
		return g.s.round.pick(g.r)
	}
	return g.s.other.pick(g.r) + []int64{0, 0, 0, 1, 68, 99}[g.r.IntN(6)]
}

func one(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func (g *generator) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + g.r.IntN(10))
	}
	return string(b)
}

// memo is what banks make of what people write: transfer codes before and after, diacritics gone.
func (g *generator) memo() string {
	name := g.s.family.pick(g.r) + " " + one(g.r, g.s.middle) + " " + one(g.r, g.s.given)
	text, p := one(g.r, g.s.message), g.r.Float64()
	switch {
	case p < .21:
		text = "MBVCB." + g.digits(10) + "." + name + " " + text + ".CT tu 0" + g.digits(12) + " " + name + " toi 9990000000001 QUY THU NGHIEM"
	case p < .24:
		text = "PARTNER.DIRECT_DEBITS_VCB.MSE." + g.digits(11) + "." + g.digits(11) + "." + strings.ToLower(name) + " " + text
	case p < .75:
		text = g.digits(6) + "." + g.digits(6) + "." + g.digits(6) + "." + name + " " + text + ".FT" + g.digits(14)
	default:
		text = name + " " + text
	}
	if g.r.Float64() < .03 {
		text += " SDT 09" + g.digits(8)
	}
	return text
}

// thousands writes a number as the bank does: 1,234,567.
func thousands(v int64) string {
	s := strconv.FormatInt(v, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
