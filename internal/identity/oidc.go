package identity

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/nhipcau/nhipcau/internal/fault"
	"github.com/nhipcau/nhipcau/internal/id"
	"github.com/nhipcau/nhipcau/internal/platform/db"
)

// OIDCConfig names the province's own sign-in (OpenID Connect: Keycloak, Entra ID, the province's single sign-on).
type OIDCConfig struct {
	Name         string // on the button: "Đăng nhập một lần tỉnh Nghệ An"
	Issuer       string // https://…, without /.well-known
	ClientID     string
	ClientSecret string
}

// OIDCCallbackPath is where the provider sends people back to, below the base address.
const OIDCCallbackPath = "/dang-nhap/oidc/ve"

type oidcClient struct {
	cfg      OIDCConfig
	redirect string
	mu       sync.Mutex
	provider *oidc.Provider
}

func newOIDCClient(cfg OIDCConfig, base string) *oidcClient {
	return &oidcClient{cfg: cfg, redirect: strings.TrimRight(base, "/") + OIDCCallbackPath}
}

// discover reads the provider's description once; a provider that is down is asked again at the next sign-in.
func (c *oidcClient) discover(ctx context.Context) (*oidc.Provider, oauth2.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider == nil {
		// The provider keeps this context for fetching keys later: it must outlive the request.
		p, err := oidc.NewProvider(context.WithoutCancel(ctx), c.cfg.Issuer)
		if err != nil {
			return nil, oauth2.Config{}, fault.New(fault.Unavailable, "identity.oidc.down").Because(err)
		}
		c.provider = p
	}
	return c.provider, oauth2.Config{
		ClientID: c.cfg.ClientID, ClientSecret: c.cfg.ClientSecret, Endpoint: c.provider.Endpoint(), RedirectURL: c.redirect,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}, nil
}

// oidcStep is remembered while the person is at the provider.
type oidcStep struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // PKCE, RFC 7636
	Back     string `json:"back"`
}

// BeginOIDC gives the provider's address to send the person to, and the step for a cookie. Back is where to go afterwards.
func (s *Service) BeginOIDC(ctx context.Context, back string) (redirect, stepToken string, err error) {
	if s.oidc == nil {
		return "", "", fault.New(fault.NotFound, "identity.oidc.none")
	}
	_, cfg, err := s.oidc.discover(ctx)
	if err != nil {
		return "", "", err
	}
	p := oidcStep{State: id.NewSecret(), Nonce: id.NewSecret(), Verifier: oauth2.GenerateVerifier(), Back: back}
	stepToken, err = s.newStep(ctx, stepOIDC, "", p)
	if err != nil {
		return "", "", err
	}
	return cfg.AuthCodeURL(p.State, oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier)), stepToken, nil
}

type oidcClaims struct {
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
	Nonce    string `json:"nonce"`
}

// FinishOIDC takes what the provider sent back (the query of the callback) and begins a session. The person must have been
// invited: known by the provider's subject, or by an e-mail address that the provider has verified.
func (s *Service) FinishOIDC(ctx context.Context, stepToken string, query url.Values, c Client) (in SignedIn, back string, err error) {
	if s.oidc == nil {
		return in, "", fault.New(fault.NotFound, "identity.oidc.none")
	}
	if err := s.attempt(ctx, s.addressLimit(c.IP)); err != nil {
		return in, "", err
	}
	var p oidcStep
	if _, err := s.takeStep(ctx, stepOIDC, stepToken, &p); err != nil {
		return in, "", err
	}
	refused := fault.New(fault.Invalid, "identity.oidc.refused")
	if subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(p.State)) != 1 {
		return in, "", refused.Because(errors.New("state does not fit"))
	}
	if e := query.Get("error"); e != "" {
		return in, "", refused.Because(fmt.Errorf("provider says %q", cut(e, 100)))
	}
	subject, claims, err := s.oidcToken(ctx, query.Get("code"), p)
	if err != nil {
		return in, "", err
	}
	o, err := s.oidcOfficial(ctx, subject, claims)
	if err != nil {
		return in, "", err
	}
	in, err = s.finish(ctx, o, MethodOIDC, c, func(ctx context.Context, tx db.Tx) error { return s.linkOIDC(ctx, tx, o, subject) })
	return in, p.Back, err
}

// oidcToken changes the code into an identity and checks it: signature, issuer, audience, expiry, nonce.
func (s *Service) oidcToken(ctx context.Context, code string, p oidcStep) (subject string, claims oidcClaims, err error) {
	refused := fault.New(fault.Invalid, "identity.oidc.refused")
	provider, cfg, err := s.oidc.discover(ctx)
	if err != nil {
		return "", claims, err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	tok, err := cfg.Exchange(ctx, code, oauth2.VerifierOption(p.Verifier))
	if err != nil {
		return "", claims, refused.Because(err)
	}
	raw, ok := tok.Extra("id_token").(string)
	if !ok {
		return "", claims, refused.Because(errors.New("no id_token"))
	}
	idt, err := provider.Verifier(&oidc.Config{ClientID: cfg.ClientID, Now: s.clock.Now}).Verify(ctx, raw)
	if err != nil {
		return "", claims, refused.Because(err)
	}
	if err := idt.Claims(&claims); err != nil {
		return "", claims, refused.Because(err)
	}
	if subtle.ConstantTimeCompare([]byte(idt.Nonce), []byte(p.Nonce)) != 1 {
		return "", claims, refused.Because(errors.New("nonce does not fit"))
	}
	return idt.Issuer + " " + idt.Subject, claims, nil
}

// oidcOfficial finds the invited official: by the linked subject first, then by verified e-mail address.
func (s *Service) oidcOfficial(ctx context.Context, subject string, claims oidcClaims) (Official, error) {
	unknown := fault.New(fault.Forbidden, "identity.oidc.not_invited")
	o, err := findOfficial(ctx, s.db.Read(), "o.oidc_subject = ?", subject)
	if fault.Is(err, fault.NotFound) {
		email, ok := NormalEmail(claims.Email)
		if !ok || !claims.Verified {
			return Official{}, unknown.Because(errors.New("no verified e-mail address"))
		}
		o, err = findOfficial(ctx, s.db.Read(), "o.email = ? AND o.oidc_subject = ''", email)
	}
	if fault.Is(err, fault.NotFound) || (err == nil && o.DisabledAt != nil) {
		return Official{}, unknown
	}
	return o, err
}

// linkOIDC remembers the subject at the first sign-in, which also accepts an open invitation.
func (s *Service) linkOIDC(ctx context.Context, tx db.Tx, o Official, subject string) error {
	if o.OIDCSubject == subject && o.JoinedAt != nil {
		return nil
	}
	now := s.clock.Now()
	_, err := tx.NewUpdate().Model((*Official)(nil)).Set("oidc_subject = ?", subject).Set("joined_at = coalesce(joined_at, ?)", now).
		Where("id = ?", o.ID).Exec(ctx)
	if err != nil {
		return err
	}
	if err := s.closeInvitations(ctx, tx, o.ID); err != nil {
		return err
	}
	return s.record(ctx, tx, o.asActor(), "", "identity.link_oidc", o.ID)
}
