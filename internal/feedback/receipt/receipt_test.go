package receipt_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/feedback/receipt"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

var update = flag.Bool("update", false, "make the golden receipts anew, with fresh keys")

const vectors = "testdata/vectors.json"

// vector is one golden receipt and what must be found about it, shared with the browser's check.
type vector struct {
	Name    string        `json:"name"`
	Key     string        `json:"key"`
	Fault   receipt.Fault `json:"fault"`
	Receipt string        `json:"receipt"`
}

// golden reads the vectors; with -update they are made with a real log of 7 leaves.
func golden(t testing.TB) []vector {
	t.Helper()
	b, err := os.ReadFile(vectors)
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestVectors(t *testing.T) {
	if *update {
		write(t)
	}
	for _, v := range golden(t) {
		t.Run(v.Name, func(t *testing.T) {
			got := receipt.Check([]byte(v.Receipt), v.Key)
			if got.Fault != v.Fault || got.Valid != (v.Fault == "") {
				t.Fatalf("%+v", got)
			}
			if s := got.Sentence(); strings.Count(s, "\n") != 0 || !strings.HasSuffix(s, ".") || strings.HasPrefix(s, "VALID") != got.Valid {
				t.Errorf("not one clear sentence: %q", s)
			}
		})
	}
}

// write makes the golden vectors: each of seven receipts in one log, and one of them spoilt in every way.
func write(t *testing.T) {
	dir := t.TempDir()
	l, err := tlog.Open(t.Context(), filepath.Join(dir, "log"), filepath.Join(dir, "key"), tlog.Options{Origin: "mttq.example/log", Checkpoint: 100 * time.Millisecond, Batch: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(context.Background())
	stranger, err := tlog.Open(t.Context(), filepath.Join(dir, "other"), filepath.Join(dir, "other.key"), tlog.Options{Origin: "mttq.example/log"})
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close(context.Background())
	var files []receipt.File
	for i, text := range []string{"Đèn đường khối Kim Tân hỏng.", "Cống tắc.\nĐã ba tuần.", "\"Ngoặc\" & <dấu> \\ \u2028 🙂", strings.Repeat("dài ", 5000), "năm", "sáu", "bảy"} {
		f := receipt.File{Form: receipt.Form, ID: "0195f000-0000-7000-8000-00000000000" + string(rune('0'+i)), Code: "K7QM-4T2P-9X" + string(rune('A'+i)),
			ReceivedAt: "2026-11-23T02:00:00.12345Z", Text: text, Salt: strings.Repeat("0a", 32), Deadline: "2026-12-07", LogKey: l.VerificationKey()}
		f.TextHash = receipt.TextHash(f.Salt, f.Text)
		f.Leaf = receipt.Leaf(f)
		raw, _ := hex.DecodeString(f.Leaf)
		if _, err := l.Append(t.Context(), raw); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	var out []vector
	add := func(name string, f receipt.File, key string, fault receipt.Fault) {
		b, _ := json.MarshalIndent(f, "", "  ")
		out = append(out, vector{name, key, fault, string(b)})
	}
	for i := range files {
		p, err := l.Prove(t.Context(), uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		files[i].Proof = &p
		add("valid "+files[i].Code, files[i], l.VerificationKey(), "")
	}
	spoil := func(name string, fault receipt.Fault, change func(f *receipt.File)) {
		f := files[4]
		p := *f.Proof
		p.Hashes = append([]string(nil), p.Hashes...)
		f.Proof = &p
		change(&f)
		add(name, f, l.VerificationKey(), fault)
	}
	add("valid by its own key", files[4], "", "")
	add("key of another log", files[4], stranger.VerificationKey(), receipt.FaultSignature)
	add("no key at all", files[4], "khong-phai-khoa", receipt.FaultKey)
	spoil("text changed", receipt.FaultText, func(f *receipt.File) { f.Text += "." })
	spoil("text and its hash changed", receipt.FaultLeaf, func(f *receipt.File) { f.Text = "khác"; f.TextHash = receipt.TextHash(f.Salt, f.Text) })
	spoil("text and every hash changed", receipt.FaultInclusion, func(f *receipt.File) {
		f.Text = "khác"
		f.TextHash = receipt.TextHash(f.Salt, f.Text)
		f.Leaf = receipt.Leaf(*f)
	})
	spoil("hour changed", receipt.FaultLeaf, func(f *receipt.File) { f.ReceivedAt = "2026-11-20T02:00:00.12345Z" })
	spoil("code of another", receipt.FaultLeaf, func(f *receipt.File) { f.Code = files[3].Code })
	spoil("salt changed", receipt.FaultText, func(f *receipt.File) { f.Salt = strings.Repeat("0b", 32) })
	spoil("place changed", receipt.FaultInclusion, func(f *receipt.File) { f.Proof.Index++ })
	spoil("size changed", receipt.FaultInclusion, func(f *receipt.File) { f.Proof.Size++ })
	spoil("a hash of the proof changed", receipt.FaultInclusion, func(f *receipt.File) { f.Proof.Hashes[0] = f.Proof.Hashes[1] })
	spoil("a hash of the proof missing", receipt.FaultInclusion, func(f *receipt.File) { f.Proof.Hashes = f.Proof.Hashes[1:] })
	spoil("a hash of the proof is no base64", receipt.FaultInclusion, func(f *receipt.File) { f.Proof.Hashes[0] = "***" })
	spoil("checkpoint of another size", receipt.FaultSignature, func(f *receipt.File) { f.Proof.Checkpoint = strings.Replace(f.Proof.Checkpoint, "\n7\n", "\n9\n", 1) })
	spoil("checkpoint without signature", receipt.FaultSignature, func(f *receipt.File) {
		f.Proof.Checkpoint, _, _ = strings.Cut(f.Proof.Checkpoint, "\u2014")
	})
	spoil("checkpoint empty", receipt.FaultSignature, func(f *receipt.File) { f.Proof.Checkpoint = "" })
	spoil("not in the log yet", receipt.FaultUnlogged, func(f *receipt.File) { f.Proof = nil })
	spoil("another form", receipt.FaultForm, func(f *receipt.File) { f.Form = "v2" })
	spoil("two lines in one field", receipt.FaultForm, func(f *receipt.File) { f.Code = "A\nB" })
	spoil("local time", receipt.FaultForm, func(f *receipt.File) { f.ReceivedAt = "2026-11-23T09:00:00+07:00" })
	out = append(out, vector{"nothing", l.VerificationKey(), receipt.FaultForm, ""}, vector{"a page", l.VerificationKey(), receipt.FaultForm, "<html>"},
		vector{"two receipts", l.VerificationKey(), receipt.FaultForm, out[0].Receipt + out[0].Receipt})
	b, _ := json.MarshalIndent(out, "", " ")
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectors, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// An editor that puts a byte order mark in front does not spoil a receipt; a file too large is refused unread.
func TestEditorsAndSizes(t *testing.T) {
	v := golden(t)[0]
	if got := receipt.Check([]byte("\xef\xbb\xbf"+v.Receipt), v.Key); !got.Valid {
		t.Error(got.Sentence())
	}
	if got := receipt.Check(make([]byte, receipt.MaxSize+1), v.Key); got.Fault != receipt.FaultForm {
		t.Error(got.Sentence())
	}
}

// FuzzCheck: whatever is fed, the check ends with a verdict, and nothing is valid whose text is not one that was received.
func FuzzCheck(f *testing.F) {
	known := map[string]bool{}
	for _, v := range golden(f) {
		f.Add([]byte(v.Receipt))
		if file, err := receipt.Parse([]byte(v.Receipt)); err == nil && v.Fault == "" {
			known[file.Text+"\x00"+file.Code+"\x00"+file.ReceivedAt] = true
		}
	}
	key := golden(f)[0].Key
	f.Fuzz(func(t *testing.T, b []byte) {
		v := receipt.Check(b, key)
		if v.Valid != (v.Fault == "") || v.Sentence() == "" {
			t.Fatalf("%+v", v)
		}
		if v.Valid {
			file, err := receipt.Parse(b)
			if err != nil || !known[file.Text+"\x00"+file.Code+"\x00"+file.ReceivedAt] {
				t.Fatalf("a forged receipt was found valid: %q", b)
			}
		}
	})
}
