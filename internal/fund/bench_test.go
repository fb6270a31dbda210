package fund_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fund"
	"github.com/nhipcau/nhipcau/internal/fund/fundtest"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
	"github.com/nhipcau/nhipcau/internal/platform/dbtest"
)

// BenchmarkImport takes 20,000 rows in, each time into another appeal.
func BenchmarkImport(b *testing.B) {
	d := dbtest.SQLite(b, fund.Migrations)
	s, _ := service(b, d)
	var file bytes.Buffer
	if _, err := fundtest.Vietcombank(&file, 20_000, time.Date(2024, 9, 20, 0, 0, 0, 0, time.UTC), 1); err != nil {
		b.Fatal(err)
	}
	for n := range b.N {
		code := fmt.Sprint("B", n)
		in := newAppeal(code, fmt.Sprintf("VCB:66%06d", n))
		in.Opens, in.Closes = "2024-08-20", "2024-10-10"
		open(b, s, in)
		r, err := s.Import(b.Context(), house, fund.ImportRequest{Appeal: code, Layout: statement.Vietcombank, File: bytes.NewReader(file.Bytes()), Size: int64(file.Len())})
		if err != nil || r.Posted != 20_000 {
			b.Fatalf("%v %+v", err, r.Totals.Problems)
		}
	}
	b.ReportMetric(float64(20_000*b.N)/b.Elapsed().Seconds(), "rows/s")
}
