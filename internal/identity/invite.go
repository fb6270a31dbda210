package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/vntext"
)

// InvitationLife is how long the link of an invitation works.
const InvitationLife = 7 * 24 * time.Hour

type invitation struct {
	bun.BaseModel `bun:"table:identity_invitation,alias:i"`

	ID         string `bun:",pk"`
	OfficialID string
	UnitID     string
	SecretHash string
	InvitedBy  string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	ClosedAt   *time.Time
}

// Invitee is somebody to be invited with a first role.
type Invitee struct {
	Name, Email string
	Term
}

// Invited is the answer: the link goes to the person by a way the inviter trusts. Link is "" when the person has an account
// already (the role is simply theirs now), or waits on an invitation that the inviter has no power over.
type Invited struct {
	OfficialID string
	Link       string
	ExpiresAt  time.Time
}

// Invite makes an account that waits for its person, gives it a first role and returns the link. Inviting the same address
// again adds the role and, if the person has not answered, makes the earlier link worthless and gives a new one.
func (s *Service) Invite(ctx context.Context, a Actor, in Invitee) (Invited, error) {
	r := Resource{Type: "Membership", UnitID: in.UnitID, Attrs: map[string]string{"role": string(in.Role)}}
	if err := s.z.Check(a, "identity.invite", r); err != nil {
		return Invited{}, err
	}
	if err := s.checkUnit(in.UnitID); err != nil {
		return Invited{}, err
	}
	var fs fault.Fields
	name := checkName(&fs, in.Name)
	email, ok := NormalEmail(in.Email)
	fs.Check(ok, "email", "identity.email.invalid")
	to := checkTerm(&fs, in.Role, in.From, in.Until)
	if err := fs.OrNil(); err != nil {
		return Invited{}, err
	}
	var out Invited
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		o, fresh, err := s.officialFor(ctx, tx, name, email)
		if err != nil {
			return err
		}
		if err := s.mayGive(a, in.Term, o.ID); err != nil {
			return err
		}
		// Power over the account is judged before the new role makes the inviter one of its masters.
		mayLink := fresh || (o.JoinedAt == nil && s.overEveryUnit(ctx, tx, a, "identity.invite", o.ID) == nil)
		out = Invited{OfficialID: o.ID}
		if mayLink {
			if out.Link, out.ExpiresAt, err = s.newLink(ctx, tx, a, o.ID, in.UnitID); err != nil {
				return err
			}
		}
		if err := s.addOrKeep(ctx, tx, a, o.ID, in.Term, to); err != nil {
			return err
		}
		return s.record(ctx, tx, a, in.UnitID, "identity.invite", o.ID, "link", strconv.FormatBool(mayLink))
	})
	if err != nil {
		return Invited{}, err
	}
	return out, nil
}

// addOrKeep adds the role; somebody invited a second time, before answering, keeps the one they have.
func (s *Service) addOrKeep(ctx context.Context, tx db.Tx, a Actor, officialID string, t Term, to clock.Date) error {
	err := s.addMembership(ctx, tx, a, officialID, t, to)
	var fe *fault.Error
	if errors.As(err, &fe) && fe.Key == "identity.role.already" {
		o, ferr := findOfficial(ctx, tx, "o.id = ?", officialID)
		if ferr != nil {
			return ferr
		}
		if o.JoinedAt == nil {
			return nil
		}
	}
	return err
}

// officialFor finds the account of an address, or makes one that waits for its person.
func (s *Service) officialFor(ctx context.Context, tx db.Tx, name, email string) (o Official, fresh bool, err error) {
	made := Official{
		ID: id.New(), Name: name, Email: email, Folded: folded(name, email), PasskeyHandle: id.NewSecret(), Lang: "vi", CreatedAt: s.clock.Now(),
	}
	if _, err := tx.NewInsert().Model(&made).On("CONFLICT (email) DO NOTHING").Exec(ctx); err != nil {
		return Official{}, false, fmt.Errorf("identity: official: %w", err)
	}
	if err := tx.ForUpdate(tx.NewSelect().Model(&o).Where("o.email = ?", email)).Scan(ctx); err != nil {
		return Official{}, false, fmt.Errorf("identity: official: %w", err)
	}
	return o, o.ID == made.ID, nil
}

func folded(name, email string) string { return vntext.Fold(name) + " " + email }

// newLink closes the open invitations of the official and opens a new one.
func (s *Service) newLink(ctx context.Context, tx db.Tx, a Actor, officialID, unitID string) (string, time.Time, error) {
	if err := s.closeInvitations(ctx, tx, officialID); err != nil {
		return "", time.Time{}, err
	}
	secret, now := id.NewSecret(), s.clock.Now()
	inv := invitation{
		ID: id.New(), OfficialID: officialID, UnitID: unitID, SecretHash: s.mac("invitation", secret), InvitedBy: a.ID,
		CreatedAt: now, ExpiresAt: now.Add(InvitationLife),
	}
	if _, err := tx.NewInsert().Model(&inv).Exec(ctx); err != nil {
		return "", time.Time{}, err
	}
	return strings.TrimRight(s.cfg.BaseURL, "/") + "/loi-moi/" + secret, inv.ExpiresAt, nil
}

func (s *Service) closeInvitations(ctx context.Context, tx db.Tx, officialID string) error {
	_, err := tx.NewUpdate().Model((*invitation)(nil)).Set("closed_at = ?", s.clock.Now()).
		Where("official_id = ? AND closed_at IS NULL", officialID).Exec(ctx)
	return err
}

// ResetAccess gives a person who lost telephone or password a link to start anew; nothing changes until it is used.
func (s *Service) ResetAccess(ctx context.Context, a Actor, officialID, unitID string) (Invited, error) {
	out := Invited{OfficialID: officialID}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.overEveryUnit(ctx, tx, a, "identity.reset_access", officialID); err != nil {
			return err
		}
		if _, err := findOfficial(ctx, tx, "o.id = ?", officialID); err != nil {
			return err
		}
		var err error
		out.Link, out.ExpiresAt, err = s.newLink(ctx, tx, a, officialID, unitID)
		if err != nil {
			return err
		}
		return s.record(ctx, tx, a, unitID, "identity.reset_access", officialID)
	})
	if err != nil {
		return Invited{}, err
	}
	return out, nil
}

// SetDisabled closes an account, or opens it again. Its sessions end at once.
func (s *Service) SetDisabled(ctx context.Context, a Actor, officialID string, disabled bool) error {
	if a.ID == officialID {
		return fault.New(fault.Conflict, "identity.disable_self")
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.overEveryUnit(ctx, tx, a, "identity.reset_access", officialID); err != nil {
			return err
		}
		act, at := "identity.enable", (*time.Time)(nil)
		if disabled {
			act, at = "identity.disable", ptr(s.clock.Now())
		}
		if _, err := tx.NewUpdate().Model((*Official)(nil)).Set("disabled_at = ?", at).Where("id = ?", officialID).Exec(ctx); err != nil {
			return err
		}
		if err := s.endSessions(ctx, tx, officialID, ""); err != nil {
			return err
		}
		return s.record(ctx, tx, a, "", act, officialID)
	})
}

// CreateFirstAdmin invites the first system administrator of an empty house; later ones are invited by those there are.
func (s *Service) CreateFirstAdmin(ctx context.Context, name, email, unitID string) (Invited, error) {
	n, err := s.db.Read().NewSelect().Model((*Membership)(nil)).Join("JOIN identity_official AS o ON o.id = m.official_id").
		Where("m.role = ? AND m.valid_to > ? AND o.joined_at IS NOT NULL", RoleSystemAdmin, s.today()).Count(ctx)
	if err != nil {
		return Invited{}, err
	}
	if n > 0 {
		return Invited{}, fault.New(fault.Conflict, "identity.first_admin.exists")
	}
	return s.Invite(ctx, System("first-admin"), Invitee{
		Name: name, Email: email, Term: Term{UnitID: unitID, Role: RoleSystemAdmin, From: s.today()},
	})
}

// Invitation is what the page behind the link shows.
type Invitation struct {
	OfficialID  string
	Name, Email string
	UnitID      string
	Again       bool // the person has an account and starts anew
	ExpiresAt   time.Time
	TOTP        TOTPSetup
	Roles       []Membership
}

// OpenInvitation finds the open invitation of a link; a NotFound fault when it was used, replaced, or is too old.
func (s *Service) OpenInvitation(ctx context.Context, secret string) (Invitation, error) {
	inv, o, err := s.findInvitation(ctx, s.db.Read(), secret)
	if err != nil {
		return Invitation{}, err
	}
	out := Invitation{
		OfficialID: o.ID, Name: o.Name, Email: o.Email, UnitID: inv.UnitID, Again: o.JoinedAt != nil, ExpiresAt: inv.ExpiresAt,
		TOTP: s.totpSetup(s.setupSeed(secret), o.Email),
	}
	err = s.db.Read().NewSelect().Model(&out.Roles).Where("m.official_id = ? AND m.valid_to > ? AND m.valid_from < m.valid_to", o.ID, s.today()).Order("m.valid_from", "m.id").Scan(ctx)
	return out, err
}

func (s *Service) findInvitation(ctx context.Context, q bun.IDB, secret string) (invitation, Official, error) {
	var inv invitation
	err := q.NewSelect().Model(&inv).Where("i.secret_hash = ? AND i.closed_at IS NULL AND i.expires_at > ?", s.mac("invitation", secret), s.clock.Now()).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return inv, Official{}, fault.New(fault.NotFound, "identity.invitation.gone")
	}
	if err != nil {
		return inv, Official{}, err
	}
	o, err := findOfficial(ctx, q, "o.id = ? AND o.disabled_at IS NULL", inv.OfficialID)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "identity.invitation.gone")
	}
	return inv, o, err
}

// setupSeed is the second-factor seed that belongs to a link: the same each time its page is opened, so that nothing need
// be kept before the person has typed a first code.
func (s *Service) setupSeed(secret string) string {
	h := hmac.New(sha256.New, s.box.Derive("identity totp-setup"))
	h.Write([]byte(secret))
	return base32Plain.EncodeToString(h.Sum(nil)[:20])
}

// Acceptance is the form behind the link.
type Acceptance struct{ Password, Repeat, Code string }

// Accept sets password and second factor, closes the invitation and begins the first session. The answer carries the
// recovery codes, to be shown once.
func (s *Service) Accept(ctx context.Context, secret string, f Acceptance, c Client) (SignedIn, error) {
	_, o, err := s.findInvitation(ctx, s.db.Read(), secret)
	if err != nil {
		return SignedIn{}, err
	}
	var fs fault.Fields
	var fe *fault.Error
	if errors.As(CheckPassword(f.Password, o.Name, o.Email), &fe) {
		fs.Add(fe)
	}
	fs.Check(f.Password == f.Repeat, "repeat", "identity.password.differs")
	seed := s.setupSeed(secret)
	step, ok := totpStep(seed, f.Code, s.clock.Now())
	fs.Check(ok, "code", "identity.code.wrong_setup")
	if err := fs.OrNil(); err != nil {
		return SignedIn{}, err
	}
	hash, err := hashPassword(f.Password)
	if err != nil {
		return SignedIn{}, err
	}
	sealed, err := s.sealTOTP(o.ID, seed)
	if err != nil {
		return SignedIn{}, err
	}
	in := SignedIn{Lang: o.Lang}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*Official)(nil)).Set("password_hash = ?", hash).Set("totp_sealed = ?", sealed).Set("totp_step = ?", step).
			Where("id = ?", o.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if in.Codes, err = s.replaceRecovery(ctx, tx, o.ID); err != nil {
			return err
		}
		in.Token, err = s.accepted(ctx, tx, secret, o, c)
		return err
	})
	if err != nil {
		return SignedIn{}, err
	}
	return in, nil
}

// accepted closes the invitation exactly once, forgets what an earlier access left behind, and begins the session.
func (s *Service) accepted(ctx context.Context, tx db.Tx, secret string, o Official, c Client) (string, error) {
	now := s.clock.Now()
	res, err := tx.NewUpdate().Model((*invitation)(nil)).Set("closed_at = ?", now).
		Where("secret_hash = ? AND closed_at IS NULL AND expires_at > ?", s.mac("invitation", secret), now).Exec(ctx)
	if err != nil {
		return "", err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return "", errors.Join(fault.New(fault.NotFound, "identity.invitation.gone"), err)
	}
	if _, err := tx.NewUpdate().Model((*Official)(nil)).Set("joined_at = coalesce(joined_at, ?)", now).Where("id = ?", o.ID).Exec(ctx); err != nil {
		return "", err
	}
	if o.JoinedAt != nil { // starting anew: old passkeys were lost or are in the wrong hands
		if _, err := tx.NewDelete().Model((*Passkey)(nil)).Where("official_id = ? AND created_at < ?", o.ID, now).Exec(ctx); err != nil {
			return "", err
		}
	}
	if err := s.endSessions(ctx, tx, o.ID, ""); err != nil {
		return "", err
	}
	if err := s.record(ctx, tx, o.asActor(), "", "identity.accept", o.ID); err != nil {
		return "", err
	}
	return s.startSession(ctx, tx, o, MethodInvitation, c)
}

// BeginAcceptPasskey starts answering an invitation with a passkey instead of password and code.
func (s *Service) BeginAcceptPasskey(ctx context.Context, secret string) (Ceremony, error) {
	if err := s.needPasskeys(); err != nil {
		return Ceremony{}, err
	}
	_, o, err := s.findInvitation(ctx, s.db.Read(), secret)
	if err != nil {
		return Ceremony{}, err
	}
	return s.beginRegistration(ctx, o)
}

// FinishAcceptPasskey keeps the passkey, closes the invitation and begins the first session. An earlier password no longer
// works afterwards.
func (s *Service) FinishAcceptPasskey(ctx context.Context, secret, stepToken, name string, response []byte, c Client) (SignedIn, error) {
	if err := s.needPasskeys(); err != nil {
		return SignedIn{}, err
	}
	_, o, err := s.findInvitation(ctx, s.db.Read(), secret)
	if err != nil {
		return SignedIn{}, err
	}
	key, err := s.checkRegistration(ctx, o, stepToken, name, response)
	if err != nil {
		return SignedIn{}, err
	}
	in := SignedIn{Lang: o.Lang}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*Official)(nil)).Set("password_hash = ''").Set("totp_sealed = ''").Where("id = ?", o.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if in.Token, err = s.accepted(ctx, tx, secret, o, c); err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&key).Exec(ctx)
		return passkeyTaken(err)
	})
	if err != nil {
		return SignedIn{}, err
	}
	return in, nil
}
