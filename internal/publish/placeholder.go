package publish

import (
	"html"
	"strings"
	"unicode/utf8"

	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Place is something that differs from unit to unit and is written in a text as ((name)), as in ((unit name)): two round
// brackets, so that it can be typed on any keyboard. Case, diacritics and spacing of the name do not matter.
type Place string

// The places.
const (
	PlaceUnit     Place = "unit"     // full name of the unit
	PlaceShort    Place = "short"    // its name without the kind
	PlaceSuperior Place = "superior" // full name of the unit above it
	PlaceChair    Place = "chair"    // name of its chair
	PlaceHotline  Place = "hotline"
	PlaceAddress  Place = "address"
	PlaceEmail    Place = "email"
	PlaceLink     Place = "link" // address of the unit's public page
)

// Places lists the places in the order in which pages explain them. The catalogue has, under "publish.place.<place>", the
// name that officials type; placeNames holds what is understood.
var Places = [...]Place{PlaceUnit, PlaceShort, PlaceSuperior, PlaceChair, PlaceHotline, PlaceAddress, PlaceEmail, PlaceLink}

// placeNames maps folded names to places.
var placeNames = map[string]Place{
	"ten don vi": PlaceUnit, "don vi": PlaceUnit, "unit name": PlaceUnit,
	"ten ngan": PlaceShort, "short name": PlaceShort,
	"don vi cap tren": PlaceSuperior, "cap tren": PlaceSuperior, "superior": PlaceSuperior,
	"chu tich": PlaceChair, "chair": PlaceChair,
	"duong day nong": PlaceHotline, "hotline": PlaceHotline,
	"dia chi": PlaceAddress, "address": PlaceAddress,
	"thu dien tu": PlaceEmail, "email": PlaceEmail,
	"trang cua don vi": PlaceLink, "link": PlaceLink,
}

// placeMax is the longest name of a place in bytes; what is longer between brackets is ordinary text.
const placeMax = 80

// Values are the words for the places of one unit. A place that is missing or empty cannot be filled.
type Values map[Place]string

type token struct {
	text  string // ordinary text, or the place as it was written with its brackets
	name  string // what stood between the brackets; "" for ordinary text
	place Place  // "" when the name is unknown
}

// tokens cuts a text at its places. Joining the texts gives the input back.
func tokens(s string) []token {
	var out []token
	for {
		i := strings.Index(s, "((")
		if i < 0 {
			break
		}
		for strings.HasPrefix(s[i+1:], "((") { // the innermost pair counts
			i++
		}
		j := strings.Index(s[i+2:], "))")
		name := ""
		if j >= 0 && j <= placeMax {
			name = s[i+2 : i+2+j]
		}
		if strings.TrimSpace(name) == "" || strings.ContainsAny(name, "<>\n()") || !utf8.ValidString(name) {
			out = append(out, token{text: s[:i+2]})
			s = s[i+2:]
			continue
		}
		if i > 0 {
			out = append(out, token{text: s[:i]})
		}
		out = append(out, token{text: s[i : i+j+4], name: name, place: placeNames[vntext.Fold(html.UnescapeString(name))]})
		s = s[i+j+4:]
	}
	if s != "" {
		out = append(out, token{text: s})
	}
	return out
}

// UsedPlaces lists the known places in a text, without repeats, and the names it does not know, as written.
func UsedPlaces(texts ...string) (known []Place, unknown []string) {
	seen := map[string]bool{}
	for _, s := range texts {
		for _, t := range tokens(s) {
			switch {
			case t.name == "":
			case t.place == "" && !seen["?"+t.name]:
				seen["?"+t.name] = true
				unknown = append(unknown, t.text)
			case t.place != "" && !seen[string(t.place)]:
				seen[string(t.place)] = true
				known = append(known, t.place)
			}
		}
	}
	return known, unknown
}

// FillText puts the values into a plain text; unknown and unfillable places stay as they are.
func FillText(s string, v Values) string { return fill(s, v, func(x string) string { return x }) }

// FillHTML puts the values into HTML; what a value contains is text, never marks.
func FillHTML(s string, v Values) string { return fill(s, v, html.EscapeString) }

func fill(s string, v Values, escape func(string) string) string {
	if !strings.Contains(s, "((") {
		return s
	}
	var b strings.Builder
	for _, t := range tokens(s) {
		if x := v[t.place]; t.place != "" && x != "" {
			b.WriteString(escape(x))
			continue
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// Fill puts the values into all words.
func (w Words) Fill(v Values) Words {
	return Words{Title: FillText(w.Title, v), Lead: FillText(w.Lead, v), Body: FillHTML(w.Body, v)}
}

// withoutPlaces takes the places out, for an address made from a title.
func withoutPlaces(s string) string {
	var b strings.Builder
	for _, t := range tokens(s) {
		if t.place == "" {
			b.WriteString(t.text)
		}
	}
	return b.String()
}
