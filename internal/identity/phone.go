package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// A citizen may confirm a telephone number by a code: six digits, good for ten minutes and five tries.
const (
	PhoneCodeLife  = 10 * time.Minute
	PhoneCodeTries = 5
)

// PhoneSender sends a code over some channel. It is called in the transaction that keeps the code: an implementation
// queues the message there and does not go to the network. Code and number must not be logged.
type PhoneSender interface {
	SendCode(ctx context.Context, tx db.Tx, phone, code string) error
}

// PhoneCode is one code sent to one number; number and code are kept as keyed fingerprints only.
type PhoneCode struct {
	bun.BaseModel `bun:"table:identity_phone_code,alias:c"`

	ID          string `bun:",pk"`
	PhoneHash   string
	CodeHash    string
	Tries       int64
	CreatedAt   time.Time
	ExpiresAt   time.Time
	ConfirmedAt *time.Time
}

var phoneDigits = regexp.MustCompile(`^0(3|5|7|8|9)[0-9]{8}$`)

// NormalPhone reads a Vietnamese mobile number as people type it ("+84 912 345 678", "0912.345.678") and gives its ten
// digits; ok is false when it is none.
func NormalPhone(s string) (phone string, ok bool) {
	s = strings.NewReplacer(" ", "", ".", "", "-", "", "(", "", ")", "").Replace(strings.TrimSpace(s))
	switch {
	case strings.HasPrefix(s, "+84"):
		s = "0" + s[3:]
	case strings.HasPrefix(s, "84") && len(s) == 11:
		s = "0" + s[2:]
	}
	return s, phoneDigits.MatchString(s)
}

// Limits on asking for codes: a number gets three, then one every ten minutes and slower; an address twenty.
func (s *Service) phoneLimits(phone, ip string) []limit {
	return []limit{
		{key: "phone:" + s.mac("throttle", phone), free: 3, pause: 10 * time.Minute, most: 24 * time.Hour, forget: 24 * time.Hour},
		{key: "phone-address:" + s.mac("throttle", ip), free: 20, pause: 10 * time.Minute, most: time.Hour, forget: time.Hour},
	}
}

// SendPhoneCode makes a code, has it sent and answers the id under which it is confirmed.
func (s *Service) SendPhoneCode(ctx context.Context, sender PhoneSender, number, ip string) (codeID string, err error) {
	phone, ok := NormalPhone(number)
	if !ok {
		return "", fault.Field("phone", "identity.phone.invalid")
	}
	if err := s.attempt(ctx, s.phoneLimits(phone, ip)...); err != nil {
		return "", err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	code := fmt.Sprintf("%06d", n.Int64())
	now := s.clock.Now()
	row := PhoneCode{ID: id.New(), PhoneHash: s.mac("phone", phone), CreatedAt: now, ExpiresAt: now.Add(PhoneCodeLife)}
	row.CodeHash = s.mac("phone-code", row.ID+":"+code)
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		// A number has one good code at a time.
		if _, err := tx.NewUpdate().Model((*PhoneCode)(nil)).Set("expires_at = ?", now).
			Where("phone_hash = ? AND expires_at > ? AND confirmed_at IS NULL", row.PhoneHash, now).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model((*PhoneCode)(nil)).Where("expires_at < ?", now.Add(-24*time.Hour)).Exec(ctx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return sender.SendCode(ctx, tx, phone, code)
	})
	if err != nil {
		return "", err
	}
	return row.ID, nil
}

// ConfirmPhone checks a code that was sent to the number. It works once; after five wrong tries the code is dead.
func (s *Service) ConfirmPhone(ctx context.Context, codeID, number, code string) error {
	wrong := fault.Field("code", "identity.phone.wrong")
	phone, _ := NormalPhone(number)
	var judged error
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		judged = wrong
		now := s.clock.Now()
		var row PhoneCode
		err := tx.ForUpdate(tx.NewSelect().Model(&row).
			Where("c.id = ? AND c.phone_hash = ? AND c.expires_at > ? AND c.confirmed_at IS NULL AND c.tries < ?", codeID, s.mac("phone", phone), now, PhoneCodeTries)).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			judged = fault.Field("code", "identity.phone.expired")
			return nil
		}
		if err != nil {
			return err
		}
		up := tx.NewUpdate().Model((*PhoneCode)(nil)).Set("tries = tries + 1").Where("id = ?", row.ID)
		if subtle.ConstantTimeCompare([]byte(s.mac("phone-code", row.ID+":"+strings.TrimSpace(code))), []byte(row.CodeHash)) == 1 {
			judged = nil
			up = up.Set("confirmed_at = ?", now)
		}
		_, err = up.Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return judged
}
