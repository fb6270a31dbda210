package fundtest_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fund/fundtest"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
)

func TestVietcombank(t *testing.T) {
	var a, b bytes.Buffer
	last := time.Date(2024, 9, 23, 0, 0, 0, 0, time.UTC)
	sum, err := fundtest.Vietcombank(&a, 20_000, last, 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fundtest.Vietcombank(&b, 20_000, last, 7); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Fatal("the same seed gives other bytes")
	}
	docs, small := map[string]int{}, 0
	got, err := statement.Parse(bytes.NewReader(a.Bytes()), int64(a.Len()), statement.Vietcombank, func(r statement.Row) error {
		docs[string(r.Day)+r.DocNo]++
		if r.Credit <= 200_000 {
			small++
		}
		return nil
	})
	if err != nil || got.Rows != 20_000 || int64(got.Credit) != sum || int64(got.Closing) != sum || got.To() != "2024-09-23" {
		t.Fatalf("%v %+v", err, got)
	}
	if n := 20_000 - len(docs); n < 400 || n > 1400 {
		t.Errorf("%d of 20,000 rows share a document number; about 780 did", n)
	}
	if small < 9_000 || small > 13_500 {
		t.Errorf("%d of 20,000 gifts are at most 200,000; the median was 200,000", small)
	}
	for _, d := range got.Days {
		if d.Date == "2024-09-13" && (d.Rows < 4_000 || d.Rows > 4_700) {
			t.Errorf("%d rows on the busiest day; it had 21.6 of 100", d.Rows)
		}
	}
}
