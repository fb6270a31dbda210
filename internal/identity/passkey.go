package identity

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// Passkey is a key in a person's telephone or computer that replaces password and code (WebAuthn level 3).
type Passkey struct {
	bun.BaseModel `bun:"table:identity_passkey,alias:k"`

	ID           string `bun:",pk"`
	OfficialID   string
	CredentialID string // base64url
	Name         string // as the person calls it: "Điện thoại của tôi"
	Data         string // the credential record, JSON
	CreatedAt    time.Time
	UsedAt       *time.Time
}

// newRelyingParty is nil where passkeys cannot work: a bare number as host, or plain http beyond localhost.
func newRelyingParty(u *url.URL, name string) *webauthn.WebAuthn {
	host := u.Hostname()
	if net.ParseIP(host) != nil || (u.Scheme != "https" && host != "localhost") {
		return nil
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
	if err != nil {
		return nil
	}
	return w
}

// keyOwner shows an official to the library.
type keyOwner struct {
	official    Official
	credentials []webauthn.Credential
}

func (k keyOwner) WebAuthnID() []byte {
	b, _ := hex.DecodeString(k.official.PasskeyHandle) // made by us: always hexadecimal
	return b
}
func (k keyOwner) WebAuthnName() string                       { return k.official.Email }
func (k keyOwner) WebAuthnDisplayName() string                { return k.official.Name }
func (k keyOwner) WebAuthnCredentials() []webauthn.Credential { return k.credentials }

func (s *Service) keyOwner(ctx context.Context, q bun.IDB, o Official) (keyOwner, error) {
	var list []Passkey
	if err := q.NewSelect().Model(&list).Where("k.official_id = ?", o.ID).Order("k.id").Scan(ctx); err != nil {
		return keyOwner{}, err
	}
	k := keyOwner{official: o}
	for _, p := range list {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(p.Data), &c); err != nil {
			return keyOwner{}, fmt.Errorf("identity: passkey %s: %w", p.ID, err)
		}
		k.credentials = append(k.credentials, c)
	}
	return k, nil
}

func (s *Service) needPasskeys() error {
	if s.keys == nil {
		return fault.New(fault.Conflict, "identity.passkey.unusable")
	}
	return nil
}

// Ceremony is the first half of a passkey ceremony: Options go to the browser as they are (JSON), Step into a cookie.
type Ceremony struct {
	Options json.RawMessage
	Step    string
}

// BeginPasskey starts the making of a new passkey for the actor's own account.
func (s *Service) BeginPasskey(ctx context.Context, a Actor) (Ceremony, error) {
	if err := errors.Join(signedIn(a), s.needPasskeys()); err != nil {
		return Ceremony{}, err
	}
	if err := s.RequireProof(ctx); err != nil {
		return Ceremony{}, err
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.id = ?", a.ID)
	if err != nil {
		return Ceremony{}, err
	}
	return s.beginRegistration(ctx, o)
}

func (s *Service) beginRegistration(ctx context.Context, o Official) (Ceremony, error) {
	owner, err := s.keyOwner(ctx, s.db.Read(), o)
	if err != nil {
		return Ceremony{}, err
	}
	creation, data, err := s.keys.BeginRegistration(owner, webauthn.WithExclusions(webauthn.Credentials(owner.credentials).CredentialDescriptors()))
	if err != nil {
		return Ceremony{}, fmt.Errorf("identity: passkey: %w", err)
	}
	return s.ceremony(ctx, stepPasskeyRegister, o.ID, creation, data)
}

func (s *Service) ceremony(ctx context.Context, kind, officialID string, options any, data *webauthn.SessionData) (Ceremony, error) {
	b, err := json.Marshal(options)
	if err != nil {
		return Ceremony{}, err
	}
	token, err := s.newStep(ctx, kind, officialID, data)
	return Ceremony{Options: b, Step: token}, err
}

// FinishPasskey keeps the new passkey under a name.
func (s *Service) FinishPasskey(ctx context.Context, a Actor, stepToken, name string, response []byte) error {
	if err := errors.Join(signedIn(a), s.needPasskeys()); err != nil {
		return err
	}
	if err := s.RequireProof(ctx); err != nil {
		return err
	}
	o, err := findOfficial(ctx, s.db.Read(), "o.id = ?", a.ID)
	if err != nil {
		return err
	}
	key, err := s.checkRegistration(ctx, o, stepToken, name, response)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&key).Exec(ctx); err != nil {
			return passkeyTaken(err)
		}
		return s.record(ctx, tx, a, "", "identity.add_passkey", a.ID)
	})
}

func passkeyTaken(err error) error {
	if db.IsUnique(err) {
		return fault.New(fault.Conflict, "identity.passkey.taken").Because(err)
	}
	return err
}

// checkRegistration judges the authenticator's answer and makes the row; it writes nothing but the end of the step.
func (s *Service) checkRegistration(ctx context.Context, o Official, stepToken, name string, response []byte) (Passkey, error) {
	refused := fault.New(fault.Invalid, "identity.passkey.refused")
	var data webauthn.SessionData
	p, err := s.takeStep(ctx, stepPasskeyRegister, stepToken, &data)
	if err != nil {
		return Passkey{}, err
	}
	if p.OfficialID != o.ID {
		return Passkey{}, refused.Because(errors.New("begun by another person"))
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Passkey{}, refused.Because(detail(err))
	}
	owner, err := s.keyOwner(ctx, s.db.Read(), o)
	if err != nil {
		return Passkey{}, err
	}
	cred, err := s.keys.CreateCredential(owner, data, parsed)
	if err != nil {
		return Passkey{}, refused.Because(detail(err))
	}
	return newPasskey(o.ID, name, cred, s.clock.Now())
}

func newPasskey(officialID, name string, cred *webauthn.Credential, now time.Time) (Passkey, error) {
	b, err := json.Marshal(cred)
	if err != nil {
		return Passkey{}, err
	}
	name = cut(strings.Join(strings.Fields(name), " "), 60)
	if name == "" {
		name = "Passkey"
	}
	return Passkey{
		ID: id.New(), OfficialID: officialID, CredentialID: base64.RawURLEncoding.EncodeToString(cred.ID), Name: name, Data: string(b), CreatedAt: now,
	}, nil
}

// detail adds what the library keeps for developers to the cause in the log.
func detail(err error) error {
	var pe *protocol.Error
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %s %s", pe.Type, pe.Details, pe.DevInfo)
	}
	return err
}

// BeginPasskeySignIn starts a sign-in by passkey; the person's device offers the accounts it knows.
func (s *Service) BeginPasskeySignIn(ctx context.Context) (Ceremony, error) {
	if err := s.needPasskeys(); err != nil {
		return Ceremony{}, err
	}
	assertion, data, err := s.keys.BeginDiscoverableLogin()
	if err != nil {
		return Ceremony{}, fmt.Errorf("identity: passkey: %w", err)
	}
	return s.ceremony(ctx, stepPasskeyLogin, "", assertion, data)
}

// FinishPasskeySignIn judges the authenticator's answer and begins a session.
func (s *Service) FinishPasskeySignIn(ctx context.Context, stepToken string, response []byte, c Client) (SignedIn, error) {
	if err := s.needPasskeys(); err != nil {
		return SignedIn{}, err
	}
	if err := s.attempt(ctx, s.addressLimit(c.IP)); err != nil {
		return SignedIn{}, err
	}
	o, cred, err := s.assertion(ctx, stepToken, response)
	if err != nil {
		return SignedIn{}, err
	}
	return s.finish(ctx, o, MethodPasskey, c, func(ctx context.Context, tx db.Tx) error { return s.passkeyUsed(ctx, tx, cred) })
}

// ProvePasskey is Prove by a passkey of the same person.
func (s *Service) ProvePasskey(ctx context.Context, a Actor, sessionID, stepToken string, response []byte) error {
	if err := errors.Join(signedIn(a), s.needPasskeys()); err != nil {
		return err
	}
	o, cred, err := s.assertion(ctx, stepToken, response)
	if err != nil {
		return err
	}
	if o.ID != a.ID {
		return fault.New(fault.Forbidden, "identity.passkey.refused").Because(errors.New("another person's passkey"))
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.passkeyUsed(ctx, tx, cred); err != nil {
			return err
		}
		return s.proved(ctx, tx, sessionID, a.ID)
	})
}

func (s *Service) assertion(ctx context.Context, stepToken string, response []byte) (Official, *webauthn.Credential, error) {
	refused := fault.New(fault.Invalid, "identity.passkey.refused")
	var data webauthn.SessionData
	if _, err := s.takeStep(ctx, stepPasskeyLogin, stepToken, &data); err != nil {
		return Official{}, nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return Official{}, nil, refused.Because(detail(err))
	}
	var owner keyOwner
	find := func(_, handle []byte) (webauthn.User, error) {
		o, err := findOfficial(ctx, s.db.Read(), "o.passkey_handle = ? AND o.disabled_at IS NULL", hex.EncodeToString(handle))
		if err != nil {
			return nil, err
		}
		owner, err = s.keyOwner(ctx, s.db.Read(), o)
		return owner, err
	}
	_, cred, err := s.keys.ValidatePasskeyLogin(find, data, parsed)
	if err != nil {
		return Official{}, nil, refused.Because(detail(err))
	}
	if cred.Authenticator.CloneWarning { // its counter went backwards: somebody holds a copy
		return Official{}, nil, refused.Because(errors.New("signature counter went backwards"))
	}
	return owner.official, cred, nil
}

// passkeyUsed keeps the counter and the flags that the next ceremony is compared with. An older answer that arrives late
// does not overwrite a newer one's counter.
func (s *Service) passkeyUsed(ctx context.Context, tx db.Tx, cred *webauthn.Credential) error {
	var k Passkey
	cid := base64.RawURLEncoding.EncodeToString(cred.ID)
	if err := tx.ForUpdate(tx.NewSelect().Model(&k).Where("k.credential_id = ?", cid)).Scan(ctx); err != nil {
		return fmt.Errorf("identity: passkey: %w", err)
	}
	var old webauthn.Credential
	if err := json.Unmarshal([]byte(k.Data), &old); err != nil {
		return err
	}
	if !bytes.Equal(old.PublicKey, cred.PublicKey) {
		return errors.New("identity: passkey changed its public key")
	}
	cred.Authenticator.SignCount = max(cred.Authenticator.SignCount, old.Authenticator.SignCount)
	b, err := json.Marshal(cred)
	if err != nil {
		return err
	}
	_, err = tx.NewUpdate().Model((*Passkey)(nil)).Set("data = ?", string(b)).Set("used_at = ?", s.clock.Now()).Where("id = ?", k.ID).Exec(ctx)
	return err
}

// Passkeys lists the actor's own passkeys.
func (s *Service) Passkeys(ctx context.Context, a Actor) ([]Passkey, error) {
	if err := signedIn(a); err != nil {
		return nil, err
	}
	var list []Passkey
	err := s.db.Read().NewSelect().Model(&list).Where("k.official_id = ?", a.ID).Order("k.created_at").Scan(ctx)
	return list, err
}

// RemovePasskey forgets one of the actor's own passkeys, unless it is the last way to sign in.
func (s *Service) RemovePasskey(ctx context.Context, a Actor, passkeyID string) error {
	if err := signedIn(a); err != nil {
		return err
	}
	if err := s.RequireProof(ctx); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var o Official
		if err := tx.ForUpdate(tx.NewSelect().Model(&o).Where("o.id = ?", a.ID)).Scan(ctx); err != nil {
			return err
		}
		n, err := tx.NewSelect().Model((*Passkey)(nil)).Where("k.official_id = ?", a.ID).Count(ctx)
		if err != nil {
			return err
		}
		if n == 1 && (o.PasswordHash == "" || o.TOTPSealed == "") && o.OIDCSubject == "" {
			return fault.New(fault.Conflict, "identity.passkey.last")
		}
		res, err := tx.NewDelete().Model((*Passkey)(nil)).Where("id = ? AND official_id = ?", passkeyID, a.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if gone, _ := res.RowsAffected(); gone == 0 {
			return fault.New(fault.NotFound, "identity.passkey.gone")
		}
		return s.record(ctx, tx, a, "", "identity.remove_passkey", a.ID)
	})
}
