// Package vietqr makes the text of VietQR codes, by which a banking app fills in a transfer, and knows the banks as NAPAS lists them.
package vietqr

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/money"
)

// The ceiling of a memo in a VietQR code: banks cut longer ones.
const maxQRMemo = 25

var (
	qrBIN     = regexp.MustCompile(`^\d{6}$`)
	qrAccount = regexp.MustCompile(`^[0-9A-Za-z]{4,19}$`)
	qrMemo    = regexp.MustCompile(`^[A-Za-z0-9 ]*$`)
)

// Text gives the text of a VietQR code (EMVCo merchant-presented, NAPAS 247 transfer to an account): drawn as a QR code, a
// banking app fills in the transfer from it. Without an amount (zero) the donor types it. The memo is plain letters, digits
// and spaces, at most 25; put a reference of NewReference into it.
func Text(bin, account string, amount money.VND, memo string) (string, error) {
	var fs fault.Fields
	fs.Check(qrBIN.MatchString(bin), "bank", "fund.qr.bank")
	fs.Check(qrAccount.MatchString(account), "account", "fund.qr.account")
	fs.Check(amount >= 0 && len(strconv.FormatInt(int64(amount), 10)) <= 13, "amount", "fund.qr.amount")
	fs.Check(len(memo) <= maxQRMemo && qrMemo.MatchString(memo), "memo", "fund.qr.memo")
	if err := fs.OrNil(); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(tlv("00", "01"))
	if amount > 0 {
		b.WriteString(tlv("01", "12")) // for one payment
	} else {
		b.WriteString(tlv("01", "11"))
	}
	b.WriteString(tlv("38", tlv("00", "A000000727")+tlv("01", tlv("00", bin)+tlv("01", account))+tlv("02", "QRIBFTTA")))
	b.WriteString(tlv("53", "704")) // đồng in ISO 4217
	if amount > 0 {
		b.WriteString(tlv("54", strconv.FormatInt(int64(amount), 10)))
	}
	b.WriteString(tlv("58", "VN"))
	if memo != "" {
		b.WriteString(tlv("62", tlv("08", memo)))
	}
	b.WriteString("6304")
	return b.String() + fmt.Sprintf("%04X", crc16([]byte(b.String()))), nil
}

func tlv(tag, value string) string { return fmt.Sprintf("%s%02d%s", tag, len(value), value) }

// crc16 is CRC-16/CCITT-FALSE: polynomial 1021, initial value FFFF.
func crc16(b []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, c := range b {
		crc ^= uint16(c) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
