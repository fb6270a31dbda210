package poster_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/fund/cash/poster"
)

func TestDraw(t *testing.T) {
	b, err := poster.Draw(poster.Sheet{Unit: "Ủy ban MTTQ Việt Nam phường Vinh Hưng", Appeal: strings.Repeat("Ủng hộ đồng bào vùng bão ", 6), Title: "Khối Kim Hòa", QR: "00020101021138570010A0000007270127",
		Lines: []string{"Vietcombank", "1012345678", "NC12345678901"}, Note: "Không có mức tối thiểu.", Made: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, []byte("%PDF-")) || bytes.Count(b, []byte("/Type /Page\n")) != 1 {
		t.Error("not one page", bytes.Count(b, []byte("/Type /Page\n")))
	}
	if _, err := poster.Draw(poster.Sheet{QR: strings.Repeat("x", 4000)}); err == nil {
		t.Error("a code that is too long was drawn")
	}
}
