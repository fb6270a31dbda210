// Package giftreceipt is the receipt of a line of a fund's public statement as a file that stands on its own, and the check of
// such a file without network and without the house that gave it: does this gift, with this amount on this day, really stand
// in the statement that was written into the public log, and can nobody take it out or change it afterwards? It asks nobody
// and stores nothing. The form of the file is described in docs/receipt.md.
package giftreceipt

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

// Form names the form of the file; it is also the first line of what the leaf is computed from.
const Form = "nhipcau gift receipt v1"

// EntryForm is the first line of the entry that a batch of lines has in the log.
const EntryForm = "nhipcau/gift-batch/1"

// MaxSize bounds a file, in bytes.
const MaxSize = 1 << 17

// File is a receipt. Its strings are taken as they stand: the leaf is computed from the very letters of the file.
type File struct {
	Form        string      `json:"form"`
	ID          string      `json:"id"`     // "YAGI-2026.15": appeal and number of the line
	Appeal      string      `json:"appeal"` // its code
	Title       string      `json:"appeal_name,omitempty"`
	Kind        string      `json:"kind"` // gift, refund, withdrawal, correction
	Day         string      `json:"day"`  // "2026-09-08"
	Amount      int64       `json:"amount"`
	Channel     string      `json:"channel"`      // the bank ("VCB") or "cash"
	Purpose     string      `json:"purpose"`      // code of what it was given for; "" is the appeal as a whole
	About       string      `json:"about"`        // the line that this one corrects; ""
	Name        string      `json:"name"`         // chosen by the giver; "" when none was, or it was withdrawn
	NameSalt    string      `json:"name_salt"`    // "" when the name is not shown
	NameHash    string      `json:"name_hash"`    // hexadecimal; "" when there never was a name
	Memo        string      `json:"memo"`         // masked
	MemoSalt    string      `json:"memo_salt"`    // "" when the memo is not shown
	MemoHash    string      `json:"memo_hash"`    // hexadecimal; "" when there never was a memo
	PublishedAt string      `json:"published_at"` // RFC 3339 in UTC
	Leaf        string      `json:"leaf"`         // hexadecimal
	Batch       Batch       `json:"batch"`
	Proof       *tlog.Proof `json:"proof,omitempty"` // of the batch's entry; nil while the log has not taken it
	LogKey      string      `json:"log_key,omitempty"`
}

// Batch is the lines that went into the log together, and the way from one of them to their common root.
type Batch struct {
	No         int64    `json:"no"`
	First      int64    `json:"first"` // number of its first line
	Index      uint64   `json:"index"` // of this line in it, from 0
	Count      uint64   `json:"count"`
	Hashes     []string `json:"hashes"` // base64, from the leaf's sibling up (RFC 6962 §2.1.1)
	Root       string   `json:"root"`   // hexadecimal
	RowsSoFar  int64    `json:"rows_so_far"`
	TotalSoFar int64    `json:"total_so_far"` // đồng, with this batch
}

// Entry is what the log holds for a batch: its root, and how many lines and how much money the statement has with it.
func Entry(appeal string, b Batch) []byte {
	return []byte(strings.Join([]string{EntryForm, appeal, strconv.FormatInt(b.No, 10), strconv.FormatInt(b.First, 10), strconv.FormatUint(b.Count, 10), b.Root,
		strconv.FormatInt(b.RowsSoFar, 10), strconv.FormatInt(b.TotalSoFar, 10), ""}, "\n"))
}

// Hash is the salted hash of a name or memo, hexadecimal; "" of nothing.
func Hash(salt, text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(salt + "\n" + text))
	return hex.EncodeToString(sum[:])
}

// Leaf is the 32 bytes that a line is in the tree of its batch.
func Leaf(f File) []byte {
	sum := sha256.Sum256([]byte(strings.Join([]string{Form, f.ID, f.Kind, f.Day, strconv.FormatInt(f.Amount, 10), f.Channel, f.Purpose, f.About, f.NameHash, f.MemoHash, f.PublishedAt}, "\n")))
	return sum[:]
}

// Root is the root of the tree over leaves of 32 bytes (RFC 6962 §2.1).
func Root(leaves [][]byte) []byte {
	if len(leaves) == 1 {
		return rfc6962.DefaultHasher.HashLeaf(leaves[0])
	}
	k := split(len(leaves))
	return rfc6962.DefaultHasher.HashChildren(Root(leaves[:k]), Root(leaves[k:]))
}

// Path is the way from a leaf to the root, from its sibling up (RFC 6962 §2.1.1).
func Path(leaves [][]byte, index int) [][]byte {
	if len(leaves) <= 1 {
		return nil
	}
	if k := split(len(leaves)); index < k {
		return append(Path(leaves[:k], index), Root(leaves[k:]))
	} else {
		return append(Path(leaves[k:], index-k), Root(leaves[:k]))
	}
}

// split is the largest power of two below n.
func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// Is tells whether bytes look like a receipt of this form, whole or spoiled, rather than of another.
func Is(b []byte) bool {
	var f struct {
		Form string `json:"form"`
	}
	return json.Unmarshal(trim(b), &f) == nil && f.Form == Form
}

func trim(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) }

// Parse reads a receipt; the error says in plain words why the bytes are none.
func Parse(b []byte) (File, error) {
	var f File
	if len(b) > MaxSize {
		return f, errors.New("the file is larger than any receipt of a gift")
	}
	d := json.NewDecoder(bytes.NewReader(trim(b)))
	if err := d.Decode(&f); err != nil {
		return File{}, fmt.Errorf("the file is not JSON of a receipt: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return File{}, errors.New("something stands after the receipt")
	}
	if f.Form != Form {
		return File{}, fmt.Errorf("the file does not say %q in its field form", Form)
	}
	for _, x := range [...]struct {
		name, value string
		need        bool
	}{{"id", f.ID, true}, {"appeal", f.Appeal, true}, {"kind", f.Kind, true}, {"day", f.Day, true}, {"channel", f.Channel, false}, {"purpose", f.Purpose, false},
		{"about", f.About, false}, {"name", f.Name, false}, {"name_salt", f.NameSalt, false}, {"name_hash", f.NameHash, false}, {"memo", f.Memo, false},
		{"memo_salt", f.MemoSalt, false}, {"memo_hash", f.MemoHash, false}, {"published_at", f.PublishedAt, true}, {"root", f.Batch.Root, true}} {
		if x.need && x.value == "" || strings.ContainsAny(x.value, "\n\r") {
			return File{}, fmt.Errorf("the field %s is empty or broken", x.name)
		}
	}
	if at, err := time.Parse(time.RFC3339Nano, f.PublishedAt); err != nil || !strings.HasSuffix(f.PublishedAt, "Z") || at.IsZero() {
		return File{}, errors.New("the field published_at is not a time in UTC")
	}
	if !strings.HasPrefix(f.ID, f.Appeal+".") {
		return File{}, errors.New("the field id does not belong to the appeal")
	}
	return f, nil
}

// Fault is what is wrong with a receipt; "" when nothing is.
type Fault string

// The faults, in the order in which they are looked for; the first that is found is the verdict.
const (
	FaultForm      Fault = "form"      // no receipt
	FaultText      Fault = "text"      // name or memo are not those that were published
	FaultLeaf      Fault = "leaf"      // day, amount or another field is not the one that was published
	FaultBatch     Fault = "batch"     // the line does not stand in its batch
	FaultUnlogged  Fault = "unlogged"  // no proof yet: the log takes a moment
	FaultKey       Fault = "key"       // no usable verification key
	FaultSignature Fault = "signature" // the checkpoint was not signed with the key
	FaultInclusion Fault = "inclusion" // the proof does not lead from the batch to the signed root
)

// Verdict is the outcome of a check.
type Verdict struct {
	Valid       bool   `json:"valid"`
	Fault       Fault  `json:"fault,omitempty"`
	Detail      string `json:"detail,omitempty"` // for those who look closer
	ID          string `json:"id,omitempty"`
	Kind        string `json:"kind,omitempty"`
	Day         string `json:"day,omitempty"`
	Amount      int64  `json:"amount"`
	PublishedAt string `json:"published_at,omitempty"`
	Index       uint64 `json:"index"` // where the batch stands in the log
	Size        uint64 `json:"size"`  // of the log when it was proved
	Key         string `json:"key,omitempty"`
	OwnKey      bool   `json:"own_key"` // the key is the one inside the receipt: compare it with one from elsewhere
}

// Check judges the bytes of a file with the log's verification key; with an empty key it takes the one in the file.
func Check(b []byte, key string) Verdict {
	f, err := Parse(b)
	if err != nil {
		return Verdict{Fault: FaultForm, Detail: err.Error()}
	}
	v := Verdict{ID: f.ID, Kind: f.Kind, Day: f.Day, Amount: f.Amount, PublishedAt: f.PublishedAt, Key: strings.TrimSpace(key)}
	if v.Key == "" {
		v.Key, v.OwnKey = strings.TrimSpace(f.LogKey), true
	}
	v.Fault, v.Detail = judge(f, v.Key)
	if v.Valid = v.Fault == ""; v.Valid {
		v.Index, v.Size = f.Proof.Index, f.Proof.Size
	}
	return v
}

func judge(f File, key string) (Fault, string) {
	for _, x := range [...]struct{ name, salt, text, hash string }{{"name", f.NameSalt, f.Name, f.NameHash}, {"memo", f.MemoSalt, f.Memo, f.MemoHash}} {
		if x.text == "" && x.salt == "" {
			continue // there is none, or it was taken back: its hash stays in the leaf
		}
		if got := Hash(x.salt, x.text); got != x.hash {
			return FaultText, x.name + "_hash is " + x.hash + ", the text gives " + got
		}
	}
	leaf := Leaf(f)
	if got := hex.EncodeToString(leaf); got != f.Leaf {
		return FaultLeaf, "leaf is " + f.Leaf + ", the fields give " + got
	}
	if detail := inBatch(f, leaf); detail != "" {
		return FaultBatch, detail
	}
	if f.Proof == nil {
		return FaultUnlogged, "there is no proof in the file"
	}
	if key == "" {
		return FaultKey, "no verification key was given and none stands in the file"
	}
	err := tlog.Verify(key, *f.Proof, Entry(f.Appeal, f.Batch))
	switch {
	case errors.Is(err, tlog.ErrKey):
		return FaultKey, err.Error()
	case errors.Is(err, tlog.ErrSignature):
		return FaultSignature, err.Error()
	case err != nil:
		return FaultInclusion, err.Error()
	}
	return "", ""
}

// inBatch follows the way from the leaf to the root of its batch; "" when it leads there.
func inBatch(f File, leaf []byte) string {
	if f.ID != f.Appeal+"."+strconv.FormatInt(f.Batch.First+int64(f.Batch.Index), 10) {
		return "the number of the line is not its place in the batch"
	}
	root, err := hex.DecodeString(f.Batch.Root)
	if err != nil {
		return "the root of the batch is not hexadecimal"
	}
	hashes := make([][]byte, len(f.Batch.Hashes))
	for i, h := range f.Batch.Hashes {
		if hashes[i], err = base64.StdEncoding.DecodeString(h); err != nil {
			return fmt.Sprintf("hash %d of the batch: %s", i, err)
		}
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, f.Batch.Index, f.Batch.Count, rfc6962.DefaultHasher.HashLeaf(leaf), hashes, root); err != nil {
		return err.Error()
	}
	return ""
}

// Sentence says the verdict in one English sentence, for the command line.
func (v Verdict) Sentence() string {
	switch v.Fault {
	case "":
		s := fmt.Sprintf("VALID: line %s (%s of %d đồng on %s) was published at %s; its batch stands at place %d of the log %s", v.ID, v.Kind, v.Amount, v.Day, v.PublishedAt, v.Index, name(v.Key))
		if v.OwnKey {
			return s + ", by the key that stands in the receipt itself (" + v.Key + "): compare it with the one that was published elsewhere."
		}
		return s + "."
	case FaultForm:
		return "NOT VALID: this is no receipt of a gift (" + v.Detail + ")."
	case FaultText:
		return "NOT VALID: the name or the memo is not the one that was published."
	case FaultLeaf:
		return "NOT VALID: the day, the amount or another field is not the one that was published."
	case FaultBatch:
		return "NOT VALID: the line does not stand in the batch that the receipt names."
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
