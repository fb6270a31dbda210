package fund

import (
	"github.com/nhipcau/nhipcau/internal/fund/vietqr"
	"github.com/nhipcau/nhipcau/internal/money"
)

// Bank is a bank as NAPAS knows it.
type Bank = vietqr.Bank

// FindBank finds a bank by BIN, code, name or the short word of a statement layout: "970436", "VCB", "Vietcombank", "vietin".
func FindBank(name string) (Bank, bool) { return vietqr.FindBank(name) }

// VietQR gives the text of a VietQR code; see vietqr.Text. Put a reference of NewReference into the memo.
func VietQR(bin, account string, amount money.VND, memo string) (string, error) {
	return vietqr.Text(bin, account, amount, memo)
}
