package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// SignedIn is the result of a sign-in: a session, or the next step towards one.
type SignedIn struct {
	Token string // for the session cookie; "" when Step is set
	Step  string // for the cookie of the second step: a code is asked for
	Lang  string // the person's language
	// Codes are new recovery codes to show once; only when an invitation was accepted.
	Codes []string
}

// SignIn checks address and password. With a second factor the answer is a Step; an account without one (and without
// being of the rehearsal) cannot sign in by password.
func (s *Service) SignIn(ctx context.Context, email, password string, c Client) (SignedIn, error) {
	wrong := fault.New(fault.Invalid, "identity.sign_in.wrong")
	email = strings.ToLower(strings.TrimSpace(email))
	var fs fault.Fields
	fs.Check(email != "", "email", "identity.email.missing")
	fs.Check(password != "", "password", "identity.password.missing")
	if err := fs.OrNil(); err != nil {
		return SignedIn{}, err
	}
	if len(email) > emailLimit || len(password) > 4*PasswordMax {
		return SignedIn{}, wrong
	}
	account, address := s.accountLimit(email), s.addressLimit(c.IP)
	if err := s.attempt(ctx, account, address); err != nil {
		return SignedIn{}, err
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.email = ?", email)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return SignedIn{}, err
	}
	if !passwordMatches(password, o.PasswordHash) || o.DisabledAt != nil || o.JoinedAt == nil {
		if o.ID != "" {
			if err := s.noteFailure(ctx, o, "password"); err != nil {
				return SignedIn{}, err
			}
		}
		return SignedIn{}, wrong
	}
	if o.TOTPSealed == "" {
		if !o.Rehearsal || !s.cfg.RehearsalSignIn {
			return SignedIn{}, fault.New(fault.Forbidden, "identity.sign_in.no_second_factor")
		}
		return s.finish(ctx, o, MethodRehearsal, c, nil)
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { // the password was right: that try does not count
		if err := s.undo(ctx, tx, account); err != nil {
			return err
		}
		return s.undo(ctx, tx, address)
	})
	if err != nil {
		return SignedIn{}, err
	}
	token, err := s.newStep(ctx, stepSecondFactor, o.ID, nil)
	return SignedIn{Step: token, Lang: o.Lang}, err
}

// SignInCode finishes a sign-in with a code of the second factor, or with a recovery code.
func (s *Service) SignInCode(ctx context.Context, stepToken, code string, c Client) (SignedIn, error) {
	p, err := s.findStep(ctx, s.db.Read(), stepSecondFactor, stepToken)
	if err != nil {
		return SignedIn{}, err
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.id = ?", p.OfficialID)
	if err != nil {
		return SignedIn{}, err
	}
	if strings.TrimSpace(code) == "" {
		return SignedIn{}, fault.Field("code", "identity.code.missing")
	}
	if err := s.attempt(ctx, s.accountLimit(o.Email), s.addressLimit(c.IP)); err != nil {
		return SignedIn{}, err
	}
	method := MethodPassword
	use := func(ctx context.Context, tx db.Tx) error {
		if err := s.dropStep(ctx, tx, p); err != nil {
			return err
		}
		if len(normalRecovery(code)) == 10 {
			method = MethodRecovery
			return s.useRecovery(ctx, tx, o.ID, code)
		}
		return s.useTOTP(ctx, tx, o, code)
	}
	in, err := s.finishWith(ctx, o, &method, c, use)
	if fault.Is(err, fault.Invalid) {
		if nerr := s.noteFailure(ctx, o, "code"); nerr != nil {
			return SignedIn{}, nerr
		}
	}
	return in, err
}

// finish begins the session and forgives the attempts; first runs in the same transaction before it.
func (s *Service) finish(ctx context.Context, o Official, m Method, c Client, first func(context.Context, db.Tx) error) (SignedIn, error) {
	return s.finishWith(ctx, o, &m, c, first)
}

func (s *Service) finishWith(ctx context.Context, o Official, m *Method, c Client, first func(context.Context, db.Tx) error) (SignedIn, error) {
	in := SignedIn{Lang: o.Lang}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.forgive(ctx, tx, s.accountLimit(o.Email)); err != nil {
			return err
		}
		if err := s.undo(ctx, tx, s.addressLimit(c.IP)); err != nil {
			return err
		}
		if first != nil {
			if err := first(ctx, tx); err != nil {
				return err
			}
		}
		var err error
		in.Token, err = s.startSession(ctx, tx, o, *m, c)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	return in, nil
}

func (s *Service) noteFailure(ctx context.Context, o Official, at string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		return s.record(ctx, tx, Citizen(), "", "identity.sign_in_failed", o.ID, "at", at)
	})
}

// findOfficial reads one official; a NotFound fault when there is none.
func findOfficial(ctx context.Context, q bun.IDB, where string, args ...any) (Official, error) {
	var o Official
	err := q.NewSelect().Model(&o).Where(where, args...).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return Official{}, fault.New(fault.NotFound, "identity.official.gone")
	}
	if err != nil {
		return Official{}, fmt.Errorf("identity: official: %w", err)
	}
	return o, nil
}

// Prove confirms that the signed-in person is present: a code of the second factor, or the password where there is none.
func (s *Service) Prove(ctx context.Context, a Actor, sessionID, proof string, c Client) error {
	if err := signedIn(a); err != nil {
		return err
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.id = ?", a.ID)
	if err != nil {
		return err
	}
	if proof == "" {
		return fault.Field("code", "identity.code.missing")
	}
	if err := s.attempt(ctx, s.accountLimit(o.Email), s.addressLimit(c.IP)); err != nil {
		return err
	}
	if o.TOTPSealed == "" && !passwordMatches(proof, o.PasswordHash) {
		return fault.Field("code", "identity.code.wrong")
	}
	defer s.cache.clear()
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if o.TOTPSealed != "" {
			if err := s.useTOTP(ctx, tx, o, proof); err != nil {
				return err
			}
		}
		if err := s.forgive(ctx, tx, s.accountLimit(o.Email)); err != nil {
			return err
		}
		return s.proved(ctx, tx, sessionID, a.ID)
	})
}

func (s *Service) proved(ctx context.Context, tx db.Tx, sessionID, officialID string) error {
	tx.AfterCommit(s.cache.clear)
	_, err := tx.NewUpdate().Model((*Session)(nil)).Set("proved_at = ?", s.clock.Now()).
		Where("id = ? AND official_id = ?", sessionID, officialID).Exec(ctx)
	return err
}
