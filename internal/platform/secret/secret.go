// Package secret seals what must not be readable in a stolen database: channel tokens, citizens' names and telephone
// numbers, second-factor seeds. The keys live in a file outside the database (or in the environment); each sealed text
// names its key, so keys can be changed while the house runs: add a new one, then re-seal row by row.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Box seals and opens with a ring of keys. It is safe for concurrent use.
type Box struct {
	oldest, newest string
	keys           map[string]key
}

type key struct {
	raw  []byte
	aead cipher.AEAD
}

// ErrSealed is returned when a text cannot be opened: another key, another place, or altered.
var ErrSealed = errors.New("secret: the sealed text cannot be opened with these keys in this place")

const version = "s1"

// Load reads the key file: one key a line, "ID HEX64", newest last; lines starting with # are remarks. A missing file is
// made with one fresh key, readable by its owner alone.
func Load(path string) (*Box, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return nil, fmt.Errorf("secret: cannot read the key file: %w", err)
	}
	return Parse(string(b))
}

func create(path string) (*Box, error) {
	line, err := newLine()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("secret: cannot make the key folder: %w", err)
	}
	text := "# Keys of this house. Keep a copy apart from the backups: without it sealed data is lost.\n" + line + "\n"
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return Load(path) // another process of the house was quicker
	}
	if err != nil {
		return nil, fmt.Errorf("secret: cannot write the key file: %w", err)
	}
	if _, err := f.WriteString(text); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return nil, err
	}
	return Parse(text)
}

func newLine() (string, error) {
	var raw [36]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "", err
	}
	return hex.EncodeToString(raw[:4]) + " " + hex.EncodeToString(raw[4:]), nil
}

// Rotate adds a fresh newest key to the key file; old ones stay for opening what they sealed.
func Rotate(path string) (*Box, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("secret: cannot read the key file: %w", err)
	}
	line, err := newLine()
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(string(b), "\n") + "\n" + line + "\n"
	tmp := path + ".new"
	if err := os.WriteFile(tmp, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("secret: cannot write the key file: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return nil, fmt.Errorf("secret: cannot replace the key file: %w", err)
	}
	return Parse(text)
}

// Parse reads keys from text in the form of the key file.
func Parse(text string) (*Box, error) {
	box := &Box{keys: map[string]key{}}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, hexKey, _ := strings.Cut(line, " ")
		raw, err := hex.DecodeString(strings.TrimSpace(hexKey))
		if err != nil || len(raw) != 32 || id == "" || strings.Contains(id, ":") {
			return nil, fmt.Errorf("secret: line %d of the key file is not \"ID HEX\" with 64 hexadecimal characters", n+1)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		box.keys[id], box.newest = key{raw, aead}, id
		if box.oldest == "" {
			box.oldest = id
		}
	}
	if box.newest == "" {
		return nil, errors.New("secret: the key file holds no key")
	}
	return box, nil
}

// Seal encrypts plain (AES-256-GCM) with the newest key. Place binds the text to where it is kept, for example
// "channel_token:ID": a sealed text copied to another row does not open there.
func (b *Box) Seal(plain []byte, place string) (string, error) {
	k := b.keys[b.newest]
	nonce := make([]byte, k.aead.NonceSize(), k.aead.NonceSize()+len(plain)+k.aead.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	ct := k.aead.Seal(nonce, nonce, plain, []byte(place))
	return version + ":" + b.newest + ":" + base64.RawURLEncoding.EncodeToString(ct), nil
}

// Open decrypts what Seal made for the same place; ErrSealed when it cannot.
func (b *Box) Open(sealed, place string) ([]byte, error) {
	v, rest, _ := strings.Cut(sealed, ":")
	id, enc, ok := strings.Cut(rest, ":")
	k, known := b.keys[id]
	raw, err := base64.RawURLEncoding.DecodeString(enc)
	if !ok || v != version || !known || err != nil || len(raw) < k.aead.NonceSize() {
		return nil, ErrSealed
	}
	n := k.aead.NonceSize()
	plain, err := k.aead.Open(nil, raw[:n], raw[n:], []byte(place))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// Stale tells whether the text was sealed with an older key and should be sealed anew.
func (b *Box) Stale(sealed string) bool { return !strings.HasPrefix(sealed, version+":"+b.newest+":") }

// Derive gives a 32-byte key for a purpose (signing links, hashing addresses) from the first key of the file, so that
// adding a key does not change it; it changes only when that first key is taken away.
func (b *Box) Derive(purpose string) []byte {
	out, err := hkdf.Key(sha256.New, b.keys[b.oldest].raw, nil, "nhipcau "+purpose, 32)
	if err != nil {
		panic(err) // only for absurd lengths
	}
	return out
}
