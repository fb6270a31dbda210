// Package receipt is the receipt of a case as a file that stands on its own, and the check of such a file without network
// and without the house that gave it: was this text, received at this hour, really written into the public log? It asks
// nobody and stores nothing. The form of the file is described in docs/receipt.md.
package receipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

// Form names the form of the file; it is also the first line of what the leaf is computed from.
const Form = "nhipcau feedback receipt v1"

// MaxSize bounds a file, in bytes: 20,000 characters of text, escaped at worst, and a proof.
const MaxSize = 1 << 20

// File is a receipt. Its strings are taken as they stand: the leaf is computed from the very letters of the file.
type File struct {
	Form       string      `json:"form"`
	ID         string      `json:"id"`
	Code       string      `json:"code"`
	ReceivedAt string      `json:"received_at"` // RFC 3339 in UTC, with its fraction
	Text       string      `json:"text"`
	Salt       string      `json:"salt"`      // 64 hexadecimal characters
	TextHash   string      `json:"text_hash"` // hexadecimal
	Leaf       string      `json:"leaf"`      // hexadecimal
	Deadline   string      `json:"deadline,omitempty"`
	Source     string      `json:"deadline_source,omitempty"`
	Proof      *tlog.Proof `json:"proof,omitempty"`   // nil while the log has not taken the leaf
	LogKey     string      `json:"log_key,omitempty"` // verification key of the log, as the house told it
}

// Parse reads a receipt; the error says in plain words why the bytes are none.
func Parse(b []byte) (File, error) {
	var f File
	if len(b) > MaxSize {
		return f, errors.New("the file is larger than any receipt")
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))) // an editor may have put a mark in front
	if err := d.Decode(&f); err != nil {
		return File{}, fmt.Errorf("the file is not JSON of a receipt: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return File{}, errors.New("something stands after the receipt")
	}
	if f.Form != Form {
		return File{}, fmt.Errorf("the file does not say %q in its field form", Form)
	}
	for _, x := range [...]struct{ name, value string }{{"id", f.ID}, {"code", f.Code}, {"received_at", f.ReceivedAt}, {"salt", f.Salt}} {
		if x.value == "" || strings.ContainsAny(x.value, "\n\r") {
			return File{}, fmt.Errorf("the field %s is empty or broken", x.name)
		}
	}
	if at, err := time.Parse(time.RFC3339Nano, f.ReceivedAt); err != nil || !strings.HasSuffix(f.ReceivedAt, "Z") || at.IsZero() {
		return File{}, errors.New("the field received_at is not a time in UTC")
	}
	return f, nil
}

// TextHash is the salted hash of a text, hexadecimal.
func TextHash(salt, text string) string { return hexSum(salt + "\n" + text) }

// Leaf is what the log holds for a receipt, hexadecimal: the hash over form, id, code, time, hash of the text and salt.
func Leaf(f File) string {
	return hexSum(strings.Join([]string{Form, f.ID, f.Code, f.ReceivedAt, f.TextHash, f.Salt}, "\n"))
}

func hexSum(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Fault is what is wrong with a receipt; "" when nothing is.
type Fault string

// The faults, in the order in which they are looked for; the first that is found is the verdict.
const (
	FaultForm      Fault = "form"      // no receipt
	FaultText      Fault = "text"      // the text is not the one that was received
	FaultLeaf      Fault = "leaf"      // id, code, time or hash are not those that were received
	FaultUnlogged  Fault = "unlogged"  // no proof yet: the log takes a moment
	FaultKey       Fault = "key"       // no usable verification key
	FaultSignature Fault = "signature" // the checkpoint was not signed with the key
	FaultInclusion Fault = "inclusion" // the proof does not lead from the leaf to the signed root
)

// Verdict is the outcome of a check.
type Verdict struct {
	Valid      bool   `json:"valid"`
	Fault      Fault  `json:"fault,omitempty"`
	Detail     string `json:"detail,omitempty"` // for those who look closer
	Code       string `json:"code,omitempty"`
	ReceivedAt string `json:"received_at,omitempty"`
	Index      uint64 `json:"index"` // where the leaf stands in the log
	Size       uint64 `json:"size"`  // of the log when it was proved
	Key        string `json:"key,omitempty"`
	OwnKey     bool   `json:"own_key"` // the key is the one inside the receipt: compare it with one from elsewhere
}

// Check judges the bytes of a file with the log's verification key; with an empty key it takes the one in the file.
func Check(b []byte, key string) Verdict {
	f, err := Parse(b)
	if err != nil {
		return Verdict{Fault: FaultForm, Detail: err.Error()}
	}
	v := Verdict{Code: f.Code, ReceivedAt: f.ReceivedAt, Key: strings.TrimSpace(key)}
	if v.Key == "" {
		v.Key, v.OwnKey = strings.TrimSpace(f.LogKey), true
	}
	fail := func(x Fault, detail string) Verdict {
		v.Fault, v.Detail = x, detail
		return v
	}
	if got := TextHash(f.Salt, f.Text); got != f.TextHash {
		return fail(FaultText, "text_hash is "+f.TextHash+", the text gives "+got)
	}
	leaf := Leaf(f)
	if leaf != f.Leaf {
		return fail(FaultLeaf, "leaf is "+f.Leaf+", the fields give "+leaf)
	}
	if f.Proof == nil {
		return fail(FaultUnlogged, "there is no proof in the file")
	}
	if v.Key == "" {
		return fail(FaultKey, "no verification key was given and none stands in the file")
	}
	raw, err := hex.DecodeString(leaf)
	if err == nil {
		err = tlog.Verify(v.Key, *f.Proof, raw)
	}
	switch {
	case errors.Is(err, tlog.ErrKey):
		return fail(FaultKey, err.Error())
	case errors.Is(err, tlog.ErrSignature):
		return fail(FaultSignature, err.Error())
	case err != nil:
		return fail(FaultInclusion, err.Error())
	}
	v.Valid, v.Index, v.Size = true, f.Proof.Index, f.Proof.Size
	return v
}

// Sentence says the verdict in one English sentence, for the command line.
func (v Verdict) Sentence() string {
	switch v.Fault {
	case "":
		s := fmt.Sprintf("VALID: the text of case %s was received at %s and stands at place %d of the log %s", v.Code, v.ReceivedAt, v.Index, name(v.Key))
		if v.OwnKey {
			return s + ", by the key that stands in the receipt itself (" + v.Key + "): compare it with the one that was published elsewhere."
		}
		return s + "."
	case FaultForm:
		return "NOT VALID: this is no receipt (" + v.Detail + ")."
	case FaultText:
		return "NOT VALID: the text is not the one that was received; somebody changed it or its hash."
	case FaultLeaf:
		return "NOT VALID: the number, the code, the hour or the hash of the text is not the one that was received."
	case FaultUnlogged:
		return "NOT VALID YET: the receipt was downloaded before the log took it; download it again."
	case FaultKey:
		return "NOT VALID: the verification key of the log is missing or is none."
	case FaultSignature:
		return "NOT VALID: the checkpoint was not signed with the key of this log."
	}
	return "NOT VALID: the proof does not lead from this receipt to the signed log."
}

// name is the log's name: what stands before the first "+" of its key.
func name(key string) string {
	n, _, _ := strings.Cut(key, "+")
	return n
}
