package household

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/nhipcau/nhipcau/internal/platform/secret"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// Sealer seals personal data and gives the key of the search tokens. secret.Box implements it.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
	Derive(purpose string) []byte
}

// Sealed lists the columns of this room that hold sealed texts, for sealing them anew after a key was added.
func Sealed() []secret.Column {
	return []secret.Column{{Table: "household_household", Key: "id", Column: "sealed", Place: place}}
}

func place(id string) string { return "household_household:" + id }

func (s *Service) seal(id string, p Person) (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	return s.Sealer.Seal(b, place(id))
}

func (s *Service) open(id, sealed string) (Person, error) {
	var p Person
	if sealed == "" { // the years of keeping are over
		return p, nil
	}
	b, err := s.Sealer.Open(sealed, place(id))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(b, &p)
}

// tokens make sealed names and numbers findable. A number becomes a keyed hash: equal numbers are equal hashes, and without
// the key nobody can try numbers out. A word of a name becomes one of only 64 drawers under the same key, shared by many
// words, so that counting drawers tells no names; what a drawer holds is opened and compared before anybody sees it.
type tokens struct{ key []byte }

func (t tokens) sum(what, text string) []byte {
	m := hmac.New(sha256.New, t.key)
	m.Write([]byte(what + "\x00" + text))
	return m.Sum(nil)
}

func (t tokens) number(what, number string) string {
	if number == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(t.sum(what, number)[:18])
}

const drawers = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."

func (t tokens) drawer(word string) string { return string(drawers[t.sum("word", word)[0]&63]) }

// common are the words of names that so many people bear that even their drawer would tell: they get none.
var common = map[string]bool{"nguyen": true, "tran": true, "le": true, "pham": true, "hoang": true, "huynh": true, "phan": true, "vu": true,
	"vo": true, "dang": true, "bui": true, "do": true, "ho": true, "ngo": true, "duong": true, "ly": true, "thi": true, "van": true}

// words are the drawers of a name, each once and in order: "AfZ".
func (t tokens) words(name string) string {
	var out []string
	for _, w := range vntext.Tokens(name) {
		if !common[w] {
			out = append(out, t.drawer(w))
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), "")
}

// phone brings both ways of writing a number to one.
func plainPhone(s string) string {
	if rest, ok := strings.CutPrefix(s, "+84"); ok {
		return "0" + rest
	}
	return s
}
