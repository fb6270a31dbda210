package xlsx_test

import (
	"bytes"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/platform/xlsx"
)

func TestSendReadsBack(t *testing.T) {
	rec := httptest.NewRecorder()
	err := xlsx.Send(rec, "câu hỏi.xlsx",
		xlsx.Sheet{Name: "Câu hỏi/2026: tất cả các xã của tỉnh Nghệ An", Head: []string{"Đơn vị", "Số", "Ngày"},
			Rows: [][]any{{"=cmd|'/c calc'!A1", 12, time.Date(2026, 11, 20, 20, 0, 0, 0, time.UTC)}, {"Xã Kim Liên", 3, clock.Date("2026-11-21")}}},
		xlsx.Sheet{Name: "Khác", Head: []string{"A"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(rec.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	names := f.GetSheetList()
	rows, err := f.GetRows(names[0])
	if err != nil || len(names) != 2 {
		t.Fatal(names, err)
	}
	if rows[1][0] != "'=cmd|'/c calc'!A1" || rows[1][1] != "12" || rows[1][2] != "21/11/2026 03:00" || rows[2][2] != "21/11/2026" {
		t.Fatalf("%q", rows)
	}
}
