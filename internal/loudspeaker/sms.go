package loudspeaker

import (
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// The sizes of a text message (3GPP TS 23.038 and 23.040): one message of the plain alphabet holds 160 signs, one with
// Vietnamese letters 70; when a text is sent in parts, each part gives some up to say which it is.
const (
	PlainMax     = 160
	plainPart    = 153
	unicodeMax   = 70
	unicodePart  = 67
	unicodeParts = 2 // the stub with diacritics takes at most these
)

// SMS is a text message with what it weighs.
type SMS struct {
	Text  string
	Plain bool // only signs of the plain alphabet
	Used  int  // signs of the alphabet in use; [ ] { } \ ^ ~ | € count twice in the plain one
	Parts int  // messages that are paid for
	Room  int  // signs left in the last part
}

// gsm are the signs of the plain alphabet, and gsmTwice those that take two places.
const (
	gsm      = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmTwice = "^{}\\[~]|€"
)

// Weigh counts a text as a telephone network does.
func Weigh(text string) SMS {
	out := SMS{Text: text, Plain: true}
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsm, r):
			out.Used++
		case strings.ContainsRune(gsmTwice, r):
			out.Used += 2
		default:
			out.Plain = false
		}
	}
	one, part := PlainMax, plainPart
	if !out.Plain {
		out.Used = len(utf16.Encode([]rune(text)))
		one, part = unicodeMax, unicodePart
	}
	if out.Parts = 1; out.Used > one {
		out.Parts = (out.Used + part - 1) / part
		one = out.Parts * part
	}
	out.Room = one - out.Used
	return out
}

// marks that have a plain form.
var plainSigns = strings.NewReplacer("–", "-", "—", "-", "‘", "'", "’", "'", "“", `"`, "”", `"`, "…", "...", "•", "-", "\u00a0", " ", "₫", "d", "²", "2", "³", "3", "°", " do ", "đ", "d", "Đ", "D")

// Fold writes a text without diacritics, capitals kept, in the signs of the plain alphabet; what has no plain form is left out.
func Fold(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r < unicode.MaxASCII && (strings.ContainsRune(gsm, r) || strings.ContainsRune(gsmTwice, r)):
			return r
		}
		return -1
	}, norm.NFD.String(plainSigns.Replace(s)))
}

// stubs writes the two text messages of a post: without diacritics in one message, and with them in at most two. The address
// is never cut; the title is, and as much of the lead follows as there is room.
func stubs(w Words, unit, title, lead, link string) (plain, accented string) {
	fit := func(fold func(string) string, fits func(string) bool) string {
		head := fold(unit) + ": "
		foot := ""
		if link != "" {
			foot = " " + fold(w.T("loudspeaker.sms.more")) + " " + link
		}
		title, lead := fold(strings.TrimRight(title, ". ")), fold(lead)
		best := ""
		for n := range vntext.Length(title) + 1 {
			if x := head + cut(title, n) + foot; fits(x) {
				best = x
			}
		}
		if whole := head + title; best == whole+foot {
			for n := 20; n <= vntext.Length(lead); n++ {
				if x := whole + ". " + cut(lead, n) + foot; fits(x) {
					best = x
				}
			}
		}
		if best == "" { // the unit's name is too long for one message
			best = cut(fold(title), 60) + foot
		}
		return best
	}
	plain = fit(Fold, func(s string) bool { m := Weigh(s); return m.Plain && m.Used <= PlainMax })
	accented = fit(vntext.NFC, func(s string) bool { return Weigh(s).Parts <= unicodeParts })
	return plain, accented
}

// cut shortens at a word, with three points that every telephone knows.
func cut(s string, n int) string {
	if vntext.Length(s) <= n {
		return s
	}
	return strings.TrimSuffix(vntext.Truncate(s, max(1, n-2)), "…") + "..."
}
