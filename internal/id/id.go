// Package id makes the identifiers of the house: UUIDv7 texts for rows (RFC 9562 §5.7), which sort by the time they were
// made, and short codes that a person can read out over the telephone.
package id

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"
)

var last struct {
	sync.Mutex
	ms  int64
	seq uint16
}

// New returns a UUIDv7 in its 36-character text form. Identifiers made in one process are strictly increasing.
func New() string {
	ms := time.Now().UnixMilli()
	last.Lock()
	defer last.Unlock()
	if ms > last.ms {
		last.ms, last.seq = ms, 0
	} else if last.seq++; last.seq > 0xfff { // more than 4,096 in one millisecond: borrow the next one
		last.ms, last.seq = last.ms+1, 0
	}
	return format(last.ms, last.seq)
}

// At returns a UUIDv7 carrying the given time, for seeds and imports of older things.
func At(t time.Time) string {
	var b [2]byte
	rand.Read(b[:])
	return format(t.UnixMilli(), uint16(b[0]&0xf)<<8|uint16(b[1]))
}

// Of returns the same UUIDv7 for the same time and key, so that what is done again after a crash finds what was made before.
func Of(t time.Time, key string) string {
	text, sum := format(t.UnixMilli(), 0), sha256.Sum256([]byte(key))
	h := hex.EncodeToString(sum[:])
	return text[:15] + h[:3] + "-8" + h[3:6] + "-" + h[6:18]
}

// Time gives the moment, to the millisecond, at which an identifier was made by New or At; ok is false for any other text.
func Time(text string) (at time.Time, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[14] != '7' || text[18] != '-' || text[23] != '-' {
		return time.Time{}, false
	}
	if _, err := hex.DecodeString(strings.ReplaceAll(text, "-", "")); err != nil {
		return time.Time{}, false
	}
	b, _ := hex.DecodeString(text[0:8] + text[9:13])
	ms := int64(0)
	for _, x := range b {
		ms = ms<<8 | int64(x)
	}
	return time.UnixMilli(ms).UTC(), true
}

func format(ms int64, seq uint16) string {
	var b [16]byte
	rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	for i := range 6 {
		b[i] = byte(ms >> (8 * (5 - i)))
	}
	b[6] = 0x70 | byte(seq>>8)
	b[7] = byte(seq)
	b[8] = 0x80 | b[8]&0x3f
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// Crockford's alphabet without I, L, O and U: nothing in it is misread on paper or misheard.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewCode returns a tracking code of ten random characters with a check character, written as XXXX-XXXX-XXX (50 random
// bits: a stranger cannot guess one within the rate limit).
func NewCode() string {
	var b [10]byte
	rand.Read(b[:])
	sum := 0
	out := make([]byte, 0, 13)
	for i, c := range b {
		v := int(c) & 31
		sum += (i + 1) * v
		out = append(out, alphabet[v])
		if i == 3 || i == 7 {
			out = append(out, '-')
		}
	}
	return string(append(out, alphabet[sum%31]))
}

// NewSecret returns 32 random bytes as 64 hexadecimal characters, for links and cookies.
func NewSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// ParseCode accepts a tracking code as people type it (lower case, spaces, missing hyphens, O for 0, I or L for 1) and
// returns its written form; ok is false when the check character does not fit.
func ParseCode(s string) (code string, ok bool) {
	s = strings.NewReplacer(" ", "", "-", "", ".", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(strings.TrimSpace(s)))
	if len(s) != 11 {
		return "", false
	}
	sum := 0
	for i := range 11 {
		v := strings.IndexByte(alphabet, s[i])
		if v < 0 {
			return "", false
		}
		if i < 10 {
			sum += (i + 1) * v
		} else if v != sum%31 {
			return "", false
		}
	}
	return s[:4] + "-" + s[4:8] + "-" + s[8:], true
}
