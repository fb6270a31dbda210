package giftreceipt_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	sumdb "golang.org/x/mod/sumdb/tlog"

	"github.com/nhipcau/nhipcau/internal/fund/giftreceipt"
	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

var update = flag.Bool("update", false, "make the golden receipts anew, with fresh keys")

const vectors = "testdata/vectors.json"

// vector is one golden receipt and what must be found about it, shared with the browser's check.
type vector struct {
	Name    string            `json:"name"`
	Key     string            `json:"key"`
	Fault   giftreceipt.Fault `json:"fault"`
	Receipt string            `json:"receipt"`
}

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
			got := giftreceipt.Check([]byte(v.Receipt), v.Key)
			if got.Fault != v.Fault || got.Valid != (v.Fault == "") {
				t.Fatalf("%+v", got)
			}
			if s := got.Sentence(); strings.Count(s, "\n") != 0 || !strings.HasSuffix(s, ".") || strings.HasPrefix(s, "VALID") != got.Valid {
				t.Errorf("not one clear sentence: %q", s)
			}
			if v.Fault != giftreceipt.FaultForm && !giftreceipt.Is([]byte(v.Receipt)) {
				t.Error("it is not known as a receipt of a gift")
			}
		})
	}
}

// write makes the golden vectors: batches of 1, 2, 3 and 100 lines in one log, and one receipt spoilt in every way.
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
	var out []vector
	add := func(name string, f giftreceipt.File, key string, fault giftreceipt.Fault) {
		b, _ := json.MarshalIndent(f, "", "  ")
		out = append(out, vector{name, key, fault, string(b)})
	}
	var last giftreceipt.File
	first, rows, total := int64(1), int64(0), int64(0)
	for no, count := range []int{1, 2, 3, 100} {
		var files []giftreceipt.File
		var leaves [][]byte
		for i := range count {
			f := giftreceipt.File{Form: giftreceipt.Form, ID: fmt.Sprintf("YAGI-2026.%d", first+int64(i)), Appeal: "YAGI-2026", Title: "Ủng hộ đồng bào vùng bão", Kind: "gift", Day: "2026-09-08",
				Amount: int64(50_000 * (i + 1)), Channel: "VCB", Memo: "N.V.H. ủng hộ \"đồng bào\" \u2028 <>&", MemoSalt: "i2gWunfRWKgiydAq", PublishedAt: "2026-09-09T02:00:00.123Z", LogKey: l.VerificationKey()}
			if i%2 == 1 {
				f.Name, f.NameSalt = "Nguyễn Thị Lan", "AAAAunfRWKgiydAq"
			}
			f.NameHash, f.MemoHash = giftreceipt.Hash(f.NameSalt, f.Name), giftreceipt.Hash(f.MemoSalt, f.Memo)
			leaf := giftreceipt.Leaf(f)
			f.Leaf = hex.EncodeToString(leaf)
			files, leaves = append(files, f), append(leaves, leaf)
			rows, total = rows+1, total+f.Amount
		}
		b := giftreceipt.Batch{No: int64(no + 1), First: first, Count: uint64(count), Root: hex.EncodeToString(giftreceipt.Root(leaves)), RowsSoFar: rows, TotalSoFar: total}
		at, err := l.Append(t.Context(), giftreceipt.Entry("YAGI-2026", b))
		if err != nil {
			t.Fatal(err)
		}
		p, err := l.Prove(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range files {
			f.Batch, f.Proof = b, &p
			f.Batch.Index = uint64(i)
			for _, h := range giftreceipt.Path(leaves, i) {
				f.Batch.Hashes = append(f.Batch.Hashes, base64.StdEncoding.EncodeToString(h))
			}
			if i < 3 || i == count-1 {
				add("valid "+f.ID, f, l.VerificationKey(), "")
			}
			last = f
		}
		first += int64(count)
	}
	spoil := func(name string, fault giftreceipt.Fault, change func(f *giftreceipt.File)) {
		f := last
		p := *f.Proof
		p.Hashes, f.Batch.Hashes = append([]string(nil), p.Hashes...), append([]string(nil), f.Batch.Hashes...)
		f.Proof = &p
		change(&f)
		add(name, f, l.VerificationKey(), fault)
	}
	add("valid by its own key", last, "", "")
	add("key of another log", last, stranger.VerificationKey(), giftreceipt.FaultSignature)
	add("no key at all", last, "khong-phai-khoa", giftreceipt.FaultKey)
	spoil("name taken out", "", func(f *giftreceipt.File) { f.Name, f.NameSalt = "", "" })
	spoil("name and memo taken out", "", func(f *giftreceipt.File) { f.Name, f.NameSalt, f.Memo, f.MemoSalt = "", "", "", "" })
	spoil("name changed", giftreceipt.FaultText, func(f *giftreceipt.File) { f.Name = "Nguyễn Thị Lân" })
	spoil("memo changed", giftreceipt.FaultText, func(f *giftreceipt.File) { f.Memo += "." })
	spoil("amount changed", giftreceipt.FaultLeaf, func(f *giftreceipt.File) { f.Amount *= 10 })
	spoil("day changed", giftreceipt.FaultLeaf, func(f *giftreceipt.File) { f.Day = "2026-09-09" })
	spoil("amount and leaf changed", giftreceipt.FaultBatch, func(f *giftreceipt.File) { f.Amount *= 10; f.Leaf = hex.EncodeToString(giftreceipt.Leaf(*f)) })
	spoil("another number", giftreceipt.FaultLeaf, func(f *giftreceipt.File) { f.ID = "YAGI-2026.7" })
	spoil("place in the batch changed", giftreceipt.FaultBatch, func(f *giftreceipt.File) { f.Batch.Index-- })
	spoil("hash of the batch changed", giftreceipt.FaultBatch, func(f *giftreceipt.File) { f.Batch.Hashes[1] = f.Batch.Hashes[0] })
	spoil("total changed", giftreceipt.FaultInclusion, func(f *giftreceipt.File) { f.Batch.TotalSoFar++ })
	spoil("place in the log changed", giftreceipt.FaultInclusion, func(f *giftreceipt.File) { f.Proof.Index-- })
	spoil("not logged", giftreceipt.FaultUnlogged, func(f *giftreceipt.File) { f.Proof = nil })
	spoil("another form", giftreceipt.FaultForm, func(f *giftreceipt.File) { f.Form = "nhipcau gift receipt v2" })
	spoil("line break", giftreceipt.FaultForm, func(f *giftreceipt.File) { f.Channel = "VCB\n" })
	b, _ := json.MarshalIndent(out, "", " ")
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectors, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A stranger's tools, which know nothing of this house, come to the same: the signed note is read with golang.org/x/mod, the
// way in the batch is followed with transparency-dev/merkle, and the place in the log with the tlog package of the Go
// project's own checksum database.
func TestOutsidersTools(t *testing.T) {
	for _, v := range golden(t) {
		if v.Fault != "" || v.Key == "" || strings.Contains(v.Name, "taken out") {
			continue
		}
		var f struct {
			Appeal, Leaf string
			Batch        struct {
				No, First    int64
				Index, Count uint64
				Hashes       [][]byte
				Root         string
				Rows         int64 `json:"rows_so_far"`
				Total        int64 `json:"total_so_far"`
			}
			Proof struct {
				Index, Size int64
				Hashes      [][]byte
				Checkpoint  string
			}
		}
		if err := json.Unmarshal([]byte(v.Receipt), &f); err != nil {
			t.Fatal(err)
		}
		leaf, _ := hex.DecodeString(f.Leaf)
		root, _ := hex.DecodeString(f.Batch.Root)
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, f.Batch.Index, f.Batch.Count, rfc6962.DefaultHasher.HashLeaf(leaf), f.Batch.Hashes, root); err != nil {
			t.Errorf("%s: in the batch: %v", v.Name, err)
		}
		verifier, err := note.NewVerifier(v.Key)
		if err != nil {
			t.Fatal(err)
		}
		n, err := note.Open([]byte(f.Proof.Checkpoint), note.VerifierList(verifier))
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		lines := strings.Split(n.Text, "\n")
		want, err := base64.StdEncoding.DecodeString(lines[2])
		if err != nil || lines[1] != fmt.Sprint(f.Proof.Size) {
			t.Fatal(n.Text, err)
		}
		var path sumdb.RecordProof
		for _, h := range f.Proof.Hashes {
			path = append(path, sumdb.Hash(h))
		}
		entry := fmt.Sprintf("nhipcau/gift-batch/1\n%s\n%d\n%d\n%d\n%s\n%d\n%d\n", f.Appeal, f.Batch.No, f.Batch.First, f.Batch.Count, f.Batch.Root, f.Batch.Rows, f.Batch.Total)
		if err := sumdb.CheckRecord(path, f.Proof.Size, sumdb.Hash(want), f.Proof.Index, sumdb.RecordHash([]byte(entry))); err != nil {
			t.Errorf("%s: in the log: %v", v.Name, err)
		}
	}
}

// Whatever bytes come, a verdict comes, and never a valid one by chance.
func FuzzCheck(f *testing.F) {
	for _, v := range golden(f) {
		f.Add([]byte(v.Receipt))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if v := giftreceipt.Check(b, ""); v.Valid && v.Amount > 5_000_000 {
			t.Fatalf("%s", b)
		}
	})
}
