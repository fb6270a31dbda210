package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// step is what must be remembered between two requests of one ceremony; the browser holds only its token.
type step struct {
	bun.BaseModel `bun:"table:identity_step,alias:p"`

	TokenHash  string `bun:",pk"`
	Kind       string
	OfficialID string
	Data       string
	ExpiresAt  time.Time
}

// The kinds of step.
const (
	stepSecondFactor    = "second_factor"
	stepPasskeyLogin    = "passkey_login"
	stepPasskeyRegister = "passkey_register"
	stepTOTP            = "totp"
	stepOIDC            = "oidc"
)

// stepLife is how long a person may take between two steps.
const stepLife = 10 * time.Minute

// newStep remembers data and gives the token the browser keeps.
func (s *Service) newStep(ctx context.Context, kind, officialID string, data any) (string, error) {
	b, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("identity: step: %w", err)
	}
	token := id.NewSecret()
	now := s.clock.Now()
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewDelete().Model((*step)(nil)).Where("expires_at < ?", now).Exec(ctx); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(&step{
			TokenHash: s.mac("step", token), Kind: kind, OfficialID: officialID, Data: string(b), ExpiresAt: now.Add(stepLife),
		}).Exec(ctx)
		return err
	})
	return token, err
}

// findStep reads a step that is still good.
func (s *Service) findStep(ctx context.Context, q bun.IDB, kind, token string) (step, error) {
	var p step
	err := q.NewSelect().Model(&p).Where("p.token_hash = ? AND p.kind = ? AND p.expires_at > ?", s.mac("step", token), kind, s.clock.Now()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.New(fault.Invalid, "identity.step_expired")
	}
	return p, err
}

// takeStep removes a step, so that it is used once; the same fault as findStep when it is gone.
func (s *Service) takeStep(ctx context.Context, kind, token string, data any) (step, error) {
	var p step
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var err error
		if p, err = s.findStep(ctx, tx, kind, token); err != nil {
			return err
		}
		return s.dropStep(ctx, tx, p)
	})
	if err == nil && data != nil {
		err = unmarshalStep(p, data)
	}
	return p, err
}

func (s *Service) dropStep(ctx context.Context, tx db.Tx, p step) error {
	res, err := tx.NewDelete().Model((*step)(nil)).Where("token_hash = ?", p.TokenHash).Exec(ctx)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fault.New(fault.Invalid, "identity.step_expired"), err)
	}
	return nil
}

func unmarshalStep(p step, data any) error {
	if err := json.Unmarshal([]byte(p.Data), data); err != nil {
		return fmt.Errorf("identity: step: %w", err)
	}
	return nil
}
