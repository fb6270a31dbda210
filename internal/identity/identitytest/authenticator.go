package identitytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// Authenticator is a telephone with passkeys, made of software: it answers ceremonies with ES256 keys and "none"
// attestation, as WebAuthn level 3 §6 says. Its counter grows with each signature.
type Authenticator struct {
	Origin  string // of the page that asks, "https://nhipcau.example.vn"
	Counter uint32
	Verify  bool // whether the person unlocks it (user verification)
	keys    []passkey
}

type passkey struct {
	rpID   string
	id     []byte
	handle []byte
	key    *ecdsa.PrivateKey
}

// NewAuthenticator is unlocked and empty.
func NewAuthenticator(origin string) *Authenticator {
	return &Authenticator{Origin: origin, Verify: true}
}

// Clone copies the authenticator as a thief would.
func (a *Authenticator) Clone() *Authenticator {
	c := *a
	c.keys = append([]passkey(nil), a.keys...)
	return &c
}

var b64 = base64.RawURLEncoding

type creationOptions struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	} `json:"publicKey"`
}

// Create answers the options of a registration with the JSON a browser would post.
func (a *Authenticator) Create(options []byte) ([]byte, error) {
	var o creationOptions
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	handle, err := b64.DecodeString(o.PublicKey.User.ID)
	if err != nil {
		return nil, fmt.Errorf("user id: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	k := passkey{rpID: o.PublicKey.RP.ID, id: make([]byte, 32), handle: handle, key: key}
	rand.Read(k.id)
	point, err := key.PublicKey.Bytes() // 0x04 ‖ X ‖ Y
	if err != nil {
		return nil, err
	}
	cose, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		return nil, err
	}
	data := a.authData(k.rpID, 0x40)
	data = append(data, make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.id)))
	data = append(append(data, k.id...), cose...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return nil, err
	}
	client, err := a.clientData("webauthn.create", o.PublicKey.Challenge)
	if err != nil {
		return nil, err
	}
	a.keys = append(a.keys, k)
	return json.Marshal(map[string]any{
		"id": b64.EncodeToString(k.id), "rawId": b64.EncodeToString(k.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": b64.EncodeToString(client), "attestationObject": b64.EncodeToString(object)},
	})
}

type requestOptions struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
	} `json:"publicKey"`
}

// Get answers the options of a sign-in with the newest passkey made for the site.
func (a *Authenticator) Get(options []byte) ([]byte, error) {
	var o requestOptions
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	for i := len(a.keys) - 1; i >= 0; i-- {
		if a.keys[i].rpID == o.PublicKey.RPID {
			return a.sign(a.keys[i], o.PublicKey.Challenge)
		}
	}
	return nil, fmt.Errorf("no passkey for %q", o.PublicKey.RPID)
}

func (a *Authenticator) sign(k passkey, challenge string) ([]byte, error) {
	a.Counter++
	client, err := a.clientData("webauthn.get", challenge)
	if err != nil {
		return nil, err
	}
	data := a.authData(k.rpID, 0)
	ch := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte(nil), data...), ch[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, k.key, digest[:])
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"id": b64.EncodeToString(k.id), "rawId": b64.EncodeToString(k.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{
			"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data),
			"signature": b64.EncodeToString(sig), "userHandle": b64.EncodeToString(k.handle),
		},
	})
}

func (a *Authenticator) authData(rpID string, flags byte) []byte {
	h := sha256.Sum256([]byte(rpID))
	flags |= 0x01 // user present
	if a.Verify {
		flags |= 0x04
	}
	return binary.BigEndian.AppendUint32(append(h[:], flags), a.Counter)
}

func (a *Authenticator) clientData(kind, challenge string) ([]byte, error) {
	return json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
}
