package staging

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/nhipcau/nhipcau/internal/money"
)

func TestCounter(t *testing.T) {
	var c Counter
	want := map[Fingerprint]int{}
	for i := range 50_000 {
		sum := sha256.Sum256(fmt.Append(nil, i%40_000))
		f := Fingerprint(sum[:16])
		want[f]++
		if got := c.Add(f); got != want[f] {
			t.Fatalf("%d: %d, want %d", i, got, want[f])
		}
	}
}

// What goes into a pack comes out of it, with the fingerprint in either form; a pack that is cut off is told.
func TestPack(t *testing.T) {
	var p Pack
	in := []Row{{Seq: 7, No: 9, Ordinal: 1, Credit: 1 << 50, Day: "2024-09-10", Memo: "ủng hộ", Fingerprint: Fingerprint{1, 2, 255}}, {Seq: 8, No: 10, Ordinal: 3, Debit: 5, Day: "2024-09-11", Time: "10:00:00", DocNo: "d", Ref: "r",
		OtherSide: "o", Reference: "NC", RuleID: "u", Fingerprint: Fingerprint{9}}}
	for i := range in {
		p.Add(&in[i])
	}
	out, err := p.Rows()
	if err != nil || len(out) != 2 || out[0] != in[0] || out[1] != in[1] {
		t.Fatalf("%v %+v", err, out)
	}
	if f, err := readFingerprint(in[0].Fingerprint.String()); err != nil || f != in[0].Fingerprint {
		t.Fatal(err, f)
	}
	for n := range len(p.data) - 1 {
		cut := Pack{from: 7, to: 8, data: p.data[:n+1]}
		if rows, err := cut.Rows(); err == nil && len(rows) == 2 {
			t.Fatalf("%d of %d bytes gave everything", n+1, len(p.data))
		}
	}
}

func TestSkippedAndAmounts(t *testing.T) {
	for _, seqs := range [][]int{nil, {10}, {11}, {10, 11, 500, 9_999}} {
		s := skipped{d: decoder{all: string(packSkipped(10, seqs))}, at: 9}
		for _, want := range append(seqs, 0) {
			if s.next(); s.at != want {
				t.Errorf("%v: %d, want %d", seqs, s.at, want)
			}
		}
	}
	e := entered{Amounts: packAmounts(map[money.VND]bool{5: true, 100_000: true, 1 << 40: true})}
	for v, want := range map[money.VND]bool{5: true, 100_000: true, 1 << 40: true, 6: false, 0: false, 1 << 41: false} {
		if e.mayHold([]money.VND{v}) != want {
			t.Errorf("%d", v)
		}
	}
}
