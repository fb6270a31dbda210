package relief_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/relief"
)

var fuzzItems = []relief.Item{{ID: "1", Code: "GAO", Name: "Gạo tẻ", Measure: "kg"}, {ID: "2", Code: "MI", Name: "Mì ăn liền", Measure: "thùng"}}

// FuzzReadIntake: no file of any kind crashes the reader, and what it accepts can be booked as it stands.
func FuzzReadIntake(f *testing.F) {
	x := excelize.NewFile()
	for i, row := range [][]any{{"Mặt hàng", "Số lượng", "Đơn vị tính", "Hạn dùng", "Đơn giá"}, {"GAO", 100, "kg", "30/12/2026", 18000}, {"=1+1", "1e5", "", "31/02/2026", "100.000"}} {
		if err := x.SetSheetRow("Sheet1", "A"+string(rune('1'+i)), &row); err != nil {
			f.Fatal(err)
		}
	}
	b, err := x.WriteToBuffer()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:b.Len()/2])
	for _, csv := range []string{"Mặt hàng;Số lượng\nGAO;100\n", "Mặt hàng,Số lượng,Hạn dùng\nMì ăn liền,1.000,2026-12-30\nvoi,-1,", "Mặt hàng,Số lượng\n\"GAO", "", "PK\x03\x04", "Số lượng\n1"} {
		f.Add([]byte(csv))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, err := relief.ReadIntake(bytes.NewReader(data), int64(len(data)), fuzzItems, "2026-11-21")
		if err != nil {
			if len(lines) > 0 && strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without words")
			}
			return
		}
		for _, l := range lines {
			if l.Qty <= 0 || l.ItemID == "" || l.Expires != "" && (!l.Expires.Valid() || l.Expires < "2026-11-21") || l.UnitValue > 10_000_000_000 {
				t.Errorf("accepted %+v", l)
			}
		}
	})
}
