package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// The second factor is RFC 6238 as every authenticator app speaks it: SHA-1, six digits, thirty seconds; one step early or
// late is accepted, the same step never twice.
const totpPeriod = 30

var totpOptions = totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// newTOTPSeed makes a seed of 160 random bits, in base32.
func newTOTPSeed() string {
	var b [20]byte
	rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	return base32Plain.EncodeToString(b[:])
}

// TOTPCode is the code that an authenticator with the seed shows at t; tests and the rehearsal use it.
func TOTPCode(seed string, t time.Time) (string, error) {
	return totp.GenerateCodeCustom(seed, t, totpOptions)
}

// totpStep finds the step a code belongs to; ok is false for a wrong code.
func totpStep(seed, code string, now time.Time) (step int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	for _, off := range []int64{0, -1, 1} {
		t := now.Add(time.Duration(off) * totpPeriod * time.Second)
		want, err := totp.GenerateCodeCustom(seed, t, totpOptions)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return t.Unix() / totpPeriod, true
		}
	}
	return 0, false
}

// TOTPSetup is what a person puts into an authenticator app.
type TOTPSetup struct {
	Seed string // base32, in groups of four for typing
	URI  string // otpauth://…, what the QR code holds
}

func (s *Service) totpSetup(seed, account string) TOTPSetup {
	q := url.Values{"secret": {seed}, "issuer": {s.cfg.Name}} // the rest is what every app assumes; a short text is easy to scan
	uri := "otpauth://totp/" + url.PathEscape(s.cfg.Name+":"+account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
	var grouped strings.Builder
	for i, r := range seed {
		if i > 0 && i%4 == 0 {
			grouped.WriteByte(' ')
		}
		grouped.WriteRune(r)
	}
	return TOTPSetup{Seed: grouped.String(), URI: uri}
}

func totpPlace(officialID string) string { return "identity_official.totp:" + officialID }

// sealTOTP seals a seed for the official's row.
func (s *Service) sealTOTP(officialID, seed string) (string, error) {
	return s.box.Seal([]byte(seed), totpPlace(officialID))
}

// useTOTP checks a code of the official's second factor and burns its step in tx.
func (s *Service) useTOTP(ctx context.Context, tx db.Tx, o Official, code string) error {
	wrong := fault.Field("code", "identity.code.wrong")
	if o.TOTPSealed == "" {
		return wrong
	}
	seed, err := s.box.Open(o.TOTPSealed, totpPlace(o.ID))
	if err != nil {
		return err
	}
	step, ok := totpStep(string(seed), code, s.clock.Now())
	if !ok {
		return wrong
	}
	res, err := tx.NewUpdate().Model((*Official)(nil)).Set("totp_step = ?", step).Where("id = ? AND totp_step < ?", o.ID, step).Exec(ctx)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return err
	}
	if n != 1 {
		return wrong.Because(errors.New("the code was used before"))
	}
	return nil
}
