package identity

import (
	"context"
	"crypto/rand"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"

	"time"
)

// RecoveryCodes is how many recovery codes a person has; each replaces the second factor once.
const RecoveryCodes = 10

type recovery struct {
	bun.BaseModel `bun:"table:identity_recovery,alias:r"`

	ID         string `bun:",pk"`
	OfficialID string
	CodeHash   string
	UsedAt     *time.Time
}

const recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// newRecoveryCode is ten characters (50 random bits) as "xxxxx-xxxxx".
func newRecoveryCode() string {
	var b [10]byte
	rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	var out strings.Builder
	for i, c := range b {
		if i == 5 {
			out.WriteByte('-')
		}
		out.WriteByte(recoveryAlphabet[c&31])
	}
	return out.String()
}

// normalRecovery reads a code as people type it.
func normalRecovery(s string) string {
	return strings.NewReplacer(" ", "", "-", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(strings.TrimSpace(s)))
}

func (s *Service) recoveryHash(officialID, code string) string {
	return s.mac("recovery", officialID+":"+normalRecovery(code))
}

// replaceRecovery makes ten new codes and forgets the old ones; the codes are shown once and kept as fingerprints only.
func (s *Service) replaceRecovery(ctx context.Context, tx db.Tx, officialID string) ([]string, error) {
	if _, err := tx.NewDelete().Model((*recovery)(nil)).Where("official_id = ?", officialID).Exec(ctx); err != nil {
		return nil, err
	}
	codes := make([]string, RecoveryCodes)
	rows := make([]recovery, RecoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		rows[i] = recovery{ID: id.New(), OfficialID: officialID, CodeHash: s.recoveryHash(officialID, codes[i])}
	}
	_, err := tx.NewInsert().Model(&rows).Exec(ctx)
	return codes, err
}

// useRecovery burns a recovery code.
func (s *Service) useRecovery(ctx context.Context, tx db.Tx, officialID, code string) error {
	res, err := tx.NewUpdate().Model((*recovery)(nil)).Set("used_at = ?", s.clock.Now()).
		Where("official_id = ? AND code_hash = ? AND used_at IS NULL", officialID, s.recoveryHash(officialID, code)).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return fault.Field("code", "identity.code.wrong").Because(err)
	}
	return nil
}

func (s *Service) recoveryLeft(ctx context.Context, officialID string) (int, error) {
	n, err := s.db.Read().NewSelect().Model((*recovery)(nil)).Where("r.official_id = ? AND r.used_at IS NULL", officialID).Count(ctx)
	return int(n), err
}
