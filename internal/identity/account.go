package identity

import (
	"context"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Account is what a person sees of their own account.
type Account struct {
	Official      Official
	HasPassword   bool
	HasTOTP       bool
	RecoveryLeft  int // recovery codes not yet used
	Passkeys      []Passkey
	Sessions      []Session
	Memberships   []Membership // roles that hold now or later
	LinkedOutside bool         // linked to the province's sign-in
}

// Account reads the actor's own account.
func (s *Service) Account(ctx context.Context, a Actor) (Account, error) {
	if err := signedIn(a); err != nil {
		return Account{}, err
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.id = ?", a.ID)
	if err != nil {
		return Account{}, err
	}
	acc := Account{Official: o, HasPassword: o.PasswordHash != "", HasTOTP: o.TOTPSealed != "", LinkedOutside: o.OIDCSubject != ""}
	if acc.RecoveryLeft, err = s.recoveryLeft(ctx, a.ID); err != nil {
		return Account{}, err
	}
	if acc.Passkeys, err = s.Passkeys(ctx, a); err != nil {
		return Account{}, err
	}
	if acc.Sessions, err = s.Sessions(ctx, a); err != nil {
		return Account{}, err
	}
	err = s.db.Read().NewSelect().Model(&acc.Memberships).Where("m.official_id = ? AND m.valid_to > ? AND m.valid_from < m.valid_to", a.ID, s.today()).
		Order("m.valid_from", "m.id").Scan(ctx)
	return acc, err
}

// ChangePassword sets the actor's own password; other sessions end. It asks for a fresh proof of presence.
func (s *Service) ChangePassword(ctx context.Context, a Actor, sessionID, password, repeat string) error {
	if err := signedIn(a); err != nil {
		return err
	}
	if err := s.RequireProof(ctx); err != nil {
		return err
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.id = ?", a.ID)
	if err != nil {
		return err
	}
	if err := CheckPassword(password, o.Name, o.Email); err != nil {
		return err
	}
	if password != repeat {
		return fault.Field("repeat", "identity.password.differs")
	}
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewUpdate().Model((*Official)(nil)).Set("password_hash = ?", hash).Where("id = ?", a.ID).Exec(ctx); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, a.ID, sessionID); err != nil {
			return err
		}
		return s.record(ctx, tx, a, "", "identity.change_password", a.ID)
	})
}

// BeginTOTP makes a new second-factor seed to put into an authenticator app; the old one works until ConfirmTOTP.
func (s *Service) BeginTOTP(ctx context.Context, a Actor) (setup TOTPSetup, stepToken string, err error) {
	if err := signedIn(a); err != nil {
		return setup, "", err
	}
	if err := s.RequireProof(ctx); err != nil {
		return setup, "", err
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.id = ?", a.ID)
	if err != nil {
		return setup, "", err
	}
	seed := newTOTPSeed()
	sealed, err := s.sealTOTP(a.ID, seed)
	if err != nil {
		return setup, "", err
	}
	stepToken, err = s.newStep(ctx, stepTOTP, a.ID, sealed)
	return s.totpSetup(seed, o.Email), stepToken, err
}

// PendingTOTP shows the seed begun before once more, when a first code was mistyped.
func (s *Service) PendingTOTP(ctx context.Context, a Actor, stepToken string) (TOTPSetup, error) {
	_, seed, err := s.pendingSeed(ctx, a, stepToken)
	return s.totpSetup(seed, a.Name), err
}

func (s *Service) pendingSeed(ctx context.Context, a Actor, stepToken string) (step, string, error) {
	p, err := s.findStep(ctx, s.db.Read(), stepTOTP, stepToken)
	if err != nil {
		return p, "", err
	}
	if p.OfficialID != a.ID {
		return p, "", fault.New(fault.Invalid, "identity.step_expired")
	}
	var sealed string
	if err := unmarshalStep(p, &sealed); err != nil {
		return p, "", err
	}
	seed, err := s.box.Open(sealed, totpPlace(a.ID))
	return p, string(seed), err
}

// ConfirmTOTP replaces the second factor once a first code shows that the app has it, and makes new recovery codes.
func (s *Service) ConfirmTOTP(ctx context.Context, a Actor, stepToken, code string) (codes []string, err error) {
	if err := signedIn(a); err != nil {
		return nil, err
	}
	if err := s.RequireProof(ctx); err != nil {
		return nil, err
	}
	p, seed, err := s.pendingSeed(ctx, a, stepToken)
	if err != nil {
		return nil, err
	}
	at, ok := totpStep(seed, code, s.clock.Now())
	if !ok {
		return nil, fault.Field("code", "identity.code.wrong_setup")
	}
	sealed, err := s.sealTOTP(a.ID, seed)
	if err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.dropStep(ctx, tx, p); err != nil {
			return err
		}
		_, err := tx.NewUpdate().Model((*Official)(nil)).Set("totp_sealed = ?", sealed).Set("totp_step = ?", at).Where("id = ?", a.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if codes, err = s.replaceRecovery(ctx, tx, a.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, a, "", "identity.change_second_factor", a.ID)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// NewRecoveryCodes replaces the actor's recovery codes.
func (s *Service) NewRecoveryCodes(ctx context.Context, a Actor) (codes []string, err error) {
	if err := signedIn(a); err != nil {
		return nil, err
	}
	if err := s.RequireProof(ctx); err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var err error
		if codes, err = s.replaceRecovery(ctx, tx, a.ID); err != nil {
			return err
		}
		return s.record(ctx, tx, a, "", "identity.new_recovery_codes", a.ID)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// SetLang keeps the language the actor reads in.
func (s *Service) SetLang(ctx context.Context, a Actor, lang string) error {
	if err := signedIn(a); err != nil {
		return err
	}
	if lang != "vi" && lang != "en" {
		return fault.Field("lang", "identity.lang.unknown")
	}
	defer s.cache.clear()
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*Official)(nil)).Set("lang = ?", lang).Where("id = ?", a.ID).Exec(ctx)
		return err
	})
}

// Rename changes the name the actor is shown by.
func (s *Service) Rename(ctx context.Context, a Actor, name string) error {
	if err := signedIn(a); err != nil {
		return err
	}
	var fs fault.Fields
	name = checkName(&fs, name)
	if err := fs.OrNil(); err != nil {
		return err
	}
	defer s.cache.clear()
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		o, err := findOfficial(ctx, tx, "o.id = ?", a.ID)
		if err != nil {
			return err
		}
		_, err = tx.NewUpdate().Model((*Official)(nil)).Set("name = ?", name).Set("folded = ?", folded(name, o.Email)).Where("id = ?", a.ID).Exec(ctx)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, a, "", "identity.rename", a.ID)
	})
}
