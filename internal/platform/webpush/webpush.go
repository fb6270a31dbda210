// Package webpush sends short messages to browsers (RFC 8030): what is said is encrypted for the one browser that asked
// (RFC 8291), so that the push service in between cannot read it, and every call is signed with the house's own key (VAPID,
// RFC 8292), so that nobody else can write to the same browser.
package webpush

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/clock"
)

// Subscription is what a browser gives to whoever may write to it.
type Subscription struct {
	Endpoint string `json:"endpoint"` // address at the push service
	P256dh   string `json:"p256dh"`   // public key of the browser, base64url of 65 bytes
	Auth     string `json:"auth"`     // shared secret, base64url of 16 bytes
}

// Hosts are the push services of the browsers in use: Chrome and its kin, Firefox, Edge, Safari. A leading dot takes every
// name below. Only they are called: the address comes from outside, and the house must not be sent anywhere by it.
var Hosts = [...]string{"fcm.googleapis.com", "jmt17.google.com", ".push.services.mozilla.com", ".notify.windows.com", ".push.apple.com"}

var b64 = base64.RawURLEncoding

// decode reads base64url with or without its padding.
func decode(s string) ([]byte, error) { return b64.DecodeString(strings.TrimRight(s, "=")) }

// Check refuses a subscription that is broken or leads elsewhere than to a push service.
func (c *Client) Check(s Subscription) error {
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" || u.User != nil || len(s.Endpoint) > 1000 {
		return errors.New("webpush: no address of a push service")
	}
	if !c.allowed(u) {
		return fmt.Errorf("webpush: %q is no push service", u.Host)
	}
	_, _, err = s.keys()
	return err
}

func (c *Client) allowed(u *url.URL) bool {
	for _, h := range c.Extra {
		if h == u.Host && u.Scheme == "http" || "https://"+h == u.Scheme+"://"+u.Host {
			return true
		}
	}
	if u.Scheme != "https" || u.Port() != "" && u.Port() != "443" {
		return false
	}
	for _, h := range Hosts {
		if h == u.Hostname() || strings.HasPrefix(h, ".") && strings.HasSuffix(u.Hostname(), h) {
			return true
		}
	}
	return false
}

func (s Subscription) keys() (*ecdh.PublicKey, []byte, error) {
	raw, err := decode(s.P256dh)
	if err != nil {
		return nil, nil, fmt.Errorf("webpush: the key of the browser: %w", err)
	}
	pub, err := ecdh.P256().NewPublicKey(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("webpush: the key of the browser: %w", err)
	}
	auth, err := decode(s.Auth)
	if err != nil || len(auth) != 16 {
		return nil, nil, errors.New("webpush: the secret of the browser")
	}
	return pub, auth, nil
}

// MaxPlain is how many bytes one message may have: with its wrapping it stays below the 4,096 that every service takes.
const MaxPlain = 3900

// Encrypt wraps a message for one browser (RFC 8291, one record of aes128gcm).
func Encrypt(s Subscription, plain []byte) ([]byte, error) {
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	var salt [16]byte
	if _, err := rand.Read(salt[:]); err != nil {
		return nil, err
	}
	return seal(s, plain, own, salt)
}

func seal(s Subscription, plain []byte, own *ecdh.PrivateKey, salt [16]byte) ([]byte, error) {
	if len(plain) > MaxPlain {
		return nil, fmt.Errorf("webpush: a message of %d bytes; at most %d", len(plain), MaxPlain)
	}
	theirs, auth, err := s.keys()
	if err != nil {
		return nil, err
	}
	shared, err := own.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(theirs.Bytes()) + string(own.PublicKey().Bytes())
	ikm, err := hkdf.Key(sha256.New, shared, auth, info, 32)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt[:], "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt[:], "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	pub := own.PublicKey().Bytes()
	out := binary.BigEndian.AppendUint32(append([]byte{}, salt[:]...), 4096)
	out = append(append(out, byte(len(pub))), pub...)
	return aead.Seal(out, nonce, append(append([]byte{}, plain...), 2), nil), nil // 2 marks the last record
}

// Options is how a message is to be treated.
type Options struct {
	TTL     time.Duration // for so long the service keeps it for a browser that is off
	Urgency string        // very-low, low, normal, high (RFC 8030)
	Topic   string        // a later message of the same topic takes the place of one that was not yet fetched; at most 32 letters
}

// Client writes to browsers.
type Client struct {
	Key     *ecdsa.PrivateKey // VAPID, P-256
	Subject string            // whom the push service asks when something is wrong: mailto: or https:
	Clock   clock.Clock
	Extra   []string // further push services, "host" or "host:port"; they may be http
	HTTP    *http.Client
}

// NewClient makes a client that follows no redirects and, but for the extra services, speaks to public addresses only.
func NewClient(key *ecdsa.PrivateKey, subject string, c clock.Clock, extra []string) *Client {
	d := &net.Dialer{Timeout: 10 * time.Second}
	t := &http.Transport{ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		for _, h := range extra {
			if h == addr {
				return conn, nil
			}
		}
		if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err != nil || !at.Addr().IsGlobalUnicast() || at.Addr().IsPrivate() {
			return nil, errors.Join(errors.New("webpush: the name leads into a private network"), conn.Close())
		}
		return conn, nil
	}
	return &Client{Key: key, Subject: subject, Clock: c, Extra: extra, HTTP: &http.Client{Transport: t, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// PublicKey is what the browser is told when it subscribes: base64url of the uncompressed point.
func (c *Client) PublicKey() (string, error) {
	k, err := c.Key.PublicKey.ECDH()
	if err != nil {
		return "", err
	}
	return b64.EncodeToString(k.Bytes()), nil
}

// Error is the answer of a push service that did not take a message.
type Error struct {
	Status int           // of HTTP
	Wait   time.Duration // the service asks to wait for so long; 0 when it does not say
	Text   string        // its words, for the log
}

// Error gives the text for the log.
func (e *Error) Error() string { return fmt.Sprintf("webpush: %d: %s", e.Status, e.Text) }

// Gone tells whether the browser has taken its subscription back (404, 410): it must be forgotten.
func Gone(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Status == http.StatusGone)
}

// Later tells for how long to wait, when the service only asks for patience (429 and 5xx).
func Later(err error) (time.Duration, bool) {
	var e *Error
	if errors.As(err, &e) && (e.Status == http.StatusTooManyRequests || e.Status >= 500) {
		return max(e.Wait, 30*time.Second), true
	}
	return 0, false
}

// Refused tells whether the service answered, and the message was not taken.
func Refused(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// Send writes to one browser. A plain error means that nobody answered: the message may have gone.
func (c *Client) Send(ctx context.Context, s Subscription, plain []byte, o Options) error {
	if err := c.Check(s); err != nil {
		return &Error{Status: http.StatusGone, Text: err.Error()}
	}
	body, err := Encrypt(s, plain)
	if err != nil {
		return &Error{Status: http.StatusRequestEntityTooLarge, Text: err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Endpoint, bytes.NewReader(body))
	if err != nil {
		return &Error{Status: http.StatusGone, Text: err.Error()}
	}
	auth, err := c.authorization(req.URL)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", auth)
	req.Header.Set("Content-Encoding", "aes128gcm")
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("TTL", strconv.Itoa(int(o.TTL.Seconds())))
	if o.Urgency != "" {
		req.Header.Set("Urgency", o.Urgency)
	}
	if o.Topic != "" {
		req.Header.Set("Topic", o.Topic)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("webpush: %w", err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(res.Body, 300))
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return nil
	}
	e := &Error{Status: res.StatusCode, Text: string(text)}
	if n, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && n > 0 {
		e.Wait = min(time.Duration(n)*time.Second, 24*time.Hour)
	}
	return e
}

// authorization signs a call to one push service for the next twelve hours (RFC 8292).
func (c *Client) authorization(u *url.URL) (string, error) {
	claims, err := json.Marshal(map[string]any{"aud": u.Scheme + "://" + u.Host, "exp": c.Clock.Now().Add(12 * time.Hour).Unix(), "sub": c.Subject})
	if err != nil {
		return "", err
	}
	text := b64.EncodeToString([]byte(`{"typ":"JWT","alg":"ES256"}`)) + "." + b64.EncodeToString(claims)
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, c.Key, sum[:])
	if err != nil {
		return "", err
	}
	pub, err := c.PublicKey()
	if err != nil {
		return "", err
	}
	return "vapid t=" + text + "." + b64.EncodeToString(pair(r, s)) + ", k=" + pub, nil
}

func pair(r, s *big.Int) []byte {
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

// NewKey makes a VAPID key.
func NewKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }
