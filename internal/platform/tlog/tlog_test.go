package tlog_test

import (
	"context"
	"net/http/httptest"
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
