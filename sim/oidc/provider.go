// Package oidc is a stand-in for a province's own sign-in: an OpenID Connect provider that speaks over real HTTP as
// Keycloak or Entra ID would. It has a description and keys to discover, a page on which a person says who they are, an
// authorisation code that works once and for a minute, PKCE, and identity tokens signed with RS256. It can be told to
// misbehave, so that a client's checks can be tested.
package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// User is somebody the provider knows.
type User struct {
	Subject  string // the provider's own id, never reused
	Name     string
	Email    string
	Verified bool // whether the provider has checked the address
}

// Client is a site that may send people here.
type Client struct {
	ID, Secret   string
	RedirectURIs []string // compared exactly
}

// Faults makes the provider misbehave until it is cleared.
type Faults struct {
	WrongNonce    bool
	WrongAudience bool
	WrongIssuer   bool
	WrongKey      bool // signs with a key that is not published
	Expired       bool // issues tokens that are over
	NoIDToken     bool
	AlgNone       bool // an unsigned token
}

// Provider keeps its state in memory. It is an http.Handler; mount it at the issuer's address.
type Provider struct {
	issuer string
	now    func() time.Time
	key    *rsa.PrivateKey
	rogue  *rsa.PrivateKey
	mux    *http.ServeMux

	mu      sync.Mutex
	clients map[string]Client
	users   []User
	codes   map[string]grant
	faults  Faults
}

type grant struct {
	client, redirect, nonce, challenge string
	user                               User
	until                              time.Time
}

const (
	keyID    = "sim-1"
	codeLife = time.Minute
)

// New makes a provider with fresh keys. Issuer is its own address without a slash at the end.
func New(issuer string, now func() time.Time) (*Provider, error) {
	p := &Provider{issuer: issuer, now: now, clients: map[string]Client{}, codes: map[string]grant{}, mux: http.NewServeMux()}
	var err error
	if p.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	if p.rogue, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return nil, err
	}
	p.mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	p.mux.HandleFunc("GET /keys", p.keys)
	p.mux.HandleFunc("GET /authorize", p.ask)
	p.mux.HandleFunc("POST /authorize", p.consent)
	p.mux.HandleFunc("POST /token", p.token)
	return p, nil
}

// ServeHTTP answers as the provider.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// AddClient registers a site.
func (p *Provider) AddClient(c Client) { p.mu.Lock(); defer p.mu.Unlock(); p.clients[c.ID] = c }

// AddUser registers a person.
func (p *Provider) AddUser(u User) { p.mu.Lock(); defer p.mu.Unlock(); p.users = append(p.users, u) }

// SetFaults makes the provider misbehave; Faults{} makes it well again.
func (p *Provider) SetFaults(f Faults) { p.mu.Lock(); defer p.mu.Unlock(); p.faults = f }

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": p.issuer, "authorization_endpoint": p.issuer + "/authorize", "token_endpoint": p.issuer + "/token",
		"jwks_uri": p.issuer + "/keys", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid", "profile", "email"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
		"claims_supported":                      []string{"sub", "name", "email", "email_verified"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	pub := p.key.PublicKey
	writeJSON(w, http.StatusOK, map[string]any{"keys": []map[string]string{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": b64(pub.N.Bytes()), "e": b64(big.NewInt(int64(pub.E)).Bytes()),
	}}})
}

var page = template.Must(template.New("ask").Parse(`<!DOCTYPE html><html lang="vi"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Đăng nhập một lần (mô phỏng)</title>
<h1>Đăng nhập một lần (mô phỏng)</h1><p>{{.Client}}</p>
<form method="post">{{range .Users}}<p><button name="subject" value="{{.Subject}}">{{.Name}} – {{.Email}}</button></p>{{end}}
<p><button name="deny" value="1">Từ chối</button></p></form></html>`))

// ask shows the people one can be. A request with an unknown client or address is answered here and not sent back, as
// RFC 6749 §4.1.2.1 wants.
func (p *Provider) ask(w http.ResponseWriter, r *http.Request) {
	c, err := p.check(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	users := slices.Clone(p.users)
	p.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, struct {
		Client string
		Users  []User
	}{c.ID, users})
}

func (p *Provider) check(q url.Values) (Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, ok := p.clients[q.Get("client_id")]
	switch {
	case !ok:
		return c, fmt.Errorf("unknown client %q", q.Get("client_id"))
	case !slices.Contains(c.RedirectURIs, q.Get("redirect_uri")):
		return c, fmt.Errorf("redirect_uri %q is not registered", q.Get("redirect_uri"))
	case q.Get("response_type") != "code":
		return c, fmt.Errorf("response_type %q is not supported", q.Get("response_type"))
	case !slices.Contains(strings.Fields(q.Get("scope")), "openid"):
		return c, fmt.Errorf("scope lacks openid")
	case q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256":
		return c, fmt.Errorf("this provider asks for PKCE with S256")
	}
	return c, nil
}

func (p *Provider) consent(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	c, err := p.check(q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}}
	p.mu.Lock()
	i := slices.IndexFunc(p.users, func(u User) bool { return u.Subject == r.FormValue("subject") })
	if r.FormValue("deny") != "" || i < 0 {
		back.Set("error", "access_denied")
	} else {
		code := random()
		p.codes[code] = grant{client: c.ID, redirect: q.Get("redirect_uri"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"),
			user: p.users[i], until: p.now().Add(codeLife)}
		back.Set("code", code)
	}
	p.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	if ok { // RFC 6749 §2.3.1: both are form-encoded inside
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	c, known := p.clients[id]
	if !known || subtle.ConstantTimeCompare([]byte(c.Secret), []byte(secret)) != 1 {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	if r.FormValue("grant_type") != "authorization_code" {
		refuse(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	g, found := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code")) // works once
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !found || g.client != id || g.redirect != r.FormValue("redirect_uri") || p.now().After(g.until) || b64(sum[:]) != g.challenge {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	answer := map[string]any{"access_token": random(), "token_type": "Bearer", "expires_in": 300}
	if !p.faults.NoIDToken {
		t, err := p.idToken(g)
		if err != nil {
			refuse(w, http.StatusInternalServerError, "server_error")
			return
		}
		answer["id_token"] = t
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
}

func (p *Provider) idToken(g grant) (string, error) {
	now := p.now()
	claims := map[string]any{
		"iss": p.issuer, "sub": g.user.Subject, "aud": g.client, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"nonce": g.nonce, "name": g.user.Name, "email": g.user.Email, "email_verified": g.user.Verified,
	}
	key, alg := p.key, "RS256"
	if p.faults.WrongNonce {
		claims["nonce"] = "another"
	}
	if p.faults.WrongAudience {
		claims["aud"] = "another-site"
	}
	if p.faults.WrongIssuer {
		claims["iss"] = p.issuer + "/other"
	}
	if p.faults.Expired {
		claims["exp"] = now.Add(-time.Minute).Unix()
	}
	if p.faults.WrongKey {
		key = p.rogue
	}
	if p.faults.AlgNone {
		alg = "none"
	}
	head, err := json.Marshal(map[string]string{"alg": alg, "typ": "JWT", "kid": keyID})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	signed := b64(head) + "." + b64(body)
	if p.faults.AlgNone {
		return signed + ".", nil
	}
	digest := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	return signed + "." + b64(sig), err
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func random() string {
	var b [24]byte
	rand.Read(b[:]) // never fails (crypto/rand since Go 1.24)
	return hex.EncodeToString(b[:])
}

func refuse(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]string{"error": code})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
