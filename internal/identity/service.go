package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/nhipcau/nhipcau/internal/clock"
	"github.com/nhipcau/nhipcau/internal/orgunit"
	"github.com/nhipcau/nhipcau/internal/platform/db"
	"github.com/nhipcau/nhipcau/internal/platform/secret"
)

// Config is what the roof tells identity about the house.
type Config struct {
	BaseURL string // the address officials use, "https://nhipcau.nghean.gov.vn"; passkeys are bound to its host
	Name    string // shown in authenticator apps: "Nhịp Cầu Nghệ An"
	// RehearsalSignIn lets anybody sign in as one of the invented people of the rehearsal, without a second factor. The roof
	// refuses it together with an address that others can reach.
	RehearsalSignIn bool
	OIDC            *OIDCConfig // the province's own sign-in; nil: none
}

// Service is everything that can be done with officials' accounts.
type Service struct {
	db    *db.DB
	clock clock.Clock
	box   *secret.Box
	units *orgunit.Service
	z     *Authorizer
	trail Recorder
	cfg   Config
	keys  *webauthn.WebAuthn // nil: passkeys cannot be used at this address
	oidc  *oidcClient        // nil: not configured
	cache sessionCache
	work  []namedLister
	seeds seedHashes
}

// NewService puts the parts together. It does not go to the network: the province's sign-in is looked up at first use.
func NewService(d *db.DB, c clock.Clock, box *secret.Box, units *orgunit.Service, z *Authorizer, trail Recorder, cfg Config) (*Service, error) {
	if cfg.Name == "" {
		cfg.Name = "Nhịp Cầu"
	}
	u, err := url.Parse(cfg.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("identity: the base address %q is not like https://name", cfg.BaseURL)
	}
	s := &Service{db: d, clock: c, box: box, units: units, z: z, trail: trail, cfg: cfg}
	s.keys = newRelyingParty(u, cfg.Name)
	if cfg.OIDC != nil {
		s.oidc = newOIDCClient(*cfg.OIDC, cfg.BaseURL)
	}
	return s, nil
}

// Config gives the settings back, for the pages.
func (s *Service) Config() Config { return s.cfg }

// Secure tells whether the house is reached by https, so that cookies must be kept to it.
func (s *Service) Secure() bool {
	u, err := url.Parse(s.cfg.BaseURL)
	return err == nil && u.Scheme == "https"
}

// PasskeysUsable tells whether passkeys work at this address: browsers bind them to a host name, never to a bare number.
func (s *Service) PasskeysUsable() bool { return s.keys != nil }

// OIDCName is the name of the province's sign-in; "" when there is none.
func (s *Service) OIDCName() string {
	if s.cfg.OIDC == nil {
		return ""
	}
	return s.cfg.OIDC.Name
}

// mac is a keyed fingerprint, hexadecimal: what is looked up by it cannot be guessed from a stolen database.
func (s *Service) mac(purpose, text string) string {
	h := hmac.New(sha256.New, s.box.Derive("identity "+purpose))
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil))
}

func (s *Service) today() clock.Date { return clock.DateOf(s.clock.Now()) }

// record writes the act of an official about an official into the diary.
func (s *Service) record(ctx context.Context, tx db.Tx, a Actor, unitID, action, officialID string, details ...string) error {
	m := map[string]string{}
	for i := 0; i+1 < len(details); i += 2 {
		m[details[i]] = details[i+1]
	}
	return s.trail.Record(ctx, tx, Trace{Actor: a, UnitID: unitID, Action: action, ResourceType: "Official", ResourceID: officialID, Details: m})
}

// asActor is the official before the roles are known, for the diary of the sign-in.
func (o Official) asActor() Actor { return Actor{Kind: ActorOfficial, ID: o.ID, Name: o.Name} }

// ptr makes a nullable time.
func ptr(t time.Time) *time.Time { return &t }
