package staging

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/fund/statement"
)

// Fingerprint is what tells one movement from another. The document number alone does not: banks give one to several rows.
type Fingerprint [16]byte

// String is the fingerprint as it is stored in a row of its own.
func (f Fingerprint) String() string { return base64.RawURLEncoding.EncodeToString(f[:]) }

var errFingerprint = errors.New("staging: that is no fingerprint")

// readFingerprint reads what String gave, or the bytes themselves.
func readFingerprint(s string) (f Fingerprint, err error) {
	if len(s) == len(f) {
		copy(f[:], s)
		return f, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || copy(f[:], b) != len(f) {
		return f, errors.Join(errFingerprint, err)
	}
	return f, nil
}

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

// Counter counts how often each fingerprint came, in a table of 24 bytes a place: two million need less than 100 MB, most of
// them half of it.
type Counter struct {
	prints []Fingerprint
	counts []uint32
	n      int
}

// Add counts one more and tells how many there are now.
func (c *Counter) Add(f Fingerprint) int {
	if 4*c.n >= 3*len(c.prints) {
		c.grow()
	}
	i := c.place(f)
	if c.counts[i]++; c.counts[i] == 1 {
		c.prints[i] = f
		c.n++
	}
	return int(c.counts[i])
}

// place finds where a fingerprint stands or would stand. It is a part of a SHA-256: its first bytes are spread evenly.
func (c *Counter) place(f Fingerprint) int {
	mask := len(c.prints) - 1
	i := int(uint32(f[0])|uint32(f[1])<<8|uint32(f[2])<<16|uint32(f[3])<<24) & mask
	for c.counts[i] != 0 && c.prints[i] != f {
		i = (i + 1) & mask
	}
	return i
}

func (c *Counter) grow() {
	old := *c
	size := max(1<<12, 2*len(old.prints))
	c.prints, c.counts = make([]Fingerprint, size), make([]uint32, size)
	for i, n := range old.counts {
		if n > 0 {
			at := c.place(old.prints[i])
			c.prints[at], c.counts[at] = old.prints[i], n
		}
	}
}
