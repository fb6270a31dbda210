package staging

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/fund/statement"
)

// Fingerprint is what tells one movement from another. The document number alone does not: banks give one to several rows.
type Fingerprint [16]byte

// String is the fingerprint as it is stored.
func (f Fingerprint) String() string { return base64.RawURLEncoding.EncodeToString(f[:]) }

// Printer makes the fingerprints of one account.
type Printer struct {
	account string
	buf     []byte
}

// NewPrinter begins with the id of the account.
func NewPrinter(accountID string) *Printer { return &Printer{account: accountID} }

// Of hashes account, day, document (the reference where the bank gives no document number), amounts and memo without its
// spaces: the same memo may be wrapped otherwise in the next file.
func (p *Printer) Of(r *statement.Row) Fingerprint {
	doc := r.DocNo
	if doc == "" {
		doc = r.Ref
	}
	b := append(p.buf[:0], p.account...)
	b = append(append(b, 0), r.Day...)
	b = append(append(b, 0), doc...)
	b = strconv.AppendInt(append(b, 0), int64(r.Debit), 10)
	b = strconv.AppendInt(append(b, 0), int64(r.Credit), 10)
	b = append(b, 0)
	for _, c := range r.Memo {
		if c < utf8.RuneSelf && c > ' ' && c != 0x7f {
			b = append(b, byte(c))
		} else if !unicode.IsSpace(c) {
			b = utf8.AppendRune(b, c)
		}
	}
	p.buf = b
	sum := sha256.Sum256(b)
	return Fingerprint(sum[:16])
}
