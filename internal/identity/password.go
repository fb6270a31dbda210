package identity

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// PasswordMin and PasswordMax bound a password, in characters (NIST SP 800-63B asks for length, not for odd characters).
const (
	PasswordMin = 10
	PasswordMax = 200
)

//go:embed common_passwords.txt
var commonPasswordText string

var commonPasswords = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for line := range strings.Lines(commonPasswordText) {
		if w := strings.TrimSpace(line); w != "" && w[0] != '#' {
			m[w] = true
		}
	}
	return m
})

// CheckPassword refuses a new password that is short, common or made of the person's own name or address.
func CheckPassword(password, name, email string) error {
	n := utf8.RuneCountInString(password)
	if n < PasswordMin {
		return fault.Field("password", "identity.password.too_short").With("Limit", PasswordMin)
	}
	if n > PasswordMax {
		return fault.Field("password", "identity.password.too_long").With("Limit", PasswordMax)
	}
	plain := squeeze(password)
	base := strings.TrimRight(plain, "0123456789!@#$.*-_")
	if commonPasswords()[plain] || commonPasswords()[base] || fewDistinct(plain) {
		return fault.Field("password", "identity.password.common")
	}
	local, _, _ := strings.Cut(email, "@")
	for _, own := range []string{squeeze(name), squeeze(local)} {
		if own != "" && (base == own || plain == own) {
			return fault.Field("password", "identity.password.own_name")
		}
	}
	return nil
}

// squeeze folds marks, case and spaces away: "Mật Khẩu" and "matkhau" are the same guess.
func squeeze(s string) string {
	return strings.Join(strings.Fields(vntext.Fold(s)), "")
}

// fewDistinct finds "1111111111" and "abababababab".
func fewDistinct(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen) < 4
}

// argon2id with 19 MiB, two passes, one lane: the OWASP minimum, about 40 ms on a small server.
var argonParams = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// hashing bounds how many passwords are computed at once: each takes 19 MiB and a core.
var hashing = make(chan struct{}, 4)

func hashPassword(p string) (string, error) {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2id.CreateHash(p, argonParams)
}

// nobody's hash is compared when there is no such account, so that the time taken tells nothing.
var nobodysHash = sync.OnceValues(func() (string, error) { return hashPassword("nobody has this password") })

func passwordMatches(p, hash string) bool {
	real := hash != ""
	if !real {
		var err error
		if hash, err = nobodysHash(); err != nil {
			return false
		}
	}
	hashing <- struct{}{}
	defer func() { <-hashing }()
	ok, err := argon2id.ComparePasswordAndHash(p, hash)
	return ok && err == nil && real
}
