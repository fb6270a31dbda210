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

// Counter counts how often each fingerprint came. It is 256 tables of fingerprints and nothing else, so that two million of
// them need some 60 MB and growing needs little more; those that came several times, which are few, are counted beside.
type Counter struct {
	tables [256]prints
	more   map[Fingerprint]int
}

// Add counts one more and tells how many there are now.
func (c *Counter) Add(f Fingerprint) int {
	if c.tables[f[0]].add(f) {
		return 1
	}
	if c.more == nil {
		c.more = map[Fingerprint]int{}
	}
	if c.more[f] == 0 {
		c.more[f] = 1
	}
	c.more[f]++
	return c.more[f]
}

// prints is a table with open places; the fingerprint of zeros, which no movement has, is an empty place.
type prints struct {
	places []Fingerprint
	n      int
}

// add tells whether the fingerprint is new.
func (p *prints) add(f Fingerprint) bool {
	if 4*p.n >= 3*len(p.places) {
		old := p.places
		p.places = make([]Fingerprint, max(64, 2*len(old)))
		for _, x := range old {
			if x != (Fingerprint{}) {
				*p.place(x) = x
			}
		}
	}
	at := p.place(f)
	if *at == f {
		return false
	}
	*at = f
	p.n++
	return true
}

// place finds where a fingerprint stands or would stand. It is a part of a SHA-256: its bytes are spread evenly.
func (p *prints) place(f Fingerprint) *Fingerprint {
	mask := len(p.places) - 1
	i := int(uint32(f[1])|uint32(f[2])<<8|uint32(f[3])<<16|uint32(f[4])<<24) & mask
	for p.places[i] != (Fingerprint{}) && p.places[i] != f {
		i = (i + 1) & mask
	}
	return &p.places[i]
}
