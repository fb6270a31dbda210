// Package push is a stand-in for the push services of browser makers and for the browsers behind them: it takes messages as
// RFC 8030 says, refuses those whose VAPID signature (RFC 8292) is not by the key that the browser was told, opens them as
// the browser would (RFC 8291, RFC 8188), and keeps what they said. It can be told that a browser is gone, and to ask for
// patience. It shares no code with the house.
package push

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Browser is one browser that asked for messages.
type Browser struct {
	ID     string
	P256dh string // as the browser tells the site
	Auth   string

	key   *ecdh.PrivateKey
	auth  []byte
	vapid string // key that may write to it, base64url
	gone  bool
	got   []Message
}

// Message is one message that a browser would show.
type Message struct {
	Text         string
	TTL          int // seconds
	Urgency      string
	Topic        string
	Subject, Aud string // of the signature
}

// Service keeps its state in memory. It is an http.Handler.
type Service struct {
	Now func() time.Time

	mu       sync.Mutex
	browsers map[string]*Browser
	busy     int
	refused  []string
}

// New makes a service.
func New(now func() time.Time) *Service { return &Service{Now: now, browsers: map[string]*Browser{}} }

var b64 = base64.RawURLEncoding

// Subscribe makes a browser that takes messages signed with the key (base64url of the uncompressed point) alone.
func (s *Service) Subscribe(vapid string) (Browser, error) {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return Browser{}, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return Browser{}, err
	}
	b := &Browser{ID: b64.EncodeToString(secret[16:]), P256dh: b64.EncodeToString(key.PublicKey().Bytes()), Auth: b64.EncodeToString(secret[:16]), key: key, auth: secret[:16], vapid: vapid}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers[b.ID] = b
	return *b, nil
}

// Leave lets a browser take its subscription back: what is sent to it is answered with 410.
func (s *Service) Leave(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.browsers[id]; b != nil {
		b.gone = true
	}
}

// Busy answers the next n messages with 429 and asks to wait for two minutes.
func (s *Service) Busy(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = n
}

// Got gives what a browser received.
func (s *Service) Got(id string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.browsers[id]; b != nil {
		return append([]Message{}, b.got...)
	}
	return nil
}

// Refused lists why messages were refused.
func (s *Service) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.refused...)
}

// ServeHTTP takes POST /push/ID.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, ok := strings.CutPrefix(r.URL.Path, "/push/")
	if !ok || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 4097))
	s.mu.Lock()
	defer s.mu.Unlock()
	no := func(status int, why string) {
		s.refused = append(s.refused, why)
		http.Error(w, why, status)
	}
	b := s.browsers[id]
	switch {
	case err != nil:
		no(http.StatusBadRequest, "the body broke off")
		return
	case b == nil:
		no(http.StatusNotFound, "no such subscription")
		return
	case b.gone:
		no(http.StatusGone, "the subscription has ended")
		return
	case len(body) > 4096:
		no(http.StatusRequestEntityTooLarge, "more than 4096 bytes")
		return
	case s.busy > 0:
		s.busy--
		w.Header().Set("Retry-After", "120")
		no(http.StatusTooManyRequests, "too many")
		return
	}
	m, status, err := s.take(b, r, body)
	if err != nil {
		no(status, err.Error())
		return
	}
	b.got = append(b.got, m)
	w.Header().Set("Location", "/message/"+strconv.Itoa(len(b.got)))
	w.WriteHeader(http.StatusCreated)
}

func (s *Service) take(b *Browser, r *http.Request, body []byte) (Message, int, error) {
	ttl, err := strconv.Atoi(r.Header.Get("TTL"))
	if err != nil || ttl < 0 {
		return Message{}, http.StatusBadRequest, fmt.Errorf("TTL %q", r.Header.Get("TTL"))
	}
	m := Message{TTL: ttl, Urgency: r.Header.Get("Urgency"), Topic: r.Header.Get("Topic")}
	switch m.Urgency {
	case "", "very-low", "low", "normal", "high":
	default:
		return Message{}, http.StatusBadRequest, fmt.Errorf("urgency %q", m.Urgency)
	}
	if len(m.Topic) > 32 || strings.Trim(m.Topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return Message{}, http.StatusBadRequest, fmt.Errorf("topic %q", m.Topic)
	}
	if m.Aud, m.Subject, err = s.vapid(b, r); err != nil {
		return Message{}, http.StatusForbidden, err
	}
	if r.Header.Get("Content-Encoding") != "aes128gcm" {
		return Message{}, http.StatusUnsupportedMediaType, fmt.Errorf("encoding %q", r.Header.Get("Content-Encoding"))
	}
	if m.Text, err = b.open(body); err != nil {
		return Message{}, http.StatusBadRequest, err
	}
	return m, 0, nil
}

// vapid checks the signature of a call.
func (s *Service) vapid(b *Browser, r *http.Request) (aud, sub string, err error) {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "vapid ")
	if !ok {
		return "", "", fmt.Errorf("no vapid signature")
	}
	var token, key string
	for _, x := range strings.Split(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(x), "=")
		switch k {
		case "t":
			token = v
		case "k":
			key = v
		}
	}
	if key != b.vapid {
		return "", "", fmt.Errorf("signed with a key that the browser does not know")
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", "", fmt.Errorf("no token")
	}
	raw, err := b64.DecodeString(key)
	if err != nil || len(raw) != 65 || raw[0] != 4 {
		return "", "", fmt.Errorf("no key")
	}
	sig, err := b64.DecodeString(parts[2])
	if err != nil || len(sig) != 64 {
		return "", "", fmt.Errorf("no signature")
	}
	pub := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(raw[1:33]), Y: new(big.Int).SetBytes(raw[33:])}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return "", "", fmt.Errorf("a wrong signature")
	}
	var head struct{ Alg, Typ string }
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	h, _ := b64.DecodeString(parts[0])
	c, _ := b64.DecodeString(parts[1])
	if json.Unmarshal(h, &head) != nil || json.Unmarshal(c, &claims) != nil || head.Alg != "ES256" {
		return "", "", fmt.Errorf("a token that cannot be read")
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	until := time.Unix(claims.Exp, 0)
	switch now := s.Now(); {
	case claims.Aud != scheme+"://"+r.Host:
		return "", "", fmt.Errorf("meant for %s", claims.Aud)
	case !until.After(now) || until.After(now.Add(24*time.Hour)):
		return "", "", fmt.Errorf("good until %s", until)
	case !strings.HasPrefix(claims.Sub, "mailto:") && !strings.HasPrefix(claims.Sub, "https:"):
		return "", "", fmt.Errorf("nobody to ask: %q", claims.Sub)
	}
	return claims.Aud, claims.Sub, nil
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}

// open reads a message as the browser would.
func (b *Browser) open(body []byte) (string, error) {
	if len(body) < 21+65+17 || body[20] != 65 {
		return "", fmt.Errorf("a head of aes128gcm is missing")
	}
	salt, size, sender, record := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:86], body[86:]
	if size < 18 || uint32(len(record)) > size {
		return "", fmt.Errorf("a record of %d bytes where %d were announced", len(record), size)
	}
	pub, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return "", err
	}
	shared, err := b.key.ECDH(pub)
	if err != nil {
		return "", err
	}
	ikm := mac(mac(b.auth, shared), []byte("WebPush: info\x00"), b.key.PublicKey().Bytes(), sender, []byte{1})
	prk := mac(salt, ikm)
	block, err := aes.NewCipher(mac(prk, []byte("Content-Encoding: aes128gcm\x00\x01"))[:16])
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	plain, err := gcm.Open(nil, mac(prk, []byte("Content-Encoding: nonce\x00\x01"))[:12], record, nil)
	if err != nil {
		return "", err
	}
	for i := len(plain) - 1; i >= 0; i-- { // zeros after the mark of the last record are padding
		if plain[i] == 2 {
			return string(plain[:i]), nil
		}
		if plain[i] != 0 {
			break
		}
	}
	return "", fmt.Errorf("no mark of the last record")
}
