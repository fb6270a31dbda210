package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// How long a session lasts.
const (
	SessionIdle   = 8 * time.Hour       // without a request
	SessionLife   = 7 * 24 * time.Hour  // in any case
	ProofLife     = 10 * time.Minute    // how long a proof of presence counts for sensitive acts
	SessionKept   = 90 * 24 * time.Hour // after its end, to find out what was done with it; then its row goes
	sessionCached = 2 * time.Second
	sessionTouch  = 5 * time.Minute
)

// Method is how a session was begun.
type Method string

// The ways to sign in.
const (
	MethodPassword   Method = "password"   // with a code of the second factor
	MethodRecovery   Method = "recovery"   // password and a recovery code
	MethodPasskey    Method = "passkey"    // a passkey proves possession and person at once
	MethodOIDC       Method = "oidc"       // the province's sign-in
	MethodInvitation Method = "invitation" // the first session, after accepting
	MethodRehearsal  Method = "rehearsal"  // one click in the rehearsal province
)

// Session is one signed-in browser.
type Session struct {
	bun.BaseModel `bun:"table:identity_session,alias:s"`

	ID         string `bun:",pk"`
	TokenHash  string
	OfficialID string
	Method     Method
	Device     string // "Chrome, Android"
	IP         string `bun:"ip"`
	UnitID     string // the unit the person acts in; "" until chosen
	CreatedAt  time.Time
	SeenAt     time.Time
	ExpiresAt  time.Time
	ProvedAt   time.Time // when the person last proved to be present
	RevokedAt  *time.Time
}

// Client is what is known of the browser that asks.
type Client struct{ Device, IP string }

type sessionKey struct{}

// WithSession puts the session of a request into its context.
func WithSession(ctx context.Context, s Session) context.Context {
	return context.WithValue(ctx, sessionKey{}, s)
}

// SessionFrom gives the session of a request; ok is false when nobody signed in.
func SessionFrom(ctx context.Context) (s Session, ok bool) {
	s, ok = ctx.Value(sessionKey{}).(Session)
	return s, ok
}

// ActiveUnit is the unit in which the signed-in official acts now: the one chosen in the unit switcher while a role holds
// there, otherwise the first of the official's units; "" for citizens.
func ActiveUnit(ctx context.Context) string {
	units := ActorFrom(ctx).Units()
	if s, ok := SessionFrom(ctx); ok && slices.Contains(units, s.UnitID) {
		return s.UnitID
	}
	if len(units) == 0 {
		return ""
	}
	return units[0]
}

// Proved tells whether the person proved to be present within ProofLife; sensitive acts ask for it.
func (s *Service) Proved(ctx context.Context) bool {
	ses, ok := SessionFrom(ctx)
	if !ok {
		return false
	}
	if ses.Method == MethodRehearsal && s.cfg.RehearsalSignIn {
		return true // an invented person has nothing to prove with
	}
	return s.clock.Now().Sub(ses.ProvedAt) < ProofLife
}

// RequireProof is the fault that sends a person to confirm who they are.
func (s *Service) RequireProof(ctx context.Context) error {
	if s.Proved(ctx) {
		return nil
	}
	return fault.New(fault.Forbidden, "identity.prove_again")
}

// startSession writes a session down in tx and gives the token for the cookie.
func (s *Service) startSession(ctx context.Context, tx db.Tx, o Official, m Method, c Client) (string, error) {
	now := s.clock.Now()
	token := id.NewSecret()
	ses := Session{
		ID: id.New(), TokenHash: s.mac("session", token), OfficialID: o.ID, Method: m, Device: cut(c.Device, 120), IP: cut(c.IP, 64),
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(SessionLife), ProvedAt: now,
	}
	if _, err := tx.NewInsert().Model(&ses).Exec(ctx); err != nil {
		return "", fmt.Errorf("identity: session: %w", err)
	}
	if _, err := tx.NewDelete().Model((*Session)(nil)).Where("expires_at < ?", now.Add(-SessionKept)).Exec(ctx); err != nil {
		return "", fmt.Errorf("identity: old sessions: %w", err)
	}
	return token, s.record(ctx, tx, o.asActor(), "", "identity.sign_in", o.ID, "method", string(m))
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		r = r[:n]
	}
	return string(r)
}

// Visit is who stands behind a session cookie.
type Visit struct {
	Actor   Actor
	Session Session
	Lang    string
}

// sessionRow is one line of the single query behind a visit.
type sessionRow struct {
	Session
	Name   string
	Lang   string
	Role   *string
	InUnit *string
}

// Resolve finds who holds the token, with the roles valid today; an Unauthenticated fault when nobody does. It asks the
// database once, and not again for two seconds.
func (s *Service) Resolve(ctx context.Context, token string) (Visit, error) {
	hash := s.mac("session", token)
	now := s.clock.Now()
	if v, ok := s.cache.get(hash, now); ok {
		return v, nil
	}
	today := s.today()
	var rows []sessionRow
	err := s.db.Read().NewSelect().TableExpr("identity_session AS s").
		ColumnExpr("s.*, o.name, o.lang, m.role, m.unit_id AS in_unit").
		Join("JOIN identity_official AS o ON o.id = s.official_id AND o.disabled_at IS NULL").
		Join("LEFT JOIN identity_membership AS m ON m.official_id = o.id AND m.valid_from <= ? AND m.valid_to > ?", today, today).
		Where("s.token_hash = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND s.seen_at > ?", hash, now, now.Add(-SessionIdle)).
		OrderExpr("m.valid_from, m.id").Scan(ctx, &rows)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Visit{}, fmt.Errorf("identity: session: %w", err)
	}
	if len(rows) == 0 {
		return Visit{}, fault.New(fault.Unauthenticated, "identity.sign_in_first")
	}
	v := Visit{Session: rows[0].Session, Lang: rows[0].Lang, Actor: Actor{Kind: ActorOfficial, ID: rows[0].OfficialID, Name: rows[0].Name}}
	for _, r := range rows {
		if r.Role != nil && r.InUnit != nil {
			v.Actor.Grants = append(v.Actor.Grants, Grant{Role: Role(*r.Role), UnitID: *r.InUnit})
		}
	}
	if now.Sub(v.Session.SeenAt) > sessionTouch {
		if err := s.touch(ctx, v.Session.ID, now); err != nil {
			return Visit{}, err
		}
	}
	s.cache.put(hash, now, v)
	return v, nil
}

func (s *Service) touch(ctx context.Context, sessionID string, now time.Time) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*Session)(nil)).Set("seen_at = ?", now).Where("id = ?", sessionID).Exec(ctx)
		return err
	})
}

// SignOut ends the session of the token.
func (s *Service) SignOut(ctx context.Context, token string) error {
	hash := s.mac("session", token)
	defer s.cache.clear()
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*Session)(nil)).Set("revoked_at = ?", s.clock.Now()).
			Where("token_hash = ? AND revoked_at IS NULL", hash).Exec(ctx)
		return err
	})
}

// Sessions lists the actor's own sessions that still stand, newest first.
func (s *Service) Sessions(ctx context.Context, a Actor) ([]Session, error) {
	if err := signedIn(a); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	var list []Session
	err := s.db.Read().NewSelect().Model(&list).
		Where("s.official_id = ? AND s.revoked_at IS NULL AND s.expires_at > ? AND s.seen_at > ?", a.ID, now, now.Add(-SessionIdle)).
		Order("s.seen_at DESC", "s.id DESC").Scan(ctx)
	return list, err
}

// RevokeSession ends one of the actor's own sessions.
func (s *Service) RevokeSession(ctx context.Context, a Actor, sessionID string) error {
	if err := signedIn(a); err != nil {
		return err
	}
	defer s.cache.clear()
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		res, err := tx.NewUpdate().Model((*Session)(nil)).Set("revoked_at = ?", s.clock.Now()).
			Where("id = ? AND official_id = ? AND revoked_at IS NULL", sessionID, a.ID).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return fault.New(fault.NotFound, "identity.session.gone")
		}
		return s.record(ctx, tx, a, "", "identity.revoke_session", a.ID)
	})
}

// RevokeOtherSessions ends all the actor's sessions but the one that asks.
func (s *Service) RevokeOtherSessions(ctx context.Context, a Actor, keep string) error {
	if err := signedIn(a); err != nil {
		return err
	}
	defer s.cache.clear()
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.endSessions(ctx, tx, a.ID, keep); err != nil {
			return err
		}
		return s.record(ctx, tx, a, "", "identity.revoke_other_sessions", a.ID)
	})
}

// endSessions revokes every session of an official except keep.
func (s *Service) endSessions(ctx context.Context, tx db.Tx, officialID, keep string) error {
	tx.AfterCommit(s.cache.clear)
	_, err := tx.NewUpdate().Model((*Session)(nil)).Set("revoked_at = ?", s.clock.Now()).
		Where("official_id = ? AND id <> ? AND revoked_at IS NULL", officialID, keep).Exec(ctx)
	return err
}

// ChooseUnit makes one of the actor's units the one the session acts in.
func (s *Service) ChooseUnit(ctx context.Context, a Actor, sessionID, unitID string) error {
	if err := signedIn(a); err != nil {
		return err
	}
	if !slices.Contains(a.Units(), unitID) {
		return fault.New(fault.Forbidden, "identity.unit_not_yours")
	}
	defer s.cache.clear()
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewUpdate().Model((*Session)(nil)).Set("unit_id = ?", unitID).Where("id = ? AND official_id = ?", sessionID, a.ID).Exec(ctx)
		return err
	})
}

func signedIn(a Actor) error {
	if !a.SignedIn() {
		return fault.New(fault.Unauthenticated, "identity.sign_in_first")
	}
	return nil
}

// sessionCache spares the database when one page asks several times.
type sessionCache struct {
	mu sync.Mutex
	m  map[string]cachedVisit
}

type cachedVisit struct {
	at    time.Time
	visit Visit
}

func (c *sessionCache) get(hash string, now time.Time) (Visit, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.m[hash]
	if !ok || now.Sub(e.at) > sessionCached || now.Before(e.at) {
		return Visit{}, false
	}
	return e.visit, true
}

func (c *sessionCache) put(hash string, now time.Time, v Visit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil || len(c.m) > 10_000 {
		c.m = map[string]cachedVisit{}
	}
	c.m[hash] = cachedVisit{at: now, visit: v}
}

func (c *sessionCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m = nil
}
