package tlog_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/tlog"
)

func open(t *testing.T, dir string) *tlog.Log {
	t.Helper()
	l, err := tlog.Open(t.Context(), filepath.Join(dir, "log"), filepath.Join(dir, "log.key"),
		tlog.Options{Origin: "thu.example/log", Checkpoint: 100 * time.Millisecond, Batch: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAppendProveVerifyAndReopen(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var last uint64
	for _, leaf := range []string{"một", "hai", "ba"} {
		i, err := l.Append(t.Context(), []byte(leaf))
		if err != nil {
			t.Fatal(err)
		}
		last = i
	}
	p, err := l.Prove(t.Context(), last)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.Verify(l.VerificationKey(), p, []byte("ba")); err != nil {
		t.Fatal(err)
	}
	if tlog.Verify(l.VerificationKey(), p, []byte("bốn")) == nil {
		t.Fatal("a leaf that is not there was accepted")
	}
	forged := p
	forged.Checkpoint = strings.Replace(p.Checkpoint, "3\n", "4\n", 1)
	if tlog.Verify(l.VerificationKey(), forged, []byte("ba")) == nil {
		t.Fatal("a forged checkpoint was accepted")
	}
	for path, want := range map[string]int{"/checkpoint": 200, "/vkey": 200, "/tile/0/000.p/3": 200, "/": 404, "/.state/x": 404, "/tile/": 404} {
		rec := httptest.NewRecorder()
		l.Handler().ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		if rec.Code != want {
			t.Errorf("%s: %d, want %d", path, rec.Code, want)
		}
	}
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	defer again.Close(context.Background())
	if i, err := again.Append(t.Context(), []byte("bốn")); err != nil || i != 3 {
		t.Fatal(i, err)
	}
}

// Leaves gives back what was appended, in order, and notices files that were altered.
func TestLeavesAndAlteredFiles(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	defer l.Close(context.Background())
	if n, err := l.Leaves(t.Context(), func(uint64, []byte) error { return nil }); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	const many = 300 // more than one bundle
	var last uint64
	errs := make(chan error, many)
	for i := range many {
		go func() {
			_, err := l.Append(context.WithoutCancel(t.Context()), []byte(fmt.Sprint("leaf ", i)))
			errs <- err
		}()
	}
	for range many {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	last = many - 1
	if _, err := l.Prove(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	n, err := l.Leaves(t.Context(), func(i uint64, leaf []byte) error {
		if i != uint64(len(seen)) {
			t.Errorf("place %d came as number %d", i, len(seen))
		}
		seen[string(leaf)] = true
		return nil
	})
	if err != nil || n != many || len(seen) != many {
		t.Fatal(n, len(seen), err)
	}
	file := filepath.Join(dir, "log", "tile", "entries", "000")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[3] ^= 1 // within the first entry
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Leaves(t.Context(), func(uint64, []byte) error { return nil }); !errors.Is(err, tlog.ErrAltered) {
		t.Fatalf("altered files were not noticed: %v", err)
	}
}
