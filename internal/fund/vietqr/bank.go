package vietqr

import (
	"bytes"
	"encoding/csv"
	"strings"
	"sync"

	"github.com/nhipcau/nhipcau/data"
	"github.com/nhipcau/nhipcau/internal/fund/statement"
)

// Bank is a bank as NAPAS knows it.
type Bank struct {
	BIN  string // six digits
	Code string // "VCB"
	Name string // "Vietcombank"
}

// banks reads the list once.
var banks = sync.OnceValue(func() []Bank {
	b, err := data.Read(data.Banks)
	if err != nil {
		return nil
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		return nil
	}
	var out []Bank
	for _, r := range rows[1:] {
		out = append(out, Bank{BIN: r[0], Code: r[1], Name: r[2]})
	}
	return out
})

// BINOf gives the bank of a layout; formats that any bank may write have none.
func BINOf(l statement.Layout) string {
	switch l {
	case statement.Vietcombank:
		return "970436"
	case statement.Agribank:
		return "970405"
	case statement.VietinBank:
		return "970415"
	case statement.BIDV:
		return "970418"
	}
	return ""
}

// FindBank finds a bank by BIN, code, name or the short word of a statement layout: "970436", "VCB", "Vietcombank", "vietin".
func FindBank(name string) (Bank, bool) {
	name = strings.TrimSpace(name)
	bin := BINOf(statement.Layout(strings.ToLower(name)))
	for _, b := range banks() {
		if b.BIN == bin || b.BIN == name || name != "" && (strings.EqualFold(b.Code, name) || strings.EqualFold(b.Name, name)) {
			return b, true
		}
	}
	return Bank{}, false
}
